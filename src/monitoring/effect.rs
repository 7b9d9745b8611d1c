//! The effect of outreach: how many fewer leave of those who are to be contacted than of those who are left alone.
//!
//! The unit is an *exposure*: a customer's first listing under a key of the draw. What counts is the group that was
//! drawn, not whether anybody called (intention to treat), and whether the customer left by the end of that list's
//! label window. Strata are the dates of the first listing, neighbouring ones of one control share together until they
//! have enough customers, and within them tenths of the probability that was published.

use super::lists::{Codes, KnownRun, Listed, REASONS};
use super::sequence::Sequence;
use super::strata::{allocation_p_value, cmh_p_value, risk_difference, Stratum};
use super::verdict::Verdict;
use super::worth::worth;
use crate::calendar::Day;
use crate::config::Economics;
use crate::metrics::interval::Interval;
use crate::power::{Accrual, Groups, ListsSoFar, ASKED};
use crate::ranking::{Group, Tier};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// Dates are put together until they have so many first listings.
const LEAST_IN_A_BLOCK: usize = 200;
/// Parts of a block by probability.
const TENTHS: usize = 10;
/// An allocation that chance would give in fewer cases than this ends every claim.
pub const BROKEN_ALLOCATION: f64 = 0.001;
/// The interval for every look begins with so many first listings, and so many of either group that left: before that
/// it leans on large numbers that are not there.
const LEAST_EXPOSURES: u64 = 100;
const LEAST_LEFT: u64 = 10;
/// The longest time that is looked ahead, in days.
const MOST_DAYS: u32 = 1_095;

/// A customer's first listing under a key.
#[derive(Clone, Copy, Debug)]
pub struct Exposure {
    /// The date of that list.
    pub as_of: Day,
    /// The place on it, from 0.
    pub place: u32,
    /// What the list said.
    pub listed: Listed,
    /// The share that was left alone then.
    pub control_fraction: f64,
    /// Whether the customer left by the end of the label window; none if that is not known, or not yet.
    pub left: Option<bool>,
    /// Whether the label window is over.
    pub has_matured: bool,
    /// Whether the customer was contacted in it, if it is known who was.
    pub contacted: Option<bool>,
}

/// The first listings under a key, in the order of dates and ranks, and how customers came onto its lists.
#[derive(Clone, Debug, Default)]
pub struct Exposures {
    /// The listings.
    pub exposures: Vec<Exposure>,
    so_far: ListsSoFar,
    first: Option<Day>,
    /// The control shares of its lists, as often as they changed.
    fractions: Vec<f64>,
}

/// What is known of an exposure after its list.
pub trait Aftermath {
    /// Whether the label window of a date is over.
    fn has_matured(&self, as_of: Day) -> bool;
    /// Whether a customer left by its end; none if nobody knows.
    fn left(&self, customer: Option<u32>, as_of: Day) -> Option<bool>;
    /// Whether a customer was contacted in it; none if nobody says.
    fn contacted(&self, customer: Option<u32>, as_of: Day) -> Option<bool>;
}

/// The first listings under each key, from runs in the order of their dates. A run that does not say how large its
/// control group is has no first listings.
pub fn exposures<'a>(
    runs: impl Iterator<Item = (&'a KnownRun, &'a [Listed])>,
    aftermath: &dyn Aftermath,
) -> BTreeMap<String, Exposures> {
    let mut by_key: BTreeMap<String, Exposures> = BTreeMap::new();
    let mut seen: HashSet<(String, u32)> = HashSet::new();
    for (run, listed) in runs {
        let Some(control_fraction) = run.control_fraction else { continue };
        let as_of = run.as_of();
        let has_matured = aftermath.has_matured(as_of);
        let of_key = by_key.entry(run.control_key.clone()).or_default();
        of_key.add_list(as_of, listed.len(), control_fraction);

        for (place, listed) in (0..).zip(listed) {
            // Whoever is no customer any more cannot be told from others of the kind.
            let Some(customer) = listed.customer else { continue };
            if seen.insert((run.control_key.clone(), customer)) {
                of_key.exposures.push(Exposure {
                    as_of,
                    place,
                    listed: *listed,
                    control_fraction,
                    left: aftermath.left(listed.customer, as_of).filter(|_| has_matured),
                    has_matured,
                    contacted: aftermath.contacted(listed.customer, as_of),
                });
            }
        }
    }
    for of_key in by_key.values_mut() {
        of_key.so_far.on_any = of_key.exposures.len();
    }
    by_key
}

