//! Minimising a smooth objective with a penalty: matrices and an objective, no rows.

pub mod cholesky;
pub mod lbfgs;
pub mod proximal;
pub mod report;

use crate::numeric::vectorised;
use fearless_simd::{f64x8, prelude::*, Simd};

/// Sums that an inner product keeps: one would have to wait for each of its additions.
const LANES: usize = 8;

/// The inner product of two vectors, as far as the shorter one goes.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    vectorised!(simd => product(simd, a, b))
}

#[inline(always)]
fn product<S: Simd>(simd: S, a: &[f64], b: &[f64]) -> f64 {
    let length = a.len().min(b.len());
    let ((a, last_a), (b, last_b)) = (a[..length].as_chunks::<LANES>(), b[..length].as_chunks::<LANES>());
    let mut sums = f64x8::splat(simd, 0.0);
    for (a, b) in a.iter().zip(b) {
        sums += f64x8::simd_from(simd, *a) * f64x8::simd_from(simd, *b);
    }
    let sums: [f64; LANES] = sums.into();
    let last: f64 = last_a.iter().zip(last_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_product_is_of_all_values() {
        for length in 0..40u32 {
            let a: Vec<f64> = (0..length).map(f64::from).collect();
            let b: Vec<f64> = (0..length + length % 3).map(|value| f64::from(value + 1)).collect();
            let expected = (0..u64::from(length)).map(|value| value * (value + 1)).sum::<u64>();
            assert_eq!(dot(&a, &b), expected as f64);
            assert_eq!(dot(&b, &a), expected as f64);
        }
    }
}
