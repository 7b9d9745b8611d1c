//! What a message says of a list: counts, what is at stake, and the first customers, of whom only the configured
//! columns are told.

use super::run::PublishedList;
use crate::calendar::Day;
use crate::config::Delivery;
use crate::error::Result;
use crate::numeric::to_thousandths;
use crate::publish::report::Cells;
use serde::Serialize;
use serde_json::Value;

/// Customers of whom something is told.
const FIRST: usize = 5;

/// What a message says.
#[derive(Clone, Debug, Serialize)]
pub struct Digest {
    /// The date of the list.
    pub as_of: Day,
    /// The model that made it.
    pub model_version: String,
    /// Customers on the list.
    pub listed: u64,
    /// Those of them in the control group.
    pub control: u64,
    /// Those on a list for the first time.
    pub new: usize,
    /// Those who have been on an earlier list and not on the last.
    pub returned: usize,
    /// Customers who have left the list since.
    pub left: u64,
    /// The probability times the value at stake, over the listed; none if no value is known.
    pub expected_loss: Option<f64>,
    /// The first customers: the columns that are told of each.
    pub first: Vec<Vec<Told>>,
    /// The address of more.
    pub link: Option<String>,
}

/// A column of a customer.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// Its name.
    pub column: String,
    /// Its value.
    pub value: Value,
}

impl Digest {
    /// Of a list.
    ///
    /// # Errors
    /// [`Error::Contract`](crate::Error::Contract) for a column that the list has not.
    pub fn new(delivery: &Delivery, list: &PublishedList) -> Result<Digest> {
        let table = &list.table;
        let status = table.column("status")?;
        let with = |wanted: &str| (0..table.rows()).filter(|&row| status.text(row).as_deref() == Some(wanted)).count();
        let (probability, value) = (table.column("churn_probability")?, table.column("value_at_risk")?);
        let losses = (0..table.rows()).filter_map(|row| Some(probability.number(row)? * value.number(row)?));
        let losses: Vec<f64> = losses.collect();

        let columns = delivery.fields.iter().map(|column| Ok((column.as_str(), table.column(column)?)));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let rows = if columns.is_empty() { Vec::new() } else { list.rows(delivery.control)? };
        let told = |row: usize| columns.iter().map(|(name, cells)| told(name, *cells, row)).collect();
        Ok(Digest {
            as_of: list.as_of,
            model_version: list.model_version.clone(),
            listed: list.listed,
            control: list.control,
            new: with("new"),
            returned: with("returned"),
            left: list.left,
            expected_loss: (!losses.is_empty()).then(|| (100.0 * losses.iter().sum::<f64>()).round() / 100.0),
            first: rows.into_iter().take(FIRST).map(told).collect(),
            link: delivery.link.as_ref().map(|link| link.replace("{as_of}", &list.as_of.to_string())),
        })
    }
}

/// A cell: a probability to three digits, an integer or another number as it is, anything else as text.
fn told(column: &str, cells: Cells<'_>, row: usize) -> Told {
    let value = match (cells.number(row), cells.text(row)) {
        (Some(number), _) if column.contains("probability") => Value::from(to_thousandths(number)),
        (Some(_), Some(text)) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        (_, Some(text)) => Value::String(text),
        (_, None) => Value::Null,
    };
    Told { column: column.to_owned(), value }
}
