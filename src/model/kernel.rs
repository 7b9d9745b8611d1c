//! One pass over the rows: the loss, its gradient and its curvature at a point, for one model or for several at once.
//!
//! Why this shape. The curvature `X' W X` is all the work there is: half a square of the columns per row, where the
//! log-odds and the gradient cost two multiplications per value. Rows are therefore copied in tiles of 256, small
//! enough for the nearest cache, and the products of a tile's columns left to `matrixmultiply` (through ndarray), which
//! picks the widest vector instructions of the machine at run time; of the square only blocks at and below the diagonal
//! are asked for. Within a tile the curvature is summed in `f32`, between tiles in `f64`: accurate to about 1e-6, which
//! is plenty for a Newton step, at twice the speed of `f64`. Standard errors need better and ask for
//! [`Curvature::Double`]. The loss and the gradient, which decide where the optimum is, are in `f64` throughout.

// The same position of several arrays of one fixed length is what the compiler turns into vector instructions.
#![allow(clippy::needless_range_loop)]

use super::design::DesignBlock;
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, LinalgScalar};
use rayon::prelude::*;

/// Rows of a tile. A multiple of every lane count.
const TILE: usize = 256;

/// Columns of a panel.
const PANEL: usize = 4;

/// At most so many sums are kept for one pass. Their number depends on the blocks alone, never on the threads.
const GROUPS: usize = 64;

/// Four columns of a tile.
type Panel<T> = [[T; TILE]; PANEL];

/// Columns of a block of the curvature: few enough that little of the square is computed twice, many enough that
/// packing them for the product is not felt.
const GRAM_BLOCK: usize = 40;

/// Whether, and how accurately, a pass computes the curvature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curvature {
    /// The loss and the gradient alone.
    Skip,
    /// In `f32` within a tile.
    Single,
    /// In `f64` throughout.
    Double,
}

/// A point at which to evaluate the loss.
pub struct Point<'a> {
    /// The coefficients, then the intercept.
    pub theta: &'a [f64],
    /// The fold whose rows are left out.
    pub without: Option<u8>,
    /// The curvature wanted.
    pub curvature: Curvature,
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
    fn new(size: usize, curvature: Curvature) -> Sums {
        Sums {
            rows: 0,
            churners: 0,
            loss: 0.0,
            gradient: vec![0.0; size.next_multiple_of(PANEL)],
            lowest_margin: f64::INFINITY,
            largest: 0.0,
            gram: (curvature != Curvature::Skip).then(|| Gram::new(size)),
        }
    }

    /// Adds the sums over other rows at the same point.
    pub fn add(&mut self, other: &Sums) {
        self.rows += other.rows;
        self.churners += other.churners;
        self.loss += other.loss;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(sum, value)| *sum += value);
        self.lowest_margin = self.lowest_margin.min(other.lowest_margin);
        self.largest = self.largest.max(other.largest);
        if let (Some(gram), Some(other)) = (&mut self.gram, &other.gram) {
            gram.values.iter_mut().zip(&other.values).for_each(|(to, from)| *to += from);
        }
    }
}

/// A symmetric matrix of column products, of which the lower triangle is kept.
#[derive(Clone, Debug)]
pub struct Gram {
    size: usize,
    /// Rows and columns kept, a whole number of panels.
    padded: usize,
    /// Row after row.
    values: Vec<f64>,
}

impl Gram {
    fn new(size: usize) -> Gram {
        let padded = size.next_multiple_of(PANEL);
        Gram { size, padded, values: vec![0.0; padded * padded] }
    }

    /// The whole matrix, row after row.
    pub fn to_matrix(&self) -> Vec<f64> {
        let mut matrix = vec![0.0; self.size * self.size];
        for i in 0..self.size {
            for j in 0..=i {
                let value = self.values[i * self.padded + j];
                matrix[i * self.size + j] = value;
                matrix[j * self.size + i] = value;
            }
        }
        matrix
    }
}

