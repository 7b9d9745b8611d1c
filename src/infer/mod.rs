//! Which table is which in a folder of Parquet files, for `churn init --from`: guessed from names, types and a look at
//! the values; and how to define churn, from the rhythm in which customers come back. The written `churn.toml` marks
//! what was guessed and says what was left out, and why.

mod cancellations;
mod candidate;
mod customers;
mod found;
mod left_out;
mod lives;
mod names;
mod past;
mod plan;
mod prepared;
mod readiness;
mod rhythm;
mod signals;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod written;

pub use found::FoundTable;
pub use rhythm::SENSIBLE;

use crate::calendar::Day;
use crate::config;
use crate::error::Result;
use candidate::candidates;
use customers::Attributes;
use left_out::not_known_at_the_time;
use plan::Plan;
use prepared::Prepared;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A configuration, and what it was inferred from.
#[derive(Clone, Debug, Serialize)]
pub struct Inferred {
    /// The commented `churn.toml`.
    #[serde(skip)]
    pub text: String,
    /// Every table that was found.
    pub tables: Vec<FoundTable>,
    /// What a person should decide, or supply, before `churn check` and `churn train` can succeed.
    pub missing: Vec<String>,
    /// What a person should look at.
    pub doubts: Vec<String>,
    /// The date to check, train and score for, where it is not the day after the newest row.
    pub as_of: Option<Day>,
    /// The prepared table to train from, if that is what was found.
    pub features: Option<PathBuf>,
}

/// Infers a commented `churn.toml` for the Parquet files in `data`. `folder` is where the file will stand: paths below
/// it are written relative to it, others absolute.
///
/// # Errors
/// [`Error::Contract`](crate::Error::Contract) when no file below `data` is Parquet, or a file of a table in use cannot
/// be decoded. Tables that cannot be opened or placed are no error; the text names them.
pub fn infer(data: &Path, folder: &Path) -> Result<Inferred> {
    let (tables, unreadable) = candidates(data)?;
    let mut plan = Plan::default();
    for table in unreadable {
        plan.left_out.push(FoundTable { left_out: Some(table.reason), ..FoundTable::new(&table.name, &table.path) });
    }

    let mut known = Vec::new();
    for table in tables {
        match not_known_at_the_time(&table) {
            Some(reason) => plan.leave_out(&table, None, reason),
            None => known.push(table),
        }
    }

    plan.place(known)?;
    if plan.prepared().is_none() {
        let ready = plan.settle()?;
        readiness::judge(&mut plan, ready);
    }
    Ok(inferred(plan, data, folder))
}

/// What the plan comes to.
fn inferred(mut plan: Plan, data: &Path, folder: &Path) -> Inferred {
    for signal in &plan.signals {
        let doubts = signal.doubts.iter().map(|doubt| format!("signal `{}`: {doubt}", signal.name));
        plan.doubts.extend(doubts);
    }
    if let Some(customers) = &plan.customers {
        plan.doubts.extend(customers.advice(&Attributes::new(customers)));
    }
    if let Some(churn) = &plan.churn {
        plan.doubts.extend(churn.doubts.iter().map(|doubt| format!("churn: {doubt}")));
    }
    if let Some(proposal) = &plan.proposal {
        plan.doubts.extend(proposal.doubts.iter().cloned());
    }

    let text = config::starter(&text::written(&plan, data, folder), &text::general(&plan));
    let prepared = plan.prepared();
    let features = prepared.as_ref().map(|prepared| prepared.table().path.clone());
    let missing = prepared.as_ref().map_or_else(|| plan.missing.clone(), Prepared::missing);
    let as_of = plan.as_of();
    Inferred { text, tables: plan.found(), missing, doubts: plan.doubts.clone(), as_of, features }
}
