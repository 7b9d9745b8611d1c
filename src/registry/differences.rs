//! How two versions differ inside, and what that does to a list.

use crate::artefact::{Artefact, Scores};
use crate::config::List;
use crate::model::additive::{Bins, Lookup};
use crate::model::design::recipe::Source;
use crate::model::linear::Coefficient;
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
    /// Columns, curves and interactions of the first version alone, of features that both have.
    pub columns_of_first: Vec<String>,
    /// Those of the second version alone.
    pub columns_of_second: Vec<String>,
    /// Columns whose effect has another sign, the largest change first.
    pub turned: Vec<Turned>,
}

/// A column that raises the risk in one version and lowers it in the other.
#[derive(Clone, Debug, Serialize)]
pub struct Turned {
    /// The column.
    pub column: String,
    /// Its effect in the first version, in log-odds: the coefficient, or how much a curve rises from its lower half of
    /// bins to its upper half.
    pub first: f64,
    /// Its effect in the second version.
    pub second: f64,
    /// Whether both effects are certain: neither 95 % interval holds 0. Curves have none.
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
        let of_both = |feature: &&str| [&ours, &theirs].iter().all(|names| names.iter().any(|name| name == feature));
        let shared = |(_, features): &(String, Vec<&str>)| features.iter().all(of_both);
        columns(model).into_iter().filter(shared).map(|(name, _)| name).collect()
    };
    let (our_columns, their_columns) = (columns(first), columns(second));

    let others = effects(second);
    let mut turned: Vec<Turned> = effects(first)
        .into_iter()
        .filter_map(|ours| {
            let theirs = others.iter().find(|other| other.column == ours.column)?;
            let (first, second) = (ours.effect, theirs.effect);
            let certain = ours.certain && theirs.certain;
            (first * second < 0.0).then_some(Turned { column: ours.column, first, second, certain })
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

/// The columns of a linear model or the terms of an additive one, each with the features that it looks at.
fn columns(model: &Artefact) -> Vec<(String, Vec<&str>)> {
    let catalogue = &model.catalogue;
    let feature = |source: Source| match source {
        Source::Numeric(index) => catalogue.numeric[index].name.as_str(),
        Source::Categorical(index) => catalogue.categorical[index].as_str(),
    };
    match &model.fit.additive {
        None => model.terms().into_iter().map(|term| (term.name, vec![feature(term.source)])).collect(),
        Some(additive) => additive
            .terms
            .iter()
            .map(|term| {
                let features = term.features().iter().map(|&place| additive.features[place].name.as_str()).collect();
                (additive.term_name(term), features)
            })
            .collect(),
    }
}

/// Which way a column moves the risk.
struct ColumnEffect {
    column: String,
    /// The coefficient of a linear model; of the curve of a number, the mean of the upper half of its bins less that of
    /// the lower half.
    effect: f64,
    /// Whether its 95 % interval holds no 0. Curves have none.
    certain: bool,
}

impl ColumnEffect {
    fn from_coefficient(coefficient: &Coefficient) -> ColumnEffect {
        let holds_no_zero = coefficient.lower > 0.0 || coefficient.upper < 0.0;
        ColumnEffect {
            column: coefficient.name.clone(),
            effect: coefficient.estimate,
            certain: coefficient.standard_error > 0.0 && holds_no_zero,
        }
    }
}

/// Which way each column moves the risk.
fn effects(model: &Artefact) -> Vec<ColumnEffect> {
    let Some(additive) = &model.fit.additive else {
        return model.fit.coefficients.iter().skip(1).map(ColumnEffect::from_coefficient).collect();
    };

    let curves = additive.terms.iter().filter_map(|term| match (&term.lookup, term.features()) {
        (Lookup::Curve { .. }, &[feature]) => Some((&additive.features[feature], &term.table)),
        _ => None,
    });
    curves
        .filter_map(|(feature, table)| {
            let values = table.get(..feature.bins.missing())?;
            let half = values.len() / 2;
            let mean = |bins: &[f64]| bins.iter().sum::<f64>() / bins.len() as f64;
            if half == 0 || !matches!(feature.bins, Bins::Numeric { .. }) {
                return None;
            }
            let effect = mean(&values[values.len() - half..]) - mean(&values[..half]);
            Some(ColumnEffect { column: feature.name.clone(), effect, certain: false })
        })
        .collect()
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
    /// Spearman's correlation of the ranks of all eligible customers; none if one version gives everybody the same
    /// risk.
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
    /// Where the first version puts the customer.
    pub first: Standing,
    /// Where the second version does.
    pub second: Standing,
}

/// Where a version puts a customer. In a file the two of them are a pair.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(into = "(usize, f64)")]
pub struct Standing {
    /// From 1.
    pub rank: usize,
    /// The calibrated probability of churn.
    pub probability: f64,
}

impl From<Standing> for (usize, f64) {
    fn from(standing: Standing) -> (usize, f64) {
        (standing.rank, standing.probability)
    }
}

/// Compares the lists that two versions' scores of one date make.
pub fn lists(settings: &List, customers: &CustomerTable, first: &Scores, second: &Scores) -> ListChange {
    let (ours, theirs) = (places(settings, customers, first), places(settings, customers, second));
    let in_both = |(&customer, &first): (&u32, &Place)| {
        theirs.get(&customer).map(|&second| PlacedTwice { customer, first, second })
    };
    let mut both: Vec<PlacedTwice> = ours.iter().filter_map(in_both).collect();
    both.sort_unstable_by_key(|placed| placed.customer);

    let moved = |placed: &PlacedTwice| Moved {
        customer_id: customers.ids.display(placed.customer as usize),
        first: placed.first.standing,
        second: placed.second.standing,
    };
    let entering = both.iter().filter(|placed| !placed.first.listed && placed.second.listed);
    let mut entering: Vec<Moved> = entering.map(moved).collect();
    entering.sort_by_key(|moved| moved.second.rank);
    entering.truncate(SHOWN);

    let leaving = both.iter().filter(|placed| placed.first.listed && !placed.second.listed);
    let mut leaving: Vec<Moved> = leaving.map(moved).collect();
    leaving.sort_by_key(|moved| moved.first.rank);
    leaving.truncate(SHOWN);

    let p: Vec<f64> = both.iter().map(|placed| placed.first.standing.probability).collect();
    let q: Vec<f64> = both.iter().map(|placed| placed.second.standing.probability).collect();
    ListChange {
        eligible: both.len(),
        capacity: settings.capacity as usize,
        shared: both.iter().filter(|placed| placed.first.listed && placed.second.listed).count(),
        rank_correlation: correlation(&ranks(&p), &ranks(&q)),
        entering,
        leaving,
    }
}

/// Where a version puts a customer, and whether that is on the list.
#[derive(Clone, Copy)]
struct Place {
    standing: Standing,
    listed: bool,
}

/// A customer whom both versions scored.
struct PlacedTwice {
    customer: u32,
    first: Place,
    second: Place,
}

/// The place of every scored customer.
fn places(settings: &List, customers: &CustomerTable, scores: &Scores) -> hashbrown::HashMap<u32, Place> {
    let value = |customer: u32| customers.value_of(customer);
    let ranking = Ranking::new(settings, &scores.customers, &scores.probabilities, &scores.log_odds, value, None);
    let place = |(before, &position): (usize, &u32)| {
        let position = position as usize;
        let standing = Standing { rank: before + 1, probability: scores.probabilities[position] };
        (scores.customers[position], Place { standing, listed: before < ranking.listed })
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
