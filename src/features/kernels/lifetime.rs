//! The whole history: what a customer has done in all, how regularly, and how long the last silence is beside that.
//!
//! The rows of a block come customer by customer and date by date, so a later date goes on from what the earlier one
//! has added up: each row of a signal is looked at once, however many dates there are. Gaps are added up in whole
//! seconds, which is exact.

use super::{column, RowsAndDays, SECONDS_PER_DAY};
use crate::numeric::clamped;

/// The columns to fill.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LifetimeColumns {
    /// Rows; the days with a row follow.
    pub(crate) count: usize,
    /// The mean gap; the standard deviation, the longest gap and the last silence over the mean gap follow.
    pub(crate) gap_mean: usize,
}

/// For each row of a block, the rows of its customer before the as-of date: the slice `from..to` of the columns of a
/// signal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lives<'a> {
    /// The ascending seconds of each customer's rows.
    pub(crate) seconds: &'a [u32],
    pub(crate) from: &'a [u32],
    pub(crate) to: &'a [u32],
    /// The second on which the as-of date begins.
    pub(crate) as_of: &'a [u32],
}

/// What the rows `from..to` add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Life {
    from: u32,
    to: u32,
    /// The sum of the squares of the seconds between rows: at most the square of all of them, which is below 2^62.
    squares: u64,
    longest: u32,
}

/// Fills the columns of counts, given what each row's customer has before the as-of date.
pub(crate) fn fill_counts<C: RowsAndDays>(values: &mut [f32], columns: &LifetimeColumns, before: &[C]) {
    let rows = before.len();
    let counts = column(values, columns.count, rows);
    counts.iter_mut().zip(before).for_each(|(out, before)| *out = before.rows() as f32);
    let days = column(values, columns.count + 1, rows);
    days.iter_mut().zip(before).for_each(|(out, before)| *out = before.days() as f32);
}

/// Fills the columns of gaps.
pub(crate) fn fill_gaps(out: &mut [f32], columns: &LifetimeColumns, lives: Lives<'_>) {
    let rows = lives.from.len();
    let mut life = Life::default();
    for (row, (&from, &to)) in lives.from.iter().zip(lives.to).enumerate() {
        if life.from != from || life.to > to {
            life = Life { from, to: from, ..Life::default() };
        }
        life.go_on(to, lives.seconds);

        let gaps = life.gaps(lives.seconds, lives.as_of[row]);
        for (place, value) in gaps.into_iter().enumerate() {
            out[(columns.gap_mean + place) * rows + row] = value;
        }
    }
}

impl Life {
    /// Adds the rows up to another one.
    fn go_on(&mut self, to: u32, seconds: &[u32]) {
        let before = self.to.max(self.from + 1) - 1;
        for pair in seconds.get(before as usize..to as usize).unwrap_or_default().windows(2) {
            let gap = pair[1] - pair[0];
            self.squares += u64::from(gap) * u64::from(gap);
            self.longest = self.longest.max(gap);
        }
        self.to = to;
    }

    /// The mean gap, the standard deviation and the longest one, in days, and the time from the last row to the as-of
    /// date over the mean gap.
    fn gaps(&self, seconds: &[u32], as_of: u32) -> [f32; 4] {
        let gaps = u64::from((self.to - self.from).saturating_sub(1));
        if gaps == 0 {
            return [f32::NAN; 4];
        }

        let (first, last) = (seconds[self.from as usize], seconds[self.to as usize - 1]);
        let all = u64::from(last - first);
        let mean = all as f64 / gaps as f64;
        // By Cauchy and Schwarz this is no less than 0, and whole numbers keep it so.
        let squared = u128::from(gaps) * u128::from(self.squares) - u128::from(all) * u128::from(all);
        let deviation = if gaps > 1 { (squared as f64 / gaps as f64 / (gaps - 1) as f64).sqrt() } else { f64::NAN };
        let silence = f64::from(as_of.saturating_sub(last));

        let days = |seconds: f64| (seconds / SECONDS_PER_DAY) as f32;
        let over_gap = if all > 0 { clamped(silence / mean) } else { f32::NAN };
        [days(mean), days(deviation), days(f64::from(self.longest)), over_gap]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the catalogue defines them, written for clarity.
    fn expected(seconds: &[u32], as_of: u32) -> [f64; 4] {
        let gaps: Vec<f64> = seconds.windows(2).map(|pair| f64::from(pair[1] - pair[0]) / 86_400.0).collect();
        let count = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / count;
        let squares: f64 = gaps.iter().map(|gap| (gap - mean).powi(2)).sum();
        let longest = gaps.iter().copied().fold(f64::NAN, f64::max);
        let silence = seconds.last().map_or(f64::NAN, |&last| f64::from(as_of - last) / 86_400.0);
        let over_gap = if mean > 0.0 { silence / mean } else { f64::NAN };
        let deviation = if count > 1.0 { (squares / (count - 1.0)).sqrt() } else { f64::NAN };
        [mean, deviation, longest, over_gap]
    }

    proptest! {
        #[test]
        fn a_later_date_goes_on_where_the_earlier_one_ended(
            customers in prop::collection::vec(prop::collection::vec(0u32..2_000_000_000, 0..12), 1..6),
            dates in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
        ) {
            let mut seconds = Vec::new();
            let (mut from, mut to, mut as_of) = (Vec::new(), Vec::new(), Vec::new());
            for mut rows in customers {
                rows.sort_unstable();
                let start = seconds.len() as u32;
                seconds.extend_from_slice(&rows);
                // Dates in any order: those that go back begin anew.
                for date in &dates {
                    from.push(start);
                    to.push(start + date.index(rows.len() + 1) as u32);
                    as_of.push(2_000_000_001u32);
                }
            }

            let columns = LifetimeColumns { count: 0, gap_mean: 2 };
            let rows = from.len();
            let mut out = vec![7.0; 6 * rows];
            let counts: Vec<u64> = from.iter().zip(&to).map(|(from, to)| RowsAndDays::new(to - from, 1)).collect();
            fill_counts(&mut out, &columns, &counts);
            fill_gaps(&mut out, &columns, Lives { seconds: &seconds, from: &from, to: &to, as_of: &as_of });

            for row in 0..rows {
                let slice = from[row] as usize..to[row] as usize;
                prop_assert_eq!(out[row], slice.len() as f32);
                let expected = expected(&seconds[slice], as_of[row]);
                for (place, expected) in (2..).zip(expected) {
                    let found = f64::from(out[place * rows + row]);
                    let is_near = (found - expected).abs() <= 1e-6 * expected.abs().max(1e-3);
                    let both_null = found.is_nan() && expected.is_nan();
                    prop_assert!(is_near || both_null, "{}: {} for {}", place, found, expected);
                }
            }
        }
    }
}
