//! Evaluation: how good the model is on rows that it has not seen, with intervals, beside the trivial baseline, in money,
//! and group by group.

mod baseline;
mod folds;
mod gains;
mod profit;
mod reliability;
pub(crate) mod segments;

pub use baseline::{Baseline, RECENCY};
pub use folds::FoldMetrics;
pub use gains::{gains, Gain};
pub use profit::{empc, ListProfit, Profit};
pub use reliability::{calibration_line, ece_by_chance, CalibrationLine};
pub use segments::Segment;

use crate::calendar::Day;
use crate::config::{Economics, List};
use crate::dataset::{Dataset, Selection};
use crate::metrics::bootstrap::Bootstrap;
use crate::metrics::interval::{Interval, Intervals};
use crate::metrics::{self, CalibrationBin, Metrics, RankedRow, Scores};
use crate::sources::CustomerTable;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// With fewer churners the intervals are too wide to decide on anything.
const FEW_CHURNERS: usize = 100;
/// The share of the mean risk by which it must be off to be worth a word.
const OFF: f64 = 0.1;
/// Groups that are served badly and named in the advice, those with the most churners; the segments have all.
const NAMED: usize = 4;
/// How far the calibration slope must be from 1 to be worth a word.
const STEEP: f64 = 0.15;

/// What is known about a model from rows that it was not trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The as-of dates of the rows.
    pub as_of: Vec<Day>,
    /// All rows together.
    pub metrics: Metrics,
    /// The same with 95 % intervals, by resampling customers.
    pub intervals: Intervals,
    /// How often they were resampled.
    pub replicates: usize,
    /// Each as-of date by itself.
    pub by_date: Vec<(Day, Metrics)>,
    /// Predicted against observed, in ten bins of equal size.
    pub calibration: Vec<CalibrationBin>,
    /// Cox's calibration line.
    pub calibration_line: Option<CalibrationLine>,
    /// The calibration error that perfect probabilities would have on as many rows.
    pub ece_by_chance: Option<f64>,
    /// Churners caught by depth of the list.
    pub gains: Vec<Gain>,
    /// What a list is worth.
    pub profit: Option<Profit>,
    /// Group by group.
    pub segments: Vec<Segment>,
    /// What the baseline knows: [`RECENCY`], or the column of a prepared table that says most by itself.
    #[serde(default = "recency")]
    pub baseline_of: String,
    /// The same rows ranked by that alone.
    pub baseline: Metrics,
    /// The model less the baseline, with intervals of the difference.
    pub over_baseline: Intervals,
    /// What a person should know before trusting the model.
    pub advice: Vec<String>,
    /// Each fold by itself, where rows were held out in folds rather than by time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<FoldMetrics>,
}

/// Held-out rows, and what is known of them before they are judged.
pub struct HeldOutRows<'a> {
    /// The rows.
    pub rows: &'a Selection,
    /// The probability that the model gives each of them, block by block.
    pub probabilities: &'a [Vec<f64>],
    /// What the baseline says of them.
    pub baseline: Baseline,
    /// The [groups](segments::groupings) that they fall into.
    pub groupings: Vec<segments::Grouping>,
    /// The fold of each row where rows were held out in turn: they are ranked by [`metrics::places_within`] their folds, and
    /// intervals are wider by [`for_shared_rows`].
    pub folds: Option<&'a [u32]>,
}

