//! Checks of rows: a batch of a signal's rows comes in, and words come out for those that can be used, with the
//! partition of each. Why the others cannot be used is counted. Nothing here knows where the batch is from.
//!
//! A batch is worked on column by column: first every row's partition, with the rows that are left out marked, then
//! the words of all rows, a column a word.

#[cfg(test)]
mod tests;

use super::categories::{text_codes, DictionaryCodes};
use super::contract::SignalContract;
use super::customer_index::CustomerIndex;
use super::id_index::{hash_of_integer, IdIndex};
use super::row_layout::{RowLayout, NO_CATEGORY};
use super::signal::RowCounts;
use super::vector::{self, LEFT_OUT};
use crate::calendar::{Zone, MICROS};
use crate::config::{Instrument, SignalKind};
use crate::error::{Error, Result};
use crate::numeric::{ordered_f64, vectorised};
use crate::sources::contract::IdKind;
use crate::sources::history::is_plausible;
use crate::sources::parquet::decode::{self, Column, Times};
use crate::sources::quarantine::Reason;
use arrow_array::{Array, ArrayRef, RecordBatch, StringViewArray};
use arrow_buffer::NullBuffer;
use arrow_schema::SchemaRef;
use std::ops::Range;
use std::sync::Arc;

/// The largest value of which features can be kept.
const LARGEST: f64 = f32::MAX as f64;
/// The instrument code for a text that names none.
const UNKNOWN_INSTRUMENT: u32 = u32::MAX - 1;
/// The instrument code for null.
const NULL_INSTRUMENT: u32 = u32::MAX;

/// The rows of a batch, checked.
pub(super) struct CheckedRows<'a> {
    /// What became of them.
    pub counts: RowCounts,
    /// The partition of each; [`LEFT_OUT`] is that of a row that is left out.
    pub partitions: &'a [u32],
    /// Their words, a column a word, as the layout says; those of rows left out are of no meaning.
    pub words: &'a mut [Vec<u32>],
    /// The first and the last second of those that are kept, if there are any.
    pub seconds: (u32, u32),
    /// The number above all their codes but null.
    pub codes: u32,
}

/// Checks a signal's rows, a batch at a time, in memory that it keeps.
pub(super) struct RowChecker<'a> {
    contract: &'a SignalContract<'a>,
    customers: &'a CustomerIndex,
    /// The columns of the last batch, which were as they must be.
    checked: Option<SchemaRef>,
    counts: RowCounts,
    times: Times<'a>,
    instants: Vec<i64>,
    ids: Vec<i64>,
    hashes: Vec<u64>,
    values: Vec<f64>,
    instruments: Vec<u32>,
    partitions: Vec<u32>,
    words: Vec<Vec<u32>>,
    category_codes: DictionaryCodes,
    instrument_codes: DictionaryCodes,
}

