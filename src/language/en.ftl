# The report.
report-title = Customers at risk, { $date }
report-heading = Customers at risk
report-as-of = as of { $date }
report-skip = Skip to the list
report-pages = Pages
report-made-by = Made by { $program } with model { $model }. Every number is also in the files beside this page.

page-list = List
page-drivers = Drivers
page-measures = Measures
page-model = Model
page-data = Data

fact-listed = On the list
fact-listed-of = { $listed } of { $eligible } customers
fact-expected = Expected to leave
fact-expected-of = { $expected } of those listed, { $all } of all
fact-mean = Mean risk
fact-mean-of = { $listed } on the list, { $all } of all
fact-value = Value of those listed
fact-value-of = { $listed } a month, if all of them left
fact-control = Control group
fact-control-of = { $control ->
    [one] { $control } customer is kept out of outreach
   *[other] { $control } customers are kept out of outreach
}
fact-predicts = Predicts
warnings = { $count ->
    [one] What you should know
   *[other] What you should know ({ $count })
}

# The list.
list-caption = Customers at risk, the highest rank first
list-section = Rows { $from } to { $to }
list-empty = Nobody is on the list.
list-shown = { $shown } of { $all } { $all ->
    [one] customer
   *[other] customers
} shown
list-search = Search
list-search-hint = Customer, owner, reason …
list-any = any
list-open-all = Open all details
list-close-all = Close all details
list-reset = Show all
list-none = No customer matches.

column-rank = Rank
column-customer = Customer
column-risk = Risk
column-tier = Tier
column-change-1 = Change, 1 day
column-change-7 = Change, 7 days
column-change-28 = Change, 28 days
column-history = Last runs
column-value = Value a month
column-contract = Contract ends in
column-reasons = Why
column-action = What to do
column-group = Group
column-status = Status
column-reason = Reason

unit-points = { $points } pt
unit-days = { $days ->
    [one] { $days } day
   *[other] { $days } days
}
history-title = Risk in the last { $runs ->
    [one] run
   *[other] { $runs } runs
}: { $first } on { $from }, { $last } on { $to }
history-once = Risk { $last } on { $to }, the first run
protects = In favour: { $text }
action-due = by { $date }
action-owner = { $owner }
details = Details
details-of = Details of { $customer }
contributions-title = From the reference to this customer's log-odds
contributions-caption = What moves the risk of { $customer }
contributions-reference = Reference
contributions-total = This customer
contributions-what = Reason
contributions-text = In the customer's numbers
contributions-by = Log-odds
weeks-caption = Rows a week in the { $weeks } { $weeks ->
    [one] week
   *[other] weeks
} before { $date }, the oldest first
answers-caption = Last answers to surveys
days-listed = On the list for { $days ->
    [one] { $days } day
   *[other] { $days } days
}
before = Before: rank { $rank }, risk { $risk }

tier-critical = critical
tier-high = high
tier-medium = medium
tier-low = low
group-contact = contact
group-control = control
status-new = new
status-up = up
status-down = down
status-same = same
status-returned = returned
status-left = left the list

# The drivers.
drivers-list = What puts customers on this list
drivers-list-caption = First reasons of the listed customers, the most frequent first
drivers-code = Reason
drivers-first = As first reason
drivers-any = Among the reasons
drivers-share = Share
drivers-before = Share in the run before
drivers-change = Change
drivers-example = Example
drivers-population = What raises the risk among all customers
drivers-how = Above zero a value raises the risk, below zero it lowers it; the band holds the truth in 95 of 100 cases. The strongest come first.
drivers-curve-title = { $feature }: effect on the log-odds from { $low } to { $high }
drivers-table = The numbers
drivers-level = Level
drivers-effect = Effect
drivers-band = 95 % band
drivers-missing = no value
drivers-rare = other levels
drivers-interactions = Pairs that count together
drivers-pair = Pair
drivers-spread = Spread
drivers-coefficients = Effects of the columns
drivers-column = Column
drivers-none = This run was published without its drivers.

