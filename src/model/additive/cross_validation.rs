//! Rows in parts, which of them models are fitted on and judged on, and how well models do on rows they have not seen.

use super::codes::{totals, CodeBlock};
use crate::model::calibration::base_rate::level;
use crate::numeric::{softplus, Estimate};
use crate::weights::RowWeights;
use std::borrow::Cow;

/// Rows in parts, and what is fitted and judged on which of them.
#[derive(Clone, Copy)]
pub struct CrossValidation<'a> {
    /// The rows.
    pub parts: &'a [Vec<CodeBlock>],
    /// What is fitted and judged on which of them.
    pub splits: &'a [Split],
    /// How many of those who stayed each row of one of them stands for, as all churners are among the rows and not all
    /// others.
    pub stayed_for: f64,
    /// Whether rows are judged on later dates than those fitted on, so that each date's level is put right first.
    pub forward: bool,
}

/// Parts to fit on, and the part to judge on.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The parts fitted on.
    pub fitted: Vec<usize>,
    /// The part judged on.
    pub judged: usize,
    /// Rows of the parts fitted on and of those left out for their customers: what a penalty per row is of. Each counts
    /// as often as it stands for a customer.
    pub rows: f64,
    /// The origin, or 0 if there is none, and the fold that it judges.
    pub origin: usize,
    /// The fold of customers that it judges.
    pub fold: u8,
}

impl Split {
    /// Each part judged by a model of the others.
    pub fn by_fold(parts: &[Vec<CodeBlock>]) -> Vec<Split> {
        let rows = totals(parts.iter().flatten()).all;
        let others = |judged: usize| (0..parts.len()).filter(|&part| part != judged).collect();
        let split = |(fold, judged): (u8, usize)| Split { fitted: others(judged), judged, rows, origin: 0, fold };
        (0..).zip(0..parts.len()).map(split).collect()
    }
}

/// Log-odds of rows from models that have not seen them, split by split and block by block.
pub type OutOfFold = Vec<Vec<Vec<f64>>>;

impl<'a> CrossValidation<'a> {
    /// All rows.
    pub fn blocks(&self) -> Vec<&'a CodeBlock> {
        self.parts.iter().flatten().collect()
    }

    /// The rows that a split fits on.
    pub fn fitted(&self, split: &Split) -> Vec<&'a CodeBlock> {
        split.fitted.iter().flat_map(|&part| &self.parts[part]).collect()
    }

    /// The rows that a split judges.
    pub fn judged(&self, split: &Split) -> &'a [CodeBlock] {
        &self.parts[split.judged]
    }

    /// How many customers the rows stand for.
    pub fn rows(&self) -> f64 {
        totals(self.parts.iter().flatten()).all
    }

    /// Log-odds with the level of each origin put right, if they are judged forward in time.
    fn levelled<'b>(&self, log_odds: &'b OutOfFold) -> Cow<'b, OutOfFold> {
        let mut levelled = Cow::Borrowed(log_odds);
        let origins = self.splits.iter().map(|split| split.origin + 1).max().filter(|_| self.forward);
        for origin in 0..origins.unwrap_or(0) {
            let places: Vec<usize> = (0..self.splits.len()).filter(|&at| self.splits[at].origin == origin).collect();
            let all: Vec<f64> = places.iter().flat_map(|&at| log_odds[at].concat()).collect();
            let judged = || places.iter().flat_map(|&at| &self.parts[self.splits[at].judged]);
            let weights = RowWeights::joined(judged().map(|block| (&block.weights, block.rows)));
            let shift = level(&all, judged().flat_map(|block| &block.y), &weights);
            for at in places {
                levelled.to_mut()[at].iter_mut().flatten().for_each(|z| *z += shift);
            }
        }
        levelled
    }

    /// The log-loss of out-of-fold log-odds.
    pub fn loss(&self, log_odds: &OutOfFold) -> Estimate {
        self.mean(self.row_loss(&self.levelled(log_odds)))
    }

    /// By how much the second log-odds lower the log-loss of the first.
    pub fn gain(&self, first: &OutOfFold, second: &OutOfFold) -> Estimate {
        let (first, second) = (self.levelled(first), self.levelled(second));
        let (first, second) = (self.row_loss(&first), self.row_loss(&second));
        self.mean(|split, block, row| first(split, block, row) - second(split, block, row))
    }

    /// The loss of a row, by split, block and place, at the log-odds among all customers, which are lower than those
    /// among the rows.
    fn row_loss<'s>(&'s self, log_odds: &'s OutOfFold) -> impl Fn(usize, usize, usize) -> f64 + 's {
        let shift = self.stayed_for.ln();
        move |split, block, row| {
            let z = log_odds[split][block][row] - shift;
            softplus(if self.parts[self.splits[split].judged][block].y[row] == 1 { -z } else { z })
        }
    }

    /// How many customers a row stands for.
    fn weight(&self, block: &CodeBlock, row: usize) -> f64 {
        let for_others = if block.y[row] == 1 { 1.0 } else { self.stayed_for };
        block.weights.of(row) * for_others
    }

    /// The mean of a value a row, each as often as the row stands for a customer; rows of one customer count as one
    /// draw.
    fn mean(&self, of: impl Fn(usize, usize, usize) -> f64) -> Estimate {
        let (mut rows, mut sum) = (0.0, 0.0);
        let mut customers: Vec<(f64, f64)> = Vec::new();

        // A customer's rows stand together, but those of later dates in another part.
        let mut places: hashbrown::HashMap<u32, usize> = hashbrown::HashMap::new();
        for (at, split) in self.splits.iter().enumerate() {
            for (index, block) in self.parts[split.judged].iter().enumerate() {
                let mut place = 0;
                for row in 0..block.rows {
                    let (value, weight) = (of(at, index, row), self.weight(block, row));
                    if row == 0 || block.customer[row] != block.customer[row - 1] {
                        place = *places.entry(block.customer[row]).or_insert(customers.len());
                        if place == customers.len() {
                            customers.push((0.0, 0.0));
                        }
                    }
                    let (count, total) = &mut customers[place];
                    *count += weight;
                    *total += weight * value;
                    rows += weight;
                    sum += weight * value;
                }
            }
        }

        let mean = sum / f64::max(rows, 1.0);
        let spread: f64 = customers.iter().map(|(count, total)| (total - count * mean).powi(2)).sum();
        Estimate { mean, standard_error: spread.sqrt() / f64::max(rows, 1.0) }
    }
}
