//! Languages: every text that a person reads in a report, a list or a workbook, from one catalogue of messages a
//! language (Project Fluent: <https://projectfluent.org>), with its plural rules and its way to write numbers.
//!
//! A message is asked for by its key. What it says of numbers is for the catalogue to write: it gets the numbers.

mod message;
mod numbers;

pub use message::{Advice, KeptMessage, Message};
pub use numbers::Numbers;

use crate::error::{Error, Result};
use fluent::concurrent::FluentBundle;
use fluent::types::{FluentNumber, FluentNumberOptions};
use fluent::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use unic_langid::{langid, LanguageIdentifier};

/// A language that people can be addressed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 5] = [Language::En, Language::Ja, Language::De, Language::Fr, Language::Es];
    /// Their tags, in the same order.
    pub const TAGS: &'static [&'static str] = &["en", "ja", "de", "fr", "es"];

    /// The tag that HTML and the configuration name it by.
    pub fn tag(self) -> &'static str {
        Self::TAGS[self as usize]
    }

    fn identifier(self) -> LanguageIdentifier {
        match self {
            Language::En => langid!("en-US"),
            Language::Ja => langid!("ja-JP"),
            Language::De => langid!("de-DE"),
            Language::Fr => langid!("fr-FR"),
            Language::Es => langid!("es-ES"),
        }
    }

    /// Its messages, as they are written: those of report, workbook and summary, the sentences of the reasons, what
    /// deliveries say, and what a person should know of a run or a model.
    fn catalogue(self) -> [&'static str; 4] {
        macro_rules! catalogue {
            ($tag:literal) => {
                [
                    include_str!(concat!($tag, ".ftl")),
                    include_str!(concat!("reasons/", $tag, ".ftl")),
                    include_str!(concat!("deliveries/", $tag, ".ftl")),
                    include_str!(concat!("warnings/", $tag, ".ftl")),
                ]
            };
        }
        match self {
            Language::En => catalogue!("en"),
            Language::Ja => catalogue!("ja"),
            Language::De => catalogue!("de"),
            Language::Fr => catalogue!("fr"),
            Language::Es => catalogue!("es"),
        }
    }
}

/// A value that a message speaks of.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A count, by which the message may choose a plural.
    Count(i64),
    /// The same in a warning or an advice, where English has no separators.
    InMessage(i64),
    /// Text, or a number that is written already.
    Text(Cow<'a, str>),
}

impl From<i64> for Value<'_> {
    fn from(count: i64) -> Self {
        Value::Count(count)
    }
}

impl From<u32> for Value<'_> {
    fn from(count: u32) -> Self {
        Value::Count(i64::from(count))
    }
}

impl From<u64> for Value<'_> {
    fn from(count: u64) -> Self {
        Value::Count(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value<'_> {
    fn from(count: usize) -> Self {
        Value::Count(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::Text(Cow::Owned(text))
    }
}

/// The messages of a language.
pub struct Texts {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    /// Those of a language.
    ///
    /// # Errors
    /// [`Error::Internal`] for a damaged catalogue, which a test rules out.
    pub fn new(language: Language) -> Result<Texts> {
        let broken = |why: String| Error::Internal(format!("the messages in {}: {why}", language.tag()));
        let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
        // Marks around what is put in would be part of texts that others search and compare.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(match language {
            Language::En => |value, _| written(value, Language::En),
            Language::Ja => |value, _| written(value, Language::Ja),
            Language::De => |value, _| written(value, Language::De),
            Language::Fr => |value, _| written(value, Language::Fr),
            Language::Es => |value, _| written(value, Language::Es),
        }));
        for part in language.catalogue() {
            let resource =
                FluentResource::try_new(part.to_owned()).map_err(|(_, errors)| broken(format!("{errors:?}")))?;
            bundle.add_resource(resource).map_err(|errors| broken(format!("{errors:?}")))?;
        }
        Ok(Texts { language, bundle })
    }

    /// Those of a language, which are read once in a process.
    ///
    /// # Errors
    /// As [`Texts::new`].
    pub fn shared(language: Language) -> Result<Arc<Texts>> {
        static SHARED: [OnceLock<Arc<Texts>>; Language::ALL.len()] = [const { OnceLock::new() }; Language::ALL.len()];
        let slot = &SHARED[language as usize];
        if let Some(texts) = slot.get() {
            return Ok(Arc::clone(texts));
        }
        let texts = Arc::new(Texts::new(language)?);
        Ok(Arc::clone(slot.get_or_init(|| texts)))
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A message that speaks of no values.
    pub fn text(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A message that speaks of values. One that is not there is its key, in brackets.
    pub fn with(&self, key: &str, values: &[(&str, Value<'_>)]) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return format!("[{key}]");
        };
        let mut arguments = FluentArgs::new();
        for (name, value) in values {
            match value {
                Value::Count(count) => arguments.set(*name, FluentValue::from(*count)),
                Value::InMessage(count) => arguments.set(*name, in_message(*count)),
                Value::Text(text) => arguments.set(*name, FluentValue::from(text.as_ref())),
            }
        }
        // What is missing among the values is written as its name, which a test of every message finds.
        self.bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    }

    /// The message for a name or a word that another room has given: `tier` and `high`, `band` and `under 90 days`.
    /// None if there is none, as for names that are from the data.
    pub fn word(&self, kind: &str, word: &str) -> Option<String> {
        let slug: String = word.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let key = format!("{kind}-{}", slug.trim_matches('_'));
        self.has(&key).then(|| self.text(&key))
    }

    /// Whether there is such a message.
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Texts").field(&self.language).finish()
    }
}

/// A count as warnings have it.
fn in_message(count: i64) -> FluentValue<'static> {
    let options = FluentNumberOptions { use_grouping: false, ..FluentNumberOptions::default() };
    FluentValue::Number(FluentNumber::new(count as f64, options))
}

