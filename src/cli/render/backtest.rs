//! A backtest.

use super::{count, interval, percent, shown, table};
use crate::metrics::interval::Interval;
use crate::metrics::Metrics;
use crate::training::backtest::{Backtest, LearningCurve, LeftOut, Origin};
use std::fmt::Write;

/// After `backtest`.
pub fn backtested(found: &Backtest, purged: bool) -> String {
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
        "{list}\nDates, rows and the first share are what the model learned from; then come the rows judged, their \
         mean risk, and the share that churned. Loss is log-loss.\n"
    );

    let shifts: Vec<f64> = found.origins.iter().filter_map(|origin| origin.shift_needed).collect();
    let (low, high) = shifts.iter().fold((f64::MAX, f64::MIN), |(low, high), &shift| (low.min(shift), high.max(shift)));
    if shifts.len() > 1 {
        let _ = writeln!(
            text,
            "To be right on the whole, log-odds would have had to be shifted by {low:+.2} to {high:+.2}: expect the \
             next snapshot to be off by as much."
        );
    }

    for LeftOut { name, why } in &found.left_out {
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
