//! The curvature of the loss as far as it is worth knowing, and the step that it makes of a gradient.
//!
//! Fine interactions have thousands of coefficients, whose curvature would cost more than the fit. Those of one
//! interaction are components that hardly depend on each other over the rows, so of theirs the diagonal is kept; what
//! that leaves out is learned from the changes of the gradient.

use crate::model::solver::cholesky::{Cholesky, Square};

/// The curvature of the mean log-loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Curvature {
    /// Of the first coefficients and the intercept together: the lower triangle.
    pub joint: Square,
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
    /// With a penalty of strength `alpha` per row.
    pub fn factored(&self, alpha: f64) -> Factor {
        let alpha = alpha.max(SPECK);
        let joint = Cholesky::new(self.joint.clone().with_ridge(alpha));
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
