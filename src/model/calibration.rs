//! From log-odds to calibrated probabilities. A calibration is learned on log-odds of models that had not seen the rows'
//! customers, never on those of the model's own training rows, and never contradicts their order: a higher log-odds has
//! no lower probability. Probabilities are strictly between 0 and 1.

use super::base_rate::PriorCorrection;
use super::metrics;
use crate::config::CalibrationChoice;
use crate::numeric::{logit, sigmoid, softplus};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The fewest rows and churners for which `auto` considers the isotonic curve; with fewer it learns the noise.
const ISOTONIC_ROWS: usize = 1_000;

/// The share of the log-loss that the isotonic curve must save to be preferred to a smooth one: its steps make equals
/// of customers that the model tells apart.
const ISOTONIC_GAIN: f64 = 0.005;
const ISOTONIC_CHURNERS: usize = 100;

/// How far probabilities stay away from 0 and 1.
const MARGIN: f64 = 1e-15;

/// A gain in the mean log-loss so small that one more Newton step is the last.
const SETTLED: f64 = 1e-12;

/// Rows that give Platt's curve its start, about.
const START_ROWS: usize = 20_000;

/// Rows of one partial sum.
const CHUNK: usize = 1 << 16;

/// A fitted calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Calibration {
    /// The logistic model's own probabilities.
    None,
    /// The probability is `sigmoid(slope * log_odds + intercept)`; the slope is not negative.
    Platt {
        /// Factor on the log-odds.
        slope: f64,
        /// Added to them.
        intercept: f64,
    },
    /// A curve that never falls: linear between the knots, level beyond them.
    Isotonic {
        /// Log-odds of the knots, ascending.
        log_odds: Vec<f64>,
        /// Probabilities at the knots, never descending.
        probabilities: Vec<f64>,
    },
}

impl Calibration {
    /// The calibrated probability of churn, within `[1e-15, 1 - 1e-15]`.
    pub fn apply(&self, log_odds: f64) -> f64 {
        let p = match self {
            Calibration::None => sigmoid(log_odds),
            Calibration::Platt { slope, intercept } => sigmoid(slope * log_odds + intercept),
            Calibration::Isotonic { log_odds: knots, probabilities } => interpolate(knots, probabilities, log_odds),
        };
        p.clamp(MARGIN, 1.0 - MARGIN)
    }

    /// The calibration whose probabilities are those of this one with `shift` added to their log-odds.
    pub fn shifted(self, shift: f64) -> Calibration {
        match self {
            Calibration::None => Calibration::Platt { slope: 1.0, intercept: shift },
            Calibration::Platt { slope, intercept } => Calibration::Platt { slope, intercept: intercept + shift },
            Calibration::Isotonic { log_odds, mut probabilities } => {
                probabilities.iter_mut().for_each(|p| *p = sigmoid(logit(*p) + shift));
                Calibration::Isotonic { log_odds, probabilities }
            }
        }
    }
}

/// A calibration and how it was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChosenCalibration {
    /// Learned on all the rows.
    pub calibration: Calibration,
    /// Rows it was learned on.
    pub rows: usize,
    /// How many of them churned.
    pub churners: usize,
    /// Each candidate on rows it was not learned on; empty if all rows are of one class or one fold.
    pub compared: Vec<ComparedCalibration>,
    /// The correction for a base rate other than that of the rows, if there was one.
    pub prior: Option<PriorCorrection>,
}

impl ChosenCalibration {
    /// The same for customers of another base rate.
    pub fn corrected(self, prior: PriorCorrection) -> ChosenCalibration {
        ChosenCalibration { calibration: self.calibration.shifted(prior.shift), prior: Some(prior), ..self }
    }
}

/// How well one candidate did on the rows of each fold when learned on those of the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedCalibration {
    /// The candidate.
    pub method: CalibrationChoice,
    /// Mean log-loss, which the choice is made by.
    pub log_loss: f64,
    /// Brier score.
    pub brier: f64,
    /// Expected calibration error.
    pub ece: f64,
}

