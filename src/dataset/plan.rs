//! The sections of the settings that say which rows a data set from signals has, and what is known of each.

use crate::calendar::{Day, Zone};
use crate::config::{Churn, ChurnDefinition, Complexity, Customers, Eligibility, Features, Settings, Signal};
use crate::features::Catalogue;
use crate::labels;
use std::collections::BTreeMap;
use std::ops::Range;

/// The first day of the longest history that is read. 1970-01-01, which is 0, stands for "unknown".
const FIRST_DAY: Day = Day(1);
/// The most days of it: 60 years.
const LONGEST_HISTORY: u32 = 60 * 365;

/// Which rows a data set from signals has, and what is known of each.
#[derive(Clone, Debug)]
pub struct RowsPlan<'a> {
    /// The customers table, if the settings name one.
    pub customers: Option<&'a Customers>,
    /// The signals by name.
    pub signals: &'a BTreeMap<String, Signal>,
    /// The label.
    pub churn: &'a Churn,
    /// Which rows exist.
    pub eligibility: &'a Eligibility,
    /// The windows that features look through.
    pub features: &'a Features,
    /// The zone in which days begin.
    pub zone: Zone,
    /// The share of a source's rows that may be in quarantine.
    pub max_quarantine_share: f64,
    /// How rich a model of the rows may be: a memory limit keeps room for what a rich one is fitted on.
    pub complexity: Complexity,
}

impl<'a> RowsPlan<'a> {
    /// What the settings say.
    pub fn from_settings(settings: &'a Settings) -> RowsPlan<'a> {
        RowsPlan {
            customers: settings.customers.as_ref(),
            signals: &settings.signals,
            churn: &settings.churn,
            eligibility: &settings.eligibility,
            features: &settings.features,
            zone: settings.zone(),
            max_quarantine_share: settings.gates.max_quarantine_share,
            complexity: settings.model.complexity,
        }
    }

    /// The features.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::new(self.signals, self.features, self.customers)
    }

    /// The days that a run for these as-of dates reads.
    pub fn days(&self, as_of: &[Day], with_labels: bool) -> ScanDays {
        let back = self.features.look_back_days().max(self.eligibility.active_within_days);
        let first = as_of.iter().copied().min().unwrap_or(Day(0));
        let last = as_of.iter().copied().max().unwrap_or(Day(0));

        // The whole history, if it is asked for: from the first day that is not a date for "unknown", or as much of it
        // as can be told apart in seconds.
        let from = first.earlier_by(back);
        let from =
            if self.features.lifetime { from.min(FIRST_DAY.max(last.earlier_by(LONGEST_HISTORY))) } else { from };

        let silence = with_labels && self.churn.definition == ChurnDefinition::Inactivity;
        let ahead = if silence { labels::span_days(self.churn) } else { 0 };
        ScanDays { first: from, end: last.later_by(ahead) }
    }

    /// The days of one of the signals that a run for these as-of dates reads.
    pub fn signal_days(&self, name: &String, as_of: &[Day], with_labels: bool) -> Range<Day> {
        let ScanDays { first, end } = self.days(as_of, with_labels);
        let last = as_of.iter().copied().max().unwrap_or(end);
        // Only the signals whose silence is churn are read beyond the last as-of date.
        let ahead = with_labels && self.churn.signals.contains(name);
        first..if ahead { end } else { last }
    }
}

/// Days of the signals that a run reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanDays {
    /// The first of them: the longest look-back before the first as-of date, or that of the whole history.
    pub first: Day,
    /// The first day that is not read any more.
    pub end: Day,
}
