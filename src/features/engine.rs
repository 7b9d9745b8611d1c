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

/// Every instant at which a window of some as-of date begins or ends.
struct Boundaries {
    /// The instants, ascending and distinct.
    seconds: Vec<u32>,
    /// Where those of each as-of date are among them.
    dates: Vec<DateBoundaries>,
}

struct DateBoundaries {
    to: usize,
    look_back: usize,
    /// Where each window begins, and the one of equal length before it.
    windows: Vec<(usize, usize)>,
}

impl Boundaries {
    fn of(engine: &Engine, timeline: &Timeline) -> Boundaries {
        let second = |as_of: Day, days: u32| timeline.second(as_of.plus(-(days as i32)));
        let back = || {
            let windows = engine.windows.iter().flat_map(|&w| [w, 2 * w]);
            windows.chain([0, engine.look_back_days])
        };
        let mut seconds: Vec<u32> =
            timeline.as_of.iter().flat_map(|&as_of| back().map(move |days| second(as_of, days))).collect();
        seconds.sort_unstable();
        seconds.dedup();
        let at = |as_of: Day, days: u32| seconds.partition_point(|&s| s < second(as_of, days));
        let dates = timeline
            .as_of
            .iter()
            .map(|&as_of| DateBoundaries {
                to: at(as_of, 0),
                look_back: at(as_of, engine.look_back_days),
                windows: engine.windows.iter().map(|&w| (at(as_of, w), at(as_of, 2 * w))).collect(),
            })
            .collect();
        Boundaries { seconds, dates }
    }

    /// The first row at or after each boundary. A sweep would mispredict a branch a boundary: counting the rows before
    /// it takes none, and few rows are counted in a few instructions.
    fn locate(&self, rows: &[u32], positions: &mut [usize]) {
        const FEW: usize = 32;
        let boundaries = positions.iter_mut().zip(&self.seconds);
        if rows.len() <= FEW {
            boundaries.for_each(|(position, &boundary)| {
                *position = rows.iter().map(|&second| u32::from(second < boundary)).sum::<u32>() as usize;
            });
        } else {
            boundaries.for_each(|(position, &boundary)| *position = rows.partition_point(|&s| s < boundary));
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
            let mut positions = vec![0; boundaries.seconds.len()];
            let mut spans = Vec::with_capacity(self.windows.len());
            let mut current = None;
            for (row, key) in keys.iter().enumerate() {
                let range = signal.of(key.member as usize);
                let seconds = &signal.seconds[range.clone()];
                if current != Some(key.member) {
                    counts::count_days(seconds, |s| timeline.day_number(s), &mut days);
                    boundaries.locate(seconds, &mut positions);
                    current = Some(key.member);
                }
                let date = &boundaries.dates[key.as_of as usize];
                let second = boundaries.seconds[date.to];
                let (look_back, to) = (positions[date.look_back], positions[date.to]);
                spans.clear();
                spans.extend(
                    date.windows
                        .iter()
                        .map(|&(from, before)| Span { from: positions[from], before: positions[before] }),
                );
                let mut out = Row { values: &mut values, rows: keys.len(), row };
                let rows = CountedRows { seconds, days: &days, look_back, to, as_of: second };
                counts::fill(&mut out, &columns.counts, &rows, &spans, &self.logs);
                if let Some(columns) = &columns.values {
                    values::fill(&mut out, columns, &signal.values[range.clone()], &spans, to);
                }
                if let Some(column) = columns.categories {
                    seen.fill(&mut out, column, &signal.categories[range.clone()], &spans, to);
                }
                for survey in &columns.surveys {
                    let slices = (seconds, &signal.values[range.clone()], &signal.instruments[range.clone()]);
                    surveys::fill(&mut out, survey, slices, (look_back, to), second);
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
