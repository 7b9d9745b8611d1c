//! Replicates of a bootstrap: weights of the customers, and the metrics of rows with these weights.
//!
//! The rows are sorted once. A pass over them then serves [`LANES`] replicates at a time, and draws the weights of
//! [`TILE`] rows at a time: random numbers and the weights that they stand for come out of loops of vector
//! instructions. The ranking is looked at where churners are: the rows between them only add up.

use super::interval::PerMetric;
use crate::metrics::{self, RankedRow, Scores, CALIBRATION_BINS};
use crate::numeric::vectorised;
use crate::parallel;
use crate::weights::RowWeights;
use fearless_simd::{f64x8, prelude::*, Simd};

/// Replicates of one pass over the rows.
pub const LANES: usize = 8;
/// Rows whose weights are drawn at a time.
const TILE: usize = 128;
/// Rows between two notes of how much weight and how many churners lie above.
const NOTED: usize = 256;

/// Poisson(1) as thresholds on 16 random bits: the weight is how many of them the bits reach. Its mean is 1 to 2e-5.
const POISSON: [u16; 8] = [24_109, 48_219, 60_274, 64_292, 65_296, 65_497, 65_531, 65_535];

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every bit of the input changes half of the output's.
fn mixed(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The weights of the customers in the replicates of a pass.
#[derive(Clone, Copy)]
pub enum Weights {
    /// All of them weigh 1: the rows themselves.
    One,
    /// Poisson numbers, by a hash of the customer and the key.
    Poisson {
        /// What tells the pass from others.
        key: u64,
    },
}

/// The weights of some rows in the replicates of a pass.
type Drawn = [[u16; LANES]; TILE];

impl Weights {
    /// Those of a pass, the same for the same seed.
    pub fn of_pass(seed: u64, pass: usize) -> Weights {
        Weights::Poisson { key: mixed(seed ^ mixed(pass as u64)) }
    }

    /// Draws the weights of rows, at most [`TILE`], given their customers.
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
    /// How many customers it stands for.
    weight: f64,
}

/// Consecutive rows in one bin of the calibration table, either without churners or of equal scores.
struct Stretch {
    /// Where the next one begins.
    end: usize,
    bin: usize,
    /// Whether more rows of its score follow, with churners among all of them.
    goes_on: bool,
}

/// Rows in the order of the scores, highest first.
pub struct Sorted {
    rows: Vec<Row>,
    /// The customer of each row.
    customers: Vec<u32>,
    /// All rows.
    stretches: Vec<Stretch>,
    /// How many customers the rows stand for.
    all: f64,
    /// Whether each stands for itself alone.
    unit: bool,
}

/// A note of what lies above a place in the order.
#[derive(Clone, Copy)]
struct Note {
    /// The place: of the next row.
    at: usize,
    /// The weight above it, in each replicate.
    rows: [f64; LANES],
    /// How much of that is of churners.
    churners: [f64; LANES],
}

impl Sorted {
    /// Sorts rows; each has a label, a score and a customer.
    pub fn new(y: &[u8], scores: Scores<'_>, customers: &[u32]) -> Sorted {
        debug_assert!(y.len() == scores.p.len() && y.len() == scores.by.len() && y.len() == customers.len());
        let mut order = metrics::ranked(scores.by, customers);

        // Rows of one customer with one score: by label and probability, so that it does not matter in which order they
        // came.
        for same in order.chunk_by_mut(|a, b| a.is_same_but_row(*b)).filter(|same| same.len() > 1) {
            let label = |row: &RankedRow| y[row.row()];
            let p = |row: &RankedRow| scores.p[row.row()];
            let weight = |row: &RankedRow| scores.weights.of(row.row());
            same.sort_unstable_by(|a, b| {
                label(a).cmp(&label(b)).then(p(a).total_cmp(&p(b))).then(weight(a).total_cmp(&weight(b)))
            });
        }

        // In the order of the ranking, so that nothing needs to be sorted again.
        let y = parallel::map_rows(order.len(), |at| y[order[at].row()]);
        let p = parallel::map_rows(order.len(), |at| scores.p[order[at].row()]);
        let weights = scores.weights.take(order.iter().map(|row| row.row()));
        let table = metrics::calibration_table(&y, Scores::weighted(&p, &weights));
        let bins: Vec<f64> = table.into_iter().map(|bin| bin.highest).collect();
        let row = |at: usize| {
            let (churned, p) = (y[at] == 1, p[at]);
            Row {
                churned,
                ends_tie: order.get(at + 1).is_none_or(|next: &RankedRow| !next.is_tied_with(order[at])),
                bin: bins.partition_point(|&highest| highest < p).min(CALIBRATION_BINS - 1) as u8,
                gap: p - f64::from(u8::from(churned)),
                loss: metrics::loss(churned, p),
                weight: weights.of(at),
            }
        };

        let rows = parallel::map_rows(order.len(), row);
        let customers = order.iter().map(|row| row.customer()).collect();
        let (all, unit) = (weights.totals(&y).all, weights.is_unit());
        Sorted { stretches: stretches(&rows), rows, customers, all, unit }
    }

    /// The metrics of the rows themselves: of the replicate in which every customer has the weight 1.
    pub fn estimate(&self, capacity: usize) -> PerMetric<f64> {
        self.metrics(capacity, Weights::One)[0]
    }

    /// The metrics of the replicates with these weights of the customers, for a list of so many rows; NaN where one is
    /// not defined.
    pub fn metrics(&self, capacity: usize, weights: Weights) -> [PerMetric<f64>; LANES] {
        if self.unit {
            vectorised!(simd => resampled::<_, true>(simd, self, capacity, weights))
        } else {
            vectorised!(simd => resampled::<_, false>(simd, self, capacity, weights))
        }
    }
}

/// The rows as stretches. One without churners is not much longer than what lies between two notes.
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

/// How many rows each of `count` cells holds in the replicates with these weights of the customers, each as often as it
/// stands for a customer.
pub fn count_cells(
    cells: &[u32],
    customers: &[u32],
    of_rows: &RowWeights,
    count: usize,
    weights: Weights,
) -> Vec<[f64; LANES]> {
    if of_rows.is_unit() {
        return vectorised!(counted(cells, customers, count, weights));
    }
    let (mut counts, mut drawn) = (vec![[0.0; LANES]; count], [[0; LANES]; TILE]);
    let tiles = cells.chunks(TILE).zip(customers.chunks(TILE)).zip(of_rows.as_slice().chunks(TILE));
    for ((cells, customers), of_rows) in tiles {
        weights.draw(customers, &mut drawn);
        for ((&cell, weights), of_row) in cells.iter().zip(&drawn).zip(of_rows) {
            let counts = counts[cell as usize].iter_mut().zip(weights);
            counts.for_each(|(count, &weight)| *count += of_row * f64::from(weight));
        }
    }
    counts
}

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

/// As [`Sorted::metrics`]; of rows that stand for themselves alone, `UNIT`, nothing need be multiplied.
#[inline(always)]
fn resampled<S: Simd, const UNIT: bool>(
    simd: S,
    sorted: &Sorted,
    capacity: usize,
    weights: Weights,
) -> [PerMetric<f64>; LANES] {
    let rows = &sorted.rows;
    let zero = f64x8::splat(simd, 0.0);
    let (mut all, mut churners) = (zero, zero);
    let (mut tie_all, mut tie_churners) = (zero, zero);
    let (mut area, mut precision) = (zero, zero);
    let (mut loss, mut square, mut bins) = (zero, zero, [zero; CALIBRATION_BINS]);

    let mut notes: Vec<Note> = Vec::with_capacity(rows.len() / NOTED + 2);
    notes.push(Note { at: 0, rows: zero.into(), churners: zero.into() });
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
                let mut weight = f64x8::simd_from(simd, weight.map(f64::from));
                if !UNIT {
                    weight *= row.weight;
                }
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
            notes.push(Note { at: noted, rows: all.into(), churners: churners.into() });
        }
    }

    let mut error = zero;
    for bin in bins {
        error += bin.abs();
    }

    let array = |sums: f64x8<S>| -> [f64; LANES] { sums.into() };
    let (all, churners, area, precision) = (array(all), array(churners), array(area), array(precision));
    let (loss, square, error) = (array(loss), array(square), array(error));
    let count = sorted.all;
    let share = |list: f64| list.min(count) / if count > 0.0 { count } else { 1.0 };
    let (decile, list) = (share((count / 10.0).ceil()), share(capacity as f64));

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
fn precision_at(sorted: &Sorted, list: f64, lane: usize, notes: &[Note], weights: Weights) -> f64 {
    let note = notes[notes.partition_point(|note| note.rows[lane] <= list).saturating_sub(1)];
    let (mut all, mut churners) = (note.rows[lane], note.churners[lane]);
    let (mut tie_all, mut tie_churners) = (0.0, 0.0);
    let mut drawn = [[0; LANES]; TILE];

    for (rows, customers) in sorted.rows[note.at..].chunks(TILE).zip(sorted.customers[note.at..].chunks(TILE)) {
        weights.draw(customers, &mut drawn);
        for (row, weights) in rows.iter().zip(&drawn) {
            let weight = f64::from(weights[lane]) * row.weight;
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

/// Rows to resample in tests.
#[cfg(test)]
pub(super) mod examples {
    use crate::numeric::sigmoid;
    use rand::Rng;
    use rand_pcg::Pcg64Mcg;

    pub fn uniform(rng: &mut Pcg64Mcg) -> f64 {
        (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Rows of customers with `each` rows; `grid` coarsens the probabilities so that some are equal.
    pub fn rows(seed: u128, count: usize, each: usize, grid: f64) -> Rows {
        let mut rng = Pcg64Mcg::new(seed);
        let mut rows = Rows::default();
        for row in 0..count {
            let p = sigmoid(4.0 * uniform(&mut rng) - 4.0);
            let p = if grid > 0.0 { (p / grid).round() * grid } else { p };
            rows.y.push(u8::from(uniform(&mut rng) < p));
            rows.p.push(p);
            rows.customers.push((row / each) as u32);
        }
        rows
    }

    #[derive(Default)]
    pub struct Rows {
        pub y: Vec<u8>,
        pub p: Vec<f64>,
        pub customers: Vec<u32>,
    }
}

#[cfg(test)]
mod tests {
    use super::examples::{rows, Rows};
    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn the_weight_one_gives_the_metrics_themselves() {
        for grid in [0.0, 0.05] {
            let Rows { y, p, customers } = rows(1, 3_001, 3, grid);
            let found = Sorted::new(&y, (&p).into(), &customers).estimate(250);
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
        let Rows { y, p, customers } = rows(2, 700, 2, 0.02);
        let weights = Weights::Poisson { key: mixed(3) };
        let sorted = Sorted::new(&y, (&p).into(), &customers);
        let lanes = sorted.metrics(70, weights);

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
}
