//! Which as-of dates look back on days before a signal began.

use crate::calendar::Day;
use crate::language::Message;
use crate::sources::{CustomerTable, NO_DAY};
use crate::spelling::named;
use serde::Serialize;
use std::collections::BTreeMap;

/// The share of a date's customers who were there before a signal began, from which it is worth a word.
const OLDER_SHARE: f64 = 0.05;
/// By how many days they were: nothing may be recorded of anybody in the first days.
const FIRST_DAYS: i32 = 28;

/// What is recorded of the days that an as-of date looks back on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SnapshotCoverage {
    /// The date.
    pub as_of: Day,
    /// The first day that features look at.
    pub look_back_from: Day,
    /// Signals that begin within the look-back, although many of the date's customers were there before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partly: Vec<String>,
    /// Signals without a row before the date.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_begun: Vec<String>,
    /// The last day of the label window, for a date with labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels_to: Option<Day>,
}

impl SnapshotCoverage {
    /// Of a date and the first day of each signal.
    pub fn new(
        as_of: Day,
        look_back_days: u32,
        firsts: &[(&String, Option<Day>)],
        customers: &CustomerTable,
    ) -> SnapshotCoverage {
        let look_back_from = as_of.earlier_by(look_back_days);
        let (mut partly, mut not_begun) = (Vec::new(), Vec::new());
        for &(name, first) in firsts {
            match first.filter(|&first| first < as_of) {
                None if first.is_none_or(|first| had_come_before(customers, first, as_of)) => {
                    not_begun.push(name.clone())
                }
                None => {}
                Some(first) if first > look_back_from && had_come_before(customers, first, as_of) => {
                    partly.push(name.clone());
                }
                Some(_) => {}
            }
        }
        SnapshotCoverage { as_of, look_back_from, partly, not_begun, labels_to: None }
    }

    /// Whether all signals cover it.
    pub fn is_covered(&self) -> bool {
        self.partly.is_empty() && self.not_begun.is_empty()
    }
}

/// Whether many of the customers on a date had come well before another: by the later of sign-up and start of the
/// contract. Of whom neither is known, it is assumed.
fn had_come_before(customers: &CustomerTable, day: Day, as_of: Day) -> bool {
    let date = |column: &[i32], customer: usize| column.get(customer).copied().unwrap_or(NO_DAY);
    let (mut all, mut older) = (0u64, 0u64);
    for customer in 0..customers.len() {
        let came = date(&customers.signup, customer).max(date(&customers.start, customer));
        if came < as_of.0 {
            all += 1;
            older += u64::from(came < day.plus(-FIRST_DAYS).0);
        }
    }
    older as f64 > OLDER_SHARE * all as f64
}

/// What to say about signals that are younger than what dates look back on, those of one first day in one sentence.
pub fn young_signals(
    snapshots: &[SnapshotCoverage],
    firsts: &[(&String, Option<Day>)],
    look_back_days: u32,
) -> Vec<Message> {
    let mut by_day: BTreeMap<Day, (Vec<String>, usize)> = BTreeMap::new();
    for &(name, first) in firsts {
        let Some(first) = first else { continue };
        let reaches =
            |snapshot: &&SnapshotCoverage| snapshot.partly.contains(name) || snapshot.not_begun.contains(name);
        let dates = snapshots.iter().filter(reaches).count();
        if dates > 0 {
            let (names, most) = by_day.entry(first).or_default();
            names.push(named(name));
            *most = dates.max(*most);
        }
    }

    let of_day = |(first, (names, dates)): (Day, (Vec<String>, usize))| {
        Message::new("signal-young")
            .count("count", names.len())
            .list("signals", names)
            .day("first", first)
            .text("span", if snapshots.len() == 1 { "one" } else { "several" })
            .count("dates", dates)
            .count("all", snapshots.len())
            .count("days", look_back_days)
    };
    by_day.into_iter().map(of_day).collect()
}

