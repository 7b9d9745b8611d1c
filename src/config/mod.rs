//! Configuration: the layers as written, and the resolved, validated whole.
//!
//! ```text
//! --set key.path=value  >  CHURN_… variables  >  churn.toml  >  default.toml (embedded)
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `settings` | the definition of every section and key, and the [`Settings`] that every other room works from |
//! | `key`, `choices` | what a key is and what it may take |
//! | `keys` | the list of all keys |
//! | `defaults` | `default.toml`, written from the definitions |
//! | `layers` | the layers as written, combined key by key |
//! | `validate`, `deliveries` | what no key can check alone |
//! | `resolve` | [`load`]: from the layers to [`Resolved`], every problem in one message |
//! | `show` | the resolved whole for reading |
//!
//! Relative paths written in a file, and those of the embedded defaults, start at the folder of the file; those in the
//! environment or on the command line start at the current folder.

mod choices;
mod defaults;
mod deliveries;
mod key;
mod keys;
mod layers;
mod resolve;
mod settings;
mod show;
mod unused;
mod validate;

pub use crate::measures::{Best, Instrument, Scale, Scales, SignalKind};
pub use choices::{
    Alpha, BaseRate, CalibrationChoice, ChurnDefinition, Complexity, Contacted, DeliveryKind, Direction, DriftGate,
    EpochUnit, EvaluationChoice, Folds, Format, KpiPeriod, Mapping, Penalty, Profile, RankBy, Reference, Sample,
};
pub use defaults::{starter, Set, DEFAULT_TOML};
pub use layers::Layer;
pub use resolve::{environment, load, load_for_table, Resolved, DEFAULT_FILE};
pub use settings::{
    matches, Activity, Churn, Customers, Delivery, Economics, Eligibility, Features, Gates, Kpi, List, Model,
    Monitoring, Paths, Play, Promotion, Publish, Reasons, Settings, Signal, Table, Time, Training,
};

#[cfg(test)]
mod tests;
