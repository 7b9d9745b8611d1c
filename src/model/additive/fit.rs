//! From rows to a model: the search on a part of them, the fit on all, cross-fitting for the calibration.

use super::basis::Detail;
use super::candidate::{per_row, strength};
use super::certificate::{certify, Objective};
use super::codes::{by_fold, CodeBlock, Lookup};
use super::comparison::{Attempt, Comparison, Step, CURVES, FINE, INTERACTIONS, LINEAR};
use super::curvature::Curvature;
use super::frame::{Frame, FrameFeature};
use super::passes::Terms;
use super::purify::{all_counts, purify};
use super::search::{Choice, OutOfFold, Round, Search, SearchResult, Split};
use super::shape::Shape;
use super::solver::Solver;
use super::{uncertainty, Additive, Effect, Feature};
use crate::clock::Clock;
use crate::config::Penalty;
use crate::dataset::folds::CustomerFolds;
use crate::dataset::time_split::Origin;
use crate::dataset::{Dataset, Selection};
use crate::error::{Error, Result};
use crate::features::Directions;
use crate::model::design::recipe::Recipe;
use crate::model::linear::Certificate;
use crate::model::penalty::{AlphaChoice, AlphaScore};
use crate::model::restrictions::{nothing_left, Directed, Restrictions};
use crate::model::solver::report::Report;
use crate::observer::Observer;
use rayon::prelude::*;
use std::borrow::Cow;

/// The search looks at about so many rows at most, or at fewer where they have very many features.
const SEARCH_ROWS: usize = 60_000;
const SEARCH_CODES: usize = 200_000_000;
/// With more rows than this no fine interactions are tried. On the tens of thousands of the demo they doubled the time of a
/// training and were not chosen.
const MOST_FINE_ROWS: usize = 20_000;
/// The curvature of the fit on all rows is taken from about so many of them.
const CURVATURE_ROWS: usize = 480_000;
/// Cross-fitting looks at about so many rows at most.
const CROSS_FIT_ROWS: usize = 250_000;
/// Tolerance of the published fit, and of the fits that leave a fold out.
const TOLERANCE: f64 = 1e-8;
const CROSS_FIT_TOLERANCE: f64 = 1e-6;

/// The rows that steps are compared on: whole customers, evenly spread.
pub fn search_rows(dataset: &Dataset, rows: &Selection, seed: u64) -> Selection {
    let features = dataset.catalogue.names().count().max(1);
    let most = SEARCH_ROWS.min(SEARCH_CODES / features).max(1);
    match u8::try_from(rows.count().div_ceil(most)).unwrap_or(u8::MAX) {
        0 | 1 => rows.clone(),
        // Another seed than that of the folds, or a fold would be missing.
        stride => rows.clone().keep(dataset, |block, row| {
            dataset.customers.fold(block.customers[row], stride, seed.wrapping_add(1)) == 0
        }),
    }
}

/// How to search.
#[derive(Clone, Debug)]
pub struct Options {
    /// The dates to judge on forward in time; none to judge on all rows.
    pub origins: Vec<Origin>,
    /// Whether to look for interactions.
    pub interactions: bool,
    /// What keeps coefficients small.
    pub penalty: Penalty,
    /// Whether the fit is to have standard errors and a certificate: a matter of the model that is published.
    pub uncertainty: bool,
    /// A fixed penalty per row instead of a search.
    pub alpha: Option<f64>,
    /// Whether to prefer the simplest choice within one standard error of the best.
    pub one_standard_error: bool,
    /// The folds of customers that are left out in turn.
    pub folds: CustomerFolds,
}

/// The linear model, as richer ones are compared with it.
pub struct LinearCandidate {
    /// Its out-of-fold log-odds in the order of the data set, for each origin if there are any.
    pub log_odds: Vec<Vec<f64>>,
    /// Its penalty per row of all training rows.
    pub alpha: f64,
}

/// A model that may be chosen.
struct Candidate<'a> {
    complexity: &'a str,
    /// The penalty per row of all training rows.
    alpha: f64,
    interactions: usize,
    log_odds: Cow<'a, OutOfFold>,
}

