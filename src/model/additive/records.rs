//! The search, the fit and its predictions on ndarray records, as linfa's other models take them.

use super::comparison::Comparison;
use super::fit::{self, CrossFit, CrossFitted};
use super::model_search::{search_rows, ModelSearch};
use super::params::AdditiveValidParams;
use crate::calendar::Day;
use crate::dataset::{Block, Dataset, Selection, StoredValues, Twins};
use crate::error::{Error, Result};
use crate::features::{Catalogue, Directions, Feature};
use crate::memory::Arena;
use crate::model::design::both_classes;
use crate::model::design::recipe::Recipe;
use crate::model::records::{probabilities, LabelledRecords};
use crate::observer::Silent;
use crate::sources::{CustomerTable, Ids};
use linfa::traits::{Fit, PredictInplace};
use linfa::DatasetBase;
use ndarray::{Array1, ArrayBase, ArrayView1, ArrayView2, Axis, Data, Ix1, Ix2};
use std::sync::Arc;

/// Rows of a block: about as many as a partition of the program's own tables has.
const BLOCK_ROWS: usize = 2_048;

/// An additive model that was fitted on ndarray records.
pub struct AdditiveFit {
    /// The names of the columns of the records.
    pub names: Vec<String>,
    /// What each step towards interactions bought.
    pub comparison: Comparison,
    /// The model, and how it was fitted.
    pub fit: fit::Fit,
    /// What a calibration is learned from.
    pub cross_fit: CrossFit,
}

/// Searches and fits records of shape (rows, columns); a label is true for a customer who churned. Every row counts as a
/// customer of its own. A value of NaN is a missing one, which has a bin of its own. The others are narrowed to `f32`, as
/// the program keeps them, and then go the same way as a data set of the program. Columns are named by the data set's
/// feature names, or else `x0`, `x1` and so on.
impl<R, L> Fit<ArrayBase<R, Ix2>, ArrayBase<L, Ix1>, Error> for AdditiveValidParams
where
    R: Data<Elem = f64>,
    L: Data<Elem = bool>,
{
    type Object = AdditiveFit;

    /// # Errors
    /// [`Error::Config`] for row weights, which the fit does not know; [`Error::Contract`] for another number of labels
    /// than of rows, and for a value that is infinite or beyond the range of `f32`;
    /// [`Error::TooLittle`] unless some rows churned and some did not, and if no column varies.
    fn fit(&self, dataset: &DatasetBase<ArrayBase<R, Ix2>, ArrayBase<L, Ix1>>) -> Result<AdditiveFit> {
        let LabelledRecords { values, churned, names } = {
            let records = LabelledRecords::from_dataset(dataset)?;
            records.check(|value| !value.is_infinite(), "a number in the range of f32, or NaN for a missing one")?;
            records
        };
        both_classes(churned.iter().filter(|&&churned| churned).count(), churned.len())?;

        let mut dataset = rows_of(values, Some(churned), &names)?;
        dataset.twins = Twins::among(&dataset)?;
        let rows = Selection::labelled(&dataset, |_| true);
        let recipe = Recipe::learn(&dataset, &rows)?;

        let options = self.options.clone();
        let part = search_rows(&dataset, &rows, options.penalty, options.folds.seed);
        let searched = ModelSearch::run(&recipe, &dataset, &rows, &part, &Directions::default(), options)?;
        let comparison = searched.compare(None, rows.count() as f64);
        let CrossFitted { fit, out_of_fold } = searched.fit(&comparison.chosen, &dataset, &rows, &Silent)?;
        Ok(AdditiveFit { names, comparison, fit, cross_fit: out_of_fold })
    }
}

/// The rows of records as the program has its own: of one date, each of a customer of its own.
fn rows_of(values: ArrayView2<'_, f64>, churned: Option<ArrayView1<'_, bool>>, names: &[String]) -> Result<Dataset> {
    let arena = Arena::unlimited();
    let mut blocks = Vec::new();
    for (first, values) in (0..).step_by(BLOCK_ROWS).zip(values.axis_chunks_iter(Axis(0), BLOCK_ROWS)) {
        let rows = first..first + values.nrows();
        let columns: Vec<f32> = values.t().iter().map(|&value| value as f32).collect();
        let label = |row| churned.as_ref().map(|churned| u8::from(churned[row]));
        blocks.push(Block {
            customers: rows.clone().map(|row| row as u32).collect(),
            as_of: vec![0; rows.len()],
            labels: rows.clone().map(label).collect(),
            weights: Vec::new(),
            values: StoredValues::new(&columns, rows.len(), &arena)?,
        });
    }

    let rows = values.nrows();
    let ids = Ids::Integer((0..rows as i64).collect());
    let numeric = names.iter().map(|name| Feature::given(name)).collect();
    Ok(Dataset {
        catalogue: Catalogue { numeric, categorical: Vec::new() },
        customers: Arc::new(CustomerTable { ids, rows: rows as u64, ..CustomerTable::default() }),
        as_of: vec![Day(0)],
        blocks,
        ..Dataset::default()
    })
}

