//! The volume gates: how many customers, churners and customers who stayed it takes to train.

use crate::config::Gates;
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{Dataset, Selection};
use crate::eligibility::Exclusions;
use crate::error::{Error, Result};

/// Fails unless the training rows hold enough customers of each kind.
///
/// # Errors
/// [`Error::TooLittle`].
pub(super) fn enough(gates: &Gates, dataset: &Dataset, training: &Selection, snapshots: &Snapshots) -> Result<()> {
    let labels = training.labels(dataset);
    let (rows, churners) = (labels.len(), labels.iter().filter(|&&y| y == 1).count());
    let customers = training.distinct_customers(dataset);
    let reasons = excluded(dataset, snapshots);

    if customers < gates.min_customers as usize {
        return Err(Error::TooLittle(format!(
            "training needs {} eligible customers (gates.min_customers), found {customers}{reasons}. Check the dates \
             in [training] and the rules in [eligibility], or lower the gate",
            gates.min_customers,
        )));
    }

    let least = gates.min_churners.max(1) as usize;
    for (count, who, advice) in [
        (churners, "churners", "add snapshots or a longer horizon, or lower the gate"),
        (rows - churners, "customers who stayed", "check the churn definition: nearly everybody churned"),
    ] {
        if count < least {
            return Err(Error::TooLittle(format!(
                "training needs {least} {who} (gates.min_churners), found {count} in {rows} rows of {} snapshots; \
                 {advice}",
                snapshots.training.len(),
            )));
        }
    }

    Ok(())
}

/// Who is not among the training rows, and why, in words.
fn excluded(dataset: &Dataset, snapshots: &Snapshots) -> String {
    let mut all = Exclusions::default();
    for (day, exclusions) in dataset.as_of.iter().zip(&dataset.exclusions) {
        if snapshots.training.contains(day) {
            all.merge(exclusions);
        }
    }
    let mut told = String::new();
    if all != Exclusions::default() {
        told = format!("; excluded over the training snapshots: {all}");
    }
    if dataset.is_weighted() {
        let everybody = Selection::labelled_or_contacted(dataset, |day| snapshots.training.contains(&day)).count();
        let left_alone = Selection::labelled(dataset, |day| snapshots.training.contains(&day)).count();
        told += &format!("; dropped as contacted (training.contacted): {} rows", everybody - left_alone);
    }
    told
}
