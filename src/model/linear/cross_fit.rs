//! Cross-fitting: the log-odds of every row from a model that has not seen its customer, and with them the choice of
//! the penalty.
//!
//! The models that leave one fold out differ little from the one fitted on all rows, and so does their curvature: they
//! start from its solution with its curvature, and advance together on passes that compute gradients alone. A model
//! that this does not serve (few rows) gets a curvature of its own.

use super::newton::{self, Newton, Objective};
use super::LogisticFit;
use crate::error::{Error, Result};
use crate::model::calibration::base_rate::level;
use crate::model::design::{base_rate_start, column_scale, Design, DesignBlock};
use crate::model::penalty::{self, AlphaChoice, HeldOutLoss};
use crate::model::solver::cholesky::Cholesky;
use crate::numeric::{softplus, sum};
use crate::observer::{Note, Observer};
use crate::parallel;
use crate::weights::RowWeights;

/// The choice of the penalty looks at about so many rows at most.
pub(super) const SEARCH_ROWS: usize = 40_000;

/// Tolerance of the fits that a calibration is learned from, and of the one on all rows that they start from.
const TOLERANCE: f64 = 1e-9;
const START_TOLERANCE: f64 = 1e-4;

/// Tolerance of the fits that only a log-loss is read from: good for six digits, where its standard error leaves two.
const SEARCH_TOLERANCE: f64 = 1e-6;

/// The most Newton steps.
const MAX_ITERATIONS: u32 = 50;

/// Rows to fit on, and rows to judge the fits on: those of each fold by the fit without it.
pub struct Split<'a> {
    /// The rows to fit on.
    pub fitted: &'a Design,
    /// The rows to judge on; they may be the same.
    pub judged: &'a Design,
}

/// The designs of a split.
pub struct SplitDesigns {
    /// The rows to fit on.
    pub fitted: Design,
    /// The rows to judge on, if they are not the same.
    pub judged: Option<Design>,
}

impl SplitDesigns {
    /// The split.
    pub fn split(&self) -> Split<'_> {
        Split { fitted: &self.fitted, judged: self.judged.as_ref().unwrap_or(&self.fitted) }
    }
}

impl Split<'_> {
    /// All rows, both ways.
    pub fn within(design: &Design) -> Split<'_> {
        Split { fitted: design, judged: design }
    }

    /// Whether the rows judged are of a later date than those fitted on, so that its level is put right first.
    pub fn is_forward(&self) -> bool {
        !std::ptr::eq(self.fitted, self.judged)
    }
}

/// The log-odds of every row judged, block by block, each from the model fitted with the strength `alpha` per row on
/// the rows of the other folds. `start` is a fit on all rows, if there is one; `folds` the number of folds, at least 2.
///
/// # Errors
/// [`Error::TooLittle`] if the rows outside a fold do not hold both churners and customers who stayed;
/// [`Error::Internal`] if a row's fold is not in `0..folds` or the design is of the wrong shape.
pub fn cross_fit(
    split: &Split,
    alpha: f64,
    folds: u8,
    start: Option<&LogisticFit>,
    observer: &dyn Observer,
) -> Result<Vec<Vec<f64>>> {
    let design = split.fitted;
    design.check()?;
    let scale = column_scale(design, &design.profile())?;
    let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
    let start = match start {
        Some(fit) => fit.coefficients.iter().copied().chain([fit.intercept]).collect(),
        None => base_rate_start(design),
    };
    let fits = Fits { blocks: &blocks, scale: &scale, alpha, tolerance: TOLERANCE };
    let (start, factor) = Fits { tolerance: START_TOLERANCE, ..fits }.on_all(start)?;
    let models = fits.without_each_fold(folds, &start, factor, observer)?;
    parallel::try_map(&split.judged.blocks, |block| log_odds(block, &models))
}

/// A model on all rows, and for each fold one that has not seen its customers.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldModels {
    /// The coefficients on all rows, then the intercept.
    pub on_all: Vec<f64>,
    /// The same without the rows of each fold.
    pub without: Vec<Vec<f64>>,
}

/// Fits a design, whose rows may have an offset, on all rows and without each of `folds` folds, with the strength
/// `alpha` per row.
///
/// # Errors
/// As [`cross_fit`].
pub fn fold_models(design: &Design, alpha: f64, folds: u8, observer: &dyn Observer) -> Result<FoldModels> {
    design.check()?;
    let scale = column_scale(design, &design.profile())?;
    let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
    let fits = Fits { blocks: &blocks, scale: &scale, alpha, tolerance: TOLERANCE };
    // What is known beforehand has the base rate in it already.
    let (on_all, factor) = fits.on_all(vec![0.0; design.columns() + 1])?;
    let without = fits.without_each_fold(folds, &on_all, factor, observer)?;
    Ok(FoldModels { on_all, without })
}

