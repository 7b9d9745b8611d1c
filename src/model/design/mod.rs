//! The design matrix: standardised columns in blocks of rows, with the labels and folds of those rows beside them.

pub mod columns;
pub mod recipe;

use crate::error::{Error, Result};
use crate::memory::{Arena, Stored};
use crate::numeric::{logit, vectorised};
use crate::parallel;
use crate::weights::{RowWeights, Totals};
use fearless_simd::{f32x16, f64x8, prelude::*, Simd};
use ndarray::{Array1, Array2, ShapeBuilder};
use std::borrow::Cow;

/// The name of the intercept in tables and messages.
pub const INTERCEPT: &str = "(intercept)";

/// Rows that are worked on together, small enough to stay in the second-level cache.
pub const TILE: usize = 256;

/// At most so many sums are kept for one pass. Their number depends on the blocks alone, never on the threads.
pub const GROUPS: usize = 64;

/// The rows a model is fitted on or applied to. There is no column for the intercept.
///
/// Blocks hold about as many rows as a tile of the kernel; their number and order must not depend on the number of
/// threads.
#[derive(Clone, Debug)]
pub struct Design {
    /// Names of the columns.
    pub names: Vec<String>,
    /// The rows.
    pub blocks: Vec<DesignBlock>,
}

/// Some consecutive rows of a design.
#[derive(Clone, Debug)]
pub struct DesignBlock {
    /// Number of rows.
    pub rows: usize,
    /// The values, finite and column after column: column `j` is `x[j * rows..(j + 1) * rows]`. Under a memory limit
    /// they may lie on disk.
    pub x: Stored<f32>,
    /// Per row, 1 if the customer churned, else 0.
    pub y: Vec<u8>,
    /// Per row, the cross-fitting fold of its customer. One customer's rows all have the same fold.
    pub fold: Vec<u8>,
    /// Per row, for how many customers it stands.
    pub weights: RowWeights,
    /// Per row, log-odds that are known beforehand and that the model only adds to; none at all where nothing is known.
    offset: Vec<f64>,
    /// Per row, a number that tells its customer from the others of the family. In one block, a customer's rows lie one
    /// after the other.
    pub customer: Vec<u32>,
    /// All rows of a customer are in blocks of one family, and these lie one after the other.
    pub family: u32,
    /// The sums of each column, taken while the values are in the cache.
    sums: Vec<ColumnSums>,
}

/// What a column looks like before any fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnProfile {
    /// Mean; not finite if a value is not.
    pub mean: f64,
    /// Root mean square; not finite if a value is not.
    pub root_mean_square: f64,
    /// The values of the customers who stayed.
    pub stayed: ValueRange,
    /// The values of the customers who churned.
    pub churned: ValueRange,
}

/// Where values lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueRange {
    /// The lowest of them; infinity if there is none.
    pub lowest: f32,
    /// The highest of them; minus infinity if there is none.
    pub highest: f32,
}

impl ValueRange {
    const EMPTY: ValueRange = ValueRange { lowest: f32::INFINITY, highest: f32::NEG_INFINITY };

    fn with(self, more: ValueRange) -> ValueRange {
        ValueRange { lowest: self.lowest.min(more.lowest), highest: self.highest.max(more.highest) }
    }
}

impl ColumnProfile {
    /// Whether a value tells all who stayed from all who churned.
    pub fn separates(&self) -> bool {
        self.stayed.highest < self.churned.lowest || self.churned.highest < self.stayed.lowest
    }

    /// As [`ColumnProfile::separates`], but for rows of both kinds that share one value.
    pub fn nearly_separates(&self) -> bool {
        self.stayed.highest <= self.churned.lowest || self.churned.highest <= self.stayed.lowest
    }

    /// Variance over the rows.
    pub fn variance(&self) -> f64 {
        (self.root_mean_square.powi(2) - self.mean.powi(2)).max(0.0)
    }

    /// Whether all values are the same.
    pub fn constant(&self) -> bool {
        let all = self.stayed.with(self.churned);
        all.lowest >= all.highest
    }
}

