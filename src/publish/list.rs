//! The two tables of a run: the scores of every eligible customer, and the list with its reasons.

use super::columns::Columns;
use super::previous::Previous;
use crate::artefact::Scores;
use crate::calendar::Day;
use crate::config::List;
use crate::ranking::{Group, Ranking, Tier};
use crate::reasons::{Explanation, Reason};
use crate::sources::{CustomerTable, Passthrough};
use std::ops::Range;

/// Reasons that have columns, whether or not a customer has that many.
const REASONS: usize = 4;

/// A run's results, in memory.
pub struct Results<'a> {
    /// The as-of date.
    pub as_of: Day,
    /// The customers.
    pub customers: &'a CustomerTable,
    /// Their scores.
    pub scores: &'a Scores,
    /// Their order.
    pub ranking: &'a Ranking,
    /// The model.
    pub model_version: &'a str,
    /// How the list is made.
    pub settings: &'a List,
}

/// What changed for one listed customer since the runs before.
pub struct Line {
    /// The status against the lists before: `new`, `up`, `down`, `same` or `returned`.
    pub status: &'static str,
    /// The rank in the run before.
    pub previous_rank: Option<i64>,
    /// The probability in the run before.
    pub previous_probability: Option<f64>,
    /// Days on the list without interruption, today included.
    pub days_listed: i64,
}

impl Results<'_> {
    /// The scores' positions of the listed, in order.
    pub fn listed(&self) -> &[u32] {
        &self.ranking.order[..self.ranking.listed]
    }

    /// The customer at a place of the order.
    pub fn customer(&self, position: u32) -> u32 {
        self.scores.customers[position as usize]
    }

    /// The group of a listed customer.
    pub fn group(&self, position: u32) -> Group {
        Ranking::group(self.settings, &self.customers.ids, self.customer(position))
    }

    /// Rows of `scores.parquet`: an eligible customer each, in rank order. `passthrough` has all values in that order.
    pub fn scores_table<'a>(&'a self, places: Range<usize>, passthrough: &'a [(String, Passthrough)]) -> Columns<'a> {
        let position = |place: usize| self.ranking.order[place];
        let mut table = Columns::of(places);
        table.day("as_of", self.as_of);
        table.ids("customer_id", &self.customers.ids, move |place| self.customer(position(place)));
        table.floats("churn_probability", move |place| self.scores.probabilities[position(place) as usize]);
        table.floats("log_odds", move |place| self.scores.log_odds[position(place) as usize]);
        table.floats("percentile", |place| self.ranking.percentile(place + 1));
        table.texts("risk_tier", |place| Some(self.tier(place)));
        table.integers("rank", |place| Some(place as i64 + 1));
        let listed = move |place: usize| (place < self.ranking.listed).then(|| self.group(position(place)).name());
        table.texts("group", listed);
        table.texts("model_version", |_| Some(self.model_version));
        for (name, column) in passthrough {
            table.passthrough(name, column);
        }
        table
    }

    fn tier(&self, place: usize) -> &'static str {
        Tier::of(place + 1, self.ranking.order.len()).name()
    }

    /// What changed since the runs before, for every listed customer, in rank order.
    pub fn lines(&self, previous: &Previous) -> Vec<Line> {
        let ids = self.listed().iter().map(|&p| self.customers.ids.display(self.customer(p) as usize));
        ids.enumerate()
            .map(|(index, id)| {
                let (rank, before) = (index as i64 + 1, previous.of(&id));
                let listed_for = before.and_then(|b| b.days_listed);
                let status = match (listed_for, before) {
                    (Some(_), Some(before)) if rank < before.rank => "up",
                    (Some(_), Some(before)) if rank > before.rank => "down",
                    (Some(_), Some(_)) => "same",
                    _ if previous.was_listed_earlier(&id) => "returned",
                    _ => "new",
                };
                let since = previous.as_of.map_or(0, |day| i64::from(self.as_of.0) - i64::from(day.0));
                Line {
                    status,
                    previous_rank: before.map(|b| b.rank),
                    previous_probability: before.map(|b| b.probability),
                    days_listed: listed_for.map_or(1, |days| days + since),
                }
            })
            .collect()
    }

    /// Rows of `at_risk.*`: a listed customer each, in rank order. The other arguments have all of them.
    pub fn list_table<'a>(
        &'a self,
        places: Range<usize>,
        explanations: &'a [Explanation],
        lines: &'a [Line],
        passthrough: &'a [(String, Passthrough)],
    ) -> Columns<'a> {
        let position = |place: usize| self.ranking.order[place];
        let customer = move |place: usize| self.customer(position(place));
        let probability = move |place: usize| self.scores.probabilities[position(place) as usize];
        let before = |place: usize| lines[place].previous_probability.unwrap_or(f64::NAN);
        let value = |customer: u32| self.customers.value.get(customer as usize).copied().unwrap_or(f64::NAN);
        let mut table = Columns::of(places);
        table.day("as_of", self.as_of);
        table.integers("rank", |place| Some(place as i64 + 1));
        table.ids("customer_id", &self.customers.ids, customer);
        table.floats("churn_probability", probability);
        table.texts("risk_tier", |place| Some(self.tier(place)));
        table.floats("percentile", |place| self.ranking.percentile(place + 1));
        table.floats("value_at_risk", move |place| value(customer(place)));
        table.texts("group", move |place| Some(self.group(position(place)).name()));
        for reason in 0..REASONS {
            let pick = move |explanation: &'a Explanation| explanation.reasons.get(reason);
            reason_columns(&mut table, &format!("reason_{}", reason + 1), explanations, pick);
        }
        reason_columns(&mut table, "protective_1", explanations, |explanation| explanation.protective.as_ref());
        table.texts("status", |place| Some(lines[place].status));
        table.integers("previous_rank", |place| lines[place].previous_rank);
        table.floats("previous_probability", before);
        table.floats("probability_change", move |place| probability(place) - before(place));
        table.texts("change_reason_text", |_| None::<&str>);
        table.integers("days_listed", |place| Some(lines[place].days_listed));
        table.texts("model_version", |_| Some(self.model_version));
        for (name, column) in passthrough {
            table.passthrough(name, column);
        }
        table
    }
}

fn reason_columns<'a>(
    table: &mut Columns<'a>,
    name: &str,
    explanations: &'a [Explanation],
    pick: impl Fn(&'a Explanation) -> Option<&'a Reason> + Copy + Send + Sync + 'a,
) {
    let reason = move |place: usize| pick(&explanations[place]);
    table.texts(&format!("{name}_code"), move |place| reason(place).map(|reason| reason.code.as_str()));
    table.texts(&format!("{name}_text"), move |place| reason(place).map(|reason| reason.text.as_str()));
    table.floats(&format!("{name}_contribution"), move |place| reason(place).map_or(f64::NAN, |r| r.contribution));
}
