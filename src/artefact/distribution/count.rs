//! The rows of a data set, counted: how many are in which bin, in all and date by date.

use super::bins;
use super::{ColumnCounts, Counts, Sample, Snapshot};
use crate::calendar::Day;
use crate::dataset::{Block, Dataset, Selection};
use crate::error::Result;
use crate::model::additive::{Bins, LevelCodes};
use crate::sources::CustomerTable;
use rayon::prelude::*;

/// The most as-of dates that are counted by themselves.
const MOST_SNAPSHOTS: usize = 12;
/// What the one column of scores is called.
const SCORE: &str = "log_odds";

impl Counts {
    /// The features of some rows, in bins learned from them. Where the rows have no dates that tell something, they
    /// are one snapshot.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn learn(dataset: &Dataset, rows: &Selection, dated: bool) -> Result<Counts> {
        count(dataset, rows, &Dates::of(dataset, rows, dated), bins::learned(dataset, rows)?)
    }

    /// The features of other rows in the same bins, without snapshots.
    ///
    /// # Errors
    /// As [`Counts::learn`].
    pub fn of_rows(&self, dataset: &Dataset, rows: &Selection) -> Result<Counts> {
        let bins = self.columns.iter().map(|column| (column.name.clone(), column.bins.clone())).collect();
        count(dataset, rows, &Dates::none(dataset), bins)
    }

    /// The scores of some rows, given in their order, in bins learned from them.
    pub fn learn_scores(dataset: &Dataset, rows: &Selection, log_odds: &[f64], dated: bool) -> Counts {
        count_scores(dataset, rows, &Dates::of(dataset, rows, dated), log_odds, bins::of_scores(log_odds))
    }

    /// The scores of other rows in the same bins, without snapshots.
    pub fn of_scores(&self, dataset: &Dataset, rows: &Selection, log_odds: &[f64]) -> Counts {
        let bins = self.columns.first().map_or(Bins::Numeric { edges: Vec::new() }, |column| column.bins.clone());
        count_scores(dataset, rows, &Dates::none(dataset), log_odds, bins)
    }
}

/// The dates that rows are counted by.
struct Dates {
    dates: Vec<Option<Day>>,
    /// Of each date of the data set its place among them; one more than the last for all others.
    places: Vec<usize>,
}

impl Dates {
    fn none(dataset: &Dataset) -> Dates {
        Dates { dates: Vec::new(), places: vec![0; dataset.as_of.len()] }
    }

    fn of(dataset: &Dataset, rows: &Selection, dated: bool) -> Dates {
        if !dated {
            return Dates { dates: vec![None], places: vec![0; dataset.as_of.len()] };
        }
        let mut has_rows = vec![false; dataset.as_of.len()];
        for (index, block) in dataset.blocks.iter().enumerate() {
            rows.rows(index).iter().for_each(|&row| has_rows[block.as_of[row as usize] as usize] = true);
        }
        let with_rows: Vec<usize> = (0..has_rows.len()).filter(|&date| has_rows[date]).collect();
        let newest = &with_rows[with_rows.len().saturating_sub(MOST_SNAPSHOTS)..];
        let place = |date: usize| newest.iter().position(|&other| other == date).unwrap_or(newest.len());
        Dates {
            dates: newest.iter().map(|&date| Some(dataset.as_of[date])).collect(),
            places: (0..has_rows.len()).map(place).collect(),
        }
    }

    /// The places of some rows of a block.
    fn of_rows(&self, block: &Block, rows: &[u32]) -> Vec<usize> {
        rows.iter().map(|&row| self.places[block.as_of[row as usize] as usize]).collect()
    }

    /// With the counts of rows by date, those of all other rows behind them.
    fn column(&self, (name, bins): (String, Bins), counts: &[u64]) -> ColumnCounts {
        let by_date: Vec<Vec<u64>> = counts.chunks_exact(bins.codes()).map(<[u64]>::to_vec).collect();
        let all = (0..bins.codes()).map(|code| by_date.iter().map(|counts| counts[code]).sum()).collect();
        let snapshots = by_date.into_iter().take(self.dates.len()).collect();
        ColumnCounts { name, bins, all, snapshots }
    }

    fn snapshots(&self, samples: &[Sample]) -> Vec<Snapshot> {
        self.dates.iter().zip(samples).map(|(&as_of, &sample)| Snapshot { as_of, sample }).collect()
    }
}

/// What is counted of a block, or of several.
struct Part {
    /// Column by column: date by date, code by code.
    counts: Vec<Vec<u64>>,
    all: Sample,
    /// Date by date.
    samples: Vec<Sample>,
}

impl Part {
    fn none(dates: &Dates, bins: &[(String, Bins)]) -> Part {
        let groups = dates.dates.len() + 1;
        let counts = bins.iter().map(|(_, bins)| vec![0; groups * bins.codes()]).collect();
        Part { counts, all: Sample::default(), samples: vec![Sample::default(); groups] }
    }