/// A number as the language writes it; everything else as it is.
fn written(value: &FluentValue<'_>, language: Language) -> Option<String> {
    match value {
        FluentValue::Number(number) => {
            let decimals = number.options.minimum_fraction_digits.unwrap_or(0);
            let is_on_page = number.options.use_grouping;
            let numbers = if is_on_page { language.numbers() } else { language.numbers_in_messages() };
            Some(numbers.decimals(number.value, decimals))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// The messages of a catalogue, each with its text.
    fn messages(language: Language) -> BTreeMap<String, String> {
        let mut messages: Vec<(String, String)> = Vec::new();
        for line in language.catalogue().join("\n").lines().filter(|line| !line.starts_with('#')) {
            match line.split_once(" = ") {
                Some((key, text)) if !key.contains([' ', '[', '{', '}']) => messages.push((key.into(), text.into())),
                // The variants of a selector, and what follows them.
                _ => messages.last_mut().unwrap().1 += &format!("\n{line}"),
            }
        }
        let count = messages.len();
        let messages: BTreeMap<String, String> = messages.into_iter().collect();
        assert_eq!(messages.len(), count, "{}: a message stands there twice", language.tag());
        messages
    }

    fn variables(text: &str) -> BTreeSet<&str> {
        let name = |rest: &'_ str| rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        text.split('$').skip(1).map(|rest| &rest[..name(rest)]).collect()
    }

    /// The variables of a message and of those that it refers to.
    fn all_variables<'a>(messages: &'a BTreeMap<String, String>, text: &'a str) -> BTreeSet<&'a str> {
        let inner = text.split("{ ").skip(1).filter_map(|rest| rest.split_once(" }"));
        let referred = inner.filter_map(|(key, _)| messages.get(key));
        let mut found = variables(text);
        found.extend(referred.flat_map(|text| all_variables(messages, text)));
        found
    }

    /// Phrases that decline a noun or a verb, which not every language does in the same place.
    const OF_FORMS: [&str; 2] = ["is", "counted-subject"];

    /// The variables, with one name for the forms of a word.
    fn without_forms(names: BTreeSet<&str>) -> BTreeSet<&str> {
        let one = |name| match name {
            "row" => "rows",
            "subjects" => "subject",
            name => name,
        };
        names.into_iter().map(one).filter(|name| *name != "form").collect()
    }

    #[test]
    fn every_catalogue_has_every_message_with_the_same_variables() {
        // In English the meaning of a column is in its definition; each language has its own cases.
        let is_shared = |key: &str| !key.starts_with("meaning-") && !key.starts_with("own-");
        let english = messages(Language::En);
        assert!(english.len() > 400);
        for language in Language::ALL {
            let (tag, mine) = (language.tag(), messages(language));
            let lacking: Vec<&String> =
                english.keys().filter(|key| !mine.contains_key(*key) && !OF_FORMS.contains(&key.as_str())).collect();
            let unknown: Vec<&String> =
                mine.keys().filter(|key| is_shared(key) && !english.contains_key(*key)).collect();
            assert!(lacking.is_empty() && unknown.is_empty(), "{tag} lacks {lacking:?}, and alone has {unknown:?}");
            for (key, text) in english.iter().filter(|(key, _)| !OF_FORMS.contains(&key.as_str())) {
                let (theirs, mine) = (all_variables(&english, text), all_variables(&mine, &mine[key]));
                assert_eq!(without_forms(theirs), without_forms(mine), "{tag}: {key}");
            }
        }
    }

    #[test]
    fn every_message_can_be_written() {
        for language in Language::ALL {
            let texts = Texts::new(language).unwrap();
            let all = messages(language);
            for (key, source) in &all {
                for count in [0, 1, 2, 5, 1_000_000] {
                    let mut arguments = FluentArgs::new();
                    for name in all_variables(&all, source) {
                        arguments.set(name, FluentValue::from(count));
                    }
                    let mut errors = Vec::new();
                    let pattern = texts.bundle.get_message(key).unwrap().value().unwrap();
                    let text = texts.bundle.format_pattern(pattern, Some(&arguments), &mut errors);
                    assert!(errors.is_empty(), "{}: {key}: {errors:?}", language.tag());
                    assert!(!text.contains(['{', '}', '[', ']', '$', '*']), "{}: {key}: {text}", language.tag());
                    assert!(!text.is_empty() || key.as_str() == "sentence-space", "{}: {key}", language.tag());
                }
            }
        }
    }

    /// The words of a message, without what is put into it and the heads of its variants.
    fn told(text: &str) -> String {
        let mut told = String::new();
        for (place, piece) in text.split('{').enumerate() {
            let end = [piece.find('}').map(|end| end + 1), piece.find("->").map(|end| end + 2)];
            let end = end.into_iter().flatten().min().filter(|_| place > 0);
            let mut rest = &piece[end.unwrap_or(0)..];
            while let Some((before, variant)) = rest.split_once('[') {
                told += before;
                rest = variant.split_once(']').map_or("", |(_, rest)| rest);
            }
            told += rest;
            told.push(' ');
        }
        told
    }

    #[test]
    fn no_catalogue_is_left_in_english() {
        // Words that no other of the languages has.
        let english = [
            "the",
            "and",
            "with",
            "which",
            "of",
            "customers",
            "customer",
            "days",
            "day",
            "rows",
            "from",
            "than",
            "are",
            "risk",
            "before",
            "without",
            "share",
            "first",
            "last",
            "value",
            "what",
            "how",
            "then",
            "usually",
            "mood",
        ];
        for language in Language::ALL.into_iter().filter(|language| *language != Language::En) {
            for (key, text) in messages(language) {
                let text =
                    told(&text).replace("latest/risk", "").replace("customers.value", "").replace("customers.end", "");
                let mut words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
                let found = words.find(|word| english.contains(&word.as_str()));
                assert_eq!(found, None, "{}: {key} = {text}", language.tag());
            }
        }

        // Japanese has no Latin words but names, units and what stands in the data.
        let names = [
            "NPS",
            "CSAT",
            "CES",
            "AUC",
            "ROC",
            "ECE",
            "ID",
            "n",
            "kpis",
            "parquet",
            "customers",
            "value",
            "end",
            "list",
            "control",
            "key",
            "fraction",
            "latest",
            "risk",
            "critical",
            "high",
            "medium",
            "low",
            "contact",
            "new",
            "up",
            "down",
            "same",
            "returned",
        ];
        for (key, text) in messages(Language::Ja) {
            let text = told(&text);
            let mut words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
            let found = words.find(|word| !names.contains(word));
            assert_eq!(found, None, "{key} = {text}");
        }
    }

    #[test]
    fn counts_are_written_as_the_language_writes_them() {
        let shown = |language: Language, all: i64| {
            Texts::new(language).unwrap().with("list-shown", &[("shown", 1_i64.into()), ("all", all.into())])
        };
        assert_eq!(shown(Language::En, 12_345), "1 of 12,345 customers shown");
        assert_eq!(shown(Language::En, 1), "1 of 1 customer shown");
        assert_eq!(shown(Language::Ja, 12_345), "全12,345件中 1件を表示");
        assert_eq!(shown(Language::De, 12_345), "1 von 12.345 Kunden angezeigt");
        assert_eq!(shown(Language::Fr, 12_345), "1 sur 12\u{202f}345 clients affichés");
        // French has the singular for nothing, the others for one alone.
        assert_eq!(shown(Language::Fr, 0), "1 sur 0 client affiché");
        assert_eq!(shown(Language::Es, 0), "1 de 0 clientes mostrados");
        assert_eq!(Texts::new(Language::En).unwrap().text("no-such-message"), "[no-such-message]");
    }

    #[test]
    fn words_of_other_rooms_are_found_by_their_names() {
        let texts = Texts::new(Language::De).unwrap();
        assert_eq!(texts.word("tier", "high").as_deref(), Some("hoch"));
        assert_eq!(texts.word("baseline", "the base rate").as_deref(), Some("die Grundrate"));
        assert_eq!(texts.word("level", "(missing)").as_deref(), Some("(ohne Angabe)"));
        assert_eq!(texts.word("segment", "plan"), None);
        let tags = Language::ALL.map(Language::tag);
        assert_eq!(tags.as_slice(), Language::TAGS);
    }
}
