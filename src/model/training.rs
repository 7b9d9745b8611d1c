//! Training: recipe, penalty, fit, calibration, evaluation; then, if asked for, once more on every snapshot.

use super::artefact::{Artefact, ChurnMeaning, Inputs, FORMAT};
use super::base_rate::PriorCorrection;
use super::calibration::{self, ChosenCalibration};
use super::cross_fit::{self, AlphaChoice};
use super::design::Design;
use super::evaluation::{self, Evaluation};
use super::logistic::{self, LogisticFit, LogisticParams};
use super::recipe::{linear_score, Recipe};
use crate::clock::Clock;
use crate::config::{Alpha, BaseRate, Settings};
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{Block, Dataset, Selection};
use crate::error::{Error, Result};
use crate::sources::CustomerTable;
use rayon::prelude::*;

/// Cross-fitting folds.
pub const FOLDS: u8 = 5;

/// Rows that a calibration is learned on, at most.
const CALIBRATION_ROWS: usize = 150_000;

/// A model as fitted on some rows of a data set: what turns features into log-odds and probabilities.
pub struct Trained {
    /// From features to the columns of the design.
    pub recipe: Recipe,
    /// How the penalty was chosen, if it was.
    pub alpha_choice: Option<AlphaChoice>,
    /// The coefficients.
    pub fit: LogisticFit,
    /// From log-odds to probabilities.
    pub calibration: ChosenCalibration,
}

/// Learns recipe, penalty, coefficients and calibration from labelled rows. `step` hears what is being done.
///
/// # Errors
/// [`Error::TooLittle`] when the rows cannot tell churners from customers who stay.
pub fn train_on(
    settings: &Settings,
    dataset: &Dataset,
    customers: &CustomerTable,
    rows: &Selection,
    step: &dyn Fn(&str),
) -> Result<Trained> {
    let mut clock = Clock::start();
    step("learning the recipe");
    let recipe = Recipe::learn(dataset, customers, rows)?;
    clock.lap("recipe");
    let design = recipe.design(dataset, customers, rows, FOLDS, settings.model.seed)?;
    clock.lap("design");
    if design.columns() == 0 {
        return Err(Error::TooLittle(
            "no feature varies over the training rows, so there is nothing to learn from; check the signals' paths and \
             columns with `churn check`"
                .to_owned(),
        ));
    }
    step("choosing the penalty");
    let (alpha, alpha_choice) = match settings.model.alpha {
        Alpha::Fixed(alpha) => (alpha, None),
        Alpha::Auto => {
            let choice = cross_fit::choose_alpha(&design, &cross_fit::ALPHA_PATH, FOLDS)?;
            (choice.alpha, Some(choice))
        }
    };
    clock.lap("penalty");
    step("fitting");
    let mut params = LogisticParams::new(alpha);
    if settings.training.refit {
        // The uncertainty is a matter of the model that is published.
        params = params.coefficients_only();
    }
    let fit = logistic::fit(&design, &params)?;
    clock.lap("fit");
    let calibration = calibrate(settings, &design, &fit)?;
    clock.lap("calibration");
    Ok(Trained { recipe, alpha_choice, fit, calibration })
}

impl Trained {
    /// The same recipe and penalty, with coefficients and calibration learned anew from other rows.
    ///
    /// # Errors
    /// As [`train_on`].
    pub fn refit(
        self,
        settings: &Settings,
        dataset: &Dataset,
        customers: &CustomerTable,
        rows: &Selection,
    ) -> Result<Trained> {
        let mut clock = Clock::start();
        let design = self.recipe.design(dataset, customers, rows, FOLDS, settings.model.seed)?;
        clock.lap("design of all rows");
        let params = LogisticParams::new(self.fit.alpha).start(self.fit.intercept, &self.fit.coefficients);
        let fit = logistic::fit(&design, &params)?;
        clock.lap("fit on all rows");
        let calibration = calibrate(settings, &design, &fit)?;
        clock.lap("calibration on all rows");
        Ok(Trained { fit, calibration, ..self })
    }

    /// The log-odds of the chosen rows, block by block.
    pub fn log_odds(&self, dataset: &Dataset, customers: &CustomerTable, rows: &Selection) -> Result<Vec<Vec<f64>>> {
        let terms = self.recipe.terms();
        let of_block = |(index, block): (usize, &Block)| {
            let rows = rows.rows(index);
            let x = self.recipe.apply(&terms, block, rows, &dataset.catalogue, customers)?;
            Ok(linear_score(self.fit.intercept, &self.fit.coefficients, &x, rows.len()))
        };
        dataset.blocks.par_iter().enumerate().map(of_block).collect()
    }

    /// The calibrated probabilities of the chosen rows, block by block.
    pub fn probabilities(
        &self,
        dataset: &Dataset,
        customers: &CustomerTable,
        rows: &Selection,
    ) -> Result<Vec<Vec<f64>>> {
        let calibrated = |block: Vec<f64>| block.into_iter().map(|z| self.calibration.calibration.apply(z)).collect();
        Ok(self.log_odds(dataset, customers, rows)?.into_iter().map(calibrated).collect())
    }
}

