//! Published tables as frames of polars.

use crate::sources;
use polars::prelude::*;
use std::fs::File;
use std::path::Path;

/// The names of a table's columns.
///
/// # Errors
/// When the file cannot be read, or is damaged.
pub fn columns_of(path: &Path) -> PolarsResult<Vec<String>> {
    guarded(|| {
        let schema = ParquetReader::new(File::open(path)?).schema()?;
        Ok(schema.iter_names().map(|name| name.to_string()).collect())
    })
}

/// Some columns of a table.
///
/// # Errors
/// When the file cannot be read, is damaged, or lacks one of the columns.
pub fn read(path: &Path, columns: &[&str]) -> PolarsResult<DataFrame> {
    read_first(path, columns, None)
}

/// As [`read`], of so many rows from the first on, or of all of them.
///
/// # Errors
/// As [`read`].
pub fn read_first(path: &Path, columns: &[&str], rows: Option<usize>) -> PolarsResult<DataFrame> {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    let slice = rows.map(|rows| (0, rows));
    guarded(|| ParquetReader::new(File::open(path)?).with_columns(Some(columns)).with_slice(slice).finish())
}

/// Reads a file, which a decoder may panic on if it is damaged.
fn guarded<T>(read: impl FnOnce() -> PolarsResult<T>) -> PolarsResult<T> {
    sources::parquet::guard::guarded(read)
        .unwrap_or_else(|why| Err(PolarsError::ComputeError(format!("it is damaged: {why}").into())))
}
