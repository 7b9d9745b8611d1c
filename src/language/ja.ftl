# レポート
report-title = 解約リスク顧客リスト { $date }
report-heading = 解約リスク顧客リスト
report-as-of = 基準日 { $date }
report-skip = リストへ移動
report-pages = ページ
report-made-by = { $program }（モデル { $model }）により作成。すべての数値は、このページと同じフォルダーのファイルにも収録されています。

page-list = リスト
page-drivers = 要因
page-measures = 指標
page-model = モデル
page-data = データ

fact-listed = リスト掲載
fact-listed-of = { $eligible }件中{ $listed }件
fact-expected = 解約見込み
fact-expected-of = 掲載顧客のうち{ $expected }件、全体では{ $all }件
fact-mean = 平均リスク
fact-mean-of = リスト内 { $listed }、全体 { $all }
fact-value = リスク対象額
fact-value-of = リスト全体で月額 { $listed }
fact-control = 対照群
fact-control-of = { $control }件の顧客は連絡対象外です
fact-predicts = 予測対象
warnings = 確認事項（{ $count }件）

# リスト
list-caption = 解約リスクの高い順に並べた顧客
list-empty = リストに掲載された顧客はいません。
list-shown = 全{ $all }件中 { $shown }件を表示
list-search = 検索
list-search-hint = 顧客、担当者、理由など
list-any = すべて
list-open-all = 詳細をすべて開く
list-close-all = 詳細をすべて閉じる
list-reset = すべて表示
list-none = 該当する顧客はいません。

column-rank = 順位
column-customer = 顧客
column-risk = リスク
column-tier = リスク区分
column-change = 変化
column-change-1 = 1日
column-change-7 = 7日間
column-change-28 = 28日間
column-history = 推移
column-value = 月額
column-contract = 契約終了まで
column-reasons = 理由
column-action = 対応
column-group = グループ
column-status = 状況
column-reason = 理由

unit-points = { $points }ポイント
unit-days = { $days }日
history-title = 直近{ $runs }回のリスク：{ $from } は { $first }、{ $to } は { $last }
history-once = リスク { $last }（{ $to }、初回）
changed = 変化：{ $text }
protects = リスクを下げている点：{ $text }
action-due = 期限 { $date }
action-owner = { $owner }
details = 詳細
details-of = { $customer } の詳細
contributions-title = 基準からこの顧客の対数オッズまで
contributions-caption = { $customer } のリスクを動かす要因
contributions-reference = 基準
contributions-total = この顧客
contributions-what = 理由
contributions-text = 顧客の数値
contributions-by = 対数オッズ
days-listed = リスト掲載 { $days }日目
before = 前回：順位 { $rank }、リスク { $risk }

tier-critical = 最重要
tier-high = 高
tier-medium = 中
tier-low = 低
group-contact = 連絡対象
group-control = 対照群
status-new = 新規
status-up = 上昇
status-down = 下降
status-same = 変化なし
status-returned = 再掲載
status-left = 掲載終了

# 要因
drivers-list = リスト掲載の理由
drivers-list-caption = 掲載顧客の主な理由（第1理由の多い順）
drivers-code = 理由コード
drivers-first = 第1理由
drivers-any = 理由に含む
drivers-share = 割合
drivers-before = 前回の割合
drivers-change = 変化
drivers-example = 例
drivers-population = 全顧客のリスクを高める要因
drivers-how = 0より上の値はリスクを高め、0より下の値はリスクを下げます。帯は、100回のうち95回で真の値を含む範囲です。影響の大きい順に並んでいます。
drivers-curve-title = { $feature }：対数オッズへの影響 { $low } から { $high }
drivers-table = 数値
drivers-level = 区分
drivers-effect = 影響
drivers-band = 95%信頼区間
drivers-missing = 値なし
drivers-rare = その他の区分
drivers-interactions = 組み合わせで効く要因
drivers-pair = 組み合わせ
drivers-spread = ばらつき
drivers-coefficients = 各列の影響
drivers-column = 列
drivers-none = この実行では要因が公開されていません。

