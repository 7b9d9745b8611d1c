//! The rule of promotion: when a challenger becomes champion.

use super::comparison::{self, HeldOut, ModelKind};
use crate::artefact::{Artefact, ModelPair};
use crate::evaluation::{Evaluation, RECENCY};
use crate::metrics::interval::Interval;

/// Whether a challenger becomes champion, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it does.
    pub promoted: bool,
    /// Why, for people and for the history.
    pub reason: String,
}

impl Decision {
    /// It becomes champion.
    pub fn promote(reason: impl Into<String>) -> Decision {
        Decision { promoted: true, reason: reason.into() }
    }

    /// It does not.
    pub fn keep(reason: impl Into<String>) -> Decision {
        Decision { promoted: false, reason: reason.into() }
    }
}

/// Why a challenger is not promoted without being asked, whatever the champion is like: it is not known to rank
/// customers better than the trivial rule does. None if it is.
///
/// - The trivial rule of signals is the days since the last activity. The difference in AUC decides. Where its interval
///   holds 0, the difference in average precision does, which weighs the top of the ranking, where lists are: it has to
///   be above 0.
/// - A prepared table has no such rule, and the trivial rule knows nothing: the AUC has to be above that of a coin.
pub fn unproven(challenger: &Artefact) -> Option<Decision> {
    let Artefact { evaluation, version, .. } = challenger;
    let why = not_better_than_trivial(evaluation)?;
    Some(Decision::keep(format!(
        "{why}. If it is to score all the same, promote it by hand (`churn models promote {version}`), or train with \
         --promote always"
    )))
}

/// How the held-out rows fail to show that a model ranks better than the trivial rule; none if they do show it.
fn not_better_than_trivial(evaluation: &Evaluation) -> Option<String> {
    let metrics = &evaluation.metrics;
    let Some(auc) = evaluation.intervals.roc_auc else {
        return Some(format!(
            "nothing is known of how it ranks: {} of {} held-out rows churned, too few of one kind for an interval of \
             the AUC. Hold out more snapshots (training.evaluation), or wait for more churners",
            metrics.churners, metrics.rows
        ));
    };
    if auc.lower <= 0.5 {
        return Some(format!(
            "no signal: its AUC on the held-out rows is {}, which is no better than 0.5. Check that the labels belong \
             to these customers, add signals or history, or hold out more snapshots (training.evaluation)",
            shown(auc)
        ));
    }
    if evaluation.baseline_of != RECENCY {
        return None;
    }

    let over = &evaluation.over_baseline;
    let rows = format!("on {} held-out rows with {} churners", metrics.rows, metrics.churners);
    let of_auc = over.roc_auc.map_or_else(|| "of no known AUC".to_owned(), |gain| format!("AUC {}", gained(gain)));
    match (over.roc_auc, over.average_precision) {
        (Some(auc), _) if auc.lower > 0.0 => None,
        (Some(auc), _) if auc.upper < 0.0 => {
            Some(format!("it ranks worse than {RECENCY} alone does: {of_auc}, {rows}"))
        }
        (_, Some(precision)) if precision.lower > 0.0 => None,
        (_, precision) => Some(format!(
            "it is not known to rank better than {RECENCY} alone does: {of_auc}, average precision {}, {rows}. Hold \
             out more snapshots (training.evaluation) to know more, or add signals",
            precision.map_or_else(|| "-".to_owned(), gained),
        )),
    }
}

