//! The rhythm of a signal: its busy months, days and hours.

use crate::calendar::{Day, MICROS};
use rand::{Rng, RngExt};

/// How many slots there are, each with an hour of the week. All slots are equally likely, and a busy hour has more of
/// them.
const SLOTS: usize = 8192;
const SLOT_BITS: u32 = SLOTS.trailing_zeros();
const HOUR_MILLIS: u64 = 3_600_000;

/// When the events of a signal happen.
pub(super) struct Rhythm {
    slots: Vec<u8>,
    months: [f64; 12],
}

impl Rhythm {
    /// A rhythm with these relative weights of weekdays (Monday first), local hours and months. The weights of the
    /// months are rates: 1 is an ordinary month.
    pub(super) fn new(weekdays: [f64; 7], hours: [f64; 24], months: [f64; 12]) -> Rhythm {
        let total = weekdays.iter().sum::<f64>() * hours.iter().sum::<f64>();

        let mut slots = Vec::with_capacity(SLOTS);
        let mut share = 0.0;
        for hour in 0..168_u8 {
            share += weekdays[usize::from(hour / 24)] * hours[usize::from(hour % 24)] / total;
            let until = (share * SLOTS as f64).round() as usize;
            slots.resize(until.clamp(slots.len(), SLOTS), hour);
        }
        slots.resize(SLOTS, 167);
        Rhythm { slots, months }
    }

    /// Draws a moment of a week, in microseconds since its Monday 00:00 UTC, to the millisecond as in a log. The local
    /// hours are `shift` hours later in UTC; they wrap around within the day, so that no event leaves its week.
    pub(super) fn moment(&self, rng: &mut impl Rng, shift: u8) -> i64 {
        let draw: u64 = rng.random();
        let local_hour = self.slots[(draw % SLOTS as u64) as usize];
        let hour = local_hour / 24 * 24 + (local_hour % 24 + shift) % 24;
        // An hour has fewer than 2^22 milliseconds and the draw has 51 bits left: the bias of the remainder cannot be
        // observed.
        let millis = (draw >> SLOT_BITS) % HOUR_MILLIS;
        (i64::from(hour) * 3600 * 1000 + millis as i64) * (MICROS / 1000)
    }

    /// How busy the week that begins on a Monday is against an ordinary one.
    pub(super) fn season(&self, monday: Day) -> f64 {
        let month = monday.plus(3).date().month();
        self.months[usize::from(month.unsigned_abs() - 1)]
    }
}

/// The Monday on or before a day.
pub(super) fn monday_of(day: Day) -> Day {
    // 1970-01-01 was a Thursday.
    day.plus(-(day.0 + 3).rem_euclid(7))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::DAY_SECONDS;
    use crate::simulate::chance::stream;

    #[test]
    fn moments_follow_the_weights_and_stay_in_the_week() {
        let mut hours = [0.0; 24];
        hours[8..18].fill(1.0);
        let rhythm = Rhythm::new([1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0], hours, [1.0; 12]);

        let mut rng = stream(3, 0, 0);
        let mut mondays = 0;
        for _ in 0..10_000 {
            let seconds = rhythm.moment(&mut rng, 10) / MICROS;
            let (day, hour) = (seconds / DAY_SECONDS, seconds % DAY_SECONDS / 3600);
            assert!((0..5).contains(&day), "day {day}");
            assert!(!(4..18).contains(&hour), "hour {hour}");
            mondays += i32::from(day == 0);
        }
        assert!((1_850..2_150).contains(&mondays), "{mondays} of 10,000 on a Monday");
    }

    #[test]
    fn a_week_begins_on_its_monday() {
        let monday: Day = "2026-06-01".parse().unwrap();
        assert_eq!(monday_of(monday), monday);
        assert_eq!(monday_of(monday.plus(6)), monday);
        assert_eq!(monday_of(monday.plus(-1)), monday.plus(-7));
    }
}
