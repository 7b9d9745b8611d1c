//! A certificate from linfa's own optimiser.
//!
//! `linfa-logistic` never says why it stopped, and when its line search fails it hands back the point it
//! started from; started at the solution it would agree with anything. So it starts at a point displaced from the
//! solution along the direction of greatest curvature, where the first line search leads straight back, and
//! has to return to the solution by itself. This takes a few iterations of its optimiser and cannot succeed by
//! standing still.
//!
//! It knows neither bounds nor a penalty that drops groups, so it is asked about the coefficients that are not held at
//! 0, each under the [ridge](Regulariser::free) that the penalty comes to at the solution.

use super::newton::{self, Newton, Objective};
use crate::config::Penalty;
use crate::error::Result;
use crate::language::Message;
use crate::model::design::{column_scale, Design, DesignBlock};
use crate::model::solver::proximal::{Bound, FreeCoefficient, Group, Regulariser};
use crate::numeric::{sigmoid, softplus};
use crate::weights::RowWeights;
use linfa::traits::Fit;
use linfa::DatasetBase;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, ShapeBuilder, Slice};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// The certificate's displacement: so much in the log-odds of a typical row.
const DISPLACEMENT: f64 = 0.01;

/// The direction of the displacement is found from about so many rows, in so many iterations, and then in so many more
/// from all.
const DIRECTION_ROWS: usize = 1_000;
const DIRECTION_ITERATIONS: usize = 30;
const LAST_ITERATIONS: usize = 5;

/// The most that linfa's solution may differ from ours, in log-odds per root mean square of a column, and as a share of
/// the displacement.
const AGREEMENT: f64 = 1e-5;
const AGREEMENT_SHARE: f64 = 0.1;

/// The most iterations linfa's optimiser may take for an unrestricted linear model. The fifth usually comes within 1e-7
/// of the solution; after that its line search wrestles with the rounding of the loss, at many times the cost.
const UNRESTRICTED_ITERATIONS: u64 = 5;

/// The most where coefficients are restricted: the ridges that stand for the norms of groups are unlike each other.
const RESTRICTED_ITERATIONS: u64 = 100;

/// The most that the dense matrix may take; above it, a sample is asked about. The cost of the check is in proportion
/// to it, and stays below a tenth of the time that the training of such rows takes.
pub(in crate::model) const DENSE_BYTES: usize = 8 << 20;

/// Tolerance and most iterations of an unrestricted fit of a sample.
const SAMPLE_TOLERANCE: f64 = 1e-9;
const SAMPLE_ITERATIONS: u32 = 50;

/// Losses that differ by less are equal but for rounding.
const LOSS_ROUNDING: f64 = 1e-10;

/// What linfa's optimiser says about a solution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Certificate {
    /// Started away from the solution, it came back to it.
    Confirmed(Trial),
    /// Started away from the solution, it ended somewhere else.
    Differs {
        /// Where it started and ended.
        #[serde(flatten)]
        trial: Trial,
        /// The penalised mean log-loss where it ended, less that of the solution; none in an older file. Below zero,
        /// the solution is not the optimum; above it, linfa's optimiser has not got there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        excess_loss: Option<f64>,
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

/// Where linfa's optimiser started and ended. Differences are in log-odds per root mean square of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Largest difference between where it started and the solution.
    pub displacement: f64,
    /// Largest difference between where it ended and the solution.
    pub difference: f64,
    /// The rows that both were asked about; none in an older file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// Largest difference between the two in the log-odds of one of these rows; none in an older file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_odds: Option<f64>,
    /// The columns that it was asked about; none where that were all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<CheckedColumns>,
}

/// The columns that linfa's optimiser was asked about: those whose coefficients neither a direction nor the penalty
/// holds at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedColumns {
    /// How many.
    pub checked: usize,
    /// Of how many in all.
    pub of: usize,
}

impl Certificate {
    /// Without a word of linfa's.
    pub(in crate::model) fn not_run(reason: impl Into<String>) -> Certificate {
        Certificate::NotRun { reason: reason.into() }
    }

