//! `churn score`

use super::{now, summary, Session};
use crate::calendar::Day;
use crate::clock::Clock;
use crate::config::{Format, RankBy, Reference, Resolved, Settings};
use crate::dataset::prepared::{self, Prepared, TableRows};
use crate::dataset::{self, Dataset, Selection, Tables};
use crate::digest;
use crate::error::{Error, Result};
use crate::model::artefact::{Artefact, Row, Scores};
use crate::publish::list::Results;
use crate::publish::manifest::{Manifest, SourceSummary};
use crate::publish::previous::Previous;
use crate::publish::Staged;
use crate::ranking::{Group, Ranking};
use crate::reasons::{Attribution, Explainer, Explanation};
use crate::registry::Registry;
use crate::sources::{self, customers, CustomerTable, Table};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub fn run(session: &Session, features: Option<&Path>, as_of: Option<Day>, model: Option<&str>) -> anyhow::Result<()> {
    let resolved = session.resolve_for(features)?;
    let run = scored(session, &resolved, features, as_of, model)?;
    match session.json() {
        true => session.print_json(&serde_json::json!({"folder": run.folder, "manifest": run.manifest})),
        false => session.print(&summary::scored(&run)),
    }
}

/// A published run.
pub struct Run {
    pub folder: PathBuf,
    pub manifest: Manifest,
    pub model: Artefact,
    pub value_column: Option<String>,
    pub top: Vec<summary::TopLine>,
}

/// What a run scores, and what is told of where it comes from.
pub struct Input {
    /// The as-of date.
    pub as_of: Day,
    /// The rows of that date, perhaps among others.
    pub data: Dataset,
    /// Their customers.
    pub customers: CustomerTable,
    warnings: Vec<String>,
    sources: BTreeMap<String, SourceSummary>,
    quarantine: BTreeMap<String, sources::Quarantine>,
    source: Source,
}

/// Where the pass-through columns are.
enum Source {
    Customers(Table),
    Prepared(Box<TableRows>),
}

/// The rows of a date from the signals.
fn from_signals(session: &Session, settings: &Settings, as_of: Day) -> Result<Input> {
    let tables = Tables::open(settings, Some(dataset::scan_days(settings, &[as_of], false)))?;
    let data = built(session, settings, &tables, &[as_of], None)?;
    let warnings = gates(settings, &tables, &data, as_of)?;
    Ok(Input {
        as_of,
        warnings,
        sources: settings.signals.keys().cloned().zip(data.reports.iter().map(SourceSummary::of)).collect(),
        quarantine: quarantine(settings, &tables, &data),
        data,
        customers: tables.customers,
        source: Source::Customers(tables.sources.customers),
    })
}

/// The rows of a prepared table: those of `as_of`, or of the newest date, and with `earlier` of so many dates before.
/// Without as-of dates they are of `as_of`, or of today.
pub fn from_table(
    session: &Session,
    settings: &Settings,
    model: &Artefact,
    path: &Path,
    as_of: Option<Day>,
    earlier: usize,
) -> Result<Input> {
    let has_value = settings.table.as_ref().is_some_and(|table| table.value.is_some());
    if settings.list.rank_by == RankBy::ExpectedLoss && !has_value {
        let what = "list.rank_by: expected_loss needs `table.value` here, the column of the money a month at stake";
        return Err(Error::Config(what.to_owned()));
    }
    let today = sources::today(&settings.zone());
    let spinner = session.progress().spinner("reading the table");
    let prepared =
        prepared::for_scoring(settings, path, (&model.version, &model.catalogue), as_of.unwrap_or(today), |dates| {
            let end = match as_of {
                Some(day) => dates.binary_search(&day).ok(),
                None => dates.len().checked_sub(1),
            };
            let Some(end) = end else {
                let newest: Vec<String> = dates.iter().rev().take(5).map(Day::to_string).collect();
                return Err(Error::TooLittle(format!(
                    "{} has no row {}; its newest dates are: {}",
                    path.display(),
                    as_of.map_or_else(|| "with an as-of date".to_owned(), |day| format!("of {day}")),
                    if newest.is_empty() { "none".to_owned() } else { newest.join(", ") },
                )));
            };
            Ok(dates[end.saturating_sub(earlier)..=end].to_vec())
        });
    spinner.finish_and_clear();
    let Prepared { source, dataset, customers, notes, .. } = prepared?;
    let as_of = dataset.as_of.last().copied().unwrap_or(today);
    let eligible = dataset.counts(dataset.as_of.len().saturating_sub(1)).0;
    if eligible == 0 || eligible < u64::from(settings.gates.min_customers) {
        return Err(Error::TooLittle(format!(
            "{} has {eligible} rows of {as_of}, fewer than the {} of gates.min_customers; check the table and the date, or \
             lower the gate",
            path.display(),
            settings.gates.min_customers,
        )));
    }
    let files = source.table.table.files.len();
    let read = SourceSummary { files, rows_read: customers.rows, rows_used: eligible, ..SourceSummary::default() };
    Ok(Input {
        as_of,
        warnings: notes,
        sources: [("table".to_owned(), read)].into(),
        quarantine: [("table".to_owned(), customers.quarantine.clone())].into(),
        data: dataset,
        customers,
        source: Source::Prepared(Box::new(source)),
    })
}

