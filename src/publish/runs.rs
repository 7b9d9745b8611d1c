//! The published runs in the folder of lists.

use crate::calendar::Day;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A published run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// Its date.
    pub as_of: Day,
    /// Its folder.
    pub folder: PathBuf,
}

/// Which model made a run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RunModel {
    /// Its version.
    #[serde(rename = "model_version")]
    pub version: String,
    /// Its checksum.
    #[serde(rename = "model_checksum")]
    pub checksum: String,
}

impl Run {
    /// The scores of everybody: a file, or a folder of [parts](super::parts) where an engine has made the rows.
    pub fn scores(&self) -> PathBuf {
        self.folder.join("scores.parquet")
    }

    /// The list, if it was written as Parquet.
    pub fn list(&self) -> PathBuf {
        self.folder.join("at_risk.parquet")
    }

    /// The model, as the manifest says it; none if that cannot be read.
    pub fn model(&self) -> Option<RunModel> {
        let text = std::fs::read_to_string(self.folder.join("manifest.json")).ok()?;
        serde_json::from_str(&text).ok()
    }
}

/// The published runs, oldest first.
pub fn published(lists: &Path) -> Vec<Run> {
    let mut runs: Vec<Run> = std::fs::read_dir(lists)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let as_of = entry.file_name().to_str()?.strip_prefix("as_of=")?.parse::<Day>().ok()?;
            entry.path().join("_SUCCESS").exists().then(|| Run { as_of, folder: entry.path() })
        })
        .collect();
    runs.sort();
    runs
}

/// The folders of dates without a finished run, in name order.
pub fn unfinished(lists: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(lists).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_unfinished = |folder: &PathBuf| {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_of_a_date = name.strip_prefix("as_of=").is_some_and(|date| date.parse::<Day>().is_ok());
        is_of_a_date && !folder.join("_SUCCESS").exists()
    };
    let mut unfinished: Vec<PathBuf> = entries.filter(is_unfinished).collect();
    unfinished.sort();
    unfinished
}

/// The runs before a date, oldest first.
pub fn before(lists: &Path, as_of: Day) -> Vec<Run> {
    let mut runs = published(lists);
    runs.retain(|run| run.as_of < as_of);
    runs
}
