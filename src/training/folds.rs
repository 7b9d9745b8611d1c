//! Training on rows without an order in time: every fold in turn is held out and scored by a model of the others, and
//! the published model learns from all rows.

use super::candidates::Candidates;
use super::volume;
use crate::artefact::distribution::Counts;
use crate::artefact::{Distribution, Inputs, ModelPair};
use crate::dataset::folds::Folds;
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{twins, Dataset, Place, Selection};
use crate::error::{Error, Result};
use crate::evaluation::{segments, Baseline, Evaluation, FoldMetrics, HeldOutRows, OneFold};
use crate::metrics::{self, Metrics};
use crate::observer::{Note, Observer, Stage};
use crate::parallel;
use crate::training::{self, FitPlan, Trained, TrainingPlan};
use std::sync::{Mutex, PoisonError};

/// With more rows than this, one made fold is held out instead of each in turn: its metrics are precise enough, and
/// every further fold costs a training.
const ROWS_FOR_ALL_FOLDS: usize = 500_000;
/// With no more values than these, all folds are trained at the same time: each alone leaves cores idle, and all of
/// them take little memory.
const VALUES_FOR_FOLDS_AT_ONCE: usize = 5_000_000;
/// The most baselines of folds that are all named.
const MOST_NAMES: usize = 3;

/// Says of each step which fold is held out. Notes are kept, so that they can be told fold by fold.
struct WithoutFold<'a> {
    fold: usize,
    count: usize,
    observer: &'a dyn Observer,
    notes: Mutex<Vec<Note>>,
}

impl Observer for WithoutFold<'_> {
    fn step(&self, what: &str) {
        self.observer.step(&format!("{what} (without fold {} of {})", self.fold + 1, self.count));
    }

    fn stage(&self, stage: &Stage<'_>) {
        self.observer.stage(stage);
    }

    fn note(&self, note: &Note) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(note.clone());
    }
}

/// A fold, judged by a model of the others.
struct HeldOutFold<'a> {
    name: &'a String,
    rows: Selection,
    /// Block by block.
    log_odds: Vec<Vec<f64>>,
    probabilities: Vec<Vec<f64>>,
    baseline: Baseline,
    /// What the training told.
    notes: Vec<Note>,
}

/// Trains a model on all labelled rows, and evaluates it by folds. It has no version yet.
///
/// The evaluation over all rows pools the probabilities that each row got from a model which had not seen it, and ranks
/// rows by their places within their folds.
///
/// # Errors
/// [`Error::TooLittle`] when the rows, or those outside a fold, hold too few churners or customers who stayed.
pub fn train(
    plan: &TrainingPlan<'_>,
    candidates: &Candidates<'_>,
    folds: &Folds,
    inputs: Inputs,
    observer: &dyn Observer,
) -> Result<ModelPair> {
    let dataset = candidates.dataset;
    let all = Selection::labelled(dataset, |_| true);
    volume::enough(plan.gates, dataset, &all, &Snapshots { training: dataset.as_of.clone(), ..Snapshots::default() })?;

    let count = if folds.column.is_some() || all.count() <= ROWS_FOR_ALL_FOLDS { folds.count() } else { 1 };
    let train_without = |fold: usize| {
        let name = &folds.names[fold];
        let (inside, outside) = (folds.rows(dataset, fold, false), folds.rows(dataset, fold, true));
        let labels = outside.labels(dataset);
        for (class, who) in [(1, "churners"), (0, "customers who stayed")] {
            if !labels.contains(&class) {
                return Err(Error::TooLittle(format!(
                    "outside fold `{name}` there are no {who} among {} rows, so no model can be trained to be tested \
                     on it. Give folds that each hold a part of the churners, or name the column in table.ignore to \
                     have folds made",
                    labels.len()
                )));
            }
        }
        let kept = candidates.for_training_on(&outside)?;
        let dataset = kept.data();
        let without = WithoutFold { fold, count, observer, notes: Mutex::default() };
        let judged = training::train_on(&kept.plan(plan.fit), dataset, &outside, &without)?;
        let log_odds = judged.log_odds(dataset, &inside)?;
        let probabilities = judged.calibrated(log_odds.clone());
        let baseline = Baseline::learn(plan.features.look_back_days(), dataset, &outside, &inside)?;
        let notes = without.notes.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(HeldOutFold { name, rows: inside, log_odds, probabilities, baseline, notes })
    };
    let values = all.count() * dataset.catalogue.names().count();
    let held_out: Vec<HeldOutFold<'_>> = if candidates.wide.is_none() && values <= VALUES_FOR_FOLDS_AT_ONCE {
        parallel::try_map(0..count, train_without)?
    } else {
        (0..count).map(train_without).collect::<Result<_>>()?
    };
    held_out.iter().flat_map(|fold| &fold.notes).for_each(|note| observer.note(note));

    let capacity = plan.list.capacity as usize;
    let by_fold = held_out
        .iter()
        .map(|fold| {
            let share = (capacity * fold.rows.count()).div_ceil(all.count().max(1));
            let metrics = Metrics::new(&fold.rows.labels(dataset), &fold.probabilities.concat(), share.max(1));
            OneFold { name: fold.name.clone(), metrics }
        })
        .collect();

    let kept = candidates.for_training_on(&all)?;
    let dataset = kept.data();
    let pooled = held_out.iter().skip(1).fold(held_out[0].rows.clone(), |rows, fold| rows.with(&fold.rows));
    let probabilities = in_order(dataset, &pooled, held_out.iter().map(|fold| (&fold.rows, &fold.probabilities)));
    let log_odds = in_order(dataset, &pooled, held_out.iter().map(|fold| (&fold.rows, &fold.log_odds)));
    let scores = Counts::learn_scores(dataset, &pooled, &log_odds.concat(), false);
    let fold_of = pooled.map(dataset, |block, row| folds.fold(block.customers[row]));

    if let Some(column) = &folds.column {
        let apart = twins::apart(dataset, |entry| folds.fold(entry))?;
        let told = told_of_twins(dataset, &pooled, &probabilities, &apart, column);
        told.into_iter().for_each(|text| observer.note(&Note::warning(text)));
    }

    let baseline = Baseline {
        name: either(held_out.iter().map(|fold| fold.baseline.name.as_str())),
        probabilities: in_order(
            dataset,
            &pooled,
            held_out.iter().map(|fold| (&fold.rows, &fold.baseline.probabilities)),
        ),
    };

    let groupings = segments::groupings(dataset, &pooled)?;
    let judged =
        HeldOutRows { rows: &pooled, probabilities: &probabilities, baseline, groupings, folds: Some(&fold_of) };
    let mut evaluation = Evaluation::new(plan.list, plan.economics, plan.fit.model.seed, dataset, judged);

    // The rows have no date that tells something.
    evaluation.as_of.clear();
    evaluation.by_date.clear();
    evaluation.folds = Some(FoldMetrics::new(folds.column.clone(), by_fold));

    // This fit is the published one, with its uncertainty, and not followed by another.
    let last = FitPlan { refit: false, ..kept.plan(plan.fit) };
    let fitted: Trained = training::train_on(&last, dataset, &all, observer)?;
    let mut published = training::artefact(plan, dataset, &Snapshots::default(), &fitted, evaluation, inputs);
    kept.tell(&mut published);
    published.distribution = Some(Distribution {
        training: Counts::learn(dataset, &all, false)?,
        held_out: scores,
        scores: published.mean_scores(dataset, &all)?,
    });
    Ok(ModelPair { published, evaluated: None })
}

