//! A source as a table: its files opened, their schemas held against what the configuration needs of them.
//!
//! Only footers are read here. Every mismatch of every file is gathered, so that one message names them all.

mod copies;
mod damage;
pub mod decode;
mod disagreement;
pub(crate) mod folders;
pub mod guard;
mod open_file;
mod own;
mod page_header;
pub(crate) mod page_index;
pub(crate) mod pandas;
pub(crate) mod pieces;
pub(crate) mod pruning;
pub(crate) mod statistics;

pub use open_file::{Batches, OpenFile};

use crate::calendar::{Day, Zone};
use crate::error::Result;
use crate::observer::Note;
use crate::parallel;
use crate::published::Content;
use crate::sources::contract::{hold_against, Holder, IdKind, Need, ReadIds, Role};
use crate::sources::files;
use crate::sources::told::of_source;
use arrow_schema::{DataType, Field};
use open_file::open_file;
use pruning::{NeededDays, Pruning};
use std::path::Path;

/// Rows decoded at a time.
const BATCH_ROWS: usize = 16_384;

/// A source whose files all satisfy their needs.
#[derive(Clone)]
pub struct Table {
    /// How messages name it: "signal `logins`".
    pub what: String,
    /// Its files in path order, without those that lie outside the needed days.
    pub files: Vec<OpenFile>,
    /// Files skipped for their partition folders.
    pub pruned_files: usize,
    /// The first day that their folders name.
    pub pruned_first_day: Option<Day>,
    /// The kind that its ids are read as.
    pub id_kind: IdKind,
    /// What a person should know of its files.
    pub notes: Vec<Note>,
    /// The kind of its ids by the types of its files; none if no file has any.
    pub own_id_kind: Option<IdKind>,
    /// Whether some of its ids are numbers that 64 bits with a sign do not hold, as far as statistics tell.
    pub has_large_ids: bool,
}

impl Table {
    /// Opens a source, without the files that hold none of the needed days, and holds every file against the needs.
    /// What this program published itself is no source, other than what is `accepted`. Problems are appended to
    /// `problems`, a line each; then there is no table.
    pub fn open(
        what: &str,
        path: &Path,
        accepted: Option<Content>,
        needs: &[Need],
        days: Option<NeededDays<'_>>,
        problems: &mut Vec<String>,
    ) -> Option<Table> {
        let (mut listed, mut notes) = match files::list(path, what) {
            Ok(listing) => (listing.files, listing.notes),
            Err(error) => {
                problems.push(error.to_string());
                return None;
            }
        };
        let pruning = days.map_or(Pruning::default(), |days| days.prune(what, &mut listed));

        let before = problems.len();
        let opened: Vec<Result<OpenFile, String>> = parallel::map(listed, |file| open_file(file, needs));
        let mut files = Vec::with_capacity(opened.len());
        for result in opened {
            match result {
                Ok(file) => files.push(file),
                Err(problem) => problems.push(format!("{what}: {problem}")),
            }
        }
        if let Err(problem) = own::take_out(what, &mut files, accepted, &mut notes) {
            problems.push(problem);
            return None;
        }

        let own_id_kind = {
            let holders: Vec<Holder<'_>> = files.iter().map(holder).collect();
            hold_against(what, &holders, needs, problems)
        };
        problems.extend(folders::problems(what, files.iter().map(|file| (&file.file, &file.folders)), needs));
        match copies::note(what, &files) {
            Ok(note) => notes.extend(note),
            Err(error) => problems.push(error.to_string()),
        }
        if problems.len() > before {
            return None;
        }

        notes.extend(disagreement::note(what, &files, needs));
        let contradiction = || days.and_then(|days| days.contradiction(what, &files));
        notes.extend(pruning.contradiction.or_else(contradiction));
        let ids = needs.iter().filter(|need| need.role == Role::Id);
        let has_large_ids =
            ids.into_iter().any(|need| files.iter().any(|file| statistics::has_large_integers(file, &need.column)));
        let mut table = Table {
            what: what.to_owned(),
            files,
            pruned_files: pruning.files,
            pruned_first_day: pruning.first_day,
            id_kind: IdKind::Integer,
            notes,
            own_id_kind,
            has_large_ids,
        };
        let is_text = table.has_text_ids() || folder_ids_are_text([&table]);
        table.read_ids_as(if is_text { ReadIds::Texts } else { ReadIds::of_kind(IdKind::Integer) });
        Some(table)
    }

