//! The closing summaries: what a person reads when a command is done.

use super::evaluated;
use super::explain::Told;
use super::score::Run;
use crate::calendar::Day;
use crate::config::{Reference, Settings};
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{Dataset, Tables};
use crate::eligibility::Exclusions;
use crate::model::additive::{Additive, Effect};
use crate::model::artefact::Artefact;
use crate::publish::list::{Line, Results};
use crate::registry::promotion::Decision;
use crate::registry::{Promotion, Registry};
use comfy_table::{CellAlignment, ContentArrangement, Table};
use std::fmt::Write;

/// No lines but one under the header: the eye needs no more, and neither do mails and logs.
const PRESET: &str = "    ────           ";

/// How many lines of the list are shown.
const TOP: usize = 10;

/// One line of the list, for people.
pub struct TopLine {
    pub rank: usize,
    pub customer: String,
    pub probability: f64,
    pub value: Option<f64>,
    pub group: &'static str,
    pub status: &'static str,
    pub reasons: Vec<String>,
}

/// The first lines of a list.
pub fn top(results: &Results<'_>, lines: &[Line]) -> Vec<TopLine> {
    let listed = results.listed().iter().zip(lines).take(TOP).enumerate();
    listed
        .map(|(index, (&position, line))| {
            let customer = results.customer(position) as usize;
            TopLine {
                rank: index + 1,
                customer: results.customers.ids.display(customer),
                probability: results.scores.probabilities[position as usize],
                value: results.customers.value.get(customer).copied().filter(|v| v.is_finite()),
                group: results.group(position).name(),
                status: line.status,
                reasons: line.explanation.reasons.iter().map(|reason| reason.text.clone()).collect(),
            }
        })
        .collect()
}

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
fn unbroken(text: &str) -> String {
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

fn warnings(text: &mut String, warnings: &[String]) {
    for warning in warnings {
        let _ = writeln!(text, "  note: {warning}");
    }
}

/// After `score`.
pub fn scored(run: &Run) -> String {
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
    let good = &run.model.evaluation.metrics;
    let _ = writeln!(
        text,
        "  on held-out rows: AUC {}, the riskiest tenth churned {} times as often as all\n",
        shown(good.roc_auc, 3),
        shown(good.top_decile_lift, 1),
    );
    let money = run.value_column.is_some();
    let mut header = vec!["rank", "customer", "risk"];
    if money {
        header.push("at stake");
    }
    header.extend(["group", "status", "why"]);
    let mut list = table(&header, if money { &[0, 2, 3] } else { &[0, 2] });
    for line in &run.top {
        let mut row = vec![line.rank.to_string(), line.customer.clone(), percent(line.probability)];
        if money {
            row.push(line.value.map_or_else(|| "-".to_owned(), |v| format!("{v:.2}")));
        }
        let why = if line.reasons.is_empty() {
            "no single reason stands out".to_owned()
        } else {
            unbroken(&line.reasons.join("\n"))
        };
        row.extend([line.group.to_owned(), line.status.to_owned(), why]);
        list.add_row(row);
    }
    let _ = writeln!(text, "{list}\n");
    warnings(&mut text, &manifest.warnings);
    let _ = writeln!(text, "Files in {}:", run.folder.display());
    for file in &manifest.files {
        let _ = writeln!(text, "  {:<18} {}", file.name, counted(file.rows, "row"));
    }
    let _ = writeln!(text, "  {:<18} what was read, decided and written", "manifest.json");
    text
}

/// After `train`.
pub fn trained(model: &Artefact, decision: &Decision, registry: &Registry) -> String {
    let mut text = String::new();
    let dates: Vec<String> = model.snapshots.training.iter().map(Day::to_string).collect();
    let _ = writeln!(text, "Model {} trained\n", model.version);
    let _ = match &model.evaluation.folds {
        None => writeln!(
            text,
            "Evaluated after training on {}: {}",
            counted(dates.len() as u64, "snapshot"),
            dates.join(", ")
        ),
        Some(folds) => writeln!(
            text,
            "Evaluated on {}{}, each after training on all other rows",
            counted(folds.by_fold.len() as u64, "held-out fold"),
            folds.column.as_ref().map_or_else(String::new, |column| format!(" of column `{column}`")),
        ),
    };
    text += &evaluated::brief(model);
    screened(&mut text, model);
    steps(&mut text, model);
    let _ = writeln!(
        text,
        "{} on {}, {} churned; {}, penalty {:.0e}, calibration {}",
        match (&model.evaluation.folds, model.refit) {
            (Some(_), _) | (None, true) => "Published model: fitted once more",
            (None, false) => "Published model: fitted",
        },
        counted(model.rows as u64, "row"),
        count(model.churners as u64),
        terms(model),
        model.alpha,
        calibration_name(model),
    );
    for sentence in model.restrictions.sentences() {
        let _ = writeln!(text, "{sentence}");
    }
    if let Some(sampling) = &model.sampling {
        let _ = writeln!(text, "Sampled: {sampling}");
    }
    let _ = write!(
        text,
        "Fit {} in {} ",
        if model.converged { "converged" } else { "DID NOT CONVERGE" },
        model.iterations,
    );
    let _ = match model.additive {
        Some(_) => writeln!(text, "passes over the rows"),
        None => writeln!(text, "Newton steps; {}", model.certificate),
    };
    warnings(&mut text, &model.advice);
    let _ = writeln!(
        text,
        "{}: {}\nModel file: {}",
        if decision.promoted { "Champion now" } else { "Not promoted" },
        decision.reason,
        registry.path(&model.version).display()
    );
    text
}

/// Which columns of a wide table the model learned from.
fn screened(text: &mut String, model: &Artefact) {
    let Some(screening) = &model.screening else { return };
    let names: Vec<&str> = screening.kept.iter().take(TOP).map(|(name, _)| name.as_str()).collect();
    let more = match screening.kept.len().saturating_sub(TOP) {
        0 => String::new(),
        more => format!(" and {more} more (all are in the model card)"),
    };
    let _ = writeln!(text, "{screening}.\nKept, the strongest first: {}{more}", names.join(", "));
}

/// "45 columns", or "19 curves and 10 interactions".
fn terms(model: &Artefact) -> String {
    match &model.additive {
        None => counted(model.coefficients.len().saturating_sub(1) as u64, "column"),
        Some(additive) => {
            let curves = additive.terms.iter().filter(|term| term.features().len() == 1).count();
            let interactions = additive.terms.len() - curves;
            format!("{} and {}", counted(curves as u64, "curve"), counted(interactions as u64, "interaction"))
        }
    }
}

/// What each step from the linear model to richer ones bought.
fn steps(text: &mut String, model: &Artefact) {
    let Some(comparison) = &model.comparison else { return };
    let header = ["complexity", "log-loss", "gain over the step before", "interactions", ""];
    let mut list = table(&header, &[1, 2, 3]);
    for step in &comparison.steps {
        let gain = step.gain.zip(step.gain_standard_error);
        list.add_row([
            step.complexity.clone(),
            format!("{:.4} ± {:.4}", step.log_loss, step.standard_error),
            gain.map_or_else(String::new, |(gain, error)| format!("{gain:+.4} ± {error:.4}")),
            step.interactions.to_string(),
            if step.complexity == comparison.chosen { "chosen" } else { "" }.to_owned(),
        ]);
    }
    let forward = match comparison.origins {
        0 => String::new(),
        count => format!(" forward in time, at {},", counted(count as u64, "date")),
    };
    let rows = counted(comparison.rows as u64, "row");
    let _ = writeln!(text, "Cross-validated{forward} on {rows} of training:\n{list}");
}

/// Of an additive model, how much each term matters.
fn spreads(text: &mut String, additive: &Additive) {
    let mut order: Vec<&Effect> = additive.terms.iter().collect();
    order.sort_by(|a, b| b.spread.total_cmp(&a.spread));
    let mut list = table(&["term", "spread", "lowest", "highest"], &[1, 2, 3]);
    for term in order {
        let [low, high] = term.extremes();
        list.add_row([additive.term_name(term), format!("{:.4}", term.spread), low, high]);
    }
    let _ = writeln!(text, "{list}");
    *text += "The spread is the standard deviation of what a term adds to the log-odds; lowest and highest are its \
              extremes, ± half of the 95 % band.\n";
}

fn calibration_name(model: &Artefact) -> &'static str {
    use crate::model::calibration::Calibration;
    match model.calibration.calibration {
        Calibration::None => "none",
        Calibration::Platt { .. } => "Platt",
        Calibration::Beta { .. } => "beta",
        Calibration::Isotonic { .. } => "isotonic",
    }
}

