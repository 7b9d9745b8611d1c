//! The measures: what a feature can be of a signal or of a customer, and everything that is true of each of them
//! whatever the data are. The catalogue of features, the names that no other column may have, the directions of risk,
//! the recipe, the reasons and the tables of `docs/features.md` all follow from [`DEFINITIONS`].

use serde::{Deserialize, Serialize};

/// What the rows of a signal are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignalKind {
    /// Dated rows alone.
    Event,
    /// Rows with a quantity: seconds, money, pages.
    Amount,
    /// Rows with a mood between -1 and 1.
    Sentiment,
    /// Answers to a survey instrument.
    Survey,
}

/// A survey instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Instrument {
    /// Net promoter score, 0 to 10.
    Nps,
    /// Customer satisfaction, 1 to 5 unless a signal gives it another scale.
    Csat,
    /// Customer effort, 1 to 7, where a high score is an easy experience, unless a signal gives it another scale.
    Ces,
}

impl Instrument {
    /// Every instrument, in the order of their feature columns.
    pub const ALL: [Instrument; 3] = [Instrument::Nps, Instrument::Csat, Instrument::Ces];

    /// The name in configuration, data and feature names.
    pub fn name(self) -> &'static str {
        match self {
            Instrument::Nps => "nps",
            Instrument::Csat => "csat",
            Instrument::Ces => "ces",
        }
    }

    /// The instrument that a text names.
    pub fn named(text: &str) -> Option<Instrument> {
        Instrument::ALL.into_iter().find(|instrument| text.trim().eq_ignore_ascii_case(instrument.name()))
    }

    /// The lowest and highest valid score, unless the signal says otherwise.
    pub fn scale(self) -> [f64; 2] {
        match self {
            Instrument::Nps => [0.0, 10.0],
            Instrument::Csat => [1.0, 5.0],
            Instrument::Ces => [1.0, 7.0],
        }
    }
}

/// Which end of a scale is the good one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Best {
    /// The higher a score, the better: much satisfaction, little effort.
    #[default]
    High,
    /// The lower a score, the better: 1 is "very satisfied", or the score counts effort.
    Low,
}

/// The scale of the answers to an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The lowest valid score.
    pub from: f64,
    /// The highest valid score.
    pub to: f64,
    /// Which of them is the good end.
    pub best: Best,
}

impl Scale {
    /// From the lowest score to the highest, of which the highest is best.
    pub fn new([from, to]: [f64; 2]) -> Scale {
        Scale { from, to, best: Best::High }
    }

    /// How far up the scale a score is, from 0 at the bad end to 1 at the good one.
    pub fn goodness(self, score: f64) -> f64 {
        let way = match self.best {
            Best::High => score - self.from,
            Best::Low => self.to - score,
        };
        way / (self.to - self.from)
    }

    /// The score that is so far up the scale.
    pub fn score(self, goodness: f64) -> f64 {
        match self.best {
            Best::High => self.from + goodness * (self.to - self.from),
            Best::Low => self.to - goodness * (self.to - self.from),
        }
    }
}

/// The scales that a signal gives its instruments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scales {
    /// That of the net promoter score.
    pub nps: Option<Scale>,
    /// That of customer satisfaction.
    pub csat: Option<Scale>,
    /// That of customer effort.
    pub ces: Option<Scale>,
}

impl Scales {
    /// The scale that an instrument is given.
    pub fn get(self, instrument: Instrument) -> Option<Scale> {
        match instrument {
            Instrument::Nps => self.nps,
            Instrument::Csat => self.csat,
            Instrument::Ces => self.ces,
        }
    }
}

/// What a feature column measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Rows in the window.
    Count,
    /// Distinct calendar days with a row.
    ActiveDays,
    /// Days since the last row within the look-back; null without one.
    DaysSinceLast,
    /// `ln((count + 1) / (count of the window before + 1))`.
    Trend,
    /// Mean days between consecutive rows in the window; null under two.
    MeanGap,
    /// Sum of the value.
    Sum,
    /// Mean of the value; null over no rows.
    Mean,
    /// Distinct categories.
    Categories,
    /// Share of rows with a value below -0.2; null over no rows.
    NegativeShare,
    /// Last survey score in the look-back.
    SurveyLast,
    /// Mean survey score in the look-back.
    SurveyMean,
    /// Last survey score minus the one before.
    SurveyChange,
    /// Days since the last survey answer.
    SurveyDaysSinceLast,
    /// Rows of the whole history.
    LifetimeCount,
    /// Distinct calendar days of the whole history with a row.
    LifetimeActiveDays,
    /// Sum of the value over the whole history.
    LifetimeSum,
    /// Mean of the value over the whole history; null over no rows.
    LifetimeMean,
    /// Share of rows of the whole history with a value below -0.2; null over no rows.
    LifetimeNegativeShare,
    /// Distinct categories of the whole history.
    LifetimeCategories,
    /// Mean days between consecutive rows of the whole history; null under two.
    GapMean,
    /// Standard deviation of the days between consecutive rows of the whole history; null under three.
    GapSd,
    /// Most days between consecutive rows of the whole history; null under two.
    GapLongest,
    /// Days since the last row of the whole history over their mean gap: how overdue a customer is.
    DaysSinceLastOverGap,
    /// Days since sign-up.
    Tenure,
    /// A numeric column of the customers table, as given.
    Numeric,
}

