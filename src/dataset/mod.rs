//! The data set: features and labels joined, one row per (customer, as-of), in blocks.
//!
//! A block holds one partition of the customers. Blocks and the rows in them are in an order that depends on the data
//! alone, so whatever is summed over them block by block is the same for any number of threads.

pub mod batches;
mod budget;
pub mod folds;
mod pauses;
mod plan;
pub mod prepared;
pub mod recent;
pub mod selection;
pub mod silence;
pub mod snapshots;
pub mod time_split;
pub mod twins;
pub mod values;
mod visit;

use crate::calendar::{Day, Timeline, Zone};
use crate::clock::Clock;
use crate::config::{Complexity, Signal};
use crate::coverage::{History, Tallies, Tally};
use crate::eligibility::{Exclusions, Purpose, Rules};
use crate::error::{Error, Result};
use crate::features::{BoundaryCounts, Catalogue, Engine, Partition, RowKey};
use crate::labels::Labels;
use crate::memory::{Arena, Memory};
use crate::observer::{Note, Observer};
use crate::parallel;
use crate::sources::{
    self, Cancellations, CustomerTable, EventStore, Limit, PartitionRows, Resolver, SignalReport, SignalScan, Sources,
};
use crate::weights::RowWeights;
use budget::MemoryPlan;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

pub use budget::most_coded_rows;
pub use pauses::Pauses;
pub use plan::{RowsPlan, ScanDays};
pub use selection::Selection;
pub use twins::Twins;
pub use values::{StoredValues, Values};
pub use visit::{visit, SignalsOf, Visited};

/// The rows of one partition.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Each row's customer, as its place in the customers table.
    pub customers: Vec<u32>,
    /// Each row's as-of date, as its place in [`Dataset::as_of`].
    pub as_of: Vec<u32>,
    /// Each row's label, where labels were asked for: 1 churned, 0 stayed, none unmatured.
    pub labels: Vec<Option<u8>>,
    /// For how many customers each row stands, 0 for a row that nothing is learned from; empty where each stands for
    /// itself.
    pub weights: Vec<f64>,
    /// The numeric features. Under a memory limit they may lie on disk.
    pub values: StoredValues,
}

impl Block {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.customers.len()
    }

    /// The label of a row: 1 churned, 0 stayed, none unmatured or not asked for.
    pub fn label(&self, row: usize) -> Option<u8> {
        self.labels.get(row).copied().flatten()
    }

    /// For how many customers a row stands: 0 for a row that nothing is learned from.
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.get(row).copied().unwrap_or(1.0)
    }

    /// The weights of some of the rows.
    pub fn weights_of(&self, rows: &[u32]) -> RowWeights {
        if self.weights.is_empty() {
            return RowWeights::unit();
        }
        RowWeights::new(rows.iter().map(|&row| self.weights[row as usize]).collect())
    }

    /// The numeric features: borrowed, or read into memory until they are dropped.
    ///
    /// # Errors
    /// [`Error::Temporary`](crate::Error::Temporary) when they lie on disk and cannot be read.
    pub fn values(&self) -> Result<Values<'_>> {
        self.values.all()
    }

    /// Some of the rows, ascending, with their features in the arena.
    ///
    /// # Errors
    /// As [`Block::values`] and [`Arena::put`].
    pub fn select_rows(&self, rows: &[u32], arena: &Arena) -> Result<Block> {
        Ok(Block {
            customers: rows.iter().map(|&row| self.customers[row as usize]).collect(),
            as_of: rows.iter().map(|&row| self.as_of[row as usize]).collect(),
            labels: rows.iter().filter_map(|&row| self.labels.get(row as usize)).copied().collect(),
            weights: rows.iter().filter_map(|&row| self.weights.get(row as usize)).copied().collect(),
            values: self.values.select_rows(rows, arena)?,
        })
    }

    /// The numeric features of one row.
    ///
    /// # Errors
    /// As [`Block::values`].
    pub fn row(&self, row: usize) -> Result<Vec<f32>> {
        self.values.row(row)
    }
}

/// Where a row of a data set lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The block.
    pub block: u32,
    /// The row in the block.
    pub row: u32,
}

