//! The door through which columns come in: what the table of types says of a column is done to its arrays here, once a
//! batch, so that the readers behind it know few types.

use super::types::{Form, ReadIds};
use crate::calendar::MICROS;
use crate::config::EpochUnit;
use arrow_array::builder::{StringBuilder, StringViewBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryArray, FixedSizeBinaryArray, Int64Array, LargeBinaryArray,
    LargeStringArray, PrimitiveArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use std::fmt;
use std::sync::Arc;

/// A value that is not what its column should hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// Its column.
    pub column: String,
    /// Its row in the array.
    pub row: usize,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// This byte, at this place in the value, begins no character of UTF-8.
    NotText { byte: u8, at: usize },
    /// An id with a fraction.
    Fraction(String),
    /// An id beyond 64 signed bits, which the statistics of its file do not tell of.
    TooLarge(String),
    /// An id as a float from the number on beyond which floats of its type do not hold all whole numbers.
    Inexact(String),
    /// An array of another type than its schema says.
    Type(DataType),
}

impl Why {
    /// Of some bytes that are no text.
    pub fn of_bytes(bytes: &[u8]) -> Why {
        let at = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        Why::NotText { byte: bytes.get(at).copied().unwrap_or_default(), at }
    }
}

/// What is wrong and what to do, after the place of the value.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::NotText { byte, at } => {
                write!(f, "the value is no UTF-8 text (byte 0x{byte:02X} at position {at}); write the column as UTF-8")
            }
            Why::Fraction(number) => write!(f, "{number} is no whole number, and so no id; cast the column to text"),
            Why::TooLarge(number) => {
                write!(
                    f,
                    "the id {number} is too large for 64 bits with a sign; cast the column to text in every table"
                )
            }
            Why::Inexact(number) => {
                write!(
                    f,
                    "the id {number} is a float so large that its last digits may be lost; write the column as BIGINT, \
                     or as text, where the numbers are from"
                )
            }
            Why::Type(found) => write!(f, "found {found}, which its schema does not say"),
        }
    }
}

/// What is to be done to the columns of a table.
#[derive(Clone, Debug)]
pub(crate) struct Conversions {
    /// By column; those that stay as they are need no entry.
    forms: Arc<[(String, Form)]>,
    ids: ReadIds,
    /// Of each, the values of the last dictionary as they came, and what became of them: many batches share them.
    dictionaries: Vec<Option<(ArrayRef, ArrayRef)>>,
}

impl Conversions {
    /// With ids that are read so.
    pub fn new(forms: Arc<[(String, Form)]>, ids: ReadIds) -> Conversions {
        Conversions { dictionaries: vec![None; forms.len()], forms, ids }
    }

    /// Converts the columns of a batch.
    pub fn apply(&mut self, batch: RecordBatch) -> Result<RecordBatch, Unfit> {
        let mut columns: Option<Vec<ArrayRef>> = None;
        for ((name, form), known) in self.forms.iter().zip(&mut self.dictionaries) {
            let Some((place, _)) = batch.schema_ref().column_with_name(name) else { continue };
            let array = batch.column(place);
            let converted = converted_through(known, array, *form, self.ids).map_err(|(row, why)| Unfit {
                column: name.clone(),
                row,
                why,
            })?;
            if !Arc::ptr_eq(array, &converted) {
                columns.get_or_insert_with(|| batch.columns().to_vec())[place] = converted;
            }
        }

        let Some(columns) = columns else { return Ok(batch) };
        let fields = batch.schema_ref().fields().iter().zip(&columns);
        let fields: Vec<Field> =
            fields.map(|(field, array)| Field::new(field.name(), array.data_type().clone(), true)).collect();
        let rows = batch.num_rows();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|_| Unfit {
            column: String::new(),
            row: rows,
            why: Why::Type(DataType::Null),
        })
    }
}

/// As [`converted`], of an array that may be a dictionary, whose values are converted once.
fn converted_through(
    known: &mut Option<(ArrayRef, ArrayRef)>,
    array: &ArrayRef,
    form: Form,
    ids: ReadIds,
) -> Result<ArrayRef, (usize, Why)> {
    let Some(dictionary) = array.as_any_dictionary_opt() else { return converted(array, form, ids) };
    let values = dictionary.values();
    let new = match known {
        Some((old, new)) if Arc::ptr_eq(old, values) => new.clone(),
        _ => converted(values, form, ids).map_err(|(value, why)| (row_of(array, value), why))?,
    };

    if Arc::ptr_eq(&new, values) {
        return Ok(array.clone());
    }
    *known = Some((values.clone(), new.clone()));
    Ok(dictionary.with_values(new))
}

