//! The filters of the list: what each can be set to, and the marks by which a script knows the rows that match.

use super::listed::Columns;
use super::table::{Cells, Table};
use super::text::{shown, spaced};
use crate::language::Texts;
use hashbrown::HashMap;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The level of each segment that a listed customer belongs to: by the name of the segment, then by rank.
pub type Segments = BTreeMap<String, HashMap<i64, String>>;

/// A filter that would offer more choices than this is none: searching is faster.
const MOST_OPTIONS: usize = 60;
/// The words of the list, in the order in which a person looks for them.
const TIERS: [&str; 4] = ["critical", "high", "medium", "low"];
const GROUPS: [&str; 2] = ["contact", "control"];
const STATUSES: [&str; 5] = ["new", "returned", "up", "same", "down"];

/// A filter.
#[derive(Serialize)]
pub struct Filter {
    name: String,
    /// The column whose text it looks at; none if it looks for a mark among those of a row.
    by: Option<usize>,
    options: Vec<Choice>,
}

#[derive(Serialize)]
struct Choice {
    value: String,
    text: String,
}

/// What rows can be filtered by: what each choice is marked with in a row.
pub struct Marks {
    /// The filters that are offered.
    pub filters: Vec<Filter>,
    /// The marks of values, filter by filter.
    known: Vec<HashMap<String, String>>,
}

impl Marks {
    /// Adds a filter whose choices have a value and a text each. One with a single choice, or with too many, is not
    /// offered.
    fn add(&mut self, prefix: &str, name: String, choices: Vec<(String, String)>) {
        let mark = |number: usize| format!("{prefix}{number}");
        let known = choices.iter().enumerate().map(|(number, (value, _))| (value.clone(), mark(number)));
        self.known.push(known.collect());
        if choices.len() > 1 && choices.len() <= MOST_OPTIONS {
            let choice = |(number, (_, text)): (usize, (String, String))| Choice { value: mark(number), text };
            let options = choices.into_iter().enumerate().map(choice).collect();
            self.filters.push(Filter { name, by: None, options });
        }
    }

    /// Adds a filter that looks at the text of a column.
    fn add_column(&mut self, column: usize, name: String, texts: Vec<String>) {
        if texts.len() > 1 && texts.len() <= MOST_OPTIONS {
            let options = texts.into_iter().map(|text| Choice { value: text.clone(), text }).collect();
            self.filters.push(Filter { name, by: Some(column), options });
        }
    }

    /// The mark of a value of the filter that was added at this place.
    pub fn mark(&self, filter: usize, value: &str) -> Option<&str> {
        self.known.get(filter)?.get(value).map(String::as_str)
    }
}

/// The places of the first filters among those with marks; those of the segments come after them.
pub const TIER: usize = 0;
pub const REASON: usize = 1;
pub const SEGMENTS: usize = 2;

/// The filters of a list of so many columns, given by the segments that its customers belong to and the columns that
/// were passed through.
pub fn marks(
    texts: &Texts,
    list: &Table,
    cells: &Columns<'_>,
    segments: &Segments,
    given: &[&str],
    columns: usize,
) -> Marks {
    let mut marks = Marks { filters: Vec::new(), known: Vec::new() };
    let used = |cells: &[Cells<'_>]| -> BTreeSet<String> {
        (0..list.rows()).flat_map(|row| cells.iter().filter_map(move |cells| cells.text(row))).collect()
    };
    let worded = |prefix: &str, words: &[&str], used: BTreeSet<String>| -> Vec<(String, String)> {
        let words = words.iter().filter(|word| used.contains(**word));
        words.map(|word| ((*word).to_owned(), texts.text(&format!("{prefix}-{word}")))).collect()
    };
    let only_texts = |choices: Vec<(String, String)>| choices.into_iter().map(|(_, text)| text).collect();
    let same = |used: BTreeSet<String>| -> Vec<(String, String)> {
        used.into_iter().map(|value| (value.clone(), shown(&value))).collect()
    };

    marks.add("t", texts.text("column-tier"), worded("tier", &TIERS, used(&[cells.tier])));
    // The columns of the group and of the status come last.
    let groups = only_texts(worded("group", &GROUPS, used(&[cells.group])));
    marks.add_column(columns - 2, texts.text("column-group"), groups);
    let statuses = only_texts(worded("status", &STATUSES, used(&[cells.status])));
    marks.add_column(columns - 1, texts.text("column-status"), statuses);
    let codes: Vec<Cells<'_>> = cells.reasons.iter().map(|[code, ..]| *code).collect();
    marks.add("r", texts.text("column-reason"), same(used(&codes)));
    for (place, (name, levels)) in segments.iter().enumerate() {
        // Digits before a letter, which no other mark has.
        marks.add(&format!("{place}k"), spaced(name), same(levels.values().cloned().collect()));
    }

    for (place, name) in given.iter().enumerate() {
        let Some(cells) = list.find(name).filter(|_| !segments.contains_key(*name)) else { continue };
        // The columns of the rank and of the customer come first.
        let values = used(&[cells]).iter().map(|value| shown(value)).collect();
        marks.add_column(place + 2, spaced(name), values);
    }
    marks
}
