# Between two names of which one is enough, and where not all are named.
or = { " or " }
and-more = { $list } and { $more } more
of-signal = signal { $signal }: { $text }
any-signal = any signal

# Files and tables.
source-signal = signal { $name }
source-customers = customers
source-churn = churn
source-prepared_table = prepared table
source-again = { $source }: what is found more than once counts once: { $files }
source-again-file = { $path } (which is { $first })
source-left-out = { $source }: files that are left out: { $files }
source-file-why = { $path } ({ $why })
left-out-copy = its name is that of a copy, or of a file that is still being written
left-out-packed = it is compressed as a whole; unpack it
left-out-empty = it is empty
source-own = { $source }: left out, as this program wrote them itself: { $files }
content-list = a list of customers at risk
content-scores = the scores of a run
content-latest = the newest risk of every customer
content-features = a feature table
content-details = the details of a list
content-drivers = the drivers of a model
content-kpis = the measures of a run
content-figures = figures of monitoring
content-contributions = the contributions to the risks of a list
source-disagree = { $source }: folders and files disagree: { $columns }. The files' columns count; rename the folders if these are right
source-disagree-column = { $column } is { $value } in { $path }
source-clocks = { $source }: column { $column } holds instants in { $instants } (a zone, or INT96, which is UTC) and times without a zone in { $times }, which are read as those of { $zone }; if both mean the same, they are hours apart: write them alike
source-copies = { $source }: files are the same byte for byte, and their rows count twice: { $files }; if one is a copy, move it away
source-copy = { $other } as { $first }

# Cancellations.
cancelled-one-day = churn: { $rows } of { $all } cancellations ({ $share }) are of one day, { $day }. If that date stands for "has not left", write null in its place
cancelled-before-sign-up = churn: { $rows } of { $all } cancellations are dated before the sign-up of their customers. Those are of an earlier stay and do not count; check that customers.signup is the day on which customers came, and churn.time the day on which they left
cancelled-end = churn: cancellations end on { $last }. In the { $days } days since then about { $expected } were to be expected, and the longest silence of the year before had { $longest } days: the table seems to end there
cancelled-end-scored = { $text }; who has left since is scored like anybody

# A prepared table.
table-infinite = { $column } holds { $count } infinite values, which count as missing
table-too-large = { $column } holds { $count } numbers beyond 3.4e38, which count as that
table-names = { $column } has { $levels } levels in { $rows } rows: a name rather than a level? If so, add it to table.ignore
table-value-unknown = { $column } (table.value) is not known in { $count } of { $rows } rows
table-value-negative = { $column } (table.value) is below 0 in { $count } of { $rows } rows; ranked by expected loss, such customers come last

# What signals hold of the past.
unknown-ids = signal { $signal }: { $rows } rows are of ids that the customers table lacks
day-cut-off = the rows of { $day } end before { $time }, and the same weekdays before have { $later } of theirs later: about { $missing } rows are missing
day-thin = { $day } has { $rows } of about { $usual } usual rows
days-thin = the days from { $first } to { $last } have { $rows } of about { $usual } usual rows
day-quiet = { $text } ({ $share }). If it was a holiday, all is well; if not, rows are missing
day-gap = signal { $signal }: { $text }. If that was a holiday, all is well; if not, load what is missing
signal-young = { $count ->
    [one] signal { $signals } begins
   *[other] signals { $signals } begin
} on { $first }: { $span ->
    [one] the look-back
   *[other] the look-back of { $dates } of { $all } dates
} ({ $days } days, twice the longest of features.windows_days) reaches to days before that. Windows of which nothing was recorded are null, and those of which a part was count that part. Choose shorter windows or later dates, or leave what is so young out
signal-placeholder = signal { $signal }: customer { $customer } has { $rows } of the rows ({ $share }), and the next one { $next }. If this id stands for "unknown", leave its rows out, or take it out of the customers table

# Earlier runs.
earlier-left-out = the run of { $date } is left out of status and change: { $file } cannot be used: { $why }. Score that date again, or move its folder away
earlier-columns = it has no column { $columns }
earlier-none = no earlier run is compared with: { $why }
earlier-revised = the data of { $date } are not what they were: { $revised } of { $customers } customers would have another risk of that date under the same model. Rows have come late, or are gone; what has changed is told against the data as they are now

