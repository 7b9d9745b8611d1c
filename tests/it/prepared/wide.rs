//! Tables of more columns than rows say something about.

use super::*;

#[test]
fn fewer_churners_than_features() {
    let rows = 150;
    let mut random = Random(11);
    let mut columns = Columns::good(rows);
    for feature in 0..50 {
        let values: Vec<f64> = (0..rows).map(|_| random.next()).collect();
        columns.0.push((format!("f{feature}"), Arc::new(Float64Array::from(values))));
    }
    assert!(columns.labels().iter().sum::<i64>() < 50);
    let place = Place::of(&columns);
    // So few churners may show no signal, which the rule would not promote.
    place.run(&["train", "--promote", "always"], "table.parquet", &[]).ok();
    assert_eq!(place.model()["converged"], true);
    place.run(&["score", "--as-of", "2024-02-01"], "table.parquet", &[]).ok();
}

/// A good table with many columns that say nothing, of 101 distinct values each.
fn wide(rows: usize, columns: usize) -> Columns {
    let mut wide = Columns::good(rows);
    let mut random = Random(13);
    for feature in 0..columns {
        let values = (0..rows).map(|_| (random.next() * 101.0).floor()).collect::<Vec<f64>>();
        wide.0.push((format!("f{feature}"), Arc::new(Float64Array::from(values))));
    }
    wide
}

/// The columns that a model's screening kept.
fn kept(model: &serde_json::Value) -> Vec<String> {
    let kept = model["screening"]["kept"].as_array().unwrap();
    kept.iter().map(|column| column[0].as_str().unwrap().to_owned()).collect()
}

#[test]
fn of_ten_thousand_columns_those_that_say_something_are_kept() {
    let columns = wide(ROWS, 10_000).with("left", StringArray::from(vec!["always"; ROWS]));
    let place = Place::of(&columns);
    let linear = "model.complexity=linear";
    let run = place.train(&[linear]).ok();
    let model = place.model();
    let screening = &model["screening"];
    assert_eq!(
        (&screening["columns"], &screening["rows"], &screening["most"]),
        (&10_004.into(), &ROWS.into(), &500.into())
    );
    let names = kept(&model);
    assert!(names[0] == "x" && names.len() == 10, "{names:?}");
    let known = model["catalogue"]["numeric"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap());
    let mut sorted = names.clone();
    sorted.sort();
    let mut known: Vec<String> = known.map(str::to_owned).collect();
    known.sort();
    assert_eq!(sorted, known);
    assert!(run.stdout.contains("10004 columns were screened") && run.stdout.contains("9994 left out"), "{run}");
    let card = fs::read_to_string(place.path("models/v0001/card.md")).unwrap();
    names.iter().for_each(|name| assert!(card.contains(&format!("`{name}`")), "{card}"));
    place.run(&["score", "--as-of", "2024-02-01"], "table.parquet", &[]).ok();

    // Told apart from columns that look like the label by accident, and with few to keep.
    let told = columns.labels().iter().map(|y| *y as f64).collect::<Vec<_>>();
    columns.clone().with("f77", Float64Array::from(told)).save(&place.path("leak.parquet"));
    let run = place.run(&["train"], "leak.parquet", &[linear]);
    refused(&run, 3, &["`f77` alone"]);
    place.run(&["train", "--promote", "always"], "table.parquet", &[linear, "table.max_features=3"]).ok();
    let model = artefact_of(&place, "v0002");
    assert_eq!(kept(&model).len(), 3);
    refused(&place.train(&["table.max_features=2001"]), 2, &["table.max_features", "2000"]);
}

fn artefact_of(place: &Place, version: &str) -> serde_json::Value {
    let text = fs::read_to_string(place.path(&format!("models/{version}/model.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn choosing_columns_by_the_labels_does_not_flatter_the_evaluation() {
    // Nothing but noise: the strongest of 3,000 columns look good on the rows they were chosen on, and on no others.
    let columns = wide(ROWS, 3_000).without("x").without("z").without("plan");
    let place = Place::of(&columns);
    let run = place.train(&["model.complexity=linear"]);
    assert_eq!(run.code, 0, "{run}");
    let model = place.model();
    assert_eq!(model["screening"]["above_chance"], 0);
    let auc = &model["evaluation"]["intervals"]["roc_auc"];
    let (lower, upper) = (auc["lower"].as_f64().unwrap(), auc["upper"].as_f64().unwrap());
    assert!(lower <= 0.5 && upper >= 0.5, "{auc}");
    assert!(run.stdout.contains("there is no signal") && run.stdout.contains("Not promoted"), "{run}");
    // By time too.
    let dates: Vec<i32> = (0..ROWS).map(|row| days(&DATES)[row / 150]).collect();
    let place = Place::of(&columns.with("as_of", Date32Array::from(dates)));
    place.train(&["model.complexity=linear"]).ok();
    let auc = &place.model()["evaluation"]["intervals"]["roc_auc"];
    assert!(auc["lower"].as_f64().unwrap() <= 0.5, "{auc}");
    assert_eq!(place.model()["screening"]["rows"], 450);
}

#[test]
fn of_columns_that_say_nothing_nothing_is_learned() {
    // The ten strongest gain something even where they are cross-validated, on the rows that chose them.
    let place = Place::of(&wide(ROWS, 3_000).without("x").without("z").without("plan"));
    let run = place.train(&[]).ok();
    let model = place.model();
    assert_eq!((&model["comparison"]["chosen"], &model["screening"]["by_chance"]), (&"base rate".into(), &true.into()));
    assert!(run.stdout.contains("nothing but chance speaks for these"), "{run}");

    let place = Place::of(&wide(ROWS, 3_000));
    place.train(&[]).ok();
    let model = place.model();
    assert_ne!(model["comparison"]["chosen"], "base rate");
    assert_eq!(model["screening"]["by_chance"], false);
}
