//! Silence: how many customers have had no row of the signals that count as activity, and for how long. Who has been
//! silent for longer than churn takes has left before anybody could act, so a list of such customers is no news.

use super::{Block, Dataset, Selection};
use crate::calendar::{Day, Zone, DAY_SECONDS, MICROS};
use crate::config::{Activity, Churn, ChurnDefinition, Eligibility, Features};
use crate::error::Result;
use crate::features::Measure;
use crate::labels;
use crate::parallel;
use serde::Serialize;

/// Days of silence that are always counted.
const USUAL_DAYS: [u32; 2] = [7, 28];

/// How many of some customers have been silent, and for how long.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Silence {
    /// What would have ended it, in English: "any signal", or the signals by name.
    pub of: String,
    /// The names of these signals, for other languages; none if any signal would have.
    #[serde(skip)]
    pub signals: Vec<String>,
    /// The customers.
    pub customers: u64,
    /// Those who have been silent for so many days, for ever more days: a week, four weeks, and gap and horizon.
    pub at_least: Vec<Silent>,
}

/// The customers who have been silent for some days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Silent {
    /// The days without a row before the as-of date.
    pub days: u32,
    /// The customers who have had none.
    pub customers: u64,
    /// Their share.
    pub share: f64,
}

/// What says which rows end a silence, and which silences are of interest.
#[derive(Clone, Copy, Debug)]
pub struct SilencePlan<'a> {
    /// What counts as activity of customers who leave by cancelling.
    pub eligibility: &'a Eligibility,
    /// The signals whose silence is churn, and the days that it takes.
    pub churn: &'a Churn,
    /// The windows: nothing is known from before twice the longest one.
    pub features: &'a Features,
    /// The zone in which days begin.
    pub zone: &'a Zone,
}

impl SilencePlan<'_> {
    /// The silence of the customers of some rows. None for a prepared table, which does not say when a customer was
    /// active.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn count(&self, dataset: &Dataset, rows: &Selection) -> Result<Option<Silence>> {
        let activity = self.activity();
        let features = dataset.catalogue.numeric.iter().enumerate();
        let columns: Vec<usize> = features
            .filter(|(_, feature)| feature.measure == Measure::DaysSinceLast)
            .filter(|(_, feature)| feature.signal.as_ref().is_some_and(|signal| activity.counts(signal)))
            .map(|(column, _)| column)
            .collect();
        if columns.is_empty() {
            return Ok(None);
        }

        let days = self.days();
        let limits: Vec<Vec<f32>> = dataset.as_of.iter().map(|&as_of| self.limits(&days, as_of)).collect();
        let of_block = |(index, block): (usize, &Block)| silent(block, rows.rows(index), &columns, &limits);
        let counts: Vec<Vec<u64>> = parallel::try_map(dataset.blocks.iter().enumerate(), of_block)?;

        let customers = rows.count() as u64;
        let silent = |(at, &days): (usize, &u32)| {
            let silent = counts.iter().filter_map(|of_block| of_block.get(at)).sum();
            Silent { days, customers: silent, share: silent as f64 / customers.max(1) as f64 }
        };
        let at_least = days.iter().enumerate().map(silent).collect();
        let signals = match activity {
            Activity::Any => Vec::new(),
            Activity::Of(names) => names.to_vec(),
        };
        Ok(Some(Silence { of: activity.to_string(), signals, customers, at_least }))
    }

    /// What ends a silence.
    fn activity(&self) -> Activity<'_> {
        match self.churn.definition {
            ChurnDefinition::Inactivity => Activity::Of(&self.churn.signals),
            ChurnDefinition::Event => self.eligibility.activity(),
        }
    }

    /// The days of silence that are counted, ascending; no more than are known.
    fn days(&self) -> Vec<u32> {
        let mut days = [&USUAL_DAYS[..], &[labels::span_days(self.churn)]].concat();
        let known = self.features.look_back_days();
        days.iter_mut().for_each(|days| *days = (*days).min(known));
        days.sort_unstable();
        days.dedup();
        days
    }

    /// The days since the last row beyond which a customer has been silent for so many calendar days, whose first and
    /// last one may be shorter or longer than others where clocks change.
    fn limits(&self, days: &[u32], as_of: Day) -> Vec<f32> {
        let midnight = |day: Day| self.zone.midnight(day);
        let since = |&days: &u32| (midnight(as_of) - midnight(as_of.earlier_by(days))) as f64;
        days.iter().map(|days| (since(days) / (DAY_SECONDS * MICROS) as f64) as f32).collect()
    }
}

/// How many of some rows of a block have had no activity for longer than each of the limits of their as-of date.
/// `columns` are those of the days since the last row.
fn silent(block: &Block, rows: &[u32], columns: &[usize], limits: &[Vec<f32>]) -> Result<Vec<u64>> {
    let mut silent = Vec::new();
    if rows.is_empty() {
        return Ok(silent);
    }

    let values = block.values()?;
    for row in rows.iter().map(|&row| row as usize) {
        // NaN without a row in the look-back, in one signal or in all of them.
        let last = columns.iter().map(|&column| values.value(column, row)).fold(f32::NAN, f32::min);
        let limits = &limits[block.as_of[row] as usize];
        silent.resize(limits.len(), 0);
        for (count, &limit) in silent.iter_mut().zip(limits) {
            *count += u64::from(last.is_nan() || last > limit);
        }
    }
    Ok(silent)
}

impl Silence {
    /// The share of the customers who have been silent for so many days or longer; none if that is not known.
    pub fn share(&self, days: u32) -> Option<f64> {
        self.at_least.iter().find(|silent| silent.days == days).map(|silent| silent.share)
    }
}
