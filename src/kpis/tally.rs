//! Counts by cell and period, partition of the customers by partition.
//!
//! The rows of a run come in passes: each has the rows of some whole periods, so that all that is needed of a customer
//! in a period is there at once, and nothing has to be kept of one customer until the next pass. Whichever thread has a
//! partition takes a set of counts that no other uses; they are added up at the end.

use super::answers::Answers;
use super::lives::{lives, Life};
use super::periods::Period;
use super::segments::Segments;
use crate::calendar::{Day, Timeline, Zone, MICROS};
use crate::config::{Churn, ChurnDefinition, Instrument, Scale, Signal};
use crate::labels;
use crate::memory::Memory;
use crate::sources::{Cancellations, CustomerTable, PartitionRows, RowValues, SignalRows};
use crate::Result;
use prefetch_index::prefetch_index;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is counted of a cell in a period, before what is counted of each signal.
const THERE: usize = 0;
const LEFT: usize = 1;
const STAYED: usize = 2;
const AT_END: usize = 3;
const ACTIVE: usize = 4;
const BEFORE_SIGNALS: usize = 5;
/// How many customers ahead of the current one their levels are fetched.
const FETCHED: usize = 16;

/// The rows of some periods, one after the other.
pub struct Pass {
    periods: Range<usize>,
    /// The first day whose rows come.
    first: Day,
    /// The first instant of `first`, in microseconds.
    origin: i64,
    /// The days on which the periods begin, and the one on which the last of them ends as far as it is known.
    days: Vec<Day>,
    /// The seconds from the origin at which these days begin.
    bounds: Vec<u32>,
    /// Under inactivity, the seconds from which on a row keeps a customer from having left by each of these days.
    alive: Vec<u32>,
}

impl Pass {
    /// The first day whose rows come.
    pub fn first(&self) -> Day {
        self.first
    }

    /// The first day whose rows do not come any more.
    pub fn end(&self) -> Day {
        self.days.last().copied().unwrap_or(self.first)
    }
}

/// What is measured of whom, and when.
pub struct Scope<'a> {
    /// The periods, oldest first.
    pub periods: Vec<Period>,
    /// The date before which rows count.
    pub as_of: Day,
    /// The zone in which days begin.
    pub zone: Zone,
    /// The signals by name.
    pub signals: &'a BTreeMap<String, Signal>,
    /// What churn is.
    pub churn: &'a Churn,
    /// The customers.
    pub customers: &'a CustomerTable,
    /// Their cancellations.
    pub cancellations: &'a Cancellations,
}

/// Counts rows and customers.
pub struct Tally<'a> {
    scope: Scope<'a>,
    pub(super) segments: Segments,
    /// The scales of each signal's answers; none of signals without answers.
    scales: Vec<Option<[Scale; Instrument::ALL.len()]>>,
    /// Under inactivity, the days of silence after which a customer has left, and the positions of the signals.
    silence: Option<(u32, Vec<usize>)>,
    spare: Mutex<Vec<Cells>>,
}

/// What a thread has counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    /// By cell, period and quantity.
    pub counts: Vec<u64>,
    /// By cell, period and instrument.
    pub answers: Vec<Answers>,
    /// Rows of each signal in each period, of any customer.
    pub rows: Vec<u64>,
    /// The first instant of each signal, in microseconds.
    pub first: Vec<Option<i64>>,
    scratch: Scratch,
}

/// What is worked out of each customer, in memory that is kept.
#[derive(Clone, Debug, Default)]
struct Scratch {
    lives: Vec<Life>,
    cells: Vec<u32>,
    /// Rows by signal and period.
    rows: Vec<u32>,
    /// The second of each signal's first row in the partition; the last of all seconds without one.
    oldest: Vec<u32>,
    /// Under inactivity, whether the customer has not left by each of the pass's days.
    alive: Vec<bool>,
}

/// The answers of one customer to the survey of one signal.
#[derive(Clone, Copy)]
struct AnswersOf<'a> {
    /// Those of all customers of the partition.
    rows: &'a SignalRows,
    /// The place of the customer's first one in the periods of the pass.
    first: usize,
    /// How many there are in each of these.
    counted: &'a [u32],
    scales: &'a [Scale; Instrument::ALL.len()],
}

