//! Counts of a signal's rows, of one partition of the customers after the other. They are whole numbers, so their sums
//! do not depend on the order in which partitions are done.

use crate::error::{Error, Result};
use crate::numeric::vectorised;
use crate::sources::{Ids, PartitionRows, SignalRows};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

const HOUR_SECONDS: u32 = 3600;
/// Hours before the end that are counted: half a year, within which a gap of weeks still has what it is compared with.
const HOURS: usize = 26 * 7 * 24;
/// Rows whose hours are found at once, in vector instructions.
const COUNTED_ROWS: usize = 1024;
/// Places of the counts of hours: a power of two, so that none has to be looked for, and one for all other hours.
const PLACES: usize = (HOURS + 1).next_power_of_two();

/// How many rows a customer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CustomerRows {
    rows: u64,
    /// The place in the customers table.
    customer: u32,
}

/// The rows of a signal, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows in each hour before the end, the last hour first.
    hours: Vec<u32>,
    rows: u64,
    /// Customers with a row.
    customers: u64,
    /// The customer with the most rows, and the next one.
    most: [Option<CustomerRows>; 2],
}

impl Tally {
    /// Of no rows.
    pub fn new() -> Tally {
        Tally { hours: vec![0; HOURS], ..Tally::default() }
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.hours.fill(0);
        *self = Tally { hours: std::mem::take(&mut self.hours), ..Tally::default() };
    }

    /// Counts the rows of a partition, whose members are at these places of the customers table. Hours count from the
    /// second `end` back; rows from it on have none.
    pub fn add(&mut self, rows: &SignalRows, members: &[u32], end: u32) {
        let (mut hours, mut counts) = ([0; COUNTED_ROWS], [0; PLACES]);
        for seconds in rows.seconds.chunks(COUNTED_ROWS) {
            let hours = &mut hours[..seconds.len()];
            vectorised!(hours_before(end, seconds, hours));
            for &hour in &*hours {
                counts[usize::from(hour) % PLACES] += 1;
            }
        }
        self.hours.iter_mut().zip(&counts).for_each(|(hour, rows)| *hour += rows);

        for (&customer, range) in members.iter().zip(rows.starts.windows(2)) {
            let rows = u64::from(range[1] - range[0]);
            if rows > 0 {
                self.rows += rows;
                self.customers += 1;
                self.consider(CustomerRows { rows, customer });
            }
        }
    }

    /// Adds the rows of other customers.
    pub fn merge(&mut self, other: &Tally) {
        for (own, &others) in self.hours.iter_mut().zip(&other.hours) {
            *own = own.saturating_add(others);
        }
        self.rows += other.rows;
        self.customers += other.customers;
        other.most.into_iter().flatten().for_each(|customer| self.consider(customer));
    }

    /// Takes note of a customer with many rows. Of several with as many, the first in the table comes first.
    fn consider(&mut self, customer: CustomerRows) {
        let is_before = |other: Option<CustomerRows>| {
            other.is_none_or(|other| {
                customer.rows > other.rows || customer.rows == other.rows && customer.customer < other.customer
            })
        };
        if is_before(self.most[0]) {
            self.most = [Some(customer), self.most[0]];
        } else if is_before(self.most[1]) {
            self.most[1] = Some(customer);
        }
    }

    /// Rows in each hour before the end, the last hour first.
    pub fn hours(&self) -> &[u32] {
        &self.hours
    }

    /// All rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many customers have a row.
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// The share of the rows that the customer with the most of them has.
    pub fn commonest_share(&self) -> f64 {
        self.most[0].map_or(0.0, |most| most.rows as f64 / self.rows.max(1) as f64)
    }

    /// A customer who is likely to be a placeholder: one with at least `share` of all rows, and many times those of any
    /// other. Returns the place in the customers table, the rows, and those of the next one.
    pub fn placeholder(&self, share: f64) -> Option<(u32, u64, u64)> {
        /// Customers with rows from which on one of them can stand apart.
        const LEAST: u64 = 50;
        const TIMES: u64 = 10;
        let [Some(most), Some(next)] = self.most else { return None };
        let stands_apart = self.customers >= LEAST && most.rows >= TIMES * next.rows;
        (share > 0.0 && stands_apart && self.commonest_share() >= share).then_some((
            most.customer,
            most.rows,
            next.rows,
        ))
    }
}

/// The hour before `end` of each second, from 0 for the last one on; [`HOURS`] for all that are not counted.
#[inline(always)]
fn hours_before(end: u32, seconds: &[u32], hours: &mut [u16]) {
    let last = end.wrapping_sub(1);
    for (hour, &second) in hours.iter_mut().zip(seconds) {
        // What lies behind the end wraps around to an hour that is not there.
        *hour = (last.wrapping_sub(second) / HOUR_SECONDS).min(HOURS as u32) as u16;
    }
}

/// What was counted of some customers, on another machine than the sums are needed: customers by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedTally {
    hours: Vec<u32>,
    rows: u64,
    customers: u64,
    /// Those with the most rows of each part.
    most: Vec<(u64, String)>,
}

impl NamedTally {
    /// What was counted of customers whose table has these ids.
    pub fn new(tally: &Tally, ids: &Ids) -> NamedTally {
        let most = tally.most.iter().flatten().map(|most| (most.rows, ids.display(most.customer as usize)));
        NamedTally { hours: tally.hours.clone(), rows: tally.rows, customers: tally.customers, most: most.collect() }
    }

