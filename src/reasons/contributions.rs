//! Contributions: how far each term moves a customer's log-odds from those of the reference.
//!
//! The score is a sum of effects, one a term, so the Shapley value of a term under independent features is its effect
//! less its mean effect, exactly (Štrumbelj and Kononenko 2014, "Explaining prediction models and individual
//! predictions with feature contributions"; Lundberg and Lee 2017, corollary 1). Of a linear model that is
//! `beta_j (x_j - m_j)`: what SHAP's `LinearExplainer` gives for an independent background with mean `m`. Of an additive
//! model the terms are features: the curve, and half of each interaction that the feature is in.

use crate::artefact::Row;
use crate::error::{Error, Result};

/// A deviation, in standard deviations, below which a contribution says little about the slope of a curve.
const NEAR: f64 = 0.25;

/// A sum of effects and the row that contributions are measured against.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// The slope of each term of a linear model; none for one that has curves.
    slopes: Option<Vec<f64>>,
    reference: Row,
    reference_log_odds: f64,
}

impl Attribution {
    /// From the intercept and the reference row. `slopes` are the coefficients of a linear model.
    ///
    /// # Errors
    /// [`Error::Internal`] when the lengths differ.
    pub fn new(slopes: Option<Vec<f64>>, intercept: f64, reference: Row) -> Result<Attribution> {
        let terms = reference.effects.len();
        let slopes_found = slopes.as_ref().map_or(terms, Vec::len);
        if slopes_found != terms {
            return Err(Error::Internal(format!("reasons: {slopes_found} slopes, but a reference of {terms} terms")));
        }
        let values_found = reference.values.len();
        if values_found != terms {
            return Err(Error::Internal(format!("reasons: {values_found} values, but a reference of {terms} terms")));
        }

        let reference_log_odds = intercept + reference.effects.iter().sum::<f64>();
        Ok(Attribution { slopes, reference, reference_log_odds })
    }

    pub(super) fn terms(&self) -> usize {
        self.reference.effects.len()
    }

    /// The log-odds of the reference row: what a customer without any contribution would have.
    pub fn reference_log_odds(&self) -> f64 {
        self.reference_log_odds
    }

    /// How far the values of a row lie above the reference, term by term.
    pub fn deviations(&self, row: &Row) -> Vec<f64> {
        row.values.iter().zip(&self.reference.values).map(|(x, m)| x - m).collect()
    }

    /// The contribution of each term in log-odds. With [`Attribution::reference_log_odds`] they sum to the row's
    /// log-odds, but for rounding.
    pub fn contributions(&self, row: &Row) -> Vec<f64> {
        row.effects.iter().zip(&self.reference.effects).map(|(effect, mean)| effect - mean).collect()
    }

    /// By how much the log-odds rise with the value of each term. A curve has no slope that holds everywhere: what
    /// counts is the way from the reference to this customer. So the slope is the contribution divided by the
    /// deviation, shrunk where the customer is so near to the reference that the quotient would say nothing.
    pub fn slopes(&self, row: &Row) -> Vec<f64> {
        if let Some(slopes) = &self.slopes {
            return slopes.clone();
        }
        self.contributions(row)
            .into_iter()
            .zip(self.deviations(row))
            .map(|(contribution, deviation)| contribution * deviation / (deviation * deviation + NEAR * NEAR))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    /// What `tests/golden/contributions.py` writes.
    #[derive(Deserialize)]
    struct Golden {
        coefficients: Vec<f64>,
        intercept: f64,
        background: Vec<Vec<f32>>,
        rows: Vec<Vec<f32>>,
        expected_value: f64,
        shap_values: Vec<Vec<f64>>,
        log_odds: Vec<f64>,
    }

    #[test]
    fn contributions_equal_those_of_shap() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/contributions/linear_explainer.json");
        let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let terms = golden.coefficients.len();
        let rows = golden.background.len() as f64;
        let mean = |term: usize| golden.background.iter().map(|row| f64::from(row[term])).sum::<f64>() / rows;

        let row = |values: Vec<f64>| Row {
            effects: values.iter().zip(&golden.coefficients).map(|(x, b)| x * b).collect(),
            values,
        };

        let reference = row((0..terms).map(mean).collect());
        let attribution = Attribution::new(Some(golden.coefficients.clone()), golden.intercept, reference).unwrap();
        assert!((attribution.reference_log_odds() - golden.expected_value).abs() < 1e-9);
        assert_eq!(golden.rows.len(), golden.shap_values.len());

        for ((values, shap), log_odds) in golden.rows.iter().zip(&golden.shap_values).zip(&golden.log_odds) {
            let contributions = attribution.contributions(&row(values.iter().map(|&x| f64::from(x)).collect()));
            assert_eq!(contributions.len(), terms);
            for (ours, theirs) in contributions.iter().zip(shap) {
                assert!((ours - theirs).abs() < 1e-9, "{ours} against {theirs}");
            }
            let sum = attribution.reference_log_odds() + contributions.iter().sum::<f64>();
            assert!((sum - log_odds).abs() < 1e-9);
        }
    }

    #[test]
    fn a_reference_of_another_length_is_an_error() {
        assert!(Attribution::new(Some(vec![1.0, 2.0]), 0.0, Row::zeros(1)).is_err());
        let reference = Row { effects: vec![1.0], values: Vec::new() };
        assert!(Attribution::new(None, 0.0, reference).is_err());
    }

    #[test]
    fn the_slope_of_a_curve_is_that_of_the_way_to_the_customer() {
        // A valley: both ends are a risk.
        let attribution = Attribution::new(None, -2.0, Row::zeros(1)).unwrap();
        let slope =
            |value: f64, effect: f64| attribution.slopes(&Row { effects: vec![effect], values: vec![value] })[0];
        assert!(slope(2.0, 0.5) > 0.0 && slope(-2.0, 0.5) < 0.0 && slope(-2.0, -0.5) > 0.0);
        assert!(slope(1e-6, 0.5).abs() < 1e-4 && slope(0.0, 0.5) == 0.0);
    }
}
