//! How good a run turned out to be: on customers who were left alone, and, beside it, on everybody, which is what a
//! naive evaluation would say.

use super::figures::{find, Figure, ALL};
use super::history::Outcome;
use super::lists::Codes;
use super::outcomes::{RunOutcomes, Scored};
use super::verdict::{Rule, Verdict, AUC, IN_THE_LARGE, SLICE, SLOPE};
use super::weighted::Judged;
use super::words::percent;
use crate::calendar::Day;
use crate::kpis::segments::{Cell, ALL as EVERYBODY};
use crate::kpis::Segments;
use crate::metrics::interval::Interval;
use crate::ranking::Tier;
use crate::sources::CustomerTable;
use serde::Serialize;
use std::collections::BTreeMap;

/// The slice of the customers on the list.
pub const LIST: &str = "list";
/// What the naive figure of a measure is called, behind the name of the measure.
pub const NAIVE: &str = "_everybody";
/// How many of the scored customers the customers table does not have any more.
pub const UNKNOWN: &str = "unknown_customers";
/// With fewer churners among those left alone, figures get no verdict: their intervals lean on large numbers.
pub const LEAST_CHURNERS: usize = 30;

/// How a figure is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// In per cent.
    Share,
    /// As it is.
    Number,
}

/// A figure that people are shown first.
#[derive(Clone, Copy, Debug)]
pub struct Headline {
    /// What is measured.
    pub measure: &'static str,
    /// Of whom.
    pub slice: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// How it is written.
    pub unit: Unit,
}

/// The figures that people are shown first, in order.
pub const HEADLINES: [Headline; 6] = [
    headline("churn_rate", ALL, "Churn rate (reference: mean risk)", Unit::Share),
    headline("precision", LIST, "Churn rate on the list (reference: mean risk there)", Unit::Share),
    headline("lift", LIST, "Lift of the list", Unit::Number),
    headline("roc_auc", ALL, "AUC (reference: that of the evaluation)", Unit::Number),
    headline(
        "calibration_in_the_large",
        ALL,
        "Calibration in the large (log-odds to be added; 0 is right)",
        Unit::Number,
    ),
    headline("calibration_slope", ALL, "Calibration slope (1 is right)", Unit::Number),
];

const fn headline(measure: &'static str, slice: &'static str, title: &'static str, unit: Unit) -> Headline {
    Headline { measure, slice, title, unit }
}

impl Headline {
    /// Its figure of a run, on customers who were left alone.
    pub fn of<'a>(&self, figures: &'a [Figure], as_of: Day) -> Option<&'a Figure> {
        find(figures, as_of, self.measure, self.slice)
    }

    /// The same on everybody.
    pub fn naive_of<'a>(&self, figures: &'a [Figure], as_of: Day) -> Option<&'a Figure> {
        find(figures, as_of, &format!("{}{NAIVE}", self.measure), self.slice)
    }
}

/// What the figures of a run are compared with, and told apart by.
pub struct Context<'a> {
    /// The AUC that the model had in its evaluation.
    pub evaluated_auc: Option<f64>,
    /// The customers.
    pub customers: &'a CustomerTable,
    /// Their segments.
    pub segments: &'a Segments,
    /// The reason codes.
    pub codes: &'a Codes,
}

/// The figures of a run.
pub fn figures(run: &RunOutcomes<'_>, context: &Context<'_>) -> Vec<Figure> {
    let mut told = Told { run, figures: Vec::new(), gives_verdicts: true };
    told.counts();

    let alone = judged(run.rows.iter(), left_alone);
    told.gives_verdicts = alone.churners() >= LEAST_CHURNERS;
    told.of_everybody(&alone, "", context.evaluated_auc);
    told.of_everybody(&judged(run.rows.iter(), everybody), NAIVE, None);

    for tier in Tier::ALL {
        let of_tier = judged(run.rows.iter().filter(|row| row.tier == tier), left_alone);
        told.slice(&format!("tier={}", tier.name()), &of_tier);
    }
    told.of_reasons(context.codes);
    told.of_segments(context);
    told.figures
}

/// How much a row weighs among those who were left alone.
fn left_alone(row: &Scored) -> f64 {
    row.weight
}

/// How much it weighs among everybody.
fn everybody(_: &Scored) -> f64 {
    1.0
}

