//! Coverage: what the tables hold of the past. A history is not taken on trust: when each signal begins and how whole
//! its last days are, where cancellations end, how many customers are seen, and whether one of them stands for many.
//! The rows are counted while features are computed, so that the report costs no other reading.

mod days;
mod freshness;
mod history;
mod labels_end;
mod outcomes;
mod report;
mod snapshots;
mod tally;

pub use days::Days;
pub use freshness::{gaps, verdicts, Found, LastDay, Shortfall};
pub use history::History;
pub use labels_end::{DataEnd, LabelsEnd};
pub use outcomes::{end_of_counted, Outcomes};
pub use report::{ChurnCoverage, Coverage, DayRows, Observed, Placeholder, SignalCoverage};
pub use snapshots::SnapshotCoverage;
pub use tally::{NamedTally, Tallies, Tally};
