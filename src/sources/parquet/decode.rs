//! Arrow columns of any accepted type, as the one type that the rest of the program works with.

use crate::calendar::{Day, Zone, MICROS};
use crate::sources::contract::convert::f64_of_text;
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{
    AnyDictionaryArray, Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, RecordBatch, StringViewArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, TimeUnit};
use std::borrow::Cow;

/// Groups of types, for the arms of those that a role is not read from: the contract refuses them, or has made others
/// of them. Every type is named, so that one which Arrow adds does not become null for want of an arm.
macro_rules! types {
    (times) => {
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64
    };
    (integers) => {
        DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64
    };
    (decimals) => {
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..)
    };
    (floats) => {
        DataType::Float16 | DataType::Float32 | DataType::Float64
    };
    (texts) => {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    };
    (others) => {
        DataType::Null
            | DataType::Time32(_)
            | DataType::Time64(_)
            | DataType::Duration(_)
            | DataType::Interval(_)
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
            | DataType::List(_)
            | DataType::LargeList(_)
            | DataType::FixedSizeList(..)
            | DataType::ListView(_)
            | DataType::LargeListView(_)
            | DataType::Struct(_)
            | DataType::Map(..)
            | DataType::Union(..)
            | DataType::Dictionary(..)
            | DataType::RunEndEncoded(..)
    };
}

/// What lies in the place of a null.
const NOTHING: i64 = i64::MIN;

/// Whole numbers of a column, one a row. Null has a bit of its own: no number stands for it.
#[derive(Clone, Debug)]
pub struct Column<'a> {
    /// The numbers; what lies in the place of a null is of no meaning.
    pub values: &'a [i64],
    /// Which rows are null, if any are.
    pub nulls: Option<NullBuffer>,
}

impl Column<'_> {
    /// Whether a row is null.
    pub fn is_null(&self, row: usize) -> bool {
        is_null(self.nulls.as_ref(), row)
    }

    /// The numbers, row by row.
    pub fn iter(&self) -> impl Iterator<Item = Option<i64>> + '_ {
        valid(self.values, self.nulls.as_ref())
    }
}

/// The numbers of rows that are not null.
pub fn valid<'a>(values: &'a [i64], nulls: Option<&'a NullBuffer>) -> impl Iterator<Item = Option<i64>> + 'a {
    values.iter().enumerate().map(move |(row, &value)| (!is_null(nulls, row)).then_some(value))
}

fn is_null(nulls: Option<&NullBuffer>, row: usize) -> bool {
    nulls.is_some_and(|nulls| nulls.is_null(row))
}

/// The null rows of an array, of dictionaries too, if there are any.
fn nulls_of(array: &dyn Array) -> Option<NullBuffer> {
    array.logical_nulls().filter(|nulls| nulls.null_count() > 0)
}

/// Turns timestamps and dates into instants (microseconds since 1970 UTC).
pub struct Times<'z> {
    zone: &'z Zone,
    /// The last quarter of an hour of wall-clock time that was looked up, and its distance from the instant. Clocks
    /// change on quarters of an hour, so one look-up serves all times within it.
    wall_quarter: Option<(i64, i64)>,
    midnight: Option<(i32, i64)>,
}

const QUARTER: i64 = 900 * MICROS;

