//! The feature table, and the list, made with an engine on many machines: what it is asked for, and the list itself,
//! which is made here of the rows that the engine gives. The work of the engine's tasks is in
//! [`exchange`](crate::exchange).

use super::context::{Context, Job};
use super::earlier::EarlierRuns;
use super::input::{self, Also, Data, Input, Origin};
use super::past::{self, People};
use super::publication::{publish_into, Published};
use super::savings;
use super::score::{begin, read};
use super::scored::{ranked, scored};
use super::{gates, kpis};
use crate::calendar::Day;
use crate::config::{ChurnDefinition, Format};
use crate::dataset::{prepared, RowsPlan, Selection};
use crate::error::{Error, Result};
use crate::exchange::{self, gather, Division, Gathered, Picked, PickedRows, Plan};
use crate::observer::Observer;
use crate::publish::details::DETAILED;
use crate::publish::manifest::Engine;
use crate::registry::Registry;
use crate::sources::{Given, RecordBatch};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What to make.
#[derive(Clone, Debug)]
pub struct Request {
    /// One row per eligible customer on each of these dates.
    pub as_of: Vec<Day>,
    /// How many buckets the customers are split into, a power of two.
    pub buckets: u32,
    /// What a reducing task may take for the rows of a bucket, in bytes; none for what plans have.
    pub reduce_memory: Option<u64>,
    /// Rows as for training, with the label where it has matured.
    pub labels: bool,
}

impl Request {
    fn limited(&self, mut plan: Plan) -> Plan {
        plan.reduce_memory = self.reduce_memory.unwrap_or(plan.reduce_memory);
        plan
    }
}

/// Plans the feature table of some dates.
///
/// # Errors
/// [`Error::Config`] for dates that have not come yet, and as [`Plan::new`].
pub fn plan(context: &Context<'_>, request: &Request) -> Result<Plan> {
    context.run(|job| {
        job.not_after_today(request.as_of.iter().copied())?;
        let (settings, as_of) = (job.settings().clone(), &request.as_of);
        let plan = if request.labels {
            Plan::with_labels(settings, as_of, request.buckets, job.today().plus(1))?
        } else {
            Plan::new(settings, as_of, request.buckets)?
        };
        Ok(request.limited(plan))
    })
}

/// Plans the rows that a list is made of: those of its date, and of that of the run before, which it is compared with.
///
/// # Errors
/// [`Error::Model`] when the model is missing, damaged or of other features; [`Error::Config`] for several dates, and
/// as [`plan`].
pub fn plan_list(context: &Context<'_>, registry: &Registry, request: &Request, model: Option<&str>) -> Result<Plan> {
    context.run(|job| {
        let [as_of] = request.as_of[..] else {
            return Err(Error::Config("a list is of one date; name it with --as-of DATE".to_owned()));
        };
        job.not_after_today([as_of])?;
        let dates = dates(&EarlierRuns::before(job, as_of), as_of);
        let plan = Plan::for_list(job.settings().clone(), &dates, request.buckets)?;
        registry.load_chosen(model)?.check_compatible(&RowsPlan::from_settings(job.settings()))?;
        // What cannot be ranked is told before the engine begins.
        savings::response(job)?;
        Ok(request.limited(plan))
    })
}

/// Opens some tables of a plan, by their sections, and divides what is needed of their files among tasks.
///
/// # Errors
/// As [`exchange::divide`].
pub fn divide(context: &Context<'_>, plan: &Plan, tables: &[String], tasks: usize) -> Result<Division> {
    context.run(|job| {
        let division = exchange::divide(plan, tables, tasks)?;
        division.notes.iter().for_each(|note| job.note(note));
        Ok(division)
    })
}

