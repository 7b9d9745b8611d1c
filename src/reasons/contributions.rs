//! Contributions: how far each term moves a customer's log-odds from those of the reference.
//!
//! For a linear score the Shapley value of a term under independent features is `beta_j (x_j - m_j)`, exactly (Štrumbelj
//! and Kononenko 2014, "Explaining prediction models and individual predictions with feature contributions"; Lundberg
//! and Lee 2017, corollary 1). It is what SHAP's `LinearExplainer` gives for an independent background with mean `m`.

use crate::error::{Error, Result};

/// A linear score and the row that its contributions are measured against.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    coefficients: Vec<f64>,
    reference: Vec<f64>,
    reference_log_odds: f64,
}

impl Attribution {
    /// From a coefficient and a reference value for each term of the design, in its order.
    ///
    /// # Errors
    /// [`Error::Internal`] when the lengths differ.
    pub fn new(coefficients: Vec<f64>, intercept: f64, reference: Vec<f64>) -> Result<Attribution> {
        if coefficients.len() != reference.len() {
            return Err(Error::Internal(format!(
                "reasons: {} coefficients, but a reference of {} terms",
                coefficients.len(),
                reference.len()
            )));
        }
        let reference_log_odds = intercept + coefficients.iter().zip(&reference).map(|(b, m)| b * m).sum::<f64>();
        Ok(Attribution { coefficients, reference, reference_log_odds })
    }

    /// How many terms.
    pub fn terms(&self) -> usize {
        self.coefficients.len()
    }

    /// The coefficient of each term.
    pub(super) fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The log-odds of the reference row: what a customer without any contribution would have.
    pub fn reference_log_odds(&self) -> f64 {
        self.reference_log_odds
    }

    /// How far a row of the design lies above the reference, term by term.
    pub fn deviations(&self, x: &[f32]) -> Vec<f64> {
        x.iter().zip(&self.reference).map(|(&x, m)| f64::from(x) - m).collect()
    }

    /// The contribution of each term in log-odds. With [`Attribution::reference_log_odds`] they sum to the row's
    /// log-odds, but for rounding.
    pub fn contributions(&self, x: &[f32]) -> Vec<f64> {
        self.deviations(x).iter().zip(&self.coefficients).map(|(deviation, b)| b * deviation).collect()
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
        let reference = (0..terms).map(mean).collect();
        let attribution = Attribution::new(golden.coefficients, golden.intercept, reference).unwrap();
        assert!((attribution.reference_log_odds() - golden.expected_value).abs() < 1e-9);
        assert_eq!(golden.rows.len(), golden.shap_values.len());
        for ((row, shap), log_odds) in golden.rows.iter().zip(&golden.shap_values).zip(&golden.log_odds) {
            let contributions = attribution.contributions(row);
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
        assert!(Attribution::new(vec![1.0, 2.0], 0.0, vec![1.0]).is_err());
    }
}
