//! Who has left already, definitions that do not fit, and models that know no more than who was silent longest.

use crate::common::world::{World, AS_OF, CUSTOMERS};
use crate::common::{churn, day, real_data, repository, Population, Run, Table};
use arrow_array::{ArrayRef, Date32Array, Int64Array, TimestampMicrosecondArray};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const SECONDS_A_DAY: i64 = 86_400;
const SILENT: [&str; 4] = ["--set", "churn.definition=inactivity", "--set", "churn.signals=[\"logins\"]"];

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap()
}

/// The second of each customer's last row before an instant, by the plainest means.
fn last_rows(files: &[impl AsRef<Path>], before: i64) -> BTreeMap<String, i64> {
    let mut last = BTreeMap::new();
    for file in files {
        let table = Table::read(file.as_ref());
        for (id, time) in table.column("customer_id").iter().zip(table.column("ts")) {
            let second = time.whole().unwrap().div_euclid(1_000_000);
            if second < before {
                let of_customer = last.entry(id.key()).or_insert(second);
                *of_customer = second.max(*of_customer);
            }
        }
    }
    last
}

/// Days and customers, as a result tells them.
fn told(silence: &Value) -> Vec<(i64, u64)> {
    let at_least = silence["at_least"].as_array().unwrap();
    at_least.iter().map(|of| (of["days"].as_i64().unwrap(), of["customers"].as_u64().unwrap())).collect()
}

/// A row of a second signal for every other customer, ten days before the end.
fn with_visits() -> World {
    let world = World::integers();
    let ids: Vec<i64> = (1..=CUSTOMERS).step_by(2).collect();
    let times = vec![(day(AS_OF) - 10) * SECONDS_A_DAY * 1_000_000; ids.len()];
    let times = TimestampMicrosecondArray::from(times).with_timezone("UTC");
    world.put("visits", &[("customer_id", Arc::new(Int64Array::from(ids)) as ArrayRef), ("ts", Arc::new(times))]);
    let path = world.path().join("churn.toml");
    let text = fs::read_to_string(&path).unwrap();
    let visits = "[signals.visits]\nkind = \"event\"\npath = \"visits.parquet\"\nid = \"customer_id\"\ntime = \"ts\"\n\
                  max_staleness_days = 30\n";
    fs::write(&path, text + visits).unwrap();
    world
}

/// Settings, and what follows from them.
struct Case<'a> {
    sets: &'a [&'a str],
    /// The tables whose rows are activity.
    tables: &'a [&'a str],
    /// Days before the as-of date in which a customer must have one.
    within: Option<i64>,
    /// The days of silence that are told.
    days: &'a [i64],
    /// Whether the cancellations count.
    cancelled: bool,
}

const CASES: &[Case] = &[
    Case { sets: &SILENT, tables: &["logins"], within: Some(37), days: &[7, 28, 37], cancelled: false },
    Case {
        sets: &["--set", "churn.horizon_days=60"],
        tables: &["logins", "visits"],
        within: Some(90),
        days: &[7, 28, 67],
        cancelled: true,
    },
    Case {
        sets: &["--set", "eligibility.signals=[\"visits\"]"],
        tables: &["visits"],
        within: Some(90),
        days: &[7, 28, 37],
        cancelled: true,
    },
    Case {
        sets: &["--set", "eligibility.active_within_days=12"],
        tables: &["logins", "visits"],
        within: Some(12),
        days: &[7, 28, 37],
        cancelled: true,
    },
    Case {
        sets: &["--set", "eligibility.signals=[\"logins\"]", "--set", "eligibility.active_within_days=0"],
        tables: &["logins"],
        within: None,
        days: &[7, 28, 37],
        cancelled: true,
    },
    // The look-back is no longer than that.
    Case {
        sets: &["--set", "features.windows_days=[3, 15]"],
        tables: &["logins", "visits"],
        within: Some(90),
        days: &[7, 28, 30],
        cancelled: true,
    },
];

#[test]
fn the_rows_that_count_as_activity_decide_who_is_eligible_and_silent() {
    let world = with_visits();
    for (zone, midnight) in [("UTC", 0), ("Asia/Tokyo", -9 * 3600)] {
        let as_of = day(AS_OF) * SECONDS_A_DAY + midnight;
        let set_zone = format!("time.zone={zone}");
        for Case { sets, tables, within, days, cancelled } in CASES {
            let common = ["check", "--as-of", AS_OF, "--format", "json", "--set", &set_zone];
            let run = world.run(&[&common[..], &["--set", "gates.min_churners=0"], sets].concat()).ok();
            let checked = json(&run);

            let files: Vec<_> = tables.iter().map(|table| world.path().join(format!("{table}.parquet"))).collect();
            let last = last_rows(&files, as_of);
            let silent: Vec<i64> = (1..=CUSTOMERS)
                .filter(|&id| !(*cancelled && left(id, day(AS_OF))))
                .map(|id| last.get(&format!("Whole({id})")).map_or(i64::MAX, |second| as_of - second))
                .filter(|&silent| within.is_none_or(|within| silent <= within * SECONDS_A_DAY))
                .collect();
            let longer = |days: i64| silent.iter().filter(|&&silent| silent > days * SECONDS_A_DAY).count() as u64;
            let expected: Vec<(i64, u64)> = days.iter().map(|&days| (days, longer(days))).collect();

            assert_eq!(checked["eligible"].as_u64(), Some(silent.len() as u64), "{zone} {sets:?} {run}");
            assert_eq!(told(&checked["silence"]), expected, "{zone} {sets:?}");
            assert_eq!(checked["silence"]["customers"], checked["eligible"]);
        }
    }
}

