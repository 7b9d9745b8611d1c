//! The fit as the model file has it, of either form.

use crate::language::Advice;
use crate::model::additive::{Additive, Comparison};
use crate::model::linear::{Certificate, Coefficient};
use crate::model::penalty::AlphaChoice;
use crate::model::restrictions::Restrictions;
use crate::model::sampling::Sampling;
use crate::model::solver::report::Report;
use serde::{Deserialize, Serialize};

/// What was fitted, on what, and how that went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitRecord {
    /// Rows it was fitted on.
    pub rows: usize,
    /// How many of them churned.
    pub churners: usize,
    /// What was left out of the training rows and corrected for, if anything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// Penalty strength per row.
    pub alpha: f64,
    /// How the strength was chosen, if it was.
    pub alpha_choice: Option<AlphaChoice>,
    /// Directions of effects, and what the penalty dropped.
    #[serde(default, skip_serializing_if = "Restrictions::is_none")]
    pub restrictions: Restrictions,
    /// The steps from the linear model to richer ones, and what each bought; none if the settings chose one.
    pub comparison: Option<Comparison>,
    /// Log-odds of a row of zeros; of an additive model, the mean log-odds of its training rows.
    pub intercept: f64,
    /// The coefficient table of a linear model: the intercept, then the columns of the recipe in order. Empty for an
    /// additive one.
    pub coefficients: Vec<Coefficient>,
    /// The tables of an additive model; none for a linear one.
    pub additive: Option<Additive>,
    /// How the fit went.
    #[serde(flatten)]
    pub report: Report,
    /// What linfa's optimiser says about the solution.
    #[serde(default = "Certificate::unknown")]
    pub certificate: Certificate,
    /// What a person should know about the fit.
    #[serde(flatten)]
    pub advice: Advice,
}