/// The sums at each of `points` over the rows of `blocks` that it does not leave out. `columns` is the number of
/// columns, the intercept not counted.
pub fn evaluate(blocks: &[&DesignBlock], columns: usize, points: &[Point]) -> Vec<Sums> {
    let padded: Vec<Vec<f64>> = points.iter().map(|point| pad(point.theta)).collect();
    let empty: Vec<Sums> = points.iter().map(|point| Sums::new(columns + 1, point.curvature)).collect();
    in_groups(blocks, columns, empty, |tile, sums, block| {
        for first in (0..block.rows).step_by(TILE) {
            tile.load(block, first..(first + TILE).min(block.rows));
            for ((point, theta), sums) in points.iter().zip(&padded).zip(sums.iter_mut()) {
                tile.add(theta, point.without, point.curvature, sums);
            }
        }
    })
}

/// The sums over the rows of each fold `0..folds` at one point, with the curvature in [`Curvature::Single`]. One pass
/// over the rows prepares the first Newton step of every model that leaves one fold out.
pub fn evaluate_by_fold(blocks: &[&DesignBlock], columns: usize, theta: &[f64], folds: u8) -> Vec<Sums> {
    let theta = pad(theta);
    let empty = vec![Sums::new(columns + 1, Curvature::Single); usize::from(folds)];
    in_groups(blocks, columns, empty, |tile, sums, block| {
        for (fold, sums) in (0..folds).zip(sums.iter_mut()) {
            let rows: Vec<usize> = (0..block.rows).filter(|&row| block.fold[row] == fold).collect();
            for rows in rows.chunks(TILE) {
                tile.gather(block, rows);
                tile.add(&theta, None, Curvature::Single, sums);
            }
        }
    })
}

/// Adds up blocks into `empty`: groups of consecutive blocks in parallel, then the groups in their order.
fn in_groups(
    blocks: &[&DesignBlock],
    columns: usize,
    empty: Vec<Sums>,
    add: impl Fn(&mut Tile, &mut [Sums], &DesignBlock) + Sync,
) -> Vec<Sums> {
    let group = blocks.len().div_ceil(GROUPS).max(1);
    let groups: Vec<Vec<Sums>> = blocks
        .par_chunks(group)
        .map(|blocks| {
            let mut tile = Tile::new(columns);
            let mut sums = empty.clone();
            blocks.iter().for_each(|block| add(&mut tile, &mut sums, block));
            sums
        })
        .collect();
    let mut total = empty;
    for group in &groups {
        total.iter_mut().zip(group).for_each(|(total, sums)| total.add(sums));
    }
    for sums in &mut total {
        sums.gradient.truncate(columns + 1);
    }
    total
}

fn pad(theta: &[f64]) -> Vec<f64> {
    let mut padded = theta.to_vec();
    padded.resize(theta.len().next_multiple_of(PANEL), 0.0);
    padded
}

/// Up to 256 rows, with a column of ones for the intercept after theirs. Rows and columns beyond them are zero.
struct Tile {
    columns: usize,
    rows: usize,
    y: [u8; TILE],
    fold: [u8; TILE],
    panels: Vec<Panel<f32>>,
    /// The same panels in `f64`, as far as somebody asked for them since the last load.
    double: Vec<Panel<f64>>,
    single_products: Products<f32>,
    double_products: Products<f64>,
}

impl Tile {
    fn new(columns: usize) -> Tile {
        let panels = vec![[[0.0; TILE]; PANEL]; (columns + 1).div_ceil(PANEL)];
        Tile {
            columns,
            rows: 0,
            y: [0; TILE],
            fold: [0; TILE],
            panels,
            double: Vec::new(),
            single_products: Products::default(),
            double_products: Products::default(),
        }
    }

    /// Takes consecutive rows of a block, at most [`TILE`].
    fn load(&mut self, block: &DesignBlock, rows: std::ops::Range<usize>) {
        self.resize(rows.len());
        self.y[..self.rows].copy_from_slice(&block.y[rows.clone()]);
        self.fold[..self.rows].copy_from_slice(&block.fold[rows.clone()]);
        for j in 0..self.columns {
            self.panels[j / PANEL][j % PANEL][..self.rows].copy_from_slice(&block.column(j)[rows.clone()]);
        }
    }

