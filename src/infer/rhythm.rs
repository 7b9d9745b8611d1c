//! From the rhythm in which customers come back to the windows, the gap, the horizon and the snapshots. A proposal is
//! tried on a sample of customers before it is made: what share of them would churn by it, on dates that the history
//! has room for.
//!
//! Silence is news only if it is longer than a customer's usual pauses. So a horizon under inactivity is the shortest
//! of the usual lengths that is a quarter longer than nine in ten pauses; a month if customers come more often than
//! that, since that is what a team plans by. It becomes longer while most customers would churn, and shorter while
//! hardly anybody would or while the history is too short for it: the label windows of a training and of an evaluation
//! date, and a window before them, have to fit in.

use super::lives::{Life, Lives};
use crate::calendar::Day;
use crate::config::ChurnDefinition;
use std::ops::RangeInclusive;

/// Horizons, and silences after which a customer has left, in days.
const LENGTHS: [u32; 7] = [7, 14, 30, 60, 90, 180, 365];
/// The usual horizon, where nothing speaks against it.
const MONTH: u32 = 30;
/// Horizons for cancellations.
const CANCELLATION_HORIZONS: [u32; 3] = [30, 60, 90];
/// Windows for ever shorter histories, or ever shorter pauses.
const WINDOWS: [[u32; 3]; 8] =
    [[90, 365, 730], [60, 180, 360], [30, 90, 180], [14, 60, 180], [7, 28, 84], [7, 14, 42], [7, 14, 28], [3, 7, 14]];
/// Days between snapshots, the most independent first; more than a month only for label windows of three times as much.
const STEPS: [u32; 5] = [90, 60, 30, 14, 7];
/// Training dates that do not reach into the evaluation.
const TRAINING_DATES: u32 = 4;
/// The shares of churners between which a definition tells customers apart: outside of them `check` advises against it.
pub const SENSIBLE: RangeInclusive<f64> = 0.005..=0.5;
/// The share of churners below which a shorter horizon is tried.
const FEW: f64 = 0.05;
/// By how much silence has to be longer than nine in ten pauses.
const BEYOND_PAUSES: f64 = 1.25;
/// Of the most customers that were ever eligible, those that a date needs to stand for the rest: where contracts end,
/// and where customers become fewer because they leave, which is what is to be learned.
const ENOUGH_WITH_CONTRACTS: f64 = 0.2;
const ENOUGH: f64 = 0.02;
/// The share of churners above which a date lies at the end of a season.
const EVERYBODY: f64 = 0.9;
const DEFAULT_ACTIVE_WITHIN: u32 = 90;
pub(super) const DEFAULT_MIN_TENURE: u32 = 28;
const SHORT_HISTORY: i32 = 180;

/// The days that the tables say something about: from the first on, before the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub first: Day,
    pub end: Day,
}

impl Span {
    fn days(self) -> u32 {
        u32::try_from(self.end.0 - self.first.0).unwrap_or(0)
    }
}

/// How long customers pause between two days on which they do something, each customer counting as much as any other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pauses {
    pub half: u32,
    pub nine_in_ten: u32,
    /// Customers of the sample who came back.
    pub returned: usize,
    pub customers: usize,
}

impl Pauses {
    pub fn new(lives: &Lives) -> Option<Pauses> {
        let mut pauses: Vec<(u32, f64)> = Vec::new();
        let mut returned = 0;
        for life in lives.lives.iter().filter(|life| life.active.len() > 1) {
            let weight = 1.0 / (life.active.len() - 1) as f64;
            pauses.extend(life.active.windows(2).map(|pair| (pair[0].abs_diff(pair[1]), weight)));
            returned += 1;
        }

        pauses.sort_by_key(|(days, _)| *days);
        let quantile = |share: f64| {
            let mut seen = 0.0;
            let reaches = |(_, weight): &&(u32, f64)| {
                seen += weight;
                seen >= share * returned as f64 - 1e-6
            };
            pauses.iter().find(reaches).map(|(days, _)| *days)
        };
        let customers = lives.lives.iter().filter(|life| !life.active.is_empty()).count();
        Some(Pauses { half: quantile(0.5)?, nine_in_ten: quantile(0.9)?, returned, customers })
    }

