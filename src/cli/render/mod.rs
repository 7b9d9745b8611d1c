//! Results as text for people: what is printed when a job is done.

pub mod backtest;
pub mod check;
pub mod comparison;
pub mod deliver;
mod evaluation;
pub mod explain;
pub mod features;
pub mod init;
pub mod list;
pub mod model;
pub mod monitor;
pub mod outcomes;
pub mod simulate;
pub mod story;
pub mod term;
pub mod train;

use crate::calendar::Day;
use crate::dataset::silence::Silence;
use crate::eligibility::Exclusions;
use crate::language::{Message, Texts};
use crate::metrics::interval::Interval;
use crate::spelling;
pub use crate::written::{count, counted, p_value, percent};
use comfy_table::{CellAlignment, ContentArrangement};
use std::borrow::Cow;
use std::fmt::{self, Display, Write};

/// No lines but one under the header: the eye needs no more, and neither do mails and logs.
const PRESET: &str = "    ────           ";

/// A text in which a number and its per cent sign stay on one line.
pub fn unbroken(text: &str) -> String {
    text.replace(" %", "\u{a0}%")
}

pub fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |v| format!("{v:.digits$}"))
}

/// A table for people. Each cell is one line, until it is wrapped: texts of the data are cut, and command no terminal.
pub struct Table(comfy_table::Table);

impl Table {
    /// The most characters of a cell. Wrapping a text takes time in proportion to the square of its length.
    const LONGEST: usize = 240;

    /// Adds a row.
    pub fn add_row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let cut = |cell: C| spelling::cut(cell.as_ref(), Self::LONGEST).into_owned();
        self.0.add_row(cells.into_iter().map(cut).collect::<Vec<String>>());
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A customer's id, as it fits a line.
pub fn id(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 40;
    spelling::cut(text, LONGEST)
}

pub fn table(header: &[&str], right: &[usize]) -> Table {
    let mut table = comfy_table::Table::new();
    table.load_preset(PRESET).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.to_vec());
    for &column in right {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    if table.width().is_none() {
        // Not a terminal: a width that fits a mail and a log.
        table.set_width(120);
    }
    Table(table)
}

/// "2026-05-01: 12,345 eligible; excluded 12 too new".
pub fn population_line(day: Day, eligible: u64, exclusions: &Exclusions) -> String {
    let reasons: Vec<String> =
        exclusions.counts().iter().map(|(why, n)| format!("{} {}", count(*n), why.words())).collect();
    let excluded = if reasons.is_empty() { "nobody".to_owned() } else { reasons.join(", ") };
    format!("  {day}: {} eligible; excluded: {excluded}\n", count(eligible))
}

/// "12.0 % for 7 days or longer, 3.1 % for 28, none for 37"
pub fn silent_shares(silence: &Silence, texts: &Texts) -> String {
    let numbers = texts.language().numbers_in_sentences();
    let mut parts: Vec<String> = Vec::new();
    for (at, silent) in silence.at_least.iter().enumerate() {
        let nobody = silent.customers == 0;
        let share = if nobody { texts.text("summary-silent-none") } else { numbers.risk(silent.share) };
        let key = if at == 0 { "summary-silent-first" } else { "summary-silent-more" };
        parts.push(texts.with(key, &[("share", share.into()), ("days", silent.days.into())]));
    }
    parts.join(&texts.text("comma"))
}

pub fn notes(text: &mut String, notes: &[Message]) {
    for note in notes {
        let _ = writeln!(text, "  note: {note}");
    }
}

/// "0.701 to 0.759".
pub fn interval(interval: Option<Interval>, digits: usize) -> String {
    interval.map_or_else(|| "-".to_owned(), |i| format!("{:.digits$} to {:.digits$}", i.lower, i.upper))
}
