//! Labels: whether a customer churned in the label window after an as-of date.

use crate::calendar::{Day, Timeline};
use crate::config::{Churn, ChurnDefinition, Settings};
use crate::sources::{Cancellations, PartitionRows};

/// The label of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Churned in the window.
    Churned,
    /// Did not.
    Stayed,
    /// The window is not fully in the past: nobody knows yet.
    Unmatured,
}

impl Label {
    /// 1, 0, or none.
    pub fn value(self) -> Option<u8> {
        match self {
            Label::Churned => Some(1),
            Label::Stayed => Some(0),
            Label::Unmatured => None,
        }
    }
}

/// Days from an as-of date to the end of its label window: also the embargo between training and evaluation.
pub fn span_days(churn: &Churn) -> i32 {
    (churn.gap_days + churn.horizon_days) as i32
}

/// Whether the label window of `as_of` lies fully before `end`, the first day that the data say nothing about.
pub fn matured(churn: &Churn, as_of: Day, end: Day) -> bool {
    as_of.plus(span_days(churn)) <= end
}

/// What labels are read from.
pub struct Labels<'a> {
    settings: &'a Settings,
    cancellations: &'a Cancellations,
    timeline: &'a Timeline,
    end: Day,
    /// For churn by inactivity: the positions of the signals whose silence counts.
    silent: Vec<usize>,
}

impl<'a> Labels<'a> {
    /// Labels as known on `end`.
    pub fn new(
        settings: &'a Settings,
        cancellations: &'a Cancellations,
        timeline: &'a Timeline,
        end: Day,
    ) -> Labels<'a> {
        let named = |name: &String| settings.churn.signals.contains(name);
        let silent = settings.signals.keys().enumerate().filter(|(_, name)| named(name)).map(|(i, _)| i).collect();
        Labels { settings, cancellations, timeline, end, silent }
    }

    /// The label of one customer (`member`: its place in the partition, `customer`: in the table).
    pub fn of(&self, rows: &PartitionRows, member: usize, customer: u32, as_of: Day) -> Label {
        let churn = &self.settings.churn;
        if !matured(churn, as_of, self.end) {
            return Label::Unmatured;
        }
        let from = as_of.plus(churn.gap_days as i32);
        let to = as_of.plus(span_days(churn));
        let churned = match churn.definition {
            ChurnDefinition::Event => self.cancellations.of(customer).iter().any(|&day| day >= from.0 && day < to.0),
            ChurnDefinition::Inactivity => {
                let (from, to) = (self.timeline.second(from), self.timeline.second(to));
                !self.silent.iter().any(|&signal| {
                    let signal = &rows.signals[signal];
                    let seconds = &signal.seconds[signal.of(member)];
                    let before = seconds.partition_point(|&s| s < to);
                    before > 0 && seconds[before - 1] >= from
                })
            }
        };
        if churned {
            Label::Churned
        } else {
            Label::Stayed
        }
    }
}
