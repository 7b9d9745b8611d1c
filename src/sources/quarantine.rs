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
    /// The value is NaN or infinite. In an attribute of a customer NaN is null, and only infinite numbers count.
    NonFinite,
    /// The value is outside its scale.
    OutOfScale,
    /// The survey instrument is none of nps, csat and ces.
    UnknownInstrument,
    /// The row repeats another in every column read, and the source asks to count such rows once.
    Duplicate,
    /// Another row of the customers table has the same id.
    DuplicateId,
    /// The value is finite, but beyond the range of single precision, in which features are kept. An attribute of a
    /// customer becomes the largest number of that range, and its row is used.
    TooLarge,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 9] = [
        Reason::NullId,
        Reason::NullTime,
        Reason::UnknownCustomer,
        Reason::NonFinite,
        Reason::OutOfScale,
        Reason::UnknownInstrument,
        Reason::Duplicate,
        Reason::DuplicateId,
        Reason::TooLarge,
    ];

    /// The name, as files have it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::NullId => "null_id",
            Reason::NullTime => "null_time",
            Reason::UnknownCustomer => "unknown_customer",
            Reason::NonFinite => "non_finite",
            Reason::OutOfScale => "out_of_scale",
            Reason::UnknownInstrument => "unknown_instrument",
            Reason::Duplicate => "duplicate",
            Reason::DuplicateId => "duplicate_id",
            Reason::TooLarge => "too_large",
        }
    }

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
            Reason::TooLarge => "a number beyond 3.4e38",
        }
    }

    /// What to do about many rows of a source.
    fn advice(self, limit: &Limit) -> String {
        let section = &limit.section;
        match self {
            Reason::NullId => format!("Fill in the column that {section}.id names, or leave rows without an id out"),
            Reason::NullTime => format!("Fill in the column of the time ({section}), or leave rows without a time out"),
            Reason::UnknownCustomer => {
                "Check that the customers table (customers.path) is whole and that both write ids alike".to_owned()
            }
            Reason::NonFinite => "Write null where there is no value, and leave infinite numbers out".to_owned(),
            Reason::OutOfScale => match &limit.scales {
                Some(scales) => format!(
                    "The scales are {scales}; if answers are on another, say so with {section}.scales, for example {{ \
                     csat = {{ from = 1, to = 10 }} }}, or with {section}.range for all of them"
                ),
                None => {
                    format!(
                        "If the column has another scale, say so with {section}.range (lowest and highest valid \
                             value)"
                    )
                }
            },
            Reason::UnknownInstrument => {
                format!("Name the instruments nps, csat and ces, or the one of all rows with {section}.instrument_name")
            }
            Reason::Duplicate => String::new(),
            Reason::TooLarge => "Write null where a large number stands for no value".to_owned(),
            Reason::DuplicateId => format!("Write one row for each {section}.id: of several, one is kept"),
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

    /// Fails when more of `rows` are in quarantine than the limit allows. Duplicates do not count towards it: the
    /// source announced them.
    pub fn check(&self, what: &str, rows: u64, limit: &Limit) -> Result<()> {
        let bad = self.total() - self.0[Reason::Duplicate as usize];
        if bad == 0 || bad as f64 <= limit.share * rows as f64 {
            return Ok(());
        }

        let mut counts: Vec<(Reason, u64)> = self.counts().into_iter().collect();
        let reasons: Vec<String> =
            counts.iter().map(|(reason, rows)| format!("{rows} with {}", reason.words())).collect();
        counts.retain(|(reason, _)| *reason != Reason::Duplicate);
        let commonest = counts.iter().max_by_key(|(_, rows)| *rows);
        let advice = commonest.map(|(reason, _)| reason.advice(limit)).unwrap_or_default();
        Err(Error::Contract(format!(
            "{what}: {bad} of {rows} rows cannot be used ({}), more than the allowed share of {} ({}). {advice}; or, \
             if such rows are expected, allow more of this source with {}.max_quarantine_share",
            reasons.join(", "),
            limit.share,
            limit.set_by,
            limit.section,
        )))
    }
}

/// The share of a source's rows that may be in quarantine.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    share: f64,
    /// The key that says so.
    set_by: String,
    /// The section of the source.
    section: String,
    /// The scales of a survey, in words.
    scales: Option<String>,
}

impl Limit {
    /// What the section of the source says, or else `gates.max_quarantine_share`.
    pub fn new(section: &str, own: Option<f64>, of_gates: f64) -> Limit {
        let setter = if own.is_some() { section } else { "gates" };
        Limit {
            share: own.unwrap_or(of_gates),
            set_by: format!("{setter}.max_quarantine_share"),
            section: section.to_owned(),
            scales: None,
        }
    }

    /// The same for a source whose answers must be on these scales.
    #[must_use]
    pub fn with_scales(self, scales: Option<String>) -> Limit {
        Limit { scales, ..self }
    }
}

impl<'de> Deserialize<'de> for Quarantine {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Quarantine, D::Error> {
        let mut quarantine = Quarantine::default();
        let counts = BTreeMap::<Reason, u64>::deserialize(deserializer)?;
        counts.into_iter().for_each(|(reason, rows)| quarantine.add(reason, rows));
        Ok(quarantine)
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
        let limit = Limit::new("signals.s", None, 0.05);
        let mut q = Quarantine::default();
        q.add(Reason::NullId, 2);
        q.add(Reason::Duplicate, 90);
        assert!(q.check("signal `s`", 100, &limit).is_ok());
        q.add(Reason::OutOfScale, 4);
        let message = q.check("signal `s`", 100, &limit).unwrap_err().to_string();
        for part in
            ["6 of 100", "2 with no id", "(gates.max_quarantine_share)", "signals.s.range", "signals.s.max_quar"]
        {
            assert!(message.contains(part), "{message}");
        }

        assert!(q.check("signal `s`", 100, &Limit::new("signals.s", Some(0.06), 0.05)).is_ok());
        let survey = Limit::new("signals.s", None, 0.05).with_scales(Some("csat 1 to 5".to_owned()));
        let message = q.check("signal `s`", 100, &survey).unwrap_err().to_string();
        assert!(message.contains("csat 1 to 5") && message.contains("signals.s.scales"), "{message}");

        let own = Limit::new("signals.s", Some(0.01), 0.05);
        let message = q.check("signal `s`", 100, &own).unwrap_err().to_string();
        assert!(message.contains("share of 0.01 (signals.s.max_quarantine_share)"), "{message}");
    }
}
