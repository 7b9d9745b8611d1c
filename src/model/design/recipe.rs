//! The recipe: from raw features to the columns of the design matrix. Learned on training rows only; stored with the
//! model; applied unchanged to every row that is ever scored.
//!
//! Numeric features: a signed logarithm where the measure is a count, a sum or a duration; clipping to the middle 99 %;
//! standardisation; the mean (which is 0 then) for a missing value, with an indicator of the absence where absence is
//! common enough to tell something. Categorical features: one column a level, except for the commonest one, with all
//! rare and unknown levels together as "other".

use crate::dataset::{Dataset, Place, Selection};
use crate::error::Result;
use crate::features::{Catalogue, Measure};
use crate::measures::Spread;
use crate::numeric::{from_ordered_f32, ln_1p_of_single, ordered_f32};
use crate::parallel;
use crate::weights::RowWeights;
use serde::{Deserialize, Serialize};

/// The shares of rows below the low and above the high clipping point.
const CLIPPED: f64 = 0.005;
/// What is learned of numeric features is learned of at most about this many rows, evenly spread: its error is then a
/// few thousandths of a standard deviation, which the coefficients make up for.
const SAMPLE_ROWS: usize = 100_000;
const SAMPLE_VALUES: usize = 100_000_000;
/// An indicator of absence needs this share of rows to be absent, and to be present.
const INDICATED: f64 = 0.005;
/// From this correlation on, either way, a column of the customers table is a copy of another: it says the same thing.
/// Learned of about so many rows.
const COPIED: f64 = 0.99;
const COPY_ROWS: usize = 2_000;
/// A level needs this many training rows to be a column of its own, and this share of them.
const LEVEL_ROWS: u64 = 20;
const LEVEL_SHARE: f64 = 0.002;

/// How a numeric feature is transformed before it is standardised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// As it is.
    Identity,
    /// `sign(x) ln(1 + |x|)`: a step from 1 to 2 visits means more than one from 101 to 102.
    SignedLog,
}

impl Transform {
    /// Applies it to a feature, which is a single-precision number.
    #[inline(always)]
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Transform::Identity => x,
            Transform::SignedLog => {
                let transformed = ln_1p_of_single(x.abs()).copysign(x);
                if x.is_nan() {
                    x
                } else {
                    transformed
                }
            }
        }
    }
}

/// What was learned about one numeric feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumericStep {
    /// The feature.
    pub feature: String,
    /// How it is transformed.
    pub transform: Transform,
    /// Transformed values below this are raised to it.
    pub low: f64,
    /// Transformed values above this are lowered to it.
    pub high: f64,
    /// Mean of the transformed, clipped values that are present: what an absent one is taken for.
    pub mean: f64,
    /// Their standard deviation; 0 means that the feature never varies and has no column.
    pub scale: f64,
    /// Share of training rows without a value.
    pub missing_share: f64,
    /// Whether absence has a column of its own.
    pub missing_indicator: bool,
    /// The earlier column of the customers table that it says the same as, if there is one: minutes and what they cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
}

/// What was learned about one categorical feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoricalStep {
    /// The feature.
    pub feature: String,
    /// The commonest level, which has no column: the others are measured against it.
    pub baseline: Option<String>,
    /// The levels with a column of their own.
    pub levels: Vec<String>,
    /// Whether rare levels occurred; with a column, they and levels never seen share it.
    pub other: bool,
    /// The share of the training rows that had one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rare_share: f64,
}

fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

/// Where a column of the design comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A numeric feature, by its place in the catalogue.
    Numeric(usize),
    /// A categorical feature, by its place in the catalogue.
    Categorical(usize),
}

/// What a column of the design says about its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The standardised value.
    Value,
    /// 1 where the value is absent.
    Missing,
    /// 1 where the level is this one.
    Level(String),
    /// 1 where the level is rare or was never seen.
    OtherLevel,
}

/// One column of the design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its name: the feature's, with `=level` or ` is missing` behind it.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// The feature that it tells of: its own, or the one that its own is a copy of.
    pub about: Source,
    /// What it says.
    pub role: Role,
}

/// Everything learned, feature by feature in the order of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The numeric features.
    pub numeric: Vec<NumericStep>,
    /// The categorical features.
    pub categorical: Vec<CategoricalStep>,
}

/// The transform that a measure is known to want; none where its values have to be looked at.
fn known_transform(measure: Measure) -> Option<Transform> {
    match measure.spread() {
        Spread::Skewed => Some(Transform::SignedLog),
        Spread::Even => Some(Transform::Identity),
        Spread::Unknown => None,
    }
}