/// How many rows there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// All of them.
    pub rows: u64,
    /// Those whose customer churned.
    pub churners: u64,
}

/// Every eligible (customer, as-of) row.
#[derive(Default)]
pub struct Dataset {
    /// The columns.
    pub catalogue: Catalogue,
    /// The customers that the rows are of, shared by all data sets of the same tables.
    pub customers: Arc<CustomerTable>,
    /// The as-of dates, ascending.
    pub as_of: Vec<Day>,
    /// The rows.
    pub blocks: Vec<Block>,
    /// Who has no row and why, one per as-of date.
    pub exclusions: Vec<Exclusions>,
    /// What the scan saw, one report per signal.
    pub reports: Vec<SignalReport>,
    /// For how long customers usually pause, where labels were asked for.
    pub pauses: Pauses,
    /// What it saw of the past, one history per signal; empty of a prepared table.
    pub histories: Vec<History>,
    /// Of each entry of a customers table that has several of one customer (a prepared table's), the first of them;
    /// empty where every customer has one.
    pub first_entries: Vec<u32>,
    /// Which customers share a fold, as rows of theirs are equal in every feature; nobody where labels were not asked
    /// for.
    pub twins: Twins,
    /// The memory that the rows lie in.
    pub memory: Memory,
}

impl Dataset {
    /// The customer of an entry of the customers table: the same number for all entries of one customer.
    pub fn customer(&self, entry: u32) -> u32 {
        self.first_entries.get(entry as usize).copied().unwrap_or(entry)
    }

    /// Adds the rows of partitions in their order.
    fn add(&mut self, parts: Vec<Part>) {
        self.blocks.reserve(parts.len());
        for Part { block, exclusions, pauses, unknown, duplicates } in parts {
            self.blocks.push(block);
            self.pauses.merge(&pauses);
            self.exclusions.iter_mut().zip(&exclusions).for_each(|(all, part)| all.merge(part));
            for (report, (unknown, duplicates)) in self.reports.iter_mut().zip(unknown.into_iter().zip(duplicates)) {
                report.rows.quarantine.add(sources::Reason::UnknownCustomer, unknown);
                report.rows.quarantine.add(sources::Reason::Duplicate, duplicates);
                report.rows.kept -= unknown + duplicates;
            }
        }
    }

    /// The block of a row, and the row in it.
    pub fn at(&self, place: Place) -> (&Block, usize) {
        (&self.blocks[place.block as usize], place.row as usize)
    }

    /// Whether some rows stand for others.
    pub fn is_weighted(&self) -> bool {
        self.blocks.iter().any(|block| !block.weights.is_empty())
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.blocks.iter().map(Block::rows).sum()
    }

    /// The numeric features of some rows: column-major, `places.len()` values a column. A block
    /// that lies on disk is read once.
    ///
    /// # Errors
    /// As [`Block::values`].
    pub fn gather(&self, places: &[Place]) -> Result<Vec<f32>> {
        /// Blocks in memory at a time.
        const LOADED: usize = 16;
        let columns = self.catalogue.numeric.len();
        let mut gathered = vec![f32::NAN; columns * places.len()];
        if gathered.is_empty() {
            return Ok(gathered);
        }

        let mut by_block: Vec<(Place, u32)> = places.iter().copied().zip(0u32..).collect();
        by_block.par_sort_unstable();
        let runs: Vec<&[(Place, u32)]> = by_block.chunk_by(|(a, _), (b, _)| a.block == b.block).collect();

        let held = self.blocks.iter().all(|block| block.values.is_held());
        for runs in runs.chunks(if held { runs.len() } else { LOADED }) {
            let load = |run: &&[(Place, u32)]| self.blocks[run[0].0.block as usize].values();
            let loaded: Vec<Values<'_>> = parallel::try_map(runs, load)?;
            parallel::for_each(gathered.chunks_mut(places.len()).enumerate(), |(index, out)| {
                for (run, values) in runs.iter().zip(&loaded) {
                    let rows = run.iter().map(|&(place, position)| (place.row, position as usize));
                    values.visit(index, rows, |position, value| out[position] = value);
                }
            });
        }
        Ok(gathered)
    }

