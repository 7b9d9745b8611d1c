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
//! An interaction has the products of the four leading components of either feature, on at most 16 groups each (a
//! tensor product of smoothers, as in Wood 2017, *Generalized Additive Models*, section 5.6), scaled to a variance of
//! 4.

use super::bins::Grid;
use crate::config::Direction;
use ndarray::Array2;

/// Hinges and steps of a curve.
const HINGES: usize = 7;
const STEPS: usize = 15;
/// Components that a curve keeps, and that either side of an interaction does.
const CURVE_COMPONENTS: usize = 10;
const PAIR_COMPONENTS: usize = 4;
/// Prior standard deviation of an interaction beside that of a straight line.
const PAIR_SCALE: f64 = 2.0;
/// A level's column is scaled as that of two equal halves would be.
const LEVEL_SCALE: f64 = 2.0;
/// Groups of a feature in an interaction: 16 by 16 cells are a byte.
pub const PAIR_GROUPS: usize = 16;
/// A component with less than this share of the variance of the first is noise of the arithmetic.
const NEGLIGIBLE: f64 = 1e-7;
/// Absence has a column where at least this share of rows is absent.
const INDICATED: f64 = 1e-4;

/// A value a cell and column.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    /// Number of columns.
    pub columns: usize,
    /// Row after row, a row a cell.
    pub values: Vec<f64>,
    /// So many coefficients, the first ones, are never negative.
    pub bounded: usize,
    /// Variance of all columns together over the rows.
    pub variance: f64,
}

impl Basis {
    /// Of centred columns.
    fn from_columns(columns: &[Vec<f64>], shares: &[f64]) -> Basis {
        let values = (0..shares.len()).flat_map(|cell| columns.iter().map(move |column| column[cell])).collect();
        let square = |column: &Vec<f64>| column.iter().zip(shares).map(|(x, w)| w * x * x).sum::<f64>();
        Basis { columns: columns.len(), values, bounded: 0, variance: columns.iter().map(square).sum() }
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.values.len() / self.columns.max(1)
    }

    /// The row of a cell.
    pub fn row(&self, cell: usize) -> &[f64] {
        &self.values[cell * self.columns..(cell + 1) * self.columns]
    }

    /// All rows, a cell a row.
    pub fn matrix(&self) -> Array2<f64> {
        Array2::from_shape_fn((self.cells(), self.columns), |(cell, column)| self.row(cell)[column])
    }

    /// The table that coefficients make.
    pub fn table(&self, coefficients: &[f64]) -> Vec<f64> {
        (0..self.cells()).map(|cell| self.row(cell).iter().zip(coefficients).map(|(b, c)| b * c).sum()).collect()
    }

    /// Adds the products of a value a cell with each column.
    pub fn project(&self, values: &[f64], to: &mut [f64]) {
        for (cell, &value) in values.iter().enumerate().take(self.cells()).filter(|(_, &value)| value != 0.0) {
            to.iter_mut().zip(self.row(cell)).for_each(|(to, b)| *to += value * b);
        }
    }
}

/// The basis of a curve; without columns if the feature does not vary.
pub fn curve(grid: &Grid) -> Basis {
    if grid.values.is_empty() {
        return levels(&grid.shares);
    }
    let missing = grid.bins.missing();
    let mut columns = match grid.direction {
        Some(direction) => directed(grid, direction),
        None => components(&shapes(grid, false), &grid.shares, CURVE_COMPONENTS),
    };
    let bounded = if grid.direction.is_some() { columns.len() } else { 0 };
    let absent = grid.shares[missing];
    if (INDICATED..=1.0 - INDICATED).contains(&absent) {
        let mut indicator = vec![0.0; missing + 1];
        indicator[missing] = 1.0;
        columns.extend(standardised(indicator, &grid.shares, 1.0));
    }
    Basis { bounded, ..Basis::from_columns(&columns, &grid.shares) }
}

