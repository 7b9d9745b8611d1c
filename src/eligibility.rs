//! Eligibility: which (customer, as-of) rows exist, and why the others do not.

use crate::calendar::Day;
use crate::config::Settings;
use crate::sources::{Cancellations, CustomerTable, NO_DAY};
use prefetch_index::prefetch_index;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Why a customer has no row on an as-of date. The first reason that applies, in this order, is the one counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// Signs up on the as-of date or later.
    NotYetSignedUp,
    /// Cancelled before the as-of date.
    ChurnedBefore,
    /// The contract has not begun or has ended.
    ContractNotRunning,
    /// Signed up less than `eligibility.min_tenure_days` before.
    TenureTooShort,
    /// No row of any signal in the last `eligibility.active_within_days`.
    Inactive,
    /// Training only: the contract runs out before the label window does.
    ContractEndsInWindow,
    /// Training only: cancelled between the as-of date and the label window.
    ChurnedInGap,
}

impl Exclusion {
    /// Every reason, in order.
    pub const ALL: [Exclusion; 7] = [
        Exclusion::NotYetSignedUp,
        Exclusion::ChurnedBefore,
        Exclusion::ContractNotRunning,
        Exclusion::TenureTooShort,
        Exclusion::Inactive,
        Exclusion::ContractEndsInWindow,
        Exclusion::ChurnedInGap,
    ];

    /// In words, for messages: "123 signed up later".
    pub fn words(self) -> &'static str {
        match self {
            Exclusion::NotYetSignedUp => "not yet signed up",
            Exclusion::ChurnedBefore => "churned before",
            Exclusion::ContractNotRunning => "without a running contract",
            Exclusion::TenureTooShort => "too new",
            Exclusion::Inactive => "inactive for too long",
            Exclusion::ContractEndsInWindow => "whose contract runs out in the window",
            Exclusion::ChurnedInGap => "churned in the gap",
        }
    }
}

/// How many customers have no row on one as-of date, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exclusions([u64; Exclusion::ALL.len()]);

impl Exclusions {
    /// Counts one customer.
    pub fn add(&mut self, reason: Exclusion) {
        self.0[reason as usize] += 1;
    }

    /// Adds the counts of other customers.
    pub fn merge(&mut self, other: &Exclusions) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// The reasons that occurred.
    pub fn counts(&self) -> BTreeMap<Exclusion, u64> {
        Exclusion::ALL.into_iter().map(|reason| (reason, self.0[reason as usize])).filter(|(_, n)| *n > 0).collect()
    }
}

/// "12 too new, 3 churned before"; "none" when nobody is excluded.
impl fmt::Display for Exclusions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.counts().iter().map(|(why, n)| format!("{n} {}", why.words())).collect();
        f.write_str(if parts.is_empty() { "none" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

impl Serialize for Exclusions {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.counts().serialize(serializer)
    }
}

/// Whether rows are wanted for scoring or, under stricter rules, for training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Every customer whose risk is of interest on the as-of date. Knows nothing dated on it or later, except the
    /// contract's end.
    Scoring,
    /// Customers whose label would be fair.
    Training,
}

/// The rules of one configuration, with the tables they look at.
pub struct Rules<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The customers.
    pub customers: &'a CustomerTable,
    /// Their cancellations.
    pub cancellations: &'a Cancellations,
    /// What the rows are for.
    pub purpose: Purpose,
}

/// How many customers before its own what the tables say of one is fetched.
const FETCHED: usize = 16;

/// What the tables say of one customer's days.
#[derive(Clone, Copy, Debug)]
pub struct Dates<'a> {
    signup: Option<i32>,
    start: Option<i32>,
    end: Option<i32>,
    cancelled: &'a [i32],
}

impl Rules<'_> {
    /// Those of some customers (their places in the table).
    pub fn dates(&self, customers: &[u32]) -> Vec<Dates<'_>> {
        let CustomerTable { signup, start, end, .. } = self.customers;
        let dates = customers.iter().enumerate().map(|(place, &customer)| {
            // Customers lie far apart in their table.
            if let Some(&later) = customers.get(place + FETCHED) {
                [signup, start, end].into_iter().for_each(|days| prefetch_index(days.as_slice(), later as usize));
                self.cancellations.fetch(later);
            }
            let day = |days: &[i32]| days.get(customer as usize).copied().filter(|&day| day != NO_DAY);
            let cancelled = self.cancellations.of(customer);
            prefetch_index(cancelled, 0);
            Dates { signup: day(signup), start: day(start), end: day(end), cancelled }
        });
        dates.collect()
    }

    /// Judges one customer on one as-of date. `active` tells whether it has a row of any signal in the last
    /// `eligibility.active_within_days`, if they are above 0.
    pub fn judge(&self, dates: &Dates<'_>, as_of: Day, active: impl FnOnce() -> bool) -> Result<(), Exclusion> {
        let Dates { signup, start, end, cancelled } = *dates;
        if signup.is_some_and(|signup| signup >= as_of.0) {
            return Err(Exclusion::NotYetSignedUp);
        }
        if cancelled.first().is_some_and(|&first| first < as_of.0) {
            return Err(Exclusion::ChurnedBefore);
        }
        if start.is_some_and(|start| start > as_of.0) || end.is_some_and(|end| end <= as_of.0) {
            return Err(Exclusion::ContractNotRunning);
        }
        let tenure = i64::from(self.settings.eligibility.min_tenure_days);
        if signup.is_some_and(|signup| i64::from(as_of.0) - i64::from(signup) < tenure) {
            return Err(Exclusion::TenureTooShort);
        }
        if self.settings.eligibility.active_within_days > 0 && !active() {
            return Err(Exclusion::Inactive);
        }
        if self.purpose == Purpose::Training {
            let window = as_of.plus(self.settings.churn.gap_days as i32);
            let window_end = window.plus(self.settings.churn.horizon_days as i32);
            if end.is_some_and(|end| end < window_end.0) {
                return Err(Exclusion::ContractEndsInWindow);
            }
            if cancelled.iter().any(|&day| day >= as_of.0 && day < window.0) {
                return Err(Exclusion::ChurnedInGap);
            }
        }
        Ok(())
    }
}
