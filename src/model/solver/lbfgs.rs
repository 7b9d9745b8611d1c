//! Limited-memory BFGS over a factored curvature: what a factor gets wrong is put right by the changes of the exact
//! gradient from step to step (Nocedal 1980, "Updating quasi-Newton matrices with limited storage"; Nocedal & Wright
//! 2006, algorithm 7.4, with the factor as its initial matrix).

use super::dot;
use std::collections::VecDeque;

/// Changes of the gradient that are kept.
const MEMORY: usize = 20;

/// The latest steps, and what they taught about a factor.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    corrections: VecDeque<Correction>,
}

/// A step, and how the gradient changed along it.
#[derive(Clone, Debug)]
struct Correction {
    step: Vec<f64>,
    change: Vec<f64>,
    /// One over their product.
    inverse: f64,
}

impl Memory {
    /// Forgets everything: there is a new factor.
    pub fn clear(&mut self) {
        self.corrections.clear();
    }

    /// Learns from a step, and from how the gradient changed along it.
    pub fn learn(&mut self, step: Vec<f64>, change: Vec<f64>) {
        let product = dot(&step, &change);
        // Rounding can hide the curvature along a tiny step.
        if product > f64::EPSILON * (dot(&step, &step) * dot(&change, &change)).sqrt() {
            if self.corrections.len() == MEMORY {
                self.corrections.pop_front();
            }
            self.corrections.push_back(Correction { step, change, inverse: product.recip() });
        }
    }

    /// The inverse of the corrected curvature times the gradient, given what the factor solves for: the step leads down
    /// from a point to the point less it.
    pub fn step(&self, gradient: &[f64], solve: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
        let mut step = gradient.to_vec();
        let mut shares = Vec::with_capacity(self.corrections.len());
        for correction in self.corrections.iter().rev() {
            let share = correction.inverse * dot(&correction.step, &step);
            step.iter_mut().zip(&correction.change).for_each(|(d, change)| *d -= share * change);
            shares.push(share);
        }

        let mut step = solve(&step);
        for (correction, share) in self.corrections.iter().zip(shares.into_iter().rev()) {
            let other = correction.inverse * dot(&correction.change, &step);
            step.iter_mut().zip(&correction.step).for_each(|(d, step)| *d += (share - other) * step);
        }
        step
    }
}

/// `to - from`.
pub fn difference(to: &[f64], from: &[f64]) -> Vec<f64> {
    to.iter().zip(from).map(|(to, from)| to - from).collect()
}

#[cfg(test)]
mod tests {
    use super::super::cholesky::{Cholesky, Square};
    use super::*;

    #[test]
    fn a_wrong_factor_is_put_right_by_the_changes_of_the_gradient() {
        // The minimum of x' A x / 2 - b' x, from the identity as its curvature.
        let curvature = [[4.0, 1.0], [1.0, 3.0]];
        let gradient =
            |x: &[f64]| -> Vec<f64> { curvature.iter().zip([1.0, 2.0]).map(|(row, b)| dot(row, x) - b).collect() };
        let factor = Cholesky::new(Square { size: 2, values: vec![1.0, 0.0, 0.0, 1.0] });
        let mut memory = Memory::default();
        let mut x = vec![0.0, 0.0];
        for _ in 0..12 {
            let (from, before) = (x.clone(), gradient(&x));
            let step = memory.step(&before, |gradient| factor.solve(gradient));
            x.iter_mut().zip(&step).for_each(|(x, step)| *x -= 0.5 * step);
            memory.learn(difference(&x, &from), difference(&gradient(&x), &before));
        }
        let last = memory.step(&gradient(&x), |gradient| factor.solve(gradient));
        let solved = difference(&x, &last);
        assert!((solved[0] - 1.0 / 11.0).abs() < 1e-6 && (solved[1] - 7.0 / 11.0).abs() < 1e-6, "{solved:?}");
    }
}
