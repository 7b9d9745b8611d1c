//! `churn init --from` on made-up folders.

use super::names::{is_person_id, signal_name, words};
use super::written::quoted;
use super::*;
use crate::config::{Best, ChurnDefinition, Instrument, Scale, Scales, Settings, SignalKind};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
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
    let text = infer(data, data).unwrap().text;
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
    write(&data.join("calls.parquet"), &[("customer_id", texts(&["a", "b"])), ("ts", times())]);
    let (text, settings) = inferred(data);
    assert!(text.contains("Left out: calls"), "texts are not the ids of customers with integers:\n{text}");
    assert_eq!(settings.churn.definition, ChurnDefinition::Inactivity);
    assert_eq!(settings.churn.signals, ["logins", "visits"]);
}

#[test]
fn the_customers_table_may_say_who_left() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    simulated(data);
    std::fs::remove_file(data.join("churn.parquet")).unwrap();
    let left = |every: i32| -> ArrayRef {
        Arc::new(Date32Array::from_iter((0..60).map(|i| (i % every == 0).then_some(20_000 + i))))
    };
    let customers = data.join("customers.parquet");
    write(&customers, &[("customer_id", ids()), ("cancelled_at", left(4))]);
    let (_, settings) = inferred(data);
    assert_eq!(settings.churn.definition, ChurnDefinition::Event);
    assert_eq!((settings.churn.path.as_ref(), settings.churn.time.as_str()), (Some(&customers), "cancelled_at"));

    // A contract that only a few have ended is one that they ended.
    write(&customers, &[("customer_id", ids()), ("start_date", dates()), ("end_date", left(4))]);
    let (text, settings) = inferred(data);
    assert_eq!((settings.churn.path.as_ref(), settings.churn.time.as_str()), (Some(&customers), "end_date"));
    assert!(text.contains("not certain: is `end_date` the day"), "{text}");
    assert_eq!(settings.customers.unwrap().end, None);
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
fn days_that_folders_name_are_times_however_they_are_spelt() {
    for days in [["20260501", "20260502"], ["2026-05-01", "2026-5-2"], ["2026-05-01 00-00-00", "2026_05_02"]] {
        let folder = tempfile::tempdir().unwrap();
        simulated(folder.path());
        for day in days {
            write(&folder.path().join(format!("calls/dt={day}/part-0.parquet")), &[("customer_id", repeated())]);
            write(&folder.path().join(format!("chats/batch=7{day}/part-0.parquet")), &[("customer_id", repeated())]);
        }
        let (text, settings) = inferred(folder.path());
        assert_eq!(settings.signals.get("calls").map(|signal| signal.time.as_str()), Some("dt"), "{days:?}: {text}");
        assert!(!settings.signals.contains_key("chats"), "{text}");
    }

    // In three folders; and what the files say themselves comes first.
    let folder = tempfile::tempdir().unwrap();
    simulated(folder.path());
    for day in 1..=9 {
        let place = |table: &str| folder.path().join(format!("{table}/year=2026/month=5/day={day:02}/part-0.parquet"));
        write(&place("calls"), &[("customer_id", repeated())]);
        write(&place("chats"), &[("customer_id", repeated()), ("began", times())]);
    }
    let (text, settings) = inferred(folder.path());
    let times = ["calls", "chats"].map(|name| settings.signals.get(name).map(|signal| signal.time.as_str()));
    assert_eq!(times, [Some("day"), Some("began")], "{text}");
}

