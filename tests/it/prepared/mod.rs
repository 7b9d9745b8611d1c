//! Prepared feature tables: trained on, scored and explained with the real binary, well-formed and broken.

use crate::common::{artefact, churn, day, write, Cell, Population, Run, Table};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int64Array,
    Int8Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

mod list;
mod twins;
mod wide;

/// Rows of a table unless a test says otherwise.
const ROWS: usize = 600;

/// Random numbers in [0, 1), the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A good table, column by column, for tests to break.
#[derive(Clone)]
struct Columns(Vec<(String, ArrayRef)>);

impl Columns {
    /// `customer_id`, `churned` (about a fifth), numbers `x` and `z` that matter, and a level `plan`.
    fn good(rows: usize) -> Columns {
        let mut random = Random(7);
        let x: Vec<f64> = (0..rows).map(|_| 2.0 * random.next() - 1.0).collect();
        let z: Vec<f64> = (0..rows).map(|_| random.next()).collect();
        let churned = x.iter().zip(&z).map(|(x, z)| i64::from(random.next() < 0.2 + 0.15 * x + 0.1 * (z - 0.5)));
        let churned = Int64Array::from_iter_values(churned.collect::<Vec<_>>());
        let plan: Vec<&str> = (0..rows).map(|row| ["basic", "pro", "team"][row % 3]).collect();
        Columns(Vec::new())
            .with("customer_id", Int64Array::from_iter_values(1000..1000 + rows as i64))
            .with("churned", churned)
            .with("x", Float64Array::from(x))
            .with("z", Float64Array::from(z))
            .with("plan", StringArray::from(plan))
    }

    /// The same with a column more, or another in its place.
    fn with(mut self, name: &str, array: impl arrow_array::Array + 'static) -> Columns {
        let array: ArrayRef = Arc::new(array);
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, column)) => *column = array,
            None => self.0.push((name.to_owned(), array)),
        }
        self
    }

    fn without(mut self, name: &str) -> Columns {
        self.0.retain(|(known, _)| known != name);
        self
    }

    fn labels(&self) -> Vec<i64> {
        let (_, column) = self.0.iter().find(|(name, _)| name == "churned").unwrap();
        arrow_array::cast::AsArray::as_primitive::<arrow_array::types::Int64Type>(column).values().to_vec()
    }

    fn batch(&self) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(self.0.iter().map(|(name, array)| (name, array.clone(), true)))
            .unwrap()
    }

    fn save(&self, path: &Path) {
        write(path, &[self.batch()], 250);
    }
}

/// A folder with a table.
struct Place {
    folder: TempDir,
}

impl Place {
    fn of(columns: &Columns) -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        columns.save(&place.path("table.parquet"));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command on a table, with gates for a small one.
    fn run(&self, command: &[&str], table: &str, settings: &[&str]) -> Run {
        let mut arguments = command.to_vec();
        arguments.extend(["--features", table, "--set", "gates.min_customers=1", "--set", "gates.min_churners=1"]);
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        churn(self.folder.path(), &arguments)
    }

    fn train(&self, settings: &[&str]) -> Run {
        self.run(&["train"], "table.parquet", settings)
    }

    fn model(&self) -> serde_json::Value {
        artefact(&self.path("models"))
    }

    /// Training ends with this code and one message that names these things, and leaves no model.
    #[track_caller]
    fn refuses(&self, settings: &[&str], code: i32, says: &[&str]) {
        refused(&self.train(settings), code, says);
        assert!(!self.path("models/v0001").exists(), "a model was left behind");
    }
}

#[track_caller]
fn refused(run: &Run, code: i32, says: &[&str]) {
    let messages = run.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    assert!(run.code == code && messages == 1 && !run.stderr.contains("panicked"), "expected exit code {code}: {run}");
    says.iter().for_each(|word| assert!(run.stderr.contains(word), "the message does not say `{word}`: {run}"));
}

fn days(dates: &[&str]) -> Vec<i32> {
    dates.iter().map(|date| day(date) as i32).collect()
}

