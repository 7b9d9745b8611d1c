//! The metrics fold by fold, where there is no time to split by.

use crate::metrics::interval::PerMetric;
use crate::metrics::Metrics;
use serde::{Deserialize, Serialize};

/// The metrics of every fold that was held out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldMetrics {
    /// The column that gave the folds; none if they were made, with the same share of churners in each.
    pub column: Option<String>,
    /// The folds by name.
    pub by_fold: Vec<OneFold>,
    /// The mean over the folds in which a metric is defined.
    pub mean: PerMetric<Option<f64>>,
}

/// The metrics of one fold. In the model file they are a pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(String, Metrics)", into = "(String, Metrics)")]
pub struct OneFold {
    /// What the fold is called.
    pub name: String,
    /// Its metrics.
    pub metrics: Metrics,
}

impl From<(String, Metrics)> for OneFold {
    fn from((name, metrics): (String, Metrics)) -> OneFold {
        OneFold { name, metrics }
    }
}

impl From<OneFold> for (String, Metrics) {
    fn from(fold: OneFold) -> (String, Metrics) {
        (fold.name, fold.metrics)
    }
}

/// The mean of a metric over the folds in which it is defined.
fn mean(by_fold: &[OneFold], metric: impl Fn(&Metrics) -> Option<f64>) -> Option<f64> {
    let defined: Vec<f64> = by_fold.iter().filter_map(|fold| metric(&fold.metrics)).collect();
    (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
}

impl FoldMetrics {
    /// With the mean over the folds.
    pub fn new(column: Option<String>, by_fold: Vec<OneFold>) -> FoldMetrics {
        let mean = PerMetric {
            base_rate: mean(&by_fold, |m| m.base_rate),
            roc_auc: mean(&by_fold, |m| m.roc_auc),
            average_precision: mean(&by_fold, |m| m.average_precision),
            log_loss: mean(&by_fold, |m| m.log_loss),
            brier: mean(&by_fold, |m| m.brier),
            ece: mean(&by_fold, |m| m.ece),
            top_decile_lift: mean(&by_fold, |m| m.top_decile_lift),
            precision_at_capacity: mean(&by_fold, |m| m.precision_at_capacity),
            lift_at_capacity: mean(&by_fold, |m| m.lift_at_capacity),
        };
        FoldMetrics { column, by_fold, mean }
    }
}
