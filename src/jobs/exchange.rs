//! The feature table made by an engine on many machines: what it is asked for. The work itself is in
//! [`exchange`](crate::exchange).

use super::context::Context;
use crate::calendar::Day;
use crate::error::Result;
use crate::exchange::Plan;

/// What to make.
#[derive(Clone, Debug)]
pub struct Request {
    /// One row per eligible customer on each of these dates.
    pub as_of: Vec<Day>,
    /// How many buckets the customers are split into, a power of two.
    pub buckets: u32,
}

/// Plans the feature table of some dates.
///
/// # Errors
/// [`Error::Config`](crate::Error::Config) for dates that have not come yet, and as [`Plan::new`].
pub fn plan(context: &Context<'_>, request: &Request) -> Result<Plan> {
    context.run(|job| {
        job.not_after_today(request.as_of.iter().copied())?;
        Plan::new(job.settings().clone(), &request.as_of, request.buckets)
    })
}
