//! What a list is made of, gathered from everything that an exchange has given: the data set that one machine builds
//! from files, with the same rows in the same blocks, and what was counted beside it.

use super::columns::{Column, Rows, Values};
use super::list::{keys, KEYS};
use super::piece::{self, Piece};
use super::plan::{Plan, CHURN, CUSTOMERS, SIGNALS};
use super::report::{BucketReport, ListReport, Packed, Sent};
use super::settlement::conclude;
use super::wire::{batches, pieces, texts, LIST_REPORT, REPORT};
use crate::calendar::{Day, Zone};
use crate::coverage::History;
use crate::dataset::{Block, Dataset, Place, StoredValues};
use crate::eligibility::Exclusions;
use crate::error::{Error, Result};
use crate::kpis::Counted;
use crate::memory::{Arena, Memory};
use crate::sources::{self, Cancellations, CustomerTable, Ids, Reason, RecordBatch, RowCounts, SignalReport};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::Arc;

/// What a list is made of.
pub struct Gathered {
    /// The customers.
    pub customers: Arc<CustomerTable>,
    /// Their cancellations.
    pub cancellations: Cancellations,
    /// The rows of all dates.
    pub data: Dataset,
    /// What was seen of the rows that are measured and that no feature looks at, a signal each; empty if there are
    /// none.
    pub earlier: Vec<RowCounts>,
    /// What was measured, if something was to be.
    pub measured: Option<Counted>,
}

/// Gathers what a list is made of from a file of record batches: the pieces of the customers and of the cancellations,
/// and all that reducing tasks have returned.
///
/// # Errors
/// As [`conclude`]; [`Error::Temporary`] when rows are missing or damaged; [`Error::Config`] when the memory has no
/// room for the rows.
pub fn gather(plan: &Plan, path: &Path, memory: &Memory) -> Result<Gathered> {
    let (packed, zone) = (plan.packed()?, plan.settings.zone());
    let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    // As they came, and in the blocks that they belong to.
    memory.require("the rows of all customers", 2 * bytes)?;
    memory.enter(bytes);

    let (mut of_tables, mut sent) = (vec![Vec::new(); SIGNALS], [Sent::default(); SIGNALS]);
    let (mut reports, mut told): (Vec<BucketReport>, _) = (Vec::new(), ListReport::default());
    for batch in batches(path)? {
        let batch = batch?;
        texts(&batch, REPORT).try_for_each(|text| parsed(text).map(|report| reports.push(report)))?;
        texts(&batch, LIST_REPORT).try_for_each(|text| parsed(text).map(|report| told.merge(report)))?;
        add_small_tables(plan, &batch, &mut of_tables, &mut sent)?;
    }
    let summary = conclude(plan, &reports)?;
    if (0..SIGNALS).any(|table| sent[table] != packed.tables[table].sent) {
        return Err(missing("customers or cancellations"));
    }

    let columns = sources::customer_columns(plan.settings.customers.as_ref())?;
    let customers = CustomerTable::from_batches(&of_tables[CUSTOMERS], columns, packed.id_kind(), &zone)?;
    let cancellations = Cancellations::from_batches(&of_tables[CHURN], &plan.settings.churn, &customers, &zone)?;
    drop(of_tables);

    let rows = Scattered::read(plan, path, &customers)?;
    if rows.count != summary.rows {
        return Err(missing("rows of features"));
    }
    let customers = Arc::new(customers);
    let (reports, histories) = seen_of_signals(plan, packed, &told, &customers.ids, &zone)?;
    let data = Dataset {
        catalogue: plan.rows_plan().catalogue(),
        customers: Arc::clone(&customers),
        as_of: plan.as_of.clone(),
        blocks: rows.blocks(plan, &customers)?,
        exclusions: summary.as_of.iter().map(|date| Exclusions::from_counts(&date.excluded)).collect(),
        reports,
        histories,
        memory: memory.clone(),
        ..Dataset::default()
    };
    let mut earlier = told.earlier;
    for (rows, of_tasks) in earlier.iter_mut().zip(&packed.tables[SIGNALS..]) {
        rows.before += of_tasks.before;
    }
    Ok(Gathered { customers, cancellations, data, earlier, measured: told.measures })
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::Config(format!("a text that is no report: {e}")))
}

fn missing(what: &str) -> Error {
    Error::Temporary(format!("not all {what} came back from the engine; run again with an empty staging folder"))
}

/// Adds the rows of the customers and of the cancellations that a batch has, as record batches of their own.
fn add_small_tables(plan: &Plan, batch: &RecordBatch, all: &mut [Vec<RecordBatch>], sent: &mut [Sent]) -> Result<()> {
    let (sources, kind) = (plan.sources()?, plan.packed()?.id_kind());
    for bytes in pieces(batch) {
        let bytes = bytes?;
        let number = usize::from(piece::source(&bytes)?);
        let Some(source) = sources.iter().find(|source| source.number == number && number < SIGNALS) else { continue };
        let (piece, checksum) = Piece::decode(&bytes, source.needs.len())?;
        sent[number].add(piece.rows.count, checksum);
        all[number].push(piece.rows.into_batch(&source.needs, kind)?);
    }
    Ok(())
}

