//! Intervals by resampling customers: how far a metric may be from the truth because of who happened to be among the rows.
//!
//! All rows of one customer are drawn together, for they are anything but independent. A customer's weight in a
//! replicate is a Poisson number of mean 1 (Hanley & MacGibbon 2006; the limit of drawing `n` of `n` with replacement),
//! made from a hash of the seed, the replicate and the customer: the same for any number of threads, for any other rows
//! beside them, and for both sides of a paired comparison. An interval reaches from the 2.5th to the 97.5th percentile
//! of the replicates (Efron & Tibshirani 1993, chapter 13).
//!
//! The rows are sorted once. A pass over them then serves [`LANES`] replicates at a time, and draws the weights of [`TILE`]
//! rows at a time: random numbers and the weights that they stand for come out of loops of vector instructions. The ranking
//! is looked at where churners are: the rows between them only add up.

use crate::metrics::{self, RankedRow, Scores, CALIBRATION_BINS};
use crate::numeric::{vectorised, Z_95};
use fearless_simd::{f64x8, prelude::*, Simd};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Replicates of one pass over the rows.
const LANES: usize = 8;
/// Rows whose weights are drawn at a time.
const TILE: usize = 128;
/// The fewest and the most replicates that [`Bootstrap::for_rows`] takes.
const FEWEST: usize = 100;
const MOST: usize = 1_000;
/// Rows times replicates that take a second or two.
const BUDGET: usize = 100_000_000;
/// Rows between two notes of how much weight and how many churners lie above.
const NOTED: usize = 256;
/// With a smaller share of replicates in which a metric is defined, it has no interval.
const DEFINED: f64 = 0.9;

/// Poisson(1) as thresholds on 16 random bits: the weight is how many of them the bits reach. Its mean is 1 to 2e-5.
const POISSON: [u16; 8] = [24_109, 48_219, 60_274, 64_292, 65_296, 65_497, 65_531, 65_535];

/// A value and where the truth is in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The value on the rows themselves.
    pub estimate: f64,
    /// The lower end of the 95 % interval.
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
}

