//! A signal to scan, and what the scan saw of it.

use crate::calendar::Day;
use crate::config::{Signal, SignalKind};
use crate::sources::contract::{Need, Role};
use crate::sources::parquet::{statistics, Table};
use crate::sources::quarantine::Quarantine;
use arrow_array::RecordBatch;
use arrow_schema::DataType;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A signal to scan and the instants to keep: `from <= ts < to`.
pub struct SignalScan<'a> {
    /// The signal's name.
    pub name: &'a str,
    /// Its settings.
    pub settings: &'a Signal,
    /// Its files.
    pub table: &'a Table,
    /// The first day kept.
    pub from: Day,
    /// The day before which rows are kept.
    pub to: Day,
    /// Whether rows are only counted: they are checked like any other, but of what they say only the answers to surveys
    /// are kept, and what tells copies apart.
    pub counts_rows: bool,
}

/// A signal whose rows come as record batches.
pub struct SignalBatches<'a> {
    /// The signal's name.
    pub name: &'a str,
    /// Its settings.
    pub settings: &'a Signal,
    /// The days of which rows are kept.
    pub days: Range<Day>,
    /// Its rows. Columns are found by their names.
    pub batches: &'a [RecordBatch],
}

/// What is asked of a signal's rows, wherever they are from.
pub(super) struct SignalRequest<'a> {
    pub name: &'a str,
    pub settings: &'a Signal,
    /// The days of which rows are kept.
    pub days: Range<Day>,
    /// Words of a value.
    pub value_words: usize,
    pub keeps_category: bool,
}

impl<'a> SignalBatches<'a> {
    pub(super) fn request(&self) -> SignalRequest<'a> {
        SignalRequest {
            name: self.name,
            settings: self.settings,
            days: self.days.clone(),
            // The next batch may have a value that is not exact in 32 bits.
            value_words: if self.settings.value.is_some() { 2 } else { 0 },
            keeps_category: true,
        }
    }
}

impl<'a> SignalScan<'a> {
    pub(super) fn request(&self) -> SignalRequest<'a> {
        SignalRequest {
            name: self.name,
            settings: self.settings,
            days: self.from..self.to,
            value_words: self.value_words(),
            keeps_category: self.keeps_values(),
        }
    }

    /// Whether values and categories are kept.
    pub(super) fn keeps_values(&self) -> bool {
        !self.counts_rows || self.settings.kind == SignalKind::Survey || self.settings.deduplicate
    }

    /// Words of a value: 0 without values, 1 where all are exact in 32 bits, by the types of all files and their
    /// statistics, otherwise 2.
    pub(super) fn value_words(&self) -> usize {
        let Some(column) = self.settings.value.as_ref().filter(|_| self.keeps_values()) else { return 0 };
        let exact = self.table.files.iter().all(|file| match file.data_type(column) {
            Some(DataType::Float32 | DataType::Float16 | DataType::Boolean) => true,
            Some(DataType::Int8 | DataType::Int16 | DataType::UInt8 | DataType::UInt16) => true,
            Some(DataType::Int32 | DataType::Int64) => {
                statistics::integer_range(file, column).is_some_and(|(low, high)| {
                    const EXACT: i64 = 1 << 24;
                    low >= -EXACT && high <= EXACT
                })
            }
            _ => false,
        });
        if exact {
            1
        } else {
            2
        }
    }
}

/// What a signal's table must look like.
pub(crate) fn needs(name: &str, signal: &Signal) -> Vec<Need> {
    let section = format!("signals.{name}");
    let required = |key: &str, column: &String, role: Role| Need::required(&section, key, column, role);

    let time = Role::time(signal.time_unit);
    let mut needs = vec![required("id", &signal.id, Role::Id), required("time", &signal.time, time)];
    needs.extend(signal.value.iter().map(|column| required("value", column, Role::Number)));
    needs.extend(signal.category.iter().map(|column| Need::optional(&section, "category", column, Role::Text)));
    needs.extend(signal.instrument.iter().map(|column| required("instrument", column, Role::Text)));
    needs
}

/// What a scan of one signal saw.
#[derive(Clone, Debug, Default)]
pub struct SignalReport {
    /// Files, and those skipped for their partition folders.
    pub files: usize,
    /// Files skipped for their partition folders.
    pub pruned_files: usize,
    /// Row groups in the files opened.
    pub row_groups: usize,
    /// Row groups skipped for their statistics.
    pub pruned_row_groups: usize,
    /// Their rows, and those of pruned row groups.
    pub rows: RowCounts,
}

/// What became of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Rows decoded.
    pub read: u64,
    /// Rows kept: dated within the scanned days and in order.
    pub kept: u64,
    /// Rows before the scanned days.
    pub before: u64,
    /// Rows at or after the end of the scanned days.
    pub after: u64,
    /// The newest instant kept.
    pub newest: Option<i64>,
    /// The oldest instant decoded of the days before the end, but for those that stand for "unknown".
    pub oldest: Option<i64>,
    /// Rows that could not be used. Whether a dense integer id is that of a customer shows only
    /// when its partition is resolved.
    pub quarantine: Quarantine,
}

impl RowCounts {
    /// Adds those of other rows.
    pub fn merge(&mut self, other: &RowCounts) {
        self.read += other.read;
        self.kept += other.kept;
        self.before += other.before;
        self.after += other.after;
        self.newest = self.newest.max(other.newest);
        self.oldest = [self.oldest, other.oldest].into_iter().flatten().min();
        self.quarantine.merge(&other.quarantine);
    }
}
