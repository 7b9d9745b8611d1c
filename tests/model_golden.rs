//! The model's numbers against scikit-learn's and statsmodels'. The expected values are made by
//! `tests/golden/model.py`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use churn_risk::config::Economics;
use churn_risk::evaluation::{calibration_line, empc, Empc};
use churn_risk::memory::Arena;
use churn_risk::metrics::{calibration_table, Metrics, Scores};
use churn_risk::model::calibration::{self, Calibration, Rows};
use churn_risk::model::design::{Design, DesignBlock, DesignRows};
use churn_risk::model::linear::cross_fit::{choose_alpha, cross_fit, Split};
use churn_risk::model::linear::{fit, Certificate, LogisticParams};
use churn_risk::observer::Silent;
use churn_risk::weights::RowWeights;
use serde::de::DeserializeOwned;
use serde::Deserialize;
use std::path::PathBuf;

fn golden(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/model").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&golden(name)).unwrap()
}

/// The golden design, in blocks of 500 rows.
fn design() -> Design {
    weighted_design(&[])
}

/// The same with these weights of the rows, if there are any.
fn weighted_design(weights: &[f64]) -> Design {
    let text = golden("design.csv");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let columns = header.len() - 2;
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let blocks = (0..)
        .zip(rows.chunks(500))
        .map(|(family, rows)| {
            let x: Vec<f32> = (0..columns).flat_map(|j| rows.iter().map(move |row| row[j].parse().unwrap())).collect();
            let y = rows.iter().map(|row| row[columns].parse().unwrap()).collect();
            let fold = rows.iter().map(|row| row[columns + 1].parse().unwrap()).collect();
            let customer = (0..rows.len() as u32).collect();
            let first = 500 * family as usize;
            let weights = RowWeights::new(weights.iter().skip(first).take(rows.len()).copied().collect());
            DesignBlock::new(&x, DesignRows { y, fold, weights, customer }, family, &Arena::unlimited()).unwrap()
        })
        .collect();
    Design { names: header[..columns].iter().map(|name| name.to_string()).collect(), blocks }
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{what}: {found} against {expected}");
}

#[derive(Deserialize)]
struct Fits {
    penalised: Vec<Penalised>,
    unpenalised: Unpenalised,
    clustered: Vec<f64>,
    out_of_fold: Vec<OutOfFold>,
}

#[derive(Deserialize)]
struct Penalised {
    alpha: f64,
    intercept: f64,
    coefficients: Vec<f64>,
    standard_errors: Vec<f64>,
    log_loss: f64,
}

#[derive(Deserialize)]
struct Unpenalised {
    estimates: Vec<f64>,
    standard_errors: Vec<f64>,
    z: Vec<f64>,
    p_values: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    covariance: Vec<Vec<f64>>,
    log_loss: f64,
}

#[derive(Deserialize)]
struct OutOfFold {
    alpha: f64,
    log_odds: Vec<f64>,
    log_loss: f64,
}

#[test]
fn penalised_coefficients_are_scikit_learns() {
    let design = design();
    for expected in json::<Fits>("fits.json").penalised {
        let found = fit(&design, &LogisticParams::new(expected.alpha)).unwrap();
        assert!(found.report.converged && found.advice.is_empty(), "{:?}", found.advice);
        assert!(matches!(found.certificate, Certificate::Confirmed(_)), "{}", found.certificate);
        close(found.intercept, expected.intercept, 1e-8, "intercept");
        close(found.report.log_loss, expected.log_loss, 1e-10, "log-loss");
        let table = found.table();
        for (j, name) in design.names.iter().enumerate() {
            close(found.coefficients[j], expected.coefficients[j], 1e-8, name);
            close(table[j + 1].standard_error, expected.standard_errors[j], 1e-8, name);
        }
        close(table[0].standard_error, expected.standard_errors[design.names.len()], 1e-8, "intercept");
    }
}

#[test]
fn uncertainty_by_customer_is_statsmodels() {
    let mut design = design();
    for block in &mut design.blocks {
        block.customer = (0..block.rows as u32).map(|row| row / 4).collect();
    }
    let found = fit(&design, &LogisticParams::new(0.0)).unwrap();
    assert_eq!(found.customers, design.rows() / 4);
    for (line, expected) in found.table().iter().zip(json::<Fits>("fits.json").clustered) {
        close(line.standard_error, expected, 1e-8, &line.name);
    }
}

