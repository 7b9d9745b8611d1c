//! A memory limit changes how the work is done, and no byte of what comes out.

use crate::common::{artefact, batches, parquet_files, run, write, Population, Run, Table, BINARY};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// As-of dates that make the features larger than the event rows, and the look-back the whole history.
const DATES: [&str; 6] = ["2025-10-01", "2025-12-01", "2026-02-01", "2026-04-01", "2026-05-01", "2026-06-01"];

/// Runs the binary on the shared population with a scratch folder of the test's own.
fn churn(scratch: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(BINARY);
    command.args(arguments).env("TMPDIR", scratch);
    run(&Population::shared().folder, command)
}

fn features<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["features", "--threads", "2", "--out", out];
    arguments.extend(DATES.iter().flat_map(|day| ["--as-of", day]));
    arguments.extend(more);
    arguments
}

/// The least limit that the program itself says is enough for these arguments. A run with it has succeeded.
fn least(scratch: &Path, arguments: &[&str]) -> String {
    let mut limit = "1MiB".to_owned();
    // The first refusal may be for the customers alone.
    for _ in 0..3 {
        let run = churn(scratch, &[arguments, &["--memory-limit", &limit]].concat());
        if run.code == 0 {
            return limit;
        }
        assert!(run.code == 2 && run.stdout.is_empty() && run.stderr.contains("the memory limit of "), "{run}");
        let words: Vec<&str> = run.stderr.split_whitespace().collect();
        limit = words[words.iter().position(|&word| word == "to").unwrap() + 1].to_owned();
        assert!(run.stderr.contains("customers") && limit.ends_with("MiB"), "{run}");
    }
    panic!("the limits that the program asks for are not enough; the last was {limit}");
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn features_are_the_same_whether_or_not_they_fit() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let (all, some) = (folder.path().join("all.parquet"), folder.path().join("some.parquet"));
    let (all, some) = (all.to_str().unwrap(), some.to_str().unwrap());
    churn(scratch.path(), &features(all, &[])).ok();
    let limit = least(scratch.path(), &features(some, &[]));
    let limited = churn(scratch.path(), &features(some, &["-v", "--memory-limit", &limit])).ok();
    assert!(limited.stderr.contains("scratch file"), "{limit} is enough for everything: {limited}");
    assert!(fs::read(all).unwrap() == fs::read(some).unwrap(), "{limit} changes the features");
    assert!(is_empty(scratch.path()));
}

#[test]
fn a_list_is_the_same_whether_or_not_everything_fits() {
    let lists = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let scratch = tempfile::tempdir().unwrap();
    let arguments = |lists: &Path| {
        let set = format!("paths.lists={}", lists.display());
        let formats = "publish.formats=[\"parquet\",\"csv\",\"html\"]";
        let arguments = ["score", "--as-of", Population::AS_OF, "--threads", "2", "--set", &set, "--set", formats];
        arguments.map(str::to_owned).to_vec()
    };
    let plain = arguments(lists[0].path());
    churn(scratch.path(), &plain.iter().map(String::as_str).collect::<Vec<_>>()).ok();
    let limited = arguments(lists[1].path());
    let limited: Vec<&str> = limited.iter().map(String::as_str).collect();
    let limit = least(scratch.path(), &limited);
    churn(scratch.path(), &[&limited[..], &["--memory-limit", &limit]].concat()).ok();
    for name in [
        "at_risk.csv",
        "at_risk.parquet",
        "scores.parquet",
        "kpis.parquet",
        "contributions.parquet",
        "details.parquet",
        "report.html",
    ] {
        let [one, other] = [&lists[0], &lists[1]]
            .map(|lists| fs::read(lists.path().join(format!("as_of={}", Population::AS_OF)).join(name)).unwrap());
        assert!(one == other, "{limit} changes {name}");
    }
    assert!(is_empty(scratch.path()));
}

