//! Simulated customers: who they are, how active, and what becomes of them.

use crate::calendar::Day;
use crate::simulate::chance::{log_normal, normal, pick, stream, PERSON};
use crate::simulate::decline::{Cause, Decline};
use crate::simulate::signal::CHANNELS;
use crate::simulate::Plan;
use rand::{Rng, RngExt};
use rand_distr::Exp1;
use rayon::prelude::*;

/// A plan that a customer pays for: its name, share of customers, usual monthly revenue, activity and churn hazard
/// against the average.
pub struct Tier {
    /// The name in `customers.parquet`.
    pub name: &'static str,
    share: f64,
    revenue: f64,
    activity: f64,
    hazard: f64,
}

/// The plans.
pub const TIERS: [Tier; 4] = [
    Tier { name: "starter", share: 0.40, revenue: 19.0, activity: 0.85, hazard: 1.15 },
    Tier { name: "team", share: 0.32, revenue: 89.0, activity: 1.00, hazard: 1.00 },
    Tier { name: "business", share: 0.20, revenue: 349.0, activity: 1.15, hazard: 0.85 },
    Tier { name: "enterprise", share: 0.08, revenue: 1_490.0, activity: 1.40, hazard: 0.70 },
];

/// A region: its share of customers, churn hazard against the average, hours by which its local day begins later (or
/// earlier, the day being a circle of 24) than that of UTC, and who looks after the accounts there.
pub struct Region {
    /// The name in `customers.parquet`.
    pub name: &'static str,
    share: f64,
    hazard: f64,
    /// UTC hour at which the local day begins.
    pub midnight_hour: u8,
    /// Names in `customers.parquet`.
    pub owners: [&'static str; 4],
}

/// The regions.
pub const REGIONS: [Region; 4] = [
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

/// What becomes of a customer, as far as the simulation looks.
#[derive(Clone, Debug)]
pub enum Fate {
    /// Nothing of note.
    Stays,
    /// A decline that goes away again.
    Recovers(Decline),
    /// Churn, and the decline before it unless it is sudden.
    Churns {
        /// The first day without the customer; may lie after the end of the history.
        on: Day,
        /// Why.
        cause: Cause,
        /// The decline that leads to it.
        decline: Option<Decline>,
    },
}

/// A simulated customer.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The day of sign-up, in the history or before it.
    pub signup: Day,
    /// Index into [`TIERS`].
    pub tier: u8,
    /// Index into [`REGIONS`].
    pub region: u8,
    /// Index into the region's owners.
    pub owner: u8,
    /// Money a month.
    pub monthly_revenue: f64,
    /// Mean logins, visits and mentions in an ordinary week.
    pub weekly: [f64; 3],
    /// Mean sentiment of the customer's mentions.
    pub sentiment: f64,
    /// Contentment from 0 to 1, of which survey scores are a noisy reading.
    pub contentment: f64,
    /// The favourite channel, an index into [`CHANNELS`].
    pub favourite: u8,
    /// How many channels the customer uses.
    pub breadth: u8,
    /// What becomes of the customer.
    pub fate: Fate,
}

/// Share of the customers who signed up before the history begins.
const FOUNDING_SHARE: f64 = 0.6;
/// Mean and longest tenure of those, in days.
const FOUNDING_TENURE: (f64, f64) = (600.0, 3_650.0);
/// Days after sign-up in which nobody leaves: the first month is paid.
const FIRST_TERM_DAYS: i32 = 28;
/// Churns a day and customer: 3 % in a month of 30 days.
const CHURN_HAZARD: f64 = 0.03 / 30.0;
/// False declines a day and customer who stays, such that there are about a third as many as churns.
const FALSE_DECLINE_HAZARD: f64 = 0.0125 / 30.0;
/// Logins, visits and mentions of an average customer in an ordinary week. With an answered survey in three weeks,
/// and with the customers who are not there yet or no longer, a year comes to about 100 events for every customer.
const WEEKLY: [f64; 3] = [1.05, 1.05, 0.43];
/// Spread (of the logarithm) of activity between customers, and of each signal within a customer.
const ACTIVITY_SPREAD: f64 = 0.4;
const SIGNAL_SPREAD: f64 = 0.3;
/// Mean and spread, over customers, of the sentiment of mentions and of contentment.
const SENTIMENT: f64 = 0.30;
const SENTIMENT_SPREAD: f64 = 0.12;
const CONTENTMENT: f64 = 0.80;
const CONTENTMENT_SPREAD: f64 = 0.05;
/// No customer is busier than this many times the average.
const BUSIEST: f64 = 25.0;

impl Customer {
    /// Draws every customer of a plan. They are in order of sign-up, as numbers given out one after another would be.
    pub fn population(plan: &Plan) -> Vec<Customer> {
        (0..plan.customers).into_par_iter().map(|index| Customer::draw(plan, index)).collect()
    }

