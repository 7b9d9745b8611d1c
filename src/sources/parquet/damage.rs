//! What is wrong with a file that cannot be decoded, and where: each column of each row group is tried by itself. This
//! happens once a run, when it is about to stop, so it may take its time.

use super::guard::guarded;
use super::page_header::check_pages;
use crate::sources::contract::convert::Why;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::arrow::ProjectionMask;
use parquet::basic::ConvertedType;
use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
use std::path::Path;

/// Rows decoded at a time.
const BATCH_ROWS: usize = 8192;

/// Where a file is damaged, or a text is none.
pub(super) enum Damage {
    /// A column of a row group cannot be decoded.
    Pages { column: String, row_group: usize, why: String },
    /// A value of a column of texts.
    Value { column: String, row_group: usize, row: usize, why: Why },
}

/// The first damage in some columns, by their places in the schema, of some row groups.
pub(super) fn find(
    path: &Path,
    metadata: &ArrowReaderMetadata,
    columns: &[usize],
    row_groups: &[usize],
) -> Option<Damage> {
    for &row_group in row_groups {
        for &column in columns {
            let Err(why) = decode(path, metadata, column, row_group) else { continue };
            let name = metadata.schema().field(column).name().clone();
            return Some(match first_not_text(path, metadata, column, row_group) {
                Some((row, why)) => Damage::Value { column: name, row_group, row, why },
                None => Damage::Pages { column: name, row_group, why },
            });
        }
    }
    None
}

/// Decodes a column of a row group and forgets it.
fn decode(path: &Path, metadata: &ArrowReaderMetadata, column: usize, row_group: usize) -> Result<(), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let expected = usize::try_from(metadata.metadata().row_group(row_group).num_rows()).unwrap_or(0);
    let decoded = guarded(|| {
        let columns = ProjectionMask::roots(metadata.parquet_schema(), [column]);
        check_pages(&file, metadata, &columns, row_group)?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone())
            .with_projection(columns)
            .with_row_groups(vec![row_group])
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|error| error.to_string())?;
        let mut rows = 0;
        for batch in reader {
            rows += batch.map_err(|error| error.to_string())?.num_rows();
        }
        Ok(rows)
    });

    match decoded.and_then(|rows| rows) {
        Ok(rows) if rows == expected => Ok(()),
        Ok(rows) => Err(format!("found {rows} rows, expected {expected}")),
        Err(why) => Err(why),
    }
}

/// The first value of a column of texts that is none, if its pages can be decoded at all.
fn first_not_text(
    path: &Path,
    metadata: &ArrowReaderMetadata,
    column: usize,
    row_group: usize,
) -> Option<(usize, Why)> {
    let schema = metadata.parquet_schema();
    let leaf = (0..schema.num_columns()).find(|&leaf| schema.get_column_root_idx(leaf) == column)?;
    if schema.column(leaf).converted_type() != ConvertedType::UTF8 {
        return None;
    }

    let most = schema.column(leaf).max_def_level();
    let file = File::open(path).ok()?;
    guarded(|| {
        let group = SerializedFileReader::new(file).ok()?;
        let group = group.get_row_group(row_group).ok()?;
        let ColumnReader::ByteArrayColumnReader(mut reader) = group.get_column_reader(leaf).ok()? else { return None };

        let (mut values, mut levels): (Vec<ByteArray>, Vec<i16>) = (Vec::new(), Vec::new());
        let mut first = 0;
        loop {
            values.clear();
            levels.clear();
            let (rows, found, _) = reader.read_records(BATCH_ROWS, Some(&mut levels), None, &mut values).ok()?;
            if rows == 0 {
                return None;
            }

            // A column without nulls has no levels.
            let present = (0..rows).filter(|&row| levels.get(row).is_none_or(|&level| level == most));
            let rows_of_values: Vec<usize> = present.take(found).collect();
            for (&row, value) in rows_of_values.iter().zip(&values) {
                if std::str::from_utf8(value.data()).is_err() {
                    return Some((first + row, Why::of_bytes(value.data())));
                }
            }
            first += rows;
        }
    })
    .ok()?
}
