//! The backtest: the whole training, repeated at earlier dates with what was known then, and judged on what came next.
//!
//! A model is fitted for each **origin**, an as-of date, on the rows of earlier dates whose label windows had ended by
//! it (an embargo of gap and horizon), and judged on the rows of the origin. All steps are those of a training: recipe,
//! penalty, fit and calibration see nothing of the rows that are judged. Prepared tables without dates are judged on
//! folds of customers by the same functions.

use super::candidates::{Candidates, ColumnSelection};
use super::folds;
use crate::calendar::Day;
use crate::config::Churn;
use crate::dataset::folds::{CustomerFolds, Folds};
use crate::dataset::{Block, Dataset, Selection};
use crate::error::{Error, Result};
use crate::evaluation::{self, Baseline, CalibrationLine};
use crate::labels;
use crate::metrics::bootstrap::Bootstrap;
use crate::metrics::interval::{Interval, Intervals};
use crate::metrics::{self, Metrics, Scores};
use crate::model::calibration::base_rate;
use crate::numeric::{logit, sum};
use crate::observer::{Observer, Silent};
use crate::training::{self, TrainingPlan, FOLDS};
use crate::weights::{RowWeights, Totals};
use serde::{Deserialize, Serialize};

/// The shares of customers, in hundredths, that the learning curve by rows trains on.
const SHARES: [u8; 4] = [12, 25, 50, 100];
/// The share of the log-loss that a difference may make without being worth a word.
const NEGLIGIBLE: f64 = 0.01;

/// What a model learns from, and what it is judged on.
pub struct Part {
    /// Rows to learn from.
    pub training: Selection,
    /// Rows to judge on; none is also learned from.
    pub judged: Selection,
}

/// Rows that are judged together, by one model, or by one for each part.
pub struct Split {
    /// The as-of date or the fold.
    pub name: String,
    /// The as-of dates learned from.
    pub learned_from: Vec<Day>,
    /// The parts.
    pub parts: Vec<Part>,
}

/// How a split went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The as-of date or the fold.
    pub name: String,
    /// The as-of dates learned from.
    pub learned_from: Vec<Day>,
    /// Rows learned from (on average over the parts).
    pub training_rows: usize,
    /// Their share of churners.
    pub training_rate: f64,
    /// Mean probability of the judged rows.
    pub mean_probability: f64,
    /// What added to every log-odds would have made the mean probability right: how far the base rate had moved beyond
    /// what the features say. None where all judged rows are of one class.
    pub shift_needed: Option<f64>,
    /// On the judged rows.
    pub metrics: Metrics,
    /// With 95 % intervals by resampling customers.
    pub intervals: Intervals,
    /// What the baseline knows: the days since the last activity, or the column of a prepared table that says most.
    pub baseline_of: String,
    /// That alone, learned from the same rows.
    pub baseline: Metrics,
}

/// A point of a learning curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// What was learned from, in words.
    pub from: String,
    /// How many rows.
    pub rows: usize,
    /// ROC AUC on the rows that every point is judged on.
    pub roc_auc: Option<f64>,
    /// Log-loss on them.
    pub log_loss: Option<f64>,
    /// This AUC less that of the last point, with the interval of the difference.
    pub auc_against_all: Option<Interval>,
    /// This log-loss less that of the last point.
    pub loss_against_all: Option<Interval>,
}

/// A learning curve and what it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearningCurve {
    /// The least data first; the last point has all.
    pub points: Vec<Learned>,
    /// How much is enough, in words.
    pub answer: String,
}

/// A split that could not be judged. In a file the two of them are a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, String)", into = "(String, String)")]
pub struct LeftOut {
    /// The split.
    pub name: String,
    /// The reason.
    pub why: String,
}

impl From<(String, String)> for LeftOut {
    fn from((name, why): (String, String)) -> LeftOut {
        LeftOut { name, why }
    }
}

impl From<LeftOut> for (String, String) {
    fn from(left_out: LeftOut) -> (String, String) {
        (left_out.name, left_out.why)
    }
}

/// A whole backtest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backtest {
    /// Each split by itself.
    pub origins: Vec<Origin>,
    /// Splits that could not be judged.
    pub left_out: Vec<LeftOut>,
    /// All judged rows together.
    pub pooled: Metrics,
    /// With 95 % intervals.
    pub intervals: Intervals,
    /// The calibration line of all judged rows.
    pub calibration_line: Option<CalibrationLine>,
    /// What the baselines of the splits know.
    pub baseline_of: String,
    /// That alone on all judged rows.
    pub baseline: Metrics,
    /// The model less that baseline.
    pub over_baseline: Intervals,
    /// How much history is enough; none without at least two training dates.
    pub by_history: Option<LearningCurve>,
    /// Whether more customers would help.
    pub by_customers: Option<LearningCurve>,
}

