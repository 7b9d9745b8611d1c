//! Rows that no feature looks at, shown to a visitor: what is counted of them says nothing of a customer on an as-of
//! date.

use super::budget::MemoryPlan;
use super::plan::RowsPlan;
use super::{Tables, Visitor};
use crate::calendar::Day;
use crate::clock::Clock;
use crate::config::Signal;
use crate::error::Result;
use crate::memory::Budget;
use crate::observer::Observer;
use crate::parallel;
use crate::sources::{
    self, CustomerTable, EventStore, Reason, RecordBatch, Resolver, SignalBatches, SignalReport, SignalScan, Table,
};

/// Where the signals' rows lie, in the order of the plan.
#[derive(Clone, Copy)]
pub enum SignalsOf<'a> {
    /// In files.
    Tables(&'a [Table]),
    /// In memory, as record batches of each signal.
    Batches(&'a [Vec<RecordBatch>]),
}

/// The tables whose rows are visited, and the customers that they are of.
pub struct Visited<'a> {
    /// The signals' rows.
    pub signals: SignalsOf<'a>,
    /// The customers: rows of others are counted as those of nobody.
    pub customers: &'a CustomerTable,
    /// What may be held of the rows.
    pub budget: Budget,
}

impl<'a> Visited<'a> {
    /// All customers of some tables.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) when the memory has no room for their rows.
    pub fn all(tables: &'a Tables) -> Result<Visited<'a>> {
        let memory = MemoryPlan::new(&tables.memory, tables.customers.len(), 1, None)?;
        let signals = SignalsOf::Tables(&tables.sources.signals);
        Ok(Visited { signals, customers: &tables.customers, budget: memory.for_rows() })
    }
}

/// Shows the signals' rows before a day to a `visitor`, partition of the customers by partition, in no order. `first`
/// says of each signal from which day on. Rows are checked as those of a data set are, but have no values other than
/// the answers to surveys, and no categories; their seconds count from the first of all those days. Returns what was
/// seen, a report a signal; it is for the caller to judge how many rows could not be used.
///
/// # Errors
/// A source that cannot be decoded.
pub fn visit(
    plan: &RowsPlan<'_>,
    visited: Visited<'_>,
    first: impl Fn(&Signal) -> Day,
    end: Day,
    observer: &dyn Observer,
    visitor: Visitor<'_>,
) -> Result<Vec<SignalReport>> {
    let mut clock = Clock::start(observer);
    let store = scanned(plan, visited, first, end)?;
    clock.lap("scan of rows to be counted");

    let start = || Resolver::new(&store);
    let seen = parallel::try_map_with(0..store.partitioning.count(), start, |resolver, partition| {
        let rows = resolver.resolve(partition)?;
        visitor(rows, &store.partitioning.members[partition]);
        Ok((rows.unknown.clone(), rows.duplicates.clone()))
    })?;
    clock.lap("counts");

    let mut reports = store.reports;
    for (unknown, duplicates) in seen {
        for (report, (unknown, duplicates)) in reports.iter_mut().zip(unknown.into_iter().zip(duplicates)) {
            report.rows.quarantine.add(Reason::UnknownCustomer, unknown);
            report.rows.quarantine.add(Reason::Duplicate, duplicates);
            report.rows.kept -= unknown + duplicates;
        }
    }
    Ok(reports)
}

/// The rows before a day of all signals.
fn scanned(plan: &RowsPlan<'_>, visited: Visited<'_>, first: impl Fn(&Signal) -> Day, end: Day) -> Result<EventStore> {
    let Visited { signals, customers, budget } = visited;
    match signals {
        SignalsOf::Tables(tables) => {
            let scans = plan.signals.iter().zip(tables).map(|((name, settings), table)| SignalScan {
                name,
                settings,
                table,
                from: first(settings),
                to: end,
                counts_rows: true,
            });
            let scans: Vec<SignalScan<'_>> = scans.collect();
            sources::scan(&scans, customers, end, &plan.zone, budget, &|_| ())
        }
        SignalsOf::Batches(batches) => {
            let signals = plan.signals.iter().zip(batches).map(|((name, settings), batches)| SignalBatches {
                name,
                settings,
                days: first(settings)..end,
                batches,
            });
            sources::scan_batches(&signals.collect::<Vec<_>>(), customers, end, &plan.zone)
        }
    }
}
