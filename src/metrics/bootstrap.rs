//! Intervals by resampling customers: how far a metric may be from the truth because of who happened to be among the
//! rows.
//!
//! All rows of one customer are drawn together, for they are anything but independent. A customer's weight in a
//! replicate is a Poisson number of mean 1 (Hanley & MacGibbon 2006; the limit of drawing `n` of `n` with replacement),
//! made from a hash of the seed, the replicate and the customer: the same for any number of threads, whichever other
//! rows there are, and for both sides of a paired comparison. An interval reaches from the 2.5th to the 97.5th
//! percentile of the replicates (Efron & Tibshirani 1993, chapter 13).

use super::interval::{Interval, Intervals, PerMetric};
use super::replicates::{count_cells, Sorted, Weights, LANES};
use crate::metrics::Scores;
use crate::numeric::sum;
use crate::parallel;
use crate::weights::RowWeights;

/// The fewest and the most replicates that [`Bootstrap::for_rows`] takes.
const FEWEST: usize = 100;
const MOST: usize = 1_000;
/// Rows times replicates that take a second or two.
const BUDGET: usize = 100_000_000;

/// How to resample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// How often, rounded up to a multiple of eight.
    pub replicates: usize,
    /// Seed of the customers' weights.
    pub seed: u64,
    /// Length of the list that precision and lift at capacity look at; a replicate's list holds the same share of rows.
    pub capacity: usize,
}

/// The intervals of a model's metrics, and those of their differences from another's.
#[derive(Clone, Copy, Debug)]
pub struct WithDifference {
    /// Those of the model.
    pub intervals: Intervals,
    /// Those of the model less the other.
    pub difference: Intervals,
}

/// The metrics of some scores, on the rows themselves and in every replicate; NaN where one is not defined.
struct Resampled {
    estimate: PerMetric<f64>,
    replicates: Vec<PerMetric<f64>>,
}

impl Resampled {
    fn intervals(&self) -> Intervals {
        PerMetric::<f64>::map(|metric| Interval::percentile(metric(&self.estimate), self.replicates.iter().map(metric)))
    }
}

impl Bootstrap {
    /// With as many replicates as are worth their time on this many rows: from 1,000 on few rows down to 100 on many.
    pub fn for_rows(rows: usize, seed: u64, capacity: usize) -> Bootstrap {
        Bootstrap { replicates: (BUDGET / rows.max(1)).clamp(FEWEST, MOST), seed, capacity }
    }

