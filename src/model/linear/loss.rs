//! One pass over the rows: the loss, its gradient and its curvature at a point, for one model or for several at once.
//!
//! Why this shape. Rows are taken in tiles of 256, small enough to stay in the second-level cache while every model
//! reads them twice, once for the log-odds and once for the gradient. The first reading goes column by column: memory
//! then comes in its own order, which the machine foresees. The curvature `X' W X` costs half a square of the columns
//! per row, thirty times the gradient: a pass takes it from a sample of the rows alone, which is all that a step's
//! direction needs (Byrd, Chin, Neveitt & Nocedal 2011, "On the use of stochastic Hessian information in optimization
//! methods for machine learning"). Rows are drawn with probabilities proportional to their weights in the curvature:
//! where few customers churn, most rows hardly count. Everything is summed in `f64`.

use super::gram::{Gram, Rows, LOADED};
use crate::error::Result;
use crate::model::design::{Columns, DesignBlock, GROUPS, TILE};
use crate::numeric::{exp_of_negative, softplus, vectorised};
use crate::parallel;
use fearless_simd::{f32x8, f64x8, prelude::*, Simd};
use hashbrown::HashMap;
use std::ops::Range;

/// Sums that are kept side by side, so that one addition need not wait for the other.
const LANES: usize = 8;

/// Columns that are read side by side.
const STREAMS: usize = 4;

/// The rows that a curvature is taken from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The probability of a row over its weight `p (1 - p)`, as long as that is below 1.
    rate: f64,
}

impl Sample {
    /// All rows.
    pub const ALL: Sample = Sample { rate: f64::INFINITY };

    /// About so many rows of those whose weights sum to `weight`, fewer where some are sure to be drawn.
    pub fn new(rows: usize, weight: f64) -> Sample {
        Sample { rate: rows as f64 / weight }
    }
}

/// Draws rows one after the other, by systematic sampling (Madow & Madow 1944): the one with which the sum of the
/// probabilities reaches the next whole number. That is as good as chance, without any, and spread evenly over the
/// rows.
struct Draw {
    sample: Sample,
    sum: f64,
}

impl Draw {
    fn new(sample: Sample) -> Draw {
        Draw { sample, sum: 0.5 }
    }

    /// What a row of this weight counts for: its weight over its probability if it is drawn, else nothing.
    #[inline(always)]
    fn count(&mut self, weight: f64) -> f64 {
        if weight == 0.0 {
            return 0.0;
        }
        let before = self.sum.floor();
        self.sum += (weight * self.sample.rate).min(1.0);
        if self.sum.floor() > before {
            weight.max(self.sample.rate.recip())
        } else {
            0.0
        }
    }
}

/// A point at which to evaluate the loss.
pub struct Point<'a> {
    /// The coefficients, then the intercept.
    pub theta: &'a [f64],
    /// The fold whose rows are left out.
    pub without: Option<u8>,
    /// The curvature is wanted, from these rows.
    pub curvature: Option<Sample>,
    /// The scatter of the customers' scores is wanted.
    pub scatter: bool,
}

/// Sums over rows at one point.
#[derive(Clone, Debug)]
pub struct Sums {
    /// Number of rows.
    pub rows: usize,
    /// Number of churners.
    pub churners: usize,
    /// How many customers the rows stand for; every sum below takes each row as many times.
    pub weight: f64,
    /// Sum of the log-losses.
    pub loss: f64,
    /// Gradient of the loss: the coefficients, then the intercept.
    pub gradient: Vec<f64>,
    /// The smallest log-odds in favour of a row's own class: positive when every row is on its side.
    pub lowest_margin: f64,
    /// The largest absolute log-odds.
    pub largest: f64,
    /// The curvature `X' W X` of the loss, `W` being `p (1 - p)`; the intercept comes last.
    pub gram: Option<Gram>,
    /// The sum over customers of `s s'`, `s` being the gradient of the loss of a customer's rows.
    pub scatter: Option<Gram>,
}

