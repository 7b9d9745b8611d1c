//! `churn init --from` on made-up folders.

use super::names::{is_person_id, signal_name, words};
use super::*;
use crate::config::{ChurnDefinition, Settings, SignalKind};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use parquet::arrow::ArrowWriter;
use std::sync::Arc;

fn write(path: &Path, columns: &[(&str, ArrayRef)]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

const ROWS: i64 = 60;

/// Every customer once.
fn ids() -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(0..ROWS))
}

/// Customers again and again.
fn repeated() -> ArrayRef {
    Arc::new(Int64Array::from_iter_values((0..ROWS).map(|i| i % 7)))
}

fn dates() -> ArrayRef {
    Arc::new(Date32Array::from_iter_values((0..60).map(|i| 20_000 + i)))
}

fn times() -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(0..ROWS))
}

fn floats() -> ArrayRef {
    Arc::new(Float64Array::from_iter_values((0..60).map(f64::from)))
}

fn texts(levels: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values((0..60).map(|i| levels[i % levels.len()])))
}

/// The text for a folder, and the settings that it gives.
fn inferred(data: &Path) -> (String, Settings) {
    let text = infer(data, data).unwrap();
    let settings = Settings::from_toml_str(&text, data).unwrap_or_else(|error| panic!("{error}\n{text}"));
    (text, settings)
}

fn simulated(data: &Path) {
    let names: Vec<String> = (0..60).map(|i| format!("note {i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    write(
        &data.join("customers.parquet"),
        &[
            ("customer_id", ids()),
            ("signup_date", dates()),
            ("plan", texts(&["basic", "pro"])),
            ("region", texts(&["north", "south", "east"])),
            ("monthly_revenue", floats()),
            ("account_owner", texts(&["Ada", "Ben"])),
            ("notes", texts(&names)),
            ("status", texts(&["gone", "here"])),
            ("is_business", Arc::new(BooleanArray::from_iter((0..60).map(|i| Some(i % 2 == 0))))),
        ],
    );

    write(&data.join("churn.parquet"), &[("customer_id", ids()), ("churned_on", dates())]);
    write(&data.join("truth.parquet"), &[("customer_id", ids()), ("cause", texts(&["price"])), ("since", dates())]);
    for week in ["2026-01-05", "2026-01-12"] {
        let file = |table: &str| data.join(table).join(format!("{week}.parquet"));
        write(&file("logins"), &[("customer_id", repeated()), ("ts", times())]);
        write(
            &file("visits"),
            &[
                ("customer_id", repeated()),
                ("ts", times()),
                ("channel", texts(&["app", "web"])),
                ("duration_s", floats()),
            ],
        );
        write(&file("mentions"), &[("customer_id", repeated()), ("ts", times()), ("sentiment", floats())]);
        write(
            &file("surveys"),
            &[
                ("customer_id", repeated()),
                ("ts", times()),
                ("kind", texts(&["nps", "csat", "ces"])),
                ("score", floats()),
            ],
        );
    }
}

#[test]
fn the_simulated_population_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    simulated(data);
    let (text, settings) = inferred(data);
    let customers = settings.customers.unwrap();
    assert_eq!((customers.path, customers.id.as_str()), (data.join("customers.parquet"), "customer_id"));
    assert_eq!(customers.signup.as_deref(), Some("signup_date"));
    assert_eq!(customers.value.as_deref(), Some("monthly_revenue"));
    assert_eq!(customers.numeric, ["monthly_revenue"]);
    assert_eq!(customers.categorical, ["plan", "region", "is_business"]);
    assert_eq!(customers.passthrough, ["account_owner"]);
    assert_eq!(settings.churn.definition, ChurnDefinition::Event);
    assert_eq!(settings.churn.path, Some(data.join("churn.parquet")));
    assert_eq!(settings.churn.time, "churned_on");
    let of = |name: &str| &settings.signals[name];
    assert_eq!(settings.signals.keys().collect::<Vec<_>>(), ["logins", "mentions", "surveys", "visits"]);
    assert_eq!((of("logins").kind, of("logins").time.as_str()), (SignalKind::Event, "ts"));
    assert_eq!(of("logins").path, data.join("logins"));
    assert_eq!((of("visits").kind, of("visits").value.as_deref()), (SignalKind::Amount, Some("duration_s")));
    assert_eq!((of("visits").category.as_deref(), of("visits").unit.as_deref()), (Some("channel"), Some("seconds")));
    assert_eq!((of("mentions").kind, of("mentions").value.as_deref()), (SignalKind::Sentiment, Some("sentiment")));
    assert_eq!((of("surveys").kind, of("surveys").instrument.as_deref()), (SignalKind::Survey, Some("kind")));
    for part in ["path = \"customers.parquet\"", "Left out: truth", "notes (more than 50", "status (it may tell"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn without_cancellations_churn_is_silence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    simulated(data);
    std::fs::remove_file(data.join("churn.parquet")).unwrap();
    write(&data.join("customers.parquet"), &[("customer_id", ids()), ("cancelled_at", dates())]);
    write(&data.join("calls.parquet"), &[("customer_id", texts(&["a", "b"])), ("ts", times())]);
    let (text, settings) = inferred(data);
    assert!(text.contains("`cancelled_at` may say when they left"), "{text}");
    assert!(text.contains("Left out: calls"), "texts are not the ids of customers with integers:\n{text}");
    assert_eq!(settings.churn.definition, ChurnDefinition::Inactivity);
    assert_eq!(settings.churn.signals, ["logins", "visits"]);
}

#[test]
fn foreign_names_and_nested_folders_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let id = "accountID";

    write(
        &data.join("crm/dim_accounts.parquet"),
        &[
            (id, ids()),
            ("createdAt", dates()),
            ("contract_start", dates()),
            ("contract_end", dates()),
            ("MonthlyCharges", floats()),
        ],
    );

    write(&data.join("crm/cancellations.parquet"), &[(id, ids()), ("updated_at", dates()), ("day", dates())]);
    write(
        &data.join("web/events/country=de/part-0.parquet"),
        &[(id, repeated()), ("loaded_at", times()), ("event_time", times())],
    );

    write(&data.join("app/events/year=2026/month=01/a.parquet"), &[(id, repeated()), ("ts", times())]);
    write(&data.join("app/csat/all.parquet"), &[(id, repeated()), ("answered_on", dates()), ("rating", floats())]);
    write(&data.join("account_activity.parquet"), &[(id, repeated()), ("at", times())]);
    let (_, settings) = inferred(data);
    let customers = settings.customers.unwrap();
    assert_eq!((customers.path, customers.id.as_str()), (data.join("crm/dim_accounts.parquet"), id));
    assert_eq!((customers.start.as_deref(), customers.end.as_deref()), (Some("contract_start"), Some("contract_end")));
    assert_eq!(customers.value.as_deref(), Some("MonthlyCharges"));

    assert_eq!(
        (settings.churn.path, settings.churn.time),
        (Some(data.join("crm/cancellations.parquet")), "day".into())
    );

    let names: Vec<&String> = settings.signals.keys().collect();
    assert_eq!(names, ["account_activity", "app_events", "csat", "web_events"]);
    assert_eq!(settings.signals["web_events"].time, "event_time");
    assert_eq!(settings.signals["app_events"].path, data.join("app/events"));
    assert_eq!(settings.signals["csat"].instrument_name.unwrap().name(), "csat");
}

