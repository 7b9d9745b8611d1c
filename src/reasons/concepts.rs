//! How far each concept moves a customer's log-odds from those of the mean customer, without a word about it: what the
//! response to outreach is learned from, and what a list keeps of each listed customer for that.

use super::catalogue::{self, Concept};
use super::contributions::Attribution;
use super::shift::code_of;
use super::{totals, volume_of};
use crate::artefact::Row;
use crate::config::Signal;
use crate::features::Catalogue;
use crate::model::design::recipe::Term;
use std::collections::BTreeMap;

/// The concepts of a model, each by what its reason codes begin with.
pub struct Concepts {
    attribution: Attribution,
    concepts: Vec<Concept>,
    volumes: Vec<Option<usize>>,
    codes: Vec<String>,
    /// Of each concept the place of its code; none of one that is not told.
    places: Vec<Option<usize>>,
}

impl Concepts {
    /// Of the terms of a model, without the columns that are `untold`.
    pub fn new(
        signals: &BTreeMap<String, Signal>,
        catalogue: &Catalogue,
        terms: &[Term],
        untold: &[String],
        attribution: Attribution,
    ) -> Concepts {
        let concepts = catalogue::concepts(signals, catalogue, terms, None);
        let mut codes: Vec<String> = Vec::new();
        let mut places = Vec::with_capacity(concepts.len());
        for concept in &concepts {
            if concept.column.as_ref().is_some_and(|column| untold.contains(column)) {
                places.push(None);
                continue;
            }
            let code = code_of(concept);
            let place = codes.iter().position(|known| *known == code).unwrap_or_else(|| {
                codes.push(code);
                codes.len() - 1
            });
            places.push(Some(place));
        }
        let volumes = concepts.iter().map(|concept| volume_of(concept, &concepts)).collect();
        Concepts { attribution, concepts, volumes, codes, places }
    }

    /// The codes, each once.
    pub fn codes(&self) -> &[String] {
        &self.codes
    }

    /// The contributions of one customer in log-odds, one a code: `raw` holds the numeric features in the order of the
    /// catalogue, `row` what the model makes of them.
    pub fn contributions(&self, raw: &[f32], row: &Row) -> Vec<f64> {
        let of_concepts = totals(&self.concepts, &self.volumes, raw, &self.attribution.contributions(row));
        let mut contributions = vec![0.0; self.codes.len()];
        for (&place, total) in self.places.iter().zip(of_concepts) {
            if let (Some(place), Some(total)) = (place, total) {
                contributions[place] += total;
            }
        }
        contributions
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{catalogue, settings, terms, SETTINGS};
    use super::*;

    #[test]
    fn contributions_sum_to_the_log_odds_but_for_what_is_not_told() {
        let settings = settings(SETTINGS);
        let (catalogue, terms) = (catalogue(&settings), terms(&settings));
        let row = |by: f64| Row {
            effects: (0..terms.len()).map(|term| (term as f64 * by).sin()).collect(),
            values: vec![0.0; terms.len()],
        };
        let (mean, of_customer) = (row(0.37), row(0.91));
        let expected: f64 = of_customer.effects.iter().sum::<f64>() - mean.effects.iter().sum::<f64>();
        let raw = vec![1.0; catalogue.numeric.len()];
        let of = |untold: &[String]| {
            let attribution = Attribution::new(None, -1.0, mean.clone()).unwrap();
            let concepts = Concepts::new(&settings.signals, &catalogue, &terms, untold, attribution);
            (concepts.codes().to_vec(), concepts.contributions(&raw, &of_customer))
        };

        let (codes, contributions) = of(&[]);
        assert!((contributions.iter().sum::<f64>() - expected).abs() < 1e-9);
        for code in ["LOGINS", "SURVEY_NPS", "PLAN", "MENTIONS_MOOD"] {
            assert_eq!(codes.iter().filter(|known| *known == code).count(), 1, "{code} in {codes:?}");
        }

        let (told, without) = of(&["plan".to_owned()]);
        assert!(!told.contains(&"PLAN".to_owned()) && told.len() == codes.len() - 1);
        let plan = codes.iter().position(|code| code == "PLAN").unwrap();
        assert!((without.iter().sum::<f64>() + contributions[plan] - expected).abs() < 1e-9);
    }
}
