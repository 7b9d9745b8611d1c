//! Which member of its partition an id is, where ids are strings or integers with wide gaps: looked up while rows are
//! decoded, so that a row carries a small number from there on instead of an id.
//!
//! The table of all ids is larger than a core's cache, and rows come in the order of time, so that hardly any id is
//! where the one before was. What makes it cheap is that nothing waits: places are fetched while the hashes of other
//! ids are computed, and no branch depends on what is found there, but for the few ids whose place was full.

use super::partition::{mixed, Partitioning};
use crate::numeric::vectorised;
use crate::parallel;
use crate::sources::customers::ids::Ids;
use crate::sources::customers::CustomerTable;
use prefetch_index::prefetch_index;
use rayon::prelude::*;

/// The number of an id that none of the customers has.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// Entries of a bucket: it is one line of the cache.
const ENTRIES: usize = 8;
/// Ids looked up at a time: their buckets fit the first-level cache.
const AT_A_TIME: usize = 256;
/// Customers for each bucket, on average: more than it has room for lead to one in seven.
const IN_A_BUCKET: usize = 6;

/// A place for some ids.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Bucket {
    /// The low 32 bits of each hash.
    keys: [u32; ENTRIES],
    /// As many of its high ones as there is room for, and below them one more than the member; 0 where there is no
    /// entry.
    entries: [u32; ENTRIES],
}

/// The members that ids belong to, by 64-bit hashes of the ids. The high bits of a hash give the place in the table,
/// and an id that finds it full is in one of the next: so near that place and entry together tell all 64 bits. No
/// integer is taken for another, then. That one of a million unknown strings is taken for one of a million customers
/// has a probability of 5e-8.
#[derive(Clone, Debug)]
pub(super) struct IdIndex {
    buckets: Vec<Bucket>,
    /// Buckets that hashes lead to; a few more follow.
    count: usize,
    /// How many buckets, from its own on, may hold an id.
    reach: usize,
    member_bits: u32,
}

impl IdIndex {
    /// The index of the customers; none if two string ids have the same hash, which of a million have with a
    /// probability of 3e-8.
    pub fn new(customers: &CustomerTable, partitioning: &Partitioning) -> Option<IdIndex> {
        let hash = |customer: usize| match &customers.ids {
            Ids::Integer(ids) => hash_of_integer(ids[customer]),
            Ids::Text { .. } => partitioning.hash_of_text(customers.ids.text(customer).as_bytes()),
        };
        let all = parallel::map_rows(customers.len(), hash);
        let members = partitioning.members.iter().flat_map(|members| members.iter().zip(0..));
        let mut hashes: Vec<(u64, u32)> = members.map(|(&customer, member)| (all[customer as usize], member)).collect();
        hashes.par_sort_unstable();
        if hashes.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }

        let largest = partitioning.members.iter().map(Vec::len).max().unwrap_or(0);
        let mut count = hashes.len() / IN_A_BUCKET;
        loop {
            match IdIndex::with(count, largest, &hashes) {
                None => count = 2 * count.max(1),
                index => return index,
            }
        }
    }

    /// A table of so many buckets or more for hashes in ascending order and their members, of which there are at most
    /// so many in a partition; none if too many have their places side by side.
    fn with(count: usize, largest: usize, hashes: &[(u64, u32)]) -> Option<IdIndex> {
        let member_bits = usize::BITS - largest.leading_zeros();
        // Two hashes that differ in nothing but the bits that an entry has no room for are so many buckets apart.
        let count = count.max(4 << member_bits);
        let reach = count >> member_bits;
        let mut index = IdIndex { buckets: vec![Bucket::default(); count + reach], count, reach, member_bits };

        // In their order, so that none is farther from its place than it must be.
        let (mut at, mut used) = (0, 0);
        for &(hash, member) in hashes {
            let first = index.bucket(hash);
            if first > at {
                (at, used) = (first, 0);
            } else if used == ENTRIES {
                (at, used) = (at + 1, 0);
            }
            if at >= first + reach {
                return None;
            }
            let entry = index.tag(hash) | (member + 1);
            let bucket = &mut index.buckets[at];
            (bucket.keys[used], bucket.entries[used]) = (hash as u32, entry);
            used += 1;
        }
        Some(index)
    }

    /// Bits that tell the members of a partition apart.
    pub fn member_bits(&self) -> u32 {
        self.member_bits
    }

    /// The hashes of some rows' ids, and the members that they stand for.
    pub fn find(&self, ids: impl Iterator<Item = u64>, hashes: &mut Vec<u64>, members: &mut Vec<u32>) {
        hashes.clear();
        members.clear();
        let mut ids = ids.inspect(|&hash| prefetch_index(&self.buckets, self.bucket(hash)));
        loop {
            let first = hashes.len();
            hashes.extend(ids.by_ref().take(AT_A_TIME));
            if hashes.len() == first {
                break;
            }
            members.resize(hashes.len(), UNKNOWN);
            vectorised!(self.find_all(&hashes[first..], &mut members[first..]));
        }
    }

    #[inline(always)]
    fn find_all(&self, hashes: &[u64], members: &mut [u32]) {
        for (member, &hash) in members.iter_mut().zip(hashes) {
            *member = self.member(hash);
        }
    }

    #[inline(always)]
    fn member(&self, hash: u64) -> u32 {
        let (key, tag, first) = (hash as u32, self.tag(hash), self.bucket(hash));
        let of_member = !(u32::MAX << self.member_bits);
        for Bucket { keys, entries } in &self.buckets[first..first + self.reach] {
            // One at most is of this hash. The comparison becomes a mask by hand: of a condition, the compiler would
            // make a branch for each entry.
            let found = keys.iter().zip(entries).fold(0, |found, (&k, &entry)| {
                let differing = (k ^ key) | ((entry ^ tag) & !of_member);
                found | entry & u32::from(differing == 0).wrapping_neg()
            });
            if found != 0 {
                return (found & of_member) - 1;
            }
            if entries[ENTRIES - 1] == 0 {
                break;
            }
        }
        UNKNOWN
    }

    /// The bucket that a hash leads to.
    #[inline]
    fn bucket(&self, hash: u64) -> usize {
        (((hash >> 32) * self.count as u64) >> 32) as usize
    }

    /// The part of a hash that goes into an entry.
    #[inline]
    fn tag(&self, hash: u64) -> u32 {
        ((hash >> 32) as u32) << self.member_bits
    }
}

