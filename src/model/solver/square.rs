//! The Cholesky factor of a large positive definite matrix, in blocks: most of the work is in matrix products, which
//! `matrixmultiply` (through ndarray) does at the speed of the machine.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ShapeBuilder};

/// Columns of a block.
const BLOCK: usize = 48;

/// A square matrix, row after row. Of a symmetric one the lower triangle is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Square {
    /// Rows and columns.
    pub size: usize,
    /// The values.
    pub values: Vec<f64>,
}

impl Square {
    /// Of zeros.
    pub fn zeros(size: usize) -> Square {
        Square { size, values: vec![0.0; size * size] }
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

/// `L` of `A = L L'`.
#[derive(Clone, Debug)]
pub struct Factor {
    lower: Square,
}

impl Factor {
    /// Factors a symmetric matrix. A pivot that is not positive, which rounding can leave of collinear columns, is
    /// raised to a billionth of its diagonal.
    pub fn new(mut a: Square) -> Factor {
        let size = a.size;
        for first in (0..size).step_by(BLOCK) {
            let last = (first + BLOCK).min(size);
            // What the columns before explain of these, in one product.
            let mut known = Array2::zeros((size - first, last - first));
            if let (Some(left), Some(top)) =
                (a.corner(first, size - first, first), a.corner(first, last - first, first))
            {
                general_mat_mul(1.0, &left, &top.t(), 0.0, &mut known);
            }
            for (row, known) in (first..size).zip(known.rows()) {
                let to = &mut a.values[row * size + first..row * size + last];
                to.iter_mut().zip(known).for_each(|(to, known)| *to -= known);
            }
            for j in first..last {
                let row: Vec<f64> = a.values[j * size + first..j * size + j].to_vec();
                let diagonal = a.values[j * size + j];
                let pivot = diagonal - dot(&row, &row);
                let root = pivot.max(1e-9 * diagonal.abs()).max(f64::MIN_POSITIVE).sqrt();
                a.values[j * size + j] = root;
                for i in j + 1..size {
                    let known = dot(&a.values[i * size + first..i * size + j], &row);
                    let value = &mut a.values[i * size + j];
                    *value = (*value - known) / root;
                }
            }
        }
        Factor { lower: a }
    }

    /// The solution of `A x = b`.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
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
        x
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let x = Factor::new(matrix.clone()).solve(&b);
        for (i, b) in b.iter().enumerate() {
            assert!((dot(matrix.row(i, size), &x) - b).abs() < 1e-6);
        }
    }

    #[test]
    fn a_singular_matrix_gives_a_finite_answer() {
        let factor = Factor::new(Square { size: 3, values: vec![2.0; 9] });
        assert!(factor.solve(&[1.0, 1.0, 1.0]).iter().all(|x| x.is_finite()));
    }
}