impl<'a> RowChecker<'a> {
    /// For rows of these customers; times without a zone are of `zone`.
    pub fn new(contract: &'a SignalContract<'a>, customers: &'a CustomerIndex, zone: &'a Zone) -> RowChecker<'a> {
        RowChecker {
            contract,
            customers,
            checked: None,
            counts: RowCounts::default(),
            times: Times::new(zone),
            instants: Vec::new(),
            ids: Vec::new(),
            hashes: Vec::new(),
            values: Vec::new(),
            instruments: Vec::new(),
            partitions: Vec::new(),
            words: vec![Vec::new(); contract.layout.words()],
            category_codes: DictionaryCodes::default(),
            instrument_codes: DictionaryCodes::default(),
        }
    }

    /// Checks the rows of a batch. Columns are found by their names; others than those of the signal are ignored.
    ///
    /// # Errors
    /// [`Error::Contract`] when a column is missing, or of a type that it cannot be read from.
    pub fn check(&mut self, batch: &RecordBatch) -> Result<CheckedRows<'_>> {
        let SignalContract { settings, layout, origin, .. } = self.contract;
        self.check_columns(batch)?;
        self.counts = RowCounts { read: batch.num_rows() as u64, ..RowCounts::default() };
        self.partitions.clear();
        self.partitions.resize(batch.num_rows(), 0);

        let mut decoded = std::mem::take(&mut self.instants);
        let times = self.times.of_column(batch, &settings.time, &mut decoded);
        let span = self.place_in_time(&times);
        self.place_by_id(batch)?;
        if layout.instrument {
            self.read_instruments(batch);
        }
        if let Some(column) = &settings.value {
            self.read_values(batch, column);
        }
        if let Some(column) = settings.category.as_ref().filter(|_| layout.category) {
            let (categories, out) = (&self.contract.categories, &mut self.words[1 + layout.category_at()]);
            text_codes(batch, column, NO_CATEGORY, |text| categories.code(text), &mut self.category_codes, out);
        }

        let kept = vectorised!(vector::kept(&self.partitions));
        let (oldest, newest) =
            if kept == self.counts.read { span } else { vector::span(&self.partitions, times.values) };
        self.instants = decoded;
        if kept > 0 {
            self.counts.kept = kept;
            self.counts.newest = Some(newest);
            self.counts.oldest = self.counts.oldest.or_else(|| Some(oldest).filter(|&oldest| is_plausible(oldest)));
        }
        let codes = match layout {
            RowLayout { instrument: true, .. } => Instrument::ALL.len() as u32,
            RowLayout { category: true, .. } => self.contract.category_count(),
            _ => 0,
        };
        Ok(CheckedRows {
            counts: self.counts.clone(),
            partitions: &self.partitions,
            words: &mut self.words,
            seconds: (vector::second_since(*origin, oldest), vector::second_since(*origin, newest)),
            codes,
        })
    }

    /// Fails unless the columns of a batch are as they must be, which slices of one batch share.
    fn check_columns(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.checked.as_ref().is_none_or(|checked| !Arc::ptr_eq(checked, batch.schema_ref())) {
            self.contract.check_columns(batch, self.customers.kind)?;
            self.checked = Some(batch.schema());
        }
        Ok(())
    }

    /// Seconds and fractions; leaves out what lies outside the instants that are kept. Returns the first and the last
    /// instant.
    fn place_in_time(&mut self, times: &Column<'_>) -> (i64, i64) {
        let instants = times.values;
        let SignalContract { layout, instants: Range { start: from, end: to }, origin, .. } = self.contract;
        let (from, to, origin) = (*from, *to, *origin);
        let seconds = &mut self.words[1];
        seconds.resize(instants.len(), 0);
        let (low, high) = vectorised!(vector::seconds_since(origin, instants, seconds));

        if low < from || high >= to {
            let counts = &mut self.counts;
            for (row, (partition, &instant)) in self.partitions.iter_mut().zip(instants).enumerate() {
                // What lies in the place of a null is outside in any case.
                if instant < from || instant >= to {
                    *partition = LEFT_OUT;
                    if times.is_null(row) {
                        counts.quarantine.add(Reason::NullTime, 1);
                    } else if instant < from {
                        counts.before += 1;
                        if is_plausible(instant) && counts.oldest.is_none_or(|oldest| instant < oldest) {
                            counts.oldest = Some(instant);
                        }
                    } else {
                        counts.after += 1;
                    }
                }
            }
        }

        if layout.fraction {
            let (seconds, fractions) = self.words[1..].split_at_mut(1);
            let micros = |(&instant, &second): (&i64, &u32)| {
                (instant.wrapping_sub(origin) as u32).wrapping_sub(second.wrapping_mul(MICROS as u32))
            };
            fractions[0].clear();
            fractions[0].extend(instants.iter().zip(&seconds[0]).map(micros));
        }

        (low, high)
    }

    /// Partitions of ids, and what tells them apart there.
    fn place_by_id(&mut self, batch: &RecordBatch) -> Result<()> {
        let column = &self.contract.settings.id;
        let Some(array) = batch.column_by_name(column) else {
            return Err(Error::Internal(format!("column `{column}` was there a moment ago")));
        };
        let mut decoded = std::mem::take(&mut self.ids);

        match self.customers.kind {
            IdKind::Integer => {
                let ids = decode::integers_of(array, &mut decoded);
                self.leave_out_nulls(ids.nulls.as_ref());
                self.place_integers(ids.values);
            }
            IdKind::Text => {
                let texts = decode::text_views(array);
                self.leave_out_nulls(texts.nulls());
                match (&self.customers.members, self.customers.partitioning.numbering()) {
                    (Some(index), _) => self.place_texts(&texts, index),
                    (None, Some(numbering)) => {
                        numbering.read(&texts, &mut decoded);
                        self.place_integers(&decoded);
                    }
                    (None, None) => return Err(Error::Internal("string ids without an index".to_owned())),
                }
            }
        }

        self.ids = decoded;
        Ok(())
    }

    /// Leaves out the rows without an id.
    fn leave_out_nulls(&mut self, nulls: Option<&NullBuffer>) {
        let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else { return };
        for (partition, has_id) in self.partitions.iter_mut().zip(nulls) {
            if *partition != LEFT_OUT && !has_id {
                self.counts.quarantine.add(Reason::NullId, 1);
                *partition = LEFT_OUT;
            }
        }
    }

    /// Partitions of integer ids, and what tells them apart there.
    fn place_integers(&mut self, ids: &[i64]) {
        let CustomerIndex { partitioning, members: index, .. } = self.customers;
        let outside = partitioning.outside();
        let (partitions, rests) = (&mut self.partitions, &mut self.words[0]);
        rests.resize(ids.len(), 0);

        let some_outside = match (index, partitioning.narrow()) {
            (None, Some(place)) => vectorised!(vector::narrow_places(&place, outside, ids, partitions, rests)),
            (None, None) => {
                vectorised!(vector::rests(partitioning, ids, rests));
                vectorised!(vector::partitions(partitioning, outside, ids, partitions))
            }
            (Some(_), _) => vectorised!(vector::partitions(partitioning, outside, ids, partitions)),
        };

        if some_outside {
            let quarantine = &mut self.counts.quarantine;
            for (partition, &id) in self.partitions.iter_mut().zip(ids) {
                if *partition != LEFT_OUT && outside(id) {
                    quarantine.add(Reason::UnknownCustomer, 1);
                    *partition = LEFT_OUT;
                }
            }
        }

        if let Some(index) = index {
            let hashes = ids.iter().map(|&id| hash_of_integer(id));
            index.find(hashes, &mut self.hashes, &mut self.words[0]);
            self.leave_out_unknown();
        }
    }

    /// Partitions of string ids, and their members there.
    fn place_texts(&mut self, texts: &StringViewArray, index: &IdIndex) {
        let partitioning = &self.customers.partitioning;
        let hashes = texts.bytes_iter().map(|id| partitioning.hash_of_text(id));
        index.find(hashes, &mut self.hashes, &mut self.words[0]);
        match partitioning.numbering() {
            None => vectorised!(vector::partitions_of_hashes(partitioning, &self.hashes, &mut self.partitions)),
            Some(_) => {
                let own = texts.bytes_iter().map(|id| partitioning.of_text(id) as u32);
                self.partitions.iter_mut().zip(own).for_each(|(partition, own)| *partition |= own);
            }
        }

        self.leave_out_unknown();
    }

    /// Leaves out the rows of ids that no customer has.
    fn leave_out_unknown(&mut self) {
        let unknown = vectorised!(vector::leave_out_unknown(&self.words[0], &mut self.partitions));
        self.counts.quarantine.add(Reason::UnknownCustomer, unknown);
    }

    fn read_instruments(&mut self, batch: &RecordBatch) {
        let SignalContract { settings, layout, .. } = self.contract;
        let out = &mut self.instruments;
        match (&settings.instrument, settings.instrument_name) {
            (_, Some(one)) => {
                out.clear();
                out.resize(batch.num_rows(), one as u32);
            }
            (Some(column), None) => {
                text_codes(batch, column, NULL_INSTRUMENT, instrument_code, &mut self.instrument_codes, out);
            }
            (None, None) => {
                out.clear();
                out.resize(batch.num_rows(), NULL_INSTRUMENT);
            }
        }

        let quarantine = &mut self.counts.quarantine;
        for (partition, &instrument) in self.partitions.iter_mut().zip(&*out) {
            if instrument as usize >= Instrument::ALL.len() && *partition != LEFT_OUT {
                quarantine.add(Reason::UnknownInstrument, 1);
                *partition = LEFT_OUT;
            }
        }

        self.words[1 + layout.instrument_at()].clone_from(out);
    }

    fn read_values(&mut self, batch: &RecordBatch, column: &str) {
        let SignalContract { settings, layout, scales, .. } = self.contract;
        let array = batch.column_by_name(column);
        match array {
            Some(array) => decode::numbers(array, &mut self.values),
            None => {
                self.values.clear();
                self.values.resize(batch.num_rows(), f64::NAN);
            }
        }

        let range = settings.range.or((settings.kind == SignalKind::Sentiment).then_some([-1.0, 1.0]));
        let in_order = if layout.instrument {
            vector::all_on_scale(&self.values, &self.instruments, scales)
        } else {
            let [low, high] = range.unwrap_or([-LARGEST, LARGEST]);
            vectorised!(vector::all_within(&self.values, low.max(-LARGEST), high.min(LARGEST)))
        };
        if !in_order {
            self.leave_out_values(array, range);
        }

        let at = 1 + layout.value_at();
        if layout.value_words == 0 {
            // Values are checked and not kept.
        } else if layout.value_words == 1 {
            self.words[at].resize(self.values.len(), 0);
            vectorised!(vector::ordered(&self.values, &mut self.words[at]));
        } else {
            self.words[at..=at + 1].iter_mut().for_each(Vec::clear);
            self.words[at].extend(self.values.iter().map(|&value| (ordered_f64(value) >> 32) as u32));
            self.words[at + 1].extend(self.values.iter().map(|&value| ordered_f64(value) as u32));
        }
    }

    /// Leaves out the rows whose values are not finite, too large, or not within the range or the scale of their
    /// instrument.
    fn leave_out_values(&mut self, array: Option<&ArrayRef>, range: Option<[f64; 2]>) {
        let nulls = array.and_then(|array| array.logical_nulls());
        let is_null = |row: usize| array.is_none() || nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        for (row, (partition, &value)) in self.partitions.iter_mut().zip(&self.values).enumerate() {
            if *partition == LEFT_OUT {
                continue;
            }
            let scale = || self.contract.scales.get(*self.instruments.get(row)? as usize).copied();
            let range = if self.contract.layout.instrument { scale() } else { range };
            let reason = if value.is_finite() {
                let is_outside = range.is_some_and(|[low, high]| value < low || value > high);
                let is_too_large = value.abs() > LARGEST;
                is_outside.then_some(Reason::OutOfScale).or(is_too_large.then_some(Reason::TooLarge))
            } else {
                (!is_null(row)).then_some(Reason::NonFinite)
            };
            if let Some(reason) = reason {
                self.counts.quarantine.add(reason, 1);
                *partition = LEFT_OUT;
            }
        }
    }
}

fn instrument_code(text: &str) -> u32 {
    Instrument::named(text).map_or(UNKNOWN_INSTRUMENT, |known| known as u32)
}
