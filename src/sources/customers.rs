//! The customers table: one row a customer, in id order.

use super::decode::{self, Times, NULL_ID, NULL_TIME};
use super::quarantine::{Quarantine, Reason};
use super::table::{damaged, IdKind, Table};
use crate::calendar::Zone;
use crate::config;
use crate::error::Result;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use rayon::prelude::*;
use std::cmp::Ordering;

/// The day that stands for null.
pub const NO_DAY: i32 = i32::MIN;
/// The level code that stands for null.
pub const NO_LEVEL: u32 = u32::MAX;

/// Customer ids, ascending and distinct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Integer ids.
    Integer(Vec<i64>),
    /// String ids: one buffer, and where each id ends in it.
    Text {
        /// All ids, one after another.
        bytes: String,
        /// The end of each id.
        ends: Vec<usize>,
    },
}

impl Ids {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Ids::Integer(ids) => ids.len(),
            Ids::Text { ends, .. } => ends.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Integers or strings.
    pub fn kind(&self) -> IdKind {
        match self {
            Ids::Integer(_) => IdKind::Integer,
            Ids::Text { .. } => IdKind::Text,
        }
    }

    /// A string id; empty when the ids are integers.
    pub fn text(&self, index: usize) -> &str {
        match self {
            Ids::Integer(_) => "",
            Ids::Text { bytes, ends } => {
                let start = if index == 0 { 0 } else { ends[index - 1] };
                &bytes[start..ends[index]]
            }
        }
    }

    /// An id as people write it.
    pub fn display(&self, index: usize) -> String {
        match self {
            Ids::Integer(ids) => ids[index].to_string(),
            Ids::Text { .. } => self.text(index).to_owned(),
        }
    }

    /// Whether two entries are of one customer.
    pub fn same(&self, a: usize, b: usize) -> bool {
        match self {
            Ids::Integer(ids) => ids[a] == ids[b],
            Ids::Text { .. } => self.text(a) == self.text(b),
        }
    }

    /// The position of an integer id.
    pub fn find_integer(&self, id: i64) -> Option<usize> {
        match self {
            Ids::Integer(ids) => ids.binary_search(&id).ok(),
            Ids::Text { .. } => None,
        }
    }

    /// The position of a string id.
    pub fn find_text(&self, id: &str) -> Option<usize> {
        match self {
            Ids::Integer(_) => None,
            Ids::Text { ends, .. } => {
                let (mut low, mut high) = (0, ends.len());
                while low < high {
                    let middle = low + (high - low) / 2;
                    match self.text(middle).cmp(id) {
                        Ordering::Less => low = middle + 1,
                        Ordering::Equal => return Some(middle),
                        Ordering::Greater => high = middle,
                    }
                }
                None
            }
        }
    }

    /// The position of an id as people write it.
    pub fn find(&self, id: &str) -> Option<usize> {
        match self {
            Ids::Integer(_) => self.find_integer(id.parse().ok()?),
            Ids::Text { .. } => self.find_text(id),
        }
    }
}

/// A categorical column: a code a customer into its levels; [`NO_LEVEL`] is null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// The distinct levels, ascending.
    pub names: Vec<String>,
    /// One code a customer.
    pub codes: Vec<u32>,
}

impl Levels {
    /// The level of a customer.
    pub fn get(&self, index: usize) -> Option<&str> {
        self.names.get(*self.codes.get(index)? as usize).map(String::as_str)
    }
}

/// All customers, in id order. Every column is empty or has one entry a customer.
#[derive(Clone, Debug)]
pub struct CustomerTable {
    /// The ids.
    pub ids: Ids,
    /// Sign-up days ([`NO_DAY`] is null); empty without such a column.
    pub signup: Vec<i32>,
    /// First days of the contract.
    pub start: Vec<i32>,
    /// First days after the contract.
    pub end: Vec<i32>,
    /// Money a month at stake (NaN is null).
    pub value: Vec<f64>,
    /// The numeric columns, in the order of the settings (NaN is null).
    pub numeric: Vec<Vec<f64>>,
    /// The categorical columns, in the order of the settings.
    pub categorical: Vec<Levels>,
    /// Rows read.
    pub rows: u64,
    /// Rows that could not be used.
    pub quarantine: Quarantine,
}

