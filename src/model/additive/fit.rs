//! What was decided, fitted: on all training rows, once more on others, and without each fold for the calibration.

use super::candidate::per_row;
use super::certificate::{certify, Objective};
use super::codes::{by_fold, totals, whole_customers, CodeBlock, Lookup};
use super::cross_validation::OutOfFold;
use super::curvature::Curvature;
use super::frame::{Frame, FrameFeature};
use super::passes::Terms;
use super::purify::{all_counts, purify};
use super::shape::Shape;
use super::solver::Solver;
use super::uncertainty::Solution;
use super::{uncertainty, Additive, Effect, Feature};
use crate::clock::Clock;
use crate::config::Penalty;
use crate::dataset::folds::CustomerFolds;
use crate::dataset::{Dataset, Selection};
use crate::error::Result;
use crate::language::Message;
use crate::model::linear::Certificate;
use crate::model::penalty::AlphaChoice;
use crate::model::restrictions::{nothing_left, Directed, Restrictions};
use crate::model::solver::report::Report;
use crate::observer::Observer;
use crate::parallel;
use crate::weights::RowWeights;

/// The curvature of the fit on all rows is taken from about so many of them.
const CURVATURE_ROWS: usize = 100_000;
/// Cross-fitting looks at about so many rows at most.
const CROSS_FIT_ROWS: usize = 250_000;
/// Tolerance of the published fit, of those that are only judged, and of those of the folds, of which no more is asked
/// than log-odds to calibrate by: they are good for six digits of the log-loss.
const TOLERANCE: f64 = 1e-8;
const JUDGED_TOLERANCE: f64 = 1e-6;
const FOLD_TOLERANCE: f64 = 1e-5;

/// What is decided before coefficients are fitted.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub frame: Frame,
    pub shape: Shape,
    pub penalty: Penalty,
    /// What the penalty keeps when the number of rows changes.
    pub strength: f64,
    /// A fixed penalty per row, which is kept when the number of rows changes.
    pub alpha: Option<f64>,
    /// Features that the penalty has dropped.
    pub dropped: Vec<String>,
}

impl Plan {
    fn terms(&self) -> Terms {
        self.shape.terms(&self.frame.grids)
    }

