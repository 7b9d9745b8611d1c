//! What sentences are made of: phrases of a language's catalogue, and the nouns, numbers and dates in them.

use crate::calendar::Day;
use crate::language::{Language, Numbers, Texts, Value};
use std::sync::Arc;

/// Seconds in a day, an hour and a minute.
const DAY: f64 = 86_400.0;
const HOUR: f64 = 3_600.0;
const MINUTE: f64 = 60.0;

/// Plurals that do not follow the rules of [`singular_of_word`]; the second list has no plural at all.
const IRREGULAR: [(&str, &str); 7] = [
    ("people", "person"),
    ("children", "child"),
    ("movies", "movie"),
    ("cookies", "cookie"),
    ("bonuses", "bonus"),
    ("statuses", "status"),
    ("caches", "cache"),
];
const NOT_PLURAL: [&str; 4] = ["ces", "news", "series", "always"];

/// Words before which a noun phrase has its noun: "calls to support".
const PREPOSITIONS: [&str; 10] = ["about", "at", "by", "for", "from", "in", "of", "on", "to", "with"];

/// What a thing is called: one of it, and several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Noun {
    pub one: String,
    pub many: String,
}

impl Noun {
    /// From a name that is plural by convention: `logins`, `page_visits`. In English a name that is not plural is
    /// followed by what its rows are: `web` gives "web events".
    pub fn from_plural(speech: &Speech, name: &str, rows: Rows) -> Noun {
        let name = spaced(name);
        let (one, many) = match rows {
            Rows::Events => ("noun-event", "noun-events"),
            Rows::Answers => ("noun-answer", "noun-answers"),
        };
        let with_rows = |key| speech.phrase(key).text("name", name.as_str()).say();
        match singular(&name) {
            Some(one) => Noun { one, many: name },
            None => Noun { one: with_rows(one), many: with_rows(many) },
        }
    }

    /// From a label, which is the plural as its author wrote it.
    pub fn from_label(label: &str) -> Noun {
        Noun { one: singular(label).unwrap_or_else(|| label.to_owned()), many: label.to_owned() }
    }

    /// From a name that is singular by convention: the column `channel`. Other languages than English have no plural of
    /// it.
    pub fn from_singular(speech: &Speech, name: &str) -> Noun {
        let one = spaced(name);
        if speech.texts.language() != Language::En {
            return Noun { many: one.clone(), one };
        }
        let stem = one.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
        let many = match stem {
            Some(stem) => format!("{stem}ies"),
            None if ["s", "x", "z", "ch", "sh"].iter().any(|ending| one.ends_with(ending)) => format!("{one}es"),
            None => format!("{one}s"),
        };
        Noun { one, many }
    }

    pub fn new(one: &str, many: &str) -> Noun {
        Noun { one: one.to_owned(), many: many.to_owned() }
    }
}

/// What the rows of a signal are, where its name does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    Events,
    Answers,
}

/// Makes sentences in a language.
#[derive(Clone, Debug)]
pub(super) struct Speech {
    texts: Arc<Texts>,
    numbers: Numbers,
}

impl Speech {
    pub fn new(texts: Arc<Texts>) -> Speech {
        Speech { numbers: texts.language().numbers_in_sentences(), texts }
    }

    /// A phrase of the catalogue, which is told its values one by one.
    pub fn phrase<'a>(&'a self, key: &'a str) -> Phrase<'a> {
        Phrase { speech: self, key, values: Vec::new() }
    }

    /// A phrase without values.
    pub fn word(&self, key: &str) -> String {
        self.texts.text(key)
    }

    /// "1 day", "45 days"
    pub fn days(&self, count: f64) -> String {
        self.phrase("days").count("days", count).say()
    }

    /// "25 May", and with the year where it is not that of `near`: "25 May 2025".
    pub fn date(&self, day: Day, near: Day) -> String {
        let date = day.date();
        let month = self.word(&format!("month-{}", date.month()));
        let is_near = date.year() == near.date().year();
        let phrase = self.phrase(if is_near { "date" } else { "date-with-year" });
        let phrase = phrase.count("day", f64::from(date.day())).text("month", month);
        // A year has no separators.
        phrase.text("year", date.year().to_string()).say()
    }

    /// A whole number: "1,234".
    pub fn whole(&self, value: f64) -> String {
        self.numbers.whole(value)
    }

    /// A number with as many decimals as it deserves: "1,234.5", "4.5", "12", "0.035".
    pub fn number(&self, value: f64) -> String {
        self.numbers.measured(value)
    }

