//! What a training asks of the published runs: whom they named, and whether outreach helps.

use super::input::{self, Predicting, PublishedList};
use super::judge::World;
use crate::calendar::Day;
use crate::dataset::Tables;
use crate::error::Result;
use crate::jobs::context::Job;
use crate::labels;
use crate::monitoring::effect::Study;
use crate::monitoring::history::CustomerHistory;
use crate::monitoring::lists::Codes;
use crate::registry::Registry;

/// The published runs before a day.
pub(in crate::jobs) struct PublishedOutreach {
    /// The runs with whom they named, oldest first.
    pub lists: Vec<PublishedList>,
    codes: Codes,
    until: Day,
}

impl PublishedOutreach {
    /// Reads the runs before `until`, whatever churn their models predict: outreach to the customers on them was the
    /// same.
    pub fn read(job: &Job<'_>, registry: &Registry, tables: &Tables, until: Day) -> PublishedOutreach {
        let mut codes = Codes::default();
        let last = until.plus(-1);
        let lists = input::read_lists(job, registry, &tables.customers, last, Predicting::AnyChurn, &mut codes);
        PublishedOutreach { lists, codes, until }
    }

    /// The lists whose outreach may have reached the customers of a date before the end of its label window, as the
    /// monitoring judges it.
    pub fn around(&self, job: &Job<'_>, as_of: Day) -> &[PublishedList] {
        input::around(&self.lists, as_of, labels::span_days(&job.settings().churn))
    }

    /// The effect of outreach under each key, the newest last; none before a run has matured.
    ///
    /// # Errors
    /// Those of reading the signals whose silence is churn.
    pub fn studies(&self, job: &Job<'_>, registry: &Registry, tables: &Tables) -> Result<Vec<Study>> {
        let churn = &job.settings().churn;
        let lists: Vec<PublishedList> = self.lists.iter().filter(|list| list.predicts_our_churn).cloned().collect();
        let dates = lists.iter().map(|list| list.run.as_of());
        let matured: Vec<Day> = dates.filter(|&as_of| labels::matured(churn, as_of, self.until)).collect();
        if matured.is_empty() {
            return Ok(Vec::new());
        }
        let silences = input::silences(job, tables, &matured, self.until)?;
        let history = CustomerHistory::new(churn, &tables.customers, &tables.cancellations, silences, self.until);
        let world = World { job, registry, lists: &lists, history: &history, codes: &self.codes };
        Ok(world.studies(&world.exposures(None)))
    }
}
