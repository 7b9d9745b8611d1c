//! The simulated population: customers whose engagement signals and churn follow known drivers, as Parquet. Some
//! drift away before they churn, each for a named cause; some go without warning; some only seem to.
//!
//! A plan's folder holds
//!
//! | what | columns |
//! |---|---|
//! | `customers.parquet` | `customer_id`, `signup_date`, `plan`, `region`, `monthly_revenue`, `account_owner` |
//! | `churn.parquet` | `customer_id`, `churned_on` (the first day without the customer) |
//! | `truth.parquet` | `customer_id`, `churned_on`, `cause`, `onset` (first day of the decline), `signals` (that decline) |
//! | `logins/` | `customer_id`, `ts` |
//! | `visits/` | `customer_id`, `ts`, `channel`, `duration_s` |
//! | `mentions/` | `customer_id`, `ts`, `sentiment` (-1 to 1) |
//! | `surveys/` | `customer_id`, `ts`, `kind` (nps, csat, ces), `score` |
//!
//! with one file a week for each signal, named for its Monday, in time order as a log would be. The truth also knows
//! the churn of the weeks after the history, so that a list made on its last day can be checked, and the declines that
//! recovered (`cause` is `recovered`, `churned_on` null).

mod activity;
mod chance;
mod customer;
mod decline;
mod rhythm;
mod signal;
mod writer;

pub use signal::Signal;

use crate::calendar::Day;
use crate::error::{Error, Result};
use activity::Activity;
use customer::Customer;
use std::path::{Path, PathBuf};
use writer::Writer;

/// What to simulate, and where to.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Customers, including those who sign up or churn in the course of the history.
    pub customers: u32,
    /// Days of history.
    pub days: u32,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// The folder, empty or absent.
    pub out: PathBuf,
    /// Ids such as `C00001234` instead of integers.
    pub string_ids: bool,
    /// The day after the last one of the history.
    pub end: Day,
}

impl Plan {
    /// The usual [`end`](Plan::end): 2026-06-01, a Monday.
    pub const END: Day = Day(20_605);
    /// The truth looks this many days beyond the history.
    pub const FORESIGHT_DAYS: i32 = 90;
    /// The longest history, a century.
    pub const MAX_DAYS: u32 = 36_525;

    /// The first day of the history.
    pub fn start(&self) -> Day {
        self.end.plus(-(self.days.min(Plan::MAX_DAYS) as i32))
    }

    fn check(&self) -> Result<()> {
        if self.customers == 0 {
            return Err(Error::Config("a population of 0 customers has nothing to simulate; ask for 1 or more".into()));
        }
        if self.days == 0 || self.days > Plan::MAX_DAYS {
            return Err(Error::Config(format!(
                "cannot simulate a history of {} days; ask for 1 to {} (a model needs about 400)",
                self.days,
                Plan::MAX_DAYS
            )));
        }
        Ok(())
    }
}

/// How far a simulation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Weeks written.
    pub weeks_done: u64,
    /// Weeks in all.
    pub weeks: u64,
    /// Events written.
    pub events: u64,
}

/// What was simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Customers.
    pub customers: u64,
    /// Those who churned within the history.
    pub churned: u64,
    /// Events of each signal, in the order of [`Signal::ALL`].
    pub events: [u64; 4],
    /// Weeks, that is files of each signal.
    pub weeks: u64,
    /// The first day of the history.
    pub start: Day,
    /// The day after the last one.
    pub end: Day,
}

/// Simulates a population and writes it into [`Plan::out`], calling `progress` after every week. The result depends on
/// the plan alone, not on the number of threads; memory grows with the customers (about 100 bytes each) and the
/// busiest weeks, not with the length of the history.
///
/// The tables are made in a hidden folder beside their destination, and `customers.parquet` takes its place last: a
/// folder that has it is whole.
///
/// # Errors
/// [`Error::Config`] if the plan makes no sense, or if the folder is not empty or cannot be written to;
/// [`Error::Temporary`] if the disk is full.
pub fn simulate(plan: &Plan, progress: &dyn Fn(Progress)) -> Result<Summary> {
    plan.check()?;
    claim(&plan.out)?;
    let staging = tempfile::Builder::new()
        .prefix(".unfinished-")
        .tempdir_in(&plan.out)
        .map_err(|error| Error::writing(&plan.out, &error))?;

    let customers = Customer::population(plan);
    let activity = Activity::of(plan, &customers);
    let writer = Writer::new(plan, staging.path())?;
    let mondays = activity.mondays();
    let mut events = [0; 4];
    let mut week = mondays.first().map(|&monday| activity.week(monday)).unwrap_or_default();
    for (index, &monday) in mondays.iter().enumerate() {
        // The next week comes about while this one is written.
        let following = mondays.get(index + 1);
        let (written, next) =
            rayon::join(|| writer.week(monday, &week), || following.map(|&monday| activity.week(monday)));
        written?;
        for (total, events) in events.iter_mut().zip(&week) {
            *total += events.len() as u64;
        }
        week = next.unwrap_or_default();
        progress(Progress { weeks_done: index as u64 + 1, weeks: mondays.len() as u64, events: events.iter().sum() });
    }
    let churned = writer.churn(&customers)?;
    writer.truth(&customers)?;
    writer.customers(&customers)?;

    let tables = ["churn.parquet", "truth.parquet", "customers.parquet"];
    for name in Signal::ALL.map(Signal::name).iter().chain(&tables) {
        let place = plan.out.join(name);
        std::fs::rename(staging.path().join(name), &place).map_err(|error| Error::writing(&place, &error))?;
    }
    staging.close().map_err(|error| Error::writing(&plan.out, &error))?;
    Ok(Summary {
        customers: u64::from(plan.customers),
        churned,
        events,
        weeks: mondays.len() as u64,
        start: plan.start(),
        end: plan.end,
    })
}

/// Makes sure that the folder exists and is empty.
fn claim(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| Error::writing(folder, &error))?;
    let mut entries = std::fs::read_dir(folder).map_err(|error| Error::writing(folder, &error))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(Error::Config(format!(
            "{} is not empty; name another folder, or empty this one first",
            folder.display()
        ))),
    }
}