# Drift.
drift-not-measured = drift is not measured: model { $model } does not keep what its training rows were like, since an older version of the program trained it; train again (`churn train`)
drift-broken = broken data? { $text }
drift-told = drift: { $text }
drift-rows = { $rows } customers are scored, where the nearest training snapshot has { $usual }
drift-features = signal { $signal }, { $count } features, such as { $name }
drift-stopped = { $what } has stopped to vary: { $now } of the rows have one value, in the training { $before }
drift-begun = { $what } has begun to vary: { $now } of the rows have the one value of { $before } in the training
drift-levels = { $what }: { $now } of the rows have levels that the training did not have (there { $before })
drift-missing = { $what } is missing in { $now } of the rows, in the training in { $before }
drift-changed = customers are distributed otherwise than at the training: { $columns }
drift-column = { $name } ({ $parts })
drift-psi = PSI { $psi }
drift-usual = between training snapshots up to { $psi }
drift-log-odds = { $moved } log-odds
drift-risk-unmoved = mean risk is { $now }, of the training rows { $before }; no concept has moved it
drift-risk-rose = mean risk rose from { $before } to { $now }: { $parts } log-odds
drift-risk-fell = mean risk fell from { $before } to { $now }: { $parts } log-odds
drift-risk-stayed = mean risk stayed from { $before } to { $now }: { $parts } log-odds
drift-concept = { $name } { $moved }
drift-others = others { $moved }
concept-of = { $subject } of { $rows }
concept-tenure = tenure days
concept-untold = what is not told

# A list and its scores.
score-no-forecast = model { $model } was trained on what customers did until { $until }, so it has seen what came after { $date }: these risks are no forecast. Train with --as-of { $option } for a list that could have been made then
score-left-already = { $share } of { $who ->
    [learned] the customers learned from
    [to-score] the customers to score
   *[listed] the listed customers
} have had no row of { $signals } for the { $days } days of gap and horizon or longer: by the definition they have left already, which is no news and flatters the AUC. Leave eligibility.active_within_days and eligibility.signals to their defaults
levels-none = { $column }: no row has a level, where the model was trained on { $known }
levels-unknown = { $column }: { $share } of the rows have levels that the model does not know, and that it takes for rare ones: { $levels }; it knows { $known }. Write levels as they were written for the training, or train again
playbook-pattern = { $key } matches no reason code of these signals and columns
playbook-code = { $key }: there is no such reason code of these signals and columns
playbook-code-meant = { $key }: there is no such reason code of these signals and columns; did you mean { $code }?
latest-lacks = latest/risk.parquet lacks { $customers } customers who have left the list: their ids are texts in the run before, and integers now
latest-stale = the list is published, but latest/risk.parquet is still that of before: { $why }; run it again
manifest-lacks = the list is published, but its manifest lacks the last warnings: { $why }

# The measures.
kpi-earlier-rows = signal { $signal }: { $unusable } of { $all } rows from { $first } on and before { $end } cannot be used ({ $reasons }); the measures are of the others
kpi-rows-with = { $rows } with { $reason }
kpi-no-segment = kpi.segments names { $column }, which is no categorical column here; the measures leave it out
kpi-many-levels = { $column } has { $levels } levels, more than the { $most } that a segment may have; the measures leave it out. Name others with kpi.segments
kpi-scales = the surveys have different scales for { $instrument }, so that the measures have no { $measure }; the share of satisfied answers and the ease are of all of them
kpi-no-nps = the measures have no nps: it is defined on scores from 0 to 10, and the `range` of a survey says otherwise

# Deliveries.
delivery-without-key = delivery { $name } lacks { $customers } customers: they have no key, or the same one as a customer before them
delivery-older = delivery { $name } has nothing of { $date }: the list of { $newest } has been delivered, and an older one would take its place
delivery-no-address = delivery { $name } is not posted: the variable { $variable } is not set. Set it to the address, and repeat with { $command }
delivery-not-posted = delivery { $name } is not posted: { $why }. The message is kept in { $file }; repeat with { $command }
delivery-failed = delivery { $name } failed: { $why }. Repeat with { $command }
delivery-still-lacks = delivery { $name } still lacks the list of { $date }: { $why }. Repeat with { $command }
delivery-not-noted = that delivery { $name } of { $date } failed cannot be noted for later runs: { $why }
posting-answers = the receiver answers { $status }
posting-redirect = { $why }, and a message follows no redirect; correct the address
posting-code = { $why } ({ $code })
posting-attempts = { $why } ({ $attempts } attempts)
posting-timeout = the receiver does not answer in time
posting-not-found = the receiver's name is not found
posting-no-connection = there is no connection to the receiver
posting-refused = the receiver refuses the connection
posting-invalid = the receiver's certificate or its answer is not valid
posting-cut = the receiver is not reached, or the connection is cut
posting-no-http = the receiver's answer is no HTTP, or is cut
posting-untrusted = the receiver has no certificate that is trusted
posting-no-address = its address is not one; correct the variable
posting-no-proxy = the proxy that the environment names is not one
posting-unreachable = the receiver cannot be reached
posting-blanks = its address has blanks in it
posting-insecure = its address does not begin with https://, without which everybody on the way could read the message
posting-variable = { $why }; correct the variable { $variable }

