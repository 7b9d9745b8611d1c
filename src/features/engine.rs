//! The engine: from one partition's ordered rows to its block of features, for every as-of date.

use super::catalogue::{Catalogue, Measure};
use super::kernels::categories::Categories;
use super::kernels::counts::{self, CountColumns, Logs, Seen, Window};
use super::kernels::surveys::{self, SurveyColumns};
use super::kernels::values::{self, ValueColumns};
use super::kernels::{Passed, Row};
use crate::calendar::{Day, Timeline};
use crate::config::{Instrument, Settings};
use crate::numeric::vectorised;
use crate::sources::{CustomerTable, PartitionRows, RowValues, SignalRows, NO_DAY};
use prefetch_index::prefetch_index;

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

/// Where the rows of a partition's customers stand among the boundaries of all windows.
#[derive(Clone, Debug, Default)]
pub struct Located {
    /// An entry a signal; in it what is before the first boundary, customer by customer, then the next one, and so on.
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
        located.signals.resize_with(rows.signals.len(), Vec::new);
        for (signal, all) in rows.signals.iter().zip(&mut located.signals) {
            self.timeline.day_numbers(&signal.seconds, &mut located.days);
            let members = signal.starts.len() - 1;
            all.clear();
            all.resize((self.boundaries.count + 1) * members, Passed::default());
            for member in 0..members {
                let (mut days, mut last) = (0, u32::MAX);
                for (rows, &day) in (1..).zip(&located.days[signal.of(member)]) {
                    days += u32::from(day != last);
                    last = day;
                    all[self.boundaries.passed[day as usize] as usize * members + member] = Passed::of(rows, days);
                }
            }
            vectorised!(passed_on(all, members));
        }
    }

    /// Whether a customer (its place in the partition) has a row of any signal within the days before an as-of date (its
    /// place in the timeline) in which it has to be active.
    pub fn active(&self, located: &Located, member: usize, date: usize) -> bool {
        let date = &self.boundaries.dates[date];
        located.signals.iter().any(|signal| {
            let members = signal.len() / (self.boundaries.count + 1);
            signal[date.to * members + member].rows() > signal[date.active * members + member].rows()
        })
    }

    /// How many values [`Engine::compute`] fills for so many rows.
    pub fn values(&self, rows: usize) -> usize {
        self.columns * rows
    }

    /// Fills in the features of `keys`, which are in the order of members: column-major, one `f32` a row, NaN for null. Every
    /// value is set.
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
        values: &mut [f32],
    ) {
        let as_of: Vec<u32> = keys.iter().map(|key| self.boundaries.dates[key.as_of as usize].second).collect();
        let keys = Keys { keys, as_of: &as_of };
        let mut reached = Reached::default();
        for ((signal, located), columns) in rows.signals.iter().zip(&located.signals).zip(&self.signals) {
            self.fill_counts(values, &columns.counts, (signal, located), keys, &mut reached);
            if columns.values.is_some() || columns.categories.is_some() || !columns.surveys.is_empty() {
                match &signal.values {
                    RowValues::Single(of_rows) => fill_rows(values, columns, (signal, of_rows), keys, &reached),
                    RowValues::Double(of_rows) => fill_rows(values, columns, (signal, of_rows), keys, &reached),
                }
            }
        }
        self.fill_customers(values, keys.keys, members, customers);
    }

    /// The columns of counts of one signal, and how far its rows reach.
    fn fill_counts(
        &self,
        values: &mut [f32],
        columns: &CountColumns,
        (signal, located): (&SignalRows, &[Passed]),
        Keys { keys, as_of }: Keys<'_>,
        reached: &mut Reached,
    ) {
        let (dates, members) = (&self.boundaries.dates, signal.starts.len() - 1);
        let passed = |out: &mut Vec<Passed>, boundary: &dyn Fn(&DateBoundaries) -> usize| {
            let boundaries: Vec<usize> = dates.iter().map(|date| boundary(date) * members).collect();
            let boundaries = boundaries.as_slice();
            out.clear();
            out.extend(keys.iter().map(move |key| located[boundaries[key.as_of as usize] + key.member as usize]));
        };
        // When the customer's row at the place that these numbers of rows lead to, less some, happened.
        let seconds = |out: &mut Vec<u32>, rows: &[Passed], less: usize| {
            let (starts, seconds) = (signal.starts.as_slice(), signal.seconds.as_slice());
            let starts = keys.iter().map(move |key| starts[key.member as usize] as usize);
            let at = starts.zip(rows).map(move |(start, passed)| (start + passed.rows() as usize).wrapping_sub(less));
            out.clear();
            out.extend(at.map(move |at| seconds.get(at).copied().unwrap_or(0)));
        };
        let Reached { ends, look_backs, from, before, last, first } = reached;
        passed(ends, &|date| date.to);
        passed(look_backs, &|date| date.look_back);
        seconds(last, ends, 1);
        let seen = Seen { ends, look_backs, last, as_of };
        counts::fill(values, columns, &seen);
        from.resize_with(dates.first().map_or(0, |date| date.windows.len()), Vec::new);
        for (at, from) in from.iter_mut().enumerate() {
            passed(from, &|date| date.windows[at].0);
            passed(before, &|date| date.windows[at].1);
            seconds(first, from, 0);
            counts::fill_window(values, columns, at, &seen, &Window { from, before, first }, &self.logs);
        }
    }

    /// The columns that a customer has without any signal.
    fn fill_customers(&self, values: &mut [f32], keys: &[RowKey], members: &[u32], customers: &CustomerTable) {
        for (row, key) in keys.iter().enumerate() {
            let customer = members[key.member as usize] as usize;
            let mut out = Row { values, rows: keys.len(), row };
            if let Some(column) = self.tenure {
                let tenure = match customers.signup[customer] {
                    NO_DAY => f64::NAN,
                    signup => f64::from(self.timeline.as_of[key.as_of as usize].0) - f64::from(signup),
                };
                out.set(column, tenure);
            }
            let later = keys.get(row + FETCHED).map(|key| members[key.member as usize] as usize);
            // Customers lie far apart in their table.
            later.into_iter().for_each(|later| prefetch_index(customers.signup.as_slice(), later));
            for (i, column) in customers.numeric.iter().enumerate() {
                later.into_iter().for_each(|later| prefetch_index(column.as_slice(), later));
                out.set(self.numeric + i, column[customer]);
            }
        }
    }
}

