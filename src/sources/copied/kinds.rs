//! What a column is copied as: by its type, and by those that it has in the other files of its source.

use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, TimeUnit, DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION};
use std::sync::Arc;

/// A type that Parquet holds as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum CopyType {
    /// One that Arrow and Parquet both have.
    Plain(DataType),
    /// 16 bytes that are marked as a UUID.
    Uuid,
}

impl CopyType {
    /// Text.
    pub const TEXT: CopyType = CopyType::Plain(DataType::LargeUtf8);

    /// What a column of this type is copied as.
    ///
    /// # Errors
    /// What to do about a type that Parquet does not hold, or that is not one value a row.
    pub fn of_type(found: &DataType) -> Result<CopyType, &'static str> {
        use DataType::*;

        let plain = match found {
            Null | Boolean | Float16 | Float32 | Float64 => found.clone(),
            Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 => found.clone(),
            Decimal32(precision, scale)
            | Decimal64(precision, scale)
            | Decimal128(precision, scale)
            | Decimal256(precision, scale) => {
                // Parquet has no scale below 0, and none above the precision.
                let places = (*scale).max(0);
                let digits = i16::from(*precision) + i16::from(places - *scale);
                decimal(digits.max(i16::from(places)), places).ok_or("cast it to text")?
            }
            Date32 | Date64 => Date32,
            // Parquet counts no seconds.
            Time32(TimeUnit::Second | TimeUnit::Millisecond) => Time32(TimeUnit::Millisecond),
            Time64(TimeUnit::Microsecond | TimeUnit::Nanosecond) => found.clone(),
            Time32(_) | Time64(_) => return Err("cast it to text"),
            Timestamp(TimeUnit::Second, zone) => Timestamp(TimeUnit::Millisecond, zone.clone()),
            Timestamp(..) => found.clone(),
            Utf8 | LargeUtf8 | Utf8View => LargeUtf8,
            Binary | LargeBinary | BinaryView => LargeBinary,
            FixedSizeBinary(bytes) if *bytes > 0 => found.clone(),
            FixedSizeBinary(_) => return Err("leave it out: its values have no bytes"),
            Dictionary(_, values) => return CopyType::of_type(values),
            Duration(_) => return Err("cast it to a whole number, or to text"),
            Interval(_) => return Err("cast it to text"),
            RunEndEncoded(..) => return Err("write it with a value for each row"),
            List(_) | ListView(_) | FixedSizeList(..) | LargeList(_) | LargeListView(_) | Struct(_) | Map(..) => {
                return Err("copy one of its fields in a column of its own, or cast it to text (JSON)");
            }
            Union(..) => return Err("cast it to text"),
        };
        Ok(CopyType::Plain(plain))
    }

    /// As [`CopyType::of_type`], of a column that may be marked as one of UUIDs.
    pub fn of_field(field: &Field) -> Result<CopyType, &'static str> {
        let marked = field.metadata().get(EXTENSION_TYPE_NAME_KEY).is_some_and(|name| name == "arrow.uuid");
        let found = CopyType::of_type(field.data_type())?;
        Ok(if marked { found.marked_as_uuid() } else { found })
    }

    /// A UUID where these are 16 bytes.
    pub fn marked_as_uuid(self) -> CopyType {
        match self {
            CopyType::Plain(DataType::FixedSizeBinary(16)) => CopyType::Uuid,
            other => other,
        }
    }

    /// The type that holds the values of all these exactly, whatever their order: a wider number, a finer time, or else
    /// text, as each value is written. There is none for bytes beside anything but bytes and text.
    pub fn common<'a>(kinds: impl IntoIterator<Item = &'a CopyType>) -> Option<CopyType> {
        let mut distinct: Vec<&CopyType> = Vec::new();
        for kind in kinds {
            if *kind != CopyType::Plain(DataType::Null) && !distinct.contains(&kind) {
                distinct.push(kind);
            }
        }
        match distinct.as_slice() {
            // Nobody knows what a column without values would hold.
            [] => Some(CopyType::TEXT),
            [one] => Some((*one).clone()),
            several => numbers(several).or_else(|| times(several)).or_else(|| bytes(several)).or_else(|| text(several)),
        }
    }

    /// The type of the array.
    pub fn data_type(&self) -> DataType {
        match self {
            CopyType::Plain(plain) => plain.clone(),
            CopyType::Uuid => DataType::FixedSizeBinary(16),
        }
    }

    fn is_raw(&self) -> bool {
        matches!(self, CopyType::Plain(DataType::LargeBinary | DataType::FixedSizeBinary(_)))
    }
}

/// A decimal of so many digits, of which `places` are behind the point.
fn decimal(digits: i16, places: i8) -> Option<DataType> {
    let digits = u8::try_from(digits.max(1)).ok()?;
    if digits <= DECIMAL128_MAX_PRECISION {
        Some(DataType::Decimal128(digits, places))
    } else {
        (digits <= DECIMAL256_MAX_PRECISION).then_some(DataType::Decimal256(digits, places))
    }
}