/// A search on some rows: what it takes to compare and to fit.
pub struct ModelSearch {
    frame: Frame,
    /// The rows judged, in the order of the data set: all of them, or origin by origin.
    judged: Vec<Vec<CodeBlock>>,
    /// The rows in parts, and what is fitted and judged on which.
    parts: Vec<Vec<CodeBlock>>,
    splits: Vec<Split>,
    result: SearchResult,
    /// Whether interactions may be fine.
    fine: bool,
    options: Options,
}

impl ModelSearch {
    /// Learns the bins from all training rows and searches on the chosen part of them.
    ///
    /// # Errors
    /// [`Error::TooLittle`] when no feature varies, or when a fold has all churners or all others.
    pub fn run(
        recipe: &Recipe,
        dataset: &Dataset,
        training: &Selection,
        part: &Selection,
        directions: &Directions,
        options: Options,
    ) -> Result<ModelSearch> {
        let frame = Frame::learn(recipe, dataset, training, directions)?;
        if frame.features.is_empty() {
            return Err(Error::TooLittle(
                "no feature varies over the training rows, so there is nothing to learn from; check the signals' paths \
                 and columns with `churn check`"
                    .to_owned(),
            ));
        }

        let encode = |rows: &Selection| frame.encode(dataset, rows, options.folds);
        let (mut judged, mut parts, mut splits) = (Vec::new(), Vec::new(), Vec::new());
        if options.origins.is_empty() {
            judged.push(encode(part)?);
            parts = by_fold(&judged[0], options.folds.count, usize::MAX);
            splits = Split::by_fold(&parts);
        }

        // Forward in time a part is a fold of a date.
        let folds = usize::from(options.folds.count);
        let mut dates: Vec<u32> = Vec::new();
        for (place, origin) in options.origins.iter().enumerate() {
            for &date in
                origin.earlier.iter().chain([&origin.judged]).filter(|date| !dates.contains(date)).collect::<Vec<_>>()
            {
                let rows = Origin { judged: date, earlier: Vec::new() }.rows_judged(dataset, part);
                parts.extend(by_fold(&encode(&rows)?, options.folds.count, usize::MAX));
                dates.push(date);
            }

            judged.push(encode(&origin.rows_judged(dataset, part))?);
            let first = |date: &u32| dates.iter().position(|known| known == date).unwrap_or_default() * folds;
            let rows_of = |part: usize| parts[part].iter().map(|block| block.rows).sum::<usize>();
            let all: Vec<usize> = origin.earlier.iter().flat_map(|date| first(date)..first(date) + folds).collect();
            let rows = all.iter().map(|&part| rows_of(part)).sum();
            for (fold, judged) in (0..options.folds.count).zip(first(&origin.judged)..) {
                let fitted = all.iter().copied().filter(|part| part % folds != usize::from(fold)).collect();
                splits.push(Split { fitted, judged, rows, origin: place, fold });
            }
        }

        let fine = training.count() <= MOST_FINE_ROWS;
        let result = search_of(&frame, &parts, &splits, fine, &options).run();
        Ok(ModelSearch { frame, judged, parts, splits, result, fine, options })
    }