/// The first row of a dictionary array that has a value.
fn row_of(array: &ArrayRef, value: usize) -> usize {
    let Some(dictionary) = array.as_any_dictionary_opt() else { return value };
    let keys = dictionary.normalized_keys();
    (0..array.len()).find(|&row| dictionary.is_valid(row) && keys[row] == value).unwrap_or(0)
}

/// A column in another form. What is wrong with a value comes with its row.
pub(crate) fn converted_column(array: &ArrayRef, form: Form, ids: ReadIds) -> Result<ArrayRef, (usize, Why)> {
    converted_through(&mut None, array, form, ids)
}

/// An array of plain values in another form.
fn converted(array: &ArrayRef, form: Form, ids: ReadIds) -> Result<ArrayRef, (usize, Why)> {
    match form {
        Form::AsIs => Ok(array.clone()),
        Form::Utf8 => utf8(array),
        Form::UuidText => Ok(uuid_text(array)),
        Form::Whole => whole(array, ids),
        Form::Instants(unit) => Ok(instants(array, unit)),
    }
}

/// Bytes as the text that they spell. Strings are looked at too: readers check them only where the file says that they
/// are UTF-8, and not where it says JSON.
fn utf8(array: &ArrayRef) -> Result<ArrayRef, (usize, Why)> {
    let text: Result<ArrayRef, ArrowError> = match array.data_type() {
        DataType::Binary => StringArray::try_from_binary(array.as_binary::<i32>().clone()).map(|a| Arc::new(a) as _),
        DataType::LargeBinary => {
            LargeStringArray::try_from_binary(array.as_binary::<i64>().clone()).map(|a| Arc::new(a) as _)
        }
        DataType::BinaryView => array.as_binary_view().clone().to_string_view().map(|a| Arc::new(a) as _),
        DataType::Utf8 => {
            let bytes = BinaryArray::from(array.as_string::<i32>().clone());
            StringArray::try_from_binary(bytes).map(|a| Arc::new(a) as _)
        }
        DataType::LargeUtf8 => {
            let bytes = LargeBinaryArray::from(array.as_string::<i64>().clone());
            LargeStringArray::try_from_binary(bytes).map(|a| Arc::new(a) as _)
        }
        DataType::Utf8View => {
            array.as_string_view().clone().to_binary_view().to_string_view().map(|a| Arc::new(a) as _)
        }
        _ => return Ok(array.clone()),
    };
    text.or_else(|_| text_by_value(array))
}

/// The same value by value, which finds the first that is no text. In a slice of an array, those outside it may be
/// none.
fn text_by_value(array: &ArrayRef) -> Result<ArrayRef, (usize, Why)> {
    fn texts<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> Result<ArrayRef, (usize, Why)> {
        let mut texts = StringBuilder::new();
        for (row, bytes) in values.enumerate() {
            let text = bytes.map(std::str::from_utf8).transpose();
            texts.append_option(text.map_err(|_| (row, Why::of_bytes(bytes.unwrap_or_default())))?);
        }
        Ok(Arc::new(texts.finish()))
    }

    match array.data_type() {
        DataType::Binary => texts(array.as_binary::<i32>().iter()),
        DataType::LargeBinary => texts(array.as_binary::<i64>().iter()),
        DataType::BinaryView => texts(array.as_binary_view().iter()),
        DataType::Utf8 => texts(BinaryArray::from(array.as_string::<i32>().clone()).iter()),
        DataType::LargeUtf8 => texts(LargeBinaryArray::from(array.as_string::<i64>().clone()).iter()),
        DataType::Utf8View => texts(array.as_string_view().clone().to_binary_view().iter()),
        _ => Ok(array.clone()),
    }
}

/// UUIDs as people write them: 32 lower-case hexadecimal digits in five groups.
fn uuid_text(array: &ArrayRef) -> ArrayRef {
    let Some(bytes) = array.as_any().downcast_ref::<FixedSizeBinaryArray>() else { return array.clone() };
    let mut texts = StringViewBuilder::with_capacity(array.len());
    let mut text = String::with_capacity(36);
    for value in bytes {
        let Some(value) = value else {
            texts.append_null();
            continue;
        };
        text.clear();
        for (at, byte) in value.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(digit), 16));
            }
        }
        texts.append_value(&text);
    }
    Arc::new(texts.finish())
}

