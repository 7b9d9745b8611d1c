//! When somebody is a customer, and when one has left.

use crate::calendar::Day;
use crate::sources::{Cancellations, CustomerTable, NO_DAY};
use prefetch_index::prefetch_index;

/// How many customers ahead of the current one the tables are fetched.
const FETCHED: usize = 16;

/// The days between which somebody is a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    /// The first day at whose first instant the customer is there.
    from: i32,
    /// The last one.
    last: i32,
    /// The day of the cancellation; the last of all days without one.
    cancelled: i32,
}

impl Life {
    /// A life from what the tables say: one is there from the day after the sign-up, within the contract, up to the
    /// cancellation. A cancellation before the sign-up is of an earlier time as a customer, and does not count.
    fn new(signup: Option<i32>, start: Option<i32>, end: Option<i32>, cancelled: &[i32]) -> Life {
        let counts = |day: &&i32| signup.is_none_or(|signup| **day >= signup);
        let cancelled = cancelled.iter().find(counts).copied().unwrap_or(i32::MAX);
        let signed_up = signup.map_or(i32::MIN, |day| day.saturating_add(1));
        let ended = end.map_or(i32::MAX, |day| day.saturating_sub(1));
        Life { from: signed_up.max(start.unwrap_or(i32::MIN)), last: cancelled.min(ended), cancelled }
    }

    /// Whether the customer is there at the first instant of a day.
    pub fn is_there(&self, day: Day) -> bool {
        self.from <= day.0 && day.0 <= self.last
    }

    /// Whether the customer, who is there at the beginning, cancels before a day.
    pub fn cancels_before(&self, day: Day) -> bool {
        self.cancelled < day.0
    }
}

/// The lives of some customers, given as their places in the customers table.
pub(super) fn lives(customers: &CustomerTable, cancellations: &Cancellations, members: &[u32], out: &mut Vec<Life>) {
    let CustomerTable { signup, start, end, .. } = customers;
    out.clear();
    for (index, &customer) in members.iter().enumerate() {
        // Customers lie far apart in their table.
        if let Some(&ahead) = members.get(index + FETCHED) {
            for column in [signup, start, end] {
                prefetch_index(column.as_slice(), ahead as usize);
            }
            cancellations.fetch(ahead);
        }

        let day = |column: &[i32]| column.get(customer as usize).copied().filter(|&day| day != NO_DAY);
        out.push(Life::new(day(signup), day(start), day(end), cancellations.days(customer)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Days compared one by one, as the documentation has it.
        #[test]
        fn a_life_is_what_the_rules_say(
            signup in proptest::option::of(0..20i32),
            start in proptest::option::of(0..20i32),
            end in proptest::option::of(0..20i32),
            mut cancelled in proptest::collection::vec(0..20i32, 0..3),
            day in 0..20i32,
        ) {
            cancelled.sort_unstable();
            let life = Life::new(signup, start, end, &cancelled);
            let of_this_time = |c: &i32| signup.is_none_or(|signup| *c >= signup);
            let has_cancelled = cancelled.iter().filter(|c| of_this_time(c)).any(|&c| c < day);
            let has_signed_up = signup.is_none_or(|signup| signup < day);
            let is_in_contract = start.is_none_or(|start| start <= day) && end.is_none_or(|end| day < end);
            prop_assert_eq!(life.is_there(Day(day)), has_signed_up && is_in_contract && !has_cancelled);
            prop_assert_eq!(life.cancels_before(Day(day)), has_cancelled);
        }
    }
}
