//! Monitoring: judges the published runs whose label has matured, and measures the effect of outreach.

mod cards;
mod drift;
mod found;
mod input;
mod judge;
mod outreach;
mod response;
mod tables;
mod write;

pub use found::{Monitored, StudyInWords};
pub(super) use outreach::PublishedOutreach;

use super::context::Context;
use super::{gates, input as sources};
use crate::calendar::Day;
use crate::error::Result;
use crate::files::Lock;
use crate::monitoring::history::CustomerHistory;
use crate::monitoring::lists::Codes;
use crate::observer::Observer;
use crate::registry::Registry;
use input::Predicting;
use judge::World;
use write::Outreach;

/// What to monitor.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Use only what was known on this date; the day after the newest row unless it is named.
    pub as_of: Option<Day>,
}

/// Judges the published runs, and writes what it finds.
///
/// # Errors
/// [`Error::TooLittle`] while no run has matured; [`Error::Locked`] while another monitoring writes; those of reading
/// the sources. A run that cannot be judged is left out, and that is noted.
pub fn run(context: &Context<'_>, registry: &Registry, request: &Request) -> Result<Monitored> {
    context.run_in_english(|job| {
        let settings = job.settings();
        let folder = &settings.paths.monitor;
        let lock = Lock::take(folder)?;
        lock.clear_leftovers()?;
        job.not_after_today(request.as_of)?;

        job.step("reading the tables");
        let tables = sources::open_tables(job)?;
        let until = gates::labels_end(job, &tables, request.as_of)?.day;
        job.step("reading the lists");
        let mut codes = Codes::default();
        let last = request.as_of.unwrap_or(Day(i32::MAX));
        let lists = input::read_lists(job, registry, &tables.customers, last, Predicting::OurChurn, &mut codes);
        let matured = input::matured_dates(settings, &lists, until)?;

        let silences = input::silences(job, &tables, &matured, until)?;
        let history = CustomerHistory::new(&settings.churn, &tables.customers, &tables.cancellations, silences, until);
        let world = World { job, registry, lists: &lists, history: &history, codes: &codes };

        job.step("judging the runs");
        let judged = world.judge_all(&matured)?;
        let contacts = input::read_contacts(settings, &tables.customers)?;
        let exposures = world.exposures(contacts.as_ref());
        let outreach = Outreach { studies: world.studies(&exposures), response: world.response(&exposures)? };
        let drifts = drift::read(job, registry, &lists);
        let monitored = write::write(&world, judged, outreach, drifts)?;
        cards::tell(&world)?;
        Ok(Monitored { notes: job.notes(), ..monitored })
    })
}
