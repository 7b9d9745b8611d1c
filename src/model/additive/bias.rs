//! How far from the truth a penalty draws each cell of a curve.
//!
//! A penalised curve is on average `S f` where the truth is `f`, so it is off by `(I - S) f` (Hastie & Tibshirani 1990,
//! *Generalized Additive Models*, section 3.8). What is to be expected of its square is added to the variance: bands of
//! both hold the truth in 95 of 100 places on the average over a curve (Nychka, *JASA* 83, 1988). It depends on what
//! `f` may be: here a sum of a line with hinges and of steps at all edges of the bins, each of the two kinds with
//! coefficients of a variance of its own, and `f` is as the rows leave it (its mean and covariance given them). The
//! penalty supposes one variance for all terms, too small for strong curves and too large for what has no effect, and
//! the basis of the fit has leading components alone, so that what it cannot say is a bias too.
//!
//! The variances are learned (empirical Bayes): the root of each is its mean over a grid, weighted by the marginal
//! likelihood of the term, under the quadratic approximation of the log-loss at the solution, with the other terms and
//! the intercept integrated out under their penalty. The most likely variances alone would be too sure that a weak
//! effect is not there. Where the term has a scale of its own, it is the variance that is a mean and not its root: what
//! seems weak by chance was drawn to nothing by that scale already.

use crate::model::solver::cholesky::{Cholesky, Square};
use crate::model::solver::dot;
use ndarray::{Array1, Array2};

/// The variances that a kind's coefficients may have: a standard deviation of the effect from 0.02 to 3 in log-odds.
const VARIANCES: [f64; 11] = [0.0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// What a fit knows of one term. All sums are over the rows, not means.
pub struct Fitted {
    /// What each cell is made of, a row a cell; over the rows each column has a mean of 0.
    pub basis: Array2<f64>,
    /// The block of the inverse of the penalised curvature that belongs to the term.
    pub inverse: Array2<f64>,
    /// The ridge in that curvature.
    pub ridge: f64,
    /// How many times as large the variance of the estimate is as it would be if all rows were independent.
    pub inflation: f64,
    /// Whether the scale of the term was learned from the rows.
    pub has_scale: bool,
}

/// What there is in each cell of a curve.
pub struct Cells<'a> {
    /// What is published.
    pub table: &'a [f64],
    /// Sum of the residuals `y - p`.
    pub residuals: &'a [f64],
    /// Sum of the weights `p (1 - p)`.
    pub weights: &'a [f64],
    /// How many rows: over them, the mean of what is published is 0.
    pub rows: &'a [f64],
}

/// The log-likelihood `score'u - u' precision u / 2` of coefficients `u`.
struct Likelihood {
    precision: Square,
    score: Vec<f64>,
}

/// The expected square of the bias of each cell of a numeric curve that may be made of these kinds of columns; those of
/// the last kind have the variance that the penalty gives them.
pub fn of_curve(fitted: &Fitted, cells: &Cells<'_>, kinds: &[Vec<Vec<f64>>]) -> Vec<f64> {
    let basis = &fitted.basis;
    let weights = Array1::from(cells.weights.to_vec());
    let all = weights.sum();
    let Some((last, others)) = kinds.split_last().filter(|_| all > 0.0 && fitted.ridge > 0.0) else {
        return vec![0.0; basis.nrows()];
    };

    // The information on the table: without what it shares with the intercept, then with the other terms.
    let mut information = Array2::from_diag(&weights);
    for (mut row, weight) in information.rows_mut().into_iter().zip(&weights) {
        row.scaled_add(-weight / all, &weights);
    }
    let loaded = information.dot(basis);
    let own = basis.t().dot(&loaded);
    let shared = &own - &fitted.information();
    let projection = loaded.dot(&inverse(&own));
    information -= &projection.dot(&shared).dot(&projection.t());

    let columns = kinds.concat();
    let columns = Array2::from_shape_fn((basis.nrows(), columns.len()), |(cell, column)| columns[column][cell]);
    let seen = information.dot(&columns);
    let mut biases = &columns - &basis.dot(&fitted.inverse).dot(&basis.t().dot(&seen));
    let rows = Array1::from(cells.rows.to_vec());
    biases -= &(rows.dot(&biases) / rows.sum());

    let slope = information.dot(&Array1::from(cells.table.to_vec())) + &Array1::from(cells.residuals.to_vec());
    let likelihood = Likelihood::new(&columns.t().dot(&seen), &columns.t().dot(&slope), fitted.inflation);
    let given = 1.0 / fitted.ridge;
    let sizes: Vec<usize> = others.iter().map(Vec::len).collect();
    let variances =
        likelihood.without_last(last.len(), given).1.variances(&sizes, fitted.has_scale).into_iter().chain([given]);
    let of_kinds = variances.zip(kinds).map(|(variance, kind)| vec![variance; kind.len()]);
    likelihood.expected_squares(&biases, &of_kinds.collect::<Vec<_>>().concat())
}

