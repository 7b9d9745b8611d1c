# Der Bericht.
report-title = Abwanderungsgefährdete Kunden, { $date }
report-heading = Abwanderungsgefährdete Kunden
report-as-of = Stichtag { $date }
report-skip = Zur Liste springen
report-pages = Seiten
report-made-by = Erstellt von { $program } mit Modell { $model }. Alle Zahlen stehen auch in den Dateien neben dieser Seite.

page-list = Liste
page-drivers = Einflussfaktoren
page-measures = Kennzahlen
page-model = Modell
page-data = Daten

fact-listed = Auf der Liste
fact-listed-of = { $listed } von { $eligible } Kunden
fact-expected = Erwartete Abgänge
fact-expected-of = { $expected } der gelisteten, { $all } aller Kunden
fact-mean = Mittleres Risiko
fact-mean-of = { $listed } auf der Liste, { $all } insgesamt
fact-value = Wert der Gelisteten
fact-value-of = { $listed } im Monat, wenn alle kündigten
fact-control = Kontrollgruppe
fact-control-of = { $control ->
    [one] { $control } Kunde wird nicht kontaktiert
   *[other] { $control } Kunden werden nicht kontaktiert
}
fact-predicts = Vorhergesagt wird
warnings = { $count ->
    [one] Hinweis
   *[other] Hinweise ({ $count })
}

# Die Liste.
list-caption = Abwanderungsgefährdete Kunden, höchster Rang zuerst
list-section = Zeilen { $from } bis { $to }
list-empty = Niemand steht auf der Liste.
list-shown = { $shown } von { $all } { $all ->
    [one] Kunde
   *[other] Kunden
} angezeigt
list-search = Suche
list-search-hint = Kunde, Betreuer, Grund …
list-any = alle
list-open-all = Alle Details öffnen
list-close-all = Alle Details schließen
list-reset = Alle anzeigen
list-none = Kein Kunde entspricht der Auswahl.

column-rank = Rang
column-customer = Kunde
column-risk = Risiko
column-tier = Risikostufe
column-change-1 = Änderung, 1 Tag
column-change-7 = Änderung, 7 Tage
column-change-28 = Änderung, 28 Tage
column-history = Letzte Läufe
column-value = Wert pro Monat
column-contract = Vertrag endet in
column-reasons = Gründe
column-action = Maßnahme
column-group = Gruppe
column-status = Status
column-reason = Grund

unit-points = { $points } PP
unit-days = { $days ->
    [one] { $days } Tag
   *[other] { $days } Tagen
}
history-title = Risiko { $runs ->
    [one] im letzten Lauf
   *[other] in den letzten { $runs } Läufen
}: { $first } am { $from }, { $last } am { $to }
history-once = Risiko { $last } am { $to }, erster Lauf
protects = Risikosenkend: { $text }
action-due = bis { $date }
action-owner = { $owner }
details = Details
details-of = Details zu { $customer }
contributions-title = Von der Referenz zum Logit dieses Kunden
contributions-caption = Was das Risiko von { $customer } bewegt
contributions-reference = Referenz
contributions-total = Dieser Kunde
contributions-what = Grund
contributions-text = In den Zahlen des Kunden
contributions-by = Logit
weeks-caption = Zeilen je Woche in { $weeks ->
    [one] der Woche
   *[other] den { $weeks } Wochen
} vor dem { $date }, die älteste zuerst
answers-caption = Letzte Antworten auf Umfragen
days-listed = Seit { $days ->
    [one] { $days } Tag
   *[other] { $days } Tagen
} auf der Liste
before = Zuvor: Rang { $rank }, Risiko { $risk }

tier-critical = kritisch
tier-high = hoch
tier-medium = mittel
tier-low = niedrig
group-contact = Kontakt
group-control = Kontrolle
status-new = neu
status-up = gestiegen
status-down = gefallen
status-same = unverändert
status-returned = wieder da
status-left = nicht mehr auf der Liste

