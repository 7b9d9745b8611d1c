//! The basis of a term: what shapes its table can take, and how much each is worth to one ridge penalty.
//!
//! A curve starts as a straight line of the standardised value, hinges at up to 7 quantiles and steps at up to 15, each
//! column standardised; hinges and steps count as much together as the line does alone. A ridge on the coefficients of
//! these columns is a Gaussian prior on the curve, and that prior lies almost wholly in a few directions: the leading
//! principal components of the columns over the training rows. They take the columns' place (the prior is the same but
//! for the truncation), so a curve costs ten coefficients instead of twenty-three, and none of them are collinear.
//!
//! A curve with a direction keeps its columns, with ramps between the quantiles in place of hinges: each of them has
//! the direction, and so has every sum of them with coefficients of 0 or more (as the I-splines of Ramsay 1988,
//! "Monotone regression splines in action"). Absence is not bound.
//!
//! Levels have a column each, centred and *not* standardised: a ridge then shrinks the effect of a rare level as much
//! as that of a common one, as a random effect does; standardised, rare levels would hardly be shrunk at all.
//!
//! An interaction has the products of components of either feature, on at most 16 groups each (a tensor product of
//! smoothers, as in Wood 2017, *Generalized Additive Models*, section 5.6), scaled to a variance of 4. A smooth one has
//! the four leading components of the curve. A fine one has all that there can be, and is of one of two kinds. The
//! variance of one is that of steps from each group to the next, so that it can turn anywhere at little cost. Three
//! quarters of that of the other are each group's own, so that it can follow whatever the cells say.

use super::bins::Grid;
use crate::config::Direction;
use crate::numeric::vectorised;
use fearless_simd::{f64x8, prelude::*, Simd};
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Hinges and steps of a curve.
const HINGES: usize = 7;
const STEPS: usize = 15;
/// Components that a curve keeps, and that either side of an interaction does.
const CURVE_COMPONENTS: usize = 10;
const SMOOTH_COMPONENTS: usize = 4;
const FINE_COMPONENTS: usize = PAIR_GROUPS - 1;
/// Prior standard deviation of an interaction beside that of a straight line.
const PAIR_SCALE: f64 = 2.0;
/// A level's column is scaled as that of two equal halves would be.
const LEVEL_SCALE: f64 = 2.0;
/// Groups of a feature in an interaction: 16 by 16 cells are a byte.
pub const PAIR_GROUPS: usize = 16;
/// Shares of the variance of a side that follows its cells.
const STEPS_SHARE: f64 = 0.25;
const OWN_SHARE: f64 = 0.75;
/// A component with less than this share of the variance of the first is noise of the arithmetic.
const NEGLIGIBLE: f64 = 1e-7;
/// Absence has a column where at least this share of rows is absent.
const INDICATED: f64 = 1e-4;

/// How closely an interaction can follow the cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// In broad shapes.
    #[default]
    Smooth,
    /// With a step at any edge: cells are like their neighbours.
    Steps,
    /// Cell by cell: they are hardly more like their neighbours than like others.
    Cells,
}

impl Detail {
    /// Whether it follows the cells as closely as there are groups.
    pub fn is_fine(self) -> bool {
        self != Detail::Smooth
    }
}

/// A value a cell and column.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    /// Number of columns.
    pub columns: usize,
    shapes: Shapes,
    /// So many coefficients, the first ones, are never negative.
    pub bounded: usize,
    /// Variance of all columns together over the rows.
    pub variance: f64,
}

/// The values of a basis.
#[derive(Clone, Debug, PartialEq)]
enum Shapes {
    /// Of one feature.
    Single(Columns),
    /// The products of each column of a first feature with each of a second: with 15 by 15 columns over 16 by 16 cells,
    /// a table is made eight times as fast from the two as from the products.
    Product(Side, Side),
}

/// A line of the columns of a side, or of its cells; zeros fill it up.
type Line = [f64; PAIR_GROUPS];

/// Columns over at most [`PAIR_GROUPS`] groups, at most as many: in lines of one length, which vector instructions take
/// whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    count: usize,
    /// A line a cell.
    rows: Vec<Line>,
    /// A line a column.
    columns: Vec<Line>,
}