    /// The silence that is longer than usual pauses.
    fn silence(self) -> u32 {
        let least = BEYOND_PAUSES * f64::from(self.nine_in_ten);
        LENGTHS.into_iter().find(|&days| f64::from(days) >= least).unwrap_or(365)
    }
}

/// Customers on a date, or on several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Count {
    pub eligible: u64,
    pub churned: u64,
}

impl Count {
    pub fn share(self) -> f64 {
        self.churned as f64 / self.eligible.max(1) as f64
    }
}

/// What is tried.
#[derive(Clone, Copy, Debug)]
struct Trial {
    definition: ChurnDefinition,
    gap: u32,
    horizon: u32,
    active_within: u32,
    min_tenure: u32,
}

impl Trial {
    fn span(self) -> u32 {
        self.gap + self.horizon
    }

    /// The customers of a sample who have a row for training on a date, or for scoring, and those who churn.
    fn count(self, lives: &Lives, as_of: Day, is_training: bool) -> Count {
        let mut count = Count::default();
        for life in &lives.lives {
            if self.is_eligible(life, as_of.0, is_training) {
                count.eligible += lives.weight;
                count.churned += lives.weight * u64::from(self.churns(life, as_of.0));
            }
        }
        count
    }

    fn is_eligible(self, life: &Life, as_of: i32, is_training: bool) -> bool {
        let from = as_of + self.gap as i32;
        let to = from + self.horizon as i32;
        let is_customer = life.signup.is_none_or(|signup| signup < as_of && as_of - signup >= self.min_tenure as i32)
            && life.left.is_none_or(|left| left >= as_of)
            && life.start.is_none_or(|start| start <= as_of)
            && life.end.is_none_or(|end| end > as_of);
        let has_label =
            life.end.is_none_or(|end| end >= to) && life.left.is_none_or(|left| left < as_of || left >= from);
        let is_active = self.active_within == 0 || life.is_active(as_of - self.active_within as i32, as_of);
        is_customer && is_active && (has_label || !is_training)
    }

    fn churns(self, life: &Life, as_of: i32) -> bool {
        let from = as_of + self.gap as i32;
        let to = from + self.horizon as i32;
        match self.definition {
            ChurnDefinition::Event => life.left.is_some_and(|left| left >= from && left < to),
            ChurnDefinition::Inactivity => !life.is_active(from, to),
        }
    }
}

/// When to look: the windows, and the dates of training and evaluation.
#[derive(Clone, Debug, PartialEq)]
struct Schedule {
    windows: [u32; 3],
    snapshots: u32,
    step: u32,
}

impl Schedule {
    /// The one with the longest windows, no longer than `longest`, that so many days of history have room for.
    fn fit(days: u32, span: u32, longest: u32) -> Option<Schedule> {
        let lists = WINDOWS.into_iter().filter(|windows| windows[2] <= longest);
        for (windows, fewest) in lists.flat_map(|windows| [(windows, 2), (windows, 1)]) {
            for step in STEPS.into_iter().filter(|&step| step <= MONTH.max(span / 3)) {
                for training in (fewest..=TRAINING_DATES).rev() {
                    let snapshots = span.div_ceil(step) + training;
                    if span + (snapshots - 1) * step + windows[2].max(span) <= days {
                        return Some(Schedule { windows, snapshots, step });
                    }
                }
            }
        }
        None
    }

    /// Whether the oldest date sees at least half of the history that the newest one sees: what customers have done in
    /// all is then about the same thing on both.
    fn is_steady(&self, days: u32, span: u32) -> bool {
        let newest = days.saturating_sub(span);
        let oldest = newest.saturating_sub(self.snapshots.saturating_sub(1) * self.step);
        2 * oldest >= newest
    }

    fn dates(&self, end: Day, span: u32) -> Vec<Day> {
        (0..self.snapshots).map(|place| end.earlier_by(span + place * self.step)).collect()
    }
}

/// What is proposed, and why.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    pub gap_days: u32,
    pub horizon_days: u32,
    pub windows_days: [u32; 3],
    /// Whether the whole history is worth reading.
    pub lifetime: bool,
    pub active_within_days: u32,
    pub min_tenure_days: u32,
    pub snapshots: u32,
    pub step_days: u32,
    /// Dates of their own, where regular ones would meet no customers.
    pub as_of: Option<Vec<Day>>,
    /// The newest date on which there are customers to score.
    pub ready: Day,
    /// Customers to score on that date.
    pub to_score: u64,
    /// Customers and churners of all dates.
    pub count: Count,
    pub pauses: Option<Pauses>,
    pub days: u32,
    /// What a person should know.
    pub doubts: Vec<String>,
}

