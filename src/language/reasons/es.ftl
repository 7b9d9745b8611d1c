# Los nombres. Los de los datos quedan tal cual, ante dos puntos: el catálogo no conoce su género ni su número.
days = { $days } { $days ->
    [one] día
   *[other] días
}
window = { $window } { $window ->
    [one] día
   *[other] días
}
every = { $every ->
    [one] cada día
   *[other] cada { $every } días
}
counted = { $rows }: { $count }
counted-or-no = { $rows }: { $count ->
    [0] cero
   *[other] { $count }
}
noun-event = { $name }
noun-events = { $name }
noun-answer = { $name }
noun-answers = { $name }
noun-category = categoría
noun-value = valor
noun-mood = tono
instrument-effort = esfuerzo
instrument-best = { $instrument } ({ $score } es la mejor nota)
instrument-of = { $instrument } en { $rows }
time-s = { $value } s
time-min = { $value } min
time-h = { $value } h
time-d = { $value } d
time-two = { $large } { $small }

# Las fechas en las frases.
date = { $day } de { $month }
date-with-year = { $day } de { $month } de { $year }
month-1 = enero
month-2 = febrero
month-3 = marzo
month-4 = abril
month-5 = mayo
month-6 = junio
month-7 = julio
month-8 = agosto
month-9 = septiembre
month-10 = octubre
month-11 = noviembre
month-12 = diciembre

# Los motivos.
reason-fell = { $rows }: descenso de { $before } a { $count } en { days }
reason-rose = { $rows }: aumento de { $before } a { $count } en { days }
reason-silent = { $rows }: nada desde hace { days }
reason-silent-earlier = { $rows }: nada desde hace { days } ({ $count } en { window })
reason-silent-seen = { $rows }: nada en { days }
reason-overdue = { $rows }: normalmente { every }; nada desde hace { days }
reason-in-rhythm = { $rows }: normalmente { every }; la última vez hace { days }
reason-count = { $rows }: { $count } en { days }
reason-few = { $rows }: solo { $count } en { days }
reason-active = { $text }, en { days } distintos
reason-sum = { $text }, { $sum } en total
reason-sum-of = { $text }, { $subject } { $sum } en total
reason-steady = { $text }, { $before } en los { days } anteriores
reason-raises = { $text }; aquí esto aumenta el riesgo
reason-lowers = { $text }; aquí esto reduce el riesgo
reason-mean-of = { $rows }: { $subject } de { $value } de media en { days }
reason-mean = { $rows }: { $value } de media en { days }
reason-without = { $rows }: sin { $subject } en { days }
reason-without-any = { $rows }: sin { $subject }
reason-have-some = { $text }; lo tiene el { $share } de los clientes
reason-categories = { $rows }: { counted-subject } en { days }
counted-subject = { $subject }: { $count ->
    [0] sin uso
   *[other] { $count }
}
reason-longest = { $text } ({ window }: { $value })
reason-mood-fell = { $rows }: el tono bajó a { $mood } en { days }
reason-mood-rose = { $rows }: el tono subió a { $mood } en { days }
reason-mood-was = { $rows }: tono de { $mood } en { days }
reason-mood-usual = { $text } (lo habitual es { $usual })
reason-negative = { $text }; { $share } negativas
reason-no-answer = { $name }: ninguna respuesta en { days }
reason-gave-one = { $text }; respondió el { $share } de los clientes
reason-answer = { $name }: última respuesta { $score }, { days-ago }
reason-answer-fell = { $name }: descenso de { $before } a { $score }, { days-ago }
reason-answer-rose = { $name }: aumento de { $before } a { $score }, { days-ago }
reason-answer-mean = { $name }: { $mean } de media en { days }, última respuesta { $score }
reason-tenure = cliente desde hace { days }
reason-tenure-unknown = fecha de alta desconocida
reason-column = { $name }: { $value }
reason-column-low = { $name } bajo: { $value }
reason-column-high = { $name } alto: { $value }
reason-column-unknown = { $name }: sin dato
reason-known-share = { $text }; se conoce del { $share } de los clientes
reason-level = { $name }: { $level }
reason-level-answer = { $name }: { $level }
reason-level-risk = { $text }; riesgo medio { $with }, del conjunto de clientes { $all }
reason-untold = Columnas que no se muestran

# Lo habitual.
usually = { $text }; lo habitual: { $usual }
usual-count = { $count ->
    [0] cero
   *[other] { $count }
}
number-or-none = { $count ->
    [0] cero
   *[other] { $count }
}
usual-days = en { days } distintos
usual-in-window = { $usual } en { window }
days-ago = hace { days }