    /// A number with this many decimals; never "-0".
    pub fn decimals(&self, value: f64, places: usize) -> String {
        self.numbers.decimals(value, places)
    }

    /// A share of one: "12 %".
    pub fn percent(&self, share: f64) -> String {
        self.numbers.percent(share, 0)
    }
}

/// A phrase of the catalogue with its values.
pub(super) struct Phrase<'a> {
    speech: &'a Speech,
    key: &'a str,
    values: Vec<(&'a str, Value<'a>)>,
}

impl<'a> Phrase<'a> {
    /// With the rows of a signal.
    pub fn rows(self, noun: &'a Noun) -> Phrase<'a> {
        self.text("row", noun.one.as_str()).text("rows", noun.many.as_str())
    }

    /// With what these rows are about: a category, a value.
    pub fn subject(self, noun: &'a Noun) -> Phrase<'a> {
        self.text("subject", noun.one.as_str()).text("subjects", noun.many.as_str())
    }

    /// With a column, whose name in English may be a plural.
    pub fn column(self, name: &'a str) -> Phrase<'a> {
        self.text("name", name).text("form", if singular(name).is_some() { "many" } else { "one" })
    }

    /// With a number of days.
    pub fn days(self, days: f64) -> Phrase<'a> {
        self.count("days", days)
    }

    /// With a whole number, by which the phrase may choose a plural.
    pub fn count(self, name: &'a str, count: f64) -> Phrase<'a> {
        self.with(name, Value::Count(count.round_ties_even() as i64))
    }

    /// With a text, or a number that is written already.
    pub fn text(self, name: &'a str, text: impl Into<Value<'a>>) -> Phrase<'a> {
        self.with(name, text.into())
    }

    fn with(mut self, name: &'a str, value: Value<'a>) -> Phrase<'a> {
        self.values.push((name, value));
        self
    }

    /// The text.
    pub fn say(self) -> String {
        self.speech.texts.with(self.key, &self.values)
    }
}

/// The singular of a plural, or none if it is not one.
fn singular(name: &str) -> Option<String> {
    let preposition = name.match_indices(' ').find(|&(space, _)| {
        let next = name[space..].split_whitespace().next();
        next.is_some_and(|word| PREPOSITIONS.contains(&word))
    });
    if let Some((space, _)) = preposition {
        let (phrase, rest) = name.split_at(space);
        return singular(phrase).map(|one| format!("{one}{rest}"));
    }

    let (head, last) = match name.rsplit_once([' ', '-']) {
        Some((head, last)) => (&name[..head.len() + 1], last),
        None => ("", name),
    };
    let lower = last.to_lowercase();
    if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == lower) {
        return Some(format!("{head}{one}"));
    }
    if NOT_PLURAL.contains(&lower.as_str()) {
        return None;
    }
    Some(format!("{head}{}", singular_of_word(last)?))
}

/// The singular of one regular plural: "entries", "searches", "purchases", "logins".
fn singular_of_word(word: &str) -> Option<String> {
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return Some(format!("{stem}y"));
    }
    if ["sses", "shes", "ches", "xes"].iter().any(|ending| word.ends_with(ending)) {
        return word.strip_suffix("es").map(str::to_owned);
    }
    let stem = word.strip_suffix('s')?;
    let is_word = stem.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    // "access", "status" and "analysis" are singular.
    (is_word && !stem.ends_with(['s', 'u', 'i'])).then(|| stem.to_owned())
}

/// A name of the configuration as words: "page_visits" is "page visits", "MonthlyCharges" is "monthly charges".
pub(super) fn spaced(name: &str) -> String {
    let mut words = Vec::new();
    for word in name.split(|c: char| c == '_' || c.is_whitespace()).filter(|word| !word.is_empty()) {
        let humps = humps(word);
        let is_camel = humps.len() > 1;
        for hump in humps {
            // "ID" and "NPS" stay as they are.
            let is_acronym = !hump.chars().skip(1).any(char::is_lowercase);
            words.push(if is_camel && !is_acronym { hump.to_lowercase() } else { hump });
        }
    }
    words.join(" ")
}

/// A word in camel case, taken apart: "customerID" is "customer", "ID".
fn humps(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let mut humps: Vec<String> = Vec::new();
    for (place, &letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| letters.get(before));
        let begins = match before {
            None => true,
            Some(before) if before.is_lowercase() => letter.is_uppercase(),
            Some(before) => {
                let is_followed = letters.get(place + 1).is_some_and(|next| next.is_lowercase());
                before.is_uppercase() && letter.is_uppercase() && is_followed
            }
        };
        match humps.last_mut() {
            Some(hump) if !begins => hump.push(letter),
            _ => humps.push(letter.to_string()),
        }
    }

    humps
}

