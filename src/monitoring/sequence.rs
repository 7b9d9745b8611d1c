//! An interval for a mean that is valid at every look: the asymptotic confidence sequence of Waudby-Smith, Arbour,
//! Sinha, Kennedy and Ramdas (2021, "Time-uniform central limit theory and asymptotic confidence sequences", arXiv
//! 2103.06476, theorem 2.2). Over all looks, however many there are and whenever one stops, it fails to hold the mean
//! in at most 5 of 100 cases, if the first look comes after enough values.

use crate::metrics::interval::Interval;
use crate::numeric::Z_95;

/// The share of sequences that may fail at some look.
const ALPHA: f64 = 0.05;
/// The number of values at which the interval is narrowest against one for a single look. It must not depend on the
/// data.
const NARROWEST: f64 = 2_000.0;

/// Values in the order in which they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence {
    count: u64,
    mean: f64,
    /// Sum of the squared deviations from the mean (Welford 1962).
    squares: f64,
}

impl Sequence {
    /// Adds a value.
    pub fn push(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean of the values so far with its interval; none of fewer than two, and of values that are all the same.
    pub fn interval(&self) -> Option<Interval> {
        let n = self.count as f64;
        let deviation = (self.squares / n).sqrt();
        (self.count >= 2 && deviation > 0.0).then(|| {
            let half = deviation * margin(n);
            Interval { estimate: self.mean, lower: self.mean - half, upper: self.mean + half }
        })
    }
}

/// How many times as wide as an interval for one look one for every look is, of a statistic that is nearly a mean of so
/// many values.
pub fn widening(count: u64) -> f64 {
    let n = count as f64;
    margin(n) * n.sqrt() / Z_95
}

/// Half the width of the interval of values with a standard deviation of 1.
fn margin(n: f64) -> f64 {
    let rho_squared = (-2.0 * ALPHA.ln() + (-2.0 * ALPHA.ln()).ln() + 1.0) / NARROWEST;
    let scaled = n * rho_squared + 1.0;
    (2.0 * scaled / (n * n * rho_squared) * (scaled.sqrt() / ALPHA).ln()).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_that_of_the_paper() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/outreach/sequence.json");
        let golden: Vec<(f64, f64)> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(golden.len() >= 5);
        for (n, expected) in golden {
            assert!((margin(n) - expected).abs() < 1e-12, "{n}: {} {expected}", margin(n));
        }
    }

    #[test]
    fn it_is_wider_than_an_interval_for_one_look_and_narrowest_where_it_is_said() {
        for n in [10, 100, 2_000, 100_000, 10_000_000] {
            assert!(widening(n) > 1.3, "{n}: {}", widening(n));
            assert!(widening(n) >= widening(NARROWEST as u64) - 1e-3);
        }
    }

    #[test]
    fn values_that_say_nothing_have_no_interval() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.interval(), None);
        for _ in 0..5 {
            sequence.push(0.25);
            assert_eq!(sequence.interval(), None);
        }
        sequence.push(0.75);
        let interval = sequence.interval().unwrap();
        assert!((interval.estimate - 2.0 / 6.0).abs() < 1e-12 && interval.covers(0.3));
    }
}
