//! `churn train`

use super::{render, Session};
use crate::evaluation::Evaluation;
use crate::jobs::train;
use crate::jobs::train::{Request, Trained};
use crate::language::{Language, Message, Texts};
use crate::model::additive::Comparison;
use crate::model::sampling::Sampling;
use crate::model::univariate::screening::Screening;
use crate::power::ControlPower;
use crate::registry::Registry;
use serde::Serialize;
use std::path::Path;

pub fn run(session: &Session, request: &Request, explain_choice: bool) -> anyhow::Result<()> {
    let settings = session.settings_for(&request.data)?;
    let registry = Registry::at(&settings.paths.models);
    let texts = Texts::shared(Language::En)?;
    let trained = session.job(&settings, |context| train::run(context, &registry, request))?;
    session.done(&Summary::new(&trained), |_| {
        let mut text = render::train::trained(&trained, &texts);
        if explain_choice {
            render::model::attempts(&mut text, &trained.model);
        }
        text
    });
    Ok(())
}

/// What machines are told of a training: the whole model is in its file.
#[derive(Serialize)]
struct Summary<'a> {
    version: &'a str,
    promoted: bool,
    reason: &'a str,
    file: &'a Path,
    sampling: Option<&'a Sampling>,
    comparison: Option<&'a Comparison>,
    evaluation: &'a Evaluation,
    screening: Option<&'a Screening>,
    control_power: Option<&'a ControlPower>,
    notes: Vec<String>,
}

impl<'a> Summary<'a> {
    fn new(trained: &'a Trained) -> Summary<'a> {
        let Trained { model, decision, file, control_power, notes } = trained;
        let of_the_run = notes.iter().map(|note| note.text.clone());
        Summary {
            version: &model.version,
            promoted: decision.promoted,
            reason: &decision.reason,
            file,
            sampling: model.fit.sampling.as_ref(),
            comparison: model.fit.comparison.as_ref(),
            evaluation: &model.evaluation,
            screening: model.screening.as_ref(),
            control_power: control_power.as_ref(),
            notes: of_the_run.chain(model.fit.advice.0.iter().map(Message::to_string)).collect(),
        }
    }
}
