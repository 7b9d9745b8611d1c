# Entre des noms dont un suffit, et quand tous ne sont pas cités.
or = { " ou " }
and-more = { $list } et { $more } de plus
of-signal = signal { $signal } : { $text }
any-signal = aucun signal

# Fichiers et tables.
source-signal = signal { $name }
source-customers = table des clients
source-churn = résiliations
source-prepared_table = table préparée
source-again = { $source } : ce qui est trouvé plusieurs fois compte une seule fois : { $files }
source-again-file = { $path } (identique à { $first })
source-left-out = { $source } : fichiers écartés : { $files }
source-file-why = { $path } ({ $why })
left-out-copy = son nom est celui d’une copie ou d’un fichier en cours d’écriture
left-out-packed = il est compressé en entier et doit être décompressé
left-out-empty = il est vide
source-own = { $source } : écartés, car ce programme les a écrits lui-même : { $files }
content-list = une liste de clients à risque
content-scores = les scores d’un calcul
content-latest = le dernier risque de chaque client
content-features = une table de variables
content-details = les détails d’une liste
content-drivers = les facteurs d’un modèle
content-kpis = les indicateurs d’un calcul
content-figures = les chiffres du suivi
content-contributions = les contributions aux risques d’une liste
source-disagree = { $source } : les dossiers et les fichiers se contredisent : { $columns }. Les colonnes des fichiers font foi ; si les dossiers ont raison, renommez-les
source-disagree-column = { $column } vaut { $value } dans { $path }
source-clocks = { $source } : la colonne { $column } contient des instants dans { $instants } (avec fuseau, ou { "INT96" } en { "UTC" }) et des heures sans fuseau dans { $times }, lues comme celles de { $zone } ; si les deux ont le même sens, elles diffèrent de plusieurs heures : écrivez-les de la même façon
source-copies = { $source } : des fichiers sont identiques octet pour octet, et leurs lignes comptent deux fois : { $files } ; si l’un est une copie, déplacez-le
source-copy = { $other } et { $first }

# Résiliations.
cancelled-one-day = résiliations : { $rows } sur { $all } ({ $share }) portent la même date, le { $day }. Si cette date signifie « pas résilié », écrivez { "null" } à la place
cancelled-before-sign-up = résiliations : { $rows } sur { $all } sont antérieures à l’inscription du client. Elles relèvent d’un contrat précédent et ne comptent pas ; vérifiez que { "customers.signup" } est le jour d’arrivée des clients et { "churn.time" } celui de leur départ
cancelled-end = résiliations : la dernière date du { $last }. Environ { $expected } étaient attendues en { $days } jours depuis lors, et la plus longue absence de l’année précédente a duré { $longest ->
    [one] { $longest } jour
   *[other] { $longest } jours
} : la table semble s’arrêter là
cancelled-end-scored = { $text } ; les clients partis depuis sont évalués comme les autres

# Une table préparée.
table-infinite = { $column } contient { $count ->
    [one] { $count } valeur infinie, considérée comme manquante
   *[other] { $count } valeurs infinies, considérées comme manquantes
}
table-too-large = { $column } contient { $count ->
    [one] { $count } nombre au-delà de 3,4e38, ramené à cette limite
   *[other] { $count } nombres au-delà de 3,4e38, ramenés à cette limite
}
table-names = { $column } a { $levels } modalités pour { $rows } lignes : un nom plutôt qu’une modalité ? Si oui, ajoutez la colonne à { "table.ignore" }
table-value-unknown = { $column } ({ "table.value" }) est inconnu dans { $count } lignes sur { $rows }
table-value-negative = { $column } ({ "table.value" }) est inférieur à 0 dans { $count } lignes sur { $rows } ; classés par perte attendue, ces clients viennent en dernier

