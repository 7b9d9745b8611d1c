//! The calendar periods before an as-of date.

use crate::calendar::Day;
use crate::config::KpiPeriod;
use jiff::civil::Date;

/// How many periods are told of, the newest of them included.
pub const PERIODS: usize = 13;

/// A calendar period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub start: Day,
    /// The first day after it.
    pub end: Day,
    /// Whether it goes on after the as-of date, so that its measures are those so far.
    pub running: bool,
}

impl Period {
    /// The periods up to the one that holds the last day before the as-of date, oldest first; none where none are asked
    /// for.
    pub fn before(as_of: Day, period: KpiPeriod) -> Vec<Period> {
        let last = as_of.plus(-1);
        let start: &dyn Fn(i32) -> Day = match period {
            KpiPeriod::Off => return Vec::new(),
            KpiPeriod::Week => &|back| monday(last).plus(-7 * back),
            KpiPeriod::Month => &|back| first_of_month(month(last) - back),
            KpiPeriod::Quarter => &|back| first_of_month(month(last) / 3 * 3 - 3 * back),
        };

        let back = (0..PERIODS as i32).rev();
        let periods = back.map(|back| {
            let end = start(back - 1);
            Period { start: start(back), end, running: end > as_of }
        });
        periods.collect()
    }
}

/// The Monday on or before a day.
fn monday(day: Day) -> Day {
    // 1970-01-01 was a Thursday.
    day.plus(-(day.0.saturating_add(3).rem_euclid(7)))
}

/// The number of a day's month, counted from January of the year 0.
fn month(day: Day) -> i32 {
    let date = day.date();
    12 * i32::from(date.year()) + i32::from(date.month()) - 1
}

/// The first day of the month with a number. Months beyond the years -9999 to 9999 begin with the first or the last of
/// their days.
fn first_of_month(number: i32) -> Day {
    let beyond = if number < 0 { Date::MIN } else { Date::MAX };
    let year = i16::try_from(number.div_euclid(12)).ok();
    let date = year.and_then(|year| Date::new(year, number.rem_euclid(12) as i8 + 1, 1).ok());
    Day::from_date(date.unwrap_or(beyond))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn periods_follow_the_calendar_and_one_another() {
        for as_of in ["2026-06-01", "2026-06-02", "2024-03-01", "2025-01-01", "1969-12-29", "2026-03-31"] {
            let as_of = day(as_of);
            for period in [KpiPeriod::Week, KpiPeriod::Month, KpiPeriod::Quarter] {
                let all = Period::before(as_of, period);
                assert_eq!(all.len(), PERIODS);
                assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start && !pair[0].running));
                let last = all[PERIODS - 1];
                assert!(last.start < as_of && as_of <= last.end && last.running == (as_of < last.end));
                assert!(all.iter().all(|period| period.start < period.end));
            }
            assert!(Period::before(as_of, KpiPeriod::Off).is_empty());
        }
    }

    #[test]
    fn the_newest_period_holds_the_last_day_that_is_known() {
        let last = |as_of: &str, period| {
            let Period { start, end, running } = Period::before(day(as_of), period)[PERIODS - 1];
            (start.to_string(), end.to_string(), running)
        };
        assert_eq!(last("2026-06-01", KpiPeriod::Month), ("2026-05-01".into(), "2026-06-01".into(), false));
        assert_eq!(last("2026-06-02", KpiPeriod::Month), ("2026-06-01".into(), "2026-07-01".into(), true));
        assert_eq!(last("2026-01-01", KpiPeriod::Quarter), ("2025-10-01".into(), "2026-01-01".into(), false));
        // 2026-06-01 is a Monday.
        assert_eq!(last("2026-06-01", KpiPeriod::Week), ("2026-05-25".into(), "2026-06-01".into(), false));
        assert_eq!(last("2026-06-03", KpiPeriod::Week), ("2026-06-01".into(), "2026-06-08".into(), true));
        assert_eq!(Period::before(day("2026-06-15"), KpiPeriod::Month)[0].start, day("2025-06-01"));
    }
}
