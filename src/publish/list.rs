//! The two tables of a run: the scores of every eligible customer, and the list with its reasons.

use super::columns::Columns;
use crate::artefact::Scores;
use crate::calendar::Day;
use crate::config::List;
use crate::published::{Column, Content, Part};
use crate::ranking::{Group, Ranking, Savings, Tier};
use crate::reasons::reach::Improvement;
use crate::reasons::{Action, Explanation, Reason};
use crate::sources::{CopiedColumn, CustomerTable, NO_DAY};
use serde::Serialize;
use std::ops::Range;

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
    /// How far data and model have moved the log-odds of each scored customer; empty without an earlier run.
    pub moves: &'a [Move],
    /// The model.
    pub model_version: &'a str,
    /// How the list is made.
    pub settings: &'a List,
}

/// What has moved a customer's log-odds since the run before; NaN where it is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// New data.
    pub data: f64,
    /// Another model.
    pub model: f64,
}

impl Move {
    /// Nothing is known.
    pub const UNKNOWN: Move = Move { data: f64::NAN, model: f64::NAN };
}

/// How a customer stands to the lists before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// On none of them.
    New,
    /// On the last one, with a worse rank.
    Up,
    /// On the last one, with a better rank.
    Down,
    /// On the last one, with the same rank.
    Same,
    /// Not on the last one, but on one before it.
    Returned,
    /// On the last one, and not on this.
    Left,
}

impl Status {
    /// As lists name it.
    pub fn name(self) -> &'static str {
        match self {
            Status::New => "new",
            Status::Up => "up",
            Status::Down => "down",
            Status::Same => "same",
            Status::Returned => "returned",
            Status::Left => "left",
        }
    }
}

/// Everything that the list tells of a listed customer beyond the score: why, what has changed, and what to do.
#[derive(Clone, Debug)]
pub struct Details {
    /// Why the customer is at risk.
    pub explanation: Explanation,
    /// How the customer stands to the lists before.
    pub status: Status,
    /// The rank in the run before.
    pub previous_rank: Option<i64>,
    /// The probability in the run before.
    pub previous_probability: Option<f64>,
    /// Days on the list without interruption, today included, if that is known.
    pub days_listed: Option<i64>,
    /// What has moved the risk since the run before, in the customer's numbers.
    pub change_text: Option<String>,
    /// How far data and model have moved the log-odds.
    pub moved: Move,
    /// The probability less that of about four weeks ago.
    pub probability_change_28d: Option<f64>,
    /// Days to the end of the contract.
    pub days_to_contract_end: Option<i64>,
    /// What to do; nothing about the control group.
    pub action: Option<Action>,
    /// Single changes that would take the customer below the list, for the first three reasons.
    pub improvements: Vec<Improvement>,
    /// The same as a sentence.
    pub improvement_text: Option<String>,
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

