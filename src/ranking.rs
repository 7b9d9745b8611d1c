//! Ranking: who comes first, who is on the list, and who of them is kept out of outreach.

use crate::config::{List, RankBy};
use crate::sources::Ids;
use rayon::slice::ParallelSliceMut;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use xxhash_rust::xxh3::xxh3_64_with_seed;

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
    /// The tier of a rank (from 1) among `count` customers. The first is critical, however few there are.
    pub fn from_rank(rank: usize, count: usize) -> Tier {
        let is_within = |percent: usize| rank * 100 <= count * percent;
        if rank == 1 || is_within(1) {
            Tier::Critical
        } else if is_within(5) {
            Tier::High
        } else if is_within(20) {
            Tier::Medium
        } else {
            Tier::Low
        }
    }

    /// All of them, the highest first.
    pub const ALL: [Tier; 4] = [Tier::Critical, Tier::High, Tier::Medium, Tier::Low];

    /// The tier that lists name so.
    pub fn named(name: &str) -> Option<Tier> {
        Tier::ALL.into_iter().find(|tier| tier.name() == name)
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
    /// The group that lists name so.
    pub fn named(name: &str) -> Option<Group> {
        [Group::Contact, Group::Control].into_iter().find(|group| group.name() == name)
    }

    /// As lists name it.
    pub fn name(self) -> &'static str {
        match self {
            Group::Contact => "contact",
            Group::Control => "control",
        }
    }

    /// The group of a customer: by a hash of the id and of the key of the draw alone, so that it is the same every day
    /// and under every model.
    pub fn from_id(id: &str, control_fraction: f64, key: &str) -> Group {
        const SALT: u64 = 0x636f_6e74_726f_6c31;

        // Without a key it is the first draw.
        let seed = if key.is_empty() { SALT } else { xxh3_64_with_seed(key.as_bytes(), SALT) };
        let hash = xxh3_64_with_seed(id.as_bytes(), seed);
        // The top 53 bits as a float in [0, 1).
        let place = (hash >> 11) as f64 / (1u64 << 53) as f64;
        if place < control_fraction {
            Group::Control
        } else {
            Group::Contact
        }
    }
}

/// What a customer is ranked by: the probability, or the expected loss, for which it asks for the value. No value
/// counts as 0. None where the two do not say it.
pub fn key(rank_by: RankBy, probability: f64, value: impl FnOnce() -> Option<f64>) -> Option<f64> {
    match rank_by {
        RankBy::Probability => Some(probability),
        RankBy::ExpectedLoss => Some(probability * value().unwrap_or(0.0)),
        RankBy::ExpectedSaving => None,
    }
}

/// What contact is expected to change for customers, in the order of their scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Savings {
    /// By how much it lowers the probability to leave.
    pub effects: Vec<f64>,
    /// What it earns; empty where customers have no value.
    pub savings: Vec<f64>,
}

