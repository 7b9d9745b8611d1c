//! The engine: from the ordered rows of one partition to its block of features, for every as-of date.

use super::boundaries::{Boundaries, BoundaryCounts};
use super::catalogue::{Catalogue, Measure};
use super::kernels::categories;
use super::kernels::counts::{self, CountColumns, History, LogTable, Window};
use super::kernels::lifetime::{self, LifetimeColumns, Lives};
use super::kernels::surveys::{self, Answers, SurveyColumns};
use super::kernels::values::{self, ValueColumns};
use super::kernels::{RowsAndDays, Slices};
use crate::calendar::{Day, Timeline, DAY_SECONDS};
use crate::config::{Eligibility, Features, Instrument};
use crate::numeric::clamped;
use crate::sources::{CustomerTable, PartitionRows, RowValues, SignalRows, NO_DAY};
use prefetch_index::prefetch_index;

/// How many rows ahead of the current one the customers table is prefetched.
const PREFETCH_DISTANCE: usize = 32;

/// Which kernel fills which column, and where the windows of every as-of date begin and end.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The columns of each signal, in the order of the partition's signals.
    signals: Vec<SignalColumns>,
    /// The positions of the signals that count as activity.
    activity: Vec<usize>,
    tenure: Option<usize>,
    /// The first column of the customers table's own numbers.
    numeric: usize,
    columns: usize,
    timeline: Timeline,
    boundaries: Boundaries,
    logs: LogTable,
    unrecorded: Vec<Unrecorded>,
}

/// A column of a window, or of the whole history, that on some as-of dates lies before its signal began: it is null
/// there, for nobody looked.
#[derive(Clone, Debug)]
struct Unrecorded {
    column: usize,
    /// Whether it is, as-of date by as-of date.
    dates: Vec<bool>,
}

/// The columns of one signal.
#[derive(Clone, Debug)]
struct SignalColumns {
    counts: CountColumns,
    lifetime: Option<LifetimeColumns>,
    values: ValueColumns,
    /// Window by window, and last that of the whole history where there is one; none without categories.
    categories: Vec<usize>,
    surveys: Vec<SurveyColumns>,
}

/// A row to fill: a customer of the partition on an as-of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowKey {
    /// The customer's place in the partition.
    pub member: u32,
    /// The as-of date's place in the timeline.
    pub as_of: u32,
}

/// A partition: some customers and their rows.
#[derive(Clone, Copy, Debug)]
pub struct Partition<'a> {
    /// The rows of the signals, customer by customer.
    pub rows: &'a PartitionRows,
    /// The place of each of its customers in the customers table.
    pub members: &'a [u32],
    /// The customers table.
    pub customers: &'a CustomerTable,
}

/// The part of the feature table that is being filled.
struct Block<'a> {
    keys: &'a [RowKey],
    /// The second on which each row's as-of date begins.
    as_of: Vec<u32>,
    /// Column by column, a value for each key.
    values: &'a mut [f32],
}

/// For each row of a block, where in the columns of a signal its customer's rows begin, where those of its look-back
/// and of each window do, and where those before the as-of date end.
#[derive(Default)]
struct Offsets {
    starts: Vec<u32>,
    look_backs: Vec<u32>,
    windows: Vec<Vec<u32>>,
    ends: Vec<u32>,
}

impl Engine {
    /// Looks every column of the catalogue up once, for the as-of dates of the timeline. The catalogue is that of the
    /// configuration whose windows and rules of activity are given. `begins` has the day of each signal's first row.
    pub fn new(
        catalogue: &Catalogue,
        features: &Features,
        eligibility: &Eligibility,
        timeline: Timeline,
        begins: &[Option<Day>],
    ) -> Engine {
        let names = catalogue.signals();
        let signals = names.iter().map(|signal| SignalColumns::new(catalogue, signal)).collect();
        let activity = (0..names.len()).filter(|&position| eligibility.activity().counts(names[position])).collect();

        Engine {
            signals,
            activity,
            tenure: catalogue.first_column(None, Measure::Tenure, None),
            numeric: catalogue.first_column(None, Measure::Numeric, None).unwrap_or_default(),
            columns: catalogue.numeric.len(),
            boundaries: Boundaries::new(features, eligibility, &timeline),
            unrecorded: unrecorded(catalogue, &timeline.as_of, begins),
            timeline,
            logs: LogTable::default(),
        }
    }

