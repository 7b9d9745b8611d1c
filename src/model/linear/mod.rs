//! Logistic regression behind linfa's traits: a Newton solver over the blocks of a design, the uncertainty of its
//! coefficients, advice about what is wrong with the data, and a certificate from `linfa-logistic`'s own optimiser.
//!
//! **Objective.** `mean log-loss + alpha / 2 * |coefficients|^2` with an unpenalised intercept. That is scikit-learn's
//! `LogisticRegression(C = 1 / (rows * alpha))` and `linfa-logistic`'s `alpha = rows * alpha`, as both take the sum of
//! the losses.
//!
//! **Uncertainty.** The rows of one customer on several as-of dates are not independent. With `I = X' W X` the observed
//! information, `H = I + rows * alpha * D` (`D` the identity but for the intercept) and `S` the sum over customers of
//! `s s'`, `s` being the gradient of the log-loss summed over a customer's rows, the covariance of the estimates is
//! `c H^-1 S H^-1` with `c = G / (G - 1) * (n - 1) / (n - k)` for `G` customers, `n` rows and `k` parameters (Liang &
//! Zeger, *Biometrika* 73, 1986; statsmodels' `cov_type="cluster"`). Where every customer has one row it is that of the
//! model itself, `H^-1 I H^-1`, the variance of the penalised estimator
//! around its own expectation (le Cessie & van Houwelingen, *Applied Statistics* 41, 1992). Without a penalty it is
//! `I^-1`, as in statsmodels' `Logit`.
//!
//! **Certificate.** `linfa-logistic` never says why it stopped, and when its line search fails it hands back the
//! point it started from; started at the solution it would agree with anything. So it starts at a point displaced
//! from the solution along the direction of greatest curvature, where the first line search leads straight back, and
//! has to return to the solution by itself. This takes a few iterations of its optimiser and cannot succeed by
//! standing still.

use crate::model::design::{ColumnProfile, Design, DesignBlock};
use crate::model::solver::cholesky::Cholesky;
use loss::{Point, Sample, Sums};
use newton::{curvature_sample, intercept_and_coefficients, penalised, Newton, Objective};
pub mod constraints;
pub mod cross_fit;
mod gram;
pub(super) mod loss;
mod newton;

use crate::error::{Error, Result};
use crate::numeric::logit;
use linfa::dataset::Records;
use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use linfa_logistic::LogisticRegression;
use ndarray::Array1;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of the intercept in tables and messages.
pub const INTERCEPT: &str = "(intercept)";

/// The 97.5 % point of the normal distribution.
pub(crate) const Z_95: f64 = 1.959_963_984_540_054;

/// Log-odds beyond which a probability is 0 or 1 for all practical purposes, and worth a look for separation.
const EXTREME: f64 = 12.0;

/// Variance inflation worth a word: nine tenths of ten would be the textbooks' rule, but windows of one signal are
/// meant to overlap.
const INFLATED: f64 = 100.0;

/// Variance inflation from which on the column is as good as determined by others.
const DETERMINED: f64 = 1e6;

/// Samples of about so many rows are fitted first, if the rows are at least so many times as many.
const SAMPLES: [usize; 2] = [25_000, 100_000];
const SAMPLE_FIRST: usize = 3;

/// A step so small, in log-odds per root mean square of a column, that where it leads the curvature is that of the solution
/// as far as a standard error goes: the next step is a tenth as long, or less, and moves no standard error by a thousandth.
const NEARLY: f64 = 3e-3;

/// How far a sample's fit goes: its solution is not better than this for all rows.
const SAMPLE_TOLERANCE: f64 = 1e-4;

/// The certificate's displacement: so much in the log-odds of a typical row.
const DISPLACEMENT: f64 = 0.01;

/// The most that linfa's solution may differ from ours, in log-odds per root mean square of a column, and as a share of
/// the displacement.
const AGREEMENT: f64 = 1e-5;
const AGREEMENT_SHARE: f64 = 0.1;

/// The most iterations linfa's optimiser may take for the certificate. The first usually comes within 1e-6 of the
/// solution and the fifth within 1e-7; after that its line search wrestles with the rounding of the loss.
const CERTIFICATE_ITERATIONS: u64 = 5;

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

/// Hyper-parameters of the fit, not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticParams(LogisticValidParams);

/// Checked hyper-parameters of the fit.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticValidParams {
    alpha: f64,
    tolerance: f64,
    max_iterations: u32,
    start: Option<Vec<f64>>,
    uncertainty: bool,
    certificate_bytes: usize,
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
            certificate_bytes: 64 << 20,
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

    /// The most memory, in bytes, that the dense matrix for the certificate may take; above it there is none. 64 MiB
    /// by default, 0 to switch it off.
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

/// Fits `design`. Short for linfa's `params.fit(&DatasetBase::new(design, ()))`.
///
/// # Errors
/// As [`LogisticValidParams`]'s `Fit`, and [`Error::Config`] for hyper-parameters out of range.
pub fn fit(design: &Design, params: &LogisticParams) -> Result<LogisticFit> {
    params.fit(&DatasetBase::new(design, ()))
}

/// The labels travel with the rows of a design, so the data set's own targets are empty.
impl Fit<&Design, (), Error> for LogisticValidParams {
    type Object = LogisticFit;

