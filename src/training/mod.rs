//! Training: recipe, penalty, fit, calibration, evaluation; then, if asked for, once more on every snapshot.
//!
//! | file | holds |
//! |---|---|
//! | here | the steps of a training, and its evaluation on later dates |
//! | `plan` | the sections of the settings that a training needs |
//! | `folds` | the evaluation by held-out folds, where there is no time to split by |
//! | `backtest` | the whole training repeated at earlier dates; how much history is enough |
//! | `candidates` | the columns that a model may learn from, screened where a table has too many |
//! | `leakage` | [suspects](leakage::suspects): columns that know the label |

pub mod backtest;
pub mod candidates;
pub mod folds;
pub mod leakage;
mod plan;

pub use plan::{FitPlan, TrainingPlan, FOLDS};

use crate::artefact::{Artefact, ChurnMeaning, FitRecord, Inputs, ModelPair, FORMAT};
use crate::clock::Clock;
use crate::config::{BaseRate, Complexity, Gates, Model, Sample};
use crate::dataset::snapshots::Snapshots;
use crate::dataset::time_split::Origin;
use crate::dataset::{Block, Dataset, Selection, StoredValues};
use crate::error::{Error, Result};
use crate::evaluation::{segments, Baseline, Evaluation, HeldOutRows};
use crate::memory::{Arena, Memory};
use crate::model::additive::{self, Comparison, CrossFit, CrossFitted, LinearCandidate, ModelSearch};
use crate::model::calibration::base_rate::PriorCorrection;
use crate::model::calibration::{self, ChosenCalibration, Rows};
use crate::model::design::columns::LinearEffects;
use crate::model::design::recipe::Recipe;
use crate::model::design::{both_classes, Design};
use crate::model::linear::constraints::Constraints;
use crate::model::linear::cross_fit::{Split, SplitDesigns};
use crate::model::linear::{self, LogisticFit, LogisticParams};
use crate::model::penalty::{self, AlphaChoice};
use crate::model::restrictions::Restrictions;
use crate::model::sampling::{self, SampledRows, Sampling};
use crate::observer::Observer;
use rayon::prelude::*;

/// Rows that a calibration is learned on, at most.
const CALIBRATION_ROWS: usize = 100_000;

/// Tolerance of a fit that is only judged: its log-odds are then off by less than a thousandth of their standard errors.
const JUDGED_TOLERANCE: f64 = 1e-8;

/// Tolerance of the fit that is published, on so many rows: of few it is exact to what rounding leaves, of many, where a pass
/// over them takes its time, log-odds are off by less than a ten-thousandth of their standard errors.
fn published_tolerance(rows: usize) -> f64 {
    if rows > 100_000 {
        1e-9
    } else {
        1e-12
    }
}

/// The linear model is compared with richer ones as long as its design has at most so many columns.
const WIDE: usize = 2_000;

/// A data set to train on.
pub enum Data<'a> {
    /// One that others need as well.
    Shared(&'a Dataset),
    /// One that may be used up: after the training, only the rows have to be left that were not trained on.
    Own {
        /// The data set.
        dataset: &'a mut Dataset,
        /// Whether these rows have to keep their features.
        features: bool,
    },
}

impl std::ops::Deref for Data<'_> {
    type Target = Dataset;

    fn deref(&self) -> &Dataset {
        match self {
            Data::Shared(dataset) => dataset,
            Data::Own { dataset, .. } => dataset,
        }
    }
}

/// Whether no more is asked of features, once a linear model's design is made of them. A sample may have to be drawn for the
/// published model where there was none before, from all the rows; and a memory limit both asks for samples and has its own
/// ways to spare memory.
fn may_give_up_features(sample: Sample, memory: &Memory) -> bool {
    memory.limit().is_none() && !matches!(sample, Sample::Share(_))
}

/// A model as fitted on some rows of a data set: what turns features into log-odds and probabilities.
pub struct Trained {
    /// From features to the columns of the design.
    pub recipe: Recipe,
    /// The steps from the linear model to richer ones; none if the settings chose one.
    pub comparison: Option<Comparison>,
    /// The coefficients, or the tables.
    pub form: Form,
    /// From log-odds to probabilities.
    pub calibration: ChosenCalibration,
    /// What was left out of the rows and corrected for, if anything was.
    pub sampling: Option<Sampling>,
}

