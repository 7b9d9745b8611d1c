//! Survey scores within the look-back, per instrument. A row without a score is an unanswered survey: no score.

use super::{Row, DAY};
use crate::config::Instrument;

/// The columns of one instrument.
#[derive(Clone, Copy, Debug)]
pub struct SurveyColumns {
    /// The instrument's code in the rows.
    pub instrument: u32,
    /// `{s}_{i}_last`; then `_mean`, `_change`, `_days_since_last`.
    pub first: usize,
}

/// What the answers to one instrument say.
#[derive(Clone, Copy)]
struct Answers {
    count: u32,
    sum: f64,
    last: f64,
    previous: f64,
    /// When the last one came.
    second: u32,
}

/// Fills the columns of every instrument. Rows `look_back..to` lie within the look-back; of answers at one instant the one
/// with the greater score counts as the later.
pub fn fill<V: Copy + Into<f64>>(
    out: &mut Row<'_>,
    columns: &[SurveyColumns],
    (seconds, scores, instruments): (&[u32], &[V], &[u32]),
    (look_back, to): (usize, usize),
    as_of: u32,
) {
    let none = Answers { count: 0, sum: 0.0, last: f64::NAN, previous: f64::NAN, second: as_of };
    let mut answers = [none; Instrument::ALL.len()];
    let within = look_back..to;
    let scores = scores[within.clone()].iter().map(|&score| score.into());
    let rows = seconds[within.clone()].iter().zip(scores).zip(&instruments[within]);
    for ((&second, score), &instrument) in rows.filter(|((_, score), _)| !score.is_nan()) {
        let Some(answers) = answers.get_mut(instrument as usize) else { continue };
        answers.count += 1;
        answers.sum += score;
        answers.previous = answers.last;
        answers.last = score;
        answers.second = second;
    }
    for columns in columns {
        let Some(answers) = answers.get(columns.instrument as usize) else { continue };
        let Answers { count, sum, last, previous, second } = *answers;
        let answered = |value: f64| if count == 0 { f64::NAN } else { value };
        out.set(columns.first, last);
        out.set(columns.first + 1, answered(sum / f64::from(count)));
        out.set(columns.first + 2, last - previous);
        out.set(columns.first + 3, answered(f64::from(as_of - second) / DAY));
    }
}
