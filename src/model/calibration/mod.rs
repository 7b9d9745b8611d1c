//! From log-odds to calibrated probabilities. A calibration is learned on log-odds of models that had not seen the
//! rows' customers, never on those of the model's own training rows, and never contradicts their order: a higher
//! log-odds has no lower probability. Nor does it claim a certainty that so many rows are no evidence for.
//!
//! | file | holds |
//! |---|---|
//! | here | what a [calibration](Calibration) is; the [choice](choose) between them on rows that they have not seen |
//! | `smooth` | Platt's curve and the beta calibration |
//! | `isotonic` | the isotonic curve |
//! | `curve` | the small logistic regression under the smooth ones |

pub mod base_rate;
mod curve;
mod isotonic;
mod smooth;

pub(crate) use curve::Curve;
pub use isotonic::fit_isotonic;
pub use smooth::{fit_beta, fit_platt};

use crate::config::CalibrationChoice;
use crate::metrics::{self, CALIBRATION_BINS};
use crate::numeric::{logit, sigmoid, sum, Estimate};
use crate::parallel;
use crate::weights::{RowWeights, Totals, UNIT};
use base_rate::PriorCorrection;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The fewest rows and churners for which `auto` considers the isotonic curve; with fewer it learns the noise.
const ISOTONIC_ROWS: usize = 1_000;
const ISOTONIC_CHURNERS: usize = 100;

/// The share of the log-loss that the isotonic curve must save to be preferred to a smooth one: its steps make equals
/// of customers that the model tells apart, and what they save on rows beside those that they were learned from they
/// often lose later.
const ISOTONIC_GAIN: f64 = 0.02;

/// How far probabilities stay away from 0 and 1.
const MARGIN: f64 = 1e-15;

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
    /// The beta calibration: with the model's own probability `p`, that of the logistic curve of
    /// `a ln p - b ln(1 - p) + intercept`. It is Platt's curve with a slope of its own at either end: `a` where the
    /// risk is small, `b` where it is great. Neither is negative.
    Beta {
        /// Slope of the log-odds where the risk is small.
        a: f64,
        /// Slope of the log-odds where it is great.
        b: f64,
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
            Calibration::Beta { a, b, intercept } => {
                let [left, right, _] = smooth::beta_regressors(log_odds);
                sigmoid(a * left + b * right + intercept)
            }
            Calibration::Isotonic { log_odds: knots, probabilities } => {
                isotonic::interpolate(knots, probabilities, log_odds)
            }
        };
        p.clamp(MARGIN, 1.0 - MARGIN)
    }

    /// The calibration whose probabilities are those of this one with `shift` added to their log-odds.
    pub fn shifted(self, shift: f64) -> Calibration {
        match self {
            Calibration::None => Calibration::Platt { slope: 1.0, intercept: shift },
            Calibration::Platt { slope, intercept } => Calibration::Platt { slope, intercept: intercept + shift },
            Calibration::Beta { a, b, intercept } => Calibration::Beta { a, b, intercept: intercept + shift },
            Calibration::Isotonic { log_odds, mut probabilities } => {
                probabilities.iter_mut().for_each(|p| *p = sigmoid(logit(*p) + shift));
                Calibration::Isotonic { log_odds, probabilities }
            }
        }
    }
}

/// Rows to calibrate on: their log-odds, and who churned.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Log-odds, by models that had not seen the rows' customers.
    pub log_odds: &'a [f64],
    /// Per row, 1 if the customer churned, else 0.
    pub y: &'a [u8],
    /// How many rows one of those who stayed stands for, and a churner: 1 unless the rows are a sample.
    pub weights: [f64; 2],
    /// How many customers each row stands for besides.
    pub row_weights: &'a RowWeights,
}

