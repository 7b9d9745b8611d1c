//! Memory by the piece, which is used again and again.
//!
//! Memory that a program touches for the first time has to be found and zeroed by the system, page by page: a thousand
//! million bytes are a quarter of a million interruptions. What event rows leave, features can take, and what these
//! leave, the design. Under a memory limit pieces go back to the system at once, since others count on what is free.

use super::Memory;
use bytemuck::Pod;
use memmap2::MmapMut;
use std::sync::{Mutex, PoisonError};

/// Bytes of a piece that is meant for many things. What is not touched costs nothing.
const ROOMY: usize = 3 << 20;
/// Pieces are a multiple of this many bytes long: a line of the cache, and any number's alignment.
const LINE: usize = 64;

/// Pieces that nobody uses.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<MmapMut>>);

impl Pool {
    fn put(&self, piece: MmapMut) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(piece);
    }

    /// The largest piece, if it has so many bytes.
    fn take(&self, bytes: usize) -> Option<MmapMut> {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let largest = (0..pieces.len()).max_by_key(|&at| pieces[at].len()).filter(|&at| pieces[at].len() >= bytes)?;
        Some(pieces.swap_remove(largest))
    }
}

/// A piece of memory for numbers of any one type.
#[derive(Debug)]
pub struct Pages {
    place: Place,
    memory: Memory,
}

#[derive(Debug)]
enum Place {
    Mapped(MmapMut),
    Held(Vec<u64>),
}

impl Pages {
    /// At least so many bytes. What they hold is anything until it is written.
    pub fn new(memory: &Memory, bytes: usize) -> Pages {
        let bytes = bytes.next_multiple_of(LINE);
        let place = if bytes == 0 {
            Place::Held(Vec::new())
        } else {
            match memory.0.free.take(bytes).or_else(|| MmapMut::map_anon(bytes).ok()) {
                Some(map) => Place::Mapped(map),
                // The system may have no more maps to give.
                None => Place::Held(vec![0; bytes / size_of::<u64>()]),
            }
        };
        let pages = Pages { place, memory: memory.clone() };
        memory.enter(pages.bytes() as u64);
        pages
    }

    /// At least so many bytes, with room for others like them.
    pub fn roomy(memory: &Memory, bytes: usize) -> Pages {
        Pages::new(memory, bytes.max(ROOMY))
    }

    /// How many bytes.
    pub fn bytes(&self) -> usize {
        match &self.place {
            Place::Mapped(map) => map.len(),
            Place::Held(words) => size_of_val(words.as_slice()),
        }
    }

    /// All of them, as numbers.
    pub fn of<T: Pod>(&self) -> &[T] {
        match &self.place {
            Place::Mapped(map) => bytemuck::cast_slice(map),
            Place::Held(words) => bytemuck::cast_slice(words),
        }
    }

    /// All of them, as numbers to be changed.
    pub fn of_mut<T: Pod>(&mut self) -> &mut [T] {
        match &mut self.place {
            Place::Mapped(map) => bytemuck::cast_slice_mut(map),
            Place::Held(words) => bytemuck::cast_slice_mut(words),
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.memory.leave(self.bytes() as u64);
        if self.memory.limit().is_some() {
            return;
        }
        if let Place::Mapped(map) = std::mem::replace(&mut self.place, Place::Held(Vec::new())) {
            self.memory.0.free.put(map);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_what_is_needed() {
        let memory = Memory::unlimited();
        for bytes in [0, 1, 64, 4097, ROOMY + 1] {
            for mut pages in [Pages::new(&memory, bytes), Pages::roomy(&memory, bytes)] {
                assert!(pages.bytes() >= bytes && pages.bytes() % LINE == 0);
                pages.of_mut::<f32>().fill(1.5);
                assert!(pages.of::<f32>().iter().all(|&value| value == 1.5));
            }
        }
    }

    #[test]
    fn the_largest_piece_is_used_again_if_it_is_large_enough() {
        let pool = Pool::default();
        [1, 3, 2].into_iter().for_each(|pages| pool.put(MmapMut::map_anon(4096 * pages).unwrap()));
        assert!(pool.take(4096 * 3 + 1).is_none());
        assert_eq!([4096, 1].map(|bytes| pool.take(bytes).unwrap().len()), [4096 * 3, 4096 * 2]);
        assert!(pool.take(1).is_some() && pool.take(1).is_none());
    }
}
