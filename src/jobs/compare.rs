//! Two versions of the model beside each other: on held-out rows, inside, and by the list that they would make.

use super::contacted::Exposure;
use super::context::{Context, Job};
use super::{gates, input};
use crate::artefact::ModelPair;
use crate::calendar::Day;
use crate::dataset::{Dataset, RowsPlan, Selection, Tables};
use crate::error::{Error, Result};
use crate::publish::runs;
use crate::registry::comparison::{self, HeldOut, VersionRows};
use crate::registry::differences::{self, Inside, ListChange};
use crate::registry::Registry;
use serde::Serialize;

/// What to compare.
#[derive(Clone, Debug)]
pub struct Request {
    /// The version to compare with, for example the champion.
    pub first: String,
    /// The version that might take its place.
    pub second: String,
    /// The date of the list; without one the newest that was published, or else the day after the newest row.
    pub as_of: Option<Day>,
}

/// All that is known about two versions beside each other.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The first version.
    pub first: String,
    /// The second version.
    pub second: String,
    /// None where there are no held-out rows that neither has seen, or where one of them cannot be scored.
    pub held_out: Option<HeldOut>,
    /// How they differ inside.
    pub inside: Inside,
    /// The list that they would make, and how it would change.
    pub list: Option<ComparedLists>,
    /// Why a part is missing.
    pub notes: Vec<String>,
}

/// The lists of a date. In a file the two of them are a pair.
#[derive(Clone, Debug, Serialize)]
#[serde(into = "(Day, ListChange)")]
pub struct ComparedLists {
    /// The date.
    pub as_of: Day,
    /// How the second version's list differs from the first's.
    pub change: ListChange,
}

impl From<ComparedLists> for (Day, ListChange) {
    fn from(lists: ComparedLists) -> (Day, ListChange) {
        (lists.as_of, lists.change)
    }
}

/// Compares two versions.
///
/// # Errors
/// [`Error::Model`] when there is no such version, or it is damaged; those of reading the sources.
pub fn run(context: &Context<'_>, registry: &Registry, request: &Request) -> Result<Comparison> {
    context.run_in_english(|job| {
        let first = registry.load_pair(&request.first)?;
        let second = registry.load_pair(&request.second)?;
        let mut comparison = Comparison {
            first: first.published.version.clone(),
            second: second.published.version.clone(),
            held_out: None,
            inside: differences::inside(&first.published, &second.published),
            list: None,
            notes: Vec::new(),
        };

        let features = [first.published.features(), second.published.features()];
        let plan = RowsPlan::from_settings(job.settings());
        let first = Version { models: &first, plan: RowsPlan { features: &features[0], ..plan.clone() } };
        let second = Version { models: &second, plan: RowsPlan { features: &features[1], ..plan } };

        match first.check().and_then(|()| second.check()) {
            Ok(()) => score_both(job, registry, &first, &second, request.as_of, &mut comparison)?,
            Err(error) => job.warn(format!("only their insides can be compared: {error}")),
        }
        Ok(Comparison { notes: job.warnings(), ..comparison })
    })
}

/// A version, and the plan of the rows that it scores.
struct Version<'a> {
    models: &'a ModelPair,
    plan: RowsPlan<'a>,
}

impl Version<'_> {
    fn check(&self) -> Result<()> {
        self.models.published.check_compatible(&self.plan)
    }
}

/// The rows of both versions: those of the second are none of their own where it has the same features.
struct BothRows {
    first: Dataset,
    second: Option<Dataset>,
}

impl BothRows {
    fn build(
        job: &Job<'_>,
        tables: &Tables,
        first: &Version<'_>,
        second: &Version<'_>,
        dates: &[Day],
        labels_end: Option<Day>,
    ) -> Result<BothRows> {
        let (ours, theirs) = (&first.plan, &second.plan);
        let first = input::build_with(job, ours, tables, dates, labels_end)?;
        let second = if ours.features == theirs.features {
            None
        } else {
            Some(input::build_with(job, theirs, tables, dates, labels_end)?)
        };
        Ok(BothRows { first, second })
    }

    fn second(&self) -> &Dataset {
        self.second.as_ref().unwrap_or(&self.first)
    }
}

fn score_both(
    job: &Job<'_>,
    registry: &Registry,
    first: &Version<'_>,
    second: &Version<'_>,
    as_of: Option<Day>,
    comparison: &mut Comparison,
) -> Result<()> {
    let settings = job.settings();
    let tables = input::open_tables(job)?;
    let end = gates::data_end(job, &tables, None)?.day;
    let labels_end = gates::labels_end(job, &tables, None)?.day;

    let dates = [first.models.evaluation_dates(), second.models.evaluation_dates()].concat();
    let mut rows = BothRows::build(job, &tables, first, second, &dates, Some(labels_end))?;
    if let Some(exposure) = Exposure::judge(job, registry, &tables, &rows.first, labels_end)? {
        exposure.apply(&mut rows.first);
        rows.second.iter_mut().for_each(|rows| exposure.apply(rows));
    }
    comparison.held_out = comparison::on_held_out(
        VersionRows { models: first.models, data: &rows.first },
        VersionRows { models: second.models, data: rows.second() },
        &dates,
        settings.model.seed,
        settings.list.capacity as usize,
    )?;
    if comparison.held_out.is_none() {
        job.warn(
            "no metrics: on every date that either was evaluated on, one of them has learned from the outcomes, or the \
             labels are of one class",
        );
    }

    let listed = as_of.or_else(|| runs::published(&settings.paths.lists).pop().map(|run| run.as_of)).unwrap_or(end);
    let rows = BothRows::build(job, &tables, first, second, &[listed], None)?;
    let chosen = Selection::scored(&rows.first, listed);
    let a = first.models.published.score(&rows.first, &chosen)?;
    let b = second.models.published.score(rows.second(), &Selection::scored(rows.second(), listed))?;
    if a.customers.is_empty() {
        return Err(Error::TooLittle(format!(
            "no customer is eligible on {listed}; choose another date for the list (--as-of)"
        )));
    }
    let change = differences::lists(&settings.list, &tables.customers, &a, &b);
    comparison.list = Some(ComparedLists { as_of: listed, change });
    Ok(())
}
