//! The catalogue of feature columns: their names, in order, and what each one measures. The kernels fill these columns, the
//! recipe learns from them, and the reasons speak about them.

use crate::config::{Customers, Features, Instrument, Signal, SignalKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// Mean days between consecutive rows in the window; null with fewer than two.
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
    pub fn new(signals: &BTreeMap<String, Signal>, features: &Features, customers: Option<&Customers>) -> Catalogue {
        let mut catalogue = Catalogue::default();
        for (name, signal) in signals {
            catalogue.add_signal(name, signal, &features.windows_days);
        }
        if let Some(customers) = customers {
            catalogue.add_customers(customers);
        }
        catalogue
    }

    fn add_signal(&mut self, signal_name: &str, signal: &Signal, windows_days: &[u32]) {
        let feature = |suffix: &str, measure: Measure| Feature {
            name: format!("{signal_name}_{suffix}"),
            measure,
            signal: Some(signal_name.to_owned()),
            window_days: None,
            instrument: None,
        };

        for (measure, suffix) in windowed_measures(signal) {
            for &window in windows_days {
                let feature = feature(&format!("{suffix}_{window}d"), measure);
                self.numeric.push(Feature { window_days: Some(window), ..feature });
            }
        }

        self.numeric.push(feature("days_since_last", Measure::DaysSinceLast));

        for instrument in signal.instruments() {
            for (measure, suffix) in SURVEY_MEASURES {
                let feature = feature(&format!("{}_{suffix}", instrument.name()), measure);
                self.numeric.push(Feature { instrument: Some(instrument), ..feature });
            }
        }
    }

    fn add_customers(&mut self, customers: &Customers) {
        let feature = |name: &str, measure: Measure| Feature {
            name: name.to_owned(),
            measure,
            signal: None,
            window_days: None,
            instrument: None,
        };

        if customers.signup.is_some() {
            self.numeric.push(feature("tenure_days", Measure::Tenure));
        }
        self.numeric.extend(customers.numeric.iter().map(|name| feature(name, Measure::Numeric)));
        self.categorical.clone_from(&customers.categorical);
    }

    /// The names of all columns, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.numeric.iter().map(|feature| feature.name.as_str()).chain(self.categorical.iter().map(String::as_str))
    }

    /// The position of the numeric feature of that name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.numeric.iter().position(|feature| feature.name == name)
    }

    /// The signals that have features, in name order.
    pub(super) fn signals(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.numeric.iter().filter_map(|feature| feature.signal.as_deref()).collect();
        names.dedup();
        names
    }

    /// The position of the first numeric feature with this measure: where there are windows, that of the shortest one.
    pub(super) fn first_column(
        &self,
        signal: Option<&str>,
        measure: Measure,
        instrument: Option<Instrument>,
    ) -> Option<usize> {
        self.numeric.iter().position(|feature| {
            feature.signal.as_deref() == signal && feature.measure == measure && feature.instrument == instrument
        })
    }
}

/// The measures of a survey instrument, with the last part of their names, in the order of the feature table.
const SURVEY_MEASURES: [(Measure, &str); 4] = [
    (Measure::SurveyLast, "last"),
    (Measure::SurveyMean, "mean"),
    (Measure::SurveyChange, "change"),
    (Measure::SurveyDaysSinceLast, "days_since_last"),
];

/// The measures that a signal has in every window, with the middle part of their names, in the order of the feature table.
fn windowed_measures(signal: &Signal) -> Vec<(Measure, &'static str)> {
    let mut measures = vec![
        (Measure::Count, "count"),
        (Measure::ActiveDays, "active_days"),
        (Measure::Trend, "trend"),
        (Measure::MeanGap, "mean_gap"),
    ];
    match signal.kind {
        SignalKind::Amount => measures.extend([(Measure::Sum, "sum"), (Measure::Mean, "mean")]),
        SignalKind::Sentiment => {
            measures.extend([(Measure::Mean, "mean"), (Measure::NegativeShare, "negative_share")]);
        }
        SignalKind::Event | SignalKind::Survey => {}
    }
    if signal.category.is_some() {
        measures.push((Measure::Categories, "categories"));
    }
    measures
}
