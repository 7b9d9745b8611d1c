//! The fit against another implementation, and the model as a whole: contributions, threads, odd data.

use super::bins::{Bins, Grid};
use super::codes::CodeBlock;
use super::passes::{Term, Terms};
use super::purify::{all_counts, purify};
use super::shape::Shape;
use super::solver::Solver;
use super::uncertainty::{standard_errors, Solution};
use super::*;
use crate::config::{Direction, Penalty};
use crate::dataset::folds::CustomerFolds;
use crate::dataset::StoredValues;
use crate::features::{Catalogue, Directions, Feature as Column};
use crate::memory::Arena;
use crate::model::design::examples::uniform;
use crate::model::design::recipe::Recipe;
use crate::model::sampling::CaseControl;
use crate::numeric::sigmoid;
use crate::observer::Silent;
use crate::sources::{CustomerTable, Ids, Levels};
use crate::weights::RowWeights;
use std::sync::Arc;

/// What `tests/golden/additive.py` writes.
#[derive(Deserialize)]
struct Golden {
    alpha: f64,
    codes: Vec<Vec<u8>>,
    values: Vec<Vec<f64>>,
    shares: Vec<Vec<f64>>,
    y: Vec<u8>,
    columns: usize,
    log_odds: Vec<f64>,
    standard_errors: Vec<Vec<Option<f64>>>,
    weights: Vec<f64>,
    weighted: BasisFit,
}

/// What scikit-learn finds.
#[derive(Deserialize)]
struct BasisFit {
    log_odds: Vec<f64>,
    standard_errors: Vec<Vec<Option<f64>>>,
}

/// A block of all rows, `each` of them of one customer.
fn block(codes: &[Vec<u8>], y: Vec<u8>, each: u32) -> CodeBlock {
    let rows = y.len();
    let customer = (0..rows as u32).map(|row| row / each).collect();
    CodeBlock { rows, codes: codes.concat(), y, fold: vec![0; rows], customer, ..CodeBlock::default() }
}

#[test]
fn log_odds_are_scikit_learns_on_the_same_basis() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/additive/fit.json");
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let grid = |(values, shares): (Vec<f64>, Vec<f64>)| {
        let bins = match values.len() {
            0 => Bins::Levels { levels: (2..shares.len()).map(|level| level.to_string()).collect() },
            bins => Bins::Numeric { edges: (1..bins).map(|edge| edge as f32).collect() },
        };
        Grid { bins, shares, values, direction: None }
    };
    let grids: Vec<Grid> = golden.values.into_iter().zip(golden.shares).map(grid).collect();
    let terms = Shape { features: vec![0, 1, 2], pairs: vec![[0, 1], [1, 2]], ..Shape::default() }.terms(&grids);
    assert_eq!(terms.columns(), golden.columns);
    let once = block(&golden.codes, golden.y, 3);
    let several = CodeBlock { weights: RowWeights::new(golden.weights), ..once.clone() };
    let unweighted = BasisFit { log_odds: golden.log_odds, standard_errors: golden.standard_errors };
    for (block, expected) in [(&once, &unweighted), (&several, &golden.weighted)] {
        agrees(&terms, &grids, block, golden.alpha, expected);
    }
}

/// Holds a fit on a block against that of scikit-learn.
fn agrees(terms: &Terms, grids: &[Grid], block: &CodeBlock, alpha: f64, expected: &BasisFit) {
    let mut solver = Solver::new(terms, vec![block], vec![block]);
    solver.fit(alpha, 1e-10);
    assert!(solver.report.converged, "{:?}", solver.report);
    for (found, expected) in terms.log_odds(&solver.theta, block).iter().zip(&expected.log_odds) {
        assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
    }

    let found = errors(terms, grids, block, alpha, &solver.theta);
    assert_eq!(found.len(), expected.standard_errors.len());
    for (at, (found, expected)) in found.iter().zip(&expected.standard_errors).enumerate() {
        assert_eq!(found.len(), expected.len());
        for (cell, (found, expected)) in found.iter().zip(expected).enumerate() {
            let Some(expected) = expected else { continue };
            assert!((found / expected - 1.0).abs() < 1e-3, "term {at}, cell {cell}: {found} against {expected}");
        }
    }
}