/// The rows that recipe and bins are learned from: at most about 100,000, and fewer where they have very many features.
pub(crate) fn sample(dataset: &Dataset, rows: &Selection) -> Vec<Place> {
    rows.spread(SAMPLE_ROWS.min(SAMPLE_VALUES / dataset.catalogue.numeric.len().max(1)))
}

/// The weights of the rows at some places.
pub(crate) fn weights_at(dataset: &Dataset, places: &[Place]) -> RowWeights {
    if !dataset.is_weighted() {
        return RowWeights::unit();
    }
    let weight = |&place: &Place| {
        let (block, row) = dataset.at(place);
        block.weight(row)
    };
    RowWeights::new(places.iter().map(weight).collect())
}

fn skewness(values: &[f64], weights: &RowWeights) -> f64 {
    let weighted = || (0..).zip(values).map(|(row, value)| (weights.of(row), value));
    let n = weights.total(values.len());
    let mean = weighted().map(|(w, v)| w * v).sum::<f64>() / n;
    let (square, cube) =
        weighted().fold((0.0, 0.0), |(s, c), (w, v)| (s + w * (v - mean).powi(2), c + w * (v - mean).powi(3)));
    let deviation = (square / n).sqrt();
    if deviation > 0.0 {
        cube / n / deviation.powi(3)
    } else {
        0.0
    }
}

impl Recipe {
    /// Learns the recipe from the selected rows of a data set. Means, deviations, quantiles and shares count each row
    /// as often as it stands for a customer.
    pub fn learn(dataset: &Dataset, selection: &Selection) -> Result<Recipe> {
        let places = sample(dataset, selection);
        let (rows, sample) = (places.len(), dataset.gather(&places)?);
        let (weights, of_all) = (weights_at(dataset, &places), selection.weights(dataset));
        let total = of_all.total(selection.count());

        let numeric: Vec<LearnedStep> =
            parallel::map(dataset.catalogue.numeric.iter().enumerate(), |(index, feature)| {
                learn_numeric(&sample[index * rows..(index + 1) * rows], &weights, feature)
            });

        // Features of one signal are often absent together. One indicator says it; more would be copies of it.
        let mut patterns = hashbrown::HashSet::new();
        let numeric = numeric
            .into_iter()
            .map(|LearnedStep { mut step, absent }| {
                let indicated = (INDICATED..=1.0 - INDICATED).contains(&step.missing_share);
                step.missing_indicator = indicated && patterns.insert(absent);
                step
            })
            .collect();

        let numeric = with_copies(numeric, &dataset.catalogue, &sample, rows);

        let categorical = dataset
            .catalogue
            .categorical
            .iter()
            .zip(&dataset.customers.categorical)
            .map(|(feature, levels)| {
                // Rows, and how many customers they stand for.
                let mut counts = vec![(0u64, 0.0f64); levels.names.len()];
                for (row, customer) in selection.customers(dataset).into_iter().enumerate() {
                    if let Some((rows, weight)) = counts.get_mut(levels.codes[customer as usize] as usize) {
                        *rows += 1;
                        *weight += of_all.of(row);
                    }
                }

                let least = (LEVEL_SHARE * total).floor();
                let is_common = |&(rows, weight): &(u64, f64)| rows >= LEVEL_ROWS && weight >= least;
                let common: Vec<usize> = (0..counts.len()).filter(|&code| is_common(&counts[code])).collect();
                let rare = counts.iter().filter(|count| !is_common(count)).map(|(_, weight)| weight).sum::<f64>();
                let more = |&a: &usize, &b: &usize| counts[a].1.total_cmp(&counts[b].1).then(b.cmp(&a));
                let baseline = common.iter().copied().max_by(more);

                CategoricalStep {
                    feature: feature.clone(),
                    baseline: baseline.map(|code| levels.names[code].clone()),
                    levels: common
                        .iter()
                        .filter(|&&code| Some(code) != baseline)
                        .map(|&code| levels.names[code].clone())
                        .collect(),
                    other: baseline.is_some() && rare > 0.0,
                    rare_share: if baseline.is_some() { rare / total } else { 0.0 },
                }
            })
            .collect();

        Ok(Recipe { numeric, categorical })
    }