impl Sums {
    fn new(point: &Point) -> Sums {
        let size = point.theta.len();
        Sums {
            rows: 0,
            churners: 0,
            weight: 0.0,
            loss: 0.0,
            gradient: vec![0.0; size],
            lowest_margin: f64::INFINITY,
            largest: 0.0,
            gram: point.curvature.map(|_| Gram::new(size)),
            scatter: point.scatter.then(|| Gram::new(size)),
        }
    }

    /// Brings the matrices up to date, when there are no more rows.
    fn finish(&mut self) {
        if let Some(gram) = &mut self.gram {
            gram.rows = self.weight;
        }
        self.gram.iter_mut().chain(&mut self.scatter).for_each(Gram::finish);
    }

    /// Adds the sums over other rows at the same point.
    fn add(&mut self, other: &Sums) {
        self.rows += other.rows;
        self.churners += other.churners;
        self.weight += other.weight;
        self.loss += other.loss;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(sum, value)| *sum += value);
        self.lowest_margin = self.lowest_margin.min(other.lowest_margin);
        self.largest = self.largest.max(other.largest);
        for (gram, other) in [(&mut self.gram, &other.gram), (&mut self.scatter, &other.scatter)] {
            if let (Some(gram), Some(other)) = (gram, other) {
                gram.add(other);
            }
        }
    }
}

/// The sums at each of `points` over the rows of `blocks` that it does not leave out. `columns` is the number of
/// columns, the intercept not counted.
///
/// Groups of consecutive blocks are added up in parallel, then the groups in their order.
///
/// # Errors
/// As [`DesignBlock::columns`].
pub fn evaluate(blocks: &[&DesignBlock], columns: usize, points: &[Point]) -> Result<Vec<Sums>> {
    let empty: Vec<Sums> = points.iter().map(Sums::new).collect();
    let of_whole_families = points.iter().any(|point| point.scatter);
    let groups: Vec<Vec<Sums>> = parallel::try_map(groups(blocks, of_whole_families), |blocks| {
        let (mut rows, mut sums) = (Rows::new(columns), empty.clone());
        let mut states: Vec<State> = points.iter().map(State::new).collect();
        for family in blocks.chunk_by(same_family) {
            for block in family {
                add_block(block, columns, points, &mut rows, &mut states, &mut sums)?;
            }
            for (State { scores, .. }, sums) in states.iter_mut().zip(&mut sums) {
                sums.scatter.iter_mut().for_each(|scatter| scores.hand_over(scatter, rows.length()));
            }
        }
        sums.iter_mut().for_each(Sums::finish);
        Ok(sums)
    })?;

    let mut total = empty;
    groups.iter().for_each(|group| total.iter_mut().zip(group).for_each(|(total, sums)| total.add(sums)));
    Ok(total)
}

fn same_family(a: &&DesignBlock, b: &&DesignBlock) -> bool {
    a.family == b.family
}

/// The blocks in at most [`GROUPS`] groups of consecutive ones; if asked for, without taking families apart.
fn groups<'a, 'b>(blocks: &'a [&'b DesignBlock], of_whole_families: bool) -> Vec<&'a [&'b DesignBlock]> {
    let size = blocks.len().div_ceil(GROUPS).max(1);
    let (mut groups, mut left) = (Vec::new(), blocks);
    while !left.is_empty() {
        let mut end = size.min(left.len());
        while of_whole_families && end < left.len() && same_family(&left[end - 1], &left[end]) {
            end += 1;
        }
        let (group, rest) = left.split_at(end);
        groups.push(group);
        left = rest;
    }
    groups
}

/// The scores of the customers of a family, the gradients of the loss of each one's rows, as far as these were seen.
#[derive(Default)]
struct Scores {
    /// Where each customer's is.
    places: HashMap<u32, usize>,
    /// One after the other, as long as a row of [`Rows`].
    values: Vec<f64>,
}

