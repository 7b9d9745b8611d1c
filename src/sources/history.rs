//! When a signal began: the day of its first row, of all files, also of those that a run has no need to read.

use super::parquet::{statistics, Table};
use super::scan::signal::SignalReport;
use crate::calendar::{Day, Zone, DAY_SECONDS, MICROS};

/// Whether an instant can be meant: 1970-01-01, which is 0, and what lies before 1902 stand for "unknown".
pub(crate) fn is_plausible(instant: i64) -> bool {
    const DAY: i64 = DAY_SECONDS * MICROS;
    /// 1902-01-01.
    const FIRST: i64 = -24_837 * DAY;
    !(-DAY..DAY).contains(&instant) && instant >= FIRST
}

/// The first day with a row, by the statistics of row groups, the folders of files that were skipped, and what the scan
/// decoded; none where there is no row. `column` is that of the time.
pub fn first_day(table: &Table, column: &str, report: &SignalReport, zone: &Zone) -> Option<Day> {
    let first = earlier(report.rows.oldest, first_instant(table, column, zone));
    let first = first.map(|instant| zone.day_of(instant));
    [first, table.pruned_first_day].into_iter().flatten().min()
}

/// The first instant with a row, as far as the statistics of row groups tell, and the folders of files.
pub(crate) fn first_instant(table: &Table, column: &str, zone: &Zone) -> Option<i64> {
    let mut first = None;
    for file in &table.files {
        let in_folders = file.rows() > 0 && file.data_type(column).is_none();
        first =
            earlier(first, file.folders.instant(column, zone).filter(|&instant| in_folders && is_plausible(instant)));
        for group in 0..file.metadata.metadata().num_row_groups() {
            let Some((oldest, newest)) = statistics::time_range(file, column, group, zone) else { continue };
            // Rows between the two were decoded, unless all of the group lies before what the run needs.
            first = earlier(first, [oldest, newest].into_iter().find(|&instant| is_plausible(instant)));
        }
    }
    first
}

fn earlier(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    [a, b].into_iter().flatten().min()
}
