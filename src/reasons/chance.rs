//! What chance does by itself: a sentence about a change that chance makes half of the time says nothing.

/// A count has clearly changed when it did so by this many rows and by this share of the greater count: a customer
/// with 21 logins after 22 has not changed a habit.
const CHANGED_ROWS: f64 = 2.0;
const CHANGED_SHARE: f64 = 0.2;
/// A difference of counts is beyond chance from this many standard deviations on, which chance alone gives one time in
/// three.
const BEYOND: f64 = 1.0;
/// A customer is overdue after a silence of so many of the own pauses.
const OVERDUE: f64 = 2.0;
/// A mood has changed by this much of its scale from -1 to 1, if it is a mood of many rows.
const CHANGED_MOOD: f64 = 0.05;
/// What half of the means of `n` moods differ by at most is this, divided by the root of `n`: moods have a standard
/// deviation of about 0.45.
const MOOD_OF_ONE: f64 = 0.3;
/// A share has changed by this much, if it is a share of many rows.
const CHANGED_SHARE_OF_ROWS: f64 = 0.05;
/// What half of the shares of `n` rows differ by at most is this, divided by the root of `n`, where every second row
/// counts.
const SHARE_OF_ONE: f64 = 0.34;
/// An answer has changed by this share of its scale: two points of NPS and CES, one of CSAT.
const CHANGED_ANSWER: f64 = 0.2;

/// Whether two counts of windows of equal length differ clearly, and by more than chance would make of one habit: of
/// two counts with one mean, the difference has the variance of their sum.
pub(super) fn is_clear(less: f64, more: f64) -> bool {
    let difference = more - less;
    let is_great = difference >= CHANGED_ROWS && difference >= CHANGED_SHARE * more;
    // Half a row on either side: counts are whole.
    is_great && difference - 1.0 >= BEYOND * (less + more).sqrt()
}

/// Whether a count differs from the one that is usual by more than chance would make of a customer like the others,
/// whose counts have the usual one as their mean and variance. Where none is usual any is more.
pub(super) fn is_unusual(count: f64, usual: f64) -> bool {
    if usual == 0.0 {
        return count > 0.0;
    }
    (count - usual).abs() - 0.5 >= BEYOND * usual.sqrt()
}

/// Whether two counts of one window on two dates differ by more than chance would make of one habit. `apart` is the
/// time between the dates as a share of the window: where the two overlap, only the rows that have left it and those
/// that have come can make a difference, and of these there are as many as of one habit in that time.
pub(super) fn is_other_count(then: f64, now: f64, apart: f64) -> bool {
    let rows = (then + now) * apart.clamp(0.0, 1.0);
    (now - then).abs() - 0.5 >= BEYOND * rows.sqrt()
}

/// Whether a silence is longer than chance makes half of the time for a customer with so many rows on average in that
/// time: there are none with the probability `exp(-expected)`.
pub(super) fn is_silence(expected: f64) -> bool {
    expected > std::f64::consts::LN_2
}

/// Whether a silence at the end of a window is longer than chance makes half of the time, if its rows lie anywhere in
/// it: all of so many lie before with the probability `(1 - silent / window)^rows`.
pub(super) fn is_lull(rows: f64, silent: f64, window: f64) -> bool {
    (1.0 - (silent / window).clamp(0.0, 1.0)).powf(rows) < 0.5
}

/// Whether a silence is longer than a customer's pauses make likely: if these were of chance alone, one would be twice
/// as long as their mean one time in seven.
pub(super) fn is_overdue(silence: f64, pause: f64) -> bool {
    silence >= OVERDUE * pause
}

/// Whether a mean, or a number of different things, is clearly more than another one.
pub(super) fn is_other_value(more: f64, less: f64) -> bool {
    more - less >= CHANGED_SHARE * more.abs().max(less.abs()) && more > less
}

/// Whether the mean mood of so many rows differs from another one.
pub(super) fn is_other_mood(mood: f64, other: f64, rows: f64) -> bool {
    (mood - other).abs() >= CHANGED_MOOD.max(MOOD_OF_ONE / rows.max(1.0).sqrt())
}

