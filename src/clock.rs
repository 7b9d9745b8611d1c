//! How long the steps of a run take, told at `-v`.

use std::time::Instant;

/// Tells the time between its laps.
pub struct Clock(Instant);

impl Clock {
    /// Begins the first lap.
    pub fn start() -> Clock {
        Clock(Instant::now())
    }

    /// Ends a lap and begins the next.
    pub fn lap(&mut self, what: &str) {
        let now = Instant::now();
        tracing::info!(step = what, seconds = (now - self.0).as_secs_f64());
        self.0 = now;
    }
}
