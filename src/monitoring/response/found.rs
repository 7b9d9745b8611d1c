//! What is known of the response to outreach.

use super::listings::{LEAST_LEFT, LEAST_LISTINGS};
use super::model::ResponseModel;
use crate::calendar::Day;
use crate::metrics::interval::Interval;
use crate::monitoring::effect::BROKEN_ALLOCATION;
use crate::monitoring::figures::Figure;
use crate::monitoring::strata::Count;
use crate::monitoring::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// What is known of the response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The date of the newest list in it.
    pub as_of: Option<Day>,
    /// First listings to be contacted, and who of them left.
    pub contact: Count,
    /// First listings left alone, and who of them left.
    pub control: Count,
    /// Matured first listings whose run does not say their contributions.
    pub without_contributions: usize,
    /// Matured first listings whose run left nobody alone.
    pub without_control: usize,
    /// The models that made the lists.
    pub model_versions: Vec<String>,
    /// The p-value of the check that the groups are as large as they were to be.
    pub allocation_p_value: Option<f64>,
    /// How well the predicted response ranks customers whom it has not seen; none while there are too few.
    pub ranked: Option<Ranked>,
    /// The response model, if a response has been shown.
    pub model: Option<ResponseModel>,
}

/// How well the predicted response ranks first listings, out of fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The Qini coefficient of the predicted effect.
    pub qini: TwoWays,
    /// That of the predicted share of would-be leavers who are kept, where each step of the way has the same risk.
    pub at_equal_risk: TwoWays,
    /// The Qini coefficient of the published probability, with an interval for one look.
    pub of_risk: Interval,
    /// How much greater that of the predicted effect is, with an interval for one look.
    pub over_risk: Interval,
    /// The effect by the predicted one, the greatest first.
    pub parts: Vec<Part>,
}

/// An interval for one look, and one that is valid at every look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoWays {
    /// For one look.
    pub at_one_look: Interval,
    /// At every look.
    pub at_every_look: Interval,
}

impl TwoWays {
    fn is_above_zero(&self) -> bool {
        self.at_every_look.lower > 0.0
    }

    /// About how many times as many listings it takes for the interval to lie above 0, if the value stays: widths
    /// shrink with the root of the number. None where the value is not above 0.
    fn times_needed(&self) -> Option<f64> {
        let Interval { estimate, lower, .. } = self.at_every_look;
        (estimate > 0.0).then(|| ((estimate - lower) / estimate).powi(2).max(1.0))
    }
}

/// The effect among some of the listings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// How many.
    pub listings: usize,
    /// The mean of the predicted effects.
    pub predicted: f64,
    /// The effect, with an interval for one look.
    pub effect: Interval,
}

impl Ranked {
    /// Whether customers respond differently, beyond what their risk says.
    pub fn is_shown(&self) -> bool {
        self.qini.is_above_zero() && self.at_equal_risk.is_above_zero()
    }

    /// About how many times as many listings it takes; none where there is no sign of a response.
    fn times_needed(&self) -> Option<f64> {
        Some(self.qini.times_needed()?.max(self.at_equal_risk.times_needed()?))
    }
}

impl Response {
    /// First listings of both groups.
    pub fn listings(&self) -> u64 {
        self.contact.customers + self.control.customers
    }

    /// Whether the groups are not as large as they were to be.
    pub fn allocation_is_broken(&self) -> bool {
        self.allocation_p_value.is_some_and(|p_value| p_value < BROKEN_ALLOCATION)
    }

    /// Whether a list may be ranked by it.
    pub fn is_shown(&self) -> bool {
        self.model.is_some()
    }

    /// About how many more first listings it takes to show a response, if it is as strong as it seems; none where there
    /// is no sign of one.
    pub fn listings_needed(&self) -> Option<u64> {
        match &self.ranked {
            None => Some((LEAST_LISTINGS as u64).saturating_sub(self.listings())).filter(|&needed| needed > 0),
            Some(ranked) => ranked.times_needed().map(|times| ((times - 1.0) * self.listings() as f64).ceil() as u64),
        }
    }

    /// Whether so many are too few, or too few of them left.
    pub fn is_too_little(&self) -> bool {
        self.listings() < LEAST_LISTINGS as u64 || self.contact.left.min(self.control.left) < LEAST_LEFT
    }

    /// The figures for the tidy table.
    pub fn figures(&self) -> Vec<Figure> {
        let (Some(ranked), Some(as_of)) = (&self.ranked, self.as_of) else { return Vec::new() };
        let figure = |measure: &str, slice: &str, found: &Interval| {
            Figure::new(as_of, None, measure, slice, found.estimate).within(found).beside(0.0)
        };
        let judged = |figure: Figure| if self.is_shown() { figure.judged(Verdict::Ok) } else { figure };
        let (effect, saved) = ("order=effect", "order=saved_share");

        let mut figures = vec![
            figure("qini", effect, &ranked.qini.at_one_look),
            judged(figure("qini_at_every_look", effect, &ranked.qini.at_every_look)),
            figure("qini_at_equal_risk", saved, &ranked.at_equal_risk.at_one_look),
            judged(figure("qini_at_equal_risk_at_every_look", saved, &ranked.at_equal_risk.at_every_look)),
            figure("qini", "order=risk", &ranked.of_risk),
            figure("qini_over_risk", effect, &ranked.over_risk),
        ];
        for (number, part) in (1..).zip(&ranked.parts) {
            let told = Figure::new(as_of, None, "response", &format!("third={number}"), part.effect.estimate);
            figures.push(told.within(&part.effect).beside(part.predicted));
        }
        let needed = self.listings_needed().filter(|_| !self.is_shown());
        figures.extend(needed.map(|needed| Figure::new(as_of, None, "response_listings_needed", "all", needed as f64)));
        figures
    }
}
