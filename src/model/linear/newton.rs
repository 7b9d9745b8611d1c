//! Newton's method for the penalised log-loss, one evaluation at a time, so that several models can advance together
//! on the same passes over the rows.
//!
//! The curvature is taken from a sample of the rows and kept while steps are small; what it gets wrong is put right by
//! the changes of the exact gradient from step to step, as limited-memory BFGS does (Nocedal 1980, "Updating
//! quasi-Newton matrices with limited storage"; Nocedal & Wright 2006, algorithm 7.4, with the factor as its initial
//! matrix). A fit then costs a few passes that compute the gradient alone, which is thirty times less work than the
//! curvature of all rows, and ends where the gradient over all rows does vanish.

use super::loss::{self, Point, Sample, Sums};
use crate::error::Result;
use crate::model::design::DesignBlock;
use crate::model::solver::cholesky::{Cholesky, Square};
use crate::model::solver::lbfgs::{difference, Memory};
use crate::weights::Totals;

/// A step so small (in log-odds per root mean square of a column) that the curvature hardly changes along it. The
/// factor at hand then serves for the next step as well.
const SMALL_STEP: f64 = 0.1;

/// A factor is renewed when so many steps with it in a row did not halve the gradient.
const PATIENCE: u32 = 4;

/// The loss may rise by this share without being taken for a rise: it is rounding.
const ROUNDING: f64 = 1e-13;

/// Halvings of a step before the fit is given up.
const HALVINGS: u32 = 40;

/// Renewed factors in a row that do not lead to half the gradient before the fit is given up: rounding is all there is
/// left.
const STALLS: u32 = 2;

/// Rows that the curvature is taken from, about: enough that it is off by a twentieth at most for a hundred columns.
const CURVATURE_ROWS: usize = 100_000;

/// The rows that the curvature is taken from.
pub fn curvature_sample(blocks: &[&DesignBlock]) -> Sample {
    let rows: usize = blocks.iter().map(|block| block.rows).sum();
    if rows <= CURVATURE_ROWS {
        return Sample::ALL;
    }
    let Totals { all, churned } = totals(blocks);
    // Weights are `p (1 - p)`, and where the mean of `p` is the base rate they are largest if all have it.
    Sample::new(CURVATURE_ROWS, churned * (all - churned) / all)
}

/// How many customers the rows of some blocks stand for.
pub fn totals(blocks: &[&DesignBlock]) -> Totals {
    blocks.iter().fold(Totals::default(), |totals, block| totals.with(block.totals()))
}

/// What is to be minimised over the rows outside the fold `without`.
#[derive(Clone, Copy, Debug)]
pub struct Objective<'a> {
    /// The fold whose rows are left out.
    pub without: Option<u8>,
    /// Penalty strength per row.
    pub alpha: f64,
    /// Root mean square of each column, positive; it makes the size of gradients and steps a matter of log-odds.
    pub scale: &'a [f64],
    /// The fit has converged when no entry of the scaled gradient of the mean loss is above this.
    pub tolerance: f64,
    /// The most steps.
    pub max_iterations: u32,
}

/// A fit under way. Ask where to evaluate next with [`Newton::request`], hand the result to [`Newton::receive`].
#[derive(Clone, Debug)]
pub struct Newton<'a> {
    objective: Objective<'a>,
    /// The coefficients, then the intercept.
    pub theta: Vec<f64>,
    /// The sums at `theta`; none before the first evaluation.
    pub sums: Option<Sums>,
    /// Steps taken.
    pub iterations: u32,
    /// Largest absolute entry of the scaled gradient of the penalised mean loss at `theta`.
    pub gradient_norm: f64,
    /// The latest full step: Newton's method goes from `theta` to `theta - step`, or did so last.
    pub step: Vec<f64>,
    /// Its largest entry, in log-odds per root mean square of a column.
    pub step_size: f64,
    /// Penalised mean loss at `theta`, and its gradient.
    value: f64,
    gradient: Vec<f64>,
    /// The curvature of the penalised mean loss, factored, and what was learned since about where it is wrong.
    factor: Option<Cholesky>,
    memory: Memory,
    /// The smallest `gradient_norm` so far, the steps since it was last halved, and the factors renewed since then.
    best: f64,
    patience: u32,
    stalls: u32,
    next: Next,
}

