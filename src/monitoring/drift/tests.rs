//! How often drift is told where nothing has drifted, and whether it is told where something is broken.

use super::judge::{self, Judged, Look, LEVEL};
use super::*;
use crate::artefact::distribution::{ColumnCounts, Sample, Snapshot};
use crate::dataset::{Block, Dataset, Selection, StoredValues};
use crate::features::Feature;
use crate::memory::Arena;
use crate::model::additive::Bins;
use crate::sources::{CustomerTable, Ids, Levels, NO_LEVEL};
use rand::{RngExt, SeedableRng};
use rand_distr::{Binomial, Distribution as _, StandardNormal};
use rand_pcg::Pcg64Mcg;
use std::sync::Arc;

const LEAST_PSI: f64 = 0.1;
const SNAPSHOTS: usize = 3;

/// Messages in English.
fn told(messages: &[Message]) -> Vec<String> {
    messages.iter().map(Message::to_string).collect()
}

/// Draws from multinomial distributions, of which some customers keep their bins from one date to the next.
struct Draws {
    rng: Pcg64Mcg,
    customers: u64,
    stay: f64,
}

impl Draws {
    fn multinomial(&mut self, customers: u64, shares: &[f64]) -> Vec<u64> {
        let (mut left, mut rest) = (customers, 1.0);
        let draw = |&share: &f64| {
            let p = (share / rest).clamp(0.0, 1.0);
            rest -= share;
            let drawn = Binomial::new(left, p).unwrap().sample(&mut self.rng);
            left -= drawn;
            drawn
        };
        shares.iter().map(draw).collect()
    }

    /// The snapshots of a column, of the same customers.
    fn snapshots(&mut self, shares: &[f64]) -> Vec<Vec<u64>> {
        let mut snapshots = vec![self.multinomial(self.customers, shares)];
        while snapshots.len() < SNAPSHOTS {
            let last = &snapshots[snapshots.len() - 1];
            let mut next: Vec<u64> =
                last.iter().map(|&rows| Binomial::new(rows, self.stay).unwrap().sample(&mut self.rng)).collect();
            let moved = self.customers - next.iter().sum::<u64>();
            next.iter_mut().zip(self.multinomial(moved, shares)).for_each(|(rows, more)| *rows += more);
            snapshots.push(next);
        }
        snapshots
    }
}

fn bins(codes: usize) -> Bins {
    Bins::Numeric { edges: (0..codes - 2).map(|edge| edge as f32).collect() }
}

/// The counts of a training and of a run on other customers of the same population.
fn same_population(customers: u64, seed: u64) -> (Counts, Counts) {
    let mut draws = Draws { rng: Pcg64Mcg::seed_from_u64(seed), customers, stay: 0.95 };
    let one = Sample { rows: customers, squares: customers };
    let times = SNAPSHOTS as u64;
    let mut training = Counts {
        all: Sample { rows: times * customers, squares: times * times * customers },
        snapshots: (0..SNAPSHOTS).map(|date| Snapshot { as_of: Some(Day(30 * date as i32)), sample: one }).collect(),
        columns: Vec::new(),
    };
    let mut run = Counts { all: one, ..Counts::default() };
    for column in 0..30usize {
        // From even deciles to a distribution with rare bins, some of them nearly empty.
        let codes = 4 + column % 10;
        let weights: Vec<f64> = (0..codes).map(|code| (-(column as f64 / 12.0) * code as f64).exp()).collect();
        let shares: Vec<f64> = weights.iter().map(|weight| weight / weights.iter().sum::<f64>()).collect();
        let snapshots = draws.snapshots(&shares);
        let all = (0..codes).map(|code| snapshots.iter().map(|rows| rows[code]).sum()).collect();
        let name = format!("column_{column}");
        training.columns.push(ColumnCounts { name: name.clone(), bins: bins(codes), all, snapshots });
        let all = draws.multinomial(customers, &shares);
        run.columns.push(ColumnCounts { name, bins: bins(codes), all, snapshots: Vec::new() });
    }
    (training, run)
}

fn has_alarm(judged: &[Judged]) -> bool {
    judged.iter().any(|judged| judged.verdict > Some(Verdict::Ok))
}

/// Whether chance is said not to explain one of the looks, whatever its size.
fn is_significant(looks: &[Look]) -> bool {
    let p_values: Vec<f64> = looks.iter().filter_map(|look| look.p_value).collect();
    distance::holm(&p_values).iter().any(|&p| p < LEVEL)
}