    fn alpha(&self, rows: f64) -> f64 {
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
    separation: Vec<Message>,
    plan: Plan,
    theta: Vec<f64>,
    /// The last one that the solver took: a fit that starts from here needs none of its own.
    curvature: Option<Curvature>,
}

/// What a fit starts from.
pub(super) struct Start {
    /// The coefficients, then the intercept.
    pub theta: Vec<f64>,
    /// The curvature, if one is known.
    pub curvature: Option<Curvature>,
}

/// A fit on all training rows, and what models without a fold say of the rows of that fold.
pub struct CrossFitted {
    /// The fit.
    pub fit: Fit,
    /// The log-odds of each row from a model without its fold.
    pub out_of_fold: CrossFit,
}

impl Fit {
    /// Fits what was planned; without standard errors, to the tolerance of fits that are only judged.
    pub(super) fn on(mut plan: Plan, blocks: &[CodeBlock], start: Option<Start>, uncertainty: bool) -> Result<Fit> {
        let mut terms = plan.terms();
        let all: Vec<&CodeBlock> = blocks.iter().collect();
        let rows: usize = all.iter().map(|block| block.rows).sum();

        let sample: Vec<CodeBlock> =
            if rows > 2 * CURVATURE_ROWS { whole_customers(blocks, CURVATURE_ROWS) } else { Vec::new() };
        let curvature_blocks = if sample.is_empty() { all.clone() } else { sample.iter().collect() };
        let weight = totals(blocks).all;
        let alpha = plan.alpha(weight);
        let mut solver = Solver::new(&terms, all.clone(), curvature_blocks.clone()).penalised(plan.penalty);
        if let Some(Start { theta, curvature }) = start {
            solver = solver.from(theta).curved(curvature);
        }
        solver.fit(alpha, if uncertainty { TOLERANCE } else { JUDGED_TOLERANCE });
        let (mut theta, mut curvature, report) = solver.solved();

        if plan.penalty == Penalty::Group && !plan.shape.features.is_empty() {
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
            let solution = Solution {
                terms: &terms,
                grids: &plan.frame.grids,
                theta: &theta,
                penalty: &regulariser,
                has_scales: !plan.shape.scales.is_empty(),
                effects: &effects,
                counts: &counts,
            };
            let errors = uncertainty::standard_errors(&solution, &curvature_blocks, &all);
            effects.iter_mut().zip(errors).for_each(|(effect, errors)| effect.standard_errors = errors);
        }

        let separation = uncertainty::separation(&plan.frame, &effects, &all);
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
    pub(super) fn certified(self, blocks: &[CodeBlock]) -> Fit {
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

    /// The standard deviation of every cell around what the penalty draws it to.
    #[cfg(test)]
    pub(super) fn deviations(&self, blocks: &[CodeBlock]) -> Vec<Vec<f64>> {
        let (terms, theta) = self.solution();
        let blocks: Vec<&CodeBlock> = blocks.iter().collect();
        let solution = Solution {
            terms: &terms,
            grids: &self.plan.frame.grids,
            theta: &theta,
            penalty: &terms.regulariser(self.plan.penalty, self.alpha),
            has_scales: !self.plan.shape.scales.is_empty(),
            effects: &self.model.terms,
            counts: &all_counts(&self.model.terms, &blocks),
        };
        let deviation = |[variance, _]: [f64; 2]| variance.sqrt();
        let of_term = |cells: Vec<[f64; 2]>| cells.into_iter().map(deviation).collect();
        uncertainty::variances_and_biases(&solution, &blocks, &blocks).into_iter().map(of_term).collect()
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
    pub fn advice(&self) -> Vec<Message> {
        let Report { iterations: passes, gradient_norm, converged, .. } = self.report;
        let nothing = self.plan.shape.features.is_empty().then(|| Message::new("fit-nothing"));
        let not_converged = (!converged).then(|| {
            let message = Message::new("fit-passes").count("passes", passes);
            message.scientific("gradient", gradient_norm, 1).scientific("tolerance", TOLERANCE, 0)
        });
        nothing.into_iter().chain(not_converged).chain(self.separation.iter().cloned()).collect()
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
    pub(super) fn cross_fit(&self, blocks: &[CodeBlock], folds: u8) -> CrossFit {
        let parts = by_fold(blocks, folds, CROSS_FIT_ROWS);
        let terms = self.plan.terms();
        let alpha = self.plan.alpha(totals(parts.iter().flatten()).all);
        let log_odds = parallel::map(0..parts.len(), |fold| {
            let others = parts.iter().enumerate().filter(|&(other, _)| other != fold);
            let others: Vec<&CodeBlock> = others.flat_map(|(_, blocks)| blocks).collect();
            let solver = Solver::new(&terms, others.clone(), others).penalised(self.plan.penalty);
            let mut solver = solver.from(self.theta.clone()).curved(self.curvature.clone());
            solver.fit(alpha, FOLD_TOLERANCE);
            parts[fold].iter().map(|block| terms.log_odds(&solver.theta, block)).collect()
        });
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
    /// For how many customers the row stands.
    pub weights: RowWeights,
}

impl CrossFit {
    /// Of log-odds fold by fold.
    pub(super) fn from_folds(folds: &[Vec<CodeBlock>], log_odds: OutOfFold) -> CrossFit {
        let blocks = || folds.iter().flatten();
        CrossFit {
            log_odds: log_odds.into_iter().flatten().flatten().collect(),
            y: blocks().flat_map(|block| block.y.iter().copied()).collect(),
            fold: blocks().flat_map(|block| block.fold.iter().copied()).collect(),
            weights: RowWeights::joined(blocks().map(|block| (&block.weights, block.rows))),
        }
    }
}
