//! The tidy table of figures: a row for each measure of a run, of a slice of its customers, or of the effect of
//! outreach. `metrics.parquet` has all of them, `drift.parquet` in a run's folder those of its drift.

use super::verdict::Verdict;
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::metrics::interval::Interval;
use crate::publish::columns::Columns;
use crate::publish::report::Table;
use crate::published::{Content, Definition, Holds};
use serde::Serialize;
use std::ops::Range;
use std::path::Path;

/// The name of the file with the figures of all runs.
pub const FILE: &str = "metrics.parquet";

/// The slice of all customers.
pub const ALL: &str = "all";

/// The columns of `metrics.parquet`, in order.
pub const COLUMNS: [Definition; 9] = [
    Definition::new("as_of", Holds::Day, "the date of the run; of the effect, that of the newest list in it"),
    Definition::new("model_version", Holds::Text, "the model that made the run; null of the effect"),
    Definition::new("measure", Holds::Text, "what is measured, see below"),
    Definition::new(
        "slice",
        Holds::Text,
        "of which customers: `all`, `list`, `tier=…`, `reason=…`, `{column}=…`; of the effect also \
         `key=…` and `action=…`, of the response `order=…` and `third=…`; of drift what has moved: `feature=…`, \
         `score`, `concept=…`, `signal=…`",
    ),
    Definition::new("value", Holds::Float, "the value, never null: what is not known has no row"),
    Definition::new("low", Holds::Float, "the lower end of the 95 % interval; null where there is none"),
    Definition::new("high", Holds::Float, "its upper end"),
    Definition::new("reference", Holds::Float, "what it is compared with; null where there is nothing"),
    Definition::new("verdict", Holds::Text, "`ok`, `watch` or `act`; null of figures that ask for nothing"),
];

/// A figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The date of the run.
    pub as_of: Day,
    /// The model that made it.
    pub model_version: Option<String>,
    /// What is measured.
    pub measure: String,
    /// Of whom.
    pub slice: String,
    /// The value.
    pub value: f64,
    /// Its 95 % interval; NaN where there is none.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// What it is compared with; NaN where there is nothing.
    pub reference: f64,
    /// What it asks for.
    pub verdict: Option<Verdict>,
}

impl Figure {
    /// A value without an interval, about a run.
    pub fn new(as_of: Day, model_version: Option<&str>, measure: &str, slice: &str, value: f64) -> Figure {
        Figure {
            as_of,
            model_version: model_version.map(str::to_owned),
            measure: measure.to_owned(),
            slice: slice.to_owned(),
            value,
            low: f64::NAN,
            high: f64::NAN,
            reference: f64::NAN,
            verdict: None,
        }
    }

    /// The same with an interval.
    pub fn within(self, interval: &Interval) -> Figure {
        Figure { low: interval.lower, high: interval.upper, ..self }
    }

    /// The same beside a reference.
    pub fn beside(self, reference: f64) -> Figure {
        Figure { reference, ..self }
    }

    /// The same with a verdict.
    pub fn judged(self, verdict: Verdict) -> Figure {
        Figure { verdict: Some(verdict), ..self }
    }

    /// The interval, if there is one.
    pub fn interval(&self) -> Option<Interval> {
        (!self.low.is_nan()).then_some(Interval { estimate: self.value, lower: self.low, upper: self.high })
    }
}

/// The figure of a measure and a slice of a run.
pub fn find<'a>(figures: &'a [Figure], as_of: Day, measure: &str, slice: &str) -> Option<&'a Figure> {
    figures.iter().find(|figure| figure.as_of == as_of && figure.measure == measure && figure.slice == slice)
}

/// Rows of the table.
pub fn table(rows: Range<usize>, figures: &[Figure]) -> Columns<'_> {
    let mut table = Columns::for_rows(rows);
    table.mark(Content::Figures);
    let [as_of, model, measure, slice, value, low, high, reference, verdict] = COLUMNS.map(|column| column.name);
    table.days(as_of, |row| Some(figures[row].as_of.0));
    table.texts(model, |row| figures[row].model_version.as_deref());
    table.texts(measure, |row| Some(figures[row].measure.as_str()));
    table.texts(slice, |row| Some(figures[row].slice.as_str()));
    table.floats(value, |row| figures[row].value);
    table.floats(low, |row| figures[row].low);
    table.floats(high, |row| figures[row].high);
    table.floats(reference, |row| figures[row].reference);
    table.texts(verdict, |row| figures[row].verdict.map(Verdict::name));
    table
}

/// Reads the table that an earlier monitoring has written.
///
/// # Errors
/// [`Error::Contract`] for a file that cannot be read, or is another table.
pub fn read(path: &Path) -> Result<Vec<Figure>> {
    let table = Table::read(path)?;
    let cells = COLUMNS.map(|column| table.column(column.name));
    let [as_of, model, measure, slice, value, low, high, reference, verdict] = cells;
    let (as_of, model, measure, slice) = (as_of?, model?, measure?, slice?);
    let (value, low, high, reference, verdict) = (value?, low?, high?, reference?, verdict?);

    let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let figure = |row: usize| {
        Some(Figure {
            as_of: as_of.text(row)?.parse().ok()?,
            model_version: model.text(row),
            measure: measure.text(row)?,
            slice: slice.text(row)?,
            value: value.number(row)?,
            low: number(low.number(row)),
            high: number(high.number(row)),
            reference: number(reference.number(row)),
            verdict: verdict.plain_text(row).and_then(Verdict::named),
        })
    };
    let broken = || Error::Contract(format!("{} holds something else than figures", path.display()));
    (0..table.rows()).map(|row| figure(row).ok_or_else(broken)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::columns::write_parquet;

    #[test]
    fn figures_come_back_as_they_were_written() {
        let interval = Interval { estimate: 0.5, lower: 0.4, upper: 0.6 };
        let figures = vec![
            Figure::new(Day(100), Some("m1"), "roc_auc", ALL, 0.5).within(&interval).beside(0.7).judged(Verdict::Act),
            Figure::new(Day(101), None, "effect", "key=ü \"x\"", -0.25),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.parquet");
        let mut out = std::fs::File::create(&path).unwrap();
        write_parquet(&path, &mut out, figures.len(), |rows| Ok(table(rows, &figures))).unwrap();
        let back = read(&path).unwrap();
        // NaN is not itself.
        assert_eq!(format!("{back:?}"), format!("{figures:?}"));
        assert_eq!(back[0].interval(), Some(interval));
        assert_eq!(back[1].interval(), None);

        std::fs::write(&path, "no table").unwrap();
        assert_eq!(read(&path).unwrap_err().exit_code(), 3);
    }
}