/// The calibration asked for, learned on out-of-fold log-odds, beside how the others would have done. `auto` takes the candidate with the lowest log-loss,
/// cross-validated over the folds, the simplest of equals; it considers the isotonic curve from 1,000 rows with 100
/// churners on, takes it only if that saves half a per cent of the log-loss, and leaves the log-odds alone if all rows
/// are of one class or one fold.
///
/// `log_odds`, `y` (1 = churned) and `fold` have one value per row.
pub fn choose(log_odds: &[f64], y: &[u8], fold: &[u8], choice: CalibrationChoice) -> ChosenCalibration {
    let (rows, churners) = (y.len(), y.iter().filter(|&&y| y == 1).count());
    let folds = fold.iter().max().map_or(0, |&last| usize::from(last) + 1);
    let comparable = churners > 0 && churners < rows && fold.iter().any(|&one| one != fold[0]);
    let mut candidates = vec![CalibrationChoice::None, CalibrationChoice::Platt];
    if (rows >= ISOTONIC_ROWS && churners >= ISOTONIC_CHURNERS) || choice == CalibrationChoice::Isotonic {
        candidates.push(CalibrationChoice::Isotonic);
    }
    let (mut compared, mut best, mut lowest) = (Vec::new(), CalibrationChoice::None, f64::INFINITY);
    for method in candidates.into_iter().filter(|_| comparable) {
        let p = cross_validated(log_odds, y, fold, folds, method);
        let log_loss = metrics::log_loss(y, &p).unwrap_or(f64::INFINITY);
        let (brier, ece) = (metrics::brier(y, &p).unwrap_or(1.0), metrics::ece(y, &p).unwrap_or(1.0));
        compared.push(ComparedCalibration { method, log_loss, brier, ece });
        let gain = if method == CalibrationChoice::Isotonic { ISOTONIC_GAIN } else { 0.0 };
        if log_loss < lowest * (1.0 - gain) {
            (lowest, best) = (log_loss, method);
        }
    }
    let method = if choice == CalibrationChoice::Auto { best } else { choice };
    ChosenCalibration { calibration: fit(log_odds, y, method), rows, churners, compared, prior: None }
}

/// The probability of every row under the calibration learned on the other folds.
fn cross_validated(log_odds: &[f64], y: &[u8], fold: &[u8], folds: usize, method: CalibrationChoice) -> Vec<f64> {
    let learned: Vec<Calibration> = (0..folds)
        .into_par_iter()
        .map(|left_out| {
            let rows = || (0..y.len()).filter(|&row| usize::from(fold[row]) != left_out);
            let z: Vec<f64> = rows().map(|row| log_odds[row]).collect();
            let y: Vec<u8> = rows().map(|row| y[row]).collect();
            fit(&z, &y, method)
        })
        .collect();
    log_odds.iter().zip(fold).map(|(&z, &fold)| learned[usize::from(fold)].apply(z)).collect()
}

fn fit(log_odds: &[f64], y: &[u8], method: CalibrationChoice) -> Calibration {
    match method {
        CalibrationChoice::None | CalibrationChoice::Auto => Calibration::None,
        CalibrationChoice::Platt => fit_platt(log_odds, y),
        CalibrationChoice::Isotonic => cautious(fit_isotonic(log_odds, y), log_odds),
    }
}

/// The logistic curve of Platt (1999): maximum likelihood with the targets `(n1 + 1) / (n1 + 2)` for the `n1` churners
/// and `1 / (n0 + 2)` for the `n0` others, which keep it finite. scikit-learn's `_SigmoidCalibration` is the same with
/// the opposite sign of both parameters.
///
/// Where a higher log-odds does not go with more churn, the best curve that does not fall is level: slope 0. One such
/// is also the answer when all log-odds are the same.
pub fn fit_platt(log_odds: &[f64], y: &[u8]) -> Calibration {
    let churners = y.iter().filter(|&&y| y == 1).count() as f64;
    let stayed = y.len() as f64 - churners;
    let targets = [1.0 / (stayed + 2.0), (churners + 1.0) / (churners + 2.0)];
    if y.is_empty() {
        return Calibration::None;
    }
    let level = logit((stayed * targets[0] + churners * targets[1]) / (stayed + churners));

    // An even choice of rows gives a start so close to the answer that all rows have to be seen three or four times only.
    let stride = y.len().div_ceil(START_ROWS);
    let start = if stride > 1 {
        let some: (Vec<f64>, Vec<u8>) = log_odds.iter().copied().zip(y.iter().copied()).step_by(stride).unzip();
        logistic_curve(&some.0, &some.1, targets, (1.0, 0.0), level)
    } else {
        (1.0, 0.0)
    };
    let (slope, intercept) = logistic_curve(log_odds, y, targets, start, level);
    if slope > 0.0 {
        Calibration::Platt { slope, intercept }
    } else {
        Calibration::Platt { slope: 0.0, intercept: level }
    }
}