/// `models list`.
pub fn models(models: &[Artefact], champion: Option<&str>, registry: &Registry) -> String {
    if models.is_empty() {
        return format!("No models in {}. Train one with `churn train`.\n", registry.folder().display());
    }
    let mut list = table(&["", "version", "trained at", "rows", "AUC", "lift", "log-loss"], &[3, 4, 5, 6]);
    for model in models {
        let metrics = &model.evaluation.metrics;
        list.add_row([
            if champion == Some(model.version.as_str()) { "champion" } else { "" }.to_owned(),
            model.version.clone(),
            model.trained_at.clone(),
            count(model.rows as u64),
            shown(metrics.roc_auc, 3),
            shown(metrics.top_decile_lift, 2),
            shown(metrics.log_loss, 4),
        ]);
    }
    format!("{list}\n")
}

/// `models history`.
pub fn promotions(history: &[Promotion]) -> String {
    if history.is_empty() {
        return "No model has been promoted yet.\n".to_owned();
    }
    let mut list = table(&["at", "champion", "before", "by", "why"], &[]);
    for promotion in history {
        let or_none = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".to_owned());
        list.add_row([
            promotion.at.clone(),
            promotion.version.clone(),
            or_none(&promotion.previous),
            or_none(&promotion.by),
            promotion.reason.clone(),
        ]);
    }
    format!("{list}\n")
}

