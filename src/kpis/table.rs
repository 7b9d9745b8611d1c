//! The measures of a run, as `kpis.parquet`, the report and the workbook show them.

use super::definitions::Measure;
use super::periods::Period;
use super::segments::Segment;

/// The measures of a run: a row for each that is known of a level in a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Kpis {
    /// The periods, oldest first.
    pub periods: Vec<Period>,
    /// The segments, that of all customers first.
    pub segments: Vec<Segment>,
    /// The measures, in the order in which they are told.
    pub measures: Vec<Measure>,
    /// By period, segment, level and measure, in their order.
    pub rows: Vec<Row>,
}

/// A measure of a level in a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The place of the period.
    pub period: u32,
    /// The place of the segment.
    pub segment: u32,
    /// The place of the level in the segment.
    pub level: u32,
    /// The place of the measure.
    pub measure: u32,
    /// The value.
    pub value: f64,
    /// The 95 % interval, low end first, where there is one.
    pub interval: Option<(f64, f64)>,
    /// How many customers or answers it is of.
    pub n: u64,
}

impl Kpis {
    /// The period of a row.
    pub fn period(&self, row: &Row) -> Period {
        self.periods[row.period as usize]
    }

    /// The name of a row's segment.
    pub fn segment(&self, row: &Row) -> &str {
        &self.segments[row.segment as usize].name
    }

    /// The name of a row's level.
    pub fn level(&self, row: &Row) -> &str {
        &self.segments[row.segment as usize].levels[row.level as usize]
    }

    /// The measure of a row.
    pub fn measure(&self, row: &Row) -> &Measure {
        &self.measures[row.measure as usize]
    }
}
