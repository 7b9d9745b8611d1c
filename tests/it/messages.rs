//! What is said: names that nobody can see, ids that a terminal would obey, levels that are spelt otherwise, and the
//! cause of trouble by its name.

use crate::common::world::{World, AS_OF, CUSTOMERS};
use crate::common::Table;
use arrow_array::{ArrayRef, Int64Array, StringArray};
use std::sync::Arc;

/// What a terminal would obey, or turn the direction of.
fn commands(text: &str) -> Vec<char> {
    text.chars().filter(|&c| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c)).collect()
}

#[test]
fn ids_command_no_terminal_and_are_cut() {
    let id = |customer: &i64| format!("\u{1b}[31mX{customer}\r\n\u{9b}2J\u{202e}{}", "y".repeat(5_000));
    let world = World::new(|ids| Arc::new(StringArray::from_iter_values(ids.iter().map(id)))).trained();
    let first = world.score().ok();
    let (nobody, somebody) = (world.run(&["explain", &id(&9_999), "--as-of", AS_OF]), id(&3));
    let explained = world.run(&["explain", &somebody, "--as-of", AS_OF]).ok();
    assert!(nobody.code == 2 && nobody.stderr.contains("there is no customer"), "{nobody}");

    for run in [&first, &nobody, &explained] {
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(commands(&text).is_empty(), "{:?} in {run}", commands(&text));
        assert!(text.contains("\\u001b[31mX") && !text.contains(&"y".repeat(100)), "{run}");
    }

    let list = Table::read(&world.path().join(format!("out/lists/as_of={AS_OF}/at_risk.parquet")));
    assert!(list.column("customer_id").iter().all(|cell| cell.text().unwrap().starts_with("\u{1b}[31mX")));
    let json = world.run(&["explain", &somebody, "--as-of", AS_OF, "--format", "json"]).ok();
    let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(report["customer_id"] == somebody.as_str() && commands(&json.stdout).is_empty());
}

#[test]
fn a_negative_id_is_explained_as_it_stands() {
    let world = World::new(|ids| Arc::new(Int64Array::from_iter_values(ids.iter().map(|id| -id)))).trained();
    let run = world.run(&["explain", "-34", "--as-of", AS_OF]).ok();
    assert!(run.stdout.starts_with("Customer -34 on"), "{run}");
    let run = world.run(&["explain", "--as-of", AS_OF, "-x"]);
    assert!(run.code == 2 && run.stderr.contains("there is no customer `-x`"), "{run}");
    let run = world.run(&["explain", "--as-of", AS_OF, "--", "--as-of"]);
    assert!(run.code == 2 && run.stderr.contains("there is no customer `--as-of`"), "{run}");
}

#[test]
fn of_a_customer_who_is_not_eligible_the_reason_is_told() {
    let world = World::integers();
    let rules = ["--set", "eligibility.active_within_days=45"];
    world.run(&[&["train", "--promote", "always"], rules.as_slice()].concat()).ok();
    // The second leaves a day after that date, and was last seen 56 days before.
    for (id, as_of, why) in [
        ("4", AS_OF, "cancelled before"),
        ("236", "2025-12-25", "without a row of any signal in the 45 days before (eligibility.active_within_days)"),
    ] {
        let run = world.run(&[&["explain", id, "--as-of", as_of], rules.as_slice()].concat());
        let said = format!("customer `{id}` is not eligible on {as_of}: {why}");
        assert!(run.code == 5 && run.stderr.contains(&said), "{said:?} is missing: {run}");
    }
}

#[test]
fn what_cannot_be_seen_in_a_name_is_shown() {
    let world = World::integers();
    let logins = crate::common::batches(&world.path().join("logins.parquet")).remove(0);
    for (id, time, said) in [
        ("\u{feff}customer_id", "ts", "did you mean \"\\ufeffcustomer_id\", with a byte order mark?"),
        ("customer_id ", "ts", "did you mean \"customer_id \", with a blank at the end?"),
        ("customer_id\u{200b}", "ts", "with a character of zero width?"),
        ("CUSTOMER_ID", "TS", "did you mean `CUSTOMER_ID`?"),
    ] {
        world.put("other", &[(id, logins.column(0).clone()), (time, logins.column(1).clone())]);
        let run = world.run(&["check", "--set", "signals.logins.path=other.parquet"]);
        assert!(run.code == 3 && run.stderr.contains(said), "{run}");
    }
    let run = world.run(&["check", "--set", "signals.logins.time=ts\u{200b}"]);
    assert!(run.code == 3 && run.stderr.contains("did you mean `ts`, without a character of zero width?"), "{run}");
}

#[test]
fn trouble_is_told_by_its_cause() {
    let world = World::integers();
    let nobody: ArrayRef = Arc::new(Int64Array::from(Vec::<i64>::new()));
    let logins = crate::common::batches(&world.path().join("logins.parquet")).remove(0).slice(0, 0);
    world.put("logins", &[("customer_id", logins.column(0).clone()), ("ts", logins.column(1).clone())]);
    for command in [&["check"][..], &["train"]] {
        let run = world.run(command);
        assert!(run.code == 5 && run.stderr.contains("`logins` has 0 rows in 1 files"), "{run}");
        assert!(!run.stderr.contains(&format!("churn {}", command[0])), "{run}");
    }

    world.customers(nobody, "pro");
    let run = world.run(&["check"]);
    assert!(run.code == 5 && run.stderr.starts_with("error: customers: the table has no customer"), "{run}");
}

#[test]
fn levels_that_the_model_does_not_know_are_told() {
    let world = World::integers().trained();
    world.score().ok();
    assert!(!world.warnings().contains("plan"), "{}", world.warnings());

    world.customers(Arc::new(Int64Array::from_iter_values(1..=CUSTOMERS)), "Pro");
    let run = world.score().ok();
    let warnings = world.warnings();
    for said in [&warnings, &run.stderr] {
        assert!(said.contains("`plan`: 80 % of the rows") && said.contains("`Pro`; it knows `pro`"), "{said}");
    }
}

#[test]
fn a_misspelt_section_of_the_environment_is_refused() {
    let world = World::integers();
    let with = |name: &str| {
        let mut command = std::process::Command::new("env");
        command.args([&format!("{name}=9"), crate::common::BINARY, "config", "show"]);
        crate::common::run(world.path(), command)
    };
    for (name, said) in [
        ("CHURN_LISTS__CAPACITY", "`list.capacity`"),
        ("CHURN_SIGNALS__LOGIN__PATH", "did you mean `logins`?"),
        ("CHURN_LIST_CAPACTIY", "`list.capacity`"),
        ("CHURN_THREAD", "CHURN_THREADS"),
    ] {
        let run = with(name);
        assert!(run.code == 2 && run.stderr.contains(name) && run.stderr.contains(said), "{run}");
    }
    for of_others in ["CHURN_BIN", "CHURN_REAL_DATA", "CHURN_TEAM_URL"] {
        with(of_others).ok();
    }
}
