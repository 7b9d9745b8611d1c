//! Counts, active days, trend, mean gap and recency: what dated rows alone tell.

use super::{Row, Span, DAY};
use std::hint::select_unpredictable;

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
    fn of(&self, count: usize) -> f64 {
        self.0.get(count).copied().unwrap_or_else(|| (count as f64 + 1.0).ln())
    }
}

/// A customer's rows of one signal, seen from an as-of date.
#[derive(Clone, Copy, Debug)]
pub struct CountedRows<'a> {
    /// When they happened.
    pub seconds: &'a [u32],
    /// The first row within the look-back.
    pub look_back: usize,
    /// The first row at or after the as-of date.
    pub to: usize,
    /// The as-of date's second.
    pub as_of: u32,
}

/// Fills the columns.
pub fn fill(out: &mut Row<'_>, columns: &CountColumns, rows: &CountedRows<'_>, spans: &[Span], logs: &Logs) {
    let &CountedRows { seconds, look_back, to, as_of } = rows;
    // How many rows there are cannot be foreseen: what there are too few for is computed all the same, and not taken.
    let last = seconds.get(to.wrapping_sub(1)).copied().unwrap_or(as_of);
    for (window, span) in spans.iter().enumerate() {
        let count = to - span.from;
        out.set(columns.count + window, count as f64);
        out.set(columns.active_days + window, f64::from(span.active_days));
        let earlier = span.from - span.before;
        out.set(columns.trend + window, logs.of(count) - logs.of(earlier));
        let first = seconds.get(span.from).copied().unwrap_or(last);
        let gap = f64::from(last.wrapping_sub(first)) / (DAY * count.saturating_sub(1) as f64);
        out.set(columns.mean_gap + window, select_unpredictable(count > 1, gap, f64::NAN));
    }
    let recency = f64::from(as_of.wrapping_sub(last)) / DAY;
    out.set(columns.days_since_last, select_unpredictable(to > look_back, recency, f64::NAN));
}
