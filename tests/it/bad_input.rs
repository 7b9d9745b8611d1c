//! Bad input: every file of `tests/bad_data` (written by `make.py` there) and every other way to ask for what cannot
//! be. Each has its exit code and one message that says what to do; nothing is published, nothing half-written.

use crate::common::{churn, parquet_files, repository, Population, Run};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of `tests/bad_data` in the place of one table of a good population.
struct Broken {
    file: &'static str,
    table: &'static str,
    commands: &'static [&'static str],
    code: i32,
    /// What the message names: file, column, found, expected.
    says: &'static [&'static str],
}

const fn unreadable(file: &'static str, says: &'static [&'static str]) -> Broken {
    Broken { file, table: "logins", commands: &["score", "check", "train"], code: 3, says }
}

const fn too_many(file: &'static str, table: &'static str, says: &'static [&'static str]) -> Broken {
    Broken { file, table, commands: &["score", "check"], code: 3, says }
}

const BROKEN: &[Broken] = &[
    unreadable("empty_directory", &["empty_directory", "logins"]),
    unreadable("zero_bytes.parquet", &["zero_bytes.parquet"]),
    unreadable("truncated.parquet", &["truncated.parquet"]),
    unreadable("damaged_rows.parquet", &["damaged_rows.parquet"]),
    unreadable("csv_named.parquet", &["csv_named.parquet", "Parquet"]),
    unreadable("missing_column.parquet", &["missing_column.parquet", "`ts`", "timestamp"]),
    unreadable("wrong_type_in_one_file", &["part-2.parquet", "`ts`", "timestamp", "string"]),
    // Every mismatch at once.
    unreadable("several_mismatches", &["part-1.parquet", "part-2.parquet", "part-3.parquet", "`ts`"]),
    unreadable("string_ids.parquet", &["string_ids.parquet", "`customer_id`", "integer", "string"]),
    unreadable("mixed_ids", &["strings.parquet", "`customer_id`", "integer", "string"]),
    unreadable("real_ids.parquet", &["real_ids.parquet", "`customer_id`", "no whole number"]),
    too_many("null_ids_many.parquet", "logins", &["logins", "100 of 1000", "max_quarantine_share"]),
    too_many("unknown_customers_many.parquet", "logins", &["logins", "100 of 1000", "max_quarantine_share"]),
    too_many("not_finite_many.parquet", "mentions", &["mentions", "100 of 1000", "max_quarantine_share"]),
    too_many("moods_out_of_scale_many.parquet", "mentions", &["mentions", "100 of 1000", "max_quarantine_share"]),
    too_many("scores_out_of_scale_many.parquet", "surveys", &["surveys", "100 of 1000", "max_quarantine_share"]),
    Broken {
        file: "only_1970.parquet",
        table: "logins",
        commands: &["score"],
        code: 4,
        says: &["logins", "look-back"],
    },
    Broken { file: "all_churned.parquet", table: "churn", commands: &["score"], code: 5, says: &["churned"] },
    Broken {
        file: "all_churned.parquet",
        table: "churn",
        commands: &["train"],
        code: 5,
        says: &["min_customers", "churned before"],
    },
    Broken { file: "none_churned.parquet", table: "churn", commands: &["train"], code: 5, says: &["min_churners"] },
    Broken {
        file: "one_customer",
        table: "",
        commands: &["score", "check", "train"],
        code: 5,
        says: &["min_customers"],
    },
];

/// Files with a few bad rows: the run goes on and counts them.
struct Quarantined {
    file: &'static str,
    table: &'static str,
    reason: &'static str,
    rows: u64,
}

const QUARANTINED: &[Quarantined] = &[
    Quarantined { file: "null_ids_few.parquet", table: "logins", reason: "null_id", rows: 10 },
    Quarantined { file: "unknown_customers_few.parquet", table: "logins", reason: "unknown_customer", rows: 10 },
    Quarantined { file: "not_finite_few.parquet", table: "mentions", reason: "non_finite", rows: 10 },
    Quarantined { file: "moods_out_of_scale_few.parquet", table: "mentions", reason: "out_of_scale", rows: 10 },
    Quarantined { file: "scores_out_of_scale_few.parquet", table: "surveys", reason: "out_of_scale", rows: 10 },
];

