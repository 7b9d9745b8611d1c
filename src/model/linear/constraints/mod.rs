//! What is asked of a linear model: signs of coefficients, and a penalty that drops features. Where either is, the
//! steps of `fit` and `cross_fit` are taken by the proximal solver.

use super::certificate::{certify_unrestricted, Certificate, FittedDesign, DENSE_BYTES};
use super::cross_fit::{self, fold_log_loss, log_odds, Split, SEARCH_ROWS};
use super::loss::{self, Point, Sample};
use super::newton::curvature_sample;
use super::{Advice, LogisticFit};
use crate::config::{Direction, Model, Penalty};
use crate::error::{Error, Result};
use crate::features::Directions;
use crate::model::design::recipe::{Recipe, Role, Source, Term};
use crate::model::design::{base_rate_start, both_classes, ColumnProfile, Design, DesignBlock};
use crate::model::penalty::{self, AlphaChoice, HeldOutLoss, ALPHA_PATH, SHARES};
use crate::model::restrictions::{nothing_left, Directed, Restrictions};
use crate::model::solver::cholesky::Square;
use crate::model::solver::proximal::{Bound, Fit, Group, LossValue, MeanLoss, Regulariser};
use crate::observer::Observer;
use crate::parallel;
use std::borrow::Cow;
use std::ops::Range;

/// Tolerances on the residual of the proximal gradient: of the published fit, of those that a calibration is learned
/// from, and of those that only a log-loss is read from.
const TOLERANCE: f64 = 1e-10;
const CROSS_FIT_TOLERANCE: f64 = 1e-9;
const SEARCH_TOLERANCE: f64 = 1e-6;

/// What is asked of the columns of a design.
#[derive(Clone, Debug)]
pub struct Constraints {
    penalty: Penalty,
    features: Vec<ConstrainedFeature>,
    bounds: Vec<Bound>,
    /// A penalty that is given, not chosen.
    fixed: bool,
}

/// A feature and what is asked of it.
#[derive(Clone, Debug)]
struct ConstrainedFeature {
    name: String,
    /// Its columns, which stand together.
    columns: Range<usize>,
    /// The direction that it must have, if any; it is that of its value's coefficient.
    direction: Option<Direction>,
}

impl Constraints {
    /// What the settings of the model, and the directions, ask of the columns of a recipe.
    pub fn new(model: &Model, recipe: &Recipe, directions: &Directions) -> Constraints {
        let terms = recipe.terms();
        let direction = |term: &Term| match (term.source, &term.role) {
            (Source::Numeric(place), Role::Value) => directions.get(place),
            _ => None,
        };

        let bound = |term: &Term| match direction(term) {
            Some(Direction::Rises) => Bound::NotNegative,
            Some(Direction::Falls) => Bound::NotPositive,
            None => Bound::Free,
        };

        let name = |source: Source| match source {
            Source::Numeric(place) => recipe.numeric[place].feature.clone(),
            Source::Categorical(place) => recipe.categorical[place].feature.clone(),
        };

        let (mut features, mut first) = (Vec::new(), 0);
        for same in terms.chunk_by(|a, b| a.source == b.source) {
            let columns = first..first + same.len();
            first = columns.end;
            let direction = same.iter().find_map(direction);
            features.push(ConstrainedFeature { name: name(same[0].source), columns, direction });
        }

        Constraints {
            penalty: model.penalty,
            features,
            bounds: terms.iter().map(bound).collect(),
            fixed: model.alpha.fixed().is_some(),
        }
    }

    /// With the features that a fit has dropped kept out.
    pub fn without_dropped(mut self, fit: &LogisticFit) -> Constraints {
        for feature in &self.features {
            if self.has_dropped(fit, feature) {
                self.bounds[feature.columns.clone()].fill(Bound::Zero);
            }
        }
        self
    }

