//! Which interactions are worth a try: a fast screen of all pairs of features.
//!
//! For each pair the residuals of the present model are summed in the cells of two coarse groupings, and the gain in
//! log-likelihood of one Newton step a cell is compared with what chance alone would give (the FAST of Lou, Caruana,
//! Gehrke and Hooker 2013, "Accurate intelligible models with pairwise interactions", with cells instead of quadrants
//! and after taking out what the two features explain by themselves).

use super::bins::Grid;
use super::codes::CodeBlock;
use crate::numeric::sigmoid;
use crate::parallel;
use std::collections::BTreeMap;

/// Groups of a feature, absence among them.
const GROUPS: usize = 9;
/// The most features whose pairs are all looked at: those with the strongest curves.
const MOST_FEATURES: usize = 100;
/// Rounds of taking out what each feature explains by itself.
const SWEEPS: usize = 3;
/// Prior weight of a cell without effect: half a dozen rows.
const PRIOR: f64 = 2.0;
/// Features whose values correlate more than this are copies of each other to the eye of an interaction.
const COPY: f64 = 0.9;

/// Residuals and curvatures of a model's rows.
pub struct Residuals {
    /// Per block and row: label minus probability, and `p (1 - p)`, each times the weight of the row.
    rows: Vec<Vec<[f64; 2]>>,
}

impl Residuals {
    /// At these log-odds.
    pub fn at(blocks: &[&CodeBlock], log_odds: &[Vec<f64>]) -> Residuals {
        let of_row = |(&z, &y): (&f64, &u8)| {
            let p = sigmoid(z);
            [f64::from(y) - p, p * (1.0 - p)]
        };
        let rows = blocks.iter().zip(log_odds).map(|(block, z)| z.iter().zip(&block.y).map(of_row).collect());
        let mut residuals = Residuals { rows: rows.collect() };
        residuals.weigh(blocks);
        residuals
    }

    /// Counts each row as often as it stands for a customer, over the design effect of Kish (1965): as many rows in all
    /// as say as much, or chance alone would seem to gain more than it does.
    fn weigh(&mut self, blocks: &[&CodeBlock]) {
        let weights = || blocks.iter().flat_map(|block| block.weights.as_slice());
        let effect = weights().map(|weight| weight * weight).sum::<f64>() / weights().sum::<f64>();
        for (rows, block) in self.rows.iter_mut().zip(blocks) {
            for (row, weight) in rows.iter_mut().zip(block.weights.as_slice()) {
                row.iter_mut().for_each(|value| *value *= weight / effect);
            }
        }
    }

    /// What a step in each code of one feature would gain beyond chance.
    pub fn gain(&self, blocks: &[&CodeBlock], grid: &Grid, feature: usize) -> f64 {
        let mut sums = vec![[0.0; 2]; grid.bins.codes()];
        for (block, rows) in blocks.iter().zip(&self.rows) {
            for (&code, row) in block.column(feature).iter().zip(rows) {
                let sum = &mut sums[usize::from(code)];
                sum[0] += row[0];
                sum[1] += row[1];
            }
        }
        gain_of(&sums) - (sums.iter().filter(|sum| sum[1] > 0.0).count() as f64 - 1.0)
    }
}

fn gain_of(sums: &[[f64; 2]]) -> f64 {
    sums.iter().map(|[r, w]| r * r / (w + PRIOR)).sum()
}

/// The features with the greatest gain, ascending; all of them if there are not more than `most`.
pub fn strongest(residuals: &Residuals, blocks: &[&CodeBlock], grids: &[Grid], most: usize) -> Vec<usize> {
    if grids.len() <= most {
        return (0..grids.len()).collect();
    }
    let gains: Vec<f64> =
        parallel::map(grids.iter().enumerate(), |(feature, grid)| residuals.gain(blocks, grid, feature));
    let mut order: Vec<usize> = (0..grids.len()).collect();
    order.sort_by(|&a, &b| gains[b].total_cmp(&gains[a]).then(a.cmp(&b)));
    order.truncate(most);
    order.sort_unstable();
    order
}

