//! The resolved, validated settings: what every other room works from.

use crate::calendar::{Day, Zone};
pub use crate::measures::{Instrument, SignalKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// All settings of a run. Relative paths have been resolved against the folder of the file that named them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where results and models go.
    pub paths: Paths,
    /// The calendar of the run.
    pub time: Time,
    /// The customers table; absent when a prepared feature table is used instead.
    pub customers: Option<Customers>,
    /// The engagement signals by name, in name order.
    #[serde(default)]
    pub signals: BTreeMap<String, Signal>,
    /// A prepared feature table, instead of customers, signals and churn.
    #[serde(default)]
    pub table: Option<Table>,
    /// What churn means and the windows around it.
    pub churn: Churn,
    /// Which (customer, as-of) rows exist.
    pub eligibility: Eligibility,
    /// The feature windows.
    pub features: Features,
    /// Snapshots for training and evaluation.
    pub training: Training,
    /// The fit.
    pub model: Model,
    /// The at-risk list.
    pub list: List,
    /// What keeping a customer costs and brings.
    pub economics: Economics,
    /// What a run writes.
    pub publish: Publish,
    /// When a challenger becomes champion.
    pub promotion: Promotion,
    /// Thresholds that stop a run.
    pub gates: Gates,
}

/// Output folders.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paths {
    /// Parent of the `as_of=YYYY-MM-DD` folders.
    pub lists: PathBuf,
    /// The model registry.
    pub models: PathBuf,
}

/// The calendar.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// IANA name of the zone in which days begin and zone-less timestamps are read.
    pub zone: String,
}

impl Settings {
    /// The configured zone. The name has been checked when the settings were resolved.
    pub fn zone(&self) -> Zone {
        Zone::named(&self.time.zone).unwrap_or_else(|_| Zone::utc())
    }
}

/// The customers table: one row a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customers {
    /// File, directory or glob.
    pub path: PathBuf,
    /// Column of the id, integer or string.
    pub id: String,
    /// Column of the sign-up date.
    pub signup: Option<String>,
    /// Column of the contract's first day.
    pub start: Option<String>,
    /// Column of the first day after the contract.
    pub end: Option<String>,
    /// Column of the money a month at stake.
    pub value: Option<String>,
    /// Numeric columns used as features as given.
    #[serde(default)]
    pub numeric: Vec<String>,
    /// Text (or integer, or boolean) columns used as levels.
    #[serde(default)]
    pub categorical: Vec<String>,
    /// Columns copied to the list untouched.
    #[serde(default)]
    pub passthrough: Vec<String>,
}

/// One engagement signal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// What its rows are.
    pub kind: SignalKind,
    /// File, directory (hive-partitioned or not) or glob.
    pub path: PathBuf,
    /// Column of the customer id.
    pub id: String,
    /// Column of the time: a timestamp of any unit, or a date.
    pub time: String,
    /// Column of the value; required unless the kind is `event`.
    pub value: Option<String>,
    /// Column of the category, if any.
    pub category: Option<String>,
    /// Column naming the survey instrument: `nps`, `csat` or `ces`.
    pub instrument: Option<String>,
    /// The one instrument of this table, instead of a column.
    pub instrument_name: Option<Instrument>,
    /// Whether rows equal in every column read are one row.
    #[serde(default)]
    pub deduplicate: bool,
    /// What the rows are called in reasons, plural: "log-ins". The signal's name by default.
    pub label: Option<String>,
    /// The unit of the value in reasons: `seconds`, `EUR`.
    pub unit: Option<String>,
    /// Lowest and highest valid value, instead of the kind's own (`sentiment`: -1 to 1).
    pub range: Option<[f64; 2]>,
    /// Overrides `gates.max_staleness_days` for this signal.
    pub max_staleness_days: Option<u32>,
}

impl Signal {
    /// The survey instruments whose scores this signal holds; none unless it is a survey.
    pub fn instruments(&self) -> Vec<Instrument> {
        match (self.kind, self.instrument_name) {
            (SignalKind::Survey, Some(one)) => vec![one],
            (SignalKind::Survey, None) => Instrument::ALL.to_vec(),
            _ => Vec::new(),
        }
    }
}

