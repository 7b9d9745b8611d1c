//! What comparable customers show: those with the same level of the first categorical column, or all of them if those
//! are few.

use super::sample::Sample;
use crate::dataset::Dataset;
use crate::parallel;
use crate::sources::CustomerTable;
use hashbrown::HashMap;

/// A level needs so many customers of the sample to be compared with by itself.
const LEAST: usize = 100;

/// What comparable customers show.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparable {
    /// Of all customers, then of each level with enough of them; of each numeric feature the tenth, the middle and the
    /// ninetieth percentile, NaN where nobody has a value.
    groups: Vec<Vec<[f64; 3]>>,
    /// The group of each level of the first categorical column that has one of its own.
    of_level: HashMap<u32, usize>,
}

impl Comparable {
    /// From a sample of the rows of a data set.
    pub fn new(data: &Dataset, sample: &Sample) -> Comparable {
        let (places, columns) = (&sample.places, sample.columns());
        let mut rows_of_level: HashMap<u32, Vec<usize>> = HashMap::new();
        if let Some(levels) = data.customers.categorical.first() {
            for (row, &place) in places.iter().enumerate() {
                let (block, at) = data.at(place);
                rows_of_level.entry(levels.codes[block.customers[at] as usize]).or_default().push(row);
            }
        }

        let everybody: Vec<usize> = (0..places.len()).collect();
        let quantiles = |rows: &[usize]| {
            let of_column = |column: &&[f32]| tenths(rows.iter().map(|&row| column[row]));
            parallel::map(&columns, of_column)
        };
        let mut comparable = Comparable { groups: vec![quantiles(&everybody)], of_level: HashMap::new() };
        let mut levels: Vec<(u32, Vec<usize>)> =
            rows_of_level.into_iter().filter(|(_, rows)| rows.len() >= LEAST).collect();
        levels.sort_unstable_by_key(|(level, _)| *level);
        for (level, rows) in levels {
            comparable.of_level.insert(level, comparable.groups.len());
            comparable.groups.push(quantiles(&rows));
        }
        comparable
    }

    /// Of the customers who are comparable with one.
    pub fn with(&self, customers: &CustomerTable, customer: u32) -> &[[f64; 3]] {
        let level = customers.categorical.first().map(|levels| levels.codes[customer as usize]);
        let group = level.and_then(|level| self.of_level.get(&level)).copied().unwrap_or(0);
        &self.groups[group]
    }
}

/// The tenth, the middle and the ninetieth percentile of what is not null.
fn tenths(values: impl Iterator<Item = f32>) -> [f64; 3] {
    let mut sorted: Vec<f32> = values.filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    if sorted.is_empty() {
        return [f64::NAN; 3];
    }
    [0.1, 0.5, 0.9].map(|share| f64::from(sorted[(share * (sorted.len() - 1) as f64).round() as usize]))
}
