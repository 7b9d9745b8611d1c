//! What is counted of the answers to an instrument: enough for its measures and their intervals.
//!
//! A score is counted by how far up its scale it is, as a multiple of 2⁻³⁰, and so is its square: sums of integers are
//! the same in any order, and the variance of equal scores is exactly 0.

use crate::config::Scale;
use serde::{Deserialize, Serialize};

/// Units of one.
const UNITS: f64 = (1u64 << 30) as f64;
/// Scores from which on an answer is a promoter's, and up to which it is a detractor's.
const PROMOTER: f64 = 9.0;
const DETRACTOR: f64 = 6.0;
/// How far up the scale a satisfied answer is.
const SATISFIED: f64 = 0.7;

/// The answers to one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answers {
    pub count: u64,
    pub promoters: u64,
    pub detractors: u64,
    pub satisfied: u64,
    goodness: u64,
    squares: u128,
}

impl Answers {
    /// Counts an answer.
    pub fn add(&mut self, score: f64, scale: Scale) {
        let goodness = scale.goodness(score);
        let units = (goodness * UNITS).round() as u64;
        self.count += 1;
        self.promoters += u64::from(score >= PROMOTER);
        self.detractors += u64::from(score <= DETRACTOR);
        self.satisfied += u64::from(goodness >= SATISFIED);
        self.goodness += units;
        self.squares += u128::from(units) * u128::from(units);
    }

    /// Counts the answers that another part has counted.
    pub fn merge(&mut self, other: &Answers) {
        self.count += other.count;
        self.promoters += other.promoters;
        self.detractors += other.detractors;
        self.satisfied += other.satisfied;
        self.goodness += other.goodness;
        self.squares += other.squares;
    }

    /// How far up the scale they are, with the variance.
    pub fn goodness(&self) -> Moments {
        Moments::new(self.count, u128::from(self.goodness), self.squares, UNITS)
    }

    /// 1 for a promoter, -1 for a detractor, 0 for others.
    pub fn net_promoters(&self) -> Moments {
        let (promoters, detractors) = (self.promoters as f64, self.detractors as f64);
        let count = self.count as f64;
        let mean = (promoters - detractors) / count;
        let variance = ((promoters + detractors) - count * mean * mean) / (count - 1.0);
        Moments { count: self.count, mean, variance: variance.max(0.0) }
    }
}

/// How many values there are, their mean and their variance; with less than two values the variance is NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moments {
    pub count: u64,
    pub mean: f64,
    pub variance: f64,
}

impl Moments {
    /// From the sum of whole numbers of units and the sum of their squares.
    pub fn new(count: u64, sum: u128, squares: u128, units: f64) -> Moments {
        let n = u128::from(count);
        // Of up to 2^33 values of up to 2^30 units, and of fewer larger ones, all products fit.
        let spread = n.checked_mul(squares).zip(sum.checked_mul(sum)).map(|(all, mean)| all.saturating_sub(mean));
        let spread = spread.map_or(f64::NAN, |spread| spread as f64);
        let n = count as f64;
        let variance = if count < 2 { f64::NAN } else { spread / (n * (n - 1.0)) / (units * units) };
        Moments { count, mean: sum as f64 / units / n, variance }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Best;
    use proptest::prelude::*;

    #[test]
    fn equal_scores_vary_by_nothing() {
        let mut answers = Answers::default();
        (0..1000).for_each(|_| answers.add(3.0, Scale::new([1.0, 7.0])));
        assert_eq!(answers.goodness().variance, 0.0);
        assert_eq!(answers.net_promoters(), Moments { count: 1000, mean: -1.0, variance: 0.0 });
    }

    #[test]
    fn satisfied_is_seven_tenths_of_the_way_to_the_good_end() {
        let satisfied = |scale: Scale| {
            let is_satisfied = |score: &i32| {
                let mut answers = Answers::default();
                answers.add(f64::from(*score), scale);
                answers.satisfied == 1
            };
            (scale.from as i32..=scale.to as i32).filter(is_satisfied).collect::<Vec<_>>()
        };
        assert_eq!(satisfied(Scale::new([1.0, 5.0])), [4, 5]);
        assert_eq!(satisfied(Scale::new([0.0, 10.0])), [7, 8, 9, 10]);
        assert_eq!(satisfied(Scale::new([1.0, 11.0])), [8, 9, 10, 11]);
        assert_eq!(satisfied(Scale { from: 1.0, to: 6.0, best: Best::Low }), [1, 2]);
        assert_eq!(satisfied(Scale { from: 0.0, to: 10.0, best: Best::Low }), [0, 1, 2, 3]);
    }

    proptest! {
        #[test]
        fn moments_are_those_of_the_scores(
            scores in proptest::collection::vec(0..=10u32, 2..50),
            cut in 0..50usize,
        ) {
            let scale = Scale::new([0.0, 10.0]);
            let cut = cut.min(scores.len());
            let (mut all, mut rest) = (Answers::default(), Answers::default());
            scores[..cut].iter().for_each(|&score| all.add(f64::from(score), scale));
            scores[cut..].iter().for_each(|&score| rest.add(f64::from(score), scale));
            all.merge(&rest);

            let two_pass = |value: fn(f64) -> f64| {
                let values: Vec<f64> = scores.iter().map(|&score| value(f64::from(score))).collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
                (mean, squares / (values.len() - 1) as f64)
            };
            let net = |score: f64| f64::from(u8::from(score >= 9.0)) - f64::from(u8::from(score <= 6.0));
            for (found, (mean, variance)) in
                [(all.goodness(), two_pass(|score| score / 10.0)), (all.net_promoters(), two_pass(net))]
            {
                prop_assert_eq!(found.count as usize, scores.len());
                prop_assert!((found.mean - mean).abs() < 1e-9 && (found.variance - variance).abs() < 1e-9);
            }
        }
    }
}
