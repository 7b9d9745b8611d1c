//! One partition's rows, resolved to its customers and put in order.

use super::customers::{CustomerTable, Ids};
use super::events::{Chunk, EventStore, Layout, SignalStore, NO_CATEGORY};
use std::sync::PoisonError;

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
    /// Category codes; [`NO_CATEGORY`] is null. Empty without a category column.
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
    pub fn take(&self, partition: usize, customers: &CustomerTable) -> PartitionRows {
        let members = &self.partitioning.members[partition];
        let directory = Directory::of(members, customers, self.lowest_id);
        let mut rows = PartitionRows { signals: Vec::new(), unknown: Vec::new(), duplicates: Vec::new() };
        for (signal, store) in self.signals.iter().enumerate() {
            let chunks =
                std::mem::take(&mut *store.partitions[partition].lock().unwrap_or_else(PoisonError::into_inner));
            let (mut resolved, unknown) =
                resolve(&chunks, &store.layout, &directory, members.len(), customers, members);
            drop(chunks);
            let duplicates = order(&mut resolved, store);
            let mut signal_rows = resolved.rows;
            signal_rows.category_count = self.categories[signal];
            rows.signals.push(signal_rows);
            rows.unknown.push(unknown);
            rows.duplicates.push(duplicates);
        }
        rows
    }
}

/// The ids of one partition: small enough to stay in cache.
enum Directory {
    /// Offsets from the lowest id to members.
    Integer(hashbrown::HashMap<u64, u32, foldhash::fast::FixedState>),
    /// Hashes of string ids to members. Two members of one hash lie one after the other, so a hit is always compared.
    Text(hashbrown::HashTable<(u64, u32)>),
}

impl Directory {
    fn of(members: &[u32], customers: &CustomerTable, lowest_id: i64) -> Directory {
        match &customers.ids {
            Ids::Integer(ids) => Directory::Integer(
                members
                    .iter()
                    .enumerate()
                    .map(|(slot, &member)| (ids[member as usize].wrapping_sub(lowest_id) as u64, slot as u32))
                    .collect(),
            ),
            Ids::Text { .. } => {
                let mut table = hashbrown::HashTable::with_capacity(members.len());
                for (slot, &member) in members.iter().enumerate() {
                    let hash = xxhash_rust::xxh3::xxh3_64(customers.ids.text(member as usize).as_bytes());
                    table.insert_unique(hash, (hash, slot as u32), |&(hash, _)| hash);
                }
                Directory::Text(table)
            }
        }
    }
}

const UNKNOWN: u32 = u32::MAX;

/// Rows by customer, not yet in time order.
#[derive(Default)]
struct Resolved {
    rows: SignalRows,
    fractions: Vec<u32>,
}

fn resolve(
    chunks: &[Chunk],
    layout: &Layout,
    directory: &Directory,
    customers_here: usize,
    customers: &CustomerTable,
    members: &[u32],
) -> (Resolved, u64) {
    let words = layout.words();
    let total: usize = chunks.iter().map(|chunk| chunk.words.len() / words).sum();
    let mut slots: Vec<u32> = Vec::with_capacity(total);
    let mut starts = vec![0u32; customers_here + 1];
    let mut unknown = 0;
    for chunk in chunks {
        let mut texts = chunk.texts.as_slice();
        for row in chunk.words.chunks_exact(words) {
            let slot = match directory {
                Directory::Integer(table) => {
                    let high = if layout.id_words == 2 { u64::from(row[2]) << 32 } else { 0 };
                    table.get(&(u64::from(row[1]) | high)).copied()
                }
                Directory::Text(table) => {
                    let text = next_text(&mut texts);
                    let hash = xxhash_rust::xxh3::xxh3_64(text);
                    let same = |&(known, slot): &(u64, u32)| {
                        known == hash && customers.ids.text(members[slot as usize] as usize).as_bytes() == text
                    };
                    table.find(hash, same).map(|&(_, slot)| slot)
                }
            };
            match slot {
                Some(slot) => {
                    starts[slot as usize + 1] += 1;
                    slots.push(slot);
                }
                None => {
                    unknown += 1;
                    slots.push(UNKNOWN);
                }
            }
        }
    }
    for i in 0..customers_here {
        starts[i + 1] += starts[i];
    }
    let known = starts[customers_here] as usize;
    let mut next = starts.clone();
    let mut resolved = Resolved::default();
    let rows = &mut resolved.rows;
    rows.seconds = vec![0; known];
    rows.values = vec![f64::NAN; if layout.value_words > 0 { known } else { 0 }];
    rows.categories = vec![NO_CATEGORY; if layout.category { known } else { 0 }];
    rows.instruments = vec![0; if layout.instrument { known } else { 0 }];
    resolved.fractions = vec![0; if layout.fraction { known } else { 0 }];
    let value_at = 1 + layout.id_words;
    let category_at = value_at + layout.value_words;
    let instrument_at = category_at + usize::from(layout.category);
    let fraction_at = instrument_at + usize::from(layout.instrument);
    let mut slots = slots.into_iter();
    for chunk in chunks {
        for (row, slot) in chunk.words.chunks_exact(words).zip(&mut slots) {
            if slot == UNKNOWN {
                continue;
            }
            let at = next[slot as usize] as usize;
            next[slot as usize] += 1;
            rows.seconds[at] = row[0];
            match layout.value_words {
                0 => {}
                1 => rows.values[at] = f64::from(f32::from_bits(row[value_at])),
                _ => {
                    rows.values[at] = f64::from_bits(u64::from(row[value_at]) | u64::from(row[value_at + 1]) << 32);
                }
            }
            if layout.category {
                rows.categories[at] = row[category_at];
            }
            if layout.instrument {
                rows.instruments[at] = row[instrument_at];
            }
            if layout.fraction {
                resolved.fractions[at] = row[fraction_at];
            }
        }
    }
    rows.starts = starts;
    (resolved, unknown)
}

