//! The values of keys that take one of a few words, or a word or a number.

use crate::calendar::Day;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Defines an enumeration whose values are written as these words.
macro_rules! words {
    (
        $(#[$about:meta])+
        pub enum $name:ident {
            $(
                $(#[$meaning:meta])+
                $variant:ident = $word:literal,
            )+
        }
    ) => {
        $(#[$about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $(
                $(#[$meaning])+
                #[serde(rename = $word)]
                $variant,
            )+
        }

        impl $name {
            pub(super) const WORDS: &'static [&'static str] = &[$($word),+];

            /// As the configuration writes it.
            pub fn word(self) -> &'static str {
                Self::WORDS[self as usize]
            }
        }
    };
}

words! {
    /// How churn is known.
    pub enum ChurnDefinition {
        /// A table of dated cancellations.
        Event = "event",
        /// Silence of the named signals through the label window.
        Inactivity = "inactivity",
    }
}

words! {
    /// What a number that stands for a time counts, from 1970-01-01 00:00 UTC.
    pub enum EpochUnit {
        /// Seconds, as Unix has them.
        Seconds = "seconds",
        /// Thousandths, as JavaScript and Java have them.
        Milliseconds = "milliseconds",
        /// Millionths.
        Microseconds = "microseconds",
        /// Billionths, as pandas has them.
        Nanoseconds = "nanoseconds",
    }
}

impl EpochUnit {
    /// How many make a second.
    pub fn in_a_second(self) -> i64 {
        match self {
            EpochUnit::Seconds => 1,
            EpochUnit::Milliseconds => 1000,
            EpochUnit::Microseconds => 1_000_000,
            EpochUnit::Nanoseconds => 1_000_000_000,
        }
    }

    /// The unit in which a number is a time between 1990 and 2100, if there is one.
    pub fn likely(number: i64) -> Option<EpochUnit> {
        const YEAR: i64 = 31_556_952;
        let units = [EpochUnit::Seconds, EpochUnit::Milliseconds, EpochUnit::Microseconds, EpochUnit::Nanoseconds];
        units.into_iter().find(|unit| (20 * YEAR..130 * YEAR).contains(&(number / unit.in_a_second())))
    }
}

words! {
    /// What becomes of a run whose data have drifted.
    pub enum DriftGate {
        /// Nothing is measured.
        Off = "off",
        /// It is told.
        Warn = "warn",
        /// It is told, and a run on broken data is not published.
        Stop = "stop",
    }
}

words! {
    /// What a training makes of rows of customers whom outreach has reached.
    pub enum Contacted {
        /// Reweights where outreach is known to have an effect and the control group is large enough.
        Auto = "auto",
        /// Keeps all rows as they are.
        Keep = "keep",
        /// Drops rows of contacted customers; those of the control group stand for them.
        Reweight = "reweight",
    }
}

words! {
    /// How a list goes to somebody else.
    pub enum DeliveryKind {
        /// Files that another system loads.
        Csv = "csv",
        /// A digest that is posted.
        Webhook = "webhook",
    }
}

words! {
    /// Who receives a delivery.
    pub enum Profile {
        /// Files for the Bulk API of Salesforce.
        Salesforce = "salesforce",
        /// Files for the import of HubSpot.
        HubSpot = "hubspot",
        /// Files for any other system.
        Plain = "plain",
        /// A message in Slack.
        Slack = "slack",
        /// A card in Microsoft Teams.
        Teams = "teams",
        /// Plain JSON.
        Json = "json",
    }
}

impl Profile {
    /// The kind of delivery that it belongs to.
    pub fn kind(self) -> DeliveryKind {
        match self {
            Profile::Salesforce | Profile::HubSpot | Profile::Plain => DeliveryKind::Csv,
            Profile::Slack | Profile::Teams | Profile::Json => DeliveryKind::Webhook,
        }
    }
}

/// Names, each with the name of a list column, in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping(pub Vec<(String, String)>);

impl Serialize for Mapping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, column)| (name, column)))
    }
}

