//! Survey scores within the look-back, per instrument. A row without a score is an unanswered survey: no score.

use super::{Row, DAY};

/// The columns of one instrument.
#[derive(Clone, Copy, Debug)]
pub struct SurveyColumns {
    /// The instrument's code in the rows.
    pub instrument: u32,
    /// `{s}_{i}_last`; then `_mean`, `_change`, `_days_since_last`.
    pub first: usize,
}

/// Fills one instrument's columns. Rows `look_back..to` lie within the look-back; of answers at one instant the one
/// with the greater score counts as the later.
pub fn fill(
    out: &mut Row<'_>,
    columns: &SurveyColumns,
    (seconds, scores, instruments): (&[u32], &[f64], &[u32]),
    (look_back, to): (usize, usize),
    as_of: u32,
) {
    let (mut last, mut previous, mut recency) = (f64::NAN, f64::NAN, f64::NAN);
    let (mut sum, mut count) = (0.0, 0u32);
    for row in (look_back..to).rev().filter(|&row| instruments[row] == columns.instrument && !scores[row].is_nan()) {
        match count {
            0 => {
                last = scores[row];
                recency = f64::from(as_of - seconds[row]) / DAY;
            }
            1 => previous = scores[row],
            _ => {}
        }
        sum += scores[row];
        count += 1;
    }
    out.set(columns.first, last);
    out.set(columns.first + 1, if count == 0 { f64::NAN } else { sum / f64::from(count) });
    out.set(columns.first + 2, last - previous);
    out.set(columns.first + 3, recency);
}