    /// Settles how ids are read.
    pub fn read_ids_as(&mut self, ids: ReadIds) {
        self.id_kind = ids.kind();
        self.files.iter_mut().for_each(|file| file.read_ids_as(ids));
    }

    /// The problem that ids in the names of folders are not of the kind that ids are read as, if they are not.
    pub(crate) fn odd_folder_ids(&self) -> Option<String> {
        let (file, text) = self.files.iter().find_map(|file| Some((file, file.folders.odd_id()?)))?;
        Some(format!(
            "{}: the ids in the names of folders must be {}s, as other ids are, and `{text}` is not, in {}; write both \
             as one type",
            self.what,
            self.id_kind.name(),
            file.file.path.display()
        ))
    }

    /// Whether its ids are texts, or integers that can be read as such only.
    pub(crate) fn has_text_ids(&self) -> bool {
        self.own_id_kind == Some(IdKind::Text) || self.has_large_ids
    }

    /// The greatest number in a column of integers, if all statistics tell.
    pub(crate) fn greatest(&self, column: &str) -> Option<i64> {
        let greatest = |file| Some(statistics::integer_range(file, column)?.1);
        self.files.iter().try_fold(i64::MIN, |all, file| Some(all.max(greatest(file)?)))
    }

    /// Decodes some columns and forgets them: fails where whoever reads them later would.
    ///
    /// # Errors
    /// [`Error::Contract`] naming file, column and row group.
    pub fn try_columns(&self, columns: &[String]) -> Result<()> {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        parallel::try_for_each(&self.files, |file| {
            for batch in file.read(&columns, None, BATCH_ROWS)? {
                batch?;
            }
            Ok(())
        })
    }

    /// The note that some files have instants in a column, and others the times of a wall clock of the zone, which are
    /// hours apart from them.
    pub(crate) fn mixed_clocks(&self, column: &str, zone: &Zone) -> Option<Note> {
        let first = |has_zone: bool| {
            self.files.iter().find(|file| match file.schema.field_with_name(column).map(Field::data_type) {
                Ok(DataType::Timestamp(_, own)) => own.is_some() == has_zone,
                _ => false,
            })
        };
        let (instants, wall_clock) = (first(true)?, first(false)?);
        (!zone.is_utc()).then(|| {
            Note::warning(
                of_source("source-clocks", &self.what)
                    .text("column", format!("`{column}`"))
                    .text("instants", instants.file.path.display().to_string())
                    .text("times", wall_clock.file.path.display().to_string())
                    .text("zone", zone.name()),
            )
        })
    }

    /// SHA-256 of what the footers say: every file's name and size, and of every column chunk its size and statistics.
    pub fn footers_sha256(&self) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        for open in &self.files {
            let name = open.file.path.file_name().unwrap_or_default().to_string_lossy();
            hash.update(format!("{name}\n{}\n", open.bytes));
            for group in open.metadata.metadata().row_groups() {
                hash.update(format!("{}\n", group.num_rows()));
                for column in group.columns() {
                    hash.update(format!("{} {}\n", column.column_path(), column.compressed_size()));
                    if let Some(statistics) = column.statistics() {
                        hash.update(statistics.min_bytes_opt().unwrap_or_default());
                        hash.update(statistics.max_bytes_opt().unwrap_or_default());
                    }
                }
            }
        }
        crate::digest::hex(&hash.finalize())
    }
}

/// Whether the ids of tables that have them in the names of folders alone are texts: some cannot be integers, and no
/// table has integers in a column.
pub(crate) fn folder_ids_are_text<'a>(tables: impl IntoIterator<Item = &'a Table> + Clone) -> bool {
    let mut files = tables.clone().into_iter().flat_map(|table| &table.files);
    let has_integers = || tables.clone().into_iter().any(|table| table.own_id_kind == Some(IdKind::Integer));
    files.any(|file| file.folders.has_textual_id()) && !has_integers()
}

/// A file as a place that holds columns.
fn holder(file: &OpenFile) -> Holder<'_> {
    Holder::new(file.file.path.display().to_string(), 0, &file.schema, &file.file.partition)
        .with_greatest(|column| Some(statistics::integer_range(file, column)?.1))
}
