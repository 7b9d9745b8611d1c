//! The committed sample and its champion: scoring works straight from a clone, and training gives the champion again.

use crate::common::{artefact, churn, repository};
use serde_json::Value;

#[test]
fn the_champion_scores_the_sample() {
    let folder = tempfile::tempdir().unwrap();
    let lists = format!("paths.lists={}", folder.path().join("lists").display());
    let config = repository("churn.toml").display().to_string();
    churn(folder.path(), &["--config", &config, "--set", &lists, "score", "--as-of", "2026-06-01"]).ok();
    assert!(folder.path().join("lists/as_of=2026-06-01/_SUCCESS").exists());
}

#[test]
fn training_on_the_sample_gives_the_champion_again() {
    let folder = tempfile::tempdir().unwrap();
    let models = format!("paths.models={}", folder.path().display());
    let config = repository("churn.toml").display().to_string();
    churn(folder.path(), &["--config", &config, "--set", &models, "train"]).ok();
    let (found, committed) = (artefact(folder.path()), artefact(&repository("models")));
    for key in ["catalogue", "recipe", "snapshots", "rows", "churners", "alpha"] {
        assert_eq!(found[key], committed[key], "{key}");
    }
    let coefficients = |model: &Value| -> Vec<(String, f64)> {
        let table = model["coefficients"].as_array().unwrap();
        table.iter().map(|c| (c["name"].as_str().unwrap().to_owned(), c["estimate"].as_f64().unwrap())).collect()
    };
    let (found, committed) = (coefficients(&found), coefficients(&committed));
    assert_eq!(found.len(), committed.len());
    for ((name, found), (expected_name, expected)) in found.iter().zip(&committed) {
        assert_eq!(name, expected_name);
        // Another processor may round the steps of the fit otherwise; the solution is the same.
        assert!((found - expected).abs() < 1e-9, "{name}: {found} against {expected}");
    }
}
