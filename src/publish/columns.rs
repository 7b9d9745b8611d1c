//! A small table in columns, and its two file formats.

use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::sources::{Ids, Passthrough};
use polars::prelude::*;
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc::sync_channel;

/// Rows of a part of a large table: those of a row group.
const PART_ROWS: usize = 131_072;

/// Which of `count` rows each part of a table has. Of none, there is one part without rows.
pub fn parts(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count.max(1)).step_by(PART_ROWS).map(move |first| first..count.min(first + PART_ROWS))
}

/// Named columns of one length.
#[derive(Clone, Debug, Default)]
pub struct Columns(Vec<Series>);

impl Columns {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.0.first().map_or(0, |column| column.len())
    }

    /// The date of every row.
    pub fn day(&mut self, name: &str, day: Day, rows: usize) -> Result<()> {
        self.days(name, vec![Some(day.0); rows])
    }

    /// Dates, as days since 1970-01-01.
    pub fn days(&mut self, name: &str, days: Vec<Option<i32>>) -> Result<()> {
        let series = Series::new(name.into(), days).cast(&DataType::Date).map_err(internal)?;
        self.0.push(series);
        Ok(())
    }

    /// Instants, in microseconds since 1970-01-01.
    pub fn instants(&mut self, name: &str, micros: Vec<Option<i64>>) -> Result<()> {
        let time = DataType::Datetime(TimeUnit::Microseconds, None);
        self.0.push(Series::new(name.into(), micros).cast(&time).map_err(internal)?);
        Ok(())
    }

    /// Strings.
    pub fn texts<S: AsRef<str>>(&mut self, name: &str, texts: &[Option<S>]) {
        let column: StringChunked = texts.iter().map(|text| text.as_ref().map(AsRef::as_ref)).collect();
        self.0.push(column.with_name(name.into()).into_series());
    }

    /// Floats; NaN is null.
    pub fn floats(&mut self, name: &str, values: impl Iterator<Item = f64>) {
        let column: Float64Chunked = values.map(|value| (!value.is_nan()).then_some(value)).collect();
        self.0.push(column.with_name(name.into()).into_series());
    }

    /// Whole numbers.
    pub fn integers(&mut self, name: &str, values: impl Iterator<Item = Option<i64>>) {
        let column: Int64Chunked = values.collect();
        self.0.push(column.with_name(name.into()).into_series());
    }

    /// Booleans.
    pub fn booleans(&mut self, name: &str, values: &[Option<bool>]) {
        let column: BooleanChunked = values.iter().copied().collect();
        self.0.push(column.with_name(name.into()).into_series());
    }

    /// The ids of some customers, in the type that they have in the customers table.
    pub fn ids(&mut self, name: &str, ids: &Ids, customers: &[u32]) {
        match ids {
            Ids::Integer(ids) => self.integers(name, customers.iter().map(|&c| Some(ids[c as usize]))),
            Ids::Text { .. } => {
                let texts: Vec<Option<&str>> = customers.iter().map(|&c| Some(ids.text(c as usize))).collect();
                self.texts(name, &texts);
            }
        }
    }

    /// A pass-through column.
    pub fn passthrough(&mut self, name: &str, column: Passthrough) -> Result<()> {
        match column {
            Passthrough::Text(texts) => self.texts(name, &texts),
            Passthrough::Integer(values) => self.integers(name, values.into_iter()),
            Passthrough::Float(values) => self.0.push(Series::new(name.into(), values)),
            Passthrough::Boolean(values) => self.booleans(name, &values),
            Passthrough::Date(days) => self.days(name, days)?,
            Passthrough::Time(micros) => self.instants(name, micros)?,
        }
        Ok(())
    }

    /// Writes Parquet, a row group for each part of the same columns, and returns the rows. A part is made while the one
    /// before it is written, and no sooner. The same columns give the same bytes.
    pub fn write_parquet(path: &Path, mut parts: impl Iterator<Item = Result<Columns>> + Send) -> Result<usize> {
        let written = |e: PolarsError| match e {
            PolarsError::IO { error, .. } => Error::writing(path, &error),
            other => internal(other),
        };
        let first = parts.next().unwrap_or_else(|| Ok(Columns::default()))?.frame()?;
        let file = File::create(path).map_err(|e| Error::writing(path, &e))?;
        let mut writer = ParquetWriter::new(&file)
            .with_compression(ParquetCompression::Zstd(None))
            .batched(first.schema())
            .map_err(written)?;
        let mut rows = 0;
        let mut write = |frame: DataFrame| {
            rows += frame.height();
            writer.write_batch(&frame).map_err(written)
        };
        std::thread::scope(|scope| {
            let (sender, frames) = sync_channel(0);
            scope.spawn(move || {
                for part in parts.map(|part| part?.frame()) {
                    // Nobody receives after an error.
                    if sender.send(part).is_err() {
                        break;
                    }
                }
            });
            write(first)?;
            frames.into_iter().try_for_each(|frame| write(frame?))
        })?;
        writer.finish().map_err(written)?;
        file.sync_all().map_err(|e| Error::writing(path, &e))?;
        Ok(rows)
    }

    fn frame(self) -> Result<DataFrame> {
        let rows = self.rows();
        let columns: Vec<Column> = self.0.into_iter().map(Column::from).collect();
        let mut frame = DataFrame::new(rows, columns).map_err(internal)?;
        frame.rechunk_mut();
        Ok(frame)
    }

    /// Writes CSV. A text that a spreadsheet would take for a formula gets an apostrophe in front (as OWASP advises
    /// against CSV injection): ids, names and whatever is passed through may come from anybody.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        let write = || -> std::io::Result<()> {
            let file = File::create(path)?;
            let mut writer = csv::Writer::from_writer(std::io::BufWriter::new(&file));
            writer.write_record(self.0.iter().map(|column| harmless(column.name())))?;
            for row in 0..self.rows() {
                let cells = self.0.iter().map(|column| cell(column, row));
                writer.write_record(cells)?;
            }
            writer.flush()?;
            drop(writer);
            file.sync_all()
        };
        write().map_err(|e| Error::writing(path, &e))
    }
}

