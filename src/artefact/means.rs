//! What a model says of some rows on average, without keeping what it says of each.

use super::distribution::MeanScores;
use super::{Artefact, Scores};
use crate::dataset::{Dataset, Selection};
use crate::error::Result;
use crate::model::design::Design;
use crate::numeric::FixedSum;
use crate::parallel;
use std::sync::{Mutex, PoisonError};

/// The sum of probabilities: from 2^-9 on they are exact, smaller ones are at most 2^-63 off.
type ProbabilitySum = FixedSum<62>;

impl Artefact {
    /// The means over the selected rows of a data set whose features have been checked.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn mean_scores(&self, dataset: &Dataset, selection: &Selection) -> Result<MeanScores> {
        let scorer = self.scorer(&dataset.customers);
        // Integers: the order in which threads finish is not seen.
        let sums = Mutex::new((scorer.no_rows(), ProbabilitySum::default()));
        parallel::try_for_each(dataset.blocks.iter().enumerate(), |(index, block)| -> Result<()> {
            let mut of_block = scorer.no_rows();
            let log_odds = scorer.score(block, selection.rows(index), &mut of_block)?;
            let probabilities = self.probability_sum(&log_odds);
            let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
            sums.0.merge(&of_block);
            sums.1.merge(&probabilities);
            Ok(())
        })?;
        let (rows, probabilities) = sums.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(self.means(scorer.mean(&rows).effects, probabilities.value() / rows.rows as f64))
    }

    /// The means over the rows of a design, by a linear model.
    ///
    /// # Errors
    /// When columns that lie on disk cannot be read.
    pub fn mean_scores_of_design(&self, design: &Design) -> Result<MeanScores> {
        let weights = self.weights();
        let mut probabilities = ProbabilitySum::default();
        for log_odds in design.log_odds(&weights, self.fit.intercept)? {
            probabilities.merge(&self.probability_sum(&log_odds));
        }
        let effects = design.profile().iter().zip(&weights).map(|(column, weight)| column.mean * weight).collect();
        Ok(self.means(effects, probabilities.value() / design.rows() as f64))
    }

    /// The means of rows that have been scored.
    pub fn means_of(&self, scores: &Scores) -> MeanScores {
        self.means(scores.mean.effects.clone(), scores.mean_probability())
    }

    fn means(&self, effects: Vec<f64>, probability: f64) -> MeanScores {
        MeanScores { log_odds: self.fit.intercept + effects.iter().sum::<f64>(), effects, probability }
    }

    fn probability_sum(&self, log_odds: &[f64]) -> ProbabilitySum {
        let mut sum = ProbabilitySum::default();
        log_odds.iter().for_each(|&z| sum.add(self.calibration.apply(z)));
        sum
    }
}
