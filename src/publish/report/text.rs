//! Texts and numbers as a page has them.

use crate::spelling;
use serde::Serialize;

/// Texts from the data are cut after this many characters: a report is to be looked through.
const LONGEST: usize = 500;

/// A name and what is said of it.
#[derive(Serialize)]
pub struct Fact {
    pub name: String,
    pub value: String,
}

/// A number as it is written, and as a script sorts it.
#[derive(Serialize)]
pub struct Number {
    pub text: String,
    pub sort: String,
}

/// Text from the data, on a page: on one line, cut, and with nothing in it that turns what follows.
pub fn shown(text: &str) -> String {
    spelling::cut(text, LONGEST).into_owned()
}

/// A name of the configuration as words.
pub fn spaced(name: &str) -> String {
    shown(&name.replace('_', " "))
}