# Die Einflussfaktoren.
drivers-list = Warum Kunden auf dieser Liste stehen
drivers-list-caption = Erste Gründe der gelisteten Kunden, der häufigste zuerst
drivers-code = Grund
drivers-first = Als erster Grund
drivers-any = Unter den Gründen
drivers-share = Anteil
drivers-before = Anteil im Lauf davor
drivers-change = Änderung
drivers-example = Beispiel
drivers-population = Was das Risiko aller Kunden erhöht
drivers-how = Werte über null erhöhen das Risiko, Werte unter null senken es; das Band enthält in 95 von 100 Fällen den wahren Wert. Die stärksten stehen vorn.
drivers-curve-title = { $feature }: Wirkung auf das Logit von { $low } bis { $high }
drivers-table = Die Zahlen
drivers-level = Ausprägung
drivers-effect = Wirkung
drivers-band = 95-%-Band
drivers-missing = kein Wert
drivers-rare = andere Ausprägungen
drivers-interactions = Paare, die zusammen wirken
drivers-pair = Paar
drivers-spread = Streuung
drivers-coefficients = Wirkung der Spalten
drivers-column = Spalte
drivers-none = Dieser Lauf wurde ohne Einflussfaktoren veröffentlicht.

feature-count = { $signal }: Anzahl in { $days } Tagen
feature-active_days = { $signal }: aktive Tage in { $days } Tagen
feature-days_since_last = { $signal }: Tage seit dem letzten Mal
feature-trend = { $signal }: Trend über { $days } Tage
feature-mean_gap = { $signal }: mittlerer Abstand in Tagen, { $days } Tage
feature-sum = { $signal }: Summe in { $days } Tagen
feature-mean = { $signal }: Mittelwert in { $days } Tagen
feature-categories = { $signal }: genutzte Arten in { $days } Tagen
feature-negative_share = { $signal }: Anteil negativer Stimmung in { $days } Tagen
feature-survey_last = { $instrument } in { $signal }: letzte Antwort
feature-survey_mean = { $instrument } in { $signal }: mittlere Antwort
feature-survey_change = { $instrument } in { $signal }: Änderung der letzten Antwort
feature-survey_days_since_last = { $instrument } in { $signal }: Tage seit der letzten Antwort
feature-tenure = Tage seit der Anmeldung

# Die Kennzahlen.
measures-how = Eine Definition für alle Produktlinien, Kanäle und Segmente. Quoten und Werte mit 95-%-Intervallen; n ist die Zahl der Kunden oder Antworten.
measures-none = Dieser Lauf wurde ohne Kennzahlen veröffentlicht.
measures-period = Zeitraum
measures-value = Wert
measures-interval = 95-%-Intervall
measures-n = n
measures-running = bisher
measures-by-segment = Nach Segment, { $period }
measures-segment = Segment
measures-level = Ausprägung
measures-more = { $count ->
    [one] Eine weitere Ausprägung steht in kpis.parquet.
   *[other] { $count } weitere Ausprägungen stehen in kpis.parquet.
}
measures-chart = { $measure } von { $from } bis { $to }
measure-churn_rate = Abwanderungsquote
measure-retention_rate = Bindungsquote
measure-customers_end_to_start = Kunden am Ende zu Kunden am Anfang
measure-nps = NPS
measure-csat_mean = CSAT, Mittelwert
measure-csat_satisfied_share = CSAT, Zufriedene
measure-ces_mean = CES, Mittelwert
measure-ces_ease = CES, Leichtigkeit
measure-active_share = Aktive Kunden
measure-mean_risk = Mittleres Risiko
measure-expected_churners = Erwartete Abgänge
measure-value_at_risk = Erwarteter Verlust im Monat, alle Kunden
measure-per_customer = { $signal } pro Kunde

