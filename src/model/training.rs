//! Training: recipe, penalty, fit, calibration, evaluation; then, if asked for, once more on every snapshot.

use super::artefact::{Artefact, Inputs, FORMAT};
use super::calibration::{self, ChosenCalibration};
use super::cross_fit::{self, AlphaChoice};
use super::design::Design;
use super::evaluation::{self, Evaluation};
use super::logistic::{self, LogisticFit, LogisticParams};
use super::recipe::{Recipe, Selection};
use crate::config::{Alpha, Settings};
use crate::dataset::snapshots::Snapshots;
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::clock::Clock;
use crate::sources::CustomerTable;

/// Cross-fitting folds.
pub const FOLDS: u8 = 5;

/// The penalties that `alpha = "auto"` tries.
const PATH: [f64; 7] = [1e-1, 3e-2, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/// A model on some rows.
struct Fitted {
    recipe: Recipe,
    fit: LogisticFit,
    calibration: ChosenCalibration,
    alpha: Option<AlphaChoice>,
}

/// Trains and evaluates a model. The artefact has no version yet: the registry gives it one.
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
    step("fitting on the training snapshots");
    let judged = fit(settings, dataset, customers, &training, None)?;
    step("evaluating on the held-out snapshots");
    let design = judged.recipe.design(dataset, customers, &held_out, FOLDS, settings.model.seed);
    let probabilities: Vec<Vec<f64>> = judged
        .fit
        .log_odds(&design)
        .into_iter()
        .map(|block| block.into_iter().map(|z| judged.calibration.calibration.apply(z)).collect())
        .collect();
    let baseline = evaluation::recency_baseline(dataset, &training, &held_out, settings.look_back_days())?;
    let evaluation = Evaluation::of(dataset, &held_out, &probabilities, &baseline, settings.list.capacity);
    let alpha = judged.alpha.clone();
    let published = match settings.training.refit {
        false => judged,
        true => {
            step("fitting once more on every snapshot");
            let all = Selection::labelled(dataset, |_| true);
            fit(settings, dataset, customers, &all, Some(judged.fit.alpha))?
        }
    };
    Ok(Artefact {
        format: FORMAT,
        program: format!("churn-risk {}", env!("CARGO_PKG_VERSION")),
        version: String::new(),
        trained_at: String::new(),
        churn: settings.churn.clone(),
        eligibility: settings.eligibility.clone(),
        windows_days: settings.features.windows_days.clone(),
        seed: settings.model.seed,
        refit: settings.training.refit,
        snapshots: snapshots.clone(),
        catalogue: dataset.catalogue.clone(),
        recipe: published.recipe,
        rows: published.fit.rows,
        churners: published.fit.churners,
        alpha: published.fit.alpha,
        alpha_choice: alpha,
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

fn fit(
    settings: &Settings,
    dataset: &Dataset,
    customers: &CustomerTable,
    selection: &Selection,
    alpha: Option<f64>,
) -> Result<Fitted> {
    let mut clock = Clock::start();
    let recipe = Recipe::learn(dataset, customers, selection);
    clock.lap("recipe");
    let design = recipe.design(dataset, customers, selection, FOLDS, settings.model.seed);
    clock.lap("design");
    if design.columns() == 0 {
        return Err(Error::TooLittle(
            "no feature varies over the training rows, so there is nothing to learn from; check the signals' paths and \
             columns with `churn check`"
                .to_owned(),
        ));
    }
    let (alpha, choice) = match (alpha, settings.model.alpha) {
        (Some(alpha), _) | (None, Alpha::Fixed(alpha)) => (alpha, None),
        (None, Alpha::Auto) => {
            let choice = cross_fit::choose_alpha(&design, &PATH, FOLDS)?;
            clock.lap("penalty");
            (choice.alpha, Some(choice))
        }
    };
    let fit = logistic::fit(&design, &LogisticParams::new(alpha))?;
    clock.lap("fit");
    let calibration = calibrate(settings, &design, &fit)?;
    clock.lap("calibration");
    Ok(Fitted { recipe, fit, calibration, alpha: choice })
}

/// Calibrates on rows of their own: every row's log-odds come from a model that has not seen its customer.
fn calibrate(settings: &Settings, design: &Design, fit: &LogisticFit) -> Result<ChosenCalibration> {
    let log_odds = cross_fit::cross_fit(design, fit.alpha, FOLDS, fit)?.concat();
    let y: Vec<u8> = design.blocks.iter().flat_map(|block| block.y.iter().copied()).collect();
    let fold: Vec<u8> = design.blocks.iter().flat_map(|block| block.fold.iter().copied()).collect();
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
            "training needs {} eligible customers (gates.min_customers), found {}{reasons}",
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
    let parts: Vec<String> = all.counts().iter().map(|(why, n)| format!("{n} {}", why.words())).collect();
    if parts.is_empty() { String::new() } else { format!("; excluded over the training snapshots: {}", parts.join(", ")) }
}
