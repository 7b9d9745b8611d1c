//! Evaluation: how good the model is on rows that it has not seen, with intervals, against the trivial baseline, in
//! money, and group by group.

mod baseline;
mod folds;
mod gains;
mod profit;
mod reliability;
mod rows;
pub(crate) mod segments;

pub use baseline::{Baseline, RECENCY};
pub use folds::{FoldMetrics, OneFold};
pub use gains::{gains, Gain};
pub use profit::{empc, Empc, ListProfit, Profit};
pub use reliability::{calibration_line, ece_by_chance, CalibrationLine};
pub use rows::HeldOutRows;
pub use segments::{Level, Segment};

use crate::calendar::Day;
use crate::config::{Economics, List};
use crate::dataset::Dataset;
use crate::language::{Advice, Message};
use crate::metrics::bootstrap::Bootstrap;
use crate::metrics::interval::{Interval, Intervals};
use crate::metrics::{self, CalibrationBin, Metrics, Scores};
use crate::parallel;
use rows::JudgedRows;
use serde::{Deserialize, Serialize};

/// With fewer churners the intervals are too wide to decide on anything.
const FEW_CHURNERS: usize = 100;
/// The mean risk is worth a word if it is off by more than this share of the base rate.
const OFF: f64 = 0.1;
/// So many badly served groups are named in the advice, those with the most churners; the segments list all of them.
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
    pub by_date: Vec<DateMetrics>,
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
    #[serde(flatten)]
    pub advice: Advice,
    /// Each fold by itself, where rows were held out in folds rather than by time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<FoldMetrics>,
}

/// The metrics of one as-of date. In the model file they are a pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(Day, Metrics)", into = "(Day, Metrics)")]
pub struct DateMetrics {
    /// The date.
    pub as_of: Day,
    /// Its metrics.
    pub metrics: Metrics,
}

impl From<(Day, Metrics)> for DateMetrics {
    fn from((as_of, metrics): (Day, Metrics)) -> DateMetrics {
        DateMetrics { as_of, metrics }
    }
}

impl From<DateMetrics> for (Day, Metrics) {
    fn from(date: DateMetrics) -> (Day, Metrics) {
        (date.as_of, date.metrics)
    }
}

/// What one pass or one sort of the rows gives.
struct Figures {
    metrics: Metrics,
    calibration: Vec<CalibrationBin>,
    gains: Vec<Gain>,
    by_date: Vec<DateMetrics>,
    calibration_line: Option<CalibrationLine>,
    ece_by_chance: Option<f64>,
    baseline: Metrics,
}

impl Figures {
    fn new(rows: &JudgedRows, dataset: &Dataset, capacity: usize) -> Figures {
        let (y, scores) = (&rows.y, rows.scores());
        let of_all = || {
            let metrics = Metrics::new(y, scores, capacity);
            let by_probability = Scores::weighted(scores.p, &rows.weights);
            (metrics, metrics::calibration_table(y, by_probability), gains(y, scores))
        };
        let of_date =
            |&date: &u32| DateMetrics { as_of: dataset.as_of[date as usize], metrics: rows.metrics_of(date, capacity) };
        let of_probabilities = || {
            let baseline = Metrics::new(y, rows.baseline_scores(), capacity);
            let by_probability = Scores::weighted(scores.p, &rows.weights);
            let line = calibration_line(y, by_probability, &rows.customers);
            (line, ece_by_chance(by_probability), baseline)
        };

        let ((of_all, by_date), of_probabilities) =
            rayon::join(|| rayon::join(of_all, || parallel::map(&rows.seen, of_date)), of_probabilities);
        let (metrics, calibration, gains) = of_all;
        let (calibration_line, ece_by_chance, baseline) = of_probabilities;
        Figures { metrics, calibration, gains, by_date, calibration_line, ece_by_chance, baseline }
    }
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
        let baseline_of = held_out.baseline.name.clone();
        let times = held_out.folds.map_or(1.0, widening);
        let rows = JudgedRows::new(economics, dataset, held_out);
        let capacity = list.capacity as usize;
        let bootstrap = Bootstrap::for_rows(rows.count(), seed, capacity);

        let ((resampled, segments), (figures, profit)) = rayon::join(
            || rayon::join(|| rows.resampled(&bootstrap), || rows.segments(capacity)),
            || {
                rayon::join(
                    || Figures::new(&rows, dataset, capacity),
                    || rows.profit(economics, list.rank_by, &bootstrap),
                )
            },
        );
        let profit = profit.map(|profit| Profit {
            empc_interval: profit.empc_interval.map(|interval| interval.widened(times)),
            ..profit
        });

