//! Screening: the columns of a wide table that say more by themselves than chance would.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Of the columns that are kept, the share that is expected to say something by chance alone (Benjamini and Hochberg
/// 1995).
const FALSE_DISCOVERIES: f64 = 0.1;
/// The strongest columns are kept whatever chance says, so that there is a model, whose evaluation then tells.
const LEAST_KEPT: usize = 10;

/// What a screening did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Screening {
    /// Columns looked at.
    pub columns: usize,
    /// Training rows they were looked at on.
    pub rows: usize,
    /// The most that were to be kept.
    pub most: usize,
    /// How many said more than chance would, with a tenth of them expected to be chance after all.
    pub above_chance: usize,
    /// Those that were kept, the strongest first.
    pub kept: Vec<ColumnStrength>,
    /// Whether nothing but chance speaks for these: not one of all columns says more (the test of Simes 1986), and none
    /// was to be kept in any case. A cross-validation on the rows that chose them cannot tell.
    #[serde(default)]
    pub by_chance: bool,
}

/// How much a column says by itself. In a file the two of them are a pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(String, f64)", into = "(String, f64)")]
pub struct ColumnStrength {
    /// The column.
    pub name: String,
    /// The negative logarithm of its probability under chance.
    pub strength: f64,
}

impl From<(String, f64)> for ColumnStrength {
    fn from((name, strength): (String, f64)) -> ColumnStrength {
        ColumnStrength { name, strength }
    }
}

impl From<ColumnStrength> for (String, f64) {
    fn from(column: ColumnStrength) -> (String, f64) {
        (column.name, column.strength)
    }
}

impl fmt::Display for Screening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Screening { columns, rows, most, above_chance, kept, by_chance } = self;
        write!(
            f,
            "{columns} columns were screened by what each says alone on the {rows} training rows: {above_chance} say \
             more than chance would (a tenth of them at most by chance after all), {} are kept (at most {most}), {} \
             left out",
            kept.len(),
            columns - kept.len()
        )?;
        if *by_chance {
            f.write_str("; nothing but chance speaks for these")?;
        }
        Ok(())
    }
}

impl Screening {
    /// Those of the columns that were kept, in their order.
    pub fn among(&self, columns: &[String]) -> Vec<String> {
        let kept: hashbrown::HashSet<&String> = self.kept.iter().map(|column| &column.name).collect();
        columns.iter().filter(|name| kept.contains(name)).cloned().collect()
    }

    /// Keeps the strongest columns, as many as say more than chance would but at least a few, and those that are
    /// `named`; at most `most` in all, unless more are named.
    pub fn select(
        mut strengths: Vec<ColumnStrength>,
        rows: usize,
        most: usize,
        named: impl Fn(&String) -> bool,
    ) -> Screening {
        let columns = strengths.len();
        strengths.sort_by(|a, b| b.strength.total_cmp(&a.strength));
        let allowed = |rank: usize| (FALSE_DISCOVERIES * rank as f64 / columns.max(1) as f64).ln();
        let is_above = |&rank: &usize| -strengths[rank - 1].strength <= allowed(rank);
        let above_chance = (1..=columns).rev().find(is_above).unwrap_or(0);

        let (mut kept, mut others): (Vec<_>, Vec<_>) = strengths.into_iter().partition(|column| named(&column.name));
        let by_chance = above_chance == 0 && kept.is_empty();
        others.retain(|column| column.strength.is_finite());
        others.truncate(above_chance.max(LEAST_KEPT).min(most.saturating_sub(kept.len())));
        kept.extend(others);

        // Of a named column that does not vary, chance would say as much.
        kept.iter_mut().for_each(|column| column.strength = column.strength.max(0.0));
        kept.sort_by(|a, b| b.strength.total_cmp(&a.strength));
        Screening { columns, rows, most, above_chance, kept, by_chance }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_above_chance_are_kept_with_a_few_at_least_and_the_most_allowed() {
        // Uniform probabilities, as chance gives, but for some columns that say something.
        let columns = |telling: usize| -> Vec<ColumnStrength> {
            let chance = (1..=1000).map(|rank| (format!("chance {rank}"), -(f64::from(rank) / 1000.0).ln()));
            let telling = (0..telling).map(|column| (format!("column {column}"), 40.0 + column as f64));
            chance.chain(telling).map(ColumnStrength::from).collect()
        };

        let nobody = |_: &String| false;
        let none = Screening::select(columns(0), 500, 100, nobody);
        assert_eq!((none.above_chance, none.kept.len(), none.columns), (0, LEAST_KEPT, 1000));
        assert!(none.by_chance && none.to_string().ends_with("nothing but chance speaks for these"), "{none}");
        let some = Screening::select(columns(30), 500, 100, nobody);
        assert!((30..=34).contains(&some.above_chance), "{}", some.above_chance);
        assert_eq!((some.kept.len(), some.kept[0].name.as_str()), (some.above_chance, "column 29"));
        assert!(!some.by_chance && some.to_string().ends_with("left out"), "{some}");
        assert!(!Screening::select(columns(0), 500, 100, |name| name == "chance 999").by_chance);
        let many = Screening::select(columns(300), 500, 100, nobody);
        assert!(many.above_chance >= 300 && many.kept.len() == 100);
        let constant = vec![ColumnStrength { name: "same".to_owned(), strength: f64::NEG_INFINITY }];
        assert!(Screening::select(constant.clone(), 500, 100, nobody).kept.is_empty());

        // Whoever is named is kept.
        let kept = ColumnStrength { name: "same".to_owned(), strength: 0.0 };
        assert_eq!(Screening::select(constant, 500, 100, |_| true).kept, [kept]);
        let named = Screening::select(columns(300), 500, 100, |name| name == "chance 999");
        assert!(named.kept.len() == 100 && named.kept[99].name == "chance 999");
    }
}