/// A fit of either kind.
pub enum Form {
    /// A coefficient a column.
    Linear {
        /// The coefficients.
        fit: Box<LogisticFit>,
        /// How the penalty was chosen, if it was.
        alpha_choice: Option<AlphaChoice>,
        /// Directions of effects, and what the penalty dropped.
        restrictions: Restrictions,
    },
    /// Curves and interactions.
    Additive(Box<additive::Fit>),
}

impl Form {
    /// The log-odds of all rows instead of those of a sample.
    fn corrected(mut self, sampling: Option<&Sampling>) -> Form {
        let shift = sampling.map_or(0.0, |sampling| sampling.prior.shift);
        match &mut self {
            Form::Linear { fit, .. } => fit.intercept += shift,
            Form::Additive(fit) => fit.model.intercept += shift,
        }
        self
    }
}

/// Learns recipe, complexity, penalty, coefficients and calibration from labelled rows. `observer` hears what is being done.
///
/// # Errors
/// [`Error::TooLittle`] when the rows cannot tell churners from customers who stay.
pub fn train_on(plan: &FitPlan<'_>, dataset: &Dataset, rows: &Selection, observer: &dyn Observer) -> Result<Trained> {
    let rows = RowsToFit { fitted: rows, kept: None };
    Ok(with_design(plan, &mut Data::Shared(dataset), rows, observer)?.trained)
}

/// The rows that a model is fitted on.
#[derive(Clone, Copy)]
struct RowsToFit<'a> {
    fitted: &'a Selection,
    /// The rows that somebody needs afterwards: a data set of our own may be reduced to them. Without them it stays whole.
    kept: Option<&'a Selection>,
}

/// A model, and the design of all the rows that it was fitted on, if it is linear.
struct TrainedWithDesign {
    trained: Trained,
    design: Option<Design>,
}

/// As [`train_on`], with the design.
fn with_design(
    plan: &FitPlan<'_>,
    data: &mut Data<'_>,
    RowsToFit { fitted: rows, kept }: RowsToFit<'_>,
    observer: &dyn Observer,
) -> Result<TrainedWithDesign> {
    let mut clock = Clock::start(observer);
    let directions = plan.directions(data)?;
    observer.step("learning the recipe");

    // From all rows, so that its means and bins are those of the customers who will be scored.
    let recipe = Recipe::learn(data, rows)?;
    clock.lap("recipe");
    let all = rows;
    let SampledRows { rows, sampling } = sampling::sampled(plan.sample, plan.model, data, rows, observer);
    let rows = &rows;
    let kept = kept.filter(|_| may_give_up_features(plan.sample, &data.memory));

    let linear = |data, alpha: Option<f64>, comparison: Option<Comparison>, recipe: Recipe| {
        observer.step("fitting the linear model");
        let rows = RowsToFit { fitted: rows, kept };
        let task = LinearTask { recipe: &recipe, alpha, sampling: sampling.as_ref() };
        let LinearModel { form, calibration, design } = fit_linear(plan, data, rows, &task, observer)?;
        let design = Some(design).filter(|_| sampling.is_none());
        Ok(TrainedWithDesign { trained: Trained { recipe, comparison, form, calibration, sampling }, design })
    };

    let model = plan.model;
    if model.complexity == Complexity::Linear {
        return linear(data, None, None, recipe);
    }
    let dataset: &Dataset = data;
    observer.step("looking for curves and interactions");
    let labels = rows.labels(dataset);
    let churners = labels.iter().filter(|&&y| y == 1).count();
    both_classes(churners, labels.len())?;
    let part = additive::search_rows(dataset, rows, model.seed);
    let origins = plan.origins(dataset, &part, observer);

    let options = additive::Options {
        origins: origins.clone(),
        interactions: model.complexity != Complexity::Curves,
        penalty: model.penalty,
        uncertainty: !plan.refit,
        alpha: model.alpha.fixed(),
        one_standard_error: model.one_standard_error,
        folds: plan.folds(),
    };

    let searched = ModelSearch::run(&recipe, dataset, all, &part, &directions, options)?;
    clock.lap("search");
    let comparison = match model.complexity {
        Complexity::Auto => {
            let linear = linear_out_of_fold(plan, dataset, &part, rows.count(), &recipe, &origins, observer)?;
            clock.lap("linear model for comparison");
            searched.compare(linear.as_ref(), rows.count())
        }
        _ => searched.compare(None, rows.count()),
    };

    if comparison.chosen == additive::LINEAR {
        let alpha = comparison.steps.iter().find(|step| step.complexity == additive::LINEAR).map(|step| step.alpha);
        return linear(data, alpha, Some(comparison), recipe);
    }

    observer.step("fitting the tables");
    let interactions = comparison.chosen == additive::INTERACTIONS;
    let CrossFitted { fit, out_of_fold } = searched.fit(interactions, dataset, rows)?;
    clock.lap("fit");
    let rate = fit.churners as f64 / fit.rows as f64;
    let calibration = calibrated(model, out_of_fold, rate, sampling.as_ref());
    clock.lap("calibration");
    let form = Form::Additive(Box::new(fit)).corrected(sampling.as_ref());
    let trained = Trained { recipe, comparison: Some(comparison), form, calibration, sampling };
    Ok(TrainedWithDesign { trained, design: None })
}