/// Numbers as 64-bit integers, or as their digits where the ids of the run are texts.
fn whole(array: &ArrayRef, ids: ReadIds) -> Result<ArrayRef, (usize, Why)> {
    let data_type = array.data_type();
    let fits =
        data_type.is_signed_integer() || matches!(data_type, DataType::UInt8 | DataType::UInt16 | DataType::UInt32);
    if fits && ids != ReadIds::Texts {
        return Ok(array.clone());
    }

    macro_rules! numbers {
        ($type:ty) => {
            whole_numbers(array.as_primitive::<$type>(), ids, |v| Ok(i128::from(v)))
        };
        ($type:ty, $scale:expr) => {
            whole_numbers(array.as_primitive::<$type>(), ids, |v| unscaled(i128::from(v), $scale))
        };
    }
    match array.data_type() {
        DataType::Int8 => numbers!(Int8Type),
        DataType::Int16 => numbers!(Int16Type),
        DataType::Int32 => numbers!(Int32Type),
        DataType::Int64 => numbers!(Int64Type),
        DataType::UInt8 => numbers!(UInt8Type),
        DataType::UInt16 => numbers!(UInt16Type),
        DataType::UInt32 => numbers!(UInt32Type),
        DataType::UInt64 => numbers!(UInt64Type),
        DataType::Float16 => whole_floats(array.as_primitive::<Float16Type>(), ids, 11, |v| v.to_f64()),
        DataType::Float32 => whole_floats(array.as_primitive::<Float32Type>(), ids, 24, f64::from),
        DataType::Float64 => whole_floats(array.as_primitive::<Float64Type>(), ids, 53, |v| v),
        DataType::Decimal32(_, scale) => numbers!(Decimal32Type, *scale),
        DataType::Decimal64(_, scale) => numbers!(Decimal64Type, *scale),
        DataType::Decimal128(_, scale) => numbers!(Decimal128Type, *scale),
        DataType::Decimal256(_, scale) => {
            let array = array.as_primitive::<Decimal256Type>();
            whole_numbers(array, ids, |v| match v.to_i128() {
                Some(v) => unscaled(v, *scale),
                None => unscaled_text(&Decimal256Type::format_decimal(v, 76, *scale)),
            })
        }
        found => Err((0, Why::Type(found.clone()))),
    }
}

fn whole_numbers<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    ids: ReadIds,
    number: impl Fn(T::Native) -> Result<i128, Why>,
) -> Result<ArrayRef, (usize, Why)> {
    match ids {
        ReadIds::Integers { too_large } => {
            let mut integers = Vec::with_capacity(array.len());
            for (row, value) in array.iter().enumerate() {
                let integer = value.map_or(Ok(0), |value| {
                    let number = number(value)?;
                    i64::try_from(number).ok().or(too_large).ok_or_else(|| Why::TooLarge(number.to_string()))
                });
                integers.push(integer.map_err(|why| (row, why))?);
            }
            Ok(Arc::new(Int64Array::new(ScalarBuffer::from(integers), array.nulls().cloned())))
        }
        ReadIds::Texts => {
            let mut texts = StringViewBuilder::with_capacity(array.len());
            for (row, value) in array.iter().enumerate() {
                match value {
                    Some(value) => texts.append_value(number(value).map_err(|why| (row, why))?.to_string()),
                    None => texts.append_null(),
                }
            }
            Ok(Arc::new(texts.finish()))
        }
    }
}

/// Floats whose type holds every whole number of so many bits. NaN is how data frames write null into such a column.
fn whole_floats<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    ids: ReadIds,
    exact_bits: i32,
    number: impl Fn(T::Native) -> f64,
) -> Result<ArrayRef, (usize, Why)> {
    let known: PrimitiveArray<T> = array.iter().map(|value| value.filter(|&value| !number(value).is_nan())).collect();
    whole_numbers(&known, ids, |value| {
        let value = number(value);
        if value.fract() != 0.0 || value.is_infinite() {
            Err(Why::Fraction(value.to_string()))
        } else if value.abs() >= 2f64.powi(exact_bits) {
            Err(Why::Inexact(value.to_string()))
        } else {
            Ok(i128::from(value as i64))
        }
    })
}

/// A decimal as the whole number that it is.
fn unscaled(value: i128, scale: i8) -> Result<i128, Why> {
    if scale == 0 {
        return Ok(value);
    }
    let power = 10i128.checked_pow(u32::from(scale.unsigned_abs()));
    let whole = match power {
        Some(power) if scale < 0 => value.checked_mul(power),
        Some(power) => (value % power == 0).then(|| value / power),
        None => (value == 0).then_some(0),
    };
    whole.ok_or_else(|| {
        let text = Decimal128Type::format_decimal(value, 38, scale);
        if scale < 0 {
            Why::TooLarge(text)
        } else {
            Why::Fraction(text)
        }
    })
}

