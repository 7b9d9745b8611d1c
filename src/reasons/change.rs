//! What has changed: how far each concept has moved a customer's risk between two dates, and the sentences that say so in
//! the customer's numbers of both. Every sentence about change is written here.

use super::catalogue::{Concept, Family, Part};
use super::language::{date, days, decimals, number, percent, quoted, sentence, whole, Unit};
use super::{Explainer, LEAST};
use crate::artefact::Row;
use crate::calendar::Day;
use crate::features::Measure;

/// The most concepts that a text names.
const NAMED: usize = 3;
/// An answer is a new one if it is younger than the last one of the earlier date would be by this many days.
const NEW_ANSWER: f64 = 0.5;

/// A customer's numbers on a date: what features there are of them, and what the model makes of these.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    /// The numeric features; NaN is null.
    pub raw: &'a [f32],
    /// The categorical features; none is null.
    pub levels: &'a [Option<&'a str>],
    /// What the model makes of them, in the order of its terms.
    pub row: &'a Row,
}

/// Two dates of which the first is the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// The earlier date.
    pub then: Day,
    /// The later date.
    pub now: Day,
}

/// How far a concept has moved a customer's risk.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// Log-odds.
    pub log_odds: f64,
    /// The numbers of both dates: "NPS fell from 9 to 3".
    pub text: String,
    /// Whether it may be told.
    pub is_told: bool,
}

/// How a customer stands to the lists of two dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// On both, or on neither.
    Stayed,
    /// On the later one alone, and on none before.
    New,
    /// On the later one alone, and on one before the earlier one.
    Returned,
    /// On the earlier one alone.
    Left,
}

/// Why a customer was not scored on the earlier date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotYetScored {
    /// Signed up on that day, which was too late to be scored.
    SignedUp(Day),
    /// The contract began on that day.
    ContractBegan(Day),
    /// There was no row for so many days.
    Inactive(u32),
    /// Nothing is known of it.
    Unknown,
}

/// Why a customer is not scored on the later date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLongerScored {
    /// Cancelled on that day.
    Cancelled(Day),
    /// Gave notice to leave on that day.
    GaveNotice(Day),
    /// The contract ended on that day.
    ContractEnded(Day),
    /// There has been no row for so many days.
    Inactive(u32),
    /// The customers table has the customer no more.
    NotInTable,
    /// Nothing is known of it.
    Unknown,
}

/// Another model than that of the earlier date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OtherModel<'a> {
    /// Its version.
    pub version: &'a str,
    /// How far it moves the log-odds of the same numbers.
    pub log_odds: f64,
}

impl Explainer {
    /// How far each concept has moved a customer's log-odds from one date to another under the same model, furthest first.
    /// They sum to the difference of the two log-odds.
    pub fn moved(&self, then: Numbers<'_>, now: Numbers<'_>) -> Vec<Moved> {
        let (before, after) = (self.totals(then.raw, &then.row.effects), self.totals(now.raw, &now.row.effects));
        let mut all: Vec<(usize, Moved)> = Vec::new();
        for (place, concept) in self.concepts.iter().enumerate() {
            if before[place].is_none() && after[place].is_none() {
                continue;
            }
            let log_odds = after[place].unwrap_or(0.0) - before[place].unwrap_or(0.0);
            let text = Both { concept, then, now, log_odds, look_back_days: self.look_back_days }.told();
            all.push((place, Moved { log_odds, text, is_told: !self.is_untold(concept) }));
        }

        all.sort_by(|(i, a), (j, b)| b.log_odds.abs().total_cmp(&a.log_odds.abs()).then(i.cmp(j)));
        all.into_iter().map(|(_, moved)| moved).collect()
    }
}

/// What has moved a customer's risk between two dates: the concepts that did most, those that raised it first, and the
/// model if it is another one. "Risk up since 25 May: NPS fell from 9 to 3. Down: logins are back, 5 in 28 days."
pub fn told(standing: Standing, between: Between, moved: &[Moved], model: Option<OtherModel<'_>>) -> String {
    let strongest: Vec<&Moved> =
        moved.iter().filter(|moved| moved.is_told && moved.log_odds.abs() >= LEAST).take(NAMED).collect();
    let side = |is_up: bool| -> Option<String> {
        let texts: Vec<&str> =
            strongest.iter().filter(|moved| (moved.log_odds > 0.0) == is_up).map(|moved| moved.text.as_str()).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    };

    let since = date(between.then, between.now);
    let what = match (side(true), side(false)) {
        (None, None) => format!("Little has changed since {since}"),
        (Some(up), None) => format!("Risk up since {since}: {up}"),
        (None, Some(down)) => format!("Risk down since {since}: {down}"),
        // What did most comes first.
        (Some(up), Some(down)) if strongest[0].log_odds > 0.0 => format!("Risk up since {since}: {up}. Down: {down}"),
        (Some(up), Some(down)) => format!("Risk down since {since}: {down}. Up: {up}"),
    };
    format!("{}{what}{}", leading(standing), model.map_or(String::new(), of_model))
}