impl Scores {
    /// Adds a row with its residual.
    #[inline(always)]
    fn add(&mut self, customer: u32, row: &[f32], residual: f64) {
        let end = self.values.len();
        let at = *self.places.entry(customer).or_insert(end);
        if at == end {
            self.values.resize(end + row.len(), 0.0);
        }
        let score = &mut self.values[at..at + row.len()];
        for (score, &x) in score.iter_mut().zip(row) {
            *score += residual * f64::from(x);
        }
    }

    /// Adds the products of all scores, each of so many values, and forgets them.
    fn hand_over(&mut self, scatter: &mut Gram, length: usize) {
        self.values.chunks_exact(length).for_each(|score| scatter.add_sums(score));
        scatter.rows += self.places.len() as f64;
        self.values.clear();
        self.places.clear();
    }
}

/// What goes on from block to block at one point.
struct State {
    draw: Draw,
    scores: Scores,
}

impl State {
    fn new(point: &Point) -> State {
        State { draw: Draw::new(point.curvature.unwrap_or(Sample::ALL)), scores: Scores::default() }
    }
}

/// Adds the sums over a block.
fn add_block(
    block: &DesignBlock,
    columns: usize,
    points: &[Point],
    rows: &mut Rows,
    states: &mut [State],
    sums: &mut [Sums],
) -> Result<()> {
    let values = block.columns()?;
    for first in (0..block.rows).step_by(TILE) {
        let tile = Tile { block, values: &values, rows: first..(first + TILE).min(block.rows), columns };
        for ((point, State { draw, scores }), sums) in points.iter().zip(&mut *states).zip(&mut *sums) {
            let (residuals, weights) = tile.add(point, sums);
            let (mut gram, scores) = (sums.gram.as_mut(), point.scatter.then_some(scores));
            if let Some(gram) = gram.take_if(|_| draw.sample != Sample::ALL) {
                vectorised!(simd => add_drawn(simd, &tile, &weights, draw, rows, gram));
            }
            if gram.is_some() || scores.is_some() {
                vectorised!(simd => add_rows(simd, &tile, (&weights, gram), (&residuals, scores), rows));
            }
        }
    }

    Ok(())
}

/// Adds the curvature of the rows drawn from a tile, given the weights of all of them.
#[inline(always)]
fn add_drawn<S: Simd>(
    simd: S,
    tile: &Tile<'_>,
    weights: &[f64; TILE],
    draw: &mut Draw,
    rows: &mut Rows,
    gram: &mut Gram,
) {
    let (mut places, mut factors, mut drawn) = ([0; TILE], [0.0; TILE], 0);
    for (place, &weight) in tile.rows.clone().zip(weights) {
        let counts = draw.count(weight);
        if counts > 0.0 {
            (places[drawn], factors[drawn]) = (place, counts.sqrt());
            drawn += 1;
        }
    }

    for (places, factors) in places[..drawn].chunks(LOADED).zip(factors.chunks(LOADED)) {
        rows.gather(tile.values, places);
        for (row, &factor) in rows.iter().zip(factors) {
            gram.add_row(simd, row, factor);
        }
    }
}