impl Exposures {
    fn add_list(&mut self, as_of: Day, length: usize, fraction: f64) {
        let first = *self.first.get_or_insert(as_of);
        self.so_far.lists += 1;
        self.so_far.days = (as_of.0 - first.0).unsigned_abs();
        self.so_far.lines += length;
        if self.so_far.lists == 1 {
            self.so_far.on_the_first = length;
        }
        if self.fractions.last() != Some(&fraction) {
            self.fractions.push(fraction);
        }
    }

    /// The date of the newest list whose label has matured.
    pub fn newest(&self) -> Option<Day> {
        self.exposures.iter().filter(|exposure| exposure.has_matured).map(|exposure| exposure.as_of).max()
    }

    /// The exposures whose outcome is known.
    pub fn known(&self) -> impl Iterator<Item = (&Exposure, bool)> {
        self.exposures.iter().filter_map(|exposure| exposure.left.map(|left| (exposure, left)))
    }
}

/// The effect on some customers.
#[derive(Clone, Debug, Serialize)]
pub struct Effect {
    /// The key of the draw.
    pub control_key: String,
    /// Of whom: `all`, `tier=…`, `action=…`, or `contacted` (per protocol).
    pub slice: String,
    /// Both groups, all strata together.
    pub groups: Stratum,
    /// How many fewer left, as a share, with an interval for one look; none if it is not known.
    pub difference: Option<Interval>,
    /// The p-value of the test of Cochran, Mantel and Haenszel.
    pub p_value: Option<f64>,
    /// How many slices of the kind there are: of twenty comparisons without any effect, one is off at 95 %.
    pub comparisons: usize,
}

/// All that is known of the effect under a key.
#[derive(Clone, Debug, Serialize)]
pub struct Study {
    /// The key.
    pub control_key: String,
    /// The date of the newest list in it.
    pub as_of: Day,
    /// On all customers.
    pub overall: Effect,
    /// The interval that is valid at every look; none before there are enough customers.
    pub at_every_look: Option<Interval>,
    /// The same at the end of each date with first listings.
    pub looks: Vec<(Day, Interval)>,
    /// By tier, by action, and of those who were really contacted.
    pub slices: Vec<Effect>,
    /// The p-value of the check that the groups are as large as they were to be.
    pub allocation_p_value: Option<f64>,
    /// First listings whose outcome is not known yet.
    pub pending: usize,
    /// Those whose outcome will not be known: contracts that ran out.
    pub unknown: usize,
    /// The control shares of the lists, as often as they changed.
    pub control_fractions: Vec<f64>,
    /// The smallest effect that can be shown by now.
    pub smallest_effect: Option<f64>,
    /// Days from the first list after which an effect of 5 points can be shown; none if that takes more than three
    /// years, or if no more than 5 in 100 leave when left alone.
    pub days_to_show_5_points: Option<u32>,
    /// The same of an effect as large as is estimated; none if that is none, or takes more than three years.
    pub days_to_show_estimate: Option<u32>,
    /// Days from the first list to the newest.
    pub days: u32,
    /// What outreach has earned, with the interval of the effect.
    pub money: Option<Interval>,
    /// Of those to be contacted, the share that was; none if nobody says.
    pub contacted_share: Option<f64>,
    /// Customers of the control group who were contacted all the same.
    pub contacted_control: u64,
}

/// What a study needs besides the listings.
pub struct Plan<'a> {
    /// What a customer costs and brings.
    pub economics: &'a Economics,
    /// The action that the playbook has for some reasons.
    pub action: &'a dyn Fn(&[Option<u16>; REASONS]) -> Option<String>,
    /// Days of gap and label window together.
    pub label_days: u32,
    /// The most customers that there are.
    pub most: u64,
}

