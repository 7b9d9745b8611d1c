//! Validation forward in time: the penalty and the complexity judged on dates after those that they are fitted on.
//!
//! Each **origin** is a training date with earlier ones whose label windows had ended by it. Models are fitted on the rows of
//! those, without a fold of customers, and judged on the rows of the origin within that fold: purged by time and by customer,
//! as a backtest is.

use super::design::Design;
use super::recipe::Recipe;
use super::training::FOLDS;
use crate::config::{Folds, Settings};
use crate::dataset::{Block, Dataset, Selection};
use crate::error::Result;
use crate::labels;
use crate::sources::CustomerTable;

/// A date to judge on. Dates are places in [`Dataset::as_of`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The date judged on.
    pub judged: u32,
    /// The dates fitted on.
    pub earlier: Vec<u32>,
}

/// The origins among the selected rows, ascending; none unless the settings ask for them, and none where no date has an
/// earlier one whose labels had matured by it.
pub fn origins(settings: &Settings, dataset: &Dataset, rows: &Selection) -> Vec<Origin> {
    if settings.model.folds == Folds::Customer {
        return Vec::new();
    }
    let mut has_rows = vec![false; dataset.as_of.len()];
    for (index, block) in dataset.blocks.iter().enumerate() {
        rows.rows(index).iter().for_each(|&row| has_rows[block.as_of[row as usize] as usize] = true);
    }
    let span = labels::span_days(&settings.churn);
    let dates = || (0u32..).zip(&dataset.as_of).zip(&has_rows).filter(|(_, &has)| has).map(|(date, _)| date);
    let origin = |(judged, day): (u32, &crate::calendar::Day)| {
        let earlier = dates().filter(|(_, before)| before.plus(span) <= *day).map(|(date, _)| date).collect();
        Origin { judged, earlier }
    };
    let found: Vec<Origin> = dates().map(origin).filter(|origin| !origin.earlier.is_empty()).collect();
    if found.is_empty() {
        tracing::warn!(
            "model.folds = \"time\", but no training date has an earlier one whose label window of {span} days had ended by \
             it: the penalty is validated on folds of customers. Raise training.snapshots or training.step_days"
        );
    }
    found
}

impl Origin {
    /// The selected rows of its date.
    pub fn rows_judged(&self, dataset: &Dataset, rows: &Selection) -> Selection {
        rows.restricted(dataset, |block: &Block, row| block.as_of[row] == self.judged)
    }

    /// The selected rows of the earlier dates.
    pub fn rows_fitted(&self, dataset: &Dataset, rows: &Selection) -> Selection {
        rows.restricted(dataset, |block: &Block, row| self.earlier.contains(&block.as_of[row]))
    }
}

/// For each origin the design of the rows to fit on, and that of the rows to judge on.
///
/// # Errors
/// As [`Recipe::design`].
pub fn designs(
    origins: &[Origin],
    recipe: &Recipe,
    dataset: &Dataset,
    customers: &CustomerTable,
    rows: &Selection,
    seed: u64,
) -> Result<Vec<(Design, Option<Design>)>> {
    let design = |rows: Selection| recipe.design(dataset, customers, &rows, FOLDS, seed);
    let designs = |origin: &Origin| {
        Ok((design(origin.rows_fitted(dataset, rows))?, Some(design(origin.rows_judged(dataset, rows))?)))
    };
    origins.iter().map(designs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Day;

    #[test]
    fn an_origin_knows_the_dates_whose_labels_had_matured() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("churn.toml");
        std::fs::write(&path, "[table]\nid = \"id\"\nlabel = \"y\"\n").unwrap();
        let settings = |sets: &[&str]| {
            let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
            crate::config::load_for_table(Some(&path), &sets, []).unwrap().settings
        };
        let days = [0, 30, 37, 60, 74];
        let block = Block {
            customers: (0..5).collect(),
            as_of: (0..5).collect(),
            labels: vec![Some(1), Some(0), Some(1), None, Some(0)],
            values: Vec::new().into(),
        };
        let dataset = Dataset {
            catalogue: crate::features::Catalogue::default(),
            as_of: days.map(Day).to_vec(),
            blocks: vec![block],
            exclusions: Vec::new(),
            reports: Vec::new(),
            first_entries: Vec::new(),
        };
        let rows = Selection::labelled(&dataset, |_| true);
        assert!(origins(&settings(&[]), &dataset, &rows).is_empty(), "not asked for");
        // Gap and horizon are 37 days.
        let time = settings(&["model.folds=time"]);
        let found = origins(&time, &dataset, &rows);
        let expected = [Origin { judged: 2, earlier: vec![0] }, Origin { judged: 4, earlier: vec![0, 1, 2] }];
        assert_eq!(found, expected, "the date without labelled rows is none");
        assert_eq!(found[1].rows_fitted(&dataset, &rows).count(), 3);
        assert_eq!(found[1].rows_judged(&dataset, &rows).rows(0), [4]);
        let few = Selection::labelled(&dataset, |day| day.0 < 37);
        assert!(origins(&time, &dataset, &few).is_empty());
    }
}