    fn draw(plan: &Plan, index: u32) -> Customer {
        let rng = &mut stream(plan.seed, index, PERSON);
        let signup = signup(plan, index, rng);
        let (tier, region) = (pick(&TIERS.map(|t| t.share), rng), pick(&REGIONS.map(|r| r.share), rng));
        let activity = TIERS[tier].activity * log_normal(ACTIVITY_SPREAD, rng);
        let weekly = WEEKLY.map(|mean| mean * (activity * log_normal(SIGNAL_SPREAD, rng)).min(BUSIEST));
        let revenue = TIERS[tier].revenue * log_normal(0.3, rng);
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
            fate: Fate::draw(plan, signup, TIERS[tier].hazard * REGIONS[region].hazard, rng),
        }
    }

    /// The days on which the customer may leave events: from sign-up to churn, within the history.
    pub fn days(&self, plan: &Plan) -> std::ops::Range<Day> {
        let until = self.churned_on().map_or(plan.end, |on| on.min(plan.end));
        self.signup.max(plan.start())..until
    }

    /// The day of churn, perhaps after the end of the history.
    pub fn churned_on(&self) -> Option<Day> {
        match self.fate {
            Fate::Churns { on, .. } => Some(on),
            Fate::Stays | Fate::Recovers(_) => None,
        }
    }

    /// The customer's decline, true or false.
    pub fn decline(&self) -> Option<&Decline> {
        match &self.fate {
            Fate::Churns { decline, .. } => decline.as_ref(),
            Fate::Recovers(decline) => Some(decline),
            Fate::Stays => None,
        }
    }

    /// The `nth` channel that the customer uses; the first is the favourite.
    pub fn channel(&self, nth: u8) -> u8 {
        (self.favourite + nth) % CHANNELS.len() as u8
    }
}

impl Fate {
    fn draw(plan: &Plan, signup: Day, hazard: f64, rng: &mut impl Rng) -> Fate {
        let from = signup.plus(FIRST_TERM_DAYS).max(plan.start());
        let on = from.plus(1 + wait(CHURN_HAZARD * hazard, rng));
        if on < plan.end.plus(Plan::FORESIGHT_DAYS) {
            let cause = Cause::of_churn(rng);
            return Fate::Churns { on, cause, decline: Decline::before(on, signup, cause, rng) };
        }
        let onset = from.plus(wait(FALSE_DECLINE_HAZARD, rng));
        if onset < plan.end {
            return Fate::Recovers(Decline::that_recovers(onset, rng));
        }
        Fate::Stays
    }
}

/// Sign-up number `index`: first those before the history, long ago at first, then an even flow to its end.
fn signup(plan: &Plan, index: u32, rng: &mut impl Rng) -> Day {
    let customers = f64::from(plan.customers);
    let founding = (customers * FOUNDING_SHARE).round();
    let position = f64::from(index) + rng.random::<f64>();
    if position < founding {
        let (mean, longest) = FOUNDING_TENURE;
        let tenure = (-(position / founding).ln() * mean).min(longest);
        plan.start().plus(-1 - tenure as i32)
    } else {
        let share = (position - founding) / (customers - founding);
        plan.start().plus((share * f64::from(plan.days)) as i32).min(plan.end.plus(-1))
    }
}

/// Whole days until an event of a constant daily hazard.
fn wait(hazard: f64, rng: &mut impl Rng) -> i32 {
    let time: f64 = rng.sample(Exp1);
    // Far beyond any history, and within what a day can hold.
    (time / hazard).min(1e6) as i32
}
