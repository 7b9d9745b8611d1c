//! Models of the registry: one in full, all in a table, the history of champions.

use super::{count, counted, evaluation, notes, p_value, shown, table};
use crate::artefact::Artefact;
use crate::model::additive::{Additive, Detail, Effect};
use crate::registry::{Promotion, Registry};
use std::fmt::Write;

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
            count(model.fit.rows as u64),
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
    text += &evaluation::whole(model);
    if let Some(sampling) = &model.fit.sampling {
        let _ = writeln!(text, "\nSampled: {sampling}");
    }

    let _ = writeln!(
        text,
        "\nFitted on {}, {} churned; penalty {:.0e}; calibration {}\n",
        counted(model.fit.rows as u64, "row"),
        count(model.fit.churners as u64),
        model.fit.alpha,
        calibration_name(model)
    );
    for sentence in model.fit.restrictions.sentences() {
        let _ = writeln!(text, "{sentence}\n");
    }
    steps(&mut text, model);
    if let Some(additive) = &model.fit.additive {
        if !additive.terms.is_empty() {
            spreads(&mut text, additive);
        }
        notes(&mut text, &model.fit.advice.0);
        return text;
    }

    let header = ["column", "effect", "std. error", "z", "p", "95 % interval", "odds ratio"];
    let mut list = table(&header, &[1, 2, 3, 4, 5, 6]);
    for c in &model.fit.coefficients {
        // Under directions or the group penalty there are no standard errors.
        let uncertain = |shown: String| if c.standard_error > 0.0 { shown } else { "-".to_owned() };
        list.add_row([
            c.name.clone(),
            format!("{:+.4}", c.estimate),
            uncertain(format!("{:.4}", c.standard_error)),
            uncertain(format!("{:.2}", c.z)),
            uncertain(p_value(c.p_value)),
            uncertain(format!("{:+.3} to {:+.3}", c.lower, c.upper)),
            format!("{:.3}", c.odds_ratio),
        ]);
    }

    let _ = writeln!(text, "{list}");
    text += "Effects are log-odds of churn per standard deviation (numeric columns) or against the baseline level.\n";
    notes(&mut text, &model.fit.advice.0);
    text
}

/// What each step from the linear model to richer ones bought.
pub fn steps(text: &mut String, model: &Artefact) {
    let Some(comparison) = &model.fit.comparison else { return };
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

/// What the search tried on the way, kept and dropped.
pub fn attempts(text: &mut String, model: &Artefact) {
    let Some(comparison) = &model.fit.comparison else {
        *text += "\nThere was no search: model.complexity is linear.\n";
        return;
    };
    let header = ["tried", "penalty", "interactions", "log-loss", ""];
    let mut list = table(&header, &[1, 2, 3]);
    for attempt in &comparison.attempts {
        let detail = match attempt.detail {
            Detail::Smooth if attempt.scaled => ", scaled",
            Detail::Smooth => "",
            Detail::Steps => ", by steps",
            Detail::Cells => ", by cells",
        };
        let of = if attempt.first_folds { " (first folds alone)" } else { "" };
        list.add_row([
            format!("{}{detail}{of}", attempt.complexity),
            format!("{:.1e}", attempt.alpha),
            attempt.interactions.to_string(),
            format!("{:.5} ± {:.5}", attempt.log_loss, attempt.standard_error),
            if attempt.kept { "kept" } else { "dropped" }.to_owned(),
        ]);
    }
    let _ = writeln!(text, "\nWhat the search tried, in its order:\n{list}");
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

pub fn calibration_name(model: &Artefact) -> &'static str {
    use crate::model::calibration::Calibration;
    match model.calibration.calibration {
        Calibration::None => "none",
        Calibration::Platt { .. } => "Platt",
        Calibration::Beta { .. } => "beta",
        Calibration::Isotonic { .. } => "isotonic",
    }
}
