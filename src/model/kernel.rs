//! One pass over the rows: the loss, its gradient and its curvature at a point, for one model or for several at once.
//!
//! Why this shape. Rows are taken in tiles of 256, small enough to stay in the second-level cache while every model
//! reads them twice, once for the log-odds and once for the gradient. The first reading goes column by column: memory then
//! comes in its own order, which the machine foresees. The curvature `X' W X` costs half a square of the columns per row,
//! fifty times the gradient: a pass computes it from every so many-th block alone, which is all that a step's direction
//! needs (Byrd, Chin, Neveitt & Nocedal 2011, "On the use of stochastic Hessian information in optimization methods for
//! machine learning"). It is the product of the columns, times the roots of the weights, with themselves, of which four by
//! four columns at and below the diagonal are summed in registers. Everything is summed in `f64`.

use super::design::{Columns, DesignBlock};
use crate::error::Result;
use crate::numeric::{exp_of_negative, vectorised};
use fearless_simd::{f64x8, prelude::*, Simd};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::ops::Range;

/// Rows of a tile.
pub const TILE: usize = 256;

/// Sums that are kept side by side, so that one addition need not wait for the other.
const LANES: usize = 8;

/// At most so many sums are kept for one pass. Their number depends on the blocks alone, never on the threads.
pub const GROUPS: usize = 64;

/// Columns whose products with as many others are summed at a time: their sums fill half of the registers.
const SIDE: usize = 4;

/// A point at which to evaluate the loss.
pub struct Point<'a> {
    /// The coefficients, then the intercept.
    pub theta: &'a [f64],
    /// The fold whose rows are left out.
    pub without: Option<u8>,
    /// The curvature is wanted, from every so many-th block.
    pub curvature: Option<usize>,
    /// The scatter of the customers' scores is wanted.
    pub scatter: bool,
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
    /// The sum over customers of `s s'`, `s` being the gradient of the loss of a customer's rows.
    pub scatter: Option<Gram>,
}

