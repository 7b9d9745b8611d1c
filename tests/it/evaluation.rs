//! What an evaluation and a backtest say about signal, time and history.

use crate::common::{artefact, batches, churn, day, write, Population};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use serde_json::Value;
use std::fs;
use std::sync::Arc;

/// The ends of an interval.
fn ends(interval: &Value) -> (f64, f64) {
    (interval["lower"].as_f64().unwrap(), interval["upper"].as_f64().unwrap())
}

#[test]
fn labels_of_other_customers_hold_no_signal() {
    let population = Population::shared();
    let folder = tempfile::tempdir().unwrap();
    let ids = |name: &str| -> Vec<i64> {
        let batches = batches(&population.folder.join(format!("data/{name}.parquet")));
        let of = |batch: &RecordBatch| batch["customer_id"].as_primitive::<Int64Type>().values().to_vec();
        batches.iter().flat_map(of).collect()
    };
    let customers = ids("customers");
    let mut others = (0..customers.len()).map(|i| customers[(i * 1_237 + 11) % customers.len()]);
    let shuffled: Vec<RecordBatch> = batches(&population.folder.join("data/churn.parquet"))
        .iter()
        .map(|batch| {
            let mut columns = batch.columns().to_vec();
            let index = batch.schema().index_of("customer_id").unwrap();
            columns[index] = Arc::new(Int64Array::from_iter_values(others.by_ref().take(batch.num_rows())));
            RecordBatch::try_new(batch.schema(), columns).unwrap()
        })
        .collect();
    let file = folder.path().join("churn.parquet");
    write(&file, &shuffled, 10_000);
    let models = folder.path().join("models");
    let (churned, registry) = (format!("churn.path={}", file.display()), format!("paths.models={}", models.display()));
    let sets = ["--set", &churned, "--set", &registry, "--set", "gates.max_quarantine_share=1"];
    let run = churn(&population.folder, &[&["train", "--as-of", Population::AS_OF][..], &sets].concat()).ok();
    let evaluation = &artefact(&models)["evaluation"];
    let (lower, upper) = ends(&evaluation["intervals"]["roc_auc"]);
    // A penalty so strong that all are equal gives 0.5 and no interval.
    assert!(lower <= 0.5 && 0.5 <= upper, "the AUC is {lower} to {upper}");
    assert!(evaluation["advice"][0].as_str().unwrap().starts_with("there is no signal"), "{}", evaluation["advice"]);
    assert!(run.stdout.contains("there is no signal"), "{run}");
}

#[test]
fn of_noise_a_model_without_features_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 5_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    let ids: Int64Array = (0..3_000).collect();
    let churned: Int64Array = (0..3_000).map(|_| i64::from(next() < 0.2)).collect();
    let mut columns: Vec<(String, ArrayRef)> =
        vec![("customer_id".into(), Arc::new(ids)), ("churned".into(), Arc::new(churned))];
    for column in 0..40 {
        let values: Float64Array = (0..3_000).map(|_| Some(next())).collect();
        columns.push((format!("noise_{column}"), Arc::new(values)));
    }
    write(&folder.path().join("table.parquet"), &[RecordBatch::try_from_iter(columns).unwrap()], 3_000);
    // A registry is opened by a whole configuration, though a prepared table needs none.
    let config = "[customers]\npath = \"customers.parquet\"\nid = \"customer_id\"\n\
                  [signals.visits]\nkind = \"event\"\npath = \"visits\"\nid = \"customer_id\"\ntime = \"ts\"\n\
                  [churn]\ndefinition = \"inactivity\"\nsignals = [\"visits\"]\n";
    fs::write(folder.path().join("churn.toml"), config).unwrap();

    let run = churn(folder.path(), &["train", "--features", "table.parquet", "--promote", "always"]).ok();
    assert!(run.stdout.contains("no feature says more about customers"), "{run}");
    let model = artefact(&folder.path().join("models"));
    assert_eq!(model["comparison"]["chosen"], "base rate");
    assert!(model["additive"]["terms"].as_array().unwrap().is_empty());

    // It still scores: everybody alike, without a reason.
    churn(folder.path(), &["score", "--features", "table.parquet", "--as-of", "2026-06-01"]).ok();
    let list = batches(&folder.path().join("out/lists/as_of=2026-06-01/at_risk.parquet"));
    let risks = list[0]["churn_probability"].as_primitive::<Float64Type>();
    assert!(risks.iter().all(|risk| risk == Some(risks.value(0))) && (0.15..0.25).contains(&risks.value(0)));
    assert_eq!(list[0]["reason_1_code"].null_count(), list[0].num_rows());
    let export = churn(folder.path(), &["models", "export", "--out", "model.onnx"]);
    assert!(export.code == 8 && export.stderr.contains("has no features"), "{export}");
}