impl Side {
    fn new(columns: &[Vec<f64>], cells: usize) -> Side {
        let line = |values: &mut dyn Iterator<Item = f64>| -> Line {
            std::array::from_fn(|_| values.next().unwrap_or_default())
        };
        Side {
            count: columns.len(),
            rows: (0..cells).map(|cell| line(&mut columns.iter().map(|column| column[cell]))).collect(),
            columns: columns.iter().map(|column| line(&mut column.iter().copied())).collect(),
        }
    }

    fn cells(&self) -> usize {
        self.rows.len()
    }

    fn map(&self, of: impl Fn(f64) -> f64) -> Side {
        let all = |lines: &[Line]| lines.iter().map(|line| line.map(&of)).collect();
        Side { count: self.count, rows: all(&self.rows), columns: all(&self.columns) }
    }
}

/// Columns of numbers: row after row, a row a cell.
#[derive(Clone, Debug, PartialEq)]
struct Columns {
    count: usize,
    values: Vec<f64>,
}

impl Columns {
    fn cells(&self) -> usize {
        self.values.len() / self.count.max(1)
    }

    fn row(&self, cell: usize) -> &[f64] {
        &self.values[cell * self.count..(cell + 1) * self.count]
    }
}

impl Basis {
    /// Of centred columns.
    fn from_columns(columns: &[Vec<f64>], shares: &[f64]) -> Basis {
        let values = (0..shares.len()).flat_map(|cell| columns.iter().map(move |column| column[cell])).collect();
        let shapes = Shapes::Single(Columns { count: columns.len(), values });
        Basis { columns: columns.len(), shapes, bounded: 0, variance: variance(columns, shares) }
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        match &self.shapes {
            Shapes::Single(columns) => columns.cells(),
            Shapes::Product(first, second) => first.cells() * second.cells(),
        }
    }

    /// The row of a cell.
    pub fn row(&self, cell: usize) -> Cow<'_, [f64]> {
        match &self.shapes {
            Shapes::Single(columns) => Cow::Borrowed(columns.row(cell)),
            Shapes::Product(first, second) => {
                let (a, b) = (&first.rows[cell / second.cells()], &second.rows[cell % second.cells()]);
                a[..first.count].iter().flat_map(|x| b[..second.count].iter().map(move |y| x * y)).collect()
            }
        }
    }

    /// A column: a value a cell.
    pub fn column(&self, column: usize) -> Vec<f64> {
        match &self.shapes {
            Shapes::Single(columns) => columns.values.iter().skip(column).step_by(columns.count).copied().collect(),
            Shapes::Product(first, second) => {
                let (a, b) = (&first.columns[column / second.count], &second.columns[column % second.count]);
                a[..first.cells()].iter().flat_map(|x| b[..second.cells()].iter().map(move |y| x * y)).collect()
            }
        }
    }

    /// All rows, a cell a row.
    pub fn matrix(&self) -> Array2<f64> {
        let rows: Vec<f64> = (0..self.cells()).flat_map(|cell| self.row(cell).into_owned()).collect();
        Array2::from_shape_vec((self.cells(), self.columns), rows).unwrap_or_default()
    }

    /// With every value times a factor: the same ridge expects coefficients' effects to be so many times as large.
    pub fn scaled(mut self, factor: f64) -> Basis {
        match &mut self.shapes {
            Shapes::Single(columns) => columns.values.iter_mut().for_each(|value| *value *= factor),
            Shapes::Product(first, _) => *first = first.map(|value| value * factor),
        }
        self.variance *= factor * factor;
        self
    }

    /// The table that coefficients make.
    pub fn table(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut table = vec![0.0; self.cells()];
        self.fill(coefficients, &mut table);
        table
    }

    /// Puts the table that coefficients make into one with a value a cell.
    pub fn fill(&self, coefficients: &[f64], table: &mut [f64]) {
        match &self.shapes {
            Shapes::Single(columns) => {
                let sum = |cell| columns.row(cell).iter().zip(coefficients).map(|(b, c)| b * c).sum();
                table.iter_mut().enumerate().for_each(|(cell, value)| *value = sum(cell));
            }
            Shapes::Product(first, second) => vectorised!(simd => table_of(simd, first, second, coefficients, table)),
        }
    }

    /// Adds the products of a value a cell with each column.
    pub fn project(&self, values: &[f64], to: &mut [f64]) {
        match &self.shapes {
            Shapes::Single(columns) => columns.project(values, to),
            Shapes::Product(first, second) => vectorised!(simd => project_on(simd, first, second, values, to)),
        }
    }

    /// The sums of the squares of each column, weighted by a value a cell.
    pub fn squares(&self, weights: &[f64]) -> Vec<f64> {
        let squared = |columns: &Columns| Columns {
            count: columns.count,
            values: columns.values.iter().map(|value| value * value).collect(),
        };
        let shapes = match &self.shapes {
            Shapes::Single(columns) => Shapes::Single(squared(columns)),
            Shapes::Product(first, second) => {
                Shapes::Product(first.map(|value| value * value), second.map(|value| value * value))
            }
        };
        let mut sums = vec![0.0; self.columns];
        Basis { shapes, ..*self }.project(weights, &mut sums);
        sums
    }
}

