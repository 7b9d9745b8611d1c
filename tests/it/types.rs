//! One small population, its ids and times stored in all the types that they come in: the features are the same.

use crate::common::{batches, churn, day, write, Cell, Run, Table};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float64Array, Int32Array,
    Int64Array, NullArray, RecordBatch, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, UInt64Array,
};
use arrow_schema::{Field, Schema};
use parquet::data_type::{Int64Type as PlainInt64, Int96, Int96Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

const AS_OF: &str = "2026-06-01";
const CUSTOMERS: i64 = 240;
/// Rows of the log-ins that have no id.
const WITHOUT_ID: usize = 10;

const CONFIG: &str = r#"
[customers]
path = "customers.parquet"
id = "customer_id"
signup = "signup_date"
categorical = ["plan"]
passthrough = ["account_owner"]

[signals.logins]
kind = "event"
path = "logins.parquet"
id = "customer_id"
time = "ts"

[churn]
path = "churn.parquet"
id = "customer_id"
time = "churned_on"

[gates]
min_customers = 50
min_churners = 5
"#;

/// A column and its values.
type Column = (Field, ArrayRef);

fn column(name: &str, array: impl Array + 'static) -> Column {
    (Field::new(name, array.data_type().clone(), true), Arc::new(array))
}

fn file(path: &Path, columns: Vec<Column>) {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    write(path, &[RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()], 4000);
}

/// The log-ins: who, and the second. The last few have no id.
fn logins() -> (Vec<Option<i64>>, Vec<i64>) {
    let end = day(AS_OF) * 86_400;
    let mut rows = Vec::new();
    for customer in 0..CUSTOMERS {
        let silent = if customer % 4 == 0 { 40 + customer % 200 } else { 0 };
        for visit in 0..60 {
            rows.push((Some(customer), end - (silent + visit * 7) * 86_400 - customer * 977 % 86_400 - 1));
        }
    }
    rows.extend((0..WITHOUT_ID as i64).map(|row| (None, end - 86_400 * (row + 1))));
    rows.into_iter().unzip()
}

/// Writes the population, with ids as `ids` stores them and everything else as usual.
fn population(folder: &Path, ids: impl Fn(&[Option<i64>]) -> Column) {
    let all: Vec<Option<i64>> = (0..CUSTOMERS).map(Some).collect();
    let signup =
        Date32Array::from_iter_values((0..CUSTOMERS).map(|customer| (day(AS_OF) - 500 - customer % 90) as i32));
    let plan = StringArray::from_iter_values((0..CUSTOMERS).map(|customer| ["basic", "pro"][customer as usize % 2]));
    let owner = StringArray::from_iter_values((0..CUSTOMERS).map(|customer| format!("owner {}", customer % 7)));
    file(
        &folder.join("customers.parquet"),
        vec![ids(&all), column("signup_date", signup), column("plan", plan), column("account_owner", owner)],
    );

    let (who, seconds) = logins();
    let ts = TimestampMicrosecondArray::from_iter_values(seconds.iter().map(|second| second * 1_000_000));
    file(&folder.join("logins.parquet"), vec![ids(&who), column("ts", ts.with_timezone("UTC"))]);

    let gone: Vec<i64> = (0..CUSTOMERS).step_by(4).collect();
    let days = Date32Array::from_iter_values(gone.iter().map(|customer| (day(AS_OF) - 10 - customer % 200) as i32));
    let gone: Vec<Option<i64>> = gone.into_iter().map(Some).collect();
    file(&folder.join("churn.parquet"), vec![ids(&gone), column("churned_on", days)]);
    fs::write(folder.join("churn.toml"), CONFIG).unwrap();
}

fn integers(ids: &[Option<i64>]) -> Column {
    column("customer_id", Int64Array::from_iter(ids.iter().copied()))
}

/// The features of the population by id, and how many log-ins have no id.
fn features(folder: &Path, settings: &[&str]) -> (BTreeMap<String, Vec<String>>, u64) {
    let mut arguments = vec!["features", "--as-of", AS_OF, "--out", "features.parquet"];
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    churn(folder, &arguments).ok();

    let table = Table::read(&folder.join("features.parquet"));
    let mut rows = BTreeMap::new();
    for row in 0..table.rows {
        let id = match &table.column("customer_id")[row] {
            Cell::Whole(id) => id.to_string(),
            Cell::Text(id) => id.clone(),
            other => panic!("{other:?}"),
        };
        let others = table.names.iter().filter(|name| *name != "customer_id");
        rows.insert(id, others.map(|name| table.column(name)[row].key()).collect());
    }

    let mut arguments = vec!["check", "--as-of", AS_OF, "--format", "json"];
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    let checked: serde_json::Value = serde_json::from_str(&churn(folder, &arguments).ok().stdout).unwrap();
    (rows, checked["quarantine"]["logins"]["null_id"].as_u64().unwrap_or(0))
}

#[test]
fn ids_of_any_type_tell_the_same_customers_apart() {
    type Spelling = fn(i64) -> String;
    type Stored = fn(&[Option<i64>]) -> Column;
    fn decimals(ids: &[Option<i64>], scale: i8) -> Column {
        let unit = 10i128.pow(scale as u32);
        let values = ids.iter().map(|id| id.map(|id| i128::from(id) * unit));
        column("customer_id", Decimal128Array::from_iter(values).with_precision_and_scale(38, scale).unwrap())
    }
    fn sixteen_bytes(ids: &[Option<i64>]) -> Column {
        let bytes = ids.iter().map(|id| id.map(|id| (id as u128).to_be_bytes()));
        column("customer_id", FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes, 16).unwrap())
    }

    let plain: Spelling = |id| id.to_string();
    let kinds: [(&str, Stored, Spelling); 8] = [
        ("int64", integers, plain),
        (
            "int32",
            |ids| column("customer_id", Int32Array::from_iter(ids.iter().map(|id| id.map(|id| id as i32)))),
            plain,
        ),
        (
            "from the smallest on",
            |ids| column("customer_id", Int64Array::from_iter(ids.iter().map(|id| id.map(|id| i64::MIN + id)))),
            |id| (i64::MIN + id).to_string(),
        ),
        (
            "some above 2^63",
            |ids| column("customer_id", UInt64Array::from_iter(ids.iter().map(|id| id.map(unsigned)))),
            |id| unsigned(id).to_string(),
        ),
        ("decimals", |ids| decimals(ids, 0), plain),
        ("decimals of a scale", |ids| decimals(ids, 10), plain),
        (
            "bytes",
            |ids| {
                let texts: Vec<Option<String>> = ids.iter().map(|id| id.map(|id| format!("c-{id}"))).collect();
                column("customer_id", BinaryArray::from_iter(texts.iter().map(|id| id.as_ref().map(String::as_bytes))))
            },
            |id| format!("c-{id}"),
        ),
        (
            "unsigned",
            |ids| column("customer_id", UInt64Array::from_iter(ids.iter().map(|id| id.map(|id| id as u64)))),
            plain,
        ),
    ];

    let mut expected: Option<Vec<Vec<String>>> = None;
    for (name, stored, spelt) in kinds {
        let folder = tempfile::tempdir().unwrap();
        population(folder.path(), stored);
        let (mut rows, without_id) = features(folder.path(), &[]);
        assert_eq!(without_id, WITHOUT_ID as u64, "{name}");

        let known = (0..CUSTOMERS).filter_map(|customer| rows.remove(&spelt(customer)));
        let known: Vec<Vec<String>> = known.collect();
        assert!(rows.is_empty() && known.len() > 100, "{name}: {rows:?}");
        assert_eq!(*expected.get_or_insert_with(|| known.clone()), known, "{name}");
    }

    // A number that is nobody's, and too large for the integers that the customers' ids are, is of an unknown customer.
    let folder = tempfile::tempdir().unwrap();
    population(folder.path(), integers);
    let (who, seconds) = logins();
    let stray = who.iter().map(|id| Some(id.map_or(u64::MAX, |id| id as u64)));
    let ts = TimestampMicrosecondArray::from_iter_values(seconds.iter().map(|second| second * 1_000_000));
    let ids = column("customer_id", UInt64Array::from_iter(stray));
    file(&folder.path().join("logins.parquet"), vec![ids, column("ts", ts)]);
    let (rows, without_id) = features(folder.path(), &[]);
    assert_eq!((rows.len(), without_id), (expected.map_or(0, |rows| rows.len()), 0));
    let checked = churn(folder.path(), &["check", "--as-of", AS_OF, "--format", "json"]).ok();
    let checked: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(checked["quarantine"]["logins"]["unknown_customer"], WITHOUT_ID);

    // Without the mark of a UUID, 16 bytes are refused with a way out.
    let folder = tempfile::tempdir().unwrap();
    population(folder.path(), sixteen_bytes);
    let run = churn(folder.path(), &["check", "--as-of", AS_OF]);
    assert!(run.code == 3 && run.stderr.contains("mark it as a UUID"), "{run}");
}

