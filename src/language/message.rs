//! Messages as values. What a person should know often arises where nobody knows the language of its readers: while
//! files are opened, or in a training whose model is used for lists in any language. There a message is made of its key
//! and what it speaks of, and whoever tells it writes it. [`Display`](fmt::Display) writes it in English, for errors
//! and for files that keep it.

use super::{Language, Numbers, Texts, Value};
use crate::calendar::Day;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A message that is yet to be written in a language.
///
/// In files it is its English text; [`Advice`] keeps the message beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    key: Cow<'static, str>,
    /// What it speaks of, by name. A text that is written already has no key, and this alone.
    values: Vec<(Cow<'static, str>, Spoken)>,
}

/// What a message speaks of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Spoken {
    /// A count, by which the message may choose a plural.
    Count(i64),
    /// A name from the data or the settings, a code, or what another program has said.
    Text(String),
    /// A word of the catalogue, if it is one: its kind and itself.
    Word(String, String),
    /// A date.
    Day(Day),
    /// A share of one, and its decimals as per cent.
    Percent(f64, usize),
    /// A number and its decimals.
    Decimals(f64, usize),
    /// The same with a sign, also a plus.
    Signed(f64, usize),
    /// A very small number and its decimals before the power of ten.
    Scientific(f64, usize),
    /// A number with as many decimals as were written.
    Figure(String),
    /// Another message.
    Message(KeptMessage),
    /// Several, the message between each two of them, and how many more there are.
    List(Vec<KeptMessage>, String, usize),
}

/// A message as files keep it for other languages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(String, Vec<(String, Spoken)>)", into = "(String, Vec<(String, Spoken)>)")]
pub struct KeptMessage(pub Message);

impl From<(String, Vec<(String, Spoken)>)> for KeptMessage {
    fn from((key, values): (String, Vec<(String, Spoken)>)) -> KeptMessage {
        let values = values.into_iter().map(|(name, value)| (Cow::Owned(name), value)).collect();
        KeptMessage(Message { key: Cow::Owned(key), values })
    }
}

impl From<KeptMessage> for (String, Vec<(String, Spoken)>) {
    fn from(KeptMessage(Message { key, values }): KeptMessage) -> Self {
        (key.into_owned(), values.into_iter().map(|(name, value)| (name.into_owned(), value)).collect())
    }
}

impl Message {
    /// That of a key of the catalogues, which is told its values one by one.
    pub fn new(key: &'static str) -> Message {
        Message { key: Cow::Borrowed(key), values: Vec::new() }
    }

    /// With a count, by which the message may choose a plural.
    pub fn count(self, name: &'static str, count: impl TryInto<i64>) -> Message {
        self.with(name, Spoken::Count(count.try_into().unwrap_or(i64::MAX)))
    }

    /// With a name, a code, or what another program has said.
    pub fn text(self, name: &'static str, text: impl Into<String>) -> Message {
        self.with(name, Spoken::Text(text.into()))
    }

    /// With a word of another room, as [`Texts::word`] finds it, or as it is.
    pub fn word(self, name: &'static str, kind: &str, word: &str) -> Message {
        self.with(name, Spoken::Word(kind.to_owned(), word.to_owned()))
    }

    /// With a date.
    pub fn day(self, name: &'static str, day: Day) -> Message {
        self.with(name, Spoken::Day(day))
    }

    /// With a share of one, as per cent.
    pub fn percent(self, name: &'static str, share: f64, decimals: usize) -> Message {
        self.with(name, Spoken::Percent(share, decimals))
    }

    /// With a number.
    pub fn decimals(self, name: &'static str, value: f64, decimals: usize) -> Message {
        self.with(name, Spoken::Decimals(value, decimals))
    }

    /// With a number that has a sign, also a plus.
    pub fn signed(self, name: &'static str, value: f64, decimals: usize) -> Message {
        self.with(name, Spoken::Signed(value, decimals))
    }

    /// With a very small number.
    pub fn scientific(self, name: &'static str, value: f64, decimals: usize) -> Message {
        self.with(name, Spoken::Scientific(value, decimals))
    }

    /// With a number, with all decimals that it has.
    pub fn figure(self, name: &'static str, value: impl fmt::Display) -> Message {
        self.with(name, Spoken::Figure(value.to_string()))
    }

