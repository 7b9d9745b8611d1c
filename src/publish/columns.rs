//! A table in columns, and its two file formats.

use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::parallel;
use crate::published::{Content, MARK};
use crate::sources::copied::text;
use crate::sources::{CopiedColumn, CopyType, Ids};
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int32Array, Int64Array};
use arrow_array::{LargeStringArray, RecordBatch, StringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::{DataType, Field, Schema};
use csv::{Terminator, WriterBuilder};
use parquet::arrow::arrow_writer::{compute_leaves, ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory};
use parquet::arrow::{add_encoded_arrow_schema_to_metadata, ArrowSchemaConverter};
use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type, TypePtr};
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

/// Which of `count` rows each file of a folder of parts has: those of a row group. A table without rows has one file.
pub(super) fn file_parts(count: usize) -> impl Iterator<Item = Range<usize>> {
    parts(count).chain((count == 0).then_some(0..0))
}

/// Named columns of some rows of a table. Values are made when they are written, from the number of the row.
pub struct Columns<'a> {
    rows: Range<usize>,
    content: Option<Content>,
    columns: Vec<Column<'a>>,
}

struct Column<'a> {
    field: Field,
    /// What a cell says of a value.
    kind: CopyType,
    values: Box<dyn Fn() -> ArrayRef + Send + Sync + 'a>,
}

