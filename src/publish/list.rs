//! The two tables of a run: the scores of every eligible customer, and the list with its reasons.

use super::columns::Columns;
use super::previous::Previous;
use crate::artefact::Scores;
use crate::calendar::Day;
use crate::config::List;
use crate::published::{Column, Content, Part};
use crate::ranking::{Group, Ranking, Tier};
use crate::reasons::{Explanation, Reason};
use crate::sources::{CopiedColumn, CustomerTable};
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

/// What the list tells of its customers beyond their scores, in rank order.
#[derive(Clone, Copy)]
struct Details<'a> {
    explanations: &'a [Explanation],
    lines: &'a [Line],
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
    pub fn scores_table<'a>(&'a self, places: Range<usize>, passthrough: &'a [CopiedColumn]) -> Columns<'a> {
        // No column of the scores is a detail of a list.
        let details = Details { explanations: &[], lines: &[] };
        self.table(Content::Scores, places, details, passthrough)
    }

    fn tier(&self, place: usize) -> &'static str {
        Tier::from_rank(place + 1, self.ranking.order.len()).name()
    }

    /// What changed since the runs before, for every listed customer, in rank order.
    pub fn lines(&self, previous: &Previous) -> Vec<Line> {
        let ids = self.listed().iter().map(|&p| self.customers.ids.display(self.customer(p) as usize));
        ids.enumerate()
            .map(|(index, id)| {
                let (rank, before) = (index as i64 + 1, previous.customer(&id));
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
        passthrough: &'a [CopiedColumn],
    ) -> Columns<'a> {
        self.table(Content::List, places, Details { explanations, lines }, passthrough)
    }

    fn table<'a>(
        &'a self,
        content: Content,
        places: Range<usize>,
        details: Details<'a>,
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
    fn add<'a>(&'a self, table: &mut Columns<'a>, column: Column, details: Details<'a>) {
        let Details { explanations, lines } = details;
        let position = |place: usize| self.ranking.order[place];
        let customer = move |place: usize| self.customer(position(place));
        let probability = move |place: usize| self.scores.probabilities[position(place) as usize];
        let before = |place: usize| lines[place].previous_probability.unwrap_or(f64::NAN);
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
                add_reason(table, name, part, explanations, move |explanation| explanation.reasons.get(number - 1));
            }
            Column::Protective(part) => {
                add_reason(table, name, part, explanations, |explanation| explanation.protective.as_ref());
            }
            Column::Status => table.texts(name, |place| Some(lines[place].status)),
            Column::PreviousRank => table.integers(name, |place| lines[place].previous_rank),
            Column::PreviousProbability => table.floats(name, before),
            Column::ProbabilityChange => table.floats(name, move |place| probability(place) - before(place)),
            Column::ChangeReasonText => table.texts(name, |_| None::<&str>),
            Column::DaysListed => table.integers(name, |place| Some(lines[place].days_listed)),
            Column::ModelVersion => table.texts(name, |_| Some(self.model_version)),
        }
    }
}

/// Adds what is told of the reason that `pick` takes from each customer's explanation.
fn add_reason<'a>(
    table: &mut Columns<'a>,
    name: &str,
    part: Part,
    explanations: &'a [Explanation],
    pick: impl Fn(&'a Explanation) -> Option<&'a Reason> + Send + Sync + 'a,
) {
    let reason = move |place: usize| pick(&explanations[place]);
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
        let customers = CustomerTable {
            ids: Ids::Integer(vec![7]),
            signup: Vec::new(),
            start: Vec::new(),
            end: Vec::new(),
            value: Vec::new(),
            numeric: Vec::new(),
            categorical: Vec::new(),
            rows: 1,
            quarantine: Default::default(),
            chosen: Default::default(),
        };
        let results = Results {
            as_of: Day(0),
            customers: &customers,
            scores: &Scores::default(),
            ranking: &Ranking { order: Vec::new(), listed: 0 },
            model_version: "v0001",
            settings: &settings.list,
        };

        for (columns, table) in [
            (Content::List.columns(), results.list_table(0..0, &[], &[], &[])),
            (Content::Scores.columns(), results.scores_table(0..0, &[])),
        ] {
            let schema = table.schema();
            assert_eq!(schema.fields().len(), columns.len());
            for (field, column) in schema.fields().iter().zip(columns) {
                let expected = match column.definition().holds {
                    Holds::FolderDay => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                    Holds::Integer | Holds::Id => DataType::Int64,
                    Holds::Float => DataType::Float64,
                    Holds::Text => DataType::LargeUtf8,
                };
                assert_eq!((field.name(), field.data_type()), (&column.name(), &expected));
            }
        }
    }
}
