//! Churn of the contacted against churn of the control group, stratum by stratum: the Mantel-Haenszel risk difference
//! (Greenland & Robins, Biometrics 41, 1985) with the variance of Sato (Biometrics 45, 1989), which holds for few large
//! strata and for many small ones, and the test of Cochran, Mantel and Haenszel.

use crate::metrics::interval::Interval;
use serde::{Deserialize, Serialize};

/// Customers of a group, and how many of them left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// All of them.
    pub customers: u64,
    /// Those who left.
    pub left: u64,
}

impl Count {
    /// Adds a customer.
    pub fn add(&mut self, left: bool) {
        self.customers += 1;
        self.left += u64::from(left);
    }

    /// The share that left; none of nobody.
    pub fn rate(self) -> Option<f64> {
        (self.customers > 0).then(|| self.left as f64 / self.customers as f64)
    }

    fn merge(&mut self, other: Count) {
        self.customers += other.customers;
        self.left += other.left;
    }
}

/// The two groups of a stratum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stratum {
    /// To be contacted.
    pub contact: Count,
    /// Left alone.
    pub control: Count,
}

impl Stratum {
    /// All strata as one.
    pub fn total(strata: &[Stratum]) -> Stratum {
        let mut total = Stratum::default();
        for stratum in strata {
            total.contact.merge(stratum.contact);
            total.control.merge(stratum.control);
        }
        total
    }

    /// What a stratum weighs: one with a single group says nothing.
    fn weight(&self) -> f64 {
        let (contact, control) = (self.contact.customers as f64, self.control.customers as f64);
        if contact + control > 0.0 {
            contact * control / (contact + control)
        } else {
            0.0
        }
    }
}

/// How many percentage points (as a share) fewer of the contacted left than of the control group, pooled over strata.
/// None unless some stratum has both groups, and where nobody or everybody left, so that nothing is known of the
/// variance.
pub fn risk_difference(strata: &[Stratum]) -> Option<Interval> {
    let (mut weights, mut difference, mut p, mut q) = (0.0, 0.0, 0.0, 0.0);
    for stratum in strata {
        let weight = stratum.weight();
        if weight == 0.0 {
            continue;
        }
        let (n1, x1) = (stratum.control.customers as f64, stratum.control.left as f64);
        let (n0, x0) = (stratum.contact.customers as f64, stratum.contact.left as f64);
        let n = n1 + n0;

        weights += weight;
        difference += weight * (x1 / n1 - x0 / n0);
        p += (n1 * n1 * x0 - n0 * n0 * x1 + n1 * n0 * (n0 - n1) / 2.0) / (n * n);
        q += (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2.0 * n);
    }
    if weights == 0.0 {
        return None;
    }

    let estimate = difference / weights;
    let variance = (estimate * p + q) / (weights * weights);
    (variance > 0.0).then(|| Interval::normal(estimate, variance.sqrt()))
}

/// The p-value of the test of Cochran, Mantel and Haenszel, without correction for continuity, that churn does not
/// depend on the group in any stratum. None where nothing varies.
pub fn cmh_p_value(strata: &[Stratum]) -> Option<f64> {
    let (mut excess, mut variance) = (0.0, 0.0);
    for Stratum { contact, control } in strata {
        let (n1, n0) = (control.customers as f64, contact.customers as f64);
        let n = n1 + n0;
        if n < 2.0 {
            continue;
        }
        let left = (control.left + contact.left) as f64;
        excess += control.left as f64 - n1 * left / n;
        variance += n1 * n0 * left * (n - left) / (n * n * (n - 1.0));
    }
    (variance > 0.0).then(|| chi_square_p_value(excess * excess / variance))
}

/// The p-value of the check that as many customers are in the control group as were to be expected, each having been
/// drawn into it with a chance of its own: Pearson's chi-square. None without any chance.
pub fn allocation_p_value(control: u64, chances: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut expected, mut variance) = (0.0, 0.0);
    for chance in chances {
        expected += chance;
        variance += chance * (1.0 - chance);
    }
    (variance > 0.0).then(|| chi_square_p_value((control as f64 - expected).powi(2) / variance))
}

/// The share of the chi-square distribution with one degree of freedom above a value.
fn chi_square_p_value(statistic: f64) -> f64 {
    libm::erfc((statistic / 2.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What `tests/golden/outreach.py` writes: a row of `strata` is control customers, those who left, and the same of
    /// the contacted.
    #[derive(Deserialize)]
    struct Golden {
        strata: Vec<[u64; 4]>,
        difference: f64,
        standard_error: f64,
        cmh_p_value: f64,
        share: f64,
        allocation_p_value: f64,
    }

    fn strata(rows: &[[u64; 4]]) -> Vec<Stratum> {
        let count = |customers, left| Count { customers, left };
        rows.iter().map(|&[n1, x1, n0, x0]| Stratum { control: count(n1, x1), contact: count(n0, x0) }).collect()
    }

    #[test]
    fn pooled_differences_are_those_of_other_programs() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/outreach/strata.json");
        let golden: Vec<Golden> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(golden.len() > 20);
        for case in golden {
            let strata = strata(&case.strata);
            let found = risk_difference(&strata).unwrap();
            let standard_error = (found.upper - found.estimate) / crate::numeric::Z_95;
            assert!((found.estimate - case.difference).abs() < 1e-12, "{} {}", found.estimate, case.difference);
            assert!((standard_error - case.standard_error).abs() < 1e-12, "{standard_error} {}", case.standard_error);
            let p_value = cmh_p_value(&strata).unwrap();
            assert!((p_value - case.cmh_p_value).abs() < 1e-12, "{p_value} {}", case.cmh_p_value);

            let Stratum { control, contact } = Stratum::total(&strata);
            let chances = (0..control.customers + contact.customers).map(|_| case.share);
            let p_value = allocation_p_value(control.customers, chances).unwrap();
            assert!((p_value - case.allocation_p_value).abs() < 1e-9, "{p_value} {}", case.allocation_p_value);
        }
    }

    #[test]
    fn strata_with_one_group_or_without_churn_say_nothing() {
        assert_eq!(risk_difference(&strata(&[[0, 0, 10, 2], [5, 1, 0, 0]])), None);
        assert_eq!(risk_difference(&strata(&[[5, 0, 10, 0]])), None);
        assert_eq!(cmh_p_value(&strata(&[[5, 5, 10, 10], [0, 0, 0, 0]])), None);
        let with = risk_difference(&strata(&[[10, 4, 90, 18], [0, 0, 50, 50]]));
        assert_eq!(with, risk_difference(&strata(&[[10, 4, 90, 18]])));
        assert_eq!(allocation_p_value(0, std::iter::repeat_n(0.0, 10)), None);
    }

    proptest! {
        #[test]
        fn one_stratum_has_the_plain_difference_and_groups_that_swap_turn_it(
            control in (1..200u64, 0..200u64), contact in (1..200u64, 0..200u64),
        ) {
            let row = [control.0, control.1.min(control.0), contact.0, contact.1.min(contact.0)];
            let turned = [row[2], row[3], row[0], row[1]];
            if let Some(found) = risk_difference(&strata(&[row])) {
                let plain = row[1] as f64 / row[0] as f64 - row[3] as f64 / row[2] as f64;
                prop_assert!((found.estimate - plain).abs() < 1e-12);
                let turned = risk_difference(&strata(&[turned])).unwrap();
                prop_assert!((found.estimate + turned.estimate).abs() < 1e-12);
                prop_assert!((found.upper + turned.lower).abs() < 1e-9);
            }
        }
    }
}
