//! What customers do in a week.

use crate::calendar::Day;
use crate::parallel;
use crate::simulate::chance::{log_normal, normal, round_at_random, stream};
use crate::simulate::customer::{Customer, REGIONS};
use crate::simulate::plan::Plan;
use crate::simulate::rhythm::{monday_of, Rhythm};
use crate::simulate::signal::{instrument, Signal};
use rand::{Rng, RngExt};
use rayon::prelude::*;
use std::ops::Range;

/// One row of a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Event {
    /// Microseconds since 1970-01-01 00:00 UTC.
    pub(super) at: i64,
    /// The customer's index in the population.
    pub(super) customer: u32,
    /// Seconds of a visit, sentiment of a mention, score of a survey; 0 for a login.
    pub(super) value: f32,
    /// Channel of a visit, instrument of a survey; 0 otherwise.
    pub(super) category: u8,
}

/// The events of a week, by signal in the order of [`Signal::ALL`].
pub(super) type Week = [Vec<Event>; 4];

/// Customers in a task of the thread pool. Results do not depend on it.
const CHUNK: usize = 4096;
/// Share of weeks in which a customer is away, and the share of the usual activity that is left then.
const AWAY_SHARE: f64 = 0.02;
const AWAY_ACTIVITY: f64 = 0.15;
/// Spread of the logarithm of the weekly number of events. Customers are creatures of habit: the number varies less
/// than that of a Poisson distribution.
const RESTLESSNESS: f64 = 0.1;
/// Spread of a single mention's sentiment, and how far the mean falls at the bottom of a decline.
const SENTIMENT_NOISE: f64 = 0.28;
const SENTIMENT_FALL: f64 = 0.80;
/// Unhappy customers speak up: mentions grow by this factor at the bottom of a decline of mentions.
const OUTSPOKEN: f64 = 1.4;
/// Weeks from one survey invitation of a customer to the next; the instruments take turns.
const INVITATION_WEEKS: u32 = 2;
/// Spread of a single answer around the contentment, and how far that falls at the bottom of a decline.
const ANSWER_NOISE: f64 = 0.05;
const CONTENTMENT_FALL: f64 = 0.58;
/// Share of survey invitations that even the least content answer, and what full contentment adds to it.
const LEAST_RESPONSE: f64 = 0.35;
const CONTENT_RESPONSE: f64 = 0.40;

/// Simulates the events of a population, week by week.
pub(super) struct Activity<'a> {
    plan: &'a Plan,
    customers: &'a [Customer],
    rhythms: [Rhythm; 4],
}

impl<'a> Activity<'a> {
    pub(super) fn new(plan: &'a Plan, customers: &'a [Customer]) -> Activity<'a> {
        Activity { plan, customers, rhythms: Signal::ALL.map(Signal::rhythm) }
    }

    /// The Mondays of the weeks that the history touches.
    pub(super) fn mondays(&self) -> Vec<Day> {
        let first = monday_of(self.plan.start());
        (0..).map(|week| first.plus(7 * week)).take_while(|&monday| monday < self.plan.until()).collect()
    }

    /// All events of the week that begins on a Monday, in time order.
    pub(super) fn week(&self, monday: Day) -> Week {
        let chunks = self.customers.chunks(CHUNK).zip((0..).step_by(CHUNK));
        let chunks: Vec<Week> = parallel::map(chunks, |(customers, first)| {
            let mut week = Week::default();
            for (index, customer) in (first..).zip(customers) {
                self.add_customer(monday, index, customer, &mut week);
            }
            week
        });

        let mut week = Week::default();
        for (signal, events) in week.iter_mut().enumerate() {
            events.reserve_exact(chunks.iter().map(|chunk| chunk[signal].len()).sum());
            for chunk in &chunks {
                events.extend_from_slice(&chunk[signal]);
            }
            // This is a total order: rows that compare equal are equal, so an unstable sort has only one result.
            events.par_sort_unstable_by_key(|event| (event.at, event.customer, event.category, event.value.to_bits()));
        }
        week
    }

    /// Adds the events of a customer to a week.
    fn add_customer(&self, monday: Day, index: u32, customer: &Customer, week: &mut Week) {
        let days = customer.days(self.plan);
        if days.end <= monday || days.start >= monday.plus(7) {
            return;
        }

        // Weeks are numbered from the epoch, so that a customer's week does not depend on the length of the history.
        let week_number = monday.0.div_euclid(7).unsigned_abs();
        let rng = &mut stream(self.plan.seed, index, week_number);
        let presence = if rng.random_bool(AWAY_SHARE) { AWAY_ACTIVITY } else { 1.0 };
        let customer_week = CustomerWeek {
            customer,
            index,
            monday: monday.utc_midnight(),
            open: days.start.utc_midnight()..days.end.utc_midnight(),
            shift: REGIONS[usize::from(customer.region)].midnight_hour,
        };

        let [logins, visits, mentions, surveys] = week;
        let [login_rhythm, visit_rhythm, mention_rhythm, survey_rhythm] = &self.rhythms;
        let [weekly_logins, weekly_visits, weekly_mentions] = customer.weekly;
        for _ in 0..draw_number(weekly_logins * login_rhythm.season(monday), presence, rng) {
            logins.extend(customer_week.login(login_rhythm, rng));
        }
        for _ in 0..draw_number(weekly_visits * visit_rhythm.season(monday), presence, rng) {
            visits.extend(customer_week.visit(visit_rhythm, rng));
        }
        for _ in 0..draw_number(weekly_mentions * mention_rhythm.season(monday) * OUTSPOKEN, presence, rng) {
            mentions.extend(customer_week.mention(mention_rhythm, rng));
        }

        // Each customer has a week of their own in which the round of instruments begins.
        let turn = week_number.wrapping_add(index);
        if turn.is_multiple_of(INVITATION_WEEKS) {
            let kind = (turn / INVITATION_WEEKS % 3) as u8;
            surveys.extend(customer_week.answer(kind, survey_rhythm, rng));
        }
    }
}

