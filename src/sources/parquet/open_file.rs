//! A file of a source: its footer, and its rows batch by batch as they are decoded and converted.

use super::damage::{self, Damage};
use super::folders::FolderColumns;
use super::guard::guarded;
use super::page_header::check_pages;
use crate::error::{Error, Result};
use crate::sources::contract::convert::{Conversions, Why};
use crate::sources::contract::{Form, IdKind, Need, ReadIds, Role, Verdict, EXTENSION, UUID};
use crate::sources::copied::kinds::CopyType;
use crate::sources::files::{self, SourceFile};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::arrow::ProjectionMask;
use parquet::basic::{ConvertedType, LogicalType};
use parquet::file::metadata::ParquetMetaData;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A file whose footer has been read.
#[derive(Clone)]
pub struct OpenFile {
    /// The file and its partition values.
    pub file: SourceFile,
    /// Footer and schema, with the types that rows are decoded to.
    pub metadata: ArrowReaderMetadata,
    /// The file's size.
    pub bytes: u64,
    /// The columns as the file has them, UUIDs with the mark that Arrow gives them.
    pub schema: SchemaRef,
    /// How the needed columns are read.
    forms: Arc<[(String, Form)]>,
    /// The columns whose pages have been checked: row group and leaf.
    checked: Arc<Mutex<HashSet<(usize, usize)>>>,
    /// How ids are read.
    ids: ReadIds,
    /// The needed columns that its folders hold instead.
    pub(crate) folders: FolderColumns,
}

impl OpenFile {
    /// Opens a file whose ids are read so.
    ///
    /// # Errors
    /// The problem with a file that cannot be read, or is no Parquet.
    pub(crate) fn open(file: SourceFile, needs: &[Need], ids: ReadIds) -> Result<OpenFile, String> {
        let mut file = open_file(file, needs)?;
        file.read_ids_as(ids);
        Ok(file)
    }

    /// Settles how ids are read.
    pub(super) fn read_ids_as(&mut self, ids: ReadIds) {
        self.ids = ids;
        self.folders.read_ids_as(ids.kind());
    }

    /// Rows of a row group.
    pub(crate) fn group_rows(&self, row_group: usize) -> usize {
        self.metadata.metadata().row_group(row_group).num_rows().max(0) as usize
    }

