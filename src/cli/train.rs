//! `churn train`

use super::args::Promote;
use super::{now, score, summary, Session};
use crate::calendar::Day;
use crate::config::Settings;
use crate::dataset::folds::Folds;
use crate::dataset::prepared;
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{Dataset, Selection, Tables};
use crate::error::{Error, Result};
use crate::model::artefact::{Artefact, ChurnMeaning, Inputs};
use crate::model::folds;
use crate::model::metrics;
use crate::model::training;
use crate::registry::Registry;
use crate::sources::{self, CustomerTable};
use std::path::Path;

pub fn run(session: &Session, features: Option<&Path>, as_of: Option<Day>, promote: Promote) -> anyhow::Result<()> {
    let settings = session.resolve_for(features)?.settings;
    let registry = Registry::at(&settings.paths.models);
    let _lock = registry.lock()?;
    let (artefact, decision) = match features {
        None => trained(session, &settings, &registry, as_of, promote)?,
        Some(path) => trained_on_table(session, &settings, &registry, path, as_of, promote)?,
    };
    if session.json() {
        return session.print_json(&serde_json::json!({
            "version": artefact.version,
            "promoted": decision.promoted,
            "reason": decision.reason,
            "file": registry.path(&artefact.version),
            "evaluation": artefact.evaluation,
            "notes": artefact.advice,
        }));
    }
    session.print(&summary::trained(&artefact, &decision, &registry))
}

/// Whether the challenger became champion, and why.
pub struct Decision {
    pub promoted: bool,
    pub reason: String,
}

/// Trains, registers and perhaps promotes a model. Hold the registry's lock.
pub fn trained(
    session: &Session,
    settings: &Settings,
    registry: &Registry,
    as_of: Option<Day>,
    promote: Promote,
) -> Result<(Artefact, Decision)> {
    let tables = Tables::open(settings, None)?;
    let end = data_end(settings, &tables, as_of)?;
    let snapshots = Snapshots::choose(settings, end)?;
    for day in &snapshots.unmatured {
        tracing::warn!("the labels of the snapshot {day} have not matured by {end}; it is left out");
    }
    let data = score::built(session, settings, &tables, &snapshots.all(), Some(end))?;
    let inputs = Inputs::of(&tables.sources, settings.signals.keys(), Some(end));
    let spinner = session.progress().spinner("training");
    let step = |what: &str| spinner.set_message(what.to_owned());
    let artefact = training::train(settings, &data, &tables.customers, &snapshots, inputs, &step);
    spinner.finish_and_clear();
    let artefact = registry.register(artefact?, &now())?;
    let compatible = |champion: &Artefact| champion.check_compatible(settings).is_ok();
    let decision = decide(registry, &artefact, (&data, &tables.customers), compatible, promote)?;
    if decision.promoted {
        registry.promote(&artefact.version, &decision.reason, &now())?;
    }
    Ok((artefact, decision))
}

/// What a model cannot know of itself when its rows had no order in time.
const NO_TIME_SPLIT: &str =
    "no split by time was possible: the rows have no as-of dates, or all the same. The metrics \
     are of customers that the model has not seen, but of the same time; on later customers it may do worse";

/// As [`trained`], from a prepared table.
fn trained_on_table(
    session: &Session,
    settings: &Settings,
    registry: &Registry,
    path: &Path,
    as_of: Option<Day>,
    promote: Promote,
) -> Result<(Artefact, Decision)> {
    let spinner = session.progress().spinner("reading the table");
    let prepared = prepared::for_training(settings, path, as_of)?;
    prepared.notes.iter().for_each(|note| tracing::warn!("{note}"));
    let snapshots = prepared.snapshots(settings)?;
    let inputs = Inputs::of_table(&prepared.table.table);
    let (data, customers) = (&prepared.dataset, &prepared.customers);
    let step = |what: &str| spinner.set_message(what.to_owned());
    let artefact = match &snapshots {
        Some(snapshots) => {
            for day in &snapshots.unmatured {
                tracing::warn!("the rows of {day} have no labels, or none known by then; they are left out");
            }
            training::train(settings, data, customers, snapshots, inputs, &step)
        }
        None => {
            let column = prepared.table.fold.as_deref();
            let folds = match (&prepared.folds, column) {
                (Some(levels), Some(column)) => Folds::given(column, levels)?,
                _ => Folds::stratified(data, customers, settings.model.seed),
            };
            folds::train(settings, data, customers, (&folds, column), inputs, &step)
        }
    };
    spinner.finish_and_clear();
    let mut artefact = artefact?;
    artefact.churn = ChurnMeaning::of_table(settings);
    if snapshots.is_none() {
        artefact.advice.insert(0, NO_TIME_SPLIT.to_owned());
    }
    let artefact = registry.register(artefact, &now())?;
    let compatible = |champion: &Artefact| {
        champion.churn == artefact.churn
            && champion.check_features(&artefact.catalogue, "the table has", "table").is_ok()
    };
    let decision = decide(registry, &artefact, (data, customers), compatible, promote)?;
    if decision.promoted {
        registry.promote(&artefact.version, &decision.reason, &now())?;
    }
    Ok((artefact, decision))
}