    /// That of a model file without one.
    pub(crate) fn unknown() -> Certificate {
        Certificate::not_run("the model file says nothing of it")
    }

    /// Rows of one class have no solution that could be checked.
    pub(in crate::model) fn one_class(rows: usize) -> Certificate {
        Certificate::not_run(format!("all {rows} rows of its sample have one label"))
    }

    /// What a person should know, if linfa contradicts the solution: it ended where the loss is lower. That it stopped
    /// short of the solution, or with an error, says something of its optimiser alone.
    pub fn advice(&self) -> Option<Message> {
        match self {
            Certificate::Differs { trial, excess_loss: Some(excess) } if *excess < -LOSS_ROUNDING => {
                Some(Message::new("fit-certificate").message("found", trial.found_better(*excess)))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Certificate::Confirmed(trial) => {
                write!(
                    f,
                    "confirmed: linfa-logistic, started {:.1e} away from the solution, returned to within {:.1e} of \
                     it{}",
                    trial.displacement,
                    trial.difference,
                    trial.extent()
                )
            }
            Certificate::Differs { trial, excess_loss } => {
                write!(
                    f,
                    "not confirmed: linfa-logistic, started {:.1e} away from the solution, stopped {:.1e} away from it",
                    trial.displacement, trial.difference
                )?;
                if let Some(excess) = excess_loss {
                    let than = if *excess < 0.0 { "lower" } else { "higher" };
                    write!(f, ", where the loss is {:.1e} {than}", excess.abs())?;
                }
                f.write_str(&trial.extent())
            }
            Certificate::Failed { reason } => write!(f, "not confirmed: linfa-logistic failed: {reason}"),
            Certificate::NotRun { reason } => write!(f, "not run: {reason}"),
        }
    }
}

impl Trial {
    /// That linfa's optimiser has found a solution with so much less loss.
    fn found_better(&self, excess: f64) -> Message {
        let found = Message::new("certificate-differs")
            .scientific("start", self.displacement, 1)
            .scientific("end", self.difference, 1)
            .scientific("excess", excess.abs(), 1);
        let (Some(rows), Some(log_odds)) = (self.rows, self.log_odds) else { return found };
        let message = match self.columns {
            Some(CheckedColumns { checked, of }) => {
                Message::new("certificate-columns").count("checked", checked).count("all", of)
            }
            None => Message::new("certificate-rows"),
        };
        message.message("text", found).count("rows", rows).scientific("most", log_odds, 1)
    }

    /// On how many rows and columns, and what the difference comes to in a row.
    fn extent(&self) -> String {
        let (Some(rows), Some(log_odds)) = (self.rows, self.log_odds) else { return String::new() };
        let columns = self.columns.map_or(String::new(), |CheckedColumns { checked, of }| {
            format!(" and {checked} of {of} columns, as the other coefficients are held at 0")
        });
        format!(" (on {rows} rows{columns}; their log-odds differ by {log_odds:.1e} at most)")
    }
}

/// The solution of a fit of a design, `theta`, and where else its solver may be asked.
pub(super) struct FittedDesign<'a> {
    /// All rows.
    pub design: &'a Design,
    /// The coefficients, then the intercept.
    pub theta: Vec<f64>,
    /// What the fit kept to.
    pub regulariser: &'a Regulariser,
    /// The most memory that the dense matrix may take.
    pub bytes: usize,
}

