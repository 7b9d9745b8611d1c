//! Probabilities for a base rate other than that of the rows a model was fitted on.

use crate::numeric::{logit, sigmoid};
use crate::parallel;
use crate::weights::RowWeights;
use serde::{Deserialize, Serialize};

/// Rows of one partial sum.
const CHUNK: usize = 1 << 16;

/// The prior correction of King & Zeng (*Logistic Regression in Rare Events Data*, Political Analysis 9, 2001): where
/// the share of churners differs from that of the fitted rows, but churners look like churners and others like others,
/// all log-odds are off by the same amount. Exact when non-churners were sampled at random.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriorCorrection {
    /// Share of churners among the rows fitted on.
    pub fitted: f64,
    /// Share of churners among those that probabilities are wanted for.
    pub population: f64,
    /// Added to every log-odds: `logit(population) - logit(fitted)`.
    pub shift: f64,
}

impl PriorCorrection {
    /// For a population with a known share of churners. Both shares are strictly between 0 and 1.
    pub fn to(fitted: f64, population: f64) -> PriorCorrection {
        PriorCorrection { fitted, population, shift: logit(population) - logit(fitted) }
    }

    /// For rows of which all `churners` were fitted on, but only `kept` of the `stayed` who stayed, each counted as
    /// often as it stands for a customer. No count is 0.
    pub fn for_sampling(churners: f64, kept: f64, stayed: f64) -> PriorCorrection {
        PriorCorrection {
            fitted: churners / (churners + kept),
            population: churners / (churners + stayed),
            shift: (kept / stayed).ln(),
        }
    }
}

/// What added to log-odds makes their mean probability the share of churners among the labels; 0 if all are of a class.
///
/// A date's own level is a matter of the calibration. Models that are compared on a later date are compared by how they
/// tell its customers apart: what the level costs all of them would drown it.
pub fn level<'a>(log_odds: &[f64], labels: impl Iterator<Item = &'a u8>, weights: &RowWeights) -> f64 {
    let labels: Vec<u8> = labels.copied().collect();
    let churners = labels.iter().filter(|&&label| label == 1).count();
    if churners == 0 || churners == log_odds.len() {
        return 0.0;
    }
    shift_to(log_odds, weights, weights.totals(&labels).rate())
}

/// What added to every log-odds makes their weighted mean probability `rate`, which is strictly between 0 and 1; 0
/// without rows.
pub fn shift_to(log_odds: &[f64], weights: &RowWeights, rate: f64) -> f64 {
    if log_odds.is_empty() {
        return 0.0;
    }
    let n = weights.total(log_odds.len());
    let at = |shift: f64| -> [f64; 2] {
        let chunks: Vec<[f64; 2]> = parallel::map(log_odds.chunks(CHUNK).enumerate(), |(index, chunk)| {
            (index * CHUNK..).zip(chunk).fold([0.0, 0.0], |[mean, slope], (row, &z)| {
                let (p, weight) = (sigmoid(z + shift), weights.of(row));
                [mean + weight * p, slope + weight * p * (1.0 - p)]
            })
        });
        chunks.iter().fold([-rate, 0.0], |[mean, slope], chunk| [mean + chunk[0] / n, slope + chunk[1] / n])
    };

    // The mean rises with the shift. Newton's steps, within bounds that close in on the answer.
    let (lowest, highest) = log_odds.iter().fold((f64::MAX, f64::MIN), |(low, high), &z| (low.min(z), high.max(z)));
    let (mut low, mut high) = (logit(rate) - highest, logit(rate) - lowest);
    let mut shift = 0.0_f64.clamp(low, high.max(low));

    for _ in 0..200 {
        let [excess, slope] = at(shift);
        if excess > 0.0 {
            high = shift;
        } else {
            low = shift;
        }
        let step = excess / slope;
        let next = shift - step;
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        if (next - shift).abs() <= 1e-14 * shift.abs().max(1.0) {
            break;
        }
        shift = next;
    }

    shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::calibration::{fit_platt, Calibration, Rows};
    use crate::weights::UNIT;

    #[test]
    fn a_sample_of_those_who_stayed_gives_the_probabilities_of_all() {
        // The log-odds of four groups, estimated from all rows and from a tenth of those who stayed.
        let groups = [(50.0, 950.0), (80.0, 600.0), (200.0, 500.0), (300.0, 200.0_f64)];
        let prior = PriorCorrection::for_sampling(630.0, 225.0, 2250.0);
        assert_eq!(prior.shift, PriorCorrection::to(630.0 / 855.0, 630.0 / 2880.0).shift);
        for (churned, stayed) in groups {
            let sampled: f64 = (churned / (stayed / 10.0)).ln();
            let corrected = Calibration::None.shifted(prior.shift).apply(sampled);
            assert!((corrected - churned / (churned + stayed)).abs() < 1e-12);
        }
    }

    #[test]
    fn every_calibration_can_be_shifted() {
        for calibration in [
            Calibration::None,
            fit_platt(Rows::all(&[-1.0, 0.5, 2.0, 1.0], &[0, 0, 1, 1])),
            Calibration::Beta { a: 0.7, b: 1.3, intercept: -0.2 },
            Calibration::Isotonic { log_odds: vec![-1.0, 1.0], probabilities: vec![0.2, 0.7] },
        ] {
            for z in [-1.0, 1.0] {
                let expected = sigmoid(logit(calibration.apply(z)) - 0.4);
                assert!((calibration.clone().shifted(-0.4).apply(z) - expected).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_shift_gives_the_mean() {
        let z: Vec<f64> = (0..1000).map(|i| f64::from(i % 37) / 5.0 - 4.0).collect();
        for rate in [1e-6, 0.01, 0.3, 0.999] {
            let shift = shift_to(&z, &UNIT, rate);
            let mean = z.iter().map(|z| sigmoid(z + shift)).sum::<f64>() / 1000.0;
            assert!((mean / rate - 1.0).abs() < 1e-9, "{mean} against {rate}");
        }
        assert!((shift_to(&[2.0; 5], &UNIT, 0.5) + 2.0).abs() < 1e-12);
        assert_eq!(shift_to(&[], &UNIT, 0.5), 0.0);
    }
}
