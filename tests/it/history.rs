//! What the tables hold of the past, and dates that have not come: a history is not taken on trust.

use crate::common::{batches, churn, day, map_time, parquet_files, repository, write, Cell, Population, Run, Table};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const AS_OF: &str = Population::AS_OF;
const DAY: i64 = 86_400_000_000;

/// A row of a signal: the customer, and the instant in microseconds.
type Event = (i64, i64);

/// The rows of a signal of the shared population for which `keep` holds.
fn kept(signal: &str, keep: impl Fn(Event) -> bool) -> Vec<RecordBatch> {
    let files = parquet_files(&Population::shared().folder.join("data").join(signal));
    let all = files.iter().flat_map(|file| batches(file));
    let filtered = all.map(|batch| {
        let wanted: BooleanArray = events(&batch).into_iter().map(|event| Some(keep(event))).collect();
        arrow_select::filter::filter_record_batch(&batch, &wanted).unwrap()
    });
    filtered.collect()
}

fn events(batch: &RecordBatch) -> Vec<Event> {
    let ids = batch.column_by_name("customer_id").unwrap().as_primitive::<Int64Type>();
    let times = batch.column_by_name("ts").unwrap().as_primitive::<TimestampMicrosecondType>();
    ids.values().iter().copied().zip(times.values().iter().copied()).collect()
}

/// The arguments that read a signal from rows of the test's own.
fn instead(folder: &Path, signal: &str, rows: &[RecordBatch]) -> Vec<String> {
    let path = folder.join(format!("{signal}.parquet"));
    write(&path, rows, 10_000);
    vec!["--set".to_owned(), Population::instead(signal, &path)]
}

/// Runs a command on the shared population, publishing and registering in the test's folder.
fn run(folder: &Path, command: &[&str], settings: &[String]) -> Run {
    let mut arguments: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
    arguments.extend_from_slice(settings);
    arguments.extend(["--set".to_owned(), format!("paths.lists={}", folder.join("lists").display())]);
    if command[0] == "train" {
        arguments.extend(["--set".to_owned(), format!("paths.models={}", folder.join("models").display())]);
    }
    churn(&Population::shared().folder, &arguments)
}

fn score(folder: &Path, settings: &[String]) -> Run {
    run(folder, &["score", "--as-of", AS_OF], settings)
}

fn set(setting: &str) -> Vec<String> {
    vec!["--set".to_owned(), setting.to_owned()]
}

fn checked(folder: &Path, settings: &[String]) -> serde_json::Value {
    let run = run(folder, &["check", "--as-of", AS_OF, "--format", "json"], settings).ok();
    serde_json::from_str(&run.stdout).unwrap()
}

fn warnings(checked: &serde_json::Value) -> String {
    checked["warnings"].to_string()
}

fn end() -> i64 {
    day(AS_OF) * DAY
}

#[test]
fn a_date_that_has_not_come_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lists = format!("paths.lists={}", folder.path().join("lists").display());
    let out = folder.path().join("features.parquet").display().to_string();

    for command in
        [&["score"][..], &["explain", "1"], &["check"], &["train"], &["backtest"], &["features", "--out", &out]]
    {
        let arguments = [command, &["--as-of", "2999-01-01", "--set", &lists]].concat();
        let run = churn(&Population::shared().folder, &arguments);
        assert!(run.code == 2 && run.stderr.contains("2999-01-01 has not come yet"), "{run}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_list_of_a_time_that_the_model_has_seen_is_no_forecast() {
    let folder = tempfile::tempdir().unwrap();
    let said = |as_of: &str| {
        let lists = format!("paths.lists={}", folder.path().display());
        churn(&Population::shared().folder, &["score", "--as-of", as_of, "--set", &lists]).ok();
        let manifest = fs::read_to_string(folder.path().join(format!("as_of={as_of}/manifest.json"))).unwrap();
        manifest.contains("these risks are no forecast")
    };
    assert!(said("2026-02-01") && said("2026-05-30") && !said(Population::AS_OF));
}

#[test]
fn a_whole_history_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    for as_of in ["2026-06-01", "2026-05-31", "2026-05-30", "2026-05-29"] {
        let run = run(folder.path(), &["check", "--as-of", as_of], &[]).ok();
        assert_eq!(run.stderr, "", "{run}");
    }
    let sample = repository("churn.toml").display().to_string();
    let run = churn(&repository("."), &["--config", &sample, "check", "--as-of", AS_OF]).ok();
    assert_eq!(run.stderr, "", "{run}");
}

