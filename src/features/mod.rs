//! Features: what the engagement signals say about a customer on an as-of date. The catalogue names the columns, the
//! kernels fill them, and the engine runs the kernels over a partition.

mod boundaries;
mod catalogue;
mod direction;
mod engine;
mod kernels;

pub use boundaries::BoundaryCounts;
pub use catalogue::{Catalogue, Feature, Measure};
pub use direction::Directions;
pub use engine::{Engine, Partition, RowKey};