/// The slope and the intercept of the logistic curve of greatest likelihood for the targets of the two classes, by
/// Newton's method from a start, or from the `level` curve if that is better.
pub(super) fn logistic_curve(
    log_odds: &[f64],
    y: &[u8],
    targets: [f64; 2],
    start: (f64, f64),
    level: f64,
) -> (f64, f64) {
    let (mut slope, mut intercept) = start;
    let mut sums = CurveSums::at(log_odds, y, targets, slope, intercept);
    let losses = [0, 1].map(|class| softplus(level) - targets[class] * level);
    let level_loss: f64 = y.iter().map(|&y| losses[usize::from(y == 1)]).sum();
    if level_loss <= sums.loss {
        (slope, intercept) = (0.0, level);
        sums = CurveSums::at(log_odds, y, targets, slope, intercept);
    }
    for _ in 0..100 {
        let [a, b] = sums.gradient;
        let [aa, ab, bb] = sums.curvature;
        let determinant = aa * bb - ab * ab;
        // The share of the slope's curvature that the intercept leaves is that of the weighted variance of the log-odds.
        // Without any, all log-odds are the same (and the curve level) or all rows are where none can be better.
        if determinant <= 1e-14 * aa * bb {
            break;
        }
        let step = [(bb * a - ab * b) / determinant, (aa * b - ab * a) / determinant];
        let promised = a * step[0] + b * step[1];
        if promised <= SETTLED * y.len() as f64 {
            return (slope - step[0], intercept - step[1]);
        }
        // Steps that promise less than the rounding of the loss cannot be told from none.
        let halvings = (0..40).map(|halvings| 0.5_f64.powi(halvings));
        let accepted = halvings.take_while(|share| share * promised > 1e-13 * sums.loss).find_map(|share| {
            let (slope, intercept) = (slope - share * step[0], intercept - share * step[1]);
            let next = CurveSums::at(log_odds, y, targets, slope, intercept);
            (next.loss < sums.loss).then_some((slope, intercept, next))
        });
        let Some((next_slope, next_intercept, next)) = accepted else { break };
        (slope, intercept, sums) = (next_slope, next_intercept, next);
    }
    (slope, intercept)
}

/// The loss of a logistic curve, its gradient and its curvature, in slope and intercept.
pub(super) struct CurveSums {
    loss: f64,
    gradient: [f64; 2],
    /// By slope twice, by both, by intercept twice.
    pub curvature: [f64; 3],
}

impl CurveSums {
    pub fn at(log_odds: &[f64], y: &[u8], targets: [f64; 2], slope: f64, intercept: f64) -> CurveSums {
        let chunks: Vec<[f64; 6]> = log_odds
            .par_chunks(CHUNK)
            .zip(y.par_chunks(CHUNK))
            .map(|(log_odds, y)| {
                let mut sums = [0.0; 6];
                for (&z, &y) in log_odds.iter().zip(y) {
                    let (target, score) = (targets[usize::from(y == 1)], slope * z + intercept);
                    let e = (-score.abs()).exp();
                    let rare = e / (1.0 + e);
                    let residual = if score >= 0.0 { 1.0 - rare } else { rare } - target;
                    let loss = score.max(0.0) + e.ln_1p() - target * score;
                    let weight = rare / (1.0 + e);
                    let row = [loss, residual * z, residual, weight * z * z, weight * z, weight];
                    sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                }
                sums
            })
            .collect();
        let mut total = [0.0; 6];
        for chunk in chunks {
            total.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += value);
        }
        let [loss, a, b, aa, ab, bb] = total;
        CurveSums { loss, gradient: [a, b], curvature: [aa, ab, bb] }
    }
}

