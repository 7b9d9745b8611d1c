//! Record batches as a way in: what comes of them is what comes of a file with the same rows, and a scorer gives what
//! the nightly job gives.

use crate::common::{write, Table};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int16Type, Int32Type, Int64Type};
use arrow_array::{
    new_null_array, Array, ArrayRef, Date32Array, Date64Array, DictionaryArray, Float64Array, Int32Array, Int64Array,
    LargeStringArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray, TimestampSecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema};
use churn_risk::artefact::Artefact;
use churn_risk::config::Settings;
use churn_risk::jobs::{backtest, explain, score, train, Context, Data};
use churn_risk::registry::Registry;
use churn_risk::scorer::Scorer;
use churn_risk::{Error, Result};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const ROWS: usize = 600;

/// A table with columns of every role, some of whose values are missing.
fn table(rows: usize) -> RecordBatch {
    let noise = |row: usize, salt: usize| ((row * 7919 + salt * 104_729) % 1009) as f64 / 1009.0;
    let all = || 0..rows;
    let x: Vec<Option<f64>> = all().map(|row| (row % 17 > 0).then(|| noise(row, 1))).collect();
    let churned = all().map(|row| i64::from(noise(row, 2) < 0.1 + 0.3 * noise(row, 1)));
    let plan = all().map(|row| (row % 13 > 0).then(|| ["basic", "pro", "team"][row % 3]));
    let owner = all().map(|row| (row % 9 > 0).then(|| format!("owner {}", row % 4)));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("customer_id", Arc::new(Int64Array::from_iter_values(1000..1000 + rows as i64))),
        ("as_of", Arc::new(Date32Array::from_iter_values(all().map(|_| 20_000)))),
        ("churned", Arc::new(Int64Array::from_iter_values(churned))),
        ("x", Arc::new(Float64Array::from(x))),
        ("seats", Arc::new(Int64Array::from_iter(all().map(|row| (row % 19 > 0).then_some(row as i64 * 31 % 50))))),
        ("plan", Arc::new(StringArray::from_iter(plan))),
        (
            "revenue",
            Arc::new(Float64Array::from_iter(all().map(|row| (row % 20 > 0).then_some((row % 7) as f64 * 10.0)))),
        ),
        ("owner", Arc::new(StringArray::from_iter(owner))),
        ("since", Arc::new(Date32Array::from_iter_values(all().map(|row| 19_000 + row as i32)))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// The batch with other arrays in the place of some columns.
fn with(batch: &RecordBatch, change: impl Fn(&str, &ArrayRef) -> Option<ArrayRef>) -> RecordBatch {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, array)| {
        let array = change(field.name(), array).unwrap_or_else(|| array.clone());
        (field.name().clone(), array, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn without(batch: &RecordBatch, name: &str) -> RecordBatch {
    let kept: Vec<usize> = (0..batch.num_columns()).filter(|&at| batch.schema().field(at).name() != name).collect();
    batch.project(&kept).unwrap()
}

/// Strings in views, numbers narrow or unsigned, dates as times.
fn in_views(batch: &RecordBatch) -> RecordBatch {
    with(batch, |name, array| match name {
        "plan" | "owner" => Some(Arc::new(array.as_string::<i32>().iter().collect::<StringViewArray>())),
        "customer_id" => {
            let ids = array.as_primitive::<Int64Type>().values().iter().map(|&id| id as u64);
            Some(Arc::new(UInt64Array::from_iter_values(ids)))
        }
        "seats" => Some(Arc::new(narrow(array))),
        "as_of" => Some(Arc::new(TimestampSecondArray::from_value(20_000 * 86_400, array.len()))),
        _ => None,
    })
}

/// Strings in long arrays, and days in milliseconds.
fn in_long_arrays(batch: &RecordBatch) -> RecordBatch {
    with(batch, |name, array| match name {
        "plan" | "owner" => Some(Arc::new(array.as_string::<i32>().iter().collect::<LargeStringArray>())),
        "as_of" => Some(Arc::new(Date64Array::from_value(20_000 * 86_400_000, array.len()))),
        _ => None,
    })
}

/// Strings, numbers and dates in dictionaries.
fn in_dictionaries(batch: &RecordBatch) -> RecordBatch {
    with(batch, |name, array| match name {
        "plan" => Some(Arc::new(array.as_string::<i32>().iter().collect::<DictionaryArray<Int32Type>>())),
        "owner" => Some(Arc::new(array.as_string::<i32>().iter().collect::<DictionaryArray<Int16Type>>())),
        // As many values as rows; of one row in thirteen a value that no row has.
        "x" | "customer_id" => {
            let keys =
                Int32Array::from_iter((0..array.len() as i32).map(|row| array.is_valid(row as usize).then_some(row)));
            Some(Arc::new(DictionaryArray::new(keys, array.clone())))
        }
        "as_of" => {
            let values: ArrayRef = Arc::new(Date32Array::from(vec![Some(3), None, Some(20_000)]));
            Some(Arc::new(DictionaryArray::new(Int32Array::from_value(2, array.len()), values)))
        }
        _ => None,
    })
}

fn narrow(array: &ArrayRef) -> PrimitiveArray<Int16Type> {
    array.as_primitive::<Int64Type>().iter().map(|value| value.map(|value| value as i16)).collect()
}

/// The batch cut into pieces of these lengths, again and again.
fn cut(batch: &RecordBatch, lengths: &[usize]) -> Vec<RecordBatch> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for length in lengths.iter().cycle() {
        if start >= batch.num_rows() {
            break;
        }
        let length = (*length).min(batch.num_rows() - start);
        pieces.push(batch.slice(start, length));
        start += length;
    }
    pieces
}

/// A folder to work in, with settings for it.
struct Place {
    folder: TempDir,
    settings: Settings,
}

const SETTINGS: &str = r#"
[table]
id = "customer_id"
value = "revenue"
passthrough = ["owner", "since"]

[list]
capacity = 50

[publish]
formats = ["parquet", "csv"]

[gates]
min_customers = 1
min_churners = 1
"#;

impl Place {
    fn with(more: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::from_toml_str(&format!("{SETTINGS}{more}"), folder.path()).unwrap();
        Place { folder, settings }
    }

    fn context(&self, threads: usize) -> Context<'_> {
        let now = "2026-06-01T06:00:00Z".parse().unwrap();
        Context { threads: NonZeroUsize::new(threads), ..Context::new(&self.settings, now) }
    }

    fn registry(&self) -> Registry {
        Registry::at(&self.settings.paths.models)
    }

    fn train(&self, data: &Data) -> Result<train::Trained> {
        let request = train::Request { data: data.clone(), as_of: None, promote: train::Promote::Always };
        train::run(&self.context(2), &self.registry(), &request)
    }

    fn score(&self, data: &Data) -> Result<score::Published> {
        let request = score::Request { data: data.clone(), as_of: None, model: None };
        score::run(&self.context(2), &self.registry(), &request)
    }

    /// The model and everything that is told of its rows, byte by byte: the model's file, and the rest by name.
    fn everything(&self, data: &Data, threads: usize) -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
        let (context, registry) = (self.context(threads), self.registry());
        let request = train::Request { data: data.clone(), as_of: None, promote: train::Promote::Always };
        let trained = train::run(&context, &registry, &request).unwrap();
        let model = fs::read(&trained.file).unwrap();

        let request = score::Request { data: data.clone(), as_of: None, model: None };
        let published = score::run(&context, &registry, &request).unwrap();
        let mut all: Vec<(String, Vec<u8>)> = ["scores.parquet", "at_risk.parquet", "at_risk.csv"]
            .into_iter()
            .map(|name| (name.to_owned(), fs::read(published.folder.join(name)).unwrap()))
            .collect();

        let customer = "1234".to_owned();
        let request = explain::Request { customer, data: data.clone(), as_of: None, model: None };
        let report = explain::run(&context, &registry, &request).unwrap();
        all.push(("explain".to_owned(), serde_json::to_vec(&report).unwrap()));

        let request = backtest::Request {
            data: data.clone(),
            as_of: None,
            origins: 3,
            purge_customers: false,
            learning_curves: false,
        };
        let backtested = backtest::run(&context, &request).unwrap();
        all.push(("backtest".to_owned(), serde_json::to_vec(&backtested).unwrap()));
        (model, all)
    }
}

/// A model's file without what tells of the files that it learned from.
fn learned(model: &[u8]) -> serde_json::Value {
    let mut model: serde_json::Value = serde_json::from_slice(model).unwrap();
    model["inputs"] = serde_json::Value::Null;
    model["checksum"] = serde_json::Value::Null;
    model
}

const LINEAR: &str = "\n[model]\ncomplexity = \"linear\"\n";

#[test]
fn any_cut_and_any_encoding_gives_what_a_file_gives() {
    let table = table(ROWS);
    let place = Place::with(LINEAR);
    let file = place.folder.path().join("table.parquet");
    write(&file, std::slice::from_ref(&table), 250);
    let (of_file, told_of_file) = place.everything(&Data::Table(file), 2);

    let several_encodings = [
        in_views(&table.slice(0, 100)),
        in_dictionaries(&table.slice(100, 300)),
        in_long_arrays(&table.slice(400, 200)),
    ];
    let ways: Vec<(&str, Vec<RecordBatch>, usize)> = vec![
        ("whole", vec![table.clone()], 2),
        ("row by row", cut(&table, &[1]), 3),
        ("uneven", cut(&table, &[1, 250, 0, 7]), 1),
        ("views", cut(&in_views(&table), &[123]), 4),
        ("dictionaries", vec![in_dictionaries(&table)], 2),
        ("slices of dictionaries", cut(&in_dictionaries(&table), &[3, 80]), 2),
        ("several encodings", several_encodings.to_vec(), 2),
    ];
    let mut first: Option<Vec<u8>> = None;
    for (way, batches, threads) in ways {
        let place = Place::with(LINEAR);
        let (model, told) = place.everything(&Data::Batches(batches), threads);
        assert_eq!(learned(&model), learned(&of_file), "the model of {way}");
        for ((name, found), (_, expected)) in told.iter().zip(&told_of_file) {
            assert!(found == expected, "{name} of {way}");
        }

        let first = first.get_or_insert_with(|| model.clone());
        assert!(*first == model, "the model's file of {way}, digest of the rows included");
        let source = &serde_json::from_slice::<serde_json::Value>(&model).unwrap()["inputs"]["sources"]["table"];
        assert_eq!((source["rows"].as_u64(), source["files"].as_u64()), (Some(ROWS as u64), Some(0)));
        assert_eq!(source["record_batches_sha256"].as_str().map(str::len), Some(64));
        assert!(source["footers_sha256"].is_null());
    }
}

#[track_caller]
fn refused<T>(result: Result<T>, code: u8, says: &[&str]) {
    let error: Error = result.err().expect("an error");
    let text = error.to_string();
    assert_eq!(i32::from(error.exit_code()), i32::from(code), "{text}");
    says.iter().for_each(|word| assert!(text.contains(word), "the message does not say `{word}`: {text}"));
}

#[test]
fn batches_that_break_the_contract_are_named_all_at_once() {
    let table = table(ROWS);
    let place = Place::with(LINEAR);
    let train = |batches: &[&RecordBatch]| place.train(&Data::Batches(batches.iter().copied().cloned().collect()));

    refused(train(&[]), 3, &["no record batch", "at least one"]);
    refused(train(&[&table.slice(0, 0)]), 5, &["of record batches", "none of its 0 rows has a label"]);
    refused(
        train(&[&table, &without(&table, "churned")]),
        3,
        &["`churned` (table.label)", "missing in batch 2", "found the columns customer_id"],
    );

    let dates = with(&table, |name, array| (name == "x").then(|| array_of_dates(array.len())));
    let texts = with(&table, |name, array| {
        (name == "customer_id")
            .then(|| Arc::new(StringArray::from_iter_values((0..array.len()).map(|row| row.to_string()))) as ArrayRef)
    });
    let mismatches = train(&[&table, &table, &dates, &without(&table, "customer_id"), &texts, &texts]);
    refused(
        mismatches,
        3,
        &[
            "3 problems",
            "column `x` (table.numeric) in batch 3 has the wrong type: found a date (Date32), expected a number",
            "column `customer_id` (table.id) is missing in batch 4",
            "the ids in column `customer_id` are integers in batch 1 but strings in batch 5",
        ],
    );

    let schema = table.schema();
    let mut fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new("x", DataType::Float64, true));
    let mut columns = table.columns().to_vec();
    columns.push(table["x"].clone());
    let twice = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    refused(train(&[&twice.slice(0, 9), &twice]), 3, &["`x` (table.numeric)", "more than once in batch 1 and 1 more"]);

    assert!(!place.folder.path().join("models/v0001").exists(), "a model was left behind");
}