/// Names the customers whose rows the list asks for once more, given the file of the rows that the engine has made.
///
/// # Errors
/// As [`publish`], but for those of writing.
pub fn pick(context: &Context<'_>, registry: &Registry, plan: Plan, rows: &Path, model: Option<&str>) -> Result<Plan> {
    context.run(|job| {
        let model = registry.load_chosen(model)?;
        let input = input(job, &plan, rows, PickedRows::default(), None)?;
        let scores = model.score(&input.data, &Selection::scored(&input.data, input.as_of))?;
        let response = savings::response(job)?;
        let ranking = ranked(job, &model, &input.data, &scores, response.as_ref())?;
        let id = |&position: &u32| input.data.customers.ids.display(scores.customers[position as usize] as usize);
        let listed: Vec<String> = ranking.order[..ranking.listed].iter().map(id).collect();

        let settings = job.settings();
        let is_copied = settings.customers.as_ref().is_some_and(|columns| !columns.passthrough.is_empty());
        let has_report = settings.publish.formats.contains(&Format::Html);
        let detailed = listed.iter().take(if has_report { DETAILED } else { 0 }).cloned().collect();
        let picked = Picked { listed: if is_copied { listed } else { Vec::new() }, detailed };
        let mut plan = plan;
        plan.picked = Some(picked);
        Ok(plan)
    })
}

/// What the engine has made for a list, in files of record batches.
#[derive(Clone, Debug)]
pub struct Made {
    /// The pieces of the customers and of the cancellations, and what reducing tasks have returned.
    pub rows: PathBuf,
    /// The rows of the customers table that were picked, if there were any to be.
    pub customers: Option<PathBuf>,
    /// The rows of the signals that were picked, if there were any to be.
    pub signals: Option<PathBuf>,
    /// The engine.
    pub engine: Engine,
}

/// Scores, ranks, explains and publishes the rows that an engine has made, as [`score`](super::score) does those of
/// this machine.
///
/// # Errors
/// As [`score::run`](super::score::run); [`Error::Temporary`] when rows were lost, when the tables have changed
/// meanwhile, or when another run has been published since the plan was made.
pub fn publish(
    context: &Context<'_>,
    registry: &Registry,
    plan: &Plan,
    made: &Made,
    model: Option<&str>,
) -> Result<Published> {
    context.run(|job| {
        let started = Instant::now();
        let model = registry.load_chosen(model)?;
        model.check_compatible(&RowsPlan::from_settings(job.settings()))?;
        let Some(&as_of) = plan.as_of.last() else { return Err(Error::Config("a plan without a date".to_owned())) };
        let response = savings::response(job)?;
        let staged = begin(job, as_of)?;
        let picked = PickedRows::read(plan, made.customers.as_deref(), made.signals.as_deref())?;
        let input = input(job, plan, &made.rows, picked, Some(made.engine.clone()))?;
        publish_into(job, staged, scored(job, registry, model, input, response.as_ref(), started)?)
    })
}

/// What a list reads of a prepared table.
#[derive(Clone, Debug, Serialize)]
pub struct TableColumns {
    /// Its columns.
    pub columns: Vec<String>,
    /// That of the ids.
    pub id: String,
    /// That of the as-of dates, if there is one.
    pub as_of: Option<String>,
}

/// Says which columns of a prepared table a list is made of, given batches that need not have a row.
///
/// # Errors
/// [`Error::Model`] when the model is missing, damaged, or was trained from signals; [`Error::Contract`] when the table
/// lacks a column.
pub fn table_columns(
    context: &Context<'_>,
    registry: &Registry,
    batches: &[RecordBatch],
    model: Option<&str>,
) -> Result<TableColumns> {
    context.run(|job| {
        let (model, table) = (registry.load_chosen(model)?, job.settings().table.as_ref());
        model.check_prepared(table)?;
        // What cannot be ranked is told before the engine begins.
        savings::response(job)?;
        let request = input::table_request(job, Given::Batches(batches), None);
        let (columns, as_of) = prepared::columns_for_scoring(&request, &model.version, &model.catalogue)?;
        Ok(TableColumns { columns, id: table.cloned().unwrap_or_default().id, as_of })
    })
}

