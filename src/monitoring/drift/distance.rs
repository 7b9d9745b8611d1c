//! How far two distributions are apart, and whether chance explains it.

use crate::metrics::chi_squared::log_survival;
use crate::numeric;

/// Rows that are added to every bin, so that an empty one is not infinitely far away (Jeffreys' prior).
const ADDED: f64 = 0.5;
/// Rows that have to be expected of the smaller sample in a bin for the G-test (Cochran, Biometrics 10, 1954); bins
/// with fewer are taken together.
const EXPECTED: f64 = 5.0;

/// The population stability index `sum (q - p) ln(q / p)` of two distributions over the same bins: the symmetrised
/// divergence of Kullback and Leibler (1951). Every bin has half a row more than was counted.
pub fn psi(before: &[u64], after: &[u64]) -> f64 {
    let shares = |counts: &[u64]| -> Vec<f64> {
        let all = counts.iter().sum::<u64>() as f64 + ADDED * counts.len() as f64;
        counts.iter().map(|&count| (count as f64 + ADDED) / all).collect()
    };
    numeric::sum(shares(before).into_iter().zip(shares(after)).map(|(p, q)| (q - p) * (q / p).ln()))
}

/// Counts that are worth so many independent rows.
pub fn scaled(counts: &[u64], effective_rows: f64) -> Vec<f64> {
    let all = counts.iter().sum::<u64>().max(1) as f64;
    counts.iter().map(|&count| count as f64 / all * effective_rows).collect()
}

/// The p-value of the G-test that two samples are of one distribution (the likelihood ratio, Woolf 1957), after bins
/// of which too few rows are expected have been taken together.
pub fn g_test(before: &[f64], after: &[f64]) -> f64 {
    let totals = [before.iter().sum::<f64>(), after.iter().sum::<f64>()];
    let share = totals[0].min(totals[1]) / (totals[0] + totals[1]);
    let expected = |bin: &[f64; 2]| (bin[0] + bin[1]) * share;

    let (mut bins, rare): (Vec<[f64; 2]>, Vec<[f64; 2]>) = before
        .iter()
        .zip(after)
        .map(|(&before, &after)| [before, after])
        .filter(|bin| bin[0] + bin[1] > 0.0)
        .partition(|bin| expected(bin) >= EXPECTED);
    let mut rest = rare.iter().fold([0.0; 2], |sum, bin| [sum[0] + bin[0], sum[1] + bin[1]]);
    if expected(&rest) > 0.0 && expected(&rest) < EXPECTED {
        let least = (0..bins.len()).min_by(|&a, &b| expected(&bins[a]).total_cmp(&expected(&bins[b])));
        if let Some(least) = least.map(|least| bins.remove(least)) {
            rest = [rest[0] + least[0], rest[1] + least[1]];
        }
    }
    bins.extend(Some(rest).filter(|rest| expected(rest) > 0.0));
    p_value(&bins, totals)
}

/// The same of two shares, whose rare cell is all that is asked about: no cells are taken together.
pub fn g_test_of_shares(before: (f64, f64), after: (f64, f64)) -> f64 {
    let ((x, n), (y, m)) = (before, after);
    p_value(&[[x, y], [n - x, m - y]], [n, m])
}

fn p_value(bins: &[[f64; 2]], totals: [f64; 2]) -> f64 {
    let all = totals[0] + totals[1];
    let filled = bins.iter().filter(|bin| bin[0] + bin[1] > 0.0).count();
    if filled < 2 || totals.contains(&0.0) {
        return 1.0;
    }
    let gain = |bin: &[f64; 2], sample: usize| {
        let (found, expected) = (bin[sample], (bin[0] + bin[1]) * totals[sample] / all);
        if found > 0.0 {
            2.0 * found * (found / expected).ln()
        } else {
            0.0
        }
    };
    let statistic = numeric::sum(bins.iter().flat_map(|bin| [gain(bin, 0), gain(bin, 1)]));
    log_survival(statistic.max(0.0), filled - 1).exp()
}

/// The p-values as they are to be held against a level if one false alarm among all of them is too many (Holm,
/// Scandinavian Journal of Statistics 6, 1979).
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest = 0.0f64;
    for (place, &index) in order.iter().enumerate() {
        largest = largest.max((order.len() - place) as f64 * p_values[index]).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    /// What `tests/golden/drift.py` writes.
    #[derive(Deserialize)]
    struct Golden {
        tables: Vec<GoldenTable>,
        p_values: Vec<f64>,
        holm: Vec<f64>,
    }

    #[derive(Deserialize)]
    struct GoldenTable {
        before: Vec<u64>,
        after: Vec<u64>,
        psi: f64,
        g_test: f64,
    }

    fn golden() -> Golden {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/drift/distances.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn distances_and_tests_are_those_of_scipy_and_statsmodels() {
        let golden = golden();
        assert!(golden.tables.len() > 5);
        for table in &golden.tables {
            let found = psi(&table.before, &table.after);
            assert!((found - table.psi).abs() <= 1e-12 * table.psi.max(1.0), "{found} {}", table.psi);
            let plain = |counts: &[u64]| counts.iter().map(|&count| count as f64).collect::<Vec<f64>>();
            let p = g_test(&plain(&table.before), &plain(&table.after));
            assert!((p - table.g_test).abs() <= 1e-9 * table.g_test, "{p} {}", table.g_test);
        }
        for (found, expected) in holm(&golden.p_values).iter().zip(&golden.holm) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
    }

    #[test]
    fn nothing_is_shown_by_samples_that_say_nothing() {
        assert_eq!(psi(&[5, 5], &[50, 50]), psi(&[50, 50], &[5, 5]));
        assert_eq!(psi(&[3], &[9]), 0.0);
        assert!(psi(&[1000, 0], &[0, 1000]).is_finite());
        assert_eq!(g_test(&[10.0, 0.0], &[20.0, 0.0]), 1.0, "one bin");
        assert_eq!(g_test(&[0.0, 0.0], &[20.0, 9.0]), 1.0, "no rows before");
        assert_eq!(g_test(&[], &[]), 1.0);
        assert_eq!(g_test(&[900.0, 100.0], &[3.0, 1.0]), 1.0, "too few rows are expected");
        assert_eq!(scaled(&[0, 0], 5.0), [0.0, 0.0]);
        // 1 of 10 rows against none of 1,000: the exact probability is 1 in 101.
        let p = g_test_of_shares((0.0, 1_000.0), (1.0, 10.0));
        assert!((0.001..0.02).contains(&p), "{p}");
        assert!(holm(&[]).is_empty());
    }
}
