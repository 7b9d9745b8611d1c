//! What the measures of a run are made of: counts over the rows that its features look at, and over those before them.

use super::context::Job;
use crate::calendar::Day;
use crate::dataset::{self, Dataset, RowsPlan, ScanDays, Tables, Visited, Visitor};
use crate::error::Result;
use crate::kpis::{Counted, Counts, Pass, Period, Scope, Segments, Tally};
use crate::language::Message;
use crate::observer::{Note, Observer};
use crate::sources::{Cancellations, CustomerTable, Reason, RowCounts, SignalReport};

/// The days that a run for the last of these dates reads: those of the features of all, and those of the measures.
pub(super) fn days(job: &Job<'_>, plan: &RowsPlan<'_>, dates: &[Day]) -> ScanDays {
    let days = plan.days(dates, false);
    let Some(&as_of) = dates.last() else { return days };
    let periods = Period::before(as_of, job.settings().kpi.period);
    let first = Tally::first_day(&periods, plan.churn).unwrap_or(days.first);
    ScanDays { first: first.min(days.first), ..days }
}

/// The rows of these dates, and what was counted of the rows before the last of them. The rows that features are made
/// of are shown to `also`.
pub(super) fn build_and_count(
    job: &Job<'_>,
    plan: &RowsPlan<'_>,
    tables: &Tables,
    dates: &[Day],
    also: Visitor<'_>,
) -> Result<(Dataset, Option<Counts>)> {
    let periods = dates.last().map(|&as_of| (as_of, Period::before(as_of, job.settings().kpi.period)));
    let Some((as_of, periods)) = periods.filter(|(_, periods)| !periods.is_empty()) else {
        job.step("reading");
        return Ok((dataset::build_visited(plan, tables, dates, None, job, also)?, None));
    };

    let tally = tally(job, plan, periods, as_of, (&tables.customers, &tables.cancellations))?;
    let (earlier, recent) = tally.passes(plan.days(dates, false).first);

    job.step("reading");
    let earlier = match earlier {
        Some(pass) => Some(count_earlier(job, plan, tables, &tally, &pass)?),
        None => None,
    };
    let visitor = |rows: &_, members: &[u32]| {
        tally.add(&recent, rows, members);
        also(rows, members);
    };
    let data = dataset::build_visited(plan, tables, dates, None, job, &visitor)?;

    let oldest = earlier.as_ref().unwrap_or(&data.reports);
    let before: Vec<bool> = oldest.iter().map(|report| report.rows.before > 0).collect();
    let counts = tally.finish(&before);
    Ok((data, Some(counts)))
}

/// Counts the rows before those that features look at. What cannot be used of them is told, and stops nothing: the list
/// does not depend on it.
fn count_earlier(
    job: &Job<'_>,
    plan: &RowsPlan<'_>,
    tables: &Tables,
    tally: &Tally<'_>,
    pass: &Pass,
) -> Result<Vec<SignalReport>> {
    let days = ScanDays { first: pass.first(), end: pass.end() };
    let visitor = |rows: &_, members: &[u32]| tally.add(pass, rows, members);
    let reports = dataset::visit(plan, Visited::all(tables)?, |_| days.first, days.end, job, &visitor)?;

    tell_of_earlier(job, plan, reports.iter().map(|report| &report.rows), days);
    Ok(reports)
}

/// Says where many of the rows that no feature looks at cannot be used.
fn tell_of_earlier<'a>(job: &Job<'_>, plan: &RowsPlan<'_>, rows: impl Iterator<Item = &'a RowCounts>, days: ScanDays) {
    for ((name, signal), rows) in plan.signals.iter().zip(rows) {
        let unusable = rows.quarantine.total();
        let all = rows.kept + unusable;
        let allowed = signal.max_quarantine_share.unwrap_or(plan.max_quarantine_share);
        if unusable as f64 > allowed * all as f64 {
            let of_reason = |(reason, rows): (Reason, u64)| {
                Message::new("kpi-rows-with").count("rows", rows).word("reason", "quarantine", reason.name())
            };
            job.warn(
                Message::new("kpi-earlier-rows")
                    .text("signal", format!("`{name}`"))
                    .count("unusable", unusable)
                    .count("all", all)
                    .day("first", days.first)
                    .day("end", days.end)
                    .list("reasons", rows.quarantine.counts().into_iter().map(of_reason)),
            );
        }
    }
}

/// What the customers of a date are counted with.
fn tally<'a>(
    job: &Job<'_>,
    plan: &'a RowsPlan<'_>,
    periods: Vec<Period>,
    as_of: Day,
    (customers, cancellations): (&'a CustomerTable, &'a Cancellations),
) -> Result<Tally<'a>> {
    let categorical = plan.customers.map_or(&[][..], |customers| &customers.categorical);
    let segments = job.settings().kpi.segments.as_deref();
    let segments = Segments::new(customers, categorical, segments, &|note| job.note(&note));
    let scope = Scope {
        periods,
        as_of,
        zone: plan.zone.clone(),
        signals: plan.signals,
        churn: plan.churn,
        customers,
        cancellations,
    };
    Tally::new(scope, segments, job.memory())
}

/// What was counted elsewhere of the rows before the last of these dates: `measured` of all customers, and `earlier` of
/// the rows that no feature looks at, if there are any.
pub(super) fn counted_elsewhere(
    job: &Job<'_>,
    plan: &RowsPlan<'_>,
    dates: &[Day],
    data: &Dataset,
    cancellations: &Cancellations,
    (measured, earlier): (Counted, &[RowCounts]),
) -> Result<Option<Counts>> {
    let Some(&as_of) = dates.last() else { return Ok(None) };
    let periods = Period::before(as_of, job.settings().kpi.period);
    let tally = tally(job, plan, periods, as_of, (&data.customers, cancellations))?;
    let (pass, _) = tally.passes(plan.days(dates, false).first);
    if let Some(pass) = &pass {
        tell_of_earlier(job, plan, earlier.iter(), ScanDays { first: pass.first(), end: pass.end() });
    }
    tally.add_counted(measured)?;

    let recent = || data.reports.iter().map(|report| report.rows.before > 0).collect();
    let before: Vec<bool> =
        if earlier.is_empty() { recent() } else { earlier.iter().map(|rows| rows.before > 0).collect() };
    Ok(Some(tally.finish(&before)))
}

/// What there is to be told of a prepared table, which has no signals: its risks, in the newest period.
pub(super) fn of_prepared(job: &Job<'_>, data: &Dataset, as_of: Day) -> Option<Counts> {
    let kpi = &job.settings().kpi;
    let periods = Period::before(as_of, kpi.period);
    let newest = periods.len().checked_sub(1)?;
    let note = |note: Note| job.note(&note);
    let segments = Segments::new(&data.customers, &data.catalogue.categorical, kpi.segments.as_deref(), &note);
    Some(Counts::none(periods[newest..].to_vec(), segments))
}
