//! How good scores were on customers who stand for others: each row has a weight, the number of customers that it
//! stands for. With all weights 1 these are the figures of an evaluation. `y` holds 1 for a customer who churned and 0
//! for one who stayed, `p` the probabilities, `w` the weights; all of them have one value a row. Intervals take the
//! weights as known, and the rows as independent: a run has one row a customer.

use crate::evaluation::CalibrationLine;
use crate::metrics::interval::Interval;
use crate::numeric::{logit, sigmoid, softplus, sum, wilson};

/// Rows with their outcomes.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// 1 churned, 0 stayed.
    pub y: Vec<u8>,
    /// Probabilities of churn.
    pub p: Vec<f64>,
    /// How many customers each row stands for, above 0.
    pub w: Vec<f64>,
}

impl Judged {
    /// Adds a row.
    pub fn push(&mut self, churned: bool, p: f64, w: f64) {
        self.y.push(u8::from(churned));
        self.p.push(p);
        self.w.push(w);
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.y.len()
    }

    /// How many of them churned.
    pub fn churners(&self) -> usize {
        self.y.iter().filter(|&&y| y == 1).count()
    }

    /// Whether both classes are there.
    pub fn has_both(&self) -> bool {
        (1..self.rows()).contains(&self.churners())
    }

    /// The mean probability. None without rows.
    pub fn mean_probability(&self) -> Option<f64> {
        self.mean(self.p.iter().copied())
    }

    /// The share that churned, with the interval of Wilson (1927) of as many rows of equal weight as would have its
    /// variance (that of a ratio, Särndal, Swensson & Wretman 1992). None without rows.
    pub fn churn_rate(&self) -> Option<Interval> {
        let rate = self.mean(self.y.iter().map(|&y| f64::from(y)))?;
        let total = sum(self.w.iter().copied());
        let squares = sum(self.w.iter().map(|w| w * w));
        let deviations = sum(self.y.iter().zip(&self.w).map(|(&y, w)| (w * (f64::from(y) - rate)).powi(2)));
        let variance = deviations / (total * total);

        let rows = if variance > 0.0 { rate * (1.0 - rate) / variance } else { total * total / squares };
        let (lower, upper) = wilson(rate, rows);
        Some(Interval { estimate: rate, lower, upper })
    }

    /// Area under the ROC curve, ties counting half (`roc_auc_score` of scikit-learn with `sample_weight`); the
    /// variance is that of DeLong, DeLong and Clarke-Pearson (1988), with weights. None unless some churned and some
    /// stayed.
    pub fn roc_auc(&self) -> Option<Interval> {
        if !self.has_both() {
            return None;
        }
        let mut order: Vec<u32> = (0..self.rows() as u32).collect();
        order.sort_unstable_by(|&a, &b| self.p[a as usize].total_cmp(&self.p[b as usize]).then(a.cmp(&b)));
        let weight_of = |class: u8, rows: &[u32]| {
            sum(rows.iter().map(|&row| row as usize).filter(|&row| self.y[row] == class).map(|row| self.w[row]))
        };
        let totals = [weight_of(0, &order), weight_of(1, &order)];

        // Of each row, the share of the other class that it is ranked rightly against.
        let mut placements = vec![0.0; self.rows()];
        let mut below = [0.0; 2];
        for tie in order.chunk_by(|&a, &b| self.p[a as usize] == self.p[b as usize]) {
            let here = [weight_of(0, tie), weight_of(1, tie)];
            for row in tie.iter().map(|&row| row as usize) {
                placements[row] = if self.y[row] == 1 {
                    (below[0] + 0.5 * here[0]) / totals[0]
                } else {
                    1.0 - (below[1] + 0.5 * here[1]) / totals[1]
                };
            }
            below = [below[0] + here[0], below[1] + here[1]];
        }

        let rows = || self.y.iter().zip(&placements).zip(&self.w);
        let auc = sum(rows().filter(|((&y, _), _)| y == 1).map(|((_, placement), w)| w * placement)) / totals[1];
        let variance = sum(rows().map(|((&y, placement), w)| {
            let share = w / totals[usize::from(y)];
            (share * (placement - auc)).powi(2)
        }));
        let Interval { estimate, lower, upper } = Interval::normal(auc, variance.sqrt());
        Some(Interval { estimate, lower: lower.max(0.0), upper: upper.min(1.0) })
    }

