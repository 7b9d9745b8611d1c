//! Declines: how customers drift away before they churn, or only seem to.

use crate::calendar::{Day, DAY_SECONDS, MICROS};
use crate::simulate::chance::pick;
use crate::simulate::signal::Signal;
use rand::{Rng, RngExt};

/// Declines before a churn last 21 to 70 days. The greater this exponent, the more of them are long; 1 makes all
/// lengths equally likely.
const LENGTH_SKEW: f64 = 6.0;
/// The share of its length after which a decline has reached its bottom, where it stays.
const RAMP_SHARE: f64 = 0.15;
/// The least and the greatest share of a signal's volume that is left at the bottom.
const LEAST_LEFT: f64 = 0.10;
const MOST_LEFT: f64 = 0.25;
/// Days in which a customer recovers from a false decline.
const RECOVERY_DAYS: f64 = 7.0;

/// Why a customer churned, or only seemed to be about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Fewer logins.
    Logins,
    /// Fewer visits, on fewer channels.
    Visits,
    /// Mentions turned sour.
    Mentions,
    /// Survey scores fell.
    Surveys,
    /// Two or three of the causes above together.
    Several,
    /// Churn without any sign beforehand.
    Sudden,
    /// No churn: the customer recovered from a decline.
    Recovered,
    /// No churn: outreach kept a customer who would have left.
    Saved,
}

impl Cause {
    /// The causes of churn with their shares. Those that show beforehand come first.
    const SHARES: [(Cause, f64); 6] = [
        (Cause::Logins, 0.22),
        (Cause::Visits, 0.20),
        (Cause::Mentions, 0.19),
        (Cause::Surveys, 0.17),
        (Cause::Several, 0.14),
        (Cause::Sudden, 0.08),
    ];
    const THAT_SHOW: usize = 5;

    /// The name in `truth.parquet`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Cause::Logins => "logins",
            Cause::Visits => "visits",
            Cause::Mentions => "mentions",
            Cause::Surveys => "surveys",
            Cause::Several => "several",
            Cause::Sudden => "sudden",
            Cause::Recovered => "recovered",
            Cause::Saved => "saved",
        }
    }

    /// The cause of churn of a name.
    pub(super) fn named(name: &str) -> Option<Cause> {
        Cause::SHARES.into_iter().map(|(cause, _)| cause).find(|cause| cause.name() == name)
    }

    /// The names of the causes of churn.
    pub(super) fn names() -> [&'static str; 6] {
        Cause::SHARES.map(|(cause, _)| cause.name())
    }

    /// Draws why a customer churns.
    pub(super) fn draw(rng: &mut impl Rng) -> Cause {
        let (causes, shares): (Vec<_>, Vec<_>) = Cause::SHARES.into_iter().unzip();
        causes[pick(&shares, rng)]
    }

    /// Draws which signals decline. A decline that recovers has the signals of some cause that shows beforehand.
    fn draw_signals(self, rng: &mut impl Rng) -> Signals {
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
            Cause::Sudden | Cause::Saved => Signals([false; 4]),
            Cause::Recovered => {
                let (causes, shares): (Vec<_>, Vec<_>) = Cause::SHARES.into_iter().take(Cause::THAT_SHOW).unzip();
                causes[pick(&shares, rng)].draw_signals(rng)
            }
        }
    }
}

/// The signals that a decline touches, in the order of [`Signal::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signals([bool; 4]);

impl Signals {
    fn only(signal: Signal) -> Signals {
        Signals(Signal::ALL.map(|other| other == signal))
    }

    pub(super) fn contains(self, signal: Signal) -> bool {
        self.0[signal as usize]
    }

    /// The names of the signals with `+` between them, for `truth.parquet`.
    pub(super) fn names(self) -> String {
        let signals = Signal::ALL.into_iter().filter(|&signal| self.contains(signal));
        signals.map(Signal::name).collect::<Vec<_>>().join("+")
    }
}

