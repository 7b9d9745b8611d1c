# Les noms. Ceux des données restent tels quels, devant un deux-points : le catalogue n’en connaît ni le genre ni le nombre.
days = { $days } { $days ->
    [one] jour
   *[other] jours
}
window = { $window } { $window ->
    [one] jour
   *[other] jours
}
every = { $every ->
    [one] chaque jour
   *[other] tous les { $every } jours
}
counted = { $rows } : { $count }
counted-or-no = { $rows } : { $count ->
    [0] zéro
   *[other] { $count }
}
noun-event = { $name }
noun-events = { $name }
noun-answer = { $name }
noun-answers = { $name }
noun-category = catégorie
noun-value = valeur
noun-mood = tonalité
instrument-effort = effort
instrument-best = { $instrument } ({ $score } est la meilleure note)
instrument-of = { $instrument } dans { $rows }
time-s = { $value } s
time-min = { $value } min
time-h = { $value } h
time-d = { $value } j
time-two = { $large } { $small }

# Les dates dans les phrases.
date = { $day ->
    [1] 1er
   *[other] { $day }
} { $month }
date-with-year = { $day ->
    [1] 1er
   *[other] { $day }
} { $month } { $year }
month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre

# Les motifs.
reason-fell = { $rows } : baisse de { $before } à { $count } en { days }
reason-rose = { $rows } : hausse de { $before } à { $count } en { days }
reason-silent = { $rows } : rien depuis { days }
reason-silent-earlier = { $rows } : rien depuis { days } ({ $count } en { window })
reason-silent-seen = { $rows } : rien en { days }
reason-overdue = { $rows } : d’ordinaire { every } ; rien depuis { days }
reason-in-rhythm = { $rows } : d’ordinaire { every } ; dernière fois il y a { days }
reason-count = { $rows } : { $count } en { days }
reason-few = { $rows } : seulement { $count } en { days }
reason-active = { $text }, sur { days }
reason-sum = { $text }, { $sum } au total
reason-sum-of = { $text }, { $subject } { $sum } au total
reason-steady = { $text }, { $before } sur les { days } précédents
reason-raises = { $text } ; ici, cela augmente le risque
reason-lowers = { $text } ; ici, cela réduit le risque
reason-mean-of = { $rows } : { $subject } de { $value } en moyenne sur { days }
reason-mean = { $rows } : { $value } en moyenne sur { days }
reason-without = { $rows } : sans { $subject } en { days }
reason-without-any = { $rows } : sans { $subject }
reason-have-some = { $text } ; renseigné pour { $share } des clients
reason-categories = { $rows } : { counted-subject } en { days }
counted-subject = { $subject } : { $count ->
    [0] aucune utilisation
   *[other] { $count }
}
reason-longest = { $text } ({ window } : { $value })
reason-mood-fell = { $rows } : tonalité en baisse à { $mood } en { days }
reason-mood-rose = { $rows } : tonalité en hausse à { $mood } en { days }
reason-mood-was = { $rows } : tonalité de { $mood } en { days }
reason-mood-usual = { $text } (d’ordinaire { $usual })
reason-negative = { $text } ; { $share } d’avis négatifs
reason-no-answer = { $name } : aucune réponse en { days }
reason-gave-one = { $text } ; { $share } des clients ont répondu
reason-answer = { $name } : dernière réponse { $score }, { days-ago }
reason-answer-fell = { $name } : baisse de { $before } à { $score }, { days-ago }
reason-answer-rose = { $name } : hausse de { $before } à { $score }, { days-ago }
reason-answer-mean = { $name } : { $mean } en moyenne sur { days }, dernière réponse { $score }
reason-tenure = client depuis { days }
reason-tenure-unknown = date d’inscription inconnue
reason-column = { $name } : { $value }
reason-column-low = { $name } faible : { $value }
reason-column-high = { $name } élevé : { $value }
reason-column-unknown = { $name } : non renseigné
reason-known-share = { $text } ; renseigné pour { $share } des clients
reason-level = { $name } : { $level }
reason-level-answer = { $name } : { $level }
reason-level-risk = { $text } ; risque moyen { $with }, { $all } pour l’ensemble des clients
reason-untold = Colonnes non communiquées

# Ce qui est habituel.
usually = { $text } ; d’ordinaire { $usual }
usual-count = { $count ->
    [0] zéro
   *[other] { $count }
}
number-or-none = { $count ->
    [0] zéro
   *[other] { $count }
}
usual-days = sur { days }
usual-in-window = { $usual } en { window }
days-ago = il y a { days }