/// All pairs of some features. `importance` has a value a feature; of many features only the most important ones form
/// pairs.
pub fn all_pairs(features: &[usize], importance: &[f64]) -> Vec<[usize; 2]> {
    let mut order: Vec<usize> = (0..features.len()).collect();
    order.sort_by(|&a, &b| importance[b].total_cmp(&importance[a]).then(a.cmp(&b)));
    let mut features: Vec<usize> = order.iter().take(MOST_FEATURES).map(|&at| features[at]).collect();
    features.sort_unstable();
    features.iter().enumerate().flat_map(|(place, &b)| features[..place].iter().map(move |&a| [a, b])).collect()
}

/// Of some pairs, those with a gain beyond so many times what chance gives, greatest first. Less than once favours
/// pairs with many cells, which fine interactions make use of.
pub fn promising(
    residuals: &Residuals,
    blocks: &[&CodeBlock],
    grids: &[Grid],
    pairs: &[[usize; 2]],
    times_chance: f64,
) -> Vec<[usize; 2]> {
    let mut features: Vec<usize> = pairs.as_flattened().to_vec();
    features.sort_unstable();
    features.dedup();
    let place = |feature: usize| features.binary_search(&feature).unwrap_or_default();
    let groups: Vec<Vec<u8>> = features.iter().map(|&feature| grids[feature].groups(GROUPS)).collect();
    let width = |at: usize| groups[at].iter().copied().max().map_or(0, |last| usize::from(last) + 1);

    let coded: Vec<Vec<Vec<u8>>> = parallel::map(0..features.len(), |at| {
        let grouped =
            |block: &&CodeBlock| block.column(features[at]).iter().map(|&code| groups[at][usize::from(code)]).collect();
        blocks.iter().map(grouped).collect()
    });

    let gains: Vec<f64> = parallel::map(pairs, |pair| {
        let [a, b] = pair.map(place);
        let (height, width) = (width(a), width(b));
        let mut sums = vec![[0.0; 2]; height * width];
        for (block, rows) in residuals.rows.iter().enumerate() {
            for ((&a, &b), row) in coded[a][block].iter().zip(&coded[b][block]).zip(rows) {
                let sum = &mut sums[usize::from(a) * width + usize::from(b)];
                sum[0] += row[0];
                sum[1] += row[1];
            }
        }
        joint_gain(&mut sums, height, width, times_chance)
    });

    let mut order: Vec<usize> = (0..pairs.len()).filter(|&at| gains[at] > 0.0).collect();
    order.sort_by(|&a, &b| gains[b].total_cmp(&gains[a]).then(a.cmp(&b)));
    order.into_iter().map(|at| pairs[at]).collect()
}

/// The first of some pairs, so many at most, without copies of each other.
pub fn distinct(
    pairs: impl IntoIterator<Item = [usize; 2]>,
    most: usize,
    blocks: &[&CodeBlock],
    grids: &[Grid],
) -> Vec<[usize; 2]> {
    let mut chosen: Vec<[usize; 2]> = Vec::new();
    let mut copies = Copies { blocks, grids, known: BTreeMap::new() };

    for pair in pairs {
        if chosen.len() == most {
            break;
        }
        let is_copy = |&[c, d]: &[usize; 2]| {
            copies.are(pair[0], c) && copies.are(pair[1], d) || copies.are(pair[0], d) && copies.are(pair[1], c)
        };
        if !chosen.iter().any(is_copy) {
            chosen.push(pair);
        }
    }

    chosen
}