/// `models show`.
pub fn model(model: &Artefact) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "Model {}, trained at {} by {}\n", model.version, model.trained_at, model.program);
    text += &evaluated::whole(model);
    if let Some(sampling) = &model.sampling {
        let _ = writeln!(text, "\nSampled: {sampling}");
    }
    let _ = writeln!(
        text,
        "\nFitted on {}, {} churned; penalty {:.0e}; calibration {}\n",
        counted(model.rows as u64, "row"),
        count(model.churners as u64),
        model.alpha,
        calibration_name(model)
    );
    for sentence in model.restrictions.sentences() {
        let _ = writeln!(text, "{sentence}\n");
    }
    steps(&mut text, model);
    if let Some(additive) = &model.additive {
        spreads(&mut text, additive);
        warnings(&mut text, &model.advice);
        return text;
    }
    let header = ["column", "effect", "std. error", "z", "p", "95 % interval", "odds ratio"];
    let mut list = table(&header, &[1, 2, 3, 4, 5, 6]);
    for c in &model.coefficients {
        // Under directions or the group penalty there are no standard errors.
        let uncertain = |shown: String| if c.standard_error > 0.0 { shown } else { "-".to_owned() };
        list.add_row([
            c.name.clone(),
            format!("{:+.4}", c.estimate),
            uncertain(format!("{:.4}", c.standard_error)),
            uncertain(format!("{:.2}", c.z)),
            uncertain(format!("{:.3}", c.p_value)),
            uncertain(format!("{:+.3} to {:+.3}", c.lower, c.upper)),
            format!("{:.3}", c.odds_ratio),
        ]);
    }
    let _ = writeln!(text, "{list}");
    text += "Effects are log-odds of churn per standard deviation (numeric columns) or against the baseline level.\n";
    warnings(&mut text, &model.advice);
    text
}

