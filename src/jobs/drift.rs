//! The drift of a run: its rows held against those that its model was fitted on, told, and, if the settings ask for
//! it, a reason not to publish.

use super::context::Job;
use super::input::Input;
use super::past;
use crate::artefact::{Artefact, Scores};
use crate::config::DriftGate;
use crate::dataset::Selection;
use crate::error::{Error, Result};
use crate::language::Message;
use crate::model::design::recipe::Source;
use crate::monitoring::drift::{Drift, Run};
use crate::monitoring::verdict::Verdict;
use crate::reasons::shift;

/// The drift of scored rows, of which a person is told what asks for something. None if the settings do not ask for
/// it, or if the model does not keep what its training rows were like, which is told as well.
///
/// # Errors
/// When features that lie on disk cannot be read.
pub(super) fn measured(job: &Job<'_>, model: &Artefact, input: &Input, scores: &Scores) -> Result<Option<Drift>> {
    let settings = job.settings();
    if settings.gates.drift == DriftGate::Off {
        past::warn_of_gaps(job, input.gaps());
        return Ok(None);
    }
    let Some(trained) = &model.distribution else {
        job.warn(Message::new("drift-not-measured").text("model", &model.version));
        past::warn_of_gaps(job, input.gaps());
        return Ok(None);
    };

    let data = &input.data;
    let rows = Selection::scored(data, input.as_of);
    let means = model.means_of(scores);
    let (before, after) = (&trained.scores.effects, &means.effects);
    let untold = &settings.reasons.untold;
    let run = Run {
        as_of: input.as_of,
        model_version: &model.version,
        catalogue: &model.catalogue,
        features: trained.training.of_rows(data, &rows)?,
        scores: trained.held_out.of_scores(data, &rows, &scores.log_odds),
        moved: by_column(model, before, after),
        shifts: {
            let (signals, terms) = (&settings.signals, model.terms());
            shift::shifts(job.texts(), signals, &model.catalogue, &terms, untold, (before, after))
        },
        means,
        gaps: input.gaps(),
    };
    let drift = Drift::new(trained, &run, settings.gates.max_psi);
    drift.broken.iter().for_each(|broken| job.warn(Message::new("drift-broken").message("text", broken)));
    let told = |what: &Message| job.warn(Message::new("drift-told").message("text", what));
    drift.changed.iter().for_each(told);
    if drift.verdict() > Verdict::Ok {
        told(&drift.risk);
    }
    Ok(Some(drift))
}

/// How far the terms of each feature, in the order of the catalogue, have moved the mean log-odds.
fn by_column(model: &Artefact, before: &[f64], after: &[f64]) -> Vec<f64> {
    let numbers = model.catalogue.numeric.len();
    let mut moved = vec![0.0; model.catalogue.names().count()];
    for (term, (before, after)) in model.terms().iter().zip(before.iter().zip(after)) {
        let column = match term.source {
            Source::Numeric(column) => column,
            Source::Categorical(column) => numbers + column,
        };
        if let Some(moved) = moved.get_mut(column) {
            *moved += after - before;
        }
    }
    moved
}

/// Stops a run on broken data, if the settings ask for that.
///
/// # Errors
/// [`Error::Drift`] with what is broken.
pub(super) fn check(job: &Job<'_>, drift: Option<&Drift>) -> Result<()> {
    let broken = drift.map_or(&[][..], |drift| &drift.broken);
    if broken.is_empty() || job.settings().gates.drift != DriftGate::Stop {
        return Ok(());
    }
    Err(Error::Drift(format!(
        "the data differ from those that the model was trained on as broken data do: {}. Nothing was published. Load \
         the data again and run again; if they are as they should be, train a model on them (`churn train`), or \
         publish with gates.drift = \"warn\"",
        broken.iter().map(Message::to_string).collect::<Vec<_>>().join("; ")
    )))
}

#[cfg(test)]
mod tests;
