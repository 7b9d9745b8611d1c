//! Every key of the configuration: where it stands, what it takes, and whether its section needs it. One list that
//! reads the layers, names the nearest key after a typing error, and orders `churn config show`.

use crate::calendar::{Day, Zone};
use crate::published;
use std::collections::BTreeSet;
use toml::Value;

/// One key. `*` in the path stands for a signal's name.
pub(super) struct Key {
    pub path: &'static str,
    pub kind: Kind,
    /// Whether the section is incomplete without it. Only keys without a default can be.
    pub required: bool,
}

/// What a key takes.
pub(super) enum Kind {
    Text,
    Path,
    Texts,
    Flag,
    Choice(&'static [&'static str]),
    Choices(&'static [&'static str]),
    /// A whole number between two bounds.
    Whole(i64, i64),
    /// Several of them, kept ascending and distinct.
    Wholes(i64, i64),
    /// A finite number for which the test holds; the text says what the test asks.
    Number(&'static str, fn(f64) -> bool),
    /// A low and a high number.
    Range,
    /// `"auto"` or a number of 0 or more.
    Alpha,
    /// `"training"` or a share strictly between 0 and 1.
    BaseRate,
    /// `"auto"`, `"never"` or a share strictly between 0 and 1.
    Sample,
    /// Dates, kept ascending and distinct.
    Dates,
    /// A count or dates.
    CountOrDates,
    Zone,
}

/// Longest window, in days. Ten years.
const LONGEST_WINDOW: i64 = 3660;
/// Longest stretch of any other kind, in days. A century.
const LONGEST_STRETCH: i64 = 36_600;
const MOST: i64 = u32::MAX as i64;

const INSTRUMENTS: &[&str] = &["nps", "csat", "ces"];

/// The catalogue, section by section.
pub(super) const KEYS: &[Key] = &[
    required("customers.path", Kind::Path),
    required("customers.id", Kind::Text),
    optional("customers.signup", Kind::Text),
    optional("customers.start", Kind::Text),
    optional("customers.end", Kind::Text),
    optional("customers.value", Kind::Text),
    optional("customers.numeric", Kind::Texts),
    optional("customers.categorical", Kind::Texts),
    optional("customers.passthrough", Kind::Texts),
    required("signals.*.kind", Kind::Choice(&["event", "amount", "sentiment", "survey"])),
    required("signals.*.path", Kind::Path),
    required("signals.*.id", Kind::Text),
    required("signals.*.time", Kind::Text),
    optional("signals.*.value", Kind::Text),
    optional("signals.*.category", Kind::Text),
    optional("signals.*.instrument", Kind::Text),
    optional("signals.*.instrument_name", Kind::Choice(INSTRUMENTS)),
    optional("signals.*.deduplicate", Kind::Flag),
    optional("signals.*.label", Kind::Text),
    optional("signals.*.unit", Kind::Text),
    optional("signals.*.range", Kind::Range),
    optional("signals.*.max_staleness_days", Kind::Whole(0, LONGEST_STRETCH)),
    optional("churn.definition", Kind::Choice(&["event", "inactivity"])),
    optional("churn.path", Kind::Path),
    optional("churn.id", Kind::Text),
    optional("churn.time", Kind::Text),
    optional("churn.signals", Kind::Texts),
    optional("churn.gap_days", Kind::Whole(0, LONGEST_WINDOW)),
    optional("churn.horizon_days", Kind::Whole(1, LONGEST_WINDOW)),
    optional("table.id", Kind::Text),
    optional("table.label", Kind::Text),
    optional("table.as_of", Kind::Text),
    optional("table.fold", Kind::Text),
    optional("table.value", Kind::Text),
    optional("table.passthrough", Kind::Texts),
    optional("table.ignore", Kind::Texts),
    optional("table.numeric", Kind::Texts),
    optional("table.categorical", Kind::Texts),
    optional("table.accept", Kind::Texts),
    optional("table.max_features", Kind::Whole(1, 2_000)),
    optional("eligibility.min_tenure_days", Kind::Whole(0, LONGEST_STRETCH)),
    optional("eligibility.active_within_days", Kind::Whole(0, LONGEST_STRETCH)),
    optional("features.windows_days", Kind::Wholes(1, LONGEST_WINDOW)),
    optional("training.snapshots", Kind::Whole(1, LONGEST_WINDOW)),
    optional("training.step_days", Kind::Whole(1, LONGEST_WINDOW)),
    optional("training.as_of", Kind::Dates),
    optional("training.evaluation", Kind::CountOrDates),
    optional("training.refit", Kind::Flag),
    optional("training.sample", Kind::Sample),
    optional("model.complexity", Kind::Choice(&["auto", "linear", "curves", "interactions"])),
    optional("model.alpha", Kind::Alpha),
    optional("model.penalty", Kind::Choice(&["l2", "group"])),
    optional("model.one_standard_error", Kind::Flag),
    optional("model.folds", Kind::Choice(&["customer", "time"])),
    optional("model.monotone", Kind::Flag),
    optional("model.rises_with", Kind::Texts),
    optional("model.falls_with", Kind::Texts),
    optional("model.unconstrained", Kind::Texts),
    optional("model.calibration", Kind::Choice(&["none", "platt", "beta", "isotonic", "auto"])),
    optional("model.base_rate", Kind::BaseRate),
    optional("model.seed", Kind::Whole(0, i64::MAX)),
    optional("list.rank_by", Kind::Choice(&["probability", "expected_loss"])),
    optional("list.capacity", Kind::Whole(1, MOST)),
    optional("list.control_fraction", Kind::Number("of 0 or more and less than 1", |x| (0.0..1.0).contains(&x))),
    optional("list.reasons", Kind::Whole(0, published::REASONS)),
    optional("list.reference", Kind::Choice(&["population", "cut_off"])),
    optional("economics.contact_cost", Kind::Number("of 0 or more", |x| x >= 0.0)),
    optional("economics.offer_cost", Kind::Number("of 0 or more", |x| x >= 0.0)),
    optional("economics.save_rate", Kind::Number("above 0 and below 1", |x| x > 0.0 && x < 1.0)),
    optional("economics.customer_value", Kind::Number("above 0", |x| x > 0.0)),
    optional("economics.value_months", Kind::Whole(1, 600)),
    optional("publish.formats", Kind::Choices(&["parquet", "csv", "xlsx", "html"])),
    optional("promotion.margin", Kind::Number("from 0 to 0.5", |x| (0.0..=0.5).contains(&x))),
    optional("gates.max_staleness_days", Kind::Whole(0, LONGEST_STRETCH)),
    optional("gates.min_customers", Kind::Whole(0, MOST)),
    optional("gates.min_churners", Kind::Whole(0, MOST)),
    optional("gates.max_psi", Kind::Number("above 0", |x| x > 0.0)),
    optional("gates.max_quarantine_share", Kind::Number("from 0 to 1", |x| (0.0..=1.0).contains(&x))),
    optional("paths.lists", Kind::Path),
    optional("paths.models", Kind::Path),
    optional("time.zone", Kind::Zone),
];

