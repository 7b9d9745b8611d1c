//! Effects with a direction, features dropped by the group penalty, and a penalty judged forward in time: trained,
//! shown and scored with the real binary.

use crate::common::{artefact, batches, churn, write, Run};
use arrow_array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;

/// Random numbers in [0, 1), the same in every run.
fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Risk rises with `x`, has a valley in `z`, and knows nothing of four columns of noise.
fn table(folder: &Path) {
    let mut next = random(9);
    let rows = 3_000;
    let mut columns = vec![Vec::new(); 6];
    let mut churned = Vec::with_capacity(rows);
    for _ in 0..rows {
        columns.iter_mut().for_each(|column| column.push(2.0 * next() - 1.0));
        let (x, z) = (columns[0][churned.len()], columns[1][churned.len()]);
        let log_odds = 1.2 * x + 2.5 * (z * z - 0.4) - 1.0;
        churned.push(i64::from(next() < 1.0 / (1.0 + (-log_odds).exp())));
    }
    let ids = Int64Array::from_iter_values(1..=rows as i64);
    let mut all: Vec<(String, ArrayRef)> =
        vec![("customer_id".to_owned(), Arc::new(ids)), ("churned".to_owned(), Arc::new(Int64Array::from(churned)))];
    for (name, column) in ["x", "z", "noise_1", "noise_2", "noise_3", "noise_4"].iter().zip(columns) {
        all.push(((*name).to_owned(), Arc::new(Float64Array::from(column))));
    }
    std::fs::write(folder.join("churn.toml"), "[table]\nid = \"customer_id\"\nlabel = \"churned\"\n").unwrap();
    write(&folder.join("table.parquet"), &[RecordBatch::try_from_iter(all).unwrap()], 1_000);
}

/// The same with dates 60 days apart, the newest of which is held out.
fn dated(folder: &Path) {
    table(folder);
    let path = folder.join("table.parquet");
    let batch = batches(&path).remove(0);
    let dates = (0..batch.num_rows() as i32).map(|row| 20_000 + 60 * (row % 5));
    let mut columns: Vec<(String, ArrayRef)> =
        vec![("as_of".to_owned(), Arc::new(Date32Array::from_iter_values(dates)))];
    let named = batch.schema();
    columns.extend(
        named.fields().iter().zip(batch.columns()).map(|(field, column)| (field.name().clone(), column.clone())),
    );
    write(&path, &[RecordBatch::try_from_iter(columns).unwrap()], 1_000);
    let config = std::fs::read_to_string(folder.join("churn.toml")).unwrap();
    std::fs::write(folder.join("churn.toml"), format!("{config}as_of = \"as_of\"\n")).unwrap();
}

fn run(folder: &Path, command: &[&str], settings: &[&str]) -> Run {
    let mut arguments = command.to_vec();
    arguments.extend(["--set", "gates.min_customers=1", "--set", "gates.min_churners=1"]);
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    churn(folder, &arguments)
}

const TRAIN: &[&str] = &["train", "--features", "table.parquet", "--promote", "always"];

