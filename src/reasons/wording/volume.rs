//! The sentences about how many rows of a signal there are, and how lately.

use super::{days_ago, in_window, low_or_high, with_window, Side, State, Told, View, ONLY, ORDINARY};
use crate::features::Measure;
use crate::reasons::catalogue::{Counts, Part, Rhythm};
use crate::reasons::chance;
use crate::reasons::language::Unit;

/// What there is to say of a signal's rows.
pub(super) fn told(view: &View<'_>) -> Told {
    let windows = view.windows();
    let side = view.side();
    let is_silent = side == Side::Low && windows.get(windows.len() / 2).is_some_and(|&middle| is_empty(view, middle));
    let change = match side {
        Side::Low => view.window(|w| has_fallen(view, w)),
        Side::High => view.window(|w| has_risen(view, w)),
    };

    let told = match change.and_then(|window| changed(view, window)) {
        _ if is_silent => overdue(view).unwrap_or_else(|| silence(view)),
        Some(told) => told,
        None => rhythm(view).unwrap_or_else(|| level(view, side)),
    };
    against_the_rule(view, side, told)
}

/// What there is to say of a customer's rhythm, if that is what the model goes by more than by how much there is.
fn rhythm(view: &View<'_>) -> Option<Told> {
    use Measure::{DaysSinceLast, DaysSinceLastOverGap, GapLongest, GapMean, GapSd};
    let is_rhythm =
        |part: &Part| matches!(part.measure, Some(DaysSinceLast | DaysSinceLastOverGap | GapLongest | GapMean | GapSd));
    let weight = view.weight(is_rhythm);
    if weight <= 0.0 || weight < view.weight(|part| !is_rhythm(part)) {
        return None;
    }
    if view.contribution > 0.0 {
        overdue(view)
    } else {
        in_rhythm(view)
    }
}

/// "logins usually every 12 days; none for 40 days"
fn overdue(view: &View<'_>) -> Option<Told> {
    let Rhythm { pause, silence } = view.concept.rhythm(view.raw)?;
    let silent = (silence.ceil() - 1.0).max(0.0);
    // As they are written.
    let every = pause.round_ties_even().max(1.0);
    chance::is_overdue(silent, every).then(|| {
        let phrase = view.of_rows("reason-overdue").days(silent).count("every", every);
        Told::telling(State::Overdue, phrase.say())
    })
}

/// "logins usually every 12 days; the last one 3 days ago"
fn in_rhythm(view: &View<'_>) -> Option<Told> {
    let Rhythm { pause, silence } = view.concept.rhythm(view.raw)?;
    let (ago, every) = (days_ago(silence), pause.round_ties_even().max(1.0));
    (ago <= every).then(|| {
        let phrase = view.of_rows("reason-in-rhythm").days(ago).count("every", every);
        Told::telling(State::InRhythm, phrase.say())
    })
}

fn is_empty(view: &View<'_>, window: u32) -> bool {
    view.number(Measure::Count, Some(window)) == Some(0.0)
}

fn counts(view: &View<'_>, window: u32) -> Option<Counts> {
    view.concept.counts(view.raw, window)
}

fn has_fallen(view: &View<'_>, window: u32) -> bool {
    counts(view, window).is_some_and(|Counts { before, now }| chance::is_clear(now, before))
}

/// A rise from a window that began before the customer did, or before anything was recorded, is none.
fn has_risen(view: &View<'_>, window: u32) -> bool {
    let both = 2 * window;
    let is_known = view.days_seen(both) >= f64::from(both);
    is_known && counts(view, window).is_some_and(|Counts { before, now }| chance::is_clear(before, now))
}

/// "logins fell from 21 to 8 in 28 days"
fn changed(view: &View<'_>, window: u32) -> Option<Told> {
    let Counts { before, now } = counts(view, window)?;
    let (state, key) = if now < before { (State::Drop, "reason-fell") } else { (State::Rise, "reason-rose") };
    let phrase = view.of_window(key, window).count("before", before).count("count", now);
    Some(Told::telling(state, phrase.say()))
}

/// "no logins for 45 days (12 in 84 days)", "no logins in 168 days; usually 56 in 84 days"
fn silence(view: &View<'_>) -> Told {
    let Some(recency) = view.number(Measure::DaysSinceLast, None) else {
        let seen = view.days_seen(view.look_back_days);
        let text = view.of_rows("reason-silent-seen").days(seen).say();
        return beside_usual_rows(view, Told::new(State::Silent, text), seen);
    };

    let windows = view.windows();
    let count = |window: u32| view.number(Measure::Count, Some(window)).unwrap_or(0.0);
    let empty = windows.iter().copied().filter(|&window| count(window) == 0.0).max().unwrap_or(0);
    // Whole days since the last row. The empty windows know them when rounding has moved it across midnight.
    let silent = (recency.ceil() - 1.0).max(f64::from(empty));

    match windows.last().copied().filter(|&longest| count(longest) > 0.0) {
        Some(longest) => {
            let phrase = view.of_rows("reason-silent-earlier").days(silent).count("count", count(longest));
            let text = phrase.count("window", view.days_seen(longest)).say();
            if chance::is_lull(count(longest), silent, view.days_seen(longest)) {
                Told::telling(State::Silent, text)
            } else {
                beside_usual_rows(view, Told::new(State::Silent, text), silent)
            }
        }
        None => {
            let text = view.of_rows("reason-silent").days(silent).say();
            beside_usual_rows(view, Told::new(State::Silent, text), silent)
        }
    }
}

