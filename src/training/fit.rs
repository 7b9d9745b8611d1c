//! The fit: what a model learns from labelled rows, and the same model once more from other rows.

use super::calibration::{calibrate, calibrated};
use super::data::{may_give_up_features, Data, RowsToFit};
use super::linear::{self, fit_linear, linear_out_of_fold, LinearModel, LinearTask};
use super::plan::FitPlan;
use super::trained::{Form, Trained};
use crate::clock::Clock;
use crate::config::Complexity;
use crate::dataset::{Dataset, Selection};
use crate::error::Result;
use crate::features::Directions;
use crate::model::additive::{self, Comparison, CrossFitted, ModelSearch};
use crate::model::design::recipe::Recipe;
use crate::model::design::{both_classes, Design};
use crate::model::sampling::{self, SampledRows};
use crate::observer::Observer;

/// Learns recipe, complexity, penalty, coefficients and calibration from labelled rows. `observer` hears what is being
/// done.
///
/// # Errors
/// [`Error::TooLittle`](crate::Error::TooLittle) when the rows cannot tell churners from customers who stay.
pub fn train_on(plan: &FitPlan<'_>, dataset: &Dataset, rows: &Selection, observer: &dyn Observer) -> Result<Trained> {
    let rows = RowsToFit { fitted: rows, kept: None };
    Ok(with_design(plan, &mut Data::Shared(dataset), rows, observer)?.trained)
}

/// A model, and the design of all the rows that it was fitted on, if it is linear.
pub(super) struct TrainedWithDesign {
    pub trained: Trained,
    pub design: Option<Design>,
}

/// As [`train_on`], with the design.
pub(super) fn with_design(
    plan: &FitPlan<'_>,
    data: &mut Data<'_>,
    RowsToFit { fitted: all, kept }: RowsToFit<'_>,
    observer: &dyn Observer,
) -> Result<TrainedWithDesign> {
    let mut clock = Clock::start(observer);
    let directions = plan.directions(data)?;
    observer.step("learning the recipe");

    // From all rows, so that its means and bins are those of the customers who will be scored.
    let recipe = Recipe::learn(data, all)?;
    clock.lap("recipe");

    let sampled = sampling::sampled(plan.sample, plan.model, data, all, observer);
    let mut comparison = None;
    if plan.model.complexity != Complexity::Linear {
        let searched = search(plan, data, all, &sampled.rows, &recipe, &directions, observer)?;
        if searched.comparison.chosen != additive::LINEAR {
            let trained = fit_additive(plan, data, recipe, searched, sampled, observer)?;
            return Ok(TrainedWithDesign { trained, design: None });
        }
        comparison = Some(searched.comparison);
    }

    observer.step("fitting the linear model");
    let SampledRows { rows, sampling } = sampled;
    let kept = kept.filter(|_| may_give_up_features(plan.sample, data));
    let alpha = comparison.as_ref().and_then(Comparison::linear_alpha);
    let task = LinearTask { recipe: &recipe, alpha, sampling: sampling.as_ref() };
    let LinearModel { form, calibration, design } =
        fit_linear(plan, data, RowsToFit { fitted: &rows, kept }, &task, observer)?;

    let design = Some(design).filter(|_| sampling.is_none());
    Ok(TrainedWithDesign { trained: Trained { recipe, comparison, form, calibration, sampling }, design })
}

/// A search for curves and interactions, and how the models that it found compare.
struct Searched {
    search: ModelSearch,
    comparison: Comparison,
}

