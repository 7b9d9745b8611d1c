# Ce qu’un message dit d’une liste.
message-title = Clients à risque au { $date }
message-notice = { $title } : { $listed } listés, { $new } nouveaux
message-listed = Sur la liste
message-listed-of = { $listed } (dont { $control } du groupe témoin)
message-new = Nouveaux
message-returned = De retour
message-left = Sortis de la liste
message-loss = Perte mensuelle attendue
message-model = Modèle { $model }
message-link = En savoir plus
message-count = { $name } :

# Les colonnes d’un client, avant leurs valeurs.
field-as_of = date de la liste
field-rank = rang
field-customer_id = client
field-churn_probability = probabilité de départ
field-risk_tier = niveau de risque
field-percentile = percentile
field-value_at_risk = valeur
field-group = groupe
field-reason_code = motif { $n }, code
field-reason_text = motif { $n }
field-reason_contribution = motif { $n }, contribution
field-protective_1_code = en faveur, code
field-protective_1_text = en faveur
field-protective_1_contribution = en faveur, contribution
field-status = statut
field-previous_rank = rang précédent
field-previous_probability = probabilité précédente
field-probability_change = évolution de la probabilité
field-change_reason_text = ce qui a changé
field-days_listed = jours sur la liste
field-model_version = modèle
field-probability_change_28d = évolution de la probabilité en 28 jours
field-days_to_contract_end = jours avant la fin du contrat
field-action = action
field-action_owner = responsable
field-action_due = échéance
field-control_key = clé du groupe témoin
field-change_data_log_odds = logit, part des données
field-change_model_log_odds = logit, part du modèle
field-improvement_text = ce qui aiderait
field-contact_effect = baisse de la probabilité par le contact
field-expected_saving = gain attendu

# Ce que sont devenues les livraisons.
delivered-files = { $date } livré à { $name } : { $customers } { $customers ->
    [one] client
   *[other] clients
}, { $cleared } effacés ; { $files }
delivered-changes = { $date } livré à { $name } : { $customers } { $customers ->
    [one] client
   *[other] clients
}, { $cleared } effacés, { $unchanged } inchangés et omis ; { $files }
delivered-posted = { $date } livré à { $name } : message envoyé
delivered-posted-before = { $date } livré à { $name } : message déjà envoyé
delivered-not = Non livré : { $date } à { $name } ; répétez avec { $command }