        let mut evaluation = Evaluation {
            as_of: figures.by_date.iter().map(|date| date.as_of).collect(),
            metrics: figures.metrics,
            intervals: resampled.intervals.widened(times),
            replicates: bootstrap.replicates,
            by_date: figures.by_date,
            calibration: figures.calibration,
            calibration_line: figures.calibration_line,
            ece_by_chance: figures.ece_by_chance,
            gains: figures.gains,
            profit,
            segments,
            baseline_of,
            baseline: figures.baseline,
            over_baseline: resampled.difference.differences_widened(times),
            advice: Advice::default(),
            folds: None,
        };

        evaluation.advice = Advice(evaluation.advise());
        evaluation
    }

    /// Whether the ranking cannot be told from chance: the interval of the AUC does not lie above 0.5.
    pub fn no_signal(&self) -> bool {
        self.intervals.roc_auc.is_none_or(|auc| auc.lower <= 0.5)
    }

    fn advise(&self) -> Vec<Message> {
        let mut advice = Vec::new();
        let Some(auc) = self.intervals.roc_auc else {
            advice.push(
                Message::new("quality-one-kind")
                    .count("churners", self.metrics.churners)
                    .count("rows", self.metrics.rows),
            );
            return advice;
        };

        if self.no_signal() {
            advice.push(Message::new("quality-no-signal").message("auc", told(auc, 3)));
            return advice;
        }

        if self.metrics.churners < FEW_CHURNERS {
            advice.push(Message::new("quality-few").count("churners", self.metrics.churners));
        }

        if let Some(gain) = self.over_baseline.roc_auc.filter(|gain| gain.lower <= 0.0) {
            advice.push(
                Message::new("quality-baseline")
                    .word("baseline", "baseline", &self.baseline_of)
                    .message("gain", signed(gain, 3)),
            );
        }

        if let Some(line) = &self.calibration_line {
            let (rate, risk) = (self.metrics.base_rate.unwrap_or_default(), self.mean_probability());
            if !line.in_the_large.covers(0.0) && (rate - risk).abs() > OFF * rate {
                let key = if rate > risk { "quality-understated" } else { "quality-overstated" };
                advice.push(
                    Message::new(key)
                        .percent("off", (rate - risk).abs() / rate, 0)
                        .percent("risk", risk, 1)
                        .percent("churn", rate, 1),
                );
            }
            let slope = line.slope;
            if !slope.covers(1.0) && (slope.estimate - 1.0).abs() > STEEP {
                let key = if slope.estimate < 1.0 { "quality-extreme" } else { "quality-timid" };
                advice.push(Message::new(key).message("slope", told(slope, 2)));
            }
        }

        let mut concerns: Vec<(&Segment, &Message)> =
            self.segments.iter().flat_map(|segment| segment.concerns.iter().map(move |of| (segment, of))).collect();
        concerns.sort_by_key(|(segment, _)| std::cmp::Reverse(segment.churners));
        let rest = concerns.split_off(concerns.len().min(NAMED));
        advice.extend(concerns.iter().map(|(segment, concern)| {
            let group = Message::new("quality-group").word("by", "segment", &segment.by);
            group.message("level", segment.named_level().message()).message("concern", *concern)
        }));

        if !rest.is_empty() {
            advice.push(Message::new("quality-groups").count("count", rest.len()));
        }

        advice
    }

    /// The mean probability of all rows.
    fn mean_probability(&self) -> f64 {
        let all = self.metrics.stand_for.unwrap_or(self.metrics.rows.max(1) as f64);
        crate::numeric::sum(self.calibration.iter().map(|bin| bin.mean_probability * bin.customers())) / all
    }
}

