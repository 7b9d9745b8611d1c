//! The runs before a date.

use super::context::Job;
use crate::calendar::Day;
use crate::publish::previous;
use crate::publish::runs::{self, Run};

/// The runs before a date, and the one of them that is compared with.
#[derive(Clone, Debug, Default)]
pub(super) struct EarlierRuns {
    /// All of them, oldest first.
    pub runs: Vec<Run>,
    /// The newest that can be read.
    pub compared: Option<Run>,
}

impl EarlierRuns {
    /// Those in the folder of lists; what cannot be read is told.
    pub fn before(job: &Job<'_>, as_of: Day) -> EarlierRuns {
        let runs = runs::before(&job.settings().paths.lists, as_of);
        let mut notes = Vec::new();
        let compared = previous::comparable(&runs, &mut notes);
        notes.into_iter().for_each(|note| job.warn(note));
        EarlierRuns { runs, compared }
    }

    /// The date of the run that is compared with.
    pub fn date(&self) -> Option<Day> {
        self.compared.as_ref().map(|run| run.as_of)
    }
}
