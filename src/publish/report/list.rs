//! The page of the list.

use super::history::RiskHistory;
use super::pictures::{sparkline, step};
use super::run::PublishedRun;
use super::table::{Cells, Table};
use super::text::{shown, spaced, Number};
use crate::error::Result;
use crate::language::{Numbers, Texts};
use crate::published::{has_column, Column, Part, LIST, REASONS};
use hashbrown::HashMap;
use minijinja::Value;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A filter that would offer more choices than this is none: searching is faster.
const MOST_OPTIONS: usize = 60;
/// Sparklines and details are for the first customers of a list; a line each is for the others.
const DETAILED: usize = crate::publish::details::DETAILED;
/// The words of the list, in the order in which a person looks for them.
const TIERS: [&str; 4] = ["critical", "high", "medium", "low"];
const GROUPS: [&str; 2] = ["contact", "control"];
const STATUSES: [&str; 5] = ["new", "returned", "up", "same", "down"];

/// The page.
#[derive(Serialize)]
pub struct Page {
    columns: Vec<Head>,
    filters: Vec<Filter>,
    shown: String,
    has_details: bool,
    has_history: bool,
    has_value: bool,
    has_contract: bool,
    has_action: bool,
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

#[derive(Serialize)]
struct Filter {
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
    picture: Value,
}

/// What stands behind a customer's risk.
#[derive(Serialize)]
struct Details {
    label: String,
    caption: String,
    lines: Vec<String>,
    reference: String,
    steps: Vec<Told>,
    total: String,
}

/// A contribution to a customer's log-odds.
struct Contribution {
    code: String,
    text: String,
    value: f64,
}

/// What the files say of the listed customers beyond the list itself.
struct Known {
    contributions: HashMap<i64, Vec<Contribution>>,
    /// The names of the segments, and the level of each by rank.
    segments: BTreeMap<String, HashMap<i64, String>>,
}

/// The page of a run.
pub fn page(run: &PublishedRun, texts: &Texts) -> Result<Page> {
    let cells = Columns::new(&run.list)?;
    let known = known(run)?;
    let has = run.history.has_compared();
    let given: Vec<&str> = run.list.names().filter(|name| !has_column(LIST, name)).collect();
    let marks = marks(texts, &run.list, &cells, &known, &given);
    let writer =
        Writer { run, texts, numbers: texts.language().numbers(), cells: &cells, known: &known, marks: &marks };
    let rows = (0..run.list.rows()).map(|row| writer.row(row, &given)).collect();
    Ok(Page {
        columns: heads(texts, &given, &has, &run.history, &cells),
        shown: {
            let all = run.list.rows();
            texts.with("list-shown", &[("shown", all.into()), ("all", all.into())])
        },
        has_details: !known.contributions.is_empty(),
        has_history: !run.history.days.is_empty(),
        has_value: cells.has_value(),
        has_contract: cells.contract.is_some(),
        has_action: cells.action.is_some(),
        rows,
        filters: marks.filters,
    })
}

/// The columns of the list that the page shows.
struct Columns<'a> {
    rank: Cells<'a>,
    customer: Cells<'a>,
    probability: Cells<'a>,
    tier: Cells<'a>,
    value: Option<Cells<'a>>,
    group: Cells<'a>,
    reasons: Vec<[Cells<'a>; 3]>,
    protective: Cells<'a>,
    status: Cells<'a>,
    previous_rank: Cells<'a>,
    previous_probability: Cells<'a>,
    changed: Cells<'a>,
    days_listed: Cells<'a>,
    contract: Option<Cells<'a>>,
    action: Option<Cells<'a>>,
    action_owner: Option<Cells<'a>>,
    action_due: Option<Cells<'a>>,
    improvement: Option<Cells<'a>>,
}

impl<'a> Columns<'a> {
    fn new(list: &'a Table) -> Result<Columns<'a>> {
        let column = |column: Column| list.column(&column.name());
        // A column without a value is none to look at.
        let filled = |name: &str| list.find(name).filter(|cells| !cells.is_empty());
        let reason = |number: usize| -> Result<[Cells<'a>; 3]> {
            let part = |part: Part| column(Column::Reason(number, part));
            Ok([part(Part::Code)?, part(Part::Text)?, part(Part::Contribution)?])
        };
        Ok(Columns {
            rank: column(Column::Rank)?,
            customer: column(Column::CustomerId)?,
            probability: column(Column::ChurnProbability)?,
            tier: column(Column::RiskTier)?,
            value: filled("value_at_risk"),
            group: column(Column::Group)?,
            reasons: (1..=REASONS as usize).map(reason).collect::<Result<_>>()?,
            protective: column(Column::Protective(Part::Text))?,
            status: column(Column::Status)?,
            previous_rank: column(Column::PreviousRank)?,
            previous_probability: column(Column::PreviousProbability)?,
            changed: column(Column::ChangeReasonText)?,
            days_listed: column(Column::DaysListed)?,
            contract: filled("days_to_contract_end"),
            action: filled("action"),
            action_owner: filled("action_owner"),
            action_due: filled("action_due"),
            improvement: filled("improvement_text"),
        })
    }

    fn has_value(&self) -> bool {
        self.value.is_some()
    }
}

fn known(run: &PublishedRun) -> Result<Known> {
    let mut known = Known { contributions: HashMap::new(), segments: BTreeMap::new() };

    let Some(details) = &run.details else { return Ok(known) };
    let (rank, kind, name) = (details.column("rank")?, details.column("detail")?, details.column("name")?);
    let (text, value) = (details.column("text")?, details.column("value")?);
    for row in 0..details.rows() {
        let (Some(rank), Some(kind), Some(name)) = (rank.number(row), kind.text(row), name.text(row)) else { continue };
        let (rank, text) = (rank as i64, text.text(row).unwrap_or_default());
        match kind.as_str() {
            crate::publish::details::CONTRIBUTION => {
                let value = value.number(row).unwrap_or(0.0);
                known.contributions.entry(rank).or_default().push(Contribution { code: name, text, value });
            }
            crate::publish::details::SEGMENT => {
                known.segments.entry(name).or_default().insert(rank, text);
            }
            _ => {}
        }
    }
    Ok(known)
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
        head(format!("{}, {}", texts.text("column-change"), texts.text(key)), "change n", Some("most"));
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

/// What rows can be filtered by: what each choice is marked with in a row.
struct Marks {
    filters: Vec<Filter>,
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

    /// The mark of a value of the filter that was added at this place.
    fn mark(&self, filter: usize, value: &str) -> Option<&str> {
        self.known.get(filter)?.get(value).map(String::as_str)
    }
}

/// The places of the first filters; those of the segments come after them.
const TIER: usize = 0;
const GROUP: usize = 1;
const STATUS: usize = 2;
const REASON: usize = 3;
const SEGMENTS: usize = 4;

/// The filters of a list.
fn marks(texts: &Texts, list: &Table, cells: &Columns<'_>, known: &Known, given: &[&str]) -> Marks {
    let mut marks = Marks { filters: Vec::new(), known: Vec::new() };
    let used = |cells: &[Cells<'_>]| -> BTreeSet<String> {
        (0..list.rows()).flat_map(|row| cells.iter().filter_map(move |cells| cells.text(row))).collect()
    };
    let worded = |prefix: &str, words: &[&str], used: BTreeSet<String>| -> Vec<(String, String)> {
        let words = words.iter().filter(|word| used.contains(**word));
        words.map(|word| ((*word).to_owned(), texts.text(&format!("{prefix}-{word}")))).collect()
    };
    let same = |used: BTreeSet<String>| -> Vec<(String, String)> {
        used.into_iter().map(|value| (value.clone(), shown(&value))).collect()
    };

    marks.add("t", texts.text("column-tier"), worded("tier", &TIERS, used(&[cells.tier])));
    marks.add("g", texts.text("column-group"), worded("group", &GROUPS, used(&[cells.group])));
    marks.add("s", texts.text("column-status"), worded("status", &STATUSES, used(&[cells.status])));
    let codes: Vec<Cells<'_>> = cells.reasons.iter().map(|[code, ..]| *code).collect();
    marks.add("r", texts.text("column-reason"), same(used(&codes)));
    for (place, (name, levels)) in known.segments.iter().enumerate() {
        // Digits before a letter, which no other mark has.
        marks.add(&format!("{place}k"), spaced(name), same(levels.values().cloned().collect()));
    }

    for (place, name) in given.iter().enumerate() {
        let Some(cells) = list.find(name) else { continue };
        let values = used(&[cells]);
        if values.len() > 1 && values.len() <= MOST_OPTIONS && !known.segments.contains_key(*name) {
            let choice = |value: String| Choice { value: shown(&value), text: shown(&value) };
            // The columns of the rank and of the customer come first.
            let options = values.into_iter().map(choice).collect();
            marks.filters.push(Filter { name: spaced(name), by: Some(place + 2), options });
        }
    }
    marks
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
        let (group, group_text) = word(cells.group, "group");
        let (status, status_text) = word(cells.status, "status");
        let reasons: Vec<Told> = cells.reasons.iter().filter_map(|cells| self.reason(cells, row)).collect();
        let levels = self.known.segments.values().map(|levels| levels.get(&rank).map(String::as_str));
        let words = [(TIER, tier.as_str()), (GROUP, &group), (STATUS, &status)].into_iter();
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
        let action_due = filled(cells.action_due).map(|date| texts.with("action-due", &[("date", date.into())]));
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
            contract: cells
                .contract
                .and_then(|days| days.number(row))
                .map(|days| Number { text: texts.with("unit-days", &[("days", (days as i64).into())]), sort: days }),
            // Lines are short, so that many of them open fast.
            changed: cells
                .changed
                .text(row)
                .filter(|_| is_detailed)
                .map(|text| texts.with("changed", &[("text", shown(&text).into())])),
            action: filled(cells.action),
            action_notes: action_owner.into_iter().chain(action_due).collect(),
            details: self.details(row, rank, &customer),
            reasons,
        }
    }

