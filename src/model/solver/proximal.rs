//! The fit where a penalty has corners or coefficients have signs: a proximal Newton method.
//!
//! The objective is
//!
//! ```text
//! mean log-loss + ridge / 2 · |coefficients|² + norm · Σ_g weight_g · |coefficients of group g|
//! ```
//!
//! under bounds on single coefficients, the intercept free of all of it (Yuan & Lin, *JRSS B* 68, 2006, for the norm of
//! groups). Each step minimises a quadratic model of the log-loss, with the norms and the bounds as they are, and goes
//! as far towards its minimum as lowers the objective (Lee, Sun & Saunders, *SIAM J. Optim.* 24, 2014). The curvature
//! is kept as long as steps make progress. The model is minimised by sweeps over the groups (block coordinate descent),
//! which find out what is zero, in turn with Newton steps on what is not, which need no patience with collinear
//! columns.
//!
//! For a convex cone the proximal operator of the norm within it is that of the norm after the projection onto the
//! cone, so both can hold at once.

use super::cholesky::{Cholesky, Square};
use super::dot;
use super::report::Report;
use crate::config::Penalty;
use std::ops::Range;

/// The most evaluations of the loss.
const MOST_PASSES: u32 = 300;
/// The most sweeps, with a Newton step each, for one quadratic model.
const MOST_SWEEPS: usize = 60;
/// How much closer to its minimum than the step began a quadratic model is brought.
const INNER: f64 = 1e-3;
/// A step that leaves more of the residual than this asks for a new curvature.
const PROGRESS: f64 = 0.1;
/// Sufficient decrease along a step (Armijo).
const DECREASE: f64 = 1e-4;
/// Halvings of a step before the fit is given up.
const HALVINGS: u32 = 20;
/// Keeps the curvature of collinear columns invertible where there is no ridge.
const SPECK: f64 = 1e-10;

/// What a coefficient may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bound {
    /// Anything.
    #[default]
    Free,
    /// 0 or more.
    NotNegative,
    /// 0 or less.
    NotPositive,
    /// 0 alone.
    Zero,
}

impl Bound {
    fn clamp(self, value: f64) -> f64 {
        match self {
            Bound::Free => value,
            Bound::NotNegative => value.max(0.0),
            Bound::NotPositive => value.min(0.0),
            Bound::Zero => 0.0,
        }
    }
}

/// Coefficients that are zero together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Their places.
    pub columns: Range<usize>,
    /// What their norm counts: the standard deviation of the columns together (the root of their number, if they are
    /// standardised), so that noise passes no group more easily than another.
    pub weight: f64,
}

/// A coefficient that nothing holds at 0, and what keeps it small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FreeCoefficient {
    /// Its place.
    pub column: usize,
    /// The strength per row of a ridge on it.
    pub ridge: f64,
}

/// What is added to the log-loss, and where coefficients may be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Regulariser {
    /// Of the squares.
    pub ridge: f64,
    /// Of the norms.
    pub norm: f64,
    /// One after the other, of all coefficients.
    pub groups: Vec<Group>,
    /// A bound a coefficient.
    pub bounds: Vec<Bound>,
}

/// A mean log-loss at a point.
pub struct LossValue {
    /// The mean over the rows.
    pub log_loss: f64,
    /// Its gradient.
    pub gradient: Vec<f64>,
}

/// The mean log-loss over some rows. A parameter vector holds the coefficients, then the intercept.
pub trait MeanLoss {
    /// What can go wrong with reading the rows.
    type Error;

    /// Its value and gradient.
    ///
    /// # Errors
    /// When the rows cannot be read, as with the next one.
    fn value(&self, theta: &[f64]) -> Result<LossValue, Self::Error>;

    /// Its curvature, or that of a sample of the rows: the lower triangle.
    ///
    /// # Errors
    /// As above.
    fn curvature(&self, theta: &[f64]) -> Result<Square, Self::Error>;
}

/// The share of the norms in the group penalty; the rest is ridge, which shares out the effect of features that say the
/// same and keeps the optimum unique.
const NORM_SHARE: f64 = 0.5;

impl Regulariser {
    /// Of a penalty of strength `alpha` per row.
    pub fn new(penalty: Penalty, alpha: f64, groups: Vec<Group>, bounds: Vec<Bound>) -> Regulariser {
        let (ridge, norm) = match penalty {
            Penalty::L2 => (alpha, 0.0),
            Penalty::Group => (alpha * (1.0 - NORM_SHARE), alpha * NORM_SHARE),
        };
        Regulariser { ridge, norm, groups, bounds }
    }

    /// Whether there is more to it than a ridge.
    pub fn has_corners(&self) -> bool {
        self.norm > 0.0 || self.bounds.iter().any(|&bound| bound != Bound::Free)
    }

