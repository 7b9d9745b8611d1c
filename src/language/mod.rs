//! Languages: every text that a person reads in a report, a list or a workbook, from one catalogue of messages a language
//! (Project Fluent: <https://projectfluent.org>), with its plural rules and its way to write numbers.
//!
//! A message is asked for by its key. What it says of numbers is for the catalogue to write: it gets the numbers.

mod numbers;

pub use numbers::Numbers;

use crate::error::{Error, Result};
use fluent::concurrent::FluentBundle;
use fluent::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use unic_langid::{langid, LanguageIdentifier};

/// A language that people can be addressed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 1] = [Language::En];

    /// The tag that HTML and the configuration name it by.
    pub fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
        }
    }

    fn identifier(self) -> LanguageIdentifier {
        match self {
            Language::En => langid!("en-US"),
        }
    }

    /// Its messages, as they are written.
    fn catalogue(self) -> &'static str {
        match self {
            Language::En => include_str!("en.ftl"),
        }
    }

    /// How it writes numbers.
    pub fn numbers(self) -> Numbers {
        match self {
            Language::En => Numbers { decimal: '.', group: ',', percent: "%" },
        }
    }
}

/// A value that a message speaks of.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A count, by which the message may choose a plural.
    Count(i64),
    /// Text, or a number that is written already.
    Text(Cow<'a, str>),
}

impl From<i64> for Value<'_> {
    fn from(count: i64) -> Self {
        Value::Count(count)
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
        let resource = FluentResource::try_new(language.catalogue().to_owned())
            .map_err(|(_, errors)| broken(format!("{errors:?}")))?;

        let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
        // Marks around what is put in would be part of texts that others search and compare.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(match language {
            Language::En => |value, _| written(value, Language::En),
        }));
        bundle.add_resource(resource).map_err(|errors| broken(format!("{errors:?}")))?;
        Ok(Texts { language, bundle })
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
                Value::Text(text) => arguments.set(*name, FluentValue::from(text.as_ref())),
            }
        }
        // What is missing among the values is written as its name, which a test of every message finds.
        self.bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    }

    /// Whether there is such a message.
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }
}

/// A number as the language writes it; everything else as it is.
fn written(value: &FluentValue<'_>, language: Language) -> Option<String> {
    match value {
        FluentValue::Number(number) => {
            let decimals = number.options.minimum_fraction_digits.unwrap_or(0);
            Some(language.numbers().decimals(number.value, decimals))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_catalogue_is_whole() {
        for language in Language::ALL {
            let texts = Texts::new(language).unwrap();
            assert!(texts.has("report-title"), "{}", language.tag());
        }
    }

    #[test]
    fn counts_are_written_as_the_language_writes_them() {
        let texts = Texts::new(Language::En).unwrap();
        assert_eq!(
            texts.with("list-shown", &[("shown", 1_i64.into()), ("all", 12_345_i64.into())]),
            "1 of 12,345 customers shown"
        );
        assert_eq!(texts.text("no-such-message"), "[no-such-message]");
    }
}
