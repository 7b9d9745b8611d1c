//! A model applied: the log-odds of rows, and what each term makes of a row or of the mean of several.

use crate::dataset::Block;
use crate::error::Result;
use crate::model::additive::{Additive, BlockRows, Effect, Feature};
use crate::model::design::columns::{standardise, DesignColumns, LinearEffects};
use crate::model::design::recipe::{NumericStep, Recipe, Source};
use crate::numeric::{self, vectorised, FixedSum};
use crate::sources::CustomerTable;

/// The sum of a standardised value over rows. Values of single precision are exact from `2^-17` on; smaller ones are at
/// most `2^-41` off.
pub(super) type ValueSum = FixedSum<40>;

/// What each term makes of a row, or of several on average. A term is a column of a linear model, a feature of an
/// additive one; see [`Artefact::terms`](super::Artefact::terms).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// What it adds to the log-odds. With the intercept, the effects sum to them.
    pub effects: Vec<f64>,
    /// The standardised value: of a linear model the column, of an additive one the feature (0 where there is none).
    pub values: Vec<f64>,
}

impl Row {
    /// Without effects or values, for so many terms.
    pub fn zeros(terms: usize) -> Row {
        Row { effects: vec![0.0; terms], values: vec![0.0; terms] }
    }
}

/// What the mean of some rows follows from. All of it is counted in integers, so that it is the same for any order of
/// the rows and any division of them among blocks, threads or machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSums {
    /// How many rows.
    pub rows: u64,
    /// Of an additive model, how many rows are in each cell, term by term.
    pub cells: Vec<Vec<u64>>,
    /// The sums of the standardised values, in the order of [`Row::values`].
    pub values: Vec<ValueSum>,
}

impl RowSums {
    /// Adds the rows of others.
    pub fn merge(&mut self, other: &RowSums) {
        self.rows += other.rows;
        for (cells, others) in self.cells.iter_mut().zip(&other.cells) {
            cells.iter_mut().zip(others).for_each(|(rows, more)| *rows += more);
        }
        self.values.iter_mut().zip(&other.values).for_each(|(sum, more)| sum.merge(more));
    }
}

/// A model made ready for the rows of one customers table.
pub enum BlockScorer<'a> {
    /// Columns times coefficients.
    Linear {
        /// The columns of the design.
        columns: DesignColumns<'a>,
        /// Log-odds of a row of zeros.
        intercept: f64,
        /// The coefficients, in the order of the columns.
        weights: Vec<f64>,
    },
    /// Tables.
    Additive {
        /// The tables.
        model: &'a Additive,
        /// The customers.
        customers: &'a CustomerTable,
        /// Of each feature that is a number, its column and how its values are standardised.
        standardised: Vec<Option<(usize, &'a NumericStep)>>,
    },
}

impl<'a> BlockScorer<'a> {
    /// For a linear model.
    pub fn linear(recipe: &'a Recipe, intercept: f64, weights: Vec<f64>, customers: &'a CustomerTable) -> Self {
        BlockScorer::Linear { columns: recipe.columns(customers), intercept, weights }
    }

    /// For an additive model.
    pub fn additive(recipe: &'a Recipe, model: &'a Additive, customers: &'a CustomerTable) -> Self {
        BlockScorer::Additive { model, customers, standardised: standardised(recipe, model) }
    }

    /// The sums of no rows.
    pub fn no_rows(&self) -> RowSums {
        match self {
            BlockScorer::Linear { weights, .. } => {
                RowSums { rows: 0, cells: Vec::new(), values: vec![ValueSum::default(); weights.len()] }
            }
            BlockScorer::Additive { model, standardised, .. } => RowSums {
                rows: 0,
                cells: model.terms.iter().map(|term| vec![0; term.table.len()]).collect(),
                values: vec![ValueSum::default(); standardised.len()],
            },
        }
    }

    /// The log-odds of some rows of a block, ascending, which are added to the sums.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn score(&self, block: &Block, rows: &[u32], sums: &mut RowSums) -> Result<Vec<f64>> {
        let values = block.values()?;
        sums.rows += rows.len() as u64;
        let (model, customers, standardised) = match self {
            BlockScorer::Linear { columns, intercept, weights } => {
                let model = LinearEffects { intercept: *intercept, weights };
                return Ok(columns.score(block, &values, rows, model, |index, x| sums.values[index].add_all(x)));
            }
            BlockScorer::Additive { model, customers, standardised } => (model, customers, standardised),
        };

        let codes = model.codes(&BlockRows { block, values: &values, rows, customers });
        let mut log_odds = vec![model.intercept; rows.len()];
        for (term, counts) in model.terms.iter().zip(&mut sums.cells) {
            term.lookup.each_cell(&codes, |row, cell| {
                log_odds[row] += term.table[cell];
                counts[cell] += 1;
            });
        }