feature-count = { $signal }：直近{ $days }日間の件数
feature-active_days = { $signal }：直近{ $days }日間の利用日数
feature-days_since_last = { $signal }：最後からの経過日数
feature-trend = { $signal }：直近{ $days }日間の傾向
feature-mean_gap = { $signal }：直近{ $days }日間の平均間隔（日）
feature-sum = { $signal }：直近{ $days }日間の合計
feature-mean = { $signal }：直近{ $days }日間の平均
feature-categories = { $signal }：直近{ $days }日間の種類数
feature-negative_share = { $signal }：直近{ $days }日間の否定的な割合
feature-survey_last = { $signal } の { $instrument }：最新の回答
feature-survey_mean = { $signal } の { $instrument }：回答の平均
feature-survey_change = { $signal } の { $instrument }：最新の回答の変化
feature-survey_days_since_last = { $signal } の { $instrument }：最新の回答からの経過日数
feature-tenure = 登録からの日数

# 指標
measures-how = どの製品、チャネル、セグメントでも定義は同じです。割合とスコアには95%信頼区間を付け、n は顧客数または回答数を表します。
measures-none = この実行では指標が公開されていません。
measures-period = 期間
measures-value = 値
measures-interval = 95%信頼区間
measures-n = n
measures-running = 途中経過
measures-by-segment = セグメント別（{ $period }）
measures-segment = セグメント
measures-level = 区分
measures-more = ほか{ $count }件の区分は kpis.parquet にあります。
measures-chart = { $measure }：{ $from } から { $to }
measure-churn_rate = 解約率
measure-retention_rate = 継続率
measure-customers_end_to_start = 期首に対する期末の顧客数
measure-nps = NPS
measure-csat_mean = CSAT 平均
measure-csat_satisfied_share = CSAT 満足の割合
measure-ces_mean = CES 平均
measure-ces_ease = CES 容易さ
measure-active_share = 利用顧客の割合
measure-mean_risk = 平均リスク
measure-expected_churners = 解約見込み数
measure-value_at_risk = リスク対象額
measure-per_customer = 顧客1件あたりの { $signal }

# モデル
model-facts = モデルの概要
model-version = バージョン
model-trained = 学習日時
model-form = 形式
model-form-curves = 曲線と交互作用を含むロジスティック回帰
model-form-linear = 線形ロジスティック回帰
model-fitted = 学習データ
model-fitted-on = { $rows }行（うち解約 { $churners }件）
model-snapshots = スナップショット
model-held-out = 検証用
model-quality = モデルの精度
model-quality-on = 検証用の{ $rows }行（うち解約 { $churners }件）で評価しました。評価に使ったモデルはこれらの行を学習していません。
model-quality-none = 検証用の行がないため、精度はわかりません。
model-metric = 評価指標
model-interval = 95%信頼区間
model-baseline = { $baseline } のみ
model-calibration = リスクは実際の解約率と一致しているか
model-calibration-title = 予測リスクと実際の解約割合（同じ大きさのグループ別）
model-predicted = 予測
model-observed = 実績
model-rows = 行数
model-gains = リストで見つかる解約顧客の割合
model-gains-title = リストの深さごとの、見つかった解約顧客の割合
model-depth = リストの深さ
model-found = 見つかった解約顧客
model-precision = うち解約した割合
model-lift = リフト
model-segments = グループ別
model-group = グループ
model-churn = 解約
model-gap = 実績と予測の差
model-small = 件数不足のため判定不可
model-advice = 利用前の注意点
model-none = この実行ではモデルの数値が公開されていません。
metric-base_rate = 基準解約率
metric-roc_auc = ROC AUC
metric-average_precision = 平均適合率
metric-top_decile_lift = 上位10%のリフト
metric-lift_at_capacity = 上位{ $count }件のリフト
metric-log_loss = 対数損失
metric-brier = ブライアスコア
metric-ece = 較正誤差（ECE）