    fn value(&self, theta: &[f64]) -> f64 {
        let coefficients = &theta[..theta.len() - 1];
        let norms: f64 = if self.norm > 0.0 {
            self.groups.iter().map(|group| group.weight * norm(&theta[group.columns.clone()])).sum()
        } else {
            0.0
        };
        self.ridge / 2.0 * coefficients.iter().map(|x| x * x).sum::<f64>() + self.norm * norms
    }

    /// The norms alone: the part that a quadratic model takes as it is.
    fn corners(&self, theta: &[f64]) -> f64 {
        self.value(theta) - self.ridge / 2.0 * theta[..theta.len() - 1].iter().map(|x| x * x).sum::<f64>()
    }

    /// The proximal operator of the norm of a group, within its bounds.
    fn shrink(&self, group: &Group, values: &mut [f64], step: f64) {
        for (value, bound) in values.iter_mut().zip(&self.bounds[group.columns.clone()]) {
            *value = bound.clamp(*value);
        }
        if self.norm > 0.0 {
            let (size, threshold) = (norm(values), step * self.norm * group.weight);
            let factor = if size > threshold { 1.0 - threshold / size } else { 0.0 };
            values.iter_mut().for_each(|value| *value *= factor);
        }
    }

    /// How far from optimal parameters are, given the gradient of the smooth part: the largest move of a proximal
    /// gradient step of length one. Where nothing is at a corner or a bound it is the largest entry of the gradient.
    pub fn residual(&self, theta: &[f64], gradient: &[f64]) -> f64 {
        let mut largest = gradient.last().map_or(0.0, |g| g.abs());
        for group in &self.groups {
            let columns = group.columns.clone();
            let mut moved: Vec<f64> = columns.clone().map(|j| theta[j] - gradient[j]).collect();
            self.shrink(group, &mut moved, 1.0);
            largest = moved.iter().zip(columns).fold(largest, |most, (moved, j)| most.max((moved - theta[j]).abs()));
        }
        largest
    }

    /// The coefficients that neither a bound nor the norm of their group holds at 0, each with a ridge that stands for
    /// the whole regulariser.
    ///
    /// The norm of a group has the gradient `weight · x / |x|`, which at `theta` is that of the ridge `weight /
    /// |theta_g| · |x|² / 2`. Both problems are convex, so `theta` is the optimum of these coefficients under the
    /// regulariser if and only if it is their optimum under the ridges. And as the ridges are above the norms
    /// everywhere else (Hunter & Li, *Annals of Statistics* 33, 2005), a point that is better under the ridges is
    /// better under the norms.
    pub fn free(&self, theta: &[f64]) -> Vec<FreeCoefficient> {
        let mut free = Vec::new();
        for group in &self.groups {
            let length = norm(&theta[group.columns.clone()]);
            if self.norm > 0.0 && length == 0.0 {
                continue;
            }

            let ridge = if self.norm > 0.0 { self.ridge + self.norm * group.weight / length } else { self.ridge };
            let is_free = |&column: &usize| self.bounds[column] == Bound::Free || theta[column] != 0.0;
            free.extend(group.columns.clone().filter(is_free).map(|column| FreeCoefficient { column, ridge }));
        }
        free
    }

    /// The least `alpha` per row of the group penalty under which every coefficient is zero, given the gradient of the
    /// log-loss there.
    pub fn alpha_max(&self, gradient: &[f64]) -> f64 {
        let of_group = |group: &Group| {
            let pull: Vec<f64> = group.columns.clone().map(|j| self.bounds[j].clamp(-gradient[j])).collect();
            norm(&pull) / group.weight.max(f64::MIN_POSITIVE)
        };
        self.groups.iter().map(of_group).fold(0.0, f64::max) / NORM_SHARE
    }
}

/// Where a fit begins and ends.
#[derive(Clone, Debug, Default)]
pub struct Fit {
    /// The coefficients, then the intercept.
    pub theta: Vec<f64>,
    /// The curvature of the log-loss somewhere near.
    pub curvature: Option<Square>,
    /// How it went.
    pub report: Report,
}

