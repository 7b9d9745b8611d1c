# Nomen. Namen aus den Daten stehen, wie sie sind, vor einem Doppelpunkt: Zahl und Geschlecht kennt der Katalog nicht.
days = { $days } { $days ->
    [one] Tag
   *[other] Tage
}
own-tagen = { $days } { $days ->
    [one] Tag
   *[other] Tagen
}
window = { $window } { $window ->
    [one] Tag
   *[other] Tage
}
own-fenster = { $window } { $window ->
    [one] Tag
   *[other] Tagen
}
every = { $every ->
    [one] täglich
   *[other] alle { $every } Tage
}
counted = { $rows }: { $count }
counted-or-no = { $rows }: { $count ->
    [0] keine
   *[other] { $count }
}
noun-event = { $name }
noun-events = { $name }
noun-answer = { $name }
noun-answers = { $name }
noun-category = Kategorie
noun-value = Wert
noun-mood = Stimmung
instrument-effort = Aufwand
instrument-best = { $instrument } ({ $score } ist am besten)
instrument-of = { $instrument } aus { $rows }
time-s = { $value } s
time-min = { $value } min
time-h = { $value } Std.
time-d = { $value } Tg.
time-two = { $large } { $small }

# Daten in Sätzen.
date = { $day }. { $month }
date-with-year = { $day }. { $month } { $year }
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember

# Gründe.
reason-fell = { $rows }: Rückgang von { $before } auf { $count } in { own-tagen }
reason-rose = { $rows }: Anstieg von { $before } auf { $count } in { own-tagen }
reason-silent = { $rows }: seit { own-tagen } keine
reason-silent-earlier = { $rows }: seit { own-tagen } keine ({ $count } in { own-fenster })
reason-silent-seen = { $rows }: keine in { own-tagen }
reason-overdue = { $rows }: sonst { every }; seit { own-tagen } keine
reason-in-rhythm = { $rows }: sonst { every }; zuletzt vor { own-tagen }
reason-count = { $rows }: { $count } in { own-tagen }
reason-few = { $rows }: nur { $count } in { own-tagen }
reason-active = { $text }, an { own-tagen }
reason-sum = { $text }, insgesamt { $sum }
reason-sum-of = { $text }, { $subject } insgesamt { $sum }
reason-steady = { $text }, in den { own-tagen } davor { $before }
reason-raises = { $text }; hier erhöht dies das Risiko
reason-lowers = { $text }; hier senkt dies das Risiko
reason-mean-of = { $rows }: { $subject } im Mittel { $value } in { own-tagen }
reason-mean = { $rows }: im Mittel { $value } in { own-tagen }
reason-without = { $rows }: in { own-tagen } ohne { $subject }
reason-without-any = { $rows }: ohne { $subject }
reason-have-some = { $text }; vorhanden bei { $share } der Kunden
reason-categories = { $rows }: { counted-subject } in { own-tagen }
counted-subject = { $subject }: { $count ->
    [0] keine Nutzung
   *[other] { $count }
}
reason-longest = { $text } ({ window }: { $value })
reason-mood-fell = { $rows }: Stimmung auf { $mood } gefallen in { own-tagen }
reason-mood-rose = { $rows }: Stimmung auf { $mood } gestiegen in { own-tagen }
reason-mood-was = { $rows }: Stimmung { $mood } in { own-tagen }
reason-mood-usual = { $text } (üblich { $usual })
reason-negative = { $text }; { $share } negativ
reason-no-answer = { $name }: keine Antwort in { own-tagen }
reason-gave-one = { $text }; geantwortet haben { $share } der Kunden
reason-answer = { $name }: letzte Antwort { $score }, { days-ago }
reason-answer-fell = { $name }: Rückgang von { $before } auf { $score }, { days-ago }
reason-answer-rose = { $name }: Anstieg von { $before } auf { $score }, { days-ago }
reason-answer-mean = { $name }: im Mittel { $mean } in { own-tagen }, letzte Antwort { $score }
reason-tenure = Kunde seit { own-tagen }
reason-tenure-unknown = Anmeldedatum unbekannt
reason-column = { $name }: { $value }
reason-column-low = { $name } niedrig: { $value }
reason-column-high = { $name } hoch: { $value }
reason-column-unknown = { $name }: unbekannt
reason-known-share = { $text }; bekannt bei { $share } der Kunden
reason-level = { $name }: { $level }
reason-level-answer = { $name }: { $level }
reason-level-risk = { $text }; mittleres Risiko { $with }, bei allen Kunden { $all }
reason-untold = Spalten, die nicht genannt werden

# Was üblich ist.
usually = { $text }; üblich: { $usual }
usual-count = { $count ->
    [0] keine
   *[other] { $count }
}
number-or-none = { $count ->
    [0] keine
   *[other] { $count }
}
usual-days = an { own-tagen }
usual-in-window = { $usual } in { own-fenster }
days-ago = vor { own-tagen }

