//! A look at the columns of a table: what a sample of their values is like. `churn init` guesses from it, and
//! [`plausibility`](super::plausibility) judges it.

use super::contract::{Need, Role};
use super::parquet::pieces::FilePiece;
use super::parquet::Table;
use crate::calendar::{Day, DAY_SECONDS, MICROS};
use crate::error::Result;
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::Array;
use arrow_schema::{DataType, TimeUnit};
use std::collections::BTreeMap;

/// Rows that are looked at, and the stretches of neighbouring rows in which they lie, spread over the table.
const SAMPLE_ROWS: usize = 1 << 17;
const STRETCHES: usize = 32;
const BATCH_ROWS: usize = 8192;
/// Different values of a column that are counted; of further ones it is only known that there are more.
const MOST_VALUES: usize = 1000;
/// Times of the day that are told apart.
const MOST_TIMES_OF_DAY: usize = 3;

/// One value, whatever its column's width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    /// An integer, or a decimal without a fraction.
    Whole(i128),
    Number(f64),
    Flag(bool),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Microseconds since 1970, and whether that is an instant rather than a wall clock's time.
    Time(i64, bool),
    Day(Day),
    /// Something that the program reads in no role.
    Other,
}

impl<'a> Value<'a> {
    /// The value of a row.
    pub fn new(array: &'a dyn Array, row: usize) -> Value<'a> {
        if array.is_null(row) {
            return Value::Null;
        }
        if let Some(dictionary) = array.as_any_dictionary_opt() {
            return match Value::new(dictionary.keys(), row) {
                Value::Whole(key) => Value::new(dictionary.values().as_ref(), key as usize),
                _ => Value::Null,
            };
        }

        macro_rules! primitive {
            ($type:ty) => {
                array.as_primitive::<$type>().value(row)
            };
        }
        match array.data_type() {
            DataType::Null => Value::Null,
            DataType::Int8 => Value::Whole(primitive!(Int8Type).into()),
            DataType::Int16 => Value::Whole(primitive!(Int16Type).into()),
            DataType::Int32 => Value::Whole(primitive!(Int32Type).into()),
            DataType::Int64 => Value::Whole(primitive!(Int64Type).into()),
            DataType::UInt8 => Value::Whole(primitive!(UInt8Type).into()),
            DataType::UInt16 => Value::Whole(primitive!(UInt16Type).into()),
            DataType::UInt32 => Value::Whole(primitive!(UInt32Type).into()),
            DataType::UInt64 => Value::Whole(primitive!(UInt64Type).into()),
            DataType::Decimal32(_, scale) => decimal(primitive!(Decimal32Type).into(), *scale),
            DataType::Decimal64(_, scale) => decimal(primitive!(Decimal64Type).into(), *scale),
            DataType::Decimal128(_, scale) => decimal(primitive!(Decimal128Type), *scale),
            DataType::Float16 => number(primitive!(Float16Type).to_f64()),
            DataType::Float32 => number(primitive!(Float32Type).into()),
            DataType::Float64 => number(primitive!(Float64Type)),
            DataType::Boolean => Value::Flag(array.as_boolean().value(row)),
            DataType::Utf8 => Value::Text(array.as_string::<i32>().value(row)),
            DataType::LargeUtf8 => Value::Text(array.as_string::<i64>().value(row)),
            DataType::Utf8View => Value::Text(array.as_string_view().value(row)),
            DataType::Binary => Value::Bytes(array.as_binary::<i32>().value(row)),
            DataType::LargeBinary => Value::Bytes(array.as_binary::<i64>().value(row)),
            DataType::BinaryView => Value::Bytes(array.as_binary_view().value(row)),
            DataType::FixedSizeBinary(_) => Value::Bytes(array.as_fixed_size_binary().value(row)),
            DataType::Date32 => Value::Day(Day(primitive!(Date32Type))),
            DataType::Date64 => day(primitive!(Date64Type).div_euclid(1000 * DAY_SECONDS)),
            DataType::Timestamp(unit, zone) => {
                let micros = match unit {
                    TimeUnit::Second => primitive!(TimestampSecondType).saturating_mul(MICROS),
                    TimeUnit::Millisecond => primitive!(TimestampMillisecondType).saturating_mul(1000),
                    TimeUnit::Microsecond => primitive!(TimestampMicrosecondType),
                    TimeUnit::Nanosecond => primitive!(TimestampNanosecondType).div_euclid(1000),
                };
                Value::Time(micros, zone.is_some())
            }
            _ => Value::Other,
        }
    }

    /// The value as a text that tells it from others; none for null and for what is no text.
    fn level(self) -> Option<String> {
        match self {
            Value::Null | Value::Other => None,
            Value::Whole(value) => Some(value.to_string()),
            Value::Number(value) => Some(value.to_string()),
            Value::Flag(value) => Some(value.to_string()),
            Value::Text(value) => Some(value.to_owned()),
            Value::Bytes(value) => std::str::from_utf8(value).ok().map(str::to_owned),
            // Times have a summary of their own.
            Value::Time(..) | Value::Day(_) => None,
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Value::Whole(value) => Some(value as f64),
            Value::Number(value) => Some(value),
            _ => None,
        }
    }
}

/// NaN is a missing value.
fn number<'a>(value: f64) -> Value<'a> {
    if value.is_nan() {
        Value::Null
    } else {
        Value::Number(value)
    }
}

fn decimal<'a>(digits: i128, scale: i8) -> Value<'a> {
    let unit = 10i128.checked_pow(scale.unsigned_abs().into()).unwrap_or(i128::MAX);
    match scale {
        ..=0 => Value::Whole(digits.saturating_mul(unit)),
        _ if digits % unit == 0 => Value::Whole(digits / unit),
        _ => Value::Number(digits as f64 / unit as f64),
    }
}

fn day<'a>(days: i64) -> Value<'a> {
    Value::Day(Day(days.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32))
}

/// What is known of the values of a column, or of those of its rows that were looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    pub rows: u64,
    pub nulls: u64,
    pub numbers: Numbers,
    pub times: Times,
    /// Bytes that are no text.
    pub no_text: u64,
    /// How often each value occurs, but for times; only the first of very many.
    pub values: BTreeMap<String, u64>,
    pub has_more_values: bool,
}