/// How churn is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChurnDefinition {
    /// A table of dated cancellations.
    Event,
    /// Silence of the named signals through the label window.
    Inactivity,
}

/// The label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Churn {
    /// How churn is known.
    pub definition: ChurnDefinition,
    /// The cancellations (definition `event`).
    pub path: Option<PathBuf>,
    /// Its id column.
    pub id: String,
    /// Its date column.
    pub time: String,
    /// The signals whose silence is churn (definition `inactivity`).
    #[serde(default)]
    pub signals: Vec<String>,
    /// Days between the as-of date and the label window, in which the team can act.
    pub gap_days: u32,
    /// Days of the label window.
    pub horizon_days: u32,
}

/// A prepared feature table: one row a customer, or a customer and as-of date. Every column that has no role here and
/// is not ignored is a feature: numbers and booleans numeric, strings categorical.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Column of the customer's id, integer or string.
    #[serde(default = "Table::usual_id")]
    pub id: String,
    /// Column of the label, 0/1 or boolean; training needs it, scoring ignores it.
    #[serde(default = "Table::usual_label")]
    pub label: String,
    /// Column of the as-of date; `as_of` where the table has a column of that name. Without one, all rows are of the
    /// same date.
    pub as_of: Option<String>,
    /// Column of the folds to evaluate on when there is no as-of date; `fold` where the table has a column of that name.
    pub fold: Option<String>,
    /// Column of the money a month at stake; a feature like any other too, unless it is ignored.
    pub value: Option<String>,
    /// Columns copied to the list and to the scores untouched; no features unless they are listed.
    #[serde(default)]
    pub passthrough: Vec<String>,
    /// Columns that the model must not see; `*` stands for any characters.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Columns that are numeric, whatever `ignore` says of them with a `*`.
    #[serde(default)]
    pub numeric: Vec<String>,
    /// Columns that are categorical though their type is a number's, such as codes.
    #[serde(default)]
    pub categorical: Vec<String>,
    /// Columns that are known to be no leak of the label, though they look like one.
    #[serde(default)]
    pub accept: Vec<String>,
    /// The most columns that one model learns from; of more, those that say most by themselves about the training rows.
    #[serde(default = "Table::usual_most")]
    pub max_features: u32,
}

impl Table {
    fn usual_id() -> String {
        "customer_id".to_owned()
    }

    fn usual_label() -> String {
        "churned".to_owned()
    }

    fn usual_most() -> u32 {
        500
    }

    /// Whether a column is listed as a feature.
    pub fn lists(&self, column: &str) -> bool {
        self.numeric.iter().chain(&self.categorical).any(|listed| listed == column)
    }

    /// Whether the model must not see a column. One that is listed as a feature by name is never ignored.
    pub fn ignores(&self, column: &str) -> bool {
        !self.lists(column) && self.ignore.iter().any(|pattern| matches(pattern, column))
    }
}

impl Default for Table {
    fn default() -> Table {
        Table {
            id: Table::usual_id(),
            label: Table::usual_label(),
            as_of: None,
            fold: None,
            value: None,
            passthrough: Vec::new(),
            ignore: Vec::new(),
            numeric: Vec::new(),
            categorical: Vec::new(),
            accept: Vec::new(),
            max_features: Table::usual_most(),
        }
    }
}

/// Whether a name is a pattern's, in which `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(tail)
}

/// Which (customer, as-of) rows exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eligibility {
    /// Days since sign-up that a customer needs.
    pub min_tenure_days: u32,
    /// Days before the as-of date in which some signal must have a row; 0 switches it off.
    pub active_within_days: u32,
}

/// Feature windows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Lengths in days, ascending and distinct.
    pub windows_days: Vec<u32>,
}

impl Features {
    /// Days of history that features may look at: twice the longest window.
    pub fn look_back_days(&self) -> u32 {
        2 * self.windows_days.iter().copied().max().unwrap_or(0)
    }
}

/// Either a count of the newest snapshots or their dates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EvaluationChoice {
    /// The newest so many.
    Newest(u32),
    /// These dates.
    Dates(Vec<Day>),
}

