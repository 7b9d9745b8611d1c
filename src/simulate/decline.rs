//! Declines: how customers drift away before they churn, or only seem to.

use crate::calendar::{Day, DAY_SECONDS, MICROS};
use crate::simulate::chance::pick;
use crate::simulate::rhythm::midnight;
use crate::simulate::signal::Signal;
use rand::{Rng, RngExt};

/// Declines before a churn last 21 to 70 days, more often long than short by this exponent (1 is even).
const LENGTH_SKEW: f64 = 6.0;
/// A decline reaches its bottom in this share of its length, and stays there.
const RAMP_SHARE: f64 = 0.15;
/// What is left of a signal's volume at the bottom: at least, and at most.
const LEAST_LEFT: f64 = 0.10;
const MOST_LEFT: f64 = 0.25;
/// Days in which a false decline goes away again.
const RECOVERY_DAYS: f64 = 7.0;

/// Why a customer churned, or why it only looked like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Fewer logins.
    Logins,
    /// Fewer visits, on fewer channels.
    Visits,
    /// Mentions turned sour.
    Mentions,
    /// Survey scores fell.
    Surveys,
    /// Two or three of those together.
    Several,
    /// Nothing gave it away.
    Sudden,
    /// No churn: a decline that went away again.
    Recovered,
}

impl Cause {
    /// The causes of churn with their shares, those that show beforehand first.
    const OF_CHURN: [(Cause, f64); 6] = [
        (Cause::Logins, 0.22),
        (Cause::Visits, 0.20),
        (Cause::Mentions, 0.19),
        (Cause::Surveys, 0.17),
        (Cause::Several, 0.14),
        (Cause::Sudden, 0.08),
    ];
    const THAT_SHOW: usize = 5;

    /// The name in `truth.parquet`.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Logins => "logins",
            Cause::Visits => "visits",
            Cause::Mentions => "mentions",
            Cause::Surveys => "surveys",
            Cause::Several => "several",
            Cause::Sudden => "sudden",
            Cause::Recovered => "recovered",
        }
    }

    /// Draws why a customer churns.
    pub fn of_churn(rng: &mut impl Rng) -> Cause {
        let (causes, shares): (Vec<_>, Vec<_>) = Cause::OF_CHURN.into_iter().unzip();
        causes[pick(&shares, rng)]
    }

    /// Draws which signals decline: those of the cause. A decline that recovers has those of any cause that shows.
    fn signals(self, rng: &mut impl Rng) -> Signals {
        match self {
            Cause::Logins => Signals::only(Signal::Logins),
            Cause::Visits => Signals::only(Signal::Visits),
            Cause::Mentions => Signals::only(Signal::Mentions),
            Cause::Surveys => Signals::only(Signal::Surveys),
            Cause::Several => {
                let mut signals = Signals([true; 4]);
                let spared = rng.random_range(0..4);
                signals.0[spared] = false;
                if rng.random_bool(0.5) {
                    signals.0[(spared + rng.random_range(1..4)) % 4] = false;
                }
                signals
            }
            Cause::Sudden => Signals([false; 4]),
            Cause::Recovered => {
                let (causes, shares): (Vec<_>, Vec<_>) = Cause::OF_CHURN.into_iter().take(Cause::THAT_SHOW).unzip();
                causes[pick(&shares, rng)].signals(rng)
            }
        }
    }
}

/// The signals that a decline touches, in the order of [`Signal::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signals([bool; 4]);

impl Signals {
    fn only(signal: Signal) -> Signals {
        Signals(Signal::ALL.map(|other| other == signal))
    }

    /// Whether the signal is one of them.
    pub fn contains(self, signal: Signal) -> bool {
        self.0[signal as usize]
    }

    /// Their names with `+` between them, for `truth.parquet`.
    pub fn names(self) -> String {
        let names: Vec<_> = Signal::ALL.into_iter().filter(|&s| self.contains(s)).map(Signal::name).collect();
        names.join("+")
    }
}

