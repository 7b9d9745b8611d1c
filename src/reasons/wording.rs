//! Wording: what a customer's own numbers say about a concept, and the sentence that carries them.
//!
//! The model chooses the side (too little or too much) and the window; the state and the numbers are the customer's. A
//! sentence says "fell" or "rose" only of numbers that do so as they are written. Where the customer's numbers do not
//! lie on the model's side, the sentence only states them.

use super::catalogue::{Concept, Family, Part, State};
use super::language::{days, decimals, is_answer, is_or_are, number, percent, quoted, sentence, whole, Unit};
use crate::features::Measure;

/// A count has clearly changed when it did so by this many rows and by this share of the greater count: a customer
/// with 21 logins after 22 has not changed a habit.
const CHANGED_ROWS: f64 = 2.0;
const CHANGED_SHARE: f64 = 0.2;
/// A survey score has changed by this many points, a mood by this much of its scale from -1 to 1.
const CHANGED_SCORE: f64 = 1.0;
const CHANGED_MOOD: f64 = 0.05;
/// "Only" is for counts this far below the reference, in standard deviations; "low" and "high" are for columns this far
/// from it.
const ONLY: f64 = 0.5;

/// One customer, as a concept sees it.
pub(super) struct View<'a> {
    /// The concept.
    pub concept: &'a Concept,
    /// The numeric features; NaN is null.
    pub raw: &'a [f32],
    /// The categorical features.
    pub levels: &'a [Option<&'a str>],
    /// By how much the log-odds rise with each term: its coefficient, or the slope of its curve on the way from the
    /// reference to this customer.
    pub coefficients: &'a [f64],
    /// How far each term lies above the reference.
    pub deviations: &'a [f64],
    /// The contribution of each term.
    pub contributions: &'a [f64],
    /// The contribution of the concept.
    pub contribution: f64,
    /// Days since sign-up, if known.
    pub tenure: Option<f64>,
    /// Days of history that features look at.
    pub look_back_days: u32,
}

/// What would explain the contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Less than the reference, or than before.
    Low,
    /// More.
    High,
}

/// The state of the concept and the sentence for it.
pub(super) fn tell(view: &View<'_>) -> (State, String) {
    let (state, text) = match view.concept.family {
        Family::Volume => volume(view),
        Family::Value => value(view),
        Family::Categories => categories(view),
        Family::Mood => mood(view),
        Family::Score => score(view),
        Family::Tenure => tenure(view),
        Family::Number => column(view),
        Family::Level => level(view),
    };
    (state, sentence(&text))
}

