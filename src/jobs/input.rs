//! What a job works on: the rows of some dates, from the signals or from a prepared table.

use super::context::Job;
use super::earlier::EarlierRuns;
use super::past::{self, People};
use super::{gates, kpis};
use crate::artefact::Artefact;
use crate::calendar::Day;
use crate::config::{Format, RankBy};
use crate::coverage::{Coverage, Shortfall};
use crate::dataset::prepared::{self, Prepared, TableRequest, TableRows};
use crate::dataset::recent::{self, KeptWeeks, Recent};
use crate::dataset::{self, Dataset, RowsPlan, SignalsOf, Tables};
use crate::error::{Error, Result};
use crate::exchange::{PickedRows, Plan};
use crate::kpis::Counts;
use crate::observer::Observer;
use crate::publish::manifest::{Engine, SourceSummary};
use crate::publish::runs;
use crate::sources::{self, Cancellations, CopiedColumn, Given, Quarantine, RecordBatch, Sources};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where the rows of a job come from.
#[derive(Clone, Debug)]
pub enum Data {
    /// The customers and the signals that the settings name.
    Signals,
    /// A prepared feature table: a Parquet file, directory or glob, as `[table]` describes it.
    Table(PathBuf),
    /// The rows of a prepared feature table as record batches. However they are cut, and whichever arrays hold their
    /// columns, what comes of them is what comes of a file with these rows. Their schemas may differ as those of files
    /// may.
    Batches(Vec<RecordBatch>),
}

impl Data {
    /// The prepared table, if it is one.
    pub(super) fn prepared(&self) -> Option<Given<'_>> {
        match self {
            Data::Signals => None,
            Data::Table(path) => Some(Given::Files(path)),
            Data::Batches(batches) => Some(Given::Batches(batches)),
        }
    }
}

/// Rows to be scored, and what is told of where they come from.
pub(super) struct Input {
    /// The as-of date.
    pub as_of: Day,
    /// The rows of that date, perhaps among others.
    pub data: Dataset,
    /// What was read, by source.
    pub sources: BTreeMap<String, SourceSummary>,
    /// Rows that could not be used, by source.
    pub quarantine: BTreeMap<String, Quarantine>,
    /// Who has cancelled when; none of a prepared table.
    pub cancellations: Option<Cancellations>,
    /// The runs before that date. The rows of the one that is compared with are among the data, if they can be had.
    pub earlier: EarlierRuns,
    /// What the measures are made of; none where there are to be none.
    pub counts: Option<Counts>,
    /// The weeks that the rows of all customers lie in, where a report will ask for those of some.
    pub weeks: Option<KeptWeeks>,
    /// What the signals and the cancellations hold of the past.
    pub coverage: Option<Coverage>,
    /// The engine that has made the rows; none where this machine has.
    pub engine: Option<Engine>,
    pub(super) origin: Origin,
}

/// Where the pass-through columns lie, and the rows of the signals.
pub(super) enum Origin {
    Signals(Box<Sources>),
    Prepared(Box<TableRows>),
    Exchange(Box<(Plan, PickedRows)>),
}

impl Input {
    /// The column of the money a month at stake, if there is one.
    pub fn value_column(&self, job: &Job<'_>) -> Option<String> {
        match &self.origin {
            Origin::Signals(_) | Origin::Exchange(_) => {
                job.settings().customers.as_ref().and_then(|columns| columns.value.clone())
            }
            Origin::Prepared(rows) => rows.table.value.clone(),
        }
    }

    /// The pass-through columns of some customers, in that order.
    pub fn passthrough(&self, job: &Job<'_>, wanted: &[u32]) -> Result<Vec<CopiedColumn>> {
        match &self.origin {
            Origin::Signals(sources) => {
                let columns = sources::customer_columns(job.settings().customers.as_ref())?;
                self.data.customers.passthrough(&sources.customers, columns, wanted)
            }
            Origin::Prepared(rows) => rows.passthrough(wanted),
            Origin::Exchange(exchange) => {
                let (plan, picked) = &**exchange;
                picked.passthrough(plan, &self.data.customers.ids.select(wanted))
            }
        }
    }

    /// What some customers did of late; not known of a prepared table.
    pub fn recent(&self, job: &Job<'_>, wanted: &[u32]) -> Result<Option<Recent>> {
        let signals = match &self.origin {
            Origin::Signals(sources) => SignalsOf::Tables(&sources.signals),
            Origin::Exchange(exchange) => SignalsOf::Batches(exchange.1.signals()),
            Origin::Prepared(_) => return Ok(None),
        };
        let plan = RowsPlan::from_settings(job.settings());
        let request = recent::Request {
            signals,
            customers: &self.data.customers,
            wanted,
            as_of: self.as_of,
            kept: self.weeks.as_ref(),
            first_survey_day: kpis::days(job, &plan, &[self.as_of]).first,
            memory: job.memory(),
        };
        recent::recent(&plan, &request, job).map(Some)
    }

