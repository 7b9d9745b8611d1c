//! Main effects moved out of the interactions.
//!
//! A table over two features can hold what a curve of either could say as well, and then how much the interaction
//! contributes would be a matter of taste. So the mean of each row and of each column of the table, over the training
//! rows, moves to the curve of its feature until none is left (Lengerich, Tan, Chang, Hooker and Caruana 2020,
//! "Purifying interaction effects with the functional ANOVA"). The log-odds do not change.

use super::codes::{CodeBlock, Lookup};
use super::Effect;
use crate::parallel;

/// Sweeps over the rows and columns of a table, at most; and a mean that counts as none.
const SWEEPS: usize = 200;
const NONE: f64 = 1e-12;

/// Moves main effects to the curves and means to the intercept, whose new value is returned, and measures the spread
/// of each term. Curves come before interactions, one for each feature of an interaction; `counts` are the training
/// rows in each cell, each as often as it stands for a customer.
pub fn purify(effects: &mut [Effect], mut intercept: f64, counts: &[Vec<f64>]) -> f64 {
    for at in 0..effects.len() {
        let Lookup::Interaction { features, groups, width } = effects[at].lookup.clone() else { continue };
        let mut table = std::mem::take(&mut effects[at].table);
        let [rows, columns] = margins(&mut table, &counts[at], width);
        for (feature, (groups, moved)) in features.into_iter().zip(groups.iter().zip([rows, columns])) {
            let curve = effects.iter_mut().find(|effect| effect.lookup == Lookup::Curve { feature });
            if let Some(curve) = curve {
                curve.table.iter_mut().zip(groups).for_each(|(to, &group)| *to += moved[usize::from(group)]);
            }
        }
        effects[at].table = table;
    }

    for (effect, counts) in effects.iter_mut().zip(counts) {
        let rows: f64 = counts.iter().sum::<f64>().max(1.0);
        if matches!(effect.lookup, Lookup::Curve { .. }) {
            let mean = effect.table.iter().zip(counts).map(|(x, n)| x * n).sum::<f64>() / rows;
            effect.table.iter_mut().for_each(|x| *x -= mean);
            intercept += mean;
        }
        let square: f64 = effect.table.iter().zip(counts).map(|(x, n)| x * x * n).sum();
        effect.spread = (square / rows).sqrt();
    }

    intercept
}

/// How many rows are in each cell of each term, each as often as it stands for a customer.
pub fn all_counts(effects: &[Effect], blocks: &[&CodeBlock]) -> Vec<Vec<f64>> {
    parallel::map(effects, |effect| counts(effect, blocks))
}

/// How many rows are in each cell, each as often as it stands for a customer.
fn counts(effect: &Effect, blocks: &[&CodeBlock]) -> Vec<f64> {
    let mut counts = vec![0.0; 256.max(effect.table.len())];
    let mut buffer = Vec::new();
    for block in blocks {
        for (row, &cell) in effect.lookup.cells(block, 0..block.rows, &mut buffer).iter().enumerate() {
            counts[usize::from(cell)] += block.weights.of(row);
        }
    }
    counts.truncate(effect.table.len());
    counts
}

/// Takes the means of the rows and of the columns out of a table and returns them. A row or column that no training row
/// is in keeps what the smoother says.
pub(super) fn margins(table: &mut [f64], counts: &[f64], width: usize) -> [Vec<f64>; 2] {
    let height = table.len() / width.max(1);
    let mut moved = [vec![0.0; height], vec![0.0; width]];
    for _ in 0..SWEEPS {
        let mut largest: f64 = 0.0;
        for (axis, sums) in moved.iter_mut().enumerate() {
            for (line, sum) in sums.iter_mut().enumerate() {
                let cells: Vec<usize> = match axis {
                    0 => (line * width..(line + 1) * width).collect(),
                    _ => (0..height).map(|row| row * width + line).collect(),
                };
                let rows: f64 = cells.iter().map(|&cell| counts[cell]).sum();
                if rows > 0.0 {
                    let mean = cells.iter().map(|&cell| counts[cell] * table[cell]).sum::<f64>() / rows;
                    cells.iter().for_each(|&cell| table[cell] -= mean);
                    *sum += mean;
                    largest = largest.max(mean.abs());
                }
            }
        }
        if largest < NONE {
            break;
        }
    }

    moved
}

#[cfg(test)]
mod tests {
    use super::super::examples;
    use super::*;

    #[test]
    fn the_log_odds_stay_and_the_interaction_is_pure() {
        let (_, blocks) = examples::interacting(4_000, 3);
        let blocks: Vec<&CodeBlock> = blocks.iter().collect();
        let groups: Vec<u8> = (0..11).collect();
        let table = |size: usize, seed: f64| (0..size).map(|i| (i as f64 * seed).sin() + 0.3).collect::<Vec<f64>>();

        let curve = |feature: usize| Effect {
            lookup: Lookup::Curve { feature },
            table: table(11, 0.7 + feature as f64),
            standard_errors: Vec::new(),
            spread: 0.0,
        };

        let lookup = Lookup::Interaction { features: [1, 2], groups: [groups.clone(), groups], width: 11 };
        let mut effects = vec![
            curve(1),
            curve(2),
            Effect { lookup, table: table(121, 1.3), standard_errors: Vec::new(), spread: 0.0 },
        ];

        let score = |effects: &[Effect], intercept: f64| -> Vec<f64> {
            let of_row = |block: &CodeBlock, row: usize| {
                let effect = |e: &Effect| e.table[e.lookup.cell(|f| block.column(f)[row])];
                intercept + effects.iter().map(effect).sum::<f64>()
            };
            blocks.iter().flat_map(|block| (0..block.rows).map(move |row| of_row(block, row))).collect()
        };

        let before = score(&effects, -1.0);
        let in_cells = all_counts(&effects, &blocks);
        let intercept = purify(&mut effects, -1.0, &in_cells);
        let after = score(&effects, intercept);
        assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-9));
        assert!((after.iter().sum::<f64>() / after.len() as f64 - intercept).abs() < 1e-9);
        let counts = counts(&effects[2], &blocks);

        for line in 0..10 {
            let row: f64 =
                (0..10).map(|column| counts[line * 11 + column] * effects[2].table[line * 11 + column]).sum();
            let column: f64 = (0..10).map(|row| counts[row * 11 + line] * effects[2].table[row * 11 + line]).sum();
            assert!(row.abs() < 1e-6 && column.abs() < 1e-6, "{row} {column}");
        }

        assert!(effects.iter().all(|effect| effect.spread > 0.1));
    }
}
