# いずれかでよい名前の区切り、一部だけを挙げる列挙
or = または
and-more = { $list } ほか{ $more }件
of-signal = シグナル { $signal }：{ $text }
any-signal = すべてのシグナル

# ファイルと表
source-signal = シグナル { $name }
source-customers = 顧客表
source-churn = 解約の表
source-prepared_table = 作成済みの表
source-again = { $source }：重複して見つかったものは1回だけ数えます：{ $files }
source-again-file = { $path }（{ $first } と同一）
source-left-out = { $source }：読み込まなかったファイルがあります：{ $files }
source-file-why = { $path }（{ $why }）
left-out-copy = コピーまたは書き込み中のファイルの名前
left-out-packed = 全体が圧縮されているため、展開が必要
left-out-empty = 空のファイル
source-own = { $source }：このプログラム自身が書き出したファイルのため、読み込みませんでした：{ $files }
content-list = 解約リスク顧客リスト
content-scores = 実行のスコア
content-latest = 全顧客の最新リスク
content-features = 特徴量の表
content-details = リストの詳細
content-drivers = モデルの要因
content-kpis = 実行の指標
content-figures = モニタリングの数値
content-contributions = リストのリスクの内訳
source-disagree = { $source }：フォルダー名とファイルの内容が食い違っています：{ $columns }。ファイルの列を使用しました。フォルダー名が正しい場合は、名前を変更してください
source-disagree-column = { $column } が { $path } では { $value }
source-clocks = { $source }：列 { $column } は、{ $instants } では時点（タイムゾーン付き、または{ "UTC" }の{ "INT96" }）、{ $times } ではタイムゾーンのない時刻で、後者は { $zone } の時刻として読み込みました。同じ意味であれば数時間ずれているため、形式を統一してください
source-copies = { $source }：内容が完全に同じファイルがあり、行が二重に数えられています：{ $files }。一方がコピーであれば、別の場所へ移してください
source-copy = { $other } と { $first }

# 解約
cancelled-one-day = 解約：{ $all }件中{ $rows }件（{ $share }）が同じ日（{ $day }）です。この日付が「解約していない」ことを表す場合は、代わりに{ "null" }を書いてください
cancelled-before-sign-up = 解約：{ $all }件中{ $rows }件の日付が、顧客の登録日より前です。以前の契約のものとみなして数えていません。{ "customers.signup" }が登録日、{ "churn.time" }が解約日であることを確認してください
cancelled-end = 解約：最後の記録は { $last } です。その後の{ $days }日間に約{ $expected }件が見込まれますが、記録がありません。それ以前の1年間で最も長い空白は{ $longest }日でした。表がそこで終わっている可能性があります
cancelled-end-scored = { $text }。その後に解約した顧客も、ほかの顧客と同じようにスコアを算出しています

# 作成済みの表
table-infinite = { $column } には無限大の値が{ $count }件あり、値なしとして扱います
table-too-large = { $column } には3.4×10の38乗を超える数値が{ $count }件あり、その上限の値として扱います
table-names = { $column } には{ $rows }行に{ $levels }個の区分があります。区分ではなく名前であれば、{ "table.ignore" }に追加してください
table-value-unknown = { $column }（{ "table.value" }）は、{ $rows }行中{ $count }行で値がわかりません
table-value-negative = { $column }（{ "table.value" }）は、{ $rows }行中{ $count }行で0を下回っています。見込み損失順では、これらの顧客が最後になります

# シグナルの記録の範囲
unknown-ids = シグナル { $signal }：顧客表にないIDの行が{ $rows }行あります
day-cut-off = { $day } の行は { $time } より前で途切れていますが、これまでの同じ曜日では行の{ $later }がそれ以降のものでした。約{ $missing }行が欠けています
day-thin = { $day } は{ $rows }行で、通常は約{ $usual }行です
days-thin = { $first } から { $last } までは{ $rows }行で、通常は約{ $usual }行です
day-quiet = { $text }（{ $share }）。休日であれば問題ありません。そうでなければ、行が欠けています
day-gap = シグナル { $signal }：{ $text }。休日であれば問題ありません。そうでなければ、欠けている行を読み込んでください
signal-young = シグナル { $signals }（{ $count }個）の記録は { $first } からです。{ $span ->
    [one] 参照期間
   *[other] { $all }個の日付のうち{ $dates }個の参照期間
}（{ $days }日、{ "features.windows_days" }の最大値の2倍）は、それより前の日を含みます。記録がまったくない期間の値は空になり、一部だけ記録がある期間はその部分だけを数えます。期間を短くするか、後の日付を選ぶか、記録の新しいシグナルを外してください
signal-placeholder = シグナル { $signal }：顧客 { $customer } の行が{ $rows }行（{ $share }）あり、次に多い顧客は{ $next }行です。このIDが「不明」を表す場合は、その行を除くか、顧客表から外してください

