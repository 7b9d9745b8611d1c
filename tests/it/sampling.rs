//! A training on a sample of those who stayed gives the model of all rows, but for sampling error, and says what it
//! did.

use crate::common::{artefact, churn, write, Run};
use arrow_array::{Date32Array, Float64Array, Int64Array, RecordBatch};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Customers, each with a row on every date.
const CUSTOMERS: usize = 15_000;
const DATES: usize = 4;

/// Random numbers in [0, 1), the same in every run.
fn random() -> impl FnMut() -> f64 {
    let mut state = 11_u64;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = state;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A table whose log-odds are `-3.5 + 1.2 x - 0.8 z + 0.5 w`, with rows of a customer that resemble each other.
fn table(folder: &Path) -> PathBuf {
    let mut next = random();
    let customers: Vec<[f64; 3]> = (0..CUSTOMERS).map(|_| [next(), next(), next()]).collect();
    let mut columns = vec![Vec::new(); 3];
    let (mut ids, mut dates, mut churned) = (Vec::new(), Vec::new(), Vec::new());
    for date in 0..DATES {
        for (id, customer) in customers.iter().enumerate() {
            let [x, z, w] = customer.map(|own| 2.0 * (own + next()) - 2.0);
            ids.push(id as i64);
            dates.push(20_400 + 30 * date as i32);
            churned.push(i64::from(next() < 1.0 / (1.0 + (3.5 - 1.2 * x + 0.8 * z - 0.5 * w).exp())));
            [x, z, w].into_iter().zip(&mut columns).for_each(|(value, column)| column.push(value));
        }
    }
    let mut arrays: Vec<(String, arrow_array::ArrayRef)> = vec![
        ("customer_id".into(), Arc::new(Int64Array::from(ids))),
        ("as_of".into(), Arc::new(Date32Array::from(dates))),
        ("churned".into(), Arc::new(Int64Array::from(churned))),
    ];
    for (name, column) in ["x", "z", "w"].into_iter().zip(columns) {
        arrays.push((name.into(), Arc::new(Float64Array::from(column))));
    }
    let path = folder.join("table.parquet");
    write(&path, &[RecordBatch::try_from_iter(arrays).unwrap()], 20_000);
    path
}

/// Trains with some settings in a folder of its own, and gives the run and the model file.
fn trained(folder: &Path, name: &str, more: &[&str]) -> (Run, Value) {
    let place = folder.join(name);
    std::fs::create_dir_all(&place).unwrap();
    let table = folder.join("table.parquet").display().to_string();
    let arguments = ["train", "--features", &table, "--set", "model.alpha=1e-5", "--set", "training.refit=false"];
    let run = churn(&place, &[&arguments[..], more].concat()).ok();
    let model = artefact(&place.join("models"));
    (run, model)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn a_sample_gives_the_model_of_all_rows() {
    let folder = tempfile::tempdir().unwrap();
    table(folder.path());
    let linear = ["--set", "model.complexity=linear"];
    let sample = ["--set", "training.sample=0.2"];
    let (_, all) = trained(folder.path(), "all", &linear);
    let (told, some) = trained(folder.path(), "some", &[linear, sample].concat());
    assert!(all.get("sampling").is_none());
    assert!(told.stdout.contains("were left out, all of customers who stayed"), "{told}");

    let sampling = &some["sampling"];
    let count = |key: &str| sampling[key].as_u64().unwrap();
    assert_eq!((count("rows"), count("churners")), (all["rows"].as_u64().unwrap(), all["churners"].as_u64().unwrap()));
    assert_eq!(count("kept") + count("churners"), some["rows"].as_u64().unwrap());
    let share = count("kept") as f64 / (count("rows") - count("churners")) as f64;
    assert!((share - 0.2).abs() < 0.01, "{share}");
    assert!((number(&sampling["prior"]["shift"]) - share.ln()).abs() < 1e-12);

    // The coefficients, the intercept among them, are those of all rows within the error of the sample.
    let (few, many) = (some["coefficients"].as_array().unwrap(), all["coefficients"].as_array().unwrap());
    assert_eq!(few.len(), 4);
    for (few, many) in few.iter().zip(many) {
        let (error, whole) = (number(&few["standard_error"]), number(&many["standard_error"]));
        let difference = number(&few["estimate"]) - number(&many["estimate"]);
        assert!(difference.abs() < 4.0 * (error.powi(2) - whole.powi(2)).max(0.0).sqrt() + 1e-6, "{few} {many}");
        assert!(error < 1.5 * whole, "{few} {many}");
    }

    // On rows that were not sampled the risks are right on average, and as reliable as those of the model of all rows.
    for complexity in ["linear", "curves"] {
        let set = format!("model.complexity={complexity}");
        let (_, model) = trained(folder.path(), complexity, &["--set", &set, sample[0], sample[1]]);
        let evaluation = &model["evaluation"];
        assert_eq!(number(&evaluation["metrics"]["rows"]), CUSTOMERS as f64);
        let large = &evaluation["calibration_line"]["in_the_large"];
        assert!(number(&large["lower"]) < 0.0 && number(&large["upper"]) > 0.0, "{complexity}: {large}");
        let [ece, reference] = [&model, &all].map(|model| number(&model["evaluation"]["metrics"]["ece"]));
        assert!(ece < reference + 0.004, "{complexity}: {ece} against {reference}");
    }
}

#[test]
fn the_same_rows_are_drawn_with_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    table(folder.path());
    let model = |threads: &str| {
        let more = ["--threads", threads, "--set", "training.sample=0.1", "--set", "model.complexity=curves"];
        let (_, mut model) = trained(folder.path(), threads, &more);
        ["trained_at", "checksum"].into_iter().for_each(|key| model[key] = Value::Null);
        model
    };
    assert_eq!(model("1"), model("3"));
}

#[test]
fn more_rows_than_the_limit_has_room_for_are_sampled_unless_all_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    table(folder.path());
    let limit = ["--memory-limit", "94584KiB", "--set", "model.complexity=curves"];
    let (told, some) = trained(folder.path(), "some", &limit);
    assert_eq!(some["sampling"]["for_memory"], true);
    assert!(told.stdout.contains("the memory limit has no room for more"), "{told}");
    // Three features: thirteen bytes a row, of what the program, the customers and copied rows leave.
    let room = (94_584 << 10) - (80 << 20) - (96 + 40) * (CUSTOMERS * DATES) as i32 - 13 * 350_000;
    let taken = number(&some["rows"]) * 13.0 / f64::from(room);
    assert!((0.9..1.02).contains(&taken), "{taken} of {room}");
    let never = [&limit[..], &["--set", "training.sample=never"]].concat();
    let (_, all) = trained(folder.path(), "all", &never);
    assert!(all.get("sampling").is_none());
    // Where all rows fit, a limit changes nothing.
    let (_, roomy) = trained(folder.path(), "roomy", &["--memory-limit", "128MiB", "--set", "model.complexity=curves"]);
    assert_eq!(roomy["additive"], all["additive"]);
}
