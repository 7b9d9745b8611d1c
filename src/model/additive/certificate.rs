//! The additive model before linfa's own optimiser.
//!
//! Written out as a dense matrix, the basis of the terms makes the fit a ridge regression with a column a coefficient, and
//! that is what `linfa-logistic` fits, with `alpha = rows * alpha`. The program itself never writes the matrix: ten columns
//! of eight bytes take the place of each code of one byte. Coefficients that a direction or the group penalty holds at 0
//! have no column.
//!
//! A sample of whole customers is asked about where all rows would take more than [`DENSE_BYTES`]. Both solvers then fit
//! the sample, with the penalty per row of the published model, so what is confirmed is how the model was solved for and
//! not the very coefficients.

use super::codes::{totals, whole_customers, CodeBlock};
use super::passes::Terms;
use super::solver::Solver;
use crate::config::Penalty;
use crate::model::linear::{Certificate, Solution, DENSE_BYTES};
use crate::weights::RowWeights;
use ndarray::{Array1, Array2, ShapeBuilder};

/// The most iterations of linfa's optimiser. The columns of curves and interactions are less alike in scale than those
/// of a linear model: after 5 it was still up to 5e-4 away, within 100 it came back (to within 1e-6 where that was
/// read); with thousands of coefficients of fine interactions it was still 2e-5 away.
const ITERATIONS: u64 = 300;

/// How much smaller the gradient of a fit of a sample has to become.
const OF_SAMPLE: f64 = 1e-3;

/// How a model was fitted.
#[derive(Clone, Copy)]
pub(super) struct Objective {
    /// What kept coefficients small.
    pub penalty: Penalty,
    /// Its strength per row.
    pub alpha: f64,
    /// How small the gradient had to become.
    pub tolerance: f64,
}

/// Asks linfa about the solution `theta` of a fit.
pub(super) fn certify(terms: &Terms, blocks: &[CodeBlock], theta: &[f64], objective: Objective) -> Certificate {
    if terms.columns() == 0 {
        return Certificate::not_run("the model has no terms");
    }
    let Objective { penalty, alpha, tolerance } = objective;
    let regulariser = terms.regulariser(penalty, alpha);
    let (mut theta, mut free) = (theta.to_vec(), regulariser.free(theta));

    let rows: usize = blocks.iter().map(|block| block.rows).sum();
    // As often as the rows stand for customers, they are written out.
    let most = (DENSE_BYTES / size_of::<f64>() / free.len().max(1)) as f64 * rows as f64 / totals(blocks).all;
    let most = most as usize;
    let sample: Vec<CodeBlock> = if rows > most { whole_customers(blocks, most) } else { Vec::new() };
    let chosen: Vec<&CodeBlock> = if rows > most { sample.iter().collect() } else { blocks.iter().collect() };
    let churned: Array1<bool> = chosen.iter().flat_map(|block| block.y.iter().map(|&y| y == 1)).collect();
    if churned.iter().all(|&y| y) || !churned.iter().any(|&y| y) {
        return Certificate::one_class(churned.len());
    }

    if rows > most {
        let mut solver = Solver::new(terms, chosen.clone(), chosen.clone()).penalised(penalty).from(theta);
        // Of fewer rows the penalty alone holds many coefficients, so that a small gradient says less of them.
        solver.fit(alpha, OF_SAMPLE * tolerance);
        if !solver.report.converged {
            return Certificate::not_run("the fit of its sample did not converge");
        }
        theta = solver.theta;
        free = regulariser.free(&theta);
    }

    let columns: Vec<usize> = free.iter().map(|free| free.column).collect();
    let weights = RowWeights::joined(chosen.iter().map(|block| (&block.weights, block.rows)));
    let records = dense(terms, &chosen, &columns);
    Solution { theta: &theta, free: &free, iterations: ITERATIONS }.certify(records, churned, &weights)
}

