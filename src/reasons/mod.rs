//! Reasons: why a customer's churn risk is what it is, in the customer's own numbers.
//!
//! | file | holds |
//! |---|---|
//! | `chance` | what chance does by itself, and is therefore not told |
//! | `concepts` | the contributions of all concepts of a row, without a word about them |
//! | `contributions` | the [attribution](Attribution): how far each term moves the log-odds from those of a reference |
//! | `catalogue` | which concept a term belongs to, and the one list of [codes](DEFINITIONS) |
//! | `wording` | from one customer's numbers to the state of a concept and its sentence |
//! | `change/` | how far each concept has moved the risk between two dates, and the sentences about it |
//! | `shift` | how far each concept has moved the mean log-odds of all customers |
//! | `reach` | which change of a signal would take a customer off the list |
//! | `comparable` | what comparable customers show |
//! | `scenario` | a customer's features if one number of a signal were another one |
//! | `playbook` | what to do about a reason |
//! | `protected` | columns that should perhaps not be told |
//! | `usual` | what is usual among the customers of the date |
//! | `sample` | the customers whose numbers are looked at for that |
//! | `language` | what sentences are made of: phrases of a language's catalogue, nouns, numbers and dates |
//!
//! The contributions of all terms of a concept are summed, so that the windows of one signal, which are correlated,
//! are one reason. A mean or a number of categories over no rows says only that there are none, so it is counted with
//! the volume of its signal: silence is one reason too.
//!
//! A reason that says nothing (an ordinary number, a change that chance makes half of the time) gives way to the next
//! one that does. Silence since a recent sign-up and the short time as a customer are one reason.
//!
//! What a code and its text say is true of the customer's numbers, whatever the coefficients; the model decides only
//! which concepts are worth telling, and from which side: whether less or more of a thing is the risk.

mod catalogue;
mod chance;
pub mod change;
mod comparable;
mod concepts;
mod contributions;
mod language;
mod playbook;
pub mod protected;
pub mod reach;
mod sample;
mod scenario;
pub mod shift;
mod usual;
mod wording;

pub use catalogue::{Definition, Family, State, DEFINITIONS};
pub use concepts::Concepts;
pub use contributions::Attribution;
pub use playbook::{Action, Playbook};
pub use usual::Usual;

use crate::artefact::Row;
use crate::config::{Features, Signal};
use crate::error::{Error, Result};
use crate::features::{Catalogue, Measure};
use crate::language::Texts;
use crate::model::design::recipe::{Role, Source, Term};
use catalogue::Concept;
use language::Speech;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use wording::{Side, Told, View};

/// The least contribution, in log-odds (2 % of the odds), that makes a reason: a smaller one would present noise as an
/// insight.
const LEAST: f64 = 0.02;

/// The code of everything that is not told.
const UNTOLD: &str = "UNTOLD";

/// One concept's part in a customer's risk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// Stable: the concept and its state, for example `LOGINS_DROP`. See [`DEFINITIONS`].
    pub code: String,
    /// The customer's own numbers: "Logins fell from 21 to 8 in 28 days".
    pub text: String,
    /// Log-odds above those of the reference.
    pub contribution: f64,
    /// Whether the numbers are out of the ordinary, so that the sentence says something.
    #[serde(skip)]
    pub is_telling: bool,
    /// The concept, by its place.
    #[serde(skip)]
    concept: usize,
    /// Whether less or more of it is the risk.
    #[serde(skip)]
    side: Side,
}

impl Reason {
    /// What stands for everything that is not told.
    fn untold(speech: &Speech, concept: usize) -> Reason {
        let text = speech.word("reason-untold");
        Reason { code: UNTOLD.to_owned(), text, contribution: 0.0, is_telling: false, concept, side: Side::Low }
    }

    /// One of which nothing but the code matters.
    #[cfg(test)]
    fn of_code(code: &str) -> Reason {
        let side = Side::Low;
        Reason { code: code.to_owned(), text: String::new(), contribution: 1.0, is_telling: true, concept: 0, side }
    }
}

