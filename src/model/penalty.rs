//! The strengths of the penalty that are tried, and the choice among them.

use serde::{Deserialize, Serialize};

/// The penalty strengths per row that are tried, strongest first: half a power of ten apart.
pub const ALPHA_PATH: [f64; 11] = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6];

/// The group penalties tried, as shares of the least one that drops everything, strongest first.
pub const SHARES: [f64; 15] =
    [0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.09, 0.06, 0.045, 0.03, 0.022, 0.015, 0.011, 0.008, 0.0055];

/// The penalty and how it was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlphaChoice {
    /// The strength per row of all rows with the lowest out-of-fold log-loss; the stronger of equals.
    pub alpha: f64,
    /// Rows the choice is based on.
    pub rows: usize,
    /// What was tried, strongest first.
    pub path: Vec<AlphaScore>,
}

/// How well one penalty did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlphaScore {
    /// Strength per row.
    pub alpha: f64,
    /// Mean log-loss of rows whose fold the model has not seen.
    pub log_loss: f64,
    /// Standard error of that mean, from the spread between folds (as glmnet's `cv.glmnet`).
    pub standard_error: f64,
}
