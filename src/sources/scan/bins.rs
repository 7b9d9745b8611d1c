//! Bins: where the scan puts its rows, by signal and partition.
//!
//! A thread hands its rows over a batch at a time: those of all partitions, one partition behind the other. They are
//! appended to the thread's slab, which has a part for each range of partitions. When the last partition of a range has
//! been worked on, its parts of all slabs are free, and the features of the next ones take their place.
//!
//! Under a memory limit every batch has a slab of its own, and these lie in memory while the budget lasts. When it is
//! exceeded, one thread writes whatever all bins hold to a scratch file, partition after partition, so that a partition
//! is read back in a few long pieces; the others wait if they too have a batch to hand over. If anything was written,
//! the rest is written at the end of the scan as well: the memory is then free for the features.

use super::packing::Packing;
use super::row_layout::RowLayout;
use crate::error::{Error, Result};
use crate::memory::{Budget, Memory, Pages, Scratch, MIB};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

/// Bytes gathered before they are written.
const BUFFER: usize = 8 * MIB as usize;

/// Ranges of partitions.
const RANGES: usize = 8;

/// Rows of one signal from one thread, in the order of their files: that of time as a rule.
#[derive(Debug)]
struct Batch {
    signal: usize,
    /// The task of its first row: batches in this order are nearly in that of the files.
    task: usize,
    /// How they are packed.
    packing: Packing,
    /// Where each partition's words begin among all of the batch; one more entry than partitions.
    starts: Vec<u32>,
    /// By range of partitions, where the batch's words begin in the slab's.
    at: Vec<usize>,
    /// The place of the slab among all.
    slab: usize,
}

impl Batch {
    /// How many words a partition has.
    fn words(&self, partition: usize) -> usize {
        (self.starts[partition + 1] - self.starts[partition]) as usize
    }

    /// A partition's words, in those of its range.
    fn within<'a>(&self, range: &'a [u32], partition: usize) -> &'a [u32] {
        let in_range = in_range(self.starts.len() - 1);
        let first = self.starts[partition / in_range * in_range];
        let start = self.at[partition / in_range] + (self.starts[partition] - first) as usize;
        &range[start..start + self.words(partition)]
    }
}

/// Where the rows of a batch come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub signal: usize,
    /// The task of its first row.
    pub task: usize,
}

/// Memory of one thread's batches, one behind the other: a part for each range of partitions.
#[derive(Debug, Default)]
pub(super) struct Slab {
    batches: Vec<Batch>,
    parts: Vec<Pages>,
    /// Words in use, by part.
    used: Vec<usize>,
}

impl Slab {
    /// An empty one, with room for so many words by part, and for more unless it is for them `alone`.
    fn new(memory: &Memory, words: &[usize], alone: bool) -> Slab {
        let pages = if alone { Pages::new } else { Pages::roomy };
        let parts = words.iter().map(|words| pages(memory, size_of::<u32>() * words)).collect();
        Slab { batches: Vec::new(), parts, used: vec![0; words.len()] }
    }

    fn has_room(&self, words: &[usize]) -> bool {
        let mut parts = self.parts.iter().zip(&self.used).zip(words);
        !self.parts.is_empty() && parts.all(|((part, used), words)| size_of::<u32>() * (used + words) <= part.bytes())
    }

    /// Appends packed rows, an entry a partition, for which there is room.
    fn push(&mut self, Origin { signal, task }: Origin, packing: Packing, partitions: &[Vec<u32>]) {
        let mut starts = Vec::with_capacity(partitions.len() + 1);
        starts.push(0);
        let mut end = 0;
        starts.extend(partitions.iter().map(|words| {
            end += words.len() as u32;
            end
        }));
        let at = self.used.clone();
        let ranges = partitions.chunks(in_range(partitions.len()));
        for ((range, part), used) in ranges.zip(&mut self.parts).zip(&mut self.used) {
            let part = part.of_mut();
            for words in range {
                part[*used..*used + words.len()].copy_from_slice(words);
                *used += words.len();
            }
        }
        self.batches.push(Batch { signal, task, packing, starts, at, slab: 0 });
    }