#[test]
fn a_last_day_that_is_not_whole_is_stale() {
    let folder = tempfile::tempdir().unwrap();
    let stale = |rows: &[RecordBatch], says: &str| {
        let settings = instead(folder.path(), "logins", rows);
        for command in ["score", "check"] {
            let run = run(folder.path(), &[command, "--as-of", AS_OF], &settings);
            assert!(run.code == 4 && run.stderr.contains("signal `logins`") && run.stderr.contains(says), "{run}");
        }
        assert!(!folder.path().join("lists").join(format!("as_of={AS_OF}")).exists());

        // A table of features is written all the same, and it is told.
        let out = folder.path().join("features.parquet").display().to_string();
        let run = run(folder.path(), &["features", "--as-of", AS_OF, "--out", &out], &settings).ok();
        assert!(run.stderr.contains(says), "{run}");
    };

    stale(&kept("logins", |(_, ts)| ts < end() - DAY / 2), "of 2026-05-31 end before 12:00");
    let one = |after: i64, before: i64| {
        let first = kept("logins", |(_, ts)| ts >= before);
        let chosen = first.iter().flat_map(events).min_by_key(|(_, ts)| *ts).unwrap();
        kept("logins", |event| event.1 < after || event == chosen)
    };
    stale(&one(end() - DAY, end() - DAY / 3), "2026-05-31 has 1 of about");
    stale(&one(end() - 11 * DAY, end() - DAY / 3), "the days from 2026-05-21 to 2026-05-31 have 1 of about");
    // A row of the day before, although that would not be too old by itself.
    stale(&one(end() - 11 * DAY, end() - 2 * DAY), "the days from 2026-05-21 to 2026-05-30 have 1 of about");

    // Whoever knows better says so, for all signals or for one.
    let mut settings = instead(folder.path(), "logins", &kept("logins", |(_, ts)| ts < end() - DAY / 2));
    for switch in ["gates.min_day_share=0", "signals.logins.min_day_share=0"] {
        settings.truncate(2);
        settings.extend(set(switch));
        score(folder.path(), &settings).ok();
    }
}

#[test]
fn a_quiet_day_is_told_and_a_holiday_is_not() {
    let folder = tempfile::tempdir().unwrap();
    // A third of the last day's rows, all day long.
    let quiet = |(id, ts): Event| ts < end() - DAY || (id + ts / 1_000_000) % 3 == 0;
    let logins = instead(folder.path(), "logins", &kept("logins", quiet));
    let found = warnings(&checked(folder.path(), &logins));
    assert!(found.contains("If it was a holiday, all is well"), "{found}");

    let visits = instead(folder.path(), "visits", &kept("visits", quiet));
    let found = checked(folder.path(), &[logins, visits].concat());
    assert_eq!(warnings(&found), "[]");
}

#[test]
fn days_without_rows_before_the_last_one_are_told_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let without = |first: &str, last: &str| {
        let (from, to) = (day(first) * DAY, (day(last) + 1) * DAY);
        instead(folder.path(), "logins", &kept("logins", |(_, ts)| ts < from || ts >= to))
    };
    let says = "signal `logins`: the days from 2026-05-13 to 2026-05-14 have 0 of about";
    let settings = without("2026-05-13", "2026-05-14");

    let found = warnings(&checked(folder.path(), &settings));
    assert!(found.contains(says), "{found}");
    let out = folder.path().join("features.parquet").display().to_string();
    let features = run(folder.path(), &["features", "--as-of", AS_OF, "--out", &out], &settings).ok();
    assert!(features.stderr.contains(says), "{features}");
    // Whether or not the rows are held against those of the training.
    for more in [Vec::new(), set("gates.drift=off")] {
        let score = score(folder.path(), &[settings.clone(), more].concat()).ok();
        assert_eq!(score.stderr.matches(says).count(), 1, "{score}");
    }

    // A training looks back from its newest date, whose labels have to mature.
    let settings = without("2026-04-08", "2026-04-09");
    let train = run(folder.path(), &["train", "--set", "model.complexity=linear"], &settings).ok();
    assert!(train.stderr.contains("the days from 2026-04-08 to 2026-04-09 have 0 of about"), "{train}");
}

