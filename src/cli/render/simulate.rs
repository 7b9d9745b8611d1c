//! A simulated population.

use super::count;
use crate::simulate::{Plan, Summary};

/// After `simulate`.
pub fn simulated(summary: &Summary, plan: &Plan) -> String {
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
