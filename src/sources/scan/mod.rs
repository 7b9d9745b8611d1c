//! The scan: every signal's rows decoded once, cut to the needed days, and scattered into the customers' partitions.
//!
//! A thread takes row group after row group and scatters its rows (see [`super::scatter`]) into bins, one for each
//! signal and partition (see [`super::bins`]). An integer id gives its partition, and what tells it from the others
//! there, by arithmetic where ids are dense; others are looked up while rows are decoded (see [`super::id_index`]).

mod bins;
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
use crate::config::SignalKind;
use crate::error::{Error, Result};
use crate::memory::Budget;
use crate::sources::customers::CustomerTable;
use bins::{Binned, Bins};
use id_index::IdIndex;
use partition::Partitioning;
use row_layout::{RowLayout, MOST_SECONDS};
use scatter::{Categories, Scanner, Worker};
use signal::{SignalReport, SignalScan};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Bytes that a thread gathers for each partition, on average, before it hands them over, and in all at least. The buffers
/// of a million customers then stay in a core's cache.
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
/// A file that cannot be decoded ([`Error::Contract`]) or read; a full disk ([`Error::Temporary`]); as-of dates that are
/// decades apart ([`Error::Config`]).
pub fn scan(
    scans: &[SignalScan<'_>],
    customers: &CustomerTable,
    last: Day,
    zone: &Zone,
    budget: Budget,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<EventStore> {
    let bounds: Vec<(i64, i64)> = scans.iter().map(|scan| (zone.midnight(scan.from), zone.midnight(scan.to))).collect();
    let origin = bounds.iter().map(|&(from, _)| from).min().unwrap_or_else(|| zone.midnight(Day(0)));
    let end = bounds.iter().map(|&(_, to)| to).max().unwrap_or(origin);
    if end.saturating_sub(origin) > MOST_SECONDS * MICROS {
        return Err(Error::Config(format!(
            "the as-of dates are too far apart: with what they look back on, {} years, where 68 are possible at once",
            end.saturating_sub(origin) / MICROS / (365 * 86_400)
        )));
    }
    let (partitioning, index) = partitions(customers, last);
    let layouts: Vec<RowLayout> = scans
        .iter()
        .map(|scan| RowLayout {
            fraction: scan.settings.kind == SignalKind::Survey || scan.settings.deduplicate,
            value_words: scan.value_words(),
            category: scan.settings.category.is_some(),
            instrument: scan.settings.kind == SignalKind::Survey,
        })
        .collect();
    let mut reports = Vec::with_capacity(scans.len());
    let mut tasks = Vec::new();
    for (signal, scan) in scans.iter().enumerate() {
        reports.push(plan::plan(signal, scan, zone, &mut tasks));
    }
    // A quarter of the memory may lie in the threads' own buffers, which grow by doubling.
    let threads = rayon::current_num_threads();
    let gathered = (GATHERED * partitioning.count()).max(LEAST_GATHERED);
    let gathered = budget.limit().map_or(gathered, |bytes| gathered.min(bytes as usize / 8 / threads));
    let bins = Bins::new(layouts.clone(), partitioning.count(), budget.less((2 * gathered * threads) as u64));
    let scanner = Scanner {
        scans,
        layouts: &layouts,
        bounds,
        categories: scans.iter().map(|_| Categories::default()).collect(),
        bins: &bins,
        partitioning: &partitioning,
        index: index.as_ref(),
        kind: customers.ids.kind(),
        origin,
        zone,
        most_words: gathered / size_of::<u32>(),
    };
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let workers = rayon::broadcast(|_| {
        let mut worker = Worker::new(&scanner);
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
    for worker in workers {
        reports.iter_mut().zip(worker?).for_each(|(all, part)| all.merge(&part));
    }
    let categories = scanner.categories.iter().map(Categories::len).collect();
    let rows = bins.finish()?;
    let signals = scans.iter().zip(&layouts);
    let signals =
        signals.map(|(scan, &layout)| SignalStore { layout, deduplicate: scan.settings.deduplicate }).collect();
    Ok(EventStore { origin, partitioning, signals, rows, reports, categories })
}

/// The customers' partitions, and what finds ids that are not dense integers.
fn partitions(customers: &CustomerTable, last: Day) -> (Partitioning, Option<IdIndex>) {
    let mut seed = 0;
    loop {
        let partitioning = Partitioning::seeded(customers, last, seed);
        if partitioning.rest_bits().is_some() {
            return (partitioning, None);
        }
        match IdIndex::of(customers, &partitioning) {
            None => seed += 1,
            index => return (partitioning, index),
        }
    }
}
