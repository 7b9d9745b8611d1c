//! The catalogue of feature columns: the measures of every signal and customer of a configuration, in order. The
//! kernels fill these columns, the recipe learns from them, and the reasons speak about them.

use crate::config::{Customers, Features, Instrument, Signal, SignalKind};
pub use crate::measures::Measure;
use crate::measures::{Definition, Subject, DEFINITIONS};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
            catalogue.add_signal(name, signal, features);
        }
        if let Some(customers) = customers {
            catalogue.add_customers(customers);
        }
        catalogue
    }

    fn add_signal(&mut self, name: &str, signal: &Signal, features: &Features) {
        let feature = |definition: &Definition, window_days, instrument| Feature {
            name: definition.column(name, window_days, instrument),
            measure: definition.measure,
            signal: Some(name.to_owned()),
            window_days,
            instrument,
        };

        let has = |subject: Subject| features.ask_for(subject) && has_measures_of(signal, subject);
        for definition in DEFINITIONS.iter().filter(|definition| has(definition.subject)) {
            for window in definition.windows(&features.windows_days) {
                self.numeric.push(feature(definition, window, None));
            }
        }

        for instrument in signal.instruments() {
            for definition in Definition::of_subject(Subject::Instrument) {
                self.numeric.push(feature(definition, None, Some(instrument)));
            }
        }
    }

    fn add_customers(&mut self, customers: &Customers) {
        for definition in Definition::of_subject(Subject::Customer) {
            match definition.measure {
                Measure::Tenure if customers.signup.is_none() => {}
                Measure::Numeric => self.numeric.extend(customers.numeric.iter().map(|name| Feature::given(name))),
                measure => self.numeric.push(Feature { measure, ..Feature::given(definition.name) }),
            }
        }
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

    /// The positions of a signal's numeric features with this measure, window by window, then of the one with the other
    /// measure, which is that of the whole history.
    pub(super) fn columns(&self, signal: &str, of_windows: Measure, of_lifetime: Measure) -> Vec<usize> {
        let with = |measure| {
            let features = self.numeric.iter().enumerate();
            features
                .filter(move |(_, feature)| feature.signal.as_deref() == Some(signal) && feature.measure == measure)
                .map(|(column, _)| column)
        };
        with(of_windows).chain(with(of_lifetime)).collect()
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

impl Feature {
    /// A numeric column that is used as it is given.
    pub fn given(name: &str) -> Feature {
        Feature { name: name.to_owned(), measure: Measure::Numeric, signal: None, window_days: None, instrument: None }
    }
}

/// Whether the rows of a signal have the measures of a subject.
fn has_measures_of(signal: &Signal, subject: Subject) -> bool {
    match subject {
        Subject::Signal | Subject::Lifetime => true,
        Subject::Amount | Subject::AmountLifetime => signal.kind == SignalKind::Amount,
        Subject::Sentiment | Subject::SentimentLifetime => signal.kind == SignalKind::Sentiment,
        Subject::Category | Subject::CategoryLifetime => signal.category.is_some(),
        Subject::Instrument | Subject::Customer => false,
    }
}
