//! The card of a model: what it predicts, from what, how well, what has become of its lists, and where it must not be
//! trusted; Markdown, written when the version is registered and again when a monitoring has found outcomes. After
//! Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.

use crate::artefact::Artefact;
use crate::calendar::Day;
use crate::metrics::interval::Interval;
use crate::metrics::Metrics;
use crate::model::additive::Additive;
use crate::model::calibration::Calibration;
use std::fmt::Write;

/// Columns that the card shows, strongest first.
const TOP: usize = 12;
/// With fewer churners among the held-out rows, the card says that the metrics are rough.
const FEW_CHURNERS: usize = 100;

/// The card of a registered model. `outcomes` is the section on its lists, empty while none has matured.
pub fn card(model: &Artefact, outcomes: &str) -> String {
    let mut text = format!(
        "# Model {}\n\nPredicts {}, for customers who are eligible on an as-of date. A logistic regression: every \
         score splits exactly into reasons. Trained at {} by {}.\n\n",
        model.version, model.churn, model.trained_at, model.program,
    );
    data(&mut text, model);
    quality(&mut text, model);
    calibration(&mut text, model);
    text.push_str(outcomes);
    columns(&mut text, model);
    limits(&mut text, model);
    let version = &model.version;
    let _ = writeln!(
        text,
        "## Use\n\n\
         ```sh\n\
         churn score --as-of DATE --model {version}     # score with this version, champion or not\n\
         churn models compare OTHER {version}           # against another version, on rows that neither has seen\n\
         churn models promote {version}                 # make it the champion\n\
         churn models rollback                       # if it is the champion: bring back the one before\n\
         churn models export {version} --out {version}.onnx\n\
         ```"
    );
    text
}

fn dates(days: &[Day]) -> String {
    let days: Vec<String> = days.iter().map(Day::to_string).collect();
    if days.is_empty() {
        "none".to_owned()
    } else {
        days.join(", ")
    }
}

fn data(text: &mut String, model: &Artefact) {
    let snapshots = &model.snapshots;
    let _ = writeln!(text, "## Data\n\n| | |\n|---|---|");
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "| {name} | {value} |");
    };

    line("rows it was fitted on", format!("{}, {} of them churned", model.fit.rows, model.fit.churners));
    if let Some(outreach) = &model.outreach {
        line("outreach", outreach.to_string());
    }
    if let Some(sampling) = &model.fit.sampling {
        line("sampled", sampling.to_string());
    }
    line("checked by linfa-logistic", model.fit.certificate.to_string());
    line("training snapshots", dates(&snapshots.training));
    line("held-out snapshots", dates(&snapshots.evaluation));
    if !snapshots.embargoed.is_empty() {
        line("embargoed for the evaluation", dates(&snapshots.embargoed));
    }
    if model.refit {
        line("fitted once more", "after the evaluation, on all of them".to_owned());
    }
    if let Some(end) = model.inputs.labels_until {
        line("labels known until", end.to_string());
    }
    line(
        "features",
        format!("{} numeric, {} categorical", model.catalogue.numeric.len(), model.catalogue.categorical.len()),
    );

    if let Some(screening) = &model.screening {
        let kept: Vec<String> =
            screening.kept.iter().map(|column| format!("`{}`", column.name.replace('|', "\\|"))).collect();
        line("chosen from a wide table", format!("{screening}. Kept, the strongest first: {}", kept.join(", ")));
    }
    for (name, source) in &model.inputs.sources {
        line(&format!("source `{name}`"), source.describe());
    }
    text.push('\n');
}

fn quality(text: &mut String, model: &Artefact) {
    let evaluation = &model.evaluation;
    let (found, baseline) = (&evaluation.metrics, &evaluation.baseline);
    let _ = writeln!(
        text,
        "## Quality\n\nOn {} held-out rows, {} of them churned, by a model that had not seen them. Intervals by \
         resampling customers.\n\n| metric | model | 95 % interval | {} alone |\n|---|---:|---:|---:|",
        found.rows,
        found.churners,
        evaluation.baseline_of.replace('|', "\\|"),
    );

    let mut line = |name: &str, of: fn(&Metrics) -> Option<f64>, interval: Option<Interval>| {
        let shown = |metrics: &Metrics| of(metrics).map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
        let interval = interval.map_or_else(|| "-".to_owned(), |i| format!("{:.4} to {:.4}", i.lower, i.upper));
        let _ = writeln!(text, "| {name} | {} | {interval} | {} |", shown(found), shown(baseline));
    };

    let intervals = &evaluation.intervals;
    line("base rate", |m| m.base_rate, intervals.base_rate);
    line("ROC AUC", |m| m.roc_auc, intervals.roc_auc);
    line("average precision", |m| m.average_precision, intervals.average_precision);
    line("top-decile lift", |m| m.top_decile_lift, intervals.top_decile_lift);
    line(&format!("lift of the first {}", found.capacity), |m| m.lift_at_capacity, intervals.lift_at_capacity);
    line("log-loss", |m| m.log_loss, intervals.log_loss);
    line("Brier score", |m| m.brier, intervals.brier);
    line("calibration error (ECE)", |m| m.ece, intervals.ece);
    text.push('\n');
}