    fn search(&self) -> Search<'_> {
        search_of(&self.frame, &self.parts, &self.splits, self.fine, &self.options)
    }

    /// Rows that were judged.
    fn rows(&self) -> usize {
        self.judged.iter().flatten().map(|block| block.rows).sum()
    }

    /// Compares the steps: the linear model first, if it is given.
    pub fn compare(&self, linear: Option<&LinearCandidate>, training_rows: usize) -> Comparison {
        let search = self.search();
        let candidates = self.candidates(linear, training_rows);

        let mut steps: Vec<Step> = Vec::new();
        for (at, candidate) in candidates.iter().enumerate() {
            let loss = search.loss(&candidate.log_odds);
            let gain = at.checked_sub(1).map(|before| search.gain(&candidates[before].log_odds, &candidate.log_odds));
            steps.push(Step {
                complexity: candidate.complexity.to_owned(),
                alpha: candidate.alpha,
                interactions: candidate.interactions,
                log_loss: loss.mean,
                standard_error: loss.standard_error,
                gain: gain.map(|gain| gain.mean),
                gain_standard_error: gain.map(|gain| gain.standard_error),
            });
        }

        let best = (0..steps.len()).min_by(|&a, &b| steps[a].log_loss.total_cmp(&steps[b].log_loss)).unwrap_or(0);
        let is_good_enough = |&at: &usize| {
            let gain = search.gain(&candidates[at].log_odds, &candidates[best].log_odds);
            at == best || gain.mean <= if self.options.one_standard_error { gain.standard_error } else { 0.0 }
        };
        let chosen = (0..steps.len()).find(is_good_enough).unwrap_or(best);
        let origins = self.options.origins.len();
        let (chosen, attempts) = (steps[chosen].complexity.clone(), self.attempts(training_rows));
        Comparison { rows: self.rows(), origins, steps, chosen, attempts }
    }

    /// What the search tried, in its order.
    fn attempts(&self, training_rows: usize) -> Vec<Attempt> {
        let SearchResult { curves, interactions, fine, rounds, first_fine } = &self.result;
        let &Options { penalty, alpha, .. } = &self.options;
        let per_row = |strength: f64| alpha.unwrap_or(per_row(penalty, strength, training_rows));
        let path = |complexity: &'static str, choice: &Choice| -> Vec<Attempt> {
            let attempt = |score: &AlphaScore| Attempt {
                complexity: complexity.to_owned(),
                alpha: per_row(score.alpha),
                interactions: choice.pairs,
                log_loss: score.log_loss,
                standard_error: score.standard_error,
                kept: score.alpha == choice.strength,
                first_fold: false,
            };
            choice.path.iter().map(attempt).collect()
        };
        let round = |complexity: &'static str, round: &Round, first_fold: bool| Attempt {
            complexity: complexity.to_owned(),
            alpha: per_row(round.strength),
            interactions: round.pairs,
            log_loss: round.loss.mean,
            standard_error: round.loss.standard_error,
            kept: round.kept,
            first_fold,
        };

        let mut attempts = path(CURVES, curves);
        attempts.extend(rounds.iter().map(|tried| round(INTERACTIONS, tried, false)));
        attempts.extend(interactions.iter().flat_map(|choice| path(INTERACTIONS, choice)));
        attempts.extend(first_fine.iter().map(|tried| round(FINE, tried, true)));
        attempts.extend(fine.iter().flat_map(|choice| path(FINE, choice)));
        attempts
    }

    /// What may be chosen, simplest first.
    fn candidates(&self, linear: Option<&LinearCandidate>, training_rows: usize) -> Vec<Candidate<'_>> {
        let &Options { penalty, alpha, .. } = &self.options;
        let per_row = |strength: f64| alpha.unwrap_or(per_row(penalty, strength, training_rows));

        let linear = linear.map(|linear| Candidate {
            complexity: LINEAR,
            alpha: linear.alpha,
            interactions: 0,
            log_odds: Cow::Owned(self.fold_by_fold(&linear.log_odds)),
        });

        let curves = &self.result.curves;
        let curves = Candidate {
            complexity: CURVES,
            alpha: per_row(curves.strength),
            interactions: 0,
            log_odds: Cow::Borrowed(&curves.log_odds),
        };

        let with_pairs = [(INTERACTIONS, &self.result.interactions), (FINE, &self.result.fine)];
        let with_pairs = with_pairs.into_iter().filter_map(|(complexity, choice)| {
            let choice = choice.as_ref()?;
            let log_odds = Cow::Borrowed(&choice.log_odds);
            Some(Candidate { complexity, alpha: per_row(choice.strength), interactions: choice.pairs, log_odds })
        });

        linear.into_iter().chain([curves]).chain(with_pairs).collect()
    }

    /// Values in the order of the data set, in that of the splits.
    fn fold_by_fold(&self, values: &[Vec<f64>]) -> OutOfFold {
        let of_split = |split: &Split| {
            let folds = self.judged[split.origin].iter().flat_map(|block| &block.fold);
            let mut mine = values[split.origin].iter().zip(folds).filter(|(_, &of)| of == split.fold).map(|(z, _)| *z);
            self.parts[split.judged].iter().map(|block| mine.by_ref().take(block.rows).collect()).collect()
        };
        self.splits.iter().map(of_split).collect()
    }

    /// The choice with the name of a step; that of the curves if there is none.
    fn choice(&self, complexity: &str) -> (&Choice, Detail) {
        let SearchResult { curves, interactions, fine, .. } = &self.result;
        match (complexity, interactions, fine) {
            (INTERACTIONS, Some(choice), _) => (choice, Detail::Smooth),
            (FINE, _, Some(choice)) => (choice, Detail::Fine),
            _ => (curves, Detail::Smooth),
        }
    }

    /// Fits the step of this name on all training rows. Its out-of-fold log-odds are those of the search itself if that saw
    /// every row: there every fold made its own choices, so not even these have seen the fold.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn fit(
        self,
        complexity: &str,
        dataset: &Dataset,
        training: &Selection,
        observer: &dyn Observer,
    ) -> Result<CrossFitted> {
        let (choice, detail) = self.choice(complexity);
        let shape = self.search().shape(&self.result.curves, choice.pairs, detail);
        let (frame, shape) = self.frame.restricted_to(&shape);

        let &Options { penalty, alpha, folds, .. } = &self.options;
        let strength = alpha.map_or(choice.strength, |alpha| strength(penalty, alpha, training.count()));
        let plan = Plan { frame, shape, penalty, strength, alpha, dropped: Vec::new() };
        let blocks = plan.frame.encode(dataset, training, folds)?;
        let mut clock = Clock::start(observer);
        let mut fit = Fit::on(plan, &blocks, None, self.options.uncertainty)?;
        clock.lap("tables");
        if self.options.uncertainty {
            fit = fit.certified(&blocks);
            clock.lap("cross-check");
        }
        if alpha.is_none() {
            let per_row = |strength: f64| per_row(penalty, strength, training.count());
            let score = |score: &AlphaScore| AlphaScore { alpha: per_row(score.alpha), ..*score };
            let path = choice.path.iter().map(score).collect();
            fit.alpha_choice = Some(AlphaChoice { alpha: per_row(choice.strength), rows: self.rows(), path });
        }

        let saw_every_row = self.options.origins.is_empty() && self.rows() == training.count();
        let out_of_fold = if saw_every_row {
            CrossFit::from_folds(&self.parts, choice.log_odds.clone())
        } else {
            fit.cross_fit(&blocks, folds.count)
        };
        Ok(CrossFitted { fit, out_of_fold })
    }
}

