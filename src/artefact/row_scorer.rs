//! A model applied to one row at a time, given as numbers, and to the same row with some of its numbers changed. Every
//! bit is that of [`BlockScorer`](super::scoring::BlockScorer).

use super::scoring::{standardised, Row, ValueSum};
use crate::error::{Error, Result};
use crate::model::additive::{Additive, Bins, LevelCodes};
use crate::model::design::columns::{standardise, DesignColumns};
use crate::model::design::recipe::{NumericStep, Recipe, Source};
use crate::sources::{CustomerTable, NO_LEVEL};

/// A model made ready for rows of one customers table.
pub struct RowScorer<'a> {
    customers: &'a CustomerTable,
    features: usize,
    form: Form<'a>,
}

enum Form<'a> {
    Linear {
        columns: DesignColumns<'a>,
        intercept: f64,
        weights: Vec<f64>,
    },
    Additive {
        model: &'a Additive,
        /// Of each feature that is a number, its column and how its values are standardised.
        standardised: Vec<Option<(usize, &'a NumericStep)>>,
        /// Of each categorical feature the code of each level of the customers table.
        levels: Vec<LevelCodes>,
    },
}

/// What the numbers of a row become, before they are looked up or weighed.
enum Made {
    /// Of a linear model the columns of the design.
    Columns(Vec<f32>),
    /// Of an additive one the code of each feature.
    Codes(Vec<u8>),
}

/// A row that has been read.
pub struct ScoredRow<'a> {
    scorer: &'a RowScorer<'a>,
    customer: u32,
    raw: Vec<f32>,
    made: Made,
}

impl<'a> RowScorer<'a> {
    /// For a linear model and the customers whose levels its rows have.
    pub(super) fn linear(recipe: &'a Recipe, intercept: f64, weights: Vec<f64>, customers: &'a CustomerTable) -> Self {
        let form = Form::Linear { columns: recipe.columns(customers), intercept, weights };
        RowScorer { customers, features: recipe.numeric.len(), form }
    }

    /// For an additive model.
    pub(super) fn additive(recipe: &'a Recipe, model: &'a Additive, customers: &'a CustomerTable) -> Self {
        let form = Form::Additive {
            model,
            standardised: standardised(recipe, model),
            levels: model.features.iter().map(|f| level_codes(customers, f.source, &f.bins)).collect(),
        };
        RowScorer { customers, features: recipe.numeric.len(), form }
    }

    /// Reads a row of a customer, given the place in the customers table and the numeric features.
    ///
    /// # Errors
    /// [`Error::Internal`] for another number of features.
    pub fn read(&'a self, customer: u32, raw: Vec<f32>) -> Result<ScoredRow<'a>> {
        if raw.len() != self.features {
            let (found, expected) = (raw.len(), self.features);
            return Err(Error::Internal(format!("a row has {found} features, and the model {expected}")));
        }
        let made = self.made(customer, &raw, None);
        Ok(ScoredRow { scorer: self, customer, raw, made })
    }

    /// What numbers become; where they are those of another row of the customer, what they became there.
    fn made(&self, customer: u32, raw: &[f32], other: Option<&ScoredRow<'_>>) -> Made {
        let known = |column: usize| other.is_some_and(|other| other.raw[column].to_bits() == raw[column].to_bits());
        match (&self.form, other.map(|other| &other.made)) {
            (Form::Linear { columns, .. }, Some(Made::Columns(of_other))) => {
                Made::Columns(columns.of_row(customer, raw, |place, column| known(column).then(|| of_other[place])))
            }
            (Form::Linear { columns, .. }, _) => Made::Columns(columns.of_row(customer, raw, |_, _| None)),
            (Form::Additive { model, levels, .. }, of_other) => {
                let of_other = if let Some(Made::Codes(codes)) = of_other { codes.as_slice() } else { &[] };
                let code = |(place, levels): (usize, &LevelCodes)| {
                    let feature = &model.features[place];
                    match (feature.source, &feature.bins) {
                        (Source::Numeric(column), _) if known(column) && place < of_other.len() => of_other[place],
                        (Source::Numeric(column), Bins::Numeric { edges }) => Bins::encode_value(edges, raw[column]),
                        (Source::Numeric(_), Bins::Levels { .. }) => levels.of(NO_LEVEL),
                        (Source::Categorical(index), _) => {
                            levels.of(self.customers.categorical[index].codes[customer as usize])
                        }
                    }
                };
                Made::Codes(levels.iter().enumerate().map(code).collect())
            }
        }
    }

    fn log_odds(&self, made: &Made) -> f64 {
        match (&self.form, made) {
            (Form::Linear { intercept, weights, .. }, Made::Columns(x)) => {
                weights.iter().zip(x).fold(*intercept, |z, (weight, &x)| z + weight * f64::from(x))
            }
            (Form::Additive { model, .. }, Made::Codes(codes)) => {
                let effects = model.terms.iter().map(|term| term.table[term.lookup.cell(|feature| codes[feature])]);
                effects.fold(model.intercept, |z, effect| z + effect)
            }
            // A row is read by its own scorer.
            _ => f64::NAN,
        }
    }
}

impl ScoredRow<'_> {
    /// The numeric features; NaN is null.
    pub fn raw(&self) -> &[f32] {
        &self.raw
    }

    /// What each term makes of the row.
    pub fn row(&self) -> Row {
        match (&self.scorer.form, &self.made) {
            (Form::Linear { weights, .. }, Made::Columns(x)) => {
                let values: Vec<f64> = x.iter().map(|&x| summed(x)).collect();
                Row { effects: values.iter().zip(weights).map(|(x, weight)| x * weight).collect(), values }
            }
            (Form::Additive { model, standardised, .. }, Made::Codes(codes)) => {
                let value = |&(column, step): &(usize, &NumericStep)| {
                    let mut value = [self.raw[column]];
                    standardise(step, &mut value);
                    summed(value[0])
                };
                let effects: Vec<f64> = model.effects(codes).into_iter().map(|effect| effect + 0.0).collect();
                Row {
                    effects: model.by_feature(&effects),
                    values: standardised.iter().map(|known| known.as_ref().map_or(0.0, value)).collect(),
                }
            }
            _ => Row::default(),
        }
    }

    /// The log-odds that the customer would have with other numeric features, as many as the row has.
    ///
    /// # Errors
    /// [`Error::Internal`] for another number of features.
    pub fn log_odds_with(&self, raw: &[f32]) -> Result<f64> {
        if raw.len() != self.raw.len() {
            return Err(Error::Internal(format!("{} features in the place of {}", raw.len(), self.raw.len())));
        }
        Ok(self.scorer.log_odds(&self.scorer.made(self.customer, raw, Some(self))))
    }
}

fn level_codes(customers: &CustomerTable, source: Source, bins: &Bins) -> LevelCodes {
    match source {
        Source::Categorical(index) => LevelCodes::new(bins, &customers.categorical[index].names),
        Source::Numeric(_) => LevelCodes::new(bins, &[]),
    }
}

/// A value as a sum of one: as exact as sums of values are.
fn summed(value: f32) -> f64 {
    let mut sum = ValueSum::default();
    sum.add_all(&[value]);
    sum.value()
}
