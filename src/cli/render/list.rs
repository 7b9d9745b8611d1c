//! A published list.

use super::deliver::delivered;
use super::{count, counted, id, percent, population_line, shown, silence, table, unbroken, Table};
use crate::jobs::score::{ListedCustomer, Published};
use crate::publish::list::Status;
use std::fmt::Write;

/// How many lines of the list are shown.
const TOP: usize = 10;

/// After `score`.
pub fn published(run: &Published) -> String {
    let manifest = &run.manifest;
    let mut text = String::new();
    let (read, bad) = (
        manifest.sources.values().map(|s| s.rows_read).sum(),
        manifest.quarantine.values().map(|q| q.total()).sum::<u64>(),
    );
    let _ = writeln!(
        text,
        "At-risk list of {}  (model {}, {} read, {} in quarantine, {:.1} s)\n",
        manifest.as_of,
        manifest.model_version,
        counted(read, "row"),
        count(bad),
        manifest.seconds
    );

    text += &population_line(manifest.as_of, manifest.eligible, &manifest.excluded);
    let _ = writeln!(
        text,
        "  {} listed, {} of them kept out of outreach as the control group; mean risk {}",
        count(manifest.listed),
        count(manifest.control),
        percent(manifest.mean_probability),
    );
    if let Some(before) = manifest.compared_with {
        let _ = writeln!(text, "  since {before}: {}", changed(run));
    }
    if let Some(of_listed) = &manifest.silence {
        let _ = writeln!(text, "  of the listed {}", silence(of_listed));
    }
    let good = &run.scored.model.evaluation.metrics;
    let _ = writeln!(
        text,
        "  on held-out rows: AUC {}, the riskiest tenth churned {} times as often as all\n",
        shown(good.roc_auc, 3),
        shown(good.top_decile_lift, 1),
    );

    let _ = writeln!(text, "{}\n", top(run));
    for sentence in manifest.control_power.sentences() {
        let _ = writeln!(text, "{}", unbroken(&sentence));
    }

    text.push('\n');
    let _ = writeln!(text, "Files in {}:", run.folder.display());
    // Of the lists by value there may be hundreds.
    let (by_value, files): (Vec<_>, Vec<_>) = manifest.files.iter().partition(|file| file.name.contains('/'));
    for file in files {
        let _ = writeln!(text, "  {:<18} {}", file.name, counted(file.rows, "row"));
    }
    if let Some((folder, _)) = by_value.first().and_then(|file| file.name.split_once('/')) {
        let _ = writeln!(text, "  {:<18} {}", format!("{folder}/"), counted(by_value.len() as u64, "file"));
    }
    let _ = writeln!(text, "  {:<18} what was read, decided and written", "manifest.json");
    let _ = writeln!(text, "Beside it: latest/risk.parquet, the newest risk of every customer");
    text += &delivered(&run.deliveries);
    text
}

/// "12 new, 3 returned, 15 left the list".
fn changed(run: &Published) -> String {
    let count_of = |status: Status| run.scored.details.iter().filter(|details| details.status == status).count() as u64;
    let (new, returned) = (count(count_of(Status::New)), count(count_of(Status::Returned)));
    format!("{new} new, {returned} returned, {} left the list", count(run.manifest.left))
}

/// The first lines of the list.
fn top(run: &Published) -> Table {
    let money = run.value_column.is_some();
    let mut header = vec!["rank", "customer", "risk"];
    if money {
        header.push("at stake");
    }
    header.extend(["group", "status", "why"]);

    let mut list = table(&header, if money { &[0, 2, 3] } else { &[0, 2] });
    for customer in run.list().take(TOP) {
        customer_rows(&mut list, &customer, money);
    }
    list
}

/// A customer's row, with the first reason, and a row for each further reason, for what has changed and for what to do.
fn customer_rows(list: &mut Table, customer: &ListedCustomer<'_>, money: bool) {
    let mut row =
        vec![customer.rank.to_string(), id(&customer.customer_id).into_owned(), percent(customer.churn_probability)];
    if money {
        row.push(customer.value_at_risk.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}")));
    }
    row.extend([customer.group.name().to_owned(), customer.status.to_owned()]);

    let mut reasons = customer.explanation.reasons.iter().map(|reason| unbroken(&reason.text));
    row.push(reasons.next().unwrap_or_else(|| "no single reason stands out".to_owned()));
    let before = row.len() - 1;
    list.add_row(row);
    let change = customer.details.change_text.as_deref().map(unbroken);
    let action = customer.details.action.as_ref().map(|action| format!("→ {}", unbroken(&action.action)));
    for more in reasons.chain(change).chain(action) {
        let mut row = vec![String::new(); before];
        row.push(more);
        list.add_row(row);
    }
}