/// What a column's profile is made of.
#[derive(Clone, Copy, Debug)]
struct ColumnSums {
    sum: f64,
    square: f64,
    /// Among those who stayed, and among those who churned.
    ranges: [ValueRange; 2],
}

impl ColumnSums {
    const EMPTY: ColumnSums = ColumnSums { sum: 0.0, square: 0.0, ranges: [ValueRange::EMPTY; 2] };

    fn add(&mut self, more: &ColumnSums) {
        self.sum += more.sum;
        self.square += more.square;
        self.ranges.iter_mut().zip(more.ranges).for_each(|(range, more)| *range = range.with(more));
    }
}

/// Rows that are worked on at a time.
const LANES: usize = 16;

/// For those who stayed and for those who churned: nought a row of theirs, infinity a row of the others' and beyond the
/// last.
type Others = [Vec<[f32; LANES]>; 2];

fn others(y: &[u8]) -> Others {
    [0, 1].map(|class| {
        let mut others = vec![[f32::INFINITY; LANES]; y.len() / LANES + 1];
        let own = others.as_flattened_mut().iter_mut().zip(y).filter(|(_, &y)| y == class);
        own.for_each(|(other, _)| *other = 0.0);
        others
    })
}

/// The sums of some rows of a column.
#[inline(always)]
fn sums_of<S: Simd>(simd: S, x: &[f32], others: &Others) -> ColumnSums {
    let mut sums = [[f64x8::splat(simd, 0.0); 2]; 2];
    let empty = ValueRange::EMPTY;
    let mut ranges = [(f32x16::splat(simd, empty.lowest), f32x16::splat(simd, empty.highest)); 2];
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut last = [0.0; LANES];
    last[..rest.len()].copy_from_slice(rest);

    for (at, x) in chunks.iter().chain([&last]).enumerate() {
        for ([values, squares], x) in sums.iter_mut().zip(x.as_chunks::<8>().0) {
            let x = f64x8::simd_from(simd, x.map(f64::from));
            *values += x;
            *squares += x * x;
        }
        let x = f32x16::simd_from(simd, *x);
        for ((low, high), others) in ranges.iter_mut().zip(others) {
            let other = f32x16::simd_from(simd, others[at]);
            *low = low.min(x + other);
            *high = high.max(x - other);
        }
    }

    let [[values, squares], [more_values, more_squares]] = sums;
    ColumnSums {
        sum: (values + more_values).reduce_sum(),
        square: (squares + more_squares).reduce_sum(),
        ranges: ranges.map(|(low, high)| ValueRange { lowest: low.reduce_min(), highest: high.reduce_max() }),
    }
}

/// What the profile of a design is made of: the sums of each column of a block's values.
fn column_sums(x: &[f32], y: &[u8], weights: &RowWeights) -> Vec<ColumnSums> {
    let others = others(y);
    let columns = x.chunks_exact(y.len().max(1));
    let mut sums: Vec<ColumnSums> =
        columns.clone().map(|column| vectorised!(simd => sums_of(simd, column, &others))).collect();
    if !weights.is_unit() {
        for (sums, column) in sums.iter_mut().zip(columns) {
            (sums.sum, sums.square) = (0.0, 0.0);
            for (&x, weight) in column.iter().zip(weights.as_slice()) {
                let x = f64::from(x);
                sums.sum += weight * x;
                sums.square += weight * x * x;
            }
        }
    }
    sums
}

/// The values of a block, in memory.
pub struct Columns<'a> {
    rows: usize,
    x: Cow<'a, [f32]>,
}

impl Columns<'_> {
    /// The values of column `j`.
    pub fn column(&self, j: usize) -> &[f32] {
        &self.x[j * self.rows..(j + 1) * self.rows]
    }
}

/// The rows of a design: an entry a row.
pub struct DesignRows {
    /// The label: 1 churned, 0 stayed.
    pub y: Vec<u8>,
    /// The fold.
    pub fold: Vec<u8>,
    /// For how many customers it stands.
    pub weights: RowWeights,
    /// A number that tells its customer from the others of the family.
    pub customer: Vec<u32>,
}