# Ce que les signaux contiennent du passé.
unknown-ids = signal { $signal } : { $rows ->
    [one] { $rows } ligne a un identifiant absent
   *[other] { $rows } lignes ont un identifiant absent
} de la table des clients
day-cut-off = les lignes du { $day } s’arrêtent avant { $time }, alors que les mêmes jours de la semaine en ont d’habitude { $later } plus tard : il manque environ { $missing } lignes
day-thin = le { $day } compte { $rows } lignes, contre environ { $usual } d’habitude
days-thin = les jours du { $first } au { $last } comptent { $rows } lignes, contre environ { $usual } d’habitude
day-quiet = { $text } ({ $share }). Si c’était un jour férié, tout va bien ; sinon, il manque des lignes
day-gap = signal { $signal } : { $text }. Si c’était un jour férié, tout va bien ; sinon, chargez ce qui manque
signal-young = { $count ->
    [one] le signal { $signals } commence
   *[other] les signaux { $signals } commencent
} le { $first } : { $span ->
    [one] l’historique étudié
   *[other] pour { $dates } dates sur { $all }, l’historique étudié
} ({ $days } jours, le double de la plus longue valeur de { "features.windows_days" }) remonte à des jours antérieurs. Les fenêtres dont rien n’est enregistré sont vides, et celles qui ne le sont qu’en partie comptent cette partie. Choisissez des fenêtres plus courtes ou des dates plus tardives, ou laissez de côté les signaux aussi récents
signal-placeholder = signal { $signal } : le client { $customer } a { $rows } des lignes ({ $share }), et le suivant { $next }. Si cet identifiant signifie « inconnu », écartez ses lignes ou retirez-le de la table des clients

# Calculs antérieurs.
earlier-left-out = le calcul du { $date } n’est pas pris en compte pour le statut et l’évolution : { $file } est inutilisable : { $why }. Recalculez cette date ou déplacez son dossier
earlier-columns = il n’a pas la colonne { $columns }
earlier-none = aucune comparaison avec un calcul antérieur : { $why }
earlier-revised = les données du { $date } ne sont plus ce qu’elles étaient : avec le même modèle, { $revised } clients sur { $customers } auraient un autre risque à cette date. Des lignes sont arrivées tard ou ont disparu ; les évolutions sont données par rapport aux données actuelles

# Dérive.
drift-not-measured = la dérive n’est pas mesurée : le modèle { $model } ne garde pas la distribution de ses lignes d’entraînement, car une version plus ancienne du programme l’a entraîné ; entraînez-le de nouveau ({ "`churn train`" })
drift-broken = données défectueuses ? { $text }
drift-told = dérive : { $text }
drift-rows = { $rows } clients sont évalués, alors que la date d’observation la plus proche en compte { $usual }
drift-features = signal { $signal }, { $count } variables, dont { $name }
drift-stopped = { $what } : ne varie plus : { $now } des lignes ont une seule valeur, contre { $before } à l’entraînement
drift-begun = { $what } : varie désormais : { $now } des lignes ont la valeur qu’en avaient { $before } à l’entraînement
drift-levels = { $what } : { $now } des lignes ont des modalités absentes de l’entraînement (où elles étaient { $before })
drift-missing = { $what } : sans valeur dans { $now } des lignes, contre { $before } à l’entraînement
drift-changed = les clients ne sont plus répartis comme à l’entraînement : { $columns }
drift-column = { $name } ({ $parts })
drift-psi = { "PSI" } { $psi }
drift-usual = entre les dates d’entraînement jusqu’à { $psi }
drift-log-odds = logit { $moved }
drift-risk-unmoved = le risque moyen est de { $now }, contre { $before } pour les lignes d’entraînement ; aucun facteur ne l’a fait varier
drift-risk-rose = le risque moyen est passé de { $before } à { $now }, en hausse ; variation du logit : { $parts }
drift-risk-fell = le risque moyen est passé de { $before } à { $now }, en baisse ; variation du logit : { $parts }
drift-risk-stayed = le risque moyen est resté stable, de { $before } à { $now } ; variation du logit : { $parts }
drift-concept = { $name } { $moved }
drift-others = autres { $moved }
concept-of = { $subject } ({ $rows })
concept-tenure = ancienneté
concept-untold = colonnes non citées

