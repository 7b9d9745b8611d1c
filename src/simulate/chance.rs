//! Seeded chance: streams of random numbers that depend on the seed and on their purpose, never on the order in which
//! threads ask for them.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use rand_pcg::Pcg64Mcg;

/// The number that takes the place of a week in the stream from which a customer is drawn.
pub(super) const PERSON: u32 = u32::MAX;
/// As [`PERSON`], for what is drawn of a customer only once the history goes on: the churn, a false decline, and
/// whether outreach saves the customer.
pub(super) const LATER_CHURN: u32 = u32::MAX - 1;
pub(super) const LATER_DECLINE: u32 = u32::MAX - 2;
pub(super) const OUTREACH: u32 = u32::MAX - 3;

/// The random numbers of a customer in a week; with [`PERSON`] as the week, those of the person. Neighbouring streams
/// start from states that the finaliser of SplitMix64 has scattered (Steele, Lea and Flood, 2014), so they are
/// unrelated.
pub(super) fn stream(seed: u64, customer: u32, week: u32) -> Pcg64Mcg {
    let place = (u64::from(customer) << 32) | u64::from(week);
    let low = scatter(scatter(seed) ^ place);
    let high = scatter(low);
    Pcg64Mcg::new((u128::from(high) << 64) | u128::from(low))
}

fn scatter(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A random whole number with the mean `mean`: either its whole part, or one more.
pub(super) fn round_at_random(mean: f64, rng: &mut impl Rng) -> u32 {
    // The cast truncates: a mean is neither negative nor close to what 32 bits can hold.
    (mean + rng.random::<f64>()) as u32
}

/// Draws the index of one of the weights, in proportion to them.
pub(super) fn pick(weights: &[f64], rng: &mut impl Rng) -> usize {
    let mut rest = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (index, weight) in weights.iter().enumerate() {
        rest -= weight;
        if rest < 0.0 {
            return index;
        }
    }
    weights.len().saturating_sub(1)
}

/// A random number with a standard normal distribution.
pub(super) fn normal(rng: &mut impl Rng) -> f64 {
    rng.sample(StandardNormal)
}

/// A random log-normal factor of mean 1 whose logarithm has the standard deviation `spread`.
pub(super) fn log_normal(spread: f64, rng: &mut impl Rng) -> f64 {
    (spread * normal(rng) - spread * spread / 2.0).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_customer_and_week() {
        let first = |seed, customer, week| stream(seed, customer, week).random::<u64>();
        let draws = [first(1, 1, 1), first(2, 1, 1), first(1, 2, 1), first(1, 1, 2), first(1, 1, PERSON)];

        for (i, draw) in draws.iter().enumerate() {
            assert!(!draws[..i].contains(draw));
        }
        assert_eq!(first(1, 1, 1), draws[0]);
    }
}
