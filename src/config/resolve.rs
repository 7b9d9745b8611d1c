//! From the layers to the settings: every layer is read, the whole is checked, and all problems are told at once.

use super::choices::ChurnDefinition;
use super::defaults::DEFAULT_TOML;
use super::key::WHOLE_HISTORY;
use super::layers::{Layer, Layers, Leaf};
use super::settings::Settings;
use super::validate;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;
use toml::{Table, Value};

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "churn.toml";

/// The settings of a run, and where each of them was written.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The settings, checked.
    pub settings: Settings,
    pub(super) leaves: BTreeMap<String, Leaf>,
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
        let path = base.join(DEFAULT_FILE);
        let mut layers = defaults(&path)?;
        layers.add_toml(text, &Layer::File(path.clone()), folder_of(&path))?;
        Ok(resolve(layers)?.settings)
    }
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

    let mut layers = defaults(path)?;
    layers.add_toml(&text, &Layer::File(path.to_owned()), folder_of(path))?;
    layers.add_environment(environment);
    layers.add_sets(sets);
    resolve(layers)
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
    resolve(layers)
}

/// The variables of the process, for [`load`]. Bytes that are not UTF-8 are replaced; they can be no setting's value.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

fn defaults(path: &Path) -> Result<Layers> {
    let mut layers = Layers::default();
    layers.add_toml(DEFAULT_TOML, &Layer::Default, folder_of(path))?;
    Ok(layers)
}

/// Checks the whole and makes the settings.
fn resolve(mut layers: Layers) -> Result<Resolved> {
    follow_whole_history(&mut layers);
    let mut table = layers.combined();
    leave_whole_history_out(&mut table);
    let mut settings: Settings =
        table.try_into().map_err(|error| Error::Internal(format!("the keys do not match the settings: {error}")))?;
    follow_inactivity(&mut settings, &mut layers);
    let mut problems = std::mem::take(&mut layers.problems);
    problems.extend(validate::problems(&settings, &layers));

    match problems.as_slice() {
        [] => Ok(Resolved { settings, leaves: layers.leaves }),
        [one] => Err(Error::Config(one.clone())),
        many => {
            Err(Error::Config(format!("the configuration has {} problems:\n  - {}", many.len(), many.join("\n  - "))))
        }
    }
}

/// The whole history among the windows is the same as `features.lifetime`.
fn follow_whole_history(layers: &mut Layers) {
    let (windows, lifetime) = ("features.windows_days", "features.lifetime");
    let given = layers.leaves.get(windows).and_then(|leaf| leaf.value.as_array());
    if !given.is_some_and(|given| given.iter().any(|window| window.as_str() == Some(WHOLE_HISTORY))) {
        return;
    }

    layers.follow(lifetime, Value::from(true), "\"all\" in features.windows_days");
    if layers.leaves.get(lifetime).is_some_and(|leaf| leaf.value.as_bool() == Some(false)) {
        let (windows, lifetime) = (layers.named(windows), layers.named(lifetime));
        layers.problems.push(format!(
            "{windows} has \"{WHOLE_HISTORY}\", the whole history, and {lifetime} is false: take one of them out"
        ));
    }
}

/// What remains are the windows in days.
fn leave_whole_history_out(table: &mut Table) {
    let windows = table.get_mut("features").and_then(|features| features.get_mut("windows_days"));
    if let Some(windows) = windows.and_then(Value::as_array_mut) {
        windows.retain(|window| window.as_str() != Some(WHOLE_HISTORY));
    }
}

/// Under inactivity, who has been silent for the gap and the horizon has churned by the definition: unless somebody
/// says otherwise, such customers are not eligible.
fn follow_inactivity(settings: &mut Settings, layers: &mut Layers) {
    let Settings { churn, eligibility, .. } = settings;
    if churn.definition != ChurnDefinition::Inactivity {
        return;
    }

    let days = churn.gap_days.saturating_add(churn.horizon_days);
    if layers.follow("eligibility.active_within_days", Value::from(i64::from(days)), "gap and horizon of inactivity") {
        eligibility.active_within_days = days;
    }
    if layers.follow("eligibility.signals", Value::from(churn.signals.clone()), "churn.signals of inactivity") {
        eligibility.signals = Some(churn.signals.clone());
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn unreadable(path: &Path, is_named: bool, error: &std::io::Error) -> Error {
    let file = path.display();
    if error.kind() != std::io::ErrorKind::NotFound {
        return Error::Config(format!("cannot read the configuration file {file}: {error}"));
    }
    if is_named {
        return Error::Config(format!(
            "there is no configuration file {file}; correct --config, or write one with `churn init`"
        ));
    }
    let folder = std::env::current_dir().map_or(String::new(), |folder| format!(" in {}", folder.display()));
    Error::Config(format!(
        "there is no {file}{folder}; write one with `churn init`, or name another with --config FILE"
    ))
}
