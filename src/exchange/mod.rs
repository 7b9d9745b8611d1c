//! The exchange: the feature table made by an engine that spreads work over many machines, in two kernels.
//!
//! [`Packer`] turns rows of a table into *pieces*: some rows of one *bucket* of customers, as bytes. The engine brings
//! the pieces of a bucket together, in whatever order. [`Reducer`] makes of them what [`dataset`](crate::dataset) makes
//! of files, by the same checks, rules and kernels. A row of a customer depends on that customer's rows alone, taken in
//! a total order, so it is the same bytes as on one machine, however the rows were cut, packed and shuffled.
//!
//! What concerns all customers is settled between the two: a [`PackReport`] of each packing task says when each signal
//! began and what was packed, and [`settle`] holds the tables against each other by them. At the end
//! [`conclude`] holds what was reduced against what was packed: a piece that is lost or doubled on
//! the way is an error. Nothing here knows which engine it is.

mod columns;
mod packer;
mod piece;
mod plan;
mod reducer;
mod report;
mod settlement;
pub mod stream;
#[cfg(test)]
mod tests;
mod wire;

pub use packer::Packer;
pub use plan::{Plan, Source, BUCKETS, MOST_BUCKETS};
pub use reducer::Reducer;
pub use report::{BucketReport, PackReport, Sent, TableReport};
pub use settlement::{conclude, settle, DateRows, Summary, TableRows};
pub use wire::{PACKED_DDL, REPORT};