    /// # Errors
    /// [`Error::TooLittle`] unless some customers churned and some stayed; [`Error::Internal`] for a design of the
    /// wrong shape or with values that are not finite.
    fn fit(&self, dataset: &DatasetBase<&Design, ()>) -> Result<LogisticFit> {
        let design: &Design = dataset.records();
        design.check()?;
        let (rows, churners, customers) = (design.rows(), design.churners(), design.customers());
        both_classes(churners, rows)?;
        let profile = design.profile();
        let scale = column_scale(design, &profile)?;
        let start = self.start.clone().unwrap_or_else(|| base_rate_start(design));
        if start.len() != design.columns() + 1 {
            return Err(Error::Internal(format!(
                "{} parameters to start from for {} columns and the intercept",
                start.len(),
                design.columns()
            )));
        }

        let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
        let columns = design.columns();
        let objective = Objective {
            without: None,
            alpha: self.alpha,
            scale: &scale,
            tolerance: self.tolerance,
            max_iterations: self.max_iterations,
        };
        let mut start = start;
        if self.alpha > 0.0 && self.start.is_none() {
            // Evenly spread rows have nearly the same solution.
            for stride in SAMPLES.map(|sample| rows / sample).into_iter().filter(|&stride| stride >= SAMPLE_FIRST) {
                let sample: Vec<&DesignBlock> = blocks.iter().copied().step_by(stride).collect();
                let mut fits = [Newton::new(Objective { tolerance: SAMPLE_TOLERANCE, ..objective }, start, None)];
                newton::advance(&sample, columns, &mut fits)?;
                let [fit] = fits;
                start = fit.theta;
            }
        }
        let sample = curvature_sample(&blocks);
        let mut newton = Newton::new(objective, start, None);
        let (mut separating, mut whole) = (None, None);
        while let Some((theta, curvature)) = newton.request() {
            // The curvature of all rows, which the standard errors need, also ends the search with the next step. Of so few
            // rows that all give the curvature, a pass more costs nothing, and they are those of the solution itself.
            let at_end = self.uncertainty && sample != Sample::ALL && whole.is_none() && newton.reach <= NEARLY;
            let curvature = if at_end { Some(Sample::ALL) } else { curvature.then_some(sample) };
            let point = Point { theta: &theta, without: None, curvature, scatter: at_end && customers < rows };
            let sums = loss::evaluate(&blocks, columns, &[point])?.remove(0);
            whole = whole.or_else(|| at_end.then(|| sums.clone()));
            newton.receive(sums);
            separating = Separating::find(&blocks, columns, self.alpha, &newton)?;
            if separating.is_some() && self.alpha == 0.0 {
                break;
            }
        }
        let converged = newton.converged() && !(separating.is_some() && self.alpha == 0.0);
        let (intercept, coefficients) = intercept_and_coefficients(&newton.theta);
        let mut fit = LogisticFit {
            names: design.names.clone(),
            alpha: self.alpha,
            rows,
            churners,
            customers,
            intercept,
            coefficients: coefficients.to_vec(),
            covariance: Vec::new(),
            variance_inflation: Vec::new(),
            iterations: newton.iterations,
            gradient_norm: newton.gradient_norm,
            log_loss: newton.sums.as_ref().map_or(f64::NAN, |sums| sums.loss / rows as f64),
            converged,
            advice: Vec::new(),
            certificate: Certificate::NotRun { reason: "nobody asked for it".into() },
        };
        if !converged {
            fit.advice.push(Advice::NotConverged {
                iterations: newton.iterations,
                gradient_norm: newton.gradient_norm,
                tolerance: self.tolerance,
            });
        }
        if self.uncertainty {
            let whole = match whole {
                Some(whole) if converged && separating.is_none() => whole,
                _ => {
                    let point = Point {
                        theta: &newton.theta,
                        without: None,
                        curvature: Some(Sample::ALL),
                        scatter: customers < rows,
                    };
                    loss::evaluate(&blocks, columns, &[point])?.remove(0)
                }
            };
            let hessian = self.assess(&mut fit, design, whole, &profile, &scale, separating.as_ref());
            fit.certificate = match converged {
                true => certify(design, self, &newton.theta, &scale, &hessian)?,
                false => Certificate::NotRun { reason: "the fit did not converge".into() },
            };
        }
        Ok(fit)
    }
}

impl LogisticValidParams {
    /// Adds the uncertainty of the coefficients and advice about the columns to a fit, from the sums over all rows at its
    /// solution; returns the curvature of the penalised loss, row after row.
    fn assess(
        &self,
        fit: &mut LogisticFit,
        design: &Design,
        sums: Sums,
        profile: &[ColumnProfile],
        scale: &[f64],
        separating: Option<&Separating>,
    ) -> Vec<f64> {
        let (size, rows) = (design.columns() + 1, fit.rows);
        let information = sums.gram.map(|gram| gram.over(rows)).unwrap_or_default();
        let hessian = penalised(information.clone(), size, self.alpha * rows as f64);
        let factor = Cholesky::new(&hessian, size);
        let inverse = factor.inverse();
        let sandwich = |middle: &[f64]| product(&product(&inverse, middle, size), &inverse, size);
        fit.covariance = match sums.scatter {
            Some(scatter) => {
                let (n, k, groups) = (rows as f64, size as f64, scatter.rows as f64);
                let correction = groups / (groups - 1.0).max(1.0) * (n - 1.0) / (n - k).max(1.0);
                let scatter = scatter.over(scatter.rows);
                sandwich(&scatter.iter().map(|value| value * correction).collect::<Vec<f64>>())
            }
            None if self.alpha > 0.0 => sandwich(&information),
            None => inverse,
        };
        fit.variance_inflation = variance_inflation(&information, size);
        fit.advice.extend(column_advice(design, profile, scale, self.alpha, separating, &factor.dependent));
        fit.advice.extend(inflation_advice(fit));
        hessian
    }
}