/// Whether a customer of the world has left before a day.
fn left(id: i64, before: i64) -> bool {
    id % 4 == 0 && day(AS_OF) - 5 - id * 7 % 300 < before
}

#[test]
fn defaults_that_follow_from_inactivity_say_so_and_give_way() {
    let world = with_visits();
    let shown = |sets: &[&str]| world.run(&[&["config", "show"][..], sets].concat()).ok().stdout;
    let event = shown(&[]);
    assert!(event.contains("active_within_days = 90  # default\n") && !event.contains("\nsignals = "), "{event}");

    let silent = shown(&[&SILENT[..], &["--set", "churn.gap_days=3"]].concat());
    let line = |text: &str, key: &str| {
        let section = text.split("[eligibility]").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
        section.lines().find(|line| line.starts_with(key)).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line(&silent, "active_within"), "active_within_days = 33 # default: gap and horizon of inactivity");
    assert_eq!(line(&silent, "signals"), "signals = [\"logins\"] # default: churn.signals of inactivity");

    let own = ["--set", "eligibility.active_within_days=90", "--set", "eligibility.signals=[]"];
    let silent = shown(&[&SILENT[..], &own].concat());
    assert_eq!(line(&silent, "active_within"), "active_within_days = 90 # --set");
    assert_eq!(line(&silent, "signals"), "signals = [] # --set");

    let run = world.run(&["check", "--set", "eligibility.signals=[\"vists\", \"orders\", \"logins\", \"logins\"]"]);
    assert!(run.code == 2 && run.stderr.contains("no signal `vists`; did you mean `visits`?"), "{run}");
    assert!(
        run.stderr.contains("no signal `orders`; there are: logins, visits") && run.stderr.contains("twice"),
        "{run}"
    );
}

