//! One pass over the rows: the loss, its gradient and its curvature at a point, for one model or for several at once.
//!
//! Why this shape. Rows are taken in tiles of 256, small enough to stay in the second-level cache while every model
//! reads them twice, once for the log-odds and once for the gradient. The curvature `X' W X` costs half a square of the
//! columns per row, fifty times the gradient: a pass computes it from every so many-th block alone, which is all that a
//! step's direction needs (Byrd, Chin, Neveitt & Nocedal 2011, "On the use of stochastic Hessian information in
//! optimization methods for machine learning"). Its products are left to `matrixmultiply` (through ndarray), which
//! picks the widest vector instructions of the machine at run time; of the square only blocks at and below the diagonal
//! are asked for. Everything is summed in `f64`.

use super::design::{Columns, DesignBlock};
use crate::error::Result;
use crate::numeric::{exp_of_negative, vectorised};
use fearless_simd::{f64x8, prelude::*, Simd};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;
use std::ops::Range;

/// Rows of a tile.
pub const TILE: usize = 256;

/// Sums that are kept side by side, so that one addition need not wait for the other.
const LANES: usize = 8;

/// At most so many sums are kept for one pass. Their number depends on the blocks alone, never on the threads.
const GROUPS: usize = 64;

/// Columns of a block of the curvature: few enough that little of the square is computed twice, many enough that
/// packing them for the product is not felt.
const GRAM_BLOCK: usize = 40;

/// A point at which to evaluate the loss.
pub struct Point<'a> {
    /// The coefficients, then the intercept.
    pub theta: &'a [f64],
    /// The fold whose rows are left out.
    pub without: Option<u8>,
    /// The curvature is wanted, from every so many-th block.
    pub curvature: Option<usize>,
}

/// Sums over rows at one point.
#[derive(Clone, Debug)]
pub struct Sums {
    /// Number of rows.
    pub rows: usize,
    /// Number of churners.
    pub churners: usize,
    /// Sum of the log-losses.
    pub loss: f64,
    /// Gradient of the loss: the coefficients, then the intercept.
    pub gradient: Vec<f64>,
    /// The smallest log-odds in favour of a row's own class: positive when every row is on its side.
    pub lowest_margin: f64,
    /// The largest absolute log-odds.
    pub largest: f64,
    /// The curvature `X' W X` of the loss, `W` being `p (1 - p)`; the intercept comes last.
    pub gram: Option<Gram>,
}

impl Sums {
    fn new(size: usize, curvature: bool) -> Sums {
        Sums {
            rows: 0,
            churners: 0,
            loss: 0.0,
            gradient: vec![0.0; size],
            lowest_margin: f64::INFINITY,
            largest: 0.0,
            gram: curvature.then(|| Gram::new(size)),
        }
    }

    /// Adds the sums over other rows at the same point.
    fn add(&mut self, other: &Sums) {
        self.rows += other.rows;
        self.churners += other.churners;
        self.loss += other.loss;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(sum, value)| *sum += value);
        self.lowest_margin = self.lowest_margin.min(other.lowest_margin);
        self.largest = self.largest.max(other.largest);
        if let (Some(gram), Some(other)) = (&mut self.gram, &other.gram) {
            gram.add(other);
        }
    }
}

/// A symmetric matrix of column products, of which the lower triangle is kept.
#[derive(Clone, Debug)]
pub struct Gram {
    size: usize,
    /// Rows that it was summed over.
    pub rows: usize,
    /// Row after row.
    values: Vec<f64>,
}

impl Gram {
    fn new(size: usize) -> Gram {
        Gram { size, rows: 0, values: vec![0.0; size * size] }
    }

    fn add(&mut self, other: &Gram) {
        self.rows += other.rows;
        self.values.iter_mut().zip(&other.values).for_each(|(to, from)| *to += from);
    }

