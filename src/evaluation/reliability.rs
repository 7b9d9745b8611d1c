//! Whether probabilities mean what they say: Cox's calibration line, and the calibration error that chance alone gives.

use crate::metrics::interval::Interval;
use crate::metrics::{Scores, CALIBRATION_BINS};
use crate::model::calibration::base_rate::shift_to;
use crate::model::calibration::{Curve, Rows};
use crate::numeric::{logit, sigmoid, sum};
use crate::weights::RowWeights;
use serde::{Deserialize, Serialize};

/// The logistic regression of the outcome on the log-odds of the predicted probability (Cox 1958; Van Calster et al.
/// 2019). Intervals are normal ones from a covariance clustered by customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationLine {
    /// What would have to be added to every log-odds for the mean risk to be right: 0 if it is, above 0 if risk is
    /// understated.
    pub in_the_large: Interval,
    /// The line's intercept: 0 of perfect probabilities.
    pub intercept: Interval,
    /// The line's slope: 1 of perfect probabilities, below 1 if they are too extreme, above 1 if too timid.
    pub slope: Interval,
}

/// The calibration line; none where the outcome or the probabilities are all the same, or the two classes are
/// separated. `y`, the probabilities and `customers`, counted from 0, have one value per row; a row counts as often as
/// it stands for a customer.
pub fn calibration_line<'a>(y: &[u8], scores: impl Into<Scores<'a>>, customers: &[u32]) -> Option<CalibrationLine> {
    let Scores { p, weights, .. } = scores.into();
    let z: Vec<f64> = p.iter().map(|&p| logit(p)).collect();
    let rate = weights.totals(y).rate();

    if is_separated(y, p) {
        return None;
    }
    let shift = shift_to(&z, weights, rate);
    let rows = Rows { row_weights: weights, ..Rows::all(&z, y) };
    let line = Curve::new(|z| [z, 1.0], rows, [0.0, 1.0]);
    let (theta, _) = line.fit([1.0, 0.0], logit(rate));
    let [slope, intercept] = theta;
    let [[aa, ab], [_, bb]] = line.sums(&theta).curvature;
    let determinant = aa * bb - ab * ab;

    // All probabilities are the same.
    if determinant <= 1e-12 * aa * bb {
        return None;
    }
    // The sandwich H^-1 (sum over customers of s s') H^-1 of Liang & Zeger (1986).
    let residual =
        |row: usize, slope: f64, add: f64| weights.of(row) * (f64::from(y[row]) - sigmoid(slope * z[row] + add));
    let scores = by_customer(customers, |row| {
        let r = residual(row, slope, intercept);
        [r * z[row], r, residual(row, 1.0, shift)]
    });

    let spread = |weights: [f64; 2]| sum(scores.iter().map(|s| (weights[0] * s[0] + weights[1] * s[1]).powi(2))).sqrt();
    let information = sum(z.iter().enumerate().map(|(row, &z)| {
        let p = sigmoid(z + shift);
        weights.of(row) * p * (1.0 - p)
    }));

    let shift_spread = sum(scores.iter().map(|s| s[2] * s[2])).sqrt() / information;
    Some(CalibrationLine {
        in_the_large: Interval::normal(shift, shift_spread),
        intercept: Interval::normal(intercept, spread([-ab / determinant, aa / determinant])),
        slope: Interval::normal(slope, spread([bb / determinant, -ab / determinant])),
    })
}

/// Whether all churners are above all others, or below, or there is one class alone: the best line would be infinitely
/// steep.
fn is_separated(y: &[u8], p: &[f64]) -> bool {
    let (mut lowest, mut highest) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for (&y, &p) in y.iter().zip(p) {
        let class = usize::from(y == 1);
        lowest[class] = lowest[class].min(p);
        highest[class] = highest[class].max(p);
    }
    highest[0] < lowest[1] || highest[1] < lowest[0]
}

