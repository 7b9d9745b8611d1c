//! How sure the tables are: a standard error for every cell, and words about cells that the labels say nothing about.
//!
//! The coefficients have the covariance `H^-1 B H^-1`: `H` is the curvature of the penalised loss, and `B` sums `s s'`
//! over customers, `s` being the gradient over all rows of one (Liang & Zeger, *Biometrika* 73, 1986), times
//! `G / (G - 1)` for `G` customers. A published cell is a linear function of the coefficients, the purification
//! included, so its variance follows. That is the variance of the estimate around what the penalty draws it to; the
//! expected square of the [bias](super::bias) is added, so that the band of 1.96 standard errors is one for the truth.

use super::basis::ingredients;
use super::bias::{of_coefficients, of_curve, Cells, Fitted};
use super::bins::Grid;
use super::codes::{totals, CodeBlock, Lookup};
use super::frame::Frame;
use super::passes::{Term, Terms};
use super::purify::margins;
use super::Effect;
use crate::language::Message;
use crate::model::solver::cholesky::{Cholesky, Square};
use crate::model::solver::proximal::{Bound, Regulariser};
use crate::numeric::sigmoid;
use crate::parallel;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2};
use std::ops::Range;

/// With more parameters than this there are no standard errors: their cost grows with the cube.
const MOST_COLUMNS: usize = 2_000;
/// Customers times parameters squared, at most: with more, every so many-th customer is enough.
const MOST_PRODUCTS: usize = 6_000_000_000;
/// Partial sums; their number depends on nothing.
const PARTS: usize = 4;
/// Customers of one matrix product.
const CHUNK: usize = 256;
/// Digits that a standard error is kept with.
const DIGITS: i32 = 4;

/// The curvature of a coefficient that cannot move.
const HELD: f64 = 1e9;

/// A cell without a churner, or with nothing else, is told of if so many were expected there.
const EXPECTED: f64 = 12.0;
/// Cells that are told of by name.
const TOLD: usize = 3;

/// A fit whose uncertainty is asked for.
pub struct Solution<'a> {
    /// The terms.
    pub terms: &'a Terms,
    /// The bins of the features of the curves.
    pub grids: &'a [Grid],
    /// The coefficients, then the intercept.
    pub theta: &'a [f64],
    /// What kept them small.
    pub penalty: &'a Regulariser,
    /// Whether the terms have scales that were learned from the rows.
    pub has_scales: bool,
    /// The purified tables.
    pub effects: &'a [Effect],
    /// How many rows are in each of their cells, each as often as it stands for a customer.
    pub counts: &'a [Vec<f64>],
}

/// The standard errors of every cell of the purified tables, term by term; empty if there are too many parameters. The
/// covariance is of `some` training rows, or whole customers of them, scaled to `all`.
pub fn standard_errors(solution: &Solution<'_>, some: &[&CodeBlock], all: &[&CodeBlock]) -> Vec<Vec<f64>> {
    let error = |[variance, bias]: [f64; 2]| rounded((variance + bias).max(0.0).sqrt());
    let of_term = |cells: Vec<[f64; 2]>| cells.into_iter().map(error).collect();
    variances_and_biases(solution, some, all).into_iter().map(of_term).collect()
}

/// The variance of every cell, and the expected square of its bias.
pub(super) fn variances_and_biases(
    solution: &Solution<'_>,
    some: &[&CodeBlock],
    all: &[&CodeBlock],
) -> Vec<Vec<[f64; 2]>> {
    let &Solution { terms, theta, penalty, counts, .. } = solution;
    if terms.columns() > MOST_COLUMNS {
        return vec![Vec::new(); terms.terms.len()];
    }
    let rows = totals(all.iter().copied()).all;
    let spread = Spread::new(terms, theta, penalty, some, rows);
    let sums = cell_sums(terms, theta, all);
    parallel::map(loadings(terms, counts).iter().enumerate(), |(at, loading)| {
        let biases = solution.biases(at, loading, &spread, &sums[at]);
        biases.into_iter().enumerate().map(|(cell, bias)| [spread.of(loading, cell), bias]).collect()
    })
}