/// Snapshots for training and evaluation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// How many as-of dates, newest matured first.
    pub snapshots: u32,
    /// Days between them.
    pub step_days: u32,
    /// The dates themselves, instead of `snapshots` and `step_days`.
    pub as_of: Option<Vec<Day>>,
    /// The snapshots kept for evaluation.
    pub evaluation: EvaluationChoice,
    /// Whether the published model is fitted on all snapshots after the evaluation.
    pub refit: bool,
    /// Which of the rows of customers who stayed are learned from.
    pub sample: Sample,
}

/// Which of the training rows of customers who stayed are learned from; those of churners all are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sample {
    /// All, or as many as the memory limit has room for.
    Auto,
    /// All.
    Never,
    /// A share of them.
    Share(f64),
}

impl Serialize for Sample {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Sample::Auto => serializer.serialize_str("auto"),
            Sample::Never => serializer.serialize_str("never"),
            Sample::Share(share) => serializer.serialize_f64(*share),
        }
    }
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Sample, D::Error> {
        let words = ["auto", "never"];
        Ok(match word_or_number(deserializer, &words, "a share between 0 and 1, for example 0.1")? {
            Ok("auto") => Sample::Auto,
            Ok(_) => Sample::Never,
            Err(share) => Sample::Share(share),
        })
    }
}

/// A number, or `auto`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Alpha {
    /// Chosen by cross-validated log-loss.
    Auto,
    /// Penalty strength per row.
    Fixed(f64),
}

impl Alpha {
    /// The number, if it is one.
    pub fn fixed(self) -> Option<f64> {
        match self {
            Alpha::Auto => None,
            Alpha::Fixed(value) => Some(value),
        }
    }
}

impl Serialize for Alpha {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Alpha::Auto => serializer.serialize_str("auto"),
            Alpha::Fixed(value) => serializer.serialize_f64(*value),
        }
    }
}

impl<'de> Deserialize<'de> for Alpha {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Alpha, D::Error> {
        let given = word_or_number(deserializer, &["auto"], "a number, for example 0.001")?;
        Ok(given.map_or_else(Alpha::Fixed, |_| Alpha::Auto))
    }
}

/// A number, or none for the word that stands for the default.
fn word_or_number<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
    words: &[&'static str],
    number: &str,
) -> Result<Result<&'static str, f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Raw {
        Number(f64),
        Text(String),
    }
    match Raw::deserialize(deserializer)? {
        Raw::Number(value) => Ok(Err(value)),
        Raw::Text(text) => match words.iter().find(|&&word| word == text) {
            Some(word) => Ok(Ok(word)),
            None => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                Err(serde::de::Error::custom(format!("`{text}` is neither {} nor {number}", words.join(" nor "))))
            }
        },
    }
}

/// The share of churners that probabilities are to add up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BaseRate {
    /// That of the training rows.
    Training,
    /// What is known from elsewhere.
    Fixed(f64),
}

impl Serialize for BaseRate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            BaseRate::Training => serializer.serialize_str("training"),
            BaseRate::Fixed(value) => serializer.serialize_f64(*value),
        }
    }
}

impl<'de> Deserialize<'de> for BaseRate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<BaseRate, D::Error> {
        let given = word_or_number(deserializer, &["training"], "a share between 0 and 1, for example 0.02")?;
        Ok(given.map_or_else(BaseRate::Fixed, |_| BaseRate::Training))
    }
}

/// How probabilities are calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CalibrationChoice {
    /// The logistic model's own probabilities.
    None,
    /// A logistic curve on the log-odds.
    Platt,
    /// A logistic curve with a slope of its own at either end.
    Beta,
    /// A monotone step curve on the log-odds.
    Isotonic,
    /// Whichever has the lowest log-loss on rows it has not seen; a smooth one unless the steps are clearly better.
    Auto,
}

/// How rich the model is. It is a logistic regression with exact reasons in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Complexity {
    /// Whichever of the others has the lowest cross-validated log-loss.
    Auto,
    /// A coefficient a standardised column.
    Linear,
    /// A curve a feature.
    Curves,
    /// Curves, and those interactions of two features that lower the cross-validated log-loss.
    Interactions,
}

/// What keeps coefficients small. The intercept is free of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Penalty {
    /// `alpha / 2` times the sum of their squares.
    #[default]
    L2,
    /// Half of that, and half of `alpha` times a norm a feature (or interaction), which drops whole features: the group
    /// elastic net.
    Group,
}