/// Numbers of a column.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    pub count: u64,
    pub whole: u64,
    pub below_zero: u64,
    pub lowest: f64,
    pub highest: f64,
}

/// Times of a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    pub count: u64,
    /// How many fall on each day.
    pub days: BTreeMap<i32, u64>,
    /// How many fall on each second of the day; only the first few.
    pub seconds: BTreeMap<i64, u64>,
    pub has_more_seconds: bool,
    /// How many are instants rather than a wall clock's times.
    pub instants: u64,
}

impl Profile {
    pub fn add(&mut self, value: Value<'_>) {
        self.rows += 1;
        match value {
            Value::Null => self.nulls += 1,
            Value::Time(micros, is_instant) => {
                let seconds = micros.div_euclid(MICROS);
                let day = seconds.div_euclid(DAY_SECONDS).clamp(i64::from(i32::MIN), i64::from(i32::MAX));
                self.times.add(day as i32, seconds.rem_euclid(DAY_SECONDS), is_instant);
            }
            Value::Day(day) => self.times.add(day.0, 0, false),
            Value::Bytes(bytes) if std::str::from_utf8(bytes).is_err() => self.no_text += 1,
            _ => {}
        }

        if let Some(number) = value.number() {
            self.numbers.add(number, matches!(value, Value::Whole(_)));
        }
        if let Some(level) = value.level() {
            if self.values.len() < MOST_VALUES || self.values.contains_key(&level) {
                *self.values.entry(level).or_default() += 1;
            } else {
                self.has_more_values = true;
            }
        }
    }

    /// Rows with a value.
    pub fn filled(&self) -> u64 {
        self.rows - self.nulls
    }

    /// The share of rows without a value.
    pub fn null_share(&self) -> f64 {
        self.nulls as f64 / self.rows.max(1) as f64
    }

    /// Whether all values are texts that begin with a date, as `2026-05-01` does.
    pub fn are_days(&self) -> bool {
        let is_day = |text: &String| text.get(..10).is_some_and(|date| date.parse::<Day>().is_ok());
        self.numbers.count == 0 && !self.values.is_empty() && self.values.keys().all(is_day)
    }

