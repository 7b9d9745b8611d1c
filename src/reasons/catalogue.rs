//! The catalogue of reasons: which concept each term of the design belongs to, and every code that a concept can show.
//!
//! A code is a prefix that names the subject (`LOGINS`, `SURVEY_NPS`, `PLAN`) and a suffix that names the state of the
//! customer's own numbers. [`DEFINITIONS`] is the one list of them; [`concepts`] groups the terms.

use super::language::{spaced, Noun, Rows, Speech, Unit};
use crate::config::{Best, Instrument, Signal, SignalKind};
use crate::features::{Catalogue, Feature, Measure};
use crate::measures;
pub use crate::measures::Family;
use crate::model::design::recipe::{Role, Source, Term};
use std::collections::BTreeMap;

/// The signals of the configuration, by name.
type Signals = BTreeMap<String, Signal>;

/// What the customer's own numbers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Clearly less than in the window before, or than the answer before.
    Drop,
    /// Nothing for a long time.
    Silent,
    /// Nothing for longer than the customer's own rhythm makes likely.
    Overdue,
    /// Less than the reference.
    Low,
    /// Clearly more than in the window before, or than the answer before.
    Rise,
    /// More than the reference.
    High,
    /// Neither more nor less.
    Steady,
    /// A mood below zero.
    Negative,
    /// A mood above zero.
    Positive,
    /// An answer not long ago.
    Recent,
    /// No longer a silence than the customer's own rhythm has.
    InRhythm,
    /// The level itself.
    Given,
    /// There is no value.
    Unknown,
}

/// One reason code without its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// What the concept is about.
    pub family: Family,
    /// What the numbers say.
    pub state: State,
    /// What follows the prefix.
    pub suffix: &'static str,
    /// What the code means.
    pub meaning: &'static str,
    /// A text that it comes with.
    pub example: &'static str,
}

const fn define(
    family: Family,
    state: State,
    suffix: &'static str,
    meaning: &'static str,
    example: &'static str,
) -> Definition {
    Definition { family, state, suffix, meaning, example }
}

