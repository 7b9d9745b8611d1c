//! `monitor.html`: what monitoring has found, in one file for people, in the style of the report. It has no script, and
//! every picture has its numbers beside it.

use super::drift::newest::NewestDrift;
use super::effect::{Effect, Study};
use super::figures::{find, Figure, ALL};
use super::leavers::LastReason;
use super::performance::{Advice, Headline, Unit, HEADLINES};
use super::response::found::Part;
use super::response::{words as response_words, Response, Term};
use super::verdict::Verdict;
use super::words::{self, percent, points};
use crate::calendar::Day;
use crate::error::Result;
use crate::language::{Language, Texts};
use crate::metrics::interval::Interval;
use crate::publish::report::in_style;
use crate::publish::report::pictures::{bounds, line, Frame, Guide, Point};
use crate::publish::report::text::{shown, Fact};
use crate::written::p_value;
use minijinja::Value;
use serde::Serialize;

const TEMPLATE: &str = include_str!("monitor.html");

/// The name of the file.
pub const FILE: &str = "monitor.html";

/// What the page tells.
pub struct Told<'a> {
    /// The program and its version.
    pub program: String,
    /// The first day of which nothing is known.
    pub known_until: Day,
    /// What is to be done about the model.
    pub advice: &'a Advice,
    /// How naive figures differ, in words.
    pub difference: Option<&'a str>,
    /// All figures.
    pub figures: &'a [Figure],
    /// The drift of the newest run, if it was measured.
    pub drift: Option<&'a NewestDrift>,
    /// The effect of outreach, key by key.
    pub studies: &'a [Study],
    /// Whether customers respond differently.
    pub response: &'a Response,
    /// How many left in the label window of the newest run.
    pub left: u64,
    /// Those of them who had been on no list.
    pub left_unlisted: u64,
    /// The last reasons of the others.
    pub last_reasons: &'a [LastReason],
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// What the template says.
#[derive(Serialize)]
struct Page {
    program: String,
    known_until: String,
    as_of: String,
    facts: Vec<Fact>,
    verdict: &'static str,
    advice: String,
    difference: Option<String>,
    warnings: Vec<String>,
    measures: Vec<Line>,
    charts: Vec<Chart>,
    slices: Vec<Slice>,
    models: Vec<Model>,
    drift: Option<DriftPage>,
    studies: Vec<StudyPage>,
    response: ResponsePage,
    left: u64,
    left_unlisted: u64,
    last_reasons: Vec<Reason>,
}

/// A measure of the newest run.
#[derive(Serialize)]
struct Line {
    name: &'static str,
    value: String,
    interval: String,
    reference: String,
    naive: String,
    verdict: &'static str,
}

/// A measure over time, with its numbers.
#[derive(Serialize)]
struct Chart {
    name: String,
    picture: Value,
    rows: Vec<[String; 4]>,
}

/// A slice of the newest run.
#[derive(Serialize)]
struct Slice {
    name: String,
    churn: String,
    interval: String,
    expected: String,
    verdict: &'static str,
}

/// The means over the runs of a model.
#[derive(Serialize)]
struct Model {
    version: String,
    newest: String,
    auc: String,
    in_the_large: String,
    slope: String,
}

/// The drift of the newest run, and what its model says of the runs over time.
#[derive(Serialize)]
struct DriftPage {
    as_of: String,
    verdict: String,
    advice: String,
    /// The tag of the language that the sentences are in.
    language: &'static str,
    sentences: Vec<String>,
    /// Measure, slice, value, reference, verdict.
    rows: Vec<[String; 5]>,
    chart: Option<Chart>,
}

#[derive(Serialize)]
struct StudyPage {
    title: String,
    verdict: &'static str,
    sentences: Vec<String>,
    chart: Option<Chart>,
    tables: Vec<SliceTable>,
}

/// Whether customers respond differently.
#[derive(Serialize)]
struct ResponsePage {
    sentences: Vec<String>,
    /// Which third, listings, predicted, points fewer, interval.
    parts: Vec<[String; 5]>,
    /// What the response depends on, a standard deviation, what that adds to the effect on the log-odds.
    terms: Vec<[String; 3]>,
}

#[derive(Serialize)]
struct SliceTable {
    caption: String,
    rows: Vec<[String; 6]>,
}

#[derive(Serialize)]
struct Reason {
    code: String,
    customers: u64,
    share: String,
}

