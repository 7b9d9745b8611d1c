//! Sources: the Parquet tables that a run reads. Opened and held against their contract first, all of them, so that one
//! message names every mismatch; then read once.

pub mod contract;
pub mod copied;
pub mod customers;
pub mod files;
pub mod history;
pub mod parquet;
pub mod plausibility;
pub mod prepared;
pub(crate) mod profile;
pub mod quarantine;
pub mod scan;
mod told;

pub use self::parquet::Table;
pub use arrow_array::RecordBatch;
pub use contract::IdKind;
pub use copied::kinds::CopyType;
pub use copied::CopiedColumn;
pub use customers::cancellations::Cancellations;
pub use customers::ids::Ids;
pub use customers::levels::{Levels, NO_LEVEL};
pub use customers::{CustomerTable, NO_DAY};
pub use prepared::keys::Keys;
pub use prepared::origin::{Given, Origin};
pub use prepared::{PreparedTable, Wanted};
pub use quarantine::{Limit, Quarantine, Reason};
pub use scan::partition::Partitioning;
pub use scan::row_layout::NO_CATEGORY;
pub use scan::rows::{PartitionRows, Resolver, RowValues, SignalRows};
pub use scan::signal::{RowCounts, SignalBatches, SignalReport, SignalScan};
pub use scan::{partitioning, scan, scan_batches, EventStore};

#[cfg(test)]
mod tests;

use self::parquet::decode::{self, Times};
use self::parquet::pruning::NeededDays;
use self::parquet::{folder_ids_are_text, statistics, OpenFile};
use crate::calendar::{Day, Zone};
use crate::config::{self, ChurnDefinition};
use crate::error::{Error, Result};
use crate::observer::Note;
use contract::{in_one, ReadIds};
use std::collections::BTreeMap;

/// All tables of a configuration, opened.
pub struct Sources {
    /// The customers table.
    pub customers: Table,
    /// The signals' tables, in name order.
    pub signals: Vec<Table>,
    /// The cancellations; none when churn is inactivity.
    pub churn: Option<Table>,
}

impl Sources {
    /// Opens every table and checks its contract. `days` (first, last) are the days that the run will need, for pruning
    /// by partition folders; `None` opens everything.
    ///
    /// # Errors
    /// [`Error::Contract`] with a line for every mismatch of every file of every table.
    pub fn open(
        customers: &config::Customers,
        signals: &BTreeMap<String, config::Signal>,
        churn: &config::Churn,
        days: Option<(Day, Day)>,
        zone: &Zone,
    ) -> Result<Sources> {
        let mut problems = Vec::new();
        let needs = customers::needs(customers);
        let customers_table = Table::open("customers", &customers.path, None, &needs, None, &mut problems);

        let mut others = Vec::with_capacity(signals.len());
        for (name, signal) in signals {
            let days = NeededDays { time: &signal.time, unit: signal.time_unit, zone, days };
            let needs = scan::signal::needs(name, signal);
            let what = format!("signal `{name}`");
            let mut table = Table::open(&what, &signal.path, None, &needs, Some(days), &mut problems);
            if let Some(table) = &mut table {
                table.notes.extend(table.mixed_clocks(&signal.time, zone));
            }
            others.push((table, &signal.id));
        }
        let churn_table = match (churn.definition, &churn.path) {
            (ChurnDefinition::Event, Some(path)) => {
                Table::open("churn", path, None, &customers::cancellations::needs(churn), None, &mut problems)
            }
            _ => None,
        };

        if let Some(table) = &customers_table {
            let known =
                others.iter().map(|(table, id)| (table.as_ref(), *id)).chain([(churn_table.as_ref(), &churn.id)]);
            for (other, column) in known.filter_map(|(other, column)| Some((other?, column))) {
                problems.extend(other_id_kind(table, &customers.id, other, column));
            }
        }
        match (customers_table, problems.as_slice()) {
            (Some(table), []) => {
                let signals = others.into_iter().filter_map(|(table, _)| table).collect();
                let mut sources = Sources { customers: table, signals, churn: churn_table };
                match sources.settle_ids(&customers.id).as_slice() {
                    [] => Ok(sources),
                    problems => Err(in_one(problems)),
                }
            }
            (_, problems) => Err(in_one(problems)),
        }
    }

