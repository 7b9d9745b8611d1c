//! Tests of the fit, its advice and its certificate.

use super::certificate::certify_unrestricted;
use super::*;
use crate::model::design::examples::{change, random, rows_of, split};
use crate::model::design::Design;
use crate::numeric::logit;
use crate::observer::Silent;
use crate::weights::RowWeights;
use proptest::prelude::*;

fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn blocks_hardly_matter_and_threads_not_at_all(seed in 0..1000_u64, size in 50..400_usize, columns in 1..9_usize) {
        let whole = random(1_500, columns, seed);
        let cut = split(&whole, size);
        let params = LogisticParams::new(1e-4);
        let one = in_pool(1, || fit(&cut, &params)).unwrap();
        let three = in_pool(3, || fit(&cut, &params)).unwrap();
        prop_assert_eq!(&one, &three);
        let other = fit(&whole, &params).unwrap();
        for (a, b) in one.coefficients.iter().zip(&other.coefficients) {
            prop_assert!((a - b).abs() < 1e-9, "{} against {}", a, b);
        }
        for (a, b) in one.covariance.iter().zip(&other.covariance) {
            prop_assert!((a - b).abs() < 1e-9);
        }
    }
}

#[test]
fn the_certificate_comes_from_linfa_and_notices_a_wrong_solution() {
    for (seed, rows, columns) in [(1, 3_000, 6), (2, 400, 1), (3, 20_000, 12)] {
        let mut design = random(rows, columns, seed);
        for alpha in [0.0, 1e-4, 1e-2] {
            let fitted = fit(&design, &LogisticParams::new(alpha)).unwrap();
            let Certificate::Confirmed(trial) = fitted.certificate else { panic!("{}", fitted.certificate) };
            assert!(trial.displacement > 1e-4 && trial.difference < 1e-6, "{trial:?}");
        }
        // Churn as the more frequent class, which linfa then takes as its positive one.
        design.blocks[0].y.iter_mut().for_each(|y| *y = 1 - *y);
        let fitted = fit(&design, &LogisticParams::new(1e-4)).unwrap();
        assert!(matches!(fitted.certificate, Certificate::Confirmed(_)), "{}", fitted.certificate);
    }

    let design = random(3_000, 4, 8);
    let fitted = fit(&design, &LogisticParams::new(1e-3)).unwrap();
    let mut theta: Vec<f64> = fitted.coefficients.iter().copied().chain([fitted.intercept]).collect();
    theta[1] += 0.2;
    let certificate = certify_unrestricted(&design, &theta, 1e-3, 1 << 20).unwrap();
    let Certificate::Differs { trial, excess_loss } = &certificate else { panic!("{certificate}") };
    assert!(trial.difference > 0.05 && excess_loss.unwrap() < 0.0, "{certificate}");
}

#[test]
fn classes_of_equal_size_are_checked_whichever_comes_first() {
    let mut design = random(1_000, 3, 4);
    let block = &mut design.blocks[0];
    (0..1_000).for_each(|row| block.y[row] = u8::from((row * 7919) % 1_000 < 500));
    for first in [0, 1] {
        if design.blocks[0].y[0] != first {
            design.blocks[0].y.iter_mut().for_each(|y| *y = 1 - *y);
        }
        assert_eq!(design.churners(), 500);
        let fitted = fit(&design, &LogisticParams::new(1e-3)).unwrap();
        assert!(matches!(fitted.certificate, Certificate::Confirmed(_)), "{}", fitted.certificate);
    }
    let fitted = fit(&design, &LogisticParams::new(1e-3).certificate_bytes(0)).unwrap();
    assert_eq!(fitted.certificate.to_string(), "not run: nobody asked for it");
}

#[test]
fn a_warm_start_arrives_at_the_same_place_sooner() {
    let design = random(5_000, 8, 6);
    let cold = fit(&design, &LogisticParams::new(1e-4)).unwrap();
    let warm = fit(&design, &LogisticParams::new(1e-4).start(cold.intercept, &cold.coefficients)).unwrap();
    assert!(cold.report.converged && warm.report.converged && cold.advice.is_empty());
    assert!(
        warm.report.iterations <= 1 && cold.report.iterations >= 3,
        "{} {}",
        warm.report.iterations,
        cold.report.iterations
    );
    for (a, b) in cold.coefficients.iter().zip(&warm.coefficients) {
        assert!((a - b).abs() < 1e-10);
    }
    let far = fit(&design, &LogisticParams::new(1e-4).start(30.0, &[-20.0; 8])).unwrap();
    assert!(far.report.converged);
    assert!((far.intercept - cold.intercept).abs() < 1e-9);
    let stopped = fit(&design, &LogisticParams::new(1e-4).max_iterations(1)).unwrap();
    assert!(!stopped.report.converged);
    assert!(stopped.advice[0].message().to_string().starts_with("the fit did not converge: after 1 iterations"));
    assert!(matches!(stopped.certificate, Certificate::NotRun { .. }));
}

