//! Customers in partitions by a hash of their id, each small enough that what one thread writes for it stays in cache.
//!
//! A partition depends on ids alone, never on files or threads: it is also the unit, and its number the order, in
//! which floating-point sums are taken.

use crate::calendar::Day;
use crate::parallel;
use crate::sources::customers::ids::Ids;
use crate::sources::customers::numbering::Numbering;
use crate::sources::customers::CustomerTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Customers a partition is meant to hold.
const TARGET: usize = 2048;
/// The most partitions: their write positions must fit a core's cache.
const MOST: usize = 4096;

/// The most bits for what tells an integer id from the others of its partition: a table of so many places stays in
/// cache, and numbers of its members fit 16 bits.
const MOST_REST_BITS: u32 = 15;

/// The factors of MurmurHash3's 64-bit finaliser.
const FIRST: u64 = 0xff51_afd7_ed55_8ccd;
const SECOND: u64 = 0xc4ce_b9fe_1a85_ec53;

/// Which partition each id belongs to, and who is in each.
#[derive(Clone, Debug)]
pub struct Partitioning {
    /// The bits below those of the partition, in a mixed number.
    shift: u32,
    /// How many low bits of a number are mixed, and as many ones.
    bits: u32,
    mask: u64,
    /// The lowest number, and the distance of the highest from it.
    bounds: (i64, u64),
    /// Bits of what tells a number from the others of its partition, if they are few.
    rest_bits: Option<u32>,
    /// Of string ids that are numbers in disguise.
    numbering: Option<Numbering>,
    /// Of the hashes of string ids.
    seed: u64,
    /// The customers (positions in the table) of each partition, ascending.
    pub members: Vec<Vec<u32>>,
    /// What tells each of them from the others, if that takes few bits.
    pub(super) rests: Vec<Vec<u16>>,
}

impl Partitioning {
    /// Splits the customers. How many partitions there are, and which bits of an id are mixed, depends only on those
    /// who have signed up before `day`: who comes later must not change the order in which the others are summed.
    pub fn new(customers: &CustomerTable, day: Day) -> Partitioning {
        Partitioning::seeded(customers, day, 0)
    }

    /// As [`Partitioning::new`], with another seed for the hashes of string ids.
    pub(super) fn seeded(customers: &CustomerTable, day: Day, seed: u64) -> Partitioning {
        let is_known = |index: usize| customers.signup.get(index).is_none_or(|&signup| signup < day.0);
        let known = (0..customers.len()).filter(|&index| is_known(index)).count();
        let count = known.div_ceil(TARGET).next_power_of_two().clamp(1, MOST);

        let mut partitioning = Partitioning {
            shift: u64::BITS,
            bits: u64::BITS,
            mask: u64::MAX,
            bounds: (0, 0),
            rest_bits: None,
            numbering: None,
            seed,
            members: vec![Vec::new(); count],
            rests: vec![Vec::new(); count],
        };

        match &customers.ids {
            Ids::Integer(ids) => {
                partitioning.mix(ids.iter().copied().enumerate(), is_known);
                partitioning.fill(ids.len(), |all, index| all.place_of_number(ids[index]));
            }
            Ids::Text { .. } => {
                let id = |index| customers.ids.text(index).as_bytes();
                let numbering = Numbering::detect(&customers.ids, is_known);
                if let Some(numbering) = numbering {
                    let numbers = parallel::map_rows(customers.len(), |index| numbering.number(id(index)));
                    partitioning.mix(
                        numbers.iter().enumerate().filter_map(|(index, number)| Some((index, (*number)?))),
                        is_known,
                    );
                    // Where numbers are not dense, hashes do as well.
                    partitioning.numbering = (partitioning.shift <= MOST_REST_BITS).then_some(numbering);
                    if numbers.contains(&None) {
                        // Of somebody yet to come.
                        partitioning.rest_bits = None;
                    }
                }
                partitioning.fill(customers.len(), |all, index| all.place_of_text(id(index)));
            }
        }
        partitioning
    }

    /// Chooses how the customers' numbers are mixed.
    fn mix(&mut self, numbers: impl Iterator<Item = (usize, i64)> + Clone, is_known: impl Fn(usize) -> bool) {
        let known = numbers.clone().filter(|&(index, _)| is_known(index));
        let of_partition = self.members.len().trailing_zeros();
        // No two of them agree in these bits.
        self.bits = bits_of(bounds(known).1).max(of_partition);
        self.mask = u64::MAX.checked_shr(u64::BITS - self.bits).unwrap_or(0);
        self.shift = self.bits - of_partition;
        self.bounds = bounds(numbers);

        // Those yet to come may agree with others in them, and differ above.
        let rest_bits = self.shift + bits_of(self.bounds.1.checked_shr(self.bits).unwrap_or(0));
        self.rest_bits = Some(rest_bits).filter(|&bits| bits <= MOST_REST_BITS);
    }

    /// Puts the customers in their partitions.
    fn fill(&mut self, customers: usize, place: impl Fn(&Partitioning, usize) -> (usize, u32) + Sync) {
        let places = parallel::map_rows(customers, |index| place(self, index));
        for (index, (partition, rest)) in (0..).zip(places) {
            self.members[partition].push(index);
            if self.rest_bits.is_some() {
                self.rests[partition].push(rest as u16);
            }
        }
    }

    /// How many partitions there are.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// The partition of an integer id.
    #[inline]
    pub fn of_integer(&self, id: i64) -> usize {
        // A shift by all 64 bits, for a single partition, would overflow.
        self.permuted(id).checked_shr(self.shift).unwrap_or(0) as usize
    }

