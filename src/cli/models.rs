//! `churn models`

use super::args::{ExportFormat, Models};
use super::{compare, now, summary, Session};
use crate::model::artefact::Artefact;
use crate::registry::{export, Registry};

pub fn run(session: &Session, action: Models) -> anyhow::Result<()> {
    let registry = Registry::at(&session.settings()?.paths.models);
    match action {
        Models::List => {
            let champion = registry.champion_version()?;
            let models = registry.versions()?.iter().map(|v| registry.load(v)).collect::<crate::Result<Vec<_>>>()?;
            if session.json() {
                let list: Vec<_> = models
                    .iter()
                    .map(|m| {
                        serde_json::json!({
                            "version": m.version,
                            "champion": champion.as_ref() == Some(&m.version),
                            "trained_at": m.trained_at,
                            "rows": m.rows,
                            "evaluation": m.evaluation.metrics,
                        })
                    })
                    .collect();
                return session.print_json(&list);
            }
            session.print(&summary::models(&models, champion.as_deref(), &registry))
        }
        Models::Show { version } => {
            let model = chosen(&registry, version)?;
            match session.json() {
                true => session.print_json(&model),
                false => session.print(&summary::model(&model)),
            }
        }
        Models::Compare { first, second, as_of } => compare::run(session, &registry, [&first, &second], as_of),
        Models::History => {
            let history = registry.champion()?.history;
            match session.json() {
                true => session.print_json(&history),
                false => session.print(&summary::promotions(&history)),
            }
        }
        Models::Promote { version, reason } => {
            let _lock = registry.lock()?;
            registry.promote(&version, &reason, &now())?;
            announce(session, &version)
        }
        Models::Rollback => {
            let _lock = registry.lock()?;
            let version = registry.rollback(&now())?;
            announce(session, &version)
        }
        Models::Export { version, to, out } => {
            let model = chosen(&registry, version)?;
            match to {
                ExportFormat::Onnx => export::onnx(&model, &out)?,
                ExportFormat::Mlflow => export::mlflow(&model, &out)?,
            }
            match session.json() {
                true => session.print_json(&serde_json::json!({ "version": model.version, "path": out })),
                false => session.print(&format!("Wrote model {} to {}\n", model.version, out.display())),
            }
        }
    }
}

/// The version asked for, or the champion.
fn chosen(registry: &Registry, version: Option<String>) -> crate::Result<Artefact> {
    match version {
        Some(version) => registry.load(&version),
        None => registry.load_champion(),
    }
}

fn announce(session: &Session, champion: &str) -> anyhow::Result<()> {
    match session.json() {
        true => session.print_json(&serde_json::json!({ "champion": champion })),
        false => session.print(&format!("The champion is {champion} now.\n")),
    }
}
