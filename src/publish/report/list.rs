//! The page of the list.

use super::details::{Details, Known};
use super::filters::{marks, Filter, Marks, REASON, SEGMENTS, TIER};
use super::history::RiskHistory;
use super::listed::Columns;
use super::pictures::sparkline;
use super::run::PublishedRun;
use super::table::Cells;
use super::text::{shown, spaced, Number};
use crate::error::Result;
use crate::language::{Numbers, Texts};
use crate::published::{has_column, LIST};
use minijinja::Value;
use serde::Serialize;

/// Sparklines and details are for the first customers of a list; a line each is for the others.
const DETAILED: usize = crate::publish::details::DETAILED;
/// The list is cut into tables of so many rows: a browser lays out those that are looked at, so that a long list opens
/// as fast as a short one.
const SECTION_ROWS: usize = 500;

/// The page.
#[derive(Serialize)]
pub struct Page {
    columns: Vec<Head>,
    filters: Vec<Filter>,
    shown: String,
    /// The same for some of the rows, whose number the script puts in the place of a `#`.
    some_shown: String,
    has_details: bool,
    has_history: bool,
    has_value: bool,
    has_contract: bool,
    has_action: bool,
    sections: Vec<Section>,
}

/// Some rows of the list, which are a table.
#[derive(Serialize)]
struct Section {
    caption: String,
    rows: Vec<Row>,
}

/// The head of a column.
#[derive(Serialize)]
struct Head {
    name: String,
    class: &'static str,
    /// How it is sorted first: the least, the most, or by its text.
    sorts: Option<&'static str>,
    sorted: bool,
}

/// A customer.
#[derive(Serialize)]
struct Row {
    rank: i64,
    id: String,
    /// The marks that filters look for.
    filters: String,
    tier: String,
    tier_text: String,
    group_text: String,
    status_text: String,
    given: Vec<String>,
    risk: Number,
    changes: Vec<Option<Number>>,
    history: Option<Value>,
    value: Option<Number>,
    contract: Option<Number>,
    reasons: Vec<Told>,
    /// Whether it has more than a line.
    is_detailed: bool,
    changed: Option<String>,
    action: Option<String>,
    action_notes: Vec<String>,
    details: Option<Details>,
}

#[derive(Serialize)]
struct Told {
    code: String,
    text: String,
    by: String,
}

/// The page of a run.
pub fn page(run: &PublishedRun, texts: &Texts) -> Result<Page> {
    let cells = Columns::new(&run.list)?;
    let known = Known::read(run)?;
    let given: Vec<&str> = run.list.names().filter(|name| !has_column(LIST, name)).collect();
    let columns = heads(texts, &given, &run.history.has_compared(), &run.history, &cells);
    let marks = marks(texts, &run.list, &cells, &known.segments, &given, columns.len());
    let writer =
        Writer { run, texts, numbers: texts.language().numbers(), cells: &cells, known: &known, marks: &marks };
    let all = run.list.rows();
    let list_shown = |shown| texts.with("list-shown", &[("shown", shown), ("all", all.into())]);
    Ok(Page {
        columns,
        shown: list_shown(all.into()),
        some_shown: list_shown("#".into()),
        has_details: known.has_details(),
        has_history: !run.history.days.is_empty(),
        has_value: cells.has_value(),
        has_contract: cells.contract.is_some(),
        has_action: cells.action.is_some(),
        sections: (0..all).step_by(SECTION_ROWS).map(|first| writer.section(first, &given)).collect(),
        filters: marks.filters,
    })
}

fn heads(texts: &Texts, given: &[&str], has: &[bool; 3], history: &RiskHistory, cells: &Columns<'_>) -> Vec<Head> {
    let mut heads = Vec::new();
    let mut head = |name: String, class, sorts| heads.push(Head { name, class, sorts, sorted: heads.is_empty() });

    head(texts.text("column-rank"), "rank n", Some("least"));
    head(texts.text("column-customer"), "id", Some("text"));
    for name in given {
        head(spaced(name), "given", Some("text"));
    }
    head(texts.text("column-risk"), "risk n", Some("most"));
    for (key, _) in ["column-change-1", "column-change-7", "column-change-28"].iter().zip(has).filter(|(_, has)| **has)
    {
        head(texts.text(key), "change n", Some("most"));
    }
    if !history.days.is_empty() {
        head(texts.text("column-history"), "spark-head", None);
    }
    if cells.has_value() {
        head(texts.text("column-value"), "value n", Some("most"));
    }
    if cells.contract.is_some() {
        head(texts.text("column-contract"), "contract n", Some("least"));
    }
    head(texts.text("column-reasons"), "why", None);
    if cells.action.is_some() {
        head(texts.text("column-action"), "action", Some("text"));
    }
    head(texts.text("column-group"), "group", Some("text"));
    head(texts.text("column-status"), "status", Some("text"));
    heads
}

/// Writes rows.
struct Writer<'a> {
    run: &'a PublishedRun,
    texts: &'a Texts,
    numbers: Numbers,
    cells: &'a Columns<'a>,
    known: &'a Known,
    marks: &'a Marks,
}

