//! Arrays of one type as arrays of another that holds their values exactly.

use super::kinds::CopyType;
use super::text::{counts_a_second, flat, text};
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{
    new_null_array, Array, ArrayRef, ArrowPrimitiveType, Decimal128Array, Decimal256Array, LargeBinaryArray,
    LargeStringArray, PrimitiveArray,
};
use arrow_buffer::i256;
use arrow_schema::{DataType, TimeUnit};
use std::sync::Arc;

/// The values of an array, which are of the kind `from`, as the kind `to`; nothing if one of them does not fit.
pub(super) fn convert(array: &ArrayRef, from: &CopyType, to: &CopyType) -> Option<ArrayRef> {
    use DataType::*;

    let array = &flat(array.clone());
    let target = to.data_type();
    if *array.data_type() == target {
        return Some(array.clone());
    }
    if *array.data_type() == Null {
        return Some(new_null_array(&target, array.len()));
    }

    match &target {
        LargeUtf8 => Some(texts(array, from)),
        LargeBinary => raw(array),
        Int16 => integers::<Int16Type>(array),
        Int32 => integers::<Int32Type>(array),
        Int64 => integers::<Int64Type>(array),
        UInt16 => integers::<UInt16Type>(array),
        UInt32 => integers::<UInt32Type>(array),
        UInt64 => integers::<UInt64Type>(array),
        Decimal128(precision, scale) => {
            let values = whole(array, *scale)?;
            let values: Option<Decimal128Array> = all(&values, i256::to_i128);
            Some(Arc::new(values?.with_precision_and_scale(*precision, *scale).ok()?))
        }
        Decimal256(precision, scale) => {
            let values: Decimal256Array = whole(array, *scale)?.into_iter().collect();
            Some(Arc::new(values.with_precision_and_scale(*precision, *scale).ok()?))
        }
        Float16 => floats::<Float16Type>(array, <Float16Type as ArrowPrimitiveType>::Native::from_f64),
        Float32 => floats::<Float32Type>(array, |value| value as f32),
        Float64 => floats::<Float64Type>(array, |value| value),
        Date32 => counts::<Date32Type>(array, 1, 86_400_000),
        Time32(_) => counts::<Time32MillisecondType>(array, 1_000, 1),
        Time64(TimeUnit::Nanosecond) => counts::<Time64NanosecondType>(array, finer(array, TimeUnit::Nanosecond)?, 1),
        Time64(unit) => counts::<Time64MicrosecondType>(array, finer(array, *unit)?, 1),
        Timestamp(unit, zone) => instants(array, *unit, zone.as_ref()),
        _ => None,
    }
}

fn texts(array: &ArrayRef, kind: &CopyType) -> ArrayRef {
    Arc::new((0..array.len()).map(|row| text(kind, array, row)).collect::<LargeStringArray>())
}

/// Bytes, of a text its own.
fn raw(array: &ArrayRef) -> Option<ArrayRef> {
    use DataType::*;

    let bytes: LargeBinaryArray = match array.data_type() {
        Utf8 => array.as_string::<i32>().iter().map(|text| text.map(str::as_bytes)).collect(),
        LargeUtf8 => array.as_string::<i64>().iter().map(|text| text.map(str::as_bytes)).collect(),
        Utf8View => array.as_string_view().iter().map(|text| text.map(str::as_bytes)).collect(),
        Binary => array.as_binary::<i32>().iter().collect(),
        BinaryView => array.as_binary_view().iter().collect(),
        FixedSizeBinary(_) => array.as_fixed_size_binary().iter().collect(),
        _ => return None,
    };
    Some(Arc::new(bytes))
}

/// All values through a function, if it has a result for each.
fn all<T: ArrowPrimitiveType>(
    values: &[Option<i256>],
    map: impl Fn(i256) -> Option<T::Native>,
) -> Option<PrimitiveArray<T>> {
    let mapped: Option<Vec<Option<T::Native>>> = values
        .iter()
        .map(|value| match value {
            Some(value) => map(*value).map(Some),
            None => Some(None),
        })
        .collect();
    Some(PrimitiveArray::from_iter(mapped?))
}

fn integers<T: ArrowPrimitiveType>(array: &ArrayRef) -> Option<ArrayRef>
where
    T::Native: TryFrom<i128>,
{
    let values = whole(array, 0)?;
    Some(Arc::new(all::<T>(&values, |value| T::Native::try_from(value.to_i128()?).ok())?))
}

