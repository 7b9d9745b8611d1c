//! What is settled between packing and reducing, and what is concluded at the end.

use super::plan::{Plan, CHURN, CUSTOMERS, SIGNALS};
use super::report::{id_kind, BucketReport, PackReport, Packed, TableReport};
use crate::calendar::Day;
use crate::config::{ChurnDefinition, Settings};
use crate::coverage::{end_of_counted, LabelsEnd};
use crate::dataset::check_quarantine;
use crate::eligibility::Exclusion;
use crate::error::{Error, Result};
use crate::labels;
use crate::sources::{Limit, Quarantine, Reason, RowCounts};
use serde::Serialize;
use std::collections::BTreeMap;

/// A finished exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Rows of the feature table.
    pub rows: u64,
    /// Its numeric and categorical features.
    pub features: usize,
    /// What each date gave.
    pub as_of: Vec<DateRows>,
    /// What was read, by section of the settings.
    pub sources: BTreeMap<String, TableRows>,
    /// What is known of the labels, if there are to be any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<KnownLabels>,
}

/// What is known of labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownLabels {
    /// The first day that they know nothing about.
    pub end: Day,
    /// Why that is not the end of the data, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The dates whose labels have not matured: rows that were made of one bucket do not know where the cancellations
    /// of all end, so a label that they have is none.
    pub unmatured: Vec<Day>,
}

/// The rows of a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DateRows {
    /// The date.
    pub as_of: Day,
    /// Eligible customers.
    pub rows: u64,
    /// Who is not eligible, and why.
    pub excluded: BTreeMap<Exclusion, u64>,
}

/// What was read of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableRows {
    /// Rows read.
    pub rows_read: u64,
    /// Rows used.
    pub rows_used: u64,
    /// Rows that could not be used, by reason.
    pub quarantine: BTreeMap<Reason, u64>,
}

/// The plan with what all tasks have packed, of which each table's kind of ids and each signal's first day are
/// needed to go on.
///
/// # Errors
/// [`Error::Config`] when a task packed by another plan; [`Error::Contract`] when ids are integers in one table and
/// texts in another; [`Error::TooLittle`] without customers; [`Error::Temporary`] when tasks were not given the rows
/// that somebody who counted before left for them.
pub fn settle(mut plan: Plan, reports: &[PackReport]) -> Result<Plan> {
    let mut tables: Vec<PackReport> =
        (0..plan.numbers()).map(|source| PackReport { source, ..PackReport::default() }).collect();
    let digest = plan.digest()?;
    let mut left: Vec<Option<u64>> = vec![None; plan.numbers()];
    for report in reports {
        if report.plan != digest {
            return Err(Error::Config(
                "the pieces in the staging folder were packed for other dates, settings or buckets; do not go on from \
                 them, pack again"
                    .to_owned(),
            ));
        }
        let of_table = tables.get_mut(report.source);
        of_table.ok_or_else(|| Error::Internal(format!("a report of table {}", report.source)))?.merge(report);
        // What was left for tasks is in the count of the rows that were there.
        left[report.source] = left[report.source].max(report.left.map(|left| left + report.read));
    }
    for source in plan.sources()? {
        let read = tables[source.number].read;
        if let Some(counted) = left[source.number].filter(|&counted| counted != read) {
            return Err(Error::Temporary(format!(
                "{}: the table had {counted} rows when they were counted, and {read} when they were packed; it changes \
                 while it is read. Run again when it is whole, or name a version of it, or a view that always gives \
                 the same rows",
                source.what
            )));
        }
    }

    let customers = &tables[CUSTOMERS];
    if customers.sent.rows == 0 {
        return Err(no_customers(customers.read));
    }
    let text_ids = customers.text_ids.unwrap_or(false);
    for source in plan.sources()? {
        let others = tables[source.number].text_ids.map(id_kind);
        if let Some(found) = others.filter(|&found| found != id_kind(text_ids)) {
            return Err(Error::Contract(format!(
                "{}: the ids in column `{}` are {}s, but those of the customers table are {}s; they are compared \
                 as what they are, so write both as one type",
                source.what,
                source.id_column(),
                found.name(),
                id_kind(text_ids).name(),
            )));
        }
    }

    plan.packed = Some(Packed { text_ids, tables });
    Ok(plan)
}

fn no_customers(rows: u64) -> Error {
    Error::TooLittle(format!(
        "customers: the table has no customer, only {rows} rows; correct customers.path, or export the table again"
    ))
}

