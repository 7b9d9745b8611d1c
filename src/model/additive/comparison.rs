//! What each step towards a richer model bought.

use super::basis::Detail;
use serde::{Deserialize, Serialize};

/// What the steps are called: the share of churners alone, without a feature.
pub const BASE_RATE: &str = "base rate";
/// A coefficient a column.
pub const LINEAR: &str = "linear";
/// A curve a feature.
pub const CURVES: &str = "curves";
/// Curves and broad interactions.
pub const INTERACTIONS: &str = "interactions";
/// Curves and interactions that follow their cells closely.
pub const FINE: &str = "fine interactions";

/// What one step towards a richer model bought, in cross-validated log-loss on training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// `base rate`, `linear`, `curves`, `interactions` or `fine interactions`.
    pub complexity: String,
    /// Penalty strength per row of all training rows.
    pub alpha: f64,
    /// Number of interactions.
    pub interactions: usize,
    /// Mean log-loss of rows whose fold the model has not seen.
    pub log_loss: f64,
    /// Its standard error; rows of one customer count as one draw.
    pub standard_error: f64,
    /// By how much the log-loss is below that of the step before; none for the first.
    pub gain: Option<f64>,
    /// The standard error of that difference, on the same rows.
    pub gain_standard_error: Option<f64>,
}

/// Something that the search tried within a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The step.
    pub complexity: String,
    /// Penalty strength per row of all training rows.
    pub alpha: f64,
    /// Number of interactions.
    pub interactions: usize,
    /// How closely they follow the cells.
    #[serde(default, skip_serializing_if = "is_smooth")]
    pub detail: Detail,
    /// Whether each term had a scale of its own, as those of fine interactions always have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scaled: bool,
    /// Mean log-loss of rows whose fold the model has not seen.
    pub log_loss: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Whether the search went on with it.
    pub kept: bool,
    /// Whether it was tried on the first folds alone, while the others kept what was best before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_folds: bool,
}

/// The steps that were compared and the one that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Rows that the steps were compared on.
    pub rows: usize,
    /// Dates that they are of, if the models that were compared had seen earlier dates alone; 0 if they are of all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub origins: usize,
    /// The steps, simplest first.
    pub steps: Vec<Step>,
    /// The `complexity` of the step that was taken.
    pub chosen: String,
    /// What the search tried on the way to the steps beyond the linear one, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
}

impl Comparison {
    /// The penalty of the linear model, if it was among those compared.
    pub fn linear_alpha(&self) -> Option<f64> {
        self.steps.iter().find(|step| step.complexity == LINEAR).map(|step| step.alpha)
    }
}

fn is_smooth(detail: &Detail) -> bool {
    !detail.is_fine()
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