#[test]
fn unpenalised_uncertainty_is_statsmodels() {
    let design = design();
    let expected = json::<Fits>("fits.json").unpenalised;
    let found = fit(&design, &LogisticParams::new(0.0)).unwrap();
    assert!(found.report.converged && found.advice.is_empty(), "{:?}", found.advice);
    assert!(matches!(found.certificate, Certificate::Confirmed(_)), "{}", found.certificate);
    close(found.report.log_loss, expected.log_loss, 1e-10, "log-loss");
    // Both list the intercept first.
    for (j, line) in found.table().into_iter().enumerate() {
        close(line.estimate, expected.estimates[j], 1e-8, &line.name);
        close(line.standard_error, expected.standard_errors[j], 1e-8, &line.name);
        close(line.z, expected.z[j], 1e-8, &line.name);
        close(line.p_value / expected.p_values[j], 1.0, 1e-6, &line.name);
        close(line.lower, expected.lower[j], 1e-8, &line.name);
        close(line.upper, expected.upper[j], 1e-8, &line.name);
        close(line.odds_ratio, expected.estimates[j].exp(), 1e-8, &line.name);
        close(line.odds_ratio_lower, expected.lower[j].exp(), 1e-8, &line.name);
        close(line.odds_ratio_upper, expected.upper[j].exp(), 1e-8, &line.name);
    }
    // The covariance lists the intercept last.
    let size = design.columns() + 1;
    for i in 0..size {
        for j in 0..size {
            let found = found.covariance[i * size + j];
            close(found, expected.covariance[(i + 1) % size][(j + 1) % size], 1e-9, "covariance");
        }
    }
}

#[test]
fn out_of_fold_log_odds_are_those_of_scikit_learns_refits() {
    let design = design();
    let expected = json::<Fits>("fits.json").out_of_fold;
    let strengths: Vec<f64> = expected.iter().map(|one| one.alpha).collect();
    let choice = choose_alpha(&[Split::within(&design)], design.totals().all, &strengths, 5, &Silent).unwrap();
    for (expected, score) in expected.into_iter().zip(choice.path) {
        let start = fit(&design, &LogisticParams::new(expected.alpha)).unwrap();
        let found = cross_fit(&Split::within(&design), expected.alpha, 5, Some(&start), &Silent).unwrap().concat();
        assert_eq!(found.len(), expected.log_odds.len());
        for (found, expected) in found.iter().zip(&expected.log_odds) {
            close(*found, *expected, 1e-7, "log-odds");
        }
        close(score.log_loss, expected.log_loss, 1e-6, "log-loss");
    }
}

#[derive(Deserialize)]
struct CalibrationCase {
    name: String,
    log_odds: Vec<f64>,
    y: Vec<u8>,
    platt: PlattCase,
    queries: Vec<f64>,
    isotonic: Vec<f64>,
}

#[derive(Deserialize)]
struct PlattCase {
    slope: f64,
    intercept: f64,
    sklearn_slope: f64,
    sklearn_intercept: f64,
}

#[test]
fn calibrations_are_scikit_learns() {
    for case in json::<Vec<CalibrationCase>>("calibration.json") {
        let Calibration::Platt { slope, intercept } = calibration::fit_platt(Rows::all(&case.log_odds, &case.y)) else {
            panic!("{}", case.name)
        };
        close(slope, case.platt.slope, 1e-7, &case.name);
        close(intercept, case.platt.intercept, 1e-7, &case.name);
        // scikit-learn's own optimiser stops earlier.
        close(slope, case.platt.sklearn_slope, 1e-3, &case.name);
        close(intercept, case.platt.sklearn_intercept, 1e-3, &case.name);

        let isotonic = calibration::fit_isotonic(Rows::all(&case.log_odds, &case.y));
        for (query, expected) in case.queries.iter().zip(&case.isotonic) {
            close(isotonic.apply(*query), *expected, 1e-12, &case.name);
        }
    }
}

#[derive(Deserialize)]
struct BetaCase {
    log_odds: Vec<f64>,
    y: Vec<u8>,
    /// Both slopes and the intercept.
    beta: [f64; 3],
}

#[test]
fn the_beta_calibration_is_that_of_betacal() {
    let case: BetaCase = json("beta.json");
    let found = calibration::fit_beta(Rows::all(&case.log_odds, &case.y));
    let Calibration::Beta { a, b, intercept } = found else { panic!("{found:?}") };
    for (found, expected) in [a, b, intercept].into_iter().zip(case.beta) {
        close(found, expected, 1e-7, "beta calibration");
    }
}

