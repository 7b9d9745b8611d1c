//! Folds: how rows are held out in turn where there is no time to split by, and how customers are dealt out for
//! cross-fitting.

use super::{Dataset, Selection};
use crate::error::{Error, Result};
use crate::sources::{CustomerTable, Levels, NO_LEVEL};

/// How many folds are made when none are given.
pub const FOLDS: u8 = 5;
/// The most folds that can be given: each costs a training.
const MOST: usize = 50;

/// Folds that customers are dealt to by a hash of the id, so that all rows of a customer fall into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerFolds {
    /// How many.
    pub count: u8,
    /// The seed of the hash.
    pub seed: u64,
}

impl CustomerFolds {
    /// The fold of an entry of the customers table.
    pub fn fold(self, customers: &CustomerTable, entry: u32) -> u8 {
        customers.fold(entry, self.count, self.seed)
    }
}

/// The fold of every row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folds {
    /// What each fold is called.
    pub names: Vec<String>,
    /// The column that gave the folds; none if they were made.
    pub column: Option<String>,
    /// The fold of every entry of the customers table.
    of: Vec<u8>,
}

impl Folds {
    /// The folds of a column.
    ///
    /// # Errors
    /// [`Error::Contract`] when a row has none, or there are too few or too many.
    pub fn given(column: &str, levels: &Levels) -> Result<Folds> {
        let without = levels.codes.iter().filter(|&&code| code == NO_LEVEL).count();
        if without > 0 {
            return Err(Error::Contract(format!(
                "prepared table: {without} labelled rows have no value in column `{column}` (table.fold). Give every \
                 row a fold, or name the column in table.ignore to have folds made"
            )));
        }
        if !(2..=MOST).contains(&levels.names.len()) {
            return Err(Error::Contract(format!(
                "prepared table: column `{column}` (table.fold) has {} distinct values; expected 2 to {MOST} folds. \
                 Name another column, or name it in table.ignore to have folds made",
                levels.names.len()
            )));
        }
        // At most `MOST` of them.
        let of = levels.codes.iter().map(|&code| code as u8).collect();
        Ok(Folds { names: levels.names.clone(), column: Some(column.to_owned()), of })
    }

    /// Folds with the same share of churners: a matter of ids, labels and the seed alone.
    pub fn stratified(dataset: &Dataset, seed: u64) -> Folds {
        let mut classes: [Vec<(u64, u32)>; 2] = [Vec::new(), Vec::new()];
        for block in &dataset.blocks {
            for (row, &entry) in block.customers.iter().enumerate() {
                let Some(label) = block.label(row) else { continue };
                let id = dataset.customers.ids.display(entry as usize);
                let place = xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), seed);
                classes[usize::from(label == 1)].push((place, entry));
            }
        }
        let mut of = vec![0; dataset.customers.len()];
        for class in &mut classes {
            class.sort_unstable();
            for (&(_, entry), fold) in class.iter().zip((0..FOLDS).cycle()) {
                of[entry as usize] = fold;
            }
        }
        Folds { names: (1..=FOLDS).map(|fold| fold.to_string()).collect(), column: None, of }
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// The place among the names of the fold of an entry of the customers table.
    pub fn fold(&self, entry: u32) -> u32 {
        u32::from(self.of[entry as usize])
    }

    /// The labelled rows of a fold, or with `outside` of all other folds.
    pub fn rows(&self, dataset: &Dataset, fold: usize, outside: bool) -> Selection {
        Selection::new(dataset, |block, row| {
            let mine = usize::from(self.of[block.customers[row] as usize]) == fold;
            mine != outside && block.label(row).is_some()
        })
    }
}