impl Interval {
    /// Whether the interval holds a value.
    pub fn covers(&self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// The normal interval of an estimate with this standard error.
    pub fn normal(estimate: f64, standard_error: f64) -> Interval {
        Interval { estimate, lower: estimate - Z_95 * standard_error, upper: estimate + Z_95 * standard_error }
    }

    /// So many times as wide on either side of the estimate.
    pub fn widened(self, times: f64) -> Interval {
        let Interval { estimate, lower, upper } = self;
        Interval {
            estimate,
            lower: estimate - times * (estimate - lower),
            upper: estimate + times * (upper - estimate),
        }
    }

    /// Without what lies outside of these bounds.
    fn within(self, least: f64, most: f64) -> Interval {
        Interval { lower: self.lower.max(least), upper: self.upper.min(most), ..self }
    }

    /// From the estimate and its replicates; undefined (not finite) replicates are left out.
    fn percentile(estimate: f64, replicates: impl Iterator<Item = f64>) -> Option<Interval> {
        let (mut defined, mut all) = (Vec::new(), 0usize);
        for value in replicates {
            all += 1;
            defined.extend(Some(value).filter(|value| value.is_finite()));
        }
        if !estimate.is_finite() || defined.is_empty() || (defined.len() as f64) < DEFINED * all as f64 {
            return None;
        }
        defined.sort_unstable_by(f64::total_cmp);
        Some(Interval { estimate, lower: quantile(&defined, 0.025), upper: quantile(&defined, 0.975) })
    }
}

/// The quantile of ascending values, linear between neighbours (numpy's default). Not of nothing.
fn quantile(ascending: &[f64], share: f64) -> f64 {
    let place = share * (ascending.len() - 1) as f64;
    let (below, above) = (ascending[place.floor() as usize], ascending[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// A value for each metric that is resampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PerMetric<T> {
    /// Share of churners.
    pub base_rate: T,
    /// [`metrics::roc_auc`].
    pub roc_auc: T,
    /// [`metrics::average_precision`].
    pub average_precision: T,
    /// [`metrics::log_loss`].
    pub log_loss: T,
    /// [`metrics::brier`].
    pub brier: T,
    /// [`metrics::ece`].
    pub ece: T,
    /// [`metrics::top_decile_lift`].
    pub top_decile_lift: T,
    /// [`metrics::precision_at`] the capacity.
    pub precision_at_capacity: T,
    /// [`metrics::lift_at`] the capacity.
    pub lift_at_capacity: T,
}

impl<T> PerMetric<T> {
    /// The same for every metric.
    fn map<U>(of: impl Fn(fn(&PerMetric<f64>) -> f64) -> U) -> PerMetric<U> {
        PerMetric {
            base_rate: of(|each| each.base_rate),
            roc_auc: of(|each| each.roc_auc),
            average_precision: of(|each| each.average_precision),
            log_loss: of(|each| each.log_loss),
            brier: of(|each| each.brier),
            ece: of(|each| each.ece),
            top_decile_lift: of(|each| each.top_decile_lift),
            precision_at_capacity: of(|each| each.precision_at_capacity),
            lift_at_capacity: of(|each| each.lift_at_capacity),
        }
    }
}

/// The intervals of all metrics; of one that is not defined, none.
pub type Intervals = PerMetric<Option<Interval>>;

impl Intervals {
    /// The intervals of all metrics of a model, so many times as wide, and within the values that they can have. The share of
    /// churners says nothing of a model.
    pub fn widened(self, times: f64) -> Intervals {
        let wide = self.differences_widened(times);
        let within = |interval: Option<Interval>, most: f64| interval.map(|interval| interval.within(0.0, most));
        PerMetric {
            base_rate: self.base_rate,
            roc_auc: within(wide.roc_auc, 1.0),
            average_precision: within(wide.average_precision, 1.0),
            log_loss: within(wide.log_loss, f64::INFINITY),
            brier: within(wide.brier, 1.0),
            ece: within(wide.ece, 1.0),
            top_decile_lift: within(wide.top_decile_lift, f64::INFINITY),
            precision_at_capacity: within(wide.precision_at_capacity, 1.0),
            lift_at_capacity: within(wide.lift_at_capacity, f64::INFINITY),
        }
    }

    /// The intervals of differences of all metrics, so many times as wide.
    pub fn differences_widened(self, times: f64) -> Intervals {
        let wide = |interval: Option<Interval>| interval.map(|interval| interval.widened(times));
        PerMetric {
            base_rate: wide(self.base_rate),
            roc_auc: wide(self.roc_auc),
            average_precision: wide(self.average_precision),
            log_loss: wide(self.log_loss),
            brier: wide(self.brier),
            ece: wide(self.ece),
            top_decile_lift: wide(self.top_decile_lift),
            precision_at_capacity: wide(self.precision_at_capacity),
            lift_at_capacity: wide(self.lift_at_capacity),
        }
    }
}

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

impl Bootstrap {
    /// With as many replicates as are worth their time on this many rows: from 1,000 on few rows down to 100 on many.
    pub fn for_rows(rows: usize, seed: u64, capacity: usize) -> Bootstrap {
        Bootstrap { replicates: (BUDGET / rows.max(1)).clamp(FEWEST, MOST), seed, capacity }
    }

    /// The metrics of scores with their intervals. `y` (1 = churned), the scores and `customers` have one value a
    /// row; equal `customers` are drawn together.
    ///
    /// The bins of the calibration error are those of the rows themselves. Resampling adds noise of its own to it, and
    /// any noise counts as error, so its replicates are shifted to have the estimate as their mean, though not below 0.
    pub fn intervals<'a>(&self, y: &[u8], scores: impl Into<Scores<'a>>, customers: &[u32]) -> Intervals {
        let sorted = Sorted::new(y, scores.into(), customers);
        let estimate = sorted.estimate(self);
        let replicates = centred(self.replicates(&sorted), estimate.ece);
        PerMetric::<f64>::map(|metric| Interval::percentile(metric(&estimate), replicates.iter().map(metric)))
    }

    /// The difference, `scores` less `other`, of each metric of two sets of scores of the same rows, with its
    /// interval. Customers have the same weights on both sides, so that what the rows have in common cancels.
    pub fn paired<'a>(
        &self,
        y: &[u8],
        scores: impl Into<Scores<'a>>,
        other: impl Into<Scores<'a>>,
        customers: &[u32],
    ) -> Intervals {
        self.both(y, scores.into(), other.into(), customers).1
    }

    /// [`Bootstrap::intervals`] of `scores` and [`Bootstrap::paired`] of `scores` and `other`, from the same replicates.
    pub fn both(&self, y: &[u8], scores: Scores<'_>, other: Scores<'_>, customers: &[u32]) -> (Intervals, Intervals) {
        let resampled = |scores: Scores<'_>| {
            let sorted = Sorted::new(y, scores, customers);
            let estimate = sorted.estimate(self);
            (estimate, centred(self.replicates(&sorted), estimate.ece))
        };
        let ((ours, our_replicates), (theirs, their_replicates)) = (resampled(scores), resampled(other));
        let alone =
            PerMetric::<f64>::map(|metric| Interval::percentile(metric(&ours), our_replicates.iter().map(metric)));
        let paired = PerMetric::<f64>::map(|metric| {
            let pairs = our_replicates.iter().zip(&their_replicates);
            Interval::percentile(metric(&ours) - metric(&theirs), pairs.map(|(a, b)| metric(a) - metric(b)))
        });
        (alone, paired)
    }

