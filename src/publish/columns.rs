//! A table in columns, and its two file formats.

use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::sources::{Ids, Passthrough};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::TimestampMicrosecondArray;
use arrow_array::{Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, LargeStringArray};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::arrow_writer::{compute_leaves, ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory};
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use rayon::prelude::*;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Rows of a part of a large table: those of a row group.
const PART_ROWS: usize = 131_072;

/// Bytes that a column's dictionary may have. Where values hardly repeat, this is how soon it is given up.
const DICTIONARY: usize = 1 << 16;

/// How many rows before its own an id is asked for.
const FETCHED: usize = 16;

/// Which of `count` rows each part of a table has.
fn parts(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(PART_ROWS).map(move |first| first..count.min(first + PART_ROWS))
}

/// Named columns of some rows of a table. Values are made when they are written, from the number of the row.
pub struct Columns<'a> {
    rows: Range<usize>,
    columns: Vec<Column<'a>>,
}

struct Column<'a> {
    field: Field,
    values: Box<dyn Fn() -> ArrayRef + Send + Sync + 'a>,
}

impl<'a> Columns<'a> {
    /// Without any columns yet.
    pub fn for_rows(rows: Range<usize>) -> Columns<'a> {
        Columns { rows, columns: Vec::new() }
    }

    /// The date of every row.
    pub fn day(&mut self, name: &str, day: Day) {
        self.days(name, move |_| Some(day.0));
    }

    /// Dates, as days since 1970-01-01.
    pub fn days(&mut self, name: &str, day: impl Fn(usize) -> Option<i32> + Send + Sync + 'a) {
        self.column::<Date32Array, _>(name, DataType::Date32, day);
    }

    /// Instants, in microseconds since 1970-01-01.
    pub fn instants(&mut self, name: &str, micros: impl Fn(usize) -> Option<i64> + Send + Sync + 'a) {
        self.column::<TimestampMicrosecondArray, _>(name, DataType::Timestamp(TimeUnit::Microsecond, None), micros);
    }

    /// Strings.
    pub fn texts<S: AsRef<str>>(&mut self, name: &str, text: impl Fn(usize) -> Option<S> + Send + Sync + 'a) {
        // Offsets of 64 bits, as texts may come from anybody; files are the same with both.
        self.column::<LargeStringArray, _>(name, DataType::LargeUtf8, text);
    }

    /// Floats; NaN is null.
    pub fn floats(&mut self, name: &str, value: impl Fn(usize) -> f64 + Send + Sync + 'a) {
        let value = move |row| Some(value(row)).filter(|value| !value.is_nan());
        self.column::<Float64Array, _>(name, DataType::Float64, value);
    }

    /// Whole numbers.
    pub fn integers(&mut self, name: &str, value: impl Fn(usize) -> Option<i64> + Send + Sync + 'a) {
        self.column::<Int64Array, _>(name, DataType::Int64, value);
    }

    /// The ids of customers, in the type that they have in the customers table.
    pub fn ids(&mut self, name: &str, ids: &'a Ids, customer: impl Fn(usize) -> u32 + Send + Sync + 'a) {
        match ids {
            Ids::Integer(ids) => self.integers(name, move |row| Some(ids[customer(row) as usize])),
            Ids::Text { .. } => {
                // Ids lie far apart in memory, so they are asked for some rows ahead.
                let place = move |row| customer(row) as usize;
                let last = self.rows.end.saturating_sub(1);
                self.texts(name, move |row| {
                    ids.fetch(place(last.min(row + FETCHED)), place(last.min(row + 2 * FETCHED)));
                    Some(ids.text(place(row)))
                });
            }
        }
    }

    /// A pass-through column, which has all rows of the table.
    pub fn passthrough(&mut self, name: &str, column: &'a Passthrough) {
        match column {
            Passthrough::Text(texts) => self.texts(name, |row| texts[row].as_ref()),
            Passthrough::Integer(values) => self.integers(name, |row| values[row]),
            Passthrough::Float(values) => self.column::<Float64Array, _>(name, DataType::Float64, |row| values[row]),
            Passthrough::Boolean(values) => self.column::<BooleanArray, _>(name, DataType::Boolean, |row| values[row]),
            Passthrough::Date(days) => self.days(name, |row| days[row]),
            Passthrough::Time(micros) => self.instants(name, |row| micros[row]),
        }
    }

    fn column<A, T>(&mut self, name: &str, kind: DataType, value: impl Fn(usize) -> T + Send + Sync + 'a)
    where
        A: Array + FromIterator<T> + 'static,
    {
        let rows = self.rows.clone();
        let values = move || Arc::new(rows.clone().map(&value).collect::<A>()) as ArrayRef;
        self.columns.push(Column { field: Field::new(name, kind, true), values: Box::new(values) });
    }

    pub(super) fn schema(&self) -> Schema {
        Schema::new(self.columns.iter().map(|column| column.field.clone()).collect::<Vec<_>>())
    }

    /// Makes and encodes all columns at the same time.
    fn encode(&self, writers: &ArrowRowGroupWriterFactory, group: usize) -> Result<RowGroup, ParquetError> {
        let writers = writers.create_column_writers(group)?;
        let encode = |(column, mut writer): (&Column, ArrowColumnWriter)| {
            for leaf in compute_leaves(&column.field, &(column.values)())? {
                writer.write(&leaf)?;
            }
            writer.close()
        };
        self.columns.par_iter().zip(writers).with_max_len(1).map(encode).collect()
    }
}

