//! Labels: whether a customer churned in the label window after an as-of date.

use crate::calendar::{Day, Timeline};
use crate::config::{Churn, ChurnDefinition, Signal};
use crate::sources::{Cancellations, PartitionRows};
use std::collections::BTreeMap;
use std::ops::Range;

/// The label of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// The customer churned in the label window.
    Churned,
    /// The customer did not churn in the label window.
    Stayed,
    /// The label window is not fully in the past, so nobody knows yet.
    Unmatured,
}

impl Label {
    /// The label as data have it: 1 churned, 0 stayed, none unmatured.
    pub fn value(self) -> Option<u8> {
        match self {
            Label::Churned => Some(1),
            Label::Stayed => Some(0),
            Label::Unmatured => None,
        }
    }
}

/// Days from an as-of date to the end of its label window. The embargo between training and evaluation is as long.
pub fn span_days(churn: &Churn) -> u32 {
    churn.gap_days.saturating_add(churn.horizon_days)
}

/// Whether the label window of `as_of` lies fully before `day`, so that the label is known at its beginning.
pub fn matured(churn: &Churn, as_of: Day, day: Day) -> bool {
    as_of.later_by(span_days(churn)) <= day
}

/// The days of the label window of an as-of date.
pub fn window(churn: &Churn, as_of: Day) -> Range<Day> {
    let from = as_of.later_by(churn.gap_days);
    from..from.later_by(churn.horizon_days)
}

/// The first cancellation within some days, of those of a customer in ascending order.
pub fn cancelled_within(days: &[i32], window: &Range<Day>) -> Option<Day> {
    days.iter().map(|&day| Day(day)).find(|day| window.contains(day))
}

/// Whether a customer whose rows are at these seconds, ascending, has none from the first of two seconds on and before
/// the second.
fn is_silent(seconds: &[u32], from: u32, to: u32) -> bool {
    let before_end = seconds.partition_point(|&second| second < to);
    before_end == 0 || seconds[before_end - 1] < from
}

/// What the labels of a run are read from.
pub struct Labels<'a> {
    churn: &'a Churn,
    cancellations: &'a Cancellations,
    timeline: &'a Timeline,
    end: Day,
    /// For churn by inactivity: the positions of the signals whose silence is churn.
    silent_signals: Vec<usize>,
}

impl<'a> Labels<'a> {
    /// The labels as known at the beginning of `end`, the first day that the data say nothing about.
    pub fn new(
        churn: &'a Churn,
        signals: &BTreeMap<String, Signal>,
        cancellations: &'a Cancellations,
        timeline: &'a Timeline,
        end: Day,
    ) -> Labels<'a> {
        let mut silent_signals = Vec::new();
        for (position, name) in signals.keys().enumerate() {
            if churn.signals.contains(name) {
                silent_signals.push(position);
            }
        }
        Labels { churn, cancellations, timeline, end, silent_signals }
    }

    /// The label of a customer on an as-of date. `member` is the customer's place in the partition that `rows` belong
    /// to, `customer` the place in the customers table.
    pub fn label(&self, rows: &PartitionRows, member: usize, customer: u32, as_of: Day) -> Label {
        if !matured(self.churn, as_of, self.end) {
            return Label::Unmatured;
        }

        let window = window(self.churn, as_of);
        let churned = match self.churn.definition {
            ChurnDefinition::Event => cancelled_within(self.cancellations.days(customer), &window).is_some(),
            ChurnDefinition::Inactivity => self.is_silent(rows, member, &window),
        };

        if churned {
            Label::Churned
        } else {
            Label::Stayed
        }
    }

    /// Whether none of the signals whose silence is churn has a row of the customer on the days of a window.
    fn is_silent(&self, rows: &PartitionRows, member: usize, window: &Range<Day>) -> bool {
        let (from, to) = (self.timeline.second(window.start), self.timeline.second(window.end));

        self.silent_signals.iter().all(|&position| {
            let signal = &rows.signals[position];
            is_silent(&signal.seconds[signal.rows(member)], from, to)
        })
    }
}
