//! What has changed: how far each concept has moved a customer's risk between two dates, and the sentences that say so in
//! the customer's numbers of both. Every sentence about change is written here.

use super::catalogue::{Concept, Family, Part};
use super::language::{quoted, sentence, Phrase, Speech, Unit};
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
            let text =
                Both { speech: &self.speech, concept, then, now, log_odds, look_back_days: self.look_back_days }.told();
            all.push((place, Moved { log_odds, text, is_told: !self.is_untold(concept) }));
        }

        all.sort_by(|(i, a), (j, b)| b.log_odds.abs().total_cmp(&a.log_odds.abs()).then(i.cmp(j)));
        all.into_iter().map(|(_, moved)| moved).collect()
    }

    /// What has moved a customer's risk between two dates: the concepts that did most, those that raised it first, and the
    /// model if it is another one. "Risk up since 25 May: NPS fell from 9 to 3. Down: logins are back, 5 in 28 days."
    pub fn change_told(
        &self,
        standing: Standing,
        between: Between,
        moved: &[Moved],
        model: Option<OtherModel<'_>>,
    ) -> String {
        let speech = &self.speech;
        let strongest: Vec<&Moved> =
            moved.iter().filter(|moved| moved.is_told && moved.log_odds.abs() >= LEAST).take(NAMED).collect();
        let side = |is_up: bool| -> String {
            let texts: Vec<&str> = strongest
                .iter()
                .filter(|moved| (moved.log_odds > 0.0) == is_up)
                .map(|moved| moved.text.as_str())
                .collect();
            texts.join(&speech.word("semicolon"))
        };

        let (up, down) = (side(true), side(false));
        let key = match (up.is_empty(), down.is_empty()) {
            (true, true) => "change-little",
            (false, true) => "change-up",
            (true, false) => "change-down",
            // What did most comes first.
            (false, false) if strongest[0].log_odds > 0.0 => "change-up-and-down",
            (false, false) => "change-down-and-up",
        };
        let since = speech.date(between.then, between.now);
        let what = speech.phrase(key).text("since", since).text("up", up).text("down", down).say();
        leading(speech, standing, of_model(speech, what, model))
    }

    /// What is said of a customer on the list who was not scored on the earlier date.
    pub fn first_scored(&self, standing: Standing, why: NotYetScored, between: Between) -> String {
        let speech = &self.speech;
        let dated = |key, on| speech.phrase(key).text("on", speech.date(on, between.now));
        let phrase = match why {
            NotYetScored::SignedUp(on) => dated("change-signed-up", on),
            NotYetScored::ContractBegan(on) => dated("change-contract-began", on),
            NotYetScored::Inactive(silent) => speech.phrase("change-active-again").days(f64::from(silent)),
            NotYetScored::Unknown => speech.phrase("change-not-scored-then"),
        };
        let why = phrase.text("then", speech.date(between.then, between.now)).say();
        leading(speech, standing, sentence(&why))
    }

    /// What is said of a customer who was on the earlier list and is not scored any more.
    pub fn no_longer_scored(&self, why: NoLongerScored, between: Between) -> String {
        let speech = &self.speech;
        let dated = |key, on| speech.phrase(key).text("on", speech.date(on, between.now)).say();
        let why = match why {
            NoLongerScored::Cancelled(on) => dated("change-cancelled", on),
            NoLongerScored::GaveNotice(on) => dated("change-gave-notice", on),
            NoLongerScored::ContractEnded(on) => dated("change-contract-ended", on),
            NoLongerScored::Inactive(silent) => speech.phrase("change-inactive").days(f64::from(silent)).say(),
            NoLongerScored::NotInTable => speech.word("change-not-in-table"),
            NoLongerScored::Unknown => speech.word("change-not-scored"),
        };
        leading(speech, Standing::Left, sentence(&why))
    }
}

/// A text after how the customer stands to the lists.
fn leading(speech: &Speech, standing: Standing, text: String) -> String {
    let key = match standing {
        Standing::Stayed => return text,
        Standing::New => "standing-new",
        Standing::Returned => "standing-returned",
        Standing::Left => "standing-left",
    };
    [speech.word(key), text].join(&speech.word("sentence-space"))
}

