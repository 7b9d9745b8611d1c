//! What a few customers did of late: their rows week by week, and their last answers to surveys.

use super::budget::MemoryPlan;
use super::plan::RowsPlan;
use super::visit::{visit, SignalsOf, Visited};
use crate::calendar::{Day, DAY_SECONDS, MICROS};
use crate::config::{Instrument, Signal, SignalKind};
use crate::error::{Error, Result};
use crate::memory::Memory;
use crate::observer::Observer;
use crate::sources::{CustomerTable, PartitionRows, RowValues, SignalRows, Table};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// So many weeks are counted at most.
pub const MOST_WEEKS: u32 = 26;
/// So many answers are told at most, the newest first.
pub const MOST_ANSWERS: usize = 12;

/// Days of a week.
const WEEK: u32 = 7;

/// What some customers did before a date.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recent {
    /// The first day of each week, the oldest first. The last one ends with the day before the date.
    pub weeks: Vec<Day>,
    /// The customers, in the order in which they were asked for.
    pub customers: Vec<OfCustomer>,
}

/// What one of them did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfCustomer {
    /// Of each signal, in the order of their names, the rows of each week.
    pub rows: Vec<Vec<u32>>,
    /// The last answers to surveys, the newest first.
    pub answers: Vec<Answer>,
}

/// An answer to a survey.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The day.
    pub day: Day,
    /// What was asked.
    pub instrument: Instrument,
    /// What was answered.
    pub score: f64,
}

/// Whose rows are looked at, and which of them.
pub struct Request<'a> {
    /// The signals' rows, with all days from `first_survey_day` on.
    pub signals: SignalsOf<'a>,
    /// The customers table.
    pub customers: &'a CustomerTable,
    /// The places of the wanted customers in it, each once.
    pub wanted: &'a [u32],
    /// The rows before this date.
    pub as_of: Day,
    /// The weeks of all customers, if they were kept: then nothing but surveys is read again.
    pub kept: Option<&'a KeptWeeks>,
    /// Answers to surveys are looked for from this day on.
    pub first_survey_day: Day,
    /// What may be held of the rows.
    pub memory: &'a Memory,
}

/// The first days of the weeks before a date that features look back on, [`MOST_WEEKS`] at most.
fn weeks_before(plan: &RowsPlan<'_>, as_of: Day) -> Vec<Day> {
    let count = (plan.features.look_back_days() / WEEK).clamp(1, MOST_WEEKS);
    (1..=count).rev().map(|back| as_of.earlier_by(WEEK * back)).collect()
}

/// The weeks that the rows of all customers lie in, a byte a row, kept while features are made of these rows. Who will
/// be on a list is not known by then, and reading the rows again takes longer than all else that a report needs.
pub struct KeptWeeks {
    /// The seconds, from the first day that is read, at which weeks begin, and the last one ends.
    bounds: Vec<u32>,
    parts: Mutex<Vec<KeptPart>>,
}

/// Those of the customers of a partition.
struct KeptPart {
    /// The customers, as their places in the customers table.
    members: Vec<u32>,
    signals: Vec<KeptRows>,
}

/// Those of a signal.
struct KeptRows {
    /// Where each customer's rows begin; one more entry than customers.
    starts: Vec<u32>,
    /// The week of each row, or [`NO_WEEK`].
    weeks: Vec<u8>,
}

/// Of a row that is in none of the weeks.
const NO_WEEK: u8 = u8::MAX;

impl KeptWeeks {
    /// For the weeks before the last of the dates of a run. None where features look at less than these weeks.
    pub fn new(plan: &RowsPlan<'_>, dates: &[Day]) -> Option<KeptWeeks> {
        let as_of = *dates.last()?;
        let origin = plan.days(dates, false).first;
        let weeks = weeks_before(plan, as_of);
        if weeks.first().is_none_or(|&first| first < origin) {
            return None;
        }
        let bounds = weeks.iter().chain([&as_of]).map(|&day| second(plan, origin, day)).collect();
        Some(KeptWeeks { bounds, parts: Mutex::default() })
    }

    /// Keeps the weeks of the rows of a partition, given its customers as their places in the customers table.
    pub fn add(&self, rows: &PartitionRows, members: &[u32]) {
        let kept = |signal: &SignalRows| KeptRows {
            starts: signal.starts.clone(),
            weeks: weeks_of(&signal.seconds, &self.bounds),
        };
        let part = KeptPart { members: members.to_vec(), signals: rows.signals.iter().map(kept).collect() };
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push(part);
    }

