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
use crate::model::penalty::{self, AlphaScore, SHARES};
use crate::numeric::{logit, softplus, Estimate};
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
    /// The rows in parts.
    pub parts: &'a [Vec<CodeBlock>],
    /// What is fitted and judged on which of them.
    pub splits: &'a [Split],
    /// Whether to look for interactions.
    pub interactions: bool,
    /// What keeps coefficients small.
    pub penalty: Penalty,
    /// A fixed `alpha` per row instead of a search.
    pub alpha: Option<f64>,
    /// Whether to prefer the simplest choice within one standard error of the best.
    pub one_standard_error: bool,
}

/// Parts to fit on, and the part to judge on.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The parts fitted on.
    pub fitted: Vec<usize>,
    /// The part judged on.
    pub judged: usize,
    /// Rows of the parts fitted on and of those left out for their customers: what a penalty per row is of.
    pub rows: usize,
    /// The origin, or 0 if there is none, and the fold that it judges.
    pub origin: usize,
    /// The fold of customers that it judges.
    pub fold: u8,
}

impl Split {
    /// Each part judged by a model of the others.
    pub fn by_fold(parts: &[Vec<CodeBlock>]) -> Vec<Split> {
        let rows = parts.iter().flatten().map(|block| block.rows).sum();
        let others = |judged: usize| (0..parts.len()).filter(|&part| part != judged).collect();
        let split = |(fold, judged): (u8, usize)| Split { fitted: others(judged), judged, rows, origin: 0, fold };
        (0..).zip(0..parts.len()).map(split).collect()
    }
}

/// Which terms a model has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// Features with a curve, ascending.
    pub features: Vec<usize>,
    /// Interactions, strongest first.
    pub pairs: Vec<[usize; 2]>,
}

/// Log-odds of rows from models that have not seen them, split by split and block by block.
pub type OutOfFold = Vec<Vec<Vec<f64>>>;

/// A choice and how it did.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What the [penalty keeps](per_row) when the number of rows changes.
    pub strength: f64,
    /// What was tried, strongest first, with the strength as the penalty.
    pub path: Vec<AlphaScore>,
    /// Out-of-fold log-odds.
    pub log_odds: OutOfFold,
    /// Number of interactions.
    pub pairs: usize,
}

/// What the search found.
pub struct SearchResult {
    /// Curves alone.
    pub curves: Choice,
    /// With interactions, if they were asked for and any round lowered the loss.
    pub interactions: Option<Choice>,
}

/// The penalty per row that a strength is on so many rows. An L2 penalty is a prior, which says how large effects are
/// expected to be: rows times `alpha` stays. A group penalty is a threshold that noise must not pass, and noise shrinks
/// with the root of the rows: that root times `alpha` stays.
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
    /// Rows that a penalty per row is of.
    of_rows: usize,
}

impl<'a> Candidate<'a> {
    fn new(grids: &[Grid], rows: Vec<&'a CodeBlock>, penalty: Penalty, of_rows: usize) -> Candidate<'a> {
        let all: usize = rows.iter().map(|block| block.rows).sum();
        let churners: usize = rows.iter().flat_map(|block| &block.y).filter(|&&y| y == 1).count();
        let base = logit((churners as f64 + 0.5) / (all as f64 + 1.0));
        let log_odds: Vec<Vec<f64>> = rows.iter().map(|block| vec![base; block.rows]).collect();
        let residuals = Residuals::at(&rows, &log_odds);
        let features = screen::strongest(&residuals, &rows, grids, MOST_FEATURES);
        let shape = Shape { features, pairs: Vec::new() };
        let terms = terms(grids, &shape);
        let theta = Solver::new(&terms, rows.clone(), rows.clone()).theta;
        Candidate { shape, terms, theta, rows, penalty, of_rows }
    }

    fn solver(&self) -> Solver<'_> {
        let solver = Solver::new(&self.terms, self.rows.clone(), self.rows.clone());
        solver.penalised(self.penalty).from(self.theta.clone())
    }

    fn alpha(&self, strength: f64) -> f64 {
        per_row(self.penalty, strength, self.of_rows)
    }

    /// Adds the next round of interactions and fits with them.
    fn grow(&mut self, grids: &[Grid], strength: f64, count: usize) {
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
        solver.fit(self.alpha(strength), TOLERANCE);
        self.theta = solver.theta;
    }
}

impl<'a> Search<'a> {
    fn rows(&self) -> usize {
        self.parts.iter().flatten().map(|block| block.rows).sum()
    }