#[test]
fn labels_end_where_the_cancellations_do() {
    let folder = tempfile::tempdir().unwrap();
    let churned = folder.path().join("churn.parquet");
    let last = day("2026-04-12");
    let table = batches(&Population::shared().folder.join("data/churn.parquet"));
    let early: Vec<RecordBatch> = table.iter().map(|batch| before(batch, last + 1)).collect();
    write(&churned, &early, 10_000);
    let settings = set(&Population::instead("churn", &churned));

    let found = checked(folder.path(), &settings);
    let ended = &found["coverage"]["churn"]["ended"];
    let known = ended["last"].as_str().unwrap();
    assert!(day(known) <= last && day(known) > last - 5, "{ended}");
    assert!(warnings(&found).contains(&format!("cancellations end on {known}")), "{found:#}");
    let newest = found["training"]["snapshots"]["evaluation"][0].as_str().unwrap();
    assert_eq!(day(newest) + 37, day(known) + 1, "the newest date whose labels are known");

    let run = run(folder.path(), &["train", "--as-of", AS_OF], &settings).ok();
    assert!(run.stderr.contains(&format!("cancellations end on {known}")), "{run}");
    let artefact = crate::common::artefact(&folder.path().join("models"));
    assert_eq!(day(artefact["inputs"]["labels_until"].as_str().unwrap()), day(known) + 1);
    let card = run.stdout.lines().find_map(|line| line.strip_prefix("Model file: ")).unwrap();
    let card = fs::read_to_string(PathBuf::from(card).with_file_name("card.md")).unwrap();
    assert!(card.contains("cancellations end on"), "{card}");

    let listed = score(folder.path(), &settings).ok();
    assert!(listed.stderr.contains("who has left since is scored like anybody"), "{listed}");
    let off = [settings, set("gates.max_label_silence=0")].concat();
    let found = checked(folder.path(), &off);
    assert_eq!(found["training"]["snapshots"]["evaluation"][0], "2026-04-25");
}

/// The cancellations before a day.
fn before(batch: &RecordBatch, day: i64) -> RecordBatch {
    let days = batch.column_by_name("churned_on").unwrap().as_primitive::<arrow_array::types::Date32Type>();
    let wanted: BooleanArray = days.iter().map(|left| Some(left.is_some_and(|left| i64::from(left) < day))).collect();
    arrow_select::filter::filter_record_batch(batch, &wanted).unwrap()
}

#[test]
fn a_young_signal_is_null_before_it_began_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let begin = day("2026-03-15");
    let mut rows = kept("mentions", |(_, ts)| ts >= begin * DAY);
    // A time that stands for "unknown" is no beginning.
    rows.push(map_time(&rows.iter().find(|batch| batch.num_rows() > 0).unwrap().slice(0, 1), "ts", |_, _| 0));
    let settings = instead(folder.path(), "mentions", &rows);
    let dates = ["2026-03-15", "2026-03-20", "2026-04-20", "2026-06-01"];
    let out = folder.path().join("features.parquet").display().to_string();
    let mut command = vec!["features", "--out", &out];
    dates.iter().for_each(|date| command.extend(["--as-of", *date]));
    let written = run(folder.path(), &command, &settings).ok();
    assert!(written.stderr.contains("`mentions` begins on 2026-03-15: the look-back of 4 of 4 dates"), "{written}");

    let table = Table::read(Path::new(&out));
    for row in 0..table.rows {
        let as_of = table.column("as_of")[row].whole().unwrap();
        for window in [7, 28, 84] {
            let value = |measure: &str| &table.column(&format!("mentions_{measure}_{window}d"))[row];
            assert_eq!(*value("count") == Cell::Null, as_of <= begin, "{as_of}");
            assert_eq!(*value("active_days") == Cell::Null, as_of <= begin, "{as_of}");
            assert_eq!(*value("trend") == Cell::Null, as_of - window <= begin, "{as_of}, {window}");
            assert!(table.column(&format!("logins_trend_{window}d"))[row] != Cell::Null);
        }
    }

    let found = checked(folder.path(), &settings);
    assert!(warnings(&found).contains("`mentions` begins on 2026-03-15"), "{found:#}");
    let snapshots = found["coverage"]["snapshots"].as_array().unwrap();
    let first = snapshots.iter().find(|snapshot| snapshot["as_of"].as_str() < Some("2026-03-15")).unwrap();
    assert_eq!(first["not_begun"], serde_json::json!(["mentions"]));
    let trained = run(folder.path(), &["train"], &settings).ok();
    assert!(trained.stderr.contains("`mentions` begins on 2026-03-15"), "{trained}");
    // All of the training's dates lie before it began.
    let trained = run(folder.path(), &["train", "--as-of", "2026-04-20"], &settings).ok();
    assert!(trained.stderr.contains("`mentions` begins on 2026-03-15: the look-back of 6 of 6 dates"), "{trained}");

    // Windows longer than the history are those of signals that are too young.
    let long = run(folder.path(), &["check"], &set("features.windows_days=[365,730]"));
    assert!(long.stderr.contains("begin on 2025-04-2"), "{long}");
}