impl FittedDesign<'_> {
    /// Lets linfa check the solution. Where the dense matrix of all rows would take too much memory, both solvers fit a
    /// sample of whole customers with the same penalty per row: `fit` is ours, and gives nothing if it does not
    /// converge.
    pub fn certify(self, fit: impl FnOnce(&Design, Vec<f64>) -> Result<Option<Vec<f64>>>) -> Result<Certificate> {
        let FittedDesign { design, mut theta, regulariser, bytes } = self;
        if design.columns() == 0 {
            return Ok(Certificate::not_run("the design has no columns"));
        }
        let mut free = regulariser.free(&theta);

        // As often as the rows stand for customers, they are written out.
        let most = bytes / size_of::<f64>() / free.len().max(1);
        let rows = design.whole_customers((most as f64 * design.rows() as f64 / design.totals().all) as usize)?;
        let churners = rows.churners();
        if churners == 0 || churners == rows.rows() {
            return Ok(Certificate::one_class(rows.rows()));
        }
        if let Cow::Owned(sample) = &rows {
            match fit(sample, theta)? {
                Some(found) => theta = found,
                None => return Ok(Certificate::not_run("the fit of its sample did not converge")),
            }
            free = regulariser.free(&theta);
        }

        let is_plain = !regulariser.has_corners();
        let iterations = if is_plain { UNRESTRICTED_ITERATIONS } else { RESTRICTED_ITERATIONS };
        let records = rows.columns_to_f64(free.iter().map(|free| free.column))?;
        let weights = RowWeights::joined(rows.blocks.iter().map(|block| (&block.weights, block.rows)));
        Ok(Solution { theta: &theta, free: &free, iterations }.certify(records, rows.churned(), &weights))
    }
}

/// Lets linfa check the solution of an unrestricted fit of a design.
pub(super) fn certify_unrestricted(design: &Design, theta: &[f64], alpha: f64, bytes: usize) -> Result<Certificate> {
    let columns = design.columns();
    let groups = vec![Group { columns: 0..columns, weight: 1.0 }];
    let regulariser = Regulariser::new(Penalty::L2, alpha, groups, vec![Bound::Free; columns]);
    let fitted = FittedDesign { design, theta: theta.to_vec(), regulariser: &regulariser, bytes };
    fitted.certify(|sample, start| {
        let objective = Objective {
            without: None,
            alpha,
            scale: &column_scale(sample, &sample.profile())?,
            tolerance: SAMPLE_TOLERANCE,
            max_iterations: SAMPLE_ITERATIONS,
        };

        let blocks: Vec<&DesignBlock> = sample.blocks.iter().collect();
        let mut fits = [Newton::new(objective, start, None)];
        newton::advance(&blocks, columns, &mut fits)?;
        let [fit] = fits;
        Ok(if fit.converged() { Some(fit.theta) } else { None })
    })
}

/// What a solver found for some rows.
pub(in crate::model) struct Solution<'a> {
    /// The coefficients, then the intercept.
    pub theta: &'a [f64],
    /// Those that linfa is asked about; the others are 0.
    pub free: &'a [FreeCoefficient],
    /// The most iterations that linfa's optimiser may take.
    pub iterations: u64,
}

impl Solution<'_> {
    /// Hands the solution, displaced, to `linfa-logistic`, and looks where its optimiser goes from there. `records` has
    /// the shape (rows, free coefficients), with both classes among its rows.
    ///
    /// It ignores weights. Rows of whole weights are written out as many times, which is the same problem; of others it
    /// is not asked.
    pub fn certify(&self, records: Array2<f64>, churned: Array1<bool>, weights: &RowWeights) -> Certificate {
        let Some(times) = weights.whole() else {
            return Certificate::not_run(
                "rows stand for numbers of customers that are not whole, and linfa-logistic knows no weights; that the \
                 gradient of the weighted loss vanishes is what there is",
            );
        };
        let (records, churned) =
            if times.is_empty() { (records, churned) } else { written_out(records, churned, &times) };

        let Some((&intercept, coefficients)) = self.theta.split_last().filter(|_| !self.free.is_empty()) else {
            return Certificate::not_run("every coefficient is held at 0");
        };
        let solved = Solved::new(intercept, coefficients, self.free, DatasetBase::new(records, churned));

        let start = solved.displaced();
        let found = match solved.found_by_linfa(&start, self.iterations) {
            Ok(found) => found,
            Err(error) => return Certificate::Failed { reason: error.to_string() },
        };

        let columns = CheckedColumns { checked: self.free.len(), of: coefficients.len() };
        let trial = Trial {
            displacement: solved.distance(&start),
            difference: solved.distance(&found),
            rows: Some(solved.rows()),
            log_odds: Some(solved.largest_difference(&found)),
            columns: Some(columns).filter(|columns| columns.checked < columns.of),
        };
        if trial.difference <= AGREEMENT && trial.difference <= AGREEMENT_SHARE * trial.displacement {
            return Certificate::Confirmed(trial);
        }
        Certificate::Differs { trial, excess_loss: Some(solved.loss(&found) - solved.loss(&solved.theta)) }
    }
}