/// The nightly job, from the signals or, with `features`, from a prepared table.
pub fn scored(
    session: &Session,
    resolved: &Resolved,
    features: Option<&Path>,
    as_of: Option<Day>,
    version: Option<&str>,
) -> Result<Run> {
    let started = Instant::now();
    let settings = &resolved.settings;
    let registry = Registry::at(&settings.paths.models);
    let model = match version {
        Some(version) => registry.load(version)?,
        None => registry.load_champion()?,
    };
    let catalogue = &model.catalogue;
    let (mut staged, input) = match (features, as_of) {
        (Some(path), _) => {
            model.check_prepared(settings)?;
            let input = from_table(session, settings, &model, path, as_of, 0)?;
            (Staged::begin(&settings.paths.lists, input.as_of)?, input)
        }
        (None, Some(as_of)) => {
            model.check_compatible(settings)?;
            let staged = Staged::begin(&settings.paths.lists, as_of)?;
            (staged, from_signals(session, settings, as_of)?)
        }
        (None, None) => return Err(Error::Config("name the date of the list with --as-of DATE".to_owned())),
    };
    let Input { as_of, data, customers, mut warnings, sources, quarantine, source } = input;
    warnings.extend(model.advice.iter().cloned());
    for format in settings.publish.formats.iter().filter(|f| matches!(f, Format::Xlsx | Format::Html)) {
        warnings.push(format!("publish.formats names {format:?}, which this version does not write"));
    }
    let selection = Selection::scored(&data, as_of);
    let mut clock = Clock::start();
    let scores = model.score(&data, &customers, &selection)?;
    let value = |customer: u32| customers.value.get(customer as usize).copied().filter(|v| v.is_finite());
    clock.lap("scores");
    let ranking = Ranking::of(&settings.list, &scores.customers, &scores.probabilities, &scores.log_odds, value);
    clock.lap("ranking");
    let results = Results {
        as_of,
        customers: &customers,
        scores: &scores,
        ranking: &ranking,
        model_version: &model.version,
        settings: &settings.list,
    };
    let reference = reference(settings, &model, &data, &customers, &scores, &ranking)?;
    let attribution = Attribution::new(model.slopes(), model.intercept, reference)?;
    let explainer = Explainer::new(settings, catalogue, &model.terms(), attribution)?;
    let explained = results
        .listed()
        .par_iter()
        .map(|&position| explain(&explainer, &model, &data, &customers, scores.places[position as usize]))
        .collect::<Result<_>>()?;
    clock.lap("reasons");
    let listed: Vec<u32> = results.listed().iter().map(|&position| results.customer(position)).collect();
    let wanted = listed.iter().map(|&customer| customers.ids.display(customer as usize)).collect();
    let lines = results.lines(explained, &Previous::read(&settings.paths.lists, as_of, &wanted)?);
    clock.lap("earlier lists");
    let zone = settings.zone();
    let (passthrough, in_scores, value_column) = match &source {
        Source::Customers(table) => {
            let columns = sources::customer_columns(settings)?;
            let passthrough = customers::passthrough(table, columns, &zone, &customers, &listed)?;
            (passthrough, Vec::new(), columns.value.clone())
        }
        Source::Prepared(rows) => {
            let all: Vec<u32> = ranking.order.iter().map(|&position| results.customer(position)).collect();
            (rows.passthrough(&zone, &listed)?, rows.passthrough(&zone, &all)?, rows.table.value.clone())
        }
    };
    let list = |places| Ok(results.list_table(places, &lines, &passthrough));
    let top = summary::top(&results, &lines);
    if settings.publish.formats.contains(&Format::Csv) {
        staged.csv("at_risk.csv", lines.len(), list)?;
    }
    if settings.publish.formats.contains(&Format::Parquet) {
        staged.parquet("at_risk.parquet", lines.len(), list)?;
    }
    staged.parquet("scores.parquet", ranking.order.len(), |places| Ok(results.scores_table(places, &in_scores)))?;
    clock.lap("tables");
    let mut manifest = Manifest {
        program: format!("churn-risk {}", env!("CARGO_PKG_VERSION")),
        as_of,
        model_version: model.version.clone(),
        model_checksum: model.checksum.clone(),
        settings_sha256: digest::of_text(&resolved.canonical_json()?),
        published_at: now(),
        seconds: 0.0,
        eligible: scores.customers.len() as u64,
        excluded: data.exclusions.last().copied().unwrap_or_default(),
        listed: listed.len() as u64,
        control: results.listed().iter().filter(|&&p| results.group(p) == Group::Control).count() as u64,
        mean_probability: scores.probabilities.iter().sum::<f64>() / scores.probabilities.len() as f64,
        reference_log_odds: explainer.reference_log_odds(),
        sources,
        quarantine,
        warnings,
        files: staged.files().to_vec(),
    };
    manifest.seconds = started.elapsed().as_secs_f64();
    let folder = staged.publish(&manifest)?;
    Ok(Run { folder, manifest, model, value_column, top })
}