/// The standard errors of a fit on one block.
fn errors(terms: &Terms, grids: &[Grid], block: &CodeBlock, alpha: f64, theta: &[f64]) -> Vec<Vec<f64>> {
    let effect = |(term, table): (&Term, Vec<f64>)| Effect {
        lookup: term.lookup.clone(),
        table,
        standard_errors: Vec::new(),
        spread: 0.0,
    };
    let mut effects: Vec<Effect> = terms.terms.iter().zip(terms.tables(theta)).map(effect).collect();
    let counts = all_counts(&effects, &[block]);
    purify(&mut effects, 0.0, &counts);
    let penalty = &terms.regulariser(Penalty::L2, alpha);
    let solution = Solution { terms, grids, theta, penalty, has_scales: false, effects: &effects, counts: &counts };
    standard_errors(&solution, &[block], &[block])
}

/// Rows of four features of forty bins: a strong curve, a step, a line, and nothing. With the effects of their bins.
fn with_known_effects(rows: usize, seed: u64) -> (Vec<Grid>, CodeBlock, Vec<Vec<f64>>) {
    let bins = 40;
    let values: Vec<f64> = (0..bins).map(|bin| (f64::from(bin) - 19.5) / 11.5).collect();
    let shape = |effect: &dyn Fn(f64) -> f64| -> Vec<f64> { values.iter().map(|&value| effect(value)).collect() };
    let effects = vec![
        shape(&|value| 1.5 * (2.0 * value).sin()),
        shape(&|value| if value > 0.5 { 1.0 } else { 0.0 }),
        shape(&|value| 0.4 * value),
        shape(&|_| 0.0),
    ];
    let mut next = uniform(seed);
    let codes: Vec<Vec<u8>> = (0..4).map(|_| (0..rows).map(|_| (next() * f64::from(bins)) as u8).collect()).collect();
    let log_odds = |row: usize| -> f64 {
        effects.iter().zip(&codes).map(|(effect, codes)| effect[usize::from(codes[row])]).sum::<f64>() - 1.0
    };
    let y = (0..rows).map(|row| u8::from(next() < sigmoid(log_odds(row)))).collect();
    let shares = vec![1.0 / f64::from(bins); bins as usize].into_iter().chain([0.0]).collect();
    let edges = (1..bins).map(|edge| edge as f32).collect();
    let grid = Grid { bins: Bins::Numeric { edges }, shares, values, direction: None };
    (vec![grid; 4], block(&codes, y, 1), effects)
}

#[test]
fn bands_hold_the_truth_in_about_95_of_100_bins() {
    let (mut held, mut cells) = ([0.0; 4], 0.0);
    for seed in 0..12 {
        let (grids, block, effects) = with_known_effects(2_000, seed);
        let terms = Shape { features: vec![0, 1, 2, 3], ..Shape::default() }.terms(&grids);
        let mut solver = Solver::new(&terms, vec![&block], vec![&block]);
        let alpha = 30.0 / 2_000.0;
        solver.fit(alpha, 1e-8);
        let errors = errors(&terms, &grids, &block, alpha, &solver.theta);
        let tables = terms.tables(&solver.theta);
        for (feature, held) in held.iter_mut().enumerate() {
            let mean = |table: &[f64]| {
                let of_rows = block.column(feature).iter().map(|&code| table[usize::from(code)]);
                of_rows.sum::<f64>() / block.rows as f64
            };
            let (found, truth) = (mean(&tables[feature]), mean(&effects[feature]));
            for (cell, effect) in effects[feature].iter().enumerate() {
                let off = (tables[feature][cell] - found) - (effect - truth);
                *held += f64::from(u8::from(off.abs() <= Z_95 * errors[feature][cell]));
            }
        }
        cells += 40.0;
    }
    let coverage = held.map(|held| held / cells);
    // A step among few rows is the hardest: a bin has fifty.
    let least = [0.93, 0.8, 0.93, 0.93];
    assert!(coverage.iter().zip(least).all(|(share, least)| *share >= least), "{coverage:?}");
    let mean = coverage.iter().sum::<f64>() / 4.0;
    assert!((0.92..=0.98).contains(&mean), "{coverage:?}");
}

