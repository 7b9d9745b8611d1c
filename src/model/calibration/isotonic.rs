//! The isotonic curve: as many steps as the rows ask for.

use super::{Calibration, Rows};
use crate::weights::Totals;
use rayon::prelude::*;

/// The isotonic curve of least squares by pooling adjacent violators (Ayer et al., 1955), linear between the ends of
/// the pools as scikit-learn's `IsotonicRegression(out_of_bounds = "clip")`. Pools are compared as exact fractions, so
/// the curve does not depend on the order of the rows. Its probabilities are then kept within `[1 / 2n, 1 - 1 / 2n]`
/// for `n` rows: that many rows cannot tell a smaller chance from none. A row that stands for several customers counts
/// as many times; the weights of the classes do not count.
pub fn fit_isotonic(rows: Rows<'_>) -> Calibration {
    let Rows { log_odds, y, row_weights, .. } = rows;
    if y.is_empty() {
        return Calibration::None;
    }
    let row = |(row, (&z, &y))| WeightedRow { log_odds: z, churned: y == 1, weight: row_weights.of(row) };
    let mut rows: Vec<WeightedRow> = log_odds.iter().zip(y).enumerate().map(row).collect();
    // Of equal log-odds by weight, so that sums do not depend on the order of the rows.
    rows.par_sort_unstable_by(|a, b| a.log_odds.total_cmp(&b.log_odds).then(a.weight.total_cmp(&b.weight)));
    let mut pools: Vec<Pool> = Vec::new();
    for tie in rows.chunk_by(|a, b| a.log_odds == b.log_odds) {
        let at = tie[0].log_odds;
        let mut totals = Totals::default();
        tie.iter().for_each(|row| totals.add(row.weight, row.churned));
        let mut pool = Pool { first: at, last: at, totals };
        while let Some(below) = pools.pop_if(|below| !below.lower_than(&pool)) {
            pool = Pool { first: below.first, last: pool.last, totals: below.totals.with(pool.totals) };
        }
        pools.push(pool);
    }

    let least = 0.5 / y.len() as f64;
    let (mut log_odds, mut probabilities) = (Vec::new(), Vec::new());
    for pool in pools {
        let p = pool.totals.rate().clamp(least, 1.0 - least);
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

/// A row by its log-odds.
struct WeightedRow {
    log_odds: f64,
    churned: bool,
    weight: f64,
}

/// Rows of consecutive log-odds with one probability.
#[derive(Clone, Copy)]
struct Pool {
    first: f64,
    last: f64,
    totals: Totals,
}

impl Pool {
    /// Whether the churn rate is below that of `other`.
    fn lower_than(&self, other: &Pool) -> bool {
        self.totals.churned * other.totals.all < other.totals.churned * self.totals.all
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
