//! Models for other programs. What onnxruntime makes of an exported model is tested where a Python with the packages of
//! `notebooks/requirements.txt` is named by `CHURN_PYTHON`.

use crate::common::{churn, python, repository, Population};
use std::process::Command;

#[test]
fn onnxruntime_gives_the_same_scores() {
    let Some(python) = python("CHURN_PYTHON", "notebooks/requirements.txt") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command.arg(repository("tests/onnx/parity.py")).arg(env!("CARGO_BIN_EXE_churn"));
    let run = command.arg(repository("")).arg(folder.path()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    eprintln!("{out}");
}

#[test]
fn the_same_model_gives_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let export = |arguments: &[&str]| {
        let all: Vec<&str> = ["models", "export"].iter().chain(arguments).copied().collect();
        churn(&Population::shared().folder, &all)
    };
    export(&["--out", &path("new/first.onnx")]).ok();
    export(&["--to", "onnx", "--out", &path("second.onnx")]).ok();
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("new/first.onnx"), read("second.onnx"));

    export(&["--to", "mlflow", "--out", &path("package")]).ok();
    assert_eq!(read("package/model.onnx"), read("second.onnx"));
    let again = export(&["--to", "mlflow", "--out", &path("package")]);
    assert_eq!(again.code, 2, "{again}");
    assert!(again.stderr.contains("exists already"), "{again}");
    let unknown = export(&["v9999", "--out", &path("third.onnx")]);
    assert_eq!(unknown.code, 8, "{unknown}");
    assert!(!folder.path().join("third.onnx").exists());
}
