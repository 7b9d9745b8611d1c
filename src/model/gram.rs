//! Sums over rows of the products of their columns with each other, `A' A`.
//!
//! Why this shape. Rows are gathered until sixty-four of them are there, each with its columns side by side, and then
//! summed together. A vector holds some neighbouring columns of a row; times another column of that row it is what the row adds
//! to a piece of one line of the matrix. The sums of six lines by two vectors stay in registers over all rows gathered, the
//! rows stay in the first-level cache, and nothing is ever summed across a vector. Of the symmetric matrix only the pieces
//! at and above the diagonal are summed.

use super::design::Columns;
use crate::numeric::vectorised;
use fearless_simd::{f32x8, prelude::*, Simd};
use std::ops::Range;

/// Rows that are gathered before they are summed.
const DEPTH: usize = 64;

/// Lines of the matrix that are summed at a time, and vectors of each.
const LINES: usize = 6;
const VECTORS: usize = 2;

/// Lanes of the widest vectors.
const WIDEST: usize = 8;

/// Rows that are loaded at a time, and gathered at most.
pub const LOADED: usize = 8;
pub const GATHERED: usize = 32;

/// A symmetric matrix of column products; the last column is the intercept's.
#[derive(Clone, Debug)]
pub struct Gram {
    size: usize,
    /// Rows, or customers, that it stands for.
    pub rows: usize,
    /// Line after line of the matrix, each as long as a padded row. What lies below the diagonal, or beyond `size`, is
    /// not used.
    values: Vec<f64>,
    /// Rows that are not summed yet.
    gathered: Vec<f64>,
}

/// The length of a row of `size` columns with the zeros behind them: room for the last vectors and lines. It is an odd number
/// of cache lines, so that the rows gathered do not compete for the same places of the cache.
fn padded(size: usize) -> usize {
    size.next_multiple_of(VECTORS * WIDEST) + WIDEST
}

impl Gram {
    /// A matrix of zeros.
    pub fn new(size: usize) -> Gram {
        Gram { size, rows: 0, values: vec![0.0; (size + LINES) * padded(size)], gathered: Vec::new() }
    }

    /// Adds the products of a row, times its factor.
    #[inline(always)]
    pub fn add_row(&mut self, row: &[f64], factor: f64) {
        self.gathered.extend(row.iter().map(|x| x * factor));
        if self.gathered.len() >= DEPTH * row.len() {
            self.sum();
        }
    }

    /// Sums the rows that are still gathered. To be called when there are no more.
    pub fn finish(&mut self) {
        self.sum();
        self.gathered = Vec::new();
    }

    /// Sums the rows gathered.
    fn sum(&mut self) {
        vectorised!(simd => add_products(simd, &self.gathered, self.size, &mut self.values));
        self.gathered.clear();
    }

    /// Adds the sums over other rows, of which none are gathered.
    pub fn add(&mut self, other: &Gram) {
        self.rows += other.rows;
        self.values.iter_mut().zip(&other.values).for_each(|(to, from)| *to += from);
    }

    /// The whole matrix as it would be over `rows` rows, row after row.
    pub fn over(&self, rows: usize) -> Vec<f64> {
        let factor = rows as f64 / self.rows.max(1) as f64;
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

/// Adds the products of the columns of some rows to a matrix of `size` lines, at and above its diagonal.
#[inline(always)]
fn add_products<S: Simd>(simd: S, rows: &[f64], size: usize, matrix: &mut [f64]) {
    let (stride, lanes) = (padded(size), <S::f64s as SimdBase<S>>::LEN);
    for i in (0..size).step_by(VECTORS * lanes) {
        for j in (0..size.min(i + VECTORS * lanes)).step_by(LINES) {
            let products = products(simd, rows, stride, i, j);
            for (line, products) in matrix[j * stride..].chunks_exact_mut(stride).zip(products) {
                let line = line[i..i + VECTORS * lanes].chunks_exact_mut(lanes);
                line.zip(products).for_each(|(to, sum)| (S::f64s::from_slice(simd, to) + sum).store_slice(to));
            }
        }
    }
}

/// The sums over rows of the products of two vectors of columns, from `i` on, with each of some columns, from `j` on.
#[inline(always)]
fn products<S: Simd>(simd: S, rows: &[f64], stride: usize, i: usize, j: usize) -> [[S::f64s; VECTORS]; LINES] {
    let lanes = <S::f64s as SimdBase<S>>::LEN;
    let mut sums = [[S::f64s::splat(simd, 0.0); VECTORS]; LINES];
    for row in rows.chunks_exact(stride) {
        let (columns, others) = (&row[i..i + VECTORS * lanes], &row[j..j + LINES]);
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

/// A few rows of a design, each with its columns side by side, a 1 for the intercept behind them, and zeros up to the length
/// that a [`Gram`] takes.
pub struct Rows {
    columns: usize,
    loaded: usize,
    values: Vec<f64>,
}

impl Rows {
    /// Room for rows of so many columns.
    pub fn new(columns: usize) -> Rows {
        let mut values = vec![0.0; GATHERED * padded(columns + 1)];
        values.chunks_exact_mut(padded(columns + 1)).for_each(|row| row[columns] = 1.0);
        Rows { columns, loaded: 0, values }
    }

    /// The length of each row.
    pub fn length(&self) -> usize {
        padded(self.columns + 1)
    }

    /// The rows loaded.
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.length()).take(self.loaded)
    }

    /// Loads the rows at these places of a block, [`GATHERED`] at most.
    #[inline(always)]
    pub fn gather(&mut self, x: &Columns<'_>, places: &[usize]) {
        self.loaded = places.len();
        let length = self.length();
        for j in 0..self.columns {
            let column = x.column(j);
            let rows = self.values.chunks_exact_mut(length).zip(places);
            rows.for_each(|(row, &place)| row[j] = f64::from(column[place]));
        }
    }

    /// Loads rows of a block that lie one after the other, [`LOADED`] at most.
    #[inline(always)]
    pub fn load<S: Simd>(&mut self, simd: S, x: &Columns<'_>, rows: Range<usize>) {
        self.loaded = rows.len();
        let length = self.length();
        if rows.len() < LOADED || self.columns < LOADED {
            for j in 0..self.columns {
                let rows = self.values.chunks_exact_mut(length).zip(&x.column(j)[rows.clone()]);
                rows.for_each(|(to, &x)| to[j] = f64::from(x));
            }
            return;
        }
        for j in (0..self.columns).step_by(LOADED) {
            // The last columns once more, if there are not as many left.
            let j = j.min(self.columns - LOADED);
            let mut square = [f32x8::splat(simd, 0.0); LOADED];
            for (j, column) in (j..).zip(&mut square) {
                *column = f32x8::from_slice(simd, &x.column(j)[rows.clone()]);
            }
            // Three times every other one of the first half and of the second: columns have become rows.
            for (to, row) in self.values.chunks_exact_mut(length).zip(shuffled(shuffled(shuffled(square)))) {
                let row: [f32; LOADED] = row.into();
                to[j..j + LOADED].iter_mut().zip(row).for_each(|(to, x)| *to = f64::from(x));
            }
        }
    }
}

/// The values of the first four vectors and those of the last four, in turns.
#[inline(always)]
fn shuffled<S: Simd>([a, b, c, d, e, f, g, h]: [f32x8<S>; 8]) -> [f32x8<S>; 8] {
    [a.zip_low(e), a.zip_high(e), b.zip_low(f), b.zip_high(f), c.zip_low(g), c.zip_high(g), d.zip_low(h), d.zip_high(h)]
}
