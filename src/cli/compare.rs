//! `churn models compare`

use super::summary::{counted, percent, shown, table};
use super::{score, train, Session};
use crate::calendar::Day;
use crate::config::Settings;
use crate::dataset::{Dataset, Selection, Tables};
use crate::error::{Error, Result};
use crate::model::bootstrap::{Interval, Intervals};
use crate::publish::previous;
use crate::registry::comparison::{self, Contender, HeldOut, Which};
use crate::registry::differences::{self, Inside, ListChange, Moved};
use crate::registry::Registry;
use serde::Serialize;
use std::fmt::Write;

/// Features and columns that are named; the rest are counted.
const NAMED: usize = 8;

/// All that is known about two versions beside each other.
#[derive(Serialize)]
struct Comparison {
    first: String,
    second: String,
    /// None where there are no held-out rows that neither has seen, or where one of them cannot be scored.
    held_out: Option<HeldOut>,
    inside: Inside,
    /// The date of the list that they would make, and how it would change.
    list: Option<(Day, ListChange)>,
    /// Why a part is missing.
    notes: Vec<String>,
}

pub fn run(
    session: &Session,
    registry: &Registry,
    [first, second]: [&str; 2],
    as_of: Option<Day>,
) -> anyhow::Result<()> {
    let settings = session.settings()?;
    let (first, second) = (Contender::load(registry, first)?, Contender::load(registry, second)?);
    let mut comparison = Comparison {
        first: first.published.version.clone(),
        second: second.published.version.clone(),
        held_out: None,
        inside: differences::inside(&first.published, &second.published),
        list: None,
        notes: Vec::new(),
    };
    match (first.settings(&settings), second.settings(&settings)) {
        (Ok(ours), Ok(theirs)) => {
            let sides = [(&first, &ours), (&second, &theirs)];
            score_both(session, &settings, sides, as_of, &mut comparison)?;
        }
        (Err(error), _) | (_, Err(error)) => {
            comparison.notes.push(format!("only their insides can be compared: {error}"));
        }
    }
    match session.json() {
        true => session.print_json(&comparison),
        false => session.print(&told(&comparison, &settings)),
    }
}

fn score_both(
    session: &Session,
    settings: &Settings,
    [(first, ours), (second, theirs)]: [(&Contender, &Settings); 2],
    as_of: Option<Day>,
    comparison: &mut Comparison,
) -> Result<()> {
    let tables = Tables::open(settings, None)?;
    let customers = &tables.customers;
    let end = train::data_end(settings, &tables, None)?;
    let other_windows = ours.features.windows_days != theirs.features.windows_days;
    let built = |dates: &[Day], labels_end: Option<Day>| -> Result<(Dataset, Option<Dataset>)> {
        let data = score::built(session, ours, &tables, dates, labels_end)?;
        let other = match other_windows {
            true => Some(score::built(session, theirs, &tables, dates, labels_end)?),
            false => None,
        };
        Ok((data, other))
    };

    let dates = [first.evaluation_dates(), second.evaluation_dates()].concat();
    let (data, other) = built(&dates, Some(end))?;
    let sides = [(first, (&data, customers)), (second, (other.as_ref().unwrap_or(&data), customers))];
    comparison.held_out = comparison::on_held_out(settings, sides, &dates)?;
    if comparison.held_out.is_none() {
        comparison.notes.push(
            "no metrics: on every date that either was evaluated on, one of them has learned from the outcomes, or the labels \
             are of one class"
                .to_owned(),
        );
    }

    let listed = as_of.or_else(|| previous::published(&settings.paths.lists).pop().map(|(day, _)| day)).unwrap_or(end);
    let (data, other) = built(&[listed], None)?;
    let scores = |version: &Contender, data: &Dataset| {
        version.published.score(data, customers, &Selection::scored(data, listed))
    };
    let (a, b) = (scores(first, &data)?, scores(second, other.as_ref().unwrap_or(&data))?);
    if a.customers.is_empty() {
        return Err(Error::TooLittle(format!(
            "no customer is eligible on {listed}; choose another date for the list (--as-of)"
        )));
    }
    comparison.list = Some((listed, differences::lists(&settings.list, customers, &a, &b)));
    Ok(())
}

fn told(comparison: &Comparison, settings: &Settings) -> String {
    let (first, second) = (&comparison.first, &comparison.second);
    let mut text = format!("{second} against {first}\n\n");
    if let Some(rows) = &comparison.held_out {
        held_out(&mut text, rows);
    }
    inside(&mut text, comparison);
    if let Some((day, change)) = &comparison.list {
        list(&mut text, comparison, *day, change, settings);
    }
    for note in &comparison.notes {
        let _ = writeln!(text, "  note: {note}");
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
        if side.model == Which::Evaluated {
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

fn list(text: &mut String, comparison: &Comparison, day: Day, change: &ListChange, settings: &Settings) {
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
                customer_id.clone(),
                first.0.to_string(),
                percent(first.1),
                second.0.to_string(),
                percent(second.1),
            ]);
        }
        let _ = writeln!(text, "{list}");
    }
    let _ = writeln!(
        text,
        "\nA list holds {} customers (list.capacity), the control group among them.",
        settings.list.capacity
    );
}
