//! Two versions on the same held-out rows: the metrics of both and of their difference, with intervals.

use crate::artefact::{Artefact, ModelPair};
use crate::calendar::Day;
use crate::dataset::{Dataset, Selection};
use crate::error::Result;
use crate::metrics::bootstrap::Bootstrap;
use crate::metrics::interval::Intervals;
use crate::metrics::Scores;
use crate::weights::RowWeights;
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

/// A version, and a data set with the features that its models score from.
#[derive(Clone, Copy)]
pub struct VersionRows<'a> {
    /// The models of the version.
    pub models: &'a ModelPair,
    /// The rows.
    pub data: &'a Dataset,
}

/// The model of a version that is compared.
struct Compared<'a> {
    kind: ModelKind,
    model: &'a Artefact,
}

impl<'a> Compared<'a> {
    /// On these dates: the one that scores if it has seen none of them, or else the one that was evaluated.
    fn on(models: &'a ModelPair, dates: &[Day]) -> Compared<'a> {
        match &models.evaluated {
            Some(model) if dates.iter().any(|&day| has_seen(&models.published, day)) => {
                Compared { kind: ModelKind::Evaluated, model }
            }
            _ => Compared { kind: ModelKind::Published, model: &models.published },
        }
    }
}

/// Whether a model was fitted on a newer as-of date than another; of models without dates, whether it was trained
/// later.
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
    weight: f64,
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
    let weights = chosen.weights(data);

    let mut rows: Vec<JudgedRow> = days
        .into_iter()
        .zip(chosen.customers(data))
        .zip(chosen.labels(data).into_iter().zip(scores.probabilities))
        .enumerate()
        .map(|(row, ((day, customer), (label, probability)))| JudgedRow {
            day,
            customer,
            label,
            probability,
            weight: weights.of(row),
        })
        .collect();
    rows.sort_unstable_by_key(JudgedRow::key);
    Ok(rows)
}

/// A row that both data sets have, as either model judges it.
struct SharedRow {
    first: JudgedRow,
    second: JudgedRow,
}

/// The rows that both have; either list is by date and customer.
fn shared(first: &[JudgedRow], second: &[JudgedRow]) -> Vec<SharedRow> {
    let mut second = second.iter().peekable();
    let mut rows = Vec::new();
    for &ours in first {
        while second.next_if(|theirs| theirs.key() < ours.key()).is_some() {}
        if let Some(&theirs) = second.next_if(|theirs| theirs.key() == ours.key()) {
            rows.push(SharedRow { first: ours, second: theirs });
        }
    }
    rows
}

/// Compares two versions on the labelled rows of those of the `dates` that neither has seen; the data sets hold the
/// same customers. Intervals resample these by the `seed`, and `capacity` is the length of the list. `None` if there is
/// no such row, or the rows are of one class.
pub fn on_held_out(
    first: VersionRows<'_>,
    second: VersionRows<'_>,
    dates: &[Day],
    seed: u64,
    capacity: usize,
) -> Result<Option<HeldOut>> {
    let (ours, theirs) = (Compared::on(first.models, dates), Compared::on(second.models, dates));
    let unseen = |day: Day| dates.contains(&day) && !has_seen(ours.model, day) && !has_seen(theirs.model, day);
    let rows = shared(&judged(ours.model, first.data, unseen)?, &judged(theirs.model, second.data, unseen)?);

    let y: Vec<u8> = rows.iter().map(|row| row.first.label).collect();
    let churners = y.iter().filter(|&&y| y == 1).count();
    if churners == 0 || churners == y.len() {
        return Ok(None);
    }

    let p: Vec<f64> = rows.iter().map(|row| row.first.probability).collect();
    let q: Vec<f64> = rows.iter().map(|row| row.second.probability).collect();
    let customers: Vec<u32> = rows.iter().map(|row| row.first.customer).collect();
    let weights = if first.data.is_weighted() {
        RowWeights::new(rows.iter().map(|row| row.first.weight).collect())
    } else {
        RowWeights::unit()
    };
    let mut as_of: Vec<Day> = rows.iter().map(|row| row.first.day).collect();
    as_of.dedup();

    let bootstrap = Bootstrap::for_rows(y.len(), seed, capacity);
    let side = |compared: &Compared<'_>, p: &[f64]| Side {
        version: compared.model.version.clone(),
        model: compared.kind,
        metrics: bootstrap.intervals(&y, Scores::weighted(p, &weights), &customers),
    };

    Ok(Some(HeldOut {
        as_of,
        rows: y.len(),
        churners,
        first: side(&ours, &p),
        second: side(&theirs, &q),
        difference: bootstrap.paired(&y, Scores::weighted(&q, &weights), Scores::weighted(&p, &weights), &customers),
    }))
}
