//! Who was left alone, and for how many customers each of them stands. Acting on a list makes its model look worse:
//! whoever was saved counts as a false alarm. So a run is judged on customers whom no outreach has reached: those whom
//! no list named from one label span before its date to the end of its label window, and those whom lists named for the
//! control group alone, each of whom stands for as many as one over the share of the group (Horvitz & Thompson 1952).

use super::lists::{KnownRun, Listed};
use crate::ranking::Group;
use std::collections::HashMap;

/// How many customers each customer stands for.
pub struct Weights {
    weights: HashMap<u32, f64>,
}

/// What lists said of a customer, draw by draw.
#[derive(Default)]
struct Draws {
    was_contacted: bool,
    /// Of each draw of a control group the smallest share under which it left the customer alone.
    left_alone: Vec<(usize, f64)>,
}

impl Weights {
    /// Of the customers of some runs, which are those whose outreach may have reached a label window. Of a run that
    /// does not say how large its control group is, nobody is known to have been left alone.
    pub fn new<'a>(runs: impl Iterator<Item = (&'a KnownRun, &'a [Listed])>) -> Weights {
        let mut keys: Vec<&str> = Vec::new();
        let mut draws: HashMap<u32, Draws> = HashMap::new();
        for (run, listed) in runs {
            let key = keys.iter().position(|&key| key == run.control_key).unwrap_or_else(|| {
                keys.push(&run.control_key);
                keys.len() - 1
            });

            for listed in listed {
                let Some(customer) = listed.customer else { continue };
                let of_customer = draws.entry(customer).or_default();
                match (listed.group, run.control_fraction.filter(|&fraction| fraction > 0.0)) {
                    (Group::Control, Some(fraction)) => of_customer.add(key, fraction),
                    (Group::Contact, _) | (_, None) => of_customer.was_contacted = true,
                }
            }
        }
        let weights = draws.into_iter().map(|(customer, draws)| (customer, draws.weight())).collect();
        Weights { weights }
    }

    /// How many customers this one stands for: 0 for one who was not left alone.
    pub fn of(&self, customer: u32) -> f64 {
        self.weights.get(&customer).copied().unwrap_or(1.0)
    }
}

impl Draws {
    fn add(&mut self, key: usize, fraction: f64) {
        match self.left_alone.iter_mut().find(|(known, _)| *known == key) {
            Some((_, smallest)) => *smallest = smallest.min(fraction),
            None => self.left_alone.push((key, fraction)),
        }
    }

    fn weight(&self) -> f64 {
        if self.was_contacted {
            return 0.0;
        }
        // Draws under other keys know nothing of each other.
        1.0 / self.left_alone.iter().map(|(_, fraction)| fraction).product::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Day;
    use crate::language::Language;
    use crate::publish::runs::Run;
    use crate::ranking::Tier;

    fn run(key: &str, control_fraction: Option<f64>) -> KnownRun {
        KnownRun {
            run: Run { as_of: Day(0), folder: "x".into() },
            model_version: "m".to_owned(),
            published_at: String::new(),
            language: Language::En,
            control_key: key.to_owned(),
            control_fraction,
            drift: None,
            digest: String::new(),
        }
    }

    fn listed(customer: u32, group: Group) -> Listed {
        let reasons = [None; super::super::lists::REASONS];
        Listed { customer: Some(customer), probability: 0.5, group, tier: Tier::High, reasons, value: f64::NAN }
    }

    #[test]
    fn weights_are_one_over_the_chance_of_having_been_left_alone() {
        use Group::{Contact, Control};
        let lists = [
            (run("", Some(0.1)), vec![listed(1, Control), listed(2, Contact), listed(3, Control), listed(7, Control)]),
            (run("", Some(0.2)), vec![listed(1, Control), listed(4, Control), listed(3, Contact)]),
            (run("other", Some(0.5)), vec![listed(1, Control), listed(5, Control)]),
            (run("", None), vec![listed(6, Control)]),
        ];
        let weights = Weights::new(lists.iter().map(|(run, listed)| (run, listed.as_slice())));
        let found = [0, 1, 2, 3, 4, 5, 6, 7].map(|customer| weights.of(customer));
        assert_eq!(found, [1.0, 20.0, 0.0, 0.0, 5.0, 2.0, 0.0, 10.0]);
    }

    #[test]
    fn those_left_alone_stand_for_everybody() {
        // Of 40,000 customers a quarter is listed, by two lists that overlap; weights add up to all of them.
        let fractions = [0.1, 0.25];
        let lists: Vec<(KnownRun, Vec<Listed>)> = fractions
            .iter()
            .enumerate()
            .map(|(at, &fraction)| {
                let members = (0..40_000u32).filter(|customer| (customer / 1_000) % 8 <= 2 + at as u32);
                let group = |customer: u32| Group::from_id(&customer.to_string(), fraction, "k");
                (run("k", Some(fraction)), members.map(|customer| listed(customer, group(customer))).collect())
            })
            .collect();
        let weights = Weights::new(lists.iter().map(|(run, listed)| (run, listed.as_slice())));
        let total: f64 = (0..40_000).map(|customer| weights.of(customer)).sum();
        assert!((total / 40_000.0 - 1.0).abs() < 0.03, "{total}");
    }
}