/// The fit of curves on all labelled rows, with a fixed penalty.
fn curves(dataset: &Dataset) -> (Recipe, Fit, CrossFit) {
    let rows = Selection::labelled(dataset, |_| true);
    let recipe = Recipe::learn(dataset, &rows).unwrap();
    let options = Options {
        origins: Vec::new(),
        interactions: false,
        penalty: Penalty::L2,
        uncertainty: false,
        alpha: Some(2e-3),
        one_standard_error: false,
        folds: CustomerFolds { count: 5, seed: 7 },
        by_chance: false,
    };
    let searched =
        ModelSearch::run(&recipe, dataset, &rows, &CaseControl::all(&rows), &Directions::default(), options).unwrap();
    let CrossFitted { fit, out_of_fold } = searched.fit(CURVES, dataset, &rows, &Silent).unwrap();
    (recipe, fit, out_of_fold)
}

/// The data with each row as many times as `times` says, given its place among all rows.
fn repeated(dataset: &Dataset, times: impl Fn(usize) -> usize) -> Dataset {
    let mut before = 0;
    let mut blocks = Vec::new();
    for block in &dataset.blocks {
        let rows: Vec<u32> =
            (0..block.rows()).flat_map(|row| std::iter::repeat_n(row as u32, times(before + row))).collect();
        before += block.rows();
        blocks.push(block.select_rows(&rows, &Arena::unlimited()).unwrap());
    }
    let (catalogue, customers, as_of) = (dataset.catalogue.clone(), dataset.customers.clone(), dataset.as_of.clone());
    Dataset { catalogue, customers, as_of, blocks, ..Dataset::default() }
}