/// A good table on several dates, each with the same customers.
fn dated(dates: &[&str], rows: usize) -> Columns {
    let all = Columns::good(rows * dates.len());
    let ids = (0..rows * dates.len()).map(|row| (row % rows) as i64);
    let on = days(dates);
    all.with("customer_id", Int64Array::from_iter_values(ids.collect::<Vec<_>>()))
        .with("as_of", Date32Array::from_iter_values((0..rows * dates.len()).map(|row| on[row / rows])))
}

const DATES: [&str; 4] = ["2024-01-01", "2024-03-01", "2024-05-01", "2024-07-01"];

#[test]
fn without_as_of_dates_folds_are_held_out_and_said_so() {
    let place = Place::of(&Columns::good(ROWS));
    let run = place.train(&[]).ok();
    assert!(run.stdout.contains("no split by time was possible"), "{run}");
    let model = place.model();
    let evaluation = &model["evaluation"];
    let folds = evaluation["folds"]["by_fold"].as_array().unwrap();
    let churners: Vec<u64> = folds.iter().map(|fold| fold[1]["churners"].as_u64().unwrap()).collect();
    assert_eq!(folds.len(), 5);
    assert!(churners.iter().max().unwrap() - churners.iter().min().unwrap() <= 1, "not stratified: {churners:?}");
    assert_eq!(evaluation["metrics"]["rows"], ROWS);
    assert_eq!(model["rows"], ROWS);
    assert!(evaluation["metrics"]["roc_auc"].as_f64().unwrap() > 0.6, "{run}");

    let score = place.run(&["score", "--as-of", "2024-02-01"], "table.parquet", &["list.capacity=7"]).ok();
    assert!(score.stdout.contains("At-risk list of 2024-02-01"), "{score}");
    let list = Table::read(&place.path("out/lists/as_of=2024-02-01/at_risk.parquet"));
    assert_eq!(list.rows, 7);
    assert!(list.column("reason_1_text").iter().any(|text| text.text().is_some_and(|text| text.starts_with("X is"))));
    let scores = Table::read(&place.path("out/lists/as_of=2024-02-01/scores.parquet"));
    assert_eq!(scores.rows, ROWS);

    // Without signals there are only the measures of the model, in the month of the day before.
    let kpis = Table::read(&place.path("out/lists/as_of=2024-02-01/kpis.parquet"));
    let measures: BTreeSet<&str> = kpis.column("measure").iter().filter_map(|measure| measure.text()).collect();
    assert_eq!(measures, ["expected_churners", "mean_risk"].into());
    assert!(kpis.column("period_start").iter().all(|start| start.whole() == Some(day("2024-01-01"))));
    let risks: f64 = scores.column("churn_probability").iter().filter_map(|risk| risk.number()).sum();
    let of_all = (0..kpis.rows).filter(|&row| kpis.column("segment")[row].text() == Some("all"));
    let told: Vec<f64> = of_all.filter_map(|row| kpis.column("value")[row].number()).collect();
    assert!((told[1] - risks).abs() < 1e-6 && (told[0] - risks / ROWS as f64).abs() < 1e-9, "{told:?}, {risks}");
    let told = place.run(&["explain", "1003", "--as-of", "2024-02-01"], "table.parquet", &[]).ok();
    assert!(told.stdout.contains("Customer 1003 on 2024-02-01"), "{told}");
}

#[test]
fn given_folds_are_used_and_one_without_a_churner_is_no_trouble() {
    let good = Columns::good(ROWS);
    let folds: Vec<i64> = good
        .labels()
        .iter()
        .enumerate()
        .map(|(row, y)| if *y == 0 && row % 4 == 0 { 9 } else { row as i64 % 3 })
        .collect();
    let place = Place::of(&good.with("fold", Int64Array::from(folds)));
    place.train(&[]).ok();
    let folds = &place.model()["evaluation"]["folds"];
    assert_eq!(folds["column"], "fold");
    let by_fold = folds["by_fold"].as_array().unwrap();
    assert_eq!(by_fold.iter().map(|fold| fold[0].as_str().unwrap()).collect::<Vec<_>>(), ["0", "1", "2", "9"]);
    assert_eq!((&by_fold[3][1]["churners"], &by_fold[3][1]["roc_auc"]), (&0.into(), &serde_json::Value::Null));
    let known: Vec<f64> = by_fold[..3].iter().map(|fold| fold[1]["roc_auc"].as_f64().unwrap()).collect();
    let mean = folds["mean"]["roc_auc"].as_f64().unwrap();
    assert!((mean - known.iter().sum::<f64>() / 3.0).abs() < 1e-12);
}

