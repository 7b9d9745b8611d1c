//! What is copied from a source to the list: every type exactly, or refused by name; and the files that the list is in.

use crate::common::{batches, churn, repository, write, Cell, Population, Run, Table};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::*;
use arrow_buffer::i256;
use arrow_schema::{DataType, Field, IntervalUnit, Schema};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The customers of the shared population, with more columns: of each, a value for a customer's id.
struct Customers {
    batch: RecordBatch,
    ids: Vec<i64>,
}

impl Customers {
    fn new() -> Customers {
        let all = batches(&Population::shared().folder.join("data/customers.parquet"));
        let batch = arrow_select::concat::concat_batches(&all[0].schema(), &all).unwrap();
        let ids = batch.column_by_name("customer_id").unwrap().as_primitive::<Int64Type>().values().to_vec();
        Customers { batch, ids }
    }

    fn with(mut self, name: &str, column: impl Fn(&[i64]) -> ArrayRef) -> Customers {
        let column = column(&self.ids);
        let mut fields: Vec<Field> = self.batch.schema().fields().iter().map(|field| Field::clone(field)).collect();
        let mut columns = self.batch.columns().to_vec();
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
        self.batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        self
    }

    /// As a file, in row groups of a hundred.
    fn write(&self, path: &Path) {
        write(path, std::slice::from_ref(&self.batch), 100);
    }

    /// The half of the rows that begins with the first or the second one.
    fn half(&self, second: usize) -> Customers {
        let half = self.ids.len() / 2;
        let (start, rows) = if second == 0 { (0, half) } else { (half, self.ids.len() - half) };
        Customers { batch: self.batch.slice(start, rows), ids: self.ids[start..start + rows].to_vec() }
    }
}

/// Scores with these customers, a list of all, and these columns copied.
fn score(folder: &Path, customers: &Path, columns: &[&str], more: &[&str]) -> (Run, PathBuf) {
    let lists = folder.join("lists");
    let quoted: Vec<String> = columns.iter().map(|column| format!("{column:?}")).collect();
    let sets = [
        format!("paths.lists={}", lists.display()),
        format!("customers.passthrough=[{}]", quoted.join(", ")),
        Population::instead("customers", customers),
        "list.capacity=5000".to_owned(),
    ];
    let mut arguments = vec!["score", "--as-of", Population::AS_OF];
    for set in sets.iter().map(String::as_str).chain(more.iter().copied()) {
        arguments.extend(["--set", set]);
    }
    let run = churn(&Population::shared().folder, &arguments);
    (run, lists.join(format!("as_of={}", Population::AS_OF)))
}

/// The rows of a CSV file as texts by column.
fn csv_rows(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
    let mut rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
    let header = rows.next().unwrap();
    let rows = rows.collect();
    (header, rows)
}

/// A value for each customer but every seventh.
fn each<T>(ids: &[i64], value: impl Fn(i64) -> T) -> Vec<Option<T>> {
    ids.iter().map(|&id| (id % 7 > 0).then(|| value(id))).collect()
}

const EXACT: i64 = 9_007_199_254_740_992;
const NOON: i64 = 1_777_636_800_000_000_000;

