//! Inputs that are awkward for their shape rather than broken, small: the feature table must be that of the same rows
//! in an ordinary shape.

use crate::common::{churn, write, write_as, Cell, Population, Table};
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, Date32Array, Float32Array, Int64Array, PrimitiveArray, RecordBatch, StringArray};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
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
    batch_of(events, Arc::new(events.iter().map(|event| event.0).collect::<Int64Array>()))
}

/// With the given ids instead of the events' own.
fn batch_of(events: &[Event], ids: ArrayRef) -> RecordBatch {
    let time = |&(_, before, _): &Event| AS_OF * DAY - before;
    let times: PrimitiveArray<TimestampMicrosecondType> = events.iter().map(time).collect::<Vec<i64>>().into();
    RecordBatch::try_from_iter([
        ("customer_id", ids),
        ("ts", Arc::new(times) as ArrayRef),
        ("value", Arc::new(events.iter().map(|event| event.2).collect::<Float32Array>()) as ArrayRef),
    ])
    .unwrap()
}

fn write_customers(folder: &Path, ids: &[i64]) {
    write_customers_of(folder, Arc::new(Int64Array::from(ids.to_vec())), vec![19_000; ids.len()]);
}

fn write_customers_of(folder: &Path, ids: ArrayRef, signup: Vec<i32>) {
    let signup: ArrayRef = Arc::new(Date32Array::from(signup));
    let batch = RecordBatch::try_from_iter([("customer_id", ids), ("signup_date", signup)]);
    write(&folder.join("customers.parquet"), &[batch.unwrap()], 1000);
}

/// The feature table of the events below `folder/events`.
fn features(folder: &Path, settings: &[&str]) -> Vec<u8> {
    let config = "[customers]\npath = \"customers.parquet\"\nid = \"customer_id\"\nsignup = \"signup_date\"\n\
                  [signals.visits]\nkind = \"amount\"\npath = \"events\"\nid = \"customer_id\"\ntime = \"ts\"\n\
                  value = \"value\"\n[churn]\ndefinition = \"inactivity\"\nsignals = [\"visits\"]\n";
    fs::write(folder.join("churn.toml"), config).unwrap();
    churn(folder, &[&["features", "--out", "features.parquet", "--threads", "3"], settings].concat()).ok();
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
        features(folder.path(), &["--as-of", "2026-01-01"])
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
fn pages_of_other_days_are_not_read() {
    let mut ascending = random(300_000, |draw| i64::from(draw % 600));
    ascending.sort_by_key(|event| std::cmp::Reverse(event.1));
    let descending = ascending.iter().rev().copied().collect();
    let shuffled = shuffled(&ascending);
    for (events, in_order) in [(ascending, true), (descending, true), (shuffled, false)] {
        let runs = [EnabledStatistics::Page, EnabledStatistics::Chunk].map(|statistics| {
            let folder = tempfile::tempdir().unwrap();
            write_customers(folder.path(), &(0..600).collect::<Vec<_>>());
            let properties = WriterProperties::builder().set_statistics_enabled(statistics);
            write_as(&folder.path().join("events/0.parquet"), &[batch(&events)], properties);
            // There are 83 days of rows before those that are looked back on, and 61 after.
            let day = ["--as-of", "2025-11-01", "--set", "features.windows_days=[7, 28]"];
            let features = features(folder.path(), &day);
            let all = [&["check", "--format", "json", "--set", "gates.min_churners=0"], &day[..]].concat();
            let check = churn(folder.path(), &all).ok();
            let check: serde_json::Value = serde_json::from_str(&check.stdout).unwrap();
            let count = |name: &str| check["sources"]["visits"][name].as_u64().unwrap();
            (features, count("rows_read"), ["rows_used", "before_look_back", "future_date"].map(count))
        });
        let [(with, read, counted), (without, all, expected)] = runs;
        assert!(with == without && counted == expected && expected.iter().all(|&rows| rows > 50_000), "{expected:?}");
        let [used, ..] = expected;
        // A page has at most 20,000 rows. At either end, one is read in part and another because a bound may be damaged.
        assert!(all == 300_000 && if in_order { read < used + 80_000 } else { read == all }, "{read} of {all}, {used}");
    }
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
        let table = Table::read(&folder.path().join("f.parquet"));
        let columns = table.names.iter().filter(|name| *name != "customer_id");
        columns.map(|name| table.column(name).to_vec()).collect::<Vec<_>>()
    });
    let tables: Vec<_> = tables.collect();
    assert!(tables[0].len() > 20 && format!("{:?}", tables[0]) == format!("{:?}", tables[1]));
}

