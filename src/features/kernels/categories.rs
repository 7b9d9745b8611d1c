//! Distinct categories. Rows with no category show none.

use super::{column, lanes, starts, Slices, LANES};
use crate::numeric::vectorised;

/// Fills `{s}_categories_{w}d` from the column `first` on: for each window and each row of a block the distinct codes in its
/// slice of `codes` and in those of the windows within it. Codes from `count` on are null.
pub fn fill(out: &mut [f32], first: usize, codes: &[u32], count: u32, windows: &[Slices<'_>]) {
    let rows = windows.first().map_or(0, |window| window.from.len());
    if count <= u64::BITS {
        let mut shown = vec![0u64; rows];
        for (at, &window) in windows.iter().enumerate() {
            vectorised!(show(&mut shown, codes, count, window));
            vectorised!(counts(column(out, first + at, rows), &shown));
        }
        return;
    }
    // The last row that showed each one, counted from 1.
    let mut shown = vec![0; count as usize];
    for row in 0..rows {
        let mut distinct = 0u32;
        for (at, window) in windows.iter().enumerate() {
            for &code in &codes[window.from[row] as usize..window.to[row] as usize] {
                if let Some(last) = shown.get_mut(code as usize) {
                    distinct += u32::from(*last != row + 1);
                    *last = row + 1;
                }
            }
            out[(first + at) * rows + row] = distinct as f32;
        }
    }
}

/// Adds the codes of each row's slice to what it has shown, a bit a code.
#[inline(always)]
fn show(shown: &mut [u64], codes: &[u32], count: u32, slices: Slices<'_>) {
    for (shown, (&from, &to)) in shown.iter_mut().zip(slices.from.iter().zip(slices.to)) {
        for at in starts(from, to) {
            let left = (to as usize).saturating_sub(at);
            let codes = lanes(codes, at);
            let mut bits = [0u64; LANES];
            for lane in 0..LANES {
                let one = u64::from((lane < left) & (codes[lane] < count));
                bits[lane] = one << (codes[lane] % u64::BITS);
            }
            *shown |= bits.into_iter().fold(0, |all, bit| all | bit);
        }
    }
}

#[inline(always)]
fn counts(out: &mut [f32], shown: &[u64]) {
    for (out, shown) in out.iter_mut().zip(shown) {
        *out = shown.count_ones() as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{self, slices};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn categories_are_counted_once(rows in examples::rows(prop_oneof![0u32..100, Just(u32::MAX)]), count in 1u32..130) {
            let (codes, windows) = rows;
            let rows = windows[0].len();
            let mut out = vec![7.0; 3 * rows];
            fill(&mut out, 1, &codes, count, &slices(&windows));
            for (row, at) in (0..rows).flat_map(|row| [(row, 0), (row, 1)]) {
                let window = &codes[windows[at + 1][row] as usize..windows[0][row] as usize];
                let distinct: BTreeSet<u32> = window.iter().copied().filter(|&code| code < count).collect();
                prop_assert_eq!(out[(1 + at) * rows + row], distinct.len() as f32);
            }
            prop_assert!(out[..rows].iter().all(|&value| value == 7.0));
        }
    }
}