/// Proposes how to define churn and what to learn from; none if the history is too short for any definition.
pub(super) fn propose(lives: &Lives, definition: ChurnDefinition, span: Span, least_churners: u64) -> Option<Proposal> {
    let pauses = Pauses::new(lives);
    let days = span.days();
    let silence = pauses.map_or(MONTH, Pauses::silence);
    let windows_up_to = match silence {
        0..=30 => 84,
        31..=90 => 180,
        91..=180 => 360,
        _ => 730,
    };

    let tried: Vec<(Trial, Schedule, Vec<Count>)> = LENGTHS
        .into_iter()
        .filter_map(|horizon| {
            let gap = match horizon {
                ..14 => 1,
                14..30 => 3,
                _ => 7,
            };
            let active_within = match definition {
                ChurnDefinition::Inactivity => gap + horizon,
                ChurnDefinition::Event => 0,
            };
            let trial = Trial { definition, gap, horizon, active_within, min_tenure: 0 };
            let schedule = Schedule::fit(days, trial.span(), windows_up_to.max(2 * horizon))?;
            let dates = schedule.dates(span.end, trial.span());
            let counts = dates.into_iter().map(|date| trial.count(lives, date, true)).collect();
            Some((trial, schedule, counts))
        })
        .collect();

    let choice = match definition {
        ChurnDefinition::Inactivity => silence_horizon(&tried, silence, pauses),
        ChurnDefinition::Event => cancellation_horizon(&tried, least_churners),
    }?;
    let (mut trial, schedule, counts) = tried.into_iter().nth(choice)?;
    let mut doubts = doubts(definition, &counts);

    let dates = schedule.dates(span.end, trial.span());
    trial.active_within = active_within(lives, trial, &dates);
    trial.min_tenure = min_tenure(lives, trial, &dates, days);
    let has_contracts = lives.lives.iter().any(|life| life.end.is_some());
    let enough = if has_contracts { ENOUGH_WITH_CONTRACTS } else { ENOUGH };
    let as_of = dates_with_customers(lives, trial, &schedule, span, enough);
    if as_of.is_some() {
        doubts.push(
            "On some regular dates there would be hardly any customers, as it is where contracts, courses or seasons \
             begin and end together, so the dates are named; add new ones as time goes by"
                .to_owned(),
        );
    }

    let ready = ready(lives, trial, span, enough);
    Some(Proposal {
        gap_days: trial.gap,
        horizon_days: trial.horizon,
        windows_days: schedule.windows,
        lifetime: definition == ChurnDefinition::Inactivity
            && as_of.is_none()
            && schedule.is_steady(days, trial.span()),
        active_within_days: trial.active_within,
        min_tenure_days: trial.min_tenure,
        snapshots: schedule.snapshots,
        step_days: schedule.step,
        count: total(as_of.as_ref().unwrap_or(&dates).iter().map(|&date| trial.count(lives, date, true))),
        as_of,
        ready,
        to_score: trial.count(lives, ready, false).eligible,
        pauses,
        days,
        doubts,
    })
}

fn total(counts: impl IntoIterator<Item = Count>) -> Count {
    counts.into_iter().fold(Count::default(), |sum, count| Count {
        eligible: sum.eligible + count.eligible,
        churned: sum.churned + count.churned,
    })
}

/// The place of the horizon after whose silence a customer has left.
fn silence_horizon(tried: &[(Trial, Schedule, Vec<Count>)], silence: u32, pauses: Option<Pauses>) -> Option<usize> {
    let share = |place: usize| total(tried[place].2.iter().copied()).share();
    let horizon = |place: usize| tried[place].0.horizon;
    let last = tried.len().checked_sub(1)?;
    let mut place = (0..=last).find(|&place| horizon(place) >= silence.max(MONTH)).unwrap_or(last);

    let usual = pauses.map_or(0, |pauses| pauses.nine_in_ten);
    while place > 0 && share(place) < FEW && horizon(place - 1) >= usual {
        place -= 1;
    }
    while place < last && share(place) > *SENSIBLE.end() {
        place += 1;
    }
    Some(place)
}

