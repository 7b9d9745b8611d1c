//! What customers do in a week.

use crate::calendar::Day;
use crate::simulate::chance::{log_normal, normal, round_at_random, stream};
use crate::simulate::customer::{Customer, REGIONS};
use crate::simulate::rhythm::{midnight, monday_of, Rhythm};
use crate::simulate::signal::{instrument, Signal};
use crate::simulate::Plan;
use rand::{Rng, RngExt};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use std::ops::Range;

/// One row of a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Microseconds since 1970-01-01 00:00 UTC.
    pub at: i64,
    /// The customer's index.
    pub customer: u32,
    /// Seconds of a visit, sentiment of a mention, score of a survey; 0 for a login.
    pub value: f32,
    /// Channel of a visit, instrument of a survey; 0 otherwise.
    pub category: u8,
}

/// The events of one week, by signal in the order of [`Signal::ALL`].
pub type Week = [Vec<Event>; 4];

/// Customers per task. Results do not depend on it.
const CHUNK: usize = 4096;
/// Share of weeks in which a customer is away, and what is left of the activity then.
const AWAY_SHARE: f64 = 0.02;
const AWAY_ACTIVITY: f64 = 0.15;
/// Customers are creatures of habit: the weekly number of events varies less than chance alone (Poisson) would have it,
/// by this spread of its logarithm.
const RESTLESSNESS: f64 = 0.1;
/// Spread of a single mention's sentiment, and how far the mean falls at the bottom of a decline.
const SENTIMENT_NOISE: f64 = 0.28;
const SENTIMENT_FALL: f64 = 0.80;
/// Unhappy customers speak up: mentions grow by this factor at the bottom of a decline of mentions.
const OUTSPOKEN: f64 = 1.4;
/// Weeks from one survey invitation to the next; the instruments take turns.
const INVITATION_WEEKS: u32 = 2;
/// Spread of a single answer around the contentment, and how far that falls at the bottom of a decline.
const ANSWER_NOISE: f64 = 0.05;
const CONTENTMENT_FALL: f64 = 0.58;
/// Share of survey invitations that even the least content answer, and what full contentment adds to it.
const LEAST_RESPONSE: f64 = 0.35;
const CONTENT_RESPONSE: f64 = 0.40;

/// The making of weeks of events.
pub struct Activity<'a> {
    plan: &'a Plan,
    customers: &'a [Customer],
    rhythms: [Rhythm; 4],
}

impl<'a> Activity<'a> {
    /// For the customers of a plan.
    pub fn of(plan: &'a Plan, customers: &'a [Customer]) -> Activity<'a> {
        Activity { plan, customers, rhythms: Signal::ALL.map(Signal::rhythm) }
    }

    /// The Mondays of the weeks that the history touches.
    pub fn mondays(&self) -> Vec<Day> {
        let first = monday_of(self.plan.start());
        (0..).map(|week| first.plus(7 * week)).take_while(|&monday| monday < self.plan.end).collect()
    }

    /// All events of the week that begins on a Monday, in time order.
    pub fn week(&self, monday: Day) -> Week {
        let chunks: Vec<Week> = self
            .customers
            .par_chunks(CHUNK)
            .zip((0..self.plan.customers).into_par_iter().step_by(CHUNK))
            .map(|(customers, first)| {
                let mut week = Week::default();
                for (index, customer) in (first..).zip(customers) {
                    self.live(monday, index, customer, &mut week);
                }
                week
            })
            .collect();
        let mut week = Week::default();
        for (signal, events) in week.iter_mut().enumerate() {
            events.reserve_exact(chunks.iter().map(|chunk| chunk[signal].len()).sum());
            chunks.iter().for_each(|chunk| events.extend_from_slice(&chunk[signal]));
            // A total order: rows that compare equal are equal, so an unstable sort gives one result.
            events.par_sort_unstable_by_key(|event| (event.at, event.customer, event.category, event.value.to_bits()));
        }
        week
    }

    /// One customer's week.
    fn live(&self, monday: Day, index: u32, customer: &Customer, week: &mut Week) {
        let days = customer.days(self.plan);
        if days.end <= monday || days.start >= monday.plus(7) {
            return;
        }
        // Weeks are numbered from the epoch, so that a customer's week does not depend on the length of the history.
        let number = monday.0.div_euclid(7).unsigned_abs();
        let rng = &mut stream(self.plan.seed, index, number);
        let away = if rng.random_bool(AWAY_SHARE) { AWAY_ACTIVITY } else { 1.0 };
        let scene = Scene {
            customer,
            index,
            monday: midnight(monday),
            open: midnight(days.start)..midnight(days.end),
            shift: REGIONS[usize::from(customer.region)].midnight_hour,
        };
        let [logins, visits, mentions, surveys] = week;
        let rhythm = |signal: Signal| &self.rhythms[signal as usize];
        let number_of = |signal: Signal, factor: f64, rng: &mut Pcg64Mcg| {
            let usual = customer.weekly[signal as usize] * rhythm(signal).season(monday);
            round_at_random(usual * factor * away * log_normal(RESTLESSNESS, rng), rng)
        };
        for _ in 0..number_of(Signal::Logins, 1.0, rng) {
            logins.extend(scene.login(rhythm(Signal::Logins), rng));
        }
        for _ in 0..number_of(Signal::Visits, 1.0, rng) {
            visits.extend(scene.visit(rhythm(Signal::Visits), rng));
        }
        for _ in 0..number_of(Signal::Mentions, OUTSPOKEN, rng) {
            mentions.extend(scene.mention(rhythm(Signal::Mentions), rng));
        }
        // Customers take turns: each has a week of their own in which the round of instruments begins.
        let turn = number.wrapping_add(index);
        if turn.is_multiple_of(INVITATION_WEEKS) {
            let kind = (turn / INVITATION_WEEKS % 3) as u8;
            surveys.extend(scene.answer(kind, rhythm(Signal::Surveys), rng));
        }
    }
}