/// What was counted in all.
pub struct Counts {
    /// The periods.
    pub periods: Vec<Period>,
    /// The segments.
    pub segments: Segments,
    quantities: usize,
    counts: Vec<u64>,
    answers: Vec<Answers>,
    /// By signal and period.
    rows: Vec<u64>,
    /// The day of each signal's first row.
    pub(super) recorded: Vec<Option<Day>>,
    /// Under inactivity, the days before a period that have to be recorded for its churn, and the positions of the
    /// signals.
    pub(super) silence: Option<(u32, Vec<usize>)>,
    /// The day of the first cancellation before the as-of date.
    pub(super) first_cancellation: Option<Day>,
}

impl<'a> Tally<'a> {
    /// For customers who are told apart by these segments.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the memory has no room for the counts.
    pub fn new(scope: Scope<'a>, segments: Segments, memory: &Memory) -> Result<Tally<'a>> {
        let scales = scope.signals.values().map(|signal| {
            let has_answers = !signal.instruments().is_empty();
            has_answers.then(|| Instrument::ALL.map(|instrument| signal.scale(instrument)))
        });
        let scales = scales.collect();

        let mut silence = None;
        if scope.churn.definition == ChurnDefinition::Inactivity {
            let named = scope.signals.keys().enumerate().filter(|(_, name)| scope.churn.signals.contains(name));
            silence = Some((Self::days_before(scope.churn), named.map(|(position, _)| position).collect()));
        }

        let tally = Tally { scope, segments, scales, silence, spare: Mutex::default() };
        let threads = rayon::current_num_threads() as u64 + 1;
        let what = format!("measures of {} levels, for each thread", tally.segments.cells());
        memory.require(&what, threads * tally.bytes())?;
        Ok(tally)
    }

    /// The first day whose rows are counted; none where there are no periods.
    pub fn first_day(periods: &[Period], churn: &Churn) -> Option<Day> {
        periods.first().map(|period| period.start.earlier_by(Self::days_before(churn)))
    }

    /// Days before a period whose rows tell who is there at its beginning.
    pub fn days_before(churn: &Churn) -> u32 {
        match churn.definition {
            ChurnDefinition::Event => 0,
            ChurnDefinition::Inactivity => labels::span_days(churn),
        }
    }

    /// Bytes of one set of counts.
    fn bytes(&self) -> u64 {
        let [counts, answers] = self.lengths();
        (size_of::<u64>() * counts + size_of::<Answers>() * answers) as u64
    }

    /// How many counts there are, and how many instruments' answers.
    fn lengths(&self) -> [usize; 2] {
        let places = self.segments.cells() as usize * self.scope.periods.len();
        let has_answers = self.scales.iter().any(Option::is_some);
        [places * self.quantities(), if has_answers { places * Instrument::ALL.len() } else { 0 }]
    }

    fn quantities(&self) -> usize {
        BEFORE_SIGNALS + 2 * self.scales.len()
    }

    /// The passes over the periods, given the first day whose rows come in any case: the newer periods of which all
    /// needed rows are among these, and the older ones, if there are any.
    pub fn passes(&self, first: Day) -> (Option<Pass>, Pass) {
        let before = self.silence.as_ref().map_or(0, |(days, _)| *days);
        let is_older = |period: &&Period| period.start.earlier_by(before) < first;
        let older = self.scope.periods.iter().take_while(is_older).count();

        let count = self.scope.periods.len();
        let earlier = (older > 0).then(|| self.pass(0..older, self.scope.periods[0].start.earlier_by(before)));
        (earlier, self.pass(older..count, first))
    }

    fn pass(&self, periods: Range<usize>, first: Day) -> Pass {
        let mut days: Vec<Day> = self.scope.periods[periods.clone()].iter().map(|period| period.start).collect();
        let end = match periods.end.checked_sub(1) {
            Some(last) if !periods.is_empty() => self.scope.periods[last].end.min(self.scope.as_of),
            _ => self.scope.as_of,
        };
        days.push(end);

        let timeline = Timeline::new(&self.scope.zone, first, end, Vec::new());
        let bounds = days.iter().map(|&day| timeline.second(day)).collect();
        let alive = match &self.silence {
            Some((span, _)) => days.iter().map(|day| timeline.second(day.earlier_by(*span))).collect(),
            None => Vec::new(),
        };
        Pass { periods, first, origin: self.scope.zone.midnight(first), days, bounds, alive }
    }

    /// Counts the rows of a partition of the customers, given as their places in the customers table.
    pub fn add(&self, pass: &Pass, rows: &PartitionRows, members: &[u32]) {
        if pass.periods.is_empty() {
            return;
        }
        let mut cells = self.spare().pop().unwrap_or_else(|| self.no_cells());
        self.count(&mut cells, pass, rows, members);
        self.spare().push(cells);
    }

    pub(super) fn spare(&self) -> MutexGuard<'_, Vec<Cells>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn no_cells(&self) -> Cells {
        let [counts, answers] = self.lengths();
        let signals = self.scales.len();
        Cells {
            counts: vec![0; counts],
            answers: vec![Answers::default(); answers],
            rows: vec![0; signals * self.scope.periods.len()],
            first: vec![None; signals],
            scratch: Scratch::default(),
        }
    }

