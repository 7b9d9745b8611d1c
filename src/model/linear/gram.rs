//! Sums over rows of the products of their columns with each other, `A' A`.
//!
//! Why this shape. Rows are gathered in panels of sixteen columns until a hundred and twenty of them are there, and
//! then summed together. A vector holds some neighbouring columns of a row; times another column of that row it is what
//! the row adds to a piece of one line of the matrix. The sums of a few lines by two vectors stay in registers over all
//! rows gathered, the two panels at work stay in the first-level cache, and nothing is ever summed across a vector. Of
//! the symmetric matrix only the pieces at and above the diagonal are summed.

use crate::model::design::Columns;
use crate::numeric::vectorised;
use fearless_simd::{f32x16, f32x8, f64x8, prelude::*, Simd};
use std::ops::Range;

/// Columns of a panel, and rows that are gathered before they are summed: not a power of two, so that a row's places in
/// the panels do not compete for the same lines of the cache.
const WIDTH: usize = 16;
const DEPTH: usize = 120;

/// The values of a panel's columns in the rows gathered, row after row. No vector lies across two lines of the cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Panel([[f64; WIDTH]; DEPTH]);

/// Vectors of a line that are summed at a time.
const VECTORS: usize = 2;

/// Rows that are loaded at a time, at most.
pub const LOADED: usize = 32;

/// Rows and columns that change places in registers.
const SQUARE: usize = 8;

/// A symmetric matrix of column products; the last column is the intercept's.
#[derive(Clone, Debug)]
pub struct Gram {
    size: usize,
    /// Rows, as often as each counts, or customers, that it stands for.
    pub rows: f64,
    /// Line after line of the matrix, each as long as a padded row. What lies below the diagonal, or beyond `size`, is
    /// not used.
    values: Vec<f64>,
    /// Rows that are not summed yet, and how many.
    gathered: Vec<Panel>,
    depth: usize,
}

/// The length of a row of `size` columns with the zeros behind them, up to the end of the last panel.
fn padded(size: usize) -> usize {
    size.next_multiple_of(WIDTH)
}

impl Gram {
    /// A matrix of zeros.
    pub fn new(size: usize) -> Gram {
        let length = padded(size);
        let gathered = vec![Panel([[0.0; WIDTH]; DEPTH]); length / WIDTH];
        Gram { size, rows: 0.0, values: vec![0.0; length * length], gathered, depth: 0 }
    }

    /// Adds the products of a row of these values times their factor.
    #[inline(always)]
    pub fn add_row<S: Simd>(&mut self, simd: S, row: &[f32], factor: f64) {
        for (to, values) in self.next_row().zip(row.as_chunks().0) {
            let to = to.as_chunks_mut().0.iter_mut();
            to.zip(times(simd, values, factor)).for_each(|(to, values)| values.store_array(to));
        }
    }

    /// Adds the products of a row of sums, as long as those of [`Rows`].
    #[inline(always)]
    pub fn add_sums(&mut self, row: &[f64]) {
        self.next_row().zip(row.as_chunks().0).for_each(|(to, values)| *to = *values);
    }

    /// The places of a row more in the panels.
    #[inline(always)]
    fn next_row(&mut self) -> impl Iterator<Item = &mut [f64; WIDTH]> {
        if self.depth == DEPTH {
            self.sum();
        }
        let place = self.depth;
        self.depth += 1;
        self.gathered.iter_mut().map(move |Panel(rows)| &mut rows[place])
    }

    /// Sums the rows that are still gathered. To be called when there are no more.
    pub fn finish(&mut self) {
        self.sum();
        self.gathered = Vec::new();
    }

    /// Sums the rows gathered.
    fn sum(&mut self) {
        vectorised!(simd => add_products(simd, &self.gathered, self.depth, &mut self.values));
        self.depth = 0;
    }

    /// Adds the sums over other rows, of which none are gathered.
    pub fn add(&mut self, other: &Gram) {
        self.rows += other.rows;
        self.values.iter_mut().zip(&other.values).for_each(|(to, from)| *to += from);
    }

    /// The whole matrix as it would be over `rows` rows, row after row.
    pub fn over(&self, rows: f64) -> Vec<f64> {
        let factor = rows / self.rows.max(f64::MIN_POSITIVE);
        let mut matrix = vec![0.0; self.size * self.size];
        for (j, line) in self.values.chunks_exact(padded(self.size)).take(self.size).enumerate() {
            for i in j..self.size {
                let value = line[i] * factor;
                matrix[i * self.size + j] = value;
                matrix[j * self.size + i] = value;
            }
        }
        matrix
    }
}

/// A panel's values of a row times a factor.
#[inline(always)]
fn times<S: Simd>(simd: S, values: &[f32; WIDTH], factor: f64) -> [f64x8<S>; 2] {
    let (low, high) = f32x16::simd_from(simd, *values).widen();
    [low * factor, high * factor]
}

/// Adds the products of the columns of `depth` rows to a matrix, at and above its diagonal. As many lines at a time as
/// leave registers for the rest: machines with vectors of eight numbers have twice as many of them.
#[inline(always)]
fn add_products<S: Simd>(simd: S, panels: &[Panel], depth: usize, matrix: &mut [f64]) {
    match <S::f64s as SimdBase<S>>::LEN {
        8 => add_lines::<S, 8>(simd, panels, depth, matrix),
        _ => add_lines::<S, 4>(simd, panels, depth, matrix),
    }
}

