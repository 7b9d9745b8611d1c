//! What a control group can show: the smallest effect of outreach that the groups of a list tell from chance, by the
//! time that lists have been made.
//!
//! Churn of the contacted is compared with churn of the control group by the test of two proportions, two-sided at 5 %,
//! with the pooled variance under no effect and the groups' own under an effect (Fleiss, Levin and Paik 2003,
//! "Statistical Methods for Rates and Proportions", chapter 4; the `power_proportions_2indep` of statsmodels). An
//! effect *can be shown* if four trials in five would. A customer counts once, when first listed.

use crate::language::{Texts, Value};
use crate::numeric::Z_95;
use serde::Serialize;

/// The share of trials that must show an effect which is there.
const POWER: f64 = 0.8;
/// The effect that people ask for, as a difference of shares.
pub const ASKED: f64 = 0.05;
/// Months after which it is said what can be shown, and their days.
const MONTHS: [(u32, u32); 3] = [(1, 30), (3, 91), (6, 182)];
/// Lists tell how customers accrue once they span so many days.
const LEAST_DAYS: u32 = 28;

/// Customers left alone, and customers contacted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Groups {
    /// Left alone.
    pub control: f64,
    /// Contacted.
    pub contact: f64,
}

impl Groups {
    /// So many customers, of whom a share is left alone.
    pub fn split(customers: f64, control_share: f64) -> Groups {
        Groups { control: customers * control_share, contact: customers * (1.0 - control_share) }
    }

    /// The share of trials that show an effect: of those left alone a share `rate` churns, of those contacted `effect`
    /// less.
    pub fn power(self, rate: f64, effect: f64) -> f64 {
        let Groups { control, contact } = self;
        let treated = rate - effect;
        let pooled = (treated * contact + rate * control) / (contact + control);

        let variance = |of_contact: f64, of_control: f64| {
            of_contact * (1.0 - of_contact) / contact + of_control * (1.0 - of_control) / control
        };
        let without_effect = variance(pooled, pooled).max(0.0).sqrt();
        let with_effect = variance(treated, rate).max(0.0).sqrt();
        let (bound, shift) = (Z_95 * without_effect / with_effect, effect / with_effect);
        normal_cdf(shift - bound) + normal_cdf(-shift - bound)
    }

    /// The smallest effect that can be shown; none if even an outreach that keeps everybody cannot be told from chance.
    pub fn smallest_effect(self, rate: f64) -> Option<f64> {
        let can_show = |effect: f64| self.power(rate, effect) >= POWER;
        if !(rate > 0.0 && rate < 1.0 && self.control > 0.0 && self.contact > 0.0 && can_show(rate)) {
            return None;
        }

        let (mut hidden, mut shown) = (0.0, rate);
        while shown - hidden > 1e-9 {
            let middle = 0.5 * (hidden + shown);
            if can_show(middle) {
                shown = middle;
            } else {
                hidden = middle;
            }
        }
        Some(shown)
    }
}

/// The share of the standard normal distribution below `x`.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// How customers come onto lists.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Accrual {
    /// Customers on one list.
    pub on_a_list: u64,
    /// Customers a day who have not been on a list before.
    pub new_a_day: f64,
    /// The most customers that there are.
    pub most: u64,
    /// Where that is known from.
    #[serde(flatten)]
    pub basis: Basis,
}

/// Where it is known from how customers come onto lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "accrual", rename_all = "snake_case")]
pub enum Basis {
    /// The lists so far.
    Lists {
        /// How many.
        lists: usize,
        /// Days from the first to the last of them.
        days: u32,
    },
    /// Nothing but the assumption that everybody on a list is replaced within so many days.
    Assumed {
        /// The days.
        days: u32,
    },
}

/// What the lists so far say of how many customers they reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListsSoFar {
    /// How many lists.
    pub lists: usize,
    /// Days from the first to the last of them.
    pub days: u32,
    /// Customers on the first.
    pub on_the_first: usize,
    /// Customers on all of them together.
    pub on_any: usize,
    /// Lines of all of them together.
    pub lines: usize,
}

impl Accrual {
    /// For lists of `capacity` of at most `most` customers: as many new ones a day as the lists so far had, in
    /// proportion to their length; where these span less than four weeks, a whole new list in every `label_days`.
    pub fn new(capacity: u64, most: u64, so_far: &ListsSoFar, label_days: u32) -> Accrual {
        let on_a_list = capacity.min(most);
        if so_far.lists > 1 && so_far.days >= LEAST_DAYS && so_far.lines > 0 {
            let new = so_far.on_any.saturating_sub(so_far.on_the_first) as f64 / f64::from(so_far.days);
            let mean_length = so_far.lines as f64 / so_far.lists as f64;
            let basis = Basis::Lists { lists: so_far.lists, days: so_far.days };
            return Accrual { on_a_list, new_a_day: new * on_a_list as f64 / mean_length, most, basis };
        }
        let days = label_days.max(1);
        Accrual { on_a_list, new_a_day: on_a_list as f64 / f64::from(days), most, basis: Basis::Assumed { days } }
    }

