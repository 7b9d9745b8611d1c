//! A certificate from linfa's own optimiser.
//!
//! `linfa-logistic` never says why it stopped, and when its line search fails it hands back the point it
//! started from; started at the solution it would agree with anything. So it starts at a point displaced from the
//! solution along the direction of greatest curvature, where the first line search leads straight back, and
//! has to return to the solution by itself. This takes a few iterations of its optimiser and cannot succeed by
//! standing still.

use super::params::LogisticValidParams;
use crate::error::Result;
use crate::model::design::Design;
use crate::numeric::softplus;
use linfa::traits::Fit;
use linfa::DatasetBase;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// The certificate's displacement: so much in the log-odds of a typical row.
const DISPLACEMENT: f64 = 0.01;

/// The most that linfa's solution may differ from ours, in log-odds per root mean square of a column, and as a share of
/// the displacement.
const AGREEMENT: f64 = 1e-5;
const AGREEMENT_SHARE: f64 = 0.1;

/// The most iterations linfa's optimiser may take for the certificate of a linear model. The first usually comes within 1e-6 of the
/// solution and the fifth within 1e-7; after that its line search wrestles with the rounding of the loss.
const CERTIFICATE_ITERATIONS: u64 = 5;

/// Losses that differ by less are equal but for rounding.
const LOSS_ROUNDING: f64 = 1e-10;

/// What linfa's optimiser says about a solution. Differences are in log-odds per root mean square of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Certificate {
    /// Started away from the solution, it came back to it.
    Confirmed {
        /// Largest difference between where it started and the solution.
        displacement: f64,
        /// Largest difference between where it ended and the solution.
        difference: f64,
        /// The rows that both were asked about; none in an older file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<usize>,
        /// Largest difference between the two in the log-odds of one of these rows; none in an older file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log_odds: Option<f64>,
    },
    /// Started away from the solution, it ended somewhere else.
    Differs {
        /// Largest difference between where it started and the solution.
        displacement: f64,
        /// Largest difference between where it ended and the solution.
        difference: f64,
        /// The rows that both were asked about; none in an older file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<usize>,
        /// Largest difference between the two in the log-odds of one of these rows; none in an older file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log_odds: Option<f64>,
        /// The penalised mean log-loss where it ended, less that of the solution; none in an older file. Below zero, the
        /// solution is not the optimum; above it, linfa's optimiser has not got there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        excess_loss: Option<f64>,
    },
    /// It stopped with an error.
    Failed {
        /// In linfa's words.
        reason: String,
    },
    /// It was not asked.
    NotRun {
        /// Why not.
        reason: String,
    },
}

impl Certificate {
    /// What a person should know, if linfa contradicts the solution: it ended where the loss is lower. That it stopped
    /// short of the solution, or with an error, says something of its optimiser alone.
    pub fn advice(&self) -> Option<String> {
        match self {
            Certificate::Differs { excess_loss: Some(excess), .. } if *excess < -LOSS_ROUNDING => Some(format!(
                "the cross-check of the coefficients failed: linfa-logistic found better ones than the program's own solver \
                 ({self}). Compare the model with the one before it (`churn models compare`) before you rely on it; a larger \
                 model.alpha makes the solution easier to find"
            )),
            _ => None,
        }
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Certificate::Confirmed { displacement, difference, rows, log_odds } => {
                write!(
                    f,
                    "confirmed: linfa-logistic, started {displacement:.1e} away from the solution, returned to within \
                     {difference:.1e} of it"
                )?;
                extent(f, *rows, *log_odds)
            }
            Certificate::Differs { displacement, difference, rows, log_odds, excess_loss } => {
                write!(
                    f,
                    "not confirmed: linfa-logistic, started {displacement:.1e} away from the solution, stopped \
                     {difference:.1e} away from it"
                )?;
                if let Some(excess) = excess_loss {
                    let than = if *excess < 0.0 { "lower" } else { "higher" };
                    write!(f, ", where the loss is {:.1e} {than}", excess.abs())?;
                }
                extent(f, *rows, *log_odds)
            }
            Certificate::Failed { reason } => write!(f, "not confirmed: linfa-logistic failed: {reason}"),
            Certificate::NotRun { reason } => write!(f, "not run: {reason}"),
        }
    }
}

/// On how many rows, and what the difference comes to in a row.
fn extent(f: &mut fmt::Formatter<'_>, rows: Option<usize>, log_odds: Option<f64>) -> fmt::Result {
    if let (Some(rows), Some(log_odds)) = (rows, log_odds) {
        write!(f, " (on {rows} rows, whose log-odds differ by {log_odds:.1e} at most)")?;
    }
    Ok(())
}

/// Lets linfa check the solution for a design.
pub(super) fn certify(
    design: &Design,
    params: &LogisticValidParams,
    theta: &[f64],
    scale: &[f64],
    hessian: &[f64],
) -> Result<Certificate> {
    let bytes = design.rows().saturating_mul(design.columns()).saturating_mul(size_of::<f64>());
    if design.columns() == 0 {
        return Ok(Certificate::NotRun { reason: "the design has no columns".into() });
    }
    if bytes > params.certificate_bytes {
        let budget = params.certificate_bytes;
        return Ok(Certificate::NotRun { reason: format!("its dense matrix takes {bytes} bytes, above {budget}") });
    }

    let solution = Solution { alpha: params.alpha, theta, scale, hessian, iterations: CERTIFICATE_ITERATIONS };
    Ok(solution.certify(design.to_f64()?, design.churned()))
}