    /// Whether the penalty left nothing of a feature.
    fn has_dropped(&self, fit: &LogisticFit, feature: &ConstrainedFeature) -> bool {
        self.penalty == Penalty::Group && fit.coefficients[feature.columns.clone()].iter().all(|&x| x == 0.0)
    }

    /// Whether nothing is asked: `fit` and `cross_fit` do it faster.
    pub fn is_plain(&self) -> bool {
        self.penalty == Penalty::L2 && self.bounds.iter().all(|&bound| bound == Bound::Free)
    }

    /// What `alpha` per row is multiplied by when only so many of the rows are looked at: rows times `alpha` stays for
    /// a ridge, the root of the rows times `alpha` for a threshold. A row counts as often as it stands for a customer.
    pub fn rescaling(&self, looked_at: f64, rows: f64) -> f64 {
        let ratio = rows.max(1.0) / looked_at.max(1.0);
        match self.penalty {
            Penalty::L2 => ratio,
            Penalty::Group => ratio.sqrt(),
        }
    }

    /// What a fit kept to.
    pub fn restrictions(&self, fit: &LogisticFit) -> Restrictions {
        let (mut directed, mut dropped) = (Vec::new(), Vec::new());
        for feature in &self.features {
            // What is dropped is told once.
            if self.has_dropped(fit, feature) {
                dropped.push(feature.name.clone());
            } else if let Some(direction) = feature.direction {
                let flat = fit.coefficients[feature.columns.start] == 0.0;
                directed.push(Directed { feature: feature.name.clone(), direction, flat });
            }
        }
        Restrictions { penalty: self.penalty, directed, dropped }
    }

    /// The regulariser of strength `alpha` for a design.
    fn regulariser(&self, design: &Design, alpha: f64) -> Result<Regulariser> {
        let variance = match self.penalty {
            Penalty::L2 => vec![1.0; design.columns()],
            Penalty::Group => design.profile().iter().map(ColumnProfile::variance).collect(),
        };
        let group = |feature: &ConstrainedFeature| Group {
            columns: feature.columns.clone(),
            weight: variance[feature.columns.clone()].iter().sum::<f64>().sqrt(),
        };
        let groups = self.features.iter().map(group).collect();
        Ok(Regulariser::new(self.penalty, alpha, groups, self.bounds.clone()))
    }

    /// Fits a design, from `start` if it is given. There are no standard errors: those of coefficients that were
    /// selected, or held at a bound, would be too small.
    ///
    /// # Errors
    /// [`Error::TooLittle`] or [`Error::Config`] when the penalty drops every feature; as [`DesignBlock::columns`].
    pub fn fit(&self, design: &Design, alpha: f64, start: Option<&LogisticFit>) -> Result<LogisticFit> {
        let (rows, churners) = (design.rows(), design.churners());
        both_classes(churners, rows)?;
        let rows_of = Rows::all(design);

        let theta = match start {
            Some(fit) => fit.coefficients.iter().copied().chain([fit.intercept]).collect(),
            None => base_rate_start(design),
        };

        let mut fit = Fit { theta, ..Fit::default() };
        fit.minimise(&rows_of, &self.regulariser(design, alpha)?, TOLERANCE)?;
        let (report, mut theta) = (fit.report, fit.theta);
        let intercept = theta.pop().unwrap_or_default();
        if self.penalty == Penalty::Group && theta.iter().all(|&x| x == 0.0) {
            return Err(nothing_left(alpha, self.fixed));
        }

        let advice = Advice::NotConverged {
            iterations: report.iterations,
            gradient_norm: report.gradient_norm,
            tolerance: TOLERANCE,
        };

        Ok(LogisticFit {
            names: design.names.clone(),
            alpha,
            rows,
            churners,
            customers: design.customers(),
            intercept,
            coefficients: theta,
            covariance: Vec::new(),
            variance_inflation: Vec::new(),
            report,
            advice: if report.converged { Vec::new() } else { vec![advice] },
            certificate: Certificate::not_run("nobody asked for it"),
        })
    }