impl AdditiveFit {
    /// The log-odds of records with the same columns.
    fn log_odds(&self, values: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        let dataset = rows_of(values, None, &self.names)?;
        let all = Selection::new(&dataset, |_, _| true);
        Ok(self.fit.model.log_odds(&dataset, &all)?.concat().into())
    }
}

/// The probability of churn of every row before any calibration, its values narrowed to `f32` as in the fit. A value of NaN
/// is a missing one.
///
/// linfa's `predict` cannot fail: every row has the probability NaN if the records have another number of columns than
/// the fit.
impl<R: Data<Elem = f64>> PredictInplace<ArrayBase<R, Ix2>, Array1<f64>> for AdditiveFit {
    fn predict_inplace<'a>(&'a self, records: &'a ArrayBase<R, Ix2>, found: &mut Array1<f64>) {
        let fits = records.ncols() == self.names.len();
        let log_odds = if fits { self.log_odds(records.view()).ok() } else { None };
        *found = probabilities(log_odds, records.nrows());
    }

    fn default_target(&self, records: &ArrayBase<R, Ix2>) -> Array1<f64> {
        Array1::zeros(records.nrows())
    }
}

#[cfg(test)]
mod tests {
    use super::super::params::AdditiveParams;
    use super::super::tests::{data, fitted, fitted_with};
    use super::*;
    use crate::config::Penalty;
    use crate::numeric::sigmoid;
    use linfa::traits::Predict;
    use linfa::Dataset as Records;
    use ndarray::Array2;

    /// Rows of the program, each of a customer of its own and without categorical features.
    fn program(rows: usize, seed: u64) -> Dataset {
        let mut dataset = data(rows, seed);
        dataset.catalogue.categorical.clear();
        let ids = Ids::Integer((0..rows as i64).collect());
        dataset.customers = Arc::new(CustomerTable { ids, rows: rows as u64, ..CustomerTable::default() });
        let mut customers = 0..;
        for customer in dataset.blocks.iter_mut().flat_map(|block| &mut block.customers) {
            *customer = customers.next().unwrap();
        }
        dataset
    }

    /// The same rows as ndarray records with labels.
    fn records(dataset: &Dataset) -> (Array2<f64>, Array1<bool>) {
        let columns = dataset.catalogue.numeric.len();
        let values: Vec<f64> = dataset
            .blocks
            .iter()
            .flat_map(|block| (0..block.rows()).flat_map(|row| block.row(row).unwrap()))
            .map(f64::from)
            .collect();
        let labels = dataset.blocks.iter().flat_map(|block| &block.labels).map(|label| *label == Some(1)).collect();
        (Array2::from_shape_vec((dataset.rows(), columns), values).unwrap(), labels)
    }

    fn log_odds(dataset: &Dataset, fit: &fit::Fit) -> Vec<f64> {
        fit.model.log_odds(dataset, &Selection::new(dataset, |_, _| true)).unwrap().concat()
    }

    #[test]
    fn records_and_a_data_set_of_the_program_give_the_same_fit() {
        let dataset = program(4_000, 1);
        let (values, labels) = records(&dataset);
        assert!(values.iter().any(|value| value.is_nan()));
        let free = Directions::default();

        for (params, program) in [
            (AdditiveParams::new(), fitted(&dataset, None).0),
            (AdditiveParams::new().alpha(2e-3), fitted(&dataset, Some(2e-3)).0),
            (
                AdditiveParams::new().alpha(2e-2).penalty(Penalty::Group),
                fitted_with(&dataset, Some(2e-2), Penalty::Group, &free).0,
            ),
        ] {
            let found = params.fit(&Records::new(values.clone(), labels.clone())).unwrap();
            assert_eq!(found.names, ["x0", "x1", "x2", "x3", "x4"]);
            assert_eq!(found.comparison.chosen, super::super::INTERACTIONS);
            assert_eq!((found.fit.rows, found.fit.alpha), (4_000, program.alpha));
            assert_eq!(found.cross_fit.log_odds.len(), 4_000);

            let expected = log_odds(&dataset, &program);
            let probabilities: Array1<f64> = found.predict(&values);
            let mine = found.log_odds(values.view()).unwrap();
            for ((z, p), expected) in mine.iter().zip(&probabilities).zip(expected) {
                assert!((z - expected).abs() < 1e-12, "{z} against {expected}");
                assert_eq!(*p, sigmoid(*z));
            }
        }
    }

