//! One partition's rows, resolved to its customers and put in order.

use super::bins::Piece;
use super::customers::CustomerTable;
use super::events::{EventStore, SignalStore};
use super::ids::Ids;
use super::packing::{Heads, Packing};
use super::partition::{mixed, Fingerprint, Partitioning};
use super::plan::Layout;
use crate::error::{Error, Result};
use crate::numeric::{from_ordered_f32, from_ordered_f64};
use std::slice::ChunksExact;

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

    /// Fills the columns from rows.
    fn fill<const ORDERED: usize>(&mut self, rows: &[[u32; ORDERED]], layout: &Layout) {
        fn column<const N: usize, T>(rows: &[[u32; N]], out: &mut Vec<T>, of: impl Fn(&[u32; N]) -> T) {
            out.clear();
            out.extend(rows.iter().map(of));
        }
        column(rows, &mut self.seconds, |row| row[0]);
        let at = layout.value_at();
        match layout.value_words {
            0 => {}
            1 => column(rows, &mut self.values, |row| f64::from(from_ordered_f32(row[at]))),
            _ => column(rows, &mut self.values, |row| {
                from_ordered_f64(u64::from(row[at]) << 32 | u64::from(row[at + 1]))
            }),
        }
        if layout.category {
            column(rows, &mut self.categories, |row| row[layout.category_at()]);
        }
        if layout.instrument {
            column(rows, &mut self.instruments, |row| row[layout.instrument_at()]);
        }
    }
}

/// The rows of every signal for one partition.
#[derive(Clone, Debug, Default)]
pub struct PartitionRows {
    /// One entry a signal, in the order of the scan.
    pub signals: Vec<SignalRows>,
    /// Rows of ids that the customers table lacks, a count a signal.
    pub unknown: Vec<u64>,
    /// Exact duplicates that were taken out, a count a signal.
    pub duplicates: Vec<u64>,
}

/// Words between two that are fetched ahead of a partition's rows.
const AHEAD: usize = 128;

/// Brings the rows of one partition after the other to their customers, in memory that it keeps.
pub struct Resolver<'a> {
    store: &'a EventStore,
    customers: &'a CustomerTable,
    /// The member of each row.
    members: Vec<u32>,
    /// Where each member's next row goes.
    next: Vec<u32>,
    /// Rows without their ids.
    packed: Vec<u32>,
    rows: PartitionRows,
}