    /// The feature that a feature is a copy of, or itself.
    pub fn about(&self, source: Source) -> Source {
        let Source::Numeric(index) = source else { return source };
        let original = self.numeric.get(index).and_then(|step| step.copy_of.as_ref());
        let place = original.and_then(|name| self.numeric.iter().position(|step| step.feature == *name));
        Source::Numeric(place.unwrap_or(index))
    }

    /// The columns of the design, in order.
    pub fn terms(&self) -> Vec<Term> {
        let term = |(source, role)| Term { name: self.name(source, &role), source, about: self.about(source), role };
        self.parts().into_iter().map(term).collect()
    }

    /// Of each column of the design, in order, what it is made from, and which part of that it is.
    pub fn parts(&self) -> Vec<(Source, Role)> {
        let mut parts = Vec::new();
        for (index, step) in self.numeric.iter().enumerate() {
            let source = Source::Numeric(index);
            parts.extend((step.scale > 0.0).then_some((source, Role::Value)));
            parts.extend(step.missing_indicator.then_some((source, Role::Missing)));
        }
        for (index, step) in self.categorical.iter().enumerate() {
            let source = Source::Categorical(index);
            parts.extend(step.levels.iter().map(|level| (source, Role::Level(level.clone()))));
            parts.extend(step.other.then_some((source, Role::OtherLevel)));
        }
        parts
    }

    /// What a column of the design is called.
    fn name(&self, source: Source, role: &Role) -> String {
        let feature = match source {
            Source::Numeric(index) => &self.numeric[index].feature,
            Source::Categorical(index) => &self.categorical[index].feature,
        };
        match role {
            Role::Value => feature.clone(),
            Role::Missing => format!("{feature} is missing"),
            Role::Level(level) => format!("{feature}={level}"),
            Role::OtherLevel => format!("{feature} is rare"),
        }
    }
}

impl NumericStep {
    /// A raw value as the design has it; an absent one is 0, the mean.
    #[inline(always)]
    pub fn standardised(&self, raw: f32) -> f32 {
        self.placed(self.transform.apply(f64::from(raw)))
    }

    /// A transformed value, clipped and standardised.
    #[inline(always)]
    pub(crate) fn placed(&self, transformed: f64) -> f32 {
        // One division for all values of a column, instead of one for each.
        let standardised = ((transformed.max(self.low).min(self.high) - self.mean) * self.scale.recip()) as f32;
        if transformed.is_nan() {
            0.0
        } else {
            standardised
        }
    }
}

impl CategoricalStep {
    pub(crate) fn sets(&self, role: &Role, level: &str) -> bool {
        match role {
            Role::Level(name) => name == level,
            Role::OtherLevel => self.baseline.as_deref() != Some(level) && !self.levels.iter().any(|l| l == level),
            Role::Value | Role::Missing => false,
        }
    }
}

/// What was learned about a numeric feature.
struct LearnedStep {
    step: NumericStep,
    /// A fingerprint of the rows in which it is absent.
    absent: u64,
}

/// The value at a share of the way through ascending ones; each stands there as often as its weight says.
fn quantile(ascending: &[f64], weights: &RowWeights, share: f64) -> Option<f64> {
    if weights.is_unit() {
        return ascending.get((share * (ascending.len().saturating_sub(1)) as f64).round() as usize).copied();
    }
    let place = (share * (weights.total(ascending.len()) - 1.0)).round();
    let mut up_to = 0.0;
    let reached = weights.as_slice().iter().position(|weight| {
        up_to += weight;
        up_to > place
    });
    ascending.get(reached.unwrap_or(ascending.len().saturating_sub(1))).copied()
}

/// The values that are not missing, ascending, and their weights.
pub(crate) fn ascending(values: &[f32], weights: &RowWeights) -> (Vec<f32>, RowWeights) {
    let present = || (0u32..).zip(values).filter(|(_, value)| !value.is_nan());
    if weights.is_unit() {
        // Without their places: of most features many values are equal, which are sorted in no time.
        let mut bits: Vec<u32> = present().map(|(_, &value)| ordered_f32(value)).collect();
        bits.sort_unstable();
        return (bits.into_iter().map(from_ordered_f32).collect(), RowWeights::unit());
    }
    let mut placed: Vec<(u32, u32)> = present().map(|(place, &value)| (ordered_f32(value), place)).collect();
    placed.sort_unstable();
    let weights = weights.take(placed.iter().map(|&(_, place)| place as usize));
    (placed.into_iter().map(|(bits, _)| from_ordered_f32(bits)).collect(), weights)
}