        let mut column = Vec::with_capacity(rows.len());
        for (standardised, sum) in standardised.iter().zip(&mut sums.values) {
            if let Some((index, step)) = standardised {
                column.clear();
                values.append_rows(*index, rows, &mut column);
                vectorised!(standardise(step, &mut column));
                sum.add_all(&column);
            }
        }
        Ok(log_odds)
    }

    /// The mean of the rows that were added.
    pub fn mean(&self, sums: &RowSums) -> Row {
        let rows = sums.rows.max(1) as f64;
        let values: Vec<f64> = sums.values.iter().map(|sum| sum.value() / rows).collect();
        let effects = match self {
            BlockScorer::Linear { weights, .. } => values.iter().zip(weights).map(|(x, weight)| x * weight).collect(),
            BlockScorer::Additive { model, .. } => {
                let mean_effect = |(term, counts): (&Effect, &Vec<u64>)| {
                    numeric::sum(term.table.iter().zip(counts).map(|(effect, &rows)| effect * rows as f64)) / rows
                };
                model.by_feature(&model.terms.iter().zip(&sums.cells).map(mean_effect).collect::<Vec<f64>>())
            }
        };
        Row { effects, values }
    }
}

/// Of each feature of an additive model that is a number and varies, its column and how its values are standardised.
pub(super) fn standardised<'a>(recipe: &'a Recipe, model: &Additive) -> Vec<Option<(usize, &'a NumericStep)>> {
    let step = |feature: &Feature| match feature.source {
        Source::Numeric(index) => Some((index, &recipe.numeric[index])).filter(|(_, step)| step.scale > 0.0),
        Source::Categorical(_) => None,
    };
    model.features.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artefact::RowScorer;
    use crate::dataset::StoredValues;
    use crate::memory::Arena;
    use crate::model::additive::{Bins, Lookup};
    use crate::model::design::recipe::{CategoricalStep, Transform};
    use crate::sources::{Ids, Levels, NO_LEVEL};
    use proptest::prelude::*;

    /// Two numbers and the customer's plan.
    type Raw = (f32, f32, u32);

    const CUSTOMERS: u32 = 40;

    fn recipe() -> Recipe {
        let step = |name: &str, transform, scale| NumericStep {
            feature: name.to_owned(),
            transform,
            low: -3.0,
            high: 50.0,
            mean: 0.7,
            scale,
            missing_share: 0.1,
            missing_indicator: true,
            copy_of: None,
        };

        let plan = CategoricalStep {
            feature: "plan".to_owned(),
            baseline: Some("basic".to_owned()),
            levels: vec!["pro".to_owned()],
            other: true,
            rare_share: 0.0,
        };

        Recipe {
            numeric: vec![step("a", Transform::SignedLog, 0.3), step("b", Transform::Identity, 7.1)],
            categorical: vec![plan],
        }
    }

    fn additive() -> Additive {
        let edges = |edges: &[f32]| Bins::Numeric { edges: edges.to_vec() };
        let feature = |name: &str, source, bins| Feature { name: name.to_owned(), source, bins };
        let effect = |lookup, cells: u32| Effect {
            lookup,
            table: (0..cells).map(|cell| f64::from(cell * 37 % 11) / 7.0 - 0.6).collect(),
            standard_errors: Vec::new(),
            spread: 1.0,
        };

        let groups = [vec![0, 0, 1, 2], vec![0, 1, 2]];
        Additive {
            features: vec![
                feature("a", Source::Numeric(0), edges(&[-1.0, 2.0])),
                feature("b", Source::Numeric(1), edges(&[0.5])),
                feature("plan", Source::Categorical(0), Bins::Levels { levels: vec!["pro".to_owned()] }),
            ],
            intercept: -2.3,
            terms: vec![
                effect(Lookup::Curve { feature: 0 }, 4),
                effect(Lookup::Curve { feature: 2 }, 3),
                effect(Lookup::Interaction { features: [0, 1], groups, width: 3 }, 9),
            ],
        }
    }

    fn customers() -> CustomerTable {
        let codes = (0..CUSTOMERS).map(|customer| [0, 1, 2, NO_LEVEL][customer as usize % 4]).collect();
        CustomerTable {
            ids: Ids::Integer((0..i64::from(CUSTOMERS)).collect()),
            categorical: vec![Levels { names: ["basic", "pro", "team"].map(str::to_owned).to_vec(), codes }],
            rows: u64::from(CUSTOMERS),
            ..CustomerTable::default()
        }
    }

    fn block(rows: &[Raw]) -> Block {
        let values: Vec<f32> = rows.iter().map(|row| row.0).chain(rows.iter().map(|row| row.1)).collect();
        Block {
            customers: rows.iter().map(|row| row.2).collect(),
            as_of: vec![0; rows.len()],
            labels: Vec::new(),
            weights: Vec::new(),
            values: StoredValues::new(&values, rows.len(), &Arena::unlimited()).unwrap(),
        }
    }

    /// The sums of rows that lie in blocks of these lengths, and the log-odds. The last block is merged first.
    fn scored(scorer: &BlockScorer<'_>, rows: &[Raw], lengths: &[usize]) -> (RowSums, Vec<f64>) {
        let (mut rest, mut parts, mut log_odds) = (rows, Vec::new(), Vec::new());
        for &length in lengths.iter().chain([&usize::MAX]) {
            let (of_block, after) = rest.split_at(length.min(rest.len()));
            rest = after;
            let chosen: Vec<u32> = (0..of_block.len() as u32).collect();
            let mut sums = scorer.no_rows();
            log_odds.extend(scorer.score(&block(of_block), &chosen, &mut sums).unwrap());
            parts.push(sums);
        }
        let mut sums = scorer.no_rows();
        parts.iter().rev().for_each(|part| sums.merge(part));
        (sums, log_odds)
    }

    fn bits(row: &Row) -> Vec<u64> {
        row.effects.iter().chain(&row.values).map(|value| value.to_bits()).collect()
    }

    fn some_rows() -> impl Strategy<Value = Vec<Raw>> {
        let value = || prop_oneof![4 => -60.0f32..60.0, 1 => Just(f32::NAN), 1 => Just(0.7), 1 => Just(1e-9)];
        prop::collection::vec((value(), value(), 0..CUSTOMERS), 1..500)
    }

    proptest! {
        #[test]
        fn a_row_by_itself_is_scored_as_among_others(rows in some_rows(), other in (-60.0f32..60.0, -60.0f32..60.0)) {
            let (recipe, additive, customers) = (recipe(), additive(), customers());
            let weights: Vec<f64> = (0..recipe.terms().len()).map(|term| 0.37 - 0.11 * term as f64).collect();
            let of_blocks = [
                BlockScorer::linear(&recipe, -1.2, weights.clone(), &customers),
                BlockScorer::additive(&recipe, &additive, &customers),
            ];
            let of_rows = [
                RowScorer::linear(&recipe, -1.2, weights, &customers),
                RowScorer::additive(&recipe, &additive, &customers),
            ];
            for (blocks, scorer) in of_blocks.iter().zip(&of_rows) {
                for &(a, b, customer) in &rows {
                    let row = scorer.read(customer, vec![a, b]).unwrap();
                    let (sums, _) = scored(blocks, &[(a, b, customer)], &[]);
                    prop_assert_eq!(bits(&row.row()), bits(&blocks.mean(&sums)));

                    // The same numbers, one of them changed, and both.
                    for (a, b) in [(a, b), (other.0, b), (a, other.1), other] {
                        let (_, log_odds) = scored(blocks, &[(a, b, customer)], &[]);
                        prop_assert_eq!(row.log_odds_with(&[a, b]).unwrap().to_bits(), log_odds[0].to_bits());
                    }
                    prop_assert!(row.log_odds_with(&[a]).is_err());
                }
            }
        }

        #[test]
        fn the_mean_row_has_no_order_and_no_blocks(
            (rows, shuffled) in some_rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
            lengths in prop::collection::vec(0usize..200, 0..5),
        ) {
            let (recipe, additive, customers) = (recipe(), additive(), customers());
            let weights: Vec<f64> = (0..recipe.terms().len()).map(|term| 0.37 - 0.11 * term as f64).collect();
            for scorer in [
                BlockScorer::linear(&recipe, -1.2, weights, &customers),
                BlockScorer::additive(&recipe, &additive, &customers),
            ] {
                let (sums, log_odds) = scored(&scorer, &rows, &[]);
                let (in_parts, _) = scored(&scorer, &shuffled, &lengths);
                prop_assert_eq!(&in_parts, &sums);
                prop_assert_eq!(bits(&scorer.mean(&in_parts)), bits(&scorer.mean(&sums)));

                // The mean row has the mean log-odds, and the values of the rows on average.
                let intercept = if let BlockScorer::Linear { intercept, .. } = scorer { intercept } else { -2.3 };
                let mean = scorer.mean(&sums);
                let n = rows.len() as f64;
                let expected = log_odds.iter().sum::<f64>() / n;
                prop_assert!((intercept + mean.effects.iter().sum::<f64>() - expected).abs() < 1e-11);
                let mut values = vec![0.0; mean.values.len()];
                for row in &rows {
                    let of_row = scorer.mean(&scored(&scorer, &[*row], &[]).0);
                    values.iter_mut().zip(&of_row.values).for_each(|(sum, value)| *sum += value / n);
                }
                for (mean, expected) in mean.values.iter().zip(&values) {
                    prop_assert!((mean - expected).abs() < 1e-11);
                }
            }
        }
    }
}