impl<'z> Times<'z> {
    /// For timestamps of a zone-less column in `zone`.
    pub fn new(zone: &'z Zone) -> Times<'z> {
        Times { zone, wall_quarter: None, midnight: None }
    }

    fn wall_clock(&mut self, micros: i64) -> i64 {
        if self.zone.is_utc() {
            return micros;
        }
        let quarter = micros.div_euclid(QUARTER);
        let shift = match self.wall_quarter {
            Some((known, shift)) if known == quarter => shift,
            _ => {
                let start = quarter.saturating_mul(QUARTER);
                let shift = self.zone.instant_of_wall_clock(start).saturating_sub(start);
                self.wall_quarter = Some((quarter, shift));
                shift
            }
        };
        micros.saturating_add(shift)
    }

    fn midnight(&mut self, day: i32) -> i64 {
        match self.midnight {
            Some((known, instant)) if known == day => instant,
            _ => {
                let instant = self.zone.midnight(Day(day));
                self.midnight = Some((day, instant));
                instant
            }
        }
    }

    /// As [`Times::fill`], with a column of a batch; without such a column all are null.
    pub fn fill_column(&mut self, batch: &RecordBatch, column: &str, out: &mut Vec<i64>) -> Option<NullBuffer> {
        match batch.column_by_name(column) {
            Some(array) => self.fill(array, out),
            None => none(batch.num_rows(), out),
        }
    }

    /// As [`Times::fill_column`]: the array's own values where these are the instants, else what `out` is filled with.
    pub fn of_column<'a>(&mut self, batch: &'a RecordBatch, column: &str, out: &'a mut Vec<i64>) -> Column<'a> {
        let array = batch.column_by_name(column).and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
        match array.filter(|array| array.null_count() == 0 && (array.timezone().is_some() || self.zone.is_utc())) {
            Some(array) => Column { values: array.values(), nulls: None },
            None => {
                let nulls = self.fill_column(batch, column, out);
                Column { values: out, nulls }
            }
        }
    }

    /// Fills `out` with one instant a row, and returns which are null. Instants beyond what 64 bits hold become the
    /// first or the last one.
    pub fn fill(&mut self, array: &ArrayRef, out: &mut Vec<i64>) -> Option<NullBuffer> {
        out.clear();
        if let Some(dictionary) = array.as_any_dictionary_opt() {
            let mut values = Vec::new();
            self.fill(dictionary.values(), &mut values);
            through_keys(dictionary, &values, NOTHING, out);
            return nulls_of(array);
        }

        match array.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => {
                primitive::<TimestampSecondType, _>(array, out, NOTHING, |t| t.saturating_mul(MICROS));
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                primitive::<TimestampMillisecondType, _>(array, out, NOTHING, |t| t.saturating_mul(1000));
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                primitive::<TimestampMicrosecondType, _>(array, out, NOTHING, |t| t);
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                primitive::<TimestampNanosecondType, _>(array, out, NOTHING, |t| t.div_euclid(1000));
            }
            DataType::Date32 => primitive::<Date32Type, _>(array, out, NOTHING, |d| self.midnight(d)),
            DataType::Date64 => primitive::<Date64Type, _>(array, out, NOTHING, |t| {
                self.midnight(t.div_euclid(86_400_000).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
            }),
            types!(integers)
            | types!(decimals)
            | types!(floats)
            | types!(texts)
            | DataType::Boolean
            | types!(others) => return none(array.len(), out),
        }

        if matches!(array.data_type(), DataType::Timestamp(_, None)) && !self.zone.is_utc() {
            for instant in out.iter_mut().filter(|instant| **instant != NOTHING) {
                *instant = self.wall_clock(*instant);
            }
        }
        nulls_of(array)
    }

    /// One value of a row-group statistic of the column, as an instant: `raw` in the column's own unit.
    pub fn statistic(&mut self, data_type: &DataType, raw: i64) -> Option<i64> {
        let micros = match data_type {
            DataType::Timestamp(TimeUnit::Second, _) => raw.saturating_mul(MICROS),
            DataType::Timestamp(TimeUnit::Millisecond, _) => raw.saturating_mul(1000),
            DataType::Timestamp(TimeUnit::Microsecond, _) => raw,
            DataType::Timestamp(TimeUnit::Nanosecond, _) => raw.div_euclid(1000),
            DataType::Date32 => return Some(self.midnight(i32::try_from(raw).ok()?)),
            _ => return None,
        };
        Some(if matches!(data_type, DataType::Timestamp(_, None)) { self.wall_clock(micros) } else { micros })
    }
}

/// Fills `out` with nulls alone, and says so.
fn none(rows: usize, out: &mut Vec<i64>) -> Option<NullBuffer> {
    out.clear();
    out.resize(rows, NOTHING);
    Some(NullBuffer::new_null(rows)).filter(|_| rows > 0)
}

/// Pushes every value of a primitive array through `map`; nulls become `null`.
fn primitive<T: ArrowPrimitiveType, O: Copy>(
    array: &ArrayRef,
    out: &mut Vec<O>,
    null: O,
    mut map: impl FnMut(T::Native) -> O,
) {
    let array: &PrimitiveArray<T> = array.as_primitive();
    match array.nulls() {
        None => out.extend(array.values().iter().map(|&v| map(v))),
        Some(nulls) => {
            out.extend(array.values().iter().zip(nulls).map(|(&v, valid)| if valid { map(v) } else { null }));
        }
    }
}

/// Pushes the value of every row of a dictionary array; nulls become `null`.
fn through_keys<T: Copy>(array: &dyn AnyDictionaryArray, values: &[T], null: T, out: &mut Vec<T>) {
    // Keys of nulls may lead anywhere.
    let value =
        |row: usize, key: usize| if array.is_null(row) { null } else { values.get(key).copied().unwrap_or(null) };
    out.extend(keys(array).into_iter().enumerate().map(|(row, key)| value(row, key)));
}

/// The key of every row of a dictionary array, within its values; that of a null leads anywhere.
fn keys(array: &dyn AnyDictionaryArray) -> Vec<usize> {
    // An array of nulls alone may have no values, which Arrow's own function does not allow.
    if array.values().is_empty() {
        vec![0; array.len()]
    } else {
        array.normalized_keys()
    }
}

/// Fills `out` with one float a row; null becomes NaN (ask the array itself to tell it from a stored NaN).
pub fn numbers(array: &ArrayRef, out: &mut Vec<f64>) {
    out.clear();
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        let mut values = Vec::new();
        numbers(dictionary.values(), &mut values);
        through_keys(dictionary, &values, f64::NAN, out);
        return;
    }

