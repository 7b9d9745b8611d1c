//! Rows as codes: a byte a feature, so that a pass over three million rows of sixty features reads 180 MB.

use crate::numeric::logit;
use crate::weights::{RowWeights, Totals};
use serde::{Deserialize, Serialize};

/// Some rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CodeBlock {
    /// Number of rows.
    pub rows: usize,
    /// The codes, feature after feature.
    pub codes: Vec<u8>,
    /// Per row, 1 if the customer churned, else 0.
    pub y: Vec<u8>,
    /// Per row, the cross-fitting fold of its customer.
    pub fold: Vec<u8>,
    /// Per row, the customer; one customer's rows stand together.
    pub customer: Vec<u32>,
    /// Per row, for how many customers it stands.
    pub weights: RowWeights,
}

impl CodeBlock {
    /// The codes of one feature.
    pub fn column(&self, feature: usize) -> &[u8] {
        &self.codes[feature * self.rows..(feature + 1) * self.rows]
    }

    /// The rows at these places.
    pub(super) fn take(&self, places: &[usize]) -> CodeBlock {
        let features = self.codes.len() / self.rows.max(1);
        let mut codes = Vec::with_capacity(features * places.len());
        for feature in 0..features {
            let column = self.column(feature);
            codes.extend(places.iter().map(|&row| column[row]));
        }
        CodeBlock {
            rows: places.len(),
            codes,
            y: places.iter().map(|&row| self.y[row]).collect(),
            fold: places.iter().map(|&row| self.fold[row]).collect(),
            customer: places.iter().map(|&row| self.customer[row]).collect(),
            weights: self.weights.take(places.iter().copied()),
        }
    }

    /// How many customers the rows stand for.
    pub fn totals(&self) -> Totals {
        self.weights.totals(&self.y)
    }
}

/// The log-odds of the share of churners among some rows. Half a row of either kind keeps rows of one kind finite.
pub fn base_log_odds<'a>(blocks: impl IntoIterator<Item = &'a CodeBlock>) -> f64 {
    let Totals { all, churned } = totals(blocks);
    logit((churned + 0.5) / (all + 1.0))
}

/// How many customers the rows of some blocks stand for.
pub fn totals<'a>(blocks: impl IntoIterator<Item = &'a CodeBlock>) -> Totals {
    blocks.into_iter().fold(Totals::default(), |totals, block| totals.with(block.totals()))
}

/// Whether every so many-th customer is among these rows; all rows of a customer are, or none.
pub fn sampled(blocks: &[CodeBlock], stride: usize) -> Vec<Vec<usize>> {
    let mut customers = 0usize;
    blocks
        .iter()
        .map(|block| {
            (0..block.rows)
                .filter(|&row| {
                    customers += usize::from(row == 0 || block.customer[row] != block.customer[row - 1]);
                    (customers - 1).is_multiple_of(stride)
                })
                .collect()
        })
        .collect()
}

/// At most about `rows` of these rows, evenly spread over the customers, fold by fold.
pub fn by_fold(blocks: &[CodeBlock], folds: u8, rows: usize) -> Vec<Vec<CodeBlock>> {
    let all: usize = blocks.iter().map(|block| block.rows).sum();
    let chosen = sampled(blocks, all.div_ceil(rows.max(1)).max(1));
    (0..folds)
        .map(|fold| {
            let parts = blocks.iter().zip(&chosen).map(|(block, rows)| {
                block.take(&rows.iter().copied().filter(|&row| block.fold[row] == fold).collect::<Vec<_>>())
            });
            merged(parts)
        })
        .collect()
}

/// At most about so many rows: every so many-th customer, with all of their rows.
pub fn whole_customers(blocks: &[CodeBlock], rows: usize) -> Vec<CodeBlock> {
    let folds = blocks.iter().flat_map(|block| &block.fold).max().map_or(1, |last| last.saturating_add(1));
    by_fold(blocks, folds, rows).concat()
}

/// Rows of a merged block: enough that a pass is not felt between blocks, few enough that threads share the work.
const BLOCK_ROWS: usize = 8_192;

/// The same rows in blocks of about [`BLOCK_ROWS`].
pub fn merged(parts: impl Iterator<Item = CodeBlock>) -> Vec<CodeBlock> {
    let mut waiting: Vec<CodeBlock> = Vec::new();
    let mut blocks = Vec::new();
    let join = |waiting: &mut Vec<CodeBlock>| {
        let rows: usize = waiting.iter().map(|part| part.rows).sum();
        let features = waiting.first().map_or(0, |part| part.codes.len() / part.rows.max(1));
        let mut codes = Vec::with_capacity(rows * features);
        (0..features).for_each(|feature| waiting.iter().for_each(|part| codes.extend_from_slice(part.column(feature))));
        let block = CodeBlock {
            rows,
            codes,
            y: waiting.iter().flat_map(|part| part.y.iter().copied()).collect(),
            fold: waiting.iter().flat_map(|part| part.fold.iter().copied()).collect(),
            customer: waiting.iter().flat_map(|part| part.customer.iter().copied()).collect(),
            weights: RowWeights::joined(waiting.iter().map(|part| (&part.weights, part.rows))),
        };
        waiting.clear();
        block
    };

    for part in parts.filter(|part| part.rows > 0) {
        waiting.push(part);
        if waiting.iter().map(|part| part.rows).sum::<usize>() >= BLOCK_ROWS {
            blocks.push(join(&mut waiting));
        }
    }

    if !waiting.is_empty() {
        blocks.push(join(&mut waiting));
    }
    blocks
}

