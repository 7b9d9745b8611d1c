//! Cholesky factors of a positive semi-definite matrix, with a remedy for columns that depend on others.

/// A pivot of the matrix scaled to a unit diagonal, below which a column is taken as a linear combination of those
/// before it. The pivot is the share of the column's own variation that they leave unexplained.
const DEPENDENT: f64 = 1e-11;

/// What is then added to the unit diagonal.
const RIDGE: f64 = 1e-8;

/// The factor `L` of `S A S = L L'`, where `S` scales `A` to a unit diagonal so that units of measurement do not matter.
#[derive(Clone, Debug)]
pub struct Cholesky {
    size: usize,
    /// Row after row; the upper triangle is not used.
    lower: Vec<f64>,
    scale: Vec<f64>,
    /// The columns that depend on those before them. If there are any, the factor is that of the scaled matrix with
    /// a small ridge, which leaves their share of a step undecided between them and shows as huge standard errors.
    pub dependent: Vec<usize>,
}

impl Cholesky {
    /// Factors a symmetric matrix of `size` rows, given row after row.
    pub fn new(matrix: &[f64], size: usize) -> Cholesky {
        let scale: Vec<f64> = (0..size)
            .map(|i| if matrix[i * size + i] > 0.0 { matrix[i * size + i].sqrt().recip() } else { 1.0 })
            .collect();
        let mut scaled = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..=i {
                scaled[i * size + j] = matrix[i * size + j] * scale[i] * scale[j];
            }
        }
        let (mut lower, dependent) = factor(scaled.clone(), size);
        if !dependent.is_empty() {
            for i in 0..size {
                scaled[i * size + i] += RIDGE;
            }
            lower = factor(scaled, size).0;
        }
        Cholesky { size, lower, scale, dependent }
    }

    /// The solution `x` of `A x = b`.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x: Vec<f64> = b.iter().zip(&self.scale).map(|(b, scale)| b * scale).collect();
        for i in 0..self.size {
            let row = &self.lower[i * self.size..];
            let known: f64 = row.iter().zip(&x[..i]).map(|(l, x)| l * x).sum();
            x[i] = (x[i] - known) / row[i];
        }
        for i in (0..self.size).rev() {
            let known: f64 = (i + 1..self.size).map(|k| self.lower[k * self.size + i] * x[k]).sum();
            x[i] = (x[i] - known) / self.lower[i * self.size + i];
        }
        x.iter_mut().zip(&self.scale).for_each(|(x, scale)| *x *= scale);
        x
    }

    /// The inverse of `A`, row after row.
    pub fn inverse(&self) -> Vec<f64> {
        let mut inverse = vec![0.0; self.size * self.size];
        let mut unit = vec![0.0; self.size];
        for j in 0..self.size {
            unit.fill(0.0);
            unit[j] = 1.0;
            for (i, value) in self.solve(&unit).into_iter().enumerate() {
                inverse[i * self.size + j] = value;
            }
        }
        inverse
    }
}

/// Factors in place; also the dependent columns. A dependent column takes no part in the rest.
fn factor(mut a: Vec<f64>, size: usize) -> (Vec<f64>, Vec<usize>) {
    let mut dependent = Vec::new();
    for j in 0..size {
        let pivot = a[j * size + j] - a[j * size..j * size + j].iter().map(|l| l * l).sum::<f64>();
        if pivot > DEPENDENT {
            let root = pivot.sqrt();
            a[j * size + j] = root;
            for i in j + 1..size {
                let (above, below) = a.split_at_mut(i * size);
                let known: f64 = above[j * size..j * size + j].iter().zip(&below[..j]).map(|(l, m)| l * m).sum();
                below[j] = (below[j] - known) / root;
            }
        } else {
            dependent.push(j);
            a[j * size + j] = 1.0;
            for i in j + 1..size {
                a[i * size + j] = 0.0;
            }
        }
    }
    (a, dependent)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `B B'` of a matrix with the given rows.
    fn product(rows: &[Vec<f64>]) -> Vec<f64> {
        rows.iter().flat_map(|a| rows.iter().map(move |b| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>())).collect()
    }

    #[test]
    fn solves_whatever_the_units() {
        let rows: Vec<Vec<f64>> = (0..5_u32)
            .map(|i| {
                (0..9_u32).map(|j| f64::from((i * 7 + j * j * 3 + i * j) % 11) * 10_f64.powi(i as i32 - 2)).collect()
            })
            .collect();
        let matrix = product(&rows);
        let cholesky = Cholesky::new(&matrix, 5);
        assert!(cholesky.dependent.is_empty());
        let x = cholesky.solve(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        for i in 0..5 {
            let b: f64 = (0..5).map(|j| matrix[i * 5 + j] * x[j]).sum();
            assert!((b - (i as f64 + 1.0)).abs() < 1e-9, "{b}");
        }
        let inverse = cholesky.inverse();
        for i in 0..5 {
            for j in 0..5 {
                let unit: f64 = (0..5).map(|k| matrix[i * 5 + k] * inverse[k * 5 + j]).sum();
                assert!((unit - f64::from(u8::from(i == j))).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn names_the_columns_that_depend_on_others() {
        let first = vec![1.0, 2.0, 3.0, 5.0];
        let second = vec![2.0, -1.0, 0.5, 0.0];
        let both: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a - 2.0 * b).collect();
        let last = vec![0.0, 1.0, 1.0, -1.0];
        let matrix = product(&[first, second, both, last, vec![0.0; 4]]);
        let cholesky = Cholesky::new(&matrix, 5);
        assert_eq!(cholesky.dependent, [2, 4]);
        // A right-hand side in the range of the matrix is still met.
        let b: Vec<f64> = (0..5).map(|i| (0..5).map(|j| matrix[i * 5 + j]).sum()).collect();
        let x = cholesky.solve(&b);
        for i in 0..5 {
            let found: f64 = (0..5).map(|j| matrix[i * 5 + j] * x[j]).sum();
            assert!((found - b[i]).abs() < 1e-5, "{found} against {}", b[i]);
        }
    }
}