/// What a fit is waiting for.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// The sums at `theta` itself.
    Here { curvature: bool },
    /// The sums at `theta` minus `share` of the step.
    There { share: f64, curvature: bool, halvings: u32 },
    /// Nothing any more.
    Nothing,
}

/// A point at which a fit asks for the loss.
pub struct Request {
    /// The point.
    pub theta: Vec<f64>,
    /// Whether the curvature is wanted as well.
    pub curvature: bool,
}

impl<'a> Newton<'a> {
    /// A fit that starts from `theta`, with `factor` of the curvature of the penalised mean loss nearby, if it is
    /// known.
    pub fn new(objective: Objective<'a>, theta: Vec<f64>, factor: Option<Cholesky>) -> Newton<'a> {
        Newton {
            objective,
            step: vec![0.0; theta.len()],
            step_size: f64::INFINITY,
            gradient: vec![0.0; theta.len()],
            theta,
            sums: None,
            iterations: 0,
            gradient_norm: f64::INFINITY,
            value: f64::INFINITY,
            next: Next::Here { curvature: factor.is_none() },
            factor,
            memory: Memory::default(),
            best: f64::INFINITY,
            patience: 0,
            stalls: 0,
        }
    }

    /// Whether the gradient has reached the tolerance.
    pub fn converged(&self) -> bool {
        self.gradient_norm <= self.objective.tolerance
    }

    /// The factor of the latest curvature.
    pub fn factor(&self) -> Option<&Cholesky> {
        self.factor.as_ref()
    }

    /// What to evaluate next; none when the fit is over.
    pub fn request(&self) -> Option<Request> {
        match self.next {
            Next::Here { curvature } => Some(Request { theta: self.theta.clone(), curvature }),
            Next::There { share, curvature, .. } => {
                let theta = self.theta.iter().zip(&self.step).map(|(theta, step)| theta - share * step).collect();
                Some(Request { theta, curvature })
            }
            Next::Nothing => None,
        }
    }

    /// Takes the sums at the point that was asked for.
    pub fn receive(&mut self, sums: Sums) {
        match self.next {
            Next::Here { .. } => {
                self.arrive(sums);
                self.decide();
            }
            Next::There { share, curvature, halvings } => {
                let Some(Request { theta: point, .. }) = self.request() else { return };

                // A value that is not a number counts as a rise.
                if self.value_of(&point, &sums) <= self.value + self.value.abs() * ROUNDING {
                    let (theta, gradient) = (std::mem::replace(&mut self.theta, point), self.gradient.clone());
                    self.iterations += 1;
                    self.arrive(sums);
                    self.learn(&theta, &gradient);
                    self.decide();
                } else if halvings == HALVINGS {
                    self.next = Next::Nothing;
                } else if !self.fresh() {
                    // A factor from an earlier point may lead nowhere: renew it before shortening the step.
                    self.next = Next::Here { curvature: true };
                } else {
                    self.next = Next::There { share: share / 2.0, curvature, halvings: halvings + 1 };
                }
            }
            Next::Nothing => {}
        }
    }

    /// Whether the factor is of the curvature at `theta`.
    fn fresh(&self) -> bool {
        self.sums.as_ref().is_some_and(|sums| sums.gram.is_some())
    }

    /// Makes `sums` the state at `theta`.
    fn arrive(&mut self, sums: Sums) {
        self.value = self.value_of(&self.theta, &sums);
        self.gradient = self.gradient_of(&sums);
        let scaled = self.gradient.iter().zip(self.objective.scale.iter().chain([&1.0]));
        let scaled = scaled.map(|(gradient, scale)| (gradient / scale).abs());
        self.gradient_norm =
            scaled.fold(0.0, |most, entry| if entry.is_nan() { f64::INFINITY } else { entry.max(most) });
        if let Some(gram) = &sums.gram {
            let size = self.theta.len();
            let rows = sums.weight;
            let values = gram.over(rows).iter().map(|value| value / rows).collect();
            let curvature = Square { size, values }.with_ridge(self.objective.alpha);
            self.factor = Some(Cholesky::new(curvature));
            self.memory.clear();
        }
        self.sums = Some(sums);
    }

    /// Learns from the step that led from `theta`, where the gradient was `gradient`, to where the fit is now.
    fn learn(&mut self, theta: &[f64], gradient: &[f64]) {
        if self.fresh() {
            return;
        }
        let step = difference(&self.theta, theta);
        self.memory.learn(step, difference(&self.gradient, gradient));
    }

    /// What to do from `theta`.
    fn decide(&mut self) {
        let Some(factor) = &self.factor else { return };
        if self.converged() || self.iterations >= self.objective.max_iterations {
            self.next = Next::Nothing;
            return;
        }

        if self.gradient_norm <= self.best / 2.0 {
            self.best = self.gradient_norm;
            (self.patience, self.stalls) = (0, 0);
        } else {
            self.patience += 1;
        }

        if self.patience > PATIENCE {
            (self.patience, self.stalls) = (0, self.stalls + 1);
            if self.stalls > STALLS {
                self.next = Next::Nothing;
                return;
            }
            if !self.fresh() {
                self.next = Next::Here { curvature: true };
                return;
            }
        }

        self.step = self.memory.step(&self.gradient, |gradient| factor.solve(gradient));
        let size = self.step.iter().zip(self.objective.scale.iter().chain([&1.0]));
        self.step_size = size.map(|(step, scale)| (step * scale).abs()).fold(0.0, f64::max);
        self.next = Next::There { share: 1.0, curvature: self.step_size > SMALL_STEP, halvings: 0 };
    }

    /// Penalised mean loss.
    fn value_of(&self, theta: &[f64], sums: &Sums) -> f64 {
        let (_, coefficients) = intercept_and_coefficients(theta);
        let square: f64 = coefficients.iter().map(|w| w * w).sum();
        sums.loss / sums.weight + self.objective.alpha / 2.0 * square
    }

    /// Gradient of the penalised mean loss at `theta`.
    fn gradient_of(&self, sums: &Sums) -> Vec<f64> {
        let rows = sums.weight;
        let mut gradient: Vec<f64> = sums.gradient.iter().map(|sum| sum / rows).collect();
        let (_, coefficients) = intercept_and_coefficients(&self.theta);
        gradient.iter_mut().zip(coefficients).for_each(|(gradient, w)| *gradient += self.objective.alpha * w);
        gradient
    }
}

/// Brings every fit as far as it goes, all of them on the same passes over the rows.
///
/// # Errors
/// As [`DesignBlock::columns`].
pub fn advance(blocks: &[&DesignBlock], columns: usize, fits: &mut [Newton]) -> Result<()> {
    let sample = curvature_sample(blocks);
    loop {
        let requests: Vec<(usize, Request)> =
            fits.iter().enumerate().filter_map(|(at, fit)| Some((at, fit.request()?))).collect();
        if requests.is_empty() {
            return Ok(());
        }

        let points: Vec<Point> = requests
            .iter()
            .map(|(at, request)| Point {
                theta: &request.theta,
                without: fits[*at].objective.without,
                curvature: request.curvature.then_some(sample),
                scatter: false,
            })
            .collect();

        let sums = loss::evaluate(blocks, columns, &points)?;
        for ((at, ..), sums) in requests.iter().zip(sums) {
            fits[*at].receive(sums);
        }
    }
}

/// The two parts of a parameter vector.
pub fn intercept_and_coefficients(theta: &[f64]) -> (f64, &[f64]) {
    theta.split_last().map_or((0.0, &[]), |(intercept, coefficients)| (*intercept, coefficients))
}
