//! A model with curves, from training to reasons: what is published adds up, whatever the threads.

use crate::common::{artefact, churn, Population};
use serde_json::Value;
use std::fs;

#[test]
fn curves_are_trained_scored_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let config = Population::shared().folder.join("churn.toml").display().to_string();
    let models = format!("paths.models={}", folder.path().join("models").display());
    let run = |arguments: &[&str]| {
        let mut all = vec!["--config", &config, "--set", &models, "--set", "model.complexity=curves"];
        all.extend(["--set", "model.alpha=0.001", "--set", "training.snapshots=4"]);
        all.extend(arguments);
        churn(folder.path(), &all).ok()
    };
    let trained = run(&["train", "--explain-choice"]);
    assert!(trained.stdout.contains("curves and 0 interactions"), "{trained}");
    let (_, attempts) = trained.stdout.split_once("What the search tried, in its order:").unwrap();
    assert!(attempts.contains("curves") && attempts.contains("1.0e-3") && attempts.contains("kept"), "{trained}");
    let model = artefact(&folder.path().join("models"));
    assert_eq!(model["comparison"]["chosen"], "curves");
    assert!(model["additive"]["terms"].as_array().unwrap().len() > 10);
    assert!(model["coefficients"].as_array().unwrap().is_empty());

    // A curve is drawn: a line a bin, bars to either side of the axis.
    let drawn = run(&["models", "show", "--curve", "tenure_days"]).stdout;
    let lowers = drawn.lines().filter(|line| line.contains("█│")).count();
    let raises = drawn.lines().filter(|line| line.contains("│█")).count();
    assert!(lowers > 0 && raises > 0 && lowers + raises > 10, "{drawn}");
    let refused = churn(folder.path(), &["--config", &config, "--set", &models, "models", "show", "--curve", "tenure"]);
    assert!(refused.code == 2 && refused.stderr.contains("no curve of `tenure`; its strongest are `"), "{refused}");

    let scores = |name: &str, threads: &str| {
        let lists = format!("paths.lists={}", folder.path().join(name).display());
        run(&["--set", &lists, "--threads", threads, "score", "--as-of", "2026-06-01"]);
        let published = folder.path().join(name).join("as_of=2026-06-01");
        ["at_risk.csv", "scores.parquet"].map(|file| fs::read(published.join(file)).unwrap())
    };
    let first = scores("one", "1");
    assert_eq!(first, scores("three", "3"));

    let list = String::from_utf8(first[0].clone()).unwrap();
    let customer = list.lines().nth(1).unwrap().split(',').nth(2).unwrap().to_owned();
    let told = run(&["explain", &customer, "--as-of", "2026-06-01", "--format", "json"]);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    let number = |name: &str| told[name].as_f64().unwrap();
    let contributions = told["contributions"].as_array().unwrap();
    let sum: f64 = contributions.iter().map(|reason| reason["contribution"].as_f64().unwrap()).sum();
    assert!((number("reference_log_odds") + sum - number("log_odds")).abs() < 1e-9);

    // A base rate that is known from elsewhere shifts curves as it shifts coefficients.
    assert!(model["calibration"]["prior"].is_null());
    let moved = format!("paths.models={}", folder.path().join("moved").display());
    run(&["--set", &moved, "--set", "model.base_rate=0.01", "train", "--promote", "never"]);
    assert!(!artefact(&folder.path().join("moved"))["calibration"]["prior"].is_null());
}
