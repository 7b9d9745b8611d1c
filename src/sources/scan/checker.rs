//! Checks of rows: a batch of a signal's rows comes in, and words come out for those that can be used, with the partition
//! of each. Why the others cannot be used is counted. Nothing here knows where the batch is from.
//!
//! A batch is worked on column by column: first every row's partition, with the rows that are left out marked, then
//! the words of all rows, a column a word.

use super::categories::{text_codes, Categories, DictionaryCodes};
use super::customer_index::CustomerIndex;
use super::id_index::{hash_of_integer, IdIndex};
use super::row_layout::{RowLayout, NO_CATEGORY};
use super::signal::{self, RowCounts};
use super::vector::{self, LEFT_OUT};
use crate::calendar::{Zone, MICROS};
use crate::config::{Instrument, Signal, SignalKind};
use crate::error::{Error, Result};
use crate::numeric::{ordered_f64, vectorised};
use crate::sources::contract::{IdKind, Need};
use crate::sources::parquet::decode::{self, Column, Times};
use crate::sources::quarantine::Reason;
use arrow_array::{Array, ArrayRef, RecordBatch, StringViewArray};
use arrow_buffer::NullBuffer;
use std::ops::Range;

/// The instrument code for a text that names none.
const UNKNOWN_INSTRUMENT: u32 = u32::MAX - 1;
/// The instrument code for null.
const NULL_INSTRUMENT: u32 = u32::MAX;

/// What the rows of a signal must be like, and what they become.
pub(super) struct SignalContract<'a> {
    name: &'a str,
    settings: &'a Signal,
    /// The columns.
    pub needs: Vec<Need>,
    /// The words that rows become.
    pub layout: RowLayout,
    /// The instants of rows that are kept.
    instants: Range<i64>,
    /// The instant that seconds count from.
    origin: i64,
    categories: Categories,
}