/// What given folds that split twins may have made of the metrics: those with all rows beside those without the rows
/// that have a twin in another fold, on which a model may remember the answer.
fn told_of_twins(
    dataset: &Dataset,
    pooled: &Selection,
    probabilities: &[Vec<f64>],
    apart: &[Place],
    column: &str,
) -> Option<String> {
    if apart.is_empty() {
        return None;
    }

    let (labels, scores) = (pooled.labels(dataset), probabilities.concat());
    let blocks = (0u32..).take(dataset.blocks.len());
    let places = blocks.flat_map(|block| pooled.rows(block as usize).iter().map(move |&row| Place { block, row }));
    let alone: Vec<bool> = places.map(|place| apart.binary_search(&place).is_err()).collect();
    let among = |kept: &dyn Fn(usize) -> bool| {
        let rows: Vec<usize> = (0..labels.len()).filter(|&row| kept(row)).collect();
        let y: Vec<u8> = rows.iter().map(|&row| labels[row]).collect();
        let p: Vec<f64> = rows.iter().map(|&row| scores[row]).collect();
        let number = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), |value| format!("{value:.4}"));
        format!("AUC {}, log-loss {}", number(metrics::roc_auc(&y, &p)), number(metrics::log_loss(&y, &p)))
    };
    Some(format!(
        "{} of {} rows ({:.1} %) have a twin, equal in every feature, in another fold of `{column}` (table.fold), so a \
         model may remember their answers. Held-out rows in all: {}; without these: {}. Name the column in \
         table.ignore to have folds made that keep twins together",
        apart.len(),
        pooled.count(),
        100.0 * apart.len() as f64 / pooled.count().max(1) as f64,
        among(&|_| true),
        among(&|row| alone[row]),
    ))
}

/// Each name once, the most frequent first: "`plan` or `tenure`", or "`plan` or another" if there are many.
pub(super) fn either<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let mut names: Vec<&str> = counts.into_iter().map(|(name, _)| name).collect();
    if names.len() > MOST_NAMES {
        names.truncate(1);
        names.push("another column");
    }
    names.join(" or ")
}

/// The values of several selections, in the order of the one that holds them all, block by block.
fn in_order<'a>(
    dataset: &Dataset,
    pooled: &Selection,
    parts: impl Iterator<Item = (&'a Selection, &'a Vec<Vec<f64>>)>,
) -> Vec<Vec<f64>> {
    let mut by_row: Vec<Vec<f64>> = dataset.blocks.iter().map(|block| vec![f64::NAN; block.rows()]).collect();
    for (rows, values) in parts {
        for (index, (by_row, values)) in by_row.iter_mut().zip(values).enumerate() {
            rows.rows(index).iter().zip(values).for_each(|(&row, &value)| by_row[row as usize] = value);
        }
    }
    let of_block =
        |(index, by_row): (usize, Vec<f64>)| pooled.rows(index).iter().map(|&row| by_row[row as usize]).collect();
    by_row.into_iter().enumerate().map(of_block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_once_and_not_too_many() {
        assert_eq!(either(["a", "b", "b"].into_iter()), "b or a");
        assert_eq!(either(["a"; 5].into_iter()), "a");
        assert_eq!(either(["a", "b", "c", "d", "d"].into_iter()), "d or another column");
    }
}
