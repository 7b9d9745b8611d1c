//! Rows that are equal in every feature.

use super::{Columns, Place, Random, ROWS};
use arrow_array::{Float64Array, Int64Array};

/// A table of which the first 400 rows are twins, two and two; the others are like nobody.
fn with_twins() -> Columns {
    let mut random = Random(11);
    let x: Vec<f64> = (0..ROWS).map(|_| random.next()).collect();
    let kind = |row: usize| if row < 400 { row / 2 } else { row };
    let of_kind = |scale: f64| Float64Array::from_iter_values((0..ROWS).map(|row| scale * x[kind(row)]));
    let plans: Vec<&str> = (0..ROWS).map(|row| ["basic", "pro", "team"][kind(row) % 3]).collect();
    let churned = (0..ROWS).map(|row| i64::from((x[kind(row)] * 977.0).fract() < 0.3));
    Columns::good(ROWS)
        .with("churned", Int64Array::from_iter_values(churned.collect::<Vec<_>>()))
        .with("x", of_kind(1.0))
        .with("z", of_kind(-3.0))
        .with("plan", arrow_array::StringArray::from(plans))
}

#[test]
fn given_folds_that_split_twins_are_told_and_made_ones_do_not() {
    let folds = Int64Array::from_iter_values((0..ROWS as i64).map(|row| row % 2));
    let place = Place::of(&with_twins().with("fold", folds));
    let run = place.train(&[]).ok();
    let told = "400 of 600 rows (66.7 %) have a twin, equal in every feature, in another fold of `fold`";
    let said = run.to_string();
    assert!(said.contains(told) && said.contains("without these: AUC "), "{run}");

    let run = place.train(&["table.ignore=[\"fold\"]"]).ok();
    assert!(!run.to_string().contains("twin"), "{run}");
}

#[test]
fn twins_of_one_customer_or_of_all_are_no_trouble() {
    // Every row is the twin of every other: nothing is learned, and nothing is split by that.
    let same = with_twins()
        .with("x", Float64Array::from(vec![1.0; ROWS]))
        .with("z", Float64Array::from_iter_values((0..ROWS).map(|row| (row % 2) as f64)))
        .with("plan", arrow_array::StringArray::from(vec!["basic"; ROWS]));
    let place = Place::of(&same.with("fold", Int64Array::from_iter_values((0..ROWS as i64).map(|row| row % 3))));
    let run = place.train(&[]).ok();
    assert!(run.to_string().contains("600 of 600 rows (100.0 %) have a twin"), "{run}");
}
