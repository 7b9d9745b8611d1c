//! Counts, active days, trend, mean gap and recency: what dated rows alone tell.

use super::{Row, Span, DAY};

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
    /// `days[i]` counts the days that begin before row `i`: windows begin at midnight, so the days with a row in a
    /// window are the difference at its ends.
    pub days: &'a [u32],
    /// The first row within the look-back.
    pub look_back: usize,
    /// The first row at or after the as-of date.
    pub to: usize,
    /// The as-of date's second.
    pub as_of: u32,
}

/// Fills the columns.
pub fn fill(out: &mut Row<'_>, columns: &CountColumns, rows: &CountedRows<'_>, spans: &[Span], logs: &Logs) {
    let &CountedRows { seconds, days, look_back, to, as_of } = rows;
    for (window, span) in spans.iter().enumerate() {
        let count = to - span.from;
        out.set(columns.count + window, count as f64);
        out.set(columns.active_days + window, f64::from(days[to] - days[span.from]));
        let earlier = span.from - span.before;
        out.set(columns.trend + window, logs.of(count) - logs.of(earlier));
        let gap = match count {
            0 | 1 => f64::NAN,
            _ => f64::from(seconds[to - 1] - seconds[span.from]) / DAY / (count - 1) as f64,
        };
        out.set(columns.mean_gap + window, gap);
    }
    let recency = if to > look_back { f64::from(as_of - seconds[to - 1]) / DAY } else { f64::NAN };
    out.set(columns.days_since_last, recency);
}