impl Fit {
    /// Minimises, from here, until the [residual](Regulariser::residual) is not above the tolerance.
    ///
    /// # Errors
    /// As [`MeanLoss`].
    pub fn minimise<L: MeanLoss>(
        &mut self,
        loss: &L,
        regulariser: &Regulariser,
        tolerance: f64,
    ) -> Result<(), L::Error> {
        self.theta.iter_mut().zip(&regulariser.bounds).for_each(|(value, bound)| *value = bound.clamp(*value));
        let evaluate = |theta: &[f64]| -> Result<State, L::Error> {
            let LossValue { log_loss, mut gradient } = loss.value(theta)?;
            let coefficients = &theta[..theta.len() - 1];
            gradient.iter_mut().zip(coefficients).for_each(|(g, t)| *g += regulariser.ridge * t);
            Ok(State { objective: log_loss + regulariser.value(theta), log_loss, gradient })
        };

        let mut state = evaluate(&self.theta)?;
        let mut passes = 1;
        let mut residual = regulariser.residual(&self.theta, &state.gradient);
        let (mut is_fresh, mut is_slow) = (false, false);
        let mut model: Option<Vec<f64>> = self.curvature.as_ref().map(|square| whole(square, regulariser.ridge));

        while residual > tolerance && passes < MOST_PASSES {
            let matrix = match model.take().filter(|_| !is_slow || is_fresh) {
                Some(matrix) => matrix,
                None => {
                    let curvature = loss.curvature(&self.theta)?;
                    let matrix = whole(&curvature, regulariser.ridge);
                    self.curvature = Some(curvature);
                    is_fresh = true;
                    matrix
                }
            };

            let quadratic = Quadratic { matrix: &matrix, from: &self.theta, gradient: &state.gradient, regulariser };
            let target = quadratic.minimum(residual * INNER);
            let direction: Vec<f64> = target.iter().zip(&self.theta).map(|(to, from)| to - from).collect();
            let slope =
                dot(&state.gradient, &direction) + regulariser.corners(&target) - regulariser.corners(&self.theta);

            let (mut step, mut halvings) = (1.0, 0);
            let next = loop {
                let theta: Vec<f64> = match halvings {
                    // Exactly the minimum of the model, with its zeros.
                    0 => target.clone(),
                    _ => self.theta.iter().zip(&direction).map(|(from, d)| from + step * d).collect(),
                };
                let next = evaluate(&theta)?;
                passes += 1;
                // Near the optimum a decrease drowns in the rounding of the loss; the residual then decides.
                let rounding = 1e-13 * state.objective.abs();
                if next.objective <= state.objective + DECREASE * step * slope.min(0.0) + rounding {
                    break Some((theta, next));
                }
                step /= 2.0;
                halvings += 1;
                if halvings > HALVINGS || passes >= MOST_PASSES {
                    break None;
                }
            };

            let Some((theta, next)) = next else {
                if is_fresh {
                    break;
                }
                is_slow = true;
                continue;
            };

            (self.theta, state) = (theta, next);

            let before = residual;
            residual = regulariser.residual(&self.theta, &state.gradient);
            is_slow = residual > PROGRESS * before;
            is_fresh = false;
            model = Some(matrix);
        }

        self.report = Report {
            iterations: passes,
            gradient_norm: residual,
            log_loss: state.log_loss,
            converged: residual <= tolerance,
        };

        Ok(())
    }
}

struct State {
    objective: f64,
    log_loss: f64,
    gradient: Vec<f64>,
}

/// A quadratic model of the smooth part around a point, with the norms and the bounds.
struct Quadratic<'a> {
    /// The curvature, row after row.
    matrix: &'a [f64],
    from: &'a [f64],
    gradient: &'a [f64],
    regulariser: &'a Regulariser,
}

/// A point of a quadratic model, and the gradient of its smooth part there.
#[derive(Clone)]
struct Point {
    theta: Vec<f64>,
    gradient: Vec<f64>,
}

