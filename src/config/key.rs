//! What a key of the configuration is, and what it takes. The keys themselves are defined in `settings`, each once: its
//! sentence, type, default and check.

use crate::calendar::{Day, Zone};
use crate::measures::{Best, Instrument, Scale};
use crate::spelling;
use std::collections::BTreeSet;
use toml::Value;

/// One key.
pub(super) struct Key {
    /// Where it stands; `*` is the name of a signal or of a delivery, or the reason code of a play.
    pub path: &'static str,
    /// What it means, as the lines of a comment.
    pub sentence: &'static [&'static str],
    pub kind: Kind,
    /// Whether its section is incomplete without it.
    pub is_required: bool,
    /// Its value where no layer sets one, in TOML.
    pub default: Option<&'static str>,
    /// A value to start from, in TOML, where the default is none to show.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test writes default.toml from it"))]
    pub example: Option<&'static str>,
}

impl Key {
    /// The name within the section: `kind` of `signals.*.kind`.
    pub fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }

    /// What it means, on one line.
    pub fn meaning(&self) -> String {
        self.sentence.concat().trim().to_owned()
    }

    /// The section that holds it: `signals.*` of `signals.*.kind`.
    pub fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }
}

/// Defines a section of the configuration: the type that holds its settings, and its keys.
///
/// ```text
/// section! {
///     /// The at-risk list.
///     ["list"]
///     pub struct List {
///         /// Customers on the list: as many as the team can call.
///         capacity: u32 = 500 => Whole(1, MOST);
///     }
/// }
/// ```
///
/// The comment of a key is its sentence in `default.toml` and in `docs/configuration.md`. `= 500` is its default, which
/// stands there too; `, like …` is an example for a key that is switched off; `, needed …` says that the section is
/// incomplete without it, and is an example as well. What follows `=>` is the check.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        [$section:literal]
        pub struct $name:ident {
            $(
                $(#[doc = $sentence:literal])+
                $field:ident: $type:ty $(= $default:tt)? $(, like $example:tt)? $(, needed $needed:tt)? => $kind:expr;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[doc = $sentence])+
                pub $field: $type,
            )+
        }

        impl $name {
            pub(super) const KEYS: &'static [Key] = &[
                $(
                    Key {
                        path: concat!($section, ".", stringify!($field)),
                        sentence: &[$($sentence),+],
                        kind: $kind,
                        is_required: $crate::config::key::first(&[$(stringify!($needed))?]).is_some(),
                        default: $crate::config::key::first(&[$(stringify!($default))?]),
                        example: $crate::config::key::first(&[$(stringify!($example))? $(stringify!($needed))?]),
                    },
                )+
            ];
        }
    };
}
pub(super) use section;