/// Looks for curves and interactions on a part of the rows; the bins are learned from all of them.
fn search(
    plan: &FitPlan<'_>,
    dataset: &Dataset,
    all: &Selection,
    rows: &Selection,
    recipe: &Recipe,
    directions: &Directions,
    observer: &dyn Observer,
) -> Result<Searched> {
    let mut clock = Clock::start(observer);
    observer.step("looking for curves and interactions");
    let model = plan.model;
    let labels = rows.labels(dataset);
    let churners = labels.iter().filter(|&&y| y == 1).count();
    both_classes(churners, labels.len())?;

    let part = additive::search_rows(dataset, rows, model.penalty, model.seed);
    let origins = plan.origins(dataset, &part.rows, observer);
    let options = additive::Options {
        origins: origins.clone(),
        interactions: model.complexity != Complexity::Curves,
        penalty: model.penalty,
        uncertainty: !plan.refit,
        alpha: model.alpha.fixed(),
        one_standard_error: model.one_standard_error,
        folds: plan.folds(),
        by_chance: plan.by_chance,
    };
    let search = ModelSearch::run(recipe, dataset, all, &part, directions, options)?;
    clock.lap("search");

    let training_rows = rows.totals(dataset).all;
    let mut linear = None;
    if model.complexity == Complexity::Auto {
        linear = linear_out_of_fold(plan, dataset, &part.rows, training_rows, recipe, &origins, observer)?;
        clock.lap("linear model for comparison");
    }
    let comparison = search.compare(linear.as_ref(), training_rows);
    Ok(Searched { search, comparison })
}

/// Fits the tables that the comparison chose.
fn fit_additive(
    plan: &FitPlan<'_>,
    dataset: &Dataset,
    recipe: Recipe,
    Searched { search, comparison }: Searched,
    SampledRows { rows, sampling }: SampledRows,
    observer: &dyn Observer,
) -> Result<Trained> {
    let mut clock = Clock::start(observer);
    observer.step("fitting the tables");
    let CrossFitted { fit, out_of_fold } = search.fit(&comparison.chosen, dataset, &rows, observer)?;
    clock.lap("fit");

    let rate = rows.totals(dataset).rate();
    let calibration = calibrated(plan.model, out_of_fold, rate, sampling.as_ref());
    clock.lap("calibration");
    let form = Form::Additive(Box::new(fit)).corrected(sampling.as_ref());
    Ok(Trained { recipe, comparison: Some(comparison), form, calibration, sampling })
}

impl Trained {
    /// The same recipe, terms and penalty, with coefficients and calibration learned anew from other rows. `known` is
    /// their design, if there is one already; it is given back, as that of [`with_design`] is.
    ///
    /// # Errors
    /// As [`train_on`].
    pub(super) fn refit(
        self,
        plan: &FitPlan<'_>,
        dataset: &Dataset,
        rows: &Selection,
        known: Option<Design>,
        observer: &dyn Observer,
    ) -> Result<TrainedWithDesign> {
        let mut clock = Clock::start(observer);
        let SampledRows { rows, sampling } = sampling::sampled(plan.sample, plan.model, dataset, rows, observer);
        let rows = &rows;

        let (form, calibration, design) = match self.form {
            Form::Linear { fit, alpha_choice, .. } => {
                let constraints = plan.constraints(&self.recipe, dataset)?.without_dropped(&fit);
                let design = match known.filter(|_| sampling.is_none()) {
                    Some(known) => known,
                    None => self.recipe.design(dataset, rows, plan.folds())?,
                };
                clock.lap("design of all rows");

                let mut fit = linear::refit(&constraints, &design, &fit)?;
                clock.lap("fit on all rows");
                fit.certificate = constraints.certificate(&design, &fit)?;
                clock.lap("cross-check");

                let calibration = calibrate(plan.model, &design, &constraints, &fit, sampling.as_ref(), observer)?;
                let restrictions = constraints.restrictions(&fit);
                let design = Some(design).filter(|_| sampling.is_none());
                (Form::Linear { fit: Box::new(fit), alpha_choice, restrictions }, calibration, design)
            }
            Form::Additive(fit) => {
                let CrossFitted { fit, out_of_fold } = fit.refit(dataset, rows, plan.folds(), observer)?;
                clock.lap("fit on all rows");

                let rate = rows.totals(dataset).rate();
                let calibration = calibrated(plan.model, out_of_fold, rate, sampling.as_ref());
                (Form::Additive(Box::new(fit)), calibration, None)
            }
        };
        clock.lap("calibration on all rows");

        let form = form.corrected(sampling.as_ref());
        Ok(TrainedWithDesign { trained: Trained { form, calibration, sampling, ..self }, design })
    }
}
