//! Everything that can be said of the data before anything is trained or scored.

use super::context::{Context, Job};
use super::definition::{self, Who};
use super::{deliver, gates, input, past};
use crate::calendar::Day;
use crate::coverage::Coverage;
use crate::dataset::silence::Silence;
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{Dataset, RowCounts, Selection, Tables};
use crate::eligibility::Exclusions;
use crate::error::{Error, Result};
use crate::features::Measure;
use crate::labels;
use crate::publish::manifest::SourceSummary;
use crate::reasons::protected::Named;
use crate::reasons::{self, Playbook};
use crate::sources::{self, plausibility, Quarantine};
use serde::Serialize;
use std::collections::BTreeMap;

/// Data that are in order.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// The date that they were checked for.
    pub as_of: Day,
    /// Customers that a list of that date would score.
    pub eligible: u64,
    /// Who would not be, and why.
    pub excluded: Exclusions,
    /// For how long those customers have been silent.
    pub silence: Option<Silence>,
    /// What was read of each signal.
    pub sources: BTreeMap<String, SourceSummary>,
    /// Rows that could not be used, by source and reason.
    pub quarantine: BTreeMap<String, Quarantine>,
    /// What a training would learn from.
    pub training: History,
    /// What the tables hold of the past.
    pub coverage: Coverage,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Every table in order: customers, signals, churn.
    #[serde(skip)]
    pub tables: Vec<CheckedTable>,
}

/// What a training would learn from.
#[derive(Clone, Debug, Serialize)]
pub struct History {
    /// Its dates.
    pub snapshots: Snapshots,
    /// Labelled rows of all dates.
    pub rows: usize,
    /// How many of them churned.
    pub churners: u64,
    /// Date by date.
    #[serde(skip)]
    pub dates: Vec<SnapshotRows>,
}

/// The labelled rows of a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRows {
    /// The date.
    pub as_of: Day,
    /// Its rows.
    pub rows: u64,
    /// How many of them churned.
    pub churners: u64,
}

/// A table that was read.
#[derive(Clone, Debug)]
pub struct CheckedTable {
    /// Its name: of a signal, or `customers`, or `churn`.
    pub name: String,
    /// Its files.
    pub files: usize,
    /// Rows read.
    pub rows: u64,
    /// Rows, or customers, that are used.
    pub used: u64,
    /// The day of the newest row of a signal.
    pub newest: Option<Day>,
    /// Rows in quarantine.
    pub quarantined: u64,
}

/// Holds the sources against their contract, the gates, and what a training needs; trains nothing. Without a date it is
/// the day after the newest row.
///
/// # Errors
/// The first thing that is not in order: [`Error::Contract`], [`Error::Stale`] or [`Error::TooLittle`].
pub fn run(context: &Context<'_>, as_of: Option<Day>) -> Result<Checked> {
    context.run_in_english(|job| {
        job.not_after_today(as_of)?;
        let tables = input::open_tables(job)?;
        let as_of = match as_of {
            Some(day) => day,
            None => gates::data_end(job, &tables, None)?.day,
        };
        // Lists copy these; the rest of the check does not look at them.
        let copied = &sources::customer_columns(job.settings().customers.as_ref())?.passthrough;
        tables.sources.customers.try_columns(copied)?;
        let data = input::build(job, &tables, &[as_of], None)?;
        gates::check(job, &tables, &data, as_of)?;
        let eligible = Selection::scored(&data, as_of);
        let silence = definition::silence(job, &data, &eligible)?;
        definition::warn_of_those_who_left(job, Who::ToScore, silence.as_ref());
        for advice in plausibility::advice(job.settings(), &tables.sources, &tables.zone)? {
            job.warn(advice);
        }
        let settings = job.settings();
        let codes = reasons::codes(&settings.signals, &data.catalogue);
        Playbook::new(&settings.playbook).unmatched(&codes).into_iter().for_each(|sentence| job.warn(sentence));
        warn_of_protected(job, &data);
        deliver::advise(job);
        // A training needs more than scoring: matured labels, and enough churners.
        let training = history(job, &tables, as_of)?;
        let coverage = coverage(job, &tables, &data, as_of, &training);

        Ok(Checked {
            as_of,
            eligible: data.counts(0).rows,
            excluded: data.exclusions[0],
            silence,
            sources: input::signal_summaries(job, &data),
            quarantine: input::quarantine(job, (&tables).into(), &data),
            training,
            coverage,
            warnings: job.warnings(),
            tables: checked_tables(job, &tables, &data),
        })
    })
}

