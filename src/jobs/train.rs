//! The training: a challenger from labelled rows, judged on later customers, registered, and promoted by rule.

use super::contacted::Exposure;
use super::context::{Context, Job};
use super::gates;
use super::input::{self, Data};
use super::{definition, past};
use crate::artefact::{Artefact, ChurnMeaning, Inputs, ModelPair};
use crate::calendar::Day;
use crate::clock::Clock;
use crate::config::{Contacted, Settings};
use crate::coverage::LabelsEnd;
use crate::dataset::prepared::{self, ColumnNames, Prepared};
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{Dataset, RowsPlan, Selection};
use crate::error::{Error, Result};
use crate::features::{Catalogue, Directions};
use crate::labels;
use crate::language::Message;
use crate::observer::{Note, Observer};
use crate::power::{Accrual, ControlPower};
use crate::publish::{previous, runs};
use crate::registry::comparison::{self, VersionRows};
use crate::registry::promotion::{self, Decision};
use crate::registry::{Registered, Registry};
use crate::sources::Given;
use crate::training::candidates::{Candidates, Wide};
use crate::training::folds;
use crate::training::leakage;
use crate::training::{self, TrainingPlan};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What to train on, and what becomes of the challenger.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the rows come from.
    pub data: Data,
    /// Use only what was known on this date; without one, all there is.
    pub as_of: Option<Day>,
    /// Whether the challenger becomes champion.
    pub promote: Promote,
}

/// Whether a challenger becomes champion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promote {
    /// If it is known to rank better than the trivial rule, and is better than the champion, or fresher and not worse.
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// A registered challenger.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model, as published.
    pub model: Artefact,
    /// Whether it is champion now, and why.
    pub decision: Decision,
    /// The model's file.
    pub file: PathBuf,
    /// What the control group of its lists can show; none if no held-out row churned.
    pub control_power: Option<ControlPower>,
    /// What a person should know about the training.
    pub notes: Vec<Note>,
}

/// Trains a challenger on snapshots whose labels have matured, evaluates it on later ones, registers it, and promotes
/// it by rule. The registry's lock is held all the way.
///
/// # Errors
/// [`Error::TooLittle`] when there are too few rows or churners to learn from; [`Error::Stale`] when the data end long
/// before the date; [`Error::Contract`] for data that break their contract or columns that know the label;
/// [`Error::Locked`] when another run writes to the registry; what reading and writing can end with. Then nothing was
/// registered.
pub fn run(context: &Context<'_>, registry: &Registry, request: &Request) -> Result<Trained> {
    context.run_in_english(|job| {
        job.not_after_today(request.as_of)?;
        let _lock = registry.lock()?;
        let Judged { registered, decision } = match request.data.prepared() {
            None => from_signals(job, registry, request)?,
            Some(table) => from_table(job, registry, table, request)?,
        };

        if decision.promoted {
            let version = &registered.models.published.version;
            registry.promote(version, &decision.reason, &job.signature())?;
        }
        let model = registered.keep().published;
        let control_power = control_power(job, &model);
        Ok(Trained { file: registry.path(&model.version), model, decision, control_power, notes: job.notes() })
    })
}

/// What the control group can show, if as many of the listed churn as of the held-out rows that a list would have had.
fn control_power(job: &Job<'_>, model: &Artefact) -> Option<ControlPower> {
    let (list, metrics) = (&job.settings().list, &model.evaluation.metrics);
    let churn = metrics.precision_at_capacity.or(metrics.base_rate).filter(|churn| *churn > 0.0)?;
    let held_out = metrics.stand_for.map_or(metrics.rows, |customers| customers as usize);
    let customers = held_out / model.evaluation.as_of.len().max(1);
    let mut notes = Vec::new();
    let so_far = previous::lists_so_far(&runs::published(&job.settings().paths.lists), &mut notes);
    notes.into_iter().for_each(|note| job.warn(note));

    let label_days = model.churn.gap_days.saturating_add(model.churn.horizon_days);
    let accrual = Accrual::new(u64::from(list.capacity), customers as u64, &so_far, label_days);
    Some(ControlPower::new(churn, list.control_fraction, accrual))
}

/// A challenger in the registry, and whether it is to be champion.
struct Judged {
    registered: Registered,
    decision: Decision,
}