/// The splits of a rolling origin: the newest `count` as-of dates that have earlier ones to learn from, ascending. With
/// `purge`, each row is judged by a model that has not seen its customer either: customers are dealt to folds by the
/// seed.
///
/// # Errors
/// [`Error::TooLittle`] if there is no such date.
pub fn rolling(churn: &Churn, seed: u64, dataset: &Dataset, count: usize, purge: bool) -> Result<Vec<Split>> {
    let span = labels::span_days(churn);
    let earlier = |origin: Day| -> Vec<Day> {
        dataset.as_of.iter().copied().filter(|&day| labels::matured(churn, day, origin)).collect()
    };
    let origins: Vec<Day> = dataset.as_of.iter().copied().filter(|&day| !earlier(day).is_empty()).collect();

    if origins.is_empty() {
        return Err(Error::TooLittle(format!(
            "a backtest needs an as-of date whose label window ({span} days with the gap) has ended by another one; \
             there are {} dates. Raise training.snapshots or training.step_days",
            dataset.as_of.len()
        )));
    }

    let splits = origins[origins.len().saturating_sub(count.max(1))..].iter().map(|&origin| {
        let learned_from = earlier(origin);
        let rows = |wanted: &dyn Fn(Day) -> bool, keep: &(dyn Fn(u32) -> bool + Sync)| {
            let dates: Vec<bool> = dataset.as_of.iter().map(|&day| wanted(day)).collect();
            let chosen = |block: &Block, row: usize| dates[block.as_of[row] as usize] && keep(block.customers[row]);
            Selection::labelled(dataset, |_| true).keep(dataset, chosen)
        };
        let before = |day: Day| learned_from.contains(&day);
        let folds = CustomerFolds { count: FOLDS, seed };
        let dealt = |customer: u32| folds.fold(&dataset.customers, &dataset.twins, customer);
        let parts = if purge {
            (0..FOLDS)
                .map(|fold| Part {
                    training: rows(&before, &|customer| dealt(customer) != fold),
                    judged: rows(&|day| day == origin, &|customer| dealt(customer) == fold),
                })
                .collect()
        } else {
            vec![Part { training: rows(&before, &|_| true), judged: rows(&|day| day == origin, &|_| true) }]
        };
        Split { name: origin.to_string(), learned_from, parts }
    });

    Ok(splits.collect())
}

/// The splits of rows without dates: each fold of customers is judged by a model of the others.
pub fn by_folds(dataset: &Dataset, folds: &Folds) -> Vec<Split> {
    let split = |(fold, name): (usize, &String)| {
        let (training, judged) = (folds.rows(dataset, fold, true), folds.rows(dataset, fold, false));
        Split { name: format!("fold {name}"), learned_from: Vec::new(), parts: vec![Part { training, judged }] }
    };
    folds.names.iter().enumerate().map(split).collect()
}

/// Judged rows, one value each.
#[derive(Clone, Default)]
struct Rows {
    /// Which of the models scored the row.
    model: Vec<u32>,
    y: Vec<u8>,
    p: Vec<f64>,
    baseline: Vec<f64>,
    customers: Vec<u32>,
    /// How many customers each row stands for.
    weights: RowWeights,
}

impl Rows {
    fn bootstrap(&self, plan: &TrainingPlan<'_>) -> Bootstrap {
        Bootstrap::for_rows(self.y.len(), plan.fit.model.seed, plan.list.capacity as usize)
    }

    /// The rows' places within the model that scored them, which they are ranked by, and those that the baseline gives.
    fn places(&self) -> [Vec<f64>; 2] {
        [&self.p, &self.baseline].map(|score| metrics::places_within(&self.model, score))
    }

    /// Adds the rows of other models.
    fn extend(&mut self, other: &Rows) {
        let models = self.model.iter().max().map_or(0, |last| last + 1);
        let parts = [(&self.weights, self.y.len()), (&other.weights, other.y.len())];
        self.weights = RowWeights::joined(parts.into_iter());
        self.model.extend(other.model.iter().map(|model| models + model));
        self.y.extend(&other.y);
        self.p.extend(&other.p);
        self.baseline.extend(&other.baseline);
        self.customers.extend(&other.customers);
    }
}

/// A split that was judged.
struct JudgedSplit {
    origin: Origin,
    rows: Rows,
}