    /// Takes the given rows of a block, at most [`TILE`].
    fn gather(&mut self, block: &DesignBlock, rows: &[usize]) {
        self.resize(rows.len());
        for (at, &row) in rows.iter().enumerate() {
            self.y[at] = block.y[row];
            self.fold[at] = block.fold[row];
        }
        for j in 0..self.columns {
            let column = block.column(j);
            let to = &mut self.panels[j / PANEL][j % PANEL];
            to.iter_mut().zip(rows).for_each(|(to, &row)| *to = column[row]);
        }
    }

    fn resize(&mut self, rows: usize) {
        self.rows = rows;
        self.double.clear();
        for j in 0..=self.columns {
            self.panels[j / PANEL][j % PANEL][rows..].fill(0.0);
        }
        self.panels[self.columns / PANEL][self.columns % PANEL][..rows].fill(1.0);
    }

    /// Adds these rows, but for those of the fold `without`, to `sums`. `theta` is padded to whole panels.
    fn add(&mut self, theta: &[f64], without: Option<u8>, curvature: Curvature, sums: &mut Sums) {
        let mut log_odds = [0.0; TILE];
        for (panel, coefficients) in self.panels.iter().zip(theta.as_chunks::<PANEL>().0) {
            add_log_odds(panel, coefficients, &mut log_odds);
        }

        let mut residuals = [0.0; TILE];
        let mut weights = [0.0; TILE];
        for row in 0..self.rows {
            if Some(self.fold[row]) == without {
                continue;
            }
            let churned = self.y[row] == 1;
            // In terms of the log-odds of the row's own class no difference of nearly equal numbers is ever taken.
            let margin = if churned { log_odds[row] } else { -log_odds[row] };
            let e = (-margin.abs()).exp();
            let rare = e / (1.0 + e);
            let miss = if margin >= 0.0 { rare } else { 1.0 - rare };
            sums.rows += 1;
            sums.churners += usize::from(churned);
            sums.loss += (-margin).max(0.0) + e.ln_1p();
            sums.lowest_margin = sums.lowest_margin.min(margin);
            sums.largest = sums.largest.max(margin.abs());
            residuals[row] = if churned { -miss } else { miss };
            weights[row] = rare / (1.0 + e);
        }

        for (panel, gradient) in self.panels.iter().zip(sums.gradient.as_chunks_mut::<PANEL>().0) {
            for (column, gradient) in panel.iter().zip(gradient) {
                *gradient += dot(column, &residuals);
            }
        }

        if let Some(gram) = &mut sums.gram {
            if curvature == Curvature::Double {
                if self.double.is_empty() {
                    self.double.extend(self.panels.iter().map(|panel| panel.map(|column| column.map(f64::from))));
                }
                self.double_products.add(&self.double, &weights, gram);
            } else {
                // Weights are at most 1/4: narrowing them only rounds.
                self.single_products.add(&self.panels, &weights.map(|weight| weight as f32), gram);
            }
        }
    }
}

fn add_log_odds(panel: &Panel<f32>, coefficients: &[f64; PANEL], log_odds: &mut [f64; TILE]) {
    let [a, b, c, d] = panel;
    for (row, sum) in log_odds.iter_mut().enumerate() {
        *sum += coefficients[0] * f64::from(a[row])
            + coefficients[1] * f64::from(b[row])
            + coefficients[2] * f64::from(c[row])
            + coefficients[3] * f64::from(d[row]);
    }
}

fn dot(column: &[f32; TILE], values: &[f64; TILE]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    for (x, v) in column.as_chunks::<LANES>().0.iter().zip(values.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] += f64::from(x[lane]) * v[lane];
        }
    }
    sums.iter().sum()
}

/// Room for the weighted columns of a tile and for their products.
#[derive(Default)]
struct Products<T> {
    weighted: Vec<T>,
    products: Vec<T>,
}