fn from_signals(job: &Job<'_>, registry: &Registry, request: &Request) -> Result<Judged> {
    let settings = job.settings();
    // A wrong name in the settings is told before the tables are read.
    let plan = RowsPlan::from_settings(settings);
    Directions::new(&settings.model, &settings.signals, &plan.catalogue())?;
    let tables = input::open_tables(job)?;
    let LabelsEnd { day: end, why } = gates::labels_end(job, &tables, request.as_of)?;
    let snapshots = Snapshots::choose(&settings.training, &settings.churn, end)?;
    for day in &snapshots.unmatured {
        let known = day.later_by(labels::span_days(&settings.churn));
        job.warn(format!(
            "the labels of the snapshot {day} have not matured by {end}, where the data end, and it is left out: train \
             again when there are data up to {}",
            known.plus(-1)
        ));
    }

    let mut data = input::build(job, &tables, &snapshots.all(), Some(end))?;
    definition::advise(job, &tables, &data, &snapshots)?;
    gates::whole_silence(job, &tables, &data)?;
    let observed = past::observed(job, &tables, &data);
    past::warn_of_days(job, &observed);
    let advice = observed.advice(&observed.snapshots(&data.as_of));
    advice.iter().for_each(|advice| job.warn(advice));
    let not_covered = why.into_iter().chain(advice.iter().map(Message::to_string)).collect();

    let exposure = Exposure::judge(job, registry, &tables, &data, end)?;
    exposure.iter().for_each(|exposure| exposure.apply(&mut data));

    let mut clock = Clock::start(job);
    let labelled = Selection::labelled(&data, |_| true);
    let own = computed_features(&plan.catalogue());
    for suspect in leakage::suspects(&data, &labelled, settings.model.seed)? {
        if own.contains(&suspect.column) {
            continue;
        }
        job.warn(format!("{suspect}: does it know more than was known on the as-of date?"));
    }
    clock.lap("leaks");

    let inputs = Inputs::from_sources(&tables.sources, settings.signals.keys(), Some(end), not_covered);
    let compared = request.promote == Promote::Auto && registry.champion_version()?.is_some();
    let own = training::Data::Own { dataset: &mut data, features: compared };
    let mut challenger = training::train(&TrainingPlan::from_settings(settings), own, &snapshots, inputs, job)?;
    let told = exposure.as_ref().map(|exposure| &exposure.told);
    challenger.models().for_each(|model| model.outreach = told.cloned());
    let registered = registry.register(challenger, &job.now(), job.unfinished())?;
    let challenger = &registered.models;

    let dates = challenger.evaluation_dates();
    let features = |champion: &ModelPair| {
        let its = champion.published.features();
        let its = RowsPlan { features: &its, ..plan.clone() };
        if champion.published.check_compatible(&its).is_err() {
            return Ok(Features::Others);
        }
        if *its.features == settings.features {
            return Ok(Features::Same);
        }
        let mut data = input::build_with(job, &its, &tables, dates, Some(end))?;
        exposure.iter().for_each(|exposure| exposure.apply(&mut data));
        Ok(Features::Own(Box::new(data)))
    };
    let decision = decide(settings, registry, challenger, &data, features, request.promote)?;
    Ok(Judged { registered, decision })
}

fn from_table(job: &Job<'_>, registry: &Registry, table: Given<'_>, request: &Request) -> Result<Judged> {
    let settings = job.settings();
    if settings.training.contacted == Contacted::Reweight {
        return Err(Error::Config(
            "training.contacted is \"reweight\", which a prepared table cannot be: it does not say by which lists its \
             labels came about. Leave out rows of contacted customers when you prepare it, or set training.contacted \
             to \"keep\""
                .to_owned(),
        ));
    }
    job.step("reading the table");
    let prepared = prepared::for_training(&input::table_request(job, table, request.as_of))?;
    prepared.notes.iter().for_each(|note| job.warn(note));
    let snapshots = prepared.snapshots(&settings.training, &settings.churn)?;
    definition::warn_of_one_class(job, &prepared.dataset);
    job.step("looking for leaks");
    no_leaks(settings, &prepared)?;

    let mut challenger = match &snapshots {
        Some(snapshots) => split_by_time(job, &prepared, snapshots)?,
        None => split_by_folds(job, &prepared)?,
    };
    for model in challenger.models() {
        model.churn = ChurnMeaning::for_table(settings.table.as_ref(), &settings.churn);
        if snapshots.is_none() {
            model.fit.advice.0.insert(0, Message::new("fit-no-time-split"));
        }
    }
    let registered = registry.register(challenger, &job.now(), job.unfinished())?;
    let challenger = &registered.models;

    let data = &prepared.dataset;
    let read = |model: &ModelPair| -> Result<Dataset> {
        let catalogue = &model.published.catalogue;
        let numeric: Vec<String> = catalogue.numeric.iter().map(|feature| feature.name.clone()).collect();
        let columns = ColumnNames { numeric: &numeric, categorical: &catalogue.categorical };
        Ok(prepared.source.read(columns, data)?.dataset)
    };
    let features = |champion: &ModelPair| {
        let (ours, theirs) = (&challenger.published, &champion.published);
        if theirs.churn != ours.churn || !prepared.source.has(&theirs.catalogue) {
            return Ok(Features::Others);
        }
        if theirs.catalogue == ours.catalogue {
            return Ok(Features::Same);
        }
        Ok(Features::Own(Box::new(read(champion)?)))
    };
    let of_wide = if prepared.is_wide() { Some(read(challenger)?) } else { None };
    let its = of_wide.as_ref().unwrap_or(data);
    let decision = decide(settings, registry, challenger, its, features, request.promote)?;
    Ok(Judged { registered, decision })
}