    /// The days after which lists have reached enough customers to show an effect, of whom a share `control` is left
    /// alone and a share `rate` of those churns; none if that takes longer than `most` days.
    pub fn days_to_show(&self, effect: f64, rate: f64, control: f64, most: u32) -> Option<u32> {
        let shows = |days: &u32| {
            let groups = Groups::split(self.customers(*days), control);
            groups.smallest_effect(rate).is_some_and(|smallest| smallest <= effect)
        };
        (0..=most).find(shows)
    }

    /// Customers who have been on a list within so many days.
    pub fn customers(&self, days: u32) -> f64 {
        (self.on_a_list as f64 + self.new_a_day * f64::from(days)).min(self.most as f64)
    }
}

/// What a control group can show.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ControlPower {
    /// The share of the listed that churns when left alone.
    pub churn: f64,
    /// The share of the listed that is left alone.
    pub control_fraction: f64,
    /// How customers come onto lists.
    #[serde(flatten)]
    pub accrual: Accrual,
    /// After some months each.
    pub after: Vec<Shown>,
}

/// What can be shown after some months.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// The months.
    pub months: u32,
    /// Customers who have been on a list by then.
    pub customers: u64,
    /// Those of them left alone.
    pub control: u64,
    /// The smallest effect that can be shown, as a difference of shares; none if there is none.
    pub smallest_effect: Option<f64>,
    /// The smallest control share that would show 5 points; none if no share up to one half does.
    pub control_fraction_for_5_points: Option<f64>,
}

impl ControlPower {
    /// For a share of churners among the listed, and the share of them that is left alone.
    pub fn new(churn: f64, control_fraction: f64, accrual: Accrual) -> ControlPower {
        let after = MONTHS.map(|(months, days)| {
            let customers = accrual.customers(days);
            let groups = Groups::split(customers, control_fraction);
            Shown {
                months,
                customers: customers.round() as u64,
                control: groups.control.round() as u64,
                smallest_effect: groups.smallest_effect(churn),
                control_fraction_for_5_points: share_that_shows(customers, churn, ASKED),
            }
        });
        ControlPower { churn, control_fraction, accrual, after: after.to_vec() }
    }

    /// In sentences: what can be shown, what would show 5 points, and how the number of customers is known.
    pub fn sentences(&self, texts: &Texts) -> Vec<String> {
        let share = self.share_that_would(texts);
        if self.control_fraction == 0.0 {
            return vec![texts.with("power-none", &[("share", share.into())])];
        }

        let numbers = texts.language().numbers_in_sentences();
        let after: Vec<String> = self.after.iter().map(|shown| shown.told(texts)).collect();
        let smallest = [
            ("fraction", numbers.percent(self.control_fraction, 0).into()),
            ("churn", numbers.percent(self.churn, 1).into()),
            ("after", after.join(&texts.text("comma")).into()),
        ];
        vec![texts.with("power-smallest", &smallest), [share, self.basis(texts)].join(&texts.text("sentence-space"))]
    }

    fn share_that_would(&self, texts: &Texts) -> String {
        let first = self.after.iter().find_map(|shown| Some((shown.months, shown.control_fraction_for_5_points?)));
        match first {
            _ if self.churn <= ASKED => texts.text("power-little"),
            Some((months, share)) => {
                let share = texts.language().numbers_in_sentences().percent(share, 0);
                texts.with("power-share", &[("share", share.into()), ("months", months.into())])
            }
            None => texts.text("power-no-share"),
        }
    }

    fn basis(&self, texts: &Texts) -> String {
        match self.accrual.basis {
            Basis::Lists { lists, days } => {
                texts.with("power-lists", &[("lists", lists.into()), ("days", days.into())])
            }
            Basis::Assumed { days } => texts.with("power-assumed", &[("days", days.into())]),
        }
    }
}

