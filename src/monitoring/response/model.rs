//! The response model: a ridge logistic regression of who left on the published log-odds, which it only adds to, on
//! being contacted, and on the products of being contacted with the risk and with the contributions of the strongest
//! concepts.
//!
//! The products say who responds; the risk and the contributions by themselves are there so that where the published
//! probability is off is not taken for a response. For the same reason being contacted is coded as its distance from
//! its own mean, so that the products have nothing in common with what they are products of (Tian, Alizadeh, Gentles &
//! Tibshirani, *JASA* 109, 2014). The penalty is that of a normal prior: a coefficient of a standard deviation is
//! expected to be within [`EXPECTED`] log-odds, that of being contacted at all within four times as many.

use super::listings::{Listing, FOLDS};
use crate::error::{Error, Result};
use crate::memory::Arena;
use crate::model::design::{Design, DesignBlock, DesignRows};
use crate::model::linear::cross_fit::{fold_models, FoldModels};
use crate::numeric::{logit, sigmoid, sum};
use crate::observer::Observer;
use crate::ranking::Group;
use crate::weights::RowWeights;
use serde::{Deserialize, Serialize};

/// The standard deviation of the prior of a coefficient.
const EXPECTED: f64 = 0.25;
/// How many times as wide the prior of the effect that all have in common is.
const COMMON: f64 = 4.0;
/// A value further from the mean than so many standard deviations counts as this far: nothing is known out there.
const FURTHEST: f64 = 3.0;
/// Of customers less risky than all listed ones but this share, nothing is known but how all respond on average.
const LEAST_LISTED: f64 = 0.05;
/// Rows of a block of the design.
const BLOCK_ROWS: usize = 4_096;
/// Published probabilities are kept so far from 0 and 1.
const LEAST_PROBABILITY: f64 = 1e-6;

/// What the response depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// What the codes of the concept begin with; none of the risk.
    pub concept: Option<String>,
    /// The mean over the listed customers.
    pub mean: f64,
    /// The standard deviation over them.
    pub spread: f64,
    /// What a standard deviation adds to the log-odds, contacted or not.
    pub level: f64,
    /// What it adds to the effect of being contacted on the log-odds.
    pub response: f64,
}

/// A fitted response model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResponseModel {
    /// The share of the listed customers who were left alone.
    pub control_share: f64,
    /// The published log-odds below which hardly anybody was listed: customers there are taken to respond as the mean.
    pub least_log_odds: f64,
    /// What is added to everybody's log-odds.
    pub intercept: f64,
    /// The effect of being contacted on the log-odds of a mean customer.
    pub contact: f64,
    /// What it depends on: the risk first, then concepts, the strongest first.
    pub terms: Vec<Term>,
}

/// What becomes of a customer, on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chances {
    /// The chance to leave when left alone.
    pub alone: f64,
    /// The chance to leave when contacted.
    pub contacted: f64,
}

impl Chances {
    /// By how much contact lowers the chance to leave.
    pub fn effect(&self) -> f64 {
        self.alone - self.contacted
    }

    /// The share of those who would leave that contact keeps.
    pub fn saved(&self) -> f64 {
        self.effect() / self.alone
    }
}

/// The log-odds of a published probability.
pub fn published_log_odds(probability: f64) -> f64 {
    logit(probability.clamp(LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY))
}

impl ResponseModel {
    /// The chances of a customer with these published log-odds, and a contribution for each concept among the terms.
    pub fn chances(&self, log_odds: f64, contributions: impl Iterator<Item = f64>) -> Chances {
        let (mut level, mut effect) = (log_odds + self.intercept, self.contact);
        // What sets listed customers apart need not do so among those who are at no risk to begin with.
        let known: &[Term] = if log_odds < self.least_log_odds { &[] } else { self.terms.as_slice() };
        for (term, value) in known.iter().zip([log_odds].into_iter().chain(contributions)) {
            let value = term.standardised(value);
            level += term.level * value;
            effect += term.response * value;
        }
        let [alone, contacted] = [Group::Control, Group::Contact].map(|group| self.contrast(group) * effect);
        Chances { alone: sigmoid(level + alone), contacted: sigmoid(level + contacted) }
    }

    /// The concepts among its terms, in their order.
    pub fn concepts(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter_map(|term| term.concept.as_deref())
    }

