//! The rows that a model is judged on, from the highest risk to the lowest.

use super::baseline::Baseline;
use super::profit::{Profit, Ranked};
use super::segments::{Grouping, Judged, Segment};
use crate::config::{Economics, RankBy};
use crate::dataset::{Dataset, Selection};
use crate::metrics::bootstrap::{Bootstrap, WithDifference};
use crate::metrics::{self, Metrics, RankedRow, Scores};
use crate::parallel;
use crate::weights::RowWeights;

/// Held-out rows, and what is known of them before they are judged.
pub struct HeldOutRows<'a> {
    /// The rows.
    pub rows: &'a Selection,
    /// The probability that the model gives each of them, block by block.
    pub probabilities: &'a [Vec<f64>],
    /// What the baseline says of them.
    pub baseline: Baseline,
    /// The groups that they fall into.
    pub groupings: Vec<Grouping>,
    /// The fold of each row where rows were held out in turn: they are ranked by [`metrics::places_within`] their
    /// folds, and intervals are [wider](super::widening).
    pub folds: Option<&'a [u32]>,
}

/// The same rows with one value each, from the highest risk to the lowest: whatever sorts by risk from here on has no
/// more to do than to see that they are sorted.
pub(super) struct JudgedRows {
    /// 1 = churned.
    pub y: Vec<u8>,
    /// Customers, counted from 0 without gaps.
    pub customers: Vec<u32>,
    /// As-of dates, as places in [`Dataset::as_of`].
    dates: Vec<u32>,
    /// The dates that there are, ascending.
    pub seen: Vec<u32>,
    /// What keeping each customer is worth.
    values: Vec<f64>,
    /// How many customers each row stands for.
    pub weights: RowWeights,
    probabilities: Columns,
    baseline: Columns,
    groupings: Vec<Grouping>,
}

/// Probabilities, and what rows are ranked by, if it is something else.
struct Columns {
    p: Vec<f64>,
    by: Option<Vec<f64>>,
}

impl Columns {
    fn new(p: Vec<f64>, folds: Option<&[u32]>) -> Columns {
        Columns { by: folds.map(|folds| metrics::places_within(folds, &p)), p }
    }

    fn scores<'a>(&'a self, weights: &'a RowWeights) -> Scores<'a> {
        Scores { p: &self.p, by: self.by.as_ref().unwrap_or(&self.p), weights }
    }

    fn arrange(&mut self, order: &[RankedRow]) {
        arrange(&mut self.p, order);
        self.by.iter_mut().for_each(|by| arrange(by, order));
    }
}

impl JudgedRows {
    pub fn new(economics: &Economics, dataset: &Dataset, held_out: HeldOutRows<'_>) -> JudgedRows {
        let HeldOutRows { rows: selection, probabilities, baseline, groupings, folds } = held_out;
        let value = |customer| economics.value_of(dataset.customers.value_of(customer));
        let dates = selection.map(dataset, |block, row| block.as_of[row]);
        let mut seen = dates.clone();
        seen.sort_unstable();
        seen.dedup();

        let mut rows = JudgedRows {
            y: selection.labels(dataset),
            customers: compact(&selection.customers(dataset)),
            dates,
            seen,
            values: selection.map(dataset, |block, row| value(block.customers[row])),
            weights: selection.weights(dataset),
            probabilities: Columns::new(probabilities.concat(), folds),
            baseline: Columns::new(baseline.probabilities.concat(), folds),
            groupings,
        };

        rows.arrange(&metrics::ranked(rows.scores().by, &rows.customers));
        rows
    }

    fn arrange(&mut self, order: &[RankedRow]) {
        arrange(&mut self.y, order);
        arrange(&mut self.customers, order);
        arrange(&mut self.dates, order);
        arrange(&mut self.values, order);
        self.weights = self.weights.take(order.iter().map(|row| row.row()));
        self.probabilities.arrange(order);
        self.baseline.arrange(order);
        self.groupings.iter_mut().for_each(|grouping| arrange(&mut grouping.groups, order));
    }

    /// How many rows.
    pub fn count(&self) -> usize {
        self.y.len()
    }

    /// What the model says.
    pub fn scores(&self) -> Scores<'_> {
        self.probabilities.scores(&self.weights)
    }

    /// What the baseline says.
    pub fn baseline_scores(&self) -> Scores<'_> {
        self.baseline.scores(&self.weights)
    }

    fn rows_of(&self, date: u32) -> impl Iterator<Item = usize> + '_ {
        (0..self.count()).filter(move |&row| self.dates[row] == date)
    }

    /// The metrics of a date by itself.
    pub fn metrics_of(&self, date: u32, capacity: usize) -> Metrics {
        let p = &self.probabilities.p;
        let (y, p): (Vec<u8>, Vec<f64>) = self.rows_of(date).map(|row| (self.y[row], p[row])).unzip();
        let weights = self.weights.take(self.rows_of(date));
        Metrics::new(&y, Scores::weighted(&p, &weights), capacity)
    }

    /// The intervals of the model's metrics, and of their differences from those of the baseline.
    pub fn resampled(&self, bootstrap: &Bootstrap) -> WithDifference {
        bootstrap.with_difference(&self.y, self.scores(), self.baseline_scores(), &self.customers)
    }

    /// What a list is worth.
    pub fn profit(&self, economics: &Economics, rank_by: RankBy, bootstrap: &Bootstrap) -> Option<Profit> {
        let (y, scores, customers) = (&self.y, self.scores(), &self.customers);
        let ranked = Ranked { y, scores, customers, values: &self.values, dates: &self.dates };
        ranked.profit(economics, rank_by, bootstrap)
    }

    /// Group by group, with one list of so many rows for each date.
    pub fn segments(&self, capacity: usize) -> Vec<Segment> {
        let mut listed = vec![false; self.count()];
        for &date in &self.seen {
            let length = self.weights.count_within(self.rows_of(date), capacity as f64);
            self.rows_of(date).take(length).for_each(|row| listed[row] = true);
        }

        let judged = Judged { y: &self.y, scores: self.scores(), customers: &self.customers, listed: &listed };
        let overall = judged.overall();
        let of_grouping = |grouping: &Grouping| {
            let name = |group: u32| grouping.names.get(&group).cloned().unwrap_or_else(|| group.to_string());
            judged.segments(&grouping.by, &grouping.groups, &name, overall.as_ref())
        };
        parallel::map(&self.groupings, of_grouping).concat()
    }
}

/// The customers of the rows, numbered from 0 without gaps; their order stays.
fn compact(customers: &[u32]) -> Vec<u32> {
    let mut places = vec![0; customers.iter().max().map_or(0, |&last| last as usize + 1)];
    customers.iter().for_each(|&customer| places[customer as usize] = 1);
    let mut before = 0;
    for place in &mut places {
        before += std::mem::replace(place, before);
    }
    customers.iter().map(|&customer| places[customer as usize]).collect()
}

/// Puts the values of the rows in another order.
fn arrange<T: Copy + Send + Sync>(values: &mut Vec<T>, order: &[RankedRow]) {
    *values = parallel::map_rows(order.len(), |at| values[order[at].row()]);
}