/// How many times larger the variance of each coefficient is than it would be if the column had nothing in common with
/// the others: `1 / (1 - R^2)` of the column on the others, under the weights of the fit. Infinite for a column that
/// depends on others exactly; 1 for one that never varies.
fn variance_inflation(information: &[f64], size: usize) -> Vec<f64> {
    let factor = Cholesky::new(information, size);
    let inverse = factor.inverse();
    let at = |i: usize, j: usize| information[i * size + j];
    (0..size - 1)
        .map(|j| {
            let alone = at(j, j) - at(j, size - 1).powi(2) / at(size - 1, size - 1);
            match (alone > 1e-9 * at(j, j), factor.dependent.contains(&j)) {
                (false, _) => 1.0,
                (true, true) => f64::INFINITY,
                (true, false) => match alone * inverse[j * size + j] {
                    inflation if inflation < DETERMINED => inflation.max(1.0),
                    _ => f64::INFINITY,
                },
            }
        })
        .collect()
}

/// One piece of advice about all columns whose coefficients mean little by themselves.
fn inflation_advice(fit: &LogisticFit) -> Option<Advice> {
    let mut inflated: Vec<(f64, &String)> = fit
        .variance_inflation
        .iter()
        .copied()
        .zip(&fit.names)
        .filter(|(inflation, _)| *inflation > INFLATED && inflation.is_finite())
        .collect();
    inflated.sort_by(|a, b| b.0.total_cmp(&a.0));
    let most = inflated.first()?.0;
    let count = inflated.len();
    Some(Advice::Inflated {
        columns: inflated.into_iter().take(5).map(|(_, name)| name.clone()).collect(),
        count,
        most,
    })
}

/// Root mean square of each column, 1 for a column of zeros.
///
/// # Errors
/// [`Error::Internal`] naming the first column with a value that is not finite.
pub(crate) fn column_scale(design: &Design, profile: &[ColumnProfile]) -> Result<Vec<f64>> {
    let scale = |(name, column): (&String, &ColumnProfile)| match column.root_mean_square {
        scale if scale > 0.0 && scale.is_finite() => Ok(scale),
        0.0 => Ok(1.0),
        _ => Err(Error::Internal(format!("column {name} of the design holds a value that is not finite"))),
    };
    design.names.iter().zip(profile).map(scale).collect()
}

/// Nothing, if there is something to tell apart.
///
/// # Errors
/// [`Error::TooLittle`] unless some customers churned and some stayed.
pub(crate) fn both_classes(churners: usize, rows: usize) -> Result<()> {
    if churners > 0 && churners < rows {
        return Ok(());
    }
    Err(Error::TooLittle(format!(
        "{churners} of {rows} training rows churned; a model needs both churners and customers who stayed: use more history \
         or check the churn definition"
    )))
}

/// No effects, and the log-odds of the base rate as the intercept.
pub(crate) fn base_rate_start(design: &Design) -> Vec<f64> {
    let mut start = vec![0.0; design.columns()];
    start.push(logit(design.churners() as f64 / design.rows() as f64));
    start
}

/// A fitted logistic regression of churn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogisticFit {
    /// Names of the columns.
    pub names: Vec<String>,
    /// Penalty strength per row.
    pub alpha: f64,
    /// Rows it was fitted on.
    pub rows: usize,
    /// How many of them churned.
    pub churners: usize,
    /// Customers that the rows are of.
    pub customers: usize,
    /// Log-odds of a row of zeros.
    pub intercept: f64,
    /// Change of the log-odds per unit of each column.
    pub coefficients: Vec<f64>,
    /// Covariance of the estimates, row after row: the coefficients, then the intercept. Clustered by customer where
    /// customers have several rows. Empty if it was not asked for, like the next field.
    pub covariance: Vec<f64>,
    /// Variance inflation of each coefficient; infinite for a column that others determine.
    pub variance_inflation: Vec<f64>,
    /// Newton steps taken.
    pub iterations: u32,
    /// Largest entry of the gradient of the penalised mean log-loss, divided by the root mean square of its column.
    pub gradient_norm: f64,
    /// Mean log-loss on the training rows, without the penalty.
    pub log_loss: f64,
    /// Whether the gradient reached the tolerance at a finite solution.
    pub converged: bool,
    /// What a person should know about this fit.
    pub advice: Vec<Advice>,
    /// What linfa's optimiser says about the solution.
    pub certificate: Certificate,
}

/// A line of the coefficient table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficient {
    /// Name of the column, or [`INTERCEPT`].
    pub name: String,
    /// Change of the log-odds per unit of the column.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Estimate over standard error.
    pub z: f64,
    /// Two-sided p-value of `z` under the normal distribution.
    pub p_value: f64,
    /// Lower end of the 95 % interval.
    pub lower: f64,
    /// Upper end of the 95 % interval.
    pub upper: f64,
    /// Factor on the odds per unit of the column.
    pub odds_ratio: f64,
    /// Lower end of its 95 % interval.
    pub odds_ratio_lower: f64,
    /// Upper end of its 95 % interval.
    pub odds_ratio_upper: f64,
    /// How many times larger the variance of the estimate is for what the column shares with others; none for the
    /// intercept, and for a column that others determine.
    #[serde(default)]
    pub variance_inflation: Option<f64>,
}

