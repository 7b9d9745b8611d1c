//! What is said of a concept that has moved a customer's risk, in the numbers of both dates, and whether that says
//! something.

use crate::artefact::Row;
use crate::features::Measure;
use crate::reasons::catalogue::{Concept, Family, Part};
use crate::reasons::chance;
use crate::reasons::language::{quoted, Phrase, Speech, Unit};
use crate::reasons::usual::Usual;

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

/// A concept in a customer's numbers of two dates.
pub(super) struct Both<'a> {
    pub speech: &'a Speech,
    /// What is usual among the customers, which tells whether more of something goes with a greater risk.
    pub usual: &'a Usual,
    pub concept: &'a Concept,
    pub then: Numbers<'a>,
    pub now: Numbers<'a>,
    /// How far it has moved the risk.
    pub log_odds: f64,
    /// The days between the two dates.
    pub days: f64,
    pub look_back_days: u32,
}

/// A sentence about a change.
pub(super) struct Said {
    pub text: String,
    /// Whether the numbers have changed by more than chance makes, in the way that explains what the risk has done.
    pub is_telling: bool,
}

impl Said {
    fn telling(text: String) -> Said {
        Said { text, is_telling: true }
    }

    /// Numbers that are as they were, or nearly.
    fn thin(text: String) -> Said {
        Said { text, is_telling: false }
    }
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

/// A number that has changed over a window.
struct Changed {
    window: u32,
    pair: Pair,
    is_telling: bool,
}

impl<'a> Both<'a> {
    pub fn said(&self) -> Said {
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

    /// The window in which a measure has changed: one in which that says something, by `is_clear` and the way it moved,
    /// or else one in which it is written differently.
    fn changed(
        &self,
        measure: Measure,
        written: impl Fn(f64) -> String,
        is_clear: impl Fn(u32, Pair) -> bool,
    ) -> Option<Changed> {
        let differs = |window: u32| self.pair(measure, window).filter(|pair| written(pair.then) != written(pair.now));
        let tells = |window: u32| {
            differs(window).filter(|&pair| is_clear(window, pair) && self.explains(measure, Some(window), pair))
        };
        let telling = self.window(tells).map(|(window, pair)| Changed { window, pair, is_telling: true });
        telling.or_else(|| self.window(differs).map(|(window, pair)| Changed { window, pair, is_telling: false }))
    }

    /// Whether a number has moved the way that goes with what the risk has done, among all customers. Where that is not
    /// known, it has.
    fn explains(&self, measure: Measure, window: Option<u32>, pair: Pair) -> bool {
        let cell = self.concept.cell(measure, window);
        let Some(usual) = cell.and_then(|cell| self.usual.number(cell.column)) else { return true };
        (pair.now > pair.then) == (usual.is_adverse == (self.log_odds > 0.0))
    }

    /// The greater of the numbers of rows that lie in a window on the two dates; 1 if that is not known.
    fn rows_behind(&self, window: u32) -> f64 {
        let part = self.concept.parts.iter().find(|part| part.window == Some(window) && part.rows.is_some());
        let Some(column) = part.and_then(|part| part.rows) else { return 1.0 };
        let rows = |raw: &[f32]| raw.get(column).map_or(1.0, |&rows| f64::from(rows));
        rows(self.then.raw).max(rows(self.now.raw)).max(1.0)
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

    fn volume(&self) -> Said {
        let candidates = [self.count(), self.sum(), self.recency()];
        first_telling(candidates).unwrap_or_else(|| Said::thin(self.of_rows("change-rhythm").say()))
    }

    fn count(&self) -> Option<Said> {
        let is_clear =
            |window: u32, pair: Pair| chance::is_other_count(pair.then, pair.now, self.days / f64::from(window.max(1)));
        let changed = self.changed(Measure::Count, |count| self.speech.whole(count), is_clear)?;
        let Changed { window, pair: Pair { then, now }, is_telling } = changed;

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
        Some(Said { text: phrase.text("then", self.speech.whole(then)).say(), is_telling })
    }

    fn sum(&self) -> Option<Said> {
        let written = |sum: f64| self.concept.words.unit.written(self.speech, sum);
        let changed = self.changed(Measure::Sum, written, is_other_value)?;
        let (then, now) = (written(changed.pair.then), written(changed.pair.now));
        let text = self.of_two("change-sum", changed.window, then, now);
        Some(Said { text, is_telling: changed.is_telling })
    }

    /// How long ago the last row was. A silence says something if it is longer than the customer's habit would make it.
    fn recency(&self) -> Option<Said> {
        const MEASURE: Measure = Measure::DaysSinceLast;
        let (then, now) = match (self.then(MEASURE, None), self.now(MEASURE, None)) {
            (Some(then), Some(now)) => (then, now),
            (Some(then), None) => return Some(Said::telling(self.of_rows("change-gone").days(days_ago(then)).say())),
            (None, Some(_)) => return Some(Said::telling(self.of_rows("change-back").say())),
            (None, None) => return None,
        };

        let is_silence = |part: &Part| matches!(part.measure, Some(MEASURE | Measure::DaysSinceLastOverGap));
        let counts = self.moved_by(is_silence) > 0.0;
        let written = |recency: f64| self.speech.whole(days_ago(recency));
        if !counts || written(then) == written(now) {
            return None;
        }
        let longest = self.concept.windows().last().copied().unwrap_or(self.look_back_days);
        let rows = |raw: &[f32]| self.concept.number(raw, Measure::Count, Some(longest)).unwrap_or(0.0);
        let (rows, silence) = (rows(self.then.raw).max(rows(self.now.raw)), then.max(now));
        let is_lull = chance::is_lull(rows, silence, f64::from(longest));
        let text = self.of_rows("change-last").days(days_ago(now)).text("then", written(then)).say();
        Some(Said { text, is_telling: is_lull && self.explains(MEASURE, None, Pair { then, now }) })
    }

    /// A phrase about the rows of a window, with a number of either date as it is written.
    fn of_two(&self, key: &'a str, window: u32, then: String, now: String) -> String {
        self.of_rows(key).days(f64::from(window)).text("then", then).text("now", now).say()
    }

    fn value(&self) -> Said {
        let words = &self.concept.words;
        let written = |value: f64| words.unit.written(self.speech, value);
        let changed =
            self.changed(Measure::Mean, written, is_other_value).map(|Changed { window, pair, is_telling }| {
                let key = if words.unit == Unit::Plain { "change-mean-of" } else { "change-mean" };
                Said { text: self.of_two(key, window, written(pair.then), written(pair.now)), is_telling }
            });
        let one_sided = self.one_sided_window(Measure::Mean).map(|(window, side)| {
            let of_window = |key| self.of_rows(key).days(f64::from(window));
            Said::telling(match side {
                OneSided::Then(then) => of_window("change-mean-gone").text("then", written(then)).say(),
                OneSided::Now(now) => of_window("change-mean-new").text("now", written(now)).say(),
            })
        });
        first_telling([changed, one_sided]).unwrap_or_else(|| Said::thin(self.of_rows("change-mean-same").say()))
    }

    fn categories(&self) -> Said {
        match self.changed(Measure::Categories, |count| self.speech.whole(count), is_other_value) {
            Some(Changed { window, pair: Pair { then, now }, is_telling }) => {
                let phrase = self.of_rows("change-categories").days(f64::from(window)).count("count", now);
                Said { text: phrase.text("then", self.speech.whole(then)).say(), is_telling }
            }
            None => Said::thin(self.of_rows("change-categories-same").say()),
        }
    }

    fn mood(&self) -> Said {
        let written = |mood: f64| self.speech.decimals(mood, 2);
        let is_clear = |window: u32, pair: Pair| chance::is_other_mood(pair.now, pair.then, self.rows_behind(window));
        let mood = self.changed(Measure::Mean, written, is_clear).map(|Changed { window, pair, is_telling }| {
            let key = if pair.now < pair.then { "change-mood-fell" } else { "change-mood-rose" };
            Said { text: self.of_two(key, window, written(pair.then), written(pair.now)), is_telling }
        });

        let share = |share: f64| self.speech.percent(share);
        let is_clear = |window: u32, pair: Pair| chance::is_other_share(pair.now, pair.then, self.rows_behind(window));
        let changed = self.changed(Measure::NegativeShare, share, is_clear);
        let negative = changed.map(|Changed { window, pair, is_telling }| Said {
            text: self.of_two("change-negative", window, share(pair.then), share(pair.now)),
            is_telling,
        });

        let one_sided = self.one_sided_window(Measure::Mean).map(|(window, side)| {
            let of_window = |key| self.of_rows(key).days(f64::from(window));
            Said::telling(match side {
                OneSided::Then(then) => of_window("change-mood-gone").text("then", written(then)).say(),
                OneSided::Now(now) => of_window("change-mood-new").text("now", written(now)).say(),
            })
        });
        let candidates = [mood, negative, one_sided];
        first_telling(candidates).unwrap_or_else(|| Said::thin(self.of_rows("change-mood-same").say()))
    }

    /// "NPS fell from 9 to 3", of numbers that are written differently.
    fn fell_or_rose(&self, then: f64, now: f64) -> Option<String> {
        let (before, after) = (self.speech.number(then), self.speech.number(now));
        let key = if now < then { "change-fell" } else { "change-rose" };
        (before != after).then(|| self.of_name(key).text("then", before).text("now", after).say())
    }

    fn score(&self) -> Said {
        let (then, now) = (self.then(Measure::SurveyLast, None), self.now(Measure::SurveyLast, None));
        if let Some((then, now)) = then.zip(now) {
            if let Some(text) = self.fell_or_rose(then, now) {
                return Said { text, is_telling: self.explains(Measure::SurveyLast, None, Pair { then, now }) };
            }
        }

        let recency = Measure::SurveyDaysSinceLast;
        match (then, now, self.now(recency, None)) {
            (None, Some(now), _) => {
                Said::telling(self.of_name("change-answered").text("now", self.speech.number(now)).say())
            }
            (Some(_), None, _) => {
                let phrase = self.of_name("change-no-answer-any-more").days(f64::from(self.look_back_days));
                Said::telling(phrase.say())
            }
            (Some(_), Some(now), Some(young)) => {
                // That the same answer is older by now is nothing new.
                let is_new = self.then(recency, None).is_some_and(|old| young < old + NEW_ANSWER);
                let phrase = self.of_name(if is_new { "change-answer-again" } else { "change-answer" });
                let text = phrase.text("now", self.speech.number(now)).days(days_ago(young)).say();
                Said { text, is_telling: is_new }
            }
            _ => Said::thin(self.of_name("change-no-answer").say()),
        }
    }

    fn tenure(&self) -> Said {
        match self.now(Measure::Tenure, None) {
            Some(tenure) => Said::telling(self.speech.phrase("change-tenure").days(tenure).say()),
            None => Said::thin(self.speech.word("reason-tenure-unknown")),
        }
    }

    /// "monthly revenue rose from 49.99 to 60"
    fn column(&self) -> Said {
        let of = |raw: &[f32]| {
            let cell = self.concept.cells.first()?;
            raw.get(cell.column).map(|&value| f64::from(value)).filter(|value| value.is_finite())
        };
        let (then, now) = (of(self.then.raw), of(self.now.raw));
        if let Some(text) = then.zip(now).and_then(|(then, now)| self.fell_or_rose(then, now)) {
            return Said::telling(text);
        }
        let written = |value: f64| self.speech.number(value);
        self.known_or_not(then.map(written), now.map(written))
    }

    /// A value that is there on one of the two dates alone, or the same on both.
    fn known_or_not(&self, then: Option<String>, now: Option<String>) -> Said {
        match (then, now) {
            (None, Some(now)) => Said::telling(self.of_name("change-known").text("now", now).say()),
            (Some(then), None) => Said::telling(self.of_name("change-unknown").text("then", then).say()),
            _ => Said::thin(self.of_name("change-same").say()),
        }
    }

    /// "plan changed from basic to pro"
    fn level(&self) -> Said {
        let column = self.concept.cells.first().map_or(0, |cell| cell.column);
        let of = |levels: &[Option<&str>]| levels.get(column).copied().flatten().map(quoted);
        match (of(self.then.levels), of(self.now.levels)) {
            (Some(then), Some(now)) if then != now => {
                Said::telling(self.of_name("change-level").text("then", then).text("now", now).say())
            }
            (then, now) => self.known_or_not(then, now),
        }
    }
}

/// The first sentence that says something, or else the first.
fn first_telling<const N: usize>(candidates: [Option<Said>; N]) -> Option<Said> {
    let mut first = None;
    for said in candidates.into_iter().flatten() {
        if said.is_telling {
            return Some(said);
        }
        first = first.or(Some(said));
    }
    first
}

fn is_other_value(_window: u32, pair: Pair) -> bool {
    chance::is_other_value(pair.then.max(pair.now), pair.then.min(pair.now))
}

/// Days ago, counting calendar days: what happened within the day before the date was 1 day ago.
fn days_ago(recency: f64) -> f64 {
    recency.ceil().max(1.0)
}
