//! A file or a record batch, of which some columns of some rows are read at a time.

use crate::error::Result;
use crate::sources::copied::kinds::CopyType;
use crate::sources::parquet::{pandas, OpenFile};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::Schema;
use hashbrown::{HashMap, HashSet};

/// Rows decoded at a time, of each column: few enough to stay in cache between decoding and placing.
const BATCH: usize = 8192;
/// Rows of a record batch that one thread reads at a time, as it would a row group.
const GROUP: usize = 1 << 16;

/// A file or a record batch.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    File(&'a OpenFile),
    /// A batch, with the place of each of its columns.
    Batch(&'a RecordBatch, &'a HashMap<String, usize>),
}

impl<'a> Part<'a> {
    pub fn schema(self) -> &'a Schema {
        match self {
            Part::File(file) => &file.schema,
            Part::Batch(batch, _) => batch.schema_ref(),
        }
    }

    pub fn has(self, column: &str) -> bool {
        match self {
            Part::File(file) => file.data_type(column).is_some(),
            Part::Batch(_, places) => places.contains_key(column),
        }
    }

    /// The columns that are pandas' index.
    pub fn index_columns(self) -> HashSet<String> {
        match self {
            Part::File(file) => pandas::index_columns_of(file),
            Part::Batch(batch, places) => {
                let description = batch.schema_ref().metadata().get(pandas::DESCRIPTION);
                pandas::index_columns(places.keys().map(String::as_str), description.map(String::as_str))
            }
        }
    }

    /// The columns that a file's folders hold, and their values.
    pub fn folders(self) -> &'a [(String, Option<String>)] {
        match self {
            Part::File(file) => &file.file.partition,
            Part::Batch(..) => &[],
        }
    }

    /// What a column is copied as, if there is such a column and it can be copied.
    pub fn copy_type(self, column: &str) -> Option<CopyType> {
        match self {
            Part::File(file) => file.copy_type(column),
            Part::Batch(batch, places) => CopyType::of_field(batch.schema_ref().field(*places.get(column)?)).ok(),
        }
    }

    /// The value of a column that is in a file's folders, if it is not null.
    pub fn folder_value(self, column: &str) -> Option<&'a str> {
        match self {
            Part::File(file) => file.file.partition_value(column)?.as_deref(),
            Part::Batch(..) => None,
        }
    }

    /// Row groups: those of the file, or as many as the rows of the batch are cut into.
    pub fn groups(self) -> usize {
        match self {
            Part::File(file) => file.metadata.metadata().num_row_groups(),
            Part::Batch(batch, _) => batch.num_rows().div_ceil(GROUP),
        }
    }

    /// Reads some columns of some row groups, in order. `take` gets a number of rows, and their values column by
    /// column; there are none where the part lacks the column.
    pub fn read(
        self,
        columns: &[&str],
        groups: &[usize],
        mut take: impl FnMut(usize, &[Option<ArrayRef>]),
    ) -> Result<()> {
        match self {
            Part::File(file) => {
                for batch in file.read(columns, Some(groups.to_vec()), BATCH)? {
                    let batch = batch?;
                    let arrays: Vec<_> = columns.iter().map(|name| batch.column_by_name(name).cloned()).collect();
                    take(batch.num_rows(), &arrays);
                }
            }
            Part::Batch(batch, places) => {
                let whole: Vec<Option<&ArrayRef>> =
                    columns.iter().map(|&name| places.get(name).map(|&place| batch.column(place))).collect();
                for &group in groups {
                    let end = batch.num_rows().min((group + 1) * GROUP);
                    for start in (group * GROUP..end).step_by(BATCH) {
                        let rows = BATCH.min(end - start);
                        let arrays: Vec<_> =
                            whole.iter().map(|array| Some(array.as_ref()?.slice(start, rows))).collect();
                        take(rows, &arrays);
                    }
                }
            }
        }
        Ok(())
    }
}