    /// Starts decoding some row groups, or all, only the given columns. Needed columns that the file's folders
    /// hold are added; those that it lacks altogether are left out.
    pub fn read(&self, columns: &[&str], row_groups: Option<Vec<usize>>, batch_size: usize) -> Result<Batches<'_>> {
        self.batches(columns, row_groups, None, batch_size)
    }

    pub(super) fn batches(
        &self,
        columns: &[&str],
        row_groups: Option<Vec<usize>>,
        selection: Option<Range<usize>>,
        batch_size: usize,
    ) -> Result<Batches<'_>> {
        let path = &self.file.path;
        let file = File::open(path).map_err(|e| Error::reading(path, &e))?;
        let schema = self.metadata.schema();
        let roots: Vec<usize> = columns.iter().filter_map(|column| schema.index_of(column).ok()).collect();
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), roots.iter().copied());
        let row_groups = row_groups.unwrap_or_else(|| (0..self.metadata.metadata().num_row_groups()).collect());

        let all: usize = row_groups.iter().map(|&group| self.group_rows(group)).sum();
        let rows = selection.clone().unwrap_or(0..all);
        let asked = Asked { file: self, columns: roots, row_groups, next: rows.start, end: rows.end };

        let built = guarded(|| {
            asked.row_groups.iter().try_for_each(|&row_group| self.check_pages(&file, &mask, row_group))?;
            let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_projection(mask)
                .with_batch_size(batch_size)
                .with_row_groups(asked.row_groups.clone());
            if let Some(rows) = selection {
                builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(std::iter::once(rows), all));
            }
            builder.build().map_err(|error| error.to_string())
        });
        match built.and_then(|built| built) {
            Ok(reader) => Ok(Batches {
                reader: Some(reader),
                asked,
                conversions: Conversions::new(self.forms.clone(), self.ids),
                folders: self.folders.only(columns),
            }),
            Err(why) => Err(asked.undecodable(&why)),
        }
    }

    /// Checks the pages of the columns to be read, once, however many threads read pieces of them.
    fn check_pages(&self, file: &File, mask: &ProjectionMask, row_group: usize) -> Result<(), String> {
        let leaves = (0..self.metadata.parquet_schema().num_columns()).filter(|&leaf| mask.leaf_included(leaf));
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let unchecked: Vec<usize> = leaves.filter(|&leaf| !checked.contains(&(row_group, leaf))).collect();
        if unchecked.is_empty() {
            return Ok(());
        }

        let unchecked_mask = ProjectionMask::leaves(self.metadata.parquet_schema(), unchecked.iter().copied());
        check_pages(file, &self.metadata, &unchecked_mask, row_group)?;
        checked.extend(unchecked.into_iter().map(|leaf| (row_group, leaf)));
        Ok(())
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

    /// What a column of the file, or of its folders, is copied as, if there is such a column and it can be copied.
    pub(crate) fn copy_type(&self, column: &str) -> Option<CopyType> {
        match self.schema.field_with_name(column) {
            Ok(field) => CopyType::of_field(field).ok(),
            Err(_) => self.file.partition_value(column).map(|_| CopyType::TEXT),
        }
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

    /// How a needed column is read.
    pub(crate) fn form(&self, column: &str) -> Form {
        self.forms.iter().find(|(name, _)| name == column).map_or(Form::AsIs, |(_, form)| *form)
    }

    /// Rows in the file.
    pub fn rows(&self) -> u64 {
        self.metadata.metadata().file_metadata().num_rows().max(0) as u64
    }
}

/// The rows of a file, batch by batch as they are decoded.
pub struct Batches<'a> {
    /// None once it has failed.
    reader: Option<ParquetRecordBatchReader>,
    asked: Asked<'a>,
    conversions: Conversions,
    /// The columns of folders that are added to each.
    folders: FolderColumns,
}

impl Iterator for Batches<'_> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        let reader = self.reader.as_mut()?;
        let decoded = match guarded(|| reader.next()) {
            Ok(Some(decoded)) => decoded.map_err(|error| error.to_string()),
            Ok(None) if self.asked.next == self.asked.end => return None,
            Ok(None) => Err(format!("{} rows are missing", self.asked.end.saturating_sub(self.asked.next))),
            Err(panic) => Err(panic),
        };

        let batch = decoded.map_err(|why| self.asked.undecodable(&why)).and_then(|batch| self.converted(batch));
        if batch.is_err() {
            self.reader = None;
        }
        Some(batch)
    }
}

impl Batches<'_> {
    fn converted(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let first = self.asked.next;
        self.asked.next += batch.num_rows();
        let batch = self.conversions.apply(batch).map_err(|unfit| {
            let (row_group, row) = self.asked.place(first + unfit.row);
            unfit_value(&self.asked.file.file.path, &unfit.column, row_group, row, &unfit.why)
        })?;
        self.folders.add_to(batch)
    }
}

/// Which rows of a file are being decoded.
struct Asked<'a> {
    file: &'a OpenFile,
    /// Which columns, by their places in the schema.
    columns: Vec<usize>,
    row_groups: Vec<usize>,
    /// Of the rows of these row groups, the next one and the end.
    next: usize,
    end: usize,
}

