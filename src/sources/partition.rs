//! Customers in partitions by a hash of their id, each small enough that what one thread writes for it stays in cache.
//!
//! A partition depends on ids alone, never on files or threads: it is also the unit, and its number the order, in
//! which floating-point sums are taken.

use super::customers::CustomerTable;
use super::ids::Ids;
use crate::calendar::Day;
use rayon::prelude::*;

/// Customers a partition is meant to hold.
const TARGET: usize = 2048;
/// The most partitions: their write positions must fit a core's cache.
const MOST: usize = 4096;

/// Which partition each id belongs to, and who is in each.
#[derive(Clone, Debug)]
pub struct Partitioning {
    shift: u32,
    /// The customers (positions in the table) of each partition, ascending.
    pub members: Vec<Vec<u32>>,
    /// The words of their fingerprints, if their ids are strings.
    pub(super) fingerprints: Vec<Vec<[u32; Fingerprint::WORDS]>>,
}

impl Partitioning {
    /// Splits the customers. How many partitions there are is a matter of those who have signed up before `day`: who
    /// comes later must not change the order in which the others are summed.
    pub fn of(customers: &CustomerTable, day: Day) -> Partitioning {
        let known = customers.len() - customers.signup.iter().filter(|&&signup| signup >= day.0).count();
        let count = known.div_ceil(TARGET).next_power_of_two().clamp(1, MOST);
        let mut partitioning = Partitioning {
            shift: u64::BITS - count.trailing_zeros(),
            members: vec![Vec::new(); count],
            fingerprints: vec![Vec::new(); count],
        };
        match &customers.ids {
            Ids::Integer(ids) => {
                for (index, &id) in (0..).zip(ids) {
                    let partition = partitioning.of_integer(id);
                    partitioning.members[partition].push(index);
                }
            }
            Ids::Text { .. } => {
                let all = (0..customers.len()).into_par_iter().map(|index| Fingerprint::of(customers.ids.text(index)));
                for (index, id) in (0..).zip(all.collect::<Vec<_>>()) {
                    let partition = partitioning.of_text(&id);
                    partitioning.members[partition].push(index);
                    partitioning.fingerprints[partition].push(id.words);
                }
            }
        }
        partitioning
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// The partition of an integer id.
    #[inline]
    pub fn of_integer(&self, id: i64) -> usize {
        self.top_bits(mixed(id as u64))
    }

    /// The partition of a string id.
    #[inline]
    pub(super) fn of_text(&self, id: &Fingerprint) -> usize {
        self.top_bits(id.top)
    }

    #[inline]
    fn top_bits(&self, hash: u64) -> usize {
        // A shift by all 64 bits, for a single partition, would overflow.
        hash.checked_shr(self.shift).unwrap_or(0) as usize
    }
}

/// What stands for a string id while rows are brought to their customers: its XXH3 hash of 128 bits. The partition is taken
/// from the top ones; the low 64 go with each row and are compared in place of the string. That any of a billion different
/// ids is taken for one of the few thousand customers of its partition has a probability of 1e-7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    top: u64,
    /// The low 64 bits.
    pub words: [u32; 2],
}

impl Fingerprint {
    /// Words that go with a row.
    pub const WORDS: usize = 2;

    /// That of an id.
    #[inline]
    pub fn of(id: &str) -> Fingerprint {
        let hash = xxhash_rust::xxh3::xxh3_128(id.as_bytes());
        Fingerprint { top: (hash >> 64) as u64, words: [hash as u32, (hash >> 32) as u32] }
    }
}

/// MurmurHash3's 64-bit finaliser: every input bit reaches the top bits, so ids that agree in their low (or high) bits
/// spread all the same.
#[inline]
pub(super) fn mixed(mut x: u64) -> u64 {
    x ^= x >> 33;
    x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
    x ^= x >> 33;
    x = x.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}
