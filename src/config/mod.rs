//! Configuration: the layers as written, and the resolved, validated whole.
//!
//! ```text
//! --set key.path=value  >  CHURN_… variables  >  churn.toml  >  default.toml (embedded)
//! ```
//!
//! [`load`] reads the layers, combines them key by key, checks everything at once and gives [`Resolved`]: the
//! [`Settings`] that every other room works from, and for `churn config show` the layer behind each value.
//!
//! Relative paths written in a file, and those of the embedded defaults, start at the folder of the file; those in the
//! environment or on the command line start at the current folder.

mod keys;
mod layers;
mod settings;
mod show;
mod validate;

pub use layers::Layer;
pub use settings::*;

use crate::error::{Error, Result};
use layers::{Layers, Leaf};
use std::collections::BTreeMap;
use std::path::Path;

/// The embedded defaults, commented; the keys without a default are examples that are switched off. A valid
/// `churn.toml` as it stands.
pub const DEFAULT_TOML: &str = include_str!("default.toml");

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "churn.toml";

/// The first section of [`DEFAULT_TOML`] that says nothing about the tables.
const FIRST_GENERAL_SECTION: &str = "# ---- Who is scored";

/// The settings of a run, and where each of them was written.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The settings, checked.
    pub settings: Settings,
    leaves: BTreeMap<String, Leaf>,
}

/// Loads the configuration: `file` (`churn.toml` in the current folder if none is named), `sets` as given to `--set`,
/// and the variables of the environment, of which those named `CHURN_` and a section count.
///
/// # Errors
/// [`Error::Config`] when the file is missing or not TOML, and for every unknown key, wrong type and contradiction, all
/// of them in one message.
pub fn load(
    file: Option<&Path>,
    sets: &[String],
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Resolved> {
    let path = file.unwrap_or(Path::new(DEFAULT_FILE));
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, file.is_some(), &error))?;
    let mut layers = file_over_defaults(&text, path)?;
    layers.add_environment(environment);
    layers.add_sets(sets);
    layers.resolve()
}

/// Loads the configuration of a run on a prepared feature table, as [`load`]. Without sections for customers, signals
/// and the table, and even without a `churn.toml`, the table has its usual column names.
///
/// # Errors
/// As [`load`], but for what such a run does not need.
pub fn load_for_table(
    file: Option<&Path>,
    sets: &[String],
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Resolved> {
    let path = file.unwrap_or(Path::new(DEFAULT_FILE));
    let text = match std::fs::read_to_string(path) {
        Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => String::new(),
        other => other.map_err(|error| unreadable(path, file.is_some(), &error))?,
    };
    let mut layers = defaults(path)?;
    // The section alone says that the tables of signals are not needed.
    layers.add_toml("[table]\nid = \"customer_id\"", &Layer::Default, Path::new(""))?;
    layers.add_toml(&text, &Layer::File(path.to_owned()), folder_of(path))?;
    layers.add_environment(environment);
    layers.add_sets(sets);
    layers.resolve()
}

/// The variables of the process, for [`load`]. Bytes that are not UTF-8 are replaced; they can be no setting's value.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

/// A `churn.toml` from sections of its own: `own` names the tables, and every general setting follows with its comment,
/// switched off, so that it keeps to the defaults until someone changes it.
pub fn starter(own: &str) -> String {
    let general = DEFAULT_TOML.find(FIRST_GENERAL_SECTION).map_or("", |at| &DEFAULT_TOML[at..]);
    let mut text = format!("{}\n\n", own.trim_end());
    for line in general.lines() {
        if line.starts_with(|c: char| c.is_ascii_lowercase()) {
            text.push('#');
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

impl Resolved {
    /// The settings as one line of JSON, always in the same order: for digests, manifests and artefacts.
    pub fn canonical_json(&self) -> Result<String> {
        self.settings.canonical_json()
    }
}

impl Settings {
    /// Settings from the text of a `churn.toml` over the defaults. Relative paths start at `base`.
    ///
    /// # Errors
    /// As [`load`].
    pub fn from_toml_str(text: &str, base: &Path) -> Result<Settings> {
        Ok(file_over_defaults(text, &base.join(DEFAULT_FILE))?.resolve()?.settings)
    }

    /// The settings as one line of JSON, always in the same order: for digests, manifests and artefacts.
    pub fn canonical_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Internal(format!("settings: {error}")))
    }
}

fn file_over_defaults(text: &str, path: &Path) -> Result<Layers> {
    let mut layers = defaults(path)?;
    layers.add_toml(text, &Layer::File(path.to_owned()), folder_of(path))?;
    Ok(layers)
}

fn defaults(path: &Path) -> Result<Layers> {
    let mut layers = Layers::default();
    layers.add_toml(DEFAULT_TOML, &Layer::Default, folder_of(path))?;
    Ok(layers)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn unreadable(path: &Path, is_named: bool, error: &std::io::Error) -> Error {
    let file = path.display();
    Error::Config(match (error.kind(), is_named) {
        (std::io::ErrorKind::NotFound, true) => {
            format!("there is no configuration file {file}; correct --config, or write one with `churn init`")
        }
        (std::io::ErrorKind::NotFound, false) => {
            let folder = std::env::current_dir().map_or(String::new(), |folder| format!(" in {}", folder.display()));
            format!("there is no {file}{folder}; write one with `churn init`, or name another with --config FILE")
        }
        _ => format!("cannot read the configuration file {file}: {error}"),
    })
}

#[cfg(test)]
mod tests;