    /// The calibration line (Cox 1958) with weights; intervals are normal ones from the sandwich covariance. None where
    /// the outcome or the probabilities are all the same, or the two classes are separated.
    pub fn calibration_line(&self) -> Option<CalibrationLine> {
        let auc = self.roc_auc()?.estimate;
        if auc == 0.0 || auc == 1.0 {
            return None;
        }
        let z: Vec<f64> = self.p.iter().map(|&p| logit(p)).collect();
        let shift = self.line(&z, [1.0, 0.0], false)?;
        let line = self.line(&z, [1.0, shift.theta[1]], true)?;

        let [slope, intercept] = line.theta;
        let [slope_error, intercept_error] = line.standard_errors;
        Some(CalibrationLine {
            in_the_large: Interval::normal(shift.theta[1], shift.standard_errors[1]),
            intercept: Interval::normal(intercept, intercept_error),
            slope: Interval::normal(slope, slope_error),
        })
    }

    /// The line of greatest weighted likelihood, by Newton's method from a start; with a fixed slope, or with both
    /// free.
    fn line(&self, z: &[f64], start: [f64; 2], slope_is_free: bool) -> Option<Line> {
        const STEPS: usize = 50;
        let mut theta = start;
        let mut sums = self.sums(z, theta, slope_is_free);
        for _ in 0..STEPS {
            let inverse = inverted(sums.curvature)?;
            let step = product(inverse, sums.gradient);
            let promised = step[0] * sums.gradient[0] + step[1] * sums.gradient[1];
            if promised <= 1e-14 * sums.weight {
                break;
            }
            let halvings = (0..40).map(|halvings| 0.5_f64.powi(halvings));
            let better =
                halvings.map(|share| [theta[0] + share * step[0], theta[1] + share * step[1]]).find_map(|theta| {
                    let next = self.sums(z, theta, slope_is_free);
                    (next.loss < sums.loss).then_some((theta, next))
                });
            let Some((next_theta, next_sums)) = better else { break };
            (theta, sums) = (next_theta, next_sums);
        }

        let inverse = inverted(sums.curvature)?;
        // H^-1 (sum of s s') H^-1, of which only the diagonal is wanted.
        let standard_error = |row: [f64; 2]| {
            let middle = product(sums.outer, row);
            (row[0] * middle[0] + row[1] * middle[1]).max(0.0).sqrt()
        };
        Some(Line { theta, standard_errors: [standard_error(inverse[0]), standard_error(inverse[1])] })
    }

    fn sums(&self, z: &[f64], [slope, intercept]: [f64; 2], slope_is_free: bool) -> Sums {
        let mut sums = Sums::default();
        for ((&y, &z), &w) in self.y.iter().zip(z).zip(&self.w) {
            let at = slope * z + intercept;
            let p = sigmoid(at);
            let residual = w * (f64::from(y) - p);
            let curvature = w * p * (1.0 - p);
            let x = [if slope_is_free { z } else { 0.0 }, 1.0];
            sums.weight += w;
            sums.loss += w * (softplus(at) - f64::from(y) * at);
            for i in 0..2 {
                sums.gradient[i] += residual * x[i];
                for j in 0..2 {
                    sums.curvature[i][j] += curvature * x[i] * x[j];
                    sums.outer[i][j] += residual * residual * x[i] * x[j];
                }
            }
        }
        if !slope_is_free {
            sums.curvature[0][0] = 1.0;
        }
        sums
    }

    fn mean(&self, values: impl Iterator<Item = f64>) -> Option<f64> {
        let total = sum(self.w.iter().copied());
        (total > 0.0).then(|| sum(values.zip(&self.w).map(|(value, w)| w * value)) / total)
    }
}

/// A fitted line: slope and intercept.
struct Line {
    theta: [f64; 2],
    standard_errors: [f64; 2],
}

/// The loss of a line, its derivatives, and the outer products of each row's gradient.
#[derive(Default)]
struct Sums {
    weight: f64,
    loss: f64,
    gradient: [f64; 2],
    curvature: [[f64; 2]; 2],
    outer: [[f64; 2]; 2],
}

/// None of a matrix that is next to singular.
fn inverted([[a, b], [c, d]]: [[f64; 2]; 2]) -> Option<[[f64; 2]; 2]> {
    let determinant = a * d - b * c;
    (determinant > 1e-12 * a * d).then(|| [[d / determinant, -b / determinant], [-c / determinant, a / determinant]])
}