    macro_rules! numbers {
        ($type:ty) => {
            primitive::<$type, _>(array, out, f64::NAN, |v| v as f64)
        };
    }
    match array.data_type() {
        DataType::Float64 => numbers!(Float64Type),
        DataType::Float32 => numbers!(Float32Type),
        DataType::Float16 => primitive::<Float16Type, _>(array, out, f64::NAN, |v| v.to_f64()),
        DataType::Int64 => numbers!(Int64Type),
        DataType::Int32 => numbers!(Int32Type),
        DataType::Int16 => numbers!(Int16Type),
        DataType::Int8 => numbers!(Int8Type),
        DataType::UInt64 => numbers!(UInt64Type),
        DataType::UInt32 => numbers!(UInt32Type),
        DataType::UInt16 => numbers!(UInt16Type),
        DataType::UInt8 => numbers!(UInt8Type),
        DataType::Decimal32(_, scale) => {
            primitive::<Decimal32Type, _>(array, out, f64::NAN, |v| decimal(v.into(), *scale));
        }
        DataType::Decimal64(_, scale) => {
            primitive::<Decimal64Type, _>(array, out, f64::NAN, |v| decimal(v.into(), *scale));
        }
        DataType::Decimal128(_, scale) => {
            primitive::<Decimal128Type, _>(array, out, f64::NAN, |v| decimal(v, *scale));
        }
        DataType::Decimal256(_, scale) => primitive::<Decimal256Type, _>(array, out, f64::NAN, |v| match v.to_i128() {
            Some(v) => decimal(v, *scale),
            None => f64_of_text(&Decimal256Type::format_decimal(v, 76, *scale)),
        }),
        DataType::Boolean => {
            let array = array.as_boolean();
            out.extend(array.iter().map(|value| value.map_or(f64::NAN, |value| f64::from(u8::from(value)))));
        }
        types!(times) | types!(texts) | types!(others) => out.resize(array.len(), f64::NAN),
    }
}

/// A decimal as the nearest float.
fn decimal(value: i128, scale: i8) -> f64 {
    // Both exact, so that the quotient is rounded once.
    if (0..=22).contains(&scale) && value.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS {
        return value as f64 / 10f64.powi(i32::from(scale));
    }
    f64_of_text(&format!("{value}e{}", -i32::from(scale)))
}

/// Fills `out` with one integer a row, and returns which are null.
pub fn integers(array: &ArrayRef, out: &mut Vec<i64>) -> Option<NullBuffer> {
    out.clear();
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        let mut values = Vec::new();
        integers(dictionary.values(), &mut values);
        through_keys(dictionary, &values, NOTHING, out);
        return nulls_of(array);
    }

    match array.data_type() {
        DataType::Int64 => primitive::<Int64Type, _>(array, out, NOTHING, |v| v),
        DataType::Int32 => primitive::<Int32Type, _>(array, out, NOTHING, i64::from),
        DataType::Int16 => primitive::<Int16Type, _>(array, out, NOTHING, i64::from),
        DataType::Int8 => primitive::<Int8Type, _>(array, out, NOTHING, i64::from),
        DataType::UInt32 => primitive::<UInt32Type, _>(array, out, NOTHING, i64::from),
        DataType::UInt16 => primitive::<UInt16Type, _>(array, out, NOTHING, i64::from),
        DataType::UInt8 => primitive::<UInt8Type, _>(array, out, NOTHING, i64::from),
        DataType::UInt64
        | DataType::Boolean
        | types!(decimals)
        | types!(floats)
        | types!(texts)
        | types!(times)
        | types!(others) => return none(array.len(), out),
    }
    nulls_of(array)
}

