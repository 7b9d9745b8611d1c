//! Shelves: where many numbers are kept that belong together.

use super::{Budget, Pages, Scratch};
use crate::error::{Error, Result};
use bytemuck::Pod;
use std::borrow::Cow;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Bytes that whatever lies on a board begins at a multiple of: a line of the cache.
const ALIGNED: usize = 64;

/// Numbers that lie in memory, or in a scratch file where the limit leaves no room for them.
#[derive(Clone, Debug)]
pub struct Stored<T>(Place<T>);

#[derive(Clone, Debug)]
enum Place<T> {
    Held(Vec<T>),
    /// From its place `at` on in a board's numbers; nothing until the board is full or the shelf gone.
    Shelved {
        board: Arc<OnceLock<Pages>>,
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

impl<T> Default for Stored<T> {
    fn default() -> Stored<T> {
        Stored(Place::Held(Vec::new()))
    }
}

impl<T> From<Vec<T>> for Stored<T> {
    fn from(values: Vec<T>) -> Stored<T> {
        Stored(Place::Held(values))
    }
}

impl<T: Pod> Stored<T> {
    /// How many.
    pub fn len(&self) -> usize {
        match &self.0 {
            Place::Held(values) => values.len(),
            Place::Shelved { len, .. } | Place::Spilled { len, .. } => *len,
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
    /// [`Error::Temporary`] when the scratch file cannot be read; [`Error::Internal`] while the shelf is still being filled.
    pub fn all(&self) -> Result<Cow<'_, [T]>> {
        self.range(0..self.len())
    }

    /// Some of them.
    ///
    /// # Errors
    /// As [`Stored::all`].
    pub fn range(&self, range: Range<usize>) -> Result<Cow<'_, [T]>> {
        match &self.0 {
            Place::Held(values) => Ok(Cow::Borrowed(&values[range])),
            Place::Shelved { board, at, .. } => {
                let pages = board.get().ok_or_else(|| Error::Internal("numbers are read from an open shelf".into()))?;
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

/// Keeps numbers. Without a limit they lie side by side in pieces of memory that are used again when the last of the numbers on
/// them are gone; they can be read when the shelf is gone. Under a limit each lies by itself, in memory while the budget
/// lasts, then in a scratch file of the shelf's.
#[derive(Debug)]
pub struct Shelf {
    budget: Budget,
    scratch: Mutex<Option<Arc<Scratch>>>,
    /// The boards that are being filled: one for each thread that is at it.
    open: Mutex<Vec<Board>>,
}

/// Memory for numbers side by side.
#[derive(Debug)]
struct Board {
    pages: Pages,
    /// Bytes in use.
    used: usize,
    filled: Arc<OnceLock<Pages>>,
}

impl Board {
    fn close(self) {
        // Nobody else has set it.
        let _ = self.filled.set(self.pages);
    }
}

impl Shelf {
    /// Whose contents may take so many bytes of memory, or any number.
    pub fn of(limit: Option<u64>) -> Shelf {
        Shelf { budget: Budget::of(limit), scratch: Mutex::new(None), open: Mutex::default() }
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
    /// As [`Shelf::put`].
    pub fn fill<T: Pod>(&self, len: usize, fill: impl FnOnce(&mut [T])) -> Result<Stored<T>> {
        if !self.budget.is_limited() {
            return Ok(self.shelved(len, fill));
        }
        let mut values = vec![T::zeroed(); len];
        fill(&mut values);
        match self.budget.take(size_of_val(values.as_slice()) as u64) {
            true => Ok(values.into()),
            false => self.spilled(&values),
        }
    }

    fn shelved<T: Pod>(&self, len: usize, fill: impl FnOnce(&mut [T])) -> Stored<T> {
        let bytes = (size_of::<T>() * len).next_multiple_of(ALIGNED);
        let open = || self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let board = open().pop();
        let mut board = match board {
            Some(board) if board.used + bytes <= board.pages.bytes() => board,
            full => {
                full.into_iter().for_each(Board::close);
                Board { pages: Pages::roomy(bytes), used: 0, filled: Arc::default() }
            }
        };
        let at = board.used / size_of::<T>();
        fill(&mut board.pages.of_mut()[at..at + len]);
        board.used += bytes;
        let stored = Stored(Place::Shelved { board: board.filled.clone(), at, len });
        open().push(board);
        stored
    }

    fn spilled<T: Pod>(&self, values: &[T]) -> Result<Stored<T>> {
        let scratch = {
            let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
            match &*scratch {
                Some(scratch) => scratch.clone(),
                None => scratch.insert(Arc::new(Scratch::create()?)).clone(),
            }
        };
        let at = scratch.append(bytemuck::cast_slice(values))?;
        Ok(Stored(Place::Spilled { scratch, at, len: values.len(), of: PhantomData }))
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner);
        open.drain(..).for_each(Board::close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shelf_keeps_what_it_is_given_in_memory_or_not() {
        let shelf = Shelf::of(Some(40));
        let stored: Vec<Stored<f32>> = (0..5).map(|i| shelf.put(&vec![i as f32; 4 + i]).unwrap()).collect();
        assert_eq!(stored.iter().filter(|s| s.is_held()).count(), 2);
        for (i, stored) in stored.iter().enumerate() {
            assert_eq!(stored.all().unwrap().as_ref(), vec![i as f32; 4 + i]);
            assert_eq!(stored.range(1..3).unwrap().as_ref(), [i as f32; 2]);
        }
    }

    #[test]
    fn what_lies_side_by_side_is_read_when_the_shelf_is_gone() {
        let shelf = Shelf::of(None);
        let mut stored = Vec::new();
        for i in 0..2000usize {
            stored.push((shelf.put(&vec![i as f32; 3 * i]).unwrap(), shelf.put(&vec![i as u8; i]).unwrap()));
        }
        assert!(stored[1999].0.all().is_err());
        drop(shelf);
        for (i, (floats, bytes)) in stored.iter().enumerate() {
            assert!(floats.is_held() && *floats.all().unwrap() == vec![i as f32; 3 * i]);
            assert_eq!(bytes.range(i / 2..i).unwrap(), vec![i as u8; i - i / 2]);
        }
    }
}
