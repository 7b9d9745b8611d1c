//! The registry: immutable model versions, and the pointer to the champion.
//!
//! ```text
//! models/
//!   v0001/              a version: its models are written once and never changed
//!     model.json        the model that scores
//!     evaluated.json    the model that its evaluation is about, if that is another
//!     card.md           what it is and what has become of its lists, for people
//!   champion.json       which one scores, since when, why, by whom, and what was before
//! ```

pub mod card;
pub mod comparison;
pub mod differences;
pub mod export;
pub mod onnx;
pub mod promotion;

use crate::artefact::{Artefact, ModelPair};
use crate::error::{Error, Result};
use crate::files::{self, Unfinished};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a version.
const MODEL: &str = "model.json";
const EVALUATED: &str = "evaluated.json";
const CARD: &str = "card.md";

/// One entry of the champion's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// The version that became champion.
    pub version: String,
    /// When, UTC.
    pub at: String,
    /// Why, in words.
    pub reason: String,
    /// Who did it: as a rule the name of the operating system's user, if it is known.
    #[serde(default)]
    pub by: Option<String>,
    /// The champion before.
    #[serde(default)]
    pub previous: Option<String>,
    /// Whether it went back to an earlier champion.
    #[serde(default)]
    pub rollback: bool,
}

/// When the registry is changed, and by whom.
#[derive(Clone, Debug, Default)]
pub struct Signature {
    /// The time, UTC, to the second.
    pub at: String,
    /// The name of whoever does it, if it is known.
    pub by: Option<String>,
}

/// The pointer file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Champion {
    /// All promotions, the newest last: it is the champion.
    pub history: Vec<Promotion>,
}

impl Champion {
    /// When a version was promoted for the first time, UTC; none if it never was.
    pub fn first_promoted(&self, version: &str) -> Option<&str> {
        let first = self.history.iter().find(|promotion| promotion.version == version)?;
        Some(&first.at)
    }

    /// The champions that rolling back leads through, the present one last.
    fn succession(&self) -> Vec<String> {
        let mut champions: Vec<String> = Vec::new();
        for promotion in &self.history {
            if promotion.rollback {
                champions.pop();
            }
            if champions.last() != Some(&promotion.version) {
                champions.push(promotion.version.clone());
            }
        }
        champions
    }
}

/// A version that was registered a moment ago. Dropped before it is [kept](Registered::keep), it is registered no more:
/// a training that fails after all leaves no version behind.
pub struct Registered {
    /// Its models.
    pub models: ModelPair,
    withdrawn: WithdrawnUnlessKept,
}

impl Registered {
    /// Keeps the version for good.
    pub fn keep(mut self) -> ModelPair {
        self.withdrawn.0 = None;
        self.models
    }
}

/// The folder of a version, removed when this is dropped.
struct WithdrawnUnlessKept(Option<PathBuf>);

