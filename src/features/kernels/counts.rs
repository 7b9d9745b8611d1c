//! Counts, active days, trend, mean gap and recency: what the times of rows alone tell. The loops run over all rows of
//! a block, column by column; they have no branch that depends on the data, and become vector instructions.

use super::{column, RowsAndDays, SECONDS_PER_DAY};
use crate::numeric::vectorised;

/// The columns to fill. Those of a windowed measure are consecutive, window by window.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CountColumns {
    pub(crate) count: usize,
    pub(crate) active_days: usize,
    pub(crate) trend: usize,
    pub(crate) mean_gap: usize,
    pub(crate) days_since_last: usize,
}

/// The logarithms of one plus a count. Counts are small and many, so most logarithms are looked up.
#[derive(Clone, Debug)]
pub(crate) struct LogTable(Vec<f64>);

impl Default for LogTable {
    fn default() -> LogTable {
        LogTable((0..4096u32).map(|count| (f64::from(count) + 1.0).ln()).collect())
    }
}

impl LogTable {
    /// `ln(count + 1)`
    #[inline]
    fn ln_1p(&self, count: u32) -> f64 {
        self.0.get(count as usize).copied().unwrap_or_else(|| (f64::from(count) + 1.0).ln())
    }
}

/// What is known of a signal on the as-of date of each row of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History<'a, C> {
    /// What the customer has before the as-of date.
    pub(crate) ends: &'a [C],
    /// What the customer has before the look-back.
    pub(crate) look_backs: &'a [C],
    /// The second of the last row before the as-of date; arbitrary where there is no such row.
    pub(crate) last: &'a [u32],
    /// The second on which the as-of date begins.
    pub(crate) as_of: &'a [u32],
}

/// A window of each row of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a, C> {
    /// The window's place among all windows.
    pub(crate) index: usize,
    /// What the customer has before the window.
    pub(crate) from: &'a [C],
    /// What the customer has before the window of equal length that ends where this one begins.
    pub(crate) previous: &'a [C],
    /// The second of the first row in the window; arbitrary where there is no such row.
    pub(crate) first: &'a [u32],
}

/// Fills the column that has no window.
pub(crate) fn fill_recency<C: RowsAndDays>(values: &mut [f32], columns: &CountColumns, history: &History<'_, C>) {
    let out = column(values, columns.days_since_last, history.ends.len());
    vectorised!(days_since_last(out, history));
}

/// Fills the columns of a window.
pub(crate) fn fill_window<C: RowsAndDays>(
    values: &mut [f32],
    columns: &CountColumns,
    history: &History<'_, C>,
    window: &Window<'_, C>,
    logs: &LogTable,
) {
    let (rows, index) = (history.ends.len(), window.index);
    vectorised!(counts(column(values, columns.count + index, rows), history, window));
    vectorised!(active_days(column(values, columns.active_days + index, rows), history, window));
    trends(column(values, columns.trend + index, rows), history, window, logs);
    vectorised!(mean_gaps(column(values, columns.mean_gap + index, rows), history, window));
}

#[inline(always)]
fn days_since_last<C: RowsAndDays>(out: &mut [f32], history: &History<'_, C>) {
    let rows = history.ends.iter().zip(history.look_backs).zip(history.last).zip(history.as_of);
    for (out, (((end, look_back), &last), &as_of)) in out.iter_mut().zip(rows) {
        let days = f64::from(as_of.wrapping_sub(last)) / SECONDS_PER_DAY;
        *out = if end.rows() > look_back.rows() { days as f32 } else { f32::NAN };
    }
}

#[inline(always)]
fn counts<C: RowsAndDays>(out: &mut [f32], history: &History<'_, C>, window: &Window<'_, C>) {
    for (out, (end, from)) in out.iter_mut().zip(history.ends.iter().zip(window.from)) {
        *out = (end.rows() - from.rows()) as f32;
    }
}

#[inline(always)]
fn active_days<C: RowsAndDays>(out: &mut [f32], history: &History<'_, C>, window: &Window<'_, C>) {
    for (out, (end, from)) in out.iter_mut().zip(history.ends.iter().zip(window.from)) {
        *out = (end.days() - from.days()) as f32;
    }
}

fn trends<C: RowsAndDays>(out: &mut [f32], history: &History<'_, C>, window: &Window<'_, C>, logs: &LogTable) {
    let rows = history.ends.iter().zip(window.from).zip(window.previous);
    for (out, ((end, from), previous)) in out.iter_mut().zip(rows) {
        *out = (logs.ln_1p(end.rows() - from.rows()) - logs.ln_1p(from.rows() - previous.rows())) as f32;
    }
}

#[inline(always)]
fn mean_gaps<C: RowsAndDays>(out: &mut [f32], history: &History<'_, C>, window: &Window<'_, C>) {
    let rows = history.ends.iter().zip(window.from).zip(history.last.iter().zip(window.first));
    for (out, ((end, from), (&last, &first))) in out.iter_mut().zip(rows) {
        let count = end.rows() - from.rows();
        // Computed for fewer than two rows too, where it is not taken: the loop has no branch.
        let gap = f64::from(last.wrapping_sub(first)) / (SECONDS_PER_DAY * f64::from(count.saturating_sub(1)));
        *out = if count > 1 { gap as f32 } else { f32::NAN };
    }
}