    /// The first day of each signal, in the order of their names, where it has one before the as-of date.
    pub fn first_days(&self) -> Vec<Option<Day>> {
        let signals = self.coverage.iter().flat_map(|coverage| coverage.signals.values());
        signals.map(|signal| signal.first_day).collect()
    }

    /// Days on which signals lack rows, by signal.
    pub fn gaps(&self) -> Vec<(&str, &[Shortfall])> {
        let signals = self.coverage.iter().flat_map(|coverage| &coverage.signals);
        signals.map(|(name, signal)| (name.as_str(), signal.gaps.as_slice())).collect()
    }

    /// The pass-through columns of `scores.parquet`: those of a prepared table, whose rows nobody else has.
    pub fn passthrough_of_scores(&self, wanted: &[u32]) -> Result<Vec<CopiedColumn>> {
        match &self.origin {
            Origin::Signals(_) | Origin::Exchange(_) => Ok(Vec::new()),
            Origin::Prepared(rows) => rows.passthrough(wanted),
        }
    }
}

/// The rows of a date from the signals, which pass the gates, and those of the run before.
pub(super) fn from_signals(job: &Job<'_>, as_of: Day) -> Result<Input> {
    let earlier = EarlierRuns::before(job, as_of);
    let dates: Vec<Day> = earlier.date().into_iter().chain([as_of]).collect();
    let plan = RowsPlan::from_settings(job.settings());
    let tables = Tables::for_days(&plan, kpis::days(job, &plan, &dates), job.memory(), job)?;
    let weeks = kept_weeks(job, &plan, &dates);
    let keep = |rows: &_, members: &[u32]| weeks.iter().for_each(|weeks| weeks.add(rows, members));
    let (data, counts) = kpis::build_and_count(job, &plan, &tables, &dates, &keep)?;
    gates::check(job, &tables, &data, as_of)?;

    Ok(Input {
        as_of,
        counts,
        weeks,
        coverage: Some(past::of_scoring(job, (&tables).into(), &data, as_of)),
        engine: None,
        sources: signal_summaries(job, &data),
        quarantine: quarantine(job, (&tables).into(), &data),
        data,
        cancellations: Some(tables.cancellations),
        earlier,
        origin: Origin::Signals(Box::new(tables.sources)),
    })
}

/// Keeps the weeks of all rows for the report, if there is to be one. Under a memory limit the rows of the customers
/// whom it tells of are read again instead.
fn kept_weeks(job: &Job<'_>, plan: &RowsPlan<'_>, dates: &[Day]) -> Option<KeptWeeks> {
    let has_report = job.settings().publish.formats.contains(&Format::Html);
    let has_room = job.memory().limit().is_none();
    (has_report && has_room).then(|| KeptWeeks::new(plan, dates)).flatten()
}

/// Which earlier dates of a prepared table are read as well.
#[derive(Clone, Copy, Debug)]
pub(super) enum Also {
    /// So many.
    Newest(usize),
    /// That of the run before, if the table has it.
    RunBefore,
}

/// The rows of a prepared table: those of `as_of`, or of the newest date, and of some dates before. Without as-of dates
/// they are of `as_of`, or of today.
pub(super) fn from_table(
    job: &Job<'_>,
    model: &Artefact,
    table: Given<'_>,
    as_of: Option<Day>,
    also: Also,
) -> Result<Input> {
    let settings = job.settings();
    let has_value = settings.table.as_ref().is_some_and(|table| table.value.is_some());
    if settings.list.rank_by == RankBy::ExpectedLoss && !has_value {
        let what = "list.rank_by: expected_loss needs `table.value` here, the column of the money a month at stake";
        return Err(Error::Config(what.to_owned()));
    }

    job.step("reading the table");
    let request = table_request(job, table, as_of);
    let wanted = |dates: &[Day]| wanted_dates(job, table, dates, as_of, also);
    let Prepared { source, dataset, notes, .. } =
        prepared::for_scoring(&request, &model.version, &model.catalogue, wanted)?;
    notes.into_iter().for_each(|note| job.warn(note));

    let as_of = dataset.as_of.last().copied().unwrap_or(request.undated());
    let eligible = dataset.counts(dataset.as_of.len().saturating_sub(1)).rows;
    if eligible == 0 || eligible < u64::from(settings.gates.min_customers) {
        return Err(Error::TooLittle(format!(
            "prepared table {table} has {eligible} rows of {as_of}, fewer than the {} that a list needs \
             (gates.min_customers); check the table and the date, or lower the gate",
            settings.gates.min_customers.max(1),
        )));
    }

    let earlier = match also {
        Also::RunBefore => EarlierRuns::before(job, as_of),
        Also::Newest(_) => EarlierRuns::default(),
    };
    let counts = kpis::of_prepared(job, &dataset, as_of);
    let files = source.table.origin.files();
    let read =
        SourceSummary { files, rows_read: dataset.customers.rows, rows_used: eligible, ..SourceSummary::default() };
    Ok(Input {
        as_of,
        counts,
        weeks: None,
        sources: [("table".to_owned(), read)].into(),
        quarantine: [("table".to_owned(), dataset.customers.quarantine.clone())].into(),
        data: dataset,
        cancellations: None,
        earlier,
        coverage: None,
        engine: None,
        origin: Origin::Prepared(Box::new(source)),
    })
}

