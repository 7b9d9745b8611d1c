# リストについて知らせるメッセージ。
message-title = { $date } の解約リスク顧客
message-notice = { $title }：掲載 { $listed }件、新規 { $new }件
message-listed = 掲載
message-listed-of = { $listed }件（うち対照群 { $control }件）
message-new = 新規
message-returned = 再掲載
message-left = 掲載終了
message-loss = 月間損失見込み額
message-model = モデル { $model }
message-link = 詳しく見る
message-count = { $name }：

# 顧客の列の名前。値の前に置く。
field-as_of = 基準日
field-rank = 順位
field-customer_id = 顧客
field-churn_probability = 解約確率
field-risk_tier = リスク区分
field-percentile = パーセンタイル
field-value_at_risk = 金額
field-group = グループ
field-reason_code = 理由{ $n }のコード
field-reason_text = 理由{ $n }
field-reason_contribution = 理由{ $n }の寄与
field-protective_1_code = リスクを下げる理由のコード
field-protective_1_text = リスクを下げる理由
field-protective_1_contribution = リスクを下げる理由の寄与
field-status = 状況
field-previous_rank = 前回の順位
field-previous_probability = 前回の確率
field-probability_change = 確率の変化
field-change_reason_text = 変化の内容
field-days_listed = 掲載日数
field-model_version = モデル
field-probability_change_28d = 確率の変化（28日間）
field-days_to_contract_end = 契約終了までの日数
field-action = 対応
field-action_owner = 担当
field-action_due = 期限
field-control_key = 対照群のキー
field-change_data_log_odds = データによる対数オッズの変化
field-change_model_log_odds = モデルによる対数オッズの変化
field-improvement_text = 改善につながる変化
field-contact_effect = 連絡による確率の低下
field-expected_saving = 見込まれる節減額

# 配信の結果。
delivered-files = { $date } を { $name } に配信しました：顧客 { $customers }件、消去 { $cleared }件、{ $files }
delivered-changes = { $date } を { $name } に配信しました：顧客 { $customers }件、消去 { $cleared }件、変化がないため省略 { $unchanged }件、{ $files }
delivered-posted = { $date } を { $name } に配信しました：メッセージ送信済み
delivered-posted-before = { $date } を { $name } に配信しました：メッセージは以前に送信済み
delivered-not = 未配信：{ $date } の { $name }。再実行：{ $command }
