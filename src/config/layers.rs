//! The layers as written, and how they combine: command line > environment > file > defaults, key by key. A list is
//! one value: a stronger layer replaces it whole. Problems are collected rather than returned, so that a person sees
//! all of them at once.

use super::key::{describe, Key, Kind};
use super::keys;
use crate::error::{Error, Result};
use crate::spelling::{self, named};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Where a value was written, weakest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The embedded defaults.
    Default,
    /// A default that follows from other keys, with what it follows from.
    Following(&'static str),
    /// A configuration file.
    File(PathBuf),
    /// A `CHURN_…` variable.
    Environment(String),
    /// `--set key.path=value`.
    CommandLine,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layer::Default => f.write_str("default"),
            Layer::Following(from) => write!(f, "default: {from}"),
            Layer::File(path) => write!(f, "file {}", path.display()),
            Layer::Environment(name) => write!(f, "env {name}"),
            Layer::CommandLine => f.write_str("--set"),
        }
    }
}

/// One value and the layer that set it.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub value: Value,
    pub layer: Layer,
}

/// The layers combined so far.
#[derive(Default)]
pub(super) struct Layers {
    pub leaves: BTreeMap<String, Leaf>,
    /// What is wrong with them, in words.
    pub problems: Vec<String>,
    /// The sections that some layer wrote, and those of a file.
    written: BTreeSet<String>,
    written_in_files: BTreeSet<String>,
    /// Keys that were written wrongly: already reported, so not also reported as missing.
    rejected: BTreeSet<String>,
}

impl Layers {
    /// Adds the text of a TOML file. Its relative paths start at `base`.
    pub fn add_toml(&mut self, text: &str, layer: &Layer, base: &Path) -> Result<()> {
        let table: Table = text.parse().map_err(|error| syntax_error(text, layer, &error))?;
        self.put(&[], Value::Table(table), layer, Some(base));
        Ok(())
    }

    /// Adds the variables that name a section: `CHURN_LIST__CAPACITY`, `CHURN_SIGNALS__LOGINS__PATH`. Two underscores
    /// separate the levels; in a section without sub-sections one is enough. Relative paths start at the
    /// current folder. A variable with two underscores in a row names a key whether or not there is such a section, and
    /// one that is spelt nearly like a key or an option of the program is a mistake; all others belong to someone else.
    pub fn add_environment(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        // Those that hold the secret of a delivery are no settings, however they are called.
        let is_secret = |name: &String| {
            let named =
                self.leaves.iter().filter(|(key, _)| key.starts_with("deliveries.") && key.ends_with(".url_env"));
            named.map(|(_, leaf)| leaf.value.as_str()).any(|secret| secret == Some(name.as_str()))
        };
        let mut variables: Vec<_> = variables.into_iter().filter(|(name, _)| !is_secret(name)).collect();
        variables.sort();

        let mut seen: BTreeMap<Vec<String>, String> = BTreeMap::new();
        for (name, raw) in variables {
            let Some(path) = self.path_of_variable(&name) else {
                self.problems.extend(misspelt_variable(&name));
                continue;
            };
            if let Some(other) = seen.insert(path.clone(), name.clone()) {
                self.problems.push(format!("{other} and {name} set the same key; unset one of them"));
            }
            self.put_raw(&path.iter().map(String::as_str).collect::<Vec<_>>(), &raw, Layer::Environment(name));
        }
    }

    /// Adds `key.path=value` of the command line, a later one over an earlier one. Relative paths start at the
    /// current folder.
    pub fn add_sets(&mut self, sets: &[String]) {
        for set in sets {
            match set.split_once('=') {
                Some((key, raw)) if !key.trim().is_empty() => {
                    self.put_raw(&key.trim().split('.').collect::<Vec<_>>(), raw, Layer::CommandLine);
                }
                _ => self.problems.push(format!("--set {set}: write it as key.path=value, as in list.capacity=100")),
            }
        }
    }

