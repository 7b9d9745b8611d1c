//! Sums and means of a value, and the share of negative moods. A null value is no value; its row still counts as a row.

use super::Row;

/// A mood below this is negative.
pub const NEGATIVE: f64 = -0.2;

/// The columns to fill, each the first of consecutive windows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueColumns {
    /// `{s}_sum_{w}d`, for amounts.
    pub sum: Option<usize>,
    /// `{s}_mean_{w}d`
    pub mean: usize,
    /// `{s}_negative_share_{w}d`, for sentiments.
    pub negative_share: Option<usize>,
}

/// Fills the columns from `values` (NaN is null), of which `..to` lie before the as-of date. Each window begins at the place of
/// its entry in `from`.
pub fn fill<V>(out: &mut Row<'_>, columns: &ValueColumns, values: &[V], from: &[usize], to: usize)
where
    V: Copy + Into<f64>,
{
    let (mut sum, mut count, mut negative) = (0.0, 0u32, 0u32);
    let mut end = to;
    for (window, &from) in from.iter().enumerate() {
        for value in values[from..end].iter().rev().map(|&value| value.into()).filter(|v| !v.is_nan()) {
            sum += value;
            count += 1;
            negative += u32::from(value < NEGATIVE);
        }
        end = from;
        let share = |part: f64| if count == 0 { f64::NAN } else { part / f64::from(count) };
        if let Some(column) = columns.sum {
            out.set(column + window, sum);
        }
        out.set(columns.mean + window, share(sum));
        if let Some(column) = columns.negative_share {
            out.set(column + window, share(f64::from(negative)));
        }
    }
}
