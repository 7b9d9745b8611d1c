//! Texts and numbers as a page has them.

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
    pub sort: f64,
}

/// Text from the data, on a page: on a few lines, cut, and with nothing in it that cannot be seen.
pub fn shown(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST + 1).collect();
    match plain.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain,
    }
}

/// A name of the configuration as words.
pub fn spaced(name: &str) -> String {
    shown(&name.replace('_', " "))
}
