//! One partition's rows, resolved to its customers and put in order.

use super::bins::PackedRows;
use super::packing::Packing;
use super::partition::Partitioning;
use super::row_layout::RowLayout;
use super::{EventStore, SignalStore};
use crate::error::{Error, Result};
use crate::numeric::{from_ordered_f32, from_ordered_f64, vectorised};
use prefetch_index::prefetch_index;
use std::ops::Range;
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
    pub values: RowValues,
    /// Category codes; [`NO_CATEGORY`](super::row_layout::NO_CATEGORY) is null. Empty without a category column.
    pub categories: Vec<u32>,
    /// Survey instruments, as positions in [`crate::config::Instrument::ALL`]. Empty unless the signal is a survey.
    pub instruments: Vec<u32>,
    /// Distinct category codes given out for the signal.
    pub category_count: u32,
}

/// The values of rows.
#[derive(Clone, Debug)]
pub enum RowValues {
    /// Where all of them are exact in 32 bits: half the memory to go through.
    Single(Vec<f32>),
    /// Where they may not be.
    Double(Vec<f64>),
}

impl Default for RowValues {
    fn default() -> RowValues {
        RowValues::Single(Vec::new())
    }
}

impl SignalRows {
    /// The rows of a member of the partition.
    pub fn rows(&self, member: usize) -> Range<usize> {
        self.starts[member] as usize..self.starts[member + 1] as usize
    }

    /// Fills the columns from rows that lie customer by customer, as `starts` says, and puts those of each customer in
    /// order. Returns how many exact duplicates were left out, if they are to be.
    ///
    /// Pieces come in the order of their files, and signals are written in that of time as a rule: then hardly any two
    /// rows of a customer are even of one second. `as_expected` tells whether the last ones were like that: it is about
    /// time, not results.
    fn fill<const ORDERED: usize>(
        &mut self,
        packed: &mut [[u32; ORDERED]],
        layout: &RowLayout,
        deduplicate: bool,
        as_expected: &mut bool,
    ) -> u64 {
        if *as_expected {
            self.clear();
            packed.chunks(FILLED_ROWS).for_each(|rows| self.append(rows, layout));
            if vectorised!(self.in_order()) {
                return 0;
            }
        }
        self.clear();
        *as_expected = true;

        let mut starts = std::mem::take(&mut self.starts);
        // The first row that is not in the columns yet, and the first of the customer at hand.
        let (mut first, mut start, mut gone) = (0, 0, 0);
        for end in &mut starts[1..] {
            let next = *end as usize;
            let rows = &mut packed[start..next];
            let mut kept = next;
            if !rows.is_sorted_by(|a, b| a[0] < b[0]) {
                *as_expected = false;
                kept = start + put_in_order(rows, deduplicate);
            }
            if kept < next || next - first >= FILLED_ROWS {
                self.append(&packed[first..kept], layout);
                first = next;
            }
            gone += next - kept;
            *end -= gone as u32;
            start = next;
        }

        self.append(&packed[first..start], layout);
        self.starts = starts;
        gone as u64
    }

    /// Whether each customer's rows are in the order of their seconds, no two of them of one.
    #[inline(always)]
    fn in_order(&self) -> bool {
        let seconds = self.seconds.as_slice();
        let mut back = 0u32;
        for (before, second) in seconds.iter().zip(seconds.get(1..).unwrap_or_default()) {
            back += u32::from(second <= before);
        }
        // Between customers they may go back.
        for range in self.starts.windows(2) {
            let (start, end) = (range[0] as usize, range[1] as usize);
            if 0 < start && start < end {
                back -= u32::from(seconds[start] <= seconds[start - 1]);
            }
        }
        back == 0
    }

    fn clear(&mut self) {
        self.seconds.clear();
        match &mut self.values {
            RowValues::Single(values) => values.clear(),
            RowValues::Double(values) => values.clear(),
        }
        self.categories.clear();
        self.instruments.clear();
    }

