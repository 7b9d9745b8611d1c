//! Where a source's rows lie: a file, a directory (hive-partitioned or not) or a glob, as a sorted list of files. Every
//! command finds its files here, so that all of them read the same.

mod days;
mod formats;
mod partition;
mod pattern;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

pub(crate) use days::FolderTime;
pub(crate) use formats::{stored_otherwise, TableFormat};
pub use partition::SourceFile;

use crate::error::{Error, Result};
use crate::language::Message;
use crate::observer::Note;
use crate::sources::told::of_source;
use formats::MAGIC_BYTES;
use pattern::Pattern;
use std::path::{Path, PathBuf};
use tree::{Disk, Kind, Tree};
use walk::Found;

/// Names in a message.
const SHOWN: usize = 5;

/// The files of a source.
pub(crate) struct Listing {
    /// In path order, each file once.
    pub files: Vec<SourceFile>,
    /// What a person should know about the others.
    pub notes: Vec<Note>,
}

/// Lists the Parquet files of a source in path order. `what` names the source in messages ("signal `logins`").
///
/// A path to a file is that file. In a directory, and under a glob, the files count that are named `*.parquet`,
/// `*.parq` or `*.pq` or begin as Parquet files do, at any depth, but none below names that begin with `_` or `.`
/// (markers and work in progress of other tools), unless the pattern itself names them. A file that is found under
/// several names counts once.
///
/// # Errors
/// [`Error::Contract`] where there is no such file, and where a table of a format with a log lies; [`Error::Config`]
/// for a pattern that is none.
pub(crate) fn list(path: &Path, what: &str) -> Result<Listing> {
    list_in(&Disk, path, what)
}

fn list_in(tree: &dyn Tree, path: &Path, what: &str) -> Result<Listing> {
    let entry = tree.entry(path).map_err(|error| Error::reading(path, &error))?;
    let wildcards = path.to_str().filter(|text| Pattern::has_wildcards(text));
    match (entry.map(|entry| entry.kind), wildcards) {
        (Some(Kind::File), _) => {
            let folder = path.parent().unwrap_or(Path::new(""));
            refuse_tables(tree, folder, &[], what)?;
            let root = partition::above_partitions(folder);
            let files = vec![with_partition(path.to_path_buf(), root)];
            Ok(Listing { files, notes: Vec::new() })
        }
        (Some(Kind::Folder), _) => {
            let found = walk::walk(tree, &Pattern::everything_in(path))?;
            refuse_tables(tree, path, &found.tables, what)?;
            if found.files.is_empty() {
                return Err(no_files(tree, &format!("{what}: the directory {}", path.display()), &found));
            }
            Ok(listing(found, partition::above_partitions(path), what))
        }
        (None, Some(text)) => {
            let pattern = Pattern::parse(text)
                .map_err(|e| Error::Config(format!("{what}: `{text}` is not a valid glob: {e}")))?;
            let found = walk::walk(tree, &pattern)?;
            refuse_tables(tree, &pattern.base, &found.tables, what)?;
            if found.files.is_empty() && found.others.is_empty() && found.left_out.is_empty() {
                return Err(Error::Contract(format!("{what}: no file matches {text}; check `path`")));
            }
            if found.files.is_empty() {
                return Err(no_files(tree, &format!("{what}: the pattern {text}"), &found));
            }
            Ok(listing(found, Path::new(""), what))
        }
        (None, None) => Err(Error::Contract(format!(
            "{what}: {} does not exist; check `path`, or whether the export has run",
            path.display()
        ))),
    }
}

fn with_partition(path: PathBuf, root: &Path) -> SourceFile {
    SourceFile { partition: partition::partition_of(&path, root), path }
}

fn listing(found: Found, root: &Path, what: &str) -> Listing {
    let mut notes = Vec::new();
    if !found.again.is_empty() {
        let file = |(path, first): &(PathBuf, PathBuf)| {
            let message = Message::new("source-again-file").text("path", path.display().to_string());
            message.text("first", first.display().to_string())
        };
        let files = found.again.iter().map(file);
        notes.push(Note::detail(of_source("source-again", what).some_of("files", files, SHOWN)));
    }
    if !found.left_out.is_empty() {
        let file = |(path, why): &(PathBuf, &'static str)| {
            let message = Message::new("source-file-why").text("path", path.display().to_string());
            message.message("why", Message::new(why))
        };
        let files = found.left_out.iter().map(file);
        notes.push(Note::warning(of_source("source-left-out", what).some_of("files", files, SHOWN)));
    }
    let files = found.files.into_iter().map(|path| with_partition(path, root)).collect();
    Listing { files, notes }
}

