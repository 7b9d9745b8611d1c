# Was eine Nachricht über eine Liste sagt.
message-title = Abwanderungsgefährdete Kunden am { $date }
message-notice = { $title }: { $listed } gelistet, { $new } neu
message-listed = Gelistet
message-listed-of = { $listed } (davon { $control } Kontrollgruppe)
message-new = Neu
message-returned = Wieder da
message-left = Nicht mehr auf der Liste
message-loss = Erwarteter Verlust im Monat
message-model = Modell { $model }
message-link = Mehr dazu
message-count = { $name }:

# Die Spalten eines Kunden, vor ihren Werten.
field-as_of = Stichtag
field-rank = Rang
field-customer_id = Kunde
field-churn_probability = Abwanderungswahrscheinlichkeit
field-risk_tier = Risikostufe
field-percentile = Perzentil
field-value_at_risk = Wert
field-group = Gruppe
field-reason_code = Grund { $n }, Code
field-reason_text = Grund { $n }
field-reason_contribution = Grund { $n }, Beitrag
field-protective_1_code = Dafür spricht, Code
field-protective_1_text = Dafür spricht
field-protective_1_contribution = Dafür spricht, Beitrag
field-status = Status
field-previous_rank = Rang zuvor
field-previous_probability = Wahrscheinlichkeit zuvor
field-probability_change = Änderung der Wahrscheinlichkeit
field-change_reason_text = Was sich geändert hat
field-days_listed = Tage auf der Liste
field-model_version = Modell
field-probability_change_28d = Änderung der Wahrscheinlichkeit in 28 Tagen
field-days_to_contract_end = Tage bis zum Vertragsende
field-action = Maßnahme
field-action_owner = Zuständig
field-action_due = Bis
field-control_key = Schlüssel der Kontrollgruppe
field-change_data_log_odds = Logit, durch Daten bewegt
field-change_model_log_odds = Logit, durch das Modell bewegt
field-improvement_text = Was helfen würde
field-contact_effect = Rückgang der Wahrscheinlichkeit durch Kontakt
field-expected_saving = erwartete Ersparnis

# Was aus Lieferungen geworden ist.
delivered-files = { $date } an { $name } geliefert: { $customers } { $customers ->
    [one] Kunde
   *[other] Kunden
}, { $cleared } geleert; { $files }
delivered-changes = { $date } an { $name } geliefert: { $customers } { $customers ->
    [one] Kunde
   *[other] Kunden
}, { $cleared } geleert, { $unchanged } unverändert und ausgelassen; { $files }
delivered-posted = { $date } an { $name } geliefert: Nachricht gesendet
delivered-posted-before = { $date } an { $name } geliefert: Nachricht schon früher gesendet
delivered-not = Nicht geliefert: { $date } an { $name }; wiederholen mit { $command }
