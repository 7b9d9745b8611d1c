//! Columns that a file's `key=value` folders hold instead of the file itself.

use crate::calendar::{Day, Zone};
use crate::error::{Error, Result};
use crate::sources::contract::convert::instant;
use crate::sources::contract::{IdKind, Need, Role};
use crate::sources::files::{FolderTime, SourceFile};
use arrow_array::types::Int32Type;
use arrow_array::{
    new_null_array, ArrayRef, Date32Array, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;

/// The one value of each needed column that a file lacks but its folders name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FolderColumns {
    columns: Vec<FolderColumn>,
}

#[derive(Clone, Debug, PartialEq)]
struct FolderColumn {
    name: String,
    /// What the folder says; none for hive's null.
    text: Option<String>,
    is_id: bool,
    value: Value,
}

/// What a text is read as.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null(DataType),
    Day(Day),
    WallClock(i64),
    Instant(i64),
    Number(f64),
    Integer(i64),
    Text(String),
    /// It is not what the column is needed as.
    Unreadable,
}

impl Value {
    fn read(file: &SourceFile, column: &str, text: Option<&str>, role: Role) -> Value {
        let Some(text) = text else {
            return Value::Null(match role {
                Role::Time | Role::Epoch(_) => DataType::Date32,
                Role::Number | Role::Label => DataType::Float64,
                Role::Id | Role::Text | Role::Any => level_type(),
            });
        };
        match role {
            Role::Epoch(unit) if text.parse::<i64>().is_ok() => {
                text.parse().map_or(Value::Unreadable, |count: i64| Value::Instant(instant(count.into(), unit)))
            }
            Role::Time | Role::Epoch(_) => match file.partition_time(column) {
                Some(FolderTime::Day(day)) => Value::Day(day),
                Some(FolderTime::WallClock(micros)) => Value::WallClock(micros),
                Some(FolderTime::Instant(micros)) => Value::Instant(micros),
                Some(FolderTime::Period(..)) | None => Value::Unreadable,
            },
            Role::Number | Role::Label => match (text, text.parse()) {
                ("true", _) => Value::Number(1.0),
                ("false", _) => Value::Number(0.0),
                (_, Ok(number)) if f64::is_finite(number) => Value::Number(number),
                _ => Value::Unreadable,
            },
            Role::Id | Role::Text | Role::Any => Value::Text(text.to_owned()),
        }
    }

    /// A column of so many rows.
    fn repeated(&self, rows: usize) -> ArrayRef {
        match self {
            Value::Null(data_type) => new_null_array(data_type, rows),
            Value::Unreadable => new_null_array(&level_type(), rows),
            Value::Day(day) => Arc::new(Date32Array::from_value(day.0, rows)),
            Value::WallClock(micros) => Arc::new(TimestampMicrosecondArray::from_value(*micros, rows)),
            Value::Instant(micros) => {
                Arc::new(TimestampMicrosecondArray::from_value(*micros, rows).with_timezone_utc())
            }
            Value::Integer(integer) => Arc::new(Int64Array::from_value(*integer, rows)),
            Value::Number(number) => Arc::new(Float64Array::from_value(*number, rows)),
            Value::Text(text) => {
                let keys = Int32Array::from_value(0, rows);
                Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(StringArray::from(vec![text.as_str()]))))
            }
        }
    }
}

fn level_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

impl FolderColumns {
    /// Those of a file with this schema.
    pub fn new(file: &SourceFile, schema: &Schema, needs: &[Need]) -> FolderColumns {
        let lacking = needs.iter().filter(|need| schema.index_of(&need.column).is_err());
        let columns = lacking.filter_map(|need| {
            let text = file.partition_value(&need.column)?.as_deref();
            let value = Value::read(file, &need.column, text, need.role);
            let (name, is_id) = (need.column.clone(), need.role == Role::Id);
            Some(FolderColumn { name, text: text.map(str::to_owned), is_id, value })
        });
        FolderColumns { columns: columns.collect() }
    }

    /// Only those of these names.
    pub fn only(&self, names: &[&str]) -> FolderColumns {
        let wanted = self.columns.iter().filter(|column| names.contains(&column.name.as_str()));
        FolderColumns { columns: wanted.cloned().collect() }
    }

    /// Reads ids as integers or as texts.
    pub fn read_ids_as(&mut self, kind: IdKind) {
        for FolderColumn { text, value, .. } in self.columns.iter_mut().filter(|column| column.is_id) {
            let Some(text) = text else { continue };
            *value = match kind {
                IdKind::Text => Value::Text(text.clone()),
                IdKind::Integer => text.parse().map_or(Value::Unreadable, Value::Integer),
            };
        }
    }

    fn ids(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.columns
            .iter()
            .filter(|column| column.is_id)
            .filter_map(|column| Some((column.text.as_deref()?, &column.value)))
    }

    /// Whether an id is not written as an integer is.
    pub fn has_textual_id(&self) -> bool {
        self.ids().any(|(text, _)| text.parse::<i64>().map_or(true, |number| number.to_string() != text))
    }

    /// The text of an id that is not of the kind that ids are read as.
    pub fn odd_id(&self) -> Option<&str> {
        self.ids().find(|(_, value)| **value == Value::Unreadable).map(|(text, _)| text)
    }