impl LogisticFit {
    /// The coefficient table: the intercept, then the columns in their order.
    pub fn table(&self) -> Vec<Coefficient> {
        let size = self.coefficients.len() + 1;
        let line = |(j, name, estimate): (usize, &str, f64)| {
            let variance = self.covariance.get(j * size + j).copied().unwrap_or(f64::NAN);
            let standard_error = variance.max(0.0).sqrt();
            // Without an error (its computation was not asked for, or the column never varies) nothing is significant.
            let z = if standard_error > 0.0 { estimate / standard_error } else { 0.0 };
            let (lower, upper) = (estimate - Z_95 * standard_error, estimate + Z_95 * standard_error);
            Coefficient {
                name: name.into(),
                estimate,
                standard_error,
                z,
                p_value: libm::erfc(z.abs() / std::f64::consts::SQRT_2),
                lower,
                upper,
                odds_ratio: estimate.exp(),
                odds_ratio_lower: lower.exp(),
                odds_ratio_upper: upper.exp(),
                variance_inflation: self.variance_inflation.get(j).copied().filter(|inflation| inflation.is_finite()),
            }
        };
        let columns = self.names.iter().zip(&self.coefficients).enumerate();
        std::iter::once((size - 1, INTERCEPT, self.intercept))
            .chain(columns.map(|(j, (name, &estimate))| (j, name.as_str(), estimate)))
            .map(line)
            .collect()
    }

    /// The log-odds of every row of a design with the same columns, block by block.
    ///
    /// # Errors
    /// As [`DesignBlock::columns`].
    pub fn log_odds(&self, design: &Design) -> Result<Vec<Vec<f64>>> {
        design.log_odds(&self.coefficients, self.intercept)
    }
}

/// What a person should know about a fit. The text says what was found and what to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Advice {
    /// The optimum was not reached, or does not exist.
    NotConverged {
        /// Newton steps taken.
        iterations: u32,
        /// The scaled gradient where they ended.
        gradient_norm: f64,
        /// What it should have come down to.
        tolerance: f64,
    },
    /// Columns tell churners and others apart without error: the likelihood grows forever with their coefficients
    /// (Albert & Anderson, *Biometrika* 71, 1984).
    Separation {
        /// Whether they tell all rows apart, or (quasi-complete) all but ties.
        complete: bool,
        /// The columns, each by itself if one suffices, else together.
        columns: Vec<String>,
        /// Whether a penalty keeps the coefficients finite all the same.
        penalised: bool,
    },
    /// Columns that are linear combinations of others, so that their effects cannot be told apart.
    Collinear {
        /// The columns.
        columns: Vec<String>,
    },
    /// Columns that have so much in common with others that their own coefficients are a matter of chance.
    Inflated {
        /// Those with the largest variance inflation, at most five.
        columns: Vec<String>,
        /// How many there are in all.
        count: usize,
        /// The largest variance inflation.
        most: f64,
    },
    /// Columns with one value in every row.
    Constant {
        /// The columns.
        columns: Vec<String>,
    },
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Advice::NotConverged { iterations, gradient_norm, tolerance } => write!(
                f,
                "the fit did not converge: after {iterations} iterations the gradient is {gradient_norm:.1e}, not below \
                 {tolerance:.1e}; do not rely on its coefficients"
            ),
            Advice::Separation { complete, columns, penalised } => {
                let verb = if columns.len() == 1 { "tells" } else { "tell" };
                let who = if *complete { "all churners from all others" } else { "some customers apart" };
                write!(f, "{} {verb} {who} without a single error; ", columns.join(", "))?;
                if *penalised {
                    write!(f, "only the penalty keeps its effect finite: check that it is known before the churn it predicts")
                } else {
                    write!(
                        f,
                        "no finite effect fits best: set model.alpha above 0, and check that it is known before the churn \
                         it predicts"
                    )
                }
            }
            Advice::Collinear { columns } => write!(
                f,
                "{} can be computed from the other columns, so the effects cannot be told apart: drop them or set \
                 model.alpha above 0",
                columns.join(", ")
            ),
            Advice::Inflated { columns, count, most } => write!(
                f,
                "{count} columns share most of what they say with others (variance inflation up to {most:.0}: {}); read \
                 their coefficients together, not one by one, or keep fewer windows",
                columns.join(", ")
            ),
            Advice::Constant { columns } => {
                let verb = if columns.len() == 1 { "has" } else { "have" };
                write!(f, "{} {verb} the same value in every row and tells nothing", columns.join(", "))
            }
        }
    }
}