impl Columns {
    /// Adds the products of a value a cell with each column.
    fn project(&self, values: &[f64], to: &mut [f64]) {
        for (cell, &value) in values.iter().enumerate().take(self.cells()).filter(|(_, &value)| value != 0.0) {
            add_times(to, value, self.row(cell));
        }
    }
}

/// Puts `A C B'` into the table: `A` and `B` hold the rows of the sides, `C` the coefficients.
#[inline(always)]
fn table_of<S: Simd>(simd: S, first: &Side, second: &Side, coefficients: &[f64], table: &mut [f64]) {
    let mut lines = [[0.0; PAIR_GROUPS]; PAIR_GROUPS];
    for (line, coefficients) in lines.iter_mut().zip(coefficients.chunks_exact(second.count.max(1))) {
        line[..coefficients.len()].copy_from_slice(coefficients);
    }
    for (row, table) in first.rows.iter().zip(table.chunks_exact_mut(second.cells())) {
        let sums = combined(simd, &row[..first.count], &lines);
        let line = combined(simd, &sums[..second.count], &second.columns);
        table.copy_from_slice(&line[..table.len()]);
    }
}

/// Adds `A' T B` to the products, where `T` is a table of values. Each line of them is summed up in registers: added to
/// sixteen lines in memory in turn, the same products take five times as long.
#[inline(always)]
fn project_on<S: Simd>(simd: S, first: &Side, second: &Side, table: &[f64], products: &mut [f64]) {
    let mut lines = [[0.0; PAIR_GROUPS]; PAIR_GROUPS];
    for (line, values) in lines.iter_mut().zip(table.chunks(second.cells().max(1)).take(first.cells())) {
        *line = combined(simd, values, &second.rows);
    }
    for (column, products) in first.columns.iter().zip(products.chunks_exact_mut(second.count.max(1))) {
        let line = combined(simd, &column[..first.cells()], &lines);
        products.iter_mut().zip(line).for_each(|(to, value)| *to += value);
    }
}

/// The sum of lines, each times its factor.
#[inline(always)]
fn combined<S: Simd>(simd: S, factors: &[f64], lines: &[Line]) -> Line {
    let (mut low, mut high) = (f64x8::splat(simd, 0.0), f64x8::splat(simd, 0.0));
    for (&factor, line) in factors.iter().zip(lines) {
        let (line_low, line_high) = line.split_at(PAIR_GROUPS / 2);
        low += f64x8::from_slice(simd, line_low) * factor;
        high += f64x8::from_slice(simd, line_high) * factor;
    }
    let mut sum = [0.0; PAIR_GROUPS];
    low.store_slice(&mut sum[..PAIR_GROUPS / 2]);
    high.store_slice(&mut sum[PAIR_GROUPS / 2..]);
    sum
}

fn add_times(to: &mut [f64], factor: f64, values: &[f64]) {
    to.iter_mut().zip(values).for_each(|(to, value)| *to += factor * value);
}

/// Of all columns together.
fn variance(columns: &[Vec<f64>], shares: &[f64]) -> f64 {
    columns.iter().map(|column| column.iter().zip(shares).map(|(x, w)| w * x * x).sum::<f64>()).sum()
}