#[test]
fn one_labelled_table_is_a_prepared_one() {
    let folder = tempfile::tempdir().unwrap();
    let churn = || Arc::new(Int64Array::from_iter_values((0..ROWS).map(|i| i % 3 / 2))) as ArrayRef;
    let columns = [("customerID", ids()), ("fold", repeated()), ("Churn", churn()), ("tenure", floats())];
    write(&folder.path().join("snapshot.parquet"), &columns);
    let (_, settings) = inferred(folder.path());
    let table = settings.table.unwrap();
    assert_eq!(
        (table.id.as_str(), Some(table.label.as_str()), table.fold.as_deref()),
        ("customerID", Some("Churn"), Some("fold"))
    );

    let texts = [("Churn", texts(&["No", "Yes"])), ("tenure", floats()), ("churn_reason", texts(&["price", "none"]))];
    write(&folder.path().join("snapshot.parquet"), &texts);
    let found = infer(folder.path(), folder.path()).unwrap();
    assert!(found.missing.iter().any(|missing| missing.contains("customer's id")), "{:?}", found.missing);
    assert!(found.missing.iter().any(|missing| missing.contains("write 1")), "{:?}", found.missing);
    assert!(found.text.contains("ignore = [\"churn_reason\"]"), "{}", found.text);
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
    let found = infer(data, Path::new("/elsewhere")).unwrap();
    for part in ["table of customers", "a signal"] {
        assert!(found.missing.iter().any(|missing| missing.contains(part)), "{part} is not in {:?}", found.missing);
    }
    for part in ["Left out: broken (", "Left out: labels (", "Left out: weather ("] {
        assert!(found.text.contains(part), "{part} is not in:\n{}", found.text);
    }
    write(&data.join("logins.parquet"), &[("customer_id", repeated()), ("ts", times())]);
    let text = infer(data, Path::new("/elsewhere")).unwrap().text;
    let path = quoted(&data.canonicalize().unwrap().join("logins.parquet").to_string_lossy());
    assert!(text.contains(&format!("path = {path}")), "a path elsewhere is absolute:\n{text}");
    assert!(text.contains("definition = \"inactivity\""));
}

/// Customers and their logins over 400 days, with ids made by a function.
fn world(data: &Path, id: impl Fn(&mut dyn Iterator<Item = i64>) -> ArrayRef) {
    write(
        &data.join("customers.parquet"),
        &[("customer_id", id(&mut (1..=40))), ("signup_date", days(&mut (0..40).map(|_| 19_000)))],
    );
    let rows = || (0..8000i64).map(|row| (1 + row % 40, 19_600 + row / 20));
    let logins = [("customer_id", id(&mut rows().map(|row| row.0))), ("ts", days(&mut rows().map(|row| row.1 as i32)))];
    write(&data.join("logins.parquet"), &logins);
}

fn days(days: &mut dyn Iterator<Item = i32>) -> ArrayRef {
    Arc::new(Date32Array::from_iter_values(days))
}

fn whole(ids: &mut dyn Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(ids))
}

#[test]
fn ids_are_found_in_decimals_and_in_unmarked_text() {
    let folder = tempfile::tempdir().unwrap();
    let decimal = |ids: &mut dyn Iterator<Item = i64>| -> ArrayRef {
        let ids = Decimal128Array::from_iter_values(ids.map(i128::from)).with_precision_and_scale(38, 0);
        Arc::new(ids.unwrap())
    };
    let bytes = |ids: &mut dyn Iterator<Item = i64>| -> ArrayRef {
        Arc::new(BinaryArray::from_iter_values(ids.map(|id| format!("c-{id}"))))
    };

    world(folder.path(), decimal);
    let (_, settings) = inferred(folder.path());
    assert_eq!((settings.customers.unwrap().id.as_str(), settings.signals.len()), ("customer_id", 1));
    world(folder.path(), bytes);
    let (_, settings) = inferred(folder.path());
    assert_eq!((settings.customers.unwrap().id.as_str(), settings.signals.len()), ("customer_id", 1));
}