/// The same of a term whose basis is all that it can be made of: levels, or an interaction.
pub fn of_coefficients(fitted: &Fitted, coefficients: &[f64]) -> Vec<f64> {
    if fitted.ridge <= 0.0 {
        return vec![0.0; fitted.basis.nrows()];
    }
    let slope = inverse(&fitted.inverse).dot(&Array1::from(coefficients.to_vec()));
    let likelihood = Likelihood::new(&fitted.information(), &slope, fitted.inflation);
    let variances = likelihood.variances(&[coefficients.len()], fitted.has_scale);
    let biases = fitted.basis.dot(&fitted.inverse) * fitted.ridge;
    likelihood.expected_squares(&biases, &vec![variances[0]; coefficients.len()])
}

impl Fitted {
    /// What the rows say about the coefficients, the other terms integrated out under their penalty.
    fn information(&self) -> Array2<f64> {
        let mut information = inverse(&self.inverse);
        information.diag_mut().iter_mut().for_each(|value| *value -= self.ridge);
        information
    }
}

impl Likelihood {
    /// Of a precision and a slope at 0, for rows whose noise has so many times the variance.
    fn new(precision: &Array2<f64>, slope: &Array1<f64>, inflation: f64) -> Likelihood {
        let values = precision.iter().map(|value| value / inflation).collect();
        let score = slope.iter().map(|value| value / inflation).collect();
        Likelihood { precision: Square { size: slope.len(), values }, score }
    }

    /// The log-evidence once the last coefficients are integrated out under a normal prior of this variance, and the
    /// likelihood of the others.
    fn without_last(&self, count: usize, variance: f64) -> (f64, Likelihood) {
        let (size, left) = (self.score.len(), self.score.len() - count);
        let (kept, gone) = self.score.split_at(left);
        let row = |i: usize| &self.precision.values[i * size..(i + 1) * size];
        let mut precision: Vec<f64> = (0..left).flat_map(|i| &row(i)[..left]).copied().collect();
        let mut score = kept.to_vec();
        if count == 0 || variance == 0.0 {
            return (0.0, Likelihood { precision: Square { size: left, values: precision }, score });
        }

        let mut inner: Vec<f64> = (left..size).flat_map(|i| &row(i)[left..]).map(|value| variance * value).collect();
        (0..count).for_each(|i| inner[i * count + i] += 1.0);
        let factor = Cholesky::new(Square { size: count, values: inner });
        let solved = factor.solve(gone);
        let evidence = 0.5 * (variance * dot(gone, &solved) - factor.log_determinant());
        for i in 0..left {
            let across = &row(i)[left..];
            score[i] -= variance * dot(across, &solved);
            let solved = factor.solve(across);
            (0..left).for_each(|j| precision[i * left + j] -= variance * dot(&row(j)[left..], &solved));
        }
        (evidence, Likelihood { precision: Square { size: left, values: precision }, score })
    }

    /// The variance of each kind of coefficients, of which there are so many: the square of the mean of its root, or
    /// its own mean where the term has a scale.
    fn variances(&self, sizes: &[usize], has_scale: bool) -> Vec<f64> {
        let mut tried = Vec::new();
        self.explore(sizes, 0.0, &mut Vec::new(), &mut tried);
        let most = tried.iter().map(|(evidence, _)| *evidence).fold(f64::NEG_INFINITY, f64::max);
        let (mut sum, mut means) = (0.0, vec![0.0; sizes.len()]);
        for (evidence, variances) in tried {
            let weight = (evidence - most).exp();
            sum += weight;
            // They were tried from the last kind on.
            let values = variances.iter().rev().map(|variance| if has_scale { *variance } else { variance.sqrt() });
            means.iter_mut().zip(values).for_each(|(mean, value)| *mean += weight * value);
        }
        let variance = |mean: f64| if has_scale { mean } else { mean.powi(2) };
        means.into_iter().map(|mean| variance(mean / sum)).collect()
    }

    /// The log-evidence of every combination of variances, from the last kind on.
    fn explore(&self, sizes: &[usize], before: f64, variances: &mut Vec<f64>, tried: &mut Vec<(f64, Vec<f64>)>) {
        let Some((&last, others)) = sizes.split_last() else {
            tried.push((before, variances.clone()));
            return;
        };
        for variance in VARIANCES {
            let (evidence, likelihood) = self.without_last(last, variance);
            variances.push(variance);
            likelihood.explore(others, before + evidence, variances, tried);
            variances.pop();
        }
    }

