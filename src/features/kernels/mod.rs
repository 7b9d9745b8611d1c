//! The kernels: each fills the columns of one family of measures.
//!
//! They go through the rows of a block column by column. Counts need to know only how many rows and days there are by the
//! boundaries of windows. The others look at slices of a signal's columns, which hold a customer's rows in time order, and at each
//! of these once per as-of date: windows all end there, so that a longer one adds its own slice to what is known of the
//! shorter ones. A slice is gone through a few rows at a time, as seldom has a window more: then hardly a branch depends on
//! the data.

pub mod categories;
pub mod counts;
pub mod surveys;
pub mod values;

/// Seconds in a day, for measures in days.
pub(super) const DAY: f64 = 86_400.0;

/// What a customer's rows of one signal amount to by a boundary: in the upper half of a number how many there are before it, in
/// the lower half on how many days. The later boundary has the greater number, as both only grow.
pub trait Passed: Copy + Default + Ord {
    /// So many rows on so many days.
    fn of(rows: u32, days: u32) -> Self;

    /// Rows.
    fn rows(self) -> u32;

    /// Days with a row.
    fn days(self) -> u32;
}

/// Of customers with less than 65,536 rows: half the memory to go through.
impl Passed for u32 {
    #[inline(always)]
    fn of(rows: u32, days: u32) -> u32 {
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

/// Of any.
impl Passed for u64 {
    #[inline(always)]
    fn of(rows: u32, days: u32) -> u64 {
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

/// Of each row of a block, some rows of its customer: where they begin and end in the columns of a signal.
#[derive(Clone, Copy, Debug)]
pub struct Slices<'a> {
    /// The first.
    pub from: &'a [u32],
    /// The one behind the last.
    pub to: &'a [u32],
}

/// How many rows of a slice are gone through at a time.
const LANES: usize = 8;

/// What a column has from a row on. Where there is too little, the rest is anything.
#[inline(always)]
fn lanes<T: Copy + Default>(column: &[T], at: usize) -> [T; LANES] {
    let rest = column.get(at..).unwrap_or_default();
    rest.first_chunk()
        .copied()
        .unwrap_or_else(|| std::array::from_fn(|lane| rest.get(lane).copied().unwrap_or_default()))
}

/// Where the rows of a slice that are gone through together begin. Some are gone through even if there are none.
#[inline(always)]
fn starts(from: u32, to: u32) -> impl Iterator<Item = usize> {
    (from as usize..to.max(from + 1) as usize).step_by(LANES)
}

/// What each count has of its sum; null where there is none.
#[inline(always)]
fn means<T: Copy + Into<f64>>(out: &mut [f32], sums: &[T], counts: &[u32]) {
    for (out, (&sum, &count)) in out.iter_mut().zip(sums.iter().zip(counts)) {
        // Where there is none, it is computed all the same, and not taken.
        let mean = sum.into() / f64::from(count);
        *out = if count > 0 { mean as f32 } else { f32::NAN };
    }
}

/// A column of a block of so many rows, column-major.
fn column(values: &mut [f32], index: usize, rows: usize) -> &mut [f32] {
    &mut values[index * rows..(index + 1) * rows]
}

/// Rows and windows on them, to test kernels with.
#[cfg(test)]
pub(super) mod examples {
    use super::Slices;
    use proptest::prelude::*;

    /// Some customers' rows, and for each row of a block where its rows end, where its shorter window begins and where its longer one.
    pub fn rows<T: Clone + std::fmt::Debug>(
        row: impl Strategy<Value = T>,
    ) -> impl Strategy<Value = (Vec<T>, [Vec<u32>; 3])> {
        (prop::collection::vec(row, 0..60), prop::collection::vec(any::<[u32; 3]>(), 1..600)).prop_map(
            |(rows, draws)| {
                let cut = |mut draw: [u32; 3]| {
                    draw.iter_mut().for_each(|place| *place %= rows.len() as u32 + 1);
                    draw.sort_unstable_by(|a, b| b.cmp(a));
                    draw
                };
                let cuts: Vec<[u32; 3]> = draws.into_iter().map(cut).collect();
                let windows = [0, 1, 2].map(|place| cuts.iter().map(|cut| cut[place]).collect());
                (rows, windows)
            },
        )
    }

    /// What each of the two windows has beside the one within it.
    pub fn slices([to, short, long]: &[Vec<u32>; 3]) -> [Slices<'_>; 2] {
        [Slices { from: short, to }, Slices { from: long, to: short }]
    }
}
