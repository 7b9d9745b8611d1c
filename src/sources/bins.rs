//! Bins: where the scan puts its rows, one for each signal and partition.
//!
//! Rows lie in memory while the budget lasts. When it is exceeded, one thread writes whatever all bins hold to a scratch
//! file, partition after partition, so that a partition is read back in a few long pieces; the others wait if they too
//! have a full chunk to hand over. Was anything written, the rest is written at the end of the scan as well: the memory
//! is then free for the features.

use crate::error::Result;
use crate::memory::{Budget, Scratch, MIB};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes gathered before they are written.
const BUFFER: usize = 8 * MIB as usize;

/// Rows of one signal for one partition, from one thread. In no particular order, but a thread meets rows mostly in the
/// order of their files, which is that of time as a rule.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// The thread.
    pub worker: usize,
    /// The packed rows.
    pub words: Vec<u32>,
}

impl Chunk {
    fn bytes(&self) -> u64 {
        (4 * self.words.capacity() + size_of::<Chunk>()) as u64
    }
}

/// Rows in the scratch file.
#[derive(Clone, Copy, Debug)]
struct Extent {
    at: u64,
    words: usize,
}

#[derive(Debug, Default)]
struct Bin {
    chunks: Vec<Chunk>,
    extents: Vec<Extent>,
}

/// All bins.
#[derive(Debug)]
pub(super) struct Bins {
    /// By signal, then partition.
    bins: Vec<Vec<Mutex<Bin>>>,
    budget: Budget,
    /// The scratch file, once there is one. Whoever writes to it holds the lock.
    scratch: Mutex<Option<Arc<Scratch>>>,
}

impl Bins {
    /// Empty ones. `limit` is what they may hold in memory, in bytes.
    pub fn new(signals: usize, partitions: usize, limit: Option<u64>) -> Bins {
        let bins = || (0..partitions).map(|_| Mutex::default()).collect();
        Bins { bins: (0..signals).map(|_| bins()).collect(), budget: Budget::of(limit), scratch: Mutex::new(None) }
    }

    /// Puts a chunk into its bin.
    ///
    /// # Errors
    /// [`Error::Temporary`](crate::Error::Temporary) when it has to be written and the disk is full.
    pub fn put(&self, signal: usize, partition: usize, chunk: Chunk) -> Result<()> {
        let left = self.budget.force(chunk.bytes());
        lock(&self.bins[signal][partition]).chunks.push(chunk);
        if left {
            return Ok(());
        }
        let mut scratch = lock(&self.scratch);
        // Another thread may have made room in the meantime.
        match self.budget.exceeded() {
            true => self.write_out(&mut scratch),
            false => Ok(()),
        }
    }

    /// Ends the scan: nothing more is put. Returns the bytes written.
    ///
    /// # Errors
    /// As [`Bins::put`].
    pub fn finish(&self) -> Result<u64> {
        let mut scratch = lock(&self.scratch);
        if scratch.is_some() {
            self.write_out(&mut scratch)?;
        }
        Ok(scratch.as_ref().map_or(0, |scratch| scratch.bytes()))
    }