/// The strength from `path` with the lowest out-of-fold log-loss, each fit starting from the one with the next
/// stronger penalty.
///
/// Above about 40,000 rows the fits of a split use every so many-th block, the same ones every time, and so do those
/// that judge them. What is kept from the search is the penalty as a whole, rows times `alpha`, which does not depend
/// on the number of rows: it says how large effects are expected to be. The strengths tried, and the one chosen, are
/// per row of so many `rows`, each counted as often as it stands for a customer.
///
/// # Errors
/// As [`cross_fit`]; [`Error::Internal`] also for an empty path.
pub fn choose_alpha(
    splits: &[Split],
    rows: f64,
    path: &[f64],
    folds: u8,
    observer: &dyn Observer,
) -> Result<AlphaChoice> {
    let mut parts: Vec<SearchPart<'_>> = splits.iter().map(SearchPart::new).collect::<Result<_>>()?;
    penalty::search(path.to_vec(), &mut parts, |part, alpha| part.judge(alpha, rows, folds, observer))
}

/// The blocks of a split that the search looks at, and the fit on those to fit on.
struct SearchPart<'a> {
    fitted: Vec<&'a DesignBlock>,
    judged: Vec<&'a DesignBlock>,
    /// Whether the rows judged are of a later date than those fitted on.
    forward: bool,
    scale: Vec<f64>,
    theta: Vec<f64>,
}

impl<'a> SearchPart<'a> {
    fn new(split: &Split<'a>) -> Result<SearchPart<'a>> {
        split.fitted.check()?;
        let part = |design: &'a Design| -> Vec<&'a DesignBlock> {
            design.blocks.iter().step_by(design.rows().div_ceil(SEARCH_ROWS).max(1)).collect()
        };
        Ok(SearchPart {
            fitted: part(split.fitted),
            judged: part(split.judged),
            forward: split.is_forward(),
            scale: column_scale(split.fitted, &split.fitted.profile())?,
            theta: base_rate_start(split.fitted),
        })
    }

    /// The loss of the models that leave a fold out, with the strength `alpha` per row of so many `rows`.
    fn judge(&mut self, alpha: f64, rows: f64, folds: u8, observer: &dyn Observer) -> Result<HeldOutLoss> {
        let fitted = newton::totals(&self.fitted).all;
        let alpha = alpha * rows / fitted.max(f64::MIN_POSITIVE);
        let fits = Fits { blocks: &self.fitted, scale: &self.scale, alpha, tolerance: SEARCH_TOLERANCE };
        let (theta, factor) = fits.on_all(std::mem::take(&mut self.theta))?;
        let models = fits.without_each_fold(folds, &theta, factor, observer)?;
        self.theta = theta;
        fold_log_loss(&self.judged, &models, self.forward)
    }
}

/// Fits on the same rows with the same settings.
#[derive(Clone, Copy)]
struct Fits<'a> {
    blocks: &'a [&'a DesignBlock],
    scale: &'a [f64],
    alpha: f64,
    tolerance: f64,
}

