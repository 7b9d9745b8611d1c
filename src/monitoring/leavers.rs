//! The last reasons of those who left: what the lists had said of them last, and of how many they had said nothing.

use super::history::CustomerHistory;
use super::lists::{Codes, KnownRun, Listed, REASONS};
use super::outcomes::RunOutcomes;
use crate::calendar::Day;
use crate::labels;
use crate::publish::columns::Columns;
use crate::published::{Column, Definition, Holds, Part};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Days before a run within which the last list is looked for.
const LOOK_BACK_DAYS: u32 = 91;

/// The columns of `leavers.parquet` that no list has.
pub const NEW_COLUMNS: [Definition; 3] = [
    Definition::new("churned_on", Holds::Day, "the first day without the customer, if there is one"),
    Definition::new(
        "last_listed",
        Holds::Day,
        "the date of the last list with the customer before that; null if no list of the 91 days before had",
    ),
    Definition::new("days_before", Holds::Integer, "days from that list to the churn"),
];

/// The columns of `leavers.parquet`, in order.
pub fn columns() -> Vec<Definition> {
    let [churned_on, last_listed, days_before] = NEW_COLUMNS;
    let of_lists = [Column::Rank, Column::Group, Column::ChurnProbability, Column::Reason(1, Part::Code)];
    let mut columns = vec![Column::CustomerId.definition(), churned_on, last_listed, days_before];
    columns.extend(of_lists.map(Column::definition));
    columns
}

/// A customer who left.
#[derive(Clone, Copy, Debug)]
pub struct Leaver {
    customer: u32,
    day: Option<Day>,
    last: Option<LastListing>,
}

/// The last list with a customer.
#[derive(Clone, Copy, Debug)]
struct LastListing {
    as_of: Day,
    rank: usize,
    listed: Listed,
}

/// How many of those who left had a reason as their first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastReason {
    /// The code; none of those whose list had no reason.
    pub code: Option<String>,
    /// How many.
    pub customers: u64,
}

/// Those who left in the label window of a run, or in the gap before it, in the order of the customers table.
pub fn leavers<'a>(
    run: &RunOutcomes<'_>,
    history: &CustomerHistory<'_>,
    lists: impl Iterator<Item = (&'a KnownRun, &'a [Listed])>,
) -> Vec<Leaver> {
    let mut leavers: HashMap<u32, Leaver> = HashMap::new();
    for row in &run.rows {
        if let (Some(customer), Some(true)) = (row.customer, row.outcome.left()) {
            leavers.insert(customer, Leaver { customer, day: row.outcome.day(), last: None });
        }
    }

    let as_of = run.run.as_of();
    let first = as_of.earlier_by(LOOK_BACK_DAYS);
    let end = labels::window(history.churn, as_of).end;
    for (known, listed) in lists.filter(|(known, _)| (first..end).contains(&known.as_of())) {
        for (place, listed) in listed.iter().enumerate() {
            let Some(leaver) = listed.customer.and_then(|customer| leavers.get_mut(&customer)) else { continue };
            // Of one who fell silent it is known only that the run was before.
            let is_before = leaver.day.map_or(known.as_of() <= as_of, |day| known.as_of() < day);
            if is_before {
                leaver.last = Some(LastListing { as_of: known.as_of(), rank: place + 1, listed: *listed });
            }
        }
    }

    let mut leavers: Vec<Leaver> = leavers.into_values().collect();
    leavers.sort_unstable_by_key(|leaver| leaver.customer);
    leavers
}

/// How many had been on no list.
pub fn never_listed(leavers: &[Leaver]) -> u64 {
    leavers.iter().filter(|leaver| leaver.last.is_none()).count() as u64
}

/// How many of those who had been on a list had which first reason, the most frequent first.
pub fn last_reasons(leavers: &[Leaver], codes: &Codes) -> Vec<LastReason> {
    let mut counts: BTreeMap<Option<&str>, u64> = BTreeMap::new();
    for last in leavers.iter().filter_map(|leaver| leaver.last) {
        *counts.entry(last.listed.reasons[0].map(|place| codes.name(place))).or_default() += 1;
    }
    let mut reasons: Vec<LastReason> =
        counts.into_iter().map(|(code, customers)| LastReason { code: code.map(str::to_owned), customers }).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.customers));
    reasons
}

/// Rows of `leavers.parquet`.
pub fn table<'a>(
    rows: Range<usize>,
    leavers: &'a [Leaver],
    history: &'a CustomerHistory<'_>,
    codes: &'a Codes,
) -> Columns<'a> {
    let mut table = Columns::for_rows(rows);
    let last = |row: usize| leavers[row].last;
    let [churned_on, last_listed, days_before] = NEW_COLUMNS.map(|column| column.name);

    table.ids(&Column::CustomerId.name(), &history.customers.ids, |row| leavers[row].customer);
    table.days(churned_on, |row| leavers[row].day.map(|day| day.0));
    table.days(last_listed, move |row| last(row).map(|last| last.as_of.0));
    table.integers(days_before, move |row| Some(i64::from(leavers[row].day?.0) - i64::from(last(row)?.as_of.0)));
    table.integers(&Column::Rank.name(), move |row| Some(last(row)?.rank as i64));
    table.texts(&Column::Group.name(), move |row| Some(last(row)?.listed.group.name()));
    table.floats(&Column::ChurnProbability.name(), move |row| {
        last(row).map_or(f64::NAN, |last| last.listed.probability)
    });
    for reason in 0..REASONS {
        let name = Column::Reason(reason + 1, Part::Code).name();
        table.texts(&name, move |row| Some(codes.name(last(row)?.listed.reasons[reason]?)));
    }
    table
}