impl<'a> Columns<'a> {
    /// Without any columns yet.
    pub fn for_rows(rows: Range<usize>) -> Columns<'a> {
        Columns { rows, content: None, columns: Vec::new() }
    }

    /// Says what the table is: its file tells it to whoever takes it for a source.
    pub fn mark(&mut self, content: Content) {
        self.content = Some(content);
    }

    /// The date of every row, as the text that the folder of the date says. Text in a dictionary is what pyarrow, and
    /// with it pandas, makes of folders: only so do several files with such a column read as one.
    pub fn folder_day(&mut self, name: &str, day: Day) {
        let rows = self.rows.len();
        let values = move || {
            let keys = Int32Array::from_value(0, rows);
            let text = StringArray::from(vec![day.to_string()]);
            Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(text))) as ArrayRef
        };
        let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        self.columns.push(Column {
            field: Field::new(name, kind, true),
            kind: CopyType::TEXT,
            values: Box::new(values),
        });
    }

    /// Dates, as days since 1970-01-01.
    pub fn days(&mut self, name: &str, day: impl Fn(usize) -> Option<i32> + Send + Sync + 'a) {
        self.column::<Date32Array, _>(name, DataType::Date32, Box::new(day));
    }

    /// Strings.
    pub fn texts<S: AsRef<str> + 'a>(&mut self, name: &str, text: impl Fn(usize) -> Option<S> + Send + Sync + 'a) {
        // Offsets of 64 bits, as texts may come from anybody; files are the same with both.
        self.column::<LargeStringArray, Option<S>>(name, DataType::LargeUtf8, Box::new(text));
    }

    /// Floats; NaN is null.
    pub fn floats(&mut self, name: &str, value: impl Fn(usize) -> f64 + Send + Sync + 'a) {
        let rows = self.rows.clone();
        let values = move || Arc::new(float_array(rows.clone().map(&value).collect())) as ArrayRef;
        let kind = DataType::Float64;
        self.columns.push(Column {
            field: Field::new(name, kind.clone(), true),
            kind: CopyType::Plain(kind),
            values: Box::new(values),
        });
    }

    /// Whole numbers.
    pub fn integers(&mut self, name: &str, value: impl Fn(usize) -> Option<i64> + Send + Sync + 'a) {
        self.column::<Int64Array, _>(name, DataType::Int64, Box::new(value));
    }

    /// Yes or no.
    pub fn flags(&mut self, name: &str, flag: impl Fn(usize) -> Option<bool> + Send + Sync + 'a) {
        self.column::<BooleanArray, _>(name, DataType::Boolean, Box::new(flag));
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

    /// A copied column, which has all rows of the table.
    pub fn copied(&mut self, column: &'a CopiedColumn) {
        let rows = self.rows.clone();
        self.columns.push(Column {
            field: Field::new(&column.name, column.kind.data_type(), true),
            kind: column.kind.clone(),
            values: Box::new(move || column.values.slice(rows.start, rows.len())),
        });
    }

    /// Compiled once for each kind of values, of which there are far fewer than columns.
    fn column<A, T>(&mut self, name: &str, kind: DataType, value: Box<dyn Fn(usize) -> T + Send + Sync + 'a>)
    where
        A: Array + FromIterator<T> + 'static,
        T: 'a,
    {
        let rows = self.rows.clone();
        let values = move || Arc::new(rows.clone().map(&value).collect::<A>()) as ArrayRef;
        let field = Field::new(name, kind.clone(), true);
        self.columns.push(Column { field, kind: CopyType::Plain(kind), values: Box::new(values) });
    }

    pub(super) fn schema(&self) -> Schema {
        Schema::new(self.columns.iter().map(|column| column.field.clone()).collect::<Vec<_>>())
    }

    /// All rows of the table in memory.
    pub(super) fn batch(&self) -> Result<RecordBatch> {
        let arrays = self.columns.iter().map(|column| (column.values)()).collect();
        RecordBatch::try_new(Arc::new(self.schema()), arrays).map_err(|e| Error::Internal(e.to_string()))
    }

    /// The schema of a file with this table, in which UUIDs are marked as such.
    fn parquet_schema(&self, schema: &Schema) -> Result<TypePtr, ParquetError> {
        let plain = ArrowSchemaConverter::new().convert(schema)?.root_schema_ptr();
        let fields = plain.get_fields().iter().zip(&self.columns).map(|(field, column)| match column.kind {
            CopyType::Uuid => {
                let marked = Type::primitive_type_builder(field.name(), PhysicalType::FIXED_LEN_BYTE_ARRAY)
                    .with_length(16)
                    .with_repetition(Repetition::OPTIONAL)
                    .with_logical_type(Some(LogicalType::Uuid));
                marked.build().map(Arc::new)
            }
            CopyType::Plain(_) => Ok(field.clone()),
        });
        let fields = fields.collect::<Result<Vec<TypePtr>, ParquetError>>()?;
        Type::group_type_builder(plain.name()).with_fields(fields).build().map(Arc::new)
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
        parallel::map(self.columns.iter().zip(writers), encode).into_iter().collect()
    }
}

/// A column of numbers, of which NaN is null. The loops have no branch that depends on the numbers, which are most of a
/// table of features.
fn float_array(mut values: Vec<f64>) -> Float64Array {
    let present = NullBuffer::new(BooleanBuffer::collect_bool(values.len(), |row| !values[row].is_nan()));
    for value in &mut values {
        *value = if value.is_nan() { 0.0 } else { *value };
    }
    Float64Array::new(values.into(), Some(present).filter(|present| present.null_count() > 0))
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
    let table = part(0..0)?;
    let schema = Arc::new(table.schema());
    let mut builder = properties(table.content);
    let of_folders = schema.fields().iter().filter(|field| matches!(field.data_type(), DataType::Dictionary(..)));
    for field in of_folders.clone() {
        // A reader that takes the date from the folder's name would hold it against bounds that are texts; DuckDB 2.0
        // fails.
        let path = ColumnPath::from(field.name().as_str());
        builder = builder.set_column_statistics_enabled(path, EnabledStatistics::None);
    }
    let mut properties = builder.build();
    if of_folders.count() > 0 {
        add_encoded_arrow_schema_to_metadata(&short_types(&schema), &mut properties);
    }

    let columns = table.parquet_schema(&schema).map_err(failed)?;
    let mut writer = SerializedFileWriter::new(out, columns, Arc::new(properties)).map_err(failed)?;
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

/// How published tables are written, with what tells their content.
pub(super) fn properties(content: Option<Content>) -> WriterPropertiesBuilder {
    let mark = content.map(|content| vec![KeyValue::new(MARK.to_owned(), content.name().to_owned())]);
    WriterProperties::builder()
        .set_key_value_metadata(mark)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_page_size_limit(DICTIONARY)
}

/// The types as readers of Arrow's schema should see them: with offsets of 32 bits.
fn short_types(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let short = match field.data_type() {
            DataType::LargeUtf8 => DataType::Utf8,
            DataType::LargeBinary => DataType::Binary,
            other => other.clone(),
        };
        Field::clone(field).with_data_type(short)
    });
    Schema::new(fields.collect::<Vec<Field>>())
}

/// Whom a CSV file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Csv {
    /// Somebody with a spreadsheet. A text that it would take for a formula gets an apostrophe in front (as OWASP
    /// advises against CSV injection): ids, names and whatever is passed through may come from anybody.
    Spreadsheet {
        /// Whether a byte order mark tells that the file is UTF-8.
        byte_order_mark: bool,
    },
    /// A program: every text is as it is, and the file as RFC 4180 has it.
    Machine,
}

impl Csv {
    fn text(self, text: String) -> String {
        match self {
            Csv::Spreadsheet { .. } => harmless(text),
            Csv::Machine => text,
        }
    }
}

