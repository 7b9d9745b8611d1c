//! A published table, read back.

use crate::error::{Error, Result};
use crate::publish::parts;
use crate::sources::copied::text::{flat, text};
use crate::sources::parquet::guard::guarded;
use crate::sources::{CopiedColumn, CopyType, Ids};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchReader, UInt32Array};
use arrow_schema::{ArrowError, DataType, FieldRef, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::ProjectionMask;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that are decoded at a time.
const BATCH_ROWS: usize = 65_536;

/// The columns of a published table, whole.
pub struct Table {
    rows: usize,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    kind: CopyType,
    values: ArrayRef,
}

impl Table {
    /// Reads a table, which is a file or a folder of parts.
    ///
    /// # Errors
    /// [`Error::Contract`] for a file that is missing or damaged.
    pub fn read(path: &Path) -> Result<Table> {
        Table::read_wanted(path, &|_| true)
    }

    /// Reads those of some columns that a table has.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read_columns(path: &Path, names: &[&str]) -> Result<Table> {
        Table::read_wanted(path, &|name| names.contains(&name))
    }

    fn read_wanted(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Table> {
        let damaged = |why: String| {
            Error::Contract(format!(
                "the published table {} cannot be read: {why}. Score that date again, with \"parquet\" and \"html\" in \
                 publish.formats",
                path.display()
            ))
        };
        let files = parts::files(path).map_err(|e| damaged(e.to_string()))?;
        let whole = guarded(|| whole(&files, wanted)).map_err(damaged)?.map_err(|e| damaged(e.to_string()))?;

        let schema = whole.schema();
        let column = |(field, values): (&FieldRef, &ArrayRef)| Column {
            name: field.name().clone(),
            kind: CopyType::of_field(field).unwrap_or(CopyType::TEXT),
            values: flat(values.clone()),
        };
        Ok(Table { rows: whole.num_rows(), columns: schema.fields().iter().zip(whole.columns()).map(column).collect() })
    }

    /// Some of its rows.
    ///
    /// # Errors
    /// [`Error::Internal`] for a row that it has not.
    pub fn part(&self, rows: &[u32]) -> Result<Table> {
        let places = UInt32Array::from(rows.to_vec());
        let column = |column: &Column| {
            let values = take(&column.values, &places, None).map_err(|e| Error::Internal(e.to_string()))?;
            Ok(Column { name: column.name.clone(), kind: column.kind.clone(), values })
        };
        Ok(Table { rows: rows.len(), columns: self.columns.iter().map(column).collect::<Result<_>>()? })
    }

    /// Its columns, to be written again.
    pub fn to_copied(&self) -> Vec<CopiedColumn> {
        let columns = self.columns.iter();
        let copied = columns.map(|Column { name, kind, values }| CopiedColumn {
            name: name.clone(),
            kind: kind.clone(),
            values: values.clone(),
        });
        copied.collect()
    }

    /// Its rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The names of its columns, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// A column that may be there.
    pub fn find(&self, name: &str) -> Option<Cells<'_>> {
        self.columns.iter().find(|column| column.name == name).map(Cells)
    }

    /// A column that has to be there.
    ///
    /// # Errors
    /// [`Error::Contract`] when it is not: a table of another version of the program.
    pub fn column(&self, name: &str) -> Result<Cells<'_>> {
        self.find(name).ok_or_else(|| {
            Error::Contract(format!(
                "a published table has no column `{name}`: another version of the program wrote it. Score that date \
                 again"
            ))
        })
    }
}

/// All rows of some files, of the wanted columns.
fn whole(files: &[PathBuf], wanted: &dyn Fn(&str) -> bool) -> std::result::Result<RecordBatch, ArrowError> {
    let (mut schema, mut batches): (Option<SchemaRef>, Vec<RecordBatch>) = (None, Vec::new());
    for file in files {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(file)?)?.with_batch_size(BATCH_ROWS);
        let fields = builder.schema().fields().iter().enumerate();
        let places: Vec<usize> = fields.filter(|(_, field)| wanted(field.name())).map(|(place, _)| place).collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), places);
        let reader = builder.with_projection(mask).build()?;

        let first = schema.get_or_insert_with(|| reader.schema());
        if first.fields() != reader.schema().fields() {
            let why = format!("{} has other columns than the part before it", file.display());
            return Err(ArrowError::SchemaError(why));
        }
        for batch in reader {
            batches.push(batch?);
        }
    }
    concat_batches(&schema.unwrap_or_else(|| Arc::new(Schema::empty())), &batches)
}

