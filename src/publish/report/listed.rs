//! The columns of a list that its page shows.

use super::table::{Cells, Table};
use crate::error::Result;
use crate::published::{Column, Part, REASONS};

/// The columns of the list that the page shows.
pub struct Columns<'a> {
    pub rank: Cells<'a>,
    pub customer: Cells<'a>,
    pub probability: Cells<'a>,
    pub tier: Cells<'a>,
    pub value: Option<Cells<'a>>,
    pub group: Cells<'a>,
    pub reasons: Vec<[Cells<'a>; 3]>,
    pub protective: Cells<'a>,
    pub status: Cells<'a>,
    pub previous_rank: Cells<'a>,
    pub previous_probability: Cells<'a>,
    pub changed: Cells<'a>,
    pub days_listed: Cells<'a>,
    pub contract: Option<Cells<'a>>,
    pub action: Option<Cells<'a>>,
    pub action_owner: Option<Cells<'a>>,
    pub action_due: Option<Cells<'a>>,
    pub improvement: Option<Cells<'a>>,
}

impl<'a> Columns<'a> {
    /// Of a list.
    ///
    /// # Errors
    /// [`Error::Contract`](crate::Error::Contract) for a list of another version of the program.
    pub fn new(list: &'a Table) -> Result<Columns<'a>> {
        let column = |column: Column| list.column(&column.name());
        // A column without a value is none to look at.
        let filled = |name: &str| list.find(name).filter(|cells| !cells.is_empty());
        let reason = |number: usize| -> Result<[Cells<'a>; 3]> {
            let part = |part: Part| column(Column::Reason(number, part));
            Ok([part(Part::Code)?, part(Part::Text)?, part(Part::Contribution)?])
        };
        Ok(Columns {
            rank: column(Column::Rank)?,
            customer: column(Column::CustomerId)?,
            probability: column(Column::ChurnProbability)?,
            tier: column(Column::RiskTier)?,
            value: filled("value_at_risk"),
            group: column(Column::Group)?,
            reasons: (1..=REASONS as usize).map(reason).collect::<Result<_>>()?,
            protective: column(Column::Protective(Part::Text))?,
            status: column(Column::Status)?,
            previous_rank: column(Column::PreviousRank)?,
            previous_probability: column(Column::PreviousProbability)?,
            changed: column(Column::ChangeReasonText)?,
            days_listed: column(Column::DaysListed)?,
            contract: filled("days_to_contract_end"),
            action: filled("action"),
            action_owner: filled("action_owner"),
            action_due: filled("action_due"),
            improvement: filled("improvement_text"),
        })
    }

    /// Whether the money at stake is known.
    pub fn has_value(&self) -> bool {
        self.value.is_some()
    }
}
