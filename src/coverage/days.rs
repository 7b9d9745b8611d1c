//! A signal's rows day by day and hour by hour, and what is usual for a day: the rows of the same weekdays before.

use crate::calendar::{Day, Zone, MICROS};

/// Hours of a day. Where clocks change, the last of them takes the one too many.
const HOURS: usize = 24;
/// Weekdays that a day is held against: those of so many weeks.
const WEEKS: usize = 8;
/// Weekdays that are needed to say what is usual.
const LEAST_WEEKS: usize = 3;
/// The share of an average day's rows up to which a weekday counts as one on which hardly a row comes.
pub const IDLE_SHARE: f64 = 0.1;
/// Days over which the recent trend is taken.
const WEEK: usize = 7;

/// The rows of the last days, the newest day first.
#[derive(Clone, Debug)]
pub struct Days {
    end: Day,
    days: Vec<[u64; HOURS]>,
}

impl Days {
    /// From the rows in each hour before the first instant of `end`, the last hour first. `known` is the first day of
    /// which they are all there.
    pub fn new(hours: &[u32], end: Day, known: Day, zone: &Zone) -> Days {
        const HOUR: i64 = 3600 * MICROS;
        let reach = (hours.len() / HOURS).saturating_sub(1) as i32;
        let count = end.0.saturating_sub(known.0).clamp(0, reach) as usize;
        let mut days = vec![[0; HOURS]; count];

        let last = zone.midnight(end);
        let (mut day, mut midnight) = (end, last);
        for (hour, &rows) in (1..).zip(hours) {
            let instant = last - hour * HOUR;
            while instant < midnight && day.0 > end.0 - count as i32 - 1 {
                day = day.plus(-1);
                midnight = zone.midnight(day);
            }
            let Some(into) = days.get_mut((end.0 - 1 - day.0) as usize) else { break };
            let at = ((instant - midnight) / HOUR).clamp(0, HOURS as i64 - 1);
            into[at as usize] += u64::from(rows);
        }
        Days { end, days }
    }

    /// From the rows of each day, the newest first, at one hour each.
    #[cfg(test)]
    pub fn of_counts(end: Day, counts: &[u64]) -> Days {
        let day = |&rows: &u64| {
            let mut hours = [0; HOURS];
            hours[12] = rows;
            hours
        };
        Days { end, days: counts.iter().map(day).collect() }
    }

    /// How many days are known.
    pub fn len(&self) -> usize {
        self.days.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// The day so many days before the last one.
    pub fn day(&self, back: usize) -> Day {
        self.end.plus(-1 - back as i32)
    }

    /// The rows of a day.
    pub fn rows(&self, back: usize) -> u64 {
        self.days.get(back).map_or(0, |hours| hours.iter().sum())
    }

    /// The rows of some days.
    pub fn rows_of(&self, days: std::ops::Range<usize>) -> u64 {
        days.map(|back| self.rows(back)).sum()
    }

    /// The rows of a day up to the end of an hour, and after it.
    pub fn around(&self, back: usize, hour: usize) -> (u64, u64) {
        let hours = self.days.get(back).copied().unwrap_or_default();
        (hours[..=hour].iter().sum(), hours[hour + 1..].iter().sum())
    }

    /// The last hour of a day that has a row.
    pub fn last_hour(&self, back: usize) -> Option<usize> {
        self.days.get(back)?.iter().rposition(|&rows| rows > 0)
    }

    /// The newest day with a row.
    pub fn newest(&self) -> Option<usize> {
        (0..self.len()).find(|&back| self.rows(back) > 0)
    }

    /// The days of the same weekday as `back` that lie `from` days back or more, the newest first, eight at most.
    pub fn weekdays(&self, back: usize, from: usize) -> impl Iterator<Item = usize> + '_ {
        let first = from + (back + WEEK - from % WEEK) % WEEK;
        (first..self.len()).step_by(WEEK).take(WEEKS)
    }

    /// The rows that each weekday usually has, as the days from `from` on tell; none where too few of them are known.
    pub fn usual(&self, from: usize) -> Option<Usual> {
        let mut medians = [0.0; WEEK];
        for (weekday, median) in medians.iter_mut().enumerate() {
            let mut rows: Vec<u64> = self.weekdays(weekday, from).map(|back| self.rows(back)).collect();
            if rows.len() < LEAST_WEEKS {
                return None;
            }
            rows.sort_unstable();
            let half = rows.len() / 2;
            *median = if rows.len() % 2 == 1 { rows[half] as f64 } else { (rows[half - 1] + rows[half]) as f64 / 2.0 };
        }
        Some(Usual { medians, from })
    }
}

/// The rows that each weekday usually has.
#[derive(Clone, Copy, Debug)]
pub struct Usual {
    medians: [f64; WEEK],
    /// The newest day that it was taken from.
    from: usize,
}

impl Usual {
    /// Of the day so many days before the last one.
    pub fn rows(&self, back: usize) -> f64 {
        self.medians[back % WEEK]
    }

