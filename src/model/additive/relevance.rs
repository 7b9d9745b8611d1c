//! How much each term of a fine model matters: a scale a term, from the fit itself.
//!
//! A ridge is a Gaussian prior of one variance for all coefficients, but most of sixty interactions hardly matter and a
//! few matter much. Under a prior of its own a term's variance is most likely the sum of its squared coefficients over
//! the number of them that the rows determine (MacKay 1992, "Bayesian interpolation", equation 4.9, with the diagonal
//! of the curvature). A scale on the term's basis stands for that variance, so the objective stays one logistic loss
//! with one ridge. Two or three rounds are made from equal scales and not more: the fixed point drops terms that
//! held-out rows miss.

use super::codes::{totals, CodeBlock};
use super::passes::Terms;

/// The least and the most that a round makes of a scale, and the least and the most that a scale can be.
const STEP: [f64; 2] = [0.1, 4.0];
const SCALE: [f64; 2] = [1e-3, 30.0];

/// The scale of each term, given the present ones and the fit under a penalty of `alpha` per row.
pub fn scales(present: &[f64], terms: &Terms, theta: &[f64], alpha: f64, blocks: &[&CodeBlock]) -> Vec<f64> {
    let rows = totals(blocks.iter().copied()).all;
    let curvature = terms.diagonal(theta, blocks);
    let scale = |(at, present): (usize, &f64)| {
        let columns = terms.columns_of(at);
        let square: f64 = theta[columns.clone()].iter().map(|x| x * x).sum();
        let determined: f64 = curvature[columns].iter().map(|h| h / (h + alpha)).sum();
        let ratio = square * alpha * rows / determined.max(f64::MIN_POSITIVE);
        (present * ratio.sqrt().clamp(STEP[0], STEP[1])).clamp(SCALE[0], SCALE[1])
    };
    present.iter().enumerate().map(scale).collect()
}