/// The rule for a challenger that ranks better than the trivial rule:
///
/// - *better*: its AUC is above the champion's by more than the margin, and the interval of the difference is above 0;
/// - or *fresher and not worse*: it was fitted on a newer as-of date (without dates: it was trained later), its AUC is
///   below the champion's by no more than the margin, and the interval of the difference is not wholly below 0.
///
/// The difference is that on held-out rows which neither model has seen. Without any such row, it is that of the two
/// versions' own evaluations: then there is no interval, nothing counts as better, and the reason says so.
pub fn decide(challenger: &ModelPair, champion: &ModelPair, held_out: Option<&HeldOut>, margin: f64) -> Decision {
    let name = &champion.published.version;
    let fresher = comparison::is_fresher(&challenger.published, &champion.published);

    let (difference, evidence) = match held_out.map(|rows| (rows, rows.difference.roc_auc)) {
        Some((rows, Some(difference))) => {
            let evidence = format!(
                "AUC {} on {} held-out rows with {} churners{}",
                against(rows.second.metrics.roc_auc, rows.first.metrics.roc_auc, name, difference),
                rows.rows,
                rows.churners,
                match rows.first.model {
                    ModelKind::Published => String::new(),
                    ModelKind::Evaluated =>
                        format!(", by the model that {name} was evaluated with: the one that scores has seen them"),
                },
            );
            (difference, evidence)
        }
        _ => {
            let auc = |of: &ModelPair| of.published.evaluation.metrics.roc_auc;
            let (Some(ours), Some(theirs)) = (auc(challenger), auc(champion)) else {
                return Decision::keep(format!(
                    "there are no held-out rows to compare it with the champion {name} on; promote it by hand if it is \
                     the better one (`churn models compare`, `churn models promote`)"
                ));
            };
            let evidence = format!(
                "AUC {ours:.3} against {theirs:.3} of the champion {name}, each by its own evaluation: there are no \
                 held-out rows that neither has seen, so nothing says whether the difference is luck"
            );
            (Interval { estimate: ours - theirs, lower: f64::NEG_INFINITY, upper: f64::INFINITY }, evidence)
        }
    };

    match verdict(difference, fresher, margin) {
        Verdict::Better => Decision::promote(format!("better: {evidence}")),
        Verdict::Fresher => Decision::promote(format!("fresher and not worse: {evidence}")),
        Verdict::Worse => Decision::keep(format!("worse: {evidence}")),
        Verdict::Equal => Decision::keep(format!("neither better nor fresher: {evidence}")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Better,
    Fresher,
    Worse,
    Equal,
}

/// The rule itself, on the difference in AUC, challenger less champion.
fn verdict(difference: Interval, fresher: bool, margin: f64) -> Verdict {
    if difference.estimate > margin && difference.lower > 0.0 {
        Verdict::Better
    } else if difference.estimate < -margin || difference.upper < 0.0 {
        Verdict::Worse
    } else if fresher {
        Verdict::Fresher
    } else {
        Verdict::Equal
    }
}

fn shown(auc: Interval) -> String {
    format!("{:.3} (95 % interval {:.3} to {:.3})", auc.estimate, auc.lower, auc.upper)
}

/// "+0.012 (95 % interval -0.010 to +0.034)".
fn gained(gain: Interval) -> String {
    format!("{:+.3} (95 % interval {:+.3} to {:+.3})", gain.estimate, gain.lower, gain.upper)
}

fn against(ours: Option<Interval>, theirs: Option<Interval>, champion: &str, difference: Interval) -> String {
    let value = |auc: Option<Interval>| auc.map_or_else(|| "-".to_owned(), |auc| format!("{:.3}", auc.estimate));
    format!("{} against {} of the champion {champion}, difference {},", value(ours), value(theirs), gained(difference))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Advice;
    use crate::metrics::interval::Intervals;
    use crate::metrics::Metrics;

    #[test]
    fn better_beyond_the_margin_or_fresher_and_not_worse() {
        let of = |estimate: f64, lower, upper, fresher| verdict(Interval { estimate, lower, upper }, fresher, 0.01);
        assert_eq!(of(0.02, 0.005, 0.04, false), Verdict::Better);
        assert_eq!(of(0.02, -0.005, 0.05, false), Verdict::Equal, "may be luck");
        assert_eq!(of(0.008, 0.004, 0.012, false), Verdict::Equal, "certain, and too little to matter");
        assert_eq!(of(0.008, 0.004, 0.012, true), Verdict::Fresher);
        assert_eq!(of(-0.005, -0.02, 0.01, true), Verdict::Fresher);
        assert_eq!(of(-0.005, -0.02, 0.01, false), Verdict::Equal);
        assert_eq!(of(-0.005, -0.008, -0.001, true), Verdict::Worse, "little, but certain");
        assert_eq!(of(-0.02, -0.05, 0.02, true), Verdict::Worse, "beyond the margin");
    }

    /// An evaluation with an interval of the AUC, and of the differences to a baseline in AUC and in average precision.
    fn evaluation(
        baseline: &str,
        auc: [f64; 3],
        of_auc: Option<[f64; 3]>,
        of_precision: Option<[f64; 3]>,
    ) -> Evaluation {
        let interval = |[lower, estimate, upper]: [f64; 3]| Interval { estimate, lower, upper };
        Evaluation {
            as_of: Vec::new(),
            metrics: Metrics::new(&[1, 0], &[0.6, 0.4], 1),
            intervals: Intervals { roc_auc: Some(interval(auc)), ..Intervals::default() },
            replicates: 0,
            by_date: Vec::new(),
            calibration: Vec::new(),
            calibration_line: None,
            ece_by_chance: None,
            gains: Vec::new(),
            profit: None,
            segments: Vec::new(),
            baseline_of: baseline.to_owned(),
            baseline: Metrics::new(&[1, 0], &[0.6, 0.4], 1),
            over_baseline: Intervals {
                roc_auc: of_auc.map(interval),
                average_precision: of_precision.map(interval),
                ..Intervals::default()
            },
            advice: Advice::default(),
            folds: None,
        }
    }

    #[test]
    fn a_model_has_to_rank_better_than_the_trivial_rule() {
        let of = |auc, gain, precision| not_better_than_trivial(&evaluation(RECENCY, auc, gain, precision));
        let (good, above, around, below) = ([0.7, 0.8, 0.9], [0.01, 0.1, 0.2], [-0.1, 0.02, 0.1], [-0.2, -0.1, -0.01]);

        assert_eq!(of(good, Some(above), Some(below)), None, "the AUC decides where it can");
        assert_eq!(of(good, Some(around), Some(above)), None, "where it cannot, the top of the ranking does");
        assert!(of(good, Some(around), Some(around)).unwrap().starts_with("it is not known to rank better"));
        assert!(of(good, Some(around), Some(below)).unwrap().starts_with("it is not known to rank better"));
        assert!(of(good, None, None).unwrap().starts_with("it is not known to rank better"));
        assert!(of(good, Some(below), Some(above)).unwrap().starts_with("it ranks worse than days since"));
        assert!(of([0.49, 0.6, 0.7], Some(above), Some(above)).unwrap().starts_with("no signal: its AUC"));
        assert!(of([0.35, 0.4, 0.45], Some(above), Some(above)).unwrap().starts_with("no signal: its AUC"));

        let mut nothing = evaluation(RECENCY, good, Some(above), Some(above));
        nothing.intervals.roc_auc = None;
        assert!(not_better_than_trivial(&nothing).unwrap().starts_with("nothing is known of how it ranks: 1 of 2"));
    }

    #[test]
    fn the_trivial_rule_of_a_prepared_table_knows_nothing() {
        let of = |auc| not_better_than_trivial(&evaluation("`age`", auc, Some([-0.1, 0.0, 0.1]), None));
        assert_eq!(of([0.51, 0.6, 0.69]), None);
        assert!(of([0.5, 0.6, 0.7]).is_some());
    }
}
