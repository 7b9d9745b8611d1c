//! What would help: for each of a customer's first reasons the smallest change of that signal with which the model would
//! rank the customer below the list, if comparable customers show as much. It says what the model makes of other numbers,
//! not what a customer would do: nothing here is a promise.
//!
//! One number of the signal is moved step by step, and whatever follows from the same rows moves with it: see
//! [`Scenario`]. Comparable are the eligible customers with the same level of the first categorical column, or all of them
//! if those are few. A change is within reach if a tenth of them are there or beyond.

use super::catalogue::{Concept, Family};
use super::language::{days, decimals, number, whole, Unit};
use super::wording::Side;
use super::{Explainer, Reason};
use crate::artefact::Artefact;
use crate::dataset::{Dataset, Selection};
use crate::error::Result;
use crate::features::{Catalogue, Measure};
use crate::sources::CustomerTable;
use hashbrown::HashMap;
use serde::Serialize;

/// Of so many reasons it is said what would help.
const REASONS: usize = 3;
/// Comparable customers are looked at in a sample of about so many.
const SAMPLE: usize = 20_000;
/// A level needs so many of them to be compared with by itself.
const LEAST: usize = 100;
/// The steps of a number that are tried at most.
const STEPS: usize = 40;

/// What comparable customers show.
#[derive(Clone, Debug)]
pub struct Comparable {
    /// Of all customers, then of each level with enough of them; of each numeric feature the tenth, the middle and the
    /// ninetieth percentile, NaN where nobody has a value.
    groups: Vec<Vec<[f64; 3]>>,
    /// The group of each level of the first categorical column that has one of its own.
    of_level: HashMap<u32, usize>,
}

/// A change of one signal that would take a customer off the list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Improvement {
    /// The reason that it is about: 1 for the strongest.
    pub reason: usize,
    /// "if there were 9 logins in 28 days instead of 2"
    pub text: String,
    /// The log-odds that the model would give.
    pub log_odds: f64,
}

/// What all customers of a list have in common.
pub struct Surroundings<'a> {
    /// The model.
    pub model: &'a Artefact,
    /// The customers table.
    pub customers: &'a CustomerTable,
    /// What comparable customers show.
    pub comparable: &'a Comparable,
    /// Whether a customer with these log-odds, given its place in the customers table, would rank below the list.
    pub is_below: &'a (dyn Fn(u32, f64) -> bool + Sync),
}

impl Comparable {
    /// From the selected rows of a data set.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn new(data: &Dataset, selection: &Selection) -> Result<Comparable> {
        let places = selection.spread(SAMPLE);
        let values = data.gather(&places)?;
        let mut rows_of_level: HashMap<u32, Vec<usize>> = HashMap::new();
        if let Some(levels) = data.customers.categorical.first() {
            for (row, &place) in places.iter().enumerate() {
                let (block, at) = data.at(place);
                rows_of_level.entry(levels.codes[block.customers[at] as usize]).or_default().push(row);
            }
        }

        let everybody: Vec<usize> = (0..places.len()).collect();
        let columns = data.catalogue.numeric.len();
        let quantiles = |rows: &[usize]| {
            (0..columns).map(|column| tenths(rows.iter().map(|row| values[column * places.len() + row]))).collect()
        };
        let mut comparable = Comparable { groups: vec![quantiles(&everybody)], of_level: HashMap::new() };
        let mut levels: Vec<(u32, Vec<usize>)> =
            rows_of_level.into_iter().filter(|(_, rows)| rows.len() >= LEAST).collect();
        levels.sort_unstable_by_key(|(level, _)| *level);
        for (level, rows) in levels {
            comparable.of_level.insert(level, comparable.groups.len());
            comparable.groups.push(quantiles(&rows));
        }
        Ok(comparable)
    }

    /// Of the customers who are comparable with one.
    fn with(&self, customers: &CustomerTable, customer: u32) -> &[[f64; 3]] {
        let level = customers.categorical.first().map(|levels| levels.codes[customer as usize]);
        let group = level.and_then(|level| self.of_level.get(&level)).copied().unwrap_or(0);
        &self.groups[group]
    }
}

