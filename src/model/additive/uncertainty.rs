//! How sure the tables are: a standard error for every cell, and words about cells that the labels say nothing about.
//!
//! The coefficients have the covariance `H^-1 B H^-1`: `H` is the curvature of the penalised loss, and `B` sums `s s'`
//! over customers, `s` being the gradient over all rows of one (Liang & Zeger, *Biometrika* 73, 1986), times
//! `G / (G - 1)` for `G` customers. A published cell is a linear function of the coefficients, the purification
//! included, so its variance follows. It is that of the estimate around what the penalty draws it to; what the penalty
//! smooths away is not in it.

use super::codes::{CodeBlock, Lookup};
use super::frame::Frame;
use super::passes::Terms;
use super::purify::margins;
use super::Effect;
use crate::language::Message;
use crate::model::solver::cholesky::{Cholesky, Square};
use crate::model::solver::proximal::{Bound, Regulariser};
use crate::numeric::sigmoid;
use crate::parallel;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2};

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

/// The standard errors of every cell of the purified tables, term by term; empty if there are too many parameters.
/// `blocks` are training rows, or whole customers of them, `rows` is the number of all, and `counts` those in each
/// cell; each row counts as often as it stands for a customer.
pub fn standard_errors(
    terms: &Terms,
    theta: &[f64],
    penalty: &Regulariser,
    blocks: &[&CodeBlock],
    rows: f64,
    counts: &[Vec<f64>],
) -> Vec<Vec<f64>> {
    if terms.columns() > MOST_COLUMNS {
        return vec![Vec::new(); terms.terms.len()];
    }
    let covariance = covariance(terms, theta, penalty, blocks, rows);
    let size = covariance.size;

    let error = |loading: &Loading, cell: usize| -> f64 {
        let line = loading.row(cell);
        let products = loading.columns.iter().zip(line).map(|(&i, a)| {
            let row = &covariance.values[i * size..(i + 1) * size];
            a * loading.columns.iter().zip(line).map(|(&j, b)| row[j] * b).sum::<f64>()
        });
        rounded(products.sum::<f64>().max(0.0).sqrt())
    };

    let errors = |loading: &Loading| (0..loading.cells).map(|cell| error(loading, cell)).collect();
    parallel::map(&loadings(terms, counts), errors)
}

/// To a few digits: a file of thousands of them is read by people too.
fn rounded(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10f64.powi(DIGITS - 1 - value.log10().floor() as i32);
    (value * scale).round() / scale
}

/// What the cells of a purified table are made of: a row a cell, over some of the coefficients.
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

/// The covariance of the coefficients and the intercept when fitted on so many `rows`.
fn covariance(terms: &Terms, theta: &[f64], penalty: &Regulariser, blocks: &[&CodeBlock], rows: f64) -> Square {
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

    let factor = Cholesky::new(curvature);
    let middle = clustered(terms, theta, blocks);
    let solved = |matrix: &Square| -> Square {
        let lines = parallel::map(matrix.values.chunks_exact(size), |line| factor.solve(line));
        Square { size, values: lines.concat() }
    };

    // Row i of the first is `H^-1 b_i`, so its transpose is `H^-1 B` and its columns are to be solved for.
    let half = solved(&middle);
    let mut turned = Square::zeros(size);
    for i in 0..size {
        (0..size).for_each(|j| turned.values[j * size + i] = half.values[i * size + j]);
    }
    let mut covariance = solved(&turned);
    covariance.values.iter_mut().for_each(|value| *value /= rows);
    covariance
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