/// The basis of a curve; without columns if the feature does not vary.
pub fn curve(grid: &Grid) -> Basis {
    if grid.values.is_empty() {
        return levels(&grid.shares);
    }
    let mut columns = match grid.direction {
        Some(direction) => directed(grid, direction),
        None => components(&shapes(grid, false, false).concat(), &grid.shares, CURVE_COMPONENTS),
    };
    let bounded = if grid.direction.is_some() { columns.len() } else { 0 };
    columns.extend(absence(grid));
    Basis { bounded, ..Basis::from_columns(&columns, &grid.shares) }
}

/// The column of absence, where rows differ in it.
fn absence(grid: &Grid) -> Option<Vec<f64>> {
    let missing = grid.bins.missing();
    if !(INDICATED..=1.0 - INDICATED).contains(&grid.shares[missing]) {
        return None;
    }
    let mut indicator = vec![0.0; missing + 1];
    indicator[missing] = 1.0;
    standardised(indicator, &grid.shares, 1.0)
}

/// All that the curve of a numeric feature could be made of, kind by kind: the line with hinges, steps at every edge of
/// the bins, absence.
pub fn ingredients(grid: &Grid) -> [Vec<Vec<f64>>; 3] {
    let [line, hinges, steps] = shapes(grid, false, true);
    [[line, hinges].concat(), steps, absence(grid).into_iter().collect()]
}

/// Shapes of which every sum with weights of 0 or more has the direction: the line, ramps from each quantile to the
/// next instead of hinges (which span the same curves), and steps. Components of them would not keep that.
fn directed(grid: &Grid, direction: Direction) -> Vec<Vec<f64>> {
    let sign = if direction == Direction::Rises { 1.0 } else { -1.0 };
    let mut columns = shapes(grid, true, false).concat();
    columns.iter_mut().flatten().for_each(|value| *value *= sign);
    columns
}

/// The basis of an interaction over the cells of two features' groups, first feature first.
pub fn interaction(first: &Side, second: &Side) -> Basis {
    let columns = first.count * second.count;
    let shapes = Shapes::Product(first.clone(), second.clone());
    // Either side has a variance of 1, as if they were independent.
    Basis { columns, shapes, bounded: 0, variance: 1.0 }.scaled(PAIR_SCALE)
}

/// The components of one feature over its groups, of a total variance of one.
pub fn side(grid: &Grid, groups: &[u8], detail: Detail) -> Side {
    let cells = groups.iter().copied().max().map_or(0, |last| usize::from(last) + 1);
    let mut shares = vec![0.0; cells];
    groups.iter().zip(&grid.shares).for_each(|(&group, share)| shares[usize::from(group)] += share);

    let own = || standard(level_columns(&shares), &shares);
    let steps = || standard(step_columns(&shares), &shares);
    let columns = match detail {
        _ if grid.values.is_empty() => own(),
        Detail::Smooth => standard(grouped(grid, groups, &shares), &shares),
        Detail::Steps => steps(),
        Detail::Cells => [times(steps(), STEPS_SHARE.sqrt()), times(own(), OWN_SHARE.sqrt())].concat(),
    };
    let most = if detail.is_fine() { FINE_COMPONENTS } else { SMOOTH_COMPONENTS };
    Side::new(&standard(components(&columns, &shares, most), &shares), cells)
}

/// The columns of a curve, each its mean over the codes of a group.
fn grouped(grid: &Grid, groups: &[u8], shares: &[f64]) -> Vec<Vec<f64>> {
    let full = curve(grid);
    let mut columns = vec![vec![0.0; shares.len()]; full.columns];
    for (code, (&group, share)) in groups.iter().zip(&grid.shares).enumerate() {
        for (column, value) in columns.iter_mut().zip(&*full.row(code)) {
            column[usize::from(group)] += share * value;
        }
    }
    for column in &mut columns {
        column.iter_mut().zip(shares).filter(|(_, &share)| share > 0.0).for_each(|(sum, share)| *sum /= share);
    }
    columns
}