/// What is said of a customer on the list who was not scored on the earlier date.
pub fn first_scored(standing: Standing, why: NotYetScored, between: Between) -> String {
    let (then, day) = (date(between.then, between.now), |day| date(day, between.now));
    let why = match why {
        NotYetScored::SignedUp(on) => format!("signed up on {}, too new to be scored on {then}", day(on)),
        NotYetScored::ContractBegan(on) => format!("the contract began on {}", day(on)),
        NotYetScored::Inactive(silent) => {
            format!("active again; on {then} there had been no activity for {}", days(f64::from(silent)))
        }
        NotYetScored::Unknown => format!("not scored on {then}"),
    };
    format!("{}{}", leading(standing), sentence(&why))
}

/// What is said of a customer who was on the earlier list and is not scored any more.
pub fn no_longer_scored(why: NoLongerScored, between: Between) -> String {
    let day = |day| date(day, between.now);
    let why = match why {
        NoLongerScored::Cancelled(on) => format!("cancelled on {}", day(on)),
        NoLongerScored::GaveNotice(on) => format!("gave notice to leave on {}", day(on)),
        NoLongerScored::ContractEnded(on) => format!("the contract ended on {}", day(on)),
        NoLongerScored::Inactive(silent) => format!("no activity for {}", days(f64::from(silent))),
        NoLongerScored::NotInTable => "no longer in the customers table".to_owned(),
        NoLongerScored::Unknown => "not scored any more".to_owned(),
    };
    format!("{}{}", leading(Standing::Left), sentence(&why))
}

fn leading(standing: Standing) -> &'static str {
    match standing {
        Standing::Stayed => "",
        Standing::New => "New on the list. ",
        Standing::Returned => "Back on the list. ",
        Standing::Left => "Left the list. ",
    }
}

fn of_model(model: OtherModel<'_>) -> String {
    let OtherModel { version, log_odds } = model;
    if log_odds.abs() < LEAST {
        String::new()
    } else {
        let way = if log_odds > 0.0 { "higher" } else { "lower" };
        format!(". Model {version} rates the same numbers {way} than the model then")
    }
}

/// A concept in a customer's numbers of two dates.
struct Both<'a> {
    concept: &'a Concept,
    then: Numbers<'a>,
    now: Numbers<'a>,
    /// How far it has moved the risk.
    log_odds: f64,
    look_back_days: u32,
}

/// A value that is there on one of the two dates alone.
#[derive(Clone, Copy, Debug, PartialEq)]
enum OneSided {
    Then(f64),
    Now(f64),
}

/// A number on two dates.
#[derive(Clone, Copy)]
struct Pair {
    then: f64,
    now: f64,
}