fn array_of_dates(length: usize) -> ArrayRef {
    Arc::new(Date32Array::from_value(20_000, length))
}

#[test]
fn scored_batches_lack_no_feature_and_nulls_are_counted() {
    let table = table(ROWS);
    let place = Place::with(LINEAR);
    place.train(&Data::Batches(vec![table.clone()])).unwrap();

    let poor = without(&without(&table, "x"), "plan");
    refused(place.score(&Data::Batches(vec![poor])), 3, &["2 columns are missing", "`x`, `plan`", "model v0001"]);
    refused(place.score(&Data::Batches(Vec::new())), 3, &["no record batch"]);
    refused(place.score(&Data::Batches(vec![table.slice(0, 0)])), 5, &["of record batches"]);

    // A batch may lack a feature that others have; and a dictionary of nulls alone has no values.
    let nulls = with(&table.slice(0, 10), |name, array| match name {
        "customer_id" => Some(Arc::new(Int64Array::from_iter((0..10).map(|row| (row > 1).then_some(row))))),
        "plan" => {
            let none = StringArray::from(Vec::<&str>::new());
            Some(Arc::new(DictionaryArray::<Int32Type>::new(Int32Array::new_null(array.len()), Arc::new(none))))
        }
        _ => None,
    });
    let batches = vec![table.slice(10, ROWS - 10), without(&nulls, "x")];
    let published = place.score(&Data::Batches(batches)).unwrap();
    let quarantined = serde_json::to_value(&published.manifest.quarantine["table"]).unwrap();
    assert!(quarantined.to_string().contains('2'), "{quarantined}");
    assert_eq!(published.manifest.eligible, ROWS as u64 - 2);
}