#[test]
fn the_same_population_raises_an_alarm_in_at_most_one_run_of_twenty() {
    const DRAWS: u64 = 200;
    for customers in [1_000, 1_000_000] {
        let (mut alarms, mut significant, mut by_rows) = (0, 0, 0);
        for seed in 0..DRAWS {
            let (training, run) = same_population(customers, seed);
            let looks = judge::columns(&training, &run, LEAST_PSI);
            significant += u64::from(is_significant(&looks));
            alarms += u64::from(has_alarm(&judge::judged(looks)));

            // As if each row of the training were another customer.
            let rows = Sample { rows: training.all.rows, squares: training.all.rows };
            let independent = Counts { all: rows, ..training };
            by_rows += u64::from(is_significant(&judge::columns(&independent, &run, LEAST_PSI)));
        }
        println!("{customers} customers: {alarms} alarms, {significant} by chance alone, {by_rows} by rows");
        assert!(20 * alarms <= DRAWS, "{customers} customers: {alarms} alarms in {DRAWS} runs");
        // 10 of 200 are expected at most; more than 18 are found once in 200 times.
        assert!(significant <= 18, "{customers} customers: {significant} by chance");
        assert!(by_rows > 2 * significant.max(9), "{customers} customers: rows are not independent: {by_rows}");
    }
}

/// What a fault does to the features of a customer on the day of the run: logins, days since the last of them,
/// seconds, score, rows of a signal that is not there yet, plan.
struct Row {
    logins: f32,
    days_since_last: f32,
    seconds: f32,
    score: f32,
    silent: f32,
    plan: Option<&'static str>,
}

const NUMBERS: [(&str, &str); 5] = [
    ("logins_count_28d", "logins"),
    ("logins_days_since_last", "logins"),
    ("visits_mean_28d", "visits"),
    ("surveys_nps_last", "surveys"),
    ("calls_count_28d", "calls"),
];
const PLANS: [&str; 4] = ["basic", "pro", "Pro", "team"];

/// The rows of some customers on one date, changed by a fault.
fn dataset(customers: u32, dates: &[i32], fault: impl Fn(&mut Row)) -> Dataset {
    let (mut block, mut columns) = (Block::default(), vec![Vec::new(); NUMBERS.len()]);
    let mut codes = vec![NO_LEVEL; customers as usize];
    for customer in 0..customers {
        let mut person = Pcg64Mcg::seed_from_u64(u64::from(customer));
        let (active, answers): (f64, f64) = (person.random(), person.random());
        let plan = PLANS[[0, 0, 0, 1, 1, 3][customer as usize % 6]];
        for (place, &date) in (0u32..).zip(dates) {
            let mut rng = Pcg64Mcg::seed_from_u64(u64::from(customer) << 32 | date as u64);
            let logins = if active < 0.2 { 0.0 } else { (40.0 * active * rng.random::<f64>()).floor() as f32 };
            let normal: f64 = rng.sample(StandardNormal);
            let mut row = Row {
                logins,
                days_since_last: if logins > 0.0 { 28.0 * rng.random::<f32>() / logins } else { f32::NAN },
                seconds: (5.0 + active + 0.5 * normal).exp() as f32,
                score: if answers < 0.6 { f32::NAN } else { (11.0 * rng.random::<f64>()).floor() as f32 },
                silent: 0.0,
                plan: (customer % 50 > 0).then_some(plan),
            };
            fault(&mut row);
            block.customers.push(customer);
            block.as_of.push(place);
            block.labels.push(Some(0));
            let values = [row.logins, row.days_since_last, row.seconds, row.score, row.silent];
            columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            let code = row.plan.and_then(|plan| PLANS.iter().position(|known| *known == plan));
            codes[customer as usize] = code.map_or(NO_LEVEL, |code| code as u32);
        }
    }
    let rows = block.customers.len();
    block.values = StoredValues::new(&columns.concat(), rows, &Arena::unlimited()).unwrap();
    let feature = |&(name, signal): &(&str, &str)| Feature { signal: Some(signal.to_owned()), ..Feature::given(name) };
    let customers = CustomerTable {
        ids: Ids::Integer((0..i64::from(customers)).collect()),
        categorical: vec![Levels { names: PLANS.map(str::to_owned).to_vec(), codes }],
        rows: u64::from(customers),
        ..CustomerTable::default()
    };
    Dataset {
        catalogue: Catalogue { numeric: NUMBERS.iter().map(feature).collect(), categorical: vec!["plan".to_owned()] },
        customers: Arc::new(customers),
        as_of: dates.iter().map(|&date| Day(date)).collect(),
        blocks: vec![block],
        ..Dataset::default()
    }
}