/// A silence of so many days beside the rows that are usual in the longest window.
fn beside_usual_rows(view: &View<'_>, told: Told, silent: f64) -> Told {
    let usual = view.windows().last().and_then(|&longest| {
        let median = view.usual(Measure::Count, Some(longest))?.median;
        (median > 0.0).then_some((longest, median))
    });
    match usual {
        Some((window, median)) => {
            let is_telling = chance::is_silence(median * silent / f64::from(window));
            let written = view.speech.phrase("usual-count").count("count", median).say();
            told.beside_the_usual(view.speech, Some(in_window(view.speech, written, window)), is_telling)
        }
        None => told,
    }
}

/// "only 2 logins in 28 days; usually 14"
fn level(view: &View<'_>, side: Side) -> Told {
    let measures = [Measure::Count, Measure::ActiveDays, Measure::Sum];
    let level = measures.iter().find_map(|&measure| {
        let window = view.window(|w| view.is_on(side, measure, Some(w)))?;
        Some((measure, window))
    });
    match level {
        Some((_, window)) if is_empty(view, window) => silence(view),
        Some((measure, window)) => {
            let usual = usual_level(view, side, measure, window);
            let is_few = measure == Measure::Count
                && view.deviation(measure, Some(window)) < -ONLY
                && usual.as_ref().is_none_or(|usual| usual.is_beyond);
            let text = count_with(view, if is_few { "reason-few" } else { "reason-count" }, measure, window);
            beside(view, Told::new(low_or_high(side), text), usual)
        }
        None => steady(view, side),
    }
}

/// What is usual of a level.
struct UsualLevel {
    written: String,
    /// Whether the customer's lies beyond it, on the side that is told.
    is_beyond: bool,
    /// Whether it does so by more than chance makes half of the time.
    is_unusual: bool,
}

fn beside(view: &View<'_>, told: Told, usual: Option<UsualLevel>) -> Told {
    match usual {
        Some(usual) => told.beside_the_usual(view.speech, Some(usual.written), usual.is_beyond && usual.is_unusual),
        None => told,
    }
}

fn usual_level(view: &View<'_>, side: Side, measure: Measure, window: u32) -> Option<UsualLevel> {
    let (value, usual) = (view.number(measure, Some(window))?, view.usual(measure, Some(window))?.median);
    let seen = view.days_seen(window);
    let expected = usual * seen / f64::from(window);
    let written = match measure {
        Measure::ActiveDays => view.speech.phrase("usual-days").days(usual).say(),
        Measure::Sum => view.concept.words.unit.written(view.speech, usual),
        _ => view.speech.phrase("usual-count").count("count", usual).say(),
    };
    let is_unusual = match measure {
        Measure::Sum => view.deviation(measure, Some(window)).abs() >= ORDINARY,
        _ => chance::is_unusual(value, expected),
    };
    Some(UsualLevel {
        written: with_window(view.speech, written, window, seen),
        is_beyond: side.is_beyond(value, expected),
        is_unusual,
    })
}

/// "2 logins in 28 days", "14 visits in 28 days, 43 min in all"
fn count_with(view: &View<'_>, key: &'static str, measure: Measure, window: u32) -> String {
    let unit = &view.concept.words.unit;
    let number = |measure| view.number(measure, Some(window)).unwrap_or(0.0);
    let text = view.of_window(key, window).count("count", number(Measure::Count)).say();
    match measure {
        Measure::ActiveDays => view.speech.phrase("reason-active").text("text", text).days(number(measure)).say(),
        Measure::Sum => {
            let phrase = view.of_rows(if *unit == Unit::Plain { "reason-sum-of" } else { "reason-sum" });
            phrase.text("text", text).text("sum", unit.written(view.speech, number(measure))).say()
        }
        _ => text,
    }
}

/// What the count of the most telling window is, when it is neither low nor high: "14 logins in 28 days, 13 in the 28
/// days before".
fn steady(view: &View<'_>, side: Side) -> Told {
    let Some(window) = view.window(|w| view.number(Measure::Count, Some(w)).is_some_and(|count| count > 0.0)) else {
        return silence(view);
    };
    if has_fallen(view, window) || has_risen(view, window) {
        if let Some(told) = changed(view, window) {
            return told;
        }
    }

    let usual = usual_level(view, side, Measure::Count, window);
    let level = count_with(view, "reason-count", Measure::Count, window);
    let is_whole = view.days_seen(2 * window) >= f64::from(2 * window);
    match counts(view, window) {
        Some(Counts { before, .. }) if is_whole => {
            let phrase = view.speech.phrase("reason-steady").text("text", level).count("before", before);
            beside(view, Told::new(State::Steady, phrase.days(f64::from(window)).say()), usual)
        }
        _ => beside(view, Told::new(State::Steady, level), usual),
    }
}

/// Where more rows go with more risk (returns, complaints), that there are few is no reason to leave, and that there
/// are many none to stay, unless the model says so of this customer; then the words say it too.
fn against_the_rule(view: &View<'_>, side: Side, told: Told) -> Told {
    let longest = view.windows().last().copied();
    let is_adverse = view.usual(Measure::Count, longest).is_some_and(|usual| usual.is_adverse);
    let raises = view.contribution > 0.0;
    let is_the_rule = raises == (side == Side::High);
    if !is_adverse || is_the_rule {
        return told;
    }

    let is_level = |part: &Part| part.absence || !matches!(part.measure, Some(Measure::Trend | Measure::MeanGap));
    if view.weight(is_level) > 0.0 {
        let key = if raises { "reason-raises" } else { "reason-lowers" };
        Told { text: view.speech.phrase(key).text("text", told.text).say(), ..told }
    } else {
        Told { is_telling: false, ..told }
    }
}
