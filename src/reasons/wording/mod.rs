//! Wording: what a customer's own numbers say about a concept, and the sentence that carries them.
//!
//! The model chooses the side (too little or too much) and the window; the state and the numbers are the customer's. A
//! sentence says "fell" or "rose" only of numbers that do so as they are written. Where the customer's numbers do not
//! lie on the model's side, the sentence only states them.
//!
//! Every sentence has its yardstick: the customer's own past, or what is usual. Where neither says that something is
//! out of the ordinary, the sentence is not [telling](Told::is_telling).
//!
//! | file | holds the sentences about |
//! |---|---|
//! | `volume` | how many rows of a signal there are, and how lately |
//! | `rows` | what these rows have in common: value, categories, mood |
//! | `answers` | the answers to a survey instrument |
//! | `columns` | time since sign-up, and columns of the customers table |

mod answers;
mod columns;
mod rows;
mod volume;

use super::catalogue::{Concept, Family, Part, State};
use super::language::{sentence, Phrase, Speech};
use super::usual::{Usual, UsualNumber};
use crate::features::Measure;

/// "Only" is for counts this far below the reference, in standard deviations; "low" and "high" are for columns this far
/// from it.
const ONLY: f64 = 0.5;
/// A number that is this near to the reference, in standard deviations, is an ordinary one.
const ORDINARY: f64 = 0.25;

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
    /// Days since the oldest row of the signal that is known of; none if there is none.
    pub oldest: Option<f64>,
    /// Days of history that features look at.
    pub look_back_days: u32,
    /// What is usual.
    pub usual: &'a Usual,
    /// The language.
    pub speech: &'a Speech,
}

/// What is said of a concept.
pub(super) struct Told {
    /// What the numbers say.
    pub state: State,
    /// The sentence.
    pub text: String,
    /// Whether the numbers are out of the ordinary: against the customer's own past or against what is usual, by more
    /// than chance makes half of the time.
    pub is_telling: bool,
}

impl Told {
    fn new(state: State, text: String) -> Told {
        Told { state, text, is_telling: false }
    }

    fn telling(state: State, text: String) -> Told {
        Told { state, text, is_telling: true }
    }

    /// "…; usually 9", if it is known what is usual.
    fn beside_the_usual(mut self, speech: &Speech, usual: Option<String>, is_telling: bool) -> Told {
        if let Some(usual) = usual {
            self.text = speech.phrase("usually").text("text", self.text).text("usual", usual).say();
            self.is_telling |= is_telling;
        }
        self
    }
}

/// What would explain the contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Less than the reference, or than before.
    Low,
    /// More.
    High,
}

impl Side {
    /// Whether a number lies on this side of another one.
    fn is_beyond(self, number: f64, other: f64) -> bool {
        match self {
            Side::Low => number < other,
            Side::High => number > other,
        }
    }
}

/// What there is to say of the concept.
pub(super) fn tell(view: &View<'_>) -> Told {
    let told = match view.concept.family {
        Family::Volume => volume::told(view),
        Family::Value => rows::value(view),
        Family::Categories => rows::categories(view),
        Family::Mood => rows::mood(view),
        Family::Score => answers::told(view),
        Family::Tenure => columns::tenure(view),
        Family::Number => columns::number(view),
        Family::Level => columns::level(view),
    };
    Told { text: sentence(&told.text), ..told }
}

impl<'a> View<'a> {
    /// A feature of the concept; none if it is null.
    fn number(&self, measure: Measure, window: Option<u32>) -> Option<f64> {
        self.concept.number(self.raw, measure, window)
    }

    /// What is usual of a feature of the concept.
    fn usual(&self, measure: Measure, window: Option<u32>) -> Option<UsualNumber> {
        self.usual.number(self.concept.cell(measure, window)?.column)
    }

    /// Whether a feature lies clearly on the side of what is usual on which its state says it does.
    fn is_out_of_the_usual(&self, side: Side, measure: Measure, window: Option<u32>) -> bool {
        let (Some(value), Some(usual)) = (self.number(measure, window), self.usual(measure, window)) else {
            return false;
        };
        side.is_beyond(value, usual.median) && self.deviation(measure, window).abs() >= ORDINARY
    }

    /// How far a feature lies above the reference in standard deviations; 0 if the model does not look at it.
    fn deviation(&self, measure: Measure, window: Option<u32>) -> f64 {
        self.concept
            .cell(measure, window)
            .and_then(|cell| cell.term)
            .and_then(|term| self.deviations.get(term))
            .copied()
            .unwrap_or(0.0)
    }