/// What has a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Signal,
    Amount,
    Sentiment,
    /// A signal whose rows name a category.
    Category,
    /// The whole history of a signal, where `features.lifetime` asks for it.
    Lifetime,
    /// The whole history of an amount.
    AmountLifetime,
    /// The whole history of a sentiment.
    SentimentLifetime,
    /// The whole history of a signal whose rows name a category.
    CategoryLifetime,
    /// An instrument of a survey.
    Instrument,
    Customer,
}

/// Which way risk is known to move with a measure. More events and amounts, more lately and more evenly, are
/// engagement. Nothing is known of the size of one amount, of how many mentions or answers there are (a storm of
/// complaints is many), of tenure, and of the customers table's own columns. Nor is it of totals and gaps over the
/// whole history: a customer who came often and is silent now is likelier to have left than one who came seldom (Fader,
/// Hardie & Lee 2005, "Counting your customers the easy way").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It grows with the activity of the signal, and risk falls as that does if the activity is engagement.
    MoreActivity,
    /// It falls as the activity of the signal grows.
    LessActivity,
    /// Risk falls as it grows.
    Better,
    /// Risk rises as it grows.
    Worse,
    Unknown,
}

/// How the values of a measure lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Most are small and a few are large, so that their logarithm says more.
    Skewed,
    Even,
    /// It is looked at.
    Unknown,
}

/// What a reason that is made of a measure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// How much and how lately a signal has rows: counts, active days, trends, gaps, recency, sums.
    Volume,
    /// How much one row of an amount is: its means.
    Value,
    /// On how many categories the rows spread.
    Categories,
    /// The mood of a sentiment: its means and negative shares.
    Mood,
    /// The answers to one survey instrument.
    Score,
    /// Time since sign-up.
    Tenure,
    /// A numeric column of the customers table.
    Number,
    /// A categorical column of the customers table.
    Level,
}

/// The definition of a measure for one kind of subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    pub measure: Measure,
    pub subject: Subject,
    /// The name of the column: `{s}` is the signal, `{w}` the window in days, `{i}` the instrument.
    pub name: &'static str,
    pub meaning: &'static str,
    pub effect: Effect,
    pub spread: Spread,
    pub family: Family,
}

const fn define(
    measure: Measure,
    subject: Subject,
    name: &'static str,
    meaning: &'static str,
    effect: Effect,
    spread: Spread,
    family: Family,
) -> Definition {
    Definition { measure, subject, name, meaning, effect, spread, family }
}

