//! The Cholesky factor of a positive semi-definite matrix, in blocks, with a remedy for columns that depend on others.
//!
//! Most of the work on a large matrix is in products, which `matrixmultiply` (through ndarray) does at the speed of the
//! machine.

use super::dot;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ShapeBuilder};

/// Columns of a block.
const BLOCK: usize = 48;

/// A pivot of the matrix scaled to a unit diagonal, below which a column is taken as a linear combination of those
/// before it. The pivot is the share of the column's own variation that they leave unexplained.
const DEPENDENT: f64 = 1e-11;

/// What is then added to the unit diagonal.
const RIDGE: f64 = 1e-8;

/// A square matrix, row after row. Of a symmetric one the lower triangle is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Square {
    /// Rows and columns.
    pub size: usize,
    /// The values.
    pub values: Vec<f64>,
}

impl Square {
    /// A matrix of zeros.
    pub fn zeros(size: usize) -> Square {
        Square { size, values: vec![0.0; size * size] }
    }

    /// With `ridge` added to the diagonal, but for the intercept's place at its end.
    pub fn with_ridge(mut self, ridge: f64) -> Square {
        (0..self.size.saturating_sub(1)).for_each(|i| self.values[i * self.size + i] += ridge);
        self
    }

    /// The beginning of a row.
    fn row(&self, row: usize, length: usize) -> &[f64] {
        &self.values[row * self.size..row * self.size + length]
    }

    /// Some rows from `first` on, as far as column `columns`. None of a matrix without such a block.
    fn corner(&self, first: usize, rows: usize, columns: usize) -> Option<ArrayView2<'_, f64>> {
        let shape = (rows, columns).strides((self.size, 1));
        ArrayView2::from_shape(shape, &self.values[first * self.size..]).ok()
    }
}

/// The factor `L` of `S A S = L L'`, where `S` scales `A` to a unit diagonal so that units of measurement do not
/// matter.
#[derive(Clone, Debug)]
pub struct Cholesky {
    /// The upper triangle is not used.
    lower: Square,
    scale: Vec<f64>,
    /// The columns that depend on those before them. If there are any, the factor is that of the scaled matrix with
    /// a small ridge, which leaves their share of a step undecided between them and shows as huge standard errors.
    pub dependent: Vec<usize>,
}

impl Cholesky {
    /// Factors a symmetric matrix.
    pub fn new(mut matrix: Square) -> Cholesky {
        let size = matrix.size;
        let diagonal = (0..size).map(|i| matrix.values[i * size + i]);
        let scale: Vec<f64> = diagonal.map(|value| if value > 0.0 { value.sqrt().recip() } else { 1.0 }).collect();
        for i in 0..size {
            let row = &mut matrix.values[i * size..i * size + i + 1];
            row.iter_mut().zip(&scale).for_each(|(value, other)| *value *= scale[i] * other);
        }

        let (mut lower, dependent) = factor(matrix.clone());
        if !dependent.is_empty() {
            (0..size).for_each(|i| matrix.values[i * size + i] += RIDGE);
            lower = factor(matrix).0;
        }
        Cholesky { lower, scale, dependent }
    }

    /// The solution `x` of `A x = b`.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x: Vec<f64> = b.iter().zip(&self.scale).map(|(b, scale)| b * scale).collect();
        for i in 0..x.len() {
            let row = self.lower.row(i, i + 1);
            x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
        }
        for i in (0..x.len()).rev() {
            let row = self.lower.row(i, i + 1);
            x[i] /= row[i];
            let solved = x[i];
            x[..i].iter_mut().zip(row).for_each(|(x, l)| *x -= l * solved);
        }
        x.iter_mut().zip(&self.scale).for_each(|(x, scale)| *x *= scale);
        x
    }

    /// The logarithm of the determinant of `A`.
    pub fn log_determinant(&self) -> f64 {
        let size = self.lower.size;
        (0..size).map(|i| 2.0 * (self.lower.values[i * size + i] / self.scale[i]).ln()).sum()
    }

    /// The inverse of `A`, row after row.
    pub fn inverse(&self) -> Vec<f64> {
        let size = self.lower.size;
        let mut inverse = vec![0.0; size * size];
        let mut unit = vec![0.0; size];
        for j in 0..size {
            unit.fill(0.0);
            unit[j] = 1.0;
            for (i, value) in self.solve(&unit).into_iter().enumerate() {
                inverse[i * size + j] = value;
            }
        }
        inverse
    }
}

