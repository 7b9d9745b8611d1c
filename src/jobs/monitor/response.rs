//! The first listings that the response to outreach is learned from: their outcomes, and what the published runs say
//! their risks are made of.

use super::judge::World;
use crate::calendar::Day;
use crate::error::Result;
use crate::metrics::bootstrap::Bootstrap;
use crate::monitoring::effect::{Exposure, Exposures};
use crate::monitoring::response::{Listing, Listings, Response, FOLDS};
use crate::parallel;
use crate::publish::contributions::Contributions;
use std::collections::{BTreeMap, BTreeSet};

impl World<'_> {
    /// What the first listings under all keys say of the response.
    ///
    /// # Errors
    /// As [`Response::new`].
    pub fn response(&self, by_key: &BTreeMap<String, Exposures>) -> Result<Response> {
        let listings = self.listings(by_key);
        let bootstrap = Bootstrap::for_rows(listings.known.len(), self.settings().model.seed, 0);
        Response::new(&listings, &bootstrap, self.job)
    }

    fn listings(&self, by_key: &BTreeMap<String, Exposures>) -> Listings {
        let mut listings = Listings::default();
        listings.check_allocation(by_key.values());
        listings.as_of = by_key.values().filter_map(Exposures::newest).max();

        let known: Vec<(&Exposure, bool)> = by_key.values().flat_map(Exposures::known).collect();
        let drawn = |(exposure, _): &&(&Exposure, bool)| exposure.control_fraction > 0.0;
        listings.without_control = known.len() - known.iter().filter(drawn).count();
        let dates: BTreeSet<Day> = known.iter().filter(drawn).map(|(exposure, _)| exposure.as_of).collect();
        let of_runs = self.contributions(&dates, &mut listings);

        for (exposure, left) in known.iter().filter(drawn) {
            let of_run = of_runs.get(&exposure.as_of);
            let contributions = of_run.and_then(|of_run| of_run.get(exposure.place as usize));
            match (contributions, exposure.listed.customer) {
                (Some(contributions), Some(customer)) => listings.known.push(Listing {
                    customer: self.history.customers.key(customer),
                    fold: self.history.customers.fold(customer, FOLDS, self.settings().model.seed),
                    group: exposure.listed.group,
                    left: *left,
                    probability: exposure.listed.probability,
                    control_share: exposure.control_fraction,
                    contributions: contributions.clone(),
                }),
                _ => listings.without_contributions += 1,
            }
        }
        listings
    }

    /// The contributions of the runs of these dates, of the same concepts in all of them; a concept that a model does
    /// not know moves nothing. A file that cannot be read is told.
    fn contributions(&self, dates: &BTreeSet<Day>, listings: &mut Listings) -> BTreeMap<Day, Vec<Vec<f64>>> {
        let lists: Vec<_> = self.lists.iter().filter(|list| dates.contains(&list.run.as_of())).collect();
        let read: Vec<Result<Option<Contributions>>> = parallel::map(&lists, |list| Contributions::read(&list.run.run));

        let mut known = Vec::new();
        for (list, read) in lists.iter().zip(read) {
            match read {
                Ok(Some(found)) => {
                    listings.model_versions.insert(list.run.model_version.clone());
                    known.push((list.run.as_of(), found));
                }
                Ok(None) => {}
                Err(error) => self
                    .job
                    .warn(format!("the run of {} is left out of the response to outreach: {error}", list.run.as_of())),
            }
        }

        let codes: BTreeSet<&String> = known.iter().flat_map(|(_, found)| &found.codes).collect();
        listings.codes = codes.into_iter().cloned().collect();
        let of_run = |(as_of, found): &(Day, Contributions)| {
            let places: Vec<Option<usize>> =
                listings.codes.iter().map(|code| found.codes.iter().position(|known| known == code)).collect();
            let of_customer = |values: &Vec<f64>| -> Vec<f64> {
                places.iter().map(|place| place.map_or(0.0, |place| values[place])).collect()
            };
            (*as_of, found.of_listed.iter().map(of_customer).collect())
        };
        known.iter().map(of_run).collect()
    }
}