/// The rows of a block.
#[derive(Clone, Copy)]
struct Keys<'a> {
    keys: &'a [RowKey],
    /// The second of each one's as-of date.
    as_of: &'a [u32],
}

/// How many rows before its own what the customers table says of a row's customer is fetched.
const FETCHED: usize = 32;

/// How far the rows of one signal reach for each row of a block: what is before the as-of date, before the look-back and before
/// each window, when the last of them happened; of the window at hand, what is before the one before it, and when its first row happened.
#[derive(Default)]
struct Reached {
    ends: Vec<Passed>,
    look_backs: Vec<Passed>,
    from: Vec<Vec<Passed>>,
    before: Vec<Passed>,
    last: Vec<u32>,
    first: Vec<u32>,
}

/// The columns of one signal that need its values and codes, row by row.
fn fill_rows<V: Copy + Into<f64>>(
    values: &mut [f32],
    columns: &SignalColumns,
    (signal, of_rows): (&SignalRows, &[V]),
    Keys { keys, as_of }: Keys<'_>,
    reached: &Reached,
) {
    let mut categories = Categories::new(if columns.categories.is_some() { signal.category_count } else { 0 });
    let mut from = vec![0; reached.from.len()];
    for (row, key) in keys.iter().enumerate() {
        let range = signal.of(key.member as usize);
        let (look_back, to) = (reached.look_backs[row].rows() as usize, reached.ends[row].rows() as usize);
        from.iter_mut().zip(&reached.from).for_each(|(from, passed)| *from = passed[row].rows() as usize);
        let mut out = Row { values, rows: keys.len(), row };
        if let Some(columns) = &columns.values {
            values::fill(&mut out, columns, &of_rows[range.clone()], &from, to);
        }
        if let Some(column) = columns.categories {
            categories.fill(&mut out, column, &signal.categories[range.clone()], &from, to);
        }
        if !columns.surveys.is_empty() {
            let seconds = &signal.seconds[range.clone()];
            let slices = (seconds, &of_rows[range.clone()], &signal.instruments[range]);
            surveys::fill(&mut out, &columns.surveys, slices, (look_back, to), as_of[row]);
        }
    }
}

