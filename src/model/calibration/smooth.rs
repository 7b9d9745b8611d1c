//! The smooth calibrations: logistic curves, whose order of customers is that of the model.
//!
//! Both are fitted by maximum likelihood with Platt's targets `(n1 + 1) / (n1 + 2)` for the `n1` churners and
//! `1 / (n0 + 2)` for the `n0` others, which keep them finite; rows that stand for several customers count as many times.

use super::{Calibration, Curve, Rows};
use crate::numeric::{logit, softplus};

/// Rows that give a curve its start, about.
const START_ROWS: usize = 20_000;

/// The logistic curve of Platt (1999). scikit-learn's `_SigmoidCalibration` is the same with the opposite sign of both
/// parameters.
///
/// Where a higher log-odds does not go with more churn, the best curve that does not fall is level: slope 0. One such
/// is also the answer when all log-odds are the same.
pub fn fit_platt(rows: Rows<'_>) -> Calibration {
    let Some((targets, level)) = targets(&rows) else { return Calibration::None };
    let ([slope, intercept], _) = started(rows, |z| [z, 1.0], targets, [1.0, 0.0], level);
    if slope > 0.0 {
        Calibration::Platt { slope, intercept }
    } else {
        Calibration::Platt { slope: 0.0, intercept: level }
    }
}

/// The beta calibration of Kull, Silva Filho & Flach ("Beyond sigmoids: how to obtain well-calibrated probabilities
/// from binary classifiers with beta calibration", *Electronic Journal of Statistics* 11, 2017): the logistic
/// regression on `ln p` and `-ln(1 - p)` of the model's own probability `p`. The package `betacal` is the same but for
/// the targets.
///
/// The best curve that does not fall: if a slope is negative, the best of the curves with one of them 0.
pub fn fit_beta(rows: Rows<'_>) -> Calibration {
    let Some((targets, level)) = targets(&rows) else { return Calibration::None };
    let ([a, b, intercept], _) = started(rows, beta_regressors, targets, [1.0, 1.0, 0.0], level);
    if a >= 0.0 && b >= 0.0 {
        return Calibration::Beta { a, b, intercept };
    }
    let left = |z: f64| [beta_regressors(z)[0], 1.0];
    let right = |z: f64| [beta_regressors(z)[1], 1.0];
    let (with_a, loss_of_a) = started(rows, left, targets, [1.0, 0.0], level);
    let (with_b, loss_of_b) = started(rows, right, targets, [1.0, 0.0], level);

    let (a_rises, b_rises) = (with_a[0] > 0.0, with_b[0] > 0.0);
    if a_rises && (!b_rises || loss_of_a <= loss_of_b) {
        Calibration::Beta { a: with_a[0], b: 0.0, intercept: with_a[1] }
    } else if b_rises {
        Calibration::Beta { a: 0.0, b: with_b[0], intercept: with_b[1] }
    } else {
        Calibration::Beta { a: 0.0, b: 0.0, intercept: level }
    }
}

/// `ln p`, `-ln(1 - p)` and 1 for the probability `p` that the log-odds stand for.
pub(super) fn beta_regressors(log_odds: f64) -> [f64; 3] {
    let right = softplus(log_odds);
    [log_odds - right, right, 1.0]
}

/// Platt's targets, and the log-odds of the best level curve. None without rows.
fn targets(rows: &Rows<'_>) -> Option<([f64; 2], f64)> {
    let [stayed, churners] = rows.totals();
    if stayed + churners == 0.0 {
        return None;
    }
    let targets = [1.0 / (stayed + 2.0), (churners + 1.0) / (churners + 2.0)];
    let expected = stayed * rows.weights[0] * targets[0] + churners * rows.weights[1] * targets[1];
    Some((targets, logit(expected / rows.weight())))
}

/// The fitted curve and its loss. An even choice of rows gives a start so close to the answer that all rows have to be
/// seen three or four times only.
fn started<const K: usize>(
    rows: Rows<'_>,
    regressors: fn(f64) -> [f64; K],
    targets: [f64; 2],
    mut start: [f64; K],
    level: f64,
) -> ([f64; K], f64) {
    let stride = rows.y.len().div_ceil(START_ROWS);
    if stride > 1 {
        let places = rows.log_odds.iter().copied().zip(rows.y.iter().copied()).step_by(stride);
        let (log_odds, y): (Vec<f64>, Vec<u8>) = places.unzip();
        let row_weights = rows.row_weights.take((0..rows.y.len()).step_by(stride));
        let some = Rows { log_odds: &log_odds, y: &y, weights: rows.weights, row_weights: &row_weights };
        (start, _) = Curve::new(regressors, some, targets).fit(start, level);
    }
    Curve::new(regressors, rows, targets).fit(start, level)
}