# Ce qui a changé.
semicolon = { " ; " }
change-little = Peu de changement depuis le { $since }
change-small-up = Risque en hausse depuis le { $since } par de petits changements seulement
change-small-down = Risque en baisse depuis le { $since } par de petits changements seulement
change-small-up-and-down = Risque en hausse depuis le { $since } par de petits changements seulement. En sens inverse – { $down }
change-small-down-and-up = Risque en baisse depuis le { $since } par de petits changements seulement. En sens inverse – { $up }
change-up = Risque en hausse depuis le { $since } – { $up }
change-down = Risque en baisse depuis le { $since } – { $down }
change-up-and-down = Risque en hausse depuis le { $since } – { $up }. En sens inverse – { $down }
change-down-and-up = Risque en baisse depuis le { $since } – { $down }. En sens inverse – { $up }
change-model-higher = { $text }. Le modèle { $version } évalue les mêmes chiffres plus haut que le modèle d’alors
change-model-lower = { $text }. Le modèle { $version } évalue les mêmes chiffres plus bas que le modèle d’alors
standing-new = Nouveau sur la liste.
standing-returned = De retour sur la liste.
standing-left = Sorti de la liste.
change-signed-up = inscrit le { $on }, trop récent pour être évalué le { $then }
change-contract-began = contrat commencé le { $on }
change-active-again = de nouveau actif ; le { $then }, aucune activité depuis { days }
change-not-scored-then = non évalué le { $then }
change-cancelled = résiliation le { $on }
change-gave-notice = départ annoncé le { $on }
change-contract-ended = contrat terminé le { $on }
change-inactive = aucune activité depuis { days }
change-not-in-table = absent de la table des clients
change-not-scored = n’est plus évalué
change-none = { $rows } : rien en { days }, { $then } auparavant
change-some = { counted } en { days }, zéro auparavant
change-count = { counted } en { days }, { $then } auparavant
change-back = { $rows } : reprise
change-back-with = { $rows } : reprise, { $count } en { days }, zéro auparavant
change-sum = { $rows } : { $now } au total en { days }, { $then } auparavant
change-last = { $rows } : la dernière fois { days-ago }, contre { $then } auparavant
change-gone = { $rows } : plus rien, la dernière fois { days-ago } auparavant
change-rhythm = { $rows } : autant qu’auparavant, à un autre rythme
change-mean = { $rows } : { $now } en moyenne sur { days }, { $then } auparavant
change-mean-of = { $rows } : { $subject } de { $now } en moyenne sur { days }, { $then } auparavant
change-mean-gone = { $rows } : rien avec { $subject } en { days }, { $then } en moyenne auparavant
change-mean-new = { $rows } : { $now } en moyenne sur { days }, rien auparavant
change-mean-same = { $rows } : même valeur qu’auparavant
change-categories = { $rows } : { counted-subject } en { days }, { $then } auparavant
change-categories-same = { $rows } : { $subject } comme auparavant
change-mood-fell = { $rows } : tonalité en baisse de { $then } à { $now } en { days }
change-mood-rose = { $rows } : tonalité en hausse de { $then } à { $now } en { days }
change-negative = { $rows } : { $now } d’avis négatifs en { days }, { $then } auparavant
change-mood-gone = { $rows } : aucune tonalité en { days }, { $then } auparavant
change-mood-new = { $rows } : tonalité de { $now } en { days }, aucune auparavant
change-mood-same = { $rows } : tonalité inchangée
change-fell = { $name } : baisse de { $then } à { $now }
change-rose = { $name } : hausse de { $then } à { $now }
change-answered = { $name } : nouvelle réponse { $now }
change-no-answer-any-more = { $name } : plus de réponse en { days }
change-answer = { $name } : dernière réponse { $now }, { days-ago }
change-answer-again = { $name } : dernière réponse de nouveau { $now }, { days-ago }
change-no-answer = { $name } : aucune réponse
change-tenure = désormais client depuis { days }
change-known = { $name } : désormais renseigné, { $now }
change-unknown = { $name } : plus renseigné, { $then } auparavant
change-same = { $name } : inchangé
change-level = { $name } : passage de { $then } à { $now }

# Ce qui aiderait.
reach = Le modèle classerait ce client sous la liste avec { $changes }
reach-or = { " ; ou avec " }
reach-count = { counted-or-no } en { days } au lieu de { $now }
reach-mean = { $rows } : { $value } en moyenne sur { days } au lieu de { $now }
reach-mean-of = { $rows } : { $subject } de { $value } en moyenne sur { days } au lieu de { $now }
reach-mood = { $rows } : tonalité de { $mood } en { days } au lieu de { $now }
reach-categories = { $rows } : { counted-subject } en { days } au lieu de { $now }
reach-answer = { $name } : prochaine réponse { $score } au lieu de { $now }