/// A decline of one or more signals.
#[derive(Clone, Debug)]
pub struct Decline {
    /// Its first day.
    pub onset: Day,
    /// The signals that it touches; the others stay as they were.
    pub signals: Signals,
    /// What is left of a signal's volume at the bottom.
    pub floor: f64,
    /// Days from the onset to the bottom.
    ramp_days: f64,
    /// The day on which it begins to go away again, over a week.
    recovery: Option<Day>,
}

impl Decline {
    /// The decline before a churn, three to ten weeks long but not longer than the customer has been there; none for
    /// a sudden one.
    pub fn before(churn: Day, signup: Day, cause: Cause, rng: &mut impl Rng) -> Option<Decline> {
        if cause == Cause::Sudden {
            return None;
        }
        let length = 21 + (50.0 * rng.random::<f64>().powf(1.0 / LENGTH_SKEW)) as i32;
        let onset = churn.plus(-length).max(signup);
        Some(Decline::draw(onset, churn.0 - onset.0, cause.signals(rng), rng))
    }

    /// A decline that recovers after two to five weeks.
    pub fn that_recovers(onset: Day, rng: &mut impl Rng) -> Decline {
        let length = rng.random_range(14..=35);
        let decline = Decline::draw(onset, length, Cause::Recovered.signals(rng), rng);
        Decline { recovery: Some(onset.plus(length)), ..decline }
    }

    fn draw(onset: Day, length: i32, signals: Signals, rng: &mut impl Rng) -> Decline {
        let floor = rng.random_range(LEAST_LEFT..MOST_LEFT);
        Decline { onset, signals, floor, ramp_days: f64::from(length.max(1)) * RAMP_SHARE, recovery: None }
    }

    /// How deep the decline is at an instant (microseconds since 1970-01-01 UTC): 0 before it, 1 at the bottom.
    pub fn severity(&self, at: i64) -> f64 {
        let fall = (days_since(self.onset, at) / self.ramp_days).clamp(0.0, 1.0);
        let rise = self.recovery.map_or(0.0, |day| (days_since(day, at) / RECOVERY_DAYS).clamp(0.0, 1.0));
        fall * (1.0 - rise)
    }
}

fn days_since(day: Day, at: i64) -> f64 {
    (at - midnight(day)) as f64 / (DAY_SECONDS * MICROS) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::chance::stream;

    #[test]
    fn a_decline_falls_to_its_bottom_and_a_false_one_recovers() {
        let mut rng = stream(5, 0, 0);
        let onset = Day(20_000);
        let churn = onset.plus(70);
        let decline = Decline::draw(onset, 70, Signals([true; 4]), &mut rng);
        assert_eq!(decline.severity(midnight(onset)), 0.0);
        assert!((decline.severity(midnight(onset.plus(7))) - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(decline.severity(midnight(churn) - 1), 1.0);

        let recovered = Decline::that_recovers(onset, &mut rng);
        assert_eq!(recovered.severity(midnight(onset.plus(14))), 1.0);
        assert_eq!(recovered.severity(midnight(onset.plus(43))), 0.0);
    }

    #[test]
    fn each_cause_touches_its_own_signals() {
        let mut rng = stream(6, 0, 0);
        for _ in 0..200 {
            let touched = |cause: Cause, rng: &mut _| cause.signals(rng).0.iter().filter(|&&t| t).count();
            assert!((2..=3).contains(&touched(Cause::Several, &mut rng)));
            assert!((1..=3).contains(&touched(Cause::Recovered, &mut rng)));
            assert_eq!(touched(Cause::Sudden, &mut rng), 0);
            let cause = Cause::of_churn(&mut rng);
            if touched(cause, &mut rng) == 1 {
                assert_eq!(cause.signals(&mut rng).names(), cause.name());
            }
        }
    }
}
