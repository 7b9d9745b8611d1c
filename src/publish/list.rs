//! The two tables of a run: the scores of every eligible customer, and the list with its reasons.

use super::columns::{self, Columns};
use super::previous::Previous;
use crate::calendar::Day;
use crate::config::List;
use crate::error::Result;
use crate::model::artefact::Scores;
use crate::ranking::{Group, Ranking, Tier};
use crate::reasons::Explanation;
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

/// What is told of one listed customer beyond the scores.
pub struct Line {
    /// Why.
    pub explanation: Explanation,
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

    fn common(&self, positions: &[u32]) -> (Vec<u32>, Vec<f64>) {
        let customers = positions.iter().map(|&p| self.customer(p)).collect();
        let probabilities = positions.iter().map(|&p| self.scores.probabilities[p as usize]).collect();
        (customers, probabilities)
    }

    fn tiers(&self, ranks: impl Iterator<Item = usize>) -> Vec<Option<&'static str>> {
        let all = self.ranking.order.len();
        ranks.map(|rank| Some(Tier::of(rank, all).name())).collect()
    }

    /// `scores.parquet`, in parts: a row an eligible customer, in rank order. `passthrough` has its values in that order.
    pub fn scores_parts<'p>(
        &'p self,
        passthrough: &'p [(String, Passthrough)],
    ) -> impl Iterator<Item = Result<Columns>> + Send + 'p {
        columns::parts(self.ranking.order.len()).map(move |places| self.scores_part(places, passthrough))
    }

    fn scores_part(&self, places: Range<usize>, passthrough: &[(String, Passthrough)]) -> Result<Columns> {
        let order = &self.ranking.order[places.clone()];
        let ranks = || places.clone().map(|place| place + 1);
        let (customers, probabilities) = self.common(order);
        let mut table = Columns::default();
        table.day("as_of", self.as_of, order.len())?;
        table.ids("customer_id", &self.customers.ids, &customers);
        table.floats("churn_probability", probabilities.into_iter());
        table.floats("log_odds", order.iter().map(|&p| self.scores.log_odds[p as usize]));
        table.floats("percentile", ranks().map(|rank| self.ranking.percentile(rank)));
        table.texts("risk_tier", &self.tiers(ranks()));
        table.integers("rank", ranks().map(|rank| Some(rank as i64)));
        let listed = order.iter().take(self.ranking.listed.saturating_sub(places.start));
        let mut groups: Vec<Option<&str>> = listed.map(|&p| Some(self.group(p).name())).collect();
        groups.resize(order.len(), None);
        table.texts("group", &groups);
        table.texts("model_version", &vec![Some(self.model_version); order.len()]);
        for (name, column) in passthrough {
            table.passthrough(name, column.of(places.clone()))?;
        }
        Ok(table)
    }

    /// What changed since the runs before, for every listed customer; the reasons are `explanations`, in rank order.
    pub fn lines(&self, explanations: Vec<Explanation>, previous: &Previous) -> Vec<Line> {
        let ids = self.listed().iter().map(|&p| self.customers.ids.display(self.customer(p) as usize));
        ids.zip(explanations)
            .enumerate()
            .map(|(index, (id, explanation))| {
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
                    explanation,
                    status,
                    previous_rank: before.map(|b| b.rank),
                    previous_probability: before.map(|b| b.probability),
                    days_listed: listed_for.map_or(1, |days| days + since),
                }
            })
            .collect()
    }

    /// `at_risk.*`: the list.
    pub fn list_table(&self, lines: &[Line], passthrough: Vec<(String, Passthrough)>) -> Result<Columns> {
        let listed = self.listed();
        let (customers, probabilities) = self.common(listed);
        let mut table = Columns::default();
        table.day("as_of", self.as_of, listed.len())?;
        table.integers("rank", (1..=listed.len() as i64).map(Some));
        table.ids("customer_id", &self.customers.ids, &customers);
        table.floats("churn_probability", probabilities.iter().copied());
        table.texts("risk_tier", &self.tiers(1..=listed.len()));
        table.floats("percentile", (1..=listed.len()).map(|rank| self.ranking.percentile(rank)));
        let value = |customer: u32| self.customers.value.get(customer as usize).copied().unwrap_or(f64::NAN);
        table.floats("value_at_risk", customers.iter().map(|&c| value(c)));
        let groups: Vec<Option<&str>> = listed.iter().map(|&p| Some(self.group(p).name())).collect();
        table.texts("group", &groups);
        for place in 0..REASONS {
            reason_columns(&mut table, &format!("reason_{}", place + 1), lines, |e| e.reasons.get(place));
        }
        reason_columns(&mut table, "protective_1", lines, |e| e.protective.as_ref());
        let statuses: Vec<Option<&str>> = lines.iter().map(|line| Some(line.status)).collect();
        table.texts("status", &statuses);
        table.integers("previous_rank", lines.iter().map(|line| line.previous_rank));
        let before = |line: &Line| line.previous_probability.unwrap_or(f64::NAN);
        table.floats("previous_probability", lines.iter().map(before));
        table.floats("probability_change", lines.iter().zip(&probabilities).map(|(line, p)| p - before(line)));
        table.texts("change_reason_text", &vec![None::<&str>; lines.len()]);
        table.integers("days_listed", lines.iter().map(|line| Some(line.days_listed)));
        table.texts("model_version", &vec![Some(self.model_version); lines.len()]);
        for (name, column) in passthrough {
            table.passthrough(&name, column)?;
        }
        Ok(table)
    }
}

fn reason_columns<'l>(
    table: &mut Columns,
    name: &str,
    lines: &'l [Line],
    pick: impl Fn(&'l Explanation) -> Option<&'l crate::reasons::Reason>,
) {
    let picked: Vec<_> = lines.iter().map(|line| pick(&line.explanation)).collect();
    let codes: Vec<Option<&str>> = picked.iter().map(|r| r.map(|r| r.code.as_str())).collect();
    let texts: Vec<Option<&str>> = picked.iter().map(|r| r.map(|r| r.text.as_str())).collect();
    table.texts(&format!("{name}_code"), &codes);
    table.texts(&format!("{name}_text"), &texts);
    table.floats(&format!("{name}_contribution"), picked.iter().map(|r| r.map_or(f64::NAN, |r| r.contribution)));
}