/// Keeps the ends of an isotonic curve from certainty: if all `n` customers of the last pool churned, the next one is
/// expected to with probability `(n + 1) / (n + 2)` (Laplace's rule of succession), and likewise for the first pool.
fn cautious(curve: Calibration, log_odds: &[f64]) -> Calibration {
    let Calibration::Isotonic { log_odds: knots, mut probabilities } = curve else { return curve };
    let (Some(&first), Some(&last)) = (probabilities.first(), probabilities.last()) else {
        return Calibration::Isotonic { log_odds: knots, probabilities };
    };
    let first_end = knots[probabilities.partition_point(|&p| p <= first) - 1];
    let last_begin = knots[probabilities.partition_point(|&p| p < last)];
    let rows = |inside: &dyn Fn(f64) -> bool| log_odds.iter().filter(|&&z| inside(z)).count() as f64;
    let low = 1.0 / (rows(&|z| z <= first_end) + 2.0);
    let high = 1.0 - 1.0 / (rows(&|z| z >= last_begin) + 2.0);
    probabilities.iter_mut().for_each(|p| *p = p.max(low).min(high.max(low)));
    Calibration::Isotonic { log_odds: knots, probabilities }
}

/// The isotonic curve of least squares by pooling adjacent violators (Ayer et al., 1955), linear between the ends of the
/// pools as scikit-learn's `IsotonicRegression(out_of_bounds = "clip")`. Pools are compared as exact fractions, so the
/// curve does not depend on the order of the rows. Its probabilities are then kept within `[1 / 2n, 1 - 1 / 2n]` for
/// `n` rows: that many rows cannot tell a smaller chance from none.
pub fn fit_isotonic(log_odds: &[f64], y: &[u8]) -> Calibration {
    if y.is_empty() {
        return Calibration::None;
    }
    let mut rows: Vec<(f64, u8)> = log_odds.iter().copied().zip(y.iter().copied()).collect();
    rows.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut pools: Vec<Pool> = Vec::new();
    for tie in rows.chunk_by(|a, b| a.0 == b.0) {
        let churners = tie.iter().filter(|(_, y)| *y == 1).count();
        let mut pool = Pool { first: tie[0].0, last: tie[0].0, rows: tie.len(), churners };
        while let Some(below) = pools.pop_if(|below| !below.lower_than(&pool)) {
            pool = Pool {
                first: below.first,
                last: pool.last,
                rows: below.rows + pool.rows,
                churners: below.churners + pool.churners,
            };
        }
        pools.push(pool);
    }

    let least = 0.5 / y.len() as f64;
    let (mut log_odds, mut probabilities) = (Vec::new(), Vec::new());
    for pool in pools {
        let p = (pool.churners as f64 / pool.rows as f64).clamp(least, 1.0 - least);
        for (end, knot) in [pool.first, pool.last].into_iter().enumerate() {
            if end == 0 || pool.last > pool.first {
                log_odds.push(knot);
                probabilities.push(p);
            }
        }
    }
    Calibration::Isotonic { log_odds, probabilities }
}

/// Rows of consecutive log-odds with one probability.
#[derive(Clone, Copy)]
struct Pool {
    first: f64,
    last: f64,
    rows: usize,
    churners: usize,
}

impl Pool {
    /// Whether the churn rate is below that of `other`.
    fn lower_than(&self, other: &Pool) -> bool {
        (self.churners as u128 * other.rows as u128) < other.churners as u128 * self.rows as u128
    }
}

