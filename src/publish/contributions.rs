//! `contributions.parquet`: what the risk of every listed customer is made of, tidy: a row for each concept of a
//! customer. Monitoring learns from it who responds to outreach.

use super::columns::Columns;
use super::list::Results;
use super::report::Table;
use super::runs::Run;
use crate::error::{Error, Result};
use crate::published::{Content, CONTRIBUTIONS};
use std::collections::BTreeMap;
use std::ops::Range;

/// The name of the file.
pub const FILE: &str = "contributions.parquet";

/// The contributions of the listed customers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contributions {
    /// What the codes of each concept begin with.
    pub codes: Vec<String>,
    /// Of each listed customer, in rank order, the contributions of all concepts in log-odds.
    pub of_listed: Vec<Vec<f64>>,
}

impl Contributions {
    /// How many rows the file has.
    pub fn rows(&self) -> usize {
        self.of_listed.len() * self.codes.len()
    }

    /// Rows of the file.
    pub fn table<'a>(&'a self, rows: Range<usize>, results: &'a Results<'_>) -> Columns<'a> {
        let concepts = self.codes.len().max(1);
        let mut table = Columns::for_rows(rows);
        table.mark(Content::Contributions);
        let [as_of, customer, rank, concept, contribution] = CONTRIBUTIONS.map(|column| column.name);
        table.folder_day(as_of, results.as_of);
        let listed = results.listed();
        table.ids(customer, &results.customers.ids, move |row| results.customer(listed[row / concepts]));
        table.integers(rank, move |row| Some((row / concepts) as i64 + 1));
        table.texts(concept, move |row| Some(self.codes[row % concepts].as_str()));
        table.floats(contribution, move |row| self.of_listed[row / concepts][row % concepts]);
        table
    }

    /// Reads the contributions of a run; none if it was published without.
    ///
    /// # Errors
    /// [`Error::Contract`] for a file that cannot be read, or lacks a row.
    pub fn read(run: &Run) -> Result<Option<Contributions>> {
        let path = run.folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let [_, _, rank, concept, contribution] = CONTRIBUTIONS.map(|column| column.name);
        let table = Table::read_columns(&path, &[rank, concept, contribution])?;
        let (rank, concept, contribution) = (table.column(rank)?, table.column(concept)?, table.column(contribution)?);

        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut contributions = Contributions::default();
        for row in 0..table.rows() {
            let read = (rank.number(row), concept.plain_text(row), contribution.number(row));
            let (Some(rank), Some(code), Some(value)) = read else { return Err(damaged(run)) };
            let place = *places.entry(code).or_insert_with(|| {
                contributions.codes.push(code.to_owned());
                contributions.codes.len() - 1
            });
            // Rows are in the order of ranks.
            if rank as usize == contributions.of_listed.len() + 1 {
                contributions.of_listed.push(Vec::new());
            }
            match contributions.of_listed.last_mut().filter(|values| values.len() == place) {
                Some(values) => values.push(value),
                None => return Err(damaged(run)),
            }
        }
        let concepts = contributions.codes.len();
        let is_whole = contributions.of_listed.iter().all(|values| values.len() == concepts);
        is_whole.then_some(Some(contributions)).ok_or_else(|| damaged(run))
    }
}

fn damaged(run: &Run) -> Error {
    Error::Contract(format!(
        "{} does not hold every concept of every listed customer; score that date again",
        run.folder.join(FILE).display()
    ))
}
