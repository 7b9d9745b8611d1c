//! Work on all threads of the pool at hand, item by item: blocks of rows, features, folds, files.
//!
//! Items are handed out one after the other, each by itself, so one should take more than a few microseconds; rows have
//! a function of their own. What is here but for that is a loop over places that is compiled once. Of rayon's iterators
//! each brings a splitter and jobs of its own for every closure: those were a sixth of the program, and of what it took
//! to compile it.

use crate::Result;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Rows that are handed out at a time.
const ROWS: usize = 8_192;

/// What `of` makes of each item, in the order of the items.
pub fn map<I: Send, T: Send>(items: impl IntoIterator<Item = I>, of: impl Fn(I) -> T + Sync) -> Vec<T> {
    let items = Slots::filled(items.into_iter().collect());
    let made = Slots::empty(items.len());

    at_each(items.len(), &|place| {
        if let Some(item) = items.take(place) {
            made.fill(place, of(item));
        }
    });
    made.all()
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

/// As [`try_map`], with something that is started once for each of the items that are worked on at the same time, and
/// comes back for those that follow, such as memory that is kept.
///
/// # Errors
/// As [`try_map`].
pub fn try_map_with<S: Send, I: Send, T: Send>(
    items: impl IntoIterator<Item = I>,
    start: impl Fn() -> S + Sync,
    of: impl Fn(&mut S, I) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let spare = Mutex::new(Vec::new());
    try_map(items, |item| {
        let kept = locked(&spare).pop();
        let mut own = kept.unwrap_or_else(&start);
        let made = of(&mut own, item);
        locked(&spare).push(own);
        made
    })
}

/// What `of` makes of each of so many rows, in their order. Each goes to its place at once: parts that are put together
/// would be held twice, which a limit of the memory does not count on.
pub fn map_rows<T: Send>(count: usize, of: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    (0..count).into_par_iter().map(of).collect()
}

/// So many rows, as many at a time as are worth handing out.
pub fn blocks(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(ROWS).map(move |start| start..count.min(start + ROWS))
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

/// The one loop: it knows no more of the work than the place of the item. Whichever thread is free takes the next one,
/// so what is held for earlier items can go.
fn at_each(count: usize, work: &(dyn Fn(usize) + Sync)) {
    let next = AtomicUsize::new(0);
    let at_those_left = |_| loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        if place >= count {
            break;
        }
        work(place);
    };
    (0..count.min(rayon::current_num_threads())).into_par_iter().with_max_len(1).for_each(at_those_left);
}

/// What a mutex guards, which no thread that panics leaves half-changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place for each item, or for what is made of it, which one thread at a time looks at. What is done with the places is
/// compiled once for all loops over the same kind of item.
struct Slots<T>(Vec<Mutex<Option<T>>>);

impl<T> Slots<T> {
    fn filled(items: Vec<T>) -> Slots<T> {
        Slots(items.into_iter().map(|item| Mutex::new(Some(item))).collect())
    }

    fn empty(count: usize) -> Slots<T> {
        Slots((0..count).map(|_| Mutex::new(None)).collect())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn take(&self, place: usize) -> Option<T> {
        locked(&self.0[place]).take()
    }

    fn fill(&self, place: usize, made: T) {
        *locked(&self.0[place]) = Some(made);
    }

    /// What is in the places, in their order.
    fn all(self) -> Vec<T> {
        self.0.into_iter().filter_map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
    }
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
    fn rows_keep_their_order() {
        for count in [0, 1, ROWS, 3 * ROWS + 5] {
            assert_eq!(map_rows(count, |row| row), (0..count).collect::<Vec<usize>>());
        }
    }

    #[test]
    fn what_is_started_is_kept_for_later_items() {
        let started = AtomicUsize::new(0);
        let start = || {
            started.fetch_add(1, Ordering::Relaxed);
            0
        };
        let counted = try_map_with(0..1_000, start, |own, item| {
            *own += 1;
            Ok((item, *own))
        });
        let counted = counted.unwrap();
        assert!(started.into_inner() <= rayon::current_num_threads());
        assert!(counted.iter().any(|&(_, own)| own > 1));
        assert!(counted.into_iter().map(|(item, _)| item).eq(0..1_000));
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
