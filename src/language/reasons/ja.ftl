# 語
days = { $days }日
window = { $window }日
every = { $every ->
    [1] 毎日
   *[other] { $every }日ごと
}
counted = { $rows } { $count }件
counted-or-no = { $count ->
    [0] { $rows } なし
   *[other] { $rows } { $count }件
}
noun-event = { $name }
noun-events = { $name }
noun-answer = { $name }
noun-answers = { $name }
noun-category = 種類
noun-value = 値
noun-mood = 感情スコア
instrument-effort = 手間
instrument-best = { $instrument }（{ $score } が最良）
instrument-of = { $rows } の { $instrument }
time-s = { $value }秒
time-min = { $value }分
time-h = { $value }時間
time-d = { $value }日
time-two = { $large }{ $small }

# 文中の日付
date = { $month }{ $day }日
date-with-year = { $year }年{ $month }{ $day }日
month-1 = 1月
month-2 = 2月
month-3 = 3月
month-4 = 4月
month-5 = 5月
month-6 = 6月
month-7 = 7月
month-8 = 8月
month-9 = 9月
month-10 = 10月
month-11 = 11月
month-12 = 12月

# 理由
reason-fell = { $rows } が直近{ days }間で{ $before }件から{ $count }件に減少
reason-rose = { $rows } が直近{ days }間で{ $before }件から{ $count }件に増加
reason-silent = { $rows } が{ days }間なし
reason-silent-earlier = { $rows } が{ days }間なし（直近{ window }間では{ $count }件）
reason-silent-seen = 直近{ days }間に { $rows } なし
reason-overdue = { $rows } は通常{ every }、現在は{ days }間なし
reason-in-rhythm = { $rows } は通常{ every }、最後は{ days }前
reason-count = { $rows } が直近{ days }間で{ $count }件
reason-few = { $rows } が直近{ days }間で{ $count }件のみ
reason-active = { $text }、利用日数 { days }
reason-sum = { $text }、合計 { $sum }
reason-sum-of = { $text }、{ $subject } の合計 { $sum }
reason-steady = { $text }、その前の{ days }間は{ $before }件
reason-raises = { $text }（この顧客ではリスクを高める方向）
reason-lowers = { $text }（この顧客ではリスクを下げる方向）
reason-mean-of = { $rows } の { $subject } の平均が直近{ days }間で { $value }
reason-mean = { $rows } の平均が直近{ days }間で { $value }
reason-without = 直近{ days }間の { $rows } に { $subject } なし
reason-without-any = { $rows } に { $subject } なし
reason-have-some = { $text }（ある顧客は { $share }）
reason-categories = { $rows } の { $subject } が直近{ days }間で{ counted-subject }
counted-subject = { $count ->
    [0] なし
   *[other] { $count }種類
}
reason-longest = { $text }（{ window }間では { $value }）
reason-mood-fell = { $rows } の感情スコアが直近{ days }間で { $mood } に悪化
reason-mood-rose = { $rows } の感情スコアが直近{ days }間で { $mood } に改善
reason-mood-was = { $rows } の感情スコアが直近{ days }間で { $mood }
reason-mood-usual = { $text }（通常 { $usual }）
reason-negative = { $text }、否定的 { $share }
reason-no-answer = 直近{ days }間に { $name } の回答なし
reason-gave-one = { $text }（回答した顧客は { $share }）
reason-answer = 最新の { $name } の回答は { $score }（{ days-ago }）
reason-answer-fell = { $name } が { $before } から { $score } に低下（{ days-ago }）
reason-answer-rose = { $name } が { $before } から { $score } に上昇（{ days-ago }）
reason-answer-mean = { $name } の平均が直近{ days }間で { $mean }、最新の回答は { $score }
reason-tenure = 利用開始から{ days }
reason-tenure-unknown = 登録日が不明
reason-column = { $name } は { $value }
reason-column-low = { $name } が低い：{ $value }
reason-column-high = { $name } が高い：{ $value }
reason-column-unknown = { $name } が不明
reason-known-share = { $text }（わかっている顧客は { $share }）
reason-level = { $name } は { $level }
reason-level-answer = { $name }：{ $level }
reason-level-risk = { $text }（平均リスク { $with }、全顧客では { $all }）
reason-untold = 表示しない列

# 通常の値
usually = { $text }（通常 { $usual }）
usual-count = { $count ->
    [0] なし
   *[other] { $count }件
}
number-or-none = { $count ->
    [0] なし
   *[other] { $count }
}
usual-days = 利用日数 { days }
usual-in-window = { window }間で{ $usual }
days-ago = { days }前