/// The first day that the labels know nothing about: the day after the newest row of any signal, or `as_of` if that is
/// earlier.
///
/// # Errors
/// [`Error::TooLittle`] without any row; [`Error::Stale`] when the data end long before `as_of`, so that silence would
/// be taken for churn.
pub fn data_end(settings: &Settings, tables: &Tables, as_of: Option<Day>) -> Result<Day> {
    let zone = &tables.zone;
    let limit = as_of.map_or_else(|| sources::end_of_today(zone), |day| zone.midnight(day));
    let newest = tables.sources.newest(settings, limit, zone)?;
    let Some(end) = sources::data_end(&newest, zone) else {
        return Err(Error::TooLittle(match as_of {
            Some(day) => format!("no signal has a row before {day}; choose a later date, or check the signals' paths"),
            None => "no signal has a row; check the signals' paths with `churn check`".to_owned(),
        }));
    };
    let staleness = as_of.map_or(0, |day| day.0 - end.0);
    if staleness > settings.gates.max_staleness_days as i32 {
        return Err(Error::Stale(format!(
            "the newest row of any signal is of {}, {} days before {}; at most {} are allowed \
             (gates.max_staleness_days). Load the missing days, or choose an earlier date",
            end.plus(-1),
            staleness + 1,
            end.plus(staleness),
            settings.gates.max_staleness_days,
        )));
    }
    Ok(as_of.map_or(end, |day| day.min(end)))
}

/// By how much a challenger's AUC may be below the champion's and still be taken for equal.
const MARGIN: f64 = 0.01;

/// The rule: a challenger becomes champion if there is none that can be compared, or if it is not worse than the
/// champion on the same held-out rows: being fresher, it is then the better choice.
fn decide(
    registry: &Registry,
    challenger: &Artefact,
    (data, customers): (&Dataset, &CustomerTable),
    compatible: impl Fn(&Artefact) -> bool,
    promote: Promote,
) -> Result<Decision> {
    let decided = |promoted, reason: &str| Ok(Decision { promoted, reason: reason.to_owned() });
    match promote {
        Promote::Always => return decided(true, "promoted as asked (--promote always)"),
        Promote::Never => return decided(false, "not promoted, as asked (--promote never)"),
        Promote::Auto => {}
    }
    let champion = match registry.champion_version()? {
        None => return decided(true, "the first champion"),
        Some(version) => registry.load(&version),
    };
    let champion = match champion {
        Ok(champion) if compatible(&champion) => champion,
        Ok(champion) => {
            return decided(
                true,
                &format!("the champion {} predicts something else or from other features", champion.version),
            );
        }
        Err(error) => return decided(true, &format!("the champion cannot be used: {error}")),
    };
    if challenger.evaluation.folds.is_some() {
        // The champion may have learned from these very rows; what is known of both is how they did on rows unseen.
        let (ours, theirs) = (challenger.evaluation.metrics.roc_auc, champion.evaluation.metrics.roc_auc);
        let (Some(ours), Some(theirs)) = (ours, theirs) else {
            return decided(false, "the rows are of one class, so nothing can be compared");
        };
        let comparison =
            format!("AUC {ours:.3} against {theirs:.3} of the champion {}, each on rows unseen", champion.version);
        return match ours >= theirs - MARGIN {
            true => decided(true, &format!("fresher and not worse: {comparison}")),
            false => decided(false, &format!("worse by more than {MARGIN}: {comparison}")),
        };
    }
    let held_out = Selection::labelled(data, |day| challenger.snapshots.evaluation.contains(&day));
    let scores = champion.score(data, customers, &held_out)?;
    let y: Vec<u8> = scores
        .places
        .iter()
        .map(|&(block, row)| data.blocks[block as usize].labels[row as usize].unwrap_or(0))
        .collect();
    let (Some(theirs), Some(ours)) =
        (metrics::roc_auc(&y, &scores.probabilities), challenger.evaluation.metrics.roc_auc)
    else {
        return decided(false, "the held-out rows are of one class, so nothing can be compared");
    };
    let comparison = format!("AUC {ours:.3} against {theirs:.3} of the champion {} on the same rows", champion.version);
    match ours >= theirs - MARGIN {
        true => decided(true, &format!("fresher and not worse: {comparison}")),
        false => decided(false, &format!("worse by more than {MARGIN}: {comparison}")),
    }
}
