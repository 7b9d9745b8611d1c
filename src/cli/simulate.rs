//! `churn simulate`

use super::{args, render, Session};
use crate::simulate::{self, Continued, Outreach, Plan, Summary};

/// Days of history unless it is said how many.
const DAYS: u32 = 540;

pub fn run(session: &Session, request: args::Simulate) -> anyhow::Result<()> {
    let plan = plan(request)?;
    let summary = simulated(session, &plan)?;
    let json = serde_json::json!({
        "out": plan.out,
        "customers": summary.customers,
        "churned": summary.churned,
        "saved": plan.continued.saved.len(),
        "events": summary.events,
        "start": summary.start,
        "end": summary.end,
    });
    session.done(&json, |_| render::simulate::simulated(&summary, &plan));
    Ok(())
}

/// A new population, or one that goes on.
fn plan(request: args::Simulate) -> crate::Result<Plan> {
    let args::Simulate { customers, days, seed, out, end, string_ids, population, lists, .. } = request;
    let Some(population) = population else {
        let days = days.unwrap_or(DAYS);
        let continued = Continued::default();
        return Ok(Plan { customers, days, seed, out, end, string_ids, continued, population: None });
    };

    let mut plan = Plan::read(&population, out)?;
    plan.continued.days = plan.continued.days.saturating_add(days.unwrap_or(0));
    if let Some(lists) = lists {
        let (save_rate, by_cause) = (request.save_rate, request.save_rate_of.into_iter().collect());
        Outreach { lists, save_rate, by_cause, within_days: request.within }.save(&mut plan)?;
    }
    Ok(plan)
}

/// Simulates with a progress bar.
pub fn simulated(session: &Session, plan: &Plan) -> crate::Result<Summary> {
    let progress = session.progress();
    simulate::simulate(plan, &session.unfinished, &|weeks| progress.count("weeks", weeks.weeks_done, weeks.weeks))
}