fn search_of<'a>(
    frame: &'a Frame,
    parts: &'a [Vec<CodeBlock>],
    splits: &'a [Split],
    fine: bool,
    options: &Options,
) -> Search<'a> {
    let &Options { interactions, penalty, alpha, one_standard_error, .. } = options;
    let forward = !options.origins.is_empty();
    Search { grids: &frame.grids, parts, splits, forward, interactions, fine, penalty, alpha, one_standard_error }
}

/// What is decided before coefficients are fitted.
#[derive(Clone, Debug)]
struct Plan {
    frame: Frame,
    shape: Shape,
    penalty: Penalty,
    /// What the penalty keeps when the number of rows changes.
    strength: f64,
    /// A fixed penalty per row, which is kept when the number of rows changes.
    alpha: Option<f64>,
    /// Features that the penalty has dropped.
    dropped: Vec<String>,
}

impl Plan {
    fn terms(&self) -> Terms {
        self.shape.terms(&self.frame.grids)
    }

    fn alpha(&self, rows: usize) -> f64 {
        self.alpha.unwrap_or(per_row(self.penalty, self.strength, rows))
    }

    /// The plan without features and interactions whose coefficients are all zero, its terms, and the parameters that
    /// are left.
    fn without_dropped(self, terms: &Terms, theta: &[f64]) -> (Plan, Terms, Vec<f64>) {
        let is_zero = |at: usize| theta[terms.columns_of(at)].iter().all(|&x| x == 0.0);
        let left: Vec<&Lookup> =
            (0..terms.terms.len()).filter(|&at| !is_zero(at)).map(|at| &terms.terms[at].lookup).collect();

        let mut shape = Shape::default();
        for lookup in &left {
            shape.features.extend(lookup.features());
            if let Lookup::Interaction { features, .. } = lookup {
                shape.pairs.push(*features);
            }
        }
        shape.features.sort_unstable();
        shape.features.dedup();

        // The curve of a feature takes in the main effect of its interactions, so it stays even if it is zero.
        let is_kept = |lookup: &Lookup| match lookup {
            Lookup::Curve { feature } => shape.features.contains(feature),
            Lookup::Interaction { .. } => left.contains(&lookup),
        };
        let kept = (0..terms.terms.len()).filter(|&at| is_kept(&terms.terms[at].lookup));
        let parameters: Vec<f64> =
            kept.flat_map(|at| terms.columns_of(at)).chain([terms.columns()]).map(|place| theta[place]).collect();

        let lost = self.shape.features.iter().filter(|feature| !shape.features.contains(feature));
        let lost = lost.map(|&feature| self.frame.features[feature].name.clone());
        let dropped = self.dropped.iter().cloned().chain(lost).collect();
        let terms = shape.terms(&self.frame.grids);
        (Plan { shape, dropped, ..self }, terms, parameters)
    }
}

