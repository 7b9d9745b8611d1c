//! Where a source's rows lie: a file, a directory (hive-partitioned or not) or a glob, as a sorted list of files.

use crate::calendar::Day;
use crate::error::{Error, Result};
use std::path::{Component, Path, PathBuf};

/// One Parquet file of a source, with the `key=value` folders that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// The hive partition values, outermost first, percent-decoded; `None` is hive's null.
    pub partition: Vec<(String, Option<String>)>,
}

impl SourceFile {
    /// The value of a hive partition column, if the path has one of that name.
    pub fn partition_value(&self, column: &str) -> Option<&Option<String>> {
        self.partition.iter().rev().find(|(key, _)| key == column).map(|(_, value)| value)
    }

    /// The day that a hive partition column holds, if the path has one of that name and it begins with a date.
    pub fn partition_day(&self, column: &str) -> Option<Day> {
        self.partition_value(column)?.as_ref()?.get(..10)?.parse().ok()
    }

    /// The first and last calendar day that the partition folders allow for `time`: a folder named for the time
    /// column itself, for `date`, or for `year`, `month` and `day`. Folders of other names (`ingested=…`, `dt=…`) say
    /// nothing certain about when a row happened and never prune.
    pub fn partition_days(&self, time: &str) -> Option<(Day, Day)> {
        let value = |key: &str| self.partition_value(key).and_then(|v| v.as_deref());
        for key in [time, "date"] {
            if let Some(text) = value(key) {
                let day = text.get(..10)?.parse::<Day>().ok()?;
                return Some((day, day));
            }
        }
        let year: i16 = value("year")?.parse().ok()?;
        let number = |key: &str| value(key).map(|text| text.parse::<i8>().ok());
        let first = |month: i8, day: i8| jiff::civil::Date::new(year, month, day).ok();
        let (from, to) = match (number("month"), number("day")) {
            (None, _) => (first(1, 1)?, first(12, 31)?),
            (Some(month), None) => (first(month?, 1)?, first(month?, 1)?.last_of_month()),
            (Some(month), Some(day)) => (first(month?, day?)?, first(month?, day?)?),
        };
        Some((Day::from_date(from), Day::from_date(to)))
    }
}

/// Lists the Parquet files of a source in path order. `what` names the source in messages ("signal `logins`").
///
/// In a directory every `*.parquet`, `*.parq` and `*.pq` file at any depth counts, except below names that begin with
/// `_` or `.` (markers and work in progress of other tools).
pub fn list(path: &Path, what: &str) -> Result<Vec<SourceFile>> {
    let mut found = Vec::new();
    let root;
    if path.is_file() {
        root = path.parent().map(Path::to_path_buf).unwrap_or_default();
        found.push(path.to_path_buf());
    } else if path.is_dir() {
        root = path.to_path_buf();
        walk(path, &mut found)?;
        if found.is_empty() {
            return Err(Error::Contract(format!(
                "{what}: the directory {} holds no Parquet file; found nothing named *.parquet in it or below it. \
                 Check `path`, or whether the export has run",
                path.display()
            )));
        }
    } else if let Some(pattern) = path.to_str().filter(|text| text.contains(['*', '?', '['])) {
        root = PathBuf::new();
        let matches =
            glob::glob(pattern).map_err(|e| Error::Config(format!("{what}: `{pattern}` is not a valid glob: {e}")))?;
        for entry in matches {
            let entry = entry.map_err(|e| Error::reading(e.path(), e.error()))?;
            if entry.is_dir() {
                walk(&entry, &mut found)?;
            } else {
                found.push(entry);
            }
        }
        if found.is_empty() {
            return Err(Error::Contract(format!("{what}: no file matches {pattern}; check `path`")));
        }
    } else {
        return Err(Error::Contract(format!(
            "{what}: {} does not exist; check `path`, or whether the export has run",
            path.display()
        )));
    }

    found.sort();
    found.dedup();
    Ok(found.into_iter().map(|path| SourceFile { partition: partition_of(&path, &root), path }).collect())
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(directory).map_err(|e| Error::reading(directory, &e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Error::reading(directory, &e))?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(['_', '.']) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|e| ["parquet", "parq", "pq"].iter().any(|x| e.eq_ignore_ascii_case(x)))
        {
            found.push(path);
        }
    }
    Ok(())
}

/// The `key=value` folders between a source's root and a file.
fn partition_of(path: &Path, root: &Path) -> Vec<(String, Option<String>)> {
    let below = path.strip_prefix(root).unwrap_or(path);
    let Some(folders) = below.parent() else { return Vec::new() };
    folders
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => name.to_str()?.split_once('='),
            _ => None,
        })
        .map(|(key, value)| {
            let value = percent_decoded(value);
            (percent_decoded(key), (value != "__HIVE_DEFAULT_PARTITION__").then_some(value))
        })
        .collect()
}

/// Hive writes characters that paths cannot hold as `%XX`.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> SourceFile {
        SourceFile { path: path.into(), partition: partition_of(Path::new(path), Path::new("data")) }
    }

    #[test]
    fn hive_folders_are_columns() {
        let f = file("data/channel=in%20store/year=2026/month=02/part-0.parquet");
        assert_eq!(f.partition_value("channel"), Some(&Some("in store".to_owned())));
        let (from, to) = f.partition_days("ts").unwrap();
        assert_eq!((from.to_string(), to.to_string()), ("2026-02-01".into(), "2026-02-28".into()));
        assert_eq!(file("data/channel=__HIVE_DEFAULT_PARTITION__/x.parquet").partition_value("channel"), Some(&None));
    }

    #[test]
    fn only_folders_named_for_the_time_say_when_a_row_happened() {
        assert!(file("data/ts=2026-05-01/x.parquet").partition_days("ts").is_some());
        assert!(file("data/date=2026-05-01/x.parquet").partition_days("ts").is_some());
        assert!(file("data/ingested=2026-05-01/x.parquet").partition_days("ts").is_none());
        assert!(file("data/month=05/x.parquet").partition_days("ts").is_none());
    }

    #[test]
    fn markers_and_hidden_files_are_not_rows() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.parquet", "a.PARQUET", "_SUCCESS", ".part.parquet", "notes.txt"] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(dir.path().join("_temporary")).unwrap();
        std::fs::write(dir.path().join("_temporary/c.parquet"), "x").unwrap();
        let names: Vec<_> = list(dir.path(), "signal `s`")
            .unwrap()
            .into_iter()
            .map(|f| f.path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["a.PARQUET", "b.parquet"]);
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(list(empty.path(), "signal `s`").unwrap_err().exit_code(), 3);
        assert_eq!(list(&empty.path().join("none"), "signal `s`").unwrap_err().exit_code(), 3);
    }
}
