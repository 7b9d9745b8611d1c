//! The real binary, from the outside: one crate for all integration tests, because each one links polars and arrow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod bad_input;
mod cause_attribution;
mod changes;
mod circles;
mod common;
mod complexity;
mod contacted;
mod copies;
mod deliveries;
mod determinism;
mod evaluation;
mod features_golden;
mod files;
mod history;
mod houserules;
mod inferred;
mod jobs;
mod kpis;
mod language;
mod memory_limit;
mod messages;
mod mixtures;
mod monitoring;
mod notebooks;
mod onnx;
mod outputs;
mod prepared;
mod python;
mod readers;
mod real_data;
mod record_batches;
mod registry;
mod report;
mod response;
mod restrictions;
mod sample;
mod sampling;
mod scale;
mod silence;
mod spark;
mod story;
mod track_record;
mod types;
mod yardsticks;
