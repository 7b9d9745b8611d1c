//! The Python package: its tests in `tests/python/` run with the binary of this build where `CHURN_PYTHON` names a Python
//! with the packages of `notebooks/requirements.txt`.

use crate::common::{repository, BINARY};
use std::ffi::OsStr;
use std::process::Command;

#[test]
fn the_package_passes_its_tests() {
    let Some(python) = std::env::var_os("CHURN_PYTHON") else {
        eprintln!("skipped: CHURN_PYTHON names no Python with the packages of notebooks/requirements.txt");
        return;
    };
    let said = run(unittest(&python).env("PYTHONPATH", repository("python")).env("CHURN_BIN", BINARY));
    assert!(!said.contains("skipped="), "every library for tables is there:\n{said}");
}

/// The tests of `tests/python/`.
fn unittest(python: &OsStr) -> Command {
    let mut command = command(python);
    command.args(["-m", "unittest", "discover", "--start-directory"]).arg(repository("tests/python"));
    command
}

/// A program without the caller's own `CHURN_…` settings.
fn command(program: &OsStr) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHURN_") {
            command.env_remove(name);
        }
    }
    command
}

/// What a command says; it must end well.
#[track_caller]
fn run(command: &mut Command) -> String {
    let run = command.output().unwrap();
    let said = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
    assert!(run.status.success(), "{command:?} ended with {}\n{said}", run.status);
    said
}