#[derive(Deserialize)]
struct MetricsCase {
    name: String,
    y: Vec<u8>,
    p: Vec<f64>,
    capacity: usize,
    base_rate: f64,
    roc_auc: f64,
    average_precision: f64,
    log_loss: f64,
    brier: f64,
    ece: f64,
    bins: Vec<(usize, usize, f64, f64)>,
    top_decile_lift: f64,
    precision_at_capacity: f64,
    lift_at_capacity: f64,
    empc: [f64; 2],
    customers: Vec<u32>,
    line: Option<Line>,
}

/// Estimate, lower and upper end.
#[derive(Deserialize)]
struct Line {
    intercept: [f64; 3],
    slope: [f64; 3],
    in_the_large: [f64; 3],
}

#[test]
fn metrics_are_scikit_learns() {
    let economics =
        Economics { contact_cost: 1.0, offer_cost: 10.0, save_rate: 0.3, customer_value: 200.0, value_months: 12 };
    for case in json::<Vec<MetricsCase>>("metrics.json") {
        let found = Metrics::new(&case.y, &case.p, case.capacity);
        for (what, found, expected) in [
            ("base rate", found.base_rate, case.base_rate),
            ("ROC AUC", found.roc_auc, case.roc_auc),
            ("average precision", found.average_precision, case.average_precision),
            ("log-loss", found.log_loss, case.log_loss),
            ("Brier", found.brier, case.brier),
            ("ECE", found.ece, case.ece),
            ("top-decile lift", found.top_decile_lift, case.top_decile_lift),
            ("precision at capacity", found.precision_at_capacity, case.precision_at_capacity),
            ("lift at capacity", found.lift_at_capacity, case.lift_at_capacity),
        ] {
            close(found.unwrap(), expected, 1e-12, &format!("{}, {what}", case.name));
        }
        let Empc { profit, share } = empc(&case.y, &case.p, 200.0, &economics).unwrap();
        close(profit, case.empc[0], 1e-10, &format!("{}, EMPC", case.name));
        close(share, case.empc[1], 1e-10, &format!("{}, share of EMPC", case.name));
        if let Some(expected) = case.line {
            let found = calibration_line(&case.y, &case.p, &case.customers).unwrap();
            for (what, found, expected) in [
                ("intercept", found.intercept, expected.intercept),
                ("slope", found.slope, expected.slope),
                ("in the large", found.in_the_large, expected.in_the_large),
            ] {
                for (found, expected) in [found.estimate, found.lower, found.upper].into_iter().zip(expected) {
                    close(found, expected, 1e-7, &format!("{}, {what}", case.name));
                }
            }
        }
        let table = calibration_table(&case.y, &case.p);
        assert_eq!(table.len(), case.bins.len(), "{}", case.name);
        for (found, (rows, churners, mean, rate)) in table.iter().zip(case.bins) {
            assert_eq!((found.rows, found.churners), (rows, churners), "{}", case.name);
            close(found.mean_probability, mean, 1e-12, &case.name);
            close(found.churn_rate, rate, 1e-12, &case.name);
        }
    }
}

/// What scikit-learn finds with `sample_weight`.
#[derive(Deserialize)]
struct Weighted {
    weights: Vec<f64>,
    fits: WeightedFits,
    log_odds: Vec<f64>,
    churned: Vec<u8>,
    calibration: WeightedCalibration,
    metrics: Vec<WeightedMetrics>,
}

#[derive(Deserialize)]
struct WeightedFits {
    penalised: Vec<Penalised>,
    out_of_fold: OutOfFold,
}

#[derive(Deserialize)]
struct WeightedCalibration {
    platt: WeightedPlatt,
    queries: Vec<f64>,
    isotonic: Vec<f64>,
}

#[derive(Deserialize)]
struct WeightedPlatt {
    slope: f64,
    intercept: f64,
}

#[derive(Deserialize)]
struct WeightedMetrics {
    y: Vec<u8>,
    p: Vec<f64>,
    capacity: usize,
    customers: Vec<u32>,
    base_rate: f64,
    roc_auc: f64,
    average_precision: f64,
    log_loss: f64,
    brier: f64,
    ece: f64,
    top_decile_lift: f64,
    precision_at_capacity: f64,
    lift_at_capacity: f64,
    bins: Vec<(usize, f64, f64, f64)>,
    line: WeightedLine,
}