/// The gain of a step a cell after a step a row and a step a column, beyond so many times what chance gives.
fn joint_gain(sums: &mut [[f64; 2]], height: usize, width: usize, times: f64) -> f64 {
    let mut cells = |of: &dyn Fn(usize) -> Vec<usize>, count: usize| {
        for line in 0..count {
            let line = of(line);
            let (r, w) = line.iter().fold((0.0, 0.0), |(r, w), &cell| (r + sums[cell][0], w + sums[cell][1]));
            let step = r / (w + PRIOR);
            line.iter().for_each(|&cell| sums[cell][0] -= step * sums[cell][1]);
        }
    };

    for _ in 0..SWEEPS {
        cells(&|row| (row * width..(row + 1) * width).collect(), height);
        cells(&|column| (0..height).map(|row| row * width + column).collect(), width);
    }

    let is_filled = |cell: usize| sums[cell][1] > 0.0;
    let rows = (0..height).filter(|&row| (row * width..(row + 1) * width).any(is_filled)).count();
    let columns = (0..width).filter(|&column| (0..height).any(|row| is_filled(row * width + column))).count();
    let filled = (0..sums.len()).filter(|&cell| is_filled(cell)).count();
    let chance = (filled + 1).saturating_sub(rows + columns);
    gain_of(sums) - times * chance as f64
}

/// Which features are copies of each other: each two of them are compared once, however many pairs they are in.
struct Copies<'a> {
    blocks: &'a [&'a CodeBlock],
    grids: &'a [Grid],
    known: BTreeMap<[usize; 2], bool>,
}

impl Copies<'_> {
    fn are(&mut self, one: usize, other: usize) -> bool {
        let Copies { blocks, grids, known } = self;
        let pair = [one.min(other), one.max(other)];
        one == other || *known.entry(pair).or_insert_with(|| correlation(blocks, grids, pair[0], pair[1]) > COPY)
    }
}

/// The absolute correlation of the standardised values of two numeric features; 0 with a categorical one.
fn correlation(blocks: &[&CodeBlock], grids: &[Grid], a: usize, b: usize) -> f64 {
    let (x, y) = (&grids[a].values, &grids[b].values);
    if x.is_empty() || y.is_empty() {
        return 0.0;
    }
    let mut sums = [0.0; 6];

    for block in blocks {
        for (&a, &b) in block.column(a).iter().zip(block.column(b)) {
            if let (Some(x), Some(y)) = (x.get(usize::from(a)), y.get(usize::from(b))) {
                let products = [1.0, *x, *y, x * x, y * y, x * y];
                sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += product);
            }
        }
    }

    let [n, x, y, xx, yy, xy] = sums;
    let spread = (n * xx - x * x) * (n * yy - y * y);
    if spread > 0.0 {
        ((n * xy - x * y) / spread.sqrt()).abs()
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples;
    use super::*;

    #[test]
    fn the_pair_that_interacts_is_found_and_its_copies_are_not() {
        // The label depends on features 1 and 2 together; feature 5 is a copy of feature 2.
        let (grids, blocks) = examples::interacting(20_000, 7);
        let blocks: Vec<&CodeBlock> = blocks.iter().collect();
        let log_odds: Vec<Vec<f64>> = blocks.iter().map(|block| vec![0.0; block.rows]).collect();
        let residuals = Residuals::at(&blocks, &log_odds);
        let features: Vec<usize> = (0..grids.len()).collect();
        let pairs = all_pairs(&features, &vec![1.0; grids.len()]);
        let found = promising(&residuals, &blocks, &grids, &pairs, 1.0);
        let first = distinct(found.clone(), 3, &blocks, &grids);
        assert_eq!(first[0], [1, 2]);
        assert!(!first.contains(&[1, 5]), "{first:?}");
        let others = found.into_iter().filter(|&pair| pair != [1, 2]);
        assert_eq!(distinct(others, 1, &blocks, &grids), [[1, 5]]);
    }

    #[test]
    fn the_strongest_features_are_kept_in_their_order() {
        let (grids, mut blocks) = examples::interacting(5_000, 8);
        for block in &mut blocks {
            block.y = block.column(3).iter().map(|&code| u8::from(code > 4)).collect();
        }
        let blocks: Vec<&CodeBlock> = blocks.iter().collect();
        let log_odds: Vec<Vec<f64>> = blocks.iter().map(|block| vec![0.0; block.rows]).collect();
        let residuals = Residuals::at(&blocks, &log_odds);
        assert_eq!(strongest(&residuals, &blocks, &grids, 1), [3]);
        assert_eq!(strongest(&residuals, &blocks, &grids, 10).len(), grids.len());
    }
}
