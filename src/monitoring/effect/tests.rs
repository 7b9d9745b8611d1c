//! Seeded experiments with a known effect: intervals hold the truth as often as they say, and figures on customers left
//! alone are right where naive ones are not.

use super::*;
use crate::language::Language;
use crate::monitoring::left_alone::Weights;
use crate::monitoring::weighted::Judged;
use crate::monitoring::words;
use crate::numeric::{logit, sigmoid};
use crate::publish::runs::Run;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Lists a week apart, of customers who have not been on one before.
struct Experiment {
    lists: Vec<(KnownRun, Vec<Listed>)>,
    /// Whether each customer left.
    left: Vec<bool>,
    /// By how much the contact lowers the chance of leaving, on average.
    truth: f64,
}

struct Design {
    weeks: i32,
    on_a_list: usize,
    control_fraction: f64,
    save_rate: f64,
}

const DESIGN: Design = Design { weeks: 26, on_a_list: 120, control_fraction: 0.2, save_rate: 0.35 };

impl Experiment {
    fn new(design: &Design, seed: u64) -> Experiment {
        let rng = &mut Pcg64Mcg::seed_from_u64(seed);
        let mut experiment = Experiment { lists: Vec::new(), left: Vec::new(), truth: 0.0 };
        for week in 0..design.weeks {
            let mut listed = Vec::new();
            for _ in 0..design.on_a_list {
                let churn = sigmoid(-1.2 + 0.8 * normal(rng));
                let group = if rng.random::<f64>() < design.control_fraction { Group::Control } else { Group::Contact };
                let saved = churn * design.save_rate;
                let chance = if group == Group::Contact { churn - saved } else { churn };

                // The model is wrong: too high on the whole, and too extreme.
                let probability = sigmoid(0.4 + 1.3 * logit(churn));
                listed.push(listing(experiment.left.len() as u32, group, probability));
                experiment.left.push(rng.random::<f64>() < chance);
                experiment.truth += saved;
            }
            listed.sort_by(|a, b| b.probability.total_cmp(&a.probability));
            experiment.lists.push((run(7 * week, "", Some(design.control_fraction)), listed));
        }
        experiment.truth /= experiment.left.len() as f64;
        experiment
    }

    fn study(&self) -> Study {
        let lists = self.lists.iter().map(|(run, listed)| (run, listed.as_slice()));
        let by_key = exposures(lists, self);
        let economics = economics();
        let plan = Plan { economics: &economics, action: &|_| None, label_days: 37, most: 1_000_000 };
        Study::new("", &by_key[""], &plan).unwrap()
    }
}

impl Aftermath for Experiment {
    fn has_matured(&self, _: Day) -> bool {
        true
    }

    fn left(&self, customer: Option<u32>, _: Day) -> Option<bool> {
        Some(self.left[customer.unwrap() as usize])
    }

    fn contacted(&self, _: Option<u32>, _: Day) -> Option<bool> {
        None
    }
}

fn normal(rng: &mut impl Rng) -> f64 {
    rng.sample(rand_distr::StandardNormal)
}

fn run(day: i32, key: &str, control_fraction: Option<f64>) -> KnownRun {
    KnownRun {
        run: Run { as_of: Day(20_000 + day), folder: "lists".into() },
        model_version: "m".to_owned(),
        published_at: String::new(),
        language: Language::En,
        control_key: key.to_owned(),
        control_fraction,
        drift: None,
        digest: String::new(),
    }
}

fn listing(customer: u32, group: Group, probability: f64) -> Listed {
    let reasons = [None; REASONS];
    Listed { customer: Some(customer), probability, group, tier: Tier::High, reasons, value: 100.0 }
}

fn economics() -> Economics {
    Economics { contact_cost: 1.0, offer_cost: 10.0, save_rate: 0.3, customer_value: 200.0, value_months: 12 }
}