    /// The tier of a place in the order.
    pub fn tier(&self, place: usize) -> &'static str {
        Tier::from_rank(place + 1, self.ranking.order.len()).name()
    }

    /// Days from the date of the list to the end of a customer's contract.
    pub fn days_to_contract_end(&self, position: u32) -> Option<i64> {
        let end = *self.customers.end.get(self.customer(position) as usize)?;
        (end != NO_DAY).then(|| i64::from(end) - i64::from(self.as_of.0))
    }

    /// Rows of `scores.parquet`: an eligible customer each, in rank order. `passthrough` has all values in that order.
    pub fn scores_table<'a>(&'a self, places: Range<usize>, passthrough: &'a [CopiedColumn]) -> Columns<'a> {
        // No column of the scores is a detail of a list.
        self.table(Content::Scores, places, &[], passthrough)
    }

    /// Rows of `at_risk.*`: a listed customer each, in rank order. The other arguments have all of them.
    pub fn list_table<'a>(
        &'a self,
        places: Range<usize>,
        details: &'a [Details],
        passthrough: &'a [CopiedColumn],
    ) -> Columns<'a> {
        self.table(Content::List, places, details, passthrough)
    }

    fn table<'a>(
        &'a self,
        content: Content,
        places: Range<usize>,
        details: &'a [Details],
        passthrough: &'a [CopiedColumn],
    ) -> Columns<'a> {
        let mut table = Columns::for_rows(places);
        table.mark(content);
        for column in content.columns() {
            self.add(&mut table, *column, details);
        }
        for column in passthrough {
            table.copied(column);
        }
        table
    }

    /// Adds a column of either table. Those of the list alone are details of it.
    fn add<'a>(&'a self, table: &mut Columns<'a>, column: Column, details: &'a [Details]) {
        let position = |place: usize| self.ranking.order[place];
        let customer = move |place: usize| self.customer(position(place));
        let probability = move |place: usize| self.scores.probabilities[position(place) as usize];
        let moved = move |place: usize| self.moves.get(position(place) as usize).copied().unwrap_or(Move::UNKNOWN);
        let before = |place: usize| details[place].previous_probability.unwrap_or(f64::NAN);
        let name = &column.name();

        match column {
            Column::AsOf => table.folder_day(name, self.as_of),
            Column::Rank => table.integers(name, |place| Some(place as i64 + 1)),
            Column::CustomerId => table.ids(name, &self.customers.ids, customer),
            Column::ChurnProbability => table.floats(name, probability),
            Column::LogOdds => table.floats(name, move |place| self.scores.log_odds[position(place) as usize]),
            Column::RiskTier => table.texts(name, |place| Some(self.tier(place))),
            Column::Percentile => table.floats(name, |place| self.ranking.percentile(place + 1)),
            Column::ValueAtRisk => {
                let values = &self.customers.value;
                table.floats(name, move |place| values.get(customer(place) as usize).copied().unwrap_or(f64::NAN));
            }
            Column::Group => {
                let is_listed = |place: usize| place < self.ranking.listed;
                table.texts(name, move |place| is_listed(place).then(|| self.group(position(place)).name()));
            }
            Column::Reason(number, part) => {
                add_reason(table, name, part, details, move |explanation| explanation.reasons.get(number - 1));
            }
            Column::Protective(part) => {
                add_reason(table, name, part, details, |explanation| explanation.protective.as_ref());
            }
            Column::Status => table.texts(name, |place| Some(details[place].status.name())),
            Column::PreviousRank => table.integers(name, |place| details[place].previous_rank),
            Column::PreviousProbability => table.floats(name, before),
            Column::ProbabilityChange => table.floats(name, move |place| probability(place) - before(place)),
            Column::ChangeReasonText => table.texts(name, |place| details[place].change_text.as_deref()),
            Column::DaysListed => table.integers(name, |place| details[place].days_listed),
            Column::ModelVersion => table.texts(name, |_| Some(self.model_version)),
            Column::ProbabilityChange28Days => {
                table.floats(name, |place| details[place].probability_change_28d.unwrap_or(f64::NAN));
            }
            Column::DaysToContractEnd => table.integers(name, |place| details[place].days_to_contract_end),
            Column::Action => table.texts(name, |place| details[place].action.as_ref().map(|a| a.action.as_str())),
            Column::ActionOwner => table.texts(name, |place| details[place].action.as_ref()?.owner.as_deref()),
            Column::ActionDue => table.days(name, |place| Some(details[place].action.as_ref()?.due?.0)),
            Column::ControlKey => table.texts(name, |_| self.control_key()),
            Column::ChangeData => table.floats(name, move |place| moved(place).data),
            Column::ChangeModel => table.floats(name, move |place| moved(place).model),
            Column::Improvement => table.texts(name, |place| details[place].improvement_text.as_deref()),
            Column::ContactEffect => table.floats(name, move |place| self.saving(position(place), |it| &it.effects)),
            Column::ExpectedSaving => table.floats(name, move |place| self.saving(position(place), |it| &it.savings)),
            // Of the newest risks alone.
            Column::RoundedProbability | Column::Listed => {}
        }
    }

    /// What contact is expected to change for a customer; not a number if the list is not ranked by it.
    fn saving(&self, position: u32, of: fn(&Savings) -> &[f64]) -> f64 {
        let savings = self.ranking.savings.as_ref();
        savings.and_then(|savings| of(savings).get(position as usize)).copied().unwrap_or(f64::NAN)
    }

    /// The key of the draw of the control group, if it has one.
    pub fn control_key(&self) -> Option<&str> {
        Some(self.settings.control_key.as_str()).filter(|key| !key.is_empty())
    }
}

/// Adds what is told of the reason that `pick` takes from each customer's explanation.
fn add_reason<'a>(
    table: &mut Columns<'a>,
    name: &str,
    part: Part,
    details: &'a [Details],
    pick: impl Fn(&'a Explanation) -> Option<&'a Reason> + Send + Sync + 'a,
) {
    let reason = move |place: usize| pick(&details[place].explanation);
    match part {
        Part::Code => table.texts(name, move |place| reason(place).map(|reason| reason.code.as_str())),
        Part::Text => table.texts(name, move |place| reason(place).map(|reason| reason.text.as_str())),
        Part::Contribution => {
            table.floats(name, move |place| reason(place).map_or(f64::NAN, |reason| reason.contribution));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::published::Holds;
    use crate::sources::Ids;
    use arrow_schema::DataType;

    #[test]
    fn every_column_holds_what_its_definition_says() {
        let settings = Settings::from_toml_str("[table]", std::path::Path::new("")).unwrap();
        let customers = CustomerTable { ids: Ids::Integer(vec![7]), rows: 1, ..CustomerTable::default() };
        let results = Results {
            as_of: Day(0),
            customers: &customers,
            scores: &Scores::default(),
            ranking: &Ranking { order: Vec::new(), listed: 0, savings: None },
            moves: &[],
            model_version: "v0001",
            settings: &settings.list,
        };

        for (columns, table) in [
            (Content::List.columns(), results.list_table(0..0, &[], &[])),
            (Content::Scores.columns(), results.scores_table(0..0, &[])),
        ] {
            let schema = table.schema();
            assert_eq!(schema.fields().len(), columns.len());
            for (field, column) in schema.fields().iter().zip(columns) {
                let expected = match column.definition().holds {
                    Holds::FolderDay => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                    Holds::Integer | Holds::Id => DataType::Int64,
                    Holds::Day => DataType::Date32,
                    Holds::Flag => DataType::Boolean,
                    Holds::Float => DataType::Float64,
                    Holds::Text => DataType::LargeUtf8,
                };
                assert_eq!((field.name(), field.data_type()), (&column.name(), &expected));
            }
        }
    }
}