/// Ends an exchange: adds the reports of all buckets up, and holds them against what was packed and against the limits
/// of quarantine.
///
/// # Errors
/// [`Error::Temporary`] when pieces were lost or doubled on the way; [`Error::Config`] when rows were made by another
/// plan; [`Error::Internal`] when a bucket was worked on twice; [`Error::Contract`] when too many rows of a table
/// cannot be used; [`Error::TooLittle`] without customers.
pub fn conclude(plan: &Plan, reports: &[BucketReport]) -> Result<Summary> {
    let packed = plan.packed()?;
    let digest = plan.digest()?;
    if reports.iter().any(|report| report.plan != digest) {
        return Err(Error::Config(
            "the rows in the staging folder were made of other pieces; do not go on from them, reduce again".to_owned(),
        ));
    }
    let mut seen: Vec<u32> = reports.iter().map(|report| report.bucket).collect();
    seen.sort_unstable();
    if let Some(pair) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::Internal(format!(
            "bucket {} was handed out twice: the engine has split the rows of a bucket over two tasks",
            pair[0]
        )));
    }

    let mut all = BucketReport {
        tables: vec![TableReport::default(); plan.numbers()],
        rows: vec![0; plan.as_of.len()],
        excluded: vec![BTreeMap::new(); plan.as_of.len()],
        ..BucketReport::default()
    };
    reports.iter().for_each(|report| all.merge(report));
    nothing_is_lost(plan, packed, &all)?;
    limits(plan, packed, &all)?;

    let dates = plan.as_of.iter().zip(all.rows.iter().zip(all.excluded));
    let sources = plan.sources()?.into_iter().map(|source| {
        let (packed, used) = (&packed.tables[source.number], &all.tables[source.number]);
        let quarantine = quarantine(packed, used).counts();
        (source.name, TableRows { rows_read: packed.read, rows_used: used.used, quarantine })
    });
    let labels = known_labels(plan, &all.cancelled)?;
    Ok(Summary {
        rows: all.rows.iter().sum(),
        features: plan.rows_plan().catalogue().names().count(),
        as_of: dates.map(|(&as_of, (&rows, excluded))| DateRows { as_of, rows, excluded }).collect(),
        sources: sources.collect(),
        labels,
    })
}

/// What is known of labels, given how many customers cancelled on each day.
fn known_labels(plan: &Plan, cancelled: &BTreeMap<i32, u64>) -> Result<Option<KnownLabels>> {
    let Settings { churn, gates, .. } = &plan.settings;
    let zone = plan.settings.zone();
    let Some(data) = plan.labels_end(&zone, None)? else { return Ok(None) };
    let outcomes = match churn.definition {
        ChurnDefinition::Event => end_of_counted(cancelled, data.day, gates.max_label_silence),
        ChurnDefinition::Inactivity => None,
    };

    let Some(LabelsEnd { day: end, why }) = plan.labels_end(&zone, outcomes)? else { return Ok(None) };
    let unmatured = plan.as_of.iter().copied().filter(|&as_of| !labels::matured(churn, as_of, end)).collect();
    Ok(Some(KnownLabels { end, why, unmatured }))
}

/// Fails unless what came is what was sent.
fn nothing_is_lost(plan: &Plan, packed: &Packed, all: &BucketReport) -> Result<()> {
    for source in plan.sources()? {
        let (sent, received) = (packed.tables[source.number].sent, all.tables[source.number].received);
        if sent != received {
            return Err(Error::Temporary(format!(
                "{}: {} rows in {} pieces were packed, and {} rows in {} pieces came out of the shuffle; rows were \
                 lost or doubled on the way, or the staging folder holds those of several runs. Run again with an \
                 empty staging folder",
                source.what, sent.rows, sent.pieces, received.rows, received.pieces,
            )));
        }
    }
    Ok(())
}

/// Fails when more rows of a table are in quarantine than the settings allow.
fn limits(plan: &Plan, packed: &Packed, all: &BucketReport) -> Result<()> {
    let share = plan.settings.gates.max_quarantine_share;
    let of_table = |number: usize| quarantine(&packed.tables[number], &all.tables[number]);
    if let Some(customers) = &plan.settings.customers {
        let limit = Limit::new("customers", customers.max_quarantine_share, share);
        of_table(CUSTOMERS).check("customers", packed.tables[CUSTOMERS].read, &limit)?;
    }
    if all.customers == 0 {
        return Err(no_customers(packed.tables[CUSTOMERS].read));
    }
    let limit = Limit::new("churn", plan.settings.churn.max_quarantine_share, share);
    of_table(CHURN).check("churn", packed.tables[CHURN].read, &limit)?;

    for (place, (name, settings)) in plan.settings.signals.iter().enumerate() {
        let number = SIGNALS + place;
        let rows = RowCounts { kept: all.tables[number].used, quarantine: of_table(number), ..RowCounts::default() };
        check_quarantine(&plan.rows_plan(), name, settings, &rows)?;
    }
    Ok(())
}

/// The rows of a table that could not be used.
fn quarantine(packed: &PackReport, all: &TableReport) -> Quarantine {
    let mut quarantine = Quarantine::default();
    quarantine.add(Reason::NullTime, packed.without_time);
    all.quarantine.iter().for_each(|(&reason, &rows)| quarantine.add(reason, rows));
    quarantine
}
