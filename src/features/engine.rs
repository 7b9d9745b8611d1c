//! The engine: from one partition's ordered rows to its block of features, for every as-of date.

use super::catalogue::{Catalogue, Measure};
use super::kernels::categories::Seen;
use super::kernels::counts::{self, CountColumns, CountedRows, Logs};
use super::kernels::surveys::{self, SurveyColumns};
use super::kernels::values::{self, ValueColumns};
use super::kernels::{Row, Span};
use crate::calendar::{Day, Timeline};
use crate::config::{Instrument, Settings};
use crate::sources::{CustomerTable, PartitionRows, NO_DAY};
use std::hint::select_unpredictable;

/// The columns of one signal.
#[derive(Clone, Debug)]
struct SignalColumns {
    counts: CountColumns,
    values: Option<ValueColumns>,
    categories: Option<usize>,
    surveys: Vec<SurveyColumns>,
}

/// Which kernel fills which column.
#[derive(Clone, Debug)]
pub struct Engine {
    signals: Vec<SignalColumns>,
    tenure: Option<usize>,
    /// The first of the customers table's numeric columns.
    numeric: usize,
    columns: usize,
    timeline: Timeline,
    boundaries: Boundaries,
    logs: Logs,
}

/// One row to fill: a customer of the partition on an as-of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowKey {
    /// The customer's place in the partition.
    pub member: u32,
    /// The as-of date's place in the timeline.
    pub as_of: u32,
}

/// Every day at which a window of some as-of date begins or ends.
#[derive(Clone, Debug)]
struct Boundaries {
    /// How many there are.
    count: usize,
    /// How many there are up to and with each day of the timeline.
    passed: Vec<u32>,
    /// Where those of each as-of date are among them.
    dates: Vec<DateBoundaries>,
}

#[derive(Clone, Debug)]
struct DateBoundaries {
    /// The as-of date's second.
    second: u32,
    to: usize,
    look_back: usize,
    /// Where the days begin in which a customer has to be active.
    active: usize,
    /// Where each window begins, and the one of equal length before it.
    windows: Vec<(usize, usize)>,
}

impl Boundaries {
    fn of(settings: &Settings, timeline: &Timeline) -> Boundaries {
        let (windows, look_back) = (&settings.features.windows_days, settings.look_back_days());
        let active = settings.eligibility.active_within_days;
        let day = |as_of: Day, days: u32| timeline.index(as_of.plus(-(days as i32)));
        let back = || windows.iter().flat_map(|&w| [w, 2 * w]).chain([0, look_back, active]);
        let mut days: Vec<u32> =
            timeline.as_of.iter().flat_map(|&as_of| back().map(move |days| day(as_of, days))).collect();
        days.sort_unstable();
        days.dedup();
        let at = |as_of: Day, back: u32| days.partition_point(|&d| d < day(as_of, back));
        let dates = timeline
            .as_of
            .iter()
            .map(|&as_of| DateBoundaries {
                second: timeline.second(as_of),
                to: at(as_of, 0),
                look_back: at(as_of, look_back),
                active: at(as_of, active),
                windows: windows.iter().map(|&w| (at(as_of, w), at(as_of, 2 * w))).collect(),
            })
            .collect();
        let passed = (0..timeline.days()).map(|day| days.partition_point(|&d| d <= day) as u32).collect();
        Boundaries { count: days.len(), passed, dates }
    }
}

/// What a customer's rows of one signal amount to by a boundary: in the upper half how many there are before it, in the
/// lower half on how many days. In one number, as both only grow from boundary to boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Passed(u64);

impl Passed {
    fn of(rows: u32, days: u32) -> Passed {
        Passed(u64::from(rows) << 32 | u64::from(days))
    }

    fn rows(self) -> usize {
        (self.0 >> 32) as usize
    }

    fn days(self) -> u32 {
        self.0 as u32
    }
}

/// Where the rows of a partition's customers stand among the boundaries of all windows.
#[derive(Clone, Debug, Default)]
pub struct Located {
    /// An entry a signal; in it those of one customer after the other, a customer's in the order of the boundaries.
    signals: Vec<Vec<Passed>>,
    /// The day of each row of the signal at hand.
    days: Vec<u32>,
}

impl Engine {
    /// Looks every column of the catalogue up once, for the as-of dates of the timeline.
    pub fn new(settings: &Settings, catalogue: &Catalogue, timeline: Timeline) -> Engine {
        let find = |signal: Option<&str>, measure, instrument| {
            catalogue
                .numeric
                .iter()
                .position(|f| f.signal.as_deref() == signal && f.measure == measure && f.instrument == instrument)
        };
        let signals = settings
            .signals
            .keys()
            .map(|name| {
                let column = |measure| find(Some(name), measure, None);
                let required = |measure| column(measure).unwrap_or_default();
                SignalColumns {
                    counts: CountColumns {
                        count: required(Measure::Count),
                        active_days: required(Measure::ActiveDays),
                        trend: required(Measure::Trend),
                        mean_gap: required(Measure::MeanGap),
                        days_since_last: required(Measure::DaysSinceLast),
                    },
                    values: column(Measure::Mean).map(|mean| ValueColumns {
                        sum: column(Measure::Sum),
                        mean,
                        negative_share: column(Measure::NegativeShare),
                    }),
                    categories: column(Measure::Categories),
                    surveys: (0u32..)
                        .zip(Instrument::ALL)
                        .filter_map(|(code, instrument)| {
                            let first = find(Some(name), Measure::SurveyLast, Some(instrument))?;
                            Some(SurveyColumns { instrument: code, first })
                        })
                        .collect(),
                }
            })
            .collect();
        Engine {
            signals,
            tenure: find(None, Measure::Tenure, None),
            numeric: find(None, Measure::Numeric, None).unwrap_or_default(),
            columns: catalogue.numeric.len(),
            boundaries: Boundaries::of(settings, &timeline),
            timeline,
            logs: Logs::default(),
        }
    }

