//! Hyper-parameters of the search and the fit, behind linfa's guard.

use super::model_search::Options;
use crate::config::Penalty;
use crate::dataset::folds::CustomerFolds;
use crate::error::{Error, Result};
use linfa::ParamGuard;

/// Hyper-parameters of the search and the fit, not yet checked.
#[derive(Clone, Debug)]
pub struct AdditiveParams(AdditiveValidParams);

/// Checked hyper-parameters of the search and the fit.
#[derive(Clone, Debug)]
pub struct AdditiveValidParams {
    pub(super) options: Options,
}

impl AdditiveParams {
    /// An L2 penalty, chosen by cross-validation with 5 folds; interactions where they help; standard errors.
    pub fn new() -> AdditiveParams {
        AdditiveParams(AdditiveValidParams {
            options: Options {
                origins: Vec::new(),
                interactions: true,
                penalty: Penalty::L2,
                uncertainty: true,
                alpha: None,
                one_standard_error: false,
                folds: CustomerFolds { count: 5, seed: 7 },
                by_chance: false,
            },
        })
    }

    /// A fixed penalty strength per row instead of one that is chosen; 0 for none.
    pub fn alpha(mut self, alpha: f64) -> AdditiveParams {
        self.0.options.alpha = Some(alpha);
        self
    }

    /// Whether to look for interactions; true by default.
    pub fn interactions(mut self, interactions: bool) -> AdditiveParams {
        self.0.options.interactions = interactions;
        self
    }

    /// What keeps coefficients small; L2 by default.
    pub fn penalty(mut self, penalty: Penalty) -> AdditiveParams {
        self.0.options.penalty = penalty;
        self
    }

    /// Whether to prefer the simplest choice within one standard error of the best; false by default.
    pub fn one_standard_error(mut self, one_standard_error: bool) -> AdditiveParams {
        self.0.options.one_standard_error = one_standard_error;
        self
    }

    /// The number of folds that penalty and interactions are judged on; 5 by default.
    pub fn folds(mut self, folds: u8) -> AdditiveParams {
        self.0.options.folds.count = folds;
        self
    }

    /// The seed of the folds; 7 by default.
    pub fn seed(mut self, seed: u64) -> AdditiveParams {
        self.0.options.folds.seed = seed;
        self
    }

    /// Whether the tables are to have standard errors, and the solution a certificate; true by default.
    pub fn uncertainty(mut self, uncertainty: bool) -> AdditiveParams {
        self.0.options.uncertainty = uncertainty;
        self
    }
}

impl Default for AdditiveParams {
    fn default() -> AdditiveParams {
        AdditiveParams::new()
    }
}

impl ParamGuard for AdditiveParams {
    type Checked = AdditiveValidParams;
    type Error = Error;

    /// # Errors
    /// [`Error::Config`] if `alpha` is negative or not finite, or if there are fewer than two folds.
    fn check_ref(&self) -> Result<&AdditiveValidParams> {
        let Options { alpha, folds, .. } = &self.0.options;
        if let Some(alpha) = alpha.filter(|alpha| !(alpha.is_finite() && *alpha >= 0.0)) {
            return Err(Error::Config(format!(
                "alpha is {alpha}; set it to 0 or a positive number, or leave it out to have it chosen"
            )));
        }
        if folds.count < 2 {
            return Err(Error::Config(format!(
                "the number of folds is {}; it must be 2 or more, so that a model can be judged on rows that it has not seen",
                folds.count
            )));
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<AdditiveValidParams> {
        self.check_ref()?;
        Ok(self.0)
    }
}
