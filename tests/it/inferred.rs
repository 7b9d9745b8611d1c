//! `churn init --from` on whole data sets: `check` and `train` accept what it writes without a change, or it says what
//! is missing.

use crate::common::{batches, churn, parquet_files, real_data, write_as, Population, Run};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs;
use std::path::Path;

/// What `init --from` says, for machines.
fn init(folder: &Path, data: &Path) -> serde_json::Value {
    let run = churn(folder, &["init", "--format", "json", "--from", data.to_str().unwrap()]).ok();
    serde_json::from_str(&run.stdout).unwrap()
}

fn toml(folder: &Path) -> String {
    fs::read_to_string(folder.join("churn.toml")).unwrap()
}

/// The names of the signals in the written file.
fn signals(folder: &Path) -> Vec<String> {
    let text = toml(folder);
    let names = text.lines().filter_map(|line| line.strip_prefix("[signals.")?.strip_suffix(']'));
    names.map(str::to_owned).collect()
}

/// Checks and trains, for the date that `init` names if it names one.
#[track_caller]
fn check_and_train(folder: &Path, inferred: &serde_json::Value) -> (Run, Run) {
    let as_of = inferred["as_of"].as_str();
    let with_date = |command: &str| -> Vec<String> {
        let date = as_of.map(|date| vec!["--as-of".to_owned(), date.to_owned()]);
        [vec![command.to_owned()], date.unwrap_or_default()].concat()
    };
    let mut check = with_date("check");
    check.extend(["--format".to_owned(), "json".to_owned()]);
    let mut train = with_date("train");
    train.extend(["--set", "model.complexity=linear", "--promote", "always"].map(str::to_owned));
    (churn(folder, &check).ok(), churn(folder, &train).ok())
}

/// The share of the rows of a training that churned.
fn share(check: &Run) -> f64 {
    let checked: serde_json::Value = serde_json::from_str(&check.stdout).unwrap();
    let training = &checked["training"];
    training["churners"].as_f64().unwrap() / training["rows"].as_f64().unwrap()
}

#[test]
fn purchases_get_a_horizon_that_fits_them() {
    let Some(data) = real_data("cdnow") else { return };
    let folder = tempfile::tempdir().unwrap();
    let inferred = init(folder.path(), &data);
    let (check, _) = check_and_train(folder.path(), &inferred);
    let share = share(&check);
    assert!((0.1..0.6).contains(&share), "{share} of the customers churn\n{}", toml(folder.path()));
    assert_eq!(signals(folder.path()), ["orders"]);
    // Customers come too seldom for a history of eighteen months: what `check` advises against has been said before.
    let doubts = inferred["doubts"].to_string();
    assert_eq!(check.stdout.contains("most customers churn"), doubts.contains("would churn by this definition"));
}

#[test]
fn courses_get_dates_on_which_they_are_held() {
    let Some(data) = real_data("oulad_2013") else { return };
    let folder = tempfile::tempdir().unwrap();
    let inferred = init(folder.path(), &data);
    check_and_train(folder.path(), &inferred);
    assert_eq!(signals(folder.path()), ["logins", "page_visits", "submissions"]);
}

#[test]
fn labelled_tables_are_trained_from() {
    for name in ["telco_ibm", "mlc_churn", "ecommerce_churn", "iranian_churn"] {
        let Some(data) = real_data(name) else { return };
        let folder = tempfile::tempdir().unwrap();
        let inferred = init(folder.path(), &data);
        let features = inferred["features"].as_str().unwrap_or_else(|| panic!("{name}: {inferred:#}"));
        churn(folder.path(), &["train", "--features", features, "--set", "model.complexity=linear"]).ok();
    }
}

#[test]
fn a_simulated_population_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    Population::simulate(folder.path(), 4000, 400, 11);
    fs::remove_file(folder.path().join("churn.toml")).unwrap();
    let inferred = init(folder.path(), Path::new("data"));
    assert_eq!(signals(folder.path()), Population::SIGNALS);
    let tables = inferred["tables"].as_array().unwrap();
    let logins = tables.iter().find(|table| table["name"] == "logins").unwrap();
    assert_eq!((&logins["taken_for"], logins["rows"].as_u64() > Some(1000)), (&"event signal".into(), true));
    assert!(logins["first_day"].is_string() && logins["last_day"] == "2026-05-31", "{logins}");
    let truth = tables.iter().find(|table| table["name"] == "truth").unwrap();
    assert!(truth["left_out"].as_str().unwrap().contains("answer"), "{truth}");
    check_and_train(folder.path(), &inferred);

    // What the program itself has written since is no source.
    let score = churn(folder.path(), &["score", "--as-of", Population::AS_OF]).ok();
    churn(folder.path(), &["features", "--as-of", Population::AS_OF, "--out", "features.parquet"]).ok();
    let before = toml(folder.path());
    fs::remove_file(folder.path().join("churn.toml")).unwrap();
    init(folder.path(), Path::new("."));
    assert_eq!(signals(folder.path()), Population::SIGNALS, "{score}");
    let paths =
        |text: &str| text.lines().filter(|line| line.starts_with("path = ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(paths(&before), paths(&toml(folder.path())));
}

#[test]
fn a_lake_is_read_like_plain_files() {
    let folder = tempfile::tempdir().unwrap();
    Population::simulate(folder.path(), 4000, 400, 12);
    fs::remove_file(folder.path().join("churn.toml")).unwrap();
    let lake = folder.path().join("lake");

    for table in Population::SIGNALS {
        for (number, file) in parquet_files(&folder.path().join("data").join(table)).iter().enumerate() {
            let stem = file.file_stem().unwrap().to_string_lossy();
            let week = &stem[stem.len() - 10..];
            let properties = WriterProperties::builder().set_dictionary_enabled(number % 3 == 0);
            let (place, codec) = match number % 2 {
                0 => (format!("load={week}/part-00000-3f2a.c000.snappy.parquet"), Compression::SNAPPY),
                _ => {
                    (format!("load={week}/part-00000-91bc.c000.zstd.parquet"), Compression::ZSTD(ZstdLevel::default()))
                }
            };
            let path = lake.join("events").join(table).join(place);
            write_as(&path, &batches(file), properties.set_compression(codec));
            fs::write(path.parent().unwrap().join("_SUCCESS"), "").unwrap();
            fs::write(path.parent().unwrap().join(".part-00000.crc"), "crc").unwrap();
        }
    }
    for table in ["customers", "churn"] {
        let path = lake.join("crm").join(table).join("part-00000.parquet");
        write_as(&path, &batches(&folder.path().join(format!("data/{table}.parquet"))), WriterProperties::builder());
    }

    let inferred = init(folder.path(), Path::new("lake"));
    assert_eq!(signals(folder.path()), Population::SIGNALS);
    check_and_train(folder.path(), &inferred);
}

#[test]
fn what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    Population::simulate(folder.path(), 300, 200, 13);
    fs::remove_file(folder.path().join("churn.toml")).unwrap();
    fs::remove_file(folder.path().join("data/customers.parquet")).unwrap();
    let run = churn(folder.path(), &["init", "--from", "data"]).ok();
    assert!(run.stdout.contains("a table of customers") && run.stdout.contains("SELECT"), "{run}");
    assert_ne!(churn(folder.path(), &["check"]).code, 0);
}
