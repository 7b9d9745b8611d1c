//! An additive logistic regression: curves of single features and interactions of two, each a look-up table.
//!
//! | file | holds |
//! |---|---|
//! | here | the [model](Additive) as it is published: bins, tables, intercept |
//! | `bins`, `frame` | each feature as at most 256 codes; the features of a training, and their rows as codes |
//! | `basis` | the shapes that a table can take, and what one penalty makes of them |
//! | `passes`, `curvature`, `solver` | the fit: passes over the codes, how it bends, the iterations |
//! | `shape`, `screen`, `relevance` | which terms a model has, which are worth a try, how much each matters |
//! | `candidate`, `search` | a model under choice; the choice of the penalty, of the interactions and of their detail |
//! | `comparison` | what each step towards a richer model bought |
//! | `model_search` | from rows to a choice: the search on a part of them, the comparison of what it found |
//! | `fit` | what was chosen, fitted on all rows, and cross-fitting |
//! | `params`, `records` | hyper-parameters, and search, fit and predictions on ndarray records, behind linfa's traits |
//! | `certificate` | what linfa's own optimiser says about the solution, on a dense basis |
//! | `uncertainty`, `bias` | a standard error for every cell, by customer, and what the penalty smooths away in it |
//! | `purify` | main effects moved out of the interactions, so that contributions are unambiguous |
//!
//! `log-odds = intercept + Σ table_t[cell_t(row)]`. It is a logistic regression, linear in its parameters: within the
//! fit a table is a basis times coefficients with an L2 penalty, `mean log-loss + alpha / 2 * |coefficients|^2`. What
//! is published are the tables alone, so a contribution is an entry, exactly.

mod basis;
mod bias;
mod bins;
mod candidate;
mod certificate;
mod codes;
mod comparison;
mod cross_validation;
mod curvature;
mod fit;
mod frame;
mod model_search;
mod params;
mod passes;
mod purify;
mod records;
mod relevance;
mod screen;
mod search;
mod shape;
mod solver;
mod uncertainty;

pub use basis::Detail;
pub use bins::Bins;
pub use codes::Lookup;
pub use comparison::{Attempt, Comparison, Step, BASE_RATE, CURVES, FINE, INTERACTIONS, LINEAR};
pub use fit::{CrossFit, CrossFitted, Fit};
pub use model_search::{search_rows, LinearCandidate, ModelSearch, Options};
pub use params::{AdditiveParams, AdditiveValidParams};
pub use records::AdditiveFit;

use crate::dataset::{Block, Dataset, Selection, Values};
use crate::error::Result;
use crate::model::design::recipe::Source;
use crate::numeric::Z_95;
use crate::parallel;
use crate::sources::{CustomerTable, NO_LEVEL};
use serde::{Deserialize, Serialize};

/// A feature as the model looks at it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Its place in the catalogue.
    pub source: Source,
    /// How a raw value becomes a code.
    pub bins: Bins,
}

/// A term: what each cell adds to the log-odds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Which cell a row is in.
    pub lookup: Lookup,
    /// What each cell adds. Over the training rows its mean is 0, and so is that of an interaction for each value of
    /// either feature.
    pub table: Vec<f64>,
    /// The standard error of each cell, by customer; empty of a model that was fitted only to be judged, or of one with
    /// too many parameters. 1.96 of it to either side are the 95 % band: what the penalty smooths away is part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standard_errors: Vec<f64>,
    /// Standard deviation of what it adds over the training rows: how much the term matters.
    pub spread: f64,
}

/// A published additive model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Additive {
    /// The features that the terms look at.
    pub features: Vec<Feature>,
    /// Mean log-odds of the training rows.
    pub intercept: f64,
    /// The terms: curves, then interactions.
    pub terms: Vec<Effect>,
}

impl Effect {
    /// The least and the most that it adds, in words: "-0.512 ± 0.080", with half the 95 % band if it is known.
    pub fn extremes(&self) -> [String; 2] {
        let order = |a: &usize, b: &usize| self.table[*a].total_cmp(&self.table[*b]);
        let cells = || 0..self.table.len();
        [cells().min_by(order), cells().max_by(order)].map(|cell| {
            let effect = cell.map_or(0.0, |cell| self.table[cell]);
            match cell.and_then(|cell| self.standard_errors.get(cell)) {
                Some(error) => format!("{effect:+.3} ± {:.3}", Z_95 * error),
                None => format!("{effect:+.3}"),
            }
        })
    }

    /// The features it looks at, by their places among the model's.
    pub fn features(&self) -> &[usize] {
        self.lookup.features()
    }
}

impl Additive {
    /// What a term is called: its feature, or its two features with a cross between them.
    pub fn term_name(&self, term: &Effect) -> String {
        let names: Vec<&str> = term.features().iter().map(|&feature| self.features[feature].name.as_str()).collect();
        names.join(" × ")
    }

    /// The code of every feature in some rows, feature after feature.
    pub fn codes(&self, rows: &BlockRows<'_>) -> Vec<Vec<u8>> {
        self.features.iter().map(|feature| rows.codes(feature.source, &feature.bins)).collect()
    }

    /// What every term adds in one row, given the code of each feature. With the intercept they sum to the log-odds.
    pub fn effects(&self, codes: &[u8]) -> Vec<f64> {
        self.terms.iter().map(|term| term.table[term.lookup.cell(|feature| codes[feature])]).collect()
    }