impl<T: LinalgScalar + Into<f64>> Products<T> {
    /// Adds the weighted products of all columns of a tile to `gram`.
    fn add(&mut self, panels: &[Panel<T>], weights: &[T; TILE], gram: &mut Gram) {
        let columns = panels.as_flattened();
        let padded = columns.len();
        self.weighted.clear();
        for column in columns {
            self.weighted.extend(column.iter().zip(weights).map(|(&x, &weight)| x * weight));
        }
        let flat = columns.as_flattened();
        for first in (0..padded).step_by(GRAM_BLOCK) {
            let last = (first + GRAM_BLOCK).min(padded);
            self.products.resize((last - first) * last, T::zero());
            let shapes = (
                ArrayView2::from_shape((last, TILE), &flat[..last * TILE]),
                ArrayView2::from_shape((last - first, TILE), &self.weighted[first * TILE..last * TILE]),
                ArrayViewMut2::from_shape((last - first, last), &mut self.products),
            );
            // The lengths are those of the shapes by construction.
            let (Ok(plain), Ok(weighted), Ok(mut products)) = shapes else { return };
            general_mat_mul(T::one(), &weighted, &plain.t(), T::zero(), &mut products);
            for (i, products) in (first..last).zip(self.products.chunks_exact(last)) {
                let sums = gram.values[i * padded..=i * padded + i].iter_mut();
                sums.zip(products).for_each(|(sum, &product)| *sum += product.into());
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
        let (x, y) = (design.to_f64(), design.churned());
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
        // Column counts around whole panels, row counts around whole tiles.
        for (rows, columns) in [(1, 1), (255, 2), (256, 3), (257, 4), (1000, 7), (700, 8), (50, 0)] {
            let design = if columns == 0 {
                let mut design = random(rows, 1, 3);
                design.names.clear();
                design.blocks[0].x.clear();
                design
            } else {
                split(&random(rows, columns, 3), 300)
            };
            let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
            let theta: Vec<f64> = (0..=columns).map(|j| 0.3 - 0.1 * j as f64).collect();
            for without in [None, Some(2)] {
                let (loss, gradient, gram) = slow(&design, &theta, without);
                for (curvature, tolerance) in [(Curvature::Single, 1e-5), (Curvature::Double, 1e-13)] {
                    let point = Point { theta: &theta, without, curvature };
                    let sums = evaluate(&blocks, columns, &[point]).remove(0);
                    close(&[sums.loss], &[loss], 1e-13);
                    close(&sums.gradient, &gradient, 1e-13);
                    close(&sums.gram.unwrap().to_matrix(), &gram, tolerance);
                }
            }
            let folds = evaluate_by_fold(&blocks, columns, &theta, 5);
            let mut total = folds[0].clone();
            folds[1..].iter().for_each(|sums| total.add(sums));
            let (loss, gradient, gram) = slow(&design, &theta, None);
            assert_eq!((total.rows, total.churners), (design.rows(), design.churners()));
            close(&[total.loss], &[loss], 1e-13);
            close(&total.gradient, &gradient, 1e-13);
            close(&total.gram.unwrap().to_matrix(), &gram, 1e-5);
        }
    }

    #[test]
    fn margins_are_those_of_a_rows_own_class() {
        let design = random(500, 2, 9);
        let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
        let theta = [1.0, -1.0, 0.5];
        let point = Point { theta: &theta, without: None, curvature: Curvature::Skip };
        let sums = evaluate(&blocks, 2, &[point]).remove(0);
        let log_odds = design.log_odds(&theta[..2], theta[2]).concat();
        let margins = log_odds.iter().zip(design.churned()).map(|(z, churned)| if churned { *z } else { -z });
        assert!((sums.lowest_margin - margins.fold(f64::INFINITY, f64::min)).abs() < 1e-12);
        assert!((sums.largest - log_odds.iter().fold(0.0, |m: f64, z| m.max(z.abs()))).abs() < 1e-12);
        assert!(sums.gram.is_none());
    }
}