/// Whether a level says yes or no.
pub(super) fn is_answer(level: &str) -> bool {
    ["yes", "no", "true", "false"].iter().any(|answer| level.eq_ignore_ascii_case(answer))
}

/// With its first letter upper-cased.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Text from the data within a sentence: on one line, and no longer than a cell can show.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What the values of a signal or column are measured in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nothing is known.
    #[default]
    Plain,
    /// A duration, with the seconds in one.
    Time(u32),
    /// Any other, written after the number.
    Named(String),
}

impl Unit {
    /// From `unit` of a signal's configuration, if it has one.
    pub fn from_config(unit: Option<&str>) -> Unit {
        match unit.map(str::trim) {
            None | Some("") => Unit::Plain,
            Some("s" | "sec" | "secs" | "second" | "seconds") => Unit::Time(1),
            Some("min" | "mins" | "minute" | "minutes") => Unit::Time(60),
            Some("h" | "hour" | "hours") => Unit::Time(3_600),
            Some(other) => Unit::Named(other.to_owned()),
        }
    }

    /// A value with its unit: "4 min 12 s", "12.5 EUR".
    pub fn written(&self, speech: &Speech, value: f64) -> String {
        match self {
            Unit::Plain => speech.number(value),
            Unit::Time(seconds) => duration(speech, value * f64::from(*seconds)),
            Unit::Named(unit) => format!("{} {unit}", speech.number(value)),
        }
    }
}