/// What a training gives.
pub struct Challenger {
    /// The model to publish.
    pub model: Artefact,
    /// The model that the evaluation is about, if it is another: fitted on the training snapshots alone. It has seen
    /// nothing of the held-out rows, so that it can be compared on them with other models.
    pub evaluated: Option<Artefact>,
}

/// Trains and evaluates a model. The artefacts have no version yet: the registry gives them one.
///
/// The recipe and the penalty are learned on the training snapshots alone and kept for the published model, so that
/// what was evaluated is what is published, on more rows.
///
/// # Errors
/// [`Error::TooLittle`] when the training rows hold too few customers, churners or customers who stayed.
pub fn train(
    settings: &Settings,
    dataset: &Dataset,
    customers: &CustomerTable,
    snapshots: &Snapshots,
    inputs: Inputs,
    step: &dyn Fn(&str),
) -> Result<Challenger> {
    let training = Selection::labelled(dataset, |day| snapshots.training.contains(&day));
    let held_out = Selection::labelled(dataset, |day| snapshots.evaluation.contains(&day));
    enough(settings, dataset, &training, snapshots)?;
    let judged = train_on(settings, dataset, customers, &training, step)?;
    step("evaluating on the held-out snapshots");
    let mut clock = Clock::start();
    let probabilities = judged.probabilities(dataset, customers, &held_out)?;
    let baseline = evaluation::recency_baseline(dataset, &training, &held_out, settings.look_back_days())?;
    let evaluation = Evaluation::of(settings, dataset, customers, &held_out, &probabilities, &baseline)?;
    clock.lap("evaluation");
    let evaluated = artefact(settings, dataset, snapshots, &judged, evaluation, inputs);
    if !settings.training.refit {
        return Ok(Challenger { model: evaluated, evaluated: None });
    }
    step("fitting once more on every snapshot");
    let all = Selection::labelled(dataset, |day| snapshots.all().contains(&day));
    let published = judged.refit(settings, dataset, customers, &all)?;
    let (evaluation, inputs) = (evaluated.evaluation.clone(), evaluated.inputs.clone());
    let model = artefact(settings, dataset, snapshots, &published, evaluation, inputs);
    Ok(Challenger { model, evaluated: Some(Artefact { refit: false, ..evaluated }) })
}

/// What is kept of a training. It has no version yet.
pub(super) fn artefact(
    settings: &Settings,
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
        churn: ChurnMeaning::of(&settings.churn),
        eligibility: settings.eligibility.clone(),
        windows_days: settings.features.windows_days.clone(),
        seed: settings.model.seed,
        refit: settings.training.refit,
        snapshots: snapshots.clone(),
        catalogue: dataset.catalogue.clone(),
        recipe: model.recipe.clone(),
        rows: model.fit.rows,
        churners: model.fit.churners,
        alpha: model.fit.alpha,
        alpha_choice: model.alpha_choice.clone(),
        intercept: model.fit.intercept,
        coefficients: model.fit.table(),
        iterations: model.fit.iterations,
        gradient_norm: model.fit.gradient_norm,
        log_loss: model.fit.log_loss,
        converged: model.fit.converged,
        certificate: model.fit.certificate.clone(),
        advice: model.fit.advice.iter().map(ToString::to_string).collect(),
        calibration: model.calibration.clone(),
        evaluation,
        inputs,
        checksum: String::new(),
    }
}

/// Calibrates on rows of their own: every row's log-odds come from a model that has not seen its customer. Above
/// [`CALIBRATION_ROWS`] rows, evenly spread blocks of them are enough.
fn calibrate(settings: &Settings, design: &Design, fit: &LogisticFit) -> Result<ChosenCalibration> {
    let part = design.part(CALIBRATION_ROWS);
    let log_odds = cross_fit::cross_fit(&part, fit.alpha, FOLDS, fit)?.concat();
    let y: Vec<u8> = part.blocks.iter().flat_map(|block| block.y.iter().copied()).collect();
    let fold: Vec<u8> = part.blocks.iter().flat_map(|block| block.fold.iter().copied()).collect();
    let chosen = calibration::choose(&log_odds, &y, &fold, settings.model.calibration);
    Ok(match settings.model.base_rate {
        BaseRate::Training => chosen,
        BaseRate::Fixed(rate) => {
            let fitted = design.churners() as f64 / design.rows() as f64;
            chosen.corrected(PriorCorrection::to(fitted, rate))
        }
    })
}

/// The volume gates of training.
pub(super) fn enough(
    settings: &Settings,
    dataset: &Dataset,
    training: &Selection,
    snapshots: &Snapshots,
) -> Result<()> {
    let labels = training.labels(dataset);
    let (rows, churners) = (labels.len(), labels.iter().filter(|&&y| y == 1).count());
    let customers: hashbrown::HashSet<u32> = training.customers(dataset).into_iter().collect();
    let gates = &settings.gates;
    let reasons = excluded(dataset, snapshots);
    if customers.len() < gates.min_customers as usize {
        return Err(Error::TooLittle(format!(
            "training needs {} eligible customers (gates.min_customers), found {}{reasons}. Check the dates in [training] and \
             the rules in [eligibility], or lower the gate",
            gates.min_customers,
            customers.len(),
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
