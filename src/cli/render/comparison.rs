//! Two versions beside each other.

use super::{counted, id, percent, shown, table};
use crate::calendar::Day;
use crate::jobs::compare::{ComparedLists, Comparison};
use crate::metrics::interval::{Interval, Intervals};
use crate::registry::comparison::{HeldOut, ModelKind};
use crate::registry::differences::{ListChange, Moved};
use std::fmt::Write;

/// Features and columns that are named; the rest are counted.
const NAMED: usize = 8;

/// After `models compare`; `capacity` is that of the list.
pub fn compared(comparison: &Comparison, capacity: u32) -> String {
    let (first, second) = (&comparison.first, &comparison.second);
    let mut text = format!("{second} against {first}\n\n");
    if let Some(rows) = &comparison.held_out {
        held_out(&mut text, rows);
    }
    inside(&mut text, comparison);
    if let Some(ComparedLists { as_of: day, change }) = &comparison.list {
        list(&mut text, comparison, *day, change, capacity);
    }
    text
}

fn held_out(text: &mut String, rows: &HeldOut) {
    let dates: Vec<String> = rows.as_of.iter().map(Day::to_string).collect();
    let _ = writeln!(
        text,
        "On {} of {} that neither has seen, {} churned:",
        counted(rows.rows as u64, "row"),
        dates.join(", "),
        rows.churners
    );

    let (first, second) = (&rows.first, &rows.second);
    let mut list = table(&["", &first.version, &second.version, "difference", "95 % interval"], &[1, 2, 3, 4]);
    let mut line = |name: &str, of: fn(&Intervals) -> Option<Interval>, digits: usize| {
        let value = |of: Option<Interval>| shown(of.map(|interval| interval.estimate), digits);
        let difference = of(&rows.difference);
        let signed = |value: f64| format!("{value:+.digits$}");
        list.add_row([
            name.to_owned(),
            value(of(&first.metrics)),
            value(of(&second.metrics)),
            difference.map_or_else(|| "-".to_owned(), |d| signed(d.estimate)),
            difference.map_or_else(|| "-".to_owned(), |d| format!("{} to {}", signed(d.lower), signed(d.upper))),
        ]);
    };

    line("ROC AUC", |m| m.roc_auc, 4);
    line("average precision", |m| m.average_precision, 4);
    line("top-decile lift", |m| m.top_decile_lift, 2);
    line("lift of the list", |m| m.lift_at_capacity, 2);
    line("log-loss", |m| m.log_loss, 4);
    line("Brier score", |m| m.brier, 4);
    line("calibration error (ECE)", |m| m.ece, 4);
    let _ = writeln!(text, "{list}");

    for side in [first, second] {
        if side.model == ModelKind::Evaluated {
            let _ = writeln!(
                text,
                "  {}: by the model that it was evaluated with; the one that scores was fitted on these rows too",
                side.version
            );
        }
    }

    text.push('\n');
}

fn inside(text: &mut String, comparison: &Comparison) {
    let Comparison { first, second, inside, .. } = comparison;
    for (what, version, names) in [
        ("Features", first, &inside.features_of_first),
        ("Features", second, &inside.features_of_second),
        ("Columns", first, &inside.columns_of_first),
        ("Columns", second, &inside.columns_of_second),
    ] {
        if !names.is_empty() {
            let more = names.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(text, "{what} of {version} alone: {}{more}", names[..names.len().min(NAMED)].join(", "));
        }
    }

    if inside.turned.is_empty() {
        let _ = writeln!(text, "No effect that both have changes its sign.\n");
        return;
    }

    let _ = writeln!(text, "\nEffects that change their sign (log-odds; certain where neither 95 % interval holds 0):");
    let mut list = table(&["column", first, second, ""], &[1, 2]);
    for turned in &inside.turned {
        list.add_row([
            turned.column.clone(),
            format!("{:+.4}", turned.first),
            format!("{:+.4}", turned.second),
            if turned.certain { "certain" } else { "" }.to_owned(),
        ]);
    }

    let _ = writeln!(text, "{list}\n");
}

fn list(text: &mut String, comparison: &Comparison, day: Day, change: &ListChange, capacity: u32) {
    let length = change.capacity.min(change.eligible);
    let _ = writeln!(
        text,
        "The list of {day}: {} of its {} customers stay ({}); rank correlation {} over {} eligible customers",
        change.shared,
        length,
        percent(change.shared as f64 / length.max(1) as f64),
        shown(change.rank_correlation, 3),
        change.eligible,
    );

    for (what, moved) in [("come onto it", &change.entering), ("drop from it", &change.leaving)] {
        if moved.is_empty() {
            continue;
        }

        let gone = length - change.shared;
        let shown = if moved.len() < gone { format!(", the first {} of them", moved.len()) } else { String::new() };
        let _ = writeln!(text, "\n{gone} {what}{shown}:");

        let mut list = table(
            &[
                "customer",
                &format!("rank under {}", comparison.first),
                "risk",
                &format!("rank under {}", comparison.second),
                "risk",
            ],
            &[1, 2, 3, 4],
        );

        for Moved { customer_id, first, second } in moved {
            list.add_row([
                id(customer_id).into_owned(),
                first.rank.to_string(),
                percent(first.probability),
                second.rank.to_string(),
                percent(second.probability),
            ]);
        }
        let _ = writeln!(text, "{list}");
    }

    let _ = writeln!(text, "\nA list holds {capacity} customers (list.capacity), the control group among them.");
}