/// The page.
///
/// # Errors
/// [`Error::Internal`](crate::Error::Internal) for a template that does not fit.
pub fn html(told: &Told<'_>) -> Result<String> {
    let newest = told.advice.as_of;
    let page = Page {
        program: told.program.clone(),
        known_until: told.known_until.to_string(),
        as_of: newest.to_string(),
        facts: facts(told),
        verdict: told.advice.verdict.name(),
        advice: told.advice.sentence(),
        difference: told.difference.map(str::to_owned),
        warnings: told.warnings.iter().map(|warning| shown(warning)).collect(),
        measures: HEADLINES.iter().filter_map(|headline| line_of(told.figures, newest, headline)).collect(),
        charts: HEADLINES.iter().filter_map(|headline| chart_of(told.figures, headline)).collect(),
        slices: slices(told.figures, newest),
        models: models(told.figures),
        drift: told.drift.map(|drift| drift_page(drift, told.figures)),
        studies: told.studies.iter().rev().map(study).collect(),
        response: response(told.response),
        left: told.left,
        left_unlisted: told.left_unlisted,
        last_reasons: reasons(told),
    };
    in_style(TEMPLATE, page, Texts::shared(Language::En)?)
}

fn facts(told: &Told<'_>) -> Vec<Fact> {
    let newest = told.advice.as_of;
    let count = |measure: &str, slice: &str| find(told.figures, newest, measure, slice).map_or(0.0, |it| it.value);
    let mut runs: Vec<Day> =
        told.figures.iter().filter(|it| it.measure == "customers" && it.slice == ALL).map(|it| it.as_of).collect();
    runs.dedup();
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    vec![
        fact("Lists that have matured", runs.len().to_string()),
        fact("The newest of them", format!("{newest}, by model {}", shown(&told.advice.model_version))),
        fact("Customers it scored", format!("{:.0}", count("customers", ALL))),
        fact("Left alone, and known", format!("{:.0}", count("left_alone", ALL))),
        fact("Of these left", format!("{:.0}", count("churners_left_alone", ALL))),
    ]
}

fn written(unit: Unit, value: f64) -> String {
    match unit {
        _ if value.is_nan() => String::new(),
        Unit::Share => percent(value),
        Unit::Number => format!("{:.3}", value + 0.0),
    }
}

fn range(unit: Unit, interval: Option<Interval>) -> String {
    interval.map_or(String::new(), |it| format!("{} … {}", written(unit, it.lower), written(unit, it.upper)))
}

fn line_of(figures: &[Figure], as_of: Day, headline: &Headline) -> Option<Line> {
    let (found, unit) = (headline.of(figures, as_of)?, headline.unit);
    let naive = headline.naive_of(figures, as_of);
    Some(Line {
        name: headline.title,
        value: written(unit, found.value),
        interval: range(unit, found.interval()),
        reference: written(unit, found.reference),
        naive: naive.map_or(String::new(), |naive| written(unit, naive.value)),
        verdict: found.verdict.map_or("", Verdict::name),
    })
}

fn chart_of(figures: &[Figure], headline: &Headline) -> Option<Chart> {
    let &Headline { measure, slice, title, unit } = headline;
    let of_measure: Vec<&Figure> = figures.iter().filter(|it| it.measure == measure && it.slice == slice).collect();
    let values: Vec<(Day, Interval)> = of_measure
        .iter()
        .map(|it| {
            let alone = Interval { estimate: it.value, lower: it.value, upper: it.value };
            (it.as_of, it.interval().unwrap_or(alone))
        })
        .collect();
    let references: Vec<String> = of_measure.iter().map(|it| written(unit, it.reference)).collect();
    chart(title, unit, &values, &references, Guide::None)
}

/// A chart of at least two dates.
fn chart(name: &str, unit: Unit, values: &[(Day, Interval)], references: &[String], guide: Guide) -> Option<Chart> {
    let [(first, _), .., (last, _)] = values else { return None };
    let points: Vec<Point> = values
        .iter()
        .map(|(day, it)| Point { x: f64::from(day.0), y: it.estimate, band: Some([it.lower, it.upper]) })
        .collect();
    let bounds = bounds(&points, guide);
    let [.., y0, y1] = bounds;
    let picture = line(
        &points,
        &Frame {
            title: name,
            x: [first.to_string(), last.to_string()],
            y: [written(unit, y0), written(unit, y1)],
            bounds,
            guide,
            steps: false,
        },
    );
    let rows = values.iter().enumerate().rev().map(|(at, (day, it))| {
        let reference = references.get(at).cloned().unwrap_or_default();
        [day.to_string(), written(unit, it.estimate), range(unit, Some(*it)), reference]
    });
    Some(Chart { name: name.to_owned(), picture: Value::from_safe_string(picture), rows: rows.collect() })
}

fn slices(figures: &[Figure], newest: Day) -> Vec<Slice> {
    let of_newest = figures.iter().filter(|it| it.as_of == newest && it.measure == "churn_rate" && it.slice != ALL);
    of_newest
        .map(|it| Slice {
            name: shown(&it.slice.replacen('=', ": ", 1)),
            churn: percent(it.value),
            interval: range(Unit::Share, it.interval()),
            expected: percent(it.reference),
            verdict: it.verdict.map_or("", Verdict::name),
        })
        .collect()
}

