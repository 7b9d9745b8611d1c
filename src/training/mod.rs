//! Training: recipe, penalty, fit, calibration, evaluation; then, if asked for, once more on every snapshot.
//!
//! | file | holds |
//! |---|---|
//! | here | the training, with its evaluation on later dates |
//! | `plan` | the sections of the settings that a training needs |
//! | `data` | the data set, which a training may use up, and the rows to fit on |
//! | `volume` | how many rows it takes |
//! | `fit` | a [model learned](train_on) from labelled rows, and the same model once more from others |
//! | `linear` | the linear model: its design, its penalty and its fit |
//! | `calibration` | the calibration of either kind of model |
//! | `trained` | the [model](Trained) as fitted |
//! | `folds` | the evaluation by held-out folds, where there is no time to split by |
//! | `backtest` | the whole training repeated at earlier dates; how much history is enough |
//! | `candidates` | the columns that a model may learn from, screened where a table has too many |
//! | `leakage` | [suspects](leakage::suspects): columns that know the label |

pub mod backtest;
mod calibration;
pub mod candidates;
mod data;
mod fit;
pub mod folds;
pub mod leakage;
mod linear;
mod plan;
mod trained;
mod volume;

pub use data::Data;
pub use fit::train_on;
pub use plan::{FitPlan, TrainingPlan, FOLDS};
pub use trained::{Form, Trained};

use crate::artefact::distribution::Counts;
use crate::artefact::{Artefact, ChurnMeaning, Distribution, Inputs, MeanScores, ModelPair, FORMAT};
use crate::clock::Clock;
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{Dataset, Selection, StoredValues};
use crate::error::Result;
use crate::evaluation::{segments, Baseline, Evaluation, HeldOutRows};
use crate::model::design::Design;
use crate::observer::Observer;
use data::{may_give_up_features, RowsToFit};
use fit::{with_design, TrainedWithDesign};
use volume::enough;

/// Trains and evaluates a model. The artefacts have no version yet: the registry gives them one.
///
/// The recipe and the penalty are learned on the training snapshots alone and kept for the published model, so that
/// what was evaluated is what is published, on more rows. A data set of our own may be left without the training rows.
///
/// # Errors
/// [`Error::TooLittle`](crate::Error::TooLittle) when the training rows hold too few customers, churners or customers
/// who stayed.
pub fn train(
    plan: &TrainingPlan<'_>,
    mut data: Data<'_>,
    snapshots: &Snapshots,
    inputs: Inputs,
    observer: &dyn Observer,
) -> Result<ModelPair> {
    let all = snapshots.all();
    let dates = if plan.fit.refit { &all } else { &snapshots.training };
    let fitted = |data: &Dataset| Selection::labelled(data, |day| dates.contains(&day));
    // Customers whom outreach has reached are among those who will be scored, and what they were like is not spoilt.
    let everybody = |data: &Dataset| Selection::labelled_or_contacted(data, |day| dates.contains(&day));
    let mut clock = Clock::start(observer);
    // Before the features are given up.
    let training = Counts::learn(&data, &everybody(&data), true)?;
    clock.lap("distribution");

    let Judged { model: judged, evaluation, held_out, known } = judged(plan, &mut data, snapshots, observer)?;
    let dataset: &Dataset = &data;
    let evaluated = artefact(plan, dataset, snapshots, &judged, evaluation, inputs);
    if !plan.fit.refit {
        let scores = mean_scores(&evaluated, known.as_ref(), dataset, &everybody(dataset))?;
        let distribution = Some(Distribution { training, held_out, scores });
        return Ok(ModelPair { published: Artefact { distribution, ..evaluated }, evaluated: None });
    }

    observer.step("fitting once more on every snapshot");
    let all = fitted(dataset);
    let TrainedWithDesign { trained: refitted, design } = judged.refit(&plan.fit, dataset, &all, known, observer)?;
    let (evaluation, inputs) = (evaluated.evaluation.clone(), evaluated.inputs.clone());
    let published = artefact(plan, dataset, snapshots, &refitted, evaluation, inputs);
    let scores = mean_scores(&published, design.as_ref(), dataset, &everybody(dataset))?;
    let published = Artefact { distribution: Some(Distribution { training, held_out, scores }), ..published };
    Ok(ModelPair { published, evaluated: Some(Artefact { refit: false, ..evaluated }) })
}

/// What a model says of the rows that it was fitted on, and of those of customers whom outreach has reached: by the
/// design, where there is one with all of them, since the data set may have been left without their features.
fn mean_scores(model: &Artefact, design: Option<&Design>, dataset: &Dataset, rows: &Selection) -> Result<MeanScores> {
    match design {
        Some(design) if !dataset.is_weighted() => model.mean_scores_of_design(design),
        _ => model.mean_scores(dataset, rows),
    }
}

