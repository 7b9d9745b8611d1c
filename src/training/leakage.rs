//! Leaks: columns that know the label because they were written after it. A model that learns from one looks excellent
//! and is worthless, so suspects are named, with the figures that speak against them.
//!
//! The figures are those of a sample of rows, spread evenly over all of them.

use crate::dataset::folds::CustomerFolds;
use crate::dataset::prepared::DateColumn;
use crate::dataset::{Block, Dataset, Place, Selection};
use crate::error::Result;
use crate::metrics;
use crate::model::univariate::spread;
use crate::numeric::{from_ordered_f32, ordered_f32};
use crate::parallel;
use crate::sources::NO_DAY;
use std::fmt;

/// Nothing that is known in time ranks churners this well on its own.
const TOO_GOOD: f64 = 0.95;
/// One of so many rows is glanced at before all are looked at. If there are so many churners and others among them, an
/// AUC is off by more than the slip once in 10^9 columns: its standard error is at most 0.016 (Hanley & McNeil 1982).
const GLANCED: usize = 8;
const ENOUGH: usize = 200;
const SLIP: f64 = 0.1;
/// Having values for churners alone may be chance with a greater probability than this.
const CHANCE: f64 = 1e-9;
/// Folds in which a level's share of churners is learned, so that rare levels do not vouch for themselves.
const FOLDS: u8 = 5;

/// A column that may know the label.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// Its name.
    pub column: String,
    /// What speaks against it.
    pub evidence: Evidence,
}

/// What speaks against a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// It ranks churners this well on its own.
    Auc(f64),
    /// It has a value for churners alone, in these rows.
    OnlyChurnersHave(Share),
    /// It lacks a value for churners alone, in these rows.
    OnlyChurnersLack(Share),
    /// It is a date later than the as-of date in these rows.
    Later(Share),
}

/// Some of the rows that were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub rows: usize,
    /// How many were looked at.
    pub of: usize,
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} rows", self.rows, self.of)
    }
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.column;
        match self.evidence {
            Evidence::Auc(auc) => write!(f, "`{name}` alone ranks churners with an AUC of {auc:.3}"),
            Evidence::OnlyChurnersHave(share) => {
                write!(f, "`{name}` has a value in {share}, all of them of churners")
            }
            Evidence::OnlyChurnersLack(share) => {
                write!(f, "`{name}` has no value in {share}, all of them of churners")
            }
            Evidence::Later(share) => write!(f, "`{name}` is later than the as-of date in {share}"),
        }
    }
}

/// The rows that are looked at.
struct Sample {
    /// Where they lie.
    places: Vec<Place>,
    /// The label of each.
    y: Vec<u8>,
}

impl Sample {
    fn draw(dataset: &Dataset, rows: &Selection) -> Sample {
        let places = spread(dataset, rows);
        let mut sample = Sample { places, y: Vec::new() };
        sample.y = sample.map(dataset, |block, row| block.label(row).unwrap_or(0));
        sample
    }

    /// What `of` says of every row.
    fn map<T>(&self, dataset: &Dataset, of: impl Fn(&Block, usize) -> T) -> Vec<T> {
        let of_place = |&place: &Place| {
            let (block, row) = dataset.at(place);
            of(block, row)
        };
        self.places.iter().map(of_place).collect()
    }

    /// Whether having a value, or having none, is a matter of churners alone.
    fn presence(&self, is_there: impl Fn(usize) -> bool) -> Option<Evidence> {
        let mut counts = [[0usize; 2]; 2];
        for (place, &y) in self.y.iter().enumerate() {
            counts[usize::from(is_there(place))][usize::from(y == 1)] += 1;
        }
        let rows = self.y.len();
        let base_rate = (counts[0][1] + counts[1][1]) as f64 / rows.max(1) as f64;
        let improbable = |[stayed, churned]: [usize; 2]| {
            stayed == 0 && base_rate < 0.5 && churned as f64 * base_rate.ln() < CHANCE.ln()
        };
        match counts {
            [_, have] if improbable(have) => Some(Evidence::OnlyChurnersHave(Share { rows: have[1], of: rows })),
            [lack, _] if improbable(lack) => Some(Evidence::OnlyChurnersLack(Share { rows: lack[1], of: rows })),
            _ => None,
        }
    }

    /// What speaks against a numeric column.
    fn numeric(&self, values: &[f32]) -> Option<Evidence> {
        let of_all = || best_auc(&self.y, values).filter(|&auc| auc > TOO_GOOD).map(Evidence::Auc);
        let auc = if self.glance(values) { of_all() } else { None };
        auc.or_else(|| self.presence(|place| !values[place].is_nan()))
    }

    /// Whether a column may rank churners too well, by a few of the rows.
    fn glance(&self, values: &[f32]) -> bool {
        let (y, values): (Vec<u8>, Vec<f32>) = self.y.iter().zip(values).step_by(GLANCED).unzip();
        let churners = y.iter().filter(|&&y| y == 1).count();
        churners.min(y.len() - churners) < ENOUGH || best_auc(&y, &values).is_some_and(|auc| auc > TOO_GOOD - SLIP)
    }
}