impl View<'_> {
    /// A feature of the concept; none if it is null.
    fn number(&self, measure: Measure, window: Option<u32>) -> Option<f64> {
        self.concept.number(self.raw, measure, window)
    }

    /// How far a feature lies above the reference in standard deviations; 0 if the model does not look at it.
    fn deviation(&self, measure: Measure, window: Option<u32>) -> f64 {
        let cell = self.concept.cells.iter().find(|c| c.measure == Some(measure) && c.window == window);
        cell.and_then(|c| c.term).and_then(|term| self.deviations.get(term)).copied().unwrap_or(0.0)
    }

    /// Whether a feature is known and lies on this side of the reference.
    fn is_on(&self, side: Side, measure: Measure, window: Option<u32>) -> bool {
        let deviation = self.deviation(measure, window);
        let is_beyond = match side {
            Side::Low => deviation < 0.0,
            Side::High => deviation > 0.0,
        };
        is_beyond && self.number(measure, window).is_some()
    }

    /// The side of the reference on which a feature lies; `side` if it is on neither.
    fn side_of(&self, measure: Measure, window: Option<u32>, side: Side) -> Side {
        match self.deviation(measure, window) {
            deviation if deviation < 0.0 => Side::Low,
            deviation if deviation > 0.0 => Side::High,
            _ => side,
        }
    }

    /// What some parts contribute, signed so that greater is more in the concept's direction.
    fn weight(&self, keep: impl Fn(&Part) -> bool) -> f64 {
        let parts = self.concept.parts.iter().filter(|part| keep(part));
        let sum: f64 = parts.filter_map(|part| self.contributions.get(part.term)).sum();
        sum * self.contribution.signum()
    }

    /// The side that explains the concept's contribution: whether less or more of the thing is the risk is the sum of
    /// the coefficients of its levels. The longest window often has the opposite sign of the others: among customers
    /// with few logins in 28 days, those with many in 84 have fallen furthest. So what counts is the shorter windows,
    /// unless the sum of all is greater. Trends, gaps and recency follow from the levels and would only blur it.
    pub fn side(&self) -> Side {
        use Measure::{DaysSinceLast, MeanGap, SurveyDaysSinceLast, Trend};
        let is_level = |part: &&Part| {
            !part.absence && !matches!(part.measure, Some(Trend | MeanGap | DaysSinceLast | SurveyDaysSinceLast))
        };

        let longest = self.windows().last().copied();
        let (mut shorter, mut all) = (0.0, 0.0);
        for part in self.concept.parts.iter().filter(is_level) {
            let coefficient = self.coefficients.get(part.term).copied().unwrap_or(0.0);
            let effect = if part.measure == Some(Measure::NegativeShare) { -coefficient } else { coefficient };
            all += effect;
            shorter += if part.window == longest { 0.0 } else { effect };
        }

        let effect: f64 = if shorter.abs() > all.abs() { shorter } else { all };
        let less_is_risk = effect <= 0.0;
        if less_is_risk == (self.contribution > 0.0) {
            Side::Low
        } else {
            Side::High
        }
    }

    /// The windows of the concept, ascending.
    fn windows(&self) -> Vec<u32> {
        self.concept.windows()
    }

    /// Of the windows that will do, the one that contributes most in the concept's direction; of equals the one nearest
    /// to the middle.
    fn window(&self, will_do: impl Fn(u32) -> bool) -> Option<u32> {
        let windows = self.windows();
        let middle = windows.len() / 2;
        let weight = |window: u32| self.weight(|part| part.window == Some(window));

        let candidates = windows.iter().copied().enumerate().filter(|&(_, window)| will_do(window));
        let first = candidates.min_by(|&(i, a), &(j, b)| {
            weight(b).total_cmp(&weight(a)).then_with(|| i.abs_diff(middle).cmp(&j.abs_diff(middle)))
        });
        first.map(|(_, window)| window)
    }

    /// The days of a look back, as far as the customer has been one.
    fn days_seen(&self, look_back: u32) -> f64 {
        self.tenure.unwrap_or(f64::INFINITY).clamp(1.0, f64::from(look_back.max(1)))
    }

    /// " (84 days: 3)": the same value in the longest window, to compare with.
    fn in_longest(&self, window: u32, written: impl Fn(u32) -> Option<String>) -> String {
        let longest = self.windows().last().copied().filter(|&longest| longest != window);
        let value = longest.and_then(|longest| Some((longest, written(longest)?)));
        value.map_or(String::new(), |(longest, value)| format!(" ({}: {value})", days(f64::from(longest))))
    }
}

/// "in 28 days"
fn within(window: u32) -> String {
    format!("in {}", days(f64::from(window)))
}

/// "12 days ago", counting calendar days: what happened within the day before the as-of date was 1 day ago.
fn ago(recency: f64) -> String {
    format!("{} ago", days(recency.ceil().max(1.0)))
}

fn low_or_high(side: Side) -> State {
    match side {
        Side::Low => State::Low,
        Side::High => State::High,
    }
}