    #[test]
    fn names_are_those_of_the_data_set_and_views_in_another_order_do_as_well() {
        let (values, labels) = records(&program(1_000, 2));
        let params = AdditiveParams::new().alpha(1e-2).interactions(false).uncertainty(false);
        let plain = params.fit(&Records::new(values.clone(), labels.clone())).unwrap();
        assert!(plain.fit.model.terms.iter().all(|term| term.standard_errors.is_empty()));

        let columns_first = values.t().as_standard_layout().into_owned();
        let named = DatasetBase::new(columns_first.t(), labels.view());
        let named = params.fit(&named.with_feature_names(vec!["a", "b", "c", "d", "e"])).unwrap();
        assert_eq!(named.names, ["a", "b", "c", "d", "e"]);
        assert_eq!(named.fit.model.features[0].name, "a");
        assert_eq!(named.fit.model.terms, plain.fit.model.terms);
    }

    #[test]
    fn rows_with_missing_values_are_scored_and_records_of_another_width_are_not() {
        let (values, labels) = records(&program(2_000, 3));
        let fitted = AdditiveParams::new().alpha(1e-2).fit(&Records::new(values.clone(), labels)).unwrap();
        let missing: Array1<f64> = fitted.predict(&Array2::from_elem((3, 5), f64::NAN));
        assert!(missing.iter().all(|&p| p == missing[0] && p > 0.0 && p < 1.0));

        // Far values are those of the last bin.
        let mut far = values.clone();
        far.column_mut(0).fill(f64::INFINITY);
        let far: Array1<f64> = fitted.predict(&far);
        assert!(far.iter().all(|p| p.is_finite()));

        let none: Array1<f64> = fitted.predict(&Array2::zeros((0, 5)));
        assert_eq!(none.len(), 0);
        let wrong: Array1<f64> = fitted.predict(&Array2::zeros((7, 4)));
        assert!(wrong.len() == 7 && wrong.iter().all(|p| p.is_nan()));
    }

    #[test]
    fn bad_hyper_parameters_are_refused() {
        let (values, labels) = records(&program(300, 4));
        let dataset = Records::new(values, labels);
        for (params, says) in [
            (AdditiveParams::new().alpha(-1.0), "alpha is -1"),
            (AdditiveParams::new().alpha(f64::NAN), "alpha is NaN"),
            (AdditiveParams::new().alpha(f64::INFINITY), "alpha is inf"),
            (AdditiveParams::new().folds(1), "the number of folds is 1"),
        ] {
            let error = params.fit(&dataset).err().unwrap();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().starts_with(says), "{error}");
        }
    }

    #[test]
    fn records_that_cannot_be_fitted_are_refused() {
        let (values, labels) = records(&program(300, 5));
        let params = AdditiveParams::new();
        let refused = |values: &Array2<f64>, labels: &Array1<bool>| {
            params.fit(&Records::new(values.clone(), labels.clone())).err().unwrap()
        };

        for churned in [false, true] {
            assert_eq!(refused(&values, &Array1::from_elem(300, churned)).exit_code(), 5);
        }
        assert_eq!(refused(&Array2::zeros((0, 5)), &Array1::from_elem(0, true)).exit_code(), 5);
        assert_eq!(refused(&Array2::zeros((300, 0)), &labels).exit_code(), 5);
        assert_eq!(refused(&Array2::zeros((300, 2)), &labels).exit_code(), 5);

        for (value, found) in [(f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf"), (1e39, "1000000000")] {
            let mut values = values.clone();
            values[[270, 1]] = value;
            let error = refused(&values, &labels);
            assert_eq!(error.exit_code(), 3);
            assert!(error.to_string().starts_with(&format!("row 270 of column x1 is {found}")), "{error}");
        }

        let few = DatasetBase::new(values.view(), labels.view().split_at(Axis(0), 299).0);
        assert_eq!(params.fit(&few).err().unwrap().exit_code(), 3);
        let weighted = Records::new(values, labels).with_weights(Array1::ones(300));
        assert_eq!(params.fit(&weighted).err().unwrap().exit_code(), 2);
    }

    #[test]
    fn a_handful_of_rows_ends_without_a_panic() {
        for rows in [2, 3, 5, 9] {
            let values = Array2::from_shape_fn((rows, 2), |(row, column)| (row * 7 + column) as f64);
            let labels = Array1::from_shape_fn(rows, |row| row % 2 == 0);
            if let Ok(found) = AdditiveParams::new().fit(&Records::new(values.clone(), labels)) {
                let probabilities: Array1<f64> = found.predict(&values);
                assert!(probabilities.iter().all(|p| p.is_finite()), "{rows} rows: {probabilities}");
            }
        }
    }

    #[test]
    fn the_same_records_give_the_same_fit_for_any_number_of_threads() {
        let (values, labels) = records(&program(5_000, 6));
        let dataset = Records::new(values.clone(), labels);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let found = AdditiveParams::new().fit(&dataset).unwrap();
                let probabilities: Array1<f64> = found.predict(&values);
                (serde_json::to_string(&found.fit.model).unwrap(), found.cross_fit.log_odds, probabilities)
            })
        };
        assert_eq!(run(1), run(3));
    }
}