/// Looks at every feature by itself: numeric ones by their value, up or down and with missing values at either end,
/// categorical ones by the share of churners that a level has in other folds.
///
/// # Errors
/// [`Error::Temporary`](crate::Error::Temporary) when features lie on disk and cannot be read.
pub fn suspects(dataset: &Dataset, rows: &Selection, seed: u64) -> Result<Vec<Suspect>> {
    let sample = Sample::draw(dataset, rows);
    let values = dataset.gather(&sample.places)?;
    let count = sample.places.len();

    let numeric = parallel::map(dataset.catalogue.numeric.iter().enumerate(), |(index, feature)| {
        let evidence = sample.numeric(&values[index * count..(index + 1) * count])?;
        Some(Suspect { column: feature.name.clone(), evidence })
    });

    let mut found: Vec<Suspect> = numeric.into_iter().flatten().collect();
    let entries = sample.map(dataset, |block, row| block.customers[row]);
    let folds = CustomerFolds { count: FOLDS, seed };
    let folds: Vec<u8> = entries.iter().map(|&entry| folds.fold(&dataset.customers, &dataset.twins, entry)).collect();

    let categorical = dataset.catalogue.categorical.iter().zip(&dataset.customers.categorical);
    let categorical = parallel::map(categorical, |(name, levels)| {
        // A code more than there are levels stands for none.
        let none = levels.names.len();
        let codes: Vec<usize> =
            entries.iter().map(|&entry| (levels.codes[entry as usize] as usize).min(none)).collect();
        let scores = out_of_fold_rates(&sample.y, &codes, &folds, none + 1);
        let auc = metrics::roc_auc(&sample.y, &scores).filter(|&auc| auc > TOO_GOOD).map(Evidence::Auc);
        let evidence = auc.or_else(|| sample.presence(|place| codes[place] != none))?;
        Some(Suspect { column: name.clone(), evidence })
    });

    found.extend(categorical.into_iter().flatten());
    Ok(found)
}

/// Looks at dates, which are no features themselves but show what the table knows. `dated` tells whether the rows have
/// as-of dates to compare with.
pub fn suspect_dates(dataset: &Dataset, dates: &[DateColumn], rows: &Selection, dated: bool) -> Vec<Suspect> {
    let sample = Sample::draw(dataset, rows);
    let judge = |column: &DateColumn| {
        let day = |block: &Block, row: usize| {
            let day = column.days[block.customers[row] as usize];
            (day, dataset.as_of[block.as_of[row] as usize].0)
        };
        let pairs = sample.map(dataset, day);
        let later = pairs.iter().filter(|&&(day, as_of)| day != NO_DAY && day > as_of).count();
        let age = |&(day, as_of): &(i32, i32)| if day == NO_DAY { f32::NAN } else { as_of.wrapping_sub(day) as f32 };
        let evidence = if dated && later > 0 {
            Evidence::Later(Share { rows: later, of: pairs.len() })
        } else {
            sample.numeric(&pairs.iter().map(age).collect::<Vec<f32>>())?
        };
        Some(Suspect { column: column.name.clone(), evidence })
    };
    parallel::map(dates, judge).into_iter().flatten().collect()
}

/// The share of churners of each row's code in the other folds, drawn towards the base rate by one row's weight.
fn out_of_fold_rates(y: &[u8], codes: &[usize], folds: &[u8], distinct: usize) -> Vec<f64> {
    let mut counts = vec![[(0u32, 0u32); FOLDS as usize]; distinct];
    for ((&y, &code), &fold) in y.iter().zip(codes).zip(folds) {
        let (rows, churners) = &mut counts[code][usize::from(fold)];
        *rows += 1;
        *churners += u32::from(y == 1);
    }
    let base_rate = metrics::base_rate(y).unwrap_or(0.0);
    let rate = |code: usize, fold: u8| {
        let others = counts[code].iter().enumerate().filter(|(other, _)| *other != usize::from(fold));
        let (rows, churners) = others.fold((0, 0), |(n, c), (_, (rows, churners))| (n + rows, c + churners));
        (f64::from(churners) + base_rate) / (f64::from(rows) + 1.0)
    };
    codes.iter().zip(folds).map(|(&code, &fold)| rate(code, fold)).collect()
}

