# Entre nombres de los que basta uno, y donde no se citan todos.
or = { " o " }
and-more = { $list } y { $more } más
of-signal = señal { $signal }: { $text }
any-signal = ninguna señal

# Archivos y tablas.
source-signal = señal { $name }
source-customers = tabla de clientes
source-churn = cancelaciones
source-prepared_table = tabla preparada
source-again = { $source }: lo que se encuentra más de una vez cuenta una sola: { $files }
source-again-file = { $path } (es { $first })
source-left-out = { $source }: archivos descartados: { $files }
source-file-why = { $path } ({ $why })
left-out-copy = su nombre es el de una copia o el de un archivo que aún se está escribiendo
left-out-packed = está comprimido por completo; hay que descomprimirlo
left-out-empty = está vacío
source-own = { $source }: descartados, porque los escribió este mismo programa: { $files }
content-list = una lista de clientes en riesgo
content-scores = las puntuaciones de un cálculo
content-latest = el riesgo más reciente de cada cliente
content-features = una tabla de variables
content-details = los detalles de una lista
content-drivers = los factores de un modelo
content-kpis = los indicadores de un cálculo
content-figures = cifras del seguimiento
content-contributions = las contribuciones a los riesgos de una lista
source-disagree = { $source }: las carpetas y los archivos se contradicen: { $columns }. Valen las columnas de los archivos; si las carpetas son correctas, cámbieles el nombre
source-disagree-column = { $column } es { $value } en { $path }
source-clocks = { $source }: la columna { $column } contiene instantes en { $instants } (con zona horaria, o { "INT96" } en { "UTC" }) y horas sin zona en { $times }, que se leen como las de { $zone }; si ambos significan lo mismo, difieren en varias horas: escríbalos igual
source-copies = { $source }: hay archivos idénticos byte a byte, y sus filas cuentan dos veces: { $files }; si uno es una copia, muévalo a otro lugar
source-copy = { $other } y { $first }

# Cancelaciones.
cancelled-one-day = cancelaciones: { $rows } de { $all } ({ $share }) son de un solo día, el { $day }. Si esa fecha significa «no ha cancelado», escriba { "null" } en su lugar
cancelled-before-sign-up = cancelaciones: { $rows } de { $all } son anteriores al alta del cliente. Corresponden a un contrato anterior y no cuentan; compruebe que { "customers.signup" } es el día en que llegaron los clientes y { "churn.time" } el día en que se fueron
cancelled-end = cancelaciones: la última es del { $last }. En los { $days } días transcurridos se esperaban unas { $expected }, y la pausa más larga del año anterior duró { $longest ->
    [one] { $longest } día
   *[other] { $longest } días
}: parece que la tabla termina ahí
cancelled-end-scored = { $text }; quienes se han ido desde entonces se evalúan como los demás

# Una tabla preparada.
table-infinite = { $column } contiene { $count ->
    [one] { $count } valor infinito, que cuenta como ausente
   *[other] { $count } valores infinitos, que cuentan como ausentes
}
table-too-large = { $column } contiene { $count ->
    [one] { $count } número mayor que 3,4e38, que cuenta como ese límite
   *[other] { $count } números mayores que 3,4e38, que cuentan como ese límite
}
table-names = { $column } tiene { $levels } categorías en { $rows } filas: ¿es un nombre más que una categoría? Si es así, añada la columna a { "table.ignore" }
table-value-unknown = { $column } ({ "table.value" }) no se conoce en { $count } de { $rows } filas
table-value-negative = { $column } ({ "table.value" }) es inferior a 0 en { $count } de { $rows } filas; ordenados por pérdida esperada, esos clientes quedan al final

