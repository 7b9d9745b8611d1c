//! A source as a table: its files opened, their schemas held against what the configuration needs of them.
//!
//! Only footers are read here. Every mismatch of every file is gathered, so that one message names them all.

pub mod decode;
pub(crate) mod folders;
pub(crate) mod page_index;
pub(crate) mod pieces;
pub(crate) mod statistics;

use crate::calendar::{Day, Zone};
use crate::error::{Error, Result};
use crate::observer::Note;
use crate::sources::contract::{hold_against, Holder, IdKind, Need, Role};
use crate::sources::files::{self, SourceFile};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use folders::FolderColumns;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::arrow::ProjectionMask;
use rayon::prelude::*;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A file whose footer has been read.
#[derive(Clone)]
pub struct OpenFile {
    /// The file and its partition values.
    pub file: SourceFile,
    /// Footer and schema, with the types that rows are decoded to.
    pub metadata: ArrowReaderMetadata,
    /// The file's size.
    pub bytes: u64,
}

impl OpenFile {
    /// Rows of a row group.
    pub(crate) fn group_rows(&self, row_group: usize) -> usize {
        self.metadata.metadata().row_group(row_group).num_rows().max(0) as usize
    }

    /// Starts decoding some row groups, or all, only the given columns. Columns that the file lacks are left out.
    pub fn read(&self, columns: &[&str], row_groups: Option<Vec<usize>>, batch_size: usize) -> Result<Batches<'_>> {
        self.batches(columns, row_groups, None, batch_size)
    }

    fn batches(
        &self,
        columns: &[&str],
        row_groups: Option<Vec<usize>>,
        selection: Option<RowSelection>,
        batch_size: usize,
    ) -> Result<Batches<'_>> {
        let path = &self.file.path;
        let file = File::open(path).map_err(|e| Error::reading(path, &e))?;
        let schema = self.metadata.schema();
        let roots = columns.iter().filter_map(|column| schema.index_of(column).ok());
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), roots);

        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_projection(mask)
            .with_batch_size(batch_size);
        if let Some(row_groups) = row_groups {
            builder = builder.with_row_groups(row_groups);
        }
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        let reader = builder.build().map_err(|e| damaged(path, &e))?;
        Ok(Batches { reader, path, folders: None })
    }

    /// The place of a column that is not nested among the leaves of the schema, if the file has it.
    pub(crate) fn leaf(&self, column: &str) -> Option<usize> {
        let root = self.metadata.schema().index_of(column).ok()?;
        let schema = self.metadata.parquet_schema();
        (0..schema.num_columns()).find(|&leaf| schema.get_column_root_idx(leaf) == root)
    }

    /// The type of a column, if the file has it.
    pub fn data_type(&self, column: &str) -> Option<&DataType> {
        self.metadata.schema().field_with_name(column).ok().map(Field::data_type)
    }

    /// The names of its columns, in order.
    pub fn columns(&self) -> Vec<&str> {
        self.metadata.schema().fields().iter().map(|field| field.name().as_str()).collect()
    }

    /// Bytes of a column when it is decompressed.
    pub fn decoded_bytes(&self, column: &str) -> u64 {
        let groups = self.metadata.metadata().row_groups().iter();
        let chunks = groups.flat_map(|group| group.columns()).filter(|chunk| chunk.column_path().string() == column);
        chunks.map(|chunk| chunk.uncompressed_size().max(0) as u64).sum()
    }

    fn holder(&self) -> Holder<'_> {
        Holder::new(self.file.path.display().to_string(), 0, self.metadata.schema(), &self.file.partition)
    }

    /// Rows in the file.
    pub fn rows(&self) -> u64 {
        self.metadata.metadata().file_metadata().num_rows().max(0) as u64
    }
}

/// The rows of a file, batch by batch as they are decoded.
pub struct Batches<'a> {
    reader: ParquetRecordBatchReader,
    path: &'a Path,
    /// The columns of folders that are added to each.
    folders: Option<FolderColumns>,
}

impl Iterator for Batches<'_> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        let batch = self.reader.next()?.map_err(|e| damaged(self.path, &e));
        Some(match &self.folders {
            None => batch,
            Some(folders) => batch.and_then(|batch| folders.add_to(batch)),
        })
    }
}

/// The error for a file whose footer is fine but whose pages are not.
fn damaged(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::Contract(format!(
        "{} cannot be decoded: {}. The file is damaged or still being written; write it again",
        path.display(),
        plain_text(error)
    ))
}

/// A source whose files all satisfy their needs.
#[derive(Clone)]
pub struct Table {
    /// How messages name it: "signal `logins`".
    pub what: String,
    /// Its files in path order, without those that lie outside the needed days.
    pub files: Vec<OpenFile>,
    /// Files skipped for their partition folders.
    pub pruned_files: usize,
    /// The kind of its ids.
    pub id_kind: IdKind,
    /// What a person should know of its files.
    pub notes: Vec<Note>,
}