const fn required(path: &'static str, kind: Kind) -> Key {
    Key { path, kind, required: true }
}

const fn optional(path: &'static str, kind: Kind) -> Key {
    Key { path, kind, required: false }
}

impl Key {
    /// The name within the section: `kind` of `signals.*.kind`.
    pub fn name(&self) -> &'static str {
        last(self.path)
    }

    /// The section that holds it, with `*` for a signal's name.
    pub fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }
}

/// The key at a path, if there is one, and its place in the catalogue.
pub(super) fn find(path: &[&str]) -> Option<(usize, &'static Key)> {
    let is_here = |key: &Key| {
        key.path.split('.').count() == path.len()
            && key.path.split('.').zip(path).all(|(known, given)| known == "*" || known == *given)
    };
    KEYS.iter().enumerate().find(|(_, key)| is_here(key))
}

/// Whether keys or signals stand below a path.
pub(super) fn is_section(path: &[&str]) -> bool {
    KEYS.iter().any(|key| {
        key.path.split('.').count() > path.len()
            && key.path.split('.').zip(path).all(|(known, given)| known == "*" || known == *given)
    })
}

/// The top-level sections.
pub(super) fn sections() -> BTreeSet<&'static str> {
    KEYS.iter().filter_map(|key| key.path.split('.').next()).collect()
}

/// The known key closest to an unknown one, or the known section if a whole section is unknown. A key that was put
/// into the wrong section is found by its own name.
pub(super) fn nearest(path: &[&str], is_table: bool) -> String {
    let signal = if path[0] == "signals" && path.len() > 1 { path[1] } else { "NAME" };
    let given = path.join(".");
    let similarity = |candidate: &str| {
        let whole = strsim::normalized_damerau_levenshtein(&given, candidate);
        let name = strsim::normalized_damerau_levenshtein(last(&given), last(candidate));
        whole.max(0.8 * name)
    };
    let candidates: Vec<String> = if is_table && path.len() == 1 {
        sections().into_iter().map(str::to_owned).collect()
    } else {
        KEYS.iter().map(|key| key.path.replace('*', signal)).collect()
    };
    candidates.into_iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b))).unwrap_or_default()
}

fn last(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, name)| name)
}

impl Kind {
    /// Whether a value on the command line or in the environment is text also when it looks like something else.
    pub fn is_text(&self) -> bool {
        matches!(self, Kind::Text | Kind::Path | Kind::Choice(_) | Kind::Zone)
    }