impl Solution<'_> {
    /// The expected square of the bias of each cell of a term. None is known of a penalty with corners or bounds.
    fn biases(&self, at: usize, loading: &Loading, spread: &Spread, sums: &CellSums) -> Vec<f64> {
        let Term { lookup, basis } = &self.terms.terms[at];
        if basis.bounded > 0 || self.penalty.norm > 0.0 || self.penalty.ridge <= 0.0 {
            return vec![0.0; loading.cells];
        }

        let own = self.terms.columns_of(at);
        let fitted = Fitted {
            basis: Array2::from_shape_fn((loading.cells, basis.columns), |(cell, i)| loading.row(cell)[i]),
            inverse: spread.inverse_of(&own),
            ridge: self.penalty.ridge * spread.rows,
            inflation: spread.inflation(loading, &self.counts[at]),
            has_scale: self.has_scales,
        };
        match lookup {
            Lookup::Curve { feature } if !self.grids[*feature].values.is_empty() => {
                let (residuals, weights) = (&sums.residuals, &sums.weights);
                let cells = Cells { table: &self.effects[at].table, residuals, weights, rows: &self.counts[at] };
                of_curve(&fitted, &cells, &ingredients(&self.grids[*feature]))
            }
            _ => of_coefficients(&fitted, &self.theta[own]),
        }
    }
}

/// Sums over the rows of each cell of a term.
struct CellSums {
    /// Of `y - p`.
    residuals: Vec<f64>,
    /// Of `p (1 - p)`.
    weights: Vec<f64>,
}

/// Of every curve; of interactions nobody asks for them.
fn cell_sums(terms: &Terms, theta: &[f64], blocks: &[&CodeBlock]) -> Vec<CellSums> {
    let rows = parallel::map(blocks, |block| -> Vec<[f64; 2]> {
        let p = terms.log_odds(theta, block).into_iter().map(sigmoid);
        let of_row = |(row, p): (usize, f64)| {
            let weight = block.weights.of(row);
            [weight * (f64::from(block.y[row]) - p), weight * p * (1.0 - p)]
        };
        p.enumerate().map(of_row).collect()
    });
    parallel::map(&terms.terms, |term| {
        let mut sums = vec![[0.0; 2]; 256.max(term.basis.cells())];
        if let Lookup::Curve { feature } = term.lookup {
            for (block, rows) in blocks.iter().zip(&rows) {
                for (&cell, row) in block.column(feature).iter().zip(rows) {
                    let sum = &mut sums[usize::from(cell)];
                    (sum[0], sum[1]) = (sum[0] + row[0], sum[1] + row[1]);
                }
            }
        }
        sums.truncate(term.basis.cells());
        let (residuals, weights) = sums.into_iter().map(|[residual, weight]| (residual, weight)).unzip();
        CellSums { residuals, weights }
    })
}

/// To a few digits: a file of thousands of them is read by people too.
fn rounded(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10f64.powi(DIGITS - 1 - value.log10().floor() as i32);
    (value * scale).round() / scale
}

/// What the cells of a purified table are made of: a row a cell, over some of the coefficients, the term's own first.
struct Loading {
    cells: usize,
    columns: Vec<usize>,
    values: Vec<f64>,
}

impl Loading {
    fn row(&self, cell: usize) -> &[f64] {
        let width = self.columns.len();
        &self.values[cell * width..(cell + 1) * width]
    }

    /// The variance of a cell.
    fn variance(&self, cell: usize, covariance: &Square) -> f64 {
        let line = self.row(cell);
        let products = self.columns.iter().zip(line).map(|(&i, a)| {
            let row = &covariance.values[i * covariance.size..(i + 1) * covariance.size];
            a * self.columns.iter().zip(line).map(|(&j, b)| row[j] * b).sum::<f64>()
        });
        products.sum()
    }

    /// Of one table a coefficient.
    fn from_tables(cells: usize, tables: Vec<(usize, Vec<f64>)>) -> Loading {
        let values = (0..cells).flat_map(|cell| tables.iter().map(move |(_, table)| table[cell])).collect();
        Loading { cells, columns: tables.iter().map(|&(column, _)| column).collect(), values }
    }
}