#[test]
fn tables_are_taken_for_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    world(data, whole);
    let rows = 2000;
    let customers = || whole(&mut (0..rows).map(|row| 1 + row % 40));
    let orders = || whole(&mut (0..rows));
    let dated = || days(&mut (0..rows as i32).map(|row| 19_600 + row / 5));
    let seldom: ArrayRef =
        Arc::new(Date32Array::from_iter((0..rows as i32).map(|row| (row % 20 == 0).then_some(19_700))));

    write(
        &data.join("orders.parquet"),
        &[
            ("order_id", orders()),
            ("customer_id", customers()),
            ("ordered_at", dated()),
            ("returned_at", seldom.clone()),
        ],
    );
    write(&data.join("order_lines.parquet"), &[("order_id", orders()), ("shipped_at", dated())]);
    write(&data.join("returns.parquet"), &[("customer_id", customers()), ("returned_at", seldom)]);
    write(&data.join("invoices.parquet"), &[("customer_id", customers()), ("issued_at", dated())]);
    write(&data.join("tickets.parquet"), &[("customer_id", customers()), ("opened_at", dated())]);
    let floats: ArrayRef = Arc::new(Float64Array::from_iter_values((0..rows).map(|row| (1 + row % 40) as f64)));
    write(&data.join("chats.parquet"), &[("customer_id", floats), ("ts", dated())]);
    let millis = whole(&mut (0..rows).map(|row| (19_600 + row / 5) * 86_400_000));
    write(&data.join("clicks.parquet"), &[("customer_id", customers()), ("ts", millis)]);
    let lists = [
        ("customer_id", customers()),
        ("as_of", dated()),
        ("churn_probability", dated()),
        ("risk_tier", texts_of(rows)),
    ];
    write(&data.join("out/lists/as_of=2026-01-01/scores.parquet"), &lists);

    // Each customer's last row and 90 days: nobody recorded that.
    let last = |customer: i32| 19_600 + (7960 + customer) / 20;
    let churn = [("customer_id", whole(&mut (1..=40))), ("churned_on", days(&mut (0..40).map(|c| last(c) + 90)))];
    write(&data.join("churn.parquet"), &churn);

    let found = infer(data, data).unwrap();
    let left_out = |name: &str| {
        let table = found.tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("{name}: {found:?}"));
        table.left_out.clone().unwrap_or_default()
    };
    let text = &found.text;
    assert!(text.contains("time = \"ordered_at\""), "{text}");
    assert!(left_out("order_lines").contains("only through `order_id` of `orders`"), "{}", left_out("order_lines"));
    assert!(left_out("returns").contains("empty in 95 %"), "{}", left_out("returns"));
    assert!(text.contains("[signals.chats]"), "ids may be whole floats: {text}");
    assert!(left_out("lists").contains("published"), "{found:?}");
    assert!(left_out("churn").contains("computed from it"), "{}", left_out("churn"));
    assert!(text.contains("signals = [\"clicks\", \"logins\", \"orders\"]"), "{text}");
    assert!(text.contains("`invoices` does not count") && text.contains("not certain: `tickets`"), "{text}");
    assert!(text.contains("time_unit = \"milliseconds\""), "{text}");
}

fn texts_of(rows: i64) -> ArrayRef {
    Arc::new(StringArray::from_iter_values((0..rows).map(|_| "low")))
}

#[test]
fn ids_are_known_by_their_values_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let text = |ids: &mut dyn Iterator<Item = i64>| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(ids.map(|id| format!("c-{id}"))))
    };
    world(data, text);
    let dated = || days(&mut (0..2000).map(|row| 19_600 + row / 5));
    let of_others: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..2000).map(|row| format!("agent {}", row % 9))));
    write(
        &data.join("visits.parquet"),
        &[("user_id", of_others), ("who", text(&mut (0..2000).map(|row| 1 + row % 40))), ("ts", dated())],
    );
    assert_eq!(inferred(data).1.signals["visits"].id, "who");

    write(
        &data.join("customers.parquet"),
        &[
            ("customer_id", text(&mut (0..80).map(|row| 1 + row % 40))),
            ("day", days(&mut (0..80).map(|row| 19_600 + row))),
        ],
    );
    let missing = infer(data, data).unwrap().missing;
    assert!(missing.iter().any(|missing| missing.contains("several rows for each `customer_id`")), "{missing:?}");
}