/// The features of customers whose ids are spelt in some way, and how many rows had no use; every hundredth event has
/// no id.
fn features_by_spelling(events: &[Event], signup: &[i32], spell: &dyn Fn(i64) -> String) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let customers: Vec<String> = (0..signup.len() as i64).map(spell).collect();
    let mut order: Vec<usize> = (0..customers.len()).collect();
    order.sort_by_key(|&customer| &customers[customer]);
    let sorted: StringArray = order.iter().map(|&customer| Some(&customers[customer])).collect();
    write_customers_of(folder.path(), Arc::new(sorted), order.iter().map(|&customer| signup[customer]).collect());
    let id = |(place, event): (usize, &Event)| (place % 100 != 0).then(|| spell(event.0));
    let ids: StringArray = events.iter().enumerate().map(id).collect();
    assert!(ids.null_count() > 0);
    write(&folder.path().join("events/all.parquet"), &[batch_of(events, Arc::new(ids))], 10_000);
    features(folder.path(), &["--as-of", "2026-01-01"]);
    let table = Table::read(&folder.path().join("features.parquet"));
    let names: Vec<&String> = table.names.iter().filter(|name| *name != "customer_id").collect();
    let rows = table.rows_by(&["customer_id"]);
    let row = |id: &String| {
        rows.get(&Cell::Text(id.clone()).key())
            .map(|&row| names.iter().map(|name| table.column(name)[row].clone()).collect())
    };
    let rows = customers.iter().map(|id| format!("{:?}", row(id).unwrap_or_else(Vec::new))).collect();
    let strict =
        ["--set", "gates.max_quarantine_share=0", "features", "--as-of", "2026-01-01", "--out", "again.parquet"];
    let run = churn(folder.path(), &strict);
    assert_eq!(run.code, 3, "{run}");
    (rows, run.stderr)
}

#[test]
fn ids_of_any_spelling_have_the_same_features() {
    // Three thousand customers, one in three of whom is yet to come, and some ids that nobody has.
    let signup: Vec<i32> = (0..3000).map(|customer| if customer % 3 == 0 { 20_460 } else { 19_000 }).collect();
    let mut events = random(60_000, |draw| i64::from(draw % 3030));
    events.sort_by_key(|event| std::cmp::Reverse(event.1));
    let hashed = |number: i64| (number as u64 ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let spellings: [&dyn Fn(i64) -> String; 6] = [
        &|number| format!("C{number:08}"),
        // Without zeros, and with more digits than are parsed at once.
        &|number| format!("user-{number}"),
        &|number| format!("1234567{number:06}"),
        // Too wide apart, and no numbers at all.
        &|number| format!("{:019}", hashed(number) >> 1),
        &|number| format!("{:016x}-{number:x}-a-long-one", hashed(number)),
        // Numbers, but for those who are yet to come.
        &|number| if number < 3000 && number % 3 == 0 { format!("later {number}") } else { format!("C{number:05}") },
    ];
    let all = spellings.map(|spell| features_by_spelling(&events, &signup, spell));
    let found = all[0].0.iter().filter(|row| row.len() > 100).count();
    assert!(found > 1500, "{found} {:?}", all[0].0[1]);
    assert!(all[0].1.contains("with no id") && all[0].1.contains("the customers table lacks"), "{}", all[0].1);
    for (place, other) in all.iter().enumerate() {
        assert!(other.0 == all[0].0, "spelling {place}");
        assert_eq!(other.1, all[0].1, "spelling {place}");
    }
}