fn unsigned(id: i64) -> u64 {
    if id % 33 == 0 {
        (1 << 63) + id as u64
    } else {
        id as u64
    }
}

#[test]
fn times_of_any_type_are_the_same_instants() {
    let folder = tempfile::tempdir().unwrap();
    population(folder.path(), integers);
    let expected = features(folder.path(), &[]);
    let (who, seconds) = logins();

    let scaled = |by: i64| Int64Array::from_iter_values(seconds.iter().map(|second| second * by));
    let decimals = seconds.iter().map(|second| i128::from(*second) * 1000);
    let cases: Vec<(&str, Column)> = vec![
        ("", column("ts", TimestampMillisecondArray::from(scaled(1000).values().to_vec()).with_timezone("UTC"))),
        ("", column("ts", TimestampNanosecondArray::from(scaled(1_000_000_000).values().to_vec()))),
        ("seconds", column("ts", scaled(1))),
        ("milliseconds", column("ts", scaled(1000))),
        ("microseconds", column("ts", scaled(1_000_000))),
        ("nanoseconds", column("ts", scaled(1_000_000_000))),
        ("seconds", column("ts", Float64Array::from_iter_values(seconds.iter().map(|second| *second as f64)))),
        ("seconds", column("ts", Decimal128Array::from_iter_values(decimals).with_precision_and_scale(20, 3).unwrap())),
    ];
    for (unit, ts) in cases {
        let name = format!("{} {unit}", ts.1.data_type());
        file(&folder.path().join("logins.parquet"), vec![integers(&who), ts]);
        if unit.is_empty() {
            assert_eq!(features(folder.path(), &[]), expected, "{name}");
            continue;
        }
        let run = churn(folder.path(), &["check", "--as-of", AS_OF]);
        assert!(run.code == 3 && run.stderr.contains("time_unit"), "{name}: {run}");
        assert_eq!(features(folder.path(), &[&format!("signals.logins.time_unit={unit}")]), expected, "{name}");
    }

    let texts = seconds.iter().map(|second| second.to_string());
    file(
        &folder.path().join("logins.parquet"),
        vec![integers(&who), column("ts", StringArray::from_iter_values(texts))],
    );
    let run = churn(folder.path(), &["check", "--as-of", AS_OF]);
    assert!(run.code == 3 && run.stderr.contains("cast it to a timestamp"), "{run}");
}