fn split_by_time(job: &Job<'_>, prepared: &Prepared, snapshots: &Snapshots) -> Result<ModelPair> {
    for day in &snapshots.unmatured {
        job.warn(format!("the rows of {day} have no labels, or none known by then; they are left out"));
    }

    let settings = job.settings();
    let training = Selection::labelled(&prepared.dataset, |day| snapshots.training.contains(&day));
    let kept = candidates(settings, prepared).for_training_on(&training)?;
    let data = kept.data();
    let inputs = Inputs::from_prepared(&prepared.source.table);
    let shared = training::Data::Shared(data);
    let plan = TrainingPlan::from_settings(settings);
    let plan = TrainingPlan { fit: kept.plan(plan.fit), ..plan };
    let mut challenger = training::train(&plan, shared, snapshots, inputs, job)?;
    challenger.models().for_each(|model| kept.tell(model));
    Ok(challenger)
}

fn split_by_folds(job: &Job<'_>, prepared: &Prepared) -> Result<ModelPair> {
    let settings = job.settings();
    let folds = prepared.folds_to_hold_out(settings.model.seed)?;
    let inputs = Inputs::from_prepared(&prepared.source.table);
    let candidates = candidates(settings, prepared);
    folds::train(&TrainingPlan::from_settings(settings), &candidates, &folds, inputs, job)
}

/// The columns of a prepared table that models may learn from.
pub(super) fn candidates<'a>(settings: &'a Settings, prepared: &'a Prepared) -> Candidates<'a> {
    let most = settings.table.as_ref().map_or(0, |table| table.max_features as usize);
    let wide = prepared.is_wide().then_some(Wide { table: &prepared.source, most, model: &settings.model });
    Candidates { dataset: &prepared.dataset, wide }
}

/// The features that are computed from rows before the as-of date, and so know nothing else, however well they rank.
fn computed_features(catalogue: &Catalogue) -> BTreeSet<String> {
    let computed = catalogue.numeric.iter().filter(|feature| feature.signal.is_some());
    computed.map(|feature| feature.name.clone()).collect()
}

/// Stops a training on columns that seem to know the label, but for those that are accepted by name.
fn no_leaks(settings: &Settings, prepared: &Prepared) -> Result<()> {
    let data = &prepared.dataset;
    let rows = Selection::labelled(data, |_| true);
    let seed = settings.model.seed;
    let mut suspects = leakage::suspects(data, &rows, seed)?;
    if prepared.is_wide() {
        for columns in prepared.source.batches() {
            let read = prepared.source.read(columns, data)?;
            suspects.extend(leakage::suspects(&read.dataset, &rows, seed)?);
        }
    }
    suspects.extend(leakage::suspect_dates(data, &prepared.dates, &rows, prepared.source.table.as_of.is_some()));

    let accepted = settings.table.as_ref().map_or(&[][..], |table| &table.accept);
    // A table may hold what `churn features` computes by the same configuration.
    let own = computed_features(&RowsPlan::from_settings(settings).catalogue());
    suspects.retain(|suspect| !accepted.contains(&suspect.column) && !own.contains(&suspect.column));
    if suspects.is_empty() {
        return Ok(());
    }

    let evidence: Vec<String> = suspects.iter().map(ToString::to_string).collect();
    let names: Vec<String> = suspects.iter().map(|suspect| format!("{:?}", suspect.column)).collect();
    Err(Error::Contract(format!(
        "{} to know the label, as only a column can that was written after it:\n  {}\nA model that learns from that is \
         of no use on customers whose future is open. Leave such columns out (table.ignore = [{list}]), or accept \
         those that were known on the as-of date (table.accept = [{list}])",
        match suspects.len() {
            1 => "1 column seems".to_owned(),
            many => format!("{many} columns seem"),
        },
        evidence.join("\n  "),
        list = names.join(", "),
    )))
}

/// The features that a champion scores the challenger's held-out rows from.
enum Features {
    /// The challenger's.
    Same,
    /// Those of a data set of its own, because it looks through other windows or at other columns.
    Own(Box<Dataset>),
    /// None that are there: it predicts something else, or from other tables.
    Others,
}

/// Whether the challenger becomes champion: as asked, or by the [rule](promotion::decide).
fn decide(
    settings: &Settings,
    registry: &Registry,
    challenger: &ModelPair,
    data: &Dataset,
    features: impl FnOnce(&ModelPair) -> Result<Features>,
    promote: Promote,
) -> Result<Decision> {
    match promote {
        Promote::Always => return Ok(Decision::promote("promoted as asked (--promote always)")),
        Promote::Never => return Ok(Decision::keep("not promoted, as asked (--promote never)")),
        Promote::Auto => {}
    }
    if let Some(decision) = promotion::unproven(&challenger.published) {
        return Ok(decision);
    }

    let champion = match registry.champion_version()? {
        None => return Ok(Decision::promote("the first champion")),
        Some(version) => registry.load_pair(&version),
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
    let its = its_data.as_deref().unwrap_or(data);
    let first = VersionRows { models: &champion, data: its };
    let second = VersionRows { models: challenger, data };
    let held_out = comparison::on_held_out(first, second, dates, settings.model.seed, settings.list.capacity as usize)?;
    Ok(promotion::decide(challenger, &champion, held_out.as_ref(), settings.promotion.margin))
}
