//! The kernels: each fills the columns of one family of measures.
//!
//! Counts need to know only how many rows and days there are by the boundaries of windows, and are computed for all rows of a
//! block at a time. The others see one customer's rows of one signal in time order, as slices, and touch each row once per
//! as-of date. Those of several windows go from the newest row back: the windows all end at the as-of date, so a longer one
//! continues where the shorter one stopped.

pub mod categories;
pub mod counts;
pub mod surveys;
pub mod values;

/// Seconds in a day, for measures in days.
pub(super) const DAY: f64 = 86_400.0;

/// What a customer's rows of one signal amount to by a boundary: in the upper half how many there are before it, in the
/// lower half on how many days. In one number, as both only grow from boundary to boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed(u64);

impl Passed {
    /// So many rows on so many days.
    #[inline]
    pub fn of(rows: u32, days: u32) -> Passed {
        Passed(u64::from(rows) << 32 | u64::from(days))
    }

    /// Whichever is at the later boundary.
    #[inline]
    pub fn or_later(self, other: Passed) -> Passed {
        Passed(self.0.max(other.0))
    }

    /// Rows.
    #[inline]
    pub fn rows(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Days with a row.
    #[inline]
    pub fn days(self) -> u32 {
        self.0 as u32
    }
}

/// A column of a block of so many rows, column-major.
fn column(values: &mut [f32], index: usize, rows: usize) -> &mut [f32] {
    &mut values[index * rows..(index + 1) * rows]
}

/// The row of a block that a kernel writes to: column-major, `rows` rows a column.
pub struct Row<'a> {
    /// The block's values.
    pub values: &'a mut [f32],
    /// Rows in the block.
    pub rows: usize,
    /// This row.
    pub row: usize,
}

impl Row<'_> {
    /// Sets a column; null is NaN.
    #[inline]
    pub fn set(&mut self, column: usize, value: f64) {
        self.values[column * self.rows + self.row] = value as f32;
    }
}
