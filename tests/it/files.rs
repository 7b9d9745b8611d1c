//! Which files make up a source, and what their folders say: with the real binary, on signals cut into files of every
//! kind.

use crate::common::{batches, churn, day, parquet_files, write, Cell, Population, Run, Table};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DAY: i64 = 86_400_000_000;
/// Where the features of the logins begin to count: twice the longest window before the as-of date.
const LOOK_BACK: i64 = 168;

/// The logins of the shared population, as ids and times.
fn logins() -> Vec<(i64, i64)> {
    let mut rows = Vec::new();
    for file in parquet_files(&Population::shared().folder.join("data/logins")) {
        for batch in batches(&file) {
            let ids = arrow_ids(&batch);
            let times = batch.column_by_name("ts").unwrap().as_primitive::<TimestampMicrosecondType>();
            rows.extend(ids.into_iter().zip(times.values().iter().copied()));
        }
    }
    rows
}

fn arrow_ids(batch: &RecordBatch) -> Vec<i64> {
    batch.column_by_name("customer_id").unwrap().as_primitive::<Int64Type>().values().to_vec()
}

fn by_day(rows: &[(i64, i64)]) -> BTreeMap<i64, Vec<(i64, i64)>> {
    let mut days: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    rows.iter().for_each(|&(id, time)| days.entry(time.div_euclid(DAY)).or_default().push((id, time)));
    days
}

fn with_times(rows: &[(i64, i64)]) -> RecordBatch {
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.1)).with_timezone("UTC");
    RecordBatch::try_from_iter([("customer_id", ids(rows)), ("ts", Arc::new(times) as ArrayRef)]).unwrap()
}

fn ids(rows: &[(i64, i64)]) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)))
}

fn date(day: i64) -> String {
    churn_risk::calendar::Day(day as i32).to_string()
}

/// A run of `churn features` with settings of the test's own.
fn features_run(out: &Path, sets: &[&str]) -> Run {
    let mut arguments = vec!["-v", "features", "--as-of", Population::AS_OF, "--out", out.to_str().unwrap()];
    sets.iter().for_each(|set| arguments.extend(["--set", set]));
    churn(&Population::shared().folder, &arguments)
}

/// The features of the logins, customer by customer.
fn features(scratch: &Path, sets: &[&str]) -> (BTreeMap<String, Vec<Cell>>, String) {
    let out = scratch.join("features.parquet");
    let run = features_run(&out, sets).ok();
    let table = Table::read(&out);
    let names: Vec<&String> = table.names.iter().filter(|name| name.starts_with("logins_")).collect();
    assert!(!names.is_empty());
    let rows = table.rows_by(&["customer_id"]);
    let cells = |row: usize| names.iter().map(|name| table.column(name)[row].clone()).collect();
    (rows.into_iter().map(|(id, row)| (id, cells(row))).collect(), run.stderr)
}

fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("files").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn markers_links_and_files_without_an_ending_change_nothing() {
    let scratch = scratch("markers");
    let (expected, _) = features(&scratch, &[]);
    let table = scratch.join("logins");
    for (number, file) in parquet_files(&Population::shared().folder.join("data/logins")).iter().enumerate() {
        let place = table.join(format!("part={number}/{number:06}_0"));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(file, place).unwrap();
    }
    let first = table.join("part=0/000000_0");
    for marker in ["_temporary/0/part-0.parquet", "part=0/_part.parquet", "part=0/.part.parquet"] {
        fs::create_dir_all(table.join(marker).parent().unwrap()).unwrap();
        fs::copy(&first, table.join(marker)).unwrap();
    }
    fs::write(table.join("_SUCCESS"), "").unwrap();
    fs::write(table.join("part=0/.000000_0.crc"), "crc").unwrap();
    fs::hard_link(&first, table.join("part=0/again.parquet")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&table, table.join("circle")).unwrap();

    for pattern in ["", "/**", "/**/*", "/*", "/../logins"] {
        let path = Population::instead("logins", Path::new(&format!("{}{pattern}", table.display())));
        let (found, notes) = features(&scratch, &[&path]);
        assert!(found == expected, "{pattern} gives other features");
        assert!(notes.contains("counts once"), "{pattern}: {notes}");
    }
}

