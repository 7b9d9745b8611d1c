//! The catalogue of feature columns: their names, in order, and what each one measures. One list that the kernels
//! fill, the recipe learns from and the reasons speak about.

use crate::config::{Instrument, Settings, SignalKind};
use serde::{Deserialize, Serialize};

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
    /// Days since sign-up.
    Tenure,
    /// A numeric column of the customers table, as given.
    Numeric,
}

/// One numeric feature column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The column's name, for example `logins_count_28d`.
    pub name: String,
    /// What it measures.
    pub measure: Measure,
    /// The signal it comes from; none for `tenure_days` and the customers table's own columns.
    pub signal: Option<String>,
    /// The window in days, where the measure has one.
    pub window_days: Option<u32>,
    /// The survey instrument, for survey measures.
    pub instrument: Option<Instrument>,
}

/// Every feature column of a configuration, in the order of the feature table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The numeric columns, in order.
    pub numeric: Vec<Feature>,
    /// The categorical columns, in order, after the numeric ones.
    pub categorical: Vec<String>,
}

impl Catalogue {
    /// The default catalogue: the signals in name order, each with its measures window by window, then `tenure_days`
    /// and the customers table's own columns.
    pub fn of(settings: &Settings) -> Catalogue {
        let mut numeric = Vec::new();
        for (name, signal) in &settings.signals {
            let feature = |suffix: String, measure, window_days, instrument| Feature {
                name: format!("{name}_{suffix}"),
                measure,
                signal: Some(name.clone()),
                window_days,
                instrument,
            };
            let mut windowed = vec![
                (Measure::Count, "count"),
                (Measure::ActiveDays, "active_days"),
                (Measure::Trend, "trend"),
                (Measure::MeanGap, "mean_gap"),
            ];
            match signal.kind {
                SignalKind::Amount => windowed.extend([(Measure::Sum, "sum"), (Measure::Mean, "mean")]),
                SignalKind::Sentiment => {
                    windowed.extend([(Measure::Mean, "mean"), (Measure::NegativeShare, "negative_share")]);
                }
                SignalKind::Event | SignalKind::Survey => {}
            }
            if signal.category.is_some() {
                windowed.push((Measure::Categories, "categories"));
            }
            for (measure, suffix) in windowed {
                for &w in &settings.features.windows_days {
                    numeric.push(feature(format!("{suffix}_{w}d"), measure, Some(w), None));
                }
            }
            numeric.push(feature("days_since_last".to_owned(), Measure::DaysSinceLast, None, None));
            for instrument in signal.instruments() {
                for (measure, suffix) in [
                    (Measure::SurveyLast, "last"),
                    (Measure::SurveyMean, "mean"),
                    (Measure::SurveyChange, "change"),
                    (Measure::SurveyDaysSinceLast, "days_since_last"),
                ] {
                    numeric.push(feature(format!("{}_{suffix}", instrument.name()), measure, None, Some(instrument)));
                }
            }
        }
        let of_customer = |name: &str, measure| Feature {
            name: name.to_owned(),
            measure,
            signal: None,
            window_days: None,
            instrument: None,
        };
        let mut categorical = Vec::new();
        if let Some(customers) = &settings.customers {
            if customers.signup.is_some() {
                numeric.push(of_customer("tenure_days", Measure::Tenure));
            }
            numeric.extend(customers.numeric.iter().map(|name| of_customer(name, Measure::Numeric)));
            categorical.clone_from(&customers.categorical);
        }
        Catalogue { numeric, categorical }
    }

    /// The names of all columns, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.numeric.iter().map(|f| f.name.as_str()).chain(self.categorical.iter().map(String::as_str))
    }

    /// The position of a numeric feature.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.numeric.iter().position(|f| f.name == name)
    }
}