impl Both<'_> {
    fn told(&self) -> String {
        match self.concept.family {
            Family::Volume => self.volume(),
            Family::Value => self.value(),
            Family::Categories => self.categories(),
            Family::Mood => self.mood(),
            Family::Score => self.score(),
            Family::Tenure => self.tenure(),
            Family::Number => self.column(),
            Family::Level => self.level(),
        }
    }

    fn then(&self, measure: Measure, window: Option<u32>) -> Option<f64> {
        self.concept.number(self.then.raw, measure, window)
    }

    fn now(&self, measure: Measure, window: Option<u32>) -> Option<f64> {
        self.concept.number(self.now.raw, measure, window)
    }

    fn pair(&self, measure: Measure, window: u32) -> Option<Pair> {
        let (then, now) = (self.then(measure, Some(window))?, self.now(measure, Some(window))?);
        Some(Pair { then, now })
    }

    /// How far some of the terms have moved the risk, in the direction in which all of them together have.
    fn moved_by(&self, keep: impl Fn(&Part) -> bool) -> f64 {
        let effect = |row: &Row, term: usize| row.effects.get(term).copied().unwrap_or(0.0);
        let parts = self.concept.parts.iter().filter(|part| keep(part));
        let moved: f64 = parts.map(|part| effect(self.now.row, part.term) - effect(self.then.row, part.term)).sum();
        moved * self.log_odds.signum()
    }

    /// Of the windows for which there is something to tell, the one that has done most to move the risk.
    fn window<T>(&self, tell: impl Fn(u32) -> Option<T>) -> Option<(u32, T)> {
        let told = self.concept.windows().into_iter().filter_map(|window| Some((window, tell(window)?)));
        let moved = |window: u32| self.moved_by(|part| part.window == Some(window));
        told.min_by(|(a, _), (b, _)| moved(*b).total_cmp(&moved(*a)).then(a.cmp(b)))
    }

    /// The window of those in which a measure is written differently on the two dates.
    fn changed_window(&self, measure: Measure, written: impl Fn(f64) -> String) -> Option<(u32, Pair)> {
        self.window(|window| self.pair(measure, window).filter(|pair| written(pair.then) != written(pair.now)))
    }

    /// The window of those in which a measure is there on one of the two dates alone: and its value.
    fn one_sided_window(&self, measure: Measure) -> Option<(u32, OneSided)> {
        self.window(|window| match (self.then(measure, Some(window)), self.now(measure, Some(window))) {
            (Some(then), None) => Some(OneSided::Then(then)),
            (None, Some(now)) => Some(OneSided::Now(now)),
            _ => None,
        })
    }

    fn volume(&self) -> String {
        let words = &self.concept.words;
        let rows = &words.rows;
        if let Some((window, Pair { then, now })) = self.changed_window(Measure::Count, whole) {
            let within = days(f64::from(window));
            let windows = self.concept.windows();
            let middle = windows.get(windows.len() / 2).copied();
            let was_silent = self.then(Measure::Count, middle) == Some(0.0);
            return if now == 0.0 {
                format!("no {} in {within}, {} then", rows.many, whole(then))
            } else if then == 0.0 && was_silent {
                format!("{} are back, {} in {within} and none then", rows.many, whole(now))
            } else if then == 0.0 {
                format!("{} in {within}, none then", rows.counted(now))
            } else {
                format!("{} in {within}, {} then", rows.counted(now), whole(then))
            };
        }

        if let Some((window, Pair { then, now })) = self.changed_window(Measure::Sum, |sum| words.unit.written(sum)) {
            let (now, then) = (words.unit.written(now), words.unit.written(then));
            return format!("{} came to {now} in {}, {then} then", rows.many, days(f64::from(window)));
        }
        let recency = |value: Option<f64>| value.map(|recency| whole(recency.ceil().max(1.0)));
        let now = recency(self.now(Measure::DaysSinceLast, None));
        let counts = self.moved_by(|part| part.measure == Some(Measure::DaysSinceLast)) > 0.0;
        match (recency(self.then(Measure::DaysSinceLast, None)), now) {
            (Some(then), Some(now)) if then != now && counts => {
                format!("the last {} was {} ago, {then} then", rows.one, day_or_days(&now))
            }
            (Some(then), None) => format!("no {} any more, the last {} ago then", rows.many, day_or_days(&then)),
            (None, Some(_)) => format!("{} are back", rows.many),
            _ => format!("as many {} as then, in another rhythm", rows.many),
        }
    }

    fn value(&self) -> String {
        let words = &self.concept.words;
        let written = |value: f64| words.unit.written(value);
        let Some((window, Pair { then, now })) = self.changed_window(Measure::Mean, written) else {
            return match self.one_sided_window(Measure::Mean) {
                Some((window, OneSided::Then(then))) => {
                    let (rows, subject) = (&words.rows.many, &words.subject.one);
                    format!(
                        "no {rows} with {subject} in {}, {} on average then",
                        days(f64::from(window)),
                        written(then)
                    )
                }
                Some((window, OneSided::Now(now))) => {
                    let within = days(f64::from(window));
                    format!("{} averaged {} in {within}, none then", words.rows.many, written(now))
                }
                _ => format!("{} are worth as much as then", words.rows.many),
            };
        };
        let subject = if words.unit == Unit::Plain { format!(" a {} of", words.subject.one) } else { String::new() };
        let within = days(f64::from(window));
        format!("{} averaged{subject} {} in {within}, {} then", words.rows.many, written(now), written(then))
    }

    fn categories(&self) -> String {
        let words = &self.concept.words;
        match self.changed_window(Measure::Categories, whole) {
            Some((window, Pair { then, now })) => {
                let now = words.subject.counted_or_no(now);
                format!("{} used {now} in {}, {} then", words.rows.many, days(f64::from(window)), whole(then))
            }
            None => format!("{} used as many {} as then", words.rows.many, words.subject.many),
        }
    }

    fn mood(&self) -> String {
        let rows = &self.concept.words.rows.many;
        if let Some((window, Pair { then, now })) = self.changed_window(Measure::Mean, |mood| decimals(mood, 2)) {
            let verb = if now < then { "fell" } else { "rose" };
            let (then, now) = (decimals(then, 2), decimals(now, 2));
            return format!("mood of {rows} {verb} from {then} to {now} in {}", days(f64::from(window)));
        }
        match self.changed_window(Measure::NegativeShare, percent) {
            Some((window, Pair { then, now })) => {
                let within = days(f64::from(window));
                format!("{} of {rows} negative in {within}, {} then", percent(now), percent(then))
            }
            None => match self.one_sided_window(Measure::Mean) {
                Some((window, OneSided::Then(then))) => {
                    format!("no mood of {rows} in {}, {} then", days(f64::from(window)), decimals(then, 2))
                }
                Some((window, OneSided::Now(now))) => {
                    format!("mood of {rows} is {} in {}, none then", decimals(now, 2), days(f64::from(window)))
                }
                _ => format!("mood of {rows} as it was"),
            },
        }
    }

    fn score(&self) -> String {
        let name = &self.concept.words.subject.one;
        let age = |recency: f64| day_or_days(&whole(recency.ceil().max(1.0)));
        let (then, now) = (self.then(Measure::SurveyLast, None), self.now(Measure::SurveyLast, None));
        let recency = Measure::SurveyDaysSinceLast;
        match (then, now, self.now(recency, None)) {
            (Some(then), Some(now), _) if number(then) != number(now) => {
                format!("{name} {} from {} to {}", if now < then { "fell" } else { "rose" }, number(then), number(now))
            }
            (None, Some(now), _) => format!("{name} answered with {}", number(now)),
            (Some(_), None, _) => format!("no {name} answer in {} any more", days(f64::from(self.look_back_days))),
            (Some(_), Some(now), Some(young)) => {
                let is_new = self.then(recency, None).is_some_and(|old| young < old + NEW_ANSWER);
                let again = if is_new { " again" } else { "" };
                format!("the last {name} answer,{again} {}, was {} ago", number(now), age(young))
            }
            _ => format!("no {name} answer"),
        }
    }

    fn tenure(&self) -> String {
        match self.now(Measure::Tenure, None) {
            Some(tenure) => format!("customer for {} by now", days(tenure)),
            None => "sign-up date is not known".to_owned(),
        }
    }

    /// "monthly revenue rose from 49.99 to 60"
    fn column(&self) -> String {
        let name = &self.concept.words.subject.one;
        let of = |raw: &[f32]| {
            let cell = self.concept.cells.first()?;
            raw.get(cell.column).map(|&value| f64::from(value)).filter(|value| value.is_finite())
        };
        match (of(self.then.raw), of(self.now.raw)) {
            (Some(then), Some(now)) if number(then) != number(now) => {
                format!("{name} {} from {} to {}", if now < then { "fell" } else { "rose" }, number(then), number(now))
            }
            (None, Some(now)) => format!("{name} known by now, {}", number(now)),
            (Some(then), None) => format!("{name} no longer known, {} then", number(then)),
            _ => format!("{name} as it was"),
        }
    }

    /// "plan changed from basic to pro"
    fn level(&self) -> String {
        let name = &self.concept.words.subject.one;
        let column = self.concept.cells.first().map_or(0, |cell| cell.column);
        let of = |levels: &[Option<&str>]| levels.get(column).copied().flatten().map(quoted);
        match (of(self.then.levels), of(self.now.levels)) {
            (Some(then), Some(now)) if then != now => format!("{name} changed from {then} to {now}"),
            (None, Some(now)) => format!("{name} known by now, {now}"),
            (Some(then), None) => format!("{name} no longer known, {then} then"),
            _ => format!("{name} as it was"),
        }
    }
}

/// "1 day", "12 days", from a number as it is written.
fn day_or_days(count: &str) -> String {
    format!("{count} day{}", if count == "1" { "" } else { "s" })
}
