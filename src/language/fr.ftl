# Le rapport.
report-title = Clients à risque, { $date }
report-heading = Clients à risque
report-as-of = au { $date }
report-skip = Aller à la liste
report-pages = Pages
report-made-by = Établi par { $program } avec le modèle { $model }. Tous les chiffres figurent aussi dans les fichiers voisins de cette page.

page-list = Liste
page-drivers = Facteurs
page-measures = Indicateurs
page-model = Modèle
page-data = Données

fact-listed = Sur la liste
fact-listed-of = { $listed } clients sur { $eligible }
fact-expected = Départs attendus
fact-expected-of = { $expected } parmi les clients listés, { $all } au total
fact-mean = Risque moyen
fact-mean-of = { $listed } sur la liste, { $all } au total
fact-value = Valeur des clients listés
fact-value-of = { $listed } par mois, si tous partaient
fact-control = Groupe témoin
fact-control-of = { $control ->
    [one] { $control } client n’est pas contacté
   *[other] { $control } clients ne sont pas contactés
}
fact-predicts = Événement prédit
warnings = { $count ->
    [one] À savoir
   *[other] À savoir ({ $count })
}

# La liste.
list-caption = Clients à risque, du premier rang au dernier
list-section = Lignes { $from } à { $to }
list-empty = Aucun client ne figure sur la liste.
list-shown = { $shown } sur { $all } { $all ->
    [one] client affiché
   *[other] clients affichés
}
list-search = Rechercher
list-search-hint = Client, responsable, motif…
list-any = tous
list-open-all = Ouvrir tous les détails
list-close-all = Fermer tous les détails
list-reset = Tout afficher
list-none = Aucun client ne correspond.

column-rank = Rang
column-customer = Client
column-risk = Risque
column-tier = Niveau
column-change-1 = Évolution, 1 jour
column-change-7 = Évolution, 7 jours
column-change-28 = Évolution, 28 jours
column-history = Derniers calculs
column-value = Valeur par mois
column-contract = Fin du contrat dans
column-reasons = Motifs
column-action = Action
column-group = Groupe
column-status = Statut
column-reason = Motif

unit-points = { $points } pt
unit-days = { $days ->
    [one] { $days } jour
   *[other] { $days } jours
}
history-title = Risque { $runs ->
    [one] au dernier calcul
   *[other] lors des { $runs } derniers calculs
} : { $first } le { $from }, { $last } le { $to }
history-once = Risque { $last } le { $to }, premier calcul
protects = En sa faveur : { $text }
action-due = avant le { $date }
action-owner = { $owner }
details = Détails
details-of = Détails de { $customer }
contributions-title = De la référence au logit de ce client
contributions-caption = Ce qui fait varier le risque de { $customer }
contributions-reference = Référence
contributions-total = Ce client
contributions-what = Motif
contributions-text = Dans les chiffres du client
contributions-by = Logit
weeks-caption = Lignes par semaine, { $weeks ->
    [one] la semaine précédant
   *[other] les { $weeks } semaines précédant
} le { $date }, la plus ancienne d’abord
answers-caption = Dernières réponses aux enquêtes
days-listed = Sur la liste depuis { $days ->
    [one] { $days } jour
   *[other] { $days } jours
}
before = Auparavant : rang { $rank }, risque { $risk }

tier-critical = critique
tier-high = élevé
tier-medium = moyen
tier-low = faible
group-contact = contact
group-control = témoin
status-new = nouveau
status-up = en hausse
status-down = en baisse
status-same = stable
status-returned = de retour
status-left = sorti de la liste

# Les facteurs.
drivers-list = Ce qui place des clients sur cette liste
drivers-list-caption = Premiers motifs des clients listés, du plus fréquent au moins fréquent
drivers-code = Motif
drivers-first = Comme premier motif
drivers-any = Parmi les motifs
drivers-share = Part
drivers-before = Part au calcul précédent
drivers-change = Évolution
drivers-example = Exemple
drivers-population = Ce qui augmente le risque de l’ensemble des clients
drivers-how = Au-dessus de zéro, une valeur augmente le risque ; en dessous, elle le réduit. La bande contient la vraie valeur dans 95 cas sur 100. Les facteurs les plus forts viennent en premier.
drivers-curve-title = { $feature } : effet sur le logit de { $low } à { $high }
drivers-table = Les chiffres
drivers-level = Modalité
drivers-effect = Effet
drivers-band = Bande à 95 %
drivers-missing = sans valeur
drivers-rare = autres modalités
drivers-interactions = Paires qui agissent ensemble
drivers-pair = Paire
drivers-spread = Dispersion
drivers-coefficients = Effets des colonnes
drivers-column = Colonne
drivers-none = Ce calcul a été publié sans ses facteurs.