#[test]
fn a_copy_of_a_file_is_told() {
    let scratch = scratch("copies");
    let table = scratch.join("logins");
    let rows = logins();
    let (half, other) = rows.split_at(rows.len() / 2);
    write(&table.join("part-0.parquet"), &[with_times(half)], 1 << 20);
    write(&table.join("part-1.parquet"), &[with_times(other)], 1 << 20);
    let path = Population::instead("logins", &table);
    let (_, notes) = features(&scratch, &[&path]);
    assert!(!notes.contains("byte for byte"), "{notes}");

    fs::copy(table.join("part-0.parquet"), table.join("part-0 (1).parquet")).unwrap();
    let (_, notes) = features(&scratch, &[&path]);
    assert!(notes.contains("byte for byte") && notes.contains("part-0 (1).parquet"), "{notes}");
}

#[test]
fn tables_with_a_log_stop_every_command() {
    let scratch = scratch("logs");
    let table = scratch.join("logins");
    write(&table.join("part-0.parquet"), &[with_times(&logins()[..10])], 1 << 20);
    fs::create_dir(table.join("_delta_log")).unwrap();
    for command in ["check", "train", "score"] {
        let mut arguments = vec![command, "--as-of", Population::AS_OF, "--set"];
        let set = Population::instead("logins", &table);
        arguments.push(&set);
        let run = churn(&Population::shared().folder, &arguments);
        assert!(run.code == 3 && run.stderr.contains("Delta") && run.stderr.contains("delta_scan"), "{run}");
    }
}

#[test]
fn what_the_program_wrote_is_no_signal() {
    let scratch = scratch("own");
    let population = Population::shared();
    let table = scratch.join("table.parquet");
    features_run(&table, &[]).ok();
    let list = population.score(&scratch.join("lists"), &[]);

    for (file, meaning) in [
        (table.clone(), "feature table"),
        (list.join("scores.parquet"), "scores of a run"),
        (list.join("at_risk.parquet"), "customers at risk"),
        (list.join("kpis.parquet"), "measures of a run"),
        (list.join("drift.parquet"), "figures of monitoring"),
        (list.join("contributions.parquet"), "contributions to the risks"),
    ] {
        let run = features_run(&scratch.join("x.parquet"), &[&Population::instead("logins", &file)]);
        assert!(run.code == 3 && run.stderr.contains(meaning), "{run}");
    }
    // As a folder of parts, too.
    let folder = scratch.join("of_parts/scores.parquet");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(list.join("scores.parquet"), folder.join("part-00000.parquet")).unwrap();
    let run = features_run(&scratch.join("x.parquet"), &[&Population::instead("logins", &folder)]);
    assert!(run.code == 3 && run.stderr.contains("scores of a run"), "{run}");

    // Beside the rows of a signal it is left out, and said.
    let (expected, _) = features(&scratch, &[]);
    let mixed = scratch.join("mixed");
    write(&mixed.join("part-0.parquet"), &[with_times(&logins())], 1 << 20);
    fs::copy(&table, mixed.join("table.parquet")).unwrap();
    fs::copy(list.join("scores.parquet"), mixed.join("scores")).unwrap();
    let (found, notes) = features(&scratch, &[&Population::instead("logins", &mixed)]);
    assert!(found == expected, "other features");
    assert!(notes.contains("table.parquet (a feature table)") && notes.contains("scores (the scores"), "{notes}");
}

