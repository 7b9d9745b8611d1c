//! Simulated customers: who they are, how active, and what becomes of them.

use crate::calendar::Day;
use crate::parallel;
use crate::simulate::chance::{log_normal, normal, pick, stream, LATER_CHURN, LATER_DECLINE, PERSON};
use crate::simulate::decline::{Cause, Decline};
use crate::simulate::plan::Plan;
use crate::simulate::rhythm::monday_of;
use crate::simulate::signal::CHANNELS;
use rand::{Rng, RngExt};
use rand_distr::Exp1;

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
    /// The customer would have left, and outreach has ended the decline, if there was one by then.
    Saved(Option<Decline>),
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
    /// A decline that the customer recovered from before the one that the fate tells of.
    earlier: Option<Decline>,
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
    /// Draws every customer of a plan, in the order of sign-up: those of the plan, and those who have come since its
    /// end.
    pub(super) fn population(plan: &Plan) -> Vec<Customer> {
        let newcomers = (f64::from(plan.continued.days) * sign_ups_a_day(plan)) as u32;
        parallel::map_rows((plan.customers + newcomers) as usize, |index| Customer::draw(plan, index as u32))
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
        let mut customer = Customer {
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
            earlier: None,
            fate: Fate::Stays,
        };
        customer.draw_fate(plan, index, hazard, rng);
        customer
    }

    /// Draws what becomes of the customer, whose churn hazard is given against the average. What is drawn for the plan
    /// stays as it is however far the history goes on.
    fn draw_fate(&mut self, plan: &Plan, index: u32, hazard: f64, rng: &mut impl Rng) {
        let signup = self.signup;
        let from = signup.plus(FIRST_TERM_DAYS).max(plan.start());
        let on = from.plus(1 + draw_wait(CHURN_HAZARD * hazard, rng));
        if on < plan.end.plus(Plan::FORESIGHT_DAYS) {
            self.fate = Fate::draw_churn(on, signup, rng);
        } else {
            let onset = from.plus(draw_wait(FALSE_DECLINE_HAZARD, rng));
            let false_decline = if onset < plan.end {
                Some(Decline::recovering(onset, rng))
            } else {
                let rng = &mut stream(plan.seed, index, LATER_DECLINE);
                (onset < plan.until()).then(|| Decline::recovering(onset, rng))
            };

            if on < plan.until().plus(Plan::FORESIGHT_DAYS) {
                self.earlier = false_decline;
                self.fate = Fate::draw_churn(on, signup, &mut stream(plan.seed, index, LATER_CHURN));
            } else if let Some(decline) = false_decline {
                self.fate = Fate::Recovers(decline);
            }
        }

        if let Some(&listed) = plan.continued.saved.get(&index) {
            self.save(outreach_works_from(listed));
        }
    }

    /// Keeps a customer who would leave, by outreach that works from a day on.
    fn save(&mut self, day: Day) {
        if let Fate::Churns { decline, .. } = &mut self.fate {
            self.fate = Fate::Saved(decline.take().and_then(|decline| decline.ended_on(day)));
        }
    }

    /// The days on which the customer may leave events: from sign-up to churn, within the history.
    pub(super) fn days(&self, plan: &Plan) -> std::ops::Range<Day> {
        let until = self.churned_on().map_or(plan.until(), |on| on.min(plan.until()));
        self.signup.max(plan.start())..until
    }

    /// The day of churn, perhaps after the end of the history.
    pub(super) fn churned_on(&self) -> Option<Day> {
        match self.fate {
            Fate::Churns { on, .. } => Some(on),
            Fate::Stays | Fate::Recovers(_) | Fate::Saved(_) => None,
        }
    }

    /// Why the customer churns; none of one who does not.
    pub(super) fn cause(&self) -> Option<Cause> {
        match self.fate {
            Fate::Churns { cause, .. } => Some(cause),
            Fate::Stays | Fate::Recovers(_) | Fate::Saved(_) => None,
        }
    }

    /// The customer's decline, whether it leads to churn or recovers.
    pub(super) fn decline(&self) -> Option<&Decline> {
        match &self.fate {
            Fate::Churns { decline, .. } | Fate::Saved(decline) => decline.as_ref(),
            Fate::Recovers(decline) => Some(decline),
            Fate::Stays => None,
        }
    }

    /// The decline that an instant (microseconds since 1970-01-01 UTC) may fall into.
    pub(super) fn decline_at(&self, at: i64) -> Option<&Decline> {
        self.decline().filter(|decline| at >= decline.onset.utc_midnight()).or(self.earlier.as_ref())
    }

    /// The channel that the customer uses with this number; number 0 is the favourite.
    pub(super) fn channel(&self, nth: u8) -> u8 {
        (self.favourite + nth) % CHANNELS.len() as u8
    }
}

impl Fate {
    /// Draws how a customer comes to leave on a day.
    fn draw_churn(on: Day, signup: Day, rng: &mut impl Rng) -> Fate {
        let cause = Cause::draw(rng);
        Fate::Churns { on, cause, decline: Decline::before_churn(on, signup, cause, rng) }
    }
}

/// The day from which outreach to the customers of a list works: the Monday after it. So nothing changes in the week of
/// the list, or before.
pub(super) fn outreach_works_from(listed: Day) -> Day {
    monday_of(listed).plus(7)
}

/// Customers who signed up before the history begins.
fn founding(plan: &Plan) -> f64 {
    (f64::from(plan.customers) * FOUNDING_SHARE).round()
}

/// The others, by the day.
fn sign_ups_a_day(plan: &Plan) -> f64 {
    (f64::from(plan.customers) - founding(plan)) / f64::from(plan.days)
}

/// Draws the day on which the customer with an index signs up. The first customers do so before the history, the
/// earliest of them long ago; the others follow evenly over the history, and as evenly when it goes on.
fn draw_signup(plan: &Plan, index: u32, rng: &mut impl Rng) -> Day {
    let customers = f64::from(plan.customers);
    let founding = founding(plan);
    let position = f64::from(index) + rng.random::<f64>();

    if position < founding {
        let tenure = (-(position / founding).ln() * FOUNDING_TENURE_MEAN).min(FOUNDING_TENURE_MAX);
        plan.start().plus(-1 - tenure as i32)
    } else if index >= plan.customers {
        let days = (position - customers) / sign_ups_a_day(plan);
        plan.end.plus(days as i32).min(plan.until().plus(-1))
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
