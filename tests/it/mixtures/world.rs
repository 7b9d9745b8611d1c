//! A small world whose features, labels and scored customers are computed from its rows by the plainest means.

use rand::{Rng, RngExt};
use std::collections::{BTreeMap, BTreeSet};

pub const DAY: i64 = 86_400;
/// The days of a window, as the default settings have them.
pub const WINDOWS: [i64; 3] = [7, 28, 84];
pub const CUSTOMERS: i64 = 240;
pub const CHANNELS: [&str; 3] = ["web", "shop", "phone"];
pub const PLANS: [&str; 3] = ["basic", "team", "pro"];

/// A customer, by a number of its own.
#[derive(Clone, Debug)]
pub struct Customer {
    pub key: i64,
    pub signup: i64,
    pub plan: &'static str,
    pub revenue: Option<f64>,
}

/// A row of a signal. Without a key or a time it cannot be used.
#[derive(Clone, Debug)]
pub struct Event {
    pub key: Option<i64>,
    pub second: Option<i64>,
    pub amount: f64,
    pub channel: Option<&'static str>,
}

/// What happened: seconds and days since 1970-01-01.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub customers: Vec<Customer>,
    pub logins: Vec<Event>,
    pub visits: Vec<Event>,
    /// Customer and day of each cancellation; without a day the customer is still there.
    pub cancelled: Vec<(i64, Option<i64>)>,
}

impl World {
    /// A world whose history ends the day before `end`.
    pub fn new(end: i64, rng: &mut impl Rng) -> World {
        let mut world = World::default();
        for key in 1..=CUSTOMERS {
            let left = (key % 3 == 0).then(|| end - rng.random_range(2..240));
            world.customers.push(Customer {
                key,
                signup: end - 430 - key % 50,
                plan: PLANS[key as usize % PLANS.len()],
                revenue: (key % 11 != 0).then_some((10 + key % 90) as f64),
            });
            world.cancelled.extend(left.map(|day| (key, Some(day))));

            // Who leaves comes ever more seldom.
            let last = left.map_or(end, |day| day - rng.random_range(0..35)) * DAY;
            for (rows, least, most) in [(&mut world.logins, 6, 48), (&mut world.visits, 12, 120)] {
                let mut second = (end - 420) * DAY + rng.random_range(0..DAY);
                while second < last {
                    rows.push(Event {
                        key: Some(key),
                        second: Some(second),
                        amount: f64::from(rng.random_range(0..4000)) / 8.0,
                        channel: (rng.random_range(0..10) > 0).then(|| CHANNELS[rng.random_range(0..3)]),
                    });
                    second += rng.random_range(3600 * least..3600 * most);
                }
            }
        }
        world
    }

    /// The features of every customer who is scored on the day, by the customer's number.
    pub fn features(&self, as_of: i64) -> BTreeMap<i64, BTreeMap<String, Option<f64>>> {
        let eligible = self.customers.iter().filter(|customer| self.is_eligible(customer, as_of));
        eligible.map(|customer| (customer.key, self.features_of(customer, as_of))).collect()
    }

    /// Whether a customer cancels within 30 days that begin 7 days after the day.
    pub fn churns(&self, key: i64, as_of: i64) -> bool {
        self.cancellations(key).any(|day| day >= as_of + 7 && day < as_of + 37)
    }

    /// Whether a customer cancels within the 7 days that begin with the day.
    pub fn cancels_in_gap(&self, key: i64, as_of: i64) -> bool {
        self.cancellations(key).any(|day| day >= as_of && day < as_of + 7)
    }

    fn cancellations(&self, key: i64) -> impl Iterator<Item = i64> + '_ {
        self.cancelled.iter().filter(move |(customer, _)| *customer == key).filter_map(|(_, day)| *day)
    }

    fn is_eligible(&self, customer: &Customer, as_of: i64) -> bool {
        let left = self.cancellations(customer.key).any(|day| day < as_of && day >= customer.signup);
        let active = |rows: &[Event]| rows_of(rows, customer.key, as_of - 90, as_of).next().is_some();
        !left && as_of - customer.signup >= 28 && (active(&self.logins) || active(&self.visits))
    }

    fn features_of(&self, customer: &Customer, as_of: i64) -> BTreeMap<String, Option<f64>> {
        let mut features = BTreeMap::from([
            ("tenure_days".to_owned(), Some((as_of - customer.signup) as f64)),
            ("monthly_revenue".to_owned(), customer.revenue),
        ]);

        for (name, rows) in [("logins", &self.logins), ("visits", &self.visits)] {
            let last = rows_of(rows, customer.key, as_of - 168, as_of).filter_map(|row| row.second).max();
            let since = last.map(|second| (as_of * DAY - second) as f64 / DAY as f64);
            features.insert(format!("{name}_days_since_last"), since);
            for window in WINDOWS {
                let rows: Vec<&Event> = rows_of(rows, customer.key, as_of - window, as_of).collect();
                let days: BTreeSet<i64> = rows.iter().filter_map(|row| Some(row.second?.div_euclid(DAY))).collect();
                features.insert(format!("{name}_count_{window}d"), Some(rows.len() as f64));
                features.insert(format!("{name}_active_days_{window}d"), Some(days.len() as f64));
                if name == "visits" {
                    let channels: BTreeSet<&str> = rows.iter().filter_map(|row| row.channel).collect();
                    let sum: f64 = rows.iter().map(|row| row.amount).sum();
                    features.insert(format!("visits_sum_{window}d"), Some(sum));
                    features.insert(format!("visits_categories_{window}d"), Some(channels.len() as f64));
                }
            }
        }
        features
    }
}

/// The rows of a customer on the days `from <= day < to`.
fn rows_of(rows: &[Event], key: i64, from: i64, to: i64) -> impl Iterator<Item = &Event> {
    rows.iter().filter(move |row| {
        row.key == Some(key) && row.second.is_some_and(|second| second >= from * DAY && second < to * DAY)
    })
}