/// Columns of a variance of one together.
fn standard(columns: Vec<Vec<f64>>, shares: &[f64]) -> Vec<Vec<f64>> {
    let variance = variance(&columns, shares);
    if variance > 0.0 {
        times(columns, variance.sqrt().recip())
    } else {
        columns
    }
}

fn times(mut columns: Vec<Vec<f64>>, factor: f64) -> Vec<Vec<f64>> {
    columns.iter_mut().flatten().for_each(|value| *value *= factor);
    columns
}

/// A step between each group and the next, standardised.
fn step_columns(shares: &[f64]) -> Vec<Vec<f64>> {
    let step = |first: usize| {
        let column = (0..shares.len()).map(|cell| f64::from(u8::from(cell >= first))).collect();
        standardised(column, shares, 1.0)
    };
    (1..shares.len()).filter_map(step).collect()
}

fn levels(shares: &[f64]) -> Basis {
    Basis::from_columns(&level_columns(shares), shares)
}

fn level_columns(shares: &[f64]) -> Vec<Vec<f64>> {
    (0..shares.len())
        .filter(|&level| shares[level] > 0.0 && shares[level] < 1.0)
        .map(|level| {
            let mut column = vec![-LEVEL_SCALE * shares[level]; shares.len()];
            column[level] += LEVEL_SCALE;
            column
        })
        .collect()
}

/// The line, the pieces and the steps of a numeric feature, standardised over all rows; 0 where it is absent. A piece
/// grows from one quantile to the end (a hinge), or to the next one (a ramp). Steps are at some quantiles, or at every
/// edge.
fn shapes(grid: &Grid, are_ramps: bool, every_edge: bool) -> [Vec<Vec<f64>>; 3] {
    let bins = grid.bins.missing();
    let present: f64 = grid.shares[..bins].iter().sum();
    let mut below = 0.0;

    let cumulative: Vec<f64> = grid.shares[..bins]
        .iter()
        .map(|share| {
            below += share;
            below / present.max(f64::MIN_POSITIVE)
        })
        .collect();

    // The bins after which to cut, so that the parts are about equal.
    let cuts = |count: usize| {
        let mut cuts: Vec<usize> = (1..=count)
            .map(|i| cumulative.partition_point(|&share| share < i as f64 / (count + 1) as f64 - 1e-12))
            .filter(|&cut| cut + 1 < bins)
            .collect();
        cuts.dedup();
        cuts
    };

    let column = |value: &dyn Fn(usize) -> f64, scale: f64| {
        let raw: Vec<f64> = (0..bins).map(value).collect();
        let mean = raw.iter().zip(&grid.shares).map(|(x, w)| w * x).sum::<f64>() / present.max(f64::MIN_POSITIVE);
        let centred = raw.iter().map(|x| x - mean).chain([0.0]).collect();
        standardised(centred, &grid.shares, scale)
    };

    let z = &grid.values;
    let line = column(&|bin| z[bin], 1.0).into_iter().collect();
    let (mut columns, mut stairs) = (Vec::new(), Vec::new());
    if bins > 2 {
        let hinges = cuts(HINGES);
        let steps = if every_edge { (0..bins - 1).collect() } else { cuts(STEPS) };
        let scale = |count: usize| 1.0 / (count as f64).sqrt();
        let knots = hinges.iter().map(|&at| z[at]);
        let pieces: Vec<(f64, f64)> = if are_ramps {
            let ends = knots.clone().chain([f64::INFINITY]);
            std::iter::once(z[0]).chain(knots).zip(ends).collect()
        } else {
            knots.map(|knot| (knot, f64::INFINITY)).collect()
        };
        let piece = |&(from, to): &(f64, f64)| column(&|bin| z[bin].max(from).min(to) - from, scale(pieces.len()));
        columns.extend(pieces.iter().filter_map(piece));
        stairs.extend(steps.iter().filter_map(|&at| column(&|bin| f64::from(u8::from(bin > at)), scale(steps.len()))));
    }

    [line, columns, stairs]
}

