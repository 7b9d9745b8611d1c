//! The registry: when a challenger becomes champion, how two versions are compared, and the way back.

use crate::common::{batches, churn, write, Population, Run};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// The history of champions.
fn history(models: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(models.join("champion.json")).unwrap();
    let champion: Value = serde_json::from_str(&text).unwrap();
    champion["history"].as_array().unwrap().clone()
}

/// Trains on the shared population into a registry of the test's own.
fn train(models: &Path, arguments: &[&str]) -> Value {
    let set = format!("paths.models={}", models.display());
    // Which penalty and calibration does not matter here, and choosing them takes most of the time.
    let mut all = vec!["train", "--format", "json", "--set", "model.alpha=0.01", "--set", "model.calibration=none"];
    all.extend(arguments);
    all.extend(["--set", &set]);
    let run = churn(&Population::shared().folder, &all).ok();
    serde_json::from_str(&run.stdout).unwrap()
}

fn models(folder: &Path, arguments: &[&str]) -> Run {
    let set = format!("paths.models={}", folder.display());
    let mut all = vec!["models"];
    all.extend(arguments);
    all.extend(["--set", &set]);
    churn(&Population::shared().folder, &all)
}

#[test]
fn a_challenger_is_promoted_by_the_rule_and_not_by_luck() {
    let folder = tempfile::tempdir().unwrap();
    let registry = folder.path();
    let first = train(registry, &["--as-of", "2026-05-01"]);
    assert_eq!((&first["promoted"], &first["reason"]), (&Value::from(true), &Value::from("the first champion")));

    // The same once more is no better, and no fresher.
    let again = train(registry, &["--as-of", "2026-05-01"]);
    assert_eq!(again["promoted"], false, "{again}");
    let reason = again["reason"].as_str().unwrap();
    assert!(reason.starts_with("neither better nor fresher: AUC"), "{reason}");
    assert!(reason.contains("difference +0.000 (95 % interval +0.000 to +0.000)"), "{reason}");
    assert!(reason.contains("by the model that v0001 was evaluated with"), "{reason}");

    // A month later the champion has not seen the held-out rows.
    let later = train(registry, &["--as-of", "2026-06-01"]);
    let reason = later["reason"].as_str().unwrap();
    assert!(reason.contains("95 % interval") && !reason.contains("evaluated with"), "{reason}");
    assert_eq!(later["promoted"], reason.starts_with("fresher") || reason.starts_with("better"), "{reason}");

    let run = models(registry, &["compare", "v0001", "v0003", "--as-of", "2026-06-01", "--format", "json"]).ok();
    let compared: Value = serde_json::from_str(&run.stdout).unwrap();
    let held_out = &compared["held_out"];
    assert!(held_out["rows"].as_u64().unwrap() > 1000, "{compared}");
    assert_eq!(held_out["second"]["model"], "evaluated");
    let difference = &held_out["difference"]["roc_auc"];
    let sides = ["second", "first"].map(|side| held_out[side]["metrics"]["roc_auc"]["estimate"].as_f64().unwrap());
    assert!((sides[0] - sides[1] - difference["estimate"].as_f64().unwrap()).abs() < 1e-12, "{compared}");
    assert!(difference["lower"].as_f64() <= difference["estimate"].as_f64(), "{compared}");
    let (day, change) = (&compared["list"][0], &compared["list"][1]);
    assert_eq!((day, &change["capacity"]), (&"2026-06-01".into(), &500.into()));
    assert!(
        change["shared"].as_u64().unwrap() <= 500 && change["rank_correlation"].as_f64().unwrap() > 0.8,
        "{compared}"
    );
    assert_eq!(compared["inside"]["features_of_first"], Value::Array(Vec::new()));

    let card = std::fs::read_to_string(registry.join("v0003/card.md")).unwrap();
    for part in ["# Model v0003", "a cancellation within 30 days", "## Calibration", "| ROC AUC |", "models rollback"] {
        assert!(card.contains(part), "{card}");
    }
}

#[test]
fn rolling_back_follows_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let registry = folder.path();
    for _ in 0..3 {
        train(registry, &["--promote", "always"]);
    }
    for expected in ["v0002", "v0001"] {
        models(registry, &["rollback"]).ok();
        assert_eq!(history(registry).last().unwrap()["version"], expected);
    }
    let nowhere = models(registry, &["rollback"]);
    assert_eq!(nowhere.code, 8, "{nowhere}");
    models(registry, &["promote", "v0003", "--reason", "because"]).ok();
    let history = history(registry);
    let last = &history[5];
    assert_eq!((&last["version"], &last["previous"]), (&"v0003".into(), &"v0001".into()));
    assert_eq!(last["reason"], "because");
}

#[test]
fn labels_that_mean_nothing_promote_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let population = Population::shared();
    // Somebody else cancels instead: multiplying by a number without a common factor moves every id to another place.
    let customers = 5000;
    let elsewhere = |id: i64| id * 1_237 % customers;
    let shuffled: Vec<RecordBatch> = batches(&population.folder.join("data/churn.parquet"))
        .into_iter()
        .map(|batch| {
            let at = batch.schema().index_of("customer_id").unwrap();
            let ids = batch.column(at).as_primitive::<Int64Type>();
            let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
            columns[at] = Arc::new(ids.values().iter().map(|&id| elsewhere(id)).collect::<Int64Array>());
            RecordBatch::try_new(batch.schema(), columns).unwrap()
        })
        .collect();
    let path = folder.path().join("churn.parquet");
    write(&path, &shuffled, 1000);
    let registry = folder.path().join("models");
    let null = Population::instead("churn", &path);
    let trained = train(&registry, &["--set", &null, "--set", "gates.max_quarantine_share=1"]);
    assert_eq!(trained["promoted"], false, "{trained}");
    assert!(trained["reason"].as_str().unwrap().starts_with("no signal: its AUC"), "{trained}");
    assert!(!registry.join("champion.json").exists());
}
