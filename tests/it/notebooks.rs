//! The notebooks run from the first cell to the last, where `CHURN_PYTHON` names a Python with the packages of
//! `notebooks/requirements.txt`. Their assertions are tests of what the program says against other libraries.

use crate::common::{python, repository};
use std::process::Command;

#[test]
fn every_notebook_runs() {
    let Some(python) = python("CHURN_PYTHON", "notebooks/requirements.txt") else { return };
    let mut command = Command::new(python);
    command.arg(repository("notebooks/run.py")).env("CHURN_BIN", env!("CARGO_BIN_EXE_churn"));
    let run = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    assert_eq!(out.lines().count(), 5, "{out}");
}