/// Records and labels, each row as many times as is said.
fn written_out(records: Array2<f64>, churned: Array1<bool>, times: &[usize]) -> (Array2<f64>, Array1<bool>) {
    let places: Vec<usize> = (0..).zip(times).flat_map(|(row, &times)| std::iter::repeat_n(row, times)).collect();
    let mut repeated = Array2::zeros((places.len(), records.ncols()).f());
    for (mut to, from) in repeated.columns_mut().into_iter().zip(records.columns()) {
        to.iter_mut().zip(&places).for_each(|(to, &row)| *to = from[row]);
    }
    (repeated, places.iter().map(|&row| churned[row]).collect())
}

/// A direction of parameters, of length one.
struct Steepest {
    direction: Vec<f64>,
    /// The curvature of the loss along it, over that along the intercept.
    curvature: f64,
}

/// A problem as linfa knows it, with one ridge for all columns, and its solution.
struct Solved {
    dataset: DatasetBase<Array2<f64>, Array1<bool>>,
    /// Strength per row of the ridge.
    alpha: f64,
    /// The coefficients, then the intercept.
    theta: Vec<f64>,
    /// Root mean square of each column, 1 for a column of zeros; 1 for the intercept.
    scale: Vec<f64>,
}

impl Solved {
    /// Columns with a stronger ridge than others are shrunk, and their coefficients grow: then one ridge fits all.
    fn new(
        intercept: f64,
        coefficients: &[f64],
        free: &[FreeCoefficient],
        mut dataset: DatasetBase<Array2<f64>, Array1<bool>>,
    ) -> Solved {
        let alpha = free.iter().map(|free| free.ridge).fold(f64::INFINITY, f64::min);
        let rows = dataset.records.nrows() as f64;
        let (mut theta, mut scale) = (Vec::new(), Vec::new());
        for (free, mut column) in free.iter().zip(dataset.records.columns_mut()) {
            let mut coefficient = coefficients[free.column];
            if free.ridge > alpha {
                let factor = (alpha / free.ridge).sqrt();
                coefficient /= factor;
                column *= factor;
            }

            let square = column.dot(&column);
            theta.push(coefficient);
            scale.push(if square > 0.0 { (square / rows).sqrt() } else { 1.0 });
        }

        theta.push(intercept);
        scale.push(1.0);
        Solved { dataset, alpha, theta, scale }
    }

    fn rows(&self) -> usize {
        self.dataset.records.nrows()
    }

    /// A point at some distance from the solution: the log-odds of a typical row move by DISPLACEMENT.
    fn displaced(&self) -> Vec<f64> {
        let size = self.theta.len();
        let any = vec![(size as f64).sqrt().recip(); size];
        let stride = self.rows().div_ceil(DIRECTION_ROWS).max(1) as isize;
        let part = self.dataset.records.slice_axis(Axis(0), Slice::new(0, None, stride)).to_owned();
        let near = self.steepest(part.view(), any, DIRECTION_ITERATIONS).direction;

        let Steepest { direction, curvature } = self.steepest(self.dataset.records.view(), near, LAST_ITERATIONS);
        let length = DISPLACEMENT / curvature.sqrt();
        self.theta.iter().zip(&direction).map(|(theta, d)| theta + length * d).collect()
    }