/// What is said of a run of so many customers under a fault, after a training on 2,000 of them on three dates.
fn drift(customers: u32, dated: bool, gap: bool, fault: impl Fn(&mut Row)) -> Drift {
    let training = dataset(2_000, &[100, 130, 160], |_| ());
    let rows = Selection::labelled(&training, |_| true);
    // As good a score as any: the number of logins.
    let score = |data: &Dataset, rows: &Selection| -> Vec<f64> {
        let logins = |block: &Block, row: usize| -f64::from(block.row(row).unwrap()[0].max(0.0)) / 10.0;
        rows.map(data, logins)
    };
    let means = |data: &Dataset, rows: &Selection| {
        let scores = score(data, rows);
        let log_odds = scores.iter().sum::<f64>() / scores.len() as f64;
        MeanScores { effects: vec![log_odds], log_odds, probability: numeric::sigmoid(log_odds) }
    };
    let trained = Distribution {
        training: Counts::learn(&training, &rows, dated).unwrap(),
        held_out: Counts::learn_scores(&training, &rows, &score(&training, &rows), dated),
        scores: means(&training, &rows),
    };

    let run = dataset(customers, &[200], fault);
    let rows = Selection::labelled(&run, |_| true);
    let means = means(&run, &rows);
    let log_odds = means.log_odds - trained.scores.log_odds;
    let day = Day(190);
    let gaps = [Shortfall { first: day, last: day, rows: 0, usual: 800.0 }];
    let run = Run {
        as_of: Day(200),
        model_version: "v1",
        catalogue: &run.catalogue,
        features: trained.training.of_rows(&run, &rows).unwrap(),
        scores: trained.held_out.of_scores(&run, &rows, &score(&run, &rows)),
        means,
        moved: vec![log_odds, 0.0, 0.0, 0.0, 0.0, 0.0],
        shifts: vec![Shift { code: "LOGINS".to_owned(), name: "logins".to_owned(), log_odds }],
        gaps: if gap { vec![("logins", &gaps)] } else { Vec::new() },
    };
    // The default of gates.max_psi.
    Drift::new(&trained, &run, 0.25)
}

#[test]
fn every_fault_is_told_in_the_first_run_that_has_it() {
    let sound = drift(2_000, true, false, |_| ());
    assert_eq!(sound.verdict(), Verdict::Ok, "{:?} {:?}", sound.broken, sound.changed);

    // Whether it looks like broken data, and what is said.
    type Fault = (&'static str, bool, &'static str, fn(&mut Row));
    let faults: [Fault; 12] = [
        ("a channel is lost", false, "logins_count_28d", |row| row.logins = (0.4 * row.logins).floor()),
        ("milliseconds for seconds", false, "visits_mean_28d", |row| row.seconds *= 1_000.0),
        ("hours for days", false, "logins_days_since_last", |row| row.days_since_last *= 24.0),
        ("a level renamed", true, "`plan`", |row| {
            row.plan = row.plan.map(|plan| if plan == "pro" { "Pro" } else { plan })
        }),
        ("all levels unknown", true, "`plan`", |row| row.plan = row.plan.map(|_| "Pro")),
        ("no levels", true, "`plan` is missing in 100.0 %", |row| row.plan = None),
        ("zeros for nulls", true, "surveys_nps_last", |row| {
            row.score = if row.score.is_nan() { 0.0 } else { row.score }
        }),
        ("nulls for zeros", true, "logins_count_28d", |row| {
            row.logins = if row.logins == 0.0 { f32::NAN } else { row.logins }
        }),
        ("a signal stopped", true, "`logins_count_28d` has stopped to vary", |row| {
            (row.logins, row.days_since_last) = (0.0, f32::NAN);
        }),
        ("a signal began", true, "`calls_count_28d` has begun to vary", |row| row.silent = row.logins),
        ("no signal", true, "signal `logins`, 2 features, such as `logins_count_28d` is missing in 100.0 %", |row| {
            (row.logins, row.days_since_last) = (f32::NAN, f32::NAN);
        }),
        ("no seconds", true, "`visits_mean_28d` is missing in 100.0 %", |row| row.seconds = f32::NAN),
    ];
    for (name, is_broken, said, fault) in faults {
        let found = drift(2_000, true, false, fault);
        let texts = if is_broken { &found.broken } else { &found.changed };
        assert!(
            texts.iter().any(|text| text.to_string().contains(said)),
            "{name}: {:?} {:?}",
            found.broken,
            found.changed
        );
        assert_eq!(found.verdict() == Verdict::Act, is_broken, "{name}: {:?}", found.broken);
    }

    let half = drift(1_000, true, false, |_| ());
    assert_eq!(told(&half.broken), ["1000 customers are scored, where the nearest training snapshot has 2000"]);
    let growth = drift(4_000, true, false, |_| ());
    assert!(
        growth.broken.is_empty() && growth.changed[0].to_string().starts_with("4000 customers"),
        "{:?}",
        growth.changed
    );
    let gap = drift(2_000, true, true, |_| ());
    assert!(
        gap.broken.is_empty() && gap.changed[0].to_string().contains("1970-07-10 has 0 of about 800 usual rows"),
        "{:?}",
        gap.changed
    );
    assert_eq!(gap.verdict(), Verdict::Watch);
}