/// A type of numbers, by what it takes to hold them.
#[derive(Clone, Copy)]
enum Number {
    Whole { signed: bool, bits: u8, digits: i16 },
    Decimal { digits: i16, places: i8 },
    Float { bits: u8 },
}

impl Number {
    fn of(kind: &CopyType) -> Option<Number> {
        use DataType::*;

        let CopyType::Plain(plain) = kind else { return None };
        let whole = |signed, bits, digits| Some(Number::Whole { signed, bits, digits });
        match plain {
            Int8 => whole(true, 8, 3),
            Int16 => whole(true, 16, 5),
            Int32 => whole(true, 32, 10),
            Int64 => whole(true, 64, 19),
            UInt8 => whole(false, 8, 3),
            UInt16 => whole(false, 16, 5),
            UInt32 => whole(false, 32, 10),
            UInt64 => whole(false, 64, 20),
            Decimal128(precision, scale) | Decimal256(precision, scale) => {
                Some(Number::Decimal { digits: i16::from(*precision), places: *scale })
            }
            Float16 => Some(Number::Float { bits: 16 }),
            Float32 => Some(Number::Float { bits: 32 }),
            Float64 => Some(Number::Float { bits: 64 }),
            _ => None,
        }
    }
}

/// What holds all of several types of numbers.
fn numbers(kinds: &[&CopyType]) -> Option<CopyType> {
    let numbers: Vec<Number> = kinds.iter().map(|kind| Number::of(kind)).collect::<Option<_>>()?;
    let is_float = |number: &Number| matches!(number, Number::Float { .. });
    let is_decimal = |number: &Number| matches!(number, Number::Decimal { .. });
    let found = if numbers.iter().any(is_float) {
        common_float(&numbers)?
    } else if numbers.iter().any(is_decimal) {
        common_decimal(&numbers)?
    } else {
        common_integer(&numbers)?
    };
    Some(CopyType::Plain(found))
}

fn common_float(numbers: &[Number]) -> Option<DataType> {
    let mut width = 16;
    let mut exact_bits = 0;
    for number in numbers {
        match *number {
            Number::Float { bits } => width = width.max(bits),
            Number::Whole { signed, bits, .. } => exact_bits = exact_bits.max(bits - u8::from(signed)),
            Number::Decimal { .. } => return None,
        }
    }
    let floats = [(16, 11, DataType::Float16), (32, 24, DataType::Float32), (64, 53, DataType::Float64)];
    let (.., float) = floats.into_iter().find(|(bits, exact, _)| *bits >= width && *exact >= exact_bits)?;
    Some(float)
}

fn common_decimal(numbers: &[Number]) -> Option<DataType> {
    let (mut before, mut behind) = (0, 0);
    for number in numbers {
        match *number {
            Number::Decimal { digits, places } => {
                before = before.max(digits - i16::from(places));
                behind = behind.max(places);
            }
            Number::Whole { digits, .. } => before = before.max(digits),
            Number::Float { .. } => return None,
        }
    }
    decimal(before + i16::from(behind), behind)
}

fn common_integer(numbers: &[Number]) -> Option<DataType> {
    let (mut widest_signed, mut widest_unsigned) = (0, 0);
    for number in numbers {
        match *number {
            Number::Whole { signed: true, bits, .. } => widest_signed = widest_signed.max(bits),
            Number::Whole { signed: false, bits, .. } => widest_unsigned = widest_unsigned.max(bits),
            _ => return None,
        }
    }
    Some(match (widest_signed, widest_unsigned) {
        (0, 16) => DataType::UInt16,
        (0, 32) => DataType::UInt32,
        (0, _) => DataType::UInt64,
        // An unsigned number takes a bit more than a signed one of its width has.
        (signed, unsigned) => match signed.max(if unsigned == 0 { 0 } else { unsigned.saturating_mul(2) }) {
            ..=16 => DataType::Int16,
            17..=32 => DataType::Int32,
            33..=64 => DataType::Int64,
            _ => DataType::Decimal128(20, 0),
        },
    })
}

/// The finest of several times of day, or of several timestamps that are all in zones or all without one.
fn times(kinds: &[&CopyType]) -> Option<CopyType> {
    let (mut finest, mut of_day, mut zones) = (TimeUnit::Second, 0, Vec::new());
    for kind in kinds {
        let CopyType::Plain(DataType::Time32(unit) | DataType::Time64(unit) | DataType::Timestamp(unit, _)) = kind
        else {
            return None;
        };
        finest = finest.max(*unit);
        match kind {
            CopyType::Plain(DataType::Timestamp(_, zone)) => zones.push(zone),
            _ => of_day += 1,
        }
    }

    let common = match (of_day, zones.as_slice()) {
        (_, []) if finest > TimeUnit::Millisecond => DataType::Time64(finest),
        (_, []) => DataType::Time32(finest),
        (0, [first, ..]) if zones.iter().all(|zone| zone == first) => DataType::Timestamp(finest, (*first).clone()),
        (0, _) if zones.iter().all(|zone| zone.is_some()) => DataType::Timestamp(finest, Some(Arc::from("UTC"))),
        _ => return None,
    };
    Some(CopyType::Plain(common))
}