#[test]
fn days_in_folders_are_read_in_every_usual_spelling() {
    let scratch = scratch("days");
    let first = day(Population::AS_OF) - LOOK_BACK;
    let days: BTreeMap<i64, Vec<(i64, i64)>> = by_day(&logins()).into_iter().filter(|(day, _)| *day >= first).collect();
    let spell = |name: &str, spelling: &dyn Fn(i64) -> String| {
        let table = scratch.join(name);
        for (&day, rows) in &days {
            let batch = RecordBatch::try_from_iter([("customer_id", ids(rows))]).unwrap();
            write(&table.join(spelling(day)).join("part-0.parquet"), &[batch], 1 << 20);
        }
        Population::instead("logins", &table)
    };

    // The same rows with a date of their own.
    let dated = scratch.join("dated.parquet");
    let rows: Vec<(i64, i64)> = days.values().flatten().copied().collect();
    let dates = Date32Array::from_iter_values(rows.iter().map(|row| row.1.div_euclid(DAY) as i32));
    let batch = RecordBatch::try_from_iter([("customer_id", ids(&rows)), ("dt", Arc::new(dates) as ArrayRef)]).unwrap();
    write(&dated, &[batch], 1 << 20);
    let (expected, _) = features(&scratch, &[&Population::instead("logins", &dated), "signals.logins.time=dt"]);

    let parts = |day: i64| {
        let date = date(day);
        let number = |part: &str| part.parse::<i32>().unwrap();
        (number(&date[..4]), number(&date[5..7]), number(&date[8..]))
    };
    let mut number = 0;
    let spellings: [(&str, &dyn Fn(i64) -> String); 5] = [
        ("dt", &|day| format!("dt={}", date(day))),
        ("dt", &|day| format!("dt={}", date(day).replace('-', ""))),
        ("dt", &|day| format!("dt={} 00%3A00%3A00", date(day))),
        ("dt", &|day| {
            if day % 2 == 0 {
                format!("dt={}", date(day))
            } else {
                format!("dt={}", date(day).replace('-', "_"))
            }
        }),
        ("day", &|day| {
            let (year, month, day) = parts(day);
            format!("year={year}/month={month}/day={day}")
        }),
    ];
    for (column, spelling) in spellings {
        number += 1;
        let set = spell(&format!("spelling-{number}"), spelling);
        let (found, notes) = features(&scratch, &[&set, &format!("signals.logins.time={column}")]);
        assert!(found == expected, "{} gives other features", spelling(first));
        assert!(!notes.contains("byte for byte"), "rows that only their folders tell apart are no copies: {notes}");
    }

    let set = spell("months", &|day| format!("dt={}/part={day}", &date(day)[..7]));
    for command in ["check", "score"] {
        let arguments = [command, "--as-of", Population::AS_OF, "--set", &set, "--set", "signals.logins.time=dt"];
        let run = churn(&Population::shared().folder, &arguments);
        assert!(run.code == 3 && run.stderr.contains("dt=20") && run.stderr.contains("a day"), "{run}");
    }
}