    /// Of some days.
    pub fn rows_of(&self, days: std::ops::Range<usize>) -> f64 {
        days.map(|back| self.rows(back)).sum()
    }

    /// Of a day on average.
    pub fn mean(&self) -> f64 {
        self.rows_of(0..WEEK) / WEEK as f64
    }

    /// How the seven days from `from` back compare with what is usual: below 1 where fewer rows come than before. 1 at
    /// most.
    pub fn trend(&self, days: &Days, from: usize) -> f64 {
        let usual = self.rows_of(from..from + WEEK);
        if usual > 0.0 {
            (days.rows_of(from..from + WEEK) as f64 / usual).min(1.0)
        } else {
            0.0
        }
    }

    /// Whether the days of eight weeks have about the rows that are usual for them: one in four at most is off by more
    /// than half of these, and by more than chance. Where rows come as deadlines fall, no day is like the others.
    pub fn is_steady(&self, days: &Days) -> bool {
        const MOST_OFF: f64 = 0.25;
        let within = self.from..days.len().min(self.from + WEEK * WEEKS);
        let is_off = |back: &usize| {
            let usual = self.rows(*back);
            let chance = 2.0 * usual.max(1.0).sqrt();
            // On a weekday that has hardly a row, few more are much.
            let least = (usual / 2.0).max(IDLE_SHARE * self.mean()).max(chance);
            (days.rows(*back) as f64 - usual).abs() > least
        };
        within.clone().filter(is_off).count() as f64 <= MOST_OFF * within.len() as f64
    }

    /// The typical distance of a day's rows from what is usual, over eight weeks: the median, scaled to a standard
    /// deviation.
    pub fn spread(&self, days: &Days) -> f64 {
        /// Of a normal distribution: its standard deviation by its median absolute deviation.
        const NORMAL: f64 = 1.4826;
        let within = self.from..days.len().min(self.from + WEEK * WEEKS);
        let mut distances: Vec<f64> = within.map(|back| (days.rows(back) as f64 - self.rows(back)).abs()).collect();
        distances.sort_unstable_by(f64::total_cmp);
        distances.get(distances.len() / 2).map_or(0.0, |median| NORMAL * median)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_fall_on_the_days_of_the_zone() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        // The day of 23 hours is the second before the end.
        let end: Day = "2026-03-31".parse().unwrap();
        let hours: Vec<u32> = (0..24 * 10).map(|_| 1).collect();
        let days = Days::new(&hours, end, end.plus(-5), &berlin);
        assert_eq!(days.len(), 5);
        assert_eq!((0..5).map(|back| days.rows(back)).collect::<Vec<_>>(), [24, 23, 24, 24, 24]);
        assert_eq!(days.day(1).to_string(), "2026-03-29");

        // The day of 25 hours: the last hour takes two.
        let end: Day = "2026-10-27".parse().unwrap();
        let days = Days::new(&hours, end, end.plus(-3), &berlin);
        assert_eq!((0..3).map(|back| days.rows(back)).collect::<Vec<_>>(), [24, 25, 24]);
        assert_eq!(days.around(1, 22), (23, 2));
    }

    #[test]
    fn what_is_usual_is_that_of_the_weekday() {
        let end: Day = "2026-06-01".parse().unwrap();
        let counts: Vec<u64> = (0..70).map(|back| if back % 7 < 2 { 10 } else { 100 + back as u64 }).collect();
        let days = Days::of_counts(end, &counts);
        let usual = days.usual(1).unwrap();
        assert_eq!(usual.rows(0), 10.0);
        assert_eq!(usual.rows(3), usual.rows(10));
        assert!((120.0..135.0).contains(&usual.rows(3)), "{usual:?}");
        assert_eq!(days.weekdays(0, 1).collect::<Vec<_>>(), [7, 14, 21, 28, 35, 42, 49, 56]);
        assert_eq!(days.weekdays(3, 5).next(), Some(10));
        assert_eq!(days.weekdays(3, 3).next(), Some(3));
        assert!(Days::of_counts(end, &counts[..20]).usual(1).is_none(), "three weeks are needed");
    }

    #[test]
    fn days_that_follow_the_week_are_steady_and_deadlines_are_not() {
        let is_steady = |rows: fn(u64) -> u64| {
            let days = Days::of_counts("2026-06-01".parse().unwrap(), &(0..70).map(rows).collect::<Vec<_>>());
            days.usual(1).unwrap().is_steady(&days)
        };
        assert!(is_steady(|back| if back % 7 < 2 { back % 3 } else { 100 + back }), "weekends are idle");
        assert!(is_steady(|back| 2 + back * back % 5), "few rows differ by chance");
        assert!(is_steady(|back| if back.is_multiple_of(9) { 0 } else { 100 }), "a day is missing now and then");
        assert!(!is_steady(|back| [120, 60, 0, 180, 60, 900, 0, 0, 0, 900][(back * back % 11) as usize]));
    }
}
