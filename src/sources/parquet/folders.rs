//! Columns that a file's `key=value` folders hold instead of the file itself.

use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::sources::contract::{Need, Role};
use crate::sources::files::SourceFile;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Date32Array, DictionaryArray, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::{Field, Schema};
use std::sync::Arc;

/// The one value of each needed column that a file lacks but its folders name.
pub(crate) struct FolderColumns {
    values: Vec<(String, FolderValue)>,
}

/// A value by what it is read as; none is null.
enum FolderValue {
    Day(Option<Day>),
    Number(Option<f64>),
    Text(ArrayRef),
}

impl FolderValue {
    fn new(file: &SourceFile, column: &str, role: Role) -> FolderValue {
        let text = file.partition_value(column).and_then(|text| text.as_deref());
        match role {
            Role::Time | Role::Epoch(_) => FolderValue::Day(file.partition_day(column)),
            Role::Number | Role::Label => {
                let number = text.and_then(|text| text.parse().ok());
                FolderValue::Number(number.filter(|number: &f64| number.is_finite()))
            }
            Role::Id | Role::Text | Role::Any => FolderValue::Text(Arc::new(StringArray::from(vec![text]))),
        }
    }

    /// A column of so many rows.
    fn repeated(&self, rows: usize) -> ArrayRef {
        match self {
            FolderValue::Day(Some(day)) => Arc::new(Date32Array::from_value(day.0, rows)),
            FolderValue::Day(None) => Arc::new(Date32Array::new_null(rows)),
            FolderValue::Number(Some(number)) => Arc::new(Float64Array::from_value(*number, rows)),
            FolderValue::Number(None) => Arc::new(Float64Array::new_null(rows)),
            FolderValue::Text(text) => {
                let keys = Int32Array::from_value(0, rows);
                Arc::new(DictionaryArray::<Int32Type>::new(keys, text.clone()))
            }
        }
    }
}

impl FolderColumns {
    /// Those of a file with this schema.
    pub fn new(file: &SourceFile, schema: &Schema, needs: &[Need]) -> FolderColumns {
        let lacking = needs.iter().filter(|need| schema.index_of(&need.column).is_err());
        let values = lacking.filter_map(|need| {
            file.partition_value(&need.column)?;
            Some((need.column.clone(), FolderValue::new(file, &need.column, need.role)))
        });
        FolderColumns { values: values.collect() }
    }

    /// Adds the columns to a batch of the file's rows.
    pub fn add_to(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if self.values.is_empty() {
            return Ok(batch);
        }

        let rows = batch.num_rows();
        let mut fields = batch.schema().fields().to_vec();
        let mut columns = batch.columns().to_vec();
        for (name, value) in &self.values {
            let column = value.repeated(rows);
            fields.push(Arc::new(Field::new(name, column.data_type().clone(), true)));
            columns.push(column);
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(|error| Error::Internal(format!("columns of folders do not fit their file: {error}")))
    }
}