/// Every term's: the purification is linear, so it is that of the table that each coefficient alone makes.
fn loadings(terms: &Terms, counts: &[Vec<f64>]) -> Vec<Loading> {
    let column = |at: usize, j: usize| -> Vec<f64> {
        let basis = &terms.terms[at].basis;
        basis.column(j)
    };

    let tables = |at: usize| -> Vec<(usize, Vec<f64>)> {
        (0..terms.terms[at].basis.columns).map(|j| (terms.columns_of(at).start + j, column(at, j))).collect()
    };
    let mut all: Vec<Vec<(usize, Vec<f64>)>> = (0..terms.terms.len()).map(tables).collect();
    for at in 0..all.len() {
        let Lookup::Interaction { features, groups, width } = &terms.terms[at].lookup else { continue };
        let mut own = std::mem::take(&mut all[at]);
        for (coefficient, table) in &mut own {
            let moved = margins(table, &counts[at], *width);
            for ((feature, groups), moved) in features.iter().zip(groups).zip(&moved) {
                let curve = terms.terms.iter().position(|term| term.lookup == Lookup::Curve { feature: *feature });
                if let Some(curve) = curve {
                    all[curve].push((*coefficient, groups.iter().map(|&group| moved[usize::from(group)]).collect()));
                }
            }
        }
        all[at] = own;
    }

    for (at, tables) in all.iter_mut().enumerate() {
        if matches!(terms.terms[at].lookup, Lookup::Curve { .. }) {
            let rows: f64 = counts[at].iter().sum::<f64>().max(1.0);
            for (_, table) in tables {
                let mean = table.iter().zip(&counts[at]).map(|(x, n)| x * n).sum::<f64>() / rows;
                table.iter_mut().for_each(|x| *x -= mean);
            }
        }
    }

    let cells = |at: usize| terms.terms[at].basis.cells();
    all.into_iter().enumerate().map(|(at, tables)| Loading::from_tables(cells(at), tables)).collect()
}

/// How the coefficients and the intercept spread when fitted on so many rows.
struct Spread {
    rows: f64,
    /// The inverse of the penalised curvature of a row.
    inverse: Square,
    /// By customer.
    covariance: Square,
    /// What it would be if each row were of a customer of its own, who churns as often as the model says:
    /// `H^-1 I H^-1`, `I` being the curvature without the ridge. Of a penalty with corners or bounds it is 0.
    independent: Square,
}

impl Spread {
    fn new(terms: &Terms, theta: &[f64], penalty: &Regulariser, blocks: &[&CodeBlock], rows: f64) -> Spread {
        let size = theta.len();
        let factor = Cholesky::new(penalised_curvature(terms, theta, penalty, blocks));
        let unit = |place: usize| -> Vec<f64> { (0..size).map(|i| f64::from(u8::from(i == place))).collect() };
        let lines = parallel::map(0..size, |place| factor.solve(&unit(place)));
        let inverse = Square { size, values: lines.concat() };
        let middle = clustered(terms, theta, blocks);
        let mut covariance = product(&product(&inverse, &middle), &inverse);
        covariance.values.iter_mut().for_each(|value| *value /= rows);

        let mut independent = Square::zeros(size);
        if penalty.norm <= 0.0 && penalty.bounds.iter().all(|bound| *bound == Bound::Free) {
            // The intercept has no ridge.
            let mut penalised = inverse.clone();
            penalised.values.chunks_exact_mut(size).for_each(|line| line[size - 1] = 0.0);
            let product = product(&penalised, &inverse).values;
            let values =
                inverse.values.iter().zip(product).map(|(all, product)| (all - penalty.ridge * product) / rows);
            independent.values = values.collect();
        }
        Spread { rows, inverse, covariance, independent }
    }

    /// The variance of a cell: by customer, but no less than as if rows were independent. A level with few rows has too
    /// few churners for the spread of their scores to be known.
    fn of(&self, loading: &Loading, cell: usize) -> f64 {
        loading.variance(cell, &self.covariance).max(loading.variance(cell, &self.independent))
    }

    /// The part of the inverse of the curvature of all rows that belongs to some coefficients.
    fn inverse_of(&self, own: &Range<usize>) -> Array2<f64> {
        let at = |(i, j)| self.inverse.values[(own.start + i) * self.inverse.size + own.start + j] / self.rows;
        Array2::from_shape_fn((own.len(), own.len()), at)
    }

