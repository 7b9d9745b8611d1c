//! Sums and means of a value, and the share of negative moods. A null value does not enter them, although its row
//! counts as a row elsewhere.

use super::{column, lanes, means, steps, Slices, LANES};
use crate::numeric::{clamped, vectorised};
use fearless_simd::{f64x8, mask64x8, prelude::*, Simd};

/// A mood, from -1 to 1, is negative if it is below this value.
const NEGATIVE_MOOD: f64 = -0.2;

/// The columns to fill of each measure: window by window, and last that of the whole history where there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct ValueColumns {
    /// Amounts only; else empty.
    pub(crate) sum: Vec<usize>,
    pub(crate) mean: Vec<usize>,
    /// Sentiments only; else empty.
    pub(crate) negative_share: Vec<usize>,
}

/// For each row of a block, what its values add up to in the windows so far.
struct Totals {
    sums: Vec<f64>,
    counts: Vec<u32>,
    negatives: Vec<u32>,
}

/// Fills the columns. For each window and each row of a block, they are computed from the row's slice of `values`, in
/// which NaN is null, and from those of the windows within it.
pub(crate) fn fill<V>(out: &mut [f32], columns: &ValueColumns, values: &[V], windows: &[Slices<'_>])
where
    V: Copy + Default + Into<f64>,
{
    let rows = windows.first().map_or(0, |window| window.from.len());
    let mut totals = Totals { sums: vec![0.0; rows], counts: vec![0; rows], negatives: vec![0; rows] };

    for (index, (&mean, &window)) in columns.mean.iter().zip(windows).enumerate() {
        if !columns.negative_share.is_empty() {
            vectorised!(simd => add::<_, V, true>(simd, &mut totals, values, window));
        } else {
            vectorised!(simd => add::<_, V, false>(simd, &mut totals, values, window));
        }

        let Totals { sums, counts, negatives } = &totals;
        if let Some(&sum) = columns.sum.get(index) {
            column(out, sum, rows).iter_mut().zip(sums).for_each(|(out, &sum)| *out = clamped(sum));
        }
        vectorised!(means(column(out, mean, rows), sums, counts));
        if let Some(&share) = columns.negative_share.get(index) {
            vectorised!(means(column(out, share, rows), negatives, counts));
        }
    }
}

/// Adds the values of each row's slice to its totals; the negative ones are counted only for moods.
#[inline(always)]
fn add<S: Simd, V, const MOODS: bool>(simd: S, totals: &mut Totals, values: &[V], slices: Slices<'_>)
where
    V: Copy + Default + Into<f64>,
{
    let Totals { sums, counts, negatives } = totals;
    let totals = sums.iter_mut().zip(counts).zip(negatives);
    for (((sum, count), negative), (&from, &to)) in totals.zip(slices.from.iter().zip(slices.to)) {
        for at in steps(from, to) {
            let left = (to as usize).saturating_sub(at);
            let within = mask64x8::from_bitmask(simd, (1 << left.min(LANES)) - 1);
            let lanes = f64x8::simd_from(simd, lanes(values, at).map(Into::into));
            let given = within & lanes.simd_eq(lanes);
            *sum += given.select(lanes, f64x8::splat(simd, 0.0)).reduce_sum();
            *count += given.to_bitmask().count_ones();
            if MOODS {
                *negative += (within & lanes.simd_lt(NEGATIVE_MOOD)).to_bitmask().count_ones();
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
        fn a_window_sums_up_its_own_values(
            rows in examples::rows(prop_oneof![9 => (-50i32..50).prop_map(|v| v as f32 / 32.0), 1 => Just(f32::NAN)]),
        ) {
            let columns = ValueColumns { sum: vec![0, 1], mean: vec![2, 3], negative_share: vec![4, 5] };
            let (single, windows) = rows;
            let double: Vec<f64> = single.iter().map(|&value| value.into()).collect();
            let rows = windows[0].len();

            let mut out = vec![7.0; 6 * rows];
            fill(&mut out, &columns, &single, &slices(&windows));
            let mut of_double = vec![7.0; 6 * rows];
            fill(&mut of_double, &columns, &double, &slices(&windows));
            prop_assert!(out.iter().map(|value| value.to_bits()).eq(of_double.iter().map(|value| value.to_bits())));

            for (row, at) in (0..rows).flat_map(|row| [(row, 0), (row, 1)]) {
                let (from, to) = (windows[at + 1][row] as usize, windows[0][row] as usize);
                let given: Vec<f64> = double[from..to].iter().copied().filter(|value| !value.is_nan()).collect();
                let negatives = given.iter().filter(|&&value| value < NEGATIVE_MOOD).count() as f64;
                // This sum is exact in any order.
                let (sum, count) = (given.iter().sum::<f64>(), given.len() as f64);

                let expected = [sum as f32, (sum / count) as f32, (negatives / count) as f32];
                let found = [0, 2, 4].map(|column| out[(column + at) * rows + row]);
                for (found, expected) in found.into_iter().zip(expected) {
                    prop_assert!(found == expected || found.is_nan() && expected.is_nan(), "{} for {}", found, expected);
                }
            }
        }
    }
}
