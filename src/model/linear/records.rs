//! The fit and its predictions on ndarray records, as linfa's other models take them.

use super::params::LogisticValidParams;
use super::LogisticFit;
use crate::error::{Error, Result};
use crate::memory::Arena;
use crate::model::design::{Design, DesignBlock, DesignRows, TILE};
use crate::model::records::{probabilities, LabelledRecords};
use crate::weights::RowWeights;
use linfa::traits::{Fit, PredictInplace};
use linfa::DatasetBase;
use ndarray::{Array1, ArrayBase, Axis, Data, Ix1, Ix2};

/// Fits records of shape (rows, columns); a label is true for a customer who churned. Every row counts as a customer of
/// its own. The values are narrowed to `f32`, as the program keeps them, and then go through the same fit as a
/// [`Design`]. Columns are named by the data set's feature names, or else `x0`, `x1` and so on.
impl<R, L> Fit<ArrayBase<R, Ix2>, ArrayBase<L, Ix1>, Error> for LogisticValidParams
where
    R: Data<Elem = f64>,
    L: Data<Elem = bool>,
{
    type Object = LogisticFit;

    /// # Errors
    /// [`Error::Config`] for row weights, which the fit does not know; [`Error::Contract`] for another number of labels
    /// than of rows, and for a value that is missing or beyond the range of `f32`;
    /// [`Error::TooLittle`] unless some rows churned and some did not.
    fn fit(&self, dataset: &DatasetBase<ArrayBase<R, Ix2>, ArrayBase<L, Ix1>>) -> Result<LogisticFit> {
        let records = LabelledRecords::from_dataset(dataset)?;
        records.check(f32::is_finite, "a finite number in the range of f32")?;
        self.fit(&DatasetBase::new(&design(records)?, ()))
    }
}

/// The design of these records.
fn design(LabelledRecords { values, churned, names }: LabelledRecords<'_>) -> Result<Design> {
    let (arena, mut customers) = (Arena::unlimited(), 0_u32..);
    let mut blocks = Vec::new();
    let tiles = values.axis_chunks_iter(Axis(0), TILE).zip(churned.axis_chunks_iter(Axis(0), TILE));
    for (family, (values, churned)) in (0_u32..).zip(tiles) {
        let x: Vec<f32> = values.t().iter().map(|&value| value as f32).collect();
        let y: Vec<u8> = churned.iter().map(|&churned| u8::from(churned)).collect();
        let (fold, customer) = (vec![0; y.len()], customers.by_ref().take(y.len()).collect());
        blocks.push(DesignBlock::new(
            &x,
            DesignRows { y, fold, weights: RowWeights::unit(), customer },
            family,
            &arena,
        )?);
    }

    Ok(Design { names, blocks })
}

