//! Pauses: for how many days customers usually do nothing before they come back.

use std::collections::BTreeMap;

/// The usual pauses of some customers, in days. Those who never came back have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses {
    customers: BTreeMap<u32, u64>,
}

impl Pauses {
    /// Counts a customer, who usually pauses for so many days.
    pub fn add(&mut self, days: u32) {
        *self.customers.entry(days).or_default() += 1;
    }

    /// Adds other customers.
    pub fn merge(&mut self, other: &Pauses) {
        for (&days, customers) in &other.customers {
            *self.customers.entry(days).or_default() += customers;
        }
    }

    /// The days for which half of the customers usually pause at most; none if nobody came back.
    pub fn median(&self) -> Option<u32> {
        let all: u64 = self.customers.values().sum();
        let mut seen = 0;
        self.customers.iter().find_map(|(&days, customers)| {
            seen += customers;
            (2 * seen >= all).then_some(days)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_customers_pause_no_longer_than_the_median() {
        let of = |days: &[u32]| {
            let (mut all, mut second) = (Pauses::default(), Pauses::default());
            for (at, &days) in days.iter().enumerate() {
                if at % 2 == 0 { &mut all } else { &mut second }.add(days);
            }
            all.merge(&second);
            all.median()
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[9]), Some(9));
        assert_eq!(of(&[40, 3, 3, 7, 90]), Some(7));
        assert_eq!(of(&[40, 3, 7, 90]), Some(7));
    }
}
