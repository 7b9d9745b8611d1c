//! The fit of an additive model: L-BFGS whose first guess of the curvature is the curvature.
//!
//! The objective `mean log-loss + alpha / 2 * |coefficients|^2`, the intercept unpenalised, is smooth and strictly
//! convex. A step is the Newton step of a curvature taken some steps ago, or from a part of the rows, corrected by the
//! changes of the gradient seen since (Nocedal and Wright, *Numerical Optimization*, algorithm 7.4, with the factored
//! curvature as its first matrix). Each step costs one pass over the rows. Where steps become so short of progress
//! that those which are left would take longer than a curvature, that is taken anew.

use super::codes::{base_log_odds, CodeBlock};
use super::curvature::{Curvature, Factor};
use super::passes::{Rows, Terms};
use crate::config::Penalty;
use crate::model::solver::cholesky::Square;
use crate::model::solver::dot;
use crate::model::solver::lbfgs::{difference, Memory};
use crate::model::solver::proximal::{self, LossValue, MeanLoss, Regulariser};
use crate::model::solver::report::Report;
use std::convert::Infallible;
use std::sync::Arc;

/// The most passes, and the most where a part of the curvature is not known.
const MOST_PASSES: u32 = 200;
const MOST_PASSES_APART: u32 = 2_000;
/// Steps that a new curvature takes itself: it is worth its time where the old one would take more than these, and more
/// than it costs.
const STEPS_AFRESH: f64 = 4.0;
/// The most curvatures of one fit.
const MOST_CURVATURES: u32 = 12;
/// Steps by a curvature that is known in part, before it is taken anew.
const STEPS_APART: usize = 40;
/// Sufficient decrease along a step (Armijo).
const DECREASE: f64 = 1e-4;

/// Rows to fit on, with the state that the next fit on them starts from.
pub struct Solver<'a> {
    terms: &'a Terms,
    rows: Rows<'a>,
    /// Rows that the curvature is taken from: all, or a part of them.
    curvature_blocks: Vec<&'a CodeBlock>,
    /// The coefficients, then the intercept.
    pub theta: Vec<f64>,
    /// The last one that was taken.
    pub curvature: Option<Curvature>,
    penalty: Penalty,
    /// How the last fit went.
    pub report: Report,
}

impl<'a> Solver<'a> {
    /// On these rows, from the base rate alone. `curvature_blocks` is `blocks` or a part of them.
    pub fn new(terms: &'a Terms, blocks: Vec<&'a CodeBlock>, curvature_blocks: Vec<&'a CodeBlock>) -> Solver<'a> {
        let mut theta = vec![0.0; terms.columns()];
        theta.push(base_log_odds(blocks.iter().copied()));
        let (curvature, report) = (None, Report::default());
        let rows = terms.rows(blocks);
        Solver { terms, rows, curvature_blocks, theta, curvature, penalty: Penalty::L2, report }
    }

    /// With another penalty than L2.
    pub fn penalised(mut self, penalty: Penalty) -> Solver<'a> {
        self.penalty = penalty;
        self
    }

