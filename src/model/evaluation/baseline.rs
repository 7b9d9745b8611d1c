//! The trivial baseline: days since the last activity alone.

use crate::dataset::{Dataset, Selection, Values};
use crate::error::Result;
use crate::features::Measure;
use crate::model::design::{Design, DesignBlock};
use crate::model::logistic::{self, LogisticParams};
use crate::numeric::sigmoid;
use rayon::prelude::*;

/// The trivial baseline: the probability of churn given nothing but the days since the last row of any signal, by a
/// logistic curve fitted on the training rows. A customer without a row in the look-back counts as just beyond it.
pub fn recency_baseline(
    dataset: &Dataset,
    training: &Selection,
    evaluation: &Selection,
    look_back_days: u32,
) -> Result<Vec<Vec<f64>>> {
    let columns: Vec<usize> = (0..dataset.catalogue.numeric.len())
        .filter(|&i| dataset.catalogue.numeric[i].measure == Measure::DaysSinceLast)
        .collect();
    let recency = |values: &Values<'_>, row: usize| {
        let days = columns.iter().map(|&i| values.column(i)[row]).fold(f32::NAN, f32::min);
        if days.is_nan() { look_back_days as f32 } else { days }.ln_1p()
    };
    let design = |selection: &Selection| -> Result<Design> {
        let blocks = dataset.blocks.par_iter().enumerate().map(|(index, block)| {
            let rows = selection.rows(index);
            let values = block.values()?;
            Ok(DesignBlock {
                rows: rows.len(),
                x: rows.iter().map(|&row| recency(&values, row as usize)).collect(),
                y: rows.iter().map(|&row| block.label(row as usize).unwrap_or(0)).collect(),
                fold: vec![0; rows.len()],
                customer: rows.to_vec(),
            })
        });
        let blocks = blocks.collect::<Result<_>>()?;
        Ok(Design { names: vec!["days since last activity".to_owned()], blocks })
    };
    // The slight penalty keeps the curve finite where recency happens to separate a small training set.
    let fit = logistic::fit(&design(training)?, &LogisticParams::new(1e-6).coefficients_only())?;
    let log_odds = fit.log_odds(&design(evaluation)?)?;
    Ok(log_odds.into_iter().map(|block| block.into_iter().map(sigmoid).collect()).collect())
}