#[test]
fn who_has_left_is_on_no_list_unless_settings_ask_for_it() {
    let world = World::integers();
    let as_of = day(AS_OF) * SECONDS_A_DAY;
    let last = last_rows(&[world.path().join("logins.parquet")], as_of);
    let listed = |sets: &[&str]| {
        world.run(&[&["train", "--promote", "always"][..], &SILENT, sets].concat()).ok();
        let run = world.run(&[&["score", "--as-of", AS_OF, "--set", "list.capacity=60"][..], &SILENT, sets].concat());
        let folder = world.path().join(format!("out/lists/as_of={AS_OF}"));
        let manifest: Value = serde_json::from_str(&fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap();
        let list = Table::read(&folder.join("at_risk.parquet"));
        let silent: Vec<i64> = list.column("customer_id").iter().map(|id| as_of - last[&id.key()]).collect();
        let expected =
            [7, 28, 37].map(|days| (days, silent.iter().filter(|&&s| s > days * SECONDS_A_DAY).count() as u64));
        assert_eq!(told(&manifest["silence"]), expected, "{run}");
        (run.ok(), silent.into_iter().max().unwrap())
    };

    let (run, longest) = listed(&[]);
    assert!(longest <= 37 * SECONDS_A_DAY && run.stdout.contains("none for 37\n"), "{longest} {run}");
    assert!(run.stdout.contains("of the listed silent, without a row of `logins`: "), "{run}");
    assert!(!run.stderr.contains("left already"), "{run}");
    let (run, longest) = listed(&["--set", "eligibility.active_within_days=0"]);
    assert!(longest > 100 * SECONDS_A_DAY, "{longest} {run}");
    assert!(run.stderr.contains("of the listed customers have had no row of `logins` for the 37 days"), "{run}");
}

#[test]
fn nobody_on_the_list_of_cdnow_has_left_already() {
    let Some(data) = real_data("cdnow") else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = fs::read_to_string(repository("tests/real/cdnow/churn.toml")).unwrap();
    let own: Vec<&str> = config.lines().filter(|line| !line.starts_with("active_within_days")).collect();
    let own = own.join("\n").replace("../../../../shared/data/cdnow", &data.display().to_string());
    fs::write(folder.path().join("churn.toml"), own).unwrap();

    const AS_OF: &str = "1998-07-01";
    let checked = json(&churn(folder.path(), &["check", "--as-of", AS_OF, "--format", "json"]).ok());
    assert_eq!(told(&checked["silence"]).last(), Some(&(90, 0)), "{checked}");
    churn(folder.path(), &["train", "--set", "model.complexity=linear"]).ok();
    let run = churn(folder.path(), &["score", "--as-of", AS_OF, "--model", "v0001"]).ok();
    assert!(run.stdout.contains("without a row of `orders`: ") && run.stdout.contains("none for 90\n"), "{run}");

    let as_of = day(AS_OF) * SECONDS_A_DAY;
    let last = last_rows(&[data.join("orders.parquet")], as_of);
    let list = Table::read(&folder.path().join(format!("out/lists/as_of={AS_OF}/at_risk.parquet")));
    assert_eq!(list.rows, 500);
    crate::yardsticks::check(&list);
    let longest = list.column("customer_id").iter().map(|id| as_of - last[&id.key()]).max().unwrap();
    assert!(longest <= 90 * SECONDS_A_DAY, "silent for {} days", longest / SECONDS_A_DAY);
}

#[test]
fn a_definition_that_does_not_fit_is_told_before_it_is_trained() {
    let population = Population::shared();
    let folder = tempfile::tempdir().unwrap();
    let said = |command: &str, sets: &[&str]| {
        let models = format!("paths.models={}", folder.path().join("models").display());
        let mut arguments = vec![command, "--as-of", Population::AS_OF, "--set", &models, "--set", "model.alpha=0.01"];
        sets.iter().for_each(|set| arguments.extend(["--set", set]));
        churn(&population.folder, &arguments).stderr
    };

    // Few customers answer a survey in a month.
    let rare = ["churn.definition=inactivity", "churn.signals=[\"surveys\"]"];
    for command in ["check", "train"] {
        let fits = said(command, &[]);
        for word in ["churn by this definition", "windows are short", "there are no rows", "nothing can be said"] {
            assert!(!fits.contains(word), "{fits}");
        }

        let most =
            said(command, &[&rare[..], &["churn.horizon_days=2", "eligibility.active_within_days=365"]].concat());
        assert!(
            most.contains("most customers churn by this definition") && most.contains("usually pause for"),
            "{most}"
        );
        assert!(most.contains("of the customers learned from have had no row of `surveys`"), "{most}");
        let short = said(command, &[&rare[..], &["features.windows_days=[1, 2]"]].concat());
        assert!(short.contains("windows are short beside the customers' rhythm"), "{short}");
        let few = said(command, &["churn.horizon_days=1", "gates.min_churners=1"]);
        assert!(few.contains("hardly any customer churns by this definition"), "{few}");
        let dates = "training.as_of=[\"2024-01-01\", \"2026-01-01\", \"2026-02-01\", \"2026-04-01\"]";
        let empty = said(command, &[dates]);
        assert!(
            empty.contains("nobody is eligible, so there are no rows, on the snapshot 2024-01-01 (excluded: "),
            "{empty}"
        );
    }
}

#[test]
fn held_out_rows_of_one_kind_are_told_with_what_is_missing() {
    let world = World::integers();
    let end = day("2026-03-20");
    let table = Table::read(&world.path().join("churn.parquet"));
    let days = table.column("churned_on").iter().map(|cell| cell.whole().unwrap());
    let known = table.column("customer_id").iter().map(|cell| cell.whole().unwrap()).zip(days);
    let (ids, days): (Vec<i64>, Vec<i32>) =
        known.filter(|(_, day)| *day < end).map(|(id, day)| (id, day as i32)).unzip();
    let newest = churn_risk::calendar::Day(days.iter().copied().max().unwrap());
    let (ids, days) = (Int64Array::from(ids), Date32Array::from(days));
    world.put("churn", &[("customer_id", Arc::new(ids) as ArrayRef), ("churned_on", Arc::new(days))]);

    // Otherwise the labels would end where the cancellations do.
    let run = world.run(&["train", "--set", "gates.max_label_silence=0"]).ok();
    let said = "customers of 2026-04-23 churned between 2026-04-30 and 2026-05-29";
    assert!(run.stderr.contains(said) && run.stderr.contains(&format!("newest cancellation is of {newest}")), "{run}");
    assert!(run.stdout.contains("churned, too few of one kind") && !run.stdout.contains("ROC AUC"), "{run}");
    assert!(run.stdout.contains("Not promoted: nothing is known of how it ranks"), "{run}");
}

#[test]
fn a_model_that_knows_no_more_than_recency_waits_to_be_asked_for() {
    let world = World::integers();
    let trained = json(&world.run(&["train", "--format", "json"]).ok());
    let reason = trained["reason"].as_str().unwrap();
    assert_eq!(trained["promoted"], false, "{reason}");
    assert!(
        reason.contains("than days since last activity alone does") && reason.contains("average precision"),
        "{reason}"
    );
    assert!(reason.contains("`churn models promote v0001`") && reason.contains("--promote always"), "{reason}");

    let run = world.score();
    assert!(run.code == 8 && run.stderr.contains("none of its versions has been promoted (v0001)"), "{run}");
    world.run(&["models", "promote", "v0001"]).ok();
    world.score().ok();
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["--help"][..], &["--version"], &["train", "--help"], &["completions", "bash"]] {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" > /dev/full", crate::common::BINARY]).args(arguments);
        let run = crate::common::run(folder.path(), command);
        assert!(run.code == 75 && run.stderr.contains("cannot write standard output"), "{run}");
        churn(folder.path(), arguments).ok();
    }
    assert_eq!(churn(folder.path(), &["--hlep"]).code, 2);
}
