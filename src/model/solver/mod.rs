//! Minimising a smooth objective with a penalty: matrices and an objective, no rows.

pub mod cholesky;
pub mod lbfgs;
pub mod proximal;
pub mod report;

/// The inner product of two vectors.
#[inline]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
