//! The feature table as a file: `customer_id`, `as_of`, the features, the categoricals, and `churned` if asked for.

use super::columns::{self, Columns};
use crate::dataset::{Dataset, Place};
use crate::error::{Error, Result};
use crate::published::Content;
use crate::sources::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A row of the table and where it lies, in the order of the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct FileRow {
    as_of: u32,
    customer: u32,
    place: Place,
}

/// Writes the rows in the order of as-of dates, then ids. Returns how many there are.
pub fn write(path: &Path, dataset: &Dataset, labels: bool) -> Result<usize> {
    let file_rows = in_order(dataset);
    let failed = |e: std::io::Error| Error::writing(path, &e);
    let file = File::create(path).map_err(failed)?;
    columns::write_parquet(path, &file, file_rows.len(), |rows| part(rows, &file_rows, dataset, labels))?;
    file.sync_all().map_err(failed)?;
    Ok(file_rows.len())
}

/// The rows in the same order, in memory.
///
/// # Errors
/// When features that lie on disk cannot be read.
pub fn batch(dataset: &Dataset, labels: bool) -> Result<RecordBatch> {
    let file_rows = in_order(dataset);
    let table = part(0..file_rows.len(), &file_rows, dataset, labels)?;
    table.batch()
}

/// Rows of a row group of a table that is written batch by batch.
const GROUP_ROWS: usize = 1 << 16;

/// A part of a table that is made batch by batch, as a file.
pub struct PartWriter {
    path: PathBuf,
    writer: ArrowWriter<File>,
    rows: u64,
}

impl PartWriter {
    /// For batches like those of [`batch`]; `file` is a new one at this path.
    ///
    /// # Errors
    /// Those of writing.
    pub fn new(path: &Path, file: File, schema: SchemaRef) -> Result<PartWriter> {
        let properties =
            columns::properties(Some(Content::Features)).set_max_row_group_row_count(Some(GROUP_ROWS)).build();
        // What counts is what Parquet itself says.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(file, schema, options)
            .map_err(|error| columns::encoding_error(path, error))?;
        Ok(PartWriter { path: path.to_owned(), writer, rows: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.rows += rows.num_rows() as u64;
        self.writer.write(rows).map_err(|error| columns::encoding_error(&self.path, error))
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the file, which is on disk then, and returns its size.
    ///
    /// # Errors
    /// Those of writing.
    pub fn close(self) -> Result<u64> {
        let file = self.writer.into_inner().map_err(|error| columns::encoding_error(&self.path, error))?;
        let size = file.sync_all().and_then(|()| file.metadata());
        size.map(|file| file.len()).map_err(|error| Error::writing(&self.path, &error))
    }
}

/// The rows in the order of as-of dates, then ids.
fn in_order(dataset: &Dataset) -> Vec<FileRow> {
    let mut file_rows: Vec<FileRow> = Vec::with_capacity(dataset.rows());
    for (index, block) in (0u32..).zip(&dataset.blocks) {
        let rows = (0u32..).zip(block.as_of.iter().zip(&block.customers));
        file_rows.extend(rows.map(|(row, (&as_of, &customer))| FileRow {
            as_of,
            customer,
            place: Place { block: index, row },
        }));
    }
    file_rows.sort_unstable();
    file_rows
}

fn part<'a>(rows: Range<usize>, file_rows: &'a [FileRow], dataset: &'a Dataset, labels: bool) -> Result<Columns<'a>> {
    let (first, count) = (rows.start, rows.len());
    let gathered: Vec<Place> = file_rows[rows.clone()].iter().map(|row| row.place).collect();
    let values = Arc::new(dataset.gather(&gathered)?);
    let customer = |row: usize| file_rows[row].customer;

    let mut table = Columns::for_rows(rows);
    table.mark(Content::Features);
    table.ids("customer_id", &dataset.customers.ids, customer);
    table.days("as_of", |row| Some(dataset.as_of[file_rows[row].as_of as usize].0));
    for (index, feature) in dataset.catalogue.numeric.iter().enumerate() {
        let values = values.clone();
        table.floats(&feature.name, move |row| f64::from(values[index * count + row - first]));
    }
    for (name, levels) in dataset.catalogue.categorical.iter().zip(&dataset.customers.categorical) {
        table.texts(name, move |row| levels.get(customer(row) as usize));
    }
    if labels {
        table.integers("churned", |row| {
            let (block, row) = dataset.at(file_rows[row].place);
            block.label(row).map(i64::from)
        });
    }
    Ok(table)
}