    /// The rows of an as-of date, given its place.
    pub fn counts(&self, as_of: usize) -> RowCounts {
        let mut counts = RowCounts::default();
        for block in &self.blocks {
            for row in (0..block.rows()).filter(|&row| block.as_of[row] as usize == as_of) {
                counts.rows += 1;
                counts.churners += u64::from(block.label(row) == Some(1));
            }
        }
        counts
    }
}

/// The tables that a data set is made of.
pub struct Tables {
    /// The opened sources.
    pub sources: Sources,
    /// The customers.
    pub customers: Arc<CustomerTable>,
    /// Their cancellations.
    pub cancellations: Cancellations,
    /// The configured zone.
    pub zone: Zone,
    /// The memory that they lie in.
    pub memory: Memory,
}

impl Tables {
    /// Opens every source with all its days, checks its contract, and reads the small tables.
    ///
    /// # Errors
    /// [`Error::Contract`](crate::Error::Contract) for whatever breaks the contract of a source;
    /// [`Error::Config`](crate::Error::Config) when the memory has no room for the customers.
    pub fn open(plan: &RowsPlan<'_>, memory: &Memory, observer: &dyn Observer) -> Result<Tables> {
        Tables::with_days(plan, None, memory, observer)
    }

    /// As [`Tables::open`], without the folders of days that rows for scoring on these dates do not need.
    ///
    /// # Errors
    /// As [`Tables::open`].
    pub fn for_dates(plan: &RowsPlan<'_>, as_of: &[Day], memory: &Memory, observer: &dyn Observer) -> Result<Tables> {
        Tables::with_days(plan, Some(plan.days(as_of, false)), memory, observer)
    }

    /// As [`Tables::open`], without the folders of days outside of these.
    ///
    /// # Errors
    /// As [`Tables::open`].
    pub fn for_days(plan: &RowsPlan<'_>, days: ScanDays, memory: &Memory, observer: &dyn Observer) -> Result<Tables> {
        Tables::with_days(plan, Some(days), memory, observer)
    }

    fn with_days(
        plan: &RowsPlan<'_>,
        days: Option<ScanDays>,
        memory: &Memory,
        observer: &dyn Observer,
    ) -> Result<Tables> {
        let mut clock = Clock::start(observer);
        let columns = sources::customer_columns(plan.customers)?;
        let days = days.map(|days| (days.first, days.end));
        let sources = Sources::open(columns, plan.signals, plan.churn, days, &plan.zone)?;
        sources.notes().for_each(|note| observer.note(note));
        clock.lap("footers");

        CustomerTable::require_memory(&sources.customers, columns, memory)?;
        let zone = plan.zone.clone();
        let customers = CustomerTable::read(&sources.customers, columns, &zone)?;
        let limit = Limit::new("customers", columns.max_quarantine_share, plan.max_quarantine_share);
        customers.quarantine.check("customers", customers.rows, &limit)?;
        if customers.is_empty() {
            return Err(Error::TooLittle(format!(
                "customers: the table has no customer, only {} rows in {} files below {}; correct customers.path, or \
                 export the table again",
                customers.rows,
                sources.customers.files.len(),
                columns.path.display(),
            )));
        }

        let cancellations = match &sources.churn {
            Some(table) => Cancellations::read(table, plan.churn, &customers, &zone)?,
            None => Cancellations::none(customers.len()),
        };
        let limit = Limit::new("churn", plan.churn.max_quarantine_share, plan.max_quarantine_share);
        cancellations.quarantine.check("churn", cancellations.rows, &limit)?;
        cancellations.doubts().for_each(|doubt| observer.note(&Note::warning(doubt)));
        clock.lap("small tables");
        Ok(Tables { sources, customers: Arc::new(customers), cancellations, zone, memory: memory.clone() })
    }
}

/// Who is shown the rows of each partition, with its customers as their places in the customers table.
pub type Visitor<'a> = &'a (dyn Fn(&PartitionRows, &[u32]) + Sync);

/// What one partition gives.
struct Part {
    block: Block,
    /// One per as-of date.
    exclusions: Vec<Exclusions>,
    pauses: Pauses,
    /// Rows of unknown customers, one count per signal.
    unknown: Vec<u64>,
    /// Exact duplicates, one count per signal.
    duplicates: Vec<u64>,
}

