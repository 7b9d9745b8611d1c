//! An evaluation as tables for the terminal.

use super::{count, counted, interval, percent, shown, table, Table};
use crate::artefact::Artefact;
use crate::calendar::Day;
use crate::evaluation::{DateMetrics, Evaluation, FoldMetrics, OneFold, Profit, Segment};
use std::fmt::Write;

/// The metrics with their intervals beside those of the baseline, and what follows from them. For `train`.
pub fn brief(model: &Artefact) -> String {
    let mut text = String::new();
    let evaluation = &model.evaluation;
    let metrics = &evaluation.metrics;
    let dates: Vec<String> = evaluation.as_of.iter().map(Day::to_string).collect();

    let held_out = match dates.as_slice() {
        [] => "Held-out rows".to_owned(),
        [one] => format!("Held-out snapshot {one}"),
        many => format!("Held-out snapshots {}", many.join(", ")),
    };

    let _ = writeln!(
        text,
        "{held_out}: {}, {} churned (base rate {})",
        counted(metrics.rows as u64, "row"),
        count(metrics.churners as u64),
        metrics.base_rate.map_or_else(|| "-".to_owned(), percent),
    );

    // Rows of one kind tell nobody apart: there is nothing to show but dashes, and the advice says so.
    if metrics.roc_auc.is_some() {
        text += &against_baseline(evaluation);
    }
    for advice in &evaluation.advice.0 {
        let _ = writeln!(text, "  note: {advice}");
    }
    text
}

/// The metrics with their intervals beside those of the baseline, and what they come to.
fn against_baseline(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    let metrics = &evaluation.metrics;
    let baseline = format!("{} alone", evaluation.baseline_of);
    let header = ["on held-out rows", "model", "95 % interval", &baseline];
    let mut list = table(&header, &[1, 2, 3]);
    let (of, ranges, trivial) = (metrics, &evaluation.intervals, &evaluation.baseline);
    let lift = format!("lift of the first {}", metrics.capacity);

    for (name, value, range, baseline, digits) in [
        ("ROC AUC", of.roc_auc, ranges.roc_auc, trivial.roc_auc, 3),
        ("average precision", of.average_precision, ranges.average_precision, trivial.average_precision, 3),
        ("top-decile lift", of.top_decile_lift, ranges.top_decile_lift, trivial.top_decile_lift, 2),
        (lift.as_str(), of.lift_at_capacity, ranges.lift_at_capacity, trivial.lift_at_capacity, 2),
        ("log-loss", of.log_loss, ranges.log_loss, trivial.log_loss, 4),
        ("Brier score", of.brier, ranges.brier, trivial.brier, 4),
        ("calibration error (ECE)", of.ece, ranges.ece, trivial.ece, 4),
    ] {
        list.add_row([name.to_owned(), shown(value, digits), interval(range, digits), shown(baseline, digits)]);
    }

    let _ = writeln!(text, "{list}");
    if let Some(chance) = evaluation.ece_by_chance {
        let _ = writeln!(text, "Perfect probabilities would have an ECE of {chance:.4} on as many rows.");
    }
    if let Some(profit) = &evaluation.profit {
        let _ = writeln!(
            text,
            "Contacting pays above a risk of {} ([economics]): the {:.0} riskiest of a snapshot.",
            percent(profit.break_even),
            profit.best.length
        );
    }
    text
}

/// What lists of two lengths would earn.
fn money(profit: &Profit) -> String {
    let economics = &profit.economics;
    let mut list = table(&["list of a snapshot", "customers", "expected profit", "on the outcomes, 95 %"], &[1, 2, 3]);
    let whole = |money: f64| format!("{money:.0}");
    let lists = [("which earns the most", &profit.best), ("at capacity", &profit.at_capacity)];
    for (name, of) in lists {
        list.add_row([name.to_owned(), whole(of.length), whole(of.expected), interval(Some(of.realised), 0)]);
    }

    format!(
        "With a contact at {}, an offer at {}, {} of churners saved and {:.0} a customer ([economics]),\ncontacting \
         pays above a risk of {}; EMPC {} a customer ({}).\n{list}\n",
        economics.contact_cost,
        economics.offer_cost,
        percent(economics.save_rate),
        profit.mean_value,
        percent(profit.break_even),
        shown(profit.empc, 2),
        interval(profit.empc_interval, 2),
    )
}

