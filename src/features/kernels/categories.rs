//! Distinct categories. A row without a category adds none.

use super::{column, lanes, steps, Slices, LANES};
use crate::numeric::vectorised;

/// Fills a column for each window: for each row of a block, how many distinct codes are in its slice of `codes` and in
/// those of the windows within it. Codes from `count` on are null.
pub(crate) fn fill(out: &mut [f32], columns: &[usize], codes: &[u32], count: u32, windows: &[Slices<'_>]) {
    if count <= u64::BITS {
        fill_few(out, columns, codes, count, windows);
    } else {
        fill_many(out, columns, codes, count, windows);
    }
}

/// As [`fill`], where each code has a bit of a word.
fn fill_few(out: &mut [f32], columns: &[usize], codes: &[u32], count: u32, windows: &[Slices<'_>]) {
    let rows = windows.first().map_or(0, |window| window.from.len());
    let mut seen = vec![0u64; rows];
    for (&place, &window) in columns.iter().zip(windows) {
        vectorised!(add_codes(&mut seen, codes, count, window));
        vectorised!(counts(column(out, place, rows), &seen));
    }
}

/// As [`fill`], for any number of codes.
fn fill_many(out: &mut [f32], columns: &[usize], codes: &[u32], count: u32, windows: &[Slices<'_>]) {
    // For each code the last row that had it, counted from 1: of all codes, or where there are more of them than events
    // here, of those that are met.
    if count as usize <= codes.len() {
        let mut last_rows = vec![0; count as usize];
        count_new(out, columns, codes, windows, |code, row| {
            last_rows.get_mut(code as usize).is_some_and(|last| std::mem::replace(last, row) != row)
        });
    } else {
        let mut last_rows = hashbrown::HashMap::new();
        count_new(out, columns, codes, windows, |code, row| code < count && last_rows.insert(code, row) != Some(row));
    }
}

/// Counts the codes in each row's slices that are new to the row.
#[inline(always)]
fn count_new(
    out: &mut [f32],
    columns: &[usize],
    codes: &[u32],
    windows: &[Slices<'_>],
    mut is_new: impl FnMut(u32, usize) -> bool,
) {
    let rows = windows.first().map_or(0, |window| window.from.len());
    for row in 0..rows {
        let mut distinct = 0u32;
        for (&place, window) in columns.iter().zip(windows) {
            for &code in &codes[window.from[row] as usize..window.to[row] as usize] {
                distinct += u32::from(is_new(code, row + 1));
            }
            out[place * rows + row] = distinct as f32;
        }
    }
}

/// Sets the bits of the codes in each row's slice.
#[inline(always)]
fn add_codes(seen: &mut [u64], codes: &[u32], count: u32, slices: Slices<'_>) {
    for (seen, (&from, &to)) in seen.iter_mut().zip(slices.from.iter().zip(slices.to)) {
        for at in steps(from, to) {
            let left = (to as usize).saturating_sub(at);
            let codes = lanes(codes, at);
            let mut bits = [0u64; LANES];
            for lane in 0..LANES {
                let one = u64::from((lane < left) & (codes[lane] < count));
                bits[lane] = one << (codes[lane] % u64::BITS);
            }
            *seen |= bits.into_iter().fold(0, |all, bit| all | bit);
        }
    }
}

#[inline(always)]
fn counts(out: &mut [f32], seen: &[u64]) {
    for (out, seen) in out.iter_mut().zip(seen) {
        *out = seen.count_ones() as f32;
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
            fill(&mut out, &[1, 2], &codes, count, &slices(&windows));

            for (row, at) in (0..rows).flat_map(|row| [(row, 0), (row, 1)]) {
                let window = &codes[windows[at + 1][row] as usize..windows[0][row] as usize];
                let distinct: BTreeSet<u32> = window.iter().copied().filter(|&code| code < count).collect();
                prop_assert_eq!(out[(1 + at) * rows + row], distinct.len() as f32);
            }
            prop_assert!(out[..rows].iter().all(|&value| value == 7.0));
        }
    }
}
