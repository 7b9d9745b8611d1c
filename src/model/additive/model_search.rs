//! From rows to a choice: the search on a part of them, the comparison of what it found, the fit of what was chosen.

use super::candidate::{per_row, strength, Candidate};
use super::codes::{by_fold, totals, CodeBlock};
use super::comparison::{Attempt, Comparison, Step, BASE_RATE, CURVES, FINE, INTERACTIONS, LINEAR};
use super::cross_validation::{CrossValidation, OutOfFold, Split};
use super::fit::{CrossFit, CrossFitted, Fit, Plan, Start};
use super::frame::Frame;
use super::search::{Choice, Round, Search, SearchResult};
use super::shape::Shape;
use crate::clock::Clock;
use crate::config::Penalty;
use crate::dataset::folds::CustomerFolds;
use crate::dataset::time_split::Origin;
use crate::dataset::{Dataset, Selection};
use crate::error::{Error, Result};
use crate::features::Directions;
use crate::model::design::recipe::Recipe;
use crate::model::penalty::{AlphaChoice, AlphaScore};
use crate::model::sampling::CaseControl;
use crate::observer::Observer;
use std::borrow::Cow;
/// The search looks at about so many rows at most, or at fewer where they have very many features.
const SEARCH_ROWS: usize = 60_000;
const SEARCH_CODES: usize = 200_000_000;
/// With more training rows than this terms get no scales of their own: the more rows, the less the penalty says, and
/// the search would take megabytes more than a memory limit counts on.
const MOST_SCALED_ROWS: usize = 100_000;
/// With more than this no fine interactions are tried, nor penalties anew with scales. On the tens of thousands of the
/// demo fine interactions doubled the time of a training and were not chosen.
const MOST_THOROUGH_ROWS: usize = 20_000;

/// The rows that steps are compared on.
pub fn search_rows(dataset: &Dataset, rows: &Selection, penalty: Penalty, seed: u64) -> CaseControl {
    let features = dataset.catalogue.names().count().max(1);
    let most = SEARCH_ROWS.min(SEARCH_CODES / features).max(1);
    // Another seed than that of the folds, or a fold would be missing.
    CaseControl::of(dataset, rows, penalty, most, seed.wrapping_add(1))
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
    /// Whether nothing but chance speaks for the features: then no gain of theirs over the base rate counts.
    pub by_chance: bool,
}

/// The linear model, as richer ones are compared with it.
pub struct LinearCandidate {
    /// Its out-of-fold log-odds in the order of the data set, for each origin if there are any.
    pub log_odds: Vec<Vec<f64>>,
    /// Its penalty per row of all training rows.
    pub alpha: f64,
}

