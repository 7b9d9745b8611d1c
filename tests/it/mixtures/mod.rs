//! Random mixtures of what happens to tables in the wild: other types and encodings, other files and folders, rows that
//! cannot be used, damage. Each ends in the right result, by a computation of its own, or in a refusal that names the
//! table, the column or the file: never in silence.

mod kinds;
mod tables;
mod world;

use crate::common::{churn, day, Cell, Run, Table};
use kinds::{Kind, Mixture};
use rand::SeedableRng;
use rand_pcg::Pcg64;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use world::World;

const AS_OF: &str = "2026-06-01";
/// A date whose labels have matured.
const EARLIER: &str = "2026-04-01";
const MIXTURES: u64 = 200;

#[test]
fn mixtures_end_in_the_right_result_or_in_a_refusal_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let plain = World::new(day(AS_OF), &mut Pcg64::seed_from_u64(1));
    let home = folder.path().join("plain");
    Mixture::new(plain.clone()).write(&home);
    churn(&home, &["train", "--promote", "always"]).ok();
    churn(&home, &["score", "--as-of", AS_OF]).ok();
    let model = Plain { risks: risks(&home), models: home.join("models").display().to_string() };

    let ran: Vec<Result<bool, String>> = (0..MIXTURES)
        .into_par_iter()
        .map(|seed| mixture(seed, &plain, &model, &folder.path().join(seed.to_string())))
        .collect();

    let wrong: Vec<&String> = ran.iter().filter_map(|result| result.as_ref().err()).collect();
    assert!(wrong.is_empty(), "{} of {MIXTURES} mixtures:\n\n{}", wrong.len(), join(&wrong));
    // A generator whose mixtures are all refused, or none of them, would test little.
    let refused = ran.iter().filter(|result| matches!(result, Ok(true))).count();
    assert!(refused > 20 && refused < MIXTURES as usize * 3 / 5, "{refused} of {MIXTURES} mixtures are refused");
}

/// What the plain world's model says of it.
struct Plain {
    risks: BTreeMap<String, f64>,
    models: String,
}

/// Makes and runs a mixture; tells whether it was refused, or what is wrong.
fn mixture(seed: u64, plain: &World, model: &Plain, home: &Path) -> Result<bool, String> {
    let mut rng = Pcg64::seed_from_u64(1000 + seed);
    let mut mixture = Mixture::new(plain.clone());
    let kinds = Kind::some(&mut rng);
    kinds.iter().for_each(|kind| kind.apply(&mut mixture, &mut rng));
    mixture.write(home);

    let named = |problem: String| format!("mixture {seed} of {kinds:?}: {problem}");
    let models = format!("paths.models={}", model.models);
    let table = churn(home, &["features", "--labels", "--as-of", EARLIER, "--as-of", AS_OF, "--out", "table.parquet"]);
    let score = churn(home, &["score", "--as-of", AS_OF, "--set", &models]);

    let verdict = if score.code == 0 {
        if table.code == 0 {
            check_features(&mixture, &home.join("table.parquet")).and_then(|()| check_risks(&mixture, model, home))
        } else {
            Err(format!("scored, but the feature table is refused: {table}"))
        }
    } else {
        check_refusal(&mixture, &score, home)
    };
    fs::remove_dir_all(home).ok();

    match verdict {
        Ok(()) if score.code == 0 && mixture.must_be_refused() => {
            Err(named(format!("it should be refused by one of {:?}", mixture.refusals)))
        }
        Ok(()) => Ok(score.code != 0),
        Err(problem) => Err(named(problem)),
    }
}