impl Writer<'_> {
    /// The section that begins with a row.
    fn section(&self, first: usize, given: &[&str]) -> Section {
        let end = (first + SECTION_ROWS).min(self.run.list.rows());
        let caption = match first {
            0 => self.texts.text("list-caption"),
            _ => self.texts.with("list-section", &[("from", (first + 1).into()), ("to", end.into())]),
        };
        Section { caption, rows: (first..end).map(|row| self.row(row, given)).collect() }
    }

    fn row(&self, row: usize, given: &[&str]) -> Row {
        let (cells, texts) = (self.cells, self.texts);
        let rank = cells.rank.number(row).unwrap_or(0.0) as i64;
        let customer = cells.customer.text(row).unwrap_or_default();
        let risk = cells.probability.number(row).unwrap_or(0.0);
        let word = |cells: Cells<'_>, prefix: &str| {
            let word = cells.text(row).unwrap_or_default();
            let text = if word.is_empty() { String::new() } else { texts.text(&format!("{prefix}-{word}")) };
            (word, text)
        };
        let (tier, tier_text) = word(cells.tier, "tier");
        let (_, group_text) = word(cells.group, "group");
        let (_, status_text) = word(cells.status, "status");
        let reasons: Vec<Told> = cells.reasons.iter().filter_map(|cells| self.reason(cells, row)).collect();
        let levels = self.known.segments.values().map(|levels| levels.get(&rank).map(String::as_str));
        let words = [(TIER, tier.as_str())].into_iter();
        let codes = reasons.iter().map(|reason| (REASON, reason.code.as_str()));
        let levels = (SEGMENTS..).zip(levels).filter_map(|(filter, level)| Some((filter, level?)));
        let filters: Vec<&str> =
            words.chain(codes).chain(levels).filter_map(|(filter, value)| self.marks.mark(filter, value)).collect();
        let is_detailed = row < DETAILED;

        let compared = self.run.history.compared(row);
        let has = self.run.history.has_compared();
        let changes = compared.iter().zip(has).filter(|(_, has)| *has);
        let changes = changes.map(|(before, _)| before.map(|before| self.points(risk - before))).collect();
        let filled = |cells: Option<Cells<'_>>| cells.and_then(|cells| cells.text(row)).map(|text| shown(&text));
        let action_due = filled(cells.action_due)
            .map(|date| texts.with("action-due", &[("date", texts.language().date_from_text(&date).into())]));
        let action_owner =
            filled(cells.action_owner).map(|owner| texts.with("action-owner", &[("owner", owner.into())]));

        Row {
            rank,
            filters: filters.join(" "),
            id: shown(&customer),
            tier,
            tier_text,
            group_text,
            status_text,
            given: given.iter().map(|name| filled(self.run.list.find(name)).unwrap_or_default()).collect(),
            risk: Number { text: self.numbers.percent(risk, 1), sort: rounded(risk) },
            changes,
            history: is_detailed.then(|| self.sparkline(row, risk)),
            value: cells.value.and_then(|value| value.number(row)).map(|value| self.number(value)),
            contract: cells.contract.and_then(|days| days.number(row)).map(|days| Number {
                text: texts.with("unit-days", &[("days", (days as i64).into())]),
                sort: days.to_string(),
            }),
            // Lines are short, so that many of them open fast.
            changed: cells.changed.text(row).filter(|_| is_detailed).map(|text| shown(&text)),
            is_detailed,
            action: filled(cells.action),
            action_notes: action_owner.into_iter().chain(action_due).collect(),
            details: self.known.details(self.run, texts, cells, row),
            reasons,
        }
    }

    fn reason(&self, [code, text, by]: &[Cells<'_>; 3], row: usize) -> Option<Told> {
        let by = by.number(row).map_or(String::new(), |by| self.numbers.signed(by, 2));
        Some(Told { code: code.text(row)?, text: shown(&text.text(row)?), by })
    }

    fn number(&self, value: f64) -> Number {
        let decimals = if value.fract() == 0.0 { 0 } else { 2 };
        Number { text: self.numbers.decimals(value, decimals), sort: value.to_string() }
    }

    /// A difference of risks, in percentage points.
    fn points(&self, difference: f64) -> Number {
        let points = self.numbers.signed(100.0 * difference, 1);
        Number { text: self.texts.with("unit-points", &[("points", points.into())]), sort: rounded(difference) }
    }

    fn sparkline(&self, row: usize, risk: f64) -> Value {
        let history = &self.run.history;
        let earlier = history.days.iter().map(|&day| history.risk(day, row));
        let values: Vec<Option<f64>> = earlier.chain([Some(risk)]).collect();
        let last = self.numbers.percent(risk, 1);
        let first = history.days.iter().zip(&values).find_map(|(day, value)| value.map(|value| (day, value)));
        let language = self.texts.language();
        let to = language.date(self.run.as_of);
        let title = match first {
            Some((day, value)) => {
                let runs = values.iter().flatten().count();
                let first = self.numbers.percent(value, 1);
                let (from, last) = (language.date(*day).into(), last.into());
                let told =
                    [("runs", runs.into()), ("first", first.into()), ("from", from), ("last", last), ("to", to.into())];
                self.texts.with("history-title", &told)
            }
            None => self.texts.with("history-once", &[("last", last.into()), ("to", to.into())]),
        };
        Value::from_safe_string(sparkline(&values, &title))
    }
}

/// A share as it is sorted: a short number, in hundredths of a percentage point.
fn rounded(share: f64) -> String {
    ((share * 1e4).round() as i64).to_string()
}