/// Why a customer's risk is what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What raises the risk most and says something, greatest first; at most as many as the settings allow.
    pub reasons: Vec<Reason>,
    /// What lowers it most and says something.
    pub protective: Option<Reason>,
    /// Every concept, greatest contribution first; those that are not told are one together. With the reference's
    /// log-odds they sum to the customer's.
    pub all: Vec<Reason>,
}

/// What the reasons of a date are told with, beside the model.
#[derive(Clone, Debug)]
pub struct Background<'a> {
    /// The signals that the features are of, by name.
    pub signals: &'a BTreeMap<String, Signal>,
    /// The windows.
    pub features: &'a Features,
    /// The most reasons that a customer has.
    pub most: u32,
    /// Columns that are not told.
    pub untold: &'a [String],
    /// What is usual among the customers of the date.
    pub usual: Usual,
    /// The language of the sentences.
    pub texts: Arc<Texts>,
}

/// Explains the scores of one model against one reference.
#[derive(Clone, Debug)]
pub struct Explainer {
    attribution: Attribution,
    speech: Speech,
    usual: Usual,
    untold: Vec<String>,
    concepts: Vec<Concept>,
    /// For each concept, the one about the volume of the same signal.
    volumes: Vec<Option<usize>>,
    tenure: Option<usize>,
    look_back_days: u32,
    limit: usize,
}

