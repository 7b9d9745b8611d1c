//! The training repeated at earlier dates with what was known then, and judged on what came next.

use super::contacted::Exposure;
use super::context::{Context, Job};
use super::input::{self, Data};
use super::{gates, train};
use crate::calendar::Day;
use crate::dataset::folds::Folds;
use crate::dataset::prepared;
use crate::dataset::snapshots::Snapshots;
use crate::error::Result;
use crate::observer::{Note, Observer};
use crate::registry::Registry;
use crate::training::backtest::{self, Backtest};
use crate::training::candidates::Candidates;
use crate::training::TrainingPlan;
use serde::Serialize;

/// How to backtest.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the rows come from.
    pub data: Data,
    /// Use only what was known on this date; without one, all there is.
    pub as_of: Option<Day>,
    /// At most so many origins, the newest dates that have earlier ones to learn from.
    pub origins: usize,
    /// Whether rows are judged by models that have not seen their customers.
    pub purge_customers: bool,
    /// Whether to find out how much history and how many customers are enough.
    pub learning_curves: bool,
}

/// A backtest, and what a person should know about it.
#[derive(Clone, Debug, Serialize)]
pub struct Backtested {
    /// What came out.
    #[serde(flatten)]
    pub result: Backtest,
    /// What a person should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// Repeats the training at earlier dates: by held-out folds where a prepared table has no dates to split by.
///
/// # Errors
/// Those of a training, but for those of writing.
pub fn run(context: &Context<'_>, request: &Request) -> Result<Backtested> {
    context.run_in_english(|job| {
        job.not_after_today(request.as_of)?;
        let result = match request.data.prepared() {
            None => {
                let tables = input::open_tables(job)?;
                let end = gates::labels_end(job, &tables, request.as_of)?.day;
                let settings = job.settings();
                let days = Snapshots::choose(&settings.training, &settings.churn, end)?.all();
                let mut dataset = input::build(job, &tables, &days, Some(end))?;
                let registry = Registry::at(&settings.paths.models);
                if let Some(exposure) = Exposure::judge(job, &registry, &tables, &dataset, end)? {
                    exposure.apply(&mut dataset);
                    job.note(&Note::detail(exposure.told.to_string()));
                }
                judged(job, Candidates::all(&dataset), None, request)?
            }
            Some(table) => {
                let settings = job.settings();
                let prepared = prepared::for_training(&input::table_request(job, table, request.as_of))?;
                let by_time = prepared.snapshots(&settings.training, &settings.churn)?.is_some();
                let folds = if by_time { None } else { Some(prepared.folds_to_hold_out(settings.model.seed)?) };
                judged(job, train::candidates(settings, &prepared), folds.as_ref(), request)?
            }
        };
        Ok(Backtested { result, notes: job.notes() })
    })
}

/// By folds, if there are any; otherwise by time.
fn judged(job: &Job<'_>, candidates: Candidates<'_>, folds: Option<&Folds>, request: &Request) -> Result<Backtest> {
    let settings = job.settings();
    let dataset = candidates.dataset;
    let splits = match folds {
        Some(folds) => backtest::by_folds(dataset, folds),
        None => {
            backtest::rolling(&settings.churn, settings.model.seed, dataset, request.origins, request.purge_customers)?
        }
    };
    let plan = TrainingPlan::from_settings(settings);
    backtest::Backtester { plan, candidates, observer: job }.run(&splits, request.learning_curves)
}