#[test]
fn intervals_hold_the_true_effect_as_often_as_they_say() {
    const EXPERIMENTS: u64 = 600;
    let (mut held, mut never_wrong, mut ever_wrong_at_one_look) = (0, 0, 0);
    for seed in 0..EXPERIMENTS {
        let experiment = Experiment::new(&DESIGN, seed);
        let study = experiment.study();
        held += u64::from(study.overall.difference.unwrap().covers(experiment.truth));

        // Its first look is after the first lists, its last after all.
        assert!(study.looks.len() >= 20, "{} looks", study.looks.len());
        never_wrong += u64::from(study.looks.iter().all(|(_, interval)| interval.covers(experiment.truth)));
        let wrong_once = (1..=experiment.lists.len()).any(|lists| {
            let so_far = Experiment {
                lists: experiment.lists[..lists].to_vec(),
                left: experiment.left.clone(),
                truth: experiment.truth,
            };
            so_far.study().overall.difference.is_some_and(|found| !found.covers(experiment.truth))
        });
        ever_wrong_at_one_look += u64::from(seed < 60 && wrong_once);
    }

    let share = |count: u64, of: u64| 100.0 * count as f64 / of as f64;
    let held = share(held, EXPERIMENTS);
    assert!((93.0..=97.0).contains(&held), "the interval for one look holds the truth in {held} of 100");
    let never_wrong = share(never_wrong, EXPERIMENTS);
    assert!(never_wrong >= 95.0, "the interval for every look is never wrong in {never_wrong} of 100");
    let wrong = share(ever_wrong_at_one_look, 60);
    assert!(
        wrong > 10.0,
        "the interval for one look, looked at every week, is wrong at some look in {wrong} of 100 only"
    );
    println!("one look holds {held}, every look {never_wrong}, one look looked at weekly wrong {wrong} of 100");
}

#[test]
fn without_an_effect_nothing_is_claimed() {
    let mut claimed = 0;
    for seed in 1_000..1_200 {
        let study = Experiment::new(&Design { save_rate: 0.0, ..DESIGN }, seed).study();
        claimed += u32::from(study.looks.iter().any(|(_, interval)| !interval.covers(0.0)));
        // One sound draw in a thousand looks broken, and then claims nothing either.
        if study.at_every_look.unwrap().covers(0.0) && !study.allocation_is_broken() {
            let sentences = words::of_study(&study);
            assert!(sentences[0].starts_with("Nothing has been shown"), "{}", sentences[0]);
            assert_eq!(study.verdict(), Verdict::Watch);
            let money = sentences.iter().find(|sentence| sentence.contains("[economics]")).unwrap();
            assert!(money.starts_with("What outreach has earned is not known either"), "{money}");
        }
    }
    assert!(claimed <= 10, "{claimed} of 200 claim an effect at some look");
}

#[test]
fn a_large_effect_is_shown_and_one_that_harms_is_acted_on() {
    let helps = Experiment::new(&Design { save_rate: 0.8, ..DESIGN }, 1).study();
    assert!(helps.is_shown() && helps.verdict() == Verdict::Ok);
    assert!(words::of_study(&helps)[0].starts_with("Outreach keeps customers: "), "{:?}", words::of_study(&helps));
    assert!(helps.money.unwrap().lower > 0.0 && helps.overall.p_value.unwrap() < 1e-6);
    assert!(helps.smallest_effect.unwrap() < 0.1 && helps.days_to_show_5_points.is_some());

    let harms = Experiment::new(&Design { save_rate: -1.0, ..DESIGN }, 1).study();
    assert!(harms.is_shown() && harms.verdict() == Verdict::Act);
    assert!(words::of_study(&harms)[0].starts_with("Outreach drives customers away"));
}

#[test]
fn a_draw_that_is_not_as_it_should_be_ends_every_claim() {
    let mut experiment = Experiment::new(&Design { save_rate: 0.8, ..DESIGN }, 2);
    for (at, (_, listed)) in experiment.lists.iter_mut().enumerate() {
        // Somebody takes every other customer of the control group off the lists.
        listed.retain(|it| it.group == Group::Contact || (it.customer.unwrap() as usize + at).is_multiple_of(2));
    }
    let study = experiment.study();
    assert!(study.allocation_p_value.unwrap() < 1e-9 && !study.is_shown() && study.verdict() == Verdict::Act);
    let sentences = words::of_study(&study);
    assert!(
        sentences[0].starts_with("No claim") && !sentences.iter().any(|it| it.contains("economics")),
        "{sentences:?}"
    );

    // Of sound draws one in a thousand is called broken.
    let broken = (0..300).filter(|&seed| Experiment::new(&DESIGN, seed).study().allocation_is_broken()).count();
    assert!(broken <= 3, "{broken} of 300");
}

