//! Scores as a folder of parts, as a run has them whose rows Spark has made: whoever reads earlier runs finds in them
//! what is in one file, and runs of both kinds lie side by side.

use crate::common::outreach::{whole, Copy, World, LISTS};
use crate::common::{write, Population, Run};
use serde_json::json;
use std::fs;
use std::path::Path;

/// Rows of a part.
const ROWS: usize = 1_000;

/// Puts a folder of parts in the place of a file, and returns what a manifest says of them.
fn cut(path: &Path) -> Vec<serde_json::Value> {
    let batch = whole(path);
    fs::remove_file(path).unwrap();
    let parts = (0..batch.num_rows()).step_by(ROWS).enumerate().map(|(number, first)| {
        let part = batch.slice(first, ROWS.min(batch.num_rows() - first));
        let name = format!("part-{number:05}.parquet");
        write(&path.join(&name), std::slice::from_ref(&part), 1 << 20);
        let name = format!("{}/{name}", path.file_name().unwrap().display());
        json!({ "name": name, "rows": part.num_rows(), "bytes": 1, "sha256": format!("{number:064}") })
    });
    parts.collect()
}

/// The lists of the shared world, of which every second one has its scores in parts, and so has the newest.
fn mixed() -> Copy {
    let copy = World::shared().copy();
    for at in (1..LISTS.len()).step_by(2) {
        let parts = cut(&copy.list(at).join("scores.parquet"));
        assert!(parts.len() > 3, "{}", parts.len());
        copy.change(&copy.list(at).join("manifest.json"), |manifest| {
            let files = manifest["files"].as_array_mut().unwrap();
            files.retain(|file| file["name"] != "scores.parquet");
            files.extend(parts.iter().cloned());
        });
    }
    copy
}

fn score(copy: &Copy) -> Run {
    let formats = "publish.formats=[\"parquet\",\"csv\",\"html\",\"xlsx\"]";
    copy.run(&["score", "--as-of", Population::AS_OF, "--set", formats])
}

#[test]
fn a_list_after_runs_in_parts_is_that_after_runs_in_files() {
    let (files, parts) = (World::shared().copy(), mixed());
    for copy in [&files, &parts] {
        let run = score(copy).ok();
        assert!(!run.stderr.contains("left out"), "{run}");
        copy.run(&["report", "--as-of", LISTS[LISTS.len() - 1]]).ok();
    }
    let names = ["at_risk.csv", "at_risk.xlsx", "scores.parquet", "details.parquet"];
    let made = names.map(|name| format!("out/as_of={}/{name}", Population::AS_OF));
    let report = format!("out/as_of={}/report.html", LISTS[LISTS.len() - 1]);
    for name in made.iter().chain([&report, &"out/latest/risk.parquet".to_owned()]) {
        let (one, other) = (fs::read(files.path(name)).unwrap(), fs::read(parts.path(name)).unwrap());
        // A report names the files that it is made of.
        let without_digests = |bytes: Vec<u8>| -> Vec<String> {
            let lines = String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect::<Vec<_>>();
            lines.into_iter().filter(|line| !line.contains("<bdi>scores.parquet")).collect()
        };
        let is_same = if *name == report { without_digests(one) == without_digests(other) } else { one == other };
        assert!(is_same, "{name}");
    }

    let customer = "17";
    let [one, other] = [&files, &parts].map(|copy| copy.run(&["explain", customer, "--as-of", Population::AS_OF]).ok());
    assert_eq!(one.stdout, other.stdout);
    assert!(one.stdout.contains(LISTS[LISTS.len() - 1]), "{one}");
}

#[test]
fn outcomes_of_runs_in_parts_are_those_of_runs_in_files() {
    let (files, parts) = (World::shared().copy(), mixed());
    let [one, other] = [&files, &parts].map(|copy| copy.json(&[]));
    assert_eq!(one["runs"], other["runs"]);
    assert_eq!(one["effect"], other["effect"]);
    for as_of in &LISTS[..3] {
        let name = format!("monitor/outcomes.parquet/as_of={as_of}/part.parquet");
        assert!(fs::read(files.path(&name)).unwrap() == fs::read(parts.path(&name)).unwrap(), "{as_of}");
    }
    let name = "monitor/metrics.parquet";
    assert!(fs::read(files.path(name)).unwrap() == fs::read(parts.path(name)).unwrap());
}

#[test]
fn a_part_that_is_gone_is_named_and_its_run_left_out() {
    let copy = mixed();
    let newest = copy.list(LISTS.len() - 1).join("scores.parquet");
    fs::remove_file(newest.join("part-00001.parquet")).unwrap();
    let run = score(&copy).ok();
    assert!(run.stderr.contains("the folder lacks part-00001.parquet"), "{run}");
    // The run before takes its place.
    let manifest = fs::read_to_string(copy.path(&format!("out/as_of={}/manifest.json", Population::AS_OF))).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["compared_with"], LISTS[LISTS.len() - 2]);
}