# 以前の実行
earlier-left-out = { $date } の実行は、状況と変化の比較に使用できません：{ $file } を使用できません：{ $why }。その日付のスコアを算出し直すか、フォルダーを別の場所へ移してください
earlier-columns = 列 { $columns } がありません
earlier-none = 以前の実行と比較できません：{ $why }
earlier-revised = { $date } のデータが当時と異なります。同じモデルでも、{ $customers }件中{ $revised }件の顧客で当時のリスクが変わります。行が遅れて届いたか、なくなっています。変化は、現在のデータとの比較で示しています

# ドリフト
drift-not-measured = ドリフトは測定していません。モデル { $model } は旧バージョンのプログラムで学習されたため、学習データの分布を保存していません。学習し直してください（{ "`churn train`" }）
drift-broken = データの不備の可能性：{ $text }
drift-told = ドリフト：{ $text }
drift-rows = スコアを算出した顧客は{ $rows }件ですが、最も近い学習スナップショットでは{ $usual }件です
drift-features = シグナル { $signal } の{ $count }個の特徴量（{ $name } など）
drift-stopped = { $what } の値にばらつきがなくなりました：行の{ $now }が同じ値です（学習時は{ $before }）
drift-begun = { $what } の値がばらつくようになりました：学習時に{ $before }を占めた値は、行の{ $now }です
drift-levels = { $what }：行の{ $now }が学習時になかった区分です（学習時は{ $before }）
drift-missing = { $what } は行の{ $now }で値がありません（学習時は{ $before }）
drift-changed = 顧客の分布が学習時と異なります：{ $columns }
drift-column = { $name }（{ $parts }）
drift-psi = { "PSI" } { $psi }
drift-usual = 学習スナップショット間では最大 { $psi }
drift-log-odds = 対数オッズ { $moved }
drift-risk-unmoved = 平均リスクは{ $now }、学習データでは{ $before }で、動かした要因はありません
drift-risk-rose = 平均リスクは{ $before }から{ $now }に上がりました。対数オッズの変化：{ $parts }
drift-risk-fell = 平均リスクは{ $before }から{ $now }に下がりました。対数オッズの変化：{ $parts }
drift-risk-stayed = 平均リスクは{ $before }から{ $now }で変わりません。対数オッズの変化：{ $parts }
drift-concept = { $name } { $moved }
drift-others = その他 { $moved }
concept-of = { $rows } の{ $subject }
concept-tenure = 利用期間
concept-untold = 表示しない列

# リストとスコア
score-no-forecast = モデル { $model } は { $until } までの顧客の行動で学習しており、{ $date } より後の出来事をすでに知っています。このリスクは予測ではありません。当時作成できたはずのリストには、{ "--as-of" } { $option } を指定して学習したモデルを使ってください
score-left-already = { $who ->
    [learned] 学習に使った顧客
    [to-score] スコアを算出する顧客
   *[listed] 掲載顧客
}の{ $share }は、空白期間と予測期間を合わせた{ $days }日以上、{ $signals } の行がありません。定義上はすでに解約しているため、新しい情報にならず、{ "AUC" }が実際より高く見えます。{ "eligibility.active_within_days" }と{ "eligibility.signals" }は既定値のままにしてください
levels-none = { $column }：区分のある行がありませんが、モデルは { $known } で学習しています
levels-unknown = { $column }：行の{ $share }が、モデルにとって未知の区分です。まれな区分として扱います：{ $levels }。モデルが知っている区分は { $known } です。区分の表記を学習時に合わせるか、学習し直してください
playbook-pattern = { $key } に該当する理由コードは、このシグナルと列にはありません
playbook-code = { $key }：この理由コードは、このシグナルと列にはありません
playbook-code-meant = { $key }：この理由コードは、このシグナルと列にはありません。{ $code } の誤りではありませんか
latest-lacks = { "latest/risk.parquet" }には、掲載が終了した顧客{ $customers }件が含まれていません。顧客IDが前回の実行では文字列、今回は整数です
latest-stale = リストは公開しましたが、{ "latest/risk.parquet" }は以前のままです：{ $why }。もう一度実行してください
manifest-lacks = リストは公開しましたが、マニフェストに最後の確認事項が記録されていません：{ $why }

