//! What would help: for each of a customer's first reasons the smallest change of that signal with which the model
//! would rank the customer below the list, if comparable customers show as much. It says what the model makes of other
//! numbers, not what a customer would do: nothing here is a promise.
//!
//! One number of the signal is moved step by step, and whatever follows from the same rows moves with it: see
//! `scenario`. Comparable are the eligible customers with the same level of the first categorical column, or all of
//! them if those are few. A change is within reach if a tenth of them are there or beyond.

use super::catalogue::{Concept, Family};
use super::language::{Speech, Unit};
use super::scenario::{Scenario, SignalColumns};
use super::wording::Side;
use super::{Explainer, Reason};
use crate::artefact::ScoredRow;
use crate::config::{Signal, SignalKind};
use crate::error::Result;
use crate::features::{Catalogue, Measure};
use crate::sources::CustomerTable;
use serde::Serialize;
use std::collections::BTreeMap;

/// Of so many reasons it is said what would help.
const REASONS: usize = 3;
/// The steps of a number that are tried at most.
const STEPS: usize = 40;

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
    /// The features of the model.
    pub catalogue: &'a Catalogue,
    /// The signals, by name.
    pub signals: &'a BTreeMap<String, Signal>,
    /// Those of them (among other names) with which risk rises.
    pub rises_with: &'a [String],
    /// The customers table.
    pub customers: &'a CustomerTable,
    /// Whether a customer with these log-odds, given its place in the customers table, would rank below the list.
    pub is_below: &'a (dyn Fn(u32, f64) -> bool + Sync),
}

impl Surroundings<'_> {
    /// Whether it is known that moving a concept away from this side is for the better. More of an event or an amount,
    /// on more categories, is engagement, unless it is said that risk rises with it; then less is. Whether there should
    /// be more or fewer mentions or answers nobody knows.
    fn is_known(&self, concept: &Concept, side: Side) -> bool {
        let Some(signal) = concept.signal.as_ref() else { return false };
        let is_engagement = match self.signals.get(signal).map(|signal| signal.kind) {
            Some(SignalKind::Event | SignalKind::Amount) => !self.rises_with.contains(signal),
            _ => return matches!(concept.family, Family::Mood | Family::Score),
        };
        concept.family == Family::Value || is_engagement == (side == Side::Low)
    }
}

impl Explainer {
    /// Improvements as a list tells them; none if there are none.
    pub fn improvements_told(&self, improvements: &[Improvement]) -> Option<String> {
        let texts: Vec<&str> = improvements.iter().map(|improvement| improvement.text.as_str()).collect();
        let changes = texts.join(&self.speech.word("reach-or"));
        (!texts.is_empty()).then(|| self.speech.phrase("reach").text("changes", changes).say())
    }

    /// For each of the first reasons of a customer, the smallest change that would take the customer below the list;
    /// none for a reason without one. `row` is the customer's, `customer` the place in the customers table.
    ///
    /// # Errors
    /// [`Error::Internal`](crate::Error::Internal) when the row has other features.
    pub fn improvements(
        &self,
        around: &Surroundings<'_>,
        customer: u32,
        row: &ScoredRow<'_>,
        reasons: &[Reason],
    ) -> Result<Vec<Improvement>> {
        let typical = self.usual.comparable().with(around.customers, customer);
        let mut found: Vec<Improvement> = Vec::new();
        for (number, reason) in (1..).zip(reasons.iter().take(REASONS)) {
            let concept = &self.concepts[reason.concept];
            let lever = Lever::find(concept, around.catalogue).filter(|_| around.is_known(concept, reason.side));
            let Some(lever) = lever else { continue };

            for target in lever.targets(row.raw(), typical, reason.side) {
                let log_odds = row.log_odds_with(&lever.moved(typical, row.raw(), target))?;
                if (around.is_below)(customer, log_odds) {
                    let text = lever.text(&self.speech, row.raw(), target);
                    found.push(Improvement { reason: number, text, log_odds });
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// The number of a concept that is moved.
pub(super) struct Lever<'a> {
    concept: &'a Concept,
    measure: Measure,
    window: Option<u32>,
    column: usize,
    signal: SignalColumns,
}

impl<'a> Lever<'a> {
    /// That of a concept about a signal: a count, mean or number of categories over the middle window, or the last
    /// answer. Nobody can change for how long somebody has been a customer, and what is in a column is not known to be
    /// a lever.
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
        let instrument = catalogue.numeric.get(cell.column)?.instrument;
        let signal = SignalColumns::new(catalogue, signal, instrument);
        Some(Lever { concept, measure, window, column: cell.column, signal })
    }

    /// The numbers that are tried, the nearest to the customer's first: away from the side of the risk, as far as a
    /// tenth of the comparable customers go. Moods and scores are never made worse.
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
    pub fn moved(&self, typical: &[[f64; 3]], raw: &[f32], target: f64) -> Vec<f32> {
        let mut scenario = Scenario::new(&self.signal, typical, raw);
        match self.concept.family {
            Family::Volume => scenario.set_count(self.window.unwrap_or_default(), target),
            Family::Value => scenario.set_value(self.window.unwrap_or_default(), target),
            Family::Mood => scenario.set_mood(target),
            Family::Categories => scenario.set_categories(self.window.unwrap_or_default(), target),
            Family::Score => scenario.add_answer(target),
            Family::Tenure | Family::Number | Family::Level => {}
        }
        scenario.into_features()
    }

    pub fn text(&self, speech: &Speech, raw: &[f32], target: f64) -> String {
        let words = &self.concept.words;
        let now = self.concept.number(raw, self.measure, self.window).unwrap_or(0.0);
        let is_plain = words.unit == Unit::Plain;
        let phrase = |key| {
            let phrase =
                speech.phrase(key).rows(&words.rows).subject(&words.subject).text("name", words.subject.one.as_str());
            phrase.days(f64::from(self.window.unwrap_or_default()))
        };
        let count = |key| speech.phrase(key).count("count", now).say();
        let written = |value: f64| words.unit.written(speech, value);
        let mood = |value: f64| speech.decimals(value, 2);

        let phrase = match self.concept.family {
            Family::Volume => phrase("reach-count").count("count", target).text("now", count("usual-count")),
            Family::Value => {
                let phrase = phrase(if is_plain { "reach-mean-of" } else { "reach-mean" });
                phrase.text("value", written(target)).text("now", written(now))
            }
            Family::Mood => phrase("reach-mood").text("mood", mood(target)).text("now", mood(now)),
            Family::Categories => {
                phrase("reach-categories").count("count", target).text("now", count("number-or-none"))
            }
            _ => phrase("reach-answer").text("score", speech.number(target)).text("now", speech.number(now)),
        };
        phrase.say()
    }
}