/// Writes a table of cancellations and the argument that reads it.
fn cancellations(path: &Path, columns: Vec<(&str, ArrayRef)>) -> Vec<String> {
    write(path, &[RecordBatch::try_from_iter(columns).unwrap()], 10_000);
    set(&Population::instead("churn", path))
}

#[test]
fn earlier_stays_do_not_count_and_notice_does() {
    let folder = tempfile::tempdir().unwrap();
    let data = Population::shared().folder.join("data");
    let customers = Table::read(&data.join("customers.parquet"));
    let churned = Table::read(&data.join("churn.parquet"));
    let mut rows: Vec<(i64, i64, Option<i64>)> = Vec::new();
    for row in 0..churned.rows {
        let [id, left] = ["customer_id", "churned_on"].map(|name| churned.column(name)[row].whole().unwrap());
        rows.push((id, left, None));
    }
    let gone: BTreeSet<i64> = rows.iter().map(|row| row.0).collect();

    // Of those who are there, some were before, some have given notice, some will after the date.
    let (mut back, mut notice) = (BTreeSet::new(), BTreeSet::new());
    for row in 0..customers.rows {
        let [id, signup] = ["customer_id", "signup_date"].map(|name| customers.column(name)[row].whole().unwrap());
        if gone.contains(&id) {
            continue;
        }
        match id % 10 {
            0 => {
                back.insert(id);
                rows.push((id, signup - 20, Some(signup - 30)));
            }
            1 => {
                notice.insert(id);
                rows.push((id, day(AS_OF) + 12, Some(day(AS_OF) - 1)));
            }
            2 => rows.push((id, day(AS_OF) + 12, Some(day(AS_OF)))),
            _ => {}
        }
    }

    /// A customer, the day of a cancellation, and when it became known.
    type Cancellation = (i64, i64, Option<i64>);
    let days = |of: &dyn Fn(&Cancellation) -> Option<i64>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(row).map(|day| day as i32)).collect::<Date32Array>())
    };
    let columns = vec![
        ("customer_id", Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>()) as ArrayRef),
        ("churned_on", days(&|row| Some(row.1))),
        ("recorded_on", days(&|row| row.2)),
    ];
    let settings = cancellations(&folder.path().join("churn.parquet"), columns);
    let scored = |settings: &[String]| -> BTreeSet<i64> {
        score(folder.path(), settings).ok();
        let scores = Table::read(&folder.path().join(format!("lists/as_of={AS_OF}/scores.parquet")));
        scores.column("customer_id").iter().map(|id| id.whole().unwrap()).collect()
    };

    let without = scored(&[]);
    assert!(back.intersection(&without).count() > 100 && notice.intersection(&without).count() > 100);
    assert_eq!(scored(&settings), without);
    let known = [settings, set("churn.known=recorded_on")].concat();
    let expected: BTreeSet<i64> = without.difference(&notice).copied().collect();
    assert_eq!(scored(&known), expected);

    let manifest = fs::read_to_string(folder.path().join(format!("lists/as_of={AS_OF}/manifest.json"))).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert!(manifest["excluded"]["gave_notice"].as_u64() > Some(100), "{manifest:#}");
    assert_eq!(manifest["coverage"]["churn"]["before_sign_up"], back.len());

    // If most cancellations are of earlier stays, the dates do not mean what they should.
    let all: Vec<i64> = customers.column("customer_id").iter().map(|id| id.whole().unwrap()).collect();
    let columns = vec![
        ("customer_id", Arc::new(Int64Array::from(all.clone())) as ArrayRef),
        ("churned_on", Arc::new(Date32Array::from(vec![day("2000-01-01") as i32; all.len()])) as ArrayRef),
    ];
    let settings = cancellations(&folder.path().join("early.parquet"), columns);
    let run = run(folder.path(), &["check", "--as-of", AS_OF], &settings);
    assert!(run.code == 5 && run.stderr.contains("5000 of 5000 cancellations are dated before the sign-up"), "{run}");
}

#[test]
fn an_id_that_stands_for_many_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<RecordBatch> = kept("logins", |_| true)
        .iter()
        .map(|batch| {
            let ids = events(batch).into_iter().map(|(id, ts)| if (id + ts / 1_000_000) % 5 == 0 { 17 } else { id });
            let mut columns = batch.columns().to_vec();
            columns[batch.schema().index_of("customer_id").unwrap()] = Arc::new(ids.collect::<Int64Array>());
            RecordBatch::try_new(batch.schema(), columns).unwrap()
        })
        .collect();
    let settings = instead(folder.path(), "logins", &rows);
    let found = checked(folder.path(), &settings);
    assert!(warnings(&found).contains("signal `logins`: customer `17` has "), "{found:#}");
    assert_eq!(found["coverage"]["signals"]["logins"]["placeholder"]["customer_id"], "17");
    assert!(score(folder.path(), &settings).ok().stderr.contains("customer `17`"));
    let off = [settings, set("gates.max_id_share=0")].concat();
    assert_eq!(warnings(&checked(folder.path(), &off)), "[]");
}

