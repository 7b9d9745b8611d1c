//! What a list is worth: the expected maximum profit of the ranking, and the list length that earns the most.
//!
//! Contacting costs `contact` per customer. A churner who is contacted stays with the save rate, and is then worth the
//! customer's value less the offer; one who would have stayed anyway takes the offer too (Neslin et al. 2006).

use crate::config::{Economics, RankBy};
use crate::metrics::bootstrap::Bootstrap;
use crate::metrics::interval::Interval;
use crate::metrics::Scores;
use crate::numeric::sum;
use crate::weights::Totals;
use serde::{Deserialize, Serialize};

/// The sum of the two parameters of the save rate's distribution: Beta(6, 14) at the default save rate of 0.3.
const CERTAINTY: f64 = 20.0;
/// A ranking is resampled in about so many steps at most.
const STEPS: usize = 4_096;

/// What a list earns, on average over the snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListProfit {
    /// Customers on it.
    pub length: f64,
    /// What the probabilities promise.
    pub expected: f64,
    /// What the outcomes would have given at the stated save rate; the interval is clustered by customer.
    pub realised: Interval,
}

/// The money side of a ranking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profit {
    /// What was assumed.
    pub economics: Economics,
    /// Mean value of a customer.
    pub mean_value: f64,
    /// [`empc`] per customer, at the mean value.
    pub empc: Option<f64>,
    /// Its 95 % interval, by resampling customers.
    #[serde(default)]
    pub empc_interval: Option<Interval>,
    /// Share of customers to contact for it.
    pub empc_share: Option<f64>,
    /// The probability above which contacting a customer of mean value pays.
    pub break_even: f64,
    /// The list of the length that promises the most.
    pub best: ListProfit,
    /// The list at capacity.
    pub at_capacity: ListProfit,
}

/// Rows to be judged, one value each.
pub struct Ranked<'a> {
    /// 1 = churned.
    pub y: &'a [u8],
    /// Probabilities, and what the rows are ranked by.
    pub scores: Scores<'a>,
    /// Customers.
    pub customers: &'a [u32],
    /// Values of the customers.
    pub values: &'a [f64],
    /// Snapshots, each of which gets a list.
    pub dates: &'a [u32],
}