impl<'a> Fits<'a> {
    fn new_fit(&self, without: Option<u8>, start: Vec<f64>, factor: Option<Cholesky>) -> Newton<'a> {
        let objective = Objective {
            without,
            alpha: self.alpha,
            scale: self.scale,
            tolerance: self.tolerance,
            max_iterations: MAX_ITERATIONS,
        };
        Newton::new(objective, start, factor)
    }

    /// The parameters fitted on all rows, and the factor of the curvature there.
    fn on_all(&self, start: Vec<f64>) -> Result<(Vec<f64>, Option<Cholesky>)> {
        let mut fits = [self.new_fit(None, start, None)];
        newton::advance(self.blocks, self.scale.len(), &mut fits)?;
        let [fit] = fits;
        let factor = fit.factor().cloned();
        Ok((fit.theta, factor))
    }

    /// For each fold the parameters fitted on the other folds' rows, starting from `start` with the `factor` there.
    fn without_each_fold(
        &self,
        folds: u8,
        start: &[f64],
        factor: Option<Cholesky>,
        observer: &dyn Observer,
    ) -> Result<Vec<Vec<f64>>> {
        if folds < 2 {
            return Err(Error::Internal(format!("{folds} folds to cross-fit on; at least 2 are needed")));
        }
        let mut counts = vec![(0usize, 0usize); usize::from(folds)];
        for (&fold, &y) in self.blocks.iter().flat_map(|block| block.fold.iter().zip(&block.y)) {
            let Some((rows, churners)) = counts.get_mut(usize::from(fold)) else {
                return Err(Error::Internal(format!(
                    "a row of the design is in fold {fold} of {folds}, counted from 0"
                )));
            };
            *rows += 1;
            *churners += usize::from(y);
        }

        let (all, all_churners) = counts.iter().fold((0, 0), |(n, c), (rows, churners)| (n + rows, c + churners));
        for (fold, (rows, churners)) in counts.into_iter().enumerate() {
            let (rows, churners) = (all - rows, all_churners - churners);
            if churners == 0 || churners == rows {
                return Err(Error::TooLittle(format!(
                    "{churners} of the {rows} rows outside fold {fold} of {folds} churned; every fold must leave both \
                     churners and customers who stayed: use more history"
                )));
            }
        }

        let mut fits: Vec<Newton> =
            (0..folds).map(|fold| self.new_fit(Some(fold), start.to_vec(), factor.clone())).collect();
        newton::advance(self.blocks, self.scale.len(), &mut fits)?;
        for (fold, fit) in fits.iter().enumerate().filter(|(_, fit)| !fit.converged()) {
            observer.note(&Note::warning(format!(
                "the model that leaves out fold {fold} did not converge with the penalty {:.0e}: its scaled gradient \
                 is {:.0e}",
                self.alpha, fit.gradient_norm
            )));
        }

        Ok(fits.into_iter().map(|fit| fit.theta).collect())
    }
}

/// The log-odds of the rows of a block, each from the model at the place of its fold.
pub(super) fn log_odds(block: &DesignBlock, models: &[Vec<f64>]) -> Result<Vec<f64>> {
    let values = block.columns()?;
    let at = |j: usize| -> Vec<f64> { models.iter().map(|theta| theta[j]).collect() };
    let columns = models.first().map_or(0, |theta| theta.len() - 1);
    let intercepts = at(columns);
    let mut log_odds: Vec<f64> = block.fold.iter().map(|&fold| intercepts[usize::from(fold)]).collect();
    log_odds.iter_mut().zip(block.offset()).for_each(|(sum, known)| *sum += known);
    for j in 0..columns {
        let coefficients = at(j);
        for ((sum, &x), &fold) in log_odds.iter_mut().zip(values.column(j)).zip(&block.fold) {
            *sum += coefficients[usize::from(fold)] * f64::from(x);
        }
    }
    Ok(log_odds)
}