feature-count = { $signal } : nombre en { $days } jours
feature-active_days = { $signal } : jours actifs sur { $days } jours
feature-days_since_last = { $signal } : jours depuis la dernière fois
feature-trend = { $signal } : tendance sur { $days } jours
feature-mean_gap = { $signal } : jours entre deux occurrences, sur { $days } jours
feature-sum = { $signal } : total en { $days } jours
feature-mean = { $signal } : moyenne sur { $days } jours
feature-categories = { $signal } : types utilisés en { $days } jours
feature-negative_share = { $signal } : part d’avis négatifs sur { $days } jours
feature-survey_last = { $instrument } dans { $signal } : dernière réponse
feature-survey_mean = { $instrument } dans { $signal } : réponse moyenne
feature-survey_change = { $instrument } dans { $signal } : évolution de la dernière réponse
feature-survey_days_since_last = { $instrument } dans { $signal } : jours depuis la dernière réponse
feature-tenure = Jours depuis l’inscription

# Les indicateurs.
measures-how = Une seule définition pour toutes les gammes, tous les canaux et tous les segments. Les taux et les scores ont des intervalles à 95 % ; n est le nombre de clients ou de réponses.
measures-none = Ce calcul a été publié sans indicateurs.
measures-period = Période
measures-value = Valeur
measures-interval = Intervalle à 95 %
measures-n = n
measures-running = en cours
measures-by-segment = Par segment, { $period }
measures-segment = Segment
measures-level = Modalité
measures-more = { $count ->
    [one] Une autre modalité figure dans kpis.parquet.
   *[other] { $count } autres modalités figurent dans kpis.parquet.
}
measures-chart = { $measure } du { $from } au { $to }
measure-churn_rate = Taux d’attrition
measure-retention_rate = Taux de rétention
measure-customers_end_to_start = Clients à la fin rapportés à ceux du début
measure-nps = NPS
measure-csat_mean = CSAT, moyenne
measure-csat_satisfied_share = CSAT, satisfaits
measure-ces_mean = CES, moyenne
measure-ces_ease = CES, facilité
measure-active_share = Clients actifs
measure-mean_risk = Risque moyen
measure-expected_churners = Départs attendus
measure-value_at_risk = Perte mensuelle attendue, tous les clients
measure-per_customer = { $signal } par client

# Le modèle.
model-facts = Le modèle
model-version = Version
model-trained = Entraîné le
model-form = Forme
model-form-curves = régression logistique avec courbes et interactions
model-form-linear = régression logistique linéaire
model-fitted = Ajusté sur
model-fitted-on = { $rows } lignes, dont { $churners } départs
model-snapshots = Dates d’observation
model-held-out = Réservé au test
model-quality = Sa qualité
model-quality-on = Sur { $rows } lignes réservées, dont { $churners } départs, par un modèle qui ne les avait pas vues.
model-quality-none = Aucune ligne n’a été réservée : sa qualité est inconnue.
model-metric = Mesure
model-interval = Intervalle à 95 %
model-baseline = { $baseline } seul
model-calibration = Les risques annoncés se vérifient-ils ?
model-calibration-title = Risque prédit et part des départs, par groupes de même taille
model-predicted = Prédit
model-observed = Départs
model-rows = Lignes
model-gains = Combien de départs une liste repère
model-gains-title = Part de tous les départs repérés selon la profondeur de la liste
model-depth = Profondeur de la liste
model-found = Départs repérés
model-precision = Départs parmi eux
model-lift = Lift
model-segments = Groupe par groupe
model-group = Groupe
model-churn = Attrition
model-gap = Attrition moins prédiction
model-small = trop peu pour juger
model-advice = À savoir avant de s’y fier
model-none = Ce calcul a été publié sans les chiffres de son modèle.
metric-base_rate = Taux de base
metric-roc_auc = AUC ROC
metric-average_precision = Précision moyenne
metric-top_decile_lift = Lift du premier décile
metric-lift_at_capacity = Lift des { $count } premiers
metric-log_loss = Perte logarithmique
metric-brier = Score de Brier
metric-ece = Erreur de calibration (ECE)
data-coverage = Ce qui est enregistré
data-coverage-caption = Premier et dernier jour de chaque source avant le { $date }, et clients dont elle a des lignes
data-first-day = Premier jour
data-last-day = Dernier jour
data-customers-share = Clients ayant une ligne
data-days-caption = Lignes des derniers jours ; entre parenthèses, l’habitude de ce jour de la semaine
data-usual = { $rows } ({ $usual })
data-churn = résiliations
data-churn-ended = Aucune résiliation depuis le { $last }, soit { $days ->
    [one] { $days } jour
   *[other] { $days } jours
} ; { $expected } étaient attendues. La table s’arrête peut-être là.