    /// The direction in which the loss of some rows curves most at the solution, by power iteration.
    fn steepest(&self, records: ArrayView2<'_, f64>, start: Vec<f64>, iterations: usize) -> Steepest {
        let (coefficients, intercept) = parts(&self.theta);
        let weights = (records.dot(&coefficients) + intercept).mapv_into(|z| sigmoid(z) * sigmoid(-z));
        let ridge = self.alpha * records.nrows() as f64;

        let mut steepest = Steepest { direction: start, curvature: 0.0 };
        for _ in 0..iterations {
            let (coefficients, intercept) = parts(&steepest.direction);
            let moved = (records.dot(&coefficients) + intercept) * &weights;
            let mut next = (records.t().dot(&moved) + &coefficients * ridge).to_vec();
            next.push(moved.sum());

            let curvature = next.iter().zip(&steepest.direction).map(|(a, b)| a * b).sum::<f64>() / weights.sum();
            let length = next.iter().map(|a| a * a).sum::<f64>().sqrt();
            steepest = Steepest { direction: next.into_iter().map(|a| a / length).collect(), curvature };
        }
        steepest
    }

    /// Where linfa's optimiser ends.
    fn found_by_linfa(
        &self,
        start: &[f64],
        iterations: u64,
    ) -> std::result::Result<Vec<f64>, linfa_logistic::error::Error> {
        // linfa's positive class is the more frequent one; of two equally frequent ones that of the first row.
        let (rows, churned) = (self.rows(), &self.dataset.targets);
        let churners = churned.iter().filter(|&&churned| churned).count();
        let churn_is_positive = match (2 * churners).cmp(&rows) {
            Ordering::Equal => churned[0],
            more => more.is_gt(),
        };

        let model = LogisticRegression::default()
            .alpha(self.alpha * rows as f64)
            .gradient_tolerance(1e-8 * rows as f64)
            .max_iterations(iterations)
            .initial_params(start.iter().map(|value| value * sign(churn_is_positive)).collect())
            .fit(&self.dataset)?;

        let toward_churn = sign(model.labels().pos.class);
        Ok(model.params().iter().chain([&model.intercept()]).map(|value| value * toward_churn).collect())
    }

    /// The penalised mean log-loss of some coefficients and an intercept.
    fn loss(&self, theta: &[f64]) -> f64 {
        let (coefficients, intercept) = parts(theta);
        let log_odds = self.dataset.records.dot(&coefficients) + intercept;
        let losses =
            log_odds.iter().zip(&self.dataset.targets).map(|(&z, &churned)| softplus(if churned { -z } else { z }));
        losses.sum::<f64>() / log_odds.len() as f64 + self.alpha / 2.0 * coefficients.dot(&coefficients)
    }

    /// How far a point is from the solution, in log-odds per root mean square of a column.
    fn distance(&self, point: &[f64]) -> f64 {
        let pairs = point.iter().zip(&self.theta).zip(&self.scale);
        pairs.map(|((a, b), scale)| (a - b).abs() * scale).fold(0.0, f64::max)
    }

    /// The largest difference between a point and the solution in the log-odds of a row.
    fn largest_difference(&self, point: &[f64]) -> f64 {
        let apart: Vec<f64> = point.iter().zip(&self.theta).map(|(a, b)| a - b).collect();
        let (coefficients, intercept) = parts(&apart);
        let in_rows = self.dataset.records.dot(&coefficients) + intercept;
        in_rows.iter().fold(0.0, |largest, z| f64::max(largest, z.abs()))
    }
}

/// The coefficients and the intercept.
fn parts(theta: &[f64]) -> (ArrayView1<'_, f64>, f64) {
    let (intercept, coefficients) = newton::intercept_and_coefficients(theta);
    (ArrayView1::from(coefficients), intercept)
}

fn sign(churn_is_positive: bool) -> f64 {
    if churn_is_positive {
        1.0
    } else {
        -1.0
    }
}
