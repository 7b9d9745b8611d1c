//! What the tables of a job hold of the past.

use super::context::Job;
use crate::calendar::{Day, Zone};
use crate::coverage::{Coverage, Found, Observed, Outcomes, Shortfall};
use crate::dataset::{Dataset, Tables};
use crate::language::Message;
use crate::sources::{Cancellations, CustomerTable};
use crate::spelling;

/// The small tables, which what is seen of signals is held against.
#[derive(Clone, Copy)]
pub(super) struct People<'a> {
    /// The customers.
    pub customers: &'a CustomerTable,
    /// Their cancellations, where there is a table of them.
    pub cancellations: Option<&'a Cancellations>,
    /// The zone in which days begin.
    pub zone: &'a Zone,
}

impl<'a> From<&'a Tables> for People<'a> {
    fn from(tables: &'a Tables) -> People<'a> {
        let cancellations = tables.sources.churn.as_ref().map(|_| &tables.cancellations);
        People { customers: &tables.customers, cancellations, zone: &tables.zone }
    }
}

/// What is wrong with the last day of a signal.
pub(super) fn of_signal(name: &str, found: &Found) -> Message {
    Message::new("of-signal").text("signal", spelling::named(name)).message("text", found.message())
}

/// What a report of coverage is made of.
pub(super) fn observed<'a>(job: &'a Job<'_>, people: impl Into<People<'a>>, data: &'a Dataset) -> Observed<'a> {
    let (settings, people) = (job.settings(), people.into());
    Observed {
        signals: &settings.signals,
        histories: &data.histories,
        customers: people.customers,
        cancellations: people.cancellations,
        gates: &settings.gates,
        look_back_days: settings.features.look_back_days(),
        lifetime: settings.features.lifetime,
        zone: people.zone,
    }
}

/// The coverage of rows that are to be scored. What a person should know of it is told.
pub(super) fn of_scoring(job: &Job<'_>, people: People<'_>, data: &Dataset, as_of: Day) -> Coverage {
    let observed = observed(job, people, data);
    let coverage = observed.coverage(&[as_of], as_of);
    observed.advice(&coverage.snapshots).into_iter().for_each(|advice| job.warn(advice));
    if let Some(outcomes) = coverage.churn.as_ref().and_then(|churn| churn.ended) {
        job.warn(Message::new("cancelled-end-scored").message("text", outcomes.message()));
    }
    coverage
}

/// Tells of days with hardly a row before the last day of each signal.
pub(super) fn warn_of_gaps<'a>(job: &Job<'_>, gaps: impl IntoIterator<Item = (&'a str, &'a [Shortfall])>) {
    for (signal, gaps) in gaps {
        gaps.iter().for_each(|gap| job.warn(gap.gap_message(signal)));
    }
}

/// Tells of a last day of a signal that is not whole, and of days with hardly a row before it.
pub(super) fn warn_of_days(job: &Job<'_>, observed: &Observed<'_>) {
    for (name, found) in observed.last_day_verdicts() {
        job.warn(of_signal(name, &found));
    }
    let gaps = observed.gaps();
    warn_of_gaps(job, gaps.iter().map(|(signal, gaps)| (signal.as_str(), gaps.as_slice())));
}

/// Where the cancellations end, if they do long before `end`.
pub(super) fn outcomes(job: &Job<'_>, tables: &Tables, end: Day) -> Option<Outcomes> {
    Outcomes::of(&tables.cancellations, end, job.settings().gates.max_label_silence)
}

/// Tells what a person should know of rows that are written, whole or not. With labels, it has been told where these
/// end.
pub(super) fn tell(job: &Job<'_>, tables: &Tables, data: &Dataset, with_labels: bool) {
    let observed = observed(job, tables, data);
    warn_of_days(job, &observed);
    let snapshots = observed.snapshots(&data.as_of);
    observed.advice(&snapshots).into_iter().for_each(|advice| job.warn(advice));
    let newest = data.as_of.last().copied().filter(|_| !with_labels);
    if let Some(outcomes) = newest.and_then(|newest| outcomes(job, tables, newest)) {
        job.warn(outcomes.message());
    }
}
