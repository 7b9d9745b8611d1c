//! The Python package on Spark, through Spark Connect and on Sail, held against the program on one machine: where
//! `CHURN_PYTHON` names a Python with the packages of `notebooks/requirements.txt`, and there is a Java for Spark to
//! run on; and where `CHURN_SAIL_PYTHON` names one with those of `tests/spark/requirements.txt`.

use crate::common::{python, repository, Population, BINARY};
use std::ffi::{OsStr, OsString};
use std::process::Command;

#[test]
fn spark_gives_what_one_machine_gives() {
    let Some(python) = python_of_spark() else { return };
    all_is_well(&python, "local.py", 44, &[]);
}

#[test]
fn spark_connect_gives_what_one_machine_gives() {
    let Some(client) = python("CHURN_SAIL_PYTHON", "tests/spark/requirements.txt") else { return };
    let Some(server) = python_of_spark() else { return };
    let folder = Command::new(&server).args(["-c", "import pyspark; print(pyspark.__path__[0], end='')"]).output();
    let home = String::from_utf8(folder.unwrap().stdout).unwrap();
    all_is_well(&client, "connect.py", 11, &[("SPARK_HOME", home.as_ref()), ("PYSPARK_PYTHON", &server)]);
}

#[test]
fn sail_gives_what_one_machine_gives() {
    let Some(python) = python("CHURN_SAIL_PYTHON", "tests/spark/requirements.txt") else { return };
    all_is_well(&python, "sail.py", 10, &[]);
}

/// The Python with PySpark, where there is a Java for it.
fn python_of_spark() -> Option<OsString> {
    let python = python("CHURN_PYTHON", "notebooks/requirements.txt")?;
    if Command::new("java").arg("-version").output().is_err() {
        eprintln!("skipped: Spark, without Java");
        return None;
    }
    Some(python)
}

/// Runs a script of tests/spark, which says what it has found to be in order, so many times.
fn all_is_well(python: &OsStr, script: &str, times: usize, environment: &[(&str, &OsStr)]) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command.arg(repository("tests/spark").join(script));
    command.arg(Population::shared().folder.join("churn.toml")).arg(folder.path());
    command.env("PYTHONPATH", repository("python")).env("CHURN_BIN", BINARY).env("PYSPARK_PYTHON", python);
    command.env("SPARK_LOCAL_IP", "127.0.0.1").envs(environment.iter().copied());

    let run = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    assert!(out.lines().filter(|line| line.starts_with("ok: ")).count() == times, "{out}\n{err}");
}
