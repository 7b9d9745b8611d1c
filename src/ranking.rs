//! Ranking: who comes first, who is on the list, and who of them is kept out of outreach.

use crate::config::{List, RankBy};
use crate::sources::Ids;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// How high a customer's risk is among all eligible customers of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Among the top 1 %.
    Critical,
    /// Among the top 5 %.
    High,
    /// Among the top 20 %.
    Medium,
    /// The others.
    Low,
}

impl Tier {
    /// The tier of a rank (from 1) among `count` customers.
    pub fn of(rank: usize, count: usize) -> Tier {
        let within = |percent: usize| rank * 100 <= count * percent || (rank == 1 && percent >= 1);
        match (within(1), within(5), within(20)) {
            (true, ..) => Tier::Critical,
            (_, true, _) => Tier::High,
            (.., true) => Tier::Medium,
            _ => Tier::Low,
        }
    }

    /// As lists name it.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Critical => "critical",
            Tier::High => "high",
            Tier::Medium => "medium",
            Tier::Low => "low",
        }
    }
}

/// Whether a listed customer is to be contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// To be contacted.
    Contact,
    /// Kept out of outreach, so that its effect can be measured.
    Control,
}

impl Group {
    /// As lists name it.
    pub fn name(self) -> &'static str {
        match self {
            Group::Contact => "contact",
            Group::Control => "control",
        }
    }

    /// The group of a customer: by a hash of the id alone, so that it is the same every day and under every model.
    pub fn of(id: &str, control_fraction: f64) -> Group {
        const SALT: u64 = 0x636f_6e74_726f_6c31;
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), SALT);
        // The top 53 bits as a float in [0, 1).
        let place = (hash >> 11) as f64 / (1u64 << 53) as f64;
        if place < control_fraction {
            Group::Control
        } else {
            Group::Contact
        }
    }
}

/// The order of customers, riskiest first.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// Positions in the scores, in order.
    pub order: Vec<u32>,
    /// How many of them are on the list.
    pub listed: usize,
}

impl Ranking {
    /// Ranks customers by probability or by expected loss (probability times value, no value counting as 0). Ties go
    /// to the higher log-odds, then to the lower id. `customers`, `probabilities`, `log_odds` and `values` have one
    /// entry a customer.
    pub fn of(
        settings: &List,
        customers: &[u32],
        probabilities: &[f64],
        log_odds: &[f64],
        values: impl Fn(u32) -> Option<f64>,
    ) -> Ranking {
        let key = |(&p, &customer): (&f64, &u32)| match settings.rank_by {
            RankBy::Probability => p,
            RankBy::ExpectedLoss => p * values(customer).unwrap_or(0.0),
        };
        // What is compared lies in what is sorted: looking it up would cost more than the comparisons.
        let places = probabilities.iter().zip(customers).map(key).zip(log_odds).zip((0u32..).zip(customers));
        let mut places: Vec<(f64, f64, u32, u32)> =
            places.map(|((key, &log_odds), (position, &customer))| (key, log_odds, customer, position)).collect();
        // The customers table is in id order, so a lower place in it is a lower id.
        let compare = |a: &(f64, f64, u32, u32), b: &(f64, f64, u32, u32)| -> Ordering {
            b.0.total_cmp(&a.0).then_with(|| b.1.total_cmp(&a.1)).then_with(|| a.2.cmp(&b.2))
        };
        rayon::slice::ParallelSliceMut::par_sort_unstable_by(&mut places[..], compare);
        let order: Vec<u32> = places.into_iter().map(|(.., position)| position).collect();
        let listed = order.len().min(settings.capacity as usize);
        Ranking { order, listed }
    }

    /// Per cent of the customers that a rank (from 1) is at least as risky as: 100 for the first.
    pub fn percentile(&self, rank: usize) -> f64 {
        100.0 * (self.order.len() + 1 - rank) as f64 / self.order.len() as f64
    }

    /// The group of a listed customer.
    pub fn group(settings: &List, ids: &Ids, customer: u32) -> Group {
        Group::of(&ids.display(customer as usize), settings.control_fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Reference;

    fn settings(rank_by: RankBy, capacity: u32) -> List {
        List { rank_by, capacity, control_fraction: 0.1, reasons: 4, reference: Reference::Population }
    }

    #[test]
    fn ties_go_to_the_higher_log_odds_then_to_the_lower_id() {
        let p = [0.5, 0.9, 0.5, 0.5];
        let z = [0.1, 2.0, 0.2, 0.1];
        let ranking = Ranking::of(&settings(RankBy::Probability, 3), &[7, 1, 2, 3], &p, &z, |_| None);
        assert_eq!(ranking.order, [1, 2, 3, 0]);
        assert_eq!(ranking.listed, 3);
        assert_eq!(ranking.percentile(1), 100.0);
        let ranking =
            Ranking::of(&settings(RankBy::ExpectedLoss, 3), &[7, 1, 2, 3], &p, &z, |c| (c == 7).then_some(9.0));
        assert_eq!(ranking.order[0], 0);
    }

    #[test]
    fn the_control_group_is_a_stable_share() {
        let control = (0..20_000).filter(|i| Group::of(&i.to_string(), 0.1) == Group::Control).count();
        assert!((1_800..2_200).contains(&control), "{control}");
        let larger = (0..20_000).filter(|i| Group::of(&i.to_string(), 0.2) == Group::Control);
        assert_eq!(larger.filter(|i| Group::of(&i.to_string(), 0.1) == Group::Control).count(), control);
        // These never change: whoever is in a control group stays there.
        assert_eq!(["1", "2", "C0042"].map(|id| Group::of(id, 0.5)), PINNED);
    }

    const PINNED: [Group; 3] = [Group::Control, Group::Contact, Group::Control];

    #[test]
    fn tiers_are_shares_of_the_ranked() {
        assert_eq!(
            [1, 10, 11, 50, 51, 200, 201].map(|r| Tier::of(r, 1000).name()),
            ["critical", "critical", "high", "high", "medium", "medium", "low"]
        );
    }
}
