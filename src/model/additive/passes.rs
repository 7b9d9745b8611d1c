//! Passes over the rows: log-odds, the gradient of the loss, its curvature.
//!
//! Why this shape. A row's log-odds are one look-up a term, and the gradient with respect to a term's *table* is the
//! sum of the residuals in each of its cells: a histogram. The gradient with respect to the coefficients is that
//! histogram times the basis, once a pass instead of once a row. In the same way the curvature between two terms is
//! their joint histogram of weights, projected on both bases: two bytes read a row and pair of terms, where a dense
//! matrix of ten columns a term costs two hundred multiplications.

use super::basis::Basis;
use super::codes::{CodeBlock, Lookup};
use super::solve::Square;
use crate::config::Penalty;
use crate::model::proximal::{Bound, Group, Regulariser};
use crate::numeric::sigmoid;
use rayon::prelude::*;
use std::ops::Range;

/// Rows of a tile: its log-odds and residuals stay in the nearest cache while the terms pass by.
const TILE: usize = 2_048;
/// At most so many sums are kept for one pass. Their number depends on the blocks alone, never on the threads.
const GROUPS: usize = 64;
/// A code is a byte: look-ups in tables of this length need no bounds check.
const CELLS: usize = 256;

/// A term of the fit: which cell a row is in, and the basis over the cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Which cell a row is in.
    pub lookup: Lookup,
    /// The basis over the cells.
    pub basis: Basis,
}

/// The terms of a fit. Parameters are the coefficients of each term in order, then the intercept.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// The terms.
    pub terms: Vec<Term>,
    /// Where the coefficients of each begin; one more for the intercept.
    starts: Vec<usize>,
}

/// The loss and its gradient over some rows.
#[derive(Clone, Debug)]
pub struct Loss {
    /// Number of rows.
    pub rows: usize,
    /// Sum of the log-losses.
    pub sum: f64,
    /// Its gradient: the coefficients, then the intercept.
    pub gradient: Vec<f64>,
}

/// The table of each term, padded to [`CELLS`].
type Tables = Vec<[f64; CELLS]>;

impl Terms {
    /// Of these terms; those without columns are left out.
    pub fn new(terms: impl IntoIterator<Item = Term>) -> Terms {
        let terms: Vec<Term> = terms.into_iter().filter(|term| term.basis.columns > 0).collect();
        let mut starts = vec![0];
        for term in &terms {
            starts.push(starts[starts.len() - 1] + term.basis.columns);
        }
        Terms { terms, starts }
    }

    /// Number of coefficients, the intercept not counted.
    pub fn columns(&self) -> usize {
        self.starts[self.terms.len()]
    }

    /// The coefficients of one term.
    pub fn of_term(&self, at: usize) -> Range<usize> {
        self.starts[at]..self.starts[at + 1]
    }

    /// What these terms and a penalty of strength `alpha` per row add to the log-loss.
    pub fn regulariser(&self, penalty: Penalty, alpha: f64) -> Regulariser {
        let term = |(at, term): (usize, &Term)| Group { columns: self.of_term(at), weight: term.basis.variance.sqrt() };
        let bound = |term: &Term, column| match column < term.basis.bounded {
            true => Bound::NotNegative,
            false => Bound::Free,
        };
        let bounds = self.terms.iter().flat_map(|term| (0..term.basis.columns).map(move |column| bound(term, column)));
        Regulariser::of(penalty, alpha, self.terms.iter().enumerate().map(term).collect(), bounds.collect())
    }

    /// The table of each term.
    pub fn tables(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let coefficients = |at: usize| &theta[self.of_term(at)];
        self.terms.iter().enumerate().map(|(at, term)| term.basis.table(coefficients(at))).collect()
    }

    fn padded(&self, theta: &[f64]) -> Tables {
        let pad = |table: Vec<f64>| {
            let mut padded = [0.0; CELLS];
            padded.iter_mut().zip(table).for_each(|(to, from)| *to = from);
            padded
        };
        self.tables(theta).into_iter().map(pad).collect()
    }

    /// The log-odds of every row of a block.
    pub fn log_odds(&self, theta: &[f64], block: &CodeBlock) -> Vec<f64> {
        let tables = self.padded(theta);
        let mut z = vec![theta[self.columns()]; block.rows];
        let mut buffer = Vec::new();
        for first in (0..block.rows).step_by(TILE) {
            let rows = first..(first + TILE).min(block.rows);
            self.add_log_odds(&tables, block, rows.clone(), &mut z[rows], &mut buffer);
        }
        z
    }

