//! How good scores are, as scikit-learn defines it. `y` holds 1 for a customer who churned and 0 for one who stayed,
//! and `score` or `p` one finite number per customer, higher for more risk. Whatever depends on an order treats equal
//! scores as one group, so that the order of the rows never matters. A value that is not defined is `None`: most are
//! not unless some customers churned and some stayed. Where rows stand for several customers, every metric takes each
//! as many times, as scikit-learn's `sample_weight` does.

pub mod bootstrap;
pub mod chi_squared;
pub mod interval;
mod replicates;

use crate::numeric::{ordered_f64, sum};
use crate::parallel;
use crate::weights::{RowWeights, Totals, UNIT};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Bins of the calibration table and of the expected calibration error.
pub const CALIBRATION_BINS: usize = 10;

/// What a model says of rows, a number a row each.
#[derive(Clone, Copy, Debug)]
pub struct Scores<'a> {
    /// Probabilities.
    pub p: &'a [f64],
    /// What the rows are ranked by, higher for more risk: the probabilities themselves, or [`places_within`].
    pub by: &'a [f64],
    /// How many customers each row stands for.
    pub weights: &'a RowWeights,
}

impl<'a> From<&'a [f64]> for Scores<'a> {
    fn from(p: &'a [f64]) -> Scores<'a> {
        Scores { p, by: p, weights: &UNIT }
    }
}

impl<'a, const N: usize> From<&'a [f64; N]> for Scores<'a> {
    fn from(p: &'a [f64; N]) -> Scores<'a> {
        Scores::from(p.as_slice())
    }
}

impl<'a> From<&'a Vec<f64>> for Scores<'a> {
    fn from(p: &'a Vec<f64>) -> Scores<'a> {
        Scores::from(p.as_slice())
    }
}

impl<'a> Scores<'a> {
    /// Of rows that stand for so many customers each.
    pub fn weighted(p: &'a [f64], weights: &'a RowWeights) -> Scores<'a> {
        Scores { p, by: p, weights }
    }

    /// Whether the rows are ranked by their probabilities.
    fn ranked_by_probability(&self) -> bool {
        std::ptr::eq(self.p, self.by)
    }
}

/// Each row's place among those of the same group, in (0, 1): the share of them with a lower score, equal ones counting
/// half. Where rows were scored by different models, one a fold, these are what they can be compared by: a model that
/// happened to learn from fewer churners gives lower probabilities to rows of which more churned, so that the
/// probabilities of all together rank worse than any of the models (Forman & Scholz, SIGKDD Explorations 12, 2010).
pub fn places_within(groups: &[u32], score: &[f64]) -> Vec<f64> {
    let mut order: Vec<(u32, f64, u32)> =
        groups.iter().zip(score).zip(0u32..).map(|((&group, &score), row)| (group, score, row)).collect();
    order.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut places = vec![0.0; score.len()];
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        let mut below = 0;
        for tie in group.chunk_by(|a, b| a.1 == b.1) {
            let place = (below as f64 + 0.5 * tie.len() as f64) / group.len() as f64;
            tie.iter().for_each(|&(.., row)| places[row as usize] = place);
            below += tie.len();
        }
    }
    places
}

/// A row of a ranking in one integer: bits that are the lower the higher its score, then its customer, then the row
/// itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RankedRow(u128);

impl RankedRow {
    /// Its place among the rows.
    pub fn row(self) -> usize {
        self.0 as u32 as usize
    }

    /// Its customer.
    pub fn customer(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Whether another row has the same score.
    pub fn is_tied_with(self, other: RankedRow) -> bool {
        self.0 >> 64 == other.0 >> 64
    }

    /// Whether another row has the same score and customer.
    pub fn is_same_but_row(self, other: RankedRow) -> bool {
        self.0 >> 32 == other.0 >> 32
    }
}

/// The rows from the highest score to the lowest; of equal ones the first customer first, then the first row.
pub(crate) fn ranked(score: &[f64], customers: &[u32]) -> Vec<RankedRow> {
    let row = |row: usize| {
        // Zero is zero, whatever its sign.
        let score = u128::from(!ordered_f64(score[row] + 0.0));
        RankedRow(score << 64 | u128::from(customers[row]) << 32 | row as u128)
    };
    let mut rows = parallel::map_rows(score.len().min(customers.len()), row);
    rows.par_sort_unstable();
    rows
}

/// All metrics of one set of scored customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Rows.
    pub rows: usize,
    /// How many of them churned.
    pub churners: usize,
    /// How many customers the rows stand for, if some stand for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_for: Option<f64>,
    /// Share of churners.
    pub base_rate: Option<f64>,
    /// [`roc_auc`].
    pub roc_auc: Option<f64>,
    /// [`average_precision`].
    pub average_precision: Option<f64>,
    /// [`log_loss`].
    pub log_loss: Option<f64>,
    /// [`brier`].
    pub brier: Option<f64>,
    /// [`ece`].
    pub ece: Option<f64>,
    /// [`top_decile_lift`].
    pub top_decile_lift: Option<f64>,
    /// Length of the list that the next two look at.
    pub capacity: usize,
    /// [`precision_at`] the capacity.
    pub precision_at_capacity: Option<f64>,
    /// [`lift_at`] the capacity.
    pub lift_at_capacity: Option<f64>,
}