#[test]
fn one_class_and_bad_parameters_are_refused() {
    let mut design = random(50, 2, 1);
    let bad = |params: LogisticParams| fit(&random(50, 2, 1), &params).unwrap_err().exit_code();
    assert_eq!(bad(LogisticParams::new(-1.0)), 2);
    assert_eq!(bad(LogisticParams::new(f64::NAN)), 2);
    assert_eq!(bad(LogisticParams::new(0.1).tolerance(0.0)), 2);
    assert_eq!(bad(LogisticParams::new(0.1).start(f64::INFINITY, &[0.0; 2])), 2);
    assert_eq!(bad(LogisticParams::new(0.1).start(0.0, &[0.0; 3])), 1);
    change(&mut design.blocks[0], |x| x[60] = f32::NAN);
    let error = fit(&design, &LogisticParams::new(0.1)).unwrap_err();
    assert!(error.to_string().contains("column x1"), "{error}");
    for y in [0, 1] {
        let mut design = random(50, 2, 1);
        design.blocks[0].y.fill(y);
        let error = fit(&design, &LogisticParams::new(0.1)).unwrap_err();
        assert_eq!(error.exit_code(), 5);
        assert!(error.to_string().starts_with(&format!("{} of 50 training rows churned", 50 * u32::from(y))));
    }
    let none = Design { names: vec!["x".into()], blocks: vec![] };
    assert_eq!(fit(&none, &LogisticParams::new(0.1)).unwrap_err().exit_code(), 5);
}

/// The design with one more column.
fn with_column(mut design: Design, name: &str, value: impl Fn(usize, u8) -> f32) -> Design {
    design.names.push(name.into());
    for block in &mut design.blocks {
        let column: Vec<f32> = (0..block.rows).map(|row| value(row, block.y[row])).collect();
        change(block, |x| x.extend(column));
    }
    design
}

fn separation(fitted: &LogisticFit) -> Option<(bool, Vec<String>, bool)> {
    fitted.advice.iter().find_map(|advice| match advice {
        Advice::Separation { complete, columns, penalised } => Some((*complete, columns.clone(), *penalised)),
        _ => None,
    })
}

#[test]
fn separation_is_noticed_and_named() {
    let base = random(600, 3, 7);

    // By one column, completely.
    let design = with_column(base.clone(), "leak", |row, y| f32::from(y) * 3.0 - 1.0 + (row % 7) as f32 / 10.0);
    for (alpha, penalised) in [(0.0, false), (1e-3, true)] {
        let fitted = fit(&design, &LogisticParams::new(alpha)).unwrap();
        assert_eq!(separation(&fitted), Some((true, vec!["leak".into()], penalised)), "{:?}", fitted.advice);
        assert_eq!(fitted.report.converged, penalised);
    }

    let text = fit(&design, &LogisticParams::new(0.0)).unwrap().advice[1].message().to_string();
    assert!(text.starts_with("leak tells all churners from all others without a single error; no finite"), "{text}");

    // By one column, but for ties: an indicator that only churners have.
    let design = with_column(base.clone(), "cancelled", |row, y| f32::from(u8::from(y == 1 && row % 2 == 0)));
    for (alpha, penalised) in [(0.0, false), (1e-3, true)] {
        let fitted = fit(&design, &LogisticParams::new(alpha)).unwrap();
        assert_eq!(separation(&fitted), Some((false, vec!["cancelled".into()], penalised)), "{:?}", fitted.advice);
        assert_eq!(fitted.report.converged, penalised);
    }

    // By the difference of two columns, completely and but for ties; neither does it alone.
    for (complete, gap) in [(true, 0.5), (false, 0.0)] {
        let noise = |row: usize| ((row * 7919) % 101) as f32 / 8.0;
        let design = with_column(base.clone(), "before", |row, _| noise(row));
        let design =
            with_column(design, "after", |row, y| noise(row) - if y == 1 { gap + (row % 3) as f32 } else { -gap });
        let fitted = fit(&design, &LogisticParams::new(0.0)).unwrap();
        let columns = vec!["before".to_string(), "after".to_string()];
        assert_eq!(separation(&fitted), Some((complete, columns, false)), "{:?}", fitted.advice);
        assert!(!fitted.report.converged);
    }

    // Strong effects alone are no separation.
    let mut strong = random(4_000, 2, 9);
    let noise = random(4_000, 2, 10);
    let value = |design: &Design, row: usize| design.blocks[0].columns().unwrap().column(0)[row];
    for row in 0..4_000 {
        let push = value(&strong, row) * 6.0 + value(&noise, row);
        strong.blocks[0].y[row] = u8::from(push > 2.0);
    }
    let fitted = fit(&strong, &LogisticParams::new(0.0)).unwrap();
    assert!(fitted.report.converged && fitted.advice.is_empty(), "{:?}", fitted.advice);
}

