//! One partition's rows, resolved to its customers and put in order.

use super::bins::Chunk;
use super::customers::CustomerTable;
use super::events::{EventStore, SignalStore};
use super::ids::Ids;
use super::partition::{mixed, Fingerprint};
use super::plan::{from_ordered_f32, from_ordered_f64, Layout};
use crate::error::{Error, Result};

/// The rows of one signal for the customers of one partition, customer by customer, each customer's rows in time order.
///
/// Rows of one instant are in the order of their value, then category, so no result depends on the order of files.
#[derive(Clone, Debug, Default)]
pub struct SignalRows {
    /// Where each customer's rows begin; one more entry than customers.
    pub starts: Vec<u32>,
    /// Seconds since the store's origin, rounded down.
    pub seconds: Vec<u32>,
    /// Values; NaN is null. Empty without a value column.
    pub values: Vec<f64>,
    /// Category codes; [`NO_CATEGORY`](super::NO_CATEGORY) is null. Empty without a category column.
    pub categories: Vec<u32>,
    /// Survey instruments, as positions in [`crate::config::Instrument::ALL`]. Empty unless the signal is a survey.
    pub instruments: Vec<u32>,
    /// Distinct category codes given out for the signal.
    pub category_count: u32,
}

impl SignalRows {
    /// The rows of the partition's `customer`-th member.
    pub fn of(&self, customer: usize) -> std::ops::Range<usize> {
        self.starts[customer] as usize..self.starts[customer + 1] as usize
    }
}

/// The rows of every signal for one partition.
pub struct PartitionRows {
    /// One entry a signal, in the order of the scan.
    pub signals: Vec<SignalRows>,
    /// Rows of ids that the customers table lacks, a count a signal.
    pub unknown: Vec<u64>,
    /// Exact duplicates that were taken out, a count a signal.
    pub duplicates: Vec<u64>,
}

impl EventStore {
    /// Takes a partition's rows out of the store and resolves their ids. Call it once a partition.
    ///
    /// # Errors
    /// [`Error::Temporary`] when the rows lie in the scratch file and cannot be read.
    pub fn take(&self, partition: usize, customers: &CustomerTable) -> Result<PartitionRows> {
        let members = Members::of(&self.partitioning.members[partition], customers, self.lowest_id);
        let mut rows = PartitionRows { signals: Vec::new(), unknown: Vec::new(), duplicates: Vec::new() };
        for (signal, store) in self.signals.iter().enumerate() {
            let chunks = self.bins.take(signal, partition)?;
            let (mut resolved, unknown, duplicates) = match (store.layout.id_words, store.layout.ordered_words()) {
                (1, 1) => resolve::<1, 1>(chunks, store, &members),
                (1, 2) => resolve::<1, 2>(chunks, store, &members),
                (1, 3) => resolve::<1, 3>(chunks, store, &members),
                (1, 4) => resolve::<1, 4>(chunks, store, &members),
                (1, 5) => resolve::<1, 5>(chunks, store, &members),
                (1, 6) => resolve::<1, 6>(chunks, store, &members),
                (2, 1) => resolve::<2, 1>(chunks, store, &members),
                (2, 2) => resolve::<2, 2>(chunks, store, &members),
                (2, 3) => resolve::<2, 3>(chunks, store, &members),
                (2, 4) => resolve::<2, 4>(chunks, store, &members),
                (2, 5) => resolve::<2, 5>(chunks, store, &members),
                (2, 6) => resolve::<2, 6>(chunks, store, &members),
                (id, ordered) => return Err(Error::Internal(format!("a row of {id} and {ordered} words"))),
            };
            resolved.category_count = self.categories[signal];
            rows.signals.push(resolved);
            rows.unknown.push(unknown);
            rows.duplicates.push(duplicates);
        }
        Ok(rows)
    }
}

const UNKNOWN: u32 = u32::MAX;
const EMPTY: u64 = u64::MAX;

/// The customers of one partition, and a table of their ids that is small enough to stay in cache.
struct Members<'a> {
    /// Their places in the customers table.
    places: &'a [u32],
    customers: &'a CustomerTable,
    lowest_id: i64,
    /// Of string ids, their fingerprints.
    fingerprints: Vec<[u32; 2]>,
    /// Open addressing: in the upper half 32 bits that stand for the id, in the lower half the member.
    table: Vec<u64>,
    shift: u32,
}

