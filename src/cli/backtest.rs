//! `churn backtest`

use super::evaluated::interval;
use super::summary::{count, percent, shown, table};
use super::{score, train, Session};
use crate::calendar::Day;
use crate::config::Settings;
use crate::dataset::folds::Folds;
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{prepared, Tables};
use crate::error::{Error, Result};
use crate::files;
use crate::model::backtest::{self, Backtest, LearningCurve, Origin};
use crate::model::bootstrap::Interval;
use crate::model::metrics::Metrics;
use crate::model::screening::Candidates;
use std::fmt::Write;
use std::path::Path;

/// How to backtest.
pub struct Options<'a> {
    /// Use only what was known on this date.
    pub as_of: Option<Day>,
    /// At most so many origins.
    pub origins: u16,
    /// Whether rows are judged by models that have not seen their customers.
    pub purge_customers: bool,
    /// Whether to leave the learning curves out.
    pub no_curves: bool,
    /// Where to write the result as JSON.
    pub out: Option<&'a Path>,
}

pub fn run(session: &Session, features: Option<&Path>, options: &Options<'_>) -> anyhow::Result<()> {
    let settings = session.resolve_for(features)?.settings;
    let found = match features {
        None => {
            let tables = Tables::open(&settings, None)?;
            let end = train::data_end(&settings, &tables, options.as_of)?;
            let days = Snapshots::choose(&settings, end)?.all();
            let dataset = score::built(session, &settings, &tables, &days, Some(end))?;
            judged(session, &settings, Candidates::all(&dataset, &tables.customers), None, options)?
        }
        Some(path) => {
            let prepared = prepared::for_training(&settings, path, options.as_of)?;
            let (dataset, customers) = (&prepared.dataset, &prepared.customers);
            let folds = match (prepared.snapshots(&settings)?, &prepared.folds, &prepared.source.table.fold) {
                (Some(_), ..) => None,
                (None, Some(levels), Some(column)) => Some(Folds::given(column, levels)?),
                _ => Some(Folds::stratified(dataset, customers, settings.model.seed)),
            };
            judged(session, &settings, train::candidates(&settings, &prepared), folds.as_ref(), options)?
        }
    };
    if let Some(out) = options.out {
        let text = serde_json::to_string_pretty(&found).map_err(|e| Error::Internal(format!("backtest: {e}")))?;
        files::write_atomically(out, (text + "\n").as_bytes())?;
    }
    match session.json() {
        true => session.print_json(&found),
        false => session.print(&summary(&found, options.purge_customers)),
    }
}

/// By folds, if there are any; otherwise by time.
fn judged(
    session: &Session,
    settings: &Settings,
    candidates: Candidates<'_>,
    folds: Option<&Folds>,
    options: &Options<'_>,
) -> Result<Backtest> {
    let Candidates { dataset, customers, .. } = candidates;
    let splits = match folds {
        Some(folds) => backtest::by_folds(dataset, folds),
        None => {
            let origins = usize::from(options.origins);
            backtest::rolling(settings, dataset, customers, origins, options.purge_customers)?
        }
    };
    let spinner = session.progress().spinner("training");
    let step = |what: &str| spinner.set_message(what.to_owned());
    let found = backtest::Setting { settings, candidates, step: &step }.run(&splits, !options.no_curves);
    spinner.finish_and_clear();
    found
}