#[test]
fn a_scorer_gives_what_the_nightly_job_gives() {
    for complexity in ["linear", "curves", "interactions"] {
        let place = Place::with(&format!("\n[model]\ncomplexity = \"{complexity}\"\n"));
        let table = table(ROWS);
        let trained = place.train(&Data::Batches(vec![table.clone()])).unwrap();
        assert_eq!(trained.model.fit.additive.is_none(), complexity == "linear");
        let published = place.score(&Data::Batches(vec![table.clone()])).unwrap();
        let scores = Table::read(&published.folder.join("scores.parquet"));
        let by_id = scores.rows_by(&["customer_id"]);
        let of_job = |name: &str| -> Vec<u64> {
            let column = scores.column(name);
            let bits = |row: usize| {
                let place = by_id[&format!("Whole({})", 1000 + row)];
                column[place].number().unwrap().to_bits()
            };
            (0..ROWS).map(bits).collect()
        };

        let scorer = Scorer::new(trained.model);
        for name in ["log_odds", "churn_probability"] {
            let expected = of_job(name);
            for rows in [&table, &in_views(&table), &in_dictionaries(&table), &in_long_arrays(&table)] {
                assert_eq!(bits(&scorer.score(rows).unwrap(), name), expected, "{name} of all rows, {complexity}");
            }
            for (row, batch) in cut(&in_dictionaries(&table), &[1]).iter().enumerate().step_by(7) {
                assert_eq!(bits(&scorer.score(batch).unwrap(), name), expected[row..=row], "row {row}, {complexity}");
            }
        }
        contributions_sum_to_the_log_odds(&scorer, &table);
    }
}

