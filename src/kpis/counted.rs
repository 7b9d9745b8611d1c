//! What was counted of some customers, on another machine than the sums are needed: cells by their columns and levels,
//! as each machine has levels of its own.

use super::answers::Answers;
use super::tally::Tally;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was counted of some customers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    cells: Vec<CellCounts>,
    rows: Vec<u64>,
    first: Vec<Option<i64>>,
}

/// A cell: of which categorical column, none for that of all customers; of which level, none for those without one; and
/// what was counted, by period and quantity, and of answers by period and instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct CellCounts {
    column: Option<usize>,
    level: Option<String>,
    counts: Vec<u64>,
    answers: Vec<Answers>,
}

impl Counted {
    /// Adds what was counted of others.
    pub fn merge(&mut self, other: Counted) {
        type Key = (Option<usize>, Option<String>);
        let key = |cell: &CellCounts| -> Key { (cell.column, cell.level.clone()) };
        let mut places: BTreeMap<Key, usize> = self.cells.iter().map(key).zip(0..).collect();
        for cell in other.cells {
            let next = self.cells.len();
            let place = *places.entry(key(&cell)).or_insert(next);
            match self.cells.get_mut(place) {
                None => self.cells.push(cell),
                Some(own) => {
                    own.counts.iter_mut().zip(&cell.counts).for_each(|(own, more)| *own += more);
                    own.answers.iter_mut().zip(&cell.answers).for_each(|(own, more)| own.merge(more));
                }
            }
        }

        self.rows.resize(other.rows.len().max(self.rows.len()), 0);
        self.rows.iter_mut().zip(&other.rows).for_each(|(own, more)| *own += more);
        self.first.resize(other.first.len().max(self.first.len()), None);
        for (own, more) in self.first.iter_mut().zip(other.first) {
            *own = [*own, more].into_iter().flatten().min();
        }
    }
}

impl Tally<'_> {
    /// What was counted so far, for a tally of all customers.
    pub fn counted(&self) -> Counted {
        let all = self.all();
        let cells = self.segments.cells() as usize;
        let (counts, answers) = (all.counts.len() / cells, all.answers.len() / cells);
        let of_cell = (0..cells).map(|cell| {
            let (column, level) = self.segments.column_and_level(cell);
            CellCounts {
                column,
                level: level.map(str::to_owned),
                counts: all.counts[cell * counts..][..counts].to_vec(),
                answers: all.answers[cell * answers..][..answers].to_vec(),
            }
        });
        Counted { cells: of_cell.collect(), rows: all.rows, first: all.first }
    }

    /// Adds what was counted of some of the customers elsewhere.
    ///
    /// # Errors
    /// [`Error::Temporary`] for a level that no customer has.
    pub fn add_counted(&self, counted: Counted) -> Result<()> {
        let mut all = self.no_cells();
        let cells = self.segments.cells() as usize;
        let (counts, answers) = (all.counts.len() / cells, all.answers.len() / cells);
        for own in counted.cells {
            let cell = self.segments.cell(own.column, own.level.as_deref()).map_err(|level| {
                Error::Temporary(format!(
                    "customers with the level {level} were counted, and no customer has it: the customers table has \
                     changed meanwhile; run again"
                ))
            })?;
            // What is a segment among a few customers may have too many levels among all.
            let Some(cell) = cell else { continue };
            let of_cell = &mut all.counts[cell * counts..][..counts];
            of_cell.iter_mut().zip(&own.counts).for_each(|(all, own)| *all += own);
            let of_cell = &mut all.answers[cell * answers..][..answers];
            of_cell.iter_mut().zip(&own.answers).for_each(|(all, own)| all.merge(own));
        }
        all.rows.iter_mut().zip(&counted.rows).for_each(|(all, own)| *all += own);
        all.first.iter_mut().zip(&counted.first).for_each(|(all, own)| *all = *own);
        self.spare().push(all);
        Ok(())
    }
}
