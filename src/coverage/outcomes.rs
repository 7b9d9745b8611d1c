//! Where cancellations end. A customer without a row in the table of cancellations has stayed only as long as the table
//! was kept: after it ends, no row is not a "no".

use crate::calendar::Day;
use crate::language::Message;
use crate::sources::Cancellations;
use serde::Serialize;
use std::collections::BTreeMap;

/// Days before the last cancellation over which their rate is taken.
const RATE_DAYS: i32 = 90;
/// Days before it within which the longest silence is looked for.
const SILENCE_DAYS: i32 = 365;
/// A silence that is worth a word has at least so many days.
const LEAST_DAYS: i32 = 7;
/// Cancellations that were to be expected in it.
const LEAST_EXPECTED: f64 = 10.0;

/// A silence after the last cancellation that is too long to be one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outcomes {
    /// The last day with a cancellation.
    pub last: Day,
    /// Days since then.
    pub silent_days: u32,
    /// The longest silence in the year before.
    pub longest_before: u32,
    /// The cancellations that the silence would have had by the rate of the 90 days before.
    pub expected: f64,
}

impl Outcomes {
    /// Where the cancellations of a table end.
    pub fn of(cancellations: &Cancellations, end: Day, times: f64) -> Option<Outcomes> {
        end_of_outcomes(&cancellations.sorted_days(), end, times)
    }

    /// The first day that labels know nothing about.
    pub fn known_until(&self) -> Day {
        self.last.plus(1)
    }

    /// In a sentence.
    pub fn message(&self) -> Message {
        Message::new("cancelled-end")
            .day("last", self.last)
            .count("days", self.silent_days)
            .decimals("expected", self.expected, 0)
            .count("longest", self.longest_before)
    }
}

/// As [`end_of_outcomes`], given how many cancellations there are on each day.
pub fn end_of_counted(cancellations: &BTreeMap<i32, u64>, end: Day, times: f64) -> Option<Outcomes> {
    let days: Vec<i32> = cancellations.iter().flat_map(|(&day, &rows)| (0..rows).map(move |_| day)).collect();
    end_of_outcomes(&days, end, times)
}

/// Whether cancellations on these days (ascending, one entry a cancellation) end long before `end`, the first day that
/// the data say nothing about: the silence is longer than so many `times` the longest before it, and at the rate before
/// it ten and more were to be expected in it. With 0 times they never do.
pub fn end_of_outcomes(days: &[i32], end: Day, times: f64) -> Option<Outcomes> {
    let before_end = &days[..days.partition_point(|&day| day < end.0)];
    let last = *before_end.last()?;
    let silent = end.0.saturating_sub(1).saturating_sub(last);

    let since = |back: i32| &before_end[before_end.partition_point(|&day| day < last.saturating_sub(back))..];
    let longest =
        since(SILENCE_DAYS).windows(2).map(|pair| pair[1].saturating_sub(pair[0]) - 1).max().unwrap_or(0).max(0);
    let first = before_end[0];
    let span = last.saturating_sub(first).clamp(1, RATE_DAYS);
    let expected = (since(RATE_DAYS).len() - 1) as f64 / f64::from(span) * f64::from(silent);

    let is_long = times > 0.0 && silent >= LEAST_DAYS && f64::from(silent) > times * f64::from(longest);
    (is_long && expected >= LEAST_EXPECTED).then_some(Outcomes {
        last: Day(last),
        silent_days: silent as u32,
        longest_before: longest as u32,
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_that_is_too_long_ends_the_labels() {
        let days: Vec<i32> = (0..300).step_by(2).collect();
        let found = end_of_outcomes(&days, Day(340), 2.0).unwrap();
        assert_eq!((found.last, found.silent_days, found.longest_before), (Day(298), 41, 1));
        assert!((found.expected - 20.5).abs() < 1.0 && found.known_until() == Day(299), "{found:?}");
        assert!(found.message().to_string().contains("end on 1970-10-26"), "{}", found.message());

        assert_eq!(end_of_outcomes(&days, Day(310), 2.0), None, "five were to be expected");
        assert_eq!(end_of_outcomes(&days, Day(340), 0.0), None, "switched off");
        assert_eq!(end_of_outcomes(&days, Day(299), 2.0), None, "the last day has one");
        assert_eq!(end_of_outcomes(&[], Day(340), 2.0), None, "no cancellation is no end");
        // Cancellations to come do not count.
        let with_later: Vec<i32> = days.iter().copied().chain([400, 500]).collect();
        assert_eq!(end_of_outcomes(&with_later, Day(340), 2.0), Some(found));
    }

    #[test]
    fn a_silence_like_one_before_is_none() {
        let mut days: Vec<i32> = (0..200).collect();
        days.retain(|day| !(150..172).contains(day));
        assert_eq!(end_of_outcomes(&days, Day(240), 2.0), None, "40 days, where 22 were silent before");
        assert!(end_of_outcomes(&days, Day(250), 2.0).is_some());
        // A table whose cancellations are rare.
        let rare: Vec<i32> = (0..20).map(|n| 30 * n).collect();
        assert_eq!(end_of_outcomes(&rare, Day(800), 2.0), None);
    }
}