    /// The metrics of scores with their intervals. `y` (1 = churned), the scores and `customers` have one value a
    /// row; equal `customers` are drawn together.
    ///
    /// The calibration error of a replicate uses the bins of the rows themselves. Resampling adds noise, and any noise
    /// counts as error, so the replicates of this metric are shifted to have the estimate as their mean, though not
    /// below 0.
    pub fn intervals<'a>(&self, y: &[u8], scores: impl Into<Scores<'a>>, customers: &[u32]) -> Intervals {
        self.resampled(y, scores.into(), customers).intervals()
    }

    fn resampled(&self, y: &[u8], scores: Scores<'_>, customers: &[u32]) -> Resampled {
        let sorted = Sorted::new(y, scores, customers);
        let estimate = sorted.estimate(self.capacity);
        let replicates = self.of_passes(|weights| sorted.metrics(self.capacity, weights));
        Resampled { estimate, replicates: centred(replicates.concat(), estimate.ece) }
    }

    /// By how much each metric of `scores` exceeds that of `other` on the same rows, with the interval of that
    /// difference. Customers have the same weights on both sides, so that what both have in common cancels.
    pub fn paired<'a>(
        &self,
        y: &[u8],
        scores: impl Into<Scores<'a>>,
        other: impl Into<Scores<'a>>,
        customers: &[u32],
    ) -> Intervals {
        self.with_difference(y, scores.into(), other.into(), customers).difference
    }

    /// [`Bootstrap::intervals`] of `scores` and [`Bootstrap::paired`] of `scores` and `other`, from the same
    /// replicates.
    pub fn with_difference(
        &self,
        y: &[u8],
        scores: Scores<'_>,
        other: Scores<'_>,
        customers: &[u32],
    ) -> WithDifference {
        let ours = self.resampled(y, scores, customers);
        let theirs = self.resampled(y, other, customers);

        let difference = |metric: fn(&PerMetric<f64>) -> f64| {
            let pairs = ours.replicates.iter().zip(&theirs.replicates);
            let estimate = metric(&ours.estimate) - metric(&theirs.estimate);
            Interval::percentile(estimate, pairs.map(|(a, b)| metric(a) - metric(b)))
        };
        WithDifference { intervals: ours.intervals(), difference: PerMetric::<f64>::map(difference) }
    }

    /// The interval of a statistic of counts. Each row is in one of the `cells`, and `of` computes the statistic from
    /// how many rows each cell holds in a replicate, each as often as it stands for a customer.
    pub fn interval_from_cells(
        &self,
        estimate: f64,
        cells: &[u32],
        customers: &[u32],
        of_rows: &RowWeights,
        of: impl Fn(&[f64]) -> f64 + Sync,
    ) -> Option<Interval> {
        let count = cells.iter().map(|&cell| cell as usize + 1).max().unwrap_or(0).next_multiple_of(2);
        let replicates = self.of_passes(|weights| {
            let counts = count_cells(cells, customers, of_rows, count, weights);
            let of_lane = |lane: usize| of(&counts.iter().map(|count| count[lane]).collect::<Vec<f64>>());
            (0..LANES).map(of_lane).collect::<Vec<f64>>()
        });
        Interval::percentile(estimate, replicates.into_iter().flatten())
    }

    /// What `of` makes of the customers' weights in the replicates of each pass.
    fn of_passes<T: Send>(&self, of: impl Fn(Weights) -> T + Sync) -> Vec<T> {
        parallel::map(0..self.replicates.div_ceil(LANES), |pass| of(Weights::of_pass(self.seed, pass)))
    }
}

/// Shifts the calibration errors so that their mean is the estimate, but none of them below 0.
fn centred(mut replicates: Vec<PerMetric<f64>>, estimate: f64) -> Vec<PerMetric<f64>> {
    let mean = sum(replicates.iter().map(|each| each.ece)) / replicates.len().max(1) as f64;
    replicates.iter_mut().for_each(|each| each.ece = (each.ece - mean + estimate).max(0.0));
    replicates
}

#[cfg(test)]
mod tests {
    use super::super::replicates::examples::{rows, uniform, Rows};
    use super::*;
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn intervals_are_those_of_theory() {
        // A share of n customers: 1.96 standard errors to both sides; with four equal rows per customer, no narrower.
        let Rows { y, p, customers } = rows(3, 2_000, 1, 0.0);
        let bootstrap = Bootstrap { replicates: 800, seed: 5, capacity: 200 };
        let rate = bootstrap.intervals(&y, &p, &customers).base_rate.unwrap();
        let error = (rate.estimate * (1.0 - rate.estimate) / 2_000.0).sqrt();
        assert!(((rate.upper - rate.lower) / (2.0 * 1.96 * error) - 1.0).abs() < 0.08, "{rate:?} against {error}");
        let (y4, p4) = (y.repeat(4), p.repeat(4));
        let repeated = bootstrap.intervals(&y4, &p4, &customers.repeat(4));
        assert!((repeated.base_rate.unwrap().lower - rate.lower).abs() < 1e-12, "all rows of a customer go together");
        let apart: Vec<u32> = (0..8_000).collect();
        let narrow = bootstrap.intervals(&y4, &p4, &apart).base_rate.unwrap();
        assert!(((rate.upper - rate.lower) / (narrow.upper - narrow.lower) - 2.0).abs() < 0.15);

        // The standard error of the AUC by DeLong, DeLong & Clarke-Pearson (1988).
        let auc = bootstrap.intervals(&y, &p, &customers).roc_auc.unwrap();
        let of = |class: u8| p.iter().zip(&y).filter(move |(_, &y)| y == class).map(|(&p, _)| p);
        let churners: Vec<f64> = of(1).map(|p| of(0).filter(|&q| q < p).count() as f64).collect();
        let stayed: Vec<f64> = of(0).map(|p| of(1).filter(|&q| q > p).count() as f64).collect();

        let spread = |counts: &[f64], others: usize| {
            let n = counts.len() as f64;
            let mean = counts.iter().sum::<f64>() / n;
            let variance = counts.iter().map(|c| ((c - mean) / others as f64).powi(2)).sum::<f64>() / (n - 1.0);
            variance / n
        };

        let error = (spread(&churners, stayed.len()) + spread(&stayed, churners.len())).sqrt();
        assert!(((auc.upper - auc.lower) / (2.0 * 1.96 * error) - 1.0).abs() < 0.1, "{auc:?} against {error}");
    }

