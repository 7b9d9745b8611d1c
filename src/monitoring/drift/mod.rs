//! Drift: how the rows of a run differ from those that its model was fitted on, whether that matters, and what it
//! does to the risk.
//!
//! | file | holds |
//! |---|---|
//! | here | the [drift](Drift) of a run, as figures and in sentences |
//! | `distance` | how far two distributions are apart, and whether chance explains it |
//! | `judge` | which differences ask for something |
//! | `words` | the sentences |
//! | `newest` | the drift of published runs, as it was told |
//!
//! Broken data (values that are missing, too few rows, levels that nobody knows, a signal that stopped or began) are
//! told from a population that has changed: the first can stop a run, the second never does.

pub mod distance;
pub mod judge;
pub mod newest;
mod words;

use super::figures::{Figure, ALL};
use super::verdict::Verdict;
use crate::artefact::distribution::Counts;
use crate::artefact::{Distribution, MeanScores};
use crate::calendar::Day;
use crate::coverage::Shortfall;
use crate::features::Catalogue;
use crate::language::{Message, Texts};
use crate::numeric;
use crate::publish::manifest::DriftSummary;
use crate::reasons::shift::Shift;
use judge::{Judged, Kind};
use words::Column;

/// The name of the table of a run's figures, in its folder.
pub const FILE: &str = "drift.parquet";
/// How the measures of drift begin.
pub const PREFIX: &str = "drift_";

/// A run, as it is held against the training of its model.
pub struct Run<'a> {
    /// Its date.
    pub as_of: Day,
    /// The model.
    pub model_version: &'a str,
    /// The model's features.
    pub catalogue: &'a Catalogue,
    /// The features of the scored rows, in the bins of the training.
    pub features: Counts,
    /// Their log-odds, in the bins of the held-out rows.
    pub scores: Counts,
    /// What the model says of them.
    pub means: MeanScores,
    /// How far each feature, in the order of the catalogue, has moved the mean log-odds since the training.
    pub moved: Vec<f64>,
    /// How far each concept has moved the mean log-odds since the training.
    pub shifts: Vec<Shift>,
    /// Days on which signals lack rows, by signal.
    pub gaps: Vec<(&'a str, &'a [Shortfall])>,
}

/// The drift of a run.
#[derive(Clone, Debug)]
pub struct Drift {
    /// Every figure.
    pub figures: Vec<Figure>,
    /// What of the data is broken, in sentences.
    pub broken: Vec<Message>,
    /// What has changed otherwise.
    pub changed: Vec<Message>,
    /// What has become of the mean risk.
    pub risk: Message,
}

impl Drift {
    /// Holds a run against the training of its model. `least_psi` is the distance of a distribution that matters.
    pub fn new(trained: &Distribution, run: &Run<'_>, least_psi: f64) -> Drift {
        let features = judge::columns(&trained.training, &run.features, least_psi);
        // The score is the column behind those of the features.
        let score = judge::scores(&trained.held_out, &run.scores, least_psi, run.features.columns.len());
        let volume = judge::volume(&trained.training, run.features.all);
        let judged = judge::judged(volume.into_iter().chain(features).chain(score).collect());

        let columns = columns_of(run);
        let mut changed = words::findings(&judged, &columns, Verdict::Watch);
        changed.extend(run.gaps.iter().flat_map(|(signal, gaps)| gaps.iter().map(|gap| gap.gap_message(signal))));
        changed.extend(words::distances(&judged, &columns));
        Drift {
            figures: figures(trained, run, &judged),
            broken: words::findings(&judged, &columns, Verdict::Act),
            changed,
            risk: words::risk(&trained.scores, &run.means, &run.shifts),
        }
    }

    /// What it asks for on the whole.
    pub fn verdict(&self) -> Verdict {
        self.figures.iter().filter_map(|figure| figure.verdict).max().unwrap_or(Verdict::Ok)
    }

    /// For the manifest of the run, in the language of its list.
    pub fn summary(&self, texts: &Texts) -> DriftSummary {
        let written = |messages: &[Message]| messages.iter().map(|message| message.written(texts)).collect();
        DriftSummary {
            verdict: self.verdict().name().to_owned(),
            risk: self.risk.written(texts),
            broken: written(&self.broken),
            changed: written(&self.changed),
        }
    }
}

/// What the features of a run are called in sentences, and behind them the score.
fn columns_of<'a>(run: &'a Run<'_>) -> Vec<Column<'a>> {
    let numbers = run.catalogue.numeric.iter().map(|feature| feature.signal.as_deref());
    let signals = numbers.chain(std::iter::repeat(None));
    let features = run.features.columns.iter().zip(signals).zip(&run.moved);
    let features = features.map(|((column, signal), &moved)| Column { name: &column.name, signal, moved });
    features.chain([Column { name: "log_odds", signal: None, moved: 0.0 }]).collect()
}

/// The figures of a run.
fn figures(trained: &Distribution, run: &Run<'_>, judged: &[Judged]) -> Vec<Figure> {
    let figure = |measure: &str, slice: &str, value: f64| {
        Figure::new(run.as_of, Some(run.model_version), &format!("{PREFIX}{measure}"), slice, value)
    };
    let means = &trained.scores;
    let mut figures = vec![
        figure("mean_risk", ALL, run.means.probability).beside(means.probability),
        figure("mean_log_odds", ALL, run.means.log_odds).beside(means.log_odds),
        figure("log_odds_shift", ALL, numeric::sum(run.shifts.iter().map(|shift| shift.log_odds))),
    ];
    let shift = |shift: &Shift| figure("log_odds_shift", &format!("concept={}", shift.code), shift.log_odds);
    figures.extend(run.shifts.iter().map(shift));
    for (column, &moved) in run.features.columns.iter().zip(&run.moved) {
        figures.push(figure("log_odds_shift", &format!("feature={}", column.name), moved));
    }
    for (signal, gaps) in &run.gaps {
        let days: i32 = gaps.iter().map(|gap| gap.last.0 - gap.first.0 + 1).sum();
        let verdict = if days > 0 { Verdict::Watch } else { Verdict::Ok };
        figures.push(figure("missing_days", &format!("signal={signal}"), f64::from(days)).beside(0.0).judged(verdict));
    }

    for Judged { look, verdict } in judged {
        let measure = match look.kind {
            Kind::Volume => "rows",
            Kind::Missing => "missing_share",
            Kind::Unknown => "unknown_share",
            Kind::OneValue => "one_value_share",
            Kind::Distance => "psi",
        };
        let slice = match look.column.map(|place| run.features.columns.get(place)) {
            None => ALL.to_owned(),
            Some(None) => "score".to_owned(),
            Some(Some(column)) => format!("feature={}", column.name),
        };
        let found = figure(measure, &slice, look.value).beside(look.reference);
        let found = look.interval.iter().fold(found, |found, interval| found.within(interval));
        figures.push(Figure { verdict: *verdict, ..found });
    }
    figures
}

#[cfg(test)]
mod tests;