# Une liste et ses scores.
score-no-forecast = le modèle { $model } a été entraîné sur ce que les clients ont fait jusqu’au { $until } ; il connaît donc ce qui a suivi le { $date } : ces risques ne sont pas une prévision. Entraînez avec { "--as-of" } { $option } pour obtenir une liste qui aurait pu être établie alors
score-left-already = { $share } { $who ->
    [learned] des clients de l’entraînement
    [to-score] des clients à évaluer
   *[listed] des clients listés
} n’ont eu aucune ligne ({ $signals }) pendant les { $days } jours de carence et de prédiction, ou plus : selon la définition, ils sont déjà partis, ce qui n’apprend rien et embellit l’{ "AUC" }. Laissez { "eligibility.active_within_days" } et { "eligibility.signals" } à leurs valeurs par défaut
levels-none = { $column } : aucune ligne n’a de modalité, alors que le modèle a été entraîné sur { $known }
levels-unknown = { $column } : { $share } des lignes ont des modalités que le modèle ne connaît pas et traite comme rares : { $levels } ; il connaît { $known }. Écrivez les modalités comme à l’entraînement, ou entraînez de nouveau
playbook-pattern = { $key } ne correspond à aucun code de motif de ces signaux et colonnes
playbook-code = { $key } : ce code de motif n’existe pas pour ces signaux et colonnes
playbook-code-meant = { $key } : ce code de motif n’existe pas pour ces signaux et colonnes ; vouliez-vous dire { $code } ?
latest-lacks = il manque dans { "latest/risk.parquet" } { $customers } clients sortis de la liste : leurs identifiants sont des textes au calcul précédent et des entiers maintenant
latest-stale = la liste est publiée, mais { "latest/risk.parquet" } est encore celui d’avant : { $why } ; relancez le calcul
manifest-lacks = la liste est publiée, mais il manque dans son manifeste les derniers avertissements : { $why }

# Les indicateurs.
kpi-earlier-rows = signal { $signal } : { $unusable } lignes sur { $all } à partir du { $first } et avant le { $end } sont inutilisables ({ $reasons }) ; les indicateurs portent sur les autres
kpi-rows-with = { $rows } : { $reason }
kpi-no-segment = { "kpi.segments" } cite { $column }, qui n’est pas ici une colonne catégorielle ; les indicateurs ne la prennent pas en compte
kpi-many-levels = { $column } a { $levels } modalités, plus que les { $most } permises pour un segment ; les indicateurs ne la prennent pas en compte. Citez-en d’autres dans { "kpi.segments" }
kpi-scales = les enquêtes ont des échelles différentes pour { $instrument }, de sorte que les indicateurs n’ont pas de { $measure } ; la part des satisfaits et la facilité portent sur toutes les enquêtes
kpi-no-nps = les indicateurs n’ont pas de { "nps" } : il est défini pour des notes de 0 à 10, et le { "`range`" } d’une enquête dit autre chose

# Livraisons.
delivery-without-key = il manque { $customers } clients dans la livraison { $name } : ils n’ont pas de clé, ou la même qu’un client avant eux
delivery-older = la livraison { $name } n’a rien du { $date } : la liste du { $newest } a déjà été livrée, et une plus ancienne prendrait sa place
delivery-no-address = la livraison { $name } n’est pas envoyée : la variable { $variable } n’est pas définie. Donnez-lui l’adresse et recommencez avec { $command }
delivery-not-posted = la livraison { $name } n’est pas envoyée : { $why }. Le message est conservé dans { $file } ; recommencez avec { $command }
delivery-failed = la livraison { $name } a échoué : { $why }. Recommencez avec { $command }
delivery-still-lacks = il manque encore à la livraison { $name } la liste du { $date } : { $why }. Recommencez avec { $command }
delivery-not-noted = l’échec de la livraison { $name } du { $date } ne peut pas être noté pour les calculs suivants : { $why }
posting-answers = le destinataire répond { $status }
posting-redirect = { $why }, et un message ne suit aucune redirection ; corrigez l’adresse
posting-code = { $why } ({ $code })
posting-attempts = { $why } ({ $attempts ->
    [one] { $attempts } essai
   *[other] { $attempts } essais
})
posting-timeout = le destinataire ne répond pas à temps
posting-not-found = le nom du destinataire est introuvable
posting-no-connection = il n’y a pas de connexion avec le destinataire
posting-refused = le destinataire refuse la connexion
posting-invalid = le certificat du destinataire ou sa réponse n’est pas valable
posting-cut = le destinataire n’est pas joint, ou la connexion est coupée
posting-no-http = la réponse du destinataire n’est pas du { "HTTP" }, ou est coupée
posting-untrusted = le destinataire n’a pas de certificat de confiance
posting-no-address = son adresse n’en est pas une ; corrigez la variable
posting-no-proxy = le proxy indiqué par l’environnement n’en est pas un
posting-unreachable = le destinataire est injoignable
posting-blanks = son adresse contient des espaces
posting-insecure = son adresse ne commence pas par { "https://" }, sans quoi chacun pourrait lire le message en chemin
posting-variable = { $why } ; corrigez la variable { $variable }