    fn count(&self, cells: &mut Cells, pass: &Pass, rows: &PartitionRows, members: &[u32]) {
        let mut scratch = std::mem::take(&mut cells.scratch);
        lives(self.scope.customers, self.scope.cancellations, members, &mut scratch.lives);
        scratch.oldest.clear();
        scratch.oldest.resize(rows.signals.len(), u32::MAX);

        for (member, &customer) in members.iter().enumerate() {
            if let Some(&ahead) = members.get(member + FETCHED) {
                self.segments.columns(self.scope.customers).for_each(|codes| prefetch_index(codes, ahead as usize));
            }
            scratch.cells.clear();
            self.segments.cells_of(self.scope.customers, customer, &mut scratch.cells);
            self.count_rows(cells, pass, rows, member, &mut scratch);
            self.count_customer(cells, pass, scratch.lives[member], &scratch);
        }

        for (first, &oldest) in cells.first.iter_mut().zip(&scratch.oldest).filter(|(_, oldest)| **oldest < u32::MAX) {
            let found = pass.origin + i64::from(oldest) * MICROS;
            *first = Some(first.map_or(found, |known| known.min(found)));
        }
        cells.scratch = scratch;
    }

    /// Counts a customer's rows by signal and period, the answers among them, and sees when the customer was active.
    fn count_rows(&self, cells: &mut Cells, pass: &Pass, rows: &PartitionRows, member: usize, scratch: &mut Scratch) {
        let count = pass.periods.len();
        scratch.rows.clear();
        scratch.rows.resize(count * rows.signals.len(), 0);

        for (signal, rows) in rows.signals.iter().enumerate() {
            let places = rows.rows(member);
            let counted = &mut scratch.rows[signal * count..][..count];
            let seconds = &rows.seconds[places.clone()];
            let first = by_period(seconds, &pass.bounds, counted);
            if let Some(&oldest) = seconds.first() {
                scratch.oldest[signal] = scratch.oldest[signal].min(oldest);
            }
            let all = &mut cells.rows[signal * self.scope.periods.len() + pass.periods.start..][..count];
            all.iter_mut().zip(&*counted).for_each(|(all, &own)| *all += u64::from(own));
            if let Some(scales) = &self.scales[signal] {
                let answers = AnswersOf { rows, first: places.start + first, counted, scales };
                self.count_answers(cells, pass, &answers, &scratch.cells);
            }
        }

        if let Some((_, positions)) = &self.silence {
            scratch.alive.clear();
            for (&since, &until) in pass.alive.iter().zip(&pass.bounds) {
                let is_alive = positions.iter().any(|&position| {
                    let rows = &rows.signals[position];
                    let seconds = &rows.seconds[rows.rows(member)];
                    let before = seconds.partition_point(|&second| second < until);
                    before > 0 && seconds[before - 1] >= since
                });
                scratch.alive.push(is_alive);
            }
        }
    }

