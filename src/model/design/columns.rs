//! A recipe applied: rows of a data set as columns of the design.

use super::recipe::{NumericStep, Recipe, Role, Source, Transform};
use crate::dataset::folds::CustomerFolds;
use crate::dataset::{Block, Dataset, Selection, Twins, Values};
use crate::error::Result;
use crate::memory::Arena;
use crate::model::design::{Design, DesignBlock, DesignRows, TILE};
use crate::numeric::vectorised;
use crate::parallel;
use crate::sources::{CustomerTable, NO_LEVEL};

/// What a memory limit keeps free beside a design, in bytes: for the passes over it, and for each row that is not in it
/// and may be what its model is judged on, with its scores, orders and intervals.
const DESIGN_RESERVE: u64 = 64 << 20;
const JUDGED_ROW: u64 = 256;

impl Recipe {
    /// The design of the selected rows, with the folds that they are cross-fitted on.
    pub fn design(&self, dataset: &Dataset, selection: &Selection, folds: CustomerFolds) -> Result<Design> {
        let arena = arena_for(dataset, selection);
        let of_block = self.of_blocks(arena, (&dataset.customers, &dataset.twins), selection, folds);
        let blocks = dataset.blocks.iter().enumerate();
        Ok(self.designed(parallel::try_map(blocks, |(index, block)| of_block(index, block))?))
    }

    /// As [`Recipe::design`], with `then` done to each block, given its place, as soon as it is in the design: where
    /// blocks give up features, the design and all features are never in memory together.
    pub fn design_then(
        &self,
        dataset: &mut Dataset,
        selection: &Selection,
        folds: CustomerFolds,
        then: impl Fn(usize, &mut Block) -> Result<()> + Sync,
    ) -> Result<Design> {
        let (customers, twins) = (dataset.customers.clone(), dataset.twins.clone());
        let of_block = self.of_blocks(arena_for(dataset, selection), (&customers, &twins), selection, folds);
        let blocks = parallel::try_map(dataset.blocks.iter_mut().enumerate(), |(index, block)| {
            let designed = of_block(index, block)?;
            then(index, block)?;
            Ok(designed)
        });
        Ok(self.designed(blocks?))
    }

    /// What turns the selected rows of a block of a data set into blocks of the design, whose values go to the arena.
    fn of_blocks<'a>(
        &'a self,
        arena: Arena,
        (customers, twins): (&'a CustomerTable, &'a Twins),
        selection: &'a Selection,
        folds: CustomerFolds,
    ) -> impl Fn(usize, &Block) -> Result<Vec<DesignBlock>> + Sync + 'a {
        let columns = self.columns(customers);
        move |index, block| {
            let (values, of) = (block.values()?, &block.customers);
            let fold = |&row: &u32| folds.fold(customers, twins, of[row as usize]);
            let design_block = |rows: &[u32]| {
                let y = rows.iter().map(|&row| block.label(row as usize).unwrap_or(0)).collect();
                let customer = rows.iter().map(|&row| customers.key(of[row as usize])).collect();
                let fold = rows.iter().map(fold).collect();
                let of_rows = DesignRows { y, fold, weights: block.weights_of(rows), customer };
                DesignBlock::new(&columns.values(block, &values, rows), of_rows, index as u32, &arena)
            };
            pieces(selection.rows(index), of).map(design_block).collect()
        }
    }

    fn designed(&self, blocks: Vec<Vec<DesignBlock>>) -> Design {
        let names = self.terms().into_iter().map(|term| term.name).collect();
        Design { names, blocks: blocks.into_iter().flatten().collect() }
    }

    /// What computes the columns of the design for the customers of one table.
    pub fn columns<'a>(&'a self, customers: &'a CustomerTable) -> DesignColumns<'a> {
        // Without names: this is done for every customer that is explained.
        let parts = self.parts();
        let set = |(source, role): &(Source, Role)| match *source {
            Source::Numeric(_) => Vec::new(),
            Source::Categorical(index) => {
                let known = &self.categorical[index];
                customers.categorical[index].names.iter().map(|name| known.sets(role, name)).collect()
            }
        };
        DesignColumns { recipe: self, customers, sets: parts.iter().map(set).collect(), parts }
    }
}

/// Where the design of the selected rows lies: under a memory limit, what that leaves is kept free for the other rows.
fn arena_for(dataset: &Dataset, selection: &Selection) -> Arena {
    let judged = JUDGED_ROW * (dataset.rows() - selection.count()) as u64;
    Arena::new(dataset.memory.budget(dataset.memory.room(DESIGN_RESERVE + judged)))
}

/// The columns of a design, ready to be computed for rows of a data set.
pub struct DesignColumns<'a> {
    recipe: &'a Recipe,
    customers: &'a CustomerTable,
    parts: Vec<(Source, Role)>,
    /// Per categorical term and code of this customers table, whether the column is set: levels are compared by name.
    sets: Vec<Vec<bool>>,
}

/// Log-odds that are `intercept + x * weights`, of a row whose columns are `x`.
#[derive(Clone, Copy, Debug)]
pub struct LinearEffects<'a> {
    /// The log-odds of a row of zeros.
    pub intercept: f64,
    /// One a column.
    pub weights: &'a [f64],
}

