//! `churn demo --story` on the real binary, some weeks of it: what it tells, that it is the work of the commands, and
//! that the folder is a project to go on with.

use crate::common::{churn, Run};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The label of the first list matures after 37 days, in the sixth week.
const WEEKS: usize = 7;
const MATURED_FROM: usize = 6;
/// The first and the last Monday.
const MONDAYS: [&str; 2] = ["2026-04-13", "2026-06-01"];

fn story(folder: &Path, more: &[&str]) -> Run {
    let words = ["demo", "told", "--story", "--customers", "2500", "--set", "model.complexity=linear"];
    let weeks = WEEKS.to_string();
    churn(folder, &[words.as_slice(), &["--weeks", &weeks], more].concat())
}

#[test]
fn a_story_is_told_week_by_week_and_leaves_a_project_to_go_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let run = story(folder.path(), &[]).ok();
    for said in [
        MONDAYS[0],
        MONDAYS[1],
        "2,500 customers, 400 days of history, and 7 weeks to come",
        "Model v0001 is trained on this history, held-out AUC",
        "Were the lists right?",
        "Of the customers on the 2 lists that have matured",
        "Did calling help?",
        "The simulation alone knows the truth: calls have kept",
    ] {
        assert!(run.stdout.contains(said), "{said:?} is missing: {run}");
    }

    // Everything is where a project has it, and nothing is left over.
    let project = folder.path().join("told");
    for file in ["churn.toml", "models/v0001/card.md", "out/monitor/monitor.html", "data/demo/customers.parquet"] {
        assert!(project.join(file).exists(), "{file}");
    }
    assert!(!project.join("data/next").exists());
    let lists = fs::read_dir(project.join("out/lists")).unwrap().filter(|entry| {
        let folder = entry.as_ref().unwrap().path();
        folder.join("_SUCCESS").exists() && folder.join("scores.parquet").exists()
    });
    assert_eq!(lists.count(), WEEKS + 1);
    let newest = project.join(format!("out/lists/as_of={}", MONDAYS[1]));
    assert!(newest.join("report.html").exists() && newest.join("at_risk.xlsx").exists());

    // The commands make the same of it, and go on from there.
    let scores = fs::read(newest.join("scores.parquet")).unwrap();
    let metrics = fs::read(project.join("out/monitor/metrics.parquet")).unwrap();
    churn(&project, &["score", "--as-of", MONDAYS[1]]).ok();
    let again = churn(&project, &["monitor", "--as-of", MONDAYS[1], "--format", "json"]).ok();
    assert!(fs::read(newest.join("scores.parquet")).unwrap() == scores, "another list");
    assert!(fs::read(project.join("out/monitor/metrics.parquet")).unwrap() == metrics, "other figures");
    let found: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&found["runs"], &found["judged_now"]), (&2.into(), &0.into()));
    let go_on = "simulate --continue data/demo --days 7 --lists out/lists --save-rate 0.4 --out more";
    churn(&project, &go_on.split(' ').collect::<Vec<_>>()).ok();
    let list = churn(&project, &["models", "list"]).ok();
    assert!(list.stdout.contains("What became of their matured lists"), "{list}");
}

#[test]
fn a_story_is_the_same_each_time_and_told_to_machines_too() {
    let folder = tempfile::tempdir().unwrap();
    let run = story(folder.path(), &["--format", "json", "--threads", "1"]).ok();
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    let weeks = told["weeks"].as_array().unwrap();
    assert_eq!(weeks.len(), WEEKS + 1);
    assert_eq!((&weeks[0]["as_of"], &weeks[WEEKS]["as_of"]), (&MONDAYS[0].into(), &MONDAYS[1].into()));
    for (number, week) in weeks.iter().enumerate() {
        assert_eq!((week["number"].as_u64(), &week["model_version"]), (Some(number as u64), &"v0001".into()));
        assert!(week["customers"].as_u64().unwrap() > 1_000, "{week}");
        let known = &week["known"];
        assert_eq!(known.is_null(), number < MATURED_FROM, "{week}");
        if number >= MATURED_FROM {
            assert!((0.0..0.2).contains(&known["churn_rate"]["value"].as_f64().unwrap()), "{week}");
            assert!((0.0..1.0).contains(&known["precision"]["value"].as_f64().unwrap()), "{week}");
        }
    }

    // Whom calls have kept, the simulation says.
    let project = folder.path().join("told");
    let plan: Value = serde_json::from_str(&fs::read_to_string(project.join("data/demo/plan.json")).unwrap()).unwrap();
    assert_eq!(told["saved"].as_u64().unwrap() as usize, plan["continued"]["saved"].as_object().unwrap().len());
    assert!(told["saved"].as_u64().unwrap() > 0);
    assert_eq!(plan["continued"]["days"], 7 * WEEKS);

    let other = tempfile::tempdir().unwrap();
    story(other.path(), &["--threads", "2"]).ok();
    for file in [format!("lists/as_of={}/scores.parquet", MONDAYS[1]), "monitor/metrics.parquet".to_owned()] {
        let [one, two] = [&project, &other.path().join("told")].map(|it| fs::read(it.join("out").join(&file)).unwrap());
        assert!(one == two, "{file} differs");
    }
}

#[test]
fn a_story_needs_a_place_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("told")).unwrap();
    fs::write(folder.path().join("told/mine.txt"), "mine").unwrap();
    let run = story(folder.path(), &[]);
    assert!(run.code == 2 && run.stderr.contains("the demo needs an empty or new directory"), "{run}");
    let run = churn(folder.path(), &["demo", "other", "--weeks", "3"]);
    assert!(run.code == 2 && run.stderr.contains("--story"), "{run}");
    let run = churn(folder.path(), &["demo", "other", "--story", "--weeks", "0"]);
    assert!(run.code == 2 && !folder.path().join("other").exists(), "{run}");
}
