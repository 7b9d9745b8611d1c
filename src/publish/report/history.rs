//! The risks of listed customers in earlier runs.

use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::parallel;
use crate::publish::frame::read;
use crate::publish::previous::numbers;
use crate::publish::runs::{before, Run};
use hashbrown::HashMap;
use polars::prelude::*;
use std::path::Path;

/// How many runs a sparkline shows, this one included.
pub const RUNS: usize = 18;
/// The days over which a change is told, and how many more the earlier run may lie back: the last one before a weekend,
/// or that of a weekly schedule.
const CHANGES: [(i32, i32); 3] = [(1, 3), (7, 3), (28, 7)];

/// The probabilities of earlier runs, by row of the list. A run that cannot be read has none: when the list was made,
/// that was said.
pub struct RiskHistory {
    /// The dates of the last runs, oldest first, without this one.
    pub days: Vec<Day>,
    runs: HashMap<Day, Vec<f64>>,
    compared: [Option<Day>; CHANGES.len()],
}

impl RiskHistory {
    /// Reads what the runs before a date said of the customers on the list in a folder.
    ///
    /// # Errors
    /// [`Error::Contract`] when that list cannot be read.
    pub fn read(folder: &Path, lists: &Path, as_of: Day) -> Result<RiskHistory> {
        let mut earlier = before(lists, as_of);
        let first = earlier.len().saturating_sub(RUNS - 1);
        let days: Vec<Day> = earlier[first..].iter().map(|earlier| earlier.as_of).collect();
        let compared = CHANGES.map(|(back, more)| {
            let (latest, earliest) = (as_of.plus(-back), as_of.plus(-back - more));
            earlier.iter().map(|earlier| earlier.as_of).rfind(|&day| day <= latest && day >= earliest)
        });
        earlier.retain(|earlier| days.contains(&earlier.as_of) || compared.contains(&Some(earlier.as_of)));

        let listed = listed(folder).map_err(|e| {
            Error::Contract(format!(
                "the published list {} cannot be read: {e}. Score that date again",
                folder.display()
            ))
        })?;
        let of_run = |earlier: &Run| -> Option<(Day, Vec<f64>)> {
            let mut risks = vec![f64::NAN; listed.height()];
            for (row, risk) in numbers(earlier, &listed, "churn_probability").ok()? {
                risks[row as usize] = risk;
            }
            Some((earlier.as_of, risks))
        };
        Ok(RiskHistory { days, runs: parallel::map(&earlier, of_run).into_iter().flatten().collect(), compared })
    }

    /// What a run said of the customer in a row of the list.
    pub fn risk(&self, day: Day, row: usize) -> Option<f64> {
        self.runs.get(&day)?.get(row).copied().filter(|risk| !risk.is_nan())
    }

    /// What the runs that today is compared with said: 1, 7 and 28 days ago.
    pub fn compared(&self, row: usize) -> [Option<f64>; CHANGES.len()] {
        self.compared.map(|day| self.risk(day?, row))
    }

    /// Whether there is a run to compare with, for each number of days.
    pub fn has_compared(&self) -> [bool; CHANGES.len()] {
        self.compared.map(|day| day.is_some())
    }
}

/// The ids of the list, each with its row.
fn listed(folder: &Path) -> PolarsResult<DataFrame> {
    let mut ids = read(&folder.join("at_risk.parquet"), &["customer_id"])?;
    let rows: Vec<u32> = (0..ids.height() as u32).collect();
    ids.with_column(Column::new("position".into(), rows))?;
    Ok(ids)
}
