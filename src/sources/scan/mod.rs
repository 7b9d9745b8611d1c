//! The scan: every signal's rows decoded once, cut to the needed days, and scattered into the customers' partitions.
//!
//! A thread takes row group after row group and scatters its rows (see `scatter.rs`) into bins, one for each
//! signal and partition (see `bins.rs`). An integer id gives its partition, and what tells it from the others
//! there, by arithmetic where ids are dense; others are looked up while rows are decoded (see `id_index.rs`).

mod bins;
mod categories;
mod checker;
mod contract;
mod customer_index;
mod id_index;
mod packing;
pub mod partition;
mod plan;
pub mod row_layout;
pub mod rows;
mod scatter;
pub mod signal;
mod vector;

use crate::calendar::{Day, Zone, MICROS};
use crate::error::{Error, Result};
use crate::memory::{Budget, Memory};
use crate::sources::customers::CustomerTable;
use crate::sources::parquet::pieces::FilePiece;
use bins::{Binned, Bins};
use categories::Categories;
use contract::SignalContract;
use customer_index::CustomerIndex;
use partition::Partitioning;
use plan::Task;
use row_layout::{RowLayout, MOST_SECONDS};
use scatter::{Scanner, Worker};
use signal::{RowCounts, SignalBatches, SignalReport, SignalRequest, SignalScan};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Bytes that a thread gathers for each partition, on average, before it hands them over, and in all at least. The
/// buffers of a million customers then stay in a core's cache.
const GATHERED: usize = 2 << 10;
const LEAST_GATHERED: usize = 1 << 20;

/// One signal's part of the store.
struct SignalStore {
    layout: RowLayout,
    deduplicate: bool,
}

/// The rows of all signals, by partition of the customers.
pub struct EventStore {
    /// The instant that row times count from, in microseconds.
    pub origin: i64,
    /// The customers' partitions.
    pub partitioning: Partitioning,
    signals: Vec<SignalStore>,
    rows: Binned,
    /// What was seen, a report a signal.
    pub reports: Vec<SignalReport>,
    /// Distinct category codes given out, a count a signal.
    pub categories: Vec<u32>,
}

impl EventStore {
    /// Bytes that lie in the scratch file instead of in memory.
    pub fn spilled(&self) -> u64 {
        self.rows.written()
    }

    /// Bytes of each partition's rows.
    pub fn partition_bytes(&self) -> Vec<u64> {
        self.rows.sizes()
    }
}

