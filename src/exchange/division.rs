//! Tables whose files tasks read themselves: what is needed of the files, divided among tasks, and how a task packs its
//! share.
//!
//! Whoever drives the engine opens the files once, as one machine does: they are held against their contract, and what
//! lies outside the needed days is left out for the names of folders, statistics, and page indexes. A task decodes the
//! rows that it is told of, so nothing crosses the engine but pieces.

use super::packer::Packer;
use super::plan::{Plan, Source, CHURN, CUSTOMERS, SIGNALS};
use super::report::PackReport;
use crate::calendar::{Day, Zone};
use crate::error::{Error, Result};
use crate::observer::Note;
use crate::sources::contract::{IdKind, ReadIds};
use crate::sources::files::SourceFile;
use crate::sources::parquet::pieces::{table_pieces, FilePiece};
use crate::sources::parquet::OpenFile;
use crate::sources::{
    customer_columns, history, needed_pieces, newest_in, open_all, Opened, SignalScan, Table, TableToOpen,
};
use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Rows that a share has at least, where there are as many: of fewer, a bucket's pieces are so small that what each
/// takes by itself counts.
const LEAST_ROWS: u64 = 1 << 20;
/// Rows that a share has at most, but for a piece of a row group: a few seconds of work.
const MOST_ROWS: u64 = 1 << 23;
/// Rows that a row group has at least, if it is cut.
const CUT_ROWS: usize = 1 << 20;
/// Rows decoded at a time.
const BATCH_ROWS: usize = 16_384;

/// What is needed of some tables, divided among tasks.
pub struct Division {
    /// What one task reads each.
    pub shares: Vec<Share>,
    /// What is known of each table before anything is read: rows that are not needed, and how many are left.
    pub reports: Vec<PackReport>,
    /// What is read of each table.
    pub tables: Vec<Divided>,
    /// What a person should know of the files.
    pub notes: Vec<Note>,
}

/// What is read of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Divided {
    /// Its section of the settings.
    pub name: String,
    /// Those of the needed columns that it has.
    pub columns: Vec<String>,
    /// One of its files, by which a machine can tell whether it sees them.
    pub file: PathBuf,
}

/// What one task reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Share {
    ids: ReadIds,
    /// Those of a table, and those of a file, follow each other.
    parts: Vec<FileRows>,
}

/// Some rows of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileRows {
    /// The section of its table.
    table: String,
    file: SourceFile,
    /// What the whole file had when it was opened for the first time.
    size: FileSize,
    row_group: usize,
    rows: Range<usize>,
}

/// By what a file is known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileSize {
    bytes: u64,
    rows: u64,
}

/// Opens some tables of a plan, by their sections, and divides what is needed of them among tasks: among `tasks` of
/// them, unless that makes shares that are too small or too large.
///
/// # Errors
/// [`Error::Contract`] with a line for every mismatch of every file; [`Error::Config`] for a table that takes no part.
pub fn divide(plan: &Plan, names: &[String], tasks: usize) -> Result<Division> {
    let (all, zone) = (plan.sources()?, plan.settings.zone());
    let sources: Vec<&Source> = names.iter().map(|name| source_named(&all, name)).collect::<Result<_>>()?;

    // What ends the labels is the newest row of all, so then no file is skipped for its folder.
    let of_signals = || all.iter().filter_map(|source| source.days());
    let (first, last) = (of_signals().map(|(_, days)| days.start).min(), of_signals().map(|(_, days)| days.end).max());
    let days = first.zip(last).filter(|_| !plan.has_labels());
    let asked: Vec<TableToOpen<'_>> =
        sources.iter().map(|source| to_open(plan, source, days, &zone)).collect::<Result<_>>()?;

    let Opened { mut tables, ids } = open_all(&asked)?;
    let notes = tables.iter_mut().flat_map(|table| std::mem::take(&mut table.notes)).collect();
    let (mut parts, mut reports, mut divided) = (Vec::new(), Vec::new(), Vec::new());
    for (source, table) in sources.iter().zip(&tables) {
        let (pieces, report) = needed(plan, source, table, &zone)?;
        for piece in &pieces {
            parts.push(FileRows::new(source, piece)?);
        }
        let left = pieces.iter().map(|piece| piece.rows().len() as u64).sum();
        let text_ids = table.own_id_kind.map(|_| ids.kind() == IdKind::Text);
        reports.push(PackReport { left: Some(left), text_ids, ..report });
        divided.extend(Divided::new(source, table));
    }
    Ok(Division { shares: shares(parts, ids, tasks), reports, tables: divided, notes })
}

