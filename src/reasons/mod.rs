//! Reasons: why a customer's churn risk is what it is, in the customer's own numbers.
//!
//! | file | holds |
//! |---|---|
//! | `contributions` | the [attribution](Attribution): how far each term moves the log-odds from those of a reference |
//! | `catalogue` | which concept a term belongs to, and the one list of [codes](DEFINITIONS) |
//! | `wording` | from one customer's numbers to the state of a concept and its sentence |
//! | `change` | how far each concept has moved the risk between two dates, and the sentences about it |
//! | `reach` | which change of a signal would take a customer off the list |
//! | `scenario` | a customer's features if one number of a signal were another one |
//! | `playbook` | what to do about a reason |
//! | `language` | nouns, numbers and dates as a person writes them |
//!
//! The contributions of all terms of a concept are summed, so that the windows of one signal, which are correlated,
//! are one reason. A mean or a number of categories over no rows says only that there are none, so it is counted with
//! the volume of its signal: silence is one reason too.
//!
//! What a code and its text say is true of the customer's numbers, whatever the coefficients; the model decides only
//! which concepts are worth telling, and from which side: whether less or more of a thing is the risk.

mod catalogue;
pub mod change;
mod contributions;
mod language;
mod playbook;
pub mod reach;
mod scenario;
mod wording;

pub use catalogue::{Definition, Family, State, DEFINITIONS};
pub use contributions::Attribution;
pub use playbook::{Action, Playbook};

use crate::artefact::Row;
use crate::config::{Features, Signal};
use crate::error::{Error, Result};
use crate::features::{Catalogue, Measure};
use crate::model::design::recipe::{Role, Source, Term};
use catalogue::Concept;
use serde::Serialize;
use std::collections::BTreeMap;
use wording::View;

/// The least contribution, in log-odds (2 % of the odds), that makes a reason: a smaller one would present noise as an
/// insight.
const LEAST: f64 = 0.02;

/// One concept's part in a customer's risk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// Stable: the concept and its state, for example `LOGINS_DROP`. See [`DEFINITIONS`].
    pub code: String,
    /// The customer's own numbers: "Logins fell from 21 to 8 in 28 days".
    pub text: String,
    /// Log-odds above those of the reference.
    pub contribution: f64,
    /// The concept, by its place.
    #[serde(skip)]
    concept: usize,
    /// Whether less or more of it is the risk.
    #[serde(skip)]
    side: wording::Side,
}

#[cfg(test)]
impl Reason {
    /// One of which nothing but the code matters.
    fn of_code(code: &str) -> Reason {
        let side = wording::Side::Low;
        Reason { code: code.to_owned(), text: String::new(), contribution: 1.0, concept: 0, side }
    }
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
    /// For each concept, the one about the volume of the same signal.
    volumes: Vec<Option<usize>>,
    tenure: Option<usize>,
    look_back_days: u32,
    limit: usize,
}

impl Explainer {
    /// For the terms of a recipe that was learned from the catalogue of these signals and windows. A customer has at
    /// most `most` reasons.
    ///
    /// # Errors
    /// [`Error::Internal`] when the attribution has another number of terms.
    pub fn new(
        signals: &BTreeMap<String, Signal>,
        features: &Features,
        catalogue: &Catalogue,
        terms: &[Term],
        attribution: Attribution,
        most: u32,
    ) -> Result<Explainer> {
        if attribution.terms() != terms.len() {
            return Err(Error::Internal(format!(
                "reasons: a reference of {} terms, but {} terms",
                attribution.terms(),
                terms.len()
            )));
        }

        let concepts = catalogue::concepts(signals, catalogue, terms);
        let volumes = concepts.iter().map(|concept| volume_of(concept, &concepts)).collect();
        Ok(Explainer {
            attribution,
            concepts,
            volumes,
            tenure: catalogue.numeric.iter().position(|feature| feature.measure == Measure::Tenure),
            look_back_days: features.look_back_days(),
            limit: usize::try_from(most).unwrap_or(usize::MAX),
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
    /// catalogue (NaN and none are null); `row` is what the model makes of them, in the order of the terms.
    pub fn explain(&self, raw: &[f32], levels: &[Option<&str>], row: &Row) -> Explanation {
        let deviations = self.attribution.deviations(row);
        let contributions = self.attribution.contributions(row);
        let slopes = self.attribution.slopes(row);
        let totals = self.totals(raw, &contributions);
        let tenure = self.tenure.and_then(|column| raw.get(column)).map(|&t| f64::from(t)).filter(|t| t.is_finite());

        let mut all: Vec<Reason> = self
            .concepts
            .iter()
            .zip(totals)
            .enumerate()
            .filter_map(|(place, (concept, total))| Some((place, concept, total?)))
            .map(|(place, concept, contribution)| {
                let view = View {
                    concept,
                    raw,
                    levels,
                    coefficients: &slopes,
                    deviations: &deviations,
                    contributions: &contributions,
                    contribution,
                    tenure,
                    look_back_days: self.look_back_days,
                };
                let (state, text) = wording::tell(&view);
                Reason { code: concept.code(state), text, contribution, concept: place, side: view.side() }
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

    /// What the terms of each concept contribute in all; none where all of them are counted elsewhere. Over a window
    /// without rows, what the rows have in common is counted with their volume.
    fn totals(&self, raw: &[f32], contributions: &[f64]) -> Vec<Option<f64>> {
        let mut totals: Vec<Option<f64>> = vec![None; self.concepts.len()];
        for ((place, concept), volume) in self.concepts.iter().enumerate().zip(&self.volumes) {
            for part in &concept.parts {
                let is_empty = part.rows.and_then(|rows| raw.get(rows)) == Some(&0.0);
                let home = if is_empty { volume.unwrap_or(place) } else { place };
                *totals[home].get_or_insert(0.0) += contributions.get(part.term).copied().unwrap_or(0.0);
            }
        }
        totals
    }
}

/// Every code that models of these signals and features can show, in order, each once.
pub fn codes(signals: &BTreeMap<String, Signal>, catalogue: &Catalogue) -> Vec<String> {
    let term = |source: Source| Term { name: String::new(), source, about: source, role: Role::Value };
    let numeric = (0..catalogue.numeric.len()).map(|column| term(Source::Numeric(column)));
    let terms: Vec<Term> =
        numeric.chain((0..catalogue.categorical.len()).map(|c| term(Source::Categorical(c)))).collect();
    let mut codes: Vec<String> = catalogue::concepts(signals, catalogue, &terms)
        .iter()
        .flat_map(|concept| catalogue::definitions(concept.family).map(|definition| concept.code(definition.state)))
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The concept about the volume of the signal that a concept is about, by its place.
fn volume_of(concept: &Concept, concepts: &[Concept]) -> Option<usize> {
    let signal = concept.signal.as_ref()?;
    concepts.iter().position(|other| other.family == Family::Volume && other.signal.as_ref() == Some(signal))
}

#[cfg(test)]
mod tests;