    /// Starts the next fit from these parameters.
    pub fn from(mut self, theta: Vec<f64>) -> Solver<'a> {
        self.theta = theta;
        self
    }

    /// Steps by this curvature as long as it serves.
    pub fn curved(mut self, curvature: Option<Curvature>) -> Solver<'a> {
        self.curvature = curvature;
        self
    }

    /// Fits with the strength `alpha` per row, until no entry of the gradient is above the tolerance.
    pub fn fit(&mut self, alpha: f64, tolerance: f64) {
        let regulariser = self.terms.regulariser(self.penalty, alpha);
        if regulariser.has_corners() {
            return self.fit_with_corners(&regulariser, tolerance);
        }

        let mut state = self.evaluate(&self.theta, alpha);
        self.report.iterations = 1;
        let mut memory = Memory::default();
        let apart = self.terms.has_some_apart();
        let most = if apart { MOST_PASSES_APART } else { MOST_PASSES };
        let mut factor: Option<Factor> = self.curvature.as_ref().map(|curvature| curvature.factored(alpha));
        let mut curvatures = 0;
        let mut norms = vec![norm(&state.gradient)];
        let mut is_fresh = false;

        while norm(&state.gradient) > tolerance && self.report.iterations < most {
            // What is learned of the rest of the curvature takes many steps, and outlasts the part that is known.
            let is_due = if apart {
                norms.len() > STEPS_APART
            } else {
                curvatures < MOST_CURVATURES
                    && steps_left(&norms, tolerance) > STEPS_AFRESH + self.passes_of_curvature()
            };
            if factor.is_none() || is_due {
                let curvature = self.terms.curvature(&self.theta, &self.curvature_blocks);
                is_fresh = factor.is_none() || !apart;
                if is_fresh {
                    memory.clear();
                }
                factor = Some(curvature.factored(alpha));
                self.curvature = Some(curvature);
                curvatures += 1;
                norms = vec![norm(&state.gradient)];
            }

            let direction: Vec<f64> = match &factor {
                Some(factor) => {
                    memory.step(&state.gradient, |gradient| factor.solve(gradient)).iter().map(|step| -step).collect()
                }
                None => state.gradient.iter().map(|g| -g).collect(),
            };

            let slope = dot(&state.gradient, &direction);
            let mut step = 1.0;
            let next = loop {
                let theta: Vec<f64> = self.theta.iter().zip(&direction).map(|(t, d)| t + step * d).collect();
                let next = self.evaluate(&theta, alpha);
                self.report.iterations += 1;
                // Near the optimum a decrease drowns in the rounding of the loss; the gradient then decides.
                let rounding = 1e-12 * state.objective.abs();
                if next.objective <= state.objective + DECREASE * step * slope + rounding {
                    break Some((theta, next));
                }
                step /= 2.0;
                if step < 1e-3 || self.report.iterations >= most {
                    break None;
                }
            };

            match next {
                Some((theta, next)) => {
                    let step = difference(&theta, &self.theta);
                    memory.learn(step, difference(&next.gradient, &state.gradient));
                    (self.theta, state) = (theta, next);
                    norms.push(norm(&state.gradient));
                    is_fresh = false;
                }
                None if is_fresh => break,
                None => {
                    factor = None;
                }
            }
        }

        self.report.gradient_norm = norm(&state.gradient);
        self.report.log_loss = state.log_loss;
        self.report.converged = self.report.gradient_norm <= tolerance;
    }

    /// The coefficients and the intercept, the curvature, and how the fit went. What passes have kept is let go.
    pub fn solved(self) -> (Vec<f64>, Option<Curvature>, Report) {
        (self.theta, self.curvature, self.report)
    }

    /// How many passes over the rows take as long as a curvature does: a pass looks at each term twice, a curvature at
    /// each pair of terms once, of its own rows.
    fn passes_of_curvature(&self) -> f64 {
        let rows = |blocks: &[&CodeBlock]| blocks.iter().map(|block| block.rows).sum::<usize>().max(1) as f64;
        let share = rows(&self.curvature_blocks) / rows(&self.rows.blocks);
        share * (self.terms.terms.len() + 1) as f64 / 4.0
    }

    /// The least group penalty per row that leaves nothing but the intercept, if there is nothing else yet.
    pub fn alpha_max(&self) -> f64 {
        let loss = self.terms.loss(&self.theta, &self.rows);
        let gradient: Vec<f64> = loss.gradient.iter().map(|g| g / loss.weight).collect();
        self.terms.regulariser(Penalty::Group, 1.0).alpha_max(&gradient)
    }

    /// As [`Solver::fit`], where curves have directions or the penalty drops terms.
    fn fit_with_corners(&mut self, regulariser: &Regulariser, tolerance: f64) {
        let (theta, curvature) = (std::mem::take(&mut self.theta), self.curvature.take());
        let curvature = curvature.map(|curvature| Arc::unwrap_or_clone(curvature.joint));
        let mut fit = proximal::Fit { theta, curvature, report: self.report };
        match fit.minimise(&*self, regulariser, tolerance) {
            Ok(()) => {
                let curvature = fit.curvature.map(|joint| Curvature {
                    joint: Arc::new(joint),
                    apart: Vec::new(),
                    theta: Vec::new(),
                });
                (self.theta, self.curvature, self.report) = (fit.theta, curvature, fit.report);
            }
            Err(never) => match never {},
        }
    }

    fn evaluate(&self, theta: &[f64], alpha: f64) -> State {
        let loss = self.terms.loss(theta, &self.rows);
        let rows = loss.weight;
        let coefficients = &theta[..theta.len() - 1];
        let mut gradient: Vec<f64> = loss.gradient.iter().map(|g| g / rows).collect();
        gradient.iter_mut().zip(coefficients).for_each(|(g, t)| *g += alpha * t);
        let log_loss = loss.sum / rows;
        State { objective: log_loss + alpha / 2.0 * dot(coefficients, coefficients), log_loss, gradient }
    }
}

