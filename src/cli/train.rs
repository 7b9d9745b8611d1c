//! `churn train`

use super::args::Promote;
use super::{now, score, summary, Session};
use crate::calendar::Day;
use crate::clock::Clock;
use crate::config::Settings;
use crate::dataset::folds::Folds;
use crate::dataset::prepared::{self, Prepared};
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{Dataset, Selection, Tables};
use crate::error::{Error, Result};
use crate::features::{Catalogue, Directions};
use crate::model::artefact::{Artefact, ChurnMeaning, Inputs};
use crate::model::folds;
use crate::model::leakage;
use crate::model::screening::{Candidates, Wide};
use crate::model::training::{self, Data};
use crate::registry::comparison::{self, Contender};
use crate::registry::promotion::{self, Decision};
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
            "sampling": artefact.sampling,
            "evaluation": artefact.evaluation,
            "screening": artefact.screening,
            "notes": artefact.advice,
        }));
    }
    session.print(&summary::trained(&artefact, &decision, &registry))
}

/// Trains, registers and perhaps promotes a model. Hold the registry's lock.
pub fn trained(
    session: &Session,
    settings: &Settings,
    registry: &Registry,
    as_of: Option<Day>,
    promote: Promote,
) -> Result<(Artefact, Decision)> {
    // A wrong name in the settings is told before the tables are read.
    Directions::of(settings, &Catalogue::of(settings))?;
    let tables = Tables::open(settings, None)?;
    let end = data_end(settings, &tables, as_of)?;
    let snapshots = Snapshots::choose(settings, end)?;
    for day in &snapshots.unmatured {
        tracing::warn!("the labels of the snapshot {day} have not matured by {end}; it is left out");
    }
    let mut data = score::built(session, settings, &tables, &snapshots.all(), Some(end))?;
    let mut clock = Clock::start();
    let labelled = Selection::labelled(&data, |_| true);
    for suspect in leakage::suspects(&data, &tables.customers, &labelled, settings.model.seed)? {
        tracing::warn!("{suspect}: does it know more than was known on the as-of date?");
    }
    clock.lap("leaks");
    let inputs = Inputs::of(&tables.sources, settings.signals.keys(), Some(end));
    let spinner = session.progress().spinner("training");
    let step = |what: &str| spinner.set_message(what.to_owned());
    let compared = promote == Promote::Auto && registry.champion_version()?.is_some();
    let own = Data::Own { dataset: &mut data, features: compared };
    let challenger = training::train(settings, own, &tables.customers, &snapshots, inputs, &step);
    spinner.finish_and_clear();
    let challenger = registry.register(challenger?, &now())?;
    let dates = challenger.evaluation_dates();
    let features = |champion: &Contender| match champion.settings(settings) {
        Err(_) => Ok(Features::Others),
        Ok(its) if its.features.windows_days == settings.features.windows_days => Ok(Features::Same),
        Ok(its) => score::built(session, &its, &tables, dates, Some(end))
            .map(|data| Features::Own(Box::new((data, tables.customers.clone())))),
    };
    let decision = decide(settings, registry, &challenger, (&data, &tables.customers), features, promote)?;
    if decision.promoted {
        registry.promote(&challenger.published.version, &decision.reason, &now())?;
    }
    Ok((challenger.published, decision))
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
    spinner.set_message("looking for leaks");
    no_leaks(settings, &prepared)?;
    let inputs = Inputs::of_table(&prepared.source.table.table);
    let (data, customers) = (&prepared.dataset, &prepared.customers);
    let candidates = candidates(settings, &prepared);
    let step = |what: &str| spinner.set_message(what.to_owned());
    let challenger = match &snapshots {
        Some(snapshots) => {
            for day in &snapshots.unmatured {
                tracing::warn!("the rows of {day} have no labels, or none known by then; they are left out");
            }
            let training = Selection::labelled(data, |day| snapshots.training.contains(&day));
            let kept = candidates.for_training_on(&training)?;
            let (data, customers) = kept.data();
            let shared = Data::Shared(data);
            let challenger = training::train(settings, shared, customers, snapshots, inputs, &step);
            challenger.map(|mut challenger| {
                challenger.models().for_each(|model| kept.tell(model));
                challenger
            })
        }
        None => {
            let column = prepared.source.table.fold.as_deref();
            let folds = match (&prepared.folds, column) {
                (Some(levels), Some(column)) => Folds::given(column, levels)?,
                _ => Folds::stratified(data, customers, settings.model.seed),
            };
            folds::train(settings, &candidates, (&folds, column), inputs, &step)
        }
    };
    spinner.finish_and_clear();
    let mut challenger = challenger?;
    for model in challenger.models() {
        model.churn = ChurnMeaning::of_table(settings);
        if snapshots.is_none() {
            model.advice.insert(0, NO_TIME_SPLIT.to_owned());
        }
    }
    let challenger = registry.register(challenger, &now())?;
    let of = |model: &Contender| {
        let catalogue = &model.published.catalogue;
        let numeric: Vec<String> = catalogue.numeric.iter().map(|feature| feature.name.clone()).collect();
        prepared.source.read((&numeric, &catalogue.categorical), data, customers)
    };
    let features = |champion: &Contender| {
        let (ours, theirs) = (&challenger.published, &champion.published);
        if theirs.churn != ours.churn || !prepared.source.has(&theirs.catalogue) {
            return Ok(Features::Others);
        }
        if theirs.catalogue == ours.catalogue {
            return Ok(Features::Same);
        }
        let (data, customers, _) = of(champion)?;
        Ok(Features::Own(Box::new((data, customers))))
    };
    let of_wide = if prepared.is_wide() { Some(of(&challenger)?) } else { None };
    let its = of_wide.as_ref().map_or((data, customers), |(data, customers, _)| (data, customers));
    let decision = decide(settings, registry, &challenger, its, features, promote)?;
    if decision.promoted {
        registry.promote(&challenger.published.version, &decision.reason, &now())?;
    }
    Ok((challenger.published, decision))
}