impl<'a> Rows<'a> {
    /// Rows that stand for themselves.
    pub fn all(log_odds: &'a [f64], y: &'a [u8]) -> Rows<'a> {
        Rows { log_odds, y, weights: [1.0, 1.0], row_weights: &UNIT }
    }

    /// How many stayed, and how many churned.
    fn counts(&self) -> [usize; 2] {
        let churners = self.y.iter().filter(|&&y| y == 1).count();
        [self.y.len() - churners, churners]
    }

    /// For how many customers those who stayed stand, and those who churned, before the classes are weighted.
    fn totals(&self) -> [f64; 2] {
        let Totals { all, churned } = self.row_weights.totals(self.y);
        [all - churned, churned]
    }

    /// How many rows these stand for.
    fn weight(&self) -> f64 {
        let [stayed, churners] = self.totals();
        stayed * self.weights[0] + churners * self.weights[1]
    }

    /// The weighted mean of a value a row.
    fn mean(&self, of: impl Fn(usize) -> f64) -> Estimate {
        let weight = |row: usize| self.weights[usize::from(self.y[row] == 1)] * self.row_weights.of(row);
        let all = self.weight();
        let mean = sum((0..self.y.len()).map(|row| weight(row) * of(row))) / all;
        let square = sum((0..self.y.len()).map(|row| (weight(row) * (of(row) - mean)).powi(2)));
        Estimate { mean, standard_error: square.sqrt() / all }
    }

    /// The expected calibration error, as [`metrics::ece`] of the rows that these stand for.
    fn ece(&self, p: &[f64]) -> f64 {
        let row = |(row, (&p, &y))| (p, self.row_weights.of(row), y == 1);
        let mut order: Vec<(f64, f64, bool)> = p.iter().zip(self.y).enumerate().map(row).collect();
        order.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let all = self.weight();
        let (mut below, mut bins) = (0.0, vec![[0.0; 2]; CALIBRATION_BINS + 1]);
        for tie in order.chunk_by(|a, b| a.0 == b.0) {
            let mut totals = Totals::default();
            tie.iter().for_each(|&(_, weight, churned)| totals.add(weight, churned));
            let churned = totals.churned * self.weights[1];
            let rows = (totals.all - totals.churned) * self.weights[0] + churned;
            // The bin of the middle of their places.
            let bin = CALIBRATION_BINS as f64 * (2.0 * below + rows) / (2.0 * all);
            let [predicted, found] = &mut bins[(bin as usize).min(CALIBRATION_BINS)];
            *predicted += rows * tie[0].0;
            *found += churned;
            below += rows;
        }
        sum(bins.iter().map(|[predicted, found]| (predicted - found).abs())) / all
    }

    /// The least and the greatest probability that the rows are evidence for, by Laplace's rule of succession: after
    /// `n` churners and nobody else the next customer churns with probability `(n + 1) / (n + 2)`, and no subset of the
    /// rows says more than that. These are the targets of Platt's curve.
    fn limits(&self) -> [f64; 2] {
        let [stayed, churners] = self.counts().map(|count| count as f64);
        if stayed == 0.0 || churners == 0.0 {
            return certainty();
        }
        let limits = [1.0 / (stayed + 2.0), (churners + 1.0) / (churners + 2.0)];
        match self.shift() {
            0.0 => limits,
            shift => limits.map(|p| sigmoid(logit(p) + shift)),
        }
    }

    /// What the weights add to the log-odds of rows counted once each.
    fn shift(&self) -> f64 {
        (self.weights[1] / self.weights[0]).ln()
    }
}

/// The limits of calibrations that were learned before there were any.
fn certainty() -> [f64; 2] {
    [MARGIN, 1.0 - MARGIN]
}