    #[test]
    fn the_calibration_error_of_a_replicate_is_not_inflated() {
        let Rows { y, p, customers } = rows(9, 3_000, 1, 0.0);
        let ece = Bootstrap { replicates: 200, seed: 1, capacity: 10 }.intervals(&y, &p, &customers).ece.unwrap();
        assert!(ece.covers(ece.estimate) && ece.lower >= 0.0, "{ece:?}");
    }

    #[test]
    fn a_paired_difference_is_narrower_than_its_sides_and_knows_equals() {
        let Rows { y, p, customers } = rows(4, 3_000, 2, 0.0);
        let mut rng = Pcg64Mcg::new(8);
        let worse: Vec<f64> = p.iter().map(|p| (p + 0.1 * uniform(&mut rng)).min(0.99)).collect();
        let bootstrap = Bootstrap { replicates: 200, seed: 2, capacity: 300 };
        let difference = bootstrap.paired(&y, &p, &worse, &customers);
        let auc = difference.roc_auc.unwrap();
        assert!(auc.lower > 0.0 && auc.estimate > auc.lower, "{auc:?}");
        let alone = bootstrap.intervals(&y, &p, &customers).roc_auc.unwrap();
        assert!(auc.upper - auc.lower < 0.7 * (alone.upper - alone.lower), "{auc:?} {alone:?}");
        assert!(difference.brier.unwrap().upper < 0.0);
        let same = bootstrap.paired(&y, &p, &p, &customers);
        assert_eq!(same.roc_auc, Some(Interval { estimate: 0.0, lower: 0.0, upper: 0.0 }));
    }

    #[test]
    fn the_order_of_rows_and_the_number_of_threads_do_not_matter() {
        let Rows { y, p, customers } = rows(5, 3_000, 3, 0.01);
        let bootstrap = Bootstrap { replicates: 64, seed: 11, capacity: 100 };
        let expected = bootstrap.intervals(&y, &p, &customers);
        let backwards = |v: &[f64]| v.iter().rev().copied().collect::<Vec<_>>();
        let y_backwards: Vec<u8> = y.iter().rev().copied().collect();
        let customers_backwards: Vec<u32> = customers.iter().rev().copied().collect();
        assert_eq!(bootstrap.intervals(&y_backwards, &backwards(&p), &customers_backwards), expected);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| bootstrap.intervals(&y, &p, &customers)), expected);
        }
    }

    #[test]
    fn what_is_not_defined_has_no_interval() {
        let bootstrap = Bootstrap { replicates: 40, seed: 1, capacity: 2 };
        assert_eq!(bootstrap.intervals(&[], &[], &[]), Intervals::default());
        let stayed = bootstrap.intervals(&[0; 30], &[0.1; 30], &(0..30).collect::<Vec<u32>>());
        assert_eq!((stayed.roc_auc, stayed.average_precision, stayed.lift_at_capacity), (None, None, None));
        assert!(stayed.brier.is_some() && stayed.precision_at_capacity.is_some());
        let rare = bootstrap.intervals(&[1, 0, 0, 0], &[0.4, 0.3, 0.2, 0.1], &[0, 1, 2, 3]);
        assert_eq!(rare.roc_auc, None, "a third of the replicates has no churner");
    }
}