/// The expected calibration error of perfect probabilities: of `n` rows in bins, each bin's rate misses its mean
/// probability by a normal amount, whose mean size is `sqrt(2 / pi)` of its deviation. What the error of a model is to
/// be compared with. Where rows stand for several customers, the variance of a bin's sum is that of the rows times the
/// squares of their weights. None without rows.
pub fn ece_by_chance<'a>(scores: impl Into<Scores<'a>>) -> Option<f64> {
    let Scores { p, weights, .. } = scores.into();
    if p.is_empty() {
        return None;
    }
    if !weights.is_unit() {
        return Some(weighted_ece_by_chance(p, weights));
    }
    let mut descending = p.to_vec();
    descending.sort_unstable_by(|a, b| b.total_cmp(a));
    let bins = descending.rchunks(p.len().div_ceil(CALIBRATION_BINS));
    let misses = bins.map(|bin| (sum(bin.iter().map(|p| p * (1.0 - p))) * std::f64::consts::FRAC_2_PI).sqrt());
    Some(sum(misses) / p.len() as f64)
}

fn weighted_ece_by_chance(p: &[f64], weights: &RowWeights) -> f64 {
    let mut rows: Vec<(f64, f64)> = p.iter().copied().zip(weights.as_slice().iter().copied()).collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let all: f64 = rows.iter().map(|(_, weight)| weight).sum();
    let (mut below, mut variances) = (0.0, [0.0; CALIBRATION_BINS]);
    for (p, weight) in rows {
        let bin = (CALIBRATION_BINS as f64 * (below + 0.5 * weight) / all) as usize;
        variances[bin.min(CALIBRATION_BINS - 1)] += weight * weight * p * (1.0 - p);
        below += weight;
    }
    sum(variances.map(|variance| (variance * std::f64::consts::FRAC_2_PI).sqrt())) / all
}

/// The sums of `of(row)` over each customer's rows, in the order of the customers.
fn by_customer<const N: usize>(customers: &[u32], of: impl Fn(usize) -> [f64; N]) -> Vec<[f64; N]> {
    let mut totals = vec![[0.0; N]; customers.iter().max().map_or(0, |&last| last as usize + 1)];
    for (row, &customer) in customers.iter().enumerate() {
        totals[customer as usize].iter_mut().zip(of(row)).for_each(|(total, value)| *total += value);
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_probabilities_have_the_line_of_identity() {
        // In every group exactly the stated share churned.
        let (mut y, mut p) = (Vec::new(), Vec::new());
        for tenths in 1..10 {
            for row in 0..50 {
                p.push(f64::from(tenths) / 10.0);
                y.push(u8::from(row < 5 * tenths));
            }
        }

        let customers: Vec<u32> = (0..450).collect();
        let line = calibration_line(&y, &p, &customers).unwrap();
        for (found, expected) in [(line.in_the_large, 0.0), (line.intercept, 0.0), (line.slope, 1.0)] {
            assert!((found.estimate - expected).abs() < 1e-9 && found.covers(expected), "{line:?}");
        }
        let timid: Vec<f64> = p.iter().map(|&p| sigmoid(0.5 * logit(p) - 0.3)).collect();
        let line = calibration_line(&y, &timid, &customers).unwrap();
        assert!((line.slope.estimate - 2.0).abs() < 1e-9 && (line.intercept.estimate - 0.6).abs() < 1e-9);
        assert!(line.in_the_large.lower > 0.0, "risk is understated: {line:?}");

        // Twice the same rows of the same customers say no more.
        let twice = calibration_line(&y.repeat(2), &timid.repeat(2), &customers.repeat(2)).unwrap();
        assert!((twice.slope.lower - line.slope.lower).abs() < 1e-9);
    }

    #[test]
    fn no_line_where_there_is_none() {
        let customers: Vec<u32> = (0..6).collect();
        assert_eq!(calibration_line(&[0; 6], &[0.1; 6], &customers), None);
        assert_eq!(calibration_line(&[0, 1, 0, 1, 0, 1], &[0.1; 6], &customers), None);
        let separated = [0.1, 0.2, 0.3, 0.7, 0.8, 0.9];
        assert_eq!(calibration_line(&[0, 0, 0, 1, 1, 1], &separated, &customers), None);
        assert_eq!(calibration_line(&[], &[0.0; 0], &[]), None);
    }

    #[test]
    fn chance_alone_gives_a_calibration_error() {
        assert_eq!(ece_by_chance(&[0.0; 0]), None);
        let found = ece_by_chance(&[0.5; 1000]).unwrap();
        assert!((found - (0.25f64 / 100.0 * std::f64::consts::FRAC_2_PI).sqrt()).abs() < 1e-12);
    }
}
