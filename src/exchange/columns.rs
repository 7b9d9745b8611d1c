//! Columns in the one form that they travel in: whole numbers, floats or texts, and which rows are null.
//!
//! What a table of the user's holds becomes that by the same conversions and decoders that files are read with, and
//! record batches are made of it again that the checks of the sources accept. Nothing is judged here.

use crate::calendar::Zone;
use crate::error::{Error, Result};
use crate::sources::contract::convert::{Conversions, Unfit};
use crate::sources::contract::{Form, IdKind, Need, ReadIds, Role, Verdict};
use crate::sources::parquet::decode::{self, Times};
use arrow_array::types::Int32Type;
use arrow_array::{
    new_null_array, Array, ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Schema};
use hashbrown::HashMap;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// How messages name what hands the rows over.
const PLACE: &str = "a record batch";

/// The code of a null among those of texts.
pub(super) const NO_TEXT: u32 = u32::MAX;

/// The values of a column; what lies in the place of a null is of no meaning.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Texts(Texts),
}

/// Texts, by their places among those that are named, which are all different in a piece.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Texts {
    pub names: Vec<String>,
    pub codes: Vec<u32>,
}

/// A column, and which of its rows have a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub values: Values,
    pub valid: Vec<bool>,
}

/// Some rows of a table, a column for each need; none where the table lacks it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rows {
    pub count: usize,
    pub columns: Vec<Option<Column>>,
}

impl Texts {
    /// Some rows, in which each text is named once.
    fn select(&self, rows: &[u32]) -> Texts {
        let mut chosen = Texts::default();
        let mut places: HashMap<u32, u32> = HashMap::new();
        let mut known: HashMap<&str, u32> = HashMap::new();
        for &row in rows {
            let code = self.codes[row as usize];
            if code == NO_TEXT {
                chosen.codes.push(NO_TEXT);
                continue;
            }
            let place = *places.entry(code).or_insert_with(|| {
                let name = self.names[code as usize].as_str();
                *known.entry(name).or_insert_with(|| {
                    chosen.names.push(name.to_owned());
                    chosen.names.len() as u32 - 1
                })
            });
            chosen.codes.push(place);
        }
        chosen
    }

    /// Puts others behind these. A text that both have is named twice.
    fn append(&mut self, more: Texts) {
        let before = self.names.len() as u32;
        self.codes.extend(more.codes.iter().map(|&code| if code == NO_TEXT { NO_TEXT } else { before + code }));
        self.names.extend(more.names);
    }
}

impl Column {
    fn select(&self, rows: &[u32]) -> Column {
        fn taken<T: Copy>(all: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|&row| all[row as usize]).collect()
        }
        let values = match &self.values {
            Values::Integers(all) => Values::Integers(taken(all, rows)),
            Values::Numbers(all) => Values::Numbers(taken(all, rows)),
            Values::Texts(all) => Values::Texts(all.select(rows)),
        };
        Column { values, valid: taken(&self.valid, rows) }
    }

    fn append(&mut self, more: Column) -> Result<()> {
        match (&mut self.values, more.values) {
            (Values::Integers(all), Values::Integers(more)) => all.extend(more),
            (Values::Numbers(all), Values::Numbers(more)) => all.extend(more),
            (Values::Texts(all), Values::Texts(more)) => all.append(more),
            _ => return Err(changing_schema()),
        }
        self.valid.extend(more.valid);
        Ok(())
    }

    fn into_array(self, role: Role) -> ArrayRef {
        let has_nulls = self.valid.iter().any(|valid| !valid);
        let nulls = has_nulls.then(|| NullBuffer::from(self.valid));
        match self.values {
            Values::Integers(all) if role.is_time() => {
                Arc::new(TimestampMicrosecondArray::new(all.into(), nulls).with_timezone("UTC"))
            }
            Values::Integers(all) => Arc::new(Int64Array::new(all.into(), nulls)),
            Values::Numbers(all) => Arc::new(Float64Array::new(all.into(), nulls)),
            Values::Texts(Texts { names, codes }) if role == Role::Id => {
                let text = |&code: &u32| names.get(code as usize).map(String::as_str);
                Arc::new(codes.iter().map(text).collect::<StringArray>())
            }
            Values::Texts(Texts { names, codes }) => {
                let keys = codes.iter().map(|&code| (code != NO_TEXT).then_some(code as i32)).collect::<Int32Array>();
                let names: StringArray = names.iter().map(Some).collect();
                Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(names)))
            }
        }
    }
}