    /// The settings as one table: every value that a layer wrote, and below sections that some layer wrote the defaults
    /// of the other keys. Sections that cannot be read are left out, so that everything else can still be checked.
    pub fn combined(&mut self) -> Table {
        let incomplete = self.incomplete_sections();
        let mut table = Table::new();
        for section in self.written.iter().filter(|section| !incomplete.contains(section.as_str())) {
            for key in keys::in_section(section) {
                let path = format!("{section}.{}", key.name());
                let value = match self.leaves.get(&path) {
                    Some(leaf) => Some(leaf.value.clone()),
                    None => key.default.and_then(|default| default.parse().ok()),
                };
                if let Some(value) = value {
                    insert(&mut table, section, key.name(), value);
                }
            }
        }
        table
    }

    /// Sets a key that nobody has written to what follows from others; returns whether nobody has.
    pub fn follow(&mut self, key: &str, value: Value, from: &'static str) -> bool {
        let is_written = self.leaves.get(key).is_some_and(|leaf| leaf.layer != Layer::Default);
        if !is_written {
            self.leaves.insert(key.to_owned(), Leaf { value, layer: Layer::Following(from) });
        }
        !is_written
    }

    /// A key as messages name it: with the layer that set it.
    pub fn named(&self, key: &str) -> String {
        match self.leaves.get(key) {
            Some(leaf) => format!("`{key}` ({})", leaf.layer),
            None => format!("`{key}`"),
        }
    }

    /// Whether the value of a key follows from others.
    pub fn is_following(&self, key: &str) -> bool {
        self.leaves.get(key).is_some_and(|leaf| matches!(leaf.layer, Layer::Following(_)))
    }

    /// Whether some layer wrote the section.
    pub fn has_section(&self, section: &str) -> bool {
        self.written.contains(section)
    }

    /// The signals that some layer wrote, well or badly.
    pub fn signal_names(&self) -> impl Iterator<Item = &str> {
        self.written.iter().filter_map(|section| section.strip_prefix("signals."))
    }

    /// Whether the key was written wrongly.
    pub fn is_rejected(&self, key: &str) -> bool {
        self.rejected.contains(key)
    }

    fn put_raw(&mut self, path: &[&str], raw: &str, layer: Layer) {
        let raw = raw.trim();
        let mut value = raw.parse().unwrap_or_else(|_| Value::from(raw));
        let takes_text = keys::find(path).is_some_and(|(_, key)| key.kind.is_text());
        if takes_text && !matches!(value, Value::String(_) | Value::Array(_) | Value::Table(_)) {
            value = Value::from(raw);
        }

        // The sections above the key count as written too.
        let nested = path.iter().rev().fold(value, |inner, name| {
            let mut table = Table::new();
            table.insert((*name).to_owned(), inner);
            Value::Table(table)
        });
        self.put(&[], nested, &layer, None);
    }

    fn put(&mut self, path: &[&str], value: Value, layer: &Layer, base: Option<&Path>) {
        if let Some((_, key)) = keys::find(path) {
            return self.put_key(path.join("."), &key.kind, value, layer, base);
        }

        let key = path.join(".");
        let is_section = keys::is_section(path);
        match (path, value) {
            (["signals", name], _) if !is_signal_name(name) => {
                let asked = "begin with a letter and go on with letters, digits, `_` and `-`";
                self.problems.push(format!("`{key}` ({layer}): the name of a signal must {asked}"));
            }
            (["deliveries", name], _) if !is_signal_name(name) => {
                let asked = "begin with a letter and go on with letters, digits, `_` and `-`";
                let shown = spelling::cut(&key, 80);
                self.problems.push(format!("`{shown}` ({layer}): the name of a delivery must {asked}"));
            }
            (["playbook", code], _) if !is_code_pattern(code) => {
                let asked = "is a reason code or a pattern of them: capitals, digits, `_`, and `*` for any characters";
                self.problems
                    .push(format!("`{}` ({layer}): what the playbook answers {asked}", spelling::cut(&key, 80)));
            }
            // Of an unknown section with one key, the whole key tells more: `lst.capacity` rather than `lst`.
            (_, Value::Table(table)) if is_section || table.len() == 1 => {
                if is_section {
                    if matches!(layer, Layer::File(_)) {
                        self.written_in_files.insert(key.clone());
                    }
                    self.written.insert(key);
                }
                for (name, value) in table {
                    self.put(&[path, &[name.as_str()]].concat(), value, layer, base);
                }
            }
            (_, other) if is_section => {
                let found = describe(&other);
                self.problems.push(format!("`{key}` ({layer}): expected a section with keys, found {found}"));
                self.rejected.insert(key);
            }
            (_, other) => {
                let nearest = keys::nearest(path, other.is_table());
                let what = if other.is_table() { "section" } else { "key" };
                self.problems
                    .push(format!("unknown {what} {} ({layer}); the nearest known one is `{nearest}`", named(&key)));
                self.rejected.extend(nearest.split('.').next().map(str::to_owned));
                self.rejected.insert(nearest);
            }
        }
    }

