//! The gains table: of all churners, how many are in the first tenth of the list, the first fifth, and so on.

use crate::metrics::{self, Scores};
use crate::weights::Totals;
use serde::{Deserialize, Serialize};

/// The depths of the table, as shares of the rows.
const DEPTHS: [f64; 13] = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0];

/// The first rows of a ranking.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    /// Share of all rows.
    pub depth: f64,
    /// How many customers.
    pub rows: usize,
    /// Share of churners among them.
    pub precision: f64,
    /// Share of all churners that are among them: the cumulative gain.
    pub gain: f64,
    /// The precision over the base rate.
    pub lift: f64,
}

/// The gains table, from the riskiest hundredth to all rows. Numbers of rows are rounded up, and a depth with as many
/// rows as the one before is left out. Rows of equal scores count by their expectation. Empty without churners.
pub fn gains<'a>(y: &[u8], scores: impl Into<Scores<'a>>) -> Vec<Gain> {
    let scores = scores.into();
    let Totals { all: n, churned: churners } = scores.weights.totals(y);
    if churners == 0.0 {
        return Vec::new();
    }
    let mut lengths: Vec<usize> = DEPTHS.iter().map(|depth| (depth * n).ceil() as usize).collect();
    lengths.dedup();
    let precisions = metrics::precisions_at(y, scores, &lengths);
    let lines = lengths.into_iter().zip(precisions);

    lines
        .map(|(rows, precision)| Gain {
            depth: rows as f64 / n,
            rows,
            precision,
            gain: precision * rows as f64 / churners,
            lift: precision * n / churners,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_grow_to_everybody() {
        let y = [1, 1, 0, 1, 0, 0, 0, 0, 0, 0];
        let score: Vec<f64> = (0..10).map(|i| 1.0 - f64::from(i) / 10.0).collect();
        let table = gains(&y, &score);
        assert_eq!(table[0], Gain { depth: 0.1, rows: 1, precision: 1.0, gain: 1.0 / 3.0, lift: 10.0 / 3.0 });
        assert!(table.windows(2).all(|pair| pair[0].rows < pair[1].rows && pair[0].gain <= pair[1].gain));
        let all = table[table.len() - 1];
        assert_eq!((all.rows, all.gain, all.lift), (10, 1.0, 1.0));
        assert!(gains(&[0, 0], &[0.1, 0.2]).is_empty() && gains(&[], &[]).is_empty());
    }
}
