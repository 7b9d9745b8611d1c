//! The record of a delivery: what its receiver may have been given, so that those who have left the list since are
//! cleared, and those of whom nothing has changed can be left out.
//!
//! It lies in `.delivered/` below the folder of the delivery: `record.json`, which names a Parquet file of keys and
//! digests of values. A *version* is what one list would have given. As long as files of a date may have been loaded
//! or not (a run of the same date followed, or one was killed), several versions may be with the receiver, and all of
//! them count.

use crate::calendar::Day;
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::files;
use crate::sources::parquet::guard::guarded;
use polars::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The folder of the record, below that of the delivery.
pub const FOLDER: &str = ".delivered";
const FILE: &str = "record.json";
/// The form of the record, to be raised when it changes.
const FORM: u32 = 1;

/// What a list gives, or has given.
#[derive(Clone, Debug)]
pub struct Version {
    /// What tells it apart: a digest of the list and of how it is delivered.
    pub identity: String,
    /// A row a customer: `key`, and the `digest` of the values.
    pub rows: DataFrame,
}

/// What a record says besides its rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Head {
    form: u32,
    as_of: Day,
    /// The head of the key's column.
    key: String,
    /// The identities of the versions; the last is that of this date.
    versions: Vec<String>,
    /// Whether the files of the last version are in their place.
    is_complete: bool,
    rows: String,
}

/// What was delivered last.
#[derive(Clone, Debug)]
pub struct Record {
    head: Head,
    versions: Vec<Version>,
}

/// How a version compares with those before.
#[derive(Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Of each row, whether the receiver is known to have it so.
    pub is_known: Vec<bool>,
    /// The keys that the receiver may have and this version has not, ascending.
    pub left: Vec<String>,
}

impl Version {
    /// Of the keys and the digests of a list.
    ///
    /// # Errors
    /// [`Error::Internal`] when the two have different lengths.
    pub fn new(identity: String, keys: &[String], digests: &[String]) -> Result<Version> {
        let rows = df!("key" => keys, "digest" => digests).map_err(internal)?;
        Ok(Version { identity, rows })
    }

    /// Holds this version against those that the receiver may have.
    ///
    /// # Errors
    /// [`Error::Internal`] when frames do not fit each other.
    pub fn compared_with(&self, before: &[Version]) -> Result<Comparison> {
        let compare = || -> PolarsResult<Comparison> {
            let rows: Vec<u32> = (0..self.rows.height() as u32).collect();
            let mut now = self.rows.clone();
            now.with_column(Column::new("row".into(), rows))?;
            let mut in_versions = vec![0; now.height()];
            let mut left = BTreeSet::new();

            for version in before {
                let both = ["key", "digest"];
                let same = now.join(&version.rows, both, both, JoinArgs::new(JoinType::Inner), None)?;
                same.column("row")?.u32()?.iter().flatten().for_each(|row| in_versions[row as usize] += 1);

                let all = version.rows.join(
                    &now.select(["key", "row"])?,
                    ["key"],
                    ["key"],
                    JoinArgs::new(JoinType::Left),
                    None,
                )?;
                let (keys, places) = (all.column("key")?.str()?, all.column("row")?.u32()?);
                let gone = keys.iter().zip(places.iter()).filter(|(_, place)| place.is_none());
                left.extend(gone.filter_map(|(key, _)| key).map(str::to_owned));
            }
            let is_known = in_versions.iter().map(|&found| found > 0 && found == before.len()).collect();
            Ok(Comparison { is_known, left: left.into_iter().collect() })
        };
        compare().map_err(internal)
    }
}

