//! The choice of the penalty and of the interactions, by cross-validated log-loss.
//!
//! Every fold makes its own choice of features and interactions from the rows outside it, and is judged on the rows
//! inside. Chosen once from all rows, pairs would have been picked with an eye on the rows that judge them, and noise
//! would look like a gain.

use super::basis::{curve, interaction, PAIR_GROUPS};
use super::bins::Grid;
use super::codes::{CodeBlock, Lookup};
use super::passes::{Term, Terms};
use super::screen::{self, Residuals};
use super::solver::Solver;
use crate::config::Penalty;
use crate::model::structure::SHARES;
use crate::numeric::{logit, softplus};
use rayon::prelude::*;

/// The penalties tried: rows times `alpha`, strongest first. As a prior, a standard deviation of one over the root.
pub const STRENGTHS: [f64; 9] = [3_000.0, 1_000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3];
/// Penalties that may do worse than the best before the search ends.
const PATIENCE: usize = 2;
/// Interactions of a round, and the most of all rounds.
const ROUND: usize = 5;
const MOST_PAIRS: usize = 20;
/// The most features with a curve; of more, those that explain most by themselves.
const MOST_FEATURES: usize = 250;
/// Tolerance of fits from which a log-loss is read: good for six digits.
const TOLERANCE: f64 = 1e-5;

/// What is searched, and how.
pub struct Search<'a> {
    /// The features.
    pub grids: &'a [Grid],
    /// The rows, fold by fold.
    pub folds: &'a [Vec<CodeBlock>],
    /// Whether to look for interactions.
    pub interactions: bool,
    /// What keeps coefficients small.
    pub penalty: Penalty,
    /// A fixed `alpha` per row instead of a search.
    pub alpha: Option<f64>,
    /// Whether to prefer the simplest choice within one standard error of the best.
    pub one_standard_error: bool,
}

/// Which terms a model has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// Features with a curve, ascending.
    pub features: Vec<usize>,
    /// Interactions, strongest first.
    pub pairs: Vec<[usize; 2]>,
}

/// Log-odds of every row from models that have not seen its fold, fold by fold and block by block.
pub type OutOfFold = Vec<Vec<Vec<f64>>>;

/// A choice and how it did.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What the [penalty keeps](per_row) when the number of rows changes.
    pub strength: f64,
    /// What was tried: strength, log-loss, its standard error; strongest first.
    pub path: Vec<(f64, f64, f64)>,
    /// Out-of-fold log-odds.
    pub log_odds: OutOfFold,
    /// Number of interactions.
    pub pairs: usize,
}

/// What the search found.
pub struct Found {
    /// Curves alone.
    pub curves: Choice,
    /// With interactions, if they were asked for and any round lowered the loss.
    pub interactions: Option<Choice>,
}

/// The penalty per row that a strength is on so many rows. An L2 penalty is a prior, which says how large effects are
/// expected to be: rows times `alpha` stays. A group penalty is a threshold that noise must not pass, and noise shrinks with
/// the root of the rows: that root times `alpha` stays.
pub fn per_row(penalty: Penalty, strength: f64, rows: usize) -> f64 {
    let rows = rows.max(1) as f64;
    match penalty {
        Penalty::L2 => strength / rows,
        Penalty::Group => strength / rows.sqrt(),
    }
}

/// The inverse of [`per_row`].
pub fn strength(penalty: Penalty, alpha: f64, rows: usize) -> f64 {
    let rows = rows.max(1) as f64;
    match penalty {
        Penalty::L2 => alpha * rows,
        Penalty::Group => alpha * rows.sqrt(),
    }
}

/// The terms of a shape.
pub fn terms(grids: &[Grid], shape: &Shape) -> Terms {
    let curves =
        shape.features.iter().map(|&feature| Term { lookup: Lookup::Curve { feature }, basis: curve(&grids[feature]) });
    let pairs = shape.pairs.iter().map(|&[a, b]| {
        let groups = [grids[a].groups(PAIR_GROUPS), grids[b].groups(PAIR_GROUPS)];
        let width = groups[1].iter().copied().max().map_or(0, |last| usize::from(last) + 1);
        let basis = interaction((&grids[a], &groups[0]), (&grids[b], &groups[1]));
        Term { lookup: Lookup::Interaction { features: [a, b], groups, width }, basis }
    });
    Terms::new(curves.chain(pairs))
}

