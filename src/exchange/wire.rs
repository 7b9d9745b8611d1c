//! The record batches that kernels and engines hand to each other.
//!
//! A packing task returns the columns `bucket`, `piece` and `report`; its report, which is JSON, is a row of its own
//! and has no bucket. A reducing task is given those rows that have a piece, and returns the columns of the feature
//! table, and behind them `churn_report`, which is a row of its own for each bucket.

use crate::error::{Error, Result};
use arrow_array::builder::{BinaryBuilder, Int32Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{new_null_array, Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// The column of reports behind the feature table.
pub const REPORT: &str = "churn_report";

/// The columns of a packing task, as Spark's SQL writes types.
pub const PACKED_DDL: &str = "bucket INT, piece BINARY, report STRING";

/// A row that a packing task returns.
pub(super) enum PackedRow {
    Piece { bucket: u32, bytes: Vec<u8> },
    Report(String),
}

pub(super) fn packed_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("bucket", DataType::Int32, true),
        Field::new("piece", DataType::Binary, true),
        Field::new("report", DataType::Utf8, true),
    ]))
}

pub(super) fn packed_batch(rows: Vec<PackedRow>) -> Result<RecordBatch> {
    let (mut buckets, mut pieces, mut reports) = (Int32Builder::new(), BinaryBuilder::new(), StringBuilder::new());
    for row in rows {
        match row {
            PackedRow::Piece { bucket, bytes } => {
                buckets.append_value(bucket as i32);
                pieces.append_value(bytes);
                reports.append_null();
            }
            PackedRow::Report(text) => {
                buckets.append_null();
                pieces.append_null();
                reports.append_value(text);
            }
        }
    }
    let columns: Vec<ArrayRef> =
        vec![Arc::new(buckets.finish()), Arc::new(pieces.finish()), Arc::new(reports.finish())];
    batch(packed_schema(), columns)
}

/// The pieces of a batch, with their buckets. Rows without a piece are reports of packing tasks.
pub(super) fn received(batch: &RecordBatch) -> Result<Vec<(u32, &[u8])>> {
    let missing = || Error::Internal("pieces come in the columns `bucket` (INT) and `piece` (BINARY)".to_owned());
    let buckets = batch.column_by_name("bucket").and_then(|array| array.as_primitive_opt::<Int32Type>());
    let buckets = buckets.ok_or_else(missing)?;
    let pieces = batch.column_by_name("piece").ok_or_else(missing)?;
    let piece = |row: usize| -> Option<&[u8]> {
        if pieces.is_null(row) {
            return None;
        }
        let short = pieces.as_binary_opt::<i32>().map(|pieces| pieces.value(row));
        short.or_else(|| pieces.as_binary_opt::<i64>().map(|pieces| pieces.value(row)))
    };
    Ok((0..batch.num_rows()).filter_map(|row| Some((buckets.value(row) as u32, piece(row)?))).collect())
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

fn batch(schema: SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    RecordBatch::try_new(schema, columns).map_err(|e| Error::Internal(e.to_string()))
}