    /// Appends rows to the columns.
    fn append<const ORDERED: usize>(&mut self, rows: &[[u32; ORDERED]], layout: &RowLayout) {
        fn column<const N: usize, T>(rows: &[[u32; N]], out: &mut Vec<T>, of: impl Fn(&[u32; N]) -> T) {
            out.extend(rows.iter().map(of));
        }
        column(rows, &mut self.seconds, |row| row[0]);

        let at = layout.value_at();
        match &mut self.values {
            _ if layout.value_words == 0 => {}
            RowValues::Single(values) => column(rows, values, |row| from_ordered_f32(row[at])),
            RowValues::Double(values) => {
                column(rows, values, |row| from_ordered_f64(u64::from(row[at]) << 32 | u64::from(row[at + 1])));
            }
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

/// Rows that are put into columns at once, while what put them in order has left them in the cache.
const FILLED_ROWS: usize = 1024;
/// How many pieces before its own a piece is fetched.
const FETCHED: usize = 2;
/// Words in a line of the cache.
const LINE: usize = 16;
/// Rows before its own that a row's place is fetched.
const ROWS_FETCHED: usize = 16;

/// Brings the rows of one partition after the other to their customers, in memory that it keeps.
pub struct Resolver<'a> {
    store: &'a EventStore,
    /// The member of each row.
    members: Vec<u32>,
    /// Where each member's next row goes.
    next: Vec<u32>,
    /// Rows without their ids.
    packed: Vec<u32>,
    /// What was read from the scratch file.
    read: Vec<u32>,
    /// Of each signal, whether the rows of the partition before were in order.
    as_expected: Vec<bool>,
    rows: PartitionRows,
}

impl<'a> Resolver<'a> {
    /// For the partitions of `store`.
    pub fn new(store: &'a EventStore) -> Resolver<'a> {
        let signal = |signal: &SignalStore| SignalRows {
            values: match signal.layout.value_words {
                2 => RowValues::Double(Vec::new()),
                _ => RowValues::Single(Vec::new()),
            },
            ..SignalRows::default()
        };

        let none = vec![0; store.signals.len()];
        let signals = store.signals.iter().map(signal).collect();
        let rows = PartitionRows { signals, unknown: none.clone(), duplicates: none };
        let as_expected = vec![true; store.signals.len()];
        Resolver {
            store,
            members: Vec::new(),
            next: Vec::new(),
            packed: Vec::new(),
            read: Vec::new(),
            as_expected,
            rows,
        }
    }

    /// A partition's rows, with their ids resolved. A partition is resolved once: the store gives up what it holds of
    /// it.
    ///
    /// # Errors
    /// [`Error::Temporary`] when the rows lie in the scratch file and cannot be read.
    pub fn resolve(&mut self, partition: usize) -> Result<&PartitionRows> {
        let store = self.store;
        let members = Members::new(&store.partitioning, partition);
        let words = store.rows.partition(partition);
        let mut read = std::mem::take(&mut self.read);
        for signal in 0..store.signals.len() {
            let pieces = words.pieces(signal, &mut read)?;
            self.resolve_words(signal, pieces, &members)?;
            self.rows.signals[signal].category_count = store.categories[signal];
        }

        self.read = read;
        drop(words);
        store.rows.done(partition);
        Ok(&self.rows)
    }

    /// Brings a signal's rows to their customers, in order.
    fn resolve_words(&mut self, signal: usize, pieces: Vec<PackedRows<'_>>, members: &Members) -> Result<()> {
        match self.store.signals[signal].layout.ordered_words() {
            1 => self.resolve_signal::<1>(signal, pieces, members),
            2 => self.resolve_signal::<2>(signal, pieces, members),
            3 => self.resolve_signal::<3>(signal, pieces, members),
            4 => self.resolve_signal::<4>(signal, pieces, members),
            5 => self.resolve_signal::<5>(signal, pieces, members),
            6 => self.resolve_signal::<6>(signal, pieces, members),
            words => return Err(Error::Internal(format!("a row of {words} words without its customer"))),
        }
        Ok(())
    }

    /// Brings a signal's rows, of `ORDERED` words without the customer, to their customers, in order.
    fn resolve_signal<const ORDERED: usize>(&mut self, signal: usize, pieces: Vec<PackedRows<'_>>, members: &Members) {
        let store = self.store;
        let SignalStore { layout, deduplicate } = &store.signals[signal];
        let resolved = &mut self.rows.signals[signal];

        let unknown = members.count as usize;
        // Rows of ids that no customer has come behind the last customer's.
        let starts = &mut resolved.starts;
        starts.clear();
        starts.resize(unknown + 2, 0);
        let rows = |piece: &PackedRows<'_>| piece.words.len() / piece.packing.words(layout);

        // Whatever is in it is overwritten.
        self.members.resize(pieces.iter().map(rows).sum(), 0);
        let mut found = self.members.as_mut_slice();
        for (place, piece) in pieces.iter().enumerate() {
            // Pieces lie all over memory: the next ones are fetched while one is worked on.
            pieces.get(place + FETCHED).into_iter().for_each(|later| fetch(later.words));
            let (here, rest) = found.split_at_mut(rows(piece));
            let (words, counts) = (piece.words, &mut starts[1..]);
            match piece.packing {
                Packing::Wide => {
                    members.find(words.chunks_exact(1 + ORDERED).map(|row| row[0]), here, counts);
                }
                Packing::Compact(keys) if layout.coded() => {
                    members.find(words.chunks_exact(ORDERED - 1).map(move |row| keys.rest(row[0])), here, counts);
                }
                Packing::Compact(keys) => {
                    members.find(words.chunks_exact(ORDERED).map(move |row| keys.rest(row[0])), here, counts);
                }
            }
            found = rest;
        }

        for member in 0..=unknown {
            starts[member + 1] += starts[member];
        }

        self.next.clone_from(starts);
        self.packed.resize(self.members.len() * ORDERED, 0);
        let packed = self.packed.as_chunks_mut::<ORDERED>().0;
        let mut to = Places { members: self.members.iter(), next: &mut self.next, packed };
        for PackedRows { packing, words } in &pieces {
            match *packing {
                Packing::Wide => {
                    to.put(words.chunks_exact(1 + ORDERED), |row| std::array::from_fn(|word| row[1 + word]));
                }
                Packing::Compact(keys) if layout.coded() => {
                    to.put(words.chunks_exact(ORDERED - 1), move |row| keys.ordered::<ORDERED, true>(row));
                }
                Packing::Compact(keys) => {
                    to.put(words.chunks_exact(ORDERED), move |row| keys.ordered::<ORDERED, false>(row));
                }
            }
        }

        self.rows.unknown[signal] = u64::from(starts[unknown + 1] - starts[unknown]);
        starts.pop();
        let known = &mut packed[..starts[unknown] as usize];
        self.rows.duplicates[signal] = resolved.fill(known, layout, *deduplicate, &mut self.as_expected[signal]);
    }
}

/// Asks the machine to fetch some words.
fn fetch(words: &[u32]) {
    (0..words.len()).step_by(LINE).for_each(|at| prefetch_index(words, at));
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
        let (next, packed) = (&mut *self.next, &mut *self.packed);
        let ahead = self.members.as_slice();
        for (place, (row, &member)) in rows.zip(self.members.by_ref()).enumerate() {
            if let Some(&later) = ahead.get(place + ROWS_FETCHED) {
                prefetch_index(&*packed, next[later as usize] as usize);
            }
            let at = &mut next[member as usize];
            packed[*at as usize] = ordered(row);
            *at += 1;
        }
    }
}

/// The customers of one partition.
struct Members {
    count: u32,
    /// Of dense integer ids, the member of each rest: a table that is small enough to stay in cache. Of others, rows
    /// carry the member itself.
    of_rests: Option<Vec<u16>>,
}

impl Members {
    fn new(all: &Partitioning, partition: usize) -> Members {
        let count = all.members[partition].len() as u32;
        let of_rests = all.rest_bits().map(|bits| {
            // There are no more members than rests, and these are numbers of 15 bits.
            let mut of_rests = vec![count as u16; 1 << bits];
            for (member, &rest) in (0..).zip(&all.rests[partition]) {
                of_rests[usize::from(rest)] = member;
            }
            of_rests
        });
        Members { count, of_rests }
    }

    /// Finds the member of each row by what tells it from the others, and counts the row among those of the same
    /// member. One more than the last stands for ids that no customer has.
    #[inline(always)]
    fn find(&self, rests: impl Iterator<Item = u32>, found: &mut [u32], counts: &mut [u32]) {
        let unknown = self.count;
        match self.of_rests.as_deref() {
            Some(of_rests) => {
                for (found, rest) in found.iter_mut().zip(rests) {
                    *found = of_rests.get(rest as usize).map_or(unknown, |&member| u32::from(member));
                    counts[*found as usize] += 1;
                }
            }
            None => {
                for (found, member) in found.iter_mut().zip(rests) {
                    *found = member.min(unknown);
                    counts[*found as usize] += 1;
                }
            }
        }
    }
}

/// Puts rows of one customer in order and returns how many there are, without exact duplicates if these are to go.
fn put_in_order<const ORDERED: usize>(rows: &mut [[u32; ORDERED]], deduplicate: bool) -> usize {
    // What is in order forms runs: a sort that merges runs is the fast one here.
    rows.sort();
    if !deduplicate {
        return rows.len();
    }
    let mut kept = 1;
    for at in 1..rows.len() {
        if rows[at] != rows[kept - 1] {
            rows[kept] = rows[at];
            kept += 1;
        }
    }
    kept
}
