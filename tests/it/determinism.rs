//! The same input, settings and model give the same bytes: whatever the threads, the order and size of the files, and
//! whatever happens at or after the as-of date.

use crate::common::{batches, churn, day, map_time, parquet_files, write, Population};
use arrow_array::RecordBatch;
use rand::{RngExt, SeedableRng};
use std::fs;
use std::path::{Path, PathBuf};

const DATA_FILES: [&str; 5] =
    ["at_risk.csv", "at_risk.parquet", "scores.parquet", "kpis.parquet", "contributions.parquet"];

/// Reads what a run published; the names are those of the data files.
fn published(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    assert!(folder.join("_SUCCESS").exists(), "{} is not complete", folder.display());
    DATA_FILES.iter().map(|&name| (name, fs::read(folder.join(name)).unwrap())).collect()
}

#[track_caller]
fn assert_same(what: &str, one: &[(&str, Vec<u8>)], other: &[(&str, Vec<u8>)]) {
    for ((name, one), (_, other)) in one.iter().zip(other) {
        assert!(!one.is_empty() && one == other, "{name} differs {what}");
    }
}

/// The list of the unchanged data, scored anew into a folder of its own.
fn score(arguments: &[&str]) -> Vec<(&'static str, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    published(&Population::shared().score(folder.path(), arguments))
}

#[test]
fn score_gives_the_same_bytes_again_and_with_any_number_of_threads() {
    let first = score(&[]);
    assert_same("on a second run", &first, &score(&[]));
    assert_same("with one thread", &first, &score(&["--threads", "1"]));
    assert_same("with two threads", &first, &score(&["--threads", "2"]));
    assert_same("with five threads", &first, &score(&["--threads", "5"]));
}

#[test]
fn a_rerun_into_the_same_folder_replaces_it_whole() {
    let folder = tempfile::tempdir().unwrap();
    let population = Population::shared();
    let first = published(&population.score(folder.path(), &[]));
    assert_same("after a rerun in place", &first, &published(&population.score(folder.path(), &[])));
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let mut visible: Vec<_> = names.iter().filter(|name| !name.to_string_lossy().starts_with('.')).collect();
    visible.sort();
    assert_eq!(visible, ["as_of=2026-06-01", "latest"]);
}

#[test]
fn the_order_of_rows_and_the_size_of_files_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Vec::new();
    for signal in Population::SIGNALS {
        let path = folder.path().join(format!("{signal}.parquet"));
        write(&path, &shuffled(&parquet_files(&source(signal))), 500);
        settings.push(Population::instead(signal, &path));
    }
    for table in ["customers", "churn"] {
        let path = folder.path().join(format!("{table}.parquet"));
        write(&path, &shuffled(&[source(&format!("{table}.parquet"))]), 100);
        settings.push(Population::instead(table, &path));
    }
    let arguments: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    assert_same("in another order of rows and files", &score(&[]), &score(&arguments));
}