/// The days that a run needs of a table.
#[derive(Clone, Copy, Debug)]
pub struct NeededDays<'a> {
    /// The column of the time.
    pub time: &'a str,
    /// The first of them.
    pub first: Day,
    /// The last of them.
    pub last: Day,
    /// The zone that they are days of.
    pub zone: &'a Zone,
}

impl NeededDays<'_> {
    /// Whether a file may hold rows of these days, as far as its folders tell; a day to spare on each side is for zones.
    fn may_lie_in(&self, file: &SourceFile) -> bool {
        let days = file.partition_days(self.time, self.zone);
        days.is_none_or(|(first, last)| last.plus(1) >= self.first && first.plus(-1) <= self.last)
    }
}

impl Table {
    /// Opens a source, without the files that hold none of the needed days, and holds every file against the needs. Problems
    /// are appended to `problems`, a line each; then there is no table.
    pub fn open(
        what: &str,
        path: &Path,
        needs: &[Need],
        days: Option<NeededDays<'_>>,
        problems: &mut Vec<String>,
    ) -> Option<Table> {
        let (mut listed, notes) = match files::list(path, what) {
            Ok(listing) => (listing.files, listing.notes),
            Err(error) => {
                problems.push(error.to_string());
                return None;
            }
        };
        let all = listed.len();
        listed.retain(|file| days.is_none_or(|days| days.may_lie_in(file)));
        let pruned_files = all - listed.len();

        let before = problems.len();
        let opened: Vec<Result<OpenFile, String>> = listed.into_par_iter().map(|file| open_file(file, needs)).collect();
        let mut files = Vec::with_capacity(opened.len());
        for result in opened {
            match result {
                Ok(file) => files.push(file),
                Err(problem) => problems.push(format!("{what}: {problem}")),
            }
        }

        let id_kind = {
            let holders: Vec<Holder<'_>> = files.iter().map(OpenFile::holder).collect();
            hold_against(what, &holders, needs, problems)
        };
        (problems.len() == before).then(|| Table { what: what.to_owned(), files, pruned_files, id_kind, notes })
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

/// Reads a footer. The Arrow schema that some writers embed is ignored: what counts is what Parquet itself says, so
/// files of different writers read alike. Levels come dictionary-encoded, since they repeat, and string ids as views of
/// the pages, since they hardly do; timestamps of the retired INT96 type come in microseconds, which reach the year 9999.
fn open_file(file: SourceFile, needs: &[Need]) -> Result<OpenFile, String> {
    let path = file.path.display();
    let unreadable = |problem: String| {
        format!("{path} is not a readable Parquet file: {problem}. It may be truncated, still being written, or of another format; write it again")
    };
    let handle = File::open(&file.path).map_err(|e| format!("{path} cannot be read: {e}"))?;
    let bytes = handle.metadata().map_err(|e| format!("{path} cannot be read: {e}"))?.len();
    if bytes < 12 {
        return Err(unreadable(format!("found {bytes} bytes")));
    }

    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let plain = ArrowReaderMetadata::load(&handle, options.clone()).map_err(|e| unreadable(plain_text(&e)))?;
    let schema = Arc::new(decoded_schema(&plain, needs));
    let metadata = ArrowReaderMetadata::try_new(plain.metadata().clone(), options.with_schema(schema))
        .map_err(|e| unreadable(plain_text(&e)))?;
    Ok(OpenFile { file, metadata, bytes })
}

/// The types that a file's columns are decoded to, by their own and by what they are needed as.
fn decoded_schema(plain: &ArrowReaderMetadata, needs: &[Need]) -> Schema {
    let leaves = plain.parquet_schema();
    let mut int96 = vec![false; plain.schema().fields().len()];
    for leaf in 0..leaves.num_columns() {
        if leaves.column(leaf).physical_type() == parquet::basic::Type::INT96 {
            int96[leaves.get_column_root_idx(leaf)] = true;
        }
    }

    let mut roles: hashbrown::HashMap<&str, Role> = hashbrown::HashMap::new();
    for need in needs {
        roles.entry(&need.column).or_insert(need.role);
    }

    let fields = plain.schema().fields().iter().zip(int96).map(|(field, int96)| {
        let decoded = match (field.data_type(), roles.get(field.name().as_str())) {
            (DataType::Utf8 | DataType::Binary, Some(Role::Text)) => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            (DataType::Utf8 | DataType::Binary, Some(Role::Id)) => DataType::Utf8View,
            (DataType::Timestamp(_, zone), _) if int96 => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
            (other, _) => other.clone(),
        };
        Field::clone(field).with_data_type(decoded)
    });
    Schema::new(fields.collect::<Vec<Field>>())
}

/// A library's message without its own prefixes and without a full stop.
fn plain_text(error: &dyn std::fmt::Display) -> String {
    let mut text = error.to_string();
    for prefix in ["Parquet argument error: ", "Parquet error: ", "External: "] {
        text = text.replace(prefix, "");
    }
    text.trim_end_matches('.').to_owned()
}