/// A model that may be chosen.
struct Alternative<'a> {
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
    /// How many of those who stayed each row of one of them stands for.
    stayed_for: f64,
    result: SearchResult,
    /// How many training rows there are, of which the search has looked at all or some.
    training_rows: usize,
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
        CaseControl { rows: part, stayed_for }: &CaseControl,
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
            let rows_of = |part: usize| totals(&parts[part]).all;
            let all: Vec<usize> = origin.earlier.iter().flat_map(|date| first(date)..first(date) + folds).collect();
            let rows = all.iter().map(|&part| rows_of(part)).sum();
            for (fold, judged) in (0..options.folds.count).zip(first(&origin.judged)..) {
                let fitted = all.iter().copied().filter(|part| part % folds != usize::from(fold)).collect();
                splits.push(Split { fitted, judged, rows, origin: place, fold });
            }
        }

        let training_rows = training.count();
        let stayed_for = *stayed_for;
        let validation =
            CrossValidation { parts: &parts, splits: &splits, stayed_for, forward: !options.origins.is_empty() };
        let result = search_of(&frame, validation, training_rows, &options).run();
        Ok(ModelSearch { frame, judged, parts, splits, stayed_for, result, training_rows, options })
    }

    fn validation(&self) -> CrossValidation<'_> {
        let ModelSearch { parts, splits, stayed_for, .. } = self;
        CrossValidation { parts, splits, stayed_for: *stayed_for, forward: !self.options.origins.is_empty() }
    }

    /// Rows that were judged.
    fn rows(&self) -> usize {
        self.judged.iter().flatten().map(|block| block.rows).sum()
    }

    /// Compares the steps: the linear model first, if it is given. The training rows stand for so many customers.
    pub fn compare(&self, linear: Option<&LinearCandidate>, training_rows: f64) -> Comparison {
        let validation = self.validation();
        let alternatives = self.alternatives(linear, training_rows);

        let mut steps: Vec<Step> = Vec::new();
        for (at, alternative) in alternatives.iter().enumerate() {
            let loss = validation.loss(&alternative.log_odds);
            let gain =
                at.checked_sub(1).map(|before| validation.gain(&alternatives[before].log_odds, &alternative.log_odds));
            steps.push(Step {
                complexity: alternative.complexity.to_owned(),
                alpha: alternative.alpha,
                interactions: alternative.interactions,
                log_loss: loss.mean,
                standard_error: loss.standard_error,
                gain: gain.map(|gain| gain.mean),
                gain_standard_error: gain.map(|gain| gain.standard_error),
            });
        }

        // A penalty that is given is not held against none.
        let first = usize::from(self.options.alpha.is_some());
        let lowest = |steps: &[Step]| {
            (first..steps.len()).min_by(|&a, &b| steps[a].log_loss.total_cmp(&steps[b].log_loss)).unwrap_or(first)
        };
        let mut best = lowest(&steps);
        // Fine interactions are thousands of cells without bands: what chance alone may give is no reason to take them.
        if best > first && steps[best].complexity == FINE {
            let simpler = lowest(&steps[..best]);
            let gain = validation.gain(&alternatives[simpler].log_odds, &alternatives[best].log_odds);
            if gain.mean <= gain.standard_error {
                best = simpler;
            }
        }

        // Chance alone makes some model better than none, half of the time.
        let is_good_enough = |&at: &usize| {
            let gain = validation.gain(&alternatives[at].log_odds, &alternatives[best].log_odds);
            let is_base_rate = steps[at].complexity == BASE_RATE;
            let has_slack = self.options.one_standard_error || is_base_rate;
            let is_within = gain.mean <= if has_slack { gain.standard_error } else { 0.0 };
            at == best || is_within || is_base_rate && self.options.by_chance
        };
        let chosen = (first..steps.len()).find(is_good_enough).unwrap_or(best);
        let origins = self.options.origins.len();
        let (chosen, attempts) = (steps[chosen].complexity.clone(), self.attempts(training_rows));
        Comparison { rows: self.rows(), origins, steps, chosen, attempts }
    }

    /// The penalty per row that a strength is on so many training rows, unless it is fixed.
    fn per_row(&self, strength: f64, training_rows: f64) -> f64 {
        self.options.alpha.unwrap_or(per_row(self.options.penalty, strength, training_rows))
    }

    /// What the search tried, in its order.
    fn attempts(&self, training_rows: f64) -> Vec<Attempt> {
        let SearchResult { curves, interactions, fine, rounds, first_fine, .. } = &self.result;
        let path = |complexity: &'static str, choice: &Choice| -> Vec<Attempt> {
            let has_scales = choice.refinement.is_some();
            let attempt = |score: &AlphaScore, scaled: bool| Attempt {
                complexity: complexity.to_owned(),
                alpha: self.per_row(score.alpha, training_rows),
                interactions: choice.pairs,
                detail: choice.refinement.map(|refinement| refinement.detail).unwrap_or_default(),
                scaled,
                log_loss: score.log_loss,
                standard_error: score.standard_error,
                kept: scaled == has_scales && score.alpha == choice.strength,
                first_folds: false,
            };
            let (mut plain, mut scaled) = (&choice.path, &choice.other_path);
            if has_scales {
                std::mem::swap(&mut plain, &mut scaled);
            }
            let without = plain.iter().map(|score| attempt(score, false));
            without.chain(scaled.iter().map(|score| attempt(score, true))).collect()
        };
        let round = |complexity: &'static str, round: &Round, first_folds: bool| Attempt {
            complexity: complexity.to_owned(),
            alpha: self.per_row(round.strength, training_rows),
            interactions: round.pairs,
            detail: round.detail,
            scaled: round.detail.is_fine(),
            log_loss: round.loss.mean,
            standard_error: round.loss.standard_error,
            kept: round.kept,
            first_folds,
        };

        let mut attempts = path(CURVES, curves);
        attempts.extend(rounds.iter().map(|tried| round(INTERACTIONS, tried, false)));
        attempts.extend(interactions.iter().flat_map(|choice| path(INTERACTIONS, choice)));
        attempts.extend(first_fine.iter().map(|tried| round(FINE, tried, true)));
        attempts.extend(fine.iter().flat_map(|choice| path(FINE, choice)));
        attempts
    }

    /// What may be chosen, simplest first.
    fn alternatives(&self, linear: Option<&LinearCandidate>, training_rows: f64) -> Vec<Alternative<'_>> {
        let base_rate = Alternative {
            complexity: BASE_RATE,
            alpha: 0.0,
            interactions: 0,
            log_odds: Cow::Borrowed(&self.result.base_rate.log_odds),
        };
        let linear = linear.map(|linear| Alternative {
            complexity: LINEAR,
            alpha: linear.alpha,
            interactions: 0,
            log_odds: Cow::Owned(self.fold_by_fold(&linear.log_odds)),
        });

        let curves = &self.result.curves;
        let curves = Alternative {
            complexity: CURVES,
            alpha: self.per_row(curves.strength, training_rows),
            interactions: 0,
            log_odds: Cow::Borrowed(&curves.log_odds),
        };

        let with_pairs = [(INTERACTIONS, &self.result.interactions), (FINE, &self.result.fine)];
        let with_pairs = with_pairs.into_iter().filter_map(|(complexity, choice)| {
            let choice = choice.as_ref()?;
            let log_odds = Cow::Borrowed(&choice.log_odds);
            Some(Alternative {
                complexity,
                alpha: self.per_row(choice.strength, training_rows),
                interactions: choice.pairs,
                log_odds,
            })
        });

        [base_rate].into_iter().chain(linear).chain([curves]).chain(with_pairs).collect()
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
    fn choice(&self, complexity: &str) -> &Choice {
        let SearchResult { base_rate, curves, interactions, fine, .. } = &self.result;
        match (complexity, interactions, fine) {
            (BASE_RATE, ..) => base_rate,
            (INTERACTIONS, Some(choice), _) | (FINE, _, Some(choice)) => choice,
            _ => curves,
        }
    }

    /// Fits the step of this name on all training rows. Its out-of-fold log-odds are those of the search itself if that
    /// saw every row: there every fold made its own choices, so not even these have seen the fold.
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
        let choice = self.choice(complexity);
        let (shape, start) = match complexity {
            BASE_RATE => (Shape::default(), None),
            _ => {
                let Candidate { shape, mut theta, curvature, .. } =
                    search_of(&self.frame, self.validation(), self.training_rows, &self.options)
                        .of_all_rows(&self.result.curves, choice);
                if let Some(intercept) = theta.last_mut() {
                    *intercept -= self.stayed_for.ln();
                }
                // That of rows with another share of churners is another one.
                let curvature = curvature.filter(|_| self.stayed_for == 1.0);
                (shape, Some(Start { theta, curvature }))
            }
        };
        let (frame, shape) = self.frame.restricted_to(&shape);

        let training_rows = training.totals(dataset).all;
        let &Options { penalty, alpha, folds, .. } = &self.options;
        let strength = alpha.map_or(choice.strength, |alpha| strength(penalty, alpha, training_rows));
        let plan = Plan { frame, shape, penalty, strength, alpha, dropped: Vec::new() };
        let blocks = plan.frame.encode(dataset, training, folds)?;
        let mut clock = Clock::start(observer);
        let mut fit = Fit::on(plan, &blocks, start, self.options.uncertainty)?;
        clock.lap("tables");
        if self.options.uncertainty {
            fit = fit.certified(&blocks);
            clock.lap("cross-check");
        }
        if alpha.is_none() && !choice.path.is_empty() {
            let per_row = |strength: f64| self.per_row(strength, training_rows);
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
    validation: CrossValidation<'a>,
    training_rows: usize,
    options: &Options,
) -> Search<'a> {
    let &Options { interactions, penalty, alpha, one_standard_error, .. } = options;
    let (scales, thorough) = (training_rows <= MOST_SCALED_ROWS, training_rows <= MOST_THOROUGH_ROWS);
    Search { grids: &frame.grids, validation, interactions, scales, thorough, penalty, alpha, one_standard_error }
}

