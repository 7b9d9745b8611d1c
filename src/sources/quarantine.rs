//! Rows that cannot be used: never dropped silently, but counted by reason, and too many of them stop the run.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a row is in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The id is null (or a number beyond 64 signed bits).
    NullId,
    /// The time is null.
    NullTime,
    /// The id is not in the customers table.
    UnknownCustomer,
    /// The value is NaN or infinite.
    NonFinite,
    /// The value is outside its scale.
    OutOfScale,
    /// The survey instrument is none of nps, csat and ces.
    UnknownInstrument,
    /// The row repeats another in every column read, and the source asks to count such rows once.
    Duplicate,
    /// Another row of the customers table has the same id.
    DuplicateId,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 8] = [
        Reason::NullId,
        Reason::NullTime,
        Reason::UnknownCustomer,
        Reason::NonFinite,
        Reason::OutOfScale,
        Reason::UnknownInstrument,
        Reason::Duplicate,
        Reason::DuplicateId,
    ];

    /// In words, for messages.
    pub fn words(self) -> &'static str {
        match self {
            Reason::NullId => "no id",
            Reason::NullTime => "no time",
            Reason::UnknownCustomer => "an id that the customers table lacks",
            Reason::NonFinite => "a value that is not finite",
            Reason::OutOfScale => "a value outside its scale",
            Reason::UnknownInstrument => "an unknown survey instrument",
            Reason::Duplicate => "an exact duplicate",
            Reason::DuplicateId => "an id that occurs twice",
        }
    }
}

/// How many rows are in quarantine, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quarantine([u64; Reason::ALL.len()]);

impl Quarantine {
    /// Counts rows.
    pub fn add(&mut self, reason: Reason, rows: u64) {
        self.0[reason as usize] += rows;
    }

    /// Adds the counts of another part of the same source.
    pub fn merge(&mut self, other: &Quarantine) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// The reasons that occurred.
    pub fn counts(&self) -> BTreeMap<Reason, u64> {
        Reason::ALL.into_iter().map(|reason| (reason, self.0[reason as usize])).filter(|(_, n)| *n > 0).collect()
    }

    /// All rows in quarantine.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Fails when the share of `rows` exceeds `max_share`. Duplicates do not count towards it: the source announced
    /// them.
    pub fn check(&self, what: &str, rows: u64, max_share: f64) -> Result<()> {
        let bad = self.total() - self.0[Reason::Duplicate as usize];
        if bad == 0 || bad as f64 <= max_share * rows as f64 {
            return Ok(());
        }
        let reasons: Vec<String> =
            self.counts().iter().map(|(reason, rows)| format!("{rows} with {}", reason.words())).collect();
        Err(Error::Contract(format!(
            "{what}: {bad} of {rows} rows cannot be used ({}), more than the allowed share of {max_share} \
             (gates.max_quarantine_share). Mend the source, or raise the share if these rows are expected",
            reasons.join(", ")
        )))
    }
}

impl Serialize for Quarantine {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.counts().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_above_the_limit_stops_the_run_and_names_the_reasons() {
        let mut q = Quarantine::default();
        q.add(Reason::NullId, 3);
        q.add(Reason::Duplicate, 90);
        assert!(q.check("signal `s`", 100, 0.05).is_ok());
        q.add(Reason::OutOfScale, 3);
        let message = q.check("signal `s`", 100, 0.05).unwrap_err().to_string();
        assert!(message.contains("6 of 100") && message.contains("3 with no id"), "{message}");
    }
}