/// Mean log-loss of all rows, each under the model without its fold, and its standard error from the folds' spread;
/// `levelled` after the level of all rows was put right.
pub(super) fn fold_log_loss(blocks: &[&DesignBlock], models: &[Vec<f64>], levelled: bool) -> Result<HeldOutLoss> {
    let predicted: Vec<Vec<f64>> = parallel::try_map(blocks, |block| log_odds(block, models))?;
    let labels = blocks.iter().flat_map(|block| &block.y);
    let weights = RowWeights::joined(blocks.iter().map(|block| (&block.weights, block.rows)));
    let shift = if levelled { level(&predicted.concat(), labels, &weights) } else { 0.0 };
    let of_block = |(block, log_odds): (&&DesignBlock, Vec<f64>)| {
        let mut folds = vec![(0.0, 0.0); models.len()];
        for (row, ((z, &y), &fold)) in log_odds.into_iter().zip(&block.y).zip(&block.fold).enumerate() {
            let weight = block.weights.of(row);
            let (all, loss) = &mut folds[usize::from(fold)];
            *all += weight;
            *loss += weight * softplus(if y == 1 { -(z + shift) } else { z + shift });
        }
        folds
    };
    let by_block: Vec<Vec<(f64, f64)>> = parallel::map(blocks.iter().zip(predicted), of_block);

    let folds: Vec<(f64, f64)> = (0..models.len())
        .map(|fold| (by_block.iter().map(|folds| folds[fold].0).sum(), sum(by_block.iter().map(|folds| folds[fold].1))))
        .filter(|&(weight, _)| weight > 0.0)
        .collect();

    let rows = blocks.iter().map(|block| block.rows).sum();
    let weight: f64 = folds.iter().map(|(weight, _)| weight).sum();
    let mean = sum(folds.iter().map(|(_, loss)| *loss)) / weight;

    // Weighted by the folds' sizes, which differ a little as customers are dealt out by hash.
    let spread = sum(folds.iter().map(|&(of, loss)| of * (loss / of - mean).powi(2))) / weight;
    let degrees = folds.len().saturating_sub(1).max(1);
    Ok(HeldOutLoss { rows, weight, log_loss: mean, standard_error: (spread / degrees as f64).sqrt() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::design::examples::{from_columns, random, rows_of, split};
    use crate::model::linear::{fit, LogisticParams};
    use crate::model::penalty::{ALPHA_PATH, PATIENCE};
    use crate::observer::Silent;
    use proptest::prelude::*;

    /// Refits without each fold on a design that does not hold it.
    fn brute_force(design: &Design, alpha: f64, folds: u8) -> Vec<Vec<f64>> {
        let mut log_odds: Vec<Vec<f64>> = design.blocks.iter().map(|block| vec![0.0; block.rows]).collect();
        for left_out in 0..folds {
            let mut others = design.clone();
            for block in &mut others.blocks {
                let keep: Vec<usize> = (0..block.rows).filter(|&row| block.fold[row] != left_out).collect();
                *block = rows_of(block, &keep, block.family);
            }
            let model = fit(&others, &LogisticParams::new(alpha).certificate_bytes(0)).unwrap();
            assert!(model.report.converged);
            for ((to, from), block) in log_odds.iter_mut().zip(model.log_odds(design).unwrap()).zip(&design.blocks) {
                for row in (0..block.rows).filter(|&row| block.fold[row] == left_out) {
                    to[row] = from[row];
                }
            }
        }
        log_odds
    }

    fn largest_difference(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
        a.concat().iter().zip(b.concat()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn cross_fitting_equals_refitting(seed in 0..1000_u64, rows in 150..900_usize, columns in 1..9_usize, power in 0..4_i32) {
            let design = split(&random(rows, columns, seed), 100);
            let alpha = 10_f64.powi(-1 - power);
            let start = fit(&design, &LogisticParams::new(alpha).certificate_bytes(0)).unwrap();
            let found = cross_fit(&Split::within(&design), alpha, 5, Some(&start), &Silent).unwrap();
            let difference = largest_difference(&found, &brute_force(&design, alpha, 5));
            prop_assert!(difference < 1e-6, "{difference}");
        }
    }

    #[test]
    fn cross_fitting_works_without_a_penalty() {
        let design = split(&random(2_000, 6, 5), 256);
        let start = fit(&design, &LogisticParams::new(0.0).certificate_bytes(0)).unwrap();
        let found = cross_fit(&Split::within(&design), 0.0, 5, Some(&start), &Silent).unwrap();
        assert!(largest_difference(&found, &brute_force(&design, 0.0, 5)) < 1e-6);
        assert!(largest_difference(&found, &start.log_odds(&design).unwrap()) > 1e-3);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(
                pool.install(|| cross_fit(&Split::within(&design), 0.0, 5, Some(&start), &Silent)).unwrap(),
                found
            );
        }
    }

    #[test]
    fn the_penalty_with_the_lowest_out_of_fold_loss_is_chosen() {
        let design = split(&random(400, 8, 2), 128);
        let choice = choose_alpha(&[Split::within(&design)], design.totals().all, &ALPHA_PATH, 5, &Silent).unwrap();
        assert_eq!(choice.rows, 400);
        assert!(choice.path.iter().zip(ALPHA_PATH).all(|(score, alpha)| score.alpha == alpha));
        for score in &choice.path {
            let log_odds = brute_force(&design, score.alpha, 5).concat();
            let p: Vec<f64> = log_odds.iter().map(|&z| crate::numeric::sigmoid(z)).collect();
            let y: Vec<u8> = design.blocks.iter().flat_map(|block| block.y.clone()).collect();
            let expected = crate::metrics::log_loss(&y, &p).unwrap();
            assert!((score.log_loss - expected).abs() < 1e-6, "{score:?} against {expected}");
            assert!(score.standard_error > 0.0 && score.standard_error < 0.1);
        }
        let least = choice.path.iter().map(|score| score.log_loss).fold(f64::INFINITY, f64::min);
        let chosen = choice.path.iter().position(|score| score.log_loss == least).unwrap();
        assert_eq!(choice.path[chosen].alpha, choice.alpha);
        // Two in a row that do worse end the search.
        assert_eq!(choice.path.len(), (chosen + 1 + PATIENCE).min(ALPHA_PATH.len()));
    }

    #[test]
    fn forward_in_time_penalties_are_compared_at_the_level_of_the_later_date() {
        let fitted = split(&random(400, 8, 2), 128);
        let mut judged = fitted.clone();
        let churners = judged.blocks.iter_mut().flat_map(|block| &mut block.y).filter(|y| **y == 1);
        churners.step_by(2).for_each(|y| *y = 0);
        let forward = Split { fitted: &fitted, judged: &judged };
        let choice = choose_alpha(&[forward], fitted.totals().all, &[1e-3, 1e-2, 1e-1], 5, &Silent).unwrap();

        let y: Vec<u8> = judged.blocks.iter().flat_map(|block| block.y.clone()).collect();
        for score in &choice.path {
            let split = Split { fitted: &fitted, judged: &judged };
            let log_odds = cross_fit(&split, score.alpha, 5, None, &Silent).unwrap().concat();
            let loss = |shift: f64| {
                let p: Vec<f64> = log_odds.iter().map(|&z| crate::numeric::sigmoid(z + shift)).collect();
                crate::metrics::log_loss(&y, &p).unwrap()
            };
            // The least over all shifts, to within a thousandth of one.
            let least = (-3_000..=3_000).map(|step| loss(f64::from(step) / 1_000.0)).fold(f64::INFINITY, f64::min);
            assert!((score.log_loss - least).abs() < 1e-6, "{score:?} against {least}");
            assert!(loss(0.0) > least + 0.01);
        }
    }

    /// What `tests/golden/response.py` writes; `x` has the columns.
    #[derive(serde::Deserialize)]
    struct WithOffset {
        x: Vec<Vec<f32>>,
        y: Vec<u8>,
        offset: Vec<f64>,
        fold: Vec<u8>,
        alpha: f64,
        on_all: Vec<f64>,
        without: Vec<Vec<f64>>,
    }

    #[test]
    fn fits_that_add_to_known_log_odds_are_those_of_statsmodels() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/response/offset.json");
        let golden: Vec<WithOffset> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for case in golden {
            let mut design = from_columns(case.x.concat(), case.y, case.fold);
            let block = design.blocks.remove(0).with_offset(case.offset);
            // In blocks of 70 rows, each with its part of the offset.
            design.blocks.push(block);
            let design = split(&design, 70);
            let found = fold_models(&design, case.alpha, 5, &Silent).unwrap();
            let pairs = [(&found.on_all, &case.on_all)].into_iter().chain(found.without.iter().zip(&case.without));
            for (found, expected) in pairs {
                for (found, expected) in found.iter().zip(expected) {
                    assert!((found - expected).abs() < 1e-7, "{found} {expected} at {}", case.alpha);
                }
            }

            // What is known has a part in the log-odds of every row.
            let (coefficients, intercept) = found.on_all.split_at(found.on_all.len() - 1);
            let sigmoids = design.log_odds(coefficients, intercept[0]).unwrap().concat();
            let mean = sigmoids.iter().map(|&z| crate::numeric::sigmoid(z)).sum::<f64>() / sigmoids.len() as f64;
            assert!((mean - design.churners() as f64 / design.rows() as f64).abs() < 1e-7);
        }

        let mut design = random(10, 1, 1);
        let block = design.blocks.remove(0).with_offset(vec![0.0, f64::NAN]);
        design.blocks.push(block);
        assert!(design.check().unwrap_err().to_string().contains("2 offsets for 10 rows"));
    }

    #[test]
    fn a_large_design_is_searched_on_part_of_its_blocks() {
        let design = split(&random(210_000, 1, 4), 1_000);
        let choice = choose_alpha(&[Split::within(&design)], design.totals().all, &[1e-5, 1e-3], 5, &Silent).unwrap();
        assert_eq!(choice.rows, 35_000);
        assert_eq!(choice.path.iter().map(|score| score.alpha).collect::<Vec<_>>(), [1e-3, 1e-5]);
    }

    #[test]
    fn folds_that_cannot_be_fitted_are_refused() {
        let good = random(200, 2, 1);
        let start = fit(&good, &LogisticParams::new(0.01)).unwrap();
        let error = cross_fit(&Split::within(&good), 0.01, 3, Some(&start), &Silent).unwrap_err();
        assert!(error.to_string().contains("of 3"), "{error}");
        assert!(cross_fit(&Split::within(&good), 0.01, 1, Some(&start), &Silent).is_err());
        // All churners in fold 1.
        let design = from_columns(vec![0.1, 0.2, 0.3, 0.4], vec![1, 1, 0, 0], vec![1, 1, 0, 1]);
        let start = fit(&design, &LogisticParams::new(0.1)).unwrap();
        let error = cross_fit(&Split::within(&design), 0.1, 2, Some(&start), &Silent).unwrap_err();
        assert_eq!(error.exit_code(), 5);
        assert!(error.to_string().contains("0 of the 1 rows outside fold 1"), "{error}");
        assert!(choose_alpha(&[Split::within(&good)], good.totals().all, &[], 5, &Silent).is_err());
    }
}