/// What the tables hold of the days that a list of the date and a training look at. What a person should know of it is
/// told.
fn coverage(job: &Job<'_>, tables: &Tables, data: &Dataset, as_of: Day, training: &History) -> Coverage {
    let churn = &job.settings().churn;
    let mut dates: Vec<Day> = training.dates.iter().map(|date| date.as_of).collect();
    dates.push(as_of);

    let observed = past::observed(job, tables, data);
    let mut coverage = observed.coverage(&dates, as_of);
    for (snapshot, _) in coverage.snapshots.iter_mut().zip(&training.dates) {
        snapshot.labels_to = Some(snapshot.as_of.later_by(labels::span_days(churn)).plus(-1));
    }
    observed.advice(&coverage.snapshots).into_iter().for_each(|advice| job.warn(advice));
    let gaps = coverage.signals.iter().map(|(name, signal)| (name.as_str(), signal.gaps.as_slice()));
    past::warn_of_gaps(job, gaps);
    coverage
}

/// Columns that a list perhaps should not tell.
fn warn_of_protected(job: &Job<'_>, data: &Dataset) {
    let catalogue = &data.catalogue;
    let numeric = catalogue.numeric.iter().filter(|feature| feature.measure == Measure::Numeric);
    let numeric = numeric.map(|feature| Named::numeric(&feature.name));
    let categorical = catalogue.categorical.iter().zip(&data.customers.categorical);
    let all = numeric.chain(categorical.map(|(name, levels)| Named::categorical(name, levels)));

    let untold = &job.settings().reasons.untold;
    let is_open = |column: &Named<'_>| column.is_protected() && !untold.iter().any(|name| name == column.name);
    let open: Vec<&str> = all.filter(is_open).map(|column| column.name).collect();
    if !open.is_empty() {
        job.warn(format!(
            "{} by name protected attributes: {}. If lists must not tell them, add to the configuration: [reasons] \
             untold = [{}]. The model may use them all the same; if it must not, leave them out of customers.numeric \
             and customers.categorical",
            if open.len() == 1 { "one column is" } else { "some columns are" },
            open.join(", "),
            open.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", "),
        ));
    }
}

/// The snapshots of a training on the date, and their rows.
fn history(job: &Job<'_>, tables: &Tables, as_of: Day) -> Result<History> {
    let end = gates::labels_end(job, tables, Some(as_of))?.day;
    let settings = job.settings();
    let snapshots = Snapshots::choose(&settings.training, &settings.churn, end)?;
    let data = input::build(job, tables, &snapshots.all(), Some(end))?;
    gates::whole_silence(job, tables, &data)?;
    definition::advise(job, tables, &data, &snapshots)?;

    let dates: Vec<SnapshotRows> = (0..data.as_of.len())
        .map(|date| {
            let RowCounts { rows, churners } = data.counts(date);
            SnapshotRows { as_of: data.as_of[date], rows, churners }
        })
        .collect();
    let churners = dates.iter().map(|date| date.churners).sum();

    let least = settings.gates.min_churners;
    if churners < u64::from(least) {
        return Err(Error::TooLittle(format!(
            "training needs {least} churners (gates.min_churners), found {churners} in {} rows of {} snapshots; add \
             snapshots or a longer horizon, or lower the gate",
            data.rows(),
            data.as_of.len(),
        )));
    }
    Ok(History { snapshots, rows: data.rows(), churners, dates })
}

fn checked_tables(job: &Job<'_>, tables: &Tables, data: &Dataset) -> Vec<CheckedTable> {
    let customers = &tables.customers;
    let mut checked = vec![CheckedTable {
        name: "customers".to_owned(),
        files: tables.sources.customers.files.len(),
        rows: customers.rows,
        used: customers.len() as u64,
        newest: None,
        quarantined: customers.quarantine.total(),
    }];

    for (name, report) in job.settings().signals.keys().zip(&data.reports) {
        checked.push(CheckedTable {
            name: name.clone(),
            files: report.files,
            rows: report.rows.read,
            used: report.rows.kept,
            newest: report.rows.newest.map(|instant| tables.zone.day_of(instant)),
            quarantined: report.rows.quarantine.total(),
        });
    }

    if let Some(table) = &tables.sources.churn {
        let (rows, quarantined) = (tables.cancellations.rows, tables.cancellations.quarantine.total());
        checked.push(CheckedTable {
            name: "churn".to_owned(),
            files: table.files.len(),
            rows,
            used: rows - tables.cancellations.open - quarantined,
            newest: None,
            quarantined,
        });
    }
    checked
}
