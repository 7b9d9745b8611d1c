//! Dates, windows and the configured time zone. A *day* is a calendar day of that zone; an *instant* is a number of
//! microseconds since 1970-01-01 00:00 UTC.

use crate::numeric::vectorised;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use std::fmt;
use std::str::FromStr;

/// Microseconds in a second.
pub const MICROS: i64 = 1_000_000;
/// Seconds in a civil day without a clock change.
pub const DAY_SECONDS: i64 = 86_400;

/// A calendar day, as days since 1970-01-01. As an as-of date it means its first instant, 00:00 in the configured zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The day of a civil date.
    pub fn from_date(date: Date) -> Day {
        let epoch = Date::constant(1970, 1, 1);
        Day(epoch.until(date).map_or(0, |span| span.get_days()))
    }

    /// The civil date. Days outside the years -9999 to 9999 become the first or the last date of these years.
    pub fn date(self) -> Date {
        let seconds = i64::from(self.0) * DAY_SECONDS;
        match jiff::Timestamp::from_second(seconds) {
            Ok(instant) => TimeZone::UTC.to_datetime(instant).date(),
            Err(_) if self.0 < 0 => Date::MIN,
            Err(_) => Date::MAX,
        }
    }

    /// The day `days` later (earlier when negative).
    pub fn plus(self, days: i32) -> Day {
        Day(self.0.saturating_add(days))
    }

    /// The day `days` before this one.
    pub fn earlier_by(self, days: u32) -> Day {
        Day(self.0.saturating_sub_unsigned(days))
    }

    /// The day `days` after this one.
    pub fn later_by(self, days: u32) -> Day {
        Day(self.0.saturating_add_unsigned(days))
    }

    /// The first instant of the day in UTC, in microseconds; the first or the last one that 64 bits hold, if it is
    /// beyond.
    pub fn utc_midnight(self) -> i64 {
        (i64::from(self.0) * DAY_SECONDS).saturating_mul(MICROS)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

impl FromStr for Day {
    type Err = String;

    /// Reads `YYYY-MM-DD`. The other forms of ISO 8601, such as `20260501`, are refused.
    fn from_str(text: &str) -> Result<Day, String> {
        let bytes = text.as_bytes();
        let has_dashes = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';

        match Date::from_str(text) {
            Ok(date) if has_dashes => Ok(Day::from_date(date)),
            _ => Err(format!("`{text}` is not a date; write it as YYYY-MM-DD, for example 2026-05-01")),
        }
    }
}

impl serde::Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The configured time zone: where days begin, and what a timestamp without a zone means.
#[derive(Clone, Debug)]
pub struct Zone {
    zone: TimeZone,
    name: String,
    is_utc: bool,
}

impl Zone {
    /// Looks up an IANA zone name such as `UTC` or `Europe/Berlin`.
    ///
    /// # Errors
    /// A message for people when no zone has that name.
    pub fn named(name: &str) -> Result<Zone, String> {
        if name.eq_ignore_ascii_case("utc") {
            return Ok(Zone::utc());
        }

        let zone = TimeZone::get(name)
            .map_err(|_| format!("`{name}` is not a known time zone; use an IANA name such as Europe/Berlin"))?;
        Ok(Zone { zone, name: name.to_owned(), is_utc: false })
    }

    /// Coordinated universal time, the default.
    pub fn utc() -> Zone {
        Zone { zone: TimeZone::UTC, name: "UTC".to_owned(), is_utc: true }
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first instant of a day, in microseconds.
    pub fn midnight(&self, day: Day) -> i64 {
        if self.is_utc {
            return day.utc_midnight();
        }

        let midnight = day.date().to_datetime(Time::midnight());
        match self.zone.to_ambiguous_zoned(midnight).compatible() {
            Ok(zoned) => zoned.timestamp().as_microsecond(),
            Err(_) => day.utc_midnight(),
        }
    }

    /// The calendar day that holds an instant.
    pub fn day_of(&self, micros: i64) -> Day {
        let days = micros.div_euclid(DAY_SECONDS * MICROS);
        let utc = Day(days.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32);
        if self.is_utc {
            return utc;
        }

        match jiff::Timestamp::from_microsecond(micros) {
            Ok(instant) => Day::from_date(self.zone.to_datetime(instant).date()),
            Err(_) => utc,
        }
    }

    /// The instant of a timestamp that was written without a zone, and is therefore wall-clock time in this zone. Times
    /// that a clock change skips move forward; times that it repeats are the earlier ones.
    pub fn instant_of_wall_clock(&self, micros: i64) -> i64 {
        if self.is_utc {
            return micros;
        }

        let Ok(as_utc) = jiff::Timestamp::from_microsecond(micros) else { return micros };
        let wall_clock = TimeZone::UTC.to_datetime(as_utc);
        match self.zone.to_ambiguous_zoned(wall_clock).compatible() {
            Ok(zoned) => zoned.timestamp().as_microsecond(),
            Err(_) => micros,
        }
    }

    /// Whether days are plain multiples of 86,400 seconds.
    pub fn is_utc(&self) -> bool {
        self.is_utc
    }
}

/// The days that a scan covers, as seconds since its first instant, and the as-of dates within them.
#[derive(Clone, Debug)]
pub struct Timeline {
    first: Day,
    /// The second on which each day from `first` on begins; the last entry is the end of the last day.
    starts: Vec<u32>,
    /// Whether every day has 86,400 seconds.
    uniform: bool,
    /// The as-of dates.
    pub as_of: Vec<Day>,
}

impl Timeline {
    /// The days `first <= day < end` in `zone`.
    pub fn new(zone: &Zone, first: Day, end: Day, as_of: Vec<Day>) -> Timeline {
        let origin = zone.midnight(first);
        let mut starts = Vec::new();
        for day in first.0..=end.0.max(first.0) {
            let second = (zone.midnight(Day(day)) - origin) / MICROS;
            starts.push(second.clamp(0, i64::from(u32::MAX)) as u32);
        }

        let uniform = starts.windows(2).all(|pair| i64::from(pair[1]) - i64::from(pair[0]) == DAY_SECONDS);
        Timeline { first, starts, uniform, as_of }
    }

    /// The second on which a day begins. A day outside the timeline counts as the nearest one within it.
    pub fn second(&self, day: Day) -> u32 {
        self.starts[self.index(day) as usize]
    }

    /// The number of a day, counted from the first day. A day outside the timeline counts as the nearest one within it.
    pub fn index(&self, day: Day) -> u32 {
        day.0.saturating_sub(self.first.0).clamp(0, self.starts.len() as i32 - 1) as u32
    }

    /// How many days there are, at least one: every number from [`Timeline::day_numbers`] is below it.
    pub fn days(&self) -> u32 {
        (self.starts.len() as u32 - 1).max(1)
    }

    /// Fills `days` with the number of the day that holds each second, counted from the first day. Seconds after the
    /// last day count as part of it.
    pub fn day_numbers(&self, seconds: &[u32], days: &mut Vec<u32>) {
        let last = self.starts.len().saturating_sub(2);
        days.resize(seconds.len(), 0);
        vectorised!(whole_days(seconds, last as u32, days));
        if self.uniform {
            return;
        }

        // Days with a clock change are shorter or longer than others, so the true day is close to the one just found.
        for (&second, number) in seconds.iter().zip(days) {
            let mut day = *number as usize;
            while day > 0 && self.starts[day] > second {
                day -= 1;
            }
            while day < last && self.starts[day + 1] <= second {
                day += 1;
            }
            *number = day as u32;
        }
    }
}

/// Divides each second by the 86,400 of a day; no number exceeds `last`.
#[inline(always)]
fn whole_days(seconds: &[u32], last: u32, days: &mut [u32]) {
    for (day, &second) in days.iter_mut().zip(seconds) {
        *day = (second / DAY_SECONDS as u32).min(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip() {
        for text in ["1970-01-01", "1969-12-31", "2026-05-01", "2024-02-29", "9999-12-31"] {
            assert_eq!(text.parse::<Day>().unwrap().to_string(), text);
        }
        assert_eq!("1970-01-02".parse::<Day>().unwrap(), Day(1));
        for bad in ["2026-5-1", "20260501", "2026-02-30", "", "2026-05-01T00"] {
            assert!(bad.parse::<Day>().is_err(), "{bad} must not be read as a date");
        }
    }

    #[test]
    fn a_day_begins_at_local_midnight_also_when_clocks_change() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let day: Day = "2026-03-29".parse().unwrap();
        let (from, to) = (berlin.midnight(day), berlin.midnight(day.plus(1)));
        assert_eq!((to - from) / MICROS, 23 * 3600);
        assert_eq!(berlin.day_of(from), day);
        assert_eq!(berlin.day_of(from - 1), day.plus(-1));
        let wall = Zone::utc().midnight(day) + 12 * 3600 * MICROS;
        assert_eq!(berlin.instant_of_wall_clock(wall), wall - 2 * 3600 * MICROS);
    }
}
