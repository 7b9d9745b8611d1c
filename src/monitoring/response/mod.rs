//! Whether customers respond differently to outreach, so that a list can be ranked by what calling changes.
//!
//! | file | holds |
//! |---|---|
//! | `listings` | the first listings that it is learned from |
//! | `model` | the response model, fitted on first listings |
//! | `qini` | how well an order of customers puts those first whom outreach keeps |
//! | `found` | what is known of the response |
//! | `stored` | the same as a file, `response.json` |
//! | `words` | the same in sentences |
//! | here | the study: from first listings to what may be claimed |
//!
//! Riskier customers have more to save, so an effect in points differs between customers even where outreach keeps the
//! same share of everybody who would leave; the order of the risk is enough for that. So a response is shown if two
//! things are above 0 at every look: the Qini coefficient of the predicted effect, and that of the predicted share of
//! would-be leavers who are kept, along a curve on which a customer takes as much of the way as the risk is. The second
//! is 0 whatever the order if that share is the same for all.

pub mod found;
mod listings;
mod model;
pub mod qini;
pub mod stored;
pub mod words;

pub use found::Response;
pub use listings::{Listing, Listings, FOLDS};
pub use model::{published_log_odds, Chances, ResponseModel, Term};

use super::sequence::widening;
use super::worth::worth;
use crate::error::{Error, Result};
use crate::metrics::bootstrap::Bootstrap;
use crate::metrics::interval::Interval;
use crate::numeric::sum;
use crate::observer::Observer;
use crate::ranking::Group;
use found::{Ranked, TwoWays};
use model::Fitted;
use qini::Order;

/// Parts of the listings, by the predicted effect, of which the effect is told.
const PARTS: usize = 3;

impl Response {
    /// What listings say of the response.
    ///
    /// # Errors
    /// [`Error::Internal`](crate::Error::Internal) for a design of the wrong shape.
    pub fn new(listings: &Listings, bootstrap: &Bootstrap, observer: &dyn Observer) -> Result<Response> {
        let (contact, control) = (listings.count(Group::Contact), listings.count(Group::Control));
        let mut response = Response {
            as_of: listings.as_of,
            contact,
            control,
            without_contributions: listings.without_contributions,
            without_control: listings.without_control,
            model_versions: listings.model_versions.iter().cloned().collect(),
            allocation_p_value: listings.allocation_p_value,
            ranked: None,
            model: None,
        };
        if response.is_too_little() {
            return Ok(response);
        }

        let fitted = match Fitted::new(&listings.known, &listings.codes, &listings.strongest(), observer) {
            Err(Error::TooLittle(_)) => return Ok(response),
            fitted => fitted?,
        };
        response.ranked = ranked(&listings.known, &fitted.chances, bootstrap);
        if response.ranked.as_ref().is_some_and(Ranked::is_shown) && !response.allocation_is_broken() {
            response.model = Some(fitted.model);
        }
        Ok(response)
    }
}

/// How well the predicted response ranks listings; none where an interval is not defined.
fn ranked(listings: &[Listing], chances: &[Chances], bootstrap: &Bootstrap) -> Option<Ranked> {
    let column = |of: &dyn Fn(&Listing) -> f64| listings.iter().map(of).collect::<Vec<f64>>();
    let worths = column(&|it| worth(it.group, it.left, it.probability, it.control_share));
    let risks = column(&|it| it.probability);
    // Nobody takes none of the way.
    let steps = risks.iter().map(|risk| risk.max(f64::MIN_POSITIVE)).collect();
    let effects: Vec<f64> = chances.iter().map(Chances::effect).collect();
    let saved: Vec<f64> = chances.iter().map(Chances::saved).collect();

    let (by_effect, by_risk) = (Order::by(&effects), Order::by(&risks));
    let at_equal_risk = Order::with_steps(&saved, steps);
    let customers: Vec<u32> = listings.iter().map(|listing| listing.customer).collect();
    let interval = |of: &(dyn Fn(&[f64]) -> f64 + Sync)| qini::resampled(bootstrap, &customers, of);
    let two_ways = |interval: Interval| TwoWays {
        at_one_look: interval,
        at_every_look: interval.widened(widening(listings.len() as u64)),
    };
    Some(Ranked {
        qini: two_ways(interval(&|times| by_effect.qini(&worths, times))?),
        at_equal_risk: two_ways(interval(&|times| at_equal_risk.qini(&worths, times))?),
        of_risk: interval(&|times| by_risk.qini(&worths, times))?,
        over_risk: interval(&|times| by_effect.qini(&worths, times) - by_risk.qini(&worths, times))?,
        parts: parts(&worths, &effects),
    })
}

/// The effect in each part of the listings, those with the greatest predicted one first, with intervals for one look.
fn parts(worths: &[f64], effects: &[f64]) -> Vec<found::Part> {
    let mut order: Vec<usize> = (0..effects.len()).collect();
    order.sort_by(|&a, &b| effects[b].total_cmp(&effects[a]));
    let part = |rows: &[usize]| {
        let count = rows.len() as f64;
        let mean = |values: &[f64]| sum(rows.iter().map(|&row| values[row])) / count;
        let effect = mean(worths);
        let variance = sum(rows.iter().map(|&row| (worths[row] - effect).powi(2))) / (count - 1.0);
        found::Part {
            listings: rows.len(),
            predicted: mean(effects),
            effect: Interval::normal(effect, (variance / count).sqrt()),
        }
    };
    order.chunks(effects.len().div_ceil(PARTS)).map(part).collect()
}

#[cfg(test)]
mod tests;