fn models(figures: &[Figure]) -> Vec<Model> {
    let means = || figures.iter().filter(|it| it.measure == "mean_roc_auc");
    let mean = |version: &Option<String>, measure: &str| {
        let found = figures.iter().find(|it| it.measure == measure && it.model_version == *version);
        found.map_or(String::new(), |it| written(Unit::Number, it.value))
    };
    let model = |it: &Figure| Model {
        version: shown(it.model_version.as_deref().unwrap_or_default()),
        newest: it.as_of.to_string(),
        auc: written(Unit::Number, it.value),
        in_the_large: mean(&it.model_version, "mean_calibration_in_the_large"),
        slope: mean(&it.model_version, "mean_calibration_slope"),
    };
    means().map(model).collect()
}

fn drift_page(drift: &NewestDrift, figures: &[Figure]) -> DriftPage {
    let row = |it: &Figure| {
        [
            shown(&it.measure),
            shown(&it.slice.replacen('=', ": ", 1)),
            written(Unit::Number, it.value),
            written(Unit::Number, it.reference),
            it.verdict.map_or("", Verdict::name).to_owned(),
        ]
    };
    let title = "Mean risk of the scored customers (reference: of the training rows)";
    let headline = Headline { measure: "drift_mean_risk", slice: ALL, title, unit: Unit::Share };
    DriftPage {
        as_of: drift.as_of.to_string(),
        verdict: drift.told.verdict.clone(),
        advice: drift.advice(),
        language: drift.language.tag(),
        sentences: drift.sentences().map(shown).collect(),
        rows: drift.figures.iter().map(row).collect(),
        chart: chart_of(figures, &headline),
    }
}

fn study(study: &Study) -> StudyPage {
    let title = match study.control_key.as_str() {
        "" => "The first draw of the control group".to_owned(),
        key => format!("The draw under the key {}", shown(key)),
    };
    let name = "Points fewer that leave, by the first listings so far: valid at every look";
    StudyPage {
        title,
        verdict: study.verdict().name(),
        sentences: words::of_study(study).iter().map(|sentence| shown(sentence)).collect(),
        chart: chart(name, Unit::Share, &study.looks, &[], Guide::Zero),
        tables: ["tier=", "action=", "contacted"].iter().filter_map(|kind| slice_table(study, kind)).collect(),
    }
}

fn response(response: &Response) -> ResponsePage {
    let part = |(number, part): (usize, &Part)| {
        let Interval { estimate, lower, upper } = part.effect;
        [
            ["The first third", "The middle third", "The last third"]
                .get(number)
                .copied()
                .unwrap_or("Others")
                .to_owned(),
            part.listings.to_string(),
            points(part.predicted),
            points(estimate),
            format!("{} … {}", points(lower), points(upper)),
        ]
    };
    let term = |term: &Term| {
        [
            term.concept.as_deref().map_or_else(|| "the risk itself".to_owned(), shown),
            written(Unit::Number, term.spread),
            written(Unit::Number, -term.response),
        ]
    };
    let parts = response.ranked.iter().flat_map(|ranked| ranked.parts.iter().enumerate());
    ResponsePage {
        sentences: response_words::of_response(response).iter().map(|sentence| shown(sentence)).collect(),
        parts: parts.map(part).collect(),
        terms: response.model.iter().flat_map(|model| &model.terms).map(term).collect(),
    }
}

fn slice_table(study: &Study, kind: &str) -> Option<SliceTable> {
    let slices: Vec<&Effect> = study.slices.iter().filter(|slice| slice.slice.starts_with(kind)).collect();
    if slices.is_empty() {
        return None;
    }
    let rate = |rate: Option<f64>| rate.map_or(String::new(), percent);
    let row = |slice: &&Effect| {
        let Effect { groups, difference, .. } = slice;
        [
            shown(&slice.slice.replacen('=', ": ", 1)),
            format!("{} of {}", rate(groups.contact.rate()), groups.contact.customers),
            format!("{} of {}", rate(groups.control.rate()), groups.control.customers),
            difference.map_or(String::new(), |it| points(it.estimate)),
            difference.map_or(String::new(), |it| format!("{} … {}", points(it.lower), points(it.upper))),
            slice.p_value.map_or(String::new(), p_value),
        ]
    };
    Some(SliceTable { caption: words::of_comparisons(&slices), rows: slices.iter().map(row).collect() })
}

fn reasons(told: &Told<'_>) -> Vec<Reason> {
    let listed = told.left.saturating_sub(told.left_unlisted);
    let reason = |reason: &LastReason| Reason {
        code: reason.code.as_deref().map_or_else(|| "no reason".to_owned(), shown),
        customers: reason.customers,
        share: percent(reason.customers as f64 / listed.max(1) as f64),
    };
    told.last_reasons.iter().map(reason).collect()
}