/// The probability of churn of every row, its values narrowed to `f32` as in the fit.
///
/// linfa's `predict` cannot fail: a row with a missing value has the probability NaN, and so has every row if the
/// records have another number of columns than the fit.
impl<R: Data<Elem = f64>> PredictInplace<ArrayBase<R, Ix2>, Array1<f64>> for LogisticFit {
    fn predict_inplace<'a>(&'a self, records: &'a ArrayBase<R, Ix2>, found: &mut Array1<f64>) {
        let log_odds = (records.ncols() == self.coefficients.len()).then(|| {
            let mut log_odds = Array1::from_elem(records.nrows(), self.intercept);
            for (column, coefficient) in records.axis_iter(Axis(1)).zip(&self.coefficients) {
                log_odds.zip_mut_with(&column, |sum, &x| *sum += coefficient * f64::from(x as f32));
            }
            log_odds
        });
        *found = probabilities(log_odds, records.nrows());
    }

    fn default_target(&self, records: &ArrayBase<R, Ix2>) -> Array1<f64> {
        Array1::zeros(records.nrows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::design::examples::{random, split};
    use crate::model::linear::{fit, LogisticParams};
    use crate::numeric::sigmoid;
    use linfa::traits::Predict;
    use linfa::Dataset;
    use linfa_logistic::LogisticRegression;
    use ndarray::Array2;

    fn problem(rows: usize, columns: usize, seed: u64) -> (Array2<f64>, Array1<bool>) {
        let design = random(rows, columns, seed);
        (design.to_f64().unwrap(), design.churned())
    }

    #[test]
    fn records_and_a_design_give_the_same_fit() {
        let whole = random(1_500, 5, 3);
        let (records, labels) = (whole.to_f64().unwrap(), whole.churned());
        let params = LogisticParams::new(1e-3);
        let program = fit(&split(&whole, TILE), &params).unwrap();

        let fitted = params.fit(&Dataset::new(records.clone(), labels.clone())).unwrap();
        assert_eq!(fitted.names, ["x0", "x1", "x2", "x3", "x4"]);
        assert_eq!((fitted.rows, fitted.customers), (1_500, 1_500));
        assert_eq!(fitted.coefficients, program.coefficients);
        assert_eq!(fitted.intercept, program.intercept);

        // Views, in the other order of memory, with names.
        let rows_first = records.as_standard_layout();
        let named =
            DatasetBase::new(rows_first.view(), labels.view()).with_feature_names(vec!["a", "b", "c", "d", "e"]);
        let of_views = params.fit(&named).unwrap();
        assert_eq!(of_views.names, ["a", "b", "c", "d", "e"]);
        assert_eq!(of_views.coefficients, program.coefficients);

        let probabilities: Array1<f64> = fitted.predict(&records);
        let expected = program.log_odds(&whole).unwrap().concat();
        assert!(probabilities.iter().zip(expected).all(|(&p, z)| p == sigmoid(z)));
    }

    #[test]
    fn predictions_agree_with_linfa_logistic() {
        let (alpha, rows) = (1e-2, 800);
        let (records, labels) = problem(rows, 4, 11);
        let mut seen = [false; 2];
        for labels in [labels.clone(), labels.map(|churned| !churned)] {
            let dataset = Dataset::new(records.clone(), labels);
            let ours: Array1<f64> = LogisticParams::new(alpha).fit(&dataset).unwrap().predict(&records);
            // linfa takes the sum of the losses, and the more frequent class as the positive one.
            let linfa = LogisticRegression::default()
                .alpha(alpha * rows as f64)
                .gradient_tolerance(1e-7)
                .max_iterations(1_000)
                .fit(&dataset)
                .unwrap();

            let churn_is_positive = linfa.labels().pos.class;
            seen[usize::from(churn_is_positive)] = true;
            for (p, q) in ours.iter().zip(linfa.predict_probabilities(&records)) {
                let q = if churn_is_positive { q } else { 1.0 - q };
                assert!((p - q).abs() < 1e-6, "{p} against {q}");
            }
        }
        assert_eq!(seen, [true; 2]);
    }

    #[test]
    fn records_that_cannot_be_fitted_are_refused() {
        let (records, labels) = problem(300, 2, 5);
        let params = LogisticParams::new(1e-3);
        let refused = |records: &Array2<f64>, labels: &Array1<bool>| {
            params.fit(&Dataset::new(records.clone(), labels.clone())).unwrap_err()
        };
        for churned in [false, true] {
            assert_eq!(refused(&records, &Array1::from_elem(300, churned)).exit_code(), 5);
        }
        assert_eq!(refused(&Array2::zeros((0, 2)), &Array1::from_elem(0, true)).exit_code(), 5);

        for (value, found) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (1e39, "1000000000")] {
            let mut records = records.clone();
            records[[270, 1]] = value;
            let error = refused(&records, &labels);
            assert_eq!(error.exit_code(), 3);
            assert!(error.to_string().starts_with(&format!("row 270 of column x1 is {found}")), "{error}");
        }

        let few = DatasetBase::new(records.view(), labels.view().split_at(Axis(0), 299).0);
        let error = params.fit(&few).unwrap_err().to_string();
        assert_eq!(error, "299 labels for 300 rows of records; expected 300");
        let weighted = Dataset::new(records.clone(), labels.clone()).with_weights(Array1::ones(300));
        assert_eq!(params.fit(&weighted).unwrap_err().exit_code(), 2);
        let dataset = Dataset::new(records, labels);
        assert_eq!(LogisticParams::new(-1.0).fit(&dataset).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn a_prediction_from_the_wrong_records_is_not_a_number() {
        let (records, labels) = problem(300, 2, 5);
        let fitted = LogisticParams::new(1e-3).fit(&Dataset::new(records.clone(), labels)).unwrap();
        let wrong: Array1<f64> = fitted.predict(&Array2::<f64>::zeros((7, 3)));
        assert!(wrong.len() == 7 && wrong.iter().all(|p| p.is_nan()));

        let mut missing = records;
        missing[[1, 0]] = f64::NAN;
        let found: Array1<f64> = fitted.predict(&missing);
        assert!(found.iter().enumerate().all(|(row, p)| p.is_nan() == (row == 1)));
    }
}