/// A point of a learning curve, before it is compared with the last one.
struct FittedPoint {
    /// What was learned from, in words.
    from: String,
    /// How many rows that are.
    rows: usize,
    /// The probabilities of the judged rows.
    p: Vec<f64>,
}

/// Trains models and judges them on rows that they have not seen.
pub struct Backtester<'a> {
    /// How to train.
    pub plan: TrainingPlan<'a>,
    /// The rows, their customers and features.
    pub candidates: Candidates<'a>,
    /// Hears what is being done.
    pub observer: &'a dyn Observer,
}

impl Backtester<'_> {
    /// Judges every split; the learning curves look at the newest one if `curves`.
    ///
    /// # Errors
    /// [`Error::TooLittle`] if no split can be judged; whatever else keeps a model from being trained.
    pub fn run(&self, splits: &[Split], curves: bool) -> Result<Backtest> {
        let mut left_out: Vec<LeftOut> = Vec::new();
        let (mut origins, mut pooled) = (Vec::new(), Rows::default());
        let mut newest = None;
        for split in splits {
            self.observer.step(&format!("training for {}", split.name));
            match self.judge(split) {
                Ok(judged) => {
                    pooled.extend(&judged.rows);
                    origins.push(judged.origin);
                    newest = Some(split);
                }
                Err(Error::TooLittle(why)) => left_out.push(LeftOut { name: split.name.clone(), why }),
                Err(error) => return Err(error),
            }
        }

        let Some(newest) = newest else {
            let why = left_out.first().map_or("there is none", |left_out| left_out.why.as_str());
            return Err(Error::TooLittle(format!("no origin can be judged: {why}")));
        };

        let bootstrap = pooled.bootstrap(&self.plan);
        let capacity = bootstrap.capacity;
        let [by_p, by_baseline] = pooled.places();
        let scores = Scores { p: &pooled.p, by: &by_p, weights: &pooled.weights };
        let baseline = Scores { p: &pooled.baseline, by: &by_baseline, weights: &pooled.weights };
        let judged = bootstrap.with_difference(&pooled.y, scores, baseline, &pooled.customers);

        // Splits by time learn from rows before those that judge them.
        let by_folds = origins.iter().all(|origin| origin.learned_from.is_empty());
        let times = if by_folds { evaluation::widening(&pooled.model) } else { 1.0 };
        let (by_history, by_customers) =
            if curves { (self.by_history(newest)?, self.by_customers(newest)?) } else { (None, None) };

        Ok(Backtest {
            left_out,
            pooled: Metrics::new(&pooled.y, scores, capacity),
            intervals: judged.intervals.widened(times),
            calibration_line: evaluation::calibration_line(
                &pooled.y,
                Scores::weighted(&pooled.p, &pooled.weights),
                &pooled.customers,
            ),
            baseline_of: folds::either(origins.iter().map(|origin| origin.baseline_of.as_str())),
            baseline: Metrics::new(&pooled.y, baseline, capacity),
            over_baseline: judged.difference.differences_widened(times),
            by_history,
            by_customers,
            origins,
        })
    }

    /// Trains on the rows of a part, and gives the probabilities of its judged rows.
    fn probabilities(&self, columns: &ColumnSelection<'_>, part: &Part) -> Result<Vec<f64>> {
        let dataset = columns.data();
        let trained = training::train_on(&columns.plan(self.plan.fit), dataset, &part.training, &Silent)?;
        Ok(trained.probabilities(dataset, &part.judged)?.concat())
    }

    /// The columns that a model of these rows may learn from.
    ///
    /// # Errors
    /// [`Error::TooLittle`] if there are too few churners or customers who stayed.
    fn columns(&self, training: &Selection) -> Result<ColumnSelection<'_>> {
        let labels = training.labels(self.candidates.dataset);
        let churners = labels.iter().filter(|&&y| y == 1).count();
        if churners < usize::from(FOLDS) || labels.len() - churners < usize::from(FOLDS) {
            return Err(Error::TooLittle(format!(
                "{churners} of {} rows to learn from churned; {FOLDS} of each kind are needed at least",
                labels.len()
            )));
        }
        self.candidates.for_training_on(training)
    }

    fn judge(&self, split: &Split) -> Result<JudgedSplit> {
        let (mut rows, mut learned, mut totals) = (Rows::default(), 0, Totals::default());
        let mut baselines = Vec::with_capacity(split.parts.len());
        for part in &split.parts {
            learned += part.training.count();
            totals = totals.with(part.training.totals(self.candidates.dataset));

            let columns = self.columns(&part.training)?;
            let p = self.probabilities(&columns, part)?;
            let look_back_days = self.plan.features.look_back_days();
            let baseline = Baseline::learn(look_back_days, columns.data(), &part.training, &part.judged)?;
            rows.extend(&Rows {
                model: vec![0; p.len()],
                y: part.judged.labels(self.candidates.dataset),
                p,
                baseline: baseline.probabilities.concat(),
                customers: part.judged.customers(self.candidates.dataset),
                weights: part.judged.weights(self.candidates.dataset),
            });
            baselines.push(baseline.name);
        }

        let bootstrap = rows.bootstrap(&self.plan);
        let [by_p, by_baseline] = rows.places();
        let scores = Scores { p: &rows.p, by: &by_p, weights: &rows.weights };
        let baseline = Scores { p: &rows.baseline, by: &by_baseline, weights: &rows.weights };
        let metrics = Metrics::new(&rows.y, scores, bootstrap.capacity);
        let rate = metrics.base_rate.filter(|&rate| rate > 0.0 && rate < 1.0);
        let log_odds: Vec<f64> = rows.p.iter().map(|&p| logit(p)).collect();

        let origin = Origin {
            name: split.name.clone(),
            learned_from: split.learned_from.clone(),
            training_rows: learned / split.parts.len().max(1),
            training_rate: if learned > 0 { totals.rate() } else { 0.0 },
            mean_probability: mean(&rows.p, &rows.weights),
            shift_needed: rate.map(|rate| base_rate::shift_to(&log_odds, &rows.weights, rate)),
            metrics,
            intervals: bootstrap.intervals(&rows.y, scores, &rows.customers),
            baseline_of: folds::either(baselines.iter().map(String::as_str)),
            baseline: Metrics::new(&rows.y, baseline, bootstrap.capacity),
        };

        Ok(JudgedSplit { origin, rows })
    }

    /// The newest one, two, three … dates that the split learns from.
    fn by_history(&self, split: &Split) -> Result<Option<LearningCurve>> {
        let dates = &split.learned_from;
        if dates.len() < 2 {
            return Ok(None);
        }
        let choices = (1..=dates.len()).map(|count| {
            let newest = &dates[dates.len() - count..];
            let kept: Vec<bool> = self.candidates.dataset.as_of.iter().map(|day| newest.contains(day)).collect();
            let from = format!("the newest {count} of {} snapshots", dates.len());
            (from, move |block: &Block, row: usize| kept[block.as_of[row] as usize])
        });
        let points = self.curve(split, choices)?;
        let answer = enough("History", &points);
        Ok(points.last().map(|_| LearningCurve { answer, points: points.clone() }))
    }

    /// Some of the customers that the split learns from, then all.
    fn by_customers(&self, split: &Split) -> Result<Option<LearningCurve>> {
        // Another seed than that of the folds, which these customers are to be spread over.
        let seed = self.plan.fit.model.seed ^ u64::from(u32::MAX);
        let customers = &self.candidates.dataset.customers;
        let choices = SHARES.into_iter().map(|share| {
            let from = format!("{share} % of the customers");
            (from, move |block: &Block, row: usize| customers.fold(block.customers[row], 100, seed) < share)
        });
        let points = self.curve(split, choices)?;
        let answer = enough("Customers", &points);
        Ok(points.last().map(|_| LearningCurve { answer, points: points.clone() }))
    }

    /// Trains on more and more of what a split learns from, and judges on the same rows.
    fn curve<F: Fn(&Block, usize) -> bool + Sync>(
        &self,
        split: &Split,
        choices: impl Iterator<Item = (String, F)>,
    ) -> Result<Vec<Learned>> {
        let Some(part) = split.parts.first() else { return Ok(Vec::new()) };
        let y = part.judged.labels(self.candidates.dataset);
        let customers = part.judged.customers(self.candidates.dataset);
        let weights = part.judged.weights(self.candidates.dataset);
        let mut fitted: Vec<FittedPoint> = Vec::new();

        for (from, keep) in choices {
            self.observer.step(&format!("learning curve: {from}"));
            let training = part.training.restricted(self.candidates.dataset, &keep);
            let rows = training.count();
            let part = Part { training, judged: part.judged.clone() };
            match self.columns(&part.training).and_then(|columns| self.probabilities(&columns, &part)) {
                Ok(p) => fitted.push(FittedPoint { from, rows, p }),
                // A point with too little to learn from is no point.
                Err(Error::TooLittle(_)) => {}
                Err(error) => return Err(error),
            }
        }

        let Some(all) = fitted.last().map(|point| point.p.clone()) else { return Ok(Vec::new()) };
        let rows = Rows { model: Vec::new(), y, p: all, baseline: Vec::new(), customers, weights };
        let bootstrap = rows.bootstrap(&self.plan);

        let points = fitted.into_iter().map(|FittedPoint { from, rows: count, p }| {
            let scores = Scores::weighted(&p, &rows.weights);
            let metrics = Metrics::new(&rows.y, scores, bootstrap.capacity);
            let of_all = Scores::weighted(&rows.p, &rows.weights);
            let difference = bootstrap.paired(&rows.y, scores, of_all, &rows.customers);
            Learned {
                from,
                rows: count,
                roc_auc: metrics.roc_auc,
                log_loss: metrics.log_loss,
                auc_against_all: difference.roc_auc,
                loss_against_all: difference.log_loss,
            }
        });

        Ok(points.collect())
    }
}

