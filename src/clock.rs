//! How long the stages of a job take.

use crate::observer::{Observer, Stage};
use std::time::Instant;

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
