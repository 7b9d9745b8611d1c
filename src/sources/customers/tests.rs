use super::*;
use crate::config::Settings;
use arrow_array::{ArrayRef, Date32Array, Float64Array, Int64Array, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A row of a customers table.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    id: Option<i64>,
    signup: Option<i32>,
    worth: Option<f64>,
    plan: Option<String>,
    owner: Option<String>,
    visits: Option<i64>,
}

fn settings(folder: &Path) -> config::Customers {
    let text = r#"
        [table]
        [churn]
        path = "churn"
        [customers]
        path = "customers"
        id = "id"
        signup = "signup"
        value = "worth"
        categorical = ["plan"]
        passthrough = ["owner", "visits"]
    "#;
    Settings::from_toml_str(text, folder).unwrap().customers.unwrap()
}

/// Writes rows as one file, in row groups of so many.
fn write(path: &Path, rows: &[Row], group_rows: usize) {
    let fields = [
        ("id", DataType::Int64),
        ("signup", DataType::Date32),
        ("worth", DataType::Float64),
        ("plan", DataType::Utf8),
        ("owner", DataType::Utf8),
        ("visits", DataType::Int64),
    ];
    let schema = Arc::new(Schema::new(fields.map(|(name, kind)| Field::new(name, kind, true)).to_vec()));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.id))),
        Arc::new(Date32Array::from_iter(rows.iter().map(|row| row.signup))),
        Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.worth))),
        Arc::new(StringArray::from_iter(rows.iter().map(|row| row.plan.clone()))),
        Arc::new(StringArray::from_iter(rows.iter().map(|row| row.owner.clone()))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.visits))),
    ];
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), schema.clone(), Some(properties)).unwrap();
    writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
    writer.close().unwrap();
}

/// Some rows in files of so many, read with so many threads.
fn read(rows: &[Row], file_rows: usize, group_rows: usize, threads: usize) -> (CustomerTable, Vec<Row>) {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    std::fs::create_dir(folder.path().join("customers")).unwrap();
    for (place, rows) in rows.chunks(file_rows).enumerate() {
        write(&folder.path().join(format!("customers/part-{place:03}.parquet")), rows, group_rows);
    }

    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut problems = Vec::new();
        let table = Table::open("customers", &settings.path, None, &needs(&settings), None, &mut problems);
        let table = table.unwrap_or_else(|| panic!("{problems:?}"));
        let customers = CustomerTable::read(&table, &settings, &Zone::utc()).unwrap();
        let everybody: Vec<u32> = (0..customers.len() as u32).collect();
        let copied = customers.passthrough(&table, &settings, &everybody).unwrap();
        let chosen = everybody.iter().map(|&customer| row_of(&customers, &copied, customer as usize)).collect();
        (customers, chosen)
    })
}

/// What was read of a customer.
fn row_of(customers: &CustomerTable, copied: &[CopiedColumn], customer: usize) -> Row {
    let copied = |column: usize| text(&copied[column].kind, &copied[column].values, customer);
    Row {
        id: customers.ids.display(customer).parse().ok(),
        signup: Some(customers.signup[customer]).filter(|&day| day != NO_DAY),
        worth: Some(customers.value[customer]).filter(|worth| !worth.is_nan()),
        plan: customers.categorical[0].get(customer).map(str::to_owned),
        owner: copied(0),
        visits: copied(1).map(|visits| visits.parse().unwrap()),
    }
}

fn some_row() -> impl Strategy<Value = Row> {
    let texts = |texts: &'static [&'static str]| proptest::option::of(proptest::sample::select(texts));
    let ids = proptest::option::weighted(0.9, 0..6i64);
    let days = proptest::option::of(0..2i32);
    let worths = proptest::option::of(proptest::sample::select(&[0.0, 1.5][..]));
    let plans = texts(&["basic", "pro"]);
    let owners = texts(&["Ada", "Émile", "ada"]);
    (ids, days, worths, plans, owners, proptest::option::of(0..3i64)).prop_map(
        |(id, signup, worth, plan, owner, visits)| Row {
            id,
            signup,
            worth,
            plan: plan.map(str::to_owned),
            owner: owner.map(str::to_owned),
            visits,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_row_stands_for_a_customer_however_the_rows_lie(
        rows in proptest::collection::vec(some_row(), 1..24),
        order in any::<prop::sample::Index>(),
        file_rows in 1usize..9,
        group_rows in 1usize..5,
    ) {
        let (customers, chosen) = read(&rows, rows.len(), rows.len(), 1);
        let with_id = rows.iter().filter(|row| row.id.is_some()).count();
        prop_assert_eq!(customers.quarantine.total() as usize, rows.len() - customers.len());
        prop_assert_eq!(customers.quarantine.counts().get(&Reason::DuplicateId).copied().unwrap_or(0) as usize,
            with_id - customers.len());
        for row in &chosen {
            prop_assert!(rows.contains(row), "columns of several rows: {:?} of {:?}", row, rows);
        }

        let mut others = rows.clone();
        others.rotate_left(order.index(rows.len()));
        prop_assert_eq!(&read(&others, file_rows, group_rows, 3).1, &chosen);
        others.reverse();
        prop_assert_eq!(&read(&others, file_rows, group_rows, 2).1, &chosen);
    }
}

#[test]
fn a_row_is_counted_once_and_nan_is_missing() {
    let row = |id: i64, worth: f64| Row {
        id: Some(id),
        signup: None,
        worth: Some(worth),
        plan: None,
        owner: None,
        visits: None,
    };
    let rows = [row(1, f64::NAN), row(2, f64::INFINITY), row(3, 1.0), row(3, f64::INFINITY), row(3, 2.0)];
    let (customers, _) = read(&rows, 5, 5, 1);
    let counts = customers.quarantine.counts();
    assert_eq!(customers.len(), 3);
    assert_eq!(counts.values().sum::<u64>(), 3, "{counts:?}");
    assert_eq!(counts[&Reason::DuplicateId], 2);
    assert!(customers.value[0].is_nan() && customers.value[1].is_nan());
}