/// Every measure, in the order of the columns.
#[rustfmt::skip]
pub const DEFINITIONS: &[Definition] = &[
    define(Measure::Count, Subject::Signal, "{s}_count_{w}d", "rows in the window", Effect::MoreActivity, Spread::Skewed, Family::Volume),
    define(Measure::ActiveDays, Subject::Signal, "{s}_active_days_{w}d", "distinct calendar days (of the zone) with a row", Effect::MoreActivity, Spread::Skewed, Family::Volume),
    define(Measure::Trend, Subject::Signal, "{s}_trend_{w}d", "`ln((count + 1) / (before + 1))`, where `before` counts the rows in `[as_of - 2w, as_of - w)`", Effect::MoreActivity, Spread::Even, Family::Volume),
    define(Measure::MeanGap, Subject::Signal, "{s}_mean_gap_{w}d", "mean days between consecutive rows in the window: `(last - first) / (count - 1)`; null under 2 rows", Effect::LessActivity, Spread::Skewed, Family::Volume),
    define(Measure::Sum, Subject::Amount, "{s}_sum_{w}d", "sum of the value", Effect::MoreActivity, Spread::Skewed, Family::Volume),
    define(Measure::Mean, Subject::Amount, "{s}_mean_{w}d", "mean of the value over rows that have one", Effect::Unknown, Spread::Unknown, Family::Value),
    define(Measure::Mean, Subject::Sentiment, "{s}_mean_{w}d", "mean of the value over rows that have one", Effect::Better, Spread::Unknown, Family::Mood),
    define(Measure::NegativeShare, Subject::Sentiment, "{s}_negative_share_{w}d", "share of those with a value below -0.2", Effect::Worse, Spread::Even, Family::Mood),
    define(Measure::Categories, Subject::Category, "{s}_categories_{w}d", "distinct categories, null not counted", Effect::MoreActivity, Spread::Skewed, Family::Categories),
    define(Measure::DaysSinceLast, Subject::Signal, "{s}_days_since_last", "`as_of 00:00 - last row`, in days, fractional; null without a row in the look-back", Effect::LessActivity, Spread::Skewed, Family::Volume),
    define(Measure::LifetimeCount, Subject::Lifetime, "{s}_lifetime_count", "rows", Effect::Unknown, Spread::Skewed, Family::Volume),
    define(Measure::LifetimeActiveDays, Subject::Lifetime, "{s}_lifetime_active_days", "distinct calendar days (of the zone) with a row", Effect::Unknown, Spread::Skewed, Family::Volume),
    define(Measure::LifetimeSum, Subject::AmountLifetime, "{s}_lifetime_sum", "sum of the value (of an amount)", Effect::Unknown, Spread::Skewed, Family::Volume),
    define(Measure::LifetimeMean, Subject::AmountLifetime, "{s}_lifetime_mean", "mean of the value (of an amount) over rows that have one", Effect::Unknown, Spread::Unknown, Family::Value),
    define(Measure::LifetimeMean, Subject::SentimentLifetime, "{s}_lifetime_mean", "mean of the value (of a sentiment) over rows that have one", Effect::Better, Spread::Unknown, Family::Mood),
    define(Measure::LifetimeNegativeShare, Subject::SentimentLifetime, "{s}_lifetime_negative_share", "share of those with a value below -0.2", Effect::Worse, Spread::Even, Family::Mood),
    define(Measure::LifetimeCategories, Subject::CategoryLifetime, "{s}_lifetime_categories", "distinct categories, null not counted", Effect::Unknown, Spread::Skewed, Family::Categories),
    define(Measure::GapMean, Subject::Lifetime, "{s}_gap_mean", "mean days between consecutive rows: `(last - first) / (count - 1)`; null under 2 rows", Effect::Unknown, Spread::Skewed, Family::Volume),
    define(Measure::GapSd, Subject::Lifetime, "{s}_gap_sd", "their standard deviation, of a sample: over the number of gaps less 1; null under 3 rows", Effect::Unknown, Spread::Skewed, Family::Volume),
    define(Measure::GapLongest, Subject::Lifetime, "{s}_gap_longest", "most days between consecutive rows; null under 2 rows", Effect::Unknown, Spread::Skewed, Family::Volume),
    define(Measure::DaysSinceLastOverGap, Subject::Lifetime, "{s}_days_since_last_over_gap", "`as_of 00:00 - last row`, in days, over `{s}_gap_mean`; null under 2 rows, and where all rows are of one second", Effect::LessActivity, Spread::Skewed, Family::Volume),
    define(Measure::SurveyLast, Subject::Instrument, "{s}_{i}_last", "last score in the look-back", Effect::Better, Spread::Even, Family::Score),
    define(Measure::SurveyMean, Subject::Instrument, "{s}_{i}_mean", "mean score in the look-back", Effect::Better, Spread::Even, Family::Score),
    define(Measure::SurveyChange, Subject::Instrument, "{s}_{i}_change", "last score minus the one before it; null under 2", Effect::Better, Spread::Even, Family::Score),
    define(Measure::SurveyDaysSinceLast, Subject::Instrument, "{s}_{i}_days_since_last", "days since the last score, fractional", Effect::Unknown, Spread::Skewed, Family::Score),
    define(Measure::Tenure, Subject::Customer, "tenure_days", "whole days from `signup` to the as-of date; only if `customers.signup` is named", Effect::Unknown, Spread::Skewed, Family::Tenure),
    define(Measure::Numeric, Subject::Customer, "{column}", "each of `customers.numeric` (or a numeric column of a prepared table), as given; null where it is not finite", Effect::Unknown, Spread::Unknown, Family::Number),
];

/// What a table of features has besides features: these names are taken too.
pub const KEYS: [&str; 3] = ["customer_id", "as_of", "churned"];

