//! The first listings that the response is learned from.

use crate::calendar::Day;
use crate::dataset::folds;
use crate::monitoring::effect::{Exposure, Exposures};
use crate::monitoring::strata::{allocation_p_value, Count};
use crate::numeric::sum;
use crate::ranking::Group;
use std::collections::BTreeSet;

/// Folds that customers are dealt to.
pub const FOLDS: u8 = folds::FOLDS;
/// A response is looked for among so many first listings, and so many who left of either group.
pub const LEAST_LISTINGS: usize = 500;
/// See [`LEAST_LISTINGS`].
pub const LEAST_LEFT: u64 = 30;
/// The strongest concepts, so many of them, are what a response may depend on.
const CONCEPTS: usize = 6;

/// A first listing whose outcome and whose contributions are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// What tells the customer from others.
    pub customer: u32,
    /// The cross-fitting fold of the customer.
    pub fold: u8,
    /// The group that was drawn.
    pub group: Group,
    /// Whether the customer left by the end of the label window.
    pub left: bool,
    /// The published probability.
    pub probability: f64,
    /// The share that was left alone then.
    pub control_share: f64,
    /// The contributions of all concepts of [`Listings::codes`].
    pub contributions: Vec<f64>,
}

/// The first listings under all keys.
#[derive(Clone, Debug, Default)]
pub struct Listings {
    /// What the codes of each concept begin with.
    pub codes: Vec<String>,
    /// Those whose outcome and contributions are known, in the order of keys, dates and ranks.
    pub known: Vec<Listing>,
    /// Those whose outcome is known and whose run does not say their contributions.
    pub without_contributions: usize,
    /// Those whose run left nobody alone.
    pub without_control: usize,
    /// The models that made their lists.
    pub model_versions: BTreeSet<String>,
    /// The date of the newest list in it.
    pub as_of: Option<Day>,
    /// The p-value of the check that the groups are as large as they were to be, of all first listings.
    pub allocation_p_value: Option<f64>,
}

impl Listings {
    /// Checks the draw of all first listings under some keys.
    pub fn check_allocation<'a>(&mut self, by_key: impl Iterator<Item = &'a Exposures>) {
        let drawn = by_key.flat_map(|exposures| &exposures.exposures).filter(|it| it.control_fraction > 0.0);
        let drawn: Vec<&Exposure> = drawn.collect();
        let control = drawn.iter().filter(|it| it.listed.group == Group::Control).count() as u64;
        self.allocation_p_value = allocation_p_value(control, drawn.iter().map(|it| it.control_fraction));
    }

    /// How many of a group there are, and left.
    pub fn count(&self, group: Group) -> Count {
        let mut count = Count::default();
        self.known.iter().filter(|listing| listing.group == group).for_each(|listing| count.add(listing.left));
        count
    }

    /// The strongest concepts: those that move the risks of the listed furthest, whatever has become of them.
    pub fn strongest(&self) -> Vec<usize> {
        let strength = |at: usize| sum(self.known.iter().map(|listing| listing.contributions[at].abs()));
        let mut strengths: Vec<(usize, f64)> = (0..self.codes.len()).map(|at| (at, strength(at))).collect();
        strengths.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| self.codes[a.0].cmp(&self.codes[b.0])));
        strengths.truncate(CONCEPTS);
        strengths.into_iter().filter(|&(_, strength)| strength > 0.0).map(|(at, _)| at).collect()
    }
}
