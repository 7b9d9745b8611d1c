//! The sentences about time since sign-up, and about columns of the customers table.

use super::{low_or_high, State, Told, View, ONLY};
use crate::features::Measure;
use crate::reasons::language::{self, days, is_answer, is_or_are, percent, quoted};

/// "customer for 45 days; usually 400 days"
pub(super) fn tenure(view: &View<'_>) -> Told {
    match view.tenure {
        Some(tenure) => {
            let side = view.side_of(Measure::Tenure, None, view.side());
            let usual = view.usual(Measure::Tenure, None).map(|usual| days(usual.median));
            let is_telling = view.is_out_of_the_usual(side, Measure::Tenure, None);
            let told = Told::new(low_or_high(side), format!("customer for {}", days(tenure)));
            told.beside_the_usual(usual, is_telling)
        }
        None => unknown(view, "sign-up date is not known", Measure::Tenure, None),
    }
}

/// "monthly revenue is low: 49.99; usually 100"
pub(super) fn number(view: &View<'_>) -> Told {
    let name = &view.concept.words.subject.one;
    let verb = is_or_are(name);

    // A prepared feature table may measure whatever it likes: the concept is its one cell.
    let measure = view.concept.cells.first().and_then(|cell| cell.measure).unwrap_or(Measure::Numeric);
    let window = view.concept.cells.first().and_then(|cell| cell.window);
    let Some(value) = view.number(measure, window) else {
        return unknown(view, &format!("{name} {verb} not known"), measure, window);
    };

    let side = view.side_of(measure, window, view.side());
    let state = low_or_high(side);
    let is_out = view.is_out_of_the_usual(side, measure, window);
    // 0 and 1 may stand for no and yes, of which neither is low or high.
    let is_far = view.deviation(measure, window).abs() >= ONLY && value != 0.0 && value != 1.0;
    let how = match state {
        _ if !is_far => "",
        State::Low => " low:",
        _ => " high:",
    };
    let told = Told::new(state, format!("{name} {verb}{how} {}", language::number(value)));
    let usual = view.usual(measure, window).map(|usual| language::number(usual.median));
    told.beside_the_usual(usual, is_out)
}

/// "monthly revenue is not known; known for 93 % of customers"
fn unknown(view: &View<'_>, text: &str, measure: Measure, window: Option<u32>) -> Told {
    match view.usual(measure, window) {
        Some(usual) => Told {
            is_telling: usual.known >= 0.5,
            ..Told::new(State::Unknown, format!("{text}; known for {} of customers", percent(usual.known)))
        },
        None => Told::new(State::Unknown, text.to_owned()),
    }
}

/// "plan is basic; mean risk 31 %, of all customers 12 %", "online security: no"
pub(super) fn level(view: &View<'_>) -> Told {
    let name = &view.concept.words.subject.one;
    let verb = is_or_are(name);
    let column = view.concept.cells.first().map_or(0, |cell| cell.column);
    let level = view.levels.get(column).copied().flatten();
    let told = match level {
        // "Online security is No" would be hard on the ear.
        Some(level) if is_answer(level) => Told::new(State::Given, format!("{name}: {}", level.to_lowercase())),
        Some(level) => Told::new(State::Given, format!("{name} {verb} {}", quoted(level))),
        None => Told::new(State::Unknown, format!("{name} {verb} not known")),
    };
    let Some(risk) = view.usual.risk(column, level) else { return told };
    let (with, all) = (percent(risk.with), percent(risk.all));
    Told {
        is_telling: with != all && (risk.with > risk.all) == (view.contribution > 0.0),
        text: format!("{}; mean risk {with}, of all customers {all}", told.text),
        ..told
    }
}
