//! What files and folders are besides plain Parquet: told by their first bytes, by their names, and by the logs of
//! table formats.

use super::tree::{Child, Disk, Tree};
use std::ffi::OsStr;
use std::io;
use std::path::Path;

/// Bytes at the start of a file by which its format is told.
pub(super) const MAGIC_BYTES: usize = 6;
/// How a Parquet file begins, and how one does whose footer is encrypted.
const PARQUET: [&[u8]; 2] = [b"PAR1", b"PARE"];
/// Other formats by their first bytes.
const BY_MAGIC: [(&[u8], &str); 6] = [
    (b"ORC", "ORC"),
    (b"Obj\x01", "Avro"),
    (b"ARROW1", "Arrow"),
    (b"FEA1", "Feather"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
];
/// Other formats by the endings of names.
const BY_ENDING: [(&str, &str); 8] = [
    ("csv", "CSV"),
    ("tsv", "TSV"),
    ("json", "JSON"),
    ("jsonl", "JSON"),
    ("ndjson", "JSON"),
    ("avro", "Avro"),
    ("orc", "ORC"),
    ("arrow", "Arrow"),
];
/// Endings that programs and people give to copies and to files that are still being written.
const COPIES: [&str; 16] = [
    "bak",
    "backup",
    "old",
    "orig",
    "copy",
    "tmp",
    "temp",
    "part",
    "partial",
    "crdownload",
    "download",
    "inprogress",
    "filepart",
    "swp",
    "save",
    "prev",
];
/// Endings of files that are compressed as a whole.
const COMPRESSED: [&str; 8] = ["gz", "gzip", "zst", "bz2", "xz", "lz4", "zip", "7z"];

/// Whether a name is of a marker, of something hidden, or of work in progress: with `_` or `.` in front, as other
/// programs have it too. A folder named for a column, such as `_date=2026-05-01`, holds data though.
pub(super) fn is_marker(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_underscored = name.starts_with('_') && !name.contains('=');
    name.starts_with('.') || is_underscored || name.ends_with("._COPYING_") || name.ends_with("_$folder$")
}

/// Whether a name ends as those of Parquet files do.
pub(super) fn has_parquet_ending(path: &Path) -> bool {
    ["parquet", "parq", "pq"].contains(&ending(path).as_str())
}

/// Whether a file begins as Parquet files do.
pub(super) fn is_parquet(head: &[u8]) -> bool {
    PARQUET.iter().any(|magic| head.starts_with(magic))
}

/// Whether a name ends like that of a copy, or of a file that is still being written.
pub(super) fn is_named_as_copy(path: &Path) -> bool {
    COPIES.contains(&ending(path).as_str()) || path.to_string_lossy().ends_with('~')
}

/// Whether the name says that a Parquet file was compressed as a whole.
pub(super) fn is_packed_parquet(path: &Path) -> bool {
    COMPRESSED.contains(&ending(path).as_str()) && has_parquet_ending(&path.with_extension(""))
}

/// The other format that a file has, by its first bytes or the ending of its name.
pub(super) fn other_format(path: &Path, head: &[u8]) -> Option<&'static str> {
    let by_magic = BY_MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
    let named = ending(path);
    let by_ending = BY_ENDING.iter().find(|(ending, _)| *ending == named);
    by_magic.map(|(_, format)| *format).or(by_ending.map(|(_, format)| *format))
}

/// How the content of a file is stored instead of as plain Parquet, by its first bytes or its name, and what to do.
pub(crate) fn stored_otherwise(path: &Path) -> Option<String> {
    let head = Disk.head(path, MAGIC_BYTES).ok()?;
    if head.starts_with(b"PARE") {
        return Some("it begins with PARE, so it is encrypted; write it without encryption".to_owned());
    }
    let format = other_format(path, &head).filter(|_| !is_parquet(&head))?;
    Some(format!("it seems to be {format}; write it as Parquet"))
}

fn ending(path: &Path) -> String {
    path.extension().map_or(String::new(), |ending| ending.to_string_lossy().to_lowercase())
}

/// A format that keeps a log of which files make up a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TableFormat {
    Delta,
    Hudi,
    Iceberg,
}

impl TableFormat {
    /// The format of the table that a folder with these names is, if it is one.
    pub(super) fn by_names(tree: &dyn Tree, folder: &Path, children: &[Child]) -> io::Result<Option<TableFormat>> {
        TableFormat::told_by(tree, folder, |name| Ok(children.iter().any(|child| child.name == name)))
    }

    /// The format of the table that a folder is, if it is one.
    pub(super) fn of_folder(tree: &dyn Tree, folder: &Path) -> io::Result<Option<TableFormat>> {
        TableFormat::told_by(tree, folder, |name| Ok(tree.entry(&folder.join(name))?.is_some()))
    }

    fn told_by(
        tree: &dyn Tree,
        folder: &Path,
        has: impl Fn(&str) -> io::Result<bool>,
    ) -> io::Result<Option<TableFormat>> {
        if has("_delta_log")? {
            return Ok(Some(TableFormat::Delta));
        }
        if has(".hoodie")? || has(".hoodie_partition_metadata")? {
            return Ok(Some(TableFormat::Hudi));
        }

        let metadata = folder.join("metadata");
        if has("metadata")? && tree.is_folder(&metadata)? {
            let names = tree.children(&metadata)?;
            if names.iter().any(|child| child.name.to_string_lossy().ends_with(".metadata.json")) {
                return Ok(Some(TableFormat::Iceberg));
            }
        }
        Ok(None)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            TableFormat::Delta => "Delta",
            TableFormat::Hudi => "Hudi",
            TableFormat::Iceberg => "Iceberg",
        }
    }

    /// What gives it away.
    fn sign(self) -> &'static str {
        match self {
            TableFormat::Delta => "_delta_log",
            TableFormat::Hudi => ".hoodie",
            TableFormat::Iceberg => "metadata/*.metadata.json",
        }
    }

    /// Why the table is not read, and what to do.
    pub(crate) fn refusal(self, folder: &Path) -> String {
        let place = folder.display();
        let quoted = place.to_string().replace('\'', "''");
        let export = match self {
            TableFormat::Delta => {
                format!("for example with DuckDB: COPY (SELECT * FROM delta_scan('{quoted}')) TO 'snapshot.parquet'")
            }
            TableFormat::Iceberg => {
                format!("for example with DuckDB: COPY (SELECT * FROM iceberg_scan('{quoted}')) TO 'snapshot.parquet'")
            }
            TableFormat::Hudi => {
                format!(
                    "for example with Spark: spark.read.format(\"hudi\").load(\"{place}\").write.parquet(\"snapshot\")"
                )
            }
        };
        format!(
            "{place} is {} {} table (it has {}). Its log says which of its files count, and others lie there that were \
             replaced or deleted, so that reading them one by one would give wrong rows. Export a snapshot and name \
             that instead, {export}",
            if self == TableFormat::Iceberg { "an" } else { "a" },
            self.name(),
            self.sign(),
        )
    }
}
