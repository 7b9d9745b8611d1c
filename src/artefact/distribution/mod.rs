//! What the rows of a training were like, for later rows to be held against: counts, no rows.
//!
//! | file | holds |
//! |---|---|
//! | here | the [distribution](Distribution) as the model file has it |
//! | `bins` | how the values of a feature are cut |
//! | `count` | the rows of a data set, counted |
//!
//! All counts are of integers, so that they do not depend on threads or blocks.

mod bins;
mod count;

use crate::calendar::Day;
use crate::model::additive::Bins;
use serde::{Deserialize, Serialize};

/// What the rows of a training were like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// The features of the rows that the model was fitted on.
    pub training: Counts,
    /// The log-odds of the held-out rows, as one column: by the model of the evaluation, which had not seen them.
    pub held_out: Counts,
    /// What the model says of the rows that it was fitted on.
    pub scores: MeanScores,
}

/// Counted rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// All of them.
    pub all: Sample,
    /// Those of each of the newest as-of dates, oldest first.
    pub snapshots: Vec<Snapshot>,
    /// Each column.
    pub columns: Vec<ColumnCounts>,
}

/// The rows of one as-of date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The date; none of rows that have none.
    pub as_of: Option<Day>,
    /// How many there are.
    #[serde(flatten)]
    pub sample: Sample,
}

/// How many rows there are, and of how many customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The rows.
    pub rows: u64,
    /// The sum over customers of the square of the number of their rows.
    pub squares: u64,
}

impl Sample {
    /// As many independent rows as say as much, if the rows of a customer are all alike: the rows divided by Kish's
    /// design effect, `sum m^2 / sum m` for customers of `m` rows (Kish, *Survey Sampling*, 1965, with an intraclass
    /// correlation of 1). Rows of a customer that differ say more, so this errs on the side of caution.
    pub fn effective_rows(&self) -> f64 {
        if self.squares == 0 {
            return 0.0;
        }
        let rows = self.rows as f64;
        rows * rows / self.squares as f64
    }

    fn add_customer(&mut self, rows: u64) {
        self.rows += rows;
        self.squares += rows * rows;
    }

    fn merge(&mut self, other: Sample) {
        self.rows += other.rows;
        self.squares += other.squares;
    }
}

/// How many rows are in each bin of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnCounts {
    /// The column.
    pub name: String,
    /// Its bins; the last code is that of missing values.
    pub bins: Bins,
    /// Of all rows, the number in each bin.
    pub all: Vec<u64>,
    /// The same of each snapshot.
    pub snapshots: Vec<Vec<u64>>,
}

/// What a model says of some rows on average.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeanScores {
    /// What each term adds to the log-odds. With the intercept, they sum to the mean log-odds.
    pub effects: Vec<f64>,
    /// The log-odds.
    pub log_odds: f64,
    /// The probability.
    pub probability: f64,
}

#[cfg(test)]
mod tests;
