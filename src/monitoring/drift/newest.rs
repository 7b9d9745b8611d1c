//! The drift of published runs, as it was told when they were scored.

use super::{FILE, PREFIX};
use crate::calendar::Day;
use crate::error::Result;
use crate::language::Language;
use crate::monitoring::figures::{self, Figure};
use crate::monitoring::lists::KnownRun;
use crate::monitoring::verdict::Verdict;
use crate::publish::manifest::DriftSummary;
use serde::Serialize;

/// The figures of a run's drift.
///
/// # Errors
/// [`Error::Contract`](crate::Error::Contract) for a file that cannot be read, or holds something else.
pub fn figures_of(run: &KnownRun) -> Result<Vec<Figure>> {
    figures::read(&run.run.folder.join(FILE))
}

/// Whether a figure is about drift.
pub fn is_drift(figure: &Figure) -> bool {
    figure.measure.starts_with(PREFIX)
}

/// The drift of the newest run.
#[derive(Clone, Debug, Serialize)]
pub struct NewestDrift {
    /// The date of the run, whose label need not have matured.
    pub as_of: Day,
    /// The model that made it.
    pub model_version: String,
    /// The language that it was told in.
    pub language: Language,
    /// What was told.
    #[serde(flatten)]
    pub told: DriftSummary,
    /// The figures that ask for something.
    pub figures: Vec<Figure>,
}

impl NewestDrift {
    /// From a run and the figures of its drift; none of a run without.
    pub fn new(run: &KnownRun, figures: &[Figure]) -> Option<NewestDrift> {
        let asks = |figure: &&Figure| figure.as_of == run.as_of() && figure.verdict > Some(Verdict::Ok);
        Some(NewestDrift {
            as_of: run.as_of(),
            model_version: run.model_version.clone(),
            language: run.language,
            told: run.drift.clone()?,
            figures: figures.iter().filter(asks).cloned().collect(),
        })
    }

    /// What is to be done, in a sentence.
    pub fn advice(&self) -> String {
        let NewestDrift { as_of, model_version, told, .. } = self;
        if !told.broken.is_empty() {
            format!(
                "The rows of {as_of} look like broken data: load them again and score again before the list is used"
            )
        } else if !told.changed.is_empty() {
            format!(
                "The customers of {as_of} differ from those that model {model_version} was trained on: look at what \
                 has changed, and train again (`churn train`) once labels of such customers have matured"
            )
        } else {
            format!(
                "The rows of {as_of} are like those that model {model_version} was trained on; nothing is to be done"
            )
        }
    }

    /// Everything that was told, in the language of the list, what is broken first.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        let DriftSummary { broken, changed, risk, .. } = &self.told;
        broken.iter().chain(changed).chain([risk]).map(String::as_str)
    }
}
