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
use rayon::prelude::*;
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
    /// a ridge, the root of the rows times `alpha` for a threshold.
    pub fn rescaling(&self, looked_at: usize, rows: usize) -> f64 {
        let ratio = rows.max(1) as f64 / looked_at.max(1) as f64;
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
        rows: usize,
        folds: u8,
        start: Option<&LogisticFit>,
        observer: &dyn Observer,
    ) -> Result<Vec<Vec<f64>>> {
        let of_split = |split: &Split| -> Result<Vec<f64>> {
            let alpha = alpha * self.rescaling(split.fitted.rows(), rows);
            if self.is_plain() {
                return Ok(cross_fit::cross_fit(split, alpha, folds, start, observer)?.concat());
            }
            let mut fits = self.without_each_fold(split.fitted, folds);
            let regulariser = self.regulariser(split.fitted, alpha)?;
            minimise(&mut fits, &Rows::all(split.fitted), &regulariser, CROSS_FIT_TOLERANCE)?;
            let models: Vec<Vec<f64>> = fits.into_iter().map(|fit| fit.theta).collect();
            let blocks: Vec<Vec<f64>> =
                split.judged.blocks.par_iter().map(|block| log_odds(block, &models)).collect::<Result<_>>()?;
            Ok(blocks.concat())
        };
        splits.iter().map(of_split).collect()
    }

    /// The strength per row of so many `rows` with the lowest log-loss on the rows judged, each fit starting from the
    /// one with the next stronger penalty. Above 40,000 rows the fits of a split use every so many-th block.
    ///
    /// # Errors
    /// As [`Constraints::fit`].
    pub fn choose_alpha(
        &self,
        splits: &[Split],
        rows: usize,
        folds: u8,
        observer: &dyn Observer,
    ) -> Result<AlphaChoice> {
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

    fn search_part<'a>(&self, split: &Split<'a>, rows: usize, folds: u8) -> Result<SearchPart<'a>> {
        let (fitted, judged) = (split.fitted.part(SEARCH_ROWS), split.judged.part(SEARCH_ROWS));
        let fits = self.without_each_fold(&fitted, folds);
        let regulariser = self.regulariser(&fitted, 1.0)?;
        let rescaling = self.rescaling(fitted.rows(), rows);
        Ok(SearchPart { fitted, judged, fits, regulariser, rescaling })
    }

    fn without_each_fold(&self, design: &Design, folds: u8) -> Vec<Fit> {
        (0..folds).map(|_| Fit { theta: base_rate_start(design), ..Fit::default() }).collect()
    }
}

