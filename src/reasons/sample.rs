//! The customers of a date whose numbers are looked at for what is usual and what comparable customers show: all, or a
//! sample, read once for both.

use crate::artefact::Scores;
use crate::dataset::selection::runs;
use crate::dataset::{Dataset, Place};
use crate::error::Result;

/// About so many customers are looked at.
const SAMPLE: usize = 20_000;

/// Some of the scored customers of a date.
pub(super) struct Sample {
    /// Where their rows are.
    pub places: Vec<Place>,
    /// Their log-odds.
    pub log_odds: Vec<f64>,
    /// Their numeric features, column-major.
    values: Vec<f32>,
}

impl Sample {
    /// Of the customers whom these are the scores of.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn new(data: &Dataset, scores: &Scores) -> Result<Sample> {
        let positions: Vec<usize> = runs(scores.places.len(), SAMPLE).flatten().collect();
        let places: Vec<Place> = positions.iter().map(|&position| scores.places[position]).collect();
        let log_odds = positions.iter().map(|&position| scores.log_odds[position]).collect();
        let values = data.gather(&places)?;
        Ok(Sample { places, log_odds, values })
    }

    /// The values of each numeric feature; none where there is nobody.
    pub fn columns(&self) -> Vec<&[f32]> {
        self.values.chunks_exact(self.places.len().max(1)).collect()
    }
}