    fn put_key(&mut self, key: String, kind: &Kind, value: Value, layer: &Layer, base: Option<&Path>) {
        match kind.accept(&value).and_then(|value| anchored(value, kind, base)) {
            Some(value) => {
                self.leaves.insert(key, Leaf { value, layer: layer.clone() });
            }
            None => {
                let (expected, found) = (kind.expected(), kind.found(&value));
                self.problems.push(format!("`{key}` ({layer}): expected {expected}, found {found}"));
                self.rejected.insert(key);
            }
        }
    }

    /// The sections without defaults that lack a required key or hold a wrong one: reported here, and left out of the
    /// settings so that everything else can still be checked.
    fn incomplete_sections(&mut self) -> BTreeSet<String> {
        let mut incomplete = BTreeSet::new();
        for section in &self.written {
            if !keys::in_section(section).any(|key| key.is_required) {
                continue;
            }
            if let Some(problem) = self.unknown_signal(section) {
                self.problems.push(problem);
                incomplete.insert(section.clone());
                continue;
            }
            for key in keys::in_section(section) {
                let path = format!("{section}.{}", key.name());
                if self.rejected.contains(&path) {
                    incomplete.insert(section.clone());
                } else if key.is_required && !self.leaves.contains_key(&path) {
                    let (expected, meaning) = (key.kind.expected(), key.meaning());
                    self.problems.push(format!("`{path}` is missing: expected {expected}. {meaning}"));
                    incomplete.insert(section.clone());
                }
            }
        }
        incomplete
    }

    /// The problem that variables or arguments set keys of a signal that no file defines, and not all that a new one
    /// needs.
    fn unknown_signal(&self, section: &str) -> Option<String> {
        let name = section.strip_prefix("signals.").filter(|_| !self.written_in_files.contains(section))?;
        let path = |key: &Key| format!("{section}.{}", key.name());
        let is_missing = |key: &&Key| key.is_required && !self.leaves.contains_key(&path(key));
        let missing: Vec<&str> = keys::in_section(section).filter(is_missing).map(|key| key.name()).collect();
        if missing.is_empty() {
            return None;
        }

        let set = keys::in_section(section).find_map(|key| self.leaves.get(&path(key)));
        let layer = set.map_or_else(String::new, |leaf| format!(" ({})", leaf.layer));
        let others: Vec<&str> = self.signal_names().filter(|other| *other != name).collect();
        let nearest = spelling::did_you_mean(name, &others).unwrap_or_else(|| match others.as_slice() {
            [] => "no file defines one.".to_owned(),
            others => format!("there are: {}.", others.join(", ")),
        });
        let missing = missing.join(", ");
        Some(format!("there is no signal `{name}`{layer}; {nearest} A new one needs its keys {missing} as well"))
    }