fn volume(view: &View<'_>) -> (State, String) {
    let windows = view.windows();
    let side = view.side();
    let is_empty = |window: u32| view.number(Measure::Count, Some(window)) == Some(0.0);
    if side == Side::Low && windows.get(windows.len() / 2).is_some_and(|&middle| is_empty(middle)) {
        return silence(view);
    }

    let change = match side {
        Side::Low => view.window(|w| has_fallen(view, w)),
        Side::High => view.window(|w| has_risen(view, w)),
    };
    if let Some(told) = change.and_then(|window| changed_count(view, window)) {
        return told;
    }

    let measures = [Measure::Count, Measure::ActiveDays, Measure::Sum];
    let level = measures.iter().find_map(|&measure| {
        let window = view.window(|w| view.is_on(side, measure, Some(w)))?;
        Some((measure, window))
    });
    match level {
        Some((_, window)) if is_empty(window) => silence(view),
        Some((measure, window)) => {
            let is_few = measure == Measure::Count && view.deviation(measure, Some(window)) < -ONLY;
            let only = if is_few { "only " } else { "" };
            (low_or_high(side), format!("{only}{}", count_with(view, measure, window)))
        }
        None => steady_count(view),
    }
}

/// The counts of a window and of the one of equal length before it, recovered from the trend.
fn counts(view: &View<'_>, window: u32) -> Option<(f64, f64)> {
    let count = view.number(Measure::Count, Some(window))?;
    let trend = view.number(Measure::Trend, Some(window))?;
    let before = ((count + 1.0) / trend.exp() - 1.0).round();
    before.is_finite().then_some((count, before.max(0.0)))
}

fn is_clear(less: f64, more: f64) -> bool {
    more - less >= CHANGED_ROWS && more - less >= CHANGED_SHARE * more
}

fn has_fallen(view: &View<'_>, window: u32) -> bool {
    counts(view, window).is_some_and(|(count, before)| is_clear(count, before))
}

/// A rise from a window that began before the customer did is none.
fn has_risen(view: &View<'_>, window: u32) -> bool {
    let is_known = view.tenure.is_none_or(|tenure| tenure >= 2.0 * f64::from(window));
    is_known && counts(view, window).is_some_and(|(count, before)| is_clear(before, count))
}

/// "logins fell from 21 to 8 in 28 days"
fn changed_count(view: &View<'_>, window: u32) -> Option<(State, String)> {
    let (count, before) = counts(view, window)?;
    let (state, verb) = if count < before { (State::Drop, "fell") } else { (State::Rise, "rose") };
    let rows = &view.concept.words.rows.many;
    Some((state, format!("{rows} {verb} from {} to {} {}", whole(before), whole(count), within(window))))
}

/// "no logins for 45 days (12 in 84 days)"
fn silence(view: &View<'_>) -> (State, String) {
    let rows = &view.concept.words.rows.many;
    let Some(recency) = view.number(Measure::DaysSinceLast, None) else {
        let seen = days(view.days_seen(view.look_back_days));
        return (State::Silent, format!("no {rows} in {seen}"));
    };

    let windows = view.windows();
    let count = |window: u32| view.number(Measure::Count, Some(window)).unwrap_or(0.0);
    let empty = windows.iter().copied().filter(|&window| count(window) == 0.0).max().unwrap_or(0);
    // Whole days since the last row. The empty windows know them when rounding has moved it across midnight.
    let silent = days((recency.ceil() - 1.0).max(f64::from(empty)));
    let earlier = windows.last().copied().filter(|&longest| count(longest) > 0.0);
    let earlier = earlier.map_or(String::new(), |w| format!(" ({} {})", whole(count(w)), within(w)));
    (State::Silent, format!("no {rows} for {silent}{earlier}"))
}

/// "2 logins in 28 days", "14 visits in 28 days, 43 min in all"
fn count_with(view: &View<'_>, measure: Measure, window: u32) -> String {
    let words = &view.concept.words;
    let number = |measure| view.number(measure, Some(window)).unwrap_or(0.0);
    let more = match (measure, &words.unit) {
        (Measure::ActiveDays, _) => format!(", on {}", days(number(measure))),
        (Measure::Sum, Unit::Plain) => {
            format!(", {} {} in all", words.subject.one, words.unit.written(number(measure)))
        }
        (Measure::Sum, unit) => format!(", {} in all", unit.written(number(measure))),
        _ => String::new(),
    };
    format!("{} {}{more}", words.rows.counted(number(Measure::Count)), within(window))
}

