# Zwischen Namen, von denen einer genügt, und wo nicht alle genannt sind.
or = { " oder " }
and-more = { $list } und { $more } weitere
of-signal = Signal { $signal }: { $text }
any-signal = irgendeinem Signal

# Dateien und Tabellen.
source-signal = Signal { $name }
source-customers = Kundentabelle
source-churn = Kündigungen
source-prepared_table = vorbereitete Tabelle
source-again = { $source }: was mehrfach gefunden wird, zählt einmal: { $files }
source-again-file = { $path } (dasselbe wie { $first })
source-left-out = { $source }: ausgelassene Dateien: { $files }
source-file-why = { $path } ({ $why })
left-out-copy = der Name ist der einer Kopie oder einer Datei, die noch geschrieben wird
left-out-packed = sie ist als Ganzes komprimiert und muss entpackt werden
left-out-empty = sie ist leer
source-own = { $source }: ausgelassen, weil dieses Programm sie selbst geschrieben hat: { $files }
content-list = eine Liste abwanderungsgefährdeter Kunden
content-scores = die Bewertungen eines Laufs
content-latest = das neueste Risiko jedes Kunden
content-features = eine Merkmalstabelle
content-details = die Details einer Liste
content-drivers = die Einflussfaktoren eines Modells
content-kpis = die Kennzahlen eines Laufs
content-figures = Zahlen der Überwachung
content-contributions = die Beiträge zu den Risiken einer Liste
source-disagree = { $source }: Ordner und Dateien widersprechen sich: { $columns }. Es gelten die Spalten der Dateien; wenn die Ordner recht haben, benennen Sie sie um
source-disagree-column = { $column } ist { $value } in { $path }
source-clocks = { $source }: Spalte { $column } enthält in { $instants } Zeitpunkte (mit Zeitzone, oder { "INT96" } in { "UTC" }) und in { $times } Zeiten ohne Zeitzone, die als Ortszeit von { $zone } gelesen werden; falls beide dasselbe meinen, liegen sie Stunden auseinander: Schreiben Sie sie einheitlich
source-copies = { $source }: Dateien sind Byte für Byte gleich, und ihre Zeilen zählen doppelt: { $files }; ist eine davon eine Kopie, verschieben Sie sie
source-copy = { $other } wie { $first }

# Kündigungen.
cancelled-one-day = Kündigungen: { $rows } von { $all } ({ $share }) sind von einem einzigen Tag, dem { $day }. Falls dieses Datum für „nicht gekündigt“ steht, schreiben Sie stattdessen { "null" }
cancelled-before-sign-up = Kündigungen: { $rows } von { $all } liegen vor der Anmeldung des Kunden. Sie gehören zu einem früheren Vertrag und zählen nicht; prüfen Sie, ob { "customers.signup" } der Tag ist, an dem Kunden kamen, und { "churn.time" } der Tag, an dem sie gingen
cancelled-end = Kündigungen: Die letzte ist vom { $last }. In den { $days } Tagen seither waren etwa { $expected } zu erwarten, und die längste Pause des Jahres davor dauerte { $longest ->
    [one] { $longest } Tag
   *[other] { $longest } Tage
}: Die Tabelle endet vermutlich dort
cancelled-end-scored = { $text }; wer seither gegangen ist, wird bewertet wie alle anderen

# Eine vorbereitete Tabelle.
table-infinite = { $column } enthält { $count ->
    [one] einen unendlichen Wert, der
   *[other] { $count } unendliche Werte, die
} als fehlend { $count ->
    [one] zählt
   *[other] zählen
}
table-too-large = { $column } enthält { $count ->
    [one] eine Zahl jenseits von 3,4e38, die
   *[other] { $count } Zahlen jenseits von 3,4e38, die
} als diese Grenze { $count ->
    [one] zählt
   *[other] zählen
}
table-names = { $column } hat { $levels } Ausprägungen in { $rows } Zeilen: eher ein Name als eine Ausprägung? Dann nehmen Sie die Spalte in { "table.ignore" } auf
table-value-unknown = { $column } ({ "table.value" }) ist in { $count } von { $rows } Zeilen nicht bekannt
table-value-negative = { $column } ({ "table.value" }) liegt in { $count } von { $rows } Zeilen unter 0; bei der Rangfolge nach erwartetem Verlust stehen solche Kunden am Ende

