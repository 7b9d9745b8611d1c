//! How two versions differ inside, and what that does to a list.

use crate::config::List;
use crate::model::artefact::{Artefact, Scores};
use crate::model::recipe::Source;
use crate::ranking::Ranking;
use crate::sources::CustomerTable;
use serde::Serialize;

/// Customers shown by name who come onto a list or drop from it.
const SHOWN: usize = 10;

/// What one version has inside and the other has not, and what they disagree about.
#[derive(Clone, Debug, Serialize)]
pub struct Inside {
    /// Features of the first version alone.
    pub features_of_first: Vec<String>,
    /// Features of the second version alone.
    pub features_of_second: Vec<String>,
    /// Columns (effects) of the first version alone, of features that both have.
    pub columns_of_first: Vec<String>,
    /// Columns of the second version alone, of features that both have.
    pub columns_of_second: Vec<String>,
    /// Columns whose effect has another sign, the largest change first.
    pub turned: Vec<Turned>,
}

/// A column that raises the risk in one version and lowers it in the other.
#[derive(Clone, Debug, Serialize)]
pub struct Turned {
    /// The column.
    pub column: String,
    /// Its effect in the first version, in log-odds.
    pub first: f64,
    /// Its effect in the second version.
    pub second: f64,
    /// Whether both effects are certain: neither 95 % interval holds 0.
    pub certain: bool,
}

/// Compares two versions inside.
pub fn inside(first: &Artefact, second: &Artefact) -> Inside {
    let features = |model: &Artefact| -> Vec<String> { model.catalogue.names().map(str::to_owned).collect() };
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|name| !those.contains(name)).cloned().collect()
    };
    let (ours, theirs) = (features(first), features(second));
    let columns = |model: &Artefact| -> Vec<String> {
        let columns = model.terms().into_iter();
        let shared = columns.filter(|term| {
            let feature = match term.source {
                Source::Numeric(index) => &model.catalogue.numeric[index].name,
                Source::Categorical(index) => &model.catalogue.categorical[index],
            };
            ours.contains(feature) && theirs.contains(feature)
        });
        shared.map(|term| term.name).collect()
    };
    let (our_columns, their_columns) = (columns(first), columns(second));
    let certain = |lower: f64, upper: f64| lower > 0.0 || upper < 0.0;
    let mut turned: Vec<Turned> = first
        .coefficients
        .iter()
        .skip(1)
        .filter_map(|a| {
            let b = second.coefficients.iter().skip(1).find(|b| b.name == a.name)?;
            (a.estimate * b.estimate < 0.0).then(|| Turned {
                column: a.name.clone(),
                first: a.estimate,
                second: b.estimate,
                certain: certain(a.lower, a.upper) && certain(b.lower, b.upper),
            })
        })
        .collect();
    turned.sort_by(|a, b| (b.first - b.second).abs().total_cmp(&(a.first - a.second).abs()));
    Inside {
        features_of_first: only(&ours, &theirs),
        features_of_second: only(&theirs, &ours),
        columns_of_first: only(&our_columns, &their_columns),
        columns_of_second: only(&their_columns, &our_columns),
        turned,
    }
}

/// How the list of one date would change if the second version scored instead of the first.
#[derive(Clone, Debug, Serialize)]
pub struct ListChange {
    /// Customers whom both scored.
    pub eligible: usize,
    /// Length of the list.
    pub capacity: usize,
    /// Customers who are on both lists.
    pub shared: usize,
    /// Spearman's correlation of the ranks of all eligible customers; none if one version gives everybody the same risk.
    pub rank_correlation: Option<f64>,
    /// Who comes onto the list, the highest first; at most ten.
    pub entering: Vec<Moved>,
    /// Who drops from it, the formerly highest first; at most ten.
    pub leaving: Vec<Moved>,
}

/// A customer whose place changes.
#[derive(Clone, Debug, Serialize)]
pub struct Moved {
    /// The customer.
    pub customer_id: String,
    /// The rank and probability of the first version.
    pub first: (usize, f64),
    /// The rank and probability of the second version.
    pub second: (usize, f64),
}

