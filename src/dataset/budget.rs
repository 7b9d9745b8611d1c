//! What a memory limit leaves for the event rows of a scan and for the features of a data set.

use crate::error::Result;
use crate::memory::{Budget, Memory, MIB};

/// Bytes of a row besides its codes, one byte per feature, which is how an additive model is fitted on it: label, fold,
/// customer and place.
const BESIDE_CODES: u64 = 10;
/// Rows of the parts that curvatures and folds are taken from, which are copied.
const COPIED_ROWS: u64 = 350_000;
/// Bytes that the program occupies before it reads anything.
const PROGRAM: u64 = 16 * MIB;
/// Bytes that a training holds whatever the number of rows: samples of them, and the state of a search.
const SEARCH: u64 = 64 * MIB;
/// Bytes of a customer: the id, and what finds it.
const A_CUSTOMER: u64 = 40;

/// The most rows that a training holds as codes under a memory limit: half of the limit, or less where customers and
/// rows, which take memory in any case, leave less. It follows from the numbers alone and not from what happens to be
/// held, since it decides on which rows a model is fitted.
pub fn most_coded_rows(limit: u64, customers: usize, rows: usize, features: usize) -> u64 {
    let a_row = features as u64 + BESIDE_CODES;
    let customers = A_CUSTOMER * customers as u64;
    let beside = PROGRAM + SEARCH + customers + MemoryPlan::A_ROW * rows as u64 + a_row * COPIED_ROWS;
    (limit / 2).min(limit.saturating_sub(beside)) / a_row
}

/// What a memory limit leaves for what.
pub(super) struct MemoryPlan<'a> {
    memory: &'a Memory,
    /// Bytes that the customers' rows will take besides their features, from labels to the tables of a run.
    tail: u64,
    /// Bytes that the threads need to decode with.
    decoding: u64,
    /// Bytes that they will take as codes, the copied parts and the search included.
    codes: u64,
}

impl<'a> MemoryPlan<'a> {
    /// Bytes per (customer, as-of): keys, labels and eligibility, then scores, order and the tables written from them.
    const A_ROW: u64 = 96;
    /// Bytes that a thread decodes with: pages, dictionaries and batches.
    const A_THREAD: u64 = 12 * MIB;
    /// The least that the scan's rows are given, whatever their number.
    const LEAST: u64 = 2 * MIB;
    /// While a partition is worked on, its rows lie in memory as they were packed, by customer, and in columns.
    const COPIES: u64 = 4;

    pub fn new(
        memory: &'a Memory,
        customers: usize,
        dates: usize,
        coded_features: Option<usize>,
    ) -> Result<MemoryPlan<'a>> {
        let tail = Self::A_ROW * (customers * dates) as u64;
        let decoding = Self::A_THREAD * rayon::current_num_threads() as u64;
        let what = format!("{customers} customers on {dates} as-of date{}", if dates == 1 { "" } else { "s" });
        memory.require(&what, tail + decoding + Self::LEAST)?;
        let codes = coded_features.zip(memory.limit()).map_or(0, |(features, limit)| {
            let rows = customers * dates;
            let rows = most_coded_rows(limit, customers, rows, features).min(rows as u64);
            (rows + rows.min(COPIED_ROWS)) * (features as u64 + BESIDE_CODES) + SEARCH
        });
        Ok(MemoryPlan { memory, tail, decoding, codes })
    }

    /// For the rows of a few customers, who are looked at again after all: what these are decoded with was kept free
    /// for that of all customers before.
    pub fn of_few(memory: &'a Memory) -> MemoryPlan<'a> {
        MemoryPlan { memory, tail: 0, decoding: 0, codes: 0 }
    }

    /// What the scan may use.
    pub fn for_rows(&self) -> Budget {
        let room = self.memory.room(self.tail + self.decoding);
        self.memory.budget(room.map(|room| (room / 4 * 3).max(Self::LEAST / 2)))
    }

    /// What the features may use, with as many partitions in work as there are threads.
    pub fn for_features(&self, partitions: &[u64]) -> Result<Budget> {
        let (largest, all) = (partitions.iter().max().copied().unwrap_or(0), partitions.iter().sum::<u64>());
        let others = all / partitions.len().max(1) as u64 * (rayon::current_num_threads() as u64 - 1);
        let in_work = Self::COPIES * (largest + others);
        self.memory.require("the rows of the largest group of customers that is worked on at once", in_work)?;
        Ok(self.memory.budget(self.memory.room(self.tail + in_work.max(self.codes))))
    }
}