fn internal(error: PolarsError) -> Error {
    Error::Internal(format!("a table could not be built: {error}"))
}

/// A text that no spreadsheet executes.
fn harmless(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

fn cell(column: &Series, row: usize) -> String {
    match column.get(row) {
        Ok(AnyValue::Null) | Err(_) => String::new(),
        Ok(AnyValue::String(text)) => harmless(text),
        Ok(AnyValue::StringOwned(text)) => harmless(&text),
        Ok(AnyValue::Float64(value)) => value.to_string(),
        Ok(AnyValue::Int64(value)) => value.to_string(),
        Ok(AnyValue::Boolean(value)) => value.to_string(),
        Ok(AnyValue::Date(day)) => Day(day).to_string(),
        Ok(AnyValue::Datetime(micros, _, _)) => {
            jiff::Timestamp::from_microsecond(micros).map(|t| t.to_string()).unwrap_or_default()
        }
        Ok(other) => harmless(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_a_spreadsheet_would_execute_are_neutralised() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        let mut columns = Columns::default();
        columns.texts("=name", &[Some("=1+1"), Some("@SUM(A1)"), Some("-2"), Some("a,\"b\"\n"), None]);
        columns.floats("x", [-0.5, f64::NAN, 1.0, 1e-9, 0.1].into_iter());
        columns.day("as_of", Day(1), 5).unwrap();
        columns.write_csv(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "'=name,x,as_of\n'=1+1,-0.5,1970-01-02\n'@SUM(A1),,1970-01-02\n'-2,1,1970-01-02\n\
             \"a,\"\"b\"\"\n\",0.000000001,1970-01-02\n,0.1,1970-01-02\n"
        );
    }
}