/// The mean of a value a row, each as often as the row stands for a customer; 0 without rows.
fn mean(values: &[f64], weights: &RowWeights) -> f64 {
    let all = weights.total(values.len().max(1));
    sum((0..).zip(values).map(|(row, value)| weights.of(row) * value)) / all
}

/// How much is enough, in words: the first point whose log-loss is neither surely worse than that of all nor possibly
/// worse by more than [`NEGLIGIBLE`]. That no difference is seen on few rows says nothing.
fn enough(what: &str, points: &[Learned]) -> String {
    let Some((all, fewer)) = points.split_last() else { return format!("{what}: too little to say.") };
    let negligible = NEGLIGIBLE * total(all);
    let surely_worse = |point: &&Learned| point.loss_against_all.is_some_and(|loss| loss.lower > 0.0);
    let surely_better = |point: &&Learned| point.loss_against_all.is_some_and(|loss| loss.upper < 0.0);
    let as_good = |point: &&Learned| point.loss_against_all.is_some_and(|loss| loss.upper <= negligible);

    let loss = |point: &Learned| {
        let interval = point.loss_against_all.unwrap_or(Interval { estimate: 0.0, lower: 0.0, upper: 0.0 });
        format!("log-loss {:+.4} ({:+.4} to {:+.4}) against all", interval.estimate, interval.lower, interval.upper)
    };

    if let Some(best) = fewer.iter().filter(surely_better).min_by(|a, b| total(a).total_cmp(&total(b))) {
        return format!("{what}: less is more. With {}, the model is surely better, {}.", best.from, loss(best));
    }
    if let Some(first) = fewer.iter().find(|point| !surely_worse(point) && as_good(point)) {
        return format!("{what}: enough with {}, {}: worse by less than 1 % if at all.", first.from, loss(first));
    }
    match fewer.last() {
        Some(next) if surely_worse(&next) => {
            format!(
                "{what}: every bit helps. With {}, the model is surely worse, {}; more may help further.",
                next.from,
                loss(next)
            )
        }
        Some(next) => format!(
            "{what}: not to be told from so few judged rows. With {}, {}, which may be worse by more than 1 %.",
            next.from,
            loss(next)
        ),
        None => format!("{what}: there is only {}, nothing to compare.", all.from),
    }
}