# Les données.
data-sources-caption = Lignes de chaque signal et la plus récente
data-source = Source
data-files = Fichiers
data-read = Lignes lues
data-used = Utilisées
data-before = Avant l’historique étudié
data-future = À la date ou après
data-newest = Ligne la plus récente
data-quarantine = Lignes inutilisables
data-quarantine-none = Toutes les lignes ont pu être utilisées.
data-reason = Motif
data-rows = Lignes
data-excluded = Clients sans score
data-excluded-none = Tous les clients ont un score.
data-customers = Clients
data-published = Fichiers de ce calcul
data-file = Fichier

# Le classeur.
sheet-list = Liste
sheet-measures = Indicateurs
sheet-columns = Colonnes
sheet-history = Derniers calculs
sheet-column = Colonne
sheet-meaning = Signification
sheet-copied = Reprise de votre propre table

# Ce que signifient les colonnes.
meaning-as_of = la date de la liste
meaning-rank = 1 est le premier
meaning-customer_id = le client
meaning-churn_probability = probabilité calibrée de départ dans la période de prédiction, qui commence après le délai de carence
meaning-log_odds = le score du modèle, avant calibration
meaning-risk_tier = critical (critique) : 1 % les plus à risque des clients évalués ; high (élevé) : 5 % ; medium (moyen) : 20 % ; low (faible) : les autres
meaning-percentile = part des clients évalués, en pour cent, que ce client précède ou égale : 100 pour le premier
meaning-value_at_risk = la colonne customers.value, telle quelle ; vide s’il n’y en a pas
meaning-group = contact ou control (témoin) ; vide pour les clients hors liste
meaning-listed = si le client figure sur la liste la plus récente
meaning-reason_code = le code de ce qui augmente le plus le risque, puis du deuxième, du troisième et du quatrième motif ; vide s’il n’y en a pas
meaning-reason_text = le même motif en une phrase, avec les chiffres du client
meaning-reason_contribution = de combien, en logit au-dessus de la référence
meaning-protective_1_code = le code de ce qui réduit le plus le risque
meaning-protective_1_text = le même motif en une phrase
meaning-protective_1_contribution = de combien, en logit ; négatif
meaning-status = la situation du client par rapport aux listes précédentes : new (nouveau), up (meilleur rang), down (moins bon rang), same (stable), returned (de retour après une absence)
meaning-previous_rank = le rang au dernier calcul antérieur, listé ou non
meaning-previous_probability = la probabilité au dernier calcul antérieur, listé ou non
meaning-probability_change = valeur actuelle moins valeur précédente
meaning-change_reason_text = ce qui a fait varier le risque depuis le dernier calcul antérieur, dans les chiffres du client
meaning-days_listed = jours calendaires passés sans interruption sur la liste ; 1 pour un nouveau client
meaning-model_version = le modèle dont viennent les scores
meaning-probability_change_28d = la probabilité moins celle du calcul le plus récent datant de 28 à 35 jours ; vide s’il n’y en a pas ou s’il n’a pas évalué le client
meaning-days_to_contract_end = jours entre la date de la liste et customers.end ; vide s’il n’y en a pas
meaning-action = l’action prévue par le plan d’action ; vide pour le groupe témoin et lorsqu’aucun motif n’y figure
meaning-action_owner = qui en est chargé
meaning-action_due = la date limite
meaning-control_key = list.control_key ; vide si la clé est vide
meaning-change_data_log_odds = de combien les nouvelles données ont fait varier le logit depuis le dernier calcul antérieur ; vide s’il n’a pas évalué le client
meaning-change_model_log_odds = de combien un autre modèle l’a fait varier ; ajouté à la colonne précédente, donne l’évolution du logit
meaning-improvement_text = changements isolés avec lesquels le modèle classerait le client sous la liste
meaning-contact_effect = de combien un contact devrait réduire la probabilité de départ
meaning-expected_saving = ce qu’un contact devrait rapporter, selon les réglages économiques

