//! Seeded chance: streams of random numbers that depend on the seed and on what they are for, never on the order in
//! which threads ask for them.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use rand_pcg::Pcg64Mcg;

/// The stream that draws a customer, as opposed to a customer's week.
pub const PERSON: u32 = u32::MAX;

/// The stream of one customer in one week (or of the person, with [`PERSON`]). Neighbouring streams start from states
/// that SplitMix64's finaliser has scattered (Steele, Lea and Flood, 2014), so they are unrelated.
pub fn stream(seed: u64, customer: u32, week: u32) -> Pcg64Mcg {
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

/// A whole number whose mean is `mean`, as close to it as can be: the whole part, or one more.
pub fn round_at_random(mean: f64, rng: &mut impl Rng) -> u32 {
    // A float to integer cast saturates, and a mean is neither negative nor near the limit.
    (mean + rng.random::<f64>()) as u32
}

/// The index of one of the weights, drawn in proportion to them.
pub fn pick(weights: &[f64], rng: &mut impl Rng) -> usize {
    let mut rest = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (index, weight) in weights.iter().enumerate() {
        rest -= weight;
        if rest < 0.0 {
            return index;
        }
    }
    weights.len().saturating_sub(1)
}

/// A standard normal number.
pub fn normal(rng: &mut impl Rng) -> f64 {
    rng.sample(StandardNormal)
}

/// A log-normal factor of mean 1 whose logarithm has the standard deviation `spread`.
pub fn log_normal(spread: f64, rng: &mut impl Rng) -> f64 {
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
