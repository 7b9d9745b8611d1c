# El informe.
report-title = Clientes en riesgo, { $date }
report-heading = Clientes en riesgo
report-as-of = a { $date }
report-skip = Ir a la lista
report-pages = Páginas
report-made-by = Elaborado por { $program } con el modelo { $model }. Todas las cifras están también en los archivos que acompañan a esta página.

page-list = Lista
page-drivers = Factores
page-measures = Indicadores
page-model = Modelo
page-data = Datos

fact-listed = En la lista
fact-listed-of = { $listed } de { $eligible } clientes
fact-expected = Bajas esperadas
fact-expected-of = { $expected } de los clientes de la lista, { $all } en total
fact-mean = Riesgo medio
fact-mean-of = { $listed } en la lista, { $all } en total
fact-value = Valor de los clientes en la lista
fact-value-of = { $listed } al mes, si todos se fueran
fact-control = Grupo de control
fact-control-of = { $control ->
    [one] { $control } cliente no será contactado
   *[other] { $control } clientes no serán contactados
}
fact-predicts = Se predice
warnings = { $count ->
    [one] Aviso
   *[other] Avisos ({ $count })
}

# La lista.
list-caption = Clientes en riesgo, por orden de rango
list-section = Filas { $from } a { $to }
list-empty = No hay nadie en la lista.
list-shown = { $shown } de { $all } { $all ->
    [one] cliente mostrado
   *[other] clientes mostrados
}
list-search = Buscar
list-search-hint = Cliente, responsable, motivo…
list-any = todos
list-open-all = Abrir todos los detalles
list-close-all = Cerrar todos los detalles
list-reset = Mostrar todo
list-none = Ningún cliente coincide.

column-rank = Rango
column-customer = Cliente
column-risk = Riesgo
column-tier = Nivel
column-change-1 = Cambio, 1 día
column-change-7 = Cambio, 7 días
column-change-28 = Cambio, 28 días
column-history = Últimos cálculos
column-value = Valor mensual
column-contract = El contrato termina en
column-reasons = Motivos
column-action = Acción
column-group = Grupo
column-status = Estado
column-reason = Motivo

unit-points = { $points } p. p.
unit-days = { $days ->
    [one] { $days } día
   *[other] { $days } días
}
history-title = Riesgo en { $runs ->
    [one] el último cálculo
   *[other] los últimos { $runs } cálculos
}: { $first } el { $from }, { $last } el { $to }
history-once = Riesgo { $last } el { $to }, primer cálculo
protects = A su favor: { $text }
action-due = antes del { $date }
action-owner = { $owner }
details = Detalles
details-of = Detalles de { $customer }
contributions-title = De la referencia al logit de este cliente
contributions-caption = Qué mueve el riesgo de { $customer }
contributions-reference = Referencia
contributions-total = Este cliente
contributions-what = Motivo
contributions-text = En las cifras del cliente
contributions-by = Logit
weeks-caption = Filas por semana en { $weeks ->
    [one] la semana anterior
   *[other] las { $weeks } semanas anteriores
} al { $date }, la más antigua primero
answers-caption = Últimas respuestas a encuestas
days-listed = En la lista desde hace { $days ->
    [one] { $days } día
   *[other] { $days } días
}
before = Antes: rango { $rank }, riesgo { $risk }

tier-critical = crítico
tier-high = alto
tier-medium = medio
tier-low = bajo
group-contact = contacto
group-control = control
status-new = nuevo
status-up = sube
status-down = baja
status-same = igual
status-returned = ha vuelto
status-left = fuera de la lista

# Los factores.
drivers-list = Qué lleva a los clientes a esta lista
drivers-list-caption = Primeros motivos de los clientes de la lista, del más al menos frecuente
drivers-code = Motivo
drivers-first = Como primer motivo
drivers-any = Entre los motivos
drivers-share = Proporción
drivers-before = Proporción en el cálculo anterior
drivers-change = Cambio
drivers-example = Ejemplo
drivers-population = Qué aumenta el riesgo del conjunto de clientes
drivers-how = Por encima de cero, un valor aumenta el riesgo; por debajo, lo reduce. La banda contiene el valor verdadero en 95 de cada 100 casos. Los factores más fuertes van primero.
drivers-curve-title = { $feature }: efecto sobre el logit de { $low } a { $high }
drivers-table = Las cifras
drivers-level = Categoría
drivers-effect = Efecto
drivers-band = Banda del 95 %
drivers-missing = sin valor
drivers-rare = otras categorías
drivers-interactions = Pares que actúan juntos
drivers-pair = Par
drivers-spread = Dispersión
drivers-coefficients = Efectos de las columnas
drivers-column = Columna
drivers-none = Este cálculo se publicó sin sus factores.

