//! What contact changes for one customer, as far as one outcome can tell.

use crate::ranking::Group;

/// By how much contact raises the chance that a customer stays, estimated without bias from the one outcome there is:
/// the outcome less the published probability, over the chance of the group (Robins, Rotnitzky & Zhao 1994). Its mean
/// over customers is the effect whatever the probability is worth, and varies the less the better it is.
pub fn worth(group: Group, left: bool, probability: f64, control_share: f64) -> f64 {
    let surprise = f64::from(u8::from(left)) - probability;
    match group {
        Group::Control => surprise / control_share,
        Group::Contact => -surprise / (1.0 - control_share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_mean_is_the_effect_whatever_the_probability_is_worth() {
        let (share, alone, contacted) = (0.2, 0.5, 0.3);
        for probability in [0.0, 0.3, 0.9] {
            let of = |group, rate: f64| {
                rate * worth(group, true, probability, share) + (1.0 - rate) * worth(group, false, probability, share)
            };
            let mean = share * of(Group::Control, alone) + (1.0 - share) * of(Group::Contact, contacted);
            assert!((mean - (alone - contacted)).abs() < 1e-12, "{mean}");
        }
    }
}