#[test]
fn with_as_of_dates_the_newest_is_held_out_and_scored_alone() {
    // The newest date has no labels yet.
    let columns = dated(&DATES, 300);
    let labels: Vec<Option<i64>> =
        columns.labels().into_iter().enumerate().map(|(row, y)| (row < 900).then_some(y)).collect();
    let columns = columns.with("churned", Int64Array::from(labels));
    let place = Place::of(&columns);
    let run = place.train(&[]).ok();
    assert!(!run.stdout.contains("no split by time") && run.stderr.contains("2024-07-01"), "{run}");
    let snapshots = &place.model()["snapshots"];
    assert_eq!(snapshots["training"], serde_json::json!(["2024-01-01", "2024-03-01"]));
    assert_eq!(snapshots["evaluation"], serde_json::json!(["2024-05-01"]));
    assert_eq!(snapshots["unmatured"], serde_json::json!(["2024-07-01"]));

    let score = place.run(&["score"], "table.parquet", &[]).ok();
    assert!(score.stdout.contains("At-risk list of 2024-07-01"), "{score}");
    let scores = Table::read(&place.path("out/lists/as_of=2024-07-01/scores.parquet"));
    assert_eq!(scores.rows, 300);
    assert_eq!(scores.rows_by(&["customer_id"]).len(), 300);
    let told = place.run(&["explain", "17"], "table.parquet", &[]).ok();
    DATES.iter().for_each(|date| assert!(told.stdout.contains(date), "{told}"));
    refused(&place.run(&["score", "--as-of", "2024-02-02"], "table.parquet", &[]), 5, &["2024-02-02", "2024-07-01"]);

    // Label windows of a year would leave nothing to learn from.
    let place = Place::of(&dated(&DATES, 100));
    place.refuses(&["churn.horizon_days=365"], 5, &["churn.gap_days", "churn.horizon_days"]);
}

#[test]
fn the_order_of_rows_their_files_and_the_threads_do_not_matter() {
    let columns = Columns::good(ROWS);
    let place = Place::of(&columns);
    let batch = columns.batch();
    let order: Vec<u32> = (0..ROWS as u32).map(|row| (row * 7 + 3) % ROWS as u32).collect();
    let order = arrow_array::UInt32Array::from(order);
    let shuffled: Vec<ArrayRef> = batch.columns().iter().map(|column| taken(column, &order)).collect();
    let shuffled = RecordBatch::try_new(batch.schema(), shuffled).unwrap();
    write(&place.path("parts/b.parquet"), &[shuffled.slice(0, 50)], 7);
    write(&place.path("parts/a.parquet"), &[shuffled.slice(50, ROWS - 50)], 100);
    let learned = |table: &str, threads: &str| {
        let models = format!("paths.models=models-{}-{threads}", table.replace('/', "-"));
        place.run(&["train", "--threads", threads], table, &[&models]).ok();
        let mut model = artefact(&place.path(models.strip_prefix("paths.models=").unwrap()));
        for differs in ["trained_at", "inputs", "checksum"] {
            model[differs] = serde_json::Value::Null;
        }
        model
    };
    let whole = learned("table.parquet", "1");
    assert_eq!(whole, learned("table.parquet", "4"));
    assert_eq!(whole, learned("parts", "2"));
    assert_eq!(whole, learned("parts/*.parquet", "3"));
}

/// Some rows of a column of this file's tables.
fn taken(column: &ArrayRef, rows: &arrow_array::UInt32Array) -> ArrayRef {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int64Type};
    let rows = rows.values().iter().map(|&row| row as usize);
    match column.data_type() {
        arrow_schema::DataType::Int64 => {
            Arc::new(Int64Array::from_iter_values(rows.map(|row| column.as_primitive::<Int64Type>().value(row))))
        }
        arrow_schema::DataType::Float64 => {
            Arc::new(Float64Array::from_iter_values(rows.map(|row| column.as_primitive::<Float64Type>().value(row))))
        }
        _ => Arc::new(StringArray::from_iter_values(rows.map(|row| column.as_string::<i32>().value(row)))),
    }
}

