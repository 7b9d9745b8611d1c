//! Work on all threads of the pool at hand, item by item: blocks of rows, features, folds, files.
//!
//! Each item is handed out by itself, so it should take more than a few microseconds; of rows and other small things
//! there are rayon's own iterators. What is here is a loop over places that is compiled once. Of rayon's iterators each
//! brings a splitter and jobs of its own for every closure: those were a sixth of the program, and of what it took to
//! compile it.

use crate::Result;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What `of` makes of each item, in the order of the items.
pub fn map<I: Send, T: Send>(items: impl IntoIterator<Item = I>, of: impl Fn(I) -> T + Sync) -> Vec<T> {
    let slots: Vec<Mutex<Slot<I, T>>> = items.into_iter().map(|item| Mutex::new(Slot::Waiting(item))).collect();

    at_each(slots.len(), &|place| {
        let slot = || slots[place].lock().unwrap_or_else(PoisonError::into_inner);
        if let Slot::Waiting(item) = take(slot()) {
            let made = of(item);
            *slot() = Slot::Done(made);
        }
    });

    let slots = slots.into_iter().map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner));
    slots.filter_map(Slot::made).collect()
}

/// What `of` makes of each item, in the order of the items.
///
/// # Errors
/// That of the first item that has one, whatever the number of threads. Items behind one that failed may be left out.
pub fn try_map<I: Send, T: Send>(
    items: impl IntoIterator<Item = I>,
    of: impl Fn(I) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let first_failure = AtomicUsize::new(usize::MAX);
    let made = map(items.into_iter().enumerate(), |(place, item)| {
        if first_failure.load(Ordering::Relaxed) < place {
            return None;
        }
        let made = of(item);
        if made.is_err() {
            first_failure.fetch_min(place, Ordering::Relaxed);
        }
        Some(made)
    });
    made.into_iter().flatten().collect()
}

/// Does something with each item.
pub fn for_each<I: Send>(items: impl IntoIterator<Item = I>, work: impl Fn(I) + Sync) {
    map(items, work);
}

/// Does something with each item that may fail.
///
/// # Errors
/// As [`try_map`].
pub fn try_for_each<I: Send>(items: impl IntoIterator<Item = I>, work: impl Fn(I) -> Result<()> + Sync) -> Result<()> {
    try_map(items, work).map(drop)
}

/// The one loop: it knows no more of the work than the place of the item.
fn at_each(count: usize, work: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().with_max_len(1).for_each(work);
}

enum Slot<I, T> {
    Waiting(I),
    Taken,
    Done(T),
}

impl<I, T> Slot<I, T> {
    fn made(self) -> Option<T> {
        match self {
            Slot::Done(made) => Some(made),
            Slot::Waiting(_) | Slot::Taken => None,
        }
    }
}

fn take<I, T>(mut slot: MutexGuard<'_, Slot<I, T>>) -> Slot<I, T> {
    std::mem::replace(&mut slot, Slot::Taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn results_are_those_of_one_loop(items in prop::collection::vec(any::<u32>(), 0..300), divisor in 1u32..50) {
            let of = |&item: &u32| match item.is_multiple_of(divisor) {
                true => Err(Error::Config(item.to_string())),
                false => Ok(f64::from(item).sqrt()),
            };
            let (found, expected) = (try_map(&items, of), items.iter().map(of).collect::<Result<Vec<f64>>>());
            prop_assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(|error| error.to_string()));

            let expected: Vec<(usize, String)> = items.iter().map(u32::to_string).enumerate().collect();
            prop_assert_eq!(map(items.iter().enumerate(), |(place, item)| (place, item.to_string())), expected);
        }
    }

    #[test]
    fn items_may_be_borrowed_to_be_changed() {
        let mut rows = vec![1; 1_000];
        for_each(rows.chunks_mut(7).enumerate(), |(place, chunk)| chunk.fill(place));
        assert!(rows.iter().enumerate().all(|(row, &place)| place == row / 7));
    }

    #[test]
    fn a_panic_is_passed_on() {
        let outcome = std::panic::catch_unwind(|| map(0..100, |item| assert_ne!(item, 40)));
        assert!(outcome.is_err());
    }
}