/// A customer in a week.
struct Scene<'a> {
    customer: &'a Customer,
    index: u32,
    monday: i64,
    open: Range<i64>,
    shift: u8,
}

impl Scene<'_> {
    /// A moment of the week, unless the customer is not there at the time.
    fn moment(&self, rhythm: &Rhythm, rng: &mut impl Rng) -> Option<i64> {
        let at = self.monday + rhythm.moment(rng, self.shift);
        self.open.contains(&at).then_some(at)
    }

    /// How deep the signal's decline is, from 0 to 1, and what is left of its volume.
    fn decline(&self, signal: Signal, at: i64) -> (f64, f64) {
        match self.customer.decline() {
            Some(decline) if decline.signals.contains(signal) => {
                let severity = decline.severity(at);
                (severity, 1.0 - severity * (1.0 - decline.floor))
            }
            _ => (0.0, 1.0),
        }
    }

    fn login(&self, rhythm: &Rhythm, rng: &mut impl Rng) -> Option<Event> {
        let at = self.moment(rhythm, rng)?;
        let (_, left) = self.decline(Signal::Logins, at);
        rng.random_bool(left).then_some(Event { at, customer: self.index, value: 0.0, category: 0 })
    }

    fn visit(&self, rhythm: &Rhythm, rng: &mut impl Rng) -> Option<Event> {
        let at = self.moment(rhythm, rng)?;
        let (severity, left) = self.decline(Signal::Visits, at);
        if !rng.random_bool(left) {
            return None;
        }
        let nth = if rng.random_bool(0.5 + 0.5 * severity) { 0 } else { rng.random_range(0..self.customer.breadth) };
        let seconds = (5.0 + 0.9 * normal(rng)).exp().clamp(5.0, 7_200.0).round();
        Some(Event { at, customer: self.index, value: seconds as f32, category: self.customer.channel(nth) })
    }

    fn mention(&self, rhythm: &Rhythm, rng: &mut impl Rng) -> Option<Event> {
        let at = self.moment(rhythm, rng)?;
        let (severity, _) = self.decline(Signal::Mentions, at);
        if !rng.random_bool((1.0 + (OUTSPOKEN - 1.0) * severity) / OUTSPOKEN) {
            return None;
        }
        let mean = self.customer.sentiment - SENTIMENT_FALL * severity;
        let sentiment = (mean + SENTIMENT_NOISE * normal(rng)).clamp(-1.0, 1.0);
        Some(Event { at, customer: self.index, value: (sentiment * 1_000.0).round() as f32 / 1_000.0, category: 0 })
    }

    /// The answer to a survey, if there is one: the unhappy answer less often.
    fn answer(&self, kind: u8, rhythm: &Rhythm, rng: &mut impl Rng) -> Option<Event> {
        let at = self.moment(rhythm, rng)?;
        let (severity, _) = self.decline(Signal::Surveys, at);
        let contentment = self.customer.contentment - CONTENTMENT_FALL * severity;
        if !rng.random_bool(LEAST_RESPONSE + CONTENT_RESPONSE * contentment) {
            return None;
        }
        let [lowest, highest] = instrument(kind).scale();
        let reading = (contentment + ANSWER_NOISE * normal(rng)).clamp(0.0, 1.0);
        let score = (lowest + (highest - lowest) * reading).round();
        Some(Event { at, customer: self.index, value: score as f32, category: kind })
    }
}
