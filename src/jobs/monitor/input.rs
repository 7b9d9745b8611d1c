//! What is judged: the published runs, who was silent, and who was really contacted.

use crate::artefact::ChurnMeaning;
use crate::calendar::{Day, Timeline};
use crate::config::{ChurnDefinition, Settings};
use crate::dataset::{self, RowsPlan, Tables, Visited};
use crate::error::{Error, Result};
use crate::jobs::context::Job;
use crate::labels::{self, Label, Labels};
use crate::monitoring::history::Silences;
use crate::monitoring::lists::{self, Codes, KnownRun, Listed};
use crate::observer::Observer;
use crate::publish::{frame, runs};
use crate::registry::Registry;
use crate::sources::CustomerTable;
use polars::prelude::{DataFrame, DataType, PolarsResult};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A run with whom it named.
#[derive(Clone)]
pub(in crate::jobs) struct PublishedList {
    pub run: KnownRun,
    pub listed: Vec<Listed>,
    /// Whether its model predicts the churn that the settings define.
    pub predicts_our_churn: bool,
}

/// The lists whose outreach may have reached the customers of a date before the end of its label window, `span` days
/// later: those from one span before it on. All lists are oldest first.
pub(super) fn around(lists: &[PublishedList], as_of: Day, span: u32) -> &[PublishedList] {
    let (first, end) = (as_of.earlier_by(span), as_of.later_by(span));
    let from = lists.partition_point(|list| list.run.as_of() < first);
    let to = lists.partition_point(|list| list.run.as_of() < end);
    &lists[from..to]
}

/// Which runs are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Predicting {
    /// Those whose model predicts the churn that the settings define.
    OurChurn,
    /// All of them.
    AnyChurn,
}

/// The published runs up to a date, oldest first. One that cannot be used is noted and left out.
pub(super) fn read_lists(
    job: &Job<'_>,
    registry: &Registry,
    customers: &CustomerTable,
    last: Day,
    which: Predicting,
    codes: &mut Codes,
) -> Vec<PublishedList> {
    let settings = job.settings();
    for folder in runs::unfinished(&settings.paths.lists) {
        job.warn(format!("{} has no _SUCCESS, so its run was not finished; it is left out", folder.display()));
    }

    let meaning = ChurnMeaning::for_signals(&settings.churn);
    let mut other_labels: BTreeMap<String, bool> = BTreeMap::new();
    let mut lists = Vec::new();
    for run in runs::published(&settings.paths.lists).into_iter().filter(|run| run.as_of <= last) {
        let left_out = |why: &str| job.warn(format!("the run of {} is left out: {why}", run.as_of));
        let known = match KnownRun::read(&run) {
            Ok(known) => known,
            Err(why) => {
                left_out(&format!("{why}. Score that date again, or move its folder away"));
                continue;
            }
        };
        let has_other_label = *other_labels
            .entry(known.model_version.clone())
            .or_insert_with(|| registry.load(&known.model_version).is_ok_and(|model| model.churn != meaning));
        if has_other_label && which == Predicting::OurChurn {
            left_out(&format!("its model {} predicts another churn than the settings define now", known.model_version));
            continue;
        }
        match lists::listed(&run, &customers.ids, codes) {
            Ok(listed) => {
                lists.push(PublishedList { run: known, listed, predicts_our_churn: !has_other_label });
            }
            Err(error) => left_out(&error.to_string()),
        }
    }

    let silent: Vec<String> = lists
        .iter()
        .filter(|list| list.run.control_fraction.is_none())
        .map(|list| list.run.as_of().to_string())
        .collect();
    if let (Some(first), Some(last)) = (silent.first(), silent.last()) {
        job.warn(format!(
            "{} runs from {first} to {last} do not say how large their control group was (an older version made them): \
             nobody on them counts as left alone",
            silent.len()
        ));
    }
    lists
}