/// Every reason code. "Low" and "high" compare with the reference, the others with the customer's own past.
#[rustfmt::skip]
pub const DEFINITIONS: &[Definition] = &[
    define(Family::Volume, State::Drop, "_DROP", "clearly fewer rows than in the window before", "Logins fell from 21 to 8 in 28 days"),
    define(Family::Volume, State::Silent, "_SILENT", "no rows for a long time", "No logins for 45 days (12 in 84 days)"),
    define(Family::Volume, State::Overdue, "_OVERDUE", "no rows for twice as long as is usual of the customer, or longer (`features.lifetime`)", "Logins usually every 12 days; none for 40 days"),
    define(Family::Volume, State::Low, "_LOW", "fewer rows than the reference", "Only 2 logins in 28 days; usually 14"),
    define(Family::Volume, State::Rise, "_RISE", "clearly more rows than in the window before", "Logins rose from 10 to 30 in 28 days"),
    define(Family::Volume, State::High, "_HIGH", "more rows than the reference", "40 logins in 28 days; usually 14"),
    define(Family::Volume, State::Steady, "_STEADY", "about as many rows as in the window before", "14 logins in 28 days, 13 in the 28 days before; usually 14"),
    define(Family::Volume, State::InRhythm, "_IN_RHYTHM", "no rows for no longer than is usual of the customer (`features.lifetime`)", "Logins usually every 12 days; the last one 3 days ago"),
    define(Family::Value, State::Low, "_VALUE_LOW", "less per row than the reference", "Visits averaged 2 min 5 s in 28 days (84 days: 4 min)"),
    define(Family::Value, State::High, "_VALUE_HIGH", "more per row than the reference", "Visits averaged 9 min in 28 days (84 days: 6 min 30 s)"),
    define(Family::Value, State::Unknown, "_VALUE_UNKNOWN", "rows, but none with a value", "Visits without duration s in 84 days; 93 % of customers have some"),
    define(Family::Categories, State::Low, "_FEWER_CATEGORIES", "fewer categories than the reference", "Visits used 1 channel in 28 days (84 days: 3)"),
    define(Family::Categories, State::High, "_MORE_CATEGORIES", "more categories than the reference", "Visits used 4 channels in 28 days; usually 3"),
    define(Family::Mood, State::Negative, "_NEGATIVE", "a worse mood than the reference, and below zero", "Mood of mentions fell to -0.45 in 28 days (84 days: -0.10); 60 % negative"),
    define(Family::Mood, State::Low, "_MOOD_LOW", "a worse mood than the reference, though not below zero", "Mood of mentions fell to 0.05 in 28 days (84 days: 0.40); 20 % negative"),
    define(Family::Mood, State::Positive, "_POSITIVE", "a better mood than the reference, and above zero", "Mood of mentions rose to 0.60 in 28 days (84 days: 0.30)"),
    define(Family::Mood, State::High, "_MOOD_HIGH", "a better mood than the reference, though not above zero", "Mood of mentions was -0.05 in 28 days (usually -0.60); 20 % negative"),
    define(Family::Mood, State::Unknown, "_MOOD_UNKNOWN", "rows, but none with a mood", "Mentions without mood in 84 days; 93 % of customers have some"),
    define(Family::Score, State::Drop, "_DROP", "a lower last score than the one before", "NPS fell from 9 to 4, 12 days ago"),
    define(Family::Score, State::Low, "_LOW", "lower scores than the reference", "Last NPS answer was 3, 40 days ago; usually 8"),
    define(Family::Score, State::Silent, "_SILENT", "no answer, or none for a long time", "No NPS answer in 168 days; 93 % of customers gave one"),
    define(Family::Score, State::Recent, "_RECENT", "an answer more recent than the reference", "Last NPS answer was 8, 2 days ago; usually 30 days ago"),
    define(Family::Score, State::Rise, "_RISE", "a higher last score than the one before", "NPS rose from 4 to 9, 12 days ago"),
    define(Family::Score, State::High, "_HIGH", "higher scores than the reference", "Last NPS answer was 10, 1 day ago; usually 8"),
    define(Family::Tenure, State::Low, "_SHORT", "a customer for less time than the reference", "Customer for 45 days; usually 400 days"),
    define(Family::Tenure, State::High, "_LONG", "a customer for more time than the reference", "Customer for 1,500 days; usually 400 days"),
    define(Family::Tenure, State::Unknown, "_UNKNOWN", "no sign-up date", "Sign-up date is not known; known for 93 % of customers"),
    define(Family::Number, State::Low, "_LOW", "less than the reference", "Monthly revenue is low: 49.99; usually 100"),
    define(Family::Number, State::High, "_HIGH", "more than the reference", "Monthly revenue is high: 1,200; usually 100"),
    define(Family::Number, State::Unknown, "_UNKNOWN", "no value", "Monthly revenue is not known; known for 93 % of customers"),
    define(Family::Level, State::Given, "", "this level", "Plan is basic; mean risk 31 %, of all customers 12 %"),
    define(Family::Level, State::Unknown, "_UNKNOWN", "no level", "Plan is not known; mean risk 20 %, of all customers 12 %"),
];

/// The definitions of a family.
pub(super) fn definitions(family: Family) -> impl Iterator<Item = &'static Definition> {
    DEFINITIONS.iter().filter(move |definition| definition.family == family)
}

/// What the terms of a concept have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    family: Family,
    /// The signal's name, or the column's.
    subject: String,
    /// The survey instrument's name.
    instrument: Option<&'static str>,
}