/// How a job reads a prepared table.
pub(super) fn table_request<'a>(job: &Job<'a>, table: Given<'a>, as_of: Option<Day>) -> TableRequest<'a> {
    let settings = job.settings();
    TableRequest {
        table,
        columns: settings.table.as_ref(),
        churn: &settings.churn,
        zone: job.zone(),
        max_quarantine_share: settings.gates.max_quarantine_share,
        as_of,
        today: job.today(),
        memory: job.memory(),
    }
}

/// The customers, all signals and the cancellations, opened.
pub(super) fn open_tables(job: &Job<'_>) -> Result<Tables> {
    Tables::open(&RowsPlan::from_settings(job.settings()), job.memory(), job)
}

/// As [`open_tables`], with no more of the signals than rows for scoring on these dates need.
pub(super) fn open_tables_for(job: &Job<'_>, dates: &[Day]) -> Result<Tables> {
    Tables::for_dates(&RowsPlan::from_settings(job.settings()), dates, job.memory(), job)
}

/// The date wanted of a table's ascending dates, or the newest one, with earlier ones before it.
pub(super) fn wanted_dates(
    job: &Job<'_>,
    table: Given<'_>,
    dates: &[Day],
    as_of: Option<Day>,
    also: Also,
) -> Result<Vec<Day>> {
    let end = match as_of {
        Some(day) => dates.binary_search(&day).ok(),
        None => dates.len().checked_sub(1),
    };
    if let Some(end) = end {
        return Ok(match also {
            Also::Newest(earlier) => dates[end.saturating_sub(earlier)..=end].to_vec(),
            Also::RunBefore => {
                let run = runs::before(&job.settings().paths.lists, dates[end]).pop();
                let before = run.map(|run| run.as_of).filter(|day| dates.binary_search(day).is_ok());
                before.into_iter().chain([dates[end]]).collect()
            }
        });
    }

    let newest: Vec<String> = dates.iter().rev().take(5).map(Day::to_string).collect();
    Err(Error::TooLittle(format!(
        "prepared table {table} has no row {}; its newest dates are: {}",
        as_of.map_or_else(|| "with an as-of date".to_owned(), |day| format!("of {day}")),
        if newest.is_empty() { "none".to_owned() } else { newest.join(", ") },
    )))
}

/// The rows of some dates, as for scoring, or with `labels_end` as for training.
pub(super) fn build(job: &Job<'_>, tables: &Tables, as_of: &[Day], labels_end: Option<Day>) -> Result<Dataset> {
    build_with(job, &RowsPlan::from_settings(job.settings()), tables, as_of, labels_end)
}

/// As [`build`], by another plan than the job's: that of a model which looks through other windows.
pub(super) fn build_with(
    job: &Job<'_>,
    plan: &RowsPlan<'_>,
    tables: &Tables,
    as_of: &[Day],
    labels_end: Option<Day>,
) -> Result<Dataset> {
    job.step("reading");
    dataset::build(plan, tables, as_of, labels_end, job)
}

/// What was read of each signal.
pub(super) fn signal_summaries(job: &Job<'_>, data: &Dataset) -> BTreeMap<String, SourceSummary> {
    job.settings().signals.keys().cloned().zip(data.reports.iter().map(SourceSummary::from_scan)).collect()
}

/// Rows in quarantine, by source.
pub(super) fn quarantine(job: &Job<'_>, people: People<'_>, data: &Dataset) -> BTreeMap<String, Quarantine> {
    let signals = job.settings().signals.keys().cloned();
    let mut all: BTreeMap<String, Quarantine> =
        signals.zip(data.reports.iter().map(|report| report.rows.quarantine.clone())).collect();

    all.insert("customers".to_owned(), people.customers.quarantine.clone());
    if let Some(cancellations) = people.cancellations {
        all.insert("churn".to_owned(), cancellations.quarantine.clone());
    }
    all
}
