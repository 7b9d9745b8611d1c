//! The measures as a file, `kpis.parquet`: a row for each measure of a level in a period.

use super::columns::Columns;
use crate::kpis::{Kpis, Row};
use crate::published::{Content, KPIS};
use std::ops::Range;

/// Rows of the table.
pub fn table(rows: Range<usize>, kpis: &Kpis) -> Columns<'_> {
    let mut table = Columns::for_rows(rows);
    table.mark(Content::Kpis);
    let row = |place: usize| -> &Row { &kpis.rows[place] };
    let low = |row: &Row| row.interval.map_or(f64::NAN, |interval| interval.0);
    let high = |row: &Row| row.interval.map_or(f64::NAN, |interval| interval.1);

    let [start, end, segment, level, measure, value, low_end, high_end, n, running] = KPIS.map(|column| column.name);
    table.days(start, move |place| Some(kpis.period(row(place)).start.0));
    table.days(end, move |place| Some(kpis.period(row(place)).end.0));
    table.texts(segment, move |place| Some(kpis.segment(row(place))));
    table.texts(level, move |place| Some(kpis.level(row(place))));
    table.texts(measure, move |place| Some(kpis.measure(row(place)).name()));
    table.floats(value, move |place| row(place).value);
    table.floats(low_end, move |place| low(row(place)));
    table.floats(high_end, move |place| high(row(place)));
    table.integers(n, move |place| i64::try_from(row(place).n).ok());
    table.flags(running, move |place| Some(kpis.period(row(place)).running));
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published::Holds;
    use arrow_schema::DataType;

    #[test]
    fn every_column_holds_what_its_definition_says() {
        let kpis = Kpis { periods: Vec::new(), segments: Vec::new(), measures: Vec::new(), rows: Vec::new() };
        let schema = table(0..0, &kpis).schema();
        assert_eq!(schema.fields().len(), KPIS.len());
        for (field, column) in schema.fields().iter().zip(KPIS) {
            let expected = match column.holds {
                Holds::Day => DataType::Date32,
                Holds::Integer => DataType::Int64,
                Holds::Float => DataType::Float64,
                Holds::Text => DataType::LargeUtf8,
                Holds::Flag => DataType::Boolean,
                other => panic!("{other:?}"),
            };
            assert_eq!((field.name().as_str(), field.data_type()), (column.name, &expected));
        }
    }
}