/// A term of a concept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    /// Its place in the design.
    pub term: usize,
    /// What the feature behind it measures; none for a level.
    pub measure: Option<Measure>,
    /// The feature's window in days.
    pub window: Option<u32>,
    /// Whether it says that the value is absent.
    pub absence: bool,
    /// For what the rows of a signal have in common (a mean, a mood), the numeric feature that counts those rows: where
    /// it is 0, the part says only that there are none.
    pub rows: Option<usize>,
}

/// A feature that a concept can speak of, whether or not it has a term in the design.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    /// What it measures; none for a level.
    pub measure: Option<Measure>,
    /// Its window in days.
    pub window: Option<u32>,
    /// Its place among the numeric features, or among the categorical ones.
    pub column: usize,
    /// The term of its value.
    pub term: Option<usize>,
}

/// What a concept is called in a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Words {
    /// The rows of the signal.
    pub rows: Noun,
    /// The concept's own subject: the category, the value, the instrument, the column.
    pub subject: Noun,
    /// The unit of the signal's values.
    pub unit: Unit,
    /// The length of the scale on which the instrument is answered; 0 of what is none.
    pub scale: f64,
}

/// Terms that say one thing about a customer: they are one reason together, never several.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Concept {
    pub family: Family,
    pub prefix: String,
    /// The signal, where it is about one.
    pub signal: Option<String>,
    /// The column of the customers table, where it is about one.
    pub column: Option<String>,
    pub words: Words,
    /// Every term of it is one of these.
    pub parts: Vec<Part>,
    pub cells: Vec<Cell>,
}

/// The rows of the window before one, given those of that one and its trend.
pub fn rows_before(now: f64, trend: f64) -> f64 {
    ((now + 1.0) / trend.exp() - 1.0).round()
}

/// How many rows there are in a window, and how many there were in the one before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counts {
    /// In the one before.
    pub before: f64,
    /// In the window.
    pub now: f64,
}

/// How regularly a customer comes, and for how long there has been nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rhythm {
    /// The days from one with a row to the next, on average.
    pub pause: f64,
    /// Days since the last row.
    pub silence: f64,
}

impl Concept {
    /// The code for a state.
    pub fn code(&self, state: State) -> String {
        let suffix = definitions(self.family).find(|d| d.state == state).map_or("", |d| d.suffix);
        format!("{}{suffix}", self.prefix)
    }

    /// The cell of a measure over a window.
    pub fn cell(&self, measure: Measure, window: Option<u32>) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.measure == Some(measure) && cell.window == window)
    }

    /// A numeric feature of the concept, among those of a customer; none if it is null.
    pub fn number(&self, raw: &[f32], measure: Measure, window: Option<u32>) -> Option<f64> {
        raw.get(self.cell(measure, window)?.column).map(|&value| f64::from(value)).filter(|value| value.is_finite())
    }

    /// The rows of a window and those of the one of equal length before it; none if they are not known.
    pub fn counts(&self, raw: &[f32], window: u32) -> Option<Counts> {
        let now = self.number(raw, Measure::Count, Some(window))?;
        let trend = self.number(raw, Measure::Trend, Some(window))?;
        let before = rows_before(now, trend);
        before.is_finite().then_some(Counts { before: before.max(0.0), now })
    }

    /// What the whole history of a signal says of a customer's rhythm; none where it is not known, or where there were
    /// rows on fewer than three days.
    pub fn rhythm(&self, raw: &[f32]) -> Option<Rhythm> {
        let days = self.number(raw, Measure::LifetimeActiveDays, None).filter(|&days| days > 2.0)?;
        let rows = self.number(raw, Measure::LifetimeCount, None)?;
        let gap = self.number(raw, Measure::GapMean, None)?;
        let silence = self.number(raw, Measure::DaysSinceLast, None).or_else(|| {
            // Beyond the look-back; a thousandth of a day is what rounding may have moved it across midnight by.
            let silence = self.number(raw, Measure::DaysSinceLastOverGap, None)? * gap;
            Some((1_000.0 * silence).round() / 1_000.0)
        })?;
        // Several rows of one day are one visit.
        Some(Rhythm { pause: gap * (rows - 1.0) / (days - 1.0), silence })
    }

    /// For how many days there have been rows, as far as the features of a volume tell; none if there is no row.
    pub fn oldest_row(&self, raw: &[f32]) -> Option<f64> {
        let newest = self.number(raw, Measure::DaysSinceLast, None)?;
        let longest = self.windows().last().copied();
        let rows = self.number(raw, Measure::Count, longest).unwrap_or(0.0);
        let gap = self.number(raw, Measure::MeanGap, longest).unwrap_or(0.0);
        let within = newest + (rows - 1.0).max(0.0) * gap;

        // Rows before the longest window are older than all of it.
        let beyond = longest.filter(|&window| self.counts(raw, window).is_some_and(|counts| counts.before > 0.0));
        Some(beyond.map_or(within, |window| within.max(f64::from(window))))
    }

    /// The windows of the concept, ascending.
    pub fn windows(&self) -> Vec<u32> {
        let mut windows: Vec<u32> = self.cells.iter().filter_map(|cell| cell.window).collect();
        windows.sort_unstable();
        windows.dedup();
        windows
    }

    fn codes(&self) -> impl Iterator<Item = String> + '_ {
        definitions(self.family).map(|definition| format!("{}{}", self.prefix, definition.suffix))
    }
}

