//! Scattering: a thread decodes rows, has them checked (see [`super::checker`]), and appends each to its own buffer for
//! the partition of the id. The buffers of all partitions are small enough to stay in the second-level cache; when they
//! are full, they go to memory one behind the other.
//!
//! One loop writes the rows of a batch, with the number of words known to the compiler.

use super::bins::{Bins, Origin, Slab};
use super::checker::{CheckedRows, RowChecker};
use super::contract::SignalContract;
use super::customer_index::CustomerIndex;
use super::packing::{KeyLayout, Packing};
use super::plan::Task;
use super::row_layout::RowLayout;
use super::signal::RowCounts;
use super::vector::{self, LEFT_OUT};
use crate::calendar::Zone;
use crate::error::{Error, Result};
use crate::numeric::vectorised;
use arrow_array::RecordBatch;

/// Rows decoded at a time.
const BATCH_ROWS: usize = 16_384;
/// Rows scattered at a time: their columns stay in the cache.
const SCATTERED_ROWS: usize = 2048;
/// Words that a partition's buffer keeps room for.
const MOST_KEPT: usize = 16_384;

/// What all threads of a scan share.
pub(super) struct Scanner<'a> {
    /// By signal.
    pub contracts: &'a [SignalContract<'a>],
    pub customers: &'a CustomerIndex,
    pub bins: &'a Bins,
    pub zone: &'a Zone,
    /// Words that a thread gathers before it hands them over.
    pub most_words: usize,
}

/// One thread's part of a scan.
pub(super) struct Worker<'a> {
    contracts: &'a [SignalContract<'a>],
    /// By signal.
    checkers: Vec<RowChecker<'a>>,
    counts: Vec<RowCounts>,
    buffers: Buffers<'a>,
}

impl<'a> Worker<'a> {
    pub fn new(scanner: &'a Scanner<'a>) -> Worker<'a> {
        let checker = |contract| RowChecker::new(contract, scanner.customers, scanner.zone);
        Worker {
            contracts: scanner.contracts,
            checkers: scanner.contracts.iter().map(checker).collect(),
            counts: vec![RowCounts::default(); scanner.contracts.len()],
            buffers: Buffers::new(scanner),
        }
    }

    /// Decodes the rows of the task at the place `index` and returns how many there are.
    pub fn run(&mut self, index: usize, task: &Task<'_>) -> Result<u64> {
        let Task { signal, piece } = task;
        self.scatter(index, *signal, piece.read(&self.contracts[*signal].needs, BATCH_ROWS)?)
    }

    /// Checks and scatters rows of a signal, which are those of the task at the place `index`, and returns how many
    /// there are.
    pub fn scatter(
        &mut self,
        index: usize,
        signal: usize,
        batches: impl Iterator<Item = Result<RecordBatch>>,
    ) -> Result<u64> {
        let contract = &self.contracts[signal];
        let (checker, counts) = (&mut self.checkers[signal], &mut self.counts[signal]);
        self.buffers.begin_task(index, signal)?;

        let before = counts.read;
        for batch in batches {
            let batch = batch?;
            for first in (0..batch.num_rows()).step_by(SCATTERED_ROWS) {
                let rows = checker.check(&batch.slice(first, SCATTERED_ROWS.min(batch.num_rows() - first)))?;
                counts.merge(&rows.counts);
                self.buffers.append(rows, &contract.layout)?;
            }
            self.buffers.bins.spare(contract.category_growth()?);
            self.buffers.hand_over_if_full()?;
        }
        Ok(counts.read - before)
    }

    /// Hands over what is left, and says what became of each signal's rows.
    pub fn finish(mut self) -> Result<Vec<RowCounts>> {
        self.buffers.hand_over()?;
        self.buffers.bins.keep(self.buffers.slab)?;
        Ok(self.counts)
    }
}

/// One thread's rows by partition. Between two signals they are handed over, so that they are those of one signal only.
struct Buffers<'a> {
    bins: &'a Bins,
    rest_bits: Option<u32>,
    most_words: usize,
    signal: usize,
    /// The task at hand.
    current: usize,
    /// The first task since the buffers were emptied, the words in them now, and how these are packed.
    task: usize,
    held: usize,
    packing: Packing,
    /// Packed rows by partition.
    words: Vec<Vec<u32>>,
    /// Where they go when they are handed over.
    slab: Slab,
}

