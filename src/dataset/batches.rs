//! A data set from tables that come as record batches: those of a few customers, in memory.

use super::plan::RowsPlan;
use super::{join, Dataset, Events, Visitor};
use crate::calendar::Day;
use crate::coverage::{History, Tally};
use crate::eligibility::Exclusions;
use crate::error::Result;
use crate::memory::Arena;
use crate::sources::{self, Cancellations, CustomerTable, RecordBatch, SignalBatches};
use std::sync::Arc;

/// The tables of some customers.
pub struct BatchTables<'a> {
    /// The customers.
    pub customers: Arc<CustomerTable>,
    /// Their cancellations.
    pub cancellations: Cancellations,
    /// The rows of each signal, in the order of the plan.
    pub signals: &'a [Vec<RecordBatch>],
    /// The day of each signal's first row, among those of all customers.
    pub begins: &'a [Option<Day>],
}

/// Builds the rows of every as-of date; `labels_end` is as in [`build`](super::build). They are those that it makes of
/// these customers among others, but in blocks of their own; `visitor` is as in
/// [`build_visited`](super::build_visited). How many rows may be in quarantine is for the caller to judge, who knows
/// those of all customers.
///
/// # Errors
/// [`Error::Contract`](crate::Error::Contract) when a batch lacks a column, or has one of another type.
pub fn build_from_batches(
    plan: &RowsPlan<'_>,
    tables: &BatchTables<'_>,
    as_of: &[Day],
    labels_end: Option<Day>,
    visitor: Visitor<'_>,
) -> Result<Dataset> {
    let mut as_of = as_of.to_vec();
    as_of.sort_unstable();
    as_of.dedup();
    let last = as_of.last().copied().unwrap_or(Day(0));

    let signals = plan.signals.iter().zip(tables.signals).map(|((name, settings), batches)| SignalBatches {
        name,
        settings,
        days: plan.signal_days(name, &as_of, labels_end.is_some()),
        batches,
    });
    let signals: Vec<SignalBatches<'_>> = signals.collect();
    let store = sources::scan_batches(&signals, &tables.customers, last, &plan.zone)?;

    let catalogue = plan.catalogue();
    let events = Events {
        store: &store,
        customers: &tables.customers,
        cancellations: &tables.cancellations,
        zone: &plan.zone,
        begins: tables.begins,
        ends: signals.iter().map(|signal| signal.days.end).collect(),
    };
    let (parts, tallies) = join(plan, &catalogue, &events, &as_of, labels_end, Arena::unlimited(), visitor)?;
    let history = |(place, tally): (usize, Tally)| {
        let (days, newest) = (&signals[place].days, store.reports[place].rows.newest);
        let last = newest.map(|instant| plan.zone.day_of(instant));
        History { first: tables.begins[place], last, from: days.start, to: days.end, tally }
    };
    let histories = tallies.into_iter().enumerate().map(history).collect();

    let mut dataset = Dataset {
        catalogue,
        customers: Arc::clone(&tables.customers),
        exclusions: vec![Exclusions::default(); as_of.len()],
        as_of,
        reports: store.reports,
        histories,
        ..Dataset::default()
    };
    dataset.add(parts);
    Ok(dataset)
}