# Das Modell.
model-facts = Das Modell
model-version = Version
model-trained = Trainiert am
model-form = Form
model-form-curves = logistische Regression mit Kurven und Wechselwirkungen
model-form-linear = lineare logistische Regression
model-fitted = Angepasst an
model-fitted-on = { $rows } Zeilen, davon { $churners } abgewandert
model-snapshots = Stichtage
model-held-out = Zurückgehalten
model-quality = Wie gut es ist
model-quality-on = An { $rows } zurückgehaltenen Zeilen, davon { $churners } abgewandert, mit einem Modell, das sie nicht kannte.
model-quality-none = Es wurden keine Zeilen zurückgehalten, daher ist über die Güte nichts bekannt.
model-metric = Gütemaß
model-interval = 95-%-Intervall
model-baseline = Nur { $baseline }
model-calibration = Treffen die Risiken zu?
model-calibration-title = Vorhergesagtes Risiko gegen den Anteil der Abgewanderten, in gleich großen Gruppen
model-predicted = Vorhergesagt
model-observed = Abgewandert
model-rows = Zeilen
model-gains = Wie viele Abwandernde eine Liste findet
model-gains-title = Anteil aller gefundenen Abwandernden nach Tiefe der Liste
model-depth = Tiefe der Liste
model-found = Gefundene Abwandernde
model-precision = Abwanderung darunter
model-lift = Lift
model-segments = Gruppe für Gruppe
model-group = Gruppe
model-churn = Abwanderung
model-gap = Abwanderung minus Vorhersage
model-small = zu wenige für ein Urteil
model-advice = Was vor der Nutzung zu wissen ist
model-none = Dieser Lauf wurde ohne die Zahlen seines Modells veröffentlicht.
metric-base_rate = Grundrate
metric-roc_auc = ROC-AUC
metric-average_precision = Mittlere Präzision
metric-top_decile_lift = Lift des obersten Zehntels
metric-lift_at_capacity = Lift der ersten { $count }
metric-log_loss = Logarithmischer Verlust
metric-brier = Brier-Score
metric-ece = Kalibrierungsfehler (ECE)
data-coverage = Was erfasst ist
data-coverage-caption = Erster und letzter Tag jeder Quelle vor dem { $date }, und von wem sie Zeilen hat
data-first-day = Erster Tag
data-last-day = Letzter Tag
data-customers-share = Kunden mit einer Zeile
data-days-caption = Zeilen der letzten Tage; in Klammern, was an diesem Wochentag üblich ist
data-usual = { $rows } ({ $usual })
data-churn = Kündigungen
data-churn-ended = Keine Kündigung seit { $last }, seit { $days ->
    [one] einem Tag
   *[other] { $days } Tagen
}; { $expected } waren zu erwarten. Die Tabelle endet vielleicht dort.

# Die Daten.
data-sources-caption = Zeilen je Signal und die jeweils neueste
data-source = Quelle
data-files = Dateien
data-read = Gelesene Zeilen
data-used = Verwendet
data-before = Vor dem Rückblick
data-future = Am Stichtag oder danach
data-newest = Neueste Zeile
data-quarantine = Nicht verwendbare Zeilen
data-quarantine-none = Alle Zeilen waren verwendbar.
data-reason = Grund
data-rows = Zeilen
data-excluded = Kunden ohne Bewertung
data-excluded-none = Alle Kunden sind bewertet.
data-customers = Kunden
data-published = Dateien dieses Laufs
data-file = Datei

# Die Arbeitsmappe.
sheet-list = Liste
sheet-measures = Kennzahlen
sheet-columns = Spalten
sheet-history = Letzte Läufe
sheet-column = Spalte
sheet-meaning = Bedeutung
sheet-copied = Aus Ihrer eigenen Tabelle übernommen

