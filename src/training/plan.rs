//! The sections of the settings that a training needs: what says how a model is fitted, and what says how it is judged
//! and kept.

use crate::config::{Churn, Economics, Eligibility, Features, Gates, List, Model, Sample, Settings, Signal};
use crate::dataset::folds::CustomerFolds;
use crate::dataset::time_split::{self, Origin};
use crate::dataset::{Dataset, Selection};
use crate::error::Result;
use crate::features::Directions;
use crate::model::design::recipe::Recipe;
use crate::model::linear::constraints::Constraints;
use crate::observer::Observer;
use std::collections::BTreeMap;

/// Cross-fitting folds.
pub const FOLDS: u8 = 5;

/// How a model is fitted.
#[derive(Clone, Copy, Debug)]
pub struct FitPlan<'a> {
    /// The model.
    pub model: &'a Model,
    /// The signals, with whose activity risk may have to rise or fall.
    pub signals: &'a BTreeMap<String, Signal>,
    /// The label: by when those of a date have matured.
    pub churn: &'a Churn,
    /// Which rows of customers who stayed are learned from.
    pub sample: Sample,
    /// Whether the model is only judged, and another one is fitted on all rows after it.
    pub refit: bool,
    /// Whether nothing but chance speaks for its columns, which the labels have chosen.
    pub by_chance: bool,
}

impl FitPlan<'_> {
    /// The directions that effects must have.
    ///
    /// # Errors
    /// As [`Directions::new`].
    pub(super) fn directions(&self, dataset: &Dataset) -> Result<Directions> {
        Directions::new(self.model, self.signals, &dataset.catalogue)
    }

    /// What is asked of a linear model.
    ///
    /// # Errors
    /// As [`Directions::new`].
    pub(super) fn constraints(&self, recipe: &Recipe, dataset: &Dataset) -> Result<Constraints> {
        Ok(Constraints::new(self.model, recipe, &self.directions(dataset)?))
    }

    /// The dates to judge on, forward in time.
    pub(super) fn origins(&self, dataset: &Dataset, rows: &Selection, observer: &dyn Observer) -> Vec<Origin> {
        time_split::origins(self.model, self.churn, dataset, rows, observer)
    }

    /// The folds of customers that models are cross-fitted on.
    pub(super) fn folds(&self) -> CustomerFolds {
        CustomerFolds { count: FOLDS, seed: self.model.seed }
    }
}

/// How a model is trained, judged and kept.
#[derive(Clone, Copy, Debug)]
pub struct TrainingPlan<'a> {
    /// How it is fitted.
    pub fit: FitPlan<'a>,
    /// The windows that its features look through.
    pub features: &'a Features,
    /// Which rows exist.
    pub eligibility: &'a Eligibility,
    /// How much it takes to train at all.
    pub gates: &'a Gates,
    /// The list that it is judged by.
    pub list: &'a List,
    /// What that list is worth.
    pub economics: &'a Economics,
}

impl<'a> TrainingPlan<'a> {
    /// What the settings say.
    pub fn from_settings(settings: &'a Settings) -> TrainingPlan<'a> {
        let fit = FitPlan {
            model: &settings.model,
            signals: &settings.signals,
            churn: &settings.churn,
            sample: settings.training.sample,
            refit: settings.training.refit,
            by_chance: false,
        };

        TrainingPlan {
            fit,
            features: &settings.features,
            eligibility: &settings.eligibility,
            gates: &settings.gates,
            list: &settings.list,
            economics: &settings.economics,
        }
    }
}