/// With mean 0 and the given standard deviation over the rows; none if it is constant.
fn standardised(mut column: Vec<f64>, shares: &[f64], deviation: f64) -> Option<Vec<f64>> {
    let mean: f64 = column.iter().zip(shares).map(|(x, w)| w * x).sum();
    column.iter_mut().for_each(|x| *x -= mean);
    let variance: f64 = column.iter().zip(shares).map(|(x, w)| w * x * x).sum();
    (variance > 1e-12).then(|| {
        column.iter_mut().for_each(|x| *x *= deviation / variance.sqrt());
        column
    })
}

/// The leading principal components of columns over the rows, not rescaled: a ridge on their coefficients is one on
/// the columns' own.
fn components(columns: &[Vec<f64>], shares: &[f64], most: usize) -> Vec<Vec<f64>> {
    let size = columns.len();
    let product = |a: &Vec<f64>, b: &Vec<f64>| a.iter().zip(b).zip(shares).map(|((x, y), w)| w * x * y).sum::<f64>();
    let mut gram: Vec<f64> = columns.iter().flat_map(|a| columns.iter().map(move |b| product(a, b))).collect();
    let vectors = eigenvectors(&mut gram, size);
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&i, &j| gram[j * size + j].total_cmp(&gram[i * size + i]).then(i.cmp(&j)));
    let largest = order.first().map_or(0.0, |&first| gram[first * size + first]);
    order
        .into_iter()
        .take(most)
        .filter(|&i| gram[i * size + i] > NEGLIGIBLE * largest)
        .map(|i| {
            let cells = columns.first().map_or(0, Vec::len);
            (0..cells).map(|cell| (0..size).map(|j| columns[j][cell] * vectors[j * size + i]).sum()).collect()
        })
        .collect()
}

/// The eigenvectors of a symmetric matrix, as columns; the matrix is left with its eigenvalues on the diagonal. By
/// Jacobi's rotations (Golub and Van Loan, *Matrix Computations*, section 8.5): slow for large ones, exact for these.
fn eigenvectors(a: &mut [f64], size: usize) -> Vec<f64> {
    let mut vectors = vec![0.0; size * size];
    (0..size).for_each(|i| vectors[i * size + i] = 1.0);
    let norm: f64 = a.iter().map(|x| x * x).sum::<f64>();

    for _ in 0..60 {
        let off: f64 = (0..size).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * size + j].powi(2)).sum();
        if off <= 1e-26 * norm {
            break;
        }

        for p in 0..size {
            for q in p + 1..size {
                let apq = a[p * size + q];
                if apq.abs() <= 1e-300 {
                    continue;
                }

                let tau = (a[q * size + q] - a[p * size + p]) / (2.0 * apq);
                let t = tau.signum() / (tau.abs() + (1.0 + tau * tau).sqrt());
                let c = 1.0 / (1.0 + t * t).sqrt();
                let s = t * c;

                for k in 0..size {
                    let (x, y) = (a[k * size + p], a[k * size + q]);
                    a[k * size + p] = c * x - s * y;
                    a[k * size + q] = s * x + c * y;
                }
                for k in 0..size {
                    let (x, y) = (a[p * size + k], a[q * size + k]);
                    a[p * size + k] = c * x - s * y;
                    a[q * size + k] = s * x + c * y;
                    let (x, y) = (vectors[k * size + p], vectors[k * size + q]);
                    vectors[k * size + p] = c * x - s * y;
                    vectors[k * size + q] = s * x + c * y;
                }
            }
        }
    }

    vectors
}

#[cfg(test)]
mod tests {
    use super::super::bins::Bins;
    use super::*;

    fn grid(bins: usize, missing: f64) -> Grid {
        let edges = (1..bins).map(|i| i as f32).collect();
        let mut shares = vec![(1.0 - missing) / bins as f64; bins];
        shares.push(missing);
        let values = (0..bins).map(|i| (i as f64 - (bins - 1) as f64 / 2.0) / bins as f64).collect();
        Grid { bins: Bins::Numeric { edges }, shares, values, direction: None }
    }

