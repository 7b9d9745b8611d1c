//! Results as text for people: what is printed when a job is done.

pub mod backtest;
pub mod check;
pub mod comparison;
mod evaluation;
pub mod explain;
pub mod features;
pub mod list;
pub mod model;
pub mod simulate;
pub mod train;

use crate::calendar::Day;
use crate::eligibility::Exclusions;
use crate::metrics::interval::Interval;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use std::fmt::Write;

/// No lines but one under the header: the eye needs no more, and neither do mails and logs.
const PRESET: &str = "    ────           ";

/// A whole number with thousands separators.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// "1 customer", "2 customers".
pub fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// "12.3 %". Only what is certain is shown as "0.0 %" or "100.0 %".
pub fn percent(share: f64) -> String {
    match 100.0 * share {
        percent if percent > 0.0 && percent < 0.05 => "< 0.1 %".to_owned(),
        percent if (99.95..100.0).contains(&percent) => "> 99.9 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

/// A text in which a number and its per cent sign stay on one line.
pub fn unbroken(text: &str) -> String {
    text.replace(" %", "\u{a0}%")
}

pub fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |v| format!("{v:.digits$}"))
}

pub fn table(header: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
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
    table
}

/// "2026-05-01: 12,345 eligible; excluded 12 too new".
pub fn population_line(day: Day, eligible: u64, exclusions: &Exclusions) -> String {
    let reasons: Vec<String> =
        exclusions.counts().iter().map(|(why, n)| format!("{} {}", count(*n), why.words())).collect();
    let excluded = if reasons.is_empty() { "nobody".to_owned() } else { reasons.join(", ") };
    format!("  {day}: {} eligible; excluded: {excluded}\n", count(eligible))
}

pub fn notes(text: &mut String, notes: &[String]) {
    for note in notes {
        let _ = writeln!(text, "  note: {note}");
    }
}

/// "0.701 to 0.759".
pub fn interval(interval: Option<Interval>, digits: usize) -> String {
    interval.map_or_else(|| "-".to_owned(), |i| format!("{:.digits$} to {:.digits$}", i.lower, i.upper))
}
