//! The weeks of a population that stay as they were when it goes on: they are taken over from its folder and not
//! simulated once more.

use super::customer::outreach_works_from;
use super::plan::Plan;
use crate::calendar::Day;
use std::path::{Path, PathBuf};

/// The population that a plan goes on from.
pub(super) struct Past<'a> {
    /// Its folder.
    pub(super) folder: &'a Path,
    /// The first day on which the two may differ.
    until: Day,
}

impl<'a> Past<'a> {
    /// None of a plan that goes on from none, or from another one than it was read from.
    pub(super) fn new(plan: &'a Plan) -> Option<Past<'a>> {
        let folder = plan.population.as_deref()?;
        let before = Plan::read(folder, PathBuf::new()).ok()?;
        let origin = |plan: &Plan| (plan.customers, plan.days, plan.seed, plan.string_ids, plan.end);
        if origin(&before) != origin(plan) {
            return None;
        }

        // Whoever is saved lives on otherwise from the week on in which outreach works.
        let (old, new) = (&before.continued.saved, &plan.continued.saved);
        let changes = old.iter().chain(new).filter(|&(customer, _)| old.get(customer) != new.get(customer));
        let saved = changes.map(|(_, &listed)| outreach_works_from(listed)).min();
        let until = before.until().min(plan.until());
        Some(Past { folder, until: saved.map_or(until, |saved| saved.min(until)) })
    }

    /// Whether the week that begins on a Monday stays as it was.
    pub(super) fn has(&self, monday: Day) -> bool {
        monday.plus(7) <= self.until
    }
}
