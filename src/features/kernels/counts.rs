//! Counts, active days, trend, mean gap and recency: what dated rows alone tell. Column by column for all rows of a block:
//! the loops have no branch that depends on the data, and become vector instructions.

use super::{column, Passed, DAY};
use crate::numeric::vectorised;

/// The columns to fill; those of a windowed measure are consecutive, window by window.
#[derive(Clone, Copy, Debug, Default)]
pub struct CountColumns {
    /// `{s}_count_{w}d`
    pub count: usize,
    /// `{s}_active_days_{w}d`
    pub active_days: usize,
    /// `{s}_trend_{w}d`
    pub trend: usize,
    /// `{s}_mean_gap_{w}d`
    pub mean_gap: usize,
    /// `{s}_days_since_last`
    pub days_since_last: usize,
}

/// The logarithms of one and of a count: counts are small and many, so most are looked up.
#[derive(Clone, Debug)]
pub struct Logs(Vec<f64>);

impl Default for Logs {
    fn default() -> Logs {
        Logs((0..4096u32).map(|count| (f64::from(count) + 1.0).ln()).collect())
    }
}

impl Logs {
    /// `ln(count + 1)`
    #[inline]
    fn of(&self, count: u32) -> f64 {
        self.0.get(count as usize).copied().unwrap_or_else(|| (f64::from(count) + 1.0).ln())
    }
}

/// A signal's rows, seen from the as-of date of each row of a block.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a, P> {
    /// What is before the as-of date.
    pub ends: &'a [P],
    /// What is before the look-back.
    pub look_backs: &'a [P],
    /// When the last row before the as-of date happened; of no row, anything.
    pub last: &'a [u32],
    /// The second of the as-of date.
    pub as_of: &'a [u32],
}

/// A window of each row of a block.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a, P> {
    /// What is before the window.
    pub from: &'a [P],
    /// What is before the one of equal length that ends where it begins.
    pub before: &'a [P],
    /// When its first row happened; of no row, anything.
    pub first: &'a [u32],
}

/// Fills the column that has no window.
pub fn fill<P: Passed>(values: &mut [f32], columns: &CountColumns, seen: &Seen<'_, P>) {
    let out = column(values, columns.days_since_last, seen.ends.len());
    vectorised!(days_since_last(out, seen));
}

/// Fills the columns of the window at the place `at` among all.
pub fn fill_window<P: Passed>(
    values: &mut [f32],
    columns: &CountColumns,
    at: usize,
    seen: &Seen<'_, P>,
    window: &Window<'_, P>,
    logs: &Logs,
) {
    let rows = seen.ends.len();
    vectorised!(counts(column(values, columns.count + at, rows), seen, window));
    vectorised!(active_days(column(values, columns.active_days + at, rows), seen, window));
    trends(column(values, columns.trend + at, rows), seen, window, logs);
    vectorised!(mean_gaps(column(values, columns.mean_gap + at, rows), seen, window));
}

#[inline(always)]
fn days_since_last<P: Passed>(out: &mut [f32], seen: &Seen<'_, P>) {
    let rows = seen.ends.iter().zip(seen.look_backs).zip(seen.last).zip(seen.as_of);
    for (out, (((end, look_back), &last), &as_of)) in out.iter_mut().zip(rows) {
        let days = f64::from(as_of.wrapping_sub(last)) / DAY;
        *out = if end.rows() > look_back.rows() { days as f32 } else { f32::NAN };
    }
}

#[inline(always)]
fn counts<P: Passed>(out: &mut [f32], seen: &Seen<'_, P>, window: &Window<'_, P>) {
    for (out, (end, from)) in out.iter_mut().zip(seen.ends.iter().zip(window.from)) {
        *out = (end.rows() - from.rows()) as f32;
    }
}

#[inline(always)]
fn active_days<P: Passed>(out: &mut [f32], seen: &Seen<'_, P>, window: &Window<'_, P>) {
    for (out, (end, from)) in out.iter_mut().zip(seen.ends.iter().zip(window.from)) {
        *out = (end.days() - from.days()) as f32;
    }
}

fn trends<P: Passed>(out: &mut [f32], seen: &Seen<'_, P>, window: &Window<'_, P>, logs: &Logs) {
    let rows = seen.ends.iter().zip(window.from).zip(window.before);
    for (out, ((end, from), before)) in out.iter_mut().zip(rows) {
        *out = (logs.of(end.rows() - from.rows()) - logs.of(from.rows() - before.rows())) as f32;
    }
}

#[inline(always)]
fn mean_gaps<P: Passed>(out: &mut [f32], seen: &Seen<'_, P>, window: &Window<'_, P>) {
    let rows = seen.ends.iter().zip(window.from).zip(seen.last.iter().zip(window.first));
    for (out, ((end, from), (&last, &first))) in out.iter_mut().zip(rows) {
        let count = end.rows() - from.rows();
        // Where there are too few, it is computed all the same, and not taken.
        let gap = f64::from(last.wrapping_sub(first)) / (DAY * f64::from(count.saturating_sub(1)));
        *out = if count > 1 { gap as f32 } else { f32::NAN };
    }
}
