//! What a few customers did of late: their rows week by week, and their last answers to surveys.

use super::budget::MemoryPlan;
use super::plan::RowsPlan;
use super::visit::{visit, SignalsOf, Visited};
use crate::calendar::{Day, MICROS};
use crate::config::{Instrument, SignalKind};
use crate::error::{Error, Result};
use crate::memory::Memory;
use crate::observer::Observer;
use crate::sources::{CustomerTable, PartitionRows, RowValues, SignalRows};
use std::cmp::Reverse;
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
    /// Answers to surveys are looked for from this day on.
    pub first_survey_day: Day,
    /// What may be held of the rows.
    pub memory: &'a Memory,
}

/// Looks at the rows of some customers over the weeks that features look back on, [`MOST_WEEKS`] at most.
///
/// # Errors
/// A source that cannot be decoded.
pub fn recent(plan: &RowsPlan<'_>, request: &Request<'_>, observer: &dyn Observer) -> Result<Recent> {
    let Request { as_of, first_survey_day, .. } = *request;
    let count = (plan.features.look_back_days() / WEEK).clamp(1, MOST_WEEKS);
    let weeks: Vec<Day> = (1..=count).rev().map(|back| as_of.earlier_by(WEEK * back)).collect();
    let first_week = weeks.first().copied().unwrap_or(as_of);

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
    let second = |day: Day| ((plan.zone.midnight(day) - plan.zone.midnight(origin)) / MICROS) as u32;
    let bounds: Vec<u32> = weeks.iter().chain([&as_of]).map(|&day| second(day)).collect();
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
    let visited = Visited { signals: request.signals, customers: &few, budget };
    visit(plan, visited, |signal| first(signal.kind), as_of, observer, &visitor)?;

    let mut customers = vec![OfCustomer::default(); order.len()];
    for (place, of_customer) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let wanted = order.get(place as usize).and_then(|&wanted| customers.get_mut(wanted));
        *wanted.ok_or_else(|| Error::Internal("rows of a customer who is not wanted".to_owned()))? = of_customer;
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
}
