//! Verdicts, and the rules by which figures get them. A rule asks for two things at once: that chance does not explain
//! the difference (the interval excludes the reference), and that the difference matters. Neither alone says anything:
//! with many customers every difference is certain, with few none is.

use crate::metrics::interval::Interval;
use serde::Serialize;
use std::fmt;

/// What a figure asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing.
    Ok,
    /// A look: it differs, and not by much yet.
    Watch,
    /// Something is to be done.
    Act,
}

impl Verdict {
    const ALL: [Verdict; 3] = [Verdict::Ok, Verdict::Watch, Verdict::Act];

    /// As files name it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Watch => "watch",
            Verdict::Act => "act",
        }
    }

    /// The verdict of a name.
    pub fn named(name: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// From which difference on a figure is watched, and acted on.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    watch: f64,
    act: f64,
    /// Whether only a value below the reference counts.
    only_below: bool,
}

/// How far risk is off on the whole, in log-odds: a tenth is odds of 1.1, a quarter 1.28 times as high.
pub const IN_THE_LARGE: Rule = Rule { watch: 0.1, act: 0.25, only_below: false };
/// How far the slope of the calibration line is from 1.
pub const SLOPE: Rule = Rule { watch: 0.1, act: 0.25, only_below: false };
/// How far the AUC is below that of the evaluation.
pub const AUC: Rule = Rule { watch: 0.02, act: 0.05, only_below: true };
/// How far the churn of a slice is from its mean probability, as a share of that; a slice is never acted on by itself.
pub const SLICE: Rule = Rule { watch: 0.25, act: f64::INFINITY, only_below: false };

impl Rule {
    /// The verdict on a value with its interval.
    pub fn verdict(self, found: &Interval, reference: f64) -> Verdict {
        self.scaled(found, reference, 1.0)
    }

    /// The same where differences are shares of the reference.
    pub fn relative(self, found: &Interval, reference: f64) -> Verdict {
        self.scaled(found, reference, reference)
    }

    fn scaled(self, found: &Interval, reference: f64, scale: f64) -> Verdict {
        let difference = found.estimate - reference;
        let is_chance = found.covers(reference);
        let size = if self.only_below { -difference } else { difference.abs() };
        if is_chance || size < self.watch * scale {
            Verdict::Ok
        } else if size < self.act * scale {
            Verdict::Watch
        } else {
            Verdict::Act
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_asks_for_certainty_and_for_size() {
        let found = |estimate: f64, half: f64| Interval { estimate, lower: estimate - half, upper: estimate + half };
        assert_eq!(IN_THE_LARGE.verdict(&found(0.5, 0.6), 0.0), Verdict::Ok, "chance explains it");
        assert_eq!(IN_THE_LARGE.verdict(&found(0.05, 0.01), 0.0), Verdict::Ok, "it does not matter");
        assert_eq!(IN_THE_LARGE.verdict(&found(-0.2, 0.1), 0.0), Verdict::Watch);
        assert_eq!(IN_THE_LARGE.verdict(&found(-0.3, 0.1), 0.0), Verdict::Act);
        assert_eq!(AUC.verdict(&found(0.9, 0.01), 0.8), Verdict::Ok, "better is no trouble");
        assert_eq!(AUC.verdict(&found(0.7, 0.01), 0.8), Verdict::Act);
        assert_eq!(SLICE.relative(&found(0.3, 0.05), 0.1), Verdict::Watch);
        assert_eq!(SLICE.relative(&found(0.12, 0.01), 0.1), Verdict::Ok);
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::named(verdict.name()), Some(verdict));
        }
        assert!(Verdict::Act > Verdict::Watch && Verdict::Watch > Verdict::Ok);
    }
}