/// As [`integers`]: the array's own values where these are 64-bit integers without a null, else what `out` is filled
/// with.
pub fn integers_of<'a>(array: &'a ArrayRef, out: &'a mut Vec<i64>) -> Column<'a> {
    match array.as_primitive_opt::<Int64Type>() {
        Some(array) if array.null_count() == 0 => Column { values: array.values(), nulls: None },
        _ => {
            let nulls = integers(array, out);
            Column { values: out, nulls }
        }
    }
}

/// The strings of a column of strings, as views: the array itself where it holds views.
pub fn text_views(array: &ArrayRef) -> Cow<'_, StringViewArray> {
    if let Some(views) = array.as_string_view_opt() {
        return Cow::Borrowed(views);
    }
    if let Some(strings) = array.as_string_opt::<i32>() {
        return Cow::Owned(StringViewArray::from(strings));
    }
    let Texts { values, positions } = texts(array);
    Cow::Owned(positions.into_iter().map(|position| values.get(position? as usize)).collect())
}

/// The strings of a column of any accepted type, each row as a position in the values of this batch.
pub struct Texts {
    /// The values that the positions point at.
    pub values: Vec<String>,
    /// One position a row; `None` for null.
    pub positions: Vec<Option<u32>>,
}

/// Reads a text column; integers and booleans are read as their text.
pub fn texts(array: &ArrayRef) -> Texts {
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        if dictionary.values().len() > array.len() {
            return texts_in_use(dictionary);
        }

        let values = texts(dictionary.values());
        let keys = keys(dictionary);
        let positions = (0..array.len())
            .map(|i| if array.is_null(i) { None } else { keys.get(i).and_then(|&k| *values.positions.get(k)?) })
            .collect();
        return Texts { values: values.values, positions };
    }
    let mut values = Vec::new();
    let mut positions = Vec::with_capacity(array.len());
    let mut seen = hashbrown::HashMap::<String, u32>::new();
    let mut push = |text: Option<String>| {
        positions.push(text.map(|text| {
            *seen.entry(text).or_insert_with_key(|text| {
                values.push(text.clone());
                values.len() as u32 - 1
            })
        }));
    };
    macro_rules! digits {
        ($type:ty) => {
            array.as_primitive::<$type>().iter().for_each(|v| push(v.map(|v| v.to_string())))
        };
    }
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(|t| push(t.map(str::to_owned))),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(|t| push(t.map(str::to_owned))),
        DataType::Utf8View => array.as_string_view().iter().for_each(|t| push(t.map(str::to_owned))),
        DataType::Boolean => array.as_boolean().iter().for_each(|b| push(b.map(|b| b.to_string()))),
        DataType::Int8 => digits!(Int8Type),
        DataType::Int16 => digits!(Int16Type),
        DataType::Int32 => digits!(Int32Type),
        DataType::Int64 => digits!(Int64Type),
        DataType::UInt8 => digits!(UInt8Type),
        DataType::UInt16 => digits!(UInt16Type),
        DataType::UInt32 => digits!(UInt32Type),
        DataType::UInt64 => digits!(UInt64Type),
        DataType::Decimal32(_, 0) => digits!(Decimal32Type),
        DataType::Decimal64(_, 0) => digits!(Decimal64Type),
        DataType::Decimal128(_, 0) => digits!(Decimal128Type),
        DataType::Decimal256(_, 0) => digits!(Decimal256Type),
        types!(decimals) | types!(floats) | types!(times) | types!(others) => (0..array.len()).for_each(|_| push(None)),
    }
    Texts { values, positions }
}

/// As [`texts`], of a dictionary with more values than rows, as a slice of an array has: only those in use are read.
fn texts_in_use(array: &dyn AnyDictionaryArray) -> Texts {
    let mut values = Vec::new();
    let mut known: hashbrown::HashMap<usize, Option<u32>> = hashbrown::HashMap::new();
    let mut position = |key: usize| {
        *known.entry(key).or_insert_with(|| {
            values.push(texts(&array.values().slice(key, 1)).values.pop()?);
            Some(values.len() as u32 - 1)
        })
    };

    let rows = keys(array).into_iter().enumerate();
    let positions = rows.map(|(row, key)| if array.is_null(row) { None } else { position(key) }).collect();
    Texts { values, positions }
}