#[test]
fn every_type_that_parquet_holds_arrives_as_it_is() {
    let customers = Customers::new()
        .with("segment", |ids| Arc::new(BinaryArray::from_iter(each(ids, |_| b"gold"))))
        .with("crm_key", |ids| {
            let keys = each(ids, |id| i128::from(id).to_be_bytes());
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(keys.into_iter(), 16).unwrap())
        })
        .with("best_call_time", |ids| Arc::new(Time64MicrosecondArray::from(each(ids, |id| 34_200_000_000 + id))))
        .with("large", |ids| Arc::new(UInt64Array::from(each(ids, |id| u64::MAX - id as u64))))
        .with("account", |ids| {
            let numbers = Decimal128Array::from(each(ids, |id| i128::from(EXACT + id)));
            Arc::new(numbers.with_precision_and_scale(38, 0).unwrap())
        })
        .with("fee", |ids| {
            let fees = Decimal128Array::from(each(ids, |id| i128::from(1230 + id)));
            Arc::new(fees.with_precision_and_scale(10, 2).unwrap())
        })
        .with("huge", |ids| {
            let numbers = Decimal256Array::from(each(ids, |id| i256::from_i128(i128::MAX - i128::from(id))));
            Arc::new(numbers.with_precision_and_scale(60, 5).unwrap())
        })
        .with("rate", |ids| Arc::new(Float32Array::from(each(ids, |_| 0.1f32))))
        .with("tiny", |ids| Arc::new(Int8Array::from(each(ids, |id| (id % 100) as i8))))
        .with("zoned", |ids| Arc::new(TimestampNanosecondArray::from(each(ids, |id| NOON + id)).with_timezone("UTC")))
        .with("wall", |ids| Arc::new(TimestampMillisecondArray::from(each(ids, |_| NOON / 1_000_000))))
        .with("since", |ids| Arc::new(Date32Array::from(each(ids, |id| id as i32))))
        .with("open", |ids| Arc::new(BooleanArray::from(each(ids, |id| id % 2 == 0))))
        .with("postcode", |ids| Arc::new(StringArray::from(each(ids, |id| format!("0{}", 1000 + id)))));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.parquet");
    customers.write(&path);

    let known = Customers::new().batch.num_columns();
    let schema = customers.batch.schema();
    let names: Vec<&str> = schema.fields().iter().skip(known).map(|field| field.name().as_str()).collect();
    let (run, published) =
        score(folder.path(), &path, &names, &["publish.formats=[\"parquet\", \"csv\", \"csv_plain\"]"]);
    run.ok();

    // As the file itself is read.
    let source = batches(&path);
    let listed = batches(&published.join("at_risk.parquet"));
    let all = |batches: &[RecordBatch], name: &str| -> Vec<ArrayRef> {
        batches.iter().map(|batch| batch.column_by_name(name).unwrap().clone()).collect()
    };
    for name in &names {
        let kinds =
            [&source, &listed].map(|batches| batches[0].schema().field_with_name(name).unwrap().data_type().clone());
        assert_eq!(kinds[0], kinds[1], "{name}");
        let mut by_id = std::collections::HashMap::new();
        for (ids, values) in all(&source, "customer_id").iter().zip(all(&source, name)) {
            for (row, id) in ids.as_primitive::<Int64Type>().values().iter().enumerate() {
                by_id.insert(*id, values.slice(row, 1));
            }
        }
        let mut rows = 0;
        for (ids, values) in all(&listed, "customer_id").iter().zip(all(&listed, name)) {
            for (row, id) in ids.as_primitive::<Int64Type>().values().iter().enumerate() {
                assert_eq!(values.slice(row, 1).to_data(), by_id[id].to_data(), "{name} of {id}");
                rows += 1;
            }
        }
        assert!(rows > 1000, "{rows}");
    }

    let (header, rows) = csv_rows(&published.join("at_risk_plain.csv"));
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    for row in &rows {
        let id: i64 = row[place("customer_id")].parse().unwrap();
        let texts: [(&str, String); 14] = [
            ("segment", "gold".to_owned()),
            ("crm_key", format!("0x{id:032x}")),
            ("best_call_time", format!("09:30:00.{id:06}").trim_end_matches('0').to_owned()),
            ("large", (u64::MAX - id as u64).to_string()),
            ("account", (EXACT + id).to_string()),
            ("fee", format!("{}.{:02}", (1230 + id) / 100, (1230 + id) % 100)),
            ("huge", {
                let digits = (i128::MAX - i128::from(id)).to_string();
                format!("{}.{}", &digits[..digits.len() - 5], &digits[digits.len() - 5..])
            }),
            ("rate", "0.1".to_owned()),
            ("tiny", (id % 100).to_string()),
            ("zoned", format!("2026-05-01T12:00:00.{id:09}").trim_end_matches('0').to_owned() + "Z"),
            ("wall", "2026-05-01T12:00:00".to_owned()),
            ("since", churn_risk::calendar::Day(id as i32).to_string()),
            ("open", (id % 2 == 0).to_string()),
            ("postcode", format!("0{}", 1000 + id)),
        ];
        for (name, text) in texts {
            let expected = if id % 7 > 0 { text } else { String::new() };
            assert_eq!(row[place(name)], expected, "{name} of {id}");
        }
    }
}

