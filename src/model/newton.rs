//! Newton's method (iteratively reweighted least squares) for the penalised log-loss, one evaluation at a time, so
//! that several models can advance together on the same passes over the rows.

use super::cholesky::Cholesky;
use super::design::DesignBlock;
use super::kernel::{self, Curvature, Point, Sums};

/// A smallest pivot below which the rounding of [`Curvature::Single`] spoils the step, and [`Curvature::Double`]
/// takes over.
const SINGLE_PIVOT: f64 = 1e-5;

/// A step so small (in log-odds per root mean square of a column) that the curvature hardly changes along it. The
/// factor at hand then serves for the next step as well, and passes without the curvature finish the fit.
const SMALL_STEP: f64 = 1e-3;

/// How much of the gradient a step with an old factor must take away for the factor to be kept.
const KEEP_FACTOR: f64 = 0.25;

/// The loss may rise by this share without being taken for a rise: it is rounding.
const ROUNDING: f64 = 1e-13;

/// Halvings of a step before the fit is given up.
const HALVINGS: u32 = 40;

/// Small steps in a row that do not halve the gradient before the fit is given up: rounding is all there is left.
const STALLS: u32 = 4;

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
    /// Penalised mean loss at `theta`.
    value: f64,
    factor: Option<Cholesky>,
    /// The smallest `gradient_norm` so far, and the small steps from fresh factors since it was last halved.
    best: f64,
    stalls: u32,
    /// Accuracy of the curvature, once there was reason to raise it.
    precision: Curvature,
    next: Next,
}

/// What a fit is waiting for.
#[derive(Clone, Debug)]
enum Next {
    /// The sums at `theta` itself, with the curvature.
    Here,
    /// The sums at `theta` minus `share` of the step.
    There { share: f64, curvature: Curvature, halvings: u32 },
    /// Nothing any more.
    Nothing,
}