/// Where the code of a term comes from: a feature, or a cell of two coarser ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Lookup {
    /// The code of one feature.
    Curve {
        /// The feature, by its place among the model's.
        feature: usize,
    },
    /// Cell `groups[0][first code] * width + groups[1][second code]`.
    Interaction {
        /// The two features.
        features: [usize; 2],
        /// For each of them, a group a code.
        groups: [Vec<u8>; 2],
        /// Groups of the second feature.
        width: usize,
    },
}

impl Lookup {
    /// The features it looks at.
    pub fn features(&self) -> &[usize] {
        match self {
            Lookup::Curve { feature } => std::slice::from_ref(feature),
            Lookup::Interaction { features, .. } => features,
        }
    }

    /// Gives each feature another place.
    pub fn renumber(&mut self, place: impl Fn(usize) -> usize) {
        match self {
            Lookup::Curve { feature } => *feature = place(*feature),
            Lookup::Interaction { features, .. } => *features = features.map(place),
        }
    }

    /// The cell of one row, given the code of each feature.
    pub fn cell(&self, code: impl Fn(usize) -> u8) -> usize {
        match self {
            Lookup::Curve { feature } => usize::from(code(*feature)),
            Lookup::Interaction { features: [a, b], groups: [first, second], width } => {
                usize::from(first[usize::from(code(*a))]) * width + usize::from(second[usize::from(code(*b))])
            }
        }
    }

    /// Hands over the row and the cell of each row, given the codes of each feature.
    pub fn each_cell(&self, codes: &[Vec<u8>], mut of: impl FnMut(usize, usize)) {
        match self {
            Lookup::Curve { feature } => {
                codes[*feature].iter().enumerate().for_each(|(row, &code)| of(row, usize::from(code)));
            }
            Lookup::Interaction { features: [a, b], groups: [first, second], width } => {
                for (row, (&a, &b)) in codes[*a].iter().zip(&codes[*b]).enumerate() {
                    of(row, usize::from(first[usize::from(a)]) * width + usize::from(second[usize::from(b)]));
                }
            }
        }
    }

    /// The cells of consecutive rows of a block; `buffer` is used where they have to be computed.
    pub fn cells<'a>(&self, block: &'a CodeBlock, rows: std::ops::Range<usize>, buffer: &'a mut Vec<u8>) -> &'a [u8] {
        match self {
            Lookup::Curve { feature } => &block.column(*feature)[rows],
            Lookup::Interaction { features: [a, b], groups, width } => {
                // The rows of cells of the first feature, and the columns of the second; at most 16 groups each.
                let (mut starts, mut offsets) = ([0u8; 256], [0u8; 256]);
                for (start, &group) in starts.iter_mut().zip(&groups[0]) {
                    *start = u8::try_from(usize::from(group) * width).unwrap_or(u8::MAX);
                }
                offsets.iter_mut().zip(&groups[1]).for_each(|(offset, &group)| *offset = group);
                buffer.clear();
                let codes = block.column(*a)[rows.clone()].iter().zip(&block.column(*b)[rows]);
                buffer.extend(codes.map(|(&a, &b)| starts[usize::from(a)].saturating_add(offsets[usize::from(b)])));
                buffer
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn block(rows: usize, customers: usize) -> CodeBlock {
        CodeBlock {
            rows,
            codes: (0..2 * rows).map(|i| (i % 7) as u8).collect(),
            y: (0..rows).map(|row| u8::from(row % 3 == 0)).collect(),
            fold: (0..rows).map(|row| (row * customers / rows % 5) as u8).collect(),
            customer: (0..rows).map(|row| (row * customers / rows) as u32).collect(),
            weights: RowWeights::unit(),
        }
    }

    #[test]
    fn a_sample_has_whole_customers_and_every_row_is_in_its_fold() {
        let blocks = vec![block(60, 20), block(33, 11)];
        let all = by_fold(&blocks, 5, 1_000);
        assert_eq!(all.iter().flatten().map(|block| block.rows).sum::<usize>(), 93);
        for (fold, part) in all.iter().enumerate() {
            assert!(part.iter().all(|block| block.fold.iter().all(|&f| usize::from(f) == fold)));
        }
        let some = by_fold(&blocks, 5, 31);
        assert_eq!(some.iter().flatten().map(|block| block.rows).sum::<usize>(), 33, "11 of 31 customers of 3 rows");
    }

    #[test]
    fn a_cell_is_the_same_row_by_row_and_in_bulk() {
        let block = block(40, 40);
        let groups = [vec![0, 0, 1, 1, 2, 2, 3], vec![0, 1, 2, 3, 3, 3, 4]];
        let lookup = Lookup::Interaction { features: [0, 1], groups, width: 5 };
        let mut buffer = Vec::new();
        let cells = lookup.cells(&block, 3..30, &mut buffer).to_vec();
        for (cell, row) in cells.iter().zip(3..) {
            assert_eq!(usize::from(*cell), lookup.cell(|feature| block.column(feature)[row]));
        }

        let codes = [block.column(0).to_vec(), block.column(1).to_vec()];
        for lookup in [lookup, Lookup::Curve { feature: 1 }] {
            let mut found = Vec::new();
            lookup.each_cell(&codes, |row, cell| found.push((row, cell)));
            let expected = (0..40).map(|row| (row, lookup.cell(|feature| block.column(feature)[row])));
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
    }
}