impl DesignBlock {
    /// A block of rows with these values, column after column, which go to the arena.
    ///
    /// # Errors
    /// [`Error::Temporary`] when the values have to be written and the disk is full.
    pub fn new(x: &[f32], rows: DesignRows, family: u32, arena: &Arena) -> Result<DesignBlock> {
        let DesignRows { y, fold, weights, customer } = rows;
        let sums = column_sums(x, &y, &weights);
        let offset = Vec::new();
        Ok(DesignBlock { rows: y.len(), x: arena.put(x)?, y, fold, weights, offset, customer, family, sums })
    }

    /// The block with log-odds that are known beforehand, one a row: a fit then finds what has to be added to them.
    pub fn with_offset(self, offset: Vec<f64>) -> DesignBlock {
        DesignBlock { offset, ..self }
    }

    /// The log-odds known beforehand of each row; nothing where none are.
    pub fn offset(&self) -> &[f64] {
        &self.offset
    }

    /// Some of the rows, ascending, with their values in the arena.
    ///
    /// # Errors
    /// As [`DesignBlock::columns`] and [`DesignBlock::new`].
    fn take(&self, rows: &[usize], arena: &Arena) -> Result<DesignBlock> {
        let columns = self.columns()?;
        let values = |j| rows.iter().map(|&row| columns.column(j)[row]).collect::<Vec<f32>>();
        let x = (0..self.sums.len()).flat_map(values).collect::<Vec<f32>>();
        let of_rows = DesignRows {
            y: rows.iter().map(|&row| self.y[row]).collect(),
            fold: rows.iter().map(|&row| self.fold[row]).collect(),
            weights: self.weights.take(rows.iter().copied()),
            customer: rows.iter().map(|&row| self.customer[row]).collect(),
        };
        let offset =
            if self.offset.is_empty() { Vec::new() } else { rows.iter().map(|&row| self.offset[row]).collect() };
        Ok(DesignBlock::new(&x, of_rows, self.family, arena)?.with_offset(offset))
    }

    /// How many customers the rows stand for.
    pub fn totals(&self) -> Totals {
        self.weights.totals(&self.y)
    }

    /// The values: borrowed, or read into memory until they are dropped.
    ///
    /// # Errors
    /// [`Error::Temporary`] when they lie on disk and cannot be read.
    pub fn columns(&self) -> Result<Columns<'_>> {
        Ok(Columns { rows: self.rows, x: self.x.all()? })
    }
}

