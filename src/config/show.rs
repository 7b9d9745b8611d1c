//! The resolved configuration for reading: every value with the layer that set it.

use super::keys;
use super::layers::{Layer, Leaf};
use super::resolve::Resolved;
use crate::error::{Error, Result};
use serde::Serialize;
use std::fmt::Write;

/// One value of the resolved configuration.
#[derive(Serialize)]
struct Entry<'a> {
    key: &'a str,
    value: &'a toml::Value,
    layer: String,
}

impl Resolved {
    /// Every value as TOML, section by section, with the layer behind it: `capacity = 100  # file churn.toml`. Read
    /// back from the folder of the run, the text gives the same settings.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let entries = self.entries();
        for group in entries.chunk_by(|a, b| section_of(a.0) == section_of(b.0)) {
            let section = section_of(group[0].0);
            if !text.is_empty() {
                text.push('\n');
            }
            // Writing to a string cannot fail.
            let _ = writeln!(text, "[{}]", as_header(section));

            let lines: Vec<(String, &Layer)> = group
                .iter()
                .map(|(key, leaf)| (format!("{} = {}", &key[section.len() + 1..], leaf.value), &leaf.layer))
                .collect();
            let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
            for (line, layer) in lines {
                let _ = writeln!(text, "{line:width$}  # {layer}");
            }
        }
        text
    }

    /// Every value as a JSON list of `{"key", "value", "layer"}`, in the order of [`Resolved::to_toml`].
    pub fn to_json(&self) -> Result<String> {
        let entries: Vec<Entry<'_>> = self
            .entries()
            .into_iter()
            .map(|(key, leaf)| Entry { key, value: &leaf.value, layer: leaf.layer.to_string() })
            .collect();
        serde_json::to_string_pretty(&entries).map_err(|error| Error::Internal(format!("configuration: {error}")))
    }

    /// The values in the order of the keys; the signals by name.
    fn entries(&self) -> Vec<(&str, &Leaf)> {
        let mut entries: Vec<(&str, &Leaf)> = self.leaves.iter().map(|(key, leaf)| (key.as_str(), leaf)).collect();
        entries.sort_by_cached_key(|(key, _)| {
            let path: Vec<&str> = key.split('.').collect();
            let place = keys::find(&path).map_or(usize::MAX, |(place, _)| place);
            let section = keys::all().position(|known| known.path.split('.').next() == path.first().copied());
            let signal = if path.len() > 2 { path[1] } else { "" };
            (section, signal, place)
        });
        entries
    }
}

fn section_of(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(section, _)| section)
}

/// A section as TOML names it: parts with other characters than those of a bare key are in quotes.
fn as_header(section: &str) -> String {
    let is_bare = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let part = |part: &str| if is_bare(part) { part.to_owned() } else { format!("\"{part}\"") };
    section.split('.').map(part).collect::<Vec<_>>().join(".")
}