    /// What linfa's own optimiser says about a fit of a design.
    ///
    /// # Errors
    /// As [`DesignBlock::columns`].
    pub fn certificate(&self, design: &Design, fit: &LogisticFit) -> Result<Certificate> {
        self.certificate_within(DENSE_BYTES, design, fit)
    }

    fn certificate_within(&self, bytes: usize, design: &Design, fit: &LogisticFit) -> Result<Certificate> {
        if !fit.report.converged {
            return Ok(Certificate::not_run("the fit did not converge"));
        }
        let theta: Vec<f64> = fit.coefficients.iter().copied().chain([fit.intercept]).collect();
        if self.is_plain() {
            return certify_unrestricted(design, &theta, fit.alpha, bytes);
        }

        let regulariser = self.regulariser(design, fit.alpha)?;
        let fitted = FittedDesign { design, theta, regulariser: &regulariser, bytes };
        fitted.certify(|sample, theta| {
            let mut fit = Fit { theta, ..Fit::default() };
            fit.minimise(&Rows::all(sample), &regulariser, TOLERANCE)?;
            Ok(if fit.report.converged { Some(fit.theta) } else { None })
        })
    }

    /// The log-odds of every row judged, split by split, each from a model of the split fitted without its fold.
    /// `alpha` is per row of so many `rows`; `start` is a fit to start from, if there is one.
    ///
    /// # Errors
    /// As [`Constraints::fit`].
    pub fn cross_fit(
        &self,
        splits: &[Split],
        alpha: f64,
        rows: f64,
        folds: u8,
        start: Option<&LogisticFit>,
        observer: &dyn Observer,
    ) -> Result<Vec<Vec<f64>>> {
        let of_split = |split: &Split| -> Result<Vec<f64>> {
            let alpha = alpha * self.rescaling(split.fitted.totals().all, rows);
            if self.is_plain() {
                return Ok(cross_fit::cross_fit(split, alpha, folds, start, observer)?.concat());
            }
            let mut fits = self.without_each_fold(split.fitted, folds);
            let regulariser = self.regulariser(split.fitted, alpha)?;
            minimise(&mut fits, &Rows::all(split.fitted), &regulariser, CROSS_FIT_TOLERANCE)?;
            let models: Vec<Vec<f64>> = fits.into_iter().map(|fit| fit.theta).collect();
            let blocks: Vec<Vec<f64>> = parallel::try_map(&split.judged.blocks, |block| log_odds(block, &models))?;
            Ok(blocks.concat())
        };
        splits.iter().map(of_split).collect()
    }

    /// The strength per row of so many `rows` with the lowest log-loss on the rows judged, each fit starting from the
    /// one with the next stronger penalty. Above 40,000 rows the fits of a split use every so many-th block.
    ///
    /// # Errors
    /// As [`Constraints::fit`].
    pub fn choose_alpha(&self, splits: &[Split], rows: f64, folds: u8, observer: &dyn Observer) -> Result<AlphaChoice> {
        if self.is_plain() {
            return cross_fit::choose_alpha(splits, rows, &ALPHA_PATH, folds, observer);
        }
        let mut parts: Vec<SearchPart<'_>> =
            splits.iter().map(|split| self.search_part(split, rows, folds)).collect::<Result<_>>()?;
        let strengths = match self.penalty {
            Penalty::L2 => ALPHA_PATH.to_vec(),
            Penalty::Group => {
                let mut most: f64 = 0.0;
                for part in &parts {
                    let start = Rows::all(&part.fitted).value(&base_rate_start(&part.fitted))?;
                    most = most.max(part.regulariser.alpha_max(&start.gradient) / part.rescaling);
                }
                SHARES.iter().map(|share| share * most).collect()
            }
        };
        penalty::search(strengths, &mut parts, |part, alpha| part.judge(self.penalty, alpha))
    }