/// The greater of the AUCs of a column upwards and downwards, with missing values (NaN) below or above all others.
fn best_auc(y: &[u8], values: &[f32]) -> Option<f64> {
    let is_churner = |row: &u64| row & 1 == 1;
    let value = |row: &u64| from_ordered_f32((row >> 1) as u32);
    let rows = values.iter().zip(y).filter(|(value, _)| !value.is_nan());
    let mut present: Vec<u64> =
        rows.map(|(&value, &y)| u64::from(ordered_f32(value)) << 1 | u64::from(y == 1)).collect();
    present.sort_unstable();

    // Of pairs of a churner and one who stayed, both with a value: those in which the churner's is greater, ties half.
    let (mut wins, mut below) = (0.0, 0.0);
    for tie in present.chunk_by(|a, b| value(a) == value(b)) {
        let churned = tie.iter().filter(|row| is_churner(row)).count() as f64;
        let stayed = tie.len() as f64 - churned;
        wins += churned * (below + 0.5 * stayed);
        below += stayed;
    }

    let churned = present.iter().filter(|row| is_churner(row)).count() as f64;
    let stayed = present.len() as f64 - churned;
    let all_churned = y.iter().filter(|&&y| y == 1).count() as f64;
    let (missing_churned, missing_stayed) = (all_churned - churned, (y.len() as f64 - all_churned) - stayed);
    let pairs = all_churned * (y.len() as f64 - all_churned);
    let missing_ties = 0.5 * missing_churned * missing_stayed;
    let upwards = wins.max(churned * stayed - wins);
    let best = upwards + missing_ties + (churned * missing_stayed).max(missing_churned * stayed);
    (pairs > 0.0).then(|| best / pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_judged_up_and_down_and_with_its_missing_values() {
        let y = [1, 1, 0, 0];
        assert_eq!(best_auc(&y, &[4.0, 3.0, 2.0, 1.0]), Some(1.0));
        assert_eq!(best_auc(&y, &[1.0, 2.0, 3.0, 4.0]), Some(1.0));
        assert_eq!(best_auc(&y, &[1.0, 1.0, 1.0, 1.0]), Some(0.5));
        assert_eq!(best_auc(&y, &[f32::NAN, f32::NAN, 2.0, 1.0]), Some(1.0));
        assert_eq!(best_auc(&y, &[5.0, 1.0, f32::NAN, f32::NAN]), Some(1.0));
        assert_eq!(best_auc(&[1, 1], &[1.0, 2.0]), None);
        let (p, q) = ([0.3, 0.1, 0.7, 0.2, 0.7, 0.9], [1, 0, 0, 0, 1, 1]);
        let values: Vec<f32> = p.iter().map(|&p| p as f32).collect();
        assert!((best_auc(&q, &values).unwrap() - metrics::roc_auc(&q, &p).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn a_level_of_one_row_does_not_vouch_for_itself() {
        let rows = 1000;
        let y: Vec<u8> = (0..rows).map(|row| u8::from(row % 7 == 0)).collect();
        let folds: Vec<u8> = (0..rows).map(|row| (row % 5) as u8).collect();
        let names: Vec<usize> = (0..rows).collect();
        let auc = metrics::roc_auc(&y, &out_of_fold_rates(&y, &names, &folds, rows)).unwrap();
        assert!((auc - 0.5).abs() < 1e-9, "{auc}");
        let told: Vec<usize> = y.iter().map(|&y| usize::from(y)).collect();
        assert_eq!(metrics::roc_auc(&y, &out_of_fold_rates(&y, &told, &folds, 2)), Some(1.0));
    }

    #[test]
    fn a_glance_passes_over_honest_columns_and_never_over_a_leak() {
        // One in seven churned, which no period of the glance divides.
        let y: Vec<u8> = (0..20_000).map(|row| u8::from(row % 7 == 0)).collect();
        let noise = |row: usize| (row * 2_654_435_761 % 10_007) as f32 / 10_007.0;

        // Noise, and so much more of it where somebody churned.
        let column =
            |more: f32| -> Vec<f32> { (0..y.len()).map(|row| noise(row) + more * f32::from(y[row])).collect() };
        let auc = |more: f32| best_auc(&y, &column(more)).unwrap();
        let sample = Sample { places: Vec::new(), y: y.clone() };

        for more in [0.0, 0.1, 0.3] {
            assert!(auc(more) < TOO_GOOD - SLIP - 0.02, "{}", auc(more));
            assert!(!sample.glance(&column(more)) && sample.numeric(&column(more)).is_none(), "{more}");
        }

        assert!((0.9..TOO_GOOD).contains(&auc(0.6)) && sample.numeric(&column(0.6)).is_none());
        for more in [0.7, 0.8, 2.0] {
            assert!(auc(more) > TOO_GOOD);
            assert_eq!(sample.numeric(&column(more)), Some(Evidence::Auc(auc(more))));
        }

        // Too few churners to glance at.
        let few = Sample { places: Vec::new(), y: (0..1000).map(|row| u8::from(row % 7 == 0)).collect() };
        assert!(few.glance(&column(0.0)[..1000]));
    }

    #[test]
    fn values_for_churners_alone_are_suspect_unless_they_are_few() {
        let y: Vec<u8> = (0..1000).map(|row| u8::from(row % 5 == 0)).collect();
        let sample = Sample { places: Vec::new(), y };
        assert_eq!(
            sample.presence(|row| row % 50 == 0),
            Some(Evidence::OnlyChurnersHave(Share { rows: 20, of: 1000 }))
        );
        assert_eq!(
            sample.presence(|row| row % 50 != 0),
            Some(Evidence::OnlyChurnersLack(Share { rows: 20, of: 1000 }))
        );
        assert_eq!(sample.presence(|row| row % 200 == 0), None);
        assert_eq!(sample.presence(|row| row % 2 == 0), None);
    }
}