impl Metrics {
    /// The metrics of the scores for a list of `capacity` customers.
    pub fn new<'a>(y: &[u8], scores: impl Into<Scores<'a>>, capacity: usize) -> Metrics {
        let scores = scores.into();
        let ranking = Ranking::new(y, scores.by, scores.weights);
        let by_probability = Scores::weighted(scores.p, scores.weights);
        let ece = if scores.ranked_by_probability() { ranking.ece() } else { ece(y, by_probability) };
        Metrics {
            rows: ranking.rows,
            churners: ranking.churners,
            stand_for: (!scores.weights.is_unit()).then_some(ranking.totals.all),
            base_rate: ranking.base_rate(),
            roc_auc: ranking.roc_auc(),
            average_precision: ranking.average_precision(),
            log_loss: log_loss(y, by_probability),
            brier: brier(y, by_probability),
            ece,
            top_decile_lift: ranking.lift_at(ranking.decile()),
            capacity,
            precision_at_capacity: ranking.precision_at(capacity as f64),
            lift_at_capacity: ranking.lift_at(capacity as f64),
        }
    }
}

/// A bin of the calibration table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Rows in the bin.
    pub rows: usize,
    /// How many of them churned.
    pub churners: usize,
    /// How many customers they stand for, if some stand for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_for: Option<f64>,
    /// Their mean probability.
    pub mean_probability: f64,
    /// The share that churned.
    pub churn_rate: f64,
    /// The lowest probability in the bin.
    pub lowest: f64,
    /// The highest probability in the bin.
    pub highest: f64,
}

/// Share of churners. `None` without rows.
pub fn base_rate(y: &[u8]) -> Option<f64> {
    mean(y, y, &UNIT, |churned, _| f64::from(u8::from(churned)))
}

/// Area under the ROC curve: the probability that a churner scores above a customer who stayed, ties counting half
/// (`sklearn.metrics.roc_auc_score`). `None` unless there are both.
pub fn roc_auc<'a>(y: &[u8], scores: impl Into<Scores<'a>>) -> Option<f64> {
    Ranking::from_scores(y, scores).roc_auc()
}

/// Average precision: over the distinct scores from the highest down, the precision weighted by the gain in recall
/// (`sklearn.metrics.average_precision_score`). `None` without churners.
pub fn average_precision<'a>(y: &[u8], scores: impl Into<Scores<'a>>) -> Option<f64> {
    Ranking::from_scores(y, scores).average_precision()
}

/// Mean negative log-likelihood of probabilities, which are first clipped to `[e, 1 - e]` with the machine epsilon `e`
/// (`sklearn.metrics.log_loss`). `None` without rows.
pub fn log_loss<'a>(y: &[u8], scores: impl Into<Scores<'a>>) -> Option<f64> {
    let scores = scores.into();
    mean(y, scores.p, scores.weights, loss)
}

/// The negative log-likelihood of one row, as in [`log_loss`].
pub(crate) fn loss(churned: bool, p: f64) -> f64 {
    let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    if churned {
        -p.ln()
    } else {
        -(-p).ln_1p()
    }
}

/// Mean squared difference between probability and outcome (`sklearn.metrics.brier_score_loss`). `None` without rows.
pub fn brier<'a>(y: &[u8], scores: impl Into<Scores<'a>>) -> Option<f64> {
    let scores = scores.into();
    mean(y, scores.p, scores.weights, |churned, p| (p - f64::from(u8::from(churned))).powi(2))
}