    #[test]
    fn components_are_centred_uncorrelated_and_hold_nearly_all_of_the_variance() {
        let grid = grid(40, 0.1);
        let basis = curve(&grid);
        assert_eq!((basis.cells(), basis.columns), (41, CURVE_COMPONENTS + 1));
        let product = |i: usize, j: usize| -> f64 {
            (0..basis.cells()).map(|cell| grid.shares[cell] * basis.row(cell)[i] * basis.row(cell)[j]).sum()
        };
        for i in 0..basis.columns {
            let mean: f64 = (0..basis.cells()).map(|cell| grid.shares[cell] * basis.row(cell)[i]).sum();
            assert!(mean.abs() < 1e-9);
            for j in 0..i.min(CURVE_COMPONENTS) {
                assert!(product(i, j).abs() < 1e-9, "{i} {j} {}", product(i, j));
            }
        }
        // A line of variance 1, hinges of 1 and steps of 1 together.
        let variance: f64 = (0..CURVE_COMPONENTS).map(|i| product(i, i)).sum();
        assert!(variance > 2.9 && variance <= 3.0 + 1e-9, "{variance}");
    }

    #[test]
    fn a_feature_of_two_values_has_one_column() {
        assert_eq!(curve(&grid(2, 0.0)).columns, 1);
        assert_eq!(curve(&grid(1, 0.5)).columns, 1, "only its absence");
        assert_eq!(curve(&grid(1, 0.0)).columns, 0);
    }

    #[test]
    fn an_interaction_has_products_without_main_effects() {
        let (a, b) = (grid(40, 0.0), grid(3, 0.2));
        let (first, second) = (a.groups(PAIR_GROUPS), b.groups(PAIR_GROUPS));
        let basis = interaction(&side(&a, &first, Detail::Smooth), &side(&b, &second, Detail::Smooth));
        assert_eq!(basis.cells(), 16 * 4);
        assert_eq!(basis.columns, SMOOTH_COMPONENTS * 3);
        let mut shares = [vec![0.0; 16], vec![0.0; 4]];
        first.iter().zip(&a.shares).for_each(|(&group, share)| shares[0][usize::from(group)] += share);
        second.iter().zip(&b.shares).for_each(|(&group, share)| shares[1][usize::from(group)] += share);
        for column in 0..basis.columns {
            for j in 0..4 {
                let mean: f64 = (0..16).map(|i| shares[0][i] * basis.row(i * 4 + j)[column]).sum();
                assert!(mean.abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_fine_interaction_has_every_table_without_main_effects() {
        let (a, b) = (grid(40, 0.0), grid(3, 0.2));
        let (first, second) = (a.groups(PAIR_GROUPS), b.groups(PAIR_GROUPS));
        for detail in [Detail::Steps, Detail::Cells] {
            let basis = interaction(&side(&a, &first, detail), &side(&b, &second, detail));
            has_every_table(&basis);
        }
    }

    fn has_every_table(basis: &Basis) {
        // Nobody is absent from the first: it has 15 groups.
        assert_eq!(basis.columns, 14 * 3);
        let coefficients: Vec<f64> = (0..basis.columns).map(|i| (i as f64 * 1.3).sin()).collect();

        // Made of two sides it is what it is made of as a whole.
        let matrix = basis.matrix();
        let table = basis.table(&coefficients);
        let mut products = vec![0.0; basis.columns];
        basis.project(&table, &mut products);
        let squares = basis.squares(&table);
        for (cell, value) in table.iter().enumerate() {
            let sum: f64 = matrix.row(cell).iter().zip(&coefficients).map(|(b, c)| b * c).sum();
            assert!((value - sum).abs() < 1e-12);
        }
        for (column, product) in products.iter().enumerate() {
            let values = basis.column(column);
            assert!((values.iter().zip(&table).map(|(b, t)| b * t).sum::<f64>() - product).abs() < 1e-10);
            assert!((values.iter().zip(&table).map(|(b, t)| b * b * t).sum::<f64>() - squares[column]).abs() < 1e-10);
            assert_eq!(values, matrix.column(column).to_vec());
        }

        // 42 directions, none of them flat: as many as tables of 15 by 4 cells without main effects have.
        let gram = matrix.t().dot(&matrix);
        let mut gram: Vec<f64> = gram.iter().copied().collect();
        eigenvectors(&mut gram, basis.columns);
        let least = (0..basis.columns).map(|i| gram[i * basis.columns + i]).fold(f64::INFINITY, f64::min);
        assert!(least > 1e-4, "{least}");
    }
}