#[test]
fn columns_that_depend_on_others_are_named_and_the_fit_goes_on() {
    let base = random(800, 3, 12);
    let plain = fit(&base, &LogisticParams::new(0.0)).unwrap();
    let copy = base.blocks[0].columns().unwrap().column(1).to_vec();
    let design = with_column(base.clone(), "copy", |row, _| copy[row]);
    let fitted = fit(&design, &LogisticParams::new(0.0)).unwrap();
    assert!(fitted.report.converged);
    assert_eq!(fitted.advice, [Advice::Collinear { columns: vec!["copy".into()] }]);
    assert!((fitted.report.log_loss - plain.report.log_loss).abs() < 1e-10);
    assert!((fitted.coefficients[1] + fitted.coefficients[3] - plain.coefficients[1]).abs() < 1e-6);
    assert!(fitted.table()[2].standard_error > 100.0 * plain.table()[2].standard_error);

    let design = with_column(base.clone(), "always", |_, _| 2.5);
    let fitted = fit(&design, &LogisticParams::new(0.0)).unwrap();
    assert!(fitted.report.converged);
    assert_eq!(fitted.advice, [Advice::Constant { columns: vec!["always".into()] }]);
    let fitted = fit(&design, &LogisticParams::new(1e-3)).unwrap();
    assert_eq!(fitted.advice, [Advice::Constant { columns: vec!["always".into()] }]);
    assert!(fitted.coefficients[3].abs() < 1e-9);

    // Indicators of all levels add up to the intercept.
    let design = with_column(base.clone(), "even", |row, _| f32::from(u8::from(row % 2 == 0)));
    let design = with_column(design, "odd", |row, _| f32::from(u8::from(row % 2 == 1)));
    let fitted = fit(&design, &LogisticParams::new(0.0)).unwrap();
    assert!(fitted.report.converged);
    assert_eq!(fitted.advice, [Advice::Collinear { columns: vec![INTERCEPT.into()] }]);
    let zeros = with_column(base, "zero", |_, _| 0.0);
    let fitted = fit(&zeros, &LogisticParams::new(0.0)).unwrap();
    assert!(fitted.report.converged && fitted.coefficients[3] == 0.0);
}

#[test]
fn units_of_measurement_only_rescale_the_answer() {
    let design = random(2_000, 3, 3);
    let mut scaled = design.clone();
    let factors = [1024.0_f32, 1.0, 1.0 / 4096.0];
    for (j, factor) in factors.iter().enumerate() {
        let rows = j * 2_000..(j + 1) * 2_000;
        change(&mut scaled.blocks[0], |x| x[rows].iter_mut().for_each(|x| *x *= factor));
    }
    let (a, b) = (fit(&design, &LogisticParams::new(0.0)).unwrap(), fit(&scaled, &LogisticParams::new(0.0)).unwrap());
    assert!(a.report.converged && b.report.converged);
    for (j, factor) in factors.iter().enumerate() {
        assert!((a.coefficients[j] - b.coefficients[j] * f64::from(*factor)).abs() < 1e-9);
        assert!((a.table()[j + 1].z - b.table()[j + 1].z).abs() < 1e-6);
    }
}

