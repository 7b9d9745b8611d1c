//! Rows that no feature looks at, shown to a visitor: what is counted of them says nothing of a customer on an as-of date.

use super::budget::MemoryPlan;
use super::plan::{RowsPlan, ScanDays};
use super::{Tables, Visitor};
use crate::clock::Clock;
use crate::error::Result;
use crate::observer::Observer;
use crate::sources::{self, Reason, Resolver, SignalReport, SignalScan};
use rayon::prelude::*;

/// Shows the signals' rows of some days to a `visitor`, partition of the customers by partition, in no order. Rows are checked
/// as those of a data set are, but have no values other than the answers to surveys, and no categories. Returns what was seen,
/// a report a signal; it is for the caller to judge how many rows could not be used.
///
/// # Errors
/// A source that cannot be decoded.
pub fn visit(
    plan: &RowsPlan<'_>,
    tables: &Tables,
    days: ScanDays,
    observer: &dyn Observer,
    visitor: Visitor<'_>,
) -> Result<Vec<SignalReport>> {
    let signals = plan.signals.iter().zip(&tables.sources.signals);
    let scans: Vec<SignalScan<'_>> = signals
        .map(|((name, settings), table)| SignalScan {
            name,
            settings,
            table,
            from: days.first,
            to: days.end,
            counts_rows: true,
        })
        .collect();

    let mut clock = Clock::start(observer);
    let memory = MemoryPlan::new(&tables.memory, tables.customers.len(), 1, None)?;
    let store = sources::scan(&scans, &tables.customers, days.end, &tables.zone, memory.for_rows(), &|_| ())?;
    clock.lap("scan of earlier rows");

    let partitions = (0..store.partitioning.count()).par_bridge();
    let seen = partitions.map_init(
        || Resolver::new(&store),
        |resolver, partition| {
            let rows = resolver.resolve(partition)?;
            visitor(rows, &store.partitioning.members[partition]);
            Ok((rows.unknown.clone(), rows.duplicates.clone()))
        },
    );
    let seen = seen.collect::<Result<Vec<(Vec<u64>, Vec<u64>)>>>()?;
    clock.lap("earlier rows");

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
