//! Published tables as frames of polars: of one file, or of a folder of parts.

use super::parts;
use crate::sources;
use polars::prelude::*;
use std::fs::File;
use std::path::Path;

/// The names of a table's columns.
///
/// # Errors
/// When a file cannot be read, or is damaged.
pub fn columns_of(path: &Path) -> PolarsResult<Vec<String>> {
    guarded(|| {
        let files = parts::files(path)?;
        let schema = ParquetReader::new(File::open(&files[0])?).schema()?;
        Ok(schema.iter_names().map(|name| name.to_string()).collect())
    })
}

/// Some columns of a table.
///
/// # Errors
/// When a file cannot be read, is damaged, or lacks one of the columns.
pub fn read(path: &Path, columns: &[&str]) -> PolarsResult<DataFrame> {
    read_first(path, columns, None)
}

/// As [`read`], of so many rows from the first on, or of all of them.
///
/// # Errors
/// As [`read`].
pub fn read_first(path: &Path, columns: &[&str], rows: Option<usize>) -> PolarsResult<DataFrame> {
    let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    guarded(|| {
        let mut table = DataFrame::empty();
        for (number, file) in parts::files(path)?.iter().enumerate() {
            let slice = rows.map(|rows| (0, rows - table.height()));
            let reader = ParquetReader::new(File::open(file)?).with_columns(Some(columns.clone()));
            let part = reader.with_slice(slice).finish()?;
            if number == 0 {
                table = part;
            } else {
                table.vstack_mut(&part)?;
            }
            if rows == Some(table.height()) {
                break;
            }
        }
        Ok(table)
    })
}

/// Reads a file, which a decoder may panic on if it is damaged.
fn guarded<T>(read: impl FnOnce() -> PolarsResult<T>) -> PolarsResult<T> {
    sources::parquet::guard::guarded(read)
        .unwrap_or_else(|why| Err(PolarsError::ComputeError(format!("it is damaged: {why}").into())))
}