    /// With another message.
    pub fn message(self, name: &'static str, message: impl Into<Message>) -> Message {
        self.with(name, Spoken::Message(KeptMessage(message.into())))
    }

    /// With several names or messages, between commas.
    pub fn list<M: Into<Message>>(self, name: &'static str, items: impl IntoIterator<Item = M>) -> Message {
        self.joined(name, items, "comma", usize::MAX)
    }

    /// The same, of which only the first are named.
    pub fn some_of<M: Into<Message>>(
        self,
        name: &'static str,
        items: impl IntoIterator<Item = M>,
        most: usize,
    ) -> Message {
        self.joined(name, items, "comma", most)
    }

    /// With several names or messages, between those of the key `between`.
    pub fn joined<M: Into<Message>>(
        self,
        name: &'static str,
        items: impl IntoIterator<Item = M>,
        between: &str,
        most: usize,
    ) -> Message {
        self.spoken_list(name, &mut items.into_iter().map(Into::into), between, most)
    }

    fn spoken_list(
        self,
        name: &'static str,
        items: &mut dyn Iterator<Item = Message>,
        between: &str,
        most: usize,
    ) -> Message {
        let first = items.take(most).map(KeptMessage).collect();
        self.with(name, Spoken::List(first, between.to_owned(), items.count()))
    }

    fn with(mut self, name: &'static str, value: Spoken) -> Message {
        self.values.push((Cow::Borrowed(name), value));
        self
    }

