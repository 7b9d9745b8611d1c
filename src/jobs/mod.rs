//! The jobs: what the product does, as functions of settings and data. A job tells an observer what it does, prints
//! nothing, and returns what it found; the command line is one caller among others.
//!
//! | job | does |
//! |---|---|
//! | [`check`] | holds the sources against their contract, the gates and the history that a training needs |
//! | [`features`] | writes the feature table |
//! | [`train`] | trains a challenger, evaluates it on later customers, registers it, promotes it by rule |
//! | [`score`] | scores the customers of a date, ranks them, explains them, and publishes the list |
//! | [`explain`] | one customer: contributions, values, the history of the risk |
//! | [`report`] | makes the report of a published run again, from its files |
//! | [`deliver`] | delivers a published list, from its files |
//! | [`monitor`] | what has become of those on earlier lists, and whether outreach helps |
//! | [`backtest`] | repeats the training at earlier dates |
//! | [`exchange`] | plans a feature table that an engine on many machines makes |
//! | [`compare`] | two versions of the model beside each other |

pub mod backtest;
mod changes;
pub mod check;
pub mod compare;
mod contacted;
mod context;
mod definition;
pub mod deliver;
mod details;
mod drift;
mod earlier;
pub mod exchange;
pub mod explain;
pub mod features;
mod gates;
mod input;
mod kpis;
pub mod monitor;
mod past;
mod publication;
pub mod report;
mod savings;
pub mod score;
mod scored;
pub mod train;

pub use context::Context;
pub use input::Data;