impl<'a> Resolver<'a> {
    /// For the partitions of `store`, whose ids are those of `customers`.
    pub fn new(store: &'a EventStore, customers: &'a CustomerTable) -> Resolver<'a> {
        let signals = store.signals.len();
        let rows = PartitionRows {
            signals: vec![SignalRows::default(); signals],
            unknown: vec![0; signals],
            duplicates: vec![0; signals],
        };
        Resolver { store, customers, members: Vec::new(), next: Vec::new(), packed: Vec::new(), rows }
    }

    /// A partition's rows, with their ids resolved. A partition is resolved once: the store gives up what it holds of it.
    ///
    /// # Errors
    /// [`Error::Temporary`] when the rows lie in the scratch file and cannot be read.
    pub fn resolve(&mut self, partition: usize) -> Result<&PartitionRows> {
        let store = self.store;
        let members = Members::of(&store.partitioning, partition, self.customers, store.lowest_id);
        let words = store.rows.of(partition);
        for (signal, SignalStore { layout, .. }) in store.signals.iter().enumerate() {
            let pieces = words.pieces(signal)?;
            match layout.id_words {
                1 => self.resolve_words::<1>(signal, pieces, &members)?,
                2 => self.resolve_words::<2>(signal, pieces, &members)?,
                words => return Err(Error::Internal(format!("an id of {words} words"))),
            }
            self.rows.signals[signal].category_count = store.categories[signal];
        }
        drop(words);
        store.rows.done(partition);
        Ok(&self.rows)
    }

    /// Brings a signal's rows with ids of `ID` words to their customers, in order.
    fn resolve_words<const ID: usize>(
        &mut self,
        signal: usize,
        pieces: Vec<Piece<'_>>,
        members: &Members<'_>,
    ) -> Result<()> {
        match self.store.signals[signal].layout.ordered_words() {
            1 => self.resolve_signal::<ID, 1>(signal, pieces, members),
            2 => self.resolve_signal::<ID, 2>(signal, pieces, members),
            3 => self.resolve_signal::<ID, 3>(signal, pieces, members),
            4 => self.resolve_signal::<ID, 4>(signal, pieces, members),
            5 => self.resolve_signal::<ID, 5>(signal, pieces, members),
            6 => self.resolve_signal::<ID, 6>(signal, pieces, members),
            words => return Err(Error::Internal(format!("a row of {words} words beside its id"))),
        }
        Ok(())
    }

    /// Brings a signal's rows of `ID` + `ORDERED` words to their customers, in order.
    fn resolve_signal<const ID: usize, const ORDERED: usize>(
        &mut self,
        signal: usize,
        pieces: Vec<Piece<'_>>,
        members: &Members<'_>,
    ) {
        let store = self.store;
        let SignalStore { layout, deduplicate } = &store.signals[signal];
        let resolved = &mut self.rows.signals[signal];
        let strangers = members.places.len();
        // Pieces lie all over memory. Reading a little of all of them first lets the machine find them side by side instead of
        // one after the other.
        std::hint::black_box(
            pieces.iter().flat_map(|piece| piece.words.iter().step_by(AHEAD)).fold(0, |all, word| all ^ word),
        );
        // Rows of ids that nobody has come behind the last customer's.
        let starts = &mut resolved.starts;
        starts.clear();
        starts.resize(strangers + 2, 0);
        self.members.clear();
        for Piece { packing, words } in &pieces {
            let (found, counts) = (&mut self.members, &mut starts[1..]);
            match packing {
                Packing::Wide => members.find_all::<ID, ORDERED>(words, found, counts),
                Packing::Compact(heads) if layout.coded() => {
                    members.find_rests(heads, words.chunks_exact(ORDERED - 1), found, counts);
                }
                Packing::Compact(heads) => members.find_rests(heads, words.chunks_exact(ORDERED), found, counts),
            }
        }
        for member in 0..=strangers {
            starts[member + 1] += starts[member];
        }
        self.next.clone_from(starts);
        self.packed.resize(self.members.len() * ORDERED, 0);
        let packed = self.packed.as_chunks_mut::<ORDERED>().0;
        let mut to = Places { members: self.members.iter(), next: &mut self.next, packed };
        for Piece { packing, words } in &pieces {
            match packing {
                Packing::Wide => {
                    to.put(words.chunks_exact(ID + ORDERED), |row| std::array::from_fn(|word| row[ID + word]));
                }
                Packing::Compact(heads) if layout.coded() => {
                    to.put(words.chunks_exact(ORDERED - 1), |row| heads.ordered::<ORDERED, true>(row));
                }
                Packing::Compact(heads) => {
                    to.put(words.chunks_exact(ORDERED), |row| heads.ordered::<ORDERED, false>(row));
                }
            }
        }
        self.rows.unknown[signal] = u64::from(starts[strangers + 1] - starts[strangers]);
        starts.pop();
        for bounds in starts.windows(2) {
            let rows = &mut packed[bounds[0] as usize..bounds[1] as usize];
            // Pieces come in the order of their files, and signals are written in that of time as a rule: then only ties
            // are left to look at.
            if !rows.windows(2).all(|pair| pair[0][0] < pair[1][0]) {
                // What is in order forms runs: a sort that merges runs is the fast one here.
                rows.sort();
            }
        }
        self.rows.duplicates[signal] = if *deduplicate { drop_duplicates(packed, starts) } else { 0 };
        let kept = starts[strangers] as usize;
        resolved.fill(&packed[..kept], layout);
    }
}

