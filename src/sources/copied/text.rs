//! Values as text: exactly, and as a person would write them.

use super::kinds::CopyType;
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use arrow_select::take::take;
use std::fmt::Write;

const SECONDS_A_DAY: i64 = 86_400;

/// A value of an array that is no dictionary; null has none, and neither has what is not one value a row.
///
/// Numbers are in their shortest exact form, decimals with all their places; dates and times as ISO 8601 has them, with
/// a `Z` where the column has a zone; bytes as the text that they spell, or as `0x` and two digits each.
pub fn text(kind: &CopyType, array: &dyn Array, row: usize) -> Option<String> {
    use DataType::*;

    macro_rules! value {
        ($type:ty) => {
            array.as_primitive::<$type>().value(row)
        };
    }
    if array.is_null(row) {
        return None;
    }

    Some(match array.data_type() {
        Boolean => array.as_boolean().value(row).to_string(),
        Int8 => value!(Int8Type).to_string(),
        Int16 => value!(Int16Type).to_string(),
        Int32 => value!(Int32Type).to_string(),
        Int64 => value!(Int64Type).to_string(),
        UInt8 => value!(UInt8Type).to_string(),
        UInt16 => value!(UInt16Type).to_string(),
        UInt32 => value!(UInt32Type).to_string(),
        UInt64 => value!(UInt64Type).to_string(),
        Float16 => value!(Float16Type).to_string(),
        Float32 => value!(Float32Type).to_string(),
        Float64 => value!(Float64Type).to_string(),
        Decimal32(precision, scale) => Decimal32Type::format_decimal(value!(Decimal32Type), *precision, *scale),
        Decimal64(precision, scale) => Decimal64Type::format_decimal(value!(Decimal64Type), *precision, *scale),
        Decimal128(precision, scale) => Decimal128Type::format_decimal(value!(Decimal128Type), *precision, *scale),
        Decimal256(precision, scale) => Decimal256Type::format_decimal(value!(Decimal256Type), *precision, *scale),
        Date32 => date(i64::from(value!(Date32Type))),
        Date64 => {
            let millis = value!(Date64Type);
            if millis % (SECONDS_A_DAY * 1000) == 0 {
                date(millis / (SECONDS_A_DAY * 1000))
            } else {
                timestamp(millis, TimeUnit::Millisecond)
            }
        }
        Time32(TimeUnit::Second) => time_of_day(i64::from(value!(Time32SecondType)), TimeUnit::Second),
        Time32(unit) => time_of_day(i64::from(value!(Time32MillisecondType)), *unit),
        Time64(TimeUnit::Nanosecond) => time_of_day(value!(Time64NanosecondType), TimeUnit::Nanosecond),
        Time64(unit) => time_of_day(value!(Time64MicrosecondType), *unit),
        Timestamp(unit, zone) => {
            let count = match unit {
                TimeUnit::Second => value!(TimestampSecondType),
                TimeUnit::Millisecond => value!(TimestampMillisecondType),
                TimeUnit::Microsecond => value!(TimestampMicrosecondType),
                TimeUnit::Nanosecond => value!(TimestampNanosecondType),
            };
            timestamp(count, *unit) + if zone.is_some() { "Z" } else { "" }
        }
        Utf8 => array.as_string::<i32>().value(row).to_owned(),
        LargeUtf8 => array.as_string::<i64>().value(row).to_owned(),
        Utf8View => array.as_string_view().value(row).to_owned(),
        Binary => bytes(array.as_binary::<i32>().value(row)),
        LargeBinary => bytes(array.as_binary::<i64>().value(row)),
        BinaryView => bytes(array.as_binary_view().value(row)),
        FixedSizeBinary(_) => {
            let raw = array.as_fixed_size_binary().value(row);
            if *kind == CopyType::Uuid {
                uuid(raw)
            } else {
                format!("0x{}", hex(raw))
            }
        }
        Null | Duration(_) | Interval(_) | Dictionary(..) | RunEndEncoded(..) | List(_) | ListView(_)
        | FixedSizeList(..) | LargeList(_) | LargeListView(_) | Struct(_) | Union(..) | Map(..) => return None,
    })
}

/// The array itself, or the values that the keys of a dictionary lead to.
pub fn flat(array: ArrayRef) -> ArrayRef {
    let values = array.as_any_dictionary_opt().map(|dictionary| take(dictionary.values(), dictionary.keys(), None));
    match values {
        Some(Ok(values)) => flat(values),
        _ => array,
    }
}

