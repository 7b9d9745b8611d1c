//! Names and texts that others chose, in messages: nothing in them is invisible, none of them commands a terminal, and
//! a name that is not there is held against those that are.

use std::borrow::Cow;
use std::fmt::Write;

/// Names that a message holds at most: a table of ten thousand columns must not fill it.
pub const MOST: usize = 40;

/// A name for a message: bare if the eye sees all of it, and otherwise in quotes, with escapes that `churn.toml` takes
/// as well (`"\ufeffcustomer_id"`, `"customer_id "`).
pub fn shown(name: &str) -> Cow<'_, str> {
    if is_plain(name) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(quoted(name))
    }
}

/// A text in quotes, with escapes for what cannot be seen in it.
pub fn quoted(name: &str) -> String {
    let is_mixed = mixes_alphabets(name);
    let mut text = String::with_capacity(name.len() + 8);
    text.push('"');
    for c in name.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            _ if hidden(c).is_some() || (is_mixed && latin(c).is_some()) => escape(c, &mut text),
            _ => text.push(c),
        }
    }
    text.push('"');
    text
}

/// A name in a sentence: in backticks, or in quotes where not all of it can be seen.
pub fn named(name: &str) -> String {
    if is_plain(name) {
        format!("`{name}`")
    } else {
        quoted(name)
    }
}

/// A value of the data in a sentence: as [`named`], and not too long.
pub fn value(text: &str) -> String {
    const MOST: usize = 60;
    named(&cut(text, MOST))
}

/// A text from the data for people to read, on one line and no longer than so many characters.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    let is_long = text.len() > most && text.chars().nth(most).is_some();
    if !is_long && !text.chars().any(commands) {
        return Cow::Borrowed(text);
    }

    let mut line = String::with_capacity(4 * most);
    for c in text.chars().take(if is_long { most - 1 } else { most }) {
        if commands(c) {
            escape(c, &mut line);
        } else {
            line.push(c);
        }
    }
    if is_long {
        line.push('…');
    }
    Cow::Owned(line)
}

/// A whole output or message, without anything that a terminal would obey or that turns the direction of what follows.
/// Its own line breaks and tabs stay.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let is_harmful = |c: char| commands(c) && c != '\n' && c != '\t';
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_harmful(c) {
            escape(c, &mut out);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Names for a message.
pub fn some_of(names: &[impl AsRef<str>]) -> String {
    let first = names.iter().take(MOST).map(|name| shown(name.as_ref()).into_owned());
    and_more(&first.collect::<Vec<_>>(), names.len())
}

/// Names that are missing where there are `known` ones, the first of them with the nearest.
pub fn missing(names: &[impl AsRef<str>], known: &[&str]) -> String {
    const WITH_NEAREST: usize = 5;
    let mut list = Vec::new();
    for (at, name) in names.iter().take(MOST).map(AsRef::as_ref).enumerate() {
        let question = if at < WITH_NEAREST { did_you_mean(name, known) } else { None };
        list.push(named(name) + &question.map_or_else(String::new, |question| format!(" ({question})")));
    }
    and_more(&list, names.len())
}

/// The first of so many names, and how many more there are.
fn and_more(first: &[String], all: usize) -> String {
    match all.saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// How alike two names are, from 0 to 1: most if they differ by nothing but capitals, then if the eye takes them for
/// the same, and else as the measure says of what can be seen.
pub fn likeness(wanted: &str, name: &str, measure: fn(&str, &str) -> f64) -> f64 {
    if wanted.to_lowercase() == name.to_lowercase() {
        return 1.0;
    }
    let (wanted, name) = (plain(wanted), plain(name));
    if wanted == name {
        0.99
    } else {
        0.98 * measure(&wanted, &name)
    }
}

/// The name that was probably meant, if one is like the one wanted.
pub fn nearest<'a>(wanted: &str, known: &[&'a str]) -> Option<&'a str> {
    const LEAST: f64 = 0.735;
    known
        .iter()
        .map(|name| (likeness(wanted, name, strsim::jaro_winkler), *name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > LEAST)
        .map(|(_, name)| name)
}

/// A question about a name that is not there: which of the known ones was probably meant, and what in it cannot be
/// seen.
pub fn did_you_mean(wanted: &str, known: &[&str]) -> Option<String> {
    let name = nearest(wanted, known)?;
    let question = match (strange_in(name), strange_in(wanted)) {
        (None, None) => format!("did you mean `{name}`?"),
        (Some(strange), _) => format!("did you mean {}, with {strange}?", named(name)),
        (None, Some(strange)) => format!("did you mean `{name}`, without {strange}?"),
    };
    Some(question)
}

/// Whether the eye sees all of a name.
fn is_plain(name: &str) -> bool {
    strange_in(name).is_none() && !name.is_empty()
}

/// What in a name cannot be seen, or is taken for something else.
fn strange_in(name: &str) -> Option<&'static str> {
    if let Some(what) = name.chars().find_map(hidden) {
        return Some(what);
    }
    if name.starts_with(' ') {
        Some("a blank in front")
    } else if name.ends_with(' ') {
        Some("a blank at the end")
    } else if mixes_alphabets(name) {
        Some("a letter of another alphabet that looks like a Latin one")
    } else {
        None
    }
}

