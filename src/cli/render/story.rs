//! A story: a year of weekly lists.

use super::{count, percent, unbroken};
use crate::calendar::Day;
use crate::jobs::monitor::Monitored;
use crate::jobs::score::Published;
use crate::jobs::train::Trained;
use crate::metrics::interval::Interval;
use crate::monitoring::figures::Figure;
use crate::monitoring::page;
use crate::monitoring::performance::Remedy;
use crate::monitoring::words::points;
use crate::publish::report;
use crate::simulate::Plan;
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;

/// A Monday: what is known by then, and what is done.
#[derive(Serialize)]
pub struct Week {
    pub number: u16,
    pub as_of: Day,
    /// None before a list has matured.
    pub known: Option<Known>,
    /// The training that the monitoring advised.
    pub trained: Option<Retrained>,
    /// What is said of the drift of its list, if that is another verdict than the week before.
    pub drift: Option<String>,
    /// Customers who were scored.
    pub customers: u64,
    /// The model that scored them.
    pub model_version: String,
}

/// What the monitoring says on a Monday.
#[derive(Serialize)]
pub struct Known {
    /// The newest list that has matured.
    pub newest: Day,
    /// The share of all customers that left in its label window.
    pub churn_rate: Option<Figure>,
    /// The share of those on the list that left, or would have if nobody had called.
    pub precision: Option<Figure>,
    /// How many points fewer leave by outreach, valid at every look.
    pub effect: Option<Interval>,
    /// Whether that may be claimed.
    pub is_shown: bool,
    /// What is to be done about the model.
    pub remedy: Remedy,
}

/// A training on advice.
#[derive(Serialize)]
pub struct Retrained {
    pub version: String,
    pub promoted: bool,
    pub reason: String,
}

/// How a story ends.
pub struct Ending<'a> {
    pub dir: &'a Path,
    pub weeks: &'a [Week],
    pub saved: usize,
    pub save_rate: f64,
    pub monitored: Option<&'a Monitored>,
    pub published: &'a Published,
}

/// What it is about.
pub fn beginning(plan: &Plan, weeks: u16, save_rate: f64) -> String {
    format!(
        "{} customers, {} days of history, and {weeks} weeks to come. Every Monday those at the highest risk are \
         listed and called,\nbut for a fifth of them, drawn by a hash, who are left alone. Of the called who would \
         leave, {:.0} in 100 stay:\nthat is what the product does not know, and has to find out.\n\n",
        count(plan.customers.into()),
        plan.days,
        100.0 * save_rate,
    )
}

/// After the first training: the model, and the head of the timeline.
pub fn trained(trained: &Trained) -> String {
    let model = &trained.model;
    let auc = model.evaluation.metrics.roc_auc.map_or_else(String::new, |auc| format!(", held-out AUC {auc:.3}"));
    let names =
        ["week", "Monday", "scored", "left", "left of the list (promised)", "outreach keeps, points", "the model"];
    format!(
        "Model {} is trained on this history{auc}.\n\n{:>24}  {:<44}  {:<28}\n{}{}\n",
        model.version,
        "",
        "of the newest list that has matured, left alone",
        "of all lists so far",
        line(names.map(str::to_owned)),
        "─".repeat(124),
    )
}

/// A Monday.
pub fn week(week: &Week) -> String {
    let Week { number, as_of, known, trained, drift, customers, model_version } = week;
    let of = |figure: Option<&Figure>| figure.map_or_else(String::new, |it| percent(it.value));
    let known = known.as_ref();
    let mut text = line([
        number.to_string(),
        as_of.to_string(),
        count(*customers),
        of(known.and_then(|it| it.churn_rate.as_ref())),
        known.and_then(|it| it.precision.as_ref()).map_or_else(String::new, kept),
        known.map_or_else(String::new, effect),
        known.map_or_else(|| model_version.clone(), |known| format!("{model_version}: {}", advice(known.remedy))),
    ]);
    if let Some(trained) = trained {
        let what = if trained.promoted { "is the champion now" } else { "is not promoted" };
        // In brackets are intervals and rows, which `churn models history` and the JSON tell.
        let reason = trained.reason.split(" (").next().unwrap_or_default();
        let _ = writeln!(text, "      trained again as advised: {} {what} ({reason})", trained.version);
    }
    if let Some(drift) = drift {
        let _ = writeln!(text, "      drift, {drift}");
    }
    text
}

