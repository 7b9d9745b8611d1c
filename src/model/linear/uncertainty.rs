//! The uncertainty of the coefficients.
//!
//! The rows of one customer on several as-of dates are not independent. With `I = X' W X` the observed
//! information, `H = I + rows * alpha * D` (`D` the identity but for the intercept) and `S` the sum over customers of
//! `s s'`, `s` being the gradient of the log-loss summed over a customer's rows, the covariance of the estimates is
//! `c H^-1 S H^-1` with `c = G / (G - 1) * (n - 1) / (n - k)` for `G` customers, `n` rows and `k` parameters (Liang &
//! Zeger, *Biometrika* 73, 1986; statsmodels' `cov_type="cluster"`). Where every customer has one row it is that of the
//! model itself, `H^-1 I H^-1`, the variance of the penalised estimator
//! around its own expectation (le Cessie & van Houwelingen, *Applied Statistics* 41, 1992). Without a penalty it is
//! `I^-1`, as in statsmodels' `Logit`.
//!
//! Where rows stand for several customers, all sums take each as many times, and the covariance is the first in any
//! case: a row that counts ten times says no more than once what it says, so the information of ten is not there
//! (scikit-learn's `sample_weight` gives the estimates; the sandwich their spread: Binder, *International Statistical
//! Review* 51, 1983).

use super::loss::Sums;
use crate::model::solver::cholesky::{Cholesky, Square};

/// Variance inflation from which on the column is as good as determined by others.
const DETERMINED: f64 = 1e6;

/// What the curvature at the solution of a fit says about its coefficients. Matrices are given row after row.
pub struct Uncertainty {
    /// The covariance of the estimates.
    pub covariance: Vec<f64>,
    /// The variance inflation of each coefficient.
    pub variance_inflation: Vec<f64>,
    /// The columns that depend on those before them.
    pub dependent: Vec<usize>,
}

impl Uncertainty {
    /// From the sums over all rows at the solution for `size` parameters.
    pub fn from_sums(sums: Sums, size: usize, alpha: f64) -> Uncertainty {
        let (rows, weight) = (sums.rows, sums.weight);
        let information = sums.gram.map(|gram| gram.over(weight)).unwrap_or_default();
        let hessian = Square { size, values: information.clone() }.with_ridge(alpha * weight);
        let factor = Cholesky::new(hessian);
        let inverse = factor.inverse();

        let sandwich = |middle: &[f64]| product(&product(&inverse, middle, size), &inverse, size);
        let covariance = match sums.scatter {
            Some(scatter) => {
                let (n, k, groups) = (rows as f64, size as f64, scatter.rows);
                let correction = groups / (groups - 1.0).max(1.0) * (n - 1.0) / (n - k).max(1.0);
                let scatter = scatter.over(scatter.rows);
                sandwich(&scatter.iter().map(|value| value * correction).collect::<Vec<f64>>())
            }
            None if alpha > 0.0 => sandwich(&information),
            None => inverse,
        };

        let variance_inflation = variance_inflation(&information, size);
        Uncertainty { covariance, variance_inflation, dependent: factor.dependent }
    }
}

/// How many times larger the variance of each coefficient is than it would be if the column had nothing in common with
/// the others: `1 / (1 - R^2)` of the column on the others, under the weights of the fit. Infinite for a column that
/// depends on others exactly; 1 for one that never varies.
fn variance_inflation(information: &[f64], size: usize) -> Vec<f64> {
    let factor = Cholesky::new(Square { size, values: information.to_vec() });
    let inverse = factor.inverse();
    let at = |i: usize, j: usize| information[i * size + j];
    (0..size - 1)
        .map(|j| {
            let alone = at(j, j) - at(j, size - 1).powi(2) / at(size - 1, size - 1);
            if alone.is_nan() || alone <= 1e-9 * at(j, j) {
                return 1.0;
            }

            let inflation = alone * inverse[j * size + j];
            if factor.dependent.contains(&j) || inflation.is_nan() || inflation >= DETERMINED {
                f64::INFINITY
            } else {
                inflation.max(1.0)
            }
        })
        .collect()
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