/// Where rows go, one after the other.
struct Places<'a, const ORDERED: usize> {
    members: std::slice::Iter<'a, u32>,
    next: &'a mut [u32],
    packed: &'a mut [[u32; ORDERED]],
}

impl<const ORDERED: usize> Places<'_, ORDERED> {
    #[inline(always)]
    fn put<'w>(&mut self, rows: ChunksExact<'w, u32>, ordered: impl Fn(&'w [u32]) -> [u32; ORDERED]) {
        for (row, &member) in rows.zip(self.members.by_ref()) {
            let at = &mut self.next[member as usize];
            self.packed[*at as usize] = ordered(row);
            *at += 1;
        }
    }
}

/// Entries of a bucket: as many as one instruction compares.
const ENTRIES: usize = 4;

/// A place in the table of ids for four of them.
#[derive(Clone, Copy, Default)]
struct Bucket {
    /// 32 bits that stand for each id.
    keys: [u32; ENTRIES],
    /// One more than the member; 0 where there is no entry.
    members: [u32; ENTRIES],
}

/// The customers of one partition, and a table of their ids that is small enough to stay in cache.
struct Members<'a> {
    /// Their places in the customers table.
    places: &'a [u32],
    customers: &'a CustomerTable,
    lowest_id: i64,
    /// Of string ids, their fingerprints.
    fingerprints: &'a [[u32; Fingerprint::WORDS]],
    /// Of integer ids whose rests have few bits, the member of each rest.
    of_rests: Vec<u16>,
    /// Of other ids: one that finds its bucket full is in the next one that is not. Few are, so that hardly a branch goes wrong.
    table: Vec<Bucket>,
    shift: u32,
}

