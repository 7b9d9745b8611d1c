//! The calibration of a fit, learned from log-odds of models that have not seen the customer.

use super::plan::FOLDS;
use crate::config::{BaseRate, Model};
use crate::error::Result;
use crate::model::additive::CrossFit;
use crate::model::calibration::base_rate::PriorCorrection;
use crate::model::calibration::{self, ChosenCalibration, Rows};
use crate::model::design::Design;
use crate::model::linear::constraints::Constraints;
use crate::model::linear::cross_fit::Split;
use crate::model::linear::LogisticFit;
use crate::model::sampling::Sampling;
use crate::observer::Observer;
use crate::weights::RowWeights;

/// Rows that a calibration is learned on, at most.
const CALIBRATION_ROWS: usize = 100_000;

/// Calibrates a linear model on rows of their own: every row's log-odds come from a model that has not seen its
/// customer. Above [`CALIBRATION_ROWS`] rows, evenly spread blocks of them are enough.
pub(super) fn calibrate(
    model: &Model,
    design: &Design,
    constraints: &Constraints,
    fit: &LogisticFit,
    sampling: Option<&Sampling>,
    observer: &dyn Observer,
) -> Result<ChosenCalibration> {
    let part = design.part(CALIBRATION_ROWS);
    let log_odds = constraints
        .cross_fit(&[Split::within(&part)], fit.alpha, part.totals().all, FOLDS, Some(fit), observer)?
        .concat();
    let y: Vec<u8> = part.blocks.iter().flat_map(|block| block.y.iter().copied()).collect();
    let fold: Vec<u8> = part.blocks.iter().flat_map(|block| block.fold.iter().copied()).collect();
    let weights = RowWeights::joined(part.blocks.iter().map(|block| (&block.weights, block.rows)));
    let rows = CrossFit { log_odds, y, fold, weights };
    Ok(calibrated(model, rows, design.totals().rate(), sampling))
}

/// The calibration that out-of-fold log-odds ask for, for the base rate that the settings name. `rate` is the share of
/// churners among the rows that the model was fitted on. Of a sample, the calibration is that of the rows that it was
/// drawn from: the log-odds are corrected first, and each of those who stayed counts for those who were left out.
pub(super) fn calibrated(
    model: &Model,
    mut rows: CrossFit,
    rate: f64,
    sampling: Option<&Sampling>,
) -> ChosenCalibration {
    if let Some(sampling) = sampling {
        rows.log_odds.iter_mut().for_each(|z| *z += sampling.prior.shift);
    }
    let weights = sampling.map_or([1.0, 1.0], Sampling::weights);
    let seen = Rows { log_odds: &rows.log_odds, y: &rows.y, weights, row_weights: &rows.weights };
    let chosen = calibration::choose(seen, &rows.fold, model.calibration);
    let learned = sampling.map_or(rate, |sampling| sampling.prior.population);
    match model.base_rate {
        BaseRate::Training => chosen,
        BaseRate::Fixed(rate) => chosen.corrected(PriorCorrection::to(learned, rate)),
    }
}