/// What was seen of each signal, as a scan reports it, and of its past.
fn seen_of_signals(
    plan: &Plan,
    packed: &Packed,
    told: &ListReport,
    ids: &Ids,
    zone: &Zone,
) -> Result<(Vec<SignalReport>, Vec<History>)> {
    let (rows_plan, begins) = (plan.rows_plan(), plan.begins(zone)?);
    let (mut reports, mut histories) = (Vec::new(), Vec::new());
    for (place, name) in plan.settings.signals.keys().enumerate() {
        let of_tasks = &packed.tables[SIGNALS + place];
        let mut rows = told.signals.get(place).cloned().unwrap_or_default();
        rows.read = of_tasks.read;
        rows.before += of_tasks.before;
        rows.after = of_tasks.after;
        rows.oldest = of_tasks.oldest;
        rows.quarantine.add(Reason::NullTime, of_tasks.without_time);

        let days = rows_plan.signal_days(name, &plan.as_of, false);
        histories.push(History {
            first: begins[place],
            last: rows.newest.map(|instant| zone.day_of(instant)),
            from: days.start,
            to: days.end,
            tally: told.tallies.get(place).cloned().unwrap_or_default().tally(ids)?,
        });
        reports.push(SignalReport { rows, ..SignalReport::default() });
    }
    Ok((reports, histories))
}

/// Rows of features as they came, in no order.
struct Scattered {
    data: Dataset,
    /// Where the row of each customer and date is.
    places: Vec<Option<Place>>,
    count: u64,
}

impl Scattered {
    fn read(plan: &Plan, path: &Path, customers: &CustomerTable) -> Result<Scattered> {
        let (number, dates) = (plan.numbers(), plan.as_of.len());
        let catalogue = plan.rows_plan().catalogue();
        let columns = KEYS + catalogue.numeric.len();
        let data = Dataset { catalogue, ..Dataset::default() };
        let mut all = Scattered { data, places: vec![None; customers.len() * dates], count: 0 };
        let arena = Arena::unlimited();
        for batch in batches(path)? {
            let batch = batch?;
            for bytes in pieces(&batch) {
                let bytes = bytes?;
                if usize::from(piece::source(&bytes)?) == number {
                    let (piece, _) = Piece::decode(&bytes, columns)?;
                    all.add(&piece.rows, customers, dates, &arena)?;
                }
            }
        }
        Ok(all)
    }

    fn add(&mut self, rows: &Rows, customers: &CustomerTable, dates: usize, arena: &Arena) -> Result<()> {
        let (ids, of_dates) = keys(rows)?;
        let block = self.data.blocks.len() as u32;
        for (row, &date) in (0u32..).zip(of_dates) {
            let customer = match ids {
                Values::Integers(ids) => customers.ids.find_integer(ids[row as usize]),
                Values::Texts(texts) => {
                    let name = texts.codes.get(row as usize).and_then(|&code| texts.names.get(code as usize));
                    name.and_then(|name| customers.ids.find_text(name))
                }
                Values::Numbers(_) => None,
            };
            let date = usize::try_from(date).ok().filter(|&date| date < dates);
            let place = customer.zip(date).and_then(|(customer, date)| self.places.get_mut(customer * dates + date));
            match place {
                Some(place @ None) => *place = Some(Place { block, row }),
                Some(Some(_)) => return Err(Error::Internal("a customer has two rows of a date".to_owned())),
                None => return Err(missing("customers")),
            }
        }

        let mut values = Vec::with_capacity(rows.count * self.data.catalogue.numeric.len());
        for column in &rows.columns[KEYS..] {
            let Some(Column { values: Values::Numbers(numbers), .. }) = column else {
                return Err(Error::Internal("a feature that is no number".to_owned()));
            };
            values.extend(numbers.iter().map(|&number| number as f32));
        }
        let values = StoredValues::new(&values, rows.count, arena)?;
        self.data.blocks.push(Block { values, ..Block::default() });
        self.count += rows.count as u64;
        Ok(())
    }

    /// The blocks that one machine has: a partition of the customers each.
    fn blocks(&self, plan: &Plan, customers: &CustomerTable) -> Result<Vec<Block>> {
        let dates = plan.as_of.len();
        let last = plan.as_of.last().copied().unwrap_or(Day(0));
        let arena = Arena::unlimited();
        let partitioning = sources::partitioning(customers, last);
        let block = |members: &Vec<u32>| {
            let mut block = Block::default();
            let mut places = Vec::new();
            for &customer in members {
                for date in 0..dates {
                    if let Some(place) = self.places[customer as usize * dates + date] {
                        places.push(place);
                        block.customers.push(customer);
                        block.as_of.push(date as u32);
                    }
                }
            }
            block.values = StoredValues::new(&self.data.gather(&places)?, places.len(), &arena)?;
            Ok(block)
        };
        partitioning.members.iter().map(block).collect()
    }
}