feature-count = { $signal }: número en { $days } días
feature-active_days = { $signal }: días activos en { $days } días
feature-days_since_last = { $signal }: días desde la última vez
feature-trend = { $signal }: tendencia en { $days } días
feature-mean_gap = { $signal }: días entre dos consecutivos, en { $days } días
feature-sum = { $signal }: suma en { $days } días
feature-mean = { $signal }: media en { $days } días
feature-categories = { $signal }: tipos usados en { $days } días
feature-negative_share = { $signal }: proporción de opiniones negativas en { $days } días
feature-survey_last = { $instrument } en { $signal }: última respuesta
feature-survey_mean = { $instrument } en { $signal }: respuesta media
feature-survey_change = { $instrument } en { $signal }: cambio de la última respuesta
feature-survey_days_since_last = { $instrument } en { $signal }: días desde la última respuesta
feature-tenure = Días desde el alta

# Los indicadores.
measures-how = Una sola definición para todas las líneas de producto, canales y segmentos. Las tasas y puntuaciones llevan intervalos del 95 %; n es el número de clientes o respuestas.
measures-none = Este cálculo se publicó sin indicadores.
measures-period = Periodo
measures-value = Valor
measures-interval = Intervalo del 95 %
measures-n = n
measures-running = en curso
measures-by-segment = Por segmento, { $period }
measures-segment = Segmento
measures-level = Categoría
measures-more = { $count ->
    [one] Hay una categoría más en kpis.parquet.
   *[other] Hay { $count } categorías más en kpis.parquet.
}
measures-chart = { $measure } de { $from } a { $to }
measure-churn_rate = Tasa de abandono
measure-retention_rate = Tasa de retención
measure-customers_end_to_start = Clientes al final respecto a los del inicio
measure-nps = NPS
measure-csat_mean = CSAT, media
measure-csat_satisfied_share = CSAT, satisfechos
measure-ces_mean = CES, media
measure-ces_ease = CES, facilidad
measure-active_share = Clientes activos
measure-mean_risk = Riesgo medio
measure-expected_churners = Bajas esperadas
measure-value_at_risk = Pérdida mensual esperada, todos los clientes
measure-per_customer = { $signal } por cliente

# El modelo.
model-facts = El modelo
model-version = Versión
model-trained = Entrenado el
model-form = Forma
model-form-curves = regresión logística con curvas e interacciones
model-form-linear = regresión logística lineal
model-fitted = Ajustado con
model-fitted-on = { $rows } filas, { $churners } de ellas con baja
model-snapshots = Fechas de observación
model-held-out = Reservado para prueba
model-quality = Su calidad
model-quality-on = Con { $rows } filas reservadas, { $churners } de ellas con baja, por un modelo que no las había visto.
model-quality-none = No se reservó ninguna fila: no se conoce su calidad.
model-metric = Medida
model-interval = Intervalo del 95 %
model-baseline = Solo { $baseline }
model-calibration = ¿Se cumplen los riesgos anunciados?
model-calibration-title = Riesgo previsto frente a la proporción de bajas, en grupos de igual tamaño
model-predicted = Previsto
model-observed = Bajas
model-rows = Filas
model-gains = Cuántas bajas encuentra una lista
model-gains-title = Proporción de todas las bajas encontradas según la profundidad de la lista
model-depth = Profundidad de la lista
model-found = Bajas encontradas
model-precision = Bajas entre ellos
model-lift = Lift
model-segments = Grupo por grupo
model-group = Grupo
model-churn = Abandono
model-gap = Abandono menos previsión
model-small = muy pocos para juzgar
model-advice = Qué saber antes de fiarse de él
model-none = Este cálculo se publicó sin las cifras de su modelo.
metric-base_rate = Tasa base
metric-roc_auc = AUC ROC
metric-average_precision = Precisión media
metric-top_decile_lift = Lift del primer decil
metric-lift_at_capacity = Lift de los primeros { $count }
metric-log_loss = Pérdida logarítmica
metric-brier = Puntuación de Brier
metric-ece = Error de calibración (ECE)
data-coverage = Lo que está registrado
data-coverage-caption = Primer y último día de cada fuente antes del { $date }, y clientes de los que tiene filas
data-first-day = Primer día
data-last-day = Último día
data-customers-share = Clientes con una fila
data-days-caption = Filas de los últimos días; entre paréntesis, lo habitual de ese día de la semana
data-usual = { $rows } ({ $usual })
data-churn = cancelaciones
data-churn-ended = Ninguna cancelación desde el { $last }, hace { $days ->
    [one] { $days } día
   *[other] { $days } días
}; se esperaban { $expected }. Puede que la tabla termine ahí.

