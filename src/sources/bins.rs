//! Bins: where the scan puts its rows, by signal and partition.
//!
//! A thread hands its rows over a batch at a time: those of all partitions, one partition behind the other in one piece of
//! memory. Batches lie in memory while the budget lasts. When it is exceeded, one thread writes whatever all bins hold to a
//! scratch file, partition after partition, so that a partition is read back in a few long pieces; the others wait if they
//! too have a batch to hand over. Was anything written, the rest is written at the end of the scan as well: the memory
//! is then free for the features.

use crate::error::Result;
use crate::memory::{Budget, Scratch, MIB};
use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

/// Bytes gathered before they are written.
const BUFFER: usize = 8 * MIB as usize;

/// Rows of one signal from one thread, in the order of their files: that of time as a rule.
#[derive(Debug)]
pub(super) struct Batch {
    /// The task of its first row: batches in this order are nearly in that of the files.
    pub task: usize,
    /// The packed rows, partition after partition.
    pub words: Vec<u32>,
    /// Where each partition's words begin; one more entry than partitions.
    pub starts: Vec<u32>,
}

impl Batch {
    fn of(&self, partition: usize) -> &[u32] {
        &self.words[self.starts[partition] as usize..self.starts[partition + 1] as usize]
    }

    fn bytes(&self) -> u64 {
        (4 * (self.words.capacity() + self.starts.capacity()) + size_of::<Batch>()) as u64
    }
}

/// Rows in the scratch file.
#[derive(Clone, Copy, Debug)]
struct Extent {
    at: u64,
    words: usize,
}

/// Where rows are put while the scan goes on.
#[derive(Debug)]
pub(super) struct Bins {
    partitions: usize,
    /// By signal.
    batches: Vec<Mutex<Vec<Batch>>>,
    budget: Budget,
    /// Whoever writes to it holds the lock.
    written: Mutex<Option<Written>>,
}

/// The rows in the scratch file.
#[derive(Debug)]
struct Written {
    scratch: Scratch,
    /// By signal, then partition, in the order of writing.
    extents: Vec<Vec<Vec<Extent>>>,
}

/// The rows of all signals after the scan, by partition.
#[derive(Debug)]
pub(super) struct Binned {
    partitions: usize,
    /// By signal, in the order of their files.
    batches: Vec<Vec<Batch>>,
    written: Option<Written>,
}

impl Bins {
    /// Empty ones. `limit` is what they may hold in memory, in bytes.
    pub fn new(signals: usize, partitions: usize, limit: Option<u64>) -> Bins {
        let batches = (0..signals).map(|_| Mutex::default()).collect();
        Bins { partitions, batches, budget: Budget::of(limit), written: Mutex::new(None) }
    }

    /// Puts a batch of a signal's rows into the bins.
    ///
    /// # Errors
    /// [`Error::Temporary`](crate::Error::Temporary) when it has to be written and the disk is full.
    pub fn put(&self, signal: usize, batch: Batch) -> Result<()> {
        let left = self.budget.force(batch.bytes());
        lock(&self.batches[signal]).push(batch);
        if left {
            return Ok(());
        }
        let mut written = lock(&self.written);
        // Another thread may have made room in the meantime.
        match self.budget.exceeded() {
            true => self.write_out(&mut written),
            false => Ok(()),
        }
    }

    /// Ends the scan.
    ///
    /// # Errors
    /// As [`Bins::put`].
    pub fn finish(self) -> Result<Binned> {
        let mut written = lock(&self.written).take();
        if written.is_some() {
            self.write_out(&mut written)?;
        }
        let batches = self.batches.iter().map(ordered).collect();
        Ok(Binned { partitions: self.partitions, batches, written })
    }

