//! The rule of promotion: when a challenger becomes champion.

use super::comparison::{self, HeldOut, ModelKind};
use crate::artefact::ModelPair;
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

/// Why a challenger must not be promoted whatever the champion is like: its AUC on held-out rows (none if it is not
/// defined) may as well be that of a coin.
pub fn without_signal(auc: Option<Interval>) -> Option<Decision> {
    let why = match auc {
        None => "its AUC on the held-out rows has no interval: they hold too few churners".to_owned(),
        Some(auc) if auc.lower <= 0.5 => {
            format!("its AUC on the held-out rows is {}, which is no better than 0.5", shown(auc))
        }
        Some(_) => return None,
    };
    Some(Decision::keep(format!(
        "no signal: {why}. Check that the labels belong to these customers, add signals or history, or hold out more \
         snapshots (training.evaluation)"
    )))
}

/// The rule for a challenger with signal:
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

fn against(ours: Option<Interval>, theirs: Option<Interval>, champion: &str, difference: Interval) -> String {
    let value = |auc: Option<Interval>| auc.map_or_else(|| "-".to_owned(), |auc| format!("{:.3}", auc.estimate));
    format!(
        "{} against {} of the champion {champion}, difference {:+.3} (95 % interval {:+.3} to {:+.3}),",
        value(ours),
        value(theirs),
        difference.estimate,
        difference.lower,
        difference.upper
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn an_interval_that_holds_a_coin_is_no_signal() {
        let auc = |estimate, lower, upper| without_signal(Some(Interval { estimate, lower, upper }));
        assert_eq!(auc(0.6, 0.51, 0.69), None);
        assert!(auc(0.6, 0.49, 0.71).is_some_and(|decision| !decision.promoted));
        assert!(auc(0.4, 0.35, 0.45).is_some_and(|decision| decision.reason.starts_with("no signal")));
        assert!(without_signal(None).is_some_and(|decision| !decision.promoted));
    }
}
