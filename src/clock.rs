//! How long the stages of a job take, and how an instant is written.

use crate::observer::{Observer, Stage};
use jiff::{Timestamp, Unit};
use std::time::Instant;

/// An instant as files have it: UTC, to the second.
pub fn to_second(instant: Timestamp) -> String {
    instant.round(Unit::Second).unwrap_or(instant).to_string()
}

/// Tells an observer the time between its laps.
pub struct Clock<'a> {
    observer: &'a dyn Observer,
    since: Instant,
}

impl<'a> Clock<'a> {
    /// Begins the first lap.
    pub fn start(observer: &'a dyn Observer) -> Clock<'a> {
        Clock { observer, since: Instant::now() }
    }

    /// Ends a lap and begins the next.
    pub fn lap(&mut self, stage: &str) {
        let now = Instant::now();
        self.observer.stage(&Stage { name: stage, seconds: (now - self.since).as_secs_f64() });
        self.since = now;
    }
}