# 指標
kpi-earlier-rows = シグナル { $signal }：{ $first } 以降 { $end } より前の{ $all }行中{ $unusable }行を使用できませんでした（{ $reasons }）。指標は残りの行によるものです
kpi-rows-with = { $reason } { $rows }行
kpi-no-segment = { "kpi.segments" }の { $column } はカテゴリー列ではないため、指標には含めません
kpi-many-levels = { $column } には{ $levels }個の区分があり、セグメントの上限{ $most }個を超えるため、指標には含めません。{ "kpi.segments" }で別の列を指定してください
kpi-scales = { $instrument } の尺度がアンケートによって異なるため、指標に { $measure } はありません。満足の割合と容易さは、すべてのアンケートによるものです
kpi-no-nps = 指標に{ "nps" }はありません。{ "NPS" }は0から10の点数で定義されますが、アンケートの{ "`range`" }がそれと異なります

# 配信
delivery-without-key = 配信 { $name } には{ $customers }件の顧客が含まれていません。キーがないか、前の顧客と同じキーです
delivery-older = 配信 { $name } では { $date } のリストを送りませんでした。{ $newest } のリストを配信済みで、古いリストで置き換わるためです
delivery-no-address = 配信 { $name } は送信していません。変数 { $variable } が設定されていません。送信先を設定し、{ $command } で再実行してください
delivery-not-posted = 配信 { $name } は送信していません：{ $why }。メッセージは { $file } に保存しました。{ $command } で再実行してください
delivery-failed = 配信 { $name } に失敗しました：{ $why }。{ $command } で再実行してください
delivery-still-lacks = 配信 { $name } は { $date } のリストをまだ配信していません：{ $why }。{ $command } で再実行してください
delivery-not-noted = 配信 { $name }（{ $date }）の失敗を、以後の実行のために記録できませんでした：{ $why }
posting-answers = 受信側の応答は { $status } です
posting-redirect = { $why }。メッセージはリダイレクトに従いません。送信先を修正してください
posting-code = { $why }（{ $code }）
posting-attempts = { $why }（{ $attempts }回試行）
posting-timeout = 受信側が時間内に応答しません
posting-not-found = 受信側の名前が見つかりません
posting-no-connection = 受信側に接続できません
posting-refused = 受信側が接続を拒否しています
posting-invalid = 受信側の証明書または応答が正しくありません
posting-cut = 受信側に届かないか、接続が切れました
posting-no-http = 受信側の応答が{ "HTTP" }ではないか、途切れています
posting-untrusted = 受信側に信頼できる証明書がありません
posting-no-address = 送信先が正しくありません。変数を修正してください
posting-no-proxy = 環境で指定されたプロキシが正しくありません
posting-unreachable = 受信側に到達できません
posting-blanks = 送信先に空白が含まれています
posting-insecure = 送信先が{ "https://" }で始まっていません。途中でメッセージを読まれるおそれがあります
posting-variable = { $why }。変数 { $variable } を修正してください

# 効果のない設定
unused-unless = { $key } は、{ $other } が { $value } でなければ効果がありません
unused-while = { $key } は、{ $other } が { $value } の間は効果がありません
unused-without = { $key } は、{ $other } がなければ効果がありません
unused-without-format = { $key } は、{ "publish.formats" }に { $formats } がなければ効果がありません
unused-by-kind = { $key } は効果がありません。この配信の種類は { $kind } です
unused-of-event = { $key } からは特徴量ができません。種類が{ "\"event\"" }のシグナルには値がないため、{ "\"amount\"" }に変更してください
unused-scales = { $key } は効果がありません。調査種別があるのは、種類が{ "\"survey\"" }のシグナルだけです
unused-scale = { $key } は効果がありません。{ "instrument_name" }により、すべての回答が { $instrument } です
unused-unit = { $key } は効果がありません。理由に単位を示すのは、種類が{ "\"amount\"" }のシグナルだけです