/// As [`unscaled`], of a decimal as it is written.
fn unscaled_text(text: &str) -> Result<i128, Why> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.bytes().any(|digit| digit != b'0') {
        return Err(Why::Fraction(text.to_owned()));
    }
    whole.parse().map_err(|_| Why::TooLarge(whole.to_owned()))
}

/// Numbers as instants: whole ones exactly, others to the microsecond below. Those beyond what 64 bits hold become the
/// first or the last instant; NaN is no time.
fn instants(array: &ArrayRef, unit: EpochUnit) -> ArrayRef {
    let per_second = unit.in_a_second();
    let of_whole = |number: i128| instant(number, unit);
    let of_float = |number: f64| (number * (MICROS as f64 / per_second as f64)).floor() as i64;
    let of_decimal = |value: i128, scale: i8| {
        let power = 10i128.checked_pow(u32::from(scale.unsigned_abs()));
        match power {
            Some(power) if scale >= 0 => value
                .checked_mul(i128::from(MICROS))
                .and_then(|micros| Some(saturated(micros.div_euclid(power.checked_mul(i128::from(per_second))?))))
                .unwrap_or_else(|| of_float(value as f64 / power as f64)),
            _ => of_float(value as f64 / 10f64.powi(i32::from(scale))),
        }
    };

    macro_rules! primitive {
        ($type:ty, $instant:expr) => {
            array.as_primitive::<$type>().unary::<_, TimestampMicrosecondType>($instant)
        };
    }
    let found: TimestampMicrosecondArray = match array.data_type() {
        DataType::Int8 => primitive!(Int8Type, |v| of_whole(v.into())),
        DataType::Int16 => primitive!(Int16Type, |v| of_whole(v.into())),
        DataType::Int32 => primitive!(Int32Type, |v| of_whole(v.into())),
        DataType::Int64 => primitive!(Int64Type, |v| of_whole(v.into())),
        DataType::UInt8 => primitive!(UInt8Type, |v| of_whole(v.into())),
        DataType::UInt16 => primitive!(UInt16Type, |v| of_whole(v.into())),
        DataType::UInt32 => primitive!(UInt32Type, |v| of_whole(v.into())),
        DataType::UInt64 => primitive!(UInt64Type, |v| of_whole(v.into())),
        DataType::Float16 => floats(array.as_primitive::<Float16Type>(), |v| v.to_f64(), of_float),
        DataType::Float32 => floats(array.as_primitive::<Float32Type>(), f64::from, of_float),
        DataType::Float64 => floats(array.as_primitive::<Float64Type>(), |v| v, of_float),
        DataType::Decimal32(_, scale) => primitive!(Decimal32Type, |v| of_decimal(v.into(), *scale)),
        DataType::Decimal64(_, scale) => primitive!(Decimal64Type, |v| of_decimal(v.into(), *scale)),
        DataType::Decimal128(_, scale) => primitive!(Decimal128Type, |v| of_decimal(v, *scale)),
        DataType::Decimal256(_, scale) => primitive!(Decimal256Type, |v| match v.to_i128() {
            Some(v) => of_decimal(v, *scale),
            None => of_float(f64_of_text(&Decimal256Type::format_decimal(v, 76, *scale))),
        }),
        _ => return array.clone(),
    };
    Arc::new(found.with_timezone("UTC"))
}

/// The same for floats, of which those that are NaN become null.
fn floats<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    number: impl Fn(T::Native) -> f64,
    instant: impl Fn(f64) -> i64,
) -> TimestampMicrosecondArray {
    let numbers = array.iter().map(|value| value.map(&number).filter(|number| !number.is_nan()));
    numbers.map(|number| number.map(&instant)).collect()
}

/// The instant that a whole number stands for.
pub(crate) fn instant(number: i128, unit: EpochUnit) -> i64 {
    saturated((number * i128::from(MICROS)).div_euclid(i128::from(unit.in_a_second())))
}

fn saturated(instant: i128) -> i64 {
    instant.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// The number that a text spells; NaN if none.
pub(crate) fn f64_of_text(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// Whether an array of bytes, or a dictionary of such, holds nothing but text.
pub(crate) fn is_utf8(array: &ArrayRef) -> bool {
    let values = match array.as_any_dictionary_opt() {
        Some(dictionary) => dictionary.values(),
        None => array,
    };
    utf8(values).is_ok()
}
