//! What one scan saw of a signal's past.

use super::days::Days;
use super::tally::Tally;
use crate::calendar::{Day, Zone};
use crate::sources::{history, SignalReport, SignalScan};

/// What a scan saw of a signal's past.
#[derive(Clone, Debug)]
pub struct History {
    /// The day of its first row, of all its files, which may lie behind what was scanned; none if it has no row.
    pub first: Option<Day>,
    /// The day of its last row before the end of what was scanned.
    pub last: Option<Day>,
    /// The first day that was scanned.
    pub from: Day,
    /// The day before which it was scanned.
    pub to: Day,
    /// Its rows within these days.
    pub tally: Tally,
}

impl History {
    /// What a scan reports; no rows are counted yet.
    pub fn new(scan: &SignalScan<'_>, report: &SignalReport, zone: &Zone) -> History {
        let first = history::first_day(scan.table, &scan.settings.time, report, zone);
        History {
            first,
            last: report.rows.newest.map(|instant| zone.day_of(instant)),
            from: scan.from,
            to: scan.to,
            tally: Tally::default(),
        }
    }

    /// The rows day by day: of those days that were scanned, from the first row on.
    pub fn days(&self, zone: &Zone) -> Days {
        let known = self.first.map_or(self.to, |first| first.max(self.from));
        Days::new(self.tally.hours(), self.to, known, zone)
    }
}
