//! The choice of the penalty, of the interactions and of their detail, by cross-validated log-loss.
//!
//! Every fold makes its own choice of features and interactions from the rows outside it, and is judged on the rows
//! inside. Chosen once from all rows, pairs would have been picked with an eye on the rows that judge them, and noise
//! would look like a gain.

use super::basis::Detail;
use super::bins::Grid;
use super::candidate::{strength, Candidate, Refinement};
use super::codes::base_log_odds;
use super::cross_validation::{CrossValidation, OutOfFold, Split};
use super::curvature::Curvature;
use super::passes::Terms;
use super::screen;
use super::solver::Solver;
use crate::config::Penalty;
use crate::model::penalty::{self, AlphaScore, Patience, SHARES};
use crate::numeric::Estimate;
use crate::parallel;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The penalties tried: rows times `alpha`, strongest first. As a prior, a standard deviation of one over the root.
pub const STRENGTHS: [f64; 9] = [3_000.0, 1_000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3];
/// Interactions of a round, and the most of all rounds.
const ROUND: usize = 5;
const MOST_PAIRS: usize = 20;
/// Fine interactions, which are chosen all at once: what one follows closely hides others from the screen.
const FINE_PAIRS: usize = 60;
/// What the penalties tried with interactions are to that of the curves.
const FACTORS: [f64; 4] = [3.0, 1.0, 1.0 / 3.0, 0.1];
/// How fine interactions may follow the cells.
const FINE_DETAILS: [Detail; 2] = [Detail::Steps, Detail::Cells];
/// In how many rounds the scales of other terms are learned, under the penalty chosen without them.
const SCALE_ROUNDS: usize = 2;
/// The penalties under which the scales of fine terms may be learned, and in how many rounds. Under the first, few
/// terms get large scales, those with clear effects; under the second, all do whose effects are large, as where a few
/// features tell nearly all, and one more round would drop some of these.
const FINE_STARTS: [(f64, usize); 2] = [(300.0, 3), (1.0, 2)];
/// The most splits that ways to refine are compared on.
const RACE: usize = 3;
/// What the penalties tried with these scales are to that one, and those of them that the first splits are judged with.
const FINE_FACTORS: [f64; 7] = [10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01];
const FIRST_FACTORS: [f64; 2] = [1.0, 0.1];

/// What is searched, and how.
pub struct Search<'a> {
    /// The features.
    pub grids: &'a [Grid],
    /// The rows.
    pub validation: CrossValidation<'a>,
    /// Whether to look for interactions.
    pub interactions: bool,
    /// Whether the training rows are few enough that scales of the terms are worth their time.
    pub scales: bool,
    /// Whether they are so few that what costs more is: fine interactions, and penalties tried anew with scales.
    pub thorough: bool,
    /// What keeps coefficients small.
    pub penalty: Penalty,
    /// A fixed `alpha` per row instead of a search.
    pub alpha: Option<f64>,
    /// Whether to prefer the simplest choice within one standard error of the best.
    pub one_standard_error: bool,
}

/// A choice and how it did.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What the [penalty keeps](super::candidate::per_row) when the number of rows changes.
    pub strength: f64,
    /// What was tried, strongest first, with the strength as the penalty.
    pub path: Vec<AlphaScore>,
    /// What was tried with scales a term, if it has none, and without if it has.
    pub other_path: Vec<AlphaScore>,
    /// Out-of-fold log-odds.
    pub log_odds: OutOfFold,
    /// Number of interactions.
    pub pairs: usize,
    /// Those of each split, in the order in which they were found, unless they are fine.
    pub found: Vec<Vec<[usize; 2]>>,
    /// How its terms got scales of their own, if they did, and its interactions became fine.
    pub refinement: Option<Refinement>,
}

impl Choice {
    /// The penalty of the fit that scales were learned from, if they were.
    fn first_strength(&self) -> f64 {
        self.refinement.map_or(self.strength, |refinement| refinement.strength)
    }
}

/// What the search found.
pub struct SearchResult {
    /// The share of churners alone: of noise, nothing says more.
    pub base_rate: Choice,
    /// Curves alone.
    pub curves: Choice,
    /// With interactions, if they were asked for and any round lowered the loss.
    pub interactions: Option<Choice>,
    /// With fine interactions, if there was reason to try them.
    pub fine: Option<Choice>,
    /// The rounds of interactions, the last of which may have been left out.
    pub rounds: Vec<Round>,
    /// The first fits of fine interactions.
    pub first_fine: Vec<Round>,
}

