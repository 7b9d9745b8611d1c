//! The record batches that kernels and engines hand to each other.
//!
//! A packing task returns the columns `bucket`, `source`, `piece` and `report`; its report, which is JSON, is a row of
//! its own and has no bucket. A reducing task is given those rows that have a piece, and returns the columns of the
//! feature table, and behind them `churn_report`, which is a row of its own for each bucket. For a list it returns
//! `piece`, rows of features as bytes, `churn_report`, and `list_report`, which is a row of its own for each task. One
//! that writes the rows to a file itself returns `churn_report` and `file_report` alone. In the column `piece` there may
//! be the [place](super::piece_file) of a piece instead.

use super::piece_file::piece_of;
use crate::error::{Error, Result};
use arrow_array::builder::{BinaryBuilder, Int32Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{new_null_array, Array, ArrayRef, RecordBatch, StringArray};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

/// The column of reports behind the feature table.
pub const REPORT: &str = "churn_report";

/// The columns of a packing task, as Spark's SQL writes types.
pub const PACKED_DDL: &str = "bucket INT, source INT, piece BINARY, report STRING";

/// The column of what tasks report for a list.
pub const LIST_REPORT: &str = "list_report";

/// The column of what tasks report of files that they have written.
const FILE_REPORT: &str = "file_report";

/// A row that a packing task returns.
pub(super) enum PackedRow {
    Piece { bucket: u32, source: u16, bytes: Vec<u8> },
    Report(String),
}

pub(super) fn packed_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("bucket", DataType::Int32, true),
        Field::new("source", DataType::Int32, true),
        Field::new("piece", DataType::Binary, true),
        Field::new("report", DataType::Utf8, true),
    ]))
}

pub(super) fn packed_batch(rows: Vec<PackedRow>) -> Result<RecordBatch> {
    let (mut buckets, mut sources) = (Int32Builder::new(), Int32Builder::new());
    let (mut pieces, mut reports) = (BinaryBuilder::new(), StringBuilder::new());
    for row in rows {
        match row {
            PackedRow::Piece { bucket, source, bytes } => {
                buckets.append_value(bucket as i32);
                sources.append_value(i32::from(source));
                pieces.append_value(bytes);
                reports.append_null();
            }
            PackedRow::Report(text) => {
                buckets.append_null();
                sources.append_null();
                pieces.append_null();
                reports.append_value(text);
            }
        }
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(buckets.finish()),
        Arc::new(sources.finish()),
        Arc::new(pieces.finish()),
        Arc::new(reports.finish()),
    ];
    batch(packed_schema(), columns)
}

/// The pieces of a batch, with their buckets. Rows without a piece are reports of packing tasks.
pub(super) fn received(batch: &RecordBatch) -> Result<impl Iterator<Item = Result<(u32, Cow<'_, [u8]>)>>> {
    let missing = || Error::Internal("pieces come in the columns `bucket` (INT) and `piece` (BINARY)".to_owned());
    let buckets = batch.column_by_name("bucket").and_then(|array| array.as_primitive_opt::<Int32Type>());
    let buckets = buckets.ok_or_else(missing)?;
    let pieces = batch.column_by_name("piece").ok_or_else(missing)?;
    Ok((0..batch.num_rows()).filter_map(|row| {
        let piece = piece(pieces, row)?;
        Some(piece.map(|piece| (buckets.value(row) as u32, piece)))
    }))
}

/// The piece of a row, read from its file if it lies in one: no earlier than it is asked for, as all of a batch may be
/// more than a task can hold.
fn piece(pieces: &ArrayRef, row: usize) -> Option<Result<Cow<'_, [u8]>>> {
    if pieces.is_null(row) {
        return None;
    }
    let short = pieces.as_binary_opt::<i32>().map(|pieces| pieces.value(row));
    short.or_else(|| pieces.as_binary_opt::<i64>().map(|pieces| pieces.value(row))).map(piece_of)
}

/// The pieces of a batch, wherever they are from.
pub(super) fn pieces(batch: &RecordBatch) -> impl Iterator<Item = Result<Cow<'_, [u8]>>> {
    let pieces = batch.column_by_name("piece");
    pieces.into_iter().flat_map(|pieces| (0..pieces.len()).filter_map(move |row| piece(pieces, row)))
}

