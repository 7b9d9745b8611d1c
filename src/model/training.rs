//! Training: recipe, penalty, fit, calibration, evaluation; then, if asked for, once more on every snapshot.

use super::artefact::{Artefact, ChurnMeaning, Inputs, FORMAT};
use super::calibration::{self, ChosenCalibration};
use super::cross_fit;
use super::design::Design;
use super::evaluation::{self, Evaluation};
use super::logistic::{self, LogisticFit, LogisticParams};
use super::recipe::{Recipe, Selection};
use crate::clock::Clock;
use crate::config::{Alpha, Settings};
use crate::dataset::snapshots::Snapshots;
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::sources::CustomerTable;

/// Cross-fitting folds.
pub const FOLDS: u8 = 5;

/// Rows that a calibration is learned on, at most.
const CALIBRATION_ROWS: usize = 250_000;

/// A fit and its calibration.
struct Fitted {
    fit: LogisticFit,
    calibration: ChosenCalibration,
}

/// Trains and evaluates a model. The artefact has no version yet: the registry gives it one.
///
/// The recipe is learned on the training snapshots alone, and kept for the published model, so that every row becomes
/// columns only once, and the second fit starts from the first.
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
) -> Result<Artefact> {
    let training = Selection::labelled(dataset, |day| snapshots.training.contains(&day));
    let held_out = Selection::labelled(dataset, |day| snapshots.evaluation.contains(&day));
    enough(settings, dataset, &training, snapshots)?;
    let mut clock = Clock::start();
    step("learning the recipe");
    let recipe = Recipe::learn(dataset, customers, &training);
    clock.lap("recipe");
    let columns = |selection: &Selection| recipe.design(dataset, customers, selection, FOLDS, settings.model.seed);
    let mut design = columns(&training);
    clock.lap("design of the training rows");
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
    step("fitting on the training snapshots");
    let judged = fit(settings, &design, LogisticParams::new(alpha))?;
    clock.lap("fit and calibration");
    step("evaluating on the held-out snapshots");
    let evaluated = columns(&held_out);
    let calibrated = |block: Vec<f64>| block.into_iter().map(|z| judged.calibration.calibration.apply(z)).collect();
    let probabilities: Vec<Vec<f64>> = judged.fit.log_odds(&evaluated).into_iter().map(calibrated).collect();
    let baseline = evaluation::recency_baseline(dataset, &training, &held_out, settings.look_back_days())?;
    let evaluation = Evaluation::of(dataset, &held_out, &probabilities, &baseline, settings.list.capacity);
    clock.lap("evaluation");
    let published = match settings.training.refit {
        false => judged,
        true => {
            step("fitting once more on every snapshot");
            let embargoed = Selection::labelled(dataset, |day| snapshots.embargoed.contains(&day));
            design.blocks.extend(columns(&embargoed).blocks);
            design.blocks.extend(evaluated.blocks);
            let start = LogisticParams::new(alpha).start(judged.fit.intercept, &judged.fit.coefficients);
            let published = fit(settings, &design, start)?;
            clock.lap("fit and calibration on every snapshot");
            published
        }
    };
    Ok(Artefact {
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
        recipe,
        rows: published.fit.rows,
        churners: published.fit.churners,
        alpha: published.fit.alpha,
        alpha_choice,
        intercept: published.fit.intercept,
        coefficients: published.fit.table(),
        iterations: published.fit.iterations,
        gradient_norm: published.fit.gradient_norm,
        log_loss: published.fit.log_loss,
        converged: published.fit.converged,
        certificate: published.fit.certificate.clone(),
        advice: published.fit.advice.iter().map(ToString::to_string).collect(),
        calibration: published.calibration,
        evaluation,
        inputs,
        checksum: String::new(),
    })
}

fn fit(settings: &Settings, design: &Design, params: LogisticParams) -> Result<Fitted> {
    let fit = logistic::fit(design, &params)?;
    let calibration = calibrate(settings, design, &fit)?;
    Ok(Fitted { fit, calibration })
}

/// Calibrates on rows of their own: every row's log-odds come from a model that has not seen its customer. Above
/// [`CALIBRATION_ROWS`] rows, evenly spread blocks of them are enough.
fn calibrate(settings: &Settings, design: &Design, fit: &LogisticFit) -> Result<ChosenCalibration> {
    let part = design.part(CALIBRATION_ROWS);
    let log_odds = cross_fit::cross_fit(&part, fit.alpha, FOLDS, fit)?.concat();
    let y: Vec<u8> = part.blocks.iter().flat_map(|block| block.y.iter().copied()).collect();
    let fold: Vec<u8> = part.blocks.iter().flat_map(|block| block.fold.iter().copied()).collect();
    Ok(calibration::choose(&log_odds, &y, &fold, settings.model.calibration))
}

/// The volume gates of training.
fn enough(settings: &Settings, dataset: &Dataset, training: &Selection, snapshots: &Snapshots) -> Result<()> {
    let (mut rows, mut churners) = (0usize, 0usize);
    let mut customers = hashbrown::HashSet::new();
    for block in &dataset.blocks {
        for row in training.rows(block) {
            rows += 1;
            churners += usize::from(block.labels[row] == Some(1));
            customers.insert(block.customers[row]);
        }
    }
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