# Was die Spalten bedeuten.
meaning-as_of = der Stichtag der Liste
meaning-rank = 1 steht an erster Stelle
meaning-customer_id = der Kunde
meaning-churn_probability = kalibrierte Wahrscheinlichkeit der Abwanderung im Vorhersagezeitraum, der nach der Karenzzeit beginnt
meaning-log_odds = der Wert des Modells vor der Kalibrierung
meaning-risk_tier = critical (kritisch): oberstes 1 % der bewerteten Kunden; high (hoch): oberste 5 %; medium (mittel): oberste 20 %; low (niedrig): die übrigen
meaning-percentile = Anteil der bewerteten Kunden in Prozent, vor oder gleichauf mit denen dieser Kunde steht: 100 für den ersten
meaning-value_at_risk = die Spalte customers.value, unverändert; leer, wenn es keine gibt
meaning-group = contact (Kontakt) oder control (Kontrolle); leer für Kunden, die nicht auf der Liste stehen
meaning-listed = ob der Kunde auf der neuesten Liste steht
meaning-reason_code = der Code dessen, was das Risiko am meisten, am zweit-, dritt- und viertmeisten erhöht; leer, wenn es keinen solchen Grund gibt
meaning-reason_text = dasselbe als Satz in den Zahlen des Kunden
meaning-reason_contribution = um wie viel, als Logit über der Referenz
meaning-protective_1_code = der Code dessen, was das Risiko am meisten senkt
meaning-protective_1_text = dasselbe als Satz
meaning-protective_1_contribution = um wie viel, als Logit; negativ
meaning-status = wie der Kunde zu den früheren Listen steht: new (neu), up (besserer Rang), down (schlechterer Rang), same (unverändert), returned (war auf einer früheren, nicht auf der letzten)
meaning-previous_rank = der Rang im letzten früheren Lauf, ob gelistet oder nicht
meaning-previous_probability = die Wahrscheinlichkeit im letzten früheren Lauf, ob gelistet oder nicht
meaning-probability_change = jetzt minus damals
meaning-change_reason_text = was das Risiko seit dem letzten früheren Lauf bewegt hat, in den Zahlen des Kunden
meaning-days_listed = Kalendertage ohne Unterbrechung auf der Liste; 1 für einen neuen Kunden
meaning-model_version = das Modell, von dem die Bewertungen stammen
meaning-probability_change_28d = die Wahrscheinlichkeit minus die des neuesten Laufs vor 28 bis 35 Tagen; leer ohne einen solchen oder wenn er den Kunden nicht bewertet hat
meaning-days_to_contract_end = Tage vom Stichtag der Liste bis customers.end; leer ohne Angabe
meaning-action = was laut Maßnahmenplan zu tun ist; leer für die Kontrollgruppe und wenn kein Grund einen Eintrag hat
meaning-action_owner = wer es tut
meaning-action_due = bis wann, als Datum
meaning-control_key = list.control_key; leer, wenn nicht gesetzt
meaning-change_data_log_odds = wie weit neue Daten das Logit seit dem letzten früheren Lauf bewegt haben; leer, wenn dieser den Kunden nicht bewertet hat
meaning-change_model_log_odds = wie weit ein anderes Modell es bewegt hat; mit der Spalte davor ergibt sich die Änderung des Logits
meaning-improvement_text = einzelne Änderungen, mit denen das Modell den Kunden unterhalb der Liste einordnen würde
meaning-contact_effect = um wie viel ein Kontakt die Wahrscheinlichkeit zu gehen voraussichtlich senkt
meaning-expected_saving = was ein Kontakt nach den Einstellungen der Wirtschaftlichkeit voraussichtlich einbringt

# Warum ein Kunde nicht bewertet ist und eine Zeile nicht verwendbar war.
exclusion-not_yet_signed_up = noch nicht angemeldet
exclusion-churned_before = schon abgewandert
exclusion-gave_notice = bereits gekündigt
exclusion-contract_not_running = ohne laufenden Vertrag
exclusion-tenure_too_short = zu neu
exclusion-inactive = zu lange inaktiv
exclusion-contract_ends_in_window = Vertrag läuft im Vorhersagezeitraum aus
exclusion-churned_in_gap = in der Karenzzeit abgewandert
quarantine-null_id = ohne Kennung
quarantine-null_time = ohne Zeitpunkt
quarantine-unknown_customer = Kennung fehlt in der Kundentabelle
quarantine-non_finite = kein endlicher Wert
quarantine-out_of_scale = Wert außerhalb der Skala
quarantine-unknown_instrument = unbekannte Umfrageart
quarantine-duplicate = genaues Duplikat
quarantine-duplicate_id = doppelte Kennung
quarantine-too_large = eine Zahl jenseits von 3,4e38

# Wörter, mit denen die Zahlen eines Modells gespeichert sind.
baseline-days_since_last_activity = Tage seit der letzten Aktivität
baseline-the_base_rate = die Grundrate
segment-tenure = Kundendauer
segment-signals_seen = beobachtete Signale
band-under_90_days = unter 90 Tagen
band-90_days_to_a_year = 90 Tage bis ein Jahr
band-the_second_year = das zweite Jahr
band-two_to_four_years = zwei bis vier Jahre
band-over_four_years = über vier Jahre
level-missing = (ohne Angabe)
level-of = { $count } von { $all }
level-others = ({ $count } weitere)