/// A fitted additive model with what it takes to fit it again.
pub struct Fit {
    /// What is published.
    pub model: Additive,
    /// Penalty strength per row.
    pub alpha: f64,
    /// How the strength was chosen, if it was.
    pub alpha_choice: Option<AlphaChoice>,
    /// Rows it was fitted on.
    pub rows: usize,
    /// How many of them churned.
    pub churners: usize,
    /// How the solver fared.
    pub report: Report,
    /// What linfa's optimiser says about the solution.
    pub certificate: Certificate,
    /// Advice about bins in which nobody churned, or everybody.
    separation: Vec<String>,
    plan: Plan,
    theta: Vec<f64>,
    /// The last one that the solver took: a fit that starts from here needs none of its own.
    curvature: Option<Curvature>,
}

/// What a fit starts from.
struct Start {
    theta: Vec<f64>,
    /// The curvature, if one is known.
    curvature: Option<Curvature>,
}

/// A fit on all training rows, and what models without a fold say of the rows of that fold.
pub struct CrossFitted {
    /// The fit.
    pub fit: Fit,
    /// The log-odds of each row from a model without its fold.
    pub out_of_fold: CrossFit,
}

impl Fit {
    fn on(mut plan: Plan, blocks: &[CodeBlock], start: Option<Start>, uncertainty: bool) -> Result<Fit> {
        let mut terms = plan.terms();
        let all: Vec<&CodeBlock> = blocks.iter().collect();
        let rows: usize = all.iter().map(|block| block.rows).sum();

        let sample: Vec<CodeBlock> =
            if rows > 2 * CURVATURE_ROWS { by_fold(blocks, 1, CURVATURE_ROWS).concat() } else { Vec::new() };
        let curvature_blocks = if sample.is_empty() { all.clone() } else { sample.iter().collect() };
        let alpha = plan.alpha(rows);
        let mut solver = Solver::new(&terms, all.clone(), curvature_blocks.clone()).penalised(plan.penalty);
        if let Some(Start { theta, curvature }) = start {
            solver = solver.from(theta).curved(curvature);
        }
        solver.fit(alpha, TOLERANCE);
        let (mut theta, mut curvature, report) = (solver.theta, solver.curvature, solver.report);

        if plan.penalty == Penalty::Group {
            (plan, terms, theta) = plan.without_dropped(&terms, &theta);
            curvature = None;
            if plan.shape.features.is_empty() {
                return Err(nothing_left(alpha, plan.alpha.is_some()));
            }
        }

        let tables = terms.tables(&theta);
        let mut effects: Vec<Effect> = terms
            .terms
            .iter()
            .zip(tables)
            .map(|(term, table)| Effect {
                lookup: term.lookup.clone(),
                table,
                standard_errors: Vec::new(),
                spread: 0.0,
            })
            .collect();

        let counts = all_counts(&effects, &all);
        let intercept = purify(&mut effects, theta[terms.columns()], &counts);
        if uncertainty {
            let regulariser = terms.regulariser(plan.penalty, alpha);
            let errors = uncertainty::standard_errors(&terms, &theta, &regulariser, &curvature_blocks, rows, &counts);
            effects.iter_mut().zip(errors).for_each(|(effect, errors)| effect.standard_errors = errors);
        }

        let separation = uncertainty::separation(&plan.frame, &effects, &counts, &all);
        let place = |feature: usize| plan.shape.features.binary_search(&feature).unwrap_or_default();
        effects.iter_mut().for_each(|effect| effect.lookup.renumber(place));

        let feature = |&feature: &usize| {
            let FrameFeature { name, source } = plan.frame.features[feature].clone();
            Feature { name, source, bins: plan.frame.grids[feature].bins.clone() }
        };
        let features = plan.shape.features.iter().map(feature).collect();

        let churners = all.iter().flat_map(|block| &block.y).filter(|&&y| y == 1).count();
        let model = Additive { features, intercept, terms: effects };
        Ok(Fit {
            model,
            alpha,
            alpha_choice: None,
            rows,
            churners,
            report,
            certificate: Certificate::not_run("nobody asked for it"),
            separation,
            plan,
            theta,
            curvature,
        })
    }

