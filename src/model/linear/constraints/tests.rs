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
    let feature =
        |columns: Range<usize>| ConstrainedFeature { name: format!("f{}", columns.start), columns, direction: None };
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
        constraints.cross_fit(&[Split::within(&design)], 0.04, design.totals().all, 5, None, &Silent).unwrap().concat();
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
        constraints.cross_fit(&splits, 0.01, golden.y.len() as f64, 5, None, &Silent).unwrap()
    };

    let plain = z(&later);
    assert_eq!(plain[0], plain[1][..300]);
    later.blocks.iter_mut().flat_map(|block| &mut block.y).for_each(|y| *y = 1 - *y);
    assert_eq!(z(&later), plain);
    let choice = |later: &Design| {
        constraints
            .choose_alpha(&[Split { fitted: &design, judged: later }], golden.y.len() as f64, 5, &Silent)
            .unwrap()
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
    let choice = constraints.choose_alpha(&[Split::within(&design)], design.totals().all, 5, &Silent).unwrap();
    let least = choice.path[0].alpha / SHARES[0];
    assert!(choice.path.iter().zip(SHARES).all(|(score, share)| (score.alpha / (share * least) - 1.0).abs() < 1e-9));
    let dropped = |alpha: f64| {
        let fit = constraints.fit(&design, alpha, None)?;
        Ok::<usize, Error>(constraints.restrictions(&fit).dropped.len())
    };
    let at_first = dropped(choice.path[0].alpha).unwrap();
    assert!((3..6).contains(&at_first), "{at_first} of 6 features");
    assert_eq!(dropped(SHARES[14] * least).unwrap(), 0);
    let error = dropped(1.01 * least).unwrap_err();
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
