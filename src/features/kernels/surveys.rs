//! Survey scores within the look-back, by instrument. A row without a score is a survey that nobody answered.

use super::{column, means, Slices, SECONDS_PER_DAY};
use crate::config::Instrument;
use crate::numeric::vectorised;

/// The columns of one instrument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SurveyColumns {
    /// The instrument's code in the rows.
    pub(crate) instrument: u32,
    /// The column of the last score. Those of the mean, the change and the days since the last answer follow.
    pub(crate) first: usize,
}

/// The rows of a signal of surveys, column by column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers<'a, V> {
    pub(crate) seconds: &'a [u32],
    /// NaN where nobody answered.
    pub(crate) scores: &'a [V],
    /// Codes of the instruments.
    pub(crate) instruments: &'a [u32],
}

const INSTRUMENTS: usize = Instrument::ALL.len();

/// Rows of a block that are worked on together: what is known of them stays in the cache.
const CHUNK: usize = 256;

/// For each row of a chunk, what its answers to one instrument say.
#[derive(Clone, Copy)]
struct Tally {
    counts: [u32; CHUNK],
    sums: [f64; CHUNK],
    lasts: [f64; CHUNK],
    previous: [f64; CHUNK],
    /// The second of the last answer.
    seconds: [u32; CHUNK],
}

impl Tally {
    const EMPTY: Tally = Tally {
        counts: [0; CHUNK],
        sums: [0.0; CHUNK],
        lasts: [f64::NAN; CHUNK],
        previous: [f64::NAN; CHUNK],
        seconds: [0; CHUNK],
    };
}

/// Fills the columns of every instrument, for each row of a block from the answers within its look-back. `as_of` has
/// the second on which each row's as-of date begins. Of two answers at one instant, the one with the greater score
/// counts as the later.
pub(crate) fn fill<V: Copy + Into<f64>>(
    out: &mut [f32],
    columns: &[SurveyColumns],
    answers: Answers<'_, V>,
    look_backs: Slices<'_>,
    as_of: &[u32],
) {
    let rows = as_of.len();
    let mut tallies = [Tally::EMPTY; INSTRUMENTS];

    for first in (0..rows).step_by(CHUNK) {
        let chunk = first..rows.min(first + CHUNK);
        let slices = Slices { from: &look_backs.from[chunk.clone()], to: &look_backs.to[chunk.clone()] };
        tallies.fill(Tally::EMPTY);
        add_answers(&mut tallies, answers, slices);

        for columns in columns {
            let Some(tally) = tallies.get(columns.instrument as usize) else { continue };
            let [last, mean, change, days] = [0, 1, 2, 3].map(|offset| columns.first + offset);
            vectorised!(lasts(&mut column(out, last, rows)[chunk.clone()], tally));
            vectorised!(means(&mut column(out, mean, rows)[chunk.clone()], &tally.sums, &tally.counts));
            vectorised!(changes(&mut column(out, change, rows)[chunk.clone()], tally));
            vectorised!(days_since_last(&mut column(out, days, rows)[chunk.clone()], tally, &as_of[chunk.clone()]));
        }
    }
}

/// Adds the answers in the slice of each row of a chunk to the tallies of their instruments.
#[inline(always)]
fn add_answers<V: Copy + Into<f64>>(tallies: &mut [Tally; INSTRUMENTS], answers: Answers<'_, V>, slices: Slices<'_>) {
    for (row, (&from, &to)) in slices.from.iter().zip(slices.to).enumerate() {
        let within = from as usize..to as usize;
        let scores = answers.scores[within.clone()].iter().map(|&score| score.into());
        let all = answers.seconds[within.clone()].iter().zip(scores).zip(&answers.instruments[within]);
        for ((&second, score), &instrument) in all.filter(|((_, score), _)| !score.is_nan()) {
            let Some(tally) = tallies.get_mut(instrument as usize) else { continue };
            tally.counts[row] += 1;
            tally.sums[row] += score;
            tally.previous[row] = tally.lasts[row];
            tally.lasts[row] = score;
            tally.seconds[row] = second;
        }
    }
}

#[inline(always)]
fn lasts(out: &mut [f32], tally: &Tally) {
    for (out, &last) in out.iter_mut().zip(&tally.lasts) {
        *out = last as f32;
    }
}

#[inline(always)]
fn changes(out: &mut [f32], tally: &Tally) {
    for (out, (last, previous)) in out.iter_mut().zip(tally.lasts.iter().zip(&tally.previous)) {
        *out = (last - previous) as f32;
    }
}

#[inline(always)]
fn days_since_last(out: &mut [f32], tally: &Tally, as_of: &[u32]) {
    let rows = tally.seconds.iter().zip(&tally.counts).zip(as_of);
    for (out, ((&second, &count), &as_of)) in out.iter_mut().zip(rows) {
        let days = f64::from(as_of.wrapping_sub(second)) / SECONDS_PER_DAY;
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
            let as_of: Vec<u32> = windows[0].iter().map(|&to| 86_400 * to).collect();
            let rows = windows[0].len();

            let columns = [SurveyColumns { instrument: 2, first: 1 }, SurveyColumns { instrument: 0, first: 5 }];
            let answers = Answers { seconds: &seconds, scores: &scores, instruments: &instruments };
            let mut out = vec![7.0; 9 * rows];
            fill(&mut out, &columns, answers, look_backs, &as_of);

            for (row, SurveyColumns { instrument, first }) in (0..rows).flat_map(|row| columns.map(|c| (row, c))) {
                let within = look_backs.from[row] as usize..look_backs.to[row] as usize;
                let given: Vec<usize> =
                    within.filter(|&at| instruments[at] == instrument && !scores[at].is_nan()).collect();
                let score = |place: usize| given.iter().rev().nth(place).map_or(f32::NAN, |&at| scores[at]);
                let mean = given.iter().map(|&at| f64::from(scores[at])).sum::<f64>() / given.len() as f64;
                let days = given.last().map_or(f32::NAN, |&at| (as_of[row] / 86_400 - at as u32) as f32);

                let expected = [score(0), mean as f32, score(0) - score(1), days];
                let found = [0, 1, 2, 3].map(|column| out[(first + column) * rows + row]);
                for (found, expected) in found.into_iter().zip(expected) {
                    prop_assert!(found == expected || found.is_nan() && expected.is_nan(), "{} for {}", found, expected);
                }
            }
            prop_assert!(out[..rows].iter().all(|&value| value == 7.0));
        }
    }
}