    fn write_out(&self, scratch: &mut Option<Arc<Scratch>>) -> Result<()> {
        let scratch = match scratch {
            Some(scratch) => scratch,
            None => scratch.insert(Arc::new(Scratch::create()?)),
        };
        let mut buffer = Vec::with_capacity(BUFFER + BUFFER / 8);
        // The rows in the buffer, each piece with its bin and its place from the buffer's beginning.
        let mut pieces: Vec<(&Mutex<Bin>, Extent)> = Vec::new();
        let mut freed = 0;
        let partitions = self.bins.first().map_or(0, Vec::len);
        for partition in 0..partitions {
            for bin in self.bins.iter().map(|signal| &signal[partition]) {
                let mut chunks = std::mem::take(&mut lock(bin).chunks);
                chunks.sort_by_key(|chunk| chunk.worker);
                for of_worker in chunks.chunk_by(|a, b| a.worker == b.worker) {
                    let at = buffer.len() as u64;
                    of_worker.iter().for_each(|chunk| buffer.extend_from_slice(bytemuck::cast_slice(&chunk.words)));
                    let words = of_worker.iter().map(|chunk| chunk.words.len()).sum();
                    freed += of_worker.iter().map(Chunk::bytes).sum::<u64>();
                    pieces.push((bin, Extent { at, words }));
                }
            }
            if buffer.len() >= BUFFER || partition + 1 == partitions {
                let start = scratch.append(&buffer)?;
                for (bin, extent) in pieces.drain(..) {
                    lock(bin).extents.push(Extent { at: start + extent.at, ..extent });
                }
                self.budget.give_back(std::mem::take(&mut freed));
                buffer.clear();
            }
        }
        Ok(())
    }

    /// Bytes of each partition's rows.
    pub fn sizes(&self) -> Vec<u64> {
        let of = |bin: &Mutex<Bin>| {
            let bin = lock(bin);
            let held = bin.chunks.iter().map(|chunk| 4 * chunk.words.len()).sum::<usize>();
            let written = bin.extents.iter().map(|extent| 4 * extent.words).sum::<usize>();
            (held + written) as u64
        };
        let partitions = self.bins.first().map_or(0, Vec::len);
        (0..partitions).map(|partition| self.bins.iter().map(|signal| of(&signal[partition])).sum()).collect()
    }

    /// Takes the rows of a bin.
    ///
    /// # Errors
    /// [`Error::Temporary`](crate::Error::Temporary) when they lie in the scratch file and cannot be read.
    pub fn take(&self, signal: usize, partition: usize) -> Result<Vec<Chunk>> {
        let Bin { mut chunks, extents } = std::mem::take(&mut *lock(&self.bins[signal][partition]));
        chunks.sort_by_key(|chunk| chunk.worker);
        if extents.is_empty() {
            return Ok(chunks);
        }
        let Some(scratch) = lock(&self.scratch).clone() else { return Ok(chunks) };
        let mut all = Vec::with_capacity(extents.len() + chunks.len());
        for Extent { at, words } in extents {
            let mut chunk = Chunk { worker: 0, words: vec![0; words] };
            scratch.read(at, bytemuck::cast_slice_mut(&mut chunk.words))?;
            all.push(chunk);
        }
        all.extend(chunks);
        Ok(all)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(worker: usize, from: u32) -> Chunk {
        Chunk { worker, words: (from..from + 100).collect() }
    }

    #[test]
    fn rows_come_back_whether_or_not_they_were_written() {
        for limit in [None, Some(0), Some(2000), Some(1 << 30)] {
            let bins = Bins::new(2, 3, limit);
            for round in 0..4 {
                for (signal, partition) in [(0, 0), (0, 2), (1, 2)] {
                    let from = 1000 * round + 10 * signal as u32 + partition as u32;
                    bins.put(signal, partition, chunk(round as usize % 2, from)).unwrap();
                }
            }
            let written = bins.finish().unwrap();
            assert_eq!(written, if limit.is_some_and(|limit| limit <= 2000) { 12 * 400 } else { 0 }, "{limit:?}");
            assert_eq!(bins.sizes(), [4 * 400, 0, 8 * 400]);
            for (signal, partition) in [(0, 0), (0, 2), (1, 2)] {
                let chunks = bins.take(signal, partition).unwrap();
                let mut words: Vec<u32> = chunks.iter().flat_map(|chunk| chunk.words.clone()).collect();
                words.sort_unstable();
                let base = 10 * signal as u32 + partition as u32;
                let expected: Vec<u32> =
                    (0..4).flat_map(|round| 1000 * round + base..1000 * round + base + 100).collect();
                assert_eq!(words, expected);
            }
            assert!(bins.take(1, 0).unwrap().is_empty());
        }
    }
}