#[test]
fn types_are_tolerated_and_codes_are_numbers_unless_listed() {
    let dictionary: DictionaryArray<Int32Type> = (0..ROWS).map(|row| ["north", "south"][row % 2]).collect();
    let decimal = Decimal128Array::from_iter_values((0..ROWS as i128).map(|row| 100 * (row % 37)));
    let columns = Columns::good(ROWS)
        .with("region", dictionary)
        .with("price", decimal.with_precision_and_scale(10, 2).unwrap())
        .with("active", BooleanArray::from((0..ROWS).map(|row| row % 5 == 0).collect::<Vec<bool>>()))
        .with("small", Float32Array::from_iter_values((0..ROWS).map(|row| (row % 11) as f32)))
        .with("code", Int8Array::from_iter_values((0..ROWS).map(|row| (row % 4) as i8)))
        .with("raw_total", Int64Array::from_iter_values(0..ROWS as i64))
        .with("seen_at", TimestampMicrosecondArray::from_iter_values((0..ROWS as i64).map(|row| row * 1_000_000)));
    let place = Place::of(&columns);
    let listed = ["table.ignore=[\"raw_*\"]", "table.categorical=[\"code\"]"];
    let run = place.train(&listed).ok();
    assert!(run.stderr.contains("dates are no features: `seen_at`"), "{run}");
    let catalogue = &place.model()["catalogue"];
    let names: Vec<&str> =
        catalogue["numeric"].as_array().unwrap().iter().map(|feature| feature["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["x", "z", "price", "active", "small"]);
    assert_eq!(catalogue["categorical"], serde_json::json!(["plan", "region", "code"]));

    // Scoring reads the same from other types, whatever else is there.
    let later = columns
        .without("churned")
        .without("raw_total")
        .with("region", StringArray::from(vec![Some("east"); ROWS]))
        .with("plan", StringArray::from(vec![None::<&str>; ROWS]))
        .with("price", Float64Array::from(vec![f64::NAN; ROWS]))
        .with("news", StringArray::from(vec!["more"; ROWS]));
    later.save(&place.path("later.parquet"));
    place.run(&["score", "--as-of", "2024-02-01"], "later.parquet", &listed).ok();
    // The usual names, a configuration of other things, and no configuration at all give the same.
    fs::write(place.path("churn.toml"), "[list]\ncapacity = 3\n").unwrap();
    place.run(&["score", "--as-of", "2024-02-02"], "later.parquet", &[]).ok();
    assert_eq!(Table::read(&place.path("out/lists/as_of=2024-02-02/at_risk.parquet")).rows, 3);
}

#[test]
fn folders_can_hold_the_as_of_date() {
    let columns = Columns::good(ROWS);
    let place = Place::of(&columns);
    for (index, date) in DATES.iter().enumerate() {
        let part = columns.batch().slice(index * 150, 150);
        write(&place.path(&format!("parts/as_of={date}/part.parquet")), &[part], 100);
    }
    place.run(&["train"], "parts", &[]).ok();
    assert_eq!(place.model()["snapshots"]["evaluation"], serde_json::json!(["2024-07-01"]));
}

#[test]
fn labels_are_0_or_1() {
    let good = Columns::good(ROWS);
    let labels = good.labels();
    // Rows without a label are dropped and counted, not taken for customers who stayed.
    let some: Vec<Option<i64>> = labels.iter().enumerate().map(|(row, &y)| (row % 6 != 0).then_some(y)).collect();
    let place = Place::of(&good.clone().with("churned", Int64Array::from(some)));
    let run = place.train(&[]).ok();
    assert!(run.stderr.contains("100 of 600 rows have no label"), "{run}");
    assert_eq!(place.model()["rows"], 500);
    for (label, says) in [
        (Arc::new(StringArray::from(vec!["yes"; ROWS])) as ArrayRef, "string"),
        (Arc::new(Int64Array::from_iter_values(labels.iter().map(|y| 2 * y))), "holds 2"),
        (Arc::new(Float64Array::from_iter_values(labels.iter().map(|&y| y as f64 / 2.0))), "holds 0.5"),
    ] {
        let place = Place::of(&good.clone().with("churned", label));
        place.refuses(&[], 3, &["`churned`", says, "0"]);
    }
    for (label, code, says) in [
        (BooleanArray::from(vec![Some(false); ROWS]), 5, "churners"),
        (BooleanArray::from(vec![Some(true); ROWS]), 5, "customers who stayed"),
        (BooleanArray::from(vec![None; ROWS]), 5, "none of its 600 rows has a label"),
    ] {
        Place::of(&good.clone().with("churned", label)).refuses(&[], code, &[says]);
    }
    Place::of(&good.clone().without("churned")).refuses(&[], 3, &["`churned`", "table.label", "missing"]);
    let yes = BooleanArray::from(labels.iter().map(|&y| y == 1).collect::<Vec<_>>());
    Place::of(&good.with("churned", yes)).train(&[]).ok();
}

#[test]
fn labels_of_a_date_that_are_all_the_same_are_named() {
    let table = dated(&DATES, ROWS);
    let labels = table.labels();
    assert!(!Place::of(&table).train(&[]).ok().stderr.contains("all the same"));
    for (date, label, said) in [(1, 0, "none of the 600 labelled rows of 2024-03-01"), (2, 1, "all of the 600")] {
        let of_date = date * ROWS..(date + 1) * ROWS;
        let changed = labels.iter().enumerate().map(|(row, &y)| if of_date.contains(&row) { label } else { y });
        let place = Place::of(&table.clone().with("churned", Int64Array::from_iter_values(changed)));
        let run = place.train(&[]).ok();
        assert!(run.stderr.contains(said) && run.stderr.contains("usually missing or wrong"), "{run}");
    }
}

#[test]
fn ids_are_there_and_once_a_date() {
    let good = Columns::good(ROWS);
    let ids = |of: &dyn Fn(usize) -> Option<i64>| Int64Array::from((0..ROWS).map(of).collect::<Vec<_>>());
    let twice = ids(&|row| Some(if row < 10 { 4242 } else { row as i64 }));
    Place::of(&good.clone().with("customer_id", twice)).refuses(&[], 3, &["`customer_id`", "`4242`", "more than once"]);
    let columns = dated(&DATES, 150);
    let all_on = Date32Array::from(vec![days(&DATES)[0]; ROWS]);
    Place::of(&columns.with("as_of", all_on)).refuses(&[], 3, &["150 ids", "`0` on 2024-01-01", "450 rows too many"]);

    let few = Place::of(&good.clone().with("customer_id", ids(&|row| (row % 100 != 0).then_some(row as i64))));
    few.train(&[]).ok();
    assert_eq!(few.model()["rows"], 594);
    few.run(&["score", "--as-of", "2024-02-01"], "table.parquet", &[]).ok();
    let manifest = fs::read_to_string(few.path("out/lists/as_of=2024-02-01/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["quarantine"]["table"]["null_id"], 6);
    let many = good.with("customer_id", ids(&|row| (row % 3 != 0).then_some(row as i64)));
    Place::of(&many).refuses(&[], 3, &["200 of 600 rows", "no id", "max_quarantine_share"]);
}

#[test]
fn dates_in_the_future_stop_the_run() {
    let columns = dated(&["2024-01-01", "2024-03-01", "2071-01-01"], 200);
    Place::of(&columns).refuses(&[], 3, &["2071-01-01", "future"]);
    let place = Place::of(&dated(&DATES, 150));
    place.run(&["train", "--promote", "always"], "table.parquet", &[]).ok();
    columns.save(&place.path("future.parquet"));
    refused(&place.run(&["score"], "future.parquet", &[]), 3, &["2071-01-01", "future"]);
    place.run(&["score", "--as-of", "2024-03-01"], "future.parquet", &[]).ok();
}

#[test]
fn columns_that_say_nothing_or_the_same_do_no_harm() {
    let good = Columns::good(ROWS);
    let (_, x) = good.0.iter().find(|(name, _)| name == "x").unwrap();
    let x = arrow_array::cast::AsArray::as_primitive::<arrow_array::types::Float64Type>(x).values().to_vec();
    let folds: Vec<i64> = (0..ROWS as i64).map(|row| row % 4).collect();
    let varying = folds.iter().enumerate().map(|(row, &fold)| if fold == 2 { 5.0 } else { (row % 9) as f64 });
    let columns = good
        .with("fold", Int64Array::from(folds.clone()))
        .with("nothing", Float64Array::from(vec![None; ROWS]))
        .with("no_level", StringArray::from(vec![None::<&str>; ROWS]))
        .with("same", Float64Array::from(vec![3.0; ROWS]))
        .with("same_level", StringArray::from(vec!["all"; ROWS]))
        .with("twice_x", Float64Array::from_iter_values(x.iter().map(|x| 2.0 * x)))
        .with("x_and_more", Float64Array::from_iter_values(x.iter().map(|x| x + 1.0)))
        .with("constant_in_a_fold", Float64Array::from_iter_values(varying.collect::<Vec<_>>()))
        .with("level_of_a_fold", StringArray::from_iter_values(folds.iter().map(|fold| format!("level {fold}"))))
        .with(
            "wild",
            Float64Array::from_iter_values((0..ROWS).map(|row| match row % 50 {
                0 => f64::INFINITY,
                1 => f64::NEG_INFINITY,
                2 => f64::NAN,
                3 => 1e300,
                _ => row as f64,
            })),
        );
    let place = Place::of(&columns);
    let run = place.train(&[]).ok();
    assert!(run.stderr.contains("`wild` holds 24 infinite values"), "{run}");
    assert!(run.stderr.contains("`wild` holds 12 numbers beyond 3.4e38"), "{run}");
    let model = place.model();
    assert!(model["evaluation"]["metrics"]["roc_auc"].as_f64().unwrap() > 0.55);
    place.run(&["score", "--as-of", "2024-02-01"], "table.parquet", &[]).ok();
    let scores = Table::read(&place.path("out/lists/as_of=2024-02-01/scores.parquet"));
    assert!(scores.column("churn_probability").iter().all(|p| p.number().is_some_and(f64::is_finite)));
    let says_nothing =
        Columns::good(ROWS).without("x").without("z").without("plan").with("same", Float64Array::from(vec![3.0; ROWS]));
    Place::of(&says_nothing).refuses(&[], 5, &["no feature varies"]);
    Place::of(&says_nothing.without("same")).refuses(&[], 3, &["no column can be a feature"]);
}

#[test]
fn leaks_stop_the_run_unless_accepted() {
    let good = Columns::good(ROWS);
    let labels = good.labels();
    let churned = |row: usize| labels[row] == 1;
    let told: Vec<f64> = (0..ROWS).map(|row| labels[row] as f64 * 3.0 + (row % 7) as f64 / 3.0).collect();
    let status: Vec<String> = (0..ROWS).map(|row| format!("{} {}", labels[row], row % 3)).collect();
    let reasons: Vec<Option<&str>> =
        (0..ROWS).map(|row| (churned(row) && row % 3 == 0).then_some(["price", "service"][row % 2])).collect();
    let left: Vec<Option<i32>> = (0..ROWS).map(|row| churned(row).then_some(19_000 + row as i32)).collect();
    let columns = good
        .with("told", Float64Array::from(told))
        .with("status", StringArray::from(status))
        .with("leaving_reason", StringArray::from(reasons))
        .with("left_on", Date32Array::from(left));
    let place = Place::of(&columns);
    let says = ["`told` alone", "`status` alone", "`leaving_reason` has a value", "`left_on` alone", "table.accept"];
    place.refuses(&[], 3, &says);
    let some = "table.accept=[\"told\", \"left_on\"]";
    let run = place.train(&[some]);
    refused(&run, 3, &["`status`", "`leaving_reason`"]);
    assert!(!run.stderr.contains("`told`"), "{run}");
    place.train(&[some, "table.ignore=[\"status\", \"leaving_*\"]"]).ok();

    // A date after the as-of date: the table was written later than it says.
    let dates = dated(&DATES, 150);
    let seen: Vec<i32> = (0..ROWS).map(|row| days(&DATES)[row / 150] - 5 + (row % 10) as i32).collect();
    let place = Place::of(&dates.with("last_seen", Date32Array::from(seen)));
    place.refuses(&[], 3, &["`last_seen` is later than the as-of date in 240 of 600 rows"]);
    place.train(&["table.accept=[\"last_seen\"]"]).ok();
}

#[test]
fn a_model_is_for_its_columns_and_its_kind_of_input() {
    let place = Place::of(&Columns::good(ROWS));
    place.train(&[]).ok();
    let score = |table: &str, settings: &[&str]| place.run(&["score", "--as-of", "2024-02-01"], table, settings);
    Columns::good(ROWS).without("x").without("plan").save(&place.path("fewer.parquet"));
    refused(&score("fewer.parquet", &[]), 3, &["2 columns are missing", "v0001", "`x`", "`plan`"]);
    let text = StringArray::from(vec!["high"; ROWS]);
    Columns::good(ROWS).with("x", text).save(&place.path("texts.parquet"));
    refused(&score("texts.parquet", &[]), 3, &["`x`", "string", "a number"]);
    refused(&score("nowhere.parquet", &[]), 3, &["nowhere.parquet"]);
    refused(&score("table.parquet", &["table.label=left"]), 8, &["`churned`", "`left`"]);
    refused(&place.run(&["explain", "77", "--as-of", "2024-02-01"], "table.parquet", &[]), 2, &["`77`"]);

    let population = &Population::shared().folder;
    let table = place.path("table.parquet").display().to_string();
    let lists = format!("paths.lists={}", place.path("other").display());
    let run = churn(population, &["score", "--features", &table, "--set", &lists]);
    refused(&run, 8, &["was trained from signals", "--features"]);
    let models = format!("paths.models={}", place.path("models").display());
    let arguments = ["score", "--as-of", Population::AS_OF, "--set", &lists, "--set", &models];
    refused(&churn(population, &arguments), 8, &["was trained on a prepared table", "--features"]);

    let file = place.path("models/v0001/model.json");
    let whole = fs::read(&file).unwrap();
    let changed = |from: &str, to: &str| {
        let text = String::from_utf8(whole.clone()).unwrap().replacen(from, to, 1);
        fs::write(&file, text).unwrap();
        score("table.parquet", &[])
    };
    let text = String::from_utf8(whole.clone()).unwrap();
    let format = text.lines().find(|line| line.contains("\"format\"")).unwrap();
    refused(&changed(format, "  \"format\": 4711,"), 8, &["4711", "model.json"]);
    let intercept = text.lines().find(|line| line.contains("\"seed\"")).unwrap();
    refused(&changed(intercept, "  \"seed\": 8,"), 8, &["damaged", "checksum"]);
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x80;
    fs::write(&file, flipped).unwrap();
    refused(&score("table.parquet", &[]), 8, &["model.json"]);
    fs::write(&file, whole).unwrap();
    score("table.parquet", &[]).ok();
    assert!(Table::read(&place.path("out/lists/as_of=2024-02-01/scores.parquet"))
        .column("model_version")
        .iter()
        .all(|version| *version == Cell::Text("v0001".to_owned())));
}

#[test]
fn the_baseline_is_the_column_that_says_most() {
    let place = Place::of(&Columns::good(ROWS));
    let run = place.train(&[]).ok();
    let evaluation = &place.model()["evaluation"];
    assert_eq!(evaluation["baseline_of"], "`x`");
    assert!(run.stdout.contains("`x` alone"), "{run}");
    let card = fs::read_to_string(place.path("models/v0001/card.md")).unwrap();
    assert!(card.contains("| `x` alone |"), "{card}");
    let auc = |metrics: &serde_json::Value| metrics["roc_auc"].as_f64().unwrap();
    let (alone, with_all) = (auc(&evaluation["baseline"]), auc(&evaluation["metrics"]));
    assert!(alone > 0.58 && alone < with_all + 0.02, "{alone} {with_all}");
    let run = place.run(&["backtest", "--no-curves"], "table.parquet", &[]).ok();
    assert!(run.stdout.contains("`x` alone"), "{run}");
}