/// What rows the penalty and the complexity are judged on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Folds {
    /// Those of customers whom the fit has not seen, of all dates.
    Customer,
    /// Those of customers whom the fit has not seen, of dates after its own.
    Time,
}

/// How risk moves with a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// It never falls as the feature grows.
    Rises,
    /// It never rises as the feature grows.
    Falls,
}

impl Direction {
    /// The other one.
    pub fn opposite(self) -> Direction {
        match self {
            Direction::Rises => Direction::Falls,
            Direction::Falls => Direction::Rises,
        }
    }
}

/// The fit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// How rich the model is.
    pub complexity: Complexity,
    /// Penalty strength per row.
    pub alpha: Alpha,
    /// What keeps coefficients small.
    pub penalty: Penalty,
    /// Whether the simplest choice within one standard error of the best is taken, instead of the best.
    pub one_standard_error: bool,
    /// What rows the penalty and the complexity are judged on.
    pub folds: Folds,
    /// Whether the effect of each feature whose direction the catalogue knows must have that direction.
    pub monotone: bool,
    /// Features with which risk never falls, or signals with whose activity it never does.
    pub rises_with: Vec<String>,
    /// Features with which risk never rises, or signals with whose activity it never does.
    pub falls_with: Vec<String>,
    /// Features, or signals with all of theirs, whose direction is not known whatever the catalogue says.
    pub unconstrained: Vec<String>,
    /// How probabilities are calibrated.
    pub calibration: CalibrationChoice,
    /// The share of churners that probabilities are to add up to.
    pub base_rate: BaseRate,
    /// Seed of every random choice.
    pub seed: u64,
}

/// What the list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RankBy {
    /// The calibrated probability of churn.
    Probability,
    /// Probability times value at stake.
    ExpectedLoss,
}

/// What contributions are measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// The mean of all eligible customers.
    Population,
    /// The customers just above the list's cut-off.
    CutOff,
}

/// The at-risk list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The order.
    pub rank_by: RankBy,
    /// Its greatest length.
    pub capacity: u32,
    /// Share of listed customers kept out of outreach.
    pub control_fraction: f64,
    /// Reasons a customer, at most 4.
    pub reasons: u32,
    /// What reasons are measured against.
    pub reference: Reference,
}

/// What keeping a customer costs and brings, in the money of `customers.value` or `table.value`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Economics {
    /// Cost of contacting a customer.
    pub contact_cost: f64,
    /// Cost of what a customer is offered to stay; who was to stay anyway takes it too.
    pub offer_cost: f64,
    /// Share of the contacted churners who stay because of it.
    pub save_rate: f64,
    /// Value of a customer who stays, where `customers.value` says nothing.
    pub customer_value: f64,
    /// Months of `customers.value` that a customer who stays is worth.
    pub value_months: u32,
}

/// A format of the published list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `at_risk.parquet`.
    Parquet,
    /// `at_risk.csv`.
    Csv,
    /// `at_risk.xlsx`.
    Xlsx,
    /// `report.html`.
    Html,
}

/// What a run writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// Formats of the list.
    pub formats: Vec<Format>,
}

/// When a challenger becomes champion.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// The difference in AUC that counts: "better" is more than this above the champion, "worse" more than this below.
    pub margin: f64,
}

/// Thresholds that stop a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gates {
    /// Days between a signal's newest row and the as-of date.
    pub max_staleness_days: u32,
    /// Eligible customers that a run needs.
    pub min_customers: u32,
    /// Churners that training needs.
    pub min_churners: u32,
    /// Population stability index above which scoring stops.
    pub max_psi: f64,
    /// Share of a source's rows that may be in quarantine.
    pub max_quarantine_share: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, holds) in [
            ("raw_*", "raw_total", true),
            ("raw_*", "total_raw", false),
            ("*_id", "account_id", true),
            ("*", "anything", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("plain", "plain", true),
            ("plain", "plainer", false),
        ] {
            assert_eq!(matches(pattern, name), holds, "{pattern} {name}");
        }
        let table = Table { ignore: vec!["*".into()], numeric: vec!["tenure".into()], ..Table::default() };
        assert!(table.ignores("plan") && !table.ignores("tenure"));
    }
}