impl Ranked<'_> {
    /// The money side of the ranking by `rank_by`. None without rows.
    pub fn profit(&self, economics: &Economics, rank_by: RankBy, bootstrap: &Bootstrap) -> Option<Profit> {
        if self.y.is_empty() {
            return None;
        }

        let order = self.order(rank_by);
        let snapshots: Vec<&[usize]> = order.chunk_by(|&a, &b| self.dates[a] == self.dates[b]).collect();
        let best: Vec<&[usize]> = snapshots.iter().map(|rows| &rows[..self.best_length(rows, economics)]).collect();
        let within = |rows: &[usize]| self.scores.weights.count_within(rows.iter().copied(), bootstrap.capacity as f64);
        let at_capacity: Vec<&[usize]> = snapshots.iter().map(|rows| &rows[..within(rows)]).collect();

        let weighted = (0..).zip(self.values).map(|(row, value)| self.weight(row) * value);
        let mean_value = sum(weighted) / self.scores.weights.totals(self.y).all;
        let Economics { contact_cost, offer_cost, save_rate, .. } = *economics;
        let found = empc(self.y, self.scores, mean_value, economics);
        Some(Profit {
            economics: economics.clone(),
            mean_value,
            empc: found.map(|found| found.profit),
            empc_interval: found.and_then(|found| self.empc_interval(found.profit, mean_value, economics, bootstrap)),
            empc_share: found.map(|found| found.share),
            break_even: (contact_cost + offer_cost) / (save_rate * (mean_value - offer_cost) + offer_cost),
            best: self.list_profit(&best, economics),
            at_capacity: self.list_profit(&at_capacity, economics),
        })
    }

    fn weight(&self, row: usize) -> f64 {
        self.scores.weights.of(row)
    }

    /// The rows snapshot by snapshot, in each from the first to be contacted.
    fn order(&self, rank_by: RankBy) -> Vec<usize> {
        let score = |row: usize| match rank_by {
            RankBy::Probability => self.scores.by[row],
            // Where everybody responds alike, most is saved where most would be lost.
            RankBy::ExpectedLoss | RankBy::ExpectedSaving => self.scores.p[row] * self.values[row],
        };

        let mut order: Vec<usize> = (0..self.y.len()).collect();
        order.sort_unstable_by(|&a, &b| {
            let by_date = self.dates[a].cmp(&self.dates[b]);
            by_date.then(score(b).total_cmp(&score(a))).then(self.customers[a].cmp(&self.customers[b]))
        });
        order
    }

    /// What contacting the customer of a row earns, who churns with the chance `churned`.
    fn earned(&self, row: usize, churned: f64, economics: &Economics) -> f64 {
        let Economics { contact_cost, offer_cost, save_rate, .. } = economics;
        churned * save_rate * (self.values[row] - offer_cost) - (1.0 - churned) * offer_cost - contact_cost
    }

    /// How many of the rows to contact, the first ones, for the most that the probabilities promise.
    fn best_length(&self, rows: &[usize], economics: &Economics) -> usize {
        let (mut total, mut most, mut length) = (0.0, 0.0, 0);
        for (at, &row) in rows.iter().enumerate() {
            total += self.weight(row) * self.earned(row, self.scores.p[row], economics);
            if total > most {
                (most, length) = (total, at + 1);
            }
        }
        length
    }

    /// What lists earn, on average; each is of a snapshot.
    fn list_profit(&self, lists: &[&[usize]], economics: &Economics) -> ListProfit {
        let count = lists.len() as f64;
        let rows = lists.concat();
        let expected = sum(rows.iter().map(|&row| self.weight(row) * self.earned(row, self.scores.p[row], economics)));

        let money = |&row: &usize| Money {
            customer: self.customers[row],
            earned: self.earned(row, f64::from(self.y[row]), economics),
            weight: self.weight(row),
        };
        let mut realised: Vec<Money> = rows.iter().map(money).collect();
        realised.sort_unstable_by(|a, b| {
            let by_customer = a.customer.cmp(&b.customer);
            by_customer.then(a.earned.total_cmp(&b.earned)).then(a.weight.total_cmp(&b.weight))
        });
        let total = sum(realised.iter().map(|money| money.weight * money.earned));
        let length: f64 = realised.iter().map(|money| money.weight).sum();
        let mean = total / if length > 0.0 { length } else { 1.0 };
        let of_customer = |of: &[Money]| sum(of.iter().map(|money| money.weight * (money.earned - mean)));
        let square = sum(realised.chunk_by(|a, b| a.customer == b.customer).map(|of| of_customer(of).powi(2)));

        ListProfit {
            length: length / count,
            expected: expected / count,
            realised: Interval::normal(total / count, square.sqrt() / count),
        }
    }

    /// The interval of [`empc`]. Many rows are gathered into about [`STEPS`] equal steps: the curve through these is as
    /// good as the whole one.
    fn empc_interval(&self, found: f64, value: f64, economics: &Economics, bootstrap: &Bootstrap) -> Option<Interval> {
        let mut order: Vec<usize> = (0..self.y.len()).collect();
        order.sort_unstable_by(|&a, &b| self.scores.by[b].total_cmp(&self.scores.by[a]));
        let full = order.len().div_ceil(STEPS);
        let (mut cells, mut step, mut filled) = (vec![0; order.len()], 0u32, 0);
        for tie in order.chunk_by(|&a, &b| self.scores.by[a] == self.scores.by[b]) {
            if filled >= full {
                (step, filled) = (step + 1, 0);
            }
            filled += tie.len();
            tie.iter().for_each(|&row| cells[row] = 2 * step + u32::from(self.y[row] == 1));
        }
        bootstrap.interval_from_cells(found, &cells, self.customers, self.scores.weights, |counts| {
            let steps = counts.chunks_exact(2).map(|cells| Outcomes { churned: cells[1], stayed: cells[0] });
            empc_from_steps(steps, value, economics).map_or(f64::NAN, |found| found.profit)
        })
    }
}

/// What contacting the customer of a row has earned.
struct Money {
    customer: u32,
    earned: f64,
    /// How many customers the row stands for.
    weight: f64,
}

/// The expected maximum profit of a ranking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Empc {
    /// Per customer.
    pub profit: f64,
    /// The share of customers that is contacted for it.
    pub share: f64,
}

/// Customers who churned and who stayed: how many, or which shares of all who did.
#[derive(Clone, Copy, Debug)]
struct Outcomes {
    churned: f64,
    stayed: f64,
}

/// Expected maximum profit for customer churn (EMPC; Verbraken, Verbeke & Baesens 2013): the profit per customer of
/// contacting the best share of the ranking, and that share, averaged over a save rate that is only known as a Beta
/// distribution. With the defaults (value 200, offer 10, contact 1, Beta(6, 14)) it is
/// the `empChurn` of the authors' R package EMP. `None` unless there are both classes, or if the value is not above the
/// offer.
pub fn empc<'a>(y: &[u8], scores: impl Into<Scores<'a>>, value: f64, economics: &Economics) -> Option<Empc> {
    let Scores { by, weights, .. } = scores.into();
    let row = |(row, (&score, &y)): (usize, (&f64, &u8))| (score, weights.of(row), y == 1);
    let mut order: Vec<(f64, f64, bool)> = by.iter().zip(y).enumerate().map(row).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
    let ties = order.chunk_by(|a, b| a.0 == b.0).map(|tie| {
        let mut totals = Totals::default();
        tie.iter().for_each(|&(_, weight, churned)| totals.add(weight, churned));
        Outcomes { churned: totals.churned, stayed: totals.all - totals.churned }
    });
    empc_from_steps(ties, value, economics)
}

