//! `churn simulate`

use super::summary::count;
use super::Session;
use crate::simulate::{self, Plan, Summary};

pub fn run(session: &Session, plan: Plan) -> anyhow::Result<()> {
    let summary = simulated(session, &plan)?;
    if session.json() {
        return session.print_json(&serde_json::json!({
            "out": plan.out,
            "customers": summary.customers,
            "churned": summary.churned,
            "events": summary.events,
            "start": summary.start,
            "end": summary.end,
        }));
    }
    session.print(&told(&summary, &plan))
}

/// The closing lines.
pub fn told(summary: &Summary, plan: &Plan) -> String {
    let [logins, visits, mentions, surveys] = summary.events.map(count);
    format!(
        "Simulated {} customers from {} to {}, of whom {} churned, into {}:\n  \
         {logins} logins, {visits} visits, {mentions} mentions, {surveys} surveys in {} weekly files each\n  \
         truth.parquet says why each churner left\n",
        count(summary.customers),
        summary.start,
        summary.end.plus(-1),
        count(summary.churned),
        plan.out.display(),
        summary.weeks,
    )
}

/// Simulates with a progress bar.
pub fn simulated(session: &Session, plan: &Plan) -> crate::Result<Summary> {
    let bar = session.progress().bar("simulating", "weeks", 0);
    let summary = simulate::simulate(plan, &|progress| {
        bar.set_length(progress.weeks);
        bar.set_position(progress.weeks_done);
    });
    bar.finish_and_clear();
    summary
}