/// Groups the terms of a design into concepts, in the order of their first terms. Every term is in exactly one. Without
/// a language they have codes and no words.
pub(super) fn concepts(
    signals: &Signals,
    catalogue: &Catalogue,
    terms: &[Term],
    speech: Option<&Speech>,
) -> Vec<Concept> {
    let mut concepts: Vec<(Key, Concept)> = Vec::new();
    for (place, term) in terms.iter().enumerate() {
        let Some(key) = key_of_term(signals, catalogue, term) else { continue };
        let feature = match term.source {
            Source::Numeric(column) => catalogue.numeric.get(column),
            Source::Categorical(_) => None,
        };
        let part = Part {
            term: place,
            measure: feature.map(|f| f.measure),
            window: feature.and_then(|f| f.window_days),
            absence: term.role == Role::Missing,
            rows: feature.and_then(|f| rows_of(catalogue, f, key.family)),
        };

        match concepts.iter_mut().find(|(known, _)| *known == key) {
            Some((_, concept)) => concept.parts.push(part),
            None => {
                let mut concept = concept(signals, catalogue, terms, &key);
                concept.words = speech.map(|speech| words(speech, signals, &key)).unwrap_or_default();
                concept.parts.push(part);
                concepts.push((key, concept));
            }
        }
    }

    let mut concepts: Vec<Concept> = concepts.into_iter().map(|(_, concept)| concept).collect();
    make_codes_unique(&mut concepts);
    concepts
}

/// Numbers the prefixes whose codes another concept has already.
fn make_codes_unique(concepts: &mut [Concept]) {
    let mut taken = hashbrown::HashSet::new();
    for concept in concepts {
        // A signal and a column, or two signals, may have names that differ in nothing that a code can show.
        let plain = concept.prefix.clone();
        let mut copy = 2;
        while concept.codes().any(|code| taken.contains(&code)) {
            concept.prefix = format!("{plain}_{copy}");
            copy += 1;
        }
        taken.extend(concept.codes());
    }
}

/// The concept of a numeric feature's value, or of its absence.
fn key(signals: &Signals, feature: &Feature, absence: bool) -> Key {
    let signal = feature.signal.as_deref();
    let kind = signal.and_then(|signal| signals.get(signal)).map(|signal| signal.kind);
    let family = measures::Definition::find(feature.measure, kind).map_or(Family::Volume, |found| found.family);
    let family = match family {
        // Without a mean there was no row: that is silence, whatever the value would have been.
        Family::Value | Family::Mood if absence => Family::Volume,
        family => family,
    };
    let subject = signal.unwrap_or(&feature.name).to_owned();
    Key { family, subject, instrument: feature.instrument.map(|i| i.name()) }
}