/// What is known before a linear model is fitted.
struct LinearTask<'a> {
    recipe: &'a Recipe,
    /// The penalty, if the comparison with richer models has found one.
    alpha: Option<f64>,
    /// What was left out of the rows, if anything was.
    sampling: Option<&'a Sampling>,
}

/// A linear model, its calibration, and the design that it was fitted on.
struct LinearModel {
    form: Form,
    calibration: ChosenCalibration,
    design: Design,
}

/// Fits the linear model. The penalty is that of the settings, or else that of the task, or else searched for.
fn fit_linear(
    plan: &FitPlan<'_>,
    data: &mut Data<'_>,
    RowsToFit { fitted: rows, kept }: RowsToFit<'_>,
    &LinearTask { recipe, alpha, sampling }: &LinearTask<'_>,
    observer: &dyn Observer,
) -> Result<LinearModel> {
    let mut clock = Clock::start(observer);
    let constraints = plan.constraints(recipe, data)?;
    let alpha = plan.model.alpha.fixed().or(alpha);
    let design = match (&mut *data, kept) {
        // The search for a penalty needs features again.
        (Data::Own { dataset, .. }, Some(kept)) if alpha.is_some() => {
            let arena = Arena::new(dataset.memory.budget(None));
            recipe.design_then(dataset, rows, plan.folds(), |index, block| {
                *block = block.select_rows(kept.rows(index), &arena)?;
                Ok(())
            })?
        }
        (data, _) => recipe.design(data, rows, plan.folds())?,
    };
    clock.lap("design");

    if design.columns() == 0 {
        return Err(Error::TooLittle(
            "no feature varies over the training rows, so there is nothing to learn from; check the signals' paths and \
             columns with `churn check`"
                .to_owned(),
        ));
    }

    let (alpha, alpha_choice) = match alpha {
        Some(alpha) => (alpha, None),
        None => {
            // Each origin has a design of its own: of a part of the rows, as in the search for curves, for the penalty needs no more.
            let part = additive::search_rows(data, rows, plan.model.seed);
            let origins = plan.origins(data, &part, observer);
            let designs = designs_forward_in_time(plan, &origins, recipe, data, &part)?;
            let splits: Vec<Split> = if designs.is_empty() {
                vec![Split::within(&design)]
            } else {
                designs.iter().map(SplitDesigns::split).collect()
            };
            let choice = simplest(plan.model, constraints.choose_alpha(&splits, design.rows(), FOLDS, observer)?);
            (choice.alpha, Some(choice))
        }
    };
    clock.lap("penalty");

    let fit = if !constraints.is_plain() {
        constraints.fit(&design, alpha, None)?
    } else if plan.refit {
        // The uncertainty, and the last digits, are a matter of the model that is published.
        linear::fit(&design, &LogisticParams::new(alpha).tolerance(JUDGED_TOLERANCE).coefficients_only())?
    } else {
        linear::fit(&design, &LogisticParams::new(alpha).tolerance(published_tolerance(design.rows())))?
    };
    clock.lap("fit");

    let calibration = calibrate(plan.model, &design, &constraints, &fit, sampling, observer)?;
    clock.lap("calibration");
    let restrictions = constraints.restrictions(&fit);
    let form = Form::Linear { fit: Box::new(fit), alpha_choice, restrictions }.corrected(sampling);
    Ok(LinearModel { form, calibration, design })
}

