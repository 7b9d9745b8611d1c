//! One customer.

use super::{count, id, percent, table, unbroken, Table};
use crate::config::Reference;
use crate::jobs::explain::{CustomerReport, FeatureValue};
use std::fmt::Write;

/// After `explain`.
pub fn report(report: &CustomerReport) -> String {
    let customer = id(&report.customer_id);
    let mut text = format!("Customer {customer} on {} (model {})\n\n", report.as_of, report.model_version);
    text += "Risk of churn:\n";
    for past in &report.history {
        let _ = writeln!(
            text,
            "  {}  {:>7}  rank {} of {}",
            past.as_of,
            percent(past.churn_probability),
            count(past.rank as u64),
            count(past.eligible as u64)
        );
    }

    text += &published(report);
    let reference = match report.reference {
        Reference::Population => "the average customer",
        Reference::CutOff => "the customers at the list's cut-off",
    };
    if let Some(action) = &report.action {
        let owner = action.owner.as_ref().map_or_else(String::new, |owner| format!(" ({owner})"));
        let due = action.due.map_or_else(String::new, |due| format!(", by {due}"));
        let _ = writeln!(text, "\nWhat to do: {}{owner}{due}", action.action);
    }
    if let Some(help) = &report.improvement_text {
        let _ = writeln!(text, "\n{}.", unbroken(help));
    }
    let list = contributions(report);
    let _ = writeln!(text, "\nWhat raises (+) and lowers (-) the risk, in log-odds against {reference}:\n{list}");
    let _ = writeln!(
        text,
        "{reference} {:+.3}, all contributions {:+.3}, this customer {:+.3}\n\nValues:",
        report.reference_log_odds,
        report.log_odds - report.reference_log_odds,
        report.log_odds
    );

    for FeatureValue { name, value } in &report.values {
        let value = value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        let _ = writeln!(text, "  {name:<40} {value}");
    }
    text
}

/// What the last published runs said, and what had changed.
fn published(report: &CustomerReport) -> String {
    if report.published.is_empty() {
        return String::new();
    }
    let mut list = table(&["published", "risk", "rank", "model", "list", "what had changed"], &[1, 2]);
    for run in &report.published {
        list.add_row([
            run.as_of.to_string(),
            percent(run.churn_probability),
            count(run.rank.unsigned_abs()),
            run.model_version.clone().unwrap_or_else(|| "-".to_owned()),
            if run.listed { "listed".to_owned() } else { "-".to_owned() },
            run.change_reason_text.as_deref().map_or_else(|| "-".to_owned(), unbroken),
        ]);
    }
    format!("\n{list}\n")
}

/// Every concept's part in the risk, beside what it was before.
fn contributions(report: &CustomerReport) -> Table {
    let earlier = report.before.as_ref();
    let header = earlier.map_or_else(|| "before".to_owned(), |earlier| format!("on {}", earlier.as_of));
    let mut list = table(&["what", "code", "contribution", &header], &[2, 3]);

    for reason in &report.contributions {
        let before = earlier.and_then(|earlier| earlier.contributions.iter().find(|before| before.code == reason.code));
        list.add_row([
            unbroken(&reason.text),
            reason.code.clone(),
            format!("{:+.3}", reason.contribution),
            before.map_or_else(|| "-".to_owned(), |before| format!("{:+.3}", before.contribution)),
        ]);
    }
    list
}
