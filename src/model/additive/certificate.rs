//! The additive model before linfa's own optimiser.
//!
//! Written out as a dense matrix, the basis of the terms makes the fit a ridge regression with a column a coefficient, and
//! that is what `linfa-logistic` fits, with `alpha = rows * alpha`. The program itself never writes the matrix: ten columns
//! of eight bytes take the place of each code of one byte.
//!
//! A sample of whole customers is asked about where all rows would take more than [`DENSE_BYTES`]. Both solvers then fit
//! the sample, with the penalty per row of the published model, so what is confirmed is how the model was solved for and
//! not the very coefficients.

use super::codes::{by_fold, CodeBlock};
use super::passes::Terms;
use super::solver::Solver;
use crate::model::linear::{Certificate, Solution};
use ndarray::{Array1, Array2, ShapeBuilder};

/// The most that the dense matrix may take. The cost of the check is in proportion to it, so it is bounded in rows times
/// columns whatever the training's size.
const DENSE_BYTES: usize = 8 << 20;
/// The most iterations of linfa's optimiser. The columns of curves and interactions are less alike in scale than those of a
/// linear model: after 5 it was still up to 5e-4 away, within 100 it came back (to within 1e-6 where that was read).
const ITERATIONS: u64 = 100;

/// Asks linfa about the solution `theta` of a fit with an L2 penalty and no bounds.
pub(super) fn certify(terms: &Terms, blocks: &[CodeBlock], theta: &[f64], alpha: f64, tolerance: f64) -> Certificate {
    let columns = terms.columns();
    if columns == 0 {
        return Certificate::NotRun { reason: "the model has no terms".to_owned() };
    }

    let rows: usize = blocks.iter().map(|block| block.rows).sum();
    let most = DENSE_BYTES / size_of::<f64>() / columns;
    let sample: Vec<CodeBlock> = if rows > most { whole_customers(blocks, most) } else { Vec::new() };
    let chosen: Vec<&CodeBlock> = if rows > most { sample.iter().collect() } else { blocks.iter().collect() };
    let churned: Array1<bool> = chosen.iter().flat_map(|block| block.y.iter().map(|&y| y == 1)).collect();
    if churned.iter().all(|&y| y) || !churned.iter().any(|&y| y) {
        return Certificate::NotRun { reason: format!("all {} rows of its sample have one label", churned.len()) };
    }

    let mut solver = Solver::new(terms, chosen.clone(), chosen.clone()).from(theta.to_vec());
    if rows > most {
        solver.fit(alpha, tolerance);
        if !solver.report.converged {
            return Certificate::NotRun { reason: "the fit of its sample did not converge".to_owned() };
        }
    }

    let records = dense(terms, &chosen);
    let root_mean_square = |square: f64| if square > 0.0 { (square / records.nrows() as f64).sqrt() } else { 1.0 };
    let scale: Vec<f64> = records.columns().into_iter().map(|x| root_mean_square(x.dot(&x))).collect();
    let hessian = terms.curvature(&solver.theta, &chosen).with_ridge(alpha).values;
    Solution { alpha, theta: &solver.theta, scale: &scale, hessian: &hessian, iterations: ITERATIONS }
        .certify(records, churned)
}

/// At most about so many rows: every so many-th customer, with all of their rows.
fn whole_customers(blocks: &[CodeBlock], rows: usize) -> Vec<CodeBlock> {
    let folds = blocks.iter().flat_map(|block| &block.fold).max().map_or(1, |last| last.saturating_add(1));
    by_fold(blocks, folds, rows).concat()
}

