//! The sentences about the answers to a survey instrument.

use super::{days_ago, low_or_high, Side, State, Told, View, ORDINARY};
use crate::features::Measure;
use crate::reasons::catalogue::Part;
use crate::reasons::chance;

pub(super) fn told(view: &View<'_>) -> Told {
    let (last, recency) = (view.number(Measure::SurveyLast, None), view.number(Measure::SurveyDaysSinceLast, None));
    let (Some(last), Some(recency)) = (last, recency) else { return silence(view) };

    let is_recency = |part: &Part| part.absence || part.measure == Some(Measure::SurveyDaysSinceLast);
    if view.weight(is_recency) > view.weight(|part| !is_recency(part)) {
        // The time of the answer counts, not the score.
        return time_of_answer(view, last, recency);
    }
    changed(view, last, recency).unwrap_or_else(|| level(view, last, recency))
}

/// "no NPS answer in 168 days; 71 % of customers gave one"
fn silence(view: &View<'_>) -> Told {
    let seen = view.days_seen(view.look_back_days);
    let text = view.of_name("reason-no-answer").days(seen).say();
    let had_time = 2.0 * seen >= f64::from(view.look_back_days);
    let usual = view.usual(Measure::SurveyLast, None);
    let told = view.lacking(Told::new(State::Silent, text), "reason-gave-one", usual);
    Told { is_telling: told.is_telling && had_time, ..told }
}

/// "last NPS answer was 8, 2 days ago"
fn last_answer(view: &View<'_>, last: f64, recency: f64) -> String {
    let phrase = view.of_name("reason-answer").text("score", view.speech.number(last));
    phrase.days(days_ago(recency)).say()
}

/// "last NPS answer was 8, 2 days ago; usually 30 days ago"
fn time_of_answer(view: &View<'_>, last: f64, recency: f64) -> Told {
    let deviation = view.deviation(Measure::SurveyDaysSinceLast, None);
    let is_late = deviation > 0.0;
    let state = if is_late { State::Silent } else { State::Recent };
    let usual = view.usual(Measure::SurveyDaysSinceLast, None).map(|usual| usual.median);
    let side = if is_late { Side::High } else { Side::Low };
    let is_beyond = usual.is_some_and(|usual| side.is_beyond(recency, usual));
    let told = Told::new(state, last_answer(view, last, recency));
    let usual = usual.map(|usual| view.speech.phrase("days-ago").days(days_ago(usual)).say());
    told.beside_the_usual(view.speech, usual, is_beyond && deviation.abs() >= ORDINARY)
}

/// "NPS fell from 9 to 4, 12 days ago"
fn changed(view: &View<'_>, last: f64, recency: f64) -> Option<Told> {
    let change = view.number(Measure::SurveyChange, None)?;
    let before = last - change;
    if !chance::is_other_answer(last, before, view.concept.words.scale) {
        return None;
    }
    let (state, key) = match view.side() {
        Side::Low if change < 0.0 => (State::Drop, "reason-answer-fell"),
        Side::High if change > 0.0 => (State::Rise, "reason-answer-rose"),
        _ => return None,
    };
    let phrase = view.of_name(key).text("before", view.speech.number(before)).text("score", view.speech.number(last));
    Some(Told::telling(state, phrase.days(days_ago(recency)).say()))
}

/// "last NPS answer was 3, 40 days ago; usually 8"
fn level(view: &View<'_>, last: f64, recency: f64) -> Told {
    let side = view.side();
    let scale = view.concept.words.scale;
    let is_unusual = |value: f64, usual: f64, side: Side| {
        side.is_beyond(value, usual) && chance::is_other_answer(value, usual, scale)
    };
    let usual = |measure| view.usual(measure, None).map(|usual| usual.median);

    match view.number(Measure::SurveyMean, None) {
        Some(mean) if !view.is_on(side, Measure::SurveyLast, None) && view.is_on(side, Measure::SurveyMean, None) => {
            let rounded = |mean: f64| view.speech.number((10.0 * mean).round() / 10.0);
            let phrase = view.of_name("reason-answer-mean").days(view.days_seen(view.look_back_days));
            let text = phrase.text("mean", rounded(mean)).text("score", view.speech.number(last)).say();
            let usual = usual(Measure::SurveyMean);
            let is_telling = usual.is_some_and(|usual| is_unusual(mean, usual, side));
            Told::new(low_or_high(side), text).beside_the_usual(view.speech, usual.map(rounded), is_telling)
        }
        _ => {
            let side = view.side_of(Measure::SurveyLast, None, side);
            let usual = usual(Measure::SurveyLast);
            let is_telling = usual.is_some_and(|usual| is_unusual(last, usual, side));
            let told = Told::new(low_or_high(side), last_answer(view, last, recency));
            told.beside_the_usual(view.speech, usual.map(|usual| view.speech.number(usual)), is_telling)
        }
    }
}
