//! `details.parquet`: what stands behind the first customers of a list, tidy: a row for each contribution to a risk,
//! for each segment that a customer belongs to, for each week of each signal, and for each of the last answers to
//! surveys.

use super::columns::Columns;
use super::list::{Details, Results};
use crate::calendar::Day;
use crate::dataset::recent::Recent;
use crate::published::Content;
use crate::reasons::Reason;
use std::borrow::Cow;
use std::ops::Range;

/// How many customers, from the first of the list on, have details.
pub const DETAILED: usize = 1_000;

/// What a row says: by how much a concept moves the risk.
pub const CONTRIBUTION: &str = "contribution";
/// The level of a segment.
pub const SEGMENT: &str = "segment";

/// The rows of a signal in a week.
pub const WEEK: &str = "week";
/// An answer to a survey.
pub const ANSWER: &str = "answer";

/// What the first customers of a list did of late.
pub struct Activity<'a> {
    /// Their rows and answers, in rank order.
    pub recent: Recent,
    /// The signals, in the order of their names.
    pub signals: Vec<&'a str>,
    /// The first day of each. Of weeks before it nothing is known.
    pub first_days: Vec<Option<Day>>,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Detail<'a> {
    /// The place on the list, from 0.
    place: usize,
    kind: &'static str,
    name: &'a str,
    text: Cow<'a, str>,
    value: f64,
}

/// The rows of a list: the contributions and the activity of its first customers, and the segments of all, whose names
/// are those of the categorical columns, without those that are not told.
pub fn details<'a>(
    results: &'a Results<'_>,
    listed: &'a [Details],
    segments: &'a [String],
    untold: &[String],
    activity: Option<&'a Activity<'_>>,
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
            let detail = |level: &'a str| Detail { place, kind: SEGMENT, name, text: level.into(), value: f64::NAN };
            details.extend(level.map(detail));
        }
        if let Some(activity) = activity {
            activity.add(place, &mut details);
        }
    }
    details
}

impl Activity<'_> {
    /// Adds the rows of the customer at a place of the list, if that is among those who have any.
    fn add<'a>(&'a self, place: usize, details: &mut Vec<Detail<'a>>) {
        let Some(of_customer) = self.recent.customers.get(place) else { return };
        for ((name, first), counts) in self.signals.iter().zip(&self.first_days).zip(&of_customer.rows) {
            let recorded = |week: &Day| first.is_some_and(|first| first < week.plus(7));
            let weeks = self.recent.weeks.iter().zip(counts).filter(|(week, _)| recorded(week));
            details.extend(weeks.map(|(week, &rows)| {
                let text = week.to_string().into();
                Detail { place, kind: WEEK, name, text, value: f64::from(rows) }
            }));
        }
        details.extend(of_customer.answers.iter().map(|answer| {
            let (name, text) = (answer.instrument.name(), answer.day.to_string().into());
            Detail { place, kind: ANSWER, name, text, value: answer.score }
        }));
    }
}

impl<'a> Detail<'a> {
    fn contribution(place: usize, reason: &'a Reason) -> Detail<'a> {
        Detail {
            place,
            kind: CONTRIBUTION,
            name: &reason.code,
            text: (&*reason.text).into(),
            value: reason.contribution,
        }
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
    table.texts("text", |row| Some(&*details[row].text));
    table.floats("value", |row| details[row].value);
    table
}