/// A tenth of its rows is in the far future and unseen, another tenth before every window: neither is broken.
const DISTANT_YEARS: &str = "years_1970_and_9999.parquet";

fn bad_data(file: &str) -> PathBuf {
    repository("tests/bad_data").join(file)
}

/// Runs a command of the shared population in folders of its own, with tables read from elsewhere.
fn run(folder: &Path, command: &str, settings: &[String]) -> Run {
    let mut arguments = vec![command.to_owned(), "--as-of".into(), Population::AS_OF.into()];
    let lists = format!("paths.lists={}", folder.join("lists").display());
    // The stand-ins need not look like the tables that the model learned from.
    let drift = "gates.drift=off".to_owned();
    let mut all = vec![lists, drift];
    if command == "train" {
        all.push(format!("paths.models={}", folder.join("models").display()));
    }
    all.extend_from_slice(settings);
    for setting in all {
        arguments.extend(["--set".into(), setting]);
    }
    churn(&Population::shared().folder, &arguments)
}

/// The run ended with this code and one message that names these things; nothing was published or left behind.
fn check(run: &Run, folder: &Path, code: i32, says: &[&str]) -> Result<(), String> {
    let mut problems = Vec::new();
    if run.code != code {
        problems.push(format!("expected exit code {code}"));
    }
    for word in says {
        if !run.stderr.contains(word) {
            problems.push(format!("the message does not say `{word}`"));
        }
    }
    let messages = run.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    if messages != 1 || run.stderr.contains("panicked") {
        problems.push("there must be one message".to_owned());
    }
    let left: Vec<PathBuf> = ["lists", "models"].iter().flat_map(|name| leftovers(&folder.join(name))).collect();
    if !left.is_empty() {
        problems.push(format!("left behind: {left:?}"));
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!("{run}\n=> {}", problems.join("; ")))
}

/// Everything in a folder but the lock, which outlives the runs that take it.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with(".lock")).collect()
}

#[track_caller]
fn all(results: impl IntoIterator<Item = Result<(), String>>) {
    let problems: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(problems.is_empty(), "{} cases:\n\n{}", problems.len(), problems.join("\n\n"));
}

#[test]
fn every_bad_file_has_a_test() {
    let tested = BROKEN.iter().map(|case| case.file).chain(QUARANTINED.iter().map(|case| case.file));
    let tested: BTreeSet<String> =
        tested.map(str::to_owned).chain([MISSPELT, DISTANT_YEARS].map(str::to_owned)).collect();
    let there: BTreeSet<String> = fs::read_dir(bad_data(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "make.py")
        .collect();
    assert_eq!(there, tested);
}

#[test]
fn broken_files_stop_the_run() {
    all(BROKEN.iter().map(|case| {
        let folder = tempfile::tempdir().unwrap();
        let settings: Vec<String> = match case.table {
            "" => parquet_files(&bad_data(case.file))
                .iter()
                .map(|path| Population::instead(path.file_stem().unwrap().to_str().unwrap(), path))
                .collect(),
            table => vec![Population::instead(table, &bad_data(case.file))],
        };
        case.commands
            .iter()
            .try_for_each(|command| check(&run(folder.path(), command, &settings), folder.path(), case.code, case.says))
    }));
}

#[test]
fn a_few_bad_rows_are_counted_and_the_run_goes_on() {
    all(QUARANTINED.iter().map(|case| {
        let folder = tempfile::tempdir().unwrap();
        let run = run(folder.path(), "score", &[Population::instead(case.table, &bad_data(case.file))]);
        if run.code != 0 {
            return Err(format!("{}: {run}", case.file));
        }
        let manifest = manifest(folder.path());
        let counted = &manifest["quarantine"][case.table][case.reason];
        if counted.as_u64() != Some(case.rows) {
            return Err(format!(
                "{}: expected {} rows as {}, but the manifest says {}",
                case.file, case.rows, case.reason, manifest["quarantine"]
            ));
        }
        Ok(())
    }));
}

fn manifest(folder: &Path) -> serde_json::Value {
    let path = folder.join(format!("lists/as_of={}/manifest.json", Population::AS_OF));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn rows_of_distant_years_are_not_seen_and_do_not_count_as_broken() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "score", &[Population::instead("logins", &bad_data(DISTANT_YEARS))]).ok();
    let manifest = manifest(folder.path());
    let logins = &manifest["sources"]["logins"];
    assert_eq!(logins["future_date"], 100, "{logins}");
    assert_eq!(logins["before_look_back"], 100, "{logins}");
    assert_eq!(manifest["quarantine"]["logins"], serde_json::json!({}));
}

