//! KPIs: what a business tells of its customers, period by period and segment by segment. How many left and how many
//! stayed, what they answered, how active they were, and how much is at risk.
//!
//! | file | holds |
//! |---|---|
//! | `definitions` | the measures: names, units, what each of them is |
//! | `periods` | the calendar periods before an as-of date |
//! | `segments` | the customers' segments and levels, and which cells they fall into |
//! | `lives` | when somebody is a customer, and when one has left |
//! | `answers` | what is counted of survey answers |
//! | `tally` | counts by cell and period, partition of the customers by partition |
//! | `counted` | what was counted on another machine |
//! | `intervals` | 95 % intervals of shares and means |
//! | `frame` | from counts to measures, in frames of polars |
//! | `table` | the measures of a run, [`Kpis`] |
//!
//! Everything is counted in integers, so that no order of rows, files or threads shows. What was not recorded is left
//! out: there is no row of a measure that would have to be guessed.

mod answers;
mod counted;
pub mod definitions;
mod frame;
mod intervals;
mod lives;
pub mod periods;
pub mod segments;
pub mod table;
pub mod tally;

pub use counted::Counted;
pub use definitions::{Measure, Unit};
pub use frame::{measures, Risks};
pub use periods::Period;
pub use segments::{Segment, Segments};
pub use table::{Kpis, Row};
pub use tally::{Counts, Pass, Scope, Tally};
