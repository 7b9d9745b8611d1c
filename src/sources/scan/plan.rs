//! What a scan will read: the row groups that may hold rows of the scanned days, cut into tasks.

use super::signal::{SignalReport, SignalScan};
use crate::calendar::{Zone, MICROS};
use crate::sources::parquet::page_index::{self, Page};
use crate::sources::parquet::pieces::FilePiece;
use crate::sources::parquet::statistics;
use std::ops::Range;

/// Rows that a task has at least, if its row group is cut.
const PIECE_ROWS: usize = 1 << 20;
/// Rows that a row group has at least, if its page index is read.
const INDEXED_ROWS: usize = 1 << 16;

/// Some rows to decode.
pub(super) struct Task<'a> {
    pub signal: usize,
    pub piece: FilePiece<'a>,
}

/// Where some rows lie, compared with the scanned days.
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
    fn new(scan: &SignalScan<'_>, zone: &Zone) -> Bounds {
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

/// The rows from the first to the last page that may hold some of the scanned days, and those of a page more at either
/// end: where pages are in order, a bound that is damaged and still in order can hide rows of no other page.
fn needed(pages: &[Page], side: impl Fn(&Page) -> Side) -> Range<usize> {
    let may_hold = |page: &Page| matches!(side(page), Side::Within | Side::Across);
    let held = pages.iter().position(may_hold).zip(pages.iter().rposition(may_hold));
    let (first, last) = match (pages, held) {
        ([only], held) => return if held.is_some() { only.rows.clone() } else { 0..0 },
        (_, Some((first, last))) => (first.saturating_sub(1), last + 1),
        // The days lie between two pages.
        (_, None) => match pages.windows(2).position(|pair| side(&pair[0]) != side(&pair[1])) {
            Some(before) => (before, before + 1),
            None => (0, pages.len()),
        },
    };
    let last = last.min(pages.len() - 1);
    pages[first].rows.start..pages[last].rows.end
}

/// Lists the row groups that may hold rows of the scanned days. Where a page index tells, one that reaches beyond these
/// days is cut to the rows from the first to the last page that may hold some of them.
pub(super) fn plan<'a>(signal: usize, scan: &SignalScan<'a>, zone: &Zone, tasks: &mut Vec<Task<'a>>) -> SignalReport {
    let mut report = SignalReport {
        files: scan.table.files.len() + scan.table.pruned_files,
        pruned_files: scan.table.pruned_files,
        ..SignalReport::default()
    };

    let (bounds, column) = (Bounds::new(scan, zone), &scan.settings.time);
    for file in &scan.table.files {
        for group in 0..file.metadata.metadata().num_row_groups() {
            report.row_groups += 1;
            let rows = file.group_rows(group);
            let side =
                |page: &Page| bounds.side(page.range.and_then(|range| statistics::instants(file, column, range, zone)));
            let mut pages = vec![Page { rows: 0..rows, range: statistics::value_range(file, column, group) }];
            if side(&pages[0]) == Side::Across && rows >= INDEXED_ROWS {
                pages = page_index::pages(file, column, group).unwrap_or(pages);
            }

            let needed = needed(&pages, side);
            for page in pages.iter().filter(|page| page.rows.end <= needed.start || page.rows.start >= needed.end) {
                match side(page) {
                    Side::Before => report.rows.before += page.rows.len() as u64,
                    _ => report.rows.after += page.rows.len() as u64,
                }
            }

            if needed.is_empty() {
                report.pruned_row_groups += 1;
                continue;
            }
            tasks.extend(FilePiece::cut(file, group, needed, PIECE_ROWS).map(|piece| Task { signal, piece }));
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of ten rows, of which each holds the values in its range.
    fn pages(ranges: &[(i64, i64)]) -> Vec<Page> {
        let page = |(at, &range): (usize, &(i64, i64))| Page { rows: 10 * at..10 * at + 10, range: Some(range) };
        ranges.iter().enumerate().map(page).collect()
    }

    #[test]
    fn a_page_more_is_read_at_either_end() {
        let ranges = [(0, 9), (10, 19), (20, 29), (30, 39), (40, 49)];
        let reversed: Vec<(i64, i64)> = ranges.iter().rev().copied().collect();
        let read = |ranges: &[(i64, i64)], from: i64, to: i64| {
            let bounds = Bounds { from, to, slack: 0 };
            needed(&pages(ranges), |page| bounds.side(page.range))
        };
        assert_eq!(read(&ranges, 20, 30), 10..40);
        assert_eq!(read(&ranges, 0, 5), 0..20);
        assert_eq!(read(&ranges, 45, 99), 30..50);
        assert_eq!(read(&reversed, 20, 30), 10..40);
        // Between two pages, of which either may be damaged.
        assert_eq!(read(&[(0, 9), (20, 29), (30, 39)], 12, 15), 0..20);
        // A row group without an index.
        assert_eq!((read(&[(0, 9)], 5, 7), read(&[(0, 9)], 10, 12)), (0..10, 0..0));
    }

    #[test]
    fn a_bound_that_is_damaged_and_in_order_hides_nothing() {
        let ranges = [(0, 9), (10, 19), (20, 29), (30, 39), (40, 49)];
        for at in 0..ranges.len() {
            // The greatest value as low, or the least as high, as it can be.
            let (low, high) = ranges[at];
            for bounds_of_page in [(low, low), (high, high)] {
                let mut damaged = ranges;
                damaged[at] = bounds_of_page;
                for (from, to) in (0..50).flat_map(|from| (from + 1..=50).map(move |to| (from, to))) {
                    let bounds = Bounds { from, to, slack: 0 };
                    let read = needed(&pages(&damaged), |page| bounds.side(page.range));
                    let truly = needed_without_margin(&ranges, from, to);
                    assert!(read.start <= truly.start && read.end >= truly.end, "page {at}, {from} to {to}: {read:?}");
                }
            }
        }
    }

    /// The rows of pages that hold values from `from` to before `to`.
    fn needed_without_margin(ranges: &[(i64, i64)], from: i64, to: i64) -> Range<usize> {
        let holds = |&(low, high): &(i64, i64)| high >= from && low < to;
        let (first, last) = (ranges.iter().position(holds), ranges.iter().rposition(holds));
        first.zip(last).map_or(0..0, |(first, last)| 10 * first..10 * last + 10)
    }
}
