# Lo que un mensaje dice de una lista.
message-title = Clientes en riesgo el { $date }
message-notice = { $title }: { $listed } en la lista, { $new } nuevos
message-listed = En la lista
message-listed-of = { $listed } ({ $control } de ellos en el grupo de control)
message-new = Nuevos
message-returned = Han vuelto
message-left = Fuera de la lista
message-loss = Pérdida mensual esperada
message-model = Modelo { $model }
message-link = Leer más
message-count = { $name }:

# Las columnas de un cliente, antes de sus valores.
field-as_of = fecha de la lista
field-rank = rango
field-customer_id = cliente
field-churn_probability = probabilidad de baja
field-risk_tier = nivel de riesgo
field-percentile = percentil
field-value_at_risk = valor
field-group = grupo
field-reason_code = motivo { $n }, código
field-reason_text = motivo { $n }
field-reason_contribution = motivo { $n }, contribución
field-protective_1_code = a favor, código
field-protective_1_text = a favor
field-protective_1_contribution = a favor, contribución
field-status = estado
field-previous_rank = rango anterior
field-previous_probability = probabilidad anterior
field-probability_change = cambio de la probabilidad
field-change_reason_text = qué ha cambiado
field-days_listed = días en la lista
field-model_version = modelo
field-probability_change_28d = cambio de la probabilidad en 28 días
field-days_to_contract_end = días hasta el fin del contrato
field-action = acción
field-action_owner = responsable
field-action_due = vence
field-control_key = clave del grupo de control
field-change_data_log_odds = logit, por los datos
field-change_model_log_odds = logit, por el modelo
field-improvement_text = qué ayudaría
field-contact_effect = bajada de la probabilidad por el contacto
field-expected_saving = ahorro esperado

# Qué ha sido de las entregas.
delivered-files = { $date } entregado a { $name }: { $customers } { $customers ->
    [one] cliente
   *[other] clientes
}, { $cleared } vaciados; { $files }
delivered-changes = { $date } entregado a { $name }: { $customers } { $customers ->
    [one] cliente
   *[other] clientes
}, { $cleared } vaciados, { $unchanged } sin cambios y omitidos; { $files }
delivered-posted = { $date } entregado a { $name }: mensaje enviado
delivered-posted-before = { $date } entregado a { $name }: mensaje ya enviado antes
delivered-not = Sin entregar: { $date } a { $name }; repita con { $command }