impl Record {
    /// Reads the record of a delivery, if there is one.
    ///
    /// # Errors
    /// [`Error::Contract`] when it is damaged.
    pub fn read(folder: &Path) -> Result<Option<Record>> {
        let folder = folder.join(FOLDER);
        let damaged = |why: String| {
            Error::Contract(format!(
                "the record of the last delivery, {}, cannot be read: {why}. Restore it, or move it away to begin \
                 again: then nobody who has left the list since is cleared",
                folder.display()
            ))
        };
        let text = match fs::read_to_string(folder.join(FILE)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|e| damaged(e.to_string()))?,
        };
        let head: Head = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
        if head.form != FORM {
            return Err(damaged(format!("it has form {}, and this version of the program reads {FORM}", head.form)));
        }
        // A name and no path, whoever has written it.
        let name = Path::new(&head.rows).file_name().unwrap_or_default();
        let versions = guarded(|| rows(&folder.join(name), &head.versions));
        let versions = versions.map_err(damaged)?.map_err(|e| damaged(e.to_string()))?;
        Ok(Some(Record { head, versions }))
    }

    /// The date of the last delivery.
    pub fn as_of(&self) -> Day {
        self.head.as_of
    }

    /// The column of its keys.
    pub fn key(&self) -> &str {
        &self.head.key
    }

    /// What the receiver may have been given before a version of this date or a later one: all that is known, but for
    /// that version itself; or, if the files of an earlier date are in their place, these alone.
    pub fn before(self, as_of: Day, identity: &str) -> Vec<Version> {
        let Record { head, mut versions } = self;
        if as_of > head.as_of && head.is_complete {
            return versions.split_off(versions.len().saturating_sub(1));
        }
        if as_of == head.as_of {
            versions.retain(|version| version.identity != identity);
        }
        versions
    }
}

/// What is about to be delivered.
pub struct Entry<'a> {
    /// The folder of the delivery.
    pub folder: &'a Path,
    /// The date of the list.
    pub as_of: Day,
    /// The head of the key's column.
    pub key: &'a str,
    /// What the receiver may have.
    pub before: &'a [Version],
    /// What it is given.
    pub now: &'a Version,
}

impl Entry<'_> {
    /// Notes what is about to be delivered: before that whether files are in their place is not known, and afterwards
    /// they are.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&self, is_complete: bool) -> Result<()> {
        let folder = self.folder.join(FOLDER);
        let versions: Vec<&Version> = self.before.iter().chain([self.now]).collect();
        let identities: Vec<String> = versions.iter().map(|version| version.identity.clone()).collect();
        let name = format!("customers-{}.parquet", &sha256(&identities.join(" "))[..16]);
        if !is_complete {
            files::write_atomically(&folder.join(&name), &encoded(&versions).map_err(internal)?)?;
        }

        let head = Head {
            form: FORM,
            as_of: self.as_of,
            key: self.key.to_owned(),
            versions: identities,
            is_complete,
            rows: name.clone(),
        };
        let text = serde_json::to_string_pretty(&head).map_err(|e| Error::Internal(e.to_string()))?;
        files::write_atomically(&folder.join(FILE), (text + "\n").as_bytes())?;

        // The rows of the record before; what cannot be removed now is removed next time.
        let others = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let others = others.filter(|other| other.to_string_lossy().starts_with("customers-") && *other != *name);
        others.for_each(|other| drop(fs::remove_file(folder.join(other))));
        Ok(())
    }
}

/// The rows of all versions in one Parquet file.
fn encoded(versions: &[&Version]) -> PolarsResult<Vec<u8>> {
    let mut all: Option<DataFrame> = None;
    for (number, version) in (0u32..).zip(versions) {
        let mut rows = version.rows.clone();
        rows.with_column(Column::new("version".into(), vec![number; rows.height()]))?;
        all = Some(match all {
            Some(all) => all.vstack(&rows)?,
            None => rows,
        });
    }
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut all.unwrap_or_default())?;
    Ok(bytes)
}

fn rows(path: &PathBuf, identities: &[String]) -> PolarsResult<Vec<Version>> {
    let all = ParquetReader::new(File::open(path)?).finish()?;
    let numbers = all.column("version")?.u32()?;
    let mut versions = Vec::new();
    for (number, identity) in (0u32..).zip(identities) {
        let is_of_it: BooleanChunked = numbers.iter().map(|found| found == Some(number)).collect();
        let rows = all.filter(&is_of_it)?.select(["key", "digest"])?;
        versions.push(Version { identity: identity.clone(), rows });
    }
    Ok(versions)
}

