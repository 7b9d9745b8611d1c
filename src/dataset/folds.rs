//! Folds: how rows are held out in turn where there is no time to split by, and how customers are dealt out for
//! cross-fitting.

use super::{Dataset, Selection, Twins};
use crate::error::{Error, Result};
use crate::sources::{CustomerTable, Levels, NO_LEVEL};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many folds are made when none are given.
pub const FOLDS: u8 = 5;
/// The most folds that can be given: each costs a training.
const MOST: usize = 50;

/// Folds that customers are dealt to by a hash of the id, so that all rows of a customer fall into one, and those of
/// their twins with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerFolds {
    /// How many.
    pub count: u8,
    /// The seed of the hash.
    pub seed: u64,
}

impl CustomerFolds {
    /// The fold of an entry of the customers table.
    pub fn fold(self, customers: &CustomerTable, twins: &Twins, entry: u32) -> u8 {
        customers.fold(twins.first(entry), self.count, self.seed)
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

    /// Folds with the same share of churners, which keep the rows of a customer and those of twins together: a matter
    /// of ids, features, labels and the seed alone.
    pub fn stratified(dataset: &Dataset, seed: u64) -> Folds {
        let mut of = vec![0; dataset.customers.len()];
        let mut dealt = [[0usize; FOLDS as usize]; 2];
        for Hand { entries, classes, .. } in hands(dataset, seed) {
            // The fold with the fewest rows of the class that most of these are of.
            let class = usize::from(classes[1] > classes[0]);
            let fold = (0..FOLDS).min_by_key(|&fold| dealt[class][usize::from(fold)]).unwrap_or(0);
            dealt.iter_mut().zip(classes).for_each(|(dealt, rows)| dealt[usize::from(fold)] += rows);
            entries.iter().for_each(|&entry| of[entry as usize] = fold);
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

/// Rows that go to one fold together.
struct Hand {
    /// Where it is dealt among hands of its size, by a hash of the first id.
    place: u64,
    /// The entries of the customers table.
    entries: Vec<u32>,
    /// Its customers who stayed, and its churners.
    classes: [usize; 2],
}

/// The labelled rows, those of a customer and of twins in one hand: the largest first, since small ones can still put
/// right what these leave uneven.
fn hands(dataset: &Dataset, seed: u64) -> Vec<Hand> {
    let mut by_first: BTreeMap<u32, Hand> = BTreeMap::new();
    for block in &dataset.blocks {
        for (row, &entry) in block.customers.iter().enumerate() {
            let Some(label) = block.label(row) else { continue };
            let first = dataset.twins.first(dataset.customer(entry));
            let hand = by_first.entry(first).or_insert_with(|| {
                let id = dataset.customers.ids.display(first as usize);
                let place = xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), seed);
                Hand { place, entries: Vec::new(), classes: [0; 2] }
            });
            hand.entries.push(entry);
            hand.classes[usize::from(label == 1)] += 1;
        }
    }

    let mut hands: Vec<(u32, Hand)> = by_first.into_iter().collect();
    hands.sort_by_key(|(first, hand)| (Reverse(hand.entries.len()), hand.place, *first));
    hands.into_iter().map(|(_, hand)| hand).collect()
}
