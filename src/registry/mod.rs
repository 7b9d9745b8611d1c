//! The registry: immutable model versions, and the pointer to the champion.
//!
//! ```text
//! models/
//!   v0001/model.json    a version: written once, never changed
//!   v0002/model.json
//!   champion.json       which one scores, since when, why, and what was before
//! ```

pub mod export;
pub mod onnx;

use crate::error::{Error, Result};
use crate::files;
use crate::model::artefact::Artefact;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// One entry of the champion's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// The version that became champion.
    pub version: String,
    /// When, UTC.
    pub at: String,
    /// Why, in words.
    pub reason: String,
}

/// The pointer file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Champion {
    /// All promotions, the newest last: it is the champion.
    pub history: Vec<Promotion>,
}

/// A folder of models.
#[derive(Clone, Debug)]
pub struct Registry {
    folder: PathBuf,
}

impl Registry {
    /// The registry in a folder, which need not exist yet.
    pub fn at(folder: &Path) -> Registry {
        Registry { folder: folder.to_path_buf() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps other runs from writing to the registry.
    pub fn lock(&self) -> Result<files::Lock> {
        files::Lock::take(&self.folder)
    }

    /// The versions, oldest first.
    pub fn versions(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::Model(format!("the registry {} cannot be read: {e}", self.folder.display()))),
        };
        let mut versions: Vec<(u64, String)> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| Some((number(&name)?, name)))
            .collect();
        versions.sort();
        Ok(versions.into_iter().map(|(_, name)| name).collect())
    }

    /// Where a version's file lies.
    pub fn path(&self, version: &str) -> PathBuf {
        self.folder.join(version).join("model.json")
    }

    /// Reads a version.
    ///
    /// # Errors
    /// [`Error::Model`] when there is no such version, or it is damaged.
    pub fn load(&self, version: &str) -> Result<Artefact> {
        let versions = self.versions()?;
        if !versions.iter().any(|known| known == version) {
            let known = if versions.is_empty() { "none".to_owned() } else { versions.join(", ") };
            return Err(Error::Model(format!(
                "there is no model `{version}` in {}; the versions are: {known}",
                self.folder.display()
            )));
        }
        let artefact = Artefact::read(&self.path(version))?;
        if artefact.version != version {
            return Err(Error::Model(format!(
                "{} says that it is version {}; a version's folder must not be renamed",
                self.path(version).display(),
                artefact.version
            )));
        }
        Ok(artefact)
    }

    /// The pointer; empty when nothing has been promoted.
    pub fn champion(&self) -> Result<Champion> {
        let path = self.folder.join("champion.json");
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|e| {
                Error::Model(format!(
                    "{} is damaged: {e}; promote a version anew with `churn models promote VERSION`",
                    path.display()
                ))
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Champion::default()),
            Err(e) => Err(Error::Model(format!("{} cannot be read: {e}", path.display()))),
        }
    }

    /// The champion's version, if there is one.
    pub fn champion_version(&self) -> Result<Option<String>> {
        Ok(self.champion()?.history.pop().map(|promotion| promotion.version))
    }

    /// Reads the champion.
    pub fn load_champion(&self) -> Result<Artefact> {
        match self.champion_version()? {
            Some(version) => self.load(&version),
            None => Err(Error::Model(format!(
                "there is no champion in {}; train a model with `churn train`, or promote one with `churn models promote \
                 VERSION`",
                self.folder.display()
            ))),
        }
    }

    /// Registers a trained model under the next version, which it returns. Hold the lock.
    pub fn register(&self, mut artefact: Artefact, now: &str) -> Result<Artefact> {
        files::create_folder(&self.folder)?;
        let last = self.versions()?.last().and_then(|name| number(name)).unwrap_or(0);
        artefact.version = format!("v{:04}", last + 1);
        artefact.trained_at = now.to_owned();
        let staged = files::scratch_folder(&self.folder, ".staged-")?;
        files::write_atomically(&staged.path().join("model.json"), artefact.to_json()?.as_bytes())?;
        let target = self.folder.join(&artefact.version);
        files::publish_folder(staged, &target)?;
        self.load(&artefact.version)
    }

    /// Makes a version the champion. Hold the lock.
    pub fn promote(&self, version: &str, reason: &str, now: &str) -> Result<()> {
        self.load(version)?;
        let mut champion = self.champion().unwrap_or_default();
        champion.history.push(Promotion { version: version.to_owned(), at: now.to_owned(), reason: reason.to_owned() });
        self.write(&champion)
    }

    /// Makes the champion before the present one champion again, and returns its version. Hold the lock.
    pub fn rollback(&self, now: &str) -> Result<String> {
        let history = self.champion()?.history;
        let current = history.last().map(|p| p.version.clone());
        let previous = history.iter().rev().map(|p| &p.version).find(|&version| Some(version) != current.as_ref());
        match (previous, current) {
            (Some(previous), Some(current)) => {
                self.promote(previous, &format!("rolled back from {current}"), now)?;
                Ok(previous.clone())
            }
            _ => Err(Error::Model(format!(
                "there is no earlier champion in {} to roll back to; see `churn models list`",
                self.folder.display()
            ))),
        }
    }

    fn write(&self, champion: &Champion) -> Result<()> {
        let text = serde_json::to_string_pretty(champion).map_err(|e| Error::Internal(e.to_string()))?;
        files::write_atomically(&self.folder.join("champion.json"), (text + "\n").as_bytes())
    }
}

/// The number of a version's name, `v0001`.
fn number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix('v')?;
    (digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}
