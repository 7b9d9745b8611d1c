//! The Python package. Its tests in `tests/python/` run with the binary of this build where `CHURN_PYTHON` names a
//! Python with the packages of `notebooks/requirements.txt`, its types and style are checked where `CHURN_WHEEL_PYTHON`
//! names one with those of `python/requirements.txt`, and the wheel that `CHURN_WHEEL` names is installed into an empty
//! environment.

use crate::common::{python, repository, BINARY};
use std::ffi::OsStr;
use std::fs;
use std::process::Command;

#[test]
fn the_package_passes_its_tests() {
    let Some(python) = python("CHURN_PYTHON", "notebooks/requirements.txt") else { return };
    let said = run(unittest(&python).env("PYTHONPATH", repository("python")).env("CHURN_BIN", BINARY));
    assert!(!said.contains("skipped="), "every library for tables is there:\n{said}");
}

#[test]
fn the_package_is_typed_and_tidy() {
    let Some(python) = python("CHURN_WHEEL_PYTHON", "python/requirements.txt") else { return };
    let cache = tempfile::tempdir().unwrap();
    let checks: [&[&str]; 3] = [
        &["mypy", "--cache-dir"],
        &["ruff", "check", "python", "tests/python", "tests/spark", "--cache-dir"],
        &["ruff", "format", "--check", "python", "tests/python", "tests/spark", "--cache-dir"],
    ];
    for check in checks {
        run(command(&python).arg("-m").args(check).arg(cache.path()).current_dir(repository("")));
    }
}

/// Without an index, as nothing but the wheel is needed.
#[test]
fn the_wheel_works_in_an_empty_environment() {
    let Some(wheel) = std::env::var_os("CHURN_WHEEL") else {
        eprintln!("skipped: CHURN_WHEEL names no wheel; make wheel builds one");
        return;
    };
    let (size, told) = (fs::metadata(&wheel).unwrap().len() as f64 / 1e6, told_size());
    assert!((size / told - 1.0).abs() < 0.1, "the wheel has {size:.1} MB, and docs/python.md tells {told}");

    let folder = tempfile::tempdir().unwrap();
    let installed = |program: &str| folder.path().join("environment/bin").join(program).into_os_string();
    run(command(OsStr::new("python3")).args(["-m", "venv"]).arg(folder.path().join("environment")));
    let python = installed("python");
    run(command(&python).args(["-m", "pip", "install", "--quiet", "--no-index"]).arg(&wheel));

    run(command(&installed("churn")).arg("demo").current_dir(folder.path()));
    assert!(folder.path().join("churn-demo/out/lists/as_of=2026-06-01/_SUCCESS").exists());
    let of_module = run(command(&python).args(["-m", "churn_risk", "--version"]));
    assert_eq!(of_module, run(command(OsStr::new(BINARY)).arg("--version")));
    assert!(newest_glibc(&fs::read(installed("churn")).unwrap()) <= 28);

    // What the empty environment has no packages for is skipped.
    run(&mut unittest(&python));
}

/// The size of the wheel in MB, as its page tells it.
fn told_size() -> f64 {
    let page = fs::read_to_string(repository("docs/python.md")).unwrap();
    page.split_once("It has ").unwrap().1.split_once(" MB").unwrap().0.parse().unwrap()
}

/// The newest glibc whose symbols a program asks for: N of 2.N.
fn newest_glibc(program: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(program);
    let after_dot = text.split("GLIBC_2.").skip(1);
    let minors = after_dot.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    minors.max().unwrap_or(u32::MAX)
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
