//! The fit: Newton's method over all rows, from the solution for a part of them, and what the curvature at the end
//! says.

use super::advice::{column_advice, inflation_advice, Advice, Separating};
use super::certificate::{certify_unrestricted, Certificate};
use super::loss::{self, Point, Sample};
use super::newton::{self, curvature_sample, intercept_and_coefficients, Newton, Objective, Request};
use super::params::{LogisticParams, LogisticValidParams};
use super::uncertainty::Uncertainty;
use super::LogisticFit;
use crate::error::{Error, Result};
use crate::model::design::{base_rate_start, both_classes, column_scale, Design, DesignBlock};
use crate::model::solver::report::Report;
use linfa::traits::Fit;
use linfa::DatasetBase;

/// Samples of about so many rows are fitted first, if the rows are at least so many times as many.
const SAMPLES: [usize; 2] = [25_000, 100_000];
const SAMPLE_FIRST: usize = 3;

/// A step so small, in log-odds per root mean square of a column, that where it leads the curvature is that of the
/// solution as far as a standard error goes: the next step is a tenth as long, or less, and moves no standard error by
/// a thousandth.
const NEARLY: f64 = 3e-3;

/// How far a sample's fit goes: its solution is not better than this for all rows.
const SAMPLE_TOLERANCE: f64 = 1e-4;

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

        // Rows of one customer are not independent, nor is a row that stands for others as sure as they would be.
        let by_customer = customers < rows || design.is_weighted();
        let sample = curvature_sample(&blocks);
        let mut newton = Newton::new(objective, start, None);
        let (mut separating, mut whole) = (None, None);

        while let Some(Request { theta, curvature }) = newton.request() {
            // The curvature of all rows, which the standard errors need, also ends the search with the next step. Of so
            // few rows that all give the curvature, a pass more costs nothing, and they are those of the solution
            // itself.
            let at_end = self.uncertainty && sample != Sample::ALL && whole.is_none() && newton.step_size <= NEARLY;
            let curvature = if at_end { Some(Sample::ALL) } else { curvature.then_some(sample) };
            let point = Point { theta: &theta, without: None, curvature, scatter: at_end && by_customer };
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
            report: Report {
                iterations: newton.iterations,
                gradient_norm: newton.gradient_norm,
                log_loss: newton.sums.as_ref().map_or(f64::NAN, |sums| sums.loss / sums.weight),
                converged,
            },
            advice: Vec::new(),
            certificate: Certificate::not_run("nobody asked for it"),
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
                        scatter: by_customer,
                    };
                    loss::evaluate(&blocks, columns, &[point])?.remove(0)
                }
            };

            let found = Uncertainty::from_sums(whole, columns + 1, self.alpha);
            let separating = separating.as_ref();
            fit.advice.extend(column_advice(design, &profile, &scale, self.alpha, separating, &found.dependent));
            fit.advice.extend(inflation_advice(&fit.names, &found.variance_inflation));
            fit.covariance = found.covariance;
            fit.variance_inflation = found.variance_inflation;

            if !converged {
                fit.certificate = Certificate::not_run("the fit did not converge");
            } else if self.certificate_bytes > 0 {
                fit.certificate = certify_unrestricted(design, &newton.theta, self.alpha, self.certificate_bytes)?;
            }
        }
        Ok(fit)
    }
}