#[test]
fn a_weight_is_as_many_copies_of_the_row_and_none_is_no_row() {
    let plain = data(2_000, 9);
    let times = |row: usize| [1, 0, 3, 1, 2][row * 7 % 5];
    let mut weighted = repeated(&plain, |_| 1);
    let mut before = 0;
    for block in &mut weighted.blocks {
        block.weights = (before..before + block.rows()).map(|row| times(row) as f64).collect();
        before += block.rows();
    }
    let copies = repeated(&plain, times);
    assert_eq!(Selection::labelled(&weighted, |_| true).count(), 1_600);

    let (recipe, fit, cross_fit) = curves(&weighted);
    let (expected_recipe, expected, expected_cross_fit) = curves(&copies);
    for (found, expected) in recipe.numeric.iter().zip(&expected_recipe.numeric) {
        assert_eq!((found.low, found.high), (expected.low, expected.high), "{}", found.feature);
        let numbers = [(found.mean, expected.mean), (found.scale, expected.scale)];
        assert!(numbers.iter().all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {expected:?}");
    }
    assert_eq!(recipe.categorical, expected_recipe.categorical);
    assert_eq!(fit.model.features, expected.model.features, "the bins");

    let rows = Selection::new(&plain, |_, _| true);
    let log_odds = |fit: &Fit| fit.model.log_odds(&plain, &rows).unwrap().concat();
    for (found, expected) in log_odds(&fit).iter().zip(log_odds(&expected)) {
        assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
    }
    assert!((fit.report.log_loss - expected.report.log_loss).abs() < 1e-9);
    let mean = |rows: &CrossFit| {
        let weighted = |(row, z): (usize, &f64)| rows.weights.of(row) * z;
        rows.log_odds.iter().enumerate().map(weighted).sum::<f64>() / rows.weights.totals(&rows.y).all
    };
    assert!((mean(&cross_fit) - mean(&expected_cross_fit)).abs() < 1e-5);
}

#[test]
fn deviations_are_those_of_a_bootstrap_by_customer() {
    let dataset = data(2_400, 6);
    let (fit, _) = fitted(&dataset, Some(2e-3));
    let rows = Selection::labelled(&dataset, |_| true);
    let blocks = fit.encoded(&dataset, &rows);
    let counts = all_counts(&fit.model.terms, &blocks.iter().collect::<Vec<_>>());
    let resample = |seed: u64| -> Vec<CodeBlock> {
        let mut next = uniform(seed);
        blocks
            .iter()
            .map(|block| {
                // Two rows a customer.
                let drawn = (0..block.rows / 2).map(|_| (next() * (block.rows / 2) as f64) as usize);
                let places: Vec<usize> = drawn.flat_map(|customer| [2 * customer, 2 * customer + 1]).collect();
                block.take(&places)
            })
            .collect()
    };
    let tables: Vec<Vec<Vec<f64>>> = (0..80).map(|seed| fit.tables_on(&resample(seed))).collect();
    let (mut ratios, mut cells) = (0.0, 0.0);
    for (at, deviations) in fit.deviations(&blocks).iter().enumerate() {
        let errors = &fit.model.terms[at].standard_errors;
        assert!(
            errors.iter().zip(deviations).all(|(error, deviation)| *error > 0.999 * deviation),
            "the bias comes on top"
        );
        for (cell, error) in deviations.iter().enumerate() {
            // What few rows say, a bootstrap of them does not know.
            if counts[at][cell] < 20.0 {
                continue;
            }
            let values: Vec<f64> = tables.iter().map(|tables| tables[at][cell]).collect();
            let mean = values.iter().sum::<f64>() / 80.0;
            let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 79.0).sqrt();
            ratios += (deviation / error).ln();
            cells += 1.0;
            assert!((deviation / error).ln().abs() < 0.7, "{at} {cell}: {deviation} against {error}");
        }
    }
    assert!(cells > 50.0 && (ratios / cells).abs() < 0.12, "{cells} cells, {}", ratios / cells);
}

#[test]
fn bins_in_which_nobody_churned_are_named() {
    let mut dataset = data(4_000, 8);
    for block in &mut dataset.blocks {
        let steps = column(block, 1);
        let labels = block.labels.iter_mut().zip(steps);
        labels.filter(|(_, step)| *step == 2.0).for_each(|(label, _)| *label = Some(0));
    }
    let (fit, _) = fitted(&dataset, Some(1e-3));
    let advice: Vec<String> = fit.advice().iter().map(ToString::to_string).collect();
    assert_eq!(advice.len(), 1, "{advice:?}");
    assert!(advice[0].contains("none of") && advice[0].contains("`steps` above 1.5 and up to 2.5"), "{advice:?}");
    assert!(advice[0].contains("raise model.alpha"), "{advice:?}");
    let dataset = data(4_000, 8);
    assert!(fitted(&dataset, Some(1e-3)).0.advice().is_empty());
}

/// What `tests/golden/restrictions.py` writes.
#[derive(Deserialize)]
struct GoldenCurves {
    codes: Vec<Vec<u8>>,
    values: Vec<Vec<f64>>,
    shares: Vec<Vec<f64>>,
    directions: Vec<Direction>,
    y: Vec<u8>,
    columns: usize,
    bounded: GoldenFit,
    both: GoldenFit,
}

#[derive(Deserialize)]
struct GoldenFit {
    alpha: f64,
    log_odds: Vec<f64>,
}