/// For each origin the design of the rows to fit on, and that of the rows to judge on.
///
/// # Errors
/// As [`Recipe::design`].
fn designs_forward_in_time(
    plan: &FitPlan<'_>,
    origins: &[Origin],
    recipe: &Recipe,
    dataset: &Dataset,
    rows: &Selection,
) -> Result<Vec<SplitDesigns>> {
    let designs = |origin: &Origin| {
        let fitted = recipe.design(dataset, &origin.rows_fitted(dataset, rows), plan.folds())?;
        let judged = recipe.design(dataset, &origin.rows_judged(dataset, rows), plan.folds())?;
        Ok(SplitDesigns { fitted, judged: Some(judged) })
    };
    origins.iter().map(designs).collect()
}

/// The choice itself, or, if the settings ask for it, the strongest penalty within one standard error of it.
fn simplest(model: &Model, mut choice: AlphaChoice) -> AlphaChoice {
    if model.one_standard_error {
        let chosen = penalty::choose(&choice.path, true);
        choice.alpha = chosen.map_or(choice.alpha, |chosen| choice.path[chosen].alpha);
    }
    choice
}

/// The linear model on a part of the training rows, with the penalty that it needs on all of them. None if the design has too
/// many columns for a comparison, or no columns.
fn linear_out_of_fold(
    plan: &FitPlan<'_>,
    dataset: &Dataset,
    part: &Selection,
    rows: usize,
    recipe: &Recipe,
    origins: &[Origin],
    observer: &dyn Observer,
) -> Result<Option<LinearCandidate>> {
    let columns = recipe.terms().len();
    if columns == 0 || columns > WIDE {
        return Ok(None);
    }

    let designs = if origins.is_empty() {
        vec![SplitDesigns { fitted: recipe.design(dataset, part, plan.folds())?, judged: None }]
    } else {
        designs_forward_in_time(plan, origins, recipe, dataset, part)?
    };
    let splits: Vec<Split> = designs.iter().map(SplitDesigns::split).collect();

    let constraints = plan.constraints(recipe, dataset)?;
    let alpha = match plan.model.alpha.fixed() {
        Some(alpha) => alpha,
        None => simplest(plan.model, constraints.choose_alpha(&splits, rows, FOLDS, observer)?).alpha,
    };

    let log_odds = constraints.cross_fit(&splits, alpha, rows, FOLDS, None, observer)?;
    Ok(Some(LinearCandidate { log_odds, alpha }))
}

impl Trained {
    /// The same recipe, terms and penalty, with coefficients and calibration learned anew from other rows. `known` is their
    /// design, if there is one already.
    ///
    /// # Errors
    /// As [`train_on`].
    pub fn refit(
        self,
        plan: &FitPlan<'_>,
        dataset: &Dataset,
        rows: &Selection,
        known: Option<Design>,
        observer: &dyn Observer,
    ) -> Result<Trained> {
        let mut clock = Clock::start(observer);
        let SampledRows { rows, sampling } = sampling::sampled(plan.sample, plan.model, dataset, rows, observer);
        let rows = &rows;

        let (form, calibration) = match self.form {
            Form::Linear { fit, alpha_choice, .. } => {
                let constraints = plan.constraints(&self.recipe, dataset)?.without_dropped(&fit);
                let design = match known.filter(|_| sampling.is_none()) {
                    Some(known) => known,
                    None => self.recipe.design(dataset, rows, plan.folds())?,
                };
                clock.lap("design of all rows");

                let params = LogisticParams::new(fit.alpha)
                    .tolerance(published_tolerance(design.rows()))
                    .start(fit.intercept, &fit.coefficients);
                let fit = if constraints.is_plain() {
                    linear::fit(&design, &params)?
                } else {
                    constraints.fit(&design, fit.alpha, Some(&fit))?
                };
                clock.lap("fit on all rows");

                let calibration = calibrate(plan.model, &design, &constraints, &fit, sampling.as_ref(), observer)?;
                let restrictions = constraints.restrictions(&fit);
                (Form::Linear { fit: Box::new(fit), alpha_choice, restrictions }, calibration)
            }
            Form::Additive(fit) => {
                let CrossFitted { fit, out_of_fold } = fit.refit(dataset, rows, plan.folds())?;
                clock.lap("fit on all rows");
                let rate = fit.churners as f64 / fit.rows as f64;
                let calibration = calibrated(plan.model, out_of_fold, rate, sampling.as_ref());
                (Form::Additive(Box::new(fit)), calibration)
            }
        };
        clock.lap("calibration on all rows");

        Ok(Trained { form: form.corrected(sampling.as_ref()), calibration, sampling, ..self })
    }