# Was die Signale von der Vergangenheit enthalten.
unknown-ids = Signal { $signal }: { $rows ->
    [one] { $rows } Zeile hat eine Kennung, die
   *[other] { $rows } Zeilen haben Kennungen, die
} in der Kundentabelle { $rows ->
    [one] fehlt
   *[other] fehlen
}
day-cut-off = die Zeilen vom { $day } enden vor { $time } Uhr, während an den gleichen Wochentagen davor { $later } der Zeilen später kamen: Es fehlen etwa { $missing } Zeilen
day-thin = der { $day } hat { $rows } von üblicherweise etwa { $usual } Zeilen
days-thin = die Tage vom { $first } bis { $last } haben { $rows } von üblicherweise etwa { $usual } Zeilen
day-quiet = { $text } ({ $share }). War es ein Feiertag, ist alles in Ordnung; andernfalls fehlen Zeilen
day-gap = Signal { $signal }: { $text }. War das ein Feiertag, ist alles in Ordnung; andernfalls laden Sie nach, was fehlt
signal-young = { $count ->
    [one] Signal { $signals } beginnt
   *[other] Signale { $signals } beginnen
} am { $first }: { $span ->
    [one] Der Rückblick
   *[other] An { $dates } von { $all } Stichtagen reicht der Rückblick
} ({ $days } Tage, das Doppelte des längsten Werts von { "features.windows_days" }) { $span ->
    [one] reicht weiter zurück
   *[other] weiter zurück
}. Zeitfenster, aus denen nichts erfasst ist, sind leer; teilweise erfasste zählen nur diesen Teil. Wählen Sie kürzere Zeitfenster oder spätere Stichtage, oder lassen Sie so junge Signale weg
signal-placeholder = Signal { $signal }: Kunde { $customer } hat { $rows } der Zeilen ({ $share }), der nächste { $next }. Falls diese Kennung für „unbekannt“ steht, lassen Sie ihre Zeilen weg, oder nehmen Sie sie aus der Kundentabelle

# Frühere Läufe.
earlier-left-out = der Lauf vom { $date } bleibt bei Status und Änderung unberücksichtigt: { $file } ist nicht verwendbar: { $why }. Bewerten Sie diesen Stichtag neu, oder verschieben Sie seinen Ordner
earlier-columns = es fehlt die Spalte { $columns }
earlier-none = mit keinem früheren Lauf wird verglichen: { $why }
earlier-revised = die Daten vom { $date } sind nicht mehr, was sie waren: { $revised } von { $customers } Kunden hätten an diesem Tag mit demselben Modell ein anderes Risiko. Zeilen kamen nachträglich hinzu oder sind verschwunden; Änderungen werden gegen die heutigen Daten angegeben