/// The texts of a column of reports.
pub(super) fn texts<'a>(batch: &'a RecordBatch, column: &str) -> impl Iterator<Item = &'a str> {
    let texts = batch.column_by_name(column);
    texts.into_iter().flat_map(|texts| {
        let text = |row: usize| -> Option<&'a str> {
            if texts.is_null(row) {
                return None;
            }
            let short = texts.as_string_opt::<i32>().map(|texts| texts.value(row));
            short.or_else(|| texts.as_string_opt::<i64>().map(|texts| texts.value(row)))
        };
        (0..texts.len()).filter_map(text)
    })
}

/// What a reducing task returns for a list.
pub(super) enum ListRow {
    /// Rows of features.
    Piece(Vec<u8>),
    /// The report of a bucket.
    Bucket(String),
    /// That of the task.
    Task(String),
}

pub(super) fn list_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("piece", DataType::Binary, true),
        Field::new(REPORT, DataType::Utf8, true),
        Field::new(LIST_REPORT, DataType::Utf8, true),
    ]))
}

pub(super) fn list_batch(rows: &[ListRow]) -> Result<RecordBatch> {
    let (mut pieces, mut buckets, mut tasks) = (BinaryBuilder::new(), StringBuilder::new(), StringBuilder::new());
    for row in rows {
        let (mut piece, mut bucket, mut task) = (None, None, None);
        match row {
            ListRow::Piece(bytes) => piece = Some(bytes),
            ListRow::Bucket(text) => bucket = Some(text),
            ListRow::Task(text) => task = Some(text),
        }
        pieces.append_option(piece);
        buckets.append_option(bucket);
        tasks.append_option(task);
    }
    batch(list_schema(), vec![Arc::new(pieces.finish()), Arc::new(buckets.finish()), Arc::new(tasks.finish())])
}

/// The columns of a reducing task that writes its rows to a file itself, as Spark's SQL writes types: the report of
/// each bucket, and one of the file.
pub const WRITTEN_DDL: &str = "churn_report STRING, file_report STRING";

pub(super) fn written_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![text(REPORT), text(FILE_REPORT)]))
}

/// A row with the report of a bucket, or of a file.
pub(super) fn written_batch(bucket: Option<String>, file: Option<String>) -> Result<RecordBatch> {
    let text = |text: Option<String>| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
    batch(written_schema(), vec![text(bucket), text(file)])
}

/// What a reducing task returns for a bucket: its rows, and a row with its report.
pub(super) fn reduced_batches(rows: &RecordBatch, report: String) -> Result<Vec<RecordBatch>> {
    let schema = reduced_schema(rows);
    let mut columns = rows.columns().to_vec();
    columns.push(new_null_array(&DataType::Utf8, rows.num_rows()));
    let mut reported: Vec<ArrayRef> =
        rows.columns().iter().map(|column| new_null_array(column.data_type(), 1)).collect();
    reported.push(Arc::new(StringArray::from(vec![report])));

    let mut batches = Vec::with_capacity(2);
    if rows.num_rows() > 0 {
        batches.push(batch(schema.clone(), columns)?);
    }
    batches.push(batch(schema, reported)?);
    Ok(batches)
}

pub(super) fn reduced_schema(rows: &RecordBatch) -> SchemaRef {
    let schema = rows.schema_ref();
    let own = Arc::new(Field::new(REPORT, DataType::Utf8, true));
    Arc::new(Schema::new(schema.fields().iter().cloned().chain([own]).collect::<Vec<_>>()))
}

/// The record batches of a file that holds a stream of them.
///
/// # Errors
/// [`Error::Temporary`] when it cannot be read, and for batches that are damaged.
pub(super) fn batches(path: &Path) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let shown = path.display().to_string();
    let damaged = move |error: ArrowError| {
        Error::Temporary(format!("{shown} holds no whole stream of Arrow record batches: {error}; run again"))
    };
    let file = File::open(path).map_err(|error| damaged(error.into()))?;
    let reader = StreamReader::try_new(BufReader::with_capacity(1 << 20, file), None).map_err(&damaged)?;
    Ok(reader.map(move |batch| batch.map_err(&damaged)))
}

fn batch(schema: SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    RecordBatch::try_new(schema, columns).map_err(|e| Error::Internal(e.to_string()))
}
