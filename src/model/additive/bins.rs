//! Bins: each raw feature as one of at most 256 codes, learned on training rows without a look at the labels.
//!
//! A numeric feature is cut at about evenly filled quantiles. A value that many rows share, such as no visit at all,
//! gets a bin of its own, and so does each value of a feature that has few: those are its ordered levels. A
//! categorical feature has a code a level, the rare ones together. Absence is always a code of its own, the last.

use crate::config::Direction;
use crate::language::Message;
use crate::model::design::recipe::{ascending, CategoricalStep, NumericStep};
use crate::numeric::vectorised;
use crate::weights::{RowWeights, UNIT};
use serde::{Deserialize, Serialize};

/// The most bins of the values of a numeric feature: with absence, 64 codes.
const NUMERIC_BINS: usize = 63;
/// The most levels with a code of their own; two more codes are for the others and for absence.
const MOST_LEVELS: usize = 254;

/// How the raw values of one feature become codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Bins {
    /// Bin `i` holds the values above `edges[i - 1]` up to and including `edges[i]`; the last bin has no upper edge.
    Numeric {
        /// Ascending; at most 62.
        edges: Vec<f32>,
    },
    /// A code a level in this order, then one for all other levels.
    Levels {
        /// The levels with a code of their own.
        levels: Vec<String>,
    },
}

impl Bins {
    /// How many codes: the values, then absence.
    pub fn codes(&self) -> usize {
        self.missing() + 1
    }

    /// The code of an absent value.
    pub fn missing(&self) -> usize {
        1 + match self {
            Bins::Numeric { edges } => edges.len(),
            Bins::Levels { levels } => levels.len(),
        }
    }

    /// The values of a code in words that follow the feature's name: "above 2 and up to 5".
    pub fn describe(&self, code: usize) -> Message {
        match self {
            _ if code == self.missing() => Message::new("bin-missing"),
            Bins::Numeric { edges } => {
                let (low, high) = (code.checked_sub(1).and_then(|below| edges.get(below)), edges.get(code));
                match (low, high) {
                    (Some(low), Some(high)) => Message::new("bin-between").figure("low", low).figure("high", high),
                    (Some(low), None) => Message::new("bin-above").figure("low", low),
                    (None, Some(high)) => Message::new("bin-up-to").figure("high", high),
                    (None, None) => Message::new("bin-present"),
                }
            }
            Bins::Levels { levels } => match levels.get(code) {
                Some(level) => format!("`{level}`").into(),
                None => Message::new("bin-rare"),
            },
        }
    }

    /// The code of a numeric value; NaN is absent.
    #[inline]
    pub fn encode_value(edges: &[f32], value: f32) -> u8 {
        let bin = if value.is_nan() { edges.len() + 1 } else { edges.partition_point(|&edge| edge < value) };
        u8::try_from(bin).unwrap_or(u8::MAX)
    }

    /// The codes of numeric values, as [`Bins::encode_value`] gives them.
    pub fn encode(edges: &[f32], values: &[f32]) -> Vec<u8> {
        let mut codes = vec![0; values.len()];
        vectorised!(count_below(edges, values, &mut codes));
        codes
    }

    /// The code of a level.
    pub fn level_code(&self, level: Option<&str>) -> u8 {
        let code = match (self, level) {
            (Bins::Levels { levels }, Some(level)) => {
                levels.iter().position(|known| known == level).unwrap_or(levels.len())
            }
            _ => self.missing(),
        };
        u8::try_from(code).unwrap_or(u8::MAX)
    }

    /// The bins of a categorical feature: the levels that the recipe found common, the commonest first.
    pub fn from_levels(step: &CategoricalStep) -> Bins {
        let levels = step.baseline.iter().chain(&step.levels).take(MOST_LEVELS).cloned().collect();
        Bins::Levels { levels }
    }

    /// The edges of at most `most` bins of ascending values, none of them NaN.
    pub fn edges(values: &[f32], most: usize) -> Vec<f32> {
        edges(&distinct(values, &UNIT), most)
    }

    /// Cuts ascending values, none of them NaN, each of which counts as often as its weight says, rounded for all equal
    /// values together.
    pub fn from_sorted(values: &[f32], weights: &RowWeights) -> Bins {
        Bins::Numeric { edges: edges(&distinct(values, weights), NUMERIC_BINS) }
    }
}

/// Counts the edges below each value. Looking at all of them takes vector instructions less time than a search of one
/// value after the other takes.
#[inline(always)]
fn count_below(edges: &[f32], values: &[f32], codes: &mut [u8]) {
    const LANES: usize = 32;
    let absent = edges.len() as u32 + 1;
    for (values, codes) in values.chunks(LANES).zip(codes.chunks_mut(LANES)) {
        let mut lanes = [f32::NAN; LANES];
        lanes[..values.len()].copy_from_slice(values);
        let mut counts = [0u32; LANES];
        for edge in edges {
            for (count, value) in counts.iter_mut().zip(&lanes) {
                *count += u32::from(edge < value);
            }
        }
        for (count, value) in counts.iter_mut().zip(&lanes) {
            *count = if value.is_nan() { absent } else { *count };
        }
        codes.iter_mut().zip(counts).for_each(|(code, count)| *code = count.min(u8::MAX.into()) as u8);
    }
}