# Was Abwanderung ist.
churn-cancellation = eine Kündigung innerhalb von { $horizon ->
    [one] { $horizon } Tag
   *[other] { $horizon } Tagen
} nach einer Karenzzeit von { $gap ->
    [one] { $gap } Tag
   *[other] { $gap } Tagen
}
churn-silence = { $horizon ->
    [one] { $horizon } Tag
   *[other] { $horizon } Tage
} ohne { $signals } nach einer Karenzzeit von { $gap ->
    [one] { $gap } Tag
   *[other] { $gap } Tagen
}
churn-label = Spalte „{ $column }“ einer vorbereiteten Tabelle

# Die Zusammenfassung, die `churn score` ausgibt.
summary-title = Risikoliste vom { $date }  (Modell { $model }, { $rows } { $rows ->
    [one] Zeile
   *[other] Zeilen
} gelesen, { $quarantine } in Quarantäne, { $seconds } s)
summary-population = { $date }: { $eligible } bewertet; ausgeschlossen: { $excluded }
summary-excluded = { $reason } ({ $count })
summary-nobody = niemand
summary-listed = { $listed } gelistet, davon { $control } als Kontrollgruppe nicht kontaktiert; mittleres Risiko { $risk }
summary-since = seit { $date }: { $new } neu, { $returned } wieder da, { $left } nicht mehr auf der Liste
summary-silent = von den gelisteten ohne { $signals }: { $shares }
summary-silent-any = von den gelisteten ohne jedes Signal: { $shares }
summary-silent-first = { $share } seit { $days } oder mehr Tagen
summary-silent-more = { $share } seit { $days }
summary-silent-none = niemand
summary-quality = an zurückgehaltenen Zeilen: AUC { $auc }, das riskanteste Zehntel wanderte { $lift }-mal so oft ab wie alle
summary-rank = Rang
summary-customer = Kunde
summary-risk = Risiko
summary-value = Wert
summary-group = Gruppe
summary-status = Status
summary-reasons = Gründe
summary-no-reason = kein einzelner Grund sticht hervor
summary-files = Dateien in { $folder }:
summary-rows = { $rows } { $rows ->
    [one] Zeile
   *[other] Zeilen
}
summary-file-count = { $files } { $files ->
    [one] Datei
   *[other] Dateien
}
summary-manifest = was gelesen, entschieden und geschrieben wurde
summary-latest = Daneben: latest/risk.parquet, das neueste Risiko jedes Kunden

# Was eine Kontrollgruppe zeigen kann.
power-none = Ohne Kontrollgruppe (list.control_fraction = 0) lässt sich keine Wirkung zeigen. { $share }
power-smallest = Die kleinste Wirkung, die eine Kontrollgruppe von { $fraction } zeigen kann, wenn { $churn } der gelisteten abwandern: { $after }
power-points = { $points } Prozentpunkte
power-nothing = keine
power-after = { $effect } nach { $months ->
    [one] { $months } Monat
   *[other] { $months } Monaten
} ({ $customers } Kunden, davon { $control } Kontrolle)
power-little = Bei so geringer Abwanderung spart keine Ansprache 5 Prozentpunkte.
power-share = Ein Kontrollanteil von { $share } würde 5 Prozentpunkte nach { $months ->
    [one] { $months } Monat
   *[other] { $months } Monaten
} zeigen.
power-no-share = Kein Kontrollanteil zeigt 5 Prozentpunkte innerhalb von 6 Monaten; dazu braucht es eine längere Liste.
power-lists = Kunden kommen hinzu wie auf den { $lists } Listen der letzten { $days } Tage.
power-assumed = Annahme, bis Listen vier Wochen umspannen: Alle auf einer Liste werden innerhalb von { $days } Tagen ersetzt.

# Zwischen den Teilen einer Aufzählung und zwischen Sätzen.
comma = { ", " }
sentence-space = { " " }
