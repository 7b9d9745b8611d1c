//! What both forms of the model ask of ndarray records: a check before the fit, and predictions that cannot fail.

use crate::error::{Error, Result};
use crate::numeric::sigmoid;
use linfa::DatasetBase;
use ndarray::{Array1, ArrayBase, ArrayView1, ArrayView2, Data, Ix1, Ix2};

/// Records of shape (rows, columns), with a label for each row.
pub struct LabelledRecords<'a> {
    /// The records.
    pub values: ArrayView2<'a, f64>,
    /// For each row, whether the customer churned.
    pub churned: ArrayView1<'a, bool>,
    /// The names of the columns: those that the data set gives, or else `x0`, `x1` and so on.
    pub names: Vec<String>,
}

impl<'a> LabelledRecords<'a> {
    /// The records and the targets of a linfa data set.
    ///
    /// # Errors
    /// [`Error::Config`] for row weights, which no fit of the program knows; [`Error::Contract`] for another number of
    /// labels than of rows.
    pub fn from_dataset<R, L>(
        dataset: &'a DatasetBase<ArrayBase<R, Ix2>, ArrayBase<L, Ix1>>,
    ) -> Result<LabelledRecords<'a>>
    where
        R: Data<Elem = f64>,
        L: Data<Elem = bool>,
    {
        if dataset.weights().is_some() {
            return Err(Error::Config("the data set has row weights, and the fit knows none; leave them out".into()));
        }

        let (values, churned) = (dataset.records().view(), dataset.targets().view());
        let (rows, columns) = values.dim();
        if churned.len() != rows {
            return Err(Error::Contract(format!(
                "{} labels for {rows} rows of records; expected {rows}",
                churned.len()
            )));
        }

        let names = match dataset.feature_names() {
            [] => (0..columns).map(|column| format!("x{column}")).collect(),
            given => given.to_vec(),
        };
        Ok(LabelledRecords { values, churned, names })
    }

    /// Nothing, if every value, narrowed to `f32`, is one that the fit can use.
    ///
    /// # Errors
    /// [`Error::Contract`] with the first that is not, and what is `expected` instead.
    pub fn check(&self, can_be_used: impl Fn(f32) -> bool, expected: &str) -> Result<()> {
        let unusable = self.values.indexed_iter().find(|(_, &value)| !can_be_used(value as f32));
        match unusable {
            None => Ok(()),
            Some(((row, column), value)) => Err(Error::Contract(format!(
                "row {row} of column {} is {value}; expected {expected}. Fill or drop such rows",
                self.names[column]
            ))),
        }
    }
}

/// The probabilities of churn of so many rows, given their log-odds. As linfa's `predict` cannot fail, they are all NaN
/// where there are no log-odds.
pub fn probabilities(log_odds: Option<Array1<f64>>, rows: usize) -> Array1<f64> {
    match log_odds {
        Some(log_odds) => log_odds.mapv_into(sigmoid),
        None => Array1::from_elem(rows, f64::NAN),
    }
}
