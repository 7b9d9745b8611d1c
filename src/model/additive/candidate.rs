//! A model under choice: what it is made of, and how it grows.

use super::basis::Detail;
use super::bins::Grid;
use super::codes::{base_log_odds, CodeBlock, Lookup};
use super::curvature::Curvature;
use super::passes::{Term, Terms};
use super::relevance;
use super::screen::{self, Residuals};
use super::shape::Shape;
use super::solver::Solver;
use crate::config::Penalty;

/// The most features with a curve; of more, those that explain most by themselves.
const MOST_FEATURES: usize = 250;
/// Tolerance of fits from which a log-loss is read: good for six digits, and for four with thousands of coefficients.
const TOLERANCE: f64 = 1e-5;
const FINE_TOLERANCE: f64 = 3e-4;
/// Tolerance of the fit that first tells which fine interactions matter.
const FIRST_TOLERANCE: f64 = 1e-3;
/// The most pairs that later rounds of interactions look at: of more, those with the greatest gain in the first.
const MOST_PROMISING: usize = 500;
/// An interaction of less than this scale says next to nothing.
const NEGLIGIBLE: f64 = 0.03;

/// The penalty per row that a strength is on so many rows, each counted as often as it stands for a customer. An L2
/// penalty is a prior, which says how large effects are expected to be: rows times `alpha` stays. A group penalty is a
/// threshold that noise must not pass, and noise shrinks with the root of the rows: that root times `alpha` stays.
pub fn per_row(penalty: Penalty, strength: f64, rows: f64) -> f64 {
    let rows = rows.max(1.0);
    match penalty {
        Penalty::L2 => strength / rows,
        Penalty::Group => strength / rows.sqrt(),
    }
}

/// The inverse of [`per_row`].
pub fn strength(penalty: Penalty, alpha: f64, rows: f64) -> f64 {
    let rows = rows.max(1.0);
    match penalty {
        Penalty::L2 => alpha * rows,
        Penalty::Group => alpha * rows.sqrt(),
    }
}

/// How terms get scales of their own, and interactions may become fine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refinement {
    /// How closely they follow the cells.
    pub detail: Detail,
    /// The penalty under which the scales of the terms are learned.
    pub strength: f64,
    /// Rounds of a fit and new scales.
    pub rounds: usize,
}

/// A model under choice: of one fold, or of all rows.
#[derive(Clone)]
pub struct Candidate<'a> {
    /// Which terms it has.
    pub shape: Shape,
    /// They.
    pub terms: Terms,
    /// Their coefficients, then the intercept.
    pub theta: Vec<f64>,
    /// The curvature that they were last fitted with, if they were.
    pub curvature: Option<Curvature>,
    /// The pairs that may still become interactions, once all were looked at.
    promising: Option<Vec<[usize; 2]>>,
    rows: Vec<&'a CodeBlock>,
    penalty: Penalty,
    /// Rows that a penalty per row is of.
    of_rows: f64,
}

impl<'a> Candidate<'a> {
    /// Curves of all features, or of those that explain most, as yet without effect.
    pub fn new(grids: &[Grid], rows: Vec<&'a CodeBlock>, penalty: Penalty, of_rows: f64) -> Candidate<'a> {
        let base = base_log_odds(rows.iter().copied());
        let log_odds: Vec<Vec<f64>> = rows.iter().map(|block| vec![base; block.rows]).collect();
        let residuals = Residuals::at(&rows, &log_odds);
        let features = screen::strongest(&residuals, &rows, grids, MOST_FEATURES);
        let shape = Shape { features, ..Shape::default() };
        let terms = shape.terms(grids);
        let theta = Solver::new(&terms, rows.clone(), rows.clone()).theta;
        Candidate { shape, terms, theta, curvature: None, promising: None, rows, penalty, of_rows }
    }

    /// What fits it, from where it is.
    pub fn solver(&self) -> Solver<'_> {
        let solver = Solver::new(&self.terms, self.rows.clone(), self.rows.clone());
        solver.penalised(self.penalty).from(self.theta.clone()).curved(self.curvature.clone())
    }

    /// The penalty per row that a strength is.
    pub fn alpha(&self, strength: f64) -> f64 {
        per_row(self.penalty, strength, self.of_rows)
    }

    /// How small the gradient of a fit has to become.
    pub fn tolerance(&self) -> f64 {
        if self.shape.detail.is_fine() {
            FINE_TOLERANCE
        } else {
            TOLERANCE
        }
    }