/// A way to make interactions fine that is tried on the first splits.
struct Trial<'a> {
    refinement: Refinement,
    /// The models of these splits.
    candidates: Vec<Candidate<'a>>,
    /// Out-of-fold log-odds with each penalty; of the other splits, those of what is simpler.
    log_odds: Vec<OutOfFold>,
    /// Their log-losses.
    losses: Vec<Estimate>,
}

impl Trial<'_> {
    /// The lowest log-loss, and which of the penalties has it.
    fn best(&self) -> (f64, usize) {
        let losses = self.losses.iter().map(|loss| loss.mean).zip(0..);
        losses.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::INFINITY, 0))
    }
}

/// Interactions that were tried, and how they did.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// What the penalty keeps.
    pub strength: f64,
    /// The most interactions of a split.
    pub pairs: usize,
    /// How closely they follow the cells.
    pub detail: Detail,
    /// The out-of-fold log-loss with them.
    pub loss: Estimate,
    /// Whether they were worth going on with.
    pub kept: bool,
}

impl<'a> Search<'a> {
    /// A model of what a split fits on.
    fn candidate_of(&self, split: &Split) -> Candidate<'a> {
        Candidate::new(self.grids, self.validation.fitted(split), self.penalty, split.rows)
    }

    /// Chooses the penalty of the curves, the number of interactions, and then the penalty with them.
    pub fn run(&self) -> SearchResult {
        let mut candidates: Vec<Candidate<'a>> =
            parallel::map(self.validation.splits, |split| self.candidate_of(split));
        let strengths: Vec<f64> = match self.alpha {
            Some(alpha) => vec![strength(self.penalty, alpha, self.validation.rows())],
            None => self.strengths(),
        };
        let base_rate = self.base_rate(strengths[0]);
        let nothing = self.validation.loss(&base_rate.log_odds).mean;
        let curves = self.path(&mut candidates, &strengths, nothing);
        let curve_strength = curves.strength;
        let says_something = self.validation.gain(&base_rate.log_odds, &curves.log_odds).mean > 0.0;
        let curves = if says_something { self.with_scales(&candidates, curves) } else { curves };
        let with_curves = if self.thorough { candidates.clone() } else { Vec::new() };
        let mut rounds = Vec::new();
        let simpler = if says_something { &curves } else { &base_rate };
        let interactions =
            if self.interactions { self.rounds(&mut candidates, simpler, curve_strength, &mut rounds) } else { None };
        let mut first_fine = Vec::new();
        let fine = match &interactions {
            None if !says_something => None,
            simpler => self.fine(with_curves, simpler.as_ref().unwrap_or(&curves), &mut first_fine),
        };
        SearchResult { base_rate, curves, interactions, fine, rounds, first_fine }
    }

    /// The shares of churners alone, to which an ever stronger penalty leads.
    fn base_rate(&self, strength: f64) -> Choice {
        let of_split = |split: &Split| -> Vec<Vec<f64>> {
            let base = base_log_odds(self.validation.fitted(split));
            self.validation.judged(split).iter().map(|block| vec![base; block.rows]).collect()
        };
        let log_odds = self.validation.splits.iter().map(of_split).collect();
        Choice {
            strength,
            path: Vec::new(),
            other_path: Vec::new(),
            log_odds,
            pairs: 0,
            found: Vec::new(),
            refinement: None,
        }
    }

    /// A model of all rows.
    fn candidate(&self) -> Candidate<'a> {
        Candidate::new(self.grids, self.validation.blocks(), self.penalty, self.validation.rows())
    }

    /// The penalties to try, strongest first.
    fn strengths(&self) -> Vec<f64> {
        match self.penalty {
            Penalty::L2 => STRENGTHS.to_vec(),
            Penalty::Group => {
                let all = self.candidate();
                let least = strength(self.penalty, all.solver().alpha_max(), self.validation.rows());
                SHARES.iter().map(|share| share * least).collect()
            }
        }
    }

    /// A choice as a model of all rows. Its interactions are those that most splits have found, as many as each of them
    /// has: what is found in one part of the rows alone is more of a matter of chance. Fine ones are found anew.
    pub fn of_all_rows(&self, curves: &Choice, choice: &Choice) -> Candidate<'a> {
        let mut candidate = self.candidate();
        match choice.refinement {
            Some(refinement) if refinement.detail.is_fine() => {
                candidate.fit(curves.first_strength());
                candidate.refine(self.grids, refinement, FINE_PAIRS);
            }
            _ => {
                let features = &candidate.shape.features;
                let pairs = by_votes(&choice.found).into_iter();
                let pairs = pairs.filter(|pair| pair.iter().all(|feature| features.contains(feature)));
                candidate
                    .interact(self.grids, screen::distinct(pairs, choice.pairs, &self.validation.blocks(), self.grids));
                candidate.fit(choice.first_strength());
                if let Some(refinement) = choice.refinement {
                    candidate.learn_scales(refinement);
                    candidate.fit(choice.strength);
                }
            }
        }
        candidate
    }

    /// Tries penalties from the strongest on, each fit from the one before; leaves the candidates at the chosen one.
    /// What is worse than the loss of something simpler counts as worse from the beginning.
    fn path(&self, candidates: &mut [Candidate<'a>], strengths: &[f64], simpler: f64) -> Choice {
        let mut solvers: Vec<Solver<'_>> = candidates.iter().map(Candidate::solver).collect();
        let mut tried: Vec<AlphaScore> = Vec::new();
        let mut kept: Vec<(Vec<Vec<f64>>, OutOfFold)> = Vec::new();
        let mut patience = Patience::from(simpler);
        share_curvature(&mut solvers, candidates, strengths[0]);

        for &strength in strengths {
            parallel::for_each(solvers.iter_mut().zip(&*candidates), |(solver, candidate)| {
                solver.fit(candidate.alpha(strength), candidate.tolerance());
            });
            let thetas: Vec<Vec<f64>> = solvers.iter().map(|solver| solver.theta.clone()).collect();
            let log_odds = self.held_out(candidates, &thetas);
            let Estimate { mean: log_loss, standard_error } = self.validation.loss(&log_odds);
            tried.push(AlphaScore { alpha: strength, log_loss, standard_error });
            kept.push((thetas, log_odds));
            if patience.ends_with(log_loss) {
                break;
            }
        }

        let chosen = penalty::choose(&tried, self.one_standard_error).unwrap_or(0);
        let curvatures: Vec<Option<Curvature>> = solvers.into_iter().map(|solver| solver.curvature).collect();
        let (thetas, log_odds) = kept.swap_remove(chosen);
        for ((candidate, theta), curvature) in candidates.iter_mut().zip(thetas).zip(curvatures) {
            (candidate.theta, candidate.curvature) = (theta, curvature);
        }
        let pairs = candidates[0].shape.pairs.len();
        let found = candidates.iter().map(|candidate| candidate.shape.pairs.clone()).collect();
        Choice {
            strength: tried[chosen].alpha,
            path: tried,
            other_path: Vec::new(),
            log_odds,
            pairs,
            found,
            refinement: None,
        }
    }

    /// Adds interactions to curves of one strength in rounds, as long as they lower the out-of-fold loss of what is
    /// simpler, then looks for a better penalty.
    fn rounds(
        &self,
        candidates: &mut [Candidate<'a>],
        simpler: &Choice,
        strength: f64,
        rounds: &mut Vec<Round>,
    ) -> Option<Choice> {
        let mut best = simpler.log_odds.clone();
        let mut found = 0;
        let mut kept: Vec<Candidate<'a>> = Vec::new();

        while found < MOST_PAIRS {
            let before: usize = candidates.iter().map(|candidate| candidate.shape.pairs.len()).sum();
            parallel::for_each(&mut *candidates, |candidate| candidate.grow(self.grids, strength, ROUND));
            if candidates.iter().map(|candidate| candidate.shape.pairs.len()).sum::<usize>() == before {
                break;
            }
            let thetas: Vec<Vec<f64>> = candidates.iter().map(|candidate| candidate.theta.clone()).collect();
            let log_odds = self.held_out(candidates, &thetas);
            let gain = self.validation.gain(&best, &log_odds);
            let is_better = gain.mean > if self.one_standard_error { gain.standard_error } else { 0.0 };
            let pairs = candidates.iter().map(|candidate| candidate.shape.pairs.len()).max().unwrap_or(0);
            rounds.push(Round {
                strength,
                pairs,
                detail: Detail::Smooth,
                loss: self.validation.loss(&log_odds),
                kept: is_better,
            });
            if !is_better {
                break;
            }
            found += ROUND;
            best = log_odds;
            kept = candidates.to_vec();
        }

        if found == 0 {
            return None;
        }
        let strengths = match self.alpha {
            Some(_) => vec![strength],
            None => FACTORS.iter().map(|factor| factor * strength).collect(),
        };
        let mut choice = self.path(&mut kept, &strengths, f64::INFINITY);
        choice.pairs = found;
        Some(self.with_scales(&kept, choice))
    }

    /// The same terms with scales of their own, where most features say little and a few say much: if that lowers the
    /// loss by more than chance may.
    fn with_scales(&self, candidates: &[Candidate<'a>], plain: Choice) -> Choice {
        // A penalty that is given is that of all terms, and a group penalty leaves terms out by itself.
        if !self.scales || self.penalty != Penalty::L2 || self.alpha.is_some() {
            return plain;
        }

        let refinement = Refinement { detail: Detail::Smooth, strength: plain.strength, rounds: SCALE_ROUNDS };
        let factors = if self.thorough { &FACTORS[..] } else { &[1.0][..] };
        let strengths: Vec<f64> = factors.iter().map(|factor| factor * plain.strength).collect();
        let of_split = |(split, candidate): (usize, &Candidate<'a>)| -> Vec<Vec<Vec<f64>>> {
            let mut candidate = candidate.clone();
            candidate.learn_scales(refinement);
            let with = |&strength: &f64| {
                candidate.fit(strength);
                self.held_out_of(split, &candidate.terms, &candidate.theta)
            };
            strengths.iter().map(with).collect()
        };
        // Of many rows one after the other: a curvature takes megabytes, and passes over the rows keep the threads
        // busy.
        let candidates = candidates.iter().enumerate();
        let splits: Vec<_> =
            if self.thorough { parallel::map(candidates, of_split) } else { candidates.map(of_split).collect() };

        let mut log_odds: Vec<OutOfFold> = vec![Vec::new(); strengths.len()];
        splits.into_iter().for_each(|split| log_odds.iter_mut().zip(split).for_each(|(all, of)| all.push(of)));
        let tried = strengths.iter().zip(&log_odds).map(|(&alpha, log_odds)| {
            let Estimate { mean: log_loss, standard_error } = self.validation.loss(log_odds);
            AlphaScore { alpha, log_loss, standard_error }
        });
        let path: Vec<AlphaScore> = tried.collect();
        let chosen = penalty::choose(&path, self.one_standard_error).unwrap_or(0);

        let gain = self.validation.gain(&plain.log_odds, &log_odds[chosen]);
        if gain.mean > gain.standard_error {
            let (strength, log_odds) = (path[chosen].alpha, log_odds.swap_remove(chosen));
            Choice { strength, path, other_path: plain.path, log_odds, refinement: Some(refinement), ..plain }
        } else {
            Choice { other_path: path, ..plain }
        }
    }

    /// Tries fine interactions, from models of curves alone. How well the first splits do says how closely they follow
    /// the cells, and under which penalty the scales are learned; where none does better than what is simpler, that is
    /// the end of it: most data have none, and they cost more than all that came before.
    fn fine(&self, curves: Vec<Candidate<'a>>, simpler: &Choice, tried: &mut Vec<Round>) -> Option<Choice> {
        let is_bound = self.grids.iter().any(|grid| grid.direction.is_some());
        if self.penalty != Penalty::L2 || is_bound || !self.interactions || !self.thorough {
            return None;
        }
        let (starts, first_factors, factors) = match self.alpha {
            Some(alpha) => (vec![(strength(self.penalty, alpha, self.validation.rows()), 3)], &[1.0][..], &[1.0][..]),
            None => (FINE_STARTS.to_vec(), &FIRST_FACTORS[..], &FINE_FACTORS[..]),
        };

        let refinements = FINE_DETAILS.iter().flat_map(|&detail| {
            let from = move |&(strength, rounds): &(f64, usize)| Refinement { detail, strength, rounds };
            starts.iter().map(from)
        });
        let of = |refinement| Trial {
            refinement,
            candidates: Vec::new(),
            log_odds: vec![simpler.log_odds.clone(); first_factors.len()],
            losses: Vec::new(),
        };
        let trials = self.race(refinements.map(of).collect(), &curves, first_factors, simpler, tried);
        let best = trials.into_iter().min_by(|a, b| a.best().0.total_cmp(&b.best().0));
        let Trial { refinement, mut candidates, .. } = best?;

        let refined = candidates.len();
        candidates.extend(curves.into_iter().skip(refined));
        parallel::for_each(&mut candidates[refined..], |candidate| {
            candidate.refine(self.grids, refinement, FINE_PAIRS)
        });
        let strengths: Vec<f64> = factors.iter().map(|factor| factor * refinement.strength).collect();
        Some(Choice { refinement: Some(refinement), ..self.path(&mut candidates, &strengths, f64::INFINITY) })
    }

    /// Those trials that are left after at most [`RACE`] splits: whoever is behind the best of them, or behind what is
    /// simpler, by more than a standard error drops out (a race, as of Maron and Moore 1997).
    fn race(
        &self,
        mut trials: Vec<Trial<'a>>,
        curves: &[Candidate<'a>],
        factors: &[f64],
        simpler: &Choice,
        tried: &mut Vec<Round>,
    ) -> Vec<Trial<'a>> {
        for (split, curves) in curves.iter().enumerate().take(RACE) {
            parallel::for_each(&mut trials, |trial| self.go_on(trial, split, curves.clone(), factors));
            let best = trials.iter().min_by(|a, b| a.best().0.total_cmp(&b.best().0));
            let best = best.map(|trial| trial.log_odds[trial.best().1].clone());

            trials.retain(|trial| {
                let log_odds = &trial.log_odds[trial.best().1];
                let is_behind = |ahead: &OutOfFold| {
                    let gain = self.validation.gain(ahead, log_odds);
                    gain.mean < -gain.standard_error
                };
                let kept = !best.iter().chain([&simpler.log_odds]).any(is_behind);
                let pairs = trial.candidates.iter().map(|candidate| candidate.shape.pairs.len()).max().unwrap_or(0);
                let Refinement { detail, strength, .. } = trial.refinement;
                let rounds = factors.iter().zip(&trial.losses);
                tried.extend(rounds.map(|(f, &loss)| Round { strength: f * strength, pairs, detail, loss, kept }));
                kept
            });
            if trials.len() < 2 {
                break;
            }
        }
        trials
    }

    /// Refines the curves of one more split and looks how they do with some penalties.
    fn go_on(&self, trial: &mut Trial<'a>, split: usize, mut candidate: Candidate<'a>, factors: &[f64]) {
        candidate.refine(self.grids, trial.refinement, FINE_PAIRS);
        for (factor, log_odds) in factors.iter().zip(&mut trial.log_odds) {
            candidate.fit(factor * trial.refinement.strength);
            log_odds[split] = self.held_out_of(split, &candidate.terms, &candidate.theta);
        }
        trial.candidates.push(candidate);
        trial.losses = trial.log_odds.iter().map(|log_odds| self.validation.loss(log_odds)).collect();
    }

    fn held_out(&self, candidates: &[Candidate<'a>], thetas: &[Vec<f64>]) -> OutOfFold {
        let models = candidates.iter().zip(thetas).enumerate();
        parallel::map(models, |(split, (candidate, theta))| self.held_out_of(split, &candidate.terms, theta))
    }

    /// What a model says of the rows that a split judges, block by block.
    fn held_out_of(&self, split: usize, terms: &Terms, theta: &[f64]) -> Vec<Vec<f64>> {
        let blocks = self.validation.judged(&self.validation.splits[split]);
        blocks.iter().map(|block| terms.log_odds(theta, block)).collect()
    }
}

/// The pairs that splits have found, by how many have found them, and by how early if that is equal.
fn by_votes(found: &[Vec<[usize; 2]>]) -> Vec<[usize; 2]> {
    let mut votes: BTreeMap<[usize; 2], (usize, usize)> = BTreeMap::new();
    for (place, &pair) in found.iter().flat_map(|pairs| pairs.iter().enumerate()) {
        let (count, places) = votes.entry(pair).or_default();
        *count += 1;
        *places += place;
    }
    let mut pairs: Vec<[usize; 2]> = votes.keys().copied().collect();
    pairs.sort_by_key(|pair| (Reverse(votes[pair].0), votes[pair].1));
    pairs
}

/// Most rows of splits are the same, and so their curvatures are much alike: that of the first one serves them all, if
/// they have the same terms and none has its own yet.
fn share_curvature(solvers: &mut [Solver<'_>], candidates: &[Candidate<'_>], strength: f64) {
    let are_alike = candidates.iter().all(|candidate| candidate.shape == candidates[0].shape);
    let Some((first, others)) = solvers.split_first_mut().filter(|(first, _)| are_alike && first.curvature.is_none())
    else {
        return;
    };
    first.fit(candidates[0].alpha(strength), candidates[0].tolerance());
    others.iter_mut().for_each(|solver| solver.curvature.clone_from(&first.curvature));
}

#[cfg(test)]
mod tests {
    use super::super::candidate::per_row;
    use super::super::codes::{by_fold, totals, CodeBlock};
    use super::super::examples;
    use super::*;
    use crate::numeric::sigmoid;

    /// Curves alone, judged on the rows of each part in turn.
    fn of_curves<'a>(grids: &'a [Grid], parts: &'a [Vec<CodeBlock>], splits: &'a [Split]) -> Search<'a> {
        Search {
            grids,
            validation: CrossValidation { parts, splits, stayed_for: 1.0, forward: false },
            interactions: false,
            scales: true,
            thorough: false,
            penalty: Penalty::L2,
            alpha: None,
            one_standard_error: false,
        }
    }

    #[test]
    fn interactions_are_kept_where_there_are_some_and_left_where_there_are_none() {
        let (grids, mut blocks) = examples::interacting(8_000, 9);
        let search = |folds: &[Vec<CodeBlock>]| {
            let splits = Split::by_fold(folds);
            let search = Search { interactions: true, ..of_curves(&grids, folds, &splits) };
            let found = search.run();
            let curves = search.validation.loss(&found.curves.log_odds).mean;
            let gain = found
                .interactions
                .as_ref()
                .map(|choice| search.validation.gain(&found.curves.log_odds, &choice.log_odds));
            let choice = found.interactions.as_ref().unwrap_or(&found.curves);
            let shape = search.of_all_rows(&found.curves, choice).shape;
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
    fn what_more_splits_have_found_comes_first() {
        let found = [vec![[0, 1], [2, 3]], vec![[2, 3], [0, 4], [1, 4]], vec![[2, 3], [0, 1]]];
        assert_eq!(by_votes(&found), [[2, 3], [0, 1], [0, 4], [1, 4]]);
    }

    #[test]
    fn fine_interactions_are_found_where_cells_say_what_broad_shapes_cannot() {
        let (grids, mut blocks) = examples::interacting(6_000, 14);
        let search = |folds: &[Vec<CodeBlock>]| {
            let splits = Split::by_fold(folds);
            let search = Search { interactions: true, thorough: true, ..of_curves(&grids, folds, &splits) };
            let found = search.run();
            let gain = |smooth: &Choice, fine: &Choice| search.validation.gain(&smooth.log_odds, &fine.log_odds);
            found.interactions.as_ref().zip(found.fine.as_ref()).map(|(smooth, fine)| gain(smooth, fine))
        };

        // The label depends on a product, which is broad: nothing is gained.
        let gain = search(&by_fold(&blocks, 5, usize::MAX));
        assert!(gain.is_none_or(|gain| gain.mean < 2.0 * gain.standard_error), "{gain:?}");

        // And on two features being both even or both odd, of which no broad shape knows.
        let mut next = crate::model::design::examples::uniform(2);
        for block in &mut blocks {
            let is_odd = |row: usize| (block.column(3)[row] + block.column(4)[row]) % 2 == 1;
            let y = (0..block.rows).map(|row| if next() < 0.4 { u8::from(is_odd(row)) } else { block.y[row] });
            block.y = y.collect();
        }
        let gain = search(&by_fold(&blocks, 5, usize::MAX)).unwrap();
        assert!(gain.mean > 0.02 && gain.mean > 5.0 * gain.standard_error, "{gain:?}");
    }

    #[test]
    fn terms_have_scales_where_few_of_them_matter() {
        let (grids, mut blocks) = examples::interacting(3_000, 11);
        // Labels that depend on the first feature alone, strongly and with bends.
        let mut next = crate::model::design::examples::uniform(3);
        for block in &mut blocks {
            let log_odds = |row: usize| 2.5 * f64::from(block.column(0)[row]).sin();
            block.y = (0..block.rows).map(|row| u8::from(next() < sigmoid(log_odds(row)))).collect();
        }
        let folds = by_fold(&blocks, 5, usize::MAX);
        let splits = Split::by_fold(&folds);
        let plain = |alpha: f64| Search { alpha: Some(alpha), ..of_curves(&grids, &folds, &splits) }.run().curves;
        let search = of_curves(&grids, &folds, &splits);
        let found = search.run().curves;
        let Refinement { strength, rounds, detail } = found.refinement.unwrap();
        assert_eq!((rounds, detail), (SCALE_ROUNDS, Detail::Smooth));
        assert_eq!((found.path.len(), found.path[0].alpha), (1, strength));
        assert!(found.other_path.len() > 1);

        let same = plain(per_row(Penalty::L2, strength, search.validation.rows()));
        assert!(same.refinement.is_none(), "a penalty that is given is that of all terms");
        let gain = search.validation.gain(&same.log_odds, &found.log_odds);
        assert!(gain.mean > gain.standard_error, "{gain:?}");
        let of_all = search.of_all_rows(&found, &found).shape.scales;
        let (least, most) =
            (of_all.iter().copied().fold(f64::MAX, f64::min), of_all.iter().copied().fold(0.0, f64::max));
        assert!(most > 4.0 * least, "{of_all:?}");
    }

    #[test]
    fn a_part_of_those_who_stayed_says_what_all_would() {
        let (grids, blocks) = examples::interacting(20_000, 16);
        let found = |blocks: &[CodeBlock], stayed_for: f64| {
            let folds = by_fold(blocks, 5, usize::MAX);
            let splits = Split::by_fold(&folds);
            let mut search = of_curves(&grids, &folds, &splits);
            search.validation.stayed_for = stayed_for;
            let SearchResult { base_rate, curves, .. } = search.run();
            (
                search.validation.loss(&base_rate.log_odds).mean,
                search.validation.gain(&base_rate.log_odds, &curves.log_odds).mean,
            )
        };

        let thinned = |block: &CodeBlock| {
            let is_kept = |&row: &usize| block.y[row] == 1 || row.is_multiple_of(4);
            block.take(&(0..block.rows).filter(is_kept).collect::<Vec<_>>())
        };
        let part: Vec<CodeBlock> = blocks.iter().map(thinned).collect();
        let stayed = |blocks: &[CodeBlock]| totals(blocks).all - totals(blocks).churned;
        let (of_all, of_part) = (found(&blocks, 1.0), found(&part, stayed(&blocks) / stayed(&part)));
        assert!((of_all.0 - of_part.0).abs() < 1e-3, "{of_all:?} {of_part:?}");
        assert!((of_all.1 / of_part.1 - 1.0).abs() < 0.1, "{of_all:?} {of_part:?}");
    }

    #[test]
    fn forward_in_time_a_moved_level_costs_nothing() {
        let (grids, blocks) = examples::interacting(3_000, 15);
        let folds = by_fold(&blocks, 5, usize::MAX);
        let splits = Split::by_fold(&folds);
        let loss = |forward: bool, moved: f64| {
            let mut search = Search { alpha: Some(1e-2), ..of_curves(&grids, &folds, &splits) };
            search.validation.forward = forward;
            let mut log_odds = search.run().curves.log_odds;
            log_odds.iter_mut().flatten().flatten().for_each(|z| *z += moved);
            search.validation.loss(&log_odds).mean
        };
        let (level, moved) = (loss(true, 0.0), loss(true, 1.5));
        assert!((level - moved).abs() < 1e-9, "{level} {moved}");
        assert!(loss(false, 1.5) > level + 0.1);
        assert!((loss(false, 0.0) - level).abs() < 1e-3, "the level was right before");
    }

    #[test]
    fn one_standard_error_prefers_the_stronger_penalty() {
        let (grids, blocks) = examples::interacting(3_000, 10);
        let folds = by_fold(&blocks, 5, usize::MAX);
        let run = |one_standard_error| {
            let splits = Split::by_fold(&folds);
            let search = Search { one_standard_error, ..of_curves(&grids, &folds, &splits) };
            search.run().curves.strength
        };
        assert!(run(true) >= run(false));
    }
}