    /// The text of a column that cannot be read as what it is needed as.
    fn unreadable(&self, name: &str) -> Option<&str> {
        let column = self.columns.iter().find(|column| column.name == name && column.value == Value::Unreadable)?;
        column.text.as_deref()
    }

    /// The instant that a folder names, if it does.
    pub fn instant(&self, name: &str, zone: &Zone) -> Option<i64> {
        match self.columns.iter().find(|column| column.name == name)?.value {
            Value::Day(day) => Some(zone.midnight(day)),
            Value::WallClock(micros) => Some(zone.instant_of_wall_clock(micros)),
            Value::Instant(micros) => Some(micros),
            _ => None,
        }
    }

    /// Adds the columns to a batch of the file's rows.
    pub fn add_to(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if self.columns.is_empty() {
            return Ok(batch);
        }

        let rows = batch.num_rows();
        let mut fields = batch.schema().fields().to_vec();
        let mut columns = batch.columns().to_vec();
        for FolderColumn { name, value, .. } in &self.columns {
            let column = value.repeated(rows);
            fields.push(Arc::new(Field::new(name, column.data_type().clone(), true)));
            columns.push(column);
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(|error| Error::Internal(format!("columns of folders do not fit their file: {error}")))
    }
}

/// The problems that folders of these files are not what their columns are needed as, a line a column.
pub(super) fn problems<'a>(
    what: &str,
    files: impl Iterator<Item = (&'a SourceFile, &'a FolderColumns)> + Clone,
    needs: &[Need],
) -> Vec<String> {
    let mut problems = Vec::new();
    for Need { setting, column, role, .. } in needs {
        let mut odd = files.clone().filter_map(|(file, folders)| Some((file, folders.unreadable(column)?)));
        let Some((file, text)) = odd.next() else { continue };
        let more = match odd.count() {
            0 => String::new(),
            more => format!(" (and {more} more files)"),
        };
        let expected = match role {
            Role::Time | Role::Epoch(_) => "a day, such as 2026-05-01 or 20260501",
            _ => "a number",
        };
        problems.push(format!(
            "{what}: column `{column}` ({setting}) is in the names of folders, and {column}={text} is not what it is needed \
             as, in {}{more}: expected {expected}; rename the folders, or name a column of the files",
            file.path.display()
        ));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::parquet::decode::{self, Times};

    fn file(partition: &[(&str, Option<&str>)]) -> SourceFile {
        let pair = |(key, value): &(&str, Option<&str>)| ((*key).to_owned(), value.map(str::to_owned));
        SourceFile { path: "x.parquet".into(), partition: partition.iter().map(pair).collect() }
    }

    fn columns(partition: &[(&str, Option<&str>)], needs: &[Need]) -> FolderColumns {
        FolderColumns::new(&file(partition), &Schema::empty(), needs)
    }

    fn need(column: &str, role: Role) -> Need {
        Need::required("signals.s", column, column, role)
    }

    #[test]
    fn a_folder_becomes_a_column_of_its_role() {
        let needs =
            [need("dt", Role::Time), need("n", Role::Number), need("region", Role::Text), need("own", Role::Text)];
        let partition = [("dt", Some("20260501")), ("n", Some("2.5")), ("region", Some("eu")), ("other", Some("x"))];
        let folders = columns(&partition, &needs);
        let keys: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
        let batch = folders.add_to(RecordBatch::try_from_iter([("id", keys)]).unwrap()).unwrap();

        let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, ["id", "dt", "n", "region"]);
        let (zone, mut instants, mut numbers) = (Zone::utc(), Vec::new(), Vec::new());
        Times::new(&zone).fill_column(&batch, "dt", &mut instants);
        decode::numbers(&batch.columns()[2], &mut numbers);
        let midnight = zone.midnight("2026-05-01".parse().unwrap());
        assert_eq!((instants, numbers), (vec![midnight; 3], vec![2.5; 3]));
        assert_eq!(decode::texts(&batch.columns()[3]).values, ["eu"]);
        assert_eq!(folders.instant("dt", &zone), Some(midnight));
        assert_eq!(folders.only(&["n"]).columns.len(), 1);
    }

    #[test]
    fn what_a_folder_cannot_be_read_as_is_a_problem_and_null_is_none() {
        let needs = [need("dt", Role::Time), need("n", Role::Number)];
        for (partition, named) in [
            ([("dt", Some("2026-05")), ("n", Some("1"))], "dt=2026-05"),
            ([("dt", Some("eu")), ("n", Some("1"))], "dt=eu"),
            ([("dt", Some("2026-05-01")), ("n", Some("inf"))], "n=inf"),
        ] {
            let (file, folders) = (file(&partition), columns(&partition, &needs));
            let problems = problems("signal `s`", [(&file, &folders); 2].into_iter(), &needs);
            assert!(problems.len() == 1 && problems[0].contains(named), "{problems:?}");
            assert!(problems[0].contains("x.parquet (and 1 more files)"), "{problems:?}");
        }
        let partition = [("dt", None), ("n", None)];
        let (file, folders) = (file(&partition), columns(&partition, &needs));
        assert!(problems("signal `s`", [(&file, &folders)].into_iter(), &needs).is_empty());
        assert_eq!(folders.instant("dt", &Zone::utc()), None);
    }
}