/// Adds the curvature of all rows of a tile, given their weights, and what they add to their customers' scores, given
/// their residuals, where they are wanted.
#[inline(always)]
fn add_rows<S: Simd>(
    simd: S,
    tile: &Tile<'_>,
    (weights, mut gram): (&[f64; TILE], Option<&mut Gram>),
    (residuals, mut scores): (&[f64; TILE], Option<&mut Scores>),
    rows: &mut Rows,
) {
    let customers = &tile.block.customer;
    let chunks = residuals.as_chunks::<LOADED>().0.iter().zip(weights.as_chunks::<LOADED>().0);
    for (first, (residuals, weights)) in tile.rows.clone().step_by(LOADED).zip(chunks) {
        rows.load(simd, tile.values, first..(first + LOADED).min(tile.rows.end));
        if let Some(gram) = &mut gram {
            for (row, weight) in rows.iter().zip(weights).filter(|&(_, &weight)| weight > 0.0) {
                gram.add_row(simd, row, weight.sqrt());
            }
        }
        if let Some(scores) = &mut scores {
            // Not by a closure: that would be compiled for any machine.
            for ((row, &customer), &residual) in rows.iter().zip(&customers[first..]).zip(residuals) {
                scores.add(customer, row, residual);
            }
        }
    }
}

/// Up to 256 consecutive rows of a block.
struct Tile<'a> {
    block: &'a DesignBlock,
    values: &'a Columns<'a>,
    rows: Range<usize>,
    columns: usize,
}

impl Tile<'_> {
    fn column(&self, j: usize) -> &[f32] {
        &self.values.column(j)[self.rows.clone()]
    }

    /// Adds loss and gradient of these rows to `sums`, and returns their residuals `p - y` and weights `p (1 - p)`;
    /// both are nought for those of the fold left out.
    fn add(&self, point: &Point, sums: &mut Sums) -> ([f64; TILE], [f64; TILE]) {
        let (residuals, weights) = vectorised!(residuals_and_weights(self, point, sums));
        vectorised!(simd => add_gradient(simd, self, &residuals, &mut sums.gradient));
        (residuals, weights)
    }
}

/// The residuals `p - y` of a tile's rows and their weights `p (1 - p)`, each as often as its row counts; their loss is
/// added to `sums`.
#[inline(always)]
fn residuals_and_weights(tile: &Tile<'_>, point: &Point<'_>, sums: &mut Sums) -> ([f64; TILE], [f64; TILE]) {
    let mut log_odds = [point.theta[tile.columns]; TILE];
    let log_odds = &mut log_odds[..tile.rows.len()];
    if !tile.block.offset().is_empty() {
        let known = &tile.block.offset()[tile.rows.clone()];
        log_odds.iter_mut().zip(known).for_each(|(sum, known)| *sum += known);
    }

    // Columns far apart lie in different pages of memory, which the machine then fetches side by side.
    let (coefficients, apart) = (&point.theta[..tile.columns], tile.columns / STREAMS);
    for j in 0..apart {
        let [a, b, c, d] = [j, j + apart, j + 2 * apart, j + 3 * apart];
        let [ca, cb, cc, cd] = [a, b, c, d].map(|j| coefficients[j]);
        let rows = tile.column(a).iter().zip(tile.column(b)).zip(tile.column(c)).zip(tile.column(d));
        for (sum, (((&a, &b), &c), &d)) in log_odds.iter_mut().zip(rows) {
            *sum += (ca * f64::from(a) + cb * f64::from(b)) + (cc * f64::from(c) + cd * f64::from(d));
        }
    }

    for (j, &coefficient) in coefficients.iter().enumerate().skip(STREAMS * apart) {
        log_odds.iter_mut().zip(tile.column(j)).for_each(|(sum, &x)| *sum += coefficient * f64::from(x));
    }

    // Branches over rows would keep the compiler from vector instructions: a row that is left out counts nought.
    let (fold, y) = (&tile.block.fold[tile.rows.clone()], &tile.block.y[tile.rows.clone()]);
    let before = sums.rows;
    let mut taken = [0.0; TILE];
    let mut sides = [0.0; TILE];
    for (((taken, side), &fold), &y) in taken.iter_mut().zip(&mut sides).zip(fold).zip(y) {
        *taken = f64::from(u8::from(Some(fold) != point.without));
        *side = f64::from(y) * 2.0 - 1.0;
        sums.rows += usize::from(Some(fold) != point.without);
        sums.churners += usize::from(Some(fold) != point.without && y == 1);
    }
    sums.weight += count_customers(tile, &mut taken, sums.rows - before);

    let (mut residuals, mut weights) = ([0.0; TILE], [0.0; TILE]);
    let (mut hinges, mut factors) = ([0.0; TILE], [1.0; TILE]);
    let rows = log_odds.iter().zip(&sides).zip(&taken).zip(residuals.iter_mut().zip(&mut weights));
    for (((((&log_odds, &side), &taken), (residual, weight)), hinge), factor) in rows.zip(&mut hinges).zip(&mut factors)
    {
        // In terms of the log-odds of the row's own class no difference of nearly equal numbers is ever taken.
        let margin = log_odds * side;
        let e = exp_of_negative(-margin.abs());
        let rare = e / (1.0 + e);
        let miss = if margin >= 0.0 { rare } else { 1.0 - rare };
        *hinge = (-margin).max(0.0) * taken;
        *factor = 1.0 + e * taken;
        *residual = -side * miss * taken;
        *weight = rare / (1.0 + e) * taken;
    }

    // The product of 256 factors of at most 2 each is in reach of a float: one logarithm does for all of them. A row
    // that counts several times would be a power in it.
    if tile.block.weights.is_unit() {
        let (mut hinge, mut product) = ([0.0; LANES], [1.0; LANES]);
        for (hinges, factors) in hinges.as_chunks::<LANES>().0.iter().zip(factors.as_chunks::<LANES>().0) {
            for (((hinge, product), more), factor) in hinge.iter_mut().zip(&mut product).zip(hinges).zip(factors) {
                *hinge += more;
                *product *= factor;
            }
        }
        sums.loss += hinge.iter().sum::<f64>() + product.iter().product::<f64>().ln();
    } else {
        let rows = log_odds.iter().zip(&sides).zip(&taken);
        sums.loss += rows.map(|((log_odds, side), taken)| taken * softplus(-log_odds * side)).sum::<f64>();
    }

    for ((&log_odds, &side), &taken) in log_odds.iter().zip(&sides).zip(&taken) {
        if taken > 0.0 {
            sums.lowest_margin = sums.lowest_margin.min(log_odds * side);
            sums.largest = sums.largest.max(log_odds.abs());
        }
    }
    (residuals, weights)
}

