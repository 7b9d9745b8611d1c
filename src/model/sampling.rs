//! Training on a sample of those who stayed, where the rows are more than memory allows.
//!
//! Churners are rare, and each of them says as much about who churns as many who stayed. So all churners are kept, and
//! of the others a share: standard errors grow by about `sqrt(1 + churners / kept)` at most. Who is kept depends on the
//! label and a hash of customer and date, on no feature. Then all log-odds of the fit are too high by the same amount,
//! and the [prior correction](PriorCorrection) is exact (King & Zeng, *Logistic Regression in Rare Events Data*,
//! Political Analysis 9, 2001).
//!
//! Rows are drawn, not customers: rows of one customer resemble each other, and a sample of rows keeps more customers.
//! Cross-fitting is not touched by that, since its folds are of customers.

use super::calibration::base_rate::PriorCorrection;
use crate::config::{Complexity, Model, Penalty, Sample};
use crate::dataset::{most_coded_rows, Block, Dataset, Selection};
use crate::observer::{Note, Observer};
use crate::weights::Totals;
use serde::{Deserialize, Serialize};

/// What was sampled, and what was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Training rows before the sampling.
    pub rows: usize,
    /// How many of them churned; all are kept.
    pub churners: usize,
    /// How many of those who stayed are kept.
    pub kept: usize,
    /// What was added to the log-odds for it.
    pub prior: PriorCorrection,
    /// Whether it was for want of memory, and not because the settings say so.
    pub for_memory: bool,
}

impl Sampling {
    /// Rows that were left out.
    pub fn left_out(&self) -> usize {
        self.rows - self.churners - self.kept
    }

    /// How many rows one of those who stayed stands for, and a churner.
    pub fn weights(&self) -> [f64; 2] {
        [(self.rows - self.churners) as f64 / self.kept as f64, 1.0]
    }
}

/// At least so many of those who stayed are looked at for each churner: more of them hardly tell more.
const STAYED_FOR_EACH: usize = 3;

/// A part of the rows for fits that are only judged: churners, with some of those who stayed.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseControl {
    /// They.
    pub rows: Selection,
    /// How many of those who stayed each of them stands for, as each churner stands for one.
    pub stayed_for: f64,
}

impl CaseControl {
    /// All of the rows.
    pub fn all(rows: &Selection) -> CaseControl {
        CaseControl { rows: rows.clone(), stayed_for: 1.0 }
    }

    /// All of the rows, or where they are more than about `most`: churners with some of those who stayed, of all
    /// customers; where even these are too many, of some customers, evenly spread. So what tells churners apart is
    /// known as well as from many more rows.
    ///
    /// Under a group penalty the rows are all those of some customers: it is a threshold that noise must not pass, and
    /// how much noise there is depends on the share of churners.
    pub fn of(dataset: &Dataset, rows: &Selection, penalty: Penalty, most: usize, seed: u64) -> CaseControl {
        let labels = rows.labels(dataset);
        let (all, churners) = (labels.len(), labels.iter().filter(|&&y| y == 1).count());
        if all <= most {
            return CaseControl::all(rows);
        }

        // Every so many-th customer, such that some of those who stayed fill what their churners leave.
        let stayed = all - churners;
        let wanted = match penalty {
            Penalty::L2 => churners + stayed.min(STAYED_FOR_EACH * churners),
            Penalty::Group => all,
        };
        let stride = wanted.div_ceil(most).max(1);
        let share = share_kept(stride * most, churners, stayed);
        // Of more rows than so many folds divide, more than `most` are looked at.
        let folds = u8::try_from(stride).unwrap_or(u8::MAX);

        let is_kept = kept(dataset, share, seed);
        let rows = rows.restricted(dataset, |block, row| {
            dataset.customers.fold(block.customers[row], folds, seed) == 0 && is_kept(block, row)
        });
        CaseControl { rows, stayed_for: share.recip() }
    }
}

/// The share of those who stayed that fills what churners leave of so many rows.
fn share_kept(rows: usize, churners: usize, stayed: usize) -> f64 {
    let room = rows.saturating_sub(churners).max(1);
    (room as f64 / stayed.max(1) as f64).min(1.0)
}

/// Whether a row is of a churner, or in this share of the others: by a hash of customer and date, whatever the
/// features.
fn kept(dataset: &Dataset, share: f64, seed: u64) -> impl Fn(&Block, usize) -> bool + Sync + '_ {
    move |block, row| {
        let day = dataset.as_of[block.as_of[row] as usize];
        block.label(row) == Some(1) || dataset.customers.draw(block.customers[row], day, seed) < share
    }
}

/// The rows to fit on.
pub struct SampledRows {
    /// The rows.
    pub rows: Selection,
    /// What was sampled, if anything was.
    pub sampling: Option<Sampling>,
}

impl SampledRows {
    fn all(rows: &Selection) -> SampledRows {
        SampledRows { rows: rows.clone(), sampling: None }
    }
}

