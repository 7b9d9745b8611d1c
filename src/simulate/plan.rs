//! What a simulation is asked for.

use crate::calendar::Day;
use crate::error::{Error, Result};
use std::path::PathBuf;

/// What to simulate, and where to write it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Customers, including those who sign up or churn in the course of the history.
    pub customers: u32,
    /// Days of history.
    pub days: u32,
    /// The seed of all random numbers: the same seed gives the same bytes.
    pub seed: u64,
    /// The folder to write into, which is empty or does not exist.
    pub out: PathBuf,
    /// Whether ids are strings such as `C00001234` instead of integers.
    pub string_ids: bool,
    /// The day after the last one of the history.
    pub end: Day,
}

impl Plan {
    /// The usual [`end`](Plan::end): 2026-06-01, a Monday.
    pub const END: Day = Day(20_605);
    /// How many days `truth.parquet` looks beyond the end of the history.
    pub const FORESIGHT_DAYS: i32 = 90;
    /// The longest history, a century.
    pub const MAX_DAYS: u32 = 36_525;

    /// The first day of the history.
    pub fn start(&self) -> Day {
        self.end.earlier_by(self.days.min(Plan::MAX_DAYS))
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.customers == 0 {
            return Err(Error::Config("a population of 0 customers has nothing to simulate; ask for 1 or more".into()));
        }

        if self.days == 0 || self.days > Plan::MAX_DAYS {
            return Err(Error::Config(format!(
                "cannot simulate a history of {} days; ask for 1 to {} (a model needs about 400)",
                self.days,
                Plan::MAX_DAYS
            )));
        }
        Ok(())
    }
}