fn judged<'a>(rows: impl Iterator<Item = &'a Scored>, weight: impl Fn(&Scored) -> f64) -> Judged {
    let mut judged = Judged::default();
    for row in rows {
        if let Some((churned, weight)) = counted(row, &weight) {
            judged.push(churned, row.probability, weight);
        }
    }
    judged
}

/// Whether a customer churned, and for how many this one stands; none of one who does not count.
fn counted(row: &Scored, weight: impl Fn(&Scored) -> f64) -> Option<(bool, f64)> {
    let (churned, weight) = (row.outcome.label()?, weight(row));
    (weight > 0.0 && row.probability.is_finite()).then_some((churned, weight))
}

/// The figures of a run so far.
struct Told<'a> {
    run: &'a RunOutcomes<'a>,
    figures: Vec<Figure>,
    gives_verdicts: bool,
}

impl Told<'_> {
    fn figure(&self, measure: &str, slice: &str, value: f64) -> Figure {
        Figure::new(self.run.run.as_of(), Some(&self.run.run.model_version), measure, slice, value)
    }

    fn add(&mut self, figure: Figure, verdict: Option<Verdict>) {
        let verdict = verdict.filter(|_| self.gives_verdicts);
        self.figures.push(Figure { verdict, ..figure });
    }

    /// How many customers there are of each kind.
    fn counts(&mut self) {
        let rows = &self.run.rows;
        let count = |is: fn(&&Scored) -> bool| rows.iter().filter(is).count() as f64;
        let counts = [
            ("customers", count(|_| true)),
            (UNKNOWN, count(|row| row.outcome == Outcome::UnknownCustomer)),
            ("judged", count(|row| row.outcome.label().is_some())),
            ("left_alone", count(|row| row.outcome.label().is_some() && row.weight > 0.0)),
            ("churners", count(|row| row.outcome.label() == Some(true))),
            ("churners_left_alone", count(|row| row.outcome.label() == Some(true) && row.weight > 0.0)),
        ];
        for (measure, value) in counts {
            self.add(self.figure(measure, ALL, value), None);
        }
        let listed = |is: fn(&Scored) -> bool| rows.iter().filter(|row| row.group.is_some() && is(row)).count() as f64;
        for (measure, value) in [("customers", listed(|_| true)), ("left_alone", listed(|row| row.weight > 0.0))] {
            self.add(self.figure(measure, LIST, value), None);
        }
    }

    /// The figures of all customers and of the list, with a suffix behind their names.
    fn of_everybody(&mut self, judged: &Judged, suffix: &str, evaluated_auc: Option<f64>) {
        let is_naive = !suffix.is_empty();
        let name = |measure: &str| format!("{measure}{suffix}");
        let verdict =
            |rule: Rule, found: &Interval, reference: f64| (!is_naive).then(|| rule.verdict(found, reference));

        let (rate, mean) = (judged.churn_rate(), judged.mean_probability());
        if let (Some(rate), Some(mean)) = (rate, mean) {
            self.add(self.figure(&name("churn_rate"), ALL, rate.estimate).within(&rate).beside(mean), None);
        }
        if let Some(auc) = judged.roc_auc() {
            let figure = self.figure(&name("roc_auc"), ALL, auc.estimate).within(&auc);
            let reference = evaluated_auc.unwrap_or(f64::NAN);
            self.add(figure.beside(reference), evaluated_auc.and_then(|reference| verdict(AUC, &auc, reference)));
        }
        if let Some(line) = judged.calibration_line() {
            let lines = [
                ("calibration_in_the_large", line.in_the_large, 0.0, Some(IN_THE_LARGE)),
                ("calibration_slope", line.slope, 1.0, Some(SLOPE)),
                ("calibration_intercept", line.intercept, 0.0, None),
            ];
            for (measure, found, reference, rule) in lines {
                let figure = self.figure(&name(measure), ALL, found.estimate).within(&found).beside(reference);
                self.add(figure, rule.and_then(|rule| verdict(rule, &found, reference)));
            }
        }

        let weight: fn(&Scored) -> f64 = if is_naive { everybody } else { left_alone };
        let on_list = self::judged(self.run.rows.iter().filter(|row| row.group.is_some()), weight);
        if let (Some(precision), Some(mean)) = (on_list.churn_rate(), on_list.mean_probability()) {
            let figure = self.figure(&name("precision"), LIST, precision.estimate).within(&precision).beside(mean);
            self.add(figure, None);
            if let Some(rate) = rate.filter(|rate| rate.estimate > 0.0) {
                let Interval { estimate, lower, upper } = precision;
                let [estimate, lower, upper] = [estimate, lower, upper].map(|share| share / rate.estimate);
                let lift = Interval { estimate, lower, upper };
                self.add(self.figure(&name("lift"), LIST, estimate).within(&lift), None);
            }
        }
    }

    /// The churn of some customers who were left alone, against the probability that they were given.
    fn slice(&mut self, slice: &str, judged: &Judged) {
        if let (Some(rate), Some(mean)) = (judged.churn_rate(), judged.mean_probability()) {
            let figure = self.figure("churn_rate", slice, rate.estimate).within(&rate).beside(mean);
            let verdict = (judged.churners() >= LEAST_CHURNERS).then(|| SLICE.relative(&rate, mean));
            self.add(figure, verdict);
        }
    }

    /// Those on the list by their first reason, those of each reason in the order of the codes.
    fn of_reasons(&mut self, codes: &Codes) {
        let run = self.run;
        let first = |row: usize| run.listed.get(row).and_then(|listed| listed.reasons[0]);
        let mut reasons: Vec<(&str, u16)> =
            (0..run.listed.len()).filter_map(first).map(|place| (codes.name(place), place)).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for (code, place) in reasons {
            let rows = run.rows.iter().take(run.listed.len()).enumerate();
            let of_reason = rows.filter(|&(row, _)| first(row) == Some(place)).map(|(_, row)| row);
            self.slice(&format!("reason={code}"), &judged(of_reason, left_alone));
        }
    }

    fn of_segments(&mut self, context: &Context<'_>) {
        let Context { customers, segments, .. } = context;
        let mut of_cells: Vec<Judged> = vec![Judged::default(); segments.cells() as usize];
        let mut cells = Vec::new();
        for row in &self.run.rows {
            let Some((churned, weight)) = counted(row, left_alone) else { continue };
            let Some(customer) = row.customer else { continue };
            cells.clear();
            segments.cells_of(customers, customer, &mut cells);
            cells.iter().for_each(|&cell| of_cells[cell as usize].push(churned, row.probability, weight));
        }
        for (Cell { segment, level }, judged) in segments.of_cells().zip(&of_cells) {
            let segment = &segments.all()[segment as usize];
            if segment.name != EVERYBODY {
                self.slice(&format!("{}={}", segment.name, segment.levels[level as usize]), judged);
            }
        }
    }
}

