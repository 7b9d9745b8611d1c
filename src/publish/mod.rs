//! Publishing: one folder an as-of date, which appears whole or not at all.
//!
//! `{paths.lists}/as_of=YYYY-MM-DD/` holds the scores of every eligible customer, the list in the configured formats,
//! the manifest, and `_SUCCESS`, written last. A rerun replaces the folder in one step.

pub mod columns;
pub mod features;
pub mod list;
pub mod manifest;
pub mod previous;

use crate::calendar::Day;
use crate::digest;
use crate::error::{Error, Result};
use crate::files::{self, Lock};
use columns::Columns;
use manifest::OutputFile;
use std::path::{Path, PathBuf};

/// The folder of an as-of date.
pub fn folder(lists: &Path, as_of: Day) -> PathBuf {
    lists.join(format!("as_of={as_of}"))
}

/// A run's folder in the making, under the lock of the lists. Dropped without [`Staged::publish`], it leaves nothing.
pub struct Staged {
    _lock: Lock,
    folder: tempfile::TempDir,
    target: PathBuf,
    files: Vec<OutputFile>,
}

impl Staged {
    /// Takes the lock, clears what killed runs left behind, and begins a folder.
    pub fn begin(lists: &Path, as_of: Day) -> Result<Staged> {
        const PREFIX: &str = ".staged-";
        let lock = Lock::take(lists)?;
        for entry in std::fs::read_dir(lists).map_err(|e| Error::writing(lists, &e))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                std::fs::remove_dir_all(entry.path()).map_err(|e| Error::writing(&entry.path(), &e))?;
            }
        }
        let folder = files::scratch_folder(lists, PREFIX)?;
        Ok(Staged { _lock: lock, folder, target: self::folder(lists, as_of), files: Vec::new() })
    }

    /// Writes a data file as Parquet, in one part or more.
    pub fn parquet(&mut self, name: &str, parts: impl Iterator<Item = Result<Columns>> + Send) -> Result<()> {
        let rows = Columns::write_parquet(&self.folder.path().join(name), parts)?;
        self.record(name, rows)
    }

    /// Writes a data file as CSV, safe to open in a spreadsheet.
    pub fn csv(&mut self, name: &str, columns: &Columns) -> Result<()> {
        columns.write_csv(&self.folder.path().join(name))?;
        self.record(name, columns.rows())
    }

    fn record(&mut self, name: &str, rows: usize) -> Result<()> {
        let path = self.folder.path().join(name);
        let (sha256, bytes) = digest::of_file(&path).map_err(|e| Error::writing(&path, &e))?;
        self.files.push(OutputFile { name: name.to_owned(), rows: rows as u64, bytes, sha256 });
        Ok(())
    }

    /// The data files so far.
    pub fn files(&self) -> &[OutputFile] {
        &self.files
    }

    /// Writes the manifest and `_SUCCESS`, and puts the folder in its place, which it returns.
    pub fn publish(self, manifest: &manifest::Manifest) -> Result<PathBuf> {
        let text = serde_json::to_string_pretty(manifest).map_err(|e| Error::Internal(e.to_string()))?;
        files::write_atomically(&self.folder.path().join("manifest.json"), (text + "\n").as_bytes())?;
        files::write_atomically(&self.folder.path().join("_SUCCESS"), b"")?;
        files::publish_folder(self.folder, &self.target)?;
        Ok(self.target)
    }
}
