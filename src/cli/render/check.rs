//! A check.

use super::{count, percent, population_line, silence, table};
use crate::calendar::Day;
use crate::dataset::snapshots::Snapshots;
use crate::jobs::check::{Checked, SnapshotRows};
use std::fmt::Write;

/// After `check`.
pub fn checked(checked: &Checked) -> String {
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
    let _ = writeln!(text, "{list}\n\nTo score:");
    text += &population_line(as_of, checked.eligible, &checked.excluded);
    if let Some(of_eligible) = &checked.silence {
        let _ = writeln!(text, "  of these {}", silence(of_eligible));
    }

    text += "To train:\n";
    for SnapshotRows { as_of, rows, churners } in &checked.training.dates {
        let share = percent(*churners as f64 / (*rows).max(1) as f64);
        let role = role(&checked.training.snapshots, *as_of);
        let _ = writeln!(text, "  {as_of}: {} rows, {} churned ({share}), {role}", count(*rows), count(*churners));
    }
    text
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