/// [`empc`] of the steps of a ranking, from the highest score: how many churned and how many stayed in each of them.
fn empc_from_steps(steps: impl Iterator<Item = Outcomes> + Clone, value: f64, economics: &Economics) -> Option<Empc> {
    let (mut churners, mut stayed) = (0.0, 0.0);
    for step in steps.clone() {
        churners += step.churned;
        stayed += step.stayed;
    }
    let n = churners + stayed;
    let (offer, contact) = (economics.offer_cost / value, economics.contact_cost / value);
    let (a, b) = (economics.save_rate * CERTAINTY, (1.0 - economics.save_rate) * CERTAINTY);
    if churners == 0.0 || stayed == 0.0 || value <= economics.offer_cost || a <= 0.0 || b <= 0.0 {
        return None;
    }
    let (p1, p0) = (churners / n, stayed / n);
    let hull = convex_hull(steps, churners, stayed);
    let (mut profit, mut share, mut from) = (0.0, 0.0, 0.0);

    for (at, &Outcomes { churned: f1, stayed: f0 }) in hull.iter().enumerate() {
        // The save rate from which on the next corner of the hull is better.
        let upto = hull.get(at + 1).map_or(1.0, |next| {
            let (d1, d0) = (next.churned - f1, next.stayed - f0);
            ((p0 * (offer + contact) * d0 + p1 * contact * d1) / (p1 * (1.0 - offer) * d1)).min(1.0)
        });
        // E[rate; from < rate < upto] and P(from < rate < upto) of Beta(a, b).
        let mass = beta_cdf(upto, a, b) - beta_cdf(from, a, b);
        let moment = a / (a + b) * (beta_cdf(upto, a + 1.0, b) - beta_cdf(from, a + 1.0, b));
        profit += value * ((1.0 - offer) * p1 * f1 * moment - (contact * p1 * f1 + (offer + contact) * p0 * f0) * mass);
        share += (p1 * f1 + p0 * f0) * mass;
        from = upto;
        if upto >= 1.0 {
            break;
        }
    }

    Some(Empc { profit, share })
}

/// The corners of the upper convex hull of the ROC curve, from no share of either class to all of both.
fn convex_hull(steps: impl Iterator<Item = Outcomes>, churners: f64, stayed: f64) -> Vec<Outcomes> {
    let mut reached = Outcomes { churned: 0.0, stayed: 0.0 };
    let mut hull = vec![reached];
    for step in steps {
        reached.churned += step.churned;
        reached.stayed += step.stayed;
        while let [.., before, last] = hull[..] {
            // Counts are whole numbers, so the comparison of slopes is exact.
            let rise = (last.churned - before.churned) * (reached.stayed - last.stayed);
            if rise <= (reached.churned - last.churned) * (last.stayed - before.stayed) {
                hull.pop();
            } else {
                break;
            }
        }
        hull.push(reached);
    }

    let share = |corner: Outcomes| Outcomes { churned: corner.churned / churners, stayed: corner.stayed / stayed };
    hull.into_iter().map(share).collect()
}