#[test]
fn folders_prune_only_where_the_rows_are_of_their_days() {
    let scratch = scratch("pruning");
    let (expected, _) = features(&scratch, &[]);
    let days = by_day(&logins());
    let lay = |name: &str, shift: i64| {
        let table = scratch.join(name);
        for (&day, rows) in &days {
            let folder = table.join(format!("date={}", date(day + shift)));
            write(&folder.join("part-0.parquet"), &[with_times(rows)], 1 << 20);
        }
        Population::instead("logins", &table)
    };
    let pruned = |set: &str| {
        let lists = scratch.join("lists");
        let list = Population::shared().score(&lists, &["--set", set]);
        let manifest = fs::read_to_string(list.join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        manifest["sources"]["logins"]["pruned_files"].as_u64().unwrap()
    };

    // A day's shift is that of a zone. In other folders rows lie by the day on which they were loaded.
    for (name, shift, prunes) in [("own", 0, true), ("zone", 1, true), ("loaded", 40, false), ("early", -200, false)] {
        let set = lay(name, shift);
        let (found, notes) = features(&scratch, &[&set]);
        assert!(found == expected, "{name} gives other features");
        assert_eq!(pruned(&set) > 0, prunes, "{name}");
        assert_eq!(notes.contains("no file is skipped"), !prunes, "{name}: {notes}");
        let check =
            churn(&Population::shared().folder, &["-v", "check", "--as-of", Population::AS_OF, "--set", &set]).ok();
        assert_eq!(check.stderr.contains("no file is skipped"), !prunes, "{check}");
    }
}

#[test]
fn a_column_of_the_files_wins_over_folders_and_is_told_to_disagree() {
    let scratch = scratch("disagreement");
    let rows = logins();
    let lay = |name: &str, region: &str| {
        let table = scratch.join(name);
        let channel: ArrayRef = Arc::new(arrow_array::StringArray::from(vec!["eu"; rows.len()]));
        let batch = with_times(&rows);
        let columns = [("customer_id", batch.column(0).clone()), ("ts", batch.column(1).clone()), ("channel", channel)];
        let file = table.join(format!("channel={region}/part-0.parquet"));
        write(&file, &[RecordBatch::try_from_iter(columns).unwrap()], 1 << 20);
        Population::instead("logins", &table)
    };
    let category = "signals.logins.category=channel";
    let (agreed, notes) = features(&scratch, &[&lay("same", "eu"), category]);
    assert!(!notes.contains("disagree"), "{notes}");
    let (found, notes) = features(&scratch, &[&lay("other", "us"), category]);
    assert!(notes.contains("`channel` is eu in") && found == agreed, "{notes}");
}

#[test]
fn ids_in_folders_are_ids() {
    let scratch = scratch("ids");
    let mut by_id: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    logins().into_iter().for_each(|(id, time)| by_id.entry(id).or_default().push((id, time)));
    let some: Vec<(i64, Vec<(i64, i64)>)> = by_id.into_iter().take(200).collect();
    let lay = |name: &str, spelling: &dyn Fn(i64) -> String| {
        let table = scratch.join(name);
        for (id, rows) in &some {
            let batch = with_times(rows).project(&[1]).unwrap();
            write(&table.join(spelling(*id)).join("part-0.parquet"), &[batch], 1 << 20);
        }
        Population::instead("logins", &table)
    };

    let together: Vec<(i64, i64)> = some.iter().flat_map(|(_, rows)| rows.clone()).collect();
    write(&scratch.join("together.parquet"), &[with_times(&together)], 1 << 20);
    let (expected, _) = features(&scratch, &[&Population::instead("logins", &scratch.join("together.parquet"))]);
    let spellings: [&dyn Fn(i64) -> String; 2] =
        [&|id| format!("customer_id={id}"), &|id| format!("customer_id={id:08}")];
    for (number, spelling) in spellings.into_iter().enumerate() {
        let (found, _) = features(&scratch, &[&lay(&format!("spelling-{number}"), spelling)]);
        assert!(found == expected, "{number} gives other features");
    }

    let set = lay("names", &|id| format!("customer_id=c{id}"));
    let run = features_run(&scratch.join("x.parquet"), &[&set]);
    assert!(run.code == 3 && run.stderr.contains("names of folders must be integers"), "{run}");
}

#[test]
fn an_index_of_pandas_is_no_feature() {
    let scratch = scratch("pandas");
    let rows = 2000;
    // Rows are in the order of their label, so their numbers tell it.
    let churned = Int64Array::from_iter_values((0..rows).map(|row| i64::from(row % 7 == 0 || row > 1700)));
    let index: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(|row| row * 1000 / (1 + row % 3))));
    let x = Float64Array::from_iter_values((0..rows).map(|row| ((row * 7919) % 1000) as f64));
    let batch = RecordBatch::try_from_iter([
        ("customer_id", Arc::new(Int64Array::from_iter_values(0..rows)) as ArrayRef),
        ("churned", Arc::new(churned) as ArrayRef),
        ("x", Arc::new(x) as ArrayRef),
        ("__index_level_0__", index.clone()),
        ("Unnamed: 0", index),
    ])
    .unwrap();
    write(&scratch.join("table.parquet"), &[batch], 1 << 20);
    let train = |sets: &[&str]| {
        let gates = ["gates.min_customers=10", "gates.min_churners=10", "model.complexity=linear"];
        let mut arguments = vec!["train", "--features", "table.parquet"];
        gates.iter().chain(sets).for_each(|set| arguments.extend(["--set", set]));
        let _ = fs::remove_dir_all(scratch.join("models"));
        fs::write(scratch.join("churn.toml"), "").unwrap();
        let run = churn(&scratch, &arguments).ok();
        (crate::common::artefact(&scratch.join("models")).to_string(), run.stderr)
    };

    let (model, notes) = train(&[]);
    assert!(!model.contains("__index_level_0__") && !model.contains("Unnamed"), "{model}");
    assert!(notes.contains("an index that pandas wrote"), "{notes}");
    let (model, notes) = train(&["table.numeric=[\"__index_level_0__\"]"]);
    assert!(model.contains("__index_level_0__") && !model.contains("Unnamed"), "{model}");
    assert!(notes.contains("`Unnamed: 0`"), "{notes}");
}