/// Scans all signals at once. `last` is the last as-of date: the days from it on are of labels. Rows that the
/// budget has no memory for are written to a scratch file. `progress` is told of every task's rows when they are
/// done.
///
/// # Errors
/// A file that cannot be decoded ([`Error::Contract`]) or read; a full disk ([`Error::Temporary`]); as-of dates that
/// are decades apart ([`Error::Config`]).
pub fn scan(
    scans: &[SignalScan<'_>],
    customers: &CustomerTable,
    last: Day,
    zone: &Zone,
    budget: Budget,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<EventStore> {
    // Half of the memory for rows may be taken by the texts of categories instead.
    let coded = scans.iter().filter(|scan| scan.settings.category.is_some()).count() as u64;
    let categories = || Categories::within(budget.limit().map(|bytes| bytes / 2 / coded.max(1)));
    let requests: Vec<SignalRequest<'_>> = scans.iter().map(SignalScan::request).collect();
    let (origin, contracts) = contracts(&requests, zone, categories)?;
    let customers = CustomerIndex::new(customers, last);

    let mut tasks = Vec::new();
    let mut reports: Vec<SignalReport> = Vec::with_capacity(scans.len());
    for (signal, scan) in scans.iter().enumerate() {
        reports.push(plan::plan(signal, scan, zone, &mut tasks));
    }

    // A quarter of the memory may lie in the threads' own buffers, which grow by doubling.
    let threads = rayon::current_num_threads();
    let partitions = customers.partitioning.count();
    let gathered = (GATHERED * partitions).max(LEAST_GATHERED);
    let gathered = budget.limit().map_or(gathered, |bytes| gathered.min(bytes as usize / 8 / threads));

    let layouts = contracts.iter().map(|contract| contract.layout).collect();
    let bins = Bins::new(layouts, partitions, budget.less((2 * gathered * threads) as u64));
    let most_words = gathered / size_of::<u32>();
    let scanner = Scanner { contracts: &contracts, customers: &customers, bins: &bins, zone, most_words };
    for counts in run(&scanner, &tasks, progress)? {
        reports.iter_mut().zip(&counts).for_each(|(report, counts)| report.rows.merge(counts));
    }

    Ok(store(origin, &contracts, customers, bins.finish()?, reports))
}

/// The rows of a signal's files that may be of the scanned days, in pieces, and a report of the others.
pub(crate) fn needed_pieces<'a>(scan: &SignalScan<'a>, zone: &Zone) -> (Vec<FilePiece<'a>>, SignalReport) {
    let mut tasks = Vec::new();
    let report = plan::plan(0, scan, zone, &mut tasks);
    (tasks.into_iter().map(|task| task.piece).collect(), report)
}

/// Scans signals whose rows come as record batches, all in memory and by this thread alone. They are checked as those
/// of files are, and what becomes of them does not depend on how they are cut. `last` is as in [`scan`].
///
/// # Errors
/// [`Error::Contract`] when a batch lacks a column, or has one of another type; [`Error::Config`] as [`scan`].
pub fn scan_batches(
    signals: &[SignalBatches<'_>],
    customers: &CustomerTable,
    last: Day,
    zone: &Zone,
) -> Result<EventStore> {
    let requests: Vec<SignalRequest<'_>> = signals.iter().map(SignalBatches::request).collect();
    let (origin, contracts) = contracts(&requests, zone, Categories::default)?;
    let customers = CustomerIndex::new(customers, last);

    let layouts = contracts.iter().map(|contract| contract.layout).collect();
    let partitions = customers.partitioning.count();
    let bins = Bins::new(layouts, partitions, Memory::unlimited().budget(None));
    let most_words = (GATHERED * partitions).max(LEAST_GATHERED) / size_of::<u32>();
    let scanner = Scanner { contracts: &contracts, customers: &customers, bins: &bins, zone, most_words };
    let mut worker = Worker::new(&scanner);
    for (signal, one) in signals.iter().enumerate() {
        worker.scatter(signal, signal, one.batches.iter().cloned().map(Ok))?;
    }

    let reports = worker.finish()?.into_iter().map(|rows| SignalReport { rows, ..SignalReport::default() }).collect();
    Ok(store(origin, &contracts, customers, bins.finish()?, reports))
}

/// The partitions that a scan up to the last as-of date puts these customers into.
pub fn partitioning(customers: &CustomerTable, last: Day) -> Partitioning {
    CustomerIndex::new(customers, last).partitioning
}

fn store(
    origin: i64,
    contracts: &[SignalContract<'_>],
    customers: CustomerIndex,
    rows: Binned,
    reports: Vec<SignalReport>,
) -> EventStore {
    let signal = |contract: &SignalContract<'_>| SignalStore {
        layout: contract.layout,
        deduplicate: contract.settings.deduplicate,
    };
    EventStore {
        origin,
        partitioning: customers.partitioning,
        signals: contracts.iter().map(signal).collect(),
        rows,
        reports,
        categories: contracts.iter().map(SignalContract::category_count).collect(),
    }
}

/// The instant that the seconds of all signals count from, and what the rows of each must be like.
fn contracts<'a>(
    requests: &[SignalRequest<'a>],
    zone: &Zone,
    categories: impl Fn() -> Categories,
) -> Result<(i64, Vec<SignalContract<'a>>)> {
    let instants = |request: &SignalRequest<'_>| zone.midnight(request.days.start)..zone.midnight(request.days.end);
    let instants: Vec<Range<i64>> = requests.iter().map(instants).collect();
    let origin = instants.iter().map(|kept| kept.start).min().unwrap_or_else(|| zone.midnight(Day(0)));
    let end = instants.iter().map(|kept| kept.end).max().unwrap_or(origin);
    if end.saturating_sub(origin) > MOST_SECONDS * MICROS {
        return Err(Error::Config(format!(
            "the as-of dates are too far apart: with what they look back on, {} years, where 68 are possible at once",
            end.saturating_sub(origin) / MICROS / (365 * 86_400)
        )));
    }

    let contract = |(request, instants): (&SignalRequest<'a>, Range<i64>)| {
        let SignalRequest { name, settings, value_words, keeps_category, .. } = *request;
        SignalContract::new(name, settings, value_words, keeps_category, instants, origin, categories())
    };
    Ok((origin, requests.iter().zip(instants).map(contract).collect()))
}

/// Runs all tasks, on whichever threads are free. What comes back is, of each thread, what became of each signal's
/// rows.
fn run(scanner: &Scanner<'_>, tasks: &[Task<'_>], progress: &(dyn Fn(u64) + Sync)) -> Result<Vec<Vec<RowCounts>>> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let workers = rayon::broadcast(|_| {
        let mut worker = Worker::new(scanner);
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = tasks.get(index) else { break };
            match worker.run(index, task) {
                Ok(rows) => progress(rows),
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        worker.finish()
    });

    workers.into_iter().collect()
}