/// A row group in bytes, a chunk a column.
type RowGroup = Vec<ArrowColumnChunk>;

/// Writes a table of so many rows as Parquet, a row group a part. While one is written, all threads make and encode the
/// columns of the next, and no other: two at a time are in memory. The same table gives the same bytes.
///
/// # Errors
/// [`Error::writing`] `path`, and what `part` fails with.
pub fn write_parquet<'a>(
    path: &Path,
    out: impl Write + Send,
    rows: usize,
    part: impl Fn(Range<usize>) -> Result<Columns<'a>> + Sync,
) -> Result<()> {
    let failed = |error: ParquetError| encoding_error(path, error);
    let schema = Arc::new(part(0..0)?.schema());
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_page_size_limit(DICTIONARY)
        .build();
    let columns = ArrowSchemaConverter::new().convert(&schema).map_err(failed)?;
    let mut writer = SerializedFileWriter::new(out, columns.root_schema_ptr(), Arc::new(properties)).map_err(failed)?;
    let writers = ArrowRowGroupWriterFactory::new(&writer, schema);

    let mut append = |group: RowGroup| {
        let mut place = writer.next_row_group()?;
        group.into_iter().try_for_each(|column| column.append_to_row_group(&mut place))?;
        place.close().map(drop)
    };

    let mut before = None;
    for (group, rows) in parts(rows).enumerate() {
        let encode = || part(rows)?.encode(&writers, group).map_err(failed);
        let (appended, encoded) = rayon::join(|| before.take().map_or(Ok(()), &mut append), encode);
        appended.map_err(failed)?;
        before = Some(encoded?);
    }

    before.map_or(Ok(()), &mut append).map_err(failed)?;
    writer.close().map(drop).map_err(failed)
}

/// Writes a table of so many rows as CSV. A text that a spreadsheet would take for a formula gets an apostrophe in front
/// (as OWASP advises against CSV injection): ids, names and whatever is passed through may come from anybody.
///
/// # Errors
/// As [`write_parquet`].
pub fn write_csv<'a>(
    path: &Path,
    out: impl Write,
    rows: usize,
    part: impl Fn(Range<usize>) -> Result<Columns<'a>>,
) -> Result<()> {
    let failed = |error: std::io::Error| Error::writing(path, &error);
    let mut writer = csv::Writer::from_writer(out);
    let header = part(0..0)?.schema();
    let names = header.fields().iter().map(|field| harmless(field.name()));
    writer.write_record(names).map_err(|e| failed(e.into()))?;

    for rows in parts(rows) {
        let part = part(rows)?;
        let columns: Vec<ArrayRef> = part.columns.iter().map(|column| (column.values)()).collect();
        for row in 0..part.rows.len() {
            writer.write_record(columns.iter().map(|column| cell(column, row))).map_err(|e| failed(e.into()))?;
        }
    }

    writer.flush().map_err(failed)
}

