//! Twins: rows that are equal in every feature.
//!
//! A model that has seen one of them knows the label of the other where it has parameters enough to remember rows, so
//! twins that lie in two folds make a held-out loss look better than it is, and a search takes memory for a pattern.
//! They are kept in one fold: customers who are twins take the fold of the first of them.
//!
//! A kind of row that is very common is dealt out like any other: no memory is needed to know its rate, and one fold
//! that held all of it would be unlike the others.

use super::{Dataset, Place};
use crate::error::Result;
use crate::parallel;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

/// Twins are kept together up to this share of all rows: a quarter of a fold.
const MOST_TOGETHER: usize = 20;
/// Of more rows than this a row is lost in the crowd: no table of the model has parameters enough to remember one.
const MOST_ROWS: usize = 300_000;

/// Which entries of a customers table share a fold with which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Twins {
    /// Of each entry, the one whose fold it has; empty if everybody has an own one.
    first: Vec<u32>,
}

/// A labelled row, by the hash of its features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hashed {
    features: u64,
    /// The entry of the customers table.
    entry: u32,
    place: Place,
}

impl Twins {
    /// Those among the labelled rows of a data set, whose customers keep all of their own rows together as well.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn among(dataset: &Dataset) -> Result<Twins> {
        if dataset.rows() > MOST_ROWS {
            return Ok(Twins::default());
        }

        let rows = hashed(dataset)?;
        let most = rows.len() / MOST_TOGETHER;
        let mut kinds: Vec<Vec<u32>> = rows.chunk_by(|a, b| a.features == b.features).map(customers(dataset)).collect();
        kinds.retain(|kind| (2..=most).contains(&kind.len()));
        // Rare kinds first: a common one may find its customers with too many twins already.
        kinds.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        if kinds.is_empty() {
            return Ok(Twins::default());
        }

        let mut sizes = vec![0; dataset.customers.len()];
        rows.iter().for_each(|row| sizes[dataset.customer(row.entry) as usize] += 1);
        let mut together = Together { parent: (0u32..).take(sizes.len()).collect(), sizes };
        kinds.iter().for_each(|kind| together.unite(kind, most));
        let first: Vec<u32> =
            (0u32..).take(dataset.customers.len()).map(|entry| together.root(dataset.customer(entry))).collect();
        let nobody = first.iter().zip(0u32..).all(|(&first, entry)| first == entry);
        Ok(if nobody { Twins::default() } else { Twins { first } })
    }

    /// The entry whose fold an entry has: itself, or the first of its twins.
    pub fn first(&self, entry: u32) -> u32 {
        self.first.get(entry as usize).copied().unwrap_or(entry)
    }
}

/// The labelled rows that have a twin in another fold, given the fold of each entry of the customers table.
///
/// # Errors
/// As [`Twins::among`].
pub fn apart(dataset: &Dataset, fold: impl Fn(u32) -> u32) -> Result<Vec<Place>> {
    let rows = hashed(dataset)?;
    let is_apart = |kind: &&[Hashed]| kind.iter().any(|row| fold(row.entry) != fold(kind[0].entry));
    let kinds = rows.chunk_by(|a, b| a.features == b.features).filter(is_apart);
    let mut places: Vec<Place> = kinds.flatten().map(|row| row.place).collect();
    places.sort_unstable();
    Ok(places)
}

/// The labelled rows, equal ones next to each other.
fn hashed(dataset: &Dataset) -> Result<Vec<Hashed>> {
    let (numeric, levels) = (dataset.catalogue.numeric.len(), &dataset.customers.categorical);
    let of_block = |(index, block): (u32, &super::Block)| {
        let labelled: Vec<u32> =
            (0u32..).take(block.rows()).filter(|&row| block.label(row as usize).is_some()).collect();
        // Rows to be scored have none, and their features may lie on disk.
        if labelled.is_empty() {
            return Ok(Vec::new());
        }
        let values = block.values()?;
        let mut columns = Vec::with_capacity(numeric * labelled.len());
        (0..numeric).for_each(|column| values.append_rows(column, &labelled, &mut columns));

        let mut features: Vec<u32> = Vec::with_capacity(numeric + levels.len());
        let rows = labelled.iter().enumerate().map(|(at, &row)| {
            let entry = block.customers[row as usize];
            features.clear();
            features.extend(columns.iter().skip(at).step_by(labelled.len()).map(|&value| canonical(value)));
            features.extend(levels.iter().map(|levels| levels.codes[entry as usize]));
            Hashed { features: xxh3_64(bytemuck::cast_slice(&features)), entry, place: Place { block: index, row } }
        });
        Ok(rows.collect::<Vec<_>>())
    };

    let blocks: Vec<(u32, &super::Block)> = (0..).zip(&dataset.blocks).collect();
    let mut rows = parallel::try_map(blocks, of_block)?.concat();
    rows.par_sort_unstable();
    Ok(rows)
}

/// One pattern of bits for each value that a model can tell apart.
fn canonical(value: f32) -> u32 {
    if value.is_nan() { f32::NAN } else { value + 0.0 }.to_bits()
}

