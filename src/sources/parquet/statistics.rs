//! What the statistics of a file's row groups say about a column, without decoding it.

use super::decode::Times;
use super::OpenFile;
use crate::calendar::Zone;
use crate::sources::contract::convert::instant;
use crate::sources::contract::Form;
use arrow_schema::DataType;
use parquet::file::statistics::Statistics;

/// The least and the greatest value of an integer column in a row group, as they are stored.
pub(crate) fn value_range(file: &OpenFile, column: &str, group: usize) -> Option<(i64, i64)> {
    match file.metadata.metadata().row_group(group).column(file.leaf(column)?).statistics()? {
        Statistics::Int64(s) => Some((*s.min_opt()?, *s.max_opt()?)),
        Statistics::Int32(s) => Some((i64::from(*s.min_opt()?), i64::from(*s.max_opt()?))),
        _ => None,
    }
}

/// The least and the greatest value of an integer column in a whole file, if all of its statistics tell.
pub(crate) fn integer_range(file: &OpenFile, column: &str) -> Option<(i64, i64)> {
    let mut groups = 0..file.metadata.metadata().num_row_groups();
    groups.try_fold((i64::MAX, i64::MIN), |(low, high), group| {
        let (min, max) = value_range(file, column, group)?;
        Some((low.min(min), high.max(max)))
    })
}

/// The first and last instant of a row group, if its statistics tell.
pub(crate) fn time_range(file: &OpenFile, column: &str, group: usize, zone: &Zone) -> Option<(i64, i64)> {
    instants(file, column, value_range(file, column, group)?, zone)
}

/// Whether a column of numbers holds some that 64 bits with a sign do not hold, as far as its statistics tell.
pub(crate) fn has_large_integers(file: &OpenFile, column: &str) -> bool {
    let (Some(leaf), Some(data_type)) = (file.leaf(column), file.data_type(column)) else { return false };
    let is_large = |statistics: &Statistics| match (statistics, data_type) {
        // Old writers compared unsigned numbers as if they had a sign; then the least one is negative.
        (Statistics::Int64(s), DataType::UInt64) => {
            s.min_opt().is_some_and(|min| *min < 0) || s.max_opt().is_some_and(|max| *max < 0)
        }
        (_, DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale)) => {
            let bounds = [statistics.min_bytes_opt(), statistics.max_bytes_opt()];
            let is_bytes = matches!(statistics, Statistics::FixedLenByteArray(_) | Statistics::ByteArray(_));
            is_bytes && bounds.into_iter().flatten().any(|bytes| is_large_decimal(bytes, *scale))
        }
        _ => false,
    };
    let groups = file.metadata.metadata().row_groups();
    groups.iter().filter_map(|group| group.column(leaf).statistics()).any(is_large)
}

/// Whether a decimal, as the bytes of its unscaled value, the highest first, is beyond 64 bits with a sign.
fn is_large_decimal(bytes: &[u8], scale: i8) -> bool {
    let is_negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let filling = if is_negative { 0xff } else { 0 };
    let (front, last) = bytes.split_at(bytes.len().saturating_sub(16));
    if front.iter().any(|byte| *byte != filling) {
        return true;
    }

    let mut whole = [filling; 16];
    whole[16 - last.len()..].copy_from_slice(last);
    let value = i128::from_be_bytes(whole);
    let power = 10i128.checked_pow(u32::from(scale.unsigned_abs()));
    let number = match power {
        Some(power) if scale >= 0 => Some(value / power),
        Some(power) => value.checked_mul(power),
        None => Some(0).filter(|_| scale > 0),
    };
    number.is_none_or(|number| i64::try_from(number).is_err())
}

/// The first and last instant of some rows, from the least and the greatest value of a column of times.
pub(crate) fn instants(file: &OpenFile, column: &str, (min, max): (i64, i64), zone: &Zone) -> Option<(i64, i64)> {
    let data_type = file.data_type(column)?;
    if let Form::Instants(unit) = file.form(column) {
        return data_type.is_signed_integer().then(|| (instant(min.into(), unit), instant(max.into(), unit)));
    }
    let mut times = Times::new(zone);
    Some((times.statistic(data_type, min)?, times.statistic(data_type, max)?))
}