# Pourquoi un client n’a pas de score, et pourquoi une ligne est inutilisable.
exclusion-not_yet_signed_up = pas encore inscrits
exclusion-churned_before = déjà partis
exclusion-gave_notice = départ déjà annoncé
exclusion-contract_not_running = sans contrat en cours
exclusion-tenure_too_short = trop récents
exclusion-inactive = inactifs depuis trop longtemps
exclusion-contract_ends_in_window = contrat échu pendant la période de prédiction
exclusion-churned_in_gap = partis pendant le délai de carence
quarantine-null_id = sans identifiant
quarantine-null_time = sans date
quarantine-unknown_customer = identifiant absent de la table des clients
quarantine-non_finite = valeur non finie
quarantine-out_of_scale = valeur hors de l’échelle
quarantine-unknown_instrument = type d’enquête inconnu
quarantine-duplicate = doublon exact
quarantine-duplicate_id = identifiant en double
quarantine-too_large = un nombre au-delà de 3,4e38

# Les mots avec lesquels les chiffres d’un modèle sont enregistrés.
baseline-days_since_last_activity = jours depuis la dernière activité
baseline-the_base_rate = le taux de base
segment-tenure = ancienneté
segment-signals_seen = signaux observés
band-under_90_days = moins de 90 jours
band-90_days_to_a_year = de 90 jours à un an
band-the_second_year = la deuxième année
band-two_to_four_years = de deux à quatre ans
band-over_four_years = plus de quatre ans
level-missing = (non renseigné)
level-of = { $count } sur { $all }
level-others = ({ $count } autres)

# Ce qu’est un départ.
churn-cancellation = une résiliation dans les { $horizon } jours suivant un délai de carence de { $gap ->
    [one] { $gap } jour
   *[other] { $gap } jours
}
churn-silence = aucune activité de { $signals } pendant { $horizon ->
    [one] { $horizon } jour
   *[other] { $horizon } jours
} après un délai de carence de { $gap ->
    [one] { $gap } jour
   *[other] { $gap } jours
}
churn-label = colonne « { $column } » d’une table préparée

# Le résumé qu’affiche `churn score`.
summary-title = Liste des clients à risque du { $date }  (modèle { $model }, { $rows } { $rows ->
    [one] ligne lue
   *[other] lignes lues
}, { $quarantine } en quarantaine, { $seconds } s)
summary-population = { $date } : { $eligible } clients évalués ; exclus : { $excluded }
summary-excluded = { $reason } ({ $count })
summary-nobody = aucun
summary-listed = { $listed } listés, dont { $control } non contactés (groupe témoin) ; risque moyen { $risk }
summary-since = depuis le { $date } : { $new } nouveaux, { $returned } de retour, { $left } sortis de la liste
summary-silent = parmi les clients listés, sans { $signals } : { $shares }
summary-silent-any = parmi les clients listés, sans aucun signal : { $shares }
summary-silent-first = { $share } depuis { $days } jours ou plus
summary-silent-more = { $share } depuis { $days }
summary-silent-none = aucun
summary-quality = sur les lignes réservées : AUC { $auc }, le dixième le plus à risque part { $lift } fois plus souvent que l’ensemble
summary-rank = rang
summary-customer = client
summary-risk = risque
summary-value = valeur
summary-group = groupe
summary-status = statut
summary-reasons = motifs
summary-no-reason = aucun motif ne se détache
summary-files = Fichiers dans { $folder } :
summary-rows = { $rows } { $rows ->
    [one] ligne
   *[other] lignes
}
summary-file-count = { $files } { $files ->
    [one] fichier
   *[other] fichiers
}
summary-manifest = ce qui a été lu, décidé et écrit
summary-latest = À côté : latest/risk.parquet, le dernier risque de chaque client

# Ce qu’un groupe témoin peut montrer.
power-none = Sans groupe témoin (list.control_fraction = 0), aucun effet ne peut être mis en évidence. { $share }
power-smallest = Plus petit effet qu’un groupe témoin de { $fraction } peut montrer si { $churn } des clients listés partent : { $after }
power-points = { $points } points
power-nothing = aucun
power-after = { $effect } après { $months } mois ({ $customers } clients, dont { $control } témoins)
power-little = Aucune action ne peut gagner 5 points sur une attrition aussi faible.
power-share = Un groupe témoin de { $share } montrerait 5 points après { $months } mois.
power-no-share = Aucune part de témoins ne montre 5 points en 6 mois ; il faut une liste plus longue.
power-lists = Les clients s’ajoutent au rythme des { $lists } listes des { $days } derniers jours.
power-assumed = Hypothèse, tant que les listes ne couvrent pas quatre semaines : tous les clients d’une liste sont remplacés en { $days } jours.

# Entre les parties d’une énumération, et entre les phrases.
comma = { ", " }
sentence-space = { " " }
