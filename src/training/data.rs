//! The data set that a training works on, and the rows of it that a model is fitted on.

use crate::config::Sample;
use crate::dataset::{Dataset, Selection};

/// A data set to train on.
pub enum Data<'a> {
    /// One that others need as well.
    Shared(&'a Dataset),
    /// One that may be used up: after the training, only the rows have to be left that were not trained on.
    Own {
        /// The data set.
        dataset: &'a mut Dataset,
        /// Whether these rows have to keep their features.
        features: bool,
    },
}

impl std::ops::Deref for Data<'_> {
    type Target = Dataset;

    fn deref(&self) -> &Dataset {
        match self {
            Data::Shared(dataset) => dataset,
            Data::Own { dataset, .. } => dataset,
        }
    }
}

/// Whether no more is asked of features, once a linear model's design is made of them. A sample may have to be drawn
/// for the published model where there was none before, from all the rows; a memory limit both asks for samples and
/// has its own ways to spare memory; and where rows have weights, those of weight 0 are in no design, but in the
/// distribution.
pub(super) fn may_give_up_features(sample: Sample, dataset: &Dataset) -> bool {
    let (is_limited, is_sampled) = (dataset.memory.limit().is_some(), matches!(sample, Sample::Share(_)));
    !is_limited && !is_sampled && !dataset.is_weighted()
}

/// The rows that a model is fitted on.
#[derive(Clone, Copy)]
pub(super) struct RowsToFit<'a> {
    pub fitted: &'a Selection,
    /// The rows that somebody needs afterwards: a data set of our own may be reduced to them. Without them it stays
    /// whole.
    pub kept: Option<&'a Selection>,
}