    /// Finds out where the rows of a partition stand.
    ///
    /// Boundaries and days begin at midnight alike, so each row's day says all, and no branch depends on the rows.
    pub fn locate(&self, rows: &PartitionRows, located: &mut Located) {
        let boundaries = self.boundaries.count + 1;
        located.signals.resize_with(rows.signals.len(), Vec::new);
        for (signal, all) in rows.signals.iter().zip(&mut located.signals) {
            self.timeline.day_numbers(&signal.seconds, &mut located.days);
            all.clear();
            all.resize((signal.starts.len() - 1) * boundaries, Passed::default());
            for (member, passed) in all.chunks_exact_mut(boundaries).enumerate() {
                let (mut days, mut last) = (0, u32::MAX);
                for (rows, &day) in (1..).zip(&located.days[signal.of(member)]) {
                    days += u32::from(day != last);
                    last = day;
                    passed[self.boundaries.passed[day as usize] as usize] = Passed::of(rows, days);
                }
                let mut before = Passed::default();
                for passed in passed {
                    before = select_unpredictable(*passed > before, *passed, before);
                    *passed = before;
                }
            }
        }
    }

    /// Whether a customer (its place in the partition) has a row of any signal within the days before an as-of date (its
    /// place in the timeline) in which it has to be active.
    pub fn active(&self, located: &Located, member: usize, date: usize) -> bool {
        let date = &self.boundaries.dates[date];
        located.signals.iter().any(|signal| {
            let passed = &signal[member * (self.boundaries.count + 1)..];
            passed[date.to].rows() > passed[date.active].rows()
        })
    }

    /// The features of `keys`, which are in the order of members: column-major, one `f32` a row, NaN for null.
    ///
    /// `members[i]` is the place in the customers table of the partition's `i`-th customer. Values are computed in
    /// `f64` and kept in `f32`, 6e-8 relative: well within the catalogue's 1e-6, at half the memory.
    pub fn compute(
        &self,
        rows: &PartitionRows,
        located: &Located,
        keys: &[RowKey],
        members: &[u32],
        customers: &CustomerTable,
    ) -> Vec<f32> {
        let mut values = vec![0f32; self.columns * keys.len()];
        let boundaries = self.boundaries.count + 1;
        let mut spans = Vec::new();
        for ((signal, located), columns) in rows.signals.iter().zip(&located.signals).zip(&self.signals) {
            let mut seen = Seen::with_categories(if columns.categories.is_some() { signal.category_count } else { 0 });
            for (row, key) in keys.iter().enumerate() {
                let member = key.member as usize;
                let range = signal.of(member);
                let seconds = &signal.seconds[range.clone()];
                let passed = &located[member * boundaries..(member + 1) * boundaries];
                let date = &self.boundaries.dates[key.as_of as usize];
                let end = passed[date.to];
                let (look_back, to) = (passed[date.look_back].rows(), end.rows());
                spans.clear();
                spans.extend(date.windows.iter().map(|&(from, before)| Span {
                    from: passed[from].rows(),
                    before: passed[before].rows(),
                    active_days: end.days() - passed[from].days(),
                }));
                let mut out = Row { values: &mut values, rows: keys.len(), row };
                let rows = CountedRows { seconds, look_back, to, as_of: date.second };
                counts::fill(&mut out, &columns.counts, &rows, &spans, &self.logs);
                if let Some(columns) = &columns.values {
                    values::fill(&mut out, columns, &signal.values[range.clone()], &spans, to);
                }
                if let Some(column) = columns.categories {
                    seen.fill(&mut out, column, &signal.categories[range.clone()], &spans, to);
                }
                if !columns.surveys.is_empty() {
                    let slices = (seconds, &signal.values[range.clone()], &signal.instruments[range]);
                    surveys::fill(&mut out, &columns.surveys, slices, (look_back, to), date.second);
                }
            }
        }
        for (row, key) in keys.iter().enumerate() {
            let customer = members[key.member as usize] as usize;
            let mut out = Row { values: &mut values, rows: keys.len(), row };
            if let Some(column) = self.tenure {
                let tenure = match customers.signup[customer] {
                    NO_DAY => f64::NAN,
                    signup => f64::from(self.timeline.as_of[key.as_of as usize].0) - f64::from(signup),
                };
                out.set(column, tenure);
            }
            for (i, column) in customers.numeric.iter().enumerate() {
                out.set(self.numeric + i, column[customer]);
            }
        }
        values
    }
}