impl Explainer {
    /// For the terms of a recipe that was learned from the catalogue of these signals and windows.
    ///
    /// # Errors
    /// [`Error::Internal`] when the attribution has another number of terms.
    pub fn new(
        background: Background<'_>,
        catalogue: &Catalogue,
        terms: &[Term],
        attribution: Attribution,
    ) -> Result<Explainer> {
        if attribution.terms() != terms.len() {
            return Err(Error::Internal(format!(
                "reasons: a reference of {} terms, but {} terms",
                attribution.terms(),
                terms.len()
            )));
        }

        let speech = Speech::new(background.texts);
        let concepts = catalogue::concepts(background.signals, catalogue, terms, Some(&speech));
        let volumes = concepts.iter().map(|concept| volume_of(concept, &concepts)).collect();
        Ok(Explainer {
            attribution,
            speech,
            usual: background.usual,
            untold: background.untold.to_vec(),
            concepts,
            volumes,
            tenure: catalogue.numeric.iter().position(|feature| feature.measure == Measure::Tenure),
            look_back_days: background.features.look_back_days(),
            limit: usize::try_from(background.most).unwrap_or(usize::MAX),
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
        let totals = totals(&self.concepts, &self.volumes, raw, &contributions);
        let tenure = self.tenure.and_then(|column| raw.get(column)).map(|&t| f64::from(t)).filter(|t| t.is_finite());

        let mut all: Vec<Reason> = Vec::with_capacity(self.concepts.len());
        let mut untold: Option<Reason> = None;
        for (place, (concept, total)) in self.concepts.iter().zip(totals).enumerate() {
            let Some(contribution) = total else { continue };
            if self.is_untold(concept) {
                untold.get_or_insert_with(|| Reason::untold(&self.speech, place)).contribution += contribution;
                continue;
            }
            let view = View {
                concept,
                raw,
                levels,
                coefficients: &slopes,
                deviations: &deviations,
                contributions: &contributions,
                contribution,
                tenure,
                oldest: self.volumes[place].and_then(|volume| self.concepts[volume].oldest_row(raw)),
                look_back_days: self.look_back_days,
                usual: &self.usual,
                speech: &self.speech,
            };
            let Told { state, text, is_telling } = wording::tell(&view);
            let code = concept.code(state);
            all.push(Reason { code, text, contribution, is_telling, concept: place, side: view.side() });
        }

        let in_order = |all: &mut Vec<Reason>| {
            all.sort_by(|a, b| b.contribution.total_cmp(&a.contribution).then_with(|| a.code.cmp(&b.code)));
        };
        in_order(&mut all);
        self.join_silence_and_short_tenure(&mut all, raw, tenure);
        in_order(&mut all);
        let reasons = told_of(all.iter().filter(|reason| reason.contribution >= LEAST), self.limit);
        let protective = told_of(all.iter().rev().filter(|reason| reason.contribution <= -LEAST), 1).pop();
        if let Some(untold) = untold {
            all.push(untold);
            in_order(&mut all);
        }
        Explanation { reasons, protective, all }
    }

    /// Whether a concept is about a column that is not told.
    fn is_untold(&self, concept: &Concept) -> bool {
        concept.column.as_ref().is_some_and(|column| self.untold.contains(column))
    }

    /// A customer of a few days who has done nothing yet is told once: the silence that raises the risk most takes what
    /// the short time as a customer adds. The reasons are in order.
    fn join_silence_and_short_tenure(&self, all: &mut Vec<Reason>, raw: &[f32], tenure: Option<f64>) {
        let is_newcomer = tenure.is_some_and(|tenure| tenure < f64::from(self.look_back_days));
        let short = all.iter().position(|reason| {
            self.concepts[reason.concept].family == Family::Tenure
                && reason.side == Side::Low
                && reason.contribution > 0.0
        });
        let silent = all.iter().position(|reason| {
            let concept = &self.concepts[reason.concept];
            let has_rows = concept.number(raw, Measure::DaysSinceLast, None).is_some();
            let is_silent = reason.code == concept.code(State::Silent);
            concept.family == Family::Volume && is_silent && !has_rows && reason.is_telling && reason.contribution > 0.0
        });
        if let (true, Some(short), Some(silent)) = (is_newcomer, short, silent) {
            all[silent].contribution += all[short].contribution;
            all.remove(short);
        }
    }
}

/// What the terms of each concept contribute in all; none where all of them are counted elsewhere. Over a window
/// without rows, what the rows have in common is counted with their volume: `volumes` has for each concept the one about that.
fn totals(concepts: &[Concept], volumes: &[Option<usize>], raw: &[f32], contributions: &[f64]) -> Vec<Option<f64>> {
    let mut totals: Vec<Option<f64>> = vec![None; concepts.len()];
    for ((place, concept), volume) in concepts.iter().enumerate().zip(volumes) {
        for part in &concept.parts {
            let is_empty = part.rows.and_then(|rows| raw.get(rows)) == Some(&0.0);
            let home = if is_empty { volume.unwrap_or(place) } else { place };
            *totals[home].get_or_insert(0.0) += contributions.get(part.term).copied().unwrap_or(0.0);
        }
    }
    totals
}

/// The first of some reasons that say something; where none does, the first of all.
fn told_of<'a>(reasons: impl Iterator<Item = &'a Reason> + Clone, most: usize) -> Vec<Reason> {
    let telling: Vec<Reason> = reasons.clone().filter(|reason| reason.is_telling).take(most).cloned().collect();
    if telling.is_empty() {
        reasons.take(most.min(1)).cloned().collect()
    } else {
        telling
    }
}

/// Every code that models of these signals and features can show, in order, each once.
pub fn codes(signals: &BTreeMap<String, Signal>, catalogue: &Catalogue) -> Vec<String> {
    let term = |source: Source| Term { name: String::new(), source, about: source, role: Role::Value };
    let numeric = (0..catalogue.numeric.len()).map(|column| term(Source::Numeric(column)));
    let terms: Vec<Term> =
        numeric.chain((0..catalogue.categorical.len()).map(|c| term(Source::Categorical(c)))).collect();
    let mut codes: Vec<String> = catalogue::concepts(signals, catalogue, &terms, None)
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
mod languages;
#[cfg(test)]
mod tests;