    /// The whole matrix as it would be over `rows` rows, row after row.
    pub fn over(&self, rows: usize) -> Vec<f64> {
        let factor = rows as f64 / self.rows.max(1) as f64;
        let mut matrix = vec![0.0; self.size * self.size];
        for i in 0..self.size {
            for j in 0..=i {
                let value = self.values[i * self.size + j] * factor;
                matrix[i * self.size + j] = value;
                matrix[j * self.size + i] = value;
            }
        }
        matrix
    }
}

/// The sums at each of `points` over the rows of `blocks` that it does not leave out. `columns` is the number of
/// columns, the intercept not counted.
///
/// # Errors
/// As [`DesignBlock::columns`], like the next one.
pub fn evaluate(blocks: &[&DesignBlock], columns: usize, points: &[Point]) -> Result<Vec<Sums>> {
    let empty: Vec<Sums> = points.iter().map(|point| Sums::new(columns + 1, point.curvature.is_some())).collect();
    let add = |products: &mut Products, sums: &mut Vec<Sums>, at: usize, block: &DesignBlock| {
        let values = block.columns()?;
        for first in (0..block.rows).step_by(TILE) {
            let tile = Tile { block, values: &values, rows: first..(first + TILE).min(block.rows), columns };
            let mut loaded = false;
            for (point, sums) in points.iter().zip(sums.iter_mut()) {
                let weights = tile.add(point, sums);
                let wanted = point.curvature.is_some_and(|stride| at.is_multiple_of(stride));
                if let (Some(gram), true) = (&mut sums.gram, wanted) {
                    if !loaded {
                        products.load(&tile);
                        loaded = true;
                    }
                    let taken = tile.taken(point.without);
                    products.add(&weights, taken, gram);
                }
            }
        }
        Ok(())
    };
    in_groups(blocks, columns, empty, add, |all, part| all.iter_mut().zip(part).for_each(|(all, part)| all.add(part)))
}

/// The covariance of the customers' scores: `sum over customers of s s'`, where `s` is the sum over a customer's rows
/// of the gradient of their loss at `theta`. Also how many customers there are. The rows of one customer lie one after
/// the other in one block.
pub fn scatter_of_customers(blocks: &[&DesignBlock], columns: usize, theta: &[f64]) -> Result<(Vec<f64>, usize)> {
    let point = Point { theta, without: None, curvature: None };
    let add = |products: &mut Products, sum: &mut Gram, _: usize, block: &DesignBlock| {
        let values = block.columns()?;
        let residuals = residuals(block, &values, columns, &point);
        let mut starts: Vec<usize> =
            (0..block.rows).filter(|&row| row == 0 || block.customer[row] != block.customer[row - 1]).collect();
        starts.push(block.rows);
        for starts in starts.windows(2).collect::<Vec<_>>().chunks(TILE) {
            products.resize(columns + 1, starts.len());
            for j in 0..=columns {
                let column = if j < columns { Some(values.column(j)) } else { None };
                for (customer, bounds) in starts.iter().enumerate() {
                    let rows = bounds[0]..bounds[1];
                    products.plain[j * TILE + customer] = match column {
                        Some(x) => x[rows.clone()].iter().zip(&residuals[rows]).map(|(&x, r)| f64::from(x) * r).sum(),
                        None => residuals[rows].iter().sum(),
                    };
                }
            }
            products.add(&[1.0; TILE], starts.len(), sum);
        }
        Ok(())
    };
    let sum = in_groups(blocks, columns, Gram::new(columns + 1), add, Gram::add)?;
    Ok((sum.over(sum.rows), sum.rows))
}

/// The residual `p - y` of every row of a block.
fn residuals(block: &DesignBlock, values: &Columns<'_>, columns: usize, point: &Point) -> Vec<f64> {
    let mut all = Vec::with_capacity(block.rows);
    for first in (0..block.rows).step_by(TILE) {
        let tile = Tile { block, values, rows: first..(first + TILE).min(block.rows), columns };
        let mut ignored = Sums::new(columns + 1, false);
        let (residuals, _) = vectorised!(residuals_and_weights(&tile, point, &mut ignored));
        all.extend_from_slice(&residuals[..tile.rows.len()]);
    }
    all
}