/// Expected calibration error: over the bins of [`calibration_table`], the difference between mean probability and
/// churn rate, weighted by rows (Naeini, Cooper & Hauskrecht, AAAI 2015, on bins of equal frequency). `None` without
/// rows.
pub fn ece<'a>(y: &[u8], scores: impl Into<Scores<'a>>) -> Option<f64> {
    Ranking::from_scores(y, scores).ece()
}

/// Probability against churn rate in up to ten bins of equal frequency, lowest first. Of `n` rows in ascending order
/// the row at place `i` (from 0) belongs to the bin `floor(10 (i + 1/2) / n)`; equal probabilities stay together, in
/// the bin of the middle of their places. Bins without rows are left out.
pub fn calibration_table<'a>(y: &[u8], scores: impl Into<Scores<'a>>) -> Vec<CalibrationBin> {
    Ranking::from_scores(y, scores).calibration_table()
}

/// [`lift_at`] a tenth of the rows, rounded up.
pub fn top_decile_lift<'a>(y: &[u8], scores: impl Into<Scores<'a>>) -> Option<f64> {
    let ranking = Ranking::from_scores(y, scores);
    ranking.lift_at(ranking.decile())
}

/// [`precision_at`] `k` over the base rate: how many times more churners the list catches than one drawn at random.
/// `None` without churners or for `k = 0`.
pub fn lift_at<'a>(y: &[u8], scores: impl Into<Scores<'a>>, k: usize) -> Option<f64> {
    Ranking::from_scores(y, scores).lift_at(k as f64)
}

/// Share of churners among the `k` highest scores, or among all rows if there are fewer. Where the cut falls within
/// equal scores, the expectation over drawing the rest at random from among them. `k` counts customers: a row takes as
/// many places of the list as it stands for. `None` without rows or for `k = 0`.
pub fn precision_at<'a>(y: &[u8], scores: impl Into<Scores<'a>>, k: usize) -> Option<f64> {
    Ranking::from_scores(y, scores).precision_at(k as f64)
}

/// [`precision_at`] several lengths of the list of one ranking that has rows; none of the lengths is 0.
pub fn precisions_at<'a>(y: &[u8], scores: impl Into<Scores<'a>>, lengths: &[usize]) -> Vec<f64> {
    let ranking = Ranking::from_scores(y, scores);
    lengths.iter().filter_map(|&k| ranking.precision_at(k as f64)).collect()
}

/// The mean of `value(churned, p)`, each as often as its row stands for a customer.
fn mean<T: Copy>(y: &[u8], p: &[T], weights: &RowWeights, value: impl Fn(bool, T) -> f64) -> Option<f64> {
    let total = sum((0..).zip(y.iter().zip(p)).map(|(row, (&y, &p))| weights.of(row) * value(y == 1, p)));
    (!y.is_empty()).then(|| total / weights.totals(y).all)
}

/// Rows with one score.
#[derive(Clone, Copy, Debug)]
struct Tie {
    score: f64,
    rows: u32,
    churners: u32,
}

/// Scored rows, highest first.
struct Ranking {
    rows: usize,
    churners: usize,
    ties: Vec<Tie>,
    /// How many customers the rows of each tie stand for; empty where each stands for itself.
    weights: Vec<Totals>,
    /// How many customers all rows stand for.
    totals: Totals,
}

