//! The curvature of the loss as far as it is worth knowing, and the step that it makes of a gradient.
//!
//! Fine interactions have thousands of coefficients, whose curvature would cost more than the fit. Those of one
//! interaction are components that hardly depend on each other over the rows, so of theirs the diagonal is kept; what
//! that leaves out is learned from the changes of the gradient.

use crate::model::solver::cholesky::{Cholesky, Square};
use std::sync::Arc;

/// The curvature of the mean log-loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Curvature {
    /// Of the first coefficients and the intercept together: the lower triangle. It takes megabytes, and models that
    /// are much alike share it.
    pub joint: Arc<Square>,
    /// Of each of the other coefficients alone.
    pub apart: Vec<f64>,
    /// The parameters that it was taken at; none where that is not known.
    pub theta: Vec<f64>,
}

/// A curvature with a penalty, ready to solve for steps.
pub struct Factor {
    joint: Cholesky,
    apart: Vec<f64>,
}

/// Without a penalty a speck of one keeps collinear columns apart.
const SPECK: f64 = 1e-9;

impl Curvature {
    /// That of some of the columns, ascending, each times a factor; the intercept stays. None where some of it is taken
    /// coefficient by coefficient.
    pub fn of_scaled(&self, columns: &[(usize, f64)]) -> Option<Curvature> {
        let intercept = self.joint.size.checked_sub(1).filter(|_| self.apart.is_empty())?;
        let all: Vec<(usize, f64)> = columns.iter().copied().chain([(intercept, 1.0)]).collect();
        let mut joint = Square::zeros(all.len());
        for (row, &(i, by_row)) in all.iter().enumerate() {
            for (column, &(j, by_column)) in all[..=row].iter().enumerate() {
                joint.values[row * all.len() + column] =
                    self.joint.values[i * self.joint.size + j] * by_row * by_column;
            }
        }
        Some(Curvature { joint: Arc::new(joint), apart: Vec::new(), theta: Vec::new() })
    }

    /// With a penalty of strength `alpha` per row.
    pub fn factored(&self, alpha: f64) -> Factor {
        let alpha = alpha.max(SPECK);
        let joint = Cholesky::new(Square::clone(&self.joint).with_ridge(alpha));
        Factor { joint, apart: self.apart.iter().map(|curvature| curvature + alpha).collect() }
    }
}

impl Factor {
    /// What has this gradient under the curvature: a value a coefficient, then that of the intercept.
    pub fn solve(&self, gradient: &[f64]) -> Vec<f64> {
        let (coefficients, intercept) = gradient.split_at(gradient.len() - 1);
        let (together, apart) = coefficients.split_at(coefficients.len() - self.apart.len());
        let mut step = self.joint.solve(&[together, intercept].concat());
        let intercept = step.pop();
        step.extend(apart.iter().zip(&self.apart).map(|(gradient, curvature)| gradient / curvature));
        step.extend(intercept);
        step
    }
}
