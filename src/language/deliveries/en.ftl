# What a message says of a list.
message-title = Customers at risk on { $date }
message-notice = { $title }: { $listed } listed, { $new } new
message-listed = Listed
message-listed-of = { $listed } ({ $control } as control group)
message-new = New
message-returned = Returned
message-left = Left the list
message-loss = Expected loss a month
message-model = Model { $model }
message-link = Read more
message-count = { $name }:

# The columns of a customer, before their values.
field-as_of = as of
field-rank = rank
field-customer_id = customer
field-churn_probability = churn probability
field-risk_tier = risk tier
field-percentile = percentile
field-value_at_risk = value at risk
field-group = group
field-reason_code = reason { $n } code
field-reason_text = reason { $n }
field-reason_contribution = reason { $n } contribution
field-protective_1_code = in favour, code
field-protective_1_text = in favour
field-protective_1_contribution = in favour, contribution
field-status = status
field-previous_rank = previous rank
field-previous_probability = previous probability
field-probability_change = change of probability
field-change_reason_text = what has changed
field-days_listed = days on the list
field-model_version = model
field-probability_change_28d = change of probability in 28 days
field-days_to_contract_end = days to the end of the contract
field-action = action
field-action_owner = owner
field-action_due = due
field-control_key = control key
field-change_data_log_odds = log-odds moved by data
field-change_model_log_odds = log-odds moved by the model
field-improvement_text = what would help
field-contact_effect = drop in the probability by contact
field-expected_saving = expected saving

# What has become of deliveries.
delivered-files = Delivered { $date } to { $name }: { $customers } { $customers ->
    [one] customer
   *[other] customers
}, { $cleared } cleared; { $files }
delivered-changes = Delivered { $date } to { $name }: { $customers } { $customers ->
    [one] customer
   *[other] customers
}, { $cleared } cleared, { $unchanged } unchanged and left out; { $files }
delivered-posted = Delivered { $date } to { $name }: posted
delivered-posted-before = Delivered { $date } to { $name }: posted before
delivered-not = Not delivered: { $date } to { $name }; repeat with { $command }