    /// The different values, if there are no more than so many.
    pub fn levels(&self, most: usize) -> Option<Vec<&str>> {
        let few = !self.has_more_values && self.values.len() <= most;
        few.then(|| self.values.keys().map(String::as_str).collect())
    }
}

impl Numbers {
    fn add(&mut self, number: f64, is_whole: bool) {
        if self.count == 0 {
            (self.lowest, self.highest) = (number, number);
        }
        self.count += 1;
        self.whole += u64::from(is_whole || number.fract() == 0.0);
        self.below_zero += u64::from(number < 0.0);
        self.lowest = self.lowest.min(number);
        self.highest = self.highest.max(number);
    }

    /// Whether there are numbers, and none has a fraction.
    pub fn are_whole(&self) -> bool {
        self.count > 0 && self.whole == self.count
    }

    /// Whether there are numbers, and all lie within these bounds.
    pub fn lie_in(&self, lowest: f64, highest: f64) -> bool {
        self.count > 0 && self.lowest >= lowest && self.highest <= highest
    }
}

impl Times {
    fn add(&mut self, day: i32, second: i64, is_instant: bool) {
        self.count += 1;
        self.instants += u64::from(is_instant);
        *self.days.entry(day).or_default() += 1;
        if self.seconds.len() < MOST_TIMES_OF_DAY || self.seconds.contains_key(&second) {
            *self.seconds.entry(second).or_default() += 1;
        } else {
            self.has_more_seconds = true;
        }
    }
}

/// Rows of a table, spread over it, and with them the values of folders. Columns that a file lacks are null.
pub(crate) fn sample(table: &Table, columns: &[&str], mut see: impl FnMut(&[Value<'_>])) -> Result<()> {
    let needs: Vec<Need> = columns.iter().map(|column| Need::required("table", "column", column, Role::Any)).collect();
    for piece in stretches(table) {
        for batch in piece.read(&needs, BATCH_ROWS)? {
            let batch = batch?;
            let arrays: Vec<Option<&dyn Array>> =
                columns.iter().map(|column| batch.column_by_name(column).map(AsRef::as_ref)).collect();
            let mut values = Vec::with_capacity(arrays.len());
            for row in 0..batch.num_rows() {
                values.clear();
                values.extend(arrays.iter().map(|array| array.map_or(Value::Null, |array| Value::new(array, row))));
                see(&values);
            }
        }
    }
    Ok(())
}

/// What some columns of a table are like, in their order.
pub(crate) fn profiles(table: &Table, columns: &[&str]) -> Result<Vec<Profile>> {
    let mut profiles = vec![Profile::default(); columns.len()];
    sample(table, columns, |values| {
        for (profile, value) in profiles.iter_mut().zip(values) {
            profile.add(*value);
        }
    })?;
    Ok(profiles)
}

/// Stretches of rows, evenly spread, the first and the last rows among them. A small table is taken whole.
fn stretches(table: &Table) -> Vec<FilePiece<'_>> {
    let mut groups = Vec::new();
    let mut all = 0;
    for file in &table.files {
        for group in 0..file.metadata.metadata().num_row_groups() {
            let rows = file.group_rows(group);
            groups.push((file, group, all..all + rows));
            all += rows;
        }
    }

    // A small table is one stretch.
    let length = if all <= SAMPLE_ROWS { all } else { SAMPLE_ROWS / STRETCHES };
    let stretches = if all <= SAMPLE_ROWS { 1 } else { STRETCHES };
    let starts = (0..stretches).map(|place| place * (all - length) / (stretches - 1).max(1));

    let mut pieces = Vec::new();
    for stretch in starts.map(|start| start..start + length) {
        let first = groups.partition_point(|(_, _, rows)| rows.end <= stretch.start);
        for (file, group, rows) in groups[first..].iter().take_while(|(_, _, rows)| rows.start < stretch.end) {
            let (from, to) = (stretch.start.max(rows.start), stretch.end.min(rows.end));
            pieces.extend(FilePiece::cut(file, *group, from - rows.start..to - rows.start, usize::MAX));
        }
    }
    pieces
}