    fn merge(mut self, other: Part) -> Part {
        for (counts, more) in self.counts.iter_mut().zip(other.counts) {
            counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        }
        self.all.merge(other.all);
        self.samples.iter_mut().zip(other.samples).for_each(|(sample, more)| sample.merge(more));
        self
    }

    /// Counts the customers of some rows of a block. A customer's rows are all in one block.
    fn add_customers(&mut self, dataset: &Dataset, block: &Block, rows: &[u32], places: &[usize]) {
        let customer = |&row: &u32| dataset.customer(block.customers[row as usize]);
        let mut customers: Vec<u32> = rows.iter().map(customer).collect();
        let mut by_date: Vec<(usize, u32)> = places.iter().copied().zip(customers.iter().copied()).collect();
        customers.sort_unstable();
        by_date.sort_unstable();
        customers.chunk_by(|a, b| a == b).for_each(|rows| self.all.add_customer(rows.len() as u64));
        for rows in by_date.chunk_by(|a, b| a == b) {
            self.samples[rows[0].0].add_customer(rows.len() as u64);
        }
    }
}

/// How the codes of a column are found.
enum Reader<'a> {
    Number { index: usize, edges: &'a [f32] },
    Level { index: usize, codes: LevelCodes },
}

impl<'a> Reader<'a> {
    /// For bins in the order of the catalogue: numbers, then levels.
    fn all(bins: &'a [(String, Bins)], customers: &CustomerTable) -> Vec<Reader<'a>> {
        let (mut numbers, mut levels) = (0.., 0..);
        let reader = |(_, bins): &'a (String, Bins)| match bins {
            Bins::Numeric { edges } => Reader::Number { index: numbers.next().unwrap_or(0), edges },
            Bins::Levels { .. } => {
                let index = levels.next().unwrap_or(0);
                let names = customers.categorical.get(index).map_or(&[][..], |levels| &levels.names);
                Reader::Level { index, codes: LevelCodes::new(bins, names) }
            }
        };
        bins.iter().map(reader).collect()
    }
}

fn count(dataset: &Dataset, rows: &Selection, dates: &Dates, bins: Vec<(String, Bins)>) -> Result<Counts> {
    let readers = Reader::all(&bins, &dataset.customers);
    let of_block = |(index, block): (usize, &Block)| -> Result<Part> {
        let mut part = Part::none(dates, &bins);
        let rows = rows.rows(index);
        let (values, places) = (block.values()?, dates.of_rows(block, rows));
        part.add_customers(dataset, block, rows, &places);

        let mut column = Vec::with_capacity(rows.len());
        for ((reader, (_, bins)), counts) in readers.iter().zip(&bins).zip(&mut part.counts) {
            let codes = match reader {
                Reader::Number { index, edges } => {
                    column.clear();
                    values.append_rows(*index, rows, &mut column);
                    Bins::encode(edges, &column)
                }
                Reader::Level { index, codes } => {
                    let of_customers = &dataset.customers.categorical[*index].codes;
                    let level = |&row: &u32| of_customers[block.customers[row as usize] as usize];
                    rows.iter().map(|row| codes.of(level(row))).collect()
                }
            };
            add(counts, bins.codes(), &codes, &places);
        }
        Ok(part)
    };

    let parts = dataset.blocks.par_iter().enumerate().map(of_block);
    let part = parts.try_reduce(|| Part::none(dates, &bins), |a, b| Ok(a.merge(b)))?;
    let columns = bins.into_iter().zip(&part.counts).map(|(bins, counts)| dates.column(bins, counts)).collect();
    Ok(Counts { all: part.all, snapshots: dates.snapshots(&part.samples), columns })
}

fn count_scores(dataset: &Dataset, rows: &Selection, dates: &Dates, log_odds: &[f64], bins: Bins) -> Counts {
    let column = [(SCORE.to_owned(), bins)];
    let mut part = Part::none(dates, &column);
    let [(name, bins)] = column;
    let mut places = Vec::with_capacity(log_odds.len());
    for (index, block) in dataset.blocks.iter().enumerate() {
        let of_block = dates.of_rows(block, rows.rows(index));
        part.add_customers(dataset, block, rows.rows(index), &of_block);
        places.extend(of_block);
    }

    let codes = match &bins {
        Bins::Numeric { edges } => Bins::encode(edges, &log_odds.iter().map(|&z| z as f32).collect::<Vec<f32>>()),
        Bins::Levels { .. } => Vec::new(),
    };
    add(&mut part.counts[0], bins.codes(), &codes, &places);
    let columns = vec![dates.column((name, bins), &part.counts[0])];
    Counts { all: part.all, snapshots: dates.snapshots(&part.samples), columns }
}

/// Counts rows by the place of their date and by their code, of which there are so many.
fn add(counts: &mut [u64], codes: usize, of_rows: &[u8], places: &[usize]) {
    for (&code, &place) in of_rows.iter().zip(places) {
        counts[place * codes + usize::from(code)] += 1;
    }
}
