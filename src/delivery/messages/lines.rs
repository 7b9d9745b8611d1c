//! The sentences of a message for people, in the language of the list.

use crate::delivery::digest::{Digest, Told};
use crate::language::{Numbers, Texts};
use crate::published::{Column, Holds, LIST};
use crate::spelling;
use serde_json::Value;

/// The most characters of a value.
const LONGEST: usize = 100;

/// A digest in a language.
pub struct Lines<'a> {
    digest: &'a Digest,
    texts: &'a Texts,
    numbers: Numbers,
}

/// What is counted.
pub struct Count {
    /// "Listed"
    pub name: String,
    /// "500 (48 as control group)"
    pub value: String,
}

impl<'a> Lines<'a> {
    /// The sentences about a list.
    pub fn new(digest: &'a Digest, texts: &'a Texts) -> Lines<'a> {
        Lines { digest, texts, numbers: texts.language().numbers_in_sentences() }
    }

    /// The title.
    pub fn title(&self) -> String {
        self.texts.with("message-title", &[("date", self.texts.language().date(self.digest.as_of).into())])
    }

    /// The title with the most important counts, in one line.
    pub fn notice(&self) -> String {
        let Digest { listed, new, .. } = self.digest;
        let values = [("title", self.title().into()), ("listed", (*listed).into()), ("new", (*new).into())];
        self.texts.with("message-notice", &values)
    }

    /// What is counted.
    pub fn counts(&self) -> Vec<Count> {
        let Digest { listed, control, new, returned, left, expected_loss, .. } = self.digest;
        let count = |key: &str, value: String| Count { name: self.texts.text(key), value };
        let whole = |number: u64| self.numbers.whole(number as f64);
        let of_listed = [("listed", (*listed).into()), ("control", (*control).into())];

        let mut counts = vec![
            count("message-listed", self.texts.with("message-listed-of", &of_listed)),
            count("message-new", whole(*new as u64)),
            count("message-returned", whole(*returned as u64)),
            count("message-left", whole(*left)),
        ];
        counts.extend(expected_loss.map(|loss| count("message-loss", self.numbers.decimals(loss, 2))));
        counts
    }

    /// A name before what is counted: "Listed:".
    pub fn before(&self, name: &str) -> String {
        self.texts.with("message-count", &[("name", name.into())])
    }

    /// The model that made the list.
    pub fn model(&self) -> String {
        self.texts.with("message-model", &[("model", self.digest.model_version.as_str().into())])
    }

    /// What the link says.
    pub fn link(&self) -> String {
        self.texts.text("message-link")
    }

    /// What is told of a customer, in pieces of one line each: "rank 1", "churn probability 62.3 %".
    pub fn pieces(&self, customer: &[Told]) -> Vec<String> {
        customer.iter().filter(|told| !told.value.is_null()).map(|told| self.piece(told)).collect()
    }

    fn piece(&self, told: &Told) -> String {
        match LIST.iter().find(|column| column.name() == told.column) {
            Some(&column) => format!("{} {}", self.name(column), self.value(column, &told.value)),
            None => format!("{} {}", spelling::cut(&told.column, LONGEST).replace('_', " "), as_it_is(&told.value)),
        }
    }

    /// How people call a column of the list.
    fn name(&self, column: Column) -> String {
        let key = name_key(column);
        let number = if let Column::Reason(number, _) = column { number } else { 0 };
        self.texts.with(&key, &[("n", number.into())])
    }

    fn value(&self, column: Column, value: &Value) -> String {
        let kind = match column {
            Column::RiskTier => "tier",
            Column::Group => "group",
            Column::Status => "status",
            _ => "",
        };
        match value {
            Value::Number(number) => self.number(column, number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) if !kind.is_empty() => self.texts.word(kind, text).unwrap_or_else(|| as_it_is(value)),
            Value::String(text) if matches!(column.definition().holds, Holds::Day | Holds::FolderDay) => {
                self.texts.language().date_from_text(text)
            }
            _ => as_it_is(value),
        }
    }

    fn number(&self, column: Column, number: f64) -> String {
        match column {
            Column::ChurnProbability | Column::PreviousProbability => self.numbers.risk(number),
            Column::ProbabilityChange | Column::ProbabilityChange28Days => {
                let points = self.numbers.signed(100.0 * number, 1);
                self.texts.with("unit-points", &[("points", points.into())])
            }
            Column::ValueAtRisk => self.numbers.decimals(number, 2),
            _ if column.definition().holds == Holds::Integer => self.numbers.whole(number),
            // An id is no number, whatever it looks like.
            _ if column.definition().holds == Holds::Id => format!("{number:.0}"),
            _ => self.numbers.measured(number),
        }
    }
}

/// A value from the data.
fn as_it_is(value: &Value) -> String {
    match value {
        Value::String(text) => spelling::cut(text, LONGEST).into_owned(),
        other => other.to_string(),
    }
}

/// Joins pieces as long as they fit into so many bytes, of which each is written as `escape` says.
pub fn joined(pieces: &[String], most: usize, escape: impl Fn(&str) -> String) -> String {
    let mut line = String::new();
    for piece in pieces {
        let piece = escape(piece);
        let separator = if line.is_empty() { "" } else { " · " };
        if line.len() + separator.len() + piece.len() + "…".len() > most {
            line.push('…');
            break;
        }
        line.push_str(separator);
        line.push_str(&piece);
    }
    line
}

/// The message with the name of a column.
fn name_key(column: Column) -> String {
    format!("field-{}", column.definition().name.replace("{n}_", ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn every_column_of_the_list_has_a_name_in_every_language() {
        for language in Language::ALL {
            let texts = Texts::new(language).unwrap();
            for column in LIST {
                let key = name_key(*column);
                assert!(texts.has(&key), "{} has no {key}", language.tag());
            }
        }
    }
}
