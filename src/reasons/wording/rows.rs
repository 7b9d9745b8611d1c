//! The sentences about what a signal's rows have in common: value, categories, mood.

use super::{low_or_high, Side, State, Told, View};
use crate::features::Measure;
use crate::reasons::chance;
use crate::reasons::language::Unit;

/// "visits averaged 2 min 5 s in 28 days (84 days: 4 min)"
pub(super) fn value(view: &View<'_>) -> Told {
    let words = &view.concept.words;
    let side = view.side();
    let mean = |window: u32| view.number(Measure::Mean, Some(window));
    let on_side = view.window(|w| view.is_on(side, Measure::Mean, Some(w)));
    let Some(window) = on_side.or_else(|| view.window(|w| mean(w).is_some())) else {
        return without(view);
    };

    let written = |window| mean(window).map(|value| words.unit.written(view.speech, value));
    let now = written(window).unwrap_or_default();
    let key = if words.unit == Unit::Plain { "reason-mean-of" } else { "reason-mean" };
    let text = view.of_window(key, window).text("value", now).say();
    let told = Told::new(low_or_high(view.side_of(Measure::Mean, Some(window), side)), text);
    beside_longest_or_usual(view, Measure::Mean, window, told, written, |usual| words.unit.written(view.speech, usual))
}

/// "visits without duration in 84 days; 93 % of customers have some"
fn without(view: &View<'_>) -> Told {
    let longest = view.windows().last().copied();
    let text = match longest {
        Some(window) => view.of_window("reason-without", window).say(),
        None => view.of_rows("reason-without-any").say(),
    };
    view.lacking(Told::new(State::Unknown, text), "reason-have-some", view.usual(Measure::Mean, longest))
}

/// "visits used 1 channel in 28 days (84 days: 3)"
pub(super) fn categories(view: &View<'_>) -> Told {
    let side = view.side();
    let distinct = |window: u32| view.number(Measure::Categories, Some(window));
    let is_used = |window: u32| distinct(window).is_some_and(|distinct| distinct > 0.0);
    let on_side = view.window(|w| is_used(w) && view.is_on(side, Measure::Categories, Some(w)));
    let window = on_side.or_else(|| view.window(is_used)).or_else(|| view.window(|_| true)).unwrap_or_default();

    let now = distinct(window).unwrap_or(0.0);
    let text = view.of_window("reason-categories", window).count("count", now).say();
    let told = Told::new(low_or_high(view.side_of(Measure::Categories, Some(window), side)), text);
    let whole = |count: f64| view.speech.whole(count);
    let written = |window: u32| distinct(window).map(whole);
    beside_longest_or_usual(view, Measure::Categories, window, told, written, whole)
}

/// With the same value in the longest window where it is another one on the side of the state, else with what is usual.
fn beside_longest_or_usual(
    view: &View<'_>,
    measure: Measure,
    window: u32,
    told: Told,
    written: impl Fn(u32) -> Option<String>,
    usual_written: impl Fn(f64) -> String,
) -> Told {
    let side = if told.state == State::Low { Side::Low } else { Side::High };
    let longest = view.windows().last().and_then(|&longest| view.number(measure, Some(longest)));
    let has_moved = view.number(measure, Some(window)).zip(longest).is_some_and(|(now, longest)| match side {
        Side::Low => chance::is_other_value(longest, now),
        Side::High => chance::is_other_value(now, longest),
    });

    let is_unusual = view.is_out_of_the_usual(side, measure, Some(window));
    match view.beside_longest(&told.text, window, written).filter(|_| has_moved) {
        Some(text) => Told { text, is_telling: true, ..told },
        None => {
            let usual = view.usual(measure, Some(window)).map(|usual| usual_written(usual.median));
            told.beside_the_usual(view.speech, usual, is_unusual)
        }
    }
}

/// "mood of mentions fell to -0.45 in 28 days (84 days: -0.10); 60 % negative"
pub(super) fn mood(view: &View<'_>) -> Told {
    let side = view.side();
    // As it will be written, so that what is said of the numbers holds for those that are read.
    let mean = |window: u32| view.number(Measure::Mean, Some(window)).map(|mood| (100.0 * mood).round() / 100.0);
    let other = if side == Side::Low { Side::High } else { Side::Low };
    let is_telling = |window: u32| {
        let is_worse = view.is_on(side, Measure::Mean, Some(window));
        is_worse || view.is_on(other, Measure::NegativeShare, Some(window))
    };
    let Some(window) = view.window(is_telling).or_else(|| view.window(|w| mean(w).is_some())) else {
        return without(view);
    };
    let Some(now) = mean(window) else { return without(view) };

    let state = match side {
        Side::Low if now < 0.0 => State::Negative,
        Side::Low => State::Low,
        Side::High if now > 0.0 => State::Positive,
        Side::High => State::High,
    };
    let rows = view.rows_behind_mean(window);
    let before = view.windows().last().and_then(|&longest| mean(longest)).unwrap_or(now);
    let has_moved = side.is_beyond(now, before) && chance::is_other_mood(now, before, rows);

    let negative = view.number(Measure::NegativeShare, Some(window)).filter(|&share| share > 0.0);
    let with_negative = |text: String| match negative {
        Some(share) => view.with_share("reason-negative", text, share),
        None => text,
    };
    let written = |mood: f64| view.speech.decimals(mood, 2);
    let stated = |key| view.of_window(key, window).text("mood", written(now)).say();
    if has_moved {
        let text = stated(if side == Side::Low { "reason-mood-fell" } else { "reason-mood-rose" });
        let with_longest = view.beside_longest(&text, window, |window| mean(window).map(written));
        return Told::telling(state, with_negative(with_longest.unwrap_or(text)));
    }
    let usual = view.usual(Measure::Mean, Some(window)).map(|usual| usual.median);
    let is_telling = usual.is_some_and(|usual| side.is_beyond(now, usual) && chance::is_other_mood(now, usual, rows));
    let text = stated("reason-mood-was");
    let text = match usual {
        Some(usual) => view.speech.phrase("reason-mood-usual").text("text", text).text("usual", written(usual)).say(),
        None => text,
    };
    Told { is_telling, ..Told::new(state, with_negative(text)) }
}
