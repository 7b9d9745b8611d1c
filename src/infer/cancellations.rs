//! Who has left, and when: a table of cancellations, or a column of the table of customers.

use super::candidate::{Candidate, Column};
use super::customers::{self, Customers};
use super::left_out::answer_for_all;
use super::lives::Rows;
use super::names::{is_gone, is_maybe_gone};
use super::signals::Signal;
use crate::config::EpochUnit;
use crate::error::Result;
use std::path::PathBuf;

/// The share of those who left whose date is as many days after their last row as that of the others, from which the
/// dates were computed rather than recorded.
const COMPUTED: f64 = 0.95;
/// Customers who left that are needed to tell.
const LEAST_COMPUTED: usize = 30;

/// A table or a column of cancellations.
pub(super) struct Cancellations {
    pub name: String,
    pub path: PathBuf,
    pub id: String,
    pub time: String,
    pub time_unit: Option<EpochUnit>,
    /// Whether the customers table has them.
    pub of_customers: bool,
    /// Why it is not certain.
    pub doubts: Vec<String>,
    pub rows: Rows,
}

/// What there is of cancellations.
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// They are recorded.
    Recorded(Cancellations),
    /// A table that is called like one of cancellations is none, for this reason.
    Answer(Candidate, Rows, String),
}

impl Cancellations {
    /// Finds the table of cancellations, which is taken out of the others, or else the customers' column of them.
    pub fn find(tables: &mut Vec<Candidate>, customers: Option<&Customers>) -> Result<Found> {
        let id = customers.map(|customers| &customers.id);
        let gone_time = |table: &Candidate| {
            let named = |column: &&Column| is_gone(&column.name) || is_gone(&table.name) && is_maybe_gone(&column.name);
            table.those(Column::is_time).find(named).map(|column| column.name.clone())
        };
        let has_place = |table: &&Candidate| table.time().is_some() && table.id(id).is_some();
        let named = tables.iter().position(|table| is_gone(&table.name) && has_place(&table));
        let dated = || tables.iter().position(|table| gone_time(table).is_some() && has_place(&table));
        let Some(table) = named.or_else(dated).map(|at| tables.remove(at)) else {
            return Cancellations::of_customers(customers);
        };

        let time = gone_time(&table).and_then(|name| table.column(&name)).or_else(|| table.time());
        let (Some(id), Some(time)) = (table.id(id), time) else { return Ok(Found::Nothing) };
        let rows = Rows::read(&table, id, Some(time))?;
        if let Some(reason) = answer_for_all(&table, time) {
            return Ok(Found::Answer(table, rows, reason));
        }
        Ok(Found::Recorded(Cancellations {
            name: table.name.clone(),
            path: table.path.clone(),
            id: id.name.clone(),
            time: time.name.clone(),
            time_unit: time.time_unit(),
            of_customers: false,
            doubts: customers::about_times(time),
            rows,
        }))
    }

    /// The customers' own column of them.
    fn of_customers(customers: Option<&Customers>) -> Result<Found> {
        let Some(customers) = customers else { return Ok(Found::Nothing) };
        let Some(((left, is_certain), id)) = customers.left().zip(customers.table.column(&customers.id.column)) else {
            return Ok(Found::Nothing);
        };

        let mut doubts = customers::about_times(left);
        if !is_certain {
            doubts.insert(0, format!("is `{}` the day on which a customer left? If not, take it out", left.name));
        }
        Ok(Found::Recorded(Cancellations {
            name: customers.table.name.clone(),
            path: customers.table.path.clone(),
            id: id.name.clone(),
            time: left.name.clone(),
            time_unit: left.time_unit(),
            of_customers: true,
            doubts,
            rows: Rows::read(&customers.table, id, Some(left))?,
        }))
    }

    /// How their dates were computed from the rows of a signal, if they lie as many days after the last one for nearly
    /// every customer: then they say nothing that the signal does not.
    pub fn computed_from(&self, signals: &[Signal]) -> Option<String> {
        signals.iter().find_map(|signal| {
            let after = self.rows.days_after(&signal.rows);
            let count = after.values().sum::<usize>();
            let (days, most) = after.iter().max_by_key(|(_, count)| **count)?;
            (count >= LEAST_COMPUTED && *most as f64 >= COMPUTED * count as f64).then(|| {
                format!(
                    "its dates are {days} days after each customer's last row of `{}`: they were computed from it, and \
                     nobody recorded them",
                    signal.name
                )
            })
        })
    }
}
