//! What a scan will read: the row groups that may hold rows of the scanned days, cut into tasks, and how the rows of a
//! signal are packed.

use super::{SignalReport, SignalScan};
use crate::calendar::{Zone, MICROS};
use crate::sources::parquet::decode::Times;
use crate::sources::parquet::page_index::{self, Page};
use crate::sources::parquet::{OpenFile, Table};
use arrow_schema::DataType;
use parquet::file::statistics::Statistics;
use std::ops::Range;

/// Rows that a task has at least, if its row group is cut.
const PIECE_ROWS: usize = 1 << 20;
/// Pieces a thread that a row group is cut into at most: to skip to a piece, the headers of the pages before it are
/// read.
const PIECES: usize = 4;

/// Rows that a row group has at least, if its page index is read.
const INDEXED_ROWS: usize = 1 << 16;

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

/// The least and the greatest value of an integer column in a row group, as they are stored.
fn statistics(file: &OpenFile, column: &str, group: usize) -> Option<(i64, i64)> {
    match file.metadata.metadata().row_group(group).column(file.leaf(column)?).statistics()? {
        Statistics::Int64(s) => Some((*s.min_opt()?, *s.max_opt()?)),
        Statistics::Int32(s) => Some((i64::from(*s.min_opt()?), i64::from(*s.max_opt()?))),
        _ => None,
    }
}

fn integer_range(file: &OpenFile, column: &str) -> Option<(i64, i64)> {
    let mut groups = 0..file.metadata.metadata().num_row_groups();
    groups.try_fold((i64::MAX, i64::MIN), |(low, high), group| {
        let (min, max) = statistics(file, column, group)?;
        Some((low.min(min), high.max(max)))
    })
}

/// The first and last instant of a row group, if its statistics tell.
pub(crate) fn time_range(file: &OpenFile, column: &str, group: usize, zone: &Zone) -> Option<(i64, i64)> {
    instants(file, column, statistics(file, column, group)?, zone)
}

/// The first and last instant of some rows, from the least and the greatest value of a column of times.
fn instants(file: &OpenFile, column: &str, (min, max): (i64, i64), zone: &Zone) -> Option<(i64, i64)> {
    let data_type = file.data_type(column)?;
    let mut times = Times::new(zone);
    Some((times.statistic(data_type, min)?, times.statistic(data_type, max)?))
}

/// Where some rows lie beside the scanned days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    Within,
    /// Some of them may lie within.
    Across,
    After,
}

/// The instants of the scanned days: `from <= instant < to`.
struct Bounds {
    from: i64,
    to: i64,
    /// By how much instants may be off the statistics.
    slack: i64,
}

impl Bounds {
    fn of(scan: &SignalScan<'_>, zone: &Zone) -> Bounds {
        // Clock changes may reorder wall-clock times by an hour, so zone-less statistics get a day to spare.
        let slack = if zone.is_utc() { 0 } else { 86_400 * MICROS };
        Bounds { from: zone.midnight(scan.from), to: zone.midnight(scan.to), slack }
    }

    fn side(&self, instants: Option<(i64, i64)>) -> Side {
        match instants {
            Some((_, max)) if max.saturating_add(self.slack) < self.from => Side::Before,
            Some((min, _)) if min.saturating_sub(self.slack) >= self.to => Side::After,
            Some((min, max)) if min >= self.from && max < self.to => Side::Within,
            _ => Side::Across,
        }
    }
}

/// Lists the row groups that may hold rows of the scanned days. Where a page index tells, one that reaches beyond these days
/// is cut to the rows from the first to the last page that may hold some of them.
pub(super) fn plan(signal: usize, scan: &SignalScan<'_>, zone: &Zone, tasks: &mut Vec<Task>) -> SignalReport {
    let mut report = SignalReport {
        files: scan.table.files.len() + scan.table.pruned_files,
        pruned_files: scan.table.pruned_files,
        ..SignalReport::default()
    };
    let (bounds, column) = (Bounds::of(scan, zone), &scan.settings.time);
    for (index, file) in scan.table.files.iter().enumerate() {
        let metadata = file.metadata.metadata();
        for group in 0..metadata.num_row_groups() {
            report.row_groups += 1;
            let rows = metadata.row_group(group).num_rows().max(0) as usize;
            let side = |page: &Page| bounds.side(page.range.and_then(|range| instants(file, column, range, zone)));
            let mut pages = vec![Page { rows: 0..rows, range: statistics(file, column, group) }];
            if side(&pages[0]) == Side::Across && rows >= INDEXED_ROWS {
                pages = page_index::pages(file, column, group).unwrap_or(pages);
            }
            let mut needed = rows..0;
            for page in pages.iter().filter(|page| matches!(side(page), Side::Within | Side::Across)) {
                needed = needed.start.min(page.rows.start)..needed.end.max(page.rows.end);
            }
            for page in pages.iter().filter(|page| page.rows.end <= needed.start || page.rows.start >= needed.end) {
                match side(page) {
                    Side::Before => report.before += page.rows.len() as u64,
                    _ => report.after += page.rows.len() as u64,
                }
            }
            if needed.is_empty() {
                report.pruned_row_groups += 1;
                continue;
            }
            let task = |rows| Task { signal, file: index, row_group: group, rows };
            tasks.extend(pieces(needed, rows, PIECE_ROWS).map(task));
        }
    }
    report
}

/// Rows of a row group as tasks: many are cut into pieces of `least` or more, so that no thread waits for another that
/// decodes them alone. `all` says how many the row group has.
fn pieces(rows: Range<usize>, all: usize, least: usize) -> impl Iterator<Item = Option<Range<usize>>> {
    let count = (rows.len() / least).clamp(1, PIECES * rayon::current_num_threads());
    let size = rows.len().div_ceil(count);
    let piece = move |piece| rows.start + piece * size..rows.end.min(rows.start + (piece + 1) * size);
    (0..count).map(piece).map(move |piece| (piece.len() < all).then_some(piece))
}

/// The rows of a whole table, cut like this: file, row group, and which of its rows unless all.
pub(crate) fn table_pieces(table: &Table, least: usize) -> Vec<(&OpenFile, usize, Option<Range<usize>>)> {
    let mut all = Vec::new();
    for file in &table.files {
        for (group, metadata) in file.metadata.metadata().row_groups().iter().enumerate() {
            let rows = metadata.num_rows().max(0) as usize;
            all.extend(pieces(0..rows, rows, least).map(|rows| (file, group, rows)));
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
            for needed in [0..rows, rows / 3..rows, rows / 3..rows / 2] {
                let all = pieces(needed.clone(), rows, PIECE_ROWS);
                let all: Vec<Range<usize>> = all.map(|piece| piece.unwrap_or(0..rows)).collect();
                assert_eq!((all[0].start, all[all.len() - 1].end), (needed.start, needed.end));
                assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start));
            }
        }
    }
}