/// Counts those of a tile's rows that are taken, so many, as often as they stand for customers, and says how often that
/// is in all.
#[inline(always)]
fn count_customers(tile: &Tile<'_>, taken: &mut [f64; TILE], rows: usize) -> f64 {
    if tile.block.weights.is_unit() {
        return rows as f64;
    }
    taken
        .iter_mut()
        .zip(&tile.block.weights.as_slice()[tile.rows.clone()])
        .for_each(|(taken, weight)| *taken *= weight);
    taken.iter().sum()
}

/// Adds the products of a tile's columns with its rows' residuals to the gradient.
#[inline(always)]
fn add_gradient<S: Simd>(simd: S, tile: &Tile<'_>, residuals: &[f64; TILE], gradient: &mut [f64]) {
    let residuals = &residuals[..tile.rows.len()];
    let (fours, rest) = gradient[..tile.columns].as_chunks_mut::<4>();
    let first = 4 * fours.len();
    for (j, sums) in (0..).step_by(4).zip(fours) {
        let columns = [tile.column(j), tile.column(j + 1), tile.column(j + 2), tile.column(j + 3)];
        sums.iter_mut().zip(dots(simd, columns, residuals)).for_each(|(sum, dot)| *sum += dot);
    }
    for (j, sum) in (first..).zip(rest) {
        let [dot] = dots(simd, [tile.column(j)], residuals);
        *sum += dot;
    }
    gradient[tile.columns] += residuals.iter().sum::<f64>();
}