/// The customers of some rows, each once.
fn customers(dataset: &Dataset) -> impl Fn(&[Hashed]) -> Vec<u32> + '_ {
    |kind| {
        let mut customers: Vec<u32> = kind.iter().map(|row| dataset.customer(row.entry)).collect();
        customers.sort_unstable();
        customers.dedup();
        customers
    }
}

/// Customers who are kept together (a union of sets, as in Tarjan 1975).
struct Together {
    /// Of each customer, an earlier one that it is together with, or itself.
    parent: Vec<u32>,
    /// Rows of each customer, or of all that are together under the first of them.
    sizes: Vec<usize>,
}

impl Together {
    /// The first customer that one is together with.
    fn root(&mut self, mut customer: u32) -> u32 {
        while self.parent[customer as usize] != customer {
            let next = self.parent[self.parent[customer as usize] as usize];
            self.parent[customer as usize] = next;
            customer = next;
        }
        customer
    }

    /// Puts customers together if they have at most so many rows then.
    fn unite(&mut self, kind: &[u32], most: usize) {
        let mut roots: Vec<u32> = kind.iter().map(|&customer| self.root(customer)).collect();
        roots.sort_unstable();
        roots.dedup();
        let size = roots.iter().map(|&root| self.sizes[root as usize]).sum();
        if size <= most {
            roots.iter().for_each(|&root| self.parent[root as usize] = roots[0]);
            self.sizes[roots[0] as usize] = size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Block, StoredValues};
    use crate::features::{Catalogue, Feature};
    use crate::memory::Arena;
    use crate::sources::{CustomerTable, Ids, Levels};

    /// Two rows a customer of the given features, and one level for all.
    fn dataset(rows: &[[f32; 2]]) -> Dataset {
        let block = |(index, rows): (usize, &[[f32; 2]])| {
            let columns: Vec<f32> = (0..2).flat_map(|column| rows.iter().map(move |row| row[column])).collect();
            let customers = (0..rows.len()).map(|row| (2 * index + row / 2) as u32).collect();
            Block {
                customers,
                as_of: (0..rows.len()).map(|row| row as u32 % 2).collect(),
                labels: vec![Some(0); rows.len()],
                weights: Vec::new(),
                values: StoredValues::new(&columns, rows.len(), &Arena::unlimited()).unwrap(),
            }
        };
        let customers = rows.len() / 2;
        Dataset {
            catalogue: Catalogue { numeric: ["a", "b"].map(Feature::given).to_vec(), categorical: vec!["plan".into()] },
            customers: std::sync::Arc::new(CustomerTable {
                ids: Ids::Integer((0..customers as i64).collect()),
                categorical: vec![Levels { names: vec!["pro".to_owned()], codes: vec![0; customers] }],
                rows: customers as u64,
                ..CustomerTable::default()
            }),
            as_of: vec![crate::calendar::Day(0), crate::calendar::Day(30)],
            blocks: rows.chunks(4).enumerate().map(block).collect(),
            ..Dataset::default()
        }
    }

    /// Sixty customers of whom nobody is like another.
    fn distinct() -> Vec<[f32; 2]> {
        (0..120).map(|row| [row as f32, 1000.0 - row as f32]).collect()
    }

    #[test]
    fn customers_with_an_equal_row_have_one_fold_whatever_its_date() {
        let mut rows = distinct();
        assert_eq!(Twins::among(&dataset(&rows)).unwrap(), Twins::default(), "nobody has a twin");
        // Customers 3 and 9 by rows of two dates, 9 and 40 by another row: missing is a value like others, and so is 0.
        (rows[6], rows[19]) = ([f32::NAN, 0.0], [f32::from_bits(0xffc0_0001), -0.0]);
        (rows[18], rows[80]) = ([5e9, 1.0], [5e9, 1.0]);
        let twins = Twins::among(&dataset(&rows)).unwrap();
        assert_eq!([3, 9, 40, 4].map(|customer| twins.first(customer)), [3, 3, 3, 4]);
    }

    #[test]
    fn a_common_kind_is_dealt_out() {
        let mut rows = distinct();
        // Six of 120 rows are a twentieth; seven are more.
        (0..6).for_each(|row| rows[2 * row] = [7e9, 7e9]);
        let all_rows_of_six = Twins::among(&dataset(&rows)).unwrap();
        assert_eq!(all_rows_of_six, Twins::default(), "with their other rows they are twelve");
        (3..6).for_each(|row| rows[2 * row] = [row as f32, 7e9]);
        let twins = Twins::among(&dataset(&rows)).unwrap();
        assert_eq!([0, 1, 2, 3].map(|customer| twins.first(customer)), [0, 0, 0, 3]);
    }

    #[test]
    fn rows_with_a_twin_in_another_fold_are_found() {
        let mut rows = distinct();
        (rows[6], rows[19], rows[21]) = ([1.0; 2], [1.0; 2], [1.0; 2]);
        let data = dataset(&rows);
        assert!(apart(&data, |_| 0).unwrap().is_empty());
        let found = apart(&data, |entry| u32::from(entry == 9)).unwrap();
        assert_eq!(found.iter().map(|place| 4 * place.block + place.row).collect::<Vec<_>>(), [6, 19, 21]);
    }
}