    /// The log-odds of the chosen rows, block by block.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn log_odds(&self, dataset: &Dataset, rows: &Selection) -> Result<Vec<Vec<f64>>> {
        let fit = match &self.form {
            Form::Linear { fit, .. } => fit,
            Form::Additive(fit) => return fit.model.log_odds(dataset, rows),
        };
        let columns = self.recipe.columns(&dataset.customers);
        let of_block = |(index, block): (usize, &Block)| {
            let effects = LinearEffects { intercept: fit.intercept, weights: &fit.coefficients };
            Ok(columns.score(block, &block.values()?, rows.rows(index), effects, |_, _| ()))
        };
        dataset.blocks.par_iter().enumerate().map(of_block).collect()
    }

    /// The calibrated probabilities of the chosen rows, block by block.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn probabilities(&self, dataset: &Dataset, rows: &Selection) -> Result<Vec<Vec<f64>>> {
        Ok(self.calibrated(self.log_odds(dataset, rows)?))
    }

    fn calibrated(&self, log_odds: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        let of_block = |block: Vec<f64>| block.into_iter().map(|z| self.calibration.apply(z)).collect();
        log_odds.into_par_iter().map(of_block).collect()
    }

    /// As [`Trained::probabilities`], from a design of these rows of a data set of so many blocks.
    fn probabilities_by_design(&self, design: &Design, fit: &LogisticFit, blocks: usize) -> Result<Vec<Vec<f64>>> {
        let mut log_odds = vec![Vec::new(); blocks];
        for (block, of_rows) in design.blocks.iter().zip(fit.log_odds(design)?) {
            log_odds[block.family as usize].extend(of_rows);
        }
        Ok(self.calibrated(log_odds))
    }

    /// What the model file says about the fit.
    fn record(&self) -> FitRecord {
        let (sampling, comparison) = (self.sampling, self.comparison.clone());
        match &self.form {
            Form::Linear { fit, alpha_choice, restrictions } => FitRecord {
                rows: fit.rows,
                churners: fit.churners,
                sampling,
                alpha: fit.alpha,
                alpha_choice: alpha_choice.clone(),
                restrictions: restrictions.clone(),
                comparison,
                intercept: fit.intercept,
                coefficients: fit.table(),
                additive: None,
                report: fit.report,
                certificate: fit.certificate.clone(),
                advice: fit
                    .advice
                    .iter()
                    .map(ToString::to_string)
                    .chain(restrictions.advice())
                    .chain(fit.certificate.advice())
                    .collect(),
            },
            Form::Additive(fit) => FitRecord {
                rows: fit.rows,
                churners: fit.churners,
                sampling,
                alpha: fit.alpha,
                alpha_choice: fit.alpha_choice.clone(),
                restrictions: fit.restrictions(),
                comparison,
                intercept: fit.model.intercept,
                coefficients: Vec::new(),
                additive: Some(fit.model.clone()),
                report: fit.report,
                certificate: fit.certificate.clone(),
                advice: fit
                    .advice()
                    .into_iter()
                    .chain(fit.restrictions().advice())
                    .chain(fit.certificate.advice())
                    .collect(),
            },
        }
    }
}

