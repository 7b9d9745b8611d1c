//! Where the columns of a prepared table come from: files, or record batches.

use super::batches::Batches;
use super::part::Part;
use crate::language::Message;
use crate::published::Content;
use crate::sources::contract::{IdKind, Need};
use crate::sources::parquet::Table;
use arrow_array::RecordBatch;
use std::fmt;
use std::path::Path;

/// How messages name the table.
pub(super) const WHAT: &str = "prepared table";

/// What a caller gives as the table.
#[derive(Clone, Copy, Debug)]
pub enum Given<'a> {
    /// A Parquet file, directory or glob.
    Files(&'a Path),
    /// Record batches, whose schemas may differ as those of files may.
    Batches(&'a [RecordBatch]),
}

/// As messages name it, after "prepared table".
impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Given::Files(path) => path.display().fmt(f),
            Given::Batches(_) => f.write_str("of record batches"),
        }
    }
}

/// Where the columns come from, held against their contract.
pub enum Origin {
    /// Files.
    Files(Table),
    /// Record batches.
    Batches(Batches),
}

impl Origin {
    pub(super) fn open(given: Given<'_>, needs: &[Need], problems: &mut Vec<String>) -> Option<Origin> {
        match given {
            Given::Files(path) => {
                let table = Table::open(WHAT, path, Some(Content::Features), needs, None, problems)?;
                problems.extend(table.odd_folder_ids());
                Some(Origin::Files(table))
            }
            Given::Batches(batches) => Batches::open(WHAT, batches, needs, problems).map(Origin::Batches),
        }
    }

    /// How many files there are.
    pub fn files(&self) -> usize {
        match self {
            Origin::Files(table) => table.files.len(),
            Origin::Batches(_) => 0,
        }
    }

    /// What a person should know of the files.
    pub fn notes(&self) -> Vec<Message> {
        match self {
            Origin::Files(table) => table.notes.iter().map(|note| note.message().clone()).collect(),
            Origin::Batches(_) => Vec::new(),
        }
    }

    pub(super) fn id_kind(&self) -> IdKind {
        match self {
            Origin::Files(table) => table.id_kind,
            Origin::Batches(batches) => batches.id_kind(),
        }
    }

    /// The files or the batches, in order.
    pub(super) fn parts(&self) -> Vec<Part<'_>> {
        match self {
            Origin::Files(table) => table.files.iter().map(Part::File).collect(),
            Origin::Batches(batches) => batches.parts().collect(),
        }
    }
}
