//! What the list tells of each listed customer beyond the score: why, what has changed, what to do and what would help.

use super::changes::{Changes, Row, Words};
use crate::artefact::{Artefact, Scores};
use crate::config::RankBy;
use crate::dataset::Selection;
use crate::error::Result;
use crate::publish::list::{Details, Results};
use crate::ranking::{Group, Ranking};
use crate::reasons::reach::{self, Comparable, Surroundings};
use crate::reasons::{self, Playbook};
use crate::sources::CustomerTable;
use rayon::prelude::*;

/// The details of the listed customers, in rank order.
///
/// # Errors
/// When features that lie on disk cannot be read.
pub(super) fn of_list(words: Words<'_>, results: &Results<'_>, changes: &Changes) -> Result<Vec<Details>> {
    let data = &words.input.data;
    let comparable = Comparable::new(data, &Selection::scored(data, words.input.as_of))?;
    let rank_by = words.job.settings().list.rank_by;
    let cut_off = CutOff::new(rank_by, words.model, &data.customers, words.scores, results.ranking);
    let is_below =
        |customer: u32, log_odds: f64| cut_off.as_ref().is_some_and(|cut_off| cut_off.is_below(customer, log_odds));
    let settings = words.job.settings();
    let around = Surroundings {
        model: words.model,
        signals: &settings.signals,
        rises_with: &settings.model.rises_with,
        customers: &data.customers,
        comparable: &comparable,
        is_below: &is_below,
    };
    let playbook = Playbook::new(&words.job.settings().playbook);

    let listed = results.listed();
    let of_rank = |(place, &position): (usize, &u32)| {
        of_customer(words, results, changes, &playbook, &around, (position, place as i64 + 1))
    };
    listed.par_iter().enumerate().map(of_rank).collect()
}

fn of_customer(
    words: Words<'_>,
    results: &Results<'_>,
    changes: &Changes,
    playbook: &Playbook<'_>,
    around: &Surroundings<'_>,
    (position, rank): (u32, i64),
) -> Result<Details> {
    let row = Row::read(words.model, &words.input.data, words.scores.places[position as usize])?;
    let numbers = row.numbers();
    let explanation = words.explainer.explain(numbers.raw, numbers.levels, numbers.row);
    let status = changes.status(position, rank);
    let before = changes.before(position);
    let why = &explanation.reasons;
    let action = match results.group(position) {
        Group::Contact => playbook.action(why, results.as_of),
        Group::Control => None,
    };
    let improvements = words.explainer.improvements(around, results.customer(position), numbers.raw, why)?;
    let month_ago = changes.history.probability_28_days_ago[position as usize];
    let probability = words.scores.probabilities[position as usize];

    Ok(Details {
        status,
        previous_rank: before.and_then(|before| before.rank),
        previous_probability: before.map(|before| before.probability).filter(|p| !p.is_nan()),
        days_listed: changes.days_listed(position),
        change_text: changes.of_listed(words, position, &row, status)?,
        moved: changes.moves[position as usize],
        probability_change_28d: Some(probability - month_ago).filter(|change| !change.is_nan()),
        days_to_contract_end: results.days_to_contract_end(position),
        action,
        improvement_text: reach::told(&improvements),
        improvements,
        explanation,
    })
}

/// Where a list ends: what the first customer who is not on it is ranked by.
pub(super) struct CutOff<'a> {
    rank_by: RankBy,
    customers: &'a CustomerTable,
    model: &'a Artefact,
    key: f64,
    log_odds: f64,
}

impl<'a> CutOff<'a> {
    /// None if everybody is on the list.
    pub fn new(
        rank_by: RankBy,
        model: &'a Artefact,
        customers: &'a CustomerTable,
        scores: &Scores,
        ranking: &Ranking,
    ) -> Option<CutOff<'a>> {
        let first = *ranking.order.get(ranking.listed)? as usize;
        let mut cut_off = CutOff { rank_by, customers, model, key: 0.0, log_odds: scores.log_odds[first] };
        cut_off.key = cut_off.key(scores.customers[first], scores.probabilities[first]);
        Some(cut_off)
    }

    /// Whether a customer with these log-odds would come behind that customer.
    pub fn is_below(&self, customer: u32, log_odds: f64) -> bool {
        let key = self.key(customer, self.model.calibration.apply(log_odds));
        key.total_cmp(&self.key).then(log_odds.total_cmp(&self.log_odds)).is_lt()
    }

    /// What a customer with this probability is ranked by.
    fn key(&self, customer: u32, probability: f64) -> f64 {
        match self.rank_by {
            RankBy::Probability => probability,
            RankBy::ExpectedLoss => {
                let value = self.customers.value.get(customer as usize).copied();
                probability * value.filter(|value| value.is_finite()).unwrap_or(0.0)
            }
        }
    }
}

/// Notes on entries of the playbook that no reason calls for.
pub(super) fn unmatched_plays(words: Words<'_>) -> Vec<String> {
    let settings = words.job.settings();
    if settings.playbook.is_empty() {
        return Vec::new();
    }
    let codes = reasons::codes(&settings.signals, &words.model.catalogue);
    Playbook::new(&settings.playbook).unmatched(&codes)
}
