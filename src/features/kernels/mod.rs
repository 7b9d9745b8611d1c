//! The kernels: each fills the columns of one family of measures for one customer on one as-of date.
//!
//! They see a customer's rows of one signal in time order, as slices, and touch each row once per as-of date. Those of
//! several windows go from the newest row back: the windows all end at the as-of date, so a longer one continues where the
//! shorter one stopped.

pub mod categories;
pub mod counts;
pub mod surveys;
pub mod values;

/// Seconds in a day, for measures in days.
pub(super) const DAY: f64 = 86_400.0;

/// A window of one as-of date in a customer's rows.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The first row in the window.
    pub from: usize,
    /// The first row in the window and the one of equal length before it.
    pub before: usize,
    /// Days with a row in the window.
    pub active_days: u32,
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
