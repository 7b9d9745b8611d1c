//! Published lists in the programs that read them: the recipes of `docs/lists.md` run as they stand there, where
//! `CHURN_PYTHON` names a Python with the packages of `notebooks/requirements.txt`, and an older pandas reads them,
//! where `CHURN_OLDER_PYTHON` names one with those of `tests/readers/requirements.txt`.

use crate::common::{churn, python, repository, Population};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

const ROWS: &str = "100";

/// Publishes the lists of two dates.
fn publish(folder: &Path) {
    let lists = format!("paths.lists={}", folder.join("out/lists").display());
    for date in ["2026-05-31", Population::AS_OF] {
        let capacity = format!("list.capacity={ROWS}");
        churn(&Population::shared().folder, &["score", "--as-of", date, "--set", &lists, "--set", &capacity]).ok();
    }
}

/// What a script says; it must end well.
fn said(python: OsString, script: &str, arguments: &[&Path]) -> String {
    let mut command = Command::new(python);
    command.arg(repository(script)).args(arguments).arg(ROWS);
    let run = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    out.into_owned()
}

#[test]
fn every_recipe_reads_the_lists() {
    let Some(python) = python("CHURN_PYTHON", "notebooks/requirements.txt") else { return };

    let folder = tempfile::tempdir().unwrap();
    publish(folder.path());
    let out = said(python, "tests/readers/recipes.py", &[&repository(""), folder.path()]);
    assert!(out.lines().filter(|line| line.starts_with("ok: ")).count() >= 17, "{out}");
    assert!(out.contains("ok: Spark by folder") || out.contains("skipped: Spark, without Java"), "{out}");
}

#[test]
fn a_pandas_two_versions_back_reads_the_lists() {
    let Some(python) = python("CHURN_OLDER_PYTHON", "tests/readers/requirements.txt") else { return };

    let folder = tempfile::tempdir().unwrap();
    publish(folder.path());
    assert!(said(python, "tests/readers/older_pandas.py", &[folder.path()]).contains("ok: pandas 2.2"));
}