/// Learns one feature from its values in the sampled rows.
fn learn_numeric(sample: &[f32], weights: &RowWeights, feature: &crate::features::Feature) -> LearnedStep {
    let (mut missing, mut pattern) = (0.0, 0u64);
    for (position, _) in sample.iter().enumerate().filter(|(_, value)| value.is_nan()) {
        missing += weights.of(position);
        pattern = pattern.wrapping_add(xxhash_rust::xxh3::xxh3_64(&(position as u64).to_le_bytes()));
    }

    // No transform changes the order.
    let all = weights.total(sample.len());
    let (ascending, weights) = ascending(sample, weights);
    let mut values: Vec<f64> = ascending.into_iter().map(f64::from).collect();
    let transform = known_transform(feature.measure).unwrap_or_else(|| {
        let transformed: Vec<f64> = values.iter().map(|&v| Transform::SignedLog.apply(v)).collect();
        let as_it_is = skewness(&values, &weights).abs();
        if as_it_is > 1.0 && skewness(&transformed, &weights).abs() < as_it_is {
            Transform::SignedLog
        } else {
            Transform::Identity
        }
    });

    values.iter_mut().for_each(|v| *v = transform.apply(*v));
    let quantile = |q: f64| quantile(&values, &weights, q);
    let (mut low, mut high) = (quantile(CLIPPED).unwrap_or(0.0), quantile(1.0 - CLIPPED).unwrap_or(0.0));
    if low == high {
        // Nearly constant: clipping would leave nothing of the few rows that differ.
        (low, high) = (quantile(0.0).unwrap_or(0.0), quantile(1.0).unwrap_or(0.0));
    }
    let count = if values.is_empty() { 1.0 } else { weights.total(values.len()) };
    let clipped = || (0..).zip(&values).map(|(row, v)| (weights.of(row), v.clamp(low, high)));
    let mean = clipped().map(|(weight, v)| weight * v).sum::<f64>() / count;
    let scale = (clipped().map(|(weight, v)| weight * (v - mean).powi(2)).sum::<f64>() / count).sqrt();

    // Rounding leaves a constant column with a deviation of about 1e-16 of its size.
    let scale = if scale > 1e-9 * (1.0 + mean.abs()) { scale } else { 0.0 };
    let step = NumericStep {
        feature: feature.name.clone(),
        transform,
        low,
        high,
        mean,
        scale,
        missing_share: missing / if sample.is_empty() { 1.0 } else { all },
        missing_indicator: false,
        copy_of: None,
    };

    LearnedStep { step, absent: pattern }
}