    /// How many times as large the variance of a term is by customer, over its rows, as if these were independent.
    fn inflation(&self, loading: &Loading, counts: &[f64]) -> f64 {
        let mean = |covariance: &Square| -> f64 {
            counts.iter().enumerate().map(|(cell, count)| count * loading.variance(cell, covariance)).sum()
        };
        let ratio = mean(&self.covariance) / mean(&self.independent);
        if ratio.is_finite() && ratio > 0.0 {
            ratio
        } else {
            1.0
        }
    }
}

/// The product of two matrices.
fn product(a: &Square, b: &Square) -> Square {
    let size = a.size;
    let multiplied = |lines: &[f64]| -> Vec<f64> {
        let mut to = Array2::zeros((lines.len() / size, size));
        if let (Ok(lines), Ok(b)) =
            (ArrayView2::from_shape(to.raw_dim(), lines), ArrayView2::from_shape((size, size), &b.values))
        {
            general_mat_mul(1.0, &lines, &b, 0.0, &mut to);
        }
        to.into_raw_vec_and_offset().0
    };
    Square { size, values: parallel::map(a.values.chunks(CHUNK * size), multiplied).concat() }
}

/// The curvature of the mean log-loss with the penalty.
fn penalised_curvature(terms: &Terms, theta: &[f64], penalty: &Regulariser, blocks: &[&CodeBlock]) -> Square {
    let size = theta.len();
    // Without a penalty a speck of one keeps collinear columns apart.
    let mut curvature = terms.full_curvature(theta, blocks).with_ridge(penalty.ridge.max(1e-9));

    // A group's norm bends across its coefficients, and not along them.
    for group in penalty.groups.iter().filter(|_| penalty.norm > 0.0) {
        let norm = theta[group.columns.clone()].iter().map(|t| t * t).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        let bend = penalty.norm * group.weight / norm;
        for i in group.columns.clone() {
            curvature.values[i * size + i] += bend;
            for j in group.columns.start..=i {
                curvature.values[i * size + j] -= bend * (theta[i] / norm) * (theta[j] / norm);
            }
        }
    }

    // What is held at its bound is as good as known.
    for (i, bound) in penalty.bounds.iter().enumerate() {
        if *bound == Bound::NotNegative && theta[i] <= 0.0 {
            curvature.values[i * size + i] += HELD;
        }
    }

    curvature
}

/// The mean over the rows of `s s'`, summed over customers, times `G / (G - 1)`.
fn clustered(terms: &Terms, theta: &[f64], blocks: &[&CodeBlock]) -> Square {
    let size = theta.len();
    let customers: usize = blocks.iter().map(|block| starts(block).count()).sum();
    let stride = (customers * size * size).div_ceil(MOST_PRODUCTS).max(1);

    // Which customers of each block: the places of those before decide.
    let mut before = 0;
    let firsts: Vec<usize> = blocks
        .iter()
        .map(|block| {
            let first = before;
            before += starts(block).count();
            first
        })
        .collect();

    let bases: Vec<Array2<f64>> = terms.terms.iter().map(|term| term.basis.matrix()).collect();
    let part = blocks.len().div_ceil(PARTS).max(1);
    let parts: Vec<(Array2<f64>, usize, f64)> =
        parallel::map(blocks.chunks(part).zip(firsts.chunks(part)), |(blocks, firsts)| {
            let mut sums = (Array2::zeros((size, size)), 0, 0.0);
            let mut scores: Vec<f64> = Vec::with_capacity(CHUNK * size);
            for (block, first) in blocks.iter().zip(firsts) {
                let log_odds = terms.log_odds(theta, block);
                let mut buffer = Vec::new();
                let cells = terms.terms.iter().map(|t| t.lookup.cells(block, 0..block.rows, &mut buffer).to_vec());
                let cells: Vec<Vec<u8>> = cells.collect();

                let begins: Vec<usize> = starts(block).chain([block.rows]).collect();
                for (place, rows) in begins.windows(2).enumerate() {
                    if !(first + place).is_multiple_of(stride) {
                        continue;
                    }

                    let from = scores.len();
                    scores.resize(from + size, 0.0);
                    let score = &mut scores[from..];
                    for row in rows[0]..rows[1] {
                        let weight = block.weights.of(row);
                        let residual = weight * (sigmoid(log_odds[row]) - f64::from(block.y[row]));
                        sums.2 += weight;
                        for (at, basis) in bases.iter().enumerate() {
                            let line = basis.row(usize::from(cells[at][row]));
                            let to = &mut score[terms.columns_of(at)];
                            to.iter_mut().zip(line).for_each(|(to, b)| *to += residual * b);
                        }
                        score[size - 1] += residual;
                    }

                    sums.1 += 1;
                    if scores.len() == CHUNK * size {
                        add_products(&mut sums.0, &mut scores, size);
                    }
                }
            }
            add_products(&mut sums.0, &mut scores, size);
            sums
        });

    let (mut total, mut seen, mut rows) = (Array2::<f64>::zeros((size, size)), 0, 0.0);
    for (products, part_customers, part_rows) in parts {
        total += &products;
        seen += part_customers;
        rows += part_rows;
    }

    let share = seen as f64 / (seen.max(2) - 1) as f64 / if rows > 0.0 { rows } else { 1.0 };
    Square { size, values: total.into_iter().map(|value| value * share).collect() }
}