/// The piecewise linear curve through the knots at `x`, level beyond the first and the last.
fn interpolate(knots: &[f64], values: &[f64], x: f64) -> f64 {
    let above = knots.partition_point(|&knot| knot <= x);
    match (above.checked_sub(1).map(|at| (knots[at], values[at])), knots.get(above).zip(values.get(above))) {
        (Some((x0, y0)), Some((&x1, &y1))) => (y0 + (y1 - y0) * ((x - x0) / (x1 - x0))).min(y1),
        (Some((_, y)), None) | (None, Some((_, &y))) => y,
        (None, None) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::design::examples::uniform;
    use proptest::prelude::*;

    /// Rows whose true log-odds are `slope * z + intercept`, in five folds.
    fn rows(n: usize, slope: f64, intercept: f64) -> (Vec<f64>, Vec<u8>, Vec<u8>) {
        let mut next = uniform(11);
        let z: Vec<f64> = (0..n).map(|_| 6.0 * next() - 5.0).collect();
        let y = z.iter().map(|z| u8::from(next() < sigmoid(slope * z + intercept))).collect();
        let fold = (0..n).map(|_| (next() * 5.0) as u8).collect();
        (z, y, fold)
    }

    #[test]
    fn auto_finds_what_is_wrong_with_the_log_odds() {
        let (z, y, fold) = rows(20_000, 1.0, 0.0);
        let good = choose(&z, &y, &fold, CalibrationChoice::Auto);
        assert_eq!(good.compared.len(), 3);
        let gain = good.compared[0].log_loss - good.compared[1].log_loss;
        assert!(gain.abs() < 1e-3, "{gain}");

        let (z, y, fold) = rows(20_000, 0.5, -1.0);
        let squeezed = choose(&z, &y, &fold, CalibrationChoice::Auto);
        let Calibration::Platt { slope, intercept } = squeezed.calibration else { panic!("{squeezed:?}") };
        assert!((slope - 0.5).abs() < 0.05 && (intercept + 1.0).abs() < 0.1);

        // A curve with a step is nothing a line in the log-odds can follow.
        let mut next = uniform(5);
        let y: Vec<u8> = z.iter().map(|&z| u8::from(next() < if z > -2.0 { 0.4 } else { 0.05 })).collect();
        let stepped = choose(&z, &y, &fold, CalibrationChoice::Auto);
        assert!(matches!(stepped.calibration, Calibration::Isotonic { .. }), "{stepped:?}");
        // Whoever is in the last pool, certain to churn in the sample, is not so for certain.
        let y: Vec<u8> = z.iter().map(|&z| u8::from(z > -2.0)).collect();
        let certain = choose(&z, &y, &fold, CalibrationChoice::Isotonic).calibration;
        let top = z.iter().filter(|&&z| z > -2.0).count() as f64;
        assert!((certain.apply(9.0) - (top + 1.0) / (top + 2.0)).abs() < 1e-12);
        let few = choose(&z[..900], &y[..900], &fold[..900], CalibrationChoice::Auto);
        assert_eq!(few.compared.len(), 2);
    }

    #[test]
    fn one_class_or_one_fold_leaves_the_log_odds_alone() {
        let chosen = choose(&[0.1, 0.2], &[0, 0], &[0, 1], CalibrationChoice::Auto);
        assert_eq!((chosen.calibration, chosen.compared.len()), (Calibration::None, 0));
        let chosen = choose(&[0.1, 0.2], &[0, 1], &[3, 3], CalibrationChoice::Auto);
        assert_eq!((chosen.calibration, chosen.compared.len()), (Calibration::None, 0));
        for choice in [CalibrationChoice::Auto, CalibrationChoice::Platt, CalibrationChoice::Isotonic] {
            assert_eq!(choose(&[], &[], &[], choice).calibration, Calibration::None);
        }
    }

    #[test]
    fn a_ranking_that_is_wrong_is_levelled_not_reversed() {
        let (z, y, _) = rows(2_000, -1.0, -1.0);
        let Calibration::Platt { slope, intercept } = fit_platt(&z, &y) else { panic!() };
        assert_eq!(slope, 0.0);
        let rate = y.iter().map(|&y| f64::from(y)).sum::<f64>() / 2_000.0;
        assert!((sigmoid(intercept) - rate).abs() < 1e-3);
        let Calibration::Platt { slope, .. } = fit_platt(&[0.5; 10], &[1, 0, 0, 0, 0, 1, 0, 0, 0, 0]) else { panic!() };
        assert_eq!(slope, 0.0);
    }

    #[test]
    fn extreme_log_odds_stay_inside_the_open_interval() {
        let (z, y, _) = rows(500, 1.0, 0.0);
        for calibration in [Calibration::None, fit_platt(&z, &y), fit_isotonic(&z, &y)] {
            for log_odds in [-1e300, -800.0, -40.0, 40.0, 800.0, 1e300] {
                let p = calibration.apply(log_odds);
                assert!(p > 0.0 && p < 1.0, "{p}");
            }
        }
        let separated = fit_platt(&[-3.0, -2.0, 2.0, 3.0], &[0, 0, 1, 1]);
        let Calibration::Platt { slope, .. } = separated else { panic!() };
        assert!(slope.is_finite() && slope > 0.0);
        // So many rows that every weight is zero where the log-odds are taken as they are.
        let y = [0, 1].repeat(10_000);
        let z: Vec<f64> = y.iter().map(|&y| f64::from(y) * 1600.0 - 800.0).collect();
        let certain = fit_platt(&z, &y);
        assert!(certain.apply(-800.0) < 0.001 && certain.apply(800.0) > 0.999, "{certain:?}");
    }

    #[test]
    fn calibrations_survive_json() {
        for calibration in [
            Calibration::None,
            Calibration::Platt { slope: 0.1 + 0.2, intercept: -1.0 / 3.0 },
            Calibration::Isotonic { log_odds: vec![-1.0, 0.5], probabilities: vec![0.1, 0.3] },
        ] {
            let text = serde_json::to_string(&calibration).unwrap();
            assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), calibration);
        }
    }

    proptest! {
        #[test]
        fn no_calibration_contradicts_the_order(
            rows in prop::collection::vec((-30..30_i32, 0..2_u8), 1..80),
            queries in prop::collection::vec(-20.0..20.0_f64, 2..40),
        ) {
            let (z, y): (Vec<f64>, Vec<u8>) = rows.into_iter().map(|(z, y)| (f64::from(z) / 4.0, y)).unzip();
            let mut queries = [queries, z.clone()].concat();
            queries.sort_by(f64::total_cmp);
            for calibration in [Calibration::None, fit_platt(&z, &y), fit_isotonic(&z, &y)] {
                let p: Vec<f64> = queries.iter().map(|&z| calibration.apply(z)).collect();
                prop_assert!(p.windows(2).all(|pair| pair[0] <= pair[1]), "{calibration:?}");
                prop_assert!(p.iter().all(|&p| p > 0.0 && p < 1.0));
            }
        }

        #[test]
        fn isotonic_is_the_best_curve_that_does_not_fall(rows in prop::collection::vec((0..12_i32, 0..2_u8), 1..40)) {
            // The least-squares isotonic fit at x is the greatest, over a <= x, of the least, over b >= x, of the means of a..=b.
            let (z, y): (Vec<f64>, Vec<u8>) = rows.iter().map(|&(z, y)| (f64::from(z), y)).unzip();
            let fitted = fit_isotonic(&z, &y);
            let least = 0.5 / y.len() as f64;
            for &x in &z {
                let mean = |a: f64, b: f64| {
                    let (mut n, mut c) = (0.0, 0.0);
                    for (_, &y) in z.iter().zip(&y).filter(|(&z, _)| a <= z && z <= b) {
                        n += 1.0;
                        c += f64::from(y);
                    }
                    c / n
                };
                let best = z.iter().filter(|&&a| a <= x).map(|&a| {
                    z.iter().filter(|&&b| b >= x).map(|&b| mean(a, b)).fold(f64::INFINITY, f64::min)
                }).fold(f64::NEG_INFINITY, f64::max);
                prop_assert!((fitted.apply(x) - best.clamp(least, 1.0 - least)).abs() < 1e-12);
            }
        }
    }
}