/// A calibration and how it was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChosenCalibration {
    /// Learned on all the rows.
    pub calibration: Calibration,
    /// The least and the greatest probability that the rows are evidence for; no customer gets one beyond them.
    #[serde(default = "certainty")]
    pub limits: [f64; 2],
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
    /// The calibrated probability of churn, within the limits.
    pub fn apply(&self, log_odds: f64) -> f64 {
        self.calibration.apply(log_odds).max(self.limits[0]).min(self.limits[1])
    }

    /// The same for customers of another base rate.
    pub fn corrected(self, prior: PriorCorrection) -> ChosenCalibration {
        ChosenCalibration {
            calibration: self.calibration.shifted(prior.shift),
            limits: self.limits.map(|p| sigmoid(logit(p) + prior.shift)),
            prior: Some(prior),
            ..self
        }
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

/// A calibration as it was compared, and the log-loss of each row.
struct JudgedCalibration {
    compared: ComparedCalibration,
    losses: Vec<f64>,
}

/// The calibration asked for, learned on out-of-fold log-odds, beside how the others would have done. `auto` goes from
/// the simplest to the richest and takes the next one if its log-loss, cross-validated over the folds, is lower by more
/// than the standard error of the difference. It considers the isotonic curve from 1,000 rows with 100 churners on,
/// takes it only if that saves 2 % of the log-loss of the best smooth one, and leaves the log-odds alone if all rows
/// are of one class or one fold.
///
/// `fold` has one value per row.
pub fn choose(rows: Rows<'_>, fold: &[u8], choice: CalibrationChoice) -> ChosenCalibration {
    let [stayed, churners] = rows.counts();
    let folds = fold.iter().max().map_or(0, |&last| usize::from(last) + 1);
    let comparable = churners > 0 && stayed > 0 && fold.iter().any(|&one| one != fold[0]);
    let mut candidates = vec![CalibrationChoice::None, CalibrationChoice::Platt, CalibrationChoice::Beta];
    if (stayed + churners >= ISOTONIC_ROWS && churners >= ISOTONIC_CHURNERS) || choice == CalibrationChoice::Isotonic {
        candidates.push(CalibrationChoice::Isotonic);
    }
    let limits = rows.limits();

    let judge = |method: CalibrationChoice| {
        let mut p = cross_validated(rows, fold, folds, method);
        p.iter_mut().for_each(|p| *p = p.max(limits[0]).min(limits[1]));
        let losses: Vec<f64> = p.iter().zip(rows.y).map(|(&p, &y)| metrics::loss(y == 1, p)).collect();
        let log_loss = rows.mean(|row| losses[row]).mean;
        let brier = rows.mean(|row| (p[row] - f64::from(rows.y[row])).powi(2)).mean;
        JudgedCalibration { compared: ComparedCalibration { method, log_loss, brier, ece: rows.ece(&p) }, losses }
    };
    let judged = parallel::map(candidates.into_iter().filter(|_| comparable), judge);

    let compared = judged.iter().map(|judged| judged.compared).collect();
    let better = |best: JudgedCalibration, next: JudgedCalibration| {
        let gain = rows.mean(|row| best.losses[row] - next.losses[row]);
        let is_isotonic = next.compared.method == CalibrationChoice::Isotonic;
        let least = if is_isotonic { ISOTONIC_GAIN * best.compared.log_loss } else { 0.0 };
        if gain.mean > gain.standard_error.max(least) {
            next
        } else {
            best
        }
    };

    let best = judged.into_iter().reduce(better).map(|best| best.compared.method);
    let method = match (choice, best) {
        (CalibrationChoice::Auto, Some(best)) => best,
        (CalibrationChoice::Auto, None) => CalibrationChoice::None,
        _ => choice,
    };

    let calibration = fit(rows, method);
    ChosenCalibration { calibration, limits, rows: stayed + churners, churners, compared, prior: None }
}

/// The probability of every row under the calibration learned on the other folds.
fn cross_validated(all: Rows<'_>, fold: &[u8], folds: usize, method: CalibrationChoice) -> Vec<f64> {
    let learned: Vec<Calibration> = parallel::map(0..folds, |left_out| {
        let places = || (0..fold.len()).filter(|&row| usize::from(fold[row]) != left_out);
        let z: Vec<f64> = places().map(|row| all.log_odds[row]).collect();
        let y: Vec<u8> = places().map(|row| all.y[row]).collect();
        let row_weights = all.row_weights.take(places());
        fit(Rows { log_odds: &z, y: &y, weights: all.weights, row_weights: &row_weights }, method)
    });
    all.log_odds.iter().zip(fold).map(|(&z, &fold)| learned[usize::from(fold)].apply(z)).collect()
}

fn fit(rows: Rows<'_>, method: CalibrationChoice) -> Calibration {
    match method {
        CalibrationChoice::None | CalibrationChoice::Auto => Calibration::None,
        CalibrationChoice::Platt => fit_platt(rows),
        CalibrationChoice::Beta => fit_beta(rows),
        CalibrationChoice::Isotonic => {
            let curve = isotonic::cautious(fit_isotonic(rows), rows.log_odds);
            // Weights of the classes change no comparison of two pools: they only shift the log-odds of each.
            match rows.shift() {
                0.0 => curve,
                shift => curve.shifted(shift),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::design::examples::uniform;
    use crate::numeric::softplus;
    use proptest::prelude::*;

    const CHOICES: [CalibrationChoice; 4] =
        [CalibrationChoice::Auto, CalibrationChoice::Platt, CalibrationChoice::Beta, CalibrationChoice::Isotonic];

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
        let good = choose(Rows::all(&z, &y), &fold, CalibrationChoice::Auto);
        assert_eq!(good.compared.len(), 4);
        let gain = good.compared[0].log_loss - good.compared[1].log_loss;
        assert!(gain.abs() < 1e-3, "{gain}");

        let (z, y, fold) = rows(20_000, 0.5, -1.0);
        let squeezed = choose(Rows::all(&z, &y), &fold, CalibrationChoice::Auto);
        let Calibration::Platt { slope, intercept } = fit_platt(Rows::all(&z, &y)) else { panic!("{squeezed:?}") };
        assert!((slope - 0.5).abs() < 0.05 && (intercept + 1.0).abs() < 0.1);
        assert!(matches!(squeezed.calibration, Calibration::Platt { .. } | Calibration::Beta { .. }), "{squeezed:?}");

        // A curve that bends is nothing a line in the log-odds can follow, and no reason for steps.
        let mut next = uniform(6);
        let tilted = |z: f64| sigmoid(1.5 * -softplus(-z) + 0.3 * softplus(z));
        let z: Vec<f64> = (0..20_000).map(|_| 9.0 * next() - 5.0).collect();
        let y: Vec<u8> = z.iter().map(|&z| u8::from(next() < tilted(z))).collect();
        let chosen = choose(Rows::all(&z, &y), &fold, CalibrationChoice::Auto);
        let Calibration::Beta { a, b, .. } = chosen.calibration else { panic!("{chosen:?}") };
        assert!((a - 1.5).abs() < 0.2 && (b - 0.3).abs() < 0.1, "{a} {b}");

        // A curve with a step is nothing a line in the log-odds can follow.
        let mut next = uniform(5);
        let y: Vec<u8> = z.iter().map(|&z| u8::from(next() < if z > -2.0 { 0.4 } else { 0.05 })).collect();
        let stepped = choose(Rows::all(&z, &y), &fold, CalibrationChoice::Auto);
        assert!(matches!(stepped.calibration, Calibration::Isotonic { .. }), "{stepped:?}");
        // Whoever is in the last pool, certain to churn in the sample, is not so for certain.
        let y: Vec<u8> = z.iter().map(|&z| u8::from(z > -2.0)).collect();
        let certain = choose(Rows::all(&z, &y), &fold, CalibrationChoice::Isotonic).calibration;
        let top = z.iter().filter(|&&z| z > -2.0).count() as f64;
        assert!((certain.apply(9.0) - (top + 1.0) / (top + 2.0)).abs() < 1e-12);
        let few = choose(Rows::all(&z[..900], &y[..900]), &fold[..900], CalibrationChoice::Auto);
        assert_eq!(few.compared.len(), 3);
    }

    #[test]
    fn one_class_or_one_fold_leaves_the_log_odds_alone() {
        let chosen = choose(Rows::all(&[0.1, 0.2], &[0, 0]), &[0, 1], CalibrationChoice::Auto);
        assert_eq!((chosen.calibration, chosen.compared.len()), (Calibration::None, 0));
        let chosen = choose(Rows::all(&[0.1, 0.2], &[0, 1]), &[3, 3], CalibrationChoice::Auto);
        assert_eq!((chosen.calibration, chosen.compared.len()), (Calibration::None, 0));
        for choice in CHOICES {
            assert_eq!(choose(Rows::all(&[], &[]), &[], choice).calibration, Calibration::None);
        }
    }

    #[test]
    fn nobody_is_certain_to_churn_after_so_many_rows() {
        // The risk of the last is 1 in all but a rounding error.
        let z: Vec<f64> = (0..200).map(|row| if row < 150 { -50.0 } else { 50.0 }).collect();
        let y: Vec<u8> = (0..200).map(|row| u8::from(row >= 150)).collect();
        let fold: Vec<u8> = (0..200).map(|row| row % 5).collect();
        for choice in CHOICES {
            let chosen = choose(Rows::all(&z, &y), &fold, choice);
            assert!(chosen.apply(80.0) <= 51.0 / 52.0 && chosen.apply(-80.0) >= 1.0 / 152.0, "{chosen:?}");
            let moved = chosen.corrected(PriorCorrection::to(0.25, 0.01));
            assert!(moved.apply(80.0) <= sigmoid(logit(51.0 / 52.0) + logit(0.01) - logit(0.25)) + 1e-15);
        }
    }

    #[test]
    fn a_sample_of_those_who_stayed_is_calibrated_as_all_rows_are() {
        let (z, y, fold) = rows(60_000, 0.6, -1.2);
        let kept: Vec<usize> = (0..z.len()).filter(|&row| y[row] == 1 || row % 4 == 0).collect();
        let (some_z, some_y): (Vec<f64>, Vec<u8>) = kept.iter().map(|&row| (z[row], y[row])).unzip();
        let some_fold: Vec<u8> = kept.iter().map(|&row| fold[row]).collect();
        let sample = Rows { weights: [4.0, 1.0], ..Rows::all(&some_z, &some_y) };

        for choice in CHOICES {
            let all = choose(Rows::all(&z, &y), &fold, choice);
            let few = choose(sample, &some_fold, choice);
            // The steps of the isotonic curve are few rows high at its ends.
            let tolerance = if choice == CalibrationChoice::Isotonic { 0.06 } else { 0.03 };
            for row in (0..z.len()).step_by(97) {
                let (p, q) = (all.apply(z[row]), few.apply(z[row]));
                assert!((p - q).abs() < tolerance, "{choice:?}: {p} against {q} at {}", z[row]);
            }
            for (one, other) in all.compared.iter().zip(&few.compared) {
                assert!((one.log_loss / other.log_loss - 1.0).abs() < 0.05, "{one:?} {other:?}");
                assert!((one.brier / other.brier - 1.0).abs() < 0.05 && (one.ece - other.ece).abs() < 0.01);
            }
        }

        // Counted once each, the error is that of the metrics.
        let p: Vec<f64> = z.iter().map(|&z| sigmoid(z)).collect();
        assert!((Rows::all(&z, &y).ece(&p) - metrics::ece(&y, &p).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn a_bend_the_wrong_way_is_straightened() {
        // Risk falls at the low end and rises at the high one: the left slope would be negative.
        let mut next = uniform(21);
        let z: Vec<f64> = (0..4_000).map(|_| 8.0 * next() - 4.0).collect();
        let y: Vec<u8> = z.iter().map(|&z| u8::from(next() < sigmoid(-2.0 - 0.6 * z.min(0.0) + z.max(0.0)))).collect();
        let Calibration::Beta { a, b, .. } = fit_beta(Rows::all(&z, &y)) else { panic!() };
        assert!(a == 0.0 && b > 0.5, "{a} {b}");
        let reversed: Vec<f64> = z.iter().map(|z| -3.0 * z - 20.0).collect();
        let curve = fit_beta(Rows::all(&reversed, &y));
        let p: Vec<f64> = [-40.0, -20.0, 0.0].map(|z| curve.apply(z)).to_vec();
        assert!(p.is_sorted(), "{curve:?}");
    }

    #[test]
    fn a_ranking_that_is_wrong_is_levelled_not_reversed() {
        let (z, y, _) = rows(2_000, -1.0, -1.0);
        let Calibration::Platt { slope, intercept } = fit_platt(Rows::all(&z, &y)) else { panic!() };
        assert_eq!(slope, 0.0);
        let rate = y.iter().map(|&y| f64::from(y)).sum::<f64>() / 2_000.0;
        assert!((sigmoid(intercept) - rate).abs() < 1e-3);
        let Calibration::Platt { slope, .. } = fit_platt(Rows::all(&[0.5; 10], &[1, 0, 0, 0, 0, 1, 0, 0, 0, 0])) else {
            panic!()
        };
        assert_eq!(slope, 0.0);
    }

    #[test]
    fn extreme_log_odds_stay_inside_the_open_interval() {
        let (z, y, _) = rows(500, 1.0, 0.0);
        for calibration in [
            Calibration::None,
            fit_platt(Rows::all(&z, &y)),
            fit_beta(Rows::all(&z, &y)),
            fit_isotonic(Rows::all(&z, &y)),
        ] {
            for log_odds in [-1e300, -800.0, -40.0, 40.0, 800.0, 1e300] {
                let p = calibration.apply(log_odds);
                assert!(p > 0.0 && p < 1.0, "{p}");
            }
        }

        let separated = fit_platt(Rows::all(&[-3.0, -2.0, 2.0, 3.0], &[0, 0, 1, 1]));
        let Calibration::Platt { slope, .. } = separated else { panic!() };
        assert!(slope.is_finite() && slope > 0.0);

        // So many rows that every weight is zero where the log-odds are taken as they are.
        let y = [0, 1].repeat(10_000);
        let z: Vec<f64> = y.iter().map(|&y| f64::from(y) * 1600.0 - 800.0).collect();
        let certain = fit_platt(Rows::all(&z, &y));
        assert!(certain.apply(-800.0) < 0.001 && certain.apply(800.0) > 0.999, "{certain:?}");
        let certain = fit_beta(Rows::all(&z, &y));
        assert!(certain.apply(-800.0) < 0.001 && certain.apply(800.0) > 0.999, "{certain:?}");
    }

    #[test]
    fn calibrations_survive_json() {
        for calibration in [
            Calibration::None,
            Calibration::Platt { slope: 0.1 + 0.2, intercept: -1.0 / 3.0 },
            Calibration::Beta { a: 1.0 / 3.0, b: 0.7, intercept: -0.1 },
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
            let all = || Rows::all(&z, &y);
            for calibration in [Calibration::None, fit_platt(all()), fit_beta(all()), fit_isotonic(all())] {
                let p: Vec<f64> = queries.iter().map(|&z| calibration.apply(z)).collect();
                prop_assert!(p.windows(2).all(|pair| pair[0] <= pair[1]), "{calibration:?}");
                prop_assert!(p.iter().all(|&p| p > 0.0 && p < 1.0));
            }
        }

        #[test]
        fn isotonic_is_the_best_curve_that_does_not_fall(rows in prop::collection::vec((0..12_i32, 0..2_u8), 1..40)) {
            // The least-squares isotonic fit at x is the greatest, over a <= x, of the least, over b >= x, of the means
            // of a..=b.
            let (z, y): (Vec<f64>, Vec<u8>) = rows.iter().map(|&(z, y)| (f64::from(z), y)).unzip();
            let fitted = fit_isotonic(Rows::all(&z, &y));
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