/// Adds the products of the scores, a row a customer, and forgets them.
fn add_products(sums: &mut Array2<f64>, scores: &mut Vec<f64>, size: usize) {
    if let Ok(lines) = ArrayView2::from_shape((scores.len() / size, size), scores) {
        general_mat_mul(1.0, &lines.t(), &lines, 1.0, sums);
    }
    scores.clear();
}

/// Where each customer of a block begins.
fn starts(block: &CodeBlock) -> impl Iterator<Item = usize> + '_ {
    (0..block.rows).filter(|&row| row == 0 || block.customer[row] != block.customer[row - 1])
}

/// Advice about cells of curves whose rows all stayed, or all churned, where more of the other kind were expected.
pub fn separation(frame: &Frame, effects: &[Effect], blocks: &[&CodeBlock]) -> Vec<Message> {
    let (rows, churners) = blocks.iter().fold((0.0, 0.0), |(rows, churners), block| {
        (rows + block.rows as f64, churners + block.y.iter().map(|&y| f64::from(y)).sum::<f64>())
    });
    let rate = churners / f64::max(rows, 1.0);
    let of_curve = |effect: &Effect| -> Vec<(f64, Message)> {
        let Lookup::Curve { feature } = effect.lookup else { return Vec::new() };
        let (mut counts, mut churned) = (vec![0.0; 256], vec![0.0; 256]);
        for block in blocks {
            for (&cell, &y) in block.column(feature).iter().zip(&block.y) {
                counts[usize::from(cell)] += 1.0;
                churned[usize::from(cell)] += f64::from(y);
            }
        }
        let told =
            counts.iter().take(effect.table.len()).zip(churned).enumerate().filter_map(|(cell, (&count, churned))| {
                let (expected, key) = match () {
                    () if churned == 0.0 => (count * rate, "fit-bin-none"),
                    () if churned == count => (count * (1.0 - rate), "fit-bin-all"),
                    () => return None,
                };
                let (name, place) = (&frame.features[feature].name, frame.grids[feature].bins.describe(cell));
                let message = Message::new(key).count("rows", count as i64).text("column", format!("`{name}`"));
                (expected >= EXPECTED).then(|| (expected, message.message("place", place)))
            });
        told.collect()
    };

    let mut told: Vec<(f64, Message)> = parallel::map(effects, of_curve).into_iter().flatten().collect();
    told.sort_by(|a, b| b.0.total_cmp(&a.0));
    if told.is_empty() {
        return Vec::new();
    }
    let more = told.len().saturating_sub(TOLD);
    let first = told.into_iter().take(TOLD).map(|(_, told)| told);
    let message =
        if more > 0 { Message::new("fit-bins-more").count("more", more) } else { Message::new("fit-bins-all") };
    let bins = message.joined("bins", first, "semicolon", usize::MAX);
    vec![Message::new("fit-bins").message("bins", bins)]
}
