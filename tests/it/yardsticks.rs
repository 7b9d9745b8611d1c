//! What the reasons of a list say: that each first one holds the customer's number against something, and that columns
//! which must not be told are not.

use crate::common::{churn, Population, Table};
use std::fs;

/// Whether a sentence holds a number against the customer's own past or against what is usual.
fn has_yardstick(text: &str) -> bool {
    let is_lull = text.starts_with("No ") && text.contains(" for ") && text.contains(" in ");
    let yardsticks = ["usually", " fell ", " rose ", "days: ", "mean risk", "known for", "of customers"];
    is_lull || yardsticks.iter().any(|yardstick| text.contains(yardstick))
}

/// Fails if one in fifty first reasons of a list, or more, is a number alone.
pub fn check(list: &Table) {
    let first: Vec<&str> = list.column("reason_1_text").iter().filter_map(|text| text.text()).collect();
    let alone: Vec<&&str> = first.iter().filter(|text| !has_yardstick(text)).collect();
    assert!(first.len() > 100, "{} first reasons", first.len());
    assert!(50 * alone.len() < first.len(), "{} of {} are numbers alone: {alone:?}", alone.len(), first.len());
}

#[test]
fn columns_that_are_not_told_are_in_no_file_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let published = |untold: &str| {
        let lists = folder.path().join(untold.len().to_string());
        let (lists_set, untold) = (format!("paths.lists={}", lists.display()), format!("reasons.untold={untold}"));
        let formats = "publish.formats=[\"csv\",\"parquet\",\"html\"]";
        let arguments =
            ["score", "--as-of", Population::AS_OF, "--set", &lists_set, "--set", &untold, "--set", formats];
        churn(&Population::shared().folder, &arguments).ok();
        lists.join(format!("as_of={}", Population::AS_OF))
    };

    let (open, closed) = (published("[]"), published("[\"plan\", \"monthly_revenue\"]"));
    let csv = |folder: &std::path::Path| fs::read_to_string(folder.join("at_risk.csv")).unwrap();
    assert!(csv(&open).contains("Plan is") && csv(&open).contains("Monthly revenue is"));
    assert!(!csv(&closed).contains("Plan is") && !csv(&closed).contains("Monthly revenue is"));

    let details = Table::read(&closed.join("details.parquet"));
    let of = |column: &str| -> Vec<&str> { details.column(column).iter().filter_map(|cell| cell.text()).collect() };
    let (names, texts) = (of("name"), of("text"));
    assert!(names.contains(&"UNTOLD") && names.contains(&"region") && !names.contains(&"plan"));
    assert!(!texts.iter().any(|text| text.contains("Plan is") || text.contains("Monthly revenue is")));

    // The scores are the same: the model knows what the list does not tell.
    assert_eq!(fs::read(open.join("scores.parquet")).unwrap(), fs::read(closed.join("scores.parquet")).unwrap());
    let unknown = churn(&Population::shared().folder, &["check", "--set", "reasons.untold=[\"plans\"]"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("did you mean `plan`?"), "{unknown}");
}