fn key_of_term(signals: &Signals, catalogue: &Catalogue, term: &Term) -> Option<Key> {
    match term.about {
        Source::Numeric(column) => Some(key(signals, catalogue.numeric.get(column)?, term.role == Role::Missing)),
        Source::Categorical(column) => {
            Some(Key { family: Family::Level, subject: catalogue.categorical.get(column)?.clone(), instrument: None })
        }
    }
}

/// The feature that counts the rows that a feature is about, if it says more of them than how many there are.
fn rows_of(catalogue: &Catalogue, feature: &Feature, family: Family) -> Option<usize> {
    if !matches!(family, Family::Value | Family::Categories | Family::Mood) {
        return None;
    }
    catalogue.numeric.iter().position(|other| {
        other.measure == Measure::Count && other.signal == feature.signal && other.window_days == feature.window_days
    })
}

/// A concept without parts.
fn concept(signals: &Signals, catalogue: &Catalogue, terms: &[Term], key: &Key) -> Concept {
    let value_of = |source: Source| terms.iter().position(|term| term.source == source && term.role == Role::Value);
    let cells = match key.family {
        Family::Level => {
            let column = catalogue.categorical.iter().position(|name| *name == key.subject);
            column.map(|column| Cell { measure: None, window: None, column, term: None }).into_iter().collect()
        }
        _ => catalogue
            .numeric
            .iter()
            .enumerate()
            .filter(|(_, feature)| self::key(signals, feature, false) == *key)
            .map(|(column, feature)| Cell {
                measure: Some(feature.measure),
                window: feature.window_days,
                column,
                term: value_of(Source::Numeric(column)),
            })
            .collect(),
    };

    let subject = Some(key.subject.clone());
    let (signal, column) = match key.family {
        Family::Volume | Family::Value | Family::Categories | Family::Mood | Family::Score => (subject, None),
        Family::Number | Family::Level => (None, subject),
        Family::Tenure => (None, None),
    };

    Concept {
        family: key.family,
        prefix: prefix(signals, key),
        signal,
        column,
        words: Words::default(),
        parts: Vec::new(),
        cells,
    }
}

/// How many signals are surveys.
fn surveys(signals: &Signals) -> usize {
    signals.values().filter(|signal| signal.kind == SignalKind::Survey).count()
}

fn prefix(signals: &Signals, key: &Key) -> String {
    match (key.family, key.instrument) {
        (Family::Tenure, _) => "TENURE".to_owned(),
        (Family::Score, Some(instrument)) => {
            let survey = if surveys(signals) == 1 { "SURVEY".to_owned() } else { in_code(&key.subject) };
            format!("{survey}_{}", in_code(instrument))
        }
        _ => in_code(&key.subject),
    }
}

/// A name as a part of a code: upper-case letters and digits, words joined by `_`, a letter first.
fn in_code(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let code = words.join("_");
    if code.starts_with(|c: char| c.is_ascii_uppercase()) {
        code
    } else {
        format!("X_{code}")
    }
}