fn summary(found: &Backtest, purged: bool) -> String {
    let mut text = format!(
        "Backtest: at each origin a model learned from what was known then{}\n\n",
        if purged { ", by customers other than those judged" } else { "" }
    );
    let header =
        ["origin", "dates", "rows", "churned", "judged", "risk", "churned", "AUC", "95 %", "lift", "loss", "ECE"];
    let mut list = table(&header, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    let rate = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), percent);
    for origin in &found.origins {
        list.add_row([
            origin.name.clone(),
            count(origin.learned_from.len() as u64),
            count(origin.training_rows as u64),
            percent(origin.training_rate),
            count(origin.metrics.rows as u64),
            percent(origin.mean_probability),
            rate(origin.metrics.base_rate),
            shown(origin.metrics.roc_auc, 3),
            origin.intervals.roc_auc.map_or_else(|| "-".to_owned(), |i| format!("{:.2}-{:.2}", i.lower, i.upper)),
            shown(origin.metrics.top_decile_lift, 2),
            shown(origin.metrics.log_loss, 4),
            shown(origin.metrics.ece, 4),
        ]);
    }
    let _ = writeln!(
        text,
        "{list}\nDates, rows and the first share are what the model learned from; then come the rows judged, their mean risk, and \
         the share that churned. Loss is log-loss.\n"
    );
    let shifts: Vec<f64> = found.origins.iter().filter_map(|origin| origin.shift_needed).collect();
    let (low, high) = shifts.iter().fold((f64::MAX, f64::MIN), |(low, high), &shift| (low.min(shift), high.max(shift)));
    if shifts.len() > 1 {
        let _ = writeln!(
            text,
            "To be right on the whole, log-odds would have had to be shifted by {low:+.2} to {high:+.2}: expect the next \
             snapshot to be off by as much."
        );
    }
    for (name, why) in &found.left_out {
        let _ = writeln!(text, "  note: {name} is left out: {why}");
    }
    let baseline = format!("{} alone", found.baseline_of);
    let header = ["", "mean of the origins", &baseline, "all rows together", "95 % interval", &baseline];
    let mut list = table(&header, &[1, 2, 3, 4, 5]);
    let ranges = &found.intervals;
    let mut line = |name: &str, metric: fn(&Metrics) -> Option<f64>, range: Option<Interval>, digits: usize| {
        let mean = |of: fn(&Origin) -> &Metrics| {
            let defined: Vec<f64> = found.origins.iter().filter_map(|origin| metric(of(origin))).collect();
            (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
        };
        list.add_row([
            name.to_owned(),
            shown(mean(|origin| &origin.metrics), digits),
            shown(mean(|origin| &origin.baseline), digits),
            shown(metric(&found.pooled), digits),
            interval(range, digits),
            shown(metric(&found.baseline), digits),
        ]);
    };
    line("ROC AUC", |m| m.roc_auc, ranges.roc_auc, 3);
    line("average precision", |m| m.average_precision, ranges.average_precision, 3);
    line("top-decile lift", |m| m.top_decile_lift, ranges.top_decile_lift, 2);
    line("log-loss", |m| m.log_loss, ranges.log_loss, 4);
    line("Brier score", |m| m.brier, ranges.brier, 4);
    line("calibration error (ECE)", |m| m.ece, ranges.ece, 4);
    let _ = writeln!(text, "{list}");
    if found.origins.len() > 1 {
        text += "A list ranks the customers of one date: the mean of the origins says how well. All rows together are \
                 ranked within what one model scored.\n";
    }
    if let Some(line) = &found.calibration_line {
        let _ = writeln!(
            text,
            "Calibration slope {:.2} ({}), in the large {:+.2} ({}). Perfect: 1 and 0.",
            line.slope.estimate,
            interval(Some(line.slope), 2),
            line.in_the_large.estimate,
            interval(Some(line.in_the_large), 2),
        );
    }
    for curve in [&found.by_history, &found.by_customers].into_iter().flatten() {
        text += &learning(curve);
    }
    text
}

fn learning(curve: &LearningCurve) -> String {
    let mut list =
        table(&["learned from", "rows", "AUC", "against all", "log-loss", "against all, 95 %"], &[1, 2, 3, 4, 5]);
    for point in &curve.points {
        list.add_row([
            point.from.clone(),
            count(point.rows as u64),
            shown(point.roc_auc, 3),
            point.auc_against_all.map_or_else(|| "-".to_owned(), |i| format!("{:+.3}", i.estimate)),
            shown(point.log_loss, 4),
            interval(point.loss_against_all, 4),
        ]);
    }
    format!("\n{list}\n{}\n", curve.answer)
}