/// What a key takes.
pub(super) enum Kind {
    Text,
    /// Text that may be empty, on one line.
    Word,
    Texts,
    /// The name of a column of the section's table.
    Column,
    Columns,
    Path,
    Flag,
    Choice(&'static [&'static str]),
    Choices(&'static [&'static str]),
    /// A whole number between two bounds.
    Whole(i64, i64),
    /// Several of them, kept ascending and distinct, and a word that may stand beside them.
    WholesAnd(i64, i64, &'static str),
    /// A finite number for which the test holds; the text says what the test asks.
    Number(&'static str, fn(f64) -> bool),
    /// One of the words, or a finite number for which the test holds; the text says what the test asks.
    WordOr(&'static [&'static str], &'static str, fn(f64) -> bool),
    /// A low and a high number.
    Range,
    /// The scales of some survey instruments.
    Scales,
    /// Names, each with the name of a column.
    NamedColumns,
    /// The name of a variable of the environment that holds a secret. What else is found is not repeated: it may be the
    /// secret.
    Variable,
    /// The address of a page.
    Link,
    /// Dates, kept ascending and distinct.
    Dates,
    /// A count or dates.
    CountOrDates,
    Zone,
}

/// Longest window, in days. Ten years.
pub(super) const LONGEST_WINDOW: i64 = 3660;
/// What stands among windows for the whole history.
pub(super) const WHOLE_HISTORY: &str = "all";
/// Longest stretch of any other kind, in days. A century.
pub(super) const LONGEST_STRETCH: i64 = 36_600;
/// The largest count.
pub(super) const MOST: i64 = u32::MAX as i64;

impl Kind {
    /// Whether a value on the command line or in the environment is text also when it looks like something else.
    pub fn is_text(&self) -> bool {
        use Kind::*;
        matches!(self, Text | Word | Column | Path | Choice(_) | Zone | Variable | Link)
    }

    /// The value in its canonical form, or nothing if the key does not take it.
    pub fn accept(&self, value: &Value) -> Option<Value> {
        match self {
            Kind::Text | Kind::Column | Kind::Path => text(value).map(Value::from),
            Kind::Word => value.as_str().filter(|text| !text.chars().any(char::is_control)).map(Value::from),
            Kind::Texts | Kind::Columns => list(value, |item| text(item).map(Value::from)),
            Kind::Flag => value.as_bool().map(Value::from),
            Kind::Choice(known) => text(value).filter(|word| known.contains(word)).map(Value::from),
            Kind::Choices(known) => {
                let chosen = list(value, |item| text(item).filter(|word| known.contains(word)).map(Value::from))?;
                distinct_in_order(chosen)
            }
            Kind::Whole(low, high) => whole(value, *low, *high).map(Value::from),
            Kind::WholesAnd(low, high, word) => {
                let (words, others): (Vec<&Value>, Vec<&Value>) =
                    value.as_array()?.iter().partition(|item| item.as_str() == Some(word));
                let numbers: Option<BTreeSet<i64>> = others.into_iter().map(|item| whole(item, *low, *high)).collect();
                let numbers = numbers.filter(|numbers| !numbers.is_empty())?;
                let word = words.first().map(|_| Value::from(*word));
                Some(Value::Array(numbers.into_iter().map(Value::from).chain(word).collect()))
            }
            Kind::Number(_, holds) => number(value).filter(|x| holds(*x)).map(Value::from),
            Kind::WordOr(words, ..) if value.as_str().is_some_and(|word| words.contains(&word)) => Some(value.clone()),
            Kind::WordOr(_, _, holds) => number(value).filter(|x| holds(*x)).map(Value::from),
            Kind::Range => match value.as_array()?.as_slice() {
                [low, high] => {
                    let (low, high) = (number(low)?, number(high)?);
                    (low < high).then(|| Value::from(vec![low, high]))
                }
                _ => None,
            },
            Kind::Scales => scales(value).ok(),
            Kind::NamedColumns => {
                let given = value.as_table()?;
                let is_whole = given.iter().all(|(name, column)| is_header(name) && text(column).is_some());
                is_whole.then(|| value.clone())
            }
            Kind::Variable => text(value).filter(|name| is_variable(name)).map(Value::from),
            Kind::Link => text(value).filter(|address| is_link(address)).map(Value::from),
            Kind::Dates => {
                let dates: Option<BTreeSet<Day>> = value.as_array()?.iter().map(date).collect();
                non_empty(dates?.into_iter().map(|day| Value::from(day.to_string())).collect())
            }
            Kind::CountOrDates if value.is_array() => Kind::Dates.accept(value),
            Kind::CountOrDates => Kind::Whole(1, LONGEST_WINDOW).accept(value),
            Kind::Zone => text(value).filter(|name| Zone::named(name).is_ok()).map(Value::from),
        }
    }

    /// What was found in the place of what the key takes.
    pub fn found(&self, value: &Value) -> String {
        match self {
            Kind::Scales => scales(value).err().unwrap_or_else(|| describe(value)),
            Kind::NamedColumns => mapping(value),
            Kind::Variable => "something else, which is not shown as it may be a secret".to_owned(),
            _ => describe(value),
        }
    }

    /// What the key takes, in words.
    pub fn expected(&self) -> String {
        match self {
            Kind::Text => "a text in quotes".to_owned(),
            Kind::Word => "a text in quotes, on one line, which may be empty".to_owned(),
            Kind::Texts => "a list of texts, for example [\"a\", \"b\"]".to_owned(),
            Kind::Column => "the name of a column in quotes".to_owned(),
            Kind::Columns => "a list of columns, for example [\"a\", \"b\"]".to_owned(),
            Kind::Path => "a path in quotes".to_owned(),
            Kind::Flag => "true or false".to_owned(),
            Kind::Choice(known) => format!("one of {}", quoted(known)),
            Kind::Choices(known) => format!("a list with at least one of {}", quoted(known)),
            Kind::Whole(low, high) => whole_numbers("a whole number", *low, *high),
            Kind::WholesAnd(low, high, word) => {
                format!("{}, with or without \"{word}\"", whole_numbers("a list of whole numbers", *low, *high))
            }
            Kind::Number(range, _) => format!("a number {range}"),
            Kind::WordOr(words, number, _) => format!("{} or {number}", quoted(words)),
            Kind::Range => "a lower and a higher number, for example [0, 10]".to_owned(),
            Kind::Scales => "scales of nps, csat and ces, for example { csat = { from = 1, to = 10 } }".to_owned(),
            Kind::NamedColumns => {
                "names with list columns, for example { Churn_Risk__c = \"churn_probability\" }".to_owned()
            }
            Kind::Variable => {
                "the name of a variable of the environment: letters, digits and `_`, not beginning with a digit"
                    .to_owned()
            }
            Kind::Link => "an address that begins with https:// or http://, without blanks".to_owned(),
            Kind::Dates => "a list of dates, for example [\"2026-05-01\"]".to_owned(),
            Kind::CountOrDates => {
                format!("{}, or {}", Kind::Whole(1, LONGEST_WINDOW).expected(), Kind::Dates.expected())
            }
            Kind::Zone => "the IANA name of a time zone, for example \"UTC\" or \"Europe/Berlin\"".to_owned(),
        }
    }
}

/// The text of an optional part of a definition.
pub(super) const fn first(texts: &[&'static str]) -> Option<&'static str> {
    match texts {
        [text, ..] => Some(text),
        [] => None,
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

fn whole_numbers(what: &str, low: i64, high: i64) -> String {
    format!("{what} from {low} to {high}")
}

/// Text that says something.
fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.trim().is_empty())
}

fn whole(value: &Value, low: i64, high: i64) -> Option<i64> {
    value.as_integer().filter(|n| (low..=high).contains(n))
}

fn number(value: &Value) -> Option<f64> {
    // Whole numbers that a person writes into a configuration are far below 2^53.
    let number = value.as_float().or_else(|| value.as_integer().map(|n| n as f64))?;
    number.is_finite().then_some(number)
}

/// A date in quotes, or a bare TOML date.
fn date(value: &Value) -> Option<Day> {
    match value {
        Value::Datetime(date) => date.to_string().parse().ok(),
        _ => value.as_str()?.parse().ok(),
    }
}

fn list(value: &Value, item: impl Fn(&Value) -> Option<Value>) -> Option<Value> {
    value.as_array()?.iter().map(item).collect::<Option<Vec<Value>>>().map(Value::Array)
}

fn distinct_in_order(value: Value) -> Option<Value> {
    let mut items: Vec<Value> = Vec::new();
    for item in value.as_array()? {
        if !items.contains(item) {
            items.push(item.clone());
        }
    }
    non_empty(items)
}

fn non_empty(items: Vec<Value>) -> Option<Value> {
    (!items.is_empty()).then_some(Value::Array(items))
}

/// What is wrong with names and their columns.
fn mapping(value: &Value) -> String {
    let Some(given) = value.as_table() else { return describe(value) };
    let wrong = given.iter().find(|(name, column)| !is_header(name) || text(column).is_none());
    wrong
        .map_or_else(|| describe(value), |(name, column)| format!("{} for {}", describe(column), spelling::named(name)))
}

/// Whether a name can be the head of a column: on one line, without blanks at its ends.
fn is_header(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control)
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a text is the address of a page, which ends nowhere inside it for those who mark links with `<`, `|` or `)`.
fn is_link(address: &str) -> bool {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let ends = |c: char| c.is_whitespace() || c.is_control() || "<>|()[]\"\\".contains(c);
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(ends))
}

/// The scales of instruments, each whole, or what is wrong with them.
fn scales(value: &Value) -> Result<Value, String> {
    let given = value.as_table().ok_or_else(|| describe(value))?;
    let mut scales = toml::Table::new();
    for (name, value) in given {
        let instrument = Instrument::ALL.into_iter().find(|instrument| instrument.name() == name);
        let instrument = instrument.ok_or_else(|| format!("{}, which is no instrument", spelling::named(name)))?;
        let scale = scale(instrument, value)?;
        if instrument == Instrument::Nps && (scale != Scale::new(instrument.scale())) {
            return Err(format!(
                "{value} for nps, which is defined on 0 to 10, 10 being best. Convert these answers, or call their instrument csat"
            ));
        }
        let scale = Value::try_from(scale).map_err(|_| describe(value))?;
        scales.insert(name.clone(), scale);
    }
    if scales.is_empty() {
        return Err("none".to_owned());
    }
    Ok(Value::Table(scales))
}

/// The scale of an instrument, with what is not given as it usually is.
fn scale(instrument: Instrument, value: &Value) -> Result<Scale, String> {
    let name = instrument.name();
    let given = value.as_table().ok_or_else(|| format!("{} for {name}", describe(value)))?;
    let mut scale = Scale::new(instrument.scale());
    for (part, value) in given {
        let wrong = || format!("{} for {name}.{part}", describe(value));
        match part.as_str() {
            "from" => scale.from = number(value).ok_or_else(wrong)?,
            "to" => scale.to = number(value).ok_or_else(wrong)?,
            "best" => {
                scale.best = match value.as_str() {
                    Some("high") => Best::High,
                    Some("low") => Best::Low,
                    _ => return Err(format!("{}, where \"high\" or \"low\" is expected", wrong())),
                };
            }
            _ => return Err(format!("{name}.{part}, where a scale has `from`, `to` and `best` alone")),
        }
    }

    // Beyond that, a score could not be told from the next one.
    const MOST: f64 = 1e6;
    if scale.from >= scale.to || scale.from < -MOST || scale.to > MOST {
        let ends = format!("{name} from {} to {}", scale.from, scale.to);
        return Err(format!("{ends}, where `from` must be below `to`, and both between -{MOST} and {MOST}"));
    }
    Ok(scale)
}

/// A value as a message shows it.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::String(text) => format!("the text {}", spelling::quoted(text)),
        Value::Float(number) if !number.is_finite() => format!("{value}, which is no finite number"),
        Value::Integer(_) | Value::Float(_) => format!("the number {value}"),
        Value::Boolean(_) => value.to_string(),
        Value::Datetime(_) => format!("the date {value}"),
        Value::Array(_) => format!("the list {value}"),
        Value::Table(_) => "a section".to_owned(),
    }
}