feature-count = { $signal }, how many in { $days } days
feature-active_days = { $signal }, days with any in { $days } days
feature-days_since_last = { $signal }, days since the last
feature-trend = { $signal }, trend over { $days } days
feature-mean_gap = { $signal }, days between two in { $days } days
feature-sum = { $signal }, sum in { $days } days
feature-mean = { $signal }, mean in { $days } days
feature-categories = { $signal }, kinds used in { $days } days
feature-negative_share = { $signal }, share of bad mood in { $days } days
feature-survey_last = { $instrument } in { $signal }, last answer
feature-survey_mean = { $instrument } in { $signal }, mean answer
feature-survey_change = { $instrument } in { $signal }, change of the last answer
feature-survey_days_since_last = { $instrument } in { $signal }, days since the last answer
feature-tenure = Days since sign-up

# The measures.
measures-how = One definition for every product line, channel and segment. Rates and scores are with 95 % intervals; n is the number of customers or answers.
measures-none = This run was published without measures.
measures-period = Period
measures-value = Value
measures-interval = 95 % interval
measures-n = n
measures-running = so far
measures-by-segment = By segment, { $period }
measures-segment = Segment
measures-level = Level
measures-more = { $count ->
    [one] One more level is in kpis.parquet.
   *[other] { $count } more levels are in kpis.parquet.
}
measures-chart = { $measure } from { $from } to { $to }
measure-churn_rate = Churn rate
measure-retention_rate = Retention rate
measure-customers_end_to_start = Customers at the end to those at the start
measure-nps = NPS
measure-csat_mean = CSAT, mean
measure-csat_satisfied_share = CSAT, satisfied
measure-ces_mean = CES, mean
measure-ces_ease = CES, ease
measure-active_share = Active customers
measure-mean_risk = Mean risk
measure-expected_churners = Expected churners
measure-value_at_risk = Expected loss a month, all customers
measure-per_customer = { $signal } per customer

# The model.
model-facts = The model
model-version = Version
model-trained = Trained at
model-form = Form
model-form-curves = logistic regression with curves and interactions
model-form-linear = linear logistic regression
model-fitted = Fitted on
model-fitted-on = { $rows } rows, { $churners } of them churned
model-snapshots = Snapshots
model-held-out = Held out
model-quality = How good it is
model-quality-on = On { $rows } held-out rows, { $churners } of them churned, by a model that had not seen them.
model-quality-none = No rows were held out, so nothing is known of its quality.
model-metric = Metric
model-interval = 95 % interval
model-baseline = { $baseline } alone
model-calibration = Do risks mean what they say?
model-calibration-title = Predicted risk against the share that churned, in groups of equal size
model-predicted = Predicted
model-observed = Churned
model-rows = Rows
model-gains = How many churners a list finds
model-gains-title = Share of all churners found by depth of the list
model-depth = Depth of the list
model-found = Churners found
model-precision = Churn among them
model-lift = Lift
model-segments = Group by group
model-group = Group
model-churn = Churn
model-gap = Churn less predicted
model-small = too few to judge
model-advice = What to know before trusting it
model-none = This run was published without its model's figures.
metric-base_rate = Base rate
metric-roc_auc = ROC AUC
metric-average_precision = Average precision
metric-top_decile_lift = Top-decile lift
metric-lift_at_capacity = Lift of the first { $count }
metric-log_loss = Log-loss
metric-brier = Brier score
metric-ece = Calibration error (ECE)

# The data.
data-coverage = What is recorded
data-coverage-caption = First and last day of each source before { $date }, and whom it has rows of
data-first-day = First day
data-last-day = Last day
data-customers-share = Customers with a row
data-days-caption = Rows of the last days; in brackets, what is usual for that weekday
data-usual = { $rows } ({ $usual })
data-churn = cancellations
data-churn-ended = No cancellation since { $last }, for { $days } days; { $expected } were to be expected. The table may end there.
data-sources-caption = Rows of each signal, and the newest of them
data-source = Source
data-files = Files
data-read = Rows read
data-used = Used
data-before = Before the look-back
data-future = At or after the date
data-newest = Newest row
data-quarantine = Rows that could not be used
data-quarantine-none = Every row could be used.
data-reason = Reason
data-rows = Rows
data-excluded = Customers without a score
data-excluded-none = Every customer has a score.
data-customers = Customers
data-published = Files of this run
data-file = File

# The workbook.
sheet-list = List
sheet-measures = Measures
sheet-columns = Columns
sheet-history = Last runs
sheet-column = Column
sheet-meaning = Meaning
sheet-copied = Copied from your own table