/// The distribution function of Beta(a, b), by the continued fraction of DLMF 8.17.22 with Lentz's method.
fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_cdf(1.0 - x, b, a);
    }
    let front = (libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * x.ln() + b * (-x).ln_1p()).exp() / a;
    let tiny = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / tiny(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;

    for m in 1..300 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / tiny(1.0 + term * d);
            c = tiny(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }

    front * fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOTSTRAP: Bootstrap = Bootstrap { replicates: 400, seed: 7, capacity: 20 };

    fn defaults() -> Economics {
        Economics { contact_cost: 1.0, offer_cost: 10.0, save_rate: 0.3, customer_value: 200.0, value_months: 12 }
    }

    #[test]
    fn the_beta_distribution_is_that_of_its_binomial_sum() {
        // For whole a and b, I_x(a, b) is the chance of at least a successes in a + b - 1 draws.
        for (a, b) in [(6u32, 14u32), (7, 14), (1, 1), (3, 2)] {
            for x in [0.01, 0.2, 0.3, 0.5, 0.77, 0.99] {
                let n = a + b - 1;
                let mut term = (1.0f64 - x).powi(n as i32);
                let mut sum = if a == 0 { term } else { 0.0 };
                for k in 1..=n {
                    term *= f64::from(n - k + 1) / f64::from(k) * x / (1.0 - x);
                    sum += if k >= a { term } else { 0.0 };
                }
                let found = beta_cdf(x, f64::from(a), f64::from(b));
                assert!((found - sum).abs() < 1e-12, "I_{x}({a}, {b}) = {found}, not {sum}");
            }
        }
    }

    #[test]
    fn a_perfect_ranking_contacts_the_churners_alone() {
        let y = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        let score: Vec<f64> = (0..10).map(|i| 1.0 - f64::from(i) / 10.0).collect();
        let Empc { profit, share } = empc(&y, &score, 200.0, &defaults()).unwrap();
        // A fifth of the customers, each saved in 3 of 10 cases, worth 190, less the contact.
        assert!((profit - 0.2 * (0.3 * 190.0 - 1.0)).abs() < 0.01, "{profit}");
        assert!((share - 0.2).abs() < 0.001, "{share}");
        assert_eq!(empc(&[0, 0], &[0.1, 0.2], 200.0, &defaults()), None);
        assert_eq!(empc(&y, &score, 5.0, &defaults()), None);
    }

    #[test]
    fn the_interval_of_the_profit_is_as_wide_as_its_spread_over_samples() {
        // Samples of customers from one population: the width tells how far their EMPCs are apart.
        let mut state = 1u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };

        let mut sample = |rows: usize, copies: u32| {
            let p: Vec<f64> = (0..rows).map(|_| uniform() * 0.6).collect();
            let y: Vec<u8> = p.iter().map(|p| u8::from(uniform() < *p)).collect();
            let repeat = |of: &[f64]| -> Vec<f64> { (0..copies).flat_map(|_| of.to_vec()).collect() };
            let many: Vec<u8> = (0..copies).flat_map(|_| y.clone()).collect();
            let customers: Vec<u32> = (0..copies).flat_map(|_| 0..rows as u32).collect();
            let (p, values, dates) = (repeat(&p), vec![200.0; many.len()], vec![0; many.len()]);
            let ranked =
                Ranked { y: &many, scores: (&p).into(), customers: &customers, values: &values, dates: &dates };
            ranked.profit(&defaults(), RankBy::Probability, &BOOTSTRAP).unwrap().empc_interval.unwrap()
        };

        let found: Vec<Interval> = (0..60).map(|_| sample(500, 1)).collect();
        assert!(found.iter().all(|interval| interval.covers(interval.estimate)));
        let mean = found.iter().map(|i| i.estimate).sum::<f64>() / 60.0;
        let spread = (found.iter().map(|i| (i.estimate - mean).powi(2)).sum::<f64>() / 59.0).sqrt();
        let width = found.iter().map(|i| i.upper - i.lower).sum::<f64>() / 60.0;
        assert!((width / (2.0 * 1.96 * spread) - 1.0).abs() < 0.25, "{width} {spread}");

        // A customer's rows are drawn together, so copies of them tell nothing new.
        let copied: Vec<Interval> = (0..20).map(|_| sample(500, 4)).collect();
        let of_copies = copied.iter().map(|i| i.upper - i.lower).sum::<f64>() / 20.0;
        assert!((of_copies / width - 1.0).abs() < 0.15, "{of_copies} {width}");

        // 20,000 rows are resampled in steps.
        let large = sample(20_000, 1);
        assert!(large.covers(large.estimate) && large.upper - large.lower < 0.25 * width, "{large:?} {width}");
    }

    #[test]
    fn the_best_list_ends_where_contacting_stops_to_pay() {
        let p: Vec<f64> = (0..200).map(|i| f64::from(i) / 200.0).collect();
        let y: Vec<u8> = (0..200).map(|i| u8::from(i % 3 == 0)).collect();
        let ranked = Ranked {
            y: &y,
            scores: (&p).into(),
            customers: &(0..200).collect::<Vec<u32>>(),
            values: &[200.0; 200],
            dates: &[0; 200],
        };

        let profit = ranked.profit(&defaults(), RankBy::Probability, &BOOTSTRAP).unwrap();
        assert!((profit.break_even - 11.0 / 67.0).abs() < 1e-12);
        assert_eq!(profit.best.length, p.iter().filter(|&&p| p > profit.break_even).count() as f64);
        assert_eq!(profit.at_capacity.length, 20.0);
        assert!(profit.best.expected > profit.at_capacity.expected);

        // Not worth a call.
        let dear = Economics { contact_cost: 500.0, ..defaults() };
        let none = ranked.profit(&dear, RankBy::Probability, &BOOTSTRAP).unwrap().best;
        assert_eq!((none.length, none.expected, none.realised.estimate), (0.0, 0.0, 0.0));
        let nobody = Ranked { y: &[], scores: (&[]).into(), customers: &[], values: &[], dates: &[] };
        assert_eq!(nobody.profit(&defaults(), RankBy::Probability, &BOOTSTRAP), None);
    }
}
