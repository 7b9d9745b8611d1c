//! A configuration that was inferred.

use super::{count, table};
use crate::infer::{FoundTable, Inferred};
use std::fmt::Write;
use std::path::Path;

/// After `init --from`.
pub fn inferred(path: &Path, inferred: &Inferred) -> String {
    let mut text = format!("Wrote {}.\n\n", path.display());

    let header = ["table", "taken for", "rows", "customers", "first day", "last day", "left out because"];
    let mut list = table(&header, &[2, 3]);
    for found in &inferred.tables {
        list.add_row(row(found));
    }
    let _ = writeln!(text, "{list}\n");

    points(&mut text, "Missing, and not to be inferred:", &inferred.missing);
    points(&mut text, "Not certain:", &inferred.doubts);
    let as_of = inferred.as_of.map_or(String::new(), |day| format!(" --as-of {day}"));
    let next = match &inferred.features {
        Some(features) => format!("churn train --features {}", features.display()),
        None => format!("churn check{as_of}"),
    };
    let _ = writeln!(text, "Read the file through: every guess is marked. Then run `{next}`.");
    text
}

fn row(found: &FoundTable) -> [String; 7] {
    let unknown = || "-".to_owned();
    let about = if found.customers_estimated { "about " } else { "" };
    [
        found.name.clone(),
        found.taken_for.clone().unwrap_or_else(unknown),
        found.rows.map_or_else(unknown, count),
        found.customers.map_or_else(unknown, |customers| format!("{about}{}", count(customers))),
        found.first_day.map_or_else(unknown, |day| day.to_string()),
        found.last_day.map_or_else(unknown, |day| day.to_string()),
        found.left_out.clone().unwrap_or_default(),
    ]
}

fn points(text: &mut String, title: &str, points: &[String]) {
    if points.is_empty() {
        return;
    }
    let _ = writeln!(text, "{title}");
    for point in points {
        let _ = writeln!(text, "  - {point}");
    }
    text.push('\n');
}