#[test]
fn curves_with_directions_are_those_of_other_solvers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/restrictions/curves.json");
    let golden: GoldenCurves = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let grids: Vec<Grid> = golden
        .values
        .into_iter()
        .zip(golden.shares)
        .zip(golden.directions)
        .map(|((values, shares), direction)| {
            let bins = Bins::Numeric { edges: (1..values.len()).map(|edge| edge as f32).collect() };
            Grid { bins, shares, values, direction: Some(direction) }
        })
        .collect();
    let terms = Shape { features: vec![0, 1], ..Shape::default() }.terms(&grids);
    assert_eq!(terms.columns(), golden.columns);
    let block = block(&golden.codes, golden.y, 1);
    for (penalty, expected) in [(Penalty::L2, golden.bounded), (Penalty::Group, golden.both)] {
        let mut solver = Solver::new(&terms, vec![&block], vec![&block]).penalised(penalty);
        solver.fit(expected.alpha, 1e-11);
        assert!(solver.report.converged, "{:?}", solver.report);
        for (found, expected) in terms.log_odds(&solver.theta, &block).iter().zip(&expected.log_odds) {
            assert!((found - expected).abs() < 1e-6, "{penalty:?}: {found} against {expected}");
        }
        let tables = terms.tables(&solver.theta);
        assert!(tables[0][..40].windows(2).all(|pair| pair[0] <= pair[1] + 1e-12));
        assert!(tables[1][..6].windows(2).all(|pair| pair[0] >= pair[1] - 1e-12));
    }
}

/// A column of a block.
fn column(block: &Block, index: usize) -> Vec<f32> {
    let values = block.values().unwrap();
    (0..block.rows()).map(|row| values.value(index, row)).collect()
}

/// Customers with a valley in the first feature and an interaction of the second and the third, which is often absent;
/// a constant column, an empty one, and a plan. Two rows a customer.
pub(super) fn data(rows: usize, seed: u64) -> Dataset {
    let mut next = uniform(seed);
    let count = rows / 2;
    let plans: Vec<u32> = (0..count).map(|_| if next() < 0.1 { NO_LEVEL } else { (next() * 3.0) as u32 }).collect();
    let mut blocks = Vec::new();
    for first in (0..count).step_by(300) {
        let customers: Vec<u32> = (first..(first + 300).min(count)).flat_map(|c| [c as u32; 2]).collect();
        let rows = customers.len();
        let mut columns = vec![Vec::new(); 5];
        let mut labels = Vec::new();
        for _ in 0..rows {
            let (a, b, c) = (next() * 4.0 - 2.0, (next() * 6.0).floor(), next() * 2.0 - 1.0);
            let absent = next() < 0.2;
            let z = a * a - 2.0 + if absent { 0.5 } else { 0.8 * (b - 2.5) * c };
            labels.push(Some(u8::from(next() < sigmoid(z))));
            let c = if absent { f64::NAN } else { c };
            columns.iter_mut().zip([a, b, c, 7.0, f64::NAN]).for_each(|(to, value)| to.push(value as f32));
        }
        let values = StoredValues::new(&columns.concat(), rows, &Arena::unlimited()).unwrap();
        blocks.push(Block { as_of: vec![0; rows], customers, labels, values, ..Block::default() });
    }
    let numeric = ["valley", "steps", "often_absent", "constant", "empty"].map(Column::given).to_vec();
    let names = ["basic", "pro", "team"].map(str::to_owned).to_vec();
    let customers = CustomerTable {
        ids: Ids::Integer((0..count as i64).collect()),
        categorical: vec![Levels { names, codes: plans }],
        rows: count as u64,
        ..CustomerTable::default()
    };
    Dataset {
        catalogue: Catalogue { numeric, categorical: vec!["plan".to_owned()] },
        customers: Arc::new(customers),
        as_of: vec![crate::calendar::Day(0)],
        blocks,
        ..Dataset::default()
    }
}

pub(super) fn fitted(dataset: &Dataset, alpha: Option<f64>) -> (Fit, CrossFit) {
    fitted_with(dataset, alpha, Penalty::L2, &Directions::default())
}