/// A model of the training snapshots, judged on the later ones.
struct Judged {
    model: Trained,
    evaluation: Evaluation,
    /// The scores of the held-out rows.
    held_out: Counts,
    /// The design of the rows that the published model is fitted on, if it is known now.
    known: Option<Design>,
}

/// Fits a model on the training snapshots and judges it on the held-out ones. Which rows these were, and what the model
/// says of them, is forgotten before the model is fitted once more: that is when a training holds most in memory.
fn judged(
    plan: &TrainingPlan<'_>,
    data: &mut Data<'_>,
    snapshots: &Snapshots,
    observer: &dyn Observer,
) -> Result<Judged> {
    let training = Selection::labelled(data, |day| snapshots.training.contains(&day));
    let held_out = |data: &Dataset| Selection::labelled(data, |day| snapshots.evaluation.contains(&day));
    enough(plan.gates, data, &training, snapshots)?;

    let mut clock = Clock::start(observer);
    let baseline = Baseline::learn(plan.features.look_back_days(), data, &training, &held_out(data))?;
    clock.lap("baseline");

    let kept = Selection::new(data, |block, row| !snapshots.training.contains(&data.as_of[block.as_of[row] as usize]));
    let rows = RowsToFit { fitted: &training, kept: Some(&kept) };
    let TrainedWithDesign { trained: model, design } = with_design(&plan.fit, data, rows, observer)?;

    observer.step("evaluating on the held-out snapshots");
    let mut clock = Clock::start(observer);
    let held_out = held_out(data);
    let groupings = segments::groupings(data, &held_out)?;
    let HeldOutScores { log_odds, known } = held_out_scores(plan, data, snapshots, &model, design, &held_out)?;
    let counts = if data.is_weighted() {
        let everybody = Selection::labelled_or_contacted(data, |day| snapshots.evaluation.contains(&day));
        Counts::learn_scores(data, &everybody, &model.log_odds(data, &everybody)?.concat(), true)
    } else {
        Counts::learn_scores(data, &held_out, &log_odds.concat(), true)
    };
    let probabilities = model.calibrated(log_odds);
    clock.lap("risks of the held-out rows");

    let judged_rows = HeldOutRows { rows: &held_out, probabilities: &probabilities, baseline, groupings, folds: None };
    let evaluation = Evaluation::new(plan.list, plan.economics, plan.fit.model.seed, data, judged_rows);
    clock.lap("evaluation");
    Ok(Judged { model, evaluation, held_out: counts, known })
}

/// What the model says of the held-out rows.
struct HeldOutScores {
    /// Block by block.
    log_odds: Vec<Vec<f64>>,
    /// The design of the rows that the published model is fitted on, if it is known now.
    known: Option<Design>,
}

/// The scores of the held-out rows. What is fitted once more on every snapshot needs the same columns of the same
/// rows, and of those that were left out: so the design of the training rows is completed where there is one.
fn held_out_scores(
    plan: &TrainingPlan<'_>,
    data: &mut Data<'_>,
    snapshots: &Snapshots,
    judged: &Trained,
    design: Option<Design>,
    held_out: &Selection,
) -> Result<HeldOutScores> {
    let (Some(design), Form::Linear { fit, .. }) = (design, &judged.form) else {
        return Ok(HeldOutScores { log_odds: judged.log_odds(data, held_out)?, known: None });
    };
    if !plan.fit.refit {
        return Ok(HeldOutScores { log_odds: judged.log_odds(data, held_out)?, known: Some(design) });
    }

    let (recipe, folds) = (&judged.recipe, plan.fit.folds());
    let embargoed = Selection::labelled(data, |day| snapshots.embargoed.contains(&day));
    let embargoed = recipe.design(data, &embargoed, folds)?;
    let held_out = match &mut *data {
        Data::Own { dataset, features: false } if may_give_up_features(plan.fit.sample, dataset) => recipe
            .design_then(dataset, held_out, folds, |_, block| {
                block.values = StoredValues::default();
                Ok(())
            })?,
        data => recipe.design(data, held_out, folds)?,
    };

    let log_odds = judged.log_odds_by_design(&held_out, fit, data.blocks.len())?;
    Ok(HeldOutScores { log_odds, known: Some(design.with(held_out).with(embargoed)) })
}

/// What is kept of a training. It has no version yet.
fn artefact(
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
        lifetime: plan.features.lifetime,
        seed: plan.fit.model.seed,
        refit: plan.fit.refit,
        snapshots: snapshots.clone(),
        catalogue: dataset.catalogue.clone(),
        screening: None,
        outreach: None,
        recipe: model.recipe.clone(),
        fit: model.record(),
        calibration: model.calibration.clone(),
        evaluation,
        distribution: None,
        inputs,
        checksum: String::new(),
    }
}
