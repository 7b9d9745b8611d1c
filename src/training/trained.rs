//! A trained model: what turns features into log-odds and probabilities, and what its file says about the fit.

use crate::artefact::FitRecord;
use crate::dataset::{Block, Dataset, Selection};
use crate::error::Result;
use crate::language::Advice;
use crate::model::additive::{self, Comparison};
use crate::model::calibration::ChosenCalibration;
use crate::model::design::columns::LinearEffects;
use crate::model::design::recipe::Recipe;
use crate::model::design::Design;
use crate::model::linear::{self, LogisticFit};
use crate::model::penalty::AlphaChoice;
use crate::model::restrictions::Restrictions;
use crate::model::sampling::Sampling;
use crate::parallel;

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
    pub(super) fn corrected(mut self, sampling: Option<&Sampling>) -> Form {
        let shift = sampling.map_or(0.0, |sampling| sampling.prior.shift);
        match &mut self {
            Form::Linear { fit, .. } => fit.intercept += shift,
            Form::Additive(fit) => fit.model.intercept += shift,
        }
        self
    }
}

impl Trained {
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
        parallel::try_map(dataset.blocks.iter().enumerate(), of_block)
    }

    /// The calibrated probabilities of the chosen rows, block by block.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn probabilities(&self, dataset: &Dataset, rows: &Selection) -> Result<Vec<Vec<f64>>> {
        Ok(self.calibrated(self.log_odds(dataset, rows)?))
    }

    /// The calibrated probabilities of log-odds, block by block.
    pub(super) fn calibrated(&self, log_odds: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        let of_block = |block: Vec<f64>| block.into_iter().map(|z| self.calibration.apply(z)).collect();
        parallel::map(log_odds, of_block)
    }

    /// As [`Trained::log_odds`], from a design of these rows of a data set of so many blocks.
    pub(super) fn log_odds_by_design(
        &self,
        design: &Design,
        fit: &LogisticFit,
        blocks: usize,
    ) -> Result<Vec<Vec<f64>>> {
        let mut log_odds = vec![Vec::new(); blocks];
        for (block, of_rows) in design.blocks.iter().zip(fit.log_odds(design)?) {
            log_odds[block.family as usize].extend(of_rows);
        }
        Ok(log_odds)
    }

    /// What the model file says about the fit.
    pub(super) fn record(&self) -> FitRecord {
        match &self.form {
            Form::Linear { fit, alpha_choice, restrictions } => self.linear_record(fit, alpha_choice, restrictions),
            Form::Additive(fit) => self.additive_record(fit),
        }
    }

    fn linear_record(
        &self,
        fit: &LogisticFit,
        alpha_choice: &Option<AlphaChoice>,
        restrictions: &Restrictions,
    ) -> FitRecord {
        let advice = fit.advice.iter().map(linear::Advice::message);
        let advice = advice.chain(restrictions.advice()).chain(fit.certificate.advice());

        FitRecord {
            rows: fit.rows,
            churners: fit.churners,
            sampling: self.sampling,
            alpha: fit.alpha,
            alpha_choice: alpha_choice.clone(),
            restrictions: restrictions.clone(),
            comparison: self.comparison.clone(),
            intercept: fit.intercept,
            coefficients: fit.table(),
            additive: None,
            report: fit.report,
            certificate: fit.certificate.clone(),
            advice: Advice(advice.collect()),
        }
    }

    fn additive_record(&self, fit: &additive::Fit) -> FitRecord {
        let restrictions = fit.restrictions();
        let advice = fit.advice().into_iter().chain(restrictions.advice()).chain(fit.certificate.advice()).collect();

        FitRecord {
            rows: fit.rows,
            churners: fit.churners,
            sampling: self.sampling,
            alpha: fit.alpha,
            alpha_choice: fit.alpha_choice.clone(),
            restrictions,
            comparison: self.comparison.clone(),
            intercept: fit.model.intercept,
            coefficients: Vec::new(),
            additive: Some(fit.model.clone()),
            report: fit.report,
            certificate: fit.certificate.clone(),
            advice: Advice(advice),
        }
    }
}