fn source_named<'a>(sources: &'a [Source], name: &str) -> Result<&'a Source> {
    let source = sources.iter().find(|source| source.name == name);
    source.ok_or_else(|| Error::Config(format!("there is no table `{name}` in this plan")))
}

fn to_open<'a>(plan: &'a Plan, source: &Source, days: Option<(Day, Day)>, zone: &'a Zone) -> Result<TableToOpen<'a>> {
    let settings = &plan.settings;
    let missing = || Error::Internal(format!("table `{}` has no settings", source.name));
    match source.number {
        CUSTOMERS => Ok(TableToOpen::customers(customer_columns(settings.customers.as_ref())?)),
        CHURN => TableToOpen::churn(&settings.churn).ok_or_else(missing),
        number => {
            let signal = settings.signals.iter().nth(number - SIGNALS);
            signal.map(|(name, signal)| TableToOpen::signal(name, signal, days, zone)).ok_or_else(missing)
        }
    }
}

/// The needed rows of a table, and what is known of the others.
fn needed<'a>(
    plan: &'a Plan,
    source: &Source,
    table: &'a Table,
    zone: &Zone,
) -> Result<(Vec<FilePiece<'a>>, PackReport)> {
    let report = PackReport { source: source.number, plan: plan.digest()?, ..PackReport::default() };
    let Some((_, Range { start: from, end: to })) = source.days() else {
        return Ok((table_pieces(table, CUT_ROWS), report));
    };
    let signal = plan.settings.signals.iter().nth(source.number - SIGNALS);
    let (name, settings) = signal.ok_or_else(|| Error::Internal(format!("no settings of `{}`", source.name)))?;

    let scan = SignalScan { name, settings, table, from: *from, to: *to, counts_rows: false };
    let (pieces, seen) = needed_pieces(&scan, zone);
    let first = history::first_instant(table, &settings.time, zone);
    let of_folders = table.pruned_first_day.map(|day| zone.midnight(day));
    let newest = match plan.labels_before {
        Some(day) => newest_in(table, &settings.time, zone.midnight(day), zone)?,
        None => None,
    };
    Ok((
        pieces,
        PackReport {
            before: seen.rows.before,
            after: seen.rows.after,
            oldest: [first, of_folders].into_iter().flatten().min(),
            newest,
            ..report
        },
    ))
}

/// Deals parts out in their order, so that tasks have about as many rows each.
fn shares(parts: Vec<FileRows>, ids: ReadIds, tasks: usize) -> Vec<Share> {
    let rows: u64 = parts.iter().map(FileRows::count).sum();
    let count = (tasks as u64).min(rows / LEAST_ROWS).max(rows.div_ceil(MOST_ROWS)).max(1);

    let mut shares: Vec<Share> = Vec::new();
    let mut dealt = 0;
    for part in parts {
        // The share that the middle of the part falls into.
        let place = (dealt + part.count() / 2) * count / rows.max(1);
        dealt += part.count();
        let begun = shares.len() as u64;
        match shares.last_mut() {
            Some(share) if place < begun => share.parts.push(part),
            _ => shares.push(Share { ids, parts: vec![part] }),
        }
    }
    shares
}

impl Divided {
    /// None of a table without files.
    fn new(source: &Source, table: &Table) -> Option<Divided> {
        let has = |column: &&str| {
            let in_folder = |file: &OpenFile| file.file.partition_value(column).is_some();
            table.files.iter().any(|file| file.data_type(column).is_some() || in_folder(file))
        };
        let columns = source.columns().filter(has).map(str::to_owned).collect();
        let file = absolute(table.files.first()?.file.path.clone());
        Some(Divided { name: source.name.clone(), columns, file })
    }
}

/// A path that is the same in whatever folder a task runs.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

impl FileRows {
    fn new(source: &Source, piece: &FilePiece<'_>) -> Result<FileRows> {
        let file = piece.file();
        if file.file.path.to_str().is_none() {
            return Err(Error::Config(format!(
                "{}: the path {} is no UTF-8 text, and so cannot be told to the tasks of an engine; rename it",
                source.what,
                file.file.path.display()
            )));
        }
        Ok(FileRows {
            table: source.name.clone(),
            file: SourceFile { path: absolute(file.file.path.clone()), ..file.file.clone() },
            size: FileSize::new(file),
            row_group: piece.row_group(),
            rows: piece.rows(),
        })
    }

    fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Opens the file, which has to be the one that was seen before.
    fn open(&self, source: &Source, ids: ReadIds) -> Result<OpenFile> {
        let (what, path) = (&source.what, &self.file.path);
        if let Err(error) = std::fs::metadata(path) {
            return Err(match error.kind() {
                ErrorKind::NotFound => Error::Temporary(format!(
                    "{what}: a file of a table is gone: {}. The table has changed since it was looked at, or this \
                     machine does not see the folder. Run again when the table is whole; where not all machines see \
                     it, let the engine read it (--scan spark)",
                    path.display()
                )),
                _ => Error::reading(path, &error),
            });
        }

        let opened = OpenFile::open(self.file.clone(), &source.needs, ids);
        let file = opened.map_err(|problem| Error::Contract(format!("{what}: {problem}")))?;
        let (seen, found) = (self.size, FileSize::new(&file));
        if found != seen {
            return Err(Error::Temporary(format!(
                "{what}: {} had {} rows in {} bytes when it was looked at, and {} in {} when it was read; the table \
                 changes while it is read. Run again when it is whole",
                path.display(),
                seen.rows,
                seen.bytes,
                found.rows,
                found.bytes
            )));
        }
        Ok(file)
    }
}

impl FileSize {
    fn new(file: &OpenFile) -> FileSize {
        FileSize { bytes: file.bytes, rows: file.rows() }
    }
}

impl Share {
    /// Reads a share.
    ///
    /// # Errors
    /// [`Error::Config`] for a text that is none.
    pub fn from_json(text: &str) -> Result<Share> {
        serde_json::from_str(text).map_err(|e| Error::Config(format!("a text that is no share of the files: {e}")))
    }

    /// The share as text.
    ///
    /// # Errors
    /// [`Error::Internal`] if it cannot be written.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::Internal(e.to_string()))
    }

    /// Reads and packs the rows, and hands over the pieces that are full, or their places in files of the folder
    /// `into`, and the report of each table.
    ///
    /// # Errors
    /// [`Error::Temporary`] when a file is gone or another one; [`Error::Contract`] when it is damaged; those of writing
    /// and of `hand_over`.
    pub fn pack(
        &self,
        plan: &Plan,
        into: Option<&Path>,
        mut hand_over: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let (sources, zone) = (plan.sources()?, plan.settings.zone());
        for of_table in self.parts.chunk_by(|a, b| a.table == b.table) {
            let source = source_named(&sources, &of_table[0].table)?;
            let packer = Packer::new(plan, source, &zone)?;
            let mut packer = match into {
                Some(folder) => packer.writing_into(folder),
                None => packer,
            };
            for of_file in of_table.chunk_by(|a, b| a.file == b.file) {
                let file = of_file[0].open(source, self.ids)?;
                for FileRows { row_group, rows, .. } in of_file {
                    let piece = FilePiece::new(&file, *row_group, rows.clone());
                    for batch in piece.read(&source.needs, BATCH_ROWS)? {
                        packer.push(&batch?)?.into_iter().try_for_each(&mut hand_over)?;
                    }
                }
            }
            packer.finish()?.into_iter().try_for_each(&mut hand_over)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(rows: u64) -> FileRows {
        let file = SourceFile { path: PathBuf::from("a"), partition: Vec::new() };
        let size = FileSize { bytes: 0, rows };
        FileRows { table: "customers".to_owned(), file, size, row_group: 0, rows: 0..rows as usize }
    }

    /// How many rows each share has.
    fn dealt(parts: &[u64], tasks: usize) -> Vec<u64> {
        let parts = parts.iter().copied().map(part).collect();
        let shares = shares(parts, ReadIds::Texts, tasks);
        shares.iter().map(|share| share.parts.iter().map(FileRows::count).sum()).collect()
    }

    #[test]
    fn shares_are_about_as_large_and_neither_too_small_nor_too_large() {
        const M: u64 = 1 << 20;
        assert_eq!(dealt(&[M; 8], 4), [2 * M; 4]);
        assert_eq!(dealt(&[M; 3], 200), [M; 3]);
        assert_eq!(dealt(&[M / 4; 3], 200), [3 * M / 4]);
        assert_eq!(dealt(&[M; 32], 1), [8 * M; 4]);
        assert_eq!(dealt(&[M / 2, 4 * M, M / 2, M, M], 3), [M / 2, 4 * M, 5 * M / 2]);
        assert!(dealt(&[], 3).is_empty());
    }
}