/// Builds the rows of every as-of date from one scan. With `labels_end` (the first day that the data say nothing about)
/// the rows are those for training, and carry labels; without, those for scoring. `observer` hears of every row read.
///
/// # Errors
/// A source that cannot be decoded, or with too large a share of rows in quarantine.
pub fn build(
    plan: &RowsPlan<'_>,
    tables: &Tables,
    as_of: &[Day],
    labels_end: Option<Day>,
    observer: &dyn Observer,
) -> Result<Dataset> {
    build_visited(plan, tables, as_of, labels_end, observer, &|_, _| ())
}

/// As [`build`]; each partition's rows, which are those of [`RowsPlan::days`], are shown to a `visitor` with the
/// customers of the partition, given as their places in the customers table. Partitions come in no order.
///
/// # Errors
/// As [`build`].
pub fn build_visited(
    plan: &RowsPlan<'_>,
    tables: &Tables,
    as_of: &[Day],
    labels_end: Option<Day>,
    observer: &dyn Observer,
    visitor: Visitor<'_>,
) -> Result<Dataset> {
    let mut as_of = as_of.to_vec();
    as_of.sort_unstable();
    as_of.dedup();
    let ScanDays { end, .. } = plan.days(&as_of, labels_end.is_some());
    let last = as_of.last().copied().unwrap_or(end);

    let scans: Vec<SignalScan<'_>> = plan
        .signals
        .iter()
        .zip(&tables.sources.signals)
        .map(|((name, signal), table)| {
            let Range { start: from, end: to } = plan.signal_days(name, &as_of, labels_end.is_some());
            SignalScan { name, settings: signal, table, from, to, counts_rows: false }
        })
        .collect();

    let mut clock = Clock::start(observer);
    let catalogue = plan.catalogue();

    // Only trainings ask for labels, or what looks at the rows as they do.
    let coded = labels_end.is_some() && plan.complexity != Complexity::Linear;
    let coded_features = coded.then(|| catalogue.names().count());
    let memory = MemoryPlan::new(&tables.memory, tables.customers.len(), as_of.len(), coded_features)?;

    let all_rows = tables.sources.signals.iter().flat_map(|table| &table.files).map(|file| file.rows()).sum();
    let rows_read = AtomicU64::new(0);
    let progress = |rows: u64| observer.rows(rows_read.fetch_add(rows, Ordering::Relaxed) + rows, all_rows);
    let store = sources::scan(&scans, &tables.customers, last, &tables.zone, memory.for_rows(), &progress)?;
    clock.lap("scan");

    if store.spilled() > 0 {
        let bytes = store.spilled();
        let text = format!("{bytes} bytes of event rows were written to a scratch file, as the memory limit asks");
        observer.note(&Note::detail(text));
    }

    let history = |(scan, report)| History::new(scan, report, &tables.zone);
    let mut histories: Vec<History> = scans.iter().zip(&store.reports).map(history).collect();
    let begins: Vec<Option<Day>> = histories.iter().map(|history| history.first).collect();

    let arena = Arena::new(memory.for_features(&store.partition_bytes())?);
    let events = Events {
        store: &store,
        customers: &tables.customers,
        cancellations: &tables.cancellations,
        zone: &tables.zone,
        begins: &begins,
        ends: scans.iter().map(|scan| scan.to).collect(),
    };
    let (parts, tallies) = join(plan, &catalogue, &events, &as_of, labels_end, arena, visitor)?;
    clock.lap("features");
    for (history, tally) in histories.iter_mut().zip(tallies) {
        history.tally = tally;
    }

    let mut dataset = Dataset {
        catalogue,
        customers: tables.customers.clone(),
        exclusions: vec![Exclusions::default(); as_of.len()],
        as_of,
        reports: store.reports,
        histories,
        memory: tables.memory.clone(),
        ..Dataset::default()
    };
    dataset.add(parts);

    for (scan, report) in scans.iter().zip(&dataset.reports) {
        check_quarantine(plan, scan.name, scan.settings, &report.rows)?;
    }

    dataset.twins = Twins::among(&dataset)?;
    Ok(dataset)
}