    /// Counts, for each customer of a partition, the rows before each boundary of a window. Earlier counts are
    /// overwritten.
    pub fn count(&self, rows: &PartitionRows, counts: &mut BoundaryCounts) {
        counts.fill(&self.boundaries, &self.timeline, rows);
    }

    /// Whether the customer has a row of a signal that counts as activity within the days before the as-of date in
    /// which it has to be active.
    pub fn active(&self, counts: &BoundaryCounts, key: RowKey) -> bool {
        let date = &self.boundaries.dates[key.as_of as usize];
        counts.any_between(&self.activity, key.member as usize, date.active, date.as_of)
    }

    /// For how many days a customer usually pauses, from one day with a row to the next: by the rows before the last
    /// as-of date, of the signal that counts as activity and has the shortest pauses. None of a customer who never came
    /// back.
    pub fn usual_pause(&self, rows: &PartitionRows, counts: &BoundaryCounts, member: usize) -> Option<u32> {
        let end = self.boundaries.dates.last()?.as_of;
        let mut shortest = None;
        for &position in &self.activity {
            let (rows_before, days) = counts.before(position, member, end);
            if days < 2 {
                continue;
            }

            let signal = &rows.signals[position];
            let first = signal.rows(member).start;
            let last = first + rows_before as usize - 1;
            let seconds = f64::from(signal.seconds[last]) - f64::from(signal.seconds[first]);
            let pause = (seconds / DAY_SECONDS as f64 / f64::from(days - 1)).round() as u32;
            shortest = Some(shortest.map_or(pause, |shortest: u32| shortest.min(pause)));
        }
        shortest
    }

    /// How many values [`Engine::compute`] fills for so many rows.
    pub fn values(&self, rows: usize) -> usize {
        self.columns * rows
    }

    /// Fills in the features of `keys`, which are in the order of members. `values` is column-major, with one `f32` for
    /// each key in a column, NaN for null; every value is set. `counts` are those of the same partition.
    ///
    /// Values are computed in `f64` and kept in `f32`, 6e-8 relative: well within the catalogue's 1e-6, at half the
    /// memory.
    pub fn compute(&self, partition: Partition<'_>, counts: &BoundaryCounts, keys: &[RowKey], values: &mut [f32]) {
        let as_of = keys.iter().map(|key| self.boundaries.dates[key.as_of as usize].second).collect();
        let mut block = Block { keys, as_of, values };
        let mut offsets = Offsets::default();

        let members = counts.members();
        for ((signal, columns), counts) in partition.rows.signals.iter().zip(&self.signals).zip(counts.signals()) {
            if counts.is_wide() {
                let counts = CountsBefore { counts: &counts.wide, members };
                self.fill_counts(&mut block, columns, signal, counts, &mut offsets);
            } else {
                let counts = CountsBefore { counts: &counts.narrow, members };
                self.fill_counts(&mut block, columns, signal, counts, &mut offsets);
            }

            match &signal.values {
                RowValues::Single(values) => fill_values(&mut block, columns, signal, values, &offsets),
                RowValues::Double(values) => fill_values(&mut block, columns, signal, values, &offsets),
            }
        }

        self.fill_customers(&mut block, partition);
        self.empty_unrecorded(&mut block);
    }

    /// Takes the values of windows away of which nothing was recorded.
    fn empty_unrecorded(&self, block: &mut Block<'_>) {
        let rows = block.keys.len();
        for Unrecorded { column, dates } in &self.unrecorded {
            let values = &mut block.values[column * rows..(column + 1) * rows];
            for (value, key) in values.iter_mut().zip(block.keys) {
                if dates[key.as_of as usize] {
                    *value = f32::NAN;
                }
            }
        }
    }

