//! Days and times as folders spell them: `2026-05-01`, `20260501`, `2026-5-1`, `2026-05-01 13:00:00`, `2026-05`.

use crate::calendar::{Day, Zone, MICROS};
use jiff::civil::{Date, DateTime};

/// The years that a number without separators can begin with: others are no dates.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// What the text of a folder says about time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FolderTime {
    Day(Day),
    /// Wall-clock time, in microseconds since 1970-01-01 00:00.
    WallClock(i64),
    /// Microseconds since 1970-01-01 00:00 UTC.
    Instant(i64),
    /// A month or a year, from its first day to its last.
    Period(Day, Day),
}

impl FolderTime {
    /// Reads the text of a folder, if it is spelt like a time.
    pub fn read(text: &str) -> Option<FolderTime> {
        let text = text.trim();
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return from_digits(text);
        }

        let (date, rest) = parts_of_date(text)?;
        match (date, rest) {
            (DateParts { year, month, day: None }, "") => month_of(year, month),
            (DateParts { day: None, .. }, _) => None,
            (DateParts { year, month, day: Some(day) }, rest) => {
                let date = Date::new(year, month, day).ok()?;
                if rest.is_empty() {
                    Some(FolderTime::Day(Day::from_date(date)))
                } else {
                    with_clock(date, rest)
                }
            }
        }
    }

    /// The first and the last day that it allows for.
    pub fn days(self, zone: &Zone) -> (Day, Day) {
        match self {
            FolderTime::Day(day) => (day, day),
            FolderTime::Period(first, last) => (first, last),
            FolderTime::WallClock(micros) => {
                let day = Zone::utc().day_of(micros);
                (day, day)
            }
            FolderTime::Instant(micros) => {
                let day = zone.day_of(micros);
                (day, day)
            }
        }
    }
}

struct DateParts {
    year: i16,
    month: i8,
    day: Option<i8>,
}

/// The year, the month and the day at the start of a text, with one kind of separator between them, and what comes
/// behind.
fn parts_of_date(text: &str) -> Option<(DateParts, &str)> {
    let year = text.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
    let separator = text[4..].chars().next().filter(|c| ['-', '_', '.', '/'].contains(c))?;
    let (month, rest) = number(&text[5..])?;
    let year = year.parse().ok()?;

    match rest.strip_prefix(separator).and_then(number) {
        Some((day, rest)) => Some((DateParts { year, month, day: Some(day) }, rest)),
        None => Some((DateParts { year, month, day: None }, rest)),
    }
}

/// A number of one or two digits at the start of a text, and what comes behind.
fn number(text: &str) -> Option<(i8, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text.get(..digits).filter(|_| (1..=2).contains(&digits))?;
    Some((number.parse().ok()?, &text[digits..]))
}

/// `2026`, `202605`, `20260501`, and with hours, minutes and seconds behind.
fn from_digits(text: &str) -> Option<FolderTime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i8>().ok();
    let year = text.get(..4)?.parse::<i16>().ok().filter(|year| YEARS.contains(year))?;
    match text.len() {
        4 => {
            let (first, last) = (Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?);
            Some(FolderTime::Period(Day::from_date(first), Day::from_date(last)))
        }
        6 => month_of(year, number(4, 6)?),
        8 => Some(FolderTime::Day(Day::from_date(Date::new(year, number(4, 6)?, number(6, 8)?).ok()?))),
        10 | 12 | 14 => {
            let date = Date::new(year, number(4, 6)?, number(6, 8)?).ok()?;
            let part = |from: usize| if text.len() > from { number(from, from + 2) } else { Some(0) };
            wall_clock(date.at(0, 0, 0, 0).date(), part(8)?, part(10)?, part(12)?)
        }
        _ => None,
    }
}

fn month_of(year: i16, month: i8) -> Option<FolderTime> {
    let first = Date::new(year, month, 1).ok()?;
    Some(FolderTime::Period(Day::from_date(first), Day::from_date(first.last_of_month())))
}

