# Nouns. A name from the data is a plural; one that is none is followed by what its rows are.
days = { $days } { $days ->
    [one] day
   *[other] days
}
window = { $window } { $window ->
    [one] day
   *[other] days
}
every = { $every ->
    [one] every day
   *[other] every { $every } days
}
counted = { $count } { $count ->
    [one] { $row }
   *[other] { $rows }
}
counted-or-no = { $count ->
    [0] no { $row }
    [one] { $count } { $row }
   *[other] { $count } { $rows }
}
noun-event = { $name } event
noun-events = { $name } events
noun-answer = { $name } answer
noun-answers = { $name } answers
noun-category = category
noun-value = value
noun-mood = mood
instrument-effort = effort
instrument-best = { $instrument } ({ $score } is best)
instrument-of = { $instrument } of { $rows }
time-s = { $value } s
time-min = { $value } min
time-h = { $value } h
time-d = { $value } d
time-two = { $large } { $small }

# Dates in sentences.
date = { $day } { $month }
date-with-year = { $day } { $month } { $year }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

# Reasons. The first letter of a sentence is raised when it is whole.
reason-fell = { $rows } fell from { $before } to { $count } in { days }
reason-rose = { $rows } rose from { $before } to { $count } in { days }
reason-silent = no { $rows } for { days }
reason-silent-earlier = no { $rows } for { days } ({ $count } in { window })
reason-silent-seen = no { $rows } in { days }
reason-overdue = { $rows } usually { every }; none for { days }
reason-in-rhythm = { $rows } usually { every }; the last one { days } ago
reason-count = { counted } in { days }
reason-few = only { counted } in { days }
reason-active = { $text }, on { days }
reason-sum = { $text }, { $sum } in all
reason-sum-of = { $text }, { $subject } { $sum } in all
reason-steady = { $text }, { $before } in the { days } before
reason-raises = { $text }; here this raises the risk
reason-lowers = { $text }; here this lowers the risk
reason-mean-of = mean { $subject } of { $rows } was { $value } in { days }
reason-mean = { $rows } averaged { $value } in { days }
reason-without = { $rows } without { $subject } in { days }
reason-without-any = { $rows } without { $subject }
reason-have-some = { $text }; { $share } of customers have some
reason-categories = { $rows } used { counted-subject } in { days }
counted-subject = { $count ->
    [0] no { $subject }
    [one] { $count } { $subject }
   *[other] { $count } { $subjects }
}
reason-longest = { $text } ({ window }: { $value })
reason-mood-fell = mood of { $rows } fell to { $mood } in { days }
reason-mood-rose = mood of { $rows } rose to { $mood } in { days }
reason-mood-was = mood of { $rows } was { $mood } in { days }
reason-mood-usual = { $text } (usually { $usual })
reason-negative = { $text }; { $share } negative
reason-no-answer = no { $name } answer in { days }
reason-gave-one = { $text }; { $share } of customers gave one
reason-answer = last { $name } answer was { $score }, { days-ago }
reason-answer-fell = { $name } fell from { $before } to { $score }, { days-ago }
reason-answer-rose = { $name } rose from { $before } to { $score }, { days-ago }
reason-answer-mean = { $name } averaged { $mean } in { days }, last answer { $score }
reason-tenure = customer for { days }
reason-tenure-unknown = sign-up date is not known
reason-column = { $name } { is } { $value }
reason-column-low = { $name } { is } low: { $value }
reason-column-high = { $name } { is } high: { $value }
reason-column-unknown = { $name } { is } not known
reason-known-share = { $text }; known for { $share } of customers
reason-level = { $name } { is } { $level }
reason-level-answer = { $name }: { $level }
reason-level-risk = { $text }; mean risk { $with }, of all customers { $all }
reason-untold = Columns that are not told
is = { $form ->
    [many] are
   *[one] is
}

# What is usual, beside a customer's number.
usually = { $text }; usually { $usual }
usual-count = { $count ->
    [0] none
   *[other] { $count }
}
number-or-none = { $count ->
    [0] none
   *[other] { $count }
}
usual-days = on { days }
usual-in-window = { $usual } in { window }
days-ago = { days } ago

