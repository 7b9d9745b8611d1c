//! A check.

use super::{count, percent, population_line, silent_shares, table, Table};
use crate::calendar::Day;
use crate::coverage::Coverage;
use crate::dataset::snapshots::Snapshots;
use crate::jobs::check::{Checked, SnapshotRows};
use crate::language::Texts;
use crate::spelling;
use std::fmt::Write;

/// After `check`, whose words are English; `texts` are, too.
pub fn checked(checked: &Checked, texts: &Texts) -> String {
    let as_of = checked.as_of;
    let mut text = format!("Everything is in order for {as_of}.\n\n");

    let mut list = table(&["source", "files", "rows read", "used", "newest", "in quarantine"], &[1, 2, 3, 5]);
    for source in &checked.tables {
        list.add_row([
            source.name.clone(),
            source.files.to_string(),
            count(source.rows),
            count(source.used),
            source.newest.map_or_else(|| "-".to_owned(), |day| day.to_string()),
            count(source.quarantined),
        ]);
    }
    let _ = writeln!(text, "{list}\n\nHistory:\n{}\n\nTo score:", history(&checked.coverage));
    text += &population_line(as_of, checked.eligible, &checked.excluded);
    if let Some(of_eligible) = &checked.silence {
        let shares = silent_shares(of_eligible, texts);
        let _ = writeln!(text, "  of these silent, without a row of {}: {shares}", of_eligible.of);
    }

    text += "To train:\n";
    for SnapshotRows { as_of, rows, churners } in &checked.training.dates {
        let share = percent(*churners as f64 / (*rows).max(1) as f64);
        let role = role(&checked.training.snapshots, *as_of);
        let gaps = gaps(&checked.coverage, *as_of);
        let _ =
            writeln!(text, "  {as_of}: {} rows, {} churned ({share}), {role}{gaps}", count(*rows), count(*churners));
    }
    text
}

/// What each source holds of the past.
fn history(coverage: &Coverage) -> Table {
    let header = ["source", "first day", "last day", "rows then", "usual", "customers", "commonest id"];
    let mut list = table(&header, &[3, 4, 5, 6]);
    let day = |day: Option<Day>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());

    for (name, signal) in &coverage.signals {
        let last = signal.days.iter().find(|rows| Some(rows.day) == signal.last_day);
        list.add_row([
            name.clone(),
            day(signal.first_day),
            day(signal.last_day),
            last.map_or_else(|| "-".to_owned(), |last| count(last.rows)),
            last.and_then(|last| last.usual).map_or_else(|| "-".to_owned(), |usual| format!("{usual:.0}")),
            percent(signal.customers_share),
            percent(signal.commonest_share),
        ]);
    }

    if let Some(churn) = &coverage.churn {
        let earlier = match churn.before_sign_up {
            0 => String::new(),
            rows => format!(" ({} before the sign-up do not count)", count(rows)),
        };
        list.add_row([
            format!("churn{earlier}"),
            day(churn.first_day),
            day(churn.last_day),
            "-".to_owned(),
            "-".to_owned(),
            percent(churn.customers_share),
            "-".to_owned(),
        ]);
    }
    list
}

/// Which signals do not cover what a date looks back on.
fn gaps(coverage: &Coverage, as_of: Day) -> String {
    let snapshot = coverage.snapshots.iter().find(|snapshot| snapshot.as_of == as_of);
    let Some(snapshot) = snapshot.filter(|snapshot| !snapshot.is_covered()) else { return String::new() };
    let mut names = snapshot.not_begun.clone();
    names.extend(snapshot.partly.iter().cloned());
    format!("; younger than its look-back: {}", spelling::some_of(&names))
}

/// What a training uses a snapshot for.
fn role(snapshots: &Snapshots, as_of: Day) -> &'static str {
    if snapshots.evaluation.contains(&as_of) {
        "held out"
    } else if snapshots.embargoed.contains(&as_of) {
        "embargoed for the evaluation"
    } else {
        "training"
    }
}