/// What linfa's optimiser says about a solution. Differences are in log-odds per root mean square of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Certificate {
    /// Started away from the solution, it came back to it.
    Confirmed {
        /// Largest difference between where it started and the solution.
        displacement: f64,
        /// Largest difference between where it ended and the solution.
        difference: f64,
    },
    /// Started away from the solution, it ended somewhere else.
    Differs {
        /// Largest difference between where it started and the solution.
        displacement: f64,
        /// Largest difference between where it ended and the solution.
        difference: f64,
    },
    /// It stopped with an error.
    Failed {
        /// In linfa's words.
        reason: String,
    },
    /// It was not asked.
    NotRun {
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Certificate::Confirmed { displacement, difference } => write!(
                f,
                "confirmed: linfa-logistic, started {displacement:.1e} away from the solution, returned to within \
                 {difference:.1e} of it"
            ),
            Certificate::Differs { displacement, difference } => write!(
                f,
                "not confirmed: linfa-logistic, started {displacement:.1e} away from the solution, stopped {difference:.1e} \
                 away from it"
            ),
            Certificate::Failed { reason } => write!(f, "not confirmed: linfa-logistic failed: {reason}"),
            Certificate::NotRun { reason } => write!(f, "not run: {reason}"),
        }
    }
}

/// Hands the solution, displaced, to `linfa-logistic`, and looks where its optimiser goes from there.
fn certify(
    design: &Design,
    params: &LogisticValidParams,
    theta: &[f64],
    scale: &[f64],
    hessian: &[f64],
) -> Result<Certificate> {
    let (rows, columns, size) = (design.rows(), design.columns(), theta.len());
    let bytes = rows.saturating_mul(columns).saturating_mul(size_of::<f64>());
    if columns == 0 {
        return Ok(Certificate::NotRun { reason: "the design has no columns".into() });
    }
    if bytes > params.certificate_bytes {
        let budget = params.certificate_bytes;
        return Ok(Certificate::NotRun { reason: format!("its dense matrix takes {bytes} bytes, above {budget}") });
    }

    // `vector' H vector` is the curvature along the direction and the last entry of H the sum of the weights, so the
    // log-odds of a typical row move by DISPLACEMENT.
    let (direction, curvature) = steepest(hessian, size);
    let length = DISPLACEMENT * (hessian[size * size - 1] / curvature).sqrt();
    let start: Vec<f64> = theta.iter().zip(&direction).map(|(theta, d)| theta + length * d).collect();

    // linfa's positive class is the more frequent one; of two equally frequent ones that of the first row.
    let churned = design.churned();
    let positive = match (2 * design.churners()).cmp(&rows) {
        std::cmp::Ordering::Equal => churned[0],
        more => more.is_gt(),
    };
    let toward = |churn_is_positive: bool| if churn_is_positive { 1.0 } else { -1.0 };
    let initial: Array1<f64> = start.iter().map(|value| value * toward(positive)).collect();
    let model = LogisticRegression::default()
        .alpha(params.alpha * rows as f64)
        .gradient_tolerance(1e-8 * rows as f64)
        .max_iterations(CERTIFICATE_ITERATIONS)
        .initial_params(initial)
        .fit(&DatasetBase::new(design.to_f64()?, churned));
    Ok(match model {
        Err(error) => Certificate::Failed { reason: error.to_string() },
        Ok(model) => {
            let sign = toward(model.labels().pos.class);
            let found: Vec<f64> = model.params().iter().chain([&model.intercept()]).map(|value| value * sign).collect();
            let distance = |point: &[f64]| {
                let pairs = point.iter().zip(theta).zip(scale.iter().chain([&1.0]));
                pairs.map(|((a, b), scale)| (a - b).abs() * scale).fold(0.0, f64::max)
            };
            let (displacement, difference) = (distance(&start), distance(&found));
            if difference <= AGREEMENT && difference <= AGREEMENT_SHARE * displacement {
                Certificate::Confirmed { displacement, difference }
            } else {
                Certificate::Differs { displacement, difference }
            }
        }
    })
}

/// The unit vector along which a positive definite matrix of `size` rows curves most, by power iteration, and the
/// curvature along it.
fn steepest(matrix: &[f64], size: usize) -> (Vec<f64>, f64) {
    let mut vector = vec![(size as f64).sqrt().recip(); size];
    let mut curvature = 0.0;
    for _ in 0..100 {
        let next: Vec<f64> =
            matrix.chunks_exact(size).map(|row| row.iter().zip(&vector).map(|(a, b)| a * b).sum()).collect();
        curvature = next.iter().zip(&vector).map(|(a, b)| a * b).sum();
        let length = next.iter().map(|a| a * a).sum::<f64>().sqrt();
        vector = next.into_iter().map(|a| a / length).collect();
    }
    (vector, curvature)
}

/// A direction along which the likelihood never falls.
struct Separating {
    complete: bool,
    /// The coefficients, then the intercept.
    direction: Vec<f64>,
}

impl Separating {
    /// Whether the classes are separated at, or in the direction of, the latest step of a fit.
    fn find(blocks: &[&DesignBlock], columns: usize, alpha: f64, newton: &Newton) -> Result<Option<Separating>> {
        let Some(sums) = &newton.sums else { return Ok(None) };
        if sums.lowest_margin > 0.0 {
            return Ok(Some(Separating { complete: true, direction: newton.theta.clone() }));
        }
        if alpha > 0.0 || sums.largest < EXTREME {
            return Ok(None);
        }
        // Under quasi-complete separation all but the separated rows have settled while those still move on by about
        // one per step, none of them backwards.
        let direction: Vec<f64> = newton.step.iter().map(|step| -step).collect();
        let point = Point { theta: &direction, without: None, curvature: None, scatter: false };
        let moved = loss::evaluate(blocks, columns, &[point])?.remove(0);
        Ok((moved.largest > 0.1 && moved.lowest_margin > -1e-3 * moved.largest)
            .then_some(Separating { complete: false, direction }))
    }
}

