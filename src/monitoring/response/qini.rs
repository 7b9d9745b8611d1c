//! How well an order of customers puts those first whom outreach keeps: the Qini coefficient (Radcliffe, *Direct
//! Marketing Analytics Journal*, 2007), on customers who were drawn into two groups with known chances.
//!
//! Each customer is worth an unbiased estimate of what being contacted changes
//! ([`worth`](crate::monitoring::worth::worth)). The Qini curve sums these from the first of an order on; the
//! coefficient is the area between it and the straight line to its end, which is what an order by chance has. With the
//! share `r` of the customers who come before, half of the customer's own counted among them, that area is the mean of
//! `worth * (1/2 - r)`: the Qini weighting of the rank-weighted average treatment effects of Yadlowsky, Fleming, Shah, Brunskill & Wager (2021, arXiv 2111.07966).

use crate::metrics::bootstrap::Bootstrap;
use crate::metrics::interval::Interval;
use crate::weights::UNIT;

/// An order of customers, the first to be contacted first, ties together.
pub struct Order {
    /// Places of customers, those of a tie in one piece.
    ties: Vec<Vec<u32>>,
    /// How much of the way along the curve each customer takes.
    steps: Vec<f64>,
}

impl Order {
    /// By a score, highest first; every customer takes as much of the way.
    pub fn by(score: &[f64]) -> Order {
        Order::with_steps(score, vec![1.0; score.len()])
    }

    /// By a score, highest first; a customer takes as much of the way as the step says, which is positive.
    pub fn with_steps(score: &[f64], steps: Vec<f64>) -> Order {
        let mut places: Vec<u32> = (0..score.len() as u32).collect();
        places.sort_by(|&a, &b| score[b as usize].total_cmp(&score[a as usize]));
        let ties = places.chunk_by(|&a, &b| score[a as usize] == score[b as usize]).map(<[u32]>::to_vec).collect();
        Order { ties, steps }
    }

    /// The Qini coefficient of customers who count so many times each: how many more customers are kept than by
    /// chance, as a share of all, on average over every length that a list may have. Not a number if nobody counts.
    pub fn qini(&self, worth: &[f64], times: &[f64]) -> f64 {
        let step = |place: &u32| times[*place as usize] * self.steps[*place as usize];
        let way: f64 = self.ties.iter().flatten().map(step).sum();
        let counted: f64 = times.iter().sum();

        let (mut before, mut area) = (0.0, 0.0);
        for tie in &self.ties {
            let of_tie: f64 = tie.iter().map(step).sum();
            let gained: f64 = tie.iter().map(|&place| times[place as usize] * worth[place as usize]).sum();
            area += gained * (0.5 - (before + of_tie / 2.0) / way);
            before += of_tie;
        }
        area / counted
    }
}

/// A statistic of customers who count so many times each, with its interval by resampling them; equal `customers` are
/// drawn together.
pub fn resampled(
    bootstrap: &Bootstrap,
    customers: &[u32],
    statistic: impl Fn(&[f64]) -> f64 + Sync,
) -> Option<Interval> {
    let cells: Vec<u32> = (0..customers.len() as u32).collect();
    let estimate = statistic(&vec![1.0; customers.len()]);
    // There may be a cell without a row at the end.
    let of = |times: &[f64]| statistic(&times[..customers.len()]);
    bootstrap.interval_from_cells(estimate, &cells, customers, &UNIT, of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    /// What `tests/golden/response.py` writes.
    #[derive(Deserialize)]
    struct Golden {
        score: Vec<f64>,
        worth: Vec<f64>,
        steps: Vec<f64>,
        times: Vec<f64>,
        qini: f64,
        qini_with_steps: f64,
    }

    #[test]
    fn the_coefficient_is_the_area_under_the_curve() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/response/qini.json");
        let golden: Vec<Golden> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(golden.len() >= 10);
        for Golden { score, worth, steps, times, qini, qini_with_steps } in golden {
            let found = Order::by(&score).qini(&worth, &times);
            assert!((found - qini).abs() < 1e-12, "{found} {qini}");
            let found = Order::with_steps(&score, steps).qini(&worth, &times);
            assert!((found - qini_with_steps).abs() < 1e-12, "{found} {qini_with_steps}");
        }
    }

    proptest! {
        #[test]
        fn neither_the_order_of_rows_nor_a_constant_effect_nor_the_scale_of_scores_matters(
            rows in prop::collection::vec((0..9_i32, -5.0..5.0_f64, 0.1..2.0_f64), 2..60), turn in 0..60_usize,
        ) {
            let score: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let worth: Vec<f64> = rows.iter().map(|row| row.1).collect();
            let steps: Vec<f64> = rows.iter().map(|row| row.2).collect();
            let times = vec![1.0; rows.len()];
            let found = Order::by(&score).qini(&worth, &times);

            let turned = |values: &[f64]| {
                let mut values = values.to_vec();
                values.rotate_left(turn % rows.len());
                values
            };
            prop_assert!((Order::by(&turned(&score)).qini(&turned(&worth), &times) - found).abs() < 1e-12);
            let scaled: Vec<f64> = score.iter().map(|score| score.exp()).collect();
            prop_assert!((Order::by(&scaled).qini(&worth, &times) - found).abs() < 1e-12);
            let reversed: Vec<f64> = score.iter().map(|score| -score).collect();
            prop_assert!((Order::by(&reversed).qini(&worth, &times) + found).abs() < 1e-12);

            // The same for all, or the same share of the step of all: no order is better than another.
            prop_assert!(Order::by(&score).qini(&times, &times).abs() < 1e-12);
            prop_assert!(Order::with_steps(&score, steps.clone()).qini(&steps, &times).abs() < 1e-12);
        }
    }

    #[test]
    fn equal_customers_are_drawn_together() {
        let worth: Vec<f64> =
            (0..600).map(|row| if row % 2 == 0 { 1.0 } else { -1.0 } + f64::from(row) / 300.0).collect();
        let score: Vec<f64> = (0..600).map(f64::from).collect();
        let order = Order::by(&score);
        let bootstrap = Bootstrap { replicates: 400, seed: 3, capacity: 0 };
        let apart: Vec<u32> = (0..600).collect();
        let statistic = |times: &[f64]| order.qini(&worth, times);
        let found = resampled(&bootstrap, &apart, statistic).unwrap();
        assert!(found.lower < found.estimate && found.estimate < found.upper);
        assert_eq!(found.estimate, order.qini(&worth, &vec![1.0; 600]));
        // 30 customers of 20 rows each.
        let together: Vec<u32> = (0..600).map(|row| row % 30).collect();
        let wide = resampled(&bootstrap, &together, statistic).unwrap();
        assert!(wide.upper - wide.lower != found.upper - found.lower);
        assert_eq!(resampled(&bootstrap, &[], |_| f64::NAN), None);
    }
}