# 学習についての注意点
fit-not-converged = 学習が収束しませんでした。{ $iterations }回の反復後の勾配は{ $gradient }で、{ $tolerance }を下回っていません。係数を信頼しないでください
fit-passes = 学習が収束しませんでした。{ $passes }巡後の勾配は{ $gradient }で、{ $tolerance }を下回っていません。{ "model.alpha" }を大きくしてください
fit-separates = { $columns }（{ $count }列）だけで、{ $who ->
    [all] 解約した顧客とそれ以外の顧客をすべて
   *[some] 一部の顧客を
}誤りなく区別できます。{ $penalty ->
    [yes] 正則化だけが効果を有限に保っています。予測する解約より前にわかる値であることを確認してください
   *[no] 有限の効果では最適になりません。{ "model.alpha" }を0より大きくし、予測する解約より前にわかる値であることを確認してください
}
column-missing = { $name }（値なし）
column-rare = { $name }（まれな区分）
column-intercept = （切片）
fit-collinear = { $columns } は、ほかの列から計算できるため、効果を区別できません。これらの列を外すか、{ "model.alpha" }を0より大きくしてください
fit-inflated = { $count }列は、内容の大半がほかの列と重なっています（分散拡大係数は最大{ $most }：{ $columns }）。係数は1つずつではなくまとめて読むか、期間の数を減らしてください
fit-constant = { $columns }（{ $count }列）は、すべての行で同じ値のため、何の情報もありません
fit-nothing = 未知の顧客について、解約の割合だけより多くを示す特徴量がありません。モデルには特徴量がなく、すべての顧客が同じリスクになります。{ "`churn check`" }でシグナルと解約の定義を確認するか、シグナルを追加してください
fit-bins = { $bins }。ここでの効果の強さは、データではなく正則化で決まっています。この列が基準日の時点でわかる値で、解約の結果ではないことを確認してください。問題がなければ、過去のデータを増やすか、{ "model.alpha" }を大きくしてください
fit-bins-all = { $bins }
fit-bins-more = { $bins }（ほかに同様の範囲が{ $more }個）
fit-bin-none = { $column } が{ $place }の{ $rows }行のうち、解約した行はありません
fit-bin-all = { $column } が{ $place }の{ $rows }行は、すべて解約しています
bin-missing = 値なし
bin-present = 値あり
bin-above = { $low }超
bin-up-to = { $high }以下
bin-between = { $low }超{ $high }以下
bin-rare = まれな区分
fit-flat = { $count }個の特徴量は、指定された方向の効果がデータに見られないため、効果が残っていません：{ $columns }。同じシグナルの別の期間が、すでにすべてを示している可能性があります。方向が誤っている場合は、{ "model.rises_with" }と{ "model.falls_with" }を修正するか、特徴量またはシグナルを{ "model.unconstrained" }に指定してください
fit-certificate = 係数の照合に失敗しました。{ "linfa-logistic" }が、このプログラムより良い係数を見つけました（{ $found }）。利用する前に、以前のモデルと比較してください（{ "`churn models compare`" }）。{ "model.alpha" }を大きくすると、解を見つけやすくなります
certificate-differs = 不一致：{ "linfa-logistic" }は解から{ $start }離れた点から始め、{ $end }離れた点で停止。損失はそこで{ $excess }小さい
certificate-rows = { $text }（{ $rows }行で照合、対数オッズの差は最大{ $most }）
certificate-columns = { $text }（{ $rows }行と{ $all }列中{ $checked }列で照合。ほかの係数は0に固定。対数オッズの差は最大{ $most }）
fit-no-time-split = 時間による分割ができませんでした。行に基準日がないか、すべて同じです。評価指標は、学習に使っていない、同じ時期の顧客によるものです。後の時期の顧客では精度が下がる可能性があります

# 評価についての注意点
interval-of = { $estimate }（{ $low }～{ $high }）
quality-one-kind = 検証用の{ $rows }行のうち解約は{ $churners }件で、一方が少なすぎるため、精度を判断できません。検証用のスナップショットを追加してください
quality-no-signal = 予測に役立つ情報がありません。未知の行での{ "AUC" }は{ $auc }で、偶然の0.5と区別できません。このモデルのリストに基づいて行動しないでください。正解とシグナルが同じ顧客と日付のものであることを確認するか、シグナルを追加してください
quality-few = 検証用の行のうち解約が{ $churners }件しかないため、信頼区間が広くなっています。検証用のスナップショットを追加してください
quality-baseline = このモデルの順位付けが、{ $baseline }だけによる順位付けより優れているとはいえません（{ "AUC" }の差 { $gain }）
quality-understated = リスクは全体で{ $off }低く見積もられています：予測 { $risk }、実績 { $churn }。学習スナップショットの後で基準解約率が変わっています
quality-overstated = リスクは全体で{ $off }高く見積もられています：予測 { $risk }、実績 { $churn }。学習スナップショットの後で基準解約率が変わっています
quality-extreme = リスクが極端すぎます：較正の傾き { $slope }（適正値は1）
quality-timid = リスクの差が小さすぎます：較正の傾き { $slope }（適正値は1）
quality-group = { $by } { $level }：{ $concern }
level-band = { $band }
quality-groups = ほかに{ $count }個のグループでも精度が低くなっています。{ "`churn models show`" }のセグメントを確認してください
group-ranks-worse = 順位付けの精度が低いグループです：{ "AUC" } { $auc }、全体では { $all }
group-understated = ほかのグループよりもリスクが低く見積もられています：予測 { $risk }、実績 { $churn }
group-overstated = ほかのグループよりもリスクが高く見積もられています：予測 { $risk }、実績 { $churn }
