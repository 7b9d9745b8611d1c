//! Simulated customers: who they are, how active, and what becomes of them.

use crate::calendar::Day;
use crate::simulate::chance::{log_normal, normal, pick, stream, PERSON};
use crate::simulate::decline::{Cause, Decline};
use crate::simulate::plan::Plan;
use crate::simulate::signal::CHANNELS;
use rand::{Rng, RngExt};
use rand_distr::Exp1;
use rayon::prelude::*;

/// A plan that customers pay for.
pub(super) struct Tier {
    pub(super) name: &'static str,
    /// The share of customers with this plan.
    share: f64,
    /// The usual revenue in a month.
    revenue: f64,
    /// Activity against the average.
    activity: f64,
    /// Churn hazard against the average.
    hazard: f64,
}

pub(super) const TIERS: [Tier; 4] = [
    Tier { name: "starter", share: 0.40, revenue: 19.0, activity: 0.85, hazard: 1.15 },
    Tier { name: "team", share: 0.32, revenue: 89.0, activity: 1.00, hazard: 1.00 },
    Tier { name: "business", share: 0.20, revenue: 349.0, activity: 1.15, hazard: 0.85 },
    Tier { name: "enterprise", share: 0.08, revenue: 1_490.0, activity: 1.40, hazard: 0.70 },
];

/// A region in which customers live.
pub(super) struct Region {
    pub(super) name: &'static str,
    /// The share of customers who live there.
    share: f64,
    /// Churn hazard against the average.
    hazard: f64,
    /// The UTC hour at which the local day begins.
    pub(super) midnight_hour: u8,
    /// The colleagues who look after the accounts there.
    pub(super) owners: [&'static str; 4],
}

pub(super) const REGIONS: [Region; 4] = [
    Region {
        name: "Europe",
        share: 0.38,
        hazard: 0.95,
        midnight_hour: 23,
        owners: ["Clara Brandt", "Mateusz Zieliński", "Nora Lindqvist", "Luca Ferri"],
    },
    Region {
        name: "North America",
        share: 0.34,
        hazard: 1.00,
        midnight_hour: 6,
        owners: ["Grace Whitfield", "Marcus Hale", "Priya Raman", "Denise Okafor"],
    },
    Region {
        name: "Asia Pacific",
        share: 0.18,
        hazard: 1.05,
        midnight_hour: 16,
        owners: ["Haruka Mori", "Wei Jun Tan", "Ananya Iyer", "Liam Fraser"],
    },
    Region {
        name: "Latin America",
        share: 0.10,
        hazard: 1.15,
        midnight_hour: 3,
        owners: ["Camila Duarte", "Joaquín Rojas", "Renata Alves", "Tomás Herrera"],
    },
];

/// What becomes of a customer, as far as the simulation looks ahead.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    Stays,
    /// The customer seems to drift away for a while.
    Recovers(Decline),
    Churns {
        /// The first day without the customer, which may lie after the end of the history.
        on: Day,
        cause: Cause,
        /// The decline that leads to the churn; none if it is sudden.
        decline: Option<Decline>,
    },
}

/// A simulated customer.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    /// The day of sign-up, in the history or before it.
    pub(super) signup: Day,
    /// Index into [`TIERS`].
    pub(super) tier: u8,
    /// Index into [`REGIONS`].
    pub(super) region: u8,
    /// Index into the owners of the region.
    pub(super) owner: u8,
    pub(super) monthly_revenue: f64,
    /// Mean logins, visits and mentions in an ordinary week.
    pub(super) weekly: [f64; 3],
    /// Mean sentiment of the customer's mentions.
    pub(super) sentiment: f64,
    /// Contentment from 0 to 1, of which survey scores are a noisy reading.
    pub(super) contentment: f64,
    /// The favourite channel, an index into [`CHANNELS`].
    favourite: u8,
    /// How many channels the customer uses.
    pub(super) breadth: u8,
    pub(super) fate: Fate,
}

/// Share of the customers who signed up before the history begins.
const FOUNDING_SHARE: f64 = 0.6;
/// Mean and longest tenure of these customers, in days.
const FOUNDING_TENURE_MEAN: f64 = 600.0;
const FOUNDING_TENURE_MAX: f64 = 3_650.0;
/// Days after sign-up in which nobody leaves: the first month is paid.
const FIRST_TERM_DAYS: i32 = 28;
/// Churns per customer and day: 3 % in a month of 30 days.
const CHURN_HAZARD: f64 = 0.03 / 30.0;
/// False declines per day and customer who stays. There are about a third as many of them as there are churns.
const FALSE_DECLINE_HAZARD: f64 = 0.0125 / 30.0;
/// Logins, visits and mentions of an average customer in an ordinary week. With an answered survey every three weeks,
/// and with the customers who have not signed up yet or have left, a year has about 100 events per customer.
const WEEKLY: [f64; 3] = [1.05, 1.05, 0.43];
/// Spread of the logarithm of activity between customers, and of each signal within a customer.
const ACTIVITY_SPREAD: f64 = 0.4;
const SIGNAL_SPREAD: f64 = 0.3;
/// Mean and spread, over customers, of the sentiment of mentions and of contentment.
const SENTIMENT: f64 = 0.30;
const SENTIMENT_SPREAD: f64 = 0.12;
const CONTENTMENT: f64 = 0.80;
const CONTENTMENT_SPREAD: f64 = 0.05;
/// The greatest activity of a customer, against the average.
const BUSIEST: f64 = 25.0;
/// Spread of the logarithm of revenue within a plan.
const REVENUE_SPREAD: f64 = 0.3;

