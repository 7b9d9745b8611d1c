//! Passes over the rows: log-odds, the gradient of the loss, its curvature.
//!
//! Why this shape. A row's log-odds are one look-up a term, and the gradient with respect to a term's *table* is the
//! sum of the residuals in each of its cells: a histogram. The gradient with respect to the coefficients is that
//! histogram times the basis, once a pass instead of once a row. In the same way the curvature between two terms is
//! their joint histogram of weights, projected on both bases: two bytes read a row and pair of terms, where a dense
//! matrix of ten columns a term costs two hundred multiplications.

use super::basis::Basis;
use super::codes::{totals, CodeBlock, Lookup};
use super::curvature::Curvature;
use crate::config::Penalty;
use crate::model::solver::cholesky::Square;
use crate::model::solver::proximal::{Bound, Group, Regulariser};
use crate::numeric::{exp_of_negative, ln_1p, sigmoid, vectorised};
use crate::parallel;
use ndarray::{Array2, Axis, Slice};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows of a tile: its log-odds and residuals stay in the nearest cache while the terms pass by.
const TILE: usize = 2_048;
/// At most so many sums are kept for one pass, each of so many rows or more where the blocks allow: fewer rows take
/// less time than their sums. Their number depends on the blocks alone, never on the threads.
const GROUPS: usize = 64;
const GROUP_ROWS: usize = 2 * TILE;
/// The most cells of interactions that are kept for the passes over some rows, a byte each.
const MOST_KEPT_CELLS: usize = 4 << 20;
/// Of so many groups at most, histograms are kept for the next pass. Of more rows they are not worth their memory.
const FEW_GROUPS: usize = 2;
/// A code is a byte: look-ups in tables of this length need no bounds check.
const CELLS: usize = 256;
/// Terms that rows pass by together. A sum whose cell the row before was in, too, has to wait for that: the others go
/// on meanwhile.
const TOGETHER: usize = 4;
/// With so many coefficients at most, the curvature of all is taken together: where few are left apart, what they have
/// to do with the others takes many steps to learn. With 300 left apart a fit of two million rows took twenty times as
/// long.
const MOST_TOGETHER: usize = 2_000;
/// Of more of them, the curvature of so many: factoring it costs their cube.
const MOST_JOINT: usize = 1_000;

/// A term of the fit: which cell a row is in, and the basis over the cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Which cell a row is in.
    pub lookup: Lookup,
    /// The basis over the cells.
    pub basis: Basis,
}

impl Term {
    fn is_curve(&self) -> bool {
        matches!(self.lookup, Lookup::Curve { .. })
    }
}

/// The terms of a fit. Parameters are the coefficients of each term in order, then the intercept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// The terms.
    pub terms: Vec<Term>,
    /// Where the coefficients of each begin; one more for the intercept.
    starts: Vec<usize>,
    /// So many terms, the first ones, have their curvature taken together.
    joint: usize,
}

/// Rows to pass over many times.
pub struct Rows<'a> {
    /// They.
    pub blocks: Vec<&'a CodeBlock>,
    /// Block by block what [`interaction_cells`] gives, if that is little enough to be kept: computing it anew
    /// is a third of a pass.
    cells: Vec<Vec<Vec<u8>>>,
    /// What passes have summed up in, for the next one: asking the system for new memory each time is a third of a pass
    /// over a few thousand rows.
    histograms: Mutex<Vec<Vec<Histogram>>>,
}

