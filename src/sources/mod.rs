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
pub(crate) use scan::needed_pieces;
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
use contract::{in_one, Need, ReadIds};
use std::collections::BTreeMap;
use std::path::Path;

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
        let mut asked = vec![TableToOpen::customers(customers)];
        asked.extend(signals.iter().map(|(name, signal)| TableToOpen::signal(name, signal, days, zone)));
        asked.extend(TableToOpen::churn(churn));

        let Opened { tables, .. } = open_all(&asked)?;
        let mut tables = tables.into_iter();
        let customers = tables.next().ok_or_else(|| Error::Internal("no customers table was opened".to_owned()))?;
        let signals = tables.by_ref().take(signals.len()).collect();
        Ok(Sources { customers, signals, churn: tables.next() })
    }

    /// What a person should know of the tables' files.
    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        self.tables().flat_map(|table| &table.notes)
    }

    fn tables(&self) -> impl Iterator<Item = &Table> + Clone {
        [&self.customers].into_iter().chain(&self.signals).chain(&self.churn)
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

/// A table to be opened.
pub(crate) struct TableToOpen<'a> {
    /// How messages name it.
    what: String,
    path: &'a Path,
    /// The column of the ids.
    id: &'a str,
    needs: Vec<Need>,
    /// Of a signal, the days that are needed.
    days: Option<NeededDays<'a>>,
    is_customers: bool,
}

impl<'a> TableToOpen<'a> {
    /// The customers table.
    pub fn customers(settings: &'a config::Customers) -> TableToOpen<'a> {
        let (path, id, needs) = (&settings.path, &settings.id, customers::needs(settings));
        TableToOpen { what: "customers".to_owned(), path, id, needs, days: None, is_customers: true }
    }

    /// The table of a signal; files whose folders are named for other days than these (first, last) are skipped.
    pub fn signal(
        name: &str,
        settings: &'a config::Signal,
        days: Option<(Day, Day)>,
        zone: &'a Zone,
    ) -> TableToOpen<'a> {
        let config::Signal { path, id, time, time_unit: unit, .. } = settings;
        let (what, needs) = (format!("signal `{name}`"), scan::signal::needs(name, settings));
        let days = Some(NeededDays { time, unit: *unit, zone, days });
        TableToOpen { what, path, id, needs, days, is_customers: false }
    }

    /// The cancellations; none when churn is inactivity.
    pub fn churn(settings: &'a config::Churn) -> Option<TableToOpen<'a>> {
        let path = settings.path.as_ref().filter(|_| settings.definition == ChurnDefinition::Event)?;
        let (what, needs) = ("churn".to_owned(), customers::cancellations::needs(settings));
        Some(TableToOpen { what, path, id: &settings.id, needs, days: None, is_customers: false })
    }

    fn open(&self, problems: &mut Vec<String>) -> Option<Table> {
        let mut table = Table::open(&self.what, self.path, None, &self.needs, self.days, problems)?;
        if let Some(NeededDays { time, zone, .. }) = self.days {
            table.notes.extend(table.mixed_clocks(time, zone));
        }
        Some(table)
    }

    /// How messages name the table that the ids of others are compared with.
    fn compared(&self) -> &str {
        if self.is_customers {
            "the customers table"
        } else {
            &self.what
        }
    }
}

/// Tables that were opened.
pub(crate) struct Opened {
    /// In the order in which they were asked for.
    pub tables: Vec<Table>,
    /// How the ids of all of them are read.
    pub ids: ReadIds,
}

/// Opens tables, holds each against its contract, and lets all read their ids alike.
///
/// # Errors
/// [`Error::Contract`] with a line for every mismatch of every file of every table.
pub(crate) fn open_all(asked: &[TableToOpen<'_>]) -> Result<Opened> {
    let mut problems = Vec::new();
    let opened: Vec<Option<Table>> = asked.iter().map(|asked| asked.open(&mut problems)).collect();

    let known = || asked.iter().zip(&opened).filter_map(|(asked, table)| Some((asked, table.as_ref()?)));
    let with_ids = || known().find(|(_, table)| table.own_id_kind.is_some());
    if let Some(compared) = known().find(|(asked, _)| asked.is_customers).or_else(with_ids) {
        problems.extend(known().filter_map(|other| other_id_kind(compared, other)));
    }
    let mut tables: Vec<Table> = opened.into_iter().flatten().collect();
    if !problems.is_empty() {
        return Err(in_one(&problems));
    }

    let (ids, problems) = settle_ids(asked, &mut tables);
    match problems.as_slice() {
        [] => Ok(Opened { tables, ids }),
        problems => Err(in_one(problems)),
    }
}

/// The problem that the ids of a table are of another kind than those of the one that it is compared with, if they are.
fn other_id_kind(compared: (&TableToOpen<'_>, &Table), other: (&TableToOpen<'_>, &Table)) -> Option<String> {
    let (own, theirs) = (other.1.own_id_kind?, compared.1.own_id_kind?);
    let file = other.1.files.first().filter(|_| own != theirs)?;
    Some(format!(
        "{}: the ids in column `{}` of {} are {}s, but those in column `{}` of {} are {}s; they are compared as what \
         they are, so write both as one type",
        other.0.what,
        other.0.id,
        file.file.path.display(),
        own.name(),
        compared.0.id,
        compared.0.compared(),
        theirs.name(),
    ))
}

/// Lets all tables read their ids alike: as integers, unless some are texts or a customer's is too large. One that is
/// too large elsewhere is nobody's, and becomes a number that is nobody's. Returns how they are read, and the problems
/// of ids in the names of folders that cannot be read so.
fn settle_ids(asked: &[TableToOpen<'_>], tables: &mut [Table]) -> (ReadIds, Vec<String>) {
    let customers = asked.iter().zip(&*tables).find(|(asked, _)| asked.is_customers);
    let greatest = customers.and_then(|(asked, table)| table.greatest(asked.id));
    let nobodys = greatest.filter(|greatest| *greatest < i64::MAX).map(|_| i64::MAX);
    let has_texts = |(asked, table): (&TableToOpen<'_>, &Table)| match nobodys {
        Some(_) if !asked.is_customers => table.own_id_kind == Some(IdKind::Text),
        _ => table.has_text_ids(),
    };

    let is_text = asked.iter().zip(&*tables).any(has_texts) || folder_ids_are_text(&*tables);
    let ids = if is_text { ReadIds::Texts } else { ReadIds::Integers { too_large: nobodys } };
    tables.iter_mut().for_each(|table| table.read_ids_as(ids));
    (ids, tables.iter().filter_map(Table::odd_folder_ids).collect())
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

/// The newest instant of a signal before `before`. Row groups whose statistics lie before it are not decoded.
pub(crate) fn newest_in(table: &Table, column: &str, before: i64, zone: &Zone) -> Result<Option<i64>> {
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