/// Names for each column of the customers table that is a copy the first one that it is a copy of. `sample` has `rows`
/// values a feature.
fn with_copies(mut steps: Vec<NumericStep>, catalogue: &Catalogue, sample: &[f32], rows: usize) -> Vec<NumericStep> {
    let of_rows = |step: &NumericStep, values: &[f32]| -> Vec<f64> {
        let values = values.iter().step_by(rows.div_ceil(COPY_ROWS).max(1));
        let values: Vec<f64> = values.map(|&raw| f64::from(step.standardised(raw))).collect();
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let length = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>().sqrt();
        values.iter().map(|x| (x - mean) / length).collect()
    };

    let own = |&index: &usize| catalogue.numeric[index].measure == Measure::Numeric && steps[index].scale > 0.0;
    let columns: Vec<usize> = (0..steps.len()).filter(own).collect();
    let standardised: Vec<Vec<f64>> =
        parallel::map(&columns, |&i| of_rows(&steps[i], &sample[i * rows..(i + 1) * rows]));
    let is_copy = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>().abs() >= COPIED;

    let first: Vec<Option<usize>> =
        parallel::map(0..columns.len(), |at| (0..at).find(|&before| is_copy(&standardised[before], &standardised[at])));

    for (at, first) in first.iter().enumerate() {
        // A copy of a copy is one of the original.
        let original =
            first.map(|first| steps[columns[first]].copy_of.clone().unwrap_or(steps[columns[first]].feature.clone()));
        steps[columns[at]].copy_of = original;
    }

    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::folds::CustomerFolds;
    use crate::dataset::{Block, StoredValues};
    use crate::features::Feature;
    use crate::memory::Arena;
    use crate::sources::CustomerTable;
    use std::sync::Arc;

    fn dataset(columns: &[(Measure, Vec<f32>)], levels: &[&str]) -> Dataset {
        let rows = columns[0].1.len();
        let values: Vec<f32> = columns.iter().flat_map(|(_, values)| values.clone()).collect();
        Dataset {
            catalogue: Catalogue {
                numeric: columns
                    .iter()
                    .enumerate()
                    .map(|(i, (measure, _))| Feature {
                        name: format!("f{i}"),
                        measure: *measure,
                        signal: None,
                        window_days: None,
                        instrument: None,
                    })
                    .collect(),
                categorical: vec!["plan".to_owned()],
            },
            customers: Arc::new(customers(levels)),
            as_of: vec![crate::calendar::Day(0)],
            blocks: vec![Block {
                customers: (0..rows as u32).collect(),
                as_of: vec![0; rows],
                labels: vec![Some(0); rows],
                weights: Vec::new(),
                values: StoredValues::new(&values, rows, &Arena::unlimited()).unwrap(),
            }],
            ..Dataset::default()
        }
    }

    fn customers(levels: &[&str]) -> CustomerTable {
        let mut names: Vec<String> = levels.iter().map(|l| (*l).to_owned()).collect();
        names.sort();
        names.dedup();
        CustomerTable {
            ids: crate::sources::Ids::Integer((0..levels.len() as i64).collect()),
            categorical: vec![crate::sources::Levels {
                codes: levels.iter().map(|l| names.binary_search(&(*l).to_owned()).unwrap() as u32).collect(),
                names,
            }],
            rows: levels.len() as u64,
            ..CustomerTable::default()
        }
    }

    #[test]
    fn columns_that_say_the_same_are_copies_of_the_first() {
        let minutes: Vec<f32> = (0..500).map(|i| ((i * 37) % 500) as f32).collect();
        let cost: Vec<f32> = minutes.iter().map(|m| (m * 0.17 * 100.0).round() / 100.0).collect();
        let left: Vec<f32> = minutes.iter().map(|m| 600.0 - m).collect();
        let like: Vec<f32> = minutes.iter().enumerate().map(|(i, m)| m + 150.0 * (i % 2) as f32).collect();

        let columns = [
            (Measure::Numeric, minutes.clone()),
            (Measure::Numeric, cost),
            (Measure::Numeric, like),
            (Measure::Numeric, left),
            (Measure::Numeric, vec![3.0; 500]),
            (Measure::Mean, minutes),
        ];

        let data = dataset(&columns, &["a"; 500]);
        let recipe = Recipe::learn(&data, &Selection::labelled(&data, |_| true)).unwrap();
        let copies: Vec<Option<&str>> = recipe.numeric.iter().map(|step| step.copy_of.as_deref()).collect();
        assert_eq!(copies, [None, Some("f0"), None, Some("f0"), None, None], "signals have concepts of their own");

        assert_eq!(
            (recipe.about(Source::Numeric(3)), recipe.about(Source::Numeric(2))),
            (Source::Numeric(0), Source::Numeric(2))
        );
    }

    #[test]
    fn columns_are_standardised_and_absence_has_one_indicator_a_pattern() {
        let n = 100;
        let some: Vec<f32> = (0..n).map(|i| if i % 4 == 0 { f32::NAN } else { i as f32 }).collect();
        let twin: Vec<f32> = some.iter().map(|v| v * 2.0).collect();
        let constant = vec![3.0f32; n];

        let levels: Vec<&str> = (0..n)
            .map(|i| {
                if i < 60 {
                    "a"
                } else if i < 95 {
                    "b"
                } else {
                    "c"
                }
            })
            .collect();

        let data = dataset(&[(Measure::Count, some), (Measure::Trend, twin), (Measure::Count, constant)], &levels);
        let selection = Selection::labelled(&data, |_| true);
        let recipe = Recipe::learn(&data, &selection).unwrap();
        let names: Vec<String> = recipe.terms().into_iter().map(|t| t.name).collect();
        assert_eq!(names, ["f0", "f0 is missing", "f1", "plan=b", "plan is rare"]);
        let design = recipe.design(&data, &selection, CustomerFolds { count: 5, seed: 7 }).unwrap();
        let block = design.blocks[0].columns().unwrap();
        let mean: f64 = block.column(0).iter().map(|&v| f64::from(v)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 1e-6);
        assert_eq!(block.column(1).iter().sum::<f32>(), 25.0);
        assert_eq!(block.column(3).iter().sum::<f32>(), 35.0);
        assert_eq!(block.column(4).iter().sum::<f32>(), 5.0);
        assert!(design.blocks[0].x.all().unwrap().iter().all(|v| v.is_finite()));
    }
}