    fn bytes(&self) -> u64 {
        let starts: usize = self.batches.iter().map(|batch| size_of::<Batch>() + 4 * batch.starts.capacity()).sum();
        (starts + self.parts.iter().map(Pages::bytes).sum::<usize>()) as u64
    }
}

/// Partitions in a range.
fn in_range(partitions: usize) -> usize {
    partitions.div_ceil(RANGES)
}

/// Some rows, packed alike.
#[derive(Debug)]
pub(super) struct PackedRows<'a> {
    pub packing: Packing,
    pub words: &'a [u32],
}

/// Rows of one signal and partition in the scratch file, batch after batch as they were packed: the batch's place among
/// [`Written::packings`], the number of its words, the words.
#[derive(Clone, Copy, Debug)]
struct Extent {
    at: u64,
    words: usize,
    /// Words of the rows if they were wide.
    wide: usize,
}

/// Where rows are put while the scan goes on.
#[derive(Debug)]
pub(super) struct Bins {
    partitions: usize,
    /// By signal.
    layouts: Vec<RowLayout>,
    slabs: Mutex<Vec<Slab>>,
    budget: Budget,
    /// Whoever writes to it holds the lock.
    written: Mutex<Option<Written>>,
}

/// The rows in the scratch file.
#[derive(Debug)]
struct Written {
    scratch: Scratch,
    /// By signal, how the batches are packed.
    packings: Vec<Vec<Packing>>,
    /// By signal, then partition, in the order of writing.
    extents: Vec<Vec<Vec<Extent>>>,
}

/// The rows of all signals after the scan, by partition.
#[derive(Debug)]
pub(super) struct Binned {
    partitions: usize,
    /// By signal.
    layouts: Vec<RowLayout>,
    /// By signal, in the order of their files.
    batches: Vec<Vec<Batch>>,
    slabs: usize,
    ranges: Vec<PartitionRange>,
    written: Option<Written>,
}

/// A range of partitions.
#[derive(Debug)]
struct PartitionRange {
    /// Its partitions that are still to be worked on.
    left: AtomicUsize,
    parts: RwLock<Parts>,
}

/// A range's parts of all slabs.
type Parts = Vec<Pages>;

impl Bins {
    /// Empty ones, of what they may hold in memory.
    pub fn new(layouts: Vec<RowLayout>, partitions: usize, budget: Budget) -> Bins {
        Bins { partitions, layouts, slabs: Mutex::default(), budget, written: Mutex::new(None) }
    }

    /// Puts a signal's rows into the bins, an entry a partition, by way of the thread's slab.
    ///
    /// # Errors
    /// As [`Bins::keep`].
    pub fn put(&self, slab: &mut Slab, origin: Origin, packing: Packing, partitions: &[Vec<u32>]) -> Result<()> {
        let ranges = partitions.chunks(in_range(self.partitions));
        let words: Vec<usize> = ranges.map(|range| range.iter().map(Vec::len).sum()).collect();
        let limited = self.budget.limit().is_some();
        if !slab.has_room(&words) {
            self.keep(std::mem::replace(slab, Slab::new(self.budget.memory(), &words, limited)))?;
        }
        slab.push(origin, packing, partitions);
        if limited {
            // What has to be written soon should not wait.
            self.keep(std::mem::take(slab))?;
        }
        Ok(())
    }

    /// Does without bytes of what they may hold, for good.
    pub fn spare(&self, bytes: u64) {
        self.budget.force(bytes);
    }

    /// Keeps a slab to which nothing will be added.
    ///
    /// # Errors
    /// [`Error::Temporary`](crate::Error::Temporary) when it has to be written and the disk is full.
    pub fn keep(&self, slab: Slab) -> Result<()> {
        if slab.batches.is_empty() {
            return Ok(());
        }
        let left = self.budget.force(slab.bytes());
        lock(&self.slabs).push(slab);
        if left {
            return Ok(());
        }
        let mut written = lock(&self.written);
        // Another thread may have made room in the meantime.
        if self.budget.exceeded() {
            self.write_out(&mut written)?;
        }
        Ok(())
    }

