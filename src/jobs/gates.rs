//! The gates in front of a list and of a training: fresh data, and enough of them.

use super::context::Job;
use crate::calendar::Day;
use crate::dataset::{Dataset, Tables};
use crate::error::{Error, Result};
use crate::sources::{self, Reason};

/// Stops a run on stale or too few data, and notes rows of unknown customers.
///
/// # Errors
/// [`Error::TooLittle`] without rows, or with fewer eligible customers than `gates.min_customers`; [`Error::Stale`] when
/// the newest row of a signal is too old.
pub(super) fn check(job: &Job<'_>, tables: &Tables, data: &Dataset, as_of: Day) -> Result<()> {
    let settings = job.settings();
    if data.reports.iter().all(|report| report.rows.newest.is_none() && report.rows.before == 0) {
        return Err(Error::TooLittle(format!(
            "no signal has a row before {as_of}; choose a later as-of date, or check the signals' paths"
        )));
    }

    fresh(job, tables, data, as_of)?;

    let date = data.as_of.iter().position(|&day| day == as_of).unwrap_or(0);
    let eligible = data.counts(date).rows;
    if eligible < u64::from(settings.gates.min_customers) || eligible == 0 {
        let excluded = &data.exclusions[date];
        return Err(Error::TooLittle(format!(
            "{eligible} of {} customers are eligible on {as_of}, fewer than the {} of gates.min_customers; excluded: \
             {excluded}. Check the as-of date and [eligibility], or lower the gate",
            tables.customers.len(),
            settings.gates.min_customers,
        )));
    }
    Ok(())
}

/// Fails unless every signal has a row that is new enough.
fn fresh(job: &Job<'_>, tables: &Tables, data: &Dataset, as_of: Day) -> Result<()> {
    let settings = job.settings();
    let mut stale = Vec::new();

    for ((name, signal), report) in settings.signals.iter().zip(&data.reports) {
        let allowed = signal.max_staleness_days.unwrap_or(settings.gates.max_staleness_days);
        match report.rows.newest.map(|newest| tables.zone.day_of(newest)) {
            None if report.rows.before == 0 && report.rows.after == 0 => {
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

        let unknown = report.rows.quarantine.counts().get(&Reason::UnknownCustomer).copied().unwrap_or(0);
        if unknown > 0 {
            job.warn(format!("signal `{name}`: {unknown} rows are of ids that the customers table lacks"));
        }
    }

    if stale.is_empty() {
        return Ok(());
    }
    Err(Error::Stale(format!(
        "the data are stale: {}. Load the missing days and run again, choose an earlier as-of date, or raise \
         gates.max_staleness_days (or the signal's own max_staleness_days)",
        stale.join("; ")
    )))
}

/// The first day that the labels know nothing about: the day after the newest row of any signal, or `as_of` if that is
/// earlier.
///
/// # Errors
/// [`Error::TooLittle`] without any row; [`Error::Stale`] when the data end long before `as_of`, so that silence would
/// be taken for churn.
pub(super) fn data_end(job: &Job<'_>, tables: &Tables, as_of: Option<Day>) -> Result<Day> {
    let (settings, zone) = (job.settings(), &tables.zone);
    let limit = zone.midnight(as_of.unwrap_or(job.today().plus(1)));
    let newest = tables.sources.newest(&settings.signals, limit, zone)?;

    let Some(end) = sources::data_end(&newest, zone) else {
        return Err(Error::TooLittle(match as_of {
            Some(day) => format!("no signal has a row before {day}; choose a later date, or check the signals' paths"),
            None => no_rows(job, tables),
        }));
    };

    let staleness = as_of.map_or(0, |day| day.0 - end.0);
    if staleness > settings.gates.max_staleness_days as i32 {
        return Err(Error::Stale(format!(
            "the newest row of any signal is of {}, {} days before {}; at most {} are allowed \
             (gates.max_staleness_days). Load the missing days, or choose an earlier date",
            end.plus(-1),
            staleness + 1,
            end.plus(staleness),
            settings.gates.max_staleness_days,
        )));
    }
    Ok(as_of.map_or(end, |day| day.min(end)))
}

/// What is said where no signal has a row by now, with the rows that there are.
fn no_rows(job: &Job<'_>, tables: &Tables) -> String {
    let signals = job.settings().signals.keys().zip(&tables.sources.signals);
    let found: Vec<String> = signals
        .map(|(name, table)| {
            let rows: u64 = table.files.iter().map(|file| file.rows()).sum();
            format!("`{name}` has {rows} rows in {} files", table.files.len())
        })
        .collect();
    format!(
        "no signal has a row that is dated by now: {}; correct the paths, or export the tables again",
        found.join(", ")
    )
}