# What has changed.
semicolon = { "; " }
change-little = Little has changed since { $since }
change-small-up = Risk up since { $since } through small changes alone
change-small-down = Risk down since { $since } through small changes alone
change-small-up-and-down = Risk up since { $since } through small changes alone. Down: { $down }
change-small-down-and-up = Risk down since { $since } through small changes alone. Up: { $up }
change-up = Risk up since { $since }: { $up }
change-down = Risk down since { $since }: { $down }
change-up-and-down = Risk up since { $since }: { $up }. Down: { $down }
change-down-and-up = Risk down since { $since }: { $down }. Up: { $up }
change-model-higher = { $text }. Model { $version } rates the same numbers higher than the model then
change-model-lower = { $text }. Model { $version } rates the same numbers lower than the model then
standing-new = New on the list.
standing-returned = Back on the list.
standing-left = Left the list.
change-signed-up = signed up on { $on }, too new to be scored on { $then }
change-contract-began = the contract began on { $on }
change-active-again = active again; on { $then } there had been no activity for { days }
change-not-scored-then = not scored on { $then }
change-cancelled = cancelled on { $on }
change-gave-notice = gave notice to leave on { $on }
change-contract-ended = the contract ended on { $on }
change-inactive = no activity for { days }
change-not-in-table = no longer in the customers table
change-not-scored = not scored any more
change-none = no { $rows } in { days }, { $then } then
change-some = { counted } in { days }, none then
change-count = { counted } in { days }, { $then } then
change-back = { $rows } are back
change-back-with = { $rows } are back, { $count } in { days } and none then
change-sum = { $rows } came to { $now } in { days }, { $then } then
change-last = the last { $row } was { days-ago }, { $then } then
change-gone = no { $rows } any more, the last { days-ago } then
change-rhythm = as many { $rows } as then, in another rhythm
change-mean = { $rows } averaged { $now } in { days }, { $then } then
change-mean-of = { $rows } averaged a { $subject } of { $now } in { days }, { $then } then
change-mean-gone = no { $rows } with { $subject } in { days }, { $then } on average then
change-mean-new = { $rows } averaged { $now } in { days }, none then
change-mean-same = { $rows } are worth as much as then
change-categories = { $rows } used { counted-subject } in { days }, { $then } then
change-categories-same = { $rows } used as many { $subjects } as then
change-mood-fell = mood of { $rows } fell from { $then } to { $now } in { days }
change-mood-rose = mood of { $rows } rose from { $then } to { $now } in { days }
change-negative = { $now } of { $rows } negative in { days }, { $then } then
change-mood-gone = no mood of { $rows } in { days }, { $then } then
change-mood-new = mood of { $rows } is { $now } in { days }, none then
change-mood-same = mood of { $rows } as it was
change-fell = { $name } fell from { $then } to { $now }
change-rose = { $name } rose from { $then } to { $now }
change-answered = { $name } answered with { $now }
change-no-answer-any-more = no { $name } answer in { days } any more
change-answer = the last { $name } answer, { $now }, was { days-ago }
change-answer-again = the last { $name } answer, again { $now }, was { days-ago }
change-no-answer = no { $name } answer
change-tenure = customer for { days } by now
change-known = { $name } known by now, { $now }
change-unknown = { $name } no longer known, { $then } then
change-same = { $name } as it was
change-level = { $name } changed from { $then } to { $now }

# What would help.
reach = The model would rank this customer below the list { $changes }
reach-or = { "; or " }
reach-count = if there were { counted-or-no } in { days } instead of { $now }
reach-mean = if { $rows } averaged { $value } in { days } instead of { $now }
reach-mean-of = if { $rows } averaged a { $subject } of { $value } in { days } instead of { $now }
reach-mood = if the mood of { $rows } were { $mood } in { days } instead of { $now }
reach-categories = if { $rows } used { counted-subject } in { days } instead of { $now }
reach-answer = if the next { $name } answer were { $score } instead of { $now }