# Réglages sans effet.
unused-unless = { $key } n’a d’effet que si { $other } vaut { $value }
unused-while = { $key } n’a pas d’effet tant que { $other } vaut { $value }
unused-without = { $key } n’a pas d’effet sans { $other }
unused-without-format = { $key } n’a pas d’effet sans { $formats } dans { "publish.formats" }
unused-by-kind = { $key } n’a pas d’effet : cette livraison est de type { $kind }
unused-of-event = { $key } ne donne aucune variable : un signal de type { "\"event\"" } n’a pas de valeurs ; faites-en un { "\"amount\"" }
unused-scales = { $key } n’a pas d’effet : seul un signal de type { "\"survey\"" } a des types d’enquête
unused-scale = { $key } n’a pas d’effet : selon { "instrument_name" }, toutes les réponses sont de type { $instrument }
unused-unit = { $key } n’a pas d’effet : seul un signal de type { "\"amount\"" } a une unité dans les motifs

# Ce qu’il faut savoir d’un ajustement.
fit-not-converged = l’ajustement n’a pas convergé : après { $iterations } itérations, le gradient est de { $gradient } et non inférieur à { $tolerance } ; ne vous fiez pas à ses coefficients
fit-passes = l’ajustement n’a pas convergé : après { $passes } passages, son gradient est de { $gradient } et non inférieur à { $tolerance } ; augmentez { "model.alpha" }
fit-separates = { $columns } : { $count ->
    [one] distingue
   *[other] ces colonnes distinguent
} { $who ->
    [all] tous les clients partis de tous les autres
   *[some] certains clients des autres
} sans une seule erreur ; { $penalty ->
    [yes] seule la pénalité garde l’effet fini : vérifiez que la valeur est connue avant le départ qu’elle prédit
   *[no] aucun effet fini ne s’ajuste au mieux : fixez { "model.alpha" } au-dessus de 0 et vérifiez que la valeur est connue avant le départ qu’elle prédit
}
column-missing = { $name } (sans valeur)
column-rare = { $name } (modalité rare)
column-intercept = (constante)
fit-collinear = { $columns } : calculable à partir des autres colonnes, de sorte que les effets ne peuvent être distingués : retirez ces colonnes ou fixez { "model.alpha" } au-dessus de 0
fit-inflated = { $count ->
    [one] { $count } colonne partage
   *[other] { $count } colonnes partagent
} l’essentiel de leur information avec d’autres (inflation de la variance jusqu’à { $most } : { $columns }) ; lisez les coefficients ensemble et non un par un, ou gardez moins de fenêtres
fit-constant = { $columns } : { $count ->
    [one] la même valeur
   *[other] chacune la même valeur
} dans toutes les lignes, donc aucune information
fit-nothing = aucune variable n’en dit plus, sur les clients que le modèle n’a pas vus, que la seule part des départs ; le modèle est donc sans variable, et tous les clients ont le même risque. Examinez les signaux et la définition du départ avec { "`churn check`" }, ou ajoutez des signaux
fit-bins = { $bins } : la force de l’effet y est donnée par la pénalité et non par les données. Vérifiez que la colonne est connue à la date de la liste et n’est pas une conséquence du départ ; si c’est bien le cas, ajoutez de l’historique ou augmentez { "model.alpha" }
fit-bins-all = { $bins }
fit-bins-more = { $bins } ({ $more ->
    [one] { $more } autre intervalle semblable
   *[other] { $more } autres intervalles semblables
})
fit-bin-none = aucun départ parmi { $rows } lignes avec { $column } { $place }
fit-bin-all = uniquement des départs parmi { $rows } lignes avec { $column } { $place }
bin-missing = sans valeur
bin-present = avec une valeur
bin-above = au-dessus de { $low }
bin-up-to = jusqu’à { $high }
bin-between = au-dessus de { $low } et jusqu’à { $high }
bin-rare = de modalité rare
fit-flat = les lignes ne donnent à { $count ->
    [one] 1 variable
   *[other] certaines variables
} aucun effet dans le sens demandé, il n’en reste donc rien : { $columns }. D’autres fenêtres du même signal disent peut-être déjà tout ; si le sens est faux, corrigez { "model.rises_with" } et { "model.falls_with" }, ou citez la variable ou son signal dans { "model.unconstrained" }
fit-certificate = la contre-vérification des coefficients a échoué : { "linfa-logistic" } en a trouvé de meilleurs que le solveur du programme ({ $found }). Comparez le modèle au précédent ({ "`churn models compare`" }) avant de vous y fier ; un { "model.alpha" } plus grand rend la solution plus facile à trouver
certificate-differs = non confirmé : { "linfa-logistic" }, parti à { $start } de la solution, s’est arrêté à { $end } de celle-ci, où la perte est inférieure de { $excess }
certificate-rows = { $text } (sur { $rows } lignes ; leurs logits diffèrent de { $most } au plus)
certificate-columns = { $text } (sur { $rows } lignes et { $checked } colonnes sur { $all }, car les autres coefficients sont maintenus à 0 ; les logits diffèrent de { $most } au plus)
fit-no-time-split = aucun découpage dans le temps n’était possible : les lignes n’ont pas de date de liste, ou toutes la même. Les mesures portent sur des clients que le modèle n’a pas vus, mais de la même époque ; il peut être moins bon sur des clients ultérieurs