/// Trains and evaluates a model. The artefacts have no version yet: the registry gives them one.
///
/// The recipe and the penalty are learned on the training snapshots alone and kept for the published model, so that
/// what was evaluated is what is published, on more rows. A data set of our own may be left without the training rows.
///
/// # Errors
/// [`Error::TooLittle`] when the training rows hold too few customers, churners or customers who stayed.
pub fn train(
    plan: &TrainingPlan<'_>,
    mut data: Data<'_>,
    snapshots: &Snapshots,
    inputs: Inputs,
    observer: &dyn Observer,
) -> Result<ModelPair> {
    let training = Selection::labelled(&data, |day| snapshots.training.contains(&day));
    let held_out = |data: &Dataset| Selection::labelled(data, |day| snapshots.evaluation.contains(&day));
    enough(plan.gates, &data, &training, snapshots)?;

    let mut clock = Clock::start(observer);
    let baseline = Baseline::learn(plan.features.look_back_days(), &data, &training, &held_out(&data))?;
    clock.lap("baseline");

    let kept = Selection::new(&data, |block, row| !snapshots.training.contains(&data.as_of[block.as_of[row] as usize]));
    let rows = RowsToFit { fitted: &training, kept: Some(&kept) };
    let TrainedWithDesign { trained: judged, design } = with_design(&plan.fit, &mut data, rows, observer)?;

    observer.step("evaluating on the held-out snapshots");
    let mut clock = Clock::start(observer);
    let held_out = held_out(&data);
    let groupings = segments::groupings(&data, &held_out)?;

    // What is fitted once more on every snapshot needs the same columns of the same rows, and of those that were left out.
    let (known, probabilities) = match (design.filter(|_| plan.fit.refit), &judged.form) {
        (Some(design), Form::Linear { fit, .. }) => {
            let (recipe, folds) = (&judged.recipe, plan.fit.folds());
            let embargoed = Selection::labelled(&data, |day| snapshots.embargoed.contains(&day));
            let embargoed = recipe.design(&data, &embargoed, folds)?;
            let held_out = match &mut data {
                Data::Own { dataset, features: false } if may_give_up_features(plan.fit.sample, &dataset.memory) => {
                    recipe.design_then(dataset, &held_out, folds, |_, block| {
                        block.values = StoredValues::default();
                        Ok(())
                    })?
                }
                data => recipe.design(data, &held_out, folds)?,
            };
            let probabilities = judged.probabilities_by_design(&held_out, fit, data.blocks.len())?;
            (Some(design.with(held_out).with(embargoed)), probabilities)
        }
        _ => (None, judged.probabilities(&data, &held_out)?),
    };
    clock.lap("risks of the held-out rows");

    let dataset: &Dataset = &data;
    let judged_rows = HeldOutRows { rows: &held_out, probabilities: &probabilities, baseline, groupings, folds: None };
    let evaluation = Evaluation::new(plan.list, plan.economics, plan.fit.model.seed, dataset, judged_rows);
    clock.lap("evaluation");

    let evaluated = artefact(plan, dataset, snapshots, &judged, evaluation, inputs);
    if !plan.fit.refit {
        return Ok(ModelPair { published: evaluated, evaluated: None });
    }

    observer.step("fitting once more on every snapshot");
    let all = Selection::labelled(dataset, |day| snapshots.all().contains(&day));
    let refitted = judged.refit(&plan.fit, dataset, &all, known, observer)?;
    let (evaluation, inputs) = (evaluated.evaluation.clone(), evaluated.inputs.clone());
    let published = artefact(plan, dataset, snapshots, &refitted, evaluation, inputs);
    Ok(ModelPair { published, evaluated: Some(Artefact { refit: false, ..evaluated }) })
}

/// What is kept of a training. It has no version yet.
pub(super) fn artefact(
    plan: &TrainingPlan<'_>,
    dataset: &Dataset,
    snapshots: &Snapshots,
    model: &Trained,
    evaluation: Evaluation,
    inputs: Inputs,
) -> Artefact {
    Artefact {
        format: FORMAT,
        program: format!("churn-risk {}", env!("CARGO_PKG_VERSION")),
        version: String::new(),
        trained_at: String::new(),
        churn: ChurnMeaning::for_signals(plan.fit.churn),
        eligibility: plan.eligibility.clone(),
        windows_days: plan.features.windows_days.clone(),
        seed: plan.fit.model.seed,
        refit: plan.fit.refit,
        snapshots: snapshots.clone(),
        catalogue: dataset.catalogue.clone(),
        screening: None,
        recipe: model.recipe.clone(),
        fit: model.record(),
        calibration: model.calibration.clone(),
        evaluation,
        inputs,
        checksum: String::new(),
    }
}

