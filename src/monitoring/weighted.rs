//! How good scores were on customers who stand for others: each row has a weight, the number of customers that it
//! stands for. With all weights 1 these are the figures of an evaluation. `y` holds 1 for a customer who churned and 0
//! for one who stayed, `p` the probabilities, `w` the weights; all of them have one value a row. Intervals take the
//! weights as known, and the rows as independent: a run has one row a customer.

use crate::evaluation::{calibration_line, CalibrationLine};
use crate::metrics::interval::Interval;
use crate::metrics::Scores;
use crate::numeric::{sum, wilson};
use crate::weights::RowWeights;

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
        let mut order: Vec<u32> = (0..self.rows() as u32).rev().collect();
        // Rows in the order of their ranks are in order already, the lowest last.
        if !self.p.is_sorted_by(|a, b| a >= b) {
            order.sort_unstable_by(|&a, &b| self.p[a as usize].total_cmp(&self.p[b as usize]).then(b.cmp(&a)));
        }
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

    /// The calibration line (Cox 1958), that of an evaluation with weights; every row is a customer of its own. None
    /// where the outcome or the probabilities are all the same, or the two classes are separated.
    pub fn calibration_line(&self) -> Option<CalibrationLine> {
        let customers: Vec<u32> = (0..self.rows() as u32).collect();
        let is_unit = self.w.iter().all(|&w| w == 1.0);
        let weights = if is_unit { RowWeights::unit() } else { RowWeights::new(self.w.clone()) };
        calibration_line(&self.y, Scores::weighted(&self.p, &weights), &customers)
    }

    fn mean(&self, values: impl Iterator<Item = f64>) -> Option<f64> {
        let total = sum(self.w.iter().copied());
        (total > 0.0).then(|| sum(values.zip(&self.w).map(|(value, w)| w * value)) / total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
