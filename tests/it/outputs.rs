//! What the exit code promises: after any but 0 nothing was published or promoted; no output takes the place of what is
//! not its own; and what killed runs left behind is cleared.

use crate::common::{churn, repository, run, Population, Run, BINARY};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The population, with lists and models of the test's own.
fn settings(folder: &Path) -> Vec<String> {
    let set = |key: &str, name: &str| ["--set".to_owned(), format!("paths.{key}={}", folder.join(name).display())];
    [set("lists", "lists"), set("models", "models")].concat()
}

fn champion(folder: &Path) -> Run {
    let train = ["train", "--as-of", Population::AS_OF, "--promote", "always"].map(str::to_owned);
    churn(&Population::shared().folder, &[&train[..], &settings(folder)].concat())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[cfg(target_os = "linux")]
#[test]
fn a_summary_that_nobody_can_read_fails_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let features = folder.path().join("features.parquet").display().to_string();
    let into_full = |arguments: &[&str]| {
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" > /dev/full", BINARY]).args(arguments).args(settings(folder.path()));
        run(&Population::shared().folder, command)
    };

    for arguments in [
        &["train", "--as-of", Population::AS_OF, "--promote", "always"][..],
        &["score", "--as-of", Population::AS_OF],
        &["score", "--as-of", Population::AS_OF, "--format", "json"],
        &["features", "--as-of", Population::AS_OF, "--out", &features],
    ] {
        let run = into_full(arguments).ok();
        assert!(run.stderr.contains("cannot write standard output") && run.stderr.contains("has succeeded"), "{run}");
    }
    assert!(folder.path().join(format!("lists/as_of={}/_SUCCESS", Population::AS_OF)).exists());
    assert_eq!(names(&folder.path().join("models")), [".lock", "champion.json", "v0001"]);
    assert!(fs::metadata(&features).unwrap().len() > 0);

    for arguments in [&["config", "show"][..], &["models", "list"], &["check"]] {
        let run = into_full(arguments);
        assert!(run.code == 75 && run.stderr.contains("cannot write standard output"), "{run}");
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    champion(folder.path()).ok();
    for arguments in [&["score", "--as-of", Population::AS_OF][..], &["config", "show"]] {
        let mut child = Command::new(BINARY)
            .args(arguments)
            .args(settings(folder.path()))
            .current_dir(&Population::shared().folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn a_training_that_cannot_promote_registers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("models/champion.json/in-the-way")).unwrap();
    let run = champion(folder.path());
    assert!(run.code == 2 && run.stderr.contains("champion.json"), "{run}");
    assert_eq!(names(&folder.path().join("models")), [".lock", "champion.json"]);
}

#[test]
fn what_killed_runs_left_is_cleared_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for left in ["models/.staged-killed", "models/.tmp-killed", "lists/.staged-killed", "tables/.tmp-killed"] {
        fs::create_dir_all(at(left)).unwrap();
        fs::write(at(left).join("half"), "half").unwrap();
    }
    fs::write(at("models/.tmp-file"), "half").unwrap();
    fs::write(at("lists/.tmp-file"), "half").unwrap();

    champion(folder.path()).ok();
    let of_day = |command: &str, more: &[String]| {
        let arguments = [command.to_owned(), "--as-of".to_owned(), Population::AS_OF.to_owned()];
        churn(&Population::shared().folder, &[&arguments[..], more, &settings(folder.path())].concat()).ok();
    };
    of_day("score", &[]);
    of_day("features", &["--out".to_owned(), at("tables/features.parquet").display().to_string()]);
    assert_eq!(names(&at("models")), [".lock", "champion.json", "v0001"]);
    let left = [".lock".to_owned(), format!("as_of={}", Population::AS_OF), "latest".to_owned()];
    assert_eq!(names(&at("lists")), left);
    assert_eq!(names(&at("lists/latest")), ["risk.parquet"]);
    assert_eq!(names(&at("tables")), ["features.parquet"]);
}

#[test]
fn no_output_takes_the_place_of_what_is_not_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let population = Population::simulate(folder.path(), 600, 300, 5);
    let features = |out: &str, more: &[&str]| {
        let arguments = [&["features", "--as-of", Population::AS_OF, "--out", out], more].concat();
        churn(&population.folder, &arguments)
    };

    for (out, kept) in [
        ("churn.toml", "churn.toml"),
        ("data/customers.parquet", "data/customers.parquet"),
        ("data/../data/churn.parquet", "data/churn.parquet"),
        ("data/logins/features.parquet", "data/logins"),
        ("models/v0001/model.json", "models"),
        ("out/features.parquet", "out"),
    ] {
        let before = fs::read(folder.path().join(kept)).ok();
        let run = features(out, &[]);
        assert!(run.code == 2 && run.stderr.contains(out) && run.stderr.contains("--force"), "{run}");
        assert_eq!(fs::read(folder.path().join(kept)).ok(), before, "{out}");
    }

    features("features.parquet", &[]).ok();
    features("features.parquet", &[]).ok();
    features("data/churn.parquet", &["--force"]).ok();
    assert!(crate::common::Table::read(&folder.path().join("data/churn.parquet")).names.len() > 10);
}

#[cfg(unix)]
#[test]
fn pipes_devices_and_links_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::write(folder.path().join("elsewhere"), "kept").unwrap();
    std::os::unix::fs::symlink("elsewhere", &link).unwrap();

    let export = |out: &Path, more: &[&str]| {
        let arguments = [&["models", "export", "--out", out.to_str().unwrap()], more].concat();
        churn(&Population::shared().folder, &arguments)
    };
    for (out, force) in
        [(pipe.as_path(), "--force"), (Path::new("/dev/null"), "--force"), (link.as_path(), "--to=onnx")]
    {
        let run = export(out, &[force]);
        assert!(run.code == 2 && run.stderr.contains(&*out.to_string_lossy()), "{run}");
    }
    export(&link, &["--force"]).ok();
    assert_eq!(fs::read_to_string(folder.path().join("elsewhere")).unwrap(), "kept");
    assert!(fs::symlink_metadata(&link).unwrap().is_file() && !fs::symlink_metadata(&pipe).unwrap().is_file());
}

/// The files of `deploy/`.
fn deployed(name: &str) -> String {
    let path: PathBuf = repository("deploy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn schedulers_retry_what_may_pass_by_itself_and_nothing_else() {
    let service = deployed("churn-score.service");
    assert!(service.contains("\nRestartPreventExitStatus=1 2 3 5 6 7 8\n"), "{service}");
    let job = deployed("kubernetes.yaml");
    assert!(job.contains("values: [1, 2, 3, 5, 6, 7, 8]") && job.contains("action: FailJob"), "{job}");
    let dag = deployed("airflow_dag.py");
    assert!(dag.contains("RETRIED = {4, 75}"), "{dag}");
}

#[cfg(unix)]
#[test]
fn the_script_for_cron_acts_on_the_exit_code() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let (program, calls) = (folder.path().join("churn"), folder.path().join("calls"));
    for (code, attempts) in [(0, 1), (2, 1), (3, 1), (7, 1), (8, 1), (4, 6), (75, 6)] {
        fs::write(&program, format!("#!/bin/sh\necho called >> '{}'\nexit {code}\n", calls.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let _ = fs::remove_file(&calls);

        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let script = repository("deploy/churn-score.sh");
        let status = Command::new("sh").arg(script).env("PATH", path).env("CHURN_RETRY_SECONDS", "0").status().unwrap();
        assert_eq!(status.code(), Some(code));
        assert_eq!(fs::read_to_string(&calls).unwrap().lines().count(), attempts, "code {code}");
    }
}