# Qué ha cambiado.
semicolon = { "; " }
change-little = Pocos cambios desde el { $since }
change-small-up = Riesgo al alza desde el { $since } solo por pequeños cambios
change-small-down = Riesgo a la baja desde el { $since } solo por pequeños cambios
change-small-up-and-down = Riesgo al alza desde el { $since } solo por pequeños cambios. En sentido contrario – { $down }
change-small-down-and-up = Riesgo a la baja desde el { $since } solo por pequeños cambios. En sentido contrario – { $up }
change-up = Riesgo al alza desde el { $since } – { $up }
change-down = Riesgo a la baja desde el { $since } – { $down }
change-up-and-down = Riesgo al alza desde el { $since } – { $up }. En sentido contrario – { $down }
change-down-and-up = Riesgo a la baja desde el { $since } – { $down }. En sentido contrario – { $up }
change-model-higher = { $text }. El modelo { $version } valora las mismas cifras más alto que el modelo de entonces
change-model-lower = { $text }. El modelo { $version } valora las mismas cifras más bajo que el modelo de entonces
standing-new = Nuevo en la lista.
standing-returned = De vuelta en la lista.
standing-left = Fuera de la lista.
change-signed-up = alta el { $on }, demasiado reciente para evaluarse el { $then }
change-contract-began = el contrato empezó el { $on }
change-active-again = de nuevo activo; el { $then } llevaba { days } sin actividad
change-not-scored-then = sin evaluar el { $then }
change-cancelled = baja el { $on }
change-gave-notice = anunció su baja el { $on }
change-contract-ended = el contrato terminó el { $on }
change-inactive = sin actividad desde hace { days }
change-not-in-table = ya no figura en la tabla de clientes
change-not-scored = ya no se evalúa
change-none = { $rows }: nada en { days }, antes { $then }
change-some = { counted } en { days }, antes cero
change-count = { counted } en { days }, antes { $then }
change-back = { $rows }: de nuevo presentes
change-back-with = { $rows }: de nuevo presentes, { $count } en { days }, antes cero
change-sum = { $rows }: { $now } en total en { days }, antes { $then }
change-last = { $rows }: la última vez { days-ago }, antes { $then }
change-gone = { $rows }: ya nada, antes la última vez { days-ago }
change-rhythm = { $rows }: tantos como antes, con otro ritmo
change-mean = { $rows }: { $now } de media en { days }, antes { $then }
change-mean-of = { $rows }: { $subject } de { $now } de media en { days }, antes { $then }
change-mean-gone = { $rows }: nada con { $subject } en { days }, antes { $then } de media
change-mean-new = { $rows }: { $now } de media en { days }, antes nada
change-mean-same = { $rows }: el mismo valor que antes
change-categories = { $rows }: { counted-subject } en { days }, antes { $then }
change-categories-same = { $rows }: { $subject } como antes
change-mood-fell = { $rows }: el tono bajó de { $then } a { $now } en { days }
change-mood-rose = { $rows }: el tono subió de { $then } a { $now } en { days }
change-negative = { $rows }: { $now } negativas en { days }, antes { $then }
change-mood-gone = { $rows }: sin tono en { days }, antes { $then }
change-mood-new = { $rows }: tono de { $now } en { days }, antes ninguno
change-mood-same = { $rows }: el tono sigue igual
change-fell = { $name }: descenso de { $then } a { $now }
change-rose = { $name }: aumento de { $then } a { $now }
change-answered = { $name }: nueva respuesta { $now }
change-no-answer-any-more = { $name }: ya ninguna respuesta en { days }
change-answer = { $name }: última respuesta { $now }, { days-ago }
change-answer-again = { $name }: última respuesta de nuevo { $now }, { days-ago }
change-no-answer = { $name }: ninguna respuesta
change-tenure = ya cliente desde hace { days }
change-known = { $name }: ya con dato, { $now }
change-unknown = { $name }: ya sin dato, antes { $then }
change-same = { $name }: sigue igual
change-level = { $name }: cambio de { $then } a { $now }

# Qué ayudaría.
reach = El modelo situaría a este cliente por debajo de la lista con { $changes }
reach-or = { "; o con " }
reach-count = { counted-or-no } en { days } en lugar de { $now }
reach-mean = { $rows }: { $value } de media en { days } en lugar de { $now }
reach-mean-of = { $rows }: { $subject } de { $value } de media en { days } en lugar de { $now }
reach-mood = { $rows }: tono de { $mood } en { days } en lugar de { $now }
reach-categories = { $rows }: { counted-subject } en { days } en lugar de { $now }
reach-answer = { $name }: próxima respuesta { $score } en lugar de { $now }
