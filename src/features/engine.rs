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
    windows: Vec<u32>,
    look_back_days: u32,
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
struct Boundaries {
    /// How many there are.
    count: usize,
    /// How many there are up to and with each day of the timeline.
    passed: Vec<u32>,
    /// Where those of each as-of date are among them.
    dates: Vec<DateBoundaries>,
}

struct DateBoundaries {
    /// The as-of date's second.
    second: u32,
    to: usize,
    look_back: usize,
    /// Where each window begins, and the one of equal length before it.
    windows: Vec<(usize, usize)>,
}

impl Boundaries {
    fn of(engine: &Engine, timeline: &Timeline) -> Boundaries {
        let day = |as_of: Day, days: u32| timeline.index(as_of.plus(-(days as i32)));
        let back = || {
            let windows = engine.windows.iter().flat_map(|&w| [w, 2 * w]);
            windows.chain([0, engine.look_back_days])
        };
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
                look_back: at(as_of, engine.look_back_days),
                windows: engine.windows.iter().map(|&w| (at(as_of, w), at(as_of, 2 * w))).collect(),
            })
            .collect();
        let passed = (0..timeline.days()).map(|day| days.partition_point(|&d| d <= day) as u32).collect();
        Boundaries { count: days.len(), passed, dates }
    }

    /// Where a customer's rows stand: in `positions` the first row at or after each boundary, and in `days` how many of
    /// the rows before each row are the first of their day. Boundaries and days begin at midnight alike, so each row's
    /// day says all, and no branch depends on the rows.
    fn locate(&self, seconds: &[u32], timeline: &Timeline, positions: &mut Vec<usize>, days: &mut Vec<u32>) {
        positions.clear();
        positions.resize(self.count + 1, 0);
        days.clear();
        days.push(0);
        let (mut count, mut last) = (0, u32::MAX);
        for &second in seconds {
            let day = timeline.day_number(second);
            count += u32::from(day != last);
            last = day;
            days.push(count);
            positions[self.passed[day as usize] as usize] += 1;
        }
        let mut before = 0;
        for position in positions {
            before += *position;
            *position = before;
        }
    }
}

impl Engine {
    /// Looks every column of the catalogue up once.
    pub fn new(settings: &Settings, catalogue: &Catalogue) -> Engine {
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
            windows: settings.features.windows_days.clone(),
            look_back_days: settings.look_back_days(),
            logs: Logs::default(),
        }
    }

    /// The features of `keys`, which are in the order of members: column-major, one `f32` a row, NaN for null.
    ///
    /// `members[i]` is the place in the customers table of the partition's `i`-th customer. Values are computed in
    /// `f64` and kept in `f32`, 6e-8 relative: well within the catalogue's 1e-6, at half the memory.
    pub fn compute(
        &self,
        rows: &PartitionRows,
        keys: &[RowKey],
        members: &[u32],
        customers: &CustomerTable,
        timeline: &Timeline,
    ) -> Vec<f32> {
        let mut values = vec![0f32; self.columns * keys.len()];
        let boundaries = Boundaries::of(self, timeline);
        for (signal, columns) in rows.signals.iter().zip(&self.signals) {
            let mut seen = Seen::with_categories(if columns.categories.is_some() { signal.category_count } else { 0 });
            let mut days = Vec::new();
            let mut positions = Vec::new();
            let mut spans = Vec::with_capacity(self.windows.len());
            let mut current = None;
            for (row, key) in keys.iter().enumerate() {
                let range = signal.of(key.member as usize);
                let seconds = &signal.seconds[range.clone()];
                if current != Some(key.member) {
                    boundaries.locate(seconds, timeline, &mut positions, &mut days);
                    current = Some(key.member);
                }
                let date = &boundaries.dates[key.as_of as usize];
                let (look_back, to) = (positions[date.look_back], positions[date.to]);
                spans.clear();
                spans.extend(
                    date.windows
                        .iter()
                        .map(|&(from, before)| Span { from: positions[from], before: positions[before] }),
                );
                let mut out = Row { values: &mut values, rows: keys.len(), row };
                let rows = CountedRows { seconds, days: &days, look_back, to, as_of: date.second };
                counts::fill(&mut out, &columns.counts, &rows, &spans, &self.logs);
                if let Some(columns) = &columns.values {
                    values::fill(&mut out, columns, &signal.values[range.clone()], &spans, to);
                }
                if let Some(column) = columns.categories {
                    seen.fill(&mut out, column, &signal.categories[range.clone()], &spans, to);
                }
                for survey in &columns.surveys {
                    let slices = (seconds, &signal.values[range.clone()], &signal.instruments[range.clone()]);
                    surveys::fill(&mut out, survey, slices, (look_back, to), date.second);
                }
            }
        }
        for (row, key) in keys.iter().enumerate() {
            let customer = members[key.member as usize] as usize;
            let mut out = Row { values: &mut values, rows: keys.len(), row };
            if let Some(column) = self.tenure {
                let tenure = match customers.signup[customer] {
                    NO_DAY => f64::NAN,
                    signup => f64::from(timeline.as_of[key.as_of as usize].0) - f64::from(signup),
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