# What a column of the list means, where its definition points elsewhere.
meaning-status = how the customer stands to the lists before: new, up (a better rank), down, same, returned (was on one before the last)
meaning-change_reason_text = what has moved the risk since the latest earlier run, in the customer's numbers
meaning-action = what the playbook says to do; null for the control group, and where no reason has an entry
meaning-improvement_text = single changes with which the model would rank the customer below the list
meaning-contact_effect = by how much contact is expected to lower the probability to leave

# Why a customer has no score, and why a row could not be used.
exclusion-not_yet_signed_up = not yet signed up
exclusion-churned_before = churned before
exclusion-gave_notice = who gave notice
exclusion-contract_not_running = without a running contract
exclusion-tenure_too_short = too new
exclusion-inactive = inactive for too long
exclusion-contract_ends_in_window = whose contract runs out in the window
exclusion-churned_in_gap = churned in the gap
quarantine-null_id = no id
quarantine-null_time = no time
quarantine-unknown_customer = an id that the customers table lacks
quarantine-non_finite = a value that is not finite
quarantine-out_of_scale = a value outside its scale
quarantine-unknown_instrument = an unknown survey instrument
quarantine-duplicate = an exact duplicate
quarantine-duplicate_id = an id that occurs twice
quarantine-too_large = a number beyond 3.4e38

# Words that the figures of a model are stored with.
baseline-days_since_last_activity = days since last activity
baseline-the_base_rate = the base rate
segment-tenure = tenure
segment-signals_seen = signals seen
band-under_90_days = under 90 days
band-90_days_to_a_year = 90 days to a year
band-the_second_year = the second year
band-two_to_four_years = two to four years
band-over_four_years = over four years
level-missing = (missing)
level-of = { $count } of { $all }
level-others = ({ $count } others)

# What is churn.
churn-cancellation = a cancellation within { $horizon } days after a gap of { $gap }
churn-silence = silence of { $signals } within { $horizon } days after a gap of { $gap }
churn-label = column `{ $column }` of a prepared table

# The summary that `churn score` prints.
summary-title = At-risk list of { $date }  (model { $model }, { $rows } { $rows ->
    [one] row
   *[other] rows
} read, { $quarantine } in quarantine, { $seconds } s)
summary-population = { $date }: { $eligible } eligible; excluded: { $excluded }
summary-excluded = { $count } { $reason }
summary-nobody = nobody
summary-listed = { $listed } listed, { $control } of them kept out of outreach as the control group; mean risk { $risk }
summary-since = since { $date }: { $new } new, { $returned } returned, { $left } left the list
summary-silent = of the listed silent, without a row of { $signals }: { $shares }
summary-silent-any = of the listed silent, without a row of any signal: { $shares }
summary-silent-first = { $share } for { $days } days or longer
summary-silent-more = { $share } for { $days }
summary-silent-none = none
summary-quality = on held-out rows: AUC { $auc }, the riskiest tenth churned { $lift } times as often as all
summary-rank = rank
summary-customer = customer
summary-risk = risk
summary-value = at stake
summary-group = group
summary-status = status
summary-reasons = why
summary-no-reason = no single reason stands out
summary-files = Files in { $folder }:
summary-rows = { $rows } { $rows ->
    [one] row
   *[other] rows
}
summary-file-count = { $files } { $files ->
    [one] file
   *[other] files
}
summary-manifest = what was read, decided and written
summary-latest = Beside it: latest/risk.parquet, the newest risk of every customer

# What a control group can show.
power-none = Without a control group (list.control_fraction = 0) nothing can be shown. { $share }
power-smallest = The smallest effect that a control group of { $fraction } can show if { $churn } of the listed churn: { $after }
power-points = { $points } points
power-nothing = nothing
power-after = { $effect } after { $months } { $months ->
    [one] month
   *[other] months
} ({ $customers } customers, { $control } of them control)
power-little = No outreach saves 5 points of so little churn.
power-share = A control share of { $share } would show 5 points after { $months } { $months ->
    [one] month
   *[other] months
}.
power-no-share = No control share shows 5 points within 6 months; that takes a longer list.
power-lists = Customers accrue as on the { $lists } lists of the last { $days } days.
power-assumed = Assumed, until lists span four weeks: everybody on a list is replaced within { $days } days.

# Between the parts of an enumeration, and between sentences.
comma = { ", " }
sentence-space = { " " }
