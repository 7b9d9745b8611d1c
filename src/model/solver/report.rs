//! How a fit went.

use serde::{Deserialize, Serialize};

/// How a fit went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Newton steps taken, or passes over the rows.
    pub iterations: u32,
    /// Largest entry of the gradient of the objective, in a linear fit divided by the root mean square of its column.
    pub gradient_norm: f64,
    /// Mean log-loss, without the penalty.
    pub log_loss: f64,
    /// Whether the gradient reached the tolerance.
    pub converged: bool,
}