impl DesignColumns<'_> {
    /// Some rows of a block, ascending, as columns of the design, column-major. Every value is finite.
    pub fn values(&self, block: &Block, values: &Values<'_>, rows: &[u32]) -> Vec<f32> {
        let mut x = Vec::with_capacity(self.parts.len() * rows.len());
        let mut codes = Codes::default();
        (0..self.parts.len()).for_each(|index| self.add_column(index, block, values, rows, &mut codes, &mut x));
        x
    }

    /// The log-odds of some rows of a block. `visit` is shown each column, given its place. Only one column is in
    /// memory at a time.
    pub fn score(
        &self,
        block: &Block,
        values: &Values<'_>,
        rows: &[u32],
        LinearEffects { intercept, weights }: LinearEffects<'_>,
        mut visit: impl FnMut(usize, &[f32]),
    ) -> Vec<f64> {
        let mut log_odds = vec![intercept; rows.len()];
        let mut x = Vec::with_capacity(rows.len());
        let mut codes = Codes::default();
        for (index, &weight) in weights.iter().enumerate() {
            x.clear();
            self.add_column(index, block, values, rows, &mut codes, &mut x);
            vectorised!(add_effects(weight, &x, &mut log_odds));
            visit(index, &x);
        }
        log_odds
    }

    /// The columns of one row of a customer, given its numeric features. `known` may know a column that follows from
    /// one of these, given the places of both.
    pub fn of_row(&self, customer: u32, raw: &[f32], known: impl Fn(usize, usize) -> Option<f32>) -> Vec<f32> {
        let column = |(place, ((source, role), set)): (usize, (&(Source, Role), &Vec<bool>))| match *source {
            Source::Numeric(index) => known(place, index).unwrap_or_else(|| {
                let mut value = [raw[index]];
                match role {
                    Role::Missing => value[0] = f32::from(u8::from(value[0].is_nan())),
                    _ => standardise(&self.recipe.numeric[index], &mut value),
                }
                value[0]
            }),
            Source::Categorical(index) => {
                let code = self.customers.categorical[index].codes[customer as usize];
                f32::from(u8::from(code != NO_LEVEL && set[code as usize]))
            }
        };
        self.parts.iter().zip(&self.sets).enumerate().map(column).collect()
    }

    /// Appends one column of the design. `codes` are those of the column before.
    fn add_column(
        &self,
        index: usize,
        block: &Block,
        values: &Values<'_>,
        rows: &[u32],
        codes: &mut Codes,
        x: &mut Vec<f32>,
    ) {
        let ((source, role), set) = (&self.parts[index], &self.sets[index]);
        match *source {
            Source::Numeric(index) => {
                let before = x.len();
                values.append_rows(index, rows, x);
                let x = &mut x[before..];
                match role {
                    Role::Missing => x.iter_mut().for_each(|x| *x = f32::from(u8::from(x.is_nan()))),
                    _ => vectorised!(standardise(&self.recipe.numeric[index], x)),
                }
            }
            Source::Categorical(index) => {
                if codes.feature != Some(index) {
                    let of_customers = &self.customers.categorical[index].codes;
                    let of_row = |&row: &u32| of_customers[block.customers[row as usize] as usize];
                    codes.feature = Some(index);
                    codes.of_rows.clear();
                    codes.of_rows.extend(rows.iter().map(of_row));
                }

                let value = |&code: &u32| f32::from(u8::from(code != NO_LEVEL && set[code as usize]));
                x.extend(codes.of_rows.iter().map(value));
            }
        }
    }
}

/// The codes of some rows for a categorical feature: its columns follow one another, and customers lie all over the
/// table.
#[derive(Default)]
struct Codes {
    feature: Option<usize>,
    of_rows: Vec<u32>,
}

/// Adds `weight * x` to the log-odds of each row.
#[inline(always)]
fn add_effects(weight: f64, x: &[f32], log_odds: &mut [f64]) {
    log_odds.iter_mut().zip(x).for_each(|(z, &x)| *z += weight * f64::from(x));
}

/// Raw values, turned into those of the design.
#[inline(always)]
pub fn standardise(step: &NumericStep, values: &mut [f32]) {
    match step.transform {
        Transform::Identity => values.iter_mut().for_each(|x| *x = step.placed(f64::from(*x))),
        Transform::SignedLog => {
            values.iter_mut().for_each(|x| *x = step.placed(Transform::SignedLog.apply(f64::from(*x))));
        }
    }
}

/// Rows of a data set's block as blocks of a design: about as many as a tile of the kernel, so that their values lie
/// together, and the rows of one customer never apart.
fn pieces<'a>(mut rows: &'a [u32], customers: &'a [u32]) -> impl Iterator<Item = &'a [u32]> {
    std::iter::from_fn(move || {
        let mut end = rows.len().min(TILE);
        let of = |at: usize| rows.get(at).map(|&row| customers[row as usize]);
        while end > 1 && end < rows.len() && of(end) == of(end - 1) {
            end -= 1;
        }
        // More rows of one customer than a tile holds stay together all the same.
        if end == 1 && end < rows.len() && of(end) == of(0) {
            end = rows.iter().position(|&row| Some(customers[row as usize]) != of(0)).unwrap_or(rows.len());
        }
        let (piece, rest) = rows.split_at(end);
        rows = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_tiles_and_keep_customers_together() {
        let customers: Vec<u32> = (0..4000u32).map(|row| if row < 900 { 7 } else { 10 + row / 3 }).collect();
        let rows: Vec<u32> = (0..4000).filter(|row| row % 5 != 1).collect();
        let found: Vec<&[u32]> = pieces(&rows, &customers).collect();
        assert_eq!(found.concat(), rows);
        assert_eq!(found[0].len(), 720, "all rows of the first customer");
        assert!(found[1..].iter().all(|piece| piece.len() <= TILE && !piece.is_empty()));
        let of = |row: Option<&u32>| row.map(|&row| customers[row as usize]);
        assert!(found.windows(2).all(|pair| of(pair[0].last()) != of(pair[1].first())));
        assert_eq!(pieces(&[], &customers).count(), 0);
    }
}