impl<'a> Buffers<'a> {
    fn new(scanner: &Scanner<'a>) -> Buffers<'a> {
        Buffers {
            bins: scanner.bins,
            rest_bits: scanner.customers.rest_bits(),
            most_words: scanner.most_words,
            signal: 0,
            current: 0,
            task: 0,
            held: 0,
            packing: Packing::Wide,
            words: vec![Vec::new(); scanner.customers.partitioning.count()],
            slab: Slab::default(),
        }
    }

    /// Says that the rows of another task follow.
    fn begin_task(&mut self, index: usize, signal: usize) -> Result<()> {
        // What is left of a task is handed over with its like, unless it is little, so that rows can be put in the
        // order of their files.
        self.current = index;
        if signal != self.signal || self.held_enough() {
            self.hand_over()?;
            self.signal = signal;
        }
        Ok(())
    }

    /// Whether a batch of what is in the buffers would not be little.
    fn held_enough(&self) -> bool {
        self.held >= self.most_words / 8
    }

    fn hand_over_if_full(&mut self) -> Result<()> {
        if self.held < self.most_words {
            return Ok(());
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> Result<()> {
        if self.held == 0 {
            return Ok(());
        }

        let origin = Origin { signal: self.signal, task: self.task };
        self.bins.put(&mut self.slab, origin, self.packing, &self.words)?;
        for words in &mut self.words {
            // One customer's flood is not what the buffer will need again.
            words.clear();
            words.shrink_to(MOST_KEPT);
        }
        self.held = 0;
        Ok(())
    }

    /// Appends the rows that are kept to the buffers of their partitions.
    fn append(&mut self, rows: CheckedRows<'_>, layout: &RowLayout) -> Result<()> {
        if rows.counts.kept == 0 {
            return Ok(());
        }

        self.choose_packing(&rows)?;
        if let Packing::Compact(keys) = &self.packing {
            put_keys(keys, rows.words, layout);
        }
        // Packed keys are in the place of seconds, behind the ids.
        let columns = &rows.words[usize::from(self.packing != Packing::Wide)..];
        let words = self.packing.words(layout);
        match words {
            1 => self.write::<1>(rows.partitions, columns),
            2 => self.write::<2>(rows.partitions, columns),
            3 => self.write::<3>(rows.partitions, columns),
            4 => self.write::<4>(rows.partitions, columns),
            5 => self.write::<5>(rows.partitions, columns),
            6 => self.write::<6>(rows.partitions, columns),
            7 => self.write::<7>(rows.partitions, columns),
            words => return Err(Error::Internal(format!("a row of {words} words"))),
        }
        self.held += rows.counts.kept as usize * words;
        Ok(())
    }

    /// Chooses a packing that fits the rows at hand; if it is another than that of the rows held, these are handed
    /// over.
    fn choose_packing(&mut self, rows: &CheckedRows<'_>) -> Result<()> {
        let fits = match &self.packing {
            Packing::Wide => true,
            Packing::Compact(keys) => keys.fits(rows.codes, rows.seconds),
        };
        if self.held > 0 && fits {
            return Ok(());
        }

        // Little has been held for want of order: then the next batch is of any.
        let orderly = self.held == 0 || self.held_enough();
        self.hand_over()?;
        self.task = self.current;
        let keys =
            self.rest_bits.filter(|_| orderly).and_then(|bits| KeyLayout::fitting(bits, rows.codes, rows.seconds));
        self.packing = keys.map_or(Packing::Wide, Packing::Compact);
        Ok(())
    }

    /// Appends each row of `W` words to the buffer of its partition.
    fn write<const W: usize>(&mut self, partitions: &[u32], columns: &[Vec<u32>]) {
        let rows = partitions.len();
        let columns: [&[u32]; W] = std::array::from_fn(|word| &columns[word][..rows]);
        for (row, &partition) in partitions.iter().enumerate() {
            if partition != LEFT_OUT {
                let packed: [u32; W] = std::array::from_fn(|word| columns[word][row]);
                self.words[partition as usize].extend_from_slice(&packed);
            }
        }
    }
}

/// Puts packed keys in the place of the seconds of rows.
fn put_keys(keys: &KeyLayout, words: &mut [Vec<u32>], layout: &RowLayout) {
    let [rests, seconds, others @ ..] = words else { return };
    let codes = others.last().filter(|_| layout.coded()).map(Vec::as_slice);
    vectorised!(vector::put_keys(keys, rests, codes, seconds));
}