/// The basis of every row, of shape (rows, columns), stored column after column; the columns are ascending.
fn dense(terms: &Terms, blocks: &[&CodeBlock], columns: &[usize]) -> Array2<f64> {
    let rows: usize = blocks.iter().map(|block| block.rows).sum();
    let mut matrix = Array2::zeros((rows, columns.len()).f());
    for (at, term) in terms.terms.iter().enumerate() {
        let mut buffer = Vec::new();
        let mut cells: Vec<u8> = Vec::with_capacity(rows);
        for block in blocks {
            cells.extend_from_slice(term.lookup.cells(block, 0..block.rows, &mut buffer));
        }

        for (place, column) in terms.columns_of(at).enumerate() {
            let Ok(column) = columns.binary_search(&column) else { continue };
            let of_cells = term.basis.column(place);
            let values = cells.iter().map(|&cell| of_cells[usize::from(cell)]);
            matrix.column_mut(column).iter_mut().zip(values).for_each(|(to, value)| *to = value);
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::super::examples;
    use super::super::shape::Shape;
    use super::super::tests::{data, fitted, fitted_with};
    use super::*;
    use crate::config::Direction;
    use crate::dataset::Selection;
    use crate::features::Directions;
    use crate::model::linear::{CheckedColumns, Trial};

    fn ridge(alpha: f64) -> Objective {
        Objective { penalty: Penalty::L2, alpha, tolerance: 1e-9 }
    }

    fn assert_agreement(certificate: &Certificate, on: usize) {
        let Certificate::Confirmed(trial) = certificate else { panic!("{certificate}") };
        assert_eq!(trial.rows, Some(on));
        assert!(trial.difference < 1e-6 && trial.log_odds.unwrap() < 1e-6, "{certificate}");
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
                assert_agreement(&certify(&shape, &blocks, &solver.theta, ridge(alpha)), 2_000);
            }

            shape = Terms::new(shape.terms.into_iter().take(curves));
            let all: Vec<&CodeBlock> = blocks.iter().collect();
            let mut solver = Solver::new(&shape, all.clone(), all);
            solver.fit(3e-3, 1e-10);
            assert_agreement(&certify(&shape, &blocks, &solver.theta, ridge(3e-3)), 2_000);
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
        let certificate = certify(&terms, &blocks, &theta, ridge(fit.alpha));
        assert!(matches!(certificate, Certificate::Differs { .. }), "{certificate}");
        assert!(certificate.advice().unwrap().to_string().contains("the cross-check of the coefficients failed"));

        let (grids, blocks) = examples::interacting(60_000, 5);
        let terms = Shape { features: (0..6).collect(), pairs: vec![[1, 2]], ..Shape::default() }.terms(&grids);
        let all: Vec<&CodeBlock> = blocks.iter().collect();
        let mut solver = Solver::new(&terms, all.clone(), all);
        solver.fit(1e-3, 1e-8);
        let certificate = certify(&terms, &blocks, &solver.theta, ridge(1e-3));
        let Certificate::Confirmed(Trial { rows: Some(rows), .. }) = certificate else { panic!("{certificate}") };
        assert!(rows < 60_000 && rows > 5_000 && rows.is_multiple_of(2), "{rows} rows");
    }

    #[test]
    fn directions_and_dropped_terms_are_checked_on_what_is_left() {
        let dataset = data(3_000, 6);
        let free = Directions::default();
        let directed = Directions::from(vec![Some(Direction::Rises), Some(Direction::Falls), None, None, None]);
        for (penalty, alpha, directions) in
            [(Penalty::L2, 2e-3, &directed), (Penalty::Group, 2e-2, &free), (Penalty::Group, 2e-2, &directed)]
        {
            let (fit, _) = fitted_with(&dataset, Some(alpha), penalty, directions);
            let Certificate::Confirmed(trial) = &fit.certificate else { panic!("{penalty:?}: {}", fit.certificate) };
            assert!(trial.difference < 1e-5 && trial.rows == Some(3_000), "{penalty:?}: {}", fit.certificate);
            if *directions == directed {
                let CheckedColumns { checked, of } = trial.columns.unwrap();
                assert!(0 < checked && checked < of, "{penalty:?}: {}", fit.certificate);
            }

            let blocks = fit.encoded(&dataset, &Selection::labelled(&dataset, |_| true));
            let (terms, mut theta) = fit.solution();
            let at = theta.iter().position(|x| *x != 0.0).unwrap();
            theta[at] *= 1.5;
            let objective = Objective { penalty, alpha, tolerance: 1e-8 };
            let certificate = certify(&terms, &blocks, &theta, objective);
            assert!(certificate.advice().is_some(), "{penalty:?}: {certificate}");
        }
    }
}