fn product(matrix: [[f64; 2]; 2], vector: [f64; 2]) -> [f64; 2] {
    matrix.map(|row| row[0] * vector[0] + row[1] * vector[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::calibration_line;
    use crate::metrics;
    use serde::Deserialize;

    /// What `tests/golden/outreach.py` writes; the intervals as estimate and standard error.
    #[derive(Deserialize)]
    struct Golden {
        y: Vec<u8>,
        p: Vec<f64>,
        w: Vec<f64>,
        churn_rate: [f64; 2],
        roc_auc: [f64; 2],
        in_the_large: [f64; 2],
        intercept: [f64; 2],
        slope: [f64; 2],
    }

    fn judged(golden: &Golden) -> Judged {
        Judged { y: golden.y.clone(), p: golden.p.clone(), w: golden.w.clone() }
    }

    fn golden() -> Vec<Golden> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/outreach/weighted.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[track_caller]
    fn agrees(found: Interval, [estimate, standard_error]: [f64; 2]) {
        let error = (found.upper - found.estimate) / crate::numeric::Z_95;
        assert!((found.estimate - estimate).abs() < 1e-7, "{} {estimate}", found.estimate);
        assert!((error - standard_error).abs() < 1e-6, "{error} {standard_error}");
    }

    #[test]
    fn figures_are_those_of_statsmodels_and_scikit_learn() {
        let cases = golden();
        assert!(cases.len() >= 4);
        for case in &cases {
            let judged = judged(case);
            let line = judged.calibration_line().unwrap();
            agrees(line.in_the_large, case.in_the_large);
            agrees(line.intercept, case.intercept);
            agrees(line.slope, case.slope);
            agrees(judged.roc_auc().unwrap(), case.roc_auc);
            let rate = judged.churn_rate().unwrap();
            assert!((rate.estimate - case.churn_rate[0]).abs() < 1e-12);
            // Of a share that is no extreme one, the interval of Wilson is about as wide as the normal one.
            let width = (rate.upper - rate.lower) / 2.0 / crate::numeric::Z_95;
            assert!((width / case.churn_rate[1] - 1.0).abs() < 0.05, "{width} {}", case.churn_rate[1]);
        }
    }

    #[test]
    fn with_equal_weights_they_are_those_of_an_evaluation() {
        for case in golden() {
            let ones = Judged { w: vec![1.0; case.y.len()], ..judged(&case) };
            let tens = Judged { w: vec![10.0; case.y.len()], ..judged(&case) };
            let customers: Vec<u32> = (0..case.y.len() as u32).collect();
            let expected = calibration_line(&case.y, &case.p, &customers).unwrap();
            for judged in [ones, tens] {
                let line = judged.calibration_line().unwrap();
                for (a, b) in [
                    (line.in_the_large, expected.in_the_large),
                    (line.intercept, expected.intercept),
                    (line.slope, expected.slope),
                ] {
                    assert!((a.estimate - b.estimate).abs() < 1e-6 && (a.lower - b.lower).abs() < 1e-6, "{a:?} {b:?}");
                }
                let auc = metrics::roc_auc(&case.y, &case.p).unwrap();
                assert!((judged.roc_auc().unwrap().estimate - auc).abs() < 1e-12);
                let rate = judged.churn_rate().unwrap();
                let (lower, upper) = wilson(rate.estimate, case.y.len() as f64);
                assert!((rate.lower - lower).abs() < 1e-12 && (rate.upper - upper).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn what_is_not_defined_is_none() {
        let rows = |y: &[u8], p: &[f64]| Judged { y: y.to_vec(), p: p.to_vec(), w: vec![1.0; y.len()] };
        assert!(Judged::default().churn_rate().is_none() && Judged::default().mean_probability().is_none());
        assert!(rows(&[1, 1], &[0.1, 0.2]).roc_auc().is_none());
        assert!(rows(&[0, 1, 1], &[0.1, 0.2, 0.3]).calibration_line().is_none(), "separated");
        assert!(rows(&[0, 1, 0, 1], &[0.2; 4]).calibration_line().is_none(), "all the same");
        let none = rows(&[0, 0, 0], &[0.1, 0.2, 0.3]).churn_rate().unwrap();
        assert!(none.estimate == 0.0 && none.lower == 0.0 && none.upper > 0.5);
    }
}
