//! How the values of a feature are cut: at the deciles of the training rows, with bins of their own for values that
//! many rows share. Few bins, since every further one is a place where chance makes a difference.

use crate::dataset::{Dataset, Selection};
use crate::error::Result;
use crate::model::additive::Bins;
use crate::model::design::recipe;
use crate::parallel;
use rayon::prelude::*;

/// Parts that the values are cut into.
const PARTS: usize = 10;
/// The most levels that are told apart.
const MOST_LEVELS: usize = 50;

/// The bins of every feature in the order of the catalogue, and their names.
pub(super) fn learned(dataset: &Dataset, selection: &Selection) -> Result<Vec<(String, Bins)>> {
    let places = recipe::sample(dataset, selection);
    let sample = dataset.gather(&places)?;
    let rows = places.len();
    let mut bins: Vec<(String, Bins)> =
        parallel::map(dataset.catalogue.numeric.iter().enumerate(), |(index, feature)| {
            let values = &sample[index * rows..(index + 1) * rows];
            let mut present: Vec<f32> = values.iter().copied().filter(|value| !value.is_nan()).collect();
            present.sort_unstable_by(f32::total_cmp);
            (feature.name.clone(), Bins::Numeric { edges: edges(&present) })
        });

    let customers = selection.entries(dataset);
    for (name, levels) in dataset.catalogue.categorical.iter().zip(&dataset.customers.categorical) {
        let mut rows = vec![0u64; levels.names.len()];
        for &customer in &customers {
            if let Some(rows) = rows.get_mut(levels.codes[customer as usize] as usize) {
                *rows += 1;
            }
        }
        let mut seen: Vec<usize> = (0..rows.len()).filter(|&code| rows[code] > 0).collect();
        seen.sort_by(|&a, &b| rows[b].cmp(&rows[a]).then_with(|| levels.names[a].cmp(&levels.names[b])));
        let levels = seen.into_iter().take(MOST_LEVELS).map(|code| levels.names[code].clone()).collect();
        bins.push((name.clone(), Bins::Levels { levels }));
    }
    Ok(bins)
}

/// The edges of the bins of ascending values, none of them NaN. A bin holds the values up to and including its edge,
/// so that a value with an edge at itself and one just below has a bin of its own: a feature that is 0 everywhere has
/// three.
fn edges(sorted: &[f32]) -> Vec<f32> {
    let mut edges = Vec::new();
    if sorted.contains(&0.0) {
        edges.extend([0.0f32.next_down(), 0.0]);
    }
    for part in 1..PARTS {
        let Some(&value) = sorted.get(part * sorted.len() / PARTS) else { continue };
        let rows = sorted.partition_point(|&other| other <= value) - sorted.partition_point(|&other| other < value);
        if rows * PARTS >= sorted.len() {
            edges.push(value.next_down());
        }
        edges.push(value);
    }
    edges.retain(|edge| edge.is_finite());
    edges.sort_unstable_by(f32::total_cmp);
    edges.dedup();
    edges
}

/// The bins of scores: without any of single values, which another fit would move a little.
pub(super) fn of_scores(log_odds: &[f64]) -> Bins {
    let mut sorted: Vec<f32> = log_odds.iter().map(|&z| z as f32).filter(|z| !z.is_nan()).collect();
    sorted.par_sort_unstable_by(f32::total_cmp);
    Bins::Numeric { edges: Bins::edges(&sorted, PARTS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_many_rows_share_have_bins_of_their_own() {
        let mut values = vec![0.0; 400];
        values.extend((1..=600u16).map(f32::from));
        let found = edges(&values);
        assert_eq!(found[..2], [0.0f32.next_down(), 0.0]);
        assert_eq!(found.len(), 2 + 6, "{found:?}");
        let codes = [-1.0, 0.0, 0.1].map(|value| Bins::encode_value(&found, value));
        assert_eq!(codes, [0, 1, 2]);

        values.drain(..399);
        assert_eq!(edges(&values)[..2], [0.0f32.next_down(), 0.0], "0 has one in any case");
        assert_eq!(edges(&[3.0; 20]), [3.0f32.next_down(), 3.0], "a constant");
        assert_eq!(edges(&[]), [0.0f32; 0]);
        assert_eq!(edges(&[1.0]), [1.0f32.next_down(), 1.0]);
        let odd = [f32::NEG_INFINITY, f32::NEG_INFINITY, 0.0, f32::MAX, f32::INFINITY];
        assert!(edges(&odd).iter().all(|edge| edge.is_finite()));
    }
}