/// Shapes of which every sum with weights of 0 or more has the direction: the line, ramps from each quantile to the
/// next instead of hinges (which span the same curves), and steps. Components of them would not keep that.
fn directed(grid: &Grid, direction: Direction) -> Vec<Vec<f64>> {
    let sign = if direction == Direction::Rises { 1.0 } else { -1.0 };
    let mut columns = shapes(grid, true);
    columns.iter_mut().flatten().for_each(|value| *value *= sign);
    columns
}

/// The basis of an interaction over the cells of two features' groups, first feature first.
pub fn interaction(first: (&Grid, &[u8]), second: (&Grid, &[u8])) -> Basis {
    let (first, second) = (side(first.0, first.1), side(second.0, second.1));
    let columns = first.columns * second.columns;
    let mut values = Vec::with_capacity(first.cells() * second.cells() * columns);
    for a in 0..first.cells() {
        for b in 0..second.cells() {
            let products = first.row(a).iter().flat_map(|x| second.row(b).iter().map(move |y| PAIR_SCALE * x * y));
            values.extend(products);
        }
    }
    // Either side has a variance of 1, as if they were independent.
    Basis { columns, values, bounded: 0, variance: PAIR_SCALE * PAIR_SCALE }
}

/// The components of one feature over its groups, of a total variance of one.
fn side(grid: &Grid, groups: &[u8]) -> Basis {
    let cells = groups.iter().copied().max().map_or(0, |last| usize::from(last) + 1);
    let mut shares = vec![0.0; cells];
    groups.iter().zip(&grid.shares).for_each(|(&group, share)| shares[usize::from(group)] += share);

    let columns = if grid.values.is_empty() {
        let full = levels(&shares);
        (0..full.columns).map(|column| (0..cells).map(|cell| full.row(cell)[column]).collect()).collect()
    } else {
        let full = curve(grid);
        let mut columns = vec![vec![0.0; cells]; full.columns];
        for (code, (&group, share)) in groups.iter().zip(&grid.shares).enumerate() {
            for (column, value) in columns.iter_mut().zip(full.row(code)) {
                column[usize::from(group)] += share * value;
            }
        }
        for column in &mut columns {
            column.iter_mut().zip(&shares).filter(|(_, &share)| share > 0.0).for_each(|(sum, share)| *sum /= share);
        }
        columns
    };

    let mut columns = components(&columns, &shares, PAIR_COMPONENTS);
    let square = |column: &Vec<f64>| column.iter().zip(&shares).map(|(x, w)| w * x * x).sum::<f64>();
    let variance: f64 = columns.iter().map(square).sum();
    if variance > 0.0 {
        columns.iter_mut().flatten().for_each(|value| *value /= variance.sqrt());
    }
    Basis::from_columns(&columns, &shares)
}

fn levels(shares: &[f64]) -> Basis {
    let columns: Vec<Vec<f64>> = (0..shares.len())
        .filter(|&level| shares[level] > 0.0 && shares[level] < 1.0)
        .map(|level| {
            let mut column = vec![-LEVEL_SCALE * shares[level]; shares.len()];
            column[level] += LEVEL_SCALE;
            column
        })
        .collect();
    Basis::from_columns(&columns, shares)
}

/// The line, the pieces and the steps of a numeric feature, standardised over all rows; 0 where it is absent. A piece
/// grows from one quantile to the end (a hinge), or to the next one (a ramp).
fn shapes(grid: &Grid, are_ramps: bool) -> Vec<Vec<f64>> {
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
    let mut columns: Vec<Vec<f64>> = column(&|bin| z[bin], 1.0).into_iter().collect();
    if bins > 2 {
        let (hinges, steps) = (cuts(HINGES), cuts(STEPS));
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
        columns.extend(steps.iter().filter_map(|&at| column(&|bin| f64::from(u8::from(bin > at)), scale(steps.len()))));
    }

    columns
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
        let basis = interaction((&a, &first), (&b, &second));
        assert_eq!(basis.cells(), 16 * 4);
        assert_eq!(basis.columns, PAIR_COMPONENTS * 3);
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
}