    /// Ends the scan.
    ///
    /// # Errors
    /// As [`Bins::keep`].
    pub fn finish(self) -> Result<Binned> {
        let mut written = lock(&self.written).take();
        if written.is_some() {
            self.write_out(&mut written)?;
        }

        let mut slabs = std::mem::take(&mut *lock(&self.slabs));
        let batches = self.in_order(&mut slabs);
        let in_range = in_range(self.partitions);
        let mut parts: Vec<_> = slabs.into_iter().map(|slab| slab.parts.into_iter()).collect();
        let ranges = (0..self.partitions).step_by(in_range).map(|first| {
            let left = AtomicUsize::new(in_range.min(self.partitions - first));
            PartitionRange { left, parts: RwLock::new(parts.iter_mut().filter_map(Iterator::next).collect()) }
        });
        let ranges = ranges.collect();
        Ok(Binned { partitions: self.partitions, layouts: self.layouts, batches, slabs: parts.len(), ranges, written })
    }

    /// The batches of slabs, by signal, in the order of their files.
    fn in_order(&self, slabs: &mut [Slab]) -> Vec<Vec<Batch>> {
        let mut batches: Vec<Vec<Batch>> = self.layouts.iter().map(|_| Vec::new()).collect();
        for (slab, of_slab) in slabs.iter_mut().enumerate() {
            of_slab.batches.drain(..).for_each(|batch| batches[batch.signal].push(Batch { slab, ..batch }));
        }
        batches.iter_mut().for_each(|batches| batches.sort_by_key(|batch| batch.task));
        batches
    }

    fn write_out(&self, written: &mut Option<Written>) -> Result<()> {
        let Written { scratch, packings, extents } = match written {
            Some(written) => written,
            None => written.insert(Written {
                scratch: Scratch::create(self.budget.memory())?,
                packings: vec![Vec::new(); self.layouts.len()],
                extents: vec![vec![Vec::new(); self.partitions]; self.layouts.len()],
            }),
        };

        let mut slabs = std::mem::take(&mut *lock(&self.slabs));
        let bytes = slabs.iter().map(Slab::bytes).sum();
        let batches = self.in_order(&mut slabs);
        let firsts: Vec<u32> = packings.iter().map(|packings| packings.len() as u32).collect();
        for (packings, batches) in packings.iter_mut().zip(&batches) {
            packings.extend(batches.iter().map(|batch| batch.packing));
        }

        let mut buffer: Vec<u32> = Vec::with_capacity((BUFFER + BUFFER / 8) / size_of::<u32>());
        // The rows in the buffer: signal, partition, and where they will be from the buffer's first on.
        let mut pieces: Vec<(usize, usize, Extent)> = Vec::new();
        for partition in 0..self.partitions {
            for (signal, (batches, layout)) in batches.iter().zip(&self.layouts).enumerate() {
                let (before, mut wide) = (buffer.len(), 0);
                for (batch, place) in
                    batches.iter().zip(firsts[signal]..).filter(|(batch, _)| batch.words(partition) > 0)
                {
                    let words =
                        batch.within(slabs[batch.slab].parts[partition / in_range(self.partitions)].of(), partition);
                    buffer.extend([place, words.len() as u32]);
                    buffer.extend_from_slice(words);
                    wide += words.len() / batch.packing.words(layout) * layout.words();
                }
                let (at, words) = ((size_of::<u32>() * before) as u64, buffer.len() - before);
                pieces.push((signal, partition, Extent { at, words, wide }));
            }
            if size_of::<u32>() * buffer.len() >= BUFFER || partition + 1 == self.partitions {
                let first = scratch.append(bytemuck::cast_slice(&buffer))?;
                for (signal, partition, extent) in pieces.drain(..).filter(|(.., extent)| extent.words > 0) {
                    extents[signal][partition].push(Extent { at: first + extent.at, ..extent });
                }
                buffer.clear();
            }
        }
        self.budget.give_back(bytes);
        Ok(())
    }
}