    /// The expected square of each of these sums of coefficients, a row a sum, if they have these variances beforehand.
    fn expected_squares(&self, sums: &Array2<f64>, variances: &[f64]) -> Vec<f64> {
        let size = variances.len();
        let roots: Vec<f64> = variances.iter().map(|variance| variance.sqrt()).collect();
        let mut scaled = self.precision.clone();
        for i in 0..size {
            (0..size).for_each(|j| scaled.values[i * size + j] *= roots[i] * roots[j]);
            scaled.values[i * size + i] += 1.0;
        }
        let covariance = Cholesky::new(scaled).inverse();
        let covariance = Array2::from_shape_fn((size, size), |(i, j)| roots[i] * covariance[i * size + j] * roots[j]);
        let means = sums.dot(&covariance.dot(&Array1::from(self.score.clone())));
        let spread = sums.dot(&covariance);
        let square = |(cell, mean): (usize, &f64)| mean * mean + spread.row(cell).dot(&sums.row(cell));
        means.iter().enumerate().map(square).collect()
    }
}

/// Of a symmetric matrix.
fn inverse(matrix: &Array2<f64>) -> Array2<f64> {
    let factor = Cholesky::new(Square { size: matrix.nrows(), values: matrix.iter().copied().collect() });
    Array2::from_shape_vec(matrix.raw_dim(), factor.inverse()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A likelihood of four coefficients that depend on each other.
    fn likelihood() -> Likelihood {
        let rows = [[3.0, 1.0, -0.5, 0.2], [1.0, 4.0, 0.3, -1.0], [-0.5, 0.3, 2.0, 0.4], [0.2, -1.0, 0.4, 5.0]];
        Likelihood { precision: Square { size: 4, values: rows.concat() }, score: vec![2.0, -1.0, 0.5, 3.0] }
    }

    /// The same with the last two coefficients first.
    fn turned() -> Likelihood {
        let Likelihood { precision, score } = likelihood();
        let place = |i: usize| (i + 2) % 4;
        let values = (0..16).map(|at| precision.values[4 * place(at / 4) + place(at % 4)]).collect();
        Likelihood { precision: Square { size: 4, values }, score: (0..4).map(|i| score[place(i)]).collect() }
    }

    #[test]
    fn the_evidence_is_that_of_all_coefficients_whatever_goes_first() {
        let evidence = |likelihood: Likelihood, last: f64, first: f64| {
            let (one, rest) = likelihood.without_last(2, last);
            let (other, rest) = rest.without_last(2, first);
            assert!(rest.score.is_empty());
            one + other
        };
        for (first, last) in [(0.3, 2.0), (0.0, 0.5), (1.0, 0.0)] {
            let (a, b) = (evidence(likelihood(), last, first), evidence(turned(), first, last));
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
        let together = likelihood().without_last(4, 0.7).0;
        assert!((together - evidence(likelihood(), 0.7, 0.7)).abs() < 1e-12);
        assert_eq!(evidence(likelihood(), 0.0, 0.0), 0.0);
    }

    #[test]
    fn a_clear_effect_has_a_greater_variance_than_none() {
        let variance = |slope: f64| {
            let precision = Array2::from_diag(&Array1::from(vec![50.0; 3]));
            Likelihood::new(&precision, &Array1::from(vec![slope; 3]), 1.0).variances(&[3], false)[0]
        };
        let variances = [0.0, 5.0, 20.0, 50.0].map(variance);
        assert!(variances.windows(2).all(|pair| pair[0] < pair[1]), "{variances:?}");
        assert!(variances[0] < 0.02 && (0.7..2.0).contains(&variances[3]), "{variances:?}");
    }

    #[test]
    fn a_scale_that_was_learned_leaves_more_doubt() {
        let precision = Array2::from_diag(&Array1::from(vec![50.0; 3]));
        let weak = Likelihood::new(&precision, &Array1::from(vec![5.0; 3]), 1.0);
        let [given, learned] = [false, true].map(|has_scale| weak.variances(&[3], has_scale)[0]);
        assert!(1.5 * given < learned && learned < 10.0 * given, "{given} {learned}");
    }

    /// A term of one coefficient, with an estimate of 1 at a ridge.
    fn bias(ridge: f64, inflation: f64) -> Vec<f64> {
        let basis = Array2::from_shape_fn((3, 1), |(cell, _)| cell as f64 - 1.0);
        let inverse = Array2::from_elem((1, 1), 1.0 / (100.0 + ridge));
        of_coefficients(&Fitted { basis, inverse, ridge, inflation, has_scale: false }, &[1.0])
    }

    #[test]
    fn a_stronger_penalty_has_a_larger_bias_and_none_has_none() {
        assert_eq!(bias(0.0, 1.0), [0.0; 3]);
        let of_last: Vec<f64> = [0.1, 1.0, 10.0, 100.0].iter().map(|&ridge| bias(ridge, 1.0)[2]).collect();
        assert!(of_last.windows(2).all(|pair| pair[0] < pair[1]), "{of_last:?}");
        // Half of the effect is left at a ridge as large as what the rows say: another 1 is missing.
        assert!((of_last[3].sqrt() - 1.0).abs() < 0.1, "{of_last:?}");
        let cells = bias(10.0, 1.0);
        assert!(cells[1] == 0.0 && (cells[0] - cells[2]).abs() < 1e-15);
        assert!(bias(10.0, 50.0)[2] < cells[2], "what fewer rows say is taken for less");
    }
}
