//! The drift of the published runs, as their folders tell it.

use super::input::PublishedList;
use crate::jobs::context::Job;
use crate::monitoring::drift::newest::{figures_of, NewestDrift};
use crate::monitoring::figures::Figure;
use crate::parallel;
use crate::registry::Registry;
use std::collections::BTreeMap;

/// What is known of drift.
pub(super) struct Drifts {
    /// The figures of every run.
    pub figures: Vec<Figure>,
    /// The drift of the newest run, if it was measured.
    pub newest: Option<NewestDrift>,
}

/// Reads the drift of every run, matured or not. Runs of which none is known are told.
pub(super) fn read(job: &Job<'_>, registry: &Registry, lists: &[PublishedList]) -> Drifts {
    let (with, without): (Vec<&PublishedList>, Vec<&PublishedList>) =
        lists.iter().partition(|list| list.run.drift.is_some());
    tell_of_unknown(job, registry, &without);

    let of_runs: Vec<_> = parallel::map(&with, |list| figures_of(&list.run));
    let mut figures = Vec::new();
    for (list, found) in with.iter().zip(of_runs) {
        match found {
            Ok(found) => figures.extend(found),
            Err(error) => job.warn(format!("the drift of the run of {} is left out: {error}", list.run.as_of())),
        }
    }
    let newest = lists.last().and_then(|list| NewestDrift::new(&list.run, &figures));
    Drifts { figures, newest }
}

/// Tells of which models no drift is known, and why.
fn tell_of_unknown(job: &Job<'_>, registry: &Registry, lists: &[&PublishedList]) {
    let mut by_model: BTreeMap<&str, Vec<&PublishedList>> = BTreeMap::new();
    lists.iter().for_each(|list| by_model.entry(&list.run.model_version).or_default().push(list));
    for (version, lists) in by_model {
        let (Some(first), Some(last)) = (lists.first(), lists.last()) else { continue };
        let (count, first, last) = (lists.len(), first.run.as_of(), last.run.as_of());
        let is_older = registry.load(version).is_ok_and(|model| model.distribution.is_none());
        let why = if is_older {
            "it does not keep what its training rows were like, since an older version of the program trained it. \
             Train again (`churn train`)"
        } else {
            "they were scored with gates.drift = \"off\", or by an older version of the program"
        };
        job.warn(format!("no drift is known of {count} of the runs from {first} to {last}, by model {version}: {why}"));
    }
}
