//! The nightly job: the rows of a date scored, ranked and explained, and the list published.

use super::context::{Context, Job};
use super::input::{self, Also, Data, Input};
use super::publication::publish_into;
use super::savings;
use super::scored::scored;
use crate::artefact::Artefact;
use crate::calendar::Day;
use crate::dataset::RowsPlan;
use crate::error::{Error, Result};
use crate::publish::Staged;
use crate::registry::Registry;
use std::time::Instant;

pub use super::publication::{ListedCustomer, Published};
pub use super::scored::Scored;

/// What to score.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the rows come from.
    pub data: Data,
    /// The date of the list. Of signals it has to be named; of a prepared table it is the newest one unless it is.
    pub as_of: Option<Day>,
    /// A version other than the champion.
    pub model: Option<String>,
}

/// The nightly job: check, features, score, reasons, rank, publish. The lock on the lists is held all the way.
///
/// # Errors
/// [`Error::Model`] when the model is missing, damaged or of other features; [`Error::Config`] when the list is to be
/// ranked by a response that has not been shown; [`Error::Contract`], [`Error::Stale`] and
/// [`Error::TooLittle`] when the data are not fit for a list; [`Error::Locked`] when another run publishes; and what
/// reading and writing can end with. Then nothing was published.
pub fn run(context: &Context<'_>, registry: &Registry, request: &Request) -> Result<Published> {
    context.run(|job| {
        let started = Instant::now();
        job.not_after_today(request.as_of)?;
        let model = registry.load_chosen(request.model.as_deref())?;
        let response = savings::response(job)?;
        let (input, staged) = read(job, &model, &request.data, request.as_of, |day| begin(job, day))?;
        publish_into(job, staged, scored(job, registry, model, input, response.as_ref(), started)?)
    })
}

/// Scores, ranks and explains the customers of a date, against the run before in the folder of lists, and writes
/// nothing.
///
/// # Errors
/// As [`run`], but for those of writing.
pub fn compute(context: &Context<'_>, model: Artefact, data: &Data, as_of: Option<Day>) -> Result<Scored> {
    context.run(|job| {
        let started = Instant::now();
        job.not_after_today(as_of)?;
        let response = savings::response(job)?;
        let (input, ()) = read(job, &model, data, as_of, |_| Ok(()))?;
        let registry = Registry::at(&job.settings().paths.models);
        scored(job, &registry, model, input, response.as_ref(), started)
    })
}

/// Publishes what was computed, under the lock of the lists.
///
/// # Errors
/// [`Error::Locked`] when another run publishes; what reading earlier lists and writing can end with.
pub fn publish(context: &Context<'_>, scored: Scored) -> Result<Published> {
    context.run(|job| publish_into(job, begin(job, scored.input.as_of)?, scored))
}

/// The rows to be scored, of which the model expects what they have. `begin` is told their date as soon as it is known:
/// that of signals before they are read.
pub(super) fn read<T>(
    job: &Job<'_>,
    model: &Artefact,
    data: &Data,
    as_of: Option<Day>,
    begin: impl FnOnce(Day) -> Result<T>,
) -> Result<(Input, T)> {
    let settings = job.settings();
    if let Some(table) = data.prepared() {
        model.check_prepared(settings.table.as_ref())?;
        let input = input::from_table(job, model, table, as_of, Also::RunBefore)?;
        let begun = begin(input.as_of)?;
        return Ok((input, begun));
    }

    let Some(as_of) = as_of else {
        return Err(Error::Config("name the date of the list with --as-of DATE".to_owned()));
    };
    model.check_compatible(&RowsPlan::from_settings(settings))?;
    let begun = begin(as_of)?;
    Ok((input::from_signals(job, as_of)?, begun))
}

/// Takes the lock on the lists, and begins the folder of a run.
pub(super) fn begin(job: &Job<'_>, as_of: Day) -> Result<Staged> {
    Staged::begin(&job.settings().paths.lists, as_of, job.unfinished())
}