#[test]
fn one_labelled_table_is_a_prepared_one() {
    let folder = tempfile::tempdir().unwrap();
    let columns = [("customerID", ids()), ("fold", repeated()), ("Churn", repeated()), ("tenure", floats())];
    write(&folder.path().join("snapshot.parquet"), &columns);
    let (_, settings) = inferred(folder.path());
    let table = settings.table.unwrap();
    assert_eq!(
        (table.id.as_str(), Some(table.label.as_str()), table.fold.as_deref()),
        ("customerID", Some("Churn"), Some("fold"))
    );
}

#[test]
fn what_is_missing_or_broken_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    assert_eq!(infer(data, data).unwrap_err().exit_code(), 3);
    assert_eq!(infer(&data.join("none"), data).unwrap_err().exit_code(), 3);
    std::fs::write(data.join("broken.parquet"), "id,ts\n1,2\n").unwrap();
    write(&data.join("labels/asof=2026-01-01.parquet"), &[("customer_id", ids()), ("churned", ids())]);
    write(&data.join("weather.parquet"), &[("ts", times()), ("degrees", floats())]);
    write(&data.join("calls.parquet"), &[("caller", texts(&["a", "b"])), ("ts", times())]);
    let text = infer(data, Path::new("/elsewhere")).unwrap();
    for part in
        ["No table of customers", "No signal", "Left out: broken (", "Left out: labels (", "Left out: weather ("]
    {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    write(&data.join("logins.parquet"), &[("customer_id", repeated()), ("ts", times())]);
    let text = infer(data, Path::new("/elsewhere")).unwrap();
    let path = quoted(&data.canonicalize().unwrap().join("logins.parquet").to_string_lossy());
    assert!(text.contains(&format!("path = {path}")), "a path elsewhere is absolute:\n{text}");
    assert!(text.contains("definition = \"inactivity\""));
}

#[test]
fn names_are_read_word_by_word() {
    assert_eq!(words("MonthlyCharges"), ["monthly", "charges"]);
    assert_eq!(words("customer_ID-2"), ["customer", "id", "2"]);
    for id in ["customer_id", "UserKey", "CUSTOMER_NO", "account", "customerid", "client-uuid"] {
        assert!(is_person_id(id), "{id}");
    }
    for other in ["account_owner", "id", "userland", "order_id", "plan"] {
        assert!(!is_person_id(other), "{other}");
    }
    assert_eq!(signal_name("2026 calls"), "signal_2026_calls");
}
