//! Sources: the Parquet tables that a run reads. Opened and held against their contract first, all of them, so that one
//! message names every mismatch; then read once.

pub mod contract;
pub mod customers;
pub mod infer;
pub mod parquet;
pub mod prepared;
pub mod quarantine;
pub mod scan;

pub use self::parquet::Table;
pub use contract::IdKind;
pub use customers::cancellations::Cancellations;
pub use customers::ids::Ids;
pub use customers::levels::{Levels, NO_LEVEL};
pub use customers::passthrough::Passthrough;
pub use customers::{CustomerTable, NO_DAY};
pub use prepared::keys::Keys;
pub use prepared::{PreparedTable, Wanted};
pub use quarantine::{Quarantine, Reason};
pub use scan::partition::Partitioning;
pub use scan::row_layout::NO_CATEGORY;
pub use scan::rows::{PartitionRows, Resolver, RowValues, SignalRows};
pub use scan::signal::{RowCounts, SignalReport, SignalScan};
pub use scan::{scan, EventStore};

use self::parquet::decode::{Times, NULL_TIME};
use self::parquet::{statistics, OpenFile};
use crate::calendar::{Day, Zone};
use crate::config::{ChurnDefinition, Customers, Settings};
use crate::error::{Error, Result};
use contract::in_one;

/// All tables of a configuration, opened.
pub struct Sources {
    /// The customers table.
    pub customers: Table,
    /// The signals' tables, in name order.
    pub signals: Vec<Table>,
    /// The cancellations; none when churn is inactivity.
    pub churn: Option<Table>,
}

/// Opens every table and checks its contract; `customers` is the section of the customers table. `days` (first, last) are the days that the run will need, for pruning by
/// partition folders; `None` opens everything.
///
/// # Errors
/// [`Error::Contract`] with a line for every mismatch of every file of every table.
pub fn open(settings: &Settings, customers: &Customers, days: Option<(Day, Day)>) -> Result<Sources> {
    let mut problems = Vec::new();
    let needs = customers::needs(customers);
    let customers_table = parquet::open("customers", &customers.path, &needs, None, &mut problems);
    let mut signals = Vec::new();
    for (name, signal) in &settings.signals {
        let time = days.map(|(from, to)| (signal.time.as_str(), from, to));
        let needs = scan::signal::needs(name, signal);
        signals.push(parquet::open(&format!("signal `{name}`"), &signal.path, &needs, time, &mut problems));
    }
    let mut churn = None;
    if let (ChurnDefinition::Event, Some(path)) = (settings.churn.definition, &settings.churn.path) {
        churn = parquet::open("churn", path, &customers::cancellations::needs(&settings.churn), None, &mut problems);
    }
    if let Some(first) = &customers_table {
        let id_columns = settings.signals.values().map(|signal| &signal.id).chain([&settings.churn.id]);
        let others = signals.iter().map(Option::as_ref).chain([churn.as_ref()]);
        for (other, column) in others.zip(id_columns) {
            let Some(other) = other else { continue };
            if let (true, Some(file)) = (other.id_kind != first.id_kind, other.files.first()) {
                problems.push(format!(
                    "{}: the ids in column `{column}` of {} are {}s, but those in column `{}` of the customers table are \
                     {}s; they are compared as what they are, so write both as one type",
                    other.what,
                    file.file.path.display(),
                    other.id_kind.name(),
                    customers.id,
                    first.id_kind.name(),
                ));
            }
        }
    }
    match (customers_table, problems.as_slice()) {
        (Some(customers), []) => Ok(Sources { customers, signals: signals.into_iter().flatten().collect(), churn }),
        (_, problems) => Err(in_one(problems)),
    }
}

/// The customers section of the configuration, which every command on event signals needs.
pub fn customer_columns(settings: &Settings) -> Result<&Customers> {
    settings.customers.as_ref().ok_or_else(|| {
        Error::Config(
            "this command needs the customers table and the signals: add [customers] and [signals.…] to the \
             configuration (`churn init` writes a commented one)"
                .to_owned(),
        )
    })
}

impl Sources {
    /// The newest instant of each signal before `before`. Row groups whose statistics lie before it are not decoded.
    pub fn newest(&self, settings: &Settings, before: i64, zone: &Zone) -> Result<Vec<Option<i64>>> {
        settings
            .signals
            .values()
            .zip(&self.signals)
            .map(|(signal, table)| {
                let mut newest: Option<i64> = None;
                let mut unclear = Vec::new();
                for file in &table.files {
                    for group in 0..file.metadata.metadata().num_row_groups() {
                        match statistics::time_range(file, &signal.time, group, zone) {
                            Some((_, max)) if max < before => newest = newest.max(Some(max)),
                            Some((min, _)) if min >= before => {}
                            range => unclear.push((file, group, range)),
                        }
                    }
                }
                for (file, group, range) in unclear {
                    if range.is_some_and(|(_, max)| Some(max) <= newest) {
                        continue;
                    }
                    newest = newest.max(newest_decoded(file, group, &signal.time, before, zone)?);
                }
                Ok(newest)
            })
            .collect()
    }
}

fn newest_decoded(file: &OpenFile, group: usize, column: &str, before: i64, zone: &Zone) -> Result<Option<i64>> {
    let mut newest = None;
    let (mut times, mut instants) = (Times::new(zone), Vec::new());
    if file.data_type(column).is_none() {
        let day = file.file.partition_day(column);
        return Ok(day.map(|day| zone.midnight(day)).filter(|&t| t < before));
    }
    for batch in file.read(&[column], Some(vec![group]), 65_536)? {
        let batch = batch?;
        if let Some(array) = batch.column_by_name(column) {
            times.fill(array, &mut instants);
            newest = newest.max(instants.iter().copied().filter(|&t| t != NULL_TIME && t < before).max());
        }
    }
    Ok(newest)
}

/// The day after the newest row of any signal: the first day that the data say nothing about. Rows dated after `today`
/// (a typing error, a scheduled event) do not count.
pub fn data_end(newest: &[Option<i64>], zone: &Zone) -> Option<Day> {
    newest.iter().flatten().max().map(|&instant| zone.day_of(instant).plus(1))
}
