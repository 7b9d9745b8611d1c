//! Where a row goes by the id of its customer: the partition, and what tells the customer from the others there.

use super::id_index::IdIndex;
use super::partition::Partitioning;
use crate::calendar::Day;
use crate::sources::contract::IdKind;
use crate::sources::customers::CustomerTable;

/// The customers' ids, as rows are looked up by them.
pub(super) struct CustomerIndex {
    /// The kind of the ids.
    pub kind: IdKind,
    pub partitioning: Partitioning,
    /// Finds ids that are not dense integers.
    pub members: Option<IdIndex>,
}

impl CustomerIndex {
    /// That of all customers, in partitions by those who have signed up before `day`.
    pub fn new(customers: &CustomerTable, day: Day) -> CustomerIndex {
        let kind = customers.ids.kind();
        let mut seed = 0;
        loop {
            let partitioning = Partitioning::seeded(customers, day, seed);
            if partitioning.rest_bits().is_some() {
                return CustomerIndex { kind, partitioning, members: None };
            }
            if let Some(members) = IdIndex::new(customers, &partitioning) {
                return CustomerIndex { kind, partitioning, members: Some(members) };
            }
            // Two ids have the same hash.
            seed += 1;
        }
    }

    /// Bits that tell the customers of a partition apart, if they are few.
    pub fn rest_bits(&self) -> Option<u32> {
        self.members.as_ref().map(IdIndex::member_bits).or(self.partitioning.rest_bits())
    }
}
