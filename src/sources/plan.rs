//! What a scan will read: the row groups that may hold rows of the scanned days, cut into tasks, and how the rows of a
//! signal are packed.

use super::decode::Times;
use super::events::{SignalReport, SignalScan};
use super::table::{OpenFile, Table};
use crate::calendar::{Zone, MICROS};
use arrow_schema::DataType;
use parquet::file::statistics::Statistics;
use std::ops::Range;

/// Rows that a task has at least, if its row group is cut.
const PIECE_ROWS: usize = 1 << 20;
/// Pieces a thread that a row group is cut into at most: to skip to a piece, the headers of the pages before it are
/// read.
const PIECES: usize = 4;

/// Some rows to decode.
pub(super) struct Task {
    pub signal: usize,
    pub file: usize,
    pub row_group: usize,
    /// Which of the row group's rows, unless all.
    pub rows: Option<Range<usize>>,
}

/// How a row is packed into 32-bit words: first what tells its customer from the others of the partition, then what
/// puts a customer's rows in order, the most important first. The words of two rows without the first compare as the
/// rows do.
///
/// The order is: time (seconds since the store's origin), microseconds within the second, value, category, instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Whether the microseconds within the second follow, for the order of survey answers and for exact duplicates.
    pub fraction: bool,
    /// Words of the value: 0 without, 1 where every value is exact in 32 bits, 2 otherwise.
    pub value_words: usize,
    /// Whether a category code follows.
    pub category: bool,
    /// Whether an instrument follows.
    pub instrument: bool,
}

impl Layout {
    /// Words of the whole row.
    pub fn words(&self) -> usize {
        1 + self.ordered_words()
    }

    /// Words without the first.
    pub fn ordered_words(&self) -> usize {
        self.instrument_at() + usize::from(self.instrument)
    }

    /// Whether rows have a code: an instrument, or else a category. It is the last word then.
    pub fn coded(&self) -> bool {
        self.category || self.instrument
    }

    /// Words of a row whose customer, second and code are in one.
    pub fn compact_words(&self) -> usize {
        self.ordered_words() - usize::from(self.coded())
    }

    /// Where the value is among the words behind the first.
    pub fn value_at(&self) -> usize {
        1 + usize::from(self.fraction)
    }

    /// Where the category is among them.
    pub fn category_at(&self) -> usize {
        self.value_at() + self.value_words
    }

    /// Where the instrument is among them.
    pub fn instrument_at(&self) -> usize {
        self.category_at() + usize::from(self.category)
    }
}

/// Whether every value of the signal is exact in 32 bits, by the types of all its files and their statistics.
pub(super) fn value_words(scan: &SignalScan<'_>) -> usize {
    let Some(column) = &scan.settings.value else { return 0 };
    let exact = scan.table.files.iter().all(|file| match file.data_type(column) {
        Some(DataType::Float32 | DataType::Float16 | DataType::Boolean) => true,
        Some(DataType::Int8 | DataType::Int16 | DataType::UInt8 | DataType::UInt16) => true,
        Some(DataType::Int32 | DataType::Int64) => integer_range(file, column).is_some_and(|(low, high)| {
            const EXACT: i64 = 1 << 24;
            low >= -EXACT && high <= EXACT
        }),
        _ => false,
    });
    if exact {
        1
    } else {
        2
    }
}

fn leaf_of(file: &OpenFile, column: &str) -> Option<usize> {
    let root = file.metadata.schema().index_of(column).ok()?;
    let schema = file.metadata.parquet_schema();
    (0..schema.num_columns()).find(|&leaf| schema.get_column_root_idx(leaf) == root)
}

fn integer_statistics(statistics: &Statistics) -> Option<(i64, i64)> {
    match statistics {
        Statistics::Int64(s) => Some((*s.min_opt()?, *s.max_opt()?)),
        Statistics::Int32(s) => Some((i64::from(*s.min_opt()?), i64::from(*s.max_opt()?))),
        _ => None,
    }
}

fn integer_range(file: &OpenFile, column: &str) -> Option<(i64, i64)> {
    let leaf = leaf_of(file, column)?;
    let groups = file.metadata.metadata().row_groups();
    groups.iter().try_fold((i64::MAX, i64::MIN), |(low, high), group| {
        let (min, max) = integer_statistics(group.column(leaf).statistics()?)?;
        Some((low.min(min), high.max(max)))
    })
}

/// The first and last instant of a row group, if its statistics tell.
pub(super) fn time_range(file: &OpenFile, column: &str, group: usize, zone: &Zone) -> Option<(i64, i64)> {
    let leaf = leaf_of(file, column)?;
    let data_type = file.data_type(column)?;
    let (min, max) = integer_statistics(file.metadata.metadata().row_group(group).column(leaf).statistics()?)?;
    let mut times = Times::new(zone);
    Some((times.statistic(data_type, min)?, times.statistic(data_type, max)?))
}

/// Lists the row groups that may hold rows of the scanned days.
pub(super) fn plan(signal: usize, scan: &SignalScan<'_>, zone: &Zone, tasks: &mut Vec<Task>) -> SignalReport {
    let mut report = SignalReport {
        files: scan.table.files.len() + scan.table.pruned_files,
        pruned_files: scan.table.pruned_files,
        ..SignalReport::default()
    };
    let (from, to) = (zone.midnight(scan.from), zone.midnight(scan.to));
    for (index, file) in scan.table.files.iter().enumerate() {
        let metadata = file.metadata.metadata();
        for group in 0..metadata.num_row_groups() {
            report.row_groups += 1;
            let rows = metadata.row_group(group).num_rows().max(0) as u64;
            // Clock changes may reorder wall-clock times by an hour, so zone-less statistics get a day to spare.
            let slack = if zone.is_utc() { 0 } else { 86_400 * MICROS };
            match time_range(file, &scan.settings.time, group, zone) {
                Some((_, max)) if max.saturating_add(slack) < from => report.before += rows,
                Some((min, _)) if min.saturating_sub(slack) >= to => report.after += rows,
                _ => {
                    let task = |rows| Task { signal, file: index, row_group: group, rows };
                    tasks.extend(pieces(rows as usize, PIECE_ROWS).map(task));
                    continue;
                }
            }
            report.pruned_row_groups += 1;
        }
    }
    report
}

/// One row group as tasks: a large one is cut into pieces of `least` rows or more, so that no thread waits for another that
/// decodes it alone.
fn pieces(rows: usize, least: usize) -> impl Iterator<Item = Option<Range<usize>>> {
    let count = (rows / least).clamp(1, PIECES * rayon::current_num_threads());
    let size = rows.div_ceil(count);
    (0..count).map(move |piece| (count > 1).then(|| piece * size..rows.min((piece + 1) * size)))
}

/// The rows of a whole table, cut like this: file, row group, and which of its rows unless all.
pub(super) fn table_pieces(table: &Table, least: usize) -> Vec<(&OpenFile, usize, Option<Range<usize>>)> {
    let mut all = Vec::new();
    for file in &table.files {
        for (group, metadata) in file.metadata.metadata().row_groups().iter().enumerate() {
            all.extend(pieces(metadata.num_rows().max(0) as usize, least).map(|rows| (file, group, rows)));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_row_group_once() {
        for rows in [0, 1, PIECE_ROWS, 2 * PIECE_ROWS + 1, 100_000_000] {
            let all: Vec<Range<usize>> = pieces(rows, PIECE_ROWS).map(|piece| piece.unwrap_or(0..rows)).collect();
            assert_eq!((all[0].start, all[all.len() - 1].end), (0, rows));
            assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }
}
