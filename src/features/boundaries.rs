//! Where windows begin and end, and how many rows each customer has before each of these boundaries.
//!
//! Boundaries and days both begin at midnight, so the day of a row says before which boundaries it lies.

use super::kernels::RowsAndDays;
use crate::calendar::Timeline;
use crate::config::{Eligibility, Features};
use crate::numeric::vectorised;
use crate::sources::{PartitionRows, SignalRows};

/// Every day on which a window of some as-of date begins or ends.
#[derive(Clone, Debug)]
pub(super) struct Boundaries {
    count: usize,
    /// For each day of the timeline the first boundary after its midnight; `count` where there is none.
    next: Vec<u32>,
    /// The boundaries of each as-of date.
    pub(super) dates: Vec<DateBoundaries>,
}

/// The boundaries of an as-of date, as positions among all boundaries.
#[derive(Clone, Debug)]
pub(super) struct DateBoundaries {
    /// The second on which the as-of date begins.
    pub(super) second: u32,
    pub(super) as_of: usize,
    pub(super) look_back: usize,
    /// Where the days begin in which a customer has to be active.
    pub(super) active: usize,
    pub(super) windows: Vec<WindowBoundaries>,
}

/// Where a window begins, and the window of equal length before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowBoundaries {
    pub(super) start: usize,
    pub(super) previous_start: usize,
}

impl Boundaries {
    pub(super) fn new(features: &Features, eligibility: &Eligibility, timeline: &Timeline) -> Boundaries {
        let look_back = features.look_back_days();
        let active = eligibility.active_within_days;

        let mut days_back = vec![0, look_back, active];
        days_back.extend(features.windows_days.iter().flat_map(|&window| [window, 2 * window]));

        let mut days = Vec::new();
        for as_of in &timeline.as_of {
            days.extend(days_back.iter().map(|&back| timeline.index(as_of.earlier_by(back))));
        }
        days.sort_unstable();
        days.dedup();

        let mut dates = Vec::new();
        for &as_of in &timeline.as_of {
            let position = |back: u32| {
                let day = timeline.index(as_of.earlier_by(back));
                days.partition_point(|&boundary| boundary < day)
            };
            let mut windows = Vec::new();
            for &window in &features.windows_days {
                windows.push(WindowBoundaries { start: position(window), previous_start: position(2 * window) });
            }

            dates.push(DateBoundaries {
                second: timeline.second(as_of),
                as_of: position(0),
                look_back: position(look_back),
                active: position(active),
                windows,
            });
        }

        let next = (0..timeline.days()).map(|day| days.partition_point(|&boundary| boundary <= day) as u32).collect();
        Boundaries { count: days.len(), next, dates }
    }
}

/// How many rows each customer of a partition has before each boundary, and on how many days, signal by signal.
#[derive(Clone, Debug, Default)]
pub struct BoundaryCounts {
    members: usize,
    signals: Vec<SignalCounts>,
    /// The day of each row of the signal being counted.
    days: Vec<u32>,
}

/// The counts of one signal: for the first boundary those of every customer, then for the next one, and so on. They are
/// in one of two widths, as the customer with the most rows requires; the other one is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct SignalCounts {
    pub(super) narrow: Vec<u32>,
    pub(super) wide: Vec<u64>,
}

impl SignalCounts {
    pub(super) fn is_wide(&self) -> bool {
        !self.wide.is_empty()
    }
}

impl BoundaryCounts {
    /// Counts the rows of a partition.
    pub(super) fn fill(&mut self, boundaries: &Boundaries, timeline: &Timeline, rows: &PartitionRows) {
        self.members = rows.signals.first().map_or(0, |signal| signal.starts.len() - 1);
        self.signals.resize_with(rows.signals.len(), SignalCounts::default);

        for (signal, SignalCounts { narrow, wide }) in rows.signals.iter().zip(&mut self.signals) {
            timeline.day_numbers(&signal.seconds, &mut self.days);
            narrow.clear();
            wide.clear();

            let most_rows = signal.starts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
            if most_rows <= u32::from(u16::MAX) {
                count(signal, &self.days, boundaries, narrow);
            } else {
                count(signal, &self.days, boundaries, wide);
            }
        }
    }

    pub(super) fn members(&self) -> usize {
        self.members
    }

    /// The counts of each signal, in the order of the partition's signals.
    pub(super) fn signals(&self) -> &[SignalCounts] {
        &self.signals
    }

    /// Whether a customer has a row of one of the signals, given as positions, between two boundaries.
    pub(super) fn any_between(&self, signals: &[usize], member: usize, from: usize, to: usize) -> bool {
        let (from, to) = (from * self.members + member, to * self.members + member);

        signals.iter().map(|&position| &self.signals[position]).any(|signal| {
            if signal.is_wide() {
                signal.wide[to].rows() > signal.wide[from].rows()
            } else {
                signal.narrow[to].rows() > signal.narrow[from].rows()
            }
        })
    }

    /// How many rows of a signal a customer has before a boundary, and on how many days.
    pub(super) fn before(&self, signal: usize, member: usize, boundary: usize) -> (u32, u32) {
        let place = boundary * self.members + member;
        let SignalCounts { narrow, wide } = &self.signals[signal];
        match wide.get(place) {
            Some(counts) => (counts.rows(), counts.days()),
            None => (narrow[place].rows(), narrow[place].days()),
        }
    }

    /// Keeps all counts in the wide form, as if a customer had too many rows for the narrow one.
    #[cfg(test)]
    pub(super) fn widen(&mut self) {
        for SignalCounts { narrow, wide } in &mut self.signals {
            wide.extend(narrow.drain(..).map(|counts| <u64 as RowsAndDays>::new(counts.rows(), counts.days())));
        }
    }
}

/// Counts the rows of a signal, given the day of each. No branch depends on the rows.
fn count<C: RowsAndDays>(signal: &SignalRows, days: &[u32], boundaries: &Boundaries, counts: &mut Vec<C>) {
    let members = signal.starts.len() - 1;
    counts.resize((boundaries.count + 1) * members, C::default());

    // The last row before a boundary leaves its count there; no row does where a customer has none since the boundary
    // before.
    let cells: Vec<usize> = boundaries.next.iter().map(|&boundary| boundary as usize * members).collect();
    let cells = cells.as_slice();
    for member in 0..members {
        let (mut active_days, mut last_day) = (0, u32::MAX);
        for (rows, &day) in (1..).zip(&days[signal.rows(member)]) {
            active_days += u32::from(day != last_day);
            last_day = day;
            counts[cells[day as usize] + member] = C::new(rows, active_days);
        }
    }

    vectorised!(carry_forward(counts, members));
}

/// Gives each customer, at each boundary, the greatest of the counts up to there: counts only grow, and where none was
/// left, that of the boundary before still holds.
#[inline(always)]
fn carry_forward<C: RowsAndDays>(counts: &mut [C], members: usize) {
    let (mut before, mut rest) = counts.split_at_mut(members);
    while !rest.is_empty() {
        let (here, later) = rest.split_at_mut(members);
        here.iter_mut().zip(&*before).for_each(|(here, &before)| *here = before.max(*here));
        (before, rest) = (here, later);
    }
}