/// The tenth, the middle and the ninetieth percentile of what is not null.
fn tenths(values: impl Iterator<Item = f32>) -> [f64; 3] {
    let mut sorted: Vec<f32> = values.filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    if sorted.is_empty() {
        return [f64::NAN; 3];
    }
    [0.1, 0.5, 0.9].map(|share| f64::from(sorted[(share * (sorted.len() - 1) as f64).round() as usize]))
}

/// Improvements as a list tells them; none if there are none.
pub fn told(improvements: &[Improvement]) -> Option<String> {
    let texts: Vec<&str> = improvements.iter().map(|improvement| improvement.text.as_str()).collect();
    (!texts.is_empty()).then(|| format!("The model would rank this customer below the list {}", texts.join("; or ")))
}

/// A number of a concept that is tried.
struct Step {
    reason: usize,
    target: f64,
    raw: Vec<f32>,
}

impl Explainer {
    /// For each of the first reasons of a customer, the smallest change that would take the customer below the list; none
    /// for a reason without one. `raw` holds the numeric features, `customer` is the place in the customers table.
    ///
    /// # Errors
    /// [`Error::Internal`](crate::Error::Internal) when the rows cannot be scored.
    pub fn improvements(
        &self,
        around: &Surroundings<'_>,
        customer: u32,
        raw: &[f32],
        reasons: &[Reason],
    ) -> Result<Vec<Improvement>> {
        let typical = around.comparable.with(around.customers, customer);
        let catalogue = &around.model.catalogue;
        let mut steps: Vec<Step> = Vec::new();
        for (place, reason) in reasons.iter().take(REASONS).enumerate() {
            let concept = &self.concepts[reason.concept];
            let targets = Lever::find(concept, catalogue).map_or_else(Vec::new, |lever| {
                let steps = lever.targets(raw, typical, reason.side);
                steps.into_iter().map(|target| (target, lever.moved(catalogue, typical, raw, target))).collect()
            });
            steps.extend(targets.into_iter().map(|(target, raw)| Step { reason: place, target, raw }));
        }
        if steps.is_empty() {
            return Ok(Vec::new());
        }

        let rows: Vec<&[f32]> = steps.iter().map(|step| step.raw.as_slice()).collect();
        let log_odds = around.model.log_odds_of(around.customers, customer, &rows)?;
        let mut found: Vec<Improvement> = Vec::new();
        for (step, log_odds) in steps.iter().zip(log_odds) {
            let is_told = found.last().is_some_and(|last| last.reason == step.reason + 1);
            if is_told || !(around.is_below)(customer, log_odds) {
                continue;
            }
            let concept = &self.concepts[reasons[step.reason].concept];
            if let Some(lever) = Lever::find(concept, catalogue) {
                let text = lever.text(raw, step.target);
                found.push(Improvement { reason: step.reason + 1, text, log_odds });
            }
        }
        Ok(found)
    }
}

/// The number of a concept that is moved.
pub(super) struct Lever<'a> {
    concept: &'a Concept,
    signal: &'a str,
    measure: Measure,
    window: Option<u32>,
    column: usize,
}

