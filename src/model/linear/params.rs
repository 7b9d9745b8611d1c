//! Hyper-parameters of the fit, and what linfa has to know of a design and of errors.

use super::certificate::DENSE_BYTES;
use crate::error::{Error, Result};
use crate::model::design::Design;
use linfa::dataset::Records;
use linfa::ParamGuard;

/// Hyper-parameters of the fit, not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticParams(pub(super) LogisticValidParams);

/// Checked hyper-parameters of the fit.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticValidParams {
    pub(super) alpha: f64,
    pub(super) tolerance: f64,
    pub(super) max_iterations: u32,
    pub(super) start: Option<Vec<f64>>,
    pub(super) uncertainty: bool,
    pub(super) certificate_bytes: usize,
}

impl LogisticParams {
    /// A fit with the penalty strength `alpha` per row; 0 for none.
    pub fn new(alpha: f64) -> LogisticParams {
        LogisticParams(LogisticValidParams {
            alpha,
            tolerance: 1e-12,
            max_iterations: 50,
            start: None,
            uncertainty: true,
            certificate_bytes: DENSE_BYTES,
        })
    }

    /// The fit has converged when no entry of the gradient of the penalised mean log-loss, divided by the root mean
    /// square of its column, is above this; 1e-12 by default.
    pub fn tolerance(mut self, tolerance: f64) -> LogisticParams {
        self.0.tolerance = tolerance;
        self
    }

    /// The most Newton steps; 50 by default.
    pub fn max_iterations(mut self, max_iterations: u32) -> LogisticParams {
        self.0.max_iterations = max_iterations;
        self
    }

    /// A point to start from, such as the coefficients of an earlier model on the same columns.
    pub fn start(mut self, intercept: f64, coefficients: &[f64]) -> LogisticParams {
        self.0.start = Some(coefficients.iter().copied().chain([intercept]).collect());
        self
    }

    /// The coefficients alone: without their uncertainty, advice about columns, and certificate.
    pub fn coefficients_only(mut self) -> LogisticParams {
        self.0.uncertainty = false;
        self
    }

    /// The most memory, in bytes, that the dense matrix of all rows may take for the certificate; above it a sample of
    /// them is asked about. 8 MiB by default, 0 for no certificate.
    pub fn certificate_bytes(mut self, bytes: usize) -> LogisticParams {
        self.0.certificate_bytes = bytes;
        self
    }
}

impl ParamGuard for LogisticParams {
    type Checked = LogisticValidParams;
    type Error = Error;

    /// # Errors
    /// [`Error::Config`] if `alpha` is negative or not finite, the tolerance is not positive, or the start is not
    /// finite.
    fn check_ref(&self) -> Result<&LogisticValidParams> {
        let LogisticValidParams { alpha, tolerance, start, .. } = &self.0;
        if !(alpha.is_finite() && *alpha >= 0.0) {
            return Err(Error::Config(format!("model.alpha is {alpha}; set it to \"auto\", 0 or a positive number")));
        }
        if !(tolerance.is_finite() && *tolerance > 0.0) {
            return Err(Error::Config(format!("the gradient tolerance is {tolerance}; it must be positive")));
        }
        if start.iter().flatten().any(|value| !value.is_finite()) {
            return Err(Error::Config("the coefficients to start from are not all finite".into()));
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<LogisticValidParams> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// linfa names the columns and rows of a data set's records.
impl Records for Design {
    type Elem = f32;

    fn nsamples(&self) -> usize {
        self.rows()
    }

    fn nfeatures(&self) -> usize {
        self.columns()
    }
}

impl From<linfa::Error> for Error {
    fn from(error: linfa::Error) -> Error {
        Error::Internal(format!("linfa: {error}"))
    }
}
