//! `details.parquet`: what stands behind the first customers of a list, tidy: a row for each contribution to a risk, and for each
//! segment that a customer belongs to.

use super::columns::Columns;
use super::list::{Details, Results};
use crate::published::Content;
use crate::reasons::Reason;
use std::ops::Range;

/// How many customers, from the first of the list on, have details.
pub const DETAILED: usize = 1_000;

/// What a row says: by how much a concept moves the risk.
pub const CONTRIBUTION: &str = "contribution";
/// The level of a segment.
pub const SEGMENT: &str = "segment";

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Detail<'a> {
    /// The place on the list, from 0.
    place: usize,
    kind: &'static str,
    name: &'a str,
    text: &'a str,
    value: f64,
}

/// The rows of a list: the contributions of its first customers, and the segments of all, whose names are those of the
/// categorical columns, without those that are not told.
pub fn details<'a>(
    results: &'a Results<'_>,
    listed: &'a [Details],
    segments: &'a [String],
    untold: &[String],
) -> Vec<Detail<'a>> {
    let mut details = Vec::new();
    for (place, (&position, told)) in results.listed().iter().zip(listed).enumerate() {
        if place < DETAILED {
            details.extend(told.explanation.all.iter().map(|reason| Detail::contribution(place, reason)));
        }
        let customer = results.customer(position) as usize;
        let segments = segments.iter().zip(&results.customers.categorical);
        for (name, levels) in segments.filter(|(name, _)| !untold.contains(name)) {
            let level = levels.get(customer);
            details.extend(level.map(|text| Detail { place, kind: SEGMENT, name, text, value: f64::NAN }));
        }
    }
    details
}

impl<'a> Detail<'a> {
    fn contribution(place: usize, reason: &'a Reason) -> Detail<'a> {
        Detail { place, kind: CONTRIBUTION, name: &reason.code, text: &reason.text, value: reason.contribution }
    }
}

/// The table of some rows.
pub fn table<'a>(results: &'a Results<'_>, details: &'a [Detail<'a>], rows: Range<usize>) -> Columns<'a> {
    let mut table = Columns::for_rows(rows);
    table.mark(Content::Details);
    table.ids("customer_id", &results.customers.ids, |row| results.customer(results.listed()[details[row].place]));
    table.integers("rank", |row| Some(details[row].place as i64 + 1));
    table.texts("detail", |row| Some(details[row].kind));
    table.texts("name", |row| Some(details[row].name));
    table.texts("text", |row| Some(details[row].text));
    table.floats("value", |row| details[row].value);
    table
}