/// What a solver found for some rows.
pub(in crate::model) struct Solution<'a> {
    /// Penalty strength per row.
    pub alpha: f64,
    /// The coefficients, then the intercept.
    pub theta: &'a [f64],
    /// Root mean square of each column, 1 for a column of zeros.
    pub scale: &'a [f64],
    /// The curvature of the penalised loss at the solution, in any unit; row after row, the intercept last.
    pub hessian: &'a [f64],
    /// The most iterations that linfa's optimiser may take.
    pub iterations: u64,
}

impl Solution<'_> {
    /// Hands the solution, displaced, to `linfa-logistic`, and looks where its optimiser goes from there. `records` has
    /// the shape (rows, columns), with both classes among its rows.
    pub fn certify(&self, records: Array2<f64>, churned: Array1<bool>) -> Certificate {
        let (rows, size) = (records.nrows(), self.theta.len());

        // `vector' H vector` is the curvature along the direction and the last entry of H the sum of the weights, so the
        // log-odds of a typical row move by DISPLACEMENT.
        let (direction, curvature) = steepest(self.hessian, size);
        let length = DISPLACEMENT * (self.hessian[size * size - 1] / curvature).sqrt();
        let start: Vec<f64> = self.theta.iter().zip(&direction).map(|(theta, d)| theta + length * d).collect();

        // linfa's positive class is the more frequent one; of two equally frequent ones that of the first row.
        let churners = churned.iter().filter(|&&churned| churned).count();
        let churn_is_positive = match (2 * churners).cmp(&rows) {
            Ordering::Equal => churned[0],
            more => more.is_gt(),
        };
        let initial: Array1<f64> = start.iter().map(|value| value * sign(churn_is_positive)).collect();
        let dataset = DatasetBase::new(records, churned);
        let model = LogisticRegression::default()
            .alpha(self.alpha * rows as f64)
            .gradient_tolerance(1e-8 * rows as f64)
            .max_iterations(self.iterations)
            .initial_params(initial)
            .fit(&dataset);
        let model = match model {
            Ok(model) => model,
            Err(error) => return Certificate::Failed { reason: error.to_string() },
        };

        let toward_churn = sign(model.labels().pos.class);
        let found: Vec<f64> =
            model.params().iter().chain([&model.intercept()]).map(|value| value * toward_churn).collect();
        let (displacement, difference) = (self.distance(&start), self.distance(&found));
        let apart: Vec<f64> = found.iter().zip(self.theta).map(|(found, theta)| found - theta).collect();
        let in_rows = dataset.records().dot(&ArrayView1::from(&apart[..size - 1])) + apart[size - 1];
        let log_odds = Some(in_rows.iter().fold(0.0, |largest: f64, z| largest.max(z.abs())));
        if difference <= AGREEMENT && difference <= AGREEMENT_SHARE * displacement {
            return Certificate::Confirmed { displacement, difference, rows: Some(rows), log_odds };
        }
        let excess_loss = Some(self.loss(&dataset, &found) - self.loss(&dataset, self.theta));
        Certificate::Differs { displacement, difference, rows: Some(rows), log_odds, excess_loss }
    }

    /// The penalised mean log-loss of some coefficients and an intercept.
    fn loss(&self, dataset: &DatasetBase<Array2<f64>, Array1<bool>>, theta: &[f64]) -> f64 {
        let (coefficients, intercept) = (ArrayView1::from(&theta[..theta.len() - 1]), theta[theta.len() - 1]);
        let log_odds = dataset.records().dot(&coefficients) + intercept;
        let losses =
            log_odds.iter().zip(dataset.targets()).map(|(&z, &churned)| softplus(if churned { -z } else { z }));
        losses.sum::<f64>() / log_odds.len() as f64 + self.alpha / 2.0 * coefficients.dot(&coefficients)
    }

    /// How far a point is from the solution, in log-odds per root mean square of a column.
    fn distance(&self, point: &[f64]) -> f64 {
        let pairs = point.iter().zip(self.theta).zip(self.scale.iter().chain([&1.0]));
        pairs.map(|((a, b), scale)| (a - b).abs() * scale).fold(0.0, f64::max)
    }
}

fn sign(churn_is_positive: bool) -> f64 {
    if churn_is_positive {
        1.0
    } else {
        -1.0
    }
}

/// The unit vector along which a positive definite matrix of `size` rows curves most, by power iteration, and the
/// curvature along it.
fn steepest(matrix: &[f64], size: usize) -> (Vec<f64>, f64) {
    let mut vector = vec![(size as f64).sqrt().recip(); size];
    let mut curvature = 0.0;
    for _ in 0..100 {
        let next: Vec<f64> =
            matrix.chunks_exact(size).map(|row| row.iter().zip(&vector).map(|(a, b)| a * b).sum()).collect();
        curvature = next.iter().zip(&vector).map(|(a, b)| a * b).sum();
        let length = next.iter().map(|a| a * a).sum::<f64>().sqrt();
        vector = next.into_iter().map(|a| a / length).collect();
    }
    (vector, curvature)
}