#[test]
fn a_linear_model_is_the_same_whether_or_not_its_design_takes_the_place_of_features() {
    let scratch = tempfile::tempdir().unwrap();
    let model = |limit: &[&str]| {
        let models = tempfile::tempdir().unwrap();
        let set = format!("paths.models={}", models.path().display());
        // The third date is too close to the last, which is held out: only the published model learns from it.
        let dates = "training.as_of=[\"2025-12-01\", \"2026-02-01\", \"2026-04-01\", \"2026-04-15\"]";
        let mut arguments =
            vec!["train", "--as-of", Population::AS_OF, "--threads", "2", "--set", &set, "--set", dates];
        arguments.extend(["--set", "model.complexity=linear", "--set", "model.alpha=1e-4"]);
        churn(scratch.path(), &[&arguments, limit].concat()).ok();
        let mut model = artefact(models.path());
        for key in ["version", "trained_at", "checksum"] {
            model.as_object_mut().unwrap().remove(key).unwrap();
        }
        model
    };
    // A limit has its own ways to spare memory, whether or not it is ever reached.
    let (spared, whole) = (model(&[]), model(&["--memory-limit", "8GiB"]));
    assert_eq!(spared["snapshots"]["embargoed"], serde_json::json!(["2026-04-01"]));
    assert!(spared == whole, "{spared:#}\nagainst\n{whole:#}");
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_stops_the_run_and_publishes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let out = folder.path().join("features.parquet");
    let out = out.to_str().unwrap();
    let limit = least(scratch.path(), &features(out, &[]));
    fs::remove_file(out).unwrap();
    let mut command = Command::new("sh");
    // No file may grow beyond 512 or 1,024 kilobytes, and trying is an error rather than the end of the process.
    command.args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\"", BINARY]);
    command.args(features(out, &["--memory-limit", &limit])).env("TMPDIR", scratch.path());
    let full = run(&Population::shared().folder, command);
    assert!(full.code == 75 && full.stderr.contains("scratch file") && full.stderr.contains("TMPDIR"), "{full}");
    assert!(is_empty(folder.path()) && is_empty(scratch.path()));
}

#[test]
fn a_scratch_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let out = folder.path().join("features.parquet");
    let out = out.to_str().unwrap();
    let limit = least(scratch.path(), &features(out, &[]));
    fs::remove_file(out).unwrap();
    let nowhere = scratch.path().join("nowhere");
    let refused = churn(&nowhere, &features(out, &["--memory-limit", &limit]));
    assert!(refused.code == 2 && refused.stderr.contains("nowhere"), "{refused}");
    assert!(is_empty(folder.path()));
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_left_when_the_run_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let out = folder.path().join("features.parquet");
    let out = out.to_str().unwrap();
    let limit = least(scratch.path(), &features(out, &[]));
    // The run may be over before it is found writing: then once more, without what it has written.
    for _ in 0..20 {
        fs::remove_file(out).unwrap();
        let mut command = Command::new(BINARY);
        command.args(features(out, &["-q", "--memory-limit", &limit])).env("TMPDIR", scratch.path());
        let mut child = command.current_dir(&Population::shared().folder).spawn().unwrap();
        let files = format!("/proc/{}/fd", child.id());
        let writing =
            |link: fs::DirEntry| fs::read_link(link.path()).is_ok_and(|file| file.starts_with(scratch.path()));
        while child.try_wait().unwrap().is_none() {
            if fs::read_dir(&files).is_ok_and(|links| links.flatten().any(writing)) {
                Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
                break;
            }
        }
        if child.wait().unwrap().code() == Some(130) {
            assert!(is_empty(folder.path()) && is_empty(scratch.path()));
            return;
        }
    }
    panic!("the run was never found writing to its scratch file");
}

