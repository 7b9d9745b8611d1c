//! What a simulation is asked for.

use crate::calendar::Day;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file in the folder of a population that says how it was made.
pub(super) const FILE: &str = "plan.json";

/// What to simulate, and where to write it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Customers, including those who sign up or churn in the course of the history.
    pub customers: u32,
    /// Days of history.
    pub days: u32,
    /// The seed of all random numbers: the same seed gives the same bytes.
    pub seed: u64,
    /// The folder to write into, which is empty or does not exist.
    #[serde(skip)]
    pub out: PathBuf,
    /// Whether ids are strings such as `C00001234` instead of integers.
    pub string_ids: bool,
    /// The day after the last one of the history, before it goes on.
    pub end: Day,
    /// How the history has gone on since then.
    #[serde(default)]
    pub continued: Continued,
    /// The folder of the population that this one goes on from, if it does: weeks that stay as they were are taken from
    /// there.
    #[serde(skip)]
    pub population: Option<PathBuf>,
}

/// How a history has gone on beyond the end of its plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Continued {
    /// So many days.
    pub days: u32,
    /// Customers who would have left and were saved: their indices, and the date of the list that they were contacted
    /// for.
    pub saved: BTreeMap<u32, Day>,
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

    /// The day after the last one of the history as far as it goes by now.
    pub fn until(&self) -> Day {
        self.end.later_by(self.continued.days)
    }

    /// Reads how the population in a folder was made; `out` is where it goes on.
    ///
    /// # Errors
    /// [`Error::Config`] if the folder holds no simulated population, or one that says nothing of its plan.
    pub fn read(folder: &Path, out: PathBuf) -> Result<Plan> {
        let path = folder.join(FILE);
        let unusable = |why: String| {
            Error::Config(format!(
                "cannot go on with the population in {}: {}: {why}. Name a folder that `churn simulate` has written, \
                 or simulate it again",
                folder.display(),
                path.display(),
            ))
        };
        let text = std::fs::read_to_string(&path).map_err(|error| unusable(error.to_string()))?;
        let plan: Plan = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        Ok(Plan { out, population: Some(folder.to_owned()), ..plan })
    }

    pub(super) fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::Internal(format!("the plan: {error}")))?;
        Ok(text + "\n")
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.customers == 0 {
            return Err(Error::Config("a population of 0 customers has nothing to simulate; ask for 1 or more".into()));
        }

        let days = self.days.saturating_add(self.continued.days);
        if self.days == 0 || days > Plan::MAX_DAYS {
            return Err(Error::Config(format!(
                "cannot simulate a history of {days} days; ask for 1 to {} (a model needs about 400)",
                Plan::MAX_DAYS
            )));
        }
        Ok(())
    }
}