#[test]
fn days_of_customers_and_cancellations_may_be_numbers() {
    let folder = tempfile::tempdir().unwrap();
    population(folder.path(), integers);
    let expected = features(folder.path(), &[]);
    for (table, days, per_day) in [("customers", "signup_date", 86_400), ("churn", "churned_on", 86_400_000)] {
        let path = folder.path().join(format!("{table}.parquet"));
        let batch = &batches(&path)[0];
        let (place, _) = batch.schema_ref().column_with_name(days).unwrap();
        let numbers = batch.column(place).as_primitive::<arrow_array::types::Date32Type>();
        let numbers = numbers.unary::<_, Int64Type>(|day| i64::from(day) * per_day);
        let mut columns: Vec<Column> =
            batch.schema_ref().fields().iter().map(|f| Field::clone(f)).zip(batch.columns().to_vec()).collect();
        columns[place] = column(days, numbers);
        file(&path, columns);
    }
    let units = ["customers.time_unit=seconds", "churn.time_unit=milliseconds"];
    assert_eq!(features(folder.path(), &units), expected);
}

/// Writes the log-ins with times of the retired type of Parquet, in which Spark stored instants.
fn write_int96(path: &Path) {
    let schema = "message spark { optional int64 customer_id; required int96 ts; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let (who, seconds) = logins();

    let mut ids = group.next_column().unwrap().unwrap();
    let levels: Vec<i16> = who.iter().map(|id| i16::from(id.is_some())).collect();
    let known: Vec<i64> = who.iter().flatten().copied().collect();
    ids.typed::<PlainInt64>().write_batch(&known, Some(&levels), None).unwrap();
    ids.close().unwrap();

    let mut times = group.next_column().unwrap().unwrap();
    let int96 = |second: &i64| {
        const JULIAN_DAY_OF_1970: i64 = 2_440_588;
        let nanos = (second.rem_euclid(86_400) * 1_000_000_000) as u64;
        let mut stored = Int96::new();
        stored.set_data(nanos as u32, (nanos >> 32) as u32, (second.div_euclid(86_400) + JULIAN_DAY_OF_1970) as u32);
        stored
    };
    let stored: Vec<Int96> = seconds.iter().map(int96).collect();
    times.typed::<Int96Type>().write_batch(&stored, None, None).unwrap();
    times.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn the_retired_timestamps_of_spark_are_instants() {
    let folder = tempfile::tempdir().unwrap();
    population(folder.path(), integers);
    let zone = ["time.zone=Europe/Berlin"];
    let expected = features(folder.path(), &zone);
    let logins = folder.path().join("logins.parquet");
    let usual = batches(&logins);
    write_int96(&logins);
    assert_eq!(features(folder.path(), &zone), expected);

    // Beside times without a zone, somebody is told that the two may not mean the same.
    let many = folder.path().join("logins");
    fs::create_dir(&many).unwrap();
    fs::rename(&logins, many.join("old.parquet")).unwrap();
    let batch = &usual[0];
    let ts = batch.column(1).as_primitive::<TimestampMicrosecondType>().clone().with_timezone_opt::<Arc<str>>(None);
    let ids: &Int64Array = batch.column(0).as_primitive();
    file(&many.join("new.parquet"), vec![column("customer_id", ids.clone()), column("ts", ts)]);
    let run =
        churn(folder.path(), &["check", "--as-of", AS_OF, "--set", zone[0], "--set", "signals.logins.path=logins"]);
    assert!(run.code == 0 && run.stderr.contains("INT96"), "{run}");
}

#[test]
fn check_foretells_a_text_that_stops_a_list() {
    let folder = tempfile::tempdir().unwrap();
    population(folder.path(), integers);
    let path = folder.path().join("customers.parquet");
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.windows(7).position(|part| part == b"owner 3").unwrap();
    bytes[place] = 0xfc;
    fs::write(&path, bytes).unwrap();

    let run: Run = churn(folder.path(), &["check", "--as-of", AS_OF]);
    let named = run.stderr.contains("`account_owner`") && run.stderr.contains("0xFC");
    assert!(run.code == 3 && named && !run.stderr.contains("damaged"), "{run}");
}

#[test]
fn a_damaged_page_is_told_from_a_bug() {
    let folder = tempfile::tempdir().unwrap();
    population(folder.path(), integers);
    for table in ["logins", "customers", "churn"] {
        let path = folder.path().join(format!("{table}.parquet"));
        let whole = fs::read(&path).unwrap();
        for place in (4..whole.len()).step_by(whole.len() / 40) {
            let mut bytes = whole.clone();
            bytes[place..whole.len().min(place + 24)].fill(0xff);
            fs::write(&path, bytes).unwrap();
            let run = churn(folder.path(), &["check", "--as-of", AS_OF]);
            assert!([0, 3, 4, 5].contains(&run.code) && !run.stderr.contains("panicked"), "{table} at {place}: {run}");
        }
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn prepared_tables_read_ids_bytes_and_empty_columns_like_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |dates: std::ops::Range<i64>, empty: bool| -> Vec<Column> {
        let all: Vec<(i64, i64)> =
            dates.flat_map(|date| (0..CUSTOMERS).map(move |customer| (date, customer))).collect();
        let noise = |date: i64, customer: i64| (customer * 7919 + date * 104_729) % 1000;
        let ids = UInt64Array::from_iter_values(all.iter().map(|&(_, customer)| (1 << 63) + customer as u64));
        let days = all.iter().map(|&(date, _)| (day("2025-06-01") + 30 * date) as i32);
        let labels = all.iter().map(|&(date, customer)| i64::from(noise(date, customer) > 700));
        let x = all.iter().map(|&(date, customer)| (noise(date, customer) + noise(date + 5, customer + 3)) as f64);
        let plans = all.iter().map(|&(_, customer)| ["basic".as_bytes(), b"pro"][customer as usize % 2]);
        let visits = if empty {
            column("visits", NullArray::new(all.len()))
        } else {
            column(
                "visits",
                Int64Array::from_iter_values(all.iter().map(|&(date, customer)| noise(customer, date) % 60)),
            )
        };
        vec![
            column("customer_id", ids),
            column("as_of", Date32Array::from_iter_values(days)),
            column("churned", Int64Array::from_iter_values(labels)),
            column("x", Float64Array::from_iter_values(x)),
            column("plan", BinaryArray::from_iter_values(plans)),
            visits,
        ]
    };

    file(&folder.path().join("train.parquet"), rows(0..6, false));
    file(&folder.path().join("today.parquet"), rows(6..7, true));
    fs::write(
        folder.path().join("churn.toml"),
        "[table]\n[gates]\nmin_customers = 50\nmin_churners = 5\nmax_psi = 1000\n",
    )
    .unwrap();
    churn(folder.path(), &["train", "--features", "train.parquet", "--promote", "always"]).ok();
    churn(folder.path(), &["score", "--features", "today.parquet"]).ok();

    let files = crate::common::parquet_files(&folder.path().join("out"));
    let scores = Table::read(files.iter().find(|file| file.ends_with("scores.parquet")).unwrap());
    let ids: Vec<&str> = scores.column("customer_id").iter().filter_map(Cell::text).collect();
    assert_eq!(ids.len(), CUSTOMERS as usize);
    assert!(ids.iter().all(|id| id.starts_with("92233720368547")), "{:?}", &ids[..3]);
}