/// Builds the data set with a progress bar.
pub fn built(
    session: &Session,
    settings: &Settings,
    tables: &Tables,
    as_of: &[Day],
    labels_end: Option<Day>,
) -> Result<Dataset> {
    let rows = tables.sources.signals.iter().flat_map(|t| &t.files).map(|f| f.rows()).sum();
    let bar = session.progress().bar("reading", "rows", rows);
    let data = dataset::build(settings, tables, as_of, labels_end, &|rows| bar.inc(rows));
    bar.finish_and_clear();
    data
}

/// Rows in quarantine by source, for the manifest and for `check`.
pub fn quarantine(settings: &Settings, tables: &Tables, data: &Dataset) -> BTreeMap<String, sources::Quarantine> {
    let mut all: BTreeMap<String, sources::Quarantine> =
        settings.signals.keys().cloned().zip(data.reports.iter().map(|r| r.quarantine.clone())).collect();
    all.insert("customers".to_owned(), tables.customers.quarantine.clone());
    if tables.sources.churn.is_some() {
        all.insert("churn".to_owned(), tables.cancellations.quarantine.clone());
    }
    all
}

/// Freshness, then volume. Returns what is worth a warning.
pub fn gates(settings: &Settings, tables: &Tables, data: &Dataset, as_of: Day) -> Result<Vec<String>> {
    if data.reports.iter().all(|report| report.newest.is_none() && report.before == 0) {
        return Err(Error::TooLittle(format!(
            "no signal has a row before {as_of}; choose a later as-of date, or check the signals' paths"
        )));
    }
    let mut stale = Vec::new();
    let mut warnings = Vec::new();
    for ((name, signal), report) in settings.signals.iter().zip(&data.reports) {
        let allowed = signal.max_staleness_days.unwrap_or(settings.gates.max_staleness_days);
        match report.newest.map(|newest| tables.zone.day_of(newest)) {
            None if report.before == 0 && report.after == 0 => {
                stale.push(format!("signal `{name}` has no row at all"));
            }
            None => stale.push(format!("signal `{name}` has no row in the look-back before {as_of}")),
            // The day before the as-of date is no staleness at all.
            Some(day) if as_of.0 - 1 - day.0 > allowed as i32 => stale.push(format!(
                "signal `{name}`: the newest row before {as_of} is of {day}, {} days earlier; at most {allowed} are allowed",
                as_of.0 - day.0,
            )),
            Some(_) => {}
        }
        let unknown = report.quarantine.counts().get(&sources::Reason::UnknownCustomer).copied().unwrap_or(0);
        if unknown > 0 {
            warnings.push(format!("signal `{name}`: {unknown} rows are of ids that the customers table lacks"));
        }
    }
    if !stale.is_empty() {
        return Err(Error::Stale(format!(
            "the data are stale: {}. Load the missing days and run again, choose an earlier as-of date, or raise \
             gates.max_staleness_days (or the signal's own max_staleness_days)",
            stale.join("; ")
        )));
    }
    let eligible = data.counts(data.as_of.iter().position(|&day| day == as_of).unwrap_or(0)).0;
    if eligible < u64::from(settings.gates.min_customers) || eligible == 0 {
        let excluded = &data.exclusions[0];
        return Err(Error::TooLittle(format!(
            "{eligible} of {} customers are eligible on {as_of}, fewer than the {} of gates.min_customers; excluded: \
             {excluded}. Check the as-of date and [eligibility], or lower the gate",
            tables.customers.len(),
            settings.gates.min_customers,
        )));
    }
    Ok(warnings)
}

/// The mean row that contributions are measured from.
pub fn reference(
    settings: &Settings,
    model: &Artefact,
    data: &Dataset,
    customers: &CustomerTable,
    scores: &Scores,
    ranking: &Ranking,
) -> Result<Row> {
    Ok(match settings.list.reference {
        Reference::Population => scores.mean.clone(),
        Reference::CutOff => {
            // The last tenth of the list, but at least 50 customers, so that the mean is steady.
            let length = (ranking.listed / 10).max(50).min(ranking.listed);
            let nearest = &ranking.order[ranking.listed - length..ranking.listed];
            let mut mean = Row::zeros(scores.mean.effects.len());
            for &position in nearest {
                let row = model.row(data, customers, scores.places[position as usize])?;
                mean.add(&row, 1.0 / length as f64);
            }
            mean
        }
    })
}

/// One row's reasons.
pub fn explain(
    explainer: &Explainer,
    model: &Artefact,
    data: &Dataset,
    customers: &CustomerTable,
    place: (u32, u32),
) -> Result<Explanation> {
    let block = &data.blocks[place.0 as usize];
    let row = place.1 as usize;
    let raw = block.row(row)?;
    let entry = block.customers[row] as usize;
    let levels: Vec<Option<&str>> = customers.categorical.iter().map(|levels| levels.get(entry)).collect();
    Ok(explainer.explain(&raw, &levels, &model.row(data, customers, place)?))
}