impl Binned {
    /// Bytes in the scratch file.
    pub fn written(&self) -> u64 {
        self.written.as_ref().map_or(0, |written| written.scratch.bytes())
    }

    /// Bytes of each partition's rows, wide.
    pub fn sizes(&self) -> Vec<u64> {
        (0..self.partitions).map(|partition| (size_of::<u32>() * self.wide_words(partition)) as u64).collect()
    }

    fn wide_words(&self, partition: usize) -> usize {
        let held = self.batches.iter().zip(&self.layouts).flat_map(|(batches, layout)| {
            let rows = move |batch: &Batch| batch.words(partition) / batch.packing.words(layout);
            batches.iter().map(move |batch| rows(batch) * layout.words())
        });
        let extents = self.written.iter().flat_map(|written| &written.extents);
        let written = extents.flat_map(|of_signal| &of_signal[partition]).map(|extent| extent.wide);
        held.chain(written).sum()
    }

    /// The rows of a partition, as long as this is held.
    pub fn partition(&self, partition: usize) -> PartitionWords<'_> {
        let range = &self.ranges[partition / in_range(self.partitions)];
        PartitionWords { binned: self, partition, parts: range.parts.read().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Gives up a partition's rows, for which nobody will ask again.
    pub fn done(&self, partition: usize) {
        let range = &self.ranges[partition / in_range(self.partitions)];
        if range.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            *range.parts.write().unwrap_or_else(PoisonError::into_inner) = Vec::new();
        }
    }
}

/// The rows of one partition.
pub(super) struct PartitionWords<'a> {
    binned: &'a Binned,
    partition: usize,
    parts: RwLockReadGuard<'a, Parts>,
}