#[test]
fn nothing_at_or_after_the_as_of_date_changes_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let as_of = day(Population::AS_OF);
    // The earlier half of the history again, as if it happened from the very instant of the as-of date on.
    let later = |batch: &RecordBatch, column: &str| {
        map_time(batch, column, |value, units_a_day| as_of * units_a_day + value.rem_euclid(150 * units_a_day))
    };
    let mut settings = Vec::new();
    for signal in Population::SIGNALS {
        let files = parquet_files(&source(signal));
        for path in &files {
            let copy = data.join(signal).join(path.file_name().unwrap());
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(path, copy).unwrap();
        }
        let future: Vec<_> =
            files[..files.len() / 2].iter().flat_map(|path| batches(path)).map(|batch| later(&batch, "ts")).collect();
        write(&data.join(signal).join("from-the-future.parquet"), &future, 1000);
        // And in a file that holds rows of the past too.
        let last = files.last().unwrap();
        let mut both = batches(last);
        both.extend(batches(last).iter().map(|batch| later(batch, "ts")));
        write(&data.join(signal).join(last.file_name().unwrap()), &both, 100_000);
        settings.push(Population::instead(signal, &data.join(signal)));
    }
    // Every customer who is there churns from the as-of date on.
    let customers = batches(&source("customers.parquet"));
    let mut churned = batches(&source("churn.parquet"));
    let schema = churned[0].schema();
    churned.extend(customers.iter().map(|batch| {
        let columns = ["customer_id", "signup_date"].map(|name| batch.column_by_name(name).unwrap().clone());
        later(&RecordBatch::try_new(schema.clone(), columns.to_vec()).unwrap(), "churned_on")
    }));
    let path = data.join("churn.parquet");
    write(&path, &churned, 1000);
    settings.push(Population::instead("churn", &path));
    // Customers yet to sign up, under ids that nobody has.
    let mut all = customers.clone();
    all.extend(customers.iter().map(|batch| later(&map_id(batch), "signup_date")));
    let path = data.join("customers.parquet");
    write(&path, &all, 1000);
    settings.push(Population::instead("customers", &path));

    let arguments: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    assert_same("when the future does", &score(&[]), &score(&arguments));
    // Nor a coefficient of the model.
    assert_same_coefficients(&train(folder.path(), &[]), &train(folder.path(), &arguments));
}

#[test]
fn training_twice_gives_the_same_coefficients() {
    let folder = tempfile::tempdir().unwrap();
    let one = train(folder.path(), &["--threads", "1"]);
    assert_same_coefficients(&one, &train(folder.path(), &["--threads", "2"]));
}

/// A file or folder of the shared population's data.
fn source(name: &str) -> PathBuf {
    Population::shared().folder.join("data").join(name)
}

/// The rows of some files in short runs whose order is shuffled.
fn shuffled(files: &[PathBuf]) -> Vec<RecordBatch> {
    let mut rng = rand_pcg::Pcg64::seed_from_u64(5);
    let mut runs = Vec::new();
    for batch in files.iter().flat_map(|path| batches(path)) {
        let mut start = 0;
        while start < batch.num_rows() {
            let rows = rng.random_range(1..=20).min(batch.num_rows() - start);
            runs.push(batch.slice(start, rows));
            start += rows;
        }
    }
    for last in (1..runs.len()).rev() {
        runs.swap(last, rng.random_range(0..=last));
    }
    runs
}

/// The batch with ids that no customer has.
fn map_id(batch: &RecordBatch) -> RecordBatch {
    use arrow_array::{cast::AsArray, types::Int64Type, ArrayRef};
    let ids = batch.column_by_name("customer_id").unwrap().as_primitive::<Int64Type>();
    let mut columns = batch.columns().to_vec();
    let index = batch.schema().index_of("customer_id").unwrap();
    columns[index] = std::sync::Arc::new(ids.unary::<_, Int64Type>(|id| id + 1_000_000)) as ArrayRef;
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}

/// Trains into a registry of its own and returns the artefact.
fn train(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let models = tempfile::tempdir_in(folder).unwrap();
    let set = format!("paths.models={}", models.path().display());
    let mut all = vec!["train", "--as-of", Population::AS_OF, "--set", &set];
    all.extend(arguments);
    churn(&Population::shared().folder, &all).ok();
    crate::common::artefact(models.path())
}

/// To the last bit.
#[track_caller]
fn assert_same_coefficients(one: &serde_json::Value, other: &serde_json::Value) {
    let [one, other] = [one, other].map(|artefact| artefact["coefficients"].as_array().unwrap());
    assert!(one.len() > 10 && one.len() == other.len(), "{} and {} coefficients", one.len(), other.len());
    let differing: Vec<_> = one.iter().zip(other).filter(|(one, other)| one != other).collect();
    if let Some((one, other)) = differing.first() {
        panic!("{} coefficients differ, first\n{one} and\n{other}", differing.len());
    }
}
