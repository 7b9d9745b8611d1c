//! 95 % intervals of shares and means.

use super::answers::Moments;
use crate::numeric::{wilson, Z_95};

/// A value and its interval, where there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Told {
    pub value: f64,
    pub interval: Option<(f64, f64)>,
    pub n: u64,
}

impl Told {
    /// A value without an interval.
    pub fn plain(value: f64, n: u64) -> Told {
        Told { value, interval: None, n }
    }

    /// A share with the interval of Wilson (1927), from two on.
    pub fn share(some: u64, n: u64) -> Told {
        let p = some as f64 / n as f64;
        let interval = wilson(p, n as f64);
        Told { value: p, interval: (n >= 2).then_some(interval), n }
    }

    /// A mean with its normal interval, from two values on that are not all equal, within bounds that it cannot leave.
    pub fn mean(moments: Moments, bounds: (f64, f64), scale: impl Fn(f64) -> f64) -> Told {
        let Moments { count, mean, variance } = moments;
        let half = Z_95 * (variance / count as f64).sqrt();
        let (a, b) = (scale(mean - half), scale(mean + half));
        let interval = (a.min(b).max(bounds.0), a.max(b).min(bounds.1));
        Told { value: scale(mean), interval: (count >= 2 && variance > 0.0).then_some(interval), n: count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_the_interval_of_wilson() {
        // statsmodels 0.15: proportion_confint(7, 40, method="wilson") and (0, 10).
        let Told { value, interval, n } = Told::share(7, 40);
        let (low, high) = interval.unwrap();
        assert!((value, n) == (0.175, 40) && (low - 0.087_454_1).abs() < 1e-6 && (high - 0.319_499_9).abs() < 1e-6);
        let (low, high) = Told::share(0, 10).interval.unwrap();
        assert!(low == 0.0 && (high - 0.277_532_8).abs() < 1e-6);
        assert_eq!(Told::share(10, 10).interval.unwrap().1, 1.0);
        assert_eq!(Told::share(1, 1).interval, None);
    }

    #[test]
    fn a_mean_has_an_interval_where_values_differ() {
        let moments = |count, variance| Moments { count, mean: 0.5, variance };
        let told = Told::mean(moments(100, 0.04), (0.0, 100.0), |mean| 100.0 * mean);
        let (low, high) = told.interval.unwrap();
        assert!((low - (50.0 - 1.959_964 * 2.0)).abs() < 1e-4 && (low + high - 100.0).abs() < 1e-9);
        // A scale that is turned keeps low below high.
        let turned = Told::mean(moments(100, 0.04), (1.0, 5.0), |mean| 5.0 - 4.0 * mean).interval.unwrap();
        assert!(turned.0 < turned.1);
        assert_eq!(Told::mean(moments(2, 10.0), (0.0, 1.0), |mean| mean).interval, Some((0.0, 1.0)));
        assert_eq!(Told::mean(moments(2, 0.0), (0.0, 1.0), |mean| mean).interval, None);
        assert_eq!(Told::mean(moments(1, f64::NAN), (0.0, 1.0), |mean| mean).interval, None);
    }
}