    fn reason(&self, [code, text, by]: &[Cells<'_>; 3], row: usize) -> Option<Told> {
        let by = by.number(row).map_or(String::new(), |by| self.numbers.signed(by, 2));
        Some(Told { code: code.text(row)?, text: shown(&text.text(row)?), by, picture: Value::UNDEFINED })
    }

    fn number(&self, value: f64) -> Number {
        let decimals = if value.fract() == 0.0 { 0 } else { 2 };
        Number { text: self.numbers.decimals(value, decimals), sort: value }
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
        let to = self.run.as_of.to_string();
        let title = match first {
            Some((day, value)) => {
                let runs = values.iter().flatten().count();
                let first = self.numbers.percent(value, 1);
                let (from, last) = (day.to_string().into(), last.into());
                let told =
                    [("runs", runs.into()), ("first", first.into()), ("from", from), ("last", last), ("to", to.into())];
                self.texts.with("history-title", &told)
            }
            None => self.texts.with("history-once", &[("last", last.into()), ("to", to.into())]),
        };
        Value::from_safe_string(sparkline(&values, &title))
    }

    fn details(&self, row: usize, rank: i64, customer: &str) -> Option<Details> {
        let texts = self.texts;
        let contributions = self.known.contributions.get(&rank)?;
        let reference = self.run.manifest.reference_log_odds;
        let total: f64 = contributions.iter().map(|contribution| contribution.value).sum();
        let signed = |value: f64| self.numbers.signed(value, 2);
        let mut level = reference;
        let levels: Vec<[f64; 2]> = contributions
            .iter()
            .map(|told| {
                let before = level;
                level += told.value;
                [before, level]
            })
            .collect();
        let low = levels.iter().flatten().fold(reference, |low, &level| low.min(level));
        let high = levels.iter().flatten().fold(reference, |high, &level| high.max(level));
        let told = |(told, &[before, after]): (&Contribution, &[f64; 2])| Told {
            code: told.code.clone(),
            text: shown(&told.text),
            by: signed(told.value),
            picture: Value::from_safe_string(step(before, after, [low, high])),
        };

        let mut lines = Vec::new();
        if let Some(text) = self.cells.protective.text(row) {
            lines.push(texts.with("protects", &[("text", shown(&text).into())]));
        }
        let improvement = self.cells.improvement.and_then(|cells| cells.text(row));
        lines.extend(improvement.map(|text| shown(&text)));
        let days = self.cells.days_listed.number(row).unwrap_or(0.0) as i64;
        lines.push(texts.with("days-listed", &[("days", days.into())]));
        let before = (self.cells.previous_rank.number(row), self.cells.previous_probability.number(row));
        if let (Some(rank), Some(risk)) = before {
            let risk = self.numbers.percent(risk, 1);
            lines.push(texts.with("before", &[("rank", (rank as i64).into()), ("risk", risk.into())]));
        }

        let name = [("customer", shown(customer).into())];
        Some(Details {
            label: texts.with("details-of", &name),
            caption: texts.with("contributions-caption", &name),
            lines,
            reference: signed(reference),
            steps: contributions.iter().zip(&levels).map(told).collect(),
            total: signed(reference + total),
        })
    }
}

/// As many digits as sorting needs.
fn rounded(share: f64) -> f64 {
    (share * 1e5).round() / 1e5
}
