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

/// The most bits for what tells an integer id from the others of its partition: a table of so many places stays in cache,
/// and numbers of its members fit 16 bits.
const MOST_REST_BITS: u32 = 15;

/// The factors of MurmurHash3's 64-bit finaliser.
const FIRST: u64 = 0xff51_afd7_ed55_8ccd;
const SECOND: u64 = 0xc4ce_b9fe_1a85_ec53;

/// Which partition each id belongs to, and who is in each.
#[derive(Clone, Debug)]
pub struct Partitioning {
    /// The bits below those of the partition, in a mixed id.
    shift: u32,
    /// How many low bits of an integer id are mixed, and as many ones.
    bits: u32,
    mask: u64,
    /// The lowest integer id.
    lowest: i64,
    /// Bits of what tells an integer id from the others of its partition, if they are few.
    rest_bits: Option<u32>,
    /// The customers (positions in the table) of each partition, ascending.
    pub members: Vec<Vec<u32>>,
    /// The words of their fingerprints, if their ids are strings.
    pub(super) fingerprints: Vec<Vec<[u32; Fingerprint::WORDS]>>,
}

impl Partitioning {
    /// Splits the customers. How many partitions there are, and which bits of an id are mixed, is a matter of those who have
    /// signed up before `day`: who comes later must not change the order in which the others are summed.
    pub fn of(customers: &CustomerTable, day: Day) -> Partitioning {
        let is_known = |index: usize| customers.signup.get(index).is_none_or(|&signup| signup < day.0);
        let known = (0..customers.len()).filter(|&index| is_known(index)).count();
        let count = known.div_ceil(TARGET).next_power_of_two().clamp(1, MOST);
        let mut partitioning = Partitioning {
            shift: u64::BITS - count.trailing_zeros(),
            bits: u64::BITS,
            mask: u64::MAX,
            lowest: 0,
            rest_bits: None,
            members: vec![Vec::new(); count],
            fingerprints: vec![Vec::new(); count],
        };
        match &customers.ids {
            Ids::Integer(ids) => {
                let mut known = ids.iter().enumerate().filter(|&(index, _)| is_known(index)).map(|(_, &id)| id);
                let first = known.next();
                // No two of them agree in these bits.
                let bits = bits_of(span(first, known.next_back())).max(count.trailing_zeros());
                partitioning.bits = bits;
                partitioning.mask = u64::MAX.checked_shr(u64::BITS - bits).unwrap_or(0);
                partitioning.shift = bits - count.trailing_zeros();
                partitioning.lowest = ids.first().copied().unwrap_or(0);
                // Those yet to come may agree with others in them, and differ above.
                let above = span(ids.first().copied(), ids.last().copied()).checked_shr(bits).unwrap_or(0);
                let rest_bits = partitioning.shift + bits_of(above);
                partitioning.rest_bits = Some(rest_bits).filter(|&bits| bits <= MOST_REST_BITS);
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
        self.top_bits(self.permuted(id))
    }

    /// Bits of [`Partitioning::rest`], if they are few.
    pub(super) fn rest_bits(&self) -> Option<u32> {
        self.rest_bits
    }

    /// What tells a customer's integer id from the others of its partition, where that takes few bits.
    #[inline]
    pub(super) fn rest(&self, id: i64) -> u32 {
        let above = id.wrapping_sub(self.lowest) as u64 >> self.bits << self.shift;
        (self.permuted(id) & !(u64::MAX << self.shift) | above) as u32
    }

    /// Partition and rest of an id of one of the customers at once, if both are a matter of its 32 low bits: twice as many ids
    /// fit a vector, and products are much cheaper. Of other ids, whatever comes out.
    #[inline(always)]
    pub(super) fn narrow(&self) -> Option<impl Fn(i64) -> (u32, u32) + '_> {
        // Nothing of the rest is from above the bits that are mixed, and these are few.
        (self.rest_bits == Some(self.shift)).then(|| {
            // As `permuted`: of a product, low bits depend on low bits alone.
            let (mask, half, shift) = (self.mask as u32, self.bits.div_ceil(2), self.shift);
            move |id: i64| {
                let x = (id as u32).wrapping_mul(FIRST as u32) & mask;
                let x = (x ^ x >> half).wrapping_mul(SECOND as u32) & mask;
                (x >> shift, x & !(u32::MAX << shift))
            }
        })
    }

    /// The low bits of an id, mixed one to one. All reach the top ones, so ids that agree in their low (or high) bits spread
    /// all the same.
    #[inline]
    fn permuted(&self, id: i64) -> u64 {
        // Products with odd numbers can be undone, and so can the shift: MurmurHash3's finaliser, cut to these bits.
        let x = (id as u64).wrapping_mul(FIRST) & self.mask;
        (x ^ x >> self.bits.div_ceil(2)).wrapping_mul(SECOND) & self.mask
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

/// From one id to another that is not below it.
fn span(first: Option<i64>, last: Option<i64>) -> u64 {
    first.zip(last).map_or(0, |(first, last)| last.wrapping_sub(first) as u64)
}

/// How many bits a number has.
fn bits_of(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
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
    x = x.wrapping_mul(FIRST);
    x ^= x >> 33;
    x = x.wrapping_mul(SECOND);
    x ^ (x >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Quarantine;

    fn customers(ids: Vec<i64>, known: usize) -> CustomerTable {
        let signup = (0..ids.len()).map(|index| if index < known { 0 } else { 20 }).collect();
        CustomerTable {
            rows: ids.len() as u64,
            ids: Ids::Integer(ids),
            signup,
            start: Vec::new(),
            end: Vec::new(),
            value: Vec::new(),
            numeric: Vec::new(),
            categorical: Vec::new(),
            quarantine: Quarantine::default(),
        }
    }

    #[test]
    fn ids_of_any_shape_spread_over_the_partitions() {
        let shapes: [fn(i64) -> i64; 9] = [
            |n| n,
            |n| n - 10_000,
            |n| n << 7,
            |n| (n - 10_000) << 20,
            |n| (n - 10_000) << 48,
            |n| n * 1_000_003,
            |n| n / 100 * 1_000_000 + n % 100,
            |n| if n == 0 { i64::MIN } else { n },
            |n| if n == 19_999 { i64::MAX } else { n * n },
        ];
        for (shape, id) in shapes.iter().enumerate() {
            let partitioning = Partitioning::of(&customers((0..20_000).map(id).collect(), 20_000), Day(10));
            let sizes: Vec<usize> = partitioning.members.iter().map(Vec::len).collect();
            assert_eq!((sizes.len(), sizes.iter().sum::<usize>()), (16, 20_000));
            assert!(sizes.iter().all(|&size| (1000..1600).contains(&size)), "shape {shape}: {sizes:?}");
        }
    }

    #[test]
    fn partition_and_rest_are_one_customers_alone() {
        // Dense ids, sparse ones, and twice as many who are yet to come above, or below the others.
        for (ids, known, bits) in [
            ((0..20_000).collect(), 20_000, Some(11)),
            ((-30_000..30_000).step_by(3).collect(), 20_000, Some(12)),
            ((5_000..65_000).collect(), 20_000, Some(12)),
            ((0..20_000).map(|n| n << 7).collect::<Vec<i64>>(), 20_000, None),
        ] {
            let partitioning = Partitioning::of(&customers(ids.clone(), known), Day(10));
            assert_eq!(partitioning.rest_bits(), bits, "{} ids", ids.len());
            let Some(bits) = bits else { continue };
            let mut seen = std::collections::HashSet::new();
            let mut narrow = 0;
            for (partition, members) in partitioning.members.iter().enumerate() {
                for &member in members {
                    let rest = partitioning.rest(ids[member as usize]);
                    if let Some(both) = partitioning.narrow() {
                        assert_eq!(both(ids[member as usize]), (partition as u32, rest));
                        narrow += 1;
                    }
                    assert!(rest >> bits == 0 && seen.insert((partition, rest)));
                }
            }
            assert_eq!(narrow, if known == ids.len() { known } else { 0 });
            // The same customers, none of them yet to come, are in the same partitions.
            let alone = Partitioning::of(&customers(ids[..known].to_vec(), known), Day(10));
            assert!(ids[..known].iter().all(|&id| partitioning.of_integer(id) == alone.of_integer(id)));
        }
    }
}