# Drift.
drift-not-measured = die Drift wird nicht gemessen: Modell { $model } enthält nicht, wie seine Trainingszeilen aussahen, weil eine ältere Programmversion es trainiert hat; trainieren Sie neu ({ "`churn train`" })
drift-broken = fehlerhafte Daten? { $text }
drift-told = Drift: { $text }
drift-rows = { $rows } Kunden werden bewertet, während der nächstgelegene Stichtag des Trainings { $usual } hat
drift-features = Signal { $signal }, { $count } Merkmale, etwa { $name }
drift-stopped = { $what }: streut nicht mehr: { $now } der Zeilen haben denselben Wert, im Training { $before }
drift-begun = { $what }: streut neuerdings: { $now } der Zeilen haben den Wert, den im Training { $before } hatten
drift-levels = { $what }: { $now } der Zeilen haben Ausprägungen, die es im Training nicht gab (dort { $before })
drift-missing = { $what }: fehlt in { $now } der Zeilen, im Training in { $before }
drift-changed = die Kunden sind anders verteilt als beim Training: { $columns }
drift-column = { $name } ({ $parts })
drift-psi = { "PSI" } { $psi }
drift-usual = zwischen Stichtagen des Trainings bis zu { $psi }
drift-log-odds = Logit { $moved }
drift-risk-unmoved = das mittlere Risiko beträgt { $now }, bei den Trainingszeilen { $before }; kein Einflussfaktor hat es bewegt
drift-risk-rose = das mittlere Risiko stieg von { $before } auf { $now }, Änderung des Logits: { $parts }
drift-risk-fell = das mittlere Risiko sank von { $before } auf { $now }, Änderung des Logits: { $parts }
drift-risk-stayed = das mittlere Risiko blieb von { $before } auf { $now }, Änderung des Logits: { $parts }
drift-concept = { $name } { $moved }
drift-others = übrige { $moved }
concept-of = { $subject } ({ $rows })
concept-tenure = Kundendauer
concept-untold = nicht genannte Spalten

# Eine Liste und ihre Bewertungen.
score-no-forecast = Modell { $model } wurde mit dem trainiert, was Kunden bis zum { $until } taten, und kennt daher, was nach dem { $date } kam: Diese Risiken sind keine Vorhersage. Trainieren Sie mit { "--as-of" } { $option }, um eine Liste zu erhalten, die damals möglich gewesen wäre
score-left-already = { $share } { $who ->
    [learned] der Kunden, von denen gelernt wird,
    [to-score] der zu bewertenden Kunden
   *[listed] der gelisteten Kunden
} hatten in den { $days } Tagen von Karenzzeit und Vorhersagezeitraum oder länger keine Zeile von { $signals }: Nach der Definition sind sie bereits abgewandert, was nichts Neues ist und die { "AUC" } schönt. Belassen Sie { "eligibility.active_within_days" } und { "eligibility.signals" } bei ihren Vorgaben
levels-none = { $column }: keine Zeile hat eine Ausprägung, während das Modell mit { $known } trainiert wurde
levels-unknown = { $column }: { $share } der Zeilen haben Ausprägungen, die das Modell nicht kennt und wie seltene behandelt: { $levels }; bekannt ist { $known }. Schreiben Sie Ausprägungen wie beim Training, oder trainieren Sie neu
playbook-pattern = { $key } passt zu keinem Code eines Grundes aus diesen Signalen und Spalten
playbook-code = { $key }: diesen Code eines Grundes gibt es bei diesen Signalen und Spalten nicht
playbook-code-meant = { $key }: diesen Code eines Grundes gibt es bei diesen Signalen und Spalten nicht; meinten Sie { $code }?
latest-lacks = in { "latest/risk.parquet" } fehlen { $customers } Kunden, die nicht mehr auf der Liste stehen: Ihre Kennungen sind im Lauf davor Texte und jetzt ganze Zahlen
latest-stale = die Liste ist veröffentlicht, aber { "latest/risk.parquet" } ist noch die vorige: { $why }; wiederholen Sie den Lauf
manifest-lacks = die Liste ist veröffentlicht, aber in ihrem Manifest fehlen die letzten Hinweise: { $why }

