//! Inputs that are awkward for their shape rather than broken, small: the feature table must be that of the same rows
//! in an ordinary shape.

use crate::common::{churn, write, Population};
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, Date32Array, Float32Array, Int64Array, PrimitiveArray, RecordBatch};
use rand::{RngExt, SeedableRng};
use std::fs;
use std::path::Path;
use std::sync::Arc;

const DAY: i64 = 86_400_000_000;
/// 2026-01-01.
const AS_OF: i64 = 20_454;

/// (id, microseconds before the as-of date, value)
type Event = (i64, i64, f32);

fn batch(events: &[Event]) -> RecordBatch {
    let time = |&(_, before, _): &Event| AS_OF * DAY - before;
    let times: PrimitiveArray<TimestampMicrosecondType> = events.iter().map(time).collect::<Vec<i64>>().into();
    RecordBatch::try_from_iter([
        ("customer_id", Arc::new(events.iter().map(|event| event.0).collect::<Int64Array>()) as ArrayRef),
        ("ts", Arc::new(times) as ArrayRef),
        ("value", Arc::new(events.iter().map(|event| event.2).collect::<Float32Array>()) as ArrayRef),
    ])
    .unwrap()
}

fn write_customers(folder: &Path, ids: &[i64]) {
    let batch = RecordBatch::try_from_iter([
        ("customer_id", Arc::new(Int64Array::from(ids.to_vec())) as ArrayRef),
        ("signup_date", Arc::new(Date32Array::from(vec![19_000; ids.len()])) as ArrayRef),
    ]);
    write(&folder.join("customers.parquet"), &[batch.unwrap()], 1000);
}

/// The feature table of the events below `folder/events`.
fn features(folder: &Path) -> Vec<u8> {
    let config = "[customers]\npath = \"customers.parquet\"\nid = \"customer_id\"\nsignup = \"signup_date\"\n\
                  [signals.visits]\nkind = \"amount\"\npath = \"events\"\nid = \"customer_id\"\ntime = \"ts\"\n\
                  value = \"value\"\n[churn]\ndefinition = \"inactivity\"\nsignals = [\"visits\"]\n";
    fs::write(folder.join("churn.toml"), config).unwrap();
    churn(folder, &["features", "--as-of", "2026-01-01", "--out", "features.parquet", "--threads", "3"]).ok();
    fs::read(folder.join("features.parquet")).unwrap()
}

/// Writes the events as one file in time order, then in the given files, and demands the same features.
fn assert_same(ids: &[i64], events: &[Event], files: &[Vec<Event>], row_group: usize) {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut ordered = events.to_vec();
    ordered.sort_by_key(|event| std::cmp::Reverse(event.1));
    let [one, other] = [vec![ordered], files.to_vec()].map(|files| files.into_iter().enumerate().collect::<Vec<_>>());
    let tables = folders.iter().zip([(one, 100_000), (other, row_group)]).map(|(folder, (files, row_group))| {
        write_customers(folder.path(), ids);
        for (index, events) in files {
            write(&folder.path().join(format!("events/{index:05}.parquet")), &[batch(&events)], row_group);
        }
        features(folder.path())
    });
    let tables: Vec<Vec<u8>> = tables.collect();
    assert!(tables[0].len() > 1000 && tables[0] == tables[1]);
}

fn random(count: usize, id: impl Fn(u32) -> i64) -> Vec<Event> {
    let mut rng = rand_pcg::Pcg64::seed_from_u64(11);
    (0..count).map(|_| (id(rng.random()), rng.random_range(1..200 * DAY), rng.random_range(0..100) as f32)).collect()
}

fn shuffled(events: &[Event]) -> Vec<Event> {
    let mut events = events.to_vec();
    events.sort_by_key(|&(id, before, value)| ((before as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15), id, value as i64));
    events
}

#[test]
fn a_row_group_that_is_cut_for_the_threads_gives_the_same_features() {
    let events = random(2_300_000, |draw| i64::from(draw % 400));
    let files = [shuffled(&events)];
    assert_same(&(0..400).collect::<Vec<_>>(), &events, &files, events.len());
}

#[test]
fn one_customer_may_have_nearly_all_events() {
    let events = random(200_000, |draw| if draw % 100 < 95 { 7 } else { i64::from(draw % 1000) });
    let files: Vec<Vec<Event>> = shuffled(&events).chunks(30_000).map(<[Event]>::to_vec).collect();
    assert_same(&(0..1000).collect::<Vec<_>>(), &events, &files, 1000);
}

#[test]
fn every_customer_may_have_one_event() {
    let ids: Vec<i64> = (0..20_000).collect();
    let mut next = 0..;
    let mut events = random(20_000, |_| 0);
    events.iter_mut().for_each(|event| event.0 = next.next().unwrap());
    assert_same(&ids, &events, &[shuffled(&events)], 700);
}

#[test]
fn all_events_may_be_in_one_second() {
    let mut events = random(50_000, |draw| i64::from(draw % 300));
    events.iter_mut().for_each(|event| event.1 = 3 * DAY + event.1 % 1_000_000);
    assert_same(&(0..300).collect::<Vec<_>>(), &events, &[shuffled(&events)], 4000);
}

#[test]
fn many_tiny_files_give_the_same_features() {
    let events = random(3000, |draw| i64::from(draw % 200));
    let files: Vec<Vec<Event>> = shuffled(&events).chunks(5).map(<[Event]>::to_vec).collect();
    assert_same(&(0..200).collect::<Vec<_>>(), &events, &files, 1000);
}

#[test]
fn ids_may_differ_in_their_high_bits_alone() {
    for shift in [14, 32, 40] {
        let id = |number: i64| (number - 2500) << shift;
        let events = random(60_000, |draw| id(i64::from(draw % 5000)));
        let ids: Vec<i64> = (0..5000).map(id).collect();
        assert_same(&ids, &events, &[shuffled(&events)], 1 << 20);
    }
}

#[test]
fn a_population_with_string_ids_has_the_features_of_one_with_integers() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let tables = folders.iter().zip([None, Some("--string-ids")]).map(|(folder, strings)| {
        let mut arguments = vec!["simulate", "--customers", "3000", "--days", "200", "--out", "data"];
        arguments.extend(strings);
        churn(folder.path(), &arguments).ok();
        fs::copy(Population::shared().folder.join("churn.toml"), folder.path().join("churn.toml")).unwrap();
        churn(folder.path(), &["features", "--as-of", "2026-05-01", "--out", "f.parquet"]).ok();
        let table = crate::common::Table::read(&folder.path().join("f.parquet"));
        let columns = table.names.iter().filter(|name| *name != "customer_id");
        columns.map(|name| table.column(name).to_vec()).collect::<Vec<_>>()
    });
    let tables: Vec<_> = tables.collect();
    assert!(tables[0].len() > 20 && format!("{:?}", tables[0]) == format!("{:?}", tables[1]));
}
