//! The engagement signals of the simulated customers, and when and how much each is used.

use crate::config::Instrument;
use crate::simulate::rhythm::Rhythm;

/// An engagement signal: a directory of weekly files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Logins, without a value.
    Logins,
    /// Visits on any channel, with their duration.
    Visits,
    /// Mentions in social media, with their sentiment.
    Mentions,
    /// Answers to surveys, with their score.
    Surveys,
}

impl Signal {
    /// Every signal, in the order in which [`Summary::events`](super::Summary::events) counts them.
    pub const ALL: [Signal; 4] = [Signal::Logins, Signal::Visits, Signal::Mentions, Signal::Surveys];

    /// The name of the signal's directory.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Logins => "logins",
            Signal::Visits => "visits",
            Signal::Mentions => "mentions",
            Signal::Surveys => "surveys",
        }
    }

    /// When the signal's events happen.
    pub(super) fn rhythm(self) -> Rhythm {
        match self {
            Signal::Logins => Rhythm::new(WORKDAYS, OFFICE_HOURS, QUIET_HOLIDAYS),
            Signal::Visits => Rhythm::new(EVERY_DAY, WAKING_HOURS, BUSY_AUTUMN),
            Signal::Mentions => Rhythm::new(WEEKENDS, EVENINGS, EVEN_YEAR),
            Signal::Surveys => Rhythm::new(WORKDAYS, OFFICE_HOURS, EVEN_YEAR),
        }
    }
}

/// The channels of a visit.
pub(super) const CHANNELS: [&str; 4] = ["web", "app", "store", "phone"];

/// The survey instrument with a number.
pub(super) fn instrument(kind: u8) -> Instrument {
    Instrument::ALL[usize::from(kind) % Instrument::ALL.len()]
}

// Relative weights, Monday first.
const WORKDAYS: [f64; 7] = [1.25, 1.25, 1.2, 1.15, 1.05, 0.55, 0.55];
const EVERY_DAY: [f64; 7] = [0.95, 0.95, 0.95, 1.0, 1.1, 1.15, 0.9];
const WEEKENDS: [f64; 7] = [0.9, 0.9, 0.9, 0.95, 1.05, 1.15, 1.15];

// Relative weights of the local hours.
#[rustfmt::skip]
const OFFICE_HOURS: [f64; 24] = [
    0.1, 0.05, 0.05, 0.05, 0.1, 0.3, 0.8, 1.6, 3.0, 3.6, 3.4, 2.8, 2.0, 2.6, 3.2, 3.0, 2.6, 1.8, 1.2, 1.0, 1.0, 0.8, 0.5, 0.2,
];
#[rustfmt::skip]
const WAKING_HOURS: [f64; 24] = [
    0.2, 0.1, 0.1, 0.1, 0.1, 0.3, 0.8, 1.4, 1.8, 2.0, 2.0, 2.0, 2.2, 2.0, 1.8, 1.8, 2.0, 2.4, 2.8, 3.2, 3.2, 2.6, 1.4, 0.6,
];
#[rustfmt::skip]
const EVENINGS: [f64; 24] = [
    0.8, 0.4, 0.2, 0.1, 0.1, 0.2, 0.6, 1.2, 1.2, 1.0, 1.0, 1.2, 1.6, 1.4, 1.2, 1.2, 1.4, 1.8, 2.4, 3.0, 3.4, 3.4, 2.6, 1.6,
];

// Rates by month, January first.
const QUIET_HOLIDAYS: [f64; 12] = [1.06, 1.04, 1.04, 1.0, 1.0, 0.98, 0.9, 0.86, 1.04, 1.06, 1.06, 0.96];
const BUSY_AUTUMN: [f64; 12] = [0.94, 0.94, 0.98, 1.0, 1.0, 0.98, 0.94, 0.94, 1.0, 1.04, 1.1, 1.14];
const EVEN_YEAR: [f64; 12] = [1.0; 12];
