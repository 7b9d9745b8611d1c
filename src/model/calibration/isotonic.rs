//! The isotonic curve: as many steps as the rows ask for.

use super::Calibration;
use rayon::prelude::*;

/// The isotonic curve of least squares by pooling adjacent violators (Ayer et al., 1955), linear between the ends of
/// the pools as scikit-learn's `IsotonicRegression(out_of_bounds = "clip")`. Pools are compared as exact fractions, so
/// the curve does not depend on the order of the rows. Its probabilities are then kept within `[1 / 2n, 1 - 1 / 2n]`
/// for `n` rows: that many rows cannot tell a smaller chance from none.
pub fn fit_isotonic(log_odds: &[f64], y: &[u8]) -> Calibration {
    if y.is_empty() {
        return Calibration::None;
    }
    let mut rows: Vec<(f64, u8)> = log_odds.iter().copied().zip(y.iter().copied()).collect();
    rows.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut pools: Vec<Pool> = Vec::new();
    for tie in rows.chunk_by(|a, b| a.0 == b.0) {
        let churners = tie.iter().filter(|(_, y)| *y == 1).count();
        let mut pool = Pool { first: tie[0].0, last: tie[0].0, rows: tie.len(), churners };
        while let Some(below) = pools.pop_if(|below| !below.lower_than(&pool)) {
            pool = Pool {
                first: below.first,
                last: pool.last,
                rows: below.rows + pool.rows,
                churners: below.churners + pool.churners,
            };
        }
        pools.push(pool);
    }

    let least = 0.5 / y.len() as f64;
    let (mut log_odds, mut probabilities) = (Vec::new(), Vec::new());
    for pool in pools {
        let p = (pool.churners as f64 / pool.rows as f64).clamp(least, 1.0 - least);
        for (end, knot) in [pool.first, pool.last].into_iter().enumerate() {
            if end == 0 || pool.last > pool.first {
                log_odds.push(knot);
                probabilities.push(p);
            }
        }
    }
    Calibration::Isotonic { log_odds, probabilities }
}

/// Keeps the ends of an isotonic curve from certainty: if all `n` customers of the last pool churned, the next one is
/// expected to with probability `(n + 1) / (n + 2)` (Laplace's rule of succession), and likewise for the first pool.
pub(super) fn cautious(curve: Calibration, log_odds: &[f64]) -> Calibration {
    let Calibration::Isotonic { log_odds: knots, mut probabilities } = curve else { return curve };
    let (Some(&first), Some(&last)) = (probabilities.first(), probabilities.last()) else {
        return Calibration::Isotonic { log_odds: knots, probabilities };
    };
    let first_end = knots[probabilities.partition_point(|&p| p <= first) - 1];
    let last_begin = knots[probabilities.partition_point(|&p| p < last)];
    let rows = |inside: &dyn Fn(f64) -> bool| log_odds.iter().filter(|&&z| inside(z)).count() as f64;
    let low = 1.0 / (rows(&|z| z <= first_end) + 2.0);
    let high = 1.0 - 1.0 / (rows(&|z| z >= last_begin) + 2.0);
    probabilities.iter_mut().for_each(|p| *p = p.max(low).min(high.max(low)));
    Calibration::Isotonic { log_odds: knots, probabilities }
}

/// Rows of consecutive log-odds with one probability.
#[derive(Clone, Copy)]
struct Pool {
    first: f64,
    last: f64,
    rows: usize,
    churners: usize,
}

impl Pool {
    /// Whether the churn rate is below that of `other`.
    fn lower_than(&self, other: &Pool) -> bool {
        (self.churners as u128 * other.rows as u128) < other.churners as u128 * self.rows as u128
    }
}

/// The piecewise linear curve through the knots at `x`, level beyond the first and the last.
pub(super) fn interpolate(knots: &[f64], values: &[f64], x: f64) -> f64 {
    let above = knots.partition_point(|&knot| knot <= x);
    match (above.checked_sub(1).map(|at| (knots[at], values[at])), knots.get(above).zip(values.get(above))) {
        (Some((x0, y0)), Some((&x1, &y1))) => (y0 + (y1 - y0) * ((x - x0) / (x1 - x0))).min(y1),
        (Some((_, y)), None) | (None, Some((_, &y))) => y,
        (None, None) => f64::NAN,
    }
}