impl<'a> Members<'a> {
    fn of(places: &'a [u32], customers: &'a CustomerTable, lowest_id: i64) -> Members<'a> {
        // At most half full, so that there is always an empty slot to stop at, and mostly a short way there.
        let slots = (2 * places.len()).next_power_of_two().max(2);
        let shift = u32::BITS - slots.trailing_zeros();
        let fingerprints = match &customers.ids {
            Ids::Integer(_) => Vec::new(),
            Ids::Text { .. } => {
                places.iter().map(|&place| Fingerprint::of(customers.ids.text(place as usize)).words).collect()
            }
        };
        let mut members = Members { places, customers, lowest_id, fingerprints, table: vec![EMPTY; slots], shift };
        let wide = match &customers.ids {
            Ids::Integer(ids) => {
                ids.last().is_some_and(|last| last.wrapping_sub(lowest_id) as u64 > u64::from(u32::MAX))
            }
            Ids::Text { .. } => false,
        };
        for (member, &place) in (0u64..).zip(places) {
            let key = match &customers.ids {
                Ids::Integer(ids) if wide => wide_key(ids[place as usize].wrapping_sub(lowest_id) as u64),
                Ids::Integer(ids) => ids[place as usize].wrapping_sub(lowest_id) as u32,
                Ids::Text { .. } => members.fingerprints[member as usize][0],
            };
            let mut at = members.first_slot(key);
            while members.table[at] != EMPTY {
                at = members.after(at);
            }
            members.table[at] = u64::from(key) << 32 | member;
        }
        members
    }

    #[inline]
    fn first_slot(&self, key: u32) -> usize {
        // Fibonacci hashing (Knuth 6.4): the top bits of the product depend on every bit of the key.
        (key.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }

    #[inline]
    fn after(&self, slot: usize) -> usize {
        (slot + 1) & (self.table.len() - 1)
    }

    /// The member of that key for which `same` holds, or [`UNKNOWN`].
    #[inline]
    fn find(&self, key: u32, same: impl Fn(u32) -> bool) -> u32 {
        let mut at = self.first_slot(key);
        loop {
            let entry = self.table[at];
            if entry == EMPTY {
                return UNKNOWN;
            }
            if (entry >> 32) as u32 == key && same(entry as u32) {
                return entry as u32;
            }
            at = self.after(at);
        }
    }

    /// Puts the member in the place of each row's id.
    fn resolve_ids<const ID: usize, const ORDERED: usize>(&self, chunk: &mut Chunk) {
        let rows = chunk.words.chunks_exact_mut(ID + ORDERED);
        match &self.customers.ids {
            Ids::Integer(_) if ID == 1 => rows.for_each(|row| row[0] = self.find(row[0], |_| true)),
            Ids::Integer(ids) => rows.for_each(|row| {
                let offset = u64::from(row[0]) | u64::from(row[1]) << 32;
                let id = self.lowest_id.wrapping_add(offset as i64);
                row[0] = self.find(wide_key(offset), |member| ids[self.places[member as usize] as usize] == id);
            }),
            Ids::Text { .. } => rows.for_each(|row| {
                row[0] = self.find(row[0], |member| self.fingerprints[member as usize] == row[..2]);
            }),
        }
    }
}

/// 32 bits that stand for an id of more.
#[inline]
fn wide_key(offset: u64) -> u32 {
    mixed(offset) as u32
}

/// Brings rows of `ID` + `ORDERED` words to their customers, in order. Also returns how many rows are of unknown ids, and
/// how many exact duplicates were taken out.
fn resolve<const ID: usize, const ORDERED: usize>(
    mut chunks: Vec<Chunk>,
    store: &SignalStore,
    members: &Members<'_>,
) -> (SignalRows, u64, u64) {
    let mut starts = vec![0u32; members.places.len() + 1];
    let mut unknown = 0;
    for chunk in &mut chunks {
        members.resolve_ids::<ID, ORDERED>(chunk);
        for row in chunk.words.chunks_exact(ID + ORDERED) {
            match row[0] {
                UNKNOWN => unknown += 1,
                member => starts[member as usize + 1] += 1,
            }
        }
    }
    for member in 0..members.places.len() {
        starts[member + 1] += starts[member];
    }
    let mut rows = vec![[0u32; ORDERED]; starts[members.places.len()] as usize];
    let mut next = starts.clone();
    for chunk in chunks {
        for row in chunk.words.chunks_exact(ID + ORDERED).filter(|row| row[0] != UNKNOWN) {
            let at = &mut next[row[0] as usize];
            rows[*at as usize].copy_from_slice(&row[ID..]);
            *at += 1;
        }
    }
    for bounds in starts.windows(2) {
        let rows = &mut rows[bounds[0] as usize..bounds[1] as usize];
        // Signals are written in the order of time as a rule, and then only ties are left to look at.
        if !rows.windows(2).all(|pair| pair[0][0] < pair[1][0]) {
            // Each thread's rows are a run in order: a sort that merges runs is the fast one here.
            rows.sort();
        }
    }
    let duplicates = if store.deduplicate { drop_duplicates(&mut rows, &mut starts) } else { 0 };
    (columns(&rows, starts, &store.layout), unknown, duplicates)
}

/// Rows as columns.
fn columns<const ORDERED: usize>(rows: &[[u32; ORDERED]], starts: Vec<u32>, layout: &Layout) -> SignalRows {
    let word = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<u32>>();
    let at = layout.value_at();
    SignalRows {
        starts,
        seconds: word(0),
        values: match layout.value_words {
            0 => Vec::new(),
            1 => rows.iter().map(|row| f64::from(from_ordered_f32(row[at]))).collect(),
            _ => rows.iter().map(|row| from_ordered_f64(u64::from(row[at]) << 32 | u64::from(row[at + 1]))).collect(),
        },
        categories: if layout.category { word(layout.category_at()) } else { Vec::new() },
        instruments: if layout.instrument { word(layout.instrument_at()) } else { Vec::new() },
        category_count: 0,
    }
}

/// Keeps the first of rows equal in everything read, and returns how many went.
fn drop_duplicates<const ORDERED: usize>(rows: &mut Vec<[u32; ORDERED]>, starts: &mut [u32]) -> u64 {
    let (mut kept, mut start) = (0, 0);
    for end in &mut starts[1..] {
        let first = kept;
        for at in start..*end as usize {
            if kept == first || rows[kept - 1] != rows[at] {
                rows[kept] = rows[at];
                kept += 1;
            }
        }
        start = *end as usize;
        *end = kept as u32;
    }
    let gone = rows.len() - kept;
    rows.truncate(kept);
    gone as u64
}