/// Writes a table of so many rows as CSV.
///
/// # Errors
/// As [`write_parquet`].
pub fn write_csv<'a>(
    path: &Path,
    mut out: impl Write,
    rows: usize,
    csv: Csv,
    part: impl Fn(Range<usize>) -> Result<Columns<'a>>,
) -> Result<()> {
    let failed = |error: std::io::Error| Error::writing(path, &error);
    if csv == (Csv::Spreadsheet { byte_order_mark: true }) {
        out.write_all("\u{feff}".as_bytes()).map_err(failed)?;
    }

    let terminator = if csv == Csv::Machine { Terminator::CRLF } else { Terminator::Any(b'\n') };
    let mut writer = WriterBuilder::new().terminator(terminator).from_writer(out);
    let header = part(0..0)?.schema();
    let names = header.fields().iter().map(|field| csv.text(field.name().clone()));
    writer.write_record(names).map_err(|e| failed(e.into()))?;

    for rows in parts(rows) {
        let part = part(rows)?;
        let columns: Vec<(ArrayRef, &CopyType)> =
            part.columns.iter().map(|column| (text::flat((column.values)()), &column.kind)).collect();
        for row in 0..part.rows.len() {
            let cells = columns.iter().map(|(values, kind)| cell(values, kind, row, csv));
            writer.write_record(cells).map_err(|e| failed(e.into()))?;
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

/// A text that no spreadsheet executes, whichever of comma, semicolon and tab it takes for the end of a cell: an
/// apostrophe stands in front of what would be a formula. Blanks and quotes before it are passed over.
fn harmless(text: String) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return text;
    }

    let mut out = String::with_capacity(text.len() + 1);
    // Where the cell begins that has had nothing but blanks and quotes so far.
    let mut start = Some(0);
    let mut before = None;
    for c in text.chars() {
        let begins_formula = match c {
            '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' => true,
            '\t' => matches!(before, None | Some(';' | ',')),
            '\r' | '\n' => before.is_none(),
            _ => false,
        };
        if let (Some(start), true) = (start, begins_formula) {
            out.insert(start, '\'');
        }

        out.push(c);
        match c {
            ';' | ',' | '\t' | '\r' | '\n' => start = Some(out.len()),
            ' ' | '\u{a0}' | '"' | '\'' => {}
            _ => start = None,
        }
        before = Some(c);
    }
    out
}

fn cell(values: &ArrayRef, kind: &CopyType, row: usize, csv: Csv) -> String {
    let text = text::text(kind, values, row).unwrap_or_default();
    if values.data_type().is_numeric() {
        text
    } else {
        csv.text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::BooleanArray;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use proptest::prelude::*;
    use std::fs::File;

    const SPREADSHEET: Csv = Csv::Spreadsheet { byte_order_mark: false };

    /// Columns of every kind, with nulls, in a table of any number of rows.
    fn table<'a>(rows: Range<usize>, ids: &'a Ids, floats: &'a CopiedColumn, flags: &'a CopiedColumn) -> Columns<'a> {
        let some = |row: usize| !row.is_multiple_of(3);
        let mut table = Columns::for_rows(rows);
        table.folder_day("as_of", Day(20_605));
        table.ids("customer_id", ids, |row| row as u32 % 4);
        table.days("day", move |row| some(row).then_some(row as i32));
        table.texts("text", move |row| some(row).then(|| format!("text {row}")));
        table.texts("nothing", |_| None::<&str>);
        table.floats("float", move |row| if some(row) { row as f64 / 8.0 } else { f64::NAN });
        table.integers("integer", move |row| some(row).then_some(row as i64 - 5));
        table.copied(floats);
        table.copied(flags);
        table
    }

    fn ids() -> Ids {
        Ids::Text { bytes: "abbcccd".to_owned(), ends: vec![1, 3, 6, 7] }
    }

    fn copied(name: &str, values: ArrayRef) -> CopiedColumn {
        let kind = CopyType::of_type(values.data_type()).unwrap();
        CopiedColumn { name: name.to_owned(), kind, values }
    }

    fn passed(rows: usize) -> (CopiedColumn, CopiedColumn) {
        let floats: Float64Array = (0..rows).map(|row| [Some(f64::NAN), None, Some(1.0)][row % 3]).collect();
        let flags: BooleanArray = (0..rows).map(|row| [Some(true), None, Some(false)][row % 3]).collect();
        (copied("passed_float", Arc::new(floats)), copied("passed_flag", Arc::new(flags)))
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

        // Readers prune by these, but for the date, which the folder tells them.
        for group in reader.metadata().row_groups() {
            let bounded: Vec<bool> = group.columns().iter().map(|column| column.statistics().is_some()).collect();
            assert!(!bounded[0] && bounded[1..].iter().all(|has| *has), "{bounded:?}");
        }
        let types: Vec<String> = reader.schema().fields().iter().map(|field| field.data_type().to_string()).collect();
        let as_of = "Dictionary(Int32, Utf8)";
        let expected = [as_of, "Utf8", "Date32", "Utf8", "Utf8", "Float64", "Int64", "Float64", "Boolean"];
        assert_eq!(types, expected);
        assert!(reader.schema().fields().iter().all(|field| field.is_nullable()));
        let mut first = 0;

        for batch in reader.with_batch_size(10_000).build().unwrap() {
            let batch = batch.unwrap();
            let expected = table(first..first + batch.num_rows(), &ids, &floats, &flags);
            for (found, expected) in batch.columns().iter().zip(&expected.columns) {
                let kind = &expected.kind;
                let (found, expected) = (text::flat(found.clone()), text::flat((expected.values)()));
                for row in 0..batch.num_rows() {
                    let (found, expected) = (text::text(kind, &found, row), text::text(kind, &expected, row));
                    assert_eq!(found, expected, "row {}", first + row);
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
        assert_eq!((reader.schema().fields().len(), reader.metadata().file_metadata().num_rows()), (9, 0));
        let mut text = Vec::new();
        let part = |rows| {
            let mut table = Columns::for_rows(rows);
            table.integers("rank", |row| Some(row as i64));
            Ok(table)
        };
        write_csv(Path::new("t.csv"), &mut text, 0, SPREADSHEET, part).unwrap();
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
            write_csv(path, full(), PART_ROWS + 1, SPREADSHEET, part).unwrap_err(),
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
            table.folder_day("as_of", Day(1));
            Ok(table)
        };
        write_csv(Path::new("t.csv"), &mut text, 5, SPREADSHEET, part).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "'=name,x,as_of\n'=1+1,-0.5,1970-01-02\n'@SUM(A1),,1970-01-02\n'-2,1,1970-01-02\n\
             \"a,\"\"b\"\"\n\",0.000000001,1970-01-02\n,0.1,1970-01-02\n"
        );

        let mut text = Vec::new();
        write_csv(Path::new("t.csv"), &mut text, 5, Csv::Machine, part).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "=name,x,as_of\r\n=1+1,-0.5,1970-01-02\r\n@SUM(A1),,1970-01-02\r\n-2,1,1970-01-02\r\n\
             \"a,\"\"b\"\"\n\",0.000000001,1970-01-02\r\n,0.1,1970-01-02\r\n"
        );
    }

    #[test]
    fn a_byte_order_mark_is_written_where_it_is_asked_for() {
        let part = |rows| {
            let mut table = Columns::for_rows(rows);
            table.texts("name", |_| Some("Jürgen"));
            Ok(table)
        };
        let mut text = Vec::new();
        write_csv(Path::new("t.csv"), &mut text, 1, Csv::Spreadsheet { byte_order_mark: true }, part).unwrap();
        assert_eq!(text, "\u{feff}name\nJürgen\n".as_bytes());
    }

    #[test]
    fn no_cell_begins_a_formula_whatever_separates_cells() {
        for (text, expected) in [
            ("Acme", "Acme"),
            ("Acme; Ltd, Co - one", "Acme; Ltd, Co - one"),
            ("a\r\nb\n\nc", "a\r\nb\n\nc"),
            ("Acme;=HYPERLINK(1)", "Acme;'=HYPERLINK(1)"),
            ("a,+1\t-2", "a,'+1\t'-2"),
            ("a; =1", "a;' =1"),
            ("a;\"=1\"", "a;'\"=1\""),
            ("a\n=1", "a\n'=1"),
            (" @x", "' @x"),
            ("\t=1", "'\t'=1"),
            ("a;\tb", "a;'\tb"),
            ("＝1", "'＝1"),
        ] {
            assert_eq!(harmless(text.to_owned()), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn however_a_text_is_split_no_part_is_a_formula(text in "[a=@+\"' ;,\t\n-]{0,12}") {
            let safe = harmless(text.clone());
            for separators in [&[';', '\n'][..], &[','], &['\t', '\n'], &[';', ',', '\t', '\n']] {
                for cell in safe.split(separators) {
                    let cell = cell.trim_start_matches([' ', '"']);
                    prop_assert!(!cell.starts_with(['=', '+', '-', '@']), "{:?} became {:?}", text, safe);
                }
            }
            let kept: String = safe.chars().filter(|c| *c != '\'').collect();
            prop_assert_eq!(kept, text.replace('\'', ""));
        }

    }
}