# Qué contienen las señales del pasado.
unknown-ids = señal { $signal }: { $rows ->
    [one] { $rows } fila tiene un identificador
   *[other] { $rows } filas tienen identificadores
} que no { $rows ->
    [one] está
   *[other] están
} en la tabla de clientes
day-cut-off = las filas del { $day } terminan antes de las { $time }, y los mismos días de semanas anteriores tienen el { $later } de las suyas más tarde: faltan unas { $missing } filas
day-thin = el { $day } tiene { $rows } de unas { $usual } filas habituales
days-thin = los días del { $first } al { $last } tienen { $rows } de unas { $usual } filas habituales
day-quiet = { $text } ({ $share }). Si fue festivo, todo está bien; si no, faltan filas
day-gap = señal { $signal }: { $text }. Si fue festivo, todo está bien; si no, cargue lo que falta
signal-young = { $count ->
    [one] la señal { $signals } empieza
   *[other] las señales { $signals } empiezan
} el { $first }: { $span ->
    [one] el historial estudiado
   *[other] en { $dates } de { $all } fechas, el historial estudiado
} ({ $days } días, el doble del mayor valor de { "features.windows_days" }) llega a días anteriores. Las ventanas de las que no se registró nada quedan vacías, y las registradas en parte cuentan esa parte. Elija ventanas más cortas o fechas posteriores, o deje fuera las señales tan recientes
signal-placeholder = señal { $signal }: el cliente { $customer } tiene { $rows } de las filas ({ $share }), y el siguiente { $next }. Si este identificador significa «desconocido», descarte sus filas o quítelo de la tabla de clientes

# Cálculos anteriores.
earlier-left-out = el cálculo del { $date } no se tiene en cuenta para estado y cambio: { $file } no se puede usar: { $why }. Vuelva a evaluar esa fecha o mueva su carpeta a otro lugar
earlier-columns = le falta la columna { $columns }
earlier-none = no se compara con ningún cálculo anterior: { $why }
earlier-revised = los datos del { $date } no son los que eran: con el mismo modelo, { $revised } de { $customers } clientes tendrían otro riesgo en esa fecha. Hay filas que llegaron tarde o que han desaparecido; los cambios se dan respecto a los datos actuales

# Deriva.
drift-not-measured = la deriva no se mide: el modelo { $model } no conserva cómo eran sus filas de entrenamiento, porque lo entrenó una versión anterior del programa; entrénelo de nuevo ({ "`churn train`" })
drift-broken = ¿datos defectuosos? { $text }
drift-told = deriva: { $text }
drift-rows = se evalúan { $rows } clientes, y la fecha de entrenamiento más parecida tiene { $usual }
drift-features = señal { $signal }, { $count } variables, como { $name }
drift-stopped = { $what }: ha dejado de variar: el { $now } de las filas tiene un solo valor, en el entrenamiento el { $before }
drift-begun = { $what }: ha empezado a variar: el { $now } de las filas tiene el valor que en el entrenamiento tenía el { $before }
drift-levels = { $what }: el { $now } de las filas tiene categorías que no había en el entrenamiento (allí el { $before })
drift-missing = { $what }: sin valor en el { $now } de las filas, en el entrenamiento en el { $before }
drift-changed = los clientes se distribuyen de otro modo que en el entrenamiento: { $columns }
drift-column = { $name } ({ $parts })
drift-psi = { "PSI" } { $psi }
drift-usual = entre fechas de entrenamiento hasta { $psi }
drift-log-odds = logit { $moved }
drift-risk-unmoved = el riesgo medio es del { $now }, en las filas de entrenamiento del { $before }; ningún factor lo ha movido
drift-risk-rose = el riesgo medio subió del { $before } al { $now }, cambio del logit: { $parts }
drift-risk-fell = el riesgo medio bajó del { $before } al { $now }, cambio del logit: { $parts }
drift-risk-stayed = el riesgo medio se mantuvo, del { $before } al { $now }, cambio del logit: { $parts }
drift-concept = { $name } { $moved }
drift-others = otros { $moved }
concept-of = { $subject } ({ $rows })
concept-tenure = antigüedad
concept-untold = columnas no citadas

