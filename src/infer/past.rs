//! What the tables seem to hold of the past: cancellations that end before the rest, signals that begin after it.

use super::lives::Rows;
use super::rhythm::Proposal;
use super::signals::Signal;
use crate::calendar::Day;
use crate::config::Gates;
use crate::coverage::end_of_counted;

/// Days by which a signal may begin later than the first one.
const FIRST_DAYS: i32 = 28;

/// What a person should look at. `end` is the first day without rows.
pub(super) fn doubts(
    signals: &[Signal],
    churn: Option<&Rows>,
    proposal: Option<&Proposal>,
    end: Day,
    gates: Option<&Gates>,
) -> Vec<String> {
    let mut doubts = Vec::new();
    if let Some((churn, gates)) = churn.zip(gates) {
        let ended = end_of_counted(&churn.days, end, gates.max_label_silence);
        doubts.extend(ended.map(|outcomes| format!("{}; export it again", outcomes.message())));
    }

    let Some(proposal) = proposal else { return doubts };
    let Some(first) = signals.iter().filter_map(|signal| signal.rows.first()).min() else { return doubts };
    let needed = oldest_date(proposal).earlier_by(proposal.windows_days[2]);
    for signal in signals {
        let Some(begin) = signal.rows.first().filter(|&begin| begin > needed && begin > first.plus(FIRST_DAYS)) else {
            continue;
        };
        doubts.push(format!(
            "signal `{}` begins on {begin}, when others had rows since {first}: the windows of the first dates reach \
             to days of which it has recorded nothing",
            signal.name
        ));
    }
    doubts
}

/// The first date that a training looks at.
fn oldest_date(proposal: &Proposal) -> Day {
    let span = proposal.gap_days + proposal.horizon_days;
    let regular = proposal.ready.earlier_by(span + proposal.snapshots.saturating_sub(1) * proposal.step_days);
    proposal.as_of.as_ref().and_then(|dates| dates.iter().min().copied()).unwrap_or(regular)
}