/// Advice about columns: those that separate, those that depend on others, those that say nothing.
fn column_advice(
    design: &Design,
    profile: &[ColumnProfile],
    scale: &[f64],
    alpha: f64,
    separating: Option<&Separating>,
    dependent: &[usize],
) -> Vec<Advice> {
    let named = |keep: &dyn Fn(usize) -> bool| -> Vec<String> {
        (0..design.columns()).filter(|&j| keep(j)).map(|j| design.names[j].clone()).collect()
    };
    let apart = |j: usize| profile[j].stayed.1 < profile[j].churned.0 || profile[j].churned.1 < profile[j].stayed.0;
    let touching = |j: usize| {
        !profile[j].constant()
            && (profile[j].stayed.1 <= profile[j].churned.0 || profile[j].churned.1 <= profile[j].stayed.0)
    };
    let mut advice = Vec::new();
    let penalised = alpha > 0.0;
    let (alone, almost) = (named(&apart), named(&touching));
    if !alone.is_empty() {
        advice.push(Advice::Separation { complete: true, columns: alone, penalised });
    } else if !almost.is_empty() {
        advice.push(Advice::Separation { complete: false, columns: almost, penalised });
    } else if let Some(Separating { complete, direction }) = separating {
        let effect = |j: usize| direction[j].abs() * scale[j];
        let most = (0..design.columns()).map(effect).fold(0.0, f64::max);
        let columns = named(&|j| effect(j) > 0.1 * most);
        advice.push(Advice::Separation { complete: *complete, columns, penalised });
    }

    let constant = named(&|j| profile[j].constant());
    let mut columns = named(&|j| dependent.contains(&j) && !profile[j].constant());
    if dependent.contains(&design.columns()) && constant.is_empty() {
        columns.push(INTERCEPT.into());
    }
    if !columns.is_empty() {
        advice.push(Advice::Collinear { columns });
    }
    if !constant.is_empty() {
        advice.push(Advice::Constant { columns: constant });
    }
    advice
}