/// Whether the share of something among so many rows differs from another one.
pub(super) fn is_other_share(share: f64, other: f64, rows: f64) -> bool {
    (share - other).abs() >= CHANGED_SHARE_OF_ROWS.max(SHARE_OF_ONE / rows.max(1.0).sqrt())
}

/// Whether an answer differs from another one on a scale of this length.
pub(super) fn is_other_answer(answer: f64, other: f64, scale: f64) -> bool {
    (answer - other).abs() >= CHANGED_ANSWER * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of two Poisson counts with the mean `mean`, how often they differ clearly.
    fn share_of_clear(mean: f64) -> f64 {
        let most = (mean + 12.0 * mean.sqrt() + 12.0) as usize;
        let mut probabilities = vec![(-mean).exp()];
        (1..=most).for_each(|count| probabilities.push(probabilities[count - 1] * mean / count as f64));
        let mut clear = 0.0;
        for (a, p) in probabilities.iter().enumerate() {
            for (b, q) in probabilities.iter().enumerate() {
                if is_clear(a.min(b) as f64, a.max(b) as f64) {
                    clear += p * q;
                }
            }
        }
        clear
    }

    #[test]
    fn chance_rarely_makes_a_clear_change() {
        for mean in [0.3, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0] {
            let share = share_of_clear(mean);
            assert!(share < 0.32, "two counts of the mean {mean} differ clearly in {share} of cases");
        }
        assert!(is_clear(8.0, 21.0) && is_clear(0.0, 3.0) && is_clear(4.0, 10.0));
        assert!(!is_clear(7.0, 10.0) && !is_clear(0.0, 2.0) && !is_clear(100.0, 110.0));
    }

    #[test]
    fn counts_of_windows_that_overlap_differ_by_what_has_come_and_gone() {
        // From one day to the next, and from one week to the next.
        let (day, week) = (1.0 / 28.0, 0.25);
        assert!(!is_other_count(21.0, 20.0, day) && is_other_count(21.0, 18.0, day) && is_other_count(1.0, 0.0, day));
        assert!(!is_other_count(21.0, 19.0, week) && is_other_count(21.0, 16.0, week));
        // Windows that do not overlap are two samples, however far apart they are.
        assert_eq!(is_other_count(21.0, 15.0, 1.0), is_other_count(21.0, 15.0, 9.0));
        assert!(!is_other_count(5.0, 5.0, day));
    }

    #[test]
    fn what_is_unusual_is_more_than_chance_makes_of_the_usual() {
        assert!(is_unusual(4.0, 1.0) && is_unusual(1.0, 0.0) && is_unusual(2.0, 9.0) && is_unusual(0.0, 3.0));
        assert!(!is_unusual(4.0, 3.0) && !is_unusual(0.0, 0.0) && !is_unusual(1.0, 1.0) && !is_unusual(0.0, 1.0));
    }

    #[test]
    fn a_silence_is_one_if_rows_were_to_be_expected() {
        assert!(is_silence(0.7) && !is_silence(0.69));
        assert!(is_lull(12.0, 45.0, 84.0) && !is_lull(1.0, 40.0, 84.0) && is_lull(1.0, 43.0, 84.0));
        assert!(is_lull(1.0, 100.0, 84.0) && !is_lull(0.0, 84.0, 84.0) && !is_lull(3.0, 0.0, 84.0));
    }

    #[test]
    fn a_value_has_changed_by_a_fifth_or_not_at_all() {
        assert!(is_other_value(4.0, 2.1) && is_other_value(3.0, 2.0) && is_other_value(1.0, -1.0));
        assert!(!is_other_value(1.66, 1.61) && !is_other_value(0.0, 0.0) && !is_other_value(2.0, 4.0));
    }

    #[test]
    fn moods_and_answers_need_more_of_a_change_where_they_vary() {
        assert!(is_other_mood(-0.45, -0.1, 7.0) && !is_other_mood(-0.35, -0.1, 0.0) && !is_other_mood(0.3, 0.27, 1e6));
        assert!(is_other_share(0.5, 0.2, 2.0) && !is_other_share(0.5, 0.3, 2.0) && !is_other_share(0.5, 0.46, 1e6));
        assert!(is_other_answer(9.0, 7.0, 10.0) && !is_other_answer(9.0, 8.0, 10.0) && is_other_answer(4.0, 3.0, 4.0));
    }
}