/// How measures begin that are means over the runs of a model.
pub const MEAN: &str = "mean_";

/// The mean of some figures over the runs of each model, dated by its newest run. They have no interval: the label
/// windows of runs overlap.
pub fn means<'a>(figures: impl Iterator<Item = &'a Figure>) -> Vec<Figure> {
    const OF: [&str; 3] = ["roc_auc", "calibration_in_the_large", "calibration_slope"];
    let mut by_model: BTreeMap<(&str, usize), (Day, f64, f64)> = BTreeMap::new();
    for figure in figures.filter(|figure| figure.slice == ALL) {
        let measure = OF.iter().position(|measure| *measure == figure.measure);
        if let (Some(model), Some(measure)) = (figure.model_version.as_deref(), measure) {
            let (newest, sum, runs) = by_model.entry((model, measure)).or_insert((figure.as_of, 0.0, 0.0));
            *newest = figure.as_of.max(*newest);
            *sum += figure.value;
            *runs += 1.0;
        }
    }
    let mean = |((model, measure), (newest, sum, runs)): ((&str, usize), (Day, f64, f64))| {
        Figure::new(newest, Some(model), &format!("{MEAN}{}", OF[measure]), ALL, sum / runs)
    };
    by_model.into_iter().map(mean).collect()
}

/// What is to be done about the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Too few have left to say.
    Wait,
    /// It is as good as it was.
    Nothing,
    /// Every log-odds is off by the same amount.
    RecalibrateIntercept,
    /// Risks are too extreme or too timid as well.
    RecalibrateInterceptAndSlope,
    /// It ranks worse than it did.
    Retrain,
}