#[test]
fn a_customer_counts_by_the_first_listing_under_a_key() {
    use Group::{Contact, Control};
    let lists = [
        (run(0, "a", Some(0.5)), vec![listing(0, Control, 0.9), listing(1, Contact, 0.8)]),
        (run(1, "a", Some(0.2)), vec![listing(1, Control, 0.9), listing(2, Control, 0.7), listing(0, Contact, 0.1)]),
        (run(2, "b", Some(0.2)), vec![listing(0, Contact, 0.9)]),
        (run(3, "b", None), vec![listing(3, Contact, 0.9)]),
    ];
    let aftermath = Experiment { lists: Vec::new(), left: vec![true, false, false, true], truth: 0.0 };
    let by_key = exposures(lists.iter().map(|(run, listed)| (run, listed.as_slice())), &aftermath);
    let of = |key: &str| -> Vec<(i32, u32, Group)> {
        let exposures = by_key[key].exposures.iter();
        exposures.map(|it| (it.as_of.0 - 20_000, it.listed.customer.unwrap(), it.listed.group)).collect()
    };
    assert_eq!(of("a"), [(0, 0, Control), (0, 1, Contact), (1, 2, Control)]);
    assert_eq!(of("b"), [(2, 0, Contact)]);
    assert_eq!(by_key["a"].fractions, [0.5, 0.2]);
    // Dates of another share are another stratum.
    let numbers = strata_numbers(&by_key["a"]);
    assert!(numbers[0] / TENTHS as u32 == numbers[1] / TENTHS as u32 && numbers[2] / TENTHS as u32 == 1, "{numbers:?}");
}

#[test]
fn nobody_left_alone_means_that_nothing_can_be_told() {
    let study = Experiment::new(&Design { control_fraction: 0.0, ..DESIGN }, 3).study();
    assert!(study.overall.difference.is_none() && study.looks.is_empty() && study.verdict() == Verdict::Act);
    assert!(words::of_study(&study)[0].contains("nobody on the lists was left alone"));
}

/// A population of which the riskiest are listed, and the listed contacted but for the control group.
struct Acted {
    naive: Judged,
    alone: Judged,
    naive_list: Judged,
    alone_list: Judged,
}

impl Acted {
    fn new(seed: u64) -> Acted {
        let rng = &mut Pcg64Mcg::seed_from_u64(seed);
        let mut risks: Vec<f64> = (0..5_000).map(|_| sigmoid(-2.5 + 1.1 * normal(rng))).collect();
        risks.sort_by(|a, b| b.total_cmp(a));
        let draw = |rng: &mut Pcg64Mcg| if rng.random::<f64>() < 0.2 { Group::Control } else { Group::Contact };
        let listed: Vec<Listed> = (0..600).map(|at| listing(at, draw(rng), risks[at as usize])).collect();
        let run = run(0, "", Some(0.2));
        let weights = Weights::new(std::iter::once((&run, listed.as_slice())));

        let mut acted = Acted {
            naive: Judged::default(),
            alone: Judged::default(),
            naive_list: Judged::default(),
            alone_list: Judged::default(),
        };
        for (at, &risk) in risks.iter().enumerate() {
            let of_list = listed.get(at);
            let is_contacted = of_list.is_some_and(|it| it.group == Group::Contact);
            let churned = rng.random::<f64>() < if is_contacted { 0.5 * risk } else { risk };
            let weight = weights.of(at as u32);
            acted.naive.push(churned, risk, 1.0);
            if of_list.is_some() {
                acted.naive_list.push(churned, risk, 1.0);
            }
            if weight > 0.0 {
                acted.alone.push(churned, risk, weight);
                if of_list.is_some() {
                    acted.alone_list.push(churned, risk, weight);
                }
            }
        }
        acted
    }
}

#[test]
fn naive_figures_of_a_list_that_was_acted_on_are_off_and_those_of_customers_left_alone_are_not() {
    const EXPERIMENTS: u64 = 500;
    let [mut alone, mut naive] = [[0u64; 3]; 2];
    for seed in 0..EXPERIMENTS {
        let acted = Acted::new(seed);
        for (held, all, list) in
            [(&mut alone, &acted.alone, &acted.alone_list), (&mut naive, &acted.naive, &acted.naive_list)]
        {
            // The model is perfect: risks are what they say, on the whole, in their spread, and on the list.
            let line = all.calibration_line().unwrap();
            held[0] += u64::from(line.in_the_large.covers(0.0));
            held[1] += u64::from(line.slope.covers(1.0));
            // The mean over the listed that the control group stands for.
            let expected = acted.naive_list.mean_probability().unwrap();
            held[2] += u64::from(list.churn_rate().unwrap().covers(expected));
        }
    }
    let share = |count: u64| 100.0 * count as f64 / EXPERIMENTS as f64;
    println!("left alone {:?}, naive {:?} of 100", alone.map(share), naive.map(share));
    assert!(alone.iter().all(|&held| share(held) >= 92.0), "{alone:?}");
    assert!(naive.iter().all(|&held| share(held) <= 35.0), "{naive:?}");
}
