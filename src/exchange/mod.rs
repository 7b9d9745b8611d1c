//! The exchange: the feature table, and what a list is made of, by an engine that spreads work over many machines, in
//! two kernels.
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
//!
//! A list is made in one place. For one, reducing tasks return rows of features as bytes, with counts of everything
//! that a list tells of all customers, and [`gather`] makes of them the data set that one machine has, block by block.
//! What follows is no part of this: it is what follows on one machine.

mod columns;
mod division;
mod gathered;
mod list;
mod packer;
mod picked;
mod piece;
mod piece_file;
mod plan;
mod reducer;
mod report;
mod settlement;
pub mod stream;
mod table_file;
#[cfg(test)]
mod tests;
mod wire;

pub use division::{divide, Divided, Division, Share};
pub use gathered::{gather, Gathered};
pub use packer::{LeftOut, Packer};
pub use picked::{PickedRows, Picker};
pub use plan::{Picked, Plan, Source, BUCKETS, MOST_BUCKETS};
pub use reducer::Reducer;
pub use report::{BucketReport, ListReport, PackReport, Sent, TableReport};
pub use settlement::{conclude, settle, DateRows, KnownLabels, Summary, TableRows};
pub use table_file::FileReport;
pub use wire::{LIST_REPORT, PACKED_DDL, REPORT, WRITTEN_DDL};