/// The product of two square matrices of `size` rows, row after row.
fn product(a: &[f64], b: &[f64], size: usize) -> Vec<f64> {
    let mut c = vec![0.0; size * size];
    for (to, row) in c.chunks_exact_mut(size).zip(a.chunks_exact(size)) {
        for (&a, other) in row.iter().zip(b.chunks_exact(size)) {
            to.iter_mut().zip(other).for_each(|(c, b)| *c += a * b);
        }
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::design::examples::{change, random, split};
    use proptest::prelude::*;

    fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn blocks_hardly_matter_and_threads_not_at_all(seed in 0..1000_u64, size in 50..400_usize, columns in 1..9_usize) {
            let whole = random(1_500, columns, seed);
            let cut = split(&whole, size);
            let params = LogisticParams::new(1e-4);
            let one = in_pool(1, || fit(&cut, &params)).unwrap();
            let three = in_pool(3, || fit(&cut, &params)).unwrap();
            prop_assert_eq!(&one, &three);
            let other = fit(&whole, &params).unwrap();
            for (a, b) in one.coefficients.iter().zip(&other.coefficients) {
                prop_assert!((a - b).abs() < 1e-9, "{} against {}", a, b);
            }
            for (a, b) in one.covariance.iter().zip(&other.covariance) {
                prop_assert!((a - b).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn the_certificate_comes_from_linfa_and_notices_a_wrong_solution() {
        for (seed, rows, columns) in [(1, 3_000, 6), (2, 400, 1), (3, 20_000, 12)] {
            let mut design = random(rows, columns, seed);
            for alpha in [0.0, 1e-4, 1e-2] {
                let fitted = fit(&design, &LogisticParams::new(alpha)).unwrap();
                let Certificate::Confirmed { displacement, difference } = fitted.certificate else {
                    panic!("{}", fitted.certificate)
                };
                assert!(displacement > 1e-4 && difference < 1e-6, "{displacement} {difference}");
            }
            // Churn as the more frequent class, which linfa then takes as its positive one.
            design.blocks[0].y.iter_mut().for_each(|y| *y = 1 - *y);
            let fitted = fit(&design, &LogisticParams::new(1e-4)).unwrap();
            assert!(matches!(fitted.certificate, Certificate::Confirmed { .. }), "{}", fitted.certificate);
        }

        let design = random(3_000, 4, 8);
        let LogisticParams(params) = LogisticParams::new(1e-3);
        let fitted = fit(&design, &LogisticParams(params.clone())).unwrap();
        let scale = column_scale(&design, &design.profile()).unwrap();
        let size = 5;
        let mut hessian = vec![0.0; size * size];
        (0..size).for_each(|j| hessian[j * size + j] = 1.0);
        let mut theta: Vec<f64> = fitted.coefficients.iter().copied().chain([fitted.intercept]).collect();
        theta[1] += 0.2;
        let certificate = certify(&design, &params, &theta, &scale, &hessian).unwrap();
        assert!(matches!(certificate, Certificate::Differs { difference, .. } if difference > 0.05), "{certificate}");
    }

    #[test]
    fn classes_of_equal_size_and_a_matrix_above_the_budget() {
        let mut design = random(1_000, 3, 4);
        let block = &mut design.blocks[0];
        (0..1_000).for_each(|row| block.y[row] = u8::from((row * 7919) % 1_000 < 500));
        for first in [0, 1] {
            if design.blocks[0].y[0] != first {
                design.blocks[0].y.iter_mut().for_each(|y| *y = 1 - *y);
            }
            assert_eq!(design.churners(), 500);
            let fitted = fit(&design, &LogisticParams::new(1e-3)).unwrap();
            assert!(matches!(fitted.certificate, Certificate::Confirmed { .. }), "{}", fitted.certificate);
        }
        let fitted = fit(&design, &LogisticParams::new(1e-3).certificate_bytes(1_000 * 3 * 8 - 1)).unwrap();
        assert_eq!(fitted.certificate.to_string(), "not run: its dense matrix takes 24000 bytes, above 23999");
    }

    #[test]
    fn a_warm_start_arrives_at_the_same_place_sooner() {
        let design = random(5_000, 8, 6);
        let cold = fit(&design, &LogisticParams::new(1e-4)).unwrap();
        let warm = fit(&design, &LogisticParams::new(1e-4).start(cold.intercept, &cold.coefficients)).unwrap();
        assert!(cold.converged && warm.converged && cold.advice.is_empty());
        assert!(warm.iterations <= 1 && cold.iterations >= 3, "{} {}", warm.iterations, cold.iterations);
        for (a, b) in cold.coefficients.iter().zip(&warm.coefficients) {
            assert!((a - b).abs() < 1e-10);
        }
        let far = fit(&design, &LogisticParams::new(1e-4).start(30.0, &[-20.0; 8])).unwrap();
        assert!(far.converged);
        assert!((far.intercept - cold.intercept).abs() < 1e-9);
        let stopped = fit(&design, &LogisticParams::new(1e-4).max_iterations(1)).unwrap();
        assert!(!stopped.converged);
        assert!(stopped.advice[0].to_string().starts_with("the fit did not converge: after 1 iterations"));
        assert!(matches!(stopped.certificate, Certificate::NotRun { .. }));
    }

    #[test]
    fn one_class_and_bad_parameters_are_refused() {
        let mut design = random(50, 2, 1);
        let bad = |params: LogisticParams| fit(&random(50, 2, 1), &params).unwrap_err().exit_code();
        assert_eq!(bad(LogisticParams::new(-1.0)), 2);
        assert_eq!(bad(LogisticParams::new(f64::NAN)), 2);
        assert_eq!(bad(LogisticParams::new(0.1).tolerance(0.0)), 2);
        assert_eq!(bad(LogisticParams::new(0.1).start(f64::INFINITY, &[0.0; 2])), 2);
        assert_eq!(bad(LogisticParams::new(0.1).start(0.0, &[0.0; 3])), 1);
        change(&mut design.blocks[0], |x| x[60] = f32::NAN);
        let error = fit(&design, &LogisticParams::new(0.1)).unwrap_err();
        assert!(error.to_string().contains("column x1"), "{error}");
        for y in [0, 1] {
            let mut design = random(50, 2, 1);
            design.blocks[0].y.fill(y);
            let error = fit(&design, &LogisticParams::new(0.1)).unwrap_err();
            assert_eq!(error.exit_code(), 5);
            assert!(error.to_string().starts_with(&format!("{} of 50 training rows churned", 50 * u32::from(y))));
        }
        let none = Design { names: vec!["x".into()], blocks: vec![] };
        assert_eq!(fit(&none, &LogisticParams::new(0.1)).unwrap_err().exit_code(), 5);
    }

    /// The design with one more column.
    fn with_column(mut design: Design, name: &str, value: impl Fn(usize, u8) -> f32) -> Design {
        design.names.push(name.into());
        for block in &mut design.blocks {
            let column: Vec<f32> = (0..block.rows).map(|row| value(row, block.y[row])).collect();
            change(block, |x| x.extend(column));
        }
        design
    }

    fn separation(fitted: &LogisticFit) -> Option<(bool, Vec<String>, bool)> {
        fitted.advice.iter().find_map(|advice| match advice {
            Advice::Separation { complete, columns, penalised } => Some((*complete, columns.clone(), *penalised)),
            _ => None,
        })
    }

    #[test]
    fn separation_is_noticed_and_named() {
        let base = random(600, 3, 7);
        // By one column, completely.
        let design = with_column(base.clone(), "leak", |row, y| f32::from(y) * 3.0 - 1.0 + (row % 7) as f32 / 10.0);
        for (alpha, penalised) in [(0.0, false), (1e-3, true)] {
            let fitted = fit(&design, &LogisticParams::new(alpha)).unwrap();
            assert_eq!(separation(&fitted), Some((true, vec!["leak".into()], penalised)), "{:?}", fitted.advice);
            assert_eq!(fitted.converged, penalised);
        }
        let text = fit(&design, &LogisticParams::new(0.0)).unwrap().advice[1].to_string();
        assert!(
            text.starts_with("leak tells all churners from all others without a single error; no finite"),
            "{text}"
        );
        // By one column, but for ties: an indicator that only churners have.
        let design = with_column(base.clone(), "cancelled", |row, y| f32::from(u8::from(y == 1 && row % 2 == 0)));
        for (alpha, penalised) in [(0.0, false), (1e-3, true)] {
            let fitted = fit(&design, &LogisticParams::new(alpha)).unwrap();
            assert_eq!(separation(&fitted), Some((false, vec!["cancelled".into()], penalised)), "{:?}", fitted.advice);
            assert_eq!(fitted.converged, penalised);
        }
        // By the difference of two columns, completely and but for ties; neither does it alone.
        for (complete, gap) in [(true, 0.5), (false, 0.0)] {
            let noise = |row: usize| ((row * 7919) % 101) as f32 / 8.0;
            let design = with_column(base.clone(), "before", |row, _| noise(row));
            let design =
                with_column(design, "after", |row, y| noise(row) - if y == 1 { gap + (row % 3) as f32 } else { -gap });
            let fitted = fit(&design, &LogisticParams::new(0.0)).unwrap();
            let columns = vec!["before".to_string(), "after".to_string()];
            assert_eq!(separation(&fitted), Some((complete, columns, false)), "{:?}", fitted.advice);
            assert!(!fitted.converged);
        }
        // Strong effects alone are no separation.
        let mut strong = random(4_000, 2, 9);
        let noise = random(4_000, 2, 10);
        let value = |design: &Design, row: usize| design.blocks[0].columns().unwrap().column(0)[row];
        for row in 0..4_000 {
            let push = value(&strong, row) * 6.0 + value(&noise, row);
            strong.blocks[0].y[row] = u8::from(push > 2.0);
        }
        let fitted = fit(&strong, &LogisticParams::new(0.0)).unwrap();
        assert!(fitted.converged && fitted.advice.is_empty(), "{:?}", fitted.advice);
    }

    #[test]
    fn columns_that_depend_on_others_are_named_and_the_fit_goes_on() {
        let base = random(800, 3, 12);
        let plain = fit(&base, &LogisticParams::new(0.0)).unwrap();
        let copy = base.blocks[0].columns().unwrap().column(1).to_vec();
        let design = with_column(base.clone(), "copy", |row, _| copy[row]);
        let fitted = fit(&design, &LogisticParams::new(0.0)).unwrap();
        assert!(fitted.converged);
        assert_eq!(fitted.advice, [Advice::Collinear { columns: vec!["copy".into()] }]);
        assert!((fitted.log_loss - plain.log_loss).abs() < 1e-10);
        assert!((fitted.coefficients[1] + fitted.coefficients[3] - plain.coefficients[1]).abs() < 1e-6);
        assert!(fitted.table()[2].standard_error > 100.0 * plain.table()[2].standard_error);

        let design = with_column(base.clone(), "always", |_, _| 2.5);
        let fitted = fit(&design, &LogisticParams::new(0.0)).unwrap();
        assert!(fitted.converged);
        assert_eq!(fitted.advice, [Advice::Constant { columns: vec!["always".into()] }]);
        let fitted = fit(&design, &LogisticParams::new(1e-3)).unwrap();
        assert_eq!(fitted.advice, [Advice::Constant { columns: vec!["always".into()] }]);
        assert!(fitted.coefficients[3].abs() < 1e-9);

        // Indicators of all levels add up to the intercept.
        let design = with_column(base.clone(), "even", |row, _| f32::from(u8::from(row % 2 == 0)));
        let design = with_column(design, "odd", |row, _| f32::from(u8::from(row % 2 == 1)));
        let fitted = fit(&design, &LogisticParams::new(0.0)).unwrap();
        assert!(fitted.converged);
        assert_eq!(fitted.advice, [Advice::Collinear { columns: vec![INTERCEPT.into()] }]);
        let zeros = with_column(base, "zero", |_, _| 0.0);
        let fitted = fit(&zeros, &LogisticParams::new(0.0)).unwrap();
        assert!(fitted.converged && fitted.coefficients[3] == 0.0);
    }

    #[test]
    fn units_of_measurement_only_rescale_the_answer() {
        let design = random(2_000, 3, 3);
        let mut scaled = design.clone();
        let factors = [1024.0_f32, 1.0, 1.0 / 4096.0];
        for (j, factor) in factors.iter().enumerate() {
            let rows = j * 2_000..(j + 1) * 2_000;
            change(&mut scaled.blocks[0], |x| x[rows].iter_mut().for_each(|x| *x *= factor));
        }
        let (a, b) =
            (fit(&design, &LogisticParams::new(0.0)).unwrap(), fit(&scaled, &LogisticParams::new(0.0)).unwrap());
        assert!(a.converged && b.converged);
        for (j, factor) in factors.iter().enumerate() {
            assert!((a.coefficients[j] - b.coefficients[j] * f64::from(*factor)).abs() < 1e-9);
            assert!((a.table()[j + 1].z - b.table()[j + 1].z).abs() < 1e-6);
        }
    }

    #[test]
    fn a_fit_survives_json_and_works_without_columns() {
        let fitted = fit(&random(300, 2, 1), &LogisticParams::new(1e-3)).unwrap();
        let text = serde_json::to_string(&fitted).unwrap();
        assert_eq!(serde_json::from_str::<LogisticFit>(&text).unwrap(), fitted);
        let mut design = random(300, 1, 1);
        design.names.clear();
        change(&mut design.blocks[0], Vec::clear);
        let fitted = fit(&design, &LogisticParams::new(1e-3)).unwrap();
        assert!(fitted.converged && fitted.coefficients.is_empty());
        let rate = design.churners() as f64 / 300.0;
        assert!((fitted.intercept - logit(rate)).abs() < 1e-10);
        let error = 1.0 / (300.0 * rate * (1.0 - rate)).sqrt();
        assert!((fitted.table()[0].standard_error - error).abs() < 1e-10);
    }
}