fn words(speech: &Speech, signals: &Signals, key: &Key) -> Words {
    let signal = signals.get(&key.subject);
    let row = match signal.map(|s| s.kind) {
        Some(SignalKind::Survey) => Rows::Answers,
        _ => Rows::Events,
    };

    let rows = match signal.and_then(|s| s.label.as_deref()) {
        Some(label) => Noun::from_label(label),
        None => Noun::from_plural(speech, &key.subject, row),
    };

    let unit = Unit::from_config(signal.and_then(|s| s.unit.as_deref()));
    let named = |name: Option<&str>, otherwise: &str| match name {
        Some(name) => Noun::from_singular(speech, name),
        None => Noun::from_singular(speech, &speech.word(otherwise)),
    };
    let subject = match key.family {
        Family::Score => {
            let instrument = instrument_in_words(speech, signal, key.instrument.unwrap_or_default());
            let of_rows = speech.phrase("instrument-of").rows(&rows).text("instrument", instrument.as_str());
            let name = if surveys(signals) == 1 { instrument.clone() } else { of_rows.say() };
            Noun::new(&name, &name)
        }
        Family::Categories => named(signal.and_then(|s| s.category.as_deref()), "noun-category"),
        Family::Volume | Family::Value => named(signal.and_then(|s| s.value.as_deref()), "noun-value"),
        Family::Mood => named(None, "noun-mood"),
        Family::Tenure | Family::Number | Family::Level => Noun::from_singular(speech, &spaced(&key.subject)),
    };

    Words { rows, subject, unit, scale: length_of_scale(signal, key) }
}

fn length_of_scale(signal: Option<&Signal>, key: &Key) -> f64 {
    let instrument = key.instrument.and_then(Instrument::named).zip(signal);
    instrument.map_or(0.0, |(instrument, signal)| {
        let scale = signal.scale(instrument);
        scale.to - scale.from
    })
}