impl Drop for WithdrawnUnlessKept {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            // What stopped the training is told; that its model stays as well would be no help.
            let _ = fs::remove_dir_all(folder);
        }
    }
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

    /// Where the versions lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps other runs from writing to the registry, and clears what killed ones left behind.
    pub fn lock(&self) -> Result<files::Lock> {
        let lock = files::Lock::take(&self.folder)?;
        lock.clear_leftovers()?;
        Ok(lock)
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
        self.folder.join(version).join(MODEL)
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
            None => Err(Error::Model(match self.versions()?.as_slice() {
                [] => format!("there is no model in {}; train one with `churn train`", self.folder.display()),
                versions => format!(
                    "there is no champion in {}: none of its versions has been promoted ({}). Promote one with `churn \
                     models promote VERSION`, or train another with `churn train`, which says why it does not promote \
                     it",
                    self.folder.display(),
                    versions.join(", "),
                ),
            })),
        }
    }

    /// Reads the version asked for, or the champion.
    ///
    /// # Errors
    /// As [`Registry::load`] and [`Registry::load_champion`].
    pub fn load_chosen(&self, version: Option<&str>) -> Result<Artefact> {
        match version {
            Some(version) => self.load(version),
            None => self.load_champion(),
        }
    }

    /// Reads the model that a version's evaluation is about, if it is not the one that scores.
    ///
    /// # Errors
    /// [`Error::Model`] when it is damaged, or belongs to another version.
    pub fn load_evaluated(&self, version: &str) -> Result<Option<Artefact>> {
        let path = self.folder.join(version).join(EVALUATED);
        if !path.exists() {
            return Ok(None);
        }
        let artefact = Artefact::read(&path)?;
        if artefact.version != version {
            return Err(Error::Model(format!(
                "{} says that it is version {}; a version's folder must not be renamed",
                path.display(),
                artefact.version
            )));
        }
        Ok(Some(artefact))
    }

    /// Both models of a version.
    ///
    /// # Errors
    /// As [`Registry::load`].
    pub fn load_pair(&self, version: &str) -> Result<ModelPair> {
        Ok(ModelPair { published: self.load(version)?, evaluated: self.load_evaluated(version)? })
    }

    /// Registers a trained model under the next version, with its card. Hold the lock.
    ///
    /// # Errors
    /// What writing can end with.
    pub fn register(&self, challenger: ModelPair, now: &str, unfinished: &Unfinished) -> Result<Registered> {
        files::create_folder(&self.folder)?;
        let last = self.versions()?.last().and_then(|name| number(name)).unwrap_or(0);
        let version = format!("v{:04}", last + 1);
        let named = |artefact: Artefact| Artefact { version: version.clone(), trained_at: now.to_owned(), ..artefact };
        let model = named(challenger.published);
        let staged = unfinished.folder(&self.folder, ".staged-")?;
        let write = |name: &str, text: String| files::write_atomically(&staged.path().join(name), text.as_bytes());
        write(MODEL, model.to_json()?)?;
        if let Some(evaluated) = challenger.evaluated {
            write(EVALUATED, named(evaluated).to_json()?)?;
        }
        write(CARD, card::card(&model, ""))?;
        let folder = self.folder.join(&version);
        files::publish_folder(staged, &folder)?;
        let withdrawn = WithdrawnUnlessKept(Some(folder));
        Ok(Registered { models: self.load_pair(&version)?, withdrawn })
    }

    /// Writes a registered model's card again, with a section on what has become of its lists. That takes no lock: the
    /// file is replaced whole, and nothing but a monitoring changes it.
    ///
    /// # Errors
    /// What writing can end with.
    pub fn tell_outcomes(&self, model: &Artefact, outcomes: &str) -> Result<()> {
        let path = self.folder.join(&model.version).join(CARD);
        let card = card::card(model, outcomes);
        if fs::read_to_string(&path).is_ok_and(|present| present == card) {
            return Ok(());
        }
        files::write_atomically(&path, card.as_bytes())
    }

    /// Makes a version the champion. Hold the lock.
    pub fn promote(&self, version: &str, reason: &str, signature: &Signature) -> Result<()> {
        self.enter(version, reason, signature, false)
    }

    /// Makes the champion before the present one champion again, and returns its version. A second call goes one
    /// further back. Hold the lock.
    pub fn rollback(&self, signature: &Signature) -> Result<String> {
        let mut champions = self.champion()?.succession();
        match (champions.pop(), champions.pop()) {
            (Some(current), Some(previous)) => {
                self.enter(&previous, &format!("rolled back from {current}"), signature, true)?;
                Ok(previous)
            }
            _ => Err(Error::Model(format!(
                "there is no earlier champion in {} to roll back to; see `churn models list`",
                self.folder.display()
            ))),
        }
    }

    fn enter(&self, version: &str, reason: &str, signature: &Signature, rollback: bool) -> Result<()> {
        self.load(version)?;
        let mut champion = self.champion().unwrap_or_default();
        let previous = champion.history.last().map(|before| before.version.clone());
        champion.history.push(Promotion {
            version: version.to_owned(),
            at: signature.at.clone(),
            reason: reason.to_owned(),
            by: signature.by.clone(),
            previous,
            rollback,
        });
        self.write(&champion)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rolling_back_goes_from_champion_to_champion() {
        let entry = |version: &str, rollback| Promotion {
            version: version.to_owned(),
            at: String::new(),
            reason: String::new(),
            by: None,
            previous: None,
            rollback,
        };
        let of = |history: &[(&str, bool)]| {
            let history = history.iter().map(|&(version, rollback)| entry(version, rollback)).collect();
            Champion { history }.succession().join(" ")
        };
        assert_eq!(of(&[]), "");
        assert_eq!(of(&[("a", false), ("b", false), ("b", false), ("c", false)]), "a b c");
        assert_eq!(of(&[("a", false), ("b", false), ("c", false), ("b", true)]), "a b");
        assert_eq!(of(&[("a", false), ("b", false), ("c", false), ("b", true), ("a", true)]), "a");
        assert_eq!(of(&[("a", false), ("b", false), ("a", true), ("c", false)]), "a c");
    }
}