    /// The text, where it is written already.
    fn as_text(&self) -> Option<&str> {
        match self.values.as_slice() {
            [(_, Spoken::Text(text))] if self.key.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The message as files keep it beside its English text; none of a text that is written already.
    pub fn kept(&self) -> Option<KeptMessage> {
        self.as_text().is_none().then(|| KeptMessage(self.clone()))
    }

    /// The message in the language of these texts.
    pub fn written(&self, texts: &Texts) -> String {
        if let Some(text) = self.as_text() {
            return text.to_owned();
        }
        let values: Vec<(&str, Value<'_>)> =
            self.values.iter().map(|(name, value)| (name.as_ref(), value.written(texts))).collect();
        texts.with(&self.key, &values)
    }
}

impl Spoken {
    fn written(&self, texts: &Texts) -> Value<'_> {
        let numbers = texts.language().numbers_in_messages();
        match self {
            Spoken::Count(count) => Value::InMessage(*count),
            Spoken::Text(text) => text.as_str().into(),
            Spoken::Word(kind, word) => texts.word(kind, word).map_or_else(|| word.as_str().into(), Value::from),
            Spoken::Day(day) => texts.language().date(*day).into(),
            Spoken::Percent(share, decimals) => numbers.percent(*share, *decimals).into(),
            Spoken::Decimals(value, decimals) => numbers.decimals(*value, *decimals).into(),
            Spoken::Signed(value, decimals) => with_decimal(format!("{value:+.decimals$}"), numbers).into(),
            Spoken::Scientific(value, decimals) => with_decimal(format!("{value:.decimals$e}"), numbers).into(),
            Spoken::Figure(value) => with_decimal(value.clone(), numbers).into(),
            Spoken::Message(KeptMessage(message)) => message.written(texts).into(),
            Spoken::List(items, between, more) => {
                let items: Vec<String> = items.iter().map(|KeptMessage(item)| item.written(texts)).collect();
                let list = items.join(&texts.text(between));
                if *more == 0 {
                    list.into()
                } else {
                    texts.with("and-more", &[("list", list.into()), ("more", (*more).into())]).into()
                }
            }
        }
    }
}

/// A number as Rust writes it, with the sign of the language between whole part and fraction.
fn with_decimal(number: String, numbers: Numbers) -> String {
    number.replace('.', &numbers.decimal.to_string())
}

impl From<String> for Message {
    /// A text that is written already.
    fn from(text: String) -> Message {
        Message { key: Cow::Borrowed(""), values: vec![(Cow::Borrowed(""), Spoken::Text(text))] }
    }
}

impl From<&String> for Message {
    fn from(text: &String) -> Message {
        text.clone().into()
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Message {
        text.to_owned().into()
    }
}

impl From<Cow<'_, str>> for Message {
    fn from(text: Cow<'_, str>) -> Message {
        text.into_owned().into()
    }
}

impl From<&Message> for Message {
    fn from(message: &Message) -> Message {
        message.clone()
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Texts::shared(Language::En) {
            Ok(texts) => f.write_str(&self.written(&texts)),
            Err(_) => f.write_str(&self.key),
        }
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Message, D::Error> {
        String::deserialize(deserializer).map(Message::from)
    }
}

/// What a person should know of something that is kept in a file: in the file as English sentences, and beside them
/// as messages for lists in other languages. A file that has the sentences alone has them in English in any language.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "AdviceInFile", into = "AdviceInFile")]
pub struct Advice(pub Vec<Message>);

#[derive(Serialize, Deserialize)]
struct AdviceInFile {
    #[serde(default)]
    advice: Vec<Message>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    advice_messages: Vec<KeptMessage>,
}

impl From<AdviceInFile> for Advice {
    fn from(AdviceInFile { advice, advice_messages }: AdviceInFile) -> Advice {
        if advice_messages.len() == advice.len() {
            Advice(advice_messages.into_iter().map(|KeptMessage(message)| message).collect())
        } else {
            Advice(advice)
        }
    }
}

impl From<Advice> for AdviceInFile {
    fn from(Advice(advice): Advice) -> AdviceInFile {
        let are_texts = advice.iter().all(|message| message.as_text().is_some());
        let advice_messages = if are_texts { Vec::new() } else { advice.iter().cloned().map(KeptMessage).collect() };
        AdviceInFile { advice, advice_messages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        Message::new("drift-changed").some_of(
            "columns",
            [Message::new("drift-column").text("name", "`visits`").list(
                "parts",
                [
                    Message::new("drift-psi").decimals("psi", 0.25, 2),
                    Message::new("drift-log-odds").signed("moved", -0.125, 2),
                ],
            )],
            3,
        )
    }

    #[test]
    fn a_message_is_written_in_the_language_of_those_who_are_told() {
        let of = |language| message().written(&Texts::new(language).unwrap());
        assert_eq!(
            message().to_string(),
            "customers are distributed otherwise than at the training: `visits` (PSI 0.25, -0.12 log-odds)"
        );
        assert_eq!(of(Language::En), message().to_string());
        assert!(of(Language::De).contains("`visits` (PSI 0,25, Logit -0,12)"), "{}", of(Language::De));
        assert!(of(Language::Ja).contains("`visits`（PSI 0.25、"), "{}", of(Language::Ja));

        let more = Message::new("drift-changed").some_of("columns", ["a", "b", "c"], 2);
        assert!(more.to_string().ends_with("a, b and 1 more"), "{more}");
        assert_eq!(Message::from("as it is").written(&Texts::new(Language::Fr).unwrap()), "as it is");
    }

    #[test]
    fn counts_in_english_sentences_have_no_separators() {
        let of = |language| {
            let message = Message::new("unknown-ids").text("signal", "`s`").count("rows", 12_345_u64);
            message.written(&Texts::new(language).unwrap())
        };
        assert!(of(Language::En).contains(" 12345 rows"), "{}", of(Language::En));
        assert!(of(Language::De).contains(" 12.345 "), "{}", of(Language::De));
    }

    #[test]
    fn advice_is_kept_in_english_and_for_other_languages() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct File {
            #[serde(flatten)]
            advice: Advice,
        }
        let kept = |advice: Vec<Message>| serde_json::to_value(File { advice: Advice(advice) }).unwrap();

        let file = kept(vec![message(), "as it is".into()]);
        assert_eq!(file["advice"][0], message().to_string());
        let read: File = serde_json::from_value(file).unwrap();
        assert_eq!(read.advice.0, [message(), "as it is".into()]);

        // A file of an earlier version, which stays as it was.
        let file = serde_json::json!({ "advice": ["add rows"] });
        let read: File = serde_json::from_value(file.clone()).unwrap();
        assert_eq!(read.advice.0, [Message::from("add rows")]);
        assert_eq!(serde_json::to_value(read).unwrap(), file);
    }
}