impl Design {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.blocks.iter().map(|block| block.rows).sum()
    }

    /// Number of columns, the intercept not counted.
    pub fn columns(&self) -> usize {
        self.names.len()
    }

    /// Number of rows whose customer churned.
    pub fn churners(&self) -> usize {
        self.blocks.iter().map(|block| block.y.iter().filter(|&&y| y == 1).count()).sum()
    }

    /// How many customers the rows stand for.
    pub fn totals(&self) -> Totals {
        self.blocks.iter().fold(Totals::default(), |totals, block| totals.with(block.totals()))
    }

    /// Whether some rows stand for others.
    pub fn is_weighted(&self) -> bool {
        self.blocks.iter().any(|block| !block.weights.is_unit())
    }

    /// Number of customers.
    pub fn customers(&self) -> usize {
        let of_family = |blocks: &[DesignBlock]| {
            let mut customers: Vec<u32> = blocks.iter().flat_map(|block| &block.customer).copied().collect();
            customers.dedup();
            customers.sort_unstable();
            customers.dedup();
            customers.len()
        };
        let families: Vec<&[DesignBlock]> = self.blocks.chunk_by(|a, b| a.family == b.family).collect();
        parallel::map(families, of_family).into_iter().sum()
    }

    /// These rows and others of the same columns and families.
    pub fn with(mut self, more: Design) -> Design {
        self.blocks.extend(more.blocks);
        self.blocks.sort_by_key(|block| block.family);
        self
    }

    /// Checks that every block has the shape its documentation promises and that labels are 0 or 1.
    ///
    /// # Errors
    /// [`Error::Internal`]: whoever built the design made a mistake.
    pub fn check(&self) -> Result<()> {
        for (at, block) in self.blocks.iter().enumerate() {
            let found = (block.x.len(), block.y.len(), block.fold.len(), block.customer.len(), block.sums.len());
            let columns = if block.rows == 0 { 0 } else { self.columns() };
            let expected = (block.rows * self.columns(), block.rows, block.rows, block.rows, columns);
            if found != expected {
                return Err(Error::Internal(format!(
                    "block {at} of the design has {found:?} values, labels, folds, customers and sums; expected \
                     {expected:?} for {} rows and {} columns",
                    block.rows,
                    self.columns()
                )));
            }
            let weights = block.weights.as_slice();
            if !(weights.is_empty() || weights.len() == block.rows)
                || weights.iter().any(|&w| !(w > 0.0 && w.is_finite()))
            {
                return Err(Error::Internal(format!(
                    "block {at} of the design has {} weights for {} rows; expected a positive number for each, or none",
                    weights.len(),
                    block.rows
                )));
            }
            let offset = &block.offset;
            if !(offset.is_empty() || offset.len() == block.rows) || offset.iter().any(|known| !known.is_finite()) {
                return Err(Error::Internal(format!(
                    "block {at} of the design has {} offsets for {} rows; expected a finite number for each, or none",
                    offset.len(),
                    block.rows
                )));
            }
            if let Some(row) = block.y.iter().position(|&y| y > 1) {
                return Err(Error::Internal(format!(
                    "row {row} of block {at} of the design has the label {}; expected 0 or 1",
                    block.y[row]
                )));
            }
        }
        Ok(())
    }

    /// A design of at most about `rows` rows: evenly spread blocks of this one, or this one itself.
    pub fn part(&self, rows: usize) -> Cow<'_, Design> {
        match self.rows().div_ceil(rows.max(1)) {
            0 | 1 => Cow::Borrowed(self),
            stride => {
                let blocks = self.blocks.iter().step_by(stride).cloned().collect();
                Cow::Owned(Design { names: self.names.clone(), blocks })
            }
        }
    }

    /// A design of at most about `rows` rows: those of every so many-th customer, or this one itself.
    ///
    /// # Errors
    /// As [`DesignBlock::columns`].
    pub fn whole_customers(&self, rows: usize) -> Result<Cow<'_, Design>> {
        let stride = u32::try_from(self.rows().div_ceil(rows.max(1))).unwrap_or(u32::MAX);
        if stride <= 1 {
            return Ok(Cow::Borrowed(self));
        }

        let arena = Arena::unlimited();
        let sampled = |block: &DesignBlock| {
            let rows: Vec<usize> = (0..block.rows).filter(|&row| block.customer[row].is_multiple_of(stride)).collect();
            block.take(&rows, &arena)
        };
        let blocks: Vec<DesignBlock> = parallel::try_map(&self.blocks, sampled)?;
        let blocks = blocks.into_iter().filter(|block| block.rows > 0).collect();
        Ok(Cow::Owned(Design { names: self.names.clone(), blocks }))
    }

    /// The profile of each column.
    pub fn profile(&self) -> Vec<ColumnProfile> {
        let empty = vec![ColumnSums::EMPTY; self.columns()];
        let group = self.blocks.len().div_ceil(GROUPS).max(1);
        let of_group = |blocks: &[DesignBlock]| {
            let mut sums = empty.clone();
            for block in blocks {
                sums.iter_mut().zip(&block.sums).for_each(|(to, from)| to.add(from));
            }
            sums
        };

        let groups: Vec<Vec<ColumnSums>> = parallel::map(self.blocks.chunks(group), of_group);
        let mut total = empty.clone();
        groups.iter().for_each(|sums| total.iter_mut().zip(sums).for_each(|(to, from)| to.add(from)));
        let rows = self.totals().all;

        let profile = |ColumnSums { sum, square, ranges: [stayed, churned] }: ColumnSums| ColumnProfile {
            mean: sum / rows,
            root_mean_square: (square / rows).sqrt(),
            stayed,
            churned,
        };

        total.into_iter().map(profile).collect()
    }

    /// The log-odds `offset + intercept + x * coefficients` of every row, block by block. `coefficients` has one value
    /// per column.
    ///
    /// # Errors
    /// As [`DesignBlock::columns`].
    pub fn log_odds(&self, coefficients: &[f64], intercept: f64) -> Result<Vec<Vec<f64>>> {
        debug_assert_eq!(coefficients.len(), self.columns());
        parallel::try_map(&self.blocks, |block| {
            let (columns, mut log_odds) = (block.columns()?, vec![intercept; block.rows]);
            log_odds.iter_mut().zip(&block.offset).for_each(|(sum, known)| *sum += known);
            for (j, &coefficient) in coefficients.iter().enumerate() {
                for (sum, &x) in log_odds.iter_mut().zip(columns.column(j)) {
                    *sum += coefficient * f64::from(x);
                }
            }
            Ok(log_odds)
        })
    }

    /// The values as one dense matrix of shape (rows, columns), stored column after column.
    ///
    /// # Errors
    /// As [`DesignBlock::columns`].
    pub fn to_f64(&self) -> Result<Array2<f64>> {
        self.columns_to_f64(0..self.columns())
    }

    /// As [`Design::to_f64`], with these columns alone.
    ///
    /// # Errors
    /// As [`DesignBlock::columns`].
    pub fn columns_to_f64(&self, chosen: impl ExactSizeIterator<Item = usize>) -> Result<Array2<f64>> {
        let mut x = Array2::zeros((self.rows(), chosen.len()).f());
        let blocks: Vec<Columns<'_>> = self.blocks.iter().map(DesignBlock::columns).collect::<Result<_>>()?;
        for (j, mut column) in chosen.zip(x.columns_mut()) {
            let values = blocks.iter().flat_map(|block| block.column(j));
            column.iter_mut().zip(values).for_each(|(to, &from)| *to = f64::from(from));
        }
        Ok(x)
    }

    /// Per row, whether the customer churned.
    pub fn churned(&self) -> Array1<bool> {
        self.blocks.iter().flat_map(|block| block.y.iter().map(|&y| y == 1)).collect()
    }
}

