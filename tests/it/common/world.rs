//! A small world: customers, log-ins and cancellations in one file each.

use super::{churn, day, write, Run};
use arrow_array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// The day after the history.
pub const AS_OF: &str = "2026-06-01";
/// Customers, with the ids from 1.
pub const CUSTOMERS: i64 = 600;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// The configuration, of which every path is beside it.
pub const CONFIG: &str = r#"
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

/// A small world: every fourth customer falls silent and leaves, after some weeks without a log-in.
pub struct World {
    folder: TempDir,
}

impl World {
    /// With ids as `ids` makes them of the numbers from 1.
    pub fn new(ids: impl Fn(&[i64]) -> ArrayRef) -> World {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("churn.toml"), CONFIG).unwrap();
        let world = World { folder };
        let end = day(AS_OF);
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

    pub fn integers() -> World {
        World::new(|ids| Arc::new(Int64Array::from(ids.to_vec())))
    }

    pub fn customers(&self, ids: ArrayRef, first_plan: &str) {
        let end = day(AS_OF) as i32;
        let signup = (0..ids.len() as i32).map(|row| end - 560 - row % 300);
        let plans = (0..ids.len()).map(|row| [first_plan, "team"][usize::from(row % 5 == 0)]);
        let (signup, plans) = (Date32Array::from_iter_values(signup), StringArray::from_iter_values(plans));
        self.put("customers", &[("customer_id", ids), ("signup_date", Arc::new(signup)), ("plan", Arc::new(plans))]);
    }

    pub fn put(&self, name: &str, columns: &[(&str, ArrayRef)]) {
        let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
        write(&self.path().join(format!("{name}.parquet")), &[batch], 100_000);
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        churn(self.path(), arguments)
    }

    pub fn trained(self) -> World {
        self.run(&["train", "--promote", "always"]).ok();
        self
    }

    pub fn score(&self) -> Run {
        self.run(&["score", "--as-of", AS_OF])
    }

    pub fn warnings(&self) -> String {
        let path = self.path().join(format!("out/lists/as_of={AS_OF}/manifest.json"));
        let manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        manifest["warnings"].as_array().unwrap().iter().map(|text| format!("{}\n", text.as_str().unwrap())).collect()
    }
}
