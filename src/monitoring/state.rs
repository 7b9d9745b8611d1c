//! What an earlier monitoring has found, so that it need not be found again: `manifest.json` in the folder of the
//! monitoring. What is known of a run holds as long as the run, the lists whose outreach may have reached its
//! customers, those who left in its label window, and the settings are the same.

use super::history::Fingerprint;
use crate::calendar::Day;
use crate::config::{Churn, Customers, Settings};
use crate::digest;
use crate::error::{Error, Result};
use crate::publish::manifest::OutputFile;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The name of the file.
pub const FILE: &str = "manifest.json";
/// Another number tells that figures are computed in another way.
pub const FORMAT: u32 = 1;

/// What is known of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedRun {
    /// Its date.
    pub as_of: Day,
    /// When it was published, UTC; empty if that is not known.
    #[serde(default)]
    pub published_at: String,
    /// The digests of its files.
    pub run: String,
    /// The digest of the lists whose outreach may have reached its customers.
    pub lists: String,
    /// Cancellations from its date to the end of its label window.
    pub cancellations: u64,
    /// What identifies them.
    pub churn: String,
    /// The rows of its outcomes, and the size of their file.
    pub rows: u64,
    /// The size of the file.
    pub bytes: u64,
    /// The digest of the file.
    pub sha256: String,
}

impl JudgedRun {
    /// Whether what was found holds for a run as it is now, if who left in the meantime is the same.
    pub fn is_of(&self, run: &str, lists: &str) -> bool {
        self.run == run && self.lists == lists
    }

    /// Whether those who left are still those who had left.
    pub fn has_outcomes(&self, found: Fingerprint) -> bool {
        self.cancellations == found.cancellations && self.churn == hash(found)
    }
}

/// As the manifest has it.
pub fn hash(fingerprint: Fingerprint) -> String {
    format!("{:016x}", fingerprint.hash)
}

/// What an earlier monitoring has found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// How figures were computed.
    pub format: u32,
    /// SHA-256 of the settings that outcomes depend on.
    pub settings_sha256: String,
    /// The first day of which nothing is known; none before anything has been found.
    pub known_until: Option<Day>,
    /// The runs whose label had matured, by date.
    pub runs: Vec<JudgedRun>,
}

/// SHA-256 of the settings that outcomes depend on beyond the runs. Where the tables lie is not among them: it depends
/// on the folder that the program is started in, and tables that say something else are noticed by what they say.
///
/// # Errors
/// [`Error::Internal`] for settings that cannot be written.
pub fn settings_sha256(settings: &Settings) -> Result<String> {
    let churn = Churn { path: None, ..settings.churn.clone() };
    let customers = settings.customers.clone().map(|customers| Customers { path: PathBuf::new(), ..customers });
    let parts = (&churn, &settings.time, &settings.kpi.segments, &customers);
    serde_json::to_string(&parts).map(|text| digest::sha256(&text)).map_err(|e| Error::Internal(e.to_string()))
}

impl State {
    /// Reads what the manifest in a folder says; nothing if there is none, or none of this version and of these
    /// settings.
    pub fn read(folder: &Path, settings_sha256: &str) -> State {
        let text = std::fs::read_to_string(folder.join(FILE)).unwrap_or_default();
        let state: State = serde_json::from_str(&text).unwrap_or_default();
        if state.format == FORMAT && state.settings_sha256 == settings_sha256 {
            state
        } else {
            State::default()
        }
    }

    /// What was found of the run of a date.
    pub fn of(&self, as_of: Day) -> Option<&JudgedRun> {
        self.runs.iter().find(|run| run.as_of == as_of)
    }
}

/// The manifest of a monitoring.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest<'a> {
    /// The program and its version.
    pub program: String,
    /// When it ran, UTC.
    pub monitored_at: String,
    /// What need not be found again.
    #[serde(flatten)]
    pub state: &'a State,
    /// Runs that are left out, and why.
    pub warnings: Vec<String>,
    /// The other files.
    pub files: Vec<OutputFile>,
}