# Was sich geändert hat.
semicolon = { "; " }
change-little = Seit { $since } kaum verändert
change-small-up = Risiko seit { $since } nur durch kleine Veränderungen gestiegen
change-small-down = Risiko seit { $since } nur durch kleine Veränderungen gesunken
change-small-up-and-down = Risiko seit { $since } nur durch kleine Veränderungen gestiegen. Gegenläufig – { $down }
change-small-down-and-up = Risiko seit { $since } nur durch kleine Veränderungen gesunken. Gegenläufig – { $up }
change-up = Risiko seit { $since } gestiegen – { $up }
change-down = Risiko seit { $since } gesunken – { $down }
change-up-and-down = Risiko seit { $since } gestiegen – { $up }. Gegenläufig – { $down }
change-down-and-up = Risiko seit { $since } gesunken – { $down }. Gegenläufig – { $up }
change-model-higher = { $text }. Modell { $version } bewertet dieselben Zahlen höher als das damalige Modell
change-model-lower = { $text }. Modell { $version } bewertet dieselben Zahlen niedriger als das damalige Modell
standing-new = Neu auf der Liste.
standing-returned = Wieder auf der Liste.
standing-left = Nicht mehr auf der Liste.
change-signed-up = angemeldet am { $on }, am { $then } noch zu neu für eine Bewertung
change-contract-began = Vertragsbeginn am { $on }
change-active-again = wieder aktiv; am { $then } war seit { own-tagen } keine Aktivität
change-not-scored-then = am { $then } nicht bewertet
change-cancelled = gekündigt am { $on }
change-gave-notice = Kündigung angekündigt am { $on }
change-contract-ended = Vertragsende am { $on }
change-inactive = keine Aktivität seit { own-tagen }
change-not-in-table = nicht mehr in der Kundentabelle
change-not-scored = nicht mehr bewertet
change-none = { $rows }: keine in { own-tagen }, damals { $then }
change-some = { counted } in { own-tagen }, damals keine
change-count = { counted } in { own-tagen }, damals { $then }
change-back = { $rows }: wieder vorhanden
change-back-with = { $rows }: wieder vorhanden, { $count } in { own-tagen }, damals keine
change-sum = { $rows }: insgesamt { $now } in { own-tagen }, damals { $then }
change-last = { $rows }: zuletzt { days-ago }, damals vor { $then }
change-gone = { $rows }: keine mehr, damals zuletzt { days-ago }
change-rhythm = { $rows }: so viele wie damals, in anderem Rhythmus
change-mean = { $rows }: im Mittel { $now } in { own-tagen }, damals { $then }
change-mean-of = { $rows }: { $subject } im Mittel { $now } in { own-tagen }, damals { $then }
change-mean-gone = { $rows }: in { own-tagen } keine mit { $subject }, damals im Mittel { $then }
change-mean-new = { $rows }: im Mittel { $now } in { own-tagen }, damals keine
change-mean-same = { $rows }: im Mittel so viel wie damals
change-categories = { $rows }: { counted-subject } in { own-tagen }, damals { $then }
change-categories-same = { $rows }: { $subject } wie damals
change-mood-fell = { $rows }: Stimmung von { $then } auf { $now } gefallen in { own-tagen }
change-mood-rose = { $rows }: Stimmung von { $then } auf { $now } gestiegen in { own-tagen }
change-negative = { $rows }: { $now } negativ in { own-tagen }, damals { $then }
change-mood-gone = { $rows }: keine Stimmung in { own-tagen }, damals { $then }
change-mood-new = { $rows }: Stimmung { $now } in { own-tagen }, damals keine
change-mood-same = { $rows }: Stimmung wie damals
change-fell = { $name }: Rückgang von { $then } auf { $now }
change-rose = { $name }: Anstieg von { $then } auf { $now }
change-answered = { $name }: neue Antwort { $now }
change-no-answer-any-more = { $name }: keine Antwort mehr in { own-tagen }
change-answer = { $name }: letzte Antwort { $now }, { days-ago }
change-answer-again = { $name }: letzte Antwort wieder { $now }, { days-ago }
change-no-answer = { $name }: keine Antwort
change-tenure = inzwischen Kunde seit { own-tagen }
change-known = { $name }: inzwischen bekannt, { $now }
change-unknown = { $name }: nicht mehr bekannt, damals { $then }
change-same = { $name }: wie damals
change-level = { $name }: von { $then } zu { $now } geändert

# Was helfen würde.
reach = Das Modell würde diesen Kunden unterhalb der Liste einordnen bei { $changes }
reach-or = { "; oder bei " }
reach-count = { counted-or-no } in { own-tagen } statt { $now }
reach-mean = { $rows }: im Mittel { $value } in { own-tagen } statt { $now }
reach-mean-of = { $rows }: { $subject } im Mittel { $value } in { own-tagen } statt { $now }
reach-mood = { $rows }: Stimmung { $mood } in { own-tagen } statt { $now }
reach-categories = { $rows }: { counted-subject } in { own-tagen } statt { $now }
reach-answer = { $name }: nächste Antwort { $score } statt { $now }
