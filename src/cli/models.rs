//! `churn models`

use super::args::{ExportFormat, Models};
use super::{compare, render, Session};
use crate::artefact::Artefact;
use crate::clock;
use crate::config::Settings;
use crate::jobs::compare::Request;
use crate::jobs::Data;
use crate::monitoring::track_record::{TrackRecord, TrackRecords};
use crate::registry::{export, Registry, Signature};
use serde::Serialize;

pub fn run(session: &Session, action: Models) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let registry = Registry::at(&settings.paths.models);
    match action {
        Models::List => list(session, &settings, &registry),
        Models::Show { version, curve } => {
            let model = registry.load_chosen(version.as_deref())?;
            match curve {
                None => show(session, &settings, &model),
                Some(feature) => {
                    let drawn = render::term::curve(&model, &feature)?;
                    session.result(&model, |_| drawn)
                }
            }
        }
        Models::Compare { first, second, as_of } => compare::run(session, &Request { first, second, as_of }),
        Models::History => session.result(&registry.champion()?.history, |history| render::model::promotions(history)),
        Models::Promote { version, reason } => {
            let _lock = registry.lock()?;
            registry.promote(&version, &reason, &signature())?;
            announce(session, &version);
            Ok(())
        }
        Models::Rollback => {
            let _lock = registry.lock()?;
            let version = registry.rollback(&signature())?;
            announce(session, &version);
            Ok(())
        }
        Models::Export { version, to, out, force } => {
            session.check_out(&settings, &Data::Signals, &out, force)?;
            let model = registry.load_chosen(version.as_deref())?;
            match to {
                ExportFormat::Onnx => export::onnx(&model, &out)?,
                ExportFormat::Mlflow => export::mlflow(&model, &out, &session.unfinished)?,
            }

            let written = serde_json::json!({ "version": model.version, "path": out });
            session.done(&written, |_| format!("Wrote model {} to {}\n", model.version, out.display()));
            Ok(())
        }
    }
}

/// What has become of a model's lists; why that is not known, if it is not.
#[derive(Serialize)]
struct Outcomes {
    outcomes: Option<TrackRecord>,
    outcomes_unknown: Option<String>,
}

impl Outcomes {
    fn new(record: Result<TrackRecord, String>) -> Outcomes {
        let (outcomes, outcomes_unknown) = match record {
            Ok(record) => (Some(record), None),
            Err(why) => (None, Some(why)),
        };
        Outcomes { outcomes, outcomes_unknown }
    }
}

/// A model with what has become of its lists.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    model: &'a Artefact,
    #[serde(flatten)]
    outcomes: Outcomes,
}

fn show(session: &Session, settings: &Settings, model: &Artefact) -> anyhow::Result<()> {
    // A model can be shown where nobody knows who is the champion.
    let record = match Registry::at(&settings.paths.models).champion() {
        Ok(champion) => {
            let promoted = champion.first_promoted(&model.version);
            TrackRecords::read(settings)?.and_then(|records| records.of(model, promoted))
        }
        Err(error) => Err(error.to_string()),
    };
    let text = render::model::model(model) + &render::outcomes::of_model(record.as_ref());
    session.result(&Shown { model, outcomes: Outcomes::new(record) }, |_| text)
}

fn list(session: &Session, settings: &Settings, registry: &Registry) -> anyhow::Result<()> {
    let promotions = registry.champion()?;
    let champion = promotions.history.last().map(|promotion| promotion.version.as_str());
    let models =
        registry.versions()?.iter().map(|version| registry.load(version)).collect::<crate::Result<Vec<_>>>()?;
    let records = TrackRecords::read(settings)?;
    if !session.json() {
        let list = render::model::models(&models, champion, registry);
        return session.print(&(list + &render::outcomes::of_models(&models, &promotions, records.as_ref())));
    }

    let entry = |model: &Artefact| {
        let promoted = promotions.first_promoted(&model.version);
        let record = records.as_ref().map_err(String::clone).and_then(|records| records.of(model, promoted));
        let Outcomes { outcomes, outcomes_unknown } = Outcomes::new(record);
        serde_json::json!({
            "version": model.version,
            "champion": champion == Some(model.version.as_str()),
            "trained_at": model.trained_at,
            "rows": model.fit.rows,
            "evaluation": model.evaluation.metrics,
            "outcomes": outcomes,
            "outcomes_unknown": outcomes_unknown,
        })
    };
    let list: Vec<_> = models.iter().map(entry).collect();
    session.print_json(&list)
}

fn announce(session: &Session, champion: &str) {
    let json = serde_json::json!({ "champion": champion });
    session.done(&json, |_| format!("The champion is {champion} now.\n"));
}

/// The time and who runs the command, for the history of promotions.
fn signature() -> Signature {
    Signature { at: clock::to_second(jiff::Timestamp::now()), by: super::user() }
}
