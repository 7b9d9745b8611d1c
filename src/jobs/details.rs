//! What the list tells of each listed customer beyond the score: why, what has changed, what to do and what would help.

use super::changes::{Changes, Row, Words};
use crate::artefact::{Artefact, ScoredRow, Scores};
use crate::calendar::Day;
use crate::config::{RankBy, Settings};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::language::Message;
use crate::parallel;
use crate::publish::list::{Details, Results};
use crate::ranking::{self, Group, Ranking};
use crate::reasons::reach::{Improvement, Surroundings};
use crate::reasons::{self, Action, Explainer, Playbook, Reason};
use crate::sources::CustomerTable;

/// The details of the listed customers, in rank order.
///
/// # Errors
/// When features that lie on disk cannot be read.
pub(super) fn of_list(words: Words<'_>, results: &Results<'_>, changes: &Changes) -> Result<Vec<Details>> {
    let Words { job, input, model, scores, .. } = words;
    let what_to_do = WhatToDo::new(job.settings(), model, &input.data, input.as_of, scores, results.ranking);
    let of_rank = |(place, &position): (usize, &u32)| {
        of_customer(words, results, changes, &what_to_do, (position, place as i64 + 1))
    };
    parallel::try_map(results.listed().iter().enumerate(), of_rank)
}

fn of_customer(
    words: Words<'_>,
    results: &Results<'_>,
    changes: &Changes,
    what_to_do: &WhatToDo<'_>,
    (position, rank): (u32, i64),
) -> Result<Details> {
    let row = Row::read(words.rows, &words.input.data, words.scores.places[position as usize])?;
    let explanation = row.explained(words.explainer);
    let status = changes.status(position, rank);
    let before = changes.before(position);
    let why = &explanation.reasons;
    let improvements = what_to_do.improvements(words.explainer, results.customer(position), row.scored(), why)?;
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
        action: what_to_do.action(results.group(position), why),
        improvement_text: words.explainer.improvements_told(&improvements),
        improvements,
        explanation,
    })
}

/// What there is to be done about the customers of a list.
pub(super) struct WhatToDo<'a> {
    settings: &'a Settings,
    model: &'a Artefact,
    customers: &'a CustomerTable,
    as_of: Day,
    playbook: Playbook<'a>,
    cut_off: Option<CutOff<'a>>,
}

impl<'a> WhatToDo<'a> {
    /// For the list of a date, as it was ranked.
    pub fn new(
        settings: &'a Settings,
        model: &'a Artefact,
        data: &'a Dataset,
        as_of: Day,
        scores: &Scores,
        ranking: &Ranking,
    ) -> WhatToDo<'a> {
        WhatToDo {
            settings,
            model,
            customers: &data.customers,
            as_of,
            playbook: Playbook::new(&settings.playbook),
            cut_off: CutOff::new(settings.list.rank_by, model, &data.customers, scores, ranking),
        }
    }

    /// What the playbook says to do for these reasons; nothing about the control group.
    pub fn action(&self, group: Group, why: &[Reason]) -> Option<Action> {
        match group {
            Group::Contact => self.playbook.action(why, self.as_of),
            Group::Control => None,
        }
    }

    /// What would take a customer, given by its row, below the list.
    ///
    /// # Errors
    /// When the model does not take the features.
    pub fn improvements(
        &self,
        explainer: &Explainer,
        customer: u32,
        row: &ScoredRow<'_>,
        why: &[Reason],
    ) -> Result<Vec<Improvement>> {
        let is_below =
            |customer: u32, log_odds: f64| self.cut_off.as_ref().is_some_and(|cut| cut.is_below(customer, log_odds));
        let around = Surroundings {
            catalogue: &self.model.catalogue,
            signals: &self.settings.signals,
            rises_with: &self.settings.model.rises_with,
            customers: self.customers,
            is_below: &is_below,
        };
        explainer.improvements(&around, customer, row, why)
    }
}

/// Where a list ends: what the first customer who is not on it is ranked by.
struct CutOff<'a> {
    rank_by: RankBy,
    customers: &'a CustomerTable,
    model: &'a Artefact,
    key: f64,
    log_odds: f64,
}

impl<'a> CutOff<'a> {
    /// None if everybody is on the list, and where a list is ranked by what contact changes: a lower risk is not what
    /// takes a customer off that.
    fn new(
        rank_by: RankBy,
        model: &'a Artefact,
        customers: &'a CustomerTable,
        scores: &Scores,
        ranking: &Ranking,
    ) -> Option<CutOff<'a>> {
        let first = *ranking.order.get(ranking.listed)? as usize;
        let mut cut_off = CutOff { rank_by, customers, model, key: 0.0, log_odds: scores.log_odds[first] };
        cut_off.key = cut_off.key(scores.customers[first], scores.probabilities[first])?;
        Some(cut_off)
    }

    /// Whether a customer with these log-odds would come behind that customer.
    fn is_below(&self, customer: u32, log_odds: f64) -> bool {
        let key = self.key(customer, self.model.calibration.apply(log_odds));
        key.is_some_and(|key| key.total_cmp(&self.key).then(log_odds.total_cmp(&self.log_odds)).is_lt())
    }

    /// What a customer with this probability is ranked by.
    fn key(&self, customer: u32, probability: f64) -> Option<f64> {
        ranking::key(self.rank_by, probability, || self.customers.value_of(customer))
    }
}

/// Notes on entries of the playbook that no reason calls for.
pub(super) fn unmatched_plays(words: Words<'_>) -> Vec<Message> {
    let settings = words.job.settings();
    if settings.playbook.is_empty() {
        return Vec::new();
    }
    let codes = reasons::codes(&settings.signals, &words.model.catalogue);
    Playbook::new(&settings.playbook).unmatched(&codes)
}