/// Says of rows with ids and as-of dates which of them a list reads: those of its date, which is the newest one unless
/// it is named, and of the run before.
///
/// # Errors
/// [`Error::TooLittle`] when none of them is of that date; [`Error::Contract`] for dates that cannot be read.
pub fn table_dates(context: &Context<'_>, batches: &[RecordBatch], as_of: Option<Day>) -> Result<Vec<bool>> {
    context.run(|job| {
        job.not_after_today(as_of)?;
        let given = Given::Batches(batches);
        let of_rows = prepared::dates_of_rows(&input::table_request(job, given, as_of))?;
        let mut dates: Vec<Day> = of_rows.iter().flatten().copied().collect();
        dates.sort_unstable();
        dates.dedup();
        let wanted = input::wanted_dates(job, given, &dates, as_of, Also::RunBefore)?;
        Ok(of_rows.iter().map(|day| day.is_some_and(|day| wanted.contains(&day))).collect())
    })
}

/// Scores, ranks, explains and publishes the rows of a prepared table that an engine has read.
///
/// # Errors
/// As [`score::run`](super::score::run).
pub fn publish_table(
    context: &Context<'_>,
    registry: &Registry,
    batches: Vec<RecordBatch>,
    as_of: Option<Day>,
    model: Option<&str>,
    engine: Engine,
) -> Result<Published> {
    context.run(|job| {
        let started = Instant::now();
        job.not_after_today(as_of)?;
        let model = registry.load_chosen(model)?;
        let response = savings::response(job)?;
        let (mut input, staged) = read(job, &model, &Data::Batches(batches), as_of, |day| begin(job, day))?;
        input.engine = Some(engine);
        publish_into(job, staged, scored(job, registry, model, input, response.as_ref(), started)?)
    })
}

/// The dates of the rows that a list is made of.
fn dates(earlier: &EarlierRuns, as_of: Day) -> Vec<Day> {
    earlier.date().into_iter().chain([as_of]).collect()
}

/// The rows of a list, which pass the gates.
fn input(job: &Job<'_>, plan: &Plan, rows: &Path, picked: PickedRows, engine: Option<Engine>) -> Result<Input> {
    let Some(&as_of) = plan.as_of.last().filter(|_| plan.for_list) else {
        return Err(Error::Config("this plan is for no list".to_owned()));
    };
    let earlier = EarlierRuns::before(job, as_of);
    if dates(&earlier, as_of) != plan.as_of {
        return Err(Error::Temporary(format!(
            "the run before {as_of} in {} is another one than when this run was planned; run again",
            job.settings().paths.lists.display()
        )));
    }

    job.step("gathering");
    let (settings, zone) = (job.settings(), job.zone());
    let Gathered { customers, cancellations, data, earlier: earlier_rows, measured } =
        gather(plan, rows, job.memory())?;
    cancellations.doubts().for_each(|doubt| job.warn(doubt));
    let rows_plan = RowsPlan::from_settings(settings);
    let counts = match measured {
        Some(measured) => {
            let told = (measured, earlier_rows.as_slice());
            kpis::counted_elsewhere(job, &rows_plan, &plan.as_of, &data, &cancellations, told)?
        }
        None => None,
    };

    let has_cancellations = settings.churn.definition == ChurnDefinition::Event && settings.churn.path.is_some();
    let people = People {
        customers: &customers,
        cancellations: Some(&cancellations).filter(|_| has_cancellations),
        zone: &zone,
    };
    gates::check(job, people, &data, as_of)?;
    Ok(Input {
        as_of,
        counts,
        weeks: None,
        coverage: Some(past::of_scoring(job, people, &data, as_of)),
        engine,
        sources: input::signal_summaries(job, &data),
        quarantine: input::quarantine(job, people, &data),
        data,
        cancellations: Some(cancellations),
        earlier,
        origin: Origin::Exchange(Box::new((plan.clone(), picked))),
    })
}