    /// With what linfa's own optimiser says about the solution for these rows.
    fn certified(self, blocks: &[CodeBlock]) -> Fit {
        let certificate = if self.report.converged {
            let terms = self.plan.terms();
            let objective = Objective { penalty: self.plan.penalty, alpha: self.alpha, tolerance: TOLERANCE };
            certify(&terms, blocks, &self.theta, objective)
        } else {
            Certificate::not_run("the fit did not converge")
        };
        Fit { certificate, ..self }
    }

    /// Rows as the codes of its features.
    #[cfg(test)]
    pub(super) fn encoded(&self, dataset: &Dataset, rows: &Selection) -> Vec<CodeBlock> {
        self.plan.frame.encode(dataset, rows, CustomerFolds { count: 5, seed: 7 }).unwrap_or_default()
    }

    /// The terms with their parameters.
    #[cfg(test)]
    pub(super) fn solution(&self) -> (Terms, Vec<f64>) {
        (self.plan.terms(), self.theta.clone())
    }

    /// The tables of the same terms and penalty on other rows.
    #[cfg(test)]
    pub(super) fn tables_on(&self, blocks: &[CodeBlock]) -> Vec<Vec<f64>> {
        let fit =
            Fit::on(self.plan.clone(), blocks, Some(Start { theta: self.theta.clone(), curvature: None }), false).ok();
        fit.into_iter().flat_map(|fit| fit.model.terms).map(|term| term.table).collect()
    }

    /// What the fit kept to.
    pub fn restrictions(&self) -> Restrictions {
        let directed = |(place, &feature): (usize, &usize)| {
            let direction = self.plan.frame.grids[feature].direction?;
            let curve = self.model.terms.iter().find(|term| term.lookup == Lookup::Curve { feature: place });
            let missing = self.model.features[place].bins.missing();
            let flat = curve.is_none_or(|curve| curve.table[..missing].windows(2).all(|pair| pair[0] == pair[1]));
            Some(Directed { feature: self.model.features[place].name.clone(), direction, flat })
        };
        let directed = self.plan.shape.features.iter().enumerate().filter_map(directed).collect();
        Restrictions { penalty: self.plan.penalty, directed, dropped: self.plan.dropped.clone() }
    }

    /// What a person should know about this fit.
    pub fn advice(&self) -> Vec<String> {
        let Report { iterations: passes, gradient_norm, converged, .. } = self.report;
        let not_converged = format!(
            "the fit did not converge: after {passes} passes its gradient is {gradient_norm:.1e}, not below \
             {TOLERANCE:.0e}; raise model.alpha"
        );
        (!converged).then_some(not_converged).into_iter().chain(self.separation.iter().cloned()).collect()
    }

    /// The same terms and penalty, with coefficients learned anew from other rows.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn refit(
        self,
        dataset: &Dataset,
        rows: &Selection,
        folds: CustomerFolds,
        observer: &dyn Observer,
    ) -> Result<CrossFitted> {
        let blocks = self.plan.frame.encode(dataset, rows, folds)?;
        let mut clock = Clock::start(observer);
        let start = Start { theta: self.theta, curvature: self.curvature };
        let refitted = Fit::on(self.plan, &blocks, Some(start), true)?;
        clock.lap("tables");
        let refitted = refitted.certified(&blocks);
        clock.lap("cross-check");
        let fit = Fit { alpha_choice: self.alpha_choice, ..refitted };
        let out_of_fold = fit.cross_fit(&blocks, folds.count);
        Ok(CrossFitted { fit, out_of_fold })
    }

    /// Out-of-fold log-odds of at most about [`CROSS_FIT_ROWS`] rows, each from a fit without its fold.
    fn cross_fit(&self, blocks: &[CodeBlock], folds: u8) -> CrossFit {
        let parts = by_fold(blocks, folds, CROSS_FIT_ROWS);
        let terms = self.plan.terms();
        let rows: usize = parts.iter().flatten().map(|block| block.rows).sum();
        let alpha = self.plan.alpha(rows);
        let log_odds = (0..parts.len())
            .into_par_iter()
            .map(|fold| {
                let others = parts.iter().enumerate().filter(|&(other, _)| other != fold);
                let others: Vec<&CodeBlock> = others.flat_map(|(_, blocks)| blocks).collect();
                let solver = Solver::new(&terms, others.clone(), others).penalised(self.plan.penalty);
                let mut solver = solver.from(self.theta.clone()).curved(self.curvature.clone());
                solver.fit(alpha, CROSS_FIT_TOLERANCE);
                parts[fold].iter().map(|block| terms.log_odds(&solver.theta, block)).collect()
            })
            .collect();
        CrossFit::from_folds(&parts, log_odds)
    }
}

