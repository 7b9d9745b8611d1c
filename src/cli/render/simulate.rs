//! A simulated population.

use super::count;
use crate::simulate::{Plan, Summary};

/// After `simulate`.
pub fn simulated(summary: &Summary, plan: &Plan) -> String {
    let [logins, visits, mentions, surveys] = summary.events.map(count);
    let saved = match plan.continued.saved.len() {
        0 => String::new(),
        saved => format!("  outreach has saved {} who would have left\n", count(saved as u64)),
    };
    format!(
        "Simulated {} customers from {} to {}, of whom {} churned, into {}:\n  \
         {logins} logins, {visits} visits, {mentions} mentions, {surveys} surveys in {} weekly files each\n  \
         truth.parquet says why each churner left\n{saved}",
        count(summary.customers),
        summary.start,
        summary.end.plus(-1),
        count(summary.churned),
        plan.out.display(),
        summary.weeks,
    )
}