/// A hash that no other integer has.
#[inline]
pub(super) fn hash_of_integer(id: i64) -> u64 {
    mixed(id as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Every hash is found, with its member, and others are not.
    fn check(partitions: &[Vec<u64>], others: impl Iterator<Item = u64>) {
        let largest = partitions.iter().map(Vec::len).max().unwrap_or(0);
        let mut hashes: Vec<(u64, u32)> =
            partitions.iter().flat_map(|hashes| hashes.iter().copied().zip(0..)).collect();
        hashes.sort_unstable();
        let index = IdIndex::with(hashes.len() / IN_A_BUCKET, largest, &hashes).unwrap();
        assert!(largest < 1 << index.member_bits());
        let known: HashMap<u64, u32> = hashes.iter().copied().collect();
        let asked: Vec<u64> = known.keys().copied().chain(others).collect();
        let (mut seen, mut members) = (vec![1], vec![2]);
        index.find(asked.iter().copied(), &mut seen, &mut members);
        assert_eq!(seen, asked);
        for (hash, member) in asked.iter().zip(members) {
            assert_eq!(member, known.get(hash).copied().unwrap_or(UNKNOWN), "{hash:x}");
        }
    }

    #[test]
    fn every_id_is_found_and_no_other() {
        for (partitions, each) in [(0u64, 0u64), (1, 0), (1, 1), (1, 2047), (1, 2048), (16, 2100), (64, 1700)] {
            let hash = |partition: u64, member: u64| mixed(partition << 32 | member);
            let hashes = (0..partitions).map(|p| (0..each).map(|member| hash(p, member)).collect());
            check(&hashes.collect::<Vec<_>>(), (0..50_000).map(|other| mixed(1 << 60 | other)));
        }
    }

    #[test]
    fn ids_that_agree_in_key_or_place_are_told_apart() {
        // Of two keys: in one bucket, in some, and far apart.
        for spread in [1u64, 1 << 12, 1 << 27] {
            let hashes: Vec<u64> = (0..20).map(|n| 42 + ((n * spread) << 32 | n >> 4)).collect();
            let near = hashes.iter().flat_map(|hash| (0..64).map(move |bit| hash ^ 1 << bit));
            let near: Vec<u64> = near.filter(|hash| !hashes.contains(hash)).collect();
            check(&[hashes, vec![mixed(5), 0, u64::MAX, u64::from(u32::MAX)]], near.into_iter());
        }
    }

    #[test]
    fn a_table_that_is_too_full_is_told() {
        let crowd: Vec<(u64, u32)> = (0..100).map(|n| (7 << 50 | n, n as u32)).collect();
        // Few buckets in reach hold too few of a hundred ids in one place; more of them hold all.
        assert!(IdIndex::with(0, crowd.len(), &crowd).is_none());
        assert!(IdIndex::with(16 << 7, crowd.len(), &crowd).is_some());
    }
}