# データ
data-sources-caption = シグナルごとの行数と最新の行
data-source = データ元
data-files = ファイル数
data-read = 読み込み行数
data-used = 使用行数
data-before = 参照期間より前
data-future = 基準日以降
data-newest = 最新の行
data-quarantine = 使用できなかった行
data-quarantine-none = すべての行を使用できました。
data-reason = 理由
data-rows = 行数
data-excluded = スコアのない顧客
data-excluded-none = すべての顧客にスコアがあります。
data-customers = 顧客数
data-published = この実行のファイル
data-file = ファイル

# ブック
sheet-list = リスト
sheet-measures = 指標
sheet-columns = 列の説明
sheet-history = 推移
sheet-column = 列
sheet-meaning = 意味
sheet-copied = お客様の表からそのまま写した列

# 列の意味
meaning-as_of = リストの基準日
meaning-rank = 1が最もリスクの高い顧客
meaning-customer_id = 顧客
meaning-churn_probability = 基準日に空白期間を加えた日から予測期間の間に解約する、較正済みの確率
meaning-log_odds = 較正前のモデルのスコア
meaning-risk_tier = critical（最重要）：対象顧客の上位1%、high（高）：上位5%、medium（中）：上位20%、low（低）：その他
meaning-percentile = この顧客の順位が同じか上回る対象顧客の割合（%）。1位は100
meaning-value_at_risk = 設定 customers.value の列の値。設定がなければ空欄
meaning-group = contact（連絡対象）または control（対照群）。リスト外の顧客は空欄
meaning-listed = 最新のリストに掲載されているかどうか
meaning-reason_code = リスクを高めている理由のコード（大きい順に第4理由まで）。なければ空欄
meaning-reason_text = 同じ内容を顧客の数値で表した文
meaning-reason_contribution = 基準を上回る大きさ（対数オッズ）
meaning-protective_1_code = リスクを最も下げている理由のコード
meaning-protective_1_text = 同じ内容の文
meaning-protective_1_contribution = その大きさ（対数オッズ、負の値）
meaning-status = これまでのリストとの比較：new（新規）、up（順位上昇）、down（順位下降）、same（変化なし）、returned（再掲載）
meaning-previous_rank = 直前の実行での順位（リスト外も含む）
meaning-previous_probability = 直前の実行での確率（リスト外も含む）
meaning-probability_change = 今回の確率から前回の確率を引いた値
meaning-change_reason_text = 直前の実行からリスクを動かした要因を、顧客の数値で表した文
meaning-days_listed = 途切れずにリストに掲載されている暦日数。新規は1
meaning-model_version = スコアを算出したモデルのバージョン
meaning-probability_change_28d = 28～35日前の最新の実行からの確率の変化。比較できる実行がない場合やその顧客にスコアがない場合は空欄
meaning-days_to_contract_end = 基準日から設定 customers.end の日までの日数。設定がなければ空欄
meaning-action = プレイブックに定めた対応。対照群と、該当する理由のない顧客は空欄
meaning-action_owner = 対応の担当
meaning-action_due = 対応の期限日
meaning-control_key = 設定 list.control_key の値。空なら空欄
meaning-change_data_log_odds = 直前の実行から、新しいデータが対数オッズを動かした大きさ。前回スコアがなければ空欄
meaning-change_model_log_odds = 同じく、モデルの変更が動かした大きさ。前の列との和が対数オッズの変化になる
meaning-improvement_text = モデル上、顧客の順位がリストより下になる単独の変化