/// What an instrument is called. Where its low scores are the good ones, a reader has to know: what a person says of
/// effort is effort then, and of another it is said which end is best.
fn instrument_in_words(speech: &Speech, signal: Option<&Signal>, name: &str) -> String {
    let instrument = Instrument::named(name);
    let scale = instrument.zip(signal).map(|(instrument, signal)| signal.scale(instrument));
    match scale.filter(|scale| scale.best == Best::Low) {
        Some(_) if instrument == Some(Instrument::Ces) => speech.word("instrument-effort"),
        Some(scale) => {
            let phrase = speech.phrase("instrument-best").text("instrument", name.to_uppercase());
            phrase.text("score", speech.number(scale.from)).say()
        }
        None => name.to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{catalogue, english, settings, terms, SETTINGS};
    use super::*;

    fn is_code(code: &str) -> bool {
        code.starts_with(|c: char| c.is_ascii_uppercase())
            && code.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    }

    #[test]
    fn definitions_are_distinct_and_say_something() {
        for (i, definition) in DEFINITIONS.iter().enumerate() {
            for other in &DEFINITIONS[..i] {
                let same_state = definition.family == other.family && definition.state == other.state;
                let same_code = definition.family == other.family && definition.suffix == other.suffix;
                assert!(!same_state && !same_code, "{definition:?} is like {other:?}");
            }
            assert!(is_code(&format!("A{}", definition.suffix)), "{definition:?}");
            assert!(!definition.meaning.is_empty() && !definition.meaning.ends_with('.'), "{definition:?}");
        }
        // The families of one signal share its prefix, so their suffixes must differ.
        let of_signal = |f| matches!(f, Family::Volume | Family::Value | Family::Categories | Family::Mood);
        let suffixes: Vec<&str> = DEFINITIONS.iter().filter(|d| of_signal(d.family)).map(|d| d.suffix).collect();
        let distinct: hashbrown::HashSet<&str> = suffixes.iter().copied().collect();
        assert_eq!(suffixes.len(), distinct.len());
    }

    #[test]
    fn every_term_has_exactly_one_concept() {
        let (settings, terms) = (settings(SETTINGS), terms(&settings(SETTINGS)));
        let concepts = concepts(&settings.signals, &catalogue(&settings), &terms, None);
        let mut homes = vec![0; terms.len()];
        concepts.iter().flat_map(|c| &c.parts).for_each(|part| homes[part.term] += 1);
        assert!(homes.iter().all(|&n| n == 1));
        let prefixes: Vec<(Family, &str)> = concepts.iter().map(|c| (c.family, c.prefix.as_str())).collect();

        assert_eq!(
            prefixes,
            [
                (Family::Volume, "LOGINS"),
                (Family::Volume, "MENTIONS"),
                (Family::Mood, "MENTIONS"),
                (Family::Volume, "SURVEYS"),
                (Family::Score, "SURVEY_NPS"),
                (Family::Score, "SURVEY_CSAT"),
                (Family::Score, "SURVEY_CES"),
                (Family::Volume, "VISITS"),
                (Family::Value, "VISITS"),
                (Family::Categories, "VISITS"),
                (Family::Tenure, "TENURE"),
                (Family::Number, "MONTHLY_REVENUE"),
                (Family::Level, "PLAN"),
            ]
        );

        let codes: Vec<String> = concepts.iter().flat_map(Concept::codes).collect();
        assert!(codes.iter().all(|code| is_code(code)));
        assert_eq!(codes.len(), codes.iter().collect::<hashbrown::HashSet<_>>().len());
    }

    #[test]
    fn the_windows_of_a_signal_are_one_concept_and_absence_of_a_mean_is_silence() {
        let settings = settings(SETTINGS);
        let terms = terms(&settings);
        let concepts = concepts(&settings.signals, &catalogue(&settings), &terms, None);
        let of = |name: &str| {
            let term = terms.iter().position(|t| t.name == name).unwrap();
            concepts.iter().position(|c| c.parts.iter().any(|p| p.term == term)).unwrap()
        };
        assert_eq!(of("logins_count_7d"), of("logins_trend_84d"));
        assert_eq!(of("logins_count_7d"), of("logins_days_since_last"));
        assert_eq!(of("visits_mean_7d is missing"), of("visits_count_7d"));
        assert_ne!(of("visits_mean_7d"), of("visits_count_7d"));
        assert_eq!(of("surveys_nps_last is missing"), of("surveys_nps_last"));
        assert_eq!(of("mentions_mean_7d"), of("mentions_negative_share_84d"));
    }

    #[test]
    fn two_survey_signals_keep_their_names_apart() {
        let more = format!(
            "{SETTINGS}\n[signals.onboarding]\nkind = \"survey\"\npath = \"o\"\nid = \"id\"\ntime = \"ts\"\n\
             value = \"score\"\ninstrument_name = \"nps\"\n"
        );
        let settings = settings(&more);
        let concepts = concepts(&settings.signals, &catalogue(&settings), &terms(&settings), Some(&english()));
        let nps: Vec<(&str, &str)> = concepts
            .iter()
            .filter(|c| c.prefix.ends_with("_NPS"))
            .map(|c| (c.prefix.as_str(), c.words.subject.one.as_str()))
            .collect();
        assert_eq!(nps, [("ONBOARDING_NPS", "NPS of onboarding answers"), ("SURVEYS_NPS", "NPS of surveys")]);
    }

    #[test]
    fn names_that_clash_get_numbers() {
        let more =
            format!("{SETTINGS}\n[signals.Visits]\nkind = \"event\"\npath = \"o\"\nid = \"id\"\ntime = \"ts\"\n");
        let settings = settings(&more);
        let concepts = concepts(&settings.signals, &catalogue(&settings), &terms(&settings), None);
        let codes: Vec<String> = concepts.iter().flat_map(Concept::codes).collect();
        assert_eq!(codes.len(), codes.iter().collect::<hashbrown::HashSet<_>>().len());
        assert!(codes.contains(&"VISITS_2_DROP".to_owned()));
    }

    #[test]
    fn any_name_gives_a_code() {
        for (name, code) in [
            ("page_visits", "PAGE_VISITS"),
            ("Monthly Charges (EUR)", "MONTHLY_CHARGES_EUR"),
            ("7eleven", "X_7ELEVEN"),
            ("注文", "X_"),
        ] {
            assert_eq!(in_code(name), code);
            assert!(is_code(&in_code(name)));
        }
    }
}