/// Adds up blocks into `empty`: groups of consecutive blocks in parallel, then the groups in their order.
fn in_groups<S: Clone + Send + Sync>(
    blocks: &[&DesignBlock],
    columns: usize,
    empty: S,
    add: impl Fn(&mut Products, &mut S, usize, &DesignBlock) -> Result<()> + Sync,
    merge: impl Fn(&mut S, &S),
) -> Result<S> {
    let group = blocks.len().div_ceil(GROUPS).max(1);
    let groups: Vec<S> = blocks
        .par_chunks(group)
        .enumerate()
        .map(|(at, blocks)| {
            let mut products = Products::new(columns + 1);
            let mut sums = empty.clone();
            blocks.iter().zip(at * group..).try_for_each(|(block, at)| add(&mut products, &mut sums, at, block))?;
            Ok(sums)
        })
        .collect::<Result<_>>()?;
    let mut total = empty;
    groups.iter().for_each(|group| merge(&mut total, group));
    Ok(total)
}

/// Up to 256 consecutive rows of a block.
struct Tile<'a> {
    block: &'a DesignBlock,
    values: &'a Columns<'a>,
    rows: Range<usize>,
    columns: usize,
}

impl Tile<'_> {
    fn column(&self, j: usize) -> &[f32] {
        &self.values.column(j)[self.rows.clone()]
    }

    /// How many rows are not of the fold left out.
    fn taken(&self, without: Option<u8>) -> usize {
        self.block.fold[self.rows.clone()].iter().filter(|&&fold| Some(fold) != without).count()
    }

    /// Adds loss and gradient of these rows to `sums`, and returns their weights `p (1 - p)`; those of the fold left
    /// out weigh nothing.
    fn add(&self, point: &Point, sums: &mut Sums) -> [f64; TILE] {
        let (residuals, weights) = vectorised!(residuals_and_weights(self, point, sums));
        vectorised!(simd => add_gradient(simd, self, &residuals, &mut sums.gradient));
        weights
    }
}

/// The residuals `p - y` of a tile's rows and their weights `p (1 - p)`; their loss is added to `sums`.
#[inline(always)]
fn residuals_and_weights(tile: &Tile<'_>, point: &Point<'_>, sums: &mut Sums) -> ([f64; TILE], [f64; TILE]) {
    let mut log_odds = [point.theta[tile.columns]; TILE];
    let log_odds = &mut log_odds[..tile.rows.len()];
    let mut j = 0;
    while j + 4 <= tile.columns {
        let columns = [tile.column(j), tile.column(j + 1), tile.column(j + 2), tile.column(j + 3)];
        add_four(columns, [point.theta[j], point.theta[j + 1], point.theta[j + 2], point.theta[j + 3]], log_odds);
        j += 4;
    }
    for j in j..tile.columns {
        log_odds.iter_mut().zip(tile.column(j)).for_each(|(sum, &x)| *sum += point.theta[j] * f64::from(x));
    }

    // Branches over rows would keep the compiler from vector instructions: a row that is left out counts nought.
    let (fold, y) = (&tile.block.fold[tile.rows.clone()], &tile.block.y[tile.rows.clone()]);
    let mut taken = [0.0; TILE];
    let mut sides = [0.0; TILE];
    for (((taken, side), &fold), &y) in taken.iter_mut().zip(&mut sides).zip(fold).zip(y) {
        *taken = f64::from(u8::from(Some(fold) != point.without));
        *side = f64::from(y) * 2.0 - 1.0;
        sums.rows += usize::from(Some(fold) != point.without);
        sums.churners += usize::from(Some(fold) != point.without && y == 1);
    }
    let (mut residuals, mut weights) = ([0.0; TILE], [0.0; TILE]);
    let (mut hinges, mut factors) = ([0.0; TILE], [1.0; TILE]);
    let rows = log_odds.iter().zip(&sides).zip(&taken).zip(residuals.iter_mut().zip(&mut weights));
    for (((((&log_odds, &side), &taken), (residual, weight)), hinge), factor) in rows.zip(&mut hinges).zip(&mut factors)
    {
        // In terms of the log-odds of the row's own class no difference of nearly equal numbers is ever taken.
        let margin = log_odds * side;
        let e = exp_of_negative(-margin.abs());
        let rare = e / (1.0 + e);
        let miss = if margin >= 0.0 { rare } else { 1.0 - rare };
        *hinge = (-margin).max(0.0) * taken;
        *factor = 1.0 + e * taken;
        *residual = -side * miss * taken;
        *weight = rare / (1.0 + e) * taken;
    }
    // The product of 256 factors of at most 2 each is in reach of a float: one logarithm does for all of them.
    let (mut hinge, mut product) = ([0.0; LANES], [1.0; LANES]);
    for (hinges, factors) in hinges.as_chunks::<LANES>().0.iter().zip(factors.as_chunks::<LANES>().0) {
        for (((hinge, product), more), factor) in hinge.iter_mut().zip(&mut product).zip(hinges).zip(factors) {
            *hinge += more;
            *product *= factor;
        }
    }
    sums.loss += hinge.iter().sum::<f64>() + product.iter().product::<f64>().ln();
    for ((&log_odds, &side), &taken) in log_odds.iter().zip(&sides).zip(&taken) {
        if taken > 0.0 {
            sums.lowest_margin = sums.lowest_margin.min(log_odds * side);
            sums.largest = sums.largest.max(log_odds.abs());
        }
    }
    (residuals, weights)
}