/// Integers and decimals, in units of the last of so many decimal places.
fn whole(array: &ArrayRef, places: i8) -> Option<Vec<Option<i256>>> {
    use DataType::*;

    macro_rules! values {
        ($type:ty) => {
            array.as_primitive::<$type>().iter().map(|value| value.map(|value| i256::from_i128(value.into()))).collect()
        };
    }
    let (values, scale): (Vec<Option<i256>>, i8) = match array.data_type() {
        Int8 => (values!(Int8Type), 0),
        Int16 => (values!(Int16Type), 0),
        Int32 => (values!(Int32Type), 0),
        Int64 => (values!(Int64Type), 0),
        UInt8 => (values!(UInt8Type), 0),
        UInt16 => (values!(UInt16Type), 0),
        UInt32 => (values!(UInt32Type), 0),
        UInt64 => (values!(UInt64Type), 0),
        Decimal32(_, scale) => (values!(Decimal32Type), *scale),
        Decimal64(_, scale) => (values!(Decimal64Type), *scale),
        Decimal128(_, scale) => (values!(Decimal128Type), *scale),
        Decimal256(_, scale) => (array.as_primitive::<Decimal256Type>().iter().collect(), *scale),
        _ => return None,
    };

    let power = u32::try_from(i16::from(places) - i16::from(scale)).ok()?;
    let factor = i256::from_i128(10).checked_pow(power)?;
    values
        .into_iter()
        .map(|value| match value {
            Some(value) => value.checked_mul(factor).map(Some),
            None => Some(None),
        })
        .collect()
}

/// Integers and narrower floats, which a wider float holds.
fn floats<T: ArrowPrimitiveType>(array: &ArrayRef, narrow: impl Fn(f64) -> T::Native) -> Option<ArrayRef> {
    let values: Vec<Option<f64>> = match array.data_type() {
        DataType::Float16 => array.as_primitive::<Float16Type>().iter().map(|value| value.map(f64::from)).collect(),
        DataType::Float32 => array.as_primitive::<Float32Type>().iter().map(|value| value.map(f64::from)).collect(),
        _ => whole(array, 0)?.into_iter().map(|value| Some(value?.to_i128()? as f64)).collect(),
    };
    Some(Arc::new(PrimitiveArray::<T>::from_iter(values.into_iter().map(|value| value.map(&narrow)))))
}

/// The counts of a column of days, times or timestamps in its own unit.
fn own_counts(array: &ArrayRef) -> Option<Vec<Option<i64>>> {
    macro_rules! values {
        ($type:ty) => {
            array.as_primitive::<$type>().iter().map(|value| value.map(i64::from)).collect()
        };
    }
    Some(match array.data_type() {
        DataType::Date64 => values!(Date64Type),
        DataType::Time32(TimeUnit::Second) => values!(Time32SecondType),
        DataType::Time32(_) => values!(Time32MillisecondType),
        DataType::Time64(TimeUnit::Microsecond) => values!(Time64MicrosecondType),
        DataType::Timestamp(TimeUnit::Second, _) => values!(TimestampSecondType),
        DataType::Timestamp(TimeUnit::Millisecond, _) => values!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, _) => values!(TimestampMicrosecondType),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => values!(TimestampNanosecondType),
        _ => return None,
    })
}

/// The counts in another unit: multiplied, and divided without remainder.
fn counts<T: ArrowPrimitiveType>(array: &ArrayRef, factor: i64, divisor: i64) -> Option<ArrayRef>
where
    T::Native: TryFrom<i64>,
{
    let converted: Option<Vec<Option<T::Native>>> = own_counts(array)?
        .into_iter()
        .map(|value| match value {
            Some(value) if value % divisor != 0 => None,
            Some(value) => T::Native::try_from(value.checked_mul(factor)? / divisor).ok().map(Some),
            None => Some(None),
        })
        .collect();
    Some(Arc::new(PrimitiveArray::<T>::from_iter(converted?)))
}

fn instants(array: &ArrayRef, unit: TimeUnit, zone: Option<&Arc<str>>) -> Option<ArrayRef> {
    let factor = finer(array, unit)?;
    let converted = match unit {
        TimeUnit::Second => return None,
        TimeUnit::Millisecond => counts::<TimestampMillisecondType>(array, factor, 1)?,
        TimeUnit::Microsecond => counts::<TimestampMicrosecondType>(array, factor, 1)?,
        TimeUnit::Nanosecond => counts::<TimestampNanosecondType>(array, factor, 1)?,
    };

    macro_rules! in_zone {
        ($type:ty) => {
            Arc::new(converted.as_primitive::<$type>().clone().with_timezone_opt(zone.cloned()))
        };
    }
    Some(match unit {
        TimeUnit::Second | TimeUnit::Millisecond => in_zone!(TimestampMillisecondType),
        TimeUnit::Microsecond => in_zone!(TimestampMicrosecondType),
        TimeUnit::Nanosecond => in_zone!(TimestampNanosecondType),
    })
}

/// How many of a finer unit make one of the array's.
fn finer(array: &ArrayRef, unit: TimeUnit) -> Option<i64> {
    match array.data_type() {
        DataType::Time32(own) | DataType::Time64(own) | DataType::Timestamp(own, _) => {
            Some(counts_a_second(unit) / counts_a_second(*own))
        }
        _ => None,
    }
}
