//! What tasks report. All of it is sums, so that it does not matter in which order reports come.

use crate::coverage::NamedTally;
use crate::eligibility::Exclusion;
use crate::kpis::Counted;
use crate::sources::contract::IdKind;
use crate::sources::{Reason, RowCounts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Pieces that were sent or received: how many, and sums that no piece can leave or enter unnoticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Pieces.
    pub pieces: u64,
    /// Their rows.
    pub rows: u64,
    /// The sum of their checksums, modulo 2⁶⁴.
    pub checksums: u64,
}

impl Sent {
    /// Counts a piece.
    pub(super) fn add(&mut self, rows: usize, checksum: u64) {
        self.merge(Sent { pieces: 1, rows: rows as u64, checksums: checksum });
    }

    pub(super) fn merge(&mut self, more: Sent) {
        self.pieces += more.pieces;
        self.rows += more.rows;
        self.checksums = self.checksums.wrapping_add(more.checksums);
    }
}

/// What became of the rows that a packing task was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackReport {
    /// The number of the table.
    pub source: usize,
    /// The digest of the plan.
    pub plan: u64,
    /// Rows that it was given.
    pub read: u64,
    /// Those of a signal that are before the days needed, or after them.
    pub before: u64,
    /// See `before`.
    pub after: u64,
    /// Those of a signal without a time.
    pub without_time: u64,
    /// The oldest instant of those before the end, but for those that stand for "unknown".
    pub oldest: Option<i64>,
    /// For labels, the newest instant of those before the first day that has not come yet.
    pub newest: Option<i64>,
    /// Whether ids are texts, as far as the type of their column says.
    pub text_ids: Option<bool>,
    /// Of whoever leaves rows out before they come to a task, how many rows tasks are to be given.
    pub left: Option<u64>,
    /// What was packed.
    pub sent: Sent,
}

impl PackReport {
    pub(super) fn merge(&mut self, more: &PackReport) {
        self.read += more.read;
        self.before += more.before;
        self.after += more.after;
        self.without_time += more.without_time;
        self.oldest = [self.oldest, more.oldest].into_iter().flatten().min();
        self.newest = self.newest.max(more.newest);
        self.text_ids = self.text_ids.max(more.text_ids);
        self.sent.merge(more.sent);
    }
}

/// What was packed of all tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Packed {
    pub text_ids: bool,
    /// By number of the table.
    pub tables: Vec<PackReport>,
}

/// What became of the rows of a table in a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableReport {
    /// The pieces that came.
    pub received: Sent,
    /// Rows that could be used.
    pub used: u64,
    /// Rows that could not.
    pub quarantine: BTreeMap<Reason, u64>,
}

/// What a bucket gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketReport {
    /// Its number.
    pub bucket: u32,
    /// The digest of the settled plan.
    pub plan: u64,
    /// By number of the table.
    pub tables: Vec<TableReport>,
    /// Customers.
    pub customers: u64,
    /// Rows on each as-of date.
    pub rows: Vec<u64>,
    /// Customers without a row on each as-of date.
    pub excluded: Vec<BTreeMap<Exclusion, u64>>,
    /// For labels, how many customers cancelled on each day.
    pub cancelled: BTreeMap<i32, u64>,
}

/// What the buckets of a task gave for a list beside their rows: signal by signal, and in all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ListReport {
    /// The rows that features look at.
    pub signals: Vec<RowCounts>,
    /// The rows before them that are measured; empty where there are none to be.
    pub earlier: Vec<RowCounts>,
    /// What was counted of the first.
    pub tallies: Vec<NamedTally>,
    /// The measures.
    pub measures: Option<Counted>,
}

impl ListReport {
    /// Adds what others gave.
    pub(super) fn merge(&mut self, more: ListReport) {
        fn add<T: Default>(all: &mut Vec<T>, more: Vec<T>, merge: impl Fn(&mut T, T)) {
            all.resize_with(more.len().max(all.len()), T::default);
            all.iter_mut().zip(more).for_each(|(all, more)| merge(all, more));
        }
        add(&mut self.signals, more.signals, |all, more| all.merge(&more));
        add(&mut self.earlier, more.earlier, |all, more| all.merge(&more));
        add(&mut self.tallies, more.tallies, NamedTally::merge);
        if let Some(more) = more.measures {
            self.measures.get_or_insert_default().merge(more);
        }
    }
}

impl Packed {
    pub fn id_kind(&self) -> IdKind {
        id_kind(self.text_ids)
    }
}

impl BucketReport {
    pub(super) fn merge(&mut self, more: &BucketReport) {
        fn add<K: Ord + Copy>(all: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
            more.iter().for_each(|(&key, count)| *all.entry(key).or_default() += count);
        }
        for (all, more) in self.tables.iter_mut().zip(&more.tables) {
            all.received.merge(more.received);
            all.used += more.used;
            add(&mut all.quarantine, &more.quarantine);
        }
        self.customers += more.customers;
        self.rows.iter_mut().zip(&more.rows).for_each(|(all, more)| *all += more);
        self.excluded.iter_mut().zip(&more.excluded).for_each(|(all, more)| add(all, more));
        add(&mut self.cancelled, &more.cancelled);
    }
}

/// The kind of ids, as plans have it.
pub(super) fn id_kind(are_texts: bool) -> IdKind {
    if are_texts {
        IdKind::Text
    } else {
        IdKind::Integer
    }
}
