//! Two versions on the same held-out rows: the metrics of both and of their difference, with intervals.

use crate::artefact::{Artefact, ModelPair};
use crate::calendar::Day;
use crate::config::Settings;
use crate::dataset::{Dataset, Selection};
use crate::error::Result;
use crate::metrics::bootstrap::{self, Bootstrap, Intervals};
use serde::Serialize;

/// Which of a version's models was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// The one that scores: it is older than the rows.
    Published,
    /// The one that its evaluation is about, because the one that scores has learned from the rows.
    Evaluated,
}

/// What held-out rows say about one of two versions.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// The version.
    pub version: String,
    /// Which of its models was compared.
    pub model: ModelKind,
    /// Its metrics.
    pub metrics: Intervals,
}

/// Two versions on rows that neither has seen.
#[derive(Clone, Debug, Serialize)]
pub struct HeldOut {
    /// The as-of dates of the rows.
    pub as_of: Vec<Day>,
    /// How many rows.
    pub rows: usize,
    /// How many of them churned.
    pub churners: usize,
    /// The first version.
    pub first: Side,
    /// The second version.
    pub second: Side,
    /// Second less first, with the interval of the paired difference.
    pub difference: Intervals,
}

/// The model of a pair to compare on these dates: the one that scores if it has seen none of them, or else the one that
/// was evaluated.
fn compared<'a>(pair: &'a ModelPair, dates: &[Day]) -> (ModelKind, &'a Artefact) {
    match &pair.evaluated {
        Some(evaluated) if dates.iter().any(|&day| has_seen(&pair.published, day)) => (ModelKind::Evaluated, evaluated),
        _ => (ModelKind::Published, &pair.published),
    }
}

/// Whether a model was fitted on a newer as-of date than another; of models without dates, whether it was trained later.
pub fn is_fresher(model: &Artefact, other: &Artefact) -> bool {
    match (newest_fitted(model), newest_fitted(other)) {
        (None, None) => model.trained_at > other.trained_at,
        (ours, theirs) => ours > theirs,
    }
}

/// The newest as-of date that a model was fitted on; none if its rows had no dates.
fn newest_fitted(model: &Artefact) -> Option<Day> {
    if model.refit {
        model.snapshots.all().last().copied()
    } else {
        model.snapshots.training.last().copied()
    }
}

/// Whether a model has learned from outcomes of a date's label window, or of a later one.
fn has_seen(model: &Artefact, day: Day) -> bool {
    newest_fitted(model).is_none_or(|newest| day < newest.later_by(model.churn.horizon_days))
}

/// A labelled row and the probability that a model gives it.
#[derive(Clone, Copy)]
struct JudgedRow {
    day: Day,
    customer: u32,
    label: u8,
    probability: f64,
}

impl JudgedRow {
    fn key(&self) -> (Day, u32) {
        (self.day, self.customer)
    }
}

/// The labelled rows of the wanted dates, by date and customer.
fn judged(model: &Artefact, data: &Dataset, wanted: impl Fn(Day) -> bool) -> Result<Vec<JudgedRow>> {
    let chosen = Selection::labelled(data, wanted);
    let scores = model.score(data, &chosen)?;
    let days = chosen.map(data, |block, row| data.as_of[block.as_of[row] as usize]);

    let mut rows: Vec<JudgedRow> = days
        .into_iter()
        .zip(chosen.customers(data))
        .zip(chosen.labels(data).into_iter().zip(scores.probabilities))
        .map(|((day, customer), (label, probability))| JudgedRow { day, customer, label, probability })
        .collect();
    rows.sort_unstable_by_key(JudgedRow::key);
    Ok(rows)
}

/// The rows that both have, each as the first and as the second model judges it.
fn shared(first: &[JudgedRow], second: &[JudgedRow]) -> Vec<(JudgedRow, JudgedRow)> {
    let mut theirs = second.iter().peekable();
    let mut pairs = Vec::new();
    for ours in first {
        while theirs.next_if(|row| row.key() < ours.key()).is_some() {}
        if let Some(row) = theirs.next_if(|row| row.key() == ours.key()) {
            pairs.push((*ours, *row));
        }
    }
    pairs
}

/// Compares two versions on the labelled rows of those of the `dates` that neither has seen. Each comes with the data set
/// that has its features, of the same customers. `None` if there is no such row, or the rows are of one class.
pub fn on_held_out(
    settings: &Settings,
    [(first, of_first), (second, of_second)]: [(&ModelPair, &Dataset); 2],
    dates: &[Day],
) -> Result<Option<HeldOut>> {
    let ((first_which, first), (second_which, second)) = (compared(first, dates), compared(second, dates));
    let unseen = |day: Day| dates.contains(&day) && !has_seen(first, day) && !has_seen(second, day);
    let ours = judged(first, of_first, unseen)?;
    let theirs = judged(second, of_second, unseen)?;
    let pairs = shared(&ours, &theirs);
    let y: Vec<u8> = pairs.iter().map(|(row, _)| row.label).collect();
    let churners = y.iter().filter(|&&y| y == 1).count();
    if churners == 0 || churners == y.len() {
        return Ok(None);
    }

    let (p, q): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(a, b)| (a.probability, b.probability)).unzip();
    let people: Vec<u32> = pairs.iter().map(|(row, _)| row.customer).collect();
    let bootstrap = resampling(settings, y.len());
    let side = |which, model: &Artefact, p: &[f64]| Side {
        version: model.version.clone(),
        model: which,
        metrics: bootstrap.intervals(&y, p, &people),
    };
    let mut as_of: Vec<Day> = pairs.iter().map(|(row, _)| row.day).collect();
    as_of.dedup();
    Ok(Some(HeldOut {
        as_of,
        rows: y.len(),
        churners,
        first: side(first_which, first, &p),
        second: side(second_which, second, &q),
        difference: bootstrap.paired(&y, &q, &p, &people),
    }))
}

/// The resampling of every comparison.
fn resampling(settings: &Settings, rows: usize) -> Bootstrap {
    Bootstrap {
        replicates: bootstrap::replicates_for(rows),
        seed: settings.model.seed,
        capacity: settings.list.capacity as usize,
    }
}