    /// Counts the answers of a customer in its cells.
    fn count_answers(&self, cells: &mut Cells, pass: &Pass, answers: &AnswersOf<'_>, own: &[u32]) {
        let AnswersOf { rows, mut first, counted, scales } = *answers;
        for (period, &count) in pass.periods.clone().zip(counted) {
            for row in first..first + count as usize {
                let score = match &rows.values {
                    RowValues::Single(values) => values.get(row).map_or(f64::NAN, |&value| f64::from(value)),
                    RowValues::Double(values) => values.get(row).copied().unwrap_or(f64::NAN),
                };
                let instrument = rows.instruments.get(row).map_or(usize::MAX, |&code| code as usize);
                let Some(&scale) = scales.get(instrument).filter(|_| score.is_finite()) else { continue };
                let mut answer = Answers::default();
                answer.add(score, scale);
                for &cell in own {
                    let place = cell as usize * self.scope.periods.len() + period;
                    cells.answers[place * Instrument::ALL.len() + instrument].merge(&answer);
                }
            }
            first += count as usize;
        }
    }

    /// Counts a customer in its cells, period by period.
    fn count_customer(&self, cells: &mut Cells, pass: &Pass, life: Life, scratch: &Scratch) {
        let (count, quantities) = (pass.periods.len(), self.quantities());
        let is_alive = |place: usize| scratch.alive.get(place).copied().unwrap_or(true);
        for (place, period) in pass.periods.clone().enumerate() {
            let (start, end) = (pass.days[place], pass.days[place + 1]);
            let is_there = life.is_there(start) && is_alive(place);
            let is_still = life.is_there(end);
            let is_at_end = is_still && is_alive(place + 1);
            if !is_there && !is_at_end {
                continue;
            }

            let has_left = match self.silence {
                None => life.cancels_before(end),
                Some(_) => is_still && !is_alive(place + 1),
            };
            let is_active = (0..self.scales.len()).any(|signal| scratch.rows[signal * count + place] > 0);
            for &cell in &scratch.cells {
                let counts =
                    &mut cells.counts[(cell as usize * self.scope.periods.len() + period) * quantities..][..quantities];
                counts[AT_END] += u64::from(is_at_end);
                if !is_there {
                    continue;
                }
                counts[THERE] += 1;
                counts[LEFT] += u64::from(has_left);
                counts[STAYED] += u64::from(is_at_end);
                counts[ACTIVE] += u64::from(is_active);
                for (signal, of_signal) in counts[BEFORE_SIGNALS..].chunks_exact_mut(2).enumerate() {
                    let rows = u64::from(scratch.rows[signal * count + place]);
                    of_signal[0] += rows;
                    of_signal[1] += rows * rows;
                }
            }
        }
    }

    /// All that was counted so far.
    pub(super) fn all(&self) -> Cells {
        let mut all = self.no_cells();
        self.spare().drain(..).for_each(|part| all.merge(&part));
        all
    }

    /// What was counted. `before` tells of each signal whether it has rows before those that came.
    pub fn finish(self, before: &[bool]) -> Counts {
        let all = self.all();
        let mut recorded: Vec<Option<Day>> =
            all.first.iter().map(|first| first.map(|instant| self.scope.zone.day_of(instant))).collect();
        for (recorded, _) in recorded.iter_mut().zip(before).filter(|(_, before)| **before) {
            *recorded = Some(Day(i32::MIN));
        }
        let of_customer = |customer| self.scope.cancellations.days(customer).first().copied();
        let first = (0..self.scope.customers.len() as u32).filter_map(of_customer).min();
        Counts {
            quantities: self.quantities(),
            recorded,
            first_cancellation: first.map(Day).filter(|&day| day < self.scope.as_of),
            periods: self.scope.periods,
            segments: self.segments,
            counts: all.counts,
            answers: all.answers,
            rows: all.rows,
            silence: self.silence,
        }
    }
}

