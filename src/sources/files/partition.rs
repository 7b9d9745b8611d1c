//! A file with what the `key=value` folders that lead to it say.

use super::days::FolderTime;
use crate::calendar::{Day, Zone};
use serde::{Deserialize, Serialize};
use std::path::{Component, Path, PathBuf};

/// One Parquet file of a source, with the `key=value` folders that lead to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

    fn text(&self, column: &str) -> Option<&str> {
        self.partition_value(column)?.as_deref()
    }

    fn number<T: std::str::FromStr>(&self, column: &str) -> Option<T> {
        self.text(column)?.parse().ok()
    }

    /// What a folder says about time: by itself, or, if it is named `day`, together with `month` and `year`.
    pub(crate) fn partition_time(&self, column: &str) -> Option<FolderTime> {
        let time = FolderTime::read(self.text(column)?);
        if column == "day" && time.is_none() {
            return self.civil_date().map(FolderTime::Day);
        }
        time
    }

    fn civil_date(&self) -> Option<Day> {
        let date = jiff::civil::Date::new(self.number("year")?, self.number("month")?, self.number("day")?);
        date.ok().map(Day::from_date)
    }

    /// The first and last calendar day that the partition folders allow for `time`: a folder named for the time column
    /// itself, for `date`, for a month (`month=2026-05`, `ym=202605`), or for `year`, `month` and `day`. Folders of
    /// other names (`ingested=…`, `dt=…`) say nothing certain about when a row happened.
    pub(crate) fn partition_days(&self, time: &str, zone: &Zone) -> Option<(Day, Day)> {
        for key in [time, "date"] {
            if self.partition_value(key).is_some() {
                return self.partition_time(key).map(|time| time.days(zone));
            }
        }
        let whole_months = ["month", "ym"].iter().find_map(|key| FolderTime::read(self.text(key)?));
        if let Some(month @ FolderTime::Period(..)) = whole_months {
            return Some(month.days(zone));
        }

        let year = self.text("year")?;
        let date = match (self.text("month"), self.text("day")) {
            (None, _) => year.to_owned(),
            (Some(month), None) => format!("{year}-{month}"),
            (Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        };
        FolderTime::read(&date).map(|time| time.days(zone))
    }
}

/// The part of a path that ends with the last folder which is not named `key=value`: partitions count from there.
pub(super) fn above_partitions(folder: &Path) -> &Path {
    let mut above = folder;
    while above.file_name().is_some_and(|name| name.to_string_lossy().contains('=')) {
        above = above.parent().unwrap_or(Path::new(""));
    }
    above
}

/// The `key=value` folders between a source's root and a file.
pub(super) fn partition_of(path: &Path, root: &Path) -> Vec<(String, Option<String>)> {
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
        let hex = hex.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
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

    fn days(path: &str) -> Option<String> {
        file(path).partition_days("ts", &Zone::utc()).map(|(first, last)| format!("{first} {last}"))
    }

    #[test]
    fn hive_folders_are_columns() {
        let f = file("data/channel=in%20store/year=2026/month=02/part-0.parquet");
        assert_eq!(f.partition_value("channel"), Some(&Some("in store".to_owned())));
        assert_eq!(days("data/year=2026/month=2/x.parquet").as_deref(), Some("2026-02-01 2026-02-28"));
        assert_eq!(days("data/year=2026/x.parquet").as_deref(), Some("2026-01-01 2026-12-31"));
        assert_eq!(days("data/year=2026/month=02/day=3/x.parquet").as_deref(), Some("2026-02-03 2026-02-03"));
        assert_eq!(days("data/ym=202602/x.parquet").as_deref(), Some("2026-02-01 2026-02-28"));
        assert_eq!(days("data/month=2026-02/x.parquet").as_deref(), Some("2026-02-01 2026-02-28"));
        assert_eq!(file("data/channel=__HIVE_DEFAULT_PARTITION__/x.parquet").partition_value("channel"), Some(&None));
    }

    #[test]
    fn a_day_may_be_spread_over_three_folders() {
        let time = file("data/year=2026/month=2/day=03/x.parquet").partition_time("day");
        assert_eq!(time, Some(FolderTime::Day("2026-02-03".parse().unwrap())));
        assert_eq!(file("data/day=03/x.parquet").partition_time("day"), None);
    }

    #[test]
    fn only_folders_named_for_the_time_say_when_a_row_happened() {
        assert!(days("data/ts=2026-05-01/x.parquet").is_some());
        assert!(days("data/date=2026-05-01/x.parquet").is_some());
        assert!(days("data/date=20260501/x.parquet").is_some());
        assert!(days("data/ingested=2026-05-01/x.parquet").is_none());
        assert!(days("data/month=05/x.parquet").is_none());
    }

    #[test]
    fn partitions_count_from_the_last_folder_that_is_none() {
        assert_eq!(above_partitions(Path::new("lake/year=2026/logins/dt=1/h=2")), Path::new("lake/year=2026/logins"));
        assert_eq!(above_partitions(Path::new("a=1")), Path::new(""));
        assert_eq!(above_partitions(Path::new("logins")), Path::new("logins"));
    }
}
