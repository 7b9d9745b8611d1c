//! The feature table equals what DuckDB computes from the same files: `tests/golden/features.py`.

use crate::common::{churn, repository, Cell, Table};

const SECOND: f64 = 1.0 / 86_400.0;

#[test]
fn features_and_event_labels_equal_sql() {
    compare("utc", "churn.toml", "expected_event.parquet", &["2025-01-05", "2025-03-01", "2025-03-15"]);
}

#[test]
fn inactivity_labels_equal_sql() {
    compare("utc", "inactivity.toml", "expected_inactivity.parquet", &["2025-01-05", "2025-03-01", "2025-03-15"]);
}

#[test]
fn days_and_windows_follow_the_local_calendar_when_clocks_change() {
    compare("berlin", "churn.toml", "expected_event.parquet", &["2025-03-31", "2025-04-10", "2025-10-30"]);
}

#[test]
fn the_whole_history_equals_sql() {
    compare("utc", "lifetime.toml", "expected_lifetime.parquet", &["2025-01-05", "2025-03-01", "2025-03-15"]);
    compare("utc", "lifetime.toml", "expected_lifetime.parquet", &["2025-03-15"]);
    compare("berlin", "lifetime.toml", "expected_lifetime.parquet", &["2025-03-31", "2025-04-10", "2025-10-30"]);
    compare("berlin", "lifetime.toml", "expected_lifetime.parquet", &["2025-10-30"]);
}

#[test]
fn one_date_at_a_time_gives_the_same_rows_as_all_in_one_scan() {
    compare("utc", "churn.toml", "expected_event.parquet", &["2025-03-01"]);
    compare("berlin", "churn.toml", "expected_event.parquet", &["2025-10-30"]);
}

/// Runs `churn features` and names the first cell, column by column, that is not as expected.
fn compare(set: &str, config: &str, expected: &str, as_ofs: &[&str]) {
    let home = repository("tests/golden/features").join(set);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("features.parquet");
    let config = home.join(config);
    let mut arguments =
        vec!["--config", config.to_str().unwrap(), "features", "--labels", "--out", out.to_str().unwrap()];
    for as_of in as_ofs {
        arguments.extend(["--as-of", as_of]);
    }
    let run = churn(folder.path(), &arguments).ok();

    let found = Table::read(&out);
    let expected = Table::read(&home.join(expected));
    assert_eq!(found.names, expected.names, "columns and their order\n{run}");

    let days: Vec<i64> = as_ofs.iter().map(|as_of| crate::common::day(as_of)).collect();
    let asked = |row: usize| days.contains(&expected.column("as_of")[row].whole().unwrap());
    let expected_rows = expected.rows_by(&["as_of", "customer_id"]);
    let wanted: Vec<_> = expected_rows.into_iter().filter(|&(_, row)| asked(row)).collect();
    let found_rows = found.rows_by(&["as_of", "customer_id"]);
    let missing: Vec<_> = wanted.iter().filter(|(key, _)| !found_rows.contains_key(key)).collect();
    assert!(missing.is_empty(), "rows that are missing: {missing:?}\n{run}");
    let extra: Vec<_> = found_rows.keys().filter(|key| !wanted.iter().any(|(wanted, _)| wanted == *key)).collect();
    assert!(extra.is_empty(), "rows that should not be there: {extra:?}\n{run}");

    for name in &expected.names {
        let (want, have) = (expected.column(name), found.column(name));
        for (key, row) in &wanted {
            let (want, have) = (&want[*row], &have[found_rows[key]]);
            assert!(agree(name, want, have), "{set}, {key}, {name}: expected {want:?}, found {have:?}");
        }
    }
}

/// Values agree to 1e-6 relative, times to one second.
fn agree(name: &str, want: &Cell, have: &Cell) -> bool {
    match (want.number(), have.number()) {
        (Some(want), Some(have)) => {
            let is_time = name.ends_with("_days_since_last") || name.contains("_mean_gap_");
            let tolerance = if is_time { SECOND } else { 1e-9 };
            (want - have).abs() <= tolerance.max(1e-6 * want.abs())
        }
        _ => want == have,
    }
}
