//! Arenas: where many numbers are kept that belong together.

use super::{Budget, Memory, Pages, Scratch};
use crate::error::{Error, Result};
use bytemuck::Pod;
use std::borrow::Cow;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Bytes that whatever lies on a chunk begins at a multiple of: a line of the cache.
const ALIGNED: usize = 64;

/// Numbers that lie in memory, or in a scratch file where the limit leaves no room for them.
#[derive(Clone, Debug)]
pub struct Stored<T>(Place<T>);

#[derive(Clone, Debug)]
enum Place<T> {
    Held {
        values: Vec<T>,
        /// Kept for the day that it is dropped.
        _entry: Option<Entry>,
    },
    /// From its place `at` on in a chunk's numbers; nothing until the chunk is full or the arena gone.
    InChunk {
        chunk: Arc<OnceLock<Pages>>,
        at: usize,
        len: usize,
    },
    Spilled {
        scratch: Arc<Scratch>,
        at: u64,
        len: usize,
        of: PhantomData<T>,
    },
}

/// Bytes on the account of a job's memory, until it is dropped.
#[derive(Debug)]
struct Entry {
    memory: Memory,
    bytes: u64,
}

impl Entry {
    fn new(memory: &Memory, bytes: u64) -> Entry {
        memory.enter(bytes);
        Entry { memory: memory.clone(), bytes }
    }
}

impl Clone for Entry {
    fn clone(&self) -> Entry {
        Entry::new(&self.memory, self.bytes)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.memory.leave(self.bytes);
    }
}

impl<T> Default for Stored<T> {
    fn default() -> Stored<T> {
        Stored::from(Vec::new())
    }
}

impl<T> From<Vec<T>> for Stored<T> {
    fn from(values: Vec<T>) -> Stored<T> {
        Stored(Place::Held { values, _entry: None })
    }
}

impl<T: Pod> Stored<T> {
    /// How many.
    pub fn len(&self) -> usize {
        match &self.0 {
            Place::Held { values, .. } => values.len(),
            Place::InChunk { len, .. } | Place::Spilled { len, .. } => *len,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether they lie in memory.
    pub fn is_held(&self) -> bool {
        !matches!(self.0, Place::Spilled { .. })
    }

    /// All of them: borrowed, or read into memory until they are dropped.
    ///
    /// # Errors
    /// [`Error::Temporary`] when the scratch file cannot be read; [`Error::Internal`] while the arena is still being
    /// filled.
    pub fn all(&self) -> Result<Cow<'_, [T]>> {
        self.range(0..self.len())
    }

    /// Some of them.
    ///
    /// # Errors
    /// As [`Stored::all`].
    pub fn range(&self, range: Range<usize>) -> Result<Cow<'_, [T]>> {
        match &self.0 {
            Place::Held { values, .. } => Ok(Cow::Borrowed(&values[range])),
            Place::InChunk { chunk, at, .. } => {
                let pages = chunk.get().ok_or_else(|| Error::Internal("numbers are read from an open arena".into()))?;
                Ok(Cow::Borrowed(&pages.of()[at + range.start..at + range.end]))
            }
            Place::Spilled { scratch, at, len, .. } => {
                debug_assert!(range.end <= *len);
                let mut values = vec![T::zeroed(); range.len()];
                let from = at + (range.start * size_of::<T>()) as u64;
                scratch.read(from, bytemuck::cast_slice_mut(&mut values))?;
                Ok(Cow::Owned(values))
            }
        }
    }
}

/// Keeps numbers. Without a limit they lie side by side in pieces of memory that are used again when the last of the
/// numbers on them are gone; they can be read when the arena is gone. Under a limit each lies by itself, in memory
/// while the budget lasts, then in a scratch file of the arena's.
#[derive(Debug)]
pub struct Arena {
    budget: Budget,
    scratch: Mutex<Option<Arc<Scratch>>>,
    /// The chunks that are being filled: one for each thread that is at it.
    open: Mutex<Vec<Chunk>>,
}

/// Memory for numbers side by side.
#[derive(Debug)]
struct Chunk {
    pages: Pages,
    /// Bytes in use.
    used: usize,
    filled: Arc<OnceLock<Pages>>,
}