    /// Adds the rows of other customers.
    pub fn merge(&mut self, other: NamedTally) {
        self.hours.resize(HOURS, 0);
        self.hours.iter_mut().zip(&other.hours).for_each(|(own, &others)| *own = own.saturating_add(others));
        self.rows += other.rows;
        self.customers += other.customers;
        self.most.extend(other.most);
    }

    /// The same of customers at their places in the table of all, which has these ids.
    ///
    /// # Errors
    /// [`Error::Temporary`] for a customer who is not in it.
    pub fn tally(&self, ids: &Ids) -> Result<Tally> {
        let mut tally = Tally::new();
        tally.hours.iter_mut().zip(&self.hours).for_each(|(own, &rows)| *own = rows);
        (tally.rows, tally.customers) = (self.rows, self.customers);
        for (rows, id) in &self.most {
            let Some(place) = ids.find(id) else {
                return Err(Error::Temporary(format!(
                    "customer {id} was counted and is not in the customers table: it has changed meanwhile; run again"
                )));
            };
            tally.consider(CustomerRows { rows: *rows, customer: place as u32 });
        }
        Ok(tally)
    }
}

/// The tallies of all signals, which the threads of a run add to.
pub struct Tallies {
    /// The second before which each signal's hours are counted.
    ends: Vec<u32>,
    all: Mutex<Vec<Tally>>,
}

impl Tallies {
    /// Of no rows. `ends` has a second for each signal.
    pub fn new(ends: Vec<u32>) -> Tallies {
        let all = Mutex::new(ends.iter().map(|_| Tally::new()).collect());
        Tallies { ends, all }
    }

    /// Adds a partition, in memory that the thread keeps.
    pub fn add(&self, rows: &PartitionRows, members: &[u32], own: &mut Tally) {
        for (signal, (rows, &end)) in rows.signals.iter().zip(&self.ends).enumerate() {
            own.clear();
            own.add(rows, members, end);
            let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            all[signal].merge(own);
        }
    }

    /// The tally of each signal.
    pub fn finish(self) -> Vec<Tally> {
        self.all.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The rows of some customers, given as the seconds of each.
    fn signal(customers: &[Vec<u32>]) -> SignalRows {
        let mut rows = SignalRows { starts: vec![0], ..SignalRows::default() };
        for seconds in customers {
            rows.seconds.extend(seconds);
            rows.starts.push(rows.seconds.len() as u32);
        }
        rows
    }

    proptest! {
        #[test]
        fn counts_are_those_of_a_plain_computation(
            customers in prop::collection::vec(prop::collection::vec(0u32..30_000_000, 0..12), 1..40),
            end in 1u32..30_000_000,
            cut in any::<prop::sample::Index>(),
            backwards in any::<bool>(),
        ) {
            let cut = cut.index(customers.len());
            let members: Vec<u32> = (0..customers.len() as u32).map(|place| 7 * place + 3).collect();
            let mut parts = [Tally::new(), Tally::new()];
            parts[0].add(&signal(&customers[..cut]), &members[..cut], end);
            parts[1].add(&signal(&customers[cut..]), &members[cut..], end);
            if backwards {
                parts.reverse();
            }
            let mut found = Tally::new();
            parts.iter().for_each(|part| found.merge(part));

            let mut hours: BTreeMap<usize, u64> = BTreeMap::new();
            for second in customers.iter().flatten().filter(|&&second| second < end) {
                *hours.entry(((end - 1 - second) / 3600) as usize).or_default() += 1;
            }
            for (hour, &count) in found.hours().iter().enumerate() {
                prop_assert_eq!(u64::from(count), hours.get(&hour).copied().unwrap_or(0));
            }
            prop_assert_eq!(found.rows(), customers.iter().map(Vec::len).sum::<usize>() as u64);
            prop_assert_eq!(found.customers(), customers.iter().filter(|rows| !rows.is_empty()).count() as u64);

            let mut most: Vec<(usize, u32)> =
                customers.iter().zip(&members).map(|(rows, &member)| (rows.len(), member)).collect();
            most.retain(|(rows, _)| *rows > 0);
            most.sort_by_key(|&(rows, member)| (std::cmp::Reverse(rows), member));
            let expected: Vec<(u64, u32)> = most.iter().take(2).map(|&(rows, member)| (rows as u64, member)).collect();
            let ranked: Vec<(u64, u32)> = found.most.iter().flatten().map(|most| (most.rows, most.customer)).collect();
            prop_assert_eq!(ranked, expected);

            // The same, put together from parts that know customers by their ids.
            let ids = Ids::Integer((0..7 * customers.len() as i64 + 3).map(|place| place - 100).collect());
            let mut named = NamedTally::default();
            parts.iter().for_each(|part| named.merge(NamedTally::new(part, &ids)));
            let sent = serde_json::from_str::<NamedTally>(&serde_json::to_string(&named).unwrap()).unwrap();
            prop_assert_eq!(sent.tally(&ids).unwrap(), found);
        }
    }

    #[test]
    fn a_placeholder_has_many_times_the_rows_of_anybody() {
        let of = |first: usize, others: usize| {
            let mut tally = Tally::new();
            let mut customers = vec![vec![5; 4]; others];
            customers.push(vec![5; first]);
            let members: Vec<u32> = (0..customers.len() as u32).collect();
            tally.add(&signal(&customers), &members, 10);
            tally.placeholder(0.1)
        };
        assert_eq!(of(40, 60), Some((60, 40, 4)));
        assert_eq!(of(39, 60), None, "not ten times the next");
        assert_eq!(of(40, 99), None, "less than a tenth");
        assert_eq!(of(400, 40), None, "among few customers anybody stands apart");
    }
}
