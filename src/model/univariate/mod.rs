//! What each column says about churn by itself, learned from training rows alone.
//!
//! A column is cut into a few groups, missing values in one of their own: a numeric one at quantiles, a categorical one
//! by its commoner levels. Twice the gain in log-likelihood of a rate a group over one rate for all is the
//! likelihood-ratio statistic, chi-squared with a degree of freedom less than there are groups if the column says
//! nothing. How improbable its value is ranks columns with few groups and with many on one scale.

pub mod screening;

use super::additive::Bins;
use super::design::recipe::Source;
use crate::dataset::{Dataset, Place, Selection};
use crate::error::Result;
use crate::metrics::chi_squared::log_survival;
use crate::parallel;
use crate::sources::Levels;

/// Rows looked at, at most.
const SAMPLE_ROWS: usize = 100_000;
/// Values held in memory at a time, at most.
const SAMPLE_VALUES: usize = 50_000_000;
/// The most groups of the values, or of the levels, of a column.
const MOST_GROUPS: usize = 15;
/// Groups are made so large that so many churners, and so many who stay, are expected in each: with fewer, the
/// statistic is not chi-squared.
const EXPECTED: usize = 10;
/// Values that quantiles are taken of.
const CUT_VALUES: usize = 5_000;

/// Evenly spread rows, so many that the values of all columns fit into memory.
pub(crate) fn spread(dataset: &Dataset, rows: &Selection) -> Vec<Place> {
    let columns = dataset.catalogue.numeric.len().max(1);
    rows.spread(SAMPLE_ROWS.min(SAMPLE_VALUES / columns).max(1))
}

/// A column by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Single {
    /// Its name.
    pub name: String,
    /// Its place in the catalogue.
    pub source: Source,
    /// How much it says: the negative logarithm of the probability that a column which says nothing would seem to say
    /// as much; minus infinity for a column that does not vary.
    pub strength: f64,
    cut: Cut,
    /// The churn rate of each group, that of missing values last.
    rates: Vec<f64>,
}

/// How a column falls into groups.
#[derive(Clone, Debug, PartialEq)]
enum Cut {
    /// Numeric values at these edges.
    Values(Vec<f32>),
    /// One group per level, by its code.
    Levels(Vec<u8>),
}

impl Cut {
    /// At most `most` about evenly filled groups of the values.
    fn from_values(values: &[f32], most: usize) -> Cut {
        let step = values.len().div_ceil(CUT_VALUES).max(1);
        let mut some: Vec<f32> = values.iter().step_by(step).copied().filter(|value| !value.is_nan()).collect();
        some.sort_unstable_by(f32::total_cmp);
        Cut::Values(Bins::edges(&some, most))
    }

    /// The commonest levels in groups of their own, at most `most` of them and none that fewer rows have than `least`;
    /// the others together.
    fn from_levels(levels: &Levels, entries: &[u32], most: usize, least: usize) -> Cut {
        let mut counts = vec![0usize; levels.names.len()];
        for &entry in entries {
            if let Some(count) = counts.get_mut(levels.codes[entry as usize] as usize) {
                *count += 1;
            }
        }
        let mut order: Vec<usize> = (0..counts.len()).filter(|&level| counts[level] >= least).collect();
        order.sort_by_key(|&level| (std::cmp::Reverse(counts[level]), level));
        let mut groups = vec![narrow(order.len().min(most)); counts.len()];
        order.iter().take(most).enumerate().for_each(|(group, &level)| groups[level] = narrow(group));
        Cut::Levels(groups)
    }

    /// Groups, that of missing values among them.
    fn groups(&self) -> usize {
        self.missing() + 1
    }

    fn missing(&self) -> usize {
        match self {
            Cut::Values(edges) => edges.len() + 1,
            Cut::Levels(groups) => groups.iter().map(|&group| usize::from(group) + 1).max().unwrap_or(0),
        }
    }

    fn group_of_code(groups: &[u8], code: u32, missing: usize) -> usize {
        groups.get(code as usize).map_or(missing, |&group| usize::from(group))
    }
}

/// There are at most 16 groups beside the missing values.
fn narrow(group: usize) -> u8 {
    u8::try_from(group).unwrap_or(u8::MAX)
}

/// Every column of a data set by itself, in the order of the catalogue: on the selected rows, or on an evenly spread
/// part of them if they are very many.
///
/// # Errors
/// [`Error::Temporary`](crate::Error::Temporary) when features lie on disk and cannot be read.
pub fn singles(dataset: &Dataset, rows: &Selection) -> Result<Vec<Single>> {
    let places = spread(dataset, rows);
    let values = dataset.gather(&places)?;
    let label = |&place: &Place| {
        let (block, row) = dataset.at(place);
        block.label(row).unwrap_or(0)
    };

    let y: Vec<u8> = places.iter().map(label).collect();
    let churned = y.iter().filter(|&&y| y == 1).count();
    let minority = churned.min(y.len() - churned).max(1);
    let most = (minority / EXPECTED).clamp(2, MOST_GROUPS);
    let least = (EXPECTED * y.len()).div_ceil(minority);
    let count = places.len();

    let mut singles = parallel::map(dataset.catalogue.numeric.iter().enumerate(), |(index, feature)| {
        let values = &values[index * count..(index + 1) * count];
        let cut = Cut::from_values(values, most);
        let groups: Vec<usize> = match &cut {
            Cut::Values(edges) => Bins::encode(edges, values).into_iter().map(usize::from).collect(),
            Cut::Levels(_) => Vec::new(),
        };
        Single::new(feature.name.clone(), Source::Numeric(index), cut, &groups, &y)
    });

    let entry = |&place: &Place| {
        let (block, row) = dataset.at(place);
        block.customers[row]
    };

    let entries: Vec<u32> = places.iter().map(entry).collect();
    let categorical = dataset.catalogue.categorical.iter().zip(&dataset.customers.categorical).enumerate();
    let categorical = parallel::map(categorical, |(index, (name, levels))| {
        let cut = Cut::from_levels(levels, &entries, most, least);
        let missing = cut.missing();
        let groups: Vec<usize> = match &cut {
            Cut::Levels(groups) => {
                entries.iter().map(|&entry| Cut::group_of_code(groups, levels.codes[entry as usize], missing)).collect()
            }
            Cut::Values(_) => Vec::new(),
        };
        Single::new(name.clone(), Source::Categorical(index), cut, &groups, &y)
    });

    singles.extend(categorical);
    Ok(singles)
}