#[test]
fn what_is_there_is_found_and_every_group_is_judged() {
    let evaluation = &artefact(&Population::shared().folder.join("models"))["evaluation"];
    let (lower, upper) = ends(&evaluation["intervals"]["roc_auc"]);
    let auc = evaluation["metrics"]["roc_auc"].as_f64().unwrap();
    assert!(0.5 < lower && lower < auc && auc < upper && upper < 1.0, "{lower}, {auc}, {upper}");
    let rows = evaluation["metrics"]["rows"].as_u64().unwrap();
    let segments = evaluation["segments"].as_array().unwrap();
    for by in ["plan", "region", "tenure", "signals seen"] {
        let of_group = segments.iter().filter(|segment| segment["by"] == by);
        assert_eq!(of_group.map(|segment| segment["rows"].as_u64().unwrap()).sum::<u64>(), rows, "{by}");
    }
    let listed: u64 = segments.iter().filter(|s| s["by"] == "plan").map(|s| s["listed"].as_u64().unwrap()).sum();
    assert_eq!(listed, 500);
    assert!(evaluation["profit"]["empc"].as_f64().unwrap() >= 0.0);
    assert_eq!(evaluation["gains"].as_array().unwrap().last().unwrap()["gain"], 1.0);
}

#[test]
fn a_backtest_learns_from_what_was_known_and_says_how_much_is_enough() {
    let population = Population::shared();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("backtest.json");
    let common = ["--as-of", Population::AS_OF, "--set", "model.alpha=0.003", "--format", "json"];
    let arguments = [&["backtest", "--origins", "2", "--out", out.to_str().unwrap()][..], &common].concat();
    let run = churn(&population.folder, &arguments).ok();
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found, serde_json::from_str::<Value>(&fs::read_to_string(&out).unwrap()).unwrap());
    let origins = found["origins"].as_array().unwrap();
    assert_eq!(origins.len(), 2);
    let mut judged = 0;
    for origin in origins {
        let date = day(origin["name"].as_str().unwrap());
        let learned = origin["learned_from"].as_array().unwrap();
        assert!(!learned.is_empty());
        for earlier in learned {
            assert!(day(earlier.as_str().unwrap()) + 37 <= date, "{earlier} reaches into {date}");
        }
        judged += origin["metrics"]["rows"].as_u64().unwrap();
        assert!(origin["metrics"]["roc_auc"].as_f64().unwrap() > 0.55, "{origin}");
    }
    assert_eq!(found["pooled"]["rows"].as_u64().unwrap(), judged);
    for curve in ["by_history", "by_customers"] {
        let points = found[curve]["points"].as_array().unwrap();
        let rows: Vec<u64> = points.iter().map(|point| point["rows"].as_u64().unwrap()).collect();
        assert!(rows.len() > 1 && rows.is_sorted(), "{curve}: {rows:?}");
        assert!(!found[curve]["answer"].as_str().unwrap().is_empty());
    }

    // Judged by models of other customers, the same rows.
    let purged = [&["backtest", "--origins", "1", "--no-curves", "--purge-customers"][..], &common].concat();
    let purged: Value = serde_json::from_str(&churn(&population.folder, &purged).ok().stdout).unwrap();
    let (known, new) = (&origins[1], &purged["origins"][0]);
    assert_eq!((&known["name"], &known["metrics"]["rows"]), (&new["name"], &new["metrics"]["rows"]));
    assert_ne!(known["metrics"]["log_loss"], new["metrics"]["log_loss"]);
    assert!(purged["by_history"].is_null());

    let none = churn(&population.folder, &["backtest", "--set", "training.snapshots=1", "--as-of", Population::AS_OF]);
    assert_eq!(none.code, 2, "{none}");
}