/// The products of columns and a vector of the same length. The sums of several columns hide how long one addition
/// takes.
#[inline(always)]
fn dots<S: Simd, const N: usize>(simd: S, columns: [&[f32]; N], values: &[f64]) -> [f64; N] {
    let (lanes, rest) = values.as_chunks::<LANES>();
    let columns = columns.map(|column| column[..values.len()].as_chunks::<LANES>());
    let mut sums = [f64x8::splat(simd, 0.0); N];
    for (at, v) in lanes.iter().enumerate() {
        let v = f64x8::simd_from(simd, *v);
        for column in 0..N {
            let (low, high) = f32x8::simd_from(simd, columns[column].0[at]).widen();
            sums[column] += low.combine(high) * v;
        }
    }
    std::array::from_fn(|column| {
        let sums: [f64; LANES] = sums[column].into();
        let rest: f64 = columns[column].1.iter().zip(rest).map(|(&x, v)| f64::from(x) * v).sum();
        sums.iter().sum::<f64>() + rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::design::examples::{random, split};
    use crate::numeric::sigmoid;

    /// The sums in the most obvious way.
    fn slow(design: &crate::model::design::Design, theta: &[f64], without: Option<u8>) -> (f64, Vec<f64>, Vec<f64>) {
        let (x, y) = (design.to_f64().unwrap(), design.churned());
        let fold: Vec<u8> = design.blocks.iter().flat_map(|block| block.fold.clone()).collect();
        let size = theta.len();
        let (mut loss, mut gradient, mut gram) = (0.0, vec![0.0; size], vec![0.0; size * size]);
        for i in (0..y.len()).filter(|&i| Some(fold[i]) != without) {
            let row: Vec<f64> = x.row(i).iter().copied().chain([1.0]).collect();
            let z: f64 = row.iter().zip(theta).map(|(a, b)| a * b).sum();
            let p = sigmoid(z);
            loss += softplus(z) - if y[i] { z } else { 0.0 };
            for a in 0..size {
                gradient[a] += row[a] * (p - f64::from(u8::from(y[i])));
                for b in 0..size {
                    gram[a * size + b] += p * (1.0 - p) * row[a] * row[b];
                }
            }
        }
        (loss, gradient, gram)
    }

    fn close(found: &[f64], expected: &[f64], tolerance: f64) {
        let scale = expected.iter().fold(1.0_f64, |most, value| most.max(value.abs()));
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= tolerance * scale, "{a} against {b}");
        }
        assert_eq!(found.len(), expected.len());
    }

    #[test]
    fn sums_agree_with_the_obvious_way() {
        // Column counts around whole groups of four, row counts around whole tiles.
        for (rows, columns) in [(1, 1), (255, 2), (256, 3), (257, 4), (1000, 7), (700, 8), (50, 0), (300, 45)] {
            let design = if columns == 0 {
                let mut design = random(rows, 1, 3);
                design.names.clear();
                design.blocks[0].x = Vec::new().into();
                design
            } else {
                split(&random(rows, columns, 3), 300)
            };
            let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
            let theta: Vec<f64> = (0..=columns).map(|j| 0.3 - 0.1 * j as f64).collect();
            for without in [None, Some(2)] {
                let (loss, gradient, gram) = slow(&design, &theta, without);
                let point = Point { theta: &theta, without, curvature: Some(Sample::ALL), scatter: false };
                let sums = evaluate(&blocks, columns, &[point]).unwrap().remove(0);
                close(&[sums.loss], &[loss], 1e-13);
                close(&sums.gradient, &gradient, 1e-13);
                close(&sums.gram.unwrap().over(sums.weight), &gram, 1e-13);
            }
        }
    }

    #[test]
    fn rows_drawn_by_weight_give_nearly_the_curvature_of_all() {
        let design = split(&random(40_000, 3, 5), 256);
        let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
        let theta = [0.5, -0.2, 0.1, -3.0];

        let at = |sample| {
            let point = Point { theta: &theta, without: Some(1), curvature: Some(sample), scatter: false };
            evaluate(&blocks, 3, &[point]).unwrap().remove(0)
        };

        let all = at(Sample::ALL);
        let (rows, gram) = (all.rows, all.gram.unwrap().over(all.weight));

        // The intercept's own entry is the sum of the weights.
        let weight = gram[15];
        let drawn = at(Sample::new(4_000, weight));
        assert_eq!(drawn.rows, rows);
        close(&drawn.gram.unwrap().over(all.weight), &gram, 0.03);

        // So many that each is sure to be drawn.
        close(&at(Sample::new(1_000_000_000, weight)).gram.unwrap().over(all.weight), &gram, 1e-12);
        let mut draw = Draw::new(Sample::new(10, 40.0));
        let counts: Vec<f64> = [1.0, 1.0, 2.0, 0.0, 8.0, 4.0].map(|weight| draw.count(weight)).to_vec();
        assert_eq!(counts, [0.0, 4.0, 0.0, 0.0, 8.0, 4.0]);
    }

    #[test]
    fn the_scatter_of_customers_sums_their_rows_first() {
        let mut design = split(&random(700, 3, 8), 175);
        // Customers of one to three rows in a block, and most of them in both blocks of a family.
        for (index, block) in (0..).zip(&mut design.blocks) {
            block.customer = (0..block.rows as u32).map(|row| row * 2 / 5 + index % 2 * 9).collect();
            block.family = index / 2;
        }

        let families: Vec<_> = design.blocks.chunk_by(|a, b| a.family == b.family).collect();
        assert_eq!(families.len(), 2);
        let theta = [0.4, -0.3, 0.2, -1.5];
        let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
        let point = Point { theta: &theta, without: None, curvature: None, scatter: true };
        let found = evaluate(&blocks, 3, &[point]).unwrap().remove(0).scatter.unwrap();
        let (mut expected, mut count) = (vec![0.0; 16], 0);

        for family in families {
            let last = family.iter().flat_map(|block| block.customer.iter().copied()).max().unwrap();
            for customer in 0..=last {
                let mut score = [0.0; 4];
                for block in family {
                    let columns = block.columns().unwrap();
                    for row in (0..block.rows).filter(|&row| block.customer[row] == customer) {
                        let x: Vec<f64> = (0..3).map(|j| f64::from(columns.column(j)[row])).chain([1.0]).collect();
                        let z: f64 = x.iter().zip(&theta).map(|(x, t)| x * t).sum();
                        let residual = sigmoid(z) - f64::from(block.y[row]);
                        score.iter_mut().zip(&x).for_each(|(s, x)| *s += residual * x);
                    }
                }
                count += 1;
                for i in 0..4 {
                    for j in 0..4 {
                        expected[i * 4 + j] += score[i] * score[j];
                    }
                }
            }
        }

        assert_eq!((found.rows, design.customers()), (count as f64, count));
        close(&found.over(found.rows), &expected, 1e-12);
    }

    #[test]
    fn margins_are_those_of_a_rows_own_class() {
        let design = random(500, 2, 9);
        let blocks: Vec<&DesignBlock> = design.blocks.iter().collect();
        let theta = [1.0, -1.0, 0.5];
        let point = Point { theta: &theta, without: None, curvature: None, scatter: false };
        let sums = evaluate(&blocks, 2, &[point]).unwrap().remove(0);
        let log_odds = design.log_odds(&theta[..2], theta[2]).unwrap().concat();
        let margins = log_odds.iter().zip(design.churned()).map(|(z, churned)| if churned { *z } else { -z });
        assert!((sums.lowest_margin - margins.fold(f64::INFINITY, f64::min)).abs() < 1e-12);
        assert!((sums.largest - log_odds.iter().fold(0.0, |m: f64, z| m.max(z.abs()))).abs() < 1e-12);
        assert!(sums.gram.is_none());
    }
}
