//! Eligibility: which (customer, as-of) rows exist, and why the others do not.

use crate::calendar::Day;
use crate::config::{Churn, Eligibility};
use crate::sources::{Cancellations, CustomerTable, NO_DAY};
use prefetch_index::prefetch_index;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Why a customer has no row on an as-of date. The first reason that applies, in this order, is the one counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// Signed up on the as-of date or later.
    NotYetSignedUp,
    /// Cancelled before the as-of date, in the present stay.
    ChurnedBefore,
    /// Still there, but it was known before the as-of date that the customer leaves (`churn.known`).
    GaveNotice,
    /// The contract has not begun or has ended.
    ContractNotRunning,
    /// Signed up less than `eligibility.min_tenure_days` before.
    TenureTooShort,
    /// No row of a signal that counts as activity (`eligibility.signals`) in the last `eligibility.active_within_days`.
    Inactive,
    /// Training only: the contract runs out before the label window does.
    ContractEndsInWindow,
    /// Training only: cancelled between the as-of date and the label window.
    ChurnedInGap,
}

impl Exclusion {
    /// Every reason, in the order in which they are tried.
    pub const ALL: [Exclusion; 8] = [
        Exclusion::NotYetSignedUp,
        Exclusion::ChurnedBefore,
        Exclusion::GaveNotice,
        Exclusion::ContractNotRunning,
        Exclusion::TenureTooShort,
        Exclusion::Inactive,
        Exclusion::ContractEndsInWindow,
        Exclusion::ChurnedInGap,
    ];

    /// As the manifest names it.
    pub fn name(self) -> &'static str {
        match self {
            Exclusion::NotYetSignedUp => "not_yet_signed_up",
            Exclusion::ChurnedBefore => "churned_before",
            Exclusion::GaveNotice => "gave_notice",
            Exclusion::ContractNotRunning => "contract_not_running",
            Exclusion::TenureTooShort => "tenure_too_short",
            Exclusion::Inactive => "inactive",
            Exclusion::ContractEndsInWindow => "contract_ends_in_window",
            Exclusion::ChurnedInGap => "churned_in_gap",
        }
    }

    /// The reason in words that follow a number: "123 not yet signed up".
    pub fn words(self) -> &'static str {
        match self {
            Exclusion::NotYetSignedUp => "not yet signed up",
            Exclusion::ChurnedBefore => "churned before",
            Exclusion::GaveNotice => "who gave notice",
            Exclusion::ContractNotRunning => "without a running contract",
            Exclusion::TenureTooShort => "too new",
            Exclusion::Inactive => "inactive for too long",
            Exclusion::ContractEndsInWindow => "whose contract runs out in the window",
            Exclusion::ChurnedInGap => "churned in the gap",
        }
    }
}

/// How many customers have no row on an as-of date, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exclusions([u64; Exclusion::ALL.len()]);

impl Exclusions {
    /// Counts one more customer.
    pub fn add(&mut self, reason: Exclusion) {
        self.0[reason as usize] += 1;
    }

    /// The counts by reason.
    pub fn from_counts(counts: &BTreeMap<Exclusion, u64>) -> Exclusions {
        let mut exclusions = Exclusions::default();
        counts.iter().for_each(|(&reason, &count)| exclusions.0[reason as usize] += count);
        exclusions
    }

    /// Adds the counts of other customers.
    pub fn merge(&mut self, other: &Exclusions) {
        for (count, added) in self.0.iter_mut().zip(other.0) {
            *count += added;
        }
    }

    /// The reasons that occurred, with their counts.
    pub fn counts(&self) -> BTreeMap<Exclusion, u64> {
        Exclusion::ALL.into_iter().zip(self.0).filter(|&(_, count)| count > 0).collect()
    }
}

/// "12 too new, 3 churned before"; "none" when nobody is excluded.
impl fmt::Display for Exclusions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts();
        if counts.is_empty() {
            return f.write_str("none");
        }

        let parts: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {}", reason.words())).collect();
        f.write_str(&parts.join(", "))
    }
}

impl Serialize for Exclusions {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.counts().serialize(serializer)
    }
}

/// What the rows are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Rows of every customer whose risk is of interest on the as-of date. The rules look at nothing that is dated on
    /// or after that date, except the end of the contract, and of what was known before it.
    Scoring,
    /// Rows of customers whose label would be fair: the rules are stricter.
    Training,
}