/// A model under choice: of one fold, or of all rows.
struct Candidate<'a> {
    shape: Shape,
    terms: Terms,
    theta: Vec<f64>,
    rows: Vec<&'a CodeBlock>,
    penalty: Penalty,
}

impl<'a> Candidate<'a> {
    fn new(grids: &[Grid], rows: Vec<&'a CodeBlock>, penalty: Penalty) -> Candidate<'a> {
        let all: usize = rows.iter().map(|block| block.rows).sum();
        let churners: usize = rows.iter().flat_map(|block| &block.y).filter(|&&y| y == 1).count();
        let base = logit((churners as f64 + 0.5) / (all as f64 + 1.0));
        let log_odds: Vec<Vec<f64>> = rows.iter().map(|block| vec![base; block.rows]).collect();
        let residuals = Residuals::at(&rows, &log_odds);
        let features = screen::strongest(&residuals, &rows, grids, MOST_FEATURES);
        let shape = Shape { features, pairs: Vec::new() };
        let terms = terms(grids, &shape);
        let theta = Solver::new(&terms, rows.clone(), rows.clone()).theta;
        Candidate { shape, terms, theta, rows, penalty }
    }

    fn solver(&self) -> Solver<'_> {
        let solver = Solver::new(&self.terms, self.rows.clone(), self.rows.clone());
        solver.penalised(self.penalty).from(self.theta.clone())
    }

    /// Adds the next round of interactions and fits with them.
    fn grow(&mut self, grids: &[Grid], alpha: f64, count: usize) {
        let log_odds: Vec<Vec<f64>> = self.rows.iter().map(|block| self.terms.log_odds(&self.theta, block)).collect();
        let residuals = Residuals::at(&self.rows, &log_odds);
        let tables = self.terms.tables(&self.theta);
        // A feature with a direction has it for everybody, so that nothing else may bend its effect.
        let features: Vec<usize> =
            self.shape.features.iter().copied().filter(|&feature| grids[feature].direction.is_none()).collect();
        let importance: Vec<f64> = features
            .iter()
            .map(|&feature| {
                let of = |term: &Term| term.lookup == Lookup::Curve { feature };
                let table = self.terms.terms.iter().position(of).map(|at| &tables[at]);
                table.map_or(0.0, |table| table.iter().zip(&grids[feature].shares).map(|(t, w)| w * t * t).sum())
            })
            .collect();
        let taken = &self.shape.pairs;
        let more = screen::pairs(&residuals, &self.rows, grids, &features, &importance, taken, count);
        if more.is_empty() {
            return;
        }
        self.shape.pairs.extend(more);
        let intercept = self.theta.pop().unwrap_or(0.0);
        self.terms = terms(grids, &self.shape);
        self.theta.resize(self.terms.columns(), 0.0);
        self.theta.push(intercept);
        let mut solver = self.solver();
        solver.fit(alpha, TOLERANCE);
        self.theta = solver.theta;
    }
}

impl<'a> Search<'a> {
    fn rows(&self) -> usize {
        self.folds.iter().flatten().map(|block| block.rows).sum()
    }