    /// Fills the columns of counts of one signal, and finds out where the rows of each look-back and window are.
    fn fill_counts<C: RowsAndDays>(
        &self,
        block: &mut Block<'_>,
        columns: &SignalColumns,
        signal: &SignalRows,
        counts: CountsBefore<'_, C>,
        offsets: &mut Offsets,
    ) {
        let dates = &self.boundaries.dates;
        let keys = block.keys;
        offsets.starts.clear();
        offsets.starts.extend(keys.iter().map(|key| signal.starts[key.member as usize]));
        let starts = &offsets.starts;

        let (mut ends, mut look_backs, mut last) = (Vec::new(), Vec::new(), Vec::new());
        counts.gather(&mut ends, keys, dates.iter().map(|date| date.as_of));
        counts.gather(&mut look_backs, keys, dates.iter().map(|date| date.look_back));
        add_rows(&mut offsets.ends, starts, &ends);
        add_rows(&mut offsets.look_backs, starts, &look_backs);
        seconds_at(&mut last, &signal.seconds, offsets.ends.iter().map(|end| end.wrapping_sub(1)));

        let history = History { ends: &ends, look_backs: &look_backs, last: &last, as_of: &block.as_of };
        counts::fill_recency(block.values, &columns.counts, &history);
        if let Some(lifetime) = &columns.lifetime {
            lifetime::fill_counts(block.values, lifetime, &ends);
        }

        let windows = dates.first().map_or(0, |date| date.windows.len());
        offsets.windows.resize_with(windows, Vec::new);
        let (mut from, mut previous, mut first) = (Vec::new(), Vec::new(), Vec::new());
        for (index, offsets) in offsets.windows.iter_mut().enumerate() {
            counts.gather(&mut from, keys, dates.iter().map(|date| date.windows[index].start));
            counts.gather(&mut previous, keys, dates.iter().map(|date| date.windows[index].previous_start));
            add_rows(offsets, starts, &from);
            seconds_at(&mut first, &signal.seconds, offsets.iter().copied());

            let window = Window { index, from: &from, previous: &previous, first: &first };
            counts::fill_window(block.values, &columns.counts, &history, &window, &self.logs);
        }
    }

    /// Fills the columns that a customer has without any signal.
    fn fill_customers(&self, block: &mut Block<'_>, partition: Partition<'_>) {
        let Partition { members, customers, .. } = partition;
        let rows = block.keys.len();

        for (row, key) in block.keys.iter().enumerate() {
            // Customers lie far apart in their table.
            if let Some(ahead) = block.keys.get(row + PREFETCH_DISTANCE) {
                let customer = members[ahead.member as usize] as usize;
                prefetch_index(customers.signup.as_slice(), customer);
                for numbers in &customers.numeric {
                    prefetch_index(numbers.as_slice(), customer);
                }
            }

            let customer = members[key.member as usize] as usize;
            if let Some(column) = self.tenure {
                let as_of = self.timeline.as_of[key.as_of as usize];
                block.values[column * rows + row] = tenure_days(customers.signup[customer], as_of) as f32;
            }
            for (column, numbers) in (self.numeric..).zip(&customers.numeric) {
                block.values[column * rows + row] = clamped(numbers[customer]);
            }
        }
    }
}

impl SignalColumns {
    fn new(catalogue: &Catalogue, signal: &str) -> SignalColumns {
        let column = |measure| catalogue.first_column(Some(signal), measure, None);
        // Every signal has these.
        let counts = CountColumns {
            count: column(Measure::Count).unwrap_or_default(),
            active_days: column(Measure::ActiveDays).unwrap_or_default(),
            trend: column(Measure::Trend).unwrap_or_default(),
            mean_gap: column(Measure::MeanGap).unwrap_or_default(),
            days_since_last: column(Measure::DaysSinceLast).unwrap_or_default(),
        };
        let lifetime = column(Measure::LifetimeCount)
            .zip(column(Measure::GapMean))
            .map(|(count, gap_mean)| LifetimeColumns { count, gap_mean });
        let columns = |of_windows, of_lifetime| catalogue.columns(signal, of_windows, of_lifetime);
        let values = ValueColumns {
            sum: columns(Measure::Sum, Measure::LifetimeSum),
            mean: columns(Measure::Mean, Measure::LifetimeMean),
            negative_share: columns(Measure::NegativeShare, Measure::LifetimeNegativeShare),
        };

        let mut surveys = Vec::new();
        for (code, instrument) in (0..).zip(Instrument::ALL) {
            if let Some(first) = catalogue.first_column(Some(signal), Measure::SurveyLast, Some(instrument)) {
                surveys.push(SurveyColumns { instrument: code, first });
            }
        }

        let categories = columns(Measure::Categories, Measure::LifetimeCategories);
        SignalColumns { counts, lifetime, values, categories, surveys }
    }
}

