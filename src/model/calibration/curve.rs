//! A logistic regression on few functions of the log-odds: the curve of every smooth calibration.

use super::{Rows, CHUNK};
use crate::numeric::{exp_of_negative, ln_1p, softplus, vectorised};
use crate::parallel;
use std::ops::Range;

/// A gain in the mean log-loss so small that one more Newton step is the last.
const SETTLED: f64 = 1e-12;

/// Rows that are worked on at a time, in loops that become vector instructions.
const TILE: usize = 256;

/// Sums that are kept side by side.
const LANES: usize = 8;

/// The curve `sigmoid(theta · regressors(z))` to be fitted: `K` functions of the log-odds `z`, the last of them 1.
pub struct Curve<'a, const K: usize> {
    /// What each function says of each row.
    regressors: [Vec<f64>; K],
    rows: Rows<'a>,
    /// The probability that a row of those who stayed stands for, and that of a churner's.
    targets: [f64; 2],
}

/// The loss of a curve, its gradient and its curvature.
pub struct Sums<const K: usize> {
    /// Sum of the log-losses.
    pub loss: f64,
    gradient: [f64; K],
    /// Symmetric.
    pub curvature: [[f64; K]; K],
}

impl<'a, const K: usize> Curve<'a, K> {
    /// The curve of these functions on these rows. A row of those who stayed stands for the first of the two target
    /// probabilities, a churner's for the second.
    pub fn new(regressors: impl Fn(f64) -> [f64; K] + Sync, rows: Rows<'a>, targets: [f64; 2]) -> Curve<'a, K> {
        let values = parallel::map_rows(rows.log_odds.len(), |row| regressors(rows.log_odds[row]));
        let regressors = std::array::from_fn(|k| values.iter().map(|row| row[k]).collect());
        Curve { regressors, rows, targets }
    }

    /// The curve that is the same everywhere.
    pub fn level(level: f64) -> [f64; K] {
        let mut theta = [0.0; K];
        theta[K - 1] = level;
        theta
    }

    /// The parameters of greatest likelihood, by Newton's method from a start, or from the `level` curve if that is
    /// better, and their loss.
    pub fn fit(&self, start: [f64; K], level: f64) -> ([f64; K], f64) {
        let Rows { y, weights, row_weights, .. } = self.rows;
        let mut theta = start;
        let mut sums = self.sums(&theta);
        let losses = [0, 1].map(|class| weights[class] * (softplus(level) - self.targets[class] * level));
        let level_loss: f64 =
            y.iter().enumerate().map(|(row, &y)| row_weights.of(row) * losses[usize::from(y == 1)]).sum();

        if level_loss <= sums.loss {
            theta = Self::level(level);
            sums = self.sums(&theta);
        }

        for _ in 0..100 {
            let Some(step) = solved(sums.curvature, sums.gradient) else { break };
            let promised = dot(&sums.gradient, &step);
            if promised <= SETTLED * self.rows.weight() {
                return (moved(&theta, &step, 1.0), sums.loss);
            }
            // Steps that promise less than the rounding of the loss cannot be told from none.
            let halvings = (0..40).map(|halvings| 0.5_f64.powi(halvings));
            let accepted = halvings.take_while(|share| share * promised > 1e-13 * sums.loss).find_map(|share| {
                let theta = moved(&theta, &step, share);
                let next = self.sums(&theta);
                (next.loss < sums.loss).then_some((theta, next))
            });
            let Some((next_theta, next)) = accepted else { break };
            (theta, sums) = (next_theta, next);
        }

        (theta, sums.loss)
    }

    /// The loss at some parameters, its gradient and its curvature.
    pub fn sums(&self, theta: &[f64; K]) -> Sums<K> {
        let rows = self.rows.y.len();
        let none = || Sums { loss: 0.0, gradient: [0.0; K], curvature: [[0.0; K]; K] };
        let of_chunk = |first: usize| {
            let mut sums = none();
            for first in (first..(first + CHUNK).min(rows)).step_by(TILE) {
                vectorised!(self.add(first..(first + TILE).min(rows), theta, &mut sums));
            }
            sums
        };

        let chunks: Vec<Sums<K>> = parallel::map((0..rows).step_by(CHUNK), of_chunk);
        let mut total = none();
        for chunk in chunks {
            total.loss += chunk.loss;
            for i in 0..K {
                total.gradient[i] += chunk.gradient[i];
                for j in 0..=i {
                    total.curvature[i][j] += chunk.curvature[i][j];
                    total.curvature[j][i] = total.curvature[i][j];
                }
            }
        }

        total
    }

    /// Adds the sums over a tile.
    #[inline(always)]
    fn add(&self, rows: Range<usize>, theta: &[f64; K], sums: &mut Sums<K>) {
        let mut x = [[0.0; TILE]; K];
        let mut scores = [0.0; TILE];
        for ((x, regressor), theta) in x.iter_mut().zip(&self.regressors).zip(theta) {
            x[..rows.len()].copy_from_slice(&regressor[rows.clone()]);
            scores.iter_mut().zip(&*x).for_each(|(score, x)| *score += theta * x);
        }

        let ([stayed, churned], [low, high]) = (self.rows.weights, self.targets);
        let (mut losses, mut residuals, mut weights) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
        let results = losses.iter_mut().zip(&mut residuals).zip(&mut weights);

        for ((((loss, residual), weight), &score), &y) in results.zip(&scores).zip(&self.rows.y[rows.clone()]) {
            let (share, target) = if y == 1 { (churned, high) } else { (stayed, low) };
            let e = exp_of_negative(-score.abs());
            let rare = e / (1.0 + e);
            *loss = share * (score.max(0.0) + ln_1p(e) - target * score);
            *residual = share * (if score >= 0.0 { 1.0 - rare } else { rare } - target);
            *weight = share * rare / (1.0 + e);
        }
        if !self.rows.row_weights.is_unit() {
            for (row, &times) in self.rows.row_weights.as_slice()[rows].iter().enumerate() {
                losses[row] *= times;
                residuals[row] *= times;
                weights[row] *= times;
            }
        }

        sums.loss += total(&losses);
        for (i, own) in x.iter().enumerate() {
            sums.gradient[i] += total(&product(&residuals, own));
            let weighted = product(&weights, own);
            for (sum, other) in sums.curvature[i].iter_mut().zip(&x[..=i]) {
                *sum += total(&product(&weighted, other));
            }
        }
    }
}

#[inline(always)]
fn product(a: &[f64; TILE], b: &[f64; TILE]) -> [f64; TILE] {
    let mut products = *a;
    products.iter_mut().zip(b).for_each(|(product, b)| *product *= b);
    products
}

#[inline(always)]
fn total(values: &[f64; TILE]) -> f64 {
    let mut sums = [0.0; LANES];
    for values in values.as_chunks::<LANES>().0 {
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    sums.iter().sum()
}

fn dot<const K: usize>(a: &[f64; K], b: &[f64; K]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn moved<const K: usize>(theta: &[f64; K], step: &[f64; K], share: f64) -> [f64; K] {
    std::array::from_fn(|i| theta[i] - share * step[i])
}

/// The solution of `a x = b` by Cholesky's factor. None where the regressors cannot be told apart: the share of a
/// curvature that the others leave is that of a weighted variance, and there is none if all log-odds are the same, or
/// all rows where none can be better.
fn solved<const K: usize>(mut a: [[f64; K]; K], mut b: [f64; K]) -> Option<[f64; K]> {
    // From the last, the intercept, to the first.
    for j in (0..K).rev() {
        let diagonal = a[j][j];
        let known: f64 = (j + 1..K).map(|k| a[j][k] * a[j][k]).sum();
        if diagonal.is_nan() || diagonal - known <= 1e-14 * diagonal {
            return None;
        }
        let root = (diagonal - known).sqrt();
        a[j][j] = root;
        for i in 0..j {
            let known: f64 = (j + 1..K).map(|k| a[i][k] * a[j][k]).sum();
            a[i][j] = (a[i][j] - known) / root;
        }
    }

    for i in (0..K).rev() {
        let known: f64 = (i + 1..K).map(|k| a[i][k] * b[k]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }

    for i in 0..K {
        let known: f64 = (0..i).map(|k| a[k][i] * b[k]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }

    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_equations_are_solved() {
        let a = [[4.0, 1.0, 0.5], [1.0, 3.0, -0.2], [0.5, -0.2, 2.0]];
        let x = solved(a, [1.0, -2.0, 0.3]).unwrap();
        for (row, b) in a.iter().zip([1.0, -2.0, 0.3]) {
            assert!((dot(row, &x) - b).abs() < 1e-12);
        }
        assert_eq!(solved([[1.0, 1.0], [1.0, 1.0]], [1.0, 0.0]), None);
    }
}