fn next_text<'t>(texts: &mut &'t [u8]) -> &'t [u8] {
    let Some((&first, rest)) = texts.split_first() else { return &[] };
    let (length, rest) = match (first, rest.split_first_chunk::<4>()) {
        (u8::MAX, Some((length, rest))) => (u32::from_le_bytes(*length) as usize, rest),
        _ => (usize::from(first), rest),
    };
    let (text, rest) = rest.split_at(length.min(rest.len()));
    *texts = rest;
    text
}

/// Puts each customer's rows in order; takes out exact duplicates where the source asks for it, and counts them.
fn order(resolved: &mut Resolved, store: &SignalStore) -> u64 {
    let Resolved { rows, fractions } = resolved;
    let customers = rows.starts.len() - 1;
    let mut keys: Vec<u64> = Vec::new();
    let mut scratch = Scratch::default();
    for customer in 0..customers {
        let range = rows.of(customer);
        if range.len() < 2 {
            continue;
        }
        let start = range.start;
        keys.clear();
        keys.extend(rows.seconds[range.clone()].iter().zip(0u64..).map(|(&s, i)| u64::from(s) << 32 | i));
        let by_time_alone =
            rows.values.is_empty() && rows.categories.is_empty() && rows.instruments.is_empty() && fractions.is_empty();
        if by_time_alone {
            rows.seconds[range].sort_unstable();
            continue;
        }
        keys.sort_unstable();
        // Ties in the second are rare: only they need the slow comparison.
        let mut i = 0;
        while i < keys.len() {
            let mut j = i + 1;
            while j < keys.len() && keys[j] >> 32 == keys[i] >> 32 {
                j += 1;
            }
            if j - i > 1 {
                let tie = |&key: &u64| {
                    let at = start + (key & 0xffff_ffff) as usize;
                    (
                        fractions.get(at).copied(),
                        rows.values.get(at).map(|v| total_order(*v)),
                        rows.categories.get(at).copied(),
                        rows.instruments.get(at).copied(),
                    )
                };
                keys[i..j].sort_unstable_by_key(tie);
            }
            i = j;
        }
        let sorted = |key: &u64| start + (key & 0xffff_ffff) as usize;
        scratch.permute(&mut rows.seconds, &keys, start, sorted);
        scratch.permute(&mut rows.categories, &keys, start, sorted);
        scratch.permute(&mut rows.instruments, &keys, start, sorted);
        scratch.permute(fractions, &keys, start, sorted);
        if !rows.values.is_empty() {
            scratch.floats.clear();
            scratch.floats.extend(keys.iter().map(|key| rows.values[sorted(key)]));
            rows.values[start..start + keys.len()].copy_from_slice(&scratch.floats);
        }
    }
    if store.deduplicate {
        drop_duplicates(resolved)
    } else {
        0
    }
}

#[derive(Default)]
struct Scratch {
    words: Vec<u32>,
    floats: Vec<f64>,
}

impl Scratch {
    fn permute(&mut self, column: &mut [u32], keys: &[u64], start: usize, sorted: impl Fn(&u64) -> usize) {
        if column.is_empty() {
            return;
        }
        self.words.clear();
        self.words.extend(keys.iter().map(|key| column[sorted(key)]));
        column[start..start + keys.len()].copy_from_slice(&self.words);
    }
}

/// The bits of a float, such that their order is IEEE 754's total order.
fn total_order(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Keeps the first of rows equal in everything read, and returns how many went.
fn drop_duplicates(resolved: &mut Resolved) -> u64 {
    let Resolved { rows, fractions } = resolved;
    let mut kept = 0;
    let mut gone = 0;
    let mut start = 0;
    for customer in 0..rows.starts.len() - 1 {
        let end = rows.starts[customer + 1] as usize;
        let first_kept = kept;
        for at in start..end {
            let same = kept > first_kept && {
                let last = kept - 1;
                rows.seconds[last] == rows.seconds[at]
                    && fractions.get(last) == fractions.get(at)
                    && rows.values.get(last).map(|v| v.to_bits()) == rows.values.get(at).map(|v| v.to_bits())
                    && rows.categories.get(last) == rows.categories.get(at)
                    && rows.instruments.get(last) == rows.instruments.get(at)
            };
            if same {
                gone += 1;
                continue;
            }
            rows.seconds[kept] = rows.seconds[at];
            if !fractions.is_empty() {
                fractions[kept] = fractions[at];
            }
            if !rows.values.is_empty() {
                rows.values[kept] = rows.values[at];
            }
            if !rows.categories.is_empty() {
                rows.categories[kept] = rows.categories[at];
            }
            if !rows.instruments.is_empty() {
                rows.instruments[kept] = rows.instruments[at];
            }
            kept += 1;
        }
        start = end;
        rows.starts[customer + 1] = kept as u32;
    }
    rows.seconds.truncate(kept);
    rows.values.truncate(kept);
    rows.categories.truncate(kept);
    rows.instruments.truncate(kept);
    fractions.truncate(kept);
    gone
}