impl Sums {
    fn new(point: &Point) -> Sums {
        let size = point.theta.len();
        Sums {
            rows: 0,
            churners: 0,
            loss: 0.0,
            gradient: vec![0.0; size],
            lowest_margin: f64::INFINITY,
            largest: 0.0,
            gram: point.curvature.map(|_| Gram::new(size)),
            scatter: point.scatter.then(|| Gram::new(size)),
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
        for (gram, other) in [(&mut self.gram, &other.gram), (&mut self.scatter, &other.scatter)] {
            if let (Some(gram), Some(other)) = (gram, other) {
                gram.add(other);
            }
        }
    }
}

/// A symmetric matrix of column products, of which the lower triangle is kept.
#[derive(Clone, Debug)]
pub struct Gram {
    size: usize,
    /// Rows, or customers, that it was summed over.
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
/// Groups of consecutive blocks are added up in parallel, then the groups in their order.
///
/// # Errors
/// As [`DesignBlock::columns`].
pub fn evaluate(blocks: &[&DesignBlock], columns: usize, points: &[Point]) -> Result<Vec<Sums>> {
    let empty: Vec<Sums> = points.iter().map(Sums::new).collect();
    let group = blocks.len().div_ceil(GROUPS).max(1);
    let groups: Vec<Vec<Sums>> = blocks
        .par_chunks(group)
        .enumerate()
        .map(|(at, blocks)| {
            let (mut scaled, mut sums) = (Scaled::new(columns + 1), empty.clone());
            for (block, at) in blocks.iter().zip(at * group..) {
                add_block(at, block, columns, points, &mut scaled, &mut sums)?;
            }
            Ok(sums)
        })
        .collect::<Result<_>>()?;
    let mut total = empty;
    groups.iter().for_each(|group| total.iter_mut().zip(group).for_each(|(total, sums)| total.add(sums)));
    Ok(total)
}

/// Adds the sums over the block at the place `at`.
fn add_block(
    at: usize,
    block: &DesignBlock,
    columns: usize,
    points: &[Point],
    scaled: &mut Scaled,
    sums: &mut [Sums],
) -> Result<()> {
    let values = block.columns()?;
    let mut residuals = vec![Vec::new(); points.len()];
    for first in (0..block.rows).step_by(TILE) {
        let tile = Tile { block, values: &values, rows: first..(first + TILE).min(block.rows), columns };
        for ((point, sums), all) in points.iter().zip(sums.iter_mut()).zip(&mut residuals) {
            let (residuals, weights) = tile.add(point, sums);
            let wanted = point.curvature.is_some_and(|stride| at.is_multiple_of(stride));
            if let (Some(gram), true) = (&mut sums.gram, wanted) {
                scaled.load(&tile, &weights.map(f64::sqrt));
                gram.add_products(scaled, tile.taken(point.without));
            }
            if point.scatter {
                all.extend_from_slice(&residuals[..tile.rows.len()]);
            }
        }
    }
    for (sums, residuals) in sums.iter_mut().zip(&residuals) {
        if let Some(scatter) = &mut sums.scatter {
            add_customers(block, &values, residuals, scaled, scatter);
        }
    }
    Ok(())
}

/// Adds the scatter of the scores of a block's customers, given the residuals of its rows. The rows of one customer lie one
/// after the other in one block.
fn add_customers(
    block: &DesignBlock,
    values: &Columns<'_>,
    residuals: &[f64],
    scaled: &mut Scaled,
    scatter: &mut Gram,
) {
    let mut start = 0;
    let rows = block.customer.chunk_by(|a, b| a == b).map(|rows| {
        start += rows.len();
        start - rows.len()..start
    });
    let mut customers: Vec<Range<usize>> = rows.collect();
    // First everybody's first row, then the second row of those who have one, and so on.
    customers.sort_by_key(|rows| Reverse(rows.len()));
    let mut scores = vec![0.0; block.rows];
    for customers in customers.chunks(TILE) {
        let nth = |n: usize| customers.iter().map_while(|rows| (n < rows.len()).then(|| rows.start + n)).collect();
        let most = customers.first().map_or(0, Range::len);
        let rows: Vec<Vec<usize>> = (0..most).map(nth).collect();
        let intercept = scatter.size - 1;
        for (j, sums) in scaled.columns.iter_mut().take(scatter.size).enumerate() {
            match j < intercept {
                true => scores
                    .iter_mut()
                    .zip(values.column(j))
                    .zip(residuals)
                    .for_each(|((s, &x), r)| *s = f64::from(x) * r),
                false => scores.copy_from_slice(residuals),
            }
            sums.fill(0.0);
            for rows in &rows {
                sums.iter_mut().zip(rows).for_each(|(sum, &row)| *sum += scores[row]);
            }
        }
        scatter.add_products(scaled, customers.len());
    }
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

    /// Adds loss and gradient of these rows to `sums`, and returns their residuals `p - y` and weights `p (1 - p)`; both are
    /// nought for those of the fold left out.
    fn add(&self, point: &Point, sums: &mut Sums) -> ([f64; TILE], [f64; TILE]) {
        let (residuals, weights) = vectorised!(residuals_and_weights(self, point, sums));
        vectorised!(simd => add_gradient(simd, self, &residuals, &mut sums.gradient));
        (residuals, weights)
    }
}

/// The residuals `p - y` of a tile's rows and their weights `p (1 - p)`; their loss is added to `sums`.
#[inline(always)]
fn residuals_and_weights(tile: &Tile<'_>, point: &Point<'_>, sums: &mut Sums) -> ([f64; TILE], [f64; TILE]) {
    let mut log_odds = [point.theta[tile.columns]; TILE];
    let log_odds = &mut log_odds[..tile.rows.len()];
    for (j, &coefficient) in point.theta[..tile.columns].iter().enumerate() {
        log_odds.iter_mut().zip(tile.column(j)).for_each(|(sum, &x)| *sum += coefficient * f64::from(x));
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

/// Columns of at most [`TILE`] rows in `f64`, with that of the intercept behind them, and zeros beyond the rows at hand.
/// Columns of zeros make their number a multiple of [`SIDE`].
struct Scaled {
    columns: Vec<[f64; TILE]>,
}

impl Scaled {
    fn new(size: usize) -> Scaled {
        Scaled { columns: vec![[0.0; TILE]; size.next_multiple_of(SIDE)] }
    }

    /// The columns of a tile, each row times its factor.
    fn load(&mut self, tile: &Tile, factors: &[f64; TILE]) {
        for (j, column) in self.columns.iter_mut().take(tile.columns).enumerate() {
            let values = column.iter_mut().zip(tile.column(j)).zip(factors);
            values.for_each(|((to, &x), factor)| *to = f64::from(x) * factor);
            column[tile.rows.len()..].fill(0.0);
        }
        self.columns[tile.columns] = *factors;
    }
}

impl Gram {
    /// Adds the products of columns, over `rows` rows that weigh something.
    fn add_products(&mut self, scaled: &Scaled, rows: usize) {
        self.rows += rows;
        vectorised!(simd => add_products(simd, scaled, self.size, &mut self.values));
    }
}

/// Adds the products of columns to a matrix of `size` rows, at and below its diagonal.
#[inline(always)]
fn add_products<S: Simd>(simd: S, scaled: &Scaled, size: usize, matrix: &mut [f64]) {
    let sides = scaled.columns.as_chunks::<SIDE>().0;
    for (i, below) in (0..).step_by(SIDE).zip(sides) {
        for (j, right) in (0..=i).step_by(SIDE).zip(sides) {
            for (i, products) in (i..size).zip(products(simd, below, right)) {
                let row = &mut matrix[i * size..=i * size + i][j..];
                row.iter_mut().zip(products).for_each(|(sum, product)| *sum += product);
            }
        }
    }
}

/// The products of each of some columns with each of others. In vectors of the machine's own width: eight lanes would need
/// more registers than most have.
#[inline(always)]
fn products<S: Simd>(simd: S, a: &[[f64; TILE]; SIDE], b: &[[f64; TILE]; SIDE]) -> [[f64; SIDE]; SIDE] {
    let lanes = <S::f64s as SimdBase<S>>::LEN;
    let mut sums = [[S::f64s::splat(simd, 0.0); SIDE]; SIDE];
    for at in (0..TILE).step_by(lanes) {
        let b = b.each_ref().map(|b| S::f64s::from_slice(simd, &b[at..at + lanes]));
        for (a, sums) in a.iter().zip(&mut sums) {
            let a = S::f64s::from_slice(simd, &a[at..at + lanes]);
            sums.iter_mut().zip(b).for_each(|(sum, b)| *sum = a.mul_add(b, *sum));
        }
    }
    let mut products = [[0.0; SIDE]; SIDE];
    for (product, sum) in products.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
        *product = sum.reduce_sum();
    }
    products
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
                let point = Point { theta: &theta, without, curvature: Some(1), scatter: false };
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
            let point = Point { theta: &theta, without: Some(1), curvature: Some(stride), scatter: false };
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
        let point = Point { theta: &theta, without: None, curvature: None, scatter: true };
        let found = evaluate(&blocks, 3, &[point]).unwrap().remove(0).scatter.unwrap();
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
        assert_eq!(found.rows, count);
        close(&found.over(count), &expected, 1e-12);
    }

    #[test]
    fn margins_are_those_of_a_rows_own_class() {
        let design = random(500, 2, 9);
        let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
        let theta = [1.0, -1.0, 0.5];
        let point = Point { theta: &theta, without: None, curvature: None, scatter: false };
        let sums = evaluate(&blocks, 2, &[point]).unwrap().remove(0);
        let log_odds = design.log_odds(&theta[..2], theta[2]).unwrap().concat();
        let margins = log_odds.iter().zip(design.churned()).map(|(z, churned)| if churned { *z } else { -z });
        assert!((sums.lowest_margin - margins.fold(f64::INFINITY, f64::min)).abs() < 1e-12);
        assert!((sums.largest - log_odds.iter().fold(0.0, |m: f64, z| m.max(z.abs()))).abs() < 1e-12);
        assert!(sums.gram.is_none());
    }
}