impl Chunk {
    fn close(self) {
        // Nobody else has set it.
        let _ = self.filled.set(self.pages);
    }
}

impl Arena {
    /// Of what its contents may take.
    pub fn new(budget: Budget) -> Arena {
        Arena { budget, scratch: Mutex::new(None), open: Mutex::default() }
    }

    /// In as much memory as there is.
    pub fn unlimited() -> Arena {
        Arena::new(Memory::unlimited().budget(None))
    }

    /// Keeps some numbers.
    ///
    /// # Errors
    /// [`Error::Temporary`] when they have to be written and the disk is full.
    pub fn put<T: Pod>(&self, values: &[T]) -> Result<Stored<T>> {
        self.fill(values.len(), |place| place.copy_from_slice(values))
    }

    /// Keeps so many numbers, each of which `fill` sets: it finds anything in their place.
    ///
    /// # Errors
    /// As [`Arena::put`].
    pub fn fill<T: Pod>(&self, len: usize, fill: impl FnOnce(&mut [T])) -> Result<Stored<T>> {
        if self.budget.limit().is_none() {
            return Ok(self.in_chunk(len, fill));
        }
        let mut values = vec![T::zeroed(); len];
        fill(&mut values);
        let bytes = size_of_val(values.as_slice()) as u64;
        if self.budget.take(bytes) {
            return Ok(Stored(Place::Held { values, _entry: Some(Entry::new(self.budget.memory(), bytes)) }));
        }
        self.spilled(&values)
    }

    fn in_chunk<T: Pod>(&self, len: usize, fill: impl FnOnce(&mut [T])) -> Stored<T> {
        let bytes = (size_of::<T>() * len).next_multiple_of(ALIGNED);
        let open = || self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let chunk = open().pop();
        let mut chunk = match chunk {
            Some(chunk) if chunk.used + bytes <= chunk.pages.bytes() => chunk,
            full => {
                full.into_iter().for_each(Chunk::close);
                Chunk { pages: Pages::roomy(self.budget.memory(), bytes), used: 0, filled: Arc::default() }
            }
        };
        let at = chunk.used / size_of::<T>();
        fill(&mut chunk.pages.of_mut()[at..at + len]);
        chunk.used += bytes;
        let stored = Stored(Place::InChunk { chunk: chunk.filled.clone(), at, len });
        open().push(chunk);
        stored
    }

    fn spilled<T: Pod>(&self, values: &[T]) -> Result<Stored<T>> {
        let scratch = {
            let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
            match &*scratch {
                Some(scratch) => scratch.clone(),
                None => scratch.insert(Arc::new(Scratch::create(self.budget.memory())?)).clone(),
            }
        };
        let at = scratch.append(bytemuck::cast_slice(values))?;
        Ok(Stored(Place::Spilled { scratch, at, len: values.len(), of: PhantomData }))
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner);
        open.drain(..).for_each(Chunk::close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_arena_keeps_what_it_is_given_in_memory_or_not() {
        let arena = Arena::new(Memory::unlimited().budget(Some(40)));
        let stored: Vec<Stored<f32>> = (0..5).map(|i| arena.put(&vec![i as f32; 4 + i]).unwrap()).collect();
        assert_eq!(stored.iter().filter(|s| s.is_held()).count(), 2);
        for (i, stored) in stored.iter().enumerate() {
            assert_eq!(stored.all().unwrap().as_ref(), vec![i as f32; 4 + i]);
            assert_eq!(stored.range(1..3).unwrap().as_ref(), [i as f32; 2]);
        }
    }

    #[test]
    fn what_lies_side_by_side_is_read_when_the_arena_is_gone() {
        let arena = Arena::unlimited();
        let mut stored = Vec::new();
        for i in 0..2000usize {
            stored.push((arena.put(&vec![i as f32; 3 * i]).unwrap(), arena.put(&vec![i as u8; i]).unwrap()));
        }
        assert!(stored[1999].0.all().is_err());
        drop(arena);
        for (i, (floats, bytes)) in stored.iter().enumerate() {
            assert!(floats.is_held() && *floats.all().unwrap() == vec![i as f32; 3 * i]);
            assert_eq!(bytes.range(i / 2..i).unwrap(), vec![i as u8; i - i / 2]);
        }
    }
}
