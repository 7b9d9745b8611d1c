//! A published list, read back.

use crate::calendar::Day;
use crate::digest::DigestWriter;
use crate::error::{Error, Result};
use crate::language::Language;
use crate::publish::report::Table;
use crate::publish::runs::Run;
use serde::Deserialize;
use std::fs::File;
use std::io;

/// The list of a published run, as its files have it.
pub struct PublishedList {
    /// Its date.
    pub as_of: Day,
    /// The model that made it.
    pub model_version: String,
    /// The language of its texts.
    pub language: Language,
    /// Customers on it.
    pub listed: u64,
    /// Those of them in the control group.
    pub control: u64,
    /// Customers who have left it since the run before.
    pub left: u64,
    /// The digest of its file: what tells two lists of one date apart.
    pub sha256: String,
    /// Its rows, in rank order.
    pub table: Table,
}

/// What is read of a manifest.
#[derive(Deserialize)]
struct Manifest {
    as_of: Day,
    model_version: String,
    #[serde(default)]
    language: Language,
    listed: u64,
    control: u64,
    #[serde(default)]
    left: u64,
    files: Vec<ManifestFile>,
}

#[derive(Deserialize)]
struct ManifestFile {
    name: String,
    sha256: String,
}

impl PublishedList {
    /// Reads the list of a run.
    ///
    /// # Errors
    /// [`Error::Contract`] for files that are missing, damaged, or not those of the manifest.
    pub fn read(run: &Run) -> Result<PublishedList> {
        let as_of = run.as_of;
        let (path, manifest) = (run.list(), run.folder.join("manifest.json"));
        let damaged = |why: String| {
            Error::Contract(format!("{}: {why}; score that date again with --as-of {as_of}", run.folder.display()))
        };
        let text = std::fs::read_to_string(&manifest).map_err(|e| Error::reading(&manifest, &e))?;
        let manifest: Manifest = serde_json::from_str(&text).map_err(|e| damaged(format!("manifest.json: {e}")))?;
        let Some(file) = manifest.files.into_iter().find(|file| path.ends_with(&file.name)) else {
            return Err(damaged(
                "the run has no at_risk.parquet, from which deliveries are made; it is written as soon as one is \
                 configured"
                    .to_owned(),
            ));
        };

        let failed = |e: io::Error| Error::reading(&path, &e);
        let mut digest = DigestWriter::new(io::sink());
        io::copy(&mut File::open(&path).map_err(failed)?, &mut digest).map_err(failed)?;
        if digest.finish().sha256 != file.sha256 {
            return Err(damaged("at_risk.parquet is not the file of the manifest".to_owned()));
        }
        Ok(PublishedList {
            as_of: manifest.as_of,
            model_version: manifest.model_version,
            language: manifest.language,
            listed: manifest.listed,
            control: manifest.control,
            left: manifest.left,
            sha256: file.sha256,
            table: Table::read(&path)?,
        })
    }

    /// The rows that are delivered: without the control group, unless it is asked for.
    pub fn rows(&self, with_control: bool) -> Result<Vec<usize>> {
        let group = self.table.column("group")?;
        let is_wanted = |row: &usize| with_control || group.text(*row).as_deref() != Some("control");
        Ok((0..self.table.rows()).filter(is_wanted).collect())
    }
}