/// What went wrong with the file is for the user to solve; anything else is a bug.
pub fn encoding_error(path: &Path, error: ParquetError) -> Error {
    if let ParquetError::External(cause) = &error {
        if let Some(cause) = cause.downcast_ref::<std::io::Error>() {
            return Error::writing(path, cause);
        }
    }
    Error::Internal(format!("cannot encode {}: {error}", path.display()))
}

/// A text that no spreadsheet executes.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn cell(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return String::new();
    }
    match column.data_type() {
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Date32 => Day(column.as_primitive::<Date32Type>().value(row)).to_string(),
        DataType::Timestamp(..) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            jiff::Timestamp::from_microsecond(micros).map(|t| t.to_string()).unwrap_or_default()
        }
        _ => harmless(column.as_string::<i64>().value(row)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use std::fs::File;

    /// Columns of every type, with nulls, in a table of any number of rows.
    fn table<'a>(rows: Range<usize>, ids: &'a Ids, floats: &'a Passthrough, flags: &'a Passthrough) -> Columns<'a> {
        let some = |row: usize| !row.is_multiple_of(3);
        let mut table = Columns::for_rows(rows);
        table.day("as_of", Day(20_605));
        table.ids("customer_id", ids, |row| row as u32 % 4);
        table.days("day", move |row| some(row).then_some(row as i32));
        table.instants("instant", move |row| some(row).then_some(-(row as i64)));
        table.texts("text", move |row| some(row).then(|| format!("text {row}")));
        table.texts("nothing", |_| None::<&str>);
        table.floats("float", move |row| if some(row) { row as f64 / 8.0 } else { f64::NAN });
        table.integers("integer", move |row| some(row).then_some(row as i64 - 5));
        table.passthrough("passed_float", floats);
        table.passthrough("passed_flag", flags);
        table
    }

    fn ids() -> Ids {
        Ids::Text { bytes: "abbcccd".to_owned(), ends: vec![1, 3, 6, 7] }
    }

    fn passed(rows: usize) -> (Passthrough, Passthrough) {
        let floats = (0..rows).map(|row| [Some(f64::NAN), None, Some(1.0)][row % 3]).collect();
        let flags = (0..rows).map(|row| [Some(true), None, Some(false)][row % 3]).collect();
        (Passthrough::Float(floats), Passthrough::Boolean(flags))
    }

    fn written(rows: usize) -> Vec<u8> {
        let (ids, (floats, flags)) = (ids(), passed(rows));
        let mut bytes = Vec::new();
        let part = |rows| Ok(table(rows, &ids, &floats, &flags));
        write_parquet(Path::new("t.parquet"), &mut bytes, rows, part).unwrap();
        bytes
    }

    fn read(rows: usize) -> ParquetRecordBatchReaderBuilder<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&written(rows)).unwrap();
        ParquetRecordBatchReaderBuilder::try_new(file).unwrap()
    }

    #[test]
    fn what_is_written_as_parquet_is_read_again() {
        let rows = 2 * PART_ROWS + 7;
        let (ids, (floats, flags)) = (ids(), passed(rows));
        let reader = read(rows);
        let groups: Vec<i64> = reader.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
        assert_eq!(groups, [PART_ROWS as i64, PART_ROWS as i64, 7]);
        assert!(reader.metadata().file_metadata().key_value_metadata().is_none());

        // Readers prune by these.
        let bounded =
            |group: usize| reader.metadata().row_group(group).columns().iter().map(|c| c.statistics().is_some());
        assert!((0..3).flat_map(bounded).all(|has| has));
        let types: Vec<String> = reader.schema().fields().iter().map(|field| field.data_type().to_string()).collect();
        let micros = "Timestamp(µs)";
        let expected = ["Date32", "Utf8", "Date32", micros, "Utf8", "Utf8", "Float64", "Int64", "Float64", "Boolean"];
        assert_eq!(types, expected);
        assert!(reader.schema().fields().iter().all(|field| field.is_nullable()));
        let mut first = 0;

        for batch in reader.with_batch_size(10_000).build().unwrap() {
            let batch = batch.unwrap();
            let expected = table(first..first + batch.num_rows(), &ids, &floats, &flags);
            for (found, expected) in batch.columns().iter().zip(&expected.columns) {
                let expected = (expected.values)();
                for row in 0..batch.num_rows() {
                    assert_eq!(found.is_null(row), expected.is_null(row), "row {}", first + row);
                    let found = match found.data_type() {
                        DataType::Utf8 if found.is_null(row) => String::new(),
                        DataType::Utf8 => found.as_string::<i32>().value(row).to_owned(),
                        _ => cell(found, row),
                    };
                    assert_eq!(found, cell(&expected, row), "row {}", first + row);
                }
            }
            first += batch.num_rows();
        }

        assert_eq!(first, rows);
    }

    #[test]
    fn the_number_of_threads_changes_no_byte() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| written(PART_ROWS + 1))
        };
        assert!(with(1) == with(4));
    }

    #[test]
    fn a_table_without_rows_has_its_columns() {
        let reader = read(0);
        assert_eq!((reader.schema().fields().len(), reader.metadata().file_metadata().num_rows()), (10, 0));
        let mut text = Vec::new();
        let part = |rows| {
            let mut table = Columns::for_rows(rows);
            table.integers("rank", |row| Some(row as i64));
            Ok(table)
        };
        write_csv(Path::new("t.csv"), &mut text, 0, part).unwrap();
        assert_eq!(text, b"rank\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_may_pass_and_is_named() {
        let part = |rows| {
            let mut table = Columns::for_rows(rows);
            table.integers("rank", |row| Some(row as i64));
            Ok(table)
        };
        let (path, full) = (Path::new("lists/t"), || File::options().write(true).open("/dev/full").unwrap());
        for error in [
            write_parquet(path, full(), PART_ROWS + 1, part).unwrap_err(),
            write_csv(path, full(), PART_ROWS + 1, part).unwrap_err(),
        ] {
            assert!(error.exit_code() == 75 && error.to_string().contains("lists/t"), "{error}");
        }
    }

    #[test]
    fn a_part_that_cannot_be_made_ends_the_writing() {
        let part = |rows: Range<usize>| match rows.start {
            0 => Ok(Columns::for_rows(rows)),
            _ => Err(Error::Temporary("cannot read the scratch file".to_owned())),
        };
        let error = write_parquet(Path::new("t"), Vec::new(), 3 * PART_ROWS, part).unwrap_err();
        assert_eq!(error.to_string(), "cannot read the scratch file");
    }

    #[test]
    fn cells_that_a_spreadsheet_would_execute_are_neutralised() {
        let names = [Some("=1+1"), Some("@SUM(A1)"), Some("-2"), Some("a,\"b\"\n"), None];
        let values = [-0.5, f64::NAN, 1.0, 1e-9, 0.1];
        let mut text = Vec::new();
        let part = |rows| {
            let mut table = Columns::for_rows(rows);
            table.texts("=name", |row| names[row]);
            table.floats("x", |row| values[row]);
            table.day("as_of", Day(1));
            Ok(table)
        };
        write_csv(Path::new("t.csv"), &mut text, 5, part).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "'=name,x,as_of\n'=1+1,-0.5,1970-01-02\n'@SUM(A1),,1970-01-02\n'-2,1,1970-01-02\n\
             \"a,\"\"b\"\"\n\",0.000000001,1970-01-02\n,0.1,1970-01-02\n"
        );
    }
}
