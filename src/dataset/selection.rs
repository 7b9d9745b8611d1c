//! Which rows of a data set a purpose uses.

use super::{Block, Dataset, Place};
use crate::calendar::Day;
use crate::parallel;
use crate::weights::{RowWeights, Totals};
use std::ops::Range;

/// Rows of a run: a feature of so many fills a cache line.
const RUN: usize = 16;

/// From one run to the next, where about `most` of so many rows are wanted.
fn period(rows: usize, most: usize) -> usize {
    RUN * rows.div_ceil(most.max(1)).max(1)
}

/// Short runs of so many rows, evenly spread, with at most about `most` of them: [`Selection::spread`] by places.
pub fn runs(rows: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(period(rows, most)).map(move |run| run..(run + RUN).min(rows))
}

/// Some rows of a data set, block by block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Of each block, the chosen rows, ascending.
    rows: Vec<Vec<u32>>,
}

impl Selection {
    /// The rows for which `wanted` holds.
    pub fn new(dataset: &Dataset, wanted: impl Fn(&Block, usize) -> bool + Sync) -> Selection {
        Selection::chosen(dataset, &wanted)
    }

    fn chosen(dataset: &Dataset, wanted: &(dyn Fn(&Block, usize) -> bool + Sync)) -> Selection {
        let chosen =
            |block: &Block| (0..block.rows()).filter(|&row| wanted(block, row)).map(|row| row as u32).collect();
        Selection { rows: parallel::map(&dataset.blocks, chosen) }
    }

    /// The labelled rows of the as-of dates for which `wanted` holds that models are learned from and judged on: those
    /// of customers whom outreach has reached are not among them, where rows have weights.
    pub fn labelled(dataset: &Dataset, wanted: impl Fn(Day) -> bool) -> Selection {
        Selection::labelled_or_contacted(dataset, wanted).keep(dataset, |block, row| block.weight(row) > 0.0)
    }

    /// All labelled rows of the as-of dates for which `wanted` holds.
    pub fn labelled_or_contacted(dataset: &Dataset, wanted: impl Fn(Day) -> bool) -> Selection {
        let dates: Vec<bool> = dataset.as_of.iter().map(|&day| wanted(day)).collect();
        Selection::new(dataset, |block, row| dates[block.as_of[row] as usize] && block.label(row).is_some())
    }

    /// The rows of one as-of date, labelled or not.
    pub fn scored(dataset: &Dataset, as_of: Day) -> Selection {
        let dates: Vec<bool> = dataset.as_of.iter().map(|&day| day == as_of).collect();
        Selection::new(dataset, |block, row| dates[block.as_of[row] as usize])
    }

    /// The rows of this selection for which `wanted` holds.
    pub fn keep(self, dataset: &Dataset, wanted: impl Fn(&Block, usize) -> bool + Sync) -> Selection {
        self.kept(dataset, &wanted)
    }

    fn kept(mut self, dataset: &Dataset, wanted: &(dyn Fn(&Block, usize) -> bool + Sync)) -> Selection {
        let blocks = self.rows.iter_mut().zip(&dataset.blocks);
        parallel::for_each(blocks, |(rows, block)| rows.retain(|&row| wanted(block, row as usize)));
        self
    }

    /// The chosen rows of a block, ascending.
    pub fn rows(&self, block: usize) -> &[u32] {
        &self.rows[block]
    }

    /// How many rows.
    pub fn count(&self) -> usize {
        self.rows.iter().map(Vec::len).sum()
    }

    /// The rows of both selections, which share none.
    pub fn with(mut self, other: &Selection) -> Selection {
        for (rows, more) in self.rows.iter_mut().zip(&other.rows) {
            rows.extend_from_slice(more);
            rows.sort_unstable();
        }
        self
    }

    /// Those of the rows for which `wanted` holds.
    pub fn restricted(&self, dataset: &Dataset, wanted: impl Fn(&Block, usize) -> bool + Sync) -> Selection {
        let kept = |(block, rows): (&Block, &Vec<u32>)| {
            rows.iter().copied().filter(|&row| wanted(block, row as usize)).collect()
        };
        Selection { rows: parallel::map(dataset.blocks.iter().zip(&self.rows), kept) }
    }