# Los datos.
data-sources-caption = Filas de cada señal y la más reciente
data-source = Origen
data-files = Archivos
data-read = Filas leídas
data-used = Usadas
data-before = Antes del historial estudiado
data-future = En la fecha o después
data-newest = Fila más reciente
data-quarantine = Filas que no se pudieron usar
data-quarantine-none = Se pudieron usar todas las filas.
data-reason = Motivo
data-rows = Filas
data-excluded = Clientes sin puntuación
data-excluded-none = Todos los clientes tienen puntuación.
data-customers = Clientes
data-published = Archivos de este cálculo
data-file = Archivo

# El libro.
sheet-list = Lista
sheet-measures = Indicadores
sheet-columns = Columnas
sheet-history = Últimos cálculos
sheet-column = Columna
sheet-meaning = Significado
sheet-copied = Copiada de su propia tabla

# Qué significan las columnas.
meaning-as_of = la fecha de la lista
meaning-rank = 1 es el primero
meaning-customer_id = el cliente
meaning-churn_probability = probabilidad calibrada de baja en el periodo de predicción, que empieza tras el periodo de espera
meaning-log_odds = la puntuación del modelo, antes de calibrar
meaning-risk_tier = critical (crítico): el 1 % superior de los clientes evaluados; high (alto): el 5 % superior; medium (medio): el 20 % superior; low (bajo): los demás
meaning-percentile = proporción de los clientes evaluados, en tanto por ciento, a los que este cliente precede o iguala: 100 para el primero
meaning-value_at_risk = la columna customers.value, tal cual; vacío si no hay
meaning-group = contact (contacto) o control; vacío para los clientes que no están en la lista
meaning-listed = si el cliente está en la lista más reciente
meaning-reason_code = el código de lo que más aumenta el riesgo, y del segundo, tercer y cuarto motivo; vacío si no lo hay
meaning-reason_text = lo mismo en una frase, con las cifras del cliente
meaning-reason_contribution = en cuánto, en logit por encima de la referencia
meaning-protective_1_code = el código de lo que más reduce el riesgo
meaning-protective_1_text = lo mismo en una frase
meaning-protective_1_contribution = en cuánto, en logit; negativo
meaning-status = la situación del cliente respecto a las listas anteriores: new (nuevo), up (mejor rango), down (peor rango), same (igual), returned (ha vuelto tras faltar en la última)
meaning-previous_rank = el rango en el último cálculo anterior, estuviera o no en la lista
meaning-previous_probability = la probabilidad en el último cálculo anterior, estuviera o no en la lista
meaning-probability_change = la actual menos la anterior
meaning-change_reason_text = qué ha movido el riesgo desde el último cálculo anterior, en las cifras del cliente
meaning-days_listed = días naturales seguidos en la lista; 1 para un cliente nuevo
meaning-model_version = el modelo del que proceden las puntuaciones
meaning-probability_change_28d = la probabilidad menos la del cálculo más reciente de hace 28 a 35 días; vacío si no lo hay o si no evaluó al cliente
meaning-days_to_contract_end = días desde la fecha de la lista hasta customers.end; vacío si no hay
meaning-action = qué hacer según el plan de acción; vacío para el grupo de control y cuando ningún motivo tiene entrada
meaning-action_owner = quién se encarga
meaning-action_due = la fecha límite
meaning-control_key = list.control_key; vacío si no tiene valor
meaning-change_data_log_odds = cuánto han movido el logit los datos nuevos desde el último cálculo anterior; vacío si este no evaluó al cliente
meaning-change_model_log_odds = cuánto lo ha movido otro modelo; sumado a la columna anterior da el cambio del logit
meaning-improvement_text = cambios aislados con los que el modelo situaría al cliente por debajo de la lista
meaning-contact_effect = en cuánto se espera que un contacto reduzca la probabilidad de baja
meaning-expected_saving = lo que se espera que aporte un contacto, según los ajustes económicos

