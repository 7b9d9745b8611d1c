//! The linear logistic regression: a Newton solver over the blocks of a design, the uncertainty of its coefficients,
//! advice about what is wrong with the data, and a certificate from `linfa-logistic`'s own optimiser.
//!
//! | file | holds |
//! |---|---|
//! | here | the [fit](LogisticFit) and its [table of coefficients](Coefficient) |
//! | `params`, `fit` | hyper-parameters and fit behind linfa's traits |
//! | `records` | fit and predictions on ndarray records |
//! | `newton`, `loss`, `gram` | the iterations, the passes over the rows, the sums of products |
//! | `uncertainty` | covariance and variance inflation of the coefficients |
//! | `advice` | what is wrong with the data: separation, columns that depend on others |
//! | `certificate` | what linfa's own optimiser says about the solution |
//! | `constraints` | the fit under directions of effects and a penalty that drops features |
//! | `cross_fit` | log-odds of every row from a model that has not seen its customer; the choice of the penalty |
//!
//! **Objective.** `mean log-loss + alpha / 2 * |coefficients|^2` with an unpenalised intercept. That is scikit-learn's
//! `LogisticRegression(C = 1 / (rows * alpha))` and `linfa-logistic`'s `alpha = rows * alpha`, as both take the sum of
//! the losses.

mod advice;
mod certificate;
pub mod constraints;
pub mod cross_fit;
mod fit;
mod gram;
mod loss;
mod newton;
mod params;
mod records;
mod uncertainty;

pub use advice::Advice;
pub use certificate::{Certificate, CheckedColumns, Trial};
pub(in crate::model) use certificate::{Solution, DENSE_BYTES};
pub use fit::fit;
pub use params::{LogisticParams, LogisticValidParams};

use crate::error::Result;
use crate::model::design::{Design, INTERCEPT};
use crate::model::solver::report::Report;
use crate::numeric::Z_95;
use serde::{Deserialize, Serialize};

/// A fitted logistic regression of churn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogisticFit {
    /// Names of the columns.
    pub names: Vec<String>,
    /// Penalty strength per row.
    pub alpha: f64,
    /// Rows it was fitted on.
    pub rows: usize,
    /// How many of them churned.
    pub churners: usize,
    /// Customers that the rows are of.
    pub customers: usize,
    /// Log-odds of a row of zeros.
    pub intercept: f64,
    /// Change of the log-odds per unit of each column.
    pub coefficients: Vec<f64>,
    /// Covariance of the estimates, row after row: the coefficients, then the intercept. Clustered by customer where
    /// customers have several rows. Empty if it was not asked for, like the next field.
    pub covariance: Vec<f64>,
    /// Variance inflation of each coefficient; infinite for a column that others determine.
    pub variance_inflation: Vec<f64>,
    /// How it went; it has converged if the gradient reached the tolerance at a finite solution.
    #[serde(flatten)]
    pub report: Report,
    /// What a person should know about this fit.
    pub advice: Vec<Advice>,
    /// What linfa's optimiser says about the solution.
    pub certificate: Certificate,
}

/// A line of the coefficient table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficient {
    /// Name of the column, or [`INTERCEPT`].
    pub name: String,
    /// Change of the log-odds per unit of the column.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Estimate over standard error.
    pub z: f64,
    /// Two-sided p-value of `z` under the normal distribution.
    pub p_value: f64,
    /// Lower end of the 95 % interval.
    pub lower: f64,
    /// Upper end of the 95 % interval.
    pub upper: f64,
    /// Factor on the odds per unit of the column.
    pub odds_ratio: f64,
    /// Lower end of its 95 % interval.
    pub odds_ratio_lower: f64,
    /// Upper end of its 95 % interval.
    pub odds_ratio_upper: f64,
    /// How many times larger the variance of the estimate is for what the column shares with others; none for the
    /// intercept, and for a column that others determine.
    #[serde(default)]
    pub variance_inflation: Option<f64>,
}

impl LogisticFit {
    /// The coefficient table: the intercept, then the columns in their order.
    pub fn table(&self) -> Vec<Coefficient> {
        let size = self.coefficients.len() + 1;
        let line = |(j, name, estimate): (usize, &str, f64)| {
            let variance = self.covariance.get(j * size + j).copied().unwrap_or(f64::NAN);
            let standard_error = variance.max(0.0).sqrt();
            // Without an error (its computation was not asked for, or the column never varies) nothing is significant.
            let z = if standard_error > 0.0 { estimate / standard_error } else { 0.0 };
            let (lower, upper) = (estimate - Z_95 * standard_error, estimate + Z_95 * standard_error);

            Coefficient {
                name: name.into(),
                estimate,
                standard_error,
                z,
                p_value: libm::erfc(z.abs() / std::f64::consts::SQRT_2),
                lower,
                upper,
                odds_ratio: estimate.exp(),
                odds_ratio_lower: lower.exp(),
                odds_ratio_upper: upper.exp(),
                variance_inflation: self.variance_inflation.get(j).copied().filter(|inflation| inflation.is_finite()),
            }
        };

        let columns = self.names.iter().zip(&self.coefficients).enumerate();
        std::iter::once((size - 1, INTERCEPT, self.intercept))
            .chain(columns.map(|(j, (name, &estimate))| (j, name.as_str(), estimate)))
            .map(line)
            .collect()
    }

    /// The log-odds of every row of a design with the same columns, block by block.
    ///
    /// # Errors
    /// As [`Design::log_odds`].
    pub fn log_odds(&self, design: &Design) -> Result<Vec<Vec<f64>>> {
        design.log_odds(&self.coefficients, self.intercept)
    }
}

#[cfg(test)]
mod tests;