/// The rows of one file, before they are put in order.
#[derive(Default)]
struct Part {
    integers: Vec<i64>,
    texts: Vec<String>,
    days: [Vec<i32>; 3],
    value: Vec<f64>,
    numeric: Vec<Vec<f64>>,
    categorical: Vec<Vec<Option<String>>>,
    rows: u64,
    quarantine: Quarantine,
}

impl CustomerTable {
    /// The fold, of `folds`, of a customer: a matter of the id alone, so that all rows of one customer share it.
    pub fn fold(&self, customer: u32, folds: u8, seed: u64) -> u8 {
        (self.hash(customer, seed) % u64::from(folds.max(1))) as u8
    }

    /// A number that tells a customer from its neighbours: a matter of the id alone.
    pub fn key(&self, customer: u32) -> u32 {
        (self.hash(customer, 0) >> 32) as u32
    }

    fn hash(&self, customer: u32, seed: u64) -> u64 {
        let hash = |bytes: &[u8]| xxhash_rust::xxh3::xxh3_64_with_seed(bytes, seed);
        match &self.ids {
            Ids::Integer(ids) => hash(&ids[customer as usize].to_le_bytes()),
            Ids::Text { .. } => hash(self.ids.text(customer as usize).as_bytes()),
        }
    }

    /// Reads the whole table. A row whose id is null goes to quarantine; of rows that share an id the one that is
    /// greatest in its columns is kept, whatever the order of files, and the others go to quarantine. A numeric value
    /// that is not finite becomes null and is counted.
    pub fn read(table: &Table, settings: &config::Customers, zone: &Zone) -> Result<CustomerTable> {
        let parts: Vec<Part> =
            table.files.par_iter().map(|file| read_part(file, settings, zone, table.id_kind)).collect::<Result<_>>()?;
        let mut all = Part {
            numeric: vec![Vec::new(); settings.numeric.len()],
            categorical: vec![Vec::new(); settings.categorical.len()],
            ..Part::default()
        };
        for part in parts {
            all.integers.extend(part.integers);
            all.texts.extend(part.texts);
            all.days.iter_mut().zip(part.days).for_each(|(all, part)| all.extend(part));
            all.value.extend(part.value);
            all.numeric.iter_mut().zip(part.numeric).for_each(|(all, part)| all.extend(part));
            all.categorical.iter_mut().zip(part.categorical).for_each(|(all, part)| all.extend(part));
            all.rows += part.rows;
            all.quarantine.merge(&part.quarantine);
        }
        Ok(all.in_id_order(table.id_kind))
    }

    /// How many customers.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Part {
    fn in_id_order(mut self, kind: IdKind) -> CustomerTable {
        let rows = self.integers.len().max(self.texts.len());
        let mut order: Vec<u32> = (0..rows as u32).collect();
        order.par_sort_unstable_by(|&a, &b| self.compare(a as usize, b as usize));
        let before = order.len();
        // The greatest of equal ids is the last: walk backwards and keep the first of each.
        let mut kept: Vec<u32> = Vec::with_capacity(order.len());
        for &row in order.iter().rev() {
            if kept.last().is_none_or(|&last| self.compare_ids(last as usize, row as usize) != Ordering::Equal) {
                kept.push(row);
            }
        }
        kept.reverse();
        self.quarantine.add(Reason::DuplicateId, (before - kept.len()) as u64);
        let take =
            |column: &Vec<f64>| kept.iter().filter_map(|&i| column.get(i as usize).copied()).collect::<Vec<f64>>();
        let days =
            |column: &Vec<i32>| kept.iter().filter_map(|&i| column.get(i as usize).copied()).collect::<Vec<i32>>();
        let ids = match kind {
            IdKind::Integer => Ids::Integer(kept.iter().map(|&i| self.integers[i as usize]).collect()),
            IdKind::Text => {
                let mut bytes = String::new();
                let ends = kept
                    .iter()
                    .map(|&i| {
                        bytes.push_str(&self.texts[i as usize]);
                        bytes.len()
                    })
                    .collect();
                Ids::Text { bytes, ends }
            }
        };
        let categorical = self
            .categorical
            .iter()
            .map(|column| {
                let mut names: Vec<String> = column.iter().flatten().cloned().collect();
                names.sort_unstable();
                names.dedup();
                let code = |level: &Option<String>| match level {
                    Some(level) => names.binary_search(level).map_or(NO_LEVEL, |code| code as u32),
                    None => NO_LEVEL,
                };
                let codes = kept.iter().map(|&i| code(&column[i as usize])).collect();
                Levels { names, codes }
            })
            .collect();
        CustomerTable {
            ids,
            signup: days(&self.days[0]),
            start: days(&self.days[1]),
            end: days(&self.days[2]),
            value: take(&self.value),
            numeric: self.numeric.iter().map(take).collect(),
            categorical,
            rows: self.rows,
            quarantine: self.quarantine,
        }
    }