impl Savings {
    /// What customers are ranked by.
    fn keys(&self) -> &[f64] {
        if self.savings.is_empty() {
            &self.effects
        } else {
            &self.savings
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
    /// What they are ranked by, if that is what contact changes.
    pub savings: Option<Savings>,
}

/// What customers are ranked by. It lies in what is sorted: looking it up would cost more than the comparisons.
struct Entry {
    /// The probability, the expected loss, or what contact changes.
    key: f64,
    log_odds: f64,
    customer: u32,
    /// The place in the scores.
    position: u32,
}

impl Entry {
    /// Which of two customers comes first. The customers table is in the order of ids, so a lower place in it is a
    /// lower id.
    fn compare(&self, other: &Entry) -> Ordering {
        let by_key = other.key.total_cmp(&self.key);
        by_key.then(other.log_odds.total_cmp(&self.log_odds)).then(self.customer.cmp(&other.customer))
    }
}

impl Ranking {
    /// Ranks customers by what contact changes if that is given, and otherwise by probability or by expected loss
    /// (probability times value; no value counts as 0). Ties go to the higher log-odds, then to the lower id.
    /// `customers`, `probabilities` and `log_odds` have an entry for each of them; `values` knows the value of a
    /// customer.
    pub fn new(
        settings: &List,
        customers: &[u32],
        probabilities: &[f64],
        log_odds: &[f64],
        values: impl Fn(u32) -> Option<f64>,
        savings: Option<Savings>,
    ) -> Ranking {
        let mut entries: Vec<Entry> = (0u32..)
            .zip(customers)
            .zip(probabilities.iter().zip(log_odds))
            .map(|((position, &customer), (&probability, &log_odds))| {
                let saving = savings.as_ref().map(|savings| savings.keys()[position as usize]);
                let key = saving.or_else(|| key(settings.rank_by, probability, || values(customer)));
                // Where nothing is known of a response, most is saved where most would be lost.
                let key = key.unwrap_or_else(|| probability * values(customer).unwrap_or(0.0));
                Entry { key, log_odds, customer, position }
            })
            .collect();
        entries.par_sort_unstable_by(Entry::compare);

        let order: Vec<u32> = entries.into_iter().map(|entry| entry.position).collect();
        let listed = order.len().min(settings.capacity as usize);
        Ranking { order, listed, savings }
    }

    /// The share of the customers, in per cent, that a rank (from 1) is at least as risky as: 100 for the first.
    pub fn percentile(&self, rank: usize) -> f64 {
        100.0 * (self.order.len() + 1 - rank) as f64 / self.order.len() as f64
    }

    /// The group of a listed customer.
    pub fn group(settings: &List, ids: &Ids, customer: u32) -> Group {
        Group::from_id(&ids.display(customer as usize), settings.control_fraction, &settings.control_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Reference;
    use crate::language::Language;

    fn settings(rank_by: RankBy, capacity: u32) -> List {
        let control_key = String::new();
        let (reference, split_by, language) = (Reference::Population, None, Language::En);
        List { rank_by, capacity, control_fraction: 0.1, control_key, reasons: 4, reference, language, split_by }
    }

    #[test]
    fn ties_go_to_the_higher_log_odds_then_to_the_lower_id() {
        let p = [0.5, 0.9, 0.5, 0.5];
        let z = [0.1, 2.0, 0.2, 0.1];
        let ranking = Ranking::new(&settings(RankBy::Probability, 3), &[7, 1, 2, 3], &p, &z, |_| None, None);
        assert_eq!(ranking.order, [1, 2, 3, 0]);
        assert_eq!(ranking.listed, 3);
        assert_eq!(ranking.percentile(1), 100.0);
        let ranking =
            Ranking::new(&settings(RankBy::ExpectedLoss, 3), &[7, 1, 2, 3], &p, &z, |c| (c == 7).then_some(9.0), None);
        assert_eq!(ranking.order[0], 0);

        // By what contact changes: in money where customers have a value.
        let by = |savings: Vec<f64>| {
            let savings = Savings { effects: vec![0.1, -0.2, 0.3, 0.1], savings };
            Ranking::new(&settings(RankBy::ExpectedSaving, 3), &[7, 1, 2, 3], &p, &z, |_| None, Some(savings)).order
        };
        assert_eq!(by(Vec::new()), [2, 3, 0, 1]);
        assert_eq!(by(vec![-1.0, 5.0, -2.0, -1.0]), [1, 3, 0, 2]);
    }

    #[test]
    fn the_control_group_is_a_stable_share() {
        let control = (0..20_000).filter(|i| Group::from_id(&i.to_string(), 0.1, "") == Group::Control).count();
        assert!((1_800..2_200).contains(&control), "{control}");
        let larger = (0..20_000).filter(|i| Group::from_id(&i.to_string(), 0.2, "") == Group::Control);
        assert_eq!(larger.filter(|i| Group::from_id(&i.to_string(), 0.1, "") == Group::Control).count(), control);
        // These never change: whoever is in a control group stays there.
        assert_eq!(["1", "2", "C0042"].map(|id| Group::from_id(id, 0.5, "")), PINNED);
    }

    #[test]
    fn another_key_draws_another_control_group_of_the_same_size() {
        let drawn = |key: &str| -> Vec<bool> {
            (0..20_000).map(|i| Group::from_id(&i.to_string(), 0.1, key) == Group::Control).collect()
        };
        let keys = ["", "2026Q4", "2027Q1", " "];
        for (place, key) in keys.iter().enumerate() {
            let here = drawn(key);
            assert!((1_800..2_200).contains(&here.iter().filter(|is| **is).count()), "{key}");
            for other in &keys[..place] {
                // Draws that know nothing of each other share a tenth of a tenth.
                let both = here.iter().zip(drawn(other)).filter(|(here, there)| **here && *there).count();
                assert!((130..270).contains(&both), "{key:?} and {other:?} share {both}");
            }
        }
    }

    const PINNED: [Group; 3] = [Group::Control, Group::Contact, Group::Control];

    #[test]
    fn tiers_are_shares_of_the_ranked() {
        assert_eq!(
            [1, 10, 11, 50, 51, 200, 201].map(|r| Tier::from_rank(r, 1000).name()),
            ["critical", "critical", "high", "high", "medium", "medium", "low"]
        );
    }
}