impl<'a> Newton<'a> {
    /// A fit that starts from `theta`.
    pub fn new(objective: Objective<'a>, theta: Vec<f64>) -> Newton<'a> {
        Newton {
            objective,
            step: vec![0.0; theta.len()],
            theta,
            sums: None,
            iterations: 0,
            gradient_norm: f64::INFINITY,
            value: f64::INFINITY,
            factor: None,
            best: f64::INFINITY,
            stalls: 0,
            precision: Curvature::Single,
            next: Next::Here,
        }
    }

    /// Whether the gradient has reached the tolerance.
    pub fn converged(&self) -> bool {
        self.gradient_norm <= self.objective.tolerance
    }

    /// Where to evaluate the loss next, and how; none when the fit is over.
    pub fn request(&self) -> Option<(Vec<f64>, Curvature)> {
        match self.next {
            Next::Here => Some((self.theta.clone(), self.precision)),
            Next::There { share, curvature, .. } => {
                let point = self.theta.iter().zip(&self.step).map(|(theta, step)| theta - share * step).collect();
                Some((point, curvature))
            }
            Next::Nothing => None,
        }
    }

    /// Takes the sums at the point that was asked for.
    pub fn receive(&mut self, sums: Sums) {
        match self.next {
            Next::Here => {
                let before = self.gradient_norm;
                self.arrive(sums);
                self.decide(before);
            }
            Next::There { share, curvature, halvings } => {
                let Some((point, _)) = self.request() else { return };
                // A value that is not a number counts as a rise.
                if self.value_of(&point, &sums) <= self.value + self.value.abs() * ROUNDING {
                    let before = self.gradient_norm;
                    self.theta = point;
                    self.iterations += 1;
                    self.arrive(sums);
                    self.decide(before);
                } else if halvings == HALVINGS {
                    self.next = Next::Nothing;
                } else if self.sums.as_ref().is_some_and(|sums| sums.gram.is_none()) {
                    // A factor from an earlier point may lead nowhere: renew it before shortening the step.
                    self.next = Next::Here;
                } else {
                    self.next = Next::There { share: share / 2.0, curvature, halvings: halvings + 1 };
                }
            }
            Next::Nothing => {}
        }
    }

    /// Makes `sums` the state at `theta`.
    fn arrive(&mut self, sums: Sums) {
        self.value = self.value_of(&self.theta, &sums);
        let scaled = self.gradient(&sums).into_iter().zip(self.objective.scale.iter().chain([&1.0]));
        let scaled = scaled.map(|(gradient, scale)| (gradient / scale).abs());
        self.gradient_norm =
            scaled.fold(0.0, |most, entry| if entry.is_nan() { f64::INFINITY } else { entry.max(most) });
        if let Some(gram) = &sums.gram {
            let size = self.theta.len();
            self.factor = Some(Cholesky::new(&penalised(gram.to_matrix(), size, self.alpha(&sums)), size));
        }
        self.sums = Some(sums);
    }

    /// What to do from `theta`, where the gradient was `before` at the point before it.
    fn decide(&mut self, before: f64) {
        let (Some(sums), Some(factor)) = (&self.sums, &self.factor) else { return };
        let fresh = sums.gram.is_some();
        self.next = if self.converged() || self.iterations >= self.objective.max_iterations {
            Next::Nothing
        } else if fresh && self.precision == Curvature::Single && factor.smallest_pivot < SINGLE_PIVOT {
            self.precision = Curvature::Double;
            Next::Here
        } else if !fresh && self.gradient_norm > before * KEEP_FACTOR {
            Next::Here
        } else {
            let rows = sums.rows as f64;
            let gradient: Vec<f64> = self.gradient(sums).iter().map(|value| value * rows).collect();
            self.step = factor.solve(&gradient);
            let size = self.step.iter().zip(self.objective.scale.iter().chain([&1.0]));
            let small = size.map(|(step, scale)| (step * scale).abs()).fold(0.0, f64::max) <= SMALL_STEP;
            if self.gradient_norm <= self.best / 2.0 || !small {
                self.best = self.gradient_norm;
                self.stalls = 0;
            } else if fresh {
                self.stalls += 1;
            }
            if self.stalls > STALLS {
                Next::Nothing
            } else {
                let curvature = if small { Curvature::Skip } else { self.precision };
                Next::There { share: 1.0, curvature, halvings: 0 }
            }
        };
    }

    /// The penalty on the sum of the losses.
    fn alpha(&self, sums: &Sums) -> f64 {
        self.objective.alpha * sums.rows as f64
    }

    /// Penalised mean loss.
    fn value_of(&self, theta: &[f64], sums: &Sums) -> f64 {
        let (_, coefficients) = intercept_and_coefficients(theta);
        let square: f64 = coefficients.iter().map(|w| w * w).sum();
        sums.loss / sums.rows as f64 + self.objective.alpha / 2.0 * square
    }

    /// Gradient of the penalised mean loss at `theta`.
    fn gradient(&self, sums: &Sums) -> Vec<f64> {
        let rows = sums.rows as f64;
        let mut gradient: Vec<f64> = sums.gradient.iter().map(|sum| sum / rows).collect();
        let (_, coefficients) = intercept_and_coefficients(&self.theta);
        gradient.iter_mut().zip(coefficients).for_each(|(gradient, w)| *gradient += self.objective.alpha * w);
        gradient
    }
}

/// Brings every fit as far as it goes, all of them on the same passes over the rows.
pub fn advance(blocks: &[&DesignBlock], columns: usize, fits: &mut [Newton]) {
    loop {
        let requests: Vec<(usize, Vec<f64>, Curvature)> = fits
            .iter()
            .enumerate()
            .filter_map(|(at, fit)| fit.request().map(|(theta, curvature)| (at, theta, curvature)))
            .collect();
        if requests.is_empty() {
            return;
        }
        let points: Vec<Point> = requests
            .iter()
            .map(|(at, theta, curvature)| Point { theta, without: fits[*at].objective.without, curvature: *curvature })
            .collect();
        let sums = kernel::evaluate(blocks, columns, &points);
        for ((at, ..), sums) in requests.iter().zip(sums) {
            fits[*at].receive(sums);
        }
    }
}

/// Adds `alpha` to the diagonal of a matrix of `size` rows, but for the intercept's place at its end.
pub fn penalised(mut matrix: Vec<f64>, size: usize, alpha: f64) -> Vec<f64> {
    for j in 0..size - 1 {
        matrix[j * size + j] += alpha;
    }
    matrix
}

/// The two parts of a parameter vector.
pub fn intercept_and_coefficients(theta: &[f64]) -> (f64, &[f64]) {
    theta.split_last().map_or((0.0, &[]), |(intercept, coefficients)| (*intercept, coefficients))
}
