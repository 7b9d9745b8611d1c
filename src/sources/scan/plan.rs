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
    use crate::calendar::Day;
    use crate::config::Signal;
    use crate::sources::parquet::decode::Times;
    use crate::sources::parquet::Table;
    use crate::sources::scan::signal::needs;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use arrow_array::{
        ArrayRef, Date32Array, Int64Array, RecordBatch, TimestampMicrosecondArray, TimestampMillisecondArray,
    };
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::{EnabledStatistics, WriterProperties};
    use proptest::prelude::*;
    use std::fs::File;
    use std::path::Path;
    use std::sync::Arc;

    const DAY_MICROS: i64 = 86_400 * MICROS;
    const FIRST_DAY: i64 = 20_500;

    /// A file of a signal: its rows over sixty days, how they are ordered and stored, and how it is cut.
    #[derive(Clone, Debug)]
    struct Given {
        rows: usize,
        order: Order,
        stored: Stored,
        /// Every so many rows have no time; 0 for none.
        nulls: usize,
        group_rows: usize,
        page_rows: usize,
        statistics: EnabledStatistics,
    }

    #[derive(Clone, Copy, Debug)]
    enum Order {
        Ascending,
        Descending,
        /// In order but for some hours.
        Nearly,
        /// In order but for a few rows of any day.
        Strays,
        None,
    }

    #[derive(Clone, Copy, Debug)]
    enum Stored {
        Instants,
        WallClock,
        Millis,
        Days,
    }

    fn given() -> impl Strategy<Value = Given> {
        use Order::{Ascending, Descending, Nearly, Strays};
        use Stored::{Days, Instants, Millis, WallClock};
        let order = prop::sample::select(vec![Ascending, Descending, Nearly, Strays, Order::None]);
        let stored = prop::sample::select(vec![Instants, WallClock, Millis, Days]);
        let nulls = prop::sample::select(vec![0, 0, 7, 5000]);
        let group_rows = prop::sample::select(vec![3000, INDEXED_ROWS, 1 << 20]);
        let statistics = prop_oneof![
            4 => Just(EnabledStatistics::Page),
            1 => Just(EnabledStatistics::Chunk),
            1 => Just(EnabledStatistics::None),
        ];
        let all = (INDEXED_ROWS..90_000, order, stored, nulls, group_rows, 500usize..20_000, statistics);
        all.prop_map(|(rows, order, stored, nulls, group_rows, page_rows, statistics)| Given {
            rows,
            order,
            stored,
            nulls,
            group_rows,
            page_rows,
            statistics,
        })
    }

    impl Given {
        /// The time of a row, in microseconds; none if it has none.
        fn time(&self, row: usize) -> Option<i64> {
            let span = 60 * DAY_MICROS;
            let steady = |row: usize| span / self.rows as i64 * row as i64;
            // Anything that is the same at every run will do.
            let any = (row as i64).wrapping_mul(0x5851_F42D_4C95_7F2D).rem_euclid(span);
            let since = match self.order {
                Order::Ascending => steady(row),
                Order::Descending => steady(self.rows - row),
                Order::Nearly => steady(row) + any % (DAY_MICROS / 4),
                Order::Strays if row % 20_011 == 17 => any,
                Order::Strays => steady(row),
                Order::None => any,
            };
            let has_time = self.nulls == 0 || !row.is_multiple_of(self.nulls);
            has_time.then_some(FIRST_DAY * DAY_MICROS + since)
        }

        fn write(&self, path: &Path) {
            let times = (0..self.rows).map(|row| self.time(row));
            let column: ArrayRef = match self.stored {
                Stored::Instants => Arc::new(TimestampMicrosecondArray::from_iter(times).with_timezone("UTC")),
                Stored::WallClock => Arc::new(TimestampMicrosecondArray::from_iter(times)),
                Stored::Millis => {
                    let millis = times.map(|time| time.map(|time| time / 1000));
                    Arc::new(TimestampMillisecondArray::from_iter(millis).with_timezone("UTC"))
                }
                Stored::Days => {
                    Arc::new(Date32Array::from_iter(times.map(|time| time.map(|time| (time / DAY_MICROS) as i32))))
                }
            };
            let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..self.rows as i64));
            let batch = RecordBatch::try_from_iter([("id", ids), ("ts", column)]).unwrap();

            let properties = WriterProperties::builder()
                .set_statistics_enabled(self.statistics)
                .set_max_row_group_row_count(Some(self.group_rows))
                .set_data_page_row_count_limit(self.page_rows)
                .set_write_batch_size(self.page_rows.min(1024))
                .build();
            let mut writer =
                ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
        }
    }

    fn settings() -> Signal {
        toml::from_str("kind = 'event'\npath = 'events'\nid = 'id'\ntime = 'ts'\ndeduplicate = false").unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn what_is_read_of_some_days_is_the_same_whether_or_not_row_groups_and_pages_are_skipped(
            file in given(),
            zone in prop_oneof![Just("UTC"), Just("Asia/Tokyo"), Just("America/New_York")],
            first in -3i32..63,
            length in 0i32..20,
        ) {
            let folder = tempfile::tempdir().unwrap();
            file.write(&folder.path().join("0.parquet"));
            let (settings, zone) = (settings(), Zone::named(zone).unwrap());
            let table = Table::open("signal `s`", folder.path(), None, &needs("s", &settings), None, &mut Vec::new());
            let table = table.unwrap();
            let (from, to) = (Day(FIRST_DAY as i32 + first), Day(FIRST_DAY as i32 + first + length));

            let (mut times, mut instants) = (Times::new(&zone), Vec::new());
            let mut within = |batch: RecordBatch, ids: &mut Vec<i64>| {
                let nulls = times.fill_column(&batch, "ts", &mut instants);
                let all = batch["id"].as_primitive::<Int64Type>();
                for (row, (&id, &instant)) in all.values().iter().zip(&instants).enumerate() {
                    let has_time = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                    if has_time && instant >= zone.midnight(from) && instant < zone.midnight(to) {
                        ids.push(id);
                    }
                }
                batch.num_rows() as u64
            };

            let (mut expected, mut found, mut read, mut tasks) = (Vec::new(), Vec::new(), 0, Vec::new());
            for batch in table.files[0].read(&["id", "ts"], None, 8192).unwrap() {
                within(batch.unwrap(), &mut expected);
            }
            let scan = SignalScan { name: "s", settings: &settings, table: &table, from, to, counts_rows: false };
            let report = plan(0, &scan, &zone, &mut tasks);
            for task in &tasks {
                for batch in task.piece.read(&needs("s", &settings), 8192).unwrap() {
                    read += within(batch.unwrap(), &mut found);
                }
            }
            prop_assert_eq!(found, expected);
            prop_assert_eq!(read + report.rows.before + report.rows.after, file.rows as u64);
        }
    }

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