impl<'a> Lever<'a> {
    /// That of a concept about a signal: a count, mean or number of categories over the middle window, or the last answer.
    /// Nobody can change for how long somebody has been a customer, and what is in a column is not known to be a lever.
    pub fn find(concept: &'a Concept, catalogue: &Catalogue) -> Option<Lever<'a>> {
        let measure = match concept.family {
            Family::Volume => Measure::Count,
            Family::Value | Family::Mood => Measure::Mean,
            Family::Categories => Measure::Categories,
            Family::Score => Measure::SurveyLast,
            Family::Tenure | Family::Number | Family::Level => return None,
        };
        let windows = concept.windows();
        let window = windows.get(windows.len() / 2).copied();
        let signal = concept.signal.as_deref()?;
        let is_it = |cell: &&super::catalogue::Cell| cell.measure == Some(measure) && cell.window == window;
        let cell = concept.cells.iter().find(is_it)?;
        catalogue.numeric.get(cell.column)?;
        Some(Lever { concept, signal, measure, window, column: cell.column })
    }

    /// The numbers that are tried, the nearest to the customer's first: away from the side of the risk, as far as a tenth
    /// of the comparable customers go. Moods and scores are never made worse.
    pub fn targets(&self, raw: &[f32], typical: &[[f64; 3]], side: Side) -> Vec<f64> {
        let Some(now) = self.concept.number(raw, self.measure, self.window) else { return Vec::new() };
        let [low, _, high] = typical[self.column];
        let is_up = side == Side::Low;
        if !is_up && matches!(self.concept.family, Family::Mood | Family::Score) {
            return Vec::new();
        }

        let end = if is_up { high } else { low };
        let way = end - now;
        if way.is_nan() || way == 0.0 || (way > 0.0) != is_up {
            return Vec::new();
        }
        match self.concept.family {
            Family::Volume | Family::Categories | Family::Score => {
                let first = if is_up { now.floor() + 1.0 } else { now.ceil() - 1.0 };
                let count = ((end - first).abs().floor() + 1.0).max(0.0);
                let is_within = |target: &f64| if is_up { *target <= end } else { *target >= end };
                let stride = (count / STEPS as f64).ceil().max(1.0);
                let steps = (0..STEPS).map(|step| first + step as f64 * stride * way.signum());
                steps.take_while(is_within).collect()
            }
            // Twenty steps, as they are written.
            _ => (1..=20).map(|step| now + way * f64::from(step) / 20.0).collect(),
        }
    }

    /// The customer's features if the number were another one.
    pub fn moved(&self, catalogue: &Catalogue, typical: &[[f64; 3]], raw: &[f32], target: f64) -> Vec<f32> {
        let instrument = catalogue.numeric[self.column].instrument.map(|instrument| instrument.name());
        let windows = signal_windows(catalogue, self.signal);
        let mut scenario = Scenario { catalogue, signal: self.signal, instrument, windows, typical, raw: raw.to_vec() };
        match self.concept.family {
            Family::Volume => scenario.set_count(self.window.unwrap_or_default(), target),
            Family::Value => scenario.set_value(self.window.unwrap_or_default(), target),
            Family::Mood => scenario.set_mood(target),
            Family::Categories => scenario.set_categories(self.window.unwrap_or_default(), target),
            Family::Score => scenario.add_answer(target),
            Family::Tenure | Family::Number | Family::Level => {}
        }
        scenario.raw
    }

    pub fn text(&self, raw: &[f32], target: f64) -> String {
        let words = &self.concept.words;
        let rows = &words.rows.many;
        let now = self.concept.number(raw, self.measure, self.window).unwrap_or(0.0);
        let within = self.window.map_or_else(String::new, |window| format!(" in {}", days(f64::from(window))));
        match self.concept.family {
            Family::Volume => {
                let verb = if target == 1.0 { "was" } else { "were" };
                format!("if there {verb} {}{within} instead of {}", words.rows.counted(target), whole(now))
            }
            Family::Value => {
                let subject =
                    if words.unit == Unit::Plain { format!(" a {} of", words.subject.one) } else { String::new() };
                let (target, now) = (words.unit.written(target), words.unit.written(now));
                format!("if {rows} averaged{subject} {target}{within} instead of {now}")
            }
            Family::Mood => {
                format!("if the mood of {rows} were {}{within} instead of {}", decimals(target, 2), decimals(now, 2))
            }
            Family::Categories => {
                format!("if {rows} used {}{within} instead of {}", words.subject.counted(target), whole(now))
            }
            _ => format!("if the next {} answer were {} instead of {}", words.subject.one, number(target), number(now)),
        }
    }
}

/// The windows in which a signal is counted, ascending.
fn signal_windows(catalogue: &Catalogue, signal: &str) -> Vec<u32> {
    let of_signal = catalogue.numeric.iter().filter(|feature| feature.signal.as_deref() == Some(signal));
    let mut windows: Vec<u32> = of_signal.filter_map(|feature| feature.window_days).collect();
    windows.sort_unstable();
    windows.dedup();
    windows
}

/// A customer's features while one number of a signal is moved. Rows that are added, or thought away, lie evenly in the
/// days of the main window; longer windows have as many more or fewer. From the counts of each window follow the days with a
/// row (as many a row as before), the trend, the gaps, the time since the last row and the sum; what the rows are worth
/// stays, and where there were none it is that of the longest window, or that of a typical comparable customer.
struct Scenario<'a> {
    catalogue: &'a Catalogue,
    signal: &'a str,
    instrument: Option<&'static str>,
    windows: Vec<u32>,
    typical: &'a [[f64; 3]],
    raw: Vec<f32>,
}