impl Study {
    /// The effect under a key; none without a list that has matured.
    pub fn new(key: &str, exposures: &Exposures, plan: &Plan<'_>) -> Option<Study> {
        let as_of = exposures.newest()?;
        let strata_of = strata_numbers(exposures);
        let effect = |slice: String, comparisons: usize, is: &dyn Fn(&Exposure) -> bool| {
            let strata = strata(exposures, &strata_of, is);
            Effect {
                control_key: key.to_owned(),
                slice,
                groups: Stratum::total(&strata),
                difference: risk_difference(&strata),
                p_value: cmh_p_value(&strata),
                comparisons,
            }
        };

        let overall = effect(super::figures::ALL.to_owned(), 1, &|_| true);
        let mut slices = Vec::new();
        for tier in Tier::ALL {
            slices.push(effect(format!("tier={}", tier.name()), Tier::ALL.len(), &|it| it.listed.tier == tier));
        }
        let actions = actions(exposures, plan);
        for action in &actions {
            let is = |it: &Exposure| (plan.action)(&it.listed.reasons).as_ref() == Some(action);
            slices.push(effect(format!("action={action}"), actions.len(), &is));
        }
        let says_who_was_contacted = exposures.exposures.iter().any(|it| it.contacted.is_some());
        if says_who_was_contacted {
            let as_drawn = |it: &Exposure| it.contacted == Some(it.listed.group == Group::Contact);
            slices.push(effect("contacted".to_owned(), 1, &as_drawn));
        }
        slices.retain(|slice| slice.groups.contact.customers + slice.groups.control.customers > 0);

        let looks = looks(exposures);
        let (control, contact) = (overall.groups.control, overall.groups.contact);
        let rate = control.rate().unwrap_or(f64::NAN);
        let fraction = exposures.fractions.last().copied().unwrap_or(0.0);
        let on_a_list = (exposures.so_far.lines / exposures.so_far.lists.max(1)) as u64;
        let accrual = Accrual::new(on_a_list, plan.most, &exposures.so_far, plan.label_days);
        let days_to_show = |effect: f64| {
            let days = (effect > 0.0).then(|| accrual.days_to_show(effect, rate, fraction, MOST_DAYS));
            days.flatten()
        };
        let groups = Groups { control: control.customers as f64, contact: contact.customers as f64 };
        Some(Study {
            control_key: key.to_owned(),
            as_of,
            at_every_look: looks.last().map(|&(_, interval)| interval),
            looks,
            allocation_p_value: allocation(exposures),
            pending: exposures.exposures.iter().filter(|it| !it.has_matured).count(),
            unknown: exposures.exposures.iter().filter(|it| it.has_matured && it.left.is_none()).count(),
            control_fractions: exposures.fractions.clone(),
            smallest_effect: groups.smallest_effect(rate),
            days_to_show_5_points: (rate > ASKED).then(|| days_to_show(ASKED)).flatten(),
            days_to_show_estimate: overall.difference.and_then(|it| days_to_show(it.estimate.min(rate))),
            days: exposures.so_far.days,
            money: overall.difference.and_then(|difference| money(exposures, difference, plan.economics)),
            contacted_share: share_contacted(exposures),
            contacted_control: exposures
                .exposures
                .iter()
                .filter(|it| it.listed.group == Group::Control && it.contacted == Some(true))
                .count() as u64,
            overall,
            slices,
        })
    }

    /// Whether the groups are not as large as they were to be.
    pub fn allocation_is_broken(&self) -> bool {
        self.allocation_p_value.is_some_and(|p| p < BROKEN_ALLOCATION)
    }

    /// Whether the interval for every look leaves no doubt about the sign, and no check speaks against it.
    pub fn is_shown(&self) -> bool {
        self.at_every_look.is_some_and(|interval| !interval.covers(0.0)) && !self.allocation_is_broken()
    }

    /// What it asks for: something to be done where the draw is broken, where there is nothing to compare with, and
    /// where outreach drives customers away; a look while nothing has been shown.
    pub fn verdict(&self) -> Verdict {
        let harms = self.is_shown() && self.at_every_look.is_some_and(|interval| interval.upper < 0.0);
        if self.allocation_is_broken() || self.overall.groups.control.customers == 0 || harms {
            Verdict::Act
        } else if self.is_shown() {
            Verdict::Ok
        } else {
            Verdict::Watch
        }
    }
}

/// Of each exposure its stratum; dates of one control share together until they are enough, then tenths of the
/// probability.
fn strata_numbers(exposures: &Exposures) -> Vec<u32> {
    let all = &exposures.exposures;
    let mut blocks: Vec<std::ops::Range<usize>> = Vec::new();
    let mut start = 0;
    for date in all.chunk_by(|a, b| a.as_of == b.as_of) {
        let end = start + date.len();
        let fraction = date[0].control_fraction;
        match blocks.last_mut() {
            Some(block) if block.len() < LEAST_IN_A_BLOCK && all[block.start].control_fraction == fraction => {
                block.end = end
            }
            _ => blocks.push(start..end),
        }
        start = end;
    }
    // What is left over at the end joins the block before.
    if let [.., before, last] = blocks.as_mut_slice() {
        if last.len() < LEAST_IN_A_BLOCK && all[before.start].control_fraction == all[last.start].control_fraction {
            before.end = last.end;
            blocks.pop();
        }
    }

    let mut numbers = vec![0; all.len()];
    for (block, range) in blocks.into_iter().enumerate() {
        let mut order: Vec<usize> = range.clone().collect();
        order.sort_by(|&a, &b| all[b].listed.probability.total_cmp(&all[a].listed.probability).then(a.cmp(&b)));
        for (place, at) in order.into_iter().enumerate() {
            numbers[at] = (block * TENTHS + place * TENTHS / range.len()) as u32;
        }
    }
    numbers
}

