//! A path with wildcards, taken apart: `logins/**/part-*.parquet`.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

/// A part of a pattern below its fixed folder.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// This very name.
    Named(OsString),
    /// Every name that the wildcards match.
    Like(Wildcard),
    /// `**`: the folder itself, and all folders below it.
    AnyFolders,
}

/// A name with wildcards.
#[derive(Clone, Debug)]
pub(super) struct Wildcard {
    pattern: glob::Pattern,
    /// Whether it begins with `_` or `.`, and so asks for names that are left out otherwise.
    pub takes_markers: bool,
    /// Whether it ends with an ending, such as `*.parquet`, and so asks for whatever has that.
    pub has_ending: bool,
}

impl Wildcard {
    pub fn matches(&self, name: &OsStr) -> bool {
        self.pattern.matches(&name.to_string_lossy())
    }
}

/// A folder, and what is wanted below it: with no parts, everything.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub base: PathBuf,
    pub parts: Vec<Part>,
}

impl Pattern {
    /// Everything below a folder.
    pub fn everything_in(folder: &Path) -> Pattern {
        Pattern { base: folder.to_path_buf(), parts: Vec::new() }
    }

    /// Whether a text has wildcards in it.
    pub fn has_wildcards(text: &str) -> bool {
        text.contains(['*', '?', '['])
    }

    /// Takes a path with wildcards apart.
    pub fn parse(text: &str) -> Result<Pattern, glob::PatternError> {
        let mut pattern = Pattern { base: PathBuf::new(), parts: Vec::new() };
        for component in Path::new(text).components() {
            let name = component.as_os_str();
            let written = name.to_string_lossy();
            match component {
                Component::Normal(_) if written == "**" => pattern.parts.push(Part::AnyFolders),
                Component::Normal(_) if Pattern::has_wildcards(&written) => pattern.parts.push(Part::Like(Wildcard {
                    pattern: glob::Pattern::new(&written)?,
                    takes_markers: written.starts_with(['_', '.']),
                    has_ending: has_ending(&written),
                })),
                _ if pattern.parts.is_empty() => pattern.base.push(name),
                _ => pattern.parts.push(Part::Named(name.to_owned())),
            }
        }
        // Whatever lies below the folders at the end is wanted in any case.
        while matches!(pattern.parts.last(), Some(Part::AnyFolders)) {
            pattern.parts.pop();
        }
        Ok(pattern)
    }
}

fn has_ending(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| !ending.is_empty() && !Pattern::has_wildcards(ending))
}