/// Root mean square of each column, 1 for a column of zeros.
///
/// # Errors
/// [`Error::Internal`] naming the first column with a value that is not finite.
pub(crate) fn column_scale(design: &Design, profile: &[ColumnProfile]) -> Result<Vec<f64>> {
    let scale = |(name, column): (&String, &ColumnProfile)| match column.root_mean_square {
        scale if scale > 0.0 && scale.is_finite() => Ok(scale),
        0.0 => Ok(1.0),
        _ => Err(Error::Internal(format!("column {name} of the design holds a value that is not finite"))),
    };
    design.names.iter().zip(profile).map(scale).collect()
}

/// Nothing, if there is something to tell apart.
///
/// # Errors
/// [`Error::TooLittle`] unless some customers churned and some stayed.
pub(crate) fn both_classes(churners: usize, rows: usize) -> Result<()> {
    if churners > 0 && churners < rows {
        return Ok(());
    }
    Err(Error::TooLittle(format!(
        "{churners} of {rows} training rows churned; a model needs both churners and customers who stayed: use more \
         history or check the churn definition"
    )))
}

/// No effects, and the log-odds of the base rate as the intercept.
pub(crate) fn base_rate_start(design: &Design) -> Vec<f64> {
    let mut start = vec![0.0; design.columns()];
    start.push(logit(design.totals().rate()));
    start
}

/// Small designs for the tests of this room.
#[cfg(test)]
pub(super) mod examples {
    use super::*;
    use crate::numeric::sigmoid;

    /// A deterministic stream of numbers in `[0, 1)` (SplitMix64).
    pub fn uniform(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed;
        move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    /// `rows` rows of `columns` correlated columns, about 15 % churners, in 5 folds and one block.
    pub fn random(rows: usize, columns: usize, seed: u64) -> Design {
        let mut next = uniform(seed);
        let mut x = vec![0.0_f32; rows * columns];
        let (mut y, mut fold) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let shared = next() * 2.0 - 1.0;
            let mut log_odds = -2.0;
            for j in 0..columns {
                let value = (shared + next() * 4.0 - 2.0) as f32;
                x[j * rows + row] = value;
                log_odds += f64::from(value) * if j % 2 == 0 { 0.5 } else { -0.3 } / (1.0 + j as f64 / 4.0);
            }
            y.push(u8::from(next() < sigmoid(log_odds)));
            fold.push((next() * 5.0) as u8);
        }
        from_columns(x, y, fold)
    }