/// What a character is that leaves no mark of its own; none for one that does.
fn hidden(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{feff}' => "a byte order mark",
        '\t' => "a tab",
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => "a line break",
        '\u{a0}' | '\u{202f}' => "a non-breaking space",
        c if c != ' ' && c.is_whitespace() => "a space of unusual width",
        c if c.is_control() => "a control character",
        '\u{ad}' => "a soft hyphen",
        '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{180e}' => "a character of zero width",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "a mark that turns the direction of writing"
        }
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2065}' | '\u{fff9}'..='\u{fffb}' => {
            "an invisible character"
        }
        '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e01ef}' => "an invisible character",
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' => {
            "an accent written apart from its letter"
        }
        '\u{1100}'..='\u{11ff}' | '\u{3099}' | '\u{309a}' => "a syllable written in parts",
        _ => return None,
    })
}

/// Whether a terminal may obey a character, or show what follows it in another order or on another line.
fn commands(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes a character as TOML and JSON escape it.
fn escape(c: char, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        c if u32::from(c) > 0xffff => write!(out, "\\U{:08x}", u32::from(c)),
        c => write!(out, "\\u{:04x}", u32::from(c)),
    };
}

/// Whether a name has Latin letters and others that look like them.
fn mixes_alphabets(name: &str) -> bool {
    !name.is_ascii() && name.contains(|c: char| c.is_ascii_alphabetic()) && name.chars().any(|c| latin(c).is_some())
}

/// The Latin letter that one of another alphabet, or of another width, is taken for.
fn latin(c: char) -> Option<char> {
    const OTHERS: &str = "аеорсухіјѕԁһԛԝονАВЕКМНОРСТХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
    const LATIN: &str = "aeopcyxijsdhqwovABEKMHOPCTXIJSABEZHIKMNOPTYX";
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{370}'..='\u{52f}' => {
            OTHERS.chars().zip(LATIN.chars()).find(|(other, _)| *other == c).map(|(_, latin)| latin)
        }
        _ => None,
    }
}

/// A name as the eye reads it: small letters, without what is invisible, with `_` for blanks and hyphens.
fn plain(name: &str) -> String {
    let seen = name.chars().filter_map(|c| match hidden(c) {
        Some(_) if c.is_whitespace() => Some(' '),
        Some(_) => None,
        None => Some(latin(c).unwrap_or(c)),
    });
    let seen: String = seen.flat_map(char::to_lowercase).collect();
    seen.trim().replace([' ', '-', '.'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        for (name, seen) in [
            ("customer_id", "customer_id"),
            ("Anzahl Käufe", "Anzahl Käufe"),
            ("顧客番号", "顧客番号"),
            ("клиент", "клиент"),
            ("β_value", "β_value"),
            ("say \"so\"", "say \"so\""),
            ("", "\"\""),
            ("id ", "\"id \""),
            (" id", "\" id\""),
            ("\u{feff}id", "\"\\ufeffid\""),
            ("i\u{200b}d", "\"i\\u200bd\""),
            ("customer\u{a0}id", "\"customer\\u00a0id\""),
            ("cafe\u{301}", "\"cafe\\u0301\""),
            ("two\nlines", "\"two\\nlines\""),
            ("\u{430}ge", "\"\\u0430ge\""),
            ("\u{e0041}x", "\"\\U000e0041x\""),
            ("a \"b\" ", "\"a \\\"b\\\" \""),
        ] {
            assert_eq!(shown(name), seen);
            if seen.starts_with('"') {
                let value: toml::Value = seen.parse().unwrap();
                assert_eq!(value.as_str(), Some(name), "{seen} is not what churn.toml takes");
            }
        }
        assert_eq!((named("id"), named("id ")), ("`id`".to_owned(), "\"id \"".to_owned()));
        assert_eq!(some_of(&["a", "b "]), "a, \"b \"");
        assert!(some_of(&vec!["x"; 50]).ends_with("x and 10 more"));
    }

    #[test]
    fn the_nearest_name_is_found_behind_capitals_and_blanks() {
        let asked = |wanted: &str, known: &[&str]| did_you_mean(wanted, known).unwrap();
        let columns = ["customer_key", "CUSTOMER_ID", "ts"];
        assert_eq!(asked("customer_id", &columns), "did you mean `CUSTOMER_ID`?");
        for (found, difference) in [
            ("\u{feff}customer_id", "a byte order mark"),
            ("customer_id ", "a blank at the end"),
            (" Customer ID", "a blank in front"),
            ("customer\u{a0}id", "a non-breaking space"),
            ("customer_\u{200b}id", "a character of zero width"),
            ("\u{441}ustomer_id", "a letter of another alphabet that looks like a Latin one"),
            ("ｃustomer_id", "a letter of another alphabet that looks like a Latin one"),
        ] {
            let said = asked("customer_id", &["customer_key", "customer_ids", found]);
            assert_eq!(said, format!("did you mean {}, with {difference}?", quoted(found)));
        }
        assert_eq!(asked("ts ", &columns), "did you mean `ts`, without a blank at the end?");
        assert_eq!(asked("costumer_id", &["ts", "customer_id"]), "did you mean `customer_id`?");
        assert_eq!(did_you_mean("customer_id", &["amount", "when"]), None);
        assert_eq!(missing(&["Plan", "when"], &["plan"]), "`Plan` (did you mean `plan`?), `when`");
    }

    #[test]
    fn a_terminal_is_told_nothing_by_data() {
        assert_eq!(harmless("a\n\tb é 100\u{a0}%"), "a\n\tb é 100\u{a0}%");
        assert_eq!(harmless("\u{1b}[31mX\r\u{9b}2J\u{202e}"), "\\u001b[31mX\\r\\u009b2J\\u202e");
        assert_eq!(cut("plain", 5), "plain");
        assert_eq!(cut("plainer", 5), "plai…");
        assert_eq!(cut("two\nlines", 40), "two\\nlines");
        assert_eq!(cut("ééééé", 5), "ééééé");
        assert_eq!(cut(&"é".repeat(1000), 5), "éééé…");
    }
}
