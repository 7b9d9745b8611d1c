//! The sentences about what a signal's rows have in common: value, categories, mood.

use super::{low_or_high, Side, State, Told, View};
use crate::features::Measure;
use crate::reasons::chance;
use crate::reasons::language::{decimals, percent, whole, Unit};

/// "visits averaged 2 min 5 s in 28 days (84 days: 4 min)"
pub(super) fn value(view: &View<'_>) -> Told {
    let words = &view.concept.words;
    let side = view.side();
    let mean = |window: u32| view.number(Measure::Mean, Some(window));
    let on_side = view.window(|w| view.is_on(side, Measure::Mean, Some(w)));
    let Some(window) = on_side.or_else(|| view.window(|w| mean(w).is_some())) else {
        return without(view, &words.subject.one);
    };

    let written = |window| mean(window).map(|value| words.unit.written(value));
    let now = written(window).unwrap_or_default();
    let text = match words.unit {
        Unit::Plain => {
            format!("mean {} of {} was {now} {}", words.subject.one, words.rows.many, view.within(window))
        }
        _ => format!("{} averaged {now} {}", words.rows.many, view.within(window)),
    };
    let told = Told::new(low_or_high(view.side_of(Measure::Mean, Some(window), side)), text);
    beside_longest_or_usual(view, Measure::Mean, window, told, written, |usual| words.unit.written(usual))
}

/// "visits without duration in 84 days; 93 % of customers have some"
fn without(view: &View<'_>, subject: &str) -> Told {
    let longest = view.windows().last().copied();
    let within = longest.map_or(String::new(), |window| format!(" {}", view.within(window)));
    let text = format!("{} without {subject}{within}", view.concept.words.rows.many);
    match view.usual(Measure::Mean, longest) {
        Some(usual) => Told {
            is_telling: usual.known >= 0.5,
            ..Told::new(State::Unknown, format!("{text}; {} of customers have some", percent(usual.known)))
        },
        None => Told::new(State::Unknown, text),
    }
}

/// "visits used 1 channel in 28 days (84 days: 3)"
pub(super) fn categories(view: &View<'_>) -> Told {
    let words = &view.concept.words;
    let side = view.side();
    let distinct = |window: u32| view.number(Measure::Categories, Some(window));
    let is_used = |window: u32| distinct(window).is_some_and(|distinct| distinct > 0.0);
    let on_side = view.window(|w| is_used(w) && view.is_on(side, Measure::Categories, Some(w)));
    let window = on_side.or_else(|| view.window(is_used)).or_else(|| view.window(|_| true)).unwrap_or_default();

    let now = words.subject.counted_or_no(distinct(window).unwrap_or(0.0));
    let text = format!("{} used {now} {}", words.rows.many, view.within(window));
    let told = Told::new(low_or_high(view.side_of(Measure::Categories, Some(window), side)), text);
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
    match view.in_longest(window, written).filter(|_| has_moved) {
        Some(longest) => Told { text: format!("{}{longest}", told.text), is_telling: true, ..told },
        None => {
            let usual = view.usual(measure, Some(window)).map(|usual| usual_written(usual.median));
            told.beside_the_usual(usual, is_unusual)
        }
    }
}

/// "mood of mentions fell to -0.45 in 28 days (84 days: -0.10); 60 % negative"
pub(super) fn mood(view: &View<'_>) -> Told {
    let words = &view.concept.words;
    let side = view.side();
    // As it will be written, so that what is said of the numbers holds for those that are read.
    let mean = |window: u32| view.number(Measure::Mean, Some(window)).map(|mood| (100.0 * mood).round() / 100.0);
    let other = if side == Side::Low { Side::High } else { Side::Low };
    let is_telling = |window: u32| {
        let is_worse = view.is_on(side, Measure::Mean, Some(window));
        is_worse || view.is_on(other, Measure::NegativeShare, Some(window))
    };
    let Some(window) = view.window(is_telling).or_else(|| view.window(|w| mean(w).is_some())) else {
        return without(view, &words.subject.one);
    };
    let Some(now) = mean(window) else { return without(view, &words.subject.one) };

    let state = match side {
        Side::Low if now < 0.0 => State::Negative,
        Side::Low => State::Low,
        Side::High if now > 0.0 => State::Positive,
        Side::High => State::High,
    };
    let is_beyond = |other: f64| if side == Side::Low { now < other } else { now > other };
    let rows = view.rows_behind_mean(window);
    let before = view.windows().last().and_then(|&longest| mean(longest)).unwrap_or(now);
    let has_moved = is_beyond(before) && chance::is_other_mood(now, before, rows);

    let negative = view.number(Measure::NegativeShare, Some(window)).filter(|&share| share > 0.0);
    let negative = negative.map_or(String::new(), |share| format!("; {} negative", percent(share)));
    let subject = format!("mood of {}", words.rows.many);
    let stated = format!("{} {}", decimals(now, 2), view.within(window));
    if has_moved {
        let verb = if side == Side::Low { "fell to" } else { "rose to" };
        let longest = view.in_longest(window, |window| mean(window).map(|mood| decimals(mood, 2))).unwrap_or_default();
        return Told::telling(state, format!("{subject} {verb} {stated}{longest}{negative}"));
    }
    let usual = view.usual(Measure::Mean, Some(window)).map(|usual| usual.median);
    let is_telling = usual.is_some_and(|usual| is_beyond(usual) && chance::is_other_mood(now, usual, rows));
    let beside = usual.map_or(String::new(), |usual| format!(" (usually {})", decimals(usual, 2)));
    Told { is_telling, ..Told::new(state, format!("{subject} was {stated}{beside}{negative}")) }
}