    /// The same block with its values changed.
    pub fn change(block: &mut DesignBlock, by: impl FnOnce(&mut Vec<f32>)) {
        let mut x = block.x.all().unwrap().into_owned();
        by(&mut x);
        block.sums = column_sums(&x, &block.y, &block.weights);
        block.x = x.into();
    }

    /// One block from its parts.
    pub fn from_columns(x: Vec<f32>, y: Vec<u8>, fold: Vec<u8>) -> Design {
        let rows = y.len();
        let names = (0..x.len() / rows).map(|j| format!("x{j}")).collect();
        let customer = (0..rows as u32).collect();
        let block =
            DesignBlock::new(&x, DesignRows { y, fold, weights: RowWeights::unit(), customer }, 0, &Arena::unlimited())
                .unwrap();
        Design { names, blocks: vec![block] }
    }

    /// These rows of a block, as a block of its own.
    pub fn rows_of(block: &DesignBlock, rows: &[usize], family: u32) -> DesignBlock {
        DesignBlock { family, ..block.take(rows, &Arena::unlimited()).unwrap() }
    }

    /// The same rows in blocks of at most `size`.
    pub fn split(design: &Design, size: usize) -> Design {
        let mut blocks = Vec::new();
        for block in &design.blocks {
            let rows: Vec<usize> = (0..block.rows).collect();
            for rows in rows.chunks(size) {
                blocks.push(rows_of(block, rows, blocks.len() as u32));
            }
        }
        Design { names: design.names.clone(), blocks }
    }
}

#[cfg(test)]
mod tests {
    use super::examples::{random, split};

    #[test]
    fn blocks_hold_the_same_rows_however_they_are_cut() {
        let whole = random(100, 3, 1);
        let cut = split(&whole, 33);
        assert_eq!(cut.blocks.len(), 4);
        assert_eq!((cut.rows(), cut.columns(), cut.churners()), (100, 3, whole.churners()));
        assert_eq!(cut.to_f64().unwrap(), whole.to_f64().unwrap());
        assert_eq!(cut.churned(), whole.churned());
        let log_odds = |design: &super::Design| design.log_odds(&[1.0, -2.0, 0.5], 0.25).unwrap().concat();
        assert_eq!(log_odds(&cut), log_odds(&whole));
        let x = whole.to_f64().unwrap();
        let direct = 0.25 + x[[7, 0]] - 2.0 * x[[7, 1]] + 0.5 * x[[7, 2]];
        assert!((log_odds(&whole)[7] - direct).abs() < 1e-12);
    }

    #[test]
    fn a_sample_has_whole_customers_or_none_of_their_rows() {
        let mut whole = random(1_000, 2, 1);
        whole.blocks[0].customer.iter_mut().for_each(|customer| *customer /= 4);
        let cut = split(&whole, 64);
        let sample = cut.whole_customers(300).unwrap();
        let customers = || sample.blocks.iter().flat_map(|block| &block.customer);
        assert_eq!((sample.rows(), sample.customers()), (252, 63));
        assert!(customers().all(|customer| customers().filter(|other| *other == customer).count() == 4));
        sample.check().unwrap();
        assert_eq!(cut.whole_customers(1_000).unwrap().rows(), 1_000);

        let second = sample.columns_to_f64([1].into_iter()).unwrap();
        assert_eq!(second.column(0), sample.to_f64().unwrap().column(1));
    }

    #[test]
    fn a_design_of_the_wrong_shape_is_refused() {
        let mut design = random(10, 2, 1);
        assert!(design.check().is_ok());
        design.blocks[0].fold.pop();
        assert!(design.check().unwrap_err().to_string().contains("block 0"));
        let mut design = random(10, 2, 1);
        design.blocks[0].y[3] = 2;
        assert!(design.check().unwrap_err().to_string().contains("label 2"));
    }
}