    /// Whether a feature is known and lies on this side of the reference.
    fn is_on(&self, side: Side, measure: Measure, window: Option<u32>) -> bool {
        side.is_beyond(self.deviation(measure, window), 0.0) && self.number(measure, window).is_some()
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
    /// unless the sum of all is greater. Trends, gaps, recency and what there was in all follow from the levels and
    /// would only blur it.
    pub fn side(&self) -> Side {
        use Measure::{DaysSinceLast, MeanGap, SurveyDaysSinceLast, Trend};
        let is_lifetime = |part: &Part| part.measure.is_some_and(Measure::is_lifetime);
        let is_level = |part: &&Part| {
            let follows = matches!(part.measure, Some(Trend | MeanGap | DaysSinceLast | SurveyDaysSinceLast));
            !part.absence && !follows && !is_lifetime(part)
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

    /// The days of a window in which there could have been something: since the sign-up, and since the signal has been
    /// recorded. Rows from before the sign-up show that the window was seen as a whole.
    fn days_seen(&self, window: u32) -> f64 {
        let recorded = self.concept.signal.as_ref().and_then(|signal| self.usual.recorded(signal));
        let known = self.tenure.unwrap_or(f64::INFINITY).min(recorded.unwrap_or(f64::INFINITY));
        let known = if self.oldest.is_some_and(|oldest| oldest > known.ceil()) { f64::INFINITY } else { known };
        known.ceil().clamp(1.0, f64::from(window.max(1)))
    }

    /// Of how many rows a mean over a window is; 1 if that is not known.
    fn rows_behind_mean(&self, window: u32) -> f64 {
        let part = self.concept.parts.iter().find(|part| part.window == Some(window) && part.rows.is_some());
        let rows = part.and_then(|part| part.rows).and_then(|column| self.raw.get(column));
        rows.map_or(1.0, |&rows| f64::from(rows).max(1.0))
    }

    /// A phrase about the rows of the signal.
    fn of_rows(&self, key: &'a str) -> Phrase<'a> {
        self.speech.phrase(key).rows(&self.concept.words.rows).subject(&self.concept.words.subject)
    }

    /// The same over a window, or over as many of its days as there could have been something in.
    fn of_window(&self, key: &'a str, window: u32) -> Phrase<'a> {
        self.of_rows(key).days(self.days_seen(window))
    }

    /// A phrase about the instrument or the column.
    fn of_name(&self, key: &'a str) -> Phrase<'a> {
        self.speech.phrase(key).column(&self.concept.words.subject.one)
    }

    /// That there is no value, beside the share of customers who have one, if that is known: it is telling if half of
    /// them have.
    fn lacking(&self, told: Told, key: &'a str, usual: Option<UsualNumber>) -> Told {
        match usual {
            Some(usual) => {
                Told { is_telling: usual.known >= 0.5, text: self.with_share(key, told.text, usual.known), ..told }
            }
            None => told,
        }
    }

    /// A text with how many of the customers something is true of.
    fn with_share(&self, key: &'a str, text: String, share: f64) -> String {
        self.speech.phrase(key).text("text", text).text("share", self.speech.percent(share)).say()
    }

    /// "… (84 days: 3)": a text with the same value in the longest window, to compare with; none where it is written
    /// alike.
    fn beside_longest(&self, text: &str, window: u32, written: impl Fn(u32) -> Option<String>) -> Option<String> {
        let longest = self.windows().last().copied().filter(|&longest| longest != window)?;
        let (there, here) = (written(longest)?, written(window)?);
        let phrase = self.speech.phrase("reason-longest").text("text", text).count("window", self.days_seen(longest));
        (there != here).then(|| phrase.text("value", there).say())
    }
}

/// Days ago, counting calendar days: what happened within the day before the as-of date was 1 day ago.
fn days_ago(recency: f64) -> f64 {
    recency.ceil().max(1.0)
}

fn low_or_high(side: Side) -> State {
    match side {
        Side::Low => State::Low,
        Side::High => State::High,
    }
}

/// "usually 9 in 28 days": how a count that is usual is written beside one of fewer days than its window has.
fn with_window(speech: &Speech, written: String, window: u32, seen: f64) -> String {
    if seen < f64::from(window) {
        in_window(speech, written, window)
    } else {
        written
    }
}

/// "9 in 28 days"
fn in_window(speech: &Speech, written: String, window: u32) -> String {
    speech.phrase("usual-in-window").text("usual", written).count("window", f64::from(window)).say()
}