#[test]
fn a_direction_against_the_rows_is_flat_and_told() {
    for complexity in ["linear", "curves"] {
        let folder = tempfile::tempdir().unwrap();
        table(folder.path());
        let complexity = format!("model.complexity={complexity}");
        let settings = [complexity.as_str(), r#"model.falls_with=["x"]"#, r#"model.rises_with=["z"]"#];
        let trained = run(folder.path(), TRAIN, &settings).ok();
        assert!(trained.stdout.contains("Risk never rises with: x."), "{trained}");
        assert!(trained.stdout.contains("nothing is left of it: x"), "{trained}");
        let model = artefact(&folder.path().join("models"));
        let directed = model["restrictions"]["directed"].as_array().unwrap();
        assert_eq!((directed[0]["feature"].as_str(), directed[0]["flat"].as_bool()), (Some("x"), Some(true)));
        if let Some(terms) = model["additive"]["terms"].as_array() {
            for (term, feature) in terms.iter().zip(model["additive"]["features"].as_array().unwrap()) {
                let values: Vec<f64> = term["table"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
                let values = &values[..values.len() - 1];
                match feature["name"].as_str() {
                    Some("x") => assert!(values.iter().all(|value| *value == values[0])),
                    Some("z") => {
                        assert!(values.windows(2).all(|pair| pair[0] <= pair[1]));
                        assert!(values[values.len() - 1] - values[0] > 0.1);
                    }
                    _ => {}
                }
            }
        }
        let shown = run(folder.path(), &["models", "show", "v0001"], &[]).ok();
        assert!(shown.stdout.contains("Risk never falls with: z."), "{shown}");
        let card = std::fs::read_to_string(folder.path().join("models/v0001/card.md")).unwrap();
        assert!(card.contains("Risk never falls with: z."), "{card}");
        run(folder.path(), &["score", "--features", "table.parquet", "--as-of", "2026-01-01"], &settings).ok();
    }
}

#[test]
fn the_group_penalty_drops_noise() {
    for complexity in ["linear", "auto"] {
        let folder = tempfile::tempdir().unwrap();
        table(folder.path());
        let complexity = format!("model.complexity={complexity}");
        let settings = [complexity.as_str(), "model.penalty=group", "model.one_standard_error=true"];
        let trained = run(folder.path(), TRAIN, &settings).ok();
        let model = artefact(&folder.path().join("models"));
        let dropped: Vec<&str> =
            model["restrictions"]["dropped"].as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
        assert!(dropped.iter().filter(|name| name.starts_with("noise")).count() >= 3, "{dropped:?}");
        assert!(!dropped.contains(&"x"), "{dropped:?}");
        assert!(trained.stdout.contains(&format!("dropped {} features: {}", dropped.len(), dropped.join(", "))));
        let certificate = &model["certificate"];
        assert_eq!(certificate["outcome"], "confirmed", "{certificate}");
        // A model with curves is left without the dropped ones.
        if complexity == "model.complexity=linear" {
            let columns = ["checked", "of"].map(|count| certificate["columns"][count].as_u64().unwrap());
            assert!(0 < columns[0] && columns[0] < columns[1], "{certificate}");
        }
        run(folder.path(), &["models", "export", "--out", "model.onnx"], &[]).ok();
        run(folder.path(), &["score", "--features", "table.parquet", "--as-of", "2026-01-01"], &settings).ok();
    }
}

#[test]
fn a_model_file_with_an_older_certificate_or_none_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    table(folder.path());
    let settings = ["model.complexity=linear", "model.alpha=0.001"];
    run(folder.path(), TRAIN, &settings).ok();
    let path = folder.path().join("models/v0001/model.json");
    let mut model = artefact(&folder.path().join("models"));
    assert_eq!(model["certificate"]["outcome"], "confirmed", "{}", model["certificate"]);

    let older = [
        serde_json::json!({"outcome": "confirmed", "displacement": 0.004, "difference": 1e-7}),
        serde_json::json!({"outcome": "differs", "displacement": 0.004, "difference": 1e-4}),
        serde_json::json!({"outcome": "differs", "displacement": 0.004, "difference": 1e-4, "excess_loss": -1e-7}),
        serde_json::json!({"outcome": "not_run", "reason": "its dense matrix takes 70000000 bytes"}),
    ];
    for certificate in older.map(Some).into_iter().chain([None]) {
        match &certificate {
            Some(certificate) => model["certificate"] = certificate.clone(),
            None => drop(model.as_object_mut().unwrap().remove("certificate")),
        }
        model["checksum"] = "".into();
        let digest = Sha256::digest(model.to_string().as_bytes());
        model["checksum"] = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
        std::fs::write(&path, model.to_string()).unwrap();

        let shown = run(folder.path(), &["models", "show", "v0001", "--format", "json"], &[]).ok();
        let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
        let none = serde_json::json!({"outcome": "not_run", "reason": "the model file says nothing of it"});
        assert_eq!(shown["certificate"], certificate.unwrap_or(none));
        run(folder.path(), &["score", "--features", "table.parquet", "--as-of", "2026-01-01"], &settings).ok();
    }
}

#[test]
fn what_cannot_be_asked_is_told() {
    let folder = tempfile::tempdir().unwrap();
    table(folder.path());
    for (settings, code, says) in [
        (
            &[r#"model.falls_with=["noise"]"#][..],
            2,
            "is no numeric feature and no signal; the nearest known one is `noise_",
        ),
        (&[r#"model.falls_with=["x"]"#, r#"model.rises_with=["x"]"#], 2, "`x` is in two of"),
        (&["model.penalty=group", "model.alpha=5", "model.complexity=linear"], 2, "drops every feature"),
        (&["model.penalty=group", "model.alpha=5"], 2, "drops every feature"),
        (&["model.penalty=lasso"], 2, "\"group\""),
    ] {
        let refused = run(folder.path(), TRAIN, settings);
        assert_eq!(refused.code, code, "{settings:?}: {refused}");
        assert!(refused.stderr.contains(says), "{settings:?}: {refused}");
        assert!(!folder.path().join("models/v0001").exists());
    }
}

#[test]
fn the_penalty_is_judged_forward_in_time_where_dates_allow_it() {
    let folder = tempfile::tempdir().unwrap();
    dated(folder.path());
    for penalty in ["l2", "group"] {
        let models = folder.path().join(penalty);
        let place = format!("paths.models={}", models.display());
        let penalty = format!("model.penalty={penalty}");
        let trained = run(folder.path(), TRAIN, &[&place, &penalty]).ok();
        assert!(trained.stdout.contains("Cross-validated forward in time, at 3 dates, on "), "{trained}");
        let model = artefact(&models);
        assert_eq!(model["comparison"]["origins"], 3);
        assert!(model["evaluation"]["metrics"]["roc_auc"].as_f64().unwrap() > 0.7);
    }
    run(folder.path(), TRAIN, &["model.complexity=linear"]).ok();
    for otherwise in ["model.folds=customer", "churn.horizon_days=170"] {
        let trained = run(folder.path(), TRAIN, &[otherwise]);
        assert!(trained.stdout.contains("Cross-validated on "), "{trained}");
    }
}
