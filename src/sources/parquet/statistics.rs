//! What the statistics of a file's row groups say about a column, without decoding it.

use super::decode::Times;
use super::OpenFile;
use crate::calendar::Zone;
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

/// The first and last instant of some rows, from the least and the greatest value of a column of times.
pub(crate) fn instants(file: &OpenFile, column: &str, (min, max): (i64, i64), zone: &Zone) -> Option<(i64, i64)> {
    let data_type = file.data_type(column)?;
    let mut times = Times::new(zone);
    Some((times.statistic(data_type, min)?, times.statistic(data_type, max)?))
}