impl Customer {
    /// Draws every customer of a plan, in the order of sign-up.
    pub(super) fn population(plan: &Plan) -> Vec<Customer> {
        (0..plan.customers).into_par_iter().map(|index| Customer::draw(plan, index)).collect()
    }

    fn draw(plan: &Plan, index: u32) -> Customer {
        let rng = &mut stream(plan.seed, index, PERSON);
        let signup = draw_signup(plan, index, rng);
        let tier = pick(&TIERS.map(|tier| tier.share), rng);
        let region = pick(&REGIONS.map(|region| region.share), rng);

        let activity = TIERS[tier].activity * log_normal(ACTIVITY_SPREAD, rng);
        let weekly = WEEKLY.map(|mean| mean * (activity * log_normal(SIGNAL_SPREAD, rng)).min(BUSIEST));
        let revenue = TIERS[tier].revenue * log_normal(REVENUE_SPREAD, rng);
        let hazard = TIERS[tier].hazard * REGIONS[region].hazard;

        // The order of the fields is that of the draws.
        Customer {
            signup,
            tier: tier as u8,
            region: region as u8,
            owner: rng.random_range(0..4),
            monthly_revenue: (revenue * 100.0).round() / 100.0,
            weekly,
            sentiment: SENTIMENT + SENTIMENT_SPREAD * normal(rng),
            contentment: (CONTENTMENT + CONTENTMENT_SPREAD * normal(rng)).clamp(0.4, 0.97),
            favourite: pick(&[0.45, 0.35, 0.12, 0.08], rng) as u8,
            breadth: 2 + pick(&[0.4, 0.4, 0.2], rng) as u8,
            fate: Fate::draw(plan, signup, hazard, rng),
        }
    }

    /// The days on which the customer may leave events: from sign-up to churn, within the history.
    pub(super) fn days(&self, plan: &Plan) -> std::ops::Range<Day> {
        let until = self.churned_on().map_or(plan.end, |on| on.min(plan.end));
        self.signup.max(plan.start())..until
    }

    /// The day of churn, perhaps after the end of the history.
    pub(super) fn churned_on(&self) -> Option<Day> {
        match self.fate {
            Fate::Churns { on, .. } => Some(on),
            Fate::Stays | Fate::Recovers(_) => None,
        }
    }

    /// The customer's decline, whether it leads to churn or recovers.
    pub(super) fn decline(&self) -> Option<&Decline> {
        match &self.fate {
            Fate::Churns { decline, .. } => decline.as_ref(),
            Fate::Recovers(decline) => Some(decline),
            Fate::Stays => None,
        }
    }

    /// The channel that the customer uses with this number; number 0 is the favourite.
    pub(super) fn channel(&self, nth: u8) -> u8 {
        (self.favourite + nth) % CHANNELS.len() as u8
    }
}

impl Fate {
    /// Draws the fate of a customer, whose churn hazard is given against the average.
    fn draw(plan: &Plan, signup: Day, hazard: f64, rng: &mut impl Rng) -> Fate {
        let from = signup.plus(FIRST_TERM_DAYS).max(plan.start());
        let on = from.plus(1 + draw_wait(CHURN_HAZARD * hazard, rng));
        if on < plan.end.plus(Plan::FORESIGHT_DAYS) {
            let cause = Cause::draw(rng);
            return Fate::Churns { on, cause, decline: Decline::before_churn(on, signup, cause, rng) };
        }

        let onset = from.plus(draw_wait(FALSE_DECLINE_HAZARD, rng));
        if onset < plan.end {
            return Fate::Recovers(Decline::recovering(onset, rng));
        }

        Fate::Stays
    }
}

/// Draws the day on which the customer with an index signs up. The first customers do so before the history, the
/// earliest of them long ago; the others follow evenly over the history.
fn draw_signup(plan: &Plan, index: u32, rng: &mut impl Rng) -> Day {
    let customers = f64::from(plan.customers);
    let founding = (customers * FOUNDING_SHARE).round();
    let position = f64::from(index) + rng.random::<f64>();

    if position < founding {
        let tenure = (-(position / founding).ln() * FOUNDING_TENURE_MEAN).min(FOUNDING_TENURE_MAX);
        plan.start().plus(-1 - tenure as i32)
    } else {
        let share = (position - founding) / (customers - founding);
        plan.start().plus((share * f64::from(plan.days)) as i32).min(plan.end.plus(-1))
    }
}

/// Draws the whole days until an event with a constant daily hazard.
fn draw_wait(hazard: f64, rng: &mut impl Rng) -> i32 {
    let time: f64 = rng.sample(Exp1);
    // A million days are far beyond any history, and well within the range of a day.
    (time / hazard).min(1e6) as i32
}