impl Ranking {
    fn from_scores<'a>(y: &[u8], scores: impl Into<Scores<'a>>) -> Ranking {
        let Scores { by, weights, .. } = scores.into();
        Ranking::new(y, by, weights)
    }

    fn new(y: &[u8], score: &[f64], weights: &RowWeights) -> Ranking {
        debug_assert_eq!(y.len(), score.len());
        if !weights.is_unit() {
            return Ranking::weighted(y, score, weights);
        }
        let tie = |(&score, &y): (&f64, &u8)| Tie { score, rows: 1, churners: u32::from(y == 1) };
        let mut ties: Vec<Tie> = score.iter().zip(y).map(tie).collect();
        ties.par_sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        ties.dedup_by(|next, tie| {
            let tied = next.score == tie.score;
            if tied {
                tie.rows += next.rows;
                tie.churners += next.churners;
            }
            tied
        });
        let churners = ties.iter().map(|tie| tie.churners as usize).sum();
        Ranking { rows: y.len(), churners, ties, weights: Vec::new(), totals: weights.totals(y) }
    }

    fn weighted(y: &[u8], score: &[f64], weights: &RowWeights) -> Ranking {
        let mut order: Vec<usize> = (0..y.len()).collect();
        // Of equal scores by weight, so that sums do not depend on the order of the rows.
        let weight = |row: usize| weights.of(row);
        order.par_sort_unstable_by(|&a, &b| {
            score[b].total_cmp(&score[a]).then(y[a].cmp(&y[b])).then(weight(a).total_cmp(&weight(b)))
        });

        let (mut ties, mut of_ties) = (Vec::new(), Vec::new());
        for rows in order.chunk_by(|&a, &b| score[a] == score[b]) {
            let mut tie = Tie { score: score[rows[0]], rows: 0, churners: 0 };
            let mut totals = Totals::default();
            for &row in rows {
                tie.rows += 1;
                tie.churners += u32::from(y[row] == 1);
                totals.add(weight(row), y[row] == 1);
            }
            ties.push(tie);
            of_ties.push(totals);
        }
        let totals = of_ties.iter().fold(Totals::default(), |all, totals| all.with(*totals));
        let churners = ties.iter().map(|tie| tie.churners as usize).sum();
        Ranking { rows: y.len(), churners, ties, weights: of_ties, totals }
    }

    /// How many customers the rows of the tie at a place stand for.
    fn totals(&self, at: usize) -> Totals {
        match self.weights.get(at) {
            Some(totals) => *totals,
            None => Totals { all: f64::from(self.ties[at].rows), churned: f64::from(self.ties[at].churners) },
        }
    }

    fn all_totals(&self) -> impl Iterator<Item = Totals> + '_ {
        (0..self.ties.len()).map(|at| self.totals(at))
    }

    fn base_rate(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.totals.rate())
    }

    fn roc_auc(&self) -> Option<f64> {
        if self.churners == 0 || self.churners == self.rows {
            return None;
        }
        // In halves of pairs: of rows that stand for themselves whole numbers, so that the only rounding is the
        // division.
        let stayed = self.totals.all - self.totals.churned;
        let (mut halves, mut below) = (0.0, stayed);
        for Totals { all, churned } in self.all_totals() {
            let level = all - churned;
            below -= level;
            halves += churned * (2.0 * below + level);
        }
        Some(halves / (2.0 * self.totals.churned * stayed))
    }

    fn average_precision(&self) -> Option<f64> {
        let mut reached = Totals::default();
        let gains = self.all_totals().map(|totals| {
            reached = reached.with(totals);
            totals.churned * reached.rate()
        });
        let gains = sum(gains);
        (self.churners > 0).then(|| gains / self.totals.churned)
    }

    /// A tenth of the customers, rounded up.
    fn decile(&self) -> f64 {
        (self.totals.all / 10.0).ceil()
    }

    fn precision_at(&self, k: f64) -> Option<f64> {
        let k = k.min(self.totals.all);
        let (mut left, mut caught) = (k, 0.0);
        for Totals { all, churned } in self.all_totals() {
            if left <= all {
                caught += churned * (left / all);
                break;
            }
            left -= all;
            caught += churned;
        }
        (k > 0.0).then(|| caught / k)
    }

    fn lift_at(&self, k: f64) -> Option<f64> {
        if self.churners == 0 {
            return None;
        }
        Some(self.precision_at(k)? / self.base_rate()?)
    }

    fn calibration_table(&self) -> Vec<CalibrationBin> {
        // From the lowest score up, how many ties there are in each bin.
        let (mut below, mut ties) = (0.0, [0; CALIBRATION_BINS]);
        for at in (0..self.ties.len()).rev() {
            let all = self.totals(at).all;
            // The middle of places below..below + all is below + all / 2, counting half a place into each.
            let bin = CALIBRATION_BINS as f64 * (2.0 * below + all) / (2.0 * self.totals.all);
            ties[(bin as usize).min(CALIBRATION_BINS - 1)] += 1;
            below += all;
        }

        let mut end = self.ties.len();
        let bin = |ties: usize| {
            let places = end - ties..end;
            end = places.start;
            let bin = &self.ties[places.clone()];
            let (highest, lowest) = (bin.first()?.score, bin.last()?.score);
            let totals = places.clone().fold(Totals::default(), |all, at| all.with(self.totals(at)));
            let risks = sum(places.rev().map(|at| self.ties[at].score * self.totals(at).all));
            Some(CalibrationBin {
                rows: bin.iter().map(|tie| tie.rows as usize).sum(),
                churners: bin.iter().map(|tie| tie.churners as usize).sum(),
                stand_for: (!self.weights.is_empty()).then_some(totals.all),
                mean_probability: risks / totals.all,
                churn_rate: totals.rate(),
                lowest,
                highest,
            })
        };

        ties.into_iter().filter_map(bin).collect()
    }

    fn ece(&self) -> Option<f64> {
        let bins = self.calibration_table();
        let errors = bins.iter().map(|bin| bin.customers() * (bin.mean_probability - bin.churn_rate).abs());
        (self.rows > 0).then(|| sum(errors) / self.totals.all)
    }
}

