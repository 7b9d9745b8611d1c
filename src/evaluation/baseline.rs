//! The trivial baseline: what one column says alone. Of signals, the days since the last activity; of a prepared table,
//! the column that says most about the training rows.

use crate::dataset::{Dataset, Selection, Values};
use crate::error::Result;
use crate::features::Measure;
use crate::memory::Arena;
use crate::model::design::{Design, DesignBlock, DesignRows};
use crate::model::linear::{self, LogisticParams};
use crate::model::univariate;
use crate::numeric::sigmoid;
use crate::parallel;

/// What the baseline of signals is called.
pub const RECENCY: &str = "days since last activity";

/// The curve, which has two parameters, is learned from about so many rows, or from more if these hold fewer than so
/// many churners or customers who stayed.
const ROWS: usize = 100_000;
const ROWS_OF_A_CLASS: usize = 1_000;

/// The probabilities that one column alone gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// The column, as messages name it.
    pub name: String,
    /// One probability per judged row, block by block.
    pub probabilities: Vec<Vec<f64>>,
}

impl Baseline {
    /// Learned from the training rows, for the judged ones. Signals are known over the days of the look-back only.
    ///
    /// # Errors
    /// Features that cannot be read back.
    pub fn learn(look_back_days: u32, dataset: &Dataset, training: &Selection, judged: &Selection) -> Result<Baseline> {
        if dataset.catalogue.numeric.iter().any(|feature| feature.measure == Measure::DaysSinceLast) {
            let probabilities = recency(dataset, training, judged, look_back_days)?;
            return Ok(Baseline { name: RECENCY.to_owned(), probabilities });
        }
        Ok(match univariate::best(univariate::singles(dataset, training)?) {
            Some(best) => {
                let probabilities = best.rates(dataset, judged)?;
                Baseline { name: format!("`{}`", best.name), probabilities }
            }
            None => {
                let labels = training.labels(dataset);
                let churners = labels.iter().filter(|&&y| y == 1).count();
                let rate = churners as f64 / labels.len().max(1) as f64;
                let blocks = (0..dataset.blocks.len()).map(|block| vec![rate; judged.rows(block).len()]);
                Baseline { name: "the base rate".to_owned(), probabilities: blocks.collect() }
            }
        })
    }
}

/// The probability of churn given nothing but the days since the last row of any signal, by a logistic curve. A
/// customer without a row in the look-back counts as just beyond it.
fn recency(
    dataset: &Dataset,
    training: &Selection,
    evaluation: &Selection,
    look_back_days: u32,
) -> Result<Vec<Vec<f64>>> {
    let columns: Vec<usize> = (0..dataset.catalogue.numeric.len())
        .filter(|&i| dataset.catalogue.numeric[i].measure == Measure::DaysSinceLast)
        .collect();
    let recency = |values: &Values<'_>, row: usize| {
        let days = columns.iter().map(|&i| values.value(i, row)).fold(f32::NAN, f32::min);
        if days.is_nan() { look_back_days as f32 } else { days }.ln_1p()
    };

    let design = |selection: &Selection| -> Result<Design> {
        let arena = Arena::new(dataset.memory.budget(None));
        let blocks = parallel::try_map(dataset.blocks.iter().enumerate(), |(index, block)| {
            let rows = selection.rows(index);
            let values = block.values()?;
            let x: Vec<f32> = rows.iter().map(|&row| recency(&values, row as usize)).collect();
            let y = rows.iter().map(|&row| block.label(row as usize).unwrap_or(0)).collect();
            let weights = block.weights_of(rows);
            let rows = DesignRows { y, fold: vec![0; rows.len()], weights, customer: rows.to_vec() };
            DesignBlock::new(&x, rows, index as u32, &arena)
        });
        Ok(Design { names: vec!["days since last activity".to_owned()], blocks: blocks? })
    };

    let labels = training.labels(dataset);
    let churners = labels.iter().filter(|&&y| y == 1).count();
    let rarer = churners.min(labels.len() - churners).max(1);
    let learned = design(&training.thinned(ROWS.max(labels.len() * ROWS_OF_A_CLASS / rarer)))?;

    // The slight penalty keeps the curve finite where recency happens to separate a small training set.
    let fit = linear::fit(&learned, &LogisticParams::new(1e-6).coefficients_only())?;
    let log_odds = fit.log_odds(&design(evaluation)?)?;
    Ok(log_odds.into_iter().map(|block| block.into_iter().map(sigmoid).collect()).collect())
}
