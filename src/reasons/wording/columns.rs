//! The sentences about time since sign-up, and about columns of the customers table.

use super::{low_or_high, State, Told, View, ONLY};
use crate::features::Measure;
use crate::reasons::language::{is_answer, quoted};

/// "customer for 45 days; usually 400 days"
pub(super) fn tenure(view: &View<'_>) -> Told {
    match view.tenure {
        Some(tenure) => {
            let side = view.side_of(Measure::Tenure, None, view.side());
            let usual = view.usual(Measure::Tenure, None).map(|usual| view.speech.days(usual.median));
            let is_telling = view.is_out_of_the_usual(side, Measure::Tenure, None);
            let told = Told::new(low_or_high(side), view.speech.phrase("reason-tenure").days(tenure).say());
            told.beside_the_usual(view.speech, usual, is_telling)
        }
        None => unknown(view, view.speech.word("reason-tenure-unknown"), Measure::Tenure, None),
    }
}

/// "monthly revenue is low: 49.99; usually 100"
pub(super) fn number(view: &View<'_>) -> Told {
    // A prepared feature table may measure whatever it likes: the concept is its one cell.
    let measure = view.concept.cells.first().and_then(|cell| cell.measure).unwrap_or(Measure::Numeric);
    let window = view.concept.cells.first().and_then(|cell| cell.window);
    let Some(value) = view.number(measure, window) else {
        return unknown(view, view.of_name("reason-column-unknown").say(), measure, window);
    };

    let side = view.side_of(measure, window, view.side());
    let state = low_or_high(side);
    let is_out = view.is_out_of_the_usual(side, measure, window);
    // 0 and 1 may stand for no and yes, of which neither is low or high.
    let is_far = view.deviation(measure, window).abs() >= ONLY && value != 0.0 && value != 1.0;
    let key = match state {
        _ if !is_far => "reason-column",
        State::Low => "reason-column-low",
        _ => "reason-column-high",
    };
    let told = Told::new(state, view.of_name(key).text("value", view.speech.number(value)).say());
    let usual = view.usual(measure, window).map(|usual| view.speech.number(usual.median));
    told.beside_the_usual(view.speech, usual, is_out)
}

/// "monthly revenue is not known; known for 93 % of customers"
fn unknown(view: &View<'_>, text: String, measure: Measure, window: Option<u32>) -> Told {
    view.lacking(Told::new(State::Unknown, text), "reason-known-share", view.usual(measure, window))
}

/// "plan is basic; mean risk 31 %, of all customers 12 %", "online security: no"
pub(super) fn level(view: &View<'_>) -> Told {
    let column = view.concept.cells.first().map_or(0, |cell| cell.column);
    let level = view.levels.get(column).copied().flatten();
    let told = match level {
        // "Online security is No" would be hard on the ear.
        Some(level) if is_answer(level) => {
            let phrase = view.of_name("reason-level-answer").text("level", level.to_lowercase());
            Told::new(State::Given, phrase.say())
        }
        Some(level) => Told::new(State::Given, view.of_name("reason-level").text("level", quoted(level)).say()),
        None => Told::new(State::Unknown, view.of_name("reason-column-unknown").say()),
    };
    let Some(risk) = view.usual.risk(column, level) else { return told };
    let (with, all) = (view.speech.percent(risk.with), view.speech.percent(risk.all));
    let is_telling = with != all && (risk.with > risk.all) == (view.contribution > 0.0);
    let phrase = view.speech.phrase("reason-level-risk").text("text", told.text);
    Told { is_telling, text: phrase.text("with", with).text("all", all).say(), ..told }
}