/// The distinct ones of ascending values, and how often there is each.
fn distinct(sorted: &[f32], weights: &RowWeights) -> Vec<(f32, usize)> {
    let mut distinct: Vec<(f32, f64)> = Vec::new();
    for (row, &value) in sorted.iter().enumerate() {
        let weight = weights.of(row);
        match distinct.last_mut() {
            Some((last, count)) if *last == value => *count += weight,
            _ => distinct.push((value, weight)),
        }
    }
    distinct.into_iter().map(|(value, count)| (value, (count.round() as usize).max(1))).collect()
}

/// Edges of at most `most` bins of values with their counts. A value that fills a bin by itself gets one; the others
/// share what is left of them about evenly (as LightGBM's `GreedyFindBin`).
fn edges(distinct: &[(f32, usize)], most: usize) -> Vec<f32> {
    let between = |i: usize| {
        let (low, high) = (distinct[i].0, distinct[i + 1].0);
        let middle = (f64::from(low) + (f64::from(high) - f64::from(low)) / 2.0) as f32;
        // Rounding must not carry the edge to the next value, nor may the edge of an infinity be NaN.
        if middle >= low && middle < high {
            middle
        } else {
            low
        }
    };

    let last = distinct.len().saturating_sub(1);
    if distinct.len() <= most {
        return (0..last).map(between).collect();
    }
    let full = distinct.iter().map(|(_, count)| count).sum::<usize>().div_ceil(most);
    let is_heavy = |i: usize| distinct[i].1 >= full;
    let heavy = (0..distinct.len()).filter(|&i| is_heavy(i)).count();
    let mut rest: usize = (0..distinct.len()).filter(|&i| !is_heavy(i)).map(|i| distinct[i].1).sum();
    let mut bins = most.saturating_sub(heavy).max(1);
    let (mut edges, mut filled) = (Vec::with_capacity(most), 0);

    for (i, (_, count)) in distinct.iter().enumerate().take(last) {
        let share = rest / bins;
        filled += count;
        if is_heavy(i) || filled >= share.max(1) || is_heavy(i + 1) && 2 * filled >= share {
            edges.push(between(i));
            if !is_heavy(i) {
                rest = rest.saturating_sub(filled);
                bins = (bins - 1).max(1);
            }
            filled = 0;
            if edges.len() + 1 == most {
                break;
            }
        }
    }

    edges
}

/// A feature's bins with what training knows about them.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The bins.
    pub bins: Bins,
    /// Share of the rows in each code.
    pub shares: Vec<f64>,
    /// For a numeric feature, the mean standardised value of each bin; empty for a categorical one.
    pub values: Vec<f64>,
    /// The direction that its curve must have over the bins that are not absence.
    pub direction: Option<Direction>,
}

impl Grid {
    /// Of a numeric feature, from the values of a sample of rows; NaN is absent.
    pub fn for_numeric(step: &NumericStep, values: &[f32], weights: &RowWeights, direction: Option<Direction>) -> Grid {
        let (present, of_present) = ascending(values, weights);
        let bins = Bins::from_sorted(&present, &of_present);
        let mut counts = vec![0.0; bins.codes()];
        let mut sums = vec![0.0; bins.codes()];
        if let Bins::Numeric { edges } = &bins {
            for (row, &value) in values.iter().enumerate() {
                let (code, weight) = (usize::from(Bins::encode_value(edges, value)), weights.of(row));
                counts[code] += weight;
                if step.scale > 0.0 {
                    sums[code] += weight * f64::from(step.standardised(value));
                }
            }
        }
        let mean = |(sum, &count): (&f64, &f64)| if count > 0.0 { sum / count } else { *sum };
        let means = sums.iter().zip(&counts).map(mean).take(bins.missing()).collect();
        Grid { values: means, shares: shares(&counts), bins, direction }
    }

    /// Of a categorical feature, from the codes of a sample of rows.
    pub fn for_categorical(bins: Bins, codes: impl Iterator<Item = u8>, weights: &RowWeights) -> Grid {
        let mut counts = vec![0.0; bins.codes()];
        codes.enumerate().for_each(|(row, code)| counts[usize::from(code)] += weights.of(row));
        Grid { bins, shares: shares(&counts), values: Vec::new(), direction: None }
    }

    /// Whether rows differ in this feature at all.
    pub fn varies(&self) -> bool {
        self.shares.iter().filter(|&&share| share > 0.0).count() > 1
    }