/// A copy of the logins, with a category that has a text of its own in every row.
fn logins_with_pages(folder: &Path) -> PathBuf {
    let logins = parquet_files(&Population::shared().folder.join("data/logins"));
    let batches: Vec<RecordBatch> = logins.iter().flat_map(|file| batches(file)).collect();
    let mut next = 0u64..;
    let mut with_page = |batch: &RecordBatch| {
        let pages = next.by_ref().take(batch.num_rows());
        let pages = pages.map(|page| format!("https://shop.example/product/view?session={page:032x}"));
        let pages: ArrayRef = Arc::new(StringArray::from_iter_values(pages));
        let columns = ["customer_id", "ts"].map(|name| (name, batch.column_by_name(name).unwrap().clone()));
        RecordBatch::try_from_iter(columns.into_iter().chain([("page", pages)])).unwrap()
    };
    let path = folder.join("logins.parquet");
    write(&path, &batches.iter().map(&mut with_page).collect::<Vec<_>>(), 100_000);
    path
}

#[test]
fn the_texts_of_categories_count() {
    let folder = tempfile::tempdir().unwrap();
    let path = Population::instead("logins", &logins_with_pages(folder.path()));
    let out = folder.path().join("features.parquet");
    let arguments = |limit: &str| {
        let day = ["features", "--as-of", Population::AS_OF, "--threads", "2", "--set", &path];
        let more = ["--set", "signals.logins.category=page", "--out", out.to_str().unwrap(), "--memory-limit", limit];
        churn(folder.path(), &[&day[..], &more].concat())
    };

    arguments("8GiB").ok();
    let features = Table::read(&out);
    let of = |name: &str| features.column(name).iter().map(|cell| cell.number().unwrap()).collect::<Vec<f64>>();
    assert_eq!(of("logins_categories_84d"), of("logins_count_84d"), "every login has a page of its own");

    fs::remove_file(&out).unwrap();
    let refused = (20..120)
        .step_by(2)
        .map(|limit| arguments(&format!("{limit}MiB")))
        .find(|run| run.stderr.contains("categories of signal `logins`"));
    let refused = refused.expect("no limit is too small for the categories alone");
    assert!(refused.code == 2 && refused.stderr.contains("different texts of `page`"), "{refused}");
}

#[test]
fn a_limit_that_is_no_size_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    for wrong in ["much", "0", "-1GiB"] {
        let refused = churn(scratch.path(), &["check", &format!("--memory-limit={wrong}")]);
        assert!(refused.code == 2 && refused.stderr.contains("2GiB"), "{refused}");
    }
}

/// Runs to the end and gives the most memory that the process occupied, in bytes.
#[cfg(target_os = "linux")]
fn peak(mut command: Command) -> u64 {
    let mut process = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", process.id());
    let mut most = 0;
    while process.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = most.max(line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(process.wait().unwrap().success());
    most * 1024
}

#[cfg(target_os = "linux")]
#[test]
fn a_model_of_curves_is_trained_within_a_limit_that_all_of_its_rows_would_exceed() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    Population::simulate(folder.path(), 80_000, 260, 5);
    let training: Vec<String> = (0..6).map(|week| format!("\"2026-02-{:02}\"", 3 + 4 * week)).collect();
    let dates = format!("training.as_of=[{}, \"2026-04-20\"]", training.join(", "));
    let limit_mib = 160;
    let peak_with = |sample: &str| {
        let mut command = Command::new(BINARY);
        command.current_dir(folder.path()).env("TMPDIR", scratch.path());
        command.args(["train", "--threads", "2", "--memory-limit", &format!("{limit_mib}MiB")]);
        let sample = format!("training.sample={sample}");
        command.args(["--set", &dates, "--set", &sample, "--set", "model.complexity=curves"]);
        peak(command)
    };
    let limit = limit_mib << 20;
    let (within, beyond) = (peak_with("auto"), peak_with("never"));
    assert!(within <= limit && limit < beyond, "{within} and {beyond} bytes of {limit}");
}