    /// Tells whether an integer id is below or above all of the customers'.
    pub(super) fn outside(&self) -> impl Fn(i64) -> bool + Copy {
        let (lowest, span) = self.bounds;
        // Ids below the lowest wrap around to offsets beyond the span.
        move |id| id.wrapping_sub(lowest) as u64 > span
    }

    /// How string ids spell integers, if they do.
    pub(super) fn numbering(&self) -> Option<&Numbering> {
        self.numbering.as_ref()
    }

    /// Bits of [`Partitioning::rest`], if they are few.
    pub(super) fn rest_bits(&self) -> Option<u32> {
        self.rest_bits
    }

    /// What tells a customer's integer id from the others of its partition, where that takes few bits.
    #[inline]
    pub(super) fn rest(&self, id: i64) -> u32 {
        let above = (id.wrapping_sub(self.bounds.0) as u64).checked_shr(self.bits).unwrap_or(0) << self.shift;
        (self.permuted(id) & !(u64::MAX << self.shift) | above) as u32
    }

    /// Partition and rest of an id of one of the customers at once, if both depend on its 32 low bits alone: twice as
    /// many ids fit a vector, and products are much cheaper. Of other ids, whatever comes out.
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

    /// The low bits of an id, mixed one to one. All reach the top ones, so ids that agree in their low (or high) bits
    /// spread all the same.
    #[inline]
    fn permuted(&self, id: i64) -> u64 {
        // Products with odd numbers can be undone, and so can the shift: MurmurHash3's finaliser, cut to these bits.
        let x = (id as u64).wrapping_mul(FIRST) & self.mask;
        (x ^ x >> self.bits.div_ceil(2)).wrapping_mul(SECOND) & self.mask
    }

    /// What stands for a string id: its XXH3 hash of 64 bits.
    #[inline]
    pub(super) fn hash_of_text(&self, id: &[u8]) -> u64 {
        xxh3_64_with_seed(id, self.seed)
    }

    /// The partition of a string id that is no number, by its hash.
    #[inline]
    pub(super) fn of_hash(&self, hash: u64) -> usize {
        hash.checked_shr(u64::BITS - self.members.len().trailing_zeros()).unwrap_or(0) as usize
    }

    /// The partition of a string id.
    pub(super) fn of_text(&self, id: &[u8]) -> usize {
        self.place_of_text(id).0
    }

    fn place_of_number(&self, number: i64) -> (usize, u32) {
        (self.of_integer(number), self.rest(number))
    }

    fn place_of_text(&self, id: &[u8]) -> (usize, u32) {
        match self.numbering.as_ref().and_then(|numbering| numbering.number(id)) {
            Some(number) => self.place_of_number(number),
            None => (self.of_hash(self.hash_of_text(id)), 0),
        }
    }
}

/// The lowest number of some customers, and the distance of the highest from it.
fn bounds(numbers: impl Iterator<Item = (usize, i64)>) -> (i64, u64) {
    let range = numbers.map(|(_, number)| (number, number)).reduce(|all, own| (all.0.min(own.0), all.1.max(own.1)));
    range.map_or((0, 0), |(low, high)| (low, high.wrapping_sub(low) as u64))
}

/// How many bits a number has.
fn bits_of(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
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

    fn customers(ids: Vec<i64>, known: usize) -> CustomerTable {
        table(Ids::Integer(ids), known)
    }

    fn table(ids: Ids, known: usize) -> CustomerTable {
        let signup = (0..ids.len()).map(|index| if index < known { 0 } else { 20 }).collect();
        CustomerTable { rows: ids.len() as u64, ids, signup, ..CustomerTable::default() }
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
            let partitioning = Partitioning::new(&customers((0..20_000).map(id).collect(), 20_000), Day(10));
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
            let partitioning = Partitioning::new(&customers(ids.clone(), known), Day(10));
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
            let alone = Partitioning::new(&customers(ids[..known].to_vec(), known), Day(10));
            assert!(ids[..known].iter().all(|&id| partitioning.of_integer(id) == alone.of_integer(id)));
        }
    }

    #[test]
    fn string_ids_stay_in_their_partitions_whoever_comes_later() {
        let dense = |n: u64| format!("C{n:08}");
        let hashed = |n: u64| format!("C{:016x}", mixed(n));
        for (id, numbered) in [(&dense as &dyn Fn(u64) -> String, true), (&hashed, false)] {
            let mut known: Vec<String> = (0..20_000).map(id).collect();
            known.sort_unstable();
            let of = |ids: &[String]| {
                let ends = ids.iter().scan(0, |end, id| {
                    *end += id.len();
                    Some(*end)
                });
                Partitioning::new(&table(Ids::Text { bytes: ids.concat(), ends: ends.collect() }, known.len()), Day(10))
            };
            let alone = of(&known);
            assert_eq!((alone.rest_bits(), alone.numbering().is_some()), (numbered.then_some(11), numbered));
            let sizes: Vec<usize> = alone.members.iter().map(Vec::len).collect();
            assert!(sizes.len() == 16 && sizes.iter().all(|&size| (1000..1600).contains(&size)), "{sizes:?}");
            // Numbers that follow, some that do not, and ids that are none.
            for (later, rest_bits) in [("C00020001", Some(11)), ("C00099999", Some(13)), ("D7", None)] {
                let all = of(&[known.clone(), vec![later.to_owned()]].concat());
                assert_eq!(all.rest_bits(), rest_bits.filter(|_| numbered), "{later}");
                assert!(known.iter().all(|id| all.of_text(id.as_bytes()) == alone.of_text(id.as_bytes())));
                assert!((0u32..)
                    .zip(&known)
                    .all(|(place, id)| all.members[all.of_text(id.as_bytes())].contains(&place)));
            }
        }
    }
}