    fn write_out(&self, written: &mut Option<Written>) -> Result<()> {
        let Written { scratch, extents } = match written {
            Some(written) => written,
            None => written.insert(Written {
                scratch: Scratch::create()?,
                extents: vec![vec![Vec::new(); self.partitions]; self.batches.len()],
            }),
        };
        let batches: Vec<Vec<Batch>> = self.batches.iter().map(ordered).collect();
        let mut buffer: Vec<u32> = Vec::with_capacity((BUFFER + BUFFER / 8) / size_of::<u32>());
        // The rows in the buffer: signal, partition, and the number of their words.
        let mut pieces: Vec<(usize, usize, usize)> = Vec::new();
        for partition in 0..self.partitions {
            for (signal, batches) in batches.iter().enumerate() {
                let before = buffer.len();
                batches.iter().for_each(|batch| buffer.extend_from_slice(batch.of(partition)));
                pieces.push((signal, partition, buffer.len() - before));
            }
            if size_of::<u32>() * buffer.len() >= BUFFER || partition + 1 == self.partitions {
                let mut at = scratch.append(bytemuck::cast_slice(&buffer))?;
                for (signal, partition, words) in pieces.drain(..).filter(|(.., words)| *words > 0) {
                    extents[signal][partition].push(Extent { at, words });
                    at += (size_of::<u32>() * words) as u64;
                }
                buffer.clear();
            }
        }
        self.budget.give_back(batches.iter().flatten().map(Batch::bytes).sum());
        Ok(())
    }
}

/// Takes batches out, in the order of their files.
fn ordered(batches: &Mutex<Vec<Batch>>) -> Vec<Batch> {
    let mut batches = std::mem::take(&mut *lock(batches));
    batches.sort_by_key(|batch| batch.task);
    batches
}

impl Binned {
    /// Bytes in the scratch file.
    pub fn written(&self) -> u64 {
        self.written.as_ref().map_or(0, |written| written.scratch.bytes())
    }

    /// Bytes of each partition's rows.
    pub fn sizes(&self) -> Vec<u64> {
        let of = |partition: usize| {
            let held = self.batches.iter().flatten().map(|batch| batch.of(partition).len());
            let extents = self.written.iter().flat_map(|written| &written.extents);
            let written = extents.flat_map(|of_signal| &of_signal[partition]).map(|extent| extent.words);
            (size_of::<u32>() * held.chain(written).sum::<usize>()) as u64
        };
        (0..self.partitions).map(of).collect()
    }

    /// A partition's rows of one signal, in pieces, nearly in the order of their files.
    ///
    /// # Errors
    /// [`Error::Temporary`](crate::Error::Temporary) when they lie in the scratch file and cannot be read.
    pub fn of(&self, signal: usize, partition: usize) -> Result<Vec<Cow<'_, [u32]>>> {
        let mut pieces = Vec::with_capacity(self.batches[signal].len());
        if let Some(Written { scratch, extents }) = &self.written {
            for &Extent { at, words } in &extents[signal][partition] {
                let mut piece = vec![0u32; words];
                scratch.read(at, bytemuck::cast_slice_mut(&mut piece))?;
                pieces.push(Cow::Owned(piece));
            }
        }
        pieces.extend(self.batches[signal].iter().map(|batch| Cow::Borrowed(batch.of(partition))));
        Ok(pieces)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_order_whether_or_not_they_were_written() {
        // 100 words for partition 0, none for partition 1, 50 for partition 2.
        let batch = |task: usize| {
            let first = 1000 * task as u32;
            Batch { task, words: (first..first + 150).collect(), starts: vec![0, 100, 100, 150] }
        };
        for limit in [None, Some(0), Some(1500), Some(1 << 30)] {
            let bins = Bins::new(3, 3, limit);
            for task in [1, 0, 3, 2] {
                bins.put(0, batch(task)).unwrap();
                bins.put(2, batch(task)).unwrap();
            }
            let binned = bins.finish().unwrap();
            let all = 8 * 150 * 4;
            assert_eq!(binned.written(), if limit.is_some_and(|limit| limit <= 1500) { all } else { 0 }, "{limit:?}");
            assert_eq!(binned.sizes(), [all / 3 * 2, 0, all / 3]);
            for signal in [0, 2] {
                for (partition, places) in [(0, 0..100), (1, 100..100), (2, 100..150)] {
                    let mut found: Vec<u32> = binned.of(signal, partition).unwrap().concat();
                    if limit.is_none_or(|limit| limit > 1500) {
                        assert!(found.is_sorted(), "{limit:?}");
                    }
                    found.sort_unstable();
                    let expected: Vec<u32> =
                        (0..4).flat_map(|task| places.clone().map(move |place| 1000 * task + place)).collect();
                    assert_eq!(found, expected, "{limit:?}");
                }
            }
            assert!(binned.of(1, 0).unwrap().concat().is_empty());
        }
    }
}