/// The cells of a column.
#[derive(Clone, Copy)]
pub struct Cells<'a>(&'a Column);

impl Cells<'_> {
    /// A number, if there is one.
    pub fn number(&self, row: usize) -> Option<f64> {
        let values = &self.0.values;
        if values.is_null(row) {
            return None;
        }
        match values.data_type() {
            DataType::Float64 => Some(values.as_primitive::<Float64Type>().value(row)),
            DataType::Int64 => Some(values.as_primitive::<Int64Type>().value(row) as f64),
            _ => None,
        }
        .filter(|value| value.is_finite())
    }

    /// A number that a spreadsheet shows as it is written here, if there is one: it keeps 15 digits.
    pub fn exact(&self, row: usize) -> Option<f64> {
        const DIGITS: usize = 15;
        let kind = self.0.values.data_type();
        if *kind == DataType::Float64 {
            return self.number(row);
        }

        let text = self.text(row).filter(|_| kind.is_numeric())?;
        let digits = text.chars().filter(char::is_ascii_digit).skip_while(|&digit| digit == '0').count();
        let number = text.parse().ok().filter(|number: &f64| number.is_finite())?;
        (digits <= DIGITS || kind.is_floating()).then_some(number)
    }

    /// Whether it is best shown as numbers: as integers and decimals if all are [exact](Cells::exact), lest some of a
    /// column are numbers and others texts.
    pub fn holds_numbers(&self) -> bool {
        let values = &self.0.values;
        let mut filled = (0..values.len()).filter(|&row| !values.is_null(row)).peekable();
        match values.data_type() {
            kind if kind.is_floating() => filled.any(|row| self.exact(row).is_some()),
            kind if kind.is_numeric() => filled.peek().is_some() && filled.all(|row| self.exact(row).is_some()),
            _ => false,
        }
    }

    /// Whether it is a column of integers.
    pub fn holds_integers(&self) -> bool {
        self.0.values.data_type().is_integer()
    }

    /// The place of a customer in a table whose ids are these, whether they are texts or integers here and there.
    pub fn customer(&self, row: usize, ids: &Ids) -> Option<usize> {
        let values = &self.0.values;
        match (ids, values.as_primitive_opt::<Int64Type>()) {
            (Ids::Integer(_), Some(here)) if here.is_valid(row) => ids.find_integer(here.value(row)),
            _ => self.plain_text(row).map_or_else(|| ids.find(&self.text(row)?), |id| ids.find(id)),
        }
    }

    /// A text that stands in the column as such, if there is one.
    pub fn plain_text(&self, row: usize) -> Option<&str> {
        let values = &self.0.values;
        if values.is_null(row) {
            return None;
        }
        match values.data_type() {
            DataType::Utf8 => Some(values.as_string::<i32>().value(row)),
            DataType::LargeUtf8 => Some(values.as_string::<i64>().value(row)),
            DataType::Utf8View => Some(values.as_string_view().value(row)),
            _ => None,
        }
    }

    /// A flag, if there is one.
    pub fn flag(&self, row: usize) -> Option<bool> {
        let values = self.0.values.as_boolean_opt()?;
        (!values.is_null(row)).then(|| values.value(row))
    }

    /// The cell as it is written, if there is anything in it.
    pub fn text(&self, row: usize) -> Option<String> {
        text(&self.0.kind, self.0.values.as_ref(), row)
    }

    /// Whether no cell has anything in it.
    pub fn is_empty(&self) -> bool {
        self.0.values.null_count() == self.0.values.len()
    }
}