pub(super) fn fitted_with(
    dataset: &Dataset,
    alpha: Option<f64>,
    penalty: Penalty,
    directions: &Directions,
) -> (Fit, CrossFit) {
    let rows = Selection::labelled(dataset, |_| true);
    let recipe = Recipe::learn(dataset, &rows).unwrap();
    let options = Options {
        origins: Vec::new(),
        interactions: true,
        penalty,
        uncertainty: true,
        alpha,
        one_standard_error: false,
        folds: CustomerFolds { count: 5, seed: 7 },
        by_chance: false,
    };
    let searched = ModelSearch::run(&recipe, dataset, &rows, &CaseControl::all(&rows), directions, options).unwrap();
    let CrossFitted { fit, out_of_fold } = searched.fit(INTERACTIONS, dataset, &rows, &Silent).unwrap();
    (fit, out_of_fold)
}

#[test]
fn the_model_finds_the_shape_and_its_effects_sum_to_the_log_odds() {
    let dataset = data(8_000, 1);
    let (fit, cross_fit) = fitted(&dataset, None);
    let model = &fit.model;
    assert!(fit.report.converged && cross_fit.log_odds.len() == 8_000);
    let names: Vec<String> = model.terms.iter().map(|term| model.term_name(term)).collect();
    assert!(names.contains(&"steps × often_absent".to_owned()), "{names:?}");
    assert!(!names.contains(&"constant".to_owned()) && !names.contains(&"empty".to_owned()), "{names:?}");
    let y: Vec<u8> = dataset.blocks.iter().flat_map(|block| block.labels.iter().map(|y| y.unwrap())).collect();
    let rows = Selection::labelled(&dataset, |_| true);
    let log_odds = model.log_odds(&dataset, &rows).unwrap();
    let auc = crate::metrics::roc_auc(&y, &log_odds.concat()).unwrap();
    assert!(auc > 0.80, "{auc}");
    for (index, block) in dataset.blocks.iter().enumerate() {
        let values = block.values().unwrap();
        let of_block = BlockRows { block, values: &values, rows: rows.rows(index), customers: &dataset.customers };
        let codes = model.codes(&of_block);
        for (row, z) in log_odds[index].iter().enumerate() {
            let effects = model.effects(&codes.iter().map(|column| column[row]).collect::<Vec<u8>>());
            let by_feature: f64 = model.by_feature(&effects).iter().sum();
            assert!((model.intercept + effects.iter().sum::<f64>() - z).abs() < 1e-9);
            assert!((model.intercept + by_feature - z).abs() < 1e-9);
        }
    }
}