#[test]
fn a_folder_may_say_when_rows_happened() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    world(data, whole);
    for day in 1..=9 {
        let rows = whole(&mut (1..=40));
        write(&data.join(format!("visits/date=2024-05-0{day}/part-0.parquet")), &[("customer_id", rows)]);
    }
    assert_eq!(inferred(data).1.signals["visits"].time, "date");
}

#[test]
fn scales_are_believed_and_seen() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    world(data, whole);
    let customers = || whole(&mut (0..2000).map(|row| 1 + row % 40));
    let dated = || days(&mut (0..2000).map(|row| 19_600 + row / 5));
    let score = |most: i64| whole(&mut (0..2000).map(move |row| 1 + row % most));
    let csat: ArrayRef = Arc::new(StringArray::from_iter_values((0..2000).map(|_| "csat")));
    write(
        &data.join("surveys.parquet"),
        &[("customer_id", customers()), ("ts", dated()), ("score", score(10)), ("kind", csat)],
    );
    write(&data.join("ces_2025.parquet"), &[("customer_id", customers()), ("ts", dated()), ("answer", score(7))]);
    let moods: ArrayRef = Arc::new(Float64Array::from_iter_values((0..2000).map(|row| f64::from(row % 100) / 100.0)));
    write(&data.join("mentions.parquet"), &[("customer_id", customers()), ("ts", dated()), ("sentiment", moods)]);

    let (text, settings) = inferred(data);
    let surveys = &settings.signals["surveys"];
    let csat = Scale { from: 1.0, to: 10.0, best: Best::High };
    assert_eq!((surveys.instrument.as_deref(), surveys.range), (Some("kind"), None));
    assert_eq!(surveys.scales, Some(Scales { csat: Some(csat), ..Scales::default() }));
    let ces = &settings.signals["ces_2025"];
    assert_eq!((ces.instrument_name.unwrap().name(), ces.range), ("ces", None));
    assert_eq!(settings.signals["mentions"].range, Some([0.0, 1.0]));
    assert!(text.contains("is below 0"), "{text}");
}

#[test]
fn a_range_of_nps_leaves_other_instruments_their_scales() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    world(data, whole);
    let customers = whole(&mut (0..2000).map(|row| 1 + row % 40));
    let dated = days(&mut (0..2000).map(|row| 19_600 + row / 5));
    let scores = whole(&mut (0..2000).map(|row| if row % 2 == 0 { 10 * (row % 11) } else { 1 + row % 5 }));
    let kinds = (0..2000).map(|row| if row % 2 == 0 { "nps" } else { "csat" });
    let kinds: ArrayRef = Arc::new(StringArray::from_iter_values(kinds));
    let columns = [("customer_id", customers), ("ts", dated), ("score", scores), ("kind", kinds)];
    write(&data.join("surveys.parquet"), &columns);

    let (text, settings) = inferred(data);
    let surveys = &settings.signals["surveys"];
    assert_eq!((surveys.range, surveys.scale(Instrument::Csat)), (Some([0.0, 100.0]), Scale::new([1.0, 5.0])));
    assert!(text.contains("NPS is defined on scores from 0 to 10"), "{text}");
}

#[test]
fn an_index_and_a_code_are_no_attributes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    world(data, whole);
    write(
        &data.join("customers.parquet"),
        &[
            ("customer_id", ids()),
            ("signup_date", dates()),
            ("first_term", whole(&mut (0..ROWS).map(|i| 202_601 + i % 12))),
            ("orders", repeated()),
            ("__index_level_0__", ids()),
        ],
    );
    let (_, settings) = inferred(data);
    assert_eq!(settings.customers.unwrap().numeric, ["orders"]);
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