#[test]
fn what_parquet_cannot_hold_is_refused_by_name() {
    let spans = |unit| move |ids: &[i64]| new_null_array(&DataType::Interval(unit), ids.len());
    let item = Arc::new(Field::new("item", DataType::Int64, true));
    let customers = Customers::new()
        .with("notice", spans(IntervalUnit::DayTime))
        .with("tags", move |ids| new_null_array(&DataType::List(item.clone()), ids.len()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.parquet");
    customers.write(&path);
    let (run, published) = score(folder.path(), &path, &["notice", "tags"], &[]);
    assert!(run.code == 3 && !published.exists(), "{run}");
    for part in ["`notice` (customers.passthrough)", "`tags` (customers.passthrough)", "text"] {
        assert!(run.stderr.contains(part), "{run}");
    }
}

#[test]
fn types_that_differ_between_files_keep_every_value() {
    type Column = fn(&[i64]) -> ArrayRef;
    let integers: Column = |ids| Arc::new(Int64Array::from(each(ids, |id| 10_000 + id)));
    let texts: Column = |ids| Arc::new(StringArray::from(each(ids, |id| format!("0{}", 1000 + id))));
    let nothing: Column = |ids| new_null_array(&DataType::Null, ids.len());
    let narrow: Column = |ids| Arc::new(Int8Array::from(each(ids, |id| (id % 100) as i8)));
    let days: Column = |ids| Arc::new(Date32Array::from(each(ids, |id| id as i32)));
    let bytes: Column = |ids| Arc::new(BinaryArray::from_iter(each(ids, |_| b"x")));

    let of_number = |id: i64| if id % 7 > 0 { Cell::Whole(10_000 + id) } else { Cell::Null };
    let of_text = |id: i64, text: String| if id % 7 > 0 { Cell::Text(text) } else { Cell::Null };
    type Expected<'a> = &'a dyn Fn(i64, usize) -> Cell;
    let cases: [(&str, [Column; 2], Expected<'_>); 4] = [
        ("integers and texts", [integers, texts], &|id, half| {
            of_text(id, if half == 0 { (10_000 + id).to_string() } else { format!("0{}", 1000 + id) })
        }),
        ("nothing and integers", [nothing, integers], &|id, half| if half == 0 { Cell::Null } else { of_number(id) }),
        ("narrow and wide integers", [narrow, integers], &|id, half| match half {
            0 if id % 7 > 0 => Cell::Whole(id % 100),
            0 => Cell::Null,
            _ => of_number(id),
        }),
        ("days and integers", [days, integers], &|id, half| {
            let day = churn_risk::calendar::Day(id as i32).to_string();
            of_text(id, if half == 0 { day } else { (10_000 + id).to_string() })
        }),
    ];

    let split = |folder: &Path, columns: [Column; 2]| {
        let path = folder.join("customers");
        for (half, column) in columns.into_iter().enumerate() {
            let part = Customers::new().half(half).with("code", column);
            part.write(&path.join(format!("part-{half}.parquet")));
        }
        path
    };
    let first_half = Customers::new().half(0).ids;
    for (what, columns, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = split(folder.path(), columns);
        let (run, published) = score(folder.path(), &path, &["code"], &[]);
        run.ok();
        let list = Table::read(&published.join("at_risk.parquet"));
        for (id, code) in list.column("customer_id").iter().zip(list.column("code")) {
            let id = id.whole().unwrap();
            let half = usize::from(!first_half.contains(&id));
            assert_eq!(*code, expected(id, half), "{what}: {id}");
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let path = split(folder.path(), [bytes, integers]);
    let (run, _) = score(folder.path(), &path, &["code"], &[]);
    assert!(run.code == 3 && run.stderr.contains("`code` (customers.passthrough)"), "{run}");
}

#[test]
fn a_spreadsheet_executes_nothing_and_a_machine_gets_what_there_is() {
    let customers = Customers::new().with("note", |ids| {
        Arc::new(StringArray::from(each(ids, |id| match id % 4 {
            0 => "Acme;=HYPERLINK(\"http://x\")".to_owned(),
            1 => "+49 30".to_owned(),
            2 => "Jürgen Müller, \"JM\"".to_owned(),
            _ => "two\r\nlines".to_owned(),
        })))
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.parquet");
    customers.write(&path);
    let formats = "publish.formats=[\"csv\", \"csv_plain\", \"parquet\"]";
    let (run, published) = score(folder.path(), &path, &["note"], &[formats]);
    run.ok();

    let text = fs::read_to_string(published.join("at_risk.csv")).unwrap();
    assert!(text.starts_with('\u{feff}') && text.contains("Jürgen"));
    for cell in text.split([';', '\n', '\t']) {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }

    let list = Table::read(&published.join("at_risk.parquet"));
    let (header, rows) = csv_rows(&published.join("at_risk_plain.csv"));
    assert_eq!(header, list.names);
    let note = header.len() - 1;
    for (row, cell) in rows.iter().zip(list.column("note")) {
        assert_eq!(row[note], cell.text().unwrap_or_default());
    }
    let plain = fs::read_to_string(published.join("at_risk_plain.csv")).unwrap();
    assert_eq!(plain.matches("\r\n").count() - plain.matches("two\r\n").count(), rows.len() + 1);

    let (run, published) = score(folder.path(), &path, &["note"], &["publish.csv_bom=false"]);
    run.ok();
    assert!(fs::read_to_string(published.join("at_risk.csv")).unwrap().starts_with("as_of,"));
}

#[test]
fn names_that_differ_in_capitals_alone_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = Population::shared().folder.join("data/customers.parquet");
    let (run, _) = score(folder.path(), &path, &["Group", "Plan", "plan"], &[]);
    assert!(run.code == 2, "{run}");
    for part in ["customers.passthrough", "`Group`", "`group`", "`plan`", "`Plan`"] {
        assert!(run.stderr.contains(part), "{part}: {run}");
    }
}

#[test]
fn an_empty_date_of_cancellation_means_that_the_customer_stays() {
    let population = Population::shared();
    let churned = Table::read(&population.folder.join("data/churn.parquet"));
    let days: std::collections::HashMap<i64, i64> = (0..churned.rows)
        .map(|row| {
            (churned.column("customer_id")[row].whole().unwrap(), churned.column("churned_on")[row].whole().unwrap())
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.parquet");
    let lists = format!("paths.lists={}", folder.path().join("lists").display());
    let check = |instead_of_null: Option<i32>| {
        let with_dates = Customers::new().with("left_on", |ids| {
            let day = |id: &i64| days.get(id).map(|&day| day as i32).or(instead_of_null);
            Arc::new(Date32Array::from_iter(ids.iter().map(day)))
        });
        with_dates.write(&path);
        let sets = [Population::instead("churn", &path), "churn.time=left_on".to_owned(), lists.clone()];
        let mut arguments = vec!["check", "--as-of", Population::AS_OF, "--format", "json"];
        sets.iter().for_each(|set| arguments.extend(["--set", set]));
        churn(&population.folder, &arguments)
    };

    let with_nulls = check(None).ok();
    let with_table = churn(&population.folder, &["check", "--as-of", Population::AS_OF, "--format", "json"]).ok();
    let eligible = |run: &Run| {
        let checked: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        checked["eligible"].as_u64().unwrap()
    };
    assert_eq!(eligible(&with_nulls), eligible(&with_table));
    assert!(!with_nulls.stderr.contains("cancellations ("), "{with_nulls}");

    let never = check(Some(0));
    assert!(never.stderr.contains("are of 1970-01-01"), "{never}");
}

#[test]
fn each_source_has_a_share_of_its_own_that_may_be_in_quarantine() {
    let folder = tempfile::tempdir().unwrap();
    let lists = format!("paths.lists={}", folder.path().join("lists").display());
    let score = |file: &str, share: &str| {
        let instead = Population::instead("mentions", &repository("tests/bad_data").join(file));
        let share = format!("signals.mentions.max_quarantine_share={share}");
        let arguments = ["score", "--as-of", Population::AS_OF, "--set", &lists, "--set", &instead, "--set", &share];
        churn(&Population::shared().folder, &arguments)
    };
    score("moods_out_of_scale_many.parquet", "0.2").ok();

    let run = score("moods_out_of_scale_few.parquet", "0.001");
    assert!(run.code == 3, "{run}");
    let set_by = "share of 0.001 (signals.mentions.max_quarantine_share)";
    for part in ["10 of 1000 rows", set_by, "signals.mentions.range"] {
        assert!(run.stderr.contains(part), "{run}");
    }
}
