//! Features: what the engagement signals say about a customer on an as-of date. The catalogue names the columns, the
//! kernels fill them, the engine runs the kernels over a partition.

pub mod catalogue;
pub mod direction;
pub mod engine;
mod kernels;

pub use catalogue::{Catalogue, Feature, Measure};
pub use direction::Directions;
pub use engine::{Engine, Located, RowKey};
pub use kernels::values::NEGATIVE;