fn bits(scores: &RecordBatch, name: &str) -> Vec<u64> {
    scores[name].as_primitive::<Float64Type>().values().iter().map(|value| value.to_bits()).collect()
}

#[track_caller]
fn contributions_sum_to_the_log_odds(scorer: &Scorer, table: &RecordBatch) {
    let scores = scorer.score(table).unwrap();
    let log_odds = scores["log_odds"].as_primitive::<Float64Type>();
    let contributions = scorer.contributions(table).unwrap();
    assert_eq!(contributions.num_columns(), 4, "x, seats, revenue and plan");
    for row in 0..table.num_rows() {
        let parts = contributions.columns().iter().map(|column| column.as_primitive::<Float64Type>().value(row));
        let sum: f64 = scorer.intercept() + parts.sum::<f64>();
        assert!((sum - log_odds.value(row)).abs() < 1e-9, "row {row}: {sum}");
    }
}

/// The champion of the sample, which has curves or not, as it comes.
fn sample_model() -> Artefact {
    Artefact::read(Path::new("models/v0001/model.json")).unwrap()
}

#[test]
fn many_rows_are_scored_as_few_are() {
    let place = Place::with(LINEAR);
    let table = table(20_000);
    let scorer = Scorer::new(place.train(&Data::Batches(vec![table.slice(0, ROWS)])).unwrap().model);
    let whole = bits(&scorer.score(&table).unwrap(), "log_odds");
    let parts: Vec<u64> =
        cut(&table, &[700, 1, 9000]).iter().flat_map(|part| bits(&scorer.score(part).unwrap(), "log_odds")).collect();
    assert_eq!(whole, parts);
    contributions_sum_to_the_log_odds(&scorer, &table);
}

