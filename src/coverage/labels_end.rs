//! Where labels end: where the data end, or earlier if what labels are made of ends long before.

use super::outcomes::Outcomes;
use crate::calendar::Day;
use crate::config::{Churn, ChurnDefinition, Signal};
use crate::spelling;
use std::collections::BTreeMap;

/// Where the rows of the signals end.
pub struct DataEnd<'a> {
    /// The signals by name.
    pub signals: &'a BTreeMap<String, Signal>,
    /// The day of the newest row of each.
    pub newest: &'a [Option<Day>],
    /// The first day that the data say nothing about.
    pub day: Day,
}

/// The first day that labels know nothing about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelsEnd {
    /// The day.
    pub day: Day,
    /// Why it is not the end of the data, if it is not.
    pub why: Option<String>,
}

impl LabelsEnd {
    /// The end of the data, unless what labels are made of ends long before it: the cancellations, of which `outcomes`
    /// tells that, or the signals whose silence is churn. That a signal ends no more than `max_staleness_days` earlier
    /// is no news.
    pub fn new(data: &DataEnd<'_>, churn: &Churn, max_staleness_days: u32, outcomes: Option<Outcomes>) -> LabelsEnd {
        let end = data.day;
        let (day, why) = match churn.definition {
            ChurnDefinition::Event => {
                let ended = outcomes.map(|outcomes| (outcomes.known_until(), Some(outcomes.message().to_string())));
                ended.unwrap_or((end, None))
            }
            ChurnDefinition::Inactivity => match data.end_of_silence(churn) {
                None => (end, None),
                Some((day, why)) => {
                    let day = day.min(end);
                    (day, Some(why).filter(|_| end.0 - day.0 > max_staleness_days as i32))
                }
            },
        };

        let why = why.map(|why| {
            format!("{why}; labels are known up to that day only, although other rows go on to {}", end.plus(-1))
        });
        LabelsEnd { day, why }
    }
}

impl DataEnd<'_> {
    /// The day after the first of the signals whose silence is churn ends, and a sentence about it.
    fn end_of_silence(&self, churn: &Churn) -> Option<(Day, String)> {
        let silent = self.signals.keys().zip(self.newest).filter(|(name, _)| churn.signals.contains(name));
        let (last, name) = silent.filter_map(|(name, newest)| Some(((*newest)?, name))).min()?;
        let sentence = format!("churn: signal {}, whose silence is churn, ends on {last}", spelling::named(name));
        Some((last.plus(1), sentence))
    }
}