/// Compares the lists that two versions' scores of one date make.
pub fn lists(settings: &List, customers: &CustomerTable, first: &Scores, second: &Scores) -> ListChange {
    let (ours, theirs) = (places(settings, customers, first), places(settings, customers, second));
    let mut both: Vec<(u32, Place, Place)> =
        ours.iter().filter_map(|(customer, &a)| Some((*customer, a, *theirs.get(customer)?))).collect();
    both.sort_unstable_by_key(|&(customer, ..)| customer);
    let moved = |&(customer, a, b): &(u32, Place, Place)| Moved {
        customer_id: customers.ids.display(customer as usize),
        first: (a.rank, a.probability),
        second: (b.rank, b.probability),
    };
    let mut entering: Vec<Moved> = both.iter().filter(|(_, a, b)| !a.listed && b.listed).map(moved).collect();
    let mut leaving: Vec<Moved> = both.iter().filter(|(_, a, b)| a.listed && !b.listed).map(moved).collect();
    entering.sort_by_key(|moved| moved.second.0);
    leaving.sort_by_key(|moved| moved.first.0);
    entering.truncate(SHOWN);
    leaving.truncate(SHOWN);
    let (p, q): (Vec<f64>, Vec<f64>) = both.iter().map(|(_, a, b)| (a.probability, b.probability)).unzip();
    ListChange {
        eligible: both.len(),
        capacity: settings.capacity as usize,
        shared: both.iter().filter(|(_, a, b)| a.listed && b.listed).count(),
        rank_correlation: correlation(&ranks(&p), &ranks(&q)),
        entering,
        leaving,
    }
}

/// Where a version puts a customer.
#[derive(Clone, Copy)]
struct Place {
    /// From 1.
    rank: usize,
    listed: bool,
    probability: f64,
}

/// The place of every scored customer.
fn places(settings: &List, customers: &CustomerTable, scores: &Scores) -> hashbrown::HashMap<u32, Place> {
    let value = |customer: u32| customers.value.get(customer as usize).copied().filter(|v| v.is_finite());
    let ranking = Ranking::of(settings, &scores.customers, &scores.probabilities, &scores.log_odds, value);
    let place = |(before, &position): (usize, &u32)| {
        let position = position as usize;
        let listed = before < ranking.listed;
        let place = Place { rank: before + 1, listed, probability: scores.probabilities[position] };
        (scores.customers[position], place)
    };
    ranking.order.iter().enumerate().map(place).collect()
}

/// The rank of each value; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tie in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = before as f64 + (tie.len() as f64 + 1.0) / 2.0;
        tie.iter().for_each(|&place| ranks[place] = mean);
        before += tie.len();
    }
    ranks
}

/// Pearson's correlation; none where one side does not vary.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (a_mean, b_mean) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - a_mean, y - b_mean);
        (ab, aa, bb) = (ab + x * y, aa + x * x, bb + y * y);
    }
    (aa > 0.0 && bb > 0.0).then(|| (ab / (aa * bb).sqrt()).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_and_their_correlation_are_spearmans() {
        // scipy.stats.spearmanr([3, 1, 4, 1, 5], [2, 7, 1, 8, 2]) = -0.7894736842105264
        assert_eq!(ranks(&[3.0, 1.0, 4.0, 1.0, 5.0]), [3.0, 1.5, 4.0, 1.5, 5.0]);
        let found = correlation(&ranks(&[3.0, 1.0, 4.0, 1.0, 5.0]), &ranks(&[2.0, 7.0, 1.0, 8.0, 2.0]));
        assert!(found.is_some_and(|r| (r + 0.789_473_684_210_526_4).abs() < 1e-12), "{found:?}");
        assert_eq!(correlation(&[1.0, 2.0], &[3.0, 3.0]), None);
        assert_eq!(correlation(&[], &[]), None);
    }
}
