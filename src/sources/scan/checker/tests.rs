//! Batches of rows, however they are cut and encoded.

use super::*;
use crate::calendar::Day;
use crate::config::Signal;
use crate::sources::customers::ids::Ids;
use crate::sources::customers::CustomerTable;
use crate::sources::scan::categories::Categories;
use arrow_array::types::{Int32Type, Int8Type, UInt8Type};
use arrow_array::{
    DictionaryArray, Float64Array, Int32Array, Int64Array, Int8Array, LargeStringArray, StringArray,
    TimestampMicrosecondArray, UInt8Array,
};
use std::collections::HashMap;
use std::sync::Arc;

const ROWS: i64 = 1000;

fn customers(ids: Ids) -> CustomerTable {
    CustomerTable { rows: ids.len() as u64, ids, ..CustomerTable::default() }
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
        scales: None,
        range: Some([0.0, 900.0]),
        max_staleness_days: None,
        min_day_share: None,
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
    let contract = SignalContract::new("visits", &settings, 2, true, 0..900_000_000, 0, Categories::default());
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
    let expected = [Reason::NullId, Reason::NullTime, Reason::UnknownCustomer, Reason::NonFinite, Reason::OutOfScale];
    assert_eq!(reasons, expected);

    for size in [1, 7, 999] {
        let batches = (0..all.num_rows()).step_by(size);
        let batches: Vec<RecordBatch> =
            batches.map(|first| all.slice(first, size.min(all.num_rows() - first))).collect();
        assert_eq!(checked(&integers(), &batches).unwrap(), (whole.clone(), counts.clone()), "batches of {size}");
    }
}

#[test]
fn a_value_beyond_the_range_of_features_is_counted() {
    let zone = Zone::utc();
    for (range, reason) in
        [(None, Reason::TooLarge), (Some([0.0, 1e300]), Reason::TooLarge), (Some([0.0, 1e30]), Reason::OutOfScale)]
    {
        let settings = Signal { range, ..settings() };
        let contract = SignalContract::new("visits", &settings, 2, true, 0..900_000_000, 0, Categories::default());
        let customers = integers();
        let index = CustomerIndex::new(&customers, Day(0));
        let mut checker = RowChecker::new(&contract, &index, &zone);
        let values: ArrayRef =
            Arc::new(Float64Array::from_iter((0..ROWS).map(|row| (row != 55).then_some(1.0).or(Some(1e39)))));
        let rows = checker.check(&batch(&replaced(columns(), "amount", values))).unwrap();
        assert_eq!(rows.counts.quarantine.counts().get(&reason), Some(&1), "{range:?}");
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
            dictionary(Arc::new(TimestampMicrosecondArray::from_iter([Some(0), Some(7), Some(14), Some(21), None]))),
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