/// Adds the products of a tile's columns with its rows' residuals to the gradient.
#[inline(always)]
fn add_gradient<S: Simd>(simd: S, tile: &Tile<'_>, residuals: &[f64; TILE], gradient: &mut [f64]) {
    let residuals = &residuals[..tile.rows.len()];
    let (fours, rest) = gradient[..tile.columns].as_chunks_mut::<4>();
    let first = 4 * fours.len();
    for (j, sums) in (0..).step_by(4).zip(fours) {
        let columns = [tile.column(j), tile.column(j + 1), tile.column(j + 2), tile.column(j + 3)];
        sums.iter_mut().zip(dots(simd, columns, residuals)).for_each(|(sum, dot)| *sum += dot);
    }
    for (j, sum) in (first..).zip(rest) {
        let [dot] = dots(simd, [tile.column(j)], residuals);
        *sum += dot;
    }
    gradient[tile.columns] += residuals.iter().sum::<f64>();
}

#[inline(always)]
fn add_four([a, b, c, d]: [&[f32]; 4], coefficients: [f64; 4], log_odds: &mut [f64]) {
    for ((((sum, &a), &b), &c), &d) in log_odds.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *sum += coefficients[0] * f64::from(a)
            + coefficients[1] * f64::from(b)
            + coefficients[2] * f64::from(c)
            + coefficients[3] * f64::from(d);
    }
}

/// The products of columns and a vector of the same length. The sums of several columns hide how long one addition takes.
#[inline(always)]
fn dots<S: Simd, const N: usize>(simd: S, columns: [&[f32]; N], values: &[f64]) -> [f64; N] {
    let (lanes, rest) = values.as_chunks::<LANES>();
    let columns = columns.map(|column| column[..values.len()].as_chunks::<LANES>());
    let mut sums = [f64x8::splat(simd, 0.0); N];
    for (at, v) in lanes.iter().enumerate() {
        let v = f64x8::simd_from(simd, *v);
        for column in 0..N {
            sums[column] += f64x8::simd_from(simd, columns[column].0[at].map(f64::from)) * v;
        }
    }
    std::array::from_fn(|column| {
        let sums: [f64; LANES] = sums[column].into();
        let rest: f64 = columns[column].1.iter().zip(rest).map(|(&x, v)| f64::from(x) * v).sum();
        sums.iter().sum::<f64>() + rest
    })
}

/// Room for the columns of a tile in `f64`, with one of ones for the intercept behind them, and for their products.
struct Products {
    size: usize,
    /// Column after column, [`TILE`] entries each; zero beyond the rows at hand.
    plain: Vec<f64>,
    weighted: Vec<f64>,
    products: Vec<f64>,
}