# Die Kennzahlen.
kpi-earlier-rows = Signal { $signal }: { $unusable } von { $all } Zeilen ab dem { $first } und vor dem { $end } sind nicht verwendbar ({ $reasons }); die Kennzahlen beruhen auf den übrigen
kpi-rows-with = { $rows }: { $reason }
kpi-no-segment = { "kpi.segments" } nennt { $column }, hier keine kategoriale Spalte; in den Kennzahlen fehlt sie
kpi-many-levels = { $column } hat { $levels } Ausprägungen, mehr als die { $most }, die ein Segment haben darf; in den Kennzahlen fehlt die Spalte. Nennen Sie andere in { "kpi.segments" }
kpi-scales = die Umfragen haben verschiedene Skalen für { $instrument }, daher gibt es { $measure } in den Kennzahlen nicht; der Anteil der Zufriedenen und die Leichtigkeit beruhen auf allen Umfragen
kpi-no-nps = in den Kennzahlen fehlt { "nps" }: Er ist für Werte von 0 bis 10 definiert, und { "`range`" } einer Umfrage sagt etwas anderes

# Zustellungen.
delivery-without-key = in der Zustellung { $name } fehlen { $customers } Kunden: Sie haben keinen Schlüssel oder denselben wie ein Kunde vor ihnen
delivery-older = die Zustellung { $name } enthält nichts vom { $date }: Die Liste vom { $newest } ist schon zugestellt, und eine ältere würde sie ersetzen
delivery-no-address = die Zustellung { $name } ist nicht gesendet: Die Variable { $variable } ist nicht gesetzt. Setzen Sie sie auf die Adresse, und wiederholen Sie mit { $command }
delivery-not-posted = die Zustellung { $name } ist nicht gesendet: { $why }. Die Nachricht liegt in { $file }; wiederholen Sie mit { $command }
delivery-failed = die Zustellung { $name } ist fehlgeschlagen: { $why }. Wiederholen Sie mit { $command }
delivery-still-lacks = der Zustellung { $name } fehlt noch die Liste vom { $date }: { $why }. Wiederholen Sie mit { $command }
delivery-not-noted = dass die Zustellung { $name } vom { $date } fehlgeschlagen ist, lässt sich für spätere Läufe nicht vermerken: { $why }
posting-answers = der Empfänger antwortet { $status }
posting-redirect = { $why }, und eine Nachricht folgt keiner Weiterleitung; berichtigen Sie die Adresse
posting-code = { $why } ({ $code })
posting-attempts = { $why } ({ $attempts ->
    [one] { $attempts } Versuch
   *[other] { $attempts } Versuche
})
posting-timeout = der Empfänger antwortet nicht rechtzeitig
posting-not-found = der Name des Empfängers ist unbekannt
posting-no-connection = es besteht keine Verbindung zum Empfänger
posting-refused = der Empfänger lehnt die Verbindung ab
posting-invalid = das Zertifikat des Empfängers oder seine Antwort ist ungültig
posting-cut = der Empfänger ist nicht erreichbar, oder die Verbindung ist abgebrochen
posting-no-http = die Antwort des Empfängers ist kein { "HTTP" } oder abgebrochen
posting-untrusted = der Empfänger hat kein vertrauenswürdiges Zertifikat
posting-no-address = die Adresse ist keine; berichtigen Sie die Variable
posting-no-proxy = der in der Umgebung genannte Proxy ist keiner
posting-unreachable = der Empfänger ist nicht erreichbar
posting-blanks = die Adresse enthält Leerzeichen
posting-insecure = die Adresse beginnt nicht mit { "https://" }, ohne das jeder unterwegs die Nachricht lesen könnte
posting-variable = { $why }; berichtigen Sie die Variable { $variable }

# Einstellungen ohne Wirkung.
unused-unless = { $key } hat nur Wirkung, wenn { $other } den Wert { $value } hat
unused-while = { $key } hat keine Wirkung, solange { $other } den Wert { $value } hat
unused-without = { $key } hat ohne { $other } keine Wirkung
unused-without-format = { $key } hat ohne { $formats } in { "publish.formats" } keine Wirkung
unused-by-kind = { $key } hat keine Wirkung: Diese Zustellung ist von der Art { $kind }
unused-of-event = { $key } ergibt kein Merkmal: Ein Signal der Art { "\"event\"" } hat keine Werte; machen Sie daraus { "\"amount\"" }
unused-scales = { $key } hat keine Wirkung: Nur ein Signal der Art { "\"survey\"" } hat Umfragearten
unused-scale = { $key } hat keine Wirkung: Laut { "instrument_name" } sind alle Antworten von der Art { $instrument }
unused-unit = { $key } hat keine Wirkung: Nur ein Signal der Art { "\"amount\"" } hat in Gründen eine Einheit

