//! The linear model of a training: its design, its penalty and its fit.

use super::calibration::calibrate;
use super::data::{Data, RowsToFit};
use super::plan::{FitPlan, FOLDS};
use super::trained::Form;
use crate::clock::Clock;
use crate::config::Model;
use crate::dataset::time_split::Origin;
use crate::dataset::{Dataset, Selection};
use crate::error::{Error, Result};
use crate::memory::Arena;
use crate::model::additive::{self, LinearCandidate};
use crate::model::calibration::ChosenCalibration;
use crate::model::design::recipe::Recipe;
use crate::model::design::Design;
use crate::model::linear::constraints::Constraints;
use crate::model::linear::cross_fit::{Split, SplitDesigns};
use crate::model::linear::{self, LogisticFit, LogisticParams};
use crate::model::penalty::{self, AlphaChoice};
use crate::model::sampling::Sampling;
use crate::observer::Observer;

/// Tolerance of a fit that is only judged: its log-odds are then off by less than a thousandth of their standard
/// errors.
const JUDGED_TOLERANCE: f64 = 1e-8;

/// The linear model is compared with richer ones as long as its design has at most so many columns.
const WIDE: usize = 2_000;

/// The fit that is published, on so many rows: of few it is exact to what rounding leaves, of many, where a pass over them takes
/// its time, log-odds are off by less than a ten-thousandth of their standard errors. It is cross-checked by itself.
fn published(alpha: f64, rows: usize) -> LogisticParams {
    let tolerance = if rows > 100_000 { 1e-9 } else { 1e-12 };
    LogisticParams::new(alpha).tolerance(tolerance).certificate_bytes(0)
}

/// What is known before a linear model is fitted.
pub(super) struct LinearTask<'a> {
    pub recipe: &'a Recipe,
    /// The penalty, if the comparison with richer models has found one.
    pub alpha: Option<f64>,
    /// What was left out of the rows, if anything was.
    pub sampling: Option<&'a Sampling>,
}

/// A linear model, its calibration, and the design that it was fitted on.
pub(super) struct LinearModel {
    pub form: Form,
    pub calibration: ChosenCalibration,
    pub design: Design,
}

/// Fits the linear model. The penalty is that of the settings, or else that of the task, or else searched for.
pub(super) fn fit_linear(
    plan: &FitPlan<'_>,
    data: &mut Data<'_>,
    RowsToFit { fitted: rows, kept }: RowsToFit<'_>,
    &LinearTask { recipe, alpha, sampling }: &LinearTask<'_>,
    observer: &dyn Observer,
) -> Result<LinearModel> {
    let mut clock = Clock::start(observer);
    let constraints = plan.constraints(recipe, data)?;
    let alpha = plan.model.alpha.fixed().or(alpha);
    let design = design_of(plan, data, rows, kept.filter(|_| alpha.is_some()), recipe)?;
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
            let choice = choose_alpha(plan, data, rows, &design, &constraints, recipe, observer)?;
            (choice.alpha, Some(choice))
        }
    };
    clock.lap("penalty");

    let mut fit = if !constraints.is_plain() {
        constraints.fit(&design, alpha, None)?
    } else if plan.refit {
        // The uncertainty, and the last digits, are a matter of the model that is published.
        linear::fit(&design, &LogisticParams::new(alpha).tolerance(JUDGED_TOLERANCE).coefficients_only())?
    } else {
        linear::fit(&design, &published(alpha, design.rows()))?
    };
    clock.lap("fit");
    if !plan.refit {
        fit.certificate = constraints.certificate(&design, &fit)?;
        clock.lap("cross-check");
    }

    let calibration = calibrate(plan.model, &design, &constraints, &fit, sampling, observer)?;
    clock.lap("calibration");
    let restrictions = constraints.restrictions(&fit);
    let form = Form::Linear { fit: Box::new(fit), alpha_choice, restrictions }.corrected(sampling);
    Ok(LinearModel { form, calibration, design })
}

/// The design of the rows. With `kept`, a data set of our own is left with these rows alone.
fn design_of(
    plan: &FitPlan<'_>,
    data: &mut Data<'_>,
    rows: &Selection,
    kept: Option<&Selection>,
    recipe: &Recipe,
) -> Result<Design> {
    match (data, kept) {
        (Data::Own { dataset, .. }, Some(kept)) => {
            let arena = Arena::new(dataset.memory.budget(None));
            recipe.design_then(dataset, rows, plan.folds(), |index, block| {
                *block = block.select_rows(kept.rows(index), &arena)?;
                Ok(())
            })
        }
        (data, _) => recipe.design(data, rows, plan.folds()),
    }
}

/// The penalty with the lowest log-loss on rows that its models have not seen.
fn choose_alpha(
    plan: &FitPlan<'_>,
    dataset: &Dataset,
    rows: &Selection,
    design: &Design,
    constraints: &Constraints,
    recipe: &Recipe,
    observer: &dyn Observer,
) -> Result<AlphaChoice> {
    // Each origin has a design of its own: of a part of the rows, as in the search for curves, for the penalty needs no
    // more.
    let part = additive::search_rows(dataset, rows, plan.model.penalty, plan.model.seed).rows;
    let origins = plan.origins(dataset, &part, observer);
    let designs = designs_forward_in_time(plan, &origins, recipe, dataset, &part)?;

    let splits: Vec<Split> = if designs.is_empty() {
        vec![Split::within(design)]
    } else {
        designs.iter().map(SplitDesigns::split).collect()
    };
    Ok(simplest(plan.model, constraints.choose_alpha(&splits, design.totals().all, FOLDS, observer)?))
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

/// The linear model on a part of the training rows, with the penalty that it needs on all of them, which stand for so
/// many `rows`. None if the design
/// has too many columns for a comparison, or no columns.
pub(super) fn linear_out_of_fold(
    plan: &FitPlan<'_>,
    dataset: &Dataset,
    part: &Selection,
    rows: f64,
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

/// A linear model of the same columns and penalty, fitted on another design, from where the first fit ended.
pub(super) fn refit(constraints: &Constraints, design: &Design, fit: &LogisticFit) -> Result<LogisticFit> {
    if !constraints.is_plain() {
        return constraints.fit(design, fit.alpha, Some(fit));
    }
    let params = published(fit.alpha, design.rows());
    linear::fit(design, &params.start(fit.intercept, &fit.coefficients))
}