fn internal(error: PolarsError) -> Error {
    Error::Internal(format!("deliveries: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn version(identity: &str, rows: &[(&str, &str)]) -> Version {
        let part = |pick: fn(&(&str, &str)) -> String| rows.iter().map(pick).collect::<Vec<String>>();
        Version::new(identity.to_owned(), &part(|row| row.0.to_owned()), &part(|row| row.1.to_owned())).unwrap()
    }

    fn put(folder: &Path, day: i32, before: &[Version], now: &Version, is_complete: bool) {
        let entry = Entry { folder, as_of: Day(day), key: "id", before, now };
        files::create_folder(&folder.join(FOLDER)).unwrap();
        entry.write(false).unwrap();
        if is_complete {
            entry.write(true).unwrap();
        }
    }

    fn identities(versions: &[Version]) -> Vec<&str> {
        versions.iter().map(|version| version.identity.as_str()).collect()
    }

    #[test]
    fn every_version_that_the_receiver_may_have_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        assert!(Record::read(at).unwrap().is_none());
        let (a, b, c) = (version("a", &[("1", "x")]), version("b", &[("2", "y")]), version("c", &[("3", "z")]));

        put(at, 1, &[], &a, true);
        let record = Record::read(at).unwrap().unwrap();
        assert_eq!((record.as_of(), record.key()), (Day(1), "id"));
        assert_eq!(identities(&record.clone().before(Day(2), "b")), ["a"]);
        assert!(record.clone().before(Day(1), "a").is_empty(), "the same again knows what it knew");
        assert_eq!(identities(&record.before(Day(1), "b")), ["a"], "another list of that date may have been loaded");

        // Killed before its files were in their place: neither of both is certain.
        put(at, 2, std::slice::from_ref(&a), &b, false);
        let record = Record::read(at).unwrap().unwrap();
        assert_eq!(identities(&record.clone().before(Day(3), "c")), ["a", "b"]);
        assert_eq!(identities(&record.before(Day(2), "b")), ["a"]);
        put(at, 2, &[a, b.clone()], &c, true);
        let record = Record::read(at).unwrap().unwrap();
        assert_eq!(identities(&record.clone().before(Day(3), "d")), ["c"]);
        assert_eq!(identities(&record.clone().before(Day(2), "b")), ["a", "c"]);
        assert!(record.before(Day(3), "d")[0].rows.equals(&c.rows));
        assert_eq!(fs::read_dir(at.join(FOLDER)).unwrap().count(), 2);

        fs::write(at.join(FOLDER).join(FILE), "{").unwrap();
        assert_eq!(Record::read(at).unwrap_err().exit_code(), 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn a_comparison_is_that_of_plain_maps(
            now in prop::collection::btree_map("[a-d\u{202e}ü]{0,2}", "[xy]", 0..8),
            before in prop::collection::vec(prop::collection::btree_map("[a-d\u{202e}ü]{0,2}", "[xy]", 0..8), 0..4),
        ) {
            let of_map = |identity: &str, map: &BTreeMap<String, String>| {
                let rows: Vec<(&str, &str)> = map.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                version(identity, &rows)
            };
            let versions: Vec<Version> = before.iter().map(|map| of_map("v", map)).collect();
            let found = of_map("now", &now).compared_with(&versions).unwrap();

            let known = now.iter().map(|(k, v)| !before.is_empty() && before.iter().all(|map| map.get(k) == Some(v)));
            assert_eq!(found.is_known, known.collect::<Vec<_>>());
            let left: BTreeSet<String> = before.iter().flat_map(|map| map.keys().cloned()).collect();
            let left: Vec<String> = left.into_iter().filter(|key| !now.contains_key(key)).collect();
            assert_eq!(found.left, left);
        }
    }
}