/// What is before a boundary is before all later ones: the numbers of each customer, which only grow, where none was noted.
#[inline(always)]
fn passed_on(all: &mut [Passed], members: usize) {
    let (mut before, mut rest) = all.split_at_mut(members);
    while !rest.is_empty() {
        let (here, later) = rest.split_at_mut(members);
        here.iter_mut().zip(&*before).for_each(|(here, &before)| *here = here.or_later(before));
        (before, rest) = (here, later);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Zone;
    use crate::config;
    use crate::sources::Ids;

    /// Customers without a row, with one, and with a row every other day, in every signal.
    fn partition(settings: &Settings) -> PartitionRows {
        let signals = settings.signals.values().map(|signal| {
            let mut rows = SignalRows { starts: vec![0], category_count: 2, ..SignalRows::default() };
            for count in [0, 1, 60, 0] {
                rows.seconds.extend((0..count).map(|row| 2 * 86_400 * (row + 100 - count) + 7));
                rows.starts.push(rows.seconds.len() as u32);
            }
            let code = |row: usize| if row % 5 == 4 { u32::MAX } else { row as u32 % 2 };
            let all = 0..rows.seconds.len();
            if signal.value.is_some() {
                let values = all.clone().map(|row| if row % 7 == 6 { f32::NAN } else { row as f32 });
                rows.values = RowValues::Single(values.collect());
            }
            if signal.category.is_some() {
                rows.categories = all.clone().map(code).collect();
            }
            if signal.instrument.is_some() {
                rows.instruments = all.map(code).collect();
            }
            rows
        });
        PartitionRows { signals: signals.collect(), unknown: Vec::new(), duplicates: Vec::new() }
    }

    #[test]
    fn every_value_is_set_whatever_was_there() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/churn.toml");
        let settings = config::load(Some(&path), &[], []).unwrap().settings;
        let rows = partition(&settings);
        let customers = CustomerTable {
            rows: 4,
            ids: Ids::Integer((0..4).collect()),
            signup: vec![10, NO_DAY, -5, 100],
            start: Vec::new(),
            end: Vec::new(),
            value: Vec::new(),
            numeric: vec![vec![1.0, f64::NAN, 3.0, 4.0]],
            categorical: Vec::new(),
            quarantine: Default::default(),
        };
        let timeline = Timeline::new(&Zone::utc(), Day(0), Day(200), vec![Day(170), Day(199)]);
        let engine = Engine::new(&settings, &Catalogue::of(&settings), timeline);
        let mut located = Located::default();
        engine.locate(&rows, &mut located);
        let keys: Vec<RowKey> = (0..4).flat_map(|member| (0..2).map(move |as_of| RowKey { member, as_of })).collect();
        let computed = |rows: &PartitionRows, there: f32| {
            let mut values = vec![there; engine.values(keys.len())];
            engine.compute(rows, &located, &keys, &[0, 1, 2, 3], &customers, &mut values);
            values.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
        };
        assert_eq!(computed(&rows, 0.0), computed(&rows, 12_345.5));
        assert!(!computed(&rows, 12_345.5).contains(&12_345.5f32.to_bits()));
        // Values that need not be exact in 32 bits, but are.
        let mut wide = rows.clone();
        for signal in &mut wide.signals {
            let RowValues::Single(values) = &signal.values else { panic!("{signal:?}") };
            signal.values = RowValues::Double(values.iter().map(|&value| f64::from(value)).collect());
        }
        assert_eq!(computed(&wide, 0.0), computed(&rows, 0.0));
    }
}