    /// Fits it.
    pub fn fit(&mut self, strength: f64) {
        self.fit_to(strength, self.tolerance());
    }

    fn fit_to(&mut self, strength: f64, tolerance: f64) {
        let mut solver = self.solver();
        solver.fit(self.alpha(strength), tolerance);
        (self.theta, self.curvature) = (solver.theta, solver.curvature);
    }

    /// Adds the next round of interactions and fits with them.
    pub fn grow(&mut self, grids: &[Grid], strength: f64, count: usize) {
        let mut pairs = self.promising.take().unwrap_or_else(|| self.pairs(grids));
        pairs.retain(|pair| !self.shape.pairs.contains(pair));
        let ranked = self.ranked(grids, &pairs, 1.0);
        let more = screen::distinct(ranked.iter().copied(), count, &self.rows, grids);
        self.promising =
            Some(if pairs.len() > MOST_PROMISING { ranked.into_iter().take(MOST_PROMISING).collect() } else { pairs });
        if !more.is_empty() {
            self.interact(grids, more);
            self.fit(strength);
        }
    }

    /// Adds interactions of its features, as yet without effect.
    pub fn interact(&mut self, grids: &[Grid], pairs: Vec<[usize; 2]>) {
        self.shape.pairs.extend(pairs);
        self.reshape(grids);
    }

    /// Adds many fine interactions at once to curves that are fitted, and fits with scales that tell which of the terms
    /// matter.
    pub fn refine(&mut self, grids: &[Grid], refinement: Refinement, count: usize) {
        let Refinement { detail, strength, .. } = refinement;
        let pairs = self.ranked(grids, &self.pairs(grids), 0.25);
        self.shape.pairs = screen::distinct(pairs, count, &self.rows, grids);
        self.shape.detail = detail;
        self.reshape(grids);
        self.fit_to(strength, FIRST_TOLERANCE);
        self.learn_scales(refinement);
    }

    /// Fits with scales that tell which of the terms matter, from where it is.
    pub fn learn_scales(&mut self, Refinement { strength, rounds, .. }: Refinement) {
        self.shape.scales = vec![1.0; self.shape.features.len() + self.shape.pairs.len()];
        for _ in 0..rounds {
            let alpha = self.alpha(strength);
            let scales = relevance::scales(&self.shape.scales, &self.terms, &self.theta, alpha, &self.rows);
            self.rescale(scales);
            self.fit(strength);
        }
    }

    /// Gives the terms these scales, and leaves out interactions that say next to nothing.
    fn rescale(&mut self, scales: Vec<f64>) {
        let factors: Vec<f64> = scales.iter().zip(&self.shape.scales).map(|(scale, before)| scale / before).collect();
        // A term that matters more keeps its table; one that matters less is on its way to nothing.
        for (at, factor) in factors.iter().enumerate() {
            self.theta[self.terms.columns_of(at)].iter_mut().for_each(|x| *x *= factor.recip().min(1.0));
        }

        let curves = self.shape.features.len();
        let is_kept: Vec<bool> =
            scales.iter().enumerate().map(|(at, &scale)| at < curves || scale >= NEGLIGIBLE).collect();
        let kept = |at: &usize| is_kept[*at];
        let scaled = |at: usize| self.terms.columns_of(at).map(move |column| (column, at));
        let columns: Vec<(usize, f64)> =
            (0..is_kept.len()).filter(kept).flat_map(scaled).map(|(column, at)| (column, factors[at])).collect();
        self.curvature = self.curvature.take().and_then(|known| known.of_scaled(&columns));
        let coefficients = columns.iter().map(|&(column, _)| column);
        self.theta = coefficients.chain([self.terms.columns()]).map(|column| self.theta[column]).collect();
        self.shape.scales = (0..is_kept.len()).filter(kept).map(|at| scales[at]).collect();
        self.shape.pairs =
            (0..self.shape.pairs.len()).filter(|at| is_kept[curves + at]).map(|at| self.shape.pairs[at]).collect();
        let terms = std::mem::take(&mut self.terms).rescaled(&factors, &is_kept);
        self.terms = if self.shape.detail.is_fine() { terms.with_interactions_apart() } else { terms };
    }

