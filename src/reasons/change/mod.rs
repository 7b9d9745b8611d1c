//! What has changed: how far each concept has moved a customer's risk between two dates, and the sentences that say so
//! in the customer's numbers of both. What is said of a concept is in `sentences`.

mod sentences;

use super::language::{sentence, Speech};
use super::{totals, Explainer, LEAST};
use crate::calendar::Day;
use sentences::Both;

pub use sentences::Numbers;

/// The most concepts that a text names.
const NAMED: usize = 3;

/// Two dates of which the first is the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// The earlier date.
    pub then: Day,
    /// The later date.
    pub now: Day,
}

impl Between {
    /// The days from one to the other.
    fn days(self) -> f64 {
        f64::from(self.now.0 - self.then.0)
    }
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
    /// Whether the numbers say something: they differ by more than chance makes, and in the way that explains the risk.
    pub is_telling: bool,
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
    /// How far each concept has moved a customer's log-odds from one date to another under the same model, furthest
    /// first. They sum to the difference of the two log-odds.
    pub fn moved(&self, between: Between, then: Numbers<'_>, now: Numbers<'_>) -> Vec<Moved> {
        let totals = |raw: &[f32], effects: &[f64]| totals(&self.concepts, &self.volumes, raw, effects);
        let (before, after) = (totals(then.raw, &then.row.effects), totals(now.raw, &now.row.effects));
        let mut all: Vec<(usize, Moved)> = Vec::new();
        for (place, concept) in self.concepts.iter().enumerate() {
            if before[place].is_none() && after[place].is_none() {
                continue;
            }
            let log_odds = after[place].unwrap_or(0.0) - before[place].unwrap_or(0.0);
            let both = Both {
                speech: &self.speech,
                usual: &self.usual,
                concept,
                then,
                now,
                log_odds,
                days: between.days(),
                look_back_days: self.look_back_days,
            };
            let said = both.said();
            let (text, is_telling) = (said.text, said.is_telling);
            all.push((place, Moved { log_odds, text, is_told: !self.is_untold(concept), is_telling }));
        }

        all.sort_by(|(i, a), (j, b)| b.log_odds.abs().total_cmp(&a.log_odds.abs()).then(i.cmp(j)));
        all.into_iter().map(|(_, moved)| moved).collect()
    }

    /// What has moved a customer's risk between two dates: of the concepts whose numbers say something those that did
    /// most, those that raised it first, and the model if it is another one. "Risk up since 25 May: NPS fell from 9 to
    /// 3. Down: logins are back, 5 in 28 days."
    pub fn change_told(
        &self,
        standing: Standing,
        between: Between,
        moved: &[Moved],
        model: Option<OtherModel<'_>>,
    ) -> String {
        let speech = &self.speech;
        let is_named = |moved: &&Moved| moved.is_told && moved.is_telling && moved.log_odds.abs() >= LEAST;
        let strongest: Vec<&Moved> = moved.iter().filter(is_named).take(NAMED).collect();
        let side = |is_up: bool| -> String {
            let texts: Vec<&str> = strongest
                .iter()
                .filter(|moved| (moved.log_odds > 0.0) == is_up)
                .map(|moved| moved.text.as_str())
                .collect();
            texts.join(&speech.word("semicolon"))
        };

        let (up, down) = (side(true), side(false));
        // What the risk did comes first, and where that is not known what did most.
        let together = together(moved);
        let strongest_one = || strongest.first().map_or(0.0, |moved| moved.log_odds);
        let risk = if together.abs() >= LEAST { together } else { strongest_one() };
        let key = match (up.is_empty(), down.is_empty()) {
            (true, true) if together >= LEAST => "change-small-up",
            (true, true) if together <= -LEAST => "change-small-down",
            (true, true) => "change-little",
            (false, true) if risk < 0.0 => "change-small-down-and-up",
            (false, true) => "change-up",
            (true, false) if risk > 0.0 => "change-small-up-and-down",
            (true, false) => "change-down",
            (false, false) if risk > 0.0 => "change-up-and-down",
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

/// How far all that may be told has moved the risk, whether or not it says something by itself.
fn together(moved: &[Moved]) -> f64 {
    moved.iter().filter(|moved| moved.is_told).map(|moved| moved.log_odds).sum()
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