#[test]
fn a_fit_survives_json_and_works_without_columns() {
    let fitted = fit(&random(300, 2, 1), &LogisticParams::new(1e-3)).unwrap();
    let text = serde_json::to_string(&fitted).unwrap();
    assert_eq!(serde_json::from_str::<LogisticFit>(&text).unwrap(), fitted);
    let mut design = random(300, 1, 1);
    design.names.clear();
    change(&mut design.blocks[0], Vec::clear);
    let fitted = fit(&design, &LogisticParams::new(1e-3)).unwrap();
    assert!(fitted.report.converged && fitted.coefficients.is_empty());
    let rate = design.churners() as f64 / 300.0;
    assert!((fitted.intercept - logit(rate)).abs() < 1e-10);
    let error = 1.0 / (300.0 * rate * (1.0 - rate)).sqrt();
    assert!((fitted.table()[0].standard_error - error).abs() < 1e-10);
}

/// The design with each row as often as `times` says of its place, as rows of the same customer, or as weights.
fn repeated(design: &Design, times: impl Fn(usize) -> usize) -> [Design; 2] {
    let (mut copies, mut weighted, mut before) = (Vec::new(), Vec::new(), 0);
    for block in &design.blocks {
        let rows: Vec<usize> = (0..block.rows).flat_map(|row| std::iter::repeat_n(row, times(before + row))).collect();
        copies.push(rows_of(block, &rows, block.family));
        let weights = (before..before + block.rows).map(|row| times(row) as f64).collect();
        let once: Vec<usize> = (0..block.rows).collect();
        let mut block = block.clone();
        block.weights = RowWeights::new(weights);
        weighted.push(rows_of(&block, &once, block.family));
        before += block.rows;
    }
    [copies, weighted].map(|blocks| Design { names: design.names.clone(), blocks })
}

#[test]
fn a_weight_is_as_many_copies_of_the_row() {
    let [copies, weighted] = repeated(&split(&random(1_500, 5, 21), 256), |row| [1, 3, 1, 2][row % 4]);
    assert_eq!((copies.rows() as f64, weighted.rows()), (weighted.totals().all, 1_500));
    let close = |found: &[f64], expected: &[f64], tolerance: f64| {
        assert_eq!(found.len(), expected.len());
        found.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < tolerance, "{a} against {b}"));
    };
    for (found, expected) in weighted.profile().iter().zip(copies.profile()) {
        close(&[found.mean, found.root_mean_square], &[expected.mean, expected.root_mean_square], 1e-12);
    }

    let params = LogisticParams::new(1e-3);
    let (found, expected) = (fit(&weighted, &params).unwrap(), fit(&copies, &params).unwrap());
    close(&found.coefficients, &expected.coefficients, 1e-9);
    close(&[found.intercept, found.report.log_loss], &[expected.intercept, expected.report.log_loss], 1e-9);
    // Copies of a row are rows of one customer, so that both have the same scatter, but for the correction for so many
    // rows.
    let correction = |rows: f64| (rows - 1.0) / (rows - 6.0);
    let ratio = correction(1_500.0) / correction(copies.rows() as f64);
    let covariance: Vec<f64> = expected.covariance.iter().map(|value| value * ratio).collect();
    close(&found.covariance, &covariance, 1e-9);
    // Written out as often as they count, the rows are a problem that linfa knows.
    let Certificate::Confirmed(trial) = &found.certificate else { panic!("{}", found.certificate) };
    assert_eq!(trial.rows, Some(copies.rows()));

    let choose = |design: &Design| {
        let splits = [cross_fit::Split::within(design)];
        cross_fit::choose_alpha(&splits, design.totals().all, &[1e-4, 1e-2], 5, &Silent).unwrap()
    };
    for (found, expected) in choose(&weighted).path.iter().zip(&choose(&copies).path) {
        close(&[found.log_loss, found.standard_error], &[expected.log_loss, expected.standard_error], 1e-8);
    }
}

#[test]
fn weights_that_are_not_whole_are_not_put_before_linfa() {
    let [_, mut weighted] = repeated(&random(600, 3, 22), |row| 1 + row % 2);
    weighted.blocks[0].weights = RowWeights::new((0..600).map(|row| 1.0 + 0.25 * f64::from(row % 3)).collect());
    let fitted = fit(&weighted, &LogisticParams::new(1e-3)).unwrap();
    assert!(fitted.report.converged && fitted.certificate.to_string().contains("knows no weights"));
    weighted.blocks[0].weights = RowWeights::new(vec![0.0; 600]);
    assert!(fit(&weighted, &LogisticParams::new(1e-3)).unwrap_err().to_string().contains("600 weights"));
}