    /// The rows of each week, signal by signal, of some customers of a table of so many.
    fn of(&self, wanted: &[u32], customers: usize) -> Vec<Vec<Vec<u32>>> {
        const NOT_WANTED: u32 = u32::MAX;
        let mut place_of = vec![NOT_WANTED; customers];
        for (place, &customer) in (0..).zip(wanted) {
            place_of[customer as usize] = place;
        }

        let weeks = self.bounds.len() - 1;
        let mut found = vec![Vec::new(); wanted.len()];
        for part in self.parts.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            for (member, &customer) in part.members.iter().enumerate() {
                let place = place_of[customer as usize];
                if place != NOT_WANTED {
                    let counts = part.signals.iter().map(|signal| signal.counts(member, weeks));
                    found[place as usize] = counts.collect();
                }
            }
        }
        found
    }
}

impl KeptRows {
    /// The rows of each of so many weeks of a customer.
    fn counts(&self, member: usize, weeks: usize) -> Vec<u32> {
        let rows = self.starts[member] as usize..self.starts[member + 1] as usize;
        let mut counts = vec![0; weeks];
        for week in self.weeks[rows].iter().filter(|&&week| week != NO_WEEK) {
            counts[usize::from(*week)] += 1;
        }
        counts
    }
}

/// The weeks that rows at these seconds lie in.
fn weeks_of(seconds: &[u32], bounds: &[u32]) -> Vec<u8> {
    const WEEK_SECONDS: u32 = WEEK * DAY_SECONDS as u32;
    let first = bounds.first().copied().unwrap_or(0);
    let weeks = bounds.len().saturating_sub(1) as u32;
    // But where clocks change all weeks are as long. The loop has no branch, so it becomes vector instructions.
    if bounds.windows(2).all(|week| week[1] - week[0] == WEEK_SECONDS) {
        let week = |&second: &u32| (second.wrapping_sub(first) / WEEK_SECONDS).min(u32::from(NO_WEEK)) as u8;
        let known = |week: u8| if u32::from(week) < weeks { week } else { NO_WEEK };
        return seconds.iter().map(|second| known(week(second))).collect();
    }
    let week = |&second: &u32| match bounds.partition_point(|&bound| bound <= second) as u32 {
        after if (1..=weeks).contains(&after) => (after - 1) as u8,
        _ => NO_WEEK,
    };
    seconds.iter().map(week).collect()
}

/// The seconds from the beginning of one day to that of another.
fn second(plan: &RowsPlan<'_>, origin: Day, day: Day) -> u32 {
    ((plan.zone.midnight(day) - plan.zone.midnight(origin)) / MICROS) as u32
}

/// Looks at the rows of some customers over the weeks that features look back on, [`MOST_WEEKS`] at most.
///
/// # Errors
/// A source that cannot be decoded.
pub fn recent(plan: &RowsPlan<'_>, request: &Request<'_>, observer: &dyn Observer) -> Result<Recent> {
    let Request { as_of, first_survey_day, .. } = *request;
    let weeks = weeks_before(plan, as_of);
    let first_week = weeks.first().copied().unwrap_or(as_of);

    // What the weeks do not tell of answers is in the rows of surveys.
    let surveys: BTreeMap<String, Signal>;
    let tables: Vec<Table>;
    let (mut plan, mut signals) = (plan.clone(), request.signals);
    if let (Some(_), SignalsOf::Tables(all)) = (request.kept, request.signals) {
        let of_surveys = || plan.signals.iter().zip(all).filter(|((_, signal), _)| signal.kind == SignalKind::Survey);
        tables = of_surveys().map(|(_, table)| table.clone()).collect();
        surveys = of_surveys().map(|((name, signal), _)| (name.clone(), signal.clone())).collect();
        (plan.signals, signals) = (&surveys, SignalsOf::Tables(&tables));
    }

    // A table of nobody but the wanted: rows of others are left out as soon as their ids are looked up.
    let mut order: Vec<usize> = (0..request.wanted.len()).collect();
    order.sort_unstable_by_key(|&place| request.wanted[place]);
    let ascending: Vec<u32> = order.iter().map(|&place| request.wanted[place]).collect();
    let ids = request.customers.ids.select(&ascending);
    let few = CustomerTable { rows: ids.len() as u64, ids, ..CustomerTable::default() };

    let is_survey = |kind: SignalKind| kind == SignalKind::Survey;
    let has_surveys = plan.signals.values().any(|signal| is_survey(signal.kind));
    let origin = if has_surveys { first_survey_day.min(first_week) } else { first_week };
    let first = |kind: SignalKind| if is_survey(kind) { origin } else { first_week };
    let bounds: Vec<u32> = weeks.iter().chain([&as_of]).map(|&day| second(&plan, origin, day)).collect();
    let day_of = |second: u32| plan.zone.day_of(plan.zone.midnight(origin) + i64::from(second) * MICROS);

    let found: Mutex<Vec<(u32, OfCustomer)>> = Mutex::new(Vec::with_capacity(few.len()));
    let visitor = |rows: &PartitionRows, members: &[u32]| {
        let of_members: Vec<(u32, OfCustomer)> = (0..)
            .zip(members)
            .map(|(member, &customer)| {
                let counts = |signal: &SignalRows| by_week(&signal.seconds[signal.rows(member)], &bounds);
                let rows_by_week = rows.signals.iter().map(counts).collect();
                let mut answers: Vec<Answer> =
                    rows.signals.iter().flat_map(|signal| answers(signal, member, &day_of)).collect();
                answers.sort_by_key(|answer| Reverse(answer.day));
                answers.truncate(MOST_ANSWERS);
                (customer, OfCustomer { rows: rows_by_week, answers })
            })
            .collect();
        found.lock().unwrap_or_else(PoisonError::into_inner).extend(of_members);
    };
    let budget = MemoryPlan::of_few(request.memory).for_rows();
    if !plan.signals.is_empty() {
        let visited = Visited { signals, customers: &few, budget };
        visit(&plan, visited, |signal| first(signal.kind), as_of, observer, &visitor)?;
    }

    let mut customers = vec![OfCustomer::default(); order.len()];
    for (place, of_customer) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let wanted = order.get(place as usize).and_then(|&wanted| customers.get_mut(wanted));
        *wanted.ok_or_else(|| Error::Internal("rows of a customer who is not wanted".to_owned()))? = of_customer;
    }
    if let Some(kept) = request.kept {
        let rows = kept.of(request.wanted, request.customers.len());
        customers.iter_mut().zip(rows).for_each(|(of_customer, rows)| of_customer.rows = rows);
    }
    Ok(Recent { weeks, customers })
}