/// All of it: also gains, calibration and segments. For `models show`.
pub fn whole(model: &Artefact) -> String {
    let mut text = brief(model);
    let evaluation = &model.evaluation;
    if let Some(folds) = &evaluation.folds {
        text += &self::folds(folds);
    }
    if evaluation.by_date.len() > 1 {
        let _ = writeln!(text, "\n{}", by_date(evaluation));
    }
    if let Some(profit) = &evaluation.profit {
        let _ = write!(text, "\n{}", money(profit));
    }

    let _ = writeln!(text, "\n{}\n", gains(evaluation));
    let _ = writeln!(text, "{}", calibration(evaluation));
    if let Some(line) = &evaluation.calibration_line {
        let _ = writeln!(
            text,
            "Calibration slope {:.2} ({}), intercept {:+.2} ({}); in the large {:+.2} ({}). Perfect: 1, 0 and 0.",
            line.slope.estimate,
            interval(Some(line.slope), 2),
            line.intercept.estimate,
            interval(Some(line.intercept), 2),
            line.in_the_large.estimate,
            interval(Some(line.in_the_large), 2),
        );
    }

    if !evaluation.segments.is_empty() {
        let _ = writeln!(text, "\n{}", segments(&evaluation.segments));
    }
    text
}

/// The metrics of each held-out snapshot.
fn by_date(evaluation: &Evaluation) -> Table {
    let mut list = table(&["snapshot", "rows", "churned", "AUC", "lift", "log-loss", "ECE"], &[1, 2, 3, 4, 5, 6]);
    for DateMetrics { as_of, metrics } in &evaluation.by_date {
        list.add_row([
            as_of.to_string(),
            count(metrics.rows as u64),
            metrics.base_rate.map_or_else(|| "-".to_owned(), percent),
            shown(metrics.roc_auc, 3),
            shown(metrics.top_decile_lift, 2),
            shown(metrics.log_loss, 4),
            shown(metrics.ece, 4),
        ]);
    }
    list
}

/// How many churners are among the riskiest.
fn gains(evaluation: &Evaluation) -> Table {
    let mut list = table(&["riskiest", "rows", "churned", "of all churners", "lift"], &[0, 1, 2, 3, 4]);
    for gain in &evaluation.gains {
        list.add_row([
            percent(gain.depth),
            count(gain.rows as u64),
            percent(gain.precision),
            percent(gain.gain),
            format!("{:.2}", gain.lift),
        ]);
    }
    list
}

/// The mean risk beside the share that churned, bin by bin.
fn calibration(evaluation: &Evaluation) -> Table {
    let mut list = table(&["risk", "rows", "mean risk", "churned"], &[1, 2, 3]);
    for bin in &evaluation.calibration {
        list.add_row([
            format!("{} to {}", percent(bin.lowest), percent(bin.highest)),
            count(bin.rows as u64),
            percent(bin.mean_probability),
            percent(bin.churn_rate),
        ]);
    }
    list
}

/// How well each group of customers is served.
fn segments(segments: &[Segment]) -> String {
    let header = ["segment", "", "rows", "mean risk", "churned", "AUC", "95 % interval", "listed", "caught", ""];
    let mut list = table(&header, &[2, 3, 4, 5, 6, 7, 8]);
    let mut before = "";

    for segment in segments {
        let remark = if segment.small {
            "small"
        } else if segment.concerns.is_empty() {
            ""
        } else {
            "served badly"
        };
        list.add_row([
            if segment.by == before { String::new() } else { segment.by.clone() },
            segment.level.clone(),
            count(segment.rows as u64),
            percent(segment.mean_probability),
            percent(segment.base_rate),
            shown(segment.roc_auc.map(|auc| auc.estimate), 3),
            interval(segment.roc_auc, 2),
            count(segment.listed as u64),
            count(segment.caught as u64),
            remark.to_owned(),
        ]);
        before = &segment.by;
    }

    list.to_string()
}

/// Each held-out fold, and their mean.
fn folds(folds: &FoldMetrics) -> String {
    let header = ["fold", "rows", "churned", "AUC", "average precision", "lift", "log-loss", "ECE"];
    let mut list = table(&header, &[1, 2, 3, 4, 5, 6, 7]);
    for OneFold { name, metrics: m } in &folds.by_fold {
        list.add_row([
            name.clone(),
            count(m.rows as u64),
            count(m.churners as u64),
            shown(m.roc_auc, 3),
            shown(m.average_precision, 3),
            shown(m.top_decile_lift, 2),
            shown(m.log_loss, 4),
            shown(m.ece, 4),
        ]);
    }

    let mean = &folds.mean;
    if folds.by_fold.len() > 1 {
        list.add_row([
            "mean".to_owned(),
            String::new(),
            String::new(),
            shown(mean.roc_auc, 3),
            shown(mean.average_precision, 3),
            shown(mean.top_decile_lift, 2),
            shown(mean.log_loss, 4),
            shown(mean.ece, 4),
        ]);
    }

    format!("\n{list}\n")
}