fn calibration(text: &mut String, model: &Artefact) {
    let method = match &model.calibration.calibration {
        Calibration::None => "the model's own probabilities, left as they are".to_owned(),
        Calibration::Platt { slope, intercept } => {
            format!("Platt's curve with slope {slope:.3} and intercept {intercept:.3}")
        }
        Calibration::Beta { a, b, intercept } => format!(
            "the beta calibration with slope {a:.3} where the risk is small, {b:.3} where it is great, and intercept \
             {intercept:.3}"
        ),
        Calibration::Isotonic { log_odds, .. } => format!("an isotonic curve through {} knots", log_odds.len()),
    };

    let _ = writeln!(
        text,
        "## Calibration\n\nProbabilities: {method}. On the held-out rows, in groups of equal size:\n\n\
         | predicted | churned | rows |\n|---:|---:|---:|"
    );
    for bin in &model.evaluation.calibration {
        let _ = writeln!(text, "| {:.4} | {:.4} | {} |", bin.mean_probability, bin.churn_rate, bin.rows);
    }
    text.push('\n');
}

fn columns(text: &mut String, model: &Artefact) {
    let _ = writeln!(text, "## What moves the risk\n");
    for sentence in model.fit.restrictions.sentences() {
        let _ = writeln!(text, "{sentence}\n");
    }
    if let Some(additive) = &model.fit.additive {
        return terms(text, additive);
    }

    let mut strongest: Vec<_> = model.fit.coefficients.iter().skip(1).collect();
    strongest.sort_by(|a, b| b.estimate.abs().total_cmp(&a.estimate.abs()).then_with(|| a.name.cmp(&b.name)));
    let _ = writeln!(
        text,
        "The strongest of {} columns. An effect is in log-odds per standard deviation, or against the \
         commonest level; above 0 it raises the risk.\n\n| column | effect | 95 % interval | odds ratio \
         |\n|---|---:|---:|---:|",
        strongest.len(),
    );

    for column in strongest.iter().take(TOP) {
        let interval = if column.standard_error > 0.0 {
            format!("{:+.3} to {:+.3}", column.lower, column.upper)
        } else {
            "-".to_owned()
        };
        let (name, estimate) = (column.name.replace('|', "\\|"), column.estimate);
        let _ = writeln!(text, "| `{name}` | {estimate:+.3} | {interval} | {:.3} |", column.odds_ratio);
    }
    text.push('\n');
}

/// The terms of an additive model that matter most.
fn terms(text: &mut String, additive: &Additive) {
    let mut strongest: Vec<_> = additive.terms.iter().collect();
    strongest.sort_by(|a, b| b.spread.total_cmp(&a.spread));
    let _ = writeln!(
        text,
        "The strongest of {} curves and interactions. The spread is the standard deviation of what a \
         term adds to the log-odds; lowest and highest are its extremes, ± half of the 95 % band.\n\n| term | spread | \
         lowest | highest |\n|---|---:|---:|---:|",
        strongest.len(),
    );
    for term in strongest.iter().take(TOP) {
        let [low, high] = term.extremes();
        let name = additive.term_name(term).replace('|', "\\|");
        let _ = writeln!(text, "| `{name}` | {:.3} | {low} | {high} |", term.spread);
    }
    text.push('\n');
}

fn limits(text: &mut String, model: &Artefact) {
    let _ = writeln!(
        text,
        "## Limits\n\n\
         - It says who is likely to leave, not who would stay if called, and no effect above is a cause.\n\
         - It knows customers like those it learned from: {}.\n\
         - A product, price or tracking change after {} is news to it; train again then.",
        eligible(model),
        model.inputs.labels_until.map_or_else(|| "its training".to_owned(), |day| day.to_string()),
    );

    let held_out = &model.evaluation.metrics;
    if held_out.churners < FEW_CHURNERS {
        let _ = writeln!(
            text,
            "- Only {} churners were held out, so the metrics are rough; hold out more snapshots \
             (`training.evaluation`).",
            held_out.churners
        );
    }
    if !model.fit.report.converged {
        let _ = writeln!(text, "- **The fit did not converge.**");
    }
    for advice in &model.inputs.not_covered {
        let _ = writeln!(text, "- {advice}");
    }
    for advice in model.fit.advice.0.iter().chain(&model.evaluation.advice.0) {
        let _ = writeln!(text, "- {advice}");
    }
    text.push('\n');
}

/// Which customers a model has learned from, in words.
fn eligible(model: &Artefact) -> String {
    let rules = &model.eligibility;
    if model.churn.label.is_some() {
        return "those of its table".to_owned();
    }

    let mut words = Vec::new();
    if rules.min_tenure_days > 0 {
        words.push(format!("with {} days of tenure or more", rules.min_tenure_days));
    }
    if rules.active_within_days > 0 {
        words.push(format!("with a row of {} in the {} days before", rules.activity(), rules.active_within_days));
    }
    if words.is_empty() {
        "eligible ones".to_owned()
    } else {
        words.join(", ")
    }
}
