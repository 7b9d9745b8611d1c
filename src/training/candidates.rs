//! The columns that a model may learn from.
//!
//! Of a table with more columns than one model takes, those are kept that say more than chance would. That choice looks
//! at labels, so it is a step of the training: it is made anew for every selection of rows that a model learns from,
//! and rows that are held out have no part in it.

use super::plan::FitPlan;
use crate::artefact::Artefact;
use crate::config::Model;
use crate::dataset::prepared::{ColumnNames, TableRows, WithColumns};
use crate::dataset::{Dataset, Selection, Twins};
use crate::error::Result;
use crate::language::Message;
use crate::model::univariate::screening::{ColumnStrength, Screening};
use crate::model::univariate::{singles, Single};

/// The columns that models may learn from: those of a data set, or, of a table with more columns than one model takes,
/// those that a screening of the training rows keeps.
#[derive(Clone, Copy)]
pub struct Candidates<'a> {
    /// The rows; of a wide table, without features.
    pub dataset: &'a Dataset,
    /// The wide table, if it is one.
    pub wide: Option<Wide<'a>>,
}

/// A table with more columns than one model takes.
#[derive(Clone, Copy)]
pub struct Wide<'a> {
    /// The table.
    pub table: &'a TableRows,
    /// How many of its columns one model takes.
    pub most: usize,
    /// The settings, which may name columns whose effect is to have a direction: these are kept in any case.
    pub model: &'a Model,
}

impl Wide<'_> {
    fn names(&self, column: &String) -> bool {
        let Model { rises_with, falls_with, unconstrained, .. } = self.model;
        [rises_with, falls_with, unconstrained].into_iter().any(|names| names.contains(column))
    }
}

/// The features of a training.
pub struct ColumnSelection<'a> {
    given: &'a Dataset,
    read: Option<Dataset>,
    /// What the screening of a wide table did.
    pub screening: Option<Screening>,
    /// What a person should know about the columns of a wide table.
    pub notes: Vec<Message>,
}

impl ColumnSelection<'_> {
    /// The rows with their features.
    pub fn data(&self) -> &Dataset {
        self.read.as_ref().unwrap_or(self.given)
    }

    /// How a model of them is fitted.
    pub fn plan<'a>(&self, plan: FitPlan<'a>) -> FitPlan<'a> {
        FitPlan { by_chance: self.screening.as_ref().is_some_and(|screening| screening.by_chance), ..plan }
    }

    /// Writes into a model how its features were chosen.
    pub fn tell(&self, model: &mut Artefact) {
        model.screening.clone_from(&self.screening);
        model.fit.advice.0.extend(self.notes.iter().cloned());
    }
}

impl<'a> Candidates<'a> {
    /// Of a data set, all of which one model takes.
    pub fn all(dataset: &'a Dataset) -> Candidates<'a> {
        Candidates { dataset, wide: None }
    }

    /// The features for a model that learns from these rows.
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn for_training_on(&self, rows: &Selection) -> Result<ColumnSelection<'a>> {
        let given = self.dataset;
        let Some(wide) = self.wide else {
            return Ok(ColumnSelection { given, read: None, screening: None, notes: Vec::new() });
        };
        let Wide { table, most, .. } = wide;
        let mut strengths: Vec<ColumnStrength> = Vec::new();
        for columns in table.batches() {
            let singles = singles(&table.read(columns, self.dataset)?.dataset, rows)?;
            let strength = |single: Single| ColumnStrength { name: single.name, strength: single.strength };
            strengths.extend(singles.into_iter().map(strength));
        }
        let screening = Screening::select(strengths, rows.count(), most, |column| wide.names(column));
        let numeric = screening.among(&table.table.numeric);
        let categorical = screening.among(&table.table.categorical);
        let columns = ColumnNames { numeric: &numeric, categorical: &categorical };
        let WithColumns { mut dataset, notes } = table.read(columns, self.dataset)?;
        dataset.twins = Twins::among(&dataset)?;
        Ok(ColumnSelection { given, read: Some(dataset), screening: Some(screening), notes })
    }
}