/// What to say where the whole history of a signal is more than twice as long on the newest of the dates as on the
/// oldest, although many customers had come before it began: what they have done in all then grows with the date.
pub fn growing_histories(
    dates: &[Day],
    firsts: &[(&String, Option<Day>)],
    customers: &CustomerTable,
) -> Option<String> {
    let (oldest, newest) = dates.iter().min().zip(dates.iter().max())?;
    let grows = |&&(_, first): &&(&String, Option<Day>)| {
        let Some(first) = first.filter(|first| first < oldest) else { return false };
        2 * (oldest.0 - first.0) < newest.0 - first.0 && had_come_before(customers, first, *oldest)
    };
    let growing: Vec<_> = firsts.iter().filter(grows).collect();
    let first = growing.iter().filter_map(|(_, first)| *first).max()?;
    let names: Vec<String> = growing.iter().map(|(name, _)| named(name)).collect();
    let (noun, verb) = if names.len() == 1 { ("signal", "begins") } else { ("signals", "begin") };
    Some(format!(
        "{noun} {} {verb} on {first} or shortly before: of the whole history (features.lifetime), {oldest} sees {} \
         days and {newest} {}. What customers have done in all is more on the later date whatever they do. Learn from later \
         dates (training.as_of, or fewer training.snapshots), or leave features.lifetime out",
        names.join(", "),
        oldest.0 - first.0,
        newest.0 - first.0,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Ids;

    fn customers(signup: Vec<i32>) -> CustomerTable {
        CustomerTable { ids: Ids::Integer((0..signup.len() as i64).collect()), signup, ..CustomerTable::default() }
    }

    fn said(first: i32, signup: &[i32]) -> Vec<String> {
        let name = "app_opens".to_owned();
        let firsts = [(&name, Some(Day(first)))];
        let table = customers(signup.to_vec());
        let dates = [300, 330, 360].map(|day| SnapshotCoverage::new(Day(day), 168, &firsts, &table));
        young_signals(&dates, &firsts, 168).iter().map(Message::to_string).collect()
    }

    #[test]
    fn a_signal_that_begins_after_its_customers_is_young() {
        let old = [0; 100];
        assert!(said(100, &old).is_empty(), "all look-backs are covered");
        assert!(said(140, &old)[0].contains("`app_opens` begins on 1970-05-21: the look-back of 1 of 3 dates (168"));
        assert!(said(310, &old)[0].contains("3 of 3"));
        // A launch: nobody was there before.
        let new: Vec<i32> = (0..100).map(|n| 180 + n).collect();
        assert!(said(185, &new).is_empty());
        let few_older: Vec<i32> = (0..100).map(|n| if n < 5 { 0 } else { 200 }).collect();
        assert!(said(200, &few_older).is_empty());
        // Of whom nothing is known, it is said.
        assert_eq!(said(200, &[NO_DAY; 10]).len(), 1);
    }

    #[test]
    fn a_history_that_doubles_between_the_dates_is_told() {
        let (orders, calls) = ("orders".to_owned(), "calls".to_owned());
        let firsts = [(&calls, Some(Day(0))), (&orders, Some(Day(100)))];
        let said =
            |dates: [i32; 2], signup: &[i32]| growing_histories(&dates.map(Day), &firsts, &customers(signup.to_vec()));
        let old = [-100; 100];
        let text = said([114, 150], &old).unwrap();
        assert!(text.starts_with("signal `orders` begins on 1970-04-11"), "{text}");
        assert!(text.contains("1970-04-25 sees 14 days and 1970-05-31 50"), "{text}");
        assert_eq!(said([200, 300], &old), None, "at most twice as long");
        // Nobody was there before, so that nothing of anybody is missing.
        assert_eq!(said([114, 150], &[100; 100]), None);
        assert_eq!(growing_histories(&[], &firsts, &customers(old.to_vec())), None);
    }
}