impl Rows {
    /// Some of them, by their places.
    pub fn select(&self, rows: &[u32]) -> Rows {
        let columns = self.columns.iter().map(|column| column.as_ref().map(|column| column.select(rows)));
        Rows { count: rows.len(), columns: columns.collect() }
    }

    /// Whether others can be put behind these: they have the same columns, or there are none yet.
    pub fn has_columns_of(&self, more: &Rows) -> bool {
        let are_there = |rows: &Rows| -> Vec<bool> { rows.columns.iter().map(Option::is_some).collect() };
        self.count == 0 || are_there(self) == are_there(more)
    }

    /// Puts others of the same table behind these.
    ///
    /// # Errors
    /// [`Error::Contract`] when they have other columns.
    pub fn append(&mut self, more: Rows) -> Result<()> {
        if self.count == 0 {
            *self = more;
            return Ok(());
        }
        for (own, more) in self.columns.iter_mut().zip(more.columns) {
            match (own, more) {
                (Some(own), Some(more)) => own.append(more)?,
                (None, None) => {}
                _ => return Err(changing_schema()),
            }
        }
        self.count += more.count;
        Ok(())
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> u64 {
        let of_value = |column: &Column| match &column.values {
            Values::Integers(_) | Values::Numbers(_) => size_of::<u64>(),
            Values::Texts(_) => size_of::<u32>(),
        };
        let of_row: usize = self.columns.iter().flatten().map(|column| of_value(column) + size_of::<bool>()).sum();
        (self.count * of_row) as u64
    }

    /// Adds up how many rows each id has, given the place of the ids.
    pub fn count_ids(&self, id: usize, counts: &mut HashMap<String, u64>) {
        let Some(Column { values, valid }) = &self.columns[id] else { return };
        let mut of_row: HashMap<i64, u64> = HashMap::new();
        for row in (0..self.count).filter(|&row| valid[row]) {
            let key = match values {
                Values::Integers(ids) => ids[row],
                Values::Texts(texts) => i64::from(texts.codes[row]),
                Values::Numbers(_) => continue,
            };
            *of_row.entry(key).or_default() += 1;
        }
        for (key, rows) in of_row {
            let name = match values {
                Values::Texts(texts) => texts.names[key as usize].clone(),
                _ => key.to_string(),
            };
            *counts.entry(name).or_default() += rows;
        }
    }

    /// The bucket, of a power of two, that each row's id leads to; rows without an id are in the first.
    pub fn buckets(&self, id: usize, buckets: u32) -> Vec<u32> {
        let shift = u64::BITS - buckets.trailing_zeros();
        let place = |hash: u64| hash.checked_shr(shift).unwrap_or(0) as u32;
        let Some(Column { values, valid }) = &self.columns[id] else { return vec![0; self.count] };
        let of_row = |(place, &valid): (u32, &bool)| if valid { place } else { 0 };
        match values {
            Values::Integers(ids) => {
                let places = ids.iter().map(|id| place(xxh3_64(&id.to_le_bytes())));
                places.zip(valid).map(of_row).collect()
            }
            Values::Numbers(_) => vec![0; self.count],
            Values::Texts(Texts { names, codes }) => {
                let of_names: Vec<u32> = names.iter().map(|name| place(xxh3_64(name.as_bytes()))).collect();
                let places = codes.iter().map(|&code| of_names.get(code as usize).copied().unwrap_or(0));
                places.zip(valid).map(of_row).collect()
            }
        }
    }

    /// A record batch with them, under the names of the columns. Ids are of this kind.
    ///
    /// # Errors
    /// [`Error::Internal`] if the needs are not those that the rows were read with.
    pub fn into_batch(self, needs: &[Need], kind: IdKind) -> Result<RecordBatch> {
        let mut fields = Vec::with_capacity(needs.len());
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(needs.len());
        for (need, column) in needs.iter().zip(self.columns) {
            let array = match (column, need.role, kind) {
                (Some(column), role, _) => column.into_array(role),
                (None, Role::Id, IdKind::Integer) => new_null_array(&DataType::Int64, self.count),
                (None, Role::Id, IdKind::Text) => new_null_array(&DataType::Utf8, self.count),
                (None, ..) => continue,
            };
            fields.push(Field::new(&need.column, array.data_type().clone(), true));
            arrays.push(array);
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|e| Error::Internal(e.to_string()))
    }
}

fn changing_schema() -> Error {
    Error::Contract("the record batches of one task have different columns; select them by name and type".to_owned())
}

/// Reads the record batches of one table.
pub(super) struct Reader<'a> {
    /// The table, as messages name it.
    what: String,
    needs: &'a [Need],
    times: Times<'a>,
    /// Whether ids are read as texts, whatever they are in this table.
    as_texts: bool,
    /// What the ids of the last batch are; none where they are all null for want of a type.
    pub kind: Option<IdKind>,
}

