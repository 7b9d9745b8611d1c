//! Reasons: why a customer's churn risk is what it is, in the customer's own numbers.
//!
//! | file | holds |
//! |---|---|
//! | `contributions` | the [attribution](Attribution): how far each term moves the log-odds from those of a reference |
//! | `catalogue` | which concept a term belongs to, and the one list of [codes](DEFINITIONS) |
//! | `wording` | from one customer's numbers to the state of a concept and its sentence |
//! | `language` | nouns and numbers as a person writes them |
//!
//! The contributions of all terms of a concept are summed, so that the windows of one signal, which are correlated,
//! are one reason. What a code and its text say is true of the customer's numbers, whatever the coefficients; the
//! model decides only which concepts are worth telling, and from which side: the reference and the contributions say
//! whether it is too little or too much that counts.

mod catalogue;
mod contributions;
mod language;
mod wording;

pub use catalogue::{Definition, Family, State, DEFINITIONS};
pub use contributions::Attribution;

use crate::config::Settings;
use crate::error::{Error, Result};
use crate::features::{Catalogue, Measure};
use crate::model::recipe::Term;
use catalogue::{Cell, Concept};
use wording::View;

/// Less than this in log-odds, 2 % of the odds, is no reason: it would present noise as an insight.
const LEAST: f64 = 0.02;

/// One concept's part in a customer's risk.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// Stable: the concept and its state, for example `LOGINS_DROP`. See [`DEFINITIONS`].
    pub code: String,
    /// The customer's own numbers: "Logins fell from 21 to 8 in 28 days".
    pub text: String,
    /// Log-odds above those of the reference.
    pub contribution: f64,
}

/// Why a customer's risk is what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What raises the risk most, greatest first; at most as many as the settings allow.
    pub reasons: Vec<Reason>,
    /// What lowers it most.
    pub protective: Option<Reason>,
    /// Every concept, greatest contribution first. With the reference's log-odds they sum to the customer's.
    pub all: Vec<Reason>,
}

/// Explains the scores of one model against one reference.
#[derive(Clone, Debug)]
pub struct Explainer {
    attribution: Attribution,
    concepts: Vec<Concept>,
    /// For each concept about the rows of a signal, the one that takes over when there are no rows.
    silences: Vec<Option<Silence>>,
    tenure: Option<usize>,
    look_back_days: u32,
    limit: usize,
}

/// A signal's volume, for a concept about its rows.
#[derive(Clone, Copy, Debug)]
struct Silence {
    /// The numeric feature that counts the rows of the longest window.
    count: usize,
    /// The volume concept.
    concept: usize,
}

impl Explainer {
    /// For the terms of a recipe, learned under these settings from this catalogue of features.
    ///
    /// # Errors
    /// [`Error::Internal`] when the attribution is of another number of terms.
    pub fn new(
        settings: &Settings,
        catalogue: &Catalogue,
        terms: &[Term],
        attribution: Attribution,
    ) -> Result<Explainer> {
        if attribution.terms() != terms.len() {
            return Err(Error::Internal(format!(
                "reasons: {} coefficients, but {} terms",
                attribution.terms(),
                terms.len()
            )));
        }
        let concepts = catalogue::concepts(settings, catalogue, terms);
        let silences = concepts.iter().map(|concept| silence(&concepts, concept)).collect();
        Ok(Explainer {
            attribution,
            concepts,
            silences,
            tenure: catalogue.numeric.iter().position(|feature| feature.measure == Measure::Tenure),
            look_back_days: settings.look_back_days(),
            limit: usize::try_from(settings.list.reasons).unwrap_or(usize::MAX),
        })
    }

    /// The log-odds of the reference.
    pub fn reference_log_odds(&self) -> f64 {
        self.attribution.reference_log_odds()
    }

    /// Every code that these concepts can show, with what it means.
    pub fn codes(&self) -> impl Iterator<Item = (String, &'static Definition)> + '_ {
        self.concepts.iter().flat_map(|concept| {
            catalogue::definitions(concept.family).map(|definition| (concept.code(definition.state), definition))
        })
    }

    /// Explains one customer: `raw` holds the numeric features and `levels` the categorical ones, in the order of the
    /// catalogue (NaN and none are null); `x` is the row of the design, in the order of the terms.
    pub fn explain(&self, raw: &[f32], levels: &[Option<&str>], x: &[f32]) -> Explanation {
        let deviations = self.attribution.deviations(x);
        let contributions = self.attribution.contributions(x);
        let mut totals: Vec<f64> = self
            .concepts
            .iter()
            .map(|concept| concept.parts.iter().filter_map(|part| contributions.get(part.term)).sum())
            .collect();
        // Of rows that do not exist there is one thing to say: that there are none.
        let is_silent = |silence: &&Silence| raw.get(silence.count) == Some(&0.0);
        let taken: Vec<Option<Silence>> = self.silences.iter().map(|s| s.as_ref().filter(is_silent).copied()).collect();
        for (concept, silence) in taken.iter().enumerate() {
            if let Some(silence) = silence {
                totals[silence.concept] += totals[concept];
            }
        }
        let tenure = self.tenure.and_then(|column| raw.get(column)).map(|&t| f64::from(t)).filter(|t| t.is_finite());
        let mut all: Vec<Reason> = self
            .concepts
            .iter()
            .zip(&totals)
            .zip(&taken)
            .filter(|(_, silence)| silence.is_none())
            .map(|((concept, &contribution), _)| {
                let view = View {
                    concept,
                    raw,
                    levels,
                    deviations: &deviations,
                    contributions: &contributions,
                    contribution,
                    tenure,
                    look_back_days: self.look_back_days,
                };
                let (state, text) = wording::tell(&view);
                Reason { code: concept.code(state), text, contribution }
            })
            .collect();
        all.sort_by(|a, b| b.contribution.total_cmp(&a.contribution).then_with(|| a.code.cmp(&b.code)));
        Explanation {
            reasons: all.iter().take(self.limit).take_while(|r| r.contribution >= LEAST).cloned().collect(),
            protective: all
                .iter()
                .filter(|r| r.contribution <= -LEAST)
                .min_by(|a, b| a.contribution.total_cmp(&b.contribution).then_with(|| a.code.cmp(&b.code)))
                .cloned(),
            all,
        }
    }
}

/// The volume concept that takes over from a concept about the rows of the same signal.
fn silence(concepts: &[Concept], concept: &Concept) -> Option<Silence> {
    if !matches!(concept.family, Family::Value | Family::Categories | Family::Mood) {
        return None;
    }
    let volume = concepts.iter().position(|c| c.family == Family::Volume && c.signal == concept.signal)?;
    let counts = concepts[volume].cells.iter().filter(|cell| cell.measure == Some(Measure::Count));
    let longest: Option<&Cell> = counts.max_by_key(|cell| cell.window);
    longest.map(|cell| Silence { count: cell.column, concept: volume })
}

#[cfg(test)]
mod tests;