/// The dates whose label window is over.
pub(super) fn matured_dates(settings: &Settings, lists: &[PublishedList], until: Day) -> Result<Vec<Day>> {
    let dates: Vec<Day> = lists.iter().map(|list| list.run.as_of()).collect();
    let matured: Vec<Day> =
        dates.iter().copied().filter(|&as_of| labels::matured(&settings.churn, as_of, until)).collect();
    if !matured.is_empty() {
        return Ok(matured);
    }

    let folder = settings.paths.lists.display();
    Err(Error::TooLittle(match dates.first() {
        None => format!("there is no published run in {folder} to judge; publish one with `churn score --as-of DATE`"),
        Some(&first) => format!(
            "none of the {} published runs in {folder} has matured: what became of those on the list of {first} is \
             known on {}, and the data end before {until}. Come back then, or load what is missing of churn",
            dates.len(),
            first.later_by(labels::span_days(&settings.churn)),
        ),
    }))
}

/// Who was silent through the label window of each date, where that is churn.
pub(super) fn silences(job: &Job<'_>, tables: &Tables, dates: &[Day], until: Day) -> Result<Silences> {
    let churn = &job.settings().churn;
    let (Some(&first), ChurnDefinition::Inactivity) = (dates.first(), churn.definition) else {
        return Ok(Silences::new());
    };
    job.step("looking for silence");
    let plan = RowsPlan::from_settings(job.settings());
    let timeline = Timeline::new(&tables.zone, first, until, dates.to_vec());
    let labels = Labels::new(churn, plan.signals, &tables.cancellations, &timeline, until);

    let none = || vec![false; tables.customers.len()];
    let silent: Mutex<Vec<Vec<bool>>> = Mutex::new(dates.iter().map(|_| none()).collect());
    let visitor = |rows: &_, members: &[u32]| {
        let mut found = Vec::new();
        for (member, &customer) in members.iter().enumerate() {
            for (date, &as_of) in dates.iter().enumerate() {
                if labels.label(rows, member, customer, as_of) == Label::Churned {
                    found.push((date, customer));
                }
            }
        }
        let mut silent = silent.lock().unwrap_or_else(PoisonError::into_inner);
        found.into_iter().for_each(|(date, customer)| silent[date][customer as usize] = true);
    };
    dataset::visit(&plan, Visited::all(tables)?, |_| first, until, job, &visitor)?;
    let silent = silent.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(dates.iter().copied().zip(silent).collect())
}

/// When customers were contacted; none on a day that nobody says.
pub(super) type Contacts = HashMap<u32, Vec<Option<Day>>>;

/// Reads who was contacted, if there is such a file.
pub(super) fn read_contacts(settings: &Settings, customers: &CustomerTable) -> Result<Option<Contacts>> {
    let Some(path) = &settings.monitoring.contacted else { return Ok(None) };
    let broken = |why: String| {
        Error::Contract(format!(
            "monitoring.contacted: {}: {why}. It has to be one Parquet file with the column customer_id, and \
             contacted_on (a date) if it is known when",
            path.display()
        ))
    };
    let rows = contacted_rows(path).map_err(|error| broken(error.to_string()))?;

    let mut contacts = Contacts::new();
    for (id, day) in rows {
        if let Some(customer) = customers.ids.find(&id) {
            contacts.entry(customer as u32).or_default().push(day);
        }
    }
    Ok(Some(contacts))
}

fn contacted_rows(path: &Path) -> PolarsResult<Vec<(String, Option<Day>)>> {
    const DAY: &str = "contacted_on";
    let has_days = frame::columns_of(path)?.iter().any(|column| column == DAY);
    let columns: &[&str] = if has_days { &["customer_id", DAY] } else { &["customer_id"] };
    let frame: DataFrame = frame::read(path, columns)?;
    let ids = frame.column("customer_id")?.cast(&DataType::String)?;
    let days = if has_days {
        let days = frame.column(DAY)?.cast(&DataType::Date)?.cast(&DataType::Int32)?;
        days.i32()?.iter().map(|day| day.map(Day)).collect()
    } else {
        vec![None; frame.height()]
    };
    Ok(ids.str()?.iter().zip(days).filter_map(|(id, day)| Some((id?.to_owned(), day))).collect())
}