/// Draws how many events of a signal a week has, given the usual number and the share of it that a customer's presence
/// leaves.
fn draw_number(usual: f64, presence: f64, rng: &mut impl Rng) -> u32 {
    let mean = usual * presence * log_normal(RESTLESSNESS, rng);
    round_at_random(mean, rng)
}

/// A customer in a week.
struct CustomerWeek<'a> {
    customer: &'a Customer,
    index: u32,
    /// The first instant of the week.
    monday: i64,
    /// The instants at which the customer may leave events.
    open: Range<i64>,
    /// The UTC hour at which the local day begins.
    shift: u8,
}

impl CustomerWeek<'_> {
    /// Draws a moment of the week; none if the customer is not there at that moment.
    fn moment(&self, rhythm: &Rhythm, rng: &mut impl Rng) -> Option<i64> {
        let at = self.monday + rhythm.moment(rng, self.shift);
        self.open.contains(&at).then_some(at)
    }

    /// How deep the decline of a signal is at an instant, from 0 to 1.
    fn severity(&self, signal: Signal, at: i64) -> f64 {
        match self.customer.decline_at(at) {
            Some(decline) if decline.signals.contains(signal) => decline.severity(at),
            _ => 0.0,
        }
    }

    /// The share of a signal's volume that is left at an instant in a decline so deep.
    fn volume_left(&self, severity: f64, at: i64) -> f64 {
        let floor = self.customer.decline_at(at).map_or(1.0, |decline| decline.floor);
        1.0 - severity * (1.0 - floor)
    }

    fn login(&self, rhythm: &Rhythm, rng: &mut impl Rng) -> Option<Event> {
        let at = self.moment(rhythm, rng)?;
        let severity = self.severity(Signal::Logins, at);
        let happens = rng.random_bool(self.volume_left(severity, at));
        happens.then_some(Event { at, customer: self.index, value: 0.0, category: 0 })
    }

    fn visit(&self, rhythm: &Rhythm, rng: &mut impl Rng) -> Option<Event> {
        let at = self.moment(rhythm, rng)?;
        let severity = self.severity(Signal::Visits, at);
        if !rng.random_bool(self.volume_left(severity, at)) {
            return None;
        }

        let favourite = rng.random_bool(0.5 + 0.5 * severity);
        let nth = if favourite { 0 } else { rng.random_range(0..self.customer.breadth) };
        let seconds = (5.0 + 0.9 * normal(rng)).exp().clamp(5.0, 7_200.0).round();
        Some(Event { at, customer: self.index, value: seconds as f32, category: self.customer.channel(nth) })
    }

    fn mention(&self, rhythm: &Rhythm, rng: &mut impl Rng) -> Option<Event> {
        let at = self.moment(rhythm, rng)?;
        let severity = self.severity(Signal::Mentions, at);
        if !rng.random_bool((1.0 + (OUTSPOKEN - 1.0) * severity) / OUTSPOKEN) {
            return None;
        }

        let mean = self.customer.sentiment - SENTIMENT_FALL * severity;
        let sentiment = (mean + SENTIMENT_NOISE * normal(rng)).clamp(-1.0, 1.0);
        Some(Event { at, customer: self.index, value: (sentiment * 1_000.0).round() as f32 / 1_000.0, category: 0 })
    }

    /// The answer to a survey, if there is one: unhappy customers answer less often.
    fn answer(&self, kind: u8, rhythm: &Rhythm, rng: &mut impl Rng) -> Option<Event> {
        let at = self.moment(rhythm, rng)?;
        let severity = self.severity(Signal::Surveys, at);
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