/// The place of the shortest horizon, from a month on, in whose label windows enough customers left.
fn cancellation_horizon(tried: &[(Trial, Schedule, Vec<Count>)], least_churners: u64) -> Option<usize> {
    let churned = |place: &usize| total(tried[*place].2.iter().copied()).churned;
    let usual: Vec<usize> =
        (0..tried.len()).filter(|&place| CANCELLATION_HORIZONS.contains(&tried[place].0.horizon)).collect();
    let enough = usual.iter().copied().find(|place| churned(place) >= least_churners);
    // With none of them, the one that sees most: longer windows may leave room for fewer dates.
    enough.or_else(|| usual.iter().copied().rev().max_by_key(churned)).or_else(|| tried.len().checked_sub(1))
}

/// What is doubtful about a definition that was tried on several dates.
fn doubts(definition: ChurnDefinition, counts: &[Count]) -> Vec<String> {
    let mut doubts = Vec::new();
    let share = total(counts.iter().copied()).share();
    if definition == ChurnDefinition::Inactivity && share > *SENSIBLE.end() {
        doubts.push(format!(
            "{:.0} % would churn by this definition, and the history is too short for a longer one: customers come too \
             seldom to be missed so soon",
            100.0 * share
        ));
    }
    if definition == ChurnDefinition::Inactivity && share < *SENSIBLE.start() {
        doubts.push("Hardly anybody would churn by this definition".to_owned());
    }

    let shares = counts.iter().filter(|count| count.eligible >= 50).map(|count| count.share());
    let (lowest, highest) = shares.fold((1.0f64, 0.0f64), |(low, high), share| (low.min(share), high.max(share)));
    if highest - lowest > 0.3 {
        doubts.push(format!(
            "The share that churns differs from {:.0} % to {:.0} % between dates: a season or a break may be taken for \
             churn. A horizon of a whole season would tell them apart, with a longer history",
            100.0 * lowest,
            100.0 * highest
        ));
    }
    doubts
}

/// In how many days a customer must have done something: under inactivity, those of the gap and the horizon, since who
/// has been silent for longer has left already. With cancellations, so many that few customers who stay are left out.
fn active_within(lives: &Lives, trial: Trial, dates: &[Day]) -> u32 {
    if trial.definition == ChurnDefinition::Inactivity {
        return trial.span();
    }
    let eligible = |active_within: u32| {
        let trial = Trial { active_within, ..trial };
        total(dates.iter().map(|&date| trial.count(lives, date, true))).eligible as f64
    };
    let all = eligible(0);
    let lengths = [DEFAULT_ACTIVE_WITHIN, 180, 365];
    lengths.into_iter().find(|&days| eligible(days) >= 0.8 * all).unwrap_or(0)
}

fn min_tenure(lives: &Lives, trial: Trial, dates: &[Day], days: u32) -> u32 {
    let eligible = |min_tenure: u32| {
        let trial = Trial { min_tenure, ..trial };
        total(dates.iter().map(|&date| trial.count(lives, date, true))).eligible
    };
    let is_short = (days as i32) < SHORT_HISTORY;
    let all = eligible(0);
    if 2 * eligible(DEFAULT_MIN_TENURE) >= all && !(is_short && 10 * eligible(DEFAULT_MIN_TENURE) < 8 * all) {
        DEFAULT_MIN_TENURE
    } else if 2 * eligible(7) >= all {
        7
    } else {
        0
    }
}

/// Dates on which there are customers, if the regular ones meet hardly any.
fn dates_with_customers(lives: &Lives, trial: Trial, schedule: &Schedule, span: Span, enough: f64) -> Option<Vec<Day>> {
    let newest = span.end.earlier_by(trial.span());
    let dates: Vec<Day> = (0..)
        .map(|place| newest.earlier_by(place * schedule.step))
        .take_while(|date| date.0 - schedule.windows[0] as i32 >= span.first.0)
        .collect();
    let counts: Vec<Count> = dates.iter().map(|&date| trial.count(lives, date, true)).collect();
    let most = counts.iter().map(|count| count.eligible).max().unwrap_or(0);
    let is_usable = |count: &Count| {
        count.eligible > 0 && count.eligible as f64 >= enough * most as f64 && count.share() <= EVERYBODY
    };
    let regular = schedule.snapshots as usize;
    if counts.iter().take(regular).all(is_usable) {
        return None;
    }

    let mut usable = dates.iter().zip(&counts).filter(|(_, count)| is_usable(count)).map(|(&date, _)| date);
    let evaluation = usable.next()?;
    let mut chosen: Vec<Day> = usable.filter(|date| date.later_by(trial.span()) <= evaluation).take(regular).collect();
    chosen.push(evaluation);
    chosen.sort_unstable();
    (chosen.len() > 1).then_some(chosen)
}