impl Asked<'_> {
    /// The row group of a row, and its place there.
    fn place(&self, row: usize) -> (usize, usize) {
        let mut row = row;
        for &group in &self.row_groups {
            let rows = self.file.group_rows(group);
            if row < rows {
                return (group, row);
            }
            row -= rows;
        }
        (self.row_groups.last().copied().unwrap_or(0), row)
    }

    /// The error for pages that the decoder does not understand.
    fn undecodable(&self, why: &str) -> Error {
        let path = &self.file.file.path;
        match damage::find(path, &self.file.metadata, &self.columns, &self.row_groups) {
            Some(Damage::Value { column, row_group, row, why }) => unfit_value(path, &column, row_group, row, &why),
            Some(Damage::Pages { column, row_group, why }) => {
                damaged(path, &format!("column `{column}` in row group {row_group} "), &why)
            }
            None => damaged(path, "", why),
        }
    }
}

/// The error for a value that its column should not hold.
fn unfit_value(path: &Path, column: &str, row_group: usize, row: usize, why: &Why) -> Error {
    Error::Contract(format!(
        "{}: column `{column}`, row {row} of row group {row_group} (counted from 0): {why}",
        path.display()
    ))
}

/// The error for a file whose footer is fine but whose pages are not.
fn damaged(path: &Path, place: &str, why: &str) -> Error {
    Error::Contract(format!(
        "{}: {place}cannot be decoded: {}. The file is damaged or still being written; write it again",
        path.display(),
        plain_text(&why)
    ))
}

/// Reads a footer. The Arrow schema that some writers embed is ignored: what counts is what Parquet itself says, so
/// files of different writers read alike. Levels come dictionary-encoded, since they repeat, and string ids as views of
/// the pages, since they hardly do; timestamps of the retired INT96 type come in microseconds, which reach the year
/// 9999, and are of UTC, as the Parquet format says.
pub(super) fn open_file(file: SourceFile, needs: &[Need]) -> Result<OpenFile, String> {
    let path = file.path.display();
    let handle = File::open(&file.path).map_err(|e| format!("{path} cannot be read: {e}"))?;
    let unreadable = |problem: String| match files::stored_otherwise(&file.path) {
        Some(stored) => format!("{path} is not a readable Parquet file: {stored}"),
        None => format!(
            "{path} is not a readable Parquet file: {problem}. It may be truncated, still being written, or of another \
             format; write it again"
        ),
    };
    let bytes = handle.metadata().map_err(|e| format!("{path} cannot be read: {e}"))?.len();
    if bytes < 12 {
        return Err(unreadable(format!("found {bytes} bytes")));
    }

    let roles: HashMap<&str, Role> = needs.iter().rev().map(|need| (need.column.as_str(), need.role)).collect();
    let read = guarded(|| {
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let plain = ArrowReaderMetadata::load(&handle, options.clone()).map_err(|e| plain_text(&e))?;
        check_footer(plain.metadata(), bytes)?;
        let columns = Columns::new(&plain, &roles);
        let metadata = ArrowReaderMetadata::try_new(plain.metadata().clone(), options.with_schema(columns.decoded))
            .map_err(|e| plain_text(&e))?;
        Ok((metadata, columns.stored, columns.forms))
    });
    let (metadata, schema, forms) = read.and_then(|read| read).map_err(unreadable)?;
    let folders = FolderColumns::new(&file, metadata.schema(), needs);
    let ids = ReadIds::of_kind(IdKind::Integer);
    Ok(OpenFile { file, metadata, bytes, schema, forms, checked: Arc::default(), ids, folders })
}