impl Measure {
    /// As a file names it.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Count => "count",
            Measure::ActiveDays => "active_days",
            Measure::DaysSinceLast => "days_since_last",
            Measure::Trend => "trend",
            Measure::MeanGap => "mean_gap",
            Measure::Sum => "sum",
            Measure::Mean => "mean",
            Measure::Categories => "categories",
            Measure::NegativeShare => "negative_share",
            Measure::SurveyLast => "survey_last",
            Measure::SurveyMean => "survey_mean",
            Measure::SurveyChange => "survey_change",
            Measure::SurveyDaysSinceLast => "survey_days_since_last",
            Measure::LifetimeCount => "lifetime_count",
            Measure::LifetimeActiveDays => "lifetime_active_days",
            Measure::LifetimeSum => "lifetime_sum",
            Measure::LifetimeMean => "lifetime_mean",
            Measure::LifetimeNegativeShare => "lifetime_negative_share",
            Measure::LifetimeCategories => "lifetime_categories",
            Measure::GapMean => "gap_mean",
            Measure::GapSd => "gap_sd",
            Measure::GapLongest => "gap_longest",
            Measure::DaysSinceLastOverGap => "days_since_last_over_gap",
            Measure::Tenure => "tenure",
            Measure::Numeric => "numeric",
        }
    }

    /// Whether it is of the whole history of a signal.
    pub fn is_lifetime(self) -> bool {
        let is_it = |definition: &&Definition| definition.measure == self;
        DEFINITIONS.iter().find(is_it).is_some_and(|definition| definition.subject.is_lifetime())
    }

    /// How its values lie, whatever has it.
    pub fn spread(self) -> Spread {
        let definition = DEFINITIONS.iter().find(|definition| definition.measure == self);
        definition.map_or(Spread::Unknown, |definition| definition.spread)
    }
}

impl Definition {
    /// The measures of a subject, in the order of their columns.
    pub fn of_subject(subject: Subject) -> impl Iterator<Item = &'static Definition> {
        DEFINITIONS.iter().filter(move |definition| definition.subject == subject)
    }

    /// The definition of a measure of a signal of this kind, or of a customer.
    pub fn find(measure: Measure, kind: Option<SignalKind>) -> Option<&'static Definition> {
        DEFINITIONS.iter().find(|definition| definition.measure == measure && definition.subject.is_possible(kind))
    }

    /// The windows that it is measured in: these, or none.
    pub fn windows(&self, days: &[u32]) -> Vec<Option<u32>> {
        if self.name.contains("{w}") {
            days.iter().copied().map(Some).collect()
        } else {
            vec![None]
        }
    }

    /// The name of the column for a signal, and for a window and an instrument where the measure has one.
    pub fn column(&self, signal: &str, window: Option<u32>, instrument: Option<Instrument>) -> String {
        let mut name = self.name.to_owned();
        if let Some(window) = window {
            name = name.replace("{w}", &window.to_string());
        }
        if let Some(instrument) = instrument {
            name = name.replace("{i}", instrument.name());
        }
        name.replace("{s}", signal)
    }
}

impl Subject {
    /// Whether it is the whole history of a signal.
    pub fn is_lifetime(self) -> bool {
        use Subject::{AmountLifetime, CategoryLifetime, Lifetime, SentimentLifetime};
        matches!(self, Lifetime | AmountLifetime | SentimentLifetime | CategoryLifetime)
    }

    /// Whether a signal of this kind, or a customer where there is no kind, may be one.
    fn is_possible(self, kind: Option<SignalKind>) -> bool {
        match self {
            Subject::Signal | Subject::Category | Subject::Lifetime | Subject::CategoryLifetime => kind.is_some(),
            Subject::Amount | Subject::AmountLifetime => kind == Some(SignalKind::Amount),
            Subject::Sentiment | Subject::SentimentLifetime => kind == Some(SignalKind::Sentiment),
            Subject::Instrument => kind == Some(SignalKind::Survey),
            Subject::Customer => kind.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documentation::{hold_tables, Rows};

    fn rows(is_of: impl Fn(Subject) -> bool) -> Rows {
        let head = ["column", "definition"].map(str::to_owned).to_vec();
        let row = |definition: &Definition| vec![format!("`{}`", definition.name), definition.meaning.to_owned()];
        let defined = DEFINITIONS.iter().filter(|definition| is_of(definition.subject));
        std::iter::once(head).chain(defined.map(row)).collect()
    }

    #[test]
    fn the_tables_of_features_are_written_from_their_definitions() {
        let of_one = [
            ("features of every signal", Subject::Signal),
            ("features of an amount", Subject::Amount),
            ("features of a sentiment", Subject::Sentiment),
            ("features of a category", Subject::Category),
            ("features of an instrument", Subject::Instrument),
            ("features of a customer", Subject::Customer),
        ];
        let mut tables = of_one.map(|(marker, subject)| (marker, rows(|of| of == subject))).to_vec();
        tables.push(("features of a lifetime", rows(Subject::is_lifetime)));
        hold_tables("docs/features.md", &tables);
        let documented: usize = tables.iter().map(|(_, rows)| rows.len() - 1).sum();
        assert_eq!(documented, DEFINITIONS.len());
    }
}