/// Factors in place; also the dependent columns. A dependent column takes no part in the rest.
fn factor(mut a: Square) -> (Square, Vec<usize>) {
    let size = a.size;
    let mut dependent = Vec::new();

    for first in (0..size).step_by(BLOCK) {
        let last = (first + BLOCK).min(size);
        if first > 0 {
            subtract_known(&mut a, first, last);
        }

        for j in first..last {
            let row: Vec<f64> = a.values[j * size + first..j * size + j].to_vec();
            let pivot = a.values[j * size + j] - dot(&row, &row);
            if pivot > DEPENDENT {
                let root = pivot.sqrt();
                a.values[j * size + j] = root;
                for i in j + 1..size {
                    let known = dot(&a.values[i * size + first..i * size + j], &row);
                    let value = &mut a.values[i * size + j];
                    *value = (*value - known) / root;
                }
            } else {
                dependent.push(j);
                a.values[j * size + j] = 1.0;
                (j + 1..size).for_each(|i| a.values[i * size + j] = 0.0);
            }
        }
    }

    (a, dependent)
}

/// Subtracts from the columns of a block what the columns before explain of them, in one product.
fn subtract_known(a: &mut Square, first: usize, last: usize) {
    let size = a.size;
    let mut known = Array2::zeros((size - first, last - first));
    if let (Some(left), Some(top)) = (a.corner(first, size - first, first), a.corner(first, last - first, first)) {
        general_mat_mul(1.0, &left, &top.t(), 0.0, &mut known);
    }
    for (row, known) in (first..size).zip(known.rows()) {
        let to = &mut a.values[row * size + first..row * size + last];
        to.iter_mut().zip(known).for_each(|(to, known)| *to -= known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `B B'` of a matrix with the given rows.
    fn product(rows: &[Vec<f64>]) -> Square {
        let values = rows.iter().flat_map(|a| rows.iter().map(move |b| dot(a, b))).collect();
        Square { size: rows.len(), values }
    }

    #[test]
    fn solves_whatever_the_units() {
        let rows: Vec<Vec<f64>> = (0..5_u32)
            .map(|i| {
                (0..9_u32).map(|j| f64::from((i * 7 + j * j * 3 + i * j) % 11) * 10_f64.powi(i as i32 - 2)).collect()
            })
            .collect();

        let matrix = product(&rows);
        let cholesky = Cholesky::new(matrix.clone());
        assert!(cholesky.dependent.is_empty());
        let x = cholesky.solve(&[1.0, 2.0, 3.0, 4.0, 5.0]);

        for i in 0..5 {
            let b = dot(matrix.row(i, 5), &x);
            assert!((b - (i as f64 + 1.0)).abs() < 1e-9, "{b}");
        }

        let inverse = cholesky.inverse();
        for i in 0..5 {
            for j in 0..5 {
                let unit: f64 = (0..5).map(|k| matrix.values[i * 5 + k] * inverse[k * 5 + j]).sum();
                assert!((unit - f64::from(u8::from(i == j))).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn solves_across_blocks() {
        let size = 131;
        let noise = |i: usize, j: usize| f64::from(((i * 31 + j * 17 + i * j) % 23) as u8) - 11.0;
        let mut matrix = Square::zeros(size);
        for i in 0..size {
            for j in 0..size {
                matrix.values[i * size + j] = (0..size + 5).map(|k| noise(i, k) * noise(j, k)).sum();
            }
            matrix.values[i * size + i] += 1.0;
        }
        let b: Vec<f64> = (0..size).map(|i| i as f64 - 60.0).collect();
        let x = Cholesky::new(matrix.clone()).solve(&b);
        for (i, b) in b.iter().enumerate() {
            assert!((dot(matrix.row(i, size), &x) - b).abs() < 1e-6);
        }
    }

    #[test]
    fn names_the_columns_that_depend_on_others() {
        let first = vec![1.0, 2.0, 3.0, 5.0];
        let second = vec![2.0, -1.0, 0.5, 0.0];
        let both: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a - 2.0 * b).collect();
        let last = vec![0.0, 1.0, 1.0, -1.0];
        let matrix = product(&[first, second, both, last, vec![0.0; 4]]);
        let cholesky = Cholesky::new(matrix.clone());
        assert_eq!(cholesky.dependent, [2, 4]);
        // A right-hand side in the range of the matrix is still met.
        let b: Vec<f64> = (0..5).map(|i| matrix.row(i, 5).iter().sum()).collect();
        let x = cholesky.solve(&b);
        for (i, b) in b.iter().enumerate() {
            let found = dot(matrix.row(i, 5), &x);
            assert!((found - b).abs() < 1e-5, "{found} against {b}");
        }
    }

    #[test]
    fn a_singular_matrix_gives_a_finite_answer() {
        let cholesky = Cholesky::new(Square { size: 3, values: vec![2.0; 9] });
        assert!(cholesky.solve(&[1.0, 1.0, 1.0]).iter().all(|x| x.is_finite()));
    }
}