/// Fails if a table of a format with a log was found, or if `folder` lies in one.
fn refuse_tables(tree: &dyn Tree, folder: &Path, found: &[(PathBuf, TableFormat)], what: &str) -> Result<()> {
    let within = table_around(tree, folder);
    let mut refusals: Vec<String> =
        within.iter().chain(found).map(|(folder, format)| format!("{what}: {}", format.refusal(folder))).collect();
    refusals.dedup();
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(Error::Contract(refusals.join("\n  ")))
    }
}

/// The table of a format with a log that a folder is, or lies in. A folder above that cannot be looked into is taken
/// for none.
fn table_around(tree: &dyn Tree, folder: &Path) -> Option<(PathBuf, TableFormat)> {
    let resolved = tree.resolved(folder).ok()?;
    let mut below: Option<&Path> = None;
    for above in resolved.ancestors() {
        match TableFormat::of_folder(tree, above).unwrap_or_default() {
            // The data of an Iceberg table lie in `data`, beside its metadata; other folders there need not be its own.
            Some(TableFormat::Iceberg) if below.is_some_and(|below| !below.ends_with("data")) => {}
            Some(format) => return Some((above.to_path_buf(), format)),
            None => {}
        }
        below = Some(above);
    }
    None
}

/// The error of a place without a Parquet file, which says what lies there instead.
fn no_files(tree: &dyn Tree, place: &str, found: &Found) -> Error {
    let others: Vec<&PathBuf> = found.others.iter().chain(found.left_out.iter().map(|(path, _)| path)).collect();
    let instead = match others.len() {
        0 => "found no file in it or below it, besides names that begin with _ or .".to_owned(),
        1 => format!("found 1 file, {}, which does not begin with PAR1, as a Parquet file does", others[0].display()),
        count => format!(
            "found {count} files: {}; none of them counts: a Parquet file is named *.parquet or begins with PAR1",
            some_of(others.iter().map(|path| path.display().to_string()))
        ),
    };

    let mut formats: Vec<&str> = others
        .iter()
        .filter_map(|path| formats::other_format(path, &tree.head(path, MAGIC_BYTES).unwrap_or_default()))
        .collect();
    formats.sort_unstable();
    formats.dedup();
    let advice = if formats.is_empty() {
        String::new()
    } else {
        format!(
            ". There is {} here; write it as Parquet, for example with DuckDB: COPY (SELECT * FROM 'file') TO \
             'file.parquet'",
            formats.join(" and ")
        )
    };
    Error::Contract(format!(
        "{place} holds no Parquet file; {instead}{advice}. Check `path`, or whether the export has run"
    ))
}

fn some_of(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<String> = names.take(SHOWN).collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A folder with the files in it that count, by the rules of [`list`].
#[derive(Debug)]
pub(crate) struct Folder {
    pub path: PathBuf,
    /// The Parquet files right in it, in name order.
    pub files: Vec<PathBuf>,
    /// The folders in it that have any, or are tables of a format with a log, in name order.
    pub folders: Vec<Folder>,
    /// The format, if it is a table of a format with a log; then its own files are not told.
    pub format: Option<TableFormat>,
}

impl Folder {
    /// Everything below a folder.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn open(path: &Path) -> Result<Folder> {
        let found = walk::walk(&Disk, &Pattern::everything_in(path))?;
        let mut folder = Folder { path: path.to_path_buf(), files: Vec::new(), folders: Vec::new(), format: None };
        for (table, format) in found.tables {
            folder.below(&table).format.get_or_insert(format);
        }
        for file in found.files {
            folder.below(file.parent().unwrap_or(path)).files.push(file);
        }
        folder.without_parts_of_tables();
        Ok(folder)
    }

    /// The folder at a path below this one.
    fn below(&mut self, path: &Path) -> &mut Folder {
        let relative = path.strip_prefix(&self.path).unwrap_or(Path::new("")).to_path_buf();
        let mut at = self;
        for name in relative.components() {
            let path = at.path.join(name);
            let place = at.folders.partition_point(|folder| folder.path < path);
            if at.folders.get(place).is_none_or(|folder| folder.path != path) {
                at.folders.insert(place, Folder { path, files: Vec::new(), folders: Vec::new(), format: None });
            }
            at = &mut at.folders[place];
        }
        at
    }

    fn without_parts_of_tables(&mut self) {
        if self.format.is_some() {
            self.files.clear();
            self.folders.clear();
        }
        self.folders.iter_mut().for_each(Folder::without_parts_of_tables);
    }
}