/// The loss and its gradient over some rows.
#[derive(Clone, Debug)]
pub struct Loss {
    /// How many customers the rows stand for, or 1 where there are none.
    pub weight: f64,
    /// Sum of the log-losses, each as often as its row stands for a customer.
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
        let most = if starts[terms.len()] <= MOST_TOGETHER { MOST_TOGETHER } else { MOST_JOINT };
        let joint = starts.iter().skip(1).take_while(|&&end| end <= most).count();
        Terms { terms, starts, joint }
    }

    /// Those that are wanted, each with its basis times a factor.
    pub fn rescaled(self, factors: &[f64], is_wanted: &[bool]) -> Terms {
        let all = self.terms.into_iter().zip(factors).zip(is_wanted);
        let wanted = all.filter(|(_, &is_wanted)| is_wanted);
        Terms::new(wanted.map(|((Term { lookup, basis }, &factor), _)| Term { lookup, basis: basis.scaled(factor) }))
    }

    /// With the curvature of interactions, which follow the curves, taken coefficient by coefficient.
    pub fn with_interactions_apart(mut self) -> Terms {
        self.joint = self.joint.min(self.terms.iter().take_while(|term| term.is_curve()).count());
        self
    }

    /// Whether some of the curvature is taken coefficient by coefficient.
    pub fn has_some_apart(&self) -> bool {
        self.joint < self.terms.len()
    }

    /// Number of coefficients, the intercept not counted.
    pub fn columns(&self) -> usize {
        self.starts[self.terms.len()]
    }

    /// The coefficients of one term.
    pub fn columns_of(&self, at: usize) -> Range<usize> {
        self.starts[at]..self.starts[at + 1]
    }

    /// What these terms and a penalty of strength `alpha` per row add to the log-loss.
    pub fn regulariser(&self, penalty: Penalty, alpha: f64) -> Regulariser {
        let term =
            |(at, term): (usize, &Term)| Group { columns: self.columns_of(at), weight: term.basis.variance.sqrt() };
        let bound = |term: &Term, column| if column < term.basis.bounded { Bound::NotNegative } else { Bound::Free };
        let bounds = self.terms.iter().flat_map(|term| (0..term.basis.columns).map(move |column| bound(term, column)));
        Regulariser::new(penalty, alpha, self.terms.iter().enumerate().map(term).collect(), bounds.collect())
    }

    /// The table of each term.
    pub fn tables(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let coefficients = |at: usize| &theta[self.columns_of(at)];
        self.terms.iter().enumerate().map(|(at, term)| term.basis.table(coefficients(at))).collect()
    }

    fn padded(&self, theta: &[f64]) -> Tables {
        let mut tables = vec![[0.0; CELLS]; self.terms.len()];
        for (at, (term, table)) in self.terms.iter().zip(&mut tables).enumerate() {
            term.basis.fill(&theta[self.columns_of(at)], &mut table[..term.basis.cells()]);
        }
        tables
    }

    /// The log-odds of every row of a block.
    pub fn log_odds(&self, theta: &[f64], block: &CodeBlock) -> Vec<f64> {
        let tables = self.padded(theta);
        let mut z = vec![theta[self.columns()]; block.rows];
        let mut computed = Vec::new();
        for first in (0..block.rows).step_by(TILE) {
            let rows = first..(first + TILE).min(block.rows);
            add_log_odds(&tables, &self.cells(block, &[], rows.clone(), &mut computed), &mut z[rows]);
        }
        z
    }

    /// The rows of the blocks, to pass over.
    pub fn rows<'a>(&self, blocks: Vec<&'a CodeBlock>) -> Rows<'a> {
        let interactions = self.terms.iter().filter(|term| !term.is_curve()).count();
        let rows: usize = blocks.iter().map(|block| block.rows).sum();
        let are_few = interactions * rows <= MOST_KEPT_CELLS;
        let cells = if are_few {
            blocks.iter().map(|block| interaction_cells(&self.terms, block)).collect()
        } else {
            Vec::new()
        };
        Rows { blocks, cells, histograms: Mutex::default() }
    }

    /// The cell of each of some rows, term by term; those of interactions are computed unless they are known.
    fn cells<'a>(
        &self,
        block: &'a CodeBlock,
        known: &'a [Vec<u8>],
        rows: Range<usize>,
        computed: &'a mut Vec<Vec<u8>>,
    ) -> Vec<&'a [u8]> {
        computed.resize_with(self.terms.len(), Vec::new);
        let terms = self.terms.iter().enumerate().zip(computed);
        let cells = terms.map(|((at, term), buffer)| match known.get(at) {
            Some(known) if !term.is_curve() => &known[rows.clone()],
            _ => term.lookup.cells(block, rows.clone(), buffer),
        });
        cells.collect()
    }

    /// The loss and its gradient over the rows.
    pub fn loss(&self, theta: &[f64], rows: &Rows<'_>) -> Loss {
        let blocks = &rows.blocks;
        let tables = self.padded(theta);
        let intercept = theta[self.columns()];
        let count: usize = blocks.iter().map(|block| block.rows).sum();
        let groups = count.div_ceil(GROUP_ROWS).clamp(1, GROUPS);
        let group = blocks.len().div_ceil(groups).max(1);

        let parts: Vec<(Loss, Vec<Histogram>)> = parallel::map(blocks.chunks(group).enumerate(), |(chunk, blocks)| {
            let mut total = Loss { weight: 0.0, sum: 0.0, gradient: vec![0.0] };
            let mut histograms =
                rows.histograms.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            histograms.clear();
            histograms.resize(self.terms.len(), [[0.0; CELLS]; 2]);
            let (mut computed, mut z, mut losses) = (Vec::new(), Vec::new(), Vec::new());
            for (at, block) in (chunk * group..).zip(blocks) {
                let known = rows.cells.get(at).map_or(&[][..], Vec::as_slice);
                for first in (0..block.rows).step_by(TILE) {
                    let rows = first..(first + TILE).min(block.rows);
                    let cells = self.cells(block, known, rows.clone(), &mut computed);
                    z.clear();
                    z.resize(rows.len(), intercept);
                    add_log_odds(&tables, &cells, &mut z);
                    losses.resize(rows.len(), 0.0);
                    vectorised!(residuals(&mut z, &block.y[rows.clone()], &mut losses));
                    count_customers(block, rows.clone(), &mut z, &mut losses);
                    total.sum += losses.iter().sum::<f64>();
                    total.gradient[0] += z.iter().sum::<f64>();
                    add_residuals(&mut histograms, &cells, &z);
                }
                total.weight += block.totals().all;
            }
            (total, histograms)
        });

        let mut total = Loss { weight: 0.0, sum: 0.0, gradient: vec![0.0; self.columns() + 1] };
        let mut histograms = vec![[0.0; CELLS]; self.terms.len()];
        let are_few = parts.len() <= FEW_GROUPS;
        for (part, part_histograms) in parts {
            total.weight += part.weight;
            total.sum += part.sum;
            total.gradient[self.columns()] += part.gradient[0];
            for (to, [even, odd]) in histograms.iter_mut().zip(&part_histograms) {
                to.iter_mut().zip(even.iter().zip(odd)).for_each(|(to, (even, odd))| *to += even + odd);
            }
            if are_few {
                rows.histograms.lock().unwrap_or_else(PoisonError::into_inner).push(part_histograms);
            }
        }

        for (at, (term, histogram)) in self.terms.iter().zip(&histograms).enumerate() {
            term.basis.project(histogram, &mut total.gradient[self.columns_of(at)]);
        }
        if total.weight == 0.0 {
            total.weight = 1.0;
        }
        total
    }

    /// The curvature of the mean log-loss over the rows of the blocks, as far as it is taken.
    pub fn curvature(&self, theta: &[f64], blocks: &[&CodeBlock]) -> Curvature {
        let weights = self.weights(theta, blocks);
        let joint = self.joint_curvature(&weights, blocks, self.joint, None);
        let apart = if self.has_some_apart() {
            self.diagonal_of(&weights, blocks)[self.starts[self.joint]..].to_vec()
        } else {
            Vec::new()
        };
        Curvature { joint: Arc::new(joint), apart, theta: theta.to_vec() }
    }

    /// The curvature of these terms, of which the first `terms` had the one that is `known`, where that was taken: what
    /// is left to be taken is what concerns the others. None where some of it is taken coefficient by coefficient, or
    /// where it is not known where it was taken.
    pub fn extended(&self, known: &Curvature, terms: usize, blocks: &[&CodeBlock]) -> Option<Curvature> {
        let coefficients = *self.starts.get(terms)?;
        if self.has_some_apart() || !known.apart.is_empty() || known.theta.len() != coefficients + 1 {
            return None;
        }
        let mut theta = known.theta.clone();
        theta.splice(coefficients..coefficients, vec![0.0; self.columns() - coefficients]);
        let weights = self.weights(&theta, blocks);
        let joint = self.joint_curvature(&weights, blocks, self.terms.len(), Some((&*known.joint, terms)));
        Some(Curvature { joint: Arc::new(joint), apart: Vec::new(), theta })
    }

    /// The curvature of all coefficients and the intercept together: the lower triangle.
    pub fn full_curvature(&self, theta: &[f64], blocks: &[&CodeBlock]) -> Square {
        self.joint_curvature(&self.weights(theta, blocks), blocks, self.terms.len(), None)
    }

    /// The curvature of each coefficient alone.
    pub fn diagonal(&self, theta: &[f64], blocks: &[&CodeBlock]) -> Vec<f64> {
        self.diagonal_of(&self.weights(theta, blocks), blocks)
    }

    /// What each row counts in the curvature of the mean log-loss.
    fn weights(&self, theta: &[f64], blocks: &[&CodeBlock]) -> Vec<Vec<f64>> {
        let rows = totals(blocks.iter().copied()).all;
        let weigh = |block: &&CodeBlock| -> Vec<f64> {
            let p = self.log_odds(theta, block).into_iter().map(sigmoid);
            p.enumerate().map(|(row, p)| block.weights.of(row) * p * (1.0 - p) / rows).collect()
        };
        parallel::map(blocks, weigh)
    }

    fn diagonal_of(&self, weights: &[Vec<f64>], blocks: &[&CodeBlock]) -> Vec<f64> {
        let of_term = |term: &Term| {
            let (mut sums, mut buffer) = (vec![0.0; CELLS], Vec::new());
            for (block, weights) in blocks.iter().zip(weights) {
                let cells = term.lookup.cells(block, 0..block.rows, &mut buffer);
                cells.iter().zip(weights).for_each(|(&cell, weight)| sums[usize::from(cell)] += weight);
            }
            term.basis.squares(&sums)
        };
        parallel::map(&self.terms, of_term).concat()
    }

    /// The curvature of the first terms and the intercept, given what each row counts, and perhaps that of the first of
    /// these terms.
    fn joint_curvature(
        &self,
        weights: &[Vec<f64>],
        blocks: &[&CodeBlock],
        terms: usize,
        known: Option<(&Square, usize)>,
    ) -> Square {
        let size = self.starts[terms] + 1;
        let joint = &self.terms[..terms];

        // Once, not for every partner.
        let computed: Vec<Vec<Vec<u8>>> = parallel::map(blocks, |block| interaction_cells(joint, block));
        let cells = |block: usize, at: usize| -> &[u8] {
            match self.terms[at].lookup {
                Lookup::Curve { feature } => blocks[block].column(feature),
                Lookup::Interaction { .. } => &computed[block][at],
            }
        };

        let bases: Vec<Array2<f64>> = joint.iter().map(|term| term.basis.matrix()).collect();
        let first_unknown = known.map_or(0, |(_, terms)| terms);
        let strips: Vec<Vec<f64>> = parallel::map(first_unknown..terms, |at| {
            let basis = &self.terms[at].basis;
            let mut strip = vec![0.0; basis.columns * size];
            for first in (0..=at).step_by(TOGETHER) {
                let partners = first..(first + TOGETHER).min(at + 1);
                let stride = self.terms[partners.clone()].iter().map(|term| term.basis.cells()).max().unwrap_or(0);
                let mut joints = vec![Array2::zeros((basis.cells(), stride)); partners.len()];
                for (block, weights) in weights.iter().enumerate() {
                    let partners: Vec<&[u8]> = partners.clone().map(|other| cells(block, other)).collect();
                    add_weights(&mut joints, cells(block, at), &partners, weights);
                }

                for (other, joint) in partners.zip(&joints) {
                    let joint = joint.slice_axis(Axis(1), Slice::from(..bases[other].nrows()));
                    let products = bases[at].t().dot(&joint.dot(&bases[other]));
                    for (line, products) in strip.chunks_exact_mut(size).zip(products.outer_iter()) {
                        let line = &mut line[self.starts[other]..self.starts[other + 1]];
                        line.iter_mut().zip(products).for_each(|(to, product)| *to = *product);
                    }
                    if other == at {
                        let sums = bases[at].t().dot(&joint.sum_axis(Axis(1)));
                        strip.chunks_exact_mut(size).zip(sums).for_each(|(line, sum)| line[size - 1] = sum);
                    }
                }
            }
            strip
        });

        let mut square = Square::zeros(size);
        if let Some((known, _)) = known {
            let (intercept, of_intercept) = (known.size - 1, (size - 1) * size);
            for (row, line) in known.values.chunks_exact(known.size).take(intercept).enumerate() {
                square.values[row * size..row * size + intercept].copy_from_slice(&line[..intercept]);
            }
            square.values[of_intercept..of_intercept + intercept]
                .copy_from_slice(&known.values[intercept * known.size..known.values.len() - 1]);
        }
        for (at, strip) in (first_unknown..).zip(&strips) {
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

/// Term by term the cell of each row of a block in an interaction; nothing of a curve, whose cells are the codes.
fn interaction_cells(terms: &[Term], block: &CodeBlock) -> Vec<Vec<u8>> {
    let cells = |term: &Term| {
        let mut buffer = Vec::new();
        if !term.is_curve() {
            term.lookup.cells(block, 0..block.rows, &mut buffer);
        }
        buffer
    };
    terms.iter().map(cells).collect()
}

/// Adds what the terms say of each row, in their order.
fn add_log_odds(tables: &Tables, cells: &[&[u8]], z: &mut [f64]) {
    let (tables, last_tables) = tables.as_chunks::<TOGETHER>();
    let (cells, last_cells) = cells.as_chunks::<TOGETHER>();
    for ([a, b, c, d], cells) in tables.iter().zip(cells) {
        let [of_a, of_b, of_c, of_d] = cells.map(|cells| &cells[..z.len()]);
        for (row, z) in z.iter_mut().enumerate() {
            let first = *z + a[usize::from(of_a[row])] + b[usize::from(of_b[row])];
            *z = first + c[usize::from(of_c[row])] + d[usize::from(of_d[row])];
        }
    }
    for (table, cells) in last_tables.iter().zip(last_cells) {
        z.iter_mut().zip(*cells).for_each(|(z, &cell)| *z += table[usize::from(cell)]);
    }
}

/// Puts residuals `p - y` in the place of log-odds, and says what each row loses.
#[inline(always)]
fn residuals(z: &mut [f64], y: &[u8], losses: &mut [f64]) {
    for ((z, &y), loss) in z.iter_mut().zip(y).zip(losses) {
        let churned = y == 1;
        let margin = if churned { *z } else { -*z };
        let e = exp_of_negative(-margin.abs());
        *loss = (-margin).max(0.0) + ln_1p(e);
        let miss = if margin >= 0.0 { e } else { 1.0 } / (1.0 + e);
        *z = if churned { -miss } else { miss };
    }
}

/// Counts the residual and the loss of some rows of a block as often as each stands for a customer.
fn count_customers(block: &CodeBlock, rows: Range<usize>, residuals: &mut [f64], losses: &mut [f64]) {
    if block.weights.is_unit() {
        return;
    }
    let weights = &block.weights.as_slice()[rows];
    residuals.iter_mut().zip(weights).for_each(|(residual, weight)| *residual *= weight);
    losses.iter_mut().zip(weights).for_each(|(loss, weight)| *loss *= weight);
}

/// Two sums a cell, for every other row: neighbours in the same cell would wait for each other.
type Histogram = [[f64; CELLS]; 2];

/// Adds the residual of each row to its cell of each term.
fn add_residuals(histograms: &mut [Histogram], cells: &[&[u8]], residuals: &[f64]) {
    let (histograms, last_histograms) = histograms.as_chunks_mut::<TOGETHER>();
    let (cells, last_cells) = cells.as_chunks::<TOGETHER>();
    let (pairs, odd_one) = residuals.as_chunks::<2>();

    for ([a, b, c, d], cells) in histograms.iter_mut().zip(cells) {
        let [of_a, of_b, of_c, of_d] = cells.map(|cells| &cells.as_chunks::<2>().0[..pairs.len()]);
        for (at, pair) in pairs.iter().enumerate() {
            for (row, residual) in pair.iter().enumerate() {
                a[row][usize::from(of_a[at][row])] += residual;
                b[row][usize::from(of_b[at][row])] += residual;
                c[row][usize::from(of_c[at][row])] += residual;
                d[row][usize::from(of_d[at][row])] += residual;
            }
        }
        for (histogram, cells) in [a, b, c, d].into_iter().zip(cells) {
            odd_one.iter().zip(cells.last()).for_each(|(r, &cell)| histogram[0][usize::from(cell)] += r);
        }
    }

    for (histogram, cells) in last_histograms.iter_mut().zip(last_cells) {
        for (row, (&cell, r)) in cells.iter().zip(residuals).enumerate() {
            histogram[row % 2][usize::from(cell)] += r;
        }
    }
}

/// Adds the weight of each row to its place in the table of a term and each of its partners, given its cells. The
/// tables have one shape: a row a cell of the term, long enough for all partners.
fn add_weights(tables: &mut [Array2<f64>], own: &[u8], partners: &[&[u8]], weights: &[f64]) {
    let rows = weights.len();
    let own = &own[..rows];
    let (size, stride) = tables.first().map_or((0, 0), |table| (table.len(), table.ncols()));

    if let ([a, b, c, d], &[of_a, of_b, of_c, of_d]) = (&mut *tables, partners) {
        // All of one length, which is looked at once.
        let [a, b, c, d] = [a, b, c, d].map(|table| &mut table.as_slice_mut().unwrap_or_default()[..size]);
        let [of_a, of_b, of_c, of_d] = [of_a, of_b, of_c, of_d].map(|cells| &cells[..rows]);
        for row in 0..rows {
            let (first, weight) = (usize::from(own[row]) * stride, weights[row]);
            a[first + usize::from(of_a[row])] += weight;
            b[first + usize::from(of_b[row])] += weight;
            c[first + usize::from(of_c[row])] += weight;
            d[first + usize::from(of_d[row])] += weight;
        }
        return;
    }

    for (table, cells) in tables.iter_mut().zip(partners) {
        for ((&a, &b), weight) in own.iter().zip(*cells).zip(weights) {
            table[[usize::from(a), usize::from(b)]] += weight;
        }
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
        let found = terms.loss(&theta, &terms.rows(blocks.clone()));
        let computed = terms.loss(&theta, &Rows { cells: Vec::new(), ..terms.rows(blocks.clone()) });
        assert_eq!(
            (found.sum, &found.gradient),
            (computed.sum, &computed.gradient),
            "kept or computed, they are the same"
        );
        assert_eq!(found.weight, 3_000.0);
        assert!((found.sum - loss).abs() < 1e-8);
        assert!(found.gradient.iter().zip(&gradient).all(|(a, b)| (a - b).abs() < 1e-8));
        let square = terms.full_curvature(&theta, &blocks);
        let size = terms.columns() + 1;
        for i in 0..size {
            for j in 0..=i {
                let at = i * size + j;
                assert!((square.values[at] - curvature.values[at]).abs() < 1e-10, "{i} {j}");
            }
        }
    }

    #[test]
    fn what_more_terms_add_to_a_curvature_is_what_it_lacks() {
        let (terms, blocks) = examples::problem(3_000, 3, 5);
        let blocks: Vec<&CodeBlock> = blocks.iter().collect();
        let fewer = terms.terms.len() - 2;
        let first = Terms::new(terms.terms[..fewer].to_vec());
        let theta: Vec<f64> = (0..=first.columns()).map(|i| (i as f64 * 0.3).cos() * 0.2).collect();
        let known = first.curvature(&theta, &blocks);

        let extended = terms.extended(&known, fewer, &blocks).unwrap();
        assert_eq!(extended.theta.len(), terms.columns() + 1);
        let expected = terms.curvature(&extended.theta, &blocks);
        let lower = |curvature: &Curvature| -> Vec<f64> {
            let rows = curvature.joint.values.chunks_exact(curvature.joint.size).enumerate();
            rows.flat_map(|(row, line)| line[..=row].to_vec()).collect()
        };
        let difference = lower(&extended).into_iter().zip(lower(&expected)).map(|(a, b)| (a - b).abs());
        assert!(difference.fold(0.0, f64::max) < 1e-15);

        let elsewhere = Curvature { theta: Vec::new(), ..known };
        assert!(terms.extended(&elsewhere, fewer, &blocks).is_none());
        assert!(terms.with_interactions_apart().extended(&extended, fewer, &blocks).is_none());
    }

    #[test]
    fn sums_do_not_depend_on_the_threads() {
        let (terms, blocks) = examples::problem(5_000, 4, 2);
        let blocks: Vec<&CodeBlock> = blocks.iter().collect();
        let theta = vec![0.1; terms.columns() + 1];
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let rows = terms.rows(blocks.clone());
            pool.install(|| (terms.loss(&theta, &rows).gradient, terms.curvature(&theta, &blocks)))
        };
        assert_eq!(run(1), run(3));
    }
}