/// The rules of a configuration, with the tables that they consult.
pub struct Rules<'a> {
    /// Which customers are too new or have been silent for too long.
    pub eligibility: &'a Eligibility,
    /// The gap and the horizon, which the rules for training look at.
    pub churn: &'a Churn,
    /// The customers table.
    pub customers: &'a CustomerTable,
    /// The cancellations of these customers.
    pub cancellations: &'a Cancellations,
    /// Whether the rows are for scoring or for training.
    pub purpose: Purpose,
}

/// How many customers ahead of the current one the tables are prefetched.
const PREFETCH_DISTANCE: usize = 16;

/// The days in a customer's life that the rules look at.
#[derive(Clone, Copy, Debug)]
pub struct CustomerDates<'a> {
    signup: Option<i32>,
    start: Option<i32>,
    end: Option<i32>,
    cancelled: &'a [i32],
    /// When each cancellation became known; empty where nobody says.
    known: &'a [i32],
}

impl Rules<'_> {
    /// The dates of some customers, given as their places in the customers table.
    pub fn dates(&self, customers: &[u32]) -> Vec<CustomerDates<'_>> {
        let CustomerTable { signup, start, end, .. } = self.customers;

        let mut dates = Vec::with_capacity(customers.len());
        for (index, &customer) in customers.iter().enumerate() {
            // Customers lie far apart in their table.
            if let Some(&ahead) = customers.get(index + PREFETCH_DISTANCE) {
                for column in [signup, start, end] {
                    prefetch_index(column.as_slice(), ahead as usize);
                }
                self.cancellations.fetch(ahead);
            }

            let cancelled = self.cancellations.days(customer);
            prefetch_index(cancelled, 0);
            dates.push(CustomerDates {
                signup: day(signup, customer),
                start: day(start, customer),
                end: day(end, customer),
                cancelled,
                known: self.cancellations.known(customer),
            });
        }
        dates
    }

    /// Judges a customer on an as-of date. `active` tells whether a signal that counts as activity has a row of the
    /// customer in the last `eligibility.active_within_days`; it is asked only if that setting is above 0.
    ///
    /// # Errors
    /// The first reason that excludes the customer.
    pub fn judge(&self, dates: &CustomerDates<'_>, as_of: Day, active: impl FnOnce() -> bool) -> Result<(), Exclusion> {
        let CustomerDates { signup, start, end, cancelled, known } = *dates;

        if signup.is_some_and(|signup| signup >= as_of.0) {
            return Err(Exclusion::NotYetSignedUp);
        }
        if cancelled.first().is_some_and(|&first| first < as_of.0) {
            return Err(Exclusion::ChurnedBefore);
        }
        if known.iter().any(|&day| day != NO_DAY && day < as_of.0) {
            return Err(Exclusion::GaveNotice);
        }
        if start.is_some_and(|start| start > as_of.0) || end.is_some_and(|end| end <= as_of.0) {
            return Err(Exclusion::ContractNotRunning);
        }

        let min_tenure = i64::from(self.eligibility.min_tenure_days);
        if signup.is_some_and(|signup| i64::from(as_of.0) - i64::from(signup) < min_tenure) {
            return Err(Exclusion::TenureTooShort);
        }
        if self.eligibility.active_within_days > 0 && !active() {
            return Err(Exclusion::Inactive);
        }

        match self.purpose {
            Purpose::Scoring => Ok(()),
            Purpose::Training => self.judge_label(dates, as_of),
        }
    }

    /// Whether the label of a customer on an as-of date would be fair.
    fn judge_label(&self, dates: &CustomerDates<'_>, as_of: Day) -> Result<(), Exclusion> {
        let window = as_of.later_by(self.churn.gap_days);
        let window_end = window.later_by(self.churn.horizon_days);

        if dates.end.is_some_and(|end| end < window_end.0) {
            return Err(Exclusion::ContractEndsInWindow);
        }
        if dates.cancelled.iter().any(|&day| day >= as_of.0 && day < window.0) {
            return Err(Exclusion::ChurnedInGap);
        }
        Ok(())
    }
}

/// A customer's day in a column of the customers table; none where the table has no such column or no date.
fn day(column: &[i32], customer: u32) -> Option<i32> {
    column.get(customer as usize).copied().filter(|&day| day != NO_DAY)
}