#[cfg(test)]
mod tests {
    use super::super::search::STRENGTHS;
    use super::super::tests::data;
    use super::*;
    use crate::calendar::Day;
    use crate::model::design::examples::uniform;
    use crate::model::penalty::PATIENCE;
    use crate::numeric::sigmoid;
    use crate::observer::Silent;

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
            by_chance: false,
        };
        let directions = Directions::default();
        let searched =
            ModelSearch::run(&recipe, &dataset, &rows, &CaseControl::all(&rows), &directions, options).unwrap();
        assert_eq!((searched.rows(), searched.splits.len()), (1_000, 5));

        // In the order of the data set and back.
        let labels = searched.judged[0].iter().flat_map(|block| block.y.iter().map(|&y| f64::from(y))).collect();
        for (split, of_split) in searched.splits.iter().zip(searched.fold_by_fold(&[labels])) {
            let blocks = &searched.parts[split.judged];
            assert!(blocks.iter().all(|block| block.fold.iter().all(|&fold| fold == split.fold)));
            let y: Vec<f64> = blocks.iter().flat_map(|block| block.y.iter().map(|&y| f64::from(y))).collect();
            assert_eq!(of_split.concat(), y);
        }

        assert_eq!(searched.compare(None, 2_000.0).origins, 1);
        searched.result.curves.log_odds.into_iter().map(|blocks| blocks.concat()).collect()
    }

    #[test]
    fn of_many_rows_churners_are_searched_with_some_of_those_who_stayed() {
        let mut dataset = data(6_000, 12);
        for block in &mut dataset.blocks {
            let rare = |customer: u32| u8::from(customer.is_multiple_of(20));
            block.labels = block.customers.iter().map(|&customer| Some(rare(customer))).collect();
        }
        let rows = Selection::labelled(&dataset, |_| true);
        let counts = |rows: &Selection| {
            let labels = rows.labels(&dataset);
            let churners = labels.iter().filter(|&&y| y == 1).count();
            [labels.len() - churners, churners]
        };
        let [stayed, churners] = counts(&rows);

        let CaseControl { rows: part, stayed_for } = CaseControl::of(&dataset, &rows, Penalty::L2, 2_000, 1);
        let [kept, all_churners] = counts(&part);
        assert_eq!(all_churners, churners);
        assert!((kept + churners).abs_diff(2_000) < 150, "{kept} {churners}");
        assert!((kept as f64 * stayed_for / stayed as f64 - 1.0).abs() < 0.1, "{kept} {stayed_for} {stayed}");

        // Too few for all churners, with three of the others for each.
        let CaseControl { rows: part, .. } = CaseControl::of(&dataset, &rows, Penalty::L2, churners, 1);
        let [kept, some_churners] = counts(&part);
        assert!(some_churners < churners / 2 && kept > 2 * some_churners, "{kept} {some_churners}");

        let CaseControl { rows: part, stayed_for } = CaseControl::of(&dataset, &rows, Penalty::Group, 2_000, 1);
        assert!(stayed_for == 1.0 && part.count() < 2_500, "{stayed_for} {}", part.count());
        let few = CaseControl::of(&dataset, &rows, Penalty::L2, rows.count(), 1);
        assert_eq!(few, CaseControl::all(&rows));
    }

    #[test]
    fn of_noise_nothing_is_learned() {
        let mut dataset = data(2_000, 9);
        let mut next = uniform(3);
        dataset.blocks.iter_mut().flat_map(|block| &mut block.labels).for_each(|y| *y = Some(u8::from(next() < 0.3)));
        let rows = Selection::labelled(&dataset, |_| true);
        let recipe = Recipe::learn(&dataset, &rows).unwrap();
        let options = Options {
            uncertainty: true,
            origins: Vec::new(),
            penalty: Penalty::L2,
            alpha: None,
            interactions: true,
            one_standard_error: false,
            folds: CustomerFolds { count: 5, seed: 7 },
            by_chance: false,
        };
        let searched =
            ModelSearch::run(&recipe, &dataset, &rows, &CaseControl::all(&rows), &Directions::default(), options)
                .unwrap();
        let comparison = searched.compare(None, 2_000.0);
        assert_eq!((comparison.chosen.as_str(), comparison.steps[0].complexity.as_str()), (BASE_RATE, BASE_RATE));
        // The search ends early: the weaker the penalty, the worse.
        let is_plain = |attempt: &&Attempt| attempt.complexity == CURVES && !attempt.scaled;
        let tried = comparison.attempts.iter().filter(is_plain).count();
        assert!((PATIENCE..STRENGTHS.len()).contains(&tried), "{tried}");

        let CrossFitted { fit, out_of_fold } = searched.fit(BASE_RATE, &dataset, &rows, &Silent).unwrap();
        assert!(fit.model.features.is_empty() && fit.model.terms.is_empty());
        let churned = out_of_fold.y.iter().map(|&y| f64::from(y)).sum::<f64>() / 2_000.0;
        assert!((sigmoid(fit.model.intercept) - churned).abs() < 1e-3, "{} {churned}", fit.model.intercept);
        assert!(fit.advice()[0].to_string().contains("no feature says more"), "{:?}", fit.advice());
        let log_odds = fit.model.log_odds(&dataset, &rows).unwrap().concat();
        assert!(log_odds.len() == 2_000 && log_odds.iter().all(|&z| z == fit.model.intercept));
    }

    #[test]
    fn forward_in_time_neither_later_labels_nor_those_of_the_same_customers_are_known() {
        let plain = forward(|_, _, y| y);
        assert_eq!(plain.iter().map(Vec::len).sum::<usize>(), 1_000);
        assert_eq!(forward(|date, _, y| if date == 1 { 1 - y } else { y }), plain);
        let other = forward(|date, fold, y| if date == 0 && fold == 2 { 1 - y } else { y });
        // But for the last digits: all folds step by the curvature of the first one.
        let moved = |fold: usize| other[fold].iter().zip(&plain[fold]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(moved(2) < 1e-3 && moved(0) > 0.1, "{} {}", moved(2), moved(0));
    }
}