const MISSPELT: &str = "misspelt_key.toml";

#[test]
fn a_misspelt_key_names_the_nearest_known_one() {
    let folder = tempfile::tempdir().unwrap();
    let config = bad_data(MISSPELT);
    for command in ["score", "train", "check", "features"] {
        let mut arguments = vec!["--config", config.to_str().unwrap(), command];
        if command != "check" {
            arguments.extend(["--as-of", Population::AS_OF]);
        }
        if command == "features" {
            arguments.extend(["--out", "features.parquet"]);
        }
        let run = churn(folder.path(), &arguments);
        check(&run, folder.path(), 2, &[MISSPELT, "horizon_dayz", "horizon_days"]).unwrap();
        assert_eq!(leftovers(folder.path()), Vec::<PathBuf>::new());
    }
    let run = run(folder.path(), "score", &["churn.gap_dayz=3".to_owned()]);
    check(&run, folder.path(), 2, &["gap_dayz", "gap_days"]).unwrap();
}

#[test]
fn a_missing_path_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for table in ["logins", "customers", "churn"] {
        let run = run(folder.path(), "score", &[Population::instead(table, Path::new("nowhere/at-all.parquet"))]);
        check(&run, folder.path(), 3, &["nowhere/at-all.parquet"]).unwrap();
    }
}

#[test]
fn an_as_of_date_outside_the_data_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let lists = format!("paths.lists={}", folder.path().join("lists").display());
    for (as_of, code, says) in [("2020-01-01", 5, ["2020-01-01"]), ("2026-10-01", 4, ["2026-10-01"])] {
        let run = churn(&Population::shared().folder, &["score", "--as-of", as_of, "--set", &lists]);
        check(&run, folder.path(), code, &says).unwrap();
    }
}

#[test]
fn as_of_dates_that_are_too_far_apart_are_refused() {
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("features.parquet").display().to_string();
    let dates = ["features", "--as-of", "1940-01-01", "--as-of", Population::AS_OF, "--out", &file];
    let run = churn(&Population::shared().folder, &dates);
    assert!(run.code == 2 && run.stderr.contains("too far apart"), "{run}");
    assert!(fs::read_dir(out.path()).unwrap().next().is_none());
}

#[test]
fn a_model_that_is_missing_or_of_other_features_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = format!("paths.models={}", folder.path().join("none").display());
    check(&run(folder.path(), "score", &[nothing]), folder.path(), 8, &["churn train"]).unwrap();
    let other = run(folder.path(), "score", &["features.windows_days=[7, 14]".to_owned()]);
    check(&other, folder.path(), 8, &["logins_count_28d", "churn train"]).unwrap();
}

#[test]
fn a_file_in_the_place_of_the_output_folder_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    fs::write(&file, "kept").unwrap();
    for (command, key) in [("score", "lists"), ("train", "models")] {
        for place in [file.clone(), file.join("below")] {
            let run = run(folder.path(), command, &[format!("paths.{key}={}", place.display())]);
            check(&run, folder.path(), 2, &["a-file"]).unwrap();
        }
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    assert_eq!(leftovers(folder.path()), [file]);
}

#[test]
fn a_second_run_waits_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    for (command, name) in [("score", "lists"), ("train", "models")] {
        let place = folder.path().join(name);
        fs::create_dir_all(&place).unwrap();
        let lock = fs::File::create(place.join(".lock")).unwrap();
        lock.try_lock().unwrap();
        check(&run(folder.path(), command, &[]), folder.path(), 7, &["another run", ".lock"]).unwrap();
    }
}
