//! Rows that are asked for once more when it is known who is listed: those that columns are copied from, and what the
//! customers of a report have done of late.

use super::columns::{Column, Reader, Rows, Values};
use super::piece::{self, Piece};
use super::plan::{Picked, Plan, Source, CUSTOMERS, SIGNALS};
use super::wire::{batches, packed_batch, pieces, received, PackedRow};
use crate::error::{Error, Result};
use crate::sources::contract::IdKind;
use crate::sources::{self, CopiedColumn, CustomerTable, Ids, RecordBatch};
use arrow_array::UInt32Array;
use arrow_select::take::take_record_batch;
use hashbrown::HashSet;
use std::path::Path;

/// Picks the rows of some customers.
pub struct Picker<'a> {
    wanted: HashSet<&'a str>,
    sources: &'a [Source],
}

impl<'a> Picker<'a> {
    /// Of the listed customers.
    ///
    /// # Errors
    /// [`Error::Config`] if the plan does not say who is listed.
    pub fn of_listed(plan: &'a Plan, sources: &'a [Source]) -> Result<Picker<'a>> {
        Ok(Picker { wanted: picked(plan)?.listed.iter().map(String::as_str).collect(), sources })
    }

    /// Of those of whom a report tells what they did.
    ///
    /// # Errors
    /// As [`Picker::of_listed`].
    pub fn of_detailed(plan: &'a Plan, sources: &'a [Source]) -> Result<Picker<'a>> {
        Ok(Picker { wanted: picked(plan)?.detailed.iter().map(String::as_str).collect(), sources })
    }

    /// The rows of a batch of the customers table that are theirs, as they are.
    ///
    /// # Errors
    /// As those of packing the table.
    pub fn customers(&self, plan: &Plan, batch: &RecordBatch) -> Result<RecordBatch> {
        let (source, zone) = (&self.sources[CUSTOMERS], plan.settings.zone());
        let reader = Reader::new(source.what.clone(), &source.needs, &zone);
        let rows = reader.with_ids(plan.packed()?.id_kind()).read(batch)?;
        take_record_batch(batch, &UInt32Array::from(self.places(&rows, source)))
            .map_err(|e| Error::Internal(e.to_string()))
    }

    /// Pieces with the rows of signals that are theirs.
    ///
    /// # Errors
    /// [`Error::Temporary`] for a damaged piece.
    pub fn signals(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut chosen = Vec::new();
        for received in received(batch)? {
            let (bucket, bytes) = received?;
            let number = piece::source(&bytes)?;
            let source = self.sources.iter().find(|source| source.number == usize::from(number));
            let Some(source) = source.filter(|source| source.number >= SIGNALS) else { continue };
            let (piece, _) = Piece::decode(&bytes, source.needs.len())?;
            let places = self.places(&piece.rows, source);
            if !places.is_empty() {
                let rows = piece.rows.select(&places);
                let bytes = Piece { rows, ..piece }.encode().bytes;
                chosen.push(PackedRow::Piece { bucket, source: number, bytes });
            }
        }
        packed_batch(chosen)
    }

    fn places(&self, rows: &Rows, source: &Source) -> Vec<u32> {
        let Some(Column { values, valid }) = rows.columns.get(source.id).and_then(Option::as_ref) else {
            return Vec::new();
        };
        let is_wanted = |row: &u32| {
            let row = *row as usize;
            valid[row]
                && match values {
                    Values::Integers(ids) => self.wanted.contains(ids[row].to_string().as_str()),
                    Values::Texts(texts) => self.wanted.contains(texts.names[texts.codes[row] as usize].as_str()),
                    Values::Numbers(_) => false,
                }
        };
        (0..rows.count as u32).filter(is_wanted).collect()
    }
}

fn picked(plan: &Plan) -> Result<&Picked> {
    plan.picked.as_ref().ok_or_else(|| Error::Config("this plan does not know yet who is listed".to_owned()))
}

/// The picked rows.
#[derive(Default)]
pub struct PickedRows {
    /// The rows of the customers table, as the engine has them, and as they are read.
    customers: Vec<(RecordBatch, RecordBatch)>,
    /// The rows of each signal.
    signals: Vec<Vec<RecordBatch>>,
}

impl PickedRows {
    /// Reads those of the customers table, if there are any to be, and those of the signals from files of record
    /// batches.
    ///
    /// # Errors
    /// [`Error::Temporary`] when a file cannot be read, or is damaged.
    pub fn read(plan: &Plan, customers: Option<&Path>, signals: Option<&Path>) -> Result<PickedRows> {
        let (sources, kind, zone) = (plan.sources()?, plan.packed()?.id_kind(), plan.settings.zone());
        let mut all = PickedRows { customers: Vec::new(), signals: vec![Vec::new(); plan.settings.signals.len()] };
        if let Some(path) = customers {
            let source = &sources[CUSTOMERS];
            let mut reader = Reader::new(source.what.clone(), &source.needs, &zone).with_ids(kind);
            for batch in batches(path)? {
                let batch = batch?;
                let read = reader.read(&batch)?.into_batch(&source.needs, kind)?;
                all.customers.push((batch, read));
            }
        }
        if let Some(path) = signals {
            for batch in batches(path)? {
                for bytes in pieces(&batch?) {
                    let bytes = bytes?;
                    let number = usize::from(piece::source(&bytes)?);
                    let source = sources.iter().find(|source| source.number == number && number >= SIGNALS);
                    let source =
                        source.ok_or_else(|| Error::Internal(format!("a piece of table {number} among signals")))?;
                    let rows = Piece::decode(&bytes, source.needs.len())?.0.rows;
                    all.signals[number - SIGNALS].push(rows.into_batch(&source.needs, kind)?);
                }
            }
        }
        Ok(all)
    }

    /// The rows of each signal.
    pub fn signals(&self) -> &[Vec<RecordBatch>] {
        &self.signals
    }

    /// The pass-through columns of customers with these ids, in that order.
    ///
    /// # Errors
    /// [`Error::Temporary`] when one of them is gone; [`Error::Contract`] for a value that cannot be copied exactly.
    pub fn passthrough(&self, plan: &Plan, wanted: &Ids) -> Result<Vec<CopiedColumn>> {
        let columns = sources::customer_columns(plan.settings.customers.as_ref())?;
        if columns.passthrough.is_empty() {
            return Ok(Vec::new());
        }
        let kind: IdKind = plan.packed()?.id_kind();
        CustomerTable::passthrough_of_batches(&self.customers, columns, kind, &plan.settings.zone(), wanted)
    }
}