/// The strata of the exposures of which `is` holds.
fn strata(exposures: &Exposures, numbers: &[u32], is: &dyn Fn(&Exposure) -> bool) -> Vec<Stratum> {
    let mut strata = vec![Stratum::default(); numbers.iter().max().map_or(0, |&last| last as usize + 1)];
    for (exposure, &number) in exposures.exposures.iter().zip(numbers) {
        if let (Some(left), true) = (exposure.left, is(exposure)) {
            let stratum = &mut strata[number as usize];
            match exposure.listed.group {
                Group::Contact => stratum.contact.add(left),
                Group::Control => stratum.control.add(left),
            }
        }
    }
    strata
}

/// The actions of the playbook for the exposures, in the order of their names.
fn actions(exposures: &Exposures, plan: &Plan<'_>) -> Vec<String> {
    let mut known: HashSet<[Option<u16>; REASONS]> = HashSet::new();
    let mut actions = Vec::new();
    for exposure in &exposures.exposures {
        if known.insert(exposure.listed.reasons) {
            actions.extend((plan.action)(&exposure.listed.reasons));
        }
    }
    actions.sort_unstable();
    actions.dedup();
    actions
}

/// The interval for every look at the end of each date, of what contact changes for each customer.
fn looks(exposures: &Exposures) -> Vec<(Day, Interval)> {
    let mut sequence = Sequence::default();
    let mut seen = Stratum::default();
    let mut looks = Vec::new();
    let known: Vec<(&Exposure, bool)> = exposures.known().collect();
    for date in known.chunk_by(|(a, _), (b, _)| a.as_of == b.as_of) {
        for &(exposure, left) in date {
            let share = exposure.control_fraction;
            if share <= 0.0 {
                continue;
            }
            sequence.push(worth(exposure.listed.group, left, exposure.listed.probability, share));
            match exposure.listed.group {
                Group::Control => seen.control.add(left),
                Group::Contact => seen.contact.add(left),
            }
        }
        let is_enough = sequence.count() >= LEAST_EXPOSURES && seen.control.left.min(seen.contact.left) >= LEAST_LEFT;
        if let Some(interval) = sequence.interval().filter(|_| is_enough) {
            looks.push((date[0].0.as_of, interval));
        }
    }
    looks
}

/// The p-value of the check of the allocation, of all first listings, matured or not.
fn allocation(exposures: &Exposures) -> Option<f64> {
    let drawn = || exposures.exposures.iter().filter(|it| it.control_fraction > 0.0);
    let control = drawn().filter(|it| it.listed.group == Group::Control).count() as u64;
    allocation_p_value(control, drawn().map(|it| it.control_fraction))
}

/// What outreach to those who were to be contacted has earned: the customers it has kept are worth what the settings
/// say, each contact has its cost, and everybody who stayed took the offer.
fn money(exposures: &Exposures, difference: Interval, economics: &Economics) -> Option<Interval> {
    let (mut contacted, mut stayed, mut value) = (0.0, 0.0, 0.0);
    for (exposure, left) in exposures.known().filter(|(it, _)| it.listed.group == Group::Contact) {
        let monthly = Some(exposure.listed.value).filter(|value| value.is_finite());
        contacted += 1.0;
        stayed += f64::from(u8::from(!left));
        value += economics.value_of(monthly);
    }
    let spent = contacted * economics.contact_cost + stayed * economics.offer_cost;
    let earned = |effect: f64| effect * value - spent;
    let Interval { estimate, lower, upper } = difference;
    (contacted > 0.0).then(|| Interval { estimate: earned(estimate), lower: earned(lower), upper: earned(upper) })
}

fn share_contacted(exposures: &Exposures) -> Option<f64> {
    let said = exposures.exposures.iter().filter(|it| it.listed.group == Group::Contact).filter_map(|it| it.contacted);
    let (mut all, mut contacted) = (0.0, 0.0);
    for was_contacted in said {
        all += 1.0;
        contacted += f64::from(u8::from(was_contacted));
    }
    (all > 0.0).then(|| contacted / all)
}

/// The action of the playbook for the reasons of a list.
pub fn action_of(
    reasons: &[Option<u16>; REASONS],
    codes: &Codes,
    find: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    reasons.iter().flatten().find_map(|&place| find(codes.name(place)))
}

#[cfg(test)]
mod tests;