/// What the count of the most telling window is, when it is neither low nor high: "14 logins in 28 days, 13 in the 28
/// days before".
fn steady_count(view: &View<'_>) -> (State, String) {
    let Some(window) = view.window(|w| view.number(Measure::Count, Some(w)).is_some_and(|count| count > 0.0)) else {
        return silence(view);
    };
    if has_fallen(view, window) || has_risen(view, window) {
        if let Some(told) = changed_count(view, window) {
            return told;
        }
    }
    let level = count_with(view, Measure::Count, window);
    match counts(view, window) {
        Some((count, before)) if !is_clear(before, count) => {
            (State::Steady, format!("{level}, {} in the {} before", whole(before), days(f64::from(window))))
        }
        _ => (State::Steady, level),
    }
}

/// "visits averaged 2 min 5 s in 28 days (84 days: 4 min)"
fn value(view: &View<'_>) -> (State, String) {
    let words = &view.concept.words;
    let side = view.side();
    let mean = |window: u32| view.number(Measure::Mean, Some(window));
    let on_side = view.window(|w| view.is_on(side, Measure::Mean, Some(w)));
    let Some(window) = on_side.or_else(|| view.window(|w| mean(w).is_some())) else {
        return without(view, &words.subject.one);
    };
    let written = |window| mean(window).map(|value| words.unit.written(value));
    let now = written(window).unwrap_or_default();
    let longest = view.in_longest(window, written);
    let text = match words.unit {
        Unit::Plain => {
            format!("mean {} of {} was {now} {}{longest}", words.subject.one, words.rows.many, within(window))
        }
        _ => format!("{} averaged {now} {}{longest}", words.rows.many, within(window)),
    };
    (low_or_high(view.side_of(Measure::Mean, Some(window), side)), text)
}

/// "visits without duration in 84 days"
fn without(view: &View<'_>, subject: &str) -> (State, String) {
    let longest = view.windows().last().map_or(String::new(), |&window| format!(" {}", within(window)));
    (State::Unknown, format!("{} without {subject}{longest}", view.concept.words.rows.many))
}

/// "visits used 1 channel in 28 days (84 days: 3)"
fn categories(view: &View<'_>) -> (State, String) {
    let words = &view.concept.words;
    let side = view.side();
    let distinct = |window: u32| view.number(Measure::Categories, Some(window));
    let is_used = |window: u32| distinct(window).is_some_and(|distinct| distinct > 0.0);
    let on_side = view.window(|w| is_used(w) && view.is_on(side, Measure::Categories, Some(w)));
    let window = on_side.or_else(|| view.window(is_used)).or_else(|| view.window(|_| true)).unwrap_or_default();
    let now = words.subject.counted_or_no(distinct(window).unwrap_or(0.0));
    let longest = view.in_longest(window, |window| distinct(window).map(whole));
    let state = low_or_high(view.side_of(Measure::Categories, Some(window), side));
    (state, format!("{} used {now} {}{longest}", words.rows.many, within(window)))
}

/// "mood of mentions fell to -0.45 in 28 days (84 days: -0.10); 60 % negative"
fn mood(view: &View<'_>) -> (State, String) {
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

    let before = view.windows().last().and_then(|&longest| mean(longest)).unwrap_or(now);
    let verb = match side {
        Side::Low if before - now >= CHANGED_MOOD => "fell to",
        Side::High if now - before >= CHANGED_MOOD => "rose to",
        _ => "was",
    };
    let state = match side {
        Side::Low if now < 0.0 => State::Negative,
        Side::Low => State::Low,
        Side::High if now > 0.0 => State::Positive,
        Side::High => State::High,
    };

    let longest = view.in_longest(window, |window| mean(window).map(|mood| decimals(mood, 2)));
    let negative = view.number(Measure::NegativeShare, Some(window)).filter(|&share| share > 0.0);
    let negative = negative.map_or(String::new(), |share| format!("; {} negative", percent(share)));
    let rows = &words.rows.many;
    let now = decimals(now, 2);
    (state, format!("mood of {rows} {verb} {now} {}{longest}{negative}", within(window)))
}