/// The basis of every row, of shape (rows, coefficients), stored column after column.
fn dense(terms: &Terms, blocks: &[&CodeBlock]) -> Array2<f64> {
    let rows: usize = blocks.iter().map(|block| block.rows).sum();
    let mut matrix = Array2::zeros((rows, terms.columns()).f());
    for (at, term) in terms.terms.iter().enumerate() {
        let mut buffer = Vec::new();
        let mut cells: Vec<u8> = Vec::with_capacity(rows);
        for block in blocks {
            cells.extend_from_slice(term.lookup.cells(block, 0..block.rows, &mut buffer));
        }

        for (place, column) in terms.columns_of(at).enumerate() {
            let values = cells.iter().map(|&cell| term.basis.row(usize::from(cell))[place]);
            matrix.column_mut(column).iter_mut().zip(values).for_each(|(to, value)| *to = value);
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::super::examples;
    use super::super::search::{self, Shape};
    use super::super::tests::{data, fitted};
    use super::*;
    use crate::dataset::Selection;

    fn assert_agreement(certificate: &Certificate, on: usize) {
        let Certificate::Confirmed { difference, rows, log_odds, .. } = certificate else { panic!("{certificate}") };
        assert_eq!(*rows, Some(on));
        assert!(*difference < 1e-6 && log_odds.unwrap() < 1e-6, "{certificate}");
        assert!(certificate.advice().is_none());
    }

    #[test]
    fn linfa_finds_the_same_curves_and_interactions_whichever_class_is_the_larger() {
        for (curves, seed) in [(3, 1), (6, 2)] {
            let (mut shape, mut blocks) = examples::problem(2_000, curves, seed);
            for (alpha, flip) in [(1e-2, false), (1e-3, true)] {
                if flip {
                    blocks.iter_mut().flat_map(|block| &mut block.y).for_each(|y| *y = 1 - *y);
                }
                let all: Vec<&CodeBlock> = blocks.iter().collect();
                let mut solver = Solver::new(&shape, all.clone(), all);
                solver.fit(alpha, 1e-10);
                assert_agreement(&certify(&shape, &blocks, &solver.theta, alpha, 1e-10), 2_000);
            }

            shape = Terms::new(shape.terms.into_iter().take(curves));
            let all: Vec<&CodeBlock> = blocks.iter().collect();
            let mut solver = Solver::new(&shape, all.clone(), all);
            solver.fit(3e-3, 1e-10);
            assert_agreement(&certify(&shape, &blocks, &solver.theta, 3e-3, 1e-10), 2_000);
        }
    }

    #[test]
    fn few_churners_missing_values_and_levels_change_nothing() {
        let mut dataset = data(4_000, 3);
        let labels = dataset.blocks.iter_mut().flat_map(|block| &mut block.labels).enumerate();
        labels.filter(|(row, _)| row % 10 != 0).for_each(|(_, label)| *label = Some(0));
        let (fit, _) = fitted(&dataset, Some(2e-3));
        assert!(fit.churners * 10 < fit.rows, "{} of {}", fit.churners, fit.rows);
        assert_agreement(&fit.certificate, 4_000);
    }

    #[test]
    fn a_wrong_solution_is_noticed_and_many_rows_are_sampled() {
        let dataset = data(3_000, 4);
        let (fit, _) = fitted(&dataset, Some(2e-3));
        let blocks = fit.encoded(&dataset, &Selection::labelled(&dataset, |_| true));
        let (terms, mut theta) = fit.solution();
        theta[1] += 0.2;
        let certificate = certify(&terms, &blocks, &theta, fit.alpha, 1e-8);
        assert!(matches!(certificate, Certificate::Differs { .. }), "{certificate}");
        assert!(certificate.advice().unwrap().contains("the cross-check of the coefficients failed"));

        let (grids, blocks) = examples::interacting(60_000, 5);
        let terms = search::terms(&grids, &Shape { features: (0..6).collect(), pairs: vec![[1, 2]] });
        let all: Vec<&CodeBlock> = blocks.iter().collect();
        let mut solver = Solver::new(&terms, all.clone(), all);
        solver.fit(1e-3, 1e-8);
        let certificate = certify(&terms, &blocks, &solver.theta, 1e-3, 1e-8);
        let Certificate::Confirmed { rows: Some(rows), .. } = certificate else { panic!("{certificate}") };
        assert!(rows < 60_000 && rows > 5_000 && rows.is_multiple_of(2), "{rows} rows");
    }
}
