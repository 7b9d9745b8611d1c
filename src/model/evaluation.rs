//! Evaluation: how good the model is on snapshots that it has not seen, beside the trivial baseline.

use super::design::{Design, DesignBlock};
use super::folds::FoldMetrics;
use super::logistic::{self, LogisticParams};
use super::metrics::{self, CalibrationBin, Metrics};
use crate::calendar::Day;
use crate::dataset::{Dataset, Selection, Values};
use crate::error::Result;
use crate::features::Measure;
use crate::numeric::sigmoid;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What is known about a model from rows later than all it was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The as-of dates of the rows.
    pub as_of: Vec<Day>,
    /// All rows together.
    pub metrics: Metrics,
    /// Each as-of date by itself.
    pub by_date: Vec<(Day, Metrics)>,
    /// Predicted against observed, in ten bins of equal size.
    pub calibration: Vec<CalibrationBin>,
    /// The same rows ranked by "days since last activity" alone.
    pub baseline: Metrics,
    /// Each fold by itself, where rows were held out in folds rather than by time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<FoldMetrics>,
}

impl Evaluation {
    /// Judges probabilities, one a row of the selection, block by block.
    pub fn of(
        dataset: &Dataset,
        selection: &Selection,
        probabilities: &[Vec<f64>],
        baseline: &[Vec<f64>],
        capacity: u32,
    ) -> Evaluation {
        let y = selection.labels(dataset);
        let dates = selection.map(dataset, |block, row| block.as_of[row]);
        let p: Vec<f64> = probabilities.concat();
        let capacity = capacity as usize;
        let mut seen = dates.clone();
        seen.sort_unstable();
        seen.dedup();
        let by_date = seen
            .iter()
            .map(|&date| {
                let rows = || dates.iter().enumerate().filter(move |(_, &d)| d == date).map(|(row, _)| row);
                let (y, p): (Vec<u8>, Vec<f64>) = rows().map(|row| (y[row], p[row])).unzip();
                (dataset.as_of[date as usize], Metrics::of(&y, &p, capacity))
            })
            .collect();
        Evaluation {
            as_of: seen.iter().map(|&date| dataset.as_of[date as usize]).collect(),
            metrics: Metrics::of(&y, &p, capacity),
            by_date,
            calibration: metrics::calibration_table(&y, &p),
            baseline: Metrics::of(&y, &baseline.concat(), capacity),
            folds: None,
        }
    }
}

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
    let log_odds = fit.log_odds(&design(evaluation)?);
    Ok(log_odds.into_iter().map(|block| block.into_iter().map(sigmoid).collect()).collect())
}