/// A text with what another model has done.
fn of_model(speech: &Speech, text: String, model: Option<OtherModel<'_>>) -> String {
    match model.filter(|model| model.log_odds.abs() >= LEAST) {
        Some(OtherModel { version, log_odds }) => {
            let key = if log_odds > 0.0 { "change-model-higher" } else { "change-model-lower" };
            speech.phrase(key).text("text", text).text("version", version).say()
        }
        None => text,
    }
}

/// A concept in a customer's numbers of two dates.
struct Both<'a> {
    speech: &'a Speech,
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

impl<'a> Both<'a> {
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

    /// A phrase about the rows of the signal.
    fn of_rows(&self, key: &'a str) -> Phrase<'a> {
        self.speech.phrase(key).rows(&self.concept.words.rows).subject(&self.concept.words.subject)
    }

    /// A phrase about the instrument or the column.
    fn of_name(&self, key: &'a str) -> Phrase<'a> {
        self.speech.phrase(key).text("name", self.concept.words.subject.one.as_str())
    }

    fn volume(&self) -> String {
        let words = &self.concept.words;
        if let Some((window, Pair { then, now })) =
            self.changed_window(Measure::Count, |count| self.speech.whole(count))
        {
            let windows = self.concept.windows();
            let middle = windows.get(windows.len() / 2).copied();
            let was_silent = self.then(Measure::Count, middle) == Some(0.0);
            let key = if now == 0.0 {
                "change-none"
            } else if then == 0.0 && was_silent {
                "change-back-with"
            } else if then == 0.0 {
                "change-some"
            } else {
                "change-count"
            };
            let phrase = self.of_rows(key).days(f64::from(window)).count("count", now);
            return phrase.text("then", self.speech.whole(then)).say();
        }

        let written = |sum: f64| words.unit.written(self.speech, sum);
        if let Some((window, Pair { then, now })) = self.changed_window(Measure::Sum, written) {
            return self.of_two("change-sum", window, written(then), written(now));
        }
        let recency = |value: Option<f64>| value.map(|recency| recency.ceil().max(1.0));
        let (then, now) = (self.then(Measure::DaysSinceLast, None), self.now(Measure::DaysSinceLast, None));
        let counts = self.moved_by(|part| part.measure == Some(Measure::DaysSinceLast)) > 0.0;
        match (recency(then), recency(now)) {
            (Some(then), Some(now)) if self.speech.whole(then) != self.speech.whole(now) && counts => {
                self.of_rows("change-last").days(now).text("then", self.speech.whole(then)).say()
            }
            (Some(then), None) => self.of_rows("change-gone").days(then).say(),
            (None, Some(_)) => self.of_rows("change-back").say(),
            _ => self.of_rows("change-rhythm").say(),
        }
    }

    /// A phrase about the rows of a window, with a number of either date as it is written.
    fn of_two(&self, key: &'a str, window: u32, then: String, now: String) -> String {
        self.of_rows(key).days(f64::from(window)).text("then", then).text("now", now).say()
    }

    fn value(&self) -> String {
        let words = &self.concept.words;
        let written = |value: f64| words.unit.written(self.speech, value);
        if let Some((window, Pair { then, now })) = self.changed_window(Measure::Mean, written) {
            let key = if words.unit == Unit::Plain { "change-mean-of" } else { "change-mean" };
            return self.of_two(key, window, written(then), written(now));
        }
        match self.one_sided_window(Measure::Mean) {
            Some((window, OneSided::Then(then))) => {
                self.of_rows("change-mean-gone").days(f64::from(window)).text("then", written(then)).say()
            }
            Some((window, OneSided::Now(now))) => {
                self.of_rows("change-mean-new").days(f64::from(window)).text("now", written(now)).say()
            }
            None => self.of_rows("change-mean-same").say(),
        }
    }

    fn categories(&self) -> String {
        match self.changed_window(Measure::Categories, |count| self.speech.whole(count)) {
            Some((window, Pair { then, now })) => {
                let phrase = self.of_rows("change-categories").days(f64::from(window)).count("count", now);
                phrase.text("then", self.speech.whole(then)).say()
            }
            None => self.of_rows("change-categories-same").say(),
        }
    }

    fn mood(&self) -> String {
        let written = |mood: f64| self.speech.decimals(mood, 2);
        if let Some((window, Pair { then, now })) = self.changed_window(Measure::Mean, written) {
            let key = if now < then { "change-mood-fell" } else { "change-mood-rose" };
            return self.of_two(key, window, written(then), written(now));
        }
        let share = |share: f64| self.speech.percent(share);
        if let Some((window, Pair { then, now })) = self.changed_window(Measure::NegativeShare, share) {
            return self.of_two("change-negative", window, share(then), share(now));
        }
        match self.one_sided_window(Measure::Mean) {
            Some((window, OneSided::Then(then))) => {
                self.of_rows("change-mood-gone").days(f64::from(window)).text("then", written(then)).say()
            }
            Some((window, OneSided::Now(now))) => {
                self.of_rows("change-mood-new").days(f64::from(window)).text("now", written(now)).say()
            }
            None => self.of_rows("change-mood-same").say(),
        }
    }

    /// "NPS fell from 9 to 3", of numbers that are written differently.
    fn fell_or_rose(&self, then: f64, now: f64) -> Option<String> {
        let (before, after) = (self.speech.number(then), self.speech.number(now));
        let key = if now < then { "change-fell" } else { "change-rose" };
        (before != after).then(|| self.of_name(key).text("then", before).text("now", after).say())
    }

    fn score(&self) -> String {
        let (then, now) = (self.then(Measure::SurveyLast, None), self.now(Measure::SurveyLast, None));
        if let Some(told) = then.zip(now).and_then(|(then, now)| self.fell_or_rose(then, now)) {
            return told;
        }

        let recency = Measure::SurveyDaysSinceLast;
        match (then, now, self.now(recency, None)) {
            (None, Some(now), _) => self.of_name("change-answered").text("now", self.speech.number(now)).say(),
            (Some(_), None, _) => self.of_name("change-no-answer-any-more").days(f64::from(self.look_back_days)).say(),
            (Some(_), Some(now), Some(young)) => {
                let is_new = self.then(recency, None).is_some_and(|old| young < old + NEW_ANSWER);
                let phrase = self.of_name(if is_new { "change-answer-again" } else { "change-answer" });
                phrase.text("now", self.speech.number(now)).days(young.ceil().max(1.0)).say()
            }
            _ => self.of_name("change-no-answer").say(),
        }
    }

    fn tenure(&self) -> String {
        match self.now(Measure::Tenure, None) {
            Some(tenure) => self.speech.phrase("change-tenure").days(tenure).say(),
            None => self.speech.word("reason-tenure-unknown"),
        }
    }

    /// "monthly revenue rose from 49.99 to 60"
    fn column(&self) -> String {
        let of = |raw: &[f32]| {
            let cell = self.concept.cells.first()?;
            raw.get(cell.column).map(|&value| f64::from(value)).filter(|value| value.is_finite())
        };
        let (then, now) = (of(self.then.raw), of(self.now.raw));
        if let Some(told) = then.zip(now).and_then(|(then, now)| self.fell_or_rose(then, now)) {
            return told;
        }
        let written = |value: f64| self.speech.number(value);
        self.known_or_not(then.map(written), now.map(written))
    }

    /// A value that is there on one of the two dates alone, or the same on both.
    fn known_or_not(&self, then: Option<String>, now: Option<String>) -> String {
        match (then, now) {
            (None, Some(now)) => self.of_name("change-known").text("now", now).say(),
            (Some(then), None) => self.of_name("change-unknown").text("then", then).say(),
            _ => self.of_name("change-same").say(),
        }
    }

    /// "plan changed from basic to pro"
    fn level(&self) -> String {
        let column = self.concept.cells.first().map_or(0, |cell| cell.column);
        let of = |levels: &[Option<&str>]| levels.get(column).copied().flatten().map(quoted);
        match (of(self.then.levels), of(self.now.levels)) {
            (Some(then), Some(now)) if then != now => {
                self.of_name("change-level").text("then", then).text("now", now).say()
            }
            (then, now) => self.known_or_not(then, now),
        }
    }
}
