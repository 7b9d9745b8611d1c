//! Whether the tables are ready for a check and a training: how fresh they are, and what is missing.

use super::past;
use super::plan::{gates, Plan, Ready};

/// Says how fresh the signals are on the days to look at, if there are any, and what is missing.
pub(super) fn judge(plan: &mut Plan, ready: Option<Ready>) {
    if let Some(ready) = ready {
        let newest = ready.newest;
        judge_freshness(plan, ready);
        let churn = plan.churn.as_ref().map(|churn| &churn.rows);
        let doubts = past::doubts(&plan.signals, churn, plan.proposal.as_ref(), newest, gates().as_ref());
        plan.doubts.extend(doubts);
    }
    say_what_is_missing(plan);
}

/// Allows signals with rows on few days what they need. Others that end before the rest are late.
fn judge_freshness(plan: &mut Plan, Ready { as_of, newest }: Ready) {
    const USUAL: i32 = 3;
    for signal in &plan.signals {
        let Some(last) = signal.rows.newest_before(as_of) else { continue };
        let age = as_of.0 - 1 - last.0;
        let hole = signal.rows.longest_hole();
        if age <= USUAL.min(hole.max(1)) && hole <= USUAL {
            continue;
        }
        if age <= 2 * hole.max(USUAL) {
            plan.staleness.push((signal.name.clone(), (2 * hole).max(age).max(USUAL) as u32));
        } else {
            plan.missing.push(format!(
                "signal `{}` ends on {last}, {} days before {as_of}, although it never paused for more than {hole} \
                 days: load the missing days, or set its max_staleness_days",
                signal.name,
                as_of.0 - last.0
            ));
        }
    }

    if as_of < newest {
        plan.doubts.push(format!(
            "there are rows up to {}, but hardly any customers to score after {}; give the commands the date --as-of \
             {as_of}",
            newest.plus(-1),
            as_of.plus(-1)
        ));
    }
}

/// Says what a person has to supply.
fn say_what_is_missing(plan: &mut Plan) {
    if plan.customers.is_none() {
        let of = plan.signals.first().map(|signal| {
            let column = |key: &str| {
                signal.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.trim_matches('"'))
            };
            let (id, time) = (column("id").unwrap_or("customer_id"), column("time").unwrap_or("ts"));
            format!(
                ". With DuckDB: COPY (SELECT {id}, min({time})::DATE AS signup_date FROM '{}' GROUP BY 1) TO \
                 'customers.parquet'",
                signal.path.display()
            )
        });
        plan.missing.push(format!(
            "a table of customers: one row for each, with an id that does not repeat{}",
            of.unwrap_or_default()
        ));
    }
    if plan.signals.is_empty() {
        plan.missing.push("a signal: a table with the customer's id and a time in each row".to_owned());
    }

    let Some(gates) = gates() else { return };
    match &plan.proposal {
        None if plan.customers.is_some() && !plan.signals.is_empty() => plan.missing.push(
            "a longer history: it has no room for the label windows of a training and of an evaluation date, even with \
             a horizon of a week"
                .to_owned(),
        ),
        None => {}
        Some(proposal) => {
            if proposal.to_score < u64::from(gates.min_customers) {
                plan.missing.push(format!(
                    "customers: about {} could be scored on {}, fewer than the {} of gates.min_customers",
                    proposal.to_score, proposal.ready, gates.min_customers
                ));
            }
            if proposal.count.churned < u64::from(gates.min_churners) {
                plan.missing.push(format!(
                    "churners: about {} in {} snapshots, fewer than the {} of gates.min_churners",
                    proposal.count.churned, proposal.snapshots, gates.min_churners
                ));
            }
        }
    }
}