#[test]
fn a_scorer_says_everything_that_does_not_fit() {
    let scorer = Scorer::new(sample_model());
    let catalogue = sample_model().catalogue;
    let nothing = |name: &str| (name.to_owned(), new_null_array(&DataType::Null, 3));
    let columns: Vec<(String, ArrayRef)> = catalogue.names().map(nothing).collect();
    let good = RecordBatch::try_from_iter(columns.clone()).unwrap();

    let scores = scorer.score(&good).unwrap();
    assert_eq!((scores.num_rows(), scores.num_columns()), (3, 2), "a column of nulls needs no type");
    assert_eq!(scorer.score(&good.slice(0, 0)).unwrap().num_rows(), 0);
    assert_eq!(scorer.contributions(&good.slice(0, 0)).unwrap().num_rows(), 0);

    let mut broken: Vec<(String, ArrayRef)> = columns;
    let dates = |at: usize, broken: &mut Vec<(String, ArrayRef)>| {
        broken[at].1 = array_of_dates(3);
        broken[at].0.clone()
    };
    let of_dates = [dates(2, &mut broken), dates(5, &mut broken)];
    let missing = broken.remove(0).0;
    let twice = broken.last().unwrap().clone();
    broken.push(twice.clone());
    broken.push(("something else".to_owned(), array_of_dates(3)));
    let fields: Vec<Field> =
        broken.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
    let columns = broken.into_iter().map(|(_, array)| array).collect();
    let broken = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    refused(
        scorer.score(&broken),
        3,
        &[
            "4 problems",
            &format!("1 column is missing in the record batch, which the model was trained on: `{missing}`"),
            &format!(
                "column `{}` (a numeric feature) in the record batch has the wrong type: found a date",
                of_dates[0]
            ),
            &format!("column `{}` (a numeric feature)", of_dates[1]),
            &format!("column `{}` (a categorical feature) is more than once in the record batch", twice.0),
        ],
    );
}