# Por qué un cliente no tiene puntuación y por qué no se pudo usar una fila.
exclusion-not_yet_signed_up = aún sin alta
exclusion-churned_before = ya de baja
exclusion-gave_notice = baja ya anunciada
exclusion-contract_not_running = sin contrato vigente
exclusion-tenure_too_short = demasiado recientes
exclusion-inactive = inactivos desde hace demasiado tiempo
exclusion-contract_ends_in_window = el contrato vence en el periodo de predicción
exclusion-churned_in_gap = baja en el periodo de espera
quarantine-null_id = sin identificador
quarantine-null_time = sin fecha
quarantine-unknown_customer = identificador ausente de la tabla de clientes
quarantine-non_finite = valor no finito
quarantine-out_of_scale = valor fuera de la escala
quarantine-unknown_instrument = tipo de encuesta desconocido
quarantine-duplicate = duplicado exacto
quarantine-duplicate_id = identificador repetido
quarantine-too_large = un número mayor que 3,4e38

# Las palabras con las que se guardan las cifras de un modelo.
baseline-days_since_last_activity = días desde la última actividad
baseline-the_base_rate = la tasa base
segment-tenure = antigüedad
segment-signals_seen = señales observadas
band-under_90_days = menos de 90 días
band-90_days_to_a_year = de 90 días a un año
band-the_second_year = el segundo año
band-two_to_four_years = de dos a cuatro años
band-over_four_years = más de cuatro años
level-missing = (sin dato)
level-of = { $count } de { $all }
level-others = ({ $count } más)

# Qué es una baja.
churn-cancellation = una cancelación en los { $horizon } días siguientes a un periodo de espera de { $gap ->
    [one] { $gap } día
   *[other] { $gap } días
}
churn-silence = { $horizon ->
    [one] { $horizon } día
   *[other] { $horizon } días
} sin { $signals } tras un periodo de espera de { $gap ->
    [one] { $gap } día
   *[other] { $gap } días
}
churn-label = columna «{ $column }» de una tabla preparada

# El resumen que muestra `churn score`.
summary-title = Lista de clientes en riesgo del { $date }  (modelo { $model }, { $rows } { $rows ->
    [one] fila leída
   *[other] filas leídas
}, { $quarantine } en cuarentena, { $seconds } s)
summary-population = { $date }: { $eligible } clientes evaluados; excluidos: { $excluded }
summary-excluded = { $reason } ({ $count })
summary-nobody = ninguno
summary-listed = { $listed } en la lista, { $control } de ellos sin contactar como grupo de control; riesgo medio { $risk }
summary-since = desde { $date }: { $new } nuevos, { $returned } han vuelto, { $left } fuera de la lista
summary-silent = de los clientes de la lista, sin { $signals }: { $shares }
summary-silent-any = de los clientes de la lista, sin ninguna señal: { $shares }
summary-silent-first = { $share } desde hace { $days } días o más
summary-silent-more = { $share } desde hace { $days }
summary-silent-none = ninguno
summary-quality = en las filas reservadas: AUC { $auc }, la décima parte con más riesgo abandona { $lift } veces más que el conjunto
summary-rank = rango
summary-customer = cliente
summary-risk = riesgo
summary-value = valor
summary-group = grupo
summary-status = estado
summary-reasons = motivos
summary-no-reason = ningún motivo destaca
summary-files = Archivos en { $folder }:
summary-rows = { $rows } { $rows ->
    [one] fila
   *[other] filas
}
summary-file-count = { $files } { $files ->
    [one] archivo
   *[other] archivos
}
summary-manifest = qué se leyó, decidió y escribió
summary-latest = Además: latest/risk.parquet, el riesgo más reciente de cada cliente

# Qué puede mostrar un grupo de control.
power-none = Sin grupo de control (list.control_fraction = 0) no se puede mostrar ningún efecto. { $share }
power-smallest = El menor efecto que un grupo de control del { $fraction } puede mostrar si abandona el { $churn } de la lista: { $after }
power-points = { $points } puntos
power-nothing = ninguno
power-after = { $effect } tras { $months ->
    [one] { $months } mes
   *[other] { $months } meses
} ({ $customers } clientes, { $control } de ellos de control)
power-little = Con tan pocas bajas, ninguna acción puede ahorrar 5 puntos.
power-share = Un grupo de control del { $share } mostraría 5 puntos tras { $months ->
    [one] { $months } mes
   *[other] { $months } meses
}.
power-no-share = Ninguna proporción de control muestra 5 puntos en 6 meses; hace falta una lista más larga.
power-lists = Los clientes se incorporan como en las { $lists } listas de los últimos { $days } días.
power-assumed = Supuesto, hasta que las listas abarquen cuatro semanas: todos los clientes de una lista se renuevan en { $days } días.

# Entre las partes de una enumeración y entre frases.
comma = { ", " }
sentence-space = { " " }
