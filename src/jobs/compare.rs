//! Two versions of the model beside each other: on held-out rows, inside, and by the list that they would make.

use super::context::{Context, Job};
use super::{gates, input};
use crate::artefact::ModelPair;
use crate::calendar::Day;
use crate::config::Settings;
use crate::dataset::{Dataset, Selection, Tables};
use crate::error::{Error, Result};
use crate::publish::previous;
use crate::registry::comparison::{self, HeldOut};
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
    /// The date of the list that they would make, and how it would change.
    pub list: Option<(Day, ListChange)>,
    /// Why a part is missing.
    pub notes: Vec<String>,
}

/// Compares two versions.
///
/// # Errors
/// [`Error::Model`] when there is no such version, or it is damaged; those of reading the sources.
pub fn run(context: &Context<'_>, registry: &Registry, request: &Request) -> Result<Comparison> {
    context.run(|job| {
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

        match (first.settings(job.settings()), second.settings(job.settings())) {
            (Ok(ours), Ok(theirs)) => {
                score_both(job, [(&first, &ours), (&second, &theirs)], request.as_of, &mut comparison)?;
            }
            (Err(error), _) | (_, Err(error)) => job.warn(format!("only their insides can be compared: {error}")),
        }
        Ok(Comparison { notes: job.warnings(), ..comparison })
    })
}

/// The rows of both versions: those of the second are none of their own where it looks through the same windows.
struct BothRows {
    first: Dataset,
    second: Option<Dataset>,
}

impl BothRows {
    fn build(
        job: &Job<'_>,
        tables: &Tables,
        [ours, theirs]: [&Settings; 2],
        dates: &[Day],
        labels_end: Option<Day>,
    ) -> Result<BothRows> {
        let first = input::build_with(job, ours, tables, dates, labels_end)?;
        let second = if ours.features.windows_days == theirs.features.windows_days {
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
    [(first, ours), (second, theirs)]: [(&ModelPair, &Settings); 2],
    as_of: Option<Day>,
    comparison: &mut Comparison,
) -> Result<()> {
    let settings = job.settings();
    let tables = input::open_tables(job)?;
    let end = gates::data_end(job, &tables, None)?;

    let dates = [first.evaluation_dates(), second.evaluation_dates()].concat();
    let rows = BothRows::build(job, &tables, [ours, theirs], &dates, Some(end))?;
    let sides = [(first, &rows.first), (second, rows.second())];
    comparison.held_out = comparison::on_held_out(settings, sides, &dates)?;
    if comparison.held_out.is_none() {
        job.warn(
            "no metrics: on every date that either was evaluated on, one of them has learned from the outcomes, or the labels \
             are of one class",
        );
    }

    let listed = as_of.or_else(|| previous::published(&settings.paths.lists).pop().map(|(day, _)| day)).unwrap_or(end);
    let rows = BothRows::build(job, &tables, [ours, theirs], &[listed], None)?;
    let chosen = Selection::scored(&rows.first, listed);
    let a = first.published.score(&rows.first, &chosen)?;
    let b = second.published.score(rows.second(), &Selection::scored(rows.second(), listed))?;
    if a.customers.is_empty() {
        return Err(Error::TooLittle(format!(
            "no customer is eligible on {listed}; choose another date for the list (--as-of)"
        )));
    }
    comparison.list = Some((listed, differences::lists(&settings.list, &tables.customers, &a, &b)));
    Ok(())
}