impl Quadratic<'_> {
    fn size(&self) -> usize {
        self.from.len()
    }

    fn row(&self, j: usize) -> &[f64] {
        &self.matrix[j * self.size()..(j + 1) * self.size()]
    }

    /// The value at a point, less a constant.
    fn value(&self, point: &Point) -> f64 {
        let moved = point.theta.iter().zip(self.from).map(|(to, from)| to - from);
        let pull = point.gradient.iter().zip(self.gradient).map(|(a, b)| a + b);
        moved.zip(pull).map(|(moved, pull)| moved * pull / 2.0).sum::<f64>() + self.regulariser.corners(&point.theta)
    }

    /// Moves one parameter.
    fn shift(&self, point: &mut Point, j: usize, by: f64) {
        if by != 0.0 {
            point.theta[j] += by;
            point.gradient.iter_mut().zip(self.row(j)).for_each(|(g, h)| *g += by * h);
        }
    }

    /// The point of the minimum, as nearly as the tolerance asks.
    fn minimum(&self, tolerance: f64) -> Vec<f64> {
        let mut point = Point { theta: self.from.to_vec(), gradient: self.gradient.to_vec() };
        for _ in 0..MOST_SWEEPS {
            self.sweep(&mut point);
            self.newton(&mut point);
            if self.regulariser.residual(&point.theta, &point.gradient) <= tolerance {
                break;
            }
        }
        point.theta
    }

    /// Moves group after group, and then the intercept, to where the model is lower.
    fn sweep(&self, point: &mut Point) {
        let regulariser = self.regulariser;
        for group in &regulariser.groups {
            let columns = group.columns.clone();
            if regulariser.norm == 0.0 || columns.len() == 1 {
                // A single coefficient at a time has its minimum in closed form.
                for j in columns {
                    let curvature = self.row(j)[j];
                    let alone = Group { columns: j..j + 1, weight: group.weight };
                    let mut value = [point.theta[j] - point.gradient[j] / curvature];
                    regulariser.shrink(&alone, &mut value, 1.0 / curvature);
                    self.shift(point, j, value[0] - point.theta[j]);
                }
                continue;
            }
            // No eigenvalue is above the largest sum of a row (Gershgorin).
            let sum = |j: usize| self.row(j)[columns.clone()].iter().map(|h| h.abs()).sum::<f64>();
            let curvature = columns.clone().map(sum).fold(f64::MIN_POSITIVE, f64::max);
            let mut values: Vec<f64> =
                columns.clone().map(|j| point.theta[j] - point.gradient[j] / curvature).collect();
            regulariser.shrink(group, &mut values, 1.0 / curvature);
            for (j, value) in columns.zip(values) {
                self.shift(point, j, value - point.theta[j]);
            }
        }

        let last = self.size() - 1;
        self.shift(point, last, -point.gradient[last] / self.row(last)[last]);
    }

    /// A Newton step on the coefficients that are not zero, if it leads down.
    fn newton(&self, point: &mut Point) {
        let (size, regulariser) = (self.size(), self.regulariser);
        // What is zero within a group that is not may move if nothing bounds it.
        let moves = |j: usize| point.theta[j] != 0.0 || regulariser.bounds[j] == Bound::Free;
        let mut active: Vec<usize> = Vec::with_capacity(size);
        let mut bends: Vec<(Range<usize>, f64)> = Vec::new();

        for group in &regulariser.groups {
            let length = norm(&point.theta[group.columns.clone()]);
            if regulariser.norm > 0.0 && length == 0.0 {
                continue;
            }
            let first = active.len();
            active.extend(group.columns.clone().filter(|&j| moves(j)));
            if regulariser.norm > 0.0 {
                bends.push((first..active.len(), length));
            }
        }

        active.push(size - 1);
        let mut matrix = Square::zeros(active.len());
        for (row, &i) in active.iter().enumerate() {
            let line = &mut matrix.values[row * active.len()..(row + 1) * active.len()];
            line.iter_mut().zip(&active).for_each(|(to, &j)| *to = self.matrix[i * size + j]);
        }

        let mut pull: Vec<f64> = active.iter().map(|&j| -point.gradient[j]).collect();
        let mut group = regulariser.groups.iter().filter(|group| norm(&point.theta[group.columns.clone()]) > 0.0);
        for (places, length) in bends {
            let Some(weight) = group.next().map(|group| regulariser.norm * group.weight / length) else { break };
            for a in places.clone() {
                let x = point.theta[active[a]];
                pull[a] -= weight * x;
                for b in places.clone() {
                    let same = if a == b { 1.0 } else { 0.0 };
                    matrix.values[a * active.len() + b] +=
                        weight * (same - x * point.theta[active[b]] / (length * length));
                }
            }
        }

        let step = Cholesky::new(matrix).solve(&pull);
        // Near the minimum a decrease drowns in the rounding of the value.
        let corners = self.regulariser.corners(&point.theta);
        let (value, mut share) = (self.value(point) + 1e-14 * corners, 1.0);

        for _ in 0..4 {
            let mut theta = point.theta.clone();
            for (&j, step) in active.iter().zip(&step) {
                let bound = regulariser.bounds.get(j).copied().unwrap_or_default();
                theta[j] = bound.clamp(theta[j] + share * step);
            }
            let moved: Vec<f64> = theta.iter().zip(self.from).map(|(to, from)| to - from).collect();
            let gradient = (0..size).map(|j| self.gradient[j] + dot(self.row(j), &moved)).collect();
            let next = Point { theta, gradient };
            if self.value(&next) <= value {
                *point = next;
                return;
            }
            share /= 4.0;
        }
    }
}

/// The whole of a symmetric matrix whose lower triangle is given, with the ridge.
fn whole(square: &Square, ridge: f64) -> Vec<f64> {
    let size = square.size;
    let mut matrix = square.values.clone();
    for i in 0..size {
        for j in 0..i {
            matrix[j * size + i] = matrix[i * size + j];
        }
        if i + 1 < size {
            matrix[i * size + i] += ridge.max(SPECK);
        }
    }
    matrix
}

fn norm(values: &[f64]) -> f64 {
    dot(values, values).sqrt()
}