/// The rows of each week, given their ascending seconds and those at which weeks begin, and the last one ends.
fn by_week(seconds: &[u32], bounds: &[u32]) -> Vec<u32> {
    let before = |bound: u32| seconds.partition_point(|&second| second < bound);
    bounds.windows(2).map(|week| (before(week[1]) - before(week[0])) as u32).collect()
}

/// The last answers of a member of a partition, the newest first; none of a signal that is no survey.
fn answers<'a>(
    signal: &'a SignalRows,
    member: usize,
    day_of: &'a impl Fn(u32) -> Day,
) -> impl Iterator<Item = Answer> + 'a {
    let is_survey = !signal.instruments.is_empty();
    let rows = if is_survey { signal.rows(member) } else { 0..0 };
    let answer = |row: usize| {
        let instrument = *Instrument::ALL.get(*signal.instruments.get(row)? as usize)?;
        let score = match &signal.values {
            RowValues::Single(values) => values.get(row).copied().map(f64::from),
            RowValues::Double(values) => values.get(row).copied(),
        };
        let score = score.filter(|score| score.is_finite())?;
        Some(Answer { day: day_of(signal.seconds[row]), instrument, score })
    };
    rows.rev().filter_map(answer).take(MOST_ANSWERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_of_the_week_that_it_lies_in() {
        let bounds = [100, 200, 300];
        assert_eq!(by_week(&[0, 99, 100, 199, 200, 299, 300], &bounds), [2, 2]);
        assert_eq!(by_week(&[], &bounds), [0, 0]);
    }

    #[test]
    fn weeks_that_were_kept_count_as_rows_do() {
        let signal = |starts: &[u32], seconds: &[u32]| SignalRows {
            starts: starts.to_vec(),
            seconds: seconds.to_vec(),
            ..SignalRows::default()
        };
        let week = WEEK * DAY_SECONDS as u32;
        // Weeks of one length, and one that is an hour shorter, as where clocks go forward.
        for bounds in [vec![100, 100 + week, 100 + 2 * week], vec![100, 100 + week, 100 + 2 * week - 3_600]] {
            let [first, second, end] = [bounds[0], bounds[1], bounds[2]];
            let kept = KeptWeeks { bounds: bounds.clone(), parts: Mutex::default() };
            let log_ins = signal(&[0, 0, 4], &[first - 1, first, end - 1, end]);
            let calls = signal(&[0, 3, 4], &[first + 50, second - 1, second, u32::MAX]);
            let rows = PartitionRows { signals: vec![log_ins.clone(), calls.clone()], ..PartitionRows::default() };
            kept.add(&rows, &[4, 7]);
            kept.add(&PartitionRows { signals: vec![SignalRows::default(); 2], ..PartitionRows::default() }, &[]);

            let counted = |member: usize| {
                let of = |signal: &SignalRows| by_week(&signal.seconds[signal.rows(member)], &bounds);
                vec![of(&log_ins), of(&calls)]
            };
            assert_eq!(kept.of(&[7, 4], 9), [counted(1), counted(0)]);
            assert_eq!((counted(0), counted(1)), (vec![vec![0, 0], vec![2, 1]], vec![vec![1, 1], vec![0, 0]]));
        }
    }
}