    fn compare_ids(&self, a: usize, b: usize) -> Ordering {
        match self.texts.is_empty() {
            true => self.integers[a].cmp(&self.integers[b]),
            false => self.texts[a].cmp(&self.texts[b]),
        }
    }

    /// By id, then by every other column, so that the choice among duplicates does not depend on the order of files.
    fn compare(&self, a: usize, b: usize) -> Ordering {
        let days = |column: &Vec<i32>| column.get(a).cmp(&column.get(b));
        let floats = |column: &Vec<f64>| match (column.get(a), column.get(b)) {
            (Some(a), Some(b)) => a.total_cmp(b),
            _ => Ordering::Equal,
        };
        self.compare_ids(a, b)
            .then_with(|| self.days.iter().map(days).fold(Ordering::Equal, Ordering::then))
            .then_with(|| floats(&self.value))
            .then_with(|| self.numeric.iter().map(floats).fold(Ordering::Equal, Ordering::then))
            .then_with(|| {
                self.categorical.iter().map(|c| c.get(a).cmp(&c.get(b))).fold(Ordering::Equal, Ordering::then)
            })
    }
}

fn read_part(file: &super::table::OpenFile, settings: &config::Customers, zone: &Zone, kind: IdKind) -> Result<Part> {
    let day_columns = [&settings.signup, &settings.start, &settings.end];
    let mut columns: Vec<&str> = vec![&settings.id];
    columns.extend(day_columns.iter().filter_map(|c| c.as_deref()));
    columns.extend(settings.value.as_deref());
    columns.extend(settings.numeric.iter().chain(&settings.categorical).map(String::as_str));
    let mut part = Part {
        numeric: vec![Vec::new(); settings.numeric.len()],
        categorical: vec![Vec::new(); settings.categorical.len()],
        ..Part::default()
    };
    let mut times = Times::new(zone);
    let (mut ids, mut instants, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for batch in file.read(&columns, None, 16_384)? {
        let batch = batch.map_err(|e| damaged(&file.file.path, &e))?;
        let rows = batch.num_rows();
        part.rows += rows as u64;
        let Some(id_column) = batch.column_by_name(&settings.id) else { continue };
        let valid: Vec<bool> = match kind {
            IdKind::Integer => {
                decode::integers(id_column, &mut ids);
                part.integers.extend(ids.iter().filter(|&&id| id != NULL_ID));
                ids.iter().map(|&id| id != NULL_ID).collect()
            }
            IdKind::Text => {
                let texts = decode::texts(id_column);
                let text = |p: &Option<u32>| p.and_then(|p| texts.values.get(p as usize).cloned());
                part.texts.extend(texts.positions.iter().filter_map(text));
                texts.positions.iter().map(Option::is_some).collect()
            }
        };
        part.quarantine.add(Reason::NullId, valid.iter().filter(|v| !**v).count() as u64);
        for (slot, column) in day_columns.iter().enumerate() {
            let Some(column) = column else { continue };
            match (batch.column_by_name(column), file.file.partition_value(column)) {
                (Some(array), _) => times.fill(array, &mut instants),
                (None, Some(Some(text))) => {
                    let day = text.parse().map(|day| zone.midnight(day)).unwrap_or(NULL_TIME);
                    instants = vec![day; rows];
                }
                _ => instants = vec![NULL_TIME; rows],
            }
            let day = |t: &i64| if *t == NULL_TIME { NO_DAY } else { zone.day_of(*t).0 };
            part.days[slot].extend(instants.iter().zip(&valid).filter(|(_, v)| **v).map(|(t, _)| day(t)));
        }
        let value = settings.value.iter().map(|column| (column, None));
        for (column, slot) in value.chain(settings.numeric.iter().enumerate().map(|(i, column)| (column, Some(i)))) {
            match batch.column_by_name(column) {
                Some(array) => decode::numbers(array, &mut numbers),
                None => {
                    let constant = file.file.partition_value(column).and_then(|v| v.as_ref()?.parse().ok());
                    numbers = vec![constant.unwrap_or(f64::NAN); rows];
                }
            }
            let array = batch.column_by_name(column);
            let mut bad = 0;
            let kept = numbers.iter().enumerate().zip(&valid).filter(|(_, v)| **v).map(|((i, &x), _)| {
                if !x.is_finite() {
                    bad += u64::from(array.is_some_and(|a| !a.is_null(i)));
                    return f64::NAN;
                }
                x
            });
            match slot {
                None => part.value.extend(kept),
                Some(slot) => part.numeric[slot].extend(kept),
            }
            if slot.is_some() || !settings.numeric.contains(column) {
                part.quarantine.add(Reason::NonFinite, bad);
            }
        }
        for (slot, column) in settings.categorical.iter().enumerate() {
            part.categorical[slot]
                .extend(levels(&batch, file, column).into_iter().zip(&valid).filter_map(|(l, v)| v.then_some(l)));
        }
    }
    Ok(part)
}

fn levels(batch: &RecordBatch, file: &super::table::OpenFile, column: &str) -> Vec<Option<String>> {
    match (batch.column_by_name(column), file.file.partition_value(column)) {
        (Some(array), _) => {
            let texts = decode::texts(array);
            texts.positions.iter().map(|p| p.and_then(|p| texts.values.get(p as usize).cloned())).collect()
        }
        (None, Some(value)) => vec![value.clone(); batch.num_rows()],
        (None, None) => vec![None; batch.num_rows()],
    }
}

/// A pass-through column for some customers, of whichever type it has in the source.
#[derive(Clone, Debug, PartialEq)]
pub enum Passthrough {
    /// Strings, and anything without a type of its own here, as text.
    Text(Vec<Option<String>>),
    /// Integers.
    Integer(Vec<Option<i64>>),
    /// Floats and decimals.
    Float(Vec<Option<f64>>),
    /// Booleans.
    Boolean(Vec<Option<bool>>),
    /// Dates, as days since 1970-01-01.
    Date(Vec<Option<i32>>),
    /// Timestamps, in microseconds since 1970-01-01 UTC.
    Time(Vec<Option<i64>>),
}

/// Reads the pass-through columns of the customers at `wanted` (positions in the table), in that order. Only now, since
/// a list is short and the table long.
pub fn passthrough(
    table: &Table,
    settings: &config::Customers,
    zone: &Zone,
    customers: &CustomerTable,
    wanted: &[u32],
) -> Result<Vec<(String, Passthrough)>> {
    let slot_of: hashbrown::HashMap<u32, usize> = wanted.iter().enumerate().map(|(slot, &c)| (c, slot)).collect();
    settings
        .passthrough
        .iter()
        .map(|column| {
            let mut out: Option<Passthrough> = None;
            for file in &table.files {
                for batch in file.read(&[&settings.id, column], None, 16_384)? {
                    let batch = batch.map_err(|e| damaged(&file.file.path, &e))?;
                    let Some(ids) = batch.column_by_name(&settings.id) else { continue };
                    let slots = slots(ids, customers, &slot_of);
                    match batch.column_by_name(column) {
                        Some(array) => copy(array, &slots, wanted.len(), zone, &mut out),
                        None => {
                            if let (Some(Some(text)), Passthrough::Text(out)) = (
                                file.file.partition_value(column),
                                out.get_or_insert_with(|| Passthrough::Text(vec![None; wanted.len()])),
                            ) {
                                slots.iter().flatten().for_each(|&slot| out[slot] = Some(text.clone()));
                            }
                        }
                    }
                }
            }
            Ok((column.clone(), out.unwrap_or_else(|| Passthrough::Text(vec![None; wanted.len()]))))
        })
        .collect()
}

fn slots(ids: &ArrayRef, customers: &CustomerTable, slot_of: &hashbrown::HashMap<u32, usize>) -> Vec<Option<usize>> {
    let slot = |found: Option<usize>| found.and_then(|c| slot_of.get(&(c as u32)).copied());
    match customers.ids.kind() {
        IdKind::Integer => {
            let mut out = Vec::new();
            decode::integers(ids, &mut out);
            out.into_iter().map(|id| slot(customers.ids.find_integer(id))).collect()
        }
        IdKind::Text => {
            let texts = decode::texts(ids);
            let found: Vec<Option<usize>> = texts.values.iter().map(|id| slot(customers.ids.find_text(id))).collect();
            texts.positions.iter().map(|p| p.and_then(|p| *found.get(p as usize)?)).collect()
        }
    }
}

fn copy(array: &ArrayRef, slots: &[Option<usize>], length: usize, zone: &Zone, out: &mut Option<Passthrough>) {
    let targets = slots.iter().enumerate().filter_map(|(row, slot)| slot.map(|slot| (row, slot)));
    match array.data_type() {
        DataType::Boolean => {
            let column = out.get_or_insert_with(|| Passthrough::Boolean(vec![None; length]));
            if let Passthrough::Boolean(column) = column {
                let array = array.as_boolean();
                targets
                    .filter(|(row, _)| array.is_valid(*row))
                    .for_each(|(row, slot)| column[slot] = Some(array.value(row)));
            }
        }
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
            let is_date = matches!(array.data_type(), DataType::Date32 | DataType::Date64);
            let mut instants = Vec::new();
            Times::new(zone).fill(array, &mut instants);
            let targets = targets.filter(|(row, _)| instants[*row] != NULL_TIME);
            match (
                out.get_or_insert_with(|| match is_date {
                    true => Passthrough::Date(vec![None; length]),
                    false => Passthrough::Time(vec![None; length]),
                }),
                is_date,
            ) {
                (Passthrough::Date(column), _) => {
                    targets.for_each(|(row, slot)| column[slot] = Some(zone.day_of(instants[row]).0));
                }
                (Passthrough::Time(column), _) => targets.for_each(|(row, slot)| column[slot] = Some(instants[row])),
                _ => {}
            }
        }
        DataType::Float64 | DataType::Float32 | DataType::Float16 | DataType::Decimal128(..) => {
            let mut numbers = Vec::new();
            decode::numbers(array, &mut numbers);
            let column = out.get_or_insert_with(|| Passthrough::Float(vec![None; length]));
            if let Passthrough::Float(column) = column {
                targets
                    .filter(|(row, _)| array.is_valid(*row))
                    .for_each(|(row, slot)| column[slot] = Some(numbers[row]));
            }
        }
        found if found.is_integer() => {
            let mut integers = Vec::new();
            decode::integers(array, &mut integers);
            let column = out.get_or_insert_with(|| Passthrough::Integer(vec![None; length]));
            if let Passthrough::Integer(column) = column {
                targets.for_each(|(row, slot)| column[slot] = Some(integers[row]).filter(|&v| v != NULL_ID));
            }
        }
        _ => {
            let texts = decode::texts(array);
            let column = out.get_or_insert_with(|| Passthrough::Text(vec![None; length]));
            if let Passthrough::Text(column) = column {
                targets.for_each(|(row, slot)| {
                    column[slot] = texts.positions[row].and_then(|p| texts.values.get(p as usize).cloned());
                });
            }
        }
    }
}