    /// What a person should know of the tables' files.
    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        self.tables().flat_map(|table| &table.notes)
    }

    fn tables(&self) -> impl Iterator<Item = &Table> + Clone {
        [&self.customers].into_iter().chain(&self.signals).chain(&self.churn)
    }

    /// Lets all tables read their ids alike: as integers, unless some are texts or a customer's is too large. One that
    /// is too large elsewhere is nobody's, and becomes a number that is nobody's. Returns the problems of ids in the
    /// names of folders that cannot be read so.
    fn settle_ids(&mut self, id: &str) -> Vec<String> {
        let nobodys = self.customers.greatest(id).filter(|greatest| *greatest < i64::MAX).map(|_| i64::MAX);
        let has_texts = |table: &Table| match nobodys {
            Some(_) => table.own_id_kind == Some(IdKind::Text),
            None => table.has_text_ids(),
        };

        let is_text = self.customers.has_text_ids()
            || self.signals.iter().chain(&self.churn).any(has_texts)
            || folder_ids_are_text(self.tables());
        let ids = if is_text { ReadIds::Texts } else { ReadIds::Integers { too_large: nobodys } };
        let all = [&mut self.customers].into_iter().chain(&mut self.signals).chain(&mut self.churn);
        all.for_each(|table| table.read_ids_as(ids));
        self.tables().filter_map(Table::odd_folder_ids).collect()
    }

    /// The newest instant of each signal before `before`. Row groups whose statistics lie before it are not decoded.
    pub fn newest(
        &self,
        signals: &BTreeMap<String, config::Signal>,
        before: i64,
        zone: &Zone,
    ) -> Result<Vec<Option<i64>>> {
        let tables = signals.values().zip(&self.signals);
        tables.map(|(signal, table)| newest_in(table, &signal.time, before, zone)).collect()
    }
}

/// The problem that the ids of a table are of another kind than the customers', if they are.
fn other_id_kind(customers: &Table, id: &str, other: &Table, column: &str) -> Option<String> {
    let (own, theirs) = (other.own_id_kind?, customers.own_id_kind?);
    let file = other.files.first().filter(|_| own != theirs)?;
    Some(format!(
        "{}: the ids in column `{column}` of {} are {}s, but those in column `{id}` of the customers table are {}s; \
         they are compared as what they are, so write both as one type",
        other.what,
        file.file.path.display(),
        own.name(),
        theirs.name(),
    ))
}

/// The customers section of the configuration, which every command on event signals needs.
pub fn customer_columns(customers: Option<&config::Customers>) -> Result<&config::Customers> {
    customers.ok_or_else(|| {
        Error::Config(
            "this command needs the customers table and the signals: add [customers] and [signals.…] to the \
             configuration (`churn init` writes a commented one), or give a prepared table to a command that takes \
             --features FILE, such as `churn train`"
                .to_owned(),
        )
    })
}

fn newest_in(table: &Table, column: &str, before: i64, zone: &Zone) -> Result<Option<i64>> {
    let mut newest: Option<i64> = None;
    let mut unclear = Vec::new();
    for file in &table.files {
        for group in 0..file.metadata.metadata().num_row_groups() {
            match statistics::time_range(file, column, group, zone) {
                Some((_, max)) if max < before => newest = newest.max(Some(max)),
                Some((min, _)) if min >= before => {}
                range => unclear.push((file, group, range)),
            }
        }
    }

    for (file, group, range) in unclear {
        if range.is_none_or(|(_, max)| Some(max) > newest) {
            newest = newest.max(newest_decoded(file, group, column, before, zone)?);
        }
    }
    Ok(newest)
}

fn newest_decoded(file: &OpenFile, group: usize, column: &str, before: i64, zone: &Zone) -> Result<Option<i64>> {
    if file.data_type(column).is_none() {
        return Ok(file.folders.instant(column, zone).filter(|&instant| instant < before));
    }

    let mut newest = None;
    let (mut times, mut instants) = (Times::new(zone), Vec::new());
    for batch in file.read(&[column], Some(vec![group]), 65_536)? {
        let batch = batch?;
        if let Some(array) = batch.column_by_name(column) {
            let nulls = times.fill(array, &mut instants);
            let earlier = decode::valid(&instants, nulls.as_ref()).flatten().filter(|&instant| instant < before);
            newest = newest.max(earlier.max());
        }
    }
    Ok(newest)
}

/// The day after the newest row of any signal: the first day that the data say nothing about. Rows dated after `today`
/// (a typing error, a scheduled event) do not count.
pub fn data_end(newest: &[Option<i64>], zone: &Zone) -> Option<Day> {
    newest.iter().flatten().max().map(|&instant| zone.day_of(instant).plus(1))
}
