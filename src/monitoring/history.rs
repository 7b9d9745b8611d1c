//! What has become of customers: whether they left in the label window of a date, by the same definition as a label,
//! and who is judged at all, by the same rules as a row of a training.

use crate::calendar::Day;
use crate::config::{Churn, ChurnDefinition};
use crate::labels;
use crate::sources::{Cancellations, CustomerTable, NO_DAY};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What has become of a customer of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Still there at the end of the label window.
    Stayed,
    /// Left in it, on a day if that is known: silence has none.
    Churned(Option<Day>),
    /// Left in the gap before it: no outreach could have come in time, so the run is not judged by it.
    LeftInGap(Day),
    /// The contract ran out before the end of the label window, which is no churn.
    ContractEnded,
    /// The customers table does not have the customer any more.
    UnknownCustomer,
}

impl Outcome {
    /// 1 churned, 0 stayed; none if the run is not judged by it.
    pub fn label(self) -> Option<bool> {
        match self {
            Outcome::Stayed => Some(false),
            Outcome::Churned(_) => Some(true),
            Outcome::LeftInGap(_) | Outcome::ContractEnded | Outcome::UnknownCustomer => None,
        }
    }

    /// Whether the customer left by the end of the label window, in the gap or after it; none if that is not known. It
    /// says of everybody who was drawn into a group what has become of them, as a trial asks for.
    pub fn left(self) -> Option<bool> {
        match self {
            Outcome::Stayed => Some(false),
            Outcome::Churned(_) | Outcome::LeftInGap(_) => Some(true),
            Outcome::ContractEnded | Outcome::UnknownCustomer => None,
        }
    }

    /// The day on which the customer left, if there is one.
    pub fn day(self) -> Option<Day> {
        match self {
            Outcome::Churned(day) => day,
            Outcome::LeftInGap(day) => Some(day),
            _ => None,
        }
    }

    /// Why a run is not judged by it, as files name it.
    pub fn why_not_judged(self) -> Option<&'static str> {
        match self {
            Outcome::Stayed | Outcome::Churned(_) => None,
            Outcome::LeftInGap(_) => Some("left_in_gap"),
            Outcome::ContractEnded => Some("contract_ended"),
            Outcome::UnknownCustomer => Some("unknown_customer"),
        }
    }
}

/// Who was silent through the label window of each date, customer by customer in the order of the customers table.
pub type Silences = BTreeMap<Day, Vec<bool>>;

/// What is known of customers at the end of the data.
pub struct CustomerHistory<'a> {
    /// The label.
    pub churn: &'a Churn,
    /// The customers.
    pub customers: &'a CustomerTable,
    /// When they cancelled.
    pub cancellations: &'a Cancellations,
    /// For churn by inactivity: who was silent, of every date that is asked for.
    pub silences: Silences,
    /// The first day of which nothing is known.
    pub until: Day,
    /// The cancellations, by day, with what identifies customer and day.
    marks: Vec<(i32, u64)>,
}

/// What identifies the customers who left in the label window of a date, whatever their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// How many cancellations there are.
    pub cancellations: u64,
    /// What identifies them.
    pub hash: u64,
}

impl<'a> CustomerHistory<'a> {
    /// What is known at the beginning of `until`.
    pub fn new(
        churn: &'a Churn,
        customers: &'a CustomerTable,
        cancellations: &'a Cancellations,
        silences: Silences,
        until: Day,
    ) -> CustomerHistory<'a> {
        let mut marks = Vec::new();
        for customer in 0..customers.len() {
            let days = cancellations.days(customer as u32);
            if !days.is_empty() {
                let id = customers.ids.display(customer);
                marks.extend(days.iter().map(|&day| (day, xxh3_64_with_seed(id.as_bytes(), u64::from(day as u32)))));
            }
        }
        marks.sort_unstable();
        CustomerHistory { churn, customers, cancellations, silences, until, marks }
    }

    /// Whether the label window of a date is over.
    pub fn has_matured(&self, as_of: Day) -> bool {
        labels::matured(self.churn, as_of, self.until)
    }

    /// What has become of a customer in the label window of a date, which is over.
    pub fn outcome(&self, customer: Option<u32>, as_of: Day) -> Outcome {
        let Some(customer) = customer else { return Outcome::UnknownCustomer };
        let window = labels::window(self.churn, as_of);
        let days = self.cancellations.days(customer);
        if let Some(day) = labels::cancelled_within(days, &(as_of..window.start)) {
            return Outcome::LeftInGap(day);
        }

        let end = self.customers.end.get(customer as usize).copied().filter(|&end| end != NO_DAY);
        if end.is_some_and(|end| end < window.end.0) {
            return Outcome::ContractEnded;
        }

        match self.churn.definition {
            ChurnDefinition::Event => match labels::cancelled_within(days, &window) {
                Some(day) => Outcome::Churned(Some(day)),
                None => Outcome::Stayed,
            },
            ChurnDefinition::Inactivity => {
                let is_silent = self.silences.get(&as_of).is_some_and(|silent| silent[customer as usize]);
                if is_silent {
                    Outcome::Churned(None)
                } else {
                    Outcome::Stayed
                }
            }
        }
    }

    /// What identifies those who left between a date and the end of its label window. If it is another one later, the
    /// past has been written anew.
    pub fn fingerprint(&self, as_of: Day) -> Fingerprint {
        let end = labels::window(self.churn, as_of).end;
        let from = self.marks.partition_point(|&(day, _)| day < as_of.0);
        let to = self.marks.partition_point(|&(day, _)| day < end.0);
        let marks = &self.marks[from..to];
        let mut hash = marks.iter().fold(0u64, |sum, &(_, mark)| sum.wrapping_add(mark));
        let mut cancellations = marks.len() as u64;

        if let Some(silent) = self.silences.get(&as_of) {
            for customer in (0..silent.len()).filter(|&customer| silent[customer]) {
                let id = self.customers.ids.display(customer);
                hash = hash.wrapping_add(xxh3_64_with_seed(id.as_bytes(), u64::MAX));
                cancellations += 1;
            }
        }
        Fingerprint { cancellations, hash }
    }
}