# Was über eine Anpassung zu wissen ist.
fit-not-converged = die Anpassung ist nicht konvergiert: nach { $iterations } Iterationen beträgt der Gradient { $gradient } und liegt nicht unter { $tolerance }; verlassen Sie sich nicht auf die Koeffizienten
fit-passes = die Anpassung ist nicht konvergiert: nach { $passes } Durchgängen beträgt der Gradient { $gradient } und liegt nicht unter { $tolerance }; erhöhen Sie { "model.alpha" }
fit-separates = { $columns }: { $count ->
    [one] trennt
   *[other] zusammen trennen sie
} { $who ->
    [all] alle Abgewanderten von allen anderen
   *[some] einige Kunden von den anderen
} ohne einen einzigen Fehler; { $penalty ->
    [yes] nur die Regularisierung hält die Wirkung endlich: Prüfen Sie, ob der Wert schon vor der vorhergesagten Abwanderung bekannt ist
   *[no] keine endliche Wirkung passt am besten: Setzen Sie { "model.alpha" } über 0, und prüfen Sie, ob der Wert schon vor der vorhergesagten Abwanderung bekannt ist
}
column-missing = { $name } (fehlend)
column-rare = { $name } (selten)
column-intercept = (Achsenabschnitt)
fit-collinear = { $columns }: aus den anderen Spalten berechenbar, daher lassen sich die Wirkungen nicht auseinanderhalten: Lassen Sie solche Spalten weg, oder setzen Sie { "model.alpha" } über 0
fit-inflated = { $count ->
    [one] { $count } Spalte hat ihre Aussage
   *[other] { $count } Spalten haben ihre Aussage
} größtenteils mit anderen gemeinsam (Varianzinflation bis { $most }: { $columns }); lesen Sie die Koeffizienten gemeinsam statt einzeln, oder verwenden Sie weniger Zeitfenster
fit-constant = { $columns }: { $count ->
    [one] derselbe Wert
   *[other] jeweils derselbe Wert
} in jeder Zeile, ohne jede Aussage
fit-nothing = kein Merkmal sagt über Kunden, die das Modell nicht kennt, mehr aus als der Anteil der Abgewanderten allein; das Modell hat daher keine Merkmale, und jeder Kunde hat dasselbe Risiko. Prüfen Sie Signale und Abwanderungsdefinition mit { "`churn check`" }, oder ergänzen Sie Signale
fit-bins = { $bins }: wie stark die Wirkung dort ist, bestimmt die Regularisierung und nicht die Daten. Prüfen Sie, ob die Spalte am Stichtag bekannt und keine Folge der Abwanderung ist; wenn ja, ergänzen Sie Vergangenheit, oder erhöhen Sie { "model.alpha" }
fit-bins-all = { $bins }
fit-bins-more = { $bins } ({ $more ->
    [one] { $more } weiterer solcher Bereich
   *[other] { $more } weitere solche Bereiche
})
fit-bin-none = von { $rows } Zeilen mit { $column } { $place } ist keine abgewandert
fit-bin-all = von { $rows } Zeilen mit { $column } { $place } ist jede abgewandert
bin-missing = ohne Wert
bin-present = mit Wert
bin-above = über { $low }
bin-up-to = bis { $high }
bin-between = über { $low } bis { $high }
bin-rare = in seltener Ausprägung
fit-flat = die Zeilen geben { $count ->
    [one] einem Merkmal
   *[other] einigen Merkmalen
} in der verlangten Richtung keine Wirkung, daher bleibt davon nichts übrig: { $columns }. Vielleicht sagen andere Zeitfenster desselben Signals schon alles; ist die Richtung falsch, berichtigen Sie { "model.rises_with" } und { "model.falls_with" }, oder nennen Sie das Merkmal oder sein Signal in { "model.unconstrained" }
fit-certificate = die Gegenprobe der Koeffizienten ist gescheitert: { "linfa-logistic" } fand bessere als der Löser des Programms ({ $found }). Vergleichen Sie das Modell mit dem vorigen ({ "`churn models compare`" }), bevor Sie sich darauf verlassen; ein größeres { "model.alpha" } macht die Lösung leichter auffindbar
certificate-differs = nicht bestätigt: { "linfa-logistic" } begann in einem Abstand von { $start } von der Lösung und endete in einem Abstand von { $end }, wo der Verlust um { $excess } niedriger ist
certificate-rows = { $text } (an { $rows } Zeilen; ihre Logits unterscheiden sich um höchstens { $most })
certificate-columns = { $text } (an { $rows } Zeilen und { $checked } von { $all } Spalten, da die übrigen Koeffizienten auf 0 gehalten sind; die Logits unterscheiden sich um höchstens { $most })
fit-no-time-split = eine zeitliche Aufteilung war nicht möglich: Die Zeilen haben keine Stichtage oder alle denselben. Die Gütemaße gelten für Kunden, die das Modell nicht kennt, aber aus derselben Zeit; bei späteren Kunden kann es schlechter sein

