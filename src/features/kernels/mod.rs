//! The kernels: each fills the columns of one family of measures.
//!
//! They work column by column on the rows of a block. The counts need only the number of rows and days before each
//! boundary of a window. The other kernels look at slices of a signal's columns, which hold a customer's rows in time
//! order. All windows end on the as-of date, so a longer window adds only its own slice to what is known of the shorter
//! ones, and each row is looked at once per as-of date. A slice is read a few rows at a time, and few windows have more
//! rows than that: hardly any branch then depends on the data.

pub(super) mod categories;
pub(super) mod counts;
pub(super) mod lifetime;
pub(super) mod surveys;
pub(super) mod values;

use crate::numeric::clamped;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// How many rows of a signal a customer has before a boundary, and on how many days: the rows in the upper half of a
/// number, the days in its lower half. Both only grow, so the later of two boundaries has the greater number.
pub(crate) trait RowsAndDays: Copy + Default + Ord {
    fn new(rows: u32, days: u32) -> Self;

    fn rows(self) -> u32;

    fn days(self) -> u32;
}

/// For customers with fewer than 65,536 rows, at half the memory.
impl RowsAndDays for u32 {
    #[inline(always)]
    fn new(rows: u32, days: u32) -> u32 {
        rows << 16 | days
    }

    #[inline(always)]
    fn rows(self) -> u32 {
        self >> 16
    }

    #[inline(always)]
    fn days(self) -> u32 {
        self & 0xffff
    }
}

/// For all customers.
impl RowsAndDays for u64 {
    #[inline(always)]
    fn new(rows: u32, days: u32) -> u64 {
        u64::from(rows) << 32 | u64::from(days)
    }

    #[inline(always)]
    fn rows(self) -> u32 {
        (self >> 32) as u32
    }

    #[inline(always)]
    fn days(self) -> u32 {
        self as u32
    }
}

/// For each row of a block, some rows of its customer: the slice `from..to` of the columns of a signal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slices<'a> {
    pub(crate) from: &'a [u32],
    pub(crate) to: &'a [u32],
}

/// How many rows of a slice are read at a time.
const LANES: usize = 8;

/// The values of a column from the row `at` on. Where the column ends earlier, the other lanes hold arbitrary values.
#[inline(always)]
fn lanes<T: Copy + Default>(column: &[T], at: usize) -> [T; LANES] {
    let rest = column.get(at..).unwrap_or_default();
    rest.first_chunk()
        .copied()
        .unwrap_or_else(|| std::array::from_fn(|lane| rest.get(lane).copied().unwrap_or_default()))
}

/// The rows at which the steps through a slice begin. There is one step even if the slice is empty.
#[inline(always)]
fn steps(from: u32, to: u32) -> impl Iterator<Item = usize> {
    (from as usize..to.max(from + 1) as usize).step_by(LANES)
}

/// Divides each sum by its count; null where the count is 0.
#[inline(always)]
fn means<T: Copy + Into<f64>>(out: &mut [f32], sums: &[T], counts: &[u32]) {
    for (out, (&sum, &count)) in out.iter_mut().zip(sums.iter().zip(counts)) {
        // Computed for a count of 0 too, where it is not taken: the loop has no branch.
        let mean = sum.into() / f64::from(count);
        *out = if count > 0 { clamped(mean) } else { f32::NAN };
    }
}

/// The column at a position of a block with so many rows, which is column-major.
fn column(values: &mut [f32], index: usize, rows: usize) -> &mut [f32] {
    &mut values[index * rows..(index + 1) * rows]
}

/// Rows and windows on them, to test kernels with.
#[cfg(test)]
mod examples {
    use super::Slices;
    use proptest::prelude::*;

    /// The rows of some customers, and three cuts through them for each row of a block: where its rows end, where its
    /// shorter window begins, and where its longer one does.
    pub(super) fn rows<T: Clone + std::fmt::Debug>(
        row: impl Strategy<Value = T>,
    ) -> impl Strategy<Value = (Vec<T>, [Vec<u32>; 3])> {
        let rows = prop::collection::vec(row, 0..60);
        let draws = prop::collection::vec(any::<[u32; 3]>(), 1..600);
        (rows, draws).prop_map(|(rows, draws)| {
            let mut cuts: [Vec<u32>; 3] = Default::default();
            for draw in draws {
                let mut places = draw.map(|place| place % (rows.len() as u32 + 1));
                places.sort_unstable_by(|a, b| b.cmp(a));
                for (cut, place) in cuts.iter_mut().zip(places) {
                    cut.push(place);
                }
            }
            (rows, cuts)
        })
    }

    /// What each of the two windows has in addition to the one within it.
    pub(super) fn slices([to, short, long]: &[Vec<u32>; 3]) -> [Slices<'_>; 2] {
        [Slices { from: short, to }, Slices { from: long, to: short }]
    }
}