/// The columns that are null on some dates because all of their window lies before the signal's first row. A trend
/// needs the window before its own as well. Other measures without a window than those of the whole history are null
/// where there is no row in any case.
fn unrecorded(catalogue: &Catalogue, dates: &[Day], begins: &[Option<Day>]) -> Vec<Unrecorded> {
    let signals = catalogue.signals();
    let mut unrecorded = Vec::new();
    for (column, feature) in catalogue.numeric.iter().enumerate() {
        let window = feature.window_days.or(feature.measure.is_lifetime().then_some(0));
        let (Some(signal), Some(window)) = (&feature.signal, window) else { continue };
        let Some(place) = signals.iter().position(|name| name == signal) else { continue };
        let begin = begins.get(place).copied().flatten();
        let back = if feature.measure == Measure::Trend { window } else { 0 };
        let dates: Vec<bool> =
            dates.iter().map(|date| begin.is_none_or(|begin| begin >= date.earlier_by(back))).collect();
        if dates.contains(&true) {
            unrecorded.push(Unrecorded { column, dates });
        }
    }
    unrecorded
}

/// What each customer of a partition has of one signal before each boundary, boundary by boundary.
#[derive(Clone, Copy)]
struct CountsBefore<'a, C> {
    counts: &'a [C],
    members: usize,
}

impl<C: RowsAndDays> CountsBefore<'_, C> {
    /// Fills `out` with what the customer of each key has before a boundary of the key's as-of date. `boundaries` names
    /// the boundary for each of the dates.
    fn gather(self, out: &mut Vec<C>, keys: &[RowKey], boundaries: impl Iterator<Item = usize>) {
        let cells: Vec<usize> = boundaries.map(|boundary| boundary * self.members).collect();
        let cells = cells.as_slice();
        out.clear();
        out.extend(keys.iter().map(move |key| self.counts[cells[key.as_of as usize] + key.member as usize]));
    }
}

/// Fills `out` with the places of the rows that come after so many others of their customers, whose rows begin at
/// `starts`.
fn add_rows<C: RowsAndDays>(out: &mut Vec<u32>, starts: &[u32], counts: &[C]) {
    out.clear();
    out.extend(starts.iter().zip(counts).map(|(&start, counts)| start + counts.rows()));
}

/// Fills `out` with the seconds of some rows; 0 where there is no such row.
fn seconds_at(out: &mut Vec<u32>, seconds: &[u32], rows: impl Iterator<Item = u32>) {
    out.clear();
    out.extend(rows.map(move |row| seconds.get(row as usize).copied().unwrap_or(0)));
}

/// Fills the columns of one signal that need its values and codes.
fn fill_values<V: Copy + Default + Into<f64>>(
    block: &mut Block<'_>,
    columns: &SignalColumns,
    signal: &SignalRows,
    of_rows: &[V],
    offsets: &Offsets,
) {
    // What each window has in addition to the next shorter one, and the whole history in addition to all of them.
    let ends = std::iter::once(&offsets.ends).chain(&offsets.windows);
    let windows: Vec<Slices<'_>> =
        offsets.windows.iter().chain([&offsets.starts]).zip(ends).map(|(from, to)| Slices { from, to }).collect();

    if let Some(columns) = &columns.lifetime {
        let lives = Lives { seconds: &signal.seconds, from: &offsets.starts, to: &offsets.ends, as_of: &block.as_of };
        lifetime::fill_gaps(block.values, columns, lives);
    }
    values::fill(block.values, &columns.values, of_rows, &windows);
    categories::fill(block.values, &columns.categories, &signal.categories, signal.category_count, &windows);
    if !columns.surveys.is_empty() {
        let answers = Answers { seconds: &signal.seconds, scores: of_rows, instruments: &signal.instruments };
        let look_backs = Slices { from: &offsets.look_backs, to: &offsets.ends };
        surveys::fill(block.values, &columns.surveys, answers, look_backs, &block.as_of);
    }
}