/// The newest date, at the end of the data or before, on which there are customers to score.
fn ready(lives: &Lives, trial: Trial, span: Span, enough: f64) -> Day {
    let eligible = |day: Day| trial.count(lives, day, false).eligible;
    let months = (0..48).map(|month| span.end.earlier_by(30 * month)).take_while(|day| *day > span.first);
    let most = months.map(eligible).max().unwrap_or(0);
    let mut days = (0..400).map(|days| span.end.earlier_by(days)).take_while(|day| *day > span.first);
    days.find(|&day| most == 0 || eligible(day) as f64 >= enough * most as f64).unwrap_or(span.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAYS: i32 = 540;

    /// Customers who come every so many days, in turn a little more and less often, until one in `churners` stops.
    fn regulars(every: i32, churners: i32, days: i32) -> Lives {
        let life = |customer: i32| {
            let stop = if customer % churners == 0 { days / 4 + customer * 7 % (3 * days / 4) } else { days };
            let mut day = customer % every.max(1);
            let mut active = Vec::new();
            while day < stop {
                active.push(day);
                day += (every * (2 + (day + customer) % 3) / 3).max(1);
            }
            Life { active, ..Life::default() }
        };
        Lives { lives: (0..1200).map(life).collect(), weight: 1 }
    }

    fn silent(lives: &Lives, days: i32) -> Proposal {
        propose(lives, ChurnDefinition::Inactivity, Span { first: Day(0), end: Day(days) }, 100).unwrap()
    }

    #[test]
    fn a_horizon_is_longer_than_usual_pauses() {
        for (every, horizon) in [(1, 30), (7, 30), (30, 60), (45, 90)] {
            let found = silent(&regulars(every, 2, DAYS), DAYS);
            assert_eq!(found.horizon_days, horizon, "every {every} days: {found:?}");
            assert_eq!((found.gap_days, found.active_within_days), (7, 7 + horizon));
            assert!(SENSIBLE.contains(&found.count.share()), "{found:?}");
        }
    }

    #[test]
    fn a_proposal_fits_into_the_history() {
        for days in [40, 60, 90, 120, 200, 400, 800] {
            let Some(found) = propose(
                &regulars(5, 2, days),
                ChurnDefinition::Inactivity,
                Span { first: Day(0), end: Day(days) },
                100,
            ) else {
                panic!("{days}");
            };
            let span = found.gap_days + found.horizon_days;
            let first = days - (span + (found.snapshots - 1) * found.step_days) as i32;
            assert!(first >= found.windows_days[2] as i32 && first >= span as i32, "{days}: {found:?}");
            // The whole history is asked for where the oldest date sees half of what the newest one does.
            assert_eq!(found.lifetime, 2 * first >= days - span as i32, "{days}: {found:?}");
            assert!(
                (found.snapshots - 1) * found.step_days >= span,
                "a training date before the evaluation: {found:?}"
            );
        }
        assert!(
            propose(&regulars(2, 2, 9), ChurnDefinition::Inactivity, Span { first: Day(0), end: Day(9) }, 1).is_none()
        );
    }

    #[test]
    fn each_customer_counts_once_among_pauses() {
        let mut lives = regulars(30, 1000, DAYS);
        lives.lives.push(Life { active: (0..DAYS).collect(), ..Life::default() });
        let pauses = Pauses::new(&lives).unwrap();
        assert!((20..=40).contains(&pauses.half), "{pauses:?}");
    }

    #[test]
    fn a_season_is_doubted() {
        let season = |customer: i32| Life {
            active: (0..DAYS).filter(|day| day % 270 < 60 && (day + customer) % 3 == 0).collect(),
            ..Life::default()
        };
        let lives = Lives { lives: (0..500).map(season).collect(), weight: 1 };
        let found = silent(&lives, DAYS);
        assert!(
            found.doubts.iter().any(|doubt| doubt.contains("season")) || SENSIBLE.contains(&found.count.share()),
            "{found:?}"
        );
    }
}