/// The same, so many lines at a time.
#[inline(always)]
fn add_lines<S: Simd, const LINES: usize>(simd: S, panels: &[Panel], depth: usize, matrix: &mut [f64]) {
    let (stride, lanes) = (panels.len() * WIDTH, <S::f64s as SimdBase<S>>::LEN);
    for (right, columns) in panels.iter().enumerate() {
        for (left, others) in panels[..=right].iter().enumerate() {
            for i in (0..WIDTH).step_by(VECTORS * lanes) {
                let last = if left == right { i + VECTORS * lanes } else { WIDTH };
                for j in (0..last).step_by(LINES) {
                    let products: [_; LINES] = products(simd, &columns.0[..depth], &others.0[..depth], i, j);
                    let lines = matrix[(left * WIDTH + j) * stride + right * WIDTH + i..].chunks_mut(stride);
                    for (line, products) in lines.zip(products) {
                        let line = line[..VECTORS * lanes].chunks_exact_mut(lanes);
                        line.zip(products).for_each(|(to, sum)| (S::f64s::from_slice(simd, to) + sum).store_slice(to));
                    }
                }
            }
        }
    }
}

/// The sums over rows of the products of two vectors of a panel's columns, from `i` on, with each of some columns of
/// another panel, from `j` on.
#[inline(always)]
fn products<S: Simd, const LINES: usize>(
    simd: S,
    columns: &[[f64; WIDTH]],
    others: &[[f64; WIDTH]],
    i: usize,
    j: usize,
) -> [[S::f64s; VECTORS]; LINES] {
    let lanes = <S::f64s as SimdBase<S>>::LEN;
    let mut sums = [[S::f64s::splat(simd, 0.0); VECTORS]; LINES];
    for (columns, others) in columns.iter().zip(others) {
        let (columns, others) = (&columns[i..i + VECTORS * lanes], &others[j..j + LINES]);
        let mut vectors = [S::f64s::splat(simd, 0.0); VECTORS];
        for (vector, column) in vectors.iter_mut().zip(columns.chunks_exact(lanes)) {
            *vector = S::f64s::from_slice(simd, column);
        }
        for (sums, &other) in sums.iter_mut().zip(others) {
            let other = S::f64s::splat(simd, other);
            sums.iter_mut().zip(vectors).for_each(|(sum, vector)| *sum = vector.mul_add(other, *sum));
        }
    }

    sums
}

/// A few rows of a design, each with its columns side by side, a 1 for the intercept behind them, and zeros up to the
/// length that a [`Gram`] takes.
pub struct Rows {
    columns: usize,
    loaded: usize,
    values: Vec<f32>,
}

impl Rows {
    /// Room for rows of so many columns.
    pub fn new(columns: usize) -> Rows {
        let mut values = vec![0.0; LOADED * padded(columns + 1)];
        values.chunks_exact_mut(padded(columns + 1)).for_each(|row| row[columns] = 1.0);
        Rows { columns, loaded: 0, values }
    }

    /// The length of each row.
    pub fn length(&self) -> usize {
        padded(self.columns + 1)
    }

    /// The rows loaded.
    pub fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.length()).take(self.loaded)
    }

    /// Loads the rows at these places of a block, [`LOADED`] at most.
    #[inline(always)]
    pub fn gather(&mut self, x: &Columns<'_>, places: &[usize]) {
        self.loaded = places.len();
        let length = self.length();
        for j in 0..self.columns {
            let column = x.column(j);
            let rows = self.values.chunks_exact_mut(length).zip(places);
            rows.for_each(|(row, &place)| row[j] = column[place]);
        }
    }

    /// Loads rows of a block that lie one after the other, [`LOADED`] at most.
    #[inline(always)]
    pub fn load<S: Simd>(&mut self, simd: S, x: &Columns<'_>, rows: Range<usize>) {
        self.loaded = rows.len();
        let length = self.length();

        // Squares as far as they go, then the columns and rows that are left.
        let (squared, whole) = (self.columns / SQUARE * SQUARE, rows.len() / SQUARE);
        for j in (0..squared).step_by(SQUARE) {
            let columns: [_; SQUARE] = std::array::from_fn(|k| x.column(j + k)[rows.clone()].as_chunks::<SQUARE>().0);
            for (at, to) in self.values.chunks_exact_mut(SQUARE * length).take(whole).enumerate() {
                let mut square = [f32x8::splat(simd, 0.0); SQUARE];
                square.iter_mut().zip(columns).for_each(|(to, column)| *to = f32x8::simd_from(simd, column[at]));
                // Three times every other one of the first half and of the second: columns have become rows.
                for (to, row) in to.chunks_exact_mut(length).zip(shuffled(shuffled(shuffled(square)))) {
                    row.store_slice(&mut to[j..j + SQUARE]);
                }
            }
        }

        for j in 0..self.columns {
            let first = if j < squared { SQUARE * whole } else { 0 };
            let values = &x.column(j)[rows.clone()][first..];
            let to = self.values[first * length..].chunks_exact_mut(length);
            to.zip(values).for_each(|(to, &x)| to[j] = x);
        }
    }
}

/// The values of the first four vectors and those of the last four, in turns.
#[inline(always)]
fn shuffled<S: Simd>([a, b, c, d, e, f, g, h]: [f32x8<S>; SQUARE]) -> [f32x8<S>; SQUARE] {
    [a.zip_low(e), a.zip_high(e), b.zip_low(f), b.zip_high(f), c.zip_low(g), c.zip_high(g), d.zip_low(h), d.zip_high(h)]
}
