//! The reasons are true: where one named cause made a customer leave, the first reason names it.

use crate::common::{day, Population, Table};
use std::collections::{BTreeMap, HashMap};

/// A cause of the simulated population and how the codes of its concept begin.
const CAUSES: [(&str, &str); 4] =
    [("logins", "LOGINS_"), ("visits", "VISITS_"), ("mentions", "MENTIONS_"), ("surveys", "SURVEY")];

const AT_LEAST: f64 = 0.7;

#[test]
fn the_first_reason_names_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let population = Population::simulate(folder.path(), 20_000, 400, 11);
    crate::common::churn(folder.path(), &["train", "--as-of", Population::AS_OF, "--promote", "always"]).ok();
    let published = population.score(&folder.path().join("out"), &[]);

    // The truth knows who leaves in the label window, after the end of the data.
    let truth = Table::read(&folder.path().join("data/truth.parquet"));
    let window = day(Population::AS_OF) + 7..day(Population::AS_OF) + 37;
    let causes: HashMap<String, &str> = (0..truth.rows)
        .filter(|&row| truth.column("churned_on")[row].whole().is_some_and(|on| window.contains(&on)))
        .filter_map(|row| {
            let cause = truth.column("cause")[row].text()?;
            let (_, code) = CAUSES.iter().find(|(name, _)| *name == cause)?;
            Some((truth.column("customer_id")[row].key(), *code))
        })
        .collect();

    let list = Table::read(&published.join("at_risk.parquet"));
    crate::yardsticks::check(&list);
    let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut misses: BTreeMap<String, usize> = BTreeMap::new();
    for row in 0..list.rows {
        let Some(expected) = causes.get(&list.column("customer_id")[row].key()) else { continue };
        let code = list.column("reason_1_code")[row].text().unwrap_or("none");
        let (named, all) = tally.entry(expected).or_default();
        *all += 1;
        if code.starts_with(expected) {
            *named += 1;
        } else {
            *misses.entry(format!("{expected}* got {code}")).or_default() += 1;
        }
    }
    let (named, all) = tally.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let share = named as f64 / all as f64;
    eprintln!("the first reason names the cause of {named} of {all} listed churners with one cause ({share:.2})");
    eprintln!("by cause, named of all: {tally:?}; the others: {misses:?}");
    assert!(all >= 30, "only {all} listed churners with one cause: too few to judge");
    assert!(share >= AT_LEAST, "{share:.2} of them, but at least {AT_LEAST}; {misses:?}");
}