    /// The interval of a statistic of counts: each row is in one of the `cells`, and `of` makes the statistic of how many
    /// rows, drawn in a replicate, each cell holds.
    pub fn interval_from_cells(
        &self,
        estimate: f64,
        cells: &[u32],
        customers: &[u32],
        of: impl Fn(&[f64]) -> f64 + Sync,
    ) -> Option<Interval> {
        let count = cells.iter().map(|&cell| cell as usize + 1).max().unwrap_or(0).next_multiple_of(2);
        let replicates = self.passes().map(|weights| {
            let counts = vectorised!(counted(cells, customers, count, weights));
            let of_lane = |lane: usize| of(&counts.iter().map(|count| count[lane]).collect::<Vec<f64>>());
            (0..LANES).map(of_lane).collect::<Vec<f64>>()
        });
        Interval::percentile(estimate, replicates.collect::<Vec<_>>().into_iter().flatten())
    }

    /// The customers' weights in the replicates of each pass.
    fn passes(&self) -> impl IndexedParallelIterator<Item = Weights> {
        let (passes, seed) = (self.replicates.div_ceil(LANES), self.seed);
        (0..passes).into_par_iter().map(move |pass| Weights::Poisson { key: mixed(seed ^ mixed(pass as u64)) })
    }

    /// The metrics in every replicate; NaN where one is not defined.
    fn replicates(&self, sorted: &Sorted) -> Vec<PerMetric<f64>> {
        let of_pass = |weights| vectorised!(simd => over(simd, sorted, self.capacity, weights));
        let all: Vec<[PerMetric<f64>; LANES]> = self.passes().map(of_pass).collect();
        all.concat()
    }
}