    /// What is wrong with it, if it cannot be one that was fitted.
    pub fn flaw(&self) -> Option<&'static str> {
        let is_finite = |term: &Term| [term.mean, term.spread, term.level, term.response].iter().all(|x| x.is_finite());
        let has_risk_first = self.terms.first().is_some_and(|term| term.concept.is_none())
            && self.terms.iter().skip(1).all(|term| term.concept.is_some());
        if !has_risk_first {
            Some("its terms are not the risk and then concepts")
        } else if !self.terms.iter().all(is_finite)
            || ![self.least_log_odds, self.intercept, self.contact].iter().all(|x| x.is_finite())
        {
            Some("it holds a number that is not finite")
        } else if !(self.control_share > 0.0 && self.control_share < 1.0) {
            Some("its control share is not between 0 and 1")
        } else {
            None
        }
    }

    /// Being contacted, less its mean.
    fn contrast(&self, group: Group) -> f64 {
        match group {
            Group::Contact => self.control_share,
            Group::Control => self.control_share - 1.0,
        }
    }

    /// With other coefficients: those of the columns of [`ResponseModel::design`], then the intercept.
    fn with(&self, theta: &[f64]) -> ResponseModel {
        let count = self.terms.len();
        let terms = self.terms.iter().zip(&theta[1..=count]).zip(&theta[1 + count..]);
        ResponseModel {
            control_share: self.control_share,
            least_log_odds: self.least_log_odds,
            intercept: theta[2 * count + 1],
            contact: COMMON * theta[0],
            terms: terms.map(|((term, &response), &level)| Term { response, level, ..term.clone() }).collect(),
        }
    }

    /// The rows that it is fitted on, and their columns: being contacted, its products with each term, and the terms.
    fn design(&self, listings: &[Listing], concepts: &[usize]) -> Result<Design> {
        let named = |prefix: &str| {
            let names = self.terms.iter().map(|term| term.concept.as_deref().unwrap_or("risk"));
            names.map(|name| format!("{prefix}{name}")).collect::<Vec<String>>()
        };
        let names: Vec<String> =
            ["contact".to_owned()].into_iter().chain(named("contact x ")).chain(named("")).collect();

        let mut blocks = Vec::new();
        for (family, listings) in (0..).zip(listings.chunks(BLOCK_ROWS)) {
            let contrast: Vec<f64> = listings.iter().map(|listing| self.contrast(listing.group)).collect();
            let values: Vec<Vec<f64>> = (0..self.terms.len())
                .map(|at| listings.iter().map(|it| self.terms[at].standardised(it.value(at, concepts))).collect())
                .collect();
            let common = contrast.iter().map(|contrast| COMMON * contrast);
            let products = values.iter().flat_map(|values| values.iter().zip(&contrast).map(|(x, c)| x * c));
            let levels = values.iter().flatten().copied();
            let x: Vec<f32> = common.chain(products).chain(levels).map(|value| value as f32).collect();

            let rows = DesignRows {
                y: listings.iter().map(|listing| u8::from(listing.left)).collect(),
                fold: listings.iter().map(|listing| listing.fold).collect(),
                weights: RowWeights::unit(),
                customer: listings.iter().map(|listing| listing.customer).collect(),
            };
            let offset = listings.iter().map(Listing::log_odds).collect();
            blocks.push(DesignBlock::new(&x, rows, family, &Arena::unlimited())?.with_offset(offset));
        }
        Ok(Design { names, blocks })
    }
}

impl Term {
    /// Of the values of listed customers; none if they are all the same.
    fn of(concept: Option<String>, values: impl Iterator<Item = f64> + Clone) -> Option<Term> {
        let count = values.clone().count() as f64;
        let mean = sum(values.clone()) / count;
        let spread = (sum(values.map(|value| (value - mean).powi(2))) / count).sqrt();
        (spread > 1e-9 && spread.is_finite()).then_some(Term { concept, mean, spread, level: 0.0, response: 0.0 })
    }

    fn standardised(&self, value: f64) -> f64 {
        ((value - self.mean) / self.spread).clamp(-FURTHEST, FURTHEST)
    }
}

/// The response model on all listings, and what is predicted of each of them by the models that have not seen the
/// customer.
pub struct Fitted {
    /// The model.
    pub model: ResponseModel,
    /// The chances of each listing, out of fold.
    pub chances: Vec<Chances>,
}

impl Fitted {
    /// Fits the response of listings to these of the `codes` that they have contributions of.
    ///
    /// # Errors
    /// [`Error::TooLittle`] if the risk of all of them is the same, and where a fold leaves nobody who left, or nobody
    /// who stayed.
    pub fn new(listings: &[Listing], codes: &[String], concepts: &[usize], observer: &dyn Observer) -> Result<Fitted> {
        let same = || Error::TooLittle("the risk of all first listings is the same".to_owned());
        let risk = Term::of(None, listings.iter().map(Listing::log_odds)).ok_or_else(same)?;
        let term = |&at: &usize| {
            let values = listings.iter().map(|listing| listing.contributions[at]);
            Term::of(Some(codes[at].clone()), values).map(|term| (term, at))
        };
        let (of_concepts, concepts): (Vec<Term>, Vec<usize>) = concepts.iter().filter_map(term).unzip();
        let blank = ResponseModel {
            control_share: sum(listings.iter().map(|listing| listing.control_share)) / listings.len() as f64,
            least_log_odds: lowest(listings),
            intercept: 0.0,
            contact: 0.0,
            terms: [risk].into_iter().chain(of_concepts).collect(),
        };

        let alpha = 1.0 / (EXPECTED * EXPECTED * listings.len() as f64);
        let design = blank.design(listings, &concepts)?;
        let FoldModels { on_all, without } = fold_models(&design, alpha, FOLDS, observer)?;
        let of_folds: Vec<ResponseModel> = without.iter().map(|theta| blank.with(theta)).collect();
        let chances = |listing: &Listing| {
            let contributions = concepts.iter().map(|&at| listing.contributions[at]);
            of_folds[usize::from(listing.fold)].chances(listing.log_odds(), contributions)
        };
        Ok(Fitted { chances: listings.iter().map(chances).collect(), model: blank.with(&on_all) })
    }
}

/// The published log-odds that all listings but a few reach.
fn lowest(listings: &[Listing]) -> f64 {
    let mut log_odds: Vec<f64> = listings.iter().map(Listing::log_odds).collect();
    log_odds.sort_unstable_by(f64::total_cmp);
    log_odds.get((LEAST_LISTED * log_odds.len() as f64) as usize).copied().unwrap_or(0.0)
}

impl Listing {
    /// The published log-odds.
    fn log_odds(&self) -> f64 {
        published_log_odds(self.probability)
    }

    /// What a term is made of.
    fn value(&self, term: usize, concepts: &[usize]) -> f64 {
        match term.checked_sub(1) {
            None => self.log_odds(),
            Some(at) => self.contributions[concepts[at]],
        }
    }
}