    fn add_log_odds(
        &self,
        tables: &Tables,
        block: &CodeBlock,
        rows: Range<usize>,
        z: &mut [f64],
        buffer: &mut Vec<u8>,
    ) {
        for (term, table) in self.terms.iter().zip(tables) {
            let cells = term.lookup.cells(block, rows.clone(), buffer);
            z.iter_mut().zip(cells).for_each(|(z, &cell)| *z += table[usize::from(cell)]);
        }
    }

    /// The loss and its gradient over all rows of the blocks.
    pub fn loss(&self, theta: &[f64], blocks: &[&CodeBlock]) -> Loss {
        let tables = self.padded(theta);
        let intercept = theta[self.columns()];
        let group = blocks.len().div_ceil(GROUPS).max(1);
        let parts: Vec<(Loss, Vec<[f64; CELLS]>)> = blocks
            .par_chunks(group)
            .map(|blocks| {
                let mut total = Loss { rows: 0, sum: 0.0, gradient: vec![0.0] };
                // Two histograms a term, for every other row: neighbours in the same cell would wait for each other.
                let mut histograms = vec![[[0.0; CELLS]; 2]; self.terms.len()];
                let (mut buffer, mut z) = (Vec::new(), Vec::new());
                for block in blocks {
                    for first in (0..block.rows).step_by(TILE) {
                        let rows = first..(first + TILE).min(block.rows);
                        z.clear();
                        z.resize(rows.len(), intercept);
                        self.add_log_odds(&tables, block, rows.clone(), &mut z, &mut buffer);
                        for (z, &y) in z.iter_mut().zip(&block.y[rows.clone()]) {
                            let churned = y == 1;
                            let margin = if churned { *z } else { -*z };
                            let e = (-margin.abs()).exp();
                            total.sum += (-margin).max(0.0) + e.ln_1p();
                            let miss = if margin >= 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) };
                            *z = if churned { -miss } else { miss };
                            total.gradient[0] += *z;
                        }
                        for (term, [even, odd]) in self.terms.iter().zip(&mut histograms) {
                            let cells = term.lookup.cells(block, rows.clone(), &mut buffer);
                            let (pairs, rest) = cells.as_chunks::<2>();
                            let (residuals, last) = z.as_chunks::<2>();
                            for (cells, residuals) in pairs.iter().zip(residuals) {
                                even[usize::from(cells[0])] += residuals[0];
                                odd[usize::from(cells[1])] += residuals[1];
                            }
                            rest.iter().zip(last).for_each(|(&cell, r)| even[usize::from(cell)] += r);
                        }
                        total.rows += rows.len();
                    }
                }
                let joined = histograms.iter().map(|[even, odd]| std::array::from_fn(|i| even[i] + odd[i])).collect();
                (total, joined)
            })
            .collect();
        let mut total = Loss { rows: 0, sum: 0.0, gradient: vec![0.0; self.columns() + 1] };
        let mut histograms = vec![[0.0; CELLS]; self.terms.len()];
        for (part, part_histograms) in &parts {
            total.rows += part.rows;
            total.sum += part.sum;
            total.gradient[self.columns()] += part.gradient[0];
            for (to, from) in histograms.iter_mut().zip(part_histograms) {
                to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
            }
        }
        for (at, (term, histogram)) in self.terms.iter().zip(&histograms).enumerate() {
            term.basis.project(histogram, &mut total.gradient[self.of_term(at)]);
        }
        total
    }

    /// The curvature of the mean log-loss over the rows of the blocks: of the coefficients, then the intercept. The
    /// lower triangle alone.
    pub fn curvature(&self, theta: &[f64], blocks: &[&CodeBlock]) -> Square {
        let size = self.columns() + 1;
        let rows: usize = blocks.iter().map(|block| block.rows).sum();
        let weigh = |block: &&CodeBlock| -> Vec<f64> {
            let p = self.log_odds(theta, block).into_iter().map(sigmoid);
            p.map(|p| p * (1.0 - p) / rows as f64).collect()
        };
        let weights: Vec<Vec<f64>> = blocks.par_iter().map(weigh).collect();
        // The cells of interactions are computed once, not for every partner.
        let cells_of = |block: &CodeBlock, term: &Term| {
            let mut buffer = Vec::new();
            match term.lookup {
                Lookup::Curve { .. } => Vec::new(),
                Lookup::Interaction { .. } => term.lookup.cells(block, 0..block.rows, &mut buffer).to_vec(),
            }
        };
        let computed: Vec<Vec<Vec<u8>>> =
            blocks.par_iter().map(|block| self.terms.iter().map(|term| cells_of(block, term)).collect()).collect();
        let cells = |block: usize, at: usize| -> &[u8] {
            match self.terms[at].lookup {
                Lookup::Curve { feature } => blocks[block].column(feature),
                Lookup::Interaction { .. } => &computed[block][at],
            }
        };
        let strips: Vec<Vec<f64>> = (0..self.terms.len())
            .into_par_iter()
            .map(|at| {
                let basis = &self.terms[at].basis;
                let mut strip = vec![0.0; basis.columns * size];
                let (mut joint, mut half) = (Vec::new(), Vec::new());
                for other in 0..=at {
                    let partner = &self.terms[other].basis;
                    let width = partner.cells();
                    joint.clear();
                    joint.resize(basis.cells() * width, 0.0);
                    for (block, weights) in weights.iter().enumerate() {
                        let pairs = cells(block, at).iter().zip(cells(block, other));
                        for ((&a, &b), &weight) in pairs.zip(weights) {
                            joint[usize::from(a) * width + usize::from(b)] += weight;
                        }
                    }
                    for (a, row) in joint.chunks_exact(width).enumerate() {
                        half.clear();
                        half.resize(partner.columns, 0.0);
                        partner.project(row, &mut half);
                        let weight: f64 = if other == at { row.iter().sum() } else { 0.0 };
                        for (line, b) in strip.chunks_exact_mut(size).zip(basis.row(a)) {
                            let product = &mut line[self.starts[other]..self.starts[other + 1]];
                            product.iter_mut().zip(&half).for_each(|(to, half)| *to += b * half);
                            line[size - 1] += b * weight;
                        }
                    }
                }
                strip
            })
            .collect();
        let mut square = Square::zeros(size);
        for (at, strip) in strips.iter().enumerate() {
            for (row, line) in (self.starts[at]..).zip(strip.chunks_exact(size)) {
                square.values[row * size..row * size + self.starts[at + 1]]
                    .copy_from_slice(&line[..self.starts[at + 1]]);
                // The intercept is the last row of the lower triangle.
                square.values[(size - 1) * size + row] = line[size - 1];
            }
        }
        square.values[size * size - 1] = weights.iter().flatten().sum();
        square
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples;
    use super::*;

    /// Row by row, with nothing clever.
    fn plain(terms: &Terms, theta: &[f64], blocks: &[&CodeBlock]) -> (f64, Vec<f64>, Square) {
        let size = terms.columns() + 1;
        let (mut loss, mut gradient, mut curvature) = (0.0, vec![0.0; size], Square::zeros(size));
        let rows: usize = blocks.iter().map(|block| block.rows).sum();
        for block in blocks {
            for row in 0..block.rows {
                let x: Vec<f64> = terms
                    .terms
                    .iter()
                    .flat_map(|term| term.basis.row(term.lookup.cell(|f| block.column(f)[row])).to_vec())
                    .chain([1.0])
                    .collect();
                let z: f64 = x.iter().zip(theta).map(|(x, t)| x * t).sum();
                let (y, p) = (f64::from(block.y[row]), sigmoid(z));
                loss += crate::numeric::softplus(z) - y * z;
                for i in 0..size {
                    gradient[i] += (p - y) * x[i];
                    for j in 0..size {
                        curvature.values[i * size + j] += p * (1.0 - p) * x[i] * x[j] / rows as f64;
                    }
                }
            }
        }
        (loss, gradient, curvature)
    }

    #[test]
    fn histograms_give_what_rows_give() {
        let (terms, blocks) = examples::problem(3_000, 3, 1);
        let blocks: Vec<&CodeBlock> = blocks.iter().collect();
        let theta: Vec<f64> = (0..=terms.columns()).map(|i| (i as f64 * 0.7).sin() * 0.3).collect();
        let (loss, gradient, curvature) = plain(&terms, &theta, &blocks);
        let found = terms.loss(&theta, &blocks);
        assert_eq!(found.rows, 3_000);
        assert!((found.sum - loss).abs() < 1e-8);
        assert!(found.gradient.iter().zip(&gradient).all(|(a, b)| (a - b).abs() < 1e-8));
        let square = terms.curvature(&theta, &blocks);
        let size = terms.columns() + 1;
        for i in 0..size {
            for j in 0..=i {
                let at = i * size + j;
                assert!((square.values[at] - curvature.values[at]).abs() < 1e-10, "{i} {j}");
            }
        }
    }

    #[test]
    fn sums_do_not_depend_on_the_threads() {
        let (terms, blocks) = examples::problem(5_000, 4, 2);
        let blocks: Vec<&CodeBlock> = blocks.iter().collect();
        let theta = vec![0.1; terms.columns() + 1];
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (terms.loss(&theta, &blocks).gradient, terms.curvature(&theta, &blocks)))
        };
        assert_eq!(run(1), run(3));
    }
}
