//! What is said: names that nobody can see, ids that a terminal would obey, levels that are spelt otherwise, and the cause of
//! trouble by its name.

use crate::common::{churn, write, Run, Table};
use arrow_array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const AS_OF: &str = "2026-06-01";
const CUSTOMERS: i64 = 600;
const MICROS_A_DAY: i64 = 86_400_000_000;

const CONFIG: &str = r#"
[customers]
path = "customers.parquet"
id = "customer_id"
signup = "signup_date"
categorical = ["plan"]

[signals.logins]
kind = "event"
path = "logins.parquet"
id = "customer_id"
time = "ts"

[churn]
path = "churn.parquet"

[model]
complexity = "linear"

[gates]
min_customers = 50
min_churners = 20
"#;

/// A small world: every fourth customer falls silent and leaves.
struct World {
    folder: TempDir,
}

impl World {
    /// With ids as `ids` makes them of the numbers from 1.
    fn new(ids: impl Fn(&[i64]) -> ArrayRef) -> World {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("churn.toml"), CONFIG).unwrap();
        let world = World { folder };
        let end = crate::common::day(AS_OF);
        let all: Vec<i64> = (1..=CUSTOMERS).collect();
        let left = |customer: i64| (customer % 4 == 0).then_some(end - 5 - customer * 7 % 300);

        world.customers(ids(&all), "pro");
        let leavers: Vec<i64> = all.iter().copied().filter(|&customer| left(customer).is_some()).collect();
        let days = leavers.iter().map(|&customer| left(customer).unwrap() as i32);
        world.put(
            "churn",
            &[("customer_id", ids(&leavers)), ("churned_on", Arc::new(Date32Array::from_iter_values(days)))],
        );

        let mut rows: Vec<(i64, i64)> = Vec::new();
        for &customer in &all {
            let last = left(customer).map_or(end, |day| day - 20 - customer % 40);
            let days = (end - 516 + customer % 3..last).step_by(3 + customer as usize % 3);
            rows.extend(days.map(|day| (customer, day * MICROS_A_DAY + customer * 1_000_000)));
        }
        let of: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.1)).with_timezone("UTC");
        world.put("logins", &[("customer_id", ids(&of)), ("ts", Arc::new(times))]);
        world
    }

    fn integers() -> World {
        World::new(|ids| Arc::new(Int64Array::from(ids.to_vec())))
    }

    fn customers(&self, ids: ArrayRef, first_plan: &str) {
        let end = crate::common::day(AS_OF) as i32;
        let signup = (0..ids.len() as i32).map(|row| end - 560 - row % 300);
        let plans = (0..ids.len()).map(|row| [first_plan, "team"][usize::from(row % 5 == 0)]);
        let (signup, plans) = (Date32Array::from_iter_values(signup), StringArray::from_iter_values(plans));
        self.put("customers", &[("customer_id", ids), ("signup_date", Arc::new(signup)), ("plan", Arc::new(plans))]);
    }

    fn put(&self, name: &str, columns: &[(&str, ArrayRef)]) {
        let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
        write(&self.path().join(format!("{name}.parquet")), &[batch], 100_000);
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Run {
        churn(self.path(), arguments)
    }

    fn trained(self) -> World {
        self.run(&["train", "--promote", "always"]).ok();
        self
    }

    fn score(&self) -> Run {
        self.run(&["score", "--as-of", AS_OF])
    }

    fn warnings(&self) -> String {
        let path = self.path().join(format!("out/lists/as_of={AS_OF}/manifest.json"));
        let manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        manifest["warnings"].as_array().unwrap().iter().map(|text| format!("{}\n", text.as_str().unwrap())).collect()
    }
}

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