fn wall_clock(date: Date, hour: i8, minute: i8, second: i8) -> Option<FolderTime> {
    let time = jiff::civil::Time::new(hour, minute, second, 0).ok()?;
    micros_of(date.to_datetime(time)).map(FolderTime::WallClock)
}

fn micros_of(time: DateTime) -> Option<i64> {
    jiff::tz::TimeZone::UTC.to_timestamp(time).ok().map(jiff::Timestamp::as_microsecond)
}

/// A date with a time behind it: `T13`, ` 13:00`, `-13`, ` 13:00:00.5`, `T13:00:00Z`, `T13:00:00+02:00`.
fn with_clock(date: Date, rest: &str) -> Option<FolderTime> {
    let rest = rest.strip_prefix(['T', 't', ' ', '_', '-'])?;
    if let Some((hour, "")) = number(rest) {
        return wall_clock(date, hour, 0, 0);
    }

    // Minutes are parted from hours by what a path can hold.
    let clock: String =
        rest.chars().enumerate().map(|(at, c)| if at < 8 && ['-', '_', '.'].contains(&c) { ':' } else { c }).collect();
    let clock = clock.strip_suffix(" UTC").map_or(clock.clone(), |clock| format!("{clock}Z"));
    let written = format!("{date}T{clock}");
    if let Ok(instant) = written.parse::<jiff::Timestamp>() {
        return Some(FolderTime::Instant(instant.as_microsecond()));
    }
    let time = micros_of(written.parse::<DateTime>().ok()?)?;
    if time.rem_euclid(86_400 * MICROS) == 0 {
        Some(FolderTime::Day(Day::from_date(date)))
    } else {
        Some(FolderTime::WallClock(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> FolderTime {
        FolderTime::Day(text.parse().unwrap())
    }

    fn wall(text: &str) -> FolderTime {
        FolderTime::WallClock(micros_of(text.parse().unwrap()).unwrap())
    }

    fn period(first: &str, last: &str) -> FolderTime {
        FolderTime::Period(first.parse().unwrap(), last.parse().unwrap())
    }

    #[test]
    fn days_are_read_in_the_usual_spellings() {
        for text in ["2026-05-01", "20260501", "2026_05_01", "2026.05.01", "2026/05/01", "2026-5-1", " 2026-05-01 "] {
            assert_eq!(FolderTime::read(text), Some(day("2026-05-01")), "{text}");
        }
        for text in ["2026-05-01 00:00:00", "2026-05-01T00:00:00", "2026-05-01 00:00:00.000"] {
            assert_eq!(FolderTime::read(text), Some(day("2026-05-01")), "{text}");
        }
        for text in ["2026-05-01T13", "2026-05-01-13", "2026050113", "2026-05-01 13:00:00", "2026-05-01_13-00-00"] {
            assert_eq!(FolderTime::read(text), Some(wall("2026-05-01T13:00:00")), "{text}");
        }
        let noon = micros_of("2026-05-01T12:00:00".parse().unwrap()).unwrap();
        for text in ["2026-05-01T12:00:00Z", "2026-05-01 14:00:00+02:00", "2026-05-01 12:00:00 UTC"] {
            assert_eq!(FolderTime::read(text), Some(FolderTime::Instant(noon)), "{text}");
        }
    }

    #[test]
    fn months_and_years_are_no_days() {
        for text in ["2026-02", "202602", "2026_2"] {
            assert_eq!(FolderTime::read(text), Some(period("2026-02-01", "2026-02-28")), "{text}");
        }
        assert_eq!(FolderTime::read("2026"), Some(period("2026-01-01", "2026-12-31")));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "eu",
            "2026-13",
            "2026-02-30",
            "20261301",
            "17256000",
            "1767225600",
            "26-05-01",
            "2026-05-01x",
            "2026-05-",
            "2026-05_01",
            "05-2026",
            "2026-05-01T25",
            "2026-W18",
            "2026-05-01/x",
            "20260",
        ] {
            assert_eq!(FolderTime::read(text), None, "{text}");
        }
    }
}
