//! The engine: from one partition's ordered rows to its block of features, for every as-of date.

use super::catalogue::{Catalogue, Measure};
use super::kernels::categories;
use super::kernels::counts::{self, CountColumns, Logs, Seen, Window};
use super::kernels::surveys::{self, SurveyColumns};
use super::kernels::values::{self, ValueColumns};
use super::kernels::{Passed, Slices};
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
    /// How many customers.
    members: usize,
    /// An entry a signal.
    signals: Vec<Standing>,
    /// The day of each row of the signal at hand.
    days: Vec<u32>,
}

/// What is before the first boundary, customer by customer, then before the next one, and so on: in one of two widths, as the
/// customer with most rows demands.
#[derive(Clone, Debug, Default)]
struct Standing {
    narrow: Vec<u32>,
    wide: Vec<u64>,
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
        located.members = rows.signals.first().map_or(0, |signal| signal.starts.len() - 1);
        located.signals.resize_with(rows.signals.len(), Standing::default);
        for (signal, Standing { narrow, wide }) in rows.signals.iter().zip(&mut located.signals) {
            self.timeline.day_numbers(&signal.seconds, &mut located.days);
            narrow.clear();
            wide.clear();
            let most = signal.starts.windows(2).map(|pair| pair[1] - pair[0]).max();
            match most.is_none_or(|most| most <= u32::from(u16::MAX)) {
                true => self.stand(signal, &located.days, narrow),
                false => self.stand(signal, &located.days, wide),
            }
        }
    }

    /// Finds out where the rows of a signal stand, given the day of each.
    fn stand<P: Passed>(&self, signal: &SignalRows, days: &[u32], standing: &mut Vec<P>) {
        let members = signal.starts.len() - 1;
        standing.resize((self.boundaries.count + 1) * members, P::default());
        let firsts: Vec<usize> = self.boundaries.passed.iter().map(|&passed| passed as usize * members).collect();
        let firsts = firsts.as_slice();
        for member in 0..members {
            let (mut on_days, mut last) = (0, u32::MAX);
            for (rows, &day) in (1..).zip(&days[signal.of(member)]) {
                on_days += u32::from(day != last);
                last = day;
                standing[firsts[day as usize] + member] = P::of(rows, on_days);
            }
        }
        vectorised!(passed_on(standing, members));
    }

    /// Whether a customer (its place in the partition) has a row of any signal within the days before an as-of date (its
    /// place in the timeline) in which it has to be active.
    pub fn active(&self, located: &Located, member: usize, date: usize) -> bool {
        let date = &self.boundaries.dates[date];
        let [to, from] = [date.to, date.active].map(|boundary| boundary * located.members + member);
        located.signals.iter().any(|Standing { narrow, wide }| match wide.is_empty() {
            true => narrow[to].rows() > narrow[from].rows(),
            false => wide[to].rows() > wide[from].rows(),
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
        let mut places = Places::default();
        for ((signal, standing), columns) in rows.signals.iter().zip(&located.signals).zip(&self.signals) {
            match standing.wide.is_empty() {
                true => {
                    self.fill_counts(values, &columns.counts, (signal, &standing.narrow), (keys, &as_of), &mut places)
                }
                false => {
                    self.fill_counts(values, &columns.counts, (signal, &standing.wide), (keys, &as_of), &mut places)
                }
            }
            match &signal.values {
                RowValues::Single(of_rows) => fill_values(values, columns, (signal, of_rows), &as_of, &places),
                RowValues::Double(of_rows) => fill_values(values, columns, (signal, of_rows), &as_of, &places),
            }
        }
        self.fill_customers(values, keys, members, customers);
    }

    /// The columns of counts of one signal, and where in it the rows of each customer's look-back and windows are.
    fn fill_counts<P: Passed>(
        &self,
        values: &mut [f32],
        columns: &CountColumns,
        (signal, standing): (&SignalRows, &[P]),
        (keys, as_of): (&[RowKey], &[u32]),
        Places { look_backs, windows, ends }: &mut Places,
    ) {
        let (dates, members) = (&self.boundaries.dates, signal.starts.len() - 1);
        let passed = |out: &mut Vec<P>, boundary: &dyn Fn(&DateBoundaries) -> usize| {
            let boundaries: Vec<usize> = dates.iter().map(|date| boundary(date) * members).collect();
            let boundaries = boundaries.as_slice();
            out.clear();
            out.extend(keys.iter().map(move |key| standing[boundaries[key.as_of as usize] + key.member as usize]));
        };
        let starts: Vec<u32> = keys.iter().map(|key| signal.starts[key.member as usize]).collect();
        let starts = starts.as_slice();
        let places = |out: &mut Vec<u32>, passed: &[P]| {
            out.clear();
            out.extend(starts.iter().zip(passed).map(|(&start, passed)| start + passed.rows()));
        };
        // When the rows so many before these places happened.
        let seconds = |out: &mut Vec<u32>, places: &[u32], less: u32| {
            let seconds = signal.seconds.as_slice();
            let at = places.iter().map(move |place| place.wrapping_sub(less) as usize);
            out.clear();
            out.extend(at.map(move |at| seconds.get(at).copied().unwrap_or(0)));
        };
        let [mut to, mut since, mut from, mut before] = [const { Vec::new() }; 4];
        let [mut last, mut first] = [const { Vec::new() }; 2];
        passed(&mut to, &|date| date.to);
        passed(&mut since, &|date| date.look_back);
        places(ends, &to);
        places(look_backs, &since);
        seconds(&mut last, ends, 1);
        let seen = Seen { ends: &to, look_backs: &since, last: &last, as_of };
        counts::fill(values, columns, &seen);
        windows.resize_with(dates.first().map_or(0, |date| date.windows.len()), Vec::new);
        for (at, window) in windows.iter_mut().enumerate() {
            passed(&mut from, &|date| date.windows[at].0);
            passed(&mut before, &|date| date.windows[at].1);
            places(window, &from);
            seconds(&mut first, window, 0);
            let window = Window { from: &from, before: &before, first: &first };
            counts::fill_window(values, columns, at, &seen, &window, &self.logs);
        }
    }

    /// The columns that a customer has without any signal.
    fn fill_customers(&self, values: &mut [f32], keys: &[RowKey], members: &[u32], customers: &CustomerTable) {
        for (row, key) in keys.iter().enumerate() {
            let customer = members[key.member as usize] as usize;
            let mut set = |column: usize, value: f64| values[column * keys.len() + row] = value as f32;
            if let Some(column) = self.tenure {
                let tenure = match customers.signup[customer] {
                    NO_DAY => f64::NAN,
                    signup => f64::from(self.timeline.as_of[key.as_of as usize].0) - f64::from(signup),
                };
                set(column, tenure);
            }
            let later = keys.get(row + FETCHED).map(|key| members[key.member as usize] as usize);
            // Customers lie far apart in their table.
            later.into_iter().for_each(|later| prefetch_index(customers.signup.as_slice(), later));
            for (i, column) in customers.numeric.iter().enumerate() {
                later.into_iter().for_each(|later| prefetch_index(column.as_slice(), later));
                set(self.numeric + i, column[customer]);
            }
        }
    }
}

/// How many rows before its own what the customers table says of a row's customer is fetched.
const FETCHED: usize = 32;

/// Of each row of a block, where in the columns of a signal the rows of its look-back and of each window begin, and where
/// those before the as-of date end.
#[derive(Default)]
struct Places {
    look_backs: Vec<u32>,
    windows: Vec<Vec<u32>>,
    ends: Vec<u32>,
}

/// The columns of one signal that need its values and codes.
fn fill_values<V: Copy + Default + Into<f64>>(
    values: &mut [f32],
    columns: &SignalColumns,
    (signal, of_rows): (&SignalRows, &[V]),
    as_of: &[u32],
    Places { look_backs, windows, ends }: &Places,
) {
    // What each window has beside the one within it.
    let tos = std::iter::once(ends).chain(windows);
    let windows: Vec<Slices<'_>> = windows.iter().zip(tos).map(|(from, to)| Slices { from, to }).collect();
    if let Some(columns) = &columns.values {
        values::fill(values, columns, of_rows, &windows);
    }
    if let Some(first) = columns.categories {
        categories::fill(values, first, &signal.categories, signal.category_count, &windows);
    }
    if !columns.surveys.is_empty() {
        let answers = (signal.seconds.as_slice(), of_rows, signal.instruments.as_slice());
        surveys::fill(values, &columns.surveys, answers, Slices { from: look_backs, to: ends }, as_of);
    }
}

/// What is before a boundary is before all later ones: the numbers of each customer, which only grow, where none was noted.
#[inline(always)]
fn passed_on<P: Passed>(all: &mut [P], members: usize) {
    let (mut before, mut rest) = all.split_at_mut(members);
    while !rest.is_empty() {
        let (here, later) = rest.split_at_mut(members);
        here.iter_mut().zip(&*before).for_each(|(here, &before)| *here = before.max(*here));
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
    fn every_value_is_set_whatever_was_there_and_however_wide_numbers_are() {
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
        let filled = |rows: &PartitionRows, located: &Located, there: f32| {
            let mut values = vec![there; engine.values(keys.len())];
            engine.compute(rows, located, &keys, &[0, 1, 2, 3], &customers, &mut values);
            values.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
        };
        let computed = |rows: &PartitionRows, there: f32| filled(rows, &located, there);
        assert_eq!(computed(&rows, 0.0), computed(&rows, 12_345.5));
        assert!(!computed(&rows, 12_345.5).contains(&12_345.5f32.to_bits()));
        // Values that need not be exact in 32 bits, but are.
        let mut wide = rows.clone();
        for signal in &mut wide.signals {
            let RowValues::Single(values) = &signal.values else { panic!("{signal:?}") };
            signal.values = RowValues::Double(values.iter().map(|&value| f64::from(value)).collect());
        }
        assert_eq!(computed(&wide, 0.0), computed(&rows, 0.0));
        // As if a customer had too many rows for the half of 32 bits.
        let mut of_many = located.clone();
        for Standing { narrow, wide } in &mut of_many.signals {
            wide.extend(narrow.drain(..).map(|passed| <u64 as Passed>::of(passed.rows(), passed.days())));
        }
        assert_eq!(filled(&rows, &of_many, 0.0), computed(&rows, 0.0));
        let active = |located: &Located| (0..4).map(|member| engine.active(located, member, 1)).collect::<Vec<bool>>();
        assert_eq!(active(&of_many), active(&located));
        assert_eq!(active(&located), [false, true, true, false]);
    }
}