impl Shown {
    /// "4.4 points after 1 month (905 customers, 91 of them control)"
    fn told(&self, texts: &Texts) -> String {
        let effect = match self.smallest_effect {
            Some(effect) => {
                let points = texts.language().numbers_in_sentences().decimals(100.0 * effect, 1);
                texts.with("power-points", &[("points", points.into())])
            }
            None => texts.text("power-nothing"),
        };
        let counts: [(&str, Value<'_>); 3] =
            [("months", self.months.into()), ("customers", self.customers.into()), ("control", self.control.into())];
        let [months, customers, control] = counts;
        texts.with("power-after", &[("effect", effect.into()), months, customers, control])
    }
}

/// The smallest control share in whole per cent, up to one half, that shows an effect.
fn share_that_shows(customers: f64, rate: f64, effect: f64) -> Option<f64> {
    let shows =
        |share: &f64| Groups::split(customers, *share).smallest_effect(rate).is_some_and(|smallest| smallest <= effect);
    (1..=50).map(|percent| f64::from(percent) / 100.0).find(shows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use proptest::prelude::*;
    use serde::Deserialize;

    /// What `tests/golden/power.py` writes.
    #[derive(Deserialize)]
    struct Golden {
        rate: f64,
        effect: f64,
        control: f64,
        contact: f64,
        power: f64,
        smallest_effect: Option<f64>,
    }

    #[test]
    fn power_is_that_of_statsmodels() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/power/two_proportions.json");
        let golden: Vec<Golden> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(golden.len() > 100 && golden.iter().any(|case| case.smallest_effect.is_none()));
        for case in golden {
            let groups = Groups { control: case.control, contact: case.contact };
            let power = groups.power(case.rate, case.effect);
            assert!((power - case.power).abs() < 1e-12, "{power}, not {}", case.power);
            match (groups.smallest_effect(case.rate), case.smallest_effect) {
                (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-8, "{found}, not {expected}"),
                (found, expected) => assert_eq!(found, expected),
            }
        }
    }

    #[test]
    fn a_list_of_500_shows_little() {
        let points = |customers: f64| 100.0 * Groups::split(customers, 0.1).smallest_effect(0.2).unwrap();
        assert_eq!([500.0, 5_000.0, 20_000.0].map(|customers| points(customers).round()), [13.0, 5.0, 3.0]);
        assert_eq!(Groups::split(50.0, 0.1).smallest_effect(0.05), None);
        for odd in [0.0, 1.0, f64::NAN, -0.1, 2.0] {
            assert_eq!(Groups::split(500.0, 0.1).smallest_effect(odd), None);
            assert!(Groups::split(500.0, odd).smallest_effect(0.2).is_none());
        }
        assert_eq!(Groups::split(0.0, 0.1).smallest_effect(0.2), None);
    }

    proptest! {
        #[test]
        fn more_customers_show_smaller_effects(rate in 0.02..0.9f64, share in 0.02..0.5f64, customers in 200.0..1e5f64) {
            let at = |customers: f64| Groups::split(customers, share).smallest_effect(rate);
            if let Some(effect) = at(customers) {
                prop_assert!(effect > 0.0 && effect <= rate);
                prop_assert!(at(2.0 * customers).unwrap() < effect);
                let power = Groups::split(customers, share).power(rate, effect);
                prop_assert!((power - POWER).abs() < 1e-4, "{}", power);
            }
        }
    }

    #[test]
    fn customers_accrue_as_lists_so_far_say_or_as_is_assumed() {
        let so_far = ListsSoFar { lists: 31, days: 30, on_the_first: 100, on_any: 400, lines: 3_100 };
        let accrual = Accrual::new(200, 10_000, &so_far, 37);
        assert_eq!(accrual.basis, Basis::Lists { lists: 31, days: 30 });
        assert_eq!(accrual.customers(30), 200.0 + 600.0);
        assert_eq!(Accrual::new(200, 500, &so_far, 37).customers(30), 500.0);
        let assumed = Accrual::new(370, 10_000, &ListsSoFar { days: 6, ..so_far }, 37);
        assert_eq!((assumed.basis, assumed.customers(37)), (Basis::Assumed { days: 37 }, 740.0));
        assert_eq!(Accrual::new(500, 0, &so_far, 0).customers(30), 0.0);
    }

    #[test]
    fn what_is_said_fits_what_can_be_shown() {
        let accrual = Accrual::new(500, 100_000, &ListsSoFar::default(), 37);
        let texts = Texts::new(Language::En).unwrap();
        let said = |churn: f64, share: f64| ControlPower::new(churn, share, accrual).sentences(&texts).join(" ");
        assert!(
            said(0.2, 0.1).contains("points after 1 month (905 customers, 91 of them control)"),
            "{}",
            said(0.2, 0.1)
        );
        assert!(said(0.2, 0.0).contains("Without a control group"));
        assert!(said(0.04, 0.1).contains("No outreach saves 5 points"));
        let small = Accrual::new(50, 60, &ListsSoFar::default(), 37);
        let power = ControlPower::new(0.3, 0.1, small);
        let said = power.sentences(&texts);
        assert!(said[1].contains("No control share shows 5 points"), "{said:?}");
        assert!(power.after.iter().all(|shown| shown.customers <= 60));
    }
}