impl Evaluation {
    /// Judges a model on rows that it has not seen, on the whole and group by group, against the baseline.
    pub fn new(
        list: &List,
        economics: &Economics,
        seed: u64,
        dataset: &Dataset,
        held_out: HeldOutRows<'_>,
    ) -> Evaluation {
        let HeldOutRows { rows: selection, probabilities, baseline, mut groupings, folds } = held_out;
        let mut y = selection.labels(dataset);
        let mut dates = selection.map(dataset, |block, row| block.as_of[row]);
        let mut who = compact(&selection.customers(dataset));
        let (baseline_of, mut p, mut baseline) =
            (baseline.name, probabilities.concat(), baseline.probabilities.concat());
        let by = |p: &[f64]| folds.map(|folds| metrics::places_within(folds, p));
        let (mut by_p, mut by_baseline) = (by(&p), by(&baseline));
        let mut values =
            selection.map(dataset, |block, row| value(economics, &dataset.customers, block.customers[row]));

        // From the highest risk to the lowest: whatever sorts by it from here on has no more to do than to see that.
        let order = metrics::ranked(by_p.as_ref().unwrap_or(&p), &who);
        groupings.iter_mut().for_each(|grouping| arrange(&mut grouping.groups, &order));
        arrange(&mut y, &order);
        [&mut dates, &mut who].into_iter().for_each(|column| arrange(column, &order));
        let columns = [&mut values, &mut p, &mut baseline].into_iter().chain(&mut by_p).chain(&mut by_baseline);
        columns.for_each(|column| arrange(column, &order));
        drop(order);
        let scores = Scores { p: &p, by: by_p.as_ref().unwrap_or(&p) };
        let of_baseline = Scores { p: &baseline, by: by_baseline.as_ref().unwrap_or(&baseline) };
        let capacity = list.capacity as usize;
        let mut seen = dates.clone();
        seen.sort_unstable();
        seen.dedup();
        let mut listed = vec![false; y.len()];

        for &date in &seen {
            let rows = (0..y.len()).filter(|&row| dates[row] == date);
            rows.take(capacity).for_each(|row| listed[row] = true);
        }

        let of_date = |&date: &u32| {
            let rows = (0..y.len()).filter(|&row| dates[row] == date);
            let (y, p): (Vec<u8>, Vec<f64>) = rows.map(|row| (y[row], p[row])).unzip();
            (dataset.as_of[date as usize], Metrics::new(&y, &p, capacity))
        };

        let bootstrap = Bootstrap::for_rows(y.len(), seed, capacity);
        let ranked = profit::Ranked { y: &y, scores, customers: &who, values: &values, dates: &dates };
        let judged = segments::Judged { y: &y, scores, customers: &who, listed: &listed };

        let segments = || -> Vec<Segment> {
            let overall = judged.overall();
            let of = |grouping: &segments::Grouping| {
                let name = |group: u32| grouping.names.get(&group).cloned().unwrap_or_else(|| group.to_string());
                judged.segments(&grouping.by, &grouping.groups, &name, overall.as_ref())
            };
            groupings.par_iter().flat_map_iter(of).collect()
        };

        let on_all = || (Metrics::new(&y, scores, capacity), metrics::calibration_table(&y, &p), gains(&y, scores.by));
        let line = || (calibration_line(&y, &p, &who), ece_by_chance(&p), Metrics::new(&y, of_baseline, capacity));
        let money = || ranked.profit(economics, list.rank_by, &bootstrap);
        let by_date = || seen.par_iter().map(of_date).collect();

        let (((intervals, over_baseline), segments), (((on_all, by_date), line), profit)) = rayon::join(
            || rayon::join(|| bootstrap.both(&y, scores, of_baseline, &who), segments),
            || rayon::join(|| rayon::join(|| rayon::join(on_all, by_date), line), money),
        );

        let (metrics, calibration, gains) = on_all;
        let (calibration_line, ece_by_chance, baseline) = line;
        let times = folds.map_or(1.0, for_shared_rows);

        let profit = profit.map(|profit| Profit {
            empc_interval: profit.empc_interval.map(|interval| interval.widened(times)),
            ..profit
        });

        let mut evaluation = Evaluation {
            as_of: seen.iter().map(|&date| dataset.as_of[date as usize]).collect(),
            metrics,
            intervals: intervals.widened(times),
            replicates: bootstrap.replicates,
            by_date,
            calibration,
            calibration_line,
            ece_by_chance,
            gains,
            profit,
            segments,
            baseline_of,
            baseline,
            over_baseline: over_baseline.differences_widened(times),
            advice: Vec::new(),
            folds: None,
        };

        evaluation.advice = evaluation.advise();
        evaluation
    }

    /// Whether the ranking cannot be told from chance: the interval of the AUC does not lie above 0.5.
    pub fn no_signal(&self) -> bool {
        self.intervals.roc_auc.is_none_or(|auc| auc.lower <= 0.5)
    }

