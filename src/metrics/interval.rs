//! Values with an interval, for each metric.

use crate::numeric::Z_95;
use serde::{Deserialize, Serialize};

/// With a smaller share of replicates in which a metric is defined, it has no interval.
const DEFINED: f64 = 0.9;

/// A value and where the truth is in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The value on the rows themselves.
    pub estimate: f64,
    /// The lower end of the 95 % interval.
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
}

impl Interval {
    /// Whether the interval holds a value.
    pub fn covers(&self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// The normal interval of an estimate with this standard error.
    pub fn normal(estimate: f64, standard_error: f64) -> Interval {
        Interval { estimate, lower: estimate - Z_95 * standard_error, upper: estimate + Z_95 * standard_error }
    }

    /// The interval with either side of the estimate so many times as wide.
    pub fn widened(self, times: f64) -> Interval {
        let Interval { estimate, lower, upper } = self;
        Interval {
            estimate,
            lower: estimate - times * (estimate - lower),
            upper: estimate + times * (upper - estimate),
        }
    }

    /// The part of the interval within these bounds.
    fn within(self, least: f64, most: f64) -> Interval {
        Interval { lower: self.lower.max(least), upper: self.upper.min(most), ..self }
    }

    /// From the estimate and its replicates; undefined (not finite) replicates are left out.
    pub(super) fn percentile(estimate: f64, replicates: impl Iterator<Item = f64>) -> Option<Interval> {
        let (mut defined, mut all) = (Vec::new(), 0usize);
        for value in replicates {
            all += 1;
            defined.extend(Some(value).filter(|value| value.is_finite()));
        }
        if !estimate.is_finite() || defined.is_empty() || (defined.len() as f64) < DEFINED * all as f64 {
            return None;
        }
        defined.sort_unstable_by(f64::total_cmp);
        Some(Interval { estimate, lower: quantile(&defined, 0.025), upper: quantile(&defined, 0.975) })
    }
}

/// The quantile of ascending values, at least one of them; linear between neighbours (numpy's default).
fn quantile(ascending: &[f64], share: f64) -> f64 {
    let place = share * (ascending.len() - 1) as f64;
    let (below, above) = (ascending[place.floor() as usize], ascending[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// A value for each metric that is resampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PerMetric<T> {
    /// Share of churners.
    pub base_rate: T,
    /// [`roc_auc`](super::roc_auc).
    pub roc_auc: T,
    /// [`average_precision`](super::average_precision).
    pub average_precision: T,
    /// [`log_loss`](super::log_loss).
    pub log_loss: T,
    /// [`brier`](super::brier).
    pub brier: T,
    /// [`ece`](super::ece).
    pub ece: T,
    /// [`top_decile_lift`](super::top_decile_lift).
    pub top_decile_lift: T,
    /// [`precision_at`](super::precision_at) the capacity.
    pub precision_at_capacity: T,
    /// [`lift_at`](super::lift_at) the capacity.
    pub lift_at_capacity: T,
}

impl<T> PerMetric<T> {
    /// Applies `of` to every metric, that is, to what reads its value.
    pub(super) fn map<U>(of: impl Fn(fn(&PerMetric<f64>) -> f64) -> U) -> PerMetric<U> {
        PerMetric {
            base_rate: of(|each| each.base_rate),
            roc_auc: of(|each| each.roc_auc),
            average_precision: of(|each| each.average_precision),
            log_loss: of(|each| each.log_loss),
            brier: of(|each| each.brier),
            ece: of(|each| each.ece),
            top_decile_lift: of(|each| each.top_decile_lift),
            precision_at_capacity: of(|each| each.precision_at_capacity),
            lift_at_capacity: of(|each| each.lift_at_capacity),
        }
    }
}

/// The intervals of all metrics; a metric that is not defined has none.
pub type Intervals = PerMetric<Option<Interval>>;

impl Intervals {
    /// The intervals of a model's metrics, so many times as wide, but within the values that each metric can have. That
    /// of the base rate stays as it is: it says nothing about the model.
    pub fn widened(self, times: f64) -> Intervals {
        let wide = self.differences_widened(times);
        let within = |interval: Option<Interval>, most: f64| interval.map(|interval| interval.within(0.0, most));
        PerMetric {
            base_rate: self.base_rate,
            roc_auc: within(wide.roc_auc, 1.0),
            average_precision: within(wide.average_precision, 1.0),
            log_loss: within(wide.log_loss, f64::INFINITY),
            brier: within(wide.brier, 1.0),
            ece: within(wide.ece, 1.0),
            top_decile_lift: within(wide.top_decile_lift, f64::INFINITY),
            precision_at_capacity: within(wide.precision_at_capacity, 1.0),
            lift_at_capacity: within(wide.lift_at_capacity, f64::INFINITY),
        }
    }

    /// The intervals of differences between metrics, so many times as wide.
    pub fn differences_widened(self, times: f64) -> Intervals {
        let wide = |interval: Option<Interval>| interval.map(|interval| interval.widened(times));
        PerMetric {
            base_rate: wide(self.base_rate),
            roc_auc: wide(self.roc_auc),
            average_precision: wide(self.average_precision),
            log_loss: wide(self.log_loss),
            brier: wide(self.brier),
            ece: wide(self.ece),
            top_decile_lift: wide(self.top_decile_lift),
            precision_at_capacity: wide(self.precision_at_capacity),
            lift_at_capacity: wide(self.lift_at_capacity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_intervals_stay_around_their_estimates_and_within_what_is_possible() {
        let interval = |estimate, lower, upper| Some(Interval { estimate, lower, upper });
        let of =
            Intervals { roc_auc: interval(0.9, 0.8, 0.98), brier: interval(0.1, 0.02, 0.2), ..Intervals::default() };
        let wide = of.widened(1.5);
        assert_eq!(wide.roc_auc.map(|auc| (auc.estimate, auc.upper)), Some((0.9, 1.0)));
        assert!((wide.roc_auc.unwrap().lower - 0.75).abs() < 1e-12);
        assert_eq!((wide.brier.unwrap().lower, wide.log_loss), (0.0, None));
        assert!((of.differences_widened(2.0).brier.unwrap().lower + 0.06).abs() < 1e-12);
    }
}
