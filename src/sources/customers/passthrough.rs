//! Pass-through columns: copied from a source to the results, of whichever type they are.

use super::CustomerTable;
use crate::calendar::Zone;
use crate::config;
use crate::error::Result;
use crate::sources::contract::{value_type, IdKind, Need, Role};
use crate::sources::parquet::decode::{self, Times};
use crate::sources::parquet::pieces::table_pieces;
use crate::sources::parquet::Table;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

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

impl Passthrough {
    /// A column without any value.
    pub(crate) fn nulls(length: usize) -> Passthrough {
        Passthrough::Text(vec![None; length])
    }
}

/// Puts the text of a partition folder, if there is one, into some slots of `length`.
pub(crate) fn fill(
    text: Option<&str>,
    slots: impl Iterator<Item = usize>,
    length: usize,
    out: &mut Option<Passthrough>,
) {
    let Some(text) = text else { return };
    if let Passthrough::Text(out) = out.get_or_insert_with(|| Passthrough::nulls(length)) {
        slots.for_each(|slot| out[slot] = Some(text.to_owned()));
    }
}

/// Copies the rows of an array that have a slot, of `length`, into it. The first array decides about the type.
pub(crate) fn copy(
    array: &ArrayRef,
    slots: &[Option<usize>],
    length: usize,
    zone: &Zone,
    out: &mut Option<Passthrough>,
) {
    let targets = slots.iter().enumerate().filter_map(|(row, slot)| slot.map(|slot| (row, slot)));
    let data_type = value_type(array.data_type());
    match data_type {
        DataType::Boolean => {
            let mut numbers = Vec::new();
            decode::numbers(array, &mut numbers);
            let column = out.get_or_insert_with(|| Passthrough::Boolean(vec![None; length]));
            if let Passthrough::Boolean(column) = column {
                targets
                    .filter(|(row, _)| !numbers[*row].is_nan())
                    .for_each(|(row, slot)| column[slot] = Some(numbers[row] == 1.0));
            }
        }
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
            let is_date = matches!(data_type, DataType::Date32 | DataType::Date64);
            let mut instants = Vec::new();
            let nulls = Times::new(zone).fill(array, &mut instants);
            let targets = targets.filter(|(row, _)| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row)));
            let nulls = || {
                if is_date {
                    Passthrough::Date(vec![None; length])
                } else {
                    Passthrough::Time(vec![None; length])
                }
            };
            match out.get_or_insert_with(nulls) {
                Passthrough::Date(column) => {
                    targets.for_each(|(row, slot)| column[slot] = Some(zone.day_of(instants[row]).0));
                }
                Passthrough::Time(column) => targets.for_each(|(row, slot)| column[slot] = Some(instants[row])),
                _ => {}
            }
        }
        DataType::Float64
        | DataType::Float32
        | DataType::Float16
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..) => {
            let mut numbers = Vec::new();
            decode::numbers(array, &mut numbers);
            let column = out.get_or_insert_with(|| Passthrough::Float(vec![None; length]));
            if let Passthrough::Float(column) = column {
                // A NaN that is stored is no null.
                let nulls = array.logical_nulls();
                targets
                    .filter(|(row, _)| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row)))
                    .for_each(|(row, slot)| column[slot] = Some(numbers[row]));
            }
        }
        found if found.is_integer() => {
            let mut integers = Vec::new();
            let integers = decode::integers_of(array, &mut integers);
            let column = out.get_or_insert_with(|| Passthrough::Integer(vec![None; length]));
            if let Passthrough::Integer(column) = column {
                targets.for_each(|(row, slot)| column[slot] = (!integers.is_null(row)).then(|| integers.values[row]));
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

/// Reads the pass-through columns of the customers at `wanted` (positions in the table), in that order. Only now, since
/// a list is short and the table long.
pub fn read(
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
            let needs = [
                Need::required("customers", "id", &settings.id, Role::Id),
                Need::optional("customers", "passthrough", column, Role::Any),
            ];
            for piece in table_pieces(table, usize::MAX) {
                for batch in piece.read(&needs, 16_384)? {
                    let batch = batch?;
                    let Some(ids) = batch.column_by_name(&settings.id) else { continue };
                    let slots = slots(ids, customers, &slot_of);
                    if let Some(array) = batch.column_by_name(column) {
                        copy(array, &slots, wanted.len(), zone, &mut out);
                    }
                }
            }
            Ok((column.clone(), out.unwrap_or_else(|| Passthrough::nulls(wanted.len()))))
        })
        .collect()
}

fn slots(ids: &ArrayRef, customers: &CustomerTable, slot_of: &hashbrown::HashMap<u32, usize>) -> Vec<Option<usize>> {
    let slot = |found: Option<usize>| found.and_then(|c| slot_of.get(&(c as u32)).copied());
    match customers.ids.kind() {
        IdKind::Integer => {
            let mut out = Vec::new();
            let ids = decode::integers_of(ids, &mut out);
            ids.iter().map(|id| slot(customers.ids.find_integer(id?))).collect()
        }
        IdKind::Text => {
            let texts = decode::texts(ids);
            let found: Vec<Option<usize>> = texts.values.iter().map(|id| slot(customers.ids.find_text(id))).collect();
            texts.positions.iter().map(|p| p.and_then(|p| *found.get(p as usize)?)).collect()
        }
    }
}