/// The rows are in memory: nothing can go wrong with reading them.
impl MeanLoss for Solver<'_> {
    type Error = Infallible;

    fn value(&self, theta: &[f64]) -> Result<LossValue, Infallible> {
        let loss = self.terms.loss(theta, &self.rows);
        let rows = loss.weight;
        Ok(LossValue { log_loss: loss.sum / rows, gradient: loss.gradient.iter().map(|g| g / rows).collect() })
    }

    fn curvature(&self, theta: &[f64]) -> Result<Square, Infallible> {
        Ok(self.terms.full_curvature(theta, &self.curvature_blocks))
    }
}

struct State {
    objective: f64,
    log_loss: f64,
    gradient: Vec<f64>,
}

/// How many steps it takes to shrink the gradient to a tolerance, at the rate of the last two.
fn steps_left(norms: &[f64], tolerance: f64) -> f64 {
    let &[.., before, _, now] = norms else { return 0.0 };
    let rate = (now / before).ln() / 2.0;
    if rate < 0.0 {
        (tolerance / now).ln() / rate
    } else {
        f64::INFINITY
    }
}

fn norm(gradient: &[f64]) -> f64 {
    gradient.iter().fold(0.0, |largest, g| largest.max(g.abs()))
}

#[cfg(test)]
mod tests {
    use super::super::basis::Detail;
    use super::super::examples;
    use super::super::shape::Shape;
    use super::*;

    #[test]
    fn reaches_the_optimum_from_any_curvature() {
        let (terms, blocks) = examples::problem(20_000, 4, 3);
        let all: Vec<&CodeBlock> = blocks.iter().collect();
        let mut exact = Solver::new(&terms, all.clone(), all.clone());
        exact.fit(1e-3, 1e-10);
        assert!(exact.report.converged, "{:?}", exact.report);
        let mut rough = Solver::new(&terms, all.clone(), all[..1].to_vec());
        rough.fit(1e-3, 1e-10);
        assert!(rough.report.converged, "{:?}", rough.report);
        let difference = exact.theta.iter().zip(&rough.theta).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(difference < 1e-6, "{difference}");
        let passes = exact.report.iterations;
        exact.fit(3e-4, 1e-10);
        assert!(exact.report.converged && exact.report.iterations <= passes + 5, "{:?}", exact.report);
    }

    #[test]
    fn rows_of_one_class_do_no_harm() {
        let (terms, mut blocks) = examples::problem(500, 2, 4);
        blocks.iter_mut().for_each(|block| block.y.fill(0));
        let all: Vec<&CodeBlock> = blocks.iter().collect();
        let mut solver = Solver::new(&terms, all.clone(), all);
        solver.fit(1e-2, 1e-6);
        assert!(solver.theta.iter().all(|t| t.is_finite()));
    }

    #[test]
    fn steps_are_expected_at_the_rate_of_the_last_two() {
        assert_eq!(steps_left(&[1.0, 0.1], 1e-6), 0.0, "too early to tell");
        assert!((steps_left(&[1.0, 0.1, 0.01], 1e-6) - 4.0).abs() < 1e-9);
        assert!((steps_left(&[5.0, 1.0, 0.9, 0.25], 0.25 / 8.0) - 3.0).abs() < 1e-9);
        assert_eq!(steps_left(&[1.0, 2.0, 1.0], 1e-6), f64::INFINITY);
    }

    #[test]
    fn a_curvature_that_is_known_in_part_leads_to_the_same_optimum() {
        let (grids, blocks) = examples::interacting(6_000, 12);
        let all: Vec<&CodeBlock> = blocks.iter().collect();
        let pairs = vec![[1, 2], [0, 3], [2, 4]];
        let shape = Shape { features: (0..5).collect(), pairs, detail: Detail::Cells, scales: Vec::new() };
        let apart = shape.terms(&grids);
        assert!(apart.has_some_apart());
        let together = Terms::new(apart.terms.clone());

        let theta = [apart, together].map(|terms| {
            let mut solver = Solver::new(&terms, all.clone(), all.clone());
            solver.fit(1e-3, 1e-9);
            assert!(solver.report.converged, "{:?}", solver.report);
            solver.theta
        });
        let difference = theta[0].iter().zip(&theta[1]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(difference < 1e-6, "{difference}");
    }
}
