//! What a list of a prepared table says beyond the scores.

use super::*;

#[test]
fn value_and_other_columns_come_with_the_list() {
    let good = Columns::good(ROWS);
    let revenue: Vec<Option<f64>> = (0..ROWS)
        .map(|row| match row % 20 {
            0 => None,
            1 => Some(f64::NAN),
            2 => Some(-5.0),
            _ => Some((row % 7) as f64 * 10.0),
        })
        .collect();
    let columns = good
        .with("revenue", Float64Array::from(revenue))
        .with(
            "owner",
            StringArray::from_iter((0..ROWS).map(|row| (row % 9 > 0).then(|| format!("=owner {}", row % 4)))),
        )
        .with("seats", Int64Array::from_iter_values((0..ROWS as i64).map(|row| row % 11)))
        .with("since", Date32Array::from_iter_values((0..ROWS as i32).map(|row| 19_000 + row)));
    let place = Place::of(&columns);
    let settings = ["table.value=revenue", "table.passthrough=[\"owner\", \"seats\", \"since\"]"];
    let run = place.train(&settings).ok();
    assert!(run.stderr.contains("`revenue` (table.value) is below 0 in 30 of 600 rows"), "{run}");
    assert!(run.stderr.contains("`revenue` (table.value) is not known in 60 of 600 rows"), "{run}");
    // The value is a feature like any other; what is passed through is none.
    let names: Vec<String> = place.model()["catalogue"]["numeric"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| feature["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["x", "z", "revenue"]);
    assert_eq!(place.model()["catalogue"]["categorical"], serde_json::json!(["plan"]));

    let ranked = [&settings[..], &["list.rank_by=expected_loss", "list.capacity=50"]].concat();
    let run = place.run(&["score", "--as-of", "2024-02-01"], "table.parquet", &ranked).ok();
    assert!(run.stdout.contains("at stake"), "{run}");
    let list = Table::read(&place.path("out/lists/as_of=2024-02-01/at_risk.parquet"));
    let scores = Table::read(&place.path("out/lists/as_of=2024-02-01/scores.parquet"));
    let number = |table: &Table, column: &str, row: usize| table.column(column)[row].number();
    let losses: Vec<f64> = (0..list.rows)
        .map(|row| number(&list, "churn_probability", row).unwrap() * number(&list, "value_at_risk", row).unwrap())
        .collect();
    assert!(losses.windows(2).all(|pair| pair[0] >= pair[1]) && losses[0] > 0.0, "{losses:?}");
    assert_eq!((list.rows, scores.rows), (50, ROWS));
    for table in [&list, &scores] {
        for row in 0..table.rows {
            let id = table.column("customer_id")[row].whole().unwrap() - 1000;
            let owner = (id % 9 > 0).then(|| format!("=owner {}", id % 4));
            assert_eq!(table.column("owner")[row].text(), owner.as_deref());
            assert_eq!(table.column("seats")[row].whole(), Some(id % 11));
            assert_eq!(table.column("since")[row].whole(), Some(19_000 + id));
        }
    }
    let text = fs::read_to_string(place.path("out/lists/as_of=2024-02-01/at_risk.csv")).unwrap();
    assert!(text.contains(",'=owner "), "a cell that a spreadsheet would execute: {text}");

    let score = |settings: &[&str]| place.run(&["score", "--as-of", "2024-02-02"], "table.parquet", settings);
    refused(&score(&["table.passthrough=[\"owner\", \"nobody\"]"]), 3, &["`nobody`", "table.passthrough"]);
    refused(&score(&["table.value=owner"]), 3, &["`owner`", "string", "table.value"]);
    refused(&score(&["table.value=nothing"]), 3, &["`nothing`", "table.value"]);
    refused(&score(&["list.rank_by=expected_loss"]), 2, &["expected_loss", "table.value"]);
    refused(&score(&["table.passthrough=[\"log_odds\"]"]), 2, &["`log_odds`", "rename"]);
}

#[test]
fn with_as_of_dates_what_is_passed_through_is_of_the_date() {
    let columns = dated(&DATES, 150);
    let notes = StringArray::from_iter_values((0..ROWS).map(|row| format!("{} of {}", row % 150, DATES[row / 150])));
    let place = Place::of(&columns.with("note", notes));
    let settings = ["table.passthrough=[\"note\"]"];
    place.run(&["train", "--promote", "always"], "table.parquet", &settings).ok();
    place.run(&["score", "--as-of", "2024-05-01"], "table.parquet", &settings).ok();
    let scores = Table::read(&place.path("out/lists/as_of=2024-05-01/scores.parquet"));
    assert_eq!(scores.rows, 150);
    for (id, note) in scores.column("customer_id").iter().zip(scores.column("note")) {
        assert_eq!(note.text(), Some(format!("{} of 2024-05-01", id.whole().unwrap()).as_str()));
    }
}

#[test]
fn a_value_that_is_often_missing_or_infinite_is_told_apart() {
    // NaN is how some programs write a missing value; an infinite one is an error in the data.
    let value = |odd: f64| (0..ROWS).map(|row| if row % 3 == 0 { odd } else { 20.0 }).collect::<Vec<f64>>();
    let missing = Columns::good(ROWS).with("worth", Float64Array::from(value(f64::NAN)));
    let place = Place::of(&missing);
    let run = place.train(&["table.value=worth"]).ok();
    assert!(run.stderr.contains("`worth` (table.value) is not known in 200 of 600 rows"), "{run}");
    let infinite = Columns::good(ROWS).with("worth", Float64Array::from(value(f64::INFINITY)));
    Place::of(&infinite).refuses(&["table.value=worth"], 3, &["quarantine"]);
}