    fn search_part<'a>(&self, split: &Split<'a>, rows: f64, folds: u8) -> Result<SearchPart<'a>> {
        let (fitted, judged) = (split.fitted.part(SEARCH_ROWS), split.judged.part(SEARCH_ROWS));
        let fits = self.without_each_fold(&fitted, folds);
        let regulariser = self.regulariser(&fitted, 1.0)?;
        let rescaling = self.rescaling(fitted.totals().all, rows);
        Ok(SearchPart { fitted, judged, forward: split.is_forward(), fits, regulariser, rescaling })
    }

    fn without_each_fold(&self, design: &Design, folds: u8) -> Vec<Fit> {
        (0..folds).map(|_| Fit { theta: base_rate_start(design), ..Fit::default() }).collect()
    }
}

/// The rows of a split that the search looks at, and the fits on those to fit on.
struct SearchPart<'a> {
    fitted: Cow<'a, Design>,
    judged: Cow<'a, Design>,
    /// Whether the rows judged are of a later date than those fitted on.
    forward: bool,
    /// Without each fold.
    fits: Vec<Fit>,
    regulariser: Regulariser,
    /// What a strength per row of all rows is multiplied by.
    rescaling: f64,
}

impl SearchPart<'_> {
    /// The loss of the models that leave a fold out, with the strength `alpha`.
    fn judge(&mut self, penalty: Penalty, alpha: f64) -> Result<HeldOutLoss> {
        let Regulariser { groups, bounds, .. } = std::mem::take(&mut self.regulariser);
        self.regulariser = Regulariser::new(penalty, alpha * self.rescaling, groups, bounds);
        minimise(&mut self.fits, &Rows::all(&self.fitted), &self.regulariser, SEARCH_TOLERANCE)?;
        let models: Vec<Vec<f64>> = self.fits.iter().map(|fit| fit.theta.clone()).collect();
        let blocks: Vec<&DesignBlock> = self.judged.blocks.iter().collect();
        fold_log_loss(&blocks, &models, self.forward)
    }
}

/// Fits without each fold in turn; every pass over the rows is parallel in itself.
fn minimise(fits: &mut [Fit], rows: &Rows, regulariser: &Regulariser, tolerance: f64) -> Result<()> {
    for (fold, fit) in (0..).zip(fits) {
        fit.minimise(&Rows { without: Some(fold), ..rows.clone() }, regulariser, tolerance)?;
    }
    Ok(())
}

/// Rows of a design, but for those of a fold.
#[derive(Clone)]
struct Rows<'a> {
    blocks: Vec<&'a DesignBlock>,
    columns: usize,
    without: Option<u8>,
}

impl Rows<'_> {
    fn all(design: &Design) -> Rows<'_> {
        Rows { blocks: design.blocks.iter().collect(), columns: design.columns(), without: None }
    }

    fn sums(&self, theta: &[f64], curvature: Option<Sample>) -> Result<loss::Sums> {
        let point = Point { theta, without: self.without, curvature, scatter: false };
        Ok(loss::evaluate(&self.blocks, self.columns, &[point])?.remove(0))
    }
}

impl MeanLoss for Rows<'_> {
    type Error = Error;

    fn value(&self, theta: &[f64]) -> Result<LossValue> {
        let sums = self.sums(theta, None)?;
        let rows = sums.weight.max(f64::MIN_POSITIVE);
        Ok(LossValue { log_loss: sums.loss / rows, gradient: sums.gradient.iter().map(|g| g / rows).collect() })
    }

    fn curvature(&self, theta: &[f64]) -> Result<Square> {
        let sums = self.sums(theta, Some(curvature_sample(&self.blocks)))?;
        let values = sums.gram.map(|gram| gram.over(1.0)).unwrap_or_default();
        Ok(Square { size: theta.len(), values })
    }
}

#[cfg(test)]
mod tests;