# Was über eine Bewertung des Modells zu wissen ist.
interval-of = { $estimate } ({ $low } bis { $high })
quality-one-kind = { $churners } von { $rows } zurückgehaltenen Zeilen sind abgewandert, zu wenige einer Art, um die Güte des Modells zu beurteilen; ergänzen Sie zurückgehaltene Stichtage
quality-no-signal = es gibt kein Signal: Die { "AUC" } von { $auc } an ungesehenen Zeilen lässt sich nicht vom Zufallswert 0,5 unterscheiden. Handeln Sie nicht nach Listen dieses Modells; prüfen Sie, ob Zielwerte und Signale zu denselben Kunden und Tagen gehören, oder ergänzen Sie Signale
quality-few = nur { $churners } zurückgehaltene Zeilen sind abgewandert, daher sind die Intervalle breit; ergänzen Sie zurückgehaltene Stichtage, um mehr zu wissen
quality-baseline = es ist nicht belegt, dass das Modell besser ordnet als { $baseline } allein ({ "AUC" } { $gain })
quality-understated = das Risiko ist insgesamt um { $off } zu niedrig angegeben: { $risk } vorhergesagt, { $churn } abgewandert. Die Grundrate hat sich seit den Stichtagen des Trainings verschoben
quality-overstated = das Risiko ist insgesamt um { $off } zu hoch angegeben: { $risk } vorhergesagt, { $churn } abgewandert. Die Grundrate hat sich seit den Stichtagen des Trainings verschoben
quality-extreme = die Risiken sind zu extrem: Kalibrierungssteigung { $slope }, richtig wäre 1
quality-timid = die Risiken sind zu zaghaft: Kalibrierungssteigung { $slope }, richtig wäre 1
quality-group = { $by } { $level }: { $concern }
level-band = { $band }
quality-groups = { $count } { $count ->
    [one] weitere Gruppe wird
   *[other] weitere Gruppen werden
} ebenfalls schlecht beurteilt: siehe die Segmente in { "`churn models show`" }
group-ranks-worse = schlechtere Rangfolge: { "AUC" } { $auc } gegenüber { $all } insgesamt
group-understated = das Risiko ist hier stärker als anderswo zu niedrig angegeben: { $risk } vorhergesagt, { $churn } abgewandert
group-overstated = das Risiko ist hier stärker als anderswo zu hoch angegeben: { $risk } vorhergesagt, { $churn } abgewandert
