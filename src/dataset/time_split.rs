//! Validation forward in time: the penalty and the complexity judged on dates after those that they are fitted on.
//!
//! Each **origin** is a training date with earlier ones whose label windows had ended by it. Models are fitted on the
//! rows of those, without a fold of customers, and judged on the rows of the origin within that fold: purged by time
//! and by customer, as a backtest is.

use super::{Block, Dataset, Selection};
use crate::config::{Churn, Folds, Model};
use crate::labels;
use crate::observer::{Note, Observer};

/// A date to judge on. Dates are places in [`Dataset::as_of`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The date judged on.
    pub judged: u32,
    /// The dates fitted on.
    pub earlier: Vec<u32>,
}

/// The fewest churners, and the fewest customers who stayed, on the dates that an origin is fitted on.
const LEAST: usize = 50;
/// The most origins, the newest ones. Older ones say less of the dates to come: where effects move, they cost more than
/// they gain where nothing does (`benches/origins.py`).
const MOST_ORIGINS: usize = 3;

/// The newest origins among the selected rows, ascending; none unless the settings ask for them, and none where no date
/// has earlier ones whose labels had matured by it with enough rows of each class to fit on.
pub fn origins(
    model: &Model,
    churn: &Churn,
    dataset: &Dataset,
    rows: &Selection,
    observer: &dyn Observer,
) -> Vec<Origin> {
    if model.folds == Folds::Customer {
        return Vec::new();
    }
    let mut classes = vec![[0usize; 2]; dataset.as_of.len()];
    for (index, block) in dataset.blocks.iter().enumerate() {
        for &row in rows.rows(index) {
            let (date, churned) = (block.as_of[row as usize], block.label(row as usize) == Some(1));
            classes[date as usize][usize::from(churned)] += 1;
        }
    }

    let dates = || (0u32..).zip(&dataset.as_of).zip(&classes).filter(|(_, of)| **of != [0, 0]).map(|(date, _)| date);
    let origin = |(judged, day): (u32, &crate::calendar::Day)| {
        let earlier =
            dates().filter(|(_, before)| labels::matured(churn, **before, *day)).map(|(date, _)| date).collect();
        Origin { judged, earlier }
    };

    let enough = |origin: &Origin| {
        let count = |class: usize| origin.earlier.iter().map(|&date| classes[date as usize][class]).sum::<usize>();
        count(0) >= LEAST && count(1) >= LEAST
    };

    let mut found: Vec<Origin> = dates().map(origin).filter(enough).collect();
    found.drain(..found.len().saturating_sub(MOST_ORIGINS));
    if found.is_empty() {
        observer.note(&Note::detail(format!(
            "no training date has earlier ones with {LEAST} churners whose label windows of {} days had ended by it: \
             the penalty is validated on folds of customers",
            labels::span_days(churn)
        )));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Day;
    use crate::config::Settings;
    use crate::observer::Silent;

    #[test]
    fn an_origin_knows_the_dates_whose_labels_had_matured() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("churn.toml");
        std::fs::write(&path, "[table]\nid = \"id\"\nlabel = \"y\"\n").unwrap();

        let settings = |sets: &[&str]| {
            let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
            crate::config::load_for_table(Some(&path), &sets, []).unwrap().settings
        };

        // Each date has as many churners as an origin needs, and one customer who stayed less than that.
        let per_date = 2 * LEAST as u32 - 1;
        let made_of = |days: &[i32], label: &dyn Fn(u32) -> Option<u8>| {
            let rows = || 0..days.len() as u32 * per_date;
            let block = Block {
                customers: rows().collect(),
                as_of: rows().map(|row| row / per_date).collect(),
                labels: rows().map(label).collect(),
                weights: Vec::new(),
                values: Default::default(),
            };
            let as_of = days.iter().copied().map(Day).collect();
            Dataset { as_of, blocks: vec![block], ..Dataset::default() }
        };

        // The fourth has no labels.
        let label = |row: u32| (row / per_date != 3).then(|| u8::from(row % per_date < LEAST as u32));
        let dataset = made_of(&[0, 30, 37, 60, 74], &label);

        let rows = Selection::labelled(&dataset, |_| true);
        let found =
            |settings: &Settings, rows: &Selection| origins(&settings.model, &settings.churn, &dataset, rows, &Silent);
        assert!(found(&settings(&["model.folds=customer"]), &rows).is_empty(), "not asked for");

        // Gap and horizon are 37 days.
        let time = settings(&[]);
        let found_rows = found(&time, &rows);

        // The first date alone has too few customers who stayed; the date without labelled rows is none.
        assert_eq!(found_rows, [Origin { judged: 4, earlier: vec![0, 1, 2] }]);
        assert_eq!(found_rows[0].rows_fitted(&dataset, &rows).count(), 3 * per_date as usize);
        assert_eq!(
            found_rows[0].rows_judged(&dataset, &rows).rows(0),
            (4 * per_date..5 * per_date).collect::<Vec<_>>()
        );

        let few = Selection::labelled(&dataset, |day| day.0 < 37);
        assert!(found(&time, &few).is_empty());

        // Of all that there are, the newest.
        let often = made_of(&[0, 40, 80, 120, 160, 200], &|row| Some(u8::from(row % per_date < LEAST as u32)));
        let rows = Selection::labelled(&often, |_| true);
        let newest = origins(&time.model, &time.churn, &often, &rows, &Silent);
        assert_eq!(newest.iter().map(|origin| origin.judged).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(newest[2].earlier, [0, 1, 2, 3, 4], "all that is older is fitted on");
    }
}
