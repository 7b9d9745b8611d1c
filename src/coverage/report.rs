//! The report: what each source holds of the past, and what of it a person should know.

use super::days::Days;
use super::freshness::{gaps, verdicts, Found, LastDay, Shortfall};
use super::history::History;
use super::outcomes::{end_of_outcomes, Outcomes};
use super::snapshots::{growing_histories, young_signals, SnapshotCoverage};
use crate::calendar::{Day, Zone};
use crate::config::{Gates, Signal};
use crate::language::Message;
use crate::sources::{Cancellations, CustomerTable};
use crate::spelling;
use serde::Serialize;
use std::collections::BTreeMap;

/// Days that the report shows one by one.
const SHOWN_DAYS: usize = 7;

/// What the tables hold of the past.
#[derive(Clone, Debug, Serialize)]
pub struct Coverage {
    /// Each signal.
    pub signals: BTreeMap<String, SignalCoverage>,
    /// The cancellations, where there is a table of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub churn: Option<ChurnCoverage>,
    /// The as-of dates, and what they look back on.
    pub snapshots: Vec<SnapshotCoverage>,
}

/// What is recorded of a signal before the as-of date.
#[derive(Clone, Debug, Serialize)]
pub struct SignalCoverage {
    /// The day of the first row.
    pub first_day: Option<Day>,
    /// The day of the last row before the as-of date.
    pub last_day: Option<Day>,
    /// The share of the customers, of those who had signed up, with a row in the days that were read.
    pub customers_share: f64,
    /// The share of the rows that the customer with the most of them has.
    pub commonest_share: f64,
    /// That customer, if it is likely to be a placeholder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Placeholder>,
    /// The last days, the newest first.
    pub days: Vec<DayRows>,
    /// Days of the four weeks before with hardly a row, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Shortfall>,
}

/// A customer who has many times the rows of any other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Placeholder {
    /// The id, as people write it.
    pub customer_id: String,
    /// The customer's rows.
    pub rows: u64,
    /// Those of the customer with the most after that.
    pub next: u64,
}

/// The rows of a day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DayRows {
    /// The day.
    pub day: Day,
    /// Its rows.
    pub rows: u64,
    /// The median of the same weekdays of the eight weeks before the last day.
    pub usual: Option<f64>,
}

/// What is recorded of cancellations before the as-of date.
#[derive(Clone, Debug, Serialize)]
pub struct ChurnCoverage {
    /// The first day with one.
    pub first_day: Option<Day>,
    /// The last day with one.
    pub last_day: Option<Day>,
    /// The share of the customers, of those who had signed up, with one.
    pub customers_share: f64,
    /// Rows of an earlier stay, which do not count: dated before the sign-up.
    pub before_sign_up: u64,
    /// Where the table seems to end, if it does long before the as-of date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Outcomes>,
}

/// What the report is made of.
pub struct Observed<'a> {
    /// The signals' settings.
    pub signals: &'a BTreeMap<String, Signal>,
    /// What was seen of each, in the same order.
    pub histories: &'a [History],
    /// The customers.
    pub customers: &'a CustomerTable,
    /// The cancellations, where there is a table of them.
    pub cancellations: Option<&'a Cancellations>,
    /// The thresholds.
    pub gates: &'a Gates,
    /// Days that features look back.
    pub look_back_days: u32,
    /// Whether they look back on the whole history too.
    pub lifetime: bool,
    /// The zone of the days.
    pub zone: &'a Zone,
}

impl<'a> Observed<'a> {
    /// The report for some as-of dates, of which none is after `end`.
    pub fn coverage(&self, dates: &[Day], end: Day) -> Coverage {
        let signed_up = self.customers.signup.iter().filter(|&&day| day < end.0).count();
        let signed_up = if self.customers.signup.is_empty() { self.customers.len() } else { signed_up };
        let share = |customers: u64| customers as f64 / signed_up.max(1) as f64;

        let mut signals = BTreeMap::new();
        for ((name, gaps), history) in self.gaps().into_iter().zip(self.histories) {
            let tally = &history.tally;
            signals.insert(
                name.clone(),
                SignalCoverage {
                    first_day: history.first.filter(|&first| first < end),
                    last_day: history.last,
                    customers_share: share(tally.customers()).min(1.0),
                    commonest_share: tally.commonest_share(),
                    placeholder: self.placeholder(history),
                    days: self.last_days(history),
                    gaps,
                },
            );
        }

        Coverage { signals, churn: self.churn(end, share), snapshots: self.snapshots(dates) }
    }

