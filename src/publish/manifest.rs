//! The manifest: what a run read, decided and wrote, for machines and for a doubt a year later.

use crate::calendar::Day;
use crate::coverage::Coverage;
use crate::dataset::silence::Silence;
use crate::eligibility::Exclusions;
use crate::language::Language;
use crate::power::ControlPower;
use crate::sources::{Quarantine, SignalReport};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A data file.
#[derive(Clone, Debug, Serialize)]
pub struct OutputFile {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: String,
}

/// What was read of one source.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SourceSummary {
    /// Files.
    pub files: usize,
    /// Files skipped for their partition folders.
    pub pruned_files: usize,
    /// Row groups.
    pub row_groups: usize,
    /// Row groups skipped for their statistics.
    pub pruned_row_groups: usize,
    /// Rows decoded.
    pub rows_read: u64,
    /// Rows used.
    pub rows_used: u64,
    /// Rows before the look-back.
    pub before_look_back: u64,
    /// Rows dated on or after the as-of date, which the run does not see.
    pub future_date: u64,
    /// The newest row seen, UTC.
    pub newest: Option<String>,
}

impl SourceSummary {
    /// From the scan of a signal.
    pub fn from_scan(report: &SignalReport) -> SourceSummary {
        SourceSummary {
            files: report.files,
            pruned_files: report.pruned_files,
            row_groups: report.row_groups,
            pruned_row_groups: report.pruned_row_groups,
            rows_read: report.rows.read,
            rows_used: report.rows.kept,
            before_look_back: report.rows.before,
            future_date: report.rows.after,
            newest: report
                .rows
                .newest
                .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok())
                .map(|instant| instant.to_string()),
        }
    }
}

/// An engine on many machines that has made the rows of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Engine {
    /// Its name and version.
    pub name: String,
    /// How many buckets the customers were split into; none where the rows were prepared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buckets: Option<u32>,
    /// How many tasks turned these into rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<u32>,
}

/// How the scored rows differ from those that the model was fitted on, in sentences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftSummary {
    /// `ok`, `watch` or `act`.
    pub verdict: String,
    /// What has become of the mean risk, and what has moved it.
    pub risk: String,
    /// What of the data is broken.
    pub broken: Vec<String>,
    /// What has changed otherwise.
    pub changed: Vec<String>,
}

/// Everything about one run.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    /// The program and its version.
    pub program: String,
    /// The as-of date.
    pub as_of: Day,
    /// The model that scored.
    pub model_version: String,
    /// Its checksum.
    pub model_checksum: String,
    /// The language of its texts.
    pub language: Language,
    /// SHA-256 of the settings.
    pub settings_sha256: String,
    /// When the run was published, UTC.
    pub published_at: String,
    /// How long the run took.
    pub seconds: f64,
    /// Eligible customers, all scored.
    pub eligible: u64,
    /// Who was not, and why.
    pub excluded: Exclusions,
    /// Customers on the list.
    pub listed: u64,
    /// Those of them in the control group.
    pub control: u64,
    /// The key of the draw of the control group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub control_key: String,
    /// What the control group can show.
    pub control_power: ControlPower,
    /// The date of the run that this one is compared with.
    pub compared_with: Option<Day>,
    /// Customers who were on its list and are not on this one.
    pub left: u64,
    /// For how long the listed customers have been silent; not known of a prepared table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence: Option<Silence>,
    /// Mean probability of churn over the eligible.
    pub mean_probability: f64,
    /// The log-odds that contributions are measured from.
    pub reference_log_odds: f64,
    /// How the scored rows differ from those that the model was fitted on; not known of a model that does not keep
    /// what these were like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftSummary>,
    /// The engine that has made the rows; none where one machine has done everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// What was read.
    pub sources: BTreeMap<String, SourceSummary>,
    /// Rows that could not be used, by source and reason.
    pub quarantine: BTreeMap<String, Quarantine>,
    /// What the signals and the cancellations hold of the past; not of a prepared table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// The data files.
    pub files: Vec<OutputFile>,
}
