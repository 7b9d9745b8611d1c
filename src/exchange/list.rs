//! Reducing for a list: the rows of a bucket as bytes, with everything that a list tells of all customers: what was
//! seen of each signal, and the measures.
//!
//! A list is made in one place, of the rows of all customers. So what leaves a bucket is no table for people, but what
//! those rows take in as few bytes as they have in a piece: the id, the place of the date, and the features.

use super::columns::{Column, Rows, Texts, Values};
use super::piece::{Piece, MOST_ROWS};
use super::plan::Plan;
use super::report::ListReport;
use crate::coverage::NamedTally;
use crate::dataset::batches::{build_from_batches, BatchTables};
use crate::dataset::{visit, Block, Dataset, SignalsOf, Visited};
use crate::error::{Error, Result};
use crate::kpis::{Scope, Segments, Tally};
use crate::memory::Memory;
use crate::observer::Silent;
use crate::sources::{Ids, PartitionRows};

/// Columns of a row of features before these.
pub(super) const KEYS: usize = 2;

/// What is made for a list of the buckets of a task.
#[derive(Default)]
pub(super) struct ForList {
    /// What is told of them so far.
    pub report: ListReport,
}

impl ForList {
    /// The rows of a bucket, of which everything else is added to the report.
    pub fn build(&mut self, plan: &Plan, tables: &BatchTables<'_>) -> Result<Dataset> {
        let rows_plan = plan.rows_plan();
        let mut report = ListReport::default();
        let data = match tally(plan, tables)? {
            None => build_from_batches(&rows_plan, tables, &plan.as_of, None, &|_, _| ())?,
            Some(tally) => {
                let (earlier, recent) = tally.passes(rows_plan.days(&plan.as_of, false).first);
                if let Some(pass) = &earlier {
                    let visited = Visited {
                        signals: SignalsOf::Batches(tables.signals),
                        customers: &tables.customers,
                        budget: Memory::unlimited().budget(None),
                    };
                    let visitor = |rows: &PartitionRows, members: &[u32]| tally.add(pass, rows, members);
                    let seen = visit(&rows_plan, visited, |_| pass.first(), pass.end(), &Silent, &visitor)?;
                    report.earlier = seen.into_iter().map(|seen| seen.rows).collect();
                }
                let visitor = |rows: &PartitionRows, members: &[u32]| tally.add(&recent, rows, members);
                let data = build_from_batches(&rows_plan, tables, &plan.as_of, None, &visitor)?;
                report.measures = Some(tally.counted());
                data
            }
        };

        report.signals = data.reports.iter().map(|seen| seen.rows.clone()).collect();
        let named = data.histories.iter().map(|history| NamedTally::new(&history.tally, &data.customers.ids));
        report.tallies = named.collect();
        self.report.merge(report);
        Ok(data)
    }
}

/// What the measures of some customers are counted with; none where there are to be none.
fn tally<'a>(plan: &'a Plan, tables: &'a BatchTables<'_>) -> Result<Option<Tally<'a>>> {
    let (settings, rows_plan, periods) = (&plan.settings, plan.rows_plan(), plan.periods());
    let Some(&as_of) = plan.as_of.last().filter(|_| !periods.is_empty()) else { return Ok(None) };
    let categorical = settings.customers.as_ref().map_or(&[][..], |customers| &customers.categorical);
    // What cannot be a segment of all customers is told where all are known.
    let segments = Segments::new(&tables.customers, categorical, settings.kpi.segments.as_deref(), &|_| ());
    let scope = Scope {
        periods,
        as_of,
        zone: rows_plan.zone,
        signals: &settings.signals,
        churn: &settings.churn,
        customers: &tables.customers,
        cancellations: &tables.cancellations,
    };
    Tally::new(scope, segments, &Memory::unlimited()).map(Some)
}

/// The rows of a bucket as pieces of a table that has the number behind all others.
pub(super) fn pieces(plan: &Plan, bucket: u32, data: &Dataset) -> Result<Vec<Vec<u8>>> {
    let source = plan.numbers() as u16;
    let mut pieces = Vec::new();
    for block in &data.blocks {
        let rows: Vec<u32> = (0..block.rows() as u32).collect();
        for some in rows.chunks(MOST_ROWS) {
            let piece = Piece { source, bucket, rows: self::rows(data, block, some)? };
            pieces.push(piece.encode().bytes);
        }
    }
    Ok(pieces)
}

fn rows(data: &Dataset, block: &Block, rows: &[u32]) -> Result<Rows> {
    let column = |values| Some(Column { values, valid: vec![true; rows.len()] });
    let customers = rows.iter().map(|&row| block.customers[row as usize] as usize);
    let ids = match &data.customers.ids {
        Ids::Integer(ids) => Values::Integers(customers.map(|customer| ids[customer]).collect()),
        ids @ Ids::Text { .. } => {
            // A customer has a row on each date, one after the other.
            let mut texts = Texts::default();
            let mut before = None;
            for customer in customers {
                if before != Some(customer) {
                    texts.names.push(ids.text(customer).to_owned());
                    before = Some(customer);
                }
                texts.codes.push(texts.names.len() as u32 - 1);
            }
            Values::Texts(texts)
        }
    };
    let dates = rows.iter().map(|&row| i64::from(block.as_of[row as usize])).collect();

    let mut columns = vec![column(ids), column(Values::Integers(dates))];
    let values = block.values()?;
    let mut numbers = Vec::with_capacity(rows.len());
    for feature in 0..data.catalogue.numeric.len() {
        numbers.clear();
        values.append_rows(feature, rows, &mut numbers);
        columns.push(column(Values::Numbers(numbers.iter().map(|&number| f64::from(number)).collect())));
    }
    Ok(Rows { count: rows.len(), columns })
}

/// A row of features that came back: the column of ids, and the places of the dates.
pub(super) fn keys(rows: &Rows) -> Result<(&Values, &[i64])> {
    match rows.columns.as_slice() {
        [Some(Column { values: ids, .. }), Some(Column { values: Values::Integers(dates), .. }), ..] => {
            Ok((ids, dates))
        }
        _ => Err(Error::Internal("a piece of features without ids and dates".to_owned())),
    }
}