impl<'a> SignalContract<'a> {
    /// For rows within some instants, whose values take so many words, and whose categories have their codes from there.
    pub fn new(
        name: &'a str,
        settings: &'a Signal,
        value_words: usize,
        instants: Range<i64>,
        origin: i64,
        categories: Categories,
    ) -> SignalContract<'a> {
        let is_survey = settings.kind == SignalKind::Survey;
        SignalContract {
            name,
            settings,
            needs: signal::needs(name, settings),
            layout: RowLayout {
                fraction: is_survey || settings.deduplicate,
                value_words,
                category: settings.category.is_some(),
                instrument: is_survey,
            },
            instants,
            origin,
            categories,
        }
    }

    /// Distinct category codes given out.
    pub fn category_count(&self) -> u32 {
        self.categories.len()
    }

    /// Bytes that the categories take more than when this was asked before.
    ///
    /// # Errors
    /// [`Error::Config`] when the memory limit has no room for them all.
    pub fn category_growth(&self) -> Result<u64> {
        if !self.categories.is_full() {
            return Ok(self.categories.growth());
        }
        Err(Error::Config(format!(
            "the memory limit is too small for the categories of signal `{name}`: {} different texts of `{column}` are in \
             memory already, and there are more. Leave the category out (signals.{name}.category), name a column with \
             fewer, or set --memory-limit (or CHURN_MEMORY_LIMIT) higher",
            self.category_count(),
            name = self.name,
            column = self.settings.category.as_deref().unwrap_or_default(),
        )))
    }

    /// Fails unless the columns of a batch are as they must be.
    fn check_columns(&self, batch: &RecordBatch, kind: IdKind) -> Result<()> {
        const PLACE: &str = "a record batch";
        let what = || format!("signal `{}`", self.name);

        for need in &self.needs {
            let schema = batch.schema_ref();
            let Some((_, field)) = schema.column_with_name(&need.column) else {
                if need.optional {
                    continue;
                }
                let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                return Err(Error::Contract(need.missing(&what(), PLACE, &columns)));
            };
            if !need.role.accepts(field) {
                return Err(Error::Contract(need.wrong_type(&what(), PLACE, field)));
            }
        }

        let ids = batch.schema_ref().column_with_name(&self.settings.id);
        match ids.and_then(|(_, ids)| IdKind::of_column(ids)) {
            Some(found) if found != kind => Err(Error::Contract(format!(
                "{}: the ids in column `{}` of {PLACE} are {}s, but those of the customers table are {}s; they are \
                 compared as what they are, so write both as one type",
                what(),
                self.settings.id,
                found.name(),
                kind.name(),
            ))),
            _ => Ok(()),
        }
    }
}

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
        self.contract.check_columns(batch, self.customers.kind)?;
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
        if let Some(column) = &settings.category {
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
        let SignalContract { settings, layout, .. } = self.contract;
        let array = batch.column_by_name(column);
        match array {
            Some(array) => decode::numbers(array, &mut self.values),
            None => {
                self.values.clear();
                self.values.resize(batch.num_rows(), f64::NAN);
            }
        }

        let range = settings.range.or((settings.kind == SignalKind::Sentiment).then_some([-1.0, 1.0]));
        let in_order = match range {
            None if layout.instrument => vector::all_on_scale(&self.values, &self.instruments),
            _ => {
                let [low, high] = range.unwrap_or([f64::MIN, f64::MAX]);
                vectorised!(vector::all_within(&self.values, low, high))
            }
        };
        if !in_order {
            self.leave_out_values(array, range);
        }

        let at = 1 + layout.value_at();
        if layout.value_words == 1 {
            self.words[at].resize(self.values.len(), 0);
            vectorised!(vector::ordered(&self.values, &mut self.words[at]));
        } else {
            self.words[at..=at + 1].iter_mut().for_each(Vec::clear);
            self.words[at].extend(self.values.iter().map(|&value| (ordered_f64(value) >> 32) as u32));
            self.words[at + 1].extend(self.values.iter().map(|&value| ordered_f64(value) as u32));
        }
    }

    /// Leaves out the rows whose values are not finite, or not within the range or else the scale of their instrument.
    fn leave_out_values(&mut self, array: Option<&ArrayRef>, range: Option<[f64; 2]>) {
        let nulls = array.and_then(|array| array.logical_nulls());
        let is_null = |row: usize| array.is_none() || nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        for (row, (partition, &value)) in self.partitions.iter_mut().zip(&self.values).enumerate() {
            if *partition == LEFT_OUT {
                continue;
            }
            let scale = || Instrument::ALL.get(*self.instruments.get(row)? as usize).map(|known| known.scale());
            let range = if self.contract.layout.instrument { range.or_else(scale) } else { range };
            let reason = if value.is_finite() {
                let outside = range.is_some_and(|[low, high]| value < low || value > high);
                outside.then_some(Reason::OutOfScale)
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
    let text = text.trim().to_ascii_lowercase();
    Instrument::ALL.into_iter().find(|known| known.name() == text).map_or(UNKNOWN_INSTRUMENT, |known| known as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Day;
    use crate::sources::customers::ids::Ids;
    use crate::sources::customers::CustomerTable;
    use crate::sources::quarantine::Quarantine;
    use arrow_array::types::{Int32Type, Int8Type, UInt8Type};
    use arrow_array::{
        DictionaryArray, Float64Array, Int32Array, Int64Array, Int8Array, LargeStringArray, StringArray,
        TimestampMicrosecondArray, UInt8Array,
    };
    use std::collections::HashMap;
    use std::sync::Arc;

    const ROWS: i64 = 1000;

    fn customers(ids: Ids) -> CustomerTable {
        CustomerTable {
            rows: ids.len() as u64,
            ids,
            signup: Vec::new(),
            start: Vec::new(),
            end: Vec::new(),
            value: Vec::new(),
            numeric: Vec::new(),
            categorical: Vec::new(),
            quarantine: Quarantine::default(),
            chosen: Default::default(),
        }
    }

    /// Those with the ids 0 to 99.
    fn integers() -> CustomerTable {
        customers(Ids::Integer((0..100).collect()))
    }

    /// Those with the ids A to Z.
    fn letters() -> CustomerTable {
        customers(Ids::Text { bytes: ('A'..='Z').collect(), ends: (1..=26).collect() })
    }

    fn settings() -> Signal {
        Signal {
            kind: SignalKind::Amount,
            path: "visits".into(),
            id: "id".to_owned(),
            time: "ts".to_owned(),
            value: Some("amount".to_owned()),
            category: Some("channel".to_owned()),
            instrument: None,
            instrument_name: None,
            deduplicate: true,
            label: None,
            unit: None,
            range: Some([0.0, 900.0]),
            max_staleness_days: None,
            time_unit: None,
            max_quarantine_share: None,
        }
    }

    /// The partition of a row, and its words.
    type Kept = (u32, Vec<u32>);
    type Columns = Vec<(&'static str, ArrayRef)>;

    /// A thousand rows, some of which cannot be used for one reason or another.
    fn columns() -> Columns {
        let unless = |row: i64, every: i64, value: i64| (row % every != 0).then_some(value);
        let ids = (0..ROWS).map(|row| unless(row, 13, row % 103));
        let times = (0..ROWS).map(|row| unless(row, 17, 1_000_000 * (row - 50) + row));
        let values = (0..ROWS).map(|row| if row % 19 == 0 { f64::NAN } else { row as f64 });
        let channels = (0..ROWS).map(|row| unless(row, 7, row).map(|row| ["web", "shop", "phone"][row as usize % 3]));
        vec![
            ("id", Arc::new(Int64Array::from_iter(ids)) as ArrayRef),
            ("ts", Arc::new(TimestampMicrosecondArray::from_iter(times))),
            ("amount", Arc::new(Float64Array::from_iter_values(values))),
            ("channel", Arc::new(StringArray::from_iter(channels))),
        ]
    }

    fn batch(columns: &Columns) -> RecordBatch {
        RecordBatch::try_from_iter(columns.iter().cloned()).unwrap()
    }

    fn replaced(mut columns: Columns, name: &str, array: ArrayRef) -> Columns {
        columns.iter_mut().filter(|(known, _)| *known == name).for_each(|(_, old)| *old = array.clone());
        columns
    }

    /// The rows that are kept: their partitions and words; and what became of all.
    fn checked(customers: &CustomerTable, batches: &[RecordBatch]) -> Result<(Vec<Kept>, RowCounts)> {
        let (settings, zone) = (settings(), Zone::utc());
        let contract = SignalContract::new("visits", &settings, 2, 0..900_000_000, 0, Categories::default());
        let index = CustomerIndex::new(customers, Day(0));
        let mut checker = RowChecker::new(&contract, &index, &zone);
        let (mut kept, mut counts, mut names) = (Vec::new(), RowCounts::default(), HashMap::new());

        for batch in batches {
            let rows = checker.check(batch)?;
            counts.merge(&rows.counts);
            for (row, &partition) in rows.partitions.iter().enumerate().filter(|(_, p)| **p != LEFT_OUT) {
                let mut words: Vec<u32> = rows.words.iter().map(|word| word[row]).collect();
                // Which code a category has is a matter of chance.
                if let Some(code) = words.last_mut().filter(|code| **code != NO_CATEGORY) {
                    let next = names.len() as u32;
                    *code = *names.entry(*code).or_insert(next);
                }
                kept.push((partition, words));
            }
        }

        Ok((kept, counts))
    }

    fn message(batch: RecordBatch) -> String {
        let error = checked(&integers(), &[batch]).unwrap_err();
        assert_eq!(error.exit_code(), 3);
        error.to_string()
    }

    #[test]
    fn rows_are_the_same_however_they_are_cut_into_batches() {
        let all = batch(&columns());
        let (whole, counts) = checked(&integers(), std::slice::from_ref(&all)).unwrap();
        assert!(counts.kept > 600 && counts.kept as usize == whole.len(), "{counts:?}");
        assert_eq!(counts.kept + counts.before + counts.after + counts.quarantine.total(), ROWS as u64);
        let reasons: Vec<Reason> = counts.quarantine.counts().into_keys().collect();
        let expected =
            [Reason::NullId, Reason::NullTime, Reason::UnknownCustomer, Reason::NonFinite, Reason::OutOfScale];
        assert_eq!(reasons, expected);

        for size in [1, 7, 999] {
            let batches = (0..all.num_rows()).step_by(size);
            let batches: Vec<RecordBatch> =
                batches.map(|first| all.slice(first, size.min(all.num_rows() - first))).collect();
            assert_eq!(checked(&integers(), &batches).unwrap(), (whole.clone(), counts.clone()), "batches of {size}");
        }
    }

    #[test]
    fn a_batch_without_rows_has_none() {
        let empty = batch(&columns()).slice(0, 0);
        assert_eq!(checked(&integers(), &[empty]).unwrap(), (Vec::new(), RowCounts::default()));
    }

    #[test]
    fn a_missing_column_is_named_unless_it_may_be_missing() {
        let without = |name: &str| batch(&columns().into_iter().filter(|(known, _)| *known != name).collect());
        for (column, setting) in [("id", "id"), ("ts", "time"), ("amount", "value")] {
            let message = message(without(column));
            let named = format!("signal `visits`: column `{column}` (signals.visits.{setting}) is missing");
            assert!(message.starts_with(&named), "{message}");
        }

        let (rows, _) = checked(&integers(), &[without("channel")]).unwrap();
        assert!(!rows.is_empty() && rows.iter().all(|(_, words)| words.last() == Some(&NO_CATEGORY)));
    }

    #[test]
    fn a_column_of_another_type_is_named() {
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| row.to_string())));
        for (column, found) in [("ts", "expected a timestamp or a date"), ("amount", "expected a number")] {
            let message = message(batch(&replaced(columns(), column, texts.clone())));
            assert!(message.contains(&format!("column `{column}`")) && message.contains(found), "{message}");
        }

        let message = message(batch(&replaced(columns(), "id", texts)));
        assert!(message.contains("are strings, but those of the customers table are integers"), "{message}");
    }

    #[test]
    fn dictionaries_are_read_as_the_values_that_they_stand_for() {
        let keys = || (0..ROWS).map(|row| (row % 11 != 0).then_some((row % 5) as u8));
        let plain = |value: fn(u8) -> i64| keys().map(move |key| key.map(value));
        let dictionary = |values: ArrayRef| -> ArrayRef {
            Arc::new(DictionaryArray::<UInt8Type>::new(UInt8Array::from_iter(keys()), values))
        };

        // The fifth value of each dictionary is null.
        let cases: [(&str, ArrayRef, ArrayRef); 4] = [
            (
                "id",
                Arc::new(Int64Array::from_iter(plain(i64::from).map(|id| id.filter(|&id| id < 4)))),
                dictionary(Arc::new(Int64Array::from_iter([Some(0), Some(1), Some(2), Some(3), None]))),
            ),
            (
                "ts",
                Arc::new(TimestampMicrosecondArray::from_iter(
                    plain(|key| 7 * i64::from(key)).map(|time| time.filter(|&time| time < 28)),
                )),
                dictionary(Arc::new(TimestampMicrosecondArray::from_iter([
                    Some(0),
                    Some(7),
                    Some(14),
                    Some(21),
                    None,
                ]))),
            ),
            (
                "amount",
                Arc::new(Float64Array::from_iter(
                    plain(i64::from).map(|value| value.filter(|&value| value < 4).map(|value| value as f64)),
                )),
                dictionary(Arc::new(Float64Array::from_iter([Some(0.0), Some(1.0), Some(2.0), Some(3.0), None]))),
            ),
            (
                "channel",
                Arc::new(StringArray::from_iter(plain(i64::from).map(|key| ["a", "b", "c", "d"].get(key? as usize)))),
                dictionary(Arc::new(StringViewArray::from_iter([Some("a"), Some("b"), Some("c"), Some("d"), None]))),
            ),
        ];

        for (column, plain, dictionary) in cases {
            let of = |array: ArrayRef| checked(&integers(), &[batch(&replaced(columns(), column, array))]).unwrap();
            assert_eq!(of(dictionary), of(plain), "{column}");
        }
    }

    #[test]
    fn strings_are_the_same_in_arrays_of_any_kind() {
        let text = |row: i64| (row % 9 != 0).then(|| char::from(b'A' + (row % 29) as u8).to_string());
        let texts = || (0..ROWS).map(text);
        let values: Vec<String> = (0..29).map(|row| char::from(b'A' + row).to_string()).collect();
        let keys = || (0..ROWS).map(|row| (row % 9 != 0).then_some(row % 29));
        let narrow = Int8Array::from_iter(keys().map(|key| key.map(|key| key as i8)));
        let usual = Int32Array::from_iter(keys().map(|key| key.map(|key| key as i32)));

        let arrays: [ArrayRef; 5] = [
            Arc::new(StringArray::from_iter(texts())),
            Arc::new(LargeStringArray::from_iter(texts())),
            Arc::new(StringViewArray::from_iter(texts())),
            Arc::new(DictionaryArray::<Int32Type>::new(usual, Arc::new(StringArray::from_iter_values(&values)))),
            Arc::new(DictionaryArray::<Int8Type>::new(narrow, Arc::new(LargeStringArray::from_iter_values(&values)))),
        ];

        let of = |array: &ArrayRef| {
            let columns = replaced(replaced(columns(), "id", array.clone()), "channel", array.clone());
            checked(&letters(), &[batch(&columns)]).unwrap()
        };

        let expected = of(&arrays[0]);
        assert!(expected.1.kept > 500 && expected.1.quarantine.counts().contains_key(&Reason::UnknownCustomer));
        for array in &arrays[1..] {
            assert_eq!(of(array), expected, "{}", array.data_type());
        }
    }
}
