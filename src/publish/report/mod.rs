//! `report.html`: a run in one file for people, made from the files that were published beside it and from earlier
//! runs.
//!
//! | file | holds |
//! |---|---|
//! | `run` | what is read: the run's tables, manifest and model |
//! | `list`, `drivers`, `measures`, `model`, `data` | a page each, as texts that the template puts in their places |
//! | `listed`, `filters`, `details` | the columns of the list, its filters, and what stands behind its first customers |
//! | `history` | the risks in earlier runs |
//! | `pictures`, `text` | inline SVG; texts and numbers as the page has them |
//! | `table` | a published table, read back |
//! | `assets/` | the template, the style sheet and the script |
//!
//! Everything that is said stands in the markup. The script only sorts, filters and opens details, and the style sheet
//! only arranges, so that nothing is lost where a viewer forbids both. The page asks nobody for anything.

mod data;
mod details;
mod drivers;
mod filters;
mod history;
mod list;
mod listed;
mod measures;
mod model;
pub(crate) mod pictures;
mod run;
mod table;
pub(crate) mod text;

pub use history::RUNS;
pub use run::{ModelFile, PublishedRun, MODEL_FILE};
pub use table::{Cells, Table};

use crate::digest;
use crate::error::{Error, Result};
use crate::language::{Texts, Value as TextValue};
use minijinja::value::{Kwargs, Serde};
use minijinja::{context, AutoEscape, Environment, Value};
use serde::Serialize;
use std::sync::Arc;
use text::{shown, Fact};

const TEMPLATE: &str = include_str!("assets/report.html");
const MACROS: &str = include_str!("assets/macros.html");
const STYLE: &str = include_str!("assets/report.css");
const SCRIPT: &str = include_str!("assets/report.js");

/// The name of the report in the folder of its run.
pub const FILE: &str = "report.html";

/// What the template says.
#[derive(Serialize)]
struct Page<'a> {
    language: &'static str,
    style: Value,
    style_hash: String,
    script: Value,
    script_hash: String,
    program: &'a str,
    model_version: &'a str,
    as_of: String,
    facts: Vec<Fact>,
    warnings: Vec<String>,
    list: list::Page,
    drivers: drivers::Page,
    measures: Vec<measures::Measure>,
    model: Option<model::Page>,
    data: data::Page,
}

/// The report of a run.
///
/// # Errors
/// [`Error::Contract`] for published files that are missing, damaged, or of another version of the program.
pub fn html(run: &PublishedRun, texts: Arc<Texts>) -> Result<String> {
    let broken = |e: minijinja::Error| Error::Internal(format!("the report: {e:#}"));
    let page = Page {
        language: texts.language().tag(),
        style: Value::from_safe_string(STYLE.to_owned()),
        style_hash: digest::content_security(STYLE),
        script: Value::from_safe_string(SCRIPT.to_owned()),
        script_hash: digest::content_security(SCRIPT),
        program: &run.manifest.program,
        model_version: &run.manifest.model_version,
        as_of: texts.language().date(run.as_of),
        facts: facts(run, &texts)?,
        warnings: run.manifest.warnings.iter().map(|warning| shown(warning)).collect(),
        list: list::page(run, &texts)?,
        drivers: drivers::page(run, &texts)?,
        measures: measures::page(run, &texts)?,
        model: model::page(run, &texts),
        data: data::page(run, &texts),
    };
    let page = Value::from(Serde(page));
    environment(texts).get_template("report.html").and_then(|template| template.render(page)).map_err(broken)
}

/// A page in the style of the report, without a script, from a template of its own. There `page` is what is said,
/// `style` the style sheet, and `style_hash` its digest for the content security policy.
///
/// # Errors
/// [`Error::Internal`] for a template that does not fit what is said.
pub fn in_style(template: &str, page: impl Serialize, texts: Arc<Texts>) -> Result<String> {
    let broken = |e: minijinja::Error| Error::Internal(format!("the page: {e:#}"));
    let values = context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        style_hash => digest::content_security(STYLE),
        page => Value::from(Serde(page)),
    };
    let mut environment = environment(texts);
    environment.add_template("page.html", template).map_err(broken)?;
    environment.get_template("page.html").and_then(|template| template.render(values)).map_err(broken)
}

/// The templates, in which `t` writes a message: `t("key", name=value)`.
fn environment<'a>(texts: Arc<Texts>) -> Environment<'a> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    for (name, source) in [("report.html", TEMPLATE), ("macros.html", MACROS)] {
        // A template that does not parse fails when it is asked for, with its place.
        let _ = environment.add_template(name, source);
    }

    environment.add_function("t", move |key: &str, values: Kwargs| -> std::result::Result<String, minijinja::Error> {
        let mut given = Vec::new();
        for name in values.args() {
            let value: Value = values.get(name)?;
            given.push((name, value.as_i64().map_or_else(|| TextValue::from(value.to_string()), TextValue::from)));
        }
        let given: Vec<(&str, TextValue<'_>)> = given;
        Ok(texts.with(key, &given))
    });
    environment
}

/// What stands at the head of the report.
fn facts(run: &PublishedRun, texts: &Texts) -> Result<Vec<Fact>> {
    let manifest = &run.manifest;
    let numbers = texts.language().numbers();
    let mut facts = Vec::new();
    let mut fact = |key: &str, value: String| facts.push(Fact { name: texts.text(key), value });

    let (listed, eligible) = (manifest.listed as i64, manifest.eligible as i64);
    fact("fact-listed", texts.with("fact-listed-of", &[("listed", listed.into()), ("eligible", eligible.into())]));

    let probability = run.list.column("churn_probability")?;
    let expected: f64 = (0..run.list.rows()).filter_map(|row| probability.number(row)).sum();
    let all = manifest.mean_probability * manifest.eligible as f64;
    let values = [("expected", numbers.decimals(expected, 1).into()), ("all", numbers.decimals(all, 1).into())];
    fact("fact-expected", texts.with("fact-expected-of", &values));
    if manifest.listed > 0 {
        let of_listed = numbers.percent(expected / manifest.listed as f64, 1);
        let values = [("listed", of_listed.into()), ("all", numbers.percent(manifest.mean_probability, 1).into())];
        fact("fact-mean", texts.with("fact-mean-of", &values));
    }

    if let Some(value) = run.list.find("value_at_risk").filter(|value| !value.is_empty()) {
        let sum: f64 = (0..run.list.rows()).filter_map(|row| value.number(row)).sum();
        let written = numbers.decimals(sum, 0);
        fact("fact-value", texts.with("fact-value-of", &[("listed", written.into())]));
    }
    if manifest.control > 0 {
        fact("fact-control", texts.with("fact-control-of", &[("control", (manifest.control as i64).into())]));
    }
    if let Some(model) = &run.model {
        fact("fact-predicts", shown(&model.predicts(texts)));
    }
    Ok(facts)
}