# Una lista y sus puntuaciones.
score-no-forecast = el modelo { $model } se entrenó con lo que hicieron los clientes hasta el { $until }, así que ya conoce lo que vino después del { $date }: estos riesgos no son una predicción. Entrene con { "--as-of" } { $option } para obtener una lista que se hubiera podido hacer entonces
score-left-already = el { $share } { $who ->
    [learned] de los clientes del entrenamiento
    [to-score] de los clientes por evaluar
   *[listed] de los clientes de la lista
} no ha tenido ninguna fila ({ $signals }) durante los { $days } días del periodo de espera y del de predicción, o más: según la definición ya se han ido, lo que no aporta nada nuevo y mejora artificialmente el { "AUC" }. Deje { "eligibility.active_within_days" } y { "eligibility.signals" } en sus valores predeterminados
levels-none = { $column }: ninguna fila tiene categoría, y el modelo se entrenó con { $known }
levels-unknown = { $column }: el { $share } de las filas tiene categorías que el modelo no conoce y trata como poco frecuentes: { $levels }; conoce { $known }. Escriba las categorías como en el entrenamiento, o entrene de nuevo
playbook-pattern = { $key } no corresponde a ningún código de motivo de estas señales y columnas
playbook-code = { $key }: ese código de motivo no existe en estas señales y columnas
playbook-code-meant = { $key }: ese código de motivo no existe en estas señales y columnas; ¿quería decir { $code }?
latest-lacks = en { "latest/risk.parquet" } faltan { $customers } clientes que han salido de la lista: sus identificadores son textos en el cálculo anterior y enteros ahora
latest-stale = la lista está publicada, pero { "latest/risk.parquet" } sigue siendo el de antes: { $why }; repita el cálculo
manifest-lacks = la lista está publicada, pero en su manifiesto faltan los últimos avisos: { $why }

# Los indicadores.
kpi-earlier-rows = señal { $signal }: { $unusable } de { $all } filas desde el { $first } y antes del { $end } no se pueden usar ({ $reasons }); los indicadores son de las demás
kpi-rows-with = { $rows }: { $reason }
kpi-no-segment = { "kpi.segments" } cita { $column }, que aquí no es una columna categórica; los indicadores no la incluyen
kpi-many-levels = { $column } tiene { $levels } categorías, más de las { $most } que puede tener un segmento; los indicadores no la incluyen. Cite otras en { "kpi.segments" }
kpi-scales = las encuestas tienen escalas distintas para { $instrument }, por lo que los indicadores no tienen { $measure }; la proporción de satisfechos y la facilidad son de todas ellas
kpi-no-nps = los indicadores no tienen { "nps" }: se define con puntuaciones de 0 a 10, y el { "`range`" } de una encuesta dice otra cosa

# Entregas.
delivery-without-key = en la entrega { $name } faltan { $customers } clientes: no tienen clave, o tienen la misma que un cliente anterior
delivery-older = la entrega { $name } no tiene nada del { $date }: ya se ha entregado la lista del { $newest }, y una más antigua ocuparía su lugar
delivery-no-address = la entrega { $name } no se ha enviado: la variable { $variable } no está definida. Asígnele la dirección y repita con { $command }
delivery-not-posted = la entrega { $name } no se ha enviado: { $why }. El mensaje se guarda en { $file }; repita con { $command }
delivery-failed = la entrega { $name } ha fallado: { $why }. Repita con { $command }
delivery-still-lacks = a la entrega { $name } le falta aún la lista del { $date }: { $why }. Repita con { $command }
delivery-not-noted = no se puede anotar para cálculos posteriores que la entrega { $name } del { $date } ha fallado: { $why }
posting-answers = el destinatario responde { $status }
posting-redirect = { $why }, y un mensaje no sigue redirecciones; corrija la dirección
posting-code = { $why } ({ $code })
posting-attempts = { $why } ({ $attempts ->
    [one] { $attempts } intento
   *[other] { $attempts } intentos
})
posting-timeout = el destinatario no responde a tiempo
posting-not-found = no se encuentra el nombre del destinatario
posting-no-connection = no hay conexión con el destinatario
posting-refused = el destinatario rechaza la conexión
posting-invalid = el certificado del destinatario o su respuesta no son válidos
posting-cut = no se llega al destinatario, o la conexión se corta
posting-no-http = la respuesta del destinatario no es { "HTTP" }, o está cortada
posting-untrusted = el destinatario no tiene un certificado de confianza
posting-no-address = su dirección no es válida; corrija la variable
posting-no-proxy = el proxy que indica el entorno no es válido
posting-unreachable = no se puede llegar al destinatario
posting-blanks = su dirección contiene espacios
posting-insecure = su dirección no empieza por { "https://" }, sin lo cual cualquiera podría leer el mensaje en el camino
posting-variable = { $why }; corrija la variable { $variable }

