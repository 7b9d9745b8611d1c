//! Which rows of a data set a purpose uses.

use super::{Block, Dataset};
use crate::calendar::Day;
use rayon::prelude::*;

/// Some rows of a data set, block by block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Of each block, the chosen rows, ascending.
    rows: Vec<Vec<u32>>,
}

impl Selection {
    /// The rows for which `wanted` holds.
    pub fn of(dataset: &Dataset, wanted: impl Fn(&Block, usize) -> bool + Sync) -> Selection {
        let chosen =
            |block: &Block| (0..block.rows()).filter(|&row| wanted(block, row)).map(|row| row as u32).collect();
        Selection { rows: dataset.blocks.par_iter().map(chosen).collect() }
    }

    /// The labelled rows of the as-of dates for which `wanted` holds.
    pub fn labelled(dataset: &Dataset, wanted: impl Fn(Day) -> bool) -> Selection {
        let dates: Vec<bool> = dataset.as_of.iter().map(|&day| wanted(day)).collect();
        Selection::of(dataset, |block, row| dates[block.as_of[row] as usize] && block.label(row).is_some())
    }

    /// The rows of one as-of date, labelled or not.
    pub fn scored(dataset: &Dataset, as_of: Day) -> Selection {
        let dates: Vec<bool> = dataset.as_of.iter().map(|&day| day == as_of).collect();
        Selection::of(dataset, |block, row| dates[block.as_of[row] as usize])
    }

    /// The rows of this selection for which `wanted` holds.
    pub fn keep(mut self, dataset: &Dataset, wanted: impl Fn(&Block, usize) -> bool + Sync) -> Selection {
        let blocks = self.rows.par_iter_mut().zip(&dataset.blocks);
        blocks.for_each(|(rows, block)| rows.retain(|&row| wanted(block, row as usize)));
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
        Selection { rows: dataset.blocks.par_iter().zip(&self.rows).map(kept).collect() }
    }

    /// At most about `count` of the rows, evenly spread over the blocks, as (block, row).
    pub fn spread(&self, count: usize) -> Vec<(u32, u32)> {
        let stride = self.count().div_ceil(count.max(1)).max(1);
        let places = self.rows.iter().zip(0u32..).flat_map(|(rows, block)| rows.iter().map(move |&row| (block, row)));
        places.step_by(stride).collect()
    }

    /// What `of` says of every chosen row, block after block.
    pub fn map<T>(&self, dataset: &Dataset, of: impl Fn(&Block, usize) -> T) -> Vec<T> {
        let mut all = Vec::with_capacity(self.count());
        for (block, rows) in dataset.blocks.iter().zip(&self.rows) {
            all.extend(rows.iter().map(|&row| of(block, row as usize)));
        }
        all
    }

    /// The label of every chosen row: 1 churned, 0 stayed or unknown.
    pub fn labels(&self, dataset: &Dataset) -> Vec<u8> {
        self.map(dataset, |block, row| block.label(row).unwrap_or(0))
    }

    /// The customer of every chosen row, as its (first) place in the customers table.
    pub fn customers(&self, dataset: &Dataset) -> Vec<u32> {
        self.map(dataset, |block, row| dataset.customer(block.customers[row]))
    }
}
