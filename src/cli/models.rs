//! `churn models`

use super::args::{ExportFormat, Models};
use super::{compare, render, Session};
use crate::clock;
use crate::jobs::compare::Request;
use crate::jobs::Data;
use crate::registry::{export, Registry, Signature};

pub fn run(session: &Session, action: Models) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let registry = Registry::at(&settings.paths.models);
    match action {
        Models::List => list(session, &registry),
        Models::Show { version, curve } => {
            let model = registry.load_chosen(version.as_deref())?;
            match curve {
                None => session.result(&model, render::model::model),
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

fn list(session: &Session, registry: &Registry) -> anyhow::Result<()> {
    let champion = registry.champion_version()?;
    let models =
        registry.versions()?.iter().map(|version| registry.load(version)).collect::<crate::Result<Vec<_>>>()?;
    if !session.json() {
        return session.print(&render::model::models(&models, champion.as_deref(), registry));
    }

    let list: Vec<_> = models
        .iter()
        .map(|model| {
            serde_json::json!({
                "version": model.version,
                "champion": champion.as_ref() == Some(&model.version),
                "trained_at": model.trained_at,
                "rows": model.fit.rows,
                "evaluation": model.evaluation.metrics,
            })
        })
        .collect();
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