/// The rows to fit on, as `sample` asks for. `auto` samples where the rows as codes, which every pass over them reads,
/// would take more than the memory limit leaves for them ([`most_coded_rows`]). Everything else is written to disk
/// where it does not fit, which is exact: the features, and all of a linear model's matrix.
pub fn sampled(
    sample: Sample,
    model: &Model,
    dataset: &Dataset,
    rows: &Selection,
    observer: &dyn Observer,
) -> SampledRows {
    let labels = rows.labels(dataset);
    let (all, churners) = (labels.len(), labels.iter().filter(|&&y| y == 1).count());

    let (share, for_memory) = match sample {
        Sample::Never => (None, false),
        Sample::Share(share) => (Some(share), false),
        Sample::Auto if model.complexity == Complexity::Linear => (None, false),
        Sample::Auto => {
            let (customers, rows) = (dataset.customers.len(), dataset.rows());
            let features = dataset.catalogue.names().count();
            let most = dataset.memory.limit().map(|limit| most_coded_rows(limit, customers, rows, features));
            (most.and_then(|most| fitting(all, churners, most)), true)
        }
    };

    let Some(share) = share else { return SampledRows::all(rows) };
    let selection = rows.restricted(dataset, kept(dataset, share, model.seed));

    let kept = selection.count() - churners;
    if churners == 0 || kept == 0 || kept == all - churners {
        return SampledRows::all(rows);
    }
    let (of_all, of_kept) = (rows.totals(dataset), selection.totals(dataset));
    let stayed = |totals: Totals| totals.all - totals.churned;
    let prior = PriorCorrection::for_sampling(of_all.churned, stayed(of_kept), stayed(of_all));
    let sampling = Sampling { rows: all, churners, kept, prior, for_memory };
    observer.note(&Note::detail(sampling.to_string()));
    SampledRows { rows: selection, sampling: Some(sampling) }
}

/// The share of those who stayed with which there are at most so many rows; none if there are no more. As many of them
/// as there are churners are kept in any case: fewer would not save much more, and tell much less.
fn fitting(rows: usize, churners: usize, most: u64) -> Option<f64> {
    if rows as u64 <= most {
        return None;
    }
    let wanted = most.saturating_sub(churners as u64).max(churners as u64);
    let share = wanted as f64 / (rows - churners).max(1) as f64;
    (share < 1.0).then_some(share)
}

impl std::fmt::Display for Sampling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} of {} training rows were left out, all of customers who stayed; {:.1} % of those are kept, and {:+.3} \
             was added to the log-odds for it (training.sample)",
            self.left_out(),
            self.rows,
            100.0 / self.weights()[0],
            self.prior.shift,
        )?;
        if self.for_memory {
            write!(f, ": the memory limit has no room for more; \"never\" keeps them all, and takes the memory")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_of_those_who_stayed_are_kept_however_many_rows_there_are() {
        assert_eq!(share_kept(60_000, 20_000, 400_000), 0.1);
        assert_eq!(share_kept(60_000, 20_000, 30_000), 1.0);
        // As many folds as there may be would leave no room beside so many churners; as many as are wanted do.
        let (churners, stayed) = (20_000_000_usize, 8_000_000);
        assert!(churners > 60_000 * 255);
        assert_eq!(share_kept((churners + stayed).div_ceil(60_000) * 60_000, churners, stayed), 1.0);
        assert!(share_kept(60_000, churners, stayed) > 0.0);
    }

    #[test]
    fn rows_are_left_out_only_where_the_limit_leaves_too_little() {
        let most = |customers: usize| most_coded_rows(2 << 30, customers, 6 * customers, 60);
        // Six million rows of sixty features in 2 GiB.
        assert_eq!(fitting(6_000_000, 200_000, most(1_000_000)), None);
        // Half of the limit is for the rows as codes; of more customers, what the rows themselves leave.
        assert_eq!(most(1_000_000), (1 << 30) / 70);
        let beside = (80 << 20) + 40 * 3_000_000 + 96 * 18_000_000 + 70 * 350_000;
        assert_eq!(most(3_000_000), ((2 << 30) - beside) / 70);
        let share = fitting(18_000_000, 600_000, most(3_000_000)).unwrap();
        let rows = 600_000.0 + share * 17_400_000.0;
        assert!((rows / most(3_000_000) as f64 - 1.0).abs() < 1e-6, "{rows}");
        // So many churners that this is too little for them: as many others, no fewer.
        let share = fitting(60_000_000, 20_000_000, most(1_000_000)).unwrap();
        assert!((share - 0.5).abs() < 1e-12);
        assert_eq!(fitting(60_000_000, 40_000_000, most(1_000_000)), None);
    }

    #[test]
    fn what_was_left_out_is_told() {
        let prior = PriorCorrection::for_sampling(50.0, 190.0, 950.0);
        let sampling = Sampling { rows: 1000, churners: 50, kept: 190, prior, for_memory: true };
        assert_eq!((sampling.left_out(), sampling.weights()), (760, [5.0, 1.0]));
        let told = sampling.to_string();
        assert!(told.contains("760 of 1000") && told.contains("20.0 %") && told.contains("-1.609"), "{told}");
    }
}