impl CalibrationBin {
    /// How many customers the rows of the bin stand for.
    pub fn customers(&self) -> f64 {
        self.stand_for.unwrap_or(self.rows as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn metrics_of_nothing_and_of_one_class() {
        let none = Metrics::new(&[], &[], 10);
        assert_eq!((none.rows, none.roc_auc, none.log_loss, none.lift_at_capacity), (0, None, None, None));
        assert!(calibration_table(&[], &[]).is_empty());
        let stayed = Metrics::new(&[0, 0, 0], &[0.1, 0.2, 0.3], 2);
        assert_eq!((stayed.roc_auc, stayed.average_precision, stayed.top_decile_lift), (None, None, None));
        assert_eq!((stayed.base_rate, stayed.precision_at_capacity), (Some(0.0), Some(0.0)));
        let churned = Metrics::new(&[1, 1], &[0.1, 0.2], 0);
        assert_eq!((churned.roc_auc, churned.average_precision), (None, Some(1.0)));
        assert_eq!((churned.precision_at_capacity, churned.lift_at_capacity), (None, None));
    }

    #[test]
    fn a_cut_within_equal_scores_takes_the_expectation() {
        let y = [1, 0, 1, 0, 0];
        let score = [0.9, 0.5, 0.5, 0.5, 0.1];
        assert_eq!(precision_at(&y, &score, 1), Some(1.0));
        assert!((precision_at(&y, &score, 2).unwrap() - (1.0 + 1.0 / 3.0) / 2.0).abs() < 1e-15);
        assert_eq!(precision_at(&y, &score, 4), Some(0.5));
        assert_eq!(precision_at(&y, &score, 99), Some(0.4));
        assert_eq!(lift_at(&y, &score, 1), Some(2.5));
        assert_eq!(top_decile_lift(&y, &score), Some(2.5));
    }

    #[test]
    fn rows_of_several_models_are_ranked_by_their_places() {
        // Two models that know nothing but the base rate; the one that saw fewer churners judges more of them.
        let (y, fold) = ([1, 1, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]);
        let p = [0.2, 0.2, 0.2, 0.2, 0.4, 0.4, 0.4, 0.4];
        assert!(roc_auc(&y, &p).unwrap() < 0.5);
        let by = places_within(&fold, &p);
        assert_eq!(by, [0.5; 8]);
        let metrics = Metrics::new(&y, Scores { by: &by, ..Scores::from(&p) }, 2);
        assert_eq!((metrics.roc_auc, metrics.log_loss), (Some(0.5), log_loss(&y, &p)));
        assert_eq!(metrics.ece, ece(&y, &p));
        let p = [0.3, 0.3, 0.2, 0.1, 0.9, 0.4, 0.6, 0.4];
        assert_eq!(places_within(&fold, &p), [0.75, 0.75, 0.375, 0.125, 0.875, 0.25, 0.625, 0.25]);
    }

    #[test]
    fn bins_are_of_equal_frequency_and_keep_equal_probabilities_together() {
        let p: Vec<f64> = (0..40).map(|i| f64::from(i) / 100.0).collect();
        let y: Vec<u8> = (0..40).map(|i| u8::from(i % 4 == 0)).collect();
        let table = calibration_table(&y, &p);
        assert_eq!(table.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [4; 10]);
        assert_eq!(table[3].churners, 1);
        assert_eq!((table[3].lowest, table[3].highest), (0.12, 0.15));
        let table = calibration_table(&y, &[vec![0.1; 30], vec![0.9; 10]].concat());
        assert_eq!(table.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [30, 10]);
        assert!((table[0].mean_probability - 0.1).abs() < 1e-15);
    }

    fn scored() -> impl Strategy<Value = (Vec<u8>, Vec<f64>)> {
        prop::collection::vec((0..2_u8, 0..20_i32), 1..60)
            .prop_map(|rows| rows.into_iter().map(|(y, score)| (y, f64::from(score) / 20.0)).unzip())
    }

    proptest! {
        #[test]
        fn auc_counts_pairs_and_ignores_monotone_transforms((y, score) in scored()) {
            let mut pairs = (0.0, 0.0);
            for (i, a) in score.iter().enumerate().filter(|(i, _)| y[*i] == 1) {
                for (j, b) in score.iter().enumerate().filter(|(j, _)| y[*j] == 0) {
                    prop_assert_ne!(i, j);
                    pairs.0 += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
                    pairs.1 += 1.0;
                }
            }
            let auc = roc_auc(&y, &score);
            prop_assert_eq!(auc, (pairs.1 > 0.0).then(|| pairs.0 / pairs.1));
            let transformed: Vec<f64> = score.iter().map(|s| (3.0 * s).exp() - 7.0).collect();
            prop_assert_eq!(auc, roc_auc(&y, &transformed));
            prop_assert_eq!(average_precision(&y, &score), average_precision(&y, &transformed));
            let reversed: Vec<f64> = score.iter().map(|s| -s).collect();
            if let (Some(auc), Some(reversed)) = (auc, roc_auc(&y, &reversed)) {
                prop_assert!((auc + reversed - 1.0).abs() < 1e-15);
            }
        }

        #[test]
        fn a_weight_is_as_many_copies_of_the_row((y, score) in scored(), capacity in 1..70_usize) {
            let times = |row: usize| 1 + (row * 7 + 3) % 4;
            let weights = RowWeights::new((0..y.len()).map(|row| times(row) as f64).collect());
            let copies: Vec<usize> = (0..y.len()).flat_map(|row| std::iter::repeat_n(row, times(row))).collect();
            let (many_y, many): (Vec<u8>, Vec<f64>) = copies.iter().map(|&row| (y[row], score[row])).unzip();
            let found = Metrics::new(&y, Scores::weighted(&score, &weights), capacity);
            let expected = Metrics::new(&many_y, &many, capacity);
            prop_assert_eq!((found.rows, found.stand_for), (y.len(), Some(many.len() as f64)));
            for (found, expected) in [
                (found.base_rate, expected.base_rate),
                (found.roc_auc, expected.roc_auc),
                (found.average_precision, expected.average_precision),
                (found.log_loss, expected.log_loss),
                (found.brier, expected.brier),
                (found.ece, expected.ece),
                (found.top_decile_lift, expected.top_decile_lift),
                (found.precision_at_capacity, expected.precision_at_capacity),
                (found.lift_at_capacity, expected.lift_at_capacity),
            ] {
                prop_assert_eq!(found.is_some(), expected.is_some());
                let apart = (found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs();
                prop_assert!(apart < 1e-12, "{:?} against {:?}", found, expected);
            }

            let sorted = replicates::Sorted::new(&y, Scores::weighted(&score, &weights), &vec![0; y.len()]);
            let estimate = sorted.estimate(capacity);
            for (found, expected) in [
                (estimate.roc_auc, found.roc_auc),
                (estimate.average_precision, found.average_precision),
                (estimate.log_loss, found.log_loss),
                (estimate.ece, found.ece),
                (estimate.top_decile_lift, found.top_decile_lift),
                (estimate.precision_at_capacity, found.precision_at_capacity),
            ] {
                let is_near = expected.is_none_or(|expected| (found - expected).abs() < 1e-10);
                prop_assert!(is_near, "{} {:?}", found, expected);
            }
        }

        #[test]
        fn the_order_of_rows_never_matters((y, score) in scored(), capacity in 0..70_usize) {
            let metrics = Metrics::new(&y, &score, capacity);
            let mut rows: Vec<(u8, f64)> = y.iter().copied().zip(score.iter().copied()).collect();
            rows.reverse();
            let (y, score): (Vec<u8>, Vec<f64>) = rows.into_iter().unzip();
            let reversed = Metrics::new(&y, &score, capacity);
            prop_assert_eq!(metrics.precision_at_capacity, reversed.precision_at_capacity);
            prop_assert_eq!(metrics.ece, reversed.ece);
            prop_assert_eq!(metrics.average_precision, reversed.average_precision);
            // Ends of the scale: the whole list has the base rate, and bins partition the rows.
            prop_assert_eq!(precision_at(&y, &score, y.len()), base_rate(&y));
            let table = calibration_table(&y, &score);
            prop_assert_eq!(table.iter().map(|bin| bin.rows).sum::<usize>(), y.len());
        }
    }
}