    /// The log-odds of the chosen rows, block by block.
    ///
    /// # Errors
    /// As [`Block::values`].
    pub fn log_odds(&self, dataset: &Dataset, rows: &Selection) -> Result<Vec<Vec<f64>>> {
        let of_block = |(index, block): (usize, &Block)| {
            let rows =
                BlockRows { block, values: &block.values()?, rows: rows.rows(index), customers: &dataset.customers };
            let codes = self.codes(&rows);
            let mut log_odds = vec![self.intercept; rows.rows.len()];
            for term in &self.terms {
                term.lookup.each_cell(&codes, |row, cell| log_odds[row] += term.table[cell]);
            }
            Ok(log_odds)
        };
        parallel::try_map(dataset.blocks.iter().enumerate(), of_block)
    }

    /// What a row's effects add up to for each feature: its curve, and half of each interaction that it is in. The
    /// half is the Shapley value of a pure interaction: neither feature can claim more of it than the other.
    pub fn by_feature(&self, effects: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.features.len()];
        for (term, effect) in self.terms.iter().zip(effects) {
            let features = term.features();
            let share = effect / features.len() as f64;
            features.iter().for_each(|&feature| sums[feature] += share);
        }
        sums
    }
}

/// Rows of a block, and what their codes are made of.
#[derive(Clone, Copy)]
pub struct BlockRows<'a> {
    /// The block.
    pub block: &'a Block,
    /// Its numeric features.
    pub values: &'a Values<'a>,
    /// The rows, ascending.
    pub rows: &'a [u32],
    /// The customers that the rows are of.
    pub customers: &'a CustomerTable,
}

impl BlockRows<'_> {
    /// The codes of one feature.
    fn codes(&self, source: Source, bins: &Bins) -> Vec<u8> {
        match (source, bins) {
            (Source::Numeric(index), Bins::Numeric { edges }) => {
                let mut column = Vec::new();
                self.values.append_rows(index, self.rows, &mut column);
                Bins::encode(edges, &column)
            }
            (Source::Categorical(index), _) => {
                let levels = &self.customers.categorical[index];
                let codes = LevelCodes::new(bins, &levels.names);
                let of_row = |&row: &u32| codes.of(levels.codes[self.block.customers[row as usize] as usize]);
                self.rows.iter().map(of_row).collect()
            }
            // A numeric feature has edges; a file that says otherwise has been refused.
            (Source::Numeric(_), Bins::Levels { .. }) => vec![bins.level_code(None); self.rows.len()],
        }
    }
}

/// The codes of the levels of a customers table.
#[derive(Clone, Debug)]
pub struct LevelCodes {
    known: Vec<u8>,
    missing: u8,
}

impl LevelCodes {
    /// Levels are compared by name: another table numbers them in another way.
    pub fn new(bins: &Bins, names: &[String]) -> LevelCodes {
        let known = names.iter().map(|name| bins.level_code(Some(name))).collect();
        LevelCodes { known, missing: bins.level_code(None) }
    }

    /// The code of a level, by its number in that table.
    pub fn of(&self, level: u32) -> u8 {
        match level {
            NO_LEVEL => self.missing,
            level => self.known[level as usize],
        }
    }
}

/// Small problems for the tests of this folder.
#[cfg(test)]
mod examples {
    use super::basis::{curve, interaction, side, Detail};
    use super::bins::{Bins, Grid};
    use super::codes::{CodeBlock, Lookup};
    use super::passes::{Term, Terms};
    use crate::model::design::examples::uniform;
    use crate::numeric::sigmoid;

    /// Six numeric features of ten values, the last a copy of the third; the label depends on the product of the second
    /// and the third, and on the first.
    pub fn interacting(rows: usize, seed: u64) -> (Vec<Grid>, Vec<CodeBlock>) {
        let mut next = uniform(seed);
        let features = 6;
        let mut blocks = Vec::new();
        for first in (0..rows).step_by(700) {
            let rows = 700.min(rows - first);
            let mut codes: Vec<u8> = (0..features * rows).map(|_| (next() * 10.0) as u8).collect();
            for row in 0..rows {
                codes[5 * rows + row] = codes[2 * rows + row];
            }
            let value = |feature: usize, row: usize| (f64::from(codes[feature * rows + row]) - 4.5) / 2.9;
            let y = (0..rows)
                .map(|row| u8::from(next() < sigmoid(0.8 * value(0, row) + 1.2 * value(1, row) * value(2, row) - 0.5)))
                .collect();
            let customer: Vec<u32> = (0..rows).map(|row| (first + row) as u32 / 2).collect();
            let fold = customer.iter().map(|c| (c % 5) as u8).collect();
            blocks.push(CodeBlock { rows, codes, y, fold, customer, ..CodeBlock::default() });
        }
        let shares = vec![0.1; 10].into_iter().chain([0.0]).collect();
        let values = (0..10u8).map(|i| (f64::from(i) - 4.5) / 2.9).collect();
        let bins = Bins::Numeric { edges: (1..10u8).map(f32::from).collect() };
        let grid = Grid { bins, shares, values, direction: None };
        (vec![grid; features], blocks)
    }

    /// The first features of such rows as curves, and two interactions.
    pub fn problem(rows: usize, curves: usize, seed: u64) -> (Terms, Vec<CodeBlock>) {
        let (grids, blocks) = interacting(rows, seed);
        let mut terms: Vec<Term> = (0..curves)
            .map(|feature| Term { lookup: Lookup::Curve { feature }, basis: curve(&grids[feature]) })
            .collect();
        for features in [[1, 2], [0, 3]] {
            let groups = features.map(|feature| grids[feature].groups(16));
            let of = |at: usize| side(&grids[features[at]], &groups[at], Detail::Smooth);
            let basis = interaction(&of(0), &of(1));
            terms.push(Term { lookup: Lookup::Interaction { features, groups, width: 11 }, basis });
        }
        (Terms::new(terms), blocks)
    }
}

#[cfg(test)]
mod tests;