/// The column that says most by itself; of equals the first.
pub fn best(singles: Vec<Single>) -> Option<Single> {
    let varying = singles.into_iter().filter(|single| single.strength.is_finite());
    varying.reduce(|best, other| if other.strength > best.strength { other } else { best })
}

impl Single {
    fn new(name: String, source: Source, cut: Cut, groups: &[usize], y: &[u8]) -> Single {
        let mut counts = vec![[0.0; 2]; cut.groups()];
        groups.iter().zip(y).for_each(|(&group, &y)| counts[group][usize::from(y == 1)] += 1.0);
        let churned: f64 = counts.iter().map(|count| count[1]).sum();
        let base_rate = churned / (y.len() as f64).max(1.0);
        // Drawn towards the base rate by one row's weight.
        let rates = counts.iter().map(|[stayed, churned]| (churned + base_rate) / (stayed + churned + 1.0)).collect();
        Single { name, source, strength: strength(&counts), cut, rates }
    }

    /// The churn rates of the groups that the selected rows fall into, block by block.
    ///
    /// # Errors
    /// As [`singles`].
    pub fn rates(&self, dataset: &Dataset, rows: &Selection) -> Result<Vec<Vec<f64>>> {
        parallel::try_map(dataset.blocks.iter().enumerate(), |(index, block)| {
            let rows = rows.rows(index);
            Ok(match (&self.cut, self.source) {
                (Cut::Values(edges), Source::Numeric(feature)) => {
                    let mut values = Vec::with_capacity(rows.len());
                    block.values()?.append_rows(feature, rows, &mut values);
                    Bins::encode(edges, &values).into_iter().map(|group| self.rates[usize::from(group)]).collect()
                }
                (Cut::Levels(groups), Source::Categorical(feature)) => {
                    let (codes, missing) = (&dataset.customers.categorical[feature].codes, self.cut.missing());
                    let code = |row: u32| codes[block.customers[row as usize] as usize];
                    rows.iter().map(|&row| self.rates[Cut::group_of_code(groups, code(row), missing)]).collect()
                }
                _ => Vec::new(),
            })
        })
    }
}

/// How improbable the gain of one rate per group over one for all is. `counts` holds, a group, who stayed and who
/// churned.
fn strength(counts: &[[f64; 2]]) -> f64 {
    let totals = counts.iter().fold([0.0, 0.0], |[a, b], [stayed, churned]| [a + stayed, b + churned]);
    let rows = totals[0] + totals[1];
    let mut twice_gain = 0.0;
    for group in counts {
        let of_group = group[0] + group[1];
        for (class, &found) in group.iter().enumerate().filter(|(_, &found)| found > 0.0) {
            twice_gain += 2.0 * found * (found * rows / (of_group * totals[class])).ln();
        }
    }
    let filled = counts.iter().filter(|group| group[0] + group[1] > 0.0).count();
    if filled < 2 || totals.contains(&0.0) {
        return f64::NEG_INFINITY;
    }
    -log_survival(twice_gain.max(0.0), filled - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strength_is_that_of_the_likelihood_ratio() {
        // scipy.stats.chi2_contingency(table, lambda_="log-likelihood", correction=False): statistic
        // 17.260924347106844.
        let found = strength(&[[30.0, 10.0], [20.0, 40.0]]);
        assert!((found + log_survival(17.260924347106844, 1)).abs() < 1e-9, "{found}");
        assert_eq!(strength(&[[30.0, 10.0], [0.0, 0.0]]), f64::NEG_INFINITY);
        assert_eq!(strength(&[[30.0, 0.0], [5.0, 0.0]]), f64::NEG_INFINITY);
        assert!(strength(&[[30.0, 10.0], [60.0, 20.0]]).abs() < 1e-6);
    }

    #[test]
    fn rare_levels_share_a_group() {
        let names = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let codes: Vec<u32> = (0..100).map(|row| if row < 50 { 2 } else { u32::from(row >= 90) }).collect();
        let levels = Levels { names, codes };
        let entries: Vec<u32> = (0..100).collect();
        let cut = Cut::from_levels(&levels, &entries, 15, 20);
        assert_eq!(cut, Cut::Levels(vec![1, 2, 0, 2]));
        assert_eq!(cut.groups(), 4);
    }
}