#[test]
fn the_report_is_that_of_a_plain_computation_whatever_the_order_of_rows() {
    let folder = tempfile::tempdir().unwrap();
    let report = checked(folder.path(), &[])["coverage"].clone();

    // One file, its rows in another order, on another number of threads.
    let rows = kept("logins", |_| true);
    let whole = arrow_select::concat::concat_batches(&rows[0].schema(), &rows).unwrap();
    let backwards: Vec<u32> = (0..whole.num_rows() as u32).rev().collect();
    let backwards = arrow_select::take::take_record_batch(&whole, &arrow_array::UInt32Array::from(backwards)).unwrap();
    for threads in ["1", "3"] {
        let settings = [
            instead(folder.path(), "logins", std::slice::from_ref(&backwards)),
            vec!["--threads".to_owned(), threads.to_owned()],
        ];
        assert_eq!(checked(folder.path(), &settings.concat())["coverage"], report, "{threads} threads");
    }

    let events: Vec<Event> = events(&whole).into_iter().filter(|(_, ts)| *ts < end()).collect();
    let logins = &report["signals"]["logins"];
    let first = events.iter().map(|(_, ts)| ts.div_euclid(DAY)).min().unwrap();
    assert_eq!(day(logins["first_day"].as_str().unwrap()), first);
    assert_eq!(logins["last_day"], "2026-05-31");
    for (back, found) in (1..).zip(logins["days"].as_array().unwrap()) {
        let of = |day: i64| events.iter().filter(|(_, ts)| ts.div_euclid(DAY) == day).count() as u64;
        let date = day(AS_OF) - back;
        assert_eq!((day(found["day"].as_str().unwrap()), found["rows"].as_u64().unwrap()), (date, of(date)));
        // What is usual is taken from the weeks before the last day.
        let newest = if back == 1 { 1 } else { 0 };
        let mut weekdays: Vec<u64> = (newest..newest + 8).map(|week| of(date - 7 * week)).collect();
        weekdays.sort_unstable();
        assert_eq!(found["usual"].as_f64(), Some((weekdays[3] + weekdays[4]) as f64 / 2.0), "{found}");
    }

    let mut customers: BTreeMap<i64, u64> = BTreeMap::new();
    let looked_at = events.iter().filter(|(_, ts)| *ts >= end() - 168 * DAY);
    looked_at.for_each(|(id, _)| *customers.entry(*id).or_default() += 1);
    let rows: u64 = customers.values().sum();
    let most = *customers.values().max().unwrap();
    assert!((logins["commonest_share"].as_f64().unwrap() - most as f64 / rows as f64).abs() < 1e-12);
    let share = customers.len() as f64 / 5000.0;
    assert!((logins["customers_share"].as_f64().unwrap() - share).abs() < 1e-12, "{share} {logins:#}");
}

#[test]
fn files_that_are_skipped_for_their_folders_are_part_of_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let rows = kept("mentions", |_| true);
    let whole = arrow_select::concat::concat_batches(&rows[0].schema(), &rows).unwrap();
    let mut days: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    for (row, (_, ts)) in (0..).zip(events(&whole)) {
        days.entry(ts.div_euclid(DAY)).or_default().push(row);
    }
    let lake = folder.path().join("lake");
    for (day, rows) in days {
        let rows = arrow_select::take::take_record_batch(&whole, &arrow_array::UInt32Array::from(rows)).unwrap();
        let date = churn_risk::calendar::Day(day as i32);
        write(&lake.join(format!("date={date}/part-0.parquet")), &[rows], 10_000);
    }

    // The measures look at older rows too, which would leave little to skip.
    let coverage = |settings: &[String]| {
        let settings = [settings, &["--set".to_owned(), "kpi.period=off".to_owned()]].concat();
        score(folder.path(), &settings).ok();
        let manifest = fs::read_to_string(folder.path().join(format!("lists/as_of={AS_OF}/manifest.json"))).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        (manifest["coverage"].clone(), manifest["sources"]["mentions"]["pruned_files"].as_u64())
    };
    let (plain, _) = coverage(&[]);
    let (by_day, pruned) = coverage(&set(&Population::instead("mentions", &lake)));
    assert!(pruned > Some(200), "{pruned:?}");
    assert_eq!(by_day, plain);
}