# 変化
semicolon = ／
change-little = { $since } からほとんど変化なし
change-small-up = { $since } から小さな変化の積み重ねでリスク上昇
change-small-down = { $since } から小さな変化の積み重ねでリスク低下
change-small-up-and-down = { $since } から小さな変化の積み重ねでリスク上昇。下げた要因：{ $down }
change-small-down-and-up = { $since } から小さな変化の積み重ねでリスク低下。上げた要因：{ $up }
change-up = { $since } からリスク上昇：{ $up }
change-down = { $since } からリスク低下：{ $down }
change-up-and-down = { $since } からリスク上昇：{ $up }。下げた要因：{ $down }
change-down-and-up = { $since } からリスク低下：{ $down }。上げた要因：{ $up }
change-model-higher = { $text }。モデル { $version } は、同じ数値を前回のモデルより高く評価
change-model-lower = { $text }。モデル { $version } は、同じ数値を前回のモデルより低く評価
standing-new = 新規掲載。
standing-returned = 再掲載。
standing-left = 掲載終了。
change-signed-up = { $on } に登録、{ $then } の時点では登録直後のため対象外
change-contract-began = { $on } に契約開始
change-active-again = 利用再開（{ $then } の時点では{ days }間利用なし）
change-not-scored-then = { $then } の時点ではスコアなし
change-cancelled = { $on } に解約
change-gave-notice = { $on } に解約を予告
change-contract-ended = { $on } に契約終了
change-inactive = { days }間利用なし
change-not-in-table = 顧客表から削除
change-not-scored = スコアの対象外
change-none = { $rows } が直近{ days }間でなし（前回{ $then }件）
change-some = { counted }（直近{ days }間、前回なし）
change-count = { counted }（直近{ days }間、前回{ $then }件）
change-back = { $rows } が再開
change-back-with = { $rows } が再開、直近{ days }間で{ $count }件（前回なし）
change-sum = { $rows } の合計が直近{ days }間で { $now }（前回 { $then }）
change-last = 最後の { $rows } は{ days-ago }（前回{ $then }日前）
change-gone = { $rows } がなくなった（前回は{ days-ago }が最後）
change-rhythm = { $rows } の件数は前回と同じで、間隔に変化
change-mean = { $rows } の平均が直近{ days }間で { $now }（前回 { $then }）
change-mean-of = { $rows } の { $subject } の平均が直近{ days }間で { $now }（前回 { $then }）
change-mean-gone = 直近{ days }間に { $subject } のある { $rows } なし（前回の平均 { $then }）
change-mean-new = { $rows } の平均が直近{ days }間で { $now }（前回なし）
change-mean-same = { $rows } の平均は前回と同じ
change-categories = { $rows } の { $subject } が直近{ days }間で{ counted-subject }（前回{ $then }種類）
change-categories-same = { $rows } の { $subject } の数は前回と同じ
change-mood-fell = { $rows } の感情スコアが直近{ days }間で { $then } から { $now } に悪化
change-mood-rose = { $rows } の感情スコアが直近{ days }間で { $then } から { $now } に改善
change-negative = { $rows } の否定的な割合が直近{ days }間で { $now }（前回 { $then }）
change-mood-gone = 直近{ days }間に { $rows } の感情スコアなし（前回 { $then }）
change-mood-new = { $rows } の感情スコアが直近{ days }間で { $now }（前回なし）
change-mood-same = { $rows } の感情スコアは前回と同じ
change-fell = { $name } が { $then } から { $now } に低下
change-rose = { $name } が { $then } から { $now } に上昇
change-answered = { $name } の回答は { $now }
change-no-answer-any-more = 直近{ days }間に { $name } の回答がなくなった
change-answer = 最新の { $name } の回答 { $now } は{ days-ago }
change-answer-again = 最新の { $name } の回答は再び { $now }（{ days-ago }）
change-no-answer = { $name } の回答なし
change-tenure = 利用開始から{ days }
change-known = { $name } が判明：{ $now }
change-unknown = { $name } が不明に（前回 { $then }）
change-same = { $name } は前回と同じ
change-level = { $name } が { $then } から { $now } に変更

# 改善に必要な変化
reach = モデル上、次の場合にこの顧客の順位はリストより下になります：{ $changes }
reach-or = 、または
reach-count = 直近{ days }間の { $rows } が{ $now }ではなく{ $count ->
    [0] なし
   *[other] { $count }件
}の場合
reach-mean = 直近{ days }間の { $rows } の平均が { $now } ではなく { $value } の場合
reach-mean-of = 直近{ days }間の { $rows } の { $subject } の平均が { $now } ではなく { $value } の場合
reach-mood = 直近{ days }間の { $rows } の感情スコアが { $now } ではなく { $mood } の場合
reach-categories = 直近{ days }間の { $rows } の { $subject } が{ $now }ではなく{ counted-subject }の場合
reach-answer = 次の { $name } の回答が { $now } ではなく { $score } の場合