#[test]
fn the_same_rows_give_the_same_bytes_for_any_number_of_threads() {
    let dataset = data(3_000, 2);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (fit, cross_fit) = fitted(&dataset, None);
            (serde_json::to_string(&fit.model).unwrap(), cross_fit.log_odds)
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn a_pure_interaction_is_split_in_halves() {
    let dataset = data(2_000, 3);
    let (fit, _) = fitted(&dataset, None);
    let model = &fit.model;
    let at = model.terms.iter().position(|term| term.features().len() == 2).unwrap();
    let mut effects = vec![0.0; model.terms.len()];
    effects[at] = 0.6;
    let by_feature = model.by_feature(&effects);
    for (feature, sum) in by_feature.iter().enumerate() {
        assert_eq!(*sum, if model.terms[at].features().contains(&feature) { 0.3 } else { 0.0 });
    }
}

#[test]
fn few_rows_few_churners_and_labels_without_a_reason_do_no_harm() {
    let mut dataset = data(300, 4);
    let mut next = uniform(9);
    for block in &mut dataset.blocks {
        block.labels.iter_mut().for_each(|y| *y = Some(u8::from(next() < 0.02)));
        block.labels[0] = Some(1);
    }
    let (fit, cross_fit) = fitted(&dataset, None);
    assert!(cross_fit.log_odds.iter().all(|z| z.is_finite() && z.abs() < 12.0));
    assert!(fit.report.log_loss.is_finite());
    let (fit, _) = fitted(&dataset, Some(0.0));
    assert!(fit.model.terms.iter().flat_map(|term| &term.table).all(|effect| effect.is_finite()));
}

#[test]
fn a_direction_holds_in_every_bin_for_everybody_and_is_flat_where_the_rows_contradict_it() {
    let dataset = data(6_000, 6);
    let directions = |valley, steps| Directions::from(vec![Some(valley), Some(steps), None, None, None]);
    let (free, _) = fitted(&dataset, None);
    let (fit, _) = fitted_with(&dataset, None, Penalty::L2, &directions(Direction::Rises, Direction::Falls));
    assert!(fit.report.converged && fit.report.log_loss > free.report.log_loss);
    assert!(
        fit.model.terms.iter().all(|term| term.features().len() == 1),
        "the one interaction has a directed feature"
    );

    for (term, rises) in [(0, true), (1, false)] {
        let term = &fit.model.terms[term];
        let values = &term.table[..fit.model.features[term.features()[0]].bins.missing()];
        let holds = |pair: &[f64]| if rises { pair[0] <= pair[1] } else { pair[0] >= pair[1] };
        assert!(values.windows(2).all(holds), "{values:?}");
    }

    let restrictions = fit.restrictions();
    assert_eq!(restrictions.directed.len(), 2);

    // A label that rises with a feature.
    let mut rising = data(6_000, 6);
    for block in &mut rising.blocks {
        let values = column(block, 0);
        block.labels = values.iter().map(|value| Some(u8::from(*value > 0.3))).collect();
    }

    let flat = |direction| {
        let (fit, _) = fitted_with(&rising, Some(0.01), Penalty::L2, &directions(direction, Direction::Rises));
        fit.restrictions().directed[0].flat
    };
    assert_eq!((flat(Direction::Falls), flat(Direction::Rises)), (true, false));
}

#[test]
fn the_group_penalty_drops_what_says_nothing_and_the_rest_still_sums_to_the_log_odds() {
    let mut dataset = data(6_000, 7);

    // The plan says nothing; neither does a column of noise.
    let mut next = uniform(17);
    for block in &mut dataset.blocks {
        let mut columns: Vec<Vec<f32>> = (0..5).map(|index| column(block, index)).collect();
        columns[3].iter_mut().for_each(|value| *value = next() as f32);
        block.values = StoredValues::new(&columns.concat(), block.rows(), &Arena::unlimited()).unwrap();
    }

    let rows = Selection::labelled(&dataset, |_| true);
    let (fit, cross_fit) = fitted_with(&dataset, None, Penalty::Group, &Directions::default());
    assert!(fit.report.converged && cross_fit.log_odds.len() == 6_000);

    let restrictions = fit.restrictions();
    let kept: Vec<&str> = fit.model.features.iter().map(|feature| feature.name.as_str()).collect();
    assert!(kept.contains(&"valley"), "{kept:?}");
    assert!(restrictions.dropped.iter().all(|name| !kept.contains(&name.as_str())));

    let log_odds = fit.model.log_odds(&dataset, &rows).unwrap();
    for (index, block) in dataset.blocks.iter().enumerate() {
        let values = block.values().unwrap();
        let of_block = BlockRows { block, values: &values, rows: rows.rows(index), customers: &dataset.customers };
        let codes = fit.model.codes(&of_block);
        for (row, z) in log_odds[index].iter().enumerate() {
            let effects = fit.model.effects(&codes.iter().map(|column| column[row]).collect::<Vec<u8>>());
            assert!((fit.model.intercept + effects.iter().sum::<f64>() - z).abs() < 1e-9);
        }
    }

    // What is dropped stays out when the rest is fitted once more.
    let strong = fitted_with(&dataset, Some(0.05), Penalty::Group, &Directions::default()).0;
    let dropped = strong.restrictions().dropped;
    assert!(dropped.contains(&"constant".to_owned()) && dropped.contains(&"plan".to_owned()), "{dropped:?}");
    let again = strong.refit(&dataset, &rows, CustomerFolds { count: 5, seed: 7 }, &Silent).unwrap().fit;
    assert_eq!(again.restrictions().dropped, dropped);
}