    /// A coarser grouping of the codes into at most `most` groups, absence being the last of them: a group a code.
    pub fn groups(&self, most: usize) -> Vec<u8> {
        let values = self.bins.missing();
        let cells = most - 1;

        let mut groups: Vec<u8> = if values <= cells {
            (0..values).map(narrow).collect()
        } else if self.values.is_empty() {
            // The commonest levels keep groups of their own.
            let mut order: Vec<usize> = (0..values).collect();
            order.sort_by(|&a, &b| self.shares[b].total_cmp(&self.shares[a]).then(a.cmp(&b)));
            let mut groups = vec![narrow(cells - 1); values];
            order.iter().take(cells - 1).enumerate().for_each(|(group, &code)| groups[code] = narrow(group));
            groups
        } else {
            let present: f64 = self.shares[..values].iter().sum::<f64>().max(f64::MIN_POSITIVE);
            let mut below = 0.0;
            let raw = (0..values).map(|code| {
                let middle = (below + self.shares[code] / 2.0) / present;
                below += self.shares[code];
                (middle * cells as f64).floor().clamp(0.0, cells as f64 - 1.0) as usize
            });

            // Heavy bins leave groups empty; the others move up.
            let raw: Vec<usize> = raw.collect();
            let mut group = 0;
            (0..values)
                .map(|code| {
                    group += usize::from(code > 0 && raw[code] != raw[code - 1]);
                    narrow(group)
                })
                .collect()
        };

        let last = groups.iter().copied().max().map_or(0, |group| group + 1);
        groups.push(last);
        groups
    }
}

fn narrow(group: usize) -> u8 {
    u8::try_from(group).unwrap_or(u8::MAX)
}

fn shares(counts: &[f64]) -> Vec<f64> {
    let rows = counts.iter().sum::<f64>();
    counts.iter().map(|&count| if rows > 0.0 { count / rows } else { count }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_levels_of_their_own() {
        let bins = Bins::from_sorted(&[0.0, 0.0, 1.0, 3.0, 3.0], &UNIT);
        let Bins::Numeric { edges } = &bins else { panic!() };
        assert_eq!(*edges, [0.5, 2.0]);
        let codes = [-7.0, 0.0, 0.5, 0.6, 3.0, 9.0, f32::NAN].map(|value| Bins::encode_value(edges, value));
        assert_eq!(codes, [0, 0, 0, 1, 2, 2, 3]);
        assert_eq!(Bins::encode(edges, &[-7.0, 0.0, 0.5, 0.6, 3.0, 9.0, f32::NAN]), codes);
        assert_eq!((bins.missing(), bins.codes()), (3, 4));
    }

    #[test]
    fn many_values_fill_bins_evenly_and_a_common_one_has_its_own() {
        let mut values: Vec<f32> = vec![0.0; 5_000];
        values.extend((1..=5_000u16).map(f32::from));
        let Bins::Numeric { edges } = Bins::from_sorted(&values, &UNIT) else { panic!() };
        assert!(edges.len() > 55 && edges.len() < NUMERIC_BINS, "{}", edges.len());
        assert!(edges[0] < 1.0);
        let mut counts = vec![0; edges.len() + 2];
        values.iter().for_each(|&v| counts[usize::from(Bins::encode_value(&edges, v))] += 1);
        assert_eq!(counts[0], 5_000);
        let codes: Vec<u8> = values.iter().map(|&value| Bins::encode_value(&edges, value)).collect();
        assert_eq!(Bins::encode(&edges, &values), codes);
        assert!(counts[1..edges.len()].iter().all(|&count| count > 40 && count < 200), "{counts:?}");
    }

    #[test]
    fn odd_values_are_cut_without_harm() {
        for values in [vec![], vec![1.0], vec![f32::NEG_INFINITY, 0.0, f32::INFINITY], vec![1.0, 1.0f32.next_up()]] {
            let Bins::Numeric { edges } = Bins::from_sorted(&values, &UNIT) else { panic!() };
            assert_eq!(edges.len(), values.len().saturating_sub(1));
            assert!(edges.iter().all(|edge| !edge.is_nan()));
            for (code, &value) in (0u8..).zip(&values) {
                assert_eq!(Bins::encode_value(&edges, value), code, "{values:?}");
            }
        }
    }

    #[test]
    fn levels_that_are_rare_or_new_share_a_code() {
        let step = CategoricalStep {
            feature: "plan".into(),
            baseline: Some("a".into()),
            levels: vec!["b".into()],
            other: false,
            rare_share: 0.0,
        };
        let bins = Bins::from_levels(&step);
        assert_eq!(["a", "b", "never seen"].map(|level| bins.level_code(Some(level))), [0, 1, 2]);
        assert_eq!(bins.level_code(None), 3);
    }

    #[test]
    fn groups_are_few_and_keep_the_order() {
        let values: Vec<f32> = (0..1_000u16).map(|i| if i % 10 == 0 { f32::NAN } else { f32::from(i) }).collect();
        let step = NumericStep {
            feature: "x".into(),
            transform: crate::model::design::recipe::Transform::Identity,
            low: 0.0,
            high: 999.0,
            mean: 500.0,
            scale: 288.0,
            missing_share: 0.1,
            missing_indicator: true,
            copy_of: None,
        };

        let grid = Grid::for_numeric(&step, &values, &UNIT, None);
        let groups = grid.groups(16);
        assert_eq!(groups.len(), grid.bins.codes());
        assert_eq!((groups[0], groups[groups.len() - 2], groups[groups.len() - 1]), (0, 14, 15));
        assert!(groups.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!((grid.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