/// The rows of a split that the search looks at, and the fits on those to fit on.
struct SearchPart<'a> {
    fitted: Cow<'a, Design>,
    judged: Cow<'a, Design>,
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
        fold_log_loss(&blocks, &models)
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
        let rows = sums.rows.max(1) as f64;
        Ok(LossValue { log_loss: sums.loss / rows, gradient: sums.gradient.iter().map(|g| g / rows).collect() })
    }

    fn curvature(&self, theta: &[f64]) -> Result<Square> {
        let sums = self.sums(theta, Some(curvature_sample(&self.blocks)))?;
        let values = sums.gram.map(|gram| gram.over(1)).unwrap_or_default();
        Ok(Square { size: theta.len(), values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::design::examples::{from_columns, random, split, uniform};
    use crate::model::linear::{CheckedColumns, Trial};
    use crate::observer::Silent;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Golden {
        x: Vec<Vec<f32>>,
        y: Vec<u8>,
        signs: Vec<i8>,
        groups: Vec<[usize; 2]>,
        bounded: Case,
        alone: Case,
        grouped: Case,
        both: Case,
    }

    #[derive(Deserialize)]
    struct Case {
        alpha: f64,
        theta: Vec<f64>,
    }

    fn constraints(penalty: Penalty, features: Vec<Range<usize>>, bounds: Vec<Bound>) -> Constraints {
        let feature = |columns: Range<usize>| ConstrainedFeature {
            name: format!("f{}", columns.start),
            columns,
            direction: None,
        };
        Constraints { penalty, features: features.into_iter().map(feature).collect(), bounds, fixed: true }
    }

    fn golden() -> (Golden, Design) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/restrictions/linear.json");
        let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let fold = (0..golden.y.len()).map(|row| (row % 5) as u8).collect();
        let design = split(&from_columns(golden.x.concat(), golden.y.clone(), fold), 100);
        (golden, design)
    }

    fn bounds(golden: &Golden) -> Vec<Bound> {
        let bound = |sign: &i8| match sign {
            1 => Bound::NotNegative,
            -1 => Bound::NotPositive,
            _ => Bound::Free,
        };
        golden.signs.iter().map(bound).collect()
    }

    /// A problem of which other solvers have found the solution.
    struct Solved<'a> {
        name: &'static str,
        case: &'a Case,
        design: Design,
        constraints: Constraints,
    }

    fn solved<'a>(golden: &'a Golden, design: &Design) -> Vec<Solved<'a>> {
        let (free, bound) = (vec![Bound::Free; 11], bounds(golden));
        let each: Vec<_> = (0..11).map(|j| j..j + 1).collect();
        let groups: Vec<_> = golden.groups.iter().map(|&[first, end]| first..end).collect();
        let first_eight = from_columns(golden.x[..8].concat(), golden.y.clone(), vec![0; golden.y.len()]);

        let problem = |name, case, design: &Design, penalty, features, bounds| Solved {
            name,
            case,
            design: design.clone(),
            constraints: constraints(penalty, features, bounds),
        };
        vec![
            problem("bounded", &golden.bounded, design, Penalty::L2, each.clone(), bound.clone()),
            problem("alone", &golden.alone, &first_eight, Penalty::Group, each[..8].to_vec(), free[..8].to_vec()),
            problem("grouped", &golden.grouped, design, Penalty::Group, groups.clone(), free),
            problem("both", &golden.both, design, Penalty::Group, groups, bound),
        ]
    }

    #[test]
    fn coefficients_are_those_of_other_solvers() {
        let (golden, design) = golden();
        for Solved { name, case, design, constraints } in solved(&golden, &design) {
            let fit = constraints.fit(&design, case.alpha, None).unwrap();
            assert!(fit.report.converged, "{name}: {:?}", fit.advice);
            let found = fit.coefficients.iter().chain([&fit.intercept]);
            for (at, (found, expected)) in found.zip(&case.theta).enumerate() {
                assert!((found - expected).abs() < 1e-7, "{name} {at}: {found} against {expected}");
                assert_eq!(*found == 0.0, expected.abs() < 1e-9, "{name} {at}: {found} against {expected}");
            }
            let dropped = case.theta.iter().filter(|theta| theta.abs() < 1e-9).count();
            assert!(dropped > 0, "{name} tests nothing");
        }
    }

    #[test]
    fn linfa_confirms_the_coefficients_that_nothing_holds_at_zero() {
        let (golden, design) = golden();
        for Solved { name, case, design, constraints } in solved(&golden, &design) {
            let fit = constraints.fit(&design, case.alpha, None).unwrap();
            let certificate = constraints.certificate(&design, &fit).unwrap();
            let Certificate::Confirmed(trial) = &certificate else { panic!("{name}: {certificate}") };
            assert!(trial.difference < 1e-6 && trial.displacement > 1e-4, "{name}: {certificate}");
            let checked = fit.coefficients.iter().filter(|x| **x != 0.0).count();
            assert_eq!(trial.columns, Some(CheckedColumns { checked, of: design.columns() }), "{name}");

            // Of a wrong solution it finds a better one.
            let mut wrong = fit.clone();
            let at = wrong.coefficients.iter().position(|x| *x != 0.0).unwrap();
            wrong.coefficients[at] *= 1.2;
            let certificate = constraints.certificate(&design, &wrong).unwrap();
            assert!(matches!(certificate, Certificate::Differs { .. }), "{name}: {certificate}");
            assert!(certificate.advice().is_some(), "{name}: {certificate}");
        }
    }

    #[test]
    fn of_many_rows_both_solvers_fit_a_sample_of_whole_customers() {
        let mut whole = random(24_000, 6, 5);
        whole.blocks[0].customer.iter_mut().for_each(|customer| *customer /= 2);
        let design = split(&whole, 1_000);
        let dense = 24_000 * 6 * size_of::<f64>();
        for (penalty, bounds) in [
            (Penalty::L2, vec![Bound::Free; 6]),
            (Penalty::L2, vec![Bound::NotNegative; 6]),
            (Penalty::Group, vec![Bound::Free; 6]),
        ] {
            let constraints = constraints(penalty, vec![0..2, 2..4, 4..6], bounds);
            let fit = constraints.fit(&design, 1e-3, None).unwrap();
            for bytes in [dense, dense - 1, dense / 7] {
                let certificate = constraints.certificate_within(bytes, &design, &fit).unwrap();
                let Certificate::Confirmed(Trial { rows: Some(rows), columns, .. }) = &certificate else {
                    panic!("{penalty:?}: {certificate}")
                };
                let taken = rows * columns.map_or(6, |columns| columns.checked) * size_of::<f64>();
                assert!(rows.is_multiple_of(2) && taken <= bytes && 3 * taken > bytes, "{penalty:?}: {certificate}");
            }
        }
    }

    #[test]
    fn a_sample_of_one_class_and_a_model_of_nothing_are_not_checked() {
        let (golden, design) = golden();
        let each: Vec<_> = (0..11).map(|j| j..j + 1).collect();
        let constraints = constraints(Penalty::L2, each, vec![Bound::Zero; 11]);
        let fit = constraints.fit(&design, 0.01, None).unwrap();
        let certificate = constraints.certificate(&design, &fit).unwrap();
        assert_eq!(certificate.to_string(), "not run: every coefficient is held at 0");

        let mut rare = design.clone();
        let labels = rare.blocks.iter_mut().flat_map(|block| &mut block.y).enumerate();
        labels.for_each(|(row, y)| *y = u8::from(row == 1));
        let fit = LogisticFit { alpha: 0.01, ..fit };
        let certificate = constraints.certificate_within(8 * 11 * 30, &rare, &fit).unwrap();
        assert!(certificate.to_string().contains("rows of its sample have one label"), "{certificate}");
        assert_eq!(golden.y.len(), rare.rows());
    }

    #[test]
    fn cross_fitting_leaves_the_fold_out() {
        let (golden, design) = golden();
        let groups = golden.groups.iter().map(|&[first, end]| first..end).collect();
        let constraints = constraints(Penalty::Group, groups, bounds(&golden));
        let found =
            constraints.cross_fit(&[Split::within(&design)], 0.04, design.rows(), 5, None, &Silent).unwrap().concat();
        let keep: Vec<usize> = (0..golden.y.len()).filter(|row| row % 5 != 3).collect();
        let x = golden.x.iter().flat_map(|column| keep.iter().map(|&row| column[row])).collect();
        let others = from_columns(x, keep.iter().map(|&row| golden.y[row]).collect(), vec![0; keep.len()]);
        // The weights of the groups are those of all rows: they say what a column is, and know no label.
        let regulariser = constraints.regulariser(&design, 0.04).unwrap();
        let mut fit = Fit { theta: base_rate_start(&others), ..Fit::default() };
        fit.minimise(&Rows::all(&others), &regulariser, 1e-10).unwrap();
        let expected = design.log_odds(&fit.theta[..11], fit.theta[11]).unwrap().concat();
        for row in (3..golden.y.len()).step_by(5) {
            assert!((found[row] - expected[row]).abs() < 1e-6);
        }
    }

    #[test]
    fn rows_are_judged_that_are_not_among_those_fitted() {
        let (golden, design) = golden();
        let each = (0..11).map(|j| j..j + 1).collect();
        let constraints = constraints(Penalty::L2, each, vec![Bound::Free; 11]);
        let mut later = design.clone();
        later.blocks.truncate(3);

        let z = |later: &Design| {
            let splits = [Split { fitted: &design, judged: later }, Split::within(&design)];
            constraints.cross_fit(&splits, 0.01, golden.y.len(), 5, None, &Silent).unwrap()
        };

        let plain = z(&later);
        assert_eq!(plain[0], plain[1][..300]);
        later.blocks.iter_mut().flat_map(|block| &mut block.y).for_each(|y| *y = 1 - *y);
        assert_eq!(z(&later), plain);
        let choice = |later: &Design| {
            constraints.choose_alpha(&[Split { fitted: &design, judged: later }], golden.y.len(), 5, &Silent).unwrap()
        };
        let (wrong, alone) = (choice(&later), choice(&design));
        assert!(wrong.rows == 300 && alone.rows == golden.y.len());

        // Of rows whose labels are turned round the strongest penalty knows least that is wrong.
        assert!(wrong.alpha > alone.alpha, "{} {}", wrong.alpha, alone.alpha);
    }

    #[test]
    fn the_path_of_the_group_penalty_begins_with_few_features_and_ends_with_many() {
        let (golden, design) = golden();
        let groups: Vec<_> = golden.groups.iter().map(|&[first, end]| first..end).collect();
        let constraints = constraints(Penalty::Group, groups, vec![Bound::Free; 11]);
        let choice = constraints.choose_alpha(&[Split::within(&design)], design.rows(), 5, &Silent).unwrap();
        assert_eq!(choice.path.len(), SHARES.len());
        let dropped = |alpha: f64| {
            let fit = constraints.fit(&design, alpha, None)?;
            Ok::<usize, Error>(constraints.restrictions(&fit).dropped.len())
        };
        let at_first = dropped(choice.path[0].alpha).unwrap();
        assert!((3..6).contains(&at_first), "{at_first} of 6 features");
        assert_eq!(dropped(choice.path[14].alpha).unwrap(), 0);
        let error = dropped(choice.path[0].alpha / 0.69).unwrap_err();
        assert!(matches!(&error, Error::Config(text) if text.contains("drops every feature")), "{error}");
    }

    #[test]
    fn what_was_dropped_stays_out_on_other_rows() {
        let (golden, design) = golden();
        let groups: Vec<_> = golden.groups.iter().map(|&[first, end]| first..end).collect();
        let constraints = constraints(Penalty::Group, groups, vec![Bound::Free; 11]);
        let fit = constraints.fit(&design, 0.15, None).unwrap();
        let dropped = constraints.restrictions(&fit).dropped;
        let again = constraints.clone().without_dropped(&fit).fit(&design, 1e-4, Some(&fit)).unwrap();
        assert!(!dropped.is_empty());
        assert_eq!(constraints.restrictions(&again).dropped, dropped);
        assert!(constraints.restrictions(&constraints.fit(&design, 1e-4, None).unwrap()).dropped.is_empty());
    }

    #[test]
    fn the_optimum_is_found_from_a_sample_of_the_curvature_and_for_any_number_of_threads() {
        let mut next = uniform(3);
        let rows = 210_000;
        let x: Vec<f32> = (0..rows * 3).map(|_| (next() * 4.0 - 2.0) as f32).collect();
        let y = (0..rows).map(|row| u8::from(next() < crate::numeric::sigmoid(f64::from(x[row]) - 2.0))).collect();
        let design = split(&from_columns(x, y, vec![0; rows]), 1_000);
        let constraints =
            constraints(Penalty::Group, vec![0..1, 1..3], vec![Bound::NotNegative, Bound::Free, Bound::NotPositive]);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| constraints.fit(&design, 0.002, None)).unwrap()
        };
        let fit = run(1);
        assert!(fit.report.converged && fit.report.iterations < 30, "{:?}", fit.advice);
        assert_eq!(fit.coefficients, run(3).coefficients);
    }
}
