//! Snapshots: the as-of dates of training and evaluation, split by time with an embargo.

use crate::calendar::Day;
use crate::config::{Churn, EvaluationChoice, Training};
use crate::error::{Error, Result};
use crate::labels;
use serde::{Deserialize, Serialize};

/// The as-of dates of one training, each list ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshots {
    /// The model that is evaluated learns from these: their label windows end by the first evaluation date.
    pub training: Vec<Day>,
    /// Kept for evaluation.
    pub evaluation: Vec<Day>,
    /// Neither: their label windows reach into the evaluation.
    pub embargoed: Vec<Day>,
    /// Named in the configuration, but their labels have not matured.
    pub unmatured: Vec<Day>,
}

impl Snapshots {
    /// Chooses the dates. `end` is the first day that the data say nothing about (or the day up to which labels may be
    /// known, if that is earlier).
    ///
    /// # Errors
    /// [`Error::TooLittle`] when no training date or no evaluation date is left.
    pub fn choose(training: &Training, churn: &Churn, end: Day) -> Result<Snapshots> {
        let span = labels::span_days(churn);
        let mut dates: Vec<Day> = match &training.as_of {
            Some(dates) => dates.clone(),
            None => (0..training.snapshots).map(|k| end.earlier_by(span + k * training.step_days)).collect(),
        };

        if let EvaluationChoice::Dates(evaluation) = &training.evaluation {
            dates.extend(evaluation);
        }
        dates.sort_unstable();
        dates.dedup();
        let (matured, unmatured): (Vec<Day>, Vec<Day>) =
            dates.into_iter().partition(|&day| labels::matured(churn, day, end));

        Snapshots::split(
            training,
            churn,
            matured,
            unmatured,
            &format!(
                "with a gap of {} and a horizon of {} days, and labels known until {end}, the newest possible as-of \
                 date is {}. Wait, or choose earlier dates in [training]",
                churn.gap_days,
                churn.horizon_days,
                end.earlier_by(span),
            ),
            "Raise training.snapshots or training.step_days, or lower training.evaluation",
        )
    }

    /// Splits the as-of dates of a prepared table: `labelled` have labels, `unmatured` have none. `training.as_of`
    /// restricts them.
    ///
    /// # Errors
    /// As [`Snapshots::choose`].
    pub fn among(training: &Training, churn: &Churn, labelled: &[Day], unmatured: &[Day]) -> Result<Snapshots> {
        let named = |day: &&Day| {
            let as_of = training.as_of.as_ref().is_none_or(|dates| dates.contains(day));
            as_of || matches!(&training.evaluation, EvaluationChoice::Dates(dates) if dates.contains(day))
        };
        Snapshots::split(
            training,
            churn,
            labelled.iter().filter(named).copied().collect(),
            unmatured.to_vec(),
            "the table has no labelled row of the dates that [training] names",
            "Set churn.gap_days and churn.horizon_days to those that the labels were made with, add earlier dates to \
             the table, or lower training.evaluation",
        )
    }

    fn split(
        training: &Training,
        churn: &Churn,
        matured: Vec<Day>,
        unmatured: Vec<Day>,
        no_evaluation: &str,
        no_training: &str,
    ) -> Result<Snapshots> {
        let span = labels::span_days(churn);
        let (rest, evaluation): (Vec<Day>, Vec<Day>) = match &training.evaluation {
            EvaluationChoice::Dates(wanted) => matured.into_iter().partition(|day| !wanted.contains(day)),
            EvaluationChoice::Newest(count) => {
                let first = matured.len().saturating_sub(*count as usize);
                (matured[..first].to_vec(), matured[first..].to_vec())
            }
        };

        let first = evaluation.first().copied();
        let (fitting, embargoed): (Vec<Day>, Vec<Day>) =
            rest.into_iter().partition(|&day| first.is_none_or(|first| labels::matured(churn, day, first)));
        let snapshots = Snapshots { training: fitting, evaluation, embargoed, unmatured };

        if snapshots.evaluation.is_empty() {
            return Err(Error::TooLittle(format!("no evaluation snapshot has matured labels: {no_evaluation}")));
        }
        if snapshots.training.is_empty() {
            return Err(Error::TooLittle(format!(
                "no training snapshot is left: the label window of each ({span} days with the gap) must end by the \
                 first evaluation date, {}. {no_training}",
                snapshots.evaluation[0],
            )));
        }
        Ok(snapshots)
    }

    /// Every matured date, ascending.
    pub fn all(&self) -> Vec<Day> {
        let mut all = [&self.training[..], &self.evaluation, &self.embargoed].concat();
        all.sort_unstable();
        all
    }
}