impl Scenario<'_> {
    fn column(&self, measure: Measure, window: Option<u32>) -> Option<usize> {
        let is_of_instrument = matches!(
            measure,
            Measure::SurveyLast | Measure::SurveyMean | Measure::SurveyChange | Measure::SurveyDaysSinceLast
        );
        let instrument = self.instrument.filter(|_| is_of_instrument);
        self.catalogue.numeric.iter().position(|feature| {
            feature.measure == measure
                && feature.window_days == window
                && feature.signal.as_deref() == Some(self.signal)
                && feature.instrument.map(|instrument| instrument.name()) == instrument
        })
    }

    /// A feature; none if it is null.
    fn get(&self, measure: Measure, window: Option<u32>) -> Option<f64> {
        let value = f64::from(*self.raw.get(self.column(measure, window)?)?);
        value.is_finite().then_some(value)
    }

    fn set(&mut self, measure: Measure, window: Option<u32>, value: f64) {
        if let Some(column) = self.column(measure, window) {
            self.raw[column] = value as f32;
        }
    }

    fn count(&self, window: u32) -> f64 {
        self.get(Measure::Count, Some(window)).unwrap_or(0.0)
    }

    /// The rows of the window of equal length before a window, recovered from the trend.
    fn count_before(&self, window: u32) -> f64 {
        let trend = self.get(Measure::Trend, Some(window)).unwrap_or(0.0);
        ((self.count(window) + 1.0) / trend.exp() - 1.0).round().max(0.0)
    }

    /// What rows of a window are worth that had none.
    fn usual(&self, measure: Measure, window: u32) -> f64 {
        let longest = self.windows.last().and_then(|&longest| self.get(measure, Some(longest)));
        let typical = || self.column(measure, Some(window)).map_or(f64::NAN, |column| self.typical[column][1]);
        longest.unwrap_or_else(typical)
    }

    fn set_count(&mut self, main: u32, target: f64) {
        let before_all = self.count(main);
        let is_up = target > before_all;
        let active = self.get(Measure::ActiveDays, Some(main)).unwrap_or(before_all);
        let days_a_row = if before_all > 0.0 { active / before_all } else { 1.0 };
        let nearer = |old: f64, steady: f64| if is_up { old.max(steady) } else { old.min(steady) };

        let (main_days, mut counts) = (f64::from(main), Vec::new());
        for &window in &self.windows {
            let (old, days) = (self.count(window), f64::from(window));
            let steady = (target * days / main_days).round().min(target);
            let overlap = (main_days - days).clamp(0.0, days);
            let (count, before) = if window == main {
                (target, self.count_before(window))
            } else if window > main {
                ((old + target - before_all).max(target), self.count_before(window))
            } else {
                (nearer(old, steady), nearer(self.count_before(window), (target * overlap / main_days).round()))
            };
            counts.push((window, old, count, before));
        }
        for &(window, old, count, before) in &counts {
            let days = f64::from(window);
            let active =
                nearer(self.get(Measure::ActiveDays, Some(window)).unwrap_or(0.0), (count * days_a_row).ceil());
            let gap = if count < 2.0 { f64::NAN } else { days / count };
            let gap = match self.get(Measure::MeanGap, Some(window)) {
                Some(old) if is_up => old.min(gap),
                Some(old) => old.max(gap),
                None => gap,
            };
            self.set_rows(window, count, before, active.min(count).min(days));
            self.set(Measure::MeanGap, Some(window), if count < 2.0 { f64::NAN } else { gap });
            self.set_worth(window, old, count);
        }

        let recency = self.get(Measure::DaysSinceLast, None);
        let recency = match (recency, counts.iter().any(|&(_, _, count, _)| count > 0.0)) {
            (_, false) => f64::NAN,
            (Some(old), true) if is_up => old.min(main_days / target / 2.0),
            (Some(old), true) if target == 0.0 => old.max(main_days),
            (Some(old), true) => old,
            (None, true) => main_days / target / 2.0,
        };
        self.set(Measure::DaysSinceLast, None, recency);
    }

    fn set_rows(&mut self, window: u32, count: f64, before: f64, active: f64) {
        self.set(Measure::Count, Some(window), count);
        self.set(Measure::ActiveDays, Some(window), active);
        self.set(Measure::Trend, Some(window), ((count + 1.0) / (before + 1.0)).ln());
    }

    /// What the rows of a window are worth once there are more or fewer.
    fn set_worth(&mut self, window: u32, old: f64, count: f64) {
        let at = Some(window);
        let mean = self.get(Measure::Mean, at).unwrap_or_else(|| self.usual(Measure::Mean, window));
        if let (Some(sum), true) = (self.get(Measure::Sum, at), mean.is_finite()) {
            self.set(Measure::Sum, at, if count == 0.0 { 0.0 } else { sum + (count - old) * mean });
        }
        if count == 0.0 {
            self.set(Measure::Mean, at, f64::NAN);
            self.set(Measure::NegativeShare, at, f64::NAN);
            self.set(Measure::Categories, at, 0.0);
        } else if old == 0.0 {
            let share = self.usual(Measure::NegativeShare, window);
            self.set(Measure::Mean, at, mean);
            self.set(Measure::NegativeShare, at, share);
            self.set(Measure::Categories, at, 1.0);
        }
    }

    /// Every row of a window, and of the shorter ones, is worth so much; those of longer ones as much as that makes of them.
    fn set_value(&mut self, main: u32, target: f64) {
        let old = self.get(Measure::Mean, Some(main)).unwrap_or(target);
        for window in self.windows.clone() {
            let Some(mean) = self.get(Measure::Mean, Some(window)) else { continue };
            let share = if window <= main { 1.0 } else { self.count(main) / self.count(window).max(1.0) };
            let mean = if window <= main { target } else { mean + share * (target - old) };
            self.set(Measure::Mean, Some(window), mean);
            self.set(Measure::Sum, Some(window), mean * self.count(window));
        }
    }

    /// The mood of every window is at least so good, and the share of negative rows falls in proportion.
    fn set_mood(&mut self, target: f64) {
        for window in self.windows.clone() {
            let Some(mean) = self.get(Measure::Mean, Some(window)).filter(|mean| *mean < target) else { continue };
            self.set(Measure::Mean, Some(window), target);
            if let Some(share) = self.get(Measure::NegativeShare, Some(window)) {
                self.set(Measure::NegativeShare, Some(window), share * (1.0 - target) / (1.0 - mean));
            }
        }
    }

    /// So many categories in a window and in longer ones, in shorter ones as many of them as there are rows.
    fn set_categories(&mut self, main: u32, target: f64) {
        let is_up = target > self.get(Measure::Categories, Some(main)).unwrap_or(0.0);
        for window in self.windows.clone() {
            let Some(old) = self.get(Measure::Categories, Some(window)) else { continue };
            let most = if window < main { self.count(window) } else { f64::INFINITY };
            self.set(
                Measure::Categories,
                Some(window),
                if is_up { old.max(target.min(most)) } else { old.min(target) },
            );
        }
    }

    /// One more answer, yesterday.
    fn add_answer(&mut self, score: f64) {
        let (last, mean) = (self.get(Measure::SurveyLast, None), self.get(Measure::SurveyMean, None));
        // How many answers there were is not kept: two, if there is a change.
        let answers = if self.get(Measure::SurveyChange, None).is_some() { 2.0 } else { 1.0 };
        self.set(Measure::SurveyLast, None, score);
        self.set(Measure::SurveyMean, None, mean.map_or(score, |mean| (answers * mean + score) / (answers + 1.0)));
        self.set(Measure::SurveyChange, None, last.map_or(f64::NAN, |last| score - last));
        self.set(Measure::SurveyDaysSinceLast, None, 1.0);

        for window in self.windows.clone() {
            let (count, before) = (self.count(window) + 1.0, self.count_before(window));
            let active = self.get(Measure::ActiveDays, Some(window)).unwrap_or(0.0) + 1.0;
            self.set_rows(window, count, before, active.min(f64::from(window)));
        }
        self.set(Measure::DaysSinceLast, None, 1.0);
    }
}