impl<'de> Deserialize<'de> for Mapping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Mapping, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Mapping;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with list columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Mapping, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Mapping(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

words! {
    /// How probabilities are calibrated.
    pub enum CalibrationChoice {
        /// The logistic model's own probabilities.
        None = "none",
        /// A logistic curve on the log-odds.
        Platt = "platt",
        /// A logistic curve with a slope of its own at either end.
        Beta = "beta",
        /// A monotone step curve on the log-odds.
        Isotonic = "isotonic",
        /// Whichever has the lowest log-loss on rows it has not seen; a smooth one unless the steps are clearly better.
        Auto = "auto",
    }
}

words! {
    /// How rich the model is. It is a logistic regression with exact reasons in any case.
    pub enum Complexity {
        /// Whichever of the others has the lowest cross-validated log-loss.
        Auto = "auto",
        /// A coefficient for each standardised column.
        Linear = "linear",
        /// A curve for each feature.
        Curves = "curves",
        /// Curves, and those interactions of two features that lower the cross-validated log-loss.
        Interactions = "interactions",
    }
}

words! {
    /// What keeps coefficients small. The intercept is free of it.
    #[derive(Default)]
    pub enum Penalty {
        /// `alpha / 2` times the sum of their squares.
        #[default]
        L2 = "l2",
        /// Half of that, and half of `alpha` times a norm for each feature (or interaction), which drops whole
        /// features: the group elastic net.
        Group = "group",
    }
}

words! {
    /// What rows the penalty and the complexity are judged on.
    pub enum Folds {
        /// Those of customers whom the fit has not seen, of all dates.
        Customer = "customer",
        /// Those of customers whom the fit has not seen, of dates after its own.
        Time = "time",
    }
}

words! {
    /// What the list is ordered by.
    pub enum RankBy {
        /// The calibrated probability of churn.
        Probability = "probability",
        /// Probability times value at stake.
        ExpectedLoss = "expected_loss",
        /// What contact changes, by the response that monitoring has learned.
        ExpectedSaving = "expected_saving",
    }
}

words! {
    /// What contributions are measured against.
    pub enum Reference {
        /// The mean of all eligible customers.
        Population = "population",
        /// The customers just above the list's cut-off.
        CutOff = "cut_off",
    }
}

words! {
    /// A format of the published list.
    pub enum Format {
        /// `at_risk.parquet`.
        Parquet = "parquet",
        /// `at_risk.csv`, for spreadsheets.
        Csv = "csv",
        /// `at_risk_plain.csv`, for machines.
        CsvPlain = "csv_plain",
        /// `at_risk.xlsx`.
        Xlsx = "xlsx",
        /// `report.html`.
        Html = "html",
    }
}

words! {
    /// The periods that measures are taken over.
    pub enum KpiPeriod {
        /// Calendar months.
        Month = "month",
        /// Weeks from Monday to Sunday.
        Week = "week",
        /// Calendar quarters.
        Quarter = "quarter",
        /// There are no measures.
        Off = "off",
    }
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

/// Either a count of the newest snapshots or their dates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EvaluationChoice {
    /// The newest so many.
    Newest(u32),
    /// These dates.
    Dates(Vec<Day>),
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

/// The share of churners that probabilities are to add up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BaseRate {
    /// That of the training rows.
    Training,
    /// What is known from elsewhere.
    Fixed(f64),
}

/// A word or a number, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Word(String),
}

impl Sample {
    pub(super) const WORDS: &'static [&'static str] = &["auto", "never"];
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Sample::Auto => serializer.serialize_str("auto"),
            Sample::Never => serializer.serialize_str("never"),
            Sample::Share(share) => serializer.serialize_f64(*share),
        }
    }
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sample, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(share) => Ok(Sample::Share(share)),
            Written::Word(word) if word == "auto" => Ok(Sample::Auto),
            Written::Word(word) if word == "never" => Ok(Sample::Never),
            Written::Word(word) => Err(unknown(&word, Sample::WORDS)),
        }
    }
}

impl Alpha {
    pub(super) const WORDS: &'static [&'static str] = &["auto"];
}

impl Serialize for Alpha {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Alpha::Auto => serializer.serialize_str("auto"),
            Alpha::Fixed(value) => serializer.serialize_f64(*value),
        }
    }
}

impl<'de> Deserialize<'de> for Alpha {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Alpha, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(value) => Ok(Alpha::Fixed(value)),
            Written::Word(word) if word == "auto" => Ok(Alpha::Auto),
            Written::Word(word) => Err(unknown(&word, Alpha::WORDS)),
        }
    }
}

impl BaseRate {
    pub(super) const WORDS: &'static [&'static str] = &["training"];
}

impl Serialize for BaseRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            BaseRate::Training => serializer.serialize_str("training"),
            BaseRate::Fixed(value) => serializer.serialize_f64(*value),
        }
    }
}

impl<'de> Deserialize<'de> for BaseRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BaseRate, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Number(value) => Ok(BaseRate::Fixed(value)),
            Written::Word(word) if word == "training" => Ok(BaseRate::Training),
            Written::Word(word) => Err(unknown(&word, BaseRate::WORDS)),
        }
    }
}

fn unknown<E: serde::de::Error>(word: &str, known: &[&str]) -> E {
    E::custom(format!("`{word}` is neither a number nor one of: {}", known.join(", ")))
}
