//! The outcomes of a run: what has become of every customer that it scored, beside what it said of them. They are kept
//! in `outcomes.parquet/as_of=YYYY-MM-DD/`, and what the run said stays as it was published.

use super::history::{CustomerHistory, Outcome};
use super::left_alone::Weights;
use super::lists::{Codes, KnownRun, Listed, REASONS};
use crate::error::{Error, Result};
use crate::publish::columns::Columns;
use crate::publish::report::Table;
use crate::published::{Column, Definition, Holds, Part};
use crate::ranking::{Group, Tier};
use crate::sources::CopiedColumn;
use std::ops::Range;

/// The columns of `outcomes.parquet` beside those that are taken from the scores and the list.
pub const NEW_COLUMNS: [Definition; 4] = [
    Definition::new(
        "churned",
        Holds::Flag,
        "whether the customer left in the label window; null for who is not judged",
    ),
    Definition::new("churned_on", Holds::Day, "the first day without the customer, if there is one"),
    Definition::new(
        "weight",
        Holds::Float,
        "for how many customers this one stands who was left alone; 0 for one who was not",
    ),
    Definition::new(
        "not_judged",
        Holds::Text,
        "why the run is not judged by this customer: `left_in_gap`, `contract_ended` or `unknown_customer`",
    ),
];

/// The columns of the scores that are kept.
const COPIED: [Column; 6] =
    [Column::CustomerId, Column::ChurnProbability, Column::Rank, Column::Group, Column::ModelVersion, Column::RiskTier];

/// A scored customer with the outcome.
#[derive(Clone, Copy, Debug)]
pub struct Scored {
    /// The place in the customers table, if it still has the customer.
    pub customer: Option<u32>,
    /// The probability of churn.
    pub probability: f64,
    /// How high the risk was.
    pub tier: Tier,
    /// The group, of those on the list.
    pub group: Option<Group>,
    /// What has become of the customer.
    pub outcome: Outcome,
    /// How many customers this one stands for; 0 for one who was not left alone.
    pub weight: f64,
}

/// The outcomes of a run.
pub struct RunOutcomes<'a> {
    /// The run.
    pub run: &'a KnownRun,
    /// Everybody whom it scored, in rank order.
    pub rows: Vec<Scored>,
    /// Whom it named, in rank order: the first of the rows.
    pub listed: &'a [Listed],
    columns: Vec<CopiedColumn>,
}

impl<'a> RunOutcomes<'a> {
    /// Reads whom a run scored, and looks up what has become of them.
    ///
    /// # Errors
    /// [`Error::Contract`] for scores that are damaged, lack a column, or do not fit their list.
    pub fn read(
        run: &'a KnownRun,
        listed: &'a [Listed],
        history: &CustomerHistory<'_>,
        weights: &Weights,
    ) -> Result<RunOutcomes<'a>> {
        let names = COPIED.map(|column| column.name());
        let table = Table::read_columns(&run.run.scores(), &names.each_ref().map(String::as_str))?;
        let [id, probability, _, group, _, tier] = names.each_ref().map(|name| table.column(name));
        let (id, probability, group, tier) = (id?, probability?, group?, tier?);
        table.column(&names[2])?;
        table.column(&names[4])?;

        let ids = &history.customers.ids;
        let scored = |row: usize| {
            let customer = id.customer(row, ids).map(|place| place as u32);
            Scored {
                customer,
                probability: probability.number(row).unwrap_or(f64::NAN),
                tier: tier.plain_text(row).and_then(Tier::named).unwrap_or(Tier::Low),
                group: group.plain_text(row).and_then(Group::named),
                outcome: history.outcome(customer, run.as_of()),
                weight: customer.map_or(0.0, |customer| weights.of(customer)),
            }
        };
        let rows: Vec<Scored> = (0..table.rows()).map(scored).collect();

        let (head, others) = rows.split_at(listed.len().min(rows.len()));
        let is_head = |(scored, listed): (&Scored, &Listed)| {
            scored.group == Some(listed.group) && scored.customer == listed.customer
        };
        let fits = head.len() == listed.len()
            && head.iter().zip(listed).all(is_head)
            && others.iter().all(|scored| scored.group.is_none());
        if !fits {
            return Err(Error::Contract(format!(
                "scores.parquet and at_risk.parquet in {} are not of the same list; score that date again",
                run.run.folder.display()
            )));
        }

        let columns = table.to_copied();
        Ok(RunOutcomes { run, rows, listed, columns })
    }

    /// Rows of the file.
    pub fn table<'b>(&'b self, rows: Range<usize>, codes: &'b Codes) -> Columns<'b> {
        let mut table = Columns::for_rows(rows);
        table.folder_day(&Column::AsOf.name(), self.run.as_of());
        for column in &COPIED[..4] {
            self.copy(&mut table, *column);
        }
        table.flags(&Column::Listed.name(), |row| Some(self.rows[row].group.is_some()));

        let [churned, churned_on, weight, not_judged] = NEW_COLUMNS.map(|column| column.name);
        table.flags(churned, |row| self.rows[row].outcome.label());
        table.days(churned_on, |row| self.rows[row].outcome.day().map(|day| day.0));
        self.copy(&mut table, Column::ModelVersion);
        for reason in 0..REASONS {
            let name = Column::Reason(reason + 1, Part::Code).name();
            table.texts(&name, move |row| Some(codes.name(self.listed.get(row)?.reasons[reason]?)));
        }
        self.copy(&mut table, Column::RiskTier);
        table.floats(weight, |row| self.rows[row].weight);
        table.texts(not_judged, |row| self.rows[row].outcome.why_not_judged());
        table
    }

    fn copy<'b>(&'b self, table: &mut Columns<'b>, column: Column) {
        let name = column.name();
        self.columns.iter().filter(|copied| copied.name == name).for_each(|copied| table.copied(copied));
    }
}

/// The columns of `outcomes.parquet`, in order.
pub fn columns() -> Vec<Definition> {
    let [churned, churned_on, weight, not_judged] = NEW_COLUMNS;
    let mut columns: Vec<Definition> =
        [Column::AsOf].iter().chain(&COPIED[..4]).map(|column| column.definition()).collect();
    columns.extend([Column::Listed.definition(), churned, churned_on, Column::ModelVersion.definition()]);
    columns.push(Column::Reason(1, Part::Code).definition());
    columns.extend([Column::RiskTier.definition(), weight, not_judged]);
    columns
}