# スコアがない理由と、使用できなかった理由
exclusion-not_yet_signed_up = 未登録
exclusion-churned_before = 解約済み
exclusion-gave_notice = 解約予告済み
exclusion-contract_not_running = 有効な契約なし
exclusion-tenure_too_short = 登録直後
exclusion-inactive = 長期間利用なし
exclusion-contract_ends_in_window = 予測期間中に契約満了
exclusion-churned_in_gap = 空白期間中に解約
quarantine-null_id = 顧客IDなし
quarantine-null_time = 日時なし
quarantine-unknown_customer = 顧客表にないID
quarantine-non_finite = 有限でない値
quarantine-out_of_scale = 尺度外の値
quarantine-unknown_instrument = 不明な調査種別
quarantine-duplicate = 完全に重複する行
quarantine-duplicate_id = 重複するID

# モデルの数値とともに保存されている語
baseline-days_since_last_activity = 最後の利用からの日数
baseline-the_base_rate = 基準解約率
segment-tenure = 利用期間
segment-signals_seen = 利用のあったシグナル数
band-under_90_days = 90日未満
band-90_days_to_a_year = 90日以上1年未満
band-the_second_year = 2年目
band-two_to_four_years = 2年以上4年未満
band-over_four_years = 4年以上
level-missing = （値なし）
level-of = { $all }件中{ $count }件
level-others = （その他{ $count }件）

# 解約の定義
churn-cancellation = { $gap }日の空白期間の後、{ $horizon }日以内の解約
churn-silence = { $gap }日の空白期間の後、{ $horizon }日間 { $signals } がないこと
churn-label = 作成済みの表の列「{ $column }」

# 実行結果の要約
summary-title = 解約リスク顧客リスト { $date }（モデル { $model }、{ $rows }行を読み込み、隔離 { $quarantine }行、{ $seconds }秒）
summary-population = { $date }：対象 { $eligible }件、除外：{ $excluded }
summary-excluded = { $reason } { $count }件
summary-nobody = なし
summary-listed = 掲載 { $listed }件（うち { $control }件は対照群として連絡対象外）、平均リスク { $risk }
summary-since = { $date } から：新規 { $new }件、再掲載 { $returned }件、掲載終了 { $left }件
summary-silent = 掲載顧客のうち { $signals } のない顧客：{ $shares }
summary-silent-any = 掲載顧客のうちシグナルが一切ない顧客：{ $shares }
summary-silent-first = { $days }日以上 { $share }
summary-silent-more = { $days }日以上 { $share }
summary-silent-none = なし
summary-quality = 検証用データ：AUC { $auc }、リスク上位10%の解約は全体の{ $lift }倍
summary-rank = 順位
summary-customer = 顧客
summary-risk = リスク
summary-value = 対象額
summary-group = グループ
summary-status = 状況
summary-reasons = 理由
summary-no-reason = 目立った理由はありません
summary-files = { $folder } のファイル：
summary-rows = { $rows }行
summary-file-count = { $files }個のファイル
summary-manifest = 読み込み、判断、出力の記録
summary-latest = 別ファイル：latest/risk.parquet（全顧客の最新リスク）

# 対照群でわかること
power-none = 対照群がない（list.control_fraction = 0）ため、効果は確認できません。{ $share }
power-smallest = 掲載顧客の{ $churn }が解約する場合に、{ $fraction }の対照群で確認できる最小の効果：{ $after }
power-points = { $points }ポイント
power-nothing = 確認不可
power-after = { $months }か月後 { $effect }（顧客 { $customers }件、うち対照群 { $control }件）
power-little = 解約がこれほど少ないと、5ポイントの改善は起こりえません。
power-share = 対照群の割合を{ $share }にすると、{ $months }か月後に5ポイントの効果を確認できます。
power-no-share = 6か月以内に5ポイントの効果を確認できる対照群の割合はありません。より長いリストが必要です。
power-lists = 顧客の増え方は、直近{ $days }日間の{ $lists }回分のリストに基づきます。
power-assumed = リストが4週間分たまるまでは、掲載顧客が{ $days }日で入れ替わると仮定しています。

# 列挙の区切りと、文の区切り
comma = 、
sentence-space = { "" }
