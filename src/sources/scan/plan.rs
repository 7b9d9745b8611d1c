//! What a scan will read: the row groups that may hold rows of the scanned days, cut into tasks.

use super::signal::{SignalReport, SignalScan};
use crate::calendar::{Zone, MICROS};
use crate::sources::parquet::page_index::{self, Page};
use crate::sources::parquet::pieces::FilePiece;
use crate::sources::parquet::statistics;

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

/// Lists the row groups that may hold rows of the scanned days. Where a page index tells, one that reaches beyond these days
/// is cut to the rows from the first to the last page that may hold some of them.
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

            let mut needed = rows..0;
            for page in pages.iter().filter(|page| matches!(side(page), Side::Within | Side::Across)) {
                needed = needed.start.min(page.rows.start)..needed.end.max(page.rows.end);
            }

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