    fn advise(&self) -> Vec<String> {
        let mut advice = Vec::new();
        let Some(auc) = self.intervals.roc_auc else {
            advice.push(format!(
                "{} of {} held-out rows churned, too few of one kind to say how good the model is; add evaluation \
                 snapshots",
                self.metrics.churners, self.metrics.rows
            ));
            return advice;
        };

        if self.no_signal() {
            advice.push(format!(
                "there is no signal: the AUC of {} on unseen rows cannot be told from 0.5, which chance gives. Do not act \
                 on lists of this model; check that labels and signals belong to the same customers and dates, or \
                 add signals",
                told(auc, 3)
            ));
            return advice;
        }

        if self.metrics.churners < FEW_CHURNERS {
            advice.push(format!(
                "only {} held-out rows churned, so the intervals are wide; add evaluation snapshots to know more",
                self.metrics.churners
            ));
        }

        if let Some(gain) = self.over_baseline.roc_auc.filter(|gain| gain.lower <= 0.0) {
            advice.push(format!(
                "the model is not known to rank better than {} alone (AUC {})",
                self.baseline_of,
                signed(gain, 3)
            ));
        }

        if let Some(line) = &self.calibration_line {
            let (rate, risk) = (self.metrics.base_rate.unwrap_or_default(), self.mean_probability());
            if !line.in_the_large.covers(0.0) && (rate - risk).abs() > OFF * rate {
                advice.push(format!(
                    "risk is {} by {:.0} % on the whole: {:.1} % predicted, {:.1} % churned. The base rate has moved since \
                     the training snapshots",
                    if rate > risk { "understated" } else { "overstated" },
                    100.0 * (rate - risk).abs() / rate,
                    100.0 * risk,
                    100.0 * rate
                ));
            }
            let slope = line.slope;
            if !slope.covers(1.0) && (slope.estimate - 1.0).abs() > STEEP {
                let how = if slope.estimate < 1.0 { "extreme" } else { "timid" };
                advice.push(format!("risks are too {how}: calibration slope {} where 1 is right", told(slope, 2)));
            }
        }

        let mut concerns: Vec<(&Segment, &String)> =
            self.segments.iter().flat_map(|segment| segment.concerns.iter().map(move |of| (segment, of))).collect();
        concerns.sort_by_key(|(segment, _)| std::cmp::Reverse(segment.churners));
        let rest = concerns.split_off(concerns.len().min(NAMED));
        advice.extend(concerns.iter().map(|(segment, concern)| format!("{} {}: {concern}", segment.by, segment.level)));

        if !rest.is_empty() {
            let groups = if rest.len() == 1 { "group is" } else { "groups are" };
            advice.push(format!(
                "{} other {groups} served badly too: see the segments in `churn models show`",
                rest.len()
            ));
        }

        advice
    }

    /// The mean probability of all rows.
    fn mean_probability(&self) -> f64 {
        let rows = self.metrics.rows.max(1) as f64;
        crate::numeric::sum(self.calibration.iter().map(|bin| bin.mean_probability * bin.rows as f64)) / rows
    }
}

/// How many times as wide an interval is by which rows were held out in turn: the models share rows that they learned from,
/// and each row that judges one is among those that others learned from, so that the metrics of the folds vary together. The
/// variance of the mean over `k` folds is about `1 + k / (k - 1)` times what resampling the rows says (Nadeau & Bengio, Machine
/// Learning 52, 2003). 1 of a single fold.
pub fn for_shared_rows(folds: &[u32]) -> f64 {
    let count = folds.iter().max().map_or(0, |&last| last) as f64 + 1.0;
    if folds.iter().all(|fold| *fold == folds[0]) {
        1.0
    } else {
        (1.0 + count / (count - 1.0)).sqrt()
    }
}

/// The baseline of models that were evaluated before it had a name.
fn recency() -> String {
    RECENCY.to_owned()
}

/// "0.731 (0.701 to 0.759)".
fn told(interval: Interval, digits: usize) -> String {
    format!("{:.digits$} ({:.digits$} to {:.digits$})", interval.estimate, interval.lower, interval.upper)
}

/// "+0.031 (-0.001 to +0.059)".
fn signed(interval: Interval, digits: usize) -> String {
    format!("{:+.digits$} ({:+.digits$} to {:+.digits$})", interval.estimate, interval.lower, interval.upper)
}

/// Customers counted from 0 without gaps, in their order.
fn compact(customers: &[u32]) -> Vec<u32> {
    let mut places = vec![0; customers.iter().max().map_or(0, |&last| last as usize + 1)];
    customers.iter().for_each(|&customer| places[customer as usize] = 1);
    let mut before = 0;
    for place in &mut places {
        before += std::mem::replace(place, before);
    }
    customers.iter().map(|&customer| places[customer as usize]).collect()
}

/// Puts the values of the rows in another order.
fn arrange<T: Copy + Send + Sync>(values: &mut Vec<T>, order: &[RankedRow]) {
    *values = order.par_iter().map(|row| values[row.row()]).collect();
}

/// What keeping a customer is worth: the stated months of the value a month, or the stated value of a customer.
fn value(economics: &Economics, customers: &CustomerTable, customer: u32) -> f64 {
    let monthly = customers.value.get(customer as usize).copied().filter(|value| value.is_finite());
    monthly.map_or(economics.customer_value, |value| value * f64::from(economics.value_months))
}