/// The text that bytes spell; those that spell none, or hold control characters, as `0x` and two digits each.
fn bytes(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(text) if !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) => text.to_owned(),
        _ => format!("0x{}", hex(raw)),
    }
}

fn hex(raw: &[u8]) -> String {
    raw.iter().fold(String::with_capacity(2 * raw.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// As RFC 9562 writes it.
fn uuid(raw: &[u8]) -> String {
    let mut text = hex(raw);
    for hyphen in [20, 16, 12, 8] {
        if hyphen < text.len() {
            text.insert(hyphen, '-');
        }
    }
    text
}

/// A day since 1970-01-01, of any year, by H. Hinnant's "chrono-compatible low-level date algorithms": in eras of 400
/// years from 1 March of the year 0.
fn date(day: i64) -> String {
    let day = day + 719_468;
    let (era, day_of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * months_from_march + 2) / 5 + 1;
    let month = if months_from_march < 10 { months_from_march + 3 } else { months_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}-{month:02}-{day_of_month:02}", year.abs())
}

fn timestamp(count: i64, unit: TimeUnit) -> String {
    let a_day = SECONDS_A_DAY * counts_a_second(unit);
    format!("{}T{}", date(count.div_euclid(a_day)), time_of_day(count.rem_euclid(a_day), unit))
}

fn time_of_day(count: i64, unit: TimeUnit) -> String {
    let a_second = counts_a_second(unit);
    let (seconds, fraction) = (count.div_euclid(a_second), count.rem_euclid(a_second));
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if fraction > 0 {
        let digits = a_second.ilog10() as usize;
        let places = format!("{fraction:0digits$}");
        let _ = write!(text, ".{}", places.trim_end_matches('0'));
    }
    text
}

/// How many of a unit make a second.
pub(super) fn counts_a_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Day;
    use arrow_array::*;
    use proptest::prelude::*;

    fn first(array: &dyn Array) -> String {
        text(&CopyType::Plain(array.data_type().clone()), array, 0).unwrap()
    }

    #[test]
    fn values_are_written_exactly() {
        let decimal = |value, scale| Decimal128Array::from(vec![value]).with_precision_and_scale(38, scale).unwrap();
        let nanos = TimestampNanosecondArray::from(vec![1_777_636_800_000_000_001]);
        let noon = TimestampMillisecondArray::from(vec![-1]);
        let days = Date32Array::from(vec![i32::MAX]);
        let raw = |bytes: &'static [u8]| BinaryArray::from(vec![bytes]);
        let expected: [(&dyn Array, &str); 18] = [
            (&decimal(1230, 2), "12.30"),
            (&decimal(-5, 3), "-0.005"),
            (&decimal(9_007_199_254_740_993, 0), "9007199254740993"),
            (&Float32Array::from(vec![0.1]), "0.1"),
            (&Float64Array::from(vec![1e-9]), "0.000000001"),
            (&UInt64Array::from(vec![u64::MAX]), "18446744073709551615"),
            (&BooleanArray::from(vec![true]), "true"),
            (&nanos, "2026-05-01T12:00:00.000000001"),
            (&nanos.clone().with_timezone("UTC"), "2026-05-01T12:00:00.000000001Z"),
            (&noon, "1969-12-31T23:59:59.999"),
            (&TimestampSecondArray::from(vec![0]), "1970-01-01T00:00:00"),
            (&Time32SecondArray::from(vec![34_200]), "09:30:00"),
            (&Time64MicrosecondArray::from(vec![34_200_500_000]), "09:30:00.5"),
            (&days, "5881580-07-11"),
            (&raw(b"gold"), "gold"),
            (&raw(b"\x00\xff"), "0x00ff"),
            (&raw(b"a\x07"), "0x6107"),
            (&FixedSizeBinaryArray::try_from_iter([b"gold"].into_iter()).unwrap(), "0x676f6c64"),
        ];
        for (array, expected) in expected {
            assert_eq!(first(array), expected, "{}", array.data_type());
        }

        let id = FixedSizeBinaryArray::try_from_iter([[0x12; 16]].into_iter()).unwrap();
        assert_eq!(text(&CopyType::Uuid, &id, 0).unwrap(), "12121212-1212-1212-1212-121212121212");
        assert_eq!(text(&CopyType::TEXT, &LargeStringArray::new_null(1), 0), None);
    }

    proptest! {
        #[test]
        fn days_are_those_of_the_calendar(day in -719_528i32..2_932_896) {
            prop_assert_eq!(date(i64::from(day)), Day(day).to_string());
        }
    }
}
