//! Published lists in the programs that read them: the recipes of `docs/lists.md` run as they stand there, where
//! `CHURN_PYTHON` names a Python with the packages of `notebooks/requirements.txt`.

use crate::common::{churn, repository, Population};
use std::process::Command;

#[test]
fn every_recipe_reads_the_lists() {
    let Some(python) = std::env::var_os("CHURN_PYTHON") else {
        eprintln!("skipped: CHURN_PYTHON names no Python with the packages of notebooks/requirements.txt");
        return;
    };

    let folder = tempfile::tempdir().unwrap();
    let lists = format!("paths.lists={}", folder.path().join("out/lists").display());
    for date in ["2026-05-31", Population::AS_OF] {
        let arguments = ["score", "--as-of", date, "--set", &lists, "--set", "list.capacity=100"];
        churn(&Population::shared().folder, &arguments).ok();
    }

    let mut command = Command::new(python);
    command.arg(repository("tests/readers/recipes.py")).arg(repository("")).arg(folder.path()).arg("100");
    let run = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    assert!(out.lines().filter(|line| line.starts_with("ok: ")).count() >= 14, "{out}");
}