/// After `check`.
pub fn checked(
    settings: &Settings,
    tables: &Tables,
    data: &Dataset,
    as_of: Day,
    (snapshots, training): &(Snapshots, Dataset),
    notes: &[String],
) -> String {
    let mut text = format!("Everything is in order for {as_of}.\n\n");
    let mut list = table(&["source", "files", "rows read", "used", "newest", "in quarantine"], &[1, 2, 3, 5]);
    let customers = &tables.customers;
    list.add_row([
        "customers".to_owned(),
        tables.sources.customers.files.len().to_string(),
        count(customers.rows),
        count(customers.len() as u64),
        "-".to_owned(),
        count(customers.quarantine.total()),
    ]);
    for (name, report) in settings.signals.keys().zip(&data.reports) {
        list.add_row([
            name.clone(),
            report.files.to_string(),
            count(report.rows),
            count(report.kept),
            report.newest.map_or_else(|| "-".to_owned(), |t| tables.zone.day_of(t).to_string()),
            count(report.quarantine.total()),
        ]);
    }
    if let Some(table) = &tables.sources.churn {
        let churn = &tables.cancellations;
        list.add_row([
            "churn".to_owned(),
            table.files.len().to_string(),
            count(churn.rows),
            count(churn.rows - churn.quarantine.total()),
            "-".to_owned(),
            count(churn.quarantine.total()),
        ]);
    }
    let _ = writeln!(text, "{list}\n\nTo score:");
    text += &population_line(as_of, data.counts(0).0, &data.exclusions[0]);
    text += "To train:\n";
    for (index, day) in training.as_of.iter().enumerate() {
        let (rows, churners) = training.counts(index);
        let role = match () {
            () if snapshots.evaluation.contains(day) => "held out",
            () if snapshots.embargoed.contains(day) => "embargoed for the evaluation",
            () => "training",
        };
        let share = churners as f64 / rows.max(1) as f64;
        let _ =
            writeln!(text, "  {day}: {} rows, {} churned ({}), {role}", count(rows), count(churners), percent(share));
    }
    warnings(&mut text, notes);
    text
}

/// `explain`.
pub fn told(told: &Told) -> String {
    let mut text = format!("Customer {} on {} (model {})\n\n", told.customer, told.as_of, told.model_version);
    text += "Risk of churn:\n";
    for (day, probability, rank, eligible) in &told.history {
        let _ = writeln!(
            text,
            "  {day}  {:>7}  rank {} of {}",
            percent(*probability),
            count(*rank as u64),
            count(*eligible as u64)
        );
    }
    let before = |code: &str| {
        let (_, explanation) = told.before.as_ref()?;
        explanation.all.iter().find(|reason| reason.code == code).map(|reason| reason.contribution)
    };
    let earlier = told.before.as_ref().map_or_else(|| "before".to_owned(), |(day, _)| format!("on {day}"));
    let mut list = table(&["what", "code", "contribution", &earlier], &[2, 3]);
    for reason in &told.now.all {
        list.add_row([
            unbroken(&reason.text),
            reason.code.clone(),
            format!("{:+.3}", reason.contribution),
            before(&reason.code).map_or_else(|| "-".to_owned(), |c| format!("{c:+.3}")),
        ]);
    }
    let reference = match told.reference {
        Reference::Population => "the average customer",
        Reference::CutOff => "the customers at the list's cut-off",
    };
    let _ = writeln!(text, "\nWhat raises (+) and lowers (-) the risk, in log-odds against {reference}:\n{list}");
    let _ = writeln!(
        text,
        "{reference} {:+.3}, all contributions {:+.3}, this customer {:+.3}\n\nValues:",
        told.reference_log_odds,
        told.log_odds - told.reference_log_odds,
        told.log_odds
    );
    for (name, value) in &told.raw {
        let value = if value.is_nan() { "-".to_owned() } else { format!("{value}") };
        let _ = writeln!(text, "  {name:<40} {value}");
    }
    text
}

/// `explain --format json`.
pub fn told_json(told: &Told) -> serde_json::Value {
    let reasons = |explanation: &crate::reasons::Explanation| -> Vec<serde_json::Value> {
        explanation
            .all
            .iter()
            .map(|r| serde_json::json!({"code": r.code, "text": r.text, "contribution": r.contribution}))
            .collect()
    };
    serde_json::json!({
        "customer_id": told.customer,
        "as_of": told.as_of,
        "model_version": told.model_version,
        "log_odds": told.log_odds,
        "reference_log_odds": told.reference_log_odds,
        "history": told.history.iter().map(|(day, p, rank, n)| serde_json::json!({
            "as_of": day, "churn_probability": p, "rank": rank, "eligible": n,
        })).collect::<Vec<_>>(),
        "contributions": reasons(&told.now),
        "before": told.before.as_ref().map(|(day, e)| serde_json::json!({"as_of": day, "contributions": reasons(e)})),
        "values": told.raw.iter().map(|(name, v)| (name.clone(), serde_json::json!((!v.is_nan()).then_some(*v))))
            .collect::<serde_json::Map<_, _>>(),
    })
}
