//! Dates that have not come, and models that have seen what they are to forecast.

use crate::common::{churn, Population};
use std::fs;

#[test]
fn a_date_that_has_not_come_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lists = format!("paths.lists={}", folder.path().join("lists").display());
    let out = folder.path().join("features.parquet").display().to_string();

    for command in
        [&["score"][..], &["explain", "1"], &["check"], &["train"], &["backtest"], &["features", "--out", &out]]
    {
        let arguments = [command, &["--as-of", "2999-01-01", "--set", &lists]].concat();
        let run = churn(&Population::shared().folder, &arguments);
        assert!(run.code == 2 && run.stderr.contains("2999-01-01 has not come yet"), "{run}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_list_of_a_time_that_the_model_has_seen_is_no_forecast() {
    let folder = tempfile::tempdir().unwrap();
    let said = |as_of: &str| {
        let lists = format!("paths.lists={}", folder.path().display());
        churn(&Population::shared().folder, &["score", "--as-of", as_of, "--set", &lists]).ok();
        let manifest = fs::read_to_string(folder.path().join(format!("as_of={as_of}/manifest.json"))).unwrap();
        manifest.contains("these risks are no forecast")
    };
    assert!(said("2026-02-01") && said("2026-05-30") && !said(Population::AS_OF));
}
