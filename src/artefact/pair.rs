//! A model to publish, and the one that its evaluation is about.

use super::Artefact;
use crate::calendar::Day;

/// The two models of a version, and of a training.
#[derive(Clone, Debug)]
pub struct ModelPair {
    /// The model that scores.
    pub published: Artefact,
    /// The model that the evaluation is about, if it is another: fitted on the training snapshots alone. It has seen
    /// nothing of the held-out rows, so that it can be compared on them with other models.
    pub evaluated: Option<Artefact>,
}

impl ModelPair {
    /// Both models.
    pub fn models(&mut self) -> impl Iterator<Item = &mut Artefact> {
        std::iter::once(&mut self.published).chain(&mut self.evaluated)
    }

    /// The dates that the evaluation is about.
    pub fn evaluation_dates(&self) -> &[Day] {
        &self.published.snapshots.evaluation
    }
}
