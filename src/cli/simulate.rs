//! `churn simulate`

use super::{render, Session};
use crate::simulate::{self, Plan, Summary};

pub fn run(session: &Session, plan: &Plan) -> anyhow::Result<()> {
    let summary = simulated(session, plan)?;
    let json = serde_json::json!({
        "out": plan.out,
        "customers": summary.customers,
        "churned": summary.churned,
        "events": summary.events,
        "start": summary.start,
        "end": summary.end,
    });
    session.done(&json, |_| render::simulate::simulated(&summary, plan));
    Ok(())
}

/// Simulates with a progress bar.
pub fn simulated(session: &Session, plan: &Plan) -> crate::Result<Summary> {
    let progress = session.progress();
    simulate::simulate(plan, &session.unfinished, &|weeks| progress.count("weeks", weeks.weeks_done, weeks.weeks))
}
