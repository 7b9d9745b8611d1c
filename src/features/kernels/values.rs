//! Sums and means of a value, and the share of negative moods. A null value is no value; its row still counts as a row.

use super::{column, lanes, means, starts, Slices, LANES};
use crate::numeric::vectorised;
use fearless_simd::{f64x8, mask64x8, prelude::*, Simd};

/// A mood below this is negative.
pub const NEGATIVE: f64 = -0.2;

/// The columns to fill, each the first of consecutive windows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueColumns {
    /// `{s}_sum_{w}d`, for amounts.
    pub sum: Option<usize>,
    /// `{s}_mean_{w}d`
    pub mean: usize,
    /// `{s}_negative_share_{w}d`, for sentiments.
    pub negative_share: Option<usize>,
}

/// What the values of each row of a block amount to, in the windows so far.
struct Totals {
    sums: Vec<f64>,
    counts: Vec<u32>,
    negatives: Vec<u32>,
}

/// Fills the columns: for each window and each row of a block from its slice of `values`, in which NaN is null, and those of
/// the windows within it.
pub fn fill<V>(out: &mut [f32], columns: &ValueColumns, values: &[V], windows: &[Slices<'_>])
where
    V: Copy + Default + Into<f64>,
{
    let rows = windows.first().map_or(0, |window| window.from.len());
    let mut totals = Totals { sums: vec![0.0; rows], counts: vec![0; rows], negatives: vec![0; rows] };
    for (at, &window) in windows.iter().enumerate() {
        match columns.negative_share {
            Some(_) => vectorised!(simd => add::<_, V, true>(simd, &mut totals, values, window)),
            None => vectorised!(simd => add::<_, V, false>(simd, &mut totals, values, window)),
        }
        let Totals { sums, counts, negatives } = &totals;
        if let Some(sum) = columns.sum {
            column(out, sum + at, rows).iter_mut().zip(sums).for_each(|(out, &sum)| *out = sum as f32);
        }
        vectorised!(means(column(out, columns.mean + at, rows), sums, counts));
        if let Some(share) = columns.negative_share {
            vectorised!(means(column(out, share + at, rows), negatives, counts));
        }
    }
}

#[inline(always)]
fn add<S: Simd, V, const MOODS: bool>(simd: S, totals: &mut Totals, values: &[V], slices: Slices<'_>)
where
    V: Copy + Default + Into<f64>,
{
    let Totals { sums, counts, negatives } = totals;
    let totals = sums.iter_mut().zip(counts).zip(negatives);
    for (((sum, count), negative), (&from, &to)) in totals.zip(slices.from.iter().zip(slices.to)) {
        for at in starts(from, to) {
            let left = (to as usize).saturating_sub(at);
            let within = mask64x8::from_bitmask(simd, (1 << left.min(LANES)) - 1);
            let lanes = f64x8::simd_from(simd, lanes(values, at).map(Into::into));
            let some = within & lanes.simd_eq(lanes);
            *sum += some.select(lanes, f64x8::splat(simd, 0.0)).reduce_sum();
            *count += some.to_bitmask().count_ones();
            if MOODS {
                *negative += (within & lanes.simd_lt(NEGATIVE)).to_bitmask().count_ones();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{self, slices};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn windows_are_summed_as_one_would(
            rows in examples::rows(prop_oneof![9 => (-50i32..50).prop_map(|v| v as f32 / 32.0), 1 => Just(f32::NAN)]),
        ) {
            let columns = ValueColumns { sum: Some(0), mean: 2, negative_share: Some(4) };
            let (values, windows) = rows;
            let mut out = vec![7.0; 6 * windows[0].len()];
            fill(&mut out, &columns, &values, &slices(&windows));
            let wide: Vec<f64> = values.iter().map(|&value| value.into()).collect();
            let mut as_wide = vec![7.0; out.len()];
            fill(&mut as_wide, &columns, &wide, &slices(&windows));
            prop_assert_eq!(out.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), as_wide.iter().map(|v| v.to_bits()).collect::<Vec<_>>());
            let rows = windows[0].len();
            for (row, at) in (0..rows).flat_map(|row| [(row, 0), (row, 1)]) {
                let (from, to) = (windows[at + 1][row] as usize, windows[0][row] as usize);
                let window: Vec<f64> = wide[from..to].iter().copied().filter(|value| !value.is_nan()).collect();
                // These are exact in any order.
                let (sum, count) = (window.iter().sum::<f64>(), window.len() as f64);
                let negatives = window.iter().filter(|&&value| value < NEGATIVE).count() as f64;
                let expected = [sum as f32, (sum / count) as f32, (negatives / count) as f32];
                let found = [0, 2, 4].map(|column| out[(column + at) * rows + row]);
                prop_assert!(found.iter().zip(expected).all(|(a, b)| *a == b || a.is_nan() && b.is_nan()), "{:?} {:?}", found, expected);
            }
        }
    }
}