/// Advice on a model, from the newest run whose label has matured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// The date of the run.
    pub as_of: Day,
    /// The model.
    pub model_version: String,
    /// What is to be done.
    pub remedy: Remedy,
    /// The worst verdict on the run's figures of all customers.
    pub verdict: Verdict,
}

impl Advice {
    /// The advice that follows from the figures of a run: to train again if its AUC is to be acted on; else to
    /// recalibrate intercept and slope if the slope is, and the intercept alone if only risk on the whole is. None of a
    /// run without figures.
    pub fn new(figures: &[Figure], as_of: Day) -> Option<Advice> {
        let of = |measure: &str| find(figures, as_of, measure, ALL);
        let model_version = of("customers")?.model_version.clone()?;
        let churners = of("churners_left_alone").map_or(0.0, |figure| figure.value);
        let verdict_on = |measure: &str| of(measure).and_then(|figure| figure.verdict).unwrap_or(Verdict::Ok);

        let [auc, slope, level] = ["roc_auc", "calibration_slope", "calibration_in_the_large"].map(verdict_on);
        let remedy = if churners < LEAST_CHURNERS as f64 {
            Remedy::Wait
        } else if auc == Verdict::Act {
            Remedy::Retrain
        } else if slope == Verdict::Act {
            Remedy::RecalibrateInterceptAndSlope
        } else if level == Verdict::Act {
            Remedy::RecalibrateIntercept
        } else {
            Remedy::Nothing
        };
        Some(Advice { as_of, model_version, remedy, verdict: auc.max(slope).max(level) })
    }

    /// In a sentence.
    pub fn sentence(&self) -> String {
        let Advice { as_of, model_version, .. } = self;
        match self.remedy {
            Remedy::Wait => format!(
                "Too few of those left alone have left since the list of {as_of} to judge model {model_version}; wait \
                 for later lists, or let more customers be scored"
            ),
            Remedy::Nothing if self.verdict == Verdict::Ok => {
                format!("Model {model_version} holds what its evaluation promised; nothing is to be done")
            }
            Remedy::Nothing => format!(
                "Model {model_version} has begun to differ from its evaluation, by less than would have to be acted \
                 on; look again when the next list has matured"
            ),
            Remedy::RecalibrateIntercept => format!(
                "Model {model_version} ranks as it did, but its risks are too high or too low on the whole: \
                 recalibrate the intercept (set model.base_rate to the churn rate of those left alone, and run `churn \
                 train`)"
            ),
            Remedy::RecalibrateInterceptAndSlope => format!(
                "Model {model_version} ranks as it did, but its risks are too extreme or too timid: recalibrate \
                 intercept and slope (`churn train` on newer snapshots calibrates again)"
            ),
            Remedy::Retrain => format!(
                "Model {model_version} ranks customers worse than it did in its evaluation: train again (`churn \
                 train`), and look at which signals have changed"
            ),
        }
    }
}

/// The difference between a naive figure and that of customers left alone, in words; none if both are not known.
pub fn difference_in_words(figures: &[Figure], as_of: Day) -> Option<String> {
    let precision = find(figures, as_of, "precision", LIST)?;
    let naive = find(figures, as_of, &format!("precision{NAIVE}"), LIST)?;
    let [alone, all] = [precision.value, naive.value].map(percent);
    let Interval { lower, upper, .. } = precision.interval()?;
    Some(if precision.interval()?.covers(naive.value) {
        format!(
            "Of the customers on the list of {as_of}, {all} left; of those who were left alone {alone} ({} to {}). \
             What outreach has changed cannot be told from chance here",
            percent(lower),
            percent(upper),
        )
    } else if naive.value < precision.value {
        format!(
            "Of the customers on the list of {as_of}, {all} left, and the list seems worse than it is: of those who \
             were left alone {alone} did ({} to {}). Whoever outreach has saved counts as a false alarm among \
             everybody",
            percent(lower),
            percent(upper),
        )
    } else {
        format!(
            "Of the customers on the list of {as_of}, {all} left, of those who were left alone only {alone} ({} to \
             {}): more of the contacted left than of the others. See the effect of outreach",
            percent(lower),
            percent(upper),
        )
    })
}