# Ajustes sin efecto.
unused-unless = { $key } solo tiene efecto si { $other } es { $value }
unused-while = { $key } no tiene efecto mientras { $other } sea { $value }
unused-without = { $key } no tiene efecto sin { $other }
unused-without-format = { $key } no tiene efecto sin { $formats } en { "publish.formats" }
unused-by-kind = { $key } no tiene efecto: esta entrega es de tipo { $kind }
unused-of-event = { $key } no da ninguna variable: una señal de tipo { "\"event\"" } no tiene valores; conviértala en { "\"amount\"" }
unused-scales = { $key } no tiene efecto: solo una señal de tipo { "\"survey\"" } tiene tipos de encuesta
unused-scale = { $key } no tiene efecto: según { "instrument_name" }, todas las respuestas son de tipo { $instrument }
unused-unit = { $key } no tiene efecto: solo una señal de tipo { "\"amount\"" } tiene unidad en los motivos

# Qué saber de un ajuste.
fit-not-converged = el ajuste no ha convergido: tras { $iterations } iteraciones el gradiente es { $gradient }, no inferior a { $tolerance }; no se fíe de sus coeficientes
fit-passes = el ajuste no ha convergido: tras { $passes } pasadas su gradiente es { $gradient }, no inferior a { $tolerance }; aumente { "model.alpha" }
fit-separates = { $columns }: { $count ->
    [one] distingue
   *[other] juntas distinguen
} { $who ->
    [all] todas las bajas de todos los demás
   *[some] a algunos clientes de los demás
} sin un solo error; { $penalty ->
    [yes] solo la penalización mantiene finito su efecto: compruebe que el valor se conoce antes de la baja que predice
   *[no] ningún efecto finito es el que mejor se ajusta: fije { "model.alpha" } por encima de 0 y compruebe que el valor se conoce antes de la baja que predice
}
column-missing = { $name } (sin valor)
column-rare = { $name } (categoría poco frecuente)
column-intercept = (constante)
fit-collinear = { $columns }: se puede calcular a partir de las demás columnas, por lo que los efectos no se distinguen: quite esas columnas o fije { "model.alpha" } por encima de 0
fit-inflated = { $count ->
    [one] { $count } columna comparte
   *[other] { $count } columnas comparten
} con otras casi todo lo que aportan (inflación de la varianza de hasta { $most }: { $columns }); lea los coeficientes juntos y no uno a uno, o use menos ventanas
fit-constant = { $columns }: { $count ->
    [one] el mismo valor
   *[other] cada una con un único valor
} en todas las filas, sin ninguna información
fit-nothing = ninguna variable dice más sobre clientes que el modelo no ha visto que la sola proporción de bajas, por lo que el modelo no tiene variables y todos los clientes tienen el mismo riesgo; revise las señales y la definición de baja con { "`churn check`" }, o añada señales
fit-bins = { $bins }: la fuerza del efecto la decide ahí la penalización y no los datos. Compruebe que la columna se conoce en la fecha de la lista y no es consecuencia de la baja; si es así, añada historial o aumente { "model.alpha" }
fit-bins-all = { $bins }
fit-bins-more = { $bins } ({ $more ->
    [one] { $more } intervalo más como este
   *[other] { $more } intervalos más como estos
})
fit-bin-none = ninguna baja en { $rows } filas con { $column } { $place }
fit-bin-all = solo bajas en { $rows } filas con { $column } { $place }
bin-missing = sin valor
bin-present = con valor
bin-above = por encima de { $low }
bin-up-to = hasta { $high }
bin-between = por encima de { $low } y hasta { $high }
bin-rare = de categoría poco frecuente
fit-flat = las filas no dan a { $count ->
    [one] 1 variable
   *[other] algunas variables
} ningún efecto en el sentido pedido, así que no queda nada de él: { $columns }. Puede que otras ventanas de la misma señal ya lo digan todo; si el sentido es erróneo, corrija { "model.rises_with" } y { "model.falls_with" }, o cite la variable o su señal en { "model.unconstrained" }
fit-certificate = la comprobación cruzada de los coeficientes ha fallado: { "linfa-logistic" } encontró otros mejores que el algoritmo del programa ({ $found }). Compare el modelo con el anterior ({ "`churn models compare`" }) antes de fiarse de él; un { "model.alpha" } mayor hace la solución más fácil de encontrar
certificate-differs = no confirmado: { "linfa-logistic" } empezó a { $start } de la solución y se detuvo a { $end } de ella, donde la pérdida es { $excess } menor
certificate-rows = { $text } (en { $rows } filas; sus logits difieren como máximo en { $most })
certificate-columns = { $text } (en { $rows } filas y { $checked } de { $all } columnas, pues los demás coeficientes se mantienen en 0; los logits difieren como máximo en { $most })
fit-no-time-split = no fue posible dividir por tiempo: las filas no tienen fecha de lista, o todas la misma. Las medidas son de clientes que el modelo no ha visto, pero de la misma época; con clientes posteriores puede ser peor

