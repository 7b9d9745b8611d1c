//! The measures of `kpis.parquet`: what DuckDB computes from the same files, and what becomes of odd data.

use crate::common::{churn, day, repository, Cell, Population, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The measures of a model, which no SQL knows.
const OF_THE_MODEL: [&str; 3] = ["mean_risk", "expected_churners", "value_at_risk"];

/// Rows by period, segment, level and measure.
type Rows = BTreeMap<(i64, String, String, String), (Cell, Cell, Cell, Cell, Cell, Cell)>;

fn rows(table: &Table) -> Rows {
    let text = |name: &str, row: usize| match &table.column(name)[row] {
        Cell::Text(text) => text.clone(),
        other => panic!("{name}: {other:?}"),
    };
    let cell = |name: &str, row: usize| table.column(name)[row].clone();
    (0..table.rows)
        .map(|row| {
            let key = (
                cell("period_start", row).whole().unwrap(),
                text("segment", row),
                text("level", row),
                text("measure", row),
            );
            let interval = (cell("low", row), cell("high", row));
            let period = (cell("period_end", row), cell("running", row));
            (key, (cell("value", row), interval.0, interval.1, cell("n", row), period.0, period.1))
        })
        .collect()
}

fn agree(want: &Cell, have: &Cell) -> bool {
    match (want.number(), have.number()) {
        (Some(want), Some(have)) => (want - have).abs() <= 1e-7 * want.abs().max(1.0),
        _ => want == have,
    }
}

/// Trains and scores with a configuration of the golden folder, and returns what was published.
fn golden(folder: &Path, case: &str, as_of: &str) -> PathBuf {
    let home = repository("tests/golden/measures");
    let config = home.join(format!("{case}.toml"));
    let lists = folder.join("lists");
    let sets =
        [format!("paths.lists={}", lists.display()), format!("paths.models={}", folder.join("models").display())];
    let base = ["--config", config.to_str().unwrap(), "--set", &sets[0], "--set", &sets[1]];
    churn(folder, &[&base[..], &["train", "--as-of", as_of, "--promote", "always"]].concat()).ok();
    churn(folder, &[&base[..], &["score", "--as-of", as_of]].concat()).ok();
    lists.join(format!("as_of={as_of}"))
}

/// Names the first row that is not as expected.
fn compare(case: &str, as_of: &str) {
    let folder = tempfile::tempdir().unwrap();
    let published = golden(folder.path(), case, as_of);
    let expected = Table::read(&repository("tests/golden/measures").join(format!("expected_{case}.parquet")));
    let found = Table::read(&published.join("kpis.parquet"));
    assert_eq!(found.names, expected.names);

    let (want, mut have) = (rows(&expected), rows(&found));
    assert_eq!((want.len(), have.len()), (expected.rows, found.rows), "a row stands twice");
    have.retain(|(_, _, _, measure), _| !OF_THE_MODEL.contains(&measure.as_str()));
    let missing: Vec<_> = want.keys().filter(|key| !have.contains_key(key)).collect();
    let extra: Vec<_> = have.keys().filter(|key| !want.contains_key(key)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "{case}: missing {missing:?}\nextra {extra:?}");
    for (key, want) in &want {
        let have = &have[key];
        let same = [(&want.0, &have.0), (&want.1, &have.1), (&want.2, &have.2), (&want.3, &have.3)];
        assert!(same.iter().all(|(want, have)| agree(want, have)), "{case} {key:?}: expected {want:?}, found {have:?}");
        assert!((&want.4, &want.5) == (&have.4, &have.5), "{case} {key:?}: expected {want:?}, found {have:?}");
    }

    of_the_model(&published, &found);
}

/// The measures of the model are sums over the scores.
fn of_the_model(published: &Path, kpis: &Table) {
    let scores = Table::read(&published.join("scores.parquet"));
    let values: BTreeMap<i64, f64> = {
        let customers = Table::read(&repository("tests/golden/measures/customers.parquet"));
        let ids = customers.column("customer_id").iter().map(|id| id.whole().unwrap());
        ids.zip(customers.column("value").iter().map(|value| value.number().unwrap())).collect()
    };
    let risks: Vec<f64> = scores.column("churn_probability").iter().map(|risk| risk.number().unwrap()).collect();
    let ids = scores.column("customer_id").iter().map(|id| id.whole().unwrap());
    let sum: f64 = risks.iter().sum();
    let at_risk: f64 = ids.zip(&risks).map(|(id, risk)| risk * values[&id]).sum();

    let all = rows(kpis);
    let newest = all.keys().map(|key| key.0).max().unwrap();
    for (measure, expected) in OF_THE_MODEL.iter().zip([sum / risks.len() as f64, sum, at_risk]) {
        let found: Vec<_> = all.iter().filter(|(key, _)| key.3 == *measure && key.1 == "all").collect();
        let [(key, (value, low, _, n, ..))] = found.as_slice() else { panic!("{measure}: {found:?}") };
        assert!((value.number().unwrap() - expected).abs() < 1e-6 * expected, "{measure}: {value:?}, {expected}");
        assert_eq!((key.0, low, n.whole().unwrap() as usize), (newest, &Cell::Null, risks.len()), "{measure}");
    }
}

#[test]
fn months_equal_sql() {
    compare("month", "2026-06-16");
}

#[test]
fn quarters_with_contracts_and_without_a_sign_up_equal_sql() {
    compare("quarter", "2026-04-01");
}

#[test]
fn weeks_of_another_zone_under_inactivity_equal_sql() {
    compare("week", "2026-06-10");
}

#[test]
fn months_under_inactivity_equal_sql() {
    compare("silence", "2026-06-16");
}

/// What the run with these settings publishes of the shared population.
fn published(folder: &Path, arguments: &[&str]) -> PathBuf {
    Population::shared().score(folder, arguments)
}

#[test]
fn measures_change_nothing_else_and_can_be_switched_off() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let with = published(folders[0].path(), &[]);
    let without = published(folders[1].path(), &["--set", "kpi.period=off"]);
    assert!(with.join("kpis.parquet").exists() && !without.join("kpis.parquet").exists());
    for name in ["at_risk.csv", "at_risk.parquet", "scores.parquet"] {
        assert!(fs::read(with.join(name)).unwrap() == fs::read(without.join(name)).unwrap(), "{name}");
    }
    let manifest = fs::read_to_string(with.join("manifest.json")).unwrap();
    assert!(manifest.contains("\"kpis.parquet\""), "{manifest}");
}