impl Products {
    fn new(size: usize) -> Products {
        Products { size, plain: Vec::new(), weighted: Vec::new(), products: Vec::new() }
    }

    /// Room for `size` columns of `rows` rows, with zeros beyond them.
    fn resize(&mut self, size: usize, rows: usize) {
        self.plain.resize(size * TILE, 0.0);
        self.plain.chunks_exact_mut(TILE).for_each(|column| column[rows..].fill(0.0));
    }

    fn load(&mut self, tile: &Tile) {
        self.resize(self.size, tile.rows.len());
        let columns = self.plain.chunks_exact_mut(TILE);
        for (j, column) in columns.enumerate() {
            match j < tile.columns {
                true => column.iter_mut().zip(tile.column(j)).for_each(|(to, &x)| *to = f64::from(x)),
                false => column[..tile.rows.len()].fill(1.0),
            }
        }
    }

    /// Adds the weighted products of all columns, over `rows` rows that weigh something, to `gram`.
    fn add(&mut self, weights: &[f64; TILE], rows: usize, gram: &mut Gram) {
        gram.rows += rows;
        self.weighted.clear();
        for column in self.plain.chunks_exact(TILE) {
            self.weighted.extend(column.iter().zip(weights).map(|(x, weight)| x * weight));
        }
        for first in (0..self.size).step_by(GRAM_BLOCK) {
            let last = (first + GRAM_BLOCK).min(self.size);
            self.products.resize((last - first) * last, 0.0);
            let shapes = (
                ArrayView2::from_shape((last, TILE), &self.plain[..last * TILE]),
                ArrayView2::from_shape((last - first, TILE), &self.weighted[first * TILE..last * TILE]),
                ArrayViewMut2::from_shape((last - first, last), &mut self.products),
            );
            // The lengths are those of the shapes by construction.
            let (Ok(plain), Ok(weighted), Ok(mut products)) = shapes else { return };
            general_mat_mul(1.0, &weighted, &plain.t(), 0.0, &mut products);
            for (i, products) in (first..last).zip(self.products.chunks_exact(last)) {
                let sums = gram.values[i * self.size..=i * self.size + i].iter_mut();
                sums.zip(products).for_each(|(sum, product)| *sum += product);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::design::examples::{random, split};
    use crate::numeric::{sigmoid, softplus};

    /// The sums in the most obvious way.
    fn slow(design: &crate::model::design::Design, theta: &[f64], without: Option<u8>) -> (f64, Vec<f64>, Vec<f64>) {
        let (x, y) = (design.to_f64().unwrap(), design.churned());
        let fold: Vec<u8> = design.blocks.iter().flat_map(|block| block.fold.clone()).collect();
        let size = theta.len();
        let (mut loss, mut gradient, mut gram) = (0.0, vec![0.0; size], vec![0.0; size * size]);
        for i in (0..y.len()).filter(|&i| Some(fold[i]) != without) {
            let row: Vec<f64> = x.row(i).iter().copied().chain([1.0]).collect();
            let z: f64 = row.iter().zip(theta).map(|(a, b)| a * b).sum();
            let p = sigmoid(z);
            loss += softplus(z) - if y[i] { z } else { 0.0 };
            for a in 0..size {
                gradient[a] += row[a] * (p - f64::from(u8::from(y[i])));
                for b in 0..size {
                    gram[a * size + b] += p * (1.0 - p) * row[a] * row[b];
                }
            }
        }
        (loss, gradient, gram)
    }

    fn close(found: &[f64], expected: &[f64], tolerance: f64) {
        let scale = expected.iter().fold(1.0_f64, |most, value| most.max(value.abs()));
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= tolerance * scale, "{a} against {b}");
        }
        assert_eq!(found.len(), expected.len());
    }

    #[test]
    fn sums_agree_with_the_obvious_way() {
        // Column counts around whole groups of four, row counts around whole tiles.
        for (rows, columns) in [(1, 1), (255, 2), (256, 3), (257, 4), (1000, 7), (700, 8), (50, 0), (300, 45)] {
            let design = if columns == 0 {
                let mut design = random(rows, 1, 3);
                design.names.clear();
                design.blocks[0].x = Vec::new().into();
                design
            } else {
                split(&random(rows, columns, 3), 300)
            };
            let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
            let theta: Vec<f64> = (0..=columns).map(|j| 0.3 - 0.1 * j as f64).collect();
            for without in [None, Some(2)] {
                let (loss, gradient, gram) = slow(&design, &theta, without);
                let point = Point { theta: &theta, without, curvature: Some(1) };
                let sums = evaluate(&blocks, columns, &[point]).unwrap().remove(0);
                close(&[sums.loss], &[loss], 1e-13);
                close(&sums.gradient, &gradient, 1e-13);
                close(&sums.gram.unwrap().over(sums.rows), &gram, 1e-13);
            }
        }
    }

    #[test]
    fn a_sample_of_the_blocks_gives_the_curvature_of_its_rows() {
        let design = split(&random(900, 3, 5), 100);
        let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
        let theta = [0.5, -0.2, 0.1, -1.0];
        let at = |blocks: &[&DesignBlock], stride| {
            let point = Point { theta: &theta, without: Some(1), curvature: Some(stride) };
            evaluate(blocks, 3, &[point]).unwrap().remove(0)
        };
        let thirds: Vec<&DesignBlock> = blocks.iter().copied().step_by(3).collect();
        let (sampled, alone) = (at(&blocks, 3), at(&thirds, 1));
        assert_eq!(sampled.rows, at(&blocks, 1).rows);
        close(&sampled.gram.unwrap().over(alone.rows), &alone.gram.unwrap().over(alone.rows), 1e-13);
    }

    #[test]
    fn the_scatter_of_customers_sums_their_rows_first() {
        let mut design = split(&random(700, 3, 8), 350);
        // Customers of one to three rows.
        for block in &mut design.blocks {
            block.customer = (0..block.rows as u32).map(|row| row * 2 / 5).collect();
        }
        let theta = [0.4, -0.3, 0.2, -1.5];
        let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
        let (found, customers) = scatter_of_customers(&blocks, 3, &theta).unwrap();
        let (mut expected, mut count) = (vec![0.0; 16], 0);
        for block in &design.blocks {
            let last = block.customer[block.rows - 1];
            let columns = block.columns().unwrap();
            for customer in 0..=last {
                let mut score = [0.0; 4];
                for row in (0..block.rows).filter(|&row| block.customer[row] == customer) {
                    let x: Vec<f64> = (0..3).map(|j| f64::from(columns.column(j)[row])).chain([1.0]).collect();
                    let z: f64 = x.iter().zip(&theta).map(|(x, t)| x * t).sum();
                    let residual = sigmoid(z) - f64::from(block.y[row]);
                    score.iter_mut().zip(&x).for_each(|(s, x)| *s += residual * x);
                }
                count += 1;
                for i in 0..4 {
                    for j in 0..4 {
                        expected[i * 4 + j] += score[i] * score[j];
                    }
                }
            }
        }
        assert_eq!(customers, count);
        close(&found, &expected, 1e-12);
    }

    #[test]
    fn margins_are_those_of_a_rows_own_class() {
        let design = random(500, 2, 9);
        let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
        let theta = [1.0, -1.0, 0.5];
        let point = Point { theta: &theta, without: None, curvature: None };
        let sums = evaluate(&blocks, 2, &[point]).unwrap().remove(0);
        let log_odds = design.log_odds(&theta[..2], theta[2]).unwrap().concat();
        let margins = log_odds.iter().zip(design.churned()).map(|(z, churned)| if churned { *z } else { -z });
        assert!((sums.lowest_margin - margins.fold(f64::INFINITY, f64::min)).abs() < 1e-12);
        assert!((sums.largest - log_odds.iter().fold(0.0, |m: f64, z| m.max(z.abs()))).abs() < 1e-12);
        assert!(sums.gram.is_none());
    }
}