impl Cells {
    /// Adds what was counted of other customers.
    fn merge(&mut self, other: &Cells) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(all, own)| *all += own);
        self.answers.iter_mut().zip(&other.answers).for_each(|(all, own)| all.merge(own));
        self.rows.iter_mut().zip(&other.rows).for_each(|(all, own)| *all += own);
        for (all, own) in self.first.iter_mut().zip(&other.first) {
            *all = [*all, *own].into_iter().flatten().min();
        }
    }
}

/// What was counted of a cell in a period.
#[derive(Clone, Copy)]
pub(super) struct Counted<'a> {
    counts: &'a [u64],
    answers: &'a [Answers],
}

impl Counted<'_> {
    /// Customers at the first instant.
    pub fn there(self) -> u64 {
        self.counts[THERE]
    }

    /// Those of them who left.
    pub fn left(self) -> u64 {
        self.counts[LEFT]
    }

    /// Those of them who are there at the end.
    pub fn stayed(self) -> u64 {
        self.counts[STAYED]
    }

    /// Customers at the end.
    pub fn at_end(self) -> u64 {
        self.counts[AT_END]
    }

    /// Those who were there and had a row of any signal.
    pub fn active(self) -> u64 {
        self.counts[ACTIVE]
    }

    /// The rows of a signal, of those who were there, and the sum of the squares of each customer's.
    pub fn rows(self, signal: usize) -> (u64, u64) {
        (self.counts[BEFORE_SIGNALS + 2 * signal], self.counts[BEFORE_SIGNALS + 2 * signal + 1])
    }

    /// The answers to an instrument.
    pub fn answers(self, instrument: Instrument) -> Answers {
        self.answers.get(instrument as usize).copied().unwrap_or_default()
    }
}

impl Counts {
    /// Of the signals of a number of periods, none of which has any row: what there is of a prepared table.
    pub fn none(periods: Vec<Period>, segments: Segments) -> Counts {
        Counts {
            counts: vec![0; segments.cells() as usize * periods.len() * BEFORE_SIGNALS],
            periods,
            segments,
            quantities: BEFORE_SIGNALS,
            answers: Vec::new(),
            rows: Vec::new(),
            recorded: Vec::new(),
            silence: None,
            first_cancellation: None,
        }
    }

    /// What was counted of a cell in a period.
    pub(super) fn of(&self, cell: usize, period: usize) -> Counted<'_> {
        let place = cell * self.periods.len() + period;
        let answers = self.answers.chunks_exact(Instrument::ALL.len()).nth(place);
        Counted {
            counts: &self.counts[place * self.quantities..][..self.quantities],
            answers: answers.unwrap_or_default(),
        }
    }

    /// Whether a signal was recorded in a period from its first day on, and has rows then.
    pub(super) fn is_recorded(&self, signal: usize, period: usize) -> bool {
        let start = self.periods[period].start;
        let rows = self.rows.get(signal * self.periods.len() + period).copied().unwrap_or(0);
        rows > 0 && self.recorded[signal].is_some_and(|first| first <= start)
    }

    /// Whether it is known who was there at the beginning of a period, as far as the signals have to tell.
    pub(super) fn knows_who_is_there(&self, period: usize) -> bool {
        self.silence.is_none() || self.knows_who_left(period)
    }

    /// Whether it is known who left in a period: cancellations were recorded from its first day on, or the signals
    /// whose silence is churn for long enough before it.
    pub(super) fn knows_who_left(&self, period: usize) -> bool {
        let start = self.periods[period].start;
        match &self.silence {
            None => self.first_cancellation.is_some_and(|first| first <= start),
            Some((span, positions)) => positions
                .iter()
                .all(|&signal| self.recorded[signal].is_some_and(|first| first <= start.earlier_by(*span))),
        }
    }
}

/// Counts ascending seconds by period, and returns how many lie before the first one.
fn by_period(seconds: &[u32], bounds: &[u32], counts: &mut [u32]) -> usize {
    let Some((&first, ends)) = bounds.split_first() else { return 0 };
    let before = seconds.partition_point(|&second| second < first);
    let mut rest = &seconds[before..];
    for (count, &end) in counts.iter_mut().zip(ends) {
        let within = rest.partition_point(|&second| second < end);
        *count = within as u32;
        rest = &rest[within..];
    }
    before
}
