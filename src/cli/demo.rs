//! `churn demo`

use super::args::Promote;
use super::{score, simulate, summary, train, Session};
use crate::config;
use crate::error::Error;
use crate::files;
use crate::registry::Registry;
use crate::simulate::Plan;
use std::path::Path;

/// The demo's configuration.
const DEMO_TOML: &str = include_str!("demo.toml");

/// Days of history: enough for six snapshots with their look-back and label window.
const DAYS: u32 = 540;

pub fn run(session: &Session, dir: &Path, customers: u32, seed: u64) -> anyhow::Result<()> {
    let occupied = std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if occupied || dir.is_file() {
        return Err(Error::Config(format!(
            "the demo needs an empty or new directory, and {} is not; name another, for example `churn demo my-demo`",
            dir.display()
        ))
        .into());
    }
    files::create_folder(dir)?;
    let end = Plan::END;
    let plan = Plan { customers, days: DAYS, seed, out: dir.join("data/demo"), end, string_ids: false };
    let simulated = simulate::simulated(session, &plan)?;
    let path = dir.join("churn.toml");
    files::write_atomically(&path, DEMO_TOML.as_bytes())?;
    let mut sets = session.global.sets.clone();
    let mut promote = Promote::Auto;
    if customers < 5_000 {
        // A small demo still shows something: gates and rules are for real data.
        promote = Promote::Always;
        sets.extend(["gates.min_customers=1".to_owned(), "gates.min_churners=1".to_owned()]);
    }
    let resolved = config::load(Some(&path), &sets, config::environment())?;
    let registry = Registry::at(&resolved.settings.paths.models);
    let (model, decision) = {
        let _lock = registry.lock()?;
        train::trained(session, &resolved.settings, &registry, Some(end), promote)?
    };
    let run = score::scored(session, &resolved, None, Some(end), None)?;
    if session.json() {
        return session.print_json(&serde_json::json!({
            "evaluation": model.evaluation,
            "folder": run.folder,
            "manifest": run.manifest,
        }));
    }
    let first = run.top.first().map_or("CUSTOMER", |line| line.customer.as_str());
    let explain = format!("churn explain {first} --as-of {end}");
    session.print(&format!(
        "{}\n{}\n{}\nWhat to try next:\n  \
         cd {dir}\n  \
         {explain:<40} why one customer is on the list\n  \
         {:<40} the model: metrics and coefficients\n  \
         {:<40} every setting and where it comes from\n  \
         {:<40} the same on your own Parquet files\n",
        simulate::told(&simulated, &plan),
        summary::trained(&model, &decision, &registry),
        summary::scored(&run),
        "churn models show",
        "churn config show",
        "churn init --from DATA_DIR",
        dir = dir.display(),
    ))
}