    /// At most about `count` of the rows: short runs, evenly spread over the blocks. What lies between two
    /// single rows would be fetched with them.
    pub fn spread(&self, count: usize) -> Vec<Place> {
        let period = period(self.count(), count);
        let mut places = Vec::with_capacity(self.count().min(count));
        let mut before = 0;
        for (block, rows) in (0u32..).zip(&self.rows) {
            let end = before + rows.len();
            for run in (before / period * period..end).step_by(period) {
                let within = run.max(before)..(run + RUN).min(end).max(before);
                places.extend(within.map(|at| Place { block, row: rows[at - before] }));
            }
            before = end;
        }
        places
    }

    /// At most about `count` of the rows, spread as [`Selection::spread`] does.
    pub fn thinned(&self, count: usize) -> Selection {
        Selection::from_places(self.rows.len(), &self.spread(count))
    }

    /// The rows at some places of a data set with so many blocks.
    pub fn from_places(blocks: usize, places: &[Place]) -> Selection {
        let mut rows = vec![Vec::new(); blocks];
        places.iter().for_each(|place| rows[place.block as usize].push(place.row));
        rows.iter_mut().for_each(|rows| rows.sort_unstable());
        Selection { rows }
    }

    /// What `of` says of every chosen row, block after block.
    pub fn map<T: Send>(&self, dataset: &Dataset, of: impl Fn(&Block, usize) -> T + Sync) -> Vec<T> {
        let of_rows = |(block, rows): (&Block, &Vec<u32>)| rows.iter().map(|&row| of(block, row as usize)).collect();
        let blocks: Vec<Vec<T>> = parallel::map(dataset.blocks.iter().zip(&self.rows), of_rows);
        let mut all = Vec::with_capacity(self.count());
        blocks.into_iter().for_each(|block| all.extend(block));
        all
    }

    /// The label of every chosen row: 1 churned, 0 stayed or unknown.
    pub fn labels(&self, dataset: &Dataset) -> Vec<u8> {
        self.map(dataset, |block, row| block.label(row).unwrap_or(0))
    }

    /// The weight of every chosen row.
    pub fn weights(&self, dataset: &Dataset) -> RowWeights {
        if !dataset.is_weighted() {
            return RowWeights::unit();
        }
        RowWeights::new(self.map(dataset, Block::weight))
    }

    /// How many customers the chosen rows stand for.
    pub fn totals(&self, dataset: &Dataset) -> Totals {
        self.weights(dataset).totals(&self.labels(dataset))
    }

    /// How many customers the chosen rows are of.
    pub fn distinct_customers(&self, dataset: &Dataset) -> usize {
        let customers = self.customers(dataset);
        let mut seen = vec![false; customers.iter().max().map_or(0, |&last| last as usize + 1)];
        customers.iter().filter(|&&customer| !std::mem::replace(&mut seen[customer as usize], true)).count()
    }

    /// The entry of every chosen row in the customers table: of a prepared table, which has one for each row, that of
    /// the row.
    pub fn entries(&self, dataset: &Dataset) -> Vec<u32> {
        self.map(dataset, |block, row| block.customers[row])
    }

    /// The customer of every chosen row, as its (first) place in the customers table.
    pub fn customers(&self, dataset: &Dataset) -> Vec<u32> {
        self.map(dataset, |block, row| dataset.customer(block.customers[row]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_all_blocks() {
        // Blocks of 0 to 299 rows, every third row chosen.
        let rows: Vec<Vec<u32>> = (0..300u32).map(|block| (0..block).step_by(3).collect()).collect();
        let selection = Selection { rows };
        let all = selection.spread(usize::MAX);
        assert_eq!(all.len(), selection.count());
        assert!(all.is_sorted_by(|a, b| a < b));
        assert_eq!(selection.thinned(usize::MAX), selection);

        for count in [1, 100, 1000, 5000, 14_000] {
            let some = selection.spread(count);
            assert!(some.is_sorted_by(|a, b| a < b), "{count}");
            assert_eq!(selection.thinned(count).spread(usize::MAX), some, "{count}");
            let by_places: Vec<Place> = runs(all.len(), count).flatten().map(|place| all[place]).collect();
            assert_eq!(by_places, some, "{count}");
            assert!(some.iter().all(|place| place.row < place.block && place.row % 3 == 0), "{count}");
            assert!(some.len() <= count + 16 && 2 * (some.len() + 16) > count, "{} of {count}", some.len());
            // No half of the rows has much more of the sample than the other.
            let half = all[all.len() / 2];
            let first = some.iter().filter(|&&place| place < half).count();
            assert!(first.abs_diff(some.len() - first) <= 16, "{first} of {}", some.len());
        }
    }
}
