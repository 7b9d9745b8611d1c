//! Features: what the engagement signals say about a customer on an as-of date.

pub mod catalogue;

pub use catalogue::{Catalogue, Feature, Measure};