#[test]
fn of_a_few_customers_nothing_is_said_but_that_they_are_few() {
    let found = drift(10, true, false, |row| row.seconds *= 1_000.0);
    assert_eq!(told(&found.broken), ["10 customers are scored, where the nearest training snapshot has 2000"]);
    assert!(found.changed.is_empty(), "{:?}", found.changed);
    assert!(found.figures.iter().any(|figure| figure.measure == "drift_psi" && figure.verdict.is_none()));

    // Without dates, nobody knows how many there should be.
    let found = drift(10, false, false, |_| ());
    assert_eq!((found.verdict(), found.broken.len()), (Verdict::Ok, 0));
    let found = drift(1_000, false, false, |row| row.seconds *= 1_000.0);
    assert!(
        found.broken.is_empty() && found.changed[0].to_string().contains("`visits_mean_28d` (PSI"),
        "{:?}",
        found.changed
    );
}

#[test]
fn what_the_risk_has_done_is_told_by_concept() {
    let found = drift(2_000, true, false, |row| row.logins = (0.4 * row.logins).floor());
    let risk = found.risk.to_string();
    assert!(risk.starts_with("mean risk rose from") && risk.contains("logins +0."), "{risk}");
    let figure = |measure: &str, slice: &str| {
        found.figures.iter().find(|figure| figure.measure == measure && figure.slice == slice).unwrap()
    };
    let mean = figure("drift_mean_log_odds", ALL);
    let shift = figure("drift_log_odds_shift", ALL).value;
    assert!((shift - (mean.value - mean.reference)).abs() < 1e-9);
    assert_eq!(figure("drift_log_odds_shift", "concept=LOGINS").value, shift);

    let same = MeanScores { probability: 0.03, ..MeanScores::default() };
    let text = words::risk(&same, &same, &[]);
    assert_eq!(text.to_string(), "mean risk is 3.0 %, of the training rows 3.0 %; no concept has moved it");
}

/// Counts of one column in three snapshots and a run, in ten bins around these places.
fn moving(places: [f64; 4]) -> (Counts, Counts) {
    let of = |place: f64| -> Vec<u64> {
        let weight = |bin: f64| (-(bin - place).powi(2) / 8.0).exp();
        let mut rows: Vec<u64> = (0..10).map(|bin| (10_000.0 * weight(f64::from(bin))) as u64).collect();
        rows.push(0);
        rows
    };
    let sample = |counts: &[u64]| Sample { rows: counts.iter().sum(), squares: counts.iter().sum() };
    let [.., now] = places;
    let snapshots: Vec<Vec<u64>> = places[..3].iter().map(|&place| of(place)).collect();
    let all: Vec<u64> = (0..11).map(|code| snapshots.iter().map(|rows| rows[code]).sum()).collect();
    let column = |all: Vec<u64>, snapshots| ColumnCounts { name: "season".to_owned(), bins: bins(11), all, snapshots };
    let training = Counts {
        all: sample(&all),
        snapshots: snapshots.iter().map(|rows| Snapshot { as_of: None, sample: sample(rows) }).collect(),
        columns: vec![column(all, snapshots)],
    };
    let run = Counts { all: sample(&of(now)), snapshots: Vec::new(), columns: vec![column(of(now), Vec::new())] };
    (training, run)
}

#[test]
fn what_snapshots_have_differed_by_is_no_drift() {
    let verdict = |places: [f64; 4]| {
        let (training, run) = moving(places);
        let judged = judge::judged(judge::columns(&training, &run, LEAST_PSI));
        let of_distance = judged.iter().find(|judged| judged.look.kind == Kind::Distance).unwrap();
        (of_distance.verdict.unwrap(), of_distance.look.value, of_distance.look.reference)
    };
    let (found, value, reference) = verdict([4.0, 4.0, 4.0, 5.0]);
    assert!(found == Verdict::Watch && value > 0.1 && reference < 1e-9, "{value} {reference}");
    // As far a step as the steps before, and a season that was there two snapshots ago.
    assert_eq!(verdict([2.0, 3.0, 4.0, 5.0]).0, Verdict::Ok);
    assert_eq!(verdict([5.0, 3.0, 4.0, 5.0]).0, Verdict::Ok);
    assert_eq!(verdict([3.8, 3.9, 4.0, 6.0]).0, Verdict::Watch);
}