# Settings that have no effect.
unused-unless = { $key } has no effect unless { $other } is { $value }
unused-while = { $key } has no effect while { $other } is { $value }
unused-without = { $key } has no effect without { $other }
unused-without-format = { $key } has no effect without { $formats } in publish.formats
unused-by-kind = { $key } has no effect: this delivery is of kind { $kind }
unused-of-event = { $key } gives no feature: a signal of kind "event" has no values; make it an "amount"
unused-scales = { $key } has no effect: only a signal of kind "survey" has instruments
unused-scale = { $key } has no effect: instrument_name says that all answers are { $instrument }
unused-unit = { $key } has no effect: only a signal of kind "amount" has a unit in reasons

# What to know of a fit.
fit-not-converged = the fit did not converge: after { $iterations } iterations the gradient is { $gradient }, not below { $tolerance }; do not rely on its coefficients
fit-passes = the fit did not converge: after { $passes } passes its gradient is { $gradient }, not below { $tolerance }; raise model.alpha
fit-separates = { $columns } { $count ->
    [one] tells
   *[other] tell
} { $who ->
    [all] all churners from all others
   *[some] some customers apart
} without a single error; { $penalty ->
    [yes] only the penalty keeps its effect finite: check that it is known before the churn it predicts
   *[no] no finite effect fits best: set model.alpha above 0, and check that it is known before the churn it predicts
}
column-missing = { $name } is missing
column-rare = { $name } is rare
column-intercept = (intercept)
fit-collinear = { $columns } can be computed from the other columns, so the effects cannot be told apart: drop them or set model.alpha above 0
fit-inflated = { $count } columns share most of what they say with others (variance inflation up to { $most }: { $columns }); read their coefficients together, not one by one, or keep fewer windows
fit-constant = { $columns } { $count ->
    [one] has
   *[other] have
} the same value in every row and tells nothing
fit-nothing = no feature says more about customers whom the model has not seen than the share of churners alone, so the model is without features and every customer has the same risk; look at the signals and at the churn definition with `churn check`, or add signals
fit-bins = { $bins }: how strong the effect is there, the penalty says and not the data. Check that the column is known on the as-of date and not a consequence of churn; if it is, add history, or raise model.alpha
fit-bins-all = { $bins }
fit-bins-more = { $bins } ({ $more } more such bins)
fit-bin-none = none of { $rows } rows with { $column } { $place } churned
fit-bin-all = every one of { $rows } rows with { $column } { $place } churned
bin-missing = missing
bin-present = present
bin-above = above { $low }
bin-up-to = up to { $high }
bin-between = above { $low } and up to { $high }
bin-rare = a rare level
fit-flat = the rows give { $count ->
    [one] 1 feature
   *[other] some features
} no effect in the direction asked for, so nothing is left of it: { $columns }. Other windows of the same signal may say it all; if the direction is wrong, correct model.rises_with and model.falls_with, or name the feature or its signal in model.unconstrained
fit-certificate = the cross-check of the coefficients failed: linfa-logistic found better ones than the program's own solver ({ $found }). Compare the model with the one before it (`churn models compare`) before you rely on it; a larger model.alpha makes the solution easier to find
certificate-differs = not confirmed: linfa-logistic, started { $start } away from the solution, stopped { $end } away from it, where the loss is { $excess } lower
certificate-rows = { $text } (on { $rows } rows; their log-odds differ by { $most } at most)
certificate-columns = { $text } (on { $rows } rows and { $checked } of { $all } columns, as the other coefficients are held at 0; their log-odds differ by { $most } at most)
fit-no-time-split = no split by time was possible: the rows have no as-of dates, or all the same. The metrics are of customers that the model has not seen, but of the same time; on later customers it may do worse

# What to know of an evaluation.
interval-of = { $estimate } ({ $low } to { $high })
quality-one-kind = { $churners } of { $rows } held-out rows churned, too few of one kind to say how good the model is; add evaluation snapshots
quality-no-signal = there is no signal: the AUC of { $auc } on unseen rows cannot be told from 0.5, which chance gives. Do not act on lists of this model; check that labels and signals belong to the same customers and dates, or add signals
quality-few = only { $churners } held-out rows churned, so the intervals are wide; add evaluation snapshots to know more
quality-baseline = the model is not known to rank better than { $baseline } alone (AUC { $gain })
quality-understated = risk is understated by { $off } on the whole: { $risk } predicted, { $churn } churned. The base rate has moved since the training snapshots
quality-overstated = risk is overstated by { $off } on the whole: { $risk } predicted, { $churn } churned. The base rate has moved since the training snapshots
quality-extreme = risks are too extreme: calibration slope { $slope } where 1 is right
quality-timid = risks are too timid: calibration slope { $slope } where 1 is right
quality-group = { $by } { $level }: { $concern }
level-band = { $band }
quality-groups = { $count } other { $count ->
    [one] group is
   *[other] groups are
} served badly too: see the segments in `churn models show`
group-ranks-worse = ranks worse here: AUC { $auc } against { $all } over all
group-understated = risk is understated here more than elsewhere: { $risk } predicted, { $churn } churned
group-overstated = risk is overstated here more than elsewhere: { $risk } predicted, { $churn } churned