/// Calibrates on rows of their own: every row's log-odds come from a model that has not seen its customer. Above
/// [`CALIBRATION_ROWS`] rows, evenly spread blocks of them are enough.
fn calibrate(
    model: &Model,
    design: &Design,
    constraints: &Constraints,
    fit: &LogisticFit,
    sampling: Option<&Sampling>,
    observer: &dyn Observer,
) -> Result<ChosenCalibration> {
    let part = design.part(CALIBRATION_ROWS);
    let log_odds =
        constraints.cross_fit(&[Split::within(&part)], fit.alpha, part.rows(), FOLDS, Some(fit), observer)?.concat();
    let y: Vec<u8> = part.blocks.iter().flat_map(|block| block.y.iter().copied()).collect();
    let fold: Vec<u8> = part.blocks.iter().flat_map(|block| block.fold.iter().copied()).collect();
    let rows = CrossFit { log_odds, y, fold };
    Ok(calibrated(model, rows, design.churners() as f64 / design.rows() as f64, sampling))
}

/// The calibration that out-of-fold log-odds ask for, for the base rate that the settings name. `rate` is the share of churners
/// among the rows that the model was fitted on. Of a sample, the calibration is that of the rows that it was drawn from: the
/// log-odds are corrected first, and each of those who stayed counts for those who were left out.
fn calibrated(model: &Model, mut rows: CrossFit, rate: f64, sampling: Option<&Sampling>) -> ChosenCalibration {
    if let Some(sampling) = sampling {
        rows.log_odds.iter_mut().for_each(|z| *z += sampling.prior.shift);
    }
    let weights = sampling.map_or([1.0, 1.0], Sampling::weights);
    let seen = Rows { log_odds: &rows.log_odds, y: &rows.y, weights };
    let chosen = calibration::choose(seen, &rows.fold, model.calibration);
    let learned = sampling.map_or(rate, |sampling| sampling.prior.population);
    match model.base_rate {
        BaseRate::Training => chosen,
        BaseRate::Fixed(rate) => chosen.corrected(PriorCorrection::to(learned, rate)),
    }
}

/// The volume gates of training.
pub(super) fn enough(gates: &Gates, dataset: &Dataset, training: &Selection, snapshots: &Snapshots) -> Result<()> {
    let labels = training.labels(dataset);
    let (rows, churners) = (labels.len(), labels.iter().filter(|&&y| y == 1).count());
    let customers = training.distinct_customers(dataset);
    let reasons = excluded(dataset, snapshots);

    if customers < gates.min_customers as usize {
        return Err(Error::TooLittle(format!(
            "training needs {} eligible customers (gates.min_customers), found {customers}{reasons}. Check the dates in \
             [training] and the rules in [eligibility], or lower the gate",
            gates.min_customers,
        )));
    }

    let least = gates.min_churners.max(1) as usize;
    for (count, who, advice) in [
        (churners, "churners", "add snapshots or a longer horizon, or lower the gate"),
        (rows - churners, "customers who stayed", "check the churn definition: nearly everybody churned"),
    ] {
        if count < least {
            return Err(Error::TooLittle(format!(
                "training needs {least} {who} (gates.min_churners), found {count} in {rows} rows of {} snapshots; {advice}",
                snapshots.training.len(),
            )));
        }
    }

    Ok(())
}

fn excluded(dataset: &Dataset, snapshots: &Snapshots) -> String {
    let mut all = crate::eligibility::Exclusions::default();
    for (day, exclusions) in dataset.as_of.iter().zip(&dataset.exclusions) {
        if snapshots.training.contains(day) {
            all.merge(exclusions);
        }
    }
    if all == crate::eligibility::Exclusions::default() {
        return String::new();
    }
    format!("; excluded over the training snapshots: {all}")
}