/// How many times as wide the intervals become where rows were held out in turn, given the fold of each row.
///
/// The models share rows that they learned from, and each row that judges one model is among those that others learned
/// from, so the metrics of the folds vary together. The variance of the mean over `k` folds is about `1 + k / (k - 1)`
/// times what resampling the rows says (Nadeau & Bengio, Machine Learning 52, 2003). A single fold widens nothing.
pub fn widening(folds: &[u32]) -> f64 {
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
fn told(interval: Interval, digits: usize) -> Message {
    Message::new("interval-of")
        .decimals("estimate", interval.estimate, digits)
        .decimals("low", interval.lower, digits)
        .decimals("high", interval.upper, digits)
}

/// "+0.031 (-0.001 to +0.059)".
fn signed(interval: Interval, digits: usize) -> Message {
    Message::new("interval-of")
        .signed("estimate", interval.estimate, digits)
        .signed("low", interval.lower, digits)
        .signed("high", interval.upper, digits)
}

#[cfg(test)]
mod tests {
    use super::profit::Ranked;
    use super::segments::Judged;
    use super::*;
    use crate::config::RankBy;
    use crate::numeric::sigmoid;
    use crate::weights::{RowWeights, UNIT};
    use rand::Rng;
    use rand_pcg::Pcg64Mcg;

    #[derive(Default)]
    struct Rows {
        y: Vec<u8>,
        p: Vec<f64>,
        customers: Vec<u32>,
        groups: Vec<Option<u32>>,
    }

    impl Rows {
        fn push(&mut self, (y, p, customer, group): (u8, f64, u32, u32)) {
            self.y.push(y);
            self.p.push(p);
            self.customers.push(customer);
            self.groups.push(Some(group));
        }
    }

    /// Rows, and the same rows as often as their weights say: copies are of the same customer.
    fn rows() -> (Rows, RowWeights, Rows) {
        let mut rng = Pcg64Mcg::new(5);
        let mut next = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let (mut once, mut copies, mut weights) = (Rows::default(), Rows::default(), Vec::new());
        for row in 0..1_500u32 {
            let p = (sigmoid(4.0 * next() - 3.0) * 50.0).round() / 50.0;
            let of_row = (u8::from(next() < 0.8 * p), p.clamp(0.01, 0.99), row / 3, row % 2);
            let times = [1, 4, 2][row as usize % 3];
            once.push(of_row);
            (0..times).for_each(|_| copies.push(of_row));
            weights.push(f64::from(times));
        }
        (once, RowWeights::new(weights), copies)
    }

    fn close(found: Interval, expected: Interval) {
        for (a, b) in
            [(found.estimate, expected.estimate), (found.lower, expected.lower), (found.upper, expected.upper)]
        {
            assert!((a - b).abs() < 1e-9, "{found:?} against {expected:?}");
        }
    }

    #[test]
    fn whatever_is_judged_counts_a_row_as_often_as_it_stands_for_a_customer() {
        let (once, weights, copies) = rows();
        let (scores, many) = (Scores::weighted(&once.p, &weights), Scores::weighted(&copies.p, &UNIT));
        let line = calibration_line(&once.y, scores, &once.customers).unwrap();
        let expected = calibration_line(&copies.y, many, &copies.customers).unwrap();
        close(line.in_the_large, expected.in_the_large);
        close(line.slope, expected.slope);
        close(line.intercept, expected.intercept);

        let found = gains(&once.y, scores);
        for (found, expected) in found.iter().zip(gains(&copies.y, many)) {
            assert!(
                found.rows == expected.rows && (found.gain - expected.gain).abs() < 1e-12,
                "{found:?} {expected:?}"
            );
        }

        let segments = |rows: &Rows, scores| {
            let listed = vec![false; rows.y.len()];
            let judged = Judged { y: &rows.y, scores, customers: &rows.customers, listed: &listed };
            judged.segments("group", &rows.groups, &|group| group.to_string(), judged.overall().as_ref())
        };
        for (found, expected) in segments(&once, scores).into_iter().zip(segments(&copies, many)) {
            close(found.gap, expected.gap);
            close(found.roc_auc.unwrap(), expected.roc_auc.unwrap());
            assert!((found.base_rate - expected.base_rate).abs() < 1e-12 && (found.ece - expected.ece).abs() < 1e-12);
        }

        let economics =
            Economics { contact_cost: 1.0, offer_cost: 10.0, save_rate: 0.3, customer_value: 200.0, value_months: 12 };
        let bootstrap = Bootstrap { replicates: 40, seed: 3, capacity: 300 };
        let profit = |rows: &Rows, scores| {
            let (values, dates) = (vec![200.0; rows.y.len()], vec![0; rows.y.len()]);
            let ranked = Ranked { y: &rows.y, scores, customers: &rows.customers, values: &values, dates: &dates };
            ranked.profit(&economics, RankBy::Probability, &bootstrap).unwrap()
        };
        let (found, expected) = (profit(&once, scores), profit(&copies, many));
        assert!((found.empc.unwrap() - expected.empc.unwrap()).abs() < 1e-9);
        assert!((found.best.expected - expected.best.expected).abs() < 1e-6, "{found:?} {expected:?}");
        close(found.empc_interval.unwrap(), expected.empc_interval.unwrap());
    }
}