impl PartitionWords<'_> {
    /// Those of one signal, in pieces, nearly in the order of their files; `read` is for those that lie in the scratch
    /// file.
    ///
    /// # Errors
    /// [`Error::Temporary`] when they cannot be read.
    pub fn pieces<'p>(&'p self, signal: usize, read: &'p mut Vec<u32>) -> Result<Vec<PackedRows<'p>>> {
        let batches = &self.binned.batches[signal];
        let mut pieces = Vec::with_capacity(batches.len());
        if let Some(Written { scratch, packings, extents }) = &self.binned.written {
            let extents = &extents[signal][self.partition];
            read.resize(extents.iter().map(|extent| extent.words).sum(), 0);
            let mut rest = read.as_mut_slice();
            for &Extent { at, words, .. } in extents {
                let (here, later) = rest.split_at_mut(words);
                scratch.read(at, bytemuck::cast_slice_mut(here))?;
                rest = later;
            }

            let mut rest = read.as_slice();
            while let [place, words, later @ ..] = rest {
                let (words, later) = later.split_at(*words as usize);
                pieces.push(PackedRows { packing: packings[signal][*place as usize], words });
                rest = later;
            }
        }

        if self.parts.len() != self.binned.slabs {
            return Err(Error::Internal(format!("partition {} is worked on twice", self.partition)));
        }

        pieces.extend(batches.iter().map(|batch| PackedRows {
            packing: batch.packing,
            words: batch.within(self.parts[batch.slab].of(), self.partition),
        }));
        Ok(pieces)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::packing::KeyLayout;
    use super::*;

    /// Appends the rows of a piece as wide ones.
    fn widen(piece: &PackedRows<'_>, layout: &RowLayout, out: &mut Vec<u32>) {
        let Packing::Compact(keys) = piece.packing else {
            out.extend_from_slice(piece.words);
            return;
        };
        for row in piece.words.chunks_exact(layout.compact_words()) {
            out.extend([keys.rest(row[0]), keys.second(row[0])]);
            out.extend_from_slice(&row[1..]);
            out.extend(layout.coded().then(|| keys.code(row[0])));
        }
    }

    #[test]
    fn rows_come_back_in_order_whether_or_not_they_were_written() {
        let layout = RowLayout { fraction: false, value_words: 0, category: true, instrument: false };
        let keys = KeyLayout::fitting(4, 6, (0, 1000)).unwrap();

        // Rows of an id's rest, a second and a code: 100 for partition 0, none for partition 1, 50 for partition 2.
        // Every other batch is compact.
        let row = |task: usize, place: usize| [place as u32 % 16, (1000 * task + place) as u32, place as u32 % 6];
        let batch = |task: usize| {
            let rows = (0..150).map(|place| row(task, place));
            let (packing, words): (_, Vec<u32>) = match task % 2 {
                0 => (Packing::Wide, rows.flatten().collect()),
                _ => (Packing::Compact(keys), rows.map(|[rest, second, code]| keys.pack(rest, code, second)).collect()),
            };
            let (first, third) = words.split_at(words.len() / 150 * 100);
            (packing, [first.to_vec(), Vec::new(), third.to_vec()])
        };

        for limit in [None, Some(0), Some(3000), Some(1 << 30)] {
            let bins = Bins::new(vec![layout; 3], 3, Memory::unlimited().budget(limit));
            // Of two threads.
            for tasks in [[1, 3], [0, 2]] {
                let mut slab = Slab::default();
                for (task, signal) in tasks.into_iter().flat_map(|task| [(task, 0), (task, 2)]) {
                    let (packing, partitions) = batch(task);
                    bins.put(&mut slab, Origin { signal, task }, packing, &partitions).unwrap();
                }
                bins.keep(slab).unwrap();
            }
            let binned = bins.finish().unwrap();
            // Half of the batches are wide, and of each the rows of two partitions have two words of their own.
            let (all, packed) = (8 * 150 * 12, 4 * 150 * 12 + 4 * 150 * 4 + 8 * 2 * 8);
            assert_eq!(
                binned.written(),
                if limit.is_some_and(|limit| limit <= 3000) { packed } else { 0 },
                "{limit:?}"
            );
            assert_eq!(binned.sizes(), [all / 3 * 2, 0, all / 3]);
            let rows = |signal, partition| {
                let mut words = Vec::new();
                let partition = binned.partition(partition);
                let mut read = Vec::new();
                let pieces = partition.pieces(signal, &mut read).unwrap();
                pieces.iter().for_each(|piece| widen(piece, &layout, &mut words));
                words.as_chunks::<3>().0.to_vec()
            };
            for signal in [0, 2] {
                for (partition, places) in [(0, 0..100), (1, 100..100), (2, 100..150)] {
                    let mut found = rows(signal, partition);
                    if limit.is_none_or(|limit| limit > 3000) {
                        assert!(found.is_sorted_by_key(|row| row[1]), "{limit:?}");
                    }
                    found.sort_unstable_by_key(|row| row[1]);
                    let expected: Vec<[u32; 3]> =
                        (0..4).flat_map(|task| places.clone().map(move |place| row(task, place))).collect();
                    assert_eq!(found, expected, "{limit:?}");
                }
            }
            assert!(rows(1, 0).is_empty());
        }
    }

    #[test]
    fn a_range_goes_when_its_last_partition_is_done() {
        let layout = RowLayout { fraction: false, value_words: 0, category: false, instrument: false };
        // Two partitions a range.
        let partitions = 2 * RANGES;
        let bins = Bins::new(vec![layout], partitions, Memory::unlimited().budget(None));
        let words = |partition: usize| vec![partition as u32; 100];

        for task in 0..2 {
            let mut slab = Slab::default();
            let all: Vec<Vec<u32>> = (0..partitions).map(words).collect();
            bins.put(&mut slab, Origin { signal: 0, task }, Packing::Wide, &all).unwrap();
            bins.keep(slab).unwrap();
        }

        let binned = bins.finish().unwrap();
        for partition in 0..partitions {
            let (rows, mut read) = (binned.partition(partition), Vec::new());
            let pieces = rows.pieces(0, &mut read).unwrap();
            assert!(pieces.len() == 2 && pieces.iter().all(|piece| *piece.words == words(partition)));
            drop(pieces);
            drop(rows);
            binned.done(partition);
            assert_eq!(binned.partition(partition).pieces(0, &mut read).is_err(), partition % 2 == 1);
        }
    }
}