fn total(point: &Learned) -> f64 {
    point.log_loss.unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(from: &str, loss: f64, lower: f64, upper: f64) -> Learned {
        Learned {
            from: from.to_owned(),
            rows: 10,
            roc_auc: Some(0.7),
            log_loss: Some(0.3 + loss),
            auc_against_all: None,
            loss_against_all: Some(Interval { estimate: loss, lower, upper }),
        }
    }

    #[test]
    fn the_answer_names_the_least_that_is_not_worse() {
        let all = point("the newest 3 of 3 snapshots", 0.0, 0.0, 0.0);
        let one = |lower| point("the newest 1 of 3 snapshots", 0.01, lower, 0.02);
        let two = |upper| point("the newest 2 of 3 snapshots", -0.001, -0.003, upper);
        let said = |points: &[Learned]| enough("History", points);
        let two_are_enough = said(&[one(0.005), two(0.001), all.clone()]);
        assert!(two_are_enough.starts_with("History: enough with the newest 2 of 3 snapshots"), "{two_are_enough}");
        // One may be worse by 0.02 of 0.3.
        let undecided = said(&[one(-0.001), all.clone()]);
        assert!(undecided.contains("not to be told") && undecided.contains("the newest 1 of 3"), "{undecided}");
        assert!(said(&[one(0.005), two(-0.001), all.clone()]).contains("less is more. With the newest 2 of 3"));
        assert!(said(&[one(0.005), all.clone()]).contains("every bit helps"));
        assert!(said(&[all]).contains("nothing to compare"));
        assert!(said(&[]).contains("too little"));
    }
}