/// Fails when more of a signal's rows are in quarantine than the settings allow.
///
/// # Errors
/// [`Error::Contract`](crate::Error::Contract) with the reasons.
pub fn check_quarantine(plan: &RowsPlan<'_>, name: &str, settings: &Signal, rows: &sources::RowCounts) -> Result<()> {
    let within = rows.kept + rows.quarantine.total();
    let limit = Limit::new(&format!("signals.{name}"), settings.max_quarantine_share, plan.max_quarantine_share)
        .with_scales(settings.scales_in_words());
    rows.quarantine.check(&format!("signal `{name}`"), within, &limit)
}

/// Scanned rows of events, and what else the rows of a data set are made of.
struct Events<'a> {
    store: &'a EventStore,
    customers: &'a CustomerTable,
    cancellations: &'a Cancellations,
    zone: &'a Zone,
    /// The day of each signal's first row.
    begins: &'a [Option<Day>],
    /// The day before which each signal's rows were kept.
    ends: Vec<Day>,
}

/// Joins events, customers and cancellations: the rows of ascending as-of dates, partition after partition, and how
/// many events each signal has.
fn join(
    plan: &RowsPlan<'_>,
    catalogue: &Catalogue,
    events: &Events<'_>,
    as_of: &[Day],
    labels_end: Option<Day>,
    arena: Arena,
    visitor: Visitor<'_>,
) -> Result<(Vec<Part>, Vec<Tally>)> {
    let Events { store, customers, cancellations, .. } = *events;
    let ScanDays { first, end } = plan.days(as_of, labels_end.is_some());
    let timeline = Timeline::new(events.zone, first, end, as_of.to_vec());
    let engine = Engine::new(catalogue, plan.features, plan.eligibility, timeline.clone(), events.begins);
    let tallies = Tallies::new(events.ends.iter().map(|&end| timeline.second(end)).collect());
    let purpose = if labels_end.is_some() { Purpose::Training } else { Purpose::Scoring };
    let rules = Rules { eligibility: plan.eligibility, churn: plan.churn, customers, cancellations, purpose };

    let labels = labels_end.map(|end| Labels::new(plan.churn, plan.signals, cancellations, &timeline, end));
    let partitions = store.partitioning.count();
    let start = || (Resolver::new(store), BoundaryCounts::default(), Tally::new(), Vec::new());

    // One after the other, whichever thread is free: rows whose features are computed can go.
    let parts = parallel::try_map_with(0..partitions, start, |(resolver, counts, tally, values), partition| {
        let rows = resolver.resolve(partition)?;
        let members = &store.partitioning.members[partition];
        visitor(rows, members);
        engine.count(rows, counts);
        tallies.add(rows, members, tally);
        let mut exclusions = vec![Exclusions::default(); as_of.len()];
        let mut keys = Vec::new();
        let mut block = Block::default();
        let mut pauses = Pauses::default();
        let dates = rules.dates(members);
        for (member, (&customer, dates)) in members.iter().zip(&dates).enumerate() {
            for (date, &day) in as_of.iter().enumerate() {
                let key = RowKey { member: member as u32, as_of: date as u32 };
                match rules.judge(dates, day, || engine.active(counts, key)) {
                    Err(reason) => exclusions[date].add(reason),
                    Ok(()) => {
                        keys.push(key);
                        block.customers.push(customer);
                        block.as_of.push(date as u32);
                        block.labels.extend(labels.as_ref().map(|l| l.label(rows, member, customer, day).value()));
                    }
                }
            }
            if labels.is_some() {
                engine.usual_pause(rows, counts, member).into_iter().for_each(|days| pauses.add(days));
            }
        }
        values.resize(engine.values(keys.len()), 0.0);
        engine.compute(Partition { rows, members, customers }, counts, &keys, values);
        block.values = StoredValues::new(values, keys.len(), &arena)?;
        let (unknown, duplicates) = (rows.unknown.clone(), rows.duplicates.clone());
        Ok(Part { block, exclusions, pauses, unknown, duplicates })
    })?;
    // What lies in it can be read from now on.
    drop(arena);
    Ok((parts, tallies.finish()))
}
