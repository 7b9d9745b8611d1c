//! `churn demo`

use super::{render, simulate, Session};
use crate::config::{self, Settings};
use crate::error::Error;
use crate::files;
use crate::jobs::score::Published;
use crate::jobs::train::Promote;
use crate::jobs::{score, train, Data};
use crate::language::{Language, Texts};
use crate::publish::report::FILE;
use crate::registry::Registry;
use crate::simulate::{Continued, Plan};
use std::path::Path;

/// The demo's configuration.
pub(super) const DEMO_TOML: &str = include_str!("demo.toml");

/// Where its tables lie, as the configuration says it.
pub(super) const DATA: &str = "data/demo";

/// Customers, unless it is said how many.
const CUSTOMERS: u32 = 20_000;

/// Days of history: enough for six snapshots with their look-back and label window.
const DAYS: u32 = 540;

/// The lists, in days before the end: a month ago, a week ago and today, so that status, changes and the lines of
/// earlier risks have something to show. The model is as old as the first of them, so that each list is a forecast.
const LISTS: [i32; 3] = [28, 7, 0];

/// A population smaller than this still shows something in a demo, although the gates and rules for real data would
/// stop it.
const SMALL: u32 = 5_000;

pub fn run(session: &Session, dir: &Path, customers: Option<u32>, seed: u64) -> anyhow::Result<()> {
    claim(dir)?;
    let (end, customers) = (Plan::END, customers.unwrap_or(CUSTOMERS));
    let (out, continued) = (dir.join(DATA), Continued::default());
    let plan = Plan { customers, days: DAYS, seed, out, end, string_ids: false, continued, population: None };
    let simulated = simulate::simulated(session, &plan)?;
    let (settings, promote) = configured(session, dir, DEMO_TOML, customers)?;

    let registry = Registry::at(&settings.paths.models);
    let request = train::Request { data: Data::Signals, as_of: Some(end.plus(-LISTS[0])), promote };
    let trained = session.job(&settings, |context| train::run(context, &registry, &request))?;
    let score = |days: i32| {
        let request = score::Request { data: Data::Signals, as_of: Some(end.plus(-days)), model: None };
        session.job(&settings, |context| score::run(context, &registry, &request)).inspect_err(|_| {
            // A demo without a list has no champion either; the data stay, and `churn train` goes on from them.
            let _ = std::fs::remove_dir_all(registry.folder());
        })
    };
    let [first, second, today] = LISTS;
    score(first)?;
    score(second)?;
    let published = score(today)?;

    let json = serde_json::json!({
        "evaluation": trained.model.evaluation,
        "folder": published.folder,
        "manifest": published.manifest,
    });
    let english = Texts::shared(Language::En)?;
    session.done(&json, |_| {
        format!(
            "{}\n{}\n{}\n{}",
            render::simulate::simulated(&simulated, &plan),
            render::train::trained(&trained, &english),
            render::list::published(&published),
            next_steps(dir, &published),
        )
    });
    Ok(())
}

/// Creates the directory, which has to be new or empty.
pub(super) fn claim(dir: &Path) -> crate::Result<()> {
    let occupied = std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if occupied || dir.is_file() {
        return Err(Error::Config(format!(
            "the demo needs an empty or new directory, and {} is not; name another, for example `churn demo my-demo`",
            dir.display()
        )));
    }
    files::create_folder(dir)
}

/// Writes the configuration and reads it, and says by which rule a model becomes champion.
pub(super) fn configured(
    session: &Session,
    dir: &Path,
    toml: &str,
    customers: u32,
) -> crate::Result<(Settings, Promote)> {
    let path = dir.join("churn.toml");
    files::write_atomically(&path, toml.as_bytes())?;
    let mut sets = session.global.sets.clone();
    let mut promote = Promote::Auto;
    if customers < SMALL {
        promote = Promote::Always;
        sets.extend(["gates.min_customers=1".to_owned(), "gates.min_churners=1".to_owned()]);
    }
    Ok((config::load(Some(&path), &sets, config::environment())?.settings, promote))
}

/// What to try after the demo.
fn next_steps(dir: &Path, published: &Published) -> String {
    let first = published.list().next().map_or_else(|| "CUSTOMER".to_owned(), |customer| customer.customer_id);
    let explain = format!("churn explain {first} --as-of {}", Plan::END);
    let report = published.folder.join(FILE);
    format!(
        "The report, for a browser:\n  {}\n\nWhat to try next:\n  \
         cd {dir}\n  \
         {explain:<40} why one customer is on the list\n  \
         {:<40} the model: metrics and coefficients\n  \
         {:<40} every setting and where it comes from\n  \
         {:<40} the same on your own Parquet files\n",
        report.display(),
        "churn models show",
        "churn config show",
        "churn init --from DATA_DIR",
        dir = dir.display(),
    )
}