    /// The value in its canonical form, or nothing if the key does not take it.
    pub fn accept(&self, value: &Value) -> Option<Value> {
        match self {
            Kind::Text | Kind::Path => text(value).map(Value::from),
            Kind::Texts => list(value, |item| text(item).map(Value::from)),
            Kind::Flag => value.as_bool().map(Value::from),
            Kind::Choice(known) => text(value).filter(|v| known.contains(v)).map(Value::from),
            Kind::Choices(known) => {
                let chosen = list(value, |item| text(item).filter(|v| known.contains(v)).map(Value::from))?;
                distinct_in_order(chosen)
            }
            Kind::Whole(low, high) => whole(value, *low, *high).map(Value::from),
            Kind::Wholes(low, high) => {
                let numbers: Option<BTreeSet<i64>> =
                    value.as_array()?.iter().map(|item| whole(item, *low, *high)).collect();
                non_empty(numbers?.into_iter().map(Value::from).collect())
            }
            Kind::Number(_, holds) => number(value).filter(|x| holds(*x)).map(Value::from),
            Kind::Range => match value.as_array()?.as_slice() {
                [low, high] => {
                    let (low, high) = (number(low)?, number(high)?);
                    (low < high).then(|| Value::from(vec![low, high]))
                }
                _ => None,
            },
            Kind::Alpha if value.as_str() == Some("auto") => Some(value.clone()),
            Kind::Alpha => number(value).filter(|x| *x >= 0.0).map(Value::from),
            Kind::BaseRate if value.as_str() == Some("training") => Some(value.clone()),
            Kind::Sample if matches!(value.as_str(), Some("auto" | "never")) => Some(value.clone()),
            Kind::BaseRate | Kind::Sample => number(value).filter(|x| *x > 0.0 && *x < 1.0).map(Value::from),
            Kind::Dates => {
                let dates: Option<BTreeSet<Day>> = value.as_array()?.iter().map(date).collect();
                non_empty(dates?.into_iter().map(|day| Value::from(day.to_string())).collect())
            }
            Kind::CountOrDates if value.is_array() => Kind::Dates.accept(value),
            Kind::CountOrDates => Kind::Whole(1, LONGEST_WINDOW).accept(value),
            Kind::Zone => text(value).filter(|name| Zone::named(name).is_ok()).map(Value::from),
        }
    }

    /// What the key takes, in words.
    pub fn expected(&self) -> String {
        let quoted = |known: &[&str]| known.iter().map(|v| format!("\"{v}\"")).collect::<Vec<_>>().join(", ");
        match self {
            Kind::Text => "a text in quotes".to_owned(),
            Kind::Path => "a path in quotes".to_owned(),
            Kind::Texts => "a list of texts, for example [\"a\", \"b\"]".to_owned(),
            Kind::Flag => "true or false".to_owned(),
            Kind::Choice(known) => format!("one of {}", quoted(known)),
            Kind::Choices(known) => format!("a list with at least one of {}", quoted(known)),
            Kind::Whole(low, high) => whole_numbers("a whole number", *low, *high),
            Kind::Wholes(low, high) => whole_numbers("a list of whole numbers", *low, *high),
            Kind::Number(range, _) => format!("a number {range}"),
            Kind::Range => "a lower and a higher number, for example [0, 10]".to_owned(),
            Kind::Alpha => "\"auto\" or a number of 0 or more, for example 0.001".to_owned(),
            Kind::Sample => "\"auto\", \"never\" or a share between 0 and 1, for example 0.1".to_owned(),
            Kind::BaseRate => "\"training\" or a share between 0 and 1, for example 0.02".to_owned(),
            Kind::Dates => "a list of dates, for example [\"2026-05-01\"]".to_owned(),
            Kind::CountOrDates => {
                format!("{}, or {}", Kind::Whole(1, LONGEST_WINDOW).expected(), Kind::Dates.expected())
            }
            Kind::Zone => "the IANA name of a time zone, for example \"UTC\" or \"Europe/Berlin\"".to_owned(),
        }
    }
}

fn whole_numbers(what: &str, low: i64, high: i64) -> String {
    match high {
        MOST | i64::MAX => format!("{what} of {low} or more"),
        _ => format!("{what} from {low} to {high}"),
    }
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

/// A value as a message shows it.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::String(text) => format!("the text {text:?}"),
        Value::Integer(_) | Value::Float(_) => format!("the number {value}"),
        Value::Boolean(_) => value.to_string(),
        Value::Datetime(_) => format!("the date {value}"),
        Value::Array(_) => format!("the list {value}"),
        Value::Table(_) => "a section".to_owned(),
    }
}