/// Out-of-fold log-odds with labels and folds, a value a row.
pub struct CrossFit {
    /// The log-odds.
    pub log_odds: Vec<f64>,
    /// 1 if the customer churned.
    pub y: Vec<u8>,
    /// The fold.
    pub fold: Vec<u8>,
}

impl CrossFit {
    fn from_folds(folds: &[Vec<CodeBlock>], log_odds: OutOfFold) -> CrossFit {
        let blocks = || folds.iter().flatten();
        CrossFit {
            log_odds: log_odds.into_iter().flatten().flatten().collect(),
            y: blocks().flat_map(|block| block.y.iter().copied()).collect(),
            fold: blocks().flat_map(|block| block.fold.iter().copied()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::data;
    use super::*;
    use crate::calendar::Day;

    /// The log-odds of each split, with a fixed penalty, after a change of labels: the second row of each customer is
    /// of a later date.
    fn forward(change: impl Fn(u32, u8, u8) -> u8) -> Vec<Vec<f64>> {
        let mut dataset = data(2_000, 8);
        dataset.as_of = vec![Day(0), Day(100)];
        for block in &mut dataset.blocks {
            block.as_of = (0..block.customers.len()).map(|row| row as u32 % 2).collect();
            for (row, label) in block.labels.iter_mut().enumerate() {
                let fold = dataset.customers.fold(block.customers[row], 5, 7);
                *label = label.map(|y| change(block.as_of[row], fold, y));
            }
        }

        let rows = Selection::labelled(&dataset, |_| true);
        let recipe = Recipe::learn(&dataset, &rows).unwrap();
        let options = Options {
            uncertainty: false,
            origins: vec![Origin { judged: 1, earlier: vec![0] }],
            penalty: Penalty::L2,
            alpha: Some(0.01),
            interactions: true,
            one_standard_error: false,
            folds: CustomerFolds { count: 5, seed: 7 },
        };
        let directions = Directions::default();
        let searched = ModelSearch::run(&recipe, &dataset, &rows, &rows, &directions, options).unwrap();
        assert_eq!((searched.rows(), searched.splits.len()), (1_000, 5));

        // In the order of the data set and back.
        let labels = searched.judged[0].iter().flat_map(|block| block.y.iter().map(|&y| f64::from(y))).collect();
        for (split, of_split) in searched.splits.iter().zip(searched.fold_by_fold(&[labels])) {
            let blocks = &searched.parts[split.judged];
            assert!(blocks.iter().all(|block| block.fold.iter().all(|&fold| fold == split.fold)));
            let y: Vec<f64> = blocks.iter().flat_map(|block| block.y.iter().map(|&y| f64::from(y))).collect();
            assert_eq!(of_split.concat(), y);
        }

        assert_eq!(searched.compare(None, 2_000).origins, 1);
        searched.result.curves.log_odds.into_iter().map(|blocks| blocks.concat()).collect()
    }

    #[test]
    fn forward_in_time_neither_later_labels_nor_those_of_the_same_customers_are_known() {
        let plain = forward(|_, _, y| y);
        assert_eq!(plain.iter().map(Vec::len).sum::<usize>(), 1_000);
        assert_eq!(forward(|date, _, y| if date == 1 { 1 - y } else { y }), plain);
        let other = forward(|date, fold, y| if date == 0 && fold == 2 { 1 - y } else { y });
        assert_eq!(other[2], plain[2]);
        assert!(other[0] != plain[0]);
    }
}
