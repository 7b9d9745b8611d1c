//! churn-risk: ranked at-risk customer lists with reasons, from engagement signals in Parquet.
//!
//! The `churn` program is one caller of this library; yours can be another. A job takes a [`Context`](jobs::Context)
//! and a request, and returns what it found. This trains a model on the sample of the repository and publishes the list
//! of 1 June 2026 into a temporary folder:
//!
//! ```
//! use churn_risk::config::Settings;
//! use churn_risk::jobs::{score, train, Context, Data};
//! use churn_risk::registry::Registry;
//! use std::path::Path;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let mut settings = Settings::from_toml_str(&std::fs::read_to_string("churn.toml")?, Path::new("."))?;
//! settings.paths.models = folder.path().join("models");
//! settings.paths.lists = folder.path().join("lists");
//!
//! let context = Context::new(&settings, "2026-06-01T06:00:00Z".parse()?);
//! let registry = Registry::at(&settings.paths.models);
//! let request = train::Request { data: Data::Signals, as_of: None, promote: train::Promote::Auto };
//! let trained = train::run(&context, &registry, &request)?;
//! assert!(trained.decision.promoted && trained.model.evaluation.metrics.roc_auc > Some(0.6));
//!
//! let request = score::Request { data: Data::Signals, as_of: Some("2026-06-01".parse()?), model: None };
//! let published = score::run(&context, &registry, &request)?;
//! for customer in published.list().take(3) {
//!     let why = customer.explanation.reasons.first().map_or("no single reason stands out", |reason| &reason.text);
//!     println!("{}. {} {:.1} %: {why}", customer.rank, customer.customer_id, 100.0 * customer.churn_probability);
//! }
//! assert!(published.folder.join("at_risk.parquet").exists());
//! # Ok(())
//! # }
//! ```
//!
//! One direction: config → sources → features / labels → dataset → model → training → reasons → ranking → publish. The
//! registry and the simulated population stand beside the last. [`jobs`] run all of them and [`cli`] is the door;
//! `docs/architecture.md` walks through the rooms.

pub mod artefact;
pub mod calendar;
pub mod cli;
pub mod clock;
pub mod config;
pub mod coverage;
pub mod dataset;
pub mod delivery;
mod digest;
#[cfg(test)]
mod documentation;
pub mod eligibility;
pub mod error;
pub mod evaluation;
pub mod exchange;
pub mod features;
pub mod files;
pub mod infer;
pub mod jobs;
pub mod kpis;
pub mod labels;
mod language;
mod measures;
pub mod memory;
pub mod metrics;
pub mod model;
pub mod monitoring;
pub mod numeric;
pub mod observer;
mod parallel;
pub mod power;
pub mod publish;
mod published;
pub mod ranking;
pub mod reasons;
pub mod registry;
pub mod scorer;
pub mod simulate;
pub mod sources;
mod spelling;
pub mod training;
pub mod weights;
mod written;

pub use error::{Error, Result};