#[test]
fn segments_are_those_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let segments = |set: &str| {
        let table = Table::read(&published(folder.path(), &["--set", set]).join("kpis.parquet"));
        let mut names: Vec<String> =
            table.column("segment").iter().map(|name| name.text().unwrap().to_owned()).collect();
        names.dedup();
        names.truncate(3);
        names
    };
    assert_eq!(segments("kpi.segments=[\"region\"]"), ["all", "region", "all"]);
    assert_eq!(segments("kpi.segments=[]"), ["all"]);

    let population = &Population::shared().folder;
    let set = "kpi.segments=[\"regoin\"]";
    let run = churn(population, &["--set", set, "score", "--as-of", Population::AS_OF]);
    assert!(run.code == 2 && run.stderr.contains("did you mean `region`?"), "{run}");
}

#[test]
fn without_surveys_a_sign_up_or_earlier_rows_what_is_not_known_has_no_row() {
    let folder = tempfile::tempdir().unwrap();
    // A year of two signals, and nobody who ever left.
    let population = Population::simulate(folder.path(), 700, 250, 5);
    let text = fs::read_to_string(folder.path().join("churn.toml")).unwrap();
    let survey = text.find("[signals.surveys]").unwrap();
    let next = text[survey + 1..].find("\n[").map_or(text.len(), |at| survey + 1 + at);
    fs::write(folder.path().join("churn.toml"), format!("{}{}", &text[..survey], &text[next..])).unwrap();
    let train = ["train", "--as-of", Population::AS_OF, "--promote", "always", "--set", "training.step_days=40"];
    let gates = ["--set", "gates.min_churners=1", "--set", "gates.min_customers=1", "--set", "model.complexity=linear"];
    churn(folder.path(), &[&train[..], &gates].concat()).ok();
    let list = population.score(&folder.path().join("lists"), &gates);

    let all = rows(&Table::read(&list.join("kpis.parquet")));
    let measures: BTreeSet<&str> = all.keys().map(|key| key.3.as_str()).collect();
    assert!(!measures.iter().any(|name| ["nps", "csat", "ces", "surveys"].iter().any(|of| name.starts_with(of))));
    // The history begins on 2025-09-24, in a month that is not told.
    let first = |measure: &str| all.keys().filter(|key| key.3 == measure).map(|key| key.0).min().unwrap();
    assert_eq!(first("logins_per_customer"), day("2025-10-01"));
    assert!(first("churn_rate") >= day("2025-10-01") && first("active_share") == day("2025-10-01"));
    assert!(all
        .iter()
        .all(|(key, row)| row.3.whole().unwrap() > 0 && row.0.number().is_some() && key.0 < day("2026-06-01")));
}

#[test]
fn answers_beyond_their_scales_are_told_with_the_scales() {
    let population = &Population::shared().folder;
    let score = |set: &str| churn(population, &["--set", set, "check"]);
    let run = score("signals.surveys.scales={ csat = { from = 1, to = 3 } }");
    assert_eq!(run.code, 3, "{run}");
    for part in ["outside its scale", "csat 1 to 3", "nps 0 to 10", "signals.surveys.scales"] {
        assert!(run.stderr.contains(part), "{part}: {run}");
    }
    let run = score("signals.surveys.scales={ nps = { from = 1, to = 5 } }");
    assert!(run.code == 2 && run.stderr.contains("defined on 0 to 10"), "{run}");
}