impl<'a> Members<'a> {
    fn of(all: &'a Partitioning, partition: usize, customers: &'a CustomerTable, lowest_id: i64) -> Members<'a> {
        let (places, fingerprints) = (&all.members[partition], &all.fingerprints[partition]);
        if let (Ids::Integer(ids), Some(bits)) = (&customers.ids, all.rest_bits()) {
            // There are no more members than rests, and these are numbers of 15 bits.
            let mut of_rests = vec![places.len() as u16; 1 << bits];
            for (member, &place) in (0..).zip(places) {
                of_rests[all.rest(ids[place as usize]) as usize] = member;
            }
            let (table, shift) = (Vec::new(), 0);
            return Members { places, customers, lowest_id, fingerprints, of_rests, table, shift };
        }
        // At most half full, so that there is always an empty place to stop at.
        let buckets = (2 * places.len()).div_ceil(ENTRIES).next_power_of_two().max(2);
        let shift = u32::BITS - buckets.trailing_zeros();
        let table = vec![Bucket::default(); buckets];
        let mut members = Members { places, customers, lowest_id, fingerprints, of_rests: Vec::new(), table, shift };
        let wide = match &customers.ids {
            Ids::Integer(ids) => {
                ids.last().is_some_and(|last| last.wrapping_sub(lowest_id) as u64 > u64::from(u32::MAX))
            }
            Ids::Text { .. } => false,
        };
        for (member, &place) in (1..).zip(places) {
            let key = match &customers.ids {
                Ids::Integer(ids) if wide => wide_key(ids[place as usize].wrapping_sub(lowest_id) as u64),
                Ids::Integer(ids) => ids[place as usize].wrapping_sub(lowest_id) as u32,
                Ids::Text { .. } => members.fingerprints[member as usize - 1][0],
            };
            let mut at = members.first_bucket(key);
            loop {
                let bucket = &mut members.table[at];
                if let Some(entry) = bucket.members.iter().position(|&member| member == 0) {
                    (bucket.keys[entry], bucket.members[entry]) = (key, member);
                    break;
                }
                at = members.after(at);
            }
        }
        members
    }

    #[inline]
    fn first_bucket(&self, key: u32) -> usize {
        // Fibonacci hashing (Knuth 6.4): the top bits of the product depend on every bit of the key.
        (key.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }

    #[inline]
    fn after(&self, bucket: usize) -> usize {
        (bucket + 1) & (self.table.len() - 1)
    }

    /// The number that stands for a member whose id nobody has.
    fn nobody(&self) -> u32 {
        self.places.len() as u32
    }

    /// One more than the member of a key, 0 if nobody has it. Of members that share a key and a bucket, the bits of all.
    #[inline]
    fn entries(&self, key: u32) -> u32 {
        let mut at = self.first_bucket(key);
        loop {
            let Bucket { keys, members } = &self.table[at];
            let found =
                keys.iter().zip(members).fold(0, |found, (&k, &member)| found | if k == key { member } else { 0 });
            if found != 0 || members[ENTRIES - 1] == 0 {
                return found;
            }
            at = self.after(at);
        }
    }

    /// The member of a key that no other id has.
    #[inline]
    fn find(&self, key: u32) -> u32 {
        self.entries(key).checked_sub(1).unwrap_or(self.nobody())
    }

    /// The member of a key that others may share, for which `same` holds.
    #[inline]
    fn find_same(&self, key: u32, same: impl Fn(usize) -> bool) -> u32 {
        match self.entries(key).checked_sub(1) {
            None => self.nobody(),
            Some(member) if member < self.nobody() && same(member as usize) => member,
            // Hardly ever do two ids share a key.
            Some(_) => self.search(key, same),
        }
    }

    /// As [`Members::find_same`], entry by entry.
    #[cold]
    fn search(&self, key: u32, same: impl Fn(usize) -> bool) -> u32 {
        let mut at = self.first_bucket(key);
        loop {
            let Bucket { keys, members } = &self.table[at];
            for (&k, &member) in keys.iter().zip(members) {
                if member == 0 {
                    return self.nobody();
                }
                if k == key && same(member as usize - 1) {
                    return member - 1;
                }
            }
            at = self.after(at);
        }
    }

    /// The member of an id by its rest.
    #[inline]
    fn of_rest(&self, rest: u32) -> u32 {
        self.of_rests.get(rest as usize).map_or(self.nobody(), |&member| u32::from(member))
    }

    /// As [`Members::find_all`], of rows that begin with a head.
    fn find_rests<'w>(&self, heads: &Heads, rows: ChunksExact<'w, u32>, found: &mut Vec<u32>, counts: &mut [u32]) {
        found.extend(rows.map(|row| {
            let member = self.of_rest(heads.rest(row[0]));
            counts[member as usize] += 1;
            member
        }));
    }

    /// Appends the member of every row to `found` and counts it among those of the same member.
    fn find_all<const ID: usize, const ORDERED: usize>(&self, words: &[u32], found: &mut Vec<u32>, counts: &mut [u32]) {
        let rows = words.chunks_exact(ID + ORDERED);
        let mut counted = |member: u32| {
            counts[member as usize] += 1;
            member
        };
        match &self.customers.ids {
            Ids::Integer(_) if !self.of_rests.is_empty() => found.extend(rows.map(|row| counted(self.of_rest(row[0])))),
            Ids::Integer(_) if ID == 1 => found.extend(rows.map(|row| counted(self.find(row[0])))),
            Ids::Integer(ids) => found.extend(rows.map(|row| {
                let offset = u64::from(row[0]) | u64::from(row[1]) << 32;
                let id = self.lowest_id.wrapping_add(offset as i64);
                counted(self.find_same(wide_key(offset), |member| ids[self.places[member] as usize] == id))
            })),
            Ids::Text { .. } => {
                let of_row = |row: &[u32]| self.find_same(row[0], |member| self.fingerprints[member] == row[..ID]);
                found.extend(rows.map(|row| counted(of_row(row))));
            }
        }
    }
}

/// 32 bits that stand for an id of more.
#[inline]
fn wide_key(offset: u64) -> u32 {
    mixed(offset) as u32
}

/// Keeps the first of rows equal in everything read, and returns how many went.
fn drop_duplicates<const ORDERED: usize>(rows: &mut [[u32; ORDERED]], starts: &mut [u32]) -> u64 {
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
    (start - kept) as u64
}