# Ce qu’il faut savoir d’une évaluation.
interval-of = { $estimate } ({ $low } à { $high })
quality-one-kind = { $churners } départs sur { $rows } lignes réservées, trop peu d’une sorte pour juger de la qualité du modèle ; ajoutez des dates d’évaluation
quality-no-signal = il n’y a pas de signal : l’{ "AUC" } de { $auc } sur des lignes inconnues ne se distingue pas de 0,5, la valeur du hasard. N’agissez pas d’après les listes de ce modèle ; vérifiez que les départs et les signaux concernent les mêmes clients et les mêmes dates, ou ajoutez des signaux
quality-few = { $churners ->
    [one] { $churners } départ seulement
   *[other] { $churners } départs seulement
} parmi les lignes réservées, d’où des intervalles larges ; ajoutez des dates d’évaluation pour en savoir plus
quality-baseline = rien ne montre que le modèle classe mieux que ce seul critère : { $baseline } ({ "AUC" } { $gain })
quality-understated = le risque est sous-estimé de { $off } dans l’ensemble : { $risk } prédits, { $churn } de départs. Le taux de base a changé depuis les dates d’entraînement
quality-overstated = le risque est surestimé de { $off } dans l’ensemble : { $risk } prédits, { $churn } de départs. Le taux de base a changé depuis les dates d’entraînement
quality-extreme = les risques sont trop extrêmes : pente de calibration { $slope }, où 1 serait juste
quality-timid = les risques sont trop timides : pente de calibration { $slope }, où 1 serait juste
quality-group = { $by } { $level } : { $concern }
level-band = { $band }
quality-groups = { $count ->
    [one] { $count } autre groupe est lui aussi mal servi
   *[other] { $count } autres groupes sont eux aussi mal servis
} : voir les segments dans { "`churn models show`" }
group-ranks-worse = classement moins bon ici : { "AUC" } { $auc }, contre { $all } dans l’ensemble
group-understated = le risque est ici plus sous-estimé qu’ailleurs : { $risk } prédits, { $churn } de départs
group-overstated = le risque est ici plus surestimé qu’ailleurs : { $risk } prédits, { $churn } de départs