    /// The path that a variable sets; none if it names no section.
    fn path_of_variable(&self, name: &str) -> Option<Vec<String>> {
        let name = name_of_variable(name)?;
        let known = keys::sections().into_iter().find_map(|section| {
            let rest = name.strip_prefix(section)?;
            (rest.is_empty() || rest.starts_with('_')).then_some((section, rest))
        });
        let (section, rest) = match known {
            Some(known) => known,
            None => return name.contains("__").then(|| name.split("__").map(str::to_owned).collect()),
        };

        let mut path = vec![section.to_owned()];
        match rest.strip_prefix("__").map(|levels| (levels, levels.rsplit_once("__"))) {
            Some((_, Some((signal, key)))) if section == "signals" => {
                path.extend([self.called("signals.", signal), key.to_owned()]);
            }
            Some((_, Some((delivery, key)))) if section == "deliveries" => {
                path.extend([self.called("deliveries.", delivery), key.to_owned()]);
            }
            // Variables are told apart in small letters, codes are in capitals.
            Some((_, Some((code, key)))) if section == "playbook" => path.extend([code.to_uppercase(), key.to_owned()]),
            Some((levels, _)) => path.extend(levels.split("__").map(str::to_owned)),
            None => path.extend(rest.strip_prefix('_').map(str::to_owned)),
        }
        Some(path)
    }

    /// The signal or the delivery that the file calls so but for letter case and hyphens, which variables cannot hold.
    fn called(&self, head: &str, name: &str) -> String {
        let plain = |name: &str| name.to_lowercase().replace('-', "_");
        let mut known = self.written.iter().filter_map(|section| section.strip_prefix(head));
        known.find(|known| plain(known) == plain(name)).unwrap_or(name).to_owned()
    }
}

/// What a variable says behind `CHURN_`, in small letters; none if it does not begin so.
fn name_of_variable(name: &str) -> Option<String> {
    let prefix = name.get(..6).filter(|prefix| prefix.eq_ignore_ascii_case("CHURN_"))?;
    Some(name[prefix.len()..].to_lowercase())
}

/// The problem with a variable that is spelt nearly like one of a key, or like one of the program's own. Those of other
/// programs that happen to begin with `CHURN_` are not.
fn misspelt_variable(name: &str) -> Option<String> {
    const OPTIONS: [&str; 4] = ["config", "threads", "memory_limit", "log_format"];
    const LEAST: f64 = 0.8;
    let given = name_of_variable(name).filter(|given| !OPTIONS.contains(&given.as_str()))?;

    let keys = keys::all().filter(|key| !key.path.contains('*')).map(|key| key.path.replace('.', "__"));
    let likeness =
        |known: &str| spelling::likeness(&given, &known.replace("__", "_"), strsim::normalized_damerau_levenshtein);
    let known = keys.chain(OPTIONS.map(str::to_owned)).map(|known| (likeness(&known), known));
    let (likeness, nearest) = known.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= LEAST).then(|| {
        let nearest = nearest.to_uppercase();
        format!("unknown variable {name}; the nearest known one is CHURN_{nearest}. Correct it, or unset it")
    })
}

fn is_signal_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn is_code_pattern(code: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_' || c == '*';
    !code.is_empty() && code.chars().all(is_plain)
}

/// A path with its starting folder in front; any other value as it is, an address such as `s3://…` too. None if the
/// result cannot be written in TOML.
fn anchored(value: Value, kind: &Kind, base: Option<&Path>) -> Option<Value> {
    match (kind, base, value.as_str()) {
        (Kind::Path, Some(base), Some(path)) if !path.contains("://") => base.join(path).to_str().map(Value::from),
        _ => Some(value),
    }
}

fn insert(table: &mut Table, section: &str, name: &str, value: Value) {
    let mut inner = table;
    for part in section.split('.') {
        match inner.entry(part).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(next) => inner = next,
            // Keys and sections are disjoint in the catalogue.
            _ => return,
        }
    }
    inner.insert(name.to_owned(), value);
}

fn syntax_error(text: &str, layer: &Layer, error: &toml::de::Error) -> Error {
    let Layer::File(path) = layer else { return Error::Internal(format!("{layer}: {error}")) };
    let place = match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => {
            let line = before.matches('\n').count();
            let content = text.lines().nth(line).unwrap_or_default().trim();
            format!(", line {}: `{content}`", line + 1)
        }
        None => String::new(),
    };
    Error::Config(format!("{}{place}: {}", path.display(), error.message().replace('\n', " ")))
}
