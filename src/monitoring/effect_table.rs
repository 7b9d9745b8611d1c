//! `effect.parquet`: a row for each slice of customers under each key of the draw, and the figures of the effect.

use super::effect::{Effect, Study};
use super::figures::{Figure, ALL};
use super::strata::Count;
use super::verdict::Verdict;
use crate::metrics::interval::Interval;
use crate::publish::columns::Columns;
use crate::published::{Definition, Holds};
use std::ops::Range;

/// The columns, in order.
pub const COLUMNS: [Definition; 23] = [
    Definition::new("as_of", Holds::Day, "the date of the newest list in it"),
    Definition::new("control_key", Holds::Text, "the key of the draw; empty for the first"),
    Definition::new(
        "slice",
        Holds::Text,
        "of whom: `all`, `tier=…`, `action=…`, or `contacted` (only those who were, no experiment)",
    ),
    Definition::new("contact", Holds::Integer, "customers to be contacted, each by the first listing"),
    Definition::new("contact_left", Holds::Integer, "those of them who left by the end of the label window"),
    Definition::new("control", Holds::Integer, "customers left alone"),
    Definition::new("control_left", Holds::Integer, "those of them who left"),
    Definition::new(
        "difference",
        Holds::Float,
        "how many fewer of the contacted left, as a share, pooled over the strata",
    ),
    Definition::new("low", Holds::Float, "the lower end of its 95 % interval, for one look"),
    Definition::new("high", Holds::Float, "its upper end"),
    Definition::new("p_value", Holds::Float, "of the test of Cochran, Mantel and Haenszel"),
    Definition::new("comparisons", Holds::Integer, "how many slices of the kind there are"),
    Definition::new("estimate_at_every_look", Holds::Float, "the same difference by another estimator, of `all`"),
    Definition::new(
        "low_at_every_look",
        Holds::Float,
        "the lower end of its 95 % interval, which is valid at every look",
    ),
    Definition::new("high_at_every_look", Holds::Float, "its upper end"),
    Definition::new(
        "allocation_p_value",
        Holds::Float,
        "of the check of the sizes of the groups; below .001 nothing may be claimed",
    ),
    Definition::new("smallest_effect", Holds::Float, "the smallest effect that can be shown by now, as a share"),
    Definition::new(
        "days_to_show_5_points",
        Holds::Integer,
        "days from the first list after which an effect of 5 points can be shown",
    ),
    Definition::new("days_to_show_estimate", Holds::Integer, "the same of an effect as large as is estimated"),
    Definition::new("money", Holds::Float, "what outreach has earned by `[economics]`"),
    Definition::new("money_low", Holds::Float, "the same at the lower end of the interval for one look"),
    Definition::new("money_high", Holds::Float, "and at its upper end"),
    Definition::new("verdict", Holds::Text, "`ok`, `watch` or `act`, of `all`"),
];

/// A row: a slice of a study.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    study: &'a Study,
    effect: &'a Effect,
}

impl Row<'_> {
    /// What only the row of all customers has.
    fn overall(&self) -> Option<&Study> {
        (self.effect.slice == ALL).then_some(self.study)
    }
}

/// The rows of some studies.
pub fn rows(studies: &[Study]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for study in studies {
        let effects = std::iter::once(&study.overall).chain(&study.slices);
        rows.extend(effects.map(|effect| Row { study, effect }));
    }
    rows
}

/// Rows of the file.
pub fn table<'a>(range: Range<usize>, rows: &'a [Row<'a>]) -> Columns<'a> {
    let mut table = Columns::for_rows(range);
    let names = COLUMNS.map(|column| column.name);
    let whole = |count: u64| i64::try_from(count).ok();
    let known = |value: Option<f64>| value.unwrap_or(f64::NAN);

    table.days(names[0], |row| Some(rows[row].study.as_of.0));
    table.texts(names[1], |row| Some(rows[row].effect.control_key.as_str()));
    table.texts(names[2], |row| Some(rows[row].effect.slice.as_str()));
    let counts: [fn(&Effect) -> Count; 2] = [|effect| effect.groups.contact, |effect| effect.groups.control];
    for (at, count) in [3, 5].into_iter().zip(counts) {
        table.integers(names[at], move |row| whole(count(rows[row].effect).customers));
        table.integers(names[at + 1], move |row| whole(count(rows[row].effect).left));
    }
    let ends: [fn(Interval) -> f64; 3] = [|it| it.estimate, |it| it.lower, |it| it.upper];
    for (at, end) in ends.into_iter().enumerate() {
        table.floats(names[7 + at], move |row| known(rows[row].effect.difference.map(end)));
    }
    table.floats(names[10], move |row| known(rows[row].effect.p_value));
    table.integers(names[11], |row| Some(rows[row].effect.comparisons as i64));
    for (at, end) in ends.into_iter().enumerate() {
        table.floats(names[12 + at], move |row| known(rows[row].overall().and_then(|it| it.at_every_look).map(end)));
    }
    table.floats(names[15], move |row| known(rows[row].overall().and_then(|it| it.allocation_p_value)));
    table.floats(names[16], move |row| known(rows[row].overall().and_then(|it| it.smallest_effect)));
    table.integers(names[17], |row| rows[row].overall()?.days_to_show_5_points.map(i64::from));
    table.integers(names[18], |row| rows[row].overall()?.days_to_show_estimate.map(i64::from));
    for (at, end) in ends.into_iter().enumerate() {
        table.floats(names[19 + at], move |row| known(rows[row].overall().and_then(|it| it.money).map(end)));
    }
    table.texts(names[22], |row| Some(rows[row].overall()?.verdict().name()));
    table
}

/// The figures of a study for the tidy table.
pub fn figures(study: &Study) -> Vec<Figure> {
    let slice = |effect: &Effect| match (effect.control_key.as_str(), effect.slice.as_str()) {
        (key, ALL) => format!("key={key}"),
        (key, slice) => format!("key={key},{slice}"),
    };
    let figure = |measure: &str, slice: &str, value: f64| Figure::new(study.as_of, None, measure, slice, value);
    let verdict = study.verdict();

    let mut figures = Vec::new();
    for effect in std::iter::once(&study.overall).chain(&study.slices) {
        let told =
            effect.difference.map(|found| figure("effect", &slice(effect), found.estimate).within(&found).beside(0.0));
        figures.extend(told);
    }
    let all = slice(&study.overall);
    for (as_of, look) in &study.looks {
        let told = Figure::new(*as_of, None, "effect_at_every_look", &all, look.estimate).within(look).beside(0.0);
        let is_newest = study.looks.last().is_some_and(|(last, _)| last == as_of);
        figures.push(if is_newest { told.judged(verdict) } else { told });
    }
    let allocation = study.allocation_p_value.map(|p_value| {
        let told = figure("allocation_p_value", &all, p_value).beside(0.001);
        told.judged(if study.allocation_is_broken() { Verdict::Act } else { Verdict::Ok })
    });
    figures.extend(allocation);
    figures.extend(study.smallest_effect.map(|effect| figure("smallest_effect", &all, effect)));
    figures.extend(study.money.map(|money| figure("money", &all, money.estimate).within(&money)));
    figures
}