    fn blocks(&self) -> Vec<&'a CodeBlock> {
        self.folds.iter().flatten().collect()
    }

    /// The rows outside a fold.
    fn others(&self, fold: usize) -> Vec<&'a CodeBlock> {
        self.folds.iter().enumerate().filter(|&(other, _)| other != fold).flat_map(|(_, blocks)| blocks).collect()
    }

    /// Chooses the penalty of the curves, the number of interactions, and then the penalty with them.
    pub fn run(&self) -> Found {
        let mut candidates: Vec<Candidate<'a>> =
            (0..self.folds.len()).into_par_iter().map(|fold| self.candidate(self.others(fold))).collect();
        let strengths: Vec<f64> = match self.alpha {
            Some(alpha) => vec![strength(self.penalty, alpha, self.rows())],
            None => self.strengths(),
        };
        let curves = self.path(&mut candidates, &strengths);
        let interactions = if self.interactions { self.rounds(&mut candidates, &curves) } else { None };
        Found { curves, interactions }
    }

    fn candidate(&self, rows: Vec<&'a CodeBlock>) -> Candidate<'a> {
        Candidate::new(self.grids, rows, self.penalty)
    }

    /// The penalties to try, strongest first.
    fn strengths(&self) -> Vec<f64> {
        match self.penalty {
            Penalty::L2 => STRENGTHS.to_vec(),
            Penalty::Group => {
                let all = self.candidate(self.blocks());
                let least = strength(self.penalty, all.solver().alpha_of_nothing(), self.rows());
                SHARES.iter().map(|share| share * least).collect()
            }
        }
    }

    /// The shape that all rows together choose, with so many interactions.
    pub fn shape(&self, curves: &Choice, pairs: usize) -> Shape {
        let mut candidate = self.candidate(self.blocks());
        if pairs > 0 {
            let alpha = per_row(self.penalty, curves.strength, self.rows());
            let mut solver = candidate.solver();
            solver.fit(alpha, TOLERANCE);
            candidate.theta = solver.theta;
            while candidate.shape.pairs.len() < pairs {
                let before = candidate.shape.pairs.len();
                candidate.grow(self.grids, alpha, ROUND.min(pairs - before));
                if candidate.shape.pairs.len() == before {
                    break;
                }
            }
        }
        candidate.shape
    }

    /// Tries penalties from the strongest on, each fit from the one before; leaves the candidates at the chosen one.
    fn path(&self, candidates: &mut [Candidate<'a>], strengths: &[f64]) -> Choice {
        let alpha = |strength: f64| per_row(self.penalty, strength, self.rows());
        let mut solvers: Vec<Solver<'_>> = candidates.iter().map(Candidate::solver).collect();
        let mut tried: Vec<(f64, f64, f64)> = Vec::new();
        let mut kept: Vec<(Vec<Vec<f64>>, OutOfFold)> = Vec::new();
        let mut best = f64::INFINITY;
        let mut worse = 0;
        for &strength in strengths {
            solvers.par_iter_mut().for_each(|solver| solver.fit(alpha(strength), TOLERANCE));
            let thetas: Vec<Vec<f64>> = solvers.iter().map(|solver| solver.theta.clone()).collect();
            let log_odds = self.held_out(candidates, &thetas);
            let (loss, error) = self.loss(&log_odds);
            tried.push((strength, loss, error));
            kept.push((thetas, log_odds));
            worse = if loss < best { 0 } else { worse + 1 };
            best = best.min(loss);
            if worse == PATIENCE {
                break;
            }
        }
        let least = (0..tried.len()).min_by(|&a, &b| tried[a].1.total_cmp(&tried[b].1)).unwrap_or(0);
        let slack = if self.one_standard_error { tried[least].2 } else { 0.0 };
        // The strongest penalty that is good enough.
        let chosen = tried.iter().position(|&(_, loss, _)| loss <= tried[least].1 + slack).unwrap_or(least);
        drop(solvers);
        let (thetas, log_odds) = kept.swap_remove(chosen);
        candidates.iter_mut().zip(thetas).for_each(|(candidate, theta)| candidate.theta = theta);
        Choice { strength: tried[chosen].0, path: tried, log_odds, pairs: candidates[0].shape.pairs.len() }
    }

    /// Adds interactions in rounds as long as they lower the out-of-fold loss, then looks for a better penalty.
    fn rounds(&self, candidates: &mut [Candidate<'a>], curves: &Choice) -> Option<Choice> {
        let alpha = per_row(self.penalty, curves.strength, self.rows());
        let mut best = curves.log_odds.clone();
        let mut found = 0;
        let mut kept: Vec<(Shape, Terms, Vec<f64>)> = Vec::new();
        while found < MOST_PAIRS {
            let before: usize = candidates.iter().map(|candidate| candidate.shape.pairs.len()).sum();
            candidates.par_iter_mut().for_each(|candidate| candidate.grow(self.grids, alpha, ROUND));
            if candidates.iter().map(|candidate| candidate.shape.pairs.len()).sum::<usize>() == before {
                break;
            }
            let thetas: Vec<Vec<f64>> = candidates.iter().map(|candidate| candidate.theta.clone()).collect();
            let log_odds = self.held_out(candidates, &thetas);
            let (gain, error) = self.gain(&best, &log_odds);
            if gain <= if self.one_standard_error { error } else { 0.0 } {
                break;
            }
            found += ROUND;
            best = log_odds;
            kept = candidates.iter().map(|c| (c.shape.clone(), c.terms.clone(), c.theta.clone())).collect();
        }
        if found == 0 {
            return None;
        }
        for (candidate, (shape, terms, theta)) in candidates.iter_mut().zip(kept) {
            (candidate.shape, candidate.terms, candidate.theta) = (shape, terms, theta);
        }
        let strengths: Vec<f64> = match self.alpha {
            Some(_) => vec![curves.strength],
            None => [3.0, 1.0, 1.0 / 3.0, 0.1].iter().map(|factor| factor * curves.strength).collect(),
        };
        let mut choice = self.path(candidates, &strengths);
        choice.pairs = found;
        Some(choice)
    }

    fn held_out(&self, candidates: &[Candidate<'a>], thetas: &[Vec<f64>]) -> OutOfFold {
        let models = candidates.par_iter().zip(thetas).zip(self.folds);
        models
            .map(|((candidate, theta), blocks)| {
                blocks.iter().map(|block| candidate.terms.log_odds(theta, block)).collect()
            })
            .collect()
    }

    /// The mean log-loss of out-of-fold log-odds and its standard error.
    pub fn loss(&self, log_odds: &OutOfFold) -> (f64, f64) {
        self.mean(|fold, block, row| self.row_loss(log_odds, fold, block, row))
    }

    /// By how much the second log-odds lower the mean log-loss of the first, and the standard error of that.
    pub fn gain(&self, first: &OutOfFold, second: &OutOfFold) -> (f64, f64) {
        self.mean(|fold, block, row| self.row_loss(first, fold, block, row) - self.row_loss(second, fold, block, row))
    }

    fn row_loss(&self, log_odds: &OutOfFold, fold: usize, block: usize, row: usize) -> f64 {
        let z = log_odds[fold][block][row];
        softplus(if self.folds[fold][block].y[row] == 1 { -z } else { z })
    }

    /// The mean of a value a row and its standard error; rows of one customer stand together and count as one draw.
    fn mean(&self, of: impl Fn(usize, usize, usize) -> f64) -> (f64, f64) {
        let (mut rows, mut sum) = (0.0, 0.0);
        let mut customers: Vec<(f64, f64)> = Vec::new();
        for (fold, blocks) in self.folds.iter().enumerate() {
            for (at, block) in blocks.iter().enumerate() {
                for row in 0..block.rows {
                    let value = of(fold, at, row);
                    if row == 0 || block.customer[row] != block.customer[row - 1] {
                        customers.push((0.0, 0.0));
                    }
                    if let Some((count, total)) = customers.last_mut() {
                        *count += 1.0;
                        *total += value;
                    }
                    rows += 1.0;
                    sum += value;
                }
            }
        }
        let mean = sum / f64::max(rows, 1.0);
        let spread: f64 = customers.iter().map(|(count, total)| (total - count * mean).powi(2)).sum();
        (mean, spread.sqrt() / f64::max(rows, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::codes::by_fold;
    use super::super::examples;
    use super::*;

    #[test]
    fn interactions_are_kept_where_there_are_some_and_left_where_there_are_none() {
        let (grids, mut blocks) = examples::interacting(8_000, 9);
        let search = |folds: &[Vec<CodeBlock>]| {
            let search = Search {
                grids: &grids,
                folds,
                interactions: true,
                penalty: Penalty::L2,
                alpha: None,
                one_standard_error: false,
            };
            let found = search.run();
            let curves = search.loss(&found.curves.log_odds).0;
            let gain = found.interactions.as_ref().map(|choice| search.gain(&found.curves.log_odds, &choice.log_odds));
            let shape = search.shape(&found.curves, found.interactions.as_ref().map_or(0, |choice| choice.pairs));
            (curves, gain, shape)
        };
        let (curves, gain, shape) = search(&by_fold(&blocks, 5, usize::MAX));
        let (gain, error) = gain.unwrap();
        assert!(gain > 0.05 && gain > 5.0 * error, "{curves} {gain} {error}");
        assert!(shape.pairs.contains(&[1, 2]), "{:?}", shape.pairs);
        // Labels that depend on nothing.
        let mut next = crate::model::design::examples::uniform(1);
        blocks.iter_mut().flat_map(|block| &mut block.y).for_each(|y| *y = u8::from(next() < 0.3));
        let (curves, gain, _) = search(&by_fold(&blocks, 5, usize::MAX));
        assert!(gain.is_none_or(|(gain, error)| gain < 2.0 * error), "{curves} {gain:?}");
    }

    #[test]
    fn one_standard_error_prefers_the_stronger_penalty() {
        let (grids, blocks) = examples::interacting(3_000, 10);
        let folds = by_fold(&blocks, 5, usize::MAX);
        let run = |one_standard_error| {
            let search = Search {
                grids: &grids,
                folds: &folds,
                interactions: false,
                penalty: Penalty::L2,
                alpha: None,
                one_standard_error,
            };
            search.run().curves.strength
        };
        assert!(run(true) >= run(false));
    }
}
