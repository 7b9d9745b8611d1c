//! What is usual: the numbers that a sentence about one customer is held against, from the eligible customers of the
//! date.

use super::comparable::Comparable;
use super::sample::Sample;
use crate::artefact::Scores;
use crate::calendar::Day;
use crate::config::Signal;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::numeric::FixedSum;
use crate::parallel;
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// The mean risk of a level is said if so many customers have it.
const LEAST: u64 = 30;

/// What is usual among the customers of a date. Empty, nothing is known to be usual.
#[derive(Clone, Debug, Default)]
pub struct Usual {
    /// One a numeric feature, in the order of the catalogue.
    numbers: Vec<UsualNumber>,
    /// What comparable customers show.
    comparable: Comparable,
    /// One a categorical feature: the mean risk with each level, and without one.
    levels: Vec<HashMap<Option<String>, f64>>,
    /// The mean risk of all.
    mean_risk: f64,
    /// For how many days each signal has been recorded.
    recorded: BTreeMap<String, f64>,
}

/// A numeric feature among the customers of a date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct UsualNumber {
    /// The median of those who have a value; NaN where nobody has one.
    pub median: f64,
    /// The share of customers who have a value.
    pub known: f64,
    /// Whether those above the median have a greater mean risk than the others.
    pub is_adverse: bool,
}

/// The mean risk with a level, and that of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct UsualRisk {
    pub with: f64,
    pub all: f64,
}

impl Usual {
    /// Among the customers whom these are the scores of.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn new(data: &Dataset, scores: &Scores, signals: &BTreeMap<String, Signal>, as_of: Day) -> Result<Usual> {
        let sample = Sample::new(data, scores)?;
        Ok(Usual {
            numbers: parallel::map(sample.columns(), |column| UsualNumber::new(column, &sample.log_odds)),
            comparable: Comparable::new(data, &sample),
            levels: (0..data.customers.categorical.len()).map(|column| risks(data, scores, column)).collect(),
            mean_risk: scores.mean_probability(),
            recorded: recorded(data, signals, as_of),
        })
    }

    /// Of a numeric feature, by its place in the catalogue; none if nobody has a value.
    pub(super) fn number(&self, column: usize) -> Option<UsualNumber> {
        self.numbers.get(column).copied().filter(|usual| !usual.median.is_nan())
    }

    /// The risk that goes with a level of a categorical feature; none if few have it, or if all have.
    pub(super) fn risk(&self, column: usize, level: Option<&str>) -> Option<UsualRisk> {
        let risks = self.levels.get(column).filter(|risks| risks.len() > 1)?;
        let with = *risks.get(&level.map(str::to_owned))?;
        Some(UsualRisk { with, all: self.mean_risk })
    }

    /// What comparable customers show.
    pub(super) fn comparable(&self) -> &Comparable {
        &self.comparable
    }

    /// For how many days a signal has been recorded; none if that is not known.
    pub(super) fn recorded(&self, signal: &str) -> Option<f64> {
        self.recorded.get(signal).copied()
    }

    /// As if everybody had these numeric features.
    #[cfg(test)]
    pub(super) fn of_everybody(values: impl Iterator<Item = f32>) -> Usual {
        let number = |value: f32| UsualNumber { median: f64::from(value), known: 0.93, is_adverse: false };
        Usual { numbers: values.map(number).collect(), ..Usual::default() }
    }

    /// With these risks of the levels of one categorical feature, and this one of all.
    #[cfg(test)]
    pub(super) fn with_risks(mut self, risks: &[(Option<&str>, f64)], mean_risk: f64) -> Usual {
        let of_level = |&(level, risk): &(Option<&str>, f64)| (level.map(str::to_owned), risk);
        self.levels = vec![risks.iter().map(of_level).collect()];
        self.mean_risk = mean_risk;
        self
    }

    /// With a numeric feature of which more goes with a greater risk.
    #[cfg(test)]
    pub(super) fn with_adverse(mut self, column: usize) -> Usual {
        self.numbers[column].is_adverse = true;
        self
    }

    /// With a signal that has been recorded for so many days.
    #[cfg(test)]
    pub(super) fn with_recorded(mut self, signal: &str, days: f64) -> Usual {
        self.recorded.insert(signal.to_owned(), days);
        self
    }
}

impl UsualNumber {
    fn new(column: &[f32], log_odds: &[f64]) -> UsualNumber {
        let mut sorted: Vec<f32> = column.iter().copied().filter(|value| !value.is_nan()).collect();
        if sorted.is_empty() {
            return UsualNumber { median: f64::NAN, known: 0.0, is_adverse: false };
        }
        let middle = sorted.len() / 2;
        let median = *sorted.select_nth_unstable_by(middle, f32::total_cmp).1;

        let mean_where = |is_in: &dyn Fn(f32) -> bool| {
            let (mut sum, mut rows) = (0.0, 0.0);
            for (_, log_odds) in column.iter().zip(log_odds).filter(|(value, _)| is_in(**value)) {
                sum += log_odds;
                rows += 1.0;
            }
            sum / rows
        };
        let is_adverse = mean_where(&|value| value > median) > mean_where(&|value| value <= median);
        let known = sorted.len() as f64 / column.len() as f64;
        UsualNumber { median: f64::from(median), known, is_adverse }
    }
}

/// The mean risk of the customers with each level of a column, where enough have it.
fn risks(data: &Dataset, scores: &Scores, column: usize) -> HashMap<Option<String>, f64> {
    let levels = &data.customers.categorical[column];
    let mut sums: HashMap<Option<&str>, (FixedSum<62>, u64)> = HashMap::new();
    for (&customer, &probability) in scores.customers.iter().zip(&scores.probabilities) {
        let (sum, customers) = sums.entry(levels.get(customer as usize)).or_default();
        sum.add(probability);
        *customers += 1;
    }

    let enough = sums.into_iter().filter(|(_, (_, customers))| *customers >= LEAST);
    enough.map(|(level, (sum, customers))| (level.map(str::to_owned), sum.value() / customers as f64)).collect()
}

/// For how many days each signal had been recorded on a date.
fn recorded(data: &Dataset, signals: &BTreeMap<String, Signal>, as_of: Day) -> BTreeMap<String, f64> {
    let first_days = signals.keys().zip(data.histories.iter().map(|history| history.first));
    first_days.filter_map(|(name, first)| Some((name.clone(), f64::from(as_of.0 - first?.0).max(1.0)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_is_adverse_if_more_of_it_goes_with_a_greater_risk() {
        let (few, many) = ([0.0, 0.0, 0.0, 1.0, 2.0, f32::NAN], [-2.0, -2.0, -1.5, 0.5, 1.0, 9.0]);
        let returns = UsualNumber::new(&few, &many);
        assert_eq!((returns.median, returns.is_adverse), (0.0, true));
        assert!((returns.known - 5.0 / 6.0).abs() < 1e-12);
        let logins = UsualNumber::new(&few, &many.map(|log_odds: f64| -log_odds));
        assert!(!logins.is_adverse);
        // Without anybody above the median there is nothing to compare.
        assert!(!UsualNumber::new(&[3.0, 3.0], &[1.0, 2.0]).is_adverse);
        assert!(UsualNumber::new(&[f32::NAN], &[1.0]).median.is_nan());
        assert!(UsualNumber::new(&[], &[]).median.is_nan());
    }
}
