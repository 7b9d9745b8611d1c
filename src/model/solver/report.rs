//! How a fit went.

/// How a fit went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Passes over the rows.
    pub passes: u32,
    /// Largest entry of the gradient of the objective.
    pub gradient_norm: f64,
    /// Mean log-loss, without the penalty.
    pub log_loss: f64,
    /// Whether the gradient reached the tolerance.
    pub converged: bool,
}