fn score(view: &View<'_>) -> (State, String) {
    let name = &view.concept.words.subject.one;
    let (last, recency) = (view.number(Measure::SurveyLast, None), view.number(Measure::SurveyDaysSinceLast, None));
    let (Some(last), Some(recency)) = (last, recency) else {
        return (State::Silent, format!("no {name} answer in {}", days(view.days_seen(view.look_back_days))));
    };

    let last_answer = format!("last {name} answer was {}, {}", number(last), ago(recency));
    let is_recency = |part: &Part| part.absence || part.measure == Some(Measure::SurveyDaysSinceLast);
    let side = view.side();
    if view.weight(is_recency) > view.weight(|part| !is_recency(part)) {
        // The time of the answer counts, not the score.
        let is_late = view.deviation(Measure::SurveyDaysSinceLast, None) > 0.0;
        return (if is_late { State::Silent } else { State::Recent }, last_answer);
    }

    if let Some(change) = view.number(Measure::SurveyChange, None) {
        let told = match side {
            Side::Low if change <= -CHANGED_SCORE => Some((State::Drop, "fell")),
            Side::High if change >= CHANGED_SCORE => Some((State::Rise, "rose")),
            _ => None,
        };
        if let Some((state, verb)) = told {
            let (before, now) = (number(last - change), number(last));
            return (state, format!("{name} {verb} from {before} to {now}, {}", ago(recency)));
        }
    }

    match view.number(Measure::SurveyMean, None) {
        Some(mean) if !view.is_on(side, Measure::SurveyLast, None) && view.is_on(side, Measure::SurveyMean, None) => {
            let seen = days(view.days_seen(view.look_back_days));
            let mean = number((10.0 * mean).round() / 10.0);
            (low_or_high(side), format!("{name} averaged {mean} in {seen}, last answer {}", number(last)))
        }
        _ => (low_or_high(view.side_of(Measure::SurveyLast, None, side)), last_answer),
    }
}

fn tenure(view: &View<'_>) -> (State, String) {
    match view.tenure {
        Some(tenure) => {
            let side = view.side_of(Measure::Tenure, None, view.side());
            (low_or_high(side), format!("customer for {}", days(tenure)))
        }
        None => (State::Unknown, "sign-up date is not known".to_owned()),
    }
}

/// "monthly revenue is 49.99"
fn column(view: &View<'_>) -> (State, String) {
    let name = &view.concept.words.subject.one;
    let verb = is_or_are(name);

    // A prepared feature table may measure whatever it likes: the concept is its one cell.
    let measure = view.concept.cells.first().and_then(|cell| cell.measure).unwrap_or(Measure::Numeric);
    let window = view.concept.cells.first().and_then(|cell| cell.window);
    match view.number(measure, window) {
        Some(value) => {
            let state = low_or_high(view.side_of(measure, window, view.side()));
            // 0 and 1 may stand for no and yes, of which neither is low or high.
            let is_far = view.deviation(measure, window).abs() >= ONLY && value != 0.0 && value != 1.0;
            let how = if !is_far {
                ""
            } else if state == State::Low {
                " low:"
            } else {
                " high:"
            };
            (state, format!("{name} {verb}{how} {}", number(value)))
        }
        None => (State::Unknown, format!("{name} {verb} not known")),
    }
}

/// "plan is basic", "online security: no"
fn level(view: &View<'_>) -> (State, String) {
    let name = &view.concept.words.subject.one;
    let verb = is_or_are(name);
    let column = view.concept.cells.first().map_or(0, |cell| cell.column);
    match view.levels.get(column).copied().flatten() {
        // "Online security is No" would be hard on the ear.
        Some(level) if is_answer(level) => (State::Given, format!("{name}: {}", level.to_lowercase())),
        Some(level) => (State::Given, format!("{name} {verb} {}", quoted(level))),
        None => (State::Unknown, format!("{name} {verb} not known")),
    }
}
