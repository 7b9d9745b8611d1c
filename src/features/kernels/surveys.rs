//! Survey scores within the look-back, per instrument. A row without a score is an unanswered survey: no score.

use super::{column, means, Slices, DAY};
use crate::config::Instrument;
use crate::numeric::vectorised;

/// The columns of one instrument.
#[derive(Clone, Copy, Debug)]
pub struct SurveyColumns {
    /// The instrument's code in the rows.
    pub instrument: u32,
    /// `{s}_{i}_last`; then `_mean`, `_change`, `_days_since_last`.
    pub first: usize,
}

const INSTRUMENTS: usize = Instrument::ALL.len();

/// Rows of a block that are worked on together: what is known of them stays in the cache.
const CHUNK: usize = 256;

/// What some rows' answers to one instrument say.
#[derive(Clone, Copy)]
struct Answers {
    counts: [u32; CHUNK],
    sums: [f64; CHUNK],
    lasts: [f64; CHUNK],
    previous: [f64; CHUNK],
    /// When the last one came.
    seconds: [u32; CHUNK],
}

/// Fills the columns of every instrument, for each row of a block from its slice of the signal's columns, that of its look-back.
/// Of answers at one instant the one with the greater score counts as the later.
pub fn fill<V: Copy + Into<f64>>(
    out: &mut [f32],
    columns: &[SurveyColumns],
    (seconds, scores, instruments): (&[u32], &[V], &[u32]),
    look_backs: Slices<'_>,
    as_of: &[u32],
) {
    let rows = as_of.len();
    let nan = [f64::NAN; CHUNK];
    let none = Answers { counts: [0; CHUNK], sums: [0.0; CHUNK], lasts: nan, previous: nan, seconds: [0; CHUNK] };
    let mut answers = [none; INSTRUMENTS];
    for first in (0..rows).step_by(CHUNK) {
        let chunk = first..rows.min(first + CHUNK);
        answers.fill(none);
        for (row, (&from, &to)) in look_backs.from[chunk.clone()].iter().zip(&look_backs.to[chunk.clone()]).enumerate()
        {
            let within = from as usize..to as usize;
            let scores = scores[within.clone()].iter().map(|&score| score.into());
            let all = seconds[within.clone()].iter().zip(scores).zip(&instruments[within]);
            for ((&second, score), &instrument) in all.filter(|((_, score), _)| !score.is_nan()) {
                let Some(answers) = answers.get_mut(instrument as usize) else { continue };
                answers.counts[row] += 1;
                answers.sums[row] += score;
                answers.previous[row] = answers.lasts[row];
                answers.lasts[row] = score;
                answers.seconds[row] = second;
            }
        }
        for columns in columns {
            let Some(answers) = answers.get(columns.instrument as usize) else { continue };
            let [last, mean, change, days] = [0, 1, 2, 3].map(|at| columns.first + at);
            vectorised!(lasts(&mut column(out, last, rows)[chunk.clone()], answers));
            vectorised!(means(&mut column(out, mean, rows)[chunk.clone()], &answers.sums, &answers.counts));
            vectorised!(changes(&mut column(out, change, rows)[chunk.clone()], answers));
            vectorised!(days_since_last(&mut column(out, days, rows)[chunk.clone()], answers, &as_of[chunk.clone()]));
        }
    }
}

#[inline(always)]
fn lasts(out: &mut [f32], answers: &Answers) {
    for (out, &last) in out.iter_mut().zip(&answers.lasts) {
        *out = last as f32;
    }
}

#[inline(always)]
fn changes(out: &mut [f32], answers: &Answers) {
    for (out, (last, previous)) in out.iter_mut().zip(answers.lasts.iter().zip(&answers.previous)) {
        *out = (last - previous) as f32;
    }
}

#[inline(always)]
fn days_since_last(out: &mut [f32], answers: &Answers, as_of: &[u32]) {
    let rows = answers.seconds.iter().zip(&answers.counts).zip(as_of);
    for (out, ((&second, &count), &as_of)) in out.iter_mut().zip(rows) {
        let days = f64::from(as_of.wrapping_sub(second)) / DAY;
        *out = if count > 0 { days as f32 } else { f32::NAN };
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn answers_are_those_of_the_look_back(
            rows in examples::rows((prop_oneof![4 => (0i32..11).prop_map(|v| v as f32), 1 => Just(f32::NAN)], 0u32..5)),
        ) {
            let (answers, windows) = rows;
            let (scores, instruments): (Vec<f32>, Vec<u32>) = answers.into_iter().unzip();
            let seconds: Vec<u32> = (0..scores.len() as u32).map(|at| 86_400 * at).collect();
            let look_backs = Slices { from: &windows[2], to: &windows[0] };
            let rows = windows[0].len();
            let as_of: Vec<u32> = windows[0].iter().map(|&to| 86_400 * to).collect();
            let columns = [SurveyColumns { instrument: 2, first: 1 }, SurveyColumns { instrument: 0, first: 5 }];
            let mut out = vec![7.0; 9 * rows];
            fill(&mut out, &columns, (&seconds, &scores, &instruments), look_backs, &as_of);
            for (row, SurveyColumns { instrument, first }) in (0..rows).flat_map(|row| columns.map(|c| (row, c))) {
                let within = look_backs.from[row] as usize..look_backs.to[row] as usize;
                let given: Vec<usize> = within.filter(|&at| instruments[at] == instrument && !scores[at].is_nan()).collect();
                let score = |place: usize| given.iter().rev().nth(place).map_or(f32::NAN, |&at| scores[at]);
                let mean = given.iter().map(|&at| f64::from(scores[at])).sum::<f64>() / given.len() as f64;
                let days = given.last().map_or(f32::NAN, |&at| (as_of[row] / 86_400 - at as u32) as f32);
                let expected = [score(0), mean as f32, score(0) - score(1), days];
                let found = [0, 1, 2, 3].map(|column| out[(first + column) * rows + row]);
                prop_assert!(found.iter().zip(expected).all(|(a, b)| *a == b || a.is_nan() && b.is_nan()), "{:?} {:?}", found, expected);
            }
            prop_assert!(out[..rows].iter().all(|&value| value == 7.0));
        }
    }
}
