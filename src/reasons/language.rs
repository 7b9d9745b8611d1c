//! Nouns, numbers and dates as a person writes them.

use crate::calendar::Day;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Noun {
    pub one: String,
    pub many: String,
}

impl Noun {
    /// From a name that is plural by convention: `logins`, `page_visits`. A name that is not plural is followed by
    /// `rows`: `web` gives "web events".
    pub fn from_plural(name: &str, rows: Noun) -> Noun {
        let name = spaced(name);
        match singular(&name) {
            Some(one) => Noun { one, many: name },
            None => Noun { one: format!("{name} {}", rows.one), many: format!("{name} {}", rows.many) },
        }
    }

    /// From a label, which is the plural as its author wrote it.
    pub fn from_label(label: &str) -> Noun {
        Noun { one: singular(label).unwrap_or_else(|| label.to_owned()), many: label.to_owned() }
    }

    /// From a name that is singular by convention: the column `channel`.
    pub fn from_singular(name: &str) -> Noun {
        let one = spaced(name);
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

    /// "1 login", "1,234 logins".
    pub fn counted(&self, count: f64) -> String {
        let written = whole(count);
        let noun = if written == "1" { &self.one } else { &self.many };
        format!("{written} {noun}")
    }

    /// "no logins", "1 login".
    pub fn counted_or_no(&self, count: f64) -> String {
        if count == 0.0 {
            format!("no {}", self.one)
        } else {
            self.counted(count)
        }
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

/// "is", or "are" after a plural.
pub(super) fn is_or_are(name: &str) -> &'static str {
    if singular(name).is_some() {
        "are"
    } else {
        "is"
    }
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

/// "25 May", and with the year where it is not that of `near`: "25 May 2025".
pub(super) fn date(day: Day, near: Day) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let date = day.date();
    let month = usize::try_from(date.month() - 1).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
    if date.year() == near.date().year() {
        format!("{} {month}", date.day())
    } else {
        format!("{} {month} {}", date.day(), date.year())
    }
}

/// "1 day", "45 days".
pub(super) fn days(count: f64) -> String {
    Noun::new("day", "days").counted(count)
}

/// A whole number: "1,234".
pub(super) fn whole(value: f64) -> String {
    decimals(value, 0)
}

/// A number with as many decimals as it deserves, and none that say nothing: "1,234.5", "4.5", "12", "0.035".
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e15).contains(&size) {
        return format!("{value:.2e}");
    }

    let places = if size == 0.0 || size >= 1e5 {
        0
    } else if size >= 1.0 {
        2
    } else {
        // Three digits from the first that is not zero.
        (2.0 - size.log10().floor()) as usize
    };
    let written = decimals(value, places);
    if written.contains('.') {
        written.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        written
    }
}

/// A number with this many decimals, and commas between the thousands; never "-0".
pub(super) fn decimals(value: f64, places: usize) -> String {
    let written = format!("{:.places$}", value.abs());
    let (integer, fraction) = written.split_at(written.find('.').unwrap_or(written.len()));
    let mut text = String::with_capacity(written.len() + integer.len() / 3 + 1);
    if value < 0.0 && written.contains(|digit: char| ('1'..='9').contains(&digit)) {
        text.push('-');
    }
    for (place, digit) in integer.chars().enumerate() {
        if place > 0 && (integer.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(fraction);
    text
}

/// A share of one: "12 %".
pub(super) fn percent(share: f64) -> String {
    format!("{} %", whole(100.0 * share))
}

/// What the values of a signal or column are measured in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nothing is known.
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
    pub fn written(&self, value: f64) -> String {
        match self {
            Unit::Plain => number(value),
            Unit::Time(seconds) => duration(value * f64::from(*seconds)),
            Unit::Named(unit) => format!("{} {unit}", number(value)),
        }
    }
}

/// A duration in its two largest units: "45 s", "4 min 12 s", "2 h 5 min", "3 d 4 h".
fn duration(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let size = seconds.abs();

    // Rounded to the smaller unit shown before it is split, so that there is never a "60 s".
    let minutes = (size / MINUTE).round();
    let hours = (size / HOUR).round();
    let (large, small, ratio, names) = match size {
        _ if size.round() < MINUTE => {
            let written = number(if size < 10.0 { (size * 10.0).round() / 10.0 } else { size.round() });
            let sign = if written == "0" { "" } else { sign };
            return format!("{sign}{written} s");
        }
        _ if size.round() < HOUR => (size.round() / MINUTE, size.round(), MINUTE, ("min", "s")),
        _ if minutes < DAY / MINUTE => (minutes / 60.0, minutes, 60.0, ("h", "min")),
        _ => (hours / 24.0, hours, 24.0, ("d", "h")),
    };

    let (large, small) = (large.floor(), small % ratio);
    match small {
        0.0 => format!("{sign}{} {}", whole(large), names.0),
        _ => format!("{sign}{} {} {} {}", whole(large), names.0, whole(small), names.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Noun {
        Noun::new("event", "events")
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
        assert_eq!(["monthly charges", "tenure", "streaming TV", "status"].map(is_or_are), ["are", "is", "is", "is"]);
    }

    #[test]
    fn names_of_signals_have_a_singular() {
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
            assert_eq!(Noun::from_plural(many, rows()).one, one);
        }

        assert_eq!(Noun::from_plural("page_visits", rows()).many, "page visits");
        assert_eq!(Noun::from_plural("web", rows()).many, "web events");
        assert_eq!(Noun::from_label("log-ins to the shop").one, "log-in to the shop");
        assert_eq!(Noun::from_label("feedback"), Noun::new("feedback", "feedback"));
        assert_eq!(Noun::from_singular("channel").many, "channels");
        assert_eq!(Noun::from_singular("category").many, "categories");
        assert_eq!(Noun::from_singular("branch").many, "branches");
        assert_eq!(Noun::from_singular("day").many, "days");
    }

    #[test]
    fn one_is_singular_and_the_rest_plural() {
        let logins = Noun::from_plural("logins", rows());
        assert_eq!(logins.counted(1.0), "1 login");
        assert_eq!(logins.counted(0.0), "0 logins");
        assert_eq!(logins.counted(2.0), "2 logins");
        assert_eq!(logins.counted(1_234_567.0), "1,234,567 logins");
        assert_eq!(logins.counted_or_no(0.0), "no login");
        assert_eq!(days(1.0), "1 day");
        assert_eq!(days(45.0), "45 days");
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
            assert_eq!(number(value), text);
        }

        assert_eq!(decimals(-0.001, 2), "0.00");
        assert_eq!(decimals(-0.451, 2), "-0.45");
        assert_eq!(percent(0.604), "60 %");
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
            assert_eq!(seconds.written(value), text);
        }

        assert_eq!(Unit::from_config(Some("minutes")).written(12.5), "12 min 30 s");
        assert_eq!(Unit::from_config(Some("EUR")).written(12.5), "12.5 EUR");
        assert_eq!(Unit::from_config(None).written(1_200.0), "1,200");
    }

    #[test]
    fn foreign_text_stays_on_one_line() {
        assert_eq!(quoted("two\nlines"), "two lines");
        assert_eq!(quoted(&"ä".repeat(100)).chars().count(), 61);
    }
}