    fn blocks(&self) -> Vec<&'a CodeBlock> {
        self.parts.iter().flatten().collect()
    }

    /// A model of what a split fits on.
    fn candidate_of(&self, split: &Split) -> Candidate<'a> {
        let rows = split.fitted.iter().flat_map(|&part| &self.parts[part]).collect();
        Candidate::new(self.grids, rows, self.penalty, split.rows)
    }

    /// Chooses the penalty of the curves, the number of interactions, and then the penalty with them.
    pub fn run(&self) -> SearchResult {
        let mut candidates: Vec<Candidate<'a>> = self.splits.par_iter().map(|split| self.candidate_of(split)).collect();
        let strengths: Vec<f64> = match self.alpha {
            Some(alpha) => vec![strength(self.penalty, alpha, self.rows())],
            None => self.strengths(),
        };
        let curves = self.path(&mut candidates, &strengths);
        let interactions = if self.interactions { self.rounds(&mut candidates, &curves) } else { None };
        SearchResult { curves, interactions }
    }

    /// A model of all rows.
    fn candidate(&self) -> Candidate<'a> {
        Candidate::new(self.grids, self.blocks(), self.penalty, self.rows())
    }

    /// The penalties to try, strongest first.
    fn strengths(&self) -> Vec<f64> {
        match self.penalty {
            Penalty::L2 => STRENGTHS.to_vec(),
            Penalty::Group => {
                let all = self.candidate();
                let least = strength(self.penalty, all.solver().alpha_max(), self.rows());
                SHARES.iter().map(|share| share * least).collect()
            }
        }
    }

    /// The shape that all rows together choose, with so many interactions.
    pub fn shape(&self, curves: &Choice, pairs: usize) -> Shape {
        let mut candidate = self.candidate();
        if pairs > 0 {
            let mut solver = candidate.solver();
            solver.fit(candidate.alpha(curves.strength), TOLERANCE);
            candidate.theta = solver.theta;
            while candidate.shape.pairs.len() < pairs {
                let before = candidate.shape.pairs.len();
                candidate.grow(self.grids, curves.strength, ROUND.min(pairs - before));
                if candidate.shape.pairs.len() == before {
                    break;
                }
            }
        }
        candidate.shape
    }

    /// Tries penalties from the strongest on, each fit from the one before; leaves the candidates at the chosen one.
    fn path(&self, candidates: &mut [Candidate<'a>], strengths: &[f64]) -> Choice {
        let mut solvers: Vec<Solver<'_>> = candidates.iter().map(Candidate::solver).collect();
        let mut tried: Vec<AlphaScore> = Vec::new();
        let mut kept: Vec<(Vec<Vec<f64>>, OutOfFold)> = Vec::new();
        let mut best = f64::INFINITY;
        let mut worse = 0;

        for &strength in strengths {
            let fits = solvers.par_iter_mut().zip(candidates.par_iter());
            fits.for_each(|(solver, candidate)| solver.fit(candidate.alpha(strength), TOLERANCE));
            let thetas: Vec<Vec<f64>> = solvers.iter().map(|solver| solver.theta.clone()).collect();
            let log_odds = self.held_out(candidates, &thetas);
            let Estimate { mean: log_loss, standard_error } = self.loss(&log_odds);
            tried.push(AlphaScore { alpha: strength, log_loss, standard_error });
            kept.push((thetas, log_odds));
            worse = if log_loss < best { 0 } else { worse + 1 };
            best = best.min(log_loss);
            if worse == PATIENCE {
                break;
            }
        }

        let chosen = penalty::choose(&tried, self.one_standard_error).unwrap_or(0);
        drop(solvers);
        let (thetas, log_odds) = kept.swap_remove(chosen);
        candidates.iter_mut().zip(thetas).for_each(|(candidate, theta)| candidate.theta = theta);
        Choice { strength: tried[chosen].alpha, path: tried, log_odds, pairs: candidates[0].shape.pairs.len() }
    }

    /// Adds interactions in rounds as long as they lower the out-of-fold loss, then looks for a better penalty.
    fn rounds(&self, candidates: &mut [Candidate<'a>], curves: &Choice) -> Option<Choice> {
        let mut best = curves.log_odds.clone();
        let mut found = 0;
        let mut kept: Vec<(Shape, Terms, Vec<f64>)> = Vec::new();

        while found < MOST_PAIRS {
            let before: usize = candidates.iter().map(|candidate| candidate.shape.pairs.len()).sum();
            candidates.par_iter_mut().for_each(|candidate| candidate.grow(self.grids, curves.strength, ROUND));
            if candidates.iter().map(|candidate| candidate.shape.pairs.len()).sum::<usize>() == before {
                break;
            }
            let thetas: Vec<Vec<f64>> = candidates.iter().map(|candidate| candidate.theta.clone()).collect();
            let log_odds = self.held_out(candidates, &thetas);
            let gain = self.gain(&best, &log_odds);
            if gain.mean <= if self.one_standard_error { gain.standard_error } else { 0.0 } {
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
        let models = candidates.par_iter().zip(thetas).zip(self.splits);
        models
            .map(|((candidate, theta), split)| {
                let blocks = &self.parts[split.judged];
                blocks.iter().map(|block| candidate.terms.log_odds(theta, block)).collect()
            })
            .collect()
    }

    /// The log-loss of out-of-fold log-odds.
    pub fn loss(&self, log_odds: &OutOfFold) -> Estimate {
        self.mean(|split, block, row| self.row_loss(log_odds, split, block, row))
    }

    /// By how much the second log-odds lower the log-loss of the first.
    pub fn gain(&self, first: &OutOfFold, second: &OutOfFold) -> Estimate {
        self.mean(|split, block, row| {
            self.row_loss(first, split, block, row) - self.row_loss(second, split, block, row)
        })
    }

    fn row_loss(&self, log_odds: &OutOfFold, split: usize, block: usize, row: usize) -> f64 {
        let z = log_odds[split][block][row];
        softplus(if self.parts[self.splits[split].judged][block].y[row] == 1 { -z } else { z })
    }

    /// The mean of a value a row; rows of one customer count as one draw.
    fn mean(&self, of: impl Fn(usize, usize, usize) -> f64) -> Estimate {
        let (mut rows, mut sum) = (0.0, 0.0);
        let mut customers: Vec<(f64, f64)> = Vec::new();

        // A customer's rows stand together, but those of later dates in another part.
        let mut places: hashbrown::HashMap<u32, usize> = hashbrown::HashMap::new();
        for (at, split) in self.splits.iter().enumerate() {
            for (index, block) in self.parts[split.judged].iter().enumerate() {
                let mut place = 0;
                for row in 0..block.rows {
                    let value = of(at, index, row);
                    if row == 0 || block.customer[row] != block.customer[row - 1] {
                        place = *places.entry(block.customer[row]).or_insert(customers.len());
                        if place == customers.len() {
                            customers.push((0.0, 0.0));
                        }
                    }
                    let (count, total) = &mut customers[place];
                    *count += 1.0;
                    *total += value;
                    rows += 1.0;
                    sum += value;
                }
            }
        }

        let mean = sum / f64::max(rows, 1.0);
        let spread: f64 = customers.iter().map(|(count, total)| (total - count * mean).powi(2)).sum();
        Estimate { mean, standard_error: spread.sqrt() / f64::max(rows, 1.0) }
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
            let splits = Split::by_fold(folds);
            let search = Search {
                grids: &grids,
                parts: folds,
                splits: &splits,
                interactions: true,
                penalty: Penalty::L2,
                alpha: None,
                one_standard_error: false,
            };
            let found = search.run();
            let curves = search.loss(&found.curves.log_odds).mean;
            let gain = found.interactions.as_ref().map(|choice| search.gain(&found.curves.log_odds, &choice.log_odds));
            let shape = search.shape(&found.curves, found.interactions.as_ref().map_or(0, |choice| choice.pairs));
            (curves, gain, shape)
        };

        let (curves, gain, shape) = search(&by_fold(&blocks, 5, usize::MAX));
        let Estimate { mean, standard_error } = gain.unwrap();
        assert!(mean > 0.05 && mean > 5.0 * standard_error, "{curves} {gain:?}");
        assert!(shape.pairs.contains(&[1, 2]), "{:?}", shape.pairs);

        // Labels that depend on nothing.
        let mut next = crate::model::design::examples::uniform(1);
        blocks.iter_mut().flat_map(|block| &mut block.y).for_each(|y| *y = u8::from(next() < 0.3));
        let (curves, gain, _) = search(&by_fold(&blocks, 5, usize::MAX));
        assert!(gain.is_none_or(|gain| gain.mean < 2.0 * gain.standard_error), "{curves} {gain:?}");
    }

    #[test]
    fn one_standard_error_prefers_the_stronger_penalty() {
        let (grids, blocks) = examples::interacting(3_000, 10);
        let folds = by_fold(&blocks, 5, usize::MAX);
        let run = |one_standard_error| {
            let splits = Split::by_fold(&folds);
            let search = Search {
                grids: &grids,
                parts: &folds,
                splits: &splits,
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