#[derive(Deserialize)]
struct WeightedLine {
    intercept: [f64; 3],
    slope: [f64; 3],
    in_the_large: [f64; 3],
}

#[test]
fn weighted_fits_are_scikit_learns() {
    let Weighted { weights, fits, .. } = json("weights.json");
    let design = weighted_design(&weights);
    for expected in fits.penalised {
        let found = fit(&design, &LogisticParams::new(expected.alpha)).unwrap();
        assert!(found.report.converged, "{:?}", found.advice);
        assert!(matches!(found.certificate, Certificate::NotRun { .. }), "{}", found.certificate);
        close(found.intercept, expected.intercept, 1e-8, "intercept");
        close(found.report.log_loss, expected.log_loss, 1e-10, "log-loss");
        let table = found.table();
        for (j, name) in design.names.iter().enumerate() {
            close(found.coefficients[j], expected.coefficients[j], 1e-8, name);
            close(table[j + 1].standard_error, expected.standard_errors[j], 1e-8, name);
        }
        close(table[0].standard_error, expected.standard_errors[design.names.len()], 1e-8, "intercept");
    }

    let OutOfFold { alpha, log_odds, log_loss } = fits.out_of_fold;
    let splits = [Split::within(&design)];
    let choice = choose_alpha(&splits, design.totals().all, &[alpha], 5, &Silent).unwrap();
    // A fold is fitted with the strength per unit of weight of its own rows in both.
    close(choice.path[0].log_loss, log_loss, 1e-6, "cross-validated log-loss");
    let found = cross_fit(&splits[0], alpha, 5, None, &Silent).unwrap().concat();
    found.iter().zip(log_odds).for_each(|(found, expected)| close(*found, expected, 1e-6, "log-odds"));
}

#[test]
fn weighted_calibrations_are_scikit_learns() {
    let Weighted { weights, log_odds, churned, calibration: expected, .. } = json("weights.json");
    let weights = RowWeights::new(weights);
    let rows = Rows { row_weights: &weights, ..Rows::all(&log_odds, &churned) };
    let Calibration::Platt { slope, intercept } = calibration::fit_platt(rows) else { panic!() };
    close(slope, expected.platt.slope, 1e-7, "slope");
    close(intercept, expected.platt.intercept, 1e-7, "intercept");
    let isotonic = calibration::fit_isotonic(rows);
    for (query, expected) in expected.queries.iter().zip(expected.isotonic) {
        close(isotonic.apply(*query), expected, 1e-10, "isotonic");
    }
}

#[test]
fn weighted_metrics_are_scikit_learns() {
    let Weighted { weights, metrics, .. } = json("weights.json");
    let weights = RowWeights::new(weights);
    for case in metrics {
        let scores = Scores::weighted(&case.p, &weights);
        let found = Metrics::new(&case.y, scores, case.capacity);
        for (name, found, expected) in [
            ("base rate", found.base_rate, case.base_rate),
            ("AUC", found.roc_auc, case.roc_auc),
            ("average precision", found.average_precision, case.average_precision),
            ("log-loss", found.log_loss, case.log_loss),
            ("Brier score", found.brier, case.brier),
            ("ECE", found.ece, case.ece),
            ("lift of a tenth", found.top_decile_lift, case.top_decile_lift),
            ("precision", found.precision_at_capacity, case.precision_at_capacity),
            ("lift", found.lift_at_capacity, case.lift_at_capacity),
        ] {
            close(found.unwrap(), expected, 1e-10, name);
        }

        let table = calibration_table(&case.y, scores);
        assert_eq!(table.len(), case.bins.len());
        for (bin, (rows, stand_for, risk, rate)) in table.iter().zip(case.bins) {
            assert_eq!(bin.rows, rows);
            let numbers = [(bin.customers(), stand_for), (bin.mean_probability, risk), (bin.churn_rate, rate)];
            numbers.iter().for_each(|&(found, expected)| close(found, expected, 1e-10, "bin"));
        }

        let line = calibration_line(&case.y, scores, &case.customers).unwrap();
        let WeightedLine { intercept, slope, in_the_large } = case.line;
        for (found, expected) in [(line.intercept, intercept), (line.slope, slope), (line.in_the_large, in_the_large)] {
            let found = [found.estimate, found.lower, found.upper];
            found.iter().zip(expected).for_each(|(found, expected)| close(*found, expected, 1e-7, "calibration line"));
        }
    }
}
