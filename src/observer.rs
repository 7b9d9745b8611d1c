//! Who hears what a job does while it runs. A job prints nothing and logs nothing: it tells an observer, and what a
//! person should know afterwards is in its result as well.

use crate::language::{Message, Texts};
use serde::Serialize;
use std::fmt;

/// Hears what a job does. Every method does nothing unless it is overridden; calls come from the job's threads.
pub trait Observer: Sync {
    /// A step begins, in a few words: "fitting the linear model".
    fn step(&self, _what: &str) {}

    /// A stage is over.
    fn stage(&self, _stage: &Stage<'_>) {}

    /// Event rows read so far, and how many there are in all.
    fn rows(&self, _read: u64, _of: u64) {}

    /// Something that a person should know.
    fn note(&self, _note: &Note) {}
}

/// A stage of a job that is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage<'a> {
    /// Its name.
    pub name: &'a str,
    /// How long it took.
    pub seconds: f64,
}

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a look: the result may not mean what it seems to.
    Warning,
    /// How the job went about it.
    Detail,
}

/// Something that a person should know about a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    /// How much it matters.
    pub severity: Severity,
    /// A sentence: in English, until a job tells it in the language of its list.
    pub text: String,
    /// What it was written from.
    #[serde(skip)]
    message: Message,
}

impl Note {
    /// A sentence that is worth a look.
    pub fn warning(message: impl Into<Message>) -> Note {
        Note::new(Severity::Warning, message.into())
    }

    /// The sentences of those notes that are worth a look.
    pub fn warnings(notes: &[Note]) -> Vec<String> {
        let warnings = notes.iter().filter(|note| note.severity == Severity::Warning);
        warnings.map(|note| note.text.clone()).collect()
    }

    /// A sentence on how the job went about it.
    pub fn detail(message: impl Into<Message>) -> Note {
        Note::new(Severity::Detail, message.into())
    }

    fn new(severity: Severity, message: Message) -> Note {
        Note { severity, text: message.to_string(), message }
    }

    /// What it says, in whichever language.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The note in the language of these texts.
    pub fn written(&self, texts: &Texts) -> Note {
        Note { text: self.message.written(texts), ..self.clone() }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An observer that does not listen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