/// A refusal has an exit code of its own, names what the mixture allows, and publishes nothing.
fn check_refusal(mixture: &Mixture, run: &Run, home: &Path) -> Result<(), String> {
    let allowed: Vec<&String> = mixture.refusals.iter().flat_map(|refusal| &refusal.names).collect();
    if ![2, 3, 4, 5].contains(&run.code) {
        return Err(format!("exit code {}: {run}", run.code));
    }
    if !allowed.iter().any(|name| run.stderr.contains(*name)) {
        return Err(format!("refused for another reason than one of {allowed:?}: {run}"));
    }
    if home.join("out/lists").join(format!("as_of={AS_OF}")).exists() {
        return Err(format!("refused, but a list was published: {run}"));
    }
    Ok(())
}

/// Every value of the feature table is that of the world.
fn check_features(mixture: &Mixture, path: &Path) -> Result<(), String> {
    let table = Table::read(path);
    let rows = table.rows_by(&["as_of", "customer_id"]);
    let mut expected_rows = 0;

    for date in [EARLIER, AS_OF] {
        let as_of = day(date);
        for (key, features) in mixture.truth.features(as_of) {
            // A table with labels has the rows that a training would take.
            if mixture.truth.cancels_in_gap(key, as_of) {
                continue;
            }
            expected_rows += 1;
            let customer = mixture.id_text(key);
            let row = rows.iter().find(|(_, row)| {
                table.column("as_of")[**row] == Cell::Whole(as_of)
                    && text_of(&table.column("customer_id")[**row]) == customer
            });
            let Some((_, &row)) = row else {
                return Err(format!("customer {customer} has no row on {date}"));
            };
            for (name, expected) in features {
                let found = table.column(&name)[row].number().filter(|value| !value.is_nan());
                let agree = match (expected, found) {
                    (Some(expected), Some(found)) => (expected - found).abs() <= 1e-6 * expected.abs().max(12.0),
                    (expected, found) => expected == found,
                };
                if !agree {
                    return Err(format!("{name} of customer {customer} on {date}: {found:?}, expected {expected:?}"));
                }
            }
            // The label window ends 37 days after the date.
            let known = date == EARLIER && mixture.labels_until.is_none_or(|until| as_of + 37 <= until);
            let label = known.then(|| f64::from(u8::from(mixture.truth.churns(key, as_of))));
            let found = table.column("churned")[row].number();
            if found != label {
                return Err(format!("label of customer {customer} on {date}: {found:?}, expected {label:?}"));
            }
        }
    }

    if table.rows == expected_rows {
        Ok(())
    } else {
        Err(format!("{} rows, expected {expected_rows}", table.rows))
    }
}

/// Every risk is that of the plain world, whose rows say the same.
fn check_risks(mixture: &Mixture, model: &Plain, home: &Path) -> Result<(), String> {
    let found = risks(home);
    let eligible = mixture.truth.features(day(AS_OF));
    if found.len() != eligible.len() {
        return Err(format!("{} customers are scored, expected {}", found.len(), eligible.len()));
    }
    for key in eligible.keys() {
        let (found, expected) = (found.get(&mixture.id_text(*key)), model.risks.get(&key.to_string()));
        match (found, expected) {
            (Some(found), Some(expected)) if (found - expected).abs() < 1e-9 => {}
            // Whose cancellation has not come is still there.
            (Some(_), None) if mixture.labels_until.is_some() => {}
            _ => return Err(format!("the risk of customer {key} is {found:?}, expected {expected:?}")),
        }
    }
    Ok(())
}

/// The risk of every customer of the newest list's run.
fn risks(home: &Path) -> BTreeMap<String, f64> {
    let scores = Table::read(&home.join("out/lists").join(format!("as_of={AS_OF}")).join("scores.parquet"));
    let ids = scores.column("customer_id").iter().map(text_of);
    ids.zip(scores.column("churn_probability").iter().filter_map(Cell::number)).collect()
}

fn text_of(cell: &Cell) -> String {
    match cell {
        Cell::Whole(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

fn join(texts: &[&String]) -> String {
    texts.iter().map(|text| text.as_str()).collect::<Vec<_>>().join("\n\n")
}