/// Fails where a footer contradicts itself or its file, as that of a damaged file may: what it says decides how much
/// memory is asked for.
fn check_footer(metadata: &ParquetMetaData, bytes: u64) -> Result<(), String> {
    let mut rows = 0i64;
    for (place, group) in metadata.row_groups().iter().enumerate() {
        rows = rows.saturating_add(group.num_rows());
        if group.num_rows() < 0 {
            return Err(format!("row group {place} has {} rows", group.num_rows()));
        }
        for chunk in group.columns() {
            let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
            let end = start.checked_add(chunk.compressed_size());
            let is_within = start >= 0 && chunk.compressed_size() >= 0 && chunk.data_page_offset() >= 0;
            if !is_within || end.and_then(|end| u64::try_from(end).ok()).is_none_or(|end| end > bytes) {
                return Err(format!("column `{}` of row group {place} lies outside the file", chunk.column_path()));
            }
            if chunk.column_descr().max_rep_level() == 0 && chunk.num_values() != group.num_rows() {
                return Err(format!(
                    "row group {place} has {} rows, but its column `{}` {}",
                    group.num_rows(),
                    chunk.column_path(),
                    chunk.num_values()
                ));
            }
        }
    }

    let all = metadata.file_metadata().num_rows();
    if all != rows {
        return Err(format!("its row groups have {rows} rows, but the file {all}"));
    }
    Ok(())
}

/// The columns of a file.
struct Columns {
    /// As it has them.
    stored: SchemaRef,
    /// As they are decoded, by their own types and by what they are needed as.
    decoded: SchemaRef,
    /// What is done to them then.
    forms: Arc<[(String, Form)]>,
}

impl Columns {
    fn new(plain: &ArrowReaderMetadata, roles: &HashMap<&str, Role>) -> Columns {
        let leaves = plain.parquet_schema();
        let mut leaf_of: Vec<Option<usize>> = vec![None; plain.schema().fields().len()];
        for leaf in 0..leaves.num_columns() {
            leaf_of[leaves.get_column_root_idx(leaf)].get_or_insert(leaf);
        }

        let (mut stored, mut decoded, mut forms) = (Vec::new(), Vec::new(), Vec::new());
        for (field, leaf) in plain.schema().fields().iter().zip(leaf_of) {
            let leaf = leaf.map(|leaf| leaves.column(leaf));
            let is_int96 = leaf.as_ref().is_some_and(|leaf| leaf.physical_type() == parquet::basic::Type::INT96);
            let is_uuid = leaf.as_ref().is_some_and(|leaf| leaf.logical_type_ref() == Some(&LogicalType::Uuid));
            // What the file says to be UTF-8 is checked by the decoder, but not what it says to be JSON.
            let is_checked = leaf.as_ref().is_some_and(|leaf| leaf.converted_type() == ConvertedType::UTF8);
            let role = roles.get(field.name().as_str()).copied();

            let mut own = Field::clone(field);
            if is_uuid {
                own = own.with_metadata([(EXTENSION, UUID)]);
            }
            if is_int96 {
                own = own.with_data_type(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
            }

            let is_text = *field.data_type() == DataType::Utf8;
            let form = match role.map(|role| role.verdict(&own)) {
                _ if is_text && !is_checked => Form::Utf8,
                Some(Verdict::Read(form)) => form,
                Some(Verdict::Refused(_)) | None => Form::AsIs,
            };
            if form != Form::AsIs {
                forms.push((field.name().clone(), form));
            }

            let read_as = match (own.data_type(), role) {
                (DataType::Utf8, Some(Role::Text)) if is_checked => levels(DataType::Utf8),
                (DataType::Binary, Some(Role::Text)) => levels(DataType::Binary),
                (DataType::Utf8, Some(Role::Id)) if is_checked => DataType::Utf8View,
                (DataType::Binary, Some(Role::Id)) => DataType::BinaryView,
                (other, _) => other.clone(),
            };
            decoded.push(Field::clone(field).with_data_type(read_as));
            stored.push(own);
        }

        Columns { stored: Arc::new(Schema::new(stored)), decoded: Arc::new(Schema::new(decoded)), forms: forms.into() }
    }
}

/// A dictionary of such values.
fn levels(values: DataType) -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(values))
}

/// A library's message without its own prefixes and without a full stop.
fn plain_text(error: &dyn std::fmt::Display) -> String {
    let mut text = error.to_string();
    for prefix in ["Parquet argument error: ", "Parquet error: ", "Arrow: ", "External: "] {
        text = text.replace(prefix, "");
    }
    text.trim_end_matches('.').to_owned()
}
