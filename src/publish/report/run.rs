//! What a report is made from.

use super::history::RiskHistory;
use super::table::Table;
use crate::artefact::{Artefact, ChurnMeaning};
use crate::calendar::Day;
use crate::config::ChurnDefinition;
use crate::error::{Error, Result};
use crate::evaluation::Evaluation;
use crate::language::{Advice, Language, Texts, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The name of the file with the figures of the model.
pub const MODEL_FILE: &str = "model.json";

/// `model.json`: what is known of the model of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelFile {
    /// Its version.
    pub version: String,
    /// When it was trained, UTC.
    pub trained_at: String,
    /// What it predicts, in words.
    pub predicts: String,
    /// The same, as it was set.
    #[serde(default)]
    pub churn: Option<ChurnMeaning>,
    /// Whether it has curves and interactions.
    pub has_curves: bool,
    /// Rows it was fitted on.
    pub rows: usize,
    /// How many of them churned.
    pub churners: usize,
    /// The as-of dates of its training rows.
    pub snapshots: Vec<Day>,
    /// How good it is on rows it has not seen.
    pub evaluation: Evaluation,
    /// What a person should know of its fit.
    #[serde(flatten)]
    pub advice: Advice,
}

impl ModelFile {
    /// Of a model.
    pub fn from_model(model: &Artefact) -> ModelFile {
        ModelFile {
            version: model.version.clone(),
            trained_at: model.trained_at.clone(),
            predicts: model.churn.to_string(),
            churn: Some(model.churn.clone()),
            has_curves: model.fit.additive.is_some(),
            rows: model.fit.rows,
            churners: model.fit.churners,
            snapshots: if model.refit { model.snapshots.all() } else { model.snapshots.training.clone() },
            evaluation: model.evaluation.clone(),
            advice: model.fit.advice.clone(),
        }
    }

    /// What it predicts, in a language.
    pub fn predicts(&self, texts: &Texts) -> String {
        let Some(churn) = &self.churn else { return self.predicts.clone() };
        let days = [("horizon", Value::from(churn.horizon_days)), ("gap", churn.gap_days.into())];
        match (&churn.label, churn.definition) {
            (Some(label), _) => texts.with("churn-label", &[("column", label.as_str().into())]),
            (None, ChurnDefinition::Event) => texts.with("churn-cancellation", &days),
            (None, ChurnDefinition::Inactivity) => {
                let [horizon, gap] = days;
                texts.with("churn-silence", &[("signals", churn.signals.join(", ").into()), horizon, gap])
            }
        }
    }
}

/// What the report says of the manifest. It leaves out what differs from one run to the next with the same data: when
/// it was, and how long it took.
#[derive(Clone, Debug, Deserialize)]
pub struct RunManifest {
    pub program: String,
    pub as_of: Day,
    pub model_version: String,
    /// That of the texts in its files. Runs before there were several were in English.
    #[serde(default)]
    pub language: Language,
    pub eligible: u64,
    #[serde(default)]
    pub excluded: BTreeMap<String, u64>,
    pub listed: u64,
    pub control: u64,
    pub mean_probability: f64,
    pub reference_log_odds: f64,
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
    #[serde(default)]
    pub quarantine: BTreeMap<String, BTreeMap<String, u64>>,
    pub coverage: Option<Coverage>,
    #[serde(default)]
    pub warnings: Vec<String>,
    #[serde(default)]
    pub files: Vec<PublishedFile>,
}

/// What was read of a source.
#[derive(Clone, Debug, Deserialize)]
pub struct Source {
    pub files: i64,
    pub rows_read: i64,
    pub rows_used: i64,
    pub before_look_back: i64,
    pub future_date: i64,
    pub newest: Option<String>,
}

/// What the tables hold of the past.
#[derive(Clone, Debug, Deserialize)]
pub struct Coverage {
    pub signals: BTreeMap<String, Recorded>,
    pub churn: Option<Recorded>,
}

/// What is recorded of a signal, or of the cancellations.
#[derive(Clone, Debug, Deserialize)]
pub struct Recorded {
    pub first_day: Option<Day>,
    pub last_day: Option<Day>,
    pub customers_share: f64,
    /// Of a signal, the last days, the newest first.
    #[serde(default)]
    pub days: Vec<RecordedDay>,
    /// Of the cancellations, where they seem to end.
    pub ended: Option<Ended>,
}

/// The rows of a day.
#[derive(Clone, Debug, Deserialize)]
pub struct RecordedDay {
    pub day: Day,
    pub rows: i64,
    /// What is usual for its weekday.
    pub usual: Option<f64>,
}

/// A silence after the last cancellation that is too long to be one.
#[derive(Clone, Debug, Deserialize)]
pub struct Ended {
    pub last: Day,
    pub silent_days: i64,
    pub expected: f64,
}

/// A file of the run.
#[derive(Clone, Debug, Deserialize)]
pub struct PublishedFile {
    pub name: String,
    pub rows: i64,
    pub sha256: String,
}

/// A run, as it was published.
pub struct PublishedRun {
    /// Its as-of date.
    pub as_of: Day,
    /// The folder of all runs.
    pub lists: PathBuf,
    /// The manifest.
    pub manifest: RunManifest,
    /// The list.
    pub list: Table,
    /// What earlier runs said of the customers on it.
    pub history: RiskHistory,
    /// What stands behind its first customers.
    pub details: Option<Table>,
    /// What moves the risk under its model.
    pub drivers: Option<Table>,
    /// The measures.
    pub measures: Option<Table>,
    /// The figures of its model.
    pub model: Option<ModelFile>,
}

impl PublishedRun {
    /// Reads the files in a folder, which is that of a run, or will be. `manifest` is its manifest as far as it is
    /// known.
    ///
    /// # Errors
    /// [`Error::Contract`] for files that are missing, damaged, or of another version of the program.
    pub fn read(folder: &Path, lists: &Path, manifest: &str) -> Result<PublishedRun> {
        let manifest: RunManifest = serde_json::from_str(manifest).map_err(|e| {
            Error::Contract(format!(
                "the manifest of the run in {} cannot be read: {e}. Score that date again",
                folder.display()
            ))
        })?;
        let table = |name: &str| {
            let path = folder.join(name);
            path.exists().then(|| Table::read(&path)).transpose()
        };
        let as_of = manifest.as_of;
        Ok(PublishedRun {
            as_of,
            lists: lists.to_owned(),
            manifest,
            list: Table::read(&folder.join("at_risk.parquet"))?,
            history: RiskHistory::read(folder, lists, as_of)?,
            details: table("details.parquet")?,
            drivers: table("drivers.parquet")?,
            measures: table("kpis.parquet")?,
            model: read_model(&folder.join(MODEL_FILE))?,
        })
    }
}

fn read_model(path: &Path) -> Result<Option<ModelFile>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path).map_err(|e| Error::reading(path, &e))?;
    let model = serde_json::from_str(&text);
    model
        .map(Some)
        .map_err(|e| Error::Contract(format!("{} cannot be read: {e}. Score that date again", path.display())))
}
