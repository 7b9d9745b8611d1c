//! The customers' segments: a column each, of which every level is a cell, and one cell of all customers.

use crate::language::Message;
use crate::observer::Note;
use crate::sources::{CustomerTable, Levels};
use crate::spelling;

/// What the segment of all customers is called, and its one level.
pub const ALL: &str = "all";
/// The level of customers who have none.
pub const MISSING: &str = "(missing)";
/// The most levels that a segment may have. A column with more is no segment but a name.
pub const MOST_LEVELS: usize = 10_000;

/// What customers are told apart by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The column; [`ALL`] for all customers.
    pub name: String,
    /// Its levels, ascending, and at the end [`MISSING`] for customers who have none.
    pub levels: Vec<String>,
}

/// A level of a segment, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The segment.
    pub segment: u32,
    /// Its level.
    pub level: u32,
}

/// The segments and their cells, which are numbered segment by segment and level by level.
#[derive(Clone, Debug)]
pub struct Segments {
    all: Vec<Segment>,
    /// Of each segment its place among the categorical columns; none for all customers.
    columns: Vec<Option<usize>>,
    /// Of each segment its first cell; one more entry than segments.
    starts: Vec<u32>,
}

impl Segments {
    /// The wanted ones of the categorical columns, or all of them, behind the one of all customers. What cannot be a
    /// segment is noted.
    pub fn new(
        customers: &CustomerTable,
        names: &[String],
        wanted: Option<&[String]>,
        note: &dyn Fn(Note),
    ) -> Segments {
        let mut segments = Segments {
            all: vec![Segment { name: ALL.to_owned(), levels: vec![ALL.to_owned()] }],
            columns: vec![None],
            starts: vec![0, 1],
        };

        for name in wanted.unwrap_or(names) {
            let place = names.iter().position(|known| known == name);
            let Some((place, levels)) = place.and_then(|place| Some((place, customers.categorical.get(place)?))) else {
                note(Note::warning(Message::new("kpi-no-segment").text("column", spelling::named(name))));
                continue;
            };
            if levels.names.len() > MOST_LEVELS {
                note(Note::warning(
                    Message::new("kpi-many-levels")
                        .text("column", format!("`{name}`"))
                        .count("levels", levels.names.len())
                        .count("most", MOST_LEVELS),
                ));
                continue;
            }
            segments.add(name, place, levels);
        }
        segments
    }

    fn add(&mut self, name: &str, place: usize, levels: &Levels) {
        let mut names = levels.names.clone();
        names.push(MISSING.to_owned());
        let next = self.cells() + names.len() as u32;
        self.starts.push(next);
        self.columns.push(Some(place));
        self.all.push(Segment { name: name.to_owned(), levels: names });
    }

    /// The segments.
    pub fn all(&self) -> &[Segment] {
        &self.all
    }

    /// How many cells there are.
    pub fn cells(&self) -> u32 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The segment and the level of each cell.
    pub fn of_cells(&self) -> impl Iterator<Item = Cell> + '_ {
        (0u32..)
            .zip(&self.all)
            .flat_map(|(segment, levels)| (0..levels.levels.len() as u32).map(move |level| Cell { segment, level }))
    }

    /// Appends the cells of a customer, one of each segment.
    pub fn cells_of(&self, customers: &CustomerTable, customer: u32, cells: &mut Vec<u32>) {
        for ((segment, column), &start) in self.all.iter().zip(&self.columns).zip(&self.starts) {
            let code = column.map_or(0, |column| customers.categorical[column].codes[customer as usize]);
            // No level is the last one.
            cells.push(start + code.min(segment.levels.len() as u32 - 1));
        }
    }

    /// Of a cell its categorical column, none for that of all customers, and its level, none for those without one.
    pub(super) fn column_and_level(&self, cell: usize) -> (Option<usize>, Option<&str>) {
        let segment = self.starts.partition_point(|&start| start as usize <= cell) - 1;
        let (column, levels) = (self.columns[segment], &self.all[segment].levels);
        let place = cell - self.starts[segment] as usize;
        (column, levels.get(place).filter(|_| column.is_some() && place + 1 < levels.len()).map(String::as_str))
    }

    /// The cell of a level, which may be that of those without one; none where the column is no segment.
    ///
    /// # Errors
    /// The level, if the segment does not have it.
    pub(super) fn cell<'a>(&self, column: Option<usize>, level: Option<&'a str>) -> Result<Option<usize>, &'a str> {
        let Some(segment) = self.columns.iter().position(|known| *known == column) else { return Ok(None) };
        let names = &self.all[segment].levels;
        let known = &names[..names.len() - 1];
        let place = level.map_or(Ok(known.len()), |level| {
            known.binary_search_by(|name| name.as_str().cmp(level)).map_err(|_| level)
        });
        Ok(Some(self.starts[segment] as usize + place?))
    }

    /// The categorical columns that are looked up for each customer.
    pub(super) fn columns<'a>(&'a self, customers: &'a CustomerTable) -> impl Iterator<Item = &'a [u32]> {
        self.columns.iter().flatten().map(|&column| customers.categorical[column].codes.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::NO_LEVEL;
    use std::cell::RefCell;

    #[test]
    fn every_customer_is_in_one_cell_of_each_segment() {
        let levels = |names: &[&str], codes: &[u32]| Levels {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            codes: codes.to_vec(),
        };
        let many = Levels { names: (0..=MOST_LEVELS).map(|n| n.to_string()).collect(), codes: vec![0, 1, NO_LEVEL] };
        let customers = CustomerTable {
            categorical: vec![levels(&["basic", "pro"], &[1, NO_LEVEL, 0]), many, levels(&["north"], &[0, 0, 0])],
            ..CustomerTable::default()
        };
        let names = ["plan", "name", "region"].map(str::to_owned);
        let notes = RefCell::new(Vec::new());
        let note = |note: Note| notes.borrow_mut().push(note.text);

        let segments = Segments::new(&customers, &names, None, &note);
        let cells = |customer| {
            let mut cells = Vec::new();
            segments.cells_of(&customers, customer, &mut cells);
            cells
        };
        assert_eq!([cells(0), cells(1), cells(2)], [[0, 2, 4], [0, 3, 4], [0, 1, 4]]);
        assert_eq!(
            segments.of_cells().map(|cell| (cell.segment, cell.level)).collect::<Vec<_>>(),
            [(0, 0), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1)]
        );
        assert_eq!(segments.all()[1].levels, ["basic", "pro", MISSING]);
        assert!(notes.borrow().len() == 1 && notes.borrow()[0].contains("`name` has 10001 levels"), "{notes:?}");

        let wanted = ["region", "tier"].map(str::to_owned);
        assert_eq!(Segments::new(&customers, &names, Some(&wanted), &note).cells(), 3);
        assert!(notes.borrow()[1].contains("`tier`"), "{notes:?}");
    }
}