/// The columns of a prepared table that models may learn from.
pub fn candidates<'a>(settings: &'a Settings, prepared: &'a Prepared) -> Candidates<'a> {
    let most = settings.table.as_ref().map_or(0, |table| table.max_features as usize);
    let wide = prepared.is_wide().then_some(Wide { table: &prepared.source, most, model: &settings.model });
    Candidates { dataset: &prepared.dataset, customers: &prepared.customers, wide }
}

/// Stops a training on columns that seem to know the label, but for those that are accepted by name.
fn no_leaks(settings: &Settings, prepared: &Prepared) -> Result<()> {
    let data = &prepared.dataset;
    let rows = Selection::labelled(data, |_| true);
    let seed = settings.model.seed;
    let mut suspects = leakage::suspects(data, &prepared.customers, &rows, seed)?;
    if prepared.is_wide() {
        for columns in prepared.source.batches() {
            let (data, customers, _) = prepared.source.read(columns, data, &prepared.customers)?;
            suspects.extend(leakage::suspects(&data, &customers, &rows, seed)?);
        }
    }
    suspects.extend(leakage::suspect_dates(data, &prepared.dates, &rows, prepared.source.table.as_of.is_some()));
    let accepted = settings.table.as_ref().map_or(&[][..], |table| &table.accept);
    suspects.retain(|suspect| !accepted.contains(&suspect.column));
    if suspects.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = suspects.iter().map(ToString::to_string).collect();
    let names: Vec<String> = suspects.iter().map(|suspect| format!("{:?}", suspect.column)).collect();
    Err(Error::Contract(format!(
        "{} to know the label, as only a column can that was written after it:\n  {}\nA model that learns from that is of \
         no use on customers whose future is open. Leave such columns out (table.ignore = [{list}]), or accept those that \
         were known on the as-of date (table.accept = [{list}])",
        match suspects.len() {
            1 => "1 column seems".to_owned(),
            many => format!("{many} columns seem"),
        },
        told.join("\n  "),
        list = names.join(", "),
    )))
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

/// The features that a champion scores the challenger's held-out rows from.
enum Features {
    /// The challenger's.
    Same,
    /// Those of a data set of its own, because it looks through other windows or at other columns.
    Own(Box<(Dataset, CustomerTable)>),
    /// None that are there: it predicts something else, or from other tables.
    Others,
}

/// Whether the challenger becomes champion: as asked, or by the [rule](promotion::decide).
fn decide(
    settings: &Settings,
    registry: &Registry,
    challenger: &Contender,
    (data, customers): (&Dataset, &CustomerTable),
    features: impl FnOnce(&Contender) -> Result<Features>,
    promote: Promote,
) -> Result<Decision> {
    match promote {
        Promote::Always => return Ok(Decision::promote("promoted as asked (--promote always)")),
        Promote::Never => return Ok(Decision::keep("not promoted, as asked (--promote never)")),
        Promote::Auto => {}
    }
    if let Some(decision) = promotion::without_signal(challenger.published.evaluation.intervals.roc_auc) {
        return Ok(decision);
    }
    let champion = match registry.champion_version()? {
        None => return Ok(Decision::promote("the first champion")),
        Some(version) => Contender::load(registry, &version),
    };
    let champion = match champion {
        Ok(champion) => champion,
        Err(error) => return Ok(Decision::promote(format!("the champion cannot be used: {error}"))),
    };
    let its_data = match features(&champion)? {
        Features::Same => None,
        Features::Own(its) => Some(its),
        Features::Others => {
            let version = champion.published.version;
            let reason = format!("the champion {version} predicts something else or from other features");
            return Ok(Decision::promote(reason));
        }
    };
    let dates = challenger.evaluation_dates();
    let its = its_data.as_deref().map_or((data, customers), |(data, customers)| (data, customers));
    let held_out = comparison::on_held_out(settings, [(&champion, its), (challenger, (data, customers))], dates)?;
    Ok(promotion::decide(challenger, &champion, held_out.as_ref(), settings.promotion.margin))
}