    /// What some as-of dates look back on.
    pub fn snapshots(&self, dates: &[Day]) -> Vec<SnapshotCoverage> {
        let firsts = self.firsts();
        let snapshot = |&day: &Day| SnapshotCoverage::new(day, self.look_back_days, &firsts, self.customers);
        dates.iter().map(snapshot).collect()
    }

    /// What a person should know of the signals, for some as-of dates: those that are too young, and ids that are
    /// likely to be placeholders.
    pub fn advice(&self, snapshots: &[SnapshotCoverage]) -> Vec<Message> {
        let mut advice = young_signals(snapshots, &self.firsts(), self.look_back_days);
        if self.lifetime {
            let dates: Vec<Day> = snapshots.iter().map(|snapshot| snapshot.as_of).collect();
            advice.extend(growing_histories(&dates, &self.firsts(), self.customers).map(Message::from));
        }
        for (name, history) in self.signals.keys().zip(self.histories) {
            let Some(Placeholder { customer_id, rows, next }) = self.placeholder(history) else { continue };
            advice.push(
                Message::new("signal-placeholder")
                    .text("signal", spelling::named(name))
                    .text("customer", spelling::value(&customer_id))
                    .count("rows", rows)
                    .percent("share", history.tally.commonest_share(), 0)
                    .count("next", next),
            );
        }
        advice
    }

    /// What is wrong with the last day of each signal.
    pub fn last_day_verdicts(&self) -> Vec<(&'a String, Found)> {
        let days = self.days();
        let found = self.signals.keys().zip(verdicts(&self.last_days_of(&days)));
        found.filter_map(|(name, found)| Some((name, found?))).collect()
    }

    /// The days with hardly a row before the last day of each signal, the newest first.
    pub fn gaps(&self) -> Vec<(&'a String, Vec<Shortfall>)> {
        let days = self.days();
        self.signals.keys().zip(gaps(&self.last_days_of(&days))).collect()
    }

    fn days(&self) -> Vec<Days> {
        self.histories.iter().map(|history| history.days(self.zone)).collect()
    }

    /// The signals as their last days are judged.
    fn last_days_of<'d>(&self, days: &'d [Days]) -> Vec<LastDay<'d>> {
        let last_day = |(signal, days): (&Signal, &'d Days)| {
            let allowed = signal.max_staleness_days.unwrap_or(self.gates.max_staleness_days);
            LastDay {
                days,
                allowed,
                is_late: allowed > self.gates.max_staleness_days,
                least_share: signal.min_day_share.unwrap_or(self.gates.min_day_share),
            }
        };
        self.signals.values().zip(days).map(last_day).collect()
    }

    /// The first day of each signal.
    fn firsts(&self) -> Vec<(&String, Option<Day>)> {
        self.signals.keys().zip(self.histories.iter().map(|history| history.first)).collect()
    }

    fn placeholder(&self, history: &History) -> Option<Placeholder> {
        let (customer, rows, next) = history.tally.placeholder(self.gates.max_id_share)?;
        Some(Placeholder { customer_id: self.customers.ids.display(customer as usize), rows, next })
    }

    fn last_days(&self, history: &History) -> Vec<DayRows> {
        let days = history.days(self.zone);
        let usual = days.newest().and_then(|last| days.usual(last + 1));
        let day = |back: usize| DayRows {
            day: days.day(back),
            rows: days.rows(back),
            usual: usual.map(|usual| usual.rows(back)),
        };
        (0..days.len().min(SHOWN_DAYS)).map(day).collect()
    }

    fn churn(&self, end: Day, share: impl Fn(u64) -> f64) -> Option<ChurnCoverage> {
        let cancellations = self.cancellations?;
        let days = cancellations.sorted_days();
        let before = &days[..days.partition_point(|&day| day < end.0)];
        Some(ChurnCoverage {
            first_day: before.first().map(|&day| Day(day)),
            last_day: before.last().map(|&day| Day(day)),
            customers_share: share(cancellations.customers_before(end)).min(1.0),
            before_sign_up: cancellations.before_sign_up,
            ended: end_of_outcomes(before, end, self.gates.max_label_silence),
        })
    }
}