/// What holds several types of bytes and text.
fn bytes(kinds: &[&CopyType]) -> Option<CopyType> {
    let are_bytes =
        |kind: &&CopyType| kind.is_raw() || matches!(kind, CopyType::Uuid | CopyType::Plain(DataType::LargeUtf8));
    if !kinds.iter().all(are_bytes) || !kinds.iter().any(|kind| kind.is_raw()) {
        return None;
    }
    let sixteen = DataType::FixedSizeBinary(16);
    let all_sixteen = kinds.iter().all(|kind| kind.data_type() == sixteen);
    Some(CopyType::Plain(if all_sixteen { sixteen } else { DataType::LargeBinary }))
}

/// Text, which holds everything but bytes.
fn text(kinds: &[&CopyType]) -> Option<CopyType> {
    (!kinds.iter().any(|kind| kind.is_raw())).then_some(CopyType::TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use DataType::*;

    fn plain(types: &[DataType]) -> Vec<CopyType> {
        types.iter().map(|found| CopyType::of_type(found).unwrap()).collect()
    }

    fn common(types: &[DataType]) -> Option<DataType> {
        CopyType::common(&plain(types)).map(|kind| kind.data_type())
    }

    const MILLIS: TimeUnit = TimeUnit::Millisecond;
    const NANOS: TimeUnit = TimeUnit::Nanosecond;

    #[test]
    fn types_that_differ_have_one_that_holds_both() {
        let utc = || Some(Arc::from("UTC"));
        for (types, expected) in [
            (vec![Int32, Int64], Int64),
            (vec![Null, Int64], Int64),
            (vec![Null, Null], LargeUtf8),
            (vec![UInt32, Int8], Int64),
            (vec![UInt64, UInt8], UInt64),
            (vec![UInt64, Int64], Decimal128(20, 0)),
            (vec![UInt8, UInt16], UInt16),
            (vec![Decimal128(10, 2), Decimal32(9, 4)], Decimal128(12, 4)),
            (vec![Decimal128(38, 0), Decimal128(38, 30)], Decimal256(68, 30)),
            (vec![Decimal128(5, 2), Int64], Decimal128(21, 2)),
            (vec![Float32, Float64], Float64),
            (vec![Float32, Int32], Float64),
            (vec![Float64, Int64], LargeUtf8),
            (vec![Float64, Decimal128(5, 2)], LargeUtf8),
            (vec![Int64, Utf8], LargeUtf8),
            (vec![Date32, Timestamp(MILLIS, None)], LargeUtf8),
            (vec![Timestamp(MILLIS, None), Timestamp(NANOS, None)], Timestamp(NANOS, None)),
            (vec![Timestamp(MILLIS, utc()), Timestamp(NANOS, None)], LargeUtf8),
            (vec![Timestamp(MILLIS, utc()), Timestamp(MILLIS, Some("Europe/Berlin".into()))], Timestamp(MILLIS, utc())),
            (vec![Time32(TimeUnit::Second), Time64(NANOS)], Time64(NANOS)),
            (vec![Time32(MILLIS), Timestamp(MILLIS, None)], LargeUtf8),
            (vec![Utf8, Binary], LargeBinary),
            (vec![FixedSizeBinary(4), FixedSizeBinary(16)], LargeBinary),
            (vec![Boolean, Int8], LargeUtf8),
            (vec![Dictionary(Box::new(Int8), Box::new(Utf8View)), Utf8], LargeUtf8),
        ] {
            assert_eq!(common(&types), Some(expected), "{types:?}");
        }
        assert_eq!(common(&[Binary, Int64]), None);
        assert_eq!(CopyType::common(&[CopyType::Uuid, CopyType::TEXT]), Some(CopyType::TEXT));
        assert_eq!(CopyType::common(&[CopyType::Uuid]), Some(CopyType::Uuid));
    }

    #[test]
    fn what_parquet_cannot_hold_is_refused_with_a_way_out() {
        let item = || Arc::new(Field::new("item", Int64, true));
        for found in [
            Duration(MILLIS),
            Interval(arrow_schema::IntervalUnit::MonthDayNano),
            List(item()),
            Struct(vec![item()].into()),
            Decimal256(76, -20),
        ] {
            assert!(!CopyType::of_type(&found).unwrap_err().is_empty(), "{found}");
        }
    }

    proptest! {
        #[test]
        fn the_order_of_files_does_not_matter(places in proptest::collection::vec(0usize..18, 1..6), turn in 0usize..6) {
            let all = [
                Null, Boolean, Int8, Int32, Int64, UInt8, UInt64, Decimal128(9, 2), Decimal128(38, 10), Float16, Float64,
                Date32, Timestamp(MILLIS, None), Timestamp(NANOS, Some("UTC".into())), Time64(NANOS), Utf8, Binary,
                FixedSizeBinary(16),
            ];
            let types: Vec<DataType> = places.iter().map(|&place| all[place].clone()).collect();
            let mut turned = types.clone();
            turned.rotate_left(turn % types.len());
            prop_assert_eq!(common(&types), common(&turned));
            turned.reverse();
            prop_assert_eq!(common(&types), common(&turned));
        }
    }
}