impl<'a> Reader<'a> {
    /// For a table with these columns; times without a zone are of `zone`.
    pub fn new(what: String, needs: &'a [Need], zone: &'a Zone) -> Reader<'a> {
        Reader { what, needs, times: Times::new(zone), as_texts: false, kind: None }
    }

    /// With ids of the kind that those of all tables are read as: numbers as their digits where these are texts.
    pub fn with_ids(self, kind: IdKind) -> Reader<'a> {
        Reader { as_texts: kind == IdKind::Text, ..self }
    }

    /// The rows of a batch. Columns are found by their names.
    ///
    /// # Errors
    /// [`Error::Contract`] when a column is missing or of a type that its role is not read from, or holds a value that
    /// cannot be converted.
    pub fn read(&mut self, batch: &RecordBatch) -> Result<Rows> {
        let batch = self.converted(batch)?;
        let columns = self.needs.iter().map(|need| {
            let array = batch.column_by_name(&need.column)?;
            if need.role == Role::Id && self.kind.is_none() {
                return None;
            }
            Some(column(need.role, self.kind, array, &mut self.times))
        });
        Ok(Rows { count: batch.num_rows(), columns: columns.collect() })
    }

    /// The batch with each column in the form that its role is read in.
    fn converted(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let schema = batch.schema_ref();
        let mut forms = Vec::new();
        for need in self.needs {
            let Some((_, field)) = schema.column_with_name(&need.column) else {
                if need.optional {
                    continue;
                }
                let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                return Err(Error::Contract(need.missing(&self.what, PLACE, &columns)));
            };
            if need.role == Role::Id {
                self.kind = IdKind::of_column(field).map(|own| if self.as_texts { IdKind::Text } else { own });
            }
            match need.role.verdict(field) {
                Verdict::Read(Form::AsIs) => {}
                Verdict::Read(form) => forms.push((need.column.clone(), form)),
                Verdict::Refused(_) => return Err(Error::Contract(need.wrong_type(&self.what, PLACE, field))),
            }
        }

        let ids = ReadIds::of_kind(self.kind.unwrap_or(IdKind::Integer));
        Conversions::new(forms.into(), ids).apply(batch.clone()).map_err(|Unfit { column, row, why }| {
            Error::Contract(format!("{}: column `{column}`, row {row} of {PLACE} (from 0): {why}", self.what))
        })
    }
}

fn column(role: Role, ids: Option<IdKind>, array: &ArrayRef, times: &mut Times<'_>) -> Column {
    let valid = |nulls: Option<NullBuffer>| match nulls {
        Some(nulls) => nulls.iter().collect(),
        None => vec![true; array.len()],
    };
    match role {
        Role::Time | Role::Epoch(_) => {
            let mut instants = Vec::new();
            let nulls = times.fill(array, &mut instants);
            Column { values: Values::Integers(instants), valid: valid(nulls) }
        }
        Role::Number | Role::Label => {
            let mut numbers = Vec::new();
            decode::numbers(array, &mut numbers);
            Column { values: Values::Numbers(numbers), valid: valid(array.logical_nulls()) }
        }
        Role::Id if ids == Some(IdKind::Integer) => {
            let mut integers = Vec::new();
            let nulls = decode::integers(array, &mut integers);
            Column { values: Values::Integers(integers), valid: valid(nulls) }
        }
        Role::Id | Role::Text | Role::Any => {
            let decode::Texts { values, positions } = decode::texts(array);
            let valid = positions.iter().map(Option::is_some).collect();
            let codes = positions.into_iter().map(|position| position.unwrap_or(NO_TEXT)).collect();
            Column { values: Values::Texts(Texts { names: values, codes }), valid }
        }
    }
}