    /// Those of some pairs that say something beyond so many times what chance gives, the most first.
    fn ranked(&self, grids: &[Grid], pairs: &[[usize; 2]], times_chance: f64) -> Vec<[usize; 2]> {
        let log_odds: Vec<Vec<f64>> = self.rows.iter().map(|block| self.terms.log_odds(&self.theta, block)).collect();
        screen::promising(&Residuals::at(&self.rows, &log_odds), &self.rows, grids, pairs, times_chance)
    }

    /// The pairs that may become interactions.
    fn pairs(&self, grids: &[Grid]) -> Vec<[usize; 2]> {
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

        screen::all_pairs(&features, &importance)
    }

    /// Makes the terms anew after interactions were added, which have no effect yet.
    fn reshape(&mut self, grids: &[Grid]) {
        let intercept = self.theta.pop().unwrap_or(0.0);
        let terms = self.shape.terms_with(grids, &self.terms.terms);
        let before = std::mem::replace(&mut self.terms, terms).terms.len();
        self.curvature = self.curvature.take().and_then(|known| self.terms.extended(&known, before, &self.rows));
        self.theta.resize(self.terms.columns(), 0.0);
        self.theta.push(intercept);
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples;
    use super::*;

    #[test]
    fn a_fine_model_gives_its_weight_to_what_matters() {
        let (grids, blocks) = examples::interacting(8_000, 13);
        let rows: Vec<&CodeBlock> = blocks.iter().collect();
        let mut candidate = Candidate::new(&grids, rows, Penalty::L2, 8_000.0);
        candidate.fit(30.0);
        candidate.refine(&grids, Refinement { detail: Detail::Steps, strength: 30.0, rounds: 3 }, 8);
        let Shape { features, pairs, scales, detail } = &candidate.shape;
        assert_eq!((*detail, pairs.len(), scales.len()), (Detail::Steps, 8, features.len() + 8));

        // The label depends on the product of the second feature and the third, of which the last is a copy.
        let of_pairs = &scales[features.len()..];
        let matters = |pair: &[usize; 2]| [[1, 2], [1, 5]].contains(pair);
        let largest = pairs.iter().zip(of_pairs).filter(|(pair, _)| matters(pair)).map(|(_, &scale)| scale);
        let others: Vec<f64> = pairs.iter().zip(of_pairs).filter(|(pair, _)| !matters(pair)).map(|(_, &s)| s).collect();
        let (largest, mean) = (largest.fold(0.0, f64::max), others.iter().sum::<f64>() / others.len() as f64);
        assert!(largest > 3.0 * mean, "{pairs:?} {of_pairs:?}");
    }

    #[test]
    fn scales_of_terms_scale_a_known_curvature() {
        let (grids, blocks) = examples::interacting(2_000, 17);
        let rows: Vec<&CodeBlock> = blocks.iter().collect();
        let mut candidate = Candidate::new(&grids, rows.clone(), Penalty::L2, 2_000.0);
        candidate.interact(&grids, vec![[1, 2], [3, 4]]);
        candidate.fit(30.0);
        let log_odds = |candidate: &Candidate<'_>| candidate.terms.log_odds(&candidate.theta, rows[0]);
        let before = log_odds(&candidate);

        // The last interaction, a negligible one, is left out; the others keep their tables.
        candidate.theta[candidate.terms.columns_of(candidate.terms.terms.len() - 1)].fill(0.0);
        let before_with_one = log_odds(&candidate);
        assert_ne!(before, before_with_one);
        candidate.curvature = Some(candidate.terms.curvature(&candidate.theta, &rows));
        candidate.shape.scales = vec![1.0; candidate.terms.terms.len()];
        let scales = (0..candidate.terms.terms.len()).map(|at| 1.0 + at as f64 / 4.0);
        let count = candidate.terms.terms.len();
        candidate.rescale(scales.take(count - 1).chain([NEGLIGIBLE / 2.0]).collect());

        assert_eq!(candidate.shape.pairs, [[1, 2]]);
        let near = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near(&log_odds(&candidate), &before_with_one));
        let (known, anew) = (candidate.curvature.clone().unwrap(), candidate.terms.curvature(&candidate.theta, &rows));
        let lower = |curvature: &Curvature| -> Vec<f64> {
            let size = curvature.joint.size;
            (0..size).flat_map(|i| curvature.joint.values[i * size..=i * size + i].to_vec()).collect()
        };
        assert!(near(&lower(&known), &lower(&anew)));
    }
}