/// What it comes to, and how to go on.
pub fn ending(ending: &Ending<'_>) -> String {
    let mut text = String::from("\nWere the lists right?\n");
    text += &format!("  {}.\n", promises(ending.weeks));
    if let Some(found) = ending.monitored {
        let _ = writeln!(text, "  {}.", found.advice_text);
        found.difference.iter().for_each(|difference| {
            let _ = writeln!(text, "  {difference}.");
        });
        text += "\nDid calling help?\n";
        found.effect.iter().flat_map(|study| &study.sentences).for_each(|sentence| {
            let _ = writeln!(text, "  {sentence}.");
        });
    }
    let _ = writeln!(
        text,
        "\nThe simulation alone knows the truth: calls have kept {} customers, {:.0} in 100 of the called who would \
         have left.",
        count(ending.saved as u64),
        100.0 * ending.save_rate
    );

    let (list, dir) = (ending.published.folder.join(report::FILE), ending.dir.display());
    let monitor = ending.dir.join("out/monitor").join(page::FILE);
    let _ = writeln!(
        text,
        "\nThe report of the newest list and the page of the monitoring, for a browser:\n  {}\n  {}\n\n\
         The folder is a project like any other; what to try next:\n  \
         cd {dir}\n  \
         {:<40} what became of earlier lists, and of whom\n  \
         {:<40} each model, with its promise and its lists\n  \
         {:<40} one more week (see `churn simulate --help`)",
        list.display(),
        monitor.display(),
        "churn monitor",
        "churn models list",
        "churn simulate --continue data/demo …",
    );
    text
}

/// A line of the timeline.
fn line([week, monday, scored, left, list, effect, model]: [String; 7]) -> String {
    let line = format!("{week:>4}  {monday:<10}  {scored:>6}  {left:>6}  {list:<36}  {effect:<28}  {model}");
    line.trim_end().to_owned() + "\n"
}

/// "24.1 %, 18.0 to 31.2 % (25.3 %)"
fn kept(precision: &Figure) -> String {
    let Some(interval) = precision.interval() else { return percent(precision.value) };
    let promised = percent(precision.reference);
    format!("{}, {:.1} to {} ({promised})", percent(precision.value), 100.0 * interval.lower, percent(interval.upper))
}

/// What outreach is known to do.
fn effect(known: &Known) -> String {
    let Some(found) = known.effect else { return "too few yet".to_owned() };
    let range = format!("{} to {}", points(found.lower), points(found.upper));
    if known.is_shown {
        format!("{} ({range})", points(found.estimate))
    } else {
        format!("not shown ({range})")
    }
}

/// What is to be done, in a word or two.
fn advice(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Wait => "too few have left",
        Remedy::Nothing => "nothing to do",
        Remedy::RecalibrateIntercept | Remedy::RecalibrateInterceptAndSlope => "recalibrate",
        Remedy::Retrain => "retrain",
    }
}

/// How the lists that have matured compare with what they promised.
fn promises(weeks: &[Week]) -> String {
    let of_weeks = weeks.iter().filter_map(|week| week.known.as_ref()?.precision.as_ref());
    let mut lists: Vec<&Figure> = of_weeks.collect();
    lists.dedup_by_key(|figure| figure.as_of);
    let count = lists.len();
    let mean = |value: fn(&Figure) -> f64| lists.iter().map(|figure| value(figure)).sum::<f64>() / count.max(1) as f64;
    let is_kept = |figure: &&&Figure| figure.interval().is_some_and(|interval| interval.covers(figure.reference));
    let kept = lists.iter().filter(is_kept).count();
    unbroken(&format!(
        "Of the customers on the {count} lists that have matured, {} left when left alone, and {} was promised; {kept} \
         of the lists agree with their promise within chance",
        percent(mean(|figure| figure.value)),
        percent(mean(|figure| figure.reference)),
    ))
}