/// A decline of one or more signals.
#[derive(Clone, Debug)]
pub(super) struct Decline {
    /// The first day of the decline.
    pub(super) onset: Day,
    /// The signals that decline; the others stay as they were.
    pub(super) signals: Signals,
    /// The share of a signal's volume that is left at the bottom.
    pub(super) floor: f64,
    /// Days from the onset to the bottom.
    ramp_days: f64,
    /// The day on which a recovery begins.
    recovery: Option<Day>,
}

impl Decline {
    /// Draws the decline before a churn: three to ten weeks, but no longer than the customer has been there. A sudden
    /// churn has no decline.
    pub(super) fn before_churn(churn: Day, signup: Day, cause: Cause, rng: &mut impl Rng) -> Option<Decline> {
        if cause == Cause::Sudden {
            return None;
        }

        let length = 21 + (50.0 * rng.random::<f64>().powf(1.0 / LENGTH_SKEW)) as i32;
        let onset = churn.plus(-length).max(signup);
        Some(Decline::draw(onset, churn.0 - onset.0, cause.draw_signals(rng), rng))
    }

    /// Draws a decline from which the customer recovers after two to five weeks.
    pub(super) fn recovering(onset: Day, rng: &mut impl Rng) -> Decline {
        let length = rng.random_range(14..=35);
        let decline = Decline::draw(onset, length, Cause::Recovered.draw_signals(rng), rng);
        Decline { recovery: Some(onset.plus(length)), ..decline }
    }

    /// The decline if outreach works from a day on; none if it has not begun by then.
    pub(super) fn ended_on(self, day: Day) -> Option<Decline> {
        (self.onset < day).then_some(Decline { recovery: Some(day), ..self })
    }

    fn draw(onset: Day, length: i32, signals: Signals, rng: &mut impl Rng) -> Decline {
        let floor = rng.random_range(LEAST_LEFT..MOST_LEFT);
        Decline { onset, signals, floor, ramp_days: f64::from(length.max(1)) * RAMP_SHARE, recovery: None }
    }

    /// How deep the decline is at an instant (microseconds since 1970-01-01 UTC): 0 before its onset, 1 at the bottom.
    pub(super) fn severity(&self, at: i64) -> f64 {
        let fall = (days_since(self.onset, at) / self.ramp_days).clamp(0.0, 1.0);
        let rise = self.recovery.map_or(0.0, |day| (days_since(day, at) / RECOVERY_DAYS).clamp(0.0, 1.0));
        fall * (1.0 - rise)
    }
}

fn days_since(day: Day, at: i64) -> f64 {
    (at - day.utc_midnight()) as f64 / (DAY_SECONDS * MICROS) as f64
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
        assert_eq!(decline.severity(onset.utc_midnight()), 0.0);
        assert!((decline.severity(onset.plus(7).utc_midnight()) - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(decline.severity(churn.utc_midnight() - 1), 1.0);

        let recovered = Decline::recovering(onset, &mut rng);
        assert_eq!(recovered.severity(onset.plus(14).utc_midnight()), 1.0);
        assert_eq!(recovered.severity(onset.plus(43).utc_midnight()), 0.0);
    }

    #[test]
    fn each_cause_touches_its_own_signals() {
        let touched = |cause: Cause, rng: &mut _| cause.draw_signals(rng).0.iter().filter(|&&touched| touched).count();
        let mut rng = stream(6, 0, 0);
        for _ in 0..200 {
            assert!((2..=3).contains(&touched(Cause::Several, &mut rng)));
            assert!((1..=3).contains(&touched(Cause::Recovered, &mut rng)));
            assert_eq!(touched(Cause::Sudden, &mut rng), 0);

            let cause = Cause::draw(&mut rng);
            if touched(cause, &mut rng) == 1 {
                assert_eq!(cause.draw_signals(&mut rng).names(), cause.name());
            }
        }
    }
}
