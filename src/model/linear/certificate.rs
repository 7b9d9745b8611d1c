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
use linfa::traits::Fit;
use linfa::DatasetBase;
use linfa_logistic::LogisticRegression;
use ndarray::Array1;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The certificate's displacement: so much in the log-odds of a typical row.
const DISPLACEMENT: f64 = 0.01;

/// The most that linfa's solution may differ from ours, in log-odds per root mean square of a column, and as a share of
/// the displacement.
const AGREEMENT: f64 = 1e-5;
const AGREEMENT_SHARE: f64 = 0.1;

/// The most iterations linfa's optimiser may take for the certificate. The first usually comes within 1e-6 of the
/// solution and the fifth within 1e-7; after that its line search wrestles with the rounding of the loss.
const CERTIFICATE_ITERATIONS: u64 = 5;

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
    },
    /// Started away from the solution, it ended somewhere else.
    Differs {
        /// Largest difference between where it started and the solution.
        displacement: f64,
        /// Largest difference between where it ended and the solution.
        difference: f64,
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

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Certificate::Confirmed { displacement, difference } => write!(
                f,
                "confirmed: linfa-logistic, started {displacement:.1e} away from the solution, returned to within \
                 {difference:.1e} of it"
            ),
            Certificate::Differs { displacement, difference } => write!(
                f,
                "not confirmed: linfa-logistic, started {displacement:.1e} away from the solution, stopped {difference:.1e} \
                 away from it"
            ),
            Certificate::Failed { reason } => write!(f, "not confirmed: linfa-logistic failed: {reason}"),
            Certificate::NotRun { reason } => write!(f, "not run: {reason}"),
        }
    }
}

/// Hands the solution, displaced, to `linfa-logistic`, and looks where its optimiser goes from there.
pub fn certify(
    design: &Design,
    params: &LogisticValidParams,
    theta: &[f64],
    scale: &[f64],
    hessian: &[f64],
) -> Result<Certificate> {
    let (rows, columns, size) = (design.rows(), design.columns(), theta.len());
    let bytes = rows.saturating_mul(columns).saturating_mul(size_of::<f64>());
    if columns == 0 {
        return Ok(Certificate::NotRun { reason: "the design has no columns".into() });
    }
    if bytes > params.certificate_bytes {
        let budget = params.certificate_bytes;
        return Ok(Certificate::NotRun { reason: format!("its dense matrix takes {bytes} bytes, above {budget}") });
    }

    // `vector' H vector` is the curvature along the direction and the last entry of H the sum of the weights, so the
    // log-odds of a typical row move by DISPLACEMENT.
    let (direction, curvature) = steepest(hessian, size);
    let length = DISPLACEMENT * (hessian[size * size - 1] / curvature).sqrt();
    let start: Vec<f64> = theta.iter().zip(&direction).map(|(theta, d)| theta + length * d).collect();

    // linfa's positive class is the more frequent one; of two equally frequent ones that of the first row.
    let churned = design.churned();
    let positive = match (2 * design.churners()).cmp(&rows) {
        std::cmp::Ordering::Equal => churned[0],
        more => more.is_gt(),
    };
    let toward = |churn_is_positive: bool| if churn_is_positive { 1.0 } else { -1.0 };
    let initial: Array1<f64> = start.iter().map(|value| value * toward(positive)).collect();
    let model = LogisticRegression::default()
        .alpha(params.alpha * rows as f64)
        .gradient_tolerance(1e-8 * rows as f64)
        .max_iterations(CERTIFICATE_ITERATIONS)
        .initial_params(initial)
        .fit(&DatasetBase::new(design.to_f64()?, churned));
    Ok(match model {
        Err(error) => Certificate::Failed { reason: error.to_string() },
        Ok(model) => {
            let sign = toward(model.labels().pos.class);
            let found: Vec<f64> = model.params().iter().chain([&model.intercept()]).map(|value| value * sign).collect();
            let distance = |point: &[f64]| {
                let pairs = point.iter().zip(theta).zip(scale.iter().chain([&1.0]));
                pairs.map(|((a, b), scale)| (a - b).abs() * scale).fold(0.0, f64::max)
            };
            let (displacement, difference) = (distance(&start), distance(&found));
            if difference <= AGREEMENT && difference <= AGREEMENT_SHARE * displacement {
                Certificate::Confirmed { displacement, difference }
            } else {
                Certificate::Differs { displacement, difference }
            }
        }
    })
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
