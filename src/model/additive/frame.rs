//! The features of a training with their bins, and rows as codes.

use super::bins::{Bins, Grid};
use super::codes::CodeBlock;
use super::shape::Shape;
use super::BlockRows;
use crate::dataset::folds::CustomerFolds;
use crate::dataset::{Dataset, Selection};
use crate::error::Result;
use crate::features::Directions;
use crate::model::design::recipe::{sample, weights_at, Recipe, Source};
use crate::parallel;

/// The features that vary, in the order of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Which they are.
    pub features: Vec<FrameFeature>,
    /// Their bins.
    pub grids: Vec<Grid>,
}

/// A feature by name and by its place in the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameFeature {
    /// Its name.
    pub name: String,
    /// Its place.
    pub source: Source,
}

impl Frame {
    /// Learns the bins from the selected rows, or from the sample of them that the recipe is learned from.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn learn(recipe: &Recipe, dataset: &Dataset, rows: &Selection, directions: &Directions) -> Result<Frame> {
        let places = sample(dataset, rows);
        let values = dataset.gather(&places)?;
        let weights = weights_at(dataset, &places);
        let numeric: Vec<Grid> = parallel::map(recipe.numeric.iter().enumerate(), |(index, step)| {
            let values = &values[index * places.len()..(index + 1) * places.len()];
            Grid::for_numeric(step, values, &weights, directions.get(index))
        });

        let categorical = recipe.categorical.iter().enumerate().map(|(index, step)| {
            let bins = Bins::from_levels(step);
            let levels = &dataset.customers.categorical[index];
            let codes = places.iter().map(|&place| {
                let (block, row) = dataset.at(place);
                bins.level_code(levels.get(block.customers[row] as usize))
            });
            Grid::for_categorical(bins.clone(), codes, &weights)
        });

        let numbers = (0..).zip(&recipe.numeric).map(|(place, step)| (&step.feature, Source::Numeric(place)));
        let levels = (0..).zip(&recipe.categorical).map(|(place, step)| (&step.feature, Source::Categorical(place)));
        let features = numbers.chain(levels).map(|(name, source)| FrameFeature { name: name.clone(), source });
        let varying = features.zip(numeric.into_iter().chain(categorical)).filter(|(_, grid)| grid.varies());
        let (features, grids) = varying.unzip();
        Ok(Frame { features, grids })
    }

    /// The features of a shape alone, and the shape in their numbering.
    pub fn restricted_to(&self, shape: &Shape) -> (Frame, Shape) {
        let place = |feature: usize| shape.features.binary_search(&feature).unwrap_or_default();
        let frame = Frame {
            features: shape.features.iter().map(|&feature| self.features[feature].clone()).collect(),
            grids: shape.features.iter().map(|&feature| self.grids[feature].clone()).collect(),
        };
        let pairs = shape.pairs.iter().map(|pair| pair.map(place)).collect();
        (frame, Shape { features: (0..shape.features.len()).collect(), pairs, ..shape.clone() })
    }

    /// The selected rows as codes, with labels, folds and customers.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn encode(&self, dataset: &Dataset, rows: &Selection, folds: CustomerFolds) -> Result<Vec<CodeBlock>> {
        let customers = &*dataset.customers;
        parallel::try_map(dataset.blocks.iter().enumerate(), |(index, block)| {
            let rows = rows.rows(index);
            let of_block = BlockRows { block, values: &block.values()?, rows, customers };
            let customer: Vec<u32> = rows.iter().map(|&row| block.customers[row as usize]).collect();
            let mut codes = Vec::with_capacity(rows.len() * self.features.len());
            for (feature, grid) in self.features.iter().zip(&self.grids) {
                codes.extend(of_block.codes(feature.source, &grid.bins));
            }
            Ok(CodeBlock {
                rows: rows.len(),
                codes,
                y: rows.iter().map(|&row| block.label(row as usize).unwrap_or(0)).collect(),
                fold: customer.iter().map(|&customer| folds.fold(customers, &dataset.twins, customer)).collect(),
                customer,
                weights: block.weights_of(rows),
            })
        })
    }
}