/// A duration in its two largest units: "45 s", "4 min 12 s", "2 h 5 min", "3 d 4 h".
fn duration(speech: &Speech, seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let size = seconds.abs();
    let time = |key: &str, value: String| speech.phrase(key).text("value", value).say();

    // Rounded to the smaller unit shown before it is split, so that there is never a "60 s".
    let minutes = (size / MINUTE).round();
    let hours = (size / HOUR).round();
    let (large, small, ratio, keys) = match size {
        _ if size.round() < MINUTE => {
            let written = speech.number(if size < 10.0 { (size * 10.0).round() / 10.0 } else { size.round() });
            let sign = if written == "0" { "" } else { sign };
            return format!("{sign}{}", time("time-s", written));
        }
        _ if size.round() < HOUR => (size.round() / MINUTE, size.round(), MINUTE, ("time-min", "time-s")),
        _ if minutes < DAY / MINUTE => (minutes / 60.0, minutes, 60.0, ("time-h", "time-min")),
        _ => (hours / 24.0, hours, 24.0, ("time-d", "time-h")),
    };

    let (large, small) = (large.floor(), small % ratio);
    let large = time(keys.0, speech.whole(large));
    if small == 0.0 {
        return format!("{sign}{large}");
    }
    let both = speech.phrase("time-two").text("large", large).text("small", time(keys.1, speech.whole(small)));
    format!("{sign}{}", both.say())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(language: Language) -> Speech {
        Speech::new(Arc::new(Texts::new(language).unwrap()))
    }

    fn english() -> Speech {
        speech(Language::En)
    }

    #[test]
    fn names_become_words() {
        for (name, words) in [
            ("page_visits", "page visits"),
            ("MonthlyCharges", "monthly charges"),
            ("customerID", "customer ID"),
            ("NPSScore", "NPS score"),
            ("StreamingTV", "streaming TV"),
            ("TENURE", "TENURE"),
            ("Total Day Minutes", "Total Day Minutes"),
            ("total_intl_calls", "total intl calls"),
        ] {
            assert_eq!(spaced(name), words);
        }
        let said = |name: &str| english().phrase("is").column(name).say();
        assert_eq!(["monthly charges", "tenure", "streaming TV", "status"].map(said), ["are", "is", "is", "is"]);
    }

    #[test]
    fn names_of_signals_have_a_singular() {
        let english = english();
        for (many, one) in [
            ("logins", "login"),
            ("log-ins", "log-in"),
            ("visits", "visit"),
            ("page_visits", "page visit"),
            ("purchases", "purchase"),
            ("entries", "entry"),
            ("searches", "search"),
            ("boxes", "box"),
            ("responses", "response"),
            ("support_calls", "support call"),
            ("calls_to_agents", "call to agents"),
            ("sick_people", "sick person"),
            ("ads", "ad"),
            ("web", "web event"),
            ("sms", "sms event"),
            ("app_access", "app access event"),
            ("order_status", "order status event"),
            ("ces", "ces event"),
        ] {
            assert_eq!(Noun::from_plural(&english, many, Rows::Events).one, one);
        }

        assert_eq!(Noun::from_plural(&english, "page_visits", Rows::Events).many, "page visits");
        assert_eq!(Noun::from_plural(&english, "web", Rows::Events).many, "web events");
        assert_eq!(Noun::from_plural(&speech(Language::Ja), "web", Rows::Events).many, "web");
        assert_eq!(Noun::from_label("log-ins to the shop").one, "log-in to the shop");
        assert_eq!(Noun::from_label("feedback"), Noun::new("feedback", "feedback"));
        assert_eq!(Noun::from_singular(&english, "channel").many, "channels");
        assert_eq!(Noun::from_singular(&english, "category").many, "categories");
        assert_eq!(Noun::from_singular(&english, "branch").many, "branches");
        assert_eq!(Noun::from_singular(&english, "day").many, "days");
    }

    #[test]
    fn one_is_singular_and_the_rest_plural() {
        let english = english();
        let logins = Noun::from_plural(&english, "logins", Rows::Events);
        let counted = |count: f64| english.phrase("counted").rows(&logins).count("count", count).say();
        assert_eq!(counted(1.0), "1 login");
        assert_eq!(counted(0.0), "0 logins");
        assert_eq!(counted(2.0), "2 logins");
        assert_eq!(counted(1_234_567.0), "1,234,567 logins");
        assert_eq!(english.phrase("counted-or-no").rows(&logins).count("count", 0.0).say(), "no login");
        assert_eq!(english.days(1.0), "1 day");
        assert_eq!(english.days(45.0), "45 days");
    }

    #[test]
    fn dates_have_a_year_where_it_is_another_one() {
        let (day, near): (Day, Day) = ("2025-06-01".parse().unwrap(), "2025-12-31".parse().unwrap());
        let later: Day = "2026-01-01".parse().unwrap();
        let written = Language::ALL.map(|language| [near, later].map(|near| speech(language).date(day, near)));
        let expected = [
            ["1 June", "1 June 2025"],
            ["6月1日", "2025年6月1日"],
            ["1. Juni", "1. Juni 2025"],
            ["1er juin", "1er juin 2025"],
            ["1 de junio", "1 de junio de 2025"],
        ];
        assert_eq!(written, expected.map(|pair| pair.map(str::to_owned)));
    }

    #[test]
    fn numbers_are_written_for_people() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (12.0, "12"),
            (4.5, "4.5"),
            (f64::from(49.99f32), "49.99"),
            (1_234.0, "1,234"),
            (1_234.5, "1,234.5"),
            (-1_234.5, "-1,234.5"),
            (1_234_567.8, "1,234,568"),
            (0.0345, "0.0345"),
            (0.5, "0.5"),
            (0.999_96, "1"),
            (1e30, "1.00e30"),
            (-1e-9, "-1.00e-9"),
        ] {
            assert_eq!(english().number(value), text);
        }

        assert_eq!(english().decimals(-0.001, 2), "0.00");
        assert_eq!(english().decimals(-0.451, 2), "-0.45");
        assert_eq!(english().percent(0.604), "60 %");
    }

    #[test]
    fn units_are_those_of_the_signal() {
        let seconds = Unit::from_config(Some("seconds"));
        for (value, text) in [
            (0.0, "0 s"),
            (4.54, "4.5 s"),
            (45.4, "45 s"),
            (59.9, "1 min"),
            (252.0, "4 min 12 s"),
            (3_599.8, "1 h"),
            (7_500.0, "2 h 5 min"),
            (86_399.0, "1 d"),
            (273_600.0, "3 d 4 h"),
            (-90.0, "-1 min 30 s"),
        ] {
            assert_eq!(seconds.written(&english(), value), text);
        }

        let written = Language::ALL.map(|language| seconds.written(&speech(language), 7_500.0));
        assert_eq!(written, ["2 h 5 min", "2時間5分", "2 Std. 5 min", "2 h 5 min", "2 h 5 min"]);
        assert_eq!(Unit::from_config(Some("minutes")).written(&english(), 12.5), "12 min 30 s");
        assert_eq!(Unit::from_config(Some("EUR")).written(&english(), 12.5), "12.5 EUR");
        assert_eq!(Unit::from_config(None).written(&english(), 1_200.0), "1,200");
    }

    #[test]
    fn foreign_text_stays_on_one_line() {
        assert_eq!(quoted("two\nlines"), "two lines");
        assert_eq!(quoted(&"ä".repeat(100)).chars().count(), 61);
    }
}