/// Days from sign-up to an as-of date; NaN where the sign-up is not known.
fn tenure_days(signup: i32, as_of: Day) -> f64 {
    if signup == NO_DAY {
        f64::NAN
    } else {
        f64::from(as_of.0) - f64::from(signup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Zone;
    use crate::config::{self, Settings};
    use crate::sources::Ids;

    /// Customers without a row, with one, and with a row every other day, in every signal.
    fn partition(settings: &Settings) -> PartitionRows {
        let mut signals = Vec::new();
        for signal in settings.signals.values() {
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
            signals.push(rows);
        }
        PartitionRows { signals, unknown: Vec::new(), duplicates: Vec::new() }
    }

    fn customers() -> CustomerTable {
        CustomerTable {
            rows: 4,
            ids: Ids::Integer((0..4).collect()),
            signup: vec![10, NO_DAY, -5, 100],
            numeric: vec![vec![1.0, f64::NAN, 3.0, 4.0]],
            ..CustomerTable::default()
        }
    }

    #[test]
    fn every_value_is_set_whatever_was_there_and_however_wide_numbers_are() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/churn.toml");
        let lifetime = ["features.lifetime=true".to_owned()];
        let settings = config::load(Some(&path), &lifetime, []).unwrap().settings;
        let catalogue = Catalogue::new(&settings.signals, &settings.features, settings.customers.as_ref());
        let timeline = Timeline::new(&Zone::utc(), Day(0), Day(200), vec![Day(170), Day(199)]);
        let begins = vec![Some(Day(0)); settings.signals.len()];
        let engine = Engine::new(&catalogue, &settings.features, &settings.eligibility, timeline, &begins);

        let customers = customers();
        let rows = partition(&settings);
        let mut counts = BoundaryCounts::default();
        engine.count(&rows, &mut counts);
        let keys: Vec<RowKey> = (0..4).flat_map(|member| (0..2).map(move |as_of| RowKey { member, as_of })).collect();
        let computed = |rows: &PartitionRows, counts: &BoundaryCounts, there: f32| {
            let mut values = vec![there; engine.values(keys.len())];
            let partition = Partition { rows, members: &[0, 1, 2, 3], customers: &customers };
            engine.compute(partition, counts, &keys, &mut values);
            values.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
        };

        let expected = computed(&rows, &counts, 0.0);
        assert_eq!(computed(&rows, &counts, 12_345.5), expected);
        assert!(!computed(&rows, &counts, 12_345.5).contains(&12_345.5f32.to_bits()));

        // Values that need not be exact in 32 bits, but are.
        let mut double = rows.clone();
        for signal in &mut double.signals {
            let RowValues::Single(values) = &signal.values else { panic!("{signal:?}") };
            signal.values = RowValues::Double(values.iter().map(|&value| f64::from(value)).collect());
        }
        assert_eq!(computed(&double, &counts, 0.0), expected);

        let mut wide = counts.clone();
        wide.widen();
        assert_eq!(computed(&rows, &wide, 0.0), expected);

        for counts in [counts, wide] {
            let active = [0, 1, 2, 3].map(|member| engine.active(&counts, RowKey { member, as_of: 1 }));
            assert_eq!(active, [false, true, true, false]);
            let pauses = [0, 1, 2, 3].map(|member| engine.usual_pause(&rows, &counts, member));
            assert_eq!(pauses, [None, None, Some(2), None]);
        }
    }
}
