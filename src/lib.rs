//! churn-risk: ranked at-risk customer lists with reasons, from engagement signals in Parquet.
//!
//! One direction: config → sources → features / labels → dataset → model → training → reasons → ranking → publish. The
//! registry and the simulated population stand beside the last. [`jobs`] run all of them and [`cli`] is the door;
//! `docs/architecture.md` walks through the rooms.

pub mod artefact;
pub mod calendar;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dataset;
mod digest;
#[cfg(test)]
mod documentation;
pub mod eligibility;
pub mod error;
pub mod evaluation;
pub mod features;
pub mod files;
pub mod jobs;
pub mod labels;
mod measures;
pub mod memory;
pub mod metrics;
pub mod model;
pub mod numeric;
pub mod observer;
pub mod publish;
mod published;
pub mod ranking;
pub mod reasons;
pub mod registry;
pub mod simulate;
pub mod sources;
pub mod training;

pub use error::{Error, Result};