/// Shifts the calibration errors to have the estimate as their mean, but no error below 0.
fn centred(mut replicates: Vec<PerMetric<f64>>, estimate: f64) -> Vec<PerMetric<f64>> {
    let mean = crate::numeric::sum(replicates.iter().map(|each| each.ece)) / replicates.len().max(1) as f64;
    replicates.iter_mut().for_each(|each| each.ece = (each.ece - mean + estimate).max(0.0));
    replicates
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every bit of the input changes half of the output's.
fn mixed(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The weights of the customers in the replicates of a pass.
#[derive(Clone, Copy)]
enum Weights {
    /// All of them weigh 1: the rows themselves.
    One,
    /// Poisson numbers, by a hash of the customer and the key.
    Poisson { key: u64 },
}

/// The weights of some rows in the replicates of a pass.
type Drawn = [[u16; LANES]; TILE];

impl Weights {
    /// Draws the weights of the rows of these customers, [`TILE`] at most.
    #[inline(always)]
    fn draw(self, customers: &[u32], drawn: &mut Drawn) {
        let Weights::Poisson { key } = self else {
            *drawn = [[1; LANES]; TILE];
            return;
        };
        let mut places = [0; TILE];
        for (place, &customer) in places.iter_mut().zip(customers) {
            *place = key.wrapping_add(u64::from(customer).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        let bits = places.map(|place| [mixed(place), mixed(!place)]);
        for (random, bits) in drawn.iter_mut().zip(&bits) {
            *random = std::array::from_fn(|lane| (bits[lane / 4] >> (16 * (lane % 4))) as u16);
        }
        for weight in drawn.as_flattened_mut() {
            let random = *weight;
            *weight = POISSON.iter().map(|&least| u16::from(random >= least)).sum();
        }
    }
}

/// A row in the order of the scores, highest first.
struct Row {
    churned: bool,
    /// The last of equal scores.
    ends_tie: bool,
    /// Its bin of the calibration table.
    bin: u8,
    /// Probability less outcome.
    gap: f64,
    /// Negative log-likelihood.
    loss: f64,
}

/// Rows one after the other, all in one bin of the calibration table: without churners, or of equal scores.
struct Stretch {
    /// Where the next one begins.
    end: usize,
    bin: usize,
    /// There are churners of the same scores, and more of these scores to come.
    goes_on: bool,
}

struct Sorted {
    rows: Vec<Row>,
    /// The customer of each row.
    customers: Vec<u32>,
    /// All rows.
    stretches: Vec<Stretch>,
}

/// What lies above a place in the order.
#[derive(Clone, Copy)]
struct Above {
    rows: [f64; LANES],
    churners: [f64; LANES],
}

impl Sorted {
    fn new(y: &[u8], scores: Scores<'_>, customers: &[u32]) -> Sorted {
        debug_assert!(y.len() == scores.p.len() && y.len() == scores.by.len() && y.len() == customers.len());
        let mut order = metrics::ranked(scores.by, customers);

        // Rows that are equal in all of these are the same; so the order of the rows does not matter.
        for beside in order.chunk_by_mut(|a, b| a.is_beside(*b)).filter(|beside| beside.len() > 1) {
            let of = |row: &RankedRow| (y[row.row()], scores.p[row.row()]);
            beside.sort_unstable_by(|a, b| of(a).0.cmp(&of(b).0).then(of(a).1.total_cmp(&of(b).1)));
        }

        // In this order, so that they need not be sorted again.
        let (y, p): (Vec<u8>, Vec<f64>) = order.par_iter().map(|row| (y[row.row()], scores.p[row.row()])).unzip();
        let bins: Vec<f64> = metrics::calibration_table(&y, &p).into_iter().map(|bin| bin.highest).collect();
        let row = |at: usize| {
            let (churned, p) = (y[at] == 1, p[at]);
            Row {
                churned,
                ends_tie: order.get(at + 1).is_none_or(|next: &RankedRow| !next.is_tied_with(order[at])),
                bin: bins.partition_point(|&highest| highest < p).min(CALIBRATION_BINS - 1) as u8,
                gap: p - f64::from(u8::from(churned)),
                loss: metrics::loss(churned, p),
            }
        };

        let rows: Vec<Row> = (0..order.len()).into_par_iter().map(row).collect();
        let customers = order.iter().map(|row| row.customer()).collect();
        Sorted { stretches: stretches(&rows), rows, customers }
    }

    /// The metrics of the rows themselves: of the replicate in which every customer has the weight 1.
    fn estimate(&self, bootstrap: &Bootstrap) -> PerMetric<f64> {
        vectorised!(simd => over(simd, self, bootstrap.capacity, Weights::One))[0]
    }
}

/// The rows as stretches. None without churners is much longer than the rows between two notes.
fn stretches(rows: &[Row]) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let (mut end, mut extendable) = (0, 0..0);
    for tie in rows.chunk_by(|row, _| !row.ends_tie) {
        let churners = tie.iter().any(|row| row.churned);
        for part in tie.chunk_by(|a, b| a.bin == b.bin) {
            let bin = usize::from(part[0].bin);
            end += part.len();
            match stretches.last_mut() {
                Some(last) if !churners && last.bin == bin && extendable.contains(&end) => last.end = end,
                _ => {
                    extendable = end..if churners { end } else { end + NOTED };
                    stretches.push(Stretch { end, bin, goes_on: churners });
                }
            }
        }
        stretches.last_mut().into_iter().for_each(|last| last.goes_on = false);
    }

    stretches
}

/// How many rows each of `count` cells holds in the replicates with these weights of the customers.
#[inline(always)]
fn counted(cells: &[u32], customers: &[u32], count: usize, weights: Weights) -> Vec<[f64; LANES]> {
    let (mut counts, mut drawn) = (vec![[0.0; LANES]; count], [[0; LANES]; TILE]);
    for (cells, customers) in cells.chunks(TILE).zip(customers.chunks(TILE)) {
        weights.draw(customers, &mut drawn);
        for (&cell, weights) in cells.iter().zip(&drawn) {
            counts[cell as usize].iter_mut().zip(weights).for_each(|(count, &weight)| *count += f64::from(weight));
        }
    }
    counts
}

/// The metrics of the replicates with these weights of the customers.
#[inline(always)]
fn over<S: Simd>(simd: S, sorted: &Sorted, capacity: usize, weights: Weights) -> [PerMetric<f64>; LANES] {
    let rows = &sorted.rows;
    let zero = f64x8::splat(simd, 0.0);
    let (mut all, mut churners) = (zero, zero);
    let (mut tie_all, mut tie_churners) = (zero, zero);
    let (mut area, mut precision) = (zero, zero);
    let (mut loss, mut square, mut bins) = (zero, zero, [zero; CALIBRATION_BINS]);
    let mut notes: Vec<(usize, Above)> = Vec::with_capacity(rows.len() / NOTED + 2);
    notes.push((0, Above { rows: zero.into(), churners: zero.into() }));
    let (mut at, mut noted, mut tile, mut drawn) = (0, 0, 0..0, [[0; LANES]; TILE]);

    for stretch in &sorted.stretches {
        let mut gaps = bins[stretch.bin];
        while at < stretch.end {
            if at == tile.end {
                tile = at..rows.len().min(at + TILE);
                weights.draw(&sorted.customers[tile.clone()], &mut drawn);
            }
            let end = stretch.end.min(tile.end);
            // In registers: a sum that lies in memory takes three times as long.
            let (mut losses, mut squares) = (zero, zero);
            for (row, weight) in rows[at..end].iter().zip(&drawn[at - tile.start..]) {
                let weight = f64x8::simd_from(simd, weight.map(f64::from));
                tie_all += weight;
                losses += weight * row.loss;
                squares += weight * (row.gap * row.gap);
                gaps += weight * row.gap;
                if row.churned {
                    tie_churners += weight;
                }
            }
            loss += losses;
            square += squares;
            at = end;
        }
        bins[stretch.bin] = gaps;
        if stretch.goes_on {
            continue;
        }
        // Of several ties without churners this is what each of them would add, one after the other.
        area += (tie_all - tie_churners) * (churners + tie_churners * 0.5);
        all += tie_all;
        churners += tie_churners;
        precision += tie_churners * (churners / all.max(1.0));
        (tie_all, tie_churners) = (zero, zero);
        if at - noted >= NOTED && rows[at - 1].ends_tie {
            noted = at;
            notes.push((noted, Above { rows: all.into(), churners: churners.into() }));
        }
    }

    let mut error = zero;
    for bin in bins {
        error += bin.abs();
    }
    let array = |sums: f64x8<S>| -> [f64; LANES] { sums.into() };
    let (all, churners, area, precision) = (array(all), array(churners), array(area), array(precision));
    let (loss, square, error) = (array(loss), array(square), array(error));
    let count = rows.len();
    let share = |list: usize| list.min(count) as f64 / count.max(1) as f64;
    let (decile, list) = (share(count.div_ceil(10)), share(capacity));

    std::array::from_fn(|lane| {
        let (n, n1) = (all[lane], churners[lane]);
        let base_rate = n1 / n;
        let caught = |share: f64| precision_at(sorted, share * n, lane, &notes, weights);
        let precision_at_capacity = caught(list);
        PerMetric {
            base_rate,
            roc_auc: area[lane] / (n1 * (n - n1)),
            average_precision: precision[lane] / n1,
            log_loss: loss[lane] / n,
            brier: square[lane] / n,
            ece: error[lane] / n,
            top_decile_lift: caught(decile) / base_rate,
            precision_at_capacity,
            lift_at_capacity: precision_at_capacity / base_rate,
        }
    })
}

/// Share of churners in the first `list` of the weight of one lane; within equal scores, the expectation.
#[inline(always)]
fn precision_at(sorted: &Sorted, list: f64, lane: usize, notes: &[(usize, Above)], weights: Weights) -> f64 {
    let note = notes.partition_point(|(_, above)| above.rows[lane] <= list).saturating_sub(1);
    let (start, above) = notes[note];
    let (mut all, mut churners) = (above.rows[lane], above.churners[lane]);
    let (mut tie_all, mut tie_churners) = (0.0, 0.0);
    let mut drawn = [[0; LANES]; TILE];

    for (rows, customers) in sorted.rows[start..].chunks(TILE).zip(sorted.customers[start..].chunks(TILE)) {
        weights.draw(customers, &mut drawn);
        for (row, weights) in rows.iter().zip(&drawn) {
            let weight = f64::from(weights[lane]);
            tie_all += weight;
            tie_churners += if row.churned { weight } else { 0.0 };
            if row.ends_tie {
                if all + tie_all >= list {
                    let share = if tie_all > 0.0 { (list - all) / tie_all } else { 0.0 };
                    return (churners + tie_churners * share) / list;
                }
                all += tie_all;
                churners += tie_churners;
                (tie_all, tie_churners) = (0.0, 0.0);
            }
        }
    }

    churners / list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use crate::numeric::sigmoid;
    use rand::Rng;
    use rand_pcg::Pcg64Mcg;

    fn uniform(rng: &mut Pcg64Mcg) -> f64 {
        (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Rows of customers with `each` rows; `grid` coarsens the probabilities so that some are equal.
    fn rows(seed: u128, count: usize, each: usize, grid: f64) -> (Vec<u8>, Vec<f64>, Vec<u32>) {
        let mut rng = Pcg64Mcg::new(seed);
        let mut all = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..count {
            let p = sigmoid(4.0 * uniform(&mut rng) - 4.0);
            let p = if grid > 0.0 { (p / grid).round() * grid } else { p };
            all.0.push(u8::from(uniform(&mut rng) < p));
            all.1.push(p);
            all.2.push((row / each) as u32);
        }
        all
    }

    #[test]
    fn wider_intervals_stay_around_their_estimates_and_within_what_is_possible() {
        let interval = |estimate, lower, upper| Some(Interval { estimate, lower, upper });
        let of =
            Intervals { roc_auc: interval(0.9, 0.8, 0.98), brier: interval(0.1, 0.02, 0.2), ..Intervals::default() };
        let wide = of.widened(1.5);
        assert_eq!(wide.roc_auc.map(|auc| (auc.estimate, auc.upper)), Some((0.9, 1.0)));
        assert!((wide.roc_auc.unwrap().lower - 0.75).abs() < 1e-12);
        assert_eq!((wide.brier.unwrap().lower, wide.log_loss), (0.0, None));
        assert!((of.differences_widened(2.0).brier.unwrap().lower + 0.06).abs() < 1e-12);
    }

    #[test]
    fn the_weight_one_gives_the_metrics_themselves() {
        for grid in [0.0, 0.05] {
            let (y, p, customers) = rows(1, 3_001, 3, grid);
            let bootstrap = Bootstrap { replicates: 8, seed: 1, capacity: 250 };
            let found = Sorted::new(&y, (&p).into(), &customers).estimate(&bootstrap);
            let expected = Metrics::new(&y, &p, 250);
            for (found, expected) in [
                (found.base_rate, expected.base_rate),
                (found.roc_auc, expected.roc_auc),
                (found.average_precision, expected.average_precision),
                (found.log_loss, expected.log_loss),
                (found.brier, expected.brier),
                (found.ece, expected.ece),
                (found.top_decile_lift, expected.top_decile_lift),
                (found.precision_at_capacity, expected.precision_at_capacity),
                (found.lift_at_capacity, expected.lift_at_capacity),
            ] {
                assert!((found - expected.unwrap()).abs() < 1e-12, "{found} against {expected:?}");
            }
        }
    }

    fn weights_of(customer: u32, weights: Weights) -> [f64; LANES] {
        let mut drawn = [[0; LANES]; TILE];
        weights.draw(&[customer], &mut drawn);
        drawn[0].map(f64::from)
    }

    #[test]
    fn a_weight_is_as_many_copies_of_the_row() {
        let (y, p, customers) = rows(2, 700, 2, 0.02);
        let weights = Weights::Poisson { key: mixed(3) };
        let sorted = Sorted::new(&y, (&p).into(), &customers);
        let lanes = vectorised!(simd => over(simd, &sorted, 70, weights));

        for lane in [0, 2, 5] {
            let copies = |row: usize| weights_of(customers[row], weights)[lane] as usize;
            let many = |row: usize| std::iter::repeat_n(row, copies(row));
            let drawn: Vec<usize> = (0..y.len()).flat_map(many).collect();
            let (y, p): (Vec<u8>, Vec<f64>) = drawn.iter().map(|&row| (y[row], p[row])).unzip();
            let found = lanes[lane];
            for (found, expected) in [
                (found.roc_auc, metrics::roc_auc(&y, &p)),
                (found.average_precision, metrics::average_precision(&y, &p)),
                (found.log_loss, metrics::log_loss(&y, &p)),
                (found.brier, metrics::brier(&y, &p)),
                (found.lift_at_capacity, metrics::lift_at(&y, &p, y.len() / 10)),
            ] {
                let tolerance = if y.len() % 10 == 0 { 1e-12 } else { 0.02 };
                assert!((found - expected.unwrap()).abs() < tolerance, "lane {lane}: {found} against {expected:?}");
            }
        }
    }

    #[test]
    fn weights_are_poisson_and_independent() {
        let mut counts = [0.0; 10];
        let (mut sum, mut square, mut product) = (0.0, 0.0, 0.0);
        let n = 200_000;
        for customer in 0..n {
            let weights = weights_of(customer, Weights::Poisson { key: mixed(7) });
            counts[weights[3] as usize] += 1.0;
            sum += weights[3];
            square += weights[3] * weights[3];
            product += weights[0] * weights[7];
        }
        let n = f64::from(n);
        let mut expected = (-1.0_f64).exp();
        for (k, count) in counts.iter().enumerate().take(5) {
            assert!((count / n - expected).abs() < 0.004, "P({k}) = {}", count / n);
            expected /= (k + 1) as f64;
        }
        assert!((sum / n - 1.0).abs() < 0.01 && (square / n - 2.0).abs() < 0.03 && (product / n - 1.0).abs() < 0.015);
    }

    #[test]
    fn intervals_are_those_of_theory() {
        // A share of n customers: 1.96 standard errors to both sides; with four equal rows per customer, no narrower.
        let (y, p, customers) = rows(3, 2_000, 1, 0.0);
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
        let (y, p, customers) = rows(9, 3_000, 1, 0.0);
        let ece = Bootstrap { replicates: 200, seed: 1, capacity: 10 }.intervals(&y, &p, &customers).ece.unwrap();
        assert!(ece.covers(ece.estimate) && ece.lower >= 0.0, "{ece:?}");
    }

    #[test]
    fn a_paired_difference_is_narrower_than_its_sides_and_knows_equals() {
        let (y, p, customers) = rows(4, 3_000, 2, 0.0);
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
        let (y, p, customers) = rows(5, 3_000, 3, 0.01);
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