# Qué saber de una evaluación.
interval-of = { $estimate } (de { $low } a { $high })
quality-one-kind = { $churners } de { $rows } filas reservadas causaron baja, muy pocas de una clase para saber lo bueno que es el modelo; añada fechas de evaluación
quality-no-signal = no hay señal: el { "AUC" } de { $auc } en filas no vistas no se distingue de 0,5, el valor del azar. No actúe según las listas de este modelo; compruebe que las bajas y las señales son de los mismos clientes y fechas, o añada señales
quality-few = solo { $churners } { $churners ->
    [one] baja
   *[other] bajas
} en las filas reservadas, por lo que los intervalos son anchos; añada fechas de evaluación para saber más
quality-baseline = no consta que el modelo ordene mejor que este único criterio: { $baseline } ({ "AUC" } { $gain })
quality-understated = el riesgo está subestimado en un { $off } en conjunto: { $risk } previsto, { $churn } de bajas. La tasa base ha cambiado desde las fechas de entrenamiento
quality-overstated = el riesgo está sobrestimado en un { $off } en conjunto: { $risk } previsto, { $churn } de bajas. La tasa base ha cambiado desde las fechas de entrenamiento
quality-extreme = los riesgos son demasiado extremos: pendiente de calibración { $slope }, cuando lo correcto es 1
quality-timid = los riesgos son demasiado tímidos: pendiente de calibración { $slope }, cuando lo correcto es 1
quality-group = { $by } { $level }: { $concern }
level-band = { $band }
quality-groups = { $count } { $count ->
    [one] grupo más se predice mal
   *[other] grupos más se predicen mal
}: vea los segmentos en { "`churn models show`" }
group-ranks-worse = ordena peor aquí: { "AUC" } { $auc }, frente a { $all } en conjunto
group-understated = el riesgo está aquí más subestimado que en otros grupos: { $risk } previsto, { $churn } de bajas
group-overstated = el riesgo está aquí más sobrestimado que en otros grupos: { $risk } previsto, { $churn } de bajas
