//! The gates in front of a list and of a training: fresh data, whole last days, known outcomes, and enough of
//! everything.

use super::context::Job;
use super::past::{self, People};
use crate::calendar::Day;
use crate::config::ChurnDefinition;
use crate::coverage::{self, LabelsEnd};
use crate::dataset::{Dataset, Tables};
use crate::error::{Error, Result};
use crate::language::Message;
use crate::sources::{self, Reason};
use crate::spelling;

/// Stops a run on stale or too few data, and notes rows of unknown customers.
///
/// # Errors
/// [`Error::TooLittle`] without rows, or with fewer eligible customers than `gates.min_customers`; [`Error::Stale`]
/// when the newest row of a signal is too old, or its last day is not whole.
pub(super) fn check<'a>(job: &Job<'_>, people: impl Into<People<'a>>, data: &Dataset, as_of: Day) -> Result<()> {
    let people = people.into();
    let settings = job.settings();
    if data.reports.iter().all(|report| report.rows.newest.is_none() && report.rows.before == 0) {
        return Err(Error::TooLittle(format!(
            "no signal has a row before {as_of}; choose a later as-of date, or check the signals' paths"
        )));
    }

    fresh(job, people, data, as_of)?;

    let date = data.as_of.iter().position(|&day| day == as_of).unwrap_or(0);
    let eligible = data.counts(date).rows;
    if eligible < u64::from(settings.gates.min_customers) || eligible == 0 {
        let excluded = &data.exclusions[date];
        return Err(Error::TooLittle(format!(
            "{eligible} of {} customers are eligible on {as_of}, fewer than the {} that a list needs \
             (gates.min_customers); excluded: {excluded}. Check the as-of date and [eligibility], or lower the gate",
            people.customers.len(),
            settings.gates.min_customers.max(1),
        )));
    }
    Ok(())
}

/// Fails unless every signal has a row that is new enough, and a last day that is whole.
fn fresh(job: &Job<'_>, people: People<'_>, data: &Dataset, as_of: Day) -> Result<()> {
    let settings = job.settings();
    let mut stale = Vec::new();

    for ((name, signal), report) in settings.signals.iter().zip(&data.reports) {
        let allowed = signal.max_staleness_days.unwrap_or(settings.gates.max_staleness_days);
        match report.rows.newest.map(|newest| people.zone.day_of(newest)) {
            None if report.rows.before == 0 && report.rows.after == 0 => {
                stale.push(format!("signal `{name}` has no row at all"));
            }
            None => stale.push(format!("signal `{name}` has no row in the look-back before {as_of}")),
            // The day before the as-of date is no staleness at all.
            Some(day) if as_of.0 - 1 - day.0 > allowed as i32 => stale.push(format!(
                "signal `{name}`: the newest row before {as_of} is of {day}, {} days earlier; at most {allowed} are \
                 allowed",
                as_of.0 - day.0,
            )),
            Some(_) => {}
        }

        let unknown = report.rows.quarantine.counts().get(&Reason::UnknownCustomer).copied().unwrap_or(0);
        if unknown > 0 {
            job.warn(Message::new("unknown-ids").text("signal", format!("`{name}`")).count("rows", unknown));
        }
    }

    let late = !stale.is_empty();
    for (name, found) in past::observed(job, people, data).last_day_verdicts() {
        let told = past::of_signal(name, &found);
        if found.is_stale() {
            stale.push(told.to_string());
        } else {
            job.warn(told);
        }
    }

    if stale.is_empty() {
        return Ok(());
    }
    let setting = if late {
        "raise gates.max_staleness_days (or the signal's own max_staleness_days)"
    } else {
        "if the day is as it should be, lower gates.min_day_share (or the signal's own min_day_share; 0 asks nothing)"
    };
    Err(Error::Stale(format!(
        "the data are stale: {}. Load the missing days and run again, choose an earlier as-of date, or {setting}",
        stale.join("; ")
    )))
}

/// Fails if the last day of a signal whose silence is churn is not whole: what is missing there would be silence.
///
/// # Errors
/// [`Error::Stale`] with what is missing.
pub(super) fn whole_silence(job: &Job<'_>, tables: &Tables, data: &Dataset) -> Result<()> {
    let churn = &job.settings().churn;
    if churn.definition != ChurnDefinition::Inactivity {
        return Ok(());
    }
    let found = past::observed(job, tables, data).last_day_verdicts();
    let stale = found.iter().find(|(name, found)| churn.signals.contains(name) && found.is_stale());
    stale.map_or(Ok(()), |(name, found)| {
        Err(Error::Stale(format!(
            "the data are stale: signal {}: {}, and its silence would be taken for churn. Load the missing days \
             and run again, choose an earlier date, or, if the day is as it should be, lower gates.min_day_share (or \
             the signal's own min_day_share; 0 asks nothing)",
            spelling::named(name),
            found.message(),
        )))
    })
}

/// The first day that labels know nothing about: that of [`data_end`], unless what they are made of ends long before
/// it. What ends is told.
///
/// # Errors
/// As [`data_end`].
pub(super) fn labels_end(job: &Job<'_>, tables: &Tables, as_of: Option<Day>) -> Result<LabelsEnd> {
    let settings = job.settings();
    let (churn, allowed) = (&settings.churn, settings.gates.max_staleness_days);
    let DataEnd { day, newest } = data_end(job, tables, as_of)?;
    let outcomes = match churn.definition {
        ChurnDefinition::Event => past::outcomes(job, tables, day),
        ChurnDefinition::Inactivity => None,
    };
    let data = coverage::DataEnd { signals: &settings.signals, newest: &newest, day };
    let end = LabelsEnd::new(&data, churn, allowed, outcomes);
    end.why.iter().for_each(|why| job.warn(why));
    Ok(end)
}

/// Where the data end.
pub(super) struct DataEnd {
    /// The day after the newest row of any signal, or the as-of date if that is earlier.
    pub day: Day,
    /// The day of the newest row of each signal.
    newest: Vec<Option<Day>>,
}

/// The first day that the data say nothing about: the day after the newest row of any signal, or `as_of` if that is
/// earlier.
///
/// # Errors
/// [`Error::TooLittle`] without any row; [`Error::Stale`] when the data end long before `as_of`, so that silence would
/// be taken for churn.
pub(super) fn data_end(job: &Job<'_>, tables: &Tables, as_of: Option<Day>) -> Result<DataEnd> {
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
    let newest = newest.iter().map(|newest| newest.map(|instant| zone.day_of(instant))).collect();
    Ok(DataEnd { day: as_of.map_or(end, |day| day.min(end)), newest })
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
